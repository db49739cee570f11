/* Processes: run a tool to its end with its output caught, and know a process again by pid and
 * start time. */
#pragma once

#include "base/str.h"
#include "base/err.h"

#include <sys/types.h>

struct proc_cmd {
	const char *const *argv; /* looked up in PATH */
	const char *path;        /* the program itself, whatever argv calls it; NULL: argv[0] */
	const char *const *env;  /* the whole environment; NULL: this process's */
	const char *cwd;         /* NULL: stay */
	int in_fd;               /* -1: /dev/null */
	int out_fd, err_fd;      /* where output is NULL; -1: /dev/null */
	/* If set, standard output and error (stream 1 and 2) arrive here instead, as they come. */
	void (*output)(void *ctx, int stream, const char *data, size_t n);
	void (*tick)(void *ctx); /* called some ten times a second while it runs; NULL: not */
	void *ctx;
	int64_t timeout_ns; /* 0: none. When it is over, the whole process group gets SIGKILL. */
	const volatile int *stop; /* when it becomes non-zero the group gets SIGTERM, 5 s later
	                             SIGKILL; NULL: never */
};

/*
 * Runs cmd in a process group of its own and waits. *status is the exit code, 128 + n for signal n.
 * -1: it could not be started (ENOENT says "command not found"), ran into its time limit, or was
 * stopped.
 */
MUST_CHECK int proc_run(const struct proc_cmd *cmd, int *status, struct err *err);
/* proc_run of argv that must exit 0; its output becomes the error's text if it does not. out may be
 * NULL. */
MUST_CHECK int proc_check(const char *const argv[], struct str *out, struct err *err);

/* Field 22 of /proc/PID/stat in clock ticks since boot. -1: there is no such process, or it is a
 * zombie. */
MUST_CHECK int proc_start_time(pid_t pid, uint64_t *ticks, struct err *err);
/* True if the process that was recorded with this start time runs still (a zombie does not). */
bool proc_same(pid_t pid, uint64_t start_ticks);
/*
 * Between the two, a worker survives its killed parent: a daemon finishes what it was asked even if
 * nobody waits for the answer, and what it made then must still be found under the worker's lock.
 * The end does not return where the parent has gone meanwhile.
 */
pid_t proc_outlive_begin(void);
void proc_outlive_end(pid_t parent);
int proc_exit_status(int wait_status); /* exit code, or 128 + n for signal n */
/* "SIGTERM", "SIGRTMIN+3". The caller frees. */
char *proc_signal_name(int signal);
/* For people: "3", or "143 (SIGTERM)" where the code stands for a signal. The caller frees. */
char *proc_code_text(int code);

/* Path of the running program; NULL: /proc does not tell. The caller frees. */
char *module_self(void);
/*
 * Path of a file that belongs to prov (a module, a guest program): in $PROV_MODULE_DIR if that is
 * set, else beside the running binary as in the build folder, else in $(libdir)/prov. Never NULL;
 * the caller frees.
 */
char *module_file(const char *name);
/*
 * Loads the module NAME.so (see module_file) once, and finds symbol in it. ERR_HOST names the file
 * and the dynamic linker's reason.
 */
MUST_CHECK int module_symbol(const char *module, const char *symbol, void **out, struct err *err);

/* Every signal as a new process has it: what is ignored would stay so through execve(2). With those
 * two that the C library keeps for itself and a caller may have left ignored. */
void proc_default_signals(void);
/* For a forked child that fills or empties its parent's pipe: the other end decides about Ctrl-C
 * and cuts the pipe, and the child does not outlive its parent. */
void proc_serve_pipe(void);
