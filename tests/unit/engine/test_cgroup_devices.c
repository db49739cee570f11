/* The program that decides about devices: by an interpreter of the few instructions that it uses,
 * and where cgroup2 is mounted, by the kernel. */
#include "engine/cgroup/cgroup.h"
#include "engine/cgroup/cgroup_devices.h"
#include "tests/fake/check_util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err err;
static struct cgroup_limits limits;

static void set_up(void)
{
	limits = (struct cgroup_limits){0};
}

static void tear_down(void)
{
	cgroup_limits_clear(&limits);
}

static void add(bool allow, char type, int64_t first, int64_t second, unsigned access)
{
	device_rule_add(&limits, &(struct device_rule){allow, type, first, second, access});
}

static uint64_t load(const struct bpf_cgroup_dev_ctx *ctx, int off)
{
	return off == offsetof(struct bpf_cgroup_dev_ctx, access_type) ? ctx->access_type
	        : off == offsetof(struct bpf_cgroup_dev_ctx, major)    ? ctx->major
	                                                               : ctx->minor;
}

/* Fails on anything that the program should not hold, and on a jump out of it. */
static uint64_t interpret(const struct device_program *p, const struct bpf_cgroup_dev_ctx *ctx)
{
	uint64_t r[11] = {0};

	for (size_t pc = 0; pc < p->n; pc++) {
		const struct bpf_insn *i = &p->code[pc];
		uint64_t imm = (uint64_t)(int64_t)i->imm;
		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			ck_assert_int_eq(i->src_reg, BPF_REG_1);
			r[i->dst_reg] = load(ctx, i->off);
			break;
		case BPF_ALU64 | BPF_MOV | BPF_X:
			r[i->dst_reg] = r[i->src_reg];
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			r[i->dst_reg] = imm;
			break;
		case BPF_ALU64 | BPF_RSH | BPF_K:
			r[i->dst_reg] >>= imm;
			break;
		case BPF_ALU64 | BPF_AND | BPF_K:
			r[i->dst_reg] &= imm;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			pc += r[i->dst_reg] != imm ? (size_t)i->off : 0;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += r[i->dst_reg] == imm ? (size_t)i->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			return r[0];
		default:
			ck_abort_msg("instruction %zu is %#x", pc, i->code);
		}
	}
	ck_abort_msg("the program has no end");
	return 0;
}

static bool allowed(char type, unsigned first, unsigned second, unsigned access)
{
	const struct bpf_cgroup_dev_ctx ctx = {
	        .access_type = (access & DEVICE_MKNOD ? BPF_DEVCG_ACC_MKNOD << 16 : 0) |
	                (access & DEVICE_READ ? BPF_DEVCG_ACC_READ << 16 : 0) |
	                (access & DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE << 16 : 0) |
	                (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
	        .major = first,
	        .minor = second};
	struct device_program program;

	device_program_make(limits.rules, limits.n_rules, &program);
	uint64_t answer = interpret(&program, &ctx);
	device_program_clear(&program);
	return answer == 1;
}

START_TEST(nothing_is_allowed_without_rules)
{
	ck_assert(!allowed('c', 1, 3, DEVICE_READ));
	ck_assert(!allowed('b', 8, 0, DEVICE_MKNOD));
}
END_TEST

START_TEST(the_usual_ones)
{
	device_rules_default(&limits);
	ck_assert(allowed('c', 1, 3, DEVICE_READ | DEVICE_WRITE));
	ck_assert(allowed('c', 136, 77, DEVICE_READ | DEVICE_WRITE));
	ck_assert(allowed('b', 8, 0, DEVICE_MKNOD));
	ck_assert(!allowed('b', 8, 0, DEVICE_READ));
	ck_assert(!allowed('c', 1, 1, DEVICE_READ)); /* mem */
	ck_assert(!allowed('b', 1, 3, DEVICE_READ)); /* a disk of null's number */
	ck_assert(!allowed('c', 8, 0, DEVICE_READ | DEVICE_MKNOD));
}
END_TEST

START_TEST(an_allowance_covers_all_or_nothing)
{
	add(true, 'c', 10, 200, DEVICE_READ);
	ck_assert(allowed('c', 10, 200, DEVICE_READ));
	ck_assert(!allowed('c', 10, 200, DEVICE_WRITE));
	ck_assert(!allowed('c', 10, 200, DEVICE_READ | DEVICE_WRITE));
	ck_assert(!allowed('c', 10, 201, DEVICE_READ));
	ck_assert(!allowed('c', 11, 200, DEVICE_READ));
}
END_TEST

START_TEST(the_last_rule_wins)
{
	add(true, 'a', -1, -1, DEVICE_ANY);
	add(false, 'b', 8, -1, DEVICE_WRITE);
	add(true, 'b', 8, 5, DEVICE_ANY);
	ck_assert(allowed('c', 1, 1, DEVICE_ANY));
	ck_assert(allowed('b', 8, 0, DEVICE_READ));
	ck_assert(!allowed('b', 8, 0, DEVICE_READ | DEVICE_WRITE)); /* any of what is refused */
	ck_assert(allowed('b', 8, 5, DEVICE_ANY));
	/* What stands before a rule for everything is dead: the kernel would not load it. */
	struct device_program program;
	add(false, 'a', -1, -1, DEVICE_ANY);
	device_program_make(limits.rules, limits.n_rules, &program);
	ck_assert_uint_eq(program.n, 8);
	device_program_clear(&program);
	ck_assert(!allowed('c', 1, 3, DEVICE_READ));
}
END_TEST

/* A child in the group opens the device; its errno. */
static int try_open(int folder, const char *path)
{
	struct cgroup_join join = {.folder = folder};
	int pidfd, status;
	pid_t pid = cgroup_fork(&join, 0, &pidfd);

	if (pid == 0)
		_exit(open(path, O_RDONLY | O_CLOEXEC) < 0 ? errno : 0);
	ck_assert_int_gt(pid, 0);
	close(pidfd);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

/* The first folder where cgroup2 is mounted; NULL: the reason was said. */
static char *core_group(struct cgroup_tree *tree)
{
	if (geteuid() != 0 || cgroup_tree_find(CGROUP_ROOT, tree, &err) < 0) {
		printf("SKIP devices: only root may load a filter\n");
		return NULL;
	}
	for (size_t i = 0; i < tree->dirs.n; i++)
		if (tree->controllers[i] & CG_CORE)
			return xasprintf("%s/prov-test-%d", tree->dirs.v[i], getpid());
	printf("SKIP devices: cgroup2 is not mounted\n");
	cgroup_tree_clear(tree);
	return NULL;
}

START_TEST(the_kernel_obeys_and_takes_the_next_one)
{
	struct cgroup_tree tree;
	struct device_program program;
	AUTO_FREE char *dir = core_group(&tree);

	if (!dir)
		return;
	ck_assert_int_eq(mkdir(dir, 0755), 0);
	AUTO_FD int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(try_open(folder, "/dev/full"), 0);
	device_rules_default(&limits);
	for (int round = 0; round < 3; round++) {
		device_program_make(limits.rules, limits.n_rules, &program);
		int rc = device_program_attach(&program, folder, &err);
		device_program_clear(&program);
		if (rc < 0 && err.kind == ERR_HOST) {
			printf("SKIP devices: %s\n", err.message);
			break;
		}
		ck_assert_msg(rc == 0, "%s", err.message);
		ck_assert_int_eq(try_open(folder, "/dev/null"), 0);
		/* Refused in the first and allowed again in the last: only one holds. */
		ck_assert_int_eq(try_open(folder, "/dev/full"), round == 1 ? EPERM : 0);
		add(round == 1, 'c', 1, 7, DEVICE_ANY);
	}
	ck_assert_int_eq(rmdir(dir), 0);
	cgroup_tree_clear(&tree);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {nothing_is_allowed_without_rules, the_usual_ones,
	        an_allowance_covers_all_or_nothing, the_last_rule_wins,
	        the_kernel_obeys_and_takes_the_next_one};

	return suite_run("cgroup_devices", tests, ARRAY_SIZE(tests), set_up, tear_down);
}
