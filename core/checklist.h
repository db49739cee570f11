/* Findings of doctor: one row a check, each with what to do about it. */
#pragma once

#include "base/str.h"

enum check_result { CHECK_OK, CHECK_WARN, CHECK_FAIL, CHECK_SKIP };

struct check {
	enum check_result result;
	char *name;  /* "kvm" */
	char *found; /* "emulated: 1,400 ns an instruction" */
	char *hint;  /* what to try; NULL for OK */
};

struct checklist {
	struct check *rows;
	size_t n;
};

/* hint NULL or "": none. */
void checklist_add(struct checklist *list, enum check_result result, const char *name,
        const char *hint, const char *found, ...) PRINTF_LIKE(5, 6);
void checklist_clear(struct checklist *list);
