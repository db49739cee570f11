/* Published ports as facts of a journal. */
#include "lab/network/published.h"

#include <stdlib.h>
#include <string.h>

static const char prefix[] = PUBLISHED_FACT;

void published_add(
        struct published_list *list, const char *machine, const struct port_map *map, bool chosen)
{
	if ((list->n & (list->n - 1)) == 0)
		list->rows = xrealloc(list->rows, list->n * 2 + 1, sizeof(*list->rows));
	list->rows[list->n++] = (struct published){xstrdup(machine), *map, chosen};
}

static void read_fact(const char *machine, const char *value, struct published_list *list)
{
	AUTO_FREE char *copy = xstrdup(value);
	char *save = NULL;
	struct port_map map;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		size_t n = strlen(word);
		bool chosen = word[n - 1] == '*';
		if (chosen)
			word[n - 1] = '\0';
		if (value_port(word, &map, NULL) == 0 && map.host)
			published_add(list, machine, &map, chosen);
	}
}

void published_read(const struct journal_state *state, struct published_list *list)
{
	for (size_t i = 0; i < state->n_facts; i++)
		if (str_starts(state->facts[i].key, prefix))
			read_fact(
			        state->facts[i].key + strlen(prefix), state->facts[i].value, list);
}

void published_clear(struct published_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->rows[i].machine);
	free(list->rows);
	*list = (struct published_list){0};
}

const struct published *published_next(
        const struct published_list *list, const char *machine, const struct published *after)
{
	for (size_t i = after ? (size_t)(after - list->rows) + 1 : 0; i < list->n; i++)
		if (str_eq(list->rows[i].machine, machine))
			return &list->rows[i];
	return NULL;
}

static void add_range(struct str *out, int first, int last)
{
	str_addf(out, "%d", first);
	if (last > first)
		str_addf(out, "-%d", last);
}

char *published_host(const struct published *row)
{
	AUTO_FREE char *address = host_address_text(&row->map.address);
	struct str out = {0};

	str_addf(&out, "%s:", address);
	add_range(&out, row->map.host, row->map.host_last);
	return str_steal(&out);
}

char *published_fact(const struct published_list *list, const char *machine)
{
	struct str out = {0};

	for (const struct published *row = NULL; (row = published_next(list, machine, row));) {
		AUTO_FREE char *host = published_host(row);
		str_addf(&out, "%s%s:", out.len ? " " : "", host);
		add_range(&out, row->map.guest, row->map.guest_last);
		str_addf(&out, "/%s%s", row->map.udp ? "udp" : "tcp", row->chosen ? "*" : "");
	}
	return out.len ? str_steal(&out) : NULL;
}
