/*
 * The root as an overlay (kernel: filesystems/overlayfs.rst) of layers that lie on id-mapped
 * mounts, so that the disk holds owners as the box has them whatever ids the container was given.
 * It is made with the host's rights, as nobody else may map ids of the host's file systems.
 */
#include "engine/engine_internal.h"

#include "base/fs.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void layers_close(struct layers *l)
{
	util_close_fd(&l->lower);
	util_close_fd(&l->above);
}

static int refuse_map(const char *path, struct err *err)
{
	err_sys(err, "map the ids of '%s'", path);
	if (err)
		err->kind = ERR_HOST;
	return err_hint(err,
	        "this needs id-mapped mounts of that file system (ext4 and btrfs: "
	        "Linux 5.12, 5.15); prov doctor looks");
}

static int clone_layer(const char *path, int userns, struct err *err)
{
	AUTO_FD int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct mount_attr attr = {.attr_set = userns < 0 ? 0 : MOUNT_ATTR_IDMAP,
	        .propagation = MS_PRIVATE,
	        .userns_fd = userns < 0 ? 0 : (uint64_t)userns};

	if (fd < 0)
		return err_sys(err, "open the folder '%s'", path);
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return refuse_map(path, err);
	return util_steal_fd(&fd);
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static char *folder_of(const char *path)
{
	char *folder = xstrdup(path);

	*strrchr(folder, '/') = '\0';
	return folder;
}

static int layers_open(
        const struct container_plan *plan, int userns, struct layers *out, struct err *err)
{
	AUTO_FREE char *above = folder_of(plan->upper);

	out->lower = clone_layer(plan->lower, userns, err);
	if (out->lower < 0)
		return -1;
	out->above = clone_layer(above, userns, err);
	return out->above < 0 ? -1 : 0;
}

/* Rights of this thread that changing its file system ids takes away. */
struct rights {
	pid_t parent;
	int death, dumpable, bits;
	uid_t uid;
	gid_t gid;
};

static int become(const struct container_plan *plan, struct rights *now, struct err *err)
{
	*now = (struct rights){.parent = getppid(),
	        .dumpable = prctl(PR_GET_DUMPABLE),
	        .bits = prctl(PR_GET_SECUREBITS)};
	if (prctl(PR_GET_PDEATHSIG, &now->death) < 0 ||
	        prctl(PR_SET_SECUREBITS, now->bits | SECBIT_NO_SETUID_FIXUP) < 0)
		return err_sys(err, "keep the rights of root");
	now->gid = (gid_t)setfsgid(id_maps_outside(&plan->gids, 0));
	now->uid = (uid_t)setfsuid(id_maps_outside(&plan->uids, 0));
	return 0;
}

static int become_root_again(const struct rights *before, struct err *err)
{
	setfsuid(before->uid);
	setfsgid(before->gid);
	if (prctl(PR_SET_SECUREBITS, before->bits) < 0 ||
	        prctl(PR_SET_DUMPABLE, before->dumpable) < 0 ||
	        prctl(PR_SET_PDEATHSIG, before->death) < 0)
		return err_sys(err, "return to root");
	/* The parent went meanwhile, and nobody was told. */
	if (before->death && getppid() != before->parent)
		raise(before->death);
	return 0;
}

/* The overlay does its work below with the rights of who makes it: files of the mapped root have to
 * be those of a root that the layers know. */
static int create_overlay(const struct container_plan *plan, int fs, struct err *err)
{
	struct rights before;

	if (!plan->uids.n)
		return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0
		        ? err_sys(err, "make the overlay")
		        : 0;
	if (become(plan, &before, err) < 0)
		return -1;
	int rc = fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (rc < 0)
		err_sys(err, "make the overlay");
	if (become_root_again(&before, rc < 0 ? NULL : err) < 0)
		return -1;
	return rc;
}

/* Where the kernel cannot write in the work folder it makes a read-only one and says so to nobody.
 */
static int check_writable(int mount, const char *work, struct err *err)
{
	struct statvfs st;

	if (fstatvfs(mount, &st) < 0)
		return err_sys(err, "look at the overlay");
	if (!(st.f_flag & ST_RDONLY))
		return 0;
	return err_set(err, ERR_FAILED, "the overlay cannot write in '%s'", work);
}

static int finish(const struct container_plan *plan, int fs, struct err *err)
{
	if (create_overlay(plan, fs, err) < 0)
		return err_wrap(err, "'%s'", plan->root);
	AUTO_FD int mount = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV);
	if (mount < 0)
		return err_sys(err, "mount the overlay of '%s'", plan->root);
	if (check_writable(mount, plan->work, err) < 0)
		return -1;
	return util_steal_fd(&mount);
}

/* 1: this kernel takes no descriptors here (Linux 6.13: EINVAL; before 6.5, where overlay has the
 * old interface of mount(2), EOPNOTSUPP). */
static int add_layers(
        const struct container_plan *plan, const struct layers *l, int fs, struct err *err)
{
	AUTO_FD int upper = fs_open_beneath(l->above, base_name(plan->upper), O_PATH, 0);
	AUTO_FD int work = fs_open_beneath(l->above, base_name(plan->work), O_PATH, 0);

	if (upper < 0 || work < 0)
		return err_sys(err, "open the folder '%s'", upper < 0 ? plan->upper : plan->work);
	if (fsconfig(fs, FSCONFIG_SET_FD, "lowerdir+", NULL, l->lower) == 0 &&
	        fsconfig(fs, FSCONFIG_SET_FD, "upperdir", NULL, upper) == 0 &&
	        fsconfig(fs, FSCONFIG_SET_FD, "workdir", NULL, work) == 0)
		return 0;
	return errno == EINVAL || errno == EOPNOTSUPP ? 1
	                                              : err_sys(err, "give the overlay its layers");
}

static int set_names(const struct container_plan *plan, int fs, struct err *err)
{
	const char *const options[][2] = {{"lowerdir", base_name(plan->root)},
	        {"upperdir", base_name(plan->upper)}, {"workdir", base_name(plan->work)}};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (fsconfig(fs, FSCONFIG_SET_STRING, options[i][0], options[i][1], 0) < 0)
			return err_sys(err, "give the overlay its %s", options[i][0]);
	return 0;
}

/* In a mount namespace of its own, where the layers can lie at names, relative to the working
 * folder: commas and colons in the host's paths do not matter then. */
static int mount_in_private(
        const struct container_plan *plan, const struct layers *l, struct err *err)
{
	AUTO_FREE char *above = folder_of(plan->upper);

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(err, "make a mount namespace for the layers");
	if (move_mount(l->above, "", AT_FDCWD, above, MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
	        fchdir(l->above) < 0 ||
	        move_mount(l->lower, "", AT_FDCWD, base_name(plan->root), MOVE_MOUNT_F_EMPTY_PATH) <
	                0)
		return err_sys(err, "mount the layers of '%s'", plan->root);
	AUTO_FD int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	if (fs < 0)
		return err_sys(err, "open the overlay file system");
	if (set_names(plan, fs, err) < 0)
		return -1;
	return finish(plan, fs, err);
}

struct answer {
	int mount;
	struct err err;
};

/* It shares the caller's descriptors: the mount that it makes is there when it has ended. */
static int in_private_namespace(
        const struct container_plan *plan, const struct layers *l, struct err *err)
{
	struct clone_args args = {.flags = CLONE_FILES, .exit_signal = SIGCHLD};
	struct answer answer = {.mount = -1};
	int line[2];

	/* The place for the lower layer, which nobody but this process sees there. */
	if (mkdir(plan->root, 0700) < 0 && errno != EEXIST)
		return err_sys(err, "create folder '%s'", plan->root);
	if (pipe2(line, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		answer.mount = mount_in_private(plan, l, &answer.err);
		(void)!io_write_all(line[1], &answer, sizeof(answer), NULL);
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(line[1]);
	ssize_t n = pid < 0 ? -1 : io_read_full(line[0], &answer, sizeof(answer));
	close(line[0]);
	if (n != sizeof(answer))
		return err_set(err, ERR_FAILED, "the overlay of '%s' was not made", plan->root);
	if (answer.mount < 0 && err)
		*err = answer.err;
	return answer.mount;
}

int overlay_mount_by_name(const struct container_plan *plan, int userns, struct err *err)
{
	struct layers l = {-1, -1};
	int mount = layers_open(plan, userns, &l, err);

	if (mount == 0)
		mount = in_private_namespace(plan, &l, err);
	layers_close(&l);
	return mount;
}

static int mount_layers(
        const struct container_plan *plan, int userns, int fs, struct layers *l, struct err *err)
{
	if (layers_open(plan, userns, l, err) < 0)
		return -1;
	int rc = add_layers(plan, l, fs, err);
	return rc < 0 ? -1 : rc ? in_private_namespace(plan, l, err) : finish(plan, fs, err);
}

int overlay_mount(
        const struct container_plan *plan, int userns, struct layers *layers, struct err *err)
{
	struct layers own = {-1, -1};
	AUTO_FD int fs = fsopen("overlay", FSOPEN_CLOEXEC);

	if (fs < 0)
		return err_sys(err, "open the overlay file system");
	int mount = mount_layers(plan, userns, fs, layers ? layers : &own, err);
	layers_close(&own);
	return mount;
}
