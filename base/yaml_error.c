#include "base/yaml_parts.h"

#include <string.h>

static struct yaml_mark mark_of(const yaml_mark_t *mark)
{
	return (struct yaml_mark){(int)mark->line + 1, (int)mark->column + 1};
}

/* Of a byte offset, for what libyaml finds before it counts lines. */
static struct yaml_mark mark_at(const char *text, size_t offset)
{
	struct yaml_mark mark = {1, 1};

	for (size_t i = 0; i < offset; i++) {
		mark.column++;
		if (text[i] == '\n')
			mark = (struct yaml_mark){mark.line + 1, 1};
		else if (((unsigned char)text[i] & 0xc0) == 0x80)
			mark.column--; /* inside a character */
	}
	return mark;
}

/* The bytes from a mark on; "" behind the end. */
static const char *text_at(const char *text, size_t n, const yaml_mark_t *mark)
{
	const char *end = text + n;

	for (size_t line = mark->line; line; line--) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		if (!newline)
			return "";
		text = newline + 1;
	}
	for (size_t column = mark->column; column && text < end; column--)
		do
			text++;
		while (text < end && ((unsigned char)*text & 0xc0) == 0x80);
	return text < end ? text : "";
}

static int explain_bytes(const yaml_parser_t *p, const char *text, size_t n,
        struct yaml_mark *where, struct err *err)
{
	size_t offset = p->problem_offset < n ? p->problem_offset : n;

	*where = mark_at(text, offset);
	if (p->problem && strstr(p->problem, "control characters"))
		return err_set(err, ERR_CONFIG, "the control character \\x%02x is not allowed",
		        (unsigned)p->problem_value);
	return err_set(err, ERR_CONFIG, "the file is not UTF-8 here (byte \\x%02x)",
	        offset < n ? (unsigned)(unsigned char)text[offset] : 0);
}

enum place { AT_PROBLEM, AT_CONTEXT };

/* What the parser says, what that means, and where to look. */
static const struct phrase {
	const char *problem, *context;
	enum place place;
	const char *message, *hint;
	bool began; /* the message goes on with the line where the thing began */
} phrases[] = {
        {"found a tab character", "", AT_PROBLEM, "a tab cannot indent", "use spaces", false},
        {"mapping values are not allowed", "", AT_PROBLEM, "a ':' is not allowed here",
                "put text that holds ': ' in quotes, and check the indentation", false},
        {"block sequence entries are not allowed", "", AT_PROBLEM, "a '-' is not allowed here",
                "a list begins on a line of its own, or is written [a, b]", false},
        {"expected ',' or ']'", "", AT_CONTEXT, "this '[' is not closed", "add ']'", false},
        {"expected ',' or '}'", "", AT_CONTEXT, "this '{' is not closed", "add '}'", false},
        {"unexpected end of stream", "quoted scalar", AT_CONTEXT, "this quote is not closed", "",
                false},
        {"unexpected document indicator", "quoted scalar", AT_CONTEXT, "this quote is not closed",
                "", false},
        {"unknown escape character", "", AT_PROBLEM, "no such escape inside double quotes",
                "write '\\\\' for a backslash, or use single quotes", false},
        {"did not find expected key", "block mapping", AT_PROBLEM,
                "this does not belong to the map", "check the indentation and the quotes", true},
        {"expected '-' indicator", "", AT_PROBLEM, "this does not belong to the list",
                "check the indentation", true},
        {"could not find expected ':'", "", AT_CONTEXT, "there is no ':' behind this key", "",
                false},
        {"did not find expected <document start>", "", AT_PROBLEM,
                "something stands behind the end of the document", "", false},
        {"incompatible YAML document", "", AT_PROBLEM, "only YAML 1.1 and 1.2 can be read", "",
                false},
        {"did not find expected node content", "", AT_PROBLEM, "a value is missing here", "",
                false},
};

static int cannot_begin(const char *at, struct err *err)
{
	if (*at == '\t') {
		err_set(err, ERR_CONFIG, "a tab cannot indent");
		return err_hint(err, "use spaces");
	}
	AUTO_STR shown = {0};
	str_add_escaped(&shown, at, *at ? 1 : 0);
	err_set(err, ERR_CONFIG, "'%s' cannot begin a value", str_text(&shown));
	return err_hint(err, "put the text in quotes");
}

int yaml_explain(const yaml_parser_t *p, const char *text, size_t n, struct yaml_mark *where,
        struct err *err)
{
	const char *problem = p->problem ? p->problem : "cannot be read";
	const char *context = p->context ? p->context : "";

	if (p->error == YAML_READER_ERROR)
		return explain_bytes(p, text, n, where, err);
	*where = mark_of(&p->problem_mark);
	if (strstr(problem, "cannot start any token"))
		return cannot_begin(text_at(text, n, &p->problem_mark), err);
	for (size_t i = 0; i < ARRAY_SIZE(phrases); i++) {
		const struct phrase *row = &phrases[i];
		if (!strstr(problem, row->problem) || !strstr(context, row->context))
			continue;
		if (row->place == AT_CONTEXT)
			*where = mark_of(&p->context_mark);
		if (row->began)
			err_set(err, ERR_CONFIG, "%s that begins on line %zu", row->message,
			        p->context_mark.line + 1);
		else
			err_set(err, ERR_CONFIG, "%s", row->message);
		return err_hint(err, "%s", row->hint);
	}
	return err_set(err, ERR_CONFIG, "%s%s%s", context, *context ? ": " : "", problem);
}
