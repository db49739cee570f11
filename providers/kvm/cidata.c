#include "providers/kvm/cidata.h"

#include "base/digest.h"

#include <stdlib.h>
#include <string.h>

/* Each line of a text, behind so many spaces: YAML's block scalar. */
static void add_block(struct str *out, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		str_addf(out, "    %.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

/* JSON's strings are YAML's. No control characters are in what prov writes here. */
static void add_quoted(struct str *out, const char *text, size_t n)
{
	str_add(out, "\"");
	for (size_t i = 0; i < n; i++)
		str_addf(out, "%s%c", text[i] == '"' || text[i] == '\\' ? "\\" : "", text[i]);
	str_add(out, "\"");
}

static void add_line(struct str *out, const char *before, const char *line)
{
	str_add(out, before);
	add_quoted(out, line, strcspn(line, "\n"));
	str_add(out, "\n");
}

void cidata_user_data(const struct machine_spec *spec, const struct cidata *keys, struct str *out)
{
	str_addf(out, "#cloud-config\nhostname: %s\nfqdn: %s.%s\n", spec->hostname, spec->hostname,
	        spec->domain);
	/* prov's exec and provisioners are root's. */
	str_add(out, "disable_root: false\nssh_authorized_keys:\n");
	add_line(out, "- ", keys->authorized);
	str_add(out, "ssh_deletekeys: true\nssh_keys:\n  ed25519_private: |\n");
	add_block(out, keys->host_key);
	add_line(out, "  ed25519_public: ", keys->host_key_pub);
	str_add(out, "users:\n- default\n");
	if (str_eq(spec->user, "root"))
		return;
	add_line(out, "- name: ", spec->user);
	str_add(out, "  sudo: \"ALL=(ALL) NOPASSWD:ALL\"\n  ssh_authorized_keys:\n");
	add_line(out, "  - ", keys->authorized);
}

/* From the lab's network, which gives the machine the address that it is to have. */
static void add_leased(const struct nic *nic, bool route, struct str *out)
{
	str_add(out, "    dhcp4: true\n");
	if (!route)
		str_add(out, "    dhcp4-overrides:\n      use-routes: false\n");
	if (nic->address6)
		str_addf(out, "    accept-ra: false\n    addresses:\n    - \"%s/%d\"\n",
		        nic->address6, nic->prefix6);
	if (nic->address6 && route && nic->gateway6)
		str_addf(
		        out, "    routes:\n    - to: \"::/0\"\n      via: \"%s\"\n", nic->gateway6);
}

/* On a bridge of the host a lease would be somebody else's, and another address. */
static void add_fixed(const struct nic *nic, bool route, struct str *out)
{
	str_addf(out, "    dhcp4: false\n    addresses:\n    - \"%s/%d\"\n", nic->address,
	        nic->prefix);
	if (route && nic->gateway)
		str_addf(out, "    routes:\n    - to: \"0.0.0.0/0\"\n      via: \"%s\"\n",
		        nic->gateway);
	if (route && nic->dns)
		str_addf(out, "    nameservers:\n      addresses: [\"%s\"]\n", nic->dns);
}

void cidata_network(const struct machine_spec *spec, struct str *out)
{
	str_add(out, "version: 2\nethernets:\n");
	for (size_t i = 0; i < spec->n_nics; i++) {
		const struct nic *nic = &spec->nics[i];
		bool route = nic == spec_route(spec);
		str_addf(out, "  prov%zu:\n    match:\n      macaddress: \"%s\"\n", i, nic->mac);
		if (nic->mtu)
			str_addf(out, "    mtu: %d\n", nic->mtu);
		if (nic->bridged && nic->address)
			add_fixed(nic, route, out);
		else
			add_leased(nic, route, out);
	}
}

void cidata_meta_data(const struct machine_spec *spec, const struct str *user_data,
        const struct str *network, struct str *out)
{
	char digest[DIGEST_HEX_LEN + 1];
	AUTO_STR all = {0};

	str_addn(&all, user_data->buf, user_data->len);
	str_addn(&all, network->buf, network->len);
	digest_bytes(all.buf, all.len, digest);
	explicit_bzero(all.buf, all.len);
	str_addf(out, "instance-id: prov-%.32s\nlocal-hostname: %s\n", digest, spec->hostname);
}
