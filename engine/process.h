/* Processes that are no children: awaited by pidfd, known again by pid and start time. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

enum wait_end { WAIT_ENDED, WAIT_TIMEOUT, WAIT_STOPPED };

/* deadline on the monotonic clock; stop as in core/step.h, NULL: never. */
enum wait_end process_wait(int pidfd, int64_t deadline, const volatile int *stop);

/* "PID START_TICKS", as facts record it. NULL: there is no such process. The caller frees. */
char *process_mark(pid_t pid);
/* A pidfd of the process with that mark; -1: it has ended. *pid may be NULL. */
int process_open(const char *mark, pid_t *pid);
/* A pidfd of a process known to live; -1: it has ended. */
int process_pidfd(pid_t pid);
int process_signal(int pidfd, int sig);
