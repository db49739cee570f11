/* Values of networks: addresses, subnets and published ports. Contract as in lab/file/value.h. */
#pragma once

#include "base/err.h"
#include "net/address.h"

struct subnet {
	uint32_t address; /* host byte order */
	int prefix;
};

/* [ADDRESS:]HOST[-HOST]:GUEST[-GUEST][/tcp|udp], or GUEST for any free port of the host. An IPv6
 * address stands in brackets. */
struct port_map {
	struct host_address address; /* localhost, of both families, where none is written */
	int host, host_last;         /* 0: any free one */
	int guest, guest_last;
	bool udp;
	bool one_each; /* "8080-8089:80": each instance takes the next one of the range */
};

MUST_CHECK int value_ipv4(const char *text, uint32_t *out, struct err *err);
MUST_CHECK int value_subnet(const char *text, struct subnet *out, struct err *err);
/* "VOLUME:PATH[:ro]" of a machine. */
struct mount_text {
	char *name, *guest; /* guest: absolute, without // and a slash at its end */
	bool read_only;
};
void mount_text_clear(struct mount_text *mount);
MUST_CHECK int value_mount(const char *text, struct mount_text *out, struct err *err);
MUST_CHECK int value_port(const char *text, struct port_map *out, struct err *err);

bool subnet_has(const struct subnet *net, uint32_t address); /* as an address for a machine */
bool subnet_overlap(const struct subnet *a, const struct subnet *b);
char *ipv4_text(uint32_t address); /* the caller frees */
