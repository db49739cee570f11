/* Time. Durations come from the monotonic clock; wall time is for people. */
#pragma once

#include "base/err.h"

int64_t clock_mono_ns(void);
int64_t clock_wall_ns(void);                 /* since the epoch, UTC */
void clock_format(char out[16], int64_t ns); /* "0.4 ms", "12 ms", "3.1 s", "2 min 05 s" */

/* The kernel's id of this boot (36 characters): state that a reboot voids carries it. */
#define BOOT_ID_LEN 36
MUST_CHECK int clock_boot_id(char out[BOOT_ID_LEN + 1], struct err *err);
