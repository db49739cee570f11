#include "net/network.h"

#include "base/fs.h"

#include <stdlib.h>
#include <string.h>

static const char *const modes[] = {
        [NET_NAT] = "nat",
        [NET_ISOLATED] = "isolated",
        [NET_ROUTED] = "routed",
        [NET_BRIDGE] = "bridge",
};

const char *net_mode_name(enum net_mode mode)
{
	return modes[mode];
}

bool net_mode_read(const char *text, enum net_mode *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!str_eq(modes[i], text))
			continue;
		*out = (enum net_mode)i;
		return true;
	}
	return false;
}

bool network_is_served(const char *libvirt)
{
	AUTO_FREE char *file = xasprintf(NETWORK_STATE "/%s.pid", libvirt);
	AUTO_STR pid = {0}, words = {0};

	if (fs_read(file, 32, &pid, NULL) < 0)
		return true;
	AUTO_FREE char *path = xasprintf("/proc/%d/cmdline", atoi(str_text(&pid)));
	/* Of a process that has ended and waits for its parent it is empty. */
	return fs_read(path, 1 << 16, &words, NULL) == 0 && strstr(str_text(&words), "dnsmasq");
}

void net_spec_clear(struct net_spec *spec)
{
	for (size_t i = 0; i < spec->n_hosts; i++) {
		free(spec->hosts[i].names);
		free(spec->hosts[i].address);
		free(spec->hosts[i].address6);
		free(spec->hosts[i].mac);
	}
	free(spec->hosts);
	free(spec->uri);
	free(spec->libvirt);
	free(spec->lab_id);
	free(spec->domain);
	free(spec->host_bridge);
	free(spec->mac);
	free(spec->gateway);
	free(spec->gateway6);
	*spec = (struct net_spec){0};
}
