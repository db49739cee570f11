#include "compare/isolation.h"

#include "base/proc.h"
#include "tests/fake/check_util.h"
#include "tests/unit/compare/probe_fixture.h"

#include <stdio.h>
#include <time.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

static struct err err;
static char *dir;
static struct result result;
static struct probe_place place;
static struct isolation_facts facts, host;

static void set_up(void)
{
	dir = tmp_begin();
	result = (struct result){0};
	place = (struct probe_place){0};
	facts = host = (struct isolation_facts){0};
}

static void tear_down(void)
{
	ck_ok(probe_place_close(&place, &err));
	isolation_clear(&facts);
	isolation_clear(&host);
	result_clear(&result);
	tmp_end(dir);
}

static void parse(const char *text, struct isolation_facts *out)
{
	AUTO_FREE char *whole = xasprintf("%sFACT end yes\n", text);

	ck_ok(isolation_parse(whole, strlen(whole), out, &err));
}

static const char *fact_of(const char *id, const char *kind)
{
	const struct fact *fact = result_fact_of(&result, id, kind);

	ck_assert_msg(fact != NULL, "no fact %s of %s", id, kind);
	ck_assert_msg(fact->method && *fact->method, "%s has no method", id);
	return fact->value;
}

#define HOST                                                                                \
	"FACT kernel.boot_id aaaa\nFACT kernel.release 6.18\nFACT ns.pid 100\nFACT ns.net " \
	"101\nFACT ns.uts 102\nFACT ns.mnt 103\n"
#define CONTAINER                                                                                 \
	"FACT kernel.boot_id aaaa\nFACT kernel.release 6.18\nFACT ns.pid 200\nFACT ns.net 101\n"  \
	"FACT ns.uts 202\nFACT uid_map          0     100000      65536\nFACT status.Seccomp 2\n" \
	"FACT status.Seccomp_filters 1\nFACT status.NoNewPrivs 1\n"                               \
	"FACT status.CapEff 0000000000000021\nFACT may.hostname yes\nFACT may.time no\n"          \
	"FACT may.mount yes\nFACT syscalls.reached 300\nFACT syscalls.refused 50\n"               \
	"FACT syscalls.missing 99\nFACT proc_sys 12 900 whole -\nFACT sys 0 60000 cut -\n"        \
	"FACT devices 2 9 whole null,zero\nFACT disks 0 9 whole -\n"

START_TEST(a_container_shares_the_kernel)
{
	parse(HOST, &host);
	parse(CONTAINER, &facts);
	isolation_report(&facts, &host, "container", &result);
	static const char *const wanted[][2] = {{"isolation.kernel", "shared"},
	        {"isolation.ns.pid", "own"}, {"isolation.ns.net", "shared"},
	        {"isolation.ns.ipc", "unknown"},
	        {"isolation.userns", "yes: 0 inside is 100000 on the host, 65536 ids"},
	        {"isolation.seccomp", "filter (1)"}, {"isolation.nnp", "on"},
	        {"isolation.caps", "2 of 41: CHOWN, KILL"}, {"isolation.caps_bounding", "unknown"},
	        {"isolation.hostname", "yes, its own"}, {"isolation.time", "no"},
	        {"isolation.mount", "yes, the host's"},
	        {"isolation.syscalls", "300 of 449 tried (50 EPERM, 99 ENOSYS)"},
	        {"isolation.proc_writable", "12 of 900, the host's"},
	        {"isolation.sys_writable", "0 of 60000 (not all were looked at)"},
	        {"isolation.devices", "2: null,zero"}, {"isolation.disks", "0"},
	        {"isolation.processes_visible", "unknown"}, {"identity.kernel", "6.18"}};
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		ck_assert_msg(str_eq(fact_of(wanted[i][0], "container"), wanted[i][1]),
		        "%s: '%s', not '%s'", wanted[i][0], fact_of(wanted[i][0], "container"),
		        wanted[i][1]);
}
END_TEST

/* Its first namespaces have the host's numbers, as every kernel counts from the same one. */
START_TEST(a_virtual_machine_has_all_to_itself)
{
	parse(HOST, &host);
	parse("FACT kernel.boot_id bbbb\nFACT kernel.release 6.1\nFACT ns.pid 100\nFACT ns.net "
	      "101\n"
	      "FACT uid_map 0 0 4294967295\nFACT status.Seccomp 0\nFACT may.time yes\n"
	      "FACT status.CapEff 000001fffeffffff\nFACT status.CapInh 0\nFACT may.kernel_log "
	      "yes\n"
	      "FACT sensitive /dev/mem,/proc/kcore\nFACT proc_sys 5 6 whole -\n",
	        &facts);
	isolation_report(&facts, &host, "kvm", &result);
	ck_assert_str_eq(fact_of("isolation.kernel", "kvm"), "own");
	ck_assert_str_eq(fact_of("isolation.ns.pid", "kvm"), "own");
	ck_assert_str_eq(fact_of("isolation.ns.net", "kvm"), "own");
	ck_assert_str_eq(fact_of("isolation.userns", "kvm"),
	        "own kernel: root inside is nobody on the host");
	ck_assert_str_eq(fact_of("isolation.seccomp", "kvm"), "none");
	ck_assert_str_eq(fact_of("isolation.time", "kvm"), "yes, its own");
	ck_assert_str_eq(fact_of("isolation.caps", "kvm"), "40 of 41, all but SYS_RESOURCE");
	ck_assert_str_eq(fact_of("isolation.caps_inherited", "kvm"), "0 of 41");
	ck_assert_str_eq(fact_of("isolation.kmsg", "kvm"), "yes, its own");
	ck_assert_str_eq(
	        fact_of("isolation.sensitive", "kvm"), "2, its own kernel's: /dev/mem,/proc/kcore");
	ck_assert_str_eq(fact_of("isolation.proc_writable", "kvm"), "5 of 6, its own kernel's");
}
END_TEST

START_TEST(what_is_not_known_is_not_assumed)
{
	parse("", &facts);
	isolation_report(&facts, NULL, "kvm", &result);
	ck_assert_uint_gt(result.n_facts, 30);
	for (size_t i = 0; i < result.n_facts; i++)
		ck_assert_str_eq(result.facts[i].value, "unknown");
	/* Only a release to go by: another one is another kernel, the same one says nothing. */
	parse("FACT kernel.release 6.18\n", &host);
	isolation_clear(&facts);
	parse("FACT kernel.release 6.18\nFACT ns.pid 7\nFACT may.time yes\n", &facts);
	isolation_report(&facts, &host, "kvm", &result);
	ck_assert_str_eq(fact_of("isolation.kernel", "kvm"), "unknown");
	ck_assert_str_eq(fact_of("isolation.ns.pid", "kvm"), "unknown");
	ck_assert_str_eq(fact_of("isolation.time", "kvm"), "unknown");
	isolation_clear(&facts);
	parse("FACT kernel.release 6.1\n", &facts);
	isolation_report(&facts, &host, "kvm", &result);
	ck_assert_str_eq(fact_of("isolation.kernel", "kvm"), "own");
}
END_TEST

static const struct {
	const char *text, *message;
} hostile[] = {
        {"", "what the probe says of the machine is cut off"},
        {"FACT hostname web\n", "what the probe says of the machine is cut off"},
        {"hello\n", "what the probe says of the machine is not understood: 'hello'"},
        {"FACT hostname \033[2J\n",
                "what the probe says of the machine is not understood: 'FACT hostname \\x1b[2J'"},
        {"FACT processes 12x\n",
                "what the probe says of the machine is not understood: 'FACT processes 12x'"},
        {"FACT processes -1\n",
                "what the probe says of the machine is not understood: 'FACT processes -1'"},
        {"FACT processes\n",
                "what the probe says of the machine is not understood: 'FACT processes'"},
        {"FACT processes 99999999999999999999\n",
                "what the probe says of the machine is not understood: "
                "'FACT processes 99999999999999999999'"},
        {"FACT status.CapEff 0xff\n",
                "what the probe says of the machine is not understood: 'FACT status.CapEff 0xff'"},
        {"FACT may.time maybe\n",
                "what the probe says of the machine is not understood: 'FACT may.time maybe'"},
        {"FACT sys 9 3 whole -\n",
                "what the probe says of the machine is not understood: 'FACT sys 9 3 whole -'"},
        {"FACT sys 1\n", "what the probe says of the machine is not understood: 'FACT sys 1'"},
        {"FACT hostname a\nFACT hostname b\n",
                "what the probe says of the machine is not understood: 'FACT hostname b'"},
};

START_TEST(what_is_no_fact_is_refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++)
		ck_fails(isolation_parse(hostile[i].text, strlen(hostile[i].text), &facts, &err),
		        ERR_FAILED, hostile[i].message);
	ck_fails(isolation_parse("FACT\0", 5, &facts, &err), ERR_FAILED,
	        "what the probe says of the machine holds a NUL byte");
	ck_assert_ptr_null(isolation_value(&facts, "hostname"));
}
END_TEST

START_TEST(a_long_value_is_refused)
{
	AUTO_STR text = {0};

	str_add(&text, "FACT cgroup ");
	for (int i = 0; i < 2000; i++)
		str_add(&text, "x");
	err_clear(&err);
	ck_assert_int_eq(isolation_parse(str_text(&text), text.len, &facts, &err), -1);
	ck_has(err.message, "is not understood: 'FACT cgroup xxx");
	ck_assert_uint_lt(strlen(err.message), 200);
}
END_TEST

static void read_host(void)
{
	probe_open_host(&place, dir);
	ck_ok(isolation_read(&place, &facts, &err));
}

/* The value of a line "KEY:\tVALUE" of /proc/self/status. */
static char *status_of(const char *key)
{
	AUTO_STR text = {0};
	AUTO_FREE char *start = xasprintf("\n%s:\t", key);

	ck_ok(fs_read("/proc/self/status", 65536, &text, &err));
	const char *found = strstr(str_text(&text), start);
	ck_assert_ptr_nonnull(found);
	found += strlen(start);
	return xstrndup(found, strcspn(found, "\n"));
}

START_TEST(the_facts_of_the_host_are_the_kernels)
{
	struct utsname u;
	struct stat st;

	if (!probe_built())
		return;
	read_host();
	ck_assert_int_eq(uname(&u), 0);
	ck_assert_str_eq(isolation_value(&facts, "kernel.release"), u.release);
	ck_assert_str_eq(isolation_value(&facts, "hostname"), u.nodename);
	ck_assert_int_eq(stat("/proc/self/ns/net", &st), 0);
	AUTO_FREE char *inode = xasprintf("%llu", (unsigned long long)st.st_ino);
	ck_assert_str_eq(isolation_value(&facts, "ns.net"), inode);
	AUTO_FREE char *bounding = status_of("CapBnd");
	ck_assert_str_eq(isolation_value(&facts, "status.CapBnd"), bounding);
	AUTO_FREE char *effective = status_of("CapEff");
	ck_assert_str_eq(isolation_value(&facts, "status.CapEff"), effective);
	ck_assert_str_eq(isolation_value(&facts, "may.hostname"),
	        strtoull(effective, NULL, 16) >> 21 & 1 ? "yes" : "no");
	ck_assert_str_eq(isolation_value(&facts, "may.time"),
	        strtoull(effective, NULL, 16) >> 25 & 1 ? "yes" : "no");
	/* Every kernel has some hundred; the ones that are counted are those that were tried. */
	long reached = strtol(isolation_value(&facts, "syscalls.reached"), NULL, 10);
	long refused = strtol(isolation_value(&facts, "syscalls.refused"), NULL, 10);
	long missing = strtol(isolation_value(&facts, "syscalls.missing"), NULL, 10);
	long skipped = strtol(isolation_value(&facts, "syscalls.not_tried"), NULL, 10);
	ck_assert_int_gt(reached, 200);
	ck_assert_int_eq(reached + refused + missing + skipped, 461);
	ck_assert_int_lt(skipped, 20);
	isolation_report(&facts, &facts, "host", &result);
	ck_assert_str_eq(fact_of("isolation.kernel", "host"), "the host's");
	ck_assert_str_eq(fact_of("isolation.ns.pid", "host"), "the host's");
}
END_TEST

static void run_text(const char *script, struct str *out)
{
	AUTO_FREE char *all = xasprintf("{ %s; } 2>&1 || true", script);

	ck_ok(proc_check((const char *const[]){"sh", "-c", all, NULL}, out, &err));
	ck_assert_uint_gt(out->len, 10);
}

/* What the program tries in passing must not have happened. */
START_TEST(looking_changes_nothing)
{
	static const char state[] = "cat /proc/sys/kernel/hostname /proc/sys/kernel/core_pattern "
	                            "/proc/sys/kernel/domainname /proc/sysvipc/*; "
	                            "grep -c prov-probe /proc/self/mountinfo";
	AUTO_STR before = {0};
	AUTO_STR after = {0};
	AUTO_STRV left = {0};
	time_t begun = time(NULL);

	if (!probe_built())
		return;
	run_text(state, &before);
	read_host();
	run_text(state, &after);
	ck_assert_str_eq(str_text(&before), str_text(&after));
	/* The clock may have been asked for, not set. */
	ck_assert_int_ge(time(NULL), begun);
	ck_assert_int_lt(time(NULL) - begun, 3600);
	ck_ok(fs_list(dir, &left, &err));
	ck_assert_uint_eq(left.n, 0);
}
END_TEST

/* A real namespace, made by another program. */
START_TEST(a_real_namespace_is_seen)
{
	AUTO_STR out = {0};

	if (!probe_built())
		return;
	if (proc_check((const char *const[]){"unshare", "-Urun", "true", NULL}, NULL, &err) < 0) {
		printf("SKIP no user namespace here: %s\n", err.message);
		return;
	}
	AUTO_FREE char *program = module_file("prov-probe");
	read_host();
	host = facts;
	facts = (struct isolation_facts){0};
	ck_ok(proc_check(
	        (const char *const[]){"unshare", "-Urun", program, "facts", NULL}, &out, &err));
	ck_ok(isolation_parse(str_text(&out), out.len, &facts, &err));
	isolation_report(&facts, &host, "container", &result);
	ck_assert_str_eq(fact_of("isolation.kernel", "container"), "shared");
	ck_assert_str_eq(fact_of("isolation.ns.net", "container"), "own");
	ck_assert_str_eq(fact_of("isolation.ns.user", "container"), "own");
	ck_assert_str_eq(fact_of("isolation.ns.uts", "container"), "own");
	ck_assert_str_eq(fact_of("isolation.ns.pid", "container"), "shared");
	ck_assert_str_eq(fact_of("isolation.hostname", "container"), "yes, its own");
	/* CAP_SYS_TIME of the new user namespace is none of the host's. */
	ck_assert_str_eq(fact_of("isolation.time", "container"), "no");
	AUTO_FREE char *ids =
	        xasprintf("yes: 0 inside is %u on the host, 1 ids", (unsigned)getuid());
	ck_assert_str_eq(fact_of("isolation.userns", "container"),
	        getuid() == 0 ? "no: root inside is root on the host" : ids);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {a_container_shares_the_kernel,
	        a_virtual_machine_has_all_to_itself, what_is_not_known_is_not_assumed,
	        what_is_no_fact_is_refused, a_long_value_is_refused,
	        the_facts_of_the_host_are_the_kernels, looking_changes_nothing,
	        a_real_namespace_is_seen};

	return suite_run("isolation", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
