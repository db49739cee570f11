/* Probes of processor, memory and kernel entry: nothing here touches a disk or a network. */
#pragma once

#include "guest/probe_measure.h"
#include "guest/probe_sha256.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define MIB (1024.0 * 1024.0)

/* getppid and not getpid: no libc or kernel may answer it from a cache. */
static int batch_syscall(void *ctx, long n, int64_t *ns)
{
	int64_t begun = now_ns();

	(void)ctx;
	for (long i = 0; i < n; i++)
		syscall(SYS_getppid);
	*ns = now_ns() - begun;
	return 0;
}

static int probe_syscall(const struct probe_env *env)
{
	struct measure m = {.id = "probe.syscall", .unit = "ns", .batch = batch_syscall};

	return measure(env, &m);
}

/* --- context switch --- */

struct ping {
	int to, from;
};

static int batch_ping(void *ctx, long n, int64_t *ns)
{
	struct ping *p = ctx;
	int64_t begun = now_ns();
	char byte = 0;

	/* A round trip is two switches. */
	for (long i = 0; i < n; i += 2)
		if (write(p->to, &byte, 1) != 1 || read(p->from, &byte, 1) != 1)
			return -1;
	*ns = now_ns() - begun;
	if (n % 2)
		*ns = *ns * n / (n + 1);
	return 0;
}

static void __attribute__((noreturn)) pong(int from, int to)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(from, &byte, 1) == 1)
		if (write(to, &byte, 1) != 1)
			break;
	_exit(0);
}

/* Both processes on the CPU that this one runs on, or each wake-up is a message to another CPU. */
static bool pin_to_one_cpu(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return false;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0;
}

static int probe_switch(const struct probe_env *env)
{
	struct ping p;
	struct measure m = {.id = "probe.switch", .unit = "ns", .batch = batch_ping, .ctx = &p};
	int there[2], back[2];

	if (pipe(there) < 0 || pipe(back) < 0)
		return failed(m.id, "pipe");
	if (!pin_to_one_cpu())
		note(m.id, "not pinned to one CPU: %s", strerror(errno));
	pid_t child = fork();
	if (child < 0)
		return failed(m.id, "fork");
	if (child == 0) {
		close(there[1]);
		close(back[0]);
		pong(there[0], back[1]);
	}
	close(there[0]);
	close(back[1]);
	p = (struct ping){.to = there[1], .from = back[0]};
	int status = measure(env, &m);
	close(there[1]);
	waitpid(child, NULL, 0);
	return status;
}

/* --- fork and exec --- */

static int batch_forkexec(void *ctx, long n, int64_t *ns)
{
	char *argv[] = {(char *)"prov-probe", (char *)"exit", NULL};
	int64_t begun = now_ns();

	for (long i = 0; i < n; i++) {
		int status;
		pid_t child = fork();
		if (child < 0)
			return -1;
		if (child == 0) {
			execve(ctx, argv, (char *[]){NULL});
			_exit(127);
		}
		if (waitpid(child, &status, 0) < 0)
			return -1;
		if (status != 0) {
			errno = ENOEXEC;
			return -1;
		}
	}
	*ns = now_ns() - begun;
	return 0;
}

static int probe_forkexec(const struct probe_env *env)
{
	char self[] = "/proc/self/exe";
	struct measure m = {
	        .id = "probe.forkexec", .unit = "ns", .batch = batch_forkexec, .ctx = self};

	return measure(env, &m);
}

/* --- page faults --- */

#define FAULT_PAGES 1024L

static int batch_pagefault(void *ctx, long n, int64_t *ns)
{
	long size = *(long *)ctx;

	*ns = 0;
	for (long left = n; left > 0; left -= FAULT_PAGES) {
		long pages = left < FAULT_PAGES ? left : FAULT_PAGES;
		size_t bytes = (size_t)(pages * size);
		volatile char *area = map_pages(bytes, MAP_PRIVATE);
		if (area == MAP_FAILED)
			return -1;
		/* A huge page would answer 512 touches with one fault. */
		madvise((void *)area, bytes, MADV_NOHUGEPAGE);
		int64_t begun = now_ns();
		for (long i = 0; i < pages; i++)
			area[i * size] = 1;
		*ns += now_ns() - begun;
		munmap((void *)area, bytes);
	}
	return 0;
}

static int probe_pagefault(const struct probe_env *env)
{
	long size = sysconf(_SC_PAGESIZE);
	struct measure m = {
	        .id = "probe.pagefault", .unit = "ns", .batch = batch_pagefault, .ctx = &size};
	struct rusage before, after;
	int64_t ns;

	getrusage(RUSAGE_SELF, &before);
	if (batch_pagefault(&size, FAULT_PAGES, &ns) < 0)
		return failed(m.id, "mmap");
	getrusage(RUSAGE_SELF, &after);
	if (after.ru_minflt - before.ru_minflt < FAULT_PAGES)
		note(m.id, "%ld touches made only %ld faults", FAULT_PAGES,
		        after.ru_minflt - before.ru_minflt);
	return measure(env, &m);
}

/* --- memory --- */

struct copy {
	uint64_t *from, *to;
	size_t n; /* bytes, a multiple of 64 */
};

/* By plain 64-bit words: the C library's memcpy is one `rep movs` here, which hardware does by the
 * cache line and an emulator by the word, at many times the cost of other instructions. */
static void copy_words(uint64_t *to, const uint64_t *from, size_t words)
{
	for (const uint64_t *end = from + words; from < end; from += 8, to += 8) {
		uint64_t a = from[0], b = from[1], c = from[2], d = from[3];
		uint64_t e = from[4], f = from[5], g = from[6], h = from[7];
		to[0] = a, to[1] = b, to[2] = c, to[3] = d;
		to[4] = e, to[5] = f, to[6] = g, to[7] = h;
	}
}

static int batch_copy(void *ctx, long n, int64_t *ns)
{
	struct copy *c = ctx;
	int64_t begun = now_ns();

	for (long i = 0; i < n; i++) {
		copy_words(c->to, c->from, c->n / sizeof(*c->to));
		/* The copy must happen each time. */
		__asm__ volatile("" : : "r"(c->to), "r"(c->from) : "memory");
	}
	*ns = now_ns() - begun;
	return 0;
}

/* Between the buffers: without it both ends of each copy would fall on the same places of caches
 * and of translation tables, and push each other out. */
#define COPY_GAP (33 * 4096 + 1088)

static int measure_copy(const struct probe_env *env, const char *id, size_t n)
{
	struct copy c = {.n = n};
	struct measure m = {.id = id, .unit = "MiB/s", .batch = batch_copy, .ctx = &c};

	m.per_op = (double)n / MIB;
	c.from = map_pages(2 * n + COPY_GAP, MAP_PRIVATE);
	if (c.from == MAP_FAILED)
		return failed(id, "mmap of %zu KiB", 2 * n / 1024);
	c.to = c.from + (n + COPY_GAP) / sizeof(*c.to);
	memset(c.from, 1, 2 * n + COPY_GAP); /* no fault in the measured part */
	return measure(env, &m);
}

/* Fixed sizes, as both kinds must do the same. 32 MiB in all fit into the smallest machines. */
static int probe_membw(const struct probe_env *env)
{
	return measure_copy(env, "probe.membw", 16 << 20);
}

static int probe_membw_cache(const struct probe_env *env)
{
	return measure_copy(env, "probe.membw_cache", 12 << 10);
}

/* --- arithmetic --- */

static int batch_sha256(void *ctx, long n, int64_t *ns)
{
	uint32_t *state = ctx;
	uint8_t block[64];
	int64_t begun = now_ns();

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (uint8_t)i;
	for (long i = 0; i < n; i++)
		sha256_block(state, block);
	*ns = now_ns() - begun;
	return 0;
}

static int probe_cpu(const struct probe_env *env)
{
	uint32_t state[8];
	struct measure m = {.id = "probe.cpu",
	        .unit = "ops/s",
	        .per_op = 1,
	        .batch = batch_sha256,
	        .ctx = state};

	if (!sha256_known_answer()) {
		errno = EILSEQ;
		return failed(m.id, "SHA-256 of 'abc' is wrong on this processor");
	}
	sha256_start(state);
	int status = measure(env, &m);
	__asm__ volatile("" : : "r"(state) : "memory");
	return status;
}

/* The logistic map: each step needs the one before it, so that no two run at once. */
static int batch_float(void *ctx, long n, int64_t *ns)
{
	double x = *(double *)ctx;
	int64_t begun = now_ns();

	for (long i = 0; i < n; i++)
		x = 3.9 * x * (1.0 - x);
	*ns = now_ns() - begun;
	*(double *)ctx = x;
	return 0;
}

static int probe_float(const struct probe_env *env)
{
	double x = 0.4;
	struct measure m = {
	        .id = "probe.float", .unit = "ops/s", .per_op = 1, .batch = batch_float, .ctx = &x};
	int status = measure(env, &m);

	if (!(x > 0 && x < 1)) {
		errno = EDOM;
		return failed(m.id, "the logistic map left its range");
	}
	return status;
}
