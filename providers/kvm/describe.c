/* What a virtual machine is made of, as libvirt and QEMU's process show it: sections of `prov
 * inspect`. */
#include "providers/kvm/kvm.h"

#include "base/fs.h"
#include "base/proc.h"
#include "base/procfs.h"
#include "providers/kvm/domain.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A part of libvirt's XML, which always has the same form: one element a line, attributes in single
 * quotes. */
struct part {
	const char *from, *to;
};

/* The next "<name …>" to "</name>" behind where the last one ended. */
static bool next_part(const char *xml, const char *name, struct part *part)
{
	AUTO_FREE char *begin = xasprintf("<%s ", name);
	AUTO_FREE char *end = xasprintf("</%s>", name);

	part->from = strstr(part->to ? part->to : xml, begin);
	part->to = part->from ? strstr(part->from, end) : NULL;
	return part->to != NULL;
}

static const char *find_in(const struct part *part, const char *text)
{
	const char *at = strstr(part->from, text);

	return at && at < part->to ? at : NULL;
}

/* The value of an attribute of the first such element; "" without. The caller frees. */
static char *attribute(const struct part *part, const char *element, const char *name)
{
	AUTO_FREE char *begin = xasprintf("<%s ", element);
	AUTO_FREE char *key = xasprintf(" %s='", name);
	const char *at = find_in(part, begin);
	const char *end = at ? strchr(at, '>') : NULL;
	const char *value = at ? strstr(at, key) : NULL;

	if (!value || !end || value > end)
		return xstrdup("");
	value += strlen(key);
	return xstrndup(value, strcspn(value, "'"));
}

/* The text of the first such element. The caller frees. */
static char *element_text(const char *xml, const char *element)
{
	AUTO_FREE char *begin = xasprintf("<%s>", element);
	const char *at = strstr(xml, begin);

	at = at ? at + strlen(begin) : "";
	return xstrndup(at, strcspn(at, "<"));
}

static json_t *describe_domain(struct kvm_session *s, virDomainPtr domain, const char *xml)
{
	const struct part all = {xml, xml + strlen(xml)};
	AUTO_FREE char *type = attribute(&all, "domain", "type");
	AUTO_FREE char *arch = attribute(&all, "type", "arch");
	AUTO_FREE char *machine = attribute(&all, "type", "machine");
	AUTO_FREE char *kernel = element_text(xml, "kernel");
	AUTO_FREE char *initrd = element_text(xml, "initrd");
	AUTO_FREE char *cmdline = element_text(xml, "cmdline");
	virDomainInfo info;
	json_t *out = json_pack("{s:s, s:s, s:s*, s:s, s:s, s:s}", "name", s->names->domain, "uuid",
	        s->names->uuid, "uri", s->spec->kvm.uri, "accelerator",
	        str_eq(type, "qemu") ? "tcg" : type, "arch", arch, "machine", machine);

	if (virDomainGetInfo(domain, &info) == 0) {
		json_object_set_new(out, "vcpus", json_integer(info.nrVirtCpu));
		json_object_set_new(
		        out, "memory_bytes", json_integer((json_int_t)info.maxMem * 1024));
	}
	json_object_set_new(out, "kernel", json_string(kernel));
	json_object_set_new(out, "initrd", json_string(initrd));
	json_object_set_new(out, "cmdline", json_string(cmdline));
	return out;
}

/* QEMU on this host: its process and its groups. */
static json_t *describe_qemu(const struct kvm_session *s)
{
	int pid = kvm_qemu_pid(s);
	AUTO_FD int proc = pid ? procfs_open(pid) : -1;
	AUTO_STR groups = {0}, status = {0};
	json_t *paths = json_array();
	char *save = NULL;

	if (proc < 0 || procfs_read(proc, "status", 65536, &status) < 0) {
		json_decref(paths);
		return NULL;
	}
	if (procfs_read(proc, "cgroup", 65536, &groups) == 0 && groups.len)
		for (char *line = strtok_r(groups.buf, "\n", &save); line;
		        line = strtok_r(NULL, "\n", &save))
			if (!str_ends(line, ":/"))
				json_array_append_new(paths, json_string(line));
	return json_pack("{s:i, s:I, s:I, s:o}", "pid", pid, "uid",
	        (json_int_t)procfs_number(str_text(&status), "Uid", 10, -1), "threads",
	        (json_int_t)procfs_number(str_text(&status), "Threads", 10, -1), "cgroups", paths);
}

/* The machine's own disk first, then what it is written over. -U: QEMU may have it open. */
static json_t *describe_disks(const struct kvm_session *s)
{
	const char *const argv[] = {
	        "qemu-img", "info", "-U", "--backing-chain", "--output=json", s->names->disk, NULL};
	AUTO_STR text = {0};
	json_t *out = json_array(), *chain = NULL, *disk;
	size_t i;

	if (fs_exists(s->names->disk) && proc_check(argv, &text, NULL) == 0)
		chain = json_loads(str_text(&text), 0, NULL);
	json_array_foreach(chain, i, disk)
	{
		json_t *row = json_object();
		json_object_set(row, "file", json_object_get(disk, "filename"));
		json_object_set(row, "format", json_object_get(disk, "format"));
		json_object_set(row, "size_bytes", json_object_get(disk, "virtual-size"));
		json_object_set(row, "on_disk_bytes", json_object_get(disk, "actual-size"));
		json_array_append_new(out, row);
	}
	json_decref(chain);
	return out;
}

static const struct nic *nic_of(const struct machine_spec *spec, const char *mac)
{
	for (size_t i = 0; i < spec->n_nics; i++)
		if (str_eq(spec->nics[i].mac, mac))
			return &spec->nics[i];
	return NULL;
}

static json_t *describe_interfaces(const struct kvm_session *s, const char *xml)
{
	json_t *out = json_array();

	for (struct part part = {0}; next_part(xml, "interface", &part);) {
		AUTO_FREE char *mac = attribute(&part, "mac", "address");
		AUTO_FREE char *model = attribute(&part, "model", "type");
		AUTO_FREE char *link = attribute(&part, "target", "dev");
		AUTO_FREE char *network = attribute(&part, "source", "network");
		AUTO_FREE char *bridge = attribute(&part, "source", "bridge");
		const struct nic *nic = nic_of(s->spec, mac);
		json_array_append_new(out,
		        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "mac", mac, "model", model,
		                "address", nic && nic->address ? nic->address : "", "host_link",
		                link, "bridge", bridge, "network",
		                nic && nic->network ? nic->network : "", "libvirt", network));
	}
	return out;
}

static json_t *describe_channels(const char *xml)
{
	static const char *const kinds[] = {"serial", "channel"};
	json_t *out = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		for (struct part part = {0}; next_part(xml, kinds[i], &part);) {
			AUTO_FREE char *type = attribute(&part, kinds[i], "type");
			AUTO_FREE char *name = attribute(&part, "target", "name");
			AUTO_FREE char *path = attribute(&part, "source", "path");
			json_array_append_new(out,
			        json_pack("{s:s, s:s, s:s, s:s}", "kind", kinds[i], "name", name,
			                "to", type, "path", path));
		}
	return out;
}

json_t *kvm_describe(void *session, struct err *err)
{
	struct kvm_session *s = session;
	AUTO_DOMAIN domain = NULL;
	json_t *out = json_object(), *qemu;

	if (kvm_domain(s, &domain, err) < 0) {
		json_decref(out);
		return NULL;
	}
	AUTO_FREE char *xml = domain ? virDomainGetXMLDesc(domain, 0) : NULL;
	if (xml) {
		json_object_set_new(out, "domain", describe_domain(s, domain, xml));
		qemu = describe_qemu(s);
		if (qemu)
			json_object_set_new(out, "qemu", qemu);
		json_object_set_new(out, "interfaces", describe_interfaces(s, xml));
		json_object_set_new(out, "channels", describe_channels(xml));
	}
	json_object_set_new(out, "disks", describe_disks(s));
	return out;
}
