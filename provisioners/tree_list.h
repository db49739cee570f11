/*
 * What lies in a folder of the host, as a list: compared with the last one it says what a copy of
 * the folder lacks. Links are entries, they are never followed; what is neither a file, a folder
 * nor a link is left out.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

struct tree_entry {
	char *path; /* below the folder */
	char type;  /* 'd', 'f' or 'l' */
	mode_t mode;
	int64_t size, mtime_ns;
};
struct tree_list {
	struct tree_entry *v; /* sorted by path: a folder comes before what is in it */
	size_t n;
};

/* folder: an open one, O_PATH is enough. exclude: patterns as in prov.yaml; hidden: a path that is
 * left out (NULL: none). What vanishes meanwhile is left out. */
MUST_CHECK int tree_list_read(int folder, const struct strv *exclude, const char *hidden,
        struct tree_list *out, struct err *err);
void tree_list_clear(struct tree_list *list);

/* One that was kept in a file. A file that is absent or damaged is an empty list: false. */
bool tree_list_load(const char *file, struct tree_list *out);
MUST_CHECK int tree_list_save(const struct tree_list *list, const char *file, struct err *err);

/* Entries of `now` that are new or not as in `then`; copies into changed borrow from now. Those of
 * `then` that are gone, or of another type: into gone, innermost first. Both are to be freed. */
void tree_list_compare(const struct tree_list *then, const struct tree_list *now,
        struct tree_list *changed, struct tree_list *gone);
/* path and name of it: whether a pattern leaves it out. */
bool tree_excluded(const struct strv *exclude, const char *path, bool is_folder);
