#include "base/jsontext.h"

#include "base/str.h"

void json_put_text(json_t *object, const char *key, const char *text, size_t n)
{
	json_t *plain = json_stringn(text, n); /* NULL where it is not UTF-8 */

	if (plain) {
		json_object_set_new(object, key, plain);
		return;
	}
	AUTO_FREE char *other = xasprintf("%s_latin1", key);
	AUTO_STR wide = {0};
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		char two[2] = {(char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f))};
		if (c < 0x80)
			str_addn(&wide, &text[i], 1);
		else
			str_addn(&wide, two, 2);
	}
	json_object_set_new(object, other, json_stringn(str_text(&wide), wide.len));
}

/* UTF-8 of code points below 256 back to bytes; false where there are others. */
static bool narrow(const char *text, size_t n, struct str *out)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c >= 0x80) {
			if ((c != 0xc2 && c != 0xc3) || ++i == n)
				return false;
			c = (unsigned char)((c & 3) << 6 | (text[i] & 0x3f));
		}
		char byte = (char)c;
		str_addn(out, &byte, 1);
	}
	return true;
}

const char *json_text(json_t *object, const char *key, size_t *n)
{
	json_t *value = json_object_get(object, key);

	if (!json_is_string(value)) {
		AUTO_FREE char *other = xasprintf("%s_latin1", key);
		AUTO_STR bytes = {0};
		json_t *wide = json_object_get(object, other);
		if (!json_is_string(wide) ||
		        !narrow(json_string_value(wide), json_string_length(wide), &bytes))
			return NULL;
		value = json_stringn_nocheck(str_text(&bytes), bytes.len);
		json_object_set_new_nocheck(object, key, value);
	}
	if (n)
		*n = json_string_length(value);
	return json_string_value(value);
}
