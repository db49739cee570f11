/* A folder of the host on another one, with ids mapped and a part of it hidden: what a container
 * has of FS_BIND and FS_MASK, for those who are given folders by their path. */
#pragma once

#include "engine/plan.h"

/*
 * Mounts the open folder on `at` as the row says (attributes, maps), in this process's mount
 * namespace. hidden: a path in it that becomes empty, never through a link (NULL: none; absent is
 * fine). On failure nothing is mounted.
 */
MUST_CHECK int engine_folder_mount(
        int folder, const struct fs_row *row, const char *hidden, const char *at, struct err *err);
/* Takes off whatever is mounted there, also what is in use. Nothing mounted, or absent: success. */
MUST_CHECK int engine_folder_unmount(const char *at, struct err *err);
