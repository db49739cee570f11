/* A container that runs, for the suites of exec. */
#pragma once

#include "tests/unit/providers/container_fixture.h"

#include <unistd.h>

#define err         ctr_err
#define PATIENCE_NS INT64_C(60000000000)

static struct transport *t;

static inline void begin(void)
{
	ctr_begin();
	ck_ok(ctr_up());
	ck_ok(container_provider.connect(ctr.runner.session, 0, NULL, &t, &err));
}

static inline void end(void)
{
	t->ops->close(t);
	ctr_end();
}
