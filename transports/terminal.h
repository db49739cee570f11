/*
 * The terminal of this process in raw mode, and the signals that would end or resize it as events:
 * while it is held they are blocked and read from a descriptor, so that no handler has to know the
 * terminal and every way out passes terminal_restore().
 */
#pragma once

#include "base/err.h"

#include <signal.h>
#include <termios.h>

struct terminal {
	bool is_tty; /* of standard input; otherwise nothing is changed */
	bool raw;
	struct termios saved;
	sigset_t mask; /* of before */
	int signals;   /* signalfd */
	int ending;    /* the signal that asked to end; raised again by terminal_restore */
};

MUST_CHECK int terminal_hold(struct terminal *terminal, struct err *err);
MUST_CHECK int terminal_raw(struct terminal *terminal, struct err *err);
/* Handles what has come. True: the window size changed. */
bool terminal_signals(struct terminal *terminal);
void terminal_size(int *columns, int *rows); /* of standard input, output or error; else 80x24 */
/* Puts the terminal back, lets the signals through again and raises the one that came. */
void terminal_restore(struct terminal *terminal);
