/* One call of the command line: global options, the command's own, and its operands. */
#pragma once

#include "base/err.h"
#include "base/str.h"

enum oci_command {
	CMD_CREATE = 1 << 0,
	CMD_START = 1 << 1,
	CMD_STATE = 1 << 2,
	CMD_KILL = 1 << 3,
	CMD_DELETE = 1 << 4,
	CMD_RUN = 1 << 5,
	CMD_EXEC = 1 << 6,
	CMD_PS = 1 << 7,
	CMD_LIST = 1 << 8,
	CMD_SPEC = 1 << 9,
	CMD_FEATURES = 1 << 10,
	CMD_PAUSE = 1 << 11,
	CMD_RESUME = 1 << 12,
	CMD_UPDATE = 1 << 13,
	CMD_EVENTS = 1 << 14,
	CMD_GLOBAL = 1 << 15, /* before the command */
};

/* Options of all commands; each takes those that its table row names. */
struct oci_options {
	/* global */
	const char *root, *log, *log_format, *log_level, *cgroup_manager, *rootless;
	bool systemd_cgroup, debug, version, help;
	/* create, run, exec */
	const char *bundle, *config, *pid_file, *console_socket, *preserve_fds;
	bool no_pivot, no_new_keyring, no_subreaper, detach, keep;
	/* exec */
	const char *process, *cwd, *user, *apparmor, *process_label, *cgroup;
	struct strv env, caps;
	bool tty, no_new_privs, ignore_paused;
	/* kill, delete, ps, list, spec, events */
	bool all, force, quiet, rootless_spec, stats;
	const char *format, *regex, *interval;
	/* update */
	const char *resources;
	struct strv limits; /* "memory.limit=1048576" */
};

struct oci_call {
	enum oci_command command;
	const char *name; /* of the command */
	struct oci_options o;
	struct strv operands;
};
void oci_call_clear(struct oci_call *call);

/* The first is --version or --help too, with which no command is needed. ERR_USAGE. */
MUST_CHECK int oci_call_parse(int argc, char **argv, struct oci_call *out, struct err *err);
/* What --help prints: of the command, or of all. */
void oci_call_help(const struct oci_call *call, struct str *out);
