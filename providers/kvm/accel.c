#include "providers/kvm/accel.h"

#include "base/clock.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ITERATIONS 2000
#define ROUNDS     3
#define LIMIT_MS   3000

/* Guest memory: page tables at 4 KiB, code behind them; all of it mapped one to one by a single
 * 2 MiB page. */
#define MEMORY (64 * 1024)
#define PML4   0x1000
#define PDPT   0x2000
#define PD     0x3000
#define CODE   0x4000

static const unsigned char code[] = {
        0xff, 0xc9, /* 1: dec %ecx */
        0x75, 0xfc, /* jnz 1b */
        0xf4,       /* hlt */
};

/* Only system calls from here on: this runs in the child of a process that may have threads. */
struct guest {
	int kvm, vm, vcpu;
	unsigned char *memory;
	struct kvm_run *state;
};

static void fail(struct accel_measure *m, const char *what)
{
	snprintf(m->what_failed, sizeof(m->what_failed), "%s: %s", what, strerror(errno));
}

static bool make_machine(struct guest *g, const char *node, struct accel_measure *m)
{
	g->kvm = open(node, O_RDWR | O_CLOEXEC);
	if (g->kvm < 0) {
		char what[64];
		snprintf(what, sizeof(what), "open '%s'", node);
		fail(m, what);
		return false;
	}
	g->vm = ioctl(g->kvm, KVM_CREATE_VM, 0);
	g->vcpu = g->vm < 0 ? -1 : ioctl(g->vm, KVM_CREATE_VCPU, 0);
	int size = ioctl(g->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (g->vcpu < 0 || size < (int)sizeof(*g->state)) {
		fail(m, "make a virtual machine with one CPU");
		return false;
	}
	g->state = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, g->vcpu, 0);
	g->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (g->state == MAP_FAILED || g->memory == MAP_FAILED) {
		fail(m, "map the guest's memory");
		return false;
	}
	return true;
}

/* Long mode at once: no boot code (Intel SDM volume 3, 10.8.5; KVM API, 4.12 and 4.35). */
static bool enter_long_mode(struct guest *g, struct accel_measure *m)
{
	struct kvm_userspace_memory_region region = {
	        .memory_size = MEMORY, .userspace_addr = (uintptr_t)g->memory};
	struct kvm_segment flat = {.limit = 0xffffffff,
	        .selector = 8,
	        .type = 11,
	        .present = 1,
	        .s = 1,
	        .l = 1,
	        .g = 1};
	const uint64_t tables[][2] = {
	        {PML4, PDPT | 3}, /* present, writable */
	        {PDPT, PD | 3},   /* one GiB */
	        {PD, 0x80 | 3},   /* one page of 2 MiB at 0 */
	};
	struct kvm_sregs sregs;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		memcpy(g->memory + tables[i][0], &tables[i][1], sizeof(uint64_t));
	memcpy(g->memory + CODE, code, sizeof(code));
	if (ioctl(g->vm, KVM_SET_USER_MEMORY_REGION, &region) < 0 ||
	        ioctl(g->vcpu, KVM_GET_SREGS, &sregs) < 0) {
		fail(m, "give the guest memory");
		return false;
	}
	sregs.cr3 = PML4;
	sregs.cr4 |= 1u << 5;             /* PAE */
	sregs.cr0 |= 1u | 1u << 31;       /* PE, PG */
	sregs.efer |= 1u << 8 | 1u << 10; /* LME, LMA */
	sregs.cs = flat;
	flat.type = 3;
	flat.selector = 16;
	sregs.ds = sregs.es = sregs.ss = flat;
	if (ioctl(g->vcpu, KVM_SET_SREGS, &sregs) < 0) {
		fail(m, "put the guest into long mode");
		return false;
	}
	return true;
}

/* The time of n iterations and the HLT behind them; -1: it did not get there. */
static int64_t run_loop(struct guest *g, unsigned n, struct accel_measure *m)
{
	struct kvm_regs regs = {.rip = CODE, .rcx = n, .rflags = 2};

	if (ioctl(g->vcpu, KVM_SET_REGS, &regs) < 0) {
		fail(m, "set the guest's registers");
		return -1;
	}
	int64_t begun = clock_mono_ns();
	if (ioctl(g->vcpu, KVM_RUN, 0) < 0) {
		fail(m, "run the guest");
		return -1;
	}
	int64_t took = clock_mono_ns() - begun;
	if (g->state->exit_reason == KVM_EXIT_HLT)
		return took;
	snprintf(m->what_failed, sizeof(m->what_failed),
	        "the guest stopped with exit reason %u instead of HLT", g->state->exit_reason);
	return -1;
}

/* The least of some rounds, without what entering and leaving the guest costs. */
static void measure(const char *node, struct accel_measure *m)
{
	int64_t least_one = INT64_MAX, least = INT64_MAX;
	struct guest g;

	if (!make_machine(&g, node, m) || !enter_long_mode(&g, m))
		return;
	for (int i = 0; i < ROUNDS; i++) {
		int64_t one = run_loop(&g, 1, m), all = one < 0 ? -1 : run_loop(&g, ITERATIONS, m);
		if (all < 0)
			return;
		least_one = one < least_one ? one : least_one;
		least = all < least ? all : least;
	}
	m->ns = least > least_one ? (double)(least - least_one) / (ITERATIONS - 1) : 0;
	m->ran = true;
}

void accel_measure(const char *node, struct accel_measure *out)
{
	struct accel_measure m = {.what_failed = "no answer within 3 s"};
	int report[2];

	*out = (struct accel_measure){.what_failed = "no process could be made to measure it"};
	if (pipe2(report, O_CLOEXEC) < 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		m = (struct accel_measure){0};
		measure(node, &m);
		_exit(write(report[1], &m, sizeof(m)) == sizeof(m) ? 0 : 1);
	}
	util_close_fd(&report[1]);
	if (pid > 0) {
		struct pollfd p = {.fd = report[0], .events = POLLIN};
		struct accel_measure got;
		int ready;
		do
			ready = poll(&p, 1, LIMIT_MS);
		while (ready < 0 && errno == EINTR);
		if (ready > 0 && io_read_full(report[0], &got, sizeof(got)) == sizeof(got))
			m = got;
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		*out = m;
	}
	util_close_fd(&report[0]);
}

bool accel_is_fast(const struct accel_measure *m)
{
	return m->ran && m->ns < ACCEL_FAST_NS;
}

void accel_describe(const struct accel_measure *m, struct str *out)
{
	if (!m->ran)
		str_add(out, m->what_failed);
	else if (m->ns < 10)
		str_addf(out, "%.1f ns an iteration", m->ns);
	else
		str_addf(out, "%.0f ns an iteration%s", m->ns,
		        accel_is_fast(m) ? "" : ": its instructions are emulated one at a time");
}
