#include "compare/memory.h"

#include "compare/load.h"
#include "tests/fake/check_util.h"

#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err err;

START_TEST(fields)
{
	static const char text[] =
	        "MemTotal:       24683656 kB\nMemFree:  2048 kB\nMemAvailable: 512 kB\n";

	ck_assert_double_eq(memory_field(text, "MemTotal"), 24683656.0 / 1024);
	ck_assert_double_eq(memory_field(text, "MemAvailable"), 0.5);
	ck_assert(isnan(memory_field(text, "Mem")));
	ck_assert(isnan(memory_field("", "MemTotal")));
}
END_TEST

/* As the kernel writes it of QEMU under TCG with a guest of 128 MiB, shortened. */
static const char smaps[] =
        "557bae3f6000-557bafb29000 rw-p 00000000 00:00 0                          [heap]\n"
        "Size:              23756 kB\nRss:                6300 kB\nPss:                6240 kB\n"
        "Pss_Dirty:          6240 kB\nVmFlags: rd wr mr mw me ac sd \n"
        "7fb414000000-7fb415aa2000 rw-p 00000000 00:00 0 \n"
        "Size:              27272 kB\nPss:               10240 kB\n"
        "7fb423e00000-7fb42be00000 rw-p 00000000 00:00 0 \n"
        "Size:             131072 kB\nPss:              122880 kB\n"
        "7fb434000000-7fb437fff000 rwxp 00000000 00:00 0 \n"
        "Size:              65532 kB\nPss:               65532 kB\n"
        "7fb438021000-7fb43c000000 ---p 00000000 00:00 0 \n"
        "Size:             655404 kB\nPss:                   0 kB\n"
        "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n"
        "Size:                  4 kB\nPss:                   4 kB\n";

START_TEST(qemu_in_parts)
{
	struct memory_parts parts;

	memory_split(smaps, 128, &parts);
	ck_assert_double_eq(parts.guest, 120);
	ck_assert_double_eq_tol(parts.tcg, 65532 / 1024.0, 1e-9);
	ck_assert_double_eq_tol(parts.rest, (6240 + 10240 + 4) / 1024.0, 1e-9);
	/* A guest of another size has no such mapping: nothing is taken for it. */
	memory_split(smaps, 512, &parts);
	ck_assert_double_eq(parts.guest, 0);
	ck_assert_double_eq_tol(parts.rest, (6240 + 10240 + 122880 + 4) / 1024.0, 1e-9);
	memory_split("", 128, &parts);
	ck_assert_double_eq(parts.guest + parts.tcg + parts.rest, 0);
}
END_TEST

START_TEST(of_this_host)
{
	double available = 0;
	AUTO_STR ksm = {0};

	ck_ok(memory_available(&available, &err));
	ck_assert(available > 0);
	ck_assert(memory_pss(getpid()) > 0);
	ck_assert(isnan(memory_pss(0x3fffffff)));
	ck_assert_int_eq(memory_supervisor(getpid()), 0);
	memory_ksm(&ksm);
	ck_has(str_text(&ksm), "KSM");
}
END_TEST

/* The bytes of a child count in the tree, and not in the parent alone. */
START_TEST(a_tree_of_processes)
{
	int go[2];

	ck_assert_int_eq(pipe(go), 0);
	pid_t child = fork();
	if (child == 0) {
		size_t n = 24 << 20;
		char *own = malloc(n), byte;
		memset(own, 1, n);
		_exit(write(go[1], "", 1) == 1 && (pause(), own[n / 2])
		                ? 0
		                : read(go[0], &byte, 1) < 0);
	}
	char byte;
	ck_assert_int_eq(read(go[0], &byte, 1), 1);
	double alone = memory_pss(getpid()), both = memory_pss_tree(getpid());
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	ck_assert_msg(both > alone + 20, "%f and %f", alone, both);
}
END_TEST

START_TEST(disk_of_a_folder)
{
	char *folder = tmp_begin();
	AUTO_FREE char *file = xasprintf("%s/deep/file", folder);
	AUTO_FREE char *deep = xasprintf("%s/deep", folder);
	AUTO_FREE char *hole = xasprintf("%s/hole", folder);
	AUTO_FREE char *bytes = xcalloc(1, 2 << 20);
	double mib, before;

	ck_ok(memory_disk(folder, &before, &err));
	memset(bytes, 'x', 2 << 20);
	ck_ok(fs_mkdirs(deep, 0700, &err));
	ck_ok(fs_replace(file, bytes, 2 << 20, 0600, &err));
	/* What was never written takes no place. */
	ck_ok(fs_replace(hole, "", 0, 0600, &err));
	ck_assert_int_eq(truncate(hole, 64 << 20), 0);
	ck_ok(memory_disk(folder, &mib, &err));
	ck_assert_msg(mib - before >= 2 && mib - before < 2.2, "%f", mib - before);
	tmp_end(folder);
}
END_TEST

START_TEST(load_of_the_host)
{
	struct load_sample a, b;
	struct load_use use;
	static const char before[] = "cpu  1000 0 500 9000 100 10 20 5 0 0\ncpu0 1 2 3\n";
	static const char after[] = "cpu  1300 0 600 9100 100 10 20 45 0 0\ncpu0 1 2 3\n";

	ck_ok(load_parse(before, "0.50 1.00 2.00 1/99 1234\n", 100, &a, &err));
	ck_ok(load_parse(after, "1.50 1.00 2.00 1/99 1234\n", 100, &b, &err));
	ck_assert_double_eq_tol(a.busy_s, 15.3, 1e-9);
	ck_assert_double_eq(b.load1, 1.5);
	a.t_ns = 1000000000;
	b.t_ns = 5000000000;
	/* 4 s of CPU time in 4 s, of which 3.9 s are its own. */
	load_judge(&a, &b, 3.9, &use);
	ck_assert_double_eq_tol(use.other, 0.025, 1e-9);
	ck_assert_double_eq_tol(use.steal, 0.1, 1e-9);
	ck_assert(use.disturbed); /* by steal time */
	b.steal_s = a.steal_s;
	load_judge(&a, &b, 3.9, &use);
	ck_assert(!use.disturbed);
	load_judge(&a, &b, 1, &use);
	ck_assert(use.disturbed); /* by others */
	load_judge(&a, &a, 1, &use);
	ck_assert(!use.disturbed);
	ck_fails(load_parse("intr 1\n", "0", 100, &a, &err), ERR_FAILED,
	        "/proc/stat does not begin with the CPUs' times");
	ck_fails(load_parse(before, "", 100, &a, &err), ERR_FAILED,
	        "/proc/loadavg does not begin with a number");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {fields, qemu_in_parts, of_this_host, a_tree_of_processes,
	        disk_of_a_folder, load_of_the_host};

	return suite_run("memory", tests, ARRAY_SIZE(tests), NULL, NULL);
}
