/* The lab's published ports as the host's tables are to have them: what is recorded of each
 * machine, with the addresses and bridges of now. */
#pragma once

#include "lab/lab.h"
#include "net/ports.h"

/* The name of its tables and the mark of its other rules; the caller frees. */
char *lab_ports_table(const struct lab *lab);
/* The lab is locked. ERR_FAILED: a network that the ports need is not up. ports_clear(out). */
MUST_CHECK int lab_ports_build(const struct lab *lab, struct ports *out, struct err *err);
