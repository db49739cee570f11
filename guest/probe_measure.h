/*
 * How prov-probe measures: an operation is repeated in batches whose size adapts to the machine's
 * speed (an emulated processor is 10 to 50 times slower), a batch is timed with the monotonic
 * clock, and the median of the batches is the answer.
 */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>

#define MAX_SAMPLES 51
#define MIN_SAMPLES 3

/* What every subcommand gets. */
struct probe_env {
	int64_t budget_ns; /* one probe's time, its preparation not counted */
	bool quick;
	const char *dir;  /* where the probes of the disk put their file */
	const char *host; /* of the TCP probes: numeric IPv4 address */
	int port;
};

/* Does n operations; *ns is the time they took, without what they need before and after. -1: errno
 * says why. */
typedef int (*batch_fn)(void *ctx, long n, int64_t *ns);

struct measure {
	const char *id, *unit;
	double per_op;  /* units of work in one operation, for a rate; 0: the answer is ns for each
	                 */
	long max_batch; /* 0: no limit */
	batch_fn batch;
	void *ctx;
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Fresh zero pages; flags: MAP_PRIVATE or MAP_SHARED. MAP_FAILED: errno says why. */
static void *map_pages(size_t n, int flags)
{
	/* cppcheck-suppress invalidFunctionArg -- -1 is what anonymous memory wants */
	return mmap(NULL, n, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
}

/* What a reader of the figure must know. */
static void __attribute__((format(printf, 2, 3))) note(const char *id, const char *fmt, ...)
{
	va_list ap;

	printf("NOTE %s ", id);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

/* There is no figure. Returns 1, the program's exit status. */
static int __attribute__((format(printf, 2, 3))) failed(const char *id, const char *fmt, ...)
{
	int why = errno;
	va_list ap;

	printf("FAIL %s ", id);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(": %s\n", strerror(why));
	return 1;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* "ID MEDIAN UNIT N MIN MAX", N being the number of batches. */
static void print_samples(const char *id, const char *unit, double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), compare_doubles);
	double median = n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;

	printf("%s %.4f %s %d %.4f %.4f\n", id, median, unit, n, v[0], v[n - 1]);
}

static double sample(const struct measure *m, long n, int64_t ns)
{
	if (ns < 1)
		ns = 1;
	return m->per_op > 0 ? m->per_op * (double)n * 1e9 / (double)ns : (double)ns / (double)n;
}

/* The batch that takes about a fortieth of the budget; its time is in *ns. */
static int calibrate(const struct measure *m, int64_t budget_ns, long *n, int64_t *ns)
{
	int64_t target = budget_ns / 40;

	for (*n = 1;;) {
		if (m->batch(m->ctx, *n, ns) < 0)
			return -1;
		if (*ns >= target || (m->max_batch && *n >= m->max_batch))
			return 0;
		int64_t grow = *ns > 0 ? target * 5 / 4 / *ns + 1 : 10;
		*n *= (long)(grow < 2 ? 2 : grow > 10 ? 10 : grow);
		if (m->max_batch && *n > m->max_batch)
			*n = m->max_batch;
	}
}

/* Measures and prints. Returns the exit status. */
static int measure(const struct probe_env *env, const struct measure *m)
{
	double v[MAX_SAMPLES];
	int64_t begun, ns;
	int taken = 0;
	long n;

	/* Also warms up: caches, page tables, the translation of an emulated processor. */
	if (calibrate(m, env->budget_ns, &n, &ns) < 0)
		return failed(m->id, "a first try");
	begun = now_ns();
	/* One operation may be longer than the whole budget: then its first run is the answer. */
	if (ns > env->budget_ns)
		v[taken++] = sample(m, n, ns);
	while (taken < MAX_SAMPLES) {
		int64_t spent = now_ns() - begun;
		if (spent > env->budget_ns * (taken < MIN_SAMPLES ? 3 : 1) && taken > 0)
			break;
		if (m->batch(m->ctx, n, &ns) < 0)
			return failed(m->id, "after %d batches of %ld", taken, n);
		v[taken++] = sample(m, n, ns);
	}
	print_samples(m->id, m->unit, v, taken);
	return 0;
}
