/*
 * The ports of the host that labs have, whichever home they are of: read from the tables that lead
 * them away, as nft lists them. What a lab that does not run would have is not there.
 */
#include "net/ports.h"

#include "base/proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* By family: how the listing of a lab's table begins. */
static const char *const starts[] = {"table ip prov-", "table ip6 prov-"};

static const char *lab_of(const char *line, bool *v6)
{
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		*v6 = i;
		if (str_starts(line, starts[i]))
			return line + strlen(starts[i]);
	}
	return NULL;
}

/* The word behind these in a rule; false: they are not there. */
static bool word_behind(const char *line, const char *what, char *out, size_t size)
{
	const char *at = strstr(line, what);

	if (!at)
		return false;
	at += strlen(what);
	snprintf(out, size, "%.*s", (int)strcspn(at, " \""), at);
	return true;
}

static bool read_address(const char *line, bool v6, struct host_address *out)
{
	char word[64] = "", text[72];

	if (strstr(line, "fib daddr type ")) {
		*out = v6 ? host_address_v6(&in6addr_any) : host_address_v4(0);
		return true;
	}
	if (!word_behind(line, v6 ? "ip6 daddr " : "ip daddr ", word, sizeof(word)))
		return false;
	snprintf(text, sizeof(text), v6 ? "[%s]" : "%s", word);
	return host_address_read(text, out);
}

/* Of a rule as ports_script writes them. */
static bool read_rule(const char *line, bool v6, struct ports_held *out)
{
	char ports[32];

	out->udp = strstr(line, " udp dport ");
	if (!strstr(line, " dnat to ") ||
	        !word_behind(
	                line, out->udp ? " udp dport " : " tcp dport ", ports, sizeof(ports)) ||
	        !word_behind(line, " comment \"", out->machine, sizeof(out->machine)))
		return false;
	int n = sscanf(ports, "%d-%d", &out->host, &out->host_last);
	if (n == 1)
		out->host_last = out->host;
	return n >= 1 && read_address(line, v6, &out->address);
}

void ports_held_read(const char *listings, struct ports_held_list *out)
{
	AUTO_FREE char *copy = xstrdup(listings);
	struct ports_held now = {0};
	bool v6 = false, inside = false;
	char *save = NULL;

	for (char *w = strtok_r(copy, "\n", &save); w; w = strtok_r(NULL, "\n", &save)) {
		if (str_starts(w, "table ")) {
			const char *lab = lab_of(w, &v6);
			now = (struct ports_held){0};
			snprintf(now.lab, sizeof(now.lab), "%.*s", lab ? (int)strcspn(lab, " ") : 0,
			        lab ? lab : "");
			inside = false;
		} else if (strstr(w, "chain ")) {
			/* For what the host itself asks: this one has every rule. */
			inside = now.lab[0] && strstr(w, "chain host {");
		} else if (inside && read_rule(w, v6, &now)) {
			out->rows = xrealloc(out->rows, out->n + 1, sizeof(*out->rows));
			out->rows[out->n++] = now;
		}
	}
}

int ports_held_listings(struct str *out, struct err *err)
{
	const struct nft_ops *nft;
	AUTO_STR tables = {0};
	void *symbol;
	char *save = NULL;

	if (module_symbol("prov-nft", "prov_nft", &symbol, err) < 0)
		return -1;
	nft = symbol;
	if (nft->run("list tables", false, &tables, err) < 0)
		return -1;
	for (char *w = strtok_r(tables.buf, "\n", &save); w; w = strtok_r(NULL, "\n", &save)) {
		bool v6;
		struct err none;
		if (!lab_of(w, &v6))
			continue;
		AUTO_FREE char *what = xasprintf("list chain%s host", w + strlen("table"));
		/* Its lab may have been destroyed meanwhile. */
		(void)!nft->run(what, false, out, &none);
	}
	return 0;
}
