/* Subnets that somebody else has: another lab, by its journal, and the host, by its routes. */
#include "lab/network/networks.h"

#include "base/fs.h"
#include "tests/fake/check_util.h"
#include "tests/unit/lab/lab_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fixture fixture;

static void begin(void)
{
	lab_fixture_begin(&fixture);
	lab_fixture_write(fixture.project,
	        "prov: 1\nlab: shop\ndefaults: { box: tiny }\n"
	        "networks: { lan: { subnet: 10.200.40.0/24 } }\n"
	        "machines: { web: { networks: lan } }\n");
}

static void end(void)
{
	lab_fixture_end(&fixture);
}

START_TEST(a_written_subnet_of_another_lab)
{
	struct lab lab, other;
	struct err err = {0};
	AUTO_FREE char *folder = xasprintf("%s/other", fixture.root);

	lab_fixture_allocate(fixture.project, &lab);
	lab_fixture_write(folder,
	        "prov: 1\nlab: other\ndefaults: { box: tiny }\n"
	        "networks: { wide: { subnet: 10.200.0.0/16 } }\n"
	        "machines: { a: { networks: wide } }\n");
	lab_fixture_open(folder, &other);
	ck_assert_ptr_null(other.id);
	ck_assert_int_eq(alloc_check(&other, &err), -1);
	AUTO_FREE char *message =
	        xasprintf("the subnet 10.200.0.0/16 of the network 'wide' overlaps with "
	                  "10.200.40.0/24, the network 'lan' of lab 'shop' (%s)",
	                lab.id);
	AUTO_FREE char *hint = xasprintf("write another subnet, or none, and a free one is found; "
	                                 "or prov destroy --lab %s",
	        lab.id);
	ck_assert_str_eq(err.message, message);
	ck_assert_str_eq(err.hint, hint);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_ptr_null(other.id);
	lab_clear(&other);
	lab_clear(&lab);
}
END_TEST

/* Whether the file has a subnet or one is to be found. */
START_TEST(a_journal_that_cannot_be_read)
{
	static const char head[] = "prov: 1\nlab: other\ndefaults: { box: tiny }\n"
	                           "machines: { a: { networks: wide } }\n"
	                           "networks: { wide: ";
	static const char *const networks[] = {"{ subnet: 10.77.0.0/24 }", "{ }"};
	AUTO_FREE char *folder = xasprintf("%s/other", fixture.root);
	struct lab lab, other;

	lab_fixture_allocate(fixture.project, &lab);
	AUTO_FREE char *id = xstrdup(lab.id);
	AUTO_FREE char *path = xasprintf("%s/lab.journal", lab.dir);
	lab_clear(&lab);
	struct err err = {0};
	ck_assert_int_eq(fs_unlink(path, &err), 0);
	ck_assert_int_eq(fs_mkdirs(path, 0755, &err), 0);
	AUTO_FREE char *wanted = xasprintf("look for the subnets that lab '%s' has: ", id);
	for (size_t i = 0; i < ARRAY_SIZE(networks); i++) {
		AUTO_FREE char *text = xasprintf("%s%s }\n", head, networks[i]);
		lab_fixture_write(folder, text);
		lab_fixture_open(folder, &other);
		err = (struct err){0};
		ck_assert_int_eq(lab_lock(&other, &err), 0);
		ck_assert_int_eq(alloc_network(&other, &err), -1);
		ck_assert_msg(str_starts(err.message, wanted), "%s", err.message);
		ck_assert_ptr_nonnull(strstr(err.message, path));
		ck_assert_str_eq(err.hint,
		        "mend or remove that file: without it they could be given out twice");
		ck_assert_ptr_null(lab_fixture_fact(&other, "net.wide.subnet"));
		lab_clear(&other);
	}
}
END_TEST

START_TEST(a_written_subnet_of_the_host)
{
	struct lab lab;
	struct err err = {0};
	AUTO_STR routes = {0}, text = {0};
	char device[16];
	unsigned to, mask;
	bool found = false;

	ck_assert_int_eq(fs_read("/proc/net/route", 1 << 20, &routes, &err), 0);
	for (char *line = strchr(str_text(&routes), '\n'); line && !found;
	        line = strchr(line + 1, '\n'))
		found = sscanf(line, "%15s %x %*x %*x %*d %*d %*d %x", device, &to, &mask) == 3 &&
		        mask == 0x00ffffff;
	if (!found) {
		puts("SKIP this host has no route to a subnet of 24 bits");
		return;
	}
	str_addf(&text,
	        "prov: 1\ndefaults: { box: tiny }\nnetworks: { lan: { subnet: %u.%u.%u.0/24 } }\n"
	        "machines: { a: { networks: lan } }\n",
	        to & 255, to >> 8 & 255, to >> 16 & 255);
	lab_fixture_write(fixture.project, str_text(&text));
	lab_fixture_open(fixture.project, &lab);
	ck_assert_int_eq(alloc_check(&lab, &err), -1);
	AUTO_FREE char *by = xasprintf("overlaps with the host's route %u.%u.%u.0/24 by %s",
	        to & 255, to >> 8 & 255, to >> 16 & 255, device);
	ck_assert_msg(strstr(err.message, by) != NULL, "%s", err.message);
	lab_clear(&lab);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {a_written_subnet_of_another_lab,
	        a_journal_that_cannot_be_read, a_written_subnet_of_the_host};

	return suite_run("networks taken", tests, ARRAY_SIZE(tests), begin, end);
}
