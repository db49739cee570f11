#include "boxes/transfer/artefacts.h"

#include "base/io.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const struct member box_members[N_MEMBERS] = {
        {"rootfs.tar.zst", "rootfs"},
        {"disk.qcow2", "disk"},
        {"kernel", "kernel"},
        {"initrd", "initrd"},
};

static uint64_t big_endian(const unsigned char *p, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value = value << 8 | p[i];
	return value;
}

/* QEMU: docs/interop/qcow2.txt. Bits of incompatible features: 0 dirty, 1 corrupt, 2 external data
 * file, 3 compression type, 4 extended L2 entries. */
int qcow2_check(const char *path, struct err *err)
{
	unsigned char h[104] = {0};
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || io_read_full(fd, h, sizeof(h)) < 0)
		return err_sys(err, "read '%s'", path);
	uint64_t version = big_endian(h + 4, 4), backing = big_endian(h + 8, 8);
	uint64_t features = version >= 3 ? big_endian(h + 72, 8) : 0;
	if (memcmp(h, "QFI\xfb", 4) != 0 || version < 2 || version > 3)
		return err_set(err, ERR_FAILED, "refused: the disk is not a qcow2 image");
	if (backing)
		return err_set(err, ERR_FAILED, "refused: the disk has a backing file");
	if (features & ~(uint64_t)0x19)
		return err_set(err, ERR_FAILED,
		        "refused: the disk has external data, is damaged or too new");
	return 0;
}
