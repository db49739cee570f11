/* Steps that need no running container: folders, identity. */
#include "providers/container/session.h"

#include "base/fs.h"
#include "core/seed.h"
#include "core/host_keys.h"
#include "providers/container/systemd.h"
#include "engine/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

void container_dirs_inputs(const struct run *run, struct digest *d)
{
	digest_field(d, "box", run->spec->box.digest);
	digest_field(d, "rootfs", run->spec->box.rootfs);
}

/* The upper layer's root stands for "/": mode and owner are the box's. */
static int make_upper(const struct run *run, struct err *err)
{
	const char *upper = run->names->upper;
	struct stat st;

	if (stat(run->spec->box.rootfs, &st) < 0)
		return err_sys(err, "look at the box in '%s'", run->spec->box.rootfs);
	if (mkdir(upper, 0700) < 0 && errno != EEXIST)
		return err_sys(err, "create folder '%s'", upper);
	if (chown(upper, st.st_uid, st.st_gid) < 0 || chmod(upper, st.st_mode & 07777) < 0)
		return err_sys(err, "set mode and owner of '%s'", upper);
	return 0;
}

int container_dirs_apply(struct run *run, struct err *err)
{
	if (fs_mkdirs(run->names->dir, 0711, err) < 0)
		return -1;
	/* A program with its set-user-id bit set inside is nothing for the users of the host. */
	if (chmod(run->names->dir, 0700) < 0)
		return err_sys(err, "set the mode of '%s'", run->names->dir);
	if (mkdir(run->names->work, 0700) < 0 && errno != EEXIST)
		return err_sys(err, "create folder '%s'", run->names->work);
	return make_upper(run, err);
}

int container_dirs_revert(struct run *run, struct err *err)
{
	const struct names *names = run->names;
	AUTO_FREE char *old_log = xasprintf("%s.1", names->console);
	AUTO_FREE char *status_tmp = xasprintf("%s.tmp", names->status);
	const char *trees[] = {names->upper, names->work, names->merged};
	const char *files[] = {names->console, old_log, names->status, status_tmp};

	for (size_t i = 0; i < ARRAY_SIZE(trees); i++)
		if (fs_remove_tree(trees[i], err) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (fs_unlink(files[i], err) < 0)
			return -1;
	return host_keys_remove(names, err);
}

static void make_seed(const struct run *run, struct seed *seed)
{
	char id[33] = "";
	size_t n = 0;

	for (const char *p = run->names->uuid; *p && n < 32; p++)
		if (*p != '-')
			id[n++] = *p;
	id[n] = '\0';
	seed_identity(seed, run->spec, id);
}

/* Its sshd starts by itself, or is started for the other machines. */
static bool wants_host_keys(const struct machine_spec *spec)
{
	return systemd_is_init(spec) || spec->ssh_mesh;
}

void container_upper_inputs(const struct run *run, struct digest *d)
{
	struct seed seed = {0};

	make_seed(run, &seed);
	for (size_t i = 0; i < seed.n; i++) {
		digest_field(d, "path", seed.files[i].path);
		digest_field(d, "bytes", seed.files[i].bytes);
	}
	digest_number(d, "host keys", wants_host_keys(run->spec));
	digest_number(d, "host network", run->spec->network_mode == NET_HOST);
	seed_clear(&seed);
}

/* In the host's network the host's resolver and names are the right ones. */
static int add_host_files(struct seed *seed, struct err *err)
{
	static const char *const paths[] = {"/etc/resolv.conf", "/etc/hosts"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		AUTO_STR text = {0};
		if (fs_read(paths[i], 1 << 20, &text, err) < 0)
			return -1;
		seed_add(seed, paths[i], 0644, str_text(&text), text.len);
	}
	return 0;
}

/* A read-only root is so by its mount: here, in a copy of the mounts, it is not. */
static int make_writable(struct err *err)
{
	struct mount_attr attr = {.attr_clr = MOUNT_ATTR_RDONLY};

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	        mount_setattr(AT_FDCWD, "/", 0, &attr, sizeof(attr)) < 0)
		return err_sys(err, "make the root writable");
	return 0;
}

/* Its sshd starts by itself, and will not without one. */
static int add_host_keys(const struct run *run, struct seed *seed, struct err *err)
{
	if (host_keys_make(run->names, run->spec->hostname, err) < 0)
		return -1;
	return host_keys_seed(run->names, seed, err);
}

int container_seed_inside(void *seed, struct err *err)
{
	struct statvfs st;

	if (statvfs("/", &st) == 0 && st.f_flag & ST_RDONLY && make_writable(err) < 0)
		return -1;
	return seed_write_tree(seed, "/", NULL, err);
}

/* The upper layer of a mounted overlay must not be changed from below: a running container is
 * written to from inside. */
int container_upper_apply(struct run *run, struct err *err)
{
	pid_t pid;
	struct seed seed = {0};
	const struct session *s = run->session;
	AUTO_FD int pidfd = container_running(s) ? container_open(s, &pid) : -1;

	make_seed(run, &seed);
	int rc = run->spec->network_mode == NET_HOST ? add_host_files(&seed, err) : 0;
	if (rc == 0 && wants_host_keys(run->spec))
		rc = add_host_keys(run, &seed, err);
	if (rc == 0)
		rc = pidfd >= 0
		        ? engine_enter(pidfd, pid, container_seed_inside, &seed, err)
		        : seed_write_tree(&seed, run->names->upper, run->spec->box.rootfs, err);
	seed_clear(&seed);
	return rc;
}
