#include "providers/container/checks.h"
#include "providers/container/systemd.h"

#include "base/fs.h"
#include "base/proc.h"
#include "core/derive.h"
#include "engine/cgroup/cgroup.h"
#include "engine/probe.h"
#include "providers/container/devices.h"
#include "providers/container/session.h"
#include "providers/common/cpus.h"

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

/* What a weight, and a limit of swap, need besides their controller. */
static void check_extras(struct checklist *list, const struct cgroup_tree *tree)
{
	if (cgroup_offers_io_weight(tree))
		checklist_add(list, CHECK_OK, "io weights", NULL, "io_weight has an effect");
	else
		checklist_add(list, CHECK_WARN, "io weights",
		        "echo bfq >/sys/block/DISK/queue/scheduler",
		        "io_weight has no effect: no disk has the scheduler bfq");
	if (!cgroup_offers_swap(tree))
		checklist_add(list, CHECK_WARN, "swap", "boot the kernel with swapaccount=1",
		        "what a container swaps out is not counted, so that it has no limit");
}

static void check_cgroups(struct checklist *list)
{
	static const unsigned needed[] = {
	        CG_MEMORY, CG_CPU, CG_PIDS, CG_FREEZER, CG_DEVICES, CG_CPUSET, CG_IO};
	struct cgroup_tree tree;
	struct err err;
	AUTO_STR found = {0}, missing = {0};

	if (cgroup_tree_find(CGROUP_ROOT, &tree, &err) < 0) {
		checklist_add(list, CHECK_FAIL, "cgroups", err.hint, "%s", err.message);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		bool in_core = needed[i] & (CG_FREEZER | CG_DEVICES);
		bool ok = in_core ? cgroup_hierarchy(&tree, needed[i]) >= 0
		                  : (cgroup_tree_controllers(&tree) & needed[i]) != 0;
		str_addf(ok ? &found : &missing, " %s",
		        needed[i] == CG_IO ? "io" : cgroup_controller_name(needed[i]));
	}
	bool hybrid = !tree.v2 && cgroup_tree_controllers(&tree) & CG_CORE;
	const char *kind = tree.v2 ? "v2" : hybrid ? "v1 beside v2" : "v1";
	if (missing.len)
		checklist_add(list, CHECK_FAIL, "cgroups",
		        "boot the kernel with cgroup_enable=memory, or mount the controllers",
		        "%s without%s", kind, str_text(&missing));
	else
		checklist_add(list, CHECK_OK, "cgroups", NULL, "%s with%s", kind, str_text(&found));
	check_extras(list, &tree);
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
	AUTO_FREE char *mapped = xasprintf("%s/mapped", folder);
	if (mkdir(mapped, 0755) < 0 || probe_overlay(mapped, true, &err) < 0)
		checklist_add(list, CHECK_FAIL, "id-mapped mounts",
		        "set PROV_HOME to a folder on ext4, xfs or btrfs, with Linux 5.19 or "
		        "later; "
		        "container: { privileged: true } needs none",
		        "cannot be made of '%s': %s", home, err.message);
	else
		checklist_add(list, CHECK_OK, "id-mapped mounts", NULL,
		        "the disk keeps the box's owners in '%s'", home);
}

static void check_user_namespaces(struct checklist *list)
{
	struct err err;

	if (geteuid() != 0)
		checklist_add(
		        list, CHECK_SKIP, "user namespaces", root_hint, "only root may map ids");
	else if (probe_user_namespace(&err) < 0)
		checklist_add(list, CHECK_FAIL, "user namespaces",
		        "see sysctl user.max_user_namespaces and kernel.unprivileged_userns_clone",
		        "%s", err.message);
	else
		checklist_add(
		        list, CHECK_OK, "user namespaces", NULL, "root inside is nobody outside");
}

static void check_time(struct checklist *list)
{
	if (fs_exists("/proc/self/ns/time"))
		checklist_add(list, CHECK_OK, "time namespaces", NULL,
		        "container.time_offset can be used");
	else
		checklist_add(list, CHECK_WARN, "time namespaces",
		        "Linux 5.6 or later with CONFIG_TIME_NS",
		        "container.time_offset cannot be used");
}

static void check_seccomp(struct checklist *list)
{
	AUTO_FREE char *module = module_file("prov-seccomp.so");

	if (!fs_exists("/proc/sys/kernel/seccomp/actions_avail"))
		checklist_add(list, CHECK_FAIL, "system call filters",
		        "boot a kernel with CONFIG_SECCOMP_FILTER",
		        "this kernel has none: containers are not started without");
	else if (!fs_exists(module))
		checklist_add(list, CHECK_WARN, "system call filters",
		        "make, or install libseccomp's development files first",
		        "'%s' is missing: no filter can be made that is not kept already", module);
	else
		checklist_add(list, CHECK_OK, "system call filters", NULL,
		        "default deny, made by libseccomp");
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
	check_user_namespaces(list);
	check_time(list);
	check_seccomp(list);
}

#define LEAST_MEMORY (INT64_C(4) << 20)

/* Each name by itself, so that the file's place can be told. */
static int check_names(const char *list, const struct strv *names, struct err *err)
{
	uint64_t mask;

	for (size_t i = 0; i < names->n; i++)
		if (caps_parse(names->v[i], &mask, err) < 0) {
			err_wrap(err, "container.capabilities");
			return err_key(err, "container.capabilities.%s[%zu]", list, i);
		}
	return 0;
}

/* Either could be meant. ALL beside single names is no contradiction: they are its exceptions. */
static int check_caps(const struct machine_spec *spec, struct err *err)
{
	const struct strv *add = &spec->container.caps_add, *drop = &spec->container.caps_drop;
	uint64_t given, taken;

	if (check_names("add", add, err) < 0 || check_names("drop", drop, err) < 0)
		return -1;
	for (size_t i = 0; i < add->n * drop->n; i++) {
		size_t d = i % drop->n;
		if (caps_parse(add->v[i / drop->n], &given, err) < 0 ||
		        caps_parse(drop->v[d], &taken, err) < 0)
			return -1;
		if (given != taken)
			continue;
		err_of_key(err, "container.capabilities", "'%s' is in add and in drop", drop->v[d]);
		err_key(err, "container.capabilities.drop[%zu]", d);
		return err_hint(
		        err, "take it out of one of them; a list here replaces that of defaults");
	}
	return 0;
}

static int check_device(const char *text, struct err *err)
{
	struct device_use use;
	struct stat st;

	if (device_parse(text, &use, err) < 0)
		return -1;
	AUTO_FREE char *host = xstrdup(use.host);
	device_clear(&use);
	if (stat(host, &st) < 0) {
		err_set(err, ERR_CONFIG, "this host has no device '%s': %s", host, strerror(errno));
		return err_hint(err, "load the module that makes it, or leave it out");
	}
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(err, ERR_CONFIG, "'%s' of this host is no device", host);
	return 0;
}

static int check_isolation(const struct machine_spec *spec, struct err *err)
{
	const struct strv *devices = &spec->container.devices;

	if (check_caps(spec, err) < 0)
		return -1;
	for (size_t i = 0; i < devices->n; i++)
		if (check_device(devices->v[i], err) < 0) {
			err_wrap(err, "container.devices");
			return err_key(err, "container.devices[%zu]", i);
		}
	if (spec->container.time_offset_ns && !fs_exists("/proc/self/ns/time")) {
		err_set(err, ERR_HOST, "container.time_offset: this kernel has no time namespaces");
		err_key(err, "container.time_offset");
		return err_hint(err, "it needs Linux 5.6 or later with CONFIG_TIME_NS");
	}
	return 0;
}

static int check_init(const struct machine_spec *spec, struct err *err)
{
	const char *init = spec->container.init ? spec->container.init : "auto";
	bool systemd = systemd_is_init(spec);

	if (str_eq(init, "none") && !spec->container.command.n)
		return err_of_key(err, "container.init", "'none' needs a 'command'");
	if (systemd && spec->container.command.n)
		return err_of_key(err, "container.command",
		        "systemd takes none; write a unit, or another 'init'");
	if (systemd && !systemd_in_box(spec))
		return err_of_key(
		        err, "container.init", "the box '%s' has no systemd", spec->box.name);
	if (!str_eq(init, "none") && !str_eq(init, "auto") && !systemd && *init != '/')
		return err_of_key(err, "container.init",
		        "'%s' is not auto, none, systemd or a path in the box", init);
	return 0;
}

static int check_limits(const struct machine_spec *spec, struct err *err)
{
	AUTO_STR online = {0};

	if (spec->memory_bytes && spec->memory_bytes < LEAST_MEMORY)
		return err_of_key(err, "memory", "a container needs at least 4MiB");
	if (spec->cpus < 0.01)
		return err_of_key(err, "cpus", "a container needs at least 0.01");
	if (spec->memory_bytes && spec->container.memory_reservation_bytes > spec->memory_bytes)
		return err_of_key(
		        err, "container.memory_reservation", "more than 'memory' cannot be kept");
	if (!spec->cpuset)
		return 0;
	cpus_online(&online);
	return cpus_check(spec->cpuset, str_text(&online), err);
}

int container_check_spec(const struct machine_spec *spec, struct err *err)
{
	if (spec->box.digest && !spec->box.rootfs) {
		err_of_key(
		        err, "box", "'%s' has no root file system for containers", spec->box.name);
		return err_hint(err,
		        "use provider: kvm, or add its root file system, a tar, as a box of its "
		        "own");
	}
	if (spec->n_nics > DERIVE_LINKS)
		return err_of_key(err, "networks", "a container joins at most %d", DERIVE_LINKS);
	if (spec->disk_bytes) {
		err_of_key(err, "disk", "not supported yet for containers");
		return err_hint(err, "write it below 'kvm:' of that machine");
	}
	if (check_limits(spec, err) < 0 || check_init(spec, err) < 0 ||
	        container_folders_check(spec, err) < 0)
		return -1;
	return check_isolation(spec, err);
}

int container_check_rights(struct err *err)
{
	if (geteuid() == 0)
		return 0;
	err_set(err, ERR_HOST, "containers need root's rights in this version");
	return err_hint(err, "%s", root_hint);
}
