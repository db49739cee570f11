/* What the suites of the runner share: the rig, and looks at what it did. */
#pragma once

#include "tests/fake/check_util.h"
#include "tests/fake/rig.h"

#include <stdio.h>

#define WEB "web@container"

static struct rig rig;
static struct err err;
static bool changed;
static char *root;

static inline void set_up(void)
{
	root = tmp_begin();
	rig_begin(&rig, root);
}

static inline void tear_down(void)
{
	rig_end(&rig);
	free(root);
}

static inline void check_effect(const char *effect, const char *text)
{
	AUTO_FREE char *found = fake_effect(WEB, effect);

	ck_assert_pstr_eq(found, text);
}

/* The calls since the last look, as "apply fake.disk\n…" without the machine. */
static inline void check_calls(const char *expected)
{
	AUTO_FREE char *log = fake_log();
	AUTO_STR calls = {0};

	for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
		char *machine = strstr(line, " " WEB);
		ck_assert_ptr_nonnull(machine);
		str_addn(&calls, line, (size_t)(machine - line));
		str_addf(&calls, "%s\n", machine + strlen(" " WEB));
	}
	ck_assert_str_eq(str_text(&calls), expected);
	fake_log_clear();
}

static inline struct journal_state read_journal(void)
{
	struct journal_state state = {0};

	ck_ok(journal_read(rig.names.journal, &state, &err));
	return state;
}

static inline void check_row(const char *step, enum plan_action action, const char *why)
{
	struct plan plan;
	size_t i = 0;

	ck_ok(rig_plan(&rig, &plan, &err));
	while (i < plan.n && !str_eq(plan.rows[i].step->name, step))
		i++;
	ck_assert_uint_lt(i, plan.n);
	ck_assert_str_eq(plan.rows[i].why, why);
	ck_assert_int_eq(plan.rows[i].action, action);
	free(plan.rows);
}

static const char all_applied[] = "apply fake.folder\napply fake.disk\napply fake.define\n"
                                  "apply fake.limits\napply fake.network\napply fake.start\n"
                                  "connect\napply fake.answer\nclose\n";
static const char started[] =
        "apply fake.network\napply fake.start\nconnect\napply fake.answer\nclose\n";
static const char stopped[] = "revert fake.answer\nrevert fake.start\nrevert fake.network\n";

static inline void up(void)
{
	ck_ok(rig_up(&rig, NULL, &changed, &err));
}

static inline void up_and_forget(void)
{
	up();
	fake_log_clear();
}

static inline int apply_noted(struct run *run, struct err *e)
{
	struct transport *transport;
	int status;

	if (run_transport(run, &transport, e) < 0)
		return -1;
	const char *argv[] = {run->step->name, NULL};
	return transport->ops->run(
	        transport, &(struct transport_cmd){.argv = argv, .in_fd = -1}, &status, e);
}
