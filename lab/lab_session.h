/* What the lab's own steps share; see lab/lab_steps.c. */
#pragma once

#include "lab/lab_plan.h"
#include "lab/network/networks.h"

/* A network of the lab as its step knows it. */
struct lab_network {
	char *name;
	char *step; /* "lab.network.NAME" */
	struct net_spec net;
	struct net_info info;
	bool ensured;    /* info is of now */
	int64_t took_ns; /* its share of what the first step did for all */
};

struct lab_session {
	struct lab *lab;
	char *key_path;
	struct lab_network *networks;
	size_t n_networks;
	bool removed; /* all networks that were recorded, see networks_revert */
};

/* Rows of a plan: of the key, the networks and the mesh. */
MUST_CHECK int lab_steps_plan(const struct lab *lab, struct machine *const *chosen, size_t n,
        struct lab_plan *out, struct err *err);
/* lab.mesh: see lab/network/mesh.c. */
extern const struct step lab_mesh_step;
bool lab_mesh_wanted(const struct lab *lab);

/* Those that the chosen machines join; machines NULL: all that the journal knows. Specs of all
 * machines are filled. */
void lab_networks_open(struct lab_session *s, struct machine *const *chosen, size_t n);
void lab_networks_named(struct lab_session *s, const struct strv *names);
void lab_networks_clear(struct lab_session *s);
struct step lab_network_step(struct lab_network *network);
/* The recorded bridges of all stand with the lab's MACs, and names are answered: nothing of libvirt
 * needs to be asked. */
bool lab_networks_stand(const struct lab_session *s);
/* The bridges' names and MTUs into the machine's interfaces. */
void lab_networks_tell(const struct lab_session *s, struct machine_spec *spec);
/* lab/network/network_hosts.c: the names and addresses that the network's DNS knows, of its members
 * and of machines in networks that share one with it. */
void network_hosts_fill(const struct lab *lab, struct lab_network *network);
/* No DNS of prov's serves a bridge of the host's: the machines that were declared when this one is
 * made stand in its /etc/hosts. */
void network_hosts_tell(const struct lab *lab, const char *network, struct machine_spec *spec);
/* Where the lab's libvirt is, or is to be. */
const char *lab_libvirt(const struct lab *lab);
/* Starts the system's libvirt where it does not run, uri means it and this user may; says so, and
 * where that fails, too: what then needs it fails with the reason. */
void lab_libvirt_start(const char *uri, struct event_sink *sink);
