/* Machines of boxes that are not prov's own: what they are told, and how they are waited for. */
#pragma once

#include "core/step.h"

/* The image of the NoCloud disk. Holds the host's key: the caller wipes it. */
MUST_CHECK int foreign_seed(struct run *run, struct str *image, struct err *err);
