/* Loop devices: a file as a block device. One that is attached here is cleared by the kernel when
 * nobody has it open or mounted any more, whoever was killed meanwhile. */
#pragma once

#include "base/err.h"

#define LOOP_PATH 32

/* The device ("/dev/loop3") that has this file. False: none has. It may be gone a moment later. */
bool loop_find(const char *file, char device[LOOP_PATH]);
/*
 * The device of this file, opened; one is attached where none has it. The descriptor keeps it until
 * it is closed. The caller sees to it that nobody else attaches the same file meanwhile.
 */
MUST_CHECK int loop_open(const char *file, char device[LOOP_PATH], struct err *err);
