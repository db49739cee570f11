/* The cards of the page's upper part, split over several files. */
#pragma once

#include "compare/html.h"

void card_begin(struct str *out, const char *title, const char *sub);
void card_end(struct str *out);
double card_median(const struct series *series); /* NAN: there is none */
/* Kind and figure, then whatever chart is added, then a note. */
void row_begin(struct str *out, const char *kind, const char *figure);
void row_end(struct str *out, const char *note);

void card_phases(const struct view *view, struct str *out);
void card_memory(const struct view *view, struct str *out);
void card_density(const struct view *view, struct str *out);
void card_probes(const struct view *view, struct str *out);
void card_disk(const struct view *view, struct str *out);
void card_claims(const struct result *result, struct str *out);
