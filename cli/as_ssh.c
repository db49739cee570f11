/*
 * ssh's own command line. A container is entered, whether or not an sshd runs there. A virtual
 * machine is reached by OpenSSH's client with the lab's key, so that forwardings and shared
 * connections work; without that client by prov's own.
 */
#include "cli/as_ssh.h"

#include "cli/remote.h"
#include "cli/ssh_args.h"
#include "cli/ssh_host.h"
#include "net/near.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HASH_CHARS = 40, SUFFIX_CHARS = 18, SOCKET_CHARS = 108 };

/* Where systems have it: Debian, Fedora, Alpine and Arch. */
static const char sftp_server[] =
        "for s in /usr/lib/openssh/sftp-server /usr/libexec/openssh/sftp-server "
        "/usr/lib/ssh/sftp-server /usr/libexec/sftp-server; do [ -x $s ] && exec $s; done; "
        "echo 'no sftp-server is installed in the machine' >&2; exit 127";

static int refuse_only_ssh(const struct ssh_args *a, const struct machine *m, struct err *err)
{
	if (!a->only_ssh)
		return 0;
	err_set(err, ERR_USAGE, "'%s' needs an SSH connection, which a container has not: '%s'",
	        a->only_ssh, m->spec.selector);
	return err_hint(err, "where it has sshd, prov ssh-config lets ssh itself do it");
}

static int subsystem_line(const struct ssh_args *a, const char **line, struct err *err)
{
	*line = a->command;
	if (!a->subsystem)
		return 0;
	if (!str_eq(a->command, "sftp"))
		return err_set(err, ERR_USAGE, "there is no subsystem '%s'", a->command);
	*line = sftp_server;
	return 0;
}

static int by_transport(const struct cli *cli, struct remote *r, const struct machine *m,
        const struct ssh_args *a, const char *user, struct err *err)
{
	AUTO_STRV env = {0};
	AUTO_FD int null = a->no_stdin ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
	const char *line;
	int status = REMOTE_SSH_FAILED;

	if (subsystem_line(a, &line, err) < 0 || remote_open_machine(cli, r, m, err) < 0)
		return -1;
	const char *command[] = {"/bin/sh", "-c", line, NULL}, *shell[] = {"/bin/sh", "-l", NULL};
	strv_copy(&env, &r->access.spec->env);
	ssh_args_env(a, environ, &env);
	bool tty = a->tty >= 0 && isatty(STDIN_FILENO) && (!line || a->tty > 0);
	const struct transport_cmd cmd = {.argv = line ? command
	                : tty                          ? NULL
	                                               : shell,
	        .env = (const char *const *)env.v,
	        .user = user ? user : r->access.spec->user,
	        .in_fd = null};
	struct transport_cmd now = cmd;
	return remote_run(cli, r, &now, tty, &status, err) < 0 ? -1 : status;
}

static void add_option(struct strv *argv, const char *name, const char *value)
{
	strv_add(argv, "-o");
	strv_addf(argv, "%s=%s", name, value);
}

/* Of the lab's own: a machine of the same name in another lab must not be taken for this one. ssh
 * adds to the path what must fit into a socket's address as well. */
static void share_connection(const struct names *names, struct strv *argv)
{
	const char *folder = names->lab_dir;
	bool fits = strlen(folder) + strlen("/ssh-") + HASH_CHARS + SUFFIX_CHARS < SOCKET_CHARS &&
	        !strpbrk(folder, " \t");
	AUTO_STR path = {0};

	str_add_ssh(&path, folder);
	str_add(&path, "/ssh-%C");
	add_option(argv, "ControlPath", fits ? str_text(&path) : "none");
}

/* A path with a blank is one word in quotes. */
static void add_path(struct strv *argv, const char *name, const char *path)
{
	AUTO_STR word = {0};

	str_add(&word, "\"");
	str_add_ssh(&word, path);
	str_add(&word, "\"");
	add_option(argv, name, str_text(&word));
}

/* In ssh the first value of an option holds, so that the lab's come first. */
static void ssh_argv(const struct machine *m, const struct machine_spec *spec,
        const struct ssh_args *a, const char *user, struct strv *argv)
{
	strv_add(argv, "ssh");
	if (!a->has_file) {
		strv_add(argv, "-F");
		strv_add(argv, "none");
	}
	add_option(argv, "HostName", net_near_address(spec));
	add_option(argv, "HostKeyAlias", spec->hostname);
	add_path(argv, "UserKnownHostsFile", m->names.known_hosts);
	add_option(argv, "GlobalKnownHostsFile", "/dev/null");
	add_option(argv, "StrictHostKeyChecking", "yes");
	add_path(argv, "IdentityFile", m->names.key);
	add_option(argv, "IdentitiesOnly", "yes");
	add_option(argv, "PasswordAuthentication", "no");
	add_option(argv, "KbdInteractiveAuthentication", "no");
	add_option(argv, "User", user ? user : spec->user);
	if (a->shared)
		share_connection(&m->names, argv);
	for (size_t i = 0; i < a->passed.n; i++)
		strv_add(argv, a->passed.v[i]);
	strv_add(argv, spec->hostname);
	if (a->command)
		strv_add(argv, a->command);
}

/* Returns only where there is no client. */
static int by_openssh(const struct cli *cli, struct remote *r, const struct machine *m,
        const struct ssh_args *a, const char *user, struct err *err)
{
	struct machine_spec spec;
	AUTO_STRV argv = {0};

	ssh_host_spec(m, &spec);
	int rc = remote_look(cli, r, m, &spec, err);
	if (rc == 0 && !net_near_address(&spec))
		rc = err_set(err, ERR_FAILED,
		        "the machine '%s' has no network, so SSH cannot reach it", spec.selector);
	else if (rc == 0)
		ssh_argv(m, &spec, a, user, &argv);
	spec_clear(&spec);
	if (rc < 0)
		return rc;
	signal(SIGPIPE, SIG_DFL);
	execvp("ssh", argv.v);
	signal(SIGPIPE, SIG_IGN);
	return errno == ENOENT ? 0 : err_sys(err, "start 'ssh'");
}

/* As ssh -G: git asks it whether this is OpenSSH's command line. */
static void show(const struct machine *m, const char *user)
{
	struct machine_spec spec;
	AUTO_STR text = {0};

	ssh_host_spec(m, &spec);
	const char *address = net_near_address(&spec);
	str_addf(&text, "host %s\nhostname %s\nuser %s\nport 22\n", spec.hostname,
	        address ? address : spec.hostname,
	        user                ? user
	                : spec.user ? spec.user
	                            : "root");
	spec_clear(&spec);
	cli_print(&text);
}

static int reach(const struct cli *cli, struct remote *r, struct ssh_args *a, struct err *err)
{
	struct machine *m;
	char *user = NULL;
	/* rsync takes web@kvm apart: -l web kvm. */
	AUTO_FREE char *joined = a->user ? xasprintf("%s@%s", a->user, a->host) : xstrdup(a->host);
	int rc = ssh_host_find(&r->lab, joined, &m, &user, err);

	if (rc == 0 && a->show)
		show(m, user);
	else if (rc == 0)
		rc = remote_made(m, err);
	if (rc == 0 && !a->show) {
		bool container = str_eq(m->spec.provider, "container");
		rc = container ? refuse_only_ssh(a, m, err) : by_openssh(cli, r, m, a, user, err);
		if (rc == 0)
			rc = by_transport(cli, r, m, a, user, err);
	}
	free(user);
	return rc;
}

static int fail(const struct cli *cli, const struct ssh_args *a, const struct err *err)
{
	if (err->kind == ERR_INTERRUPTED || !a->quiet)
		return remote_fail(cli, err, REMOTE_SSH_FAILED);
	return REMOTE_SSH_FAILED;
}

int as_ssh(struct cli *cli)
{
	struct remote r = {0};
	struct ssh_args args;
	struct err err = {0};
	char *none[] = {NULL};
	int code = ssh_args_read(cli->operands.n ? cli->operands.v : none, &args, &err);

	if (code < 0)
		code = remote_fail(cli, &err, REMOTE_SSH_FAILED);
	else if (args.version)
		code = fprintf(stderr, "prov, in the place of OpenSSH\n") < 0;
	else if (args.control)
		code = REMOTE_SSH_FAILED; /* no connection is shared: none to command */
	else if (cli_open_lab_anyhow(cli, &r.lab))
		code = REMOTE_SSH_FAILED;
	else if ((code = reach(cli, &r, &args, &err)) < 0)
		code = fail(cli, &args, &err);
	remote_close(&r);
	ssh_args_clear(&args);
	return code;
}
