/* The phases of a start as they arrive, and what is measured of the host before. */
#include "providers/kvm/accel.h"
#include "providers/kvm/kvm.h"
#include "providers/kvm/phases.h"
#include "tests/fake/check_util.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* The firmware is not to blame. */
START_TEST(doctor_tells_who_may_not_open_kvm)
{
	struct checklist list = {0};
	const char *hint = NULL;

	if (geteuid() != 0 || access("/dev/kvm", F_OK) != 0) {
		puts("SKIP doctor_tells_who_may_not_open_kvm: needs root and /dev/kvm");
		ck_assert(!getenv("PROV_TEST_MUST_RUN"));
		return;
	}
	ck_assert_int_eq(setegid(65534), 0);
	ck_assert_int_eq(seteuid(65534), 0);
	bool refused = faccessat(AT_FDCWD, "/dev/kvm", R_OK | W_OK, AT_EACCESS) < 0;
	prov_kvm_provider.check_host(&list);
	ck_assert_int_eq(seteuid(0), 0);
	for (size_t i = 0; i < list.n; i++)
		if (str_eq(list.rows[i].name, "kvm"))
			hint = list.rows[i].hint;
	if (refused)
		ck_assert_msg(hint && str_starts(hint, "join the group kvm"), "%s", hint);
	checklist_clear(&list);
}
END_TEST

static void note_phase(void *ctx, enum phase phase)
{
	str_addf(ctx, "%s ", phase_name(phase));
}

START_TEST(phases_arrive)
{
	char path[] = "/tmp/prov-test-phases-XXXXXX";
	AUTO_FD int fd = mkstemp(path);
	struct phases p;
	AUTO_STR seen = {0};
	char rubbish[300];

	ck_assert_int_eq(write(fd, "initrd\nnet", 10), 10);
	phases_open(&p, path);
	phases_read(&p, note_phase, &seen);
	ck_assert_str_eq(str_text(&seen), "kernel ");
	ck_assert(p.any && !p.network);
	struct pollfd wait = {.fd = p.inotify, .events = POLLIN};
	ck_assert_int_eq(poll(&wait, 1, 0), 0);
	ck_assert_int_eq(write(fd, "work\nswitch\ninit\nssh\n", 21), 21);
	ck_assert_int_eq(poll(&wait, 1, 1000), 1);
	phases_read(&p, note_phase, &seen);
	ck_assert_str_eq(str_text(&seen), "kernel network init ");
	ck_assert(p.network && p.ssh);
	memset(rubbish, 'x', sizeof(rubbish));
	ck_assert_int_eq(write(fd, rubbish, sizeof(rubbish)), sizeof(rubbish));
	ck_assert_int_eq(write(fd, "\ninit\n", 6), 6);
	phases_read(&p, note_phase, &seen);
	ck_assert_str_eq(str_text(&seen), "kernel network init init ");
	phases_close(&p);
	unlink(path);
	phases_open(&p, path);
	phases_read(&p, note_phase, &seen);
	ck_assert(!p.any && p.fd == -1 && p.inotify == -1);
	phases_close(&p);
}
END_TEST

START_TEST(measurement_is_sane)
{
	struct accel_measure m;
	AUTO_STR text = {0};

	accel_measure("/nonexistent/kvm", &m);
	accel_describe(&m, &text);
	ck_assert(!m.ran && !accel_is_fast(&m));
	ck_assert_str_eq(str_text(&text), "open '/nonexistent/kvm': No such file or directory");
	accel_measure("/dev/null", &m);
	ck_assert(!m.ran);
	m = (struct accel_measure){.ran = true, .ns = 1400};
	str_reset(&text);
	accel_describe(&m, &text);
	ck_assert_str_eq(str_text(&text),
	        "1400 ns an iteration: its instructions are emulated one at a time");
	ck_assert(!accel_is_fast(&m));
	m.ns = 0.62;
	str_reset(&text);
	accel_describe(&m, &text);
	ck_assert_str_eq(str_text(&text), "0.6 ns an iteration");
	ck_assert(accel_is_fast(&m));
}
END_TEST

START_TEST(this_host_is_measured)
{
	struct accel_measure m;

	if (access("/dev/kvm", R_OK | W_OK) != 0) {
		puts("SKIP this_host_is_measured: /dev/kvm cannot be opened");
		ck_assert(!getenv("PROV_TEST_MUST_RUN"));
		return;
	}
	accel_measure("/dev/kvm", &m);
	ck_assert_msg(m.ran, "%s", m.what_failed);
	ck_assert(m.ns >= 0 && m.ns < 1e6);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kvm phases");
	TCase *t = tcase_create("kvm steps");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, doctor_tells_who_may_not_open_kvm);
	tcase_add_test(t, phases_arrive);
	tcase_add_test(t, measurement_is_sane);
	tcase_add_test(t, this_host_is_measured);
	suite_add_tcase(s, t);
	return suite_finish(s);
}
