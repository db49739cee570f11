#include "tests/unit/lab/lab_fixture.h"

#include "base/fs.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

void lab_fixture_begin(struct fixture *f)
{
	char root[] = "/var/tmp/lab-test-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(root));
	f->root = xstrdup(root);
	f->project = xasprintf("%s/project", root);
	AUTO_FREE char *home = xasprintf("%s/home", root);
	AUTO_FREE char *fake = xasprintf("%s/fake", root);
	setenv("PROV_HOME", home, 1);
	setenv("PROV_RUN_DIR", root, 1);
	unsetenv("PROV_PROVIDER");
	fake_begin(fake);
}

void lab_fixture_end(struct fixture *f)
{
	struct err err = {0};

	fake_end();
	ck_assert_msg(fs_remove_tree(f->root, &err) == 0, "%s", err.message);
	free(f->root);
	free(f->project);
}

void lab_fixture_write(const char *folder, const char *text)
{
	AUTO_FREE char *path = xasprintf("%s/prov.yaml", folder);
	struct err err = {0};

	ck_assert_msg(fs_mkdirs(folder, 0755, &err) == 0, "%s", err.message);
	ck_assert_msg(fs_replace(path, text, strlen(text), 0644, &err) == 0, "%s", err.message);
}

void lab_fixture_open(const char *folder, struct lab *lab)
{
	struct lab_options options = {.from = folder};
	struct problems problems = {0};
	struct err err = {0};
	int rc = lab_open(&options, lab, &problems, &err);

	ck_assert_msg(rc == 0, "%s %s", err.message, problems.n ? problems.rows[0].text : "");
	problems_clear(&problems);
}

void lab_fixture_allocate(const char *folder, struct lab *lab)
{
	struct err err = {0};

	lab_fixture_open(folder, lab);
	ck_assert_msg(lab_lock(lab, &err) == 0, "%s", err.message);
	ck_assert_msg(alloc_network(lab, &err) == 0, "%s", err.message);
	for (size_t i = 0; i < lab->n; i++)
		alloc_fill(journal_state(lab->journal), &lab->machines[i].spec);
}

const char *lab_fixture_fact(const struct lab *lab, const char *key)
{
	return journal_fact(journal_state(lab->journal), key);
}

static void record(struct event_sink *sink, const struct event *e)
{
	struct lab_recorder *r = (struct lab_recorder *)sink;

	if (e->kind == EVENT_VERB_END || e->kind == EVENT_NOTE || e->kind == EVENT_WARNING ||
	        e->kind == EVENT_ERROR)
		str_addf(&r->lines, "%s %s %s\n", e->machine, event_name(e->kind), e->text);
}

static void forget(struct event_sink *sink)
{
	str_clear(&((struct lab_recorder *)sink)->lines);
}

void lab_recorder_init(struct lab_recorder *r)
{
	*r = (struct lab_recorder){.sink = {.emit = record, .close = forget}};
}

int lab_fixture_run(struct lab *lab, const struct verb *verb, const char *const *patterns,
        struct lab_recorder *r, struct outcome *out, struct err *err)
{
	struct strv list = {0};
	AUTO_FREE struct machine **chosen = NULL;
	size_t n;
	const struct verb_options options = {.named = patterns && patterns[0]};
	struct job pattern = {.providers = &fake_providers, .lab = lab, .options = &options};
	struct watch watch = {.sink = &r->sink};

	for (size_t i = 0; patterns && patterns[i]; i++)
		strv_add(&list, patterns[i]);
	*out = (struct outcome){0};
	int rc = lab_select(lab, &list, &chosen, &n, err);
	strv_clear(&list);
	if (rc == 0 && !lab->journal)
		rc = lab_lock(lab, err);
	return rc < 0 ? rc : workers_run(&pattern, verb, chosen, n, &watch, out, err);
}
