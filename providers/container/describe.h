/* Looking into a container: its processes, and the sections of `prov inspect`; see processes and
 * describe in core/provider.h. */
#pragma once

#include "core/provider.h"
#include "providers/container/session.h"

#include <jansson.h>

int container_processes(void *session, struct machine_process **out, size_t *n, struct err *err);
json_t *container_describe(void *session, struct err *err);

/* A running container: PID 1 and /proc/PID, open, so that everything comes from that process. */
struct look {
	const struct session *session;
	pid_t pid;
	int proc;
	const char *status; /* text of /proc/PID/status */
};

/* Sections; NULL: there is nothing to say. */
json_t *describe_process(const struct look *look);
json_t *describe_namespaces(const struct look *look);
json_t *describe_ids(const struct look *look);
json_t *describe_capabilities(const struct look *look);
json_t *describe_seccomp(const struct look *look);
json_t *describe_rlimits(const struct look *look);
json_t *describe_mounts(const struct look *look);
json_t *describe_interfaces(const struct look *look);
/* These need no running container. */
json_t *describe_layers(const struct session *s);
json_t *describe_cgroup(const struct session *s);
json_t *describe_devices(const struct session *s);
