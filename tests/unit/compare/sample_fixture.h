/* A result as an experiment would find it on a small machine whose KVM is emulated: made up, the
 * same at each call, with every series that reports know how to draw. */
#pragma once

#include "compare/result.h"

/* seed varies the runs; scale multiplies the times of virtual machines. */
void sample_result(struct result *out, unsigned seed, double scale);
