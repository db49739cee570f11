/* A folder and a place to probe, for the suites of probes. */
#pragma once

#include "compare/probes.h"
#include "tests/fake/check_util.h"

static struct err err;
static char *dir;
static struct result result;
static struct probe_place place;

static inline void set_up(void)
{
	dir = tmp_begin();
	result = (struct result){0};
	place = (struct probe_place){0};
}

static inline void tear_down(void)
{
	ck_ok(probe_place_close(&place, &err));
	result_clear(&result);
	tmp_end(dir);
}
