#include "lab/network/subnets.h"

#include "base/fs.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void subnet_uses_clear(struct subnet_uses *uses)
{
	for (size_t i = 0; i < uses->n; i++) {
		free(uses->v[i].by);
		free(uses->v[i].try);
	}
	free(uses->v);
	*uses = (struct subnet_uses){0};
}

static struct subnet_use *add_use(struct subnet_uses *uses, struct subnet net)
{
	uses->v = xrealloc(uses->v, uses->n + 1, sizeof(*uses->v));
	uses->v[uses->n] = (struct subnet_use){.net = net};
	return &uses->v[uses->n++];
}

/* /proc/net/route: hexadecimal in network byte order. */
int subnet_routes(struct route **out, size_t *n, struct err *err)
{
	AUTO_STR text = {0};
	char *save = NULL;

	*out = NULL;
	*n = 0;
	if (fs_read("/proc/net/route", 1 << 20, &text, err) < 0)
		return -1;
	if (!text.len)
		return 0;
	for (char *line = strtok_r(text.buf, "\n", &save); line;
	        line = strtok_r(NULL, "\n", &save)) {
		uint32_t to, via, mask;
		struct route route = {0};
		if (sscanf(line, "%15s %" SCNx32 " %" SCNx32 " %*x %*d %*d %*d %" SCNx32,
		            route.device, &to, &via, &mask) != 4)
			continue;
		route.net = (struct subnet){ntohl(to), __builtin_popcount(mask)};
		route.gateway = ntohl(via);
		*out = xrealloc(*out, *n + 1, sizeof(**out));
		(*out)[(*n)++] = route;
	}
	return 0;
}

/* The bridge of one of the lab's own networks: its MAC tells, also where a killed command did not
 * get to recording its name. */
static bool is_own(const struct lab *lab, const char *device)
{
	AUTO_FREE char *path = xasprintf("/sys/class/net/%s/address", device);
	AUTO_STR text = {0};
	AUTO_STRV names = {0};
	bool own = false;

	if (!lab->id || fs_read(path, 64, &text, NULL) < 0)
		return false;
	net_joined(lab, &names);
	net_recorded(lab->journal ? journal_state(lab->journal) : &lab->state, &names);
	for (size_t i = 0; i < names.n && !own; i++) {
		AUTO_FREE char *mac = derive_network_mac(lab->id, names.v[i]);
		own = str_starts(str_text(&text), mac);
	}
	return own;
}

static int add_routes(const struct lab *lab, struct subnet_uses *uses, struct err *err)
{
	AUTO_FREE struct route *routes = NULL;
	size_t n;

	if (subnet_routes(&routes, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!routes[i].net.prefix || is_own(lab, routes[i].device))
			continue;
		AUTO_FREE char *to = ipv4_text(routes[i].net.address);
		struct subnet_use *use = add_use(uses, routes[i].net);
		use->by = xasprintf(
		        "the host's route %s/%d by %s", to, routes[i].net.prefix, routes[i].device);
		use->try = xasprintf(
		        "write another subnet, or none, and a free one is found; see 'ip route'");
	}
	return 0;
}

static void add_recorded(const struct journal_state *state, const char *lab, const char *id,
        const char *but, struct subnet_uses *uses)
{
	AUTO_STRV names = {0};
	struct subnet net;

	net_recorded(state, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *subnet = net_fact(state, names.v[i], "subnet");
		if (str_eq(names.v[i], but) || !subnet || value_subnet(subnet, &net, NULL) < 0)
			continue;
		struct subnet_use *use = add_use(uses, net);
		use->by = id ? xasprintf("%s, the network '%s' of lab '%s' (%s)", subnet,
		                       names.v[i], lab, id)
		             : xasprintf("%s, the network '%s' of this lab", subnet, names.v[i]);
		use->try = id ? xasprintf("write another subnet, or none, and a free one is found; "
		                          "or prov destroy --lab %s",
		                        id)
		              : xasprintf("write another subnet, or destroy the lab once");
	}
}

static int add_other_labs(const struct lab *lab, struct subnet_uses *uses, struct err *err)
{
	AUTO_STRV ids = {0};

	if (lab_ids(lab->home, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.n; i++) {
		struct journal_state state = {0};
		struct lab_header header = {0};
		if (lab_other(lab, ids.v[i], "subnets", &state, err) < 0)
			return -1;
		bool named = state.spec && lab_header_read(state.spec, &header, NULL) == 0;
		add_recorded(&state, named ? header.lab : "?", ids.v[i], NULL, uses);
		lab_header_clear(&header);
		journal_state_clear(&state);
	}
	return 0;
}

int subnet_uses_find(
        const struct lab *lab, const char *name, struct subnet_uses *uses, struct err *err)
{
	/* The routes last: one by another lab's bridge says less than that lab's name. */
	if (add_other_labs(lab, uses, err) < 0)
		return -1;
	if (lab->id)
		add_recorded(lab->journal ? journal_state(lab->journal) : &lab->state, NULL, NULL,
		        name, uses);
	return add_routes(lab, uses, err);
}

const struct subnet_use *subnet_user(const struct subnet_uses *uses, const struct subnet *net)
{
	for (size_t i = 0; i < uses->n; i++)
		if (subnet_overlap(&uses->v[i].net, net))
			return &uses->v[i];
	return NULL;
}
