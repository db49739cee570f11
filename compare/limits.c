/* A machine's limits under load: what the claims say of groups, tried in a running container. */
#include "compare/work.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define MIB       (1 << 20)

static void fact(
        struct work *w, const char *id, const char *title, const char *value, const char *method)
{
	result_fact(w->result,
	        &(struct fact){.id = id,
	                .kind = w->options->kind,
	                .title = title,
	                .group = "claim",
	                .value = value,
	                .method = method});
}

/* Exit status of a line of shell; -1: it could not be run. */
static int shell(struct work *w, const char *line, struct err *err)
{
	const char *const argv[] = {"/bin/sh", "-c", line, NULL};
	const struct transport_cmd cmd = {
	        .argv = argv, .in_fd = -1, .timeout_ns = 60 * SECOND_NS, .stop = w->job->stop};

	return transport_ask(w->transport, &cmd, NULL, NULL, err);
}

/* One line without a newline, as large as half more than the limit: tail has to keep all of it. */
static int try_memory(struct work *w, struct err *err)
{
	long limit = (long)(w->access->spec->memory_bytes / MIB), asked = limit + limit / 2;
	AUTO_FREE char *line = xasprintf("head -c %ldm /dev/zero | tail -n 1 >/dev/null", asked);

	/* The shell answers with the status of tail; within the limit it would be 0. */
	int status = shell(w, line, err);
	if (status < 0)
		return -1;
	AUTO_FREE char *text =
	        xasprintf("%s: %ld MiB asked for of %ld, %s (%d)", status ? "yes" : "no", asked,
	                limit, status ? "ended by the kernel" : "given", status);
	fact(w, "claim.limit.memory", "the limit of memory holds", text,
	        "head of /dev/zero into tail, which keeps it");
	return 0;
}

static int try_cpu(struct work *w, struct err *err)
{
	static const char loops[] = "(while :; do :; done) & a=$!; (while :; do :; done) & b=$!; "
	                            "(while :; do :; done) & c=$!; sleep 2; kill $a $b $c";
	struct usage before, after;
	const struct access *a = w->access;

	if (a->provider->usage(a->session, &before, err) < 0)
		return -1;
	int64_t start_ns = clock_mono_ns();
	if (shell(w, loops, err) < 0)
		return -1;
	double wall_s = (double)(clock_mono_ns() - start_ns) / 1e9;
	if (a->provider->usage(a->session, &after, err) < 0)
		return -1;
	double cpus = (double)(after.cpu_ns - before.cpu_ns) / 1e9 / wall_s;
	/* Periods of the quota are 100 ms: one more may have begun. */
	AUTO_FREE char *text = xasprintf("%s: three loops got %.2f CPUs of %g",
	        cpus < a->spec->cpus * 1.1 ? "yes" : "no", cpus, a->spec->cpus);
	fact(w, "claim.limit.cpu", "the limit of processor time holds", text,
	        "CPU time of the cgroup over the clock, three busy loops for 2 s");
	return 0;
}

static int look_for_limit(struct work *w, struct err *err)
{
	int status = shell(w,
	        "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes "
	        "2>/dev/null | grep -q '^[0-9]'",
	        err);

	if (status < 0)
		return -1;
	fact(w, "claim.limit.seen", "its limit of memory can be read inside",
	        status == 0 ? "yes" : "no",
	        "memory.max, memory.limit_in_bytes below /sys/fs/cgroup");
	return 0;
}

int work_limits(struct work *w, struct err *err)
{
	if (look_for_limit(w, err) < 0 || try_cpu(w, err) < 0)
		return -1;
	return try_memory(w, err);
}
