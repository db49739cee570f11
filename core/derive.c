#include "core/derive.h"

#include "base/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *prov_home(void)
{
	const char *home = getenv("PROV_HOME");
	const char *data = getenv("XDG_DATA_HOME");
	const char *user = getenv("HOME");

	if (home && *home)
		return xstrdup(home);
	if (geteuid() == 0)
		return xstrdup("/var/lib/prov");
	if (data && *data)
		return xasprintf("%s/prov", data);
	return xasprintf("%s/.local/share/prov", user ? user : "");
}

char *lab_dir_of(const char *home, const char *lab_id)
{
	return xasprintf("%s/labs/%s", home, lab_id);
}

/* What identifies a thing on the host, as hexadecimal digits. */
static void hash_of(
        const char *lab_id, const char *kind, const char *name, char out[DIGEST_HEX_LEN + 1])
{
	struct digest d;

	digest_init(&d);
	digest_field(&d, "lab", lab_id);
	digest_field(&d, kind, name);
	digest_hex(&d, out);
}

void names_derive(struct names *out, const char *home, const char *lab_id, const char *name,
        const char *provider)
{
	AUTO_FREE char *selector = xasprintf("%s@%s", name, provider);
	char h[DIGEST_HEX_LEN + 1];

	hash_of(lab_id, "machine", selector, h);
	out->lab_dir = lab_dir_of(home, lab_id);
	out->dir = xasprintf("%s/machines/%s", out->lab_dir, selector);
	out->journal = xasprintf("%s/journal", out->dir);
	out->key = xasprintf("%s/id_ed25519", out->lab_dir);
	out->mesh_known = xasprintf("%s/mesh.known_hosts", out->lab_dir);
	out->mesh_config = xasprintf("%s/mesh.config", out->lab_dir);
	out->domain = xasprintf("prov-%s-%s", lab_id, name);
	out->uuid = xasprintf("%.8s-%.4s-4%.3s-8%.3s-%.12s", h, h + 8, h + 12, h + 15, h + 18);
	out->cgroup = xasprintf("prov-%s-%s", lab_id, name);
	snprintf(out->link, sizeof(out->link), "pv%.10s", h);
	out->console = xasprintf("%s/console.log", out->dir);
	out->phases = xasprintf("%s/phases", out->dir);
	out->disk = xasprintf("%s/disk.qcow2", out->dir);
	out->seed = xasprintf("%s/initrd-seed", out->dir);
	out->upper = xasprintf("%s/upper", out->dir);
	out->work = xasprintf("%s/work", out->dir);
	out->merged = xasprintf("%s/merged", out->dir);
	out->known_hosts = xasprintf("%s/known_hosts", out->dir);
	out->status = xasprintf("%s/status", out->dir);
	out->logs = xasprintf("%s/provision.log", out->dir);
}

void names_clear(struct names *n)
{
	char **all[] = {&n->lab_dir, &n->dir, &n->journal, &n->key, &n->mesh_known, &n->mesh_config,
	        &n->domain, &n->uuid, &n->cgroup, &n->console, &n->phases, &n->disk, &n->seed,
	        &n->upper, &n->work, &n->merged, &n->known_hosts, &n->status, &n->logs};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		free(*all[i]);
	memset(n, 0, sizeof(*n));
}

void link_of(const struct names *names, size_t i, char out[16])
{
	if (i == 0)
		snprintf(out, 16, "%s", names->link);
	else
		snprintf(out, 16, "%.12s-%zu", names->link, i);
}

static char *mac_of(const char *lab_id, const char *kind, const char *name)
{
	char h[DIGEST_HEX_LEN + 1];

	hash_of(lab_id, kind, name, h);
	return xasprintf("52:54:00:%.2s:%.2s:%.2s", h, h + 2, h + 4);
}

char *derive_mac(const char *lab_id, const char *selector, const char *network)
{
	AUTO_FREE char *name = xasprintf("%s/%s", selector, network);

	return mac_of(lab_id, "nic", name);
}

char *derive_network(const char *lab_id, const char *network)
{
	return xasprintf("prov-%s-%s", lab_id, network);
}

char *derive_network_mac(const char *lab_id, const char *network)
{
	return mac_of(lab_id, "bridge", network);
}

char *derive_subnet6(const char *lab_id, const char *network)
{
	char lab[DIGEST_HEX_LEN + 1], net[DIGEST_HEX_LEN + 1];

	hash_of(lab_id, "ula", "", lab);
	hash_of(lab_id, "subnet6", network, net);
	return xasprintf("fd%.2s:%.4s:%.4s:%.4s::", lab, lab + 2, lab + 6, net);
}
