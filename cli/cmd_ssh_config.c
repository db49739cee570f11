/*
 * ssh-config: the machines as hosts of OpenSSH, so that whatever uses it works unchanged. A
 * container's sshd is started for each connection, by ssh-serve at the other end of a pipe: none
 * need listen.
 */
#include "cli/commands.h"

#include "base/fs.h"
#include "cli/remote.h"
#include "cli/ssh_host.h"
#include "core/host_keys.h"
#include "net/near.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SSHD "/usr/sbin/sshd"
/* Inside: of this boot, and nobody's but root's to write. */
#define SERVE_DIR "/run/prov-ssh"

static bool is_container(const struct machine *m)
{
	return str_eq(m->spec.provider, "container");
}

/* In its box, or installed since. */
static bool has_sshd(const struct machine *m, const struct machine_spec *spec)
{
	AUTO_FREE char *own = xasprintf("%s" SSHD, m->names.upper);
	AUTO_FREE char *boxs = xasprintf("%s" SSHD, spec->box.rootfs ? spec->box.rootfs : "");

	return fs_exists(own) || (spec->box.rootfs && fs_exists(boxs));
}

/* ssh_config(5) takes a value with blanks in double quotes, and has %-tokens in all of these. */
static void add_line(struct str *out, const char *name, const char *value)
{
	bool quoted = strpbrk(value, " \t#") != NULL && !str_eq(name, "ProxyCommand");

	str_addf(out, "  %s %s", name, quoted ? "\"" : "");
	str_add_ssh(out, value);
	str_add(out, quoted ? "\"\n" : "\n");
}

static void add_names(const struct lab *lab, const struct machine *m, struct str *out)
{
	const struct machine_spec *spec = &m->spec;

	str_addf(out, "Host %s", spec->hostname);
	if (spec->domain)
		str_addf(out, " %s.%s", spec->hostname, spec->domain);
	if (ssh_host_is_only(lab, m)) {
		str_addf(out, " %s", spec->name);
		if (spec->domain)
			str_addf(out, " %s.%s", spec->name, spec->domain);
	}
	str_add(out, "\n");
}

static void add_host(const struct lab *lab, const struct machine *m,
        const struct machine_spec *spec, struct str *out)
{
	add_names(lab, m, out);
	if (is_container(m)) {
		AUTO_STR proxy = {0};
		ssh_host_prov(lab, &proxy);
		str_addf(&proxy, " ssh-serve %s", m->spec.selector);
		add_line(out, "HostName", spec->hostname);
		add_line(out, "ProxyCommand", str_text(&proxy));
	} else {
		add_line(out, "HostName", net_near_address(spec));
		add_line(out, "Port", "22");
	}
	add_line(out, "User", spec->user ? spec->user : "root");
	add_line(out, "IdentityFile", m->names.key);
	add_line(out, "IdentitiesOnly", "yes");
	add_line(out, "HostKeyAlias", spec->hostname);
	add_line(out, "UserKnownHostsFile", m->names.known_hosts);
	add_line(out, "StrictHostKeyChecking", "yes");
	add_line(out, "PasswordAuthentication", "no");
}

/* Keys of a container are made when somebody wants to log in. */
static int make_keys(
        struct lab *lab, const struct machine *m, const struct machine_spec *spec, struct err *err)
{
	if (lab_login_key(lab, err) < 0 || host_keys_make(&m->names, spec->hostname, err) < 0)
		return -1;
	return host_keys_known(&m->names, spec, err);
}

static int describe(struct lab *lab, const struct machine *m, struct str *out, struct err *err)
{
	struct machine_spec spec;
	int rc = 0;

	ssh_host_spec(m, &spec);
	if (is_container(m) && !has_sshd(m, &spec)) {
		str_addf(out, "# %s has no " SSHD ": 'prov ssh --as-ssh' reaches it without\n",
		        m->spec.hostname);
	} else if (!is_container(m) && !net_near_address(&spec)) {
		str_addf(out, "# %s has no network\n", m->spec.hostname);
	} else {
		if (is_container(m))
			rc = make_keys(lab, m, &spec, err);
		add_host(lab, m, &spec, out);
	}
	spec_clear(&spec);
	return rc;
}

static int describe_all(const struct cli *cli, struct lab *lab, struct str *out, struct err *err)
{
	AUTO_FREE struct machine **chosen = NULL;
	size_t n, made = 0;

	if (lab_select(lab, &cli->operands, &chosen, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (cli->operands.n && remote_made(chosen[i], err) < 0)
			return -1;
		if (!chosen[i]->state.exists)
			continue;
		made++;
		if (describe(lab, chosen[i], out, err) < 0)
			return -1;
	}
	if (made)
		return 0;
	err_set(err, ERR_FAILED, "nothing of lab '%s' is up", lab->name);
	return err_hint(err, "prov up");
}

static int run_config(struct cli *cli)
{
	struct lab lab = {0};
	struct err err = {0};
	AUTO_STR out = {0};
	int code = cli_open_lab_anyhow(cli, &lab);

	if (code)
		return code;
	if (describe_all(cli, &lab, &out, &err) < 0)
		code = cli_fail(cli, &err);
	else
		cli_print(&out);
	lab_clear(&lab);
	return code;
}

static int put_file(
        struct remote *r, const char *source, const char *name, int mode, struct err *err)
{
	AUTO_FREE char *inside = xasprintf(SERVE_DIR "/%s", name);
	const struct transport_file file = {.source = source, .destination = inside, .mode = mode};

	return r->transport->ops->put(r->transport, &file, err);
}

/* What sshd needs of this host: its own key, and who may come in. */
static int put_keys(struct remote *r, const struct names *names, struct err *err)
{
	AUTO_FREE char *host_key = xasprintf("%s/host_key", names->dir);
	AUTO_FREE char *login_key = xasprintf("%s.pub", names->key);

	if (put_file(r, host_key, "host_key", 0600, err) < 0)
		return -1;
	return put_file(r, login_key, "authorized_keys", 0644, err);
}

/* The box's own configuration holds for the rest. Its folder for privilege separation is a
 * service's to make, which does not run. */
static int serve(const struct cli *cli, struct remote *r, struct machine *m, struct err *err)
{
	static const char line[] = "mkdir -p -m 0755 /run/sshd && exec " SSHD " \"$@\"";
	const char *const argv[] = {"/bin/sh", "-c", line, "sshd", "-i", "-e", "-o",
	        "HostKey=" SERVE_DIR "/host_key", "-o",
	        "AuthorizedKeysFile=" SERVE_DIR
	        "/authorized_keys .ssh/authorized_keys .ssh/authorized_keys2",
	        "-o", "PermitRootLogin=prohibit-password", "-o", "PubkeyAuthentication=yes", "-o",
	        "LogLevel=FATAL", "-o", "PrintMotd=no", NULL};
	struct transport_cmd cmd = {.argv = argv, .in_fd = -1};
	int status = 0;

	if (remote_open_machine(cli, r, m, err) < 0)
		return -1;
	if (!has_sshd(m, r->access.spec)) {
		err_set(err, ERR_FAILED, "'%s' has no " SSHD, m->spec.selector);
		return err_hint(err, "prov ssh --as-ssh reaches it without");
	}
	if (make_keys(&r->lab, m, r->access.spec, err) < 0 || put_keys(r, &m->names, err) < 0)
		return -1;
	return remote_run(cli, r, &cmd, false, &status, err) < 0 ? -1 : status;
}

static int run_serve(struct cli *cli)
{
	struct remote r = {0};
	struct err err = {0};
	struct machine *m;
	int code = cli_check_operands(cli, 1, 1);

	if (code || (code = cli_open_lab_for(cli, cli->operands.v[0], &r.lab)))
		return code;
	if (lab_select_one(&r.lab, cli->operands.v[0], &m, &err) < 0)
		code = -1;
	else if (!is_container(m))
		code = err_set(&err, ERR_USAGE, "'%s' has an sshd of its own", m->spec.selector);
	else
		code = serve(cli, &r, m, &err);
	/* ssh ends it by a signal once it has no more use for it. */
	if (code < 0)
		code = err.kind == ERR_INTERRUPTED ? REMOTE_SSH_FAILED
		                                   : remote_fail(cli, &err, REMOTE_SSH_FAILED);
	remote_close(&r);
	return code;
}

const struct command cmd_ssh_config = {
        .name = "ssh-config",
        .usage = "[MACHINE…]",
        .summary = "print the machines as hosts for OpenSSH's ssh_config",
        .run = run_config,
};
const struct command cmd_ssh_serve = {
        .name = "ssh-serve",
        .usage = "CONTAINER",
        .summary = "an sshd of the container's on standard input and output, for ProxyCommand",
        .flags = COMMAND_HIDDEN,
        .run = run_serve,
};
