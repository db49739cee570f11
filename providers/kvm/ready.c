/* kvm.ready: waits until the transport runs `true`, watching the guest's phases meanwhile. */
#include "providers/kvm/kvm.h"

#include "base/clock.h"
#include "core/console.h"
#include "net/near.h"
#include "providers/kvm/phases.h"
#include "transports/ssh.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MS_NS      INT64_C(1000000)
#define SSH_PORT   22
#define LOGIN_NS   (30000 * MS_NS) /* one login, under TCG on a busy host */
#define RETRY_MS   50
#define LOOK_MS    1000 /* at the domain: does it still run */
#define TAIL_BYTES 1400
/* A guest that says nothing by then does not report phases: it is knocked at. Earlier a knock would
 * only leave the host's ARP entry waiting for its next second. */
#define SILENT_NS    (5000 * MS_NS)
#define KNOCK_MS     200
#define FAST_POLL_MS 100 /* where the file of phases cannot be watched */

static int open_one(struct kvm_session *s, const char *address, int64_t timeout_ns,
        const volatile int *stop, struct transport **out, struct err *err)
{
	struct ssh_target target = {.host = address,
	        .port = SSH_PORT,
	        .user = s->spec->user,
	        .key = s->names->key,
	        .known_hosts = s->names->known_hosts,
	        /* Whatever its address is: it may be in networks that it was not made with. */
	        .known_as = s->spec->hostname};

	return ssh_transport_open(
	        &target, timeout_ns < LOGIN_NS ? timeout_ns : LOGIN_NS, stop, out, err);
}

/* An interface may have been taken away from the running machine: then another one answers. */
static int open_ssh(struct kvm_session *s, int64_t timeout_ns, const volatile int *stop,
        struct transport **out, struct err *err)
{
	const char *first = net_near_address(s->spec);
	int rc = open_one(s, first, timeout_ns, stop, out, err);

	for (size_t i = 0; rc < 0 && err && err->kind == ERR_BUSY && i < s->spec->n_nics; i++) {
		const struct nic *nic = &s->spec->nics[i];
		if (nic->address != first && net_is_near(nic))
			rc = open_one(s, nic->address, timeout_ns, stop, out, err);
	}
	return rc;
}

int kvm_connect(void *session, int64_t timeout_ns, const volatile int *stop, struct transport **out,
        struct err *err)
{
	struct kvm_session *s = session;
	int64_t end_ns = clock_mono_ns() + timeout_ns;

	if (!net_near_address(s->spec))
		return err_set(err, ERR_FAILED,
		        "the machine '%s' has no network, so SSH cannot reach it",
		        s->spec->selector);
	if (timeout_ns == 0 || s->one_try)
		return open_ssh(s, LOGIN_NS, stop, out, err);
	for (;;) {
		int64_t left_ns = end_ns - clock_mono_ns();
		int rc = open_ssh(s, left_ns > MS_NS ? left_ns : MS_NS, stop, out, err);
		if (rc == 0 || !err || err->kind != ERR_BUSY || clock_mono_ns() >= end_ns)
			return rc;
		poll(NULL, 0, RETRY_MS); /* refused at once: there is nothing else to wait for */
	}
}

/* True if somebody accepts connections there: asked anew each time, since a lost SYN is repeated
 * only after a second. */
static bool knock(const char *address)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(SSH_PORT)};
	const struct linger reset = {.l_onoff = 1};
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int cause = 0;
	socklen_t n = sizeof(cause);

	if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return false;
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
		return false;
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	if (poll(&p, 1, KNOCK_MS) <= 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &n) < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	return cause == 0;
}

struct wait {
	struct run *run;
	struct kvm_session *s;
	struct phases phases;
	enum phase last; /* that the guest reported */
	int64_t begun_ns, end_ns, look_ns;
	bool foreign;
	struct err refused; /* what the last login of a foreign box came to */
};

static void reached(void *ctx, enum phase phase)
{
	struct wait *w = ctx;

	w->last = phase;
	run_phase(w->run, phase, 0);
}

/* What the guest last said, then what happened: an error is one line. */
static int fail_with_console(struct wait *w, const char *what, struct err *err)
{
	AUTO_STR tail = {0};

	console_tail(w->run->names->console, TAIL_BYTES, &tail);
	if (!tail.len)
		return err_set(err, ERR_FAILED, "%s; its serial console is empty", what);
	run_note(w->run, "the end of its serial console:");
	run_output(w->run, 2, tail.buf, tail.len);
	err_set(err, ERR_FAILED, "%s", what);
	return err_hint(err, "the whole console is in '%s'", w->run->names->console);
}

static int look_at_domain(struct wait *w, struct err *err)
{
	AUTO_DOMAIN domain = NULL;

	if (clock_mono_ns() < w->look_ns)
		return 0;
	w->look_ns = clock_mono_ns() + LOOK_MS * MS_NS;
	if (kvm_domain(w->s, &domain, err) < 0)
		return -1;
	if (domain && virDomainIsActive(domain) == 1)
		return 0;
	return fail_with_console(w, "the machine stopped before it was ready", err);
}

static int time_out(struct wait *w, struct err *err)
{
	const struct machine_spec *spec = w->run->spec;
	AUTO_STR what = {0};
	char limit[16];

	clock_format(limit, spec->kvm.boot_timeout_ns);
	if (net_near_address(spec))
		str_addf(&what, "no answer over SSH at %s within %s (", net_near_address(spec),
		        limit);
	else
		str_addf(&what, "the guest did not report its init within %s (", limit);
	if (w->foreign && w->refused.message[0])
		str_addf(&what, "it refuses prov: %s)", w->refused.message);
	else if (w->foreign)
		str_add(&what, "the box is not prov's own, so its phases cannot be seen)");
	else if (w->last == PHASE_NONE)
		str_add(&what, "the guest reported no phase)");
	else
		str_addf(&what, "its last phase was %s)", phase_name(w->last));
	return fail_with_console(w, str_text(&what), err);
}

/* A login is tried where one can succeed: with the guest's network up a closed port is refused at
 * once. */
static bool worth_a_login(const struct wait *w)
{
	if (w->phases.network)
		return true;
	return !w->phases.any && (w->foreign || clock_mono_ns() - w->begun_ns > SILENT_NS) &&
	        knock(net_near_address(w->s->spec));
}

/* Before its cloud-init is through, a foreign box answers with a key of its own, and knows none of
 * ours. */
static int is_early(struct wait *w, const struct err *err)
{
	if (!w->foreign || err->kind == ERR_INTERRUPTED)
		return -1;
	if (!w->refused.message[0])
		run_note(w->run,
		        "SSH answers, but does not know prov's key: its cloud-init is waited for");
	w->refused = *err;
	return 0;
}

/* 1: the transport is there. 0: not yet. */
static int try_login(struct wait *w, struct transport **out, struct err *err)
{
	if (!worth_a_login(w))
		return 0;
	w->s->one_try = true;
	int rc = run_transport(w->run, out, err);
	w->s->one_try = false;
	if (rc == 0)
		return 1;
	return err->kind == ERR_BUSY ? 0 : is_early(w, err);
}

static int pause_ms(const struct wait *w)
{
	if (w->foreign)
		return LOOK_MS / 4;
	if (w->phases.network)
		return RETRY_MS;
	return w->phases.inotify < 0 || !w->phases.any ? FAST_POLL_MS : LOOK_MS / 4;
}

/* Without a network nobody can log in: the guest's own word is what there is. Where it has none (a
 * foreign box) or its channel does not reach this host (remote libvirt), there is nothing to wait
 * for. */
static bool has_begun(const struct wait *w)
{
	return w->foreign || w->phases.init || w->phases.ssh || w->phases.fd < 0;
}

/* *out stays untouched where the machine has no network. */
static int wait_until_up(struct wait *w, struct transport **out, struct err *err)
{
	const volatile int *stop = run_stop(w->run);
	bool alone = !net_near_address(w->run->spec);
	int rc;

	for (;;) {
		phases_read(&w->phases, reached, w);
		if (stop && *stop)
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		if (alone && has_begun(w))
			return 0;
		if (!alone && (rc = try_login(w, out, err)) != 0)
			return rc < 0 ? -1 : 0;
		if (look_at_domain(w, err) < 0)
			return -1;
		if (clock_mono_ns() >= w->end_ns)
			return time_out(w, err);
		struct pollfd p = {.fd = w->phases.inotify, .events = POLLIN};
		poll(&p, 1, pause_ms(w));
	}
}

static int run_true(struct transport *t, const volatile int *stop, struct err *err)
{
	const char *const argv[] = {"true", NULL};
	const struct transport_cmd cmd = {
	        .argv = argv, .in_fd = -1, .timeout_ns = LOGIN_NS, .stop = stop};
	int status = transport_ask(t, &cmd, NULL, NULL, err);

	if (status <= 0)
		return status;
	return err_set(
	        err, ERR_FAILED, "the machine answers, but 'true' exits with %d there", status);
}

int ready_apply(struct run *run, struct err *err)
{
	struct wait w = {.run = run,
	        .s = run->session,
	        .begun_ns = clock_mono_ns(),
	        .foreign = spec_is_foreign(run->spec)};
	struct err local = {
	        0}; /* the kind of a failed login decides, also where nobody wants the text */
	struct transport *t = NULL;

	w.end_ns = w.begun_ns + run->spec->kvm.boot_timeout_ns;
	w.look_ns = w.begun_ns + LOOK_MS * MS_NS;
	if (w.foreign)
		run_note(run,
		        "the box '%s' is not prov's own: it boots by its own loader, and what it "
		        "does until SSH answers cannot be seen",
		        run->spec->box.name);
	phases_open(&w.phases, run->names->phases);
	int rc = wait_until_up(&w, &t, &local);
	if (rc == 0 && t)
		rc = run_true(t, run_stop(run), &local);
	if (!t) /* it runs, but it never answers */
		run_no_phase(run);
	phases_read(&w.phases, reached, &w);
	phases_close(&w.phases);
	if (rc < 0 && err)
		*err = local;
	return rc;
}

void ready_explain(const struct run *run, struct str *out)
{
	const char *address = net_near_address(run->spec);

	if (!run->spec->n_nics) {
		str_add(out,
		        "The machine has no network: it is ready when its init says so on the "
		        "virtio-serial channel.\n");
		return;
	}
	str_addf(out, "The machine is ready when a command runs over SSH%s.\nssh -i ",
	        spec_is_foreign(run->spec)
	                ? ", which its cloud-init lets prov do"
	                : "; until then its phases are read from the virtio-serial channel");
	str_add_shell(out, run->names->key);
	str_add(out, " -o UserKnownHostsFile=");
	str_add_shell(out, run->names->known_hosts);
	str_addf(out, " root@%s true\n", address ? address : "ADDRESS");
}
