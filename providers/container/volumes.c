/*
 * Volumes of a container: the file system of each, mounted from a loop device by the parent and
 * handed over to the container's own mounts. Nothing of it is mounted on the host: it goes with the
 * last container that has it, and the loop device with it.
 */
#include "providers/container/session.h"

#include "base/loop.h"
#include "core/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT_ONLY 0600

void container_volumes_inputs(const struct run *run, struct digest *d)
{
	for (size_t i = 0; i < run->spec->n_volumes; i++) {
		const struct volume_use *v = &run->spec->volumes[i];
		digest_field(d, "volume", v->name);
		digest_field(d, "at", v->guest);
		digest_number(d, "read-only", v->read_only);
	}
}

/* What a virtual machine has written is looked at before the kernel of the host trusts it. */
static int take_back(const char *path, int lock, const char *name, struct err *err)
{
	struct stat st;

	if (volume_in_vm(path))
		return err_set(
		        err, ERR_BUSY, "the volume '%s' is in use by a virtual machine", name);
	if (fstat(lock, &st) < 0)
		return err_sys(err, "look at '%s'", path);
	if (st.st_uid == 0)
		return 0;
	if (volume_check(path, true, err) < 0)
		return -1;
	if (fchown(lock, 0, 0) < 0 || fchmod(lock, ROOT_ONLY) < 0)
		return err_sys(err, "set the owner of '%s'", path);
	return 0;
}

static bool set(int fs, const char *key, const char *value)
{
	return fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0) == 0;
}

/* Its own word on what to do about an error (panic) does not count. No device node of it works: a
 * virtual machine may have made them. */
static int mount_detached(const char *device, const char *name, struct err *err)
{
	AUTO_FD int fs = fsopen("ext4", FSOPEN_CLOEXEC);

	if (fs < 0 || !set(fs, "source", device) || !set(fs, "errors", "remount-ro") ||
	        !set(fs, "discard", NULL) || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(err, "mount the volume '%s' from '%s'", name, device);
	AUTO_FD int mount = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV);
	if (mount < 0)
		return err_sys(err, "mount the volume '%s'", name);
	/* A repair makes it anew; a database refuses a folder that is not empty. */
	(void)!unlinkat(mount, "lost+found", AT_REMOVEDIR);
	return util_steal_fd(&mount);
}

/* The mount, detached. */
static int open_volume(const struct run *run, const struct volume_use *v, struct err *err)
{
	AUTO_FREE char *path = volume_path(run->names->lab_dir, v->name);
	AUTO_FD int lock = volume_lock(path, err);
	char device[LOOP_PATH];

	if (lock < 0 || take_back(path, lock, v->name, err) < 0)
		return -1;
	AUTO_FD int loop = loop_open(path, device, err);
	return loop < 0 ? -1 : mount_detached(device, v->name, err);
}

int container_volumes_plan(struct run *run, struct err *err)
{
	struct session *s = run->session;

	for (size_t i = 0; i < run->spec->n_volumes; i++) {
		const struct volume_use *v = &run->spec->volumes[i];
		int fd = open_volume(run, v, err);
		if (fd < 0)
			return -1;
		s->volumes = xrealloc(s->volumes, s->n_volumes + 1, sizeof(*s->volumes));
		s->volumes[s->n_volumes++] = fd;
		struct fs_row *row = plan_add(&s->plan, FS_BIND, v->guest);
		row->source = volume_path(run->names->lab_dir, v->name);
		row->mount_fd = fd;
		row->attr_set = MOUNT_ATTR_NODEV | (v->read_only ? MOUNT_ATTR_RDONLY : 0);
		id_maps_copy(&row->uids, &s->plan.uids);
		id_maps_copy(&row->gids, &s->plan.gids);
	}
	return 0;
}

void container_volumes_close(struct session *s)
{
	for (size_t i = 0; i < s->n_volumes; i++)
		close(s->volumes[i]);
	free(s->volumes);
	s->volumes = NULL;
	s->n_volumes = 0;
}
