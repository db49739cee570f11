/* A picture that is drawn again and again: in its own place on a terminal, one below the other
 * elsewhere. And the time between two of them. */
#pragma once

#include "cli/cli.h"

struct redraw {
	bool terminal;
	int lines; /* of the last picture on the screen */
};

void redraw_begin(struct redraw *r); /* standard output */
/* Whole lines; what does not fit the screen is cut off. */
void redraw_show(struct redraw *r, const struct str *text);

/* True once the user asked to stop, also while it waits. */
bool redraw_pause(const struct cli *cli, int64_t ns);
/* "0.5", "2": seconds; ERR_USAGE names the option. */
MUST_CHECK int redraw_interval(const struct cli *cli, const char *option, int64_t fallback_ns,
        int64_t *ns, struct err *err);
/* The exit code of a command that the user ends by Ctrl-C as a matter of course. */
int redraw_stopped(const struct cli *cli);
