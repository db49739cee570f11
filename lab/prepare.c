#include "lab/prepare.h"

#include "boxes/store.h"
#include "core/folder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What *to had is freed. */
static void copy_use(struct box_use *to, const struct box_use *from)
{
	const struct {
		char **to;
		const char *from;
	} texts[] = {{&to->name, from->name}, {&to->digest, from->digest},
	        {&to->rootfs, from->rootfs}, {&to->disk, from->disk}, {&to->kernel, from->kernel},
	        {&to->initrd, from->initrd}, {&to->cmdline, from->cmdline},
	        {&to->user, from->user}};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		free(*texts[i].to);
		*texts[i].to = xstrdup(texts[i].from);
	}
}

/* The box that was found last: machines of one lab mostly have the same. */
struct found {
	char *name; /* as the file has it */
	struct box_use use;
};

static void found_clear(struct found *found)
{
	copy_use(&found->use, &(struct box_use){0});
	util_free_ptr(&found->name);
}

static int find_box(const struct lab *lab, const char *name, struct found *found, struct err *err)
{
	struct box box = {0};

	if (str_eq(found->name, name))
		return 0;
	found_clear(found);
	if (store_find(lab->home, name, &box, err) < 0)
		return -1;
	int rc = store_use(lab->home, &box, &found->use, err);
	box_clear(&box);
	if (rc == 0)
		found->name = xstrdup(name);
	return rc;
}

/* May be called again, as `up` does once it holds the lock. */
static int use_box(
        const struct lab *lab, struct machine_spec *spec, struct found *found, struct err *err)
{
	if (find_box(lab, spec->box.name, found, err) < 0)
		return -1;
	copy_use(&spec->box, &found->use);
	if (!spec->user)
		spec->user = xstrdup(spec->box.user ? spec->box.user : "root");
	folders_settle(spec);
	return 0;
}

int prepare_specs(struct lab *lab, struct machine *const *chosen, size_t n, struct err *err)
{
	const struct journal_state *state =
	        lab->journal ? journal_state(lab->journal) : &lab->state;
	AUTO_STRV missing = {0};
	AUTO_STR all = {0}, hints = {0};
	struct err first = {0}, e;
	struct found found = {0};

	for (size_t i = 0; i < n; i++) {
		struct machine *m = chosen[i];
		if (!m->in_file)
			continue;
		if (lab->id)
			alloc_fill(state, &m->spec);
		if (use_box(lab, &m->spec, &found, &e) == 0 || strv_has(&missing, m->spec.box.name))
			continue;
		first = missing.n ? first : e;
		str_addf(&all, "%s%s", missing.n ? "; " : "", e.message);
		/* As many as an error's hint can hold. */
		if (hints.len + strlen(m->spec.box.name) + strlen(e.hint) + 10 < sizeof(e.hint))
			str_addf(&hints, "%s'%s': %s", hints.len ? "; " : "", m->spec.box.name,
			        e.hint);
		strv_add(&missing, m->spec.box.name);
	}
	found_clear(&found);
	if (!missing.n)
		return 0;
	err_set(err, first.kind, "%s", str_text(&all));
	if (geteuid() != 0)
		return err_hint(err,
		        "prov needs root for machines, and root has boxes of its own: sudo prov …");
	return err_hint(err, "%s", missing.n == 1 ? first.hint : str_text(&hints));
}
