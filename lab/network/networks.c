#include "lab/network/networks.h"

#include "base/fs.h"

#include <stdlib.h>
#include <string.h>

static const char prefix[] = "net.";

const char *net_fact(const struct journal_state *state, const char *name, const char *what)
{
	AUTO_FREE char *key = xasprintf("%s%s.%s", prefix, name, what);
	const char *value = journal_fact(state, key);

	return str_eq(value, "-") ? NULL : value;
}

int net_record(
        struct lab *lab, const char *name, const char *what, const char *value, struct err *err)
{
	AUTO_FREE char *key = xasprintf("%s%s.%s", prefix, name, what);

	if (str_eq(journal_fact(journal_state(lab->journal), key), value ? value : "-"))
		return 0;
	return journal_set(lab->journal, key, value ? value : "-", err);
}

enum net_mode net_recorded_mode(const struct journal_state *state, const char *name)
{
	const char *text = net_fact(state, name, "mode");
	enum net_mode mode = NET_NAT;

	if (text)
		(void)net_mode_read(text, &mode);
	return mode;
}

void net_recorded(const struct journal_state *state, struct strv *names)
{
	for (size_t i = 0; i < state->n_facts; i++) {
		const char *key = state->facts[i].key;
		if (!str_starts(key, prefix))
			continue;
		const char *name = key + strlen(prefix), *dot = strchr(name, '.');
		AUTO_FREE char *copy = dot ? xstrndup(name, (size_t)(dot - name)) : NULL;
		if (copy && !strv_has(names, copy))
			strv_add(names, copy);
	}
}

bool net_stands(const char *bridge, const char *mac)
{
	AUTO_FREE char *path = xasprintf("/sys/class/net/%s/address", bridge);
	AUTO_STR text = {0};

	return !strchr(bridge, '/') && fs_read(path, 64, &text, NULL) == 0 &&
	        str_starts(str_text(&text), mac);
}

bool net_declared(const struct lab *lab, const char *name, struct network_decl *out)
{
	for (size_t i = 0; i < lab->decl.n_networks; i++) {
		if (!str_eq(lab->decl.networks[i].name, name))
			continue;
		*out = lab->decl.networks[i];
		return true;
	}
	*out = (struct network_decl){.mode = NET_NAT};
	return str_eq(name, "default");
}

void net_joined(const struct lab *lab, struct strv *names)
{
	for (size_t i = 0; i < lab->n; i++) {
		const struct machine_spec *spec = &lab->machines[i].spec;
		for (size_t k = 0; lab->machines[i].in_file && k < spec->n_nics; k++)
			if (!strv_has(names, spec->nics[k].network))
				strv_add(names, spec->nics[k].network);
	}
}

static void add_aliases(const struct machine_spec *spec, const struct nic *nic, struct str *out)
{
	for (size_t i = 0; i < nic->aliases.n; i++) {
		const char *text = nic->aliases.v[i];
		str_add(out, out->len ? " " : "");
		if (!strchr(text, '.'))
			str_addf(out, "%s.%s ", text, spec->domain);
		str_add(out, text);
	}
}

char *nic_alias_names(const struct machine_spec *spec, const struct nic *nic)
{
	struct str names = {0};

	add_aliases(spec, nic, &names);
	return str_steal(&names);
}

char *nic_host_names(const struct machine_spec *spec, const char *alias, const struct nic *nic)
{
	struct str names = {0};
	AUTO_FREE char *own = spec_host_names(spec, alias);

	str_add(&names, own);
	add_aliases(spec, nic, &names);
	return str_steal(&names);
}
