/* The floor: a plain process of the host, forked and executed, without any machine around it. */
#pragma once

#include "base/err.h"

struct baseline {
	double exec_s; /* until exec succeeded */
	double done_s; /* until it has ended */
	double cpu_s;  /* user and system time of the child */
};
/* Starts /bin/true and waits for its end. */
MUST_CHECK int baseline_run(struct baseline *out, struct err *err);
