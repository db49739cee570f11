/* Key pairs (ed25519), made by prov-ssh.so, which exports "prov_keys": the container path loads no
 * cryptography. */
#pragma once

#include "base/err.h"

struct key_pair {
	char *private_key;       /* as OpenSSH writes it, unencrypted */
	char *public_line;       /* "ssh-ed25519 AAAA… comment\n" */
	unsigned char *dropbear; /* the private key in dropbear's own format */
	size_t dropbear_n;
};

void key_pair_clear(struct key_pair *pair); /* in core: wipes, frees */

struct key_ops {
	int (*generate)(const char *comment, struct key_pair *out, struct err *err);
};
