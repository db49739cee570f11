#include "providers/container/systemd.h"

#include "base/fs.h"
#include "engine/cgroup/cgroup.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#define OPEN   (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
#define STRICT (OPEN | MOUNT_ATTR_NOEXEC)

struct mount_row {
	const char *path, *type, *data;
	uint64_t attr;
};

/* Without CAP_SYS_ADMIN it mounts nothing: what it would mount stands there already. */
static const struct mount_row state[] = {
        {"/run", "tmpfs", "mode=755", OPEN},
        {"/run/lock", "tmpfs", "mode=1777,size=5m", STRICT},
        {"/tmp", "tmpfs", "mode=1777", OPEN},
};
/* Only v2, and only the own part of it: given a v1 hierarchy where there is v2, systemd would mount
 * all of v1. */
static const struct mount_row unified[] = {{"/sys/fs/cgroup", "cgroup2", NULL, STRICT}};
static const struct mount_row legacy[] = {
        {"/sys/fs/cgroup", "tmpfs", "mode=755", STRICT},
        {"/sys/fs/cgroup/systemd", "cgroup", "none,name=systemd", STRICT},
};

bool systemd_is_init(const struct machine_spec *spec)
{
	return str_eq(spec->container.init, "systemd");
}

bool systemd_in_box(const struct machine_spec *spec)
{
	static const char *const places[] = {"lib/systemd/systemd", "usr/lib/systemd/systemd"};
	bool found = !spec->box.rootfs;

	for (size_t i = 0; !found && i < ARRAY_SIZE(places); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", spec->box.rootfs, places[i]);
		found = fs_exists(path);
	}
	return found;
}

int container_stop_signal(const struct machine_spec *spec)
{
	if (spec->container.stop_signal)
		return spec->container.stop_signal;
	return systemd_is_init(spec) ? SIGRTMIN + 3 : SIGTERM;
}

static bool has_v2(const struct cgroup_tree *tree)
{
	return tree->v2 || cgroup_hierarchy(tree, CG_CORE) >= 0;
}

unsigned systemd_controllers(const struct cgroup_tree *tree)
{
	return has_v2(tree) ? CG_CORE : CG_SYSTEMD;
}

static int delegate_legacy(
        const struct cgroup_tree *tree, const char *group, uid_t id, struct err *err)
{
	static const char *const files[] = {"", "/cgroup.procs", "/tasks"};
	int at = cgroup_hierarchy(tree, CG_SYSTEMD);

	for (size_t i = 0; at >= 0 && i < ARRAY_SIZE(files); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s%s", tree->dirs.v[at], group, files[i]);
		if (chown(path, id, id) < 0)
			return err_sys(err, "give '%s' to user %u", path, id);
	}
	if (at >= 0)
		return 0;
	err_set(err, ERR_HOST,
	        "systemd needs a cgroup of its own, and this host has neither v2 "
	        "nor name=systemd");
	return err_hint(err, "mount one: mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified");
}

int systemd_delegate(const struct cgroup_tree *tree, const char *group,
        const struct machine_spec *spec, struct err *err)
{
	uid_t id = spec->container.privileged ? 0 : (uid_t)spec->container.id_base;

	return has_v2(tree) ? cgroup_delegate(tree, group, id, id, err)
	                    : delegate_legacy(tree, group, id, err);
}

static void add_mounts(struct container_plan *plan, const struct mount_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct fs_row *row = plan_add(plan, FS_MOUNT, rows[i].path);
		row->type = xstrdup(rows[i].type);
		row->source = xstrdup(rows[i].type);
		row->data = rows[i].data ? xstrdup(rows[i].data) : NULL;
		row->attr_set = rows[i].attr;
	}
}

void systemd_plan(const struct cgroup_tree *tree, const char *socket, struct container_plan *plan)
{
	static const char inside[] = "/run/host/notify";

	if (has_v2(tree))
		add_mounts(plan, unified, ARRAY_SIZE(unified));
	else
		add_mounts(plan, legacy, ARRAY_SIZE(legacy));
	add_mounts(plan, state, ARRAY_SIZE(state));
	plan_add(plan, FS_BIND, inside)->source = xstrdup(socket);
	strv_addf(&plan->env, "NOTIFY_SOCKET=%s", inside);
	plan->terminal = true;
}
