/* kvm.disk: the machine's own disk, copy-on-write over the box's. */
#include "providers/kvm/kvm.h"

#include "base/fs.h"
#include "base/io.h"
#include "base/proc.h"
#include "providers/kvm/qcow2.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int qcow2_virtual_size(const char *path, int64_t *bytes, struct err *err)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char header[32];
	uint64_t size = 0;

	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	if (io_read_full(fd, header, sizeof(header)) != sizeof(header) ||
	        memcmp(header, "QFI\xfb", 4) != 0)
		return err_set(err, ERR_FAILED, "'%s' is no qcow2 disk", path);
	for (int i = 24; i < 32; i++)
		size = size << 8 | header[i];
	if (size == 0 || size > INT64_MAX)
		return err_set(err, ERR_FAILED, "'%s' says that it has no size", path);
	*bytes = (int64_t)size;
	return 0;
}

void disk_inputs(const struct run *run, struct digest *digest)
{
	digest_field(digest, "box", run->spec->box.digest);
	digest_number(digest, "bytes", run->spec->disk_bytes);
}

int disk_size(const struct machine_spec *spec, int64_t *bytes, struct err *err)
{
	int64_t box;

	if (qcow2_virtual_size(spec->box.disk, &box, err) < 0)
		return -1;
	*bytes = spec->disk_bytes ? spec->disk_bytes : box;
	if (*bytes >= box)
		return 0;
	err_of_key(err, "disk", "%" PRId64 " MiB is less than the box '%s' has (%" PRId64 " MiB)",
	        *bytes >> 20, spec->box.name, (box + (1 << 20) - 1) >> 20);
	return err_hint(err, "a disk can only grow");
}

static int finish(struct kvm_session *s, const char *tmp, const char *path, struct err *err)
{
	AUTO_FD int fd = open(tmp, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_sys(err, "open '%s'", tmp);
	if (kvm_give(s, fd, tmp, err) < 0)
		return -1;
	return rename(tmp, path) < 0 ? err_sys(err, "rename '%s' to '%s'", tmp, path) : 0;
}

/* Complete or absent; one that is complete is kept: the machine may have run on it. */
int disk_apply(struct run *run, struct err *err)
{
	const struct machine_spec *spec = run->spec;
	AUTO_FREE char *tmp = xasprintf("%s.tmp", run->names->disk);
	char size[32];
	int64_t bytes;

	if (fs_exists(run->names->disk))
		return 0;
	if (disk_size(spec, &bytes, err) < 0 || fs_mkdirs(run->names->dir, 0711, err) < 0 ||
	        fs_unlink(tmp, err) < 0)
		return -1;
	snprintf(size, sizeof(size), "%" PRId64, bytes);
	const char *const argv[] = {"qemu-img", "create", "-q", "-f", "qcow2", "-b", spec->box.disk,
	        "-F", "qcow2", tmp, size, NULL};
	if (proc_check(argv, NULL, err) < 0)
		return err_hint(err, "tools/setup installs qemu-img (package qemu-utils)");
	return finish(run->session, tmp, run->names->disk, err);
}

/* The console and the phases go with the disk: halt keeps them, to be read. */
static int remove_logs(const struct names *names, struct err *err)
{
	AUTO_STRV files = {0};

	if (fs_list(names->dir, &files, err) < 0)
		return -1;
	for (size_t i = 0; i < files.n; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", names->dir, files.v[i]);
		/* virtlogd keeps full ones as NAME.0, NAME.1, … */
		if ((str_starts(path, names->console) || str_starts(path, names->phases)) &&
		        fs_unlink(path, err) < 0)
			return -1;
	}
	return 0;
}

int disk_revert(struct run *run, struct err *err)
{
	AUTO_FREE char *tmp = xasprintf("%s.tmp", run->names->disk);

	if (fs_unlink(tmp, err) < 0 || fs_unlink(run->names->disk, err) < 0)
		return -1;
	return remove_logs(run->names, err);
}

void disk_explain(const struct run *run, struct str *out)
{
	str_add(out,
	        "The machine writes to a qcow2 file of its own; what it has not written is read "
	        "from the box's disk, which is never changed.\nqemu-img create -f qcow2 -F qcow2 "
	        "-b ");
	str_add_shell(out, run->spec->box.disk ? run->spec->box.disk : "DISK");
	str_add(out, " ");
	str_add_shell(out, run->names->disk);
	if (run->spec->disk_bytes)
		str_addf(out, " %" PRId64, run->spec->disk_bytes);
	str_add(out, "\n");
}
