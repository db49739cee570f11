/*
 * Probes of the disk, in a folder that is given: with O_DIRECT where the file system has it, so
 * that the machine's own page cache does not answer (the host's may still, behind a VM's disk).
 * Where it has not, the note says what was done instead.
 */
#pragma once

#include "guest/probe_measure.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/statfs.h>

#define CHUNK    (1 << 20)
#define FILE_MAX 32L /* chunks */
#define SMALL    4096L
#define SETUP_NS 1500000000LL

struct disk {
	const char *id;
	char path[PATH_MAX];
	int fd;
	int direct;  /* O_DIRECT, or 0 where it is refused */
	long chunks; /* of the file that is read */
	char *buf;   /* CHUNK bytes, aligned */
	uint64_t seed;
};

static const char *fs_name(const char *dir)
{
	static const struct {
		long type;
		const char *name;
	} names[] = {{0xef53, "ext4"}, {0x01021994, "tmpfs"}, {0x794c7630, "overlayfs"},
	        {0x58465342, "xfs"}, {0x9123683e, "btrfs"}, {0x6969, "nfs"}, {0x65735546, "fuse"},
	        {0x2fc12fc1, "zfs"}, {0xf2f52010, "f2fs"}, {0x858458f6, "ramfs"}};
	struct statfs st;

	if (statfs(dir, &st) < 0)
		return "unknown";
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if ((long)(unsigned)st.f_type == names[i].type)
			return names[i].name;
	return "another file system";
}

/* A new file that has no name any more: killed at any time, the probe leaves nothing behind. */
static int new_file(const struct disk *d)
{
	int fd = open(d->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | d->direct, 0600);
	int why = errno;

	/* Where O_DIRECT is refused the file may have been made all the same. */
	if (fd >= 0 || why == EINVAL)
		unlink(d->path);
	errno = why;
	return fd;
}

static int disk_open(struct disk *d, const struct probe_env *env, const char *id)
{
	*d = (struct disk){.id = id, .fd = -1, .direct = O_DIRECT, .seed = 88172645463325252u};
	snprintf(d->path, sizeof(d->path), "%s/prov-probe.%d.data", env->dir, (int)getpid());
	if (posix_memalign((void **)&d->buf, 4096, CHUNK) != 0)
		return failed(id, "memory");
	for (size_t i = 0; i < CHUNK; i++)
		d->buf[i] = (char)(i * 31 + i / 4096);
	d->fd = new_file(d);
	if (d->fd < 0 && errno == EINVAL) {
		d->direct = 0;
		d->fd = new_file(d);
	}
	return d->fd < 0 ? failed(id, "open '%s'", d->path) : 0;
}

static void disk_close(struct disk *d)
{
	if (d->fd >= 0)
		close(d->fd);
	free(d->buf);
}

/* --- create, fsync, unlink --- */

static int batch_fsync(void *ctx, long n, int64_t *ns)
{
	const struct disk *d = ctx;
	int64_t begun = now_ns();

	for (long i = 0; i < n; i++) {
		int fd = open(d->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0)
			return -1;
		bool written = write(fd, d->buf, SMALL) == SMALL && fsync(fd) == 0;
		close(fd);
		if (!written || unlink(d->path) < 0)
			return -1;
	}
	*ns = now_ns() - begun;
	return 0;
}

static int probe_fsync(const struct probe_env *env)
{
	struct disk d;
	struct measure m = {.id = "probe.fsync", .unit = "ns", .batch = batch_fsync, .ctx = &d};

	if (disk_open(&d, env, m.id) != 0)
		return 1;
	int status = measure(env, &m);
	unlink(d.path); /* where a batch stopped in the middle */
	disk_close(&d);
	return status;
}

/* --- sequential --- */

/* A new file for each batch: all of it is allocated, none of it overwritten. */
static int batch_seqwrite(void *ctx, long n, int64_t *ns)
{
	struct disk *d = ctx;

	close(d->fd);
	d->fd = new_file(d);
	if (d->fd < 0)
		return -1;
	int64_t begun = now_ns();
	for (long i = 0; i < n; i++) {
		ssize_t put = pwrite(d->fd, d->buf, CHUNK, i * CHUNK);
		if (put == CHUNK)
			continue;
		if (put >= 0)
			errno = ENOSPC;
		return -1;
	}
	if (fdatasync(d->fd) < 0)
		return -1;
	*ns = now_ns() - begun;
	return 0;
}

static int probe_seqwrite(const struct probe_env *env)
{
	struct disk d;
	struct measure m = {.id = "probe.seqwrite",
	        .unit = "MiB/s",
	        .per_op = 1,
	        .max_batch = FILE_MAX,
	        .batch = batch_seqwrite,
	        .ctx = &d};

	if (disk_open(&d, env, m.id) != 0)
		return 1;
	if (!d.direct)
		note(m.id, "%s refuses O_DIRECT: through the page cache, then fdatasync",
		        fs_name(env->dir));
	int status = measure(env, &m);
	disk_close(&d);
	return status;
}

/* What is read: up to 32 MiB, less where writing takes long. */
static int fill_file(struct disk *d, const struct probe_env *env)
{
	int64_t until = now_ns() + (env->quick ? SETUP_NS / 10 : SETUP_NS);

	for (d->chunks = 0; d->chunks < FILE_MAX; d->chunks++) {
		if (d->chunks > 0 && now_ns() > until)
			break;
		if (pwrite(d->fd, d->buf, CHUNK, d->chunks * CHUNK) != CHUNK)
			return failed(d->id, "write of the file to read");
	}
	if (fsync(d->fd) < 0)
		return failed(d->id, "fsync of the file to read");
	return 0;
}

static void drop_cached(const struct disk *d)
{
	if (!d->direct)
		posix_fadvise(d->fd, 0, 0, POSIX_FADV_DONTNEED);
}

static int batch_seqread(void *ctx, long n, int64_t *ns)
{
	struct disk *d = ctx;

	drop_cached(d);
	int64_t begun = now_ns();
	for (long i = 0; i < n; i++)
		if (pread(d->fd, d->buf, CHUNK, i % d->chunks * CHUNK) != CHUNK)
			return -1;
	*ns = now_ns() - begun;
	return 0;
}

/* xorshift64 (Marsaglia): the same places in every run. */
static long random_block(struct disk *d)
{
	d->seed ^= d->seed << 13;
	d->seed ^= d->seed >> 7;
	d->seed ^= d->seed << 17;
	return (long)(d->seed % (uint64_t)(d->chunks * (CHUNK / SMALL)));
}

static int batch_randread(void *ctx, long n, int64_t *ns)
{
	struct disk *d = ctx;

	drop_cached(d);
	int64_t begun = now_ns();
	for (long i = 0; i < n; i++)
		if (pread(d->fd, d->buf, SMALL, random_block(d) * SMALL) != SMALL)
			return -1;
	*ns = now_ns() - begun;
	return 0;
}

static int measure_read(const struct probe_env *env, struct measure m)
{
	struct disk d;

	if (disk_open(&d, env, m.id) != 0)
		return 1;
	m.ctx = &d;
	int status = fill_file(&d, env);
	if (status == 0) {
		if (!d.direct)
			note(m.id,
			        "%s refuses O_DIRECT: the file's cached pages are dropped before",
			        fs_name(env->dir));
		if (d.chunks < FILE_MAX)
			note(m.id, "a file of %ld MiB only, as writing it is slow", d.chunks);
		if (m.per_op > 0)
			m.max_batch = d.chunks;
		status = measure(env, &m);
	}
	disk_close(&d);
	return status;
}

static int probe_seqread(const struct probe_env *env)
{
	struct measure m = {
	        .id = "probe.seqread", .unit = "MiB/s", .per_op = 1, .batch = batch_seqread};

	return measure_read(env, m);
}

static int probe_randread(const struct probe_env *env)
{
	struct measure m = {.id = "probe.randread", .unit = "ns", .batch = batch_randread};

	return measure_read(env, m);
}
