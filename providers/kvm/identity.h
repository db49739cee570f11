/* The pure parts of a virtual machine's identity, for its steps and their tests. */
#pragma once

#include "core/spec.h"

#include <sys/types.h>

struct account {
	uid_t uid;
	gid_t gid;
	char home[128];
};

/* Finds user in the text of a passwd file. False: there is none, or its home is no path. */
bool identity_account(const char *passwd, const char *user, struct account *out);
/* /etc/prov/network: a line "MAC ADDRESS/PREFIX GATEWAY MTU" for each interface; "-": no default
 * route, 0: Ethernet's MTU. */
void identity_network(const struct machine_spec *spec, struct str *out);
