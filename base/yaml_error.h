/* libyaml's words for a syntax error, put into the user's: only base/yaml.c needs it. */
#pragma once

#include "base/yaml.h"

#include <yaml.h>

/* Why parser stopped in these bytes. Returns -1; *where is the place to look at. */
int yaml_explain(const yaml_parser_t *parser, const char *text, size_t n, struct yaml_mark *where,
        struct err *err);
