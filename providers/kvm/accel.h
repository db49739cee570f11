/*
 * Is hardware virtualisation of use here? A node /dev/kvm can exist, open and make machines whose
 * instructions are then emulated one at a time. So it is measured, not looked up.
 */
#pragma once

#include "base/str.h"

/* Real hardware takes about 1 ns an iteration, nested virtualisation hardly more; an emulator takes
 * hundreds. */
#define ACCEL_FAST_NS 50.0

struct accel_measure {
	bool ran;             /* the guest ran to its end, and ns says how fast */
	double ns;            /* an iteration of a two-instruction loop */
	char what_failed[96]; /* where it did not run: "open '/dev/kvm': No such file or directory"
	                       */
};

/*
 * Runs a throw-away guest of a few instructions through node ("/dev/kvm") in a forked child, for at
 * most 3 s. Leaves nothing behind.
 */
void accel_measure(const char *node, struct accel_measure *out);
bool accel_is_fast(const struct accel_measure *m);
/* "0.6 ns an iteration", "1,400 ns an iteration: emulated", "open …: Permission denied". */
void accel_describe(const struct accel_measure *m, struct str *out);
