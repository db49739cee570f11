/*
 * Synced folders that need the running machine: those that are mounted in it (virtiofs, 9p) and
 * those that are copied to it. One step, "folders", before provisioning; a machine without such
 * folders has none.
 */
#pragma once

#include "core/folder.h"
#include "core/run.h"
#include "core/transport.h"

bool folders_need_step(const struct machine_spec *spec);
struct step folders_step(void);

struct folder_copy {
	const struct machine_spec *spec;
	const struct names *names;
	const struct folder_use *folder;
	struct transport *transport;
	const volatile int *stop;
	bool whole; /* everything, whatever was copied before: the machine may have lost it */
};
struct folder_copied {
	size_t sent, deleted;
};
/*
 * The host's folder to the machine, what has changed since the last time; what is gone on the host
 * is removed. Nothing that the machine sends is used but two numbers, and no link of the host is
 * followed.
 */
MUST_CHECK int folder_copy(
        const struct folder_copy *copy, struct folder_copied *out, struct err *err);

/* Watches of what is copied, by inotify(7): readable when something has changed below them. */
struct folder_watch {
	int fd;
};
MUST_CHECK int folder_watch_open(struct folder_watch *watch, struct err *err);
/* Every folder below it that is not watched yet. ERR_HOST: the host allows no more watches. */
MUST_CHECK int folder_watch_add(struct folder_watch *watch, const struct machine_spec *spec,
        const struct folder_use *folder, struct err *err);
/* Until something has changed and then nothing for a moment: 1. 0: *stop. */
MUST_CHECK int folder_watch_wait(
        struct folder_watch *watch, const volatile int *stop, struct err *err);
