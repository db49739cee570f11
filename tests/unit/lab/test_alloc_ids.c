/* User ids for containers: allocated once, unlike those of other machines and labs. */
#include "tests/unit/lab/lab_fixture.h"

#include "base/fs.h"
#include "lab/prepare.h"
#include "tests/fake/check_util.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/time.h>
#include <unistd.h>

static const char two[] = "prov: 1\n"
                          "defaults: { box: tiny, provider: container, networks: none }\n"
                          "machines: { web: { provider: both }, db: {} }\n";

static struct fixture fixture;
static struct err err;

static void begin(void)
{
	lab_fixture_begin(&fixture);
	lab_fixture_write(fixture.project, two);
}

static void end(void)
{
	lab_fixture_end(&fixture);
}

static void open_lab(const char *folder, struct lab *lab)
{
	lab_fixture_open(folder, lab);
	ck_ok(lab_lock(lab, &err));
	ck_ok(alloc_ids(lab, &err));
}

static long base_of(const struct lab *lab, const char *key)
{
	const char *value = journal_fact(journal_state(lab->journal), key);

	return value ? atol(value) : 0;
}

START_TEST(a_range_for_each_container)
{
	struct lab lab;

	open_lab(fixture.project, &lab);
	ck_assert_int_eq(base_of(&lab, "ids.web@container"), 0x70000000);
	ck_assert_int_eq(base_of(&lab, "ids.db@container"), 0x70010000);
	ck_assert_int_eq(base_of(&lab, "ids.web@kvm"), 0);
	for (size_t i = 0; i < lab.n; i++) {
		struct machine_spec *spec = &lab.machines[i].spec;
		alloc_fill(journal_state(lab.journal), spec);
		ck_assert_int_eq(spec->container.id_base != 0, str_eq(spec->provider, "container"));
	}
	lab_clear(&lab);
}
END_TEST

START_TEST(kept_and_given_back)
{
	struct lab lab;

	open_lab(fixture.project, &lab);
	lab_clear(&lab);
	lab_fixture_write(fixture.project,
	        "prov: 1\ndefaults: { box: tiny, networks: none }\nmachines: { new: {}, db: {} "
	        "}\n");
	open_lab(fixture.project, &lab);
	ck_assert_int_eq(base_of(&lab, "ids.db@container"), 0x70010000);
	ck_assert_int_eq(base_of(&lab, "ids.new@container"), 0x70000000);
	ck_assert_int_eq(base_of(&lab, "ids.web@container"), 0);
	lab_clear(&lab);
}
END_TEST

START_TEST(two_labs_share_none)
{
	AUTO_FREE char *other = xasprintf("%s/other", fixture.root);
	struct lab a, b;

	lab_fixture_write(other, two);
	open_lab(fixture.project, &a);
	open_lab(other, &b);
	ck_assert_int_eq(base_of(&b, "ids.web@container"), 0x70020000);
	ck_assert_int_eq(base_of(&b, "ids.db@container"), 0x70030000);
	lab_clear(&a);
	lab_clear(&b);
}
END_TEST

START_TEST(strangers_give_theirs_back)
{
	struct lab lab;

	lab_fixture_open(fixture.project, &lab);
	ck_ok(lab_lock(&lab, &err));
	for (unsigned range = 0x7000; range <= 0x7ffe; range++) {
		AUTO_FREE char *key = xasprintf("ids.other%u", range);
		AUTO_FREE char *value = xasprintf("%u", range << 16);
		ck_ok(journal_set(lab.journal, key, value, &err));
	}
	/* No machine of the file has them. */
	ck_ok(alloc_ids(&lab, &err));
	ck_assert_int_eq(base_of(&lab, "ids.web@container"), 0x70000000);
	lab_clear(&lab);
}
END_TEST

static void other_home(const char *name)
{
	AUTO_FREE char *home = xasprintf("%s/%s", fixture.root, name);

	setenv("PROV_HOME", home, 1);
}

static bool only_root(void)
{
	if (geteuid() == 0)
		return true;
	printf("SKIP alloc_ids: only root reserves ids of the host\n");
	return false;
}

START_TEST(two_homes_share_none)
{
	AUTO_FREE char *other = xasprintf("%s/other", fixture.root);
	struct lab a, b;

	if (!only_root())
		return;
	lab_fixture_write(other, two);
	open_lab(fixture.project, &a);
	other_home("home2");
	open_lab(other, &b);
	ck_assert_int_eq(base_of(&a, "ids.db@container"), 0x70010000);
	ck_assert_int_eq(base_of(&b, "ids.web@container"), 0x70020000);
	ck_assert_int_eq(base_of(&b, "ids.db@container"), 0x70030000);
	ck_ok(alloc_ids(&b, &err)); /* its own are its own */
	ck_assert_int_eq(base_of(&b, "ids.web@container"), 0x70020000);
	lab_clear(&a);
	lab_clear(&b);
}
END_TEST

/* As after a boot of the host: who comes up first keeps what the journal says. */
START_TEST(a_range_that_went_to_another_home)
{
	AUTO_FREE char *other = xasprintf("%s/other", fixture.root);
	AUTO_FREE char *registry = xasprintf("%s/prov-ids", fixture.root);
	struct lab a, b;

	if (!only_root())
		return;
	lab_fixture_write(other, two);
	open_lab(fixture.project, &a);
	lab_clear(&a);
	ck_ok(fs_remove_tree(registry, &err));
	other_home("home2");
	open_lab(other, &b);
	ck_assert_int_eq(base_of(&b, "ids.web@container"), 0x70000000);
	other_home("home");
	open_lab(fixture.project, &a);
	ck_assert_int_eq(base_of(&a, "ids.web@container"), 0x70020000);
	ck_assert_int_eq(base_of(&a, "ids.db@container"), 0x70030000);
	lab_clear(&a);
	/* Nobody needs to give back what a lab had that is gone. */
	AUTO_FREE char *labs = xasprintf("%s/home/labs", fixture.root);
	ck_ok(fs_remove_tree(labs, &err));
	ck_ok(alloc_ids(&b, &err));
	AUTO_FREE char *third = xasprintf("%s/third", fixture.root);
	lab_fixture_write(third, two);
	other_home("home3");
	open_lab(third, &a);
	ck_assert_int_eq(base_of(&a, "ids.web@container"), 0x70020000);
	lab_clear(&a);
	lab_clear(&b);
}
END_TEST

START_TEST(given_back_by_the_lab)
{
	AUTO_FREE char *registry = xasprintf("%s/prov-ids", fixture.root);
	struct lab lab;

	if (!only_root())
		return;
	open_lab(fixture.project, &lab);
	ck_assert(fs_exists(registry));
	ck_ok(lab_steps_down(&lab, NULL, &err));
	ck_assert(!fs_exists(registry));
	lab_clear(&lab);
}
END_TEST

START_TEST(a_journal_that_cannot_be_read)
{
	AUTO_FREE char *other = xasprintf("%s/other", fixture.root);
	struct lab a, b;

	lab_fixture_write(other, two);
	open_lab(fixture.project, &a);
	AUTO_FREE char *id = xstrdup(a.id);
	AUTO_FREE char *path = xasprintf("%s/lab.journal", a.dir);
	lab_clear(&a);
	ck_ok(fs_unlink(path, &err));
	ck_ok(fs_mkdirs(path, 0755, &err));
	lab_fixture_open(other, &b);
	ck_ok(lab_lock(&b, &err));
	ck_assert_int_eq(alloc_ids(&b, &err), -1);
	AUTO_FREE char *begin = xasprintf("look for the user ids that lab '%s' has: ", id);
	ck_assert_msg(str_starts(err.message, begin), "%s", err.message);
	ck_has(err.message, path);
	ck_assert_str_eq(
	        err.hint, "mend or remove that file: without it they could be given out twice");
	ck_assert_int_eq(base_of(&b, "ids.web@container"), 0);
	lab_clear(&b);
}
END_TEST

static void ignore(int sig)
{
	(void)sig;
}

/* Also where who holds it was stopped. */
START_TEST(ctrl_c_ends_the_wait)
{
	const struct sigaction action = {.sa_handler = ignore};
	const struct itimerval often = {{0, 50000}, {0, 50000}};
	AUTO_FREE char *path = xasprintf("%s/prov-ids", fixture.root);
	struct lab lab;

	if (geteuid() != 0) {
		printf("SKIP alloc_ids: only root reserves user ids\n");
		return;
	}
	open_lab(fixture.project, &lab);
	AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	ck_assert_int_eq(alloc_ids(&lab, &err), -1);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL), 0);
	ck_assert_int_eq(err.kind, ERR_INTERRUPTED);
	lab_clear(&lab);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {a_range_for_each_container, kept_and_given_back,
	        two_labs_share_none, strangers_give_theirs_back, two_homes_share_none,
	        a_range_that_went_to_another_home, given_back_by_the_lab, ctrl_c_ends_the_wait,
	        a_journal_that_cannot_be_read};

	return suite_run("alloc_ids", tests, ARRAY_SIZE(tests), begin, end);
}
