#include "engine/probe.h"

#include "engine/engine_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOME_ID 1000000

static void name_layers(const char *folder, bool mapped, struct container_plan *plan)
{
	plan->lower = xasprintf("%s/lower", folder);
	plan->upper = xasprintf("%s/upper", folder);
	plan->work = xasprintf("%s/work", folder);
	plan->root = xasprintf("%s/merged", folder);
	if (!mapped)
		return;
	id_maps_add(&plan->uids, 0, SOME_ID, 65536);
	id_maps_add(&plan->gids, 0, SOME_ID, 65536);
}

static int make_folders(const struct container_plan *plan, struct err *err)
{
	const char *const folders[] = {plan->lower, plan->upper, plan->work, plan->root};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdir(folders[i], 0755) < 0 && errno != EEXIST)
			return err_sys(err, "create the folder '%s'", folders[i]);
	return 0;
}

int probe_overlay(const char *folder, bool mapped, struct err *err)
{
	struct container_plan plan = {0};
	AUTO_FD int userns = -1;
	int rc;

	name_layers(folder, mapped, &plan);
	rc = make_folders(&plan, err);
	if (rc == 0 && mapped)
		rc = userns_with_maps(&plan.uids, &plan.gids, &userns, err);
	AUTO_FD int mount = rc < 0 ? -1 : overlay_mount(&plan, userns, NULL, err);
	container_plan_clear(&plan);
	return mount < 0 ? -1 : 0;
}

int probe_user_namespace(struct err *err)
{
	struct container_plan plan = {0};
	AUTO_FD int userns = -1;

	id_maps_add(&plan.uids, 0, SOME_ID, 65536);
	id_maps_add(&plan.gids, 0, SOME_ID, 65536);
	int rc = userns_with_maps(&plan.uids, &plan.gids, &userns, err);
	container_plan_clear(&plan);
	return rc;
}
