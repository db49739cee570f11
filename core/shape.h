/*
 * Plain structs described by tables of fields: one table serves initialising, copying, clearing and
 * the journal's JSON, so that a new field is one row. Names are part of that format: never rename
 * one.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <jansson.h>

enum field_type {
	FIELD_TEXT,   /* char *, owned, may be NULL */
	FIELD_LIST,   /* struct strv */
	FIELD_BOOL,   /* bool */
	FIELD_INT,    /* int */
	FIELD_INT64,  /* int64_t */
	FIELD_DOUBLE, /* double */
	FIELD_ENUM,   /* an enum, written by name */
	FIELD_STRUCT, /* nested, an object of its own */
	FIELD_ARRAY,  /* pointer to elements, owned, with a size_t count elsewhere in the struct */
};

struct shape;
struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	double initial;            /* numbers, booleans and enums */
	const char *initial_text;  /* FIELD_TEXT */
	const char *const *names;  /* FIELD_ENUM: by value, NULL-terminated */
	const struct shape *shape; /* FIELD_STRUCT; FIELD_ARRAY: of one element */
	size_t count;              /* FIELD_ARRAY: offset of the number of elements */
};
struct shape {
	const struct field *fields;
	size_t n, size;
};

/* Defaults into a struct that is zeroed. */
void shape_init(const struct shape *shape, void *base);
/* Makes a bitwise copy of a struct own its strings and arrays. */
void shape_own(const struct shape *shape, void *copy);
/* Frees what is owned; the caller zeroes. */
void shape_clear(const struct shape *shape, void *base);
/* Memory that is owned, the struct itself not counted. */
size_t shape_bytes(const struct shape *shape, const void *base);
/* Strings survive byte by byte, also those that are not UTF-8. The caller owns the reference. */
json_t *shape_write(const struct shape *shape, const void *base);
/*
 * Into an initialised struct. A field that is absent keeps its default and one that is not known is
 * left alone: journals are read by older and newer programs than the one that wrote them.
 * ERR_FAILED names the field; the struct is then partly filled and still to be cleared.
 */
MUST_CHECK int shape_read(
        const struct shape *shape, const json_t *json, void *base, struct err *err);
