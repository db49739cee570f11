/* A box from elsewhere: one that prov exported, the bare tar of a root file system, or a disk that
 * boots by itself. Nothing of it is believed before it was checked; the store sees it only when all
 * of it was. */
#include "base/fs.h"
#include "boxes/transfer/add.h"
#include "boxes/transfer/artefacts.h"
#include "boxes/transfer/fetch.h"
#include "boxes/transfer/ops.h"
#include "boxes/transfer/stage.h"
#include "boxes/transfer/unpack.h"
#include "boxes/transfer/whole.h"

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

#define BLOCK (128 * 1024)

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

int add_unpacked(struct add *add, struct archive *a, struct archive_entry *first, struct err *err)
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

/* --- a bare root file system --- */

/* "https://host/Alpine-3.19.tar.gz?x" is alpine-3.19. */
static char *name_of(const char *source)
{
	static const char *const endings[] = {".gz", ".xz", ".zst", ".bz2", ".lz4", ".tgz", ".txz",
	        ".tar", ".box", ".qcow2", ".raw", ".img"};
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

/* What no manifest says. The name comes first: without one nothing is unpacked. */
static int name_bare(struct add *add, struct err *err)
{
	add->box.name = add->name ? xstrdup(add->name) : name_of(add->source);
	if (box_check_name(add->box.name, err) == 0)
		return 0;
	err_wrap(err, "the file's name gives no box name");
	return err_hint(err, "give one with --name");
}

static void describe_bare(struct add *add, const char *what, const char *user)
{
	AUTO_FREE char *shown = fetch_shown(add->source);
	const char *slash = strrchr(shown, '/');
	struct utsname host;

	add->box.version = xstrdup("0");
	add->box.architecture = xstrdup(uname(&host) == 0 ? host.machine : "unknown");
	add->box.description = xasprintf("%s from %.400s", what, slash ? slash + 1 : shown);
	add->box.user = xstrdup(user);
}

static int add_bare(struct add *add, struct archive_entry *first, struct err *err)
{
	if (name_bare(add, err) < 0 || add_unpacked(add, add->outer, first, err) < 0)
		return -1;
	describe_bare(add, "root file system", "root");
	return 0;
}

/* Root logs in; `user:` of prov.yaml names another. */
static int add_disk(struct add *add, int fd, enum add_image kind, struct err *err)
{
	if (name_bare(add, err) < 0 || add_image(add, fd, kind, err) < 0)
		return -1;
	describe_bare(add, "disk", "root");
	return 0;
}

static int add_of_vagrant(struct add *add, struct archive_entry *first, struct err *err)
{
	if (name_bare(add, err) < 0 || add_vagrant(add, first, err) < 0)
		return -1;
	describe_bare(add, "Vagrant box", "vagrant");
	return 0;
}

/* --- what all have in common --- */

static int check_digest(
        int fd, const char *sha256, char digest[DIGEST_HEX_LEN + 1], struct err *err)
{
	if (digest_fd(fd, digest, err) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "seek");
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
	enum add_image image = add_image_of(fd);
	if (image != ADD_NO_IMAGE)
		return add_disk(add, fd, image, err);
	if (archive_read_open_fd(add->outer, fd, BLOCK) != ARCHIVE_OK)
		return unpack_failed(add->outer, err);
	int rc = archive_read_next_header(add->outer, &entry);
	if (rc == ARCHIVE_EOF)
		return err_set(err, ERR_FAILED, "the archive is empty");
	if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
		return unpack_failed(add->outer, err);
	const char *name = archive_entry_pathname(entry);
	if (name && str_eq(name, BOX_MANIFEST))
		return add_exported(add, entry, err);
	return add_is_vagrant(entry) ? add_of_vagrant(add, entry, err) : add_bare(add, entry, err);
}

static int add_file(
        struct add *add, const struct box_job *job, int fd, const char *sha256, struct err *err)
{
	AUTO_FREE char *shown = fetch_shown(add->source);
	void *locale = unpack_locale_begin();
	char digest[DIGEST_HEX_LEN + 1];

	add->outer = unpack_reader();
	job_stage_begin(job, &add->now, "box.digest");
	int rc = check_digest(fd, sha256, digest, err);
	if (rc == 0)
		rc = stage_open(&add->stage, job, err);
	if (rc == 0) {
		job_stage_begin(job, &add->now, "box.unpack");
		rc = take_in(add, fd, err);
	}
	/* Sums of its own are what an exported box is checked by. */
	if (rc == 0 && !sha256 && !add->wanted.name)
		rc = whole_check(job, fd, err);
	if (rc == 0) {
		job_stage_begin(job, &add->now, "box.store");
		rc = stage_publish(&add->stage, &add->box, err);
	}
	if (rc == 0 && !sha256)
		job_note(job, "sha256 %s", digest);
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

	job_stage_begin(job, &add->now, "box.download");
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
	job_stage_end(job, &add.now, rc == 0);
	box_clear(&add.wanted);
	if (rc == 0)
		*out = add.box;
	else
		box_clear(&add.box);
	return rc;
}
