/* What the commands that look at machines share: which ones are meant, and how they are opened. */
#pragma once

#include "cli/cli.h"

struct looked_at {
	struct machine *machine;
	struct access access;
	bool opened; /* the world was asked; else err says why not */
	struct err err;
};

struct look {
	struct lab lab;
	struct looked_at *v;
	size_t n;
};

/*
 * Opens the lab and the machines that the operands (from the first one on) name; without any, all
 * that have a journal. 0, or the exit code, the error printed. look_close in any case. A machine
 * that cannot be opened is in the list with its error.
 */
MUST_CHECK int look_open(struct cli *cli, struct look *look);
void look_close(struct look *look);

/* The machine's journal exists, the world could be asked, and it runs (a suspended one too where
 * that is enough): else -1, with the hint to bring it up. */
MUST_CHECK int look_running(const struct looked_at *m, bool suspended_too, struct err *err);
