#include "lab/network/published_others.h"

#include "lab/network/networks.h"
#include "net/ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Some ten thousand rules: as many as ports are chosen from. Of more, the first are known. */
enum { LISTINGS_MAX = 1 << 20 };

static char *label_of(const struct journal_state *state, const char *id)
{
	struct lab_header header = {0};
	bool named = state->spec && lab_header_read(state->spec, &header, NULL) == 0;
	char *label = named ? xasprintf("'%s' (%s)", header.lab, id) : xstrdup(id);

	lab_header_clear(&header);
	return label;
}

int published_others_read(const struct lab *lab, struct published_others *out, struct err *err)
{
	if (lab_ids(lab->home, &out->ids, err) < 0)
		return -1;
	out->lists = xcalloc(out->ids.n + 1, sizeof(*out->lists));
	for (size_t i = 0; i < out->ids.n; i++) {
		struct journal_state state = {0};
		if (lab_other(lab, out->ids.v[i], "ports", &state, err) < 0)
			return -1;
		published_read(&state, &out->lists[i]);
		AUTO_FREE char *label = label_of(&state, out->ids.v[i]);
		strv_add(&out->labels, label);
		journal_state_clear(&state);
	}
	return 0;
}

static int call_listings(const void *arg, void *result, struct err *err)
{
	AUTO_STR text = {0};

	(void)arg;
	if (ports_held_listings(&text, err) < 0)
		return -1;
	snprintf(result, LISTINGS_MAX, "%s", str_text(&text));
	return 0;
}

static size_t entry_of(struct published_others *out, const char *id)
{
	for (size_t i = 0; i < out->ids.n; i++)
		if (str_eq(out->ids.v[i], id))
			return i;
	AUTO_FREE char *label = xasprintf("%s of another PROV_HOME", id);
	out->lists = xrealloc(out->lists, out->ids.n + 1, sizeof(*out->lists));
	out->lists[out->ids.n] = (struct published_list){0};
	strv_add(&out->ids, id);
	strv_add(&out->labels, label);
	return out->ids.n - 1;
}

static void add_held(
        const struct ports_held_list *held, const struct lab *lab, struct published_others *out)
{
	size_t n_home = out->ids.n;

	for (size_t i = 0; i < held->n; i++) {
		const struct ports_held *h = &held->rows[i];
		struct port_map map = {.address = h->address,
		        .host = h->host,
		        .host_last = h->host_last,
		        .udp = h->udp};
		if (str_eq(h->lab, lab->id))
			continue;
		size_t at = entry_of(out, h->lab);
		/* A journal of this home says it too, also of those that do not run. */
		if (at >= n_home)
			published_add(&out->lists[at], h->machine, &map, false);
	}
}

void published_others_ask(const struct lab *lab, struct published_others *out)
{
	struct ports_held_list held = {0};

	/* Nobody else publishes anything, or may ask. */
	if (out->asked || geteuid() != 0)
		return;
	out->asked = true;
	AUTO_FREE char *listings = xcalloc(1, LISTINGS_MAX);
	if (helper_call(NULL, call_listings, NULL, listings, LISTINGS_MAX, NULL) == 0)
		ports_held_read(listings, &held);
	add_held(&held, lab, out);
	free(held.rows);
}

void published_others_clear(struct published_others *n)
{
	for (size_t i = 0; i < n->ids.n; i++)
		published_clear(&n->lists[i]);
	free(n->lists);
	strv_clear(&n->ids);
	strv_clear(&n->labels);
}
