/*
 * A recipe: a folder with recipe.sh and recipe.meta, lines of "key = value", "#" begins a comment.
 * The script may add or replace keys by writing $BOX_OUT/meta.
 */
#pragma once

#include "base/err.h"

struct recipe {
	char *name, *description, *version, *suite, *user, *cmdline;
	int64_t disk_bytes; /* of the root file system */
	int64_t room_bytes; /* that building it takes, at most */
	int64_t epoch;      /* no file of the box is newer */
};

/* Reads one file of keys over what is there. Errors name file and line. */
MUST_CHECK int recipe_read(const char *path, struct recipe *recipe, struct err *err);
/* Every key that a box needs is there. */
MUST_CHECK int recipe_check(const char *path, const struct recipe *recipe, struct err *err);
void recipe_clear(struct recipe *recipe);
