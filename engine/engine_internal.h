/*
 * What the parts of the engine share. The parent (engine.c, supervise.c, sources.c) has the host's
 * rights and does what needs them; the child (child.c, tree*.c) is born in the new namespaces and
 * waits at a gate, a socket, for the mounts that the parent made for it.
 */
#pragma once

#include "engine/engine.h"

#include <sys/mount.h>

/* Above what the child hands on by number (PLAN_REPORT_FD, preserve_fds). */
enum { HIGH_FD = 40 };

/* Ends of pipes and of the gate; each side closes what the other needs. */
struct lines {
	int report[2]; /* child to parent: struct err, or end of file */
	int gate[2];   /* parent (0) and child (1) */
	int log[2];    /* PID 1 (1) to prov-mon (0): output, or a terminal's master */
	int commit[2]; /* parent to prov-mon */
	int pids[2];   /* pid of PID 1, from the process that becomes prov-mon */
};

struct engine {
	struct engine_options options;
	pid_t pid, mon;
	struct lines lines;
	int pidfd;        /* of pid; -1: prov-mon is its parent */
	int init;         /* prov-init or prov-exec, see engine/stub.h; -1: none */
	int *joins;       /* of plan->joins */
	int failed_join;  /* of them, the one that could not be entered; -1: none */
	int userns;       /* of the child; -1: it has none of its own */
	bool started;     /* it is on its own now */
	bool network_due; /* the child makes its network namespace, and says a word when it has */
};

/* What the cloned child has: the parent's memory as it was, and these. */
_Noreturn void engine_child(const struct engine *e);
/* Its end, once the root is made. Returns on failure alone, *report then being where to tell it. */
MUST_CHECK int child_become(const struct engine *e, int *report, struct err *err);

/* Clones the child, which is the caller's; 0 is not returned. -1 with errno. */
MUST_CHECK pid_t engine_clone(struct engine *e);
int engine_clone_failed(const struct engine *e, struct err *err); /* -1, by errno */
/* prov-mon as the caller's child, and the container as its. */
MUST_CHECK int engine_supervise(struct engine *e, struct err *err);
/* Closes all from 3 on but these (-1 among them is none). */
void keep_descriptors(int *keep, size_t n);

/* Whether the mount of this row is made by the parent. */
bool row_has_source(const struct container_plan *plan, const struct fs_row *row);

/* Writes the maps of a process that was born in a new user namespace, and opens that namespace. */
MUST_CHECK int userns_map(pid_t pid, const struct id_maps *uids, const struct id_maps *gids,
        int *out, struct err *err);
/* A user namespace with nobody in it, for an id-mapped mount. */
MUST_CHECK int userns_with_maps(
        const struct id_maps *uids, const struct id_maps *gids, int *out, struct err *err);

/* Folders as mounts that are nowhere attached; -1: none. Upper and work have to lie on one mount,
 * so it is the folder that holds both. */
struct layers {
	int lower, above;
};
void layers_close(struct layers *l);
/* An overlay of id-mapped layers as a mount that is nowhere attached. userns -1: ids are as they
 * are. The overlay has mounts of its own: those in *layers (NULL: closed at once) are only left to
 * be closed, which takes a grace period of the kernel each. */
MUST_CHECK int overlay_mount(
        const struct container_plan *plan, int userns, struct layers *layers, struct err *err);
/* The same for kernels that take layers by name only, whatever this one is. */
MUST_CHECK int overlay_mount_by_name(
        const struct container_plan *plan, int userns, struct err *err);

/*
 * Mounts for the child: index 0 is the root, i + 1 that of row i. -1: that row needs none, or it is
 * optional and cannot be had. *layers of the root are for the caller to close.
 */
MUST_CHECK int sources_open(
        const struct engine *e, int *sources, struct layers *layers, struct err *err);

/* n descriptors, of which some may be -1, through the gate. */
MUST_CHECK int gate_send(int gate, const int *fds, size_t n, struct err *err);
/* -1: the other side closed it, or failed. */
MUST_CHECK int gate_receive(int gate, int *fds, size_t n, struct err *err);

/* The new root's file tree, beneath root. sources as above; null is the host's /dev/null, opened
 * and looked at before. */
MUST_CHECK int tree_make(
        const struct container_plan *plan, int root, const int *sources, int null, struct err *err);
/* What lies in the folder `from` into the folder `to`. */
MUST_CHECK int tree_copy(int from, int to, struct err *err);

/*
 * Paths beneath root, with links that lead nowhere but beneath it (openat2(2), RESOLVE_IN_ROOT). In
 * /dev, /proc and /sys, and at them, no link is followed at all: the box decides what lies there,
 * and a link would move the mount.
 */
int tree_open(int root, const char *path, int flags); /* -1 with errno */
/* Folder that holds path, made where missing; *last is its name in there. */
MUST_CHECK int tree_parent(int root, const char *path, const char **last, struct err *err);
/* path as a folder, or as a file that exists, made where missing: something to mount on. */
MUST_CHECK int tree_folder(int root, const char *path, struct err *err);
MUST_CHECK int tree_file(int root, const char *path, struct err *err);
/* A link of the box leads from path to what the kernel shows of itself, which is not to be covered.
 */
bool tree_leads_astray(int target, const char *path);
/* Whether fd is a character device with this number. */
bool is_char_device(int fd, unsigned major_number, unsigned minor_number);
/* Puts the detached mount on target, and closes neither. -1 with errno. */
MUST_CHECK int attach(int mount, int target);
/* A new file system of this type, detached. */
MUST_CHECK int new_file_system(const struct fs_row *row, struct err *err);
