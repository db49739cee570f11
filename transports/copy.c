#include "transports/copy.h"

#include "base/fs.h"
#include "base/io.h"
#include "base/proc.h"
#include "transports/pipe_tar.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REMOTE_MISSING 44 /* exit status of the scripts below; no tool of theirs uses it */

/* $1 destination, $2 temporary name, $3 size, $4 owner, $5 mode. A lost connection looks like the
 * end of the file, hence the size; whoever else may write in that folder may have a link of that
 * name there, hence -C. */
static const char put_file_script[] =
        "set -e; umask 022; mkdir -p \"${1%/*}/\"\n"
        "if [ -d \"$1\" ]; then echo \"'$1' is a folder\" >&2; exit 1; fi\n"
        "trap 'rm -f \"$2\"' EXIT; umask 077; set -C; cat >\"$2\"\n"
        "if [ \"$(wc -c <\"$2\")\" -ne \"$3\" ]; then echo 'it changed, or was cut short' >&2; "
        "exit 1; fi\n"
        "chown \"$4\" \"$2\"; chmod \"$5\" \"$2\"; mv -f \"$2\" \"$1\"";

/* $1 destination. A folder that is there keeps its own mode and owner. */
static const char put_tree_script[] =
        "set -e; umask 022; had=; if [ -d \"$1\" ]; then had=$(stat -c '%a %u:%g' \"$1\"); fi\n"
        "mkdir -p \"$1\"; cd \"$1\"; tar -xpf -\n"
        "if [ -n \"$had\" ]; then chown \"${had#* }\" .; chmod \"${had%% *}\" .; fi";

/* $1 owner as chown takes it: its numbers. */
static const char owner_script[] = "set -e; f=$(mktemp); trap 'rm -f \"$f\"' EXIT\n"
                                   "chown \"$1\" \"$f\"; stat -c '%u %g' \"$f\"";

static const char kind_script[] = "if [ -d \"$1\" ]; then echo d\n"
                                  "elif [ -f \"$1\" ]; then stat -L -c 'f %a' \"$1\"\n"
                                  "elif [ -e \"$1\" ]; then echo o\n"
                                  "else exit 44; fi";

struct remote {
	struct transport *t;
	const volatile int *stop;
	struct str said[2]; /* of standard output and error, as far as they are kept */
	int out_fd;         /* where standard output goes; -1: kept */
	int out_errno;
};

static void keep(void *ctx, int stream, const char *data, size_t n)
{
	struct remote *r = ctx;
	struct str *to = &r->said[stream - 1];
	struct err err;

	if (stream == 1 && r->out_fd >= 0) {
		if (!r->out_errno && io_write_all(r->out_fd, data, n, &err) < 0)
			r->out_errno = err.sys_errno;
		return;
	}
	if (to->len < 4096)
		str_addn(to, data, n > 4096 ? 4096 : n);
}

static void remote_clear(struct remote *r)
{
	str_clear(&r->said[0]);
	str_clear(&r->said[1]);
}

/* Runs argv as root and judges: what it printed on standard error becomes the message. */
static int remote_run(struct remote *r, const char *const argv[], int in_fd, struct err *err)
{
	struct transport_cmd cmd = {.argv = argv,
	        .cwd = "/",
	        .in_fd = in_fd,
	        .out_fd = -1,
	        .err_fd = -1,
	        .output = keep,
	        .ctx = r,
	        .stop = r->stop};
	int status;

	if (r->t->ops->run(r->t, &cmd, &status, err) < 0)
		return -1;
	if (r->out_errno) {
		errno = r->out_errno;
		return err_sys(err, "write what the machine sent");
	}
	if (status == 0)
		return 0;
	const char *said = str_text(&r->said[1]);
	int line = (int)strcspn(said, "\n");
	if (status == REMOTE_MISSING)
		return err_set(err, ERR_MISSING, "there is no such file in the machine");
	if (line)
		return err_set(err, ERR_FAILED, "%.*s", line > 600 ? 600 : line, said);
	AUTO_FREE char *code = proc_code_text(status);
	return err_set(err, ERR_FAILED, "'%s' in the machine exited with %s", argv[0], code);
}

/* "user" alone means its login group too, as in `chown user:`; a number has none. */
static char *owner_spec(const char *owner)
{
	if (!owner)
		return xstrdup("0:0");
	if (strchr(owner, ':') || isdigit((unsigned char)*owner))
		return xstrdup(owner);
	return xasprintf("%s:", owner);
}

static int put_file(struct remote *r, const struct transport_file *file, int fd,
        const struct stat *st, struct err *err)
{
	AUTO_FREE char *owner = owner_spec(file->owner);
	AUTO_FREE char *tmp = xasprintf("%s.prov-%d", file->destination, getpid());
	char size[24], mode[8];

	snprintf(size, sizeof(size), "%lld", (long long)st->st_size);
	snprintf(mode, sizeof(mode), "%04o",
	        (unsigned)(file->mode >= 0 ? file->mode : (int)st->st_mode) & 07777u);
	const char *const argv[] = {
	        "sh", "-c", put_file_script, "sh", file->destination, tmp, size, owner, mode, NULL};
	return remote_run(r, argv, fd, err);
}

/* The numbers that owner has in the machine, as host tar takes them. */
static int resolve_owner(
        struct remote *r, const char *owner, char uid[16], char gid[16], struct err *err)
{
	AUTO_FREE char *spec = owner_spec(owner);
	const char *const argv[] = {"sh", "-c", owner_script, "sh", spec, NULL};

	if (!owner) {
		strcpy(uid, "0");
		strcpy(gid, "0");
		return 0;
	}
	if (remote_run(r, argv, -1, err) < 0)
		return -1;
	if (sscanf(str_text(&r->said[0]), "%15s %15s", uid, gid) != 2)
		return err_set(
		        err, ERR_FAILED, "cannot tell the numbers of '%s' in the machine", owner);
	return 0;
}

/* What a folder holds beside files, folders and links. Which of them tar could make in the machine
 * depends on the machine's kind, so none of them goes there. */
static int find_special(int folder, struct strv *out, struct err *err)
{
	AUTO_FREE char *top = xasprintf("/proc/self/fd/%d/.", folder);
	char *roots[] = {top, NULL};
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);

	if (!walk)
		return err_sys(err, "read the folder");
	for (FTSENT *at; (at = fts_read(walk));)
		if (at->fts_info == FTS_DEFAULT)
			strv_add(out, at->fts_path + strlen(top) + 1);
	fts_close(walk);
	return 0;
}

static int put_tree(
        struct remote *r, const struct transport_file *file, int folder, struct err *err)
{
	const char *const argv[] = {"sh", "-c", put_tree_script, "sh", file->destination, NULL};
	char uid[16], gid[16];
	struct pipe_tar tar;
	struct err packed = {0};
	AUTO_STRV special = {0};

	if (resolve_owner(r, file->owner, uid, gid, err) < 0 ||
	        find_special(folder, &special, err) < 0 ||
	        pipe_tar_pack(&tar, folder, &special, uid, gid, err) < 0)
		return -1;
	for (size_t i = 0; file->skipped && i < special.n; i++)
		strv_add(file->skipped, special.v[i]);
	int rc = remote_run(r, argv, tar.fd, err);
	/* Where both ends fail, the end of the host is the cause: the other one only misses data.
	 */
	if (pipe_tar_end(&tar, rc < 0, &packed) < 0) {
		if (err)
			*err = packed;
		return -1;
	}
	return rc;
}

int copy_put(struct transport *t, const struct transport_file *file, const volatile int *stop,
        struct err *err)
{
	struct remote r = {.t = t, .stop = stop, .out_fd = -1};
	AUTO_FD int fd = open(file->source,
	        O_RDONLY | O_CLOEXEC | O_NONBLOCK | (file->no_follow ? O_NOFOLLOW : 0));
	struct stat st;
	int rc;

	if (fd < 0 && errno == ELOOP && file->no_follow)
		return err_set(err, ERR_FAILED, "'%s' is a symbolic link", file->source);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "open '%s'", file->source);
	if (S_ISDIR(st.st_mode))
		rc = put_tree(&r, file, fd, err);
	else if (S_ISREG(st.st_mode))
		rc = put_file(&r, file, fd, &st, err);
	else
		return err_set(
		        err, ERR_FAILED, "'%s' is neither a file nor a folder", file->source);
	remote_clear(&r);
	return rc < 0 ? err_wrap(err, "copy '%s' to '%s'", file->source, file->destination) : 0;
}

/* The folder is opened once: who swaps a part of its path meanwhile does not move the file. */
static int open_parent(const char *path, const char **name, struct err *err)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *parent = !slash ? xstrdup(".")
	        : slash == path         ? xstrdup("/")
	                                : xstrndup(path, (size_t)(slash - path));

	*name = slash ? slash + 1 : path;
	if (fs_mkdirs(parent, 0755, err) < 0)
		return -1;
	int fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "open folder '%s'", parent) : fd;
}

static int get_file(
        struct remote *r, const struct transport_file *file, mode_t mode, struct err *err)
{
	const char *const argv[] = {"cat", file->source, NULL};
	const char *name;
	struct stat st;
	AUTO_FD int dir = open_parent(file->destination, &name, err);

	if (dir < 0)
		return -1;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return err_set(err, ERR_FAILED, "'%s' is a folder", file->destination);
	AUTO_FREE char *tmp = xasprintf("%s.prov-%d", name, getpid());
	AUTO_FD int fd =
	        openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "create a file beside '%s'", file->destination);
	r->out_fd = fd;
	int rc = remote_run(r, argv, -1, err);
	if (rc == 0 &&
	        (fchmod(fd, file->mode >= 0 ? (mode_t)file->mode : mode & 0777) < 0 ||
	                renameat(dir, tmp, dir, name) < 0))
		rc = err_sys(err, "write '%s'", file->destination);
	if (rc < 0)
		unlinkat(dir, tmp, 0);
	return rc;
}

static int get_tree(struct remote *r, const struct transport_file *file, struct err *err)
{
	const char *const argv[] = {"tar", "-C", file->source, "-cf", "-", ".", NULL};
	struct pipe_tar tar;
	struct err unpacked = {0};

	if (fs_mkdirs(file->destination, 0755, err) < 0)
		return -1;
	AUTO_FD int folder = open(file->destination, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return err_sys(err, "open folder '%s'", file->destination);
	if (pipe_tar_unpack(&tar, folder, err) < 0)
		return -1;
	r->out_fd = tar.fd;
	int rc = remote_run(r, argv, -1, err);
	if (pipe_tar_end(&tar, rc < 0 && !r->out_errno, &unpacked) < 0) {
		if (err)
			*err = unpacked;
		return -1;
	}
	return rc;
}

static int get_any(struct remote *r, const struct transport_file *file, struct err *err)
{
	const char *const argv[] = {"sh", "-c", kind_script, "sh", file->source, NULL};
	unsigned mode = 0644;

	if (remote_run(r, argv, -1, err) < 0)
		return -1;
	const char *kind = str_text(&r->said[0]);
	if (*kind == 'd')
		return get_tree(r, file, err);
	if (*kind != 'f' || sscanf(kind, "f %o", &mode) != 1)
		return err_set(err, ERR_FAILED, "it is neither a file nor a folder");
	return get_file(r, file, mode, err);
}

int copy_get(struct transport *t, const struct transport_file *file, const volatile int *stop,
        struct err *err)
{
	struct remote r = {.t = t, .stop = stop, .out_fd = -1};
	int rc = get_any(&r, file, err);

	remote_clear(&r);
	return rc < 0
	        ? err_wrap(err, "copy '%s' of the machine to '%s'", file->source, file->destination)
	        : 0;
}
