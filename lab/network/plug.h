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
/* lab_lock'ed. Records that it is in or out, where the file says otherwise. */
MUST_CHECK int plug_note(struct lab *lab, const struct machine *m, const struct plug *plug, bool in,
        struct err *err);
/* After the machine has left the network, or failed to join it: no name leads there, and an address
 * that the file does not give it is free. */
MUST_CHECK int plug_forget(
        struct lab *lab, struct machine *m, const struct plug *plug, struct err *err);

/* What is recorded, as far as the world still has it so, in the spec of a machine's journal: state
 * is the lab's, a is open with that spec. */
void plug_look(
        const struct journal_state *state, const struct access *a, struct machine_spec *spec);
/* Likewise by what is recorded alone, where the world is not asked. */
void plug_recorded(const struct journal_state *state, struct machine_spec *spec);
/* As plug_look, but in this network, or not. */
void plug_expect(const struct journal_state *state, const struct access *a, const char *network,
        bool in, struct machine_spec *spec);
/* Whether anything is recorded of the machine. */
bool plug_any(const struct journal_state *state, const char *selector);
/* lab_lock'ed, before the lab's steps: the names of connected machines lead to them, those of
 * disconnected ones nowhere. */
void plug_names(const struct lab *lab);
/* Takes back in a copy of a machine's spec what plug_names did to it: as the file has it. */
void plug_undone(const struct journal_state *state, struct machine_spec *spec);
/* Of machines that are to be as the file says again. */
MUST_CHECK int plug_reset(
        struct lab *lab, struct machine *const *chosen, size_t n, struct err *err);

/* lab/network/plug_apply.c. In the machine's worker, a open and running: puts the card of
 * job->options->plug in or takes it out, and tells the machine of the name server that it can reach
 * then. 1: done, 0: it was so already. */
MUST_CHECK int plug_apply(struct job *job, struct access *a, struct err *err);
