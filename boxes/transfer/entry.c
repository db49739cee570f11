#include "boxes/transfer/entry.h"

#include "base/str.h"

#include <archive.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

int entry_refuse(const char *path, struct err *err, const char *why)
{
	AUTO_STR shown = {0};

	str_add_escaped(&shown, path, strnlen(path, 300));
	return err_set(err, ERR_FAILED, "refused: '%s' %s", str_text(&shown), why);
}

/* trusted.* would steer overlayfs (redirect, opaque); what is not named here is not a box's
 * business. */
static bool is_attribute_allowed(const char *name)
{
	return str_starts(name, "user.") || str_eq(name, "security.capability") ||
	        str_starts(name, "system.posix_acl_");
}

static int set_attributes(int fd, struct archive_entry *entry, const char *path, struct err *err)
{
	const char *name;
	const void *value;
	size_t n;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &n) == ARCHIVE_OK) {
		if (!is_attribute_allowed(name))
			return entry_refuse(
			        path, err, "has an extended attribute that no box may have");
		if (fsetxattr(fd, name, value, n, 0) < 0)
			return err_sys(err, "set the attribute '%s' of '%s'", name, path);
	}
	return 0;
}

struct timespec entry_mtime(struct archive_entry *entry)
{
	return (struct timespec){
	        .tv_sec = archive_entry_mtime(entry), .tv_nsec = archive_entry_mtime_nsec(entry)};
}

/* Owner before mode: changing the owner clears setuid. Attributes last: writing clears
 * capabilities. */
int entry_metadata(int fd, struct archive_entry *entry, const char *path, struct err *err)
{
	struct timespec times[2] = {entry_mtime(entry), entry_mtime(entry)};

	if (fchown(fd, (uid_t)archive_entry_uid(entry), (gid_t)archive_entry_gid(entry)) < 0)
		return err_sys(err, "set the owner of '%s'", path);
	if (fchmod(fd, archive_entry_perm(entry)) < 0)
		return err_sys(err, "set the mode of '%s'", path);
	if (set_attributes(fd, entry, path, err) < 0)
		return -1;
	if (futimens(fd, times) < 0)
		return err_sys(err, "set the time of '%s'", path);
	return 0;
}
