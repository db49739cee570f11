/*
 * What else the host did while something was measured: a run disturbed by others' load or by time
 * stolen by a hypervisor is flagged, never dropped.
 */
#pragma once

#include "base/err.h"

struct load_sample {
	int64_t t_ns;           /* monotonic */
	double busy_s, steal_s; /* of all CPUs since boot */
	double load1;           /* the kernel's one-minute average */
};

/* From the texts of /proc/stat and /proc/loadavg; hz: clock ticks a second. */
MUST_CHECK int load_parse(
        const char *stat, const char *loadavg, long hz, struct load_sample *out, struct err *err);
MUST_CHECK int load_read(struct load_sample *out, struct err *err);

struct load_use {
	double other; /* CPUs that somebody else kept busy: 0.5 is half of one */
	double steal; /* CPUs that the hypervisor gave to others */
	bool disturbed;
};
/* own_s: CPU seconds between the samples that belong to what is measured. */
void load_judge(const struct load_sample *before, const struct load_sample *after, double own_s,
        struct load_use *out);
