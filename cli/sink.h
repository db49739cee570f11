/*
 * The three ways in which prov shows events to its user. What a guest printed is escaped in the
 * terminal and the plain one, so that it cannot drive a terminal; the JSON one keeps every byte.
 * Closing a sink flushes what is half printed and leaves fd open.
 */
#pragma once

#include "core/event.h"

/* Live lines at the bottom, one a machine, redrawn in place; what stays is printed above them.
 * Colours unless NO_COLOR is set. Where fd is no terminal, or a dumb one, this is sink_plain. */
struct event_sink *sink_terminal(int fd);
/* One line a fact, "web@kvm: …", without escape sequences. quiet: warnings and errors only. */
struct event_sink *sink_plain(int fd, bool quiet);
/* One JSON object a line: the --events format of core/event.h. */
struct event_sink *sink_json(int fd);
