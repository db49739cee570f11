/* The whole way of a script: copied, given to its user, run and removed, over real SSH servers. */
#include "provisioners/provisioners.h"
#include "tests/fake/sshd_case.h"
#include "transports/ssh/module.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct fake_sshd sshd;
static struct str printed;

static int ssh_connect_now(void *session, int64_t timeout_ns, const volatile int *stop,
        struct transport **out, struct err *err)
{
	(void)session;
	return prov_ssh.open(&sshd.target, timeout_ns, stop, out, err);
}

static void on_event(struct event_sink *sink, const struct event *event)
{
	(void)sink;
	if (event->kind == EVENT_OUTPUT)
		str_addn(&printed, event->text, event->text_n);
}

/* Applies every item of the spec; returns what the last one returned. */
static int apply_all(struct machine_spec *spec, struct err *err)
{
	static const struct provider provider = {.name = "kvm", .connect = ssh_connect_now};
	struct event_sink sink = {.emit = on_event};
	AUTO_FREE char *logs = xasprintf("%s/provision.log", sshd.dir);
	struct names names = {.dir = sshd.dir, .logs = logs};
	struct runner runner = {
	        .provider = &provider, .spec = spec, .names = &names, .sink = &sink};
	struct step *steps;
	size_t n;
	int rc = -1;

	provision_steps(spec, NULL, &steps, &n);
	for (size_t i = 0; i < n; i++) {
		struct run run = {
		        .spec = spec, .names = &names, .step = &steps[i], .runner = &runner};
		rc = steps[i].apply(&run, err);
	}
	provision_steps_free(steps, n);
	runner_clear(&runner);
	return rc;
}

static void fill(struct machine_spec *spec, struct provision_item items[2])
{
	spec_init(spec);
	spec->lab = xstrdup("shop");
	spec->name = xstrdup("web");
	spec->selector = xstrdup("web@kvm");
	spec->provider = xstrdup("kvm");
	spec->user = xstrdup(FAKE_SSHD_USER);
	spec->index = spec->count = 1;
	provision_item_init(&items[0]);
	provision_item_init(&items[1]);
	spec->provision = items;
	spec->n_provision = 2;
}

static void finish(struct machine_spec *spec, struct provision_item items[2])
{
	provision_item_clear(&items[0]);
	provision_item_clear(&items[1]);
	spec->provision = NULL;
	spec->n_provision = 0;
	spec_clear(spec);
	str_clear(&printed);
	fake_sshd_stop(&sshd);
}

START_TEST(test_users_and_interpreters)
{
	struct machine_spec spec;
	struct provision_item items[2];
	struct err err = {0};

	if (!sshd_begin(&sshd, _i))
		return;
	fill(&spec, items);
	items[0].user = xstrdup("");
	items[0].script =
	        xstrdup("#!/bin/sh\necho \"$(id -un) $PROV_MACHINE $X\"; pwd; echo \"$0\"");
	strv_add(&items[0].env, "X=it's");
	items[1].name = xstrdup("second");
	items[1].script = xstrdup("id -un; cat; kill -TERM $$");
	ck_assert_int_eq(apply_all(&spec, &err), -1);
	ck_assert_str_eq(err.message, "script 'second' exited with 143 (SIGTERM)");
	ck_assert_int_eq(err.code, 143);
	AUTO_FREE char *first = xasprintf("student web it's\n%s/home\n/tmp/prov-", sshd.dir);
	ck_assert_msg(str_starts(str_text(&printed), first), "%s", str_text(&printed));
	ck_assert_msg(str_ends(str_text(&printed), "\nroot\n"), "%s", str_text(&printed));
	/* The folder of the server, before it, may be named alike: the line begins with the path.
	 */
	char *file = strstr(printed.buf, "\n/tmp/prov-") + 1;
	file = strstr(file, "\n/tmp/prov-") + 1;
	file[strcspn(file, "\n")] = '\0';
	ck_assert_msg(access(file, F_OK) < 0, "'%s' is left", file);
	finish(&spec, items);
}
END_TEST

START_TEST(test_timeout)
{
	struct machine_spec spec;
	struct provision_item items[2];
	struct err err = {0};

	if (!sshd_begin(&sshd, _i))
		return;
	fill(&spec, items);
	items[0].script = xstrdup("echo first");
	items[1].name = xstrdup("slow");
	items[1].user = xstrdup(FAKE_SSHD_USER);
	items[1].script = xstrdup("(sleep 4323) & sleep 4323");
	items[1].timeout_ns = 1000000000;
	ck_assert_int_eq(apply_all(&spec, &err), -1);
	ck_assert_str_eq(err.message, "script 'slow': '/bin/sh' ran longer than 1 s");
	ck_assert_str_eq(str_text(&printed), "first\n");
	finish(&spec, items);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("provisioners_over_ssh");
	TCase *tc = tcase_create("scripts");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_users_and_interpreters, 0, 2);
	tcase_add_loop_test(tc, test_timeout, 0, 2);
	suite_add_tcase(s, tc);
	return suite_finish(s);
}
