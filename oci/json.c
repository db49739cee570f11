#include "oci/json.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number that jansson would refuse is handed over as text behind this mark, which no text of a
 * config.json can sensibly begin with. */
#define BIG_MARK       "\x01"
#define BIG_MARK_JSON  "\\u0001"
#define INT64_DIGITS   18 /* as many always fit */
#define WHERE_MAX_DEEP 32

static bool is_big(const char *digits, size_t n)
{
	char *copy = xstrndup(digits, n);

	errno = 0;
	long long v = strtoll(copy, NULL, 10);
	bool big = errno == ERANGE;
	(void)v;
	free(copy);
	return big;
}

/* The number at s: how long it is, and whether it is a whole one. */
static size_t number_length(const char *s, bool *whole)
{
	size_t n = *s == '-';

	while (isdigit((unsigned char)s[n]))
		n++;
	*whole = n > 0 && s[n] != '.' && s[n] != 'e' && s[n] != 'E';
	return n;
}

/* Copies text, with the numbers that are too big quoted and marked. */
static void mark_big_numbers(const char *text, struct str *out)
{
	bool quoted = false;
	const char *from = text;

	for (const char *p = text; *p;) {
		bool whole;

		if (quoted) {
			quoted = *p != '"';
			p += *p == '\\' && p[1] ? 2 : 1;
			continue;
		}
		quoted = *p == '"';
		if (!isdigit((unsigned char)*p) && *p != '-') {
			p++;
			continue;
		}
		size_t n = number_length(p, &whole);
		if (whole && n > INT64_DIGITS && is_big(p, n)) {
			str_addn(out, from, (size_t)(p - from));
			str_addf(out, "\"" BIG_MARK_JSON "%.*s\"", (int)n, p);
			from = p + n;
		}
		p += n ? n : 1;
	}
	str_add(out, from);
}

int json_load(const char *name, const char *text, json_t **out, struct err *err)
{
	AUTO_STR marked = {0};
	json_error_t why;

	mark_big_numbers(text, &marked);
	json_t *tree = json_loads(str_text(&marked), 0, &why);
	if (!tree)
		return err_set(
		        err, ERR_CONFIG, "%s:%d:%d: %s", name, why.line, why.column, why.text);
	if (!json_is_object(tree)) {
		json_decref(tree);
		return err_set(err, ERR_CONFIG, "%s: an object is needed", name);
	}
	*out = tree;
	return 0;
}

static void add_where(const struct node *n, struct str *out)
{
	const struct node *way[WHERE_MAX_DEEP];
	size_t deep = 0;

	for (; n && n->up && deep < WHERE_MAX_DEEP; n = n->up)
		way[deep++] = n;
	while (deep--) {
		if (way[deep]->key)
			str_addf(out, "%s%s", out->len ? "." : "", way[deep]->key);
		else
			str_addf(out, "[%zu]", way[deep]->index);
	}
}

int node_fail(const struct node *n, struct err *err, const char *fmt, ...)
{
	AUTO_STR where = {0};
	va_list ap;

	add_where(n, &where);
	va_start(ap, fmt);
	AUTO_FREE char *what = xvasprintf(fmt, ap);
	va_end(ap);
	return err_set(
	        err, ERR_CONFIG, "%s: %s", where.len ? str_text(&where) : "config.json", what);
}

static struct node child(const struct node *up, const char *key, size_t index, json_t *v)
{
	return (struct node){up, key, index, v && !json_is_null(v) ? v : NULL};
}

struct node node_get(const struct node *object, const char *key)
{
	return child(object, key, 0, object->v ? json_object_get(object->v, key) : NULL);
}

struct node node_at(const struct node *array, size_t index)
{
	return child(array, NULL, index, json_array_get(array->v, index));
}

size_t node_size(const struct node *n)
{
	if (!n->v)
		return 0;
	return json_is_array(n->v) ? json_array_size(n->v) : json_object_size(n->v);
}

static const char *type_name(const json_t *v)
{
	static const char *const names[] = {
	        [JSON_OBJECT] = "an object",
	        [JSON_ARRAY] = "an array",
	        [JSON_STRING] = "text",
	        [JSON_INTEGER] = "a number",
	        [JSON_REAL] = "a number with a fraction",
	        [JSON_TRUE] = "true",
	        [JSON_FALSE] = "false",
	        [JSON_NULL] = "null",
	};

	return names[json_typeof(v)];
}

static int wrong(const struct node *n, const char *wanted, struct err *err)
{
	return node_fail(n, err, "%s is needed, not %s", wanted, type_name(n->v));
}

int node_object(const struct node *n, struct err *err)
{
	return !n->v || json_is_object(n->v) ? 0 : wrong(n, "an object", err);
}

int node_array(const struct node *n, struct err *err)
{
	return !n->v || json_is_array(n->v) ? 0 : wrong(n, "an array", err);
}

int node_bool(const struct node *n, bool *out, struct err *err)
{
	if (!n->v)
		return 0;
	if (!json_is_boolean(n->v))
		return wrong(n, "true or false", err);
	*out = json_is_true(n->v);
	return 0;
}

int node_text(const struct node *n, const char **out, struct err *err)
{
	if (!n->v)
		return 0;
	if (!json_is_string(n->v))
		return wrong(n, "text", err);
	*out = json_string_value(n->v);
	return 0;
}

int node_texts(const struct node *n, struct strv *out, struct err *err)
{
	if (node_array(n, err) < 0)
		return -1;
	for (size_t i = 0; i < node_size(n); i++) {
		struct node item = node_at(n, i);
		const char *text = NULL;
		if (node_text(&item, &text, err) < 0 || node_need(&item, err) < 0)
			return -1;
		strv_add(out, text);
	}
	return 0;
}

int node_u64(const struct node *n, uint64_t *out, struct err *err)
{
	const char *text = n->v ? json_string_value(n->v) : NULL;
	char *end;

	if (!n->v)
		return 0;
	if (text && text[0] == BIG_MARK[0]) {
		errno = 0;
		unsigned long long v = strtoull(text + 1, &end, 10);
		if (errno || *end || text[1] == '-')
			return node_fail(n, err, "%s is out of range", text + 1);
		*out = v;
		return 0;
	}
	if (!json_is_integer(n->v))
		return wrong(n, "a whole number", err);
	if (json_integer_value(n->v) < 0)
		return node_fail(
		        n, err, "%" JSON_INTEGER_FORMAT " is negative", json_integer_value(n->v));
	*out = (uint64_t)json_integer_value(n->v);
	return 0;
}

int node_int(const struct node *n, int64_t min, int64_t max, int64_t *out, struct err *err)
{
	const char *text = n->v ? json_string_value(n->v) : NULL;

	if (!n->v)
		return 0;
	if (text && text[0] == BIG_MARK[0])
		return node_fail(n, err, "%s is out of range", text + 1);
	if (!json_is_integer(n->v))
		return wrong(n, "a whole number", err);
	int64_t v = json_integer_value(n->v);
	if (v < min || v > max)
		return node_fail(
		        n, err, "%" PRId64 " is not between %" PRId64 " and %" PRId64, v, min, max);
	*out = v;
	return 0;
}

int node_u32(const struct node *n, uint32_t *out, struct err *err)
{
	int64_t v = *out;

	if (node_int(n, 0, UINT32_MAX, &v, err) < 0)
		return -1;
	*out = (uint32_t)v;
	return 0;
}

int node_need(const struct node *n, struct err *err)
{
	return n->v ? 0 : node_fail(n, err, "is missing");
}

int node_pairs(const struct node *n, node_pair_fn each, void *ctx, struct err *err)
{
	const char *key;
	json_t *v;

	if (node_object(n, err) < 0 || !n->v)
		return n->v ? -1 : 0;
	json_object_foreach(n->v, key, v)
	{
		struct node pair = child(n, key, 0, v);
		const char *text = NULL;
		if (node_text(&pair, &text, err) < 0 || node_need(&pair, err) < 0 ||
		        each(ctx, &pair, text, err) < 0)
			return -1;
	}
	return 0;
}
