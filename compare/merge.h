/*
 * Figures that something else measured, laid into a result: tools/bench-peers writes those of other
 * tools. The form is report_csv's (id,kind,unit,run,x,value,disturbed), and
 *
 *   - the ids are those of compare/measure.h, which gives title, section and method; the unit is
 *     the table's;
 *   - a unit of "text" is a fact of merge's own table (isolation.userns …), its value the text;
 *   - a line that begins with '#' is a note.
 *
 * The text may come from anywhere: it is bounded, and an error names the line.
 */
#pragma once

#include "compare/result.h"

/* Into an empty result; on failure out stays empty. */
MUST_CHECK int merge_read(const char *text, size_t n, struct result *out, struct err *err);
MUST_CHECK int merge_read_file(const char *path, struct result *out, struct err *err);
/* Adds what was read. ERR_CONFIG, and nothing added, where the result has a figure or fact of the
 * same id and kind: two measurements are never mixed into one series. */
MUST_CHECK int merge_add(struct result *into, const struct result *found, struct err *err);
