/* A provider is a table of steps and a few functions. It never sees lab/: it gets a spec and
 * derived names. */
#pragma once

#include "base/procfs.h"
#include "core/checklist.h"
#include "core/step.h"
#include "core/transport.h"

#include <jansson.h>

enum machine_state {
	MACHINE_ABSENT,
	MACHINE_CREATED,
	MACHINE_RUNNING,
	MACHINE_SUSPENDED,
	MACHINE_SAVED,
	MACHINE_HALTED
};

const char *machine_state_name(enum machine_state state);

/* What the world says, whatever the journal says. */
struct status {
	enum machine_state state;
	int pid;          /* of PID 1 or QEMU on the host; 0: none */
	int exit_status;  /* of PID 1 where it ended by itself; -1: not known */
	char detail[128]; /* "tcg", "paused by an I/O error"; empty: nothing to say */
};

/* Of all: -1 is "not known". */
struct usage {
	int64_t memory_bytes; /* as the host pays it */
	int64_t cpu_ns;
	char method[160]; /* how memory_bytes was read */
	/* Seen from the host, where the kind can tell. */
	int64_t memory_limit_bytes, swap_bytes;
	int64_t anon_bytes, file_bytes, kernel_bytes; /* what the memory is used for */
	int64_t cpu_user_ns, cpu_system_ns;
	int64_t io_read_bytes, io_written_bytes;
	int64_t net_received_bytes, net_sent_bytes;
	int64_t pids, pids_limit;
	int64_t oom_kills;
	double cpu_pressure, memory_pressure,
	        io_pressure; /* % of the last 10 s in which some waited */
};

/* Every number "not known", method empty. */
void usage_init(struct usage *usage);

/* One that the host sees, too. */
struct machine_process {
	struct procfs_process p;
	char *user; /* by the machine's own names, a number where it has none */
};
void machine_processes_free(struct machine_process *v, size_t n);

struct provider {
	const char *name; /* "kvm" */
	const struct step *steps;
	size_t n_steps;
	/* Its steps make what outlives a power cut outside of the machine's folder (a domain in
	 * libvirt's): the journal's header is on disk before the first of them. */
	bool lasting;
	const char *inside; /* what exec needs: "the container's namespaces", "an SSH login" */
	/* Rows for doctor; no side effects. */
	void (*check_host)(struct checklist *list);
	/* Refuses what it cannot honour, by the key's name. Looks at the spec alone (and at the
	 * box's files): cheap, and the same for every user. */
	int (*check_spec)(const struct machine_spec *spec, struct err *err);
	/* ERR_HOST: what this host or user lacks for any up. Asked before the first step. NULL:
	 * nothing. */
	int (*check_rights)(struct err *err);
	/* A session serves every call below; it connects to nothing that the calls do not need. */
	int (*open)(const struct machine_spec *spec, const struct names *names, void **session,
	        struct err *err);
	int (*inspect)(void *session, struct status *out, struct err *err);
	/* A transport as soon as the machine answers; gives up when *stop or the timeout comes (0:
	 * one try). */
	int (*connect)(void *session, int64_t timeout_ns, const volatile int *stop,
	        struct transport **out, struct err *err);
	int (*usage)(void *session, struct usage *out, struct err *err);
	/* After the last step of up: whether the machine holds. Waits a moment for a first program
	 * that ends at once; *out as of inspect. NULL: this kind's steps have waited. */
	int (*settle)(void *session, const volatile int *stop, struct status *out, struct err *err);
	/* Processes that the kernel killed in it for lack of memory since it was started; -1: not
	 * known. Cheap. NULL: this kind cannot tell. */
	int64_t (*oom_kills)(void *session);
	/* Stops (true) or continues (false) every process of a running machine, whose memory stays
	 * where it is. Already so: success. NULL: this kind cannot. */
	int (*freeze)(void *session, bool freeze, struct err *err);
	/* Gives a running machine an interface in a further network, or one back that its spec
	 * has; in false: takes it away. Lasts until the machine is halted. 1: done; 0: it was so
	 * already. NULL: this kind cannot. */
	int (*plug)(void *session, const struct nic *nic, bool in, struct err *err);
	/* A running machine's /etc/resolv.conf is to be this text of seed_resolver, if it looks
	 * like one; a machine that nobody can reach any more keeps what it has. NULL where plug
	 * is. */
	int (*resolve)(void *session, const char *text, struct err *err);
	/* Whether it has that interface now. NULL where plug is. */
	bool (*plugged)(void *session, const struct nic *nic);
	/* The processes of a running machine, by their number inside. NULL: the host does not see
	 * them. Undone by machine_processes_free. */
	int (*processes)(void *session, struct machine_process **out, size_t *n, struct err *err);
	/* For `prov inspect`: an object of sections ("namespaces", "mounts", …), each an object, or
	 * an array of objects or texts. What a machine that does not run has not is left out. The
	 * caller owns it; NULL with err set on failure. */
	json_t *(*describe)(void *session, struct err *err);
	void (*close)(void *session);
};

/* The table of providers is handed in by cli/main.c, or by a test that hands in the fake one.
 * Modules load on first use. */
struct provider_entry {
	const char *name;
	int (*load)(const struct provider **out, struct err *err);
	bool in_program; /* needs no module: any process may ask it */
};
struct providers {
	const struct provider_entry *entries;
	size_t n;
};
MUST_CHECK int provider_find(const struct providers *table, const char *name,
        const struct provider **out, struct err *err);
