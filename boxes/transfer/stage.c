#include "boxes/transfer/stage.h"

#include "base/fs.h"
#include "base/proc.h"
#include "boxes/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int stage_open(struct stage *stage, const struct box_job *job, struct err *err)
{
	static const char *const folders[] = {"blobs", "trees"};
	uint64_t ticks;

	stage->job = job;
	if (layout_make(job->home, err) < 0 || proc_start_time(getpid(), &ticks, err) < 0)
		return -1;
	layout_sweep(job->home);
	AUTO_FREE char *home = realpath(job->home, NULL); /* tools run in other folders */
	if (!home)
		return err_sys(err, "find '%s'", job->home);
	stage->dir = layout_staging(home, getpid(), ticks);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		AUTO_FREE char *path = stage_path(stage, folders[i]);
		if (fs_mkdirs(path, 0711, err) < 0)
			return -1;
	}
	return 0;
}

void stage_close(struct stage *stage)
{
	int saved = errno;
	struct err ignored;

	/* What cannot be removed now is swept by the next build. */
	if (stage->dir && fs_remove_tree(stage->dir, &ignored) < 0)
		job_note(stage->job, "left behind: %s", ignored.message);
	free(stage->dir);
	stage->dir = NULL;
	errno = saved;
}

char *stage_path(const struct stage *stage, const char *name)
{
	return xasprintf("%s/%s", stage->dir, name);
}

int stage_need(const struct stage *stage, int64_t bytes, const char *what, struct err *err)
{
	uint64_t left;

	if (fs_free_bytes(stage->dir, &left, err) < 0)
		return -1;
	if (bytes <= 0 || left >= (uint64_t)bytes)
		return 0;
	err_set(err, ERR_FAILED,
	        "no space left in '%s': %s needs %" PRId64 " MiB, %" PRIu64 " MiB are free",
	        stage->job->home, what, (bytes + 1048575) / 1048576, left / 1048576);
	return err_hint(
	        err, "make room, remove a box (prov box remove), or set PROV_HOME to another disk");
}

static void add_artefact(
        struct box *box, const char *kind, const char *format, const char *digest, int64_t size)
{
	box->artefacts = xrealloc(box->artefacts, box->n_artefacts + 1, sizeof(*box->artefacts));
	box->artefacts[box->n_artefacts++] = (struct artefact){.kind = xstrdup(kind),
	        .format = xstrdup(format),
	        .digest = xstrdup(digest),
	        .size = size};
}

/* Into its place below the stage, under the name that it gets in the store. */
static int move_in(
        struct stage *stage, const char *path, const struct artefact *artefact, struct err *err)
{
	AUTO_FREE char *place = layout_artefact_in(stage->dir, artefact);

	if (rename(path, place) < 0)
		return err_sys(err, "rename '%s' to '%s'", path, place);
	return 0;
}

int stage_blob(struct stage *stage, const char *path, const char *kind, const char *format,
        struct box *box, struct err *err)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char digest[DIGEST_HEX_LEN + 1];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_FAILED, "'%s' is not a file", path);
	if (digest_fd(fd, digest, err) < 0)
		return err_wrap(err, "'%s'", path);
	/* Root's and read-only: QEMU as another user must read it, nobody may write it. */
	if (fchmod(fd, 0444) < 0 || (geteuid() == 0 && fchown(fd, 0, 0) < 0))
		return err_sys(err, "set the mode of '%s'", path);
	add_artefact(box, kind, format, digest, st.st_size);
	return move_in(stage, path, &box->artefacts[box->n_artefacts - 1], err);
}

int stage_tree(struct stage *stage, const char *path, const struct tree_sum *sum, struct box *box,
        struct err *err)
{
	add_artefact(box, "rootfs", "tree", sum->digest, sum->bytes);
	return move_in(stage, path, &box->artefacts[box->n_artefacts - 1], err);
}

/* An equal artefact that is there already has the same bytes: the new one goes with the stage. */
static int publish_artefact(
        const struct stage *stage, const struct artefact *artefact, struct err *err)
{
	AUTO_FREE char *from = layout_artefact_in(stage->dir, artefact);
	AUTO_FREE char *to = layout_artefact(stage->job->home, artefact);

	if (fs_exists(to))
		return 0;
	if (rename(from, to) < 0)
		return err_sys(err, "rename '%s' to '%s'", from, to);
	return 0;
}

/* Machines may use the artefacts of the box that had this name; its manifest keeps them until the
 * name is removed. */
static int supersede(const char *home, const struct box *box, const char *manifest, struct err *err)
{
	char digest[DIGEST_HEX_LEN + 1];

	if (!fs_exists(manifest))
		return 0;
	if (digest_file(manifest, digest, err) < 0)
		return -1;
	AUTO_FREE char *old = layout_superseded(home, box->name, digest);
	AUTO_FREE char *again = layout_superseded(home, box->name, box->digest);
	if (!str_eq(digest, box->digest) && !fs_exists(old) && link(manifest, old) < 0)
		return err_sys(err, "keep '%s' as '%s'", manifest, old);
	return fs_unlink(again, err);
}

static int write_manifest(const char *home, struct box *box, struct err *err)
{
	AUTO_FREE char *path = layout_manifest(home, box->name);
	AUTO_FREE char *dir = xasprintf("%s/boxes/%s", home, box->name);
	AUTO_STR text = {0};
	char digest[DIGEST_HEX_LEN + 1];

	manifest_write(box, &text);
	digest_bytes(str_text(&text), text.len, digest);
	free(box->digest);
	box->digest = xstrdup(digest);
	if (fs_mkdirs(dir, 0711, err) < 0 || supersede(home, box, path, err) < 0)
		return -1;
	return fs_replace(path, str_text(&text), text.len, 0644, err);
}

int stage_publish(struct stage *stage, struct box *box, struct err *err)
{
	AUTO_FD int dir = open(stage->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int lock = -1;

	if (job_go_on(stage->job, err) < 0)
		return -1;
	/* On disk before it gets a name: an entry of the store is complete or absent, after a power
	 * cut too. */
	if (dir < 0 || syncfs(dir) < 0)
		return err_sys(err, "sync '%s'", stage->dir);
	if (layout_lock(stage->job->home, &lock, err) < 0)
		return -1;
	for (size_t i = 0; i < box->n_artefacts; i++)
		if (publish_artefact(stage, &box->artefacts[i], err) < 0)
			return -1;
	return write_manifest(stage->job->home, box, err);
}
