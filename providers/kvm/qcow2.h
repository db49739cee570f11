/* The one thing that prov reads from a qcow2 header by itself; everything else is qemu-img's. */
#pragma once

#include "base/err.h"

/* Bytes of the disk as a guest sees it (QEMU, docs/interop/qcow2.txt: bytes 24 to 31, big endian).
 */
MUST_CHECK int qcow2_virtual_size(const char *path, int64_t *bytes, struct err *err);
