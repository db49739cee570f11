/*
 * `prov network connect` and `disconnect`: a running machine joins a further network, or leaves
 * one. That lasts until it is halted, or until up goes by the file again; the address is recorded
 * like one of the file's, so that nobody else gets it meanwhile.
 */
#pragma once

#include "lab/verbs.h"

struct plug {
	const char *network;
	const char *address; /* NULL: a free one */
	bool in;
	const struct nic *nic; /* for the verb: found by plug_find, of the machine's spec */
	bool added;            /* likewise: the file does not have it */
};

/* Refuses what cannot be, before anything is locked. */
MUST_CHECK int plug_check(
        const struct lab *lab, const struct machine *m, const struct plug *plug, struct err *err);
/* lab_lock'ed. Gives m->spec the network, with an address. */
MUST_CHECK int plug_find(struct lab *lab, struct machine *m, struct plug *plug, struct err *err);
/* After the machine has left a network that is not in its file, or failed to join it: its address
 * there is free. */
MUST_CHECK int plug_forget(
        struct lab *lab, const struct machine *m, const struct plug *plug, struct err *err);
