/*
 * The way into a container that runs: its namespaces, by the pidfd of one of its processes
 * (setns(2), namespaces(7)). Only those that differ from the caller's are entered, because who has
 * entered a user namespace has no rights over what belongs to the host.
 */
#pragma once

#include "engine/cgroup/cgroup_tree.h"

struct entry {
	pid_t pid;
	int pidfd;
	int root;          /* "/" of that process */
	int namespaces;    /* CLONE_NEW… to enter; CLONE_NEWPID is for children only */
	uint32_t uid, gid; /* of the host, for root inside */
	int dumpable;      /* of the caller, when it was opened */
};

/* pid is of the caller's pid namespace. ERR_FAILED: there is no such process any more. */
MUST_CHECK int entry_open(pid_t pid, struct entry *out, struct err *err);
void entry_close(struct entry *entry);

/*
 * Starts a process that calls fn, in the pid namespace and born in the v2 group of join (NULL:
 * none), and returns once it has executed or ended. Until then it has the caller's memory
 * (vfork(2)), so that nothing need be copied: what fn writes, the caller sees; it may not return.
 * Signals are blocked in it. entry NULL: in the caller's own namespaces. Only one thread of the
 * caller may do it at a time.
 *
 * entry_enter hides that memory from the machine, and it stays hidden: the kernel lets the caller
 * go on a moment before the process has its new memory. entry_settle shows it again, once a
 * close-on-exec pipe has told that it executed, or it was waited for.
 */
MUST_CHECK pid_t entry_spawn(const struct entry *entry, const struct cgroup_join *join,
        void (*fn)(void *arg), void *arg, int *pidfd, struct err *err);
void entry_settle(const struct entry *entry);

/*
 * The rest, for that process: cgroup, namespaces, root folder and ids of root inside, with all
 * capabilities there. Nobody inside can look at its memory before it executes.
 */
MUST_CHECK int entry_enter(
        const struct entry *entry, const struct cgroup_join *join, struct err *err);

/*
 * Goes to a folder as the machine sees it. -1 with errno: EXDEV, ELOOP or ENOENT also where it
 * leads out of the root or through /proc/PID/fd (CVE-2024-21626). What is open then may be reached
 * by it, so that descriptors of the host must have been closed before.
 */
MUST_CHECK int enter_folder(const char *path);
