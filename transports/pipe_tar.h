/* A tar at one end of a pipe, while a transport serves the other: the host's packs, prov-tar.so
 * unpacks. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

struct pipe_tar {
	pid_t pid;
	int fd;  /* our end of the pipe */
	int log; /* what tar says */
};

/* Writes the open folder to fd, without these paths in it; every entry gets these owners
 * (numbers). */
MUST_CHECK int pipe_tar_pack(struct pipe_tar *tar, int folder, const struct strv *without,
        const char *uid, const char *gid, struct err *err);
/* Reads fd into the open folder, never outside it: transports/tar/untar.h. ERR_HOST: the module is
 * missing. */
MUST_CHECK int pipe_tar_unpack(struct pipe_tar *tar, int folder, struct err *err);
/* Closes fd and waits. broken: the other end failed, so what tar says of a cut pipe is no news. */
MUST_CHECK int pipe_tar_end(struct pipe_tar *tar, bool broken, struct err *err);
