/* The fields of a machine's spec, a row each: see core/shape.h. */
#include "core/spec.h"

#include "core/shape.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1e9

#define ROW(type_, name_, owner, member) \
	.name = name_, .type = FIELD_##type_, .offset = offsetof(struct owner, member)
#define SHAPE(fields_, type_)                               \
	{                                                   \
		fields_, ARRAY_SIZE(fields_), sizeof(type_) \
	}

static const char *const type_names[] = {"shell", "file", "ansible", NULL};
static const char *const run_names[] = {"once", "always", "never", NULL};
static const char *const ready_names[] = {"none", "tcp", "exec", "log", NULL};
static const char *const folder_names[] = {"auto", "bind", "virtiofs", "9p", "rsync", NULL};
static const char *const mode_names[] = {"lab", "none", "host", NULL};

static const struct field item_fields[] = {
        {ROW(ENUM, "type", provision_item, type), .names = type_names},
        {ROW(ENUM, "run", provision_item, run), .names = run_names},
        {ROW(TEXT, "name", provision_item, name)},
        {ROW(TEXT, "user", provision_item, user)},
        {ROW(LIST, "env", provision_item, env)},
        {ROW(INT64, "timeout_ns", provision_item, timeout_ns)},
        {ROW(TEXT, "script", provision_item, script)},
        {ROW(TEXT, "path", provision_item, path)},
        {ROW(LIST, "args", provision_item, args)},
        {ROW(LIST, "vars", provision_item, vars)},
        {ROW(TEXT, "source", provision_item, source)},
        {ROW(TEXT, "destination", provision_item, destination)},
        {ROW(INT, "mode", provision_item, mode), .initial = -1},
        {ROW(TEXT, "owner", provision_item, owner)},
        {ROW(TEXT, "place", provision_item, place)},
};
static const struct shape item_shape = SHAPE(item_fields, struct provision_item);

static const struct field nic_fields[] = {
        {ROW(TEXT, "network", nic, network)},
        {ROW(TEXT, "libvirt", nic, libvirt)},
        {ROW(TEXT, "mac", nic, mac)},
        {ROW(TEXT, "address", nic, address)},
        {ROW(INT, "prefix", nic, prefix)},
        {ROW(TEXT, "gateway", nic, gateway)},
        {ROW(TEXT, "dns", nic, dns)},
        {ROW(TEXT, "address6", nic, address6)},
        {ROW(INT, "prefix6", nic, prefix6)},
        {ROW(TEXT, "gateway6", nic, gateway6)},
        {ROW(LIST, "aliases", nic, aliases)},
        {ROW(BOOL, "default_route", nic, default_route)},
        {ROW(TEXT, "bridge", nic, bridge)},
        {ROW(INT, "mtu", nic, mtu)},
        {ROW(BOOL, "bridged", nic, bridged)},
};
static const struct shape nic_shape = SHAPE(nic_fields, struct nic);

static const struct field port_fields[] = {
        {ROW(TEXT, "address", port_use, address)},
        {ROW(INT, "host", port_use, host)},
        {ROW(INT, "host_last", port_use, host_last)},
        {ROW(INT, "guest", port_use, guest)},
        {ROW(BOOL, "udp", port_use, udp)},
};
static const struct shape port_shape = SHAPE(port_fields, struct port_use);

static const struct field folder_fields[] = {
        {ROW(TEXT, "host", folder_use, host)},
        {ROW(TEXT, "guest", folder_use, guest)},
        {ROW(ENUM, "type", folder_use, type), .names = folder_names},
        {ROW(BOOL, "read_only", folder_use, read_only)},
        {ROW(BOOL, "create", folder_use, create)},
        {ROW(LIST, "exclude", folder_use, exclude)},
        {ROW(TEXT, "owner", folder_use, owner)},
        {ROW(TEXT, "group", folder_use, group)},
        {ROW(INT, "mode", folder_use, mode), .initial = -1},
        {ROW(TEXT, "top", folder_use, top)},
        {ROW(BOOL, "implicit", folder_use, implicit)},
};
static const struct shape folder_shape = SHAPE(folder_fields, struct folder_use);

static const struct field volume_fields[] = {
        {ROW(TEXT, "name", volume_use, name)},
        {ROW(TEXT, "guest", volume_use, guest)},
        {ROW(INT64, "size_bytes", volume_use, size_bytes)},
        {ROW(BOOL, "read_only", volume_use, read_only)},
};
static const struct shape volume_shape = SHAPE(volume_fields, struct volume_use);

static const struct field ready_fields[] = {
        {ROW(ENUM, "type", ready_probe, type), .names = ready_names},
        {ROW(INT, "port", ready_probe, port)},
        {ROW(TEXT, "text", ready_probe, text)},
        {ROW(INT64, "timeout_ns", ready_probe, timeout_ns), .initial = 60 * SECOND},
        {ROW(INT64, "interval_ns", ready_probe, interval_ns), .initial = 1 * SECOND},
        {ROW(INT, "successes", ready_probe, successes), .initial = 1},
};
static const struct shape ready_shape = SHAPE(ready_fields, struct ready_probe);

/* The nested structs are written as objects of their own, at offset 0 of the machine. */
static const struct field box_fields[] = {
        {ROW(TEXT, "name", machine_spec, box.name)},
        {ROW(TEXT, "digest", machine_spec, box.digest)},
        {ROW(TEXT, "rootfs", machine_spec, box.rootfs)},
        {ROW(TEXT, "disk", machine_spec, box.disk)},
        {ROW(TEXT, "kernel", machine_spec, box.kernel)},
        {ROW(TEXT, "initrd", machine_spec, box.initrd)},
        {ROW(TEXT, "cmdline", machine_spec, box.cmdline)},
        {ROW(TEXT, "user", machine_spec, box.user)},
};
static const struct field container_fields[] = {
        {ROW(LIST, "command", machine_spec, container.command)},
        {ROW(TEXT, "init", machine_spec, container.init), .initial_text = "auto"},
        {ROW(INT64, "pids", machine_spec, container.pids), .initial = 1024},
        {ROW(INT64, "swap_bytes", machine_spec, container.swap_bytes)},
        {ROW(INT64, "memory_reservation_bytes", machine_spec, container.memory_reservation_bytes)},
        {ROW(BOOL, "privileged", machine_spec, container.privileged)},
        {ROW(BOOL, "no_new_privileges", machine_spec, container.no_new_privileges)},
        {ROW(BOOL, "read_only", machine_spec, container.read_only)},
        {ROW(LIST, "caps_add", machine_spec, container.caps_add)},
        {ROW(LIST, "caps_drop", machine_spec, container.caps_drop)},
        {ROW(LIST, "devices", machine_spec, container.devices)},
        {ROW(INT64, "time_offset_ns", machine_spec, container.time_offset_ns)},
        {ROW(INT64, "id_base", machine_spec, container.id_base)},
        {ROW(INT, "stop_signal", machine_spec, container.stop_signal)},
        {ROW(INT64, "stop_timeout_ns", machine_spec, container.stop_timeout_ns),
                .initial = 10 * SECOND},
};
static const struct field kvm_fields[] = {
        {ROW(TEXT, "accelerator", machine_spec, kvm.accelerator), .initial_text = "auto"},
        {ROW(TEXT, "uri", machine_spec, kvm.uri), .initial_text = "qemu:///system"},
        {ROW(INT64, "boot_timeout_ns", machine_spec, kvm.boot_timeout_ns), .initial = 300 * SECOND},
        {ROW(INT64, "stop_timeout_ns", machine_spec, kvm.stop_timeout_ns), .initial = 60 * SECOND},
};
static const struct shape box_shape = SHAPE(box_fields, struct machine_spec);
static const struct shape container_shape = SHAPE(container_fields, struct machine_spec);
static const struct shape kvm_shape = SHAPE(kvm_fields, struct machine_spec);

static const struct field spec_fields[] = {
        {ROW(TEXT, "lab", machine_spec, lab)},
        {ROW(TEXT, "lab_id", machine_spec, lab_id)},
        {ROW(TEXT, "domain", machine_spec, domain)},
        {ROW(TEXT, "project", machine_spec, project)},
        {ROW(TEXT, "name", machine_spec, name)},
        {ROW(TEXT, "provider", machine_spec, provider)},
        {ROW(TEXT, "selector", machine_spec, selector)},
        {ROW(TEXT, "hostname", machine_spec, hostname)},
        {ROW(TEXT, "alias", machine_spec, alias)},
        {ROW(INT, "index", machine_spec, index), .initial = 1},
        {ROW(INT, "count", machine_spec, count)},
        {.name = "box", .type = FIELD_STRUCT, .shape = &box_shape},
        {ROW(DOUBLE, "cpus", machine_spec, cpus), .initial = 1},
        {ROW(INT64, "cpu_weight", machine_spec, cpu_weight), .initial = 100},
        {ROW(INT64, "io_weight", machine_spec, io_weight), .initial = 100},
        {ROW(TEXT, "cpuset", machine_spec, cpuset)},
        {ROW(INT64, "memory_bytes", machine_spec, memory_bytes), .initial = 512.0 * 1024 * 1024},
        {ROW(INT64, "disk_bytes", machine_spec, disk_bytes)},
        {ROW(TEXT, "user", machine_spec, user)},
        {ROW(LIST, "env", machine_spec, env)},
        {ROW(LIST, "depends_on", machine_spec, depends_on)},
        {ROW(BOOL, "autostart", machine_spec, autostart), .initial = true},
        {ROW(ENUM, "network_mode", machine_spec, network_mode), .names = mode_names},
        {ROW(ARRAY, "nics", machine_spec, nics), .shape = &nic_shape,
                .count = offsetof(struct machine_spec, n_nics)},
        {ROW(ARRAY, "ports", machine_spec, ports), .shape = &port_shape,
                .count = offsetof(struct machine_spec, n_ports)},
        {ROW(ARRAY, "folders", machine_spec, folders), .shape = &folder_shape,
                .count = offsetof(struct machine_spec, n_folders)},
        {ROW(ARRAY, "volumes", machine_spec, volumes), .shape = &volume_shape,
                .count = offsetof(struct machine_spec, n_volumes)},
        {ROW(LIST, "hosts", machine_spec, hosts)},
        {ROW(BOOL, "ssh_mesh", machine_spec, ssh_mesh)},
        {ROW(ARRAY, "provision", machine_spec, provision), .shape = &item_shape,
                .count = offsetof(struct machine_spec, n_provision)},
        {ROW(STRUCT, "ready", machine_spec, ready), .shape = &ready_shape},
        {.name = "container", .type = FIELD_STRUCT, .shape = &container_shape},
        {.name = "kvm", .type = FIELD_STRUCT, .shape = &kvm_shape},
};
static const struct shape spec_shape = SHAPE(spec_fields, struct machine_spec);

void spec_init(struct machine_spec *spec)
{
	memset(spec, 0, sizeof(*spec));
	shape_init(&spec_shape, spec);
}

void spec_copy(struct machine_spec *dst, const struct machine_spec *src)
{
	*dst = *src;
	shape_own(&spec_shape, dst);
}

void spec_clear(struct machine_spec *spec)
{
	shape_clear(&spec_shape, spec);
	memset(spec, 0, sizeof(*spec));
}

const struct nic *spec_route(const struct machine_spec *spec)
{
	for (size_t i = 0; i < spec->n_nics; i++)
		if (spec->nics[i].default_route)
			return &spec->nics[i];
	return NULL;
}

bool spec_is_foreign(const struct machine_spec *spec)
{
	return str_eq(spec->provider, "kvm") && spec->box.digest && !spec->box.kernel;
}

char *spec_host_names(const struct machine_spec *spec, const char *alias)
{
	AUTO_STR names = {0};

	str_addf(&names, "%s.%s %s", spec->hostname, spec->domain, spec->hostname);
	if (alias)
		str_addf(&names, " %s.%s %s", alias, spec->domain, alias);
	return xstrdup(str_text(&names));
}

size_t spec_bytes(const struct machine_spec *spec)
{
	return sizeof(*spec) + shape_bytes(&spec_shape, spec);
}

void provision_item_init(struct provision_item *item)
{
	memset(item, 0, sizeof(*item));
	shape_init(&item_shape, item);
}

void provision_item_clear(struct provision_item *item)
{
	shape_clear(&item_shape, item);
	memset(item, 0, sizeof(*item));
}

struct folder_use *spec_add_folder(struct machine_spec *spec)
{
	spec->folders = xrealloc(spec->folders, spec->n_folders + 1, sizeof(*spec->folders));
	struct folder_use *folder = &spec->folders[spec->n_folders++];

	memset(folder, 0, sizeof(*folder));
	shape_init(&folder_shape, folder);
	return folder;
}

struct nic *spec_add_nic(struct machine_spec *spec, const char *network)
{
	spec->nics = xrealloc(spec->nics, spec->n_nics + 1, sizeof(*spec->nics));
	struct nic *nic = &spec->nics[spec->n_nics++];

	memset(nic, 0, sizeof(*nic));
	shape_init(&nic_shape, nic);
	nic->network = xstrdup(network);
	return nic;
}

void spec_drop_nic(struct machine_spec *spec, size_t index)
{
	shape_clear(&nic_shape, &spec->nics[index]);
	spec->n_nics--;
	memmove(&spec->nics[index], &spec->nics[index + 1],
	        (spec->n_nics - index) * sizeof(*spec->nics));
}

void spec_drop_implicit_folders(struct machine_spec *spec)
{
	size_t kept = 0;

	for (size_t i = 0; i < spec->n_folders; i++) {
		if (spec->folders[i].implicit)
			shape_clear(&folder_shape, &spec->folders[i]);
		else
			spec->folders[kept++] = spec->folders[i];
	}
	spec->n_folders = kept;
}

void spec_write(const struct machine_spec *spec, struct str *out)
{
	json_t *json = shape_write(&spec_shape, spec);
	AUTO_FREE char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(17));

	json_decref(json);
	if (!text)
		abort(); /* only out of memory: every value above is one JSON can say */
	str_add(out, text);
}

int spec_read(const char *text, struct machine_spec *out, struct err *err)
{
	json_error_t why;
	json_t *json = json_loads(text, 0, &why);
	struct machine_spec spec;

	if (!json)
		return err_set(err, ERR_FAILED, "read a machine's spec: %s", why.text);
	spec_init(&spec);
	int rc = shape_read(&spec_shape, json, &spec, err);
	json_decref(json);
	if (rc < 0) {
		spec_clear(&spec);
		return err_wrap(err, "read a machine's spec");
	}
	*out = spec;
	return 0;
}
