#include "providers/container/plug.h"

#include "net/veth.h"
#include "providers/container/session.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

size_t plug_count(const struct machine_spec *spec)
{
	return spec->network_mode == NET_LAB ? spec->n_nics : 0;
}

static void all_links(const struct names *names, struct link_name out[DERIVE_LINKS])
{
	memset(out, 0, DERIVE_LINKS * sizeof(*out));
	for (size_t i = 0; i < DERIVE_LINKS; i++)
		link_of(names, i, out[i].text);
}

/* A bit for each number that is in use. */
static unsigned in_use(const struct names *names)
{
	struct link_name links[DERIVE_LINKS];

	all_links(names, links);
	return veth_which(links, DERIVE_LINKS);
}

static int open_netns(pid_t pid, struct err *err)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "open the container's network namespace") : fd;
}

static void describe(
        const struct nic *nic, bool route, const struct names *names, size_t i, struct veth *out)
{
	*out = (struct veth){
	        .bridge = nic->bridge,
	        .mac = nic->mac,
	        .mtu = nic->mtu,
	        .address = nic->address,
	        .prefix = nic->prefix,
	        .gateway = route ? nic->gateway : NULL,
	        .address6 = nic->address6,
	        .prefix6 = nic->prefix6,
	        .gateway6 = route ? nic->gateway6 : NULL,
	};
	link_of(names, i, out->link);
	snprintf(out->inside, sizeof(out->inside), "eth%zu", i);
}

int plug_create(const struct machine_spec *spec, const struct names *names, size_t first, size_t n,
        pid_t pid, struct err *err)
{
	struct veth veths[DERIVE_LINKS];
	AUTO_FD int netns = open_netns(pid, err);

	if (netns < 0)
		return -1;
	if (first + n > DERIVE_LINKS)
		return err_set(
		        err, ERR_FAILED, "a container has at most %d interfaces", DERIVE_LINKS);
	for (size_t i = 0; i < n; i++)
		describe(&spec->nics[first + i], &spec->nics[first + i] == spec_route(spec), names,
		        first + i, &veths[i]);
	return veth_create(veths, n, netns, err);
}

bool plug_is_tidy(const struct machine_spec *spec, const struct names *names)
{
	size_t n = plug_count(spec);
	char link[16];

	if (in_use(names) >> n)
		return false;
	for (size_t i = 0; i < n; i++) {
		link_of(names, i, link);
		if (veth_look(link, spec->nics[i].bridge) != VETH_PLUGGED)
			return false;
	}
	return true;
}

static int tidy_one(const struct machine_spec *spec, const struct names *names, size_t i, pid_t pid,
        struct err *err)
{
	const struct nic *nic = &spec->nics[i];
	char link[16];

	link_of(names, i, link);
	if (!nic->bridge)
		return err_set(err, ERR_FAILED, "the network '%s' has no bridge", nic->network);
	switch (veth_look(link, nic->bridge)) {
	case VETH_PLUGGED:
		return 0;
	case VETH_LOOSE:
		return veth_plug(link, nic->bridge, err);
	case VETH_ABSENT:
		break;
	}
	if (pid)
		return plug_create(spec, names, i, 1, pid, err);
	err_set(err, ERR_FAILED, "the container's link '%s' has gone", link);
	return err_hint(err, "prov reload %s", spec->selector);
}

int plug_tidy(
        const struct machine_spec *spec, const struct names *names, pid_t pid, struct err *err)
{
	size_t n = plug_count(spec);
	unsigned used = in_use(names);
	char link[16];

	for (size_t i = 0; i < n; i++)
		if (tidy_one(spec, names, i, pid, err) < 0)
			return -1;
	for (size_t i = n; i < DERIVE_LINKS; i++) {
		link_of(names, i, link);
		if (used >> i & 1 && veth_cut(link, err) < 0)
			return -1;
	}
	return 0;
}

int plug_remove_all(const struct names *names, struct err *err)
{
	struct link_name links[DERIVE_LINKS];

	all_links(names, links);
	return veth_remove(links, DERIVE_LINKS, err);
}

/* The number of the network's interface: its place in the spec, else where it is connected, else
 * the first free one behind the spec's; DERIVE_LINKS: none is free. */
static size_t number_of(const struct session *s, const char *network)
{
	size_t n = plug_count(s->spec), vacant = DERIVE_LINKS;
	unsigned used = in_use(s->names);
	char link[16];

	for (size_t i = 0; i < n; i++)
		if (str_eq(s->spec->nics[i].network, network))
			return i;
	for (size_t i = n; i < DERIVE_LINKS; i++) {
		link_of(s->names, i, link);
		if (used >> i & 1 && veth_has_alias(link, network))
			return i;
		if (vacant == DERIVE_LINKS && !(used >> i & 1))
			vacant = i;
	}
	return vacant;
}

static int plug_in(
        const struct session *s, const struct nic *nic, size_t i, pid_t pid, struct err *err)
{
	AUTO_FD int netns = open_netns(pid, err);
	struct veth veth;

	if (netns < 0)
		return -1;
	describe(nic, nic->default_route, s->names, i, &veth);
	veth.alias = nic->network;
	if (veth_create(&veth, 1, netns, err) == 0)
		return 1;
	(void)!veth_cut(veth.link, NULL);
	return -1;
}

int container_plug(void *session, const struct nic *nic, bool in, struct err *err)
{
	const struct session *s = session;
	pid_t pid = container_pid(s);
	char link[16];

	if (!pid)
		return err_set(err, ERR_FAILED, "'%s' is not running", s->spec->selector);
	if (s->spec->network_mode == NET_HOST)
		return err_set(err, ERR_CONFIG,
		        "'%s' has the host's network: it cannot join another", s->spec->selector);
	size_t i = number_of(s, nic->network);
	if (i >= DERIVE_LINKS)
		return in ? err_set(err, ERR_FAILED, "a container has at most %d interfaces",
		                    DERIVE_LINKS)
		          : 0;
	link_of(s->names, i, link);
	if (in == (veth_look(link, NULL) != VETH_ABSENT))
		return 0;
	if (in)
		return plug_in(s, nic, i, pid, err);
	return veth_cut(link, err) < 0 ? -1 : 1;
}

bool container_plugged(void *session, const struct nic *nic)
{
	const struct session *s = session;
	size_t i = number_of(s, nic->network);
	char link[16];

	if (i >= DERIVE_LINKS || !container_pid(s))
		return false;
	link_of(s->names, i, link);
	return veth_look(link, NULL) != VETH_ABSENT;
}
