/* The runner where things went wrong: failures, crashes, reboots, damage. */
#include "core/journal_internal.h"
#include "tests/fake/fake_world.h"
#include "tests/fake/rig_check.h"

/* Rewrites the journal as if it had been written in another boot. */
static void age_journal(size_t lines_to_lose)
{
	AUTO_STR text = {0}, aged = {0};
	char boot[BOOT_ID_LEN + 1];
	size_t n = 0;

	ck_ok(clock_boot_id(boot, &err));
	ck_ok(fs_read(rig.names.journal, 1 << 20, &text, &err));
	for (char *p = text.buf; (p = strchr(p, '\n')); p++)
		n++;
	ck_assert_uint_gt(n, lines_to_lose);
	n -= lines_to_lose;
	for (char *line = strtok(text.buf, "\n"); line && n--; line = strtok(NULL, "\n")) {
		char *at = strstr(line, boot);
		if (at)
			memcpy(at, "11111111", 8);
		journal_line(&aged, line + 9);
	}
	ck_ok(fs_replace(rig.names.journal, aged.buf, aged.len, 0600, &err));
}

static void flip(size_t offset)
{
	AUTO_STR text = {0};

	ck_ok(fs_read(rig.names.journal, 1 << 20, &text, &err));
	text.buf[offset] ^= 4;
	ck_ok(fs_replace(rig.names.journal, text.buf, text.len, 0600, &err));
}

START_TEST(a_failed_step_is_where_up_goes_on)
{
	fake_fail("apply", WEB, "fake.disk", "no space for the disk");
	ck_fails(rig_up(&rig, NULL, &changed, &err), ERR_FAILED, "no space for the disk");
	ck_has(str_text(&rig.events.text),
	        "error fake.disk no space for the disk\nstep-end fake.disk failed\n");
	check_calls("apply fake.folder\napply fake.disk\n");
	struct journal_state state = read_journal();
	ck_assert_str_eq(state.failed_step, "fake.disk");
	ck_assert_str_eq(state.failed_message, "no space for the disk");
	journal_state_clear(&state);
	check_row("fake.disk", PLAN_APPLY, "failed");
	fake_heal();
	up();
	check_calls(strstr(all_applied, "apply fake.disk"));
	state = read_journal();
	ck_assert_ptr_null(state.failed_step);
	journal_state_clear(&state);
}
END_TEST

static int apply_killed(struct run *run, struct err *why)
{
	AUTO_FREE char *path = fake_path("oom-%s", run->spec->selector);

	if (fs_replace(path, "3\n", 2, 0644, why) < 0)
		return -1;
	return err_set(why, ERR_FAILED, "script exited with 137");
}

/* Only what was killed meanwhile explains a failure. */
START_TEST(a_step_killed_for_lack_of_memory_says_so)
{
	AUTO_FREE char *path = NULL;

	rig.spec.memory_bytes = 64 << 20;
	rig_add_step(&rig, &(struct step){.name = "provision:hog", .apply = apply_killed});
	path = fake_path("oom-%s", rig.spec.selector);
	ck_ok(fs_replace(path, "1\n", 2, 0644, &err));
	ck_fails(rig_up(&rig, NULL, &changed, &err), ERR_FAILED, "script exited with 137");
	ck_assert_str_eq(err.hint,
	        "the kernel killed 2 processes of it for lack of memory: "
	        "'memory' is 64.0 MiB");
	ck_fails(rig_up(&rig, NULL, &changed, &err), ERR_FAILED, "script exited with 137");
	ck_assert_str_eq(err.hint, "");
	ck_ok(fs_unlink(path, &err));
}
END_TEST

START_TEST(an_effect_before_a_failure_is_undone)
{
	fake_fail("apply", NULL, "fake.start", "late");
	ck_fails(rig_up(&rig, NULL, &changed, &err), ERR_FAILED, "it failed late");
	AUTO_FREE char *left = fake_effect(WEB, "start");
	ck_assert_ptr_nonnull(left);
	ck_ok(rig_destroy(&rig, &err));
	ck_assert(fake_empty());
}
END_TEST

START_TEST(world_wins_when_it_does_not_run)
{
	up_and_forget();
	fake_crash(WEB);
	check_row("fake.start", PLAN_APPLY, "not running");
	up();
	check_calls(started);
}
END_TEST

START_TEST(world_wins_when_the_machine_is_gone)
{
	up_and_forget();
	fake_vanish(WEB);
	check_row("fake.disk", PLAN_APPLY, "the machine is gone");
	up();
	check_calls(all_applied);
	check_effect("disk", "box-1");
}
END_TEST

START_TEST(a_reboot_voids_what_is_volatile)
{
	up_and_forget();
	age_journal(0);
	check_row("fake.start", PLAN_APPLY, "the host was booted again");
	check_row("fake.disk", PLAN_KEEP, "done");
	/* Even where the world runs: it may be another's process. */
	up();
	check_calls(started);
	/* Said by the new boot's first line: done for good. */
	up();
	ck_assert(!changed);
}
END_TEST

START_TEST(halt_after_a_reboot_changes_nothing)
{
	up_and_forget();
	fake_crash(WEB);
	age_journal(0);
	ck_ok(rig_halt(&rig, &changed, &err));
	ck_assert(!changed);
}
END_TEST

START_TEST(destroy_after_a_lossy_reboot_reverts_all)
{
	up_and_forget();
	/* Only the header reached the disk, but so did all effects. */
	struct journal_state state = read_journal();
	ck_assert_uint_eq(state.n_steps, 7);
	journal_state_clear(&state);
	age_journal(15);
	state = read_journal();
	ck_assert_uint_eq(state.n_steps, 0);
	journal_state_clear(&state);
	ck_ok(rig_destroy(&rig, &err));
	ck_assert(fake_empty());
}
END_TEST

START_TEST(the_loss_is_remembered_after_another_up)
{
	up_and_forget();
	age_journal(15);
	fake_fail("apply", WEB, "fake.folder", "no luck");
	ck_fails(rig_up(&rig, NULL, &changed, &err), ERR_FAILED, "no luck");
	ck_ok(rig_destroy(&rig, &err));
	ck_assert(fake_empty());
}
END_TEST

START_TEST(destroy_goes_on_past_failures)
{
	up_and_forget();
	fake_fail("revert", WEB, "fake.start", "it will not stop");
	fake_fail("revert", WEB, "fake.disk", "the disk is busy");
	ck_fails(rig_destroy(&rig, &err), ERR_FAILED, "it will not stop");
	ck_has(str_text(&rig.events.text), "error fake.start it will not stop\n");
	ck_has(str_text(&rig.events.text), "error fake.disk the disk is busy\n");
	check_effect("define", NULL);
	struct journal_state state = read_journal();
	ck_assert_str_eq(state.failed_step, "fake.start");
	ck_assert_int_eq(journal_step(&state, "fake.disk")->state, STEP_REVERTING);
	ck_assert_int_eq(journal_step(&state, "fake.define")->state, STEP_ABSENT);
	journal_state_clear(&state);
	fake_heal();
	fake_log_clear();
	ck_ok(rig_destroy(&rig, &err));
	/* fake.folder failed as well: its folder was not empty. */
	check_calls("revert fake.start\nrevert fake.disk\nrevert fake.folder\n");
	ck_assert(fake_empty());
}
END_TEST

START_TEST(up_finishes_what_a_destroy_began)
{
	up();
	fake_fail("revert", WEB, "fake.disk", "late");
	ck_fails(rig_destroy(&rig, &err), ERR_FAILED, "it failed late");
	fake_heal();
	fake_log_clear();
	check_row("fake.disk", PLAN_APPLY, "was being removed");
	up();
	AUTO_FREE char *expected =
	        xasprintf("revert fake.disk\nrevert fake.folder\n%s", all_applied);
	check_calls(expected);
	check_effect("disk.size", "4096");
}
END_TEST

START_TEST(halt_ends_at_the_first_failure)
{
	up_and_forget();
	fake_fail("revert", NULL, "fake.start", "it will not stop");
	ck_fails(rig_halt(&rig, &changed, &err), ERR_FAILED, "it will not stop");
	check_calls("revert fake.answer\nrevert fake.start\n");
}
END_TEST

START_TEST(damage_is_said_and_can_be_destroyed)
{
	up_and_forget();
	flip(20);
	AUTO_FREE char *expected =
	        xasprintf("the journal '%s' is damaged at line 1", rig.names.journal);
	ck_fails(rig_up(&rig, NULL, &changed, &err), ERR_FAILED, expected);
	ck_has(err.hint, "'prov doctor' explains it");
	ck_has(str_text(&rig.events.text), "is damaged at line 1");
	rig_add_step(&rig, &(struct step){.name = "provision:a", .apply = apply_noted});
	ck_ok(rig_open(&rig, true, &err));
	ck_fails(run_step(&rig.runner, &rig.steps[7], &err), ERR_FAILED, expected);
	rig_close(&rig);
	ck_ok(rig_destroy(&rig, &err));
	ck_assert(fake_empty());
	ck_assert(!fs_exists(rig.names.dir));
}
END_TEST

START_TEST(a_step_of_another_prov_is_named)
{
	up();
	ck_ok(rig_open(&rig, true, &err));
	ck_ok(journal_begun(rig.runner.journal, "fake.later", &err));
	ck_ok(journal_begun(rig.runner.journal, "provision:gone", &err));
	rig_close(&rig);
	ck_ok(rig_destroy(&rig, &err));
	ck_has(str_text(&rig.events.text),
	        "warning this prov has no step 'fake.later': what it made stays\n");
	ck_lacks(str_text(&rig.events.text), "provision:gone");
}
END_TEST

START_TEST(what_is_gone_is_not_made_from_other_inputs)
{
	up_and_forget();
	fake_vanish(WEB);
	free(rig.spec.box.digest);
	rig.spec.box.digest = xstrdup("box-2");
	rig.spec.memory_bytes = 1024;
	rig.spec.cpus = 2;
	check_row("fake.disk", PLAN_RECREATE, "inputs changed");
	check_row("fake.define", PLAN_APPLY, "inputs changed");
	check_row("fake.limits", PLAN_APPLY, "the machine is gone");
	ck_fails(rig_up(&rig, NULL, &changed, &err), ERR_FAILED,
	        "what 'fake.folder', 'fake.disk' was made from has changed: needs --recreate");
	ck_ok(rig_up(&rig, &(struct up_options){.recreate = true}, &changed, &err));
	check_effect("disk", "box-2");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {what_is_gone_is_not_made_from_other_inputs,
	        a_failed_step_is_where_up_goes_on, a_step_killed_for_lack_of_memory_says_so,
	        an_effect_before_a_failure_is_undone, world_wins_when_it_does_not_run,
	        world_wins_when_the_machine_is_gone, a_reboot_voids_what_is_volatile,
	        halt_after_a_reboot_changes_nothing, destroy_after_a_lossy_reboot_reverts_all,
	        the_loss_is_remembered_after_another_up, destroy_goes_on_past_failures,
	        up_finishes_what_a_destroy_began, halt_ends_at_the_first_failure,
	        damage_is_said_and_can_be_destroyed, a_step_of_another_prov_is_named};

	return suite_run("run_world", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
