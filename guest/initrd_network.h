/* The machine's addresses and default route, set before its init starts: they survive the switch.
 */
#pragma once

#include "guest/initrd_boot.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <net/route.h>
#include <sys/ioctl.h>

static bool link_of_mac(const char *mac, char name[IFNAMSIZ])
{
	DIR *dir = opendir("/sys/class/net");
	char path[300], address[32];
	bool found = false;

	for (struct dirent *e; dir && !found && (e = readdir(dir));) {
		snprintf(path, sizeof(path), "/sys/class/net/%s/address", e->d_name);
		if (e->d_name[0] == '.' || read_file(AT_FDCWD, path, address, sizeof(address)) <= 0)
			continue;
		trim(address);
		found = strcasecmp(address, mac) == 0;
		if (found)
			snprintf(name, IFNAMSIZ, "%.15s", e->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool set_address(
        int s, unsigned long request, const char *link, const char *text, uint32_t mask)
{
	struct ifreq ifr = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&ifr.ifr_addr;

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", link);
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = mask;
	if (text && inet_pton(AF_INET, text, &in->sin_addr) != 1)
		return false;
	return ioctl(s, (int)request, &ifr) == 0;
}

static bool set_up(int s, const char *link, int mtu)
{
	struct ifreq ifr = {0};

	snprintf(ifr.ifr_name, IFNAMSIZ, "%s", link);
	ifr.ifr_mtu = mtu;
	if (mtu > 0 && ioctl(s, SIOCSIFMTU, &ifr) < 0)
		warn("cannot set the MTU of %s to %d: %s", link, mtu, strerror(errno));
	ifr.ifr_flags = IFF_UP;
	return ioctl(s, SIOCSIFFLAGS, &ifr) == 0;
}

static bool add_gateway(int s, const char *gateway)
{
	struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
	struct sockaddr_in *in = (struct sockaddr_in *)&route.rt_gateway;

	route.rt_dst.sa_family = route.rt_genmask.sa_family = in->sin_family = AF_INET;
	return inet_pton(AF_INET, gateway, &in->sin_addr) == 1 && ioctl(s, SIOCADDRT, &route) == 0;
}

/* One line: MAC ADDRESS/PREFIX GATEWAY MTU; gateway "-" and MTU 0 mean none. */
static void configure_link(struct boot *b, int s, const char *mac, const char *address, int prefix,
        const char *gateway, int mtu)
{
	int64_t deadline = now_ms() + 5000;
	char link[IFNAMSIZ];

	while (!link_of_mac(mac, link))
		if (!next_uevent(b, deadline)) {
			warn("there is no network card %s", mac);
			return;
		}
	uint32_t mask = prefix > 0 && prefix <= 32 ? htonl(~0u << (32 - prefix)) : 0;
	if (!set_address(s, SIOCSIFADDR, link, address, 0) ||
	        !set_address(s, SIOCSIFNETMASK, link, NULL, mask) || !set_up(s, link, mtu))
		warn("cannot set up %s with %s/%d: %s", link, address, prefix, strerror(errno));
	else if (strcmp(gateway, "-") != 0 && !add_gateway(s, gateway))
		warn("cannot set the default route to %s: %s", gateway, strerror(errno));
}

static void configure_network(struct boot *b)
{
	FILE *list = fopen(SEED "/etc/prov/network", "re");
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char mac[18], address[16], gateway[16];
	int prefix, mtu;

	if (!set_up(s, "lo", 0))
		warn("cannot set up lo: %s", strerror(errno));
	while (list &&
	        fscanf(list, "%17s %15[0-9.]/%d %15s %d", mac, address, &prefix, gateway, &mtu) ==
	                5)
		configure_link(b, s, mac, address, prefix, gateway, mtu);
	if (list)
		fclose(list);
	close(s);
}
