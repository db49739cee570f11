/* What the suites of reports look for in their text. */
#pragma once

#include "compare/report.h"
#include "compare/view.h"
#include "tests/fake/check_util.h"
#include "tests/unit/compare/sample_fixture.h"

/* Reports are longer than what Check can print. */
#undef ck_has
#undef ck_lacks
#define ck_has(text, part) \
	ck_assert_msg(strstr((text), (part)) != NULL, "no '%s' in %s", (part), #text)
#define ck_lacks(text, part)                                                               \
	ck_assert_msg(strstr((text), (part)) == NULL, "'%s' in %s: %.100s", (part), #text, \
	        strstr((text), (part)))

static inline size_t count(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

/* Every tag that is opened is closed in its order; ids are used once. */
static inline void ck_well_formed(const char *html)
{
	char stack[64][16];
	size_t depth = 0, tags = 0;

	for (const char *p = html; (p = strchr(p, '<')); p++) {
		char name[16] = "";
		bool closing = p[1] == '/';
		const char *end = strchr(p, '>');
		ck_assert_ptr_nonnull(end);
		if (p[1] == '!' || sscanf(p + 1 + closing, "%15[a-z0-9]", name) != 1 ||
		        end[-1] == '/' || strcmp(name, "meta") == 0)
			continue;
		tags++;
		if (!closing) {
			ck_assert_uint_lt(depth, ARRAY_SIZE(stack));
			memcpy(stack[depth++], name, sizeof(name));
			continue;
		}
		ck_assert_msg(depth && strcmp(stack[--depth], name) == 0,
		        "</%s> closes <%s>: %.80s", name, stack[depth], p);
	}
	ck_assert_uint_eq(depth, 0);
	ck_assert_uint_gt(tags, 20);
}
