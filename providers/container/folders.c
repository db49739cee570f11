/*
 * Synced folders of a container: binds of the host's folders with ids mapped, so that one user
 * inside (folder_use.owner) is the folder's owner outside, and all others are nobody: what they
 * make there has the container's own ids.
 */
#include "providers/container/session.h"

#include "core/folder.h"
#include "providers/common/accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define IDS 65536

void container_folders_inputs(const struct run *run, struct digest *d)
{
	for (size_t i = 0; i < run->spec->n_folders; i++)
		if (run->spec->folders[i].type == FOLDER_BIND)
			folder_digest(run->spec, &run->spec->folders[i], d);
}

void container_folders_close(struct session *s)
{
	for (size_t i = 0; i < s->n_folders; i++)
		close(s->folders[i]);
	free(s->folders);
	s->folders = NULL;
	s->n_folders = 0;
}

int container_folders_check(const struct machine_spec *spec, struct err *err)
{
	for (size_t i = 0; i < spec->n_folders; i++) {
		const struct folder_use *f = &spec->folders[i];
		if (f->type != FOLDER_BIND || f->mode < 0 || f->create)
			continue;
		err_set(err, ERR_CONFIG,
		        "synced_folders: mode of '%s': a mounted folder has the host's own",
		        f->guest);
		return err_hint(
		        err, "chmod %o %s, or write type: rsync", (unsigned)f->mode, f->host);
	}
	return 0;
}

/*
 * Which id on the disk is which id of the kernel's while it is mounted: the folder's owner is
 * `inside`, and whoever else is in the container keeps the container's own id. No other owner of
 * the disk has one: such files belong to nobody inside.
 */
static void map_ids(struct id_maps *maps, uint32_t owner, uint32_t inside, uint32_t base)
{
	if (owner >= base && owner < base + IDS) {
		id_maps_add(maps, base, base, IDS);
		return;
	}
	id_maps_add(maps, owner, base + inside, 1);
	if (inside)
		id_maps_add(maps, base, base, inside);
	if (inside + 1 < IDS)
		id_maps_add(maps, base + inside + 1, base + inside + 1, IDS - 1 - inside);
}

/* A folder of root's is root's inside, whoever logs in there. */
static int who_inside(struct run *run, const struct folder_use *f, const struct stat *st,
        struct account_ids *out, struct err *err)
{
	const char *roots[] = {run->names->upper, run->spec->box.rootfs};
	const char *owner = f->owner ? f->owner : st->st_uid == 0 ? "root" : run->spec->user;

	if (account_ids(roots, ARRAY_SIZE(roots), owner, f->group, out, err) < 0)
		return err_wrap(err, "synced_folders: '%s'", f->guest);
	if (!f->group && !f->owner && st->st_gid == 0)
		out->gid = 0;
	if (out->uid >= IDS || out->gid >= IDS)
		return err_set(err, ERR_CONFIG,
		        "synced_folders: '%s': ids end at %d in a container", f->guest, IDS - 1);
	return 0;
}

/* What has no owners of its own, or keeps them elsewhere, cannot map them. */
static bool maps_ids(int fd)
{
	static const long without[] = {0x6969 /* nfs */, 0x65735546 /* fuse */, 0x01021997 /* 9p */,
	        0xff534d42 /* cifs */, 0xfe534d42 /* smb2 */, 0x794c7630 /* overlay */};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(without); i++)
		if ((long)fs.f_type == without[i])
			return false;
	return true;
}

static void keep_open(struct session *s, int fd)
{
	s->folders = xrealloc(s->folders, s->n_folders + 1, sizeof(*s->folders));
	s->folders[s->n_folders++] = fd;
}

static int add_rows(struct run *run, const struct folder_use *f, int fd, struct err *err)
{
	struct session *s = run->session;
	int64_t base = run->spec->container.privileged ? 0 : run->spec->container.id_base;
	AUTO_FREE char *hidden = folder_hidden(run->spec, f);
	struct account_ids ids;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, "look at '%s'", f->host);
	if (base && who_inside(run, f, &st, &ids, err) < 0)
		return -1;
	struct fs_row *row = plan_add(&s->plan, FS_BIND, f->guest);
	row->source = xasprintf("/proc/self/fd/%d", fd);
	row->attr_set =
	        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (f->read_only ? MOUNT_ATTR_RDONLY : 0);
	if (base) {
		map_ids(&row->uids, st.st_uid, ids.uid, (uint32_t)base);
		map_ids(&row->gids, st.st_gid, ids.gid, (uint32_t)base);
	}
	if (hidden) {
		AUTO_FREE char *path = xasprintf("%s/%s", f->guest, hidden);
		plan_add(&s->plan, FS_MASK, path);
	}
	return 0;
}

static int plan_folder(struct run *run, const struct folder_use *f, struct err *err)
{
	bool mapped = run->spec->container.id_base && !run->spec->container.privileged;
	struct err why = {0};
	int fd;

	if (folder_open(f, &fd, &why) < 0) {
		if (!f->implicit) {
			*err = why;
			return -1;
		}
		run_note(run, "the project is not at '%s': %s", f->guest, why.message);
		return 0;
	}
	if (f->implicit && mapped && !maps_ids(fd)) {
		run_note(run, "the project is not at '%s': its file system cannot map ids",
		        f->guest);
		close(fd);
		return 0;
	}
	keep_open(run->session, fd);
	return add_rows(run, f, fd, err);
}

int container_folders_plan(struct run *run, struct err *err)
{
	container_folders_close(run->session);
	for (size_t i = 0; i < run->spec->n_folders; i++)
		if (run->spec->folders[i].type == FOLDER_BIND &&
		        plan_folder(run, &run->spec->folders[i], err) < 0)
			return -1;
	return 0;
}
