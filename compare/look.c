/* What a running machine costs, seen from the host, and what it sees itself. */
#include "compare/work.h"

#include "base/fs.h"
#include "compare/measure.h"
#include "compare/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define MIB 1048576.0

int work_disk(struct work *w, const char *measure, struct err *err)
{
	double mib;

	if (memory_disk(w->access->names->dir, &mib, err) < 0)
		return -1;
	measure_add(w->result, measure, w->options->kind, mib, NAN, NULL);
	return 0;
}

static void add(struct work *w, const char *id, double value, const char *method)
{
	measure_add(w->result, id, w->options->kind, value, NAN, method);
}

static void fact(
        struct work *w, const char *id, const char *title, const char *value, const char *method)
{
	measure_fact(w->result,
	        &(struct fact){.id = id,
	                .kind = w->options->kind,
	                .title = title,
	                .group = "identity",
	                .value = value,
	                .method = method});
}

/* PID on the host: is it QEMU, or the machine's own PID 1? The kernel says by NSpid, which has one
 * number for each pid namespace that the process is in. */
static bool is_inside(pid_t pid, char *inside, size_t n)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/status", pid);
	AUTO_STR text = {0};
	int outer = 0, inner = 0;

	if (fs_read(path, 65536, &text, NULL) < 0)
		return false;
	const char *at = strstr(str_text(&text), "\nNSpid:");
	if (!at || sscanf(at, "\nNSpid: %d %d", &outer, &inner) != 2)
		return false;
	snprintf(inside, n, "%d", inner);
	return true;
}

static void look_at_qemu(struct work *w, pid_t pid)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/smaps", pid);
	AUTO_STR smaps = {0};
	struct memory_parts parts;

	if (fs_read(path, 16 << 20, &smaps, NULL) < 0)
		return;
	memory_split(str_text(&smaps), (double)w->access->spec->memory_bytes / MIB, &parts);
	add(w, "memory.pss.guest", parts.guest, NULL);
	add(w, "memory.pss.tcg", parts.tcg, NULL);
	add(w, "memory.pss.vmm", parts.rest, NULL);
}

static void look_at_processes(struct work *w, pid_t init)
{
	pid_t mon = memory_supervisor(init);

	add(w, "memory.pss.init", memory_pss_tree(init), NULL);
	if (mon)
		add(w, "memory.pss.mon", memory_pss(mon), NULL);
}

static void look_from_outside(struct work *w, pid_t pid)
{
	char inside[16] = "", outside[48];
	struct memory_group group;
	struct usage use = {0};
	bool own = is_inside(pid, inside, sizeof(inside));

	snprintf(outside, sizeof(outside), own ? "%d" : "none: only QEMU, %d", pid);
	fact(w, "pid.outside", "PID 1, seen on the host", outside, "/proc of the host");
	fact(w, "pid.inside", "PID 1, seen inside", "1",
	        own ? "NSpid in /proc/PID/status" : "/proc inside");
	if (own)
		look_at_processes(w, pid);
	else
		look_at_qemu(w, pid);
	memory_group_of(pid, &group);
	add(w, "memory.cgroup", group.used, group.method);
	add(w, "memory.kernel", group.kernel, NULL);
	if (w->access->provider->usage(w->access->session, &use, NULL) == 0 &&
	        use.memory_bytes >= 0)
		add(w, "memory.total", (double)use.memory_bytes / MIB, use.method);
}

/* One line each, then the whole of /proc/meminfo: a shell and what every box has. */
static const char questions[] =
        "uname -r; cat /proc/1/comm; ls -d /proc/[0-9]* | wc -l; grep -c ^processor "
        "/proc/cpuinfo; cat /proc/meminfo";

static char *take_line(char **at)
{
	char *line = *at, *end = strchr(line, '\n');

	*at = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	return line;
}

static void look_at_meminfo(struct work *w, const char *meminfo)
{
	double total = memory_field(meminfo, "MemTotal");
	double declared = (double)w->access->spec->memory_bytes / MIB;

	if (isnan(total))
		return;
	AUTO_FREE char *seen =
	        xasprintf("%.0f MiB in /proc/meminfo, declared %.0f MiB", total, declared);

	fact(w, "identity.memory", "memory it sees", seen, "MemTotal inside");
	/* Beyond what it was given it is the host's figure, which says nothing of this machine. */
	if (total <= declared)
		add(w, "memory.guest", total - memory_field(meminfo, "MemAvailable"), NULL);
}

/* The default provisioning leaves its files there; a machine of its own has none of the last one's.
 */
static int look_for_leftovers(struct work *w, struct err *err)
{
	const char *const argv[] = {"/bin/sh", "-c",
	        "if [ -e /var/tmp/prov-compare ]; then echo no; else echo yes; fi", NULL};
	AUTO_STR out = {0};

	if (work_ask(w->transport, argv, &out, err) < 0)
		return -1;
	fact(w, "repeat.fresh", "disk as the box left it",
	        str_starts(str_text(&out), "yes") ? "yes" : "no",
	        "files that the machine before was provisioned with are absent");
	return 0;
}

int work_repeat(struct work *w, struct err *err)
{
	const char *const argv[] = {
	        "/bin/sh", "-c", "cat /var/tmp/prov-compare/digest 2>/dev/null || true", NULL};
	AUTO_STR out = {0};

	if (work_ask(w->transport, argv, &out, err) < 0)
		return -1;
	if (out.len)
		out.buf[strcspn(out.buf, " \n")] = '\0';
	fact(w, "repeat.digest", "digest of what provisioning made", str_text(&out),
	        "sha256 of the files, in every round");
	return 0;
}

static int look_from_inside(struct work *w, struct err *err)
{
	const char *const argv[] = {"/bin/sh", "-c", questions, NULL};
	AUTO_STR out = {0};

	if (work_ask(w->transport, argv, &out, err) < 0)
		return -1;
	str_add(&out, "\n");
	char *at = out.buf;
	fact(w, "identity.kernel", "kernel release", take_line(&at), "uname -r");
	fact(w, "identity.pid1", "PID 1", take_line(&at), "/proc/1/comm");
	fact(w, "identity.processes", "processes it sees", take_line(&at),
	        "numbers in /proc, the question's own three included");
	fact(w, "identity.cpus", "CPUs it sees", take_line(&at), "/proc/cpuinfo");
	look_at_meminfo(w, at);
	return 0;
}

int work_look(struct work *w, struct err *err)
{
	struct status status;

	if (w->access->provider->inspect(w->access->session, &status, err) < 0)
		return -1;
	if (status.pid > 0)
		look_from_outside(w, status.pid);
	if (look_from_inside(w, err) < 0)
		return -1;
	return look_for_leftovers(w, err);
}
