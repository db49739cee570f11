/* The probe's program as it was built, for the suites that run it. */
#pragma once

#include "compare/probes.h"

/* The program is looked for in the build folder that this test lies in. False: it is not built, and
 * a SKIP line says so. */
bool probe_built(void);
const struct probe *probe_of(const char *id); /* the first of that id; it must exist */
/* This host, with this folder for the disk's probes. */
void probe_open_host(struct probe_place *place, const char *dir);
/* A place whose program is this shell script; the caller closes it. */
void probe_open_script(struct probe_place *place, const char *dir, const char *script);
