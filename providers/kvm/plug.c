/*
 * Interfaces of a virtual machine that runs: attached and detached by libvirt, addresses set inside
 * over SSH and written down for the initrd's init, which sets them again after a reboot from inside
 * (guest/initrd_network.h). kvm.network makes what runs as the spec says again.
 */
#include "providers/kvm/kvm.h"

#include "base/clock.h"
#include "core/seed.h"
#include "net/libvirt/xml.h"
#include "net/veth.h"
#include "providers/kvm/cards.h"
#include "providers/kvm/domain.h"
#include "providers/kvm/plug_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)
#define LOGIN_NS  (30 * SECOND_NS)
#define DETACH_NS (60 * SECOND_NS) /* the guest has to let go of it, on a busy host too */
#define WAKE_MS   200

static const char plugs_fact[] = "kvm.plugs";

/* The running domain. */
static int running_domain(struct kvm_session *s, virDomainPtr *out, struct err *err)
{
	AUTO_DOMAIN domain = NULL;
	int state = VIR_DOMAIN_SHUTOFF;

	if (kvm_domain(s, &domain, err) < 0)
		return -1;
	if (domain && virDomainGetState(domain, &state, NULL, 0) < 0)
		return libvirt_err(err, "ask for the state of the domain '%s'", s->names->domain);
	if (state != VIR_DOMAIN_RUNNING)
		return err_set(err, ERR_FAILED, "'%s' is not running", s->spec->selector);
	*out = STEAL(domain);
	return 0;
}

static int attach(virDomainPtr domain, const struct nic *nic, struct err *err)
{
	const struct domain_nic device = {nic->libvirt, nic->mac};
	AUTO_STR xml = {0};

	domain_nic_xml(&device, &xml);
	if (virDomainAttachDeviceFlags(domain, str_text(&xml), VIR_DOMAIN_AFFECT_LIVE) < 0)
		return libvirt_err(err, "attach a network card in '%s'", nic->network);
	return 0;
}

static void on_removed(virConnectPtr conn, virDomainPtr domain, const char *alias, void *ctx)
{
	(void)conn;
	(void)domain;
	(void)alias;
	(void)ctx; /* its only effect is to end the wait, as with the timer */
}

static void on_timer(int timer, void *ctx)
{
	(void)timer;
	(void)ctx;
}

static int wait_removed(virDomainPtr domain, const char *mac, struct err *err)
{
	int64_t deadline = clock_mono_ns() + DETACH_NS;

	for (;;) {
		AUTO_CARDS cards = {0};
		if (cards_read(domain, &cards, err) < 0)
			return -1;
		if (!cards_find(&cards, mac))
			return 0;
		if (clock_mono_ns() >= deadline)
			return err_set(err, ERR_FAILED,
			        "the guest does not let go of its network card %s within %d s", mac,
			        (int)(DETACH_NS / SECOND_NS));
		if (virEventRunDefaultImpl() < 0)
			return libvirt_err(err, "wait for the network card's end");
	}
}

static int detach(virDomainPtr domain, const char *mac, struct err *err)
{
	virConnectPtr conn = virDomainGetConnect(domain);
	AUTO_STR xml = {0};

	str_add(&xml, "<interface type='network'><mac");
	xml_add_attr(&xml, "address", mac);
	str_add(&xml, "/><source network='any'/></interface>");
	int callback =
	        virConnectDomainEventRegisterAny(conn, domain, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
	                VIR_DOMAIN_EVENT_CALLBACK(on_removed), NULL, NULL);
	if (callback < 0)
		return libvirt_err(err, "listen to the domain '%s'", virDomainGetName(domain));
	int timer = virEventAddTimeout(WAKE_MS, on_timer, NULL, NULL);
	int rc = virDomainDetachDeviceFlags(domain, str_text(&xml), VIR_DOMAIN_AFFECT_LIVE);
	rc = rc < 0 ? libvirt_err(err, "detach the network card %s", mac)
	            : wait_removed(domain, mac, err);
	virConnectDomainEventDeregisterAny(conn, callback);
	if (timer >= 0)
		virEventRemoveTimeout(timer);
	return rc;
}

/* t is borrowed. */
static int plug_in(virDomainPtr domain, struct transport *t, const struct nic *nic, bool route,
        struct err *err)
{
	if (attach(domain, nic, err) < 0)
		return -1;
	if (plug_configure(t, nic, route, err) == 0)
		return 0;
	(void)!detach(domain, nic->mac, NULL);
	return -1;
}

static bool is_of(const struct machine_spec *spec, const char *mac)
{
	for (size_t i = 0; i < spec->n_nics; i++)
		if (str_eq(spec->nics[i].mac, mac))
			return true;
	return false;
}

/* Nobody gets in to set up a further one. */
static int no_way_in(const struct machine_spec *spec, struct err *err)
{
	err_set(err, ERR_FAILED, "'%s' has no network card left by which it could be reached",
	        spec->selector);
	return err_hint(err, "prov reload %s", spec->selector);
}

/* A card of the spec's, not the one with this MAC, whose link is up. */
static bool has_way_in(
        const struct machine_spec *spec, const struct cards *cards, const char *but_mac)
{
	for (size_t i = 0; i < spec->n_nics; i++) {
		const struct card *card = cards_find(cards, spec->nics[i].mac);
		if (card && !card->down && !str_eq(card->mac, but_mac))
			return true;
	}
	return false;
}

static int take_out(const struct machine_spec *spec, virDomainPtr domain, const struct cards *cards,
        const char *mac, struct err *err)
{
	const struct card *card = cards_find(cards, mac);

	if (!card || card->down)
		return 0;
	bool last = is_of(spec, mac) && !has_way_in(spec, cards, mac);
	int rc = last ? card_set_link(domain, card, false, err) : detach(domain, mac, err);
	return rc < 0 ? -1 : 1;
}

static int put_in(struct kvm_session *s, virDomainPtr domain, const struct cards *cards,
        const struct nic *nic, struct err *err)
{
	const struct card *card = cards_find(cards, nic->mac);
	struct transport *t;

	if (card && !card->down)
		return 0;
	if (card)
		return card_set_link(domain, card, true, err) < 0 ? -1 : 1;
	if (cards->n && !has_way_in(s->spec, cards, NULL))
		return no_way_in(s->spec, err);
	/* Before there is anything to be undone. */
	if (kvm_connect(s, LOGIN_NS, NULL, &t, err) < 0)
		return -1;
	int rc = plug_in(domain, t, nic, nic->default_route, err);
	t->ops->close(t);
	return rc < 0 ? -1 : 1;
}

int kvm_plug(void *session, const struct nic *nic, bool in, struct err *err)
{
	struct kvm_session *s = session;
	AUTO_DOMAIN domain = NULL;
	AUTO_CARDS cards = {0};

	if (running_domain(s, &domain, err) < 0 || cards_read(domain, &cards, err) < 0)
		return -1;
	return in ? put_in(s, domain, &cards, nic, err)
	          : take_out(s->spec, domain, &cards, nic->mac, err);
}

/* Without a network there is nobody to ask, and no way in. */
int kvm_resolve(void *session, const char *text, struct err *err)
{
	struct kvm_session *s = session;
	struct transport *t;

	if (!*text)
		return 0;
	if (kvm_connect(s, LOGIN_NS, NULL, &t, err) < 0)
		return -1;
	int rc = plug_resolve(t, s->spec, text, err);
	t->ops->close(t);
	return rc;
}

bool kvm_plugged(void *session, const struct nic *nic)
{
	AUTO_DOMAIN domain = NULL;
	AUTO_CARDS cards = {0};

	if (kvm_domain(session, &domain, NULL) < 0 || !domain || virDomainIsActive(domain) != 1 ||
	        cards_read(domain, &cards, NULL) < 0)
		return false;
	const struct card *card = cards_find(&cards, nic->mac);
	return card && !card->down;
}

/* The host's end has left its bridge, as all have whose network was started again: libvirt plugs
 * them in when the machine starts, and never after. */
static bool is_loose(
        const struct machine_spec *spec, const struct card *card, const struct nic *nic)
{
	return card->device && nic->bridge && libvirt_is_local_system(spec->kvm.uri) &&
	        veth_look(card->device, nic->bridge) == VETH_LOOSE;
}

/* It runs with the spec's interfaces and no others, in their bridges; so does one that does not
 * run, by its definition. */
static bool is_tidy(struct kvm_session *s)
{
	AUTO_DOMAIN domain = NULL;
	AUTO_CARDS cards = {0};
	size_t own = 0;

	if (running_domain(s, &domain, NULL) < 0 || cards_read(domain, &cards, NULL) < 0)
		return true;
	for (size_t i = 0; i < cards.n; i++)
		own += is_of(s->spec, cards.v[i].mac) && !cards.v[i].down;
	for (size_t i = 0; i < s->spec->n_nics; i++) {
		const struct card *card = cards_find(&cards, s->spec->nics[i].mac);
		if (card && is_loose(s->spec, card, &s->spec->nics[i]))
			return false;
	}
	return own == cards.n && own == s->spec->n_nics;
}

/* As with the bridge of a container: each time that something was put in order counts, and what is
 * out of order digests as the next time. */
void network_inputs(const struct run *run, struct digest *digest)
{
	const char *plugs = run_fact(run, plugs_fact);

	digest_number(
	        digest, "plugs", (plugs ? strtoll(plugs, NULL, 10) : 0) + !is_tidy(run->session));
}

/* Those that are there, plugged in and up: they may be the way to set up what is missing. */
static int raise_links(
        const struct machine_spec *spec, virDomainPtr domain, struct cards *cards, struct err *err)
{
	for (size_t i = 0; i < spec->n_nics; i++) {
		const struct card *card = cards_find(cards, spec->nics[i].mac);
		if (card && is_loose(spec, card, &spec->nics[i]) &&
		        veth_plug(card->device, spec->nics[i].bridge, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < cards->n; i++) {
		if (cards->v[i].down && card_set_link(domain, &cards->v[i], true, err) < 0)
			return -1;
		cards->v[i].down = false;
	}
	return 0;
}

static int tidy(struct run *run, virDomainPtr domain, struct err *err)
{
	const struct machine_spec *spec = run->spec;
	AUTO_STR resolver = {0};
	AUTO_CARDS cards = {0};
	struct transport *t;

	if (cards_read(domain, &cards, err) < 0 || raise_links(spec, domain, &cards, err) < 0)
		return -1;
	for (size_t i = 0; i < cards.n; i++)
		if (!is_of(spec, cards.v[i].mac) && detach(domain, cards.v[i].mac, err) < 0)
			return -1;
	for (size_t i = 0; i < spec->n_nics; i++) {
		const struct nic *nic = &spec->nics[i];
		if (cards_find(&cards, nic->mac))
			continue;
		if (!has_way_in(spec, &cards, NULL))
			return no_way_in(spec, err);
		run_note(run, "is connected to '%s' again: it has to find the card", nic->network);
		if (run_transport(run, &t, err) < 0 ||
		        plug_in(domain, t, nic, nic == spec_route(spec), err) < 0)
			return -1;
	}
	seed_resolver(spec, &resolver);
	if (!resolver.len)
		return 0;
	return run_transport(run, &t, err) < 0 ? -1
	                                       : plug_resolve(t, spec, str_text(&resolver), err);
}

int network_apply(struct run *run, struct err *err)
{
	const char *plugs = run_fact(run, plugs_fact);
	AUTO_DOMAIN domain = NULL;
	char count[24];

	if (is_tidy(run->session))
		return 0;
	if (running_domain(run->session, &domain, err) < 0 || tidy(run, domain, err) < 0)
		return -1;
	snprintf(count, sizeof(count), "%lld", (plugs ? strtoll(plugs, NULL, 10) : 0) + 1);
	return run_record(run, plugs_fact, count, err);
}

void network_explain(const struct run *run, struct str *out)
{
	str_add(out,
	        "Networks that were connected to the running machine, and are not in the file, are "
	        "taken away again; those that are missing come back, and those that a restart of "
	        "their network unplugged are plugged in.\nvirsh -c ");
	str_add_shell(out, run->spec->kvm.uri);
	str_addf(out, " domiflist %s\n", run->names->domain);
}
