/*
 * Every host-side name, derived from home + lab id + machine and never chosen: a resource is found
 * and removed even if the line that recorded it was lost. Pure: nothing here touches the host.
 * Links fit 15 bytes, sockets 107.
 */
#pragma once

#include "base/util.h"

struct names {
	char *lab_dir; /* HOME/labs/ID */
	char *journal; /* LAB_DIR/machines/NAME@PROVIDER/journal */
	char *dir;     /* LAB_DIR/machines/NAME@PROVIDER: all that the machine has, gone with it */
	char *key;     /* LAB_DIR/id_ed25519: the lab's private key, PEM as OpenSSH writes it; .pub
	                  beside it */
	char *mesh_known, *mesh_config; /* LAB_DIR/mesh.known_hosts, mesh.config: the machines of
	                                   the lab as hosts, for each other */
	char *domain;                   /* prov-ID-NAME: libvirt domain */
	char *uuid;                     /* of the domain, from a digest of lab id + selector */
	char *cgroup;  /* prov-ID-NAME: folder below each hierarchy's root; with v2 within
	                  DERIVE_CGROUPS */
	char link[16]; /* host end of the first veth; of others: link_of() */
	char *console; /* DIR/console.log: serial console, or output of PID 1 */
	char *phases;  /* DIR/phases: lines from the guest's virtio-serial channel */
	char *disk;    /* DIR/disk.qcow2 */
	char *seed;    /* DIR/initrd-seed: cpio before the initrd */
	char *upper, *work, *merged; /* container's overlay */
	char *known_hosts; /* DIR/known_hosts: the guest's host key, known before the first
	                      connection */
	char *status;      /* DIR/status: exit status of PID 1 as prov-mon stored it */
	char *logs;        /* DIR/provision.log: what provisioners printed */
};

/* The group of v2 that holds those of all machines; no unit of systemd has such a name. */
#define DERIVE_CGROUPS "prov"

/* The host's end of interface number i of a machine (eth0 is 0): LINK, LINK-1, LINK-2. */
#define DERIVE_LINKS 16
void link_of(const struct names *names, size_t i, char out[16]);

/* home: see prov_home(). All strings belong to the struct. */
void names_derive(struct names *out, const char *home, const char *lab_id, const char *name,
        const char *provider);
void names_clear(struct names *names);

/* HOME of all state: $PROV_HOME, else /var/lib/prov for root, else $XDG_DATA_HOME/prov. The caller
 * frees. */
char *prov_home(void);
char *lab_dir_of(const char *home, const char *lab_id);
/* 52:54:00:xx:xx:xx from a digest of lab id, selector and network. The caller frees. */
char *derive_mac(const char *lab_id, const char *selector, const char *network);
/* prov-ID-NETWORK, and the bridge's fixed MAC. */
char *derive_network(const char *lab_id, const char *network);
char *derive_network_mac(const char *lab_id, const char *network);
/* "fd12:3456:789a:bcde::", the first 64 bits of its unique local addresses (RFC 4193): 40 of them
 * follow from the lab, 16 from the network. */
char *derive_subnet6(const char *lab_id, const char *network);
