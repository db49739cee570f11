/* The lab's published ports as the host's tables are to have them: what is recorded of each machine
 * that runs, with the addresses and bridges of now. Nothing leads to one that does not: who asks is
 * refused at once by the host, instead of waiting for an answer. */
#pragma once

#include "lab/prepare.h"
#include "net/ports.h"

/* The name of its tables and the mark of its other rules; the caller frees. */
char *lab_ports_table(const struct lab *lab);
/* The lab is locked. ERR_FAILED: a network that the ports need is not up. ports_clear(out). */
MUST_CHECK int lab_ports_build(const struct ports_who *who, struct ports *out, struct err *err);
