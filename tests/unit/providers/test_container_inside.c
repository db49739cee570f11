/* What a container is from inside, and what of the host does not get in. */
#include "tests/unit/providers/container_fixture.h"

#include "engine/caps.h"
#include "engine/entry.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define err ctr_err

START_TEST(has_its_own_names)
{
	char host[65], after[65];

	ck_assert_int_eq(gethostname(host, sizeof(host)), 0);
	ck_ok(ctr_up());
	ctr_says("hostname; cat /etc/hostname; wc -c </etc/machine-id", "web\nweb\n33\n");
	ck_assert_int_ne(ctr_sh("hostname evil"), 0);
	ck_assert_int_eq(gethostname(after, sizeof(after)), 0);
	ck_assert_str_eq(host, after);
	ctr_says("ip -o link | cut -d: -f2 | grep -v sit0 | grep -v tunl0", " lo\n");
	ctr_says("ping -c 1 -W 2 127.0.0.1 >/dev/null", "");
}
END_TEST

START_TEST(sees_only_its_own_processes)
{
	ck_ok(ctr_up());
	ctr_says("cat /proc/1/comm", "prov-init\n");
	ctr_says("set -- /proc/[0-9]*; test $# -le 3 && echo few", "few\n");
	ctr_says("test ! -e /proc/$(( $(cat /proc/sys/kernel/pid_max) - 1 )); cat "
	         "/proc/self/cgroup | "
	         "grep -v ':/$' | wc -l",
	        "0\n");
}
END_TEST

START_TEST(kernel_files_are_read_only)
{
	ck_ok(ctr_up());
	ctr_says("for f in /proc/sys/kernel/domainname /proc/sysrq-trigger "
	         "/sys/kernel/uevent_helper; "
	         "do (echo x >$f) 2>/dev/null && echo wrote $f; done; "
	         "mkdir /sys/fs/x 2>/dev/null && echo made; true",
	        "");
	ctr_says("cat /proc/timer_list /proc/keys /proc/kcore 2>/dev/null | head -c 1 | wc -c",
	        "0\n");
	ck_assert_int_ne(ctr_sh("mount -t tmpfs t /root"), 0);
	ck_assert_int_ne(ctr_sh("mount -o remount,rw /sys"), 0);
	ctr_says("ls -A /sys/firmware | wc -l", "0\n");
}
END_TEST

START_TEST(has_few_devices)
{
	ck_ok(ctr_up());
	ctr_says("ls /dev | tr '\\n' ' '",
	        "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero ");
	ctr_says("echo x >/dev/null; head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c; "
	         "stat -c %a /dev/shm /dev/null; echo a | cat /dev/stdin",
	        "4\n4\n1777\n666\na\n");
	ck_assert_int_ne(ctr_sh("mknod /root/disk b 8 0"), 0);
	ck_assert_int_ne(ctr_sh("mknod /dev/disk b 8 0"), 0);
}
END_TEST

START_TEST(capabilities_are_few)
{
	char expect[160];

	ck_ok(ctr_up());
	snprintf(expect, sizeof(expect),
	        "CapInh:\t0000000000000000\nCapPrm:\t%016" PRIx64 "\nCapEff:\t%016" PRIx64
	        "\nCapBnd:\t%016" PRIx64 "\nCapAmb:\t0000000000000000\n",
	        caps_container(), caps_container(), caps_container());
	ctr_says("grep ^Cap /proc/1/status", expect);
	ctr_says("grep ^Cap /proc/self/status", expect);
	ck_assert_int_eq(ctr_sh_as("ann",
	                         "grep ^CapEff /proc/self/status; grep ^Groups /proc/self/status; "
	                         "id -un 2>/dev/null"),
	        0);
	ck_assert_str_eq(str_text(&ctr.out), "CapEff:\t0000000000000000\nGroups:\t50 \nann\n");
	ctr_says("grep ^Groups /proc/1/status", "Groups:\t \n");
}
END_TEST

/* Descriptors of a process of this host, as numbers. */
static void check_fds(pid_t pid, const char *expect)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/fd", pid);
	AUTO_STRV names = {0};
	AUTO_STR text = {0};

	ck_ok(fs_list(path, &names, &err));
	for (size_t i = 0; i < names.n; i++)
		str_addf(&text, "%s ", names.v[i]);
	ck_assert_str_eq(str_text(&text), expect);
}

START_TEST(inherits_nothing)
{
	int leak = open("/etc/passwd", O_RDONLY);

	ck_assert_int_eq(dup2(leak, 77), 77);
	ck_assert_int_eq(setenv("SECRET_OF_HOST", "1", 1), 0);
	ck_ok(ctr_up());
	check_fds(ctr_pid(), "0 1 2 ");
	ctr_says("ls /proc/$$/fd; true", "0\n1\n2\n");
	ctr_says("tr '\\0' '\\n' </proc/1/environ | grep -c SECRET; env | grep -c SECRET; true",
	        "0\n0\n");
	ctr_says("umask; pwd", "0022\n/root\n");
	close(leak);
	close(77);
}
END_TEST

static int64_t pss_kib(pid_t pid)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/smaps_rollup", pid);
	AUTO_STR text = {0};

	ck_ok(fs_read(path, 1 << 16, &text, &err));
	const char *at = strstr(str_text(&text), "\nPss:");
	ck_assert_ptr_nonnull(at);
	return strtoll(at + 5, NULL, 10);
}

START_TEST(init_is_small)
{
	ck_ok(ctr_up());
	int64_t pss = pss_kib(ctr_pid());
	ck_assert_int_gt(pss, 0);
	ck_assert_int_le(pss, 50);
}
END_TEST

static struct run run_of(const struct step *step)
{
	return (struct run){.spec = &ctr.spec,
	        .names = &ctr.names,
	        .session = ctr.runner.session,
	        .step = step,
	        .runner = &ctr.runner};
}

START_TEST(root_is_nobody_outside)
{
	AUTO_FREE char *made = xasprintf("%s/root/made", ctr.names.upper);
	char path[32];
	struct stat st;

	ck_ok(ctr_up());
	ctr_says("id -u; tr -s ' ' </proc/self/uid_map; tr -s ' ' </proc/self/gid_map",
	        "0\n 0 1879048192 65536\n 0 1879048192 65536\n");
	snprintf(path, sizeof(path), "/proc/%d", ctr_pid());
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_uid, 1879048192);
	/* On disk it is as the box has it, so that other ids need no chown. */
	ctr_says("touch /root/made; chown ann /root/made; stat -c '%U' /root/made /etc/passwd "
	         "/etc/hostname",
	        "ann\nroot\nroot\n");
	ck_assert_int_eq(stat(made, &st), 0);
	ck_assert_uint_eq(st.st_uid, 1000);
}
END_TEST

START_TEST(written_to_while_it_runs)
{
	ck_ok(ctr_up());
	free(ctr.spec.hostname);
	ctr.spec.hostname = xstrdup("other");
	struct run run = run_of(NULL);
	ck_ok(container_upper_apply(&run, &err));
	ctr_says("cat /etc/hostname; stat -c '%U %a' /etc/hostname", "other\nroot 644\n");
}
END_TEST

START_TEST(links_in_the_box_move_no_mount)
{
	AUTO_FREE char *proc = xasprintf("%s/proc", ctr.names.upper);
	AUTO_FREE char *target = xasprintf("%s/root", ctr.names.upper);

	/* As a box could come: /proc is a link. The first steps alone, then the link, then all. */
	struct run run = run_of(NULL);
	ck_ok(fs_mkdirs(ctr.names.dir, 0700, &err));
	ck_ok(container_dirs_apply(&run, &err));
	ck_ok(fs_mkdirs(target, 0700, &err));
	ck_assert_int_eq(symlink("/root", proc), 0);
	ck_fails(ctr_up(), ERR_FAILED,
	        "'/proc' of the box is no folder to mount on: Too many levels of symbolic links");
}
END_TEST

static void enter_and_end(void *arg)
{
	const struct entry *entry = arg;

	_exit(entry_enter(entry, NULL, NULL) < 0);
}

/* What enters has the caller's memory, and the kernel lets the caller go on before it has one of
 * its own: whoever in the machine looked then would have had prov's. */
START_TEST(memory_shows_only_after_it_executed)
{
	struct entry entry;
	int pidfd, status;

	ck_ok(ctr_up());
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 1);
	ck_ok(entry_open(ctr_pid(), &entry, &err));
	pid_t pid = entry_spawn(&entry, NULL, enter_and_end, &entry, &pidfd, &err);
	ck_assert_msg(pid > 0, "%s", err.message);
#if !defined(__SANITIZE_ADDRESS__)
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 0);
#endif
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	entry_settle(&entry);
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 1);
	close(pidfd);
	entry_close(&entry);
	ck_assert_int_eq(ctr_sh("true"), 0);
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {has_its_own_names, sees_only_its_own_processes,
	        kernel_files_are_read_only, has_few_devices, capabilities_are_few, inherits_nothing,
	        links_in_the_box_move_no_mount, init_is_small, root_is_nobody_outside,
	        written_to_while_it_runs, memory_shows_only_after_it_executed};

	if (ctr_world_begin() < 0)
		return getenv("PROV_TEST_MUST_RUN") != NULL;
	int rc = suite_run("container_inside", tests, ARRAY_SIZE(tests), ctr_begin, ctr_end);
	ctr_world_end();
	return rc;
}
