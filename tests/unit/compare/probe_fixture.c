#include "tests/unit/compare/probe_fixture.h"

#include "base/fs.h"
#include "base/proc.h"
#include "tests/fake/check_util.h"

#include <stdio.h>
#include <unistd.h>

bool probe_built(void)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	ck_assert_int_gt(n, 0);
	self[n] = '\0';
	/* BUILD/unit/compare/test_x */
	for (int i = 0; i < 3; i++)
		*strrchr(self, '/') = '\0';
	setenv("PROV_MODULE_DIR", self, 1);
	AUTO_FREE char *program = module_file("prov-probe");
	if (fs_exists(program))
		return true;
	printf("SKIP %s is not built\n", program);
	return false;
}

const struct probe *probe_of(const char *id)
{
	size_t n;
	const struct probe *table = probes_table(&n);

	for (size_t i = 0; i < n; i++)
		if (str_eq(table[i].id, id))
			return &table[i];
	ck_abort_msg("there is no probe '%s'", id);
}

void probe_open_host(struct probe_place *place, const char *dir)
{
	struct err err = {0};

	ck_ok(probe_place_open(place, "host", NULL, dir, &err));
}

void probe_open_script(struct probe_place *place, const char *dir, const char *script)
{
	AUTO_FREE char *text = xasprintf("#!/bin/sh\n%s\n", script);
	struct err err = {0};

	*place = (struct probe_place){.kind = xstrdup("container"),
	        .program = xasprintf("%s/program", dir),
	        .dir = xstrdup(dir)};
	ck_ok(fs_replace(place->program, text, strlen(text), 0755, &err));
}
