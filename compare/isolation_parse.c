#include "compare/isolation.h"

#include <stdlib.h>
#include <string.h>

/* What a value may look like. */
enum form { FORM_TEXT, FORM_NUMBER, FORM_HEX, FORM_YES, FORM_WALK };

#define TEXT_MAX 1500

static const struct {
	const char *id;
	enum form form;
} said[] = {
        {"disk", FORM_TEXT},
        {"kernel.release", FORM_TEXT},
        {"kernel.version", FORM_TEXT},
        {"kernel.boot_id", FORM_TEXT},
        {"hostname", FORM_TEXT},
        {"pid1.comm", FORM_TEXT},
        {"uid_map", FORM_TEXT},
        {"cgroup", FORM_TEXT},
        {"processes", FORM_NUMBER},
        {"status.CapEff", FORM_HEX},
        {"status.CapBnd", FORM_HEX},
        {"status.CapInh", FORM_HEX},
        {"status.NoNewPrivs", FORM_NUMBER},
        {"status.Seccomp", FORM_NUMBER},
        {"status.Seccomp_filters", FORM_NUMBER},
        {"ns.cgroup", FORM_NUMBER},
        {"ns.ipc", FORM_NUMBER},
        {"ns.mnt", FORM_NUMBER},
        {"ns.net", FORM_NUMBER},
        {"ns.pid", FORM_NUMBER},
        {"ns.time", FORM_NUMBER},
        {"ns.user", FORM_NUMBER},
        {"ns.uts", FORM_NUMBER},
        {"may.hostname", FORM_YES},
        {"may.time", FORM_YES},
        {"may.mount", FORM_YES},
        {"may.userns", FORM_YES},
        {"may.kernel_log", FORM_YES},
        {"may.af_alg", FORM_YES},
        {"sensitive", FORM_TEXT},
        {"proc_sys", FORM_WALK},
        {"sys", FORM_WALK},
        {"devices", FORM_WALK},
        {"disks", FORM_WALK},
        {"syscalls.reached", FORM_NUMBER},
        {"syscalls.refused", FORM_NUMBER},
        {"syscalls.missing", FORM_NUMBER},
        {"syscalls.not_tried", FORM_NUMBER},
        {"end", FORM_YES},
};
_Static_assert(ARRAY_SIZE(said) <= ISOLATION_FACTS, "a row has no place for its value");

static bool is_number(const char *text, size_t n)
{
	return n > 0 && n <= 18 && strspn(text, "0123456789") >= n;
}

/* "FOUND SEEN whole|cut NAMES" */
static bool is_walk(const char *text)
{
	size_t found = strcspn(text, " ");
	const char *second = text + found + (text[found] != '\0');
	size_t seen = strcspn(second, " ");
	const char *third = second + seen + (second[seen] != '\0');

	return is_number(text, found) && is_number(second, seen) &&
	        (str_starts(third, "whole ") || str_starts(third, "cut ")) &&
	        strtoull(text, NULL, 10) <= strtoull(second, NULL, 10);
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

static bool has_form(enum form form, const char *text)
{
	size_t n = strlen(text);

	if (n > TEXT_MAX || !is_printable(text))
		return false;
	switch (form) {
	case FORM_TEXT:
		return true;
	case FORM_NUMBER:
		return is_number(text, n);
	case FORM_HEX:
		return n > 0 && n <= 16 && strspn(text, "0123456789abcdef") == n;
	case FORM_YES:
		return str_eq(text, "yes") || str_eq(text, "no");
	case FORM_WALK:
		return is_walk(text);
	}
	return false;
}

static int find(const char *id)
{
	for (size_t i = 0; i < ARRAY_SIZE(said); i++)
		if (str_eq(said[i].id, id))
			return (int)i;
	return -1;
}

void isolation_clear(struct isolation_facts *facts)
{
	for (size_t i = 0; i < ISOLATION_FACTS; i++)
		free(facts->value[i]);
	*facts = (struct isolation_facts){0};
}

const char *isolation_value(const struct isolation_facts *facts, const char *id)
{
	int row = facts ? find(id) : -1;

	return row < 0 ? NULL : facts->value[row];
}

static int not_understood(const char *line, struct err *err)
{
	AUTO_STR shown = {0};

	str_add_escaped(&shown, line, strnlen(line, 80));
	return err_set(err, ERR_FAILED,
	        "what the probe says of the machine is not understood: '%s'", str_text(&shown));
}

static int parse_fact(char *line, struct isolation_facts *out, struct err *err)
{
	AUTO_FREE char *whole = xstrdup(line);

	if (!str_starts(line, "FACT "))
		return not_understood(whole, err);
	char *id = line + strlen("FACT "), *value = id + strcspn(id, " ");
	if (*value)
		*value++ = '\0';
	int row = find(id);
	/* A newer probe may know more. */
	if (row < 0)
		return 0;
	value += strspn(value, " ");
	if (out->value[row] || !has_form(said[row].form, value))
		return not_understood(whole, err);
	out->value[row] = xstrdup(value);
	return 0;
}

int isolation_parse(const char *text, size_t n, struct isolation_facts *out, struct err *err)
{
	AUTO_FREE char *copy = xstrndup(n ? text : "", n);
	struct isolation_facts facts = {0};
	char *save = NULL;
	int rc = 0;

	if (n && memchr(text, '\0', n))
		rc = err_set(
		        err, ERR_FAILED, "what the probe says of the machine holds a NUL byte");
	for (char *line = strtok_r(copy, "\n", &save); rc == 0 && line;
	        line = strtok_r(NULL, "\n", &save))
		rc = parse_fact(line, &facts, err);
	if (rc == 0 && !isolation_value(&facts, "end"))
		rc = err_set(err, ERR_FAILED, "what the probe says of the machine is cut off");
	if (rc < 0) {
		isolation_clear(&facts);
		return -1;
	}
	*out = facts;
	return 0;
}

int isolation_read(const struct probe_place *place, struct isolation_facts *out, struct err *err)
{
	AUTO_STR text = {0};
	int status = -1;

	if (probe_place_run(place, (const char *const[]){"-d", place->dir, "facts", NULL}, &text,
	            &status, err) < 0)
		return -1;
	if (status != 0)
		return err_set(err, ERR_FAILED, "the probe's facts ended with status %d", status);
	return isolation_parse(str_text(&text), text.len, out, err);
}
