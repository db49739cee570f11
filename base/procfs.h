/* What /proc tells about processes (proc_pid_status(5) and its neighbours). Text is a guest's own
 * where it names commands: escape it before it reaches a terminal. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

/* A descriptor of /proc/PID: what is read through it is that process's, or fails once it has ended.
 * -1 with errno. */
int procfs_open(pid_t pid);
/* A file below it, at most max bytes; -1 with errno, quiet. */
int procfs_read(int proc, const char *file, size_t max, struct str *out);
/* The value behind "KEY:" in the text of status, without the space around it. False: there is none.
 */
bool procfs_field(const char *status, const char *key, struct str *out);
/* Likewise as a number; fallback where there is none. */
int64_t procfs_number(const char *status, const char *key, int base, int64_t fallback);

struct procfs_process {
	pid_t pid;    /* as this process sees it */
	pid_t inside; /* in its innermost pid namespace */
	pid_t parent;
	uid_t uid;  /* effective, as this process sees it */
	char state; /* 'R', 'S', … */
	int64_t cpu_ns;
	int64_t started_ns;   /* since the boot */
	int64_t memory_bytes; /* resident */
	char *command;        /* its words, quoted for sh; "[comm]" where there are none */
};
/* -1 with errno: it has ended. Undone by procfs_process_clear. */
int procfs_process(pid_t pid, struct procfs_process *out);
void procfs_process_clear(struct procfs_process *process);
