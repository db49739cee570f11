/* What the suites share that run against real SSH servers: each case once with OpenSSH, once with
 * dropbear. */
#pragma once

#include "tests/fake/check_util.h"
#include "tests/fake/sshd.h"

/* kind: the case's loop, 0 is OpenSSH, 1 dropbear. False: skipped. */
static inline bool sshd_begin(struct fake_sshd *sshd, int kind)
{
	struct err err = {0};
	const char *why = fake_sshd_missing((enum fake_sshd_kind)kind);

	if (why) {
		skip_case(why);
		return false;
	}
	ck_ok(fake_sshd_start(sshd, (enum fake_sshd_kind)kind, &err));
	return true;
}

struct sshd_case {
	const char *name;
	const TTest *test;
};

/* Each with both servers, and with its own limit of time. */
static inline Suite *sshd_suite(
        const char *name, const struct sshd_case *cases, size_t n, int seconds)
{
	Suite *suite = suite_create(name);

	for (size_t i = 0; i < n; i++) {
		TCase *tc = tcase_create(cases[i].name);
		tcase_set_timeout(tc, seconds);
		tcase_add_loop_test(tc, cases[i].test, 0, 2);
		suite_add_tcase(suite, tc);
	}
	return suite;
}
