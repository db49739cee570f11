/* Provision items as steps, run on this host through the local transport. */
#include "provisioners/provisioners.h"

#include "base/fs.h"
#include "base/proc.h"
#include "tests/fake/check_util.h"
#include "tests/fake/local_transport.h"

#include <check.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/tmp/prov-test-provisioners-XXXXXX";
static struct local_transport local;
static struct machine_spec spec;
static struct provision_item items[2];
static struct names names;
static struct str printed[2];
static volatile int stop;

static int fake_connect(void *session, int64_t timeout_ns, const volatile int *stop_flag,
        struct transport **out, struct err *err)
{
	(void)session;
	(void)timeout_ns;
	(void)stop_flag;
	(void)err;
	*out = &local.base;
	return 0;
}

static void on_event(struct event_sink *sink, const struct event *event)
{
	(void)sink;
	if (event->kind == EVENT_OUTPUT)
		str_addn(&printed[event->stream - 1], event->text, event->text_n);
}

static const struct provider provider = {.name = "container", .connect = fake_connect};
static struct event_sink sink = {.emit = on_event};
static struct runner runner;
static bool resumed;

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	local_transport_init(&local);
	spec_init(&spec);
	spec.lab = xstrdup("shop");
	spec.name = xstrdup("web-2");
	spec.selector = xstrdup("web-2@container");
	spec.provider = xstrdup("container");
	spec.user = xstrdup("student");
	spec.index = 2;
	spec.count = 3;
	strv_add(&spec.env, "MACHINE=of the machine");
	strv_add(&spec.env, "BOTH=machine");
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		provision_item_init(&items[i]);
	spec.provision = items;
	spec.n_provision = 1;
	names.dir = dir;
	names.logs = xasprintf("%s/provision.log", dir);
	names.console = xasprintf("%s/console.log", dir);
	runner = (struct runner){.provider = &provider,
	        .spec = &spec,
	        .names = &names,
	        .machine = "web-2@container",
	        .sink = &sink,
	        .stop = &stop};
}

static void teardown(void)
{
	struct err err = {0};

	ck_assert_msg(fs_remove_tree(dir, &err) == 0, "%s", err.message);
	free(names.logs);
	free(names.console);
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		provision_item_clear(&items[i]);
	spec.provision = NULL;
	spec.n_provision = 0;
	spec_clear(&spec);
	str_clear(&printed[0]);
	str_clear(&printed[1]);
}

/* Applies the only step. */
static int apply(struct err *err)
{
	struct step *steps;
	size_t n;

	provision_steps(&spec, NULL, &steps, &n);
	ck_assert_uint_eq(n, 1);
	struct run run = {.spec = &spec,
	        .names = &names,
	        .step = &steps[0],
	        .resumed = resumed,
	        .runner = &runner};
	int rc = steps[0].apply(&run, err);
	provision_steps_free(steps, n);
	return rc;
}

static void applies(void)
{
	struct err err = {0};

	ck_assert_msg(apply(&err) == 0, "%s", err.message);
}

static void digest_now(char out[DIGEST_HEX_LEN + 1])
{
	struct step *steps;
	struct digest digest;
	size_t n;

	provision_steps(&spec, NULL, &steps, &n);
	struct run run = {.spec = &spec, .names = &names, .step = &steps[0], .runner = &runner};
	digest_init(&digest);
	steps[0].inputs(&run, &digest);
	digest_hex(&digest, out);
	provision_steps_free(steps, n);
}

static char *in_dir(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	struct err err = {0};

	ck_assert_msg(fs_replace(path, text, strlen(text), mode, &err) == 0, "%s", err.message);
}

/* Neither here nor in the "machine" is anything of a script left. */
static void nothing_left(void)
{
	AUTO_FREE char *mine = in_dir("script.*");
	glob_t found;

	ck_assert_int_eq(glob(mine, 0, NULL, &found), GLOB_NOMATCH);
	globfree(&found);
}

START_TEST(test_inline)
{
	items[0].name = xstrdup("say");
	items[0].script = xstrdup("echo \"$0\"; echo \"$MACHINE|$BOTH|$ITEM\"; env | grep ^PROV_ | "
	                          "sort; cat; echo oops >&2\nfalse\necho not reached\n");
	strv_add(&items[0].env, "BOTH=item");
	strv_add(&items[0].env, "ITEM=it's\ntwo lines");
	struct err err = {0};
	ck_assert_int_eq(apply(&err), -1);
	ck_assert_str_eq(err.message, "script 'say' exited with 1");
	ck_assert_int_eq(err.code, 1);
	ck_assert_ptr_nonnull(strstr(err.hint, names.logs));
	ck_assert_ptr_nonnull(strstr(err.hint, "prov provision"));
	char *said = printed[0].buf;
	char *own = strstr(said, "PROV_SCRIPT=");
	ck_assert_ptr_nonnull(own);
	own[0] = '\0'; /* a digest, which sorts last */
	ck_assert_msg(str_starts(said, "/tmp/prov-"), "%s", said);
	char *rest = strchr(said, '\n');
	*rest++ = '\0';
	ck_assert_str_eq(rest,
	        "of the machine|item|it's\ntwo lines\nPROV_COUNT=3\nPROV_INDEX=2\n"
	        "PROV_LAB=shop\nPROV_MACHINE=web-2\nPROV_PROVIDER=container\n");
	ck_assert_str_eq(str_text(&printed[1]), "oops\n");
	ck_assert_msg(access(said, F_OK) < 0, "'%s' is left", said);
	ck_assert_str_eq(local.owner, "");
	nothing_left();
}
END_TEST

START_TEST(test_log_is_kept)
{
	struct err err = {0};
	AUTO_STR text = {0};

	items[0].name = xstrdup("one");
	items[0].script = xstrdup("echo first");
	applies();
	applies();
	ck_assert_int_eq(fs_read(names.logs, 65536, &text, &err), 0);
	int year;
	const char *line = str_text(&text), *second = strstr(line, "\n---");
	ck_assert_int_eq(sscanf(line, "--- %d-", &year), 1);
	ck_assert_int_ge(year, 2024);
	ck_assert_ptr_nonnull(strstr(line, "Z provision:one\nfirst\n--- "));
	ck_assert_ptr_nonnull(second);
	ck_assert(str_ends(line, "Z provision:one\nfirst\n"));
}
END_TEST

START_TEST(test_interpreter)
{
	static const struct {
		const char *script, *wanted;
	} cases[] = {
	        {"#!/bin/sh\nfalse\necho \"still $1\"", "still an arg\n"},
	        {"#!/usr/bin/awk -f\nBEGIN { print \"awk\" }", "awk\n"},
	        {"false || true\necho \"$1\"", "an arg\n"},
	};

	strv_add(&items[0].args, "an arg");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		free(items[0].script);
		items[0].script = xstrdup(cases[i].script);
		str_reset(&printed[0]);
		applies();
		ck_assert_str_eq(str_text(&printed[0]), cases[i].wanted);
	}
}
END_TEST

START_TEST(test_path)
{
	struct err err = {0};

	items[0].name = xstrdup("setup");
	items[0].path = in_dir("setup.sh");
	items[0].user = xstrdup("");
	strv_add(&items[0].args, "a b");
	strv_add(&items[0].args, "");
	write_file(items[0].path, "printf '<%s>' \"$@\"; false; exit 3", 0644);
	ck_assert_int_eq(apply(&err), -1);
	ck_assert_str_eq(err.message, "script 'setup' exited with 3");
	ck_assert_int_eq(err.code, 3);
	ck_assert_str_eq(str_text(&printed[0]), "<a b><>");
	ck_assert_str_eq(local.owner, "student");
	/* The one that cleans up is root. */
	ck_assert_str_eq(local.user, "");
	ck_assert_int_eq(unlink(items[0].path), 0);
	ck_assert_int_eq(apply(&err), -1);
	ck_assert_msg(str_starts(err.message, "script 'setup': read '") &&
	                strstr(err.message, "setup.sh': No such file"),
	        "%s", err.message);
}
END_TEST

START_TEST(test_windows_line_ends)
{
	struct err err = {0};

	items[0].name = xstrdup("dos");
	items[0].script = xstrdup("#!/bin/sh\r\necho x\r\n");
	ck_assert_int_eq(apply(&err), -1);
	ck_assert_str_eq(err.message,
	        "script 'dos': its first line ends as on Windows (CR LF), so "
	        "that no interpreter is found");
	ck_assert_uint_eq(local.runs, 0);
	nothing_left();
}
END_TEST

START_TEST(test_timeout_and_stop)
{
	struct err err = {0};

	items[0].name = xstrdup("slow");
	items[0].script = xstrdup("echo $0; sleep 100");
	items[0].timeout_ns = 300000000;
	ck_assert_int_eq(apply(&err), -1);
	ck_assert_msg(str_starts(err.message, "script 'slow': "), "%s", err.message);
	ck_assert_ptr_nonnull(strstr(err.message, "ran longer than"));
	nothing_left();
	printed[0].buf[printed[0].len - 1] = '\0';
	ck_assert_msg(access(printed[0].buf, F_OK) < 0, "'%s' is left", printed[0].buf);
	items[0].timeout_ns = 0;
	stop = 1;
	ck_assert_int_eq(apply(&err), -1);
	ck_assert_int_eq(err.kind, ERR_INTERRUPTED);
	stop = 0;
	nothing_left();
}
END_TEST

/* Of the process whose number is in the file; a zombie does not live. */
static bool lives(const char *file)
{
	AUTO_STR number = {0}, stat = {0};

	if (fs_read(file, 64, &number, NULL) < 0 || number.len == 0)
		return false;
	AUTO_FREE char *path = xasprintf("/proc/%d/stat", atoi(str_text(&number)));
	return fs_read(path, 4096, &stat, NULL) == 0 && !strstr(str_text(&stat), ") Z ");
}

START_TEST(test_what_a_killed_run_left_is_ended)
{
	AUTO_FREE char *file = in_dir("left");

	items[0].name = xstrdup("slow");
	items[0].script = xasprintf("setsid sleep 4331 & echo $! >%s; wait", file);
	pid_t killed = fork();
	if (killed == 0)
		_exit(apply(NULL) == 0);
	while (!lives(file) && kill(killed, 0) == 0)
		poll(NULL, 0, 10);
	ck_assert_int_eq(kill(killed, SIGKILL), 0);
	ck_assert_int_eq(waitpid(killed, NULL, 0), killed);
	free(items[0].script);
	items[0].script = xstrdup("echo again");
	/* What a run that came to its end left behind it left on purpose. */
	applies();
	ck_assert(lives(file));
	resumed = true;
	applies();
	ck_assert(!lives(file));
}
END_TEST

START_TEST(test_file)
{
	struct err err = {0};
	struct stat st;
	AUTO_FREE char *into = in_dir("into/");
	AUTO_FREE char *copied = in_dir("into/site.conf");

	ck_assert_int_eq(fs_mkdirs(into, 0755, &err), 0);
	items[0].type = PROVISION_FILE;
	items[0].name = xstrdup("site");
	items[0].source = in_dir("site.conf");
	items[0].destination = xstrdup(into);
	items[0].mode = 0640;
	items[0].owner = xstrdup("www-data:adm");
	write_file(items[0].source, "x", 0600);
	applies();
	ck_assert_int_eq(stat(copied, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_str_eq(local.owner, "www-data:adm");
	ck_assert_int_eq(unlink(items[0].source), 0);
	ck_assert_int_eq(apply(&err), -1);
	ck_assert_msg(str_starts(err.message, "file 'site': "), "%s", err.message);
}
END_TEST

START_TEST(test_marks_and_flags)
{
	struct step *steps;
	size_t n;
	AUTO_STRV with = {0};

	spec.n_provision = 2;
	items[0].script = xstrdup("true");
	items[1].script = xstrdup("true");
	spec.ready.type = READY_TCP;
	provision_steps(&spec, NULL, &steps, &n);
	ck_assert_uint_eq(n, 3);
	AUTO_FREE char *mark = provision_mark(&items[0]);
	AUTO_FREE char *name = xasprintf("provision:%s", mark);
	AUTO_FREE char *second = xasprintf("provision:%s-2", mark);
	ck_assert(str_starts(mark, "shell-"));
	ck_assert_uint_eq(strlen(mark), 6 + 12);
	ck_assert_str_eq(steps[0].name, name);
	ck_assert_str_eq(steps[1].name, second);
	ck_assert_uint_eq(steps[0].flags, 0);
	ck_assert_int_eq(steps[0].stale, CHANGE_MANUAL);
	ck_assert_str_eq(steps[2].name, "ready");
	ck_assert_uint_eq(steps[2].flags, STEP_ALWAYS | STEP_QUIET | STEP_PROBE | STEP_VOLATILE);
	provision_steps_free(steps, n);
	items[0].run = RUN_ALWAYS;
	items[1].run = RUN_NEVER;
	items[1].name = xstrdup("rare");
	spec.ready.type = READY_NONE;
	provision_steps(&spec, NULL, &steps, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(steps[0].flags, STEP_ALWAYS);
	provision_steps_free(steps, n);
	strv_add(&with, "rare");
	provision_steps(&spec, &with, &steps, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(steps[1].name, "provision:rare");
	provision_steps_free(steps, n);
}
END_TEST

START_TEST(test_edits_are_seen)
{
	char before[DIGEST_HEX_LEN + 1], after[DIGEST_HEX_LEN + 1];
	AUTO_FREE char *below = in_dir("tree/sub/x");
	AUTO_FREE char *sub = in_dir("tree/sub");
	struct err err = {0};

	items[0].path = in_dir("a.sh");
	write_file(items[0].path, "echo 1", 0644);
	AUTO_FREE char *mark = provision_mark(&items[0]);
	digest_now(before);
	digest_now(after);
	ck_assert_str_eq(before, after);
	write_file(items[0].path, "echo 2", 0644);
	digest_now(after);
	ck_assert_str_ne(before, after);
	/* An edit makes a step stale, not another one. */
	AUTO_FREE char *same = provision_mark(&items[0]);
	ck_assert_str_eq(mark, same);
	provision_item_clear(&items[0]);
	provision_item_init(&items[0]);
	items[0].type = PROVISION_FILE;
	items[0].source = in_dir("tree");
	items[0].destination = xstrdup("/x");
	ck_assert_int_eq(fs_mkdirs(sub, 0755, &err), 0);
	write_file(below, "1", 0644);
	digest_now(before);
	ck_assert_int_eq(chmod(below, 0600), 0);
	digest_now(after);
	ck_assert_str_ne(before, after);
	ck_assert_int_eq(chmod(below, 0644), 0);
	digest_now(after);
	ck_assert_str_eq(before, after);
	write_file(below, "2", 0644);
	digest_now(after);
	ck_assert_str_ne(before, after);
	ck_assert_int_eq(fs_remove_tree(items[0].source, &err), 0);
	digest_now(before);
	ck_assert_str_ne(before, after);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {test_what_a_killed_run_left_is_ended, test_inline, test_log_is_kept,
	        test_interpreter, test_path, test_windows_line_ends, test_timeout_and_stop,
	        test_file, test_marks_and_flags, test_edits_are_seen};
	Suite *s = suite_create("provisioners");
	TCase *tc = tcase_create("provisioners");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(s, tc);
	return suite_finish(s);
}
