#include "lab/file/value_net.h"

#include "lab/file/problem.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int refuse(struct err *err, const char *text, const char *why, const char *hint)
{
	AUTO_FREE char *safe = shown(text);

	err_set(err, ERR_CONFIG, "'%s' %s", safe, why);
	return err_hint(err, "%s", hint);
}

char *ipv4_text(uint32_t a)
{
	return xasprintf("%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

int value_ipv4(const char *text, uint32_t *out, struct err *err)
{
	struct in_addr in;

	if (inet_pton(AF_INET, text, &in) != 1)
		return refuse(
		        err, text, "is not an IPv4 address", "addresses are written 10.77.1.10");
	*out = ntohl(in.s_addr);
	return 0;
}

static uint32_t mask_of(int prefix)
{
	return prefix ? ~(uint32_t)0 << (32 - prefix) : 0;
}

int value_subnet(const char *text, struct subnet *out, struct err *err)
{
	const char *slash = strchr(text, '/');
	AUTO_FREE char *address = xstrndup(text, slash ? (size_t)(slash - text) : strlen(text));
	struct subnet net = {0};
	struct in_addr in;

	if (!slash || inet_pton(AF_INET, address, &in) != 1 || !isdigit((unsigned char)slash[1]) ||
	        strlen(slash) > 3 || strspn(slash + 1, "0123456789") != strlen(slash + 1))
		return refuse(err, text, "is not a subnet", "subnets are written 10.77.1.0/24");
	net.address = ntohl(in.s_addr);
	net.prefix = atoi(slash + 1);
	if (net.prefix < 8 || net.prefix > 30)
		return refuse(err, text, "has a prefix that is not between 8 and 30", "");
	if (net.address & ~mask_of(net.prefix)) {
		AUTO_FREE char *base = ipv4_text(net.address & mask_of(net.prefix));
		refuse(err, text, "is the address of a machine, not of a subnet", "");
		return err_hint(err, "write %s/%d", base, net.prefix);
	}
	*out = net;
	return 0;
}

bool subnet_has(const struct subnet *net, uint32_t address)
{
	uint32_t rest = address & ~mask_of(net->prefix);

	/* Not the network itself, nor its broadcast address. */
	return (address & mask_of(net->prefix)) == net->address && rest != 0 &&
	        rest != ~mask_of(net->prefix);
}

bool subnet_overlap(const struct subnet *a, const struct subnet *b)
{
	uint32_t mask = mask_of(a->prefix < b->prefix ? a->prefix : b->prefix);

	return (a->address & mask) == (b->address & mask);
}

/* "80" or "80-89", all of the text. */
static bool read_range(const char *text, int *first, int *last)
{
	int n[2] = {0, 0}, count = 0;

	for (; count < 2; count++) {
		size_t digits = strspn(text, "0123456789");
		if (digits == 0 || digits > 5)
			return false;
		n[count] = atoi(text);
		if (n[count] < 1 || n[count] > 65535)
			return false;
		text += digits;
		if (*text != '-' || count == 1)
			break;
		text++;
	}
	if (*text)
		return false;
	*first = n[0];
	*last = count ? n[1] : n[0];
	return *first <= *last;
}

/* Cuts what stands behind the last separator off text; NULL: it has none. */
static char *cut(char *text, char separator)
{
	char *at = strrchr(text, separator);

	if (at)
		*at++ = '\0';
	return at;
}

static bool read_port(char *text, struct port_map *map)
{
	const char *protocol = cut(text, '/'), *host = NULL;
	const char *guest = cut(text, ':');

	map->udp = str_eq(protocol, "udp");
	if (protocol && !map->udp && !str_eq(protocol, "tcp"))
		return false;
	if (!guest)
		return read_range(text, &map->guest, &map->guest_last);
	if (strchr(text, ':')) {
		host = cut(text, ':');
		if (!host_address_read(text, &map->address))
			return false;
	} else {
		host = text;
	}
	if (!read_range(guest, &map->guest, &map->guest_last))
		return false;
	/* "127.0.0.1::80": an address and any free port */
	return (!*host && host != text) || read_range(host, &map->host, &map->host_last);
}

int value_port(const char *text, struct port_map *out, struct err *err)
{
	AUTO_FREE char *copy = xstrdup(text);
	struct port_map map = {0};

	(void)host_address_read("localhost", &map.address);
	if (!read_port(copy, &map))
		return refuse(err, text, "is not a published port",
		        "ports are written \"8080:80\", \"127.0.0.1:5353:53/udp\", "
		        "\"[::]:8080:80\" or \"80\"");
	int hosts = map.host_last - map.host, guests = map.guest_last - map.guest;
	map.one_each = guests == 0 && hosts > 0;
	if (map.host && hosts != guests && !map.one_each)
		return refuse(err, text, "maps two ranges of different length", "");
	*out = map;
	return 0;
}
