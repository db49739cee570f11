#include "providers/kvm/nine.h"

#include "base/fs.h"
#include "core/folder.h"
#include "engine/folder.h"
#include "providers/common/folder_ids.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOUNTS KVM_RUN "/9p"
/* As in folders.c: on the disk, of whom QEMU's user is not. */
#define NOBODY 0x7fff0000u

static char *machine_path(const struct names *names)
{
	return xasprintf(MOUNTS "/%s", names->domain);
}

char *nine_path(const struct names *names, size_t index)
{
	return xasprintf(MOUNTS "/%s/%zu", names->domain, index);
}

int nine_check(const struct machine_spec *spec, const struct folder_use *f, struct err *err)
{
	if (f->owner || f->group) {
		err_of_key(err, "synced_folders",
		        "%s of '%s': inside a folder by 9p all belongs to the "
		        "number that QEMU has on the host",
		        f->owner ? "owner" : "group", f->guest);
		return err_hint(err, "write virtiofs or rsync, or leave it out");
	}
	if (!spec->box.digest || folder_can_9p(spec))
		return 0;
	err_set(err, ERR_HOST,
	        "synced_folders: 9p for '%s' needs root, the host's libvirt, a network and a box "
	        "whose kernel has it",
	        f->guest);
	err_key(err, "synced_folders");
	return err_hint(err, "virtiofs or rsync; auto takes what works");
}

/* No other user of the host but QEMU's reaches what is mounted below. */
static int make_folders(
        struct run *run, const struct kvm_owner *owner, const char *path, struct err *err)
{
	AUTO_FREE char *machine = machine_path(run->names);

	if (kvm_run_folder(MOUNTS, 0711, machine, err) < 0)
		return -1;
	if (chmod(machine, 0500) < 0 || chown(machine, owner->uid, owner->gid) < 0)
		return err_sys(err, "give '%s' to QEMU's user", machine);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, "create folder '%s'", path);
	return 0;
}

static int fill_row(const struct folder_use *f, const struct kvm_owner *owner, int fd,
        struct fs_row *row, struct err *err)
{
	const struct folder_ids ids = {NULL, 0, 0, NOBODY};
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, "look at '%s'", f->host);
	row->source = xstrdup(f->host);
	row->attr_set =
	        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (f->read_only ? MOUNT_ATTR_RDONLY : 0);
	folder_ids_map_as(&ids, owner->uid, owner->gid, &st, row);
	return 0;
}

int nine_mount(struct run *run, size_t index, struct err *err)
{
	const struct folder_use *f = &run->spec->folders[index];
	AUTO_FREE char *path = nine_path(run->names, index);
	AUTO_FREE char *hidden = folder_hidden(run->spec, f);
	struct fs_row row = {.op = FS_BIND};
	const struct kvm_owner *owner;
	AUTO_FD int fd = -1;

	if (kvm_owner(run->session, &owner, err) < 0 || folder_open(f, &fd, err) < 0 ||
	        engine_folder_unmount(path, err) < 0 || make_folders(run, owner, path, err) < 0)
		return -1;
	int rc = fill_row(f, owner, fd, &row, err);
	if (rc == 0)
		rc = engine_folder_mount(fd, &row, hidden, path, err);
	fs_row_clear(&row);
	return rc;
}

int nine_unmount(const struct names *names, struct err *err)
{
	AUTO_FREE char *machine = machine_path(names);
	AUTO_STRV found = {0};

	if (!fs_exists(machine))
		return 0;
	if (fs_list(machine, &found, err) < 0)
		return -1;
	for (size_t i = 0; i < found.n; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", machine, found.v[i]);
		if (engine_folder_unmount(path, err) < 0)
			return -1;
		if (rmdir(path) < 0 && errno != ENOENT)
			return err_sys(err, "remove folder '%s'", path);
	}
	if (rmdir(machine) < 0 && errno != ENOENT)
		return err_sys(err, "remove folder '%s'", machine);
	kvm_run_leave(MOUNTS);
	return 0;
}
