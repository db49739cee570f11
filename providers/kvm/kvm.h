/*
 * Virtual machines by libvirt: what the parts of this provider share.
 *
 *   session.c   the connection, the domain, who owns the files
 *   disk.c      kvm.disk              accel.c    is /dev/kvm of use
 *   identity.c  kvm.keys, kvm.seed    domain.c   the XML
 *   define.c    kvm.define            power.c    kvm.start
 *   ready.c     kvm.ready             host.c     rows for doctor
 *   undefine.c  kvm.define undone     volumes.c  kvm.volumes
 *   plug.c      kvm.network           cards.c    its network cards
 *   folders.c   kvm.folders           nine.c     those by 9p
 *   usage.c     what it uses; stopped and going on
 *   describe.c  what it is made of
 */
#pragma once

#include "core/provider.h"
#include "net/libvirt/conn.h"

#include <sys/types.h>

/* Who QEMU runs as. Where prov cannot or must not give files away (session and remote URIs, not
 * root) label is NULL, and libvirt's own labelling does it. */
struct kvm_owner {
	char *label; /* "+64055:+64055" */
	uid_t uid;
	gid_t gid;
};

struct kvm_session {
	const struct machine_spec *spec;
	const struct names *names;
	virConnectPtr conn; /* opened by the first call that needs it */
	struct kvm_owner owner;
	bool owner_known;
	bool one_try; /* connect gives up at once where nobody answers: kvm.ready watches more than
	                 that */
};

MUST_CHECK int kvm_conn(struct kvm_session *s, virConnectPtr *out, struct err *err);
/* NULL: there is none of that name. One that is not this lab's is an error. The caller frees. */
MUST_CHECK int kvm_domain(struct kvm_session *s, virDomainPtr *out, struct err *err);
void kvm_domain_free(virDomainPtr *domain);
#define AUTO_DOMAIN __attribute__((cleanup(kvm_domain_free))) virDomainPtr

/* QEMU's pid where it runs on this host; 0: not known. */
int kvm_qemu_pid(const struct kvm_session *s);
int kvm_usage(void *session, struct usage *out, struct err *err);
int kvm_freeze(void *session, bool freeze, struct err *err);
int kvm_plug(void *session, const struct nic *nic, bool in, struct err *err);
int kvm_resolve(void *session, const char *text, struct err *err);
bool kvm_plugged(void *session, const struct nic *nic);
json_t *kvm_describe(void *session, struct err *err);

MUST_CHECK int kvm_owner(struct kvm_session *s, const struct kvm_owner **out, struct err *err);
/* Gives an open file to whom QEMU runs as, readable by nobody else. */
MUST_CHECK int kvm_give(struct kvm_session *s, int fd, const char *path, struct err *err);

int kvm_connect(void *session, int64_t timeout_ns, const volatile int *stop, struct transport **out,
        struct err *err);
void kvm_check_host(struct checklist *list);

/* Of the machine: what the spec asks for, or the box's own. ERR_CONFIG: less than that. */
MUST_CHECK int disk_size(const struct machine_spec *spec, int64_t *bytes, struct err *err);

/* prov's own init of the initrd, in the initrd's root; not where prov came without it. */
#define INITRD_INIT "prov-initrd"

/* Where folders of the host are mounted: not below prov's home, where whole trees are removed. */
#define KVM_RUN "/run/prov"
/* Makes path in parent, a folder of KVM_RUN with this mode; that path is there already is success.
 * The last machine that goes takes both along, perhaps right now. */
MUST_CHECK int kvm_run_folder(const char *parent, mode_t mode, const char *path, struct err *err);
void kvm_run_leave(const char *parent); /* where no other machine has anything there */
/* Where virtiofsd finds a folder of the spec; the caller frees. */
char *kvm_folder_path(const struct names *names, size_t index);
/* The program that libvirt is to start for each of them; NULL: its own choice. The caller frees. */
char *kvm_folder_server(const struct names *names);
MUST_CHECK int kvm_check_folders(const struct machine_spec *spec, struct err *err);

/* Steps: inputs, apply, revert, explain. */
void disk_inputs(const struct run *run, struct digest *digest);
int disk_apply(struct run *run, struct err *err);
int disk_revert(struct run *run, struct err *err);
void disk_explain(const struct run *run, struct str *out);
int keys_apply(struct run *run, struct err *err);
int keys_revert(struct run *run, struct err *err);
void keys_explain(const struct run *run, struct str *out);
void seed_inputs(const struct run *run, struct digest *digest);
int seed_apply(struct run *run, struct err *err);
int seed_revert(struct run *run, struct err *err);
void seed_explain(const struct run *run, struct str *out);
void folders_inputs(const struct run *run, struct digest *digest);
int folders_apply(struct run *run, struct err *err);
int folders_revert(struct run *run, struct err *err);
void folders_explain(const struct run *run, struct str *out);
void define_inputs(const struct run *run, struct digest *digest);
int define_apply(struct run *run, struct err *err);
int define_revert(struct run *run, struct err *err);
void define_explain(const struct run *run, struct str *out);
int start_apply(struct run *run, struct err *err);
int start_revert(struct run *run, struct err *err);
void start_explain(const struct run *run, struct str *out);
int ready_apply(struct run *run, struct err *err);
void ready_explain(const struct run *run, struct str *out);
void network_inputs(const struct run *run, struct digest *digest);
int network_apply(struct run *run, struct err *err);
void network_explain(const struct run *run, struct str *out);

extern const struct provider prov_kvm_provider;
