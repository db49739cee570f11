#include "engine/cgroup/cgroup_devices.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ANSWER = BPF_REG_0, CONTEXT = BPF_REG_1, TYPE, ACCESS, MAJOR, MINOR };

static void add(
        struct device_program *p, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	p->code = xrealloc(p->code, p->n + 1, sizeof(*p->code));
	p->code[p->n++] = (struct bpf_insn){code, dst & 15u, src & 15u, off, imm};
}

/* dst = *(u32 *)(context + off) */
static void load(struct device_program *p, uint8_t dst, size_t off)
{
	add(p, BPF_LDX | BPF_MEM | BPF_W, dst, CONTEXT, (int16_t)off, 0);
}

static void answer(struct device_program *p, int32_t value)
{
	add(p, BPF_ALU64 | BPF_MOV | BPF_K, ANSWER, 0, 0, value);
	add(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* struct bpf_cgroup_dev_ctx: access_type holds what is asked for above, the type below. */
static void prologue(struct device_program *p)
{
	load(p, TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	add(p, BPF_ALU64 | BPF_MOV | BPF_X, ACCESS, TYPE, 0, 0);
	add(p, BPF_ALU64 | BPF_RSH | BPF_K, ACCESS, 0, 0, 16);
	add(p, BPF_ALU64 | BPF_AND | BPF_K, TYPE, 0, 0, 0xffff);
	load(p, MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	load(p, MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
}

static int32_t kernel_access(unsigned access)
{
	return (access & DEVICE_READ ? BPF_DEVCG_ACC_READ : 0) |
	        (access & DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0) |
	        (access & DEVICE_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0);
}

/* Jumps to the next rule are patched once its place is known: their offsets are 0 until then. An
 * allowance must cover all that is asked for, a refusal any of it. */
static void add_rule(struct device_program *p, const struct device_rule *rule)
{
	size_t from = p->n;
	int32_t access = kernel_access(rule->access);

	if (rule->type != 'a')
		add(p, BPF_JMP | BPF_JNE | BPF_K, TYPE, 0, 0,
		        rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (rule->type != 'a' && rule->access != DEVICE_ANY) {
		add(p, BPF_ALU64 | BPF_MOV | BPF_X, ANSWER, ACCESS, 0, 0);
		add(p, BPF_ALU64 | BPF_AND | BPF_K, ANSWER, 0, 0,
		        rule->allow ? ~access & kernel_access(DEVICE_ANY) : access);
		add(p, BPF_JMP | (rule->allow ? BPF_JNE : BPF_JEQ) | BPF_K, ANSWER, 0, 0, 0);
	}
	if (rule->type != 'a' && rule->major >= 0)
		add(p, BPF_JMP | BPF_JNE | BPF_K, MAJOR, 0, 0, (int32_t)rule->major);
	if (rule->type != 'a' && rule->minor >= 0)
		add(p, BPF_JMP | BPF_JNE | BPF_K, MINOR, 0, 0, (int32_t)rule->minor);
	answer(p, rule->allow);
	for (size_t i = from; i < p->n; i++)
		if (BPF_CLASS(p->code[i].code) == BPF_JMP && BPF_OP(p->code[i].code) != BPF_EXIT)
			p->code[i].off = (int16_t)(p->n - i - 1);
}

/* The last rule is asked first. What follows one that matches everything would be dead code, which
 * the kernel refuses. */
void device_program_make(const struct device_rule *rules, size_t n, struct device_program *out)
{
	struct device_program p = {0};

	prologue(&p);
	for (size_t i = n; i-- > 0;) {
		const struct device_rule *rule = &rules[i];
		if (!rule->access && rule->type != 'a')
			continue;
		add_rule(&p, rule);
		if (rule->type == 'a') {
			*out = p;
			return;
		}
	}
	answer(&p, 0);
	*out = p;
}

void device_program_clear(struct device_program *program)
{
	free(program->code);
	*program = (struct device_program){0};
}

static int bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int load_program(const struct device_program *p)
{
	union bpf_attr attr = {
	        .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
	        .insns = (uintptr_t)p->code,
	        .insn_cnt = (uint32_t)p->n,
	        .license = (uintptr_t) "GPL",
	};

	return bpf(BPF_PROG_LOAD, &attr);
}

enum { MOST_ATTACHED = 64 };

/* Those attached to this group itself, as the kernel numbers them. */
static uint32_t attached(int folder, uint32_t ids[MOST_ATTACHED])
{
	union bpf_attr attr = {0};

	attr.query.target_fd = (uint32_t)folder;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = MOST_ATTACHED;
	return bpf(BPF_PROG_QUERY, &attr) < 0 ? 0 : attr.query.prog_cnt;
}

static int open_program(uint32_t id)
{
	union bpf_attr attr = {.prog_id = id};

	return bpf(BPF_PROG_GET_FD_BY_ID, &attr);
}

static int attach(int folder, int program, int old)
{
	union bpf_attr attr = {
	        .target_fd = (uint32_t)folder,
	        .attach_bpf_fd = (uint32_t)program,
	        .attach_type = BPF_CGROUP_DEVICE,
	        .attach_flags = BPF_F_ALLOW_MULTI | (old >= 0 ? BPF_F_REPLACE : 0),
	};

	if (old >= 0)
		attr.replace_bpf_fd = (uint32_t)old;
	return bpf(BPF_PROG_ATTACH, &attr);
}

static void detach(int folder, int program)
{
	union bpf_attr attr = {.target_fd = (uint32_t)folder,
	        .attach_bpf_fd = (uint32_t)program,
	        .attach_type = BPF_CGROUP_DEVICE};

	bpf(BPF_PROG_DETACH, &attr);
}

/* One is replaced in place; where there are more, the new one is there before they go. */
int device_program_attach(const struct device_program *program, int folder, struct err *err)
{
	uint32_t ids[MOST_ATTACHED] = {0};
	AUTO_FD int fd = load_program(program);
	AUTO_FD int old = -1;

	if (fd < 0) {
		err_sys(err, "load the filter of devices (%zu instructions)", program->n);
		if (err)
			err->kind = ERR_HOST;
		return err_hint(err, "the kernel needs CONFIG_CGROUP_BPF, and prov CAP_BPF");
	}
	uint32_t n = attached(folder, ids);
	if (n == 1)
		old = open_program(ids[0]);
	if (attach(folder, fd, old) < 0)
		return err_sys(err, "attach the filter of devices");
	for (uint32_t i = 0; old < 0 && i < n && i < MOST_ATTACHED; i++) {
		AUTO_FD int gone = open_program(ids[i]);
		if (gone >= 0)
			detach(folder, gone);
	}
	return 0;
}
