#include "providers/container/checks.h"

#include "engine/cgroup_tree.h"
#include "base/fs.h"
#include "core/derive.h"
#include "engine/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char root_hint[] = "run prov as root (sudo prov …)";

static void check_root(struct checklist *list)
{
	if (geteuid() == 0)
		checklist_add(list, CHECK_OK, "root", NULL, "containers may be made");
	else
		checklist_add(list, CHECK_FAIL, "root", root_hint,
		        "containers need root's rights in this version");
}

static void check_cgroups(struct checklist *list)
{
	static const char *const needed[] = {"memory", "cpu", "pids"};
	struct cgroup_tree tree;
	struct err err;
	AUTO_STR found = {0}, missing = {0}, have = {0};

	if (cgroup_tree_find(CGROUP_ROOT, &tree, &err) < 0) {
		checklist_add(list, CHECK_FAIL, "cgroups", err.hint, "%s", err.message);
		return;
	}
	if (tree.v2 && fs_read(CGROUP_ROOT "/cgroup.controllers", 4096, &have, NULL) < 0)
		str_add(&have, "");
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		AUTO_FREE char *dir = xasprintf("%s/%s", CGROUP_ROOT, needed[i]);
		bool ok = tree.v2 ? strstr(str_text(&have), needed[i]) != NULL : fs_is_dir(dir);
		str_addf(ok ? &found : &missing, " %s", needed[i]);
	}
	if (missing.len)
		checklist_add(list, CHECK_FAIL, "cgroups",
		        "boot the kernel with cgroup_enable=memory, or mount the controllers",
		        "v%d without%s", tree.v2 ? 2 : 1, str_text(&missing));
	else
		checklist_add(list, CHECK_OK, "cgroups", NULL, "v%d with%s", tree.v2 ? 2 : 1,
		        str_text(&found));
	cgroup_tree_clear(&tree);
}

static void check_namespaces(struct checklist *list)
{
	static const char *const kinds[] = {"pid", "mnt", "uts", "ipc", "net", "cgroup"};
	AUTO_STR missing = {0};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		AUTO_FREE char *path = xasprintf("/proc/self/ns/%s", kinds[i]);
		if (!fs_exists(path))
			str_addf(&missing, " %s", kinds[i]);
	}
	if (missing.len)
		checklist_add(list, CHECK_FAIL, "namespaces", "this kernel was built without them",
		        "missing:%s", str_text(&missing));
	else
		checklist_add(
		        list, CHECK_OK, "namespaces", NULL, "pid, mount, uts, ipc, net and cgroup");
}

/* prov's home, or the nearest folder above it that exists. */
static char *existing_home(void)
{
	char *home = prov_home(), *slash;

	while (!fs_is_dir(home) && (slash = strrchr(home, '/')) && slash != home)
		*slash = '\0';
	return home;
}

static void check_in(struct checklist *list, const char *home, const char *folder)
{
	struct err err;

	if (probe_overlay(folder, false, &err) < 0) {
		checklist_add(list, CHECK_FAIL, "overlay",
		        "set PROV_HOME to a folder on ext4, xfs or btrfs",
		        "cannot be used in '%s': %s", home, err.message);
		return;
	}
	checklist_add(list, CHECK_OK, "overlay", NULL, "works in '%s'", home);
}

static void check_overlay(struct checklist *list)
{
	AUTO_FREE char *home = existing_home();
	AUTO_FREE char *folder = xasprintf("%s/prov-doctor-XXXXXX", home);
	struct err err;

	if (geteuid() != 0) {
		checklist_add(list, CHECK_SKIP, "overlay", root_hint, "only root may try it");
		return;
	}
	if (!mkdtemp(folder)) {
		checklist_add(list, CHECK_FAIL, "overlay", "see its mode and the disk's space",
		        "cannot write in '%s': %s", home, strerror(errno));
		return;
	}
	check_in(list, home, folder);
	if (fs_remove_tree(folder, &err) < 0)
		checklist_add(list, CHECK_WARN, "overlay", "remove it by hand", "%s", err.message);
}

void container_check_host(struct checklist *list)
{
	check_root(list);
	check_namespaces(list);
	check_cgroups(list);
	check_overlay(list);
}

#define LEAST_MEMORY (INT64_C(4) << 20)

int container_check_spec(const struct machine_spec *spec, struct err *err)
{
	const char *init = spec->container.init ? spec->container.init : "auto";

	if (spec->box.digest && !spec->box.rootfs)
		return err_set(err, ERR_CONFIG, "box: '%s' has no root file system for containers",
		        spec->box.name);
	if (spec->n_nics > 1)
		return err_set(
		        err, ERR_CONFIG, "networks: containers join one network in this version");
	if (spec->disk_bytes) {
		err_set(err, ERR_CONFIG, "disk: not supported yet for containers");
		return err_hint(err, "write it below 'kvm:' of that machine");
	}
	if (spec->memory_bytes && spec->memory_bytes < LEAST_MEMORY)
		return err_set(err, ERR_CONFIG, "memory: a container needs at least 4MiB");
	if (spec->cpus < 0.01)
		return err_set(err, ERR_CONFIG, "cpus: a container needs at least 0.01");
	if (str_eq(init, "none") && !spec->container.command.n)
		return err_set(err, ERR_CONFIG, "container.init: 'none' needs a 'command'");
	if (!str_eq(init, "none") && !str_eq(init, "auto") && *init != '/')
		return err_set(err, ERR_CONFIG,
		        "container.init: '%s' is not auto, none or a path in the box", init);
	return 0;
}

int container_check_rights(struct err *err)
{
	if (geteuid() == 0)
		return 0;
	err_set(err, ERR_HOST, "containers need root's rights in this version");
	return err_hint(err, "%s", root_hint);
}
