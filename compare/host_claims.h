/* What some claims say of the kernel itself, tried on this host by forked children that undo
 * nothing because they leave nothing: own mount and uts namespaces, a temporary folder. Needs root.
 */
#pragma once

#include "compare/result.h"

/* Adds facts of group "claim" for the kind "host"; what cannot be tried is a fact that says why. */
void host_claims(struct result *result);
