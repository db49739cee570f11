#include "compare/merge.h"

#include "base/fs.h"
#include "compare/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT   (4u << 20)
#define MAX_LINE   1024
#define MAX_LINES  20000
#define MAX_SERIES 1000
#define MAX_RUN    1000000
#define MAX_NUMBER 1e300

enum column { ID, KIND, UNIT, RUN, X, VALUE, DISTURBED, COLUMNS };
static const char *const columns[COLUMNS] = {
        "id", "kind", "unit", "run", "x", "value", "disturbed"};

#define BY_PROC "/proc/PID of its first process, on the host; for other tools by tools/bench-peers"
static const struct fact facts[] = {
        {.id = "isolation.userns", .title = "root inside", .method = BY_PROC},
        {.id = "isolation.seccomp", .title = "system call filter", .method = BY_PROC},
        {.id = "isolation.nnp", .title = "no new privileges", .method = BY_PROC},
};

struct line {
	size_t number;
	char *fields[COLUMNS];
	size_t n;
	char text[MAX_LINE + 1]; /* the fields, unquoted, each ended by NUL */
};

static int wrong(const struct line *line, struct err *err, const char *what)
{
	return err_set(err, ERR_CONFIG, "line %zu: %s", line->number, what);
}

/* One field, quoted or not, moved to *to; *from is then at its comma or at the end. */
static const char *take_field(const char **from, char **to)
{
	const char *p = *from;
	bool quoted = *p == '"';

	for (p += quoted; *p; p++) {
		if (quoted && *p == '"') {
			if (p[1] != '"')
				break;
			p++;
		} else if (!quoted && *p == ',') {
			break;
		} else if (!quoted && *p == '"') {
			return "a quote inside a field that is not quoted";
		}
		*(*to)++ = *p;
	}
	if (quoted && *p++ != '"')
		return "a quoted field does not end";
	if (*p && *p != ',')
		return "a quoted field does not end at its quote";
	*(*to)++ = '\0';
	*from = p;
	return NULL;
}

/* raw is at most MAX_LINE bytes: a field and its NUL never need more than it and its comma. */
static int split(struct line *line, const char *raw, struct err *err)
{
	char *to = line->text;

	for (line->n = 0;; raw++) {
		if (line->n == COLUMNS)
			return wrong(line, err, "more than seven fields");
		line->fields[line->n++] = to;
		const char *problem = take_field(&raw, &to);
		if (problem)
			return wrong(line, err, problem);
		if (!*raw)
			break;
	}
	return line->n == COLUMNS ? 0 : wrong(line, err, "fewer than seven fields");
}

static int wrong_field(const struct line *line, enum column column, struct err *err)
{
	return err_set(err, ERR_CONFIG, "line %zu: '%s' is no %s", line->number,
	        line->fields[column], columns[column]);
}

static int number(const struct line *line, enum column column, double *out, struct err *err)
{
	const char *text = line->fields[column];
	char *end;

	/* Neither "nan" nor hexadecimal nor spaces before it. */
	if (!*text || strspn(text, "0123456789+-.eE") != strlen(text))
		return wrong_field(line, column, err);
	*out = strtod(text, &end);
	if (*end || !isfinite(*out) || fabs(*out) > MAX_NUMBER)
		return wrong_field(line, column, err);
	return 0;
}

static int check_kind(const struct line *line, struct err *err)
{
	const char *kind = line->fields[KIND];
	size_t n = strlen(kind);

	if (!n || n > 32 || strspn(kind, "abcdefghijklmnopqrstuvwxyz0123456789+-.") != n)
		return wrong_field(line, KIND, err);
	return 0;
}

static int add_fact(const struct line *line, struct result *out, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
		struct fact fact = facts[i];
		if (!str_eq(fact.id, line->fields[ID]))
			continue;
		fact.kind = line->fields[KIND];
		fact.value = line->fields[VALUE];
		fact.group = "isolation";
		if (!*fact.value)
			return wrong_field(line, VALUE, err);
		if (result_fact_of(out, fact.id, fact.kind))
			return wrong(line, err, "this fact stands there twice");
		result_fact(out, &fact);
		return 0;
	}
	return err_set(
	        err, ERR_CONFIG, "line %zu: there is no fact '%s'", line->number, line->fields[ID]);
}

static int read_values(const struct line *line, double values[COLUMNS], struct err *err)
{
	values[X] = NAN;
	if (number(line, RUN, &values[RUN], err) < 0 ||
	        number(line, VALUE, &values[VALUE], err) < 0)
		return -1;
	if (*line->fields[X] && number(line, X, &values[X], err) < 0)
		return -1;
	if (!str_eq(line->fields[DISTURBED], "0") && !str_eq(line->fields[DISTURBED], "1"))
		return wrong_field(line, DISTURBED, err);
	return values[RUN] <= MAX_RUN ? 0 : wrong_field(line, RUN, err);
}

static int add_value(const struct line *line, struct result *out, struct err *err)
{
	const struct measure *m = measure_find(line->fields[ID]);
	double values[COLUMNS];

	if (!m)
		return err_set(err, ERR_CONFIG, "line %zu: there is no figure '%s'", line->number,
		        line->fields[ID]);
	if (!str_eq(m->unit, line->fields[UNIT]))
		return err_set(err, ERR_CONFIG, "line %zu: the unit of '%s' is '%s', not '%s'",
		        line->number, m->id, m->unit, line->fields[UNIT]);
	if (read_values(line, values, err) < 0)
		return -1;
	const struct series *known = result_find(out, m->id, line->fields[KIND]);
	if (values[RUN] != (double)(known ? known->n + 1 : 1))
		return wrong(line, err, "the runs of a series are numbered 1, 2, 3 …");
	if (!known && out->n_series == MAX_SERIES)
		return wrong(line, err, "more than 1000 series");
	const struct series described = measure_series(m, line->fields[KIND]);
	series_add(result_series(out, &described), values[VALUE], values[X],
	        str_eq(line->fields[DISTURBED], "1"));
	return 0;
}

static int add_line(struct line *line, const char *raw, struct result *out, struct err *err)
{
	if (split(line, raw, err) < 0 || check_kind(line, err) < 0)
		return -1;
	return str_eq(line->fields[UNIT], "text") ? add_fact(line, out, err)
	                                          : add_value(line, out, err);
}

static int check_head(struct line *line, const char *raw, struct err *err)
{
	if (!str_eq(raw, "id,kind,unit,run,x,value,disturbed"))
		return wrong(line, err, "is not 'id,kind,unit,run,x,value,disturbed'");
	return 0;
}

static void add_note(const char *raw, struct result *out)
{
	raw += strspn(raw, "# ");
	if (*raw && !strv_has(&out->notes, raw))
		strv_add(&out->notes, raw);
}

/* Copies the line at *at to raw, without its end, and goes behind it. */
static int next_line(
        const struct line *line, const char **at, const char *end, char *raw, struct err *err)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	size_t n = (size_t)((newline ? newline : end) - *at);

	if (n > MAX_LINE)
		return wrong(line, err, "is longer than 1024 bytes");
	if (memchr(*at, '\0', n))
		return wrong(line, err, "has a zero byte");
	memcpy(raw, *at, n);
	*at = newline ? newline + 1 : end;
	if (n && raw[n - 1] == '\r')
		n--;
	raw[n] = '\0';
	return 0;
}

static int read_lines(const char *text, size_t n, struct result *out, struct err *err)
{
	const char *at = text, *end = text + n;
	struct line line = {0};
	char raw[MAX_LINE + 1];
	bool head = false;

	if (n > MAX_TEXT)
		return err_set(err, ERR_CONFIG, "is larger than 4 MiB");
	while (at < end) {
		if (++line.number > MAX_LINES)
			return wrong(&line, err, "more than 20,000 lines");
		if (next_line(&line, &at, end, raw, err) < 0)
			return -1;
		if (*raw == '#') {
			add_note(raw, out);
			continue;
		}
		if ((head ? add_line(&line, raw, out, err) : check_head(&line, raw, err)) < 0)
			return -1;
		head = true;
	}
	return head ? 0 : err_set(err, ERR_CONFIG, "holds no figures");
}

int merge_read(const char *text, size_t n, struct result *out, struct err *err)
{
	struct result found = {0};

	if (read_lines(text, n, &found, err) < 0) {
		result_clear(&found);
		return -1;
	}
	*out = found;
	return 0;
}

int merge_read_file(const char *path, struct result *out, struct err *err)
{
	AUTO_STR text = {0};

	if (fs_read(path, MAX_TEXT, &text, err) < 0)
		return -1;
	if (merge_read(str_text(&text), text.len, out, err) < 0)
		return err_wrap(err, "'%s'", path);
	return 0;
}

static int refuse(const char *id, const char *kind, struct err *err)
{
	return err_set(err, ERR_CONFIG, "the result has '%s' of '%s' already", id, kind);
}

int merge_add(struct result *into, const struct result *found, struct err *err)
{
	for (size_t i = 0; i < found->n_series; i++)
		if (result_find(into, found->series[i].id, found->series[i].kind))
			return refuse(found->series[i].id, found->series[i].kind, err);
	for (size_t i = 0; i < found->n_facts; i++)
		if (result_fact_of(into, found->facts[i].id, found->facts[i].kind))
			return refuse(found->facts[i].id, found->facts[i].kind, err);
	measure_merge(into, found, false);
	return 0;
}
