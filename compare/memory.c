#include "compare/memory.h"

#include "base/clock.h"
#include "base/fs.h"

#include <fts.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOOK_MS     250
#define STILL_MIB   1.0
#define STILL_LOOKS 3
#define SMAPS_MAX   (16 << 20)
#define MIB         (1024.0 * 1024.0)

double memory_field(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, n) == 0 && line[n] == ':')
			return (double)strtoll(line + n + 1, NULL, 10) / 1024;
	}
	return NAN;
}

int memory_available(double *out, struct err *err)
{
	AUTO_STR text = {0};

	if (fs_read("/proc/meminfo", 65536, &text, err) < 0)
		return -1;
	double value = memory_field(str_text(&text), "MemAvailable");
	if (isnan(value))
		return err_set(err, ERR_HOST, "this kernel has no MemAvailable");
	*out = value;
	return 0;
}

int memory_settle(int64_t limit_ns, const volatile int *stop, struct err *err)
{
	int64_t end_ns = clock_mono_ns() + limit_ns;
	double before, now;
	int still = 0;

	if (memory_available(&before, err) < 0)
		return -1;
	while (still < STILL_LOOKS && clock_mono_ns() < end_ns) {
		poll(NULL, 0, LOOK_MS);
		if (stop && *stop)
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		if (memory_available(&now, err) < 0)
			return -1;
		still = fabs(now - before) < STILL_MIB ? still + 1 : 0;
		before = now;
	}
	return 0;
}

struct mapping {
	double size, pss;
	bool writable, executable;
};

static void count_mapping(
        const struct mapping *m, double guest_mib, double *best, struct memory_parts *out)
{
	/* The RAM is one mapping, at most merged with a neighbour; nothing else is as large. */
	bool guest = m->writable && !m->executable && m->size >= guest_mib && m->size > *best;

	if (guest) {
		out->rest += out->guest; /* a larger one than the one taken for it */
		out->guest = m->pss;
		*best = m->size;
	} else if (m->writable && m->executable) {
		out->tcg += m->pss;
	} else {
		out->rest += m->pss;
	}
}

/* "7fb423e00000-7fb42be00000 rw-p 00000000 00:00 0": a mapping begins. */
static bool is_head(const char *line, struct mapping *out)
{
	unsigned long long from, to;
	char mode[5];

	if (sscanf(line, "%llx-%llx %4s", &from, &to, mode) != 3)
		return false;
	*out = (struct mapping){.writable = mode[1] == 'w', .executable = mode[2] == 'x'};
	out->size = (double)(to - from) / MIB;
	return true;
}

void memory_split(const char *smaps, double guest_mib, struct memory_parts *out)
{
	struct mapping m = {0}, head;
	double best = 0;
	bool any = false;

	*out = (struct memory_parts){0};
	for (const char *line = smaps; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "Pss:", 4) == 0) {
			m.pss = (double)strtoll(line + 4, NULL, 10) / 1024;
		} else if (is_head(line, &head)) {
			if (any)
				count_mapping(&m, guest_mib, &best, out);
			m = head;
			any = true;
		}
	}
	if (any)
		count_mapping(&m, guest_mib, &best, out);
}

double memory_pss(pid_t pid)
{
	AUTO_STR text = {0};
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	return fs_read(path, 65536, &text, NULL) < 0 ? NAN : memory_field(str_text(&text), "Pss");
}

/* A process that ends meanwhile counts no more. */
double memory_pss_tree(pid_t root)
{
	AUTO_STR children = {0};
	AUTO_FREE char *path = xasprintf("/proc/%d/task/%d/children", root, root);
	double sum = memory_pss(root);
	char *save = NULL;

	if (fs_read(path, 1 << 20, &children, NULL) < 0 || !children.len)
		return sum;
	for (char *pid = strtok_r(children.buf, " ", &save); pid;
	        pid = strtok_r(NULL, " ", &save)) {
		double one = memory_pss_tree((pid_t)atoi(pid));
		sum += isnan(one) ? 0 : one;
	}
	return sum;
}

pid_t memory_supervisor(pid_t init)
{
	AUTO_STR text = {0};
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/status", init);
	if (fs_read(path, 65536, &text, NULL) < 0)
		return 0;
	const char *at = strstr(str_text(&text), "\nPPid:");
	pid_t parent = at ? (pid_t)atoi(at + 6) : 0;
	snprintf(path, sizeof(path), "/proc/%d/comm", parent);
	str_reset(&text);
	if (fs_read(path, 64, &text, NULL) < 0 || !str_eq(str_text(&text), "prov-mon\n"))
		return 0;
	return parent;
}

void memory_ksm(struct str *out)
{
	AUTO_STR run = {0};
	AUTO_STR shared = {0};

	if (fs_read("/sys/kernel/mm/ksm/run", 16, &run, NULL) < 0) {
		str_add(out, "KSM: this kernel has none, so no pages are merged");
		return;
	}
	if (fs_read("/sys/kernel/mm/ksm/pages_sharing", 32, &shared, NULL) < 0)
		str_add(&shared, "0");
	str_addf(out, "KSM %s (/sys/kernel/mm/ksm/run), %d pages merged",
	        atoi(str_text(&run)) == 1 ? "merges equal pages" : "is off",
	        atoi(str_text(&shared)));
}

int memory_disk(const char *folder, double *mib, struct err *err)
{
	AUTO_FREE char *root = xstrdup(folder);
	char *const roots[] = {root, NULL};
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	double bytes = 0;

	if (!walk)
		return err_sys(err, "look at '%s'", folder);
	/* What is gone between listing and looking counts nothing. */
	for (FTSENT *at; (at = fts_read(walk));)
		if (at->fts_info != FTS_DP && at->fts_info != FTS_NS && at->fts_info != FTS_ERR)
			bytes += (double)at->fts_statp->st_blocks * 512;
	fts_close(walk);
	*mib = bytes / MIB;
	return 0;
}
