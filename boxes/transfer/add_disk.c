/* The disk of a machine that is not prov's: an image that boots by its own loader, bare or in a box
 * of vagrant-libvirt. Such a box has a disk and nothing else. */
#include "base/fs.h"
#include "base/io.h"
#include "boxes/transfer/add.h"
#include "boxes/transfer/artefacts.h"
#include "boxes/transfer/firmware.h"
#include "boxes/transfer/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK         (1024 * 1024)
#define SECTOR        FIRMWARE_SECTOR
#define HEAD          (FIRMWARE_SECTORS * FIRMWARE_SECTOR)
#define CLUSTER       65536 /* qcow2's, as qemu-img makes it */
#define TAR_MAGIC_AT  257
#define METADATA_MAX  (64 * 1024)
#define VAGRANT_DISK  "box.img"
#define VAGRANT_WORDS "metadata.json"

/* qcow2 by its magic; raw by a partition table's mark (0x55 0xaa ends its first sector, GPT's
 * protective one as well), where it is no tar that happens to have these two bytes. */
enum add_image add_image_of(int fd)
{
	unsigned char first[SECTOR] = {0};

	if (pread(fd, first, sizeof(first), 0) != (ssize_t)sizeof(first))
		return ADD_NO_IMAGE;
	if (memcmp(first, "QFI\xfb", 4) == 0)
		return ADD_QCOW2;
	bool tar = memcmp(first + TAR_MAGIC_AT, "ustar", 5) == 0;
	return first[SECTOR - 2] == 0x55 && first[SECTOR - 1] == 0xaa && !tar ? ADD_RAW
	                                                                      : ADD_NO_IMAGE;
}

/* Machines of such boxes are started by the BIOS: one that waits for another firmware would not say
 * why it does not come up. */
static int check_head(int fd, struct err *err)
{
	unsigned char head[HEAD];
	ssize_t n = pread(fd, head, sizeof(head), 0);

	if (n < 0 || !firmware_is_uefi_alone(head, (size_t)n))
		return 0;
	err_set(err, ERR_FAILED,
	        "it starts by UEFI alone: it has an EFI system partition, and no boot loader for "
	        "the BIOS that prov starts such disks by");
	return err_hint(err,
	        "take the variant for BIOS, or install one in it: grub-install --target=i386-pc");
}

/* Where qemu-img is not there, or cannot read it, the machine's start will tell. */
static int check_qcow2_head(struct add *add, const char *path, struct err *err)
{
	AUTO_FREE char *head = stage_path(&add->stage, "head");
	AUTO_FREE char *from = xasprintf("if=%s", path), *to = xasprintf("of=%s", head);
	AUTO_FREE char *size = xasprintf("bs=%d", HEAD);
	const char *argv[] = {
	        "qemu-img", "dd", "-f", "qcow2", "-O", "raw", size, "count=1", from, to, NULL};
	struct err why = {0};
	int rc = job_run(add->stage.job, &(struct job_tool){.argv = argv}, add->stage.dir, &why);

	if (rc < 0 && why.kind == ERR_INTERRUPTED) {
		if (err)
			*err = why;
		return -1;
	}
	AUTO_FD int fd = open(head, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	unlink(head);
	return rc < 0 || fd < 0 ? 0 : check_head(fd, err);
}

static int stage_disk(struct add *add, const char *path, struct err *err)
{
	return qcow2_check(path, err) < 0 || check_qcow2_head(add, path, err) < 0
	        ? -1
	        : stage_blob(&add->stage, path, "disk", "qcow2", &add->box, err);
}

static int copy_image(struct add *add, int from, const char *path, struct err *err)
{
	AUTO_FREE char *block = xmalloc(BLOCK);
	AUTO_FD int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n;

	if (to < 0)
		return err_sys(err, "create '%s'", path);
	while ((n = io_read_full(from, block, BLOCK)) > 0) {
		if (io_write_all(to, block, (size_t)n, err) < 0 ||
		        job_go_on(add->stage.job, err) < 0)
			return -1;
		job_advance(add->stage.job, &add->meter, n);
	}
	return n < 0 ? err_sys(err, "read the disk") : 0;
}

/* What a qcow2 of this image takes: the clusters that are not only zeros, and its tables, which are
 * less than a thousandth, with one megabyte for their beginnings. */
static int measure_image(struct add *add, int fd, int64_t *out, struct err *err)
{
	AUTO_FREE unsigned char *cluster = xmalloc(CLUSTER);
	int64_t used = 0;
	ssize_t n;

	for (off_t at = 0; (at = lseek(fd, at, SEEK_DATA)) >= 0; at += n) {
		at -= at % CLUSTER;
		if ((n = pread(fd, cluster, CLUSTER, at)) <= 0)
			break;
		if (cluster[0] || memcmp(cluster, cluster + 1, (size_t)n - 1) != 0)
			used += CLUSTER;
		if (job_go_on(add->stage.job, err) < 0)
			return -1;
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "seek");
	*out = used + used / 1000 + 1048576;
	return 0;
}

/* Most disks have room for all that the image's file takes: only where there is doubt it is read
 * once more. */
static int need_for_raw(struct add *add, int fd, const struct stat *st, struct err *err)
{
	int64_t least = (int64_t)st->st_blocks * 512, bytes = st->st_size;
	uint64_t left;

	if (least < bytes)
		bytes = least;
	if (fs_free_bytes(add->stage.dir, &left, err) < 0)
		return -1;
	if (left / 2 > (uint64_t)bytes)
		return 0;
	return measure_image(add, fd, &bytes, err) < 0
	        ? -1
	        : stage_need(&add->stage, bytes, "the disk", err);
}

/* A raw image becomes a qcow2: what is only zeros takes no room then. */
static int convert_image(struct add *add, int from, const char *path, struct err *err)
{
	AUTO_FREE char *source = xasprintf("/proc/%d/fd/%d", (int)getpid(), from);
	const char *argv[] = {
	        "qemu-img", "convert", "-f", "raw", "-O", "qcow2", source, path, NULL};

	return job_run(add->stage.job, &(struct job_tool){.argv = argv}, add->stage.dir, err);
}

int add_image(struct add *add, int fd, enum add_image kind, struct err *err)
{
	AUTO_FREE char *path = stage_path(&add->stage, "disk.qcow2");
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, "look at the disk");
	if ((kind == ADD_QCOW2 ? stage_need(&add->stage, st.st_size, "the disk", err)
	                       : need_for_raw(add, fd, &st, err)) < 0)
		return -1;
	/* Before it is converted for nothing. */
	if (kind == ADD_RAW && check_head(fd, err) < 0)
		return -1;
	int rc = kind == ADD_QCOW2 ? copy_image(add, fd, path, err)
	                           : convert_image(add, fd, path, err);
	return rc < 0 ? -1 : stage_disk(add, path, err);
}

/* --- a box of vagrant-libvirt: metadata.json, Vagrantfile, box.img --- */

static int check_metadata(struct add *add, struct err *err)
{
	AUTO_FREE char *text = xmalloc(METADATA_MAX);
	la_ssize_t n = archive_read_data(add->outer, text, METADATA_MAX);

	if (n < 0)
		return unpack_failed(add->outer, err);
	json_t *root = json_loadb(text, (size_t)n, 0, NULL);
	const char *provider = json_string_value(json_object_get(root, "provider"));
	bool good = !provider || str_eq(provider, "libvirt") || str_eq(provider, "qemu");
	AUTO_STR shown = {0};
	str_add_escaped(&shown, provider ? provider : "", strnlen(provider ? provider : "", 40));
	json_decref(root);
	if (good)
		return 0;
	err_set(err, ERR_FAILED, "it is a box for Vagrant's provider '%s'", str_text(&shown));
	return err_hint(err, "prov takes those for libvirt");
}

/* Within the limits of any box: who packs zeros fills no disk. */
static int unpack_image(struct add *add, struct archive_entry *entry, struct err *err)
{
	AUTO_FREE char *path = stage_path(&add->stage, VAGRANT_DISK);
	AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct unpack u = {.job = add->stage.job,
	        .limits = &unpack_defaults,
	        .meter = &add->meter,
	        .root = -1};

	if (fd < 0)
		return err_sys(err, "create '%s'", path);
	if (unpack_content(&u, add->outer, fd, VAGRANT_DISK, archive_entry_size(entry), err) < 0)
		return -1;
	enum add_image kind = add_image_of(fd);
	if (kind == ADD_NO_IMAGE)
		return err_set(err, ERR_FAILED,
		        "its " VAGRANT_DISK " is neither qcow2 nor a disk that can boot");
	if (kind == ADD_QCOW2)
		return stage_disk(add, path, err);
	if (lseek(fd, 0, SEEK_SET) < 0 || add_image(add, fd, kind, err) < 0)
		return -1;
	return fs_unlink(path, err);
}

/* "./box.img" is box.img. */
static const char *plain_name(struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);

	return name && str_starts(name, "./") ? name + 2 : name;
}

bool add_is_vagrant(struct archive_entry *entry)
{
	static const char *const members[] = {
	        VAGRANT_WORDS, VAGRANT_DISK, "Vagrantfile", "info.json"};
	const char *name = plain_name(entry);

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (archive_entry_filetype(entry) == S_IFREG && str_eq(name, members[i]))
			return true;
	return false;
}

int add_vagrant(struct add *add, struct archive_entry *entry, struct err *err)
{
	int rc = ARCHIVE_OK;

	while (rc == ARCHIVE_OK || rc == ARCHIVE_WARN) {
		const char *name = plain_name(entry);
		bool file = archive_entry_filetype(entry) == S_IFREG;
		if (file && str_eq(name, VAGRANT_WORDS) && check_metadata(add, err) < 0)
			return -1;
		if (file && str_eq(name, VAGRANT_DISK)) {
			if (box_artefact(&add->box, "disk"))
				return err_set(err, ERR_FAILED, "it has two disks");
			if (unpack_image(add, entry, err) < 0)
				return -1;
		}
		rc = archive_read_next_header(add->outer, &entry);
	}
	if (rc != ARCHIVE_EOF)
		return unpack_failed(add->outer, err);
	if (box_artefact(&add->box, "disk"))
		return 0;
	err_set(err, ERR_FAILED, "there is no " VAGRANT_DISK " in it");
	return err_hint(err, "prov takes boxes of Vagrant with one disk, for libvirt");
}
