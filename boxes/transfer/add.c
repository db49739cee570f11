/* A box from elsewhere: one that prov exported, or the bare tar of a root file system. Nothing of
 * it is believed before it was checked; the store sees it only when all of it was. */
#include "base/fs.h"
#include "boxes/transfer/artefacts.h"
#include "boxes/transfer/fetch.h"
#include "boxes/transfer/ops.h"
#include "boxes/transfer/stage.h"
#include "boxes/transfer/unpack.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define MANIFEST_MAX (64 * 1024)
#define BLOCK        (128 * 1024)

struct add {
	struct stage stage;
	const char *source, *name; /* name NULL: from the manifest or the file's name */
	struct archive *outer;
	struct job_meter meter;
	struct box wanted; /* the manifest that came with an exported box */
	struct box box;
};

static int add_tree(struct add *add, const char *path, struct err *err)
{
	struct tree_sum sum;
	const struct artefact *wanted = box_artefact(&add->wanted, "rootfs");

	if (tree_digest(add->stage.job, path, &sum, err) < 0)
		return -1;
	if (wanted && !str_eq(wanted->digest, sum.digest))
		return err_set(err, ERR_FAILED,
		        "the rootfs has the digest %s, but its manifest says %s", sum.digest,
		        wanted->digest);
	return stage_tree(&add->stage, path, &sum, &add->box, err);
}

/* Unpacks what is left in an archive, after an entry that was read already (NULL: none). */
static int unpack_tree(
        struct add *add, struct archive *a, struct archive_entry *first, struct err *err)
{
	AUTO_FREE char *path = stage_path(&add->stage, "tree");
	struct unpack u = {.root = -1};

	if (fs_mkdirs(path, 0755, err) < 0)
		return -1;
	int rc = unpack_begin(&u, add->stage.job, path, err);
	u.meter = a == add->outer ? &add->meter : NULL;
	if (rc == 0 && first)
		rc = unpack_entry(&u, a, first, err);
	if (rc == 0)
		rc = unpack_rest(&u, a, err);
	if (rc == 0 && u.entries == 0)
		rc = err_set(err, ERR_FAILED, "the root file system is empty");
	if (rc == 0)
		rc = unpack_finish(&u, err);
	unpack_end(&u);
	return rc < 0 ? -1 : add_tree(add, path, err);
}

/* --- an exported box --- */

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

static int add_rootfs(struct add *add, const struct artefact *wanted, struct err *err)
{
	struct inner *in = xcalloc(1, sizeof(*in));
	struct archive *a = unpack_reader();

	(void)wanted;
	in->outer = add->outer;
	int rc = archive_read_open(a, in, NULL, read_inner, NULL) == ARCHIVE_OK
	        ? 0
	        : unpack_failed(a, err);
	if (rc == 0)
		rc = unpack_tree(add, a, NULL, err);
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
		return str_eq(wanted->format, "tree") ? add_rootfs(add, wanted, err)
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

static int add_exported(struct add *add, struct archive_entry *entry, struct err *err)
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

/* --- a bare root file system --- */

/* "https://host/Alpine-3.19.tar.gz?x" is alpine-3.19. */
static char *name_of(const char *source)
{
	static const char *const endings[] = {
	        ".gz", ".xz", ".zst", ".bz2", ".lz4", ".tgz", ".txz", ".tar", ".box"};
	size_t n = strstr(source, "://") ? strcspn(source, "?#") : strlen(source);
	AUTO_FREE char *path = xstrndup(source, n);
	const char *slash = strrchr(path, '/');
	char *name = xstrdup(slash ? slash + 1 : path);

	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (str_ends(name, endings[i]))
			name[strlen(name) - strlen(endings[i])] = '\0';
	return name;
}

static int add_bare(struct add *add, struct archive_entry *first, struct err *err)
{
	AUTO_FREE char *shown = fetch_shown(add->source);
	const char *slash = strrchr(shown, '/');
	struct utsname host;

	add->box.name = add->name ? xstrdup(add->name) : name_of(add->source);
	if (box_check_name(add->box.name, err) < 0) {
		err_wrap(err, "the file's name gives no box name");
		return err_hint(err, "give one with --name");
	}
	if (unpack_tree(add, add->outer, first, err) < 0)
		return -1;
	add->box.version = xstrdup("0");
	add->box.architecture = xstrdup(uname(&host) == 0 ? host.machine : "unknown");
	add->box.description = xasprintf("root file system from %.400s", slash ? slash + 1 : shown);
	add->box.user = xstrdup("root");
	return 0;
}

/* --- what both have in common --- */

static int check_digest(int fd, const char *sha256, const struct box_job *job, struct err *err)
{
	char digest[DIGEST_HEX_LEN + 1];

	if (digest_fd(fd, digest, err) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "seek");
	if (!sha256)
		job_note(job, "sha256 %s", digest);
	if (!sha256 || strcasecmp(digest, sha256) == 0)
		return 0;
	return err_set(err, ERR_FAILED, "wrong digest: the file has the sha256 %s, wanted is %s",
	        digest, sha256);
}

static int take_in(struct add *add, int fd, struct err *err)
{
	struct archive_entry *entry;
	struct stat st;

	add->meter =
	        (struct job_meter){.what = "unpack", .total = fstat(fd, &st) == 0 ? st.st_size : 0};
	if (archive_read_open_fd(add->outer, fd, BLOCK) != ARCHIVE_OK)
		return unpack_failed(add->outer, err);
	int rc = archive_read_next_header(add->outer, &entry);
	if (rc == ARCHIVE_EOF)
		return err_set(err, ERR_FAILED, "the archive is empty");
	if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
		return unpack_failed(add->outer, err);
	const char *name = archive_entry_pathname(entry);
	return name && str_eq(name, BOX_MANIFEST) ? add_exported(add, entry, err)
	                                          : add_bare(add, entry, err);
}

static int add_file(
        struct add *add, const struct box_job *job, int fd, const char *sha256, struct err *err)
{
	AUTO_FREE char *shown = fetch_shown(add->source);
	void *locale = unpack_locale_begin();

	add->outer = unpack_reader();
	int rc = check_digest(fd, sha256, job, err);
	if (rc == 0)
		rc = stage_open(&add->stage, job, err);
	if (rc == 0)
		rc = take_in(add, fd, err);
	if (rc == 0)
		rc = stage_publish(&add->stage, &add->box, err);
	archive_read_free(add->outer);
	stage_close(&add->stage);
	unpack_locale_end(locale);
	return rc < 0 && err && err->kind != ERR_INTERRUPTED ? err_wrap(err, "'%s'", shown) : rc;
}

/* A path, also written as file:///path. */
static int open_local(const char *source, struct err *err)
{
	char *path = str_starts(source, "file://") ? curl_easy_unescape(NULL, source + 7, 0, NULL)
	                                           : NULL;
	int fd = open(path ? path : source, O_RDONLY | O_CLOEXEC);
	struct stat st;

	curl_free(path);
	if (fd < 0)
		return err_sys(err, "open '%s'", source);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		util_close_fd(&fd);
		return err_set(err, ERR_FAILED, "'%s' is not a file", source);
	}
	return fd;
}

static int add_url(struct add *add, const struct box_job *job, const char *sha256, struct err *err)
{
	struct fetched f = {.lock = -1};

	if (fetch_url(job, add->source, &f, err) < 0)
		return -1;
	int rc = lseek(f.lock, 0, SEEK_SET) < 0 ? err_sys(err, "seek")
	                                        : add_file(add, job, f.lock, sha256, err);
	/* Kept only where another try can use it: the next one would otherwise begin with what
	 * failed now. */
	if (rc < 0 && err && (err->kind == ERR_INTERRUPTED || err->sys_errno == ENOSPC))
		fetch_close(&f);
	else
		fetch_discard(&f);
	return rc;
}

static int add_from(struct add *add, const struct box_job *job, const char *sha256, struct err *err)
{
	const char *scheme = strstr(add->source, "://");

	if (scheme &&
	        (strncasecmp(add->source, "http://", 7) == 0 ||
	                strncasecmp(add->source, "https://", 8) == 0))
		return add_url(add, job, sha256, err);
	if (scheme && !str_starts(add->source, "file://") && !fs_exists(add->source))
		return err_set(err, ERR_USAGE,
		        "'%.*s' is not supported: http, https, file or a path",
		        (int)(scheme - add->source), add->source);
	AUTO_FD int fd = open_local(add->source, err);
	return fd < 0 ? -1 : add_file(add, job, fd, sha256, err);
}

static bool is_sha256(const char *text)
{
	return strlen(text) == DIGEST_HEX_LEN &&
	        strspn(text, "0123456789abcdefABCDEF") == DIGEST_HEX_LEN;
}

int box_add(const struct box_job *job, const char *source, const char *name, const char *sha256,
        struct box *out, struct err *err)
{
	struct add add = {.source = source, .name = name};

	if (name && box_check_name(name, err) < 0)
		return -1;
	if (sha256 && !is_sha256(sha256))
		return err_set(
		        err, ERR_USAGE, "'%s' is not a sha256: 64 hexadecimal digits", sha256);
	int rc = add_from(&add, job, sha256, err);
	box_clear(&add.wanted);
	if (rc == 0)
		*out = add.box;
	else
		box_clear(&add.box);
	return rc;
}
