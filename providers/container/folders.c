/*
 * Synced folders of a container: binds of the host's folders with ids mapped, so that one user
 * inside (folder_use.owner) is the folder's owner outside, and all others are nobody: what they
 * make there has the container's own ids.
 */
#include "providers/container/session.h"

#include "core/folder.h"
#include "providers/common/folder_ids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

void container_folders_inputs(const struct run *run, struct digest *d)
{
	for (size_t i = 0; i < run->spec->n_folders; i++)
		if (run->spec->folders[i].type == FOLDER_BIND)
			folder_digest(run->spec, &run->spec->folders[i], d);
}

int container_folders_check(const struct machine_spec *spec, struct err *err)
{
	for (size_t i = 0; i < spec->n_folders; i++)
		if (spec->folders[i].type == FOLDER_BIND &&
		        folder_ids_check_mode(&spec->folders[i], err) < 0)
			return -1;
	return 0;
}

void container_folders_close(struct session *s)
{
	for (size_t i = 0; i < s->n_folders; i++)
		close(s->folders[i]);
	free(s->folders);
	s->folders = NULL;
	s->n_folders = 0;
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
	const char *roots[] = {run->names->upper, run->spec->box.rootfs};
	const struct folder_ids ids = {roots, ARRAY_SIZE(roots), (uint32_t)base, (uint32_t)base};
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, "look at '%s'", f->host);
	struct fs_row *row = plan_add(&s->plan, FS_BIND, f->guest);
	row->source = xasprintf("/proc/self/fd/%d", fd);
	row->attr_set =
	        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (f->read_only ? MOUNT_ATTR_RDONLY : 0);
	if (base && folder_ids_map(&ids, run->spec, f, &st, row, err) < 0)
		return -1;
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
	if (f->implicit && mapped && !folder_ids_can(fd)) {
		run_note(run, "the project is not at '%s': its file system cannot map ids",
		        f->guest);
		close(fd);
		return 0;
	}
	folder_ids_say(run, f);
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
