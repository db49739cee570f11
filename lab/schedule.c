#include "lab/schedule.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct queue {
	size_t *at;
	size_t head, tail;
};

struct place {
	size_t missing; /* how many have to end before */
	size_t *freed;  /* who waits for this one */
	size_t n_freed;
	size_t because;
	bool settled; /* returned, skipped or dropped */
};

struct schedule {
	struct machine *const *machines;
	size_t n;
	bool up_order;
	struct place *places;
	struct queue light, heavy, skipped;
};

bool schedule_is_heavy(const struct machine *m)
{
	return str_eq(m->spec.provider, "kvm");
}

/* A container's worker often waits for the kernel, or for what its scripts fetch; a virtual machine
 * keeps a processor busy while it boots. Measured on 2 processors: 200 containers come up fastest
 * with 6 to 24 at once, with 32 5 % slower, and all at once make the host answer slowly. */
struct abreast schedule_abreast(long cpus)
{
	size_t n = cpus > 0 ? (size_t)cpus : 1;

	return (struct abreast){.light = 8 * n, .heavy = n < 2 ? 4 : 2 * n};
}

static void push(struct queue *q, size_t i)
{
	q->at[q->tail++] = i;
}

static size_t pop(struct queue *q)
{
	return q->head == q->tail ? SIZE_MAX : q->at[q->head++];
}

static void make_ready(struct schedule *s, size_t i)
{
	push(schedule_is_heavy(s->machines[i]) ? &s->heavy : &s->light, i);
}

struct named {
	const char *selector;
	size_t index;
};

static int compare_selectors(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->selector, ((const struct named *)b)->selector);
}

static void wait_for(struct schedule *s, size_t waiter, size_t first)
{
	struct place *p = &s->places[first];

	p->freed = xrealloc(p->freed, p->n_freed + 1, sizeof(*p->freed));
	p->freed[p->n_freed++] = waiter;
	s->places[waiter].missing++;
}

/* Dependencies that were not chosen are nobody's business here. */
static void link_machines(struct schedule *s)
{
	AUTO_FREE struct named *names = xcalloc(s->n + 1, sizeof(*names));

	for (size_t i = 0; i < s->n; i++)
		names[i] = (struct named){s->machines[i]->spec.selector, i};
	qsort(names, s->n, sizeof(*names), compare_selectors);
	for (size_t i = 0; i < s->n; i++) {
		const struct strv *on = &s->machines[i]->spec.depends_on;
		for (size_t d = 0; d < on->n; d++) {
			struct named key = {.selector = on->v[d]};
			const struct named *found =
			        bsearch(&key, names, s->n, sizeof(*names), compare_selectors);
			if (!found)
				continue;
			wait_for(s, s->up_order ? i : found->index, s->up_order ? found->index : i);
		}
	}
}

struct schedule *schedule_new(struct machine *const *machines, size_t n, bool up_order)
{
	struct schedule *s = xcalloc(1, sizeof(*s));

	*s = (struct schedule){.machines = machines, .n = n, .up_order = up_order};
	s->places = xcalloc(n + 1, sizeof(*s->places));
	s->light.at = xcalloc(n + 1, sizeof(size_t));
	s->heavy.at = xcalloc(n + 1, sizeof(size_t));
	s->skipped.at = xcalloc(n + 1, sizeof(size_t));
	link_machines(s);
	for (size_t i = 0; i < n; i++)
		if (!s->places[i].missing)
			make_ready(s, i);
	return s;
}

void schedule_free(struct schedule *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->places[i].freed);
	free(s->places);
	free(s->light.at);
	free(s->heavy.at);
	free(s->skipped.at);
	free(s);
}

static size_t settle(struct schedule *s, size_t i)
{
	if (i != SIZE_MAX)
		s->places[i].settled = true;
	return i;
}

/* What was dropped meanwhile is passed over. */
static size_t pop_live(struct schedule *s, struct queue *q)
{
	size_t i;

	do
		i = pop(q);
	while (i != SIZE_MAX && s->places[i].settled);
	return i;
}

size_t schedule_next(struct schedule *s, size_t light, size_t heavy)
{
	size_t i = light ? pop_live(s, &s->light) : SIZE_MAX;

	if (i == SIZE_MAX && heavy)
		i = pop_live(s, &s->heavy);
	return settle(s, i);
}

static void skip(struct schedule *s, size_t i, size_t because)
{
	if (s->places[i].settled)
		return;
	settle(s, i);
	s->places[i].because = because;
	push(&s->skipped, i);
}

void schedule_done(struct schedule *s, size_t machine, bool ok)
{
	const struct place *p = &s->places[machine];

	for (size_t i = 0; i < p->n_freed; i++) {
		if (!ok && s->up_order)
			skip(s, p->freed[i], machine);
		else if (--s->places[p->freed[i]].missing == 0 && !s->places[p->freed[i]].settled)
			make_ready(s, p->freed[i]);
	}
}

size_t schedule_skipped(struct schedule *s, size_t *because)
{
	size_t i = pop(&s->skipped);

	if (i == SIZE_MAX)
		return i;
	*because = s->places[i].because;
	schedule_done(s, i, false); /* and who depends on that one */
	return i;
}

size_t schedule_drop(struct schedule *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!s->places[i].settled)
			return settle(s, i);
	return SIZE_MAX;
}

size_t schedule_pipes(void)
{
	enum { OTHERS = 64 }; /* open besides, with room to spare */
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur == RLIM_INFINITY)
		return SIZE_MAX;
	return files.rlim_cur > 2 * OTHERS ? (size_t)files.rlim_cur - OTHERS : OTHERS;
}
