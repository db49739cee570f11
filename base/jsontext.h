/*
 * Text of any bytes in JSON, which can only hold UTF-8. Valid UTF-8 stands under its key as it is;
 * anything else under KEY_latin1, one code point below 256 for each byte, so that nothing is lost
 * and what is usual stays readable.
 */
#pragma once

#include <jansson.h>

void json_put_text(json_t *object, const char *key, const char *text, size_t n);
/* NULL: there is no such key. The text is borrowed from the object and NUL-terminated; n may be
 * NULL. Objects with NUL in their text must have been loaded with JSON_ALLOW_NUL. */
const char *json_text(json_t *object, const char *key, size_t *n);
