/* A filter loaded into the calling process, for the suites of seccomp. */
#pragma once

#include "engine/seccomp.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In a child of the test: its exit status is 201 where the kernel refuses. */
static inline void seccomp_load(const struct seccomp_program *p)
{
	struct sock_fprog prog = {(unsigned short)p->n, p->code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, p->flags, &prog) < 0)
		_exit(201);
}
