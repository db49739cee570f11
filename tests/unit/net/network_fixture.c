#include "tests/unit/net/network_fixture.h"

char *network_lit(const char *text)
{
	return (char *)(uintptr_t)text;
}

void network_fill(struct net_spec *spec, struct net_host hosts[2])
{
	hosts[0] = (struct net_host){.names = network_lit("web-kvm web-kvm.shop.test"),
	        .address = network_lit("10.77.0.2"),
	        .mac = network_lit("52:54:00:01:02:03")};
	hosts[1] =
	        (struct net_host){.names = network_lit("db"), .address = network_lit("10.77.0.3")};
	*spec = (struct net_spec){.uri = network_lit("test:///default"),
	        .libvirt = network_lit("prov-0a1b2c-default"),
	        .lab_id = network_lit("0a1b2c"),
	        .domain = network_lit("shop.test"),
	        .mac = network_lit("52:54:00:aa:bb:cc"),
	        .gateway = network_lit("10.77.0.1"),
	        .prefix = 24,
	        .hosts = hosts,
	        .n_hosts = 2};
}
