/* What the keys below container: change, seen from inside. */
#include "tests/unit/providers/container_fixture.h"

#include <linux/capability.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define err ctr_err

START_TEST(a_read_only_root)
{
	ctr.spec.container.read_only = true;
	ck_ok(ctr_up());
	ck_assert_int_ne(ctr_sh("touch /etc/x"), 0);
	ck_has(str_text(&ctr.out), "Read-only file system");
	ck_assert_int_ne(ctr_sh("mount -o remount,rw /"), 0);
	ctr_says("touch /tmp/x /run/x /dev/shm/x /var/tmp/x; stat -c %a /tmp; cat /etc/hostname",
	        "1777\nweb\n");
	/* prov still keeps names and hosts. */
	free(ctr.spec.hostname);
	ctr.spec.hostname = xstrdup("other");
	struct run run = {.spec = &ctr.spec,
	        .names = &ctr.names,
	        .session = ctr.runner.session,
	        .runner = &ctr.runner};
	ck_ok(container_upper_apply(&run, &err));
	ctr_says("cat /etc/hostname; touch /etc/x 2>/dev/null || echo still", "other\nstill\n");
}
END_TEST

START_TEST(privileged_is_root_of_the_host)
{
	ctr.spec.container.privileged = true;
	ck_ok(ctr_up());
	ctr_says("tr -s ' ' </proc/self/uid_map", " 0 0 4294967295\n");
	ctr_says("test -w /proc/sys/kernel/domainname && echo open; "
	         "grep -c ' /proc/' /proc/self/mounts; true",
	        "open\n0\n");
	ctr_says("sed -n 's/^CapBnd:\t//p' /proc/1/status | grep -c '^000001f'", "1\n");
}
END_TEST

START_TEST(a_device_of_the_host)
{
	struct stat st;

	if (stat("/dev/fuse", &st) < 0) {
		printf("SKIP devices: there is no /dev/fuse\n");
		return;
	}
	strv_add(&ctr.spec.container.devices, "/dev/fuse");
	strv_add(&ctr.spec.container.devices, "/dev/fuse:/dev/other/f:r");
	ck_ok(ctr_up());
	AUTO_FREE char *expect = xasprintf("%x:%x\n%x:%x\n", major(st.st_rdev), minor(st.st_rdev),
	        major(st.st_rdev), minor(st.st_rdev));
	ctr_says("stat -c %t:%T /dev/fuse /dev/other/f", expect);
	ck_assert_int_ne(ctr_sh("chmod 600 /dev/fuse"), 0);
	if (st.st_mode & 04)
		ctr_says("exec 3</dev/fuse && echo opened", "opened\n");
}
END_TEST

/* Where root inside is the host's, a node of the host must not be his to change. */
START_TEST(a_device_keeps_its_mode_from_root_too)
{
	struct stat before, after;

	ck_assert_int_eq(stat("/dev/null", &before), 0);
	ctr.spec.container.privileged = true;
	strv_add(&ctr.spec.container.devices, "/dev/null:/dev/other");
	ck_ok(ctr_up());
	ctr_says("echo x >/dev/other && echo written", "written\n");
	ck_assert_int_ne(ctr_sh("chmod 644 /dev/other"), 0);
	ck_has(str_text(&ctr.out), "Read-only file system");
	ck_assert_int_ne(ctr_sh("chown 7 /dev/other"), 0);
	ck_assert_int_eq(stat("/dev/null", &after), 0);
	ck_assert_uint_eq(after.st_mode, before.st_mode);
	ck_assert_uint_eq(after.st_uid, before.st_uid);
}
END_TEST

START_TEST(a_missing_device_is_named)
{
	strv_add(&ctr.spec.container.devices, "/dev/nosuch");
	ck_fails(ctr_up(), ERR_FAILED,
	        "open the device '/dev/nosuch' of the host: No such file or directory");
	strv_clear(&ctr.spec.container.devices);
	strv_add(&ctr.spec.container.devices, "/etc/passwd:/dev/x");
	ck_fails(ctr_up(), ERR_HOST, "'/etc/passwd' of the host is no device");
}
END_TEST

static double uptime(const char *text)
{
	return strtod(text, NULL);
}

START_TEST(clocks_ahead_of_the_hosts)
{
	AUTO_STR host = {0};

	if (!fs_exists("/proc/self/ns/time")) {
		printf("SKIP time: this kernel has no time namespaces\n");
		return;
	}
	ctr.spec.container.time_offset_ns = INT64_C(864000000000000) + 500000000;
	ck_ok(ctr_up());
	ck_ok(fs_read("/proc/uptime", 64, &host, &err));
	ck_assert_int_eq(ctr_sh("cat /proc/uptime; readlink /proc/self/ns/time >/tmp/own; "
	                        "readlink /proc/1/ns/time | cmp - /tmp/own"),
	        0);
	double ahead = uptime(str_text(&ctr.out)) - uptime(str_text(&host));
	ck_assert_msg(ahead > 863999 && ahead < 864100, "%f s", ahead);
}
END_TEST

START_TEST(capabilities_added_and_dropped)
{
	uint64_t caps;

	strv_add(&ctr.spec.container.caps_add, "NET_ADMIN");
	strv_add(&ctr.spec.container.caps_drop, "cap_chown");
	ck_ok(ctr_up());
	ck_assert_int_eq(ctr_sh("sed -n 's/^CapBnd:\t//p' /proc/1/status"), 0);
	caps = strtoull(str_text(&ctr.out), NULL, 16);
	ck_assert_uint_eq(caps >> CAP_NET_ADMIN & 1, 1);
	ck_assert_uint_eq(caps >> CAP_CHOWN & 1, 0);
	ck_assert_uint_eq(caps >> CAP_KILL & 1, 1);
}
END_TEST

START_TEST(no_new_privileges)
{
	ctr.spec.container.no_new_privileges = true;
	ck_ok(ctr_up());
	ctr_says("grep NoNewPrivs /proc/1/status", "NoNewPrivs:\t1\n");
}
END_TEST

static bool has_ended(void)
{
	return ctr_status().exit_status >= 0;
}

/* PID 1 is a command of the box, and root is the host's: what it may execute again by its own name
 * is not prov (CVE-2019-5736). prov-exec without arguments exits with 2. */
START_TEST(provs_file_is_out_of_reach)
{
	ctr.spec.container.privileged = true;
	free(ctr.spec.container.init);
	ctr.spec.container.init = xstrdup("none");
	strv_add(&ctr.spec.container.command, "/proc/self/exe");
	ck_ok(ctr_up());
	ck_assert(ctr_until(has_ended));
	ck_assert_int_eq(ctr_status().exit_status, 2);
}
END_TEST

static int run_alone(const char *command)
{
	const char *const argv[] = {command, NULL};
	struct transport_cmd cmd = {.argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1};
	struct transport *t;
	int status = -1;

	ck_ok(container_provider.connect(ctr.runner.session, 0, NULL, &t, &err));
	ck_ok(t->ops->run(t, &cmd, &status, &err));
	t->ops->close(t);
	return status;
}

START_TEST(nor_is_it_in_reach_of_exec)
{
	ctr.spec.container.privileged = true;
	ck_ok(ctr_up());
	ck_assert_int_eq(run_alone("/proc/self/exe"), 2);
	ck_assert_int_eq(run_alone("nosuch"), 127);
	ck_assert_int_eq(run_alone("/etc"), 126);
	ck_assert_int_eq(run_alone("true"), 0);
	ctr_says("mkdir /root/m && mount -t tmpfs t /root/m && echo mounted", "mounted\n");
}
END_TEST

START_TEST(a_command_that_is_missing_is_named_by_the_stub_too)
{
	ctr.spec.container.privileged = true;
	free(ctr.spec.container.init);
	ctr.spec.container.init = xstrdup("none");
	strv_add(&ctr.spec.container.command, "nosuch");
	ck_fails(ctr_up(), ERR_FAILED,
	        "cannot start 'nosuch' in the container: No such file or directory");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {a_read_only_root, privileged_is_root_of_the_host,
	        a_device_of_the_host, a_missing_device_is_named,
	        a_device_keeps_its_mode_from_root_too, clocks_ahead_of_the_hosts,
	        capabilities_added_and_dropped, no_new_privileges, provs_file_is_out_of_reach,
	        nor_is_it_in_reach_of_exec, a_command_that_is_missing_is_named_by_the_stub_too};

	if (ctr_world_begin() < 0)
		return getenv("PROV_TEST_MUST_RUN") != NULL;
	int rc = suite_run("container_keys", tests, ARRAY_SIZE(tests), ctr_begin, ctr_end);
	ctr_world_end();
	return rc;
}
