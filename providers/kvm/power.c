/* kvm.start: the domain runs; undone by a shutdown of the guest, or by power off. */
#include "providers/kvm/kvm.h"

#include "base/proc.h"
#include "base/clock.h"
#include "net/ports.h"
#include "providers/kvm/power.h"
#include "providers/kvm/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)

/* How long the event loop may sleep before the user's wish to stop is looked at. */
#define WAKE_MS 200
/* A guest that still boots does not hear the power button: it is pressed again. */
#define PRESS_AGAIN_NS (2 * SECOND_NS)

/* Made beforehand, so that prov can watch them and QEMU can write them whoever opens them. */
static int make_log(struct kvm_session *s, const char *path, int flags, struct err *err)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0600);

	return fd < 0 ? err_sys(err, "create '%s'", path) : kvm_give(s, fd, path, err);
}

static int domain_state(virDomainPtr domain, int *state, struct err *err)
{
	return virDomainGetState(domain, state, NULL, 0) < 0
	        ? libvirt_err(err, "ask for the state of the domain '%s'", virDomainGetName(domain))
	        : 0;
}

/* The first folder on the way to path that not everybody may pass through; NULL: none. The caller
 * frees it. */
static char *private_folder(const char *path)
{
	for (const char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		AUTO_FREE char *folder = xstrndup(path, (size_t)(at - path));
		struct stat st;
		if (stat(folder, &st) == 0 && !(st.st_mode & S_IXOTH))
			return STEAL(folder);
	}
	return NULL;
}

static int refused_start(const struct run *run, struct err *err)
{
	AUTO_FREE char *folder = private_folder(run->names->disk);

	libvirt_err(err, "start the domain '%s'", run->names->domain);
	if (folder)
		return err_hint(err,
		        "QEMU's user cannot pass through '%s': chmod o+x it, or set PROV_HOME to "
		        "where it can",
		        folder);
	return err_hint(err,
	        "QEMU's own words are in /var/log/libvirt/qemu/%s.log; prov doctor checks the host",
	        run->names->domain);
}

static int create(struct run *run, virDomainPtr domain, struct err *err)
{
	if (volumes_take(run->session, err) < 0)
		return -1;
	if (make_log(run->session, run->names->console, 0, err) < 0 ||
	        make_log(run->session, run->names->phases, O_TRUNC, err) < 0)
		return -1;
	pid_t parent = proc_outlive_begin();
	bool created = virDomainCreate(domain) == 0;
	proc_outlive_end(parent);
	if (!created)
		return refused_start(run, err);
	if (libvirt_is_local(run->spec->kvm.uri))
		ports_hairpin_of(run->spec, run->names);
	return 0;
}

int start_apply(struct run *run, struct err *err)
{
	AUTO_DOMAIN domain = NULL;
	int state;

	if (kvm_domain(run->session, &domain, err) < 0)
		return -1;
	if (!domain)
		return err_set(err, ERR_FAILED, "the domain '%s' is gone", run->names->domain);
	if (domain_state(domain, &state, err) < 0)
		return -1;
	if (state == VIR_DOMAIN_RUNNING || state == VIR_DOMAIN_BLOCKED)
		return 0;
	if (state != VIR_DOMAIN_PAUSED)
		return create(run, domain, err);
	/* Invalid: the start that a killed command left behind has come to its end meanwhile. */
	if (virDomainResume(domain) == 0 || libvirt_code() == VIR_ERR_OPERATION_INVALID)
		return 0;
	return libvirt_err(err, "resume the domain '%s'", run->names->domain);
}

static int power_off(struct run *run, virDomainPtr domain, struct err *err)
{
	if (virDomainDestroy(domain) == 0 || libvirt_code() == VIR_ERR_OPERATION_INVALID ||
	        libvirt_code() == VIR_ERR_NO_DOMAIN)
		return 0;
	return libvirt_err(err, "power off the domain '%s'", run->names->domain);
}

static void on_lifecycle(
        virConnectPtr conn, virDomainPtr domain, int event, int detail, void *stopped)
{
	(void)conn;
	(void)domain;
	(void)detail;
	if (event == VIR_DOMAIN_EVENT_STOPPED || event == VIR_DOMAIN_EVENT_CRASHED)
		*(bool *)stopped = true;
}

static void on_timer(int timer, void *ctx)
{
	(void)timer;
	(void)ctx; /* its only effect is to end the wait */
}

/* Waits in libvirt's event loop; *stopped is set by the event, or by the look that every press
 * takes. */
static int press_and_wait(virDomainPtr domain, int64_t deadline_ns, const volatile int *stop,
        bool *stopped, struct err *err)
{
	int64_t press_ns = 0;

	while (!*stopped && clock_mono_ns() < deadline_ns) {
		if (stop && *stop)
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		if (clock_mono_ns() >= press_ns) {
			if (virDomainIsActive(domain) != 1) {
				*stopped = true;
				break;
			}
			/* Refused if the guest stopped just now; the event says so. */
			virDomainShutdown(domain);
			press_ns = clock_mono_ns() + PRESS_AGAIN_NS;
		}
		if (virEventRunDefaultImpl() < 0)
			return libvirt_err(err, "wait for the domain's end");
	}
	return 0;
}

int power_shut_down(virDomainPtr domain, int64_t timeout_ns, const volatile int *stop,
        bool *stopped, struct err *err)
{
	virConnectPtr conn = virDomainGetConnect(domain);

	*stopped = false;
	int callback = virConnectDomainEventRegisterAny(conn, domain, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
	        VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), stopped, NULL);
	if (callback < 0)
		return libvirt_err(err, "listen to the domain '%s'", virDomainGetName(domain));
	int timer = virEventAddTimeout(WAKE_MS, on_timer, NULL, NULL);
	int rc = press_and_wait(domain, clock_mono_ns() + timeout_ns, stop, stopped, err);
	virConnectDomainEventDeregisterAny(conn, callback);
	if (timer >= 0)
		virEventRemoveTimeout(timer);
	return rc;
}

int start_revert(struct run *run, struct err *err)
{
	AUTO_DOMAIN domain = NULL;
	bool stopped = false;
	int state;

	if (kvm_domain(run->session, &domain, err) < 0)
		return -1;
	if (!domain || virDomainIsActive(domain) != 1)
		return 0;
	if (domain_state(domain, &state, err) < 0)
		return -1;
	/* A guest that is to go for good, or cannot run, is not asked; what it has not written to a
	 * volume yet stays. */
	bool for_good = run->destroying && !volumes_written(run->spec);
	if (for_good || state == VIR_DOMAIN_PAUSED || state == VIR_DOMAIN_CRASHED)
		return power_off(run, domain, err);
	if (power_shut_down(domain, run->spec->kvm.stop_timeout_ns, run_stop(run), &stopped, err) <
	        0)
		return -1;
	if (stopped)
		return 0;
	run_note(run, "the guest did not shut down within %d s: powered off",
	        (int)(run->spec->kvm.stop_timeout_ns / SECOND_NS));
	return power_off(run, domain, err);
}

void start_explain(const struct run *run, struct str *out)
{
	str_add(out,
	        "QEMU starts under libvirt; halt presses the power button and waits, then powers "
	        "off.\nvirsh -c ");
	str_add_shell(out, run->spec->kvm.uri);
	str_addf(out, " start %s\n", run->names->domain);
}
