/* The steps that need libvirt, on its built-in test driver, through the runner. */
#include "core/console.h"
#include "core/run.h"
#include "providers/kvm/kvm.h"
#include "providers/kvm/power.h"
#include "tests/fake/check_util.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct lab {
	char home[64];
	struct machine_spec spec;
	struct names names;
	virConnectPtr keep; /* the test driver forgets everything with its last connection */
	struct step steps[2];
	struct runner runner;
};

struct heard {
	struct event_sink sink;
	struct str text;
};

static void set_up(struct lab *lab)
{
	const struct provider *p = &prov_kvm_provider;
	struct err err = {0};
	size_t n = 0;

	*lab = (struct lab){.home = "/tmp/prov-test-kvm-XXXXXX"};
	ck_assert_ptr_nonnull(mkdtemp(lab->home));
	spec_init(&lab->spec);
	lab->spec.lab_id = xstrdup("0a1b2c");
	lab->spec.name = xstrdup("web");
	lab->spec.provider = xstrdup("kvm");
	lab->spec.selector = xstrdup("web@kvm");
	lab->spec.hostname = xstrdup("web");
	lab->spec.memory_bytes = 128LL << 20;
	free(lab->spec.kvm.uri);
	lab->spec.kvm.uri = xstrdup("test:///default");
	names_derive(&lab->names, lab->home, "0a1b2c", "web", "kvm");
	ck_assert_int_eq(libvirt_open(lab->spec.kvm.uri, &lab->keep, &err), 0);
	for (size_t i = 0; i < p->n_steps; i++)
		if (str_eq(p->steps[i].name, "kvm.define") || str_eq(p->steps[i].name, "kvm.start"))
			lab->steps[n++] = p->steps[i];
	ck_assert_uint_eq(n, 2);
	lab->runner = (struct runner){.provider = p,
	        .spec = &lab->spec,
	        .names = &lab->names,
	        .machine = "web@kvm",
	        .steps = lab->steps,
	        .n_steps = n};
	ck_assert_int_eq(p->open(&lab->spec, &lab->names, &lab->runner.session, &err), 0);
	ck_assert_msg(journal_open(lab->names.journal, &lab->runner.journal, &err) == 0, "%s",
	        err.message);
}

static void tear_down(struct lab *lab)
{
	struct err err = {0};

	journal_close(lab->runner.journal);
	prov_kvm_provider.close(lab->runner.session);
	libvirt_close(&lab->keep);
	ck_assert_int_eq(fs_remove_tree(lab->home, &err), 0);
	names_clear(&lab->names);
	spec_clear(&lab->spec);
}

static struct status look(struct lab *lab)
{
	struct status status = {0};
	struct err err = {0};

	ck_assert_msg(prov_kvm_provider.inspect(lab->runner.session, &status, &err) == 0, "%s",
	        err.message);
	return status;
}

static void up(struct lab *lab, bool *changed)
{
	const struct up_options options = {0};
	struct status world = look(lab);
	struct err err = {0};

	ck_assert_msg(
	        run_up(&lab->runner, &world, &options, changed, &err) == 0, "%s", err.message);
}

START_TEST(life)
{
	struct lab lab;
	struct err err = {0};
	bool changed;

	set_up(&lab);
	ck_assert_int_eq(look(&lab).state, MACHINE_ABSENT);
	up(&lab, &changed);
	ck_assert(changed);
	ck_assert_int_eq(look(&lab).state, MACHINE_RUNNING);
	up(&lab, &changed);
	ck_assert(!changed);

	ck_assert_msg(run_halt(&lab.runner, &changed, &err) == 0, "%s", err.message);
	ck_assert_int_eq(look(&lab).state, MACHINE_HALTED);
	up(&lab, &changed);
	ck_assert(changed);
	ck_assert_int_eq(look(&lab).state, MACHINE_RUNNING);

	ck_assert_msg(run_destroy(&lab.runner, &err) == 0, "%s", err.message);
	ck_assert_int_eq(look(&lab).state, MACHINE_ABSENT);
	ck_assert_msg(run_destroy(&lab.runner, &err) == 0, "%s", err.message);
	tear_down(&lab);
}
END_TEST

START_TEST(world_wins)
{
	struct lab lab;
	bool changed;

	set_up(&lab);
	up(&lab, &changed);
	virDomainPtr domain = virDomainLookupByName(lab.keep, lab.names.domain);
	ck_assert_int_eq(virDomainSuspend(domain), 0);
	ck_assert_int_eq(look(&lab).state, MACHINE_SUSPENDED);
	ck_assert_int_eq(virDomainDestroy(domain), 0);
	ck_assert_int_eq(look(&lab).state, MACHINE_HALTED);
	up(&lab, &changed);
	ck_assert(changed);
	ck_assert_int_eq(virDomainDestroy(domain), 0);
	ck_assert_int_eq(virDomainUndefine(domain), 0);
	virDomainFree(domain);
	ck_assert_int_eq(look(&lab).state, MACHINE_ABSENT);
	up(&lab, &changed);
	ck_assert_int_eq(look(&lab).state, MACHINE_RUNNING);
	tear_down(&lab);
}
END_TEST

/* Somebody's domain that happens to have the name. */
START_TEST(strangers_are_left_alone)
{
	const struct up_options options = {0};
	const struct status absent = {.state = MACHINE_ABSENT};
	struct lab lab;
	struct status status;
	struct err err = {0};
	bool changed;

	set_up(&lab);
	AUTO_FREE char *xml = xasprintf(
	        "<domain type='test'><name>%s</name><memory>8192</memory><os><type>hvm</type></os>"
	        "</domain>",
	        lab.names.domain);
	virDomainPtr domain = virDomainDefineXML(lab.keep, xml);
	ck_assert_ptr_nonnull(domain);
	ck_assert_int_eq(prov_kvm_provider.inspect(lab.runner.session, &status, &err), -1);
	ck_assert_str_eq(err.message, "the domain 'prov-0a1b2c-web' was not made by prov");
	ck_assert_int_eq(run_up(&lab.runner, &absent, &options, &changed, &err), -1);
	ck_assert_str_eq(err.message, "the domain 'prov-0a1b2c-web' was not made by prov");
	ck_assert_int_eq(run_destroy(&lab.runner, &err), -1);
	ck_assert_str_eq(err.message, "the domain 'prov-0a1b2c-web' was not made by prov");
	ck_assert_int_eq(virDomainIsPersistent(domain), 1);
	virDomainFree(domain);
	tear_down(&lab);
}
END_TEST

START_TEST(shut_down_says_so)
{
	struct lab lab;
	struct err err = {0};
	int now = 1;
	bool changed, stopped;

	set_up(&lab);
	up(&lab, &changed);
	virDomainPtr domain = virDomainLookupByName(lab.keep, lab.names.domain);
	ck_assert_int_eq(power_shut_down(domain, 1000000000, &now, &stopped, &err), -1);
	ck_assert_int_eq(err.kind, ERR_INTERRUPTED);
	ck_assert_int_eq(virDomainIsActive(domain), 1);
	ck_assert_int_eq(power_shut_down(domain, 0, NULL, &stopped, &err), 0);
	ck_assert(!stopped);
	ck_assert_int_eq(power_shut_down(domain, INT64_C(5000000000), NULL, &stopped, &err), 0);
	ck_assert(stopped);
	virDomainFree(domain);
	tear_down(&lab);
}
END_TEST

START_TEST(usage_needs_a_running_machine)
{
	struct lab lab;
	struct usage usage;
	struct err err = {0};
	bool changed;

	set_up(&lab);
	ck_assert_int_eq(prov_kvm_provider.usage(lab.runner.session, &usage, &err), -1);
	ck_assert_str_eq(err.message, "the machine 'web@kvm' is not running");
	up(&lab, &changed);
	ck_assert_int_eq(prov_kvm_provider.usage(lab.runner.session, &usage, &err), 0);
	ck_assert_int_eq(usage.memory_bytes, -1);
	ck_assert_str_eq(usage.method, "not known: QEMU is on another host, or not ours to read");
	ck_assert_int_eq(prov_kvm_provider.connect(lab.runner.session, 0, NULL, NULL, &err), -1);
	ck_assert_str_eq(
	        err.message, "the machine 'web@kvm' has no network, so SSH cannot reach it");
	tear_down(&lab);
}
END_TEST

static void note_event(struct event_sink *sink, const struct event *event)
{
	struct heard *heard = (struct heard *)sink;

	if (event->kind == EVENT_OUTPUT)
		str_addn(&heard->text, event->text, event->text_n);
}

/* Of a machine whose step has a time limit of 100 ms. */
static int wait_ready(struct lab *lab, struct err *err)
{
	const struct provider *p = &prov_kvm_provider;
	const struct step *step = p->steps;

	while (!str_eq(step->name, "kvm.ready"))
		step++;
	lab->spec.kvm.boot_timeout_ns = 100000000;
	struct run run = {.spec = &lab->spec,
	        .names = &lab->names,
	        .session = lab->runner.session,
	        .step = step,
	        .runner = &lab->runner};
	return step->apply(&run, err);
}

START_TEST(without_a_network_init_is_waited_for)
{
	struct heard heard = {.sink = {.emit = note_event}};
	struct lab lab;
	struct err err = {0};
	bool changed;

	set_up(&lab);
	up(&lab, &changed);
	lab.runner.sink = &heard.sink;
	ck_assert_int_eq(wait_ready(&lab, &err), -1);
	ck_assert_str_eq(err.message,
	        "the guest did not report its init within 100 ms (the guest "
	        "reported no phase); its serial console is empty");
	ck_assert_int_eq(fs_replace(lab.names.console, "one\ntwo\n", 8, 0600, &err), 0);
	ck_assert_int_eq(fs_replace(lab.names.phases, "initrd\n", 7, 0600, &err), 0);
	ck_assert_int_eq(wait_ready(&lab, &err), -1);
	/* One line, as status shows it; the console goes where output goes. */
	ck_assert_str_eq(err.message,
	        "the guest did not report its init within 100 ms (its last phase was kernel)");
	ck_assert_str_eq(str_text(&heard.text), "one\ntwo\n");
	ck_assert_int_eq(fs_replace(lab.names.phases, "initrd\ninit\n", 12, 0600, &err), 0);
	ck_assert_msg(wait_ready(&lab, &err) == 0, "%s", err.message);
	str_clear(&heard.text);
	tear_down(&lab);
}
END_TEST

START_TEST(the_consoles_tail)
{
	struct lab lab;
	AUTO_STR out = {0};
	struct err err = {0};
	const char *text = "first line\r\nsecond \x1b[31mred\r\nlast";

	set_up(&lab);
	console_tail(lab.names.console, 1000, &out);
	ck_assert_str_eq(str_text(&out), "");
	ck_assert_int_eq(fs_replace(lab.names.console, text, strlen(text), 0600, &err), 0);
	console_tail(lab.names.console, 1000, &out);
	ck_assert_str_eq(str_text(&out), "first line\nsecond \\x1b[31mred\nlast\n");
	str_reset(&out);
	console_tail(lab.names.console, 12, &out); /* a line that is not whole is left out */
	ck_assert_str_eq(str_text(&out), "last\n");
	tear_down(&lab);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kvm steps");
	TCase *t = tcase_create("kvm steps");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, life);
	tcase_add_test(t, world_wins);
	tcase_add_test(t, strangers_are_left_alone);
	tcase_add_test(t, shut_down_says_so);
	tcase_add_test(t, usage_needs_a_running_machine);
	tcase_add_test(t, without_a_network_init_is_waited_for);
	tcase_add_test(t, the_consoles_tail);
	suite_add_tcase(s, t);
	return suite_finish(s);
}
