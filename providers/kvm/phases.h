/* Follows the file that gets the lines of the guest's virtio-serial channel. */
#pragma once

#include "core/event.h"

struct phases {
	int inotify; /* poll it; -1: cannot be watched, poll with a short time-out instead */
	int fd;      /* of the file; -1: there is none (remote libvirt) */
	char line[64];
	size_t n;
	bool any, network, init, ssh; /* lines that came: any at all, "network", … */
};

/* path may be absent: nothing ever comes then. */
void phases_open(struct phases *p, const char *path);
void phases_close(struct phases *p);
/* Reads what came and calls reached for each line that means a phase. */
void phases_read(struct phases *p, void (*reached)(void *ctx, enum phase phase), void *ctx);
