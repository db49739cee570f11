/* The runner: which steps a verb calls, in which order, and what it says. */
#include "tests/fake/rig_check.h"

START_TEST(first_up_climbs_all)
{
	check_row("fake.disk", PLAN_APPLY, "never applied");
	up();
	ck_assert(changed);
	check_calls(all_applied);
	check_effect("disk", "box-1");
	check_effect("define", "512");
	struct journal_state state = read_journal();
	ck_assert_str_eq(state.kind, "machine");
	ck_assert_str_eq(state.provider, "container");
	ck_assert_uint_eq(state.n_steps, 7);
	for (size_t i = 0; i < state.n_steps; i++)
		ck_assert_int_eq(state.steps[i].state, STEP_DONE);
	ck_assert(journal_step(&state, "fake.start")->is_volatile);
	ck_assert(!journal_step(&state, "fake.disk")->is_volatile);
	ck_assert_ptr_nonnull(journal_fact(&state, "pid"));
	journal_state_clear(&state);
}
END_TEST

START_TEST(events_tell_each_step)
{
	int64_t before = clock_mono_ns();

	up();
	const char *said = str_text(&rig.events.text);
	ck_has(said,
	        "step-begin fake.folder apply\nphase create fake.folder\n"
	        "step-end fake.folder done\nstep-begin fake.disk apply\n");
	/* The start says its phases itself; the runner adds none to them. */
	ck_has(said,
	        "step-begin fake.start apply\nphase kernel fake.start\nphase init fake.start\n"
	        "step-end fake.start done\n");
	ck_has(said, "progress fake.answer waiting for an answer\n");
	ck_assert_int_ge(rig.events.phase_ns[PHASE_KERNEL], before);
	ck_assert_int_ge(rig.events.phase_ns[PHASE_TRANSPORT], rig.events.phase_ns[PHASE_KERNEL]);
	ck_assert_int_eq(rig.events.phase_ns[PHASE_PROVISION], 0);
}
END_TEST

#define HOUR_NS (INT64_C(3600) * 1000000000)

static int apply_for_both(struct run *run, struct err *e)
{
	(void)e;
	run_took(run, -HOUR_NS);
	return 0;
}

static int apply_done_along(struct run *run, struct err *e)
{
	(void)e;
	run_took(run, HOUR_NS);
	return 0;
}

static int64_t both_ns, along_ns, after_ns;

static void note_durations(struct event_sink *sink, const struct event *e)
{
	(void)sink;
	if (e->kind != EVENT_STEP_END)
		return;
	if (str_eq(e->step, "provision:both"))
		both_ns = e->duration_ns;
	if (str_eq(e->step, "provision:along"))
		along_ns = e->duration_ns;
	if (str_eq(e->step, "provision:after"))
		after_ns = e->duration_ns;
}

START_TEST(work_done_along_counts_where_it_belongs)
{
	rig_add_step(&rig, &(struct step){.name = "provision:both", .apply = apply_for_both});
	rig_add_step(&rig, &(struct step){.name = "provision:along", .apply = apply_done_along});
	rig_add_step(&rig, &(struct step){.name = "provision:after"});
	rig.events.sink.emit = note_durations;
	int64_t before = clock_mono_ns();
	up();
	int64_t span = clock_mono_ns() - before;
	ck_assert_int_ge(both_ns, -HOUR_NS);
	ck_assert_int_le(both_ns, span - HOUR_NS);
	ck_assert_int_ge(along_ns, HOUR_NS);
	ck_assert_int_le(along_ns, span + HOUR_NS);
	ck_assert_int_ge(after_ns, 0);
	ck_assert_int_le(after_ns, span);
}
END_TEST

START_TEST(second_up_changes_nothing)
{
	up_and_forget();
	AUTO_STR before = {0}, after = {0};
	ck_ok(fs_read(rig.names.journal, 1 << 20, &before, &err));
	up();
	ck_assert(!changed);
	check_calls("");
	ck_ok(fs_read(rig.names.journal, 1 << 20, &after, &err));
	ck_assert_str_eq(before.buf, after.buf);
	ck_assert_str_eq(str_text(&rig.events.text), "");
	check_row("fake.disk", PLAN_KEEP, "done");
}
END_TEST

START_TEST(halt_undoes_what_is_volatile)
{
	up_and_forget();
	ck_ok(rig_halt(&rig, &changed, &err));
	ck_assert(changed);
	check_calls(stopped);
	check_effect("start", NULL);
	check_effect("disk", "box-1");
	ck_ok(rig_halt(&rig, &changed, &err));
	ck_assert(!changed);
	check_calls("");
	up();
	ck_assert(changed);
	check_calls(started);
}
END_TEST

START_TEST(destroy_undoes_all_in_reverse)
{
	up_and_forget();
	ck_ok(rig_destroy(&rig, &err));
	check_calls("revert fake.answer\nrevert fake.start\nrevert fake.network\n"
	            "revert fake.limits\nrevert fake.define\nrevert fake.disk\n"
	            "revert fake.folder\n");
	ck_assert(fake_empty());
	ck_assert(!fs_exists(rig.names.dir));
}
END_TEST

/* Destroy means: make sure that it is absent, also where the journal was lost. */
START_TEST(destroy_without_a_journal)
{
	up_and_forget();
	ck_ok(fs_unlink(rig.names.journal, &err));
	ck_ok(rig_destroy(&rig, &err));
	ck_assert(fake_empty());
	ck_assert(!fs_exists(rig.names.dir));
	fake_log_clear();
	ck_ok(rig_destroy(&rig, &err));
	ck_assert_uint_eq(fake_log_count("revert "), 7);
	ck_assert(!fs_exists(rig.names.dir));
}
END_TEST

START_TEST(destroy_uses_the_spec_of_the_journal)
{
	up_and_forget();
	/* Renamed in the file: the journal's machine is the one that goes. */
	free(rig.spec.selector);
	rig.spec.selector = xstrdup("other@container");
	ck_ok(rig_destroy(&rig, &err));
	ck_assert(fake_empty());
}
END_TEST

START_TEST(one_transport_serves_a_whole_up)
{
	rig_add_step(&rig, &(struct step){.name = "provision:a", .apply = apply_noted});
	rig_add_step(&rig, &(struct step){.name = "provision:b", .apply = apply_noted});
	up();
	ck_assert_uint_eq(fake_log_count("connect"), 1);
	ck_assert_uint_eq(fake_log_count("run " WEB " provision:b"), 1);
	ck_assert_uint_eq(fake_log_count("close"), 1);
}
END_TEST

START_TEST(no_provision_skips_provisioning)
{
	rig_add_step(&rig, &(struct step){.name = "provision:a", .apply = apply_noted});
	ck_ok(rig_up(&rig, &(struct up_options){.no_provision = true}, &changed, &err));
	check_calls(all_applied);
	up();
	check_calls("connect\nrun provision:a\nclose\n");
}
END_TEST

START_TEST(steps_of_every_up)
{
	rig_add_step(&rig,
	        &(struct step){
	                .name = "ready", .flags = STEP_ALWAYS | STEP_PROBE, .apply = apply_noted});
	up_and_forget();
	check_row("ready", PLAN_APPLY, "runs every time");
	up();
	ck_assert(!changed);
	check_calls("connect\nrun ready\nclose\n");
	rig_add_step(&rig,
	        &(struct step){
	                .name = "provision:warm-up", .flags = STEP_ALWAYS, .apply = apply_noted});
	up_and_forget();
	up();
	ck_assert(changed);
	check_calls("connect\nrun ready\nrun provision:warm-up\nclose\n");
}
END_TEST

START_TEST(one_step_again)
{
	rig_add_step(&rig, &(struct step){.name = "provision:a", .apply = apply_noted});
	up_and_forget();
	ck_ok(rig_open(&rig, true, &err));
	ck_ok(run_step(&rig.runner, &rig.steps[7], &err));
	rig_close(&rig);
	check_calls("connect\nrun provision:a\nclose\n");
}
END_TEST

START_TEST(a_lab_has_no_transport)
{
	struct step step = {.name = "lab.key", .apply = apply_noted};

	ck_ok(rig_open(&rig, false, &err));
	ck_ok(journal_header(rig.runner.journal, "lab", NULL, "{}", &err));
	struct runner r = {
	        .journal = rig.runner.journal, .steps = &step, .n_steps = 1, .machine = ""};
	ck_fails(run_up(&r, NULL, &(struct up_options){0}, &changed, &err), ERR_FAILED,
	        "a lab has no transport, only its machines have");
	rig_close(&rig);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {first_up_climbs_all, events_tell_each_step,
	        work_done_along_counts_where_it_belongs, second_up_changes_nothing,
	        halt_undoes_what_is_volatile, destroy_undoes_all_in_reverse,
	        destroy_without_a_journal, destroy_uses_the_spec_of_the_journal,
	        one_transport_serves_a_whole_up, no_provision_skips_provisioning, steps_of_every_up,
	        one_step_again, a_lab_has_no_transport};

	return suite_run("run", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
