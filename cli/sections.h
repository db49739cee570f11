/*
 * JSON for people: objects as aligned lines, arrays of objects as tables. Units stand in the name
 * of a key, as everywhere in prov: "memory_bytes" is shown as "memory" with a size, "took_ns" as a
 * duration. Control characters are escaped.
 */
#pragma once

#include "base/str.h"

#include <jansson.h>

/* indent: spaces in front; width: columns of the screen, where lists of words are wrapped; 0: not.
 */
void sections_print(json_t *object, int indent, int width, struct str *out);
