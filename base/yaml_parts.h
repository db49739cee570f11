/* What base/yaml.c is made of besides. */
#pragma once

#include "base/yaml.h"

#include <yaml.h>

/* libyaml's words for a syntax error put into the user's. Why parser stopped in these bytes.
 * Returns -1; *where is the place to look at. */
int yaml_explain(const yaml_parser_t *parser, const char *text, size_t n, struct yaml_mark *where,
        struct err *err);

/* A map is complete: merges (`<<`) are carried out, repeated keys taken out and noted in doc. On
 * failure *where is the place to look at. */
int yaml_finish_map(
        struct yaml_doc *doc, struct yaml_node *map, struct yaml_mark *where, struct err *err);
