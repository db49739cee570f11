/* A box that prov exported: its manifest comes first, and every part behind it is checked against
 * it as it arrives. */
#include "base/io.h"
#include "boxes/transfer/add.h"
#include "boxes/transfer/artefacts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define MANIFEST_MAX (64 * 1024)
#define BLOCK        (128 * 1024)

struct inner {
	struct archive *outer;
	char block[BLOCK];
};

static la_ssize_t read_inner(struct archive *a, void *ctx, const void **block)
{
	struct inner *in = ctx;
	la_ssize_t n = archive_read_data(in->outer, in->block, sizeof(in->block));

	if (n < 0)
		archive_set_error(a, EIO, "%s", archive_error_string(in->outer));
	*block = in->block;
	return n < 0 ? -1 : n;
}

static int add_rootfs(struct add *add, struct err *err)
{
	struct inner *in = xcalloc(1, sizeof(*in));
	struct archive *a = unpack_reader();

	in->outer = add->outer;
	int rc = archive_read_open(a, in, NULL, read_inner, NULL) == ARCHIVE_OK
	        ? 0
	        : unpack_failed(a, err);
	if (rc == 0)
		rc = add_unpacked(add, a, NULL, err);
	archive_read_free(a);
	free(in);
	return rc;
}

static int copy_member(struct add *add, int fd, int64_t size, struct err *err)
{
	AUTO_FREE char *block = xmalloc(BLOCK);
	int64_t got = 0;
	la_ssize_t n;

	while ((n = archive_read_data(add->outer, block, BLOCK)) > 0) {
		got += n;
		if (got > size)
			return err_set(err, ERR_FAILED,
			        "it is larger than the %lld bytes of its manifest",
			        (long long)size);
		if (io_write_all(fd, block, (size_t)n, err) < 0 ||
		        job_go_on(add->stage.job, err) < 0)
			return -1;
		job_advance(add->stage.job, &add->meter,
		        archive_filter_bytes(add->outer, -1) - add->meter.done);
	}
	if (n < 0)
		return unpack_failed(add->outer, err);
	return got == size
	        ? 0
	        : err_set(err, ERR_FAILED, "it has %lld bytes, but its manifest says %lld",
	                  (long long)got, (long long)size);
}

static int add_blob(struct add *add, const struct artefact *wanted, struct err *err)
{
	AUTO_FREE char *path = stage_path(&add->stage, wanted->kind);
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(err, "create '%s'", path);
	if (copy_member(add, fd, wanted->size, err) < 0)
		return err_wrap(err, "the %s", wanted->kind);
	if (str_eq(wanted->kind, "disk") && qcow2_check(path, err) < 0)
		return -1;
	if (stage_blob(&add->stage, path, wanted->kind, wanted->format, &add->box, err) < 0)
		return -1;
	const char *digest = box_artefact(&add->box, wanted->kind)->digest;
	if (!str_eq(digest, wanted->digest))
		return err_set(err, ERR_FAILED,
		        "the %s has the sha256 %s, but its manifest says %s", wanted->kind, digest,
		        wanted->digest);
	return 0;
}

static int add_member(struct add *add, const char *name, struct err *err)
{
	AUTO_STR shown = {0};

	for (size_t i = 0; i < N_MEMBERS; i++) {
		const struct artefact *wanted = box_artefact(&add->wanted, box_members[i].kind);
		if (!wanted || !str_eq(name, box_members[i].name))
			continue;
		if (box_artefact(&add->box, wanted->kind))
			return err_set(err, ERR_FAILED, "'%s' is in the box twice", name);
		return str_eq(wanted->format, "tree") ? add_rootfs(add, err)
		                                      : add_blob(add, wanted, err);
	}
	str_add_escaped(&shown, name, strnlen(name, 200));
	return err_set(
	        err, ERR_FAILED, "'%s' is not what the box's manifest lists", str_text(&shown));
}

static int read_manifest(struct add *add, struct archive_entry *entry, struct err *err)
{
	AUTO_FREE char *text = xmalloc(MANIFEST_MAX);
	la_ssize_t n = archive_entry_size(entry) > MANIFEST_MAX
	        ? MANIFEST_MAX + 1
	        : archive_read_data(add->outer, text, MANIFEST_MAX);
	struct utsname host;

	if (n > MANIFEST_MAX)
		return err_set(err, ERR_FAILED, "the box's manifest is larger than %d bytes",
		        MANIFEST_MAX);
	if (n < 0)
		return unpack_failed(add->outer, err);
	if (manifest_read(text, (size_t)n, &add->wanted, err) < 0)
		return -1;
	if (uname(&host) == 0 && !str_eq(host.machine, add->wanted.architecture))
		return err_set(err, ERR_FAILED, "the box is for %s, this machine is %s",
		        add->wanted.architecture, host.machine);
	return stage_need(&add->stage, box_size(&add->wanted), add->wanted.name, err);
}

/* In the order of the manifest, so that an unchanged box keeps its digest. */
static int complete(struct add *add, struct err *err)
{
	struct artefact *sorted = xcalloc(add->wanted.n_artefacts, sizeof(*sorted));
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < add->wanted.n_artefacts; i++) {
		const struct artefact *got = box_artefact(&add->box, add->wanted.artefacts[i].kind);
		if (got)
			sorted[n++] = *got;
		else
			rc = err_set(err, ERR_FAILED, "the %s is missing from the box",
			        add->wanted.artefacts[i].kind);
	}
	if (rc < 0) {
		free(sorted);
		return -1;
	}
	free(add->box.artefacts);
	add->box.artefacts = sorted;
	return 0;
}

int add_exported(struct add *add, struct archive_entry *entry, struct err *err)
{
	const struct box *w = &add->wanted;
	int rc;

	if (read_manifest(add, entry, err) < 0)
		return -1;
	while ((rc = archive_read_next_header(add->outer, &entry)) == ARCHIVE_OK ||
	        rc == ARCHIVE_WARN) {
		const char *name = archive_entry_pathname(entry);
		if (archive_entry_filetype(entry) != S_IFREG || !name)
			return err_set(
			        err, ERR_FAILED, "the box holds something that is not a file");
		if (add_member(add, name, err) < 0)
			return -1;
	}
	if (rc != ARCHIVE_EOF)
		return unpack_failed(add->outer, err);
	if (complete(add, err) < 0)
		return -1;
	add->box.name = xstrdup(add->name ? add->name : w->name);
	add->box.version = xstrdup(w->version);
	add->box.architecture = xstrdup(w->architecture);
	add->box.description = xstrdup(w->description);
	add->box.cmdline = xstrdup(w->cmdline);
	add->box.user = xstrdup(w->user);
	add->box.created = w->created;
	return 0;
}
