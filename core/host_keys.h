/*
 * A machine's SSH host key and machine id, drawn once on the host and kept as long as the machine,
 * so that the very first connection knows whom it talks to.
 */
#pragma once

#include "core/derive.h"
#include "core/seed.h"
#include "core/spec.h"

/* Those of a machine that is not made yet, in LAB/keys/SELECTOR. names: of that machine. */
MUST_CHECK int host_keys_stock(const struct names *names, const char *comment, struct err *err);
/* Its public key, "ssh-ed25519 AAAA… comment", of the machine or of the stock. ERR_MISSING: none.
 */
MUST_CHECK int host_keys_public(const struct names *names, struct str *out, struct err *err);
/* Nothing to do where they are; those in stock are taken. Otherwise opens prov-ssh.so, which has
 * the cryptography. */
MUST_CHECK int host_keys_make(const struct names *names, const char *comment, struct err *err);
MUST_CHECK int host_keys_remove(const struct names *names, struct err *err);
/* Adds them where OpenSSH and dropbear look for them. */
MUST_CHECK int host_keys_seed(const struct names *names, struct seed *seed, struct err *err);
void host_keys_explain(const struct names *names, struct str *out);
/* Lines of known_hosts: the host name that ssh-config gives it (HostKeyAlias), and its addresses.
 * public_line: "ssh-ed25519 AAAA… comment". */
void host_keys_lines(const struct machine_spec *spec, const char *public_line, struct str *out);
/* Writes them, of its key, to names->known_hosts. */
MUST_CHECK int host_keys_known(
        const struct names *names, const struct machine_spec *spec, struct err *err);
