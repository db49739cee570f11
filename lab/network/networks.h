/*
 * The lab's networks between the file and libvirt: what is declared, and the facts of the lab's
 * journal.
 *
 *   net.NAME.subnet    "10.77.0.0/24"
 *   net.NAME.mode      "nat"; absent in journals of earlier versions: nat
 *   net.NAME.subnet6   "fd12:3456:789a:bcde::"; "-": none
 *   net.NAME.gateway   of its machines; "-": none
 *   net.NAME.dns       likewise
 *   net.NAME.declared  what it was made from, to know that the file says something else now
 *   net.NAME.uri       the libvirt where it was made, and stays until it is removed
 *   net.NAME.bridge, net.NAME.mtu   as libvirt made it
 *   ip.NAME.SELECTOR   "10.77.0.2"
 *
 * They are recorded before anything of the network is made, and found by name, so that a destroy
 * needs nothing else.
 */
#pragma once

#include "lab/prepare.h"
#include "lab/file/value_net.h"

/* The fact net.NAME.WHAT; NULL: not recorded, or "-". */
const char *net_fact(const struct journal_state *state, const char *name, const char *what);
MUST_CHECK int net_record(
        struct lab *lab, const char *name, const char *what, const char *value, struct err *err);
enum net_mode net_recorded_mode(const struct journal_state *state, const char *name);
/* Names of all networks that the journal knows, in the order of their first fact. */
void net_recorded(const struct journal_state *state, struct strv *names);

/* The bridge is there with this MAC, so that it is the network's own. */
bool net_stands(const char *bridge, const char *mac);

/* As the file declares it; "default" too. false: it does not, or was not read. */
bool net_declared(const struct lab *lab, const char *name, struct network_decl *out);
/* Networks that machines of the file join, in their order. */
void net_joined(const struct lab *lab, struct strv *names);

/* lab/network/alloc_subnet.c. Finds or checks the subnet of a declared network and records it with
 * all that follows from it; what is made already is not changed. */
MUST_CHECK int alloc_subnet(
        struct lab *lab, const char *name, const struct network_decl *decl, struct err *err);
/* Addresses of machines in other labs on the same bridge of the host, and the host's own there. */
MUST_CHECK int alloc_neighbours(const struct lab *lab, const char *name,
        const struct network_decl *decl, struct strv *out, struct err *err);

/* The names of a machine in one of its networks, as spec_host_names and its aliases there. */
char *nic_host_names(const struct machine_spec *spec, const char *alias, const struct nic *nic);
/* The aliases alone. */
char *nic_alias_names(const struct machine_spec *spec, const struct nic *nic);
