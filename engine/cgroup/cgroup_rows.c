#include "engine/cgroup/cgroup_rows.h"

#include <inttypes.h>

static bool number(struct limit limit, struct str *out)
{
	if (limit.set)
		str_addf(out, "%" PRId64, limit.value);
	return limit.set;
}

bool cgroup_number_or_max(struct limit limit, int64_t least, struct str *out)
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
	return cgroup_number_or_max(limits->memory.bytes, 0, out);
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
	if (!limits->cpu.quota.set || !cgroup_number_or_max(limits->cpu.quota, 1, out))
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
	return cgroup_number_or_max(limits->pids, 1, out);
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

const struct cgroup_row cgroup_rows[] = {
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
const size_t cgroup_n_rows = ARRAY_SIZE(cgroup_rows);
