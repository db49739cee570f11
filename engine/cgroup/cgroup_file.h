/* What the parts of engine/cgroup* share: the group's folders and files. */
#pragma once

#include "engine/cgroup/cgroup.h"

/* Whether hierarchy i is of v2. */
bool cgroup_is_v2(const struct cgroup_tree *tree, size_t i);
/* Whether a group with these controllers has a folder in hierarchy i. */
bool cgroup_takes(const struct cgroup_tree *tree, size_t i, unsigned wanted);
/* The group's folder in hierarchy i. The caller frees. */
char *cgroup_dir(const struct cgroup_tree *tree, size_t i, const char *group);
/* Path of the controller's file, of v1 or of v2; NULL: there is no such. The caller frees. */
char *cgroup_path(const struct cgroup_tree *tree, const char *group, unsigned controller,
        const char *v1, const char *v2);
/* The same, and NULL where the group has no such file. */
char *cgroup_file(const struct cgroup_tree *tree, const char *group, unsigned controller,
        const char *v1, const char *v2);

/* Reads the controller's file, the one of v1 or of v2 (NULL: there is none). False: absent. */
bool cgroup_read(const struct cgroup_tree *tree, const char *group, unsigned controller,
        const char *v1, const char *v2, struct str *out);

/* Calls fn for the group's folder below dir and every one below that, the deepest first; stops at
 * the first -1. An absent folder is success. The paths it is called with hold for the call. */
MUST_CHECK int cgroup_walk(const char *dir, int (*fn)(void *ctx, const char *dir, struct err *err),
        void *ctx, struct err *err);
