#include "boxes/layout.h"

#include "base/fs.h"
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

char *layout_manifest(const char *home, const char *name)
{
	return xasprintf("%s/boxes/%s/box.json", home, name);
}

char *layout_superseded(const char *home, const char *name, const char *digest)
{
	return xasprintf("%s/boxes/%s/old-%s.json", home, name, digest);
}

char *layout_artefact_in(const char *dir, const struct artefact *a)
{
	if (str_eq(a->format, "tree"))
		return xasprintf("%s/trees/%s", dir, a->digest);
	return xasprintf(
	        "%s/blobs/%s.%s", dir, a->digest, str_eq(a->kind, "disk") ? a->format : a->kind);
}

char *layout_artefact(const char *home, const struct artefact *a)
{
	AUTO_FREE char *store = xasprintf("%s/store", home);

	return layout_artefact_in(store, a);
}

char *layout_staging(const char *home, int pid, uint64_t start_ticks)
{
	return xasprintf("%s/store/tmp-%d-%" PRIu64, home, pid, start_ticks);
}

int layout_make(const char *home, struct err *err)
{
	static const char *const folders[] = {
	        "boxes", "store/blobs", "store/trees", "store/partial"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", home, folders[i]);
		if (fs_mkdirs(path, 0711, err) < 0)
			return -1;
	}
	return 0;
}

int layout_lock(const char *home, int *fd, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/store/lock", home);
	AUTO_FD int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int rc;

	if (lock < 0)
		return err_sys(err, "open '%s'", path);
	while ((rc = flock(lock, LOCK_EX)) < 0 && errno == EINTR)
		;
	if (rc < 0)
		return err_sys(err, "lock '%s'", path);
	*fd = util_steal_fd(&lock);
	return 0;
}

void layout_sweep(const char *home)
{
	AUTO_FREE char *store = xasprintf("%s/store", home);
	AUTO_STRV names = {0};

	if (fs_list(store, &names, NULL) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		uint64_t ticks;
		int pid, used = 0;
		if (sscanf(names.v[i], "tmp-%d-%" SCNu64 "%n", &pid, &ticks, &used) != 2 ||
		        names.v[i][used] || proc_same(pid, ticks))
			continue;
		AUTO_FREE char *path = xasprintf("%s/%s", store, names.v[i]);
		if (fs_remove_tree(path, NULL) < 0)
			continue;
	}
}
