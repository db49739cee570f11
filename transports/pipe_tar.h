/* The host's tar at one end of a pipe, while a transport serves the other. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

struct pipe_tar {
	pid_t pid;
	int fd;  /* our end of the pipe */
	int log; /* what tar says */
};

/* Writes folder to fd, without these paths in it; every entry gets these owners (numbers). */
MUST_CHECK int pipe_tar_pack(struct pipe_tar *tar, const char *folder, const struct strv *without,
        const char *uid, const char *gid, struct err *err);
/* Reads fd into folder: modes without set-id bits, the caller's ownership, no devices. */
MUST_CHECK int pipe_tar_unpack(struct pipe_tar *tar, const char *folder, struct err *err);
/* Closes fd and waits. broken: the other end failed, so what tar says of a cut pipe is no news. */
MUST_CHECK int pipe_tar_end(struct pipe_tar *tar, bool broken, struct err *err);
