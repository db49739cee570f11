#include "core/volume.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/fs.h"
#include "base/loop.h"
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SETTLE_NS (INT64_C(60) * 1000000000) /* a slow disk has much to write */
#define LOOK_MS   5                          /* the kernel tells nobody when a mount has gone */

/* The bytes on which QEMU's file driver holds its locks, shared ones of readers included. */
#define QEMU_LOCKS_AT  100
#define QEMU_LOCKS_LEN 200

static const char suffix[] = ".img";
static const char tools_hint[] = "tools/setup installs it (package e2fsprogs)";

char *volume_dir(const char *lab_dir)
{
	return xasprintf("%s/volumes", lab_dir);
}

char *volume_path(const char *lab_dir, const char *name)
{
	return xasprintf("%s/volumes/%s%s", lab_dir, name, suffix);
}

void volume_serial(const char *name, char out[VOLUME_SERIAL])
{
	char hex[DIGEST_HEX_LEN + 1];

	if (strlen(name) < VOLUME_SERIAL) {
		snprintf(out, VOLUME_SERIAL, "%s", name);
		return;
	}
	digest_bytes(name, strlen(name), hex);
	snprintf(out, VOLUME_SERIAL, "prov-%.15s", hex);
}

int volume_list(const char *lab_dir, struct strv *names, struct err *err)
{
	AUTO_FREE char *dir = volume_dir(lab_dir);
	AUTO_STRV files = {0};

	if (fs_list(dir, &files, err) < 0)
		return -1;
	for (size_t i = 0; i < files.n; i++)
		if (str_ends(files.v[i], suffix))
			strv_addf(names, "%.*s", (int)(strlen(files.v[i]) - strlen(suffix)),
			        files.v[i]);
	return 0;
}

int volume_size(const char *path, int64_t *size, int64_t *used, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_sys(err, "look at the volume '%s'", path);
	*size = st.st_size;
	if (used)
		*used = (int64_t)st.st_blocks * 512;
	return 0;
}

/* The folder as the box has it, its links within its root; NULL: it has none. *st is the folder's.
 */
static char *content_of(const struct volume_new *wanted, struct stat *st)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
	        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	char link[64], path[4096];

	if (!wanted->rootfs)
		return NULL;
	AUTO_FD int root = open(wanted->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_FD int fd =
	        root < 0 ? -1 : (int)syscall(SYS_openat2, root, wanted->guest, &how, sizeof(how));
	if (fd < 0 || fstat(fd, st) < 0)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path));
	return n > 0 && n < (ssize_t)sizeof(path) ? xstrndup(path, (size_t)n) : NULL;
}

static int run_tool(const char *const argv[], struct err *err)
{
	if (proc_check(argv, NULL, err) == 0)
		return 0;
	return err->sys_errno == ENOENT ? err_hint(err, "%s", tools_hint) : -1;
}

/* No lost+found: a database refuses a folder that is not empty. The mode of its own folder is the
 * one thing that mke2fs does not take over. */
static int finish_top(const char *file, const struct stat *top, struct err *err)
{
	AUTO_FREE char *mode =
	        xasprintf("set_inode_field / mode 0%o", S_IFDIR | (top->st_mode & 07777));
	const char *const rmdir_argv[] = {"debugfs", "-w", "-R", "rmdir lost+found", file, NULL};
	const char *const mode_argv[] = {"debugfs", "-w", "-R", mode, file, NULL};

	return run_tool(rmdir_argv, err) < 0 ? -1 : run_tool(mode_argv, err);
}

static int make_file_system(const char *file, const struct volume_new *wanted, struct err *err)
{
	struct stat top = {.st_mode = 0755};
	AUTO_FREE char *content = content_of(wanted, &top);
	AUTO_FREE char *extended = xasprintf("lazy_itable_init=1,nodiscard,root_owner=%u:%u",
	        (unsigned)top.st_uid, (unsigned)top.st_gid);
	AUTO_FREE char *label = xstrndup(wanted->name, 16);
	const char *argv[] = {"mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-e", "remount-ro",
	        "-L", label, "-E", extended, file, NULL, NULL, NULL};

	if (content) {
		argv[13] = "-d";
		argv[14] = content;
		argv[15] = file;
	}
	return run_tool(argv, err) < 0 ? -1 : finish_top(file, &top, err);
}

static int make_sparse(const char *file, int64_t bytes, struct err *err)
{
	AUTO_FD int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(err, "create '%s'", file);
	return ftruncate(fd, bytes) < 0 ? err_sys(err, "make '%s' large", file) : 0;
}

/* What is kept over a destroy is also kept over a power cut. */
static int publish(const char *tmp, const char *path, struct err *err)
{
	AUTO_FD int fd = open(tmp, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || fsync(fd) < 0)
		return err_sys(err, "write '%s'", tmp);
	return rename(tmp, path) < 0 ? err_sys(err, "rename '%s' to '%s'", tmp, path) : 0;
}

int volume_make(const char *path, const struct volume_new *wanted, struct err *err)
{
	AUTO_FREE char *tmp = xasprintf("%s.tmp", path);
	AUTO_FREE char *dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));

	/* QEMU's user passes through, and sees nothing. */
	if (fs_mkdirs(dir, 0711, err) < 0 || fs_unlink(tmp, err) < 0 ||
	        make_sparse(tmp, wanted->size_bytes, err) < 0)
		return -1;
	if (make_file_system(tmp, wanted, err) == 0 && publish(tmp, path, err) == 0)
		return 0;
	unlink(tmp);
	return err_wrap(err, "make the volume '%s'", wanted->name);
}

int volume_remove(const char *path, struct err *err)
{
	AUTO_FREE char *tmp = xasprintf("%s.tmp", path);
	AUTO_FREE char *dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));

	if (fs_unlink(tmp, err) < 0 || fs_unlink(path, err) < 0)
		return -1;
	rmdir(dir); /* fails while there are others */
	return 0;
}

bool volume_in_container(const char *path)
{
	char device[LOOP_PATH];

	return loop_find(path, device);
}

bool volume_in_vm(const char *path)
{
	struct flock lock = {.l_type = F_WRLCK,
	        .l_whence = SEEK_SET,
	        .l_start = QEMU_LOCKS_AT,
	        .l_len = QEMU_LOCKS_LEN};
	AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

int volume_lock(const char *path, struct err *err)
{
	AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT) {
		err_set(err, ERR_MISSING, "the volume's file '%s' is gone", path);
		return err_hint(err, "prov volume rm NAME forgets it; prov up makes a new one");
	}
	if (fd < 0)
		return err_sys(err, "open the volume '%s'", path);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_sys(err, "lock the volume '%s'", path);
	return util_steal_fd(&fd);
}

int volume_settle(const char *path, struct err *err)
{
	int64_t deadline = clock_mono_ns() + SETTLE_NS;

	while (volume_in_container(path)) {
		if (clock_mono_ns() > deadline)
			return err_set(err, ERR_BUSY, "the volume '%s' is mounted", path);
		poll(NULL, 0, LOOK_MS);
	}
	return 0;
}

int volume_check(const char *path, bool all, struct err *err)
{
	const char *const argv[] = {"e2fsck", "-p", all ? "-f" : path, all ? path : NULL, NULL};
	const struct proc_cmd cmd = {.argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1};
	int status;

	if (proc_run(&cmd, &status, err) < 0)
		return err_hint(err, "%s", tools_hint);
	if (status < 4) /* in order, or put in order */
		return 0;
	err_set(err, ERR_FAILED, "the file system of the volume '%s' is damaged", path);
	return err_hint(err, "look at it with: e2fsck -f '%s'", path);
}

static int grow(const char *path, int64_t bytes, struct err *err)
{
	const char *const argv[] = {"resize2fs", path, NULL};

	if (volume_check(path, true, err) < 0)
		return -1;
	if (truncate(path, bytes) < 0)
		return err_sys(err, "make '%s' larger", path);
	return run_tool(argv, err);
}

/* As the superblock says (ext4: s_blocks_count_lo, s_log_block_size): a grow that was killed has
 * left the file larger. */
static int64_t file_system_bytes(const char *path)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint32_t words[7] = {0};

	if (fd < 0 || pread(fd, words, sizeof(words), 1024) != sizeof(words) || words[6] > 6)
		return 0;
	return (int64_t)words[1] << (10 + words[6]);
}

int volume_resize(const char *path, int64_t bytes, struct err *err)
{
	AUTO_FD int lock = volume_lock(path, err);
	int64_t now;

	if (lock < 0 || volume_size(path, &now, NULL, err) < 0)
		return -1;
	if (bytes == now && file_system_bytes(path) == bytes)
		return 0;
	if (bytes < now) {
		err_set(err, ERR_CONFIG,
		        "a volume of %" PRId64 " MiB cannot become one of %" PRId64 " MiB",
		        now >> 20, bytes >> 20);
		return err_hint(err,
		        "a volume can only grow; prov volume rm removes it with all "
		        "that is in it");
	}
	if (volume_in_vm(path))
		return err_set(
		        err, ERR_BUSY, "a virtual machine has it: it grows while nobody has it");
	if (volume_in_container(path))
		return err_set(err, ERR_BUSY, "a container has it: it grows while nobody has it");
	return grow(path, bytes, err);
}
