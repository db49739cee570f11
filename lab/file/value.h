/*
 * What the text of one value means. Every function leaves *out untouched on failure and then says
 * in err what is wrong with the text ("'512M' is not a size") and, as the hint, the likely
 * spelling. None knows about keys.
 */
#pragma once

#include "base/err.h"

/* Whole number of B, KiB, MiB, GiB or TiB; more than 0. */
MUST_CHECK int value_size(const char *text, int64_t *bytes, struct err *err);
/* "90s", "1m30s", "1h", "500ms"; more than 0, at most a year. */
MUST_CHECK int value_duration(const char *text, int64_t *ns, struct err *err);
MUST_CHECK int value_bool(const char *text, bool *out, struct err *err);
MUST_CHECK int value_int(const char *text, int64_t min, int64_t max, int64_t *out, struct err *err);
/* Up to three decimals, 0.01 to 1024. */
MUST_CHECK int value_cpus(const char *text, double *out, struct err *err);
MUST_CHECK int value_mode(const char *text, int *out, struct err *err); /* octal, 3 or 4 digits */
/* "SIGINT", "INT", "SIGRTMIN+3" or a number. */
MUST_CHECK int value_signal(const char *text, int *out, struct err *err);

/* These only check. */
MUST_CHECK int value_label(const char *text, struct err *err);  /* RFC 1123, lower case, 1–63 */
MUST_CHECK int value_domain(const char *text, struct err *err); /* labels and dots, 1–253 */
MUST_CHECK int value_user(const char *text, struct err *err);
MUST_CHECK int value_owner(const char *text, struct err *err);    /* user or user:group */
MUST_CHECK int value_variable(const char *text, struct err *err); /* a name for the environment */
MUST_CHECK int value_box(const char *text, struct err *err);
MUST_CHECK int value_cpuset(const char *text, struct err *err); /* "0-3,7" */
MUST_CHECK int value_regex(const char *text, struct err *err);

/* text must be one of the choices (NULL-terminated). */
MUST_CHECK int value_choice(const char *text, const char *const *choices, struct err *err);

/* A path on the host: "~/" is the home folder, a relative one begins at folder. The caller frees.
 */
char *value_path(const char *text, const char *folder);
