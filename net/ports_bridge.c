/* Published ports on this host: what its bridges have to be told for them. */
#include "net/ports.h"

#include "base/fs.h"
#include "base/proc.h"
#include "net/near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_on(const char *path)
{
	AUTO_STR text = {0};

	return fs_read(path, 16, &text, NULL) == 0 && str_starts(str_text(&text), "1");
}

void ports_hairpin(const char *bridge, const char *link, const char *mac)
{
	AUTO_FREE char *own = xasprintf("/sys/class/net/%s/bridge/nf_call_iptables", bridge);
	AUTO_FREE char *dir = xasprintf("/sys/class/net/%s/brif", bridge);
	AUTO_STRV ports = {0};

	if ((!is_on("/proc/sys/net/bridge/bridge-nf-call-iptables") &&
	            !is_on("/proc/sys/net/bridge/bridge-nf-call-ip6tables") && !is_on(own)) ||
	        fs_list(dir, &ports, NULL) < 0)
		return;
	for (size_t i = 0; i < ports.n; i++) {
		AUTO_FREE char *address = xasprintf("/sys/class/net/%s/address", ports.v[i]);
		AUTO_FREE char *mode = xasprintf("%s/%s/hairpin_mode", dir, ports.v[i]);
		AUTO_STR text = {0};
		bool found = str_eq(ports.v[i], link);
		/* libvirt gives the host's end the same one but for the first byte, fe. */
		if (!found && strlen(mac) > 2 && fs_read(address, 64, &text, NULL) == 0)
			found = str_starts(str_text(&text), "fe") &&
			        str_starts(str_text(&text) + 2, mac + 2);
		if (found)
			(void)!fs_write_attr(mode, "1", NULL);
	}
}

void ports_hairpin_of(const struct machine_spec *spec, const struct names *names)
{
	const struct nic *nic = spec->n_ports ? net_way_in(spec) : NULL;
	char link[16];

	if (!nic || !nic->bridge || !nic->mac)
		return;
	link_of(names, (size_t)(nic - spec->nics), link);
	ports_hairpin(nic->bridge, link, nic->mac);
}

static char *localnet_file(const char *bridge)
{
	return xasprintf("/proc/sys/net/ipv4/conf/%s/route_localnet", bridge);
}

bool ports_loopback6(void)
{
	return !is_on("/proc/sys/net/bridge/bridge-nf-call-ip6tables");
}

/* "DESTINATION LENGTH … DEVICE": Linux, net/ipv6/route.c. */
static bool routes_loopback6(const char *bridge)
{
	static const char loopback[] = "00000000000000000000000000000001 80 ";
	AUTO_FREE char *end = xasprintf(" %s\n", bridge);
	FILE *f = fopen("/proc/net/ipv6_route", "re");
	char line[256];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = str_starts(line, loopback) && str_ends(line, end);
	if (f)
		fclose(f);
	return found;
}

/* Behind the loopback's own in all that the host asks for itself. */
static int route_loopback6(const char *bridge, bool on, struct err *err)
{
	const char *const argv[] = {"ip", "-6", "route", on ? "add" : "del", "local", "::1", "dev",
	        bridge, "table", "local", "metric", "4096", NULL};

	if (routes_loopback6(bridge) == on)
		return 0;
	return proc_check(argv, NULL, err) < 0 ? err_wrap(err, "lead ::1 over '%s'", bridge) : 0;
}

bool ports_localnet(const char *bridge, bool v6)
{
	AUTO_FREE char *path = localnet_file(bridge);

	return v6 ? routes_loopback6(bridge) : is_on(path);
}

int ports_set_localnet(const char *bridge, bool v6, bool on, struct err *err)
{
	AUTO_FREE char *path = localnet_file(bridge);

	if (!fs_exists(path))
		return 0;
	return v6 ? route_loopback6(bridge, on, err) : fs_write_attr(path, on ? "1" : "0", err);
}
