/* Sections of the control group: where it is, what it allows. Read from its files, so that what
 * somebody else changed there shows as well. */
#include "providers/container/describe.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum form { FORM_NUMBER, FORM_TEXT };

/* Limits as the kernel keeps them; the key has the unit. */
static const struct attribute {
	const char *key;
	const char *v1, *v2; /* NULL: this version has none */
	enum form form;
} attributes[] = {
        {"memory_bytes", "memory.limit_in_bytes", "memory.max", FORM_NUMBER},
        {"memory_and_swap_bytes", "memory.memsw.limit_in_bytes", NULL, FORM_NUMBER},
        {"swap_bytes", NULL, "memory.swap.max", FORM_NUMBER},
        {"memory_reservation_bytes", "memory.soft_limit_in_bytes", "memory.low", FORM_NUMBER},
        {"cpu_period_us", "cpu.cfs_period_us", NULL, FORM_NUMBER},
        {"cpu_quota_us", "cpu.cfs_quota_us", NULL, FORM_NUMBER},
        {"cpu_quota_and_period_us", NULL, "cpu.max", FORM_TEXT},
        {"cpu_shares", "cpu.shares", NULL, FORM_NUMBER},
        {"cpu_weight", NULL, "cpu.weight", FORM_NUMBER},
        {"cpuset", "cpuset.cpus", "cpuset.cpus.effective", FORM_TEXT},
        {"pids", "pids.max", "pids.max", FORM_NUMBER},
        {"io_weight", "blkio.weight", "io.weight", FORM_TEXT},
        {"io_weight_bfq", "blkio.bfq.weight", "io.bfq.weight", FORM_TEXT},
        {"frozen", "freezer.state", "cgroup.freeze", FORM_TEXT},
};

/* Path and content of the group's file, from the hierarchy that has it. */
static bool read_attribute(
        const struct session *s, const char *file, struct str *path, struct str *value)
{
	for (size_t i = 0; file && i < s->tree.dirs.n; i++) {
		str_reset(path);
		str_addf(path, "%s/%s/%s", s->tree.dirs.v[i], s->names->cgroup, file);
		if (fs_read(str_text(path), 65536, value, NULL) < 0)
			continue;
		while (value->len && value->buf[value->len - 1] == '\n')
			value->buf[--value->len] = '\0';
		return true;
	}
	return false;
}

/* null: no limit, which v1 writes as the greatest page-aligned number or as -1, v2 as a word. */
static json_t *number(const char *text)
{
	char *end;
	long long n = strtoll(text, &end, 10);

	return end == text || n < 0 || n >= INT64_C(1) << 62 ? json_null() : json_integer(n);
}

static void add_attribute(
        const struct session *s, const struct attribute *a, json_t *limits, json_t *files)
{
	AUTO_STR path = {0}, value = {0};

	if (!read_attribute(s, s->tree.v2 ? a->v2 : a->v1, &path, &value))
		return;
	json_object_set_new(limits, a->key,
	        a->form == FORM_NUMBER ? number(str_text(&value)) : json_string(str_text(&value)));
	json_array_append_new(
	        files, json_pack("{s:s, s:s}", "file", str_text(&path), "value", str_text(&value)));
}

json_t *describe_cgroup(const struct session *s)
{
	json_t *paths = json_array(), *limits = json_object(), *files = json_array();

	for (size_t i = 0; i < s->tree.dirs.n; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", s->tree.dirs.v[i], s->names->cgroup);
		if (fs_is_dir(path))
			json_array_append_new(paths, json_string(path));
	}
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		add_attribute(s, &attributes[i], limits, files);
	if (json_array_size(paths) == 0) {
		json_decref(paths);
		json_decref(limits);
		json_decref(files);
		return NULL;
	}
	return json_pack("{s:i, s:o, s:o, s:o}", "version", s->tree.v2 ? 2 : 1, "paths", paths,
	        "limits", limits, "files", files);
}

/* How many filters decide about devices in a v2 group; -1: not known. */
static int device_programs(const struct session *s)
{
	AUTO_FREE char *path = xasprintf("%s/%s", s->tree.dirs.v[0], s->names->cgroup);
	AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)fd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	if (fd < 0 || syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) < 0)
		return -1;
	return (int)attr.query.prog_cnt;
}

json_t *describe_devices(const struct session *s)
{
	AUTO_STR path = {0}, value = {0};
	json_t *allowed;

	if (s->tree.v2) {
		int n = device_programs(s);
		return n < 0 ? NULL : json_pack("{s:i}", "bpf_programs", n);
	}
	if (!read_attribute(s, "devices.list", &path, &value))
		return NULL;
	allowed = json_array();
	char *save = NULL;
	for (char *line = strtok_r(value.buf, "\n", &save); line;
	        line = strtok_r(NULL, "\n", &save))
		json_array_append_new(allowed, json_string(line));
	return json_pack("{s:s, s:o}", "file", str_text(&path), "allowed", allowed);
}
