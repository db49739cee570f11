#include "oci/state.h"

#include "base/fs.h"
#include "base/io.h"
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STATE_FILE "state.json"
#define STATE_MAX  (1 << 20)
#define ID_CHARS   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-"

const char *oci_status_name(enum oci_status status)
{
	static const char *const names[] = {
	        [OCI_CREATING] = "creating",
	        [OCI_CREATED] = "created",
	        [OCI_RUNNING] = "running",
	        [OCI_PAUSED] = "paused",
	        [OCI_STOPPED] = "stopped",
	};

	return names[status];
}

void oci_state_clear(struct oci_state *s)
{
	free(s->id);
	free(s->bundle);
	free(s->rootfs);
	free(s->created);
	free(s->cgroup);
	json_decref(s->annotations);
	*s = (struct oci_state){0};
}

int oci_id_check(const char *id, struct err *err)
{
	if (!id[0])
		return err_set(err, ERR_USAGE, "the container's id is empty");
	if (strlen(id) > NAME_MAX)
		return err_set(err, ERR_USAGE, "the container's id is longer than %d characters",
		        NAME_MAX);
	if (str_eq(id, ".") || str_eq(id, "..") || id[strspn(id, ID_CHARS)])
		return err_set(err, ERR_USAGE,
		        "'%s' is no id of a container: letters, digits and _ + . - are", id);
	return 0;
}

void oci_home_close(struct oci_home *home)
{
	util_close_fd(&home->fd);
	free(home->path);
	*home = (struct oci_home){.fd = -1};
}

/* The lock of a folder that was removed while one waited for it protects nothing. */
static int open_home(const char *path, bool lock, struct err *err)
{
	for (;;) {
		AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct stat own, there;
		if (fd < 0)
			return -1;
		if (!lock)
			return util_steal_fd(&fd);
		if (flock(fd, LOCK_EX) < 0)
			return err_sys(err, "lock '%s'", path);
		if (fstat(fd, &own) == 0 && stat(path, &there) == 0 && own.st_ino == there.st_ino)
			return util_steal_fd(&fd);
	}
}

int oci_home_make(const char *root, const char *id, struct oci_home *out, struct err *err)
{
	if (oci_id_check(id, err) < 0 || fs_mkdirs(root, 0700, err) < 0)
		return -1;
	AUTO_HOME home = {xasprintf("%s/%s", root, id), -1, true};
	if (mkdir(home.path, 0711) < 0 && errno == EEXIST)
		return err_set(err, ERR_FAILED, "container '%s' already exists", id);
	home.fd = open_home(home.path, true, err);
	if (home.fd < 0)
		return err_sys(err, "make '%s'", home.path);
	*out = home;
	home = (struct oci_home){.fd = -1};
	return 0;
}

int oci_home_open(
        const char *root, const char *id, bool lock, struct oci_home *out, struct err *err)
{
	if (oci_id_check(id, err) < 0)
		return -1;
	AUTO_HOME home = {xasprintf("%s/%s", root, id), -1, lock};
	home.fd = open_home(home.path, lock, err);
	if (home.fd < 0 && errno == ENOENT)
		return err_set(err, ERR_MISSING, "container '%s' does not exist", id);
	if (home.fd < 0)
		return err_sys(err, "open '%s'", home.path);
	*out = home;
	home = (struct oci_home){.fd = -1};
	return 0;
}

int oci_home_remove(struct oci_home *home, struct err *err)
{
	return fs_remove_tree(home->path, err);
}

static char *rfc3339_now(void)
{
	struct timespec now;
	struct tm tm;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	return xasprintf("%s.%09ldZ", text, now.tv_nsec);
}

int oci_file_write(const char *path, const char *text, mode_t mode, struct err *err)
{
	AUTO_FREE char *tmp = xasprintf("%s.%d.tmp", path, getpid());
	AUTO_FD int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return err_sys(err, "create '%s'", tmp);
	int rc = io_write_all(fd, text, strlen(text), err);
	if (rc == 0 && rename(tmp, path) < 0)
		rc = err_sys(err, "replace '%s'", path);
	if (rc < 0)
		unlink(tmp);
	return rc;
}

static void put_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, json_string(text));
}

int oci_state_write(const struct oci_home *home, const struct oci_state *s, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/" STATE_FILE, home->path);
	AUTO_FREE char *now = s->created ? NULL : rfc3339_now();
	json_t *tree = json_object();

	put_text(tree, "id", s->id);
	put_text(tree, "bundle", s->bundle);
	put_text(tree, "rootfs", s->rootfs);
	put_text(tree, "created", s->created ? s->created : now);
	put_text(tree, "cgroup", s->cgroup);
	json_object_set_new(tree, "pid", json_integer(s->pid));
	json_object_set_new(tree, "startTime", json_integer((json_int_t)s->start_ticks));
	json_object_set_new(tree, "belowRoot", json_integer((json_int_t)s->below_root));
	json_object_set_new(tree, "ownCgroup", json_boolean(s->own_cgroup));
	if (s->annotations)
		json_object_set(tree, "annotations", s->annotations);
	AUTO_FREE char *text = json_dumps(tree, JSON_INDENT(1));
	json_decref(tree);
	if (!text)
		return err_set(err, ERR_FAILED, "the state of '%s' is no valid text", s->id);
	return oci_file_write(path, text, 0600, err);
}

static char *get_text(const json_t *tree, const char *key)
{
	return xstrdup(json_string_value(json_object_get(tree, key)));
}

int oci_state_read(
        const struct oci_home *home, const char *id, struct oci_state *out, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/" STATE_FILE, home->path);
	AUTO_STR text = {0};
	json_error_t why;

	if (!fs_exists(path)) {
		*out = (struct oci_state){.id = xstrdup(id)};
		return 0;
	}
	if (fs_read(path, STATE_MAX, &text, err) < 0)
		return -1;
	json_t *tree = json_loads(str_text(&text), 0, &why);
	if (!tree) {
		err_set(err, ERR_FAILED, "'%s' is damaged: %s", path, why.text);
		return err_hint(err, "prov-oci delete --force %s removes what is left of it", id);
	}
	*out = (struct oci_state){
	        .id = xstrdup(id),
	        .bundle = get_text(tree, "bundle"),
	        .rootfs = get_text(tree, "rootfs"),
	        .created = get_text(tree, "created"),
	        .cgroup = get_text(tree, "cgroup"),
	        .pid = (pid_t)json_integer_value(json_object_get(tree, "pid")),
	        .start_ticks = (uint64_t)json_integer_value(json_object_get(tree, "startTime")),
	        .below_root = (uint64_t)json_integer_value(json_object_get(tree, "belowRoot")),
	        .own_cgroup = json_is_true(json_object_get(tree, "ownCgroup")),
	        .annotations = json_incref(json_object_get(tree, "annotations")),
	};
	json_decref(tree);
	return 0;
}

/* Nobody holds its lock: the `create` that was to fill it has ended. */
static bool is_abandoned(const struct oci_home *home)
{
	AUTO_FD int fd = open(home->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return home->locked || fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

enum oci_status oci_state_status(const struct oci_home *home, const struct oci_state *s)
{
	if (!s->pid)
		return is_abandoned(home) ? OCI_STOPPED : OCI_CREATING;
	if (!proc_same(s->pid, s->start_ticks))
		return OCI_STOPPED;
	AUTO_FREE char *fifo = xasprintf("%s/" OCI_FIFO_START, home->path);
	return fs_exists(fifo) ? OCI_CREATED : OCI_RUNNING;
}

json_t *oci_state_json(const struct oci_state *s, enum oci_status status)
{
	json_t *tree = json_object();

	put_text(tree, "ociVersion", OCI_VERSION);
	put_text(tree, "id", s->id);
	put_text(tree, "status", oci_status_name(status));
	json_object_set_new(
	        tree, "pid", json_integer(status == OCI_STOPPED ? 0 : (json_int_t)s->pid));
	put_text(tree, "bundle", s->bundle ? s->bundle : "");
	if (s->annotations)
		json_object_set(tree, "annotations", s->annotations);
	return tree;
}

int oci_state_ids(const char *root, struct strv *out, struct err *err)
{
	AUTO_STRV names = {0};

	if (fs_list(root, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++)
		if (oci_id_check(names.v[i], NULL) == 0)
			strv_add(out, names.v[i]);
	return 0;
}
