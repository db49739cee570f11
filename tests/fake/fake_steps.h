/* What tests/fake/fake_provider.c offers as the steps of its machines. */
#pragma once

#include "core/step.h"

#define FAKE_STEPS 7

extern const struct step fake_steps[FAKE_STEPS];
