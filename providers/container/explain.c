/*
 * What each step does, and how it is done by hand: in the first line the mechanism, then commands
 * for one shell of root's, step by step. The waiting child is a shell that reads its commands from
 * a pipe; $pid is its number. Commands that a box may lack are run before the root changes.
 */
#include "providers/container/plug.h"
#include "providers/container/session.h"

#include "providers/container/plan.h"

#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

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

static char *pipe_of(const struct run *run)
{
	AUTO_FREE char *path = xasprintf("%s/go", run->names->dir);
	AUTO_STR quoted = {0};

	str_add_shell(&quoted, path);
	return str_steal(&quoted);
}

void container_namespaces_explain(const struct run *run, struct str *out)
{
	const struct machine_spec *spec = run->spec;
	AUTO_FREE char *go = pipe_of(run);

	str_add(out,
	        "one clone3(2) into new namespaces; the child joins its control group and waits "
	        "for what follows");
	if (spec->container.id_base && !spec->container.privileged)
		str_addf(out,
		        " (root inside is user %lld of the host, by a user namespace and id-mapped "
		        "mounts, which mount(8) makes from util-linux 2.39 on: by hand it is left "
		        "out here)",
		        (long long)spec->container.id_base);
	str_addf(out,
	        "\nmkfifo %s\n"
	        "sh -c 'for d in /sys/fs/cgroup/%s /sys/fs/cgroup/*/%s; do [ ! -d $d ] || echo 0 "
	        ">$d/cgroup.procs; done; exec unshare -%s --fork --kill-child sh' <>%s &\n"
	        "until pid=$(cat /proc/$!/task/$!/children) && [ \"$pid\" ]; do sleep 0.1; done; "
	        "pid=${pid%% }\n",
	        go, run->names->cgroup, run->names->cgroup,
	        spec->network_mode == NET_HOST ? "mipuC" : "mipunC", go);
}

static void explain_interface(const struct run *run, size_t i, struct str *out)
{
	const struct nic *nic = &run->spec->nics[i];
	bool route = nic == spec_route(run->spec);
	char link[16];

	link_of(run->names, i, link);
	str_addf(out,
	        "ip link add %s up type veth peer name eth%zu address %s netns $pid\n"
	        "nsenter -t $pid -n ip address add %s/%d dev eth%zu\n",
	        link, i, nic->mac ? nic->mac : "MAC", nic->address ? nic->address : "ADDRESS",
	        nic->prefix, i);
	if (nic->address6)
		str_addf(out, "nsenter -t $pid -n ip address add %s/%d dev eth%zu nodad\n",
		        nic->address6, nic->prefix6, i);
	str_addf(out, "nsenter -t $pid -n ip link set eth%zu up\n", i);
	if (route && nic->gateway)
		str_addf(out, "nsenter -t $pid -n ip route add default via %s\n", nic->gateway);
	if (route && nic->address6 && nic->gateway6)
		str_addf(out, "nsenter -t $pid -n ip route add default via %s dev eth%zu\n",
		        nic->gateway6, i);
}

void container_network_explain(const struct run *run, struct str *out)
{
	if (run->spec->network_mode == NET_HOST) {
		str_add(out, "the container shares the host's network: nothing is made\n");
		return;
	}
	if (!plug_count(run->spec)) {
		str_add(out,
		        "no network of the lab: the loopback device is all there is\n"
		        "nsenter -t $pid -n ip link set lo up\n");
		return;
	}
	str_add(out,
	        "a veth into the container's network namespace, its address set before PID 1 "
	        "starts\n"
	        "nsenter -t $pid -n ip link set lo up\n");
	for (size_t i = 0; i < plug_count(run->spec); i++)
		explain_interface(run, i, out);
}

/* Where up has not had libvirt make it yet. */
static void explain_bridge(const struct nic *nic, struct str *out)
{
	AUTO_FREE char *path = xasprintf("/sys/class/net/%s", nic->bridge);

	if (!nic->dns || nic->bridged || access(path, F_OK) == 0)
		return;
	str_addf(out,
	        "[ -e %s ] || { ip link add %s type bridge; ip address add %s/%d dev %s; "
	        "ip link set %s up; }\n",
	        path, nic->bridge, nic->dns, nic->prefix, nic->bridge, nic->bridge);
}

void container_bridge_explain(const struct run *run, struct str *out)
{
	char link[16];

	if (!plug_count(run->spec)) {
		str_add(out, "no network of the lab: nothing is plugged in\n");
		return;
	}
	str_add(out,
	        "the host's end of each veth becomes a port of its network's bridge, which libvirt "
	        "makes with a name server, and rules of the firewall that lead out; by hand a bare "
	        "one, of addresses that stand for those that up gives out\n");
	for (size_t i = 0; i < plug_count(run->spec); i++) {
		const char *bridge = run->spec->nics[i].bridge;
		if (bridge)
			explain_bridge(&run->spec->nics[i], out);
		link_of(run->names, i, link);
		COMMAND(out, "ip", "link", "set", link, "master", bridge ? bridge : "BRIDGE");
	}
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

static void add_options(struct str *out, const char *first, uint64_t attr, const char *data)
{
	static const struct {
		uint64_t attr;
		const char *name;
	} names[] = {
	        {MOUNT_ATTR_RDONLY, "ro"},
	        {MOUNT_ATTR_NOSUID, "nosuid"},
	        {MOUNT_ATTR_NODEV, "nodev"},
	        {MOUNT_ATTR_NOEXEC, "noexec"},
	};
	AUTO_STR list = {0};

	str_add(&list, first);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (attr & names[i].attr)
			str_addf(&list, "%s%s", list.len ? "," : "", names[i].name);
	if (data)
		str_addf(&list, "%s%s", list.len ? "," : "", data);
	if (list.len) {
		str_add(out, "-o ");
		str_add_shell(out, str_text(&list));
		str_add(out, " ");
	}
}

/* One thing of the new root's tree; at is its quoted path before the root changes. */
static void add_row(const struct fs_row *row, const char *at, struct str *out)
{
	switch (row->op) {
	case FS_MOUNT:
		str_addf(out, "mkdir -p %s; mount -t %s ", at, row->type);
		add_options(out, "", row->attr_set, row->data);
		str_addf(out, "%s %s", row->source ? row->source : row->type, at);
		break;
	case FS_BIND:
		str_addf(out, "mkdir -p %s; mount --%s %s %s && mount ", at,
		        row->flags & FS_RECURSIVE ? "rbind" : "bind", row->source, at);
		add_options(out, "remount,bind", row->attr_set, NULL);
		str_add(out, at);
		break;
	case FS_NODE:
		str_addf(out, "touch %s; mount --bind %s %s", at,
		        row->source ? row->source : row->path, at);
		break;
	case FS_LINK:
		str_addf(out, "ln -s %s %s", row->source, at);
		break;
	case FS_CHANGE:
		str_add(out, "mount ");
		add_options(out, "remount,bind", row->attr_set, NULL);
		str_add(out, at);
		break;
	case FS_READONLY:
		str_addf(out, "[ ! -e %s ] || { mount --bind %s %s && mount ", at, at, at);
		add_options(out, "remount,bind,ro", row->attr_set, NULL);
		str_addf(out, "%s; }", at);
		break;
	case FS_MASK:
		str_addf(out,
		        "[ ! -d %s ] || mount -t tmpfs -o ro mask %s; [ ! -f %s ] || mount --bind "
		        "/dev/null %s",
		        at, at, at, at);
		break;
	}
}

/* A line that the waiting shell reads. */
static void say(const char *go, const char *line, struct str *out)
{
	str_add(out, "echo ");
	str_add_shell(out, line);
	str_addf(out, " >%s\n", go);
}

static void say_tree(const struct container_plan *plan, const char *go, struct str *out)
{
	AUTO_STR options = {0}, root = {0}, line = {0};

	add_escaped(&options, "lowerdir", plan->lower);
	add_escaped(&options, "upperdir", plan->upper);
	add_escaped(&options, "workdir", plan->work);
	str_add_shell(&root, plan->root);
	str_add(&line, "mount -t overlay overlay -o ");
	str_add_shell(&line, str_text(&options));
	str_addf(&line, " %s", str_text(&root));
	say(go, str_text(&line), out);
	for (size_t i = 0; i < plan->n_rows; i++) {
		AUTO_FREE char *path = xasprintf("%s%s", plan->root, plan->rows[i].path);
		AUTO_STR at = {0}, row = {0};
		str_add_shell(&at, path);
		add_row(&plan->rows[i], str_text(&at), &row);
		say(go, str_text(&row), out);
	}
	str_reset(&line);
	str_addf(&line, "hostname %s; cd %s && pivot_root . . && umount -l .", plan->hostname,
	        str_text(&root));
	say(go, str_text(&line), out);
}

/* prov-init lies on the host: by hand a shell that sleeps stands for it. */
static void say_exec(const struct container_plan *plan, const char *go, struct str *out)
{
	size_t skip = plan->guest_init ? 3 : 0;
	AUTO_STR line = {0};

	str_add(&line, "exec env -i");
	for (size_t i = 0; i < plan->env.n; i++) {
		str_add(&line, " ");
		str_add_shell(&line, plan->env.v[i]);
	}
	for (size_t i = skip; i < plan->argv.n; i++) {
		str_add(&line, " ");
		str_add_shell(&line, plan->argv.v[i]);
	}
	if (plan->argv.n <= skip)
		str_add(&line, " sh -c 'while :; do sleep 3600; done'");
	str_add(&line, " </dev/null >/dev/null 2>&1");
	say(go, str_text(&line), out);
}

void container_start_explain(const struct run *run, struct str *out)
{
	AUTO_FREE char *go = pipe_of(run);
	struct container_plan plan;

	container_plan_build(run->spec, run->names, &plan);
	str_addf(out,
	        "the child mounts the overlay and what belongs into it, changes its root, drops "
	        "capabilities (capset(2), PR_CAPBSET_DROP), loads the filter of system calls "
	        "(seccomp(2)) and executes PID 1%s; by hand without the two, since unshare needs "
	        "them\n",
	        plan.log ? ", whose output prov-mon keeps" : "");
	say_tree(&plan, go, out);
	say_exec(&plan, go, out);
	str_add(out,
	        "until grep -q container=prov /proc/$pid/environ; do sleep 0.1; done\n"
	        "nsenter -t $pid -a hostname\n");
	container_plan_clear(&plan);
}
