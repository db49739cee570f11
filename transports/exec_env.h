/* Environments of what runs in a machine. */
#pragma once

#include "base/str.h"

/* Sets "K=V", in the place of an older K. */
void env_set(struct strv *env, const char *setting);
/* What every command of a machine starts with (PATH, LANG), then the machine's own settings. */
void env_machine(struct strv *env, const struct strv *machine);
