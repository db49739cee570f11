/*
 * What prov-oci keeps of a container: one folder ROOT/ID with
 *
 *   state.json   pid, bundle, cgroup; complete or absent (tmp + rename)
 *   config.json  the configuration as it was at `create`: later edits have no effect
 *   start        a FIFO: the container waits there for `start`, its absence means it was started
 *   report       a FIFO: how the start went
 *
 * The folder's creation is what makes an id unique. Whoever works on a container holds the flock of
 * its folder. The status is not stored but seen: the pid with its start time, the FIFO, the
 * freezer.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <jansson.h>
#include <sys/types.h>

#define OCI_VERSION      "1.2.0" /* of runtime-spec, as state and features say */
#define OCI_ROOT         "/run/prov-oci"
#define OCI_FIFO_START   "start"
#define OCI_FIFO_REPORT  "report"
#define OCI_STATE_CONFIG "config.json"

enum oci_status { OCI_CREATING, OCI_CREATED, OCI_RUNNING, OCI_PAUSED, OCI_STOPPED };
const char *oci_status_name(enum oci_status status);

struct oci_state {
	char *id;
	char *bundle;  /* absolute */
	char *rootfs;  /* absolute */
	char *created; /* RFC 3339 */
	char *cgroup;  /* group below each hierarchy; NULL before there is one */
	pid_t pid;     /* 0: not there yet */
	uint64_t start_ticks;
	bool own_cgroup; /* made by create: delete removes it */
	/* Of a container that shares the caller's mounts: what was mounted at rootfs before it
	 * (statx(2), stx_mnt_id); 0: it has its own. */
	uint64_t below_root;
	json_t *annotations; /* NULL: none */
};
void oci_state_clear(struct oci_state *s);

/* Letters, digits, "_+.-"; not "." or "..", at most 255. ERR_USAGE. */
MUST_CHECK int oci_id_check(const char *id, struct err *err);

/* A container's folder, locked. fd -1: not open. */
struct oci_home {
	char *path;
	int fd;
	bool locked;
};
#define AUTO_HOME __attribute__((cleanup(oci_home_close))) struct oci_home
void oci_home_close(struct oci_home *home);

/* Makes the folder; ERR_FAILED if the id is taken. */
MUST_CHECK int oci_home_make(
        const char *root, const char *id, struct oci_home *out, struct err *err);
/* ERR_MISSING: "container 'ID' does not exist". lock: wait for the others and keep them out. */
MUST_CHECK int oci_home_open(
        const char *root, const char *id, bool lock, struct oci_home *out, struct err *err);
MUST_CHECK int oci_home_remove(struct oci_home *home, struct err *err);

/* A file as a whole, or as it was; not synced, as nothing of it outlives the machine's run. */
MUST_CHECK int oci_file_write(const char *path, const char *text, mode_t mode, struct err *err);

MUST_CHECK int oci_state_write(
        const struct oci_home *home, const struct oci_state *s, struct err *err);
/* A folder without state file is one of an interrupted `create`: its state has only the id. */
MUST_CHECK int oci_state_read(
        const struct oci_home *home, const char *id, struct oci_state *out, struct err *err);

/* Running or paused is one here: the freezer knows which. */
enum oci_status oci_state_status(const struct oci_home *home, const struct oci_state *s);

/* The state as runtime.md defines it, which is also what hooks read. The caller releases it. */
json_t *oci_state_json(const struct oci_state *s, enum oci_status status);

/* Ids of all containers below root, sorted. */
MUST_CHECK int oci_state_ids(const char *root, struct strv *out, struct err *err);
