/* The limits of a host held against what a lab needs. */
#include "tests/unit/lab/limits_open.h"

/* NULL: admitted. Owned by the caller. */
static char *refusal(const struct lab_needs *needs, struct err *err)
{
	char *warning = NULL;

	err_clear(err);
	int rc = limits_admit(root, needs, &warning, err);
	free(warning);
	ck_assert_int_eq(err->kind, rc < 0 ? ERR_HOST : ERR_NONE);
	return rc < 0 ? err->message : NULL;
}

START_TEST(five_hundred_containers_are_carried)
{
	struct crowd c;
	struct lab_needs needs;
	struct err err;
	struct checklist list = {0};
	const char *why;

	crowd_init(&c, 500, "container", NET_LAB);
	lab_needs_count(c.list, c.n, boot, &needs);
	why = refusal(&needs, &err);
	ck_assert_msg(!why, "%s", why);
	limits_check(root, &needs, &list);
	ck_assert_uint_eq(list.n, 1);
	ck_assert_int_eq(list.rows[0].result, CHECK_OK);
	ck_assert_str_eq(list.rows[0].name, "limits");
	ck_assert_str_eq(
	        list.rows[0].found, "enough for this lab: containers 500, virtual machines 0");
	checklist_clear(&list);
	crowd_clear(&c);
}
END_TEST

START_TEST(a_bridge_has_1023_ports)
{
	struct crowd c;
	struct lab_needs needs;
	struct err err;

	put("proc/sys/net/ipv4/neigh/default/gc_thresh3", "8192\n");
	crowd_init(&c, 1024, "container", NET_LAB);
	lab_needs_count(c.list, 1023, boot, &needs);
	ck_assert_ptr_null(refusal(&needs, &err));
	lab_needs_count(c.list, 1024, boot, &needs);
	ck_assert_str_eq(refusal(&needs, &err),
	        "this host cannot carry the lab: ports of a bridge: 1024 needed, 1023 left");
	ck_has(err.hint, "spread the machines over several networks");
	/* Each network has a bridge of its own. */
	for (size_t i = 0; i < 1024; i++) {
		struct machine_spec *spec = &c.list[i]->spec;
		spec->nics = xcalloc(1, sizeof(*spec->nics));
		spec->n_nics = 1;
		spec->nics[0].network = xstrdup(i % 2 ? "odd" : "even");
	}
	lab_needs_count(c.list, 1024, boot, &needs);
	ck_assert_int_eq(needs.ports, 512);
	ck_assert_ptr_null(refusal(&needs, &err));
	crowd_clear(&c);
}
END_TEST

/* One row a limit: the needs that break it, and the sysctl that is named. */
static const struct {
	struct lab_needs needs;
	const char *message, *hint;
} too_much[] = {
        {{.neighbours = 1025}, "IPv4 neighbours: 1025 needed, 1024 left",
                "sysctl -w net.ipv4.neigh.default.gc_thresh3=1537"},
        {{.inotify = 129}, "inotify instances: 129 needed, 128 left",
                "sysctl -w fs.inotify.max_user_instances=417"},
        {{.keys = 201}, "keys of a user: 201 needed, 200 left",
                "sysctl -w kernel.keys.maxkeys=507"},
        {{.root_keys = 999998}, "keys of root: 999998 needed, 999997 left",
                "sysctl -w kernel.keys.root_maxkeys=1250257"},
        {{.new_ptys = 4090}, "pseudo-terminals: 4090 needed, 4089 left",
                "sysctl -w kernel.pty.max=5377"},
        {{.new_tasks = 32612}, "process ids: 32612 needed, 32611 left",
                "sysctl -w kernel.pid_max=41217"},
        {{.new_containers = 65424}, "memory cgroups: 65424 needed, 65423 left",
                "the kernel numbers no more of them: destroy what is not needed"},
        {{.new_users = 96365}, "user namespaces: 96365 needed, 96364 left",
                "sysctl -w user.max_user_namespaces=120712"},
        {{.new_networks = 96365}, "network namespaces: 96365 needed, 96364 left",
                "sysctl -w user.max_net_namespaces=120712"},
        {{.new_memory_bytes = INT64_C(17) << 30}, "memory: 17.0 GiB needed, 16.6 GiB left",
                "lower 'memory' or 'count', or bring fewer machines up at once"},
};

START_TEST(names_the_limit_and_how_to_raise_it)
{
	struct err err;
	struct checklist list = {0};
	AUTO_FREE char *wanted =
	        xasprintf("this host cannot carry the lab: %s", too_much[_i].message);

	ck_assert_str_eq(refusal(&too_much[_i].needs, &err), wanted);
	ck_assert_str_eq(err.hint, too_much[_i].hint);
	limits_check(root, &too_much[_i].needs, &list);
	ck_assert_int_eq(list.rows[0].result, CHECK_FAIL);
	ck_assert_str_eq(list.rows[0].hint, too_much[_i].hint);
	ck_has(too_much[_i].message, list.rows[0].name);
	ck_has(too_much[_i].message, list.rows[0].found);
	checklist_clear(&list);
}
END_TEST

START_TEST(names_every_limit_at_once)
{
	struct err err;
	struct lab_needs needs = {.inotify = 800, .new_ptys = 5000, .keys = 100};

	ck_assert_str_eq(refusal(&needs, &err),
	        "this host cannot carry the lab: inotify instances: 800 needed, 128 left; "
	        "pseudo-terminals: 5000 needed, 4089 left");
	ck_assert_str_eq(err.hint,
	        "sysctl -w fs.inotify.max_user_instances=1256; sysctl -w kernel.pty.max=6514");
}
END_TEST

START_TEST(tight_memory_is_said_and_not_refused)
{
	struct lab_needs needs = {.new_memory_bytes = INT64_C(10) << 30};
	struct checklist list = {0};
	char *warning = NULL;
	struct err err;

	ck_ok(limits_admit(root, &needs, &warning, &err));
	ck_assert_ptr_nonnull(warning);
	ck_assert_str_eq(warning, "free memory: 10.0 GiB needed, 8.8 GiB left");
	free(warning);
	limits_check(root, &needs, &list);
	ck_assert_uint_eq(list.n, 1);
	ck_assert_int_eq(list.rows[0].result, CHECK_WARN);
	checklist_clear(&list);
}
END_TEST

START_TEST(more_memory_than_there_is)
{
	struct crowd c;

	crowd_init(&c, 3, "container", NET_NONE);
	AUTO_FREE char *nothing = limits_beyond_host(root, c.list, c.n);
	ck_assert_ptr_null(nothing);
	c.machines[1].spec.selector = xstrdup("db@container");
	c.machines[1].spec.memory_bytes = INT64_C(500) << 30;
	AUTO_FREE char *one = limits_beyond_host(root, c.list, c.n);
	ck_assert_ptr_nonnull(one);
	ck_assert_str_eq(
	        one, "'memory' of 'db@container' is 500.0 GiB, more than this host has: 15.6 GiB");
	c.machines[2].spec.memory_bytes = INT64_C(17) << 30;
	AUTO_FREE char *two = limits_beyond_host(root, c.list, c.n);
	ck_has(two, "500.0 GiB (and so with 1 more), more than");
	crowd_clear(&c);
}
END_TEST

START_TEST(what_the_kernel_does_not_say_is_not_judged)
{
	struct lab_needs needs = {.keys = 5000, .new_ptys = 4090};
	AUTO_FREE char *keys = xasprintf("%s/proc/sys/kernel/keys/maxkeys", root);
	AUTO_FREE char *used = xasprintf("%s/proc/sys/kernel/pty/nr", root);
	struct err err;

	ck_ok(fs_unlink(keys, &err));
	ck_ok(fs_unlink(used, &err));
	ck_assert_ptr_null(refusal(&needs, &err));
}
END_TEST

START_TEST(a_hardened_host_without_user_namespaces)
{
	struct crowd c;
	struct lab_needs needs;
	struct err err;

	put("proc/sys/user/max_user_namespaces", "0\n");
	crowd_init(&c, 70, "container", NET_NONE);
	for (size_t i = 0; i < 5; i++)
		c.machines[i].spec.container.privileged = true;
	lab_needs_count(c.list, c.n, boot, &needs);
	ck_assert_str_eq(refusal(&needs, &err),
	        "this host cannot carry the lab: user namespaces: 65 needed, 0 left");
	crowd_clear(&c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("limits");
	TCase *tc = tcase_create("limits");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, five_hundred_containers_are_carried);
	tcase_add_test(tc, a_bridge_has_1023_ports);
	tcase_add_loop_test(tc, names_the_limit_and_how_to_raise_it, 0, (int)ARRAY_SIZE(too_much));
	tcase_add_test(tc, names_every_limit_at_once);
	tcase_add_test(tc, tight_memory_is_said_and_not_refused);
	tcase_add_test(tc, more_memory_than_there_is);
	tcase_add_test(tc, what_the_kernel_does_not_say_is_not_judged);
	tcase_add_test(tc, a_hardened_host_without_user_namespaces);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
