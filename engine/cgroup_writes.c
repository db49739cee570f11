#include "engine/cgroup_writes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* False: not asked for. */
typedef bool (*value_fn)(const struct cgroup_limits *limits, struct str *out);

/* A file in v1 and its like in v2; NULL: that one has none. */
struct row {
	unsigned controller, flags;
	const char *v1;
	value_fn v1_value;
	const char *v2;
	value_fn v2_value;
};

static bool number(struct limit limit, struct str *out)
{
	if (limit.set)
		str_addf(out, "%" PRId64, limit.value);
	return limit.set;
}

static bool number_or_max(struct limit limit, int64_t least, struct str *out)
{
	if (limit.set && limit.value < least)
		str_add(out, "max");
	return limit.set && (limit.value < least || number(limit, out));
}

/* A row's value that is the number itself, in both. */
#define NUMBER(name, member)                                                  \
	static bool name(const struct cgroup_limits *limits, struct str *out) \
	{                                                                     \
		return number(limits->member, out);                           \
	}
NUMBER(memory_v1, memory.bytes)
NUMBER(reservation_v1, memory.reservation)
NUMBER(kernel, memory.kernel)
NUMBER(kernel_tcp, memory.kernel_tcp)
NUMBER(swappiness, memory.swappiness)
NUMBER(period, cpu.period)
NUMBER(quota_v1, cpu.quota)
NUMBER(burst, cpu.burst)
NUMBER(idle, cpu.idle)
NUMBER(rt_period, cpu.rt_period)
NUMBER(rt_runtime, cpu.rt_runtime)
NUMBER(class_id, network.class_id)
NUMBER(leaf_weight, io.leaf_weight)

static bool memory_v2(const struct cgroup_limits *limits, struct str *out)
{
	return number_or_max(limits->memory.bytes, 0, out);
}

/* Memory without a limit cannot have one with swap. */
static bool memsw_v1(const struct cgroup_limits *limits, struct str *out)
{
	if (!limits->memory.with_swap.set && limits->memory.bytes.set &&
	        limits->memory.bytes.value < 0)
		return number(limits->memory.bytes, out);
	return number(limits->memory.with_swap, out);
}

static bool swap_v2(const struct cgroup_limits *limits, struct str *out)
{
	struct limit all = limits->memory.with_swap, memory = limits->memory.bytes;

	if (!all.set)
		return false;
	if (all.value >= 0 && memory.set && memory.value >= 0)
		str_addf(out, "%" PRId64, all.value - memory.value);
	else
		str_add(out, "max");
	return true;
}

/* "max" would keep all of it from being reclaimed. */
static bool reservation_v2(const struct cgroup_limits *limits, struct str *out)
{
	struct limit low = limits->memory.reservation;

	return number(low.set && low.value < 0 ? LIMIT(0) : low, out);
}

static bool no_oom_killer(const struct cgroup_limits *limits, struct str *out)
{
	if (limits->memory.no_oom_killer)
		str_add(out, "1");
	return limits->memory.no_oom_killer;
}

static bool shares(const struct cgroup_limits *limits, struct str *out)
{
	if (limits->cpu.weight.set) {
		str_addf(out, "%" PRId64, cgroup_shares_of_weight(limits->cpu.weight.value));
		return true;
	}
	return number(limits->cpu.shares, out);
}

static bool weight(const struct cgroup_limits *limits, struct str *out)
{
	if (!limits->cpu.weight.set && limits->cpu.shares.set) {
		str_addf(out, "%" PRId64, cgroup_weight_of_shares(limits->cpu.shares.value));
		return true;
	}
	return number(limits->cpu.weight, out);
}

static bool cpu_max(const struct cgroup_limits *limits, struct str *out)
{
	if (!limits->cpu.quota.set && !limits->cpu.period.set)
		return false;
	if (!limits->cpu.quota.set || !number_or_max(limits->cpu.quota, 1, out))
		str_add(out, "max");
	if (limits->cpu.period.set)
		str_addf(out, " %" PRId64, limits->cpu.period.value);
	return true;
}

static bool cpus(const struct cgroup_limits *limits, struct str *out)
{
	str_add(out, limits->cpu.cpus ? limits->cpu.cpus : "");
	return limits->cpu.cpus;
}

static bool mems(const struct cgroup_limits *limits, struct str *out)
{
	str_add(out, limits->cpu.mems ? limits->cpu.mems : "");
	return limits->cpu.mems;
}

static bool pids(const struct cgroup_limits *limits, struct str *out)
{
	return number_or_max(limits->pids, 1, out);
}

/* Both ways of saying the weight of input and output, as v2's io.weight has it; 0: neither. */
static int64_t io_weight_of(const struct cgroup_limits *limits)
{
	if (limits->io.weight.set)
		return limits->io.weight.value;
	return limits->io.blkio_weight.set
	        ? cgroup_io_weight_of_blkio(limits->io.blkio_weight.value)
	        : 0;
}

static bool io_weight(const struct cgroup_limits *limits, struct str *out)
{
	int64_t w = io_weight_of(limits);

	if (w)
		str_addf(out, "default %" PRId64, w);
	return w;
}

/* BFQ takes what OCI has as it is: 1-1000 there, 10-1000 here. */
static bool bfq_weight(const struct cgroup_limits *limits, struct str *out)
{
	if (limits->io.weight.set)
		str_addf(out, "%" PRId64, cgroup_bfq_of_io_weight(limits->io.weight.value));
	else if (!number(limits->io.blkio_weight, out))
		return false;
	return true;
}

/* Rows of one thing in one hierarchy stand together: WRITE_ELSE leads to the next. */
static const struct row rows[] = {
        {CG_MEMORY, 0, "memory.limit_in_bytes", memory_v1, "memory.max", memory_v2},
        {CG_MEMORY, WRITE_OPTIONAL, "memory.memsw.limit_in_bytes", memsw_v1, "memory.swap.max",
                swap_v2},
        {CG_MEMORY, 0, "memory.soft_limit_in_bytes", reservation_v1, "memory.low", reservation_v2},
        {CG_MEMORY, WRITE_OPTIONAL, "memory.kmem.limit_in_bytes", kernel, NULL, kernel},
        {CG_MEMORY, WRITE_OPTIONAL, "memory.kmem.tcp.limit_in_bytes", kernel_tcp, NULL, kernel_tcp},
        {CG_MEMORY, WRITE_OPTIONAL, "memory.swappiness", swappiness, NULL, swappiness},
        {CG_MEMORY, WRITE_OPTIONAL, "memory.oom_control", no_oom_killer, NULL, no_oom_killer},
        {CG_CPU, 0, "cpu.shares", shares, "cpu.weight", weight},
        {CG_CPU, 0, "cpu.cfs_period_us", period, "cpu.max", cpu_max},
        {CG_CPU, 0, "cpu.cfs_quota_us", quota_v1, NULL, NULL},
        {CG_CPU, 0, "cpu.cfs_burst_us", burst, "cpu.max.burst", burst},
        {CG_CPU, 0, "cpu.idle", idle, "cpu.idle", idle},
        {CG_CPU, 0, "cpu.rt_period_us", rt_period, NULL, rt_period},
        {CG_CPU, 0, "cpu.rt_runtime_us", rt_runtime, NULL, rt_runtime},
        {CG_CPUSET, 0, "cpuset.cpus", cpus, "cpuset.cpus", cpus},
        {CG_CPUSET, 0, "cpuset.mems", mems, "cpuset.mems", mems},
        {CG_PIDS, 0, "pids.max", pids, "pids.max", pids},
        {CG_IO, WRITE_OPTIONAL | WRITE_ELSE, "blkio.bfq.weight", bfq_weight, "io.weight",
                io_weight},
        {CG_IO, WRITE_OPTIONAL, "blkio.weight", bfq_weight, "io.bfq.weight", bfq_weight},
        {CG_IO, WRITE_OPTIONAL, "blkio.leaf_weight", leaf_weight, NULL, leaf_weight},
        {CG_NET_CLS, WRITE_OPTIONAL, "net_cls.classid", class_id, NULL, class_id},
};

/* Takes file and value. */
static void add(
        struct cgroup_writes *out, unsigned controller, unsigned flags, char *file, char *value)
{
	out->v = xrealloc(out->v, out->n + 1, sizeof(*out->v));
	out->v[out->n++] = (struct cgroup_write){controller, flags, file, value};
}

static int add_rows(
        const struct cgroup_limits *limits, unsigned v2, struct cgroup_writes *out, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		bool in_v2 = row->controller & v2;
		value_fn value = in_v2 ? row->v2_value : row->v1_value;
		const char *file = in_v2 ? row->v2 : row->v1;
		AUTO_STR text = {0};
		if (!value || !value(limits, &text))
			continue;
		if (!file && !(row->flags & WRITE_OPTIONAL))
			return err_set(err, ERR_CONFIG,
			        "'%s' exists in cgroups v1 alone, and this host has v2", row->v1);
		add(out, row->controller, row->flags, xstrdup(file ? file : row->v1),
		        str_steal(&text));
	}
	return 0;
}

/* v1 has a file for each rate, v2 one line for all. */
static void add_rate(
        struct cgroup_writes *out, const struct io_device *d, const char *v1, struct limit rate)
{
	if (rate.set)
		add(out, CG_IO, 0, xasprintf("blkio.throttle.%s_device", v1),
		        xasprintf("%u:%u %" PRId64, d->major, d->minor,
		                rate.value > 0 ? rate.value : 0));
}

static void add_key(struct str *line, const char *key, struct limit rate)
{
	if (!rate.set)
		return;
	str_addf(line, " %s=", key);
	number_or_max(rate, 1, line);
}

static void add_device(const struct io_device *d, bool v2, struct cgroup_writes *out)
{
	AUTO_STR line = {0};

	if (d->weight.set && v2)
		add(out, CG_IO, WRITE_OPTIONAL | WRITE_ELSE, xstrdup("io.weight"),
		        xasprintf("%u:%u %" PRId64, d->major, d->minor,
		                cgroup_io_weight_of_blkio(d->weight.value)));
	if (d->weight.set)
		add(out, CG_IO, WRITE_OPTIONAL | (v2 ? 0 : WRITE_ELSE),
		        xstrdup(v2 ? "io.bfq.weight" : "blkio.bfq.weight_device"),
		        xasprintf("%u:%u %" PRId64, d->major, d->minor, d->weight.value));
	if (d->weight.set && !v2)
		add(out, CG_IO, WRITE_OPTIONAL, xstrdup("blkio.weight_device"),
		        xasprintf("%u:%u %" PRId64, d->major, d->minor, d->weight.value));
	if (d->leaf_weight.set)
		add(out, CG_IO, WRITE_OPTIONAL, xstrdup("blkio.leaf_weight_device"),
		        xasprintf("%u:%u %" PRId64, d->major, d->minor, d->leaf_weight.value));
	if (!v2) {
		add_rate(out, d, "read_bps", d->read_bps);
		add_rate(out, d, "write_bps", d->write_bps);
		add_rate(out, d, "read_iops", d->read_iops);
		add_rate(out, d, "write_iops", d->write_iops);
		return;
	}
	add_key(&line, "rbps", d->read_bps);
	add_key(&line, "wbps", d->write_bps);
	add_key(&line, "riops", d->read_iops);
	add_key(&line, "wiops", d->write_iops);
	if (line.len)
		add(out, CG_IO, 0, xstrdup("io.max"),
		        xasprintf("%u:%u%s", d->major, d->minor, str_text(&line)));
}

static void add_lists(const struct cgroup_limits *limits, unsigned v2, struct cgroup_writes *out)
{
	for (size_t i = 0; i < limits->io.n_devices; i++)
		add_device(&limits->io.devices[i], v2 & CG_IO, out);
	for (size_t i = 0; i < limits->n_hugepages; i++) {
		const struct hugepage_limit *h = &limits->hugepages[i];
		const char *suffix = v2 & CG_HUGETLB ? "max" : "limit_in_bytes";
		add(out, CG_HUGETLB, 0, xasprintf("hugetlb.%s.%s", h->size, suffix),
		        xasprintf("%" PRId64, h->bytes));
		add(out, CG_HUGETLB, WRITE_OPTIONAL,
		        xasprintf("hugetlb.%s.rsvd.%s", h->size, suffix),
		        xasprintf("%" PRId64, h->bytes));
	}
	for (size_t i = 0; i < limits->network.priorities.n; i++)
		add(out, CG_NET_PRIO, WRITE_OPTIONAL, xstrdup("net_prio.ifpriomap"),
		        xstrdup(limits->network.priorities.v[i]));
	for (size_t i = 0; i < limits->n_rdma; i++) {
		const struct rdma_limit *r = &limits->rdma[i];
		AUTO_STR line = {0};
		add_key(&line, "hca_handle", r->handles);
		add_key(&line, "hca_object", r->objects);
		add(out, CG_RDMA, 0, xstrdup("rdma.max"),
		        xasprintf("%s%s", r->device, str_text(&line)));
	}
}

/* A file of the group's own folder: nothing else can be meant. */
static int add_unified(
        const struct cgroup_limits *limits, unsigned v2, struct cgroup_writes *out, struct err *err)
{
	for (size_t i = 0; i < limits->unified.n; i++) {
		const char *line = limits->unified.v[i], *equals = strchr(line, '=');
		if (!equals || equals == line || *line == '.' ||
		        memchr(line, '/', (size_t)(equals - line)))
			return err_set(err, ERR_CONFIG,
			        "unified: '%s' is no file of a cgroup with its value", line);
		if (!(v2 & CG_CORE))
			return err_set(err, ERR_CONFIG,
			        "unified: '%s' needs cgroups v2, and this host has v1", line);
		add(out, CG_CORE, 0, xstrndup(line, (size_t)(equals - line)), xstrdup(equals + 1));
	}
	return 0;
}

static int check(const struct cgroup_limits *limits, struct err *err)
{
	const struct limit memory = limits->memory.bytes, all = limits->memory.with_swap;

	if (all.set && all.value >= 0 && !memory.set)
		return err_set(err, ERR_CONFIG,
		        "memory with swap (%" PRId64 " bytes) needs a limit of memory too",
		        all.value);
	if (all.set && all.value >= 0 && (memory.value < 0 || all.value < memory.value))
		return err_set(err, ERR_CONFIG,
		        "memory with swap (%" PRId64 " bytes) is less than memory alone (%" PRId64
		        ")",
		        all.value, memory.value);
	return 0;
}

int cgroup_writes(
        const struct cgroup_limits *limits, unsigned v2, struct cgroup_writes *out, struct err *err)
{
	struct cgroup_writes writes = {0};

	if (check(limits, err) < 0)
		return -1;
	int rc = add_rows(limits, v2, &writes, err);
	add_lists(limits, v2, &writes);
	if (rc == 0)
		rc = add_unified(limits, v2, &writes, err);
	if (rc < 0)
		cgroup_writes_clear(&writes);
	else
		*out = writes;
	return rc;
}

static char *rule_text(const struct device_rule *rule)
{
	char number[2][24];
	const int64_t numbers[2] = {rule->major, rule->minor};
	AUTO_STR out = {0};

	for (int i = 0; i < 2; i++)
		snprintf(number[i], sizeof(number[i]), "%" PRId64, numbers[i]);
	str_addf(&out, "%c %s:%s ", rule->type, rule->major < 0 ? "*" : number[0],
	        rule->minor < 0 ? "*" : number[1]);
	str_addf(&out, "%s%s%s", rule->access & DEVICE_READ ? "r" : "",
	        rule->access & DEVICE_WRITE ? "w" : "", rule->access & DEVICE_MKNOD ? "m" : "");
	return str_steal(&out);
}

/* v1 allows everything until it is told otherwise. */
void cgroup_writes_devices(const struct cgroup_limits *limits, struct cgroup_writes *out)
{
	if (limits->n_rules && !(limits->rules[0].type == 'a'))
		add(out, CG_DEVICES, 0, xstrdup("devices.deny"), xstrdup("a"));
	for (size_t i = 0; i < limits->n_rules; i++) {
		const struct device_rule *rule = &limits->rules[i];
		add(out, CG_DEVICES, 0, xstrdup(rule->allow ? "devices.allow" : "devices.deny"),
		        rule->type == 'a' ? xstrdup("a") : rule_text(rule));
	}
}

void cgroup_writes_clear(struct cgroup_writes *writes)
{
	for (size_t i = 0; i < writes->n; i++) {
		free(writes->v[i].file);
		free(writes->v[i].value);
	}
	free(writes->v);
	*writes = (struct cgroup_writes){0};
}
