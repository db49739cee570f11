/* What `prov network` shows: the lab with its networks, and the facts of one of them. */
#pragma once

#include "cli/cli.h"
#include "lab/network/networks.h"

/* A machine as it is there, else as the file has it. */
struct network_member {
	const struct machine *machine;
	struct machine_spec stored;
	const struct machine_spec *spec;
	struct strv in_file; /* its networks that the file, or an earlier one, gives it */
};

struct network_view {
	struct lab lab;
	struct network_member *members;
	struct strv names; /* of networks: of the file, then what only the journal knows */
};

/* 0, or the exit code; to be closed in any case. */
int network_view_open(const struct cli *cli, struct network_view *v);
void network_view_close(struct network_view *v);
/* The member's interface in the network; NULL: it has none there. */
const struct nic *network_nic_of(const struct network_member *m, const char *network);

/* Of one network, from the file and the journal. Texts are borrowed but for what is freed. */
struct network_facts {
	const char *name, *mode, *subnet, *bridge, *state;
	char *subnet6; /* with its prefix; NULL: none */
	char *libvirt; /* NULL: the lab has no id yet */
	const char *uri, *gateway, *dns;
	int mtu;
};

void network_facts_of(const struct network_view *v, const char *name, struct network_facts *out);
void network_facts_clear(struct network_facts *f);
