/* Probes that fail, flood, hang or cannot run: each is told, and nothing of them stays. */
#include "base/proc.h"
#include "tests/unit/compare/probe_fixture.h"
#include "tests/unit/compare/probes_open.h"

START_TEST(a_program_that_floods_is_stopped_listening_to)
{
	struct probe_options options = {0};

	probe_open_script(&place, dir, "head -c 200000 /dev/zero");
	ck_fails(probe_run(&place, probe_of("probe.cpu"), &options, &result, &err), ERR_FAILED,
	        "the probe wrote more than 65536 bytes");
	ck_assert_uint_eq(result.n_series, 0);
}
END_TEST

START_TEST(a_probe_that_fails_is_a_note_and_the_next_one_runs)
{
	struct probe_options options = {0};

	probe_open_script(&place, dir,
	        "[ \"$3\" = cpu ] && { echo 'probe.cpu 5 ops/s 3 4 6'; exit; }\n"
	        "[ \"$3\" = float ] && { echo 'probe.float 5 ops/s 3 4 6'; exit 9; }\n"
	        "echo \"FAIL probe.$3 no luck\"; exit 1");
	ck_ok(probes_run(&place, &options, &result, &err));
	ck_assert_uint_eq(result.n_series, 1);
	ck_assert_ptr_nonnull(result_find(&result, "probe.cpu", "container"));
	ck_assert(strv_has(&result.notes, "container: system call: no luck"));
	ck_assert(strv_has(&result.notes,
	        "container: floating-point arithmetic: the probe ended with status 9"));
}
END_TEST

START_TEST(without_a_server_there_is_no_network_probe)
{
	struct probe_options options = {.quick = true};

	if (!probe_built())
		return;
	probe_open_host(&place, dir);
	ck_fails(probe_run(&place, probe_of("probe.tcp_latency"), &options, &result, &err),
	        ERR_USAGE, "TCP round trip to the host: there is no server to talk to");
	options.host = (struct probe_address){"127.0.0.1", 1};
	ck_fails(probe_run(&place, probe_of("probe.tcp_latency"), &options, &result, &err),
	        ERR_FAILED, "TCP round trip to the host: 127.0.0.1:1: Connection refused");
	ck_fails(probe_quit(&place, "127.0.0.1", 1, &err), ERR_FAILED,
	        "the probe's server at 127.0.0.1:1 does not answer");
	int port;
	ck_fails(probe_serve(&place, "nonsense", &port, &err), ERR_FAILED,
	        "the probe's server at nonsense does not start: FAIL serve 'nonsense' is no IPv4 "
	        "address: Invalid argument\\x0a");
}
END_TEST

static const char *const wrong[][4] = {{NULL}, {"nosuch"}, {"-x"}, {"tcp", "127.0.0.1"},
        {"tcp", "127.0.0.1", "65536"}, {"tcp", "127.0.0.1", "1x"}, {"serve", "127.0.0.1", "0"},
        {"facts", "more"}, {"remove", "more"}};

START_TEST(a_wrong_command_line_is_exit_2)
{
	if (!probe_built())
		return;
	probe_open_host(&place, dir);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		AUTO_STR out = {0};
		int status = -1;
		ck_ok(probe_place_run(&place, wrong[i], &out, &status, &err));
		ck_assert_msg(status == 2, "%zu: %d", i, status);
		ck_assert_str_eq(str_text(&out), "");
	}
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_is_named)
{
	struct probe_options options = {.quick = true};

	if (!probe_built())
		return;
	probe_open_host(&place, "/proc/self");
	err_clear(&err);
	ck_assert_int_eq(probe_run(&place, probe_of("probe.seqread"), &options, &result, &err), -1);
	ck_assert_msg(str_starts(err.message, "sequential read: open '/proc/self/prov-probe."),
	        "%s", err.message);
	ck_assert_uint_eq(result.n_series, 0);
}
END_TEST

/* Killed at any time of a long write it leaves no file. */
START_TEST(a_killed_probe_leaves_nothing)
{
	AUTO_STRV left = {0};

	if (!probe_built())
		return;
	AUTO_FREE char *program = module_file("prov-probe");
	struct proc_cmd cmd = {
	        .argv = (const char *const[]){program, "-d", dir, "seqwrite", "seqread", NULL},
	        .in_fd = -1,
	        .out_fd = -1,
	        .err_fd = -1,
	        .timeout_ns = 100000000};
	int status;
	ck_assert_int_eq(proc_run(&cmd, &status, &err), -1);
	ck_ok(fs_list(dir, &left, &err));
	ck_assert_uint_eq(left.n, 0);
}
END_TEST

START_TEST(a_stop_is_obeyed)
{
	struct probe_options options = {0};
	const volatile int stop = 1;

	if (!probe_built())
		return;
	probe_open_host(&place, dir);
	place.stop = &stop;
	err_clear(&err);
	ck_assert_int_eq(probes_run(&place, &options, &result, &err), -1);
	ck_assert_int_eq(err.kind, ERR_INTERRUPTED);
	ck_assert_uint_eq(result.n_series, 0);
}
END_TEST

START_TEST(a_program_that_is_not_installed_is_named)
{
	setenv("PROV_MODULE_DIR", dir, 1);
	AUTO_FREE char *message = xasprintf("there is no '%s/prov-probe'", dir);
	ck_fails(probe_place_open(&place, "host", NULL, dir, &err), ERR_HOST, message);
	ck_assert_str_eq(err.hint, "build prov again with make, or install it again");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {a_program_that_floods_is_stopped_listening_to,
	        a_probe_that_fails_is_a_note_and_the_next_one_runs,
	        without_a_server_there_is_no_network_probe, a_wrong_command_line_is_exit_2,
	        a_folder_that_cannot_be_written_is_named, a_killed_probe_leaves_nothing,
	        a_stop_is_obeyed, a_program_that_is_not_installed_is_named};

	return suite_run("probe_faults", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
