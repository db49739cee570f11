#include "engine/seccomp/shrink.h"

#include "engine/seccomp/answers.h"

#include <endian.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

/* Of a conditional jump. */
enum { MAX_OFFSET = 255 };

/* What is known of the accumulator. */
enum known {
	KNOWN_VALUE,
	KNOWN_HIGH,  /* SECCOMP_NUMBERS or more */
	KNOWN_OTHER, /* an architecture that is none of those looked for */
	KNOWN_NOTHING,
};
struct value {
	enum known what;
	uint32_t v;
};

/* Looks at all ways through a program that calls of one number can take. */
struct walk {
	const struct program *p;
	struct value arch, number;
	unsigned char *seen; /* an instruction: once with a known value, or without */
	bool *reached;
	bool ok, answered, varies;
	uint32_t answer;
};

enum branch { BRANCH_NO, BRANCH_YES, BRANCH_BOTH };

static enum branch decide(uint16_t op, const struct value *a, uint32_t k)
{
	if (a->what == KNOWN_VALUE)
		return jump_compare(op, a->v, k) ? BRANCH_YES : BRANCH_NO;
	if (a->what == KNOWN_OTHER)
		return op == BPF_JEQ ? BRANCH_NO : BRANCH_BOTH;
	if (a->what == KNOWN_HIGH && op == BPF_JEQ && k < SECCOMP_NUMBERS)
		return BRANCH_NO;
	if (a->what == KNOWN_HIGH &&
	        ((op == BPF_JGE && k <= SECCOMP_NUMBERS) || (op == BPF_JGT && k < SECCOMP_NUMBERS)))
		return BRANCH_YES;
	return BRANCH_BOTH;
}

static struct value load(const struct walk *w, uint32_t offset)
{
	if (offset == offsetof(struct seccomp_data, nr))
		return w->number;
	if (offset == offsetof(struct seccomp_data, arch))
		return w->arch;
	return (struct value){KNOWN_NOTHING, 0};
}

static void answer(struct walk *w, uint32_t k)
{
	w->varies |= w->answered && w->answer != k;
	w->answered = true;
	w->answer = k;
}

static void walk_from(struct walk *w, size_t pc, struct value a)
{
	for (;; pc++) {
		const struct sock_filter *i = &w->p->v[pc];
		unsigned char mark = a.what == KNOWN_VALUE ? 1 : 2;
		if (pc >= w->p->n || w->seen[pc] & mark) {
			w->ok &= pc < w->p->n;
			return;
		}
		w->seen[pc] |= mark;
		w->reached[pc] = true;
		if (i->code == (BPF_RET | BPF_K)) {
			answer(w, i->k);
			return;
		}
		if (i->code == (BPF_LD | BPF_W | BPF_ABS)) {
			a = load(w, i->k);
		} else if (i->code == (BPF_ALU | BPF_AND | BPF_K)) {
			a = (struct value){
			        a.what == KNOWN_VALUE ? KNOWN_VALUE : KNOWN_NOTHING, a.v & i->k};
		} else if (i->code == (BPF_JMP | BPF_JA)) {
			pc += i->k;
		} else if (program_is_jump(i)) {
			enum branch b = decide(BPF_OP(i->code), &a, i->k);
			if (b == BRANCH_BOTH)
				walk_from(w, pc + 1 + i->jt, a);
			pc += b == BRANCH_YES ? i->jt : i->jf;
		} else {
			w->ok = false;
			return;
		}
	}
}

/* Runs of numbers with one and the same answer. */
struct range {
	uint32_t first, answer;
	bool varies;
};
struct ranges {
	struct range v[SECCOMP_NUMBERS + 1];
	size_t n;
};

struct shrink {
	const struct program *p;
	bool *live; /* instructions that numbers without one answer reach */
	struct program out;
	bool ok;
};

/* Its answer; where that varies, what it reaches is kept. */
static struct range look(struct shrink *s, struct value arch, struct value number)
{
	AUTO_FREE unsigned char *seen = xcalloc(s->p->n, 1);
	AUTO_FREE bool *reached = xcalloc(s->p->n, sizeof(*reached));
	struct walk w = {.p = s->p,
	        .arch = arch,
	        .number = number,
	        .seen = seen,
	        .reached = reached,
	        .ok = true};

	walk_from(&w, 0, (struct value){KNOWN_VALUE, 0});
	s->ok &= w.ok;
	bool keep = w.varies || arch.what != KNOWN_VALUE;
	for (size_t i = 0; keep && i < s->p->n; i++)
		s->live[i] |= reached[i];
	return (struct range){number.v, w.varies ? 0 : w.answer, w.varies};
}

static void find_ranges(struct shrink *s, uint32_t arch, struct ranges *out)
{
	out->n = 0;
	for (uint32_t number = 0; number <= SECCOMP_NUMBERS; number++) {
		struct value v = {number < SECCOMP_NUMBERS ? KNOWN_VALUE : KNOWN_HIGH, number};
		struct range r = look(s, (struct value){KNOWN_VALUE, arch}, v);
		const struct range *last = out->n ? &out->v[out->n - 1] : NULL;
		if (!last || last->answer != r.answer || last->varies != r.varies)
			out->v[out->n++] = r;
	}
}

/* JA with this offset stands for "the rest of the program" until that begins. */
#define TO_THE_REST UINT32_MAX

static void add_tree(struct program *p, const struct range *v, size_t n, bool *ok)
{
	size_t half = n / 2, at = p->n;

	if (n == 1) {
		program_add(p,
		        v->varies ? (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, TO_THE_REST)
		                  : (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, v->answer));
		return;
	}
	program_add(
	        p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, v[half].first, 0, 0));
	add_tree(p, v, half, ok);
	*ok &= p->n - at - 1 <= MAX_OFFSET;
	p->v[at].jt = (uint8_t)(p->n - at - 1);
	add_tree(p, v + half, n - half, ok);
}

static void add_arch(struct shrink *s, uint32_t arch)
{
	AUTO_FREE struct ranges *ranges = xmalloc(sizeof(*ranges));
	struct program tree = {0};

	find_ranges(s, arch, ranges);
	add_tree(&tree, ranges->v, ranges->n, &s->ok);
	program_add(&s->out, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0));
	program_add(&s->out, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)tree.n + 1));
	program_add(&s->out,
	        (struct sock_filter)BPF_STMT(
	                BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	for (size_t i = 0; i < tree.n; i++)
		program_add(&s->out, tree.v[i]);
	free(tree.v);
}

/* Appends what is live of p. A way that is never taken then leads where the other one does. */
static void add_live(struct program *out, const struct program *p, const bool *live)
{
	AUTO_FREE size_t *place = xcalloc(p->n + 1, sizeof(*place));

	for (size_t i = 0; i < p->n; i++)
		place[i + 1] = place[i] + live[i];
	for (size_t pc = 0; pc < p->n; pc++) {
		struct sock_filter i = p->v[pc];
		if (!live[pc])
			continue;
		if (i.code == (BPF_JMP | BPF_JA)) {
			i.k = (uint32_t)(place[pc + 1 + i.k] - place[pc + 1]);
		} else if (program_is_jump(&i)) {
			size_t yes = pc + 1 + i.jt, no = pc + 1 + i.jf;
			yes = live[yes] ? yes : no;
			no = live[no] ? no : yes;
			i.jt = (uint8_t)(place[yes] - place[pc + 1]);
			i.jf = (uint8_t)(place[no] - place[pc + 1]);
		}
		program_add(out, i);
	}
}

static void add_rest(struct shrink *s)
{
	size_t rest = s->out.n;

	for (size_t i = 0; i < rest; i++)
		if (s->out.v[i].code == (BPF_JMP | BPF_JA) && s->out.v[i].k == TO_THE_REST)
			s->out.v[i].k = (uint32_t)(rest - i - 1);
	add_live(&s->out, s->p, s->live);
}

/* The farthest instruction that a jump from pc can reach and that returns the same as the one at
 * target. */
static uint8_t farthest(const struct program *p, size_t pc, uint8_t offset)
{
	const struct sock_filter *to = &p->v[pc + 1 + offset];

	if (to->code != (BPF_RET | BPF_K))
		return offset;
	for (size_t far = MAX_OFFSET; far > offset; far--)
		if (pc + 1 + far < p->n && p->v[pc + 1 + far].code == to->code &&
		        p->v[pc + 1 + far].k == to->k)
			return (uint8_t)far;
	return offset;
}

/* Many ranges, few answers: one instruction returns what many did, and those go. */
static void share_answers(struct program *p)
{
	AUTO_FREE bool *live = xcalloc(p->n, sizeof(*live));
	struct program out = {0};

	live[0] = true;
	for (size_t pc = 0; pc < p->n; pc++) {
		struct sock_filter *i = &p->v[pc];
		if (!live[pc])
			continue;
		if (i->code == (BPF_JMP | BPF_JA)) {
			live[pc + 1 + i->k] = true;
		} else if (program_is_jump(i)) {
			i->jt = farthest(p, pc, i->jt);
			i->jf = farthest(p, pc, i->jf);
			live[pc + 1 + i->jt] = live[pc + 1 + i->jf] = true;
		} else if (i->code != (BPF_RET | BPF_K)) {
			live[pc + 1] = true;
		}
	}
	add_live(&out, p, live);
	free(p->v);
	*p = out;
}

void program_shrink(struct program *program, const uint32_t *archs, size_t n)
{
	AUTO_FREE bool *live = xcalloc(program->n, sizeof(*live));
	struct shrink s = {.p = program, .live = live, .ok = true};

	program_add(&s.out,
	        (struct sock_filter)BPF_STMT(
	                BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
	for (size_t i = 0; i < n; i++)
		add_arch(&s, archs[i]);
	look(&s, (struct value){KNOWN_OTHER, 0}, (struct value){KNOWN_NOTHING, 0});
	if (s.ok) {
		add_rest(&s);
		share_answers(&s.out);
	}
	/* Whatever went wrong there: the long one is right. */
	if (!s.ok || s.out.n >= program->n || !program_is_same(program, &s.out, archs, n)) {
		free(s.out.v);
		return;
	}
	free(program->v);
	*program = s.out;
}
