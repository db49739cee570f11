#include "engine/cgroup/cgroup_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	for (size_t i = 0; i < cgroup_n_rows; i++) {
		const struct cgroup_row *row = &cgroup_rows[i];
		bool in_v2 = row->controller & v2;
		cgroup_value_fn value = in_v2 ? row->v2_value : row->v1_value;
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
	cgroup_number_or_max(rate, 1, line);
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
