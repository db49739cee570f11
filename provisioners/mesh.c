/*
 * ssh.mesh: the machine as a client, and a server, of the lab's others. The same script for both
 * kinds, read from standard input: the key is in no process's arguments. As the user whose files
 * they are, so that nobody's links lead root elsewhere.
 */
#include "provisioners/internal.h"

#include "base/fs.h"
#include "base/io.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FILE_MAX   (16 * 1024 * 1024)
#define TIMEOUT_NS (60 * INT64_C(1000000000))

/* A key of the user's own stays: ours is then called id_prov. */
static const char personal[] =
        "set -e; umask 077; cd; mkdir -p .ssh; cd .ssh; f=id_ed25519\n"
        "if [ -e $f ] && [ \"$(cat $f.pub 2>/dev/null)\" != \"$public\" ]; then f=id_prov; fi\n"
        "cat >$f.new <<END\n$private\nEND\n"
        "mv -f $f.new $f\n"
        "echo \"$public\" >$f.pub\n"
        "grep -qxF \"$public\" authorized_keys 2>/dev/null || echo \"$public\" >>authorized_keys\n";

static const char common[] =
        "umask 022; mkdir -p /etc/ssh/ssh_config.d; cd /etc/ssh\n"
        "grep -v ' prov-lab$' ssh_known_hosts >ssh_known_hosts.new 2>/dev/null || :\n"
        "cat >>ssh_known_hosts.new <<END\n$known\nEND\n"
        "mv -f ssh_known_hosts.new ssh_known_hosts\n"
        "cat >ssh_config.d/prov-lab.conf <<END\n$config\nEND\n";

/* 0A: a socket that listens; 0016: port 22. sshd goes into the background before it listens. */
static const char listen[] =
        "listens() {\n"
        "  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |\n"
        "    grep -q ':0016 [0-9A-F]*:[0-9A-F]* 0A '\n"
        "}\n"
        "if [ ! -x /usr/sbin/sshd ]; then\n"
        "  echo 'the box has no sshd: the other machines cannot log in here'\n"
        "elif ! listens; then\n"
        "  mkdir -p -m 0755 /run/sshd; /usr/sbin/sshd </dev/null\n"
        "  n=0; until listens; do n=$((n + 1))\n"
        "  [ $n -lt 100 ] || { echo 'sshd does not listen on port 22'; break; }\n"
        "  sleep 0.1 2>/dev/null || sleep 1; done\n"
        "fi\n";

static int add_variable(struct str *script, const char *name, const char *path, struct err *err)
{
	AUTO_STR text = {0};

	if (fs_read(path, FILE_MAX, &text, err) < 0)
		return -1;
	/* The script adds it again. */
	if (text.len && text.buf[text.len - 1] == '\n')
		text.buf[text.len - 1] = '\0';
	str_addf(script, "%s=", name);
	str_add_shell(script, str_text(&text));
	str_add(script, "\n");
	explicit_bzero(text.buf, text.len);
	return 0;
}

static void print_output(void *ctx, int stream, const char *data, size_t n)
{
	run_output(ctx, stream, data, n);
}

static int execute(struct run *run, struct transport *t, const struct str *script, const char *user,
        struct err *err)
{
	static const char *const argv[] = {"/bin/sh", "-s", NULL};
	AUTO_FD int fd = memfd_create("prov-mesh", MFD_CLOEXEC);
	const struct transport_cmd cmd = {.argv = argv,
	        .user = user,
	        .in_fd = fd,
	        .out_fd = -1,
	        .err_fd = -1,
	        .output = print_output,
	        .ctx = run,
	        .timeout_ns = TIMEOUT_NS,
	        .stop = run_stop(run)};
	int status = 0;

	if (fd < 0 || io_write_all(fd, script->buf, script->len, err) < 0 ||
	        lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "write a script to memory");
	if (t->ops->run(t, &cmd, &status, err) < 0)
		return -1;
	return status == 0
	        ? 0
	        : err_set(err, ERR_FAILED, "the keys cannot be written there as '%s' (%d)",
	                  user ? user : "root", status);
}

static int personal_part(struct run *run, struct str *script, struct err *err)
{
	AUTO_FREE char *public = xasprintf("%s.pub", run->names->key);

	if (add_variable(script, "private", run->names->key, err) < 0 ||
	        add_variable(script, "public", public, err) < 0)
		return -1;
	str_add(script, personal);
	return 0;
}

static int common_part(struct run *run, struct str *script, struct err *err)
{
	const struct machine_spec *spec = run->spec;

	if (add_variable(script, "known", run->names->mesh_known, err) < 0 ||
	        add_variable(script, "config", run->names->mesh_config, err) < 0)
		return -1;
	str_add(script, common);
	/* systemd starts its own, and so does a virtual machine. */
	if (str_eq(spec->provider, "container") && !str_eq(spec->container.init, "systemd"))
		str_add(script, listen);
	return 0;
}

int provision_mesh(struct run *run, struct err *err)
{
	const char *user = run->spec->user;
	AUTO_STR script = {0};
	struct transport *t;

	int rc = run_transport(run, &t, err);
	if (rc == 0)
		rc = personal_part(run, &script, err);
	if (rc == 0 && user && !str_eq(user, "root"))
		rc = execute(run, t, &script, user, err);
	if (rc == 0)
		rc = common_part(run, &script, err);
	if (rc == 0)
		rc = execute(run, t, &script, NULL, err);
	if (script.buf)
		explicit_bzero(script.buf, script.len);
	return rc < 0 ? err_wrap(err, "ssh_mesh") : 0;
}

void provision_mesh_inputs(const struct run *run, struct digest *digest)
{
	const char *const paths[] = {run->names->mesh_known, run->names->mesh_config};

	digest_field(digest, "user", run->spec->user);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		AUTO_STR text = {0};
		if (fs_read(paths[i], FILE_MAX, &text, NULL) == 0)
			digest_field(digest, "file", str_text(&text));
	}
}

void provision_mesh_explain(const struct run *run, struct str *out)
{
	str_add(out,
	        "the lab's key goes into ~/.ssh of root and the login user, all host keys into "
	        "/etc/ssh/ssh_known_hosts, all names into /etc/ssh/ssh_config.d\nprov cp ");
	str_add_shell(out, run->names->key);
	str_addf(out, " %s:/root/.ssh/id_ed25519\n", run->spec->selector);
}
