#include "boxes/transfer/whole.h"

#include "base/io.h"
#include "boxes/transfer/reader.h"

#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#define BLOCK (128 * 1024)

struct gzip {
	z_stream z;
	unsigned char *in, *out;
	bool ended; /* a member is complete: what follows is another one, or padding */
};

static bool begins_member(const z_stream *z)
{
	return z->avail_in >= 2 && z->next_in[0] == 0x1f && z->next_in[1] == 0x8b;
}

/* zlib compares sum and length at the end of each member. */
static int check_block(struct gzip *g, struct err *err)
{
	while (g->z.avail_in) {
		if (g->ended && (!begins_member(&g->z) || inflateReset(&g->z) != Z_OK))
			return 0;
		g->z.next_out = g->out;
		g->z.avail_out = BLOCK;
		int rc = inflate(&g->z, Z_NO_FLUSH);
		if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
			return err_set(err, ERR_FAILED,
			        "the archive cannot be read: gzip's check sum does not fit");
		g->ended = rc == Z_STREAM_END;
	}
	return 0;
}

static int check_blocks(const struct box_job *job, struct gzip *g, int fd, struct err *err)
{
	ssize_t n;

	while ((n = io_read_full(fd, g->in, BLOCK)) > 0) {
		g->z.next_in = g->in;
		g->z.avail_in = (unsigned)n;
		if (check_block(g, err) < 0 || job_go_on(job, err) < 0)
			return -1;
	}
	if (n < 0)
		return err_sys(err, "read");
	return g->ended ? 0 : err_set(err, ERR_FAILED, "the archive cannot be read: it is cut off");
}

static int check_gzip(const struct box_job *job, int fd, struct err *err)
{
	struct gzip g = {.in = xmalloc(2 * (size_t)BLOCK)};

	g.out = g.in + BLOCK;
	if (inflateInit2(&g.z, MAX_WBITS + 16) != Z_OK)
		abort();
	int rc = check_blocks(job, &g, fd, err);
	inflateEnd(&g.z);
	free(g.in);
	return rc;
}

/* The other formats' sums are looked at by whoever reads to their end. */
static int read_to_end(
        const struct box_job *job, struct archive *a, struct archive_entry *entry, struct err *err)
{
	const void *block;
	size_t n;
	la_int64_t offset;
	int rc = archive_read_next_header(a, &entry);

	if (archive_filter_code(a, 0) == ARCHIVE_FILTER_NONE)
		return 0;
	while (rc == ARCHIVE_OK) {
		if (job_go_on(job, err) < 0)
			return -1;
		rc = archive_read_data_block(a, &block, &n, &offset);
	}
	return rc == ARCHIVE_EOF ? 0 : unpack_failed(a, err);
}

static int check_other(const struct box_job *job, int fd, struct err *err)
{
	struct archive *a = unpack_raw_reader();

	int rc = archive_read_open_fd(a, fd, BLOCK) == ARCHIVE_OK ? read_to_end(job, a, NULL, err)
	                                                          : unpack_failed(a, err);
	archive_read_free(a);
	return rc;
}

int whole_check(const struct box_job *job, int fd, struct err *err)
{
	unsigned char magic[2] = {0};

	if (pread(fd, magic, sizeof(magic), 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "read");
	bool gzip = magic[0] == 0x1f && magic[1] == 0x8b;
	return gzip ? check_gzip(job, fd, err) : check_other(job, fd, err);
}
