/*
 * What a host can carry, asked before the first machine starts instead of found out by the 300th:
 * what the machines of a lab need together is counted by a pure function, and a table has a row for
 * each limit of the host with the file that says how far it goes.
 */
#pragma once

#include "core/checklist.h"
#include "lab/lab.h"

/* Of all machines that are to run at the end, and of those among them that do not run yet: most
 * limits are compared with what is left beside what is used already. */
struct lab_needs {
	int64_t containers, vms;
	int64_t new_containers, new_vms;
	int64_t ports;                /* of the bridge that needs most, one a machine */
	int64_t neighbours;           /* IPv4 neighbours that the kernel keeps for them */
	int64_t inotify;              /* instances that their init systems hold */
	int64_t keys, root_keys;      /* of the largest id range, and of root's own */
	int64_t new_ptys;             /* consoles */
	int64_t new_files, new_tasks; /* open files, processes and threads */
	int64_t new_memory_bytes;     /* of virtual machines, and the kernel's part of containers */
	int64_t new_users, new_networks; /* namespaces */
};

/* boot_id: of this boot, which tells a machine that runs by its journal. */
void lab_needs_count(
        struct machine *const *machines, size_t n, const char *boot_id, struct lab_needs *out);
/* What the chosen machines need beside those of the lab that run already. */
MUST_CHECK int lab_needs_of(const struct lab *lab, struct machine *const *chosen, size_t n,
        struct lab_needs *out, struct err *err);

/* A row for each limit that is too low: what is needed, what is left, how to raise it; one row
 * where all is well. root holds proc/; "" is the host's own. */
void limits_check(const char *root, const struct lab_needs *needs, struct checklist *list);
/* ERR_HOST names every limit that is too low. What may only become tight is said through *warning
 * (NULL: nothing; owned by the caller). */
MUST_CHECK int limits_admit(
        const char *root, const struct lab_needs *needs, char **warning, struct err *err);
/* What is said, not refused, of containers that may have more memory than the host has: nothing is
 * set aside for them. NULL: none may. Owned by the caller. */
char *limits_beyond_host(const char *root, struct machine *const *machines, size_t n);
