/*
 * What `up` fills in between the file and the providers: the box of each machine, numbers that are
 * allocated once and recorded in the lab's journal (subnet, addresses), and the lab's own steps
 * (key, network).
 */
#pragma once

#include "core/run.h"
#include "lab/lab.h"
#include "net/network.h"

/* Box artefacts, login user, interfaces. Needs no lock: a number that is not allocated yet stays
 * empty. Every missing box is named. */
MUST_CHECK int prepare_specs(
        struct lab *lab, struct machine *const *chosen, size_t n, struct err *err);
/* Asks each chosen machine's provider whether it can honour the spec, in a helper process where
 * that needs a module; and, where it is to be made, whether this user may. Every refusal is a
 * problem of the file. problems: zero at first, cleared by the caller in any case. */
MUST_CHECK int prepare_check(const struct providers *providers, struct machine *const *chosen,
        size_t n, bool to_be_made, struct problems *problems, struct err *err);

/* Refuses subnets of the file that the host or another lab has, and networks that this host cannot
 * have; without a lock, before anything of the lab is touched. alloc_network looks again. */
MUST_CHECK int alloc_check(const struct lab *lab, struct err *err);
/* lab_lock'ed: allocates subnets and addresses for every declared machine in file order and records
 * them. */
MUST_CHECK int alloc_network(struct lab *lab, struct err *err);
/* Likewise a range of user and group ids for every container, unlike that of any other lab of this
 * host. */
MUST_CHECK int alloc_ids(struct lab *lab, struct err *err);
/* Facts "PREFIXselector" of machines that neither the file nor a journal knows: their numbers are
 * free again. */
MUST_CHECK int alloc_forget(struct lab *lab, const char *prefix, struct err *err);
/* Completes spec->nics and fills spec->container.id_base from what is recorded. An interface whose
 * address was not allocated yet has none, and perhaps no prefix, gateway and dns. */
void alloc_fill(const struct journal_state *state, struct machine_spec *spec);
/* Stand-ins for what alloc_network has not given to machines that never were up, to be shown and
 * never recorded. Their specs have the id of a lab, which may be a stand-in too. */
void alloc_preview(struct lab *lab);
void alloc_fill_ids(const struct journal_state *state, struct machine_spec *spec);

/* Applies the lab's steps that the chosen machines need and tells their interfaces the bridge.
 * Errors of steps are emitted to sink as well. */
MUST_CHECK int lab_steps_up(struct lab *lab, struct machine *const *chosen, size_t n,
        struct event_sink *sink, const volatile int *stop, struct err *err);
/* The key that opens all machines of the lab, LAB/id_ed25519, made where there is none: also
 * without the lab's lock. lab->dir is set. */
MUST_CHECK int lab_login_key(struct lab *lab, struct err *err);
/* Ports lead to the machines that run by their journals, and to these. */
struct ports_who {
	const struct lab *lab;
	struct machine *const *coming; /* about to be brought up, as the file has them */
	size_t n_coming;
	struct machine *const *ended; /* not to these: they ended by themselves */
	size_t n_ended;
};
/* Makes what the journal says is published so (lab/network/published.h), where it is not: after the
 * lab's other steps. */
MUST_CHECK int lab_ports_up(struct lab *lab, struct ports_who who, struct event_sink *sink,
        const volatile int *stop, struct err *err);
/* For commands that only look: puts back what has gone since this boot's last up, with the lab
 * locked for it. ERR_BUSY: another command is at it. */
MUST_CHECK int lab_ports_repair(struct lab *lab, struct ports_who who, struct event_sink *sink,
        const volatile int *stop, struct err *err);
/* Once the machines run: those that publish ports can reach them by the host's address. */
void lab_ports_hairpin(const struct lab *lab, struct machine *const *chosen, size_t n);
struct step lab_ports_step(const struct ports_who *who);
/* Reverts them all, after the lab's last machine is gone, and removes the lab's folder and id where
 * no volume is kept in it. */
MUST_CHECK int lab_steps_down(struct lab *lab, struct event_sink *sink, struct err *err);

/*
 * Calls fn in a forked child, which may open libraries that this process never should see, and
 * brings back its result (size bytes of plain data, at most 64 KiB) and error. The child outlives a
 * killed parent until fn is done, holding the lab's helper.lock: what libvirtd is already doing for
 * it has come to an end before the next command looks (helper_await). lab NULL: no lock.
 */
MUST_CHECK int helper_call(const struct lab *lab,
        int (*fn)(const void *arg, void *result, struct err *err), const void *arg, void *result,
        size_t size, struct err *err);
/* Waits for the helper of a killed command. */
MUST_CHECK int helper_await(const struct lab *lab, struct err *err);
