/* Addresses of the host, as published ports name them: of one family, or the loopback of both. */
#pragma once

#include "base/util.h"

#include <netinet/in.h>

struct host_address {
	bool v4, v6;         /* both: "localhost", 127.0.0.1 and ::1 */
	uint32_t ip4;        /* host byte order; 0: all that the host has */
	struct in6_addr ip6; /* "::": all */
};

/* "127.0.0.1", "[::1]" or "localhost". False: it is none of these. */
bool host_address_read(const char *text, struct host_address *out);
char *host_address_text(const struct host_address *a); /* the caller frees */
/* One family of an address that has it. */
struct host_address host_address_v4(uint32_t ip4);
struct host_address host_address_v6(const struct in6_addr *ip6);
bool host_address_same(const struct host_address *a, const struct host_address *b);
/* Whether a connection may be meant for either. */
bool host_address_overlap(const struct host_address *a, const struct host_address *b);
/* Both of an address of one family. */
bool host_address_is_loopback(const struct host_address *a);
bool host_address_is_all(const struct host_address *a);
