#include "engine/cgroup/cgroup_limits.h"

#include <stdlib.h>

void cgroup_limits_clear(struct cgroup_limits *limits)
{
	for (size_t i = 0; i < limits->n_hugepages; i++)
		free(limits->hugepages[i].size);
	for (size_t i = 0; i < limits->n_rdma; i++)
		free(limits->rdma[i].device);
	free(limits->cpu.cpus);
	free(limits->cpu.mems);
	free(limits->io.devices);
	free(limits->hugepages);
	strv_clear(&limits->network.priorities);
	free(limits->rdma);
	strv_clear(&limits->unified);
	free(limits->rules);
	*limits = (struct cgroup_limits){0};
}

void device_rule_add(struct cgroup_limits *limits, const struct device_rule *rule)
{
	limits->rules = xrealloc(limits->rules, limits->n_rules + 1, sizeof(*limits->rules));
	limits->rules[limits->n_rules++] = *rule;
}

void device_rules_default(struct cgroup_limits *limits)
{
	static const struct device_rule usual[] = {
	        {true, 'c', -1, -1, DEVICE_MKNOD}, {true, 'b', -1, -1, DEVICE_MKNOD},
	        {true, 'c', 1, 3, DEVICE_ANY},    /* null */
	        {true, 'c', 1, 5, DEVICE_ANY},    /* zero */
	        {true, 'c', 1, 7, DEVICE_ANY},    /* full */
	        {true, 'c', 1, 8, DEVICE_ANY},    /* random */
	        {true, 'c', 1, 9, DEVICE_ANY},    /* urandom */
	        {true, 'c', 5, 0, DEVICE_ANY},    /* tty */
	        {true, 'c', 5, 1, DEVICE_ANY},    /* console */
	        {true, 'c', 5, 2, DEVICE_ANY},    /* ptmx */
	        {true, 'c', 136, -1, DEVICE_ANY}, /* pts/N */
	};

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		device_rule_add(limits, &usual[i]);
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

int64_t cgroup_weight_of_shares(int64_t shares)
{
	return 1 + (clamp(shares, 2, 262144) - 2) * 9999 / 262142;
}

int64_t cgroup_shares_of_weight(int64_t weight)
{
	return clamp(clamp(weight, 1, 10000) * 1024 / 100, 2, 262144);
}

int64_t cgroup_io_weight_of_blkio(int64_t weight)
{
	return 1 + (clamp(weight, 10, 1000) - 10) * 9999 / 990;
}

/* Up to 100 as it is; the 9,900 steps above share BFQ's other 900. */
int64_t cgroup_bfq_of_io_weight(int64_t weight)
{
	int64_t w = clamp(weight, 1, 10000);

	return w <= 100 ? w : 100 + (w - 100) * 900 / 9900;
}
