#include "engine/seccomp/prologue.h"

#include <endian.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>

enum { NUMBERS = 1024, SMALLEST_GAP = 8 };

#define RETURN_ERRNO(code) (SECCOMP_RET_ERRNO | ((code)&SECCOMP_RET_DATA))
#define FIELD(name)        ((uint32_t)offsetof(struct seccomp_data, name))

#if __BYTE_ORDER == __LITTLE_ENDIAN
enum { LOW_HALF = 0 };
#else
enum { LOW_HALF = 4 };
#endif

void program_add(struct program *program, struct sock_filter instruction)
{
	program->v = xrealloc(program->v, program->n + 1, sizeof(*program->v));
	program->v[program->n++] = instruction;
}

static void add(struct program *p, uint16_t code, uint32_t k)
{
	program_add(p, (struct sock_filter)BPF_STMT(code, k));
}

static void jump(struct program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	program_add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_K | code, k, yes, no));
}

static void load(struct program *p, size_t offset)
{
	add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

static bool is_known(uint32_t arch, int number)
{
	char *name = seccomp_syscall_resolve_num_arch(arch, number);

	free(name);
	return name != NULL;
}

/* Numbers from first to last do not exist, as far as libseccomp knows. */
static void add_gap(struct program *p, int first, int last)
{
	jump(p, BPF_JGE, (uint32_t)first, 0, 2);
	jump(p, BPF_JGT, (uint32_t)last, 1, 0);
	add(p, BPF_RET | BPF_K, RETURN_ERRNO(ENOSYS));
}

/* Holes in the middle of the table and all behind its end. Those of a few numbers were calls once.
 */
static void add_unknown(struct program *p, uint32_t arch)
{
	int known = -1;

	for (int number = 0; number < NUMBERS; number++) {
		if (!is_known(arch, number))
			continue;
		if (number - known > SMALLEST_GAP)
			add_gap(p, known + 1, number - 1);
		known = number;
	}
	jump(p, BPF_JGT, (uint32_t)known, 0, 1);
	add(p, BPF_RET | BPF_K, RETURN_ERRNO(ENOSYS));
}

/* Denials of one call and argument, which stand together. The number is loaded before and after. */
static void add_denials(struct program *p, const struct seccomp_denial *d, size_t n, uint32_t arch)
{
	int number = seccomp_syscall_resolve_name_arch(arch, d->name);

	if (number < 0)
		return;
	jump(p, BPF_JEQ, (uint32_t)number, 0, (uint8_t)(n + 3));
	load(p, FIELD(args) + 8 * d->index + LOW_HALF);
	for (size_t i = 0; i < n; i++)
		jump(p, BPF_JEQ, d[i].value, (uint8_t)(n - 1 - i), i + 1 == n);
	add(p, BPF_RET | BPF_K, RETURN_ERRNO(EPERM));
	load(p, FIELD(nr));
}

static size_t same_call(const struct seccomp_denial *d, size_t n)
{
	size_t same = 1;

	while (same < n && str_eq(d[same].name, d->name) && d[same].index == d->index)
		same++;
	return same;
}

/* AUDIT_ARCH_… of libseccomp's tokens, which are the same but for x32. */
static void add_arch(struct program *p, const struct seccomp_profile *profile, uint32_t arch)
{
	struct program body = {0};

	load(&body, FIELD(nr));
	if (profile->unknown_enosys)
		add_unknown(&body, arch);
	for (size_t i = 0, n; i < profile->n_denials; i += n) {
		n = same_call(&profile->denials[i], profile->n_denials - i);
		add_denials(&body, &profile->denials[i], n, arch);
	}
	load(p, FIELD(arch));
	jump(p, BPF_JEQ, arch, 1, 0);
	add(p, BPF_JMP | BPF_JA, (uint32_t)body.n);
	for (size_t i = 0; i < body.n; i++)
		program_add(p, body.v[i]);
	free(body.v);
}

void prologue_add(struct program *program, const struct seccomp_profile *profile,
        const uint32_t *archs, size_t n)
{
	if (!profile->unknown_enosys && !profile->n_denials)
		return;
	for (size_t i = 0; i < n; i++)
		if (archs[i] != SCMP_ARCH_X32)
			add_arch(program, profile, archs[i]);
}
