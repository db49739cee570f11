#include "compare/isolation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A machine's facts beside the host's. */
struct view {
	const struct isolation_facts *machine, *host;
	enum { KERNEL_UNKNOWN, KERNEL_SHARED, KERNEL_OWN, KERNEL_HOST } kernel;
	const char *host_value; /* of the row's fact; NULL: not said */
};

struct row {
	const char *id, *title, *method;
	const char *from; /* what the probe says that the row is made of */
	void (*write)(const struct view *view, const char *value, struct str *out);
};

/* Capabilities by number (linux/capability.h); a newer one is shown as its number. */
static const char *const capabilities[] = {"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER",
        "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE",
        "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO",
        "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
        "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE",
        "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM",
        "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE"};

static void as_it_is(const struct view *view, const char *value, struct str *out)
{
	(void)view;
	str_add(out, value);
}

static void add_kernel(const struct view *view, const char *value, struct str *out)
{
	static const char *const words[] = {[KERNEL_UNKNOWN] = "",
	        [KERNEL_SHARED] = "shared",
	        [KERNEL_OWN] = "own",
	        [KERNEL_HOST] = "the host's"};

	(void)value;
	str_add(out, words[view->kernel]);
}

/* Two kernels number their first namespaces alike: only on one kernel do the numbers say anything.
 */
static void add_namespace(const struct view *view, const char *value, struct str *out)
{
	if (view->kernel != KERNEL_SHARED)
		add_kernel(view, value, out);
	else if (view->host_value)
		str_add(out, str_eq(value, view->host_value) ? "shared" : "own");
}

static void add_userns(const struct view *view, const char *value, struct str *out)
{
	unsigned inside, outside, count;

	if (view->kernel == KERNEL_UNKNOWN ||
	        sscanf(value, "%10u %10u %10u", &inside, &outside, &count) != 3)
		return;
	if (view->kernel == KERNEL_OWN)
		str_add(out, "own kernel: root inside is nobody on the host");
	else if (inside == 0 && outside == 0) /* also the host itself */
		str_add(out, "no: root inside is root on the host");
	else
		str_addf(out, "yes: %u inside is %u on the host, %u ids", inside, outside, count);
}

static void add_seccomp(const struct view *view, const char *value, struct str *out)
{
	const char *filters = isolation_value(view->machine, "status.Seccomp_filters");

	if (str_eq(value, "0"))
		str_add(out, "none");
	else if (str_eq(value, "1"))
		str_add(out, "strict");
	else if (str_eq(value, "2"))
		str_addf(out, "filter (%s)", filters ? filters : "number unknown");
}

static void add_on_off(const struct view *view, const char *value, struct str *out)
{
	(void)view;
	str_add(out, str_eq(value, "0") ? "off" : "on");
}

static void add_capabilities(const struct view *view, const char *value, struct str *out)
{
	uint64_t mask = strtoull(value, NULL, 16);
	int set = __builtin_popcountll(mask);
	bool most = set > (int)ARRAY_SIZE(capabilities) / 2;
	int shown = 0;

	(void)view;
	str_addf(out, "%d of %zu", set, ARRAY_SIZE(capabilities));
	for (size_t i = 0; i < 64; i++) {
		bool has = mask >> i & 1;
		/* Of a long list what is missing says more. */
		if (has == most && !(has && i >= ARRAY_SIZE(capabilities)))
			continue;
		if (i >= ARRAY_SIZE(capabilities) && !has)
			continue;
		str_add(out, shown++ ? ", " : most ? ", all but " : ": ");
		if (i < ARRAY_SIZE(capabilities))
			str_add(out, capabilities[i]);
		else
			str_addf(out, "%zu", i);
	}
}

static void add_syscalls(const struct view *view, const char *value, struct str *out)
{
	const char *refused = isolation_value(view->machine, "syscalls.refused");
	const char *missing = isolation_value(view->machine, "syscalls.missing");

	if (!refused || !missing)
		return;
	unsigned long long reached = strtoull(value, NULL, 10), no = strtoull(refused, NULL, 10),
	                   absent = strtoull(missing, NULL, 10);
	str_addf(out, "%llu of %llu tried (%llu EPERM, %llu ENOSYS)", reached,
	        reached + no + absent, no, absent);
}

/* What is writable acts on a kernel: whose, decides what it is worth to an attacker. */
static void add_whose(const struct view *view, struct str *out)
{
	if (view->kernel == KERNEL_OWN)
		str_add(out, ", its own kernel's");
	else if (view->kernel != KERNEL_UNKNOWN)
		str_add(out, ", the host's");
}

static void add_levers(const struct view *view, const char *value, struct str *out)
{
	int n = 1;

	if (str_eq(value, "none")) {
		str_add(out, value);
		return;
	}
	for (const char *p = value; (p = strchr(p, ',')); p++)
		n++;
	str_addf(out, "%d", n);
	add_whose(view, out);
	str_addf(out, ": %s", value);
}

/* "FOUND SEEN whole|cut NAMES" */
static void add_walk(const struct view *view, const char *value, struct str *out)
{
	char how[8] = "";
	unsigned long long found, seen;

	if (sscanf(value, "%18llu %18llu %7s", &found, &seen, how) != 3)
		return;
	str_addf(out, "%llu of %llu%s", found, seen,
	        str_eq(how, "cut") ? " (not all were looked at)" : "");
	if (found)
		add_whose(view, out);
}

static void add_walk_names(const struct view *view, const char *value, struct str *out)
{
	const char *names = strrchr(value, ' ');
	size_t n = names ? strlen(names + 1) : 0;

	(void)view;
	str_addf(out, "%llu", strtoull(value, NULL, 10));
	if (n == 0 || str_eq(names, " -"))
		return;
	/* A host has hundreds; a table has room for some. */
	str_add(out, ": ");
	str_addn(out, names + 1, n < 120 ? n : 120);
	str_add(out, n < 120 ? "" : "…");
}

/* A right counts where it acts: on the machine's own, or on what the host uses too. */
static void add_right(const struct view *view, const char *value, struct str *out, bool own)
{
	if (str_eq(value, "no"))
		str_add(out, "no");
	else if (view->kernel != KERNEL_UNKNOWN)
		str_add(out, own ? "yes, its own" : "yes, the host's");
}

static bool own_namespace(const struct view *view, const char *id)
{
	const char *machine = isolation_value(view->machine, id);
	const char *host = isolation_value(view->host, id);

	return view->kernel == KERNEL_OWN || (machine && host && !str_eq(machine, host));
}

static void add_right_hostname(const struct view *view, const char *value, struct str *out)
{
	add_right(view, value, out, own_namespace(view, "ns.uts"));
}

static void add_right_mount(const struct view *view, const char *value, struct str *out)
{
	add_right(view, value, out, own_namespace(view, "ns.mnt"));
}

static void add_right_kernel(const struct view *view, const char *value, struct str *out)
{
	add_right(view, value, out, view->kernel == KERNEL_OWN);
}

#define NS(name, title_)                                                                         \
	{                                                                                        \
		"isolation.ns." name, title_ " namespace",                                       \
		        "inode of /proc/self/ns/" name " inside and on the host; an own kernel " \
		        "has all namespaces to itself",                                          \
		        "ns." name, add_namespace                                                \
	}

static const struct row rows[] = {
        {"isolation.kernel", "kernel",
                "boot_id below /proc/sys/kernel/random inside and on the host: one per boot of a "
                "kernel",
                "kernel.boot_id", add_kernel},
        NS("pid", "process"),
        NS("mnt", "mount"),
        NS("net", "network"),
        NS("ipc", "IPC"),
        NS("uts", "hostname"),
        NS("cgroup", "cgroup"),
        NS("user", "user"),
        NS("time", "time"),
        {"isolation.userns", "root inside", "/proc/self/uid_map read inside", "uid_map",
                add_userns},
        {"isolation.seccomp", "system call filter", "Seccomp in /proc/self/status inside",
                "status.Seccomp", add_seccomp},
        {"isolation.nnp", "no new privileges", "NoNewPrivs in /proc/self/status inside",
                "status.NoNewPrivs", add_on_off},
        {"isolation.caps", "capabilities of root",
                "CapEff in /proc/self/status of a process of root", "status.CapEff",
                add_capabilities},
        {"isolation.caps_bounding", "capabilities that can be gained",
                "CapBnd in /proc/self/status", "status.CapBnd", add_capabilities},
        {"isolation.caps_inherited", "capabilities inherited", "CapInh in /proc/self/status",
                "status.CapInh", add_capabilities},
        {"isolation.syscalls", "system calls reachable",
                "each of 0 to 460 made by root with invalid arguments in a child, but for those "
                "that end or stop it or act on the whole machine; EPERM and ENOSYS are not "
                "reachable; which kernel they reach is the row 'kernel'",
                "syscalls.reached", add_syscalls},
        {"isolation.proc_writable", "writable below /proc/sys",
                "each file opened for writing by root, nothing written", "proc_sys", add_walk},
        {"isolation.sys_writable", "writable below /sys",
                "each file of sysfs opened for writing by root, nothing written", "sys", add_walk},
        {"isolation.sensitive", "levers on the kernel",
                "core_pattern, sysrq-trigger, uevent_helper, kcore and the like, opened by root",
                "sensitive", add_levers},
        {"isolation.devices", "devices that can be opened",
                "nodes in /dev: block devices opened, character devices asked for with access(2), "
                "which goes through the devices cgroup",
                "devices", add_walk_names},
        {"isolation.disks", "block devices among them", "nodes in /dev, opened for reading",
                "disks", add_walk_names},
        {"isolation.kmsg", "kernel log can be read", "/dev/kmsg opened, else syslog(2)",
                "may.kernel_log", add_right_kernel},
        {"isolation.hostname", "hostname can be set", "sethostname to the name that it has",
                "may.hostname", add_right_hostname},
        {"isolation.time", "clock can be set", "adjtimex with an invalid tick: EINVAL, not EPERM",
                "may.time", add_right_kernel},
        {"isolation.mount", "file systems can be mounted",
                "mount(2) of a source that is not there: ENOENT, not EPERM", "may.mount",
                add_right_mount},
        {"isolation.userns_create", "new user namespaces", "unshare in a child", "may.userns",
                as_it_is},
        {"isolation.af_alg", "AF_ALG sockets", "socket(2)", "may.af_alg", as_it_is},
        {"isolation.processes_visible", "processes visible", "numbers in /proc inside", "processes",
                as_it_is},
        {"identity.kernel", "kernel release", "uname(2) inside", "kernel.release", as_it_is},
        {"identity.kernel_version", "kernel version", "uname(2) inside", "kernel.version",
                as_it_is},
        {"identity.hostname", "hostname", "uname(2) inside", "hostname", as_it_is},
        {"identity.pid1", "process 1", "/proc/1/comm inside", "pid1.comm", as_it_is},
        {"identity.cgroup", "cgroup as seen inside", "/proc/self/cgroup inside", "cgroup",
                as_it_is},
        {"identity.disk", "file system of the disk probes", "statfs(2) inside", "disk", as_it_is},
};
#undef NS

/* The same kernel has the same boot id; without one only a different release says something. */
static void compare_kernels(struct view *view)
{
	const char *id = isolation_value(view->machine, "kernel.boot_id");
	const char *host_id = isolation_value(view->host, "kernel.boot_id");
	const char *release = isolation_value(view->machine, "kernel.release");
	const char *host_release = isolation_value(view->host, "kernel.release");

	view->kernel = KERNEL_UNKNOWN;
	if (view->machine == view->host)
		view->kernel = KERNEL_HOST;
	else if (id && host_id)
		view->kernel = str_eq(id, host_id) ? KERNEL_SHARED : KERNEL_OWN;
	else if (release && host_release && !str_eq(release, host_release))
		view->kernel = KERNEL_OWN;
}

static void add_row(const struct row *row, struct view *view, struct str *out)
{
	const char *value = isolation_value(view->machine, row->from);

	view->host_value = isolation_value(view->host, row->from);
	if (value || row->write == add_kernel)
		row->write(view, value, out);
	if (!out->len)
		str_add(out, "unknown");
}

void isolation_report(const struct isolation_facts *machine, const struct isolation_facts *host,
        const char *kind, struct result *result)
{
	struct view view = {.machine = machine, .host = host};

	compare_kernels(&view);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_STR value = {0};
		add_row(&rows[i], &view, &value);
		struct fact fact = {.id = (char *)rows[i].id,
		        .kind = (char *)kind,
		        .title = (char *)rows[i].title,
		        .group = (char *)(str_starts(rows[i].id, "identity.") ? "identity"
		                                                              : "isolation"),
		        .value = (char *)str_text(&value),
		        .method = (char *)rows[i].method};
		result_fact(result, &fact);
	}
}
