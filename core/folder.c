#include "core/folder.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *folder_beneath(const char *top, const char *path)
{
	size_t n = strlen(top);

	while (n && top[n - 1] == '/')
		n--;
	if (strncmp(top, path, n) != 0 || (path[n] && path[n] != '/'))
		return NULL;
	path += n;
	while (*path == '/')
		path++;
	return path;
}

const char *folder_type_name(enum folder_type type)
{
	static const char *const names[] = {[FOLDER_AUTO] = "auto",
	        [FOLDER_BIND] = "bind",
	        [FOLDER_VIRTIOFS] = "virtiofs",
	        [FOLDER_9P] = "9p",
	        [FOLDER_RSYNC] = "rsync"};

	return names[type];
}

bool folder_is_copied(const struct folder_use *folder)
{
	return folder->type == FOLDER_RSYNC;
}

/* -1 with errno. */
static int open_it(int top, const char *path, int flags)
{
	flags |= O_PATH | O_DIRECTORY | O_CLOEXEC;
	return top < 0 ? open(path, flags) : fs_open_beneath(top, path, flags, 0);
}

/* Makes what is missing of path, name by name. -1 with errno. */
static int make_it(int top, const char *path)
{
	struct stat st;

	for (size_t n = 0; (n = fs_part(path, n));) {
		AUTO_FREE char *part = xstrndup(path, n);
		char *slash = strrchr(part, '/');
		AUTO_FREE char *above = slash == part ? xstrdup("/")
		        : slash                       ? xstrndup(part, (size_t)(slash - part))
		                                      : xstrdup(".");
		AUTO_FD int parent = open_it(top, above, 0);
		const char *name = slash ? slash + 1 : part;
		if (parent < 0 || fstat(parent, &st) < 0)
			return -1;
		if (*name && mkdirat(parent, name, 0755) == 0) {
			if (fchownat(parent, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
				return -1;
		} else if (*name && errno != EEXIST) {
			return -1;
		}
	}
	return 0;
}

static int refuse(const struct folder_use *folder, struct err *err)
{
	switch (errno) {
	case ENOENT:
		err_set(err, ERR_CONFIG, "synced_folders: there is no folder '%s'", folder->host);
		return err_hint(err, "make it, or write { host: …, guest: %s, create: true }",
		        folder->guest);
	case ENOTDIR:
		return err_set(err, ERR_CONFIG, "synced_folders: '%s' is no folder", folder->host);
	case ELOOP:
	case EXDEV:
		err_set(err, ERR_CONFIG,
		        "synced_folders: '%s' leads through a symbolic link in a folder that "
		        "machines can write",
		        folder->host);
		return err_hint(err, "write the folder that the link leads to");
	default:
		return err_sys(err, "synced_folders: open '%s'", folder->host);
	}
}

int folder_open(const struct folder_use *folder, int *out, struct err *err)
{
	const char *path = folder->host;
	AUTO_FD int top = -1;

	if (folder->top) {
		top = open(folder->top, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (top < 0)
			return refuse(folder, err);
		path = folder_beneath(folder->top, folder->host);
	}
	int fd = open_it(top, path, 0);
	if (fd < 0 && errno == ENOENT && folder->create && *path && make_it(top, path) == 0)
		fd = open_it(top, path, 0);
	if (fd < 0)
		return refuse(folder, err);
	*out = fd;
	return 0;
}

char *folder_tag(size_t index)
{
	return xasprintf("prov%zu", index);
}

char *folder_hidden(const struct machine_spec *spec, const struct folder_use *folder)
{
	const char *project = spec->project ? folder_beneath(folder->host, spec->project) : NULL;

	if (!project)
		return NULL;
	return *project ? xasprintf("%s/" FOLDER_HIDDEN, project) : xstrdup(FOLDER_HIDDEN);
}

void folder_digest(
        const struct machine_spec *spec, const struct folder_use *folder, struct digest *digest)
{
	const char *inside = spec->project ? folder_beneath(spec->project, folder->host) : NULL;

	digest_field(digest, inside ? "folder in the project" : "folder",
	        inside ? inside : folder->host);
	digest_field(digest, "at", folder->guest);
	digest_field(digest, "type", folder_type_name(folder->type));
	digest_number(digest, "read-only", folder->read_only);
	digest_field(digest, "owner", folder->owner);
	digest_field(digest, "group", folder->group);
	digest_number(digest, "mode", folder->mode);
	for (size_t i = 0; i < folder->exclude.n; i++)
		digest_field(digest, "exclude", folder->exclude.v[i]);
}

static bool has_any(const char *root, const char *pattern)
{
	AUTO_FREE char *path = xasprintf("%s%s", root, pattern);
	glob_t found;
	bool any = glob(path, GLOB_NOSORT, NULL, &found) == 0 && found.gl_pathc > 0;

	globfree(&found);
	return any;
}

/* The folders of another host are others, only root can map ids, and it is mounted over the
 * network. */
static bool can_mount(const struct machine_spec *spec)
{
	return spec->network_mode == NET_LAB && str_eq(spec->kvm.uri, "qemu:///system") &&
	        geteuid() == 0;
}

bool folder_virtiofs(const struct machine_spec *spec)
{
	static const char *const servers[] = {
	        "/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd", "/usr/lib/virtiofsd"};
	bool host = false;

	if (!can_mount(spec))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(servers); i++)
		host = host || fs_exists(servers[i]);
	return host &&
	        (!spec->box.rootfs ||
	                has_any(spec->box.rootfs,
	                        "/usr/lib/modules/*/kernel/fs/fuse/virtiofs.ko*"));
}

bool folder_can_9p(const struct machine_spec *spec)
{
	return can_mount(spec) &&
	        (!spec->box.rootfs ||
	                (has_any(spec->box.rootfs, "/usr/lib/modules/*/kernel/fs/9p/9p.ko*") &&
	                        has_any(spec->box.rootfs,
	                                "/usr/lib/modules/*/kernel/net/9p/9pnet_virtio.ko*")));
}

/* Nobody can look into a disk that is not prov's: only what is asked for by name is tried there. An
 * owner who is asked for by name is not for 9p, which knows no users. */
static enum folder_type best(const struct machine_spec *spec, const struct folder_use *f)
{
	bool known = !spec_is_foreign(spec);

	if (known && folder_virtiofs(spec))
		return FOLDER_VIRTIOFS;
	if (known && !f->owner && !f->group && folder_can_9p(spec))
		return FOLDER_9P;
	return f->implicit ? FOLDER_AUTO : FOLDER_RSYNC;
}

void folders_settle(struct machine_spec *spec)
{
	for (size_t i = 0; i < spec->n_folders; i++)
		if (spec->folders[i].type == FOLDER_AUTO)
			spec->folders[i].type = best(spec, &spec->folders[i]);
}
