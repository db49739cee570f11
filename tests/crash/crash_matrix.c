/*
 * Kills the process before, within and after every effect and every journal line of each verb,
 * tears the journal at every byte and flips a bit of every byte; then `up` must finish with the
 * right world, and `destroy` must leave nothing. Counts what it did, so that it cannot pass by
 * doing nothing.
 */
#include "tests/fake/check_util.h"
#include "tests/fake/rig.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define WEB "web@container"

/* A sanitizer makes each of the thousands of runs five times as long. */
#ifdef __SANITIZE_ADDRESS__
enum { BYTE_STEP = 5 };
#else
enum { BYTE_STEP = 1 };
#endif

static struct rig rig;
static struct err err;
static bool changed;
static char *root;

/* Counts points; at the one numbered `at` the process is gone. */
struct killer {
	struct run_hooks hooks;
	long at, seen; /* at -1: never */
};

static void reach(void *ctx, const char *where, const char *step)
{
	struct killer *killer = ctx;

	(void)where;
	(void)step;
	if (killer->seen++ == killer->at)
		kill(getpid(), SIGKILL);
}

static int apply_nothing(struct run *run, struct err *e)
{
	run_output(run, 1, "hello\n", 6);
	(void)e;
	return 0;
}

static void set_up(void)
{
	/* Memory is enough: a kill does not ask the disk, and thousands of runs would. */
	if (access("/dev/shm", W_OK) == 0 && !getenv("TMPDIR"))
		setenv("TMPDIR", "/dev/shm", 1);
	root = tmp_begin();
	rig_begin(&rig, root);
	rig_add_step(&rig,
	        &(struct step){.name = "provision:a",
	                .phase = PHASE_PROVISION,
	                .stale = CHANGE_MANUAL,
	                .apply = apply_nothing});
}

static void tear_down(void)
{
	rig_end(&rig);
	free(root);
}

/* A tree of small files in memory: restoring it is faster than making it again. */
struct snapshot {
	struct strv paths; /* folders end with a slash */
	struct str *texts;
};

static void take(struct snapshot *s, const char *folder)
{
	AUTO_STRV names = {0};

	ck_ok(fs_list(folder, &names, &err));
	for (size_t i = 0; i < names.n; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", folder, names.v[i]);
		bool is_dir = fs_is_dir(path);
		strv_addf(&s->paths, "%s%s", path, is_dir ? "/" : "");
		s->texts = xrealloc(s->texts, s->paths.n, sizeof(*s->texts));
		s->texts[s->paths.n - 1] = (struct str){0};
		if (is_dir)
			take(s, path);
		else
			ck_ok(fs_read(path, 1 << 20, &s->texts[s->paths.n - 1], &err));
	}
}

static void write_file(const char *path, const char *bytes, size_t n)
{
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

static void restore(const struct snapshot *s)
{
	AUTO_STRV names = {0};

	ck_ok(fs_list(root, &names, &err));
	for (size_t i = 0; i < names.n; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", root, names.v[i]);
		ck_ok(fs_remove_tree(path, &err));
	}
	for (size_t i = 0; i < s->paths.n; i++) {
		if (str_ends(s->paths.v[i], "/"))
			ck_ok(fs_mkdirs(s->paths.v[i], 0755, &err));
		else
			write_file(s->paths.v[i], str_text(&s->texts[i]), s->texts[i].len);
	}
}

static void snapshot_clear(struct snapshot *s)
{
	for (size_t i = 0; i < s->paths.n; i++)
		str_clear(&s->texts[i]);
	free(s->texts);
	strv_clear(&s->paths);
}

static void check_world(const char *where, long at)
{
	const struct {
		const char *effect;
		char *text;
	} expected[] = {
	        {"folder", xstrdup(rig.spec.box.digest)},
	        {"disk", xstrdup(rig.spec.box.digest)},
	        {"disk.size", xstrdup("4096")},
	        {"define", xasprintf("%d", (int)rig.spec.memory_bytes)},
	        {"limits", xstrdup("1.000")},
	        {"network", xstrdup("")},
	        {"start", NULL},
	        {"answer", xstrdup("answers")},
	};

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		AUTO_FREE char *found = fake_effect(WEB, expected[i].effect);
		ck_assert_msg(found != NULL, "%s %ld: no '%s'", where, at, expected[i].effect);
		ck_assert_msg(!expected[i].text || str_eq(found, expected[i].text),
		        "%s %ld: '%s' is '%s'", where, at, expected[i].effect, found);
		free(expected[i].text);
	}
}

static void up_finishes(const struct up_options *options, const char *where, long at)
{
	err_clear(&err);
	int rc = rig_up(&rig, options, &changed, &err);
	ck_assert_msg(rc == 0, "%s %ld: up: %s", where, at, err.message);
	check_world(where, at);
	ck_ok(rig_up(&rig, options, &changed, &err));
	ck_assert_msg(!changed, "%s %ld: a second up changes something", where, at);
}

static void destroy_leaves_nothing(const char *where, long at)
{
	err_clear(&err);
	int rc = rig_destroy(&rig, &err);
	ck_assert_msg(rc == 0, "%s %ld: destroy: %s", where, at, err.message);
	ck_assert_msg(fake_empty(), "%s %ld: something stands after destroy", where, at);
	ck_assert_msg(!fs_exists(rig.names.dir), "%s %ld: the folder stands", where, at);
}

/* Runs the verb in a child that dies at the point; returns the points met if it did not. */
static long run_killed(int (*verb)(void), long at)
{
	struct killer killer = {.at = at};
	int status, pipe_fds[2];
	long seen = -1;

	ck_assert_int_eq(pipe(pipe_fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		killer.hooks = (struct run_hooks){reach, &killer};
		rig.runner.hooks = &killer.hooks;
		int rc = verb();
		reach(&killer, "at the end", "");
		if (write(pipe_fds[1], &killer.seen, sizeof(killer.seen)) < 0)
			_exit(2);
		_exit(rc != 0);
	}
	close(pipe_fds[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (at < 0) {
		ck_assert_int_eq(read(pipe_fds[0], &seen, sizeof(seen)), sizeof(seen));
		ck_assert_int_eq(status, 0);
	} else {
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	close(pipe_fds[0]);
	return seen;
}

static const struct up_options *options;

static int verb_up(void)
{
	return rig_up(&rig, options, &changed, &err);
}

static int verb_halt(void)
{
	return rig_halt(&rig, &changed, &err);
}

static int verb_destroy(void)
{
	return rig_destroy(&rig, &err);
}

/* The machine as it stands now is the start; every point of the verb is the end of one run. */
static void kill_everywhere(const char *name, int (*verb)(void), long sane)
{
	struct snapshot start = {0};

	take(&start, root);
	long points = run_killed(verb, -1);
	ck_assert_msg(points >= sane, "%s: only %ld points", name, points);
	for (long at = 0; at < points; at++) {
		restore(&start);
		run_killed(verb, at);
		struct snapshot crashed = {0};
		take(&crashed, root);
		up_finishes(options, name, at);
		destroy_leaves_nothing(name, at);
		restore(&crashed);
		destroy_leaves_nothing(name, at);
		snapshot_clear(&crashed);
	}
	printf("%s: %ld points\n", name, points);
	snapshot_clear(&start);
}

START_TEST(killed_in_the_first_up)
{
	kill_everywhere("first up", verb_up, 60);
}
END_TEST

START_TEST(killed_in_an_up_after_halt)
{
	ck_ok(rig_up(&rig, NULL, &changed, &err));
	ck_ok(rig_halt(&rig, &changed, &err));
	kill_everywhere("up after halt", verb_up, 20);
}
END_TEST

START_TEST(killed_in_an_up_that_restarts)
{
	ck_ok(rig_up(&rig, NULL, &changed, &err));
	rig.spec.memory_bytes = 1024;
	kill_everywhere("up that restarts", verb_up, 50);
}
END_TEST

START_TEST(killed_in_an_up_that_recreates)
{
	static const struct up_options recreate = {.recreate = true};

	ck_ok(rig_up(&rig, NULL, &changed, &err));
	free(rig.spec.box.digest);
	rig.spec.box.digest = xstrdup("box-2");
	options = &recreate;
	kill_everywhere("up that recreates", verb_up, 110);
}
END_TEST

START_TEST(killed_in_an_up_after_a_failure)
{
	fake_fail("apply", WEB, "fake.start", "late");
	ck_assert_int_eq(rig_up(&rig, NULL, &changed, &err), -1);
	fake_heal();
	kill_everywhere("up after a failure", verb_up, 20);
}
END_TEST

START_TEST(killed_in_halt)
{
	ck_ok(rig_up(&rig, NULL, &changed, &err));
	kill_everywhere("halt", verb_halt, 20);
}
END_TEST

START_TEST(killed_in_destroy)
{
	ck_ok(rig_up(&rig, NULL, &changed, &err));
	kill_everywhere("destroy", verb_destroy, 55);
}
END_TEST

/* A destroy of what a killed up left is killed as well. */
START_TEST(killed_twice)
{
	struct snapshot start = {0};
	long runs = 0, points = run_killed(verb_up, -1);

	ck_ok(rig_destroy(&rig, &err));
	take(&start, root);
	for (long at = 0; at < points; at += 6) {
		restore(&start);
		run_killed(verb_up, at);
		struct snapshot crashed = {0};
		take(&crashed, root);
		long again = run_killed(verb_destroy, -1);
		for (long second = 0; second < again; second++) {
			restore(&crashed);
			run_killed(verb_destroy, second);
			destroy_leaves_nothing("killed twice", second);
			runs++;
		}
		snapshot_clear(&crashed);
	}
	ck_assert_int_ge(runs, 250);
	printf("killed twice: %ld runs\n", runs);
	snapshot_clear(&start);
}
END_TEST

/* What a kill between the removals of journal_discard leaves. */
START_TEST(killed_while_the_folder_goes)
{
	ck_ok(rig_up(&rig, NULL, &changed, &err));
	ck_ok(rig_open(&rig, true, &err));
	ck_ok(run_destroy(&rig.runner, &err));
	rig_close(&rig);
	ck_ok(fs_unlink(rig.names.journal, &err));
	ck_assert(fs_is_dir(rig.names.dir));
	destroy_leaves_nothing("without journal", 0);
}
END_TEST

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
	const TTest *const tests[] = {killed_in_the_first_up, killed_in_an_up_after_halt,
	        killed_in_an_up_that_restarts, killed_in_an_up_that_recreates,
	        killed_in_an_up_after_a_failure, killed_in_halt, killed_in_destroy, killed_twice,
	        killed_while_the_folder_goes, torn_at_every_byte, a_bit_of_every_byte_flipped,
	        the_last_word_flipped};

	return suite_run("crash", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
