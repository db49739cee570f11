#include "net/network.h"

#include <stdlib.h>

void net_spec_clear(struct net_spec *spec)
{
	for (size_t i = 0; i < spec->n_hosts; i++) {
		free(spec->hosts[i].names);
		free(spec->hosts[i].address);
		free(spec->hosts[i].mac);
	}
	free(spec->hosts);
	free(spec->uri);
	free(spec->libvirt);
	free(spec->lab_id);
	free(spec->domain);
	free(spec->mac);
	free(spec->gateway);
	*spec = (struct net_spec){0};
}
