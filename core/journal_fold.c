/* Lines to state. Unknown kinds of lines and keys are ignored: a later prov may add some. */
#include "core/journal_internal.h"

#include "base/jsontext.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t crc32_of(const char *bytes, size_t n)
{
	/* Reflected polynomial 0xedb88320, four bits at a time. */
	static const uint32_t nibble[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
	        0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8,
	        0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < n; i++) {
		crc ^= (unsigned char)bytes[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

void journal_line(struct str *out, const char *json)
{
	str_addf(out, "%08x ", crc32_of(json, strlen(json)));
	str_add(out, json);
	str_add(out, "\n");
}

static void set_text(char **slot, json_t *line, const char *key)
{
	const char *text = json_text(line, key, NULL);

	free(*slot);
	*slot = xstrdup(text);
}

static struct step_record *record_of(struct journal_state *state, json_t *line)
{
	const char *name = json_text(line, "s", NULL);

	if (!name)
		return NULL;
	for (size_t i = 0; i < state->n_steps; i++)
		if (str_eq(state->steps[i].name, name))
			return &state->steps[i];
	state->steps = xrealloc(state->steps, state->n_steps + 1, sizeof(*state->steps));
	struct step_record *record = &state->steps[state->n_steps++];
	*record = (struct step_record){.name = xstrdup(name)};
	return record;
}

static void forget_failure(struct journal_state *state)
{
	free(state->failed_step);
	free(state->failed_message);
	state->failed_step = state->failed_message = NULL;
	state->failed_code = 0;
}

static int fold_header(struct journal_state *state, json_t *line)
{
	state->exists = true;
	state->format = (int)json_integer_value(json_object_get(line, "v"));
	set_text(&state->kind, line, "kind");
	set_text(&state->provider, line, "provider");
	set_text(&state->spec, line, "spec");
	return 0;
}

static int fold_begun(struct journal_state *state, json_t *line)
{
	struct step_record *record = record_of(state, line);

	if (!record)
		return -1;
	forget_failure(state);
	record->state = STEP_BEGUN;
	record->digest[0] = '\0';
	record->begun_ns = json_integer_value(json_object_get(line, "t"));
	record->done_ns = 0;
	snprintf(record->boot_id, sizeof(record->boot_id), "%s",
	        state->boot_id ? state->boot_id : "");
	return 0;
}

static int fold_done(struct journal_state *state, json_t *line)
{
	struct step_record *record = record_of(state, line);
	const char *digest = json_text(line, "d", NULL);

	if (!record)
		return -1;
	record->state = STEP_DONE;
	record->is_volatile = json_is_true(json_object_get(line, "volatile"));
	record->done_ns = json_integer_value(json_object_get(line, "t"));
	snprintf(record->digest, sizeof(record->digest), "%s", digest ? digest : "");
	snprintf(record->boot_id, sizeof(record->boot_id), "%s",
	        state->boot_id ? state->boot_id : "");
	return 0;
}

static int fold_reverting(struct journal_state *state, json_t *line)
{
	struct step_record *record = record_of(state, line);

	if (!record)
		return -1;
	forget_failure(state);
	record->state = STEP_REVERTING;
	return 0;
}

static int fold_reverted(struct journal_state *state, json_t *line)
{
	struct step_record *record = record_of(state, line);

	if (!record)
		return -1;
	record->state = STEP_ABSENT;
	record->digest[0] = '\0';
	return 0;
}

static int fold_failed(struct journal_state *state, json_t *line)
{
	set_text(&state->failed_step, line, "s");
	set_text(&state->failed_message, line, "message");
	state->failed_code = (int)json_integer_value(json_object_get(line, "code"));
	return 0;
}

static int fold_fact(struct journal_state *state, json_t *line)
{
	const char *key = json_text(line, "key", NULL);
	const char *value = json_text(line, "value", NULL);
	size_t i = 0;

	if (!key)
		return -1;
	while (i < state->n_facts && !str_eq(state->facts[i].key, key))
		i++;
	if (i == state->n_facts) {
		if (!value)
			return 0;
		state->facts = xrealloc(state->facts, i + 1, sizeof(*state->facts));
		state->facts[state->n_facts++] = (struct journal_fact){.key = xstrdup(key)};
	}
	free(state->facts[i].value);
	state->facts[i].value = xstrdup(value);
	if (!value) {
		free(state->facts[i].key);
		state->facts[i] = state->facts[--state->n_facts];
	}
	return 0;
}

static int fold_torn(struct journal_state *state, json_t *line)
{
	(void)line;
	state->torn = true;
	return 0;
}

int journal_fold(struct journal_state *state, json_t *line)
{
	static const struct {
		const char *kind;
		int (*fold)(struct journal_state *, json_t *);
	} kinds[] = {
	        {"header", fold_header},
	        {"begun", fold_begun},
	        {"done", fold_done},
	        {"reverting", fold_reverting},
	        {"reverted", fold_reverted},
	        {"failed", fold_failed},
	        {"fact", fold_fact},
	        {"torn", fold_torn},
	};
	const char *kind = json_text(line, "k", NULL);

	if (!kind)
		return -1;
	if (json_object_get(line, "boot")) {
		state->rebooted = state->rebooted || state->boot_id;
		set_text(&state->boot_id, line, "boot");
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (str_eq(kinds[i].kind, kind))
			return kinds[i].fold(state, line);
	return 0;
}

static int fold_text(struct journal_state *state, const char *text, size_t n)
{
	uint32_t crc = 0;

	if (n < 10 || text[8] != ' ')
		return -1;
	for (size_t i = 0; i < 8; i++) {
		if (!isdigit((unsigned char)text[i]) && (text[i] < 'a' || text[i] > 'f'))
			return -1;
		crc = crc << 4 | (uint32_t)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
	}
	if (crc != crc32_of(text + 9, n - 9))
		return -1;
	json_t *line = json_loadb(text + 9, n - 9, 0, NULL);
	int rc = line ? journal_fold(state, line) : -1;
	json_decref(line);
	return rc;
}

size_t journal_fold_file(struct journal_state *state, const char *bytes, size_t n)
{
	size_t number = 1;

	for (size_t at = 0, next; at < n; at = next, number++) {
		const char *newline = memchr(bytes + at, '\n', n - at);
		next = newline ? (size_t)(newline - bytes) + 1 : n;
		if (newline && fold_text(state, bytes + at, next - at - 1) == 0)
			continue;
		if (next == n) {
			state->torn = true;
			return at;
		}
		if (!state->damaged)
			state->damaged_line = number;
		state->damaged = true;
	}
	return n;
}

void journal_state_clear(struct journal_state *state)
{
	for (size_t i = 0; i < state->n_steps; i++)
		free(state->steps[i].name);
	for (size_t i = 0; i < state->n_facts; i++) {
		free(state->facts[i].key);
		free(state->facts[i].value);
	}
	free(state->steps);
	free(state->facts);
	free(state->kind);
	free(state->provider);
	free(state->spec);
	free(state->boot_id);
	forget_failure(state);
	*state = (struct journal_state){0};
}

const struct step_record *journal_step(const struct journal_state *state, const char *step)
{
	for (size_t i = 0; i < state->n_steps; i++)
		if (str_eq(state->steps[i].name, step))
			return &state->steps[i];
	return NULL;
}

const char *journal_fact(const struct journal_state *state, const char *key)
{
	for (size_t i = 0; i < state->n_facts; i++)
		if (str_eq(state->facts[i].key, key))
			return state->facts[i].value;
	return NULL;
}

bool journal_started(const struct journal_state *state)
{
	char boot[BOOT_ID_LEN + 1];

	if (clock_boot_id(boot, NULL) < 0)
		return false;
	for (size_t i = 0; i < state->n_steps; i++) {
		const struct step_record *step = &state->steps[i];
		if (step->state == STEP_DONE && step->is_volatile && str_eq(step->boot_id, boot))
			return true;
	}
	return false;
}

bool journal_is_blank(const struct journal_state *state)
{
	return !state->exists && !state->damaged && !state->n_steps && !state->n_facts;
}

int journal_intact(const struct journal_state *state, const char *path, struct err *err)
{
	if (!state->damaged)
		return 0;
	err_set(err, ERR_FAILED, "the journal '%s' is damaged at line %zu", path,
	        state->damaged_line);
	return err_hint(err,
	        "'prov doctor' explains it; 'prov destroy' removes the machine "
	        "whatever its journal says");
}
