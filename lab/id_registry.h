/*
 * Ranges of user ids that are taken on this host, whatever PROV_HOME took them: a folder below /run
 * with a link for each, named by the upper half of the range's first id, to the folder of the lab
 * that has it. A link to a folder that is gone counts as none, so that nothing need be given back
 * for a lab that was removed by force; so does a reboot, after which each lab takes its own again.
 */
#pragma once

#include "base/err.h"

struct id_registry {
	int fd;    /* of the folder, locked against others; -1: only root makes containers, and this
	              is somebody else, who reserves nothing */
	char *lab; /* the lab's folder, as every process sees it */
};

/* lab_dir exists. Waits for others, who hold it for moments only. Undone by id_registry_close. */
MUST_CHECK int id_registry_open(const char *lab_dir, struct id_registry *out, struct err *err);
/* 1: it is this lab's, now or already; 0: another lab has it. */
MUST_CHECK int id_registry_take(struct id_registry *registry, unsigned range, struct err *err);
void id_registry_close(struct id_registry *registry);
/* All that the lab has. Quiet: what stays is a link to nothing. */
void id_registry_give_back(const char *lab_dir);
