/*
 * A pseudo-terminal and what a person would see on it: just enough of a terminal for what prov
 * sends (text, carriage return, newline, cursor up, clear to the end, colours); anything else ends
 * the test.
 */
#pragma once

#include "base/str.h"

struct screen {
	int master, slave; /* the program under test writes to slave */
	int rows, columns;
	int row, column;   /* of the cursor */
	struct str *lines; /* what each row shows; colours left out */
	struct str raw;    /* all that was sent */
	size_t parsed;
};

void screen_open(struct screen *screen, int rows, int columns);
void screen_resize(struct screen *screen, int columns);
/* Reads what was sent and returns the rows joined by newlines, without empty ones at the end. The
 * caller frees. */
char *screen_text(struct screen *screen);
void screen_close(struct screen *screen);
