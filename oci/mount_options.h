/* Options of a mount as config.json has them (runtime-spec config.md, "Linux mount options"). */
#pragma once

#include "base/str.h"

struct mount_options {
	bool bind, recursive, remount, copy_up, id_map, id_map_recursive;
	uint64_t set, clear;             /* MOUNT_ATTR_… of the mount itself */
	uint64_t below_set, below_clear; /* … and of those below it */
	uint64_t propagation;            /* MS_…; 0: none was named */
	struct str data;                 /* what is the file system's own affair, by commas */
};

/* One more; later ones win. What is not known is the file system's own. */
void mount_option(struct mount_options *o, const char *option);
void mount_options_clear(struct mount_options *o);

/* "rslave" and so on; 0: no such word. */
uint64_t propagation_flags(const char *word);
/* Appends all that prov-oci understands itself, for `features`. */
void mount_option_names(struct strv *out);
