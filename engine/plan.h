/*
 * A container as plain data. Two front ends fill it: a machine's spec (providers/container/plan)
 * and an OCI config.json (oci/). The parent computes everything; the cloned child walks the lists
 * and takes no decisions. All strings and arrays belong to the plan.
 */
#pragma once

#include "engine/confine.h"
#include "engine/terminal.h"

#include <sys/types.h>

enum fs_op {
	FS_MOUNT,    /* a new file system of `type` on path, which is made where missing */
	FS_BIND,     /* file or folder `source` of the host on path, made as file or folder */
	FS_NODE,     /* a device: made, or in a user namespace bound from the host's own node, which
	                must     be that very device */
	FS_LINK,     /* a symbolic link to source */
	FS_READONLY, /* path becomes read-only; absent is fine */
	FS_MASK,     /* path becomes empty; absent is fine */
	FS_CHANGE,   /* the attributes of what is mounted at path; FS_RECURSIVE: and below it */
};

#define FS_RECURSIVE 1u /* FS_BIND: with the mounts below source; attributes to all of them */
#define FS_OPTIONAL  2u /* what cannot be done because source or type is absent is left out */
#define FS_COPY_UP                                                                          \
	4u        /* FS_MOUNT of tmpfs: starts with what the root has at path, and its mode \
	          where data has none */
#define FS_TOP 8u /* FS_BIND with FS_RECURSIVE: attributes to the topmost mount alone */

struct id_map {
	uint32_t inside, outside, count;
};
struct id_maps {
	struct id_map *v;
	size_t n;
};

/* One thing in the new root's file tree, in the order in which they are made. Every path is
 * resolved beneath the new root (openat2(2)), whatever links lie on the way. */
struct fs_row {
	enum fs_op op;
	unsigned flags; /* FS_… */
	char *path;     /* absolute, inside */
	char *source;
	int mount_fd; /* FS_BIND: a detached mount of the caller's instead of source, which only
	                 names it; 0: none */
	char *type;
	char *data;                    /* options of the file system, "mode=755,size=64k" */
	uint64_t attr_set, attr_clear; /* MOUNT_ATTR_…, mount_setattr(2) */
	uint64_t propagation;      /* MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE, with MS_REC
	                              for the mounts below; 0: private */
	struct id_maps uids, gids; /* FS_BIND: an id-mapped mount; empty: none */
	mode_t mode;               /* FS_NODE: S_IFCHR… and permissions */
	dev_t device;
	uid_t uid;
	gid_t gid;
};

/* A namespace that is entered instead of made. */
struct ns_join {
	int kind;   /* CLONE_NEW… */
	char *path; /* of the host */
};

struct time_offset {
	int clock; /* CLOCK_MONOTONIC, CLOCK_BOOTTIME */
	int64_t ns;
};

struct setting {
	char *key, *value; /* "net.ipv4.ip_forward", "1"; a dot in a name is written as a slash */
};

struct container_plan {
	uint64_t namespaces; /* CLONE_NEW… to make; without CLONE_NEWNS the root's mounts lie on the
	                        folder of the root, where all who share them see them */
	struct ns_join *joins;
	size_t n_joins;
	struct id_maps uids, gids; /* of the user namespace that is made */
	struct time_offset *offsets;
	size_t n_offsets;

	/* The root: an overlay of id-mapped layers, or a folder that is bound as it is. */
	char *root;                 /* folder of the host on which it is mounted */
	char *lower, *upper, *work; /* lower NULL: root itself is the root file system */
	bool root_readonly;
	uint64_t root_propagation; /* MS_…; 0: MS_PRIVATE | MS_REC */
	struct fs_row *rows;
	size_t n_rows;
	bool list_in_order; /* the table of mounts lists rows as they stand here, at the price of
	                       some calls: since Linux 6.8 it goes by age, and sources are old */

	char *hostname, *domainname; /* NULL: as they are */
	struct setting *sysctl;
	size_t n_sysctl;

	struct confine confine; /* user, capabilities, filter and limits of PID 1 */
	struct strv argv, env;
	char *cwd; /* inside; NULL: "/" */

	bool guest_init;   /* argv is that of prov-init, which is executed from the host's file */
	bool reports_exec; /* prov-init tells whether the command could be executed */
	bool log;          /* output of PID 1 is kept, so prov-mon is its parent */
	bool terminal; /* PID 1 has a pty as standard streams and /dev/console; its master goes to
	                  prov-mon (log) or to who asked for it (OCI's console socket) */
	struct terminal_size terminal_size;
	char *console, *status; /* files of prov-mon */
};

enum { PLAN_REPORT_FD = 3 }; /* where prov-init finds the pipe for reports_exec */

/* Whether it is in a user namespace, its own or one that it enters: root inside is not the caller's
 * root then. */
bool container_plan_has_users(const struct container_plan *plan);
/* Appends a row of zeros but for op and path. Valid until the next one is added. */
struct fs_row *plan_add(struct container_plan *plan, enum fs_op op, const char *path);
void fs_row_clear(struct fs_row *row);
void id_maps_add(struct id_maps *maps, uint32_t inside, uint32_t outside, uint32_t count);
void id_maps_copy(struct id_maps *dst, const struct id_maps *src); /* appends */
bool id_maps_equal(const struct id_maps *a, const struct id_maps *b);
/* The host's id of one inside; UINT32_MAX: it has none. Without maps they are the same. */
uint32_t id_maps_outside(const struct id_maps *maps, uint32_t inside);
void container_plan_clear(struct container_plan *plan);
