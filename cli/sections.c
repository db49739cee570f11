#include "cli/sections.h"

#include "base/clock.h"
#include "base/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LONG_WORD = 28 }; /* an array with a longer one gets a line for each */

static void label_of(const char *key, struct str *out)
{
	static const char *const units[] = {"_bytes", "_ns"};
	size_t n = strlen(key);

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (str_ends(key, units[i])) {
			n -= strlen(units[i]);
			break;
		}
	for (size_t i = 0; i < n; i++)
		str_addn(out, key[i] == '_' ? " " : &key[i], 1);
}

static void add_joined(const json_t *array, struct str *out);

/* One line of text. */
static void add_scalar(const char *key, const json_t *value, struct str *out)
{
	char duration[16];

	switch (json_typeof(value)) {
	case JSON_STRING:
		str_add_escaped(out, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		if (str_ends(key, "_bytes")) {
			str_add_size(out, json_integer_value(value));
		} else if (str_ends(key, "_ns")) {
			clock_format(duration, json_integer_value(value));
			str_add(out, duration);
		} else {
			str_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		}
		break;
	case JSON_REAL:
		str_addf(out, "%.4g", json_real_value(value));
		break;
	case JSON_TRUE:
		str_add(out, "yes");
		break;
	case JSON_FALSE:
		str_add(out, "no");
		break;
	case JSON_NULL:
		str_add(out, "none");
		break;
	case JSON_ARRAY:
		add_joined(value, out);
		break;
	case JSON_OBJECT:
		break;
	}
}

static void add_joined(const json_t *array, struct str *out)
{
	size_t i;
	const json_t *item;

	json_array_foreach(array, i, item)
	{
		str_add(out, i ? ", " : "");
		add_scalar("", item, out);
	}
}

static void table_of(json_t *rows, int indent, struct str *out)
{
	json_t *first = json_array_get(rows, 0), *row, *value;
	struct table t;
	AUTO_STR text = {0};
	const char *key;
	size_t i;

	table_init(&t, json_object_size(first));
	json_object_foreach(first, key, value)
	{
		AUTO_STR head = {0};
		label_of(key, &head);
		for (char *p = head.buf; p && *p; p++)
			*p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
		table_cell(&t, str_text(&head));
	}
	json_array_foreach(rows, i, row)
	{
		json_object_foreach(first, key, value)
		{
			AUTO_STR cell = {0};
			json_t *of = json_object_get(row, key);
			if (of)
				add_scalar(key, of, &cell);
			table_cell(&t, cell.len ? str_text(&cell) : "-");
		}
	}
	table_print(&t, &text);
	table_clear(&t);
	char *save = NULL;
	for (char *line = strtok_r(text.buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		str_addf(out, "%*s%s\n", indent, "", line);
}

/* Words behind a label, the following lines below the first word. */
static void add_wrapped(const char *text, int column, int width, struct str *out)
{
	int at = column;

	for (const char *p = text; *p;) {
		size_t n = strcspn(p, " ");
		n += p[n] == ' ';
		if (width && at > column && at + (int)n > width) {
			while (out->buf[out->len - 1] == ' ')
				out->len--;
			str_addf(out, "\n%*s", column, "");
			at = column;
		}
		str_addn(out, p, n);
		at += (int)n;
		p += n;
	}
	str_add(out, "\n");
}

static bool has_long_word(const json_t *array)
{
	size_t i;
	const json_t *item;

	json_array_foreach(array, i, item) if (json_string_length(item) > LONG_WORD) return true;
	return false;
}

static void add_value(const char *key, json_t *value, int column, int width, struct str *out)
{
	AUTO_STR text = {0};
	json_t *item;
	size_t i;

	if (json_is_array(value) && has_long_word(value)) {
		json_array_foreach(value, i, item)
		{
			str_addf(out, "%*s", i ? column : 0, "");
			add_scalar("", item, out);
			str_add(out, "\n");
		}
		return;
	}
	add_scalar(key, value, &text);
	if (json_is_array(value))
		add_wrapped(text.len ? str_text(&text) : "none", column, width, out);
	else
		str_addf(out, "%s\n", text.len ? str_text(&text) : "-");
}

static bool is_block(const json_t *value)
{
	return json_is_object(value) ||
	        (json_is_array(value) && json_is_object(json_array_get(value, 0)));
}

static int widest_label(json_t *object)
{
	const char *key;
	json_t *value;
	int widest = 0;

	json_object_foreach(object, key, value)
	{
		AUTO_STR label = {0};
		label_of(key, &label);
		if (!is_block(value) && (int)label.len > widest)
			widest = (int)label.len;
	}
	return widest;
}

void sections_print(json_t *object, int indent, int width, struct str *out)
{
	int column = indent + widest_label(object) + 2;
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		AUTO_STR label = {0};
		label_of(key, &label);
		if (!is_block(value)) {
			str_addf(out, "%*s%-*s", indent, "", column - indent, str_text(&label));
			add_value(key, value, column, width, out);
			continue;
		}
		str_addf(out, "%*s%s\n", indent, "", str_text(&label));
		if (json_is_object(value))
			sections_print(value, indent + 2, width, out);
		else
			table_of(value, indent + 2, out);
	}
}
