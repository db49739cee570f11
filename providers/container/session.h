/* What the steps and the provider's functions share. */
#pragma once

#include "engine/cgroup/cgroup_tree.h"
#include "core/provider.h"
#include "engine/engine.h"

struct session {
	const struct machine_spec *spec; /* borrowed */
	const struct names *names;       /* borrowed */
	struct cgroup_tree tree;
	struct container_plan plan;        /* of engine */
	struct cgroup_join join, mon_join; /* likewise */
	struct engine *engine;             /* made, and waiting to be started; NULL: none */
	int *folders;                      /* of the host, opened for the rows of plan */
	size_t n_folders;
	int *volumes; /* detached mounts for the rows of plan */
	size_t n_volumes;
	int notify;   /* where systemd says that it has booted; -1: nobody listens */
	bool stopped; /* inspect found that it does not run, and it was not started since */
};

/* PID 1 of the running container, by its cgroup; 0: it does not run. */
pid_t container_pid(const struct session *s);
/* prov-mon, which waits for that PID 1 to end; 0: nobody does, or it is not recorded yet. */
pid_t container_supervisor(pid_t init);
/* A pidfd of PID 1, or -1. */
int container_open(const struct session *s, pid_t *pid);
/* container_pid for steps, which have the journal's lock: what inspect found stopped, they alone
 * can start. */
pid_t container_running(const struct session *s);
/* Ends a container that was made and not started. */
void container_abandon(struct session *s);

int container_settle(void *session, const volatile int *stop, struct status *out, struct err *err);

/* usage.c: functions of the provider, and what inspect adds. */
int container_usage(void *session, struct usage *out, struct err *err);
int64_t container_oom_kills(void *session);
int container_freeze(void *session, bool freeze, struct err *err);
bool container_is_frozen(const struct session *s);
/* Adds "the kernel killed 2 processes for lack of memory (512 MiB)", if it did. */
void container_say_oom(const struct session *s, struct str *out);

/* folders.c: rows of the plan for the synced folders, behind all others. */
MUST_CHECK int container_folders_plan(struct run *run, struct err *err);
void container_folders_close(struct session *s);
void container_folders_inputs(const struct run *run, struct digest *d);
MUST_CHECK int container_folders_check(const struct machine_spec *spec, struct err *err);
/* volumes.c: rows of the plan for the volumes, behind all others. */
MUST_CHECK int container_volumes_plan(struct run *run, struct err *err);
void container_volumes_close(struct session *s);
void container_volumes_inputs(const struct run *run, struct digest *d);

/* The socket for systemd's word, in the machine's folder; the caller frees. */
char *boot_socket(const struct names *names);
MUST_CHECK int boot_listen(const struct names *names, int *out, struct err *err);

/* Steps, one file for each group of them. */
void container_dirs_inputs(const struct run *run, struct digest *d);
int container_dirs_apply(struct run *run, struct err *err);
int container_dirs_revert(struct run *run, struct err *err);
void container_upper_inputs(const struct run *run, struct digest *d);
int container_upper_apply(struct run *run, struct err *err);
/* Inside a running container (engine_enter): writes a struct seed. */
MUST_CHECK int container_seed_inside(void *seed, struct err *err);
void container_group_inputs(const struct run *run, struct digest *d);
int container_group_apply(struct run *run, struct err *err);
int container_group_revert(struct run *run, struct err *err);
/* prov-mon's own group into s->mon_join, if it is to have one; after the plan. */
int container_mon_group_open(struct session *s, struct err *err);
void container_namespaces_inputs(const struct run *run, struct digest *d);
int container_namespaces_apply(struct run *run, struct err *err);
int container_namespaces_revert(struct run *run, struct err *err);
void container_network_inputs(const struct run *run, struct digest *d);
int container_network_apply(struct run *run, struct err *err);
int container_network_revert(struct run *run, struct err *err);
void container_bridge_inputs(const struct run *run, struct digest *d);
int container_bridge_apply(struct run *run, struct err *err);
void container_start_inputs(const struct run *run, struct digest *d);
int container_start_apply(struct run *run, struct err *err);
int container_start_revert(struct run *run, struct err *err);
int container_boot_apply(struct run *run, struct err *err);
int container_boot_revert(struct run *run, struct err *err);

void container_dirs_explain(const struct run *run, struct str *out);
void container_upper_explain(const struct run *run, struct str *out);
void container_group_explain(const struct run *run, struct str *out);
void container_namespaces_explain(const struct run *run, struct str *out);
void container_network_explain(const struct run *run, struct str *out);
void container_bridge_explain(const struct run *run, struct str *out);
void container_boot_explain(const struct run *run, struct str *out);
void container_start_explain(const struct run *run, struct str *out);
