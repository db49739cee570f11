/*
 * Cost of running: one small static program (guest/prov-probe.c), the same bytes on the host, in a
 * container and in a virtual machine. What a machine answers is not trusted: it is bounded, numbers
 * and units are checked, text is escaped.
 */
#pragma once

#include "compare/result.h"
#include "core/transport.h"

/* What a probe needs besides the program. */
enum probe_needs { PROBE_NOTHING, PROBE_DISK, PROBE_HOST, PROBE_PEER };

/* One row of the table; ids, units and methods are those of the series. */
struct probe {
	const char *id, *title, *unit, *method;
	bool higher_is_better;
	const char *name; /* the program's word for it; it answers as "probe.NAME" */
	enum probe_needs needs;
};
const struct probe *probes_table(size_t *n);

/* Where the program runs. The transport is borrowed; NULL is this host. */
struct probe_place {
	char *kind; /* "host", "container", … */
	struct transport *transport;
	char *program; /* path there */
	char *dir;     /* where probes of the disk put their file */
	const volatile int *stop;
};

/*
 * Puts the program into the machine. dir: NULL is the program's own folder, which is on the
 * machine's disk; on the host it must be given, and be on the disk that holds the machines.
 * ERR_HOST: the program is not built or installed. Close also what failed to open.
 */
MUST_CHECK int probe_place_open(struct probe_place *place, const char *kind,
        struct transport *transport, const char *dir, struct err *err);
/* Takes the program out of the machine again; frees in any case. */
MUST_CHECK int probe_place_close(struct probe_place *place, struct err *err);

/* Runs the program with these words, e.g. {"facts", NULL}; what it writes goes into out. 0: it ran
 * to its end, see *status. */
MUST_CHECK int probe_place_run(const struct probe_place *place, const char *const *words,
        struct str *out, int *status, struct err *err);

struct probe_address {
	const char *host; /* IPv4 address; NULL: there is no such server */
	int port;
};

struct probe_options {
	bool quick; /* tens of milliseconds instead of 0.3 s each */
	bool disturbed;
	struct probe_address host; /* servers: on the host, and on another machine of the kind */
	struct probe_address peer;
};

/* What a probe says: the median of n batches, and the limits between which they lie. */
struct probe_answer {
	double value, min, max;
	long n;
	struct strv notes; /* escaped */
};
void probe_answer_clear(struct probe_answer *answer);
MUST_CHECK int probe_parse(const struct probe *probe, const char *text, size_t n,
        struct probe_answer *out, struct err *err);

/* Runs one and adds its median to its series of place->kind; what a reader must know about it goes
 * to the result's notes, once. */
MUST_CHECK int probe_run(const struct probe_place *place, const struct probe *probe,
        const struct probe_options *options, struct result *result, struct err *err);
/*
 * Each probe whose needs are met. One that fails is a note ("container: system call: …") and the
 * next one goes on; -1: the machine does not answer any more, or ERR_INTERRUPTED.
 */
MUST_CHECK int probes_run(const struct probe_place *place, const struct probe_options *options,
        struct result *result, struct err *err);

/*
 * The server of the TCP probes at place, bound to this address; *port is free and chosen there. It
 * ends by quit, or by itself when nobody came for two minutes.
 */
MUST_CHECK int probe_serve(
        const struct probe_place *place, const char *address, int *port, struct err *err);
MUST_CHECK int probe_quit(
        const struct probe_place *place, const char *address, int port, struct err *err);
