/*
 * Folders through which a machine's root could become the host's: what it makes in a folder of
 * root's belongs to root on the host as well, a set-user-id program too. In the machines such a
 * program has no effect (nosuid); on the host it has, for whoever can reach it there.
 */
#pragma once

#include "lab/lab.h"

/* The folders that these machines may write as the host's root and that other users of this host
 * can reach, each once. fresh: only of machines that nothing was made of yet. Those of another
 * host's virtual machines are not looked at. */
void lab_exposed(struct machine *const *machines, size_t n, bool fresh, struct strv *folders);
/* What can be done about it. */
extern const char lab_exposed_hint[];
