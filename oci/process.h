/* The `process` of config.json and of `exec --process`: what is executed, as whom, and with which
 * rights (runtime-spec config.md, "Process"). */
#pragma once

#include "engine/confine.h"
#include "engine/seccomp.h"
#include "oci/json.h"

/* Descriptors from here on are above what a container may be given by number. */
enum { OCI_FD_FIRST = 64 };

struct io_priority {
	bool set;
	int class, priority;
};
struct scheduling {
	bool set;
	int policy, nice, priority;
	uint64_t flags, runtime, deadline, period;
};

struct oci_process {
	struct strv argv, env;
	char *cwd; /* absolute */
	struct confine confine;
	bool terminal;
	unsigned rows, columns; /* of the terminal; 0: as it comes */
	struct scheduling scheduling;
	struct io_priority io;
	char *apparmor, *selinux;        /* NULL: none */
	char *initial_cpus, *final_cpus; /* execCPUAffinity; NULL: as they are */
	struct strv unknown_caps;        /* where they stand, for the warning */
};

/* n may be absent: *out is then empty (argv.n is 0) and nothing is executed. The caller clears. */
MUST_CHECK int process_read(const struct node *n, struct oci_process *out, struct err *err);
void process_clear(struct oci_process *p);

/* "UID[:GID]" of `exec --user`: numbers alone, strictly. */
MUST_CHECK int process_user(struct oci_process *p, const char *text, struct err *err);
/* A capability more, in all five sets. */
MUST_CHECK int process_add_cap(struct oci_process *p, const char *name, struct err *err);
