#include "core/shape.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A field's place. The rows name their types, so the compiler cannot check the casts; the tests
 * fill every field and compare. */
static void *at(const void *base, const struct field *f)
{
	return (char *)(uintptr_t)base + f->offset;
}

static size_t *count_at(const void *base, const struct field *f)
{
	return (size_t *)(void *)((char *)(uintptr_t)base + f->count);
}

static char *elements(const void *base, const struct field *f)
{
	char *p;

	memcpy(&p, at(base, f), sizeof(p));
	return p;
}

static void set_elements(void *base, const struct field *f, char *p, size_t n)
{
	memcpy(at(base, f), &p, sizeof(p));
	*count_at(base, f) = n;
}

void shape_init(const struct shape *shape, void *base)
{
	for (size_t i = 0; i < shape->n; i++) {
		const struct field *f = &shape->fields[i];
		switch (f->type) {
		case FIELD_TEXT:
			*(char **)at(base, f) = xstrdup(f->initial_text);
			break;
		case FIELD_BOOL:
			*(bool *)at(base, f) = f->initial != 0;
			break;
		case FIELD_INT:
		case FIELD_ENUM:
			*(int *)at(base, f) = (int)f->initial;
			break;
		case FIELD_INT64:
			*(int64_t *)at(base, f) = (int64_t)f->initial;
			break;
		case FIELD_DOUBLE:
			*(double *)at(base, f) = f->initial;
			break;
		case FIELD_STRUCT:
			shape_init(f->shape, at(base, f));
			break;
		case FIELD_LIST:
		case FIELD_ARRAY:
			break; /* the caller has zeroed them */
		}
	}
}

void shape_clear(const struct shape *shape, void *base)
{
	for (size_t i = 0; i < shape->n; i++) {
		const struct field *f = &shape->fields[i];
		if (f->type == FIELD_TEXT) {
			free(*(char **)at(base, f));
		} else if (f->type == FIELD_LIST) {
			strv_clear(at(base, f));
		} else if (f->type == FIELD_STRUCT) {
			shape_clear(f->shape, at(base, f));
		} else if (f->type == FIELD_ARRAY) {
			for (size_t k = 0; k < *count_at(base, f); k++)
				shape_clear(f->shape, elements(base, f) + k * f->shape->size);
			free(elements(base, f));
		}
	}
}

/* dst starts as a bitwise copy of src: only what is owned needs work. */
void shape_own(const struct shape *shape, void *dst)
{
	for (size_t i = 0; i < shape->n; i++) {
		const struct field *f = &shape->fields[i];
		if (f->type == FIELD_TEXT) {
			*(char **)at(dst, f) = xstrdup(*(char **)at(dst, f));
		} else if (f->type == FIELD_LIST) {
			struct strv *list = at(dst, f), from = *list;
			*list = (struct strv){0};
			strv_copy(list, &from);
		} else if (f->type == FIELD_STRUCT) {
			shape_own(f->shape, at(dst, f));
		} else if (f->type == FIELD_ARRAY) {
			size_t n = *count_at(dst, f), size = f->shape->size;
			char *copy =
			        n ? memcpy(xcalloc(n, size), elements(dst, f), n * size) : NULL;
			for (size_t k = 0; k < n; k++)
				shape_own(f->shape, copy + k * size);
			set_elements(dst, f, copy, n);
		}
	}
}

static size_t list_bytes(const struct strv *list)
{
	size_t bytes = 0;

	for (size_t i = 0; i < list->n; i++)
		bytes += sizeof(char *) + strlen(list->v[i]) + 1;
	return bytes;
}

size_t shape_bytes(const struct shape *shape, const void *base)
{
	size_t bytes = 0;

	for (size_t i = 0; i < shape->n; i++) {
		const struct field *f = &shape->fields[i];
		if (f->type == FIELD_TEXT && *(char **)at(base, f)) {
			bytes += strlen(*(char **)at(base, f)) + 1;
		} else if (f->type == FIELD_LIST) {
			bytes += list_bytes(at(base, f));
		} else if (f->type == FIELD_STRUCT) {
			bytes += shape_bytes(f->shape, at(base, f));
		} else if (f->type == FIELD_ARRAY) {
			size_t size = f->shape->size;
			for (size_t k = 0; k < *count_at(base, f); k++)
				bytes += size + shape_bytes(f->shape, elements(base, f) + k * size);
		}
	}
	return bytes;
}

/* A path need not be UTF-8, which JSON demands: such text is written as {"hex": "…"}. */
static json_t *text_to_json(const char *text)
{
	json_t *json = json_string(text);
	AUTO_STR hex = {0};

	if (json)
		return json;
	for (const char *p = text; *p; p++)
		str_addf(&hex, "%02x", (unsigned)(unsigned char)*p);
	json = json_object();
	json_object_set_new(json, "hex", json_string(str_text(&hex)));
	return json;
}

static char *text_from_json(const json_t *json)
{
	const char *hex = json_string_value(json_object_get(json, "hex"));
	AUTO_STR text = {0};

	if (json_is_string(json))
		return xstrdup(json_string_value(json));
	if (!hex || strlen(hex) % 2 || strspn(hex, "0123456789abcdef") != strlen(hex))
		return NULL;
	for (; *hex; hex += 2) {
		unsigned byte = 0;
		sscanf(hex, "%2x", &byte);
		char c = (char)byte;
		str_addn(&text, &c, 1);
	}
	return str_steal(&text);
}

static json_t *list_to_json(const struct strv *list)
{
	json_t *json = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(json, text_to_json(list->v[i]));
	return json;
}

static json_t *array_to_json(const struct field *f, const void *base)
{
	json_t *json = json_array();

	for (size_t k = 0; k < *count_at(base, f); k++)
		json_array_append_new(
		        json, shape_write(f->shape, elements(base, f) + k * f->shape->size));
	return json;
}

static json_t *field_to_json(const struct field *f, const void *base)
{
	const void *p = at(base, f);

	switch (f->type) {
	case FIELD_TEXT:
		return *(char *const *)p ? text_to_json(*(char *const *)p) : json_null();
	case FIELD_LIST:
		return list_to_json(p);
	case FIELD_BOOL:
		return json_boolean(*(const bool *)p);
	case FIELD_INT:
		return json_integer(*(const int *)p);
	case FIELD_INT64:
		return json_integer(*(const int64_t *)p);
	case FIELD_DOUBLE:
		return json_real(*(const double *)p);
	case FIELD_ENUM:
		return json_string(f->names[*(const int *)p]);
	case FIELD_STRUCT:
		return shape_write(f->shape, p);
	case FIELD_ARRAY:
		return array_to_json(f, base);
	}
	return NULL;
}

json_t *shape_write(const struct shape *shape, const void *base)
{
	json_t *json = json_object();

	for (size_t i = 0; i < shape->n; i++)
		json_object_set_new(
		        json, shape->fields[i].name, field_to_json(&shape->fields[i], base));
	return json;
}

/* Each reader leaves the field as it is and returns false where the value has another type. */
static bool read_text(const json_t *json, char **out)
{
	char *text = json_is_null(json) ? NULL : text_from_json(json);

	if (!text && !json_is_null(json))
		return false;
	free(*out);
	*out = text;
	return true;
}

static bool read_list(const json_t *json, struct strv *out)
{
	if (!json_is_array(json))
		return false;
	strv_clear(out);
	for (size_t i = 0; i < json_array_size(json); i++) {
		char *text = text_from_json(json_array_get(json, i));
		if (!text)
			return false;
		strv_take(out, text);
	}
	return true;
}

static bool read_int(const json_t *json, int *out)
{
	json_int_t n = json_integer_value(json);

	if (!json_is_integer(json) || n < INT_MIN || n > INT_MAX)
		return false;
	*out = (int)n;
	return true;
}

static bool read_enum(const struct field *f, const json_t *json, int *out)
{
	for (int i = 0; f->names[i]; i++) {
		if (!str_eq(f->names[i], json_string_value(json)))
			continue;
		*out = i;
		return true;
	}
	return false;
}

static int read_array(const struct field *f, const json_t *json, void *base, struct err *err)
{
	size_t n = json_array_size(json), size = f->shape->size;
	char *elems = n ? xcalloc(n, size) : NULL;

	set_elements(base, f, elems, n);
	for (size_t k = 0; k < n; k++)
		shape_init(f->shape, elems + k * size);
	for (size_t k = 0; k < n; k++)
		if (shape_read(f->shape, json_array_get(json, k), elems + k * size, err) < 0)
			return -1;
	return 0;
}

/* 1: read; 0: another type; -1: something within failed and err says what. */
static int read_field(const struct field *f, const json_t *json, void *base, struct err *err)
{
	void *p = at(base, f);

	switch (f->type) {
	case FIELD_TEXT:
		return read_text(json, p);
	case FIELD_LIST:
		return read_list(json, p);
	case FIELD_BOOL:
		*(bool *)p = json_is_true(json);
		return json_is_boolean(json);
	case FIELD_INT:
		return read_int(json, p);
	case FIELD_INT64:
		*(int64_t *)p = json_integer_value(json);
		return json_is_integer(json);
	case FIELD_DOUBLE:
		*(double *)p = json_number_value(json);
		return json_is_number(json);
	case FIELD_ENUM:
		return read_enum(f, json, p);
	case FIELD_STRUCT:
		return shape_read(f->shape, json, p, err) < 0 ? -1 : 1;
	case FIELD_ARRAY:
		if (!json_is_array(json))
			return 0;
		return read_array(f, json, base, err) < 0 ? -1 : 1;
	}
	return 0;
}

int shape_read(const struct shape *shape, const json_t *json, void *base, struct err *err)
{
	if (!json_is_object(json))
		return err_set(err, ERR_FAILED, "it is not an object");
	for (size_t i = 0; i < shape->n; i++) {
		const struct field *f = &shape->fields[i];
		const json_t *value = json_object_get(json, f->name);
		int rc = value ? read_field(f, value, base, err) : 1;
		if (rc == 0)
			return err_set(err, ERR_FAILED, "'%s' has an unexpected value", f->name);
		if (rc < 0)
			return err_wrap(err, "'%s'", f->name);
	}
	return 0;
}
