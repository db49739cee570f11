/*
 * Volumes of a virtual machine: disks of the host's files, found inside by their serial. The
 * initrd of prov's boxes mounts them before the machine's init starts, at every boot (the list is
 * in the seed); kvm.volumes sees to it that they are, and mounts what another box's init did not.
 */
#include "providers/kvm/volumes.h"

#include "core/volume.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOUNT_NS (INT64_C(60) * 1000000000)

void volumes_digest(const struct machine_spec *spec, struct digest *digest)
{
	for (size_t i = 0; i < spec->n_volumes; i++) {
		const struct volume_use *v = &spec->volumes[i];
		digest_field(digest, "volume", v->name);
		digest_field(digest, "at", v->guest);
		digest_number(digest, "read-only", v->read_only);
	}
}

int volumes_check(const struct machine_spec *spec, struct err *err)
{
	if (!spec->n_volumes || libvirt_is_local(spec->kvm.uri))
		return 0;
	err_of_key(err, "volumes", "libvirt at '%s' has not the files of this host", spec->kvm.uri);
	return err_hint(err, "leave volumes out, or kvm: uri");
}

struct domain_disk *volumes_disks(const struct machine_spec *spec, const struct names *names)
{
	struct domain_disk *disks = xcalloc(spec->n_volumes + 2, sizeof(*disks));

	for (size_t i = 0; i < spec->n_volumes; i++) {
		disks[i].path = volume_path(names->lab_dir, spec->volumes[i].name);
		disks[i].read_only = spec->volumes[i].read_only;
		volume_serial(spec->volumes[i].name, disks[i].serial);
	}
	return disks;
}

void volumes_disks_free(struct domain_disk *disks)
{
	for (size_t i = 0; disks[i].path; i++)
		free(disks[i].path);
	free(disks);
}

bool volumes_written(const struct machine_spec *spec)
{
	for (size_t i = 0; i < spec->n_volumes; i++)
		if (!spec->volumes[i].read_only)
			return true;
	return false;
}

void volumes_list(const struct machine_spec *spec, struct str *out)
{
	for (size_t i = 0; i < spec->n_volumes; i++) {
		const struct volume_use *v = &spec->volumes[i];
		char serial[VOLUME_SERIAL];
		volume_serial(v->name, serial);
		str_addf(out, "%s %s %s\n", serial, v->read_only ? "ro" : "rw", v->guest);
	}
}

/* Its file system is put in order first: a reader could not replay its journal, and what a machine
 * that was powered off has left is no damage. */
static int take(struct kvm_session *s, const struct volume_use *v, struct err *err)
{
	AUTO_FREE char *path = volume_path(s->names->lab_dir, v->name);
	AUTO_FD int lock = volume_lock(path, err);

	if (lock < 0)
		return -1;
	if (volume_in_vm(path)) /* only where all of them read: the lab has seen to that */
		return v->read_only
		        ? 0
		        : err_set(err, ERR_BUSY,
		                  "the volume '%s' is in use by another virtual machine", v->name);
	if (volume_settle(path, err) < 0)
		return err_wrap(err, "the volume '%s' is in use by a container", v->name);
	return volume_check(path, false, err) < 0 ? -1 : kvm_give(s, lock, path, err);
}

int volumes_take(struct kvm_session *s, struct err *err)
{
	for (size_t i = 0; i < s->spec->n_volumes; i++)
		if (take(s, &s->spec->volumes[i], err) < 0)
			return -1;
	return 0;
}

void volumes_inputs(const struct run *run, struct digest *digest)
{
	volumes_digest(run->spec, digest);
}

/* For sh of any box. What stands in the table of mounts is mounted already; a database refuses a
 * folder that is not empty. */
static void add_script(const struct machine_spec *spec, struct str *out)
{
	str_add(out,
	        "set -e\n"
	        "give() {\n"
	        "\tdev=\n"
	        "\tfor d in /sys/block/*; do\n"
	        "\t\t[ -r \"$d/serial\" ] && [ \"$(cat \"$d/serial\")\" = \"$1\" ] && "
	        "dev=/dev/${d##*/}\n"
	        "\tdone\n"
	        "\t[ -n \"$dev\" ] || { echo \"there is no disk with the serial $1\" >&2; exit 1; "
	        "}\n"
	        "\twhile read -r from rest; do [ \"$from\" != \"$dev\" ] || return 0; done "
	        "</proc/mounts\n"
	        "\tmkdir -p \"$3\"\n"
	        "\tmount -t ext4 -o \"$2\" \"$dev\" \"$3\"\n"
	        "\trmdir \"$3/lost+found\" 2>/dev/null || :\n"
	        "}\n");
	for (size_t i = 0; i < spec->n_volumes; i++) {
		const struct volume_use *v = &spec->volumes[i];
		char serial[VOLUME_SERIAL];
		volume_serial(v->name, serial);
		str_addf(out, "give %s %s ", serial, v->read_only ? "ro" : "rw");
		str_add_shell(out, v->guest);
		str_add(out, "\n");
	}
}

int volumes_apply(struct run *run, struct err *err)
{
	AUTO_STR script = {0}, said = {0};
	struct transport *t;

	/* Without a network there is no way in: its own initrd has mounted them. */
	if (!run->spec->n_volumes || run->spec->network_mode != NET_LAB)
		return 0;
	add_script(run->spec, &script);
	const char *const argv[] = {"sh", "-c", str_text(&script), NULL};
	const struct transport_cmd cmd = {
	        .argv = argv, .in_fd = -1, .timeout_ns = MOUNT_NS, .stop = run_stop(run)};
	int status = run_transport(run, &t, err);
	if (status == 0)
		status = transport_ask(t, &cmd, &said, &said, err);
	if (status < 0)
		return err_wrap(err, "mount the volumes");
	if (status == 0)
		return 0;
	AUTO_STR safe = {0};
	str_add_escaped(&safe, str_text(&said), strcspn(str_text(&said), "\n"));
	return err_set(err, ERR_FAILED, "mount the volumes: %s", str_text(&safe));
}

void volumes_explain(const struct run *run, struct str *out)
{
	const struct machine_spec *spec = run->spec;

	if (!spec->n_volumes) {
		str_add(out, "The machine has no volumes.\n");
		return;
	}
	str_add(out, "Each volume is a disk of the machine, mounted inside by its serial.\n");
	for (size_t i = 0; i < spec->n_volumes; i++) {
		char serial[VOLUME_SERIAL];
		volume_serial(spec->volumes[i].name, serial);
		str_addf(out, "mount -t ext4 /dev/disk/by-id/virtio-%s ", serial);
		str_add_shell(out, spec->volumes[i].guest);
		str_add(out, "\n");
	}
}
