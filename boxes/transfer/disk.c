#include "boxes/transfer/disk.h"

#include "base/fs.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MIB         ((int64_t)1048576)
#define FIRST_INODE 11 /* lost+found; the tree's own come behind it */

/* Spelt out instead of taken from the host's mke2fs.conf: the same on every host, known to
 * Linux 4.x and later. */
#define FEATURES                                                                                 \
	"none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_" \
	"super,"                                                                                 \
	"large_file,huge_file,dir_nlink,extra_isize,metadata_csum"

/* This process's environment with two settings on top. */
static void tool_env(int64_t epoch, struct strv *out)
{
	const char *path = getenv("PATH");

	strv_addf(out, "PATH=%s:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin");
	strv_add(out, "LC_ALL=C");
	strv_add(out, "MKE2FS_CONFIG=/dev/null");
	strv_addf(out, "E2FSPROGS_FAKE_TIME=%" PRId64, epoch);
}

static int make_file(const char *path, int64_t size, struct err *err)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, size) < 0)
		return err_sys(err, "create '%s'", path);
	return 0;
}

static int make_ext4(
        const struct stage *stage, const struct disk_plan *plan, const char *raw, struct err *err)
{
	AUTO_STRV env = {0};
	/* An id that follows from the content, so that it is the same every time. */
	AUTO_FREE char *uuid =
	        xasprintf("%.8s-%.4s-4%.3s-8%.3s-%.12s", plan->sum->digest, plan->sum->digest + 8,
	                plan->sum->digest + 12, plan->sum->digest + 15, plan->sum->digest + 18);
	AUTO_FREE char *extended = xasprintf(
	        "hash_seed=%s,root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0,nodiscard",
	        uuid);
	const char *argv[] = {"mke2fs", "-q", "-F", "-t", "ext4", "-O", FEATURES, "-b", "4096",
	        "-I", "256", "-i", "16384", "-m", "0", "-L", "root", "-U", uuid, "-E", extended,
	        "-d", plan->tree, raw, NULL};

	tool_env(plan->epoch, &env);
	return job_run(stage->job,
	        &(struct job_tool){.argv = argv, .env = (const char *const *)env.v}, stage->dir,
	        err);
}

/* mke2fs copies the change times of the tree, which nobody can set there: set them in the image. */
static int settle_ext4(
        const struct stage *stage, const struct disk_plan *plan, const char *raw, struct err *err)
{
	AUTO_FREE char *script = stage_path(stage, "ctime");
	AUTO_STR text = {0};
	AUTO_STRV env = {0};
	const char *argv[] = {"debugfs", "-w", "-f", script, raw, NULL};

	str_addf(&text, "sif <2> ctime @%" PRId64 "\n", plan->epoch);
	for (int64_t i = FIRST_INODE; i < FIRST_INODE + plan->sum->inodes; i++)
		str_addf(&text, "sif <%" PRId64 "> ctime @%" PRId64 "\n", i, plan->epoch);
	if (fs_replace(script, str_text(&text), text.len, 0600, err) < 0)
		return -1;
	tool_env(plan->epoch, &env);
	int rc = job_run(stage->job,
	        &(struct job_tool){.argv = argv, .env = (const char *const *)env.v}, stage->dir,
	        err);
	unlink(script);
	return rc;
}

int disk_make(
        const struct stage *stage, const struct disk_plan *plan, const char *path, struct err *err)
{
	AUTO_FREE char *raw = stage_path(stage, "disk.raw");
	const char *argv[] = {
	        "qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", raw, path, NULL};
	/* A tree that outgrew its recipe's size still fits: inodes and block ends cost about a
	 * quarter. */
	int64_t least =
	        plan->sum->bytes + plan->sum->bytes / 4 + plan->sum->inodes * 4096 + 16 * MIB;
	int64_t size = plan->size > least ? plan->size : (least + MIB - 1) / MIB * MIB;

	if (make_file(raw, size, err) < 0 || make_ext4(stage, plan, raw, err) < 0 ||
	        settle_ext4(stage, plan, raw, err) < 0)
		return -1;
	int rc = job_run(stage->job, &(struct job_tool){.argv = argv}, stage->dir, err);
	unlink(raw);
	return rc;
}
