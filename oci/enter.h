/* One more process in a running container: the same cgroup, namespaces, filter and confinement as
 * its first one. */
#pragma once

#include "oci/container.h"

struct enter {
	const struct oci_container *container;
	struct oci_process
	        *process; /* its confine holds filter and listener; its environment gets HOME */
	int console;      /* connected socket for the terminal; -1: none */
	unsigned preserve_fds;
	const char *subgroup;          /* below the container's cgroup; NULL: that itself */
	const char *listener_metadata; /* for whom the filter notifies; NULL: none */
};

/* The process is a child of the caller, and executes its program on success. */
MUST_CHECK int container_enter(const struct enter *e, pid_t *pid, struct err *err);
