/*
 * kvm.folders: synced folders by virtiofs, and by 9p (nine.c). virtiofsd, which libvirt starts, is
 * root and would make what the guest's root makes root's on the host: so it gets not the folder
 * itself but a mount of it with ids mapped, without .prov, set-user-id programs and devices.
 */
#include "providers/kvm/kvm.h"

#include "base/fs.h"
#include "core/folder.h"
#include "engine/folder.h"
#include "providers/common/folder_ids.h"
#include "providers/kvm/nine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MOUNTS  KVM_RUN "/folders"
#define RETRIES 8
/* On the disk, of what others than the folder's owner make: no container has these. */
#define NOBODY 0x7fff0000u

/*
 * How long a guest may believe what it knows of a file. virtiofsd's own is one second, libvirt can
 * only set it to nothing (cache='none'), which also makes files that programs share by mmap(2)
 * impossible. The virtiofsd of QEMU (written in C) takes an option, which libvirt cannot pass on:
 * a script does. Under mandatory access control libvirt may start no script; there it stays as is.
 */
#define SERVER   "/usr/lib/qemu/virtiofsd"
#define PROFILES "/sys/kernel/security/apparmor/profiles"
static const char server_script[] = "#!/bin/sh\nexec " SERVER " \"$@\" -o timeout=0.25\n";

char *kvm_folder_path(const struct names *names, size_t index)
{
	return xasprintf(MOUNTS "/%s-%zu", names->domain, index);
}

/* AppArmor's or SELinux's profile of libvirt's daemon lets it start known programs alone. */
static bool is_confined(void)
{
	AUTO_STR text = {0};

	if (fs_read("/sys/fs/selinux/enforce", 16, &text, NULL) == 0 &&
	        str_starts(str_text(&text), "1"))
		return true;
	str_reset(&text);
	return fs_read(PROFILES, 1 << 20, &text, NULL) == 0 &&
	        (strstr(str_text(&text), "libvirtd (enforce)") ||
	                strstr(str_text(&text), "virtqemud (enforce)"));
}

static char *script_path(const struct names *names)
{
	return xasprintf("%s/virtiofsd", names->dir);
}

char *kvm_folder_server(const struct names *names)
{
	struct statvfs fs;

	if (!fs_exists(SERVER) || is_confined() || statvfs(names->dir, &fs) < 0 ||
	        (fs.f_flag & ST_NOEXEC))
		return NULL;
	return script_path(names);
}

static bool is_mounted(const struct folder_use *f)
{
	return f->type == FOLDER_VIRTIOFS || f->type == FOLDER_9P;
}

void folders_inputs(const struct run *run, struct digest *digest)
{
	for (size_t i = 0; i < run->spec->n_folders; i++)
		if (is_mounted(&run->spec->folders[i]))
			folder_digest(run->spec, &run->spec->folders[i], digest);
}

int kvm_check_folders(const struct machine_spec *spec, struct err *err)
{
	for (size_t i = 0; i < spec->n_folders; i++) {
		const struct folder_use *f = &spec->folders[i];
		if (!is_mounted(f))
			continue;
		if (folder_ids_check_mode(f, err) < 0 ||
		        (f->type == FOLDER_9P && nine_check(spec, f, err) < 0))
			return -1;
		if (f->type == FOLDER_VIRTIOFS && spec->box.digest && !folder_virtiofs(spec)) {
			err_set(err, ERR_HOST,
			        "synced_folders: virtiofs for '%s' needs root, the host's libvirt, "
			        "virtiofsd, a network and a box with that module",
			        f->guest);
			err_key(err, "synced_folders");
			return err_hint(err, "type: rsync works with every box");
		}
		if (strlen(f->guest) > 255)
			return err_of_key(err, "synced_folders", "'%s' is too long", f->guest);
	}
	return 0;
}

static int fill_row(
        struct run *run, const struct folder_use *f, int fd, struct fs_row *row, struct err *err)
{
	const char *roots[] = {run->spec->box.rootfs};
	const struct folder_ids ids = {roots, ARRAY_SIZE(roots), 0, NOBODY};
	struct stat st;

	row->source = xstrdup(f->host);
	row->attr_set =
	        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (f->read_only ? MOUNT_ATTR_RDONLY : 0);
	if (fstat(fd, &st) < 0)
		return err_sys(err, "look at '%s'", f->host);
	if (f->implicit && !folder_ids_can(fd)) {
		run_note(run, "the project is read-only at '%s': its file system cannot map ids",
		        f->guest);
		row->attr_set |= MOUNT_ATTR_RDONLY;
		return 0;
	}
	return folder_ids_map(&ids, run->spec, f, &st, row, err);
}

static int make_there(const char *path, mode_t mode)
{
	/* The umask takes bits away, and who made it may have meant less. */
	return mkdir(path, mode) < 0 && errno != EEXIST ? -1 : chmod(path, mode);
}

int kvm_run_folder(const char *parent, mode_t mode, const char *path, struct err *err)
{
	for (int i = 0; i < RETRIES; i++) {
		/* QEMU's user passes through it to what is for him. */
		if (make_there(KVM_RUN, 0711) == 0 && make_there(parent, mode) == 0 &&
		        (mkdir(path, 0700) == 0 || errno == EEXIST))
			return 0;
		if (errno != ENOENT)
			break;
	}
	return err_sys(err, "create folder '%s'", path);
}

void kvm_run_leave(const char *parent)
{
	(void)!rmdir(parent);
	(void)!rmdir(KVM_RUN);
}

static int mount_folder(struct run *run, size_t index, struct err *err)
{
	const struct folder_use *f = &run->spec->folders[index];
	AUTO_FREE char *path = kvm_folder_path(run->names, index);
	AUTO_FREE char *hidden = folder_hidden(run->spec, f);
	struct fs_row row = {.op = FS_BIND};
	AUTO_FD int fd = -1;

	if (folder_open(f, &fd, err) < 0 || engine_folder_unmount(path, err) < 0)
		return -1;
	/* Whoever may not reach the folder by its own path may not by this one. */
	if (kvm_run_folder(MOUNTS, 0700, path, err) < 0)
		return -1;
	int rc = fill_row(run, f, fd, &row, err);
	if (rc == 0)
		rc = engine_folder_mount(fd, &row, hidden, path, err);
	fs_row_clear(&row);
	return rc;
}

/* Of a domain that runs they are virtiofsd's. */
static int is_running(struct run *run, bool *out, struct err *err)
{
	struct status status;

	if (run_inspect(run, &status, err) < 0)
		return -1;
	*out = status.state == MACHINE_RUNNING || status.state == MACHINE_SUSPENDED;
	return 0;
}

int folders_apply(struct run *run, struct err *err)
{
	bool any = false, running;

	for (size_t i = 0; i < run->spec->n_folders; i++)
		any = any || is_mounted(&run->spec->folders[i]);
	if (!any)
		return 0;
	if (is_running(run, &running, err) < 0)
		return -1;
	if (running)
		return 0;
	AUTO_FREE char *script = script_path(run->names);
	if (fs_replace(script, server_script, strlen(server_script), 0755, err) < 0)
		return -1;
	for (size_t i = 0; i < run->spec->n_folders; i++) {
		enum folder_type type = run->spec->folders[i].type;
		if (is_mounted(&run->spec->folders[i]))
			folder_ids_say(run, &run->spec->folders[i]);
		if ((type == FOLDER_VIRTIOFS && mount_folder(run, i, err) < 0) ||
		        (type == FOLDER_9P && nine_mount(run, i, err) < 0))
			return -1;
	}
	return 0;
}

/* All that have this machine's name, whatever the list says now. */
int folders_revert(struct run *run, struct err *err)
{
	AUTO_FREE char *prefix = xasprintf("%s-", run->names->domain);
	AUTO_STRV names = {0};

	AUTO_FREE char *script = script_path(run->names);

	if (fs_unlink(script, err) < 0)
		return -1;
	if (geteuid() != 0)
		return 0;
	if (nine_unmount(run->names, err) < 0)
		return -1;
	if (fs_list(MOUNTS, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		AUTO_FREE char *path = xasprintf(MOUNTS "/%s", names.v[i]);
		const char *rest = names.v[i] + strlen(prefix);
		if (!str_starts(names.v[i], prefix) || strspn(rest, "0123456789") != strlen(rest))
			continue;
		if (engine_folder_unmount(path, err) < 0)
			return -1;
		if (rmdir(path) < 0 && errno != ENOENT)
			return err_sys(err, "remove folder '%s'", path);
	}
	kvm_run_leave(MOUNTS);
	return 0;
}

void folders_explain(const struct run *run, struct str *out)
{
	bool said = false;

	for (size_t i = 0; i < run->spec->n_folders; i++) {
		const struct folder_use *f = &run->spec->folders[i];
		bool nine = f->type == FOLDER_9P;
		AUTO_FREE char *path =
		        nine ? nine_path(run->names, i) : kvm_folder_path(run->names, i);
		if (!is_mounted(f))
			continue;
		if (!said)
			str_add(out,
			        "virtiofsd gets a mount of the folder in which its owner is the "
			        "machine's user and others are nobody; for 9p its owner is QEMU's "
			        "user\n");
		said = true;
		str_addf(out, "mount -o bind,nosuid,nodev%s,X-mount.idmap=… ",
		        f->read_only ? ",ro" : "");
		str_add_shell(out, f->host);
		str_addf(out, " %s\n", path);
	}
	if (!said)
		str_add(out, "no folder of the host is shared by virtiofs or 9p\n");
}
