/* events: what a container uses, in the form that runc made usual. */
#include "oci/commands.h"

#include "oci/container.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void put(json_t *object, const char *key, int64_t value)
{
	if (value >= 0)
		json_object_set_new(object, key, json_integer(value));
}

static json_t *stats_json(const struct cgroup_use *use)
{
	json_t *data = json_object(), *cpu = json_object(), *cpu_use = json_object();
	json_t *memory = json_object(), *memory_use = json_object(), *pids = json_object();

	put(cpu_use, "total", use->cpu_ns);
	put(cpu_use, "user", use->cpu_user_ns);
	put(cpu_use, "kernel", use->cpu_system_ns);
	json_object_set_new(cpu, "usage", cpu_use);
	put(memory_use, "usage", use->memory_bytes);
	put(memory_use, "limit", use->memory_limit_bytes);
	json_object_set_new(memory, "usage", memory_use);
	put(pids, "current", use->pids);
	put(pids, "limit", use->pids_limit);
	json_object_set_new(data, "cpu", cpu);
	json_object_set_new(data, "memory", memory);
	json_object_set_new(data, "pids", pids);
	return data;
}

static int print_stats(const struct oci_container *c, struct err *err)
{
	struct cgroup_use use;

	if (cgroup_usage(&c->tree, c->state.cgroup, &use, err) < 0)
		return -1;
	json_t *line = json_pack(
	        "{s:s, s:s, s:o}", "type", "stats", "id", c->state.id, "data", stats_json(&use));
	AUTO_FREE char *text = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	if (!text || printf("%s\n", text) < 0 || fflush(stdout) != 0)
		return err_set(err, ERR_FAILED, "cannot print the result");
	return 0;
}

static int read_interval(const char *text, time_t *out, struct err *err)
{
	char *end;

	*out = 5;
	if (!text)
		return 0;
	*out = strtol(text, &end, 10);
	if (*out < 1 || (*end && !str_eq(end, "s")))
		return err_set(err, ERR_USAGE, "--interval: '%s' is no number of seconds", text);
	return 0;
}

int cmd_events(const struct oci_call *call, struct err *err)
{
	AUTO_CONTAINER c = {.home.fd = -1};
	struct timespec pause = {0};

	if (read_interval(call->o.interval, &pause.tv_sec, err) < 0 ||
	        oci_container_open(call, call->operands.v[0], false, &c, err) < 0)
		return -1;
	if (c.status == OCI_STOPPED || !c.has_tree || !c.state.cgroup)
		return err_set(err, ERR_FAILED, "container '%s' is not running", c.state.id);
	while (c.status != OCI_STOPPED) {
		if (print_stats(&c, err) < 0)
			return -1;
		if (call->o.stats)
			return 0;
		nanosleep(&pause, NULL);
		oci_container_look(&c);
	}
	return 0;
}
