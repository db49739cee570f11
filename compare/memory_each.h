/*
 * What one more instance costs the host: the figure of the page's head and of the density. The fall
 * of MemAvailable is the truth, but on a busy host it is others' memory that moves. Where it cannot
 * be believed for one kind, every kind is given as its provider accounts for it, so that all kinds
 * are read in one way; the series' method says which way it was.
 */
#pragma once

#include "compare/result.h"

/*
 * From the series memory.delta (or density.delta) and memory.total of each kind it adds
 * memory.each, memory.slope (the raw line, flagged where it is not believed) and, where the line is
 * believed, density.extrapolated: how many instances take spare_mib (0 or less: not said). Notes of
 * the result give the figures behind the choice.
 */
void memory_each(struct result *result, double spare_mib);
