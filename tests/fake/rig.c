#include "tests/fake/rig.h"

#include "base/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void record(struct event_sink *sink, const struct event *e)
{
	struct recorder *self = (struct recorder *)sink;

	str_add(&self->text, event_name(e->kind));
	if (e->kind == EVENT_PHASE) {
		str_addf(&self->text, " %s", phase_name(e->phase));
		self->phase_ns[e->phase] = e->t_ns;
	}
	if (e->step && *e->step)
		str_addf(&self->text, " %s", e->step);
	if (e->kind == EVENT_OUTPUT) {
		str_addf(&self->text, " %d ", e->stream);
		str_addn(&self->text, e->text, e->text_n);
	} else if (e->text && *e->text) {
		str_addf(&self->text, " %s", e->text);
	}
	str_add(&self->text, "\n");
}

void rig_begin(struct rig *rig, const char *root)
{
	*rig = (struct rig){.root = xstrdup(root), .events.sink.emit = record};
	AUTO_FREE char *fake = xasprintf("%s/fake", root);
	AUTO_FREE char *home = xasprintf("%s/home", root);

	if (fs_remove_tree(root, NULL) < 0)
		abort();
	fake_begin(fake);
	spec_init(&rig->spec);
	char **texts[] = {&rig->spec.lab, &rig->spec.lab_id, &rig->spec.name, &rig->spec.provider,
	        &rig->spec.selector, &rig->spec.user, &rig->spec.box.digest};
	const char *values[] = {
	        "shop", "0123abcd", "web", "container", "web@container", "root", "box-1"};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		free(*texts[i]);
		*texts[i] = xstrdup(values[i]);
	}
	rig->spec.cpus = 1;
	rig->spec.memory_bytes = 512;
	rig->spec.disk_bytes = 4096;
	names_derive(&rig->names, home, "0123abcd", "web", "container");
	for (size_t i = 0; i < fake_container.n_steps; i++)
		rig_add_step(rig, &fake_container.steps[i]);
}

void rig_end(struct rig *rig)
{
	if (fs_remove_tree(rig->root, NULL) < 0)
		abort();
	unsetenv("PROV_FAKE");
	spec_clear(&rig->spec);
	names_clear(&rig->names);
	str_clear(&rig->events.text);
	free(rig->steps);
	free(rig->root);
}

void rig_add_step(struct rig *rig, const struct step *step)
{
	rig->steps = xrealloc(rig->steps, rig->n_steps + 1, sizeof(*rig->steps));
	rig->steps[rig->n_steps++] = *step;
}

static struct runner new_runner(struct rig *rig)
{
	return (struct runner){.provider = &fake_container,
	        .spec = &rig->spec,
	        .names = &rig->names,
	        .sink = &rig->events.sink,
	        .machine = "web@container",
	        .steps = rig->steps,
	        .n_steps = rig->n_steps,
	        .stop = &rig->stop,
	        .hooks = rig->runner.hooks};
}

static int open_session(struct rig *rig, bool from_journal, struct err *err)
{
	const struct journal_state *state = journal_state(rig->runner.journal);
	struct machine_spec *spec = xcalloc(1, sizeof(*spec));
	AUTO_STR now = {0};

	/* A damaged journal may have lost its header: then the rig's own spec has to do, as the
	 * names of the folder do in a lab. */
	spec_write(&rig->spec, &now);
	const char *json = from_journal && state->spec ? state->spec : str_text(&now);
	if (spec_read(json, spec, err) < 0) {
		free(spec);
		return -1;
	}
	rig->runner.spec = spec;
	if (fake_container.open(spec, &rig->names, &rig->runner.session, err) < 0)
		return -1;
	return fake_container.inspect(rig->runner.session, &rig->world, err);
}

int rig_open(struct rig *rig, bool from_journal, struct err *err)
{
	str_reset(&rig->events.text);
	rig->runner = new_runner(rig);
	rig->runner.spec = NULL;
	if (journal_open(rig->names.journal, &rig->runner.journal, err) < 0)
		return -1;
	if (open_session(rig, from_journal, err) < 0) {
		rig_close(rig);
		return -1;
	}
	return 0;
}

void rig_close(struct rig *rig)
{
	struct machine_spec *spec = (struct machine_spec *)(uintptr_t)rig->runner.spec;
	const struct run_hooks *hooks = rig->runner.hooks;

	runner_clear(&rig->runner);
	if (rig->runner.session)
		fake_container.close(rig->runner.session);
	if (spec)
		spec_clear(spec);
	free(spec);
	journal_close(rig->runner.journal);
	rig->runner = (struct runner){.hooks = hooks};
}

int rig_up(struct rig *rig, const struct up_options *options, bool *changed, struct err *err)
{
	static const struct up_options none = {0};

	if (rig_open(rig, false, err) < 0)
		return -1;
	int rc = run_up(&rig->runner, &rig->world, options ? options : &none, changed, err);
	rig_close(rig);
	return rc;
}

int rig_halt(struct rig *rig, bool *changed, struct err *err)
{
	if (rig_open(rig, true, err) < 0)
		return -1;
	int rc = run_halt(&rig->runner, changed, err);
	rig_close(rig);
	return rc;
}

int rig_destroy(struct rig *rig, struct err *err)
{
	if (rig_open(rig, true, err) < 0)
		return -1;
	int rc = run_destroy(&rig->runner, err);
	if (rc == 0)
		rc = journal_discard(rig->runner.journal, err);
	rig_close(rig);
	return rc;
}

int rig_plan(struct rig *rig, struct plan *out, struct err *err)
{
	struct journal_state state = {0};
	struct status world;
	void *session;

	if (journal_read(rig->names.journal, &state, err) < 0)
		return -1;
	struct runner r = new_runner(rig);
	r.state = &state;
	int rc = fake_container.open(&rig->spec, &rig->names, &session, err);
	if (rc == 0) {
		rc = fake_container.inspect(session, &world, err);
		fake_container.close(session);
	}
	if (rc == 0)
		rc = run_plan(&r, &world, out, err);
	journal_state_clear(&state);
	return rc;
}
