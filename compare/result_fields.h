/* The text fields of a result's parts, one row each: the writer and the reader of JSON share them.
 */
#pragma once

#include "compare/result.h"

struct text_field {
	const char *key;
	size_t offset; /* of a char * or const char * */
	bool required;
};
extern const struct text_field result_host_fields[];
extern const struct text_field result_series_fields[];
extern const struct text_field result_fact_fields[];
extern const struct text_field result_claim_fields[];
extern const size_t result_n_host_fields, result_n_series_fields, result_n_fact_fields,
        result_n_claim_fields;

/* Frees what was there; text is taken and may be NULL. */
void result_field_set(void *object, const struct text_field *field, char *text);
