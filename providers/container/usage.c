/* What a container uses, seen from the host; and its processes stopped and going on. */
#include "providers/container/session.h"

#include "base/fs.h"
#include "engine/cgroup/cgroup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t field_kib(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoll(at + strlen(key), NULL, 10) : 0;
}

/* PSS of prov-mon, where there is one. */
static int64_t supervisor_bytes(pid_t init)
{
	AUTO_STR text = {0};
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", container_supervisor(init));
	if (fs_read(path, 65536, &text, NULL) < 0)
		return 0;
	return field_kib(str_text(&text), "\nPss:") * 1024;
}

/* "  eth0: RECEIVED packets errs drop fifo frame compressed multicast SENT …", as PID 1 sees its
 * interfaces. The host's own are not the container's. */
static void read_network(const struct session *s, pid_t init, struct usage *out)
{
	AUTO_STR text = {0};
	char path[48];
	int64_t received, sent;

	snprintf(path, sizeof(path), "/proc/%d/net/dev", init);
	if (s->spec->network_mode == NET_HOST || fs_read(path, 1 << 20, &text, NULL) < 0)
		return;
	out->net_received_bytes = out->net_sent_bytes = 0;
	for (const char *p = str_text(&text); (p = strchr(p, ':')); p++) {
		bool lo = p - str_text(&text) >= 2 && strncmp(p - 2, "lo", 2) == 0;
		if (lo ||
		        sscanf(p + 1, "%" SCNd64 " %*d %*d %*d %*d %*d %*d %*d %" SCNd64, &received,
		                &sent) != 2)
			continue;
		out->net_received_bytes += received;
		out->net_sent_bytes += sent;
	}
}

int container_usage(void *session, struct usage *out, struct err *err)
{
	const struct session *s = session;
	struct cgroup_use use;
	pid_t init = container_pid(s);

	if (!init)
		return err_set(err, ERR_FAILED, "'%s' is not running", s->spec->selector);
	if (cgroup_usage(&s->tree, s->names->cgroup, &use, err) < 0)
		return -1;
	usage_init(out);
	out->memory_bytes = use.memory_bytes + supervisor_bytes(init);
	out->memory_limit_bytes = use.memory_limit_bytes;
	out->swap_bytes = use.swap_bytes;
	out->anon_bytes = use.anon_bytes;
	out->file_bytes = use.file_bytes;
	out->kernel_bytes = use.kernel_bytes;
	out->cpu_ns = use.cpu_ns;
	out->cpu_user_ns = use.cpu_user_ns;
	out->cpu_system_ns = use.cpu_system_ns;
	out->io_read_bytes = use.io_read_bytes;
	out->io_written_bytes = use.io_written_bytes;
	out->pids = use.pids;
	out->pids_limit = use.pids_limit;
	out->oom_kills = use.oom_kills;
	out->cpu_pressure = use.cpu_pressure;
	out->memory_pressure = use.memory_pressure;
	out->io_pressure = use.io_pressure;
	read_network(s, init, out);
	snprintf(out->method, sizeof(out->method),
	        "cgroup v%d: memory in use less inactive file pages, plus PSS of the supervisor",
	        s->tree.v2 ? 2 : 1);
	return 0;
}

int64_t container_oom_kills(void *session)
{
	const struct session *s = session;

	return cgroup_oom_kills(&s->tree, s->names->cgroup);
}

int container_freeze(void *session, bool freeze, struct err *err)
{
	const struct session *s = session;

	if (!container_pid(s))
		return err_set(err, ERR_FAILED, "'%s' is not running", s->spec->selector);
	return cgroup_freeze(&s->tree, s->names->cgroup, freeze, err);
}

bool container_is_frozen(const struct session *s)
{
	return cgroup_is_frozen(&s->tree, s->names->cgroup);
}

void container_say_oom(const struct session *s, struct str *out)
{
	int64_t kills = cgroup_oom_kills(&s->tree, s->names->cgroup);

	if (kills <= 0)
		return;
	str_addf(out, "%sthe kernel killed %" PRId64 " process%s for lack of memory (",
	        out->len ? "; " : "", kills, kills == 1 ? "" : "es");
	str_add_size(out, s->spec->memory_bytes);
	str_add(out, ")");
}
