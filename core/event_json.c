/* Events as lines of JSON: the worker's pipe and --events. One table says which field is which key,
 * so that writer and reader cannot differ. */
#include "core/event.h"

#include "base/jsontext.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum field_type { FIELD_I64, FIELD_INT, FIELD_BOOL, FIELD_TEXT };

static const struct field {
	const char *key;
	enum field_type type;
	size_t offset;
} fields[] = {
        {"t_ns", FIELD_I64, offsetof(struct event, t_ns)},
        {"wall_ns", FIELD_I64, offsetof(struct event, wall_ns)},
        {"machine", FIELD_TEXT, offsetof(struct event, machine)},
        {"step", FIELD_TEXT, offsetof(struct event, step)},
        {"hint", FIELD_TEXT, offsetof(struct event, hint)},
        {"stream", FIELD_INT, offsetof(struct event, stream)},
        {"code", FIELD_INT, offsetof(struct event, code)},
        {"duration_ns", FIELD_I64, offsetof(struct event, duration_ns)},
        {"done", FIELD_I64, offsetof(struct event, done)},
        {"total", FIELD_I64, offsetof(struct event, total)},
        {"quiet", FIELD_BOOL, offsetof(struct event, quiet)},
};

static size_t bounded(const char *text)
{
	return strnlen(text, EVENT_OUTPUT_MAX);
}

static void write_field(json_t *line, const struct field *field, const struct event *event)
{
	const char *at = (const char *)event + field->offset;
	int64_t wide = 0;
	int number = 0;
	bool flag = false;
	const char *text = NULL;

	switch (field->type) {
	case FIELD_I64:
		memcpy(&wide, at, sizeof(wide));
		break;
	case FIELD_INT:
		memcpy(&number, at, sizeof(number));
		wide = number;
		break;
	case FIELD_BOOL:
		memcpy(&flag, at, sizeof(flag));
		if (flag)
			json_object_set_new(line, field->key, json_true());
		return;
	case FIELD_TEXT:
		memcpy(&text, at, sizeof(text));
		if (text && *text)
			json_put_text(line, field->key, text, bounded(text));
		return;
	}
	if (wide)
		json_object_set_new(line, field->key, json_integer(wide));
}

void event_write(const struct event *event, struct str *out)
{
	json_t *line = json_object();
	size_t n = event->kind == EVENT_OUTPUT ? event->text_n
	        : event->text                  ? bounded(event->text)
	                                       : 0;

	json_object_set_new(line, "event", json_string(event_name(event->kind)));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		write_field(line, &fields[i], event);
	if (event->phase != PHASE_NONE)
		json_object_set_new(line, "phase", json_string(phase_name(event->phase)));
	if (n)
		json_put_text(line, "text", event->text, n);
	char *text = json_dumps(line, JSON_COMPACT);
	if (!text)
		abort();
	str_add(out, text);
	free(text);
	json_decref(line);
}

static void read_field(json_t *line, const struct field *field, struct event *event)
{
	char *at = (char *)event + field->offset;
	int64_t wide = json_integer_value(json_object_get(line, field->key));
	int number = (int)wide;
	bool flag = json_is_true(json_object_get(line, field->key));
	const char *text;

	switch (field->type) {
	case FIELD_I64:
		memcpy(at, &wide, sizeof(wide));
		break;
	case FIELD_INT:
		memcpy(at, &number, sizeof(number));
		break;
	case FIELD_BOOL:
		memcpy(at, &flag, sizeof(flag));
		break;
	case FIELD_TEXT:
		text = json_text(line, field->key, NULL);
		text = text ? text : "";
		memcpy(at, &text, sizeof(text));
		break;
	}
}

/* The index of name among n, or -1. */
static int find_name(const char *name, const char *(*name_of)(int), int n)
{
	for (int i = 0; i < n; i++)
		if (str_eq(name_of(i), name))
			return i;
	return -1;
}

static const char *kind_name_of(int i)
{
	return event_name((enum event_kind)i);
}

static const char *phase_name_of(int i)
{
	return phase_name((enum phase)i);
}

static int read_names(json_t *line, struct event *event, struct err *err)
{
	const char *kind = json_text(line, "event", NULL);
	const char *phase = json_text(line, "phase", NULL);
	int k = find_name(kind ? kind : "", kind_name_of, N_EVENT_KINDS);
	int p = phase ? find_name(phase, phase_name_of, N_PHASES) : PHASE_NONE;

	if (k < 0)
		return err_set(err, ERR_FAILED, "unknown event '%s'", kind ? kind : "");
	if (p < 0)
		return err_set(err, ERR_FAILED, "unknown phase '%s'", phase);
	event->kind = (enum event_kind)k;
	event->phase = (enum phase)p;
	return 0;
}

int event_read(
        const char *line, size_t n, struct event *out, struct event_text *holder, struct err *err)
{
	json_error_t where;
	json_t *json = json_loadb(line, n, JSON_ALLOW_NUL, &where);
	struct event event = {0};

	if (!json_is_object(json)) {
		json_decref(json);
		return err_set(
		        err, ERR_FAILED, "not an event: %s", json ? "no object" : where.text);
	}
	if (read_names(json, &event, err) < 0) {
		json_decref(json);
		return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		read_field(json, &fields[i], &event);
	event.text = json_text(json, "text", &event.text_n);
	event.text = event.text ? event.text : "";
	event.hint = event.hint && *event.hint ? event.hint : NULL;
	*out = event;
	holder->json = json;
	return 0;
}

void event_text_clear(struct event_text *holder)
{
	json_decref(holder->json);
	holder->json = NULL;
}
