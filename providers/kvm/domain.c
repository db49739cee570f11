#include "providers/kvm/domain.h"

#include "net/libvirt/xml.h"

#include <stdio.h>
#include <string.h>

#define MIB (1024 * 1024)

/* Under TCG the translation cache dominates QEMU's memory; below 64 MiB it thrashes, above 128 MiB
 * a boot gains nothing. */
#define TB_CACHE_MIB       128
#define TB_CACHE_SMALL_MIB 64
#define SMALL_MEMORY       (256LL * MIB)

#define SPARE_SLOTS 4

#define QUOTA_PERIOD_US 100000

int domain_vcpus(double cpus)
{
	int whole = (int)cpus;

	if (whole < cpus)
		whole++;
	return whole < 1 ? 1 : whole;
}

/* The quota is per vCPU. */
static void add_cputune(const struct domain_plan *p, int vcpus, struct str *out)
{
	bool part = p->cpus > 0 && p->cpus < vcpus;

	if (!part && !p->cpu_shares)
		return;
	str_add(out, "  <cputune>\n");
	if (p->cpu_shares)
		str_addf(out, "    <shares>%lld</shares>\n", (long long)p->cpu_shares);
	if (part)
		str_addf(out, "    <period>%d</period>\n    <quota>%d</quota>\n", QUOTA_PERIOD_US,
		        (int)(QUOTA_PERIOD_US * p->cpus / vcpus));
	str_add(out, "  </cputune>\n");
}

static void add_cpus(const struct domain_plan *p, struct str *out)
{
	int vcpus = domain_vcpus(p->cpus);

	str_add(out, "  <vcpu");
	if (p->cpuset) /* of QEMU's other threads as well */
		xml_add_attr(out, "cpuset", p->cpuset);
	str_addf(out, ">%d</vcpu>\n", vcpus);
	add_cputune(p, vcpus, out);
	if (p->io_weight)
		str_addf(out, "  <blkiotune>\n    <weight>%lld</weight>\n  </blkiotune>\n",
		        (long long)p->io_weight);
	/* TCG's plain model lacks what today's distributions are compiled for (x86-64-v2); all that
	 * it can emulate boots as fast. */
	if (str_eq(p->type, "kvm"))
		str_add(out, "  <cpu mode='host-passthrough' check='none'/>\n");
	else if (str_eq(p->type, "qemu"))
		str_add(out, "  <cpu mode='maximum' check='none'/>\n");
}

static void add_boot(const struct domain_plan *p, struct str *out)
{
	str_add(out, "  <os>\n    <type");
	xml_add_attr(out, "arch", p->arch);
	if (!str_eq(p->type, "test"))
		str_add(out, " machine='q35'");
	str_add(out, ">hvm</type>\n");
	if (p->kernel)
		xml_add_element(out, 4, "kernel", p->kernel);
	if (p->initrd)
		xml_add_element(out, 4, "initrd", p->initrd);
	if (p->cmdline)
		xml_add_element(out, 4, "cmdline", p->cmdline);
	str_add(out, "  </os>\n");
}

static void add_features(const struct domain_plan *p, struct str *out)
{
	str_add(out, "  <features>\n    <acpi/>\n    <apic/>\n");
	if (str_eq(p->type, "qemu"))
		str_addf(out, "    <tcg>\n      <tb-cache unit='MiB'>%d</tb-cache>\n    </tcg>\n",
		        p->memory_bytes < SMALL_MEMORY ? TB_CACHE_SMALL_MIB : TB_CACHE_MIB);
	str_add(out, "  </features>\n");
}

static void add_disk(const struct domain_plan *p, struct str *out)
{
	str_add(out,
	        "    <disk type='file' device='disk'>\n"
	        "      <driver name='qemu' type='qcow2' discard='unmap'/>\n      <source");
	xml_add_attr(out, "file", p->disk);
	str_add(out, "/>\n      <target dev='vda' bus='virtio'/>\n    </disk>\n");
}

/* vdb and so on. */
static void add_further(const struct domain_disk *d, size_t i, struct str *out)
{
	str_add(out,
	        "    <disk type='file' device='disk'>\n"
	        "      <driver name='qemu' type='raw' discard='unmap'/>\n      <source");
	xml_add_attr(out, "file", d->path);
	str_addf(out, "/>\n      <target dev='vd%c' bus='virtio'/>\n", (char)('b' + i));
	if (d->read_only)
		str_add(out, "      <readonly/>\n");
	xml_add_element(out, 6, "serial", d->serial);
	str_add(out, "    </disk>\n");
}

void domain_nic_xml(const struct domain_nic *nic, struct str *out)
{
	str_add(out, "    <interface type='network'>\n      <mac");
	xml_add_attr(out, "address", nic->mac);
	str_add(out, "/>\n      <source");
	xml_add_attr(out, "network", nic->network);
	/* No boot ROM: the kernel is handed over, and iPXE would cost a second. */
	str_add(out,
	        "/>\n      <model type='virtio'/>\n      <rom enabled='no'/>\n"
	        "    </interface>\n");
}

static void add_folder(const struct domain_folder *folder, struct str *out)
{
	str_add(out,
	        folder->nine ? "    <filesystem type='mount' accessmode='squash'>\n"
	                     : "    <filesystem type='mount' accessmode='passthrough'>\n"
	                       "      <driver type='virtiofs'/>\n");
	if (folder->server) {
		str_add(out, "      <binary");
		xml_add_attr(out, "path", folder->server);
		str_add(out, "/>\n");
	}
	str_add(out, "      <source");
	xml_add_attr(out, "dir", folder->source);
	str_add(out, "/>\n      <target");
	xml_add_attr(out, "dir", folder->tag);
	str_add(out, "/>\n    </filesystem>\n");
}

/* Both go to files: a channel of type unix that nobody reads blocks the guest's write. */
static void add_channels(const struct domain_plan *p, struct str *out)
{
	if (p->console) {
		str_add(out, "    <serial type='file'>\n      <source");
		xml_add_attr(out, "path", p->console);
		str_add(out, " append='on'/>\n      <target port='0'/>\n    </serial>\n");
	}
	if (p->phases) {
		str_add(out, "    <channel type='file'>\n      <source");
		xml_add_attr(out, "path", p->phases);
		str_add(out,
		        "/>\n      <target type='virtio' name='org.prov.phase'/>\n"
		        "    </channel>\n");
	}
}

/* Of its own accord libvirt leaves one free slot for what is attached to a running machine. */
static void add_slots(const struct domain_plan *p, struct str *out)
{
	size_t taken = p->n_nics + p->n_disks + p->n_folders + (p->disk != NULL) +
	        2; /* generator, channel */

	if (str_eq(p->type, "test"))
		return;
	str_add(out, "    <controller type='pci' index='0' model='pcie-root'/>\n");
	for (size_t i = 0; i < taken + SPARE_SLOTS; i++)
		str_add(out, "    <controller type='pci' model='pcie-root-port'/>\n");
}

static void add_devices(const struct domain_plan *p, struct str *out)
{
	str_add(out, "  <devices>\n");
	if (p->disk)
		add_disk(p, out);
	for (size_t i = 0; i < p->n_disks; i++)
		add_further(&p->disks[i], i, out);
	for (size_t i = 0; i < p->n_nics; i++)
		domain_nic_xml(&p->nics[i], out);
	for (size_t i = 0; i < p->n_folders; i++)
		add_folder(&p->folders[i], out);
	add_channels(p, out);
	add_slots(p, out);
	str_add(out,
	        "    <controller type='usb' model='none'/>\n"
	        "    <memballoon model='none'/>\n");
	if (!str_eq(p->type, "test"))
		str_add(out,
		        "    <rng model='virtio'>\n"
		        "      <backend model='random'>/dev/urandom</backend>\n    </rng>\n");
	str_add(out, "  </devices>\n");
}

void domain_xml(const struct domain_plan *p, struct str *out)
{
	str_add(out, "<domain");
	xml_add_attr(out, "type", p->type);
	str_add(out, ">\n");
	xml_add_element(out, 2, "name", p->name);
	xml_add_element(out, 2, "uuid", p->uuid);
	xml_add_mark(out, p->lab_id, p->selector);
	str_addf(out, "  <memory unit='KiB'>%lld</memory>\n", (long long)(p->memory_bytes / 1024));
	bool shared = false;
	for (size_t i = 0; i < p->n_folders; i++)
		shared = shared || !p->folders[i].nine;
	if (shared)
		str_add(out,
		        "  <memoryBacking>\n    <source type='memfd'/>\n"
		        "    <access mode='shared'/>\n  </memoryBacking>\n");
	add_cpus(p, out);
	add_boot(p, out);
	add_features(p, out);
	str_add(out,
	        "  <clock offset='utc'/>\n"
	        "  <on_poweroff>destroy</on_poweroff>\n"
	        "  <on_reboot>restart</on_reboot>\n"
	        "  <on_crash>destroy</on_crash>\n");
	add_devices(p, out);
	if (p->label) {
		/* Ours are the owners of all files; libvirt would chown the box's disk and never
		 * give it back. */
		str_add(out, "  <seclabel type='static' model='dac' relabel='no'>\n");
		xml_add_element(out, 4, "label", p->label);
		str_add(out, "  </seclabel>\n");
	}
	str_add(out, "</domain>\n");
}

/* The text between before (which ends in '>') and the next '<', from p on. */
static char *text_after(const char *p, const char *before)
{
	const char *from = p ? strstr(p, before) : NULL;

	if (!from)
		return NULL;
	from += strlen(before);
	return xstrndup(from, strcspn(from, "<"));
}

char *domain_base_label(const char *capabilities, const char *type)
{
	AUTO_FREE char *before = xasprintf("<baselabel type='%s'>", type);

	return text_after(strstr(capabilities, "<model>dac</model>"), before);
}

bool domain_label_ids(const char *label, unsigned *uid, unsigned *gid)
{
	unsigned u, g;
	int end = 0;

	if (sscanf(label, "+%u:+%u%n", &u, &g, &end) != 2 || label[end])
		return false;
	*uid = u;
	*gid = g;
	return true;
}

char *domain_host_arch(const char *capabilities)
{
	return text_after(strstr(capabilities, "<host>"), "<arch>");
}
