/* What each step does, and how it is done by hand. */
#include "providers/container/session.h"

#include "providers/container/plan.h"

#include <inttypes.h>
#include <string.h>

static void add_command(struct str *out, const char *const *words)
{
	for (size_t i = 0; words[i]; i++) {
		if (i)
			str_add(out, " ");
		str_add_shell(out, words[i]);
	}
	str_add(out, "\n");
}
#define COMMAND(out, ...) add_command((out), (const char *const[]){__VA_ARGS__, NULL})

void container_dirs_explain(const struct run *run, struct str *out)
{
	const struct names *n = run->names;

	str_add(out,
	        "the folders of an overlay: what the container writes lies in 'upper', the box "
	        "stays as it is\n");
	COMMAND(out, "mkdir", "-p", n->upper, n->work, n->merged);
	COMMAND(out, "chmod", "700", n->dir);
}

void container_upper_explain(const struct run *run, struct str *out)
{
	AUTO_FREE char *etc = xasprintf("%s/etc", run->names->upper);
	AUTO_FREE char *name = xasprintf("%s/hostname", etc);

	str_add(out,
	        "name, hosts and resolver are written into the upper layer before it is "
	        "mounted\n");
	COMMAND(out, "mkdir", "-p", etc);
	str_addf(out, "echo %s >", run->spec->hostname);
	str_add_shell(out, name);
	str_add(out, "\n");
}

void container_namespaces_explain(const struct run *run, struct str *out)
{
	str_add(out, "one clone3(2) into new namespaces; the child joins the cgroup and waits\n");
	COMMAND(out, "unshare", run->spec->network_mode == NET_HOST ? "-mipuC" : "-mipunC",
	        "--fork", "sleep", "infinity");
}

void container_network_explain(const struct run *run, struct str *out)
{
	const struct nic *nic = run->spec->n_nics ? &run->spec->nics[0] : NULL;
	const char *ns = run->names->cgroup;

	if (run->spec->network_mode == NET_HOST) {
		str_add(out, "the container shares the host's network: nothing is made\n");
		return;
	}
	if (run->spec->network_mode != NET_LAB || !nic) {
		str_add(out, "no network of the lab: the loopback device is all there is\n");
		return;
	}
	str_add(out,
	        "a veth into the container's network namespace, its address set before PID 1 "
	        "starts (PID is the waiting child)\n");
	AUTO_FREE char *address = xasprintf("%s/%d", nic->address, nic->prefix);
	COMMAND(out, "ip", "netns", "attach", ns, "PID");
	COMMAND(out, "ip", "link", "add", run->names->link, "up", "type", "veth", "peer", "name",
	        "eth0", "address", nic->mac, "netns", ns);
	COMMAND(out, "ip", "-n", ns, "address", "add", address, "dev", "eth0");
	COMMAND(out, "ip", "-n", ns, "link", "set", "eth0", "up");
	if (nic->default_route && nic->gateway)
		COMMAND(out, "ip", "-n", ns, "route", "add", "default", "via", nic->gateway);
}

void container_bridge_explain(const struct run *run, struct str *out)
{
	const struct nic *nic = run->spec->n_nics ? &run->spec->nics[0] : NULL;

	if (run->spec->network_mode != NET_LAB || !nic) {
		str_add(out, "no network of the lab: nothing is plugged in\n");
		return;
	}
	str_add(out, "the host's end of the veth becomes a port of the lab's bridge\n");
	COMMAND(out, "ip", "link", "set", run->names->link, "master",
	        nic->bridge ? nic->bridge : "BRIDGE");
}

static void add_escaped(struct str *out, const char *key, const char *path)
{
	str_addf(out, "%s%s=", out->len ? "," : "", key);
	for (const char *p = path; *p; p++) {
		if (strchr("\\,:", *p))
			str_addn(out, "\\", 1);
		str_addn(out, p, 1);
	}
}

void container_start_explain(const struct run *run, struct str *out)
{
	AUTO_STR script = {0}, options = {0};
	struct container_plan plan;

	container_plan_build(run->spec, run->names, &plan);
	add_escaped(&options, "lowerdir", plan.lower);
	add_escaped(&options, "upperdir", plan.upper);
	add_escaped(&options, "workdir", plan.work);
	str_addf(out,
	        "the child, which waits in its namespaces, mounts the overlay, changes its root, "
	        "limits its capabilities and executes PID 1%s\n",
	        plan.log ? ", whose output prov-mon keeps" : "");
	str_addf(out, "unshare -%s --fork sh -c ",
	        run->spec->network_mode == NET_HOST ? "mipu" : "mipun");
	str_addf(&script, "mount -t overlay overlay -o %s %s && cd %s && pivot_root . . && ",
	        str_text(&options), plan.root, plan.root);
	str_addf(&script, "umount -l . && mount -t proc proc /proc && hostname %s && exec",
	        plan.hostname);
	for (size_t i = 0; i < plan.argv.n; i++) {
		str_add(&script, " ");
		str_add_shell(&script, plan.argv.v[i]);
	}
	str_add_shell(out, str_text(&script));
	str_add(out, "\n");
	container_plan_clear(&plan);
}
