/* What a step that is no longer as it was made does to a machine that is up: goes live, restarts,
 * is refused. */
#include "tests/fake/rig_check.h"

static void inputs_disk_size(const struct run *run, struct digest *digest)
{
	digest_number(digest, "disk", run->spec->kvm.stop_timeout_ns);
}

START_TEST(live_change_applies_one_step)
{
	up_and_forget();
	rig.spec.cpus = 2;
	check_row("fake.limits", PLAN_LIVE, "inputs changed");
	up();
	ck_assert(changed);
	check_calls("apply fake.limits\n");
	check_effect("limits", "2.000");
	struct journal_state state = read_journal();
	ck_has(state.spec, "\"cpus\":2");
	journal_state_clear(&state);
}
END_TEST

START_TEST(restart_change_halts_first)
{
	up_and_forget();
	rig.spec.memory_bytes = 1024;
	check_row("fake.define", PLAN_RESTART, "inputs changed");
	up();
	AUTO_FREE char *expected =
	        xasprintf("%srevert fake.define\napply fake.define\n%s", stopped, started);
	check_calls(expected);
	check_effect("define", "1024");
}
END_TEST

START_TEST(restart_change_of_a_halted_machine)
{
	up();
	ck_ok(rig_halt(&rig, &changed, &err));
	fake_log_clear();
	rig.spec.memory_bytes = 1024;
	check_row("fake.define", PLAN_APPLY, "inputs changed");
	up();
	AUTO_FREE char *expected = xasprintf("revert fake.define\napply fake.define\n%s", started);
	check_calls(expected);
}
END_TEST

START_TEST(recreate_change_is_refused)
{
	up_and_forget();
	free(rig.spec.box.digest);
	rig.spec.box.digest = xstrdup("box-2");
	check_row("fake.disk", PLAN_RECREATE, "inputs changed");
	ck_fails(rig_up(&rig, NULL, &changed, &err), ERR_FAILED,
	        "what 'fake.folder', 'fake.disk' was made from has changed: needs --recreate");
	ck_has(err.hint, "'prov up --recreate " WEB "' destroys the machine");
	ck_has(str_text(&rig.events.text), "error what 'fake.folder'");
	ck_assert(!changed);
	check_calls("");
	/* The journal still has the spec of what stands. */
	struct journal_state state = read_journal();
	ck_has(state.spec, "box-1");
	journal_state_clear(&state);
}
END_TEST

START_TEST(recreate_destroys_and_climbs)
{
	up_and_forget();
	free(rig.spec.box.digest);
	rig.spec.box.digest = xstrdup("box-2");
	ck_ok(rig_up(&rig, &(struct up_options){.recreate = true}, &changed, &err));
	ck_assert_uint_eq(fake_log_count("revert "), 7);
	ck_assert_uint_eq(fake_log_count("apply "), 7);
	check_effect("disk", "box-2");
	struct journal_state state = read_journal();
	ck_has(state.spec, "box-2");
	ck_assert_uint_eq(state.n_facts, 1);
	journal_state_clear(&state);
}
END_TEST

START_TEST(manual_change_is_only_said)
{
	rig_add_step(&rig,
	        &(struct step){.name = "provision:site",
	                .stale = CHANGE_MANUAL,
	                .inputs = inputs_disk_size,
	                .apply = apply_noted});
	up_and_forget();
	rig.spec.kvm.stop_timeout_ns++;
	check_row("provision:site", PLAN_MANUAL, "inputs changed");
	up();
	ck_assert(!changed);
	check_calls("");
	ck_has(str_text(&rig.events.text), "'provision:site' was edited after it ran");
}
END_TEST

/* What every up runs is run as it now is. */
START_TEST(manual_change_of_what_always_runs)
{
	rig_add_step(&rig,
	        &(struct step){.name = "provision:site",
	                .flags = STEP_ALWAYS,
	                .stale = CHANGE_MANUAL,
	                .inputs = inputs_disk_size,
	                .apply = apply_noted});
	up_and_forget();
	rig.spec.kvm.stop_timeout_ns++;
	check_row("provision:site", PLAN_APPLY, "runs every time");
	up();
	ck_assert(changed);
	ck_assert_uint_eq(fake_log_count("run " WEB " provision:site"), 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {live_change_applies_one_step, restart_change_halts_first,
	        restart_change_of_a_halted_machine, recreate_change_is_refused,
	        recreate_destroys_and_climbs, manual_change_is_only_said,
	        manual_change_of_what_always_runs};

	return suite_run("run_change", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
