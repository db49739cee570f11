/* What a lab needs of a host, counted. */
#include "tests/unit/lab/limits_open.h"

/* It was started in that boot. */
static void start(struct machine *m, const char *boot_id)
{
	m->state.steps = xcalloc(1, sizeof(*m->state.steps));
	m->state.n_steps = 1;
	m->state.steps[0] = (struct step_record){
	        .name = xstrdup("x.start"), .state = STEP_DONE, .is_volatile = true};
	strcpy(m->state.steps[0].boot_id, boot_id);
}

START_TEST(counts_what_a_lab_needs)
{
	struct crowd c;
	struct lab_needs needs;

	crowd_init(&c, 3, "container", NET_LAB);
	free(c.machines[0].spec.container.init);
	c.machines[0].spec.container.init = xstrdup("systemd");
	c.machines[1].spec.network_mode = NET_NONE;
	c.machines[2].spec.network_mode = NET_HOST;
	lab_needs_count(c.list, c.n, boot, &needs);
	ck_assert_int_eq(needs.containers, 3);
	ck_assert_int_eq(needs.vms, 0);
	ck_assert_int_eq(needs.ports, 1);
	ck_assert_int_eq(needs.neighbours, 2);
	ck_assert_int_eq(needs.inotify, 4);
	ck_assert_int_eq(needs.new_ptys, 1);
	ck_assert_int_eq(needs.new_networks, 2);
	ck_assert_int_eq(needs.new_memory_bytes, 3 << 20);
	crowd_clear(&c);

	crowd_init(&c, 2, "kvm", NET_LAB);
	lab_needs_count(c.list, c.n, boot, &needs);
	ck_assert_int_eq(needs.vms, 2);
	ck_assert_int_eq(needs.containers, 0);
	ck_assert_int_eq(needs.neighbours, 2);
	ck_assert_int_eq(needs.new_ptys, 2);
	ck_assert_int_eq(needs.new_tasks, 2 * (8 + 2));
	ck_assert_int_eq(needs.new_memory_bytes, 2 * ((INT64_C(1) << 30) + (64 << 20)));
	crowd_clear(&c);
}
END_TEST

START_TEST(what_runs_is_needed_no_second_time)
{
	struct crowd c;
	struct lab_needs needs;

	crowd_init(&c, 3, "container", NET_LAB);
	start(&c.machines[0], boot);
	start(&c.machines[1], "99999999-2222-3333-4444-555555555555"); /* before a reboot */
	lab_needs_count(c.list, c.n, boot, &needs);
	ck_assert_int_eq(needs.containers, 3);
	ck_assert_int_eq(needs.ports, 3);
	ck_assert_int_eq(needs.new_containers, 2);
	ck_assert_int_eq(needs.new_networks, 2);
	crowd_clear(&c);
}
END_TEST

START_TEST(keys_are_counted_by_id_range)
{
	struct crowd c;
	struct lab_needs needs;

	crowd_init(&c, 5, "container", NET_NONE);
	c.machines[0].spec.container.id_base = 65536;
	c.machines[2].spec.container.id_base = 65536;
	c.machines[4].spec.container.id_base = 131072;
	lab_needs_count(c.list, c.n, boot, &needs);
	ck_assert_int_eq(needs.keys, 2);
	ck_assert_int_eq(needs.root_keys, 2);
	crowd_clear(&c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("limits_needs");
	TCase *tc = tcase_create("limits");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, counts_what_a_lab_needs);
	tcase_add_test(tc, what_runs_is_needed_no_second_time);
	tcase_add_test(tc, keys_are_counted_by_id_range);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
