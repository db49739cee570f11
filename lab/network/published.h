/*
 * Which ports of the host lead to which machine of a lab: a fact of its journal for each machine,
 * "port.SELECTOR", a list of "ADDRESS:HOST:GUEST/PROTOCOL" with a '*' behind those whose port of
 * the host was chosen here; "localhost" is the loopback of both families. Such a one is kept as
 * long as the machine exists.
 */
#pragma once

#include "lab/lab.h"
#include "lab/file/value_net.h"

#define PUBLISHED_FACT "port."

struct published {
	char *machine; /* its selector */
	struct port_map map;
	bool chosen; /* by prov, as the file names no port of the host */
};
struct published_list {
	struct published *rows;
	size_t n;
};

/* All that a journal tells of. Adds to the list. */
void published_read(const struct journal_state *state, struct published_list *list);
void published_add(
        struct published_list *list, const char *machine, const struct port_map *map, bool chosen);
/* The fact of one machine; NULL: it has none. The caller frees. */
char *published_fact(const struct published_list *list, const char *machine);
void published_clear(struct published_list *list);
/* "127.0.0.1:8000-8010", "[::1]:80" */
char *published_host(const struct published *row);
/* Of one machine; NULL: it has none there. */
const struct published *published_next(
        const struct published_list *list, const char *machine, const struct published *after);

/* The ports of the lab were published in this boot. */
bool published_now(const struct lab *lab);

/*
 * Refuses, naming the holder, ports that another lab or a process of the host has; without a lock,
 * before anything is made. What leads to a machine already is its own.
 */
MUST_CHECK int published_check(
        const struct lab *lab, struct machine *const *chosen, size_t n, struct err *err);
/* lab_lock'ed: records the ports of the chosen machines, choosing free ones where the file says so,
 * and forgets those of machines that are gone. */
MUST_CHECK int published_alloc(
        struct lab *lab, struct machine *const *chosen, size_t n, struct err *err);
