/* The steps that need libvirt, on its built-in test driver, through the runner; the measurement;
 * the phases; what the provider refuses. */
#include "base/fs.h"
#include "core/console.h"
#include "core/run.h"
#include "net/libvirt/conn.h"
#include "providers/kvm/accel.h"
#include "providers/kvm/kvm.h"
#include "providers/kvm/phases.h"
#include "providers/kvm/power.h"
#include "tests/fake/check_util.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static void check_refused(const struct machine_spec *spec, const char *message)
{
	struct err err = {0};

	ck_assert_int_eq(prov_kvm_provider.check_spec(spec, &err), -1);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_str_eq(err.message, message);
}

START_TEST(spec_is_checked)
{
	struct machine_spec spec = {0};
	struct err err = {0};

	spec_init(&spec);
	spec.memory_bytes = 128LL << 20;
	spec.box.name = xstrdup("debian/12");
	ck_assert_int_eq(prov_kvm_provider.check_spec(&spec, &err), 0); /* not looked up yet */
	spec.box.digest = xstrdup("0123");
	check_refused(&spec, "box: 'debian/12' has no disk, so it cannot be a virtual machine");
	spec.box.disk = xstrdup("/d");
	ck_assert_int_eq(prov_kvm_provider.check_spec(&spec, &err), 0); /* it boots by itself */
	spec.box.kernel = xstrdup("/k");
	check_refused(&spec, "box: 'debian/12' has no initrd, so it cannot be a virtual machine");
	spec.box.initrd = xstrdup("/i");
	ck_assert_int_eq(prov_kvm_provider.check_spec(&spec, &err), 0);
	spec.memory_bytes = 1024;
	check_refused(&spec, "memory: 1024 bytes is less than the 32MiB that a kernel needs");
	spec.memory_bytes = 128LL << 20;
	spec.network_mode = NET_HOST;
	check_refused(&spec, "networks: host is for containers; a virtual machine has its own");
	spec.network_mode = NET_NONE;
	spec.ready.type = READY_LOG;
	ck_assert_int_eq(prov_kvm_provider.check_spec(&spec, &err), 0);
	spec.ready.type = READY_EXEC;
	check_refused(
	        &spec, "ready: exec needs a network with kvm: 'networks: none' leaves no way in");
	spec.ready.type = READY_NONE;
	spec.n_provision = 1;
	check_refused(
	        &spec, "provision needs a network with kvm: 'networks: none' leaves no way in");
	spec.n_provision = 0;
	spec.network_mode = NET_LAB;
	free(spec.kvm.accelerator);
	spec.kvm.accelerator = xstrdup("xen");
	check_refused(&spec, "kvm.accelerator: 'xen' is none of auto, kvm, tcg");
	free(spec.kvm.accelerator);
	spec.kvm.accelerator = NULL;
	/* The header of a qcow2 disk of 4 MiB. */
	char path[] = "/tmp/prov-test-disk-XXXXXX", header[32] = "QFI\xfb";
	AUTO_FD int fd = mkstemp(path);
	header[29] = 0x40;
	ck_assert_int_eq(write(fd, header, sizeof(header)), sizeof(header));
	free(spec.box.disk);
	spec.box.disk = xstrdup(path);
	spec.disk_bytes = 1 << 20;
	check_refused(&spec, "disk: 1 MiB is less than the box 'debian/12' has (4 MiB)");
	spec.disk_bytes = 4 << 20;
	ck_assert_int_eq(prov_kvm_provider.check_spec(&spec, &err), 0);
	unlink(path);
	spec_clear(&spec);
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
	Suite *s = suite_create("kvm steps");
	TCase *t = tcase_create("kvm steps");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, life);
	tcase_add_test(t, world_wins);
	tcase_add_test(t, strangers_are_left_alone);
	tcase_add_test(t, shut_down_says_so);
	tcase_add_test(t, usage_needs_a_running_machine);
	tcase_add_test(t, spec_is_checked);
	tcase_add_test(t, without_a_network_init_is_waited_for);
	tcase_add_test(t, doctor_tells_who_may_not_open_kvm);
	tcase_add_test(t, phases_arrive);
	tcase_add_test(t, the_consoles_tail);
	tcase_add_test(t, measurement_is_sane);
	tcase_add_test(t, this_host_is_measured);
	suite_add_tcase(s, t);
	return suite_finish(s);
}
