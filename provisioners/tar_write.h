/* A tar of chosen entries of a folder (POSIX ustar with GNU's long names), written by a process of
 * its own. Every entry is opened beneath the folder without following a link: a machine that shares
 * the folder may swap them while they are read. */
#pragma once

#include "provisioners/tree_list.h"

struct tar_writer {
	pid_t pid;
	int fd; /* to read from */
};

/* What vanished is left out, what became shorter is filled up with zeros. */
MUST_CHECK int tar_write_begin(struct tar_writer *w, int folder, const struct tree_list *entries,
        uint32_t uid, uint32_t gid, struct err *err);
/* Closes fd and waits. broken: the reader failed, so that it cannot have ended well. */
MUST_CHECK int tar_write_end(struct tar_writer *w, bool broken, struct err *err);
