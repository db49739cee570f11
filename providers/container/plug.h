/*
 * The interfaces of a container. The spec's networks have the numbers from 0, in its order; one
 * that is connected while the container runs gets the first free number behind them and lasts until
 * the container ends. The host's ends have derived names (link_of), so that all are found again.
 */
#pragma once

#include "core/derive.h"
#include "core/spec.h"

#include <sys/types.h>

/* How many the spec asks for. */
size_t plug_count(const struct machine_spec *spec);
/* Makes n of them, from number first on, in the namespaces of pid. */
MUST_CHECK int plug_create(const struct machine_spec *spec, const struct names *names, size_t first,
        size_t n, pid_t pid, struct err *err);
/* Each of the spec's is in its bridge, and there are no others. */
bool plug_is_tidy(const struct machine_spec *spec, const struct names *names);
/* Makes it so; what is absent can be made in a running container alone (pid, else 0). */
MUST_CHECK int plug_tidy(
        const struct machine_spec *spec, const struct names *names, pid_t pid, struct err *err);
/* Of a container that ends: the kernel removes them with its namespace, which is waited for. */
MUST_CHECK int plug_remove_all(const struct names *names, struct err *err);

/* The provider's slots. */
int container_plug(void *session, const struct nic *nic, bool in, struct err *err);
int container_resolve(void *session, const char *text, struct err *err);
bool container_plugged(void *session, const struct nic *nic);
