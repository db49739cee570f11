/* Volumes as disks of a virtual machine. */
#pragma once

#include "providers/kvm/domain.h"
#include "providers/kvm/kvm.h"

void volumes_digest(const struct machine_spec *spec, struct digest *digest);
/* ERR_CONFIG: its libvirt is on another host. */
MUST_CHECK int volumes_check(const struct machine_spec *spec, struct err *err);
/* spec->n_volumes of them, room for one more, and one without a path. */
struct domain_disk *volumes_disks(const struct machine_spec *spec, const struct names *names);
void volumes_disks_free(struct domain_disk *disks);
/* Whether the machine writes to any. */
bool volumes_written(const struct machine_spec *spec);
/* For the initrd: lines "SERIAL ro|rw PATH". */
void volumes_list(const struct machine_spec *spec, struct str *out);
/* Before the machine starts: nobody else has them, their file systems are in order, QEMU may open
 * them. */
MUST_CHECK int volumes_take(struct kvm_session *s, struct err *err);

/* The step kvm.volumes. */
void volumes_inputs(const struct run *run, struct digest *digest);
int volumes_apply(struct run *run, struct err *err);
void volumes_explain(const struct run *run, struct str *out);
