#include "net/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOPBACK 0x7f000001u

struct host_address host_address_v4(uint32_t ip4)
{
	return (struct host_address){.v4 = true, .ip4 = ip4};
}

struct host_address host_address_v6(const struct in6_addr *ip6)
{
	return (struct host_address){.v6 = true, .ip6 = *ip6};
}

bool host_address_read(const char *text, struct host_address *out)
{
	size_t n = strlen(text);
	struct in6_addr ip6;
	struct in_addr ip4;

	if (str_eq(text, "localhost")) {
		*out = (struct host_address){true, true, LOOPBACK, in6addr_loopback};
		return true;
	}
	if (inet_pton(AF_INET, text, &ip4) == 1) {
		*out = host_address_v4(ntohl(ip4.s_addr));
		return true;
	}
	if (n < 4 || text[0] != '[' || text[n - 1] != ']')
		return false;
	AUTO_FREE char *inner = xstrndup(text + 1, n - 2);
	/* One of a link alone does not say which link; one that holds an IPv4 address is never on
	 * the wire. */
	if (inet_pton(AF_INET6, inner, &ip6) != 1 || IN6_IS_ADDR_LINKLOCAL(&ip6) ||
	        IN6_IS_ADDR_V4MAPPED(&ip6) || IN6_IS_ADDR_MULTICAST(&ip6))
		return false;
	*out = host_address_v6(&ip6);
	return true;
}

char *host_address_text(const struct host_address *a)
{
	char text[INET6_ADDRSTRLEN];

	if (a->v4 && a->v6)
		return xstrdup("localhost");
	if (a->v6)
		return xasprintf("[%s]", inet_ntop(AF_INET6, &a->ip6, text, sizeof(text)));
	return xasprintf(
	        "%u.%u.%u.%u", a->ip4 >> 24, a->ip4 >> 16 & 255, a->ip4 >> 8 & 255, a->ip4 & 255);
}

bool host_address_same(const struct host_address *a, const struct host_address *b)
{
	return a->v4 == b->v4 && a->v6 == b->v6 && (!a->v4 || a->ip4 == b->ip4) &&
	        (!a->v6 || IN6_ARE_ADDR_EQUAL(&a->ip6, &b->ip6));
}

bool host_address_overlap(const struct host_address *a, const struct host_address *b)
{
	bool four = a->v4 && b->v4 && (!a->ip4 || !b->ip4 || a->ip4 == b->ip4);
	bool six = a->v6 && b->v6 &&
	        (IN6_IS_ADDR_UNSPECIFIED(&a->ip6) || IN6_IS_ADDR_UNSPECIFIED(&b->ip6) ||
	                IN6_ARE_ADDR_EQUAL(&a->ip6, &b->ip6));

	return four || six;
}

bool host_address_is_all(const struct host_address *a)
{
	return a->v6 ? IN6_IS_ADDR_UNSPECIFIED(&a->ip6) : !a->ip4;
}

bool host_address_is_loopback(const struct host_address *a)
{
	return a->v6 ? IN6_IS_ADDR_LOOPBACK(&a->ip6) : a->ip4 >> 24 == 127;
}
