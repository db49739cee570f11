/*
 * Files and folders through nothing but a transport's run(): a machine needs a shell, cat and, for
 * folders, tar; busybox is enough. The slots put and get of a transport without a better way.
 */
#pragma once

#include "core/transport.h"

/* stop: gives up with ERR_INTERRUPTED; NULL: never. */
MUST_CHECK int copy_put(struct transport *t, const struct transport_file *file,
        const volatile int *stop, struct err *err);
/*
 * What a machine sends is not trusted: no device, no set-user-id bit and no owner of it reaches
 * the host, and nothing outside the destination is written. file->owner is ignored.
 */
MUST_CHECK int copy_get(struct transport *t, const struct transport_file *file,
        const volatile int *stop, struct err *err);
