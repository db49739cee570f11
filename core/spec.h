/*
 * What was declared: one plain struct per machine, filled by lab/ from prov.yaml, the box store and
 * the lab's allocations, hashed into step digests, written into the journal's header and used by
 * the providers. destroy reads it from the journal, never from the YAML. Strings are owned by the
 * struct; NULL means "not given" unless said otherwise.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

enum provision_type { PROVISION_SHELL, PROVISION_FILE, PROVISION_ANSIBLE };
enum provision_run { RUN_ONCE, RUN_ALWAYS, RUN_NEVER };

struct provision_item {
	enum provision_type type;
	enum provision_run run;
	char *name;         /* the mark that it has run; NULL: a digest of its content */
	char *user;         /* NULL: root; "" : the login user (privileged: false) */
	struct strv env;    /* "K=V" */
	int64_t timeout_ns; /* 0: none */
	char *script;       /* shell, inline text */
	char *path;         /* shell, a script on the host (absolute); ansible, a playbook */
	struct strv args;
	struct strv vars; /* ansible, "K=V" */
	char *source;     /* file or folder on the host (absolute) */
	char *destination;
	int mode;    /* -1: as at the source */
	char *owner; /* user or user:group; NULL: root */
	char *place; /* "prov.yaml:12", where it stands, for messages alone; NULL: not known */
};

enum ready_type { READY_NONE, READY_TCP, READY_EXEC, READY_LOG };

struct ready_probe {
	enum ready_type type;
	int port;
	char *text; /* the command, or the extended regular expression to find in the log */
	int64_t timeout_ns, interval_ns; /* defaults 60 s, 1 s */
	int successes;                   /* in a row; default 1 */
};

/* One interface of a machine: everything is allocated, nothing is left to choose. */
struct nic {
	char *network; /* the lab's name for it: "default" */
	char *libvirt; /* the libvirt network's name */
	char *mac;     /* "52:54:00:…" */
	char *address; /* IPv4, text */
	int prefix;    /* 24 */
	char *gateway; /* NULL: isolated */
	char *dns;
	char *address6; /* IPv6, text; NULL: none, as with the next one */
	int prefix6;
	char *gateway6;
	struct strv aliases; /* further names in this network */
	bool default_route;
	char *bridge; /* where the network is today, chosen by libvirt: never part of a step's
	                 digest */
	int mtu;      /* of the bridge */
	bool bridged; /* the network is of the host's surroundings: there prov gives no leases.
	                 Filled like bridge */
};

/* Published ports: host to host_last become guest and the next ones of the machine. */
struct port_use {
	char *address;       /* of the host; "0.0.0.0": all that it has */
	int host, host_last; /* host 0: free ones, host_last + 1 in a row */
	int guest;
	bool udp;
};

enum folder_type { FOLDER_AUTO, FOLDER_BIND, FOLDER_VIRTIOFS, FOLDER_9P, FOLDER_RSYNC };
struct folder_use {
	char *host, *guest; /* absolute */
	enum folder_type type;
	bool read_only, create;
	struct strv exclude; /* patterns that rsync leaves out */
	char *owner, *group; /* inside; NULL: the login user and its group */
	int mode;            /* of the folder itself; -1: as on the host */
	char *top;     /* a shared folder above host: no link is followed below it; NULL: none */
	bool implicit; /* the project's at /vagrant, which nobody asked for */
};

/* A volume of the lab (core/volume.h) in a machine. */
struct volume_use {
	char *name, *guest; /* guest: absolute, where it is mounted */
	int64_t size_bytes;
	bool read_only;
};

enum network_mode { NET_LAB, NET_NONE, NET_HOST };

/* What a box resolved to in the store. Paths are absolute and immutable while the machine exists.
 */
struct box_use {
	char *name;   /* "debian/12" */
	char *digest; /* of the manifest */
	char *rootfs; /* folder: the container's lower layer; NULL: box has none */
	char *disk;   /* qcow2 file; NULL: box has none */
	char *kernel, *initrd, *cmdline;
	char *user; /* login user of the box */
};

struct machine_spec {
	char *lab, *lab_id;
	char *domain;     /* DNS domain of the lab; default: the lab's name */
	char *project;    /* folder of prov.yaml */
	char *name;       /* instance: "web", "node-2" */
	char *provider;   /* "container" | "kvm" */
	char *selector;   /* "web@container": identity inside prov, always */
	char *hostname;   /* "web-kvm", with one kind too: a second one changes nothing */
	char *alias;      /* "web" as well, for one kind of each machine; NULL: another has it */
	int index, count; /* of `count: N`, from 1; count 0: not numbered, its index is 1 */

	struct box_use box;
	double cpus;
	int64_t cpu_weight, io_weight; /* 1-10000, default 100 */
	char *cpuset;                  /* CPUs of the host, "0-1"; NULL: all */
	int64_t memory_bytes;
	int64_t disk_bytes;     /* 0: as the box */
	char *user;             /* login user; never NULL after resolution */
	struct strv env;        /* "K=V" */
	struct strv depends_on; /* selectors or names, as declared */
	bool autostart;

	enum network_mode network_mode;
	struct nic *nics;
	size_t n_nics;
	struct port_use *ports;
	size_t n_ports;
	struct folder_use *folders; /* sorted: one that lies within another comes behind it */
	size_t n_folders;
	struct volume_use *volumes; /* in the order in which they are mounted */
	size_t n_volumes;
	struct strv hosts; /* "ADDRESS NAME…" lines of the lab, for /etc/hosts */

	bool ssh_mesh; /* it reaches the lab's other machines by SSH, and they reach it */
	struct provision_item *provision;
	size_t n_provision;
	struct ready_probe ready;

	struct {
		struct strv command;              /* empty: prov-init */
		char *init;                       /* "auto" | "none" | "systemd" | "/path" */
		int64_t pids;                     /* default 1024 */
		int64_t swap_bytes;               /* beyond memory; default 0 */
		int64_t memory_reservation_bytes; /* kept as long as others can give way; 0: none */
		bool privileged, no_new_privileges, read_only;
		struct strv caps_add, caps_drop; /* "NET_ADMIN", or "ALL" */
		struct strv devices;             /* "/dev/fuse" */
		int64_t time_offset_ns; /* of the monotonic and the boot-time clock; 0: no time
		                           namespace */
		int64_t id_base; /* first of the 65536 ids of the host that it is given; 0: no user
		                    namespace */
		int stop_signal; /* 0: that of its init */
		int64_t stop_timeout_ns; /* default 10 s */
	} container;
	struct {
		char *accelerator;       /* "auto" | "kvm" | "tcg" */
		char *uri;               /* "qemu:///system" */
		int64_t boot_timeout_ns; /* until the transport answers; default 5 min */
		int64_t stop_timeout_ns; /* ACPI shutdown before power off; default 60 s */
	} kvm;
};

void spec_init(struct machine_spec *spec); /* zero and the defaults above */
void spec_copy(struct machine_spec *dst, const struct machine_spec *src); /* dst is overwritten */
void spec_clear(struct machine_spec *spec);
/* What DNS and /etc/hosts call it: "web-kvm.shop.test web-kvm web.shop.test web". Owned by the
 * caller. alias NULL: without the short names. */
char *spec_host_names(const struct machine_spec *spec, const char *alias);
/* The interface that the default route leads through; NULL: there is none. */
const struct nic *spec_route(const struct machine_spec *spec);
/* A virtual machine of a box that is not prov's own, a disk alone: it starts by its own boot loader
 * and takes its address by DHCP. */
bool spec_is_foreign(const struct machine_spec *spec);
struct nic *spec_add_nic(struct machine_spec *spec, const char *network);
void spec_drop_nic(struct machine_spec *spec, size_t index);
/* Without the folders that nobody asked for. */
void spec_drop_implicit_folders(struct machine_spec *spec);
struct folder_use *spec_add_folder(struct machine_spec *spec); /* of defaults; to be filled */
size_t spec_bytes(const struct machine_spec *spec); /* of memory, all that it owns included */
void provision_item_init(struct provision_item *item);
void provision_item_clear(struct provision_item *item);

/* The journal's form: JSON with every field; what spec_write writes, spec_read reads back field by
 * field. */
void spec_write(const struct machine_spec *spec, struct str *out);
MUST_CHECK int spec_read(const char *json, struct machine_spec *out, struct err *err);
