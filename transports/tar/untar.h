/*
 * What prov-tar.so exports as "prov_untar": an archive that a machine sends, unpacked on the host.
 * Neither its names nor the folder are trusted: while it is written, somebody may swap folders in
 * there for links. So every path is resolved beneath the folder without following a link
 * (openat2(2)), for each entry anew. Files become the caller's, without set-id and sticky bits;
 * devices, sockets and FIFOs are left out.
 */
#pragma once

#include "base/err.h"

/* fd: a tar, read to its end; folder: where to. Existing files are replaced, folders are kept. */
typedef int untar_function(int fd, int folder, struct err *err);

extern untar_function prov_untar;
