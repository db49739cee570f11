/*
 * The lab's step that publishes ports: after its networks, as the bridges are part of the rules. It
 * is compared with what the kernel holds at each up, as a firewall's reload takes away what it does
 * not know.
 */
#include "lab/network/networks.h"
#include "lab/network/plug.h"
#include "lab/network/ports_table.h"
#include "lab/network/published.h"
#include "net/near.h"
#include "net/ports.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char step_name[] = "lab.ports";
static const char digest_key[] = "ports.digest"; /* of what stood when it was made */
/* Bridges where prov allowed 127.x, and ::1. */
static const char *const localnet_keys[] = {"ports.localnet", "ports.localnet6"};

static int call_ensure(const void *arg, void *result, struct err *err)
{
	return ports_ensure(arg, result, err);
}

static bool wants_localnet(const struct ports_net *net, bool v6)
{
	return v6 ? net->loopback6 : net->loopback;
}

static bool any_wants(const struct ports *p, bool v6, const char *bridge)
{
	for (size_t i = 0; p && i < p->n_nets; i++)
		if (str_eq(p->nets[i].bridge, bridge))
			return wants_localnet(&p->nets[i], v6);
	return false;
}

/* Recorded before it is done; what was on before is not prov's, and stays. */
static int allow_localnet(struct run *run, const struct ports *p, bool v6, struct err *err)
{
	const char *before = run_fact(run, localnet_keys[v6]);
	AUTO_FREE char *words = xasprintf(" %s ", before ? before : "");
	AUTO_STR all = {0};

	str_add(&all, before ? before : "");
	for (size_t i = 0; i < p->n_nets; i++) {
		AUTO_FREE char *word = xasprintf(" %s ", p->nets[i].bridge);
		if (wants_localnet(&p->nets[i], v6) && !ports_localnet(p->nets[i].bridge, v6) &&
		        !strstr(words, word))
			str_addf(&all, "%s%s", all.len ? " " : "", p->nets[i].bridge);
	}
	if (all.len && !str_eq(before, str_text(&all)) &&
	        run_record(run, localnet_keys[v6], str_text(&all), err) < 0)
		return -1;
	for (size_t i = 0; i < p->n_nets; i++)
		if (wants_localnet(&p->nets[i], v6) &&
		        ports_set_localnet(p->nets[i].bridge, v6, true, err) < 0)
			return -1;
	return 0;
}

/* On bridges where nothing needs it any more; p NULL: on all. */
static int forbid_localnet(struct run *run, const struct ports *p, bool v6, struct err *err)
{
	const char *bridges = run_fact(run, localnet_keys[v6]);
	AUTO_FREE char *words = xstrdup(bridges ? bridges : "");
	AUTO_STR left = {0};
	char *save = NULL;

	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		if (any_wants(p, v6, w))
			str_addf(&left, "%s%s", left.len ? " " : "", w);
		else if (!strchr(w, '/') && ports_set_localnet(w, v6, false, err) < 0)
			return -1;
	}
	if (!bridges || str_eq(bridges, str_text(&left)))
		return 0;
	return run_record(run, localnet_keys[v6], left.len ? str_text(&left) : NULL, err);
}

static const struct lab *lab_of(const struct run *run)
{
	const struct ports_who *who = run->step->data;

	return who->lab;
}

static int apply(struct run *run, struct err *err)
{
	char digest[PORTS_DIGEST] = "";
	struct ports p;

	if (lab_ports_build(run->step->data, &p, err) < 0)
		return -1;
	/* The table's guard is there while 127.x is routed. */
	int rc = 0;
	for (int v6 = 0; rc == 0 && v6 < 2; v6++)
		rc = forbid_localnet(run, &p, v6, err);
	if (rc == 0)
		rc = helper_call(lab_of(run), call_ensure, &p, digest, sizeof(digest), err);
	for (int v6 = 0; rc == 0 && v6 < 2; v6++)
		rc = allow_localnet(run, &p, v6, err);
	if (rc == 0)
		rc = run_record(run, digest_key, digest, err);
	ports_clear(&p);
	return rc;
}

static int call_remove(const void *arg, void *result, struct err *err)
{
	(void)result;
	return ports_remove(arg, err);
}

static int revert(struct run *run, struct err *err)
{
	AUTO_FREE char *table = lab_ports_table(lab_of(run));

	if (forbid_localnet(run, NULL, false, err) < 0 || forbid_localnet(run, NULL, true, err) < 0)
		return -1;
	/* Nobody else can have made it; and such a lab's destroy needs no library for it. */
	if (geteuid() != 0)
		return 0;
	return helper_call(lab_of(run), call_remove, table, NULL, 0, err);
}

static void inputs(const struct run *run, struct digest *d)
{
	AUTO_STR script = {0};
	struct ports p;

	/* Where it cannot be built, apply says so. */
	if (lab_ports_build(run->step->data, &p, NULL) < 0)
		return;
	ports_script(&p, false, &script);
	if (ports_any(&p, true))
		ports_script(&p, true, &script);
	digest_field(d, "rules", str_text(&script));
	ports_clear(&p);
}

static void explain(const struct run *run, struct str *out)
{
	AUTO_FREE char *table = lab_ports_table(lab_of(run));

	str_addf(out,
	        "a table of nftables that leads ports of the host to machines, and a rule that "
	        "accepts what it leads\n"
	        "nft list table ip %s; iptables -S FORWARD | grep %s\n",
	        table, table);
}

struct step lab_ports_step(const struct ports_who *who)
{
	return (struct step){
	        .name = step_name,
	        .flags = STEP_VOLATILE,
	        .stale = CHANGE_LIVE,
	        .inputs = inputs,
	        .apply = apply,
	        .revert = revert,
	        .explain = explain,
	        .data = who,
	};
}

struct look {
	const struct ports *ports;
	const char *digest;
};

static int call_stand(const void *arg, void *result, struct err *err)
{
	const struct look *look = arg;

	return ports_stand(look->ports, look->digest, result, err);
}

/* Where it cannot be asked, it does not: apply finds out why. */
static bool stands(const struct ports_who *who)
{
	const struct lab *lab = who->lab;
	const struct journal_state *state = journal_state(lab->journal);
	struct look look = {.digest = journal_fact(state, digest_key)};
	struct ports p;
	bool yes = false;

	if (!look.digest || lab_ports_build(who, &p, NULL) < 0)
		return false;
	look.ports = &p;
	if (helper_call(lab, call_stand, &look, &yes, sizeof(yes), NULL) < 0)
		yes = false;
	for (size_t i = 0; i < 2 * p.n_nets; i++) {
		const struct ports_net *net = &p.nets[i / 2];
		yes = yes && (!wants_localnet(net, i % 2) || ports_localnet(net->bridge, i % 2));
	}
	ports_clear(&p);
	return yes;
}

static bool any_published(const struct lab *lab)
{
	struct published_list list = {0};

	published_read(journal_state(lab->journal), &list);
	bool any = list.n > 0;
	published_clear(&list);
	return any;
}

int lab_ports_up(struct lab *lab, struct ports_who who, struct event_sink *sink,
        const volatile int *stop, struct err *err)
{
	const struct step step = lab_ports_step(&who);
	struct runner runner = {
	        .session = lab,
	        .journal = lab->journal,
	        .sink = sink,
	        .machine = "",
	        .steps = &step,
	        .n_steps = 1,
	        .stop = stop,
	};
	struct status world = {.state = MACHINE_RUNNING};
	struct up_options options = {0};
	bool changed;

	if (!any_published(lab) && !journal_fact(journal_state(lab->journal), digest_key))
		return 0;
	who.lab = lab;
	for (size_t i = 0; i < who.n_coming; i++)
		alloc_fill(journal_state(lab->journal), &who.coming[i]->spec);
	if (!stands(&who))
		world.state = MACHINE_HALTED;
	int rc = run_up(&runner, &world, &options, &changed, err);
	runner_clear(&runner);
	return rc;
}

int lab_ports_repair(struct lab *lab, struct ports_who who, struct event_sink *sink,
        const volatile int *stop, struct err *err)
{
	/* Nobody else may; and what an up has not made is not missing. */
	if (geteuid() != 0 || !lab->id || !published_now(lab))
		return 0;
	return lab_lock(lab, err) < 0 ? -1 : lab_ports_up(lab, who, sink, stop, err);
}

/* Interfaces of the file are numbered as in its spec; that of a virtual machine is found by its
 * MAC.
 */
static void hairpin(const struct lab *lab, const struct machine *m, const struct nic *nic)
{
	const char *bridge = net_fact(journal_state(lab->journal), nic->network, "bridge");
	char link[16] = "";

	for (size_t i = 0; i < m->spec.n_nics; i++)
		if (str_eq(m->spec.nics[i].network, nic->network))
			link_of(&m->names, i, link);
	if (bridge && nic->mac)
		ports_hairpin(bridge, link, nic->mac);
}

void lab_ports_hairpin(const struct lab *lab, struct machine *const *chosen, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct machine_spec now;
		if (!chosen[i]->spec.n_ports)
			continue;
		spec_copy(&now, &chosen[i]->spec);
		plug_recorded(journal_state(lab->journal), &now);
		const struct nic *nic = net_way_in(&now);
		if (nic)
			hairpin(lab, chosen[i], nic);
		spec_clear(&now);
	}
}
