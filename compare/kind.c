#include "compare/kind.h"

#include "base/fs.h"

#include <stdlib.h>
#include <string.h>

/* An operating system beside an operating system: what a virtual machine of the box starts. */
static void start_box_init(struct machine_spec *spec)
{
	AUTO_FREE char *systemd =
	        xasprintf("%s/lib/systemd/systemd", spec->box.rootfs ? spec->box.rootfs : "");

	free(spec->container.init);
	spec->container.init = xstrdup(fs_exists(systemd) ? "systemd" : "/sbin/init");
	strv_clear(&spec->container.command);
}

const struct compare_kind compare_kinds[] = {
        {"process", NULL, NULL, NULL, NULL, 0.1},
        {"container", "container", "container", NULL, NULL, 4},
        {"container+init", "container", "init", NULL, start_box_init, 6},
        {"kvm", "kvm", "kvm", NULL, NULL, 40},
        {"kvm-warm", "kvm", "warm", "virtual machines are not started from a saved state yet", NULL,
                10},
};
const size_t n_compare_kinds = ARRAY_SIZE(compare_kinds);

static int unknown(const char *name, struct err *err)
{
	const char *names[ARRAY_SIZE(compare_kinds)];

	for (size_t i = 0; i < n_compare_kinds; i++)
		names[i] = compare_kinds[i].name;
	const char *near = str_nearest(name, names, n_compare_kinds);
	err_set(err, ERR_USAGE, "there is no kind '%s'", name);
	return near ? err_hint(err, "did you mean '%s'?", near)
	            : err_hint(err, "kinds: process, container, container+init, kvm");
}

static int mark_one(const char *name, bool *wanted, struct err *err)
{
	for (size_t i = 0; i < n_compare_kinds; i++) {
		if (!str_eq(compare_kinds[i].name, name))
			continue;
		if (compare_kinds[i].absent)
			return err_set(err, ERR_USAGE, "the kind '%s' is not offered yet: %s", name,
			        compare_kinds[i].absent);
		wanted[i] = true;
		return 0;
	}
	return unknown(name, err);
}

static int mark(const char *list, bool *wanted, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(list);
	char *save = NULL;
	size_t n = 0;

	for (char *name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save), n++)
		if (mark_one(name, wanted, err) < 0)
			return -1;
	return n ? 0 : err_set(err, ERR_USAGE, "the list of kinds is empty");
}

int kinds_choose(const char *list, const struct compare_kind ***out, size_t *n, struct err *err)
{
	bool wanted[ARRAY_SIZE(compare_kinds)] = {0};

	for (size_t i = 0; !list && i < n_compare_kinds; i++)
		wanted[i] = !compare_kinds[i].absent;
	if (list && mark(list, wanted, err) < 0)
		return -1;
	*out = xcalloc(n_compare_kinds, sizeof(**out));
	*n = 0;
	for (size_t i = 0; i < n_compare_kinds; i++)
		if (wanted[i])
			(*out)[(*n)++] = &compare_kinds[i];
	return 0;
}
