#include "lab/network/published_others.h"

#include <stdlib.h>

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

void published_others_clear(struct published_others *n)
{
	for (size_t i = 0; i < n->ids.n; i++)
		published_clear(&n->lists[i]);
	free(n->lists);
	strv_clear(&n->ids);
	strv_clear(&n->labels);
}
