/* A container's life: up, what it is inside, halt, destroy. */
#include "tests/unit/providers/container_fixture.h"

#define err ctr_err

START_TEST(up_exec_halt_destroy)
{
	ck_ok(ctr_up());
	ck_assert(ctr.changed);
	ck_assert_int_eq(ctr_status().state, MACHINE_RUNNING);
	int rc = ctr_sh("exit 7");
	ck_assert_msg(rc == 7, "%d: %s", rc, str_text(&ctr.out));
	ck_assert_int_eq(ctr_sh("hostname; echo err >&2"), 0);
	ck_assert_str_eq(str_text(&ctr.out), "web\nerr\n");
	ck_ok(ctr_up());
	ck_assert(!ctr.changed);
	ck_ok(ctr_halt());
	ck_assert(ctr.changed);
	ck_assert_int_eq(ctr_status().state, MACHINE_HALTED);
	ck_ok(ctr_up());
	ck_assert_int_eq(ctr_sh("true"), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {up_exec_halt_destroy};

	if (ctr_world_begin() < 0)
		return 0;
	int rc = suite_run("container_run", tests, ARRAY_SIZE(tests), ctr_begin, ctr_end);
	ctr_world_end();
	return rc;
}
