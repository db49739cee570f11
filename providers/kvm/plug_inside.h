/*
 * What is done inside a virtual machine, over SSH, when a network card of it comes or goes: its
 * addresses, written down for the next start as well, and the name server to ask.
 */
#pragma once

#include "core/spec.h"
#include "core/transport.h"

/* Waits for the card to appear; route: the default route leads through it. */
MUST_CHECK int plug_configure(
        struct transport *t, const struct nic *nic, bool route, struct err *err);
/* text: of /etc/resolv.conf, which stays where it is not prov's. */
MUST_CHECK int plug_resolve(
        struct transport *t, const struct machine_spec *spec, const char *text, struct err *err);
