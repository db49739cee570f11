/* Labs of three machines in a folder of their own, for the suites of labs. */
#pragma once

#include "tests/fake/check_util.h"
#include "tests/unit/lab/lab_fixture.h"

static const char three[] = "prov: 1\n"
                            "lab: shop\n"
                            "defaults: { box: tiny, provider: container, networks: none }\n"
                            "machines:\n"
                            "  db: {}\n"
                            "  web: { depends_on: [db], provider: both, networks: default }\n"
                            "  node: { count: 2 }\n"
                            "  attic: { autostart: false }\n";

static struct fixture fixture;
static struct lab_recorder recorder;

static inline void begin(void)
{
	lab_fixture_begin(&fixture);
	lab_recorder_init(&recorder);
	lab_fixture_write(fixture.project, three);
}

static inline void end(void)
{
	recorder.sink.close(&recorder.sink);
	lab_fixture_end(&fixture);
}
