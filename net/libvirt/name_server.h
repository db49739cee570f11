/* A question to the name server of a network. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define NAME_SERVER_PORT 53

/* An answer that is waited for. */
struct name_answer {
	const char *name;    /* with its domain: plain names are asked of others, too */
	const char *address; /* of IPv4 or IPv6 */
	bool gone;           /* the name no longer leads to the address */
};

/*
 * libvirt tells its name server of other hosts by a signal, which dnsmasq hears when the kernel
 * next lets it run: until then it answers as before. Asks the one at server (IPv4) until it answers
 * so; false: it does not within limit_ns, or nobody listens there.
 */
bool name_server_await(
        const char *server, int port, const struct name_answer *wanted, int64_t limit_ns);
