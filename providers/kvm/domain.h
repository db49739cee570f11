/* A machine as libvirt's domain: the plan as plain data, and its XML. Pure: golden-tested. */
#pragma once

#include "base/str.h"

/* A folder of the host by virtiofs, which needs the guest's memory shared with virtiofsd, or by 9p.
 */
struct domain_folder {
	char *source, *tag;
	const char *server; /* the program to start; NULL: libvirt's choice */
	bool nine;          /* 9p: QEMU serves it as it is, and gives nothing away */
};

struct domain_nic {
	const char *network; /* libvirt's name of it */
	const char *mac;
};

/* Beside the machine's own. */
struct domain_disk {
	char *path;      /* raw */
	char serial[21]; /* by which it is known inside */
	bool read_only;
};

/* Everything borrowed. NULL means "leave it out" where nothing else is said. */
struct domain_plan {
	const char *type; /* "kvm", "qemu" (TCG), "test" (libvirt's test driver) */
	const char *arch; /* "x86_64" */
	const char *name, *uuid, *lab_id, *selector;
	int64_t memory_bytes;
	double cpus; /* whole CPUs become vCPUs, a fraction a quota over them */
	/* As libvirt hands them to the host's cgroups, v1's shares or v2's weight; 0: as they are.
	 */
	int64_t cpu_shares, io_weight;
	const char *cpuset; /* of the host; NULL: all */
	const char *kernel, *initrd, *cmdline;
	const char *disk; /* qcow2 */
	const struct domain_disk *disks;
	size_t n_disks;
	const char *console; /* file that gets the serial console */
	const char *phases;  /* file that gets what the guest writes to org.prov.phase */
	const char *label;   /* "+64055:+64055": what QEMU runs as; nothing is relabelled then */
	const struct domain_nic *nics;
	size_t n_nics;
	const struct domain_folder *folders;
	size_t n_folders;
};

void domain_xml(const struct domain_plan *plan, struct str *out);
/* One interface, as it is attached to a running domain. */
void domain_nic_xml(const struct domain_nic *nic, struct str *out);

/* cpus rounded up, at least 1. */
int domain_vcpus(double cpus);
/* The first `<baselabel type='TYPE'>` of model dac in libvirt's capabilities, "+64055:+64055".
 * NULL: none. The caller frees. */
char *domain_base_label(const char *capabilities, const char *type);
/* "+64055:+64055" as numbers. False: it is something else (names). */
bool domain_label_ids(const char *label, unsigned *uid, unsigned *gid);
/* The host's architecture in the capabilities. NULL: none. The caller frees. */
char *domain_host_arch(const char *capabilities);
