/* The plan of a container, and what is refused. Needs no rights. */
#include "providers/container/checks.h"
#include "providers/container/confine.h"
#include "providers/container/devices.h"
#include "providers/container/plan.h"
#include "engine/caps.h"
#include "tests/fake/check_util.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

static struct err err;
static struct machine_spec spec;
static struct names names;
static struct container_plan plan;
static char *tmp;

static void set_up(void)
{
	tmp = tmp_begin();
	spec_init(&spec);
	spec.name = xstrdup("web");
	spec.selector = xstrdup("web@container");
	spec.hostname = xstrdup("web");
	spec.box.name = xstrdup("debian/12");
	spec.box.digest = xstrdup("00");
	spec.box.rootfs = xstrdup("/store/a:b,c\\d");
	spec.cpus = 1.5;
	spec.memory_bytes = 256 << 20;
	names_derive(&names, "/home", "lab00001", "web", "container");
}

static void tear_down(void)
{
	container_plan_clear(&plan);
	spec_clear(&spec);
	names_clear(&names);
	tmp_end(tmp);
}

static char *joined(const struct strv *list)
{
	AUTO_STR text = {0};

	for (size_t i = 0; i < list->n; i++)
		str_addf(&text, "%s%s", i ? " " : "", list->v[i]);
	return str_steal(&text);
}

/* argv of the plan, and who executes and watches. */
static void check_argv(
        const char *init, const char *const *command, const char *argv, bool guest, bool log)
{
	free(spec.container.init);
	spec.container.init = xstrdup(init);
	strv_clear(&spec.container.command);
	for (size_t i = 0; command && command[i]; i++)
		strv_add(&spec.container.command, command[i]);
	container_plan_clear(&plan);
	container_plan_build(&spec, &names, &plan);
	AUTO_FREE char *text = joined(&plan.argv);
	ck_assert_str_eq(text, argv);
	ck_assert_int_eq(plan.guest_init, guest);
	ck_assert_int_eq(plan.log, log);
}

START_TEST(pid_1_by_init_and_command)
{
	const char *const command[] = {"nginx", "-g", NULL};

	check_argv("auto", NULL, "prov-init 15 -1", true, false);
	check_argv("auto", command, "prov-init 15 3 nginx -g", true, true);
	ck_assert(plan.reports_exec);
	check_argv("none", command, "nginx -g", false, true);
	ck_assert(!plan.reports_exec);
	check_argv("/sbin/init", NULL, "/sbin/init", false, true);
	check_argv("/bin/tini", command, "/bin/tini nginx -g", false, true);
	spec.container.stop_signal = 3;
	check_argv("auto", NULL, "prov-init 3 -1", true, false);
}
END_TEST

START_TEST(environment)
{
	strv_add(&spec.env, "TZ=UTC");
	container_plan_build(&spec, &names, &plan);
	AUTO_FREE char *bare = joined(&plan.env);
	ck_lacks(bare, "TZ=UTC"); /* prov-init has no use for it */
	container_plan_clear(&plan);
	strv_add(&spec.env, "PATH=/opt/bin");
	strv_add(&spec.container.command, "x");
	container_plan_build(&spec, &names, &plan);
	AUTO_FREE char *text = joined(&plan.env);
	ck_assert_str_eq(text, "container=prov HOME=/root PATH=/opt/bin LANG=C.UTF-8 TZ=UTC");
}
END_TEST

START_TEST(layers)
{
	container_plan_build(&spec, &names, &plan);
	ck_assert_str_eq(plan.lower, "/store/a:b,c\\d");
	ck_assert_str_eq(plan.upper, "/home/labs/lab00001/machines/web@container/upper");
	ck_assert_str_eq(plan.work, "/home/labs/lab00001/machines/web@container/work");
	ck_assert_str_eq(plan.root, "/home/labs/lab00001/machines/web@container/merged");
}
END_TEST

static const struct fs_row *row_of(const char *path)
{
	for (size_t i = 0; i < plan.n_rows; i++)
		if (str_eq(plan.rows[i].path, path))
			return &plan.rows[i];
	ck_abort_msg("no row for %s", path);
	return NULL;
}

START_TEST(namespaces_and_tree)
{
	static const char *const strict[] = {"/proc", "/sys", "/dev/shm", "/dev/mqueue"};
	static const char *const masked[] = {
	        "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"};
	static const char *const readonly[] = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq"};

	container_plan_build(&spec, &names, &plan);
	ck_assert_uint_eq(plan.namespaces,
	        (uint64_t)(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
	                CLONE_NEWCGROUP | CLONE_NEWNET));
	ck_assert(row_of("/sys")->attr_set & MOUNT_ATTR_RDONLY);
	for (size_t i = 0; i < ARRAY_SIZE(strict); i++)
		ck_assert_uint_eq(row_of(strict[i])->attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY,
		        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(masked); i++)
		ck_assert_int_eq(row_of(masked[i])->op, FS_MASK);
	for (size_t i = 0; i < ARRAY_SIZE(readonly); i++)
		ck_assert_int_eq(row_of(readonly[i])->op, FS_READONLY);
	/* What lies in a mount comes after it. */
	ck_assert(row_of("/proc") < row_of("/proc/sys"));
	ck_assert(row_of("/dev") < row_of("/dev/null"));
	ck_assert(row_of("/dev/null") < row_of("/proc/kcore"));
}
END_TEST

START_TEST(no_capability_over_the_host)
{
	static const int none[] = {CAP_SYS_ADMIN, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_PTRACE,
	        CAP_SYS_BOOT, CAP_SYS_TIME, CAP_NET_ADMIN, CAP_MKNOD, CAP_DAC_READ_SEARCH, CAP_BPF,
	        CAP_PERFMON, CAP_SYSLOG, CAP_SYS_RESOURCE, CAP_LINUX_IMMUTABLE};

	uint64_t caps;

	ck_ok(container_caps(&spec, &caps, &err));
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		ck_assert_uint_eq(caps >> none[i] & 1, 0);
	ck_assert_uint_eq(caps >> CAP_SETUID & 1, 1);
	/* Only systemd says by it how it ended, and only about its PID namespace. */
	free(spec.container.init);
	spec.container.init = xstrdup("systemd");
	uint64_t with_systemd;
	ck_ok(container_caps(&spec, &with_systemd, &err));
	ck_assert_uint_eq(with_systemd, caps | UINT64_C(1) << CAP_SYS_BOOT);
	strv_add(&spec.container.caps_drop, "SYS_BOOT");
	ck_ok(container_caps(&spec, &with_systemd, &err));
	ck_assert_uint_eq(with_systemd, caps);
}
END_TEST

START_TEST(refused_by_the_keys_name)
{
	free(spec.container.init);
	spec.container.init = xstrdup("none");
	ck_fails(container_check_spec(&spec, &err), ERR_CONFIG,
	        "container.init: 'none' needs a 'command'");
	free(spec.container.init);
	spec.container.init = xstrdup("upstart");
	ck_fails(container_check_spec(&spec, &err), ERR_CONFIG,
	        "container.init: 'upstart' is not auto, none, systemd or a path in the box");
	free(spec.container.init);
	spec.container.init = xstrdup("systemd");
	ck_fails(container_check_spec(&spec, &err), ERR_CONFIG,
	        "container.init: the box 'debian/12' has no systemd");
	strv_add(&spec.container.command, "sleep");
	ck_fails(container_check_spec(&spec, &err), ERR_CONFIG,
	        "container.command: systemd takes none; write a unit, or another 'init'");
	strv_clear(&spec.container.command);
	free(spec.container.init);
	spec.container.init = xstrdup("auto");
	spec.disk_bytes = 1;
	ck_fails(container_check_spec(&spec, &err), ERR_CONFIG,
	        "disk: not supported yet for containers");
	ck_assert_str_eq(err.hint, "write it below 'kvm:' of that machine");
	spec.disk_bytes = 0;
	spec.memory_bytes = 1 << 20;
	ck_fails(container_check_spec(&spec, &err), ERR_CONFIG,
	        "memory: a container needs at least 4MiB");
	spec.memory_bytes = 64 << 20;
	free(spec.box.rootfs);
	spec.box.rootfs = NULL;
	ck_fails(container_check_spec(&spec, &err), ERR_CONFIG,
	        "box: 'debian/12' has no root file system for containers");
}
END_TEST

START_TEST(isolation_is_refused_by_the_keys_name)
{
	strv_add(&spec.container.caps_add, "NET_ADMIM");
	ck_assert_int_eq(container_check_spec(&spec, &err), -1);
	ck_assert_msg(str_starts(err.message, "container.capabilities: "), "%s", err.message);
	ck_has(err.message, "'NET_ADMIM'");
	strv_clear(&spec.container.caps_add);
	strv_add(&spec.container.devices, "fuse");
	ck_fails(container_check_spec(&spec, &err), ERR_CONFIG,
	        "container.devices: 'fuse' is no device: write /dev/NAME, /dev/NAME:/dev/INSIDE or "
	        "/dev/NAME:/dev/INSIDE:rwm");
	ck_assert_str_eq(err.key, "container.devices[0]");
}
END_TEST

START_TEST(a_device_must_be_there)
{
	strv_add(&spec.container.devices, "/dev/null:/dev/other");
	ck_ok(container_check_spec(&spec, &err));
	strv_add(&spec.container.devices, "/dev/prov-nope:/dev/null");
	ck_fails(container_check_spec(&spec, &err), ERR_CONFIG,
	        "container.devices: this host has no device '/dev/prov-nope': No such file or "
	        "directory");
	ck_assert_str_eq(err.key, "container.devices[1]");
	ck_assert_str_eq(err.hint, "load the module that makes it, or leave it out");
	strv_clear(&spec.container.devices);
	strv_add(&spec.container.devices, "/etc/passwd");
	ck_fails(container_check_spec(&spec, &err), ERR_CONFIG,
	        "container.devices: '/etc/passwd' of this host is no device");
}
END_TEST

START_TEST(a_capability_in_both_lists)
{
	strv_add(&spec.container.caps_add, "ALL");
	strv_add(&spec.container.caps_drop, "SYS_ADMIN");
	ck_ok(container_check_spec(&spec, &err)); /* an exception of it */
	strv_add(&spec.container.caps_add, "net_raw");
	strv_add(&spec.container.caps_drop, "CAP_NET_RAW");
	ck_fails(container_check_spec(&spec, &err), ERR_CONFIG,
	        "container.capabilities: 'CAP_NET_RAW' is in add and in drop");
	ck_assert_str_eq(err.key, "container.capabilities.drop[1]");
	ck_assert_str_eq(
	        err.hint, "take it out of one of them; a list here replaces that of defaults");
}
END_TEST

static void check_device(const char *text, const char *host, const char *inside, const char *access)
{
	struct device_use use;

	ck_ok(device_parse(text, &use, &err));
	ck_assert_str_eq(use.host, host);
	ck_assert_str_eq(use.inside, inside);
	ck_assert_str_eq(use.access, access);
	device_clear(&use);
}

START_TEST(devices_as_they_are_written)
{
	static const char *const wrong[] = {"", "fuse", "/", "/dev/../etc", "/dev/a:b",
	        "/dev/a:/b:x", "/dev/a:/b:rr", "/dev/a:/b:rwmr", "/dev/a:/b:r:w",
	        "/dev/a:", "/dev//a", "/dev/a:rw:/b"};
	struct device_use use;

	check_device("/dev/fuse", "/dev/fuse", "/dev/fuse", "rwm");
	check_device("/dev/fuse:r", "/dev/fuse", "/dev/fuse", "r");
	check_device("/dev/sda:/dev/xvda", "/dev/sda", "/dev/xvda", "rwm");
	check_device("/dev/sda:/dev/xvda:rm", "/dev/sda", "/dev/xvda", "rm");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		ck_assert_msg(device_parse(wrong[i], &use, &err) < 0, "'%s'", wrong[i]);
}
END_TEST

START_TEST(privileged_lifts_it_all)
{
	spec.container.id_base = 0x70000000;
	container_plan_build(&spec, &names, &plan);
	ck_assert(plan.namespaces & CLONE_NEWUSER);
	ck_assert_uint_eq(plan.uids.n, 1);
	ck_assert_uint_eq(plan.uids.v[0].outside, 0x70000000);
	container_plan_clear(&plan);
	spec.container.privileged = true;
	container_plan_build(&spec, &names, &plan);
	ck_assert(!(plan.namespaces & CLONE_NEWUSER));
	ck_assert_uint_eq(plan.uids.n, 0);
	for (size_t i = 0; i < plan.n_rows; i++)
		ck_assert(plan.rows[i].op != FS_MASK && plan.rows[i].op != FS_READONLY);
}
END_TEST

START_TEST(in_the_hosts_network_sys_is_the_hosts)
{
	spec.container.id_base = 0x70000000;
	spec.network_mode = NET_HOST;
	container_plan_build(&spec, &names, &plan);
	ck_assert_int_eq(row_of("/sys")->op, FS_BIND);
	ck_assert(row_of("/sys")->attr_set & MOUNT_ATTR_RDONLY);
	ck_assert(row_of("/sys")->flags & FS_RECURSIVE);
	ck_assert_int_eq(row_of("/sys/fs/cgroup")->op, FS_MASK);
}
END_TEST

START_TEST(without_root_it_says_so)
{
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	/* Who asks is no part of the spec. */
	ck_ok(container_check_spec(&spec, &err));
	ck_fails(container_check_rights(&err), ERR_HOST,
	        "containers need root's rights in this version");
	ck_assert_str_eq(err.hint, "run prov as root (sudo prov …)");
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {pid_1_by_init_and_command, environment, layers,
	        namespaces_and_tree, no_capability_over_the_host, refused_by_the_keys_name,
	        isolation_is_refused_by_the_keys_name, a_device_must_be_there,
	        a_capability_in_both_lists, devices_as_they_are_written, privileged_lifts_it_all,
	        in_the_hosts_network_sys_is_the_hosts, without_root_it_says_so};

	return suite_run("container_plan", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
