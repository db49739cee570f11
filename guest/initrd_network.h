/* The machine's addresses and default route, set before its init starts: they survive the switch.
 * Cards that were connected while it ran are in the seed of no start; prov has written them down on
 * the machine's own disk, so that they have their addresses again after a reboot from inside. */
#pragma once

#include "guest/initrd_seed.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#define CONNECTED "/etc/prov/connected" /* providers/kvm/plug.c writes it */

/* As linux/ipv6.h has it, which does not go together with the C library's headers. */
struct in6_ifreq {
	struct in6_addr ifr6_addr;
	uint32_t ifr6_prefixlen;
	int ifr6_ifindex;
};

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

/* The device of this address, waited for; false: there is none. */
static bool await_link(struct boot *b, const char *mac, char link[IFNAMSIZ])
{
	int64_t deadline = now_ms() + 5000;

	while (!link_of_mac(mac, link))
		if (!next_uevent(b, deadline)) {
			warn("there is no network card %s", mac);
			return false;
		}
	return true;
}

static void configure_ipv4(
        int s, const char *link, const char *address, int prefix, const char *gateway, int mtu)
{
	uint32_t mask = prefix > 0 && prefix <= 32 ? htonl(~0u << (32 - prefix)) : 0;

	if (!set_address(s, SIOCSIFADDR, link, address, 0) ||
	        !set_address(s, SIOCSIFNETMASK, link, NULL, mask) || !set_up(s, link, mtu))
		warn("cannot set up %s with %s/%d: %s", link, address, prefix, strerror(errno));
	else if (strcmp(gateway, "-") != 0 && !add_gateway(s, gateway))
		warn("cannot set the default route to %s: %s", gateway, strerror(errno));
}

/* What a router announces adds nothing, and the lab gives each address once: to look for another
 * owner would take a second. */
static void quiet_ipv6(const char *link)
{
	static const char *const settings[][2] = {
	        {"disable_ipv6", "0"}, {"accept_ra", "0"}, {"accept_dad", "0"}};
	char path[128];

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", link, settings[i][0]);
		int fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd >= 0 && write(fd, settings[i][1], 1) < 0)
			warn("cannot write %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
	}
}

static void configure_ipv6(const char *link, const char *address, int prefix, const char *gateway)
{
	int s = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct in6_ifreq ifr = {
	        .ifr6_prefixlen = (uint32_t)prefix, .ifr6_ifindex = (int)if_nametoindex(link)};
	struct in6_rtmsg route = {.rtmsg_flags = RTF_UP | RTF_GATEWAY,
	        .rtmsg_metric = 1024,
	        .rtmsg_ifindex = ifr.ifr6_ifindex};

	quiet_ipv6(link);
	if (s < 0 || inet_pton(AF_INET6, address, &ifr.ifr6_addr) != 1 ||
	        ioctl(s, (int)SIOCSIFADDR, &ifr) < 0)
		warn("cannot give %s the address %s/%d: %s", link, address, prefix,
		        strerror(errno));
	else if (strcmp(gateway, "-") != 0 &&
	        (inet_pton(AF_INET6, gateway, &route.rtmsg_gateway) != 1 ||
	                ioctl(s, (int)SIOCADDRT, &route) < 0))
		warn("cannot set the default route to %s: %s", gateway, strerror(errno));
	if (s >= 0)
		close(s);
}

/* One line: MAC ADDRESS/PREFIX GATEWAY MTU; gateway "-" and MTU 0 mean none. Those of IPv6 come
 * behind those of IPv4, which have raised their devices. */
static void configure_link(struct boot *b, int s, const char *line, bool wait)
{
	char mac[18], address[64], gateway[64], link[IFNAMSIZ];
	int prefix, mtu = 0;

	if (sscanf(line, "%17s %63[^/ ]/%d %63s %d", mac, address, &prefix, gateway, &mtu) != 5 ||
	        !(wait ? await_link(b, mac, link) : link_of_mac(mac, link)))
		return;
	if (strchr(address, ':'))
		configure_ipv6(link, address, prefix, gateway);
	else
		configure_ipv4(s, link, address, prefix, gateway, mtu);
}

#define MAC_LENGTH 17

/* The seed knows this card, and better than a note of earlier. */
static bool seed_has(const char *seed, const char *line)
{
	for (const char *p = seed; *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (strncasecmp(p, line, MAC_LENGTH) == 0)
			return true;
	return false;
}

/* Of what is no longer there a note is left: nobody waits for it. */
static void configure_connected(struct boot *b, int s, const char *seed)
{
	int root = open(NEWROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = root < 0 ? -1 : open_in_root(root, CONNECTED, O_RDONLY | O_NONBLOCK);
	FILE *list = fd < 0 ? NULL : fdopen(fd, "re");
	char line[256];

	while (list && fgets(line, sizeof(line), list))
		if (!seed_has(seed, line))
			configure_link(b, s, line, false);
	if (list)
		fclose(list);
	if (root >= 0)
		close(root);
}

static void configure_network(struct boot *b)
{
	int list = open(SEED "/etc/prov/network", O_RDONLY | O_CLOEXEC);
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t n = 0;
	char *seed = slurp(list, &n);

	if (!set_up(s, "lo", 0))
		warn("cannot set up lo: %s", strerror(errno));
	for (const char *p = seed; p && *p; p += strcspn(p, "\n"), p += *p == '\n')
		configure_link(b, s, p, true);
	configure_connected(b, s, seed ? seed : "");
	free(seed);
	if (list >= 0)
		close(list);
	close(s);
}
