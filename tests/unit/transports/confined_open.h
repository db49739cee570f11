/* A container with a user namespace or without one, made by the engine alone, and exec into it, for
 * the suites of what a command there may do. */
#pragma once

#include "tests/unit/providers/container_fixture.h"

#include "base/proc.h"
#include "engine/cgroup/cgroup.h"
#include "engine/engine.h"
#include "providers/container/confine.h"
#include "providers/container/plan.h"
#include "transports/exec.h"

#include <sys/wait.h>
#include <unistd.h>

#define err ctr_err
enum { BASE = 300000 };

static struct transport *t;
static struct container_plan plan;
static struct confine confine;
static struct engine *engine;
static struct cgroup_join join;
static pid_t pid;

static inline void make_folders(void)
{
	const char *const paths[] = {ctr.names.upper, ctr.names.work, ctr.names.merged};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		ck_ok(fs_mkdirs(paths[i], 0755, &err));
}

static inline void begin_with(bool userns)
{
	const struct session *s;
	AUTO_FREE char *init = module_file("prov-init");

	ctr_begin();
	s = ctr.runner.session;
	make_folders();
	ctr.spec.container.id_base = userns ? BASE : 0;
	container_plan_build(&ctr.spec, &ctr.names, &plan);
	ck_ok(container_confine(&ctr.spec, &confine, &err));
	ck_ok(cgroup_create(&s->tree, ctr.names.cgroup, CG_USUAL, &err));
	ck_ok(cgroup_join_open(&s->tree, ctr.names.cgroup, &join, &err));
	const struct engine_options options = {.plan = &plan, .join = &join, .init = init};
	ck_ok(engine_create(&options, &engine, &err));
	ck_ok(engine_start(engine, &err));
	pid = engine_pid(engine);
	const struct exec_target target = {
	        .pid = pid, .cgroup = ctr.names.cgroup, .user = "root", .confine = &confine};
	ck_ok(exec_transport_open(&target, &t, &err));
}

static inline void begin(void)
{
	begin_with(true);
}

static inline void end(void)
{
	const struct session *s = ctr.runner.session;

	t->ops->close(t);
	ck_ok(cgroup_kill(&s->tree, ctr.names.cgroup, &err));
	waitpid(pid, NULL, 0);
	engine_close(engine);
	cgroup_join_close(&join);
	ck_ok(cgroup_remove(&s->tree, ctr.names.cgroup, &err));
	container_plan_clear(&plan);
	confine_clear(&confine);
	ctr_end();
}

static inline void keep(void *ctx, int stream, const char *data, size_t n)
{
	(void)ctx;
	(void)stream;
	str_addn(&ctr.out, data, n);
}

static inline int run_cmd(struct transport_cmd cmd)
{
	int status = -1;

	str_clear(&ctr.out);
	cmd.output = keep;
	cmd.in_fd = -1;
	ck_ok(t->ops->run(t, &cmd, &status, &err));
	return status;
}

static inline int sh(const char *user, const char *script)
{
	const char *const argv[] = {"sh", "-c", script, NULL};

	return run_cmd((struct transport_cmd){.argv = argv, .user = user});
}

static inline void begin_plain(void)
{
	begin_with(false);
}

/* Some cases with a user namespace and some without; returns main's exit status. */
static inline int run_confined(const char *name, const TTest *const *tests, size_t n,
        const TTest *const *plain, size_t n_plain)
{
	AUTO_FREE char *plain_name = xasprintf("%s-without-user-namespace", name);

	if (ctr_world_begin() < 0)
		return getenv("PROV_TEST_MUST_RUN") != NULL;
	int rc = suite_run(name, tests, n, begin, end) |
	        suite_run(plain_name, plain, n_plain, begin_plain, end);
	ctr_world_end();
	return rc;
}
