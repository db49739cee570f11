/* Steps that were stopped, failed or cut short. */
#include "tests/fake/rig_check.h"

static int apply_stop(struct run *run, struct err *e)
{
	(void)run;
	(void)e;
	rig.stop = 1;
	return 0;
}

static int apply_interrupted(struct run *run, struct err *e)
{
	(void)run;
	return err_set(e, ERR_INTERRUPTED, "the script was interrupted");
}

START_TEST(stop_is_looked_at_between_steps)
{
	rig_add_step(&rig, &(struct step){.name = "provision:a", .apply = apply_stop});
	rig_add_step(&rig, &(struct step){.name = "provision:b", .apply = apply_noted});
	ck_fails(rig_up(&rig, NULL, &changed, &err), ERR_INTERRUPTED, "interrupted");
	ck_assert(changed);
	ck_assert_uint_eq(fake_log_count("run "), 0);
	ck_lacks(str_text(&rig.events.text), "error");
	check_row("provision:a", PLAN_KEEP, "done");
	check_row("provision:b", PLAN_APPLY, "never applied");
	rig.stop = 0;
	up();
	ck_assert_uint_eq(fake_log_count("run "), 1);
}
END_TEST

START_TEST(an_interrupted_step_has_not_failed)
{
	rig.stop = 1;
	ck_fails(rig_up(&rig, NULL, &changed, &err), ERR_INTERRUPTED, "interrupted");
	check_calls("");
	rig.stop = 0;
	up();
	rig.stop = 1;
	ck_fails(rig_halt(&rig, &changed, &err), ERR_INTERRUPTED, "interrupted");
	ck_fails(rig_destroy(&rig, &err), ERR_INTERRUPTED, "interrupted");
	struct journal_state state = read_journal();
	ck_assert_ptr_null(state.failed_step);
	journal_state_clear(&state);
	rig.stop = 0;
	ck_ok(rig_destroy(&rig, &err));
	ck_assert(fake_empty());
}
END_TEST

START_TEST(a_step_that_was_interrupted_is_begun)
{
	rig_add_step(&rig, &(struct step){.name = "provision:a", .apply = apply_interrupted});
	ck_fails(rig_up(&rig, NULL, &changed, &err), ERR_INTERRUPTED, "the script was interrupted");
	check_row("provision:a", PLAN_APPLY, "was interrupted");
}
END_TEST

static int fail_unless_resumed(struct run *run, struct err *e)
{
	return run->resumed ? 0 : err_set(e, ERR_FAILED, "for the first time");
}

START_TEST(a_step_knows_that_it_was_cut_short)
{
	rig_add_step(&rig,
	        &(struct step){
	                .name = "provision:a", .flags = STEP_ALWAYS, .apply = fail_unless_resumed});
	ck_fails(rig_up(&rig, NULL, &changed, &err), ERR_FAILED, "for the first time");
	up();
	/* Done once, it begins anew. */
	ck_fails(rig_up(&rig, NULL, &changed, &err), ERR_FAILED, "for the first time");
}
END_TEST

static int reach_nothing(struct run *run, struct err *e)
{
	(void)e;
	run_no_phase(run);
	return 0;
}

START_TEST(a_phase_that_is_not_reached_is_not_told)
{
	rig_add_step(&rig,
	        &(struct step){.name = "mute", .phase = PHASE_PROVISION, .apply = reach_nothing});
	up();
	ck_has(str_text(&rig.events.text), "step-end mute done");
	ck_assert_int_eq(rig.events.phase_ns[PHASE_PROVISION], 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {a_step_knows_that_it_was_cut_short,
	        a_phase_that_is_not_reached_is_not_told, stop_is_looked_at_between_steps,
	        an_interrupted_step_has_not_failed, a_step_that_was_interrupted_is_begun};

	return suite_run("run_stop", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
