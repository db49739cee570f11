#include "lab/find.h"

#include "base/fs.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *working_folder(struct err *err)
{
	char *cwd = get_current_dir_name();

	if (!cwd)
		err_sys(err, "ask for the working folder");
	return cwd;
}

/* Without prov.yaml, the nearest .prov/lab-id upwards names the folder: its machines can still be
 * halted and destroyed. */
static char *find_marked_folder(const char *from)
{
	AUTO_FREE char *folder = realpath(from, NULL);

	while (folder && *folder) {
		AUTO_FREE char *mark = xasprintf("%s/.prov/lab-id", folder);
		if (fs_exists(mark))
			return STEAL(folder);
		*strrchr(folder, '/') = '\0';
	}
	return NULL;
}

static int find_folder(const struct lab_options *o, struct lab *lab, struct err *err)
{
	AUTO_FREE char *cwd = o->from ? xstrdup(o->from) : working_folder(err);

	if (!cwd)
		return -1;
	if (o->file) {
		lab->file = realpath(o->file, NULL);
		if (!lab->file)
			return err_set(
			        err, ERR_CONFIG, "cannot open '%s': %s", o->file, strerror(errno));
	} else if (config_find(cwd, &lab->file, err) < 0) {
		if (!o->journal_only || !(lab->folder = find_marked_folder(cwd)))
			return -1;
		err_clear(err);
		return 0;
	}
	lab->folder = xstrdup(lab->file);
	*strrchr(lab->folder, '/') = '\0';
	if (!*lab->folder)
		strcpy(lab->folder, "/");
	return 0;
}

static int load_file(
        const struct lab_options *o, struct lab *lab, struct problems *problems, struct err *err)
{
	struct config_options config = {.provider = o->provider};

	if (config_load(lab->file, &config, &lab->decl, problems, err) < 0)
		return -1;
	free(lab->name);
	lab->name = xstrdup(lab->decl.lab);
	return 0;
}

int lab_find_folder(
        const struct lab_options *o, struct lab *lab, struct problems *problems, struct err *err)
{
	if (find_folder(o, lab, err) < 0)
		return -1;
	if (!o->journal_only && load_file(o, lab, problems, err) < 0)
		return -1;
	if (o->file_only)
		return 0;
	return identity_find(lab->home, lab->folder, &lab->id, &lab->notice, err);
}

int lab_find_id(const struct lab_options *o, struct lab *lab, struct err *err)
{
	AUTO_STRV ids = {0};

	if (lab_ids(lab->home, &ids, err) < 0)
		return -1;
	if (!strv_has(&ids, o->lab_id)) {
		err_set(err, ERR_MISSING, "there is no lab '%s' below '%s'", o->lab_id, lab->home);
		return err_hint(err, "prov global-status lists them");
	}
	lab->id = xstrdup(o->lab_id);
	return 0;
}

int lab_find_file(
        const struct lab_options *o, struct lab *lab, struct problems *problems, struct err *err)
{
	static const char *const names[] = {"prov.yaml", "prov.yml"};
	AUTO_FREE char *id = NULL, *notice = NULL;

	if (!lab->folder || !fs_is_dir(lab->folder))
		return 0;
	if (identity_find(lab->home, lab->folder, &id, &notice, err) < 0)
		return -1;
	for (size_t i = 0; str_eq(id, lab->id) && !lab->file && i < ARRAY_SIZE(names); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", lab->folder, names[i]);
		if (fs_exists(path))
			lab->file = STEAL(path);
	}
	return lab->file ? load_file(o, lab, problems, err) : 0;
}
