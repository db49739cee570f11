/*
 * Scarce numbers: a subnet for the lab, an address for each machine. Allocated once, in file order,
 * and recorded; a machine keeps its address as long as the file or a journal knows it.
 */
#include "lab/prepare.h"

#include "base/digest.h"
#include "base/fs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char subnet_key[] = "net.default.subnet";
static const char address_prefix[] = "ip.default.";

struct subnet {
	uint32_t base; /* host byte order */
	int prefix;
};

static uint32_t mask_of(int prefix)
{
	return prefix ? ~UINT32_C(0) << (32 - prefix) : 0;
}

static bool overlap(struct subnet a, struct subnet b)
{
	uint32_t mask = mask_of(a.prefix < b.prefix ? a.prefix : b.prefix);

	return (a.base & mask) == (b.base & mask);
}

static bool parse_subnet(const char *text, struct subnet *out)
{
	char address[INET_ADDRSTRLEN];
	struct in_addr in;

	if (!text || sscanf(text, "%15[0-9.]/%d", address, &out->prefix) != 2 ||
	        inet_pton(AF_INET, address, &in) != 1)
		return false;
	out->base = ntohl(in.s_addr);
	return out->prefix > 0 && out->prefix <= 30;
}

static char *address_text(uint32_t address)
{
	struct in_addr in = {htonl(address)};
	char text[INET_ADDRSTRLEN];

	return xstrdup(inet_ntop(AF_INET, &in, text, sizeof(text)));
}

struct taken {
	struct subnet *nets;
	size_t n;
};

static void add_taken(struct taken *taken, struct subnet net)
{
	taken->nets = xrealloc(taken->nets, taken->n + 1, sizeof(*taken->nets));
	taken->nets[taken->n++] = net;
}

/* The host's routes, but for the default one: /proc/net/route, hexadecimal in network byte order.
 */
static int add_routes(struct taken *taken, struct err *err)
{
	AUTO_STR text = {0};
	char *save = NULL;

	if (fs_read("/proc/net/route", 1 << 20, &text, err) < 0)
		return -1;
	for (char *line = strtok_r(text.buf, "\n", &save); line;
	        line = strtok_r(NULL, "\n", &save)) {
		uint32_t destination, mask;
		if (sscanf(line, "%*s %" SCNx32 " %*x %*x %*d %*d %*d %" SCNx32, &destination,
		            &mask) == 2 &&
		        mask)
			add_taken(taken,
			        (struct subnet){ntohl(destination), __builtin_popcount(mask)});
	}
	return 0;
}

static int add_other_labs(const struct lab *lab, struct taken *taken, struct err *err)
{
	AUTO_STRV ids = {0};

	if (lab_ids(lab->home, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.n; i++) {
		AUTO_FREE char *path = xasprintf("%s/labs/%s/lab.journal", lab->home, ids.v[i]);
		struct journal_state state = {0};
		struct subnet net;
		if (!str_eq(ids.v[i], lab->id) && journal_read(path, &state, NULL) == 0 &&
		        parse_subnet(journal_fact(&state, subnet_key), &net))
			add_taken(taken, net);
		journal_state_clear(&state);
	}
	return 0;
}

static bool is_free(const struct taken *taken, struct subnet net)
{
	for (size_t i = 0; i < taken->n; i++)
		if (overlap(taken->nets[i], net))
			return false;
	return true;
}

static size_t members(const struct lab *lab)
{
	size_t n = 0;

	for (size_t i = 0; i < lab->n; i++)
		n += lab->machines[i].spec.network_mode == NET_LAB;
	return n;
}

/* 10.64.0.0/10, searched from a place that the lab id picks, so that labs of two hosts seldom meet.
 */
static int choose_subnet(const struct lab *lab, struct subnet *out, struct err *err)
{
	struct taken taken = {0};
	char hex[DIGEST_HEX_LEN + 1];
	int prefix = 24;
	int rc = 0;

	if (add_routes(&taken, err) < 0 || add_other_labs(lab, &taken, err) < 0)
		rc = -1;
	while (members(lab) + 2 > (UINT32_C(1) << (32 - prefix)) - 1 && prefix > 16)
		prefix--;
	digest_bytes(lab->id, strlen(lab->id), hex);
	hex[6] = '\0';
	uint32_t count = UINT32_C(1) << (prefix - 10), start = (uint32_t)strtoul(hex, NULL, 16);
	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		struct subnet net = {(UINT32_C(10) << 24 | UINT32_C(64) << 16) +
		                ((start + i) % count << (32 - prefix)),
		        prefix};
		if (is_free(&taken, net)) {
			*out = net;
			free(taken.nets);
			return 0;
		}
	}
	free(taken.nets);
	return rc < 0 ? rc : err_set(err, ERR_HOST, "no free subnet is left in 10.64.0.0/10");
}

/* Two labs that come up at once choose one after the other. */
static int record_subnet(struct lab *lab, struct err *err)
{
	AUTO_FD int fd = lab_home_lock(lab->home, err);
	struct subnet net = {0};

	if (fd < 0)
		return -1;
	if (choose_subnet(lab, &net, err) < 0)
		return -1;
	AUTO_FREE char *base = address_text(net.base);
	AUTO_FREE char *text = xasprintf("%s/%d", base, net.prefix);
	return journal_set(lab->journal, subnet_key, text, err);
}

static bool known(const struct lab *lab, const char *selector)
{
	for (size_t i = 0; i < lab->n; i++)
		if (str_eq(lab->machines[i].spec.selector, selector))
			return true;
	return false;
}

int alloc_forget(struct lab *lab, const char *prefix, struct err *err)
{
	AUTO_STRV gone = {0};
	const struct journal_state *state = journal_state(lab->journal);

	for (size_t i = 0; i < state->n_facts; i++) {
		const char *key = state->facts[i].key;
		if (str_starts(key, prefix) && !known(lab, key + strlen(prefix)))
			strv_add(&gone, key);
	}
	for (size_t i = 0; i < gone.n; i++)
		if (journal_set(lab->journal, gone.v[i], NULL, err) < 0)
			return -1;
	return 0;
}

static bool address_used(const struct journal_state *state, const char *address)
{
	for (size_t i = 0; i < state->n_facts; i++)
		if (str_starts(state->facts[i].key, address_prefix) &&
		        str_eq(state->facts[i].value, address))
			return true;
	return false;
}

static int record_address(
        struct lab *lab, const char *selector, struct subnet net, uint32_t *next, struct err *err)
{
	AUTO_FREE char *key = xasprintf("%s%s", address_prefix, selector);
	const struct journal_state *state = journal_state(lab->journal);

	if (journal_fact(state, key))
		return 0;
	for (; *next < ~mask_of(net.prefix); ++*next) {
		AUTO_FREE char *address = address_text(net.base + *next);
		if (!address_used(state, address))
			return journal_set(lab->journal, key, address, err);
	}
	err_set(err, ERR_FAILED, "network 'default' has no address left for '%s'", selector);
	return err_hint(
	        err, "destroy the lab once: its next subnet follows the number of its machines");
}

int alloc_network(struct lab *lab, struct err *err)
{
	struct subnet net;
	uint32_t next = 2; /* .1 is the host */

	if (members(lab) == 0)
		return 0;
	if (!journal_fact(journal_state(lab->journal), subnet_key) && record_subnet(lab, err) < 0)
		return -1;
	if (!parse_subnet(journal_fact(journal_state(lab->journal), subnet_key), &net))
		return err_set(err, ERR_FAILED, "the lab's journal holds no readable subnet");
	if (alloc_forget(lab, address_prefix, err) < 0)
		return -1;
	for (size_t i = 0; i < lab->n; i++)
		if (lab->machines[i].spec.network_mode == NET_LAB &&
		        record_address(lab, lab->machines[i].spec.selector, net, &next, err) < 0)
			return -1;
	return 0;
}

void alloc_fill(const struct journal_state *state, struct machine_spec *spec)
{
	AUTO_FREE char *key = xasprintf("%s%s", address_prefix, spec->selector);
	const char *address = journal_fact(state, key);
	struct subnet net;

	alloc_fill_ids(state, spec);
	if (spec->network_mode != NET_LAB || spec->n_nics || !address ||
	        !parse_subnet(journal_fact(state, subnet_key), &net))
		return;
	spec->nics = xcalloc(1, sizeof(*spec->nics));
	spec->n_nics = 1;
	spec->nics[0] = (struct nic){
	        .network = xstrdup("default"),
	        .libvirt = derive_network(spec->lab_id, "default"),
	        .mac = derive_mac(spec->lab_id, spec->selector, "default"),
	        .address = xstrdup(address),
	        .prefix = net.prefix,
	        .gateway = address_text(net.base + 1),
	        .dns = address_text(net.base + 1),
	        .default_route = true,
	        .bridge = xstrdup(journal_fact(state, "net.default.bridge")),
	};
	AUTO_FREE char *names = spec_host_names(spec, spec->alias);
	strv_addf(&spec->hosts, "%s %s", address, names);
}
