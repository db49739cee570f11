/* Rights that a host cannot give: what is left out with a warning, and what is an error. */
#include "oci/rights.h"

#include "base/fs.h"
#include "base/io.h"
#include "oci/config.h"
#include "tests/fake/check_util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err err;

static void parse(const char *version, const char *caps, struct oci_config *out)
{
	AUTO_FREE char *text = xasprintf(
	        "{\"ociVersion\": \"%s\", \"root\": {\"path\": \"r\"}, \"process\": {\"cwd\": "
	        "\"/\", \"args\": [\"true\"], \"capabilities\": {\"bounding\": [%s]}}, "
	        "\"linux\": {}}",
	        version, caps);

	ck_ok(config_parse("/b", "config.json", text, out, &err));
}

START_TEST(unknown_capabilities_are_left_out_and_said)
{
	char log[] = "/tmp/prov-oci-rights-XXXXXX";
	int fd = mkstemp(log);
	struct oci_call call = {.o = {.log = log}};
	struct oci_config c;
	AUTO_STR text = {0};

	ck_assert_int_ge(fd, 0);
	close(fd);
	parse("1.0.2", "\"CAP_KILL\", \"CAP_TEST\", \"KILL\"", &c);
	ck_assert_uint_eq(c.process.confine.caps.bounding, UINT64_C(1) << CAP_KILL);
	c.process.confine.caps = (struct caps){0};
	ck_ok(rights_judge(&call, &c.process, true, &err));
	ck_ok(fs_read(log, 4096, &text, &err));
	ck_has(str_text(&text),
	        "warning: process.capabilities.bounding[1]: there is "
	        "no capability 'CAP_TEST'\n");
	ck_has(str_text(&text), "bounding[2]: there is no capability 'KILL'\n");
	config_clear(&c);
	unlink(log);
}
END_TEST

START_TEST(the_version_decides_what_a_missing_right_is)
{
	static const struct {
		const char *version;
		bool before;
	} rows[] = {{"1.0.0", true}, {"1.0.2-dev", true}, {"1.1.0", false}, {"1.2.1", false}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct oci_config c;
		parse(rows[i].version, "\"CAP_KILL\"", &c);
		ck_assert_int_eq(c.before_1_1, rows[i].before);
		config_clear(&c);
	}
}
END_TEST

/* In a process without any capability, whatever the test has. */
static int judged(bool strict, struct err *why)
{
	struct oci_call call = {0};
	struct oci_process p = {.confine.caps.permitted = UINT64_C(1) << CAP_KILL};
	int line[2], status;

	ck_assert_int_eq(pipe(line), 0);
	pid_t pid = fork();
	if (pid == 0) {
		cap_t none = cap_init();
		struct err said = {0};
		if (cap_set_proc(none) < 0)
			_exit(77);
		int rc = rights_judge(&call, &p, strict, &said) < 0;
		_exit(write(line[1], &said, sizeof(said)) == sizeof(said) ? rc : 78);
	}
	close(line[1]);
	ck_assert_int_eq(io_read_full(line[0], why, sizeof(*why)), sizeof(*why));
	close(line[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

START_TEST(what_cannot_be_granted_is_an_error_if_strict)
{
	struct err why;

	ck_assert_int_eq(judged(true, &why), 1);
	ck_assert_str_eq(why.message, "process.capabilities: CAP_KILL cannot be granted here");
	ck_has(why.hint, "from ociVersion 1.1.0 on");
	ck_assert_int_eq(judged(false, &why), 0);
}
END_TEST

START_TEST(labels_of_other_kernels_mean_nothing)
{
	struct oci_call call = {0};
	struct oci_process p = {.selinux = xstrdup("x"), .apparmor = xstrdup("y")};

	ck_ok(rights_judge(&call, &p, true, &err));
	ck_assert_int_eq(p.selinux != NULL, fs_exists("/sys/fs/selinux/enforce"));
	ck_assert_int_eq(p.apparmor != NULL, fs_exists("/proc/thread-self/attr/apparmor/exec"));
	free(p.selinux);
	free(p.apparmor);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {unknown_capabilities_are_left_out_and_said,
	        the_version_decides_what_a_missing_right_is,
	        what_cannot_be_granted_is_an_error_if_strict, labels_of_other_kernels_mean_nothing};

	return suite_run("oci_rights", tests, ARRAY_SIZE(tests), NULL, NULL);
}
