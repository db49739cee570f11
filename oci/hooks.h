/* Hooks of config.json (runtime-spec config.md, "POSIX-platform Hooks"): programs that get the
 * container's state on standard input at six moments of its life. */
#pragma once

#include "oci/json.h"

enum hook_kind {
	HOOK_PRESTART,         /* in the runtime's namespaces, before the root changes */
	HOOK_CREATE_RUNTIME,   /* likewise */
	HOOK_CREATE_CONTAINER, /* in the container's namespaces, before the root changes */
	HOOK_START_CONTAINER,  /* in the container, before its program is executed */
	HOOK_POSTSTART,        /* in the runtime's, once it is */
	HOOK_POSTSTOP,         /* in the runtime's, once the container is deleted */
	HOOK_KINDS
};

struct hook {
	char *path;
	struct strv args, env;
	int64_t timeout_s; /* 0: none */
};
struct hook_list {
	struct hook *v;
	size_t n;
};
struct hooks {
	struct hook_list of[HOOK_KINDS];
};

/* From the file's top. */
MUST_CHECK int hooks_read(const struct node *config, struct hooks *out, struct err *err);
void hooks_clear(struct hooks *hooks);
const char *hook_kind_name(enum hook_kind kind);

/*
 * Runs all of one kind, in their order, with `state` on standard input and cwd as working folder.
 * The first that fails ends it with an error that names the hook and what it said. With warn set,
 * that is told through warn instead, and the rest is run all the same.
 */
typedef void (*hooks_warn_fn)(void *ctx, const struct err *why);
MUST_CHECK int hooks_run(const struct hooks *hooks, enum hook_kind kind, json_t *state,
        const char *cwd, hooks_warn_fn warn, void *ctx, struct err *err);
