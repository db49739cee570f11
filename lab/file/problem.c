#include "lab/file/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 60
#define MOST    50000 /* kept until they are sorted */

char *shown(const char *text)
{
	struct str out = {0};
	size_t n = strlen(text), cut = n > LONGEST ? LONGEST : n;

	while (cut < n && cut > LONGEST - 4 && ((unsigned char)text[cut] & 0xc0) == 0x80)
		cut--; /* not inside a character */
	str_add_escaped(&out, text, cut);
	if (cut < n)
		str_add(&out, "…");
	return str_steal(&out);
}

/* Whatever of the file is in it. */
static char *safe_text(const char *text)
{
	struct str out = {0};

	str_add_escaped(&out, text, strlen(text));
	return str_steal(&out);
}

void problem_add(
        struct problems *list, struct yaml_mark mark, const char *hint, const char *fmt, ...)
{
	va_list ap;

	if (list->n == MOST)
		return;
	if ((list->n & (list->n - 1)) == 0)
		list->rows = xrealloc(list->rows, list->n * 2 + 1, sizeof(*list->rows));
	va_start(ap, fmt);
	AUTO_FREE char *text = xvasprintf(fmt, ap);
	va_end(ap);
	list->rows[list->n++] = (struct problem){
	        mark.line, mark.column, safe_text(text), hint && *hint ? safe_text(hint) : NULL};
}

void problem_of_key(
        struct problems *list, struct yaml_mark mark, const char *key, const struct err *err)
{
	problem_add(list, mark, err->hint, "'%s': %s", key, err->message);
}

bool problems_enough(const struct problems *list)
{
	return list->n > PROBLEMS_SHOWN;
}

static int by_place(const void *a, const void *b)
{
	const struct problem *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return strcmp(x->text, y->text);
}

static void row_clear(struct problem *row)
{
	free(row->text);
	free(row->hint);
}

/* Sorts, drops repetitions, cuts; returns how many there were. */
static size_t finish(struct problems *list)
{
	size_t kept = 0;

	if (list->n)
		qsort(list->rows, list->n, sizeof(*list->rows), by_place);
	for (size_t i = 0; i < list->n; i++) {
		if (kept && by_place(&list->rows[kept - 1], &list->rows[i]) == 0)
			row_clear(&list->rows[i]);
		else
			list->rows[kept++] = list->rows[i];
	}
	list->n = kept;
	if (kept <= PROBLEMS_SHOWN)
		return kept;
	struct problem *last = &list->rows[PROBLEMS_SHOWN];
	struct problem rest = {last->line, last->column,
	        xasprintf("%zu more problems from here on", kept - PROBLEMS_SHOWN), NULL};
	for (size_t i = PROBLEMS_SHOWN; i < kept; i++)
		row_clear(&list->rows[i]);
	*last = rest;
	list->n = PROBLEMS_SHOWN + 1;
	return kept;
}

int problems_judge(struct problems *list, const char *file, struct err *err)
{
	size_t n = finish(list);

	if (!n)
		return 0;
	return err_set(
	        err, ERR_CONFIG, "%s: %zu problem%s", strrchr(file, '/') + 1, n, n == 1 ? "" : "s");
}

void problems_clear(struct problems *list)
{
	for (size_t i = 0; i < list->n; i++)
		row_clear(&list->rows[i]);
	free(list->rows);
	*list = (struct problems){0};
}
