#include "lab/lab.h"

#include "base/fs.h"
#include "lab/find.h"
#include "lab/prepare.h"

#include <stdlib.h>
#include <string.h>

static int read_lab_journal(struct lab *lab, struct err *err)
{
	AUTO_FREE char *path = NULL;
	struct lab_header header = {0};

	lab->dir = lab_dir_of(lab->home, lab->id);
	path = xasprintf("%s/lab.journal", lab->dir);
	if (journal_read(path, &lab->state, err) < 0)
		return -1;
	/* A damaged header leaves the names to the folder: destroy must still work. */
	if (lab->state.exists && lab_header_read(lab->state.spec, &header, NULL) == 0) {
		if (!lab->name)
			lab->name = xstrdup(header.lab);
		if (!lab->folder)
			lab->folder = xstrdup(header.folder);
	}
	lab_header_clear(&header);
	if (!lab->name)
		lab->name = xstrdup(lab->id);
	return 0;
}

static struct machine *add_machine(struct lab *lab)
{
	lab->machines = xrealloc(lab->machines, lab->n + 1, sizeof(*lab->machines));
	struct machine *m = &lab->machines[lab->n++];
	*m = (struct machine){0};
	return m;
}

static struct machine *find_machine(struct lab *lab, const char *selector)
{
	for (size_t i = 0; i < lab->n; i++)
		if (str_eq(lab->machines[i].spec.selector, selector))
			return &lab->machines[i];
	return NULL;
}

static void take_declared(struct lab *lab)
{
	for (size_t i = 0; i < lab->decl.n; i++) {
		struct machine *m = add_machine(lab);
		m->spec = lab->decl.machines[i];
		m->in_file = true;
		m->source = lab->decl.source;
	}
	/* The specs have moved into the machines. */
	free(lab->decl.machines);
	lab->decl.machines = NULL;
	lab->decl.n = 0;
}

/* The least a destroy needs, where the journal's header cannot be read: names follow from the
 * folder's name. */
static void spec_from_selector(struct machine_spec *spec, const char *selector)
{
	const char *at = strchr(selector, '@');

	spec_init(spec);
	spec->selector = xstrdup(selector);
	spec->name = xstrndup(selector, (size_t)(at - selector));
	spec->provider = xstrdup(at + 1);
	spec->hostname = xstrdup(spec->name);
}

static int read_machine(struct lab *lab, const char *selector, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/machines/%s/journal", lab->dir, selector);
	struct journal_state state = {0};
	struct machine *m = find_machine(lab, selector);

	if (journal_read(path, &state, err) < 0)
		return -1;
	if (!m) {
		m = add_machine(lab);
		if (!state.spec || spec_read(state.spec, &m->spec, NULL) < 0 ||
		        !str_eq(m->spec.selector, selector)) {
			spec_clear(&m->spec);
			spec_from_selector(&m->spec, selector);
		}
	}
	/* A folder without a readable header is a machine all the same: something of it may be
	 * there. */
	state.exists = true;
	m->state = state;
	return 0;
}

static bool is_meant(const char *selector, const char *only)
{
	size_t n = strcspn(selector, "@");

	return !only || str_eq(selector, only) ||
	        (strlen(only) == n && strncmp(selector, only, n) == 0);
}

static void note_machine(struct lab *lab, const char *selector)
{
	struct machine *m = find_machine(lab, selector);

	if (!m) {
		m = add_machine(lab);
		spec_from_selector(&m->spec, selector);
	}
	m->state.exists = true;
}

static int read_machines(struct lab *lab, const char *only, struct err *err)
{
	AUTO_FREE char *dir = xasprintf("%s/machines", lab->dir);
	AUTO_STRV names = {0};

	if (fs_list(dir, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		if (!strchr(names.v[i], '@'))
			continue;
		if (!is_meant(names.v[i], only))
			note_machine(lab, names.v[i]);
		else if (read_machine(lab, names.v[i], err) < 0)
			return -1;
	}
	return 0;
}

/* The id and everything that follows from it, in every machine. */
static void set_names(struct lab *lab)
{
	for (size_t i = 0; lab->id && i < lab->n; i++) {
		struct machine *m = &lab->machines[i];
		free(m->spec.lab_id);
		m->spec.lab_id = xstrdup(lab->id);
		if (!m->spec.project)
			m->spec.project = xstrdup(lab->folder);
		names_clear(&m->names);
		names_derive(&m->names, lab->home, lab->id, m->spec.name, m->spec.provider);
	}
}

int lab_open(
        const struct lab_options *o, struct lab *lab, struct problems *problems, struct err *err)
{
	*lab = (struct lab){.home = prov_home()};
	if ((o->lab_id ? lab_find_id(o, lab, err) : lab_find_folder(o, lab, problems, err)) < 0)
		return -1;
	if (lab->id && read_lab_journal(lab, err) < 0)
		return -1;
	if (o->lab_id && !o->journal_only && lab_find_file(o, lab, problems, err) < 0)
		return -1;
	/* The file is wrong and nothing was made yet: its folder is what it can be called by. */
	if (!lab->name && lab->folder)
		lab->name = config_lab_name(lab->folder);
	take_declared(lab);
	if (lab->id && read_machines(lab, o->only, err) < 0)
		return -1;
	set_names(lab);
	return 0;
}

void lab_clear(struct lab *lab)
{
	for (size_t i = 0; i < lab->n; i++) {
		spec_clear(&lab->machines[i].spec);
		names_clear(&lab->machines[i].names);
		journal_state_clear(&lab->machines[i].state);
	}
	free(lab->machines);
	journal_state_clear(&lab->state);
	if (lab->journal)
		journal_close(lab->journal);
	lab_decl_clear(&lab->decl);
	free(lab->home);
	free(lab->id);
	free(lab->dir);
	free(lab->name);
	free(lab->folder);
	free(lab->file);
	free(lab->notice);
	*lab = (struct lab){0};
}

/* The header follows a moved folder or a renamed lab. */
static int write_header(struct lab *lab, struct err *err)
{
	struct lab_header header;
	AUTO_STR text = {0};

	if (identity_header(lab->name, lab->folder, &header, err) < 0)
		return -1;
	lab_header_write(&header, &text);
	lab_header_clear(&header);
	if (str_eq(journal_state(lab->journal)->spec, str_text(&text)))
		return 0;
	return journal_header(lab->journal, "lab", "", str_text(&text), err);
}

/* Two first commands in one folder draw their id one after the other, so that the later one finds
 * the earlier one's. */
static int draw_id(struct lab *lab, int *lock, struct err *err)
{
	AUTO_FREE char *notice = NULL;

	if (fs_mkdirs(lab->home, 0711, err) < 0)
		return err_hint(err, "PROV_HOME names another place");
	if ((*lock = lab_home_lock(lab->home, err)) < 0 ||
	        identity_find(lab->home, lab->folder, &lab->id, &notice, err) < 0)
		return -1;
	if (!lab->id && identity_create(lab->home, lab->folder, &lab->id, err) < 0)
		return err_hint(err, "prov keeps the lab's id in '%s/.prov'", lab->folder);
	set_names(lab);
	return 0;
}

static int changed_meanwhile(const struct lab *lab, struct err *err)
{
	err_set(err, ERR_BUSY, "another prov has just changed lab '%s'", lab->name);
	return err_hint(err, "look at it with prov status, then run the command again");
}

/* What was read before the lock was taken may be old: the states are read again. Machines that came
 * or went meanwhile are the other command's, and what this one was asked is answered anew. */
static int read_again(struct lab *lab, struct err *err)
{
	AUTO_FREE char *dir = xasprintf("%s/machines", lab->dir);
	AUTO_STRV names = {0};
	size_t n = 0;

	if (!lab->state.exists && journal_state(lab->journal)->exists)
		return changed_meanwhile(lab, err);
	if (fs_list(dir, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		struct machine *m = find_machine(lab, names.v[i]);
		struct journal_state state = {0};
		if (!strchr(names.v[i], '@'))
			continue;
		if (!m || !m->state.exists)
			return changed_meanwhile(lab, err);
		if (journal_read(m->names.journal, &state, err) < 0)
			return -1;
		state.exists = true;
		journal_state_clear(&m->state);
		m->state = state;
		n++;
	}
	for (size_t i = 0; i < lab->n; i++)
		n -= lab->machines[i].state.exists;
	return n ? changed_meanwhile(lab, err) : 0;
}

/* The holder of the lab's journal, told without the journal. */
static int lab_busy(const struct lab *lab, const char *path, struct err *err)
{
	AUTO_STR command = {0};
	pid_t pid = journal_holder(path, &command);

	if (pid == 0) /* of another PID namespace, or gone meanwhile: what the journal says */
		return -1;
	err_set(err, ERR_BUSY, "lab '%s' is being changed by %s (pid %d)",
	        lab->name ? lab->name : lab->id, str_text(&command), pid);
	return err_hint(err, "wait until it has ended, or stop it with Ctrl-C where it runs");
}

int lab_lock(struct lab *lab, struct err *err)
{
	AUTO_FD int fresh = -1;

	if (!lab->id && draw_id(lab, &fresh, err) < 0)
		return -1;
	if (!lab->dir)
		lab->dir = lab_dir_of(lab->home, lab->id);
	/* 0711: QEMU's user passes through to its machine's files, and sees nothing on the way. */
	AUTO_FREE char *machines = xasprintf("%s/machines", lab->dir);
	AUTO_FREE char *path = xasprintf("%s/lab.journal", lab->dir);
	if (fs_mkdirs(machines, 0711, err) < 0)
		return err_hint(
		        err, "state lives below '%s'; PROV_HOME names another place", lab->home);
	/* A moment's patience: a command that was just killed still holds it until its end. */
	if (journal_open_after(path, 250 * INT64_C(1000000), &lab->journal, err) < 0)
		return err->kind == ERR_BUSY ? lab_busy(lab, path, err) : -1;
	if (helper_await(lab, err) < 0)
		return -1;
	if (read_again(lab, err) < 0) {
		/* Destroyed meanwhile: what the lock has just made of it again goes. */
		if (!journal_state(lab->journal)->exists)
			(void)!journal_discard(lab->journal, NULL);
		return -1;
	}
	/* --lab of a lab whose folder is gone: its header stays as it is. */
	return lab->folder && fs_is_dir(lab->folder) ? write_header(lab, err) : 0;
}
