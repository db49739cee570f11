/*
 * The lab's own steps: its key and its network. They outlive single machines and are reverted by
 * the last machine's destroy. The libraries they need are opened by a helper process.
 */
#include "lab/prepare.h"

#include "base/fs.h"
#include "base/proc.h"
#include "core/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lab_session {
	struct lab *lab;
	struct net_spec net;
	char *key_path;
};

static const char uri_key[] = "net.default.uri";

/* Where the network was made, and stays until it is removed, whatever the file says by then; a new
 * one is made where the lab's virtual machines are. */
static const char *uri_of(const struct lab *lab)
{
	const char *recorded = journal_fact(journal_state(lab->journal), uri_key);

	if (recorded)
		return recorded;
	for (size_t i = 0; i < lab->n; i++)
		if (str_eq(lab->machines[i].spec.provider, "kvm") && lab->machines[i].spec.kvm.uri)
			return lab->machines[i].spec.kvm.uri;
	return "qemu:///system";
}

static int generate_key(const void *arg, void *result, struct err *err)
{
	const char *path = arg;
	AUTO_FREE char *public = xasprintf("%s.pub", path);
	const struct key_ops *ops;
	struct key_pair pair = {0};
	void *symbol;

	(void)result;
	if (module_symbol("prov-ssh", "prov_keys", &symbol, err) < 0)
		return -1;
	ops = symbol;
	if (ops->generate("prov lab", &pair, err) < 0)
		return -1;
	/* The public half first: a private key without it would look complete. */
	int rc = fs_replace(public, pair.public_line, strlen(pair.public_line), 0644, err);
	if (rc == 0)
		rc = fs_replace(path, pair.private_key, strlen(pair.private_key), 0600, err);
	key_pair_clear(&pair);
	return rc;
}

static int key_apply(struct run *run, struct err *err)
{
	struct lab_session *s = run->session;

	if (fs_exists(s->key_path))
		return 0;
	return helper_call(s->lab, generate_key, s->key_path, NULL, 0, err);
}

static int key_revert(struct run *run, struct err *err)
{
	struct lab_session *s = run->session;
	AUTO_FREE char *public = xasprintf("%s.pub", s->key_path);

	return fs_unlink(s->key_path, err) < 0 ? -1 : fs_unlink(public, err);
}

static int open_network(const struct network_ops **out, struct err *err)
{
	void *symbol;

	if (module_symbol("prov-kvm", "prov_network", &symbol, err) < 0)
		return -1;
	*out = symbol;
	return 0;
}

static int ensure_network(const void *arg, void *result, struct err *err)
{
	const struct network_ops *ops;

	return open_network(&ops, err) < 0 ? -1 : ops->ensure(arg, result, err);
}

static int remove_network(const void *arg, void *result, struct err *err)
{
	const struct lab_session *s = arg;
	const struct network_ops *ops;
	AUTO_FREE char *name = derive_network(s->lab->id, "default");

	(void)result;
	return open_network(&ops, err) < 0 ? -1
	                                   : ops->remove(uri_of(s->lab), name, s->lab->id, err);
}

static int network_apply(struct run *run, struct err *err)
{
	struct lab_session *s = run->session;
	struct net_info info = {0};
	char mtu[12];

	if (run_record(run, uri_key, s->net.uri, err) < 0)
		return -1;
	if (helper_call(s->lab, ensure_network, &s->net, &info, sizeof(info), err) < 0) {
		/* No libvirt was reached: there is no network to make sure of later. */
		if (err->kind == ERR_HOST)
			run_untouched(run);
		return -1;
	}
	snprintf(mtu, sizeof(mtu), "%d", info.mtu);
	if (run_record(run, "net.default.bridge", info.bridge, err) < 0)
		return -1;
	return run_record(run, "net.default.mtu", mtu, err);
}

static int network_revert(struct run *run, struct err *err)
{
	struct lab_session *s = run->session;

	return helper_call(s->lab, remove_network, s, NULL, 0, err);
}

static void network_inputs(const struct run *run, struct digest *d)
{
	const struct net_spec *net = &((struct lab_session *)run->session)->net;

	digest_field(d, "gateway", net->gateway);
	digest_number(d, "prefix", net->prefix);
	digest_field(d, "domain", net->domain);
	for (size_t i = 0; i < net->n_hosts; i++) {
		digest_field(d, "names", net->hosts[i].names);
		digest_field(d, "address", net->hosts[i].address);
	}
}

static void network_explain(const struct run *run, struct str *out)
{
	const struct net_spec *net = &((struct lab_session *)run->session)->net;

	str_addf(out,
	        "a bridge of the host, with NAT, DNS and DHCP by libvirt's dnsmasq\n"
	        "virsh net-define network.xml && virsh net-start %s\n",
	        net->libvirt);
}

static const struct step key_step = {
        .name = "lab.key",
        .flags = STEP_QUIET,
        .stale = CHANGE_LIVE,
        .apply = key_apply,
        .revert = key_revert,
};
static const struct step network_step = {
        .name = "lab.network.default",
        .flags = STEP_VOLATILE,
        .stale = CHANGE_LIVE,
        .inputs = network_inputs,
        .apply = network_apply,
        .revert = network_revert,
        .explain = network_explain,
};

/* NULL: an earlier machine, of the file, answers to it; this one is of an earlier file. */
static const char *free_alias(const struct lab *lab, size_t machine)
{
	const char *alias = lab->machines[machine].spec.alias;

	for (size_t i = 0; i < machine; i++)
		if (str_eq(lab->machines[i].spec.alias, alias))
			return NULL;
	return alias;
}

static void fill_network(struct lab *lab, struct net_spec *net)
{
	for (size_t i = 0; i < lab->n; i++) {
		struct machine_spec *spec = &lab->machines[i].spec;
		alloc_fill(journal_state(lab->journal), spec);
		if (!spec->n_nics)
			continue;
		const struct nic *nic = &spec->nics[0];
		if (!net->gateway) {
			net->gateway = xstrdup(nic->gateway);
			net->prefix = nic->prefix;
			net->domain = xstrdup(spec->domain);
		}
		net->hosts = xrealloc(net->hosts, net->n_hosts + 1, sizeof(*net->hosts));
		net->hosts[net->n_hosts++] = (struct net_host){
		        .names = spec_host_names(spec, free_alias(lab, i)),
		        .address = xstrdup(nic->address),
		        .mac = xstrdup(nic->mac),
		};
	}
	net->uri = xstrdup(uri_of(lab));
	net->libvirt = derive_network(lab->id, "default");
	net->lab_id = xstrdup(lab->id);
	net->mac = derive_network_mac(lab->id, "default");
}

/* The recorded bridge stands with the lab's MAC: nothing of libvirt needs to be asked. */
static bool bridge_stands(const struct journal_state *state, const char *mac)
{
	const char *bridge = journal_fact(state, "net.default.bridge");
	AUTO_FREE char *path = xasprintf("/sys/class/net/%s/address", bridge ? bridge : "");
	AUTO_STR text = {0};

	return bridge && !strchr(bridge, '/') && fs_read(path, 64, &text, NULL) == 0 &&
	        str_starts(str_text(&text), mac);
}

static size_t needed_steps(struct machine *const *chosen, size_t n_chosen, struct step out[2])
{
	bool kvm = false, network = false;
	size_t n = 0;

	for (size_t i = 0; i < n_chosen; i++) {
		kvm = kvm || str_eq(chosen[i]->spec.provider, "kvm");
		network = network || chosen[i]->spec.network_mode == NET_LAB;
	}
	if (kvm)
		out[n++] = key_step;
	if (network)
		out[n++] = network_step;
	return n;
}

static void session_open(struct lab *lab, struct lab_session *s)
{
	*s = (struct lab_session){.lab = lab, .key_path = xasprintf("%s/id_ed25519", lab->dir)};
	fill_network(lab, &s->net);
}

static void session_clear(struct lab_session *s)
{
	net_spec_clear(&s->net);
	free(s->key_path);
}

static void tell_bridge(const struct journal_state *state, struct machine_spec *spec)
{
	const char *bridge = journal_fact(state, "net.default.bridge");
	const char *mtu = journal_fact(state, "net.default.mtu");

	for (size_t i = 0; i < spec->n_nics; i++) {
		free(spec->nics[i].bridge);
		spec->nics[i].bridge = xstrdup(bridge);
		spec->nics[i].mtu = mtu ? atoi(mtu) : 1500;
	}
}

int lab_steps_up(struct lab *lab, struct machine *const *chosen, size_t n, struct event_sink *sink,
        const volatile int *stop, struct err *err)
{
	struct lab_session session;
	struct step steps[2];
	bool changed;

	session_open(lab, &session);
	struct runner runner = {
	        .session = &session,
	        .journal = lab->journal,
	        .sink = sink,
	        .machine = "",
	        .steps = steps,
	        .n_steps = needed_steps(chosen, n, steps),
	        .stop = stop,
	};
	struct status world = {.state = MACHINE_RUNNING};
	struct up_options options = {0};
	/* Key and network outlive a power cut, so that what tells of them must, too. */
	if (runner.n_steps && journal_sync(lab->journal, err) < 0) {
		session_clear(&session);
		return -1;
	}
	if (!bridge_stands(journal_state(lab->journal), session.net.mac))
		world.state = MACHINE_HALTED;
	int rc = run_up(&runner, &world, &options, &changed, err);
	runner_clear(&runner);
	for (size_t i = 0; rc == 0 && i < n; i++)
		tell_bridge(journal_state(lab->journal), &chosen[i]->spec);
	session_clear(&session);
	return rc;
}

int lab_steps_down(struct lab *lab, struct event_sink *sink, struct err *err)
{
	struct lab_session session;
	struct step steps[] = {key_step, network_step};

	session_open(lab, &session);
	struct runner runner = {
	        .session = &session,
	        .journal = lab->journal,
	        .sink = sink,
	        .machine = "",
	        .steps = steps,
	        .n_steps = ARRAY_SIZE(steps),
	};
	int rc = journal_is_blank(journal_state(lab->journal)) ? 0 : run_destroy(&runner, err);
	runner_clear(&runner);
	session_clear(&session);
	if (rc < 0)
		return rc;
	if (lab->folder)
		identity_remove(lab->folder);
	return journal_discard(lab->journal, err);
}
