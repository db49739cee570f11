/* A machine with provision items and a runner for them, for the suites of provisioners. */
#pragma once

#include "base/fs.h"
#include "tests/fake/local_transport.h"
#include "tests/unit/provisioners/only_step.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char dir[] = "/tmp/prov-test-provisioners-XXXXXX";
static struct local_transport local;
static struct machine_spec spec;
static struct provision_item items[2];
static struct names names;
static struct str printed[2];
static volatile int stop;

static inline int fake_connect(void *session, int64_t timeout_ns, const volatile int *stop_flag,
        struct transport **out, struct err *err)
{
	(void)session;
	(void)timeout_ns;
	(void)stop_flag;
	(void)err;
	*out = &local.base;
	return 0;
}

static inline void on_event(struct event_sink *sink, const struct event *event)
{
	(void)sink;
	if (event->kind == EVENT_OUTPUT)
		str_addn(&printed[event->stream - 1], event->text, event->text_n);
}

static const struct provider provider = {.name = "container", .connect = fake_connect};
static struct event_sink sink = {.emit = on_event};
static struct runner runner;
static bool resumed;

static inline void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	local_transport_init(&local);
	spec_init(&spec);
	spec.lab = xstrdup("shop");
	spec.name = xstrdup("web-2");
	spec.selector = xstrdup("web-2@container");
	spec.provider = xstrdup("container");
	spec.user = xstrdup("student");
	spec.index = 2;
	spec.count = 3;
	strv_add(&spec.env, "MACHINE=of the machine");
	strv_add(&spec.env, "BOTH=machine");
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		provision_item_init(&items[i]);
	spec.provision = items;
	spec.n_provision = 1;
	names.dir = dir;
	names.logs = xasprintf("%s/provision.log", dir);
	names.console = xasprintf("%s/console.log", dir);
	runner = (struct runner){.provider = &provider,
	        .spec = &spec,
	        .names = &names,
	        .machine = "web-2@container",
	        .sink = &sink,
	        .stop = &stop};
}

static inline void teardown(void)
{
	struct err err = {0};

	ck_assert_msg(fs_remove_tree(dir, &err) == 0, "%s", err.message);
	free(names.logs);
	free(names.console);
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		provision_item_clear(&items[i]);
	spec.provision = NULL;
	spec.n_provision = 0;
	spec_clear(&spec);
	str_clear(&printed[0]);
	str_clear(&printed[1]);
}

/* Applies the only step. */
static inline int apply(struct err *err)
{
	return apply_only_step(&runner, resumed, err);
}

static inline void applies(void)
{
	struct err err = {0};

	ck_assert_msg(apply(&err) == 0, "%s", err.message);
}

static inline char *in_dir(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static inline void write_file(const char *path, const char *text, mode_t mode)
{
	struct err err = {0};

	ck_assert_msg(fs_replace(path, text, strlen(text), mode, &err) == 0, "%s", err.message);
}
