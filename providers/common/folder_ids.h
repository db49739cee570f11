/* Who is who in a folder that host and machine share: one user inside is the folder's owner
 * outside, all others are nobody there. */
#pragma once

#include "core/run.h"
#include "core/spec.h"
#include "engine/plan.h"

#include <sys/stat.h>

struct folder_ids {
	const char *const *roots; /* of the machine, see providers/common/accounts.h */
	size_t n_roots;
	uint32_t base; /* the kernel's id of the machine's id 0 */
	uint32_t disk; /* of 65536 ids that nobody has on the disk: that of id 0 */
};

/*
 * Maps of row for a folder with these attributes. No other owner of the disk gets an id: such files
 * belong to nobody inside. A folder of root's is root's inside, whoever logs in there, unless the
 * file names somebody. ERR_CONFIG: the machine has no such user.
 */
MUST_CHECK int folder_ids_map(const struct folder_ids *ids, const struct machine_spec *spec,
        const struct folder_use *folder, const struct stat *st, struct fs_row *row,
        struct err *err);
/* The same, with the owner and the group as these ids (below 65536), whoever has them. */
void folder_ids_map_as(const struct folder_ids *ids, uint32_t uid, uint32_t gid,
        const struct stat *st, struct fs_row *row);
/* Whether the file system that fd lies on can have its ids mapped. */
bool folder_ids_can(int fd);
/* What has no effect on a mounted folder of type auto. */
void folder_ids_say(struct run *run, const struct folder_use *folder);
/* ERR_CONFIG: a mounted folder has the host's own mode. */
MUST_CHECK int folder_ids_check_mode(const struct folder_use *folder, struct err *err);
