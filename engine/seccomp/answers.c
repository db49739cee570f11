#include "engine/seccomp/answers.h"

#include <linux/seccomp.h>
#include <string.h>

bool jump_compare(uint16_t op, uint32_t a, uint32_t k)
{
	return op == BPF_JEQ    ? a == k
	        : op == BPF_JGT ? a > k
	        : op == BPF_JGE ? a >= k
	                        : (a & k) != 0;
}

bool program_is_jump(const struct sock_filter *i)
{
	return BPF_CLASS(i->code) == BPF_JMP && BPF_SRC(i->code) == BPF_K;
}

/* SECCOMP_RET_…; false: it has an instruction that is not known here. */
static bool run(const struct program *p, uint32_t arch, uint32_t number, const uint64_t args[6],
        uint32_t *out)
{
	struct seccomp_data data = {.nr = (int)number, .arch = arch};
	uint32_t a = 0;

	memcpy(data.args, args, sizeof(data.args));
	for (size_t pc = 0; pc < p->n; pc++) {
		const struct sock_filter *i = &p->v[pc];
		if (i->code == (BPF_RET | BPF_K)) {
			*out = i->k;
			return true;
		}
		if (i->code == (BPF_LD | BPF_W | BPF_ABS) && i->k <= sizeof(data) - sizeof(a))
			memcpy(&a, (const char *)&data + i->k, sizeof(a));
		else if (i->code == (BPF_ALU | BPF_AND | BPF_K))
			a &= i->k;
		else if (i->code == (BPF_JMP | BPF_JA))
			pc += i->k;
		else if (program_is_jump(i))
			pc += jump_compare(BPF_OP(i->code), a, i->k) ? i->jt : i->jf;
		else
			return false;
	}
	return false;
}

/* Numbers of the tables, behind them, and of x32. */
enum { CHECKED = 2 * SECCOMP_NUMBERS, CHECKED_X32 = 512, X32 = 0x40000000 };

static bool is_same_for(const struct program *a, const struct program *b, uint32_t arch,
        uint32_t number, uint64_t arg)
{
	const uint64_t args[6] = {arg, arg, arg, arg, arg, arg};
	uint32_t x, y;

	return run(a, arch, number, args, &x) && run(b, arch, number, args, &y) && x == y;
}

/* All arguments the same: values that programs ask for, and what is next to them. */
static bool is_same_on(const struct program *a, const struct program *b, uint32_t arch)
{
	static const uint64_t some[] = {0, 1, 2, 38, 0x1000, 0x5412, 0x10000000, UINT32_MAX,
	        UINT64_C(0x100000026), UINT64_C(0x100005412), UINT64_MAX};

	for (uint32_t k = 0; k < CHECKED + CHECKED_X32; k++)
		for (size_t i = 0; i < (k < SECCOMP_NUMBERS ? ARRAY_SIZE(some) : 1); i++)
			if (!is_same_for(a, b, arch, k < CHECKED ? k : k - CHECKED + X32, some[i]))
				return false;
	return true;
}

bool program_is_same(
        const struct program *a, const struct program *b, const uint32_t *archs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_same_on(a, b, archs[i]))
			return false;
	return is_same_for(a, b, 0x12345678, 1, 0) && is_same_for(a, b, 0x12345678, X32, 0);
}
