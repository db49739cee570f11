/* A folder of the host copied into a machine: a list of what is there, compared with the one of the
 * last time, and a tar of the difference. */
#include "provisioners/folders.h"

#include "base/io.h"
#include "base/proc.h"
#include "provisioners/tar_write.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_HEX 16

/* $1 folder, $2 user:group as chown takes it, $3 mode or nothing. */
static const char prepare_script[] =
        "set -e; umask 022; mkdir -p \"$1\"; chown \"$2\" \"$1\"\n"
        "[ -z \"$3\" ] || chmod \"$3\" \"$1\"; stat -L -c '%u %g' \"$1\"";
/* Files first, then the folders that are empty by then: what the machine has put in them stays. */
static const char delete_script[] =
        "set -e; cd \"$1\"; xargs -0 -n 100 sh -c 'for p do if [ -d \"$p\" ] && [ ! -L \"$p\" ]; "
        "then rmdir \"$p\" 2>/dev/null || :; else rm -f \"$p\"; fi; done' sh";
static const char unpack_script[] = "set -e; umask 022; cd \"$1\"; exec tar -xpf -";

/* script with the folder and more arguments, as root. out: what it printed. */
static int run_script(const struct folder_copy *c, const char *script, const char *owner,
        const char *mode, int in_fd, struct str *out, struct err *err)
{
	const char *const argv[] = {
	        "/bin/sh", "-c", script, "sh", c->folder->guest, owner, mode, NULL};
	AUTO_STR errors = {0}, shown = {0};
	const struct transport_cmd cmd = {
	        .argv = argv, .cwd = "/", .in_fd = in_fd, .stop = c->stop};

	int status = transport_ask(c->transport, &cmd, out, &errors, err);
	if (status <= 0)
		return status;
	str_add_escaped(&shown, str_text(&errors), strcspn(str_text(&errors), "\n"));
	AUTO_FREE char *code = proc_code_text(status);
	return err_set(err, ERR_FAILED, "in the machine: %s (exit code %s)",
	        shown.len ? str_text(&shown) : "it failed", code);
}

static int prepare(
        const struct folder_copy *c, bool roots, uint32_t *uid, uint32_t *gid, struct err *err)
{
	const struct folder_use *f = c->folder;
	const char *user = f->owner ? f->owner : roots ? "root" : c->spec->user;
	AUTO_FREE char *owner = xasprintf("%s:%s", user, f->group ? f->group : "");
	AUTO_FREE char *mode = f->mode < 0 ? xstrdup("") : xasprintf("%o", (unsigned)f->mode);
	AUTO_STR said = {0};

	if (run_script(c, prepare_script, owner, mode, -1, &said, err) < 0)
		return -1;
	if (sscanf(str_text(&said), "%u %u", uid, gid) != 2)
		return err_set(err, ERR_FAILED, "the machine does not tell the ids of '%s'", user);
	return 0;
}

static int delete_gone(const struct folder_copy *c, const struct tree_list *gone, struct err *err)
{
	AUTO_FD int fd = memfd_create("gone", MFD_CLOEXEC);
	AUTO_STR text = {0};

	if (!gone->n)
		return 0;
	for (size_t i = 0; i < gone->n; i++) {
		str_addf(&text, "./%s", gone->v[i].path);
		str_addn(&text, "", 1);
	}
	if (fd < 0 || io_write_all(fd, text.buf, text.len, err) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "list what is gone");
	return run_script(c, delete_script, "", "", fd, NULL, err);
}

static int send_changed(const struct folder_copy *c, int fd, const struct tree_list *changed,
        uint32_t uid, uint32_t gid, struct err *err)
{
	struct tar_writer tar;

	if (!changed->n)
		return 0;
	if (tar_write_begin(&tar, fd, changed, uid, gid, err) < 0)
		return -1;
	int rc = run_script(c, unpack_script, "", "", tar.fd, NULL, err);
	return tar_write_end(&tar, rc < 0, rc < 0 ? NULL : err) < 0 ? -1 : rc;
}

/* Beside the machine's journal, and gone with it. */
static char *list_file(const struct folder_copy *c)
{
	struct digest digest;
	char hex[DIGEST_HEX_LEN + 1];

	digest_init(&digest);
	folder_digest(c->spec, c->folder, &digest);
	digest_hex(&digest, hex);
	return xasprintf("%s/folder-%.*s", c->names->dir, NAME_HEX, hex);
}

/* What was begun and not ended is not known: the next one sends everything. */
static int send(const struct folder_copy *c, int fd, const char *file, const struct tree_list *then,
        const struct tree_list *now, struct folder_copied *out, struct err *err)
{
	static const struct tree_list none = {0};
	struct tree_list changed, gone, all, left;
	uint32_t uid, gid;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, "look at '%s'", c->folder->host);
	tree_list_compare(then, now, &changed, &gone);
	tree_list_compare(&none, now, &all, &left);
	const struct tree_list *to_send = c->whole ? &all : &changed;
	int rc = 0;
	if (to_send->n || gone.n || c->whole) {
		rc = prepare(c, st.st_uid == 0, &uid, &gid, err);
		if (rc == 0 && (rc = delete_gone(c, &gone, err)) == 0)
			rc = send_changed(c, fd, to_send, uid, gid, err);
		if (rc == 0)
			rc = tree_list_save(now, file, err);
	}
	*out = (struct folder_copied){to_send->n, gone.n};
	free(changed.v);
	free(gone.v);
	free(all.v);
	free(left.v);
	return rc;
}

int folder_copy(const struct folder_copy *c, struct folder_copied *out, struct err *err)
{
	AUTO_FREE char *file = list_file(c), *hidden = folder_hidden(c->spec, c->folder);
	AUTO_FREE char *lock = xasprintf("%s.lock", file);
	struct tree_list then = {0}, now = {0};
	struct folder_copy copy = *c;
	AUTO_FD int fd = -1;

	if (folder_open(c->folder, &fd, err) < 0)
		return -1;
	/* Two at once would send each other's half. */
	AUTO_FD int locked = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (locked < 0 || flock(locked, LOCK_EX) < 0)
		return err_sys(err, "lock '%s'", lock);
	copy.whole |= !tree_list_load(file, &then);
	int rc = tree_list_read(fd, &c->folder->exclude, hidden, &now, err);
	if (rc == 0)
		rc = send(&copy, fd, file, &then, &now, out, err);
	tree_list_clear(&then);
	tree_list_clear(&now);
	return rc < 0 ? err_wrap(err, "copy '%s' to '%s'", c->folder->host, c->folder->guest) : 0;
}
