#include "core/journal_internal.h"

#include "base/fs.h"
#include "base/io.h"
#include "base/jsontext.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST = 256 << 20 };

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? xstrndup(path, (size_t)(slash - path)) : xstrdup(".");
}

static int load(int fd, const char *path, struct journal_state *state, off_t *end, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, "look at '%s'", path);
	if (!S_ISREG(st.st_mode) || st.st_size > LARGEST)
		return err_set(err, ERR_FAILED, "'%s' is not a journal", path);
	AUTO_FREE char *bytes = xmalloc((size_t)st.st_size);
	ssize_t n = io_read_full(fd, bytes, (size_t)st.st_size);
	if (n < 0)
		return err_sys(err, "read '%s'", path);
	*end = (off_t)journal_fold_file(state, bytes, (size_t)n);
	if (state->format > JOURNAL_FORMAT) {
		err_set(err, ERR_FAILED, "the journal '%s' has format %d, this prov knows %d", path,
		        state->format, JOURNAL_FORMAT);
		return err_hint(err, "use the newer prov that wrote it");
	}
	return 0;
}

int journal_read(const char *path, struct journal_state *out, struct err *err)
{
	struct journal_state state = {0};
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	off_t end;

	if (fd < 0 && errno != ENOENT)
		return err_sys(err, "open the journal '%s'", path);
	if (fd >= 0 && load(fd, path, &state, &end, err) < 0) {
		journal_state_clear(&state);
		return -1;
	}
	*out = state;
	return 0;
}

/* The lock of a file that a destroy unlinked meanwhile protects nothing. */
static bool still_there(int fd, const char *path)
{
	struct stat mine, named;

	return fstat(fd, &mine) == 0 && lstat(path, &named) == 0 && mine.st_ino == named.st_ino &&
	        mine.st_dev == named.st_dev;
}

int journal_await_lock(int fd, const char *path, int64_t timeout_ns, struct err *err)
{
	int64_t deadline = clock_mono_ns() + timeout_ns;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return err_sys(err, "lock '%s'", path);
		if (clock_mono_ns() >= deadline)
			return journal_busy(fd, path, err);
		journal_await_holder(fd, deadline - clock_mono_ns());
	}
	return 0;
}

static int open_locked(const char *path, int64_t timeout_ns, struct err *err)
{
	AUTO_FREE char *folder = folder_of(path);

	for (int tries = 0; tries < 16; tries++) {
		/* QEMU's user passes through on its way to the disk, but lists nothing. */
		if (fs_mkdirs(folder, 0711, err) < 0)
			return -1;
		AUTO_FD int fd = open(path,
		        O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return err_sys(err, "open the journal '%s'", path);
		if (journal_await_lock(fd, path, timeout_ns, err) < 0)
			return -1;
		if (still_there(fd, path))
			return util_steal_fd(&fd);
	}
	return err_set(err, ERR_BUSY, "'%s' is being removed by another process", path);
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	util_close_fd(&j->fd);
	journal_state_clear(&j->state);
	free(j->path);
	free(j);
}

void journal_leave(struct journal *j)
{
	if (j)
		util_close_fd(&j->fd);
}

const struct journal_state *journal_state(const struct journal *journal)
{
	return &journal->state;
}

const char *journal_path(const struct journal *journal)
{
	return journal->path;
}

const char *journal_boot_id(const struct journal *journal)
{
	return journal->boot_id;
}

int journal_discard(struct journal *j, struct err *err)
{
	AUTO_FREE char *folder = folder_of(j->path);
	AUTO_STRV names = {0};
	const char *own = strrchr(j->path, '/');

	own = own ? own + 1 : j->path;
	if (fs_list(folder, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", folder, names.v[i]);
		if (!str_eq(names.v[i], own) && fs_remove_tree(path, err) < 0)
			return -1;
	}
	if (fs_unlink(j->path, err) < 0)
		return -1;
	if (rmdir(folder) < 0 && errno != ENOENT)
		return err_sys(err, "remove folder '%s'", folder);
	return 0;
}

/* One write, so that a kill leaves a whole line or none; a full disk leaves none either. */
static int write_line(struct journal *j, json_t *line, struct err *err)
{
	AUTO_FREE char *json = json_dumps(line, JSON_COMPACT);
	AUTO_STR text = {0};

	if (!json)
		abort();
	journal_line(&text, json);
	ssize_t n = write(j->fd, text.buf, text.len);
	if (n == (ssize_t)text.len) {
		j->end += n;
		return 0;
	}
	int saved = n < 0 ? errno : ENOSPC;
	if (n > 0 && ftruncate(j->fd, j->end) < 0)
		saved = errno; /* the tail stays torn, which the next writer repairs */
	errno = saved;
	return err_sys(err, "write the journal '%s'", j->path);
}

static json_t *line_new(struct journal *j, const char *kind)
{
	json_t *line = json_object();

	json_put_text(line, "k", kind, strlen(kind));
	json_object_set_new(line, "t", json_integer(clock_wall_ns()));
	/* Said once by each boot's first line; the lines behind it are of the same boot. */
	if (!str_eq(j->state.boot_id, j->boot_id))
		json_put_text(line, "boot", j->boot_id, BOOT_ID_LEN);
	return line;
}

static void put(json_t *line, const char *key, const char *text)
{
	if (text)
		json_put_text(line, key, text, strlen(text));
}

/* Takes the line. */
static int append(struct journal *j, json_t *line, struct err *err)
{
	int rc = write_line(j, line, err);

	if (rc == 0 && journal_fold(&j->state, line) < 0)
		abort(); /* a line of our own that cannot be read back */
	json_decref(line);
	return rc;
}

/* What was cut off may have been the only word of a step, so the cut is remembered. */
static int cut_tail(struct journal *j, struct err *err)
{
	struct stat st;

	if (fstat(j->fd, &st) < 0)
		return err_sys(err, "look at '%s'", j->path);
	if (st.st_size == j->end)
		return 0;
	if (ftruncate(j->fd, j->end) < 0)
		return err_sys(err, "cut off the torn tail of '%s'", j->path);
	return append(j, line_new(j, "torn"), err);
}

int journal_open(const char *path, struct journal **out, struct err *err)
{
	return journal_open_after(path, 0, out, err);
}

int journal_open_after(const char *path, int64_t timeout_ns, struct journal **out, struct err *err)
{
	struct journal *j = xcalloc(1, sizeof(*j));

	j->path = xstrdup(path);
	j->fd = open_locked(path, timeout_ns, err);
	if (j->fd < 0 || clock_boot_id(j->boot_id, err) < 0 ||
	        load(j->fd, path, &j->state, &j->end, err) < 0 || cut_tail(j, err) < 0) {
		journal_close(j);
		return -1;
	}
	if (j->state.boot_id && !str_eq(j->state.boot_id, j->boot_id))
		j->state.rebooted = true;
	*out = j;
	return 0;
}

/* The file systems that labs live on (ext4, xfs, btrfs, f2fs) write the name of a new file together
 * with it. */
int journal_sync(struct journal *j, struct err *err)
{
	if (!j->unsynced)
		return 0;
	if (fsync(j->fd) < 0)
		return err_sys(err, "sync '%s'", j->path);
	j->unsynced = false;
	return 0;
}

int journal_header(struct journal *j, const char *kind, const char *provider, const char *spec,
        struct err *err)
{
	const struct journal_state *now = &j->state;

	if (now->exists && str_eq(now->kind, kind) && str_eq(now->provider, provider) &&
	        str_eq(now->spec, spec))
		return 0;
	json_t *line = line_new(j, "header");
	json_object_set_new(line, "v", json_integer(JOURNAL_FORMAT));
	put(line, "kind", kind);
	put(line, "provider", provider);
	put(line, "spec", spec);
	j->unsynced = true;
	return append(j, line, err);
}

static int append_step(struct journal *j, const char *kind, const char *step, struct err *err)
{
	json_t *line = line_new(j, kind);

	put(line, "s", step);
	return append(j, line, err);
}

int journal_begun(struct journal *j, const char *step, struct err *err)
{
	return append_step(j, "begun", step, err);
}

int journal_done(
        struct journal *j, const char *step, const char *digest, bool is_volatile, struct err *err)
{
	json_t *line = line_new(j, "done");

	put(line, "s", step);
	put(line, "d", digest);
	if (is_volatile)
		json_object_set_new(line, "volatile", json_true());
	return append(j, line, err);
}

int journal_reverting(struct journal *j, const char *step, struct err *err)
{
	return append_step(j, "reverting", step, err);
}

int journal_reverted(struct journal *j, const char *step, struct err *err)
{
	return append_step(j, "reverted", step, err);
}

int journal_failed(struct journal *j, const char *step, const struct err *why, struct err *err)
{
	json_t *line = line_new(j, "failed");

	put(line, "s", step);
	put(line, "message", why->message);
	if (why->hint[0])
		put(line, "hint", why->hint);
	if (why->code)
		json_object_set_new(line, "code", json_integer(why->code));
	return append(j, line, err);
}

int journal_set(struct journal *j, const char *key, const char *value, struct err *err)
{
	json_t *line = line_new(j, "fact");

	put(line, "key", key);
	put(line, "value", value);
	return append(j, line, err);
}
