/* A playbook, with a program in PATH that says what ansible-playbook was asked. */
#include "base/fs.h"
#include "tests/unit/provisioners/only_step.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/prov-test-ansible-XXXXXX";
static struct machine_spec spec;
static struct provision_item item;
static struct names names;
static struct str printed;

static void on_event(struct event_sink *sink, const struct event *event)
{
	(void)sink;
	if (event->kind == EVENT_OUTPUT)
		str_addn(&printed, event->text, event->text_n);
}

static const struct provider provider = {.name = "container"};
static struct event_sink sink = {.emit = on_event};
static struct runner runner;

static void write_program(const char *text)
{
	AUTO_FREE char *path = xasprintf("%s/ansible-playbook", dir);

	ck_assert_int_eq(fs_replace(path, text, strlen(text), 0755, NULL), 0);
}

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	spec_init(&spec);
	spec.lab = xstrdup("shop");
	spec.lab_id = xstrdup("abcdefgh");
	spec.name = xstrdup("web");
	spec.hostname = xstrdup("web-kvm");
	spec.selector = xstrdup("web@kvm");
	spec.provider = xstrdup("kvm");
	spec.user = xstrdup("student");
	spec.project = xstrdup(dir);
	strv_add(&spec.env, "ONLY_INSIDE=1");
	provision_item_init(&item);
	item.type = PROVISION_ANSIBLE;
	item.name = xstrdup("site");
	item.path = xasprintf("%s/site.yml", dir);
	spec.provision = &item;
	spec.n_provision = 1;
	names.dir = dir;
	names.logs = xasprintf("%s/provision.log", dir);
	AUTO_FREE char *path = xasprintf("%s:/usr/bin:/bin", dir);
	setenv("PATH", path, 1);
	runner = (struct runner){.provider = &provider,
	        .spec = &spec,
	        .names = &names,
	        .machine = "web@kvm",
	        .sink = &sink};
}

static void teardown(void)
{
	ck_assert_int_eq(fs_remove_tree(dir, NULL), 0);
	free(names.logs);
	provision_item_clear(&item);
	spec.provision = NULL;
	spec.n_provision = 0;
	spec_clear(&spec);
	str_clear(&printed);
}

static int apply(struct err *err)
{
	return apply_only_step(&runner, false, err);
}

/* Whatever happened, the folder has no inventory any more. */
static void expect_no_inventory(void)
{
	AUTO_STRV files = {0};

	ck_assert_int_eq(fs_list(dir, &files, NULL), 0);
	for (size_t i = 0; i < files.n; i++)
		ck_assert_msg(!str_starts(files.v[i], "inventory"), "%s", files.v[i]);
}

START_TEST(what_it_is_asked)
{
	struct err err = {0};

	write_program("#!/bin/sh\ncat \"$2\"\nshift 2\nprintf '<%s>' \"$@\"\n"
	              "echo \" $PWD $STAGE $PROV_MACHINE [$ONLY_INSIDE]\"\n");
	strv_add(&item.args, "-v");
	strv_add(&item.vars, "a=it's \"b\"=c");
	strv_add(&item.env, "STAGE=lab");
	ck_assert_msg(apply(&err) == 0, "%s", err.message);
	AUTO_FREE char *wanted = xasprintf(
	        " --lab abcdefgh inventory \"$@\"\n<--limit><web-kvm><--extra-vars>"
	        "<{\"ansible_user\":\"root\",\"a\":\"it's \\\"b\\\"=c\"}><-v><%s/site.yml> %s lab "
	        "web []\n",
	        dir, dir);
	ck_assert_msg(str_ends(str_text(&printed), wanted), "%s", str_text(&printed));
	expect_no_inventory();
	AUTO_STR log = {0};
	ck_assert_int_eq(fs_read(names.logs, 1 << 16, &log, NULL), 0);
	ck_assert_ptr_nonnull(strstr(str_text(&log), "--limit"));
}
END_TEST

START_TEST(who_logs_in)
{
	struct err err = {0};

	write_program("#!/bin/sh\necho \"$6\"\n");
	item.user = xstrdup(""); /* privileged: false */
	ck_assert_int_eq(apply(&err), 0);
	ck_assert_str_eq(str_text(&printed), "{\"ansible_user\":\"student\"}\n");
}
END_TEST

START_TEST(failures)
{
	struct err err = {0};

	write_program("#!/bin/sh\necho no; exit 4\n");
	ck_assert_int_eq(apply(&err), -1);
	ck_assert_str_eq(err.message, "playbook 'site': ansible-playbook exited with 4");
	ck_assert_int_eq(err.code, 4);
	expect_no_inventory();
	write_program("#!/bin/sh\nexec sleep 1000\n");
	item.timeout_ns = 100000000;
	ck_assert_int_eq(apply(&err), -1);
	ck_assert_msg(str_starts(err.message, "playbook 'site': "), "%s", err.message);
	expect_no_inventory();
	setenv("PATH", "/nonexistent", 1);
	ck_assert_int_eq(apply(&err), -1);
	ck_assert_int_eq(err.kind, ERR_HOST);
	ck_assert_str_eq(err.message, "ansible-playbook is not installed on this host");
	ck_assert_msg(strstr(err.hint, "ansible-core") != NULL, "%s", err.hint);
	expect_no_inventory();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ansible");
	TCase *tc = tcase_create("ansible");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_it_is_asked);
	tcase_add_test(tc, who_logs_in);
	tcase_add_test(tc, failures);
	suite_add_tcase(s, tc);
	return suite_finish(s);
}
