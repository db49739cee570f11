/* Journals that a crash, a full disk or somebody else has damaged. */
#include "tests/unit/core/journal_files.h"

#include "base/io.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(a_torn_tail_is_ignored_then_cut)
{
	AUTO_STR whole = {0};

	write_some();
	ck_ok(fs_read(path, 1 << 20, &whole, &err));
	size_t last = whole.len - 1;
	while (whole.buf[last - 1] != '\n')
		last--;
	for (size_t n = last + 1; n < whole.len; n++) {
		ck_assert_int_eq(truncate(path, (off_t)last), 0);
		int fd = open(path, O_WRONLY | O_APPEND);
		ck_ok(io_write_all(fd, whole.buf + last, n - last, &err));
		close(fd);
		reread();
		ck_assert(state.torn && !state.damaged);
		ck_assert_int_eq(journal_step(&state, "kvm.start")->state, STEP_BEGUN);
		reopen();
		ck_assert(journal_state(j)->torn);
		ck_ok(journal_done(j, "kvm.start", "", true, &err));
		/* The next opening finds whole lines, and knows that one was lost. */
		reread();
		ck_assert(state.torn && !state.damaged);
		check_same(&state, journal_state(j));
	}
}
END_TEST

START_TEST(a_tail_of_zeros_is_torn)
{
	static const char zeros[4096];

	write_some();
	int fd = open(path, O_WRONLY | O_APPEND);
	ck_ok(io_write_all(fd, zeros, sizeof(zeros), &err));
	close(fd);
	reread();
	ck_assert(state.torn && !state.damaged);
	ck_assert_uint_eq(state.n_steps, 2);
}
END_TEST

START_TEST(damage_is_located_and_the_rest_is_read)
{
	AUTO_STR whole = {0};

	write_some();
	ck_ok(fs_read(path, 1 << 20, &whole, &err));
	*strstr(whole.buf, "d1g3st") = 'D';
	ck_ok(fs_replace(path, whole.buf, whole.len, 0600, &err));
	reread();
	ck_assert(state.damaged && !state.torn);
	ck_assert_uint_eq(state.damaged_line, 3);
	ck_assert_int_eq(journal_step(&state, "kvm.disk")->state, STEP_BEGUN);
	ck_assert_int_eq(journal_step(&state, "kvm.start")->state, STEP_DONE);
	AUTO_FREE char *text = xasprintf("the journal '%s' is damaged at line 3", path);
	ck_fails(journal_intact(&state, path, &err), ERR_FAILED, text);
	ck_assert_str_eq(err.hint,
	        "'prov doctor' explains it; 'prov destroy' removes the machine "
	        "whatever its journal says");
	/* It can still be written, so that a destroy can take notes. */
	reopen();
	ck_ok(journal_reverting(j, "kvm.start", &err));
	reread();
	ck_assert(state.damaged);
	ck_assert_int_eq(journal_step(&state, "kvm.start")->state, STEP_REVERTING);
}
END_TEST

START_TEST(a_line_with_a_right_checksum_but_no_sense)
{
	AUTO_STR text = {0};

	journal_line(&text, "{\"k\":\"header\",\"v\":1,\"kind\":\"lab\",\"spec\":\"{}\"}");
	journal_line(&text, "{\"k\":\"of a later prov\",\"x\":[1]}");
	journal_line(&text, "[]");
	journal_line(&text, "{\"k\":\"begun\"}");
	journal_line(&text, "{\"k\":\"begun\",\"s\":\"a\"}");
	ck_ok(fs_replace(path, text.buf, text.len, 0600, &err));
	reread();
	ck_assert(state.damaged && !state.torn);
	ck_assert_uint_eq(state.damaged_line, 3);
	ck_assert_uint_eq(state.n_steps, 1);
	ck_assert_str_eq(state.kind, "lab");
	ck_assert_ptr_null(state.provider);
}
END_TEST

START_TEST(a_newer_format_is_refused)
{
	AUTO_STR text = {0};

	journal_line(&text, "{\"k\":\"header\",\"v\":2,\"kind\":\"lab\"}");
	ck_ok(fs_replace(path, text.buf, text.len, 0600, &err));
	AUTO_FREE char *expected =
	        xasprintf("the journal '%s' has format 2, this prov knows 1", path);
	ck_fails(journal_read(path, &state, &err), ERR_FAILED, expected);
	ck_assert_str_eq(err.hint, "use the newer prov that wrote it");
}
END_TEST

START_TEST(a_full_disk_leaves_whole_lines)
{
	struct rlimit limit;
	struct stat st;

	write_some();
	ck_assert_int_eq(stat(path, &st), 0);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = (rlim_t)st.st_size + 20;
	/* Nothing is asserted under the limit: Check writes a file of its own. */
	int set = setrlimit(RLIMIT_FSIZE, &limit);
	int rc = journal_begun(j, "kvm.more", &err);
	limit.rlim_cur = limit.rlim_max;
	int reset = setrlimit(RLIMIT_FSIZE, &limit);
	ck_assert(set == 0 && reset == 0 && rc == -1);
	AUTO_FREE char *text = xasprintf("write the journal '%s': No space left on device", path);
	ck_assert_str_eq(err.message, text);
	ck_assert_ptr_null(journal_step(journal_state(j), "kvm.more"));
	ck_ok(journal_begun(j, "kvm.more", &err));
	reread();
	ck_assert(!state.torn && !state.damaged);
	check_same(&state, journal_state(j));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {a_torn_tail_is_ignored_then_cut, a_tail_of_zeros_is_torn,
	        damage_is_located_and_the_rest_is_read, a_line_with_a_right_checksum_but_no_sense,
	        a_newer_format_is_refused, a_full_disk_leaves_whole_lines};

	return suite_run("journal_damage", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
