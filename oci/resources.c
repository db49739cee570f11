#include "oci/resources.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LEAVE_ZERO 1u /* 0 stands for "not set", as runtimes have always read it */
#define CLAMP      2u /* the nearest that the kernel takes, instead of an error */

/* A number of linux.resources and where it goes. */
struct number_row {
	const char *group, *key;
	size_t offset;
	int64_t min, max;
	unsigned flags;
};
#define FIELD(f) offsetof(struct cgroup_limits, f)

static const struct number_row numbers[] = {
        {"memory", "limit", FIELD(memory.bytes), -1, INT64_MAX, LEAVE_ZERO},
        {"memory", "swap", FIELD(memory.with_swap), -1, INT64_MAX, LEAVE_ZERO},
        {"memory", "reservation", FIELD(memory.reservation), -1, INT64_MAX, LEAVE_ZERO},
        {"memory", "kernel", FIELD(memory.kernel), -1, INT64_MAX, LEAVE_ZERO},
        {"memory", "kernelTCP", FIELD(memory.kernel_tcp), -1, INT64_MAX, LEAVE_ZERO},
        {"memory", "swappiness", FIELD(memory.swappiness), 0, 100, 0},
        {"cpu", "shares", FIELD(cpu.shares), 2, 262144, LEAVE_ZERO | CLAMP},
        {"cpu", "quota", FIELD(cpu.quota), -1, INT64_MAX, LEAVE_ZERO},
        {"cpu", "period", FIELD(cpu.period), 0, INT64_MAX, LEAVE_ZERO},
        {"cpu", "burst", FIELD(cpu.burst), 0, INT64_MAX, 0},
        {"cpu", "realtimeRuntime", FIELD(cpu.rt_runtime), -1, INT64_MAX, LEAVE_ZERO},
        {"cpu", "realtimePeriod", FIELD(cpu.rt_period), 0, INT64_MAX, LEAVE_ZERO},
        {"cpu", "idle", FIELD(cpu.idle), 0, 1, 0},
        {"pids", "limit", FIELD(pids), -1, INT64_MAX, LEAVE_ZERO},
        {"blockIO", "weight", FIELD(io.blkio_weight), 10, 1000, LEAVE_ZERO},
        {"blockIO", "leafWeight", FIELD(io.leaf_weight), 10, 1000, LEAVE_ZERO},
        {"network", "classID", FIELD(network.class_id), 0, UINT32_MAX, 0},
};

/* A uint64 beyond what the kernel counts means no limit, as runtimes wrap it. */
static int read_number(
        const struct node *n, const struct number_row *row, struct limit *out, struct err *err)
{
	int64_t lowest = row->flags & CLAMP ? INT64_MIN : row->min, v = 0;
	int64_t highest = row->flags & CLAMP ? INT64_MAX : row->max;
	uint64_t big;

	if (!n->v)
		return 0;
	if (json_is_string(n->v) && row->max == INT64_MAX && row->min < 0) {
		if (node_u64(n, &big, err) < 0)
			return -1;
		*out = LIMIT(-1);
		return 0;
	}
	if (row->flags & LEAVE_ZERO && json_is_integer(n->v) && json_integer_value(n->v) == 0)
		return 0;
	if (node_int(n, lowest, highest, &v, err) < 0)
		return -1;
	v = v < row->min ? row->min : v > row->max ? row->max : v;
	*out = LIMIT(v);
	return 0;
}

static struct limit *field(struct cgroup_limits *limits, const struct number_row *row)
{
	return (struct limit *)(void *)((char *)limits + row->offset);
}

static int read_numbers(const struct node *resources, struct cgroup_limits *out, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct node group = node_get(resources, numbers[i].group);
		struct node n = node_get(&group, numbers[i].key);
		if (node_object(&group, err) < 0 ||
		        read_number(&n, &numbers[i], field(out, &numbers[i]), err) < 0)
			return -1;
	}
	return 0;
}

int resources_set(struct cgroup_limits *out, const char *name, const char *text, struct err *err)
{
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const struct number_row *row = &numbers[i];
		size_t n = strlen(row->group);
		if (strncmp(name, row->group, n) || name[n] != '.' ||
		        strcmp(name + n + 1, row->key))
			continue;
		errno = 0;
		int64_t v = strtoll(text, &end, 10);
		if (!text[0] || *end || errno || v < row->min || v > row->max)
			return err_set(err, ERR_USAGE, "'%s' is no value of %s", text, name);
		*field(out, row) = LIMIT(v);
		return 0;
	}
	return err_set(err, ERR_USAGE, "there is no resource '%s'", name);
}

static int read_words(const struct node *resources, struct cgroup_limits *out, struct err *err)
{
	struct node memory = node_get(resources, "memory"), cpu = node_get(resources, "cpu");
	struct node no_oom = node_get(&memory, "disableOOMKiller");
	struct node check = node_get(&memory, "checkBeforeUpdate");
	struct node cpus = node_get(&cpu, "cpus"), mems = node_get(&cpu, "mems");
	const char *c = "", *m = "";

	if (node_bool(&no_oom, &out->memory.no_oom_killer, err) < 0 ||
	        node_bool(&check, &out->memory.check_before_update, err) < 0 ||
	        node_text(&cpus, &c, err) < 0 || node_text(&mems, &m, err) < 0)
		return -1;
	if (c[0]) {
		free(out->cpu.cpus);
		out->cpu.cpus = xstrdup(c);
	}
	if (m[0]) {
		free(out->cpu.mems);
		out->cpu.mems = xstrdup(m);
	}
	return 0;
}

static int read_access(const struct node *n, unsigned *out, struct err *err)
{
	static const struct {
		char letter;
		unsigned bit;
	} table[] = {{'r', DEVICE_READ}, {'w', DEVICE_WRITE}, {'m', DEVICE_MKNOD}};
	const char *text = "rwm";

	if (node_text(n, &text, err) < 0)
		return -1;
	*out = 0;
	for (const char *p = text[0] ? text : "rwm"; *p; p++) {
		unsigned bit = 0;
		for (size_t i = 0; i < ARRAY_SIZE(table); i++)
			if (table[i].letter == *p)
				bit = table[i].bit;
		if (!bit)
			return node_fail(n, err, "'%s' is not made of r, w and m", text);
		*out |= bit;
	}
	return 0;
}

static int read_rule(const struct node *n, struct device_rule *out, struct err *err)
{
	struct node allow = node_get(n, "allow"), type = node_get(n, "type");
	struct node major = node_get(n, "major"), minor = node_get(n, "minor");
	struct node access = node_get(n, "access");
	const char *t = "a";

	*out = (struct device_rule){.type = 'a', .major = -1, .minor = -1};
	if (node_need(n, err) < 0 || node_object(n, err) < 0 || node_need(&allow, err) < 0 ||
	        node_bool(&allow, &out->allow, err) < 0 || node_text(&type, &t, err) < 0 ||
	        node_int(&major, -1, UINT32_MAX, &out->major, err) < 0 ||
	        node_int(&minor, -1, UINT32_MAX, &out->minor, err) < 0 ||
	        read_access(&access, &out->access, err) < 0)
		return -1;
	if (t[0] && (t[1] || !strchr("acbu", t[0])))
		return node_fail(&type, err, "'%s' is none of a, b and c", t);
	out->type = t[0] == 'u' ? 'c' : t[0] ? t[0] : 'a';
	return 0;
}

static int read_rules(const struct node *resources, struct cgroup_limits *out, struct err *err)
{
	struct node list = node_get(resources, "devices");

	if (node_array(&list, err) < 0)
		return -1;
	for (size_t i = 0; i < node_size(&list); i++) {
		struct node item = node_at(&list, i);
		struct device_rule rule;
		if (read_rule(&item, &rule, err) < 0)
			return -1;
		device_rule_add(out, &rule);
	}
	return 0;
}

static struct io_device *io_device(struct cgroup_limits *out, unsigned major, unsigned minor)
{
	for (size_t i = 0; i < out->io.n_devices; i++)
		if (out->io.devices[i].major == major && out->io.devices[i].minor == minor)
			return &out->io.devices[i];
	out->io.devices =
	        xrealloc(out->io.devices, out->io.n_devices + 1, sizeof(*out->io.devices));
	struct io_device *d = &out->io.devices[out->io.n_devices++];
	*d = (struct io_device){.major = major, .minor = minor};
	return d;
}

/* Lists of blockIO, the key that holds their number, and where it goes. */
struct io_row {
	const char *list, *key;
	size_t offset;
	int64_t min, max;
};
#define DEVICE_FIELD(f) offsetof(struct io_device, f)

static const struct io_row io_rows[] = {
        {"weightDevice", "weight", DEVICE_FIELD(weight), 10, 1000},
        {"weightDevice", "leafWeight", DEVICE_FIELD(leaf_weight), 10, 1000},
        {"throttleReadBpsDevice", "rate", DEVICE_FIELD(read_bps), 0, INT64_MAX},
        {"throttleWriteBpsDevice", "rate", DEVICE_FIELD(write_bps), 0, INT64_MAX},
        {"throttleReadIOPSDevice", "rate", DEVICE_FIELD(read_iops), 0, INT64_MAX},
        {"throttleWriteIOPSDevice", "rate", DEVICE_FIELD(write_iops), 0, INT64_MAX},
};

static int read_io_item(const struct node *item, const struct io_row *row,
        struct cgroup_limits *out, struct err *err)
{
	struct node major = node_get(item, "major"), minor = node_get(item, "minor");
	struct node number = node_get(item, row->key);
	uint32_t major_no = 0, minor_no = 0;
	int64_t v;

	if (node_need(item, err) < 0 || node_object(item, err) < 0 || node_need(&major, err) < 0 ||
	        node_u32(&major, &major_no, err) < 0 || node_need(&minor, err) < 0 ||
	        node_u32(&minor, &minor_no, err) < 0 ||
	        node_int(&number, row->min, row->max, &v, err) < 0)
		return -1;
	if (!number.v)
		return 0;
	struct io_device *d = io_device(out, major_no, minor_no);
	*(struct limit *)(void *)((char *)d + row->offset) = LIMIT(v);
	return 0;
}

static int read_io(const struct node *resources, struct cgroup_limits *out, struct err *err)
{
	struct node io = node_get(resources, "blockIO");

	for (size_t r = 0; r < ARRAY_SIZE(io_rows); r++) {
		struct node list = node_get(&io, io_rows[r].list);
		if (node_array(&list, err) < 0)
			return -1;
		for (size_t i = 0; i < node_size(&list); i++) {
			struct node item = node_at(&list, i);
			if (read_io_item(&item, &io_rows[r], out, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int read_hugepages(const struct node *resources, struct cgroup_limits *out, struct err *err)
{
	struct node list = node_get(resources, "hugepageLimits");

	if (node_array(&list, err) < 0)
		return -1;
	for (size_t i = 0; i < node_size(&list); i++) {
		struct node item = node_at(&list, i);
		struct node size = node_get(&item, "pageSize"), limit = node_get(&item, "limit");
		const char *name = NULL;
		uint64_t bytes = 0;
		if (node_need(&item, err) < 0 || node_object(&item, err) < 0 ||
		        node_need(&size, err) < 0 || node_text(&size, &name, err) < 0 ||
		        node_need(&limit, err) < 0 || node_u64(&limit, &bytes, err) < 0)
			return -1;
		if (!name[0] || strchr(name, '/'))
			return node_fail(&size, err, "'%s' is no page size", name);
		out->hugepages =
		        xrealloc(out->hugepages, out->n_hugepages + 1, sizeof(*out->hugepages));
		out->hugepages[out->n_hugepages++] = (struct hugepage_limit){
		        xstrdup(name), bytes > INT64_MAX ? -1 : (int64_t)bytes};
	}
	return 0;
}

static int read_network(const struct node *resources, struct cgroup_limits *out, struct err *err)
{
	struct node network = node_get(resources, "network");
	struct node list = node_get(&network, "priorities");

	if (node_array(&list, err) < 0)
		return -1;
	for (size_t i = 0; i < node_size(&list); i++) {
		struct node item = node_at(&list, i);
		struct node name = node_get(&item, "name"), prio = node_get(&item, "priority");
		const char *device = NULL;
		uint32_t v = 0;
		if (node_need(&item, err) < 0 || node_object(&item, err) < 0 ||
		        node_need(&name, err) < 0 || node_text(&name, &device, err) < 0 ||
		        node_need(&prio, err) < 0 || node_u32(&prio, &v, err) < 0)
			return -1;
		strv_addf(&out->network.priorities, "%s %" PRIu32, device, v);
	}
	return 0;
}

static int read_rdma(const struct node *resources, struct cgroup_limits *out, struct err *err)
{
	struct node rdma = node_get(resources, "rdma");
	const char *key;
	json_t *v;

	if (node_object(&rdma, err) < 0)
		return -1;
	json_object_foreach(rdma.v, key, v)
	{
		struct node item = node_get(&rdma, key);
		struct node handles = node_get(&item, "hcaHandles");
		struct node objects = node_get(&item, "hcaObjects");
		struct rdma_limit limit = {0};
		if (node_object(&item, err) < 0 ||
		        node_int(&handles, 0, UINT32_MAX, &limit.handles.value, err) < 0 ||
		        node_int(&objects, 0, UINT32_MAX, &limit.objects.value, err) < 0)
			return -1;
		limit.device = xstrdup(key);
		limit.handles.set = handles.v;
		limit.objects.set = objects.v;
		out->rdma = xrealloc(out->rdma, out->n_rdma + 1, sizeof(*out->rdma));
		out->rdma[out->n_rdma++] = limit;
	}
	return 0;
}

/* A file of the group's own folder, and none that would move it. */
static int add_unified(void *ctx, const struct node *pair, const char *value, struct err *err)
{
	struct cgroup_limits *out = ctx;

	if (strchr(pair->key, '/') || !strchr(pair->key, '.') || str_starts(pair->key, "cgroup."))
		return node_fail(pair, err, "'%s' is no file of a controller", pair->key);
	strv_addf(&out->unified, "%s=%s", pair->key, value);
	return 0;
}

int resources_read(const struct node *resources, struct cgroup_limits *out, struct err *err)
{
	struct node unified = node_get(resources, "unified");

	if (node_object(resources, err) < 0 || read_numbers(resources, out, err) < 0 ||
	        read_words(resources, out, err) < 0 || read_rules(resources, out, err) < 0 ||
	        read_io(resources, out, err) < 0 || read_hugepages(resources, out, err) < 0 ||
	        read_network(resources, out, err) < 0 || read_rdma(resources, out, err) < 0)
		return -1;
	return node_pairs(&unified, add_unified, out, err);
}
