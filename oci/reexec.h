/*
 * A process that waits inside a container, or joins one, is this program until it becomes another;
 * the container could open /proc/PID/exe and overwrite it on the host (CVE-2019-5736). So it runs
 * from a read-only mount of its own file that is nowhere attached.
 */
#pragma once

#include "base/err.h"

/* Executes itself once more from such a mount; returns at once where that is done already. */
MUST_CHECK int reexec_readonly(char **argv, struct err *err);
