/* What Check suites of this project share: errors shown where a call fails, a folder of one's own.
 */
#pragma once

#include "base/err.h"
#include "base/fs.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Uses the caller's `struct err err`. */
#define ck_ok(call)                                                                 \
	do {                                                                        \
		err_clear(&err);                                                    \
		int ck_rc = (call);                                                 \
		ck_assert_msg(ck_rc == 0, "%s: %d: %s", #call, ck_rc, err.message); \
	} while (0)
#define ck_fails(call, kind_, text)                                    \
	do {                                                           \
		err_clear(&err);                                       \
		ck_assert_msg((call) == -1, "%s did not fail", #call); \
		ck_assert_str_eq(err.message, text);                   \
		ck_assert_int_eq(err.kind, kind_);                     \
	} while (0)
/* Modules lie in the build folder, two above this program. */
static inline void use_built_modules(void)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		abort();
	self[n] = '\0';
	for (int i = 0; i < 3; i++)
		*strrchr(self, '/') = '\0';
	setenv("PROV_MODULE_DIR", self, 0);
}

/* Says why a case cannot run here; one that must fails. */
static inline void skip_case(const char *why)
{
	ck_assert_msg(!getenv("PROV_TEST_MUST_RUN"), "must run, but %s", why);
	printf("SKIP %s\n", why);
	fflush(stdout);
}

/* Time that the processor worked for this process: what a bound of time is held against on a host
 * that others use as well. */
static inline int64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The text holds this part. */
#define ck_has(text, part) \
	ck_assert_msg(strstr((text), (part)) != NULL, "no '%s' in:\n%s", (part), (text))
#define ck_lacks(text, part) \
	ck_assert_msg(strstr((text), (part)) == NULL, "'%s' in:\n%s", (part), (text))

/* A new folder below TMPDIR. The caller frees; tmp_end removes it. */
static inline char *tmp_begin(void)
{
	const char *base = getenv("TMPDIR");
	char *path = xasprintf("%s/prov-test-XXXXXX", base && *base ? base : "/tmp");

	ck_assert_ptr_nonnull(mkdtemp(path));
	return path;
}

static inline void tmp_end(char *path)
{
	struct err err;

	ck_ok(fs_remove_tree(path, &err));
	free(path);
}

typedef void (*check_fixture)(void);

/* Runs it; returns main's exit status. */
static inline int suite_finish(Suite *suite)
{
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

/* One suite with one case, as every test program here is; returns main's exit status. */
static inline int suite_run(const char *name, const TTest *const *tests, size_t n,
        check_fixture set_up, check_fixture tear_down)
{
	Suite *suite = suite_create(name);
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 20);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
