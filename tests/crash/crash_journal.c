/*
 * Tears the journal at every byte and flips a bit of every byte; then `up` must finish with the
 * right world, and `destroy` must leave nothing. Counts what it did, so that it cannot pass by
 * doing nothing.
 */
#include "tests/crash/crash_case.h"

/* A sanitizer makes each of the thousands of runs five times as long. */
#ifdef __SANITIZE_ADDRESS__
enum { BYTE_STEP = 5 };
#else
enum { BYTE_STEP = 1 };
#endif

/* Line by line: the world as it was when the line was about to be written, and every part of it. */
START_TEST(torn_at_every_byte)
{
	struct snapshot start = {0};
	AUTO_STR whole = {0};
	size_t torn = 0, lines = 0, last = 0;

	take(&start, root);
	long points = run_killed(verb_up, -1);
	ck_ok(fs_read(rig.names.journal, 1 << 20, &whole, &err));
	for (long at = 0; at < points; at++) {
		AUTO_STR part = {0};
		struct snapshot crashed = {0};
		restore(&start);
		run_killed(verb_up, at);
		ck_ok(fs_read(rig.names.journal, 1 << 20, &part, &err));
		take(&crashed, root);
		/* Points without a new line between them have the same journal. */
		size_t line_end = (size_t)(strchr(whole.buf + part.len, '\n') - whole.buf);
		bool again = lines && part.len == last;
		last = part.len;
		for (size_t end = part.len + 1; !again && part.len < whole.len && end <= line_end;
		        end += BYTE_STEP) {
			restore(&crashed);
			write_file(rig.names.journal, whole.buf, end);
			up_finishes(NULL, "torn at byte", (long)end);
			restore(&crashed);
			write_file(rig.names.journal, whole.buf, end);
			destroy_leaves_nothing("torn at byte", (long)end);
			torn++;
		}
		lines += !again;
		snapshot_clear(&crashed);
	}
	ck_assert_uint_ge(lines, 18);
	ck_assert_uint_ge(torn, 2000 / BYTE_STEP);
	printf("torn: %zu bytes of %zu lines\n", torn, lines);
	snapshot_clear(&start);
}
END_TEST

static size_t line_of(const struct str *text, size_t offset)
{
	size_t line = 1;

	for (size_t i = 0; i < offset; i++)
		line += text->buf[i] == '\n';
	return line;
}

/* A journal with one bit wrong: before the last line it is damaged, in the last line torn. */
START_TEST(a_bit_of_every_byte_flipped)
{
	struct snapshot start = {0};
	AUTO_STR whole = {0};
	size_t damaged = 0, torn = 0;

	ck_ok(rig_up(&rig, NULL, &changed, &err));
	take(&start, root);
	ck_ok(fs_read(rig.names.journal, 1 << 20, &whole, &err));
	size_t lines = line_of(&whole, whole.len) - 1;
	for (size_t i = 0; i < whole.len; i += BYTE_STEP) {
		size_t line = line_of(&whole, i);
		char bit = (char)(1 << i % 8);
		whole.buf[i] ^= bit;
		restore(&start);
		write_file(rig.names.journal, whole.buf, whole.len);
		/* A newline that is none any more joins the last two lines into one torn one. */
		bool newline = (whole.buf[i] ^ bit) == '\n';
		if (line == lines || (newline && line + 1 == lines)) {
			up_finishes(NULL, "flipped byte", (long)i);
			restore(&start);
			write_file(rig.names.journal, whole.buf, whole.len);
			torn++;
		} else {
			AUTO_FREE char *expected = xasprintf(
			        "the journal '%s' is damaged at line %zu", rig.names.journal, line);
			ck_fails(rig_up(&rig, NULL, &changed, &err), ERR_FAILED, expected);
			ck_has(err.hint, "'prov destroy' removes the machine");
			damaged++;
		}
		destroy_leaves_nothing("flipped byte", (long)i);
		whole.buf[i] ^= bit;
	}
	ck_assert_uint_ge(damaged, 2000 / BYTE_STEP);
	ck_assert_uint_ge(torn, 50 / BYTE_STEP);
	printf("flipped: %zu damaged, %zu torn\n", damaged, torn);
	snapshot_clear(&start);
}
END_TEST

/* The last line may be the only word of a step whose effect stands: a bit of it flips wherever an
 * up was killed. */
START_TEST(the_last_word_flipped)
{
	struct snapshot start = {0};
	long points = run_killed(verb_up, -1), runs = 0;

	ck_ok(rig_destroy(&rig, &err));
	take(&start, root);
	for (long at = 0; at < points; at++) {
		AUTO_STR text = {0};
		struct snapshot crashed = {0};
		restore(&start);
		run_killed(verb_up, at);
		ck_ok(fs_read(rig.names.journal, 1 << 20, &text, &err));
		if (text.len == 0)
			continue;
		text.buf[text.len - 10] ^= 1;
		write_file(rig.names.journal, text.buf, text.len);
		take(&crashed, root);
		up_finishes(NULL, "last word", at);
		restore(&crashed);
		destroy_leaves_nothing("last word", at);
		snapshot_clear(&crashed);
		runs++;
	}
	ck_assert_int_ge(runs, 55);
	snapshot_clear(&start);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
	        torn_at_every_byte, a_bit_of_every_byte_flipped, the_last_word_flipped};

	return suite_run("crash-journal", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
