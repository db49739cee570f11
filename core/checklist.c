#include "core/checklist.h"

#include <stdlib.h>

void checklist_add(struct checklist *list, enum check_result result, const char *name,
        const char *hint, const char *found, ...)
{
	va_list ap;

	list->rows = xrealloc(list->rows, list->n + 1, sizeof(*list->rows));
	struct check *row = &list->rows[list->n++];
	row->result = result;
	row->name = xstrdup(name);
	row->hint = hint && *hint ? xstrdup(hint) : NULL;
	va_start(ap, found);
	row->found = xvasprintf(found, ap);
	va_end(ap);
}

void checklist_clear(struct checklist *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->rows[i].name);
		free(list->rows[i].found);
		free(list->rows[i].hint);
	}
	free(list->rows);
	*list = (struct checklist){0};
}
