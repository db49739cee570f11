/* The provider's table, and what the world says about its machines. */
#include "providers/kvm/kvm.h"
#include "providers/kvm/volumes.h"

#include "base/fs.h"
#include "providers/common/cpus.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB        (1024 * 1024)
#define MIN_MEMORY (32LL * MIB)
#define PID_FOLDER "/run/libvirt/qemu"

static bool has_folders(const struct machine_spec *spec)
{
	for (size_t i = 0; i < spec->n_folders; i++)
		if (!spec->folders[i].implicit)
			return true;
	return false;
}

/* Without a network nothing can be run in it: the log of the console alone is seen from outside. */
static int check_network(const struct machine_spec *spec, struct err *err)
{
	const char *key = spec->n_provision      ? "provision"
	        : has_folders(spec)              ? "synced_folders"
	        : spec->ready.type == READY_TCP  ? "ready: tcp"
	        : spec->ready.type == READY_EXEC ? "ready: exec"
	                                         : NULL;

	if (spec->network_mode == NET_HOST)
		return err_of_key(
		        err, "networks", "host is for containers; a virtual machine has its own");
	if (spec->network_mode == NET_LAB || !key)
		return 0;
	err_set(err, ERR_CONFIG, "%s needs a network with kvm: 'networks: none' leaves no way in",
	        key);
	err_key(err, "networks");
	return err_hint(err, "give it a network, or use provider: container");
}

static int check_box(const struct machine_spec *spec, struct err *err)
{
	int64_t bytes;

	if (!spec->box.digest)
		return 0; /* not looked up yet: validate asks for no box */
	/* Kernel and initrd are both there, or neither: then the disk boots by itself. */
	if (spec->box.disk && !spec->box.kernel == !spec->box.initrd)
		return spec->disk_bytes ? disk_size(spec, &bytes, err) : 0;
	err_of_key(err, "box", "'%s' has no %s, so it cannot be a virtual machine", spec->box.name,
	        !spec->box.disk             ? "disk"
	                : !spec->box.kernel ? "kernel"
	                                    : "initrd");
	return err_hint(err,
	        "use provider: container, or a box with a disk (prov box build, prov box add)");
}

static int check_spec(const struct machine_spec *spec, struct err *err)
{
	static const char *const accelerators[] = {"auto", "kvm", "tcg"};
	bool known = !spec->kvm.accelerator;
	AUTO_STR online = {0};

	for (size_t i = 0; i < ARRAY_SIZE(accelerators); i++)
		known = known || str_eq(spec->kvm.accelerator, accelerators[i]);
	if (!known)
		return err_of_key(err, "kvm.accelerator", "'%s' is none of auto, kvm, tcg",
		        spec->kvm.accelerator);
	if (libvirt_is_local(spec->kvm.uri))
		cpus_online(&online);
	if (cpus_check(spec->cpuset, str_text(&online), err) < 0)
		return -1;
	if (volumes_check(spec, err) < 0)
		return -1;
	if (spec->memory_bytes < MIN_MEMORY)
		return err_of_key(err, "memory",
		        "%" PRId64 " bytes is less than the 32MiB that a kernel needs",
		        spec->memory_bytes);
	if (check_network(spec, err) < 0 || kvm_check_folders(spec, err) < 0)
		return -1;
	return check_box(spec, err);
}

static int session_open(
        const struct machine_spec *spec, const struct names *names, void **session, struct err *err)
{
	struct kvm_session *s = xcalloc(1, sizeof(*s));

	(void)err;
	s->spec = spec;
	s->names = names;
	*session = s;
	return 0;
}

static void session_close(void *session)
{
	struct kvm_session *s = session;

	libvirt_close(&s->conn);
	free(s->owner.label);
	free(s);
}

int kvm_qemu_pid(const struct kvm_session *s)
{
	AUTO_FREE char *path = xasprintf(PID_FOLDER "/%s.pid", s->names->domain);
	AUTO_STR text = {0};

	if (!libvirt_is_local_system(s->spec->kvm.uri) || fs_read(path, 64, &text, NULL) < 0)
		return 0;
	return atoi(str_text(&text));
}

/* A domain that is shut off and never ran has written no console. */
static enum machine_state state_off(const struct kvm_session *s, virDomainPtr domain)
{
	if (virDomainHasManagedSaveImage(domain, 0) == 1)
		return MACHINE_SAVED;
	return fs_exists(s->names->console) ? MACHINE_HALTED : MACHINE_CREATED;
}

/* Of a domain that QEMU paused. */
static const char *disk_trouble(virDomainPtr domain)
{
	virDomainDiskError errors[8];
	int n = virDomainGetDiskErrors(domain, errors, ARRAY_SIZE(errors), 0);
	const char *text = "paused by an input/output error of its disk";

	for (int i = 0; i < n; i++) {
		if (errors[i].error == VIR_DOMAIN_DISK_ERROR_NO_SPACE)
			text = "paused: the host has no space left for its disk";
		free(errors[i].disk);
	}
	return text;
}

static void describe_state(
        const struct kvm_session *s, virDomainPtr domain, int state, int reason, struct status *out)
{
	switch (state) {
	case VIR_DOMAIN_RUNNING:
	case VIR_DOMAIN_BLOCKED:
	case VIR_DOMAIN_SHUTDOWN: /* on its way down, QEMU still there */
		out->state = MACHINE_RUNNING;
		break;
	case VIR_DOMAIN_PAUSED:
	case VIR_DOMAIN_PMSUSPENDED:
		out->state = MACHINE_SUSPENDED;
		if (reason == VIR_DOMAIN_PAUSED_IOERROR)
			strcpy(out->detail, disk_trouble(domain));
		break;
	default:
		out->state = state_off(s, domain);
		if (state == VIR_DOMAIN_CRASHED ||
		        (state == VIR_DOMAIN_SHUTOFF && reason == VIR_DOMAIN_SHUTOFF_CRASHED))
			strcpy(out->detail, "crashed");
	}
	if (out->state == MACHINE_RUNNING || out->state == MACHINE_SUSPENDED)
		out->pid = kvm_qemu_pid(s);
}

static int inspect(void *session, struct status *out, struct err *err)
{
	struct kvm_session *s = session;
	struct status status = {.state = MACHINE_ABSENT, .exit_status = -1};
	AUTO_DOMAIN domain = NULL;
	int state, reason;

	if (kvm_domain(s, &domain, err) < 0)
		return -1;
	if (domain) {
		if (virDomainGetState(domain, &state, &reason, 0) < 0)
			return libvirt_err(
			        err, "ask for the state of the domain '%s'", s->names->domain);
		describe_state(s, domain, state, reason, &status);
	}
	*out = status;
	return 0;
}

static const struct step steps[] = {
        {.name = "kvm.disk",
                .stale = CHANGE_RECREATE,
                .inputs = disk_inputs,
                .apply = disk_apply,
                .revert = disk_revert,
                .explain = disk_explain},
        {.name = "kvm.keys",
                .stale = CHANGE_RECREATE,
                .apply = keys_apply,
                .revert = keys_revert,
                .explain = keys_explain},
        {.name = "kvm.seed",
                .flags = STEP_VOLATILE,
                .stale = CHANGE_RESTART,
                .inputs = seed_inputs,
                .apply = seed_apply,
                .revert = seed_revert,
                .explain = seed_explain},
        {.name = "kvm.folders",
                .flags = STEP_VOLATILE | STEP_QUIET,
                .stale = CHANGE_RESTART,
                .inputs = folders_inputs,
                .apply = folders_apply,
                .revert = folders_revert,
                .explain = folders_explain},
        {.name = "kvm.define",
                .phase = PHASE_CREATE,
                .stale = CHANGE_RESTART,
                .inputs = define_inputs,
                .apply = define_apply,
                .revert = define_revert,
                .explain = define_explain},
        {.name = "kvm.start",
                .flags = STEP_VOLATILE,
                .stale = CHANGE_RESTART,
                .apply = start_apply,
                .revert = start_revert,
                .explain = start_explain},
        {.name = "kvm.ready",
                .phase = PHASE_TRANSPORT,
                .flags = STEP_VOLATILE,
                .stale = CHANGE_LIVE,
                .apply = ready_apply,
                .explain = ready_explain},
        {.name = "kvm.volumes",
                .flags = STEP_VOLATILE | STEP_QUIET,
                .stale = CHANGE_LIVE,
                .inputs = volumes_inputs,
                .apply = volumes_apply,
                .explain = volumes_explain},
        {.name = "kvm.network",
                .flags = STEP_VOLATILE | STEP_QUIET | STEP_PLUGS,
                .stale = CHANGE_LIVE,
                .inputs = network_inputs,
                .apply = network_apply,
                .explain = network_explain},
};

const struct provider prov_kvm_provider = {
        .name = "kvm",
        .steps = steps,
        .n_steps = ARRAY_SIZE(steps),
        .lasting = true,
        .inside = "an SSH login",
        .check_host = kvm_check_host,
        .check_spec = check_spec,
        .open = session_open,
        .inspect = inspect,
        .connect = kvm_connect,
        .usage = kvm_usage,
        .freeze = kvm_freeze,
        .plug = kvm_plug,
        .resolve = kvm_resolve,
        .plugged = kvm_plugged,
        .describe = kvm_describe,
        .close = session_close,
};
