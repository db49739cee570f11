/* Making a container up to the point where it waits for `start`, and letting it go on. */
#pragma once

#include "oci/container.h"

#include <sys/types.h>

/* The descriptors that --preserve-fds hands over; ERR_USAGE. */
MUST_CHECK int preserved_fds(const struct oci_call *call, unsigned *out, struct err *err);
/* A pid as text, complete or absent. path NULL: nobody wants it. */
MUST_CHECK int write_pid_file(const char *path, pid_t pid, struct err *err);

/*
 * The container is a child of the caller and waits. console: a connected socket for its terminal,
 * -1: none. *pid may be NULL. What was begun is undone on failure, poststop hooks included.
 */
MUST_CHECK int container_create(
        const struct oci_call *call, int console, pid_t *pid, struct err *err);
/* Lets it execute its program and hears how that went, then runs the poststart hooks. */
MUST_CHECK int container_start(const struct oci_call *call, struct err *err);
