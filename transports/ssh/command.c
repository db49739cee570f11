#include "transports/ssh/command.h"

#include <stdlib.h>
#include <string.h>

/* One argument of execve() may have 128 KiB (MAX_ARG_STRLEN), and `sh -c LINE` is one. */
#define LINE_MAX_BYTES (128 * 1024 - 1)

static bool is_root(const char *user)
{
	return !user || strcmp(user, "root") == 0;
}

static int add_env(
        const struct transport_cmd *cmd, const char *mark, struct str *out, struct err *err)
{
	if (mark)
		str_addf(out, " %s=%s", COMMAND_MARK, mark);
	for (const char *const *e = cmd->env; e && *e; e++) {
		if (!strchr(*e, '=') || **e == '=')
			return err_set(err, ERR_CONFIG, "'%s' is not NAME=VALUE", *e);
		str_add(out, " ");
		str_add_shell(out, *e);
	}
	return 0;
}

/* `env` replaces itself by the command and ends with 126 and 127 as a shell does. It would take a
 * first word with '=' for one more assignment, so a shell hands that over. */
static int add_argv(
        const struct transport_cmd *cmd, const char *mark, struct str *out, struct err *err)
{
	bool has_env = mark || (cmd->env && cmd->env[0]);

	str_add(out, "exec");
	if (has_env) {
		/* What PAM set for a login is no part of the machine's environment. */
		str_add(out, " env -u MOTD_SHOWN");
		if (add_env(cmd, mark, out, err) < 0)
			return -1;
		if (strchr(cmd->argv[0], '='))
			str_add(out, " sh -c 'exec \"$0\" \"$@\"'");
	}
	for (const char *const *a = cmd->argv; *a; a++) {
		str_add(out, " ");
		str_add_shell(out, *a);
	}
	return 0;
}

static int add_shell(
        const struct transport_cmd *cmd, const char *mark, struct str *out, struct err *err)
{
	str_add(out, "exec env");
	if (add_env(cmd, mark, out, err) < 0)
		return -1;
	/* $SHELL is of the user by now; a dash in front of its name makes a login shell, which only
	 * -l does portably from a command line. */
	str_add(out, " \"${SHELL:-/bin/sh}\" -l");
	return 0;
}

/* As the user: folder, environment, command. */
static int add_inner(
        const struct transport_cmd *cmd, const char *mark, struct str *out, struct err *err)
{
	if (cmd->cwd) {
		str_add(out, "cd ");
		str_add_shell(out, cmd->cwd);
		str_add(out, " || exit 126; ");
	} else if (!is_root(cmd->user)) {
		str_add(out, "cd 2>/dev/null || cd /; ");
	}
	return cmd->argv ? add_argv(cmd, mark, out, err) : add_shell(cmd, mark, out, err);
}

/* su's own code for that is 1. By way of the name, because su takes no number. */
static void add_user_check(const char *user, struct str *out)
{
	AUTO_FREE char *why = xasprintf("prov: there is no user '%s' in the machine", user);

	str_add(out, "user=$(id -un -- ");
	str_add_shell(out, user);
	str_add(out, " 2>/dev/null) || { echo ");
	str_add_shell(out, why);
	str_add(out, " >&2; exit 125; }; ");
}

/*
 * su of util-linux makes a new session for -c, which has no terminal and so no Ctrl-C;
 * --session-command keeps the session. busybox knows only -c, and keeps it.
 */
static void add_su(const char *inner, bool tty, struct str *out)
{
	AUTO_STR quoted = {0};

	str_add_shell(&quoted, inner);
	if (tty)
		str_addf(out,
		        "case \"$(su --help 2>&1)\" in *--session-command*) exec su -s /bin/sh "
		        "--session-command %s -- \"$user\";; esac; ",
		        str_text(&quoted));
	str_addf(out, "exec su -s /bin/sh -c %s -- \"$user\"", str_text(&quoted));
}

int ssh_command_build(const struct transport_cmd *cmd, const char *mark, bool tty, struct str *out,
        struct err *err)
{
	AUTO_STR inner = {0};

	if (cmd->user && strchr(cmd->user, ':')) {
		err_set(err, ERR_USAGE, "'%s': a group can be named for containers only",
		        cmd->user);
		return err_hint(err,
		        "over SSH a command runs as a user that the machine has, by "
		        "name or number, with that user's groups");
	}
	if (add_inner(cmd, mark, &inner, err) < 0)
		return -1;
	if (!is_root(cmd->user))
		add_user_check(cmd->user, out);
	if (is_root(cmd->user))
		str_add(out, str_text(&inner));
	else if (!cmd->argv && !cmd->cwd && !(cmd->env && cmd->env[0]))
		str_add(out, "exec su -l -- \"$user\"");
	else
		add_su(str_text(&inner), tty, out);
	if (out->len >= LINE_MAX_BYTES)
		return err_set(err, ERR_FAILED,
		        "the command of %zu bytes is longer than the %d that fit one line",
		        out->len, LINE_MAX_BYTES);
	return 0;
}

void ssh_command_kill(const char *mark, struct str *out)
{
	/* The environment of a process is NUL-separated, hence -z. What was forked between reading
	 * and killing is found in the next round; on a busy machine it takes a while to die. */
	str_addf(out,
	        "round=0; while [ $round -lt 100 ]; do round=$((round + 1)); "
	        "pids=$(grep -lz '^" COMMAND_MARK "=%s$' /proc/[0-9]*/environ 2>/dev/null | "
	        "sed 's,^/proc/,,;s,/environ$,,'); "
	        "[ -n \"$pids\" ] || exit 0; kill -KILL $pids 2>/dev/null; "
	        "[ $round -lt 4 ] || sleep 0.1 2>/dev/null || sleep 1; done; exit 1",
	        mark);
}
