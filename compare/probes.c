#include "compare/probes.h"

#include <math.h>
#include <stdlib.h>

static const struct probe table[] = {
        {"probe.syscall", "system call", "ns",
                "getppid called in a loop without the C library's wrapper; median of the batches",
                false, "syscall", PROBE_NOTHING},
        {"probe.switch", "context switch", "ns",
                "half a round trip of one byte between two processes on one CPU, over two pipes",
                false, "switch", PROBE_NOTHING},
        {"probe.forkexec", "fork, exec and exit", "ns",
                "the probe starts itself (static, 80 KB) and waits for it", false, "forkexec",
                PROBE_NOTHING},
        {"probe.pagefault", "page fault", "ns",
                "first write to each page of fresh anonymous memory, huge pages off", false,
                "pagefault", PROBE_NOTHING},
        {"probe.membw", "memory copy, 16 MiB", "MiB/s",
                "64-bit words from one buffer of 16 MiB to another, bytes counted once; larger "
                "than most "
                "L2 caches, but not than every L3",
                true, "membw", PROBE_NOTHING},
        {"probe.membw_cache", "memory copy, 12 KiB", "MiB/s",
                "64-bit words between buffers that both fit into the L1 cache, bytes counted once",
                true, "membw_cache", PROBE_NOTHING},
        {"probe.cpu", "integer arithmetic", "ops/s",
                "SHA-256 compressions of 64 bytes in plain C, one thread; the result is checked",
                true, "cpu", PROBE_NOTHING},
        {"probe.float", "floating-point arithmetic", "ops/s",
                "steps of the logistic map in double precision, each needs the one before it", true,
                "float", PROBE_NOTHING},
        {"probe.fsync", "create, fsync, unlink", "ns",
                "a file of 4 KiB is created, written, synced, closed and removed", false, "fsync",
                PROBE_DISK},
        {"probe.seqwrite", "sequential write", "MiB/s",
                "a new file in blocks of 1 MiB with O_DIRECT, fdatasync included", true, "seqwrite",
                PROBE_DISK},
        {"probe.seqread", "sequential read", "MiB/s",
                "a file of 32 MiB in blocks of 1 MiB with O_DIRECT; behind a virtual disk the "
                "host's page cache may still answer",
                true, "seqread", PROBE_DISK},
        {"probe.randread", "random read, 4 KiB", "ns",
                "one read at a time with O_DIRECT at random places of 32 MiB; behind a virtual "
                "disk the host's page cache may still answer",
                false, "randread", PROBE_DISK},
        {"probe.tcp_latency", "TCP round trip to the host", "ns",
                "one byte there and back over an open connection without delay", false,
                "tcp_latency", PROBE_HOST},
        {"probe.tcp_throughput", "TCP throughput to the host", "MiB/s",
                "one connection, until the host has every byte", true, "tcp_throughput",
                PROBE_HOST},
        {"probe.peer_latency", "TCP round trip to another machine", "ns",
                "one byte there and back between two machines of the same kind", false,
                "tcp_latency", PROBE_PEER},
        {"probe.peer_throughput", "TCP throughput to another machine", "MiB/s",
                "one connection between two machines of the same kind, until the other has every "
                "byte",
                true, "tcp_throughput", PROBE_PEER},
};

const struct probe *probes_table(size_t *n)
{
	*n = ARRAY_SIZE(table);
	return table;
}

static const struct probe_address *address_for(
        const struct probe *probe, const struct probe_options *options)
{
	return probe->needs == PROBE_HOST    ? &options->host
	        : probe->needs == PROBE_PEER ? &options->peer
	                                     : NULL;
}

static void add_to_result(const struct probe_place *place, const struct probe *probe,
        const struct probe_answer *answer, bool disturbed, struct result *result)
{
	struct series described = {.id = (char *)probe->id,
	        .kind = place->kind,
	        .title = (char *)probe->title,
	        .group = (char *)"probe",
	        .unit = (char *)probe->unit,
	        .method = (char *)probe->method,
	        .higher_is_better = probe->higher_is_better};

	series_add(result_series(result, &described), answer->value, NAN, disturbed);
	for (size_t i = 0; i < answer->notes.n; i++) {
		AUTO_FREE char *note =
		        xasprintf("%s, %s: %s", place->kind, probe->title, answer->notes.v[i]);
		if (!strv_has(&result->notes, note))
			strv_add(&result->notes, note);
	}
}

/* 1: the probe itself failed, err says how. */
static int run_one(const struct probe_place *place, const struct probe *probe,
        const struct probe_options *options, struct result *result, struct err *err)
{
	const struct probe_address *to = address_for(probe, options);
	struct probe_answer answer = {0};
	AUTO_STRV words = {0};
	AUTO_STR out = {0};
	int status = -1;

	if (options->quick)
		strv_add(&words, "-q");
	strv_add(&words, "-d");
	strv_add(&words, place->dir);
	strv_add(&words, probe->name);
	if (to) {
		strv_add(&words, to->host);
		strv_addf(&words, "%d", to->port);
	}
	if (probe_place_run(place, (const char *const *)words.v, &out, &status, err) < 0)
		return -1;
	if (probe_parse(probe, str_text(&out), out.len, &answer, err) < 0)
		return 1;
	if (status == 0)
		add_to_result(place, probe, &answer, options->disturbed, result);
	else
		err_set(err, ERR_FAILED, "%s: the probe ended with status %d", probe->title,
		        status);
	probe_answer_clear(&answer);
	return status != 0;
}

int probe_run(const struct probe_place *place, const struct probe *probe,
        const struct probe_options *options, struct result *result, struct err *err)
{
	const struct probe_address *to = address_for(probe, options);

	if (to && !to->host)
		return err_set(err, ERR_USAGE, "%s: there is no server to talk to", probe->title);
	return run_one(place, probe, options, result, err) == 0 ? 0 : -1;
}

int probes_run(const struct probe_place *place, const struct probe_options *options,
        struct result *result, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct probe_address *to = address_for(&table[i], options);
		struct err why = {0};
		if (to && !to->host)
			continue;
		int rc = run_one(place, &table[i], options, result, &why);
		if (rc < 0) {
			if (err)
				*err = why;
			return -1;
		}
		AUTO_FREE char *note = xasprintf("%s: %s", place->kind, why.message);
		if (rc > 0 && !strv_has(&result->notes, note))
			strv_add(&result->notes, note);
	}
	return 0;
}
