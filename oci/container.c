#include "oci/container.h"

#include "base/clock.h"
#include "base/proc.h"
#include "engine/process.h"
#include "oci/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define END_LIMIT_NS 10000000000

void oci_container_close(struct oci_container *c)
{
	oci_home_close(&c->home);
	oci_state_clear(&c->state);
	if (c->has_tree)
		cgroup_tree_clear(&c->tree);
	*c = (struct oci_container){.home.fd = -1};
}

int oci_tree_find(const struct oci_call *call, struct cgroup_tree *out, bool *has, struct err *err)
{
	*has = false;
	if (str_eq(call->o.cgroup_manager, "disabled"))
		return 0;
	if (cgroup_tree_find(CGROUP_ROOT, out, err) < 0)
		return -1;
	*has = true;
	return 0;
}

int oci_group_name(const char *cgroups_path, const char *id, char **out, struct err *err)
{
	const char *p = cgroups_path ? cgroups_path : "";
	const char *colon = strchr(p, ':');

	if (colon && strchr(colon + 1, ':')) {
		err_set(err, ERR_CONFIG, "linux.cgroupsPath: '%s' is a unit of systemd", p);
		return err_hint(
		        err, "prov-oci makes cgroups itself: podman --cgroup-manager=cgroupfs");
	}
	AUTO_FREE char *padded = xasprintf("/%s/", p);
	if (strstr(padded, "/../"))
		return err_set(err, ERR_CONFIG, "linux.cgroupsPath: '%s' leads upwards", p);
	p += strspn(p, "/");
	*out = p[0] ? xstrdup(p) : xasprintf("prov-oci-%s", id);
	for (size_t n = strlen(*out); n > 1 && (*out)[n - 1] == '/'; n--)
		(*out)[n - 1] = '\0';
	return 0;
}

void oci_container_look(struct oci_container *c)
{
	c->status = oci_state_status(&c->home, &c->state);
	if (c->status == OCI_RUNNING && c->has_tree && c->state.cgroup &&
	        cgroup_is_frozen(&c->tree, c->state.cgroup))
		c->status = OCI_PAUSED;
}

int oci_container_open(const struct oci_call *call, const char *id, bool lock,
        struct oci_container *out, struct err *err)
{
	struct oci_container c = {.home.fd = -1};

	if (oci_home_open(call->o.root, id, lock, &c.home, err) < 0)
		return -1;
	if (oci_state_read(&c.home, id, &c.state, err) < 0 ||
	        (c.state.cgroup && oci_tree_find(call, &c.tree, &c.has_tree, err) < 0)) {
		oci_container_close(&c);
		return -1;
	}
	oci_container_look(&c);
	*out = c;
	return 0;
}

int oci_container_config(const struct oci_container *c, struct oci_config *out, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/" OCI_STATE_CONFIG, c->home.path);

	return oci_config_load(c->state.bundle, path, out, err);
}

int oci_container_pidfd(const struct oci_container *c, struct err *err)
{
	int fd = c->state.pid ? process_pidfd(c->state.pid) : -1;

	if (fd >= 0 && proc_same(c->state.pid, c->state.start_ticks))
		return fd;
	util_close_fd(&fd);
	return err_set(err, ERR_FAILED, "container '%s' is not running", c->state.id);
}

/* Those of a container without a pid namespace of its own outlive its first process. */
static int end_processes(struct oci_container *c, struct err *err)
{
	AUTO_FD int pidfd = oci_container_pidfd(c, NULL);

	if (c->has_tree && c->state.own_cgroup && cgroup_exists(&c->tree, c->state.cgroup) &&
	        cgroup_kill(&c->tree, c->state.cgroup, err) < 0)
		return -1;
	if (pidfd < 0)
		return 0;
	process_signal(pidfd, SIGKILL);
	if (process_wait(pidfd, clock_mono_ns() + END_LIMIT_NS, NULL) != WAIT_ENDED)
		return err_set(err, ERR_FAILED, "process %d of container '%s' does not end",
		        c->state.pid, c->state.id);
	return 0;
}

uint64_t oci_mount_id(const char *path)
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &st) < 0 ||
	        !(st.stx_mask & STATX_MNT_ID))
		return 0;
	return st.stx_mnt_id;
}

/* What create mounted where everybody sees it. */
static int unmount_root(const struct oci_container *c, struct err *err)
{
	uint64_t now = c->state.below_root ? oci_mount_id(c->state.rootfs) : 0;

	if (!now || now == c->state.below_root)
		return 0;
	return umount2(c->state.rootfs, MNT_DETACH | UMOUNT_NOFOLLOW) < 0
	        ? err_sys(err, "unmount '%s'", c->state.rootfs)
	        : 0;
}

int oci_container_remove(const struct oci_call *call, struct oci_container *c, struct err *err)
{
	struct oci_config config = {0};
	struct err why = {0};
	bool has = c->state.bundle && oci_container_config(c, &config, &why) == 0;
	int rc = end_processes(c, err);

	if (rc == 0)
		rc = unmount_root(c, err);
	if (rc == 0 && c->has_tree && c->state.own_cgroup)
		rc = cgroup_remove(&c->tree, c->state.cgroup, err);
	if (rc == 0)
		rc = oci_home_remove(&c->home, err);
	if (rc == 0 && has) {
		json_t *state = oci_state_json(&c->state, OCI_STOPPED);
		rc = hooks_run(&config.hooks, HOOK_POSTSTOP, state, c->state.bundle,
		        oci_log_warning, (void *)(uintptr_t)call, err);
		json_decref(state);
	}
	if (has)
		config_clear(&config);
	oci_container_close(c);
	return rc;
}
