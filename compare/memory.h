/*
 * Memory as the host pays it: what MemAvailable lost is the truth, /proc/PID/smaps and the cgroup
 * say where it went. Never summed RSS: shared pages would count twice. Sizes are MiB.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

/* A "Key:  N kB" line of /proc/meminfo, smaps_rollup or status, in MiB; NAN: there is none. */
double memory_field(const char *text, const char *key);
MUST_CHECK int memory_available(double *out, struct err *err);

/*
 * Waits until MemAvailable stands still (three looks a quarter of a second apart within 1 MiB),
 * limit_ns at most.
 */
MUST_CHECK int memory_settle(int64_t limit_ns, const volatile int *stop, struct err *err);

struct memory_parts {
	double guest; /* guest RAM that was touched */
	double tcg;   /* TCG's translation cache: what is writable and executable at once */
	double rest;  /* QEMU itself, devices, ROMs */
};
/* From the text of /proc/PID/smaps, by PSS. The guest's RAM is the mapping of its size. */
void memory_split(const char *smaps, double guest_mib, struct memory_parts *out);

struct memory_group {
	double used;   /* of the cgroup, less inactive file pages; NAN: not accounted */
	double kernel; /* slabs, stacks, page tables, as far as the kernel accounts them; NAN */
	char method[80];
};
/* Of the memory cgroup that pid is in, v1 or v2; fields are NAN where it has none of its own. */
void memory_group_of(pid_t pid, struct memory_group *out);
/* PSS of one process; NAN: not ours to read, or gone. */
double memory_pss(pid_t pid);
/* The parent if it is a container's supervisor; 0: it has none. */
pid_t memory_supervisor(pid_t init);
/* PSS of a process and its descendants. */
double memory_pss_tree(pid_t root);

/* Whether the kernel merges equal pages, as a sentence. */
void memory_ksm(struct str *out);
/* Bytes that the file system allocated for a folder, mounts below it left out. */
MUST_CHECK int memory_disk(const char *folder, double *mib, struct err *err);
