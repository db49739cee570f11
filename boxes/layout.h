/*
 * Where things lie in the store, and its lock. Shared by the store and by what fills it
 * (boxes/transfer).
 *
 *   HOME/boxes/NAME/old-DIGEST.json  manifests that a newer one replaced: machines may still use
 * their artefacts HOME/store/lock            held while names, blobs or trees change
 *   HOME/store/tmp-PID-TICKS/  staging of the process PID that started at TICKS; swept once it is
 * gone HOME/store/partial/        downloads that can be resumed
 */
#pragma once

#include "boxes/store.h"

/* All of these: the caller frees. */
char *layout_manifest(const char *home, const char *name); /* …/box.json */
char *layout_superseded(const char *home, const char *name, const char *digest);
char *layout_artefact(const char *home, const struct artefact *artefact); /* blob or tree */
char *layout_artefact_in(
        const char *dir, const struct artefact *artefact); /* the same below a staging folder */
char *layout_staging(const char *home, int pid, uint64_t start_ticks);

/* Makes HOME's folders with their modes (0711). */
MUST_CHECK int layout_make(const char *home, struct err *err);
/* Waits for the store's lock; *fd: close it to give it back. */
MUST_CHECK int layout_lock(const char *home, int *fd, struct err *err);
/* Removes staging folders whose process is gone. What cannot be removed stays for the next time. */
void layout_sweep(const char *home);
