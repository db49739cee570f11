/* exec: a process from a file, or from the container's own with what the options change. */
#include "oci/commands.h"

#include "base/fs.h"
#include "oci/child.h"
#include "oci/console.h"
#include "oci/create.h"
#include "oci/enter.h"
#include "oci/listener.h"
#include "oci/rights.h"
#include "oci/wait.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROCESS_MAX (4 << 20)

static int read_process_file(const char *path, struct oci_process *out, struct err *err)
{
	AUTO_STR text = {0};
	json_t *tree;

	if (fs_read(path, PROCESS_MAX, &text, err) < 0 ||
	        json_load(path, str_text(&text), &tree, err) < 0)
		return -1;
	struct node top = {NULL, NULL, 0, tree};
	int rc = process_read(&top, out, err);
	json_decref(tree);
	return rc;
}

static void replace_env(struct strv *env, const char *pair)
{
	size_t n = strcspn(pair, "=") + 1;

	for (size_t i = 0; i < env->n; i++)
		if (!strncmp(env->v[i], pair, n)) {
			free(env->v[i]);
			env->v[i] = xstrdup(pair);
			return;
		}
	strv_add(env, pair);
}

static void replace_text(char **at, const char *text)
{
	if (!text)
		return;
	free(*at);
	*at = xstrdup(text);
}

/* The container's own process, changed. */
static int apply_options(const struct oci_call *call, struct oci_process *p, struct err *err)
{
	const struct oci_options *o = &call->o;

	if (call->operands.n > 1) {
		strv_clear(&p->argv);
		for (size_t i = 1; i < call->operands.n; i++)
			strv_add(&p->argv, call->operands.v[i]);
	} else if (!o->process) {
		return err_set(err, ERR_USAGE, "exec needs a command, or --process FILE");
	}
	for (size_t i = 0; i < o->env.n; i++) {
		if (!strchr(o->env.v[i], '=') || o->env.v[i][0] == '=')
			return err_set(
			        err, ERR_USAGE, "--env: '%s' is not NAME=VALUE", o->env.v[i]);
		replace_env(&p->env, o->env.v[i]);
	}
	for (size_t i = 0; i < o->caps.n; i++)
		if (process_add_cap(p, o->caps.v[i], err) < 0)
			return -1;
	if (o->cwd && o->cwd[0] != '/')
		return err_set(err, ERR_USAGE, "--cwd: '%s' is no absolute path", o->cwd);
	replace_text(&p->cwd, o->cwd);
	replace_text(&p->apparmor, o->apparmor);
	replace_text(&p->selinux, o->process_label);
	if (rights_judge(call, p, false, err) < 0)
		return -1;
	p->confine.no_new_privileges |= o->no_new_privs;
	if (!o->process)
		p->terminal = o->tty;
	return o->user ? process_user(p, o->user, err) : 0;
}

/* Who is not root loses by the switch what only root has: a process without named capabilities. */
static int take_process(const struct oci_call *call, struct oci_config *config,
        struct oci_process *out, struct err *err)
{
	if (call->o.process) {
		if (read_process_file(call->o.process, out, err) < 0)
			return -1;
		if (!out->argv.n)
			return err_set(err, ERR_CONFIG, "%s: args: is missing", call->o.process);
	} else if (config->has_process) {
		*out = config->process;
		config->process = (struct oci_process){0};
	} else {
		out->cwd = xstrdup("/");
	}
	/* It joins the container's session keyring by its own: none of the host's. */
	out->confine.new_keyring = true;
	return apply_options(call, out, err);
}

static int check_status(const struct oci_call *call, const struct oci_container *c, struct err *err)
{
	if (c->status == OCI_RUNNING || c->status == OCI_CREATED ||
	        (c->status == OCI_PAUSED && call->o.ignore_paused))
		return 0;
	return err_set(err, ERR_FAILED, "container '%s' is %s, not running", c->state.id,
	        oci_status_name(c->status));
}

/* pair[1] is the container's side of the terminal; pair[0] is ours, if it is. */
static int open_console(
        const struct oci_call *call, const struct oci_process *p, int pair[2], struct err *err)
{
	if (!p->terminal)
		return 0;
	if (call->o.console_socket) {
		pair[1] = console_connect(call->o.console_socket, "console socket", err);
		return pair[1] < 0 ? -1 : 0;
	}
	if (call->o.detach)
		return err_set(err, ERR_USAGE, "a terminal with --detach needs --console-socket");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "make a pair of sockets");
	return 0;
}

static int run_process(const struct oci_call *call, struct enter *e, int pair[2], struct err *err)
{
	int status = 0, master = -1;
	pid_t pid;

	if (!call->o.detach)
		wait_block_signals();
	if (container_enter(e, &pid, err) < 0 || write_pid_file(call->o.pid_file, pid, err) < 0)
		return -1;
	if (call->o.detach)
		return 0;
	if (pair[0] >= 0 && (master = console_receive(pair[0], err)) < 0)
		return -1;
	return wait_foreground(pid, master, &status, err) < 0 ? -1 : status;
}

int cmd_exec(const struct oci_call *call, struct err *err)
{
	AUTO_CONTAINER c = {.home.fd = -1};
	struct oci_config config = {0};
	struct oci_process process = {0};
	int pair[2] = {-1, -1}, rc = -1;

	if (oci_container_open(call, call->operands.v[0], false, &c, err) < 0 ||
	        check_status(call, &c, err) < 0 || oci_container_config(&c, &config, err) < 0)
		return -1;
	struct enter e = {.container = &c,
	        .process = &process,
	        .subgroup = call->o.cgroup,
	        .listener_metadata = config.listener_metadata};
	if (take_process(call, &config, &process, err) == 0 &&
	        listener_filter(&config, &process.confine, err) == 0 &&
	        preserved_fds(call, &e.preserve_fds, err) == 0 &&
	        open_console(call, &process, pair, err) == 0) {
		e.console = pair[1];
		rc = run_process(call, &e, pair, err);
	}
	util_close_fd(&pair[0]);
	util_close_fd(&pair[1]);
	if (process.confine.listener.socket > 0)
		util_close_fd(&process.confine.listener.socket);
	process_clear(&process);
	config_clear(&config);
	return rc;
}
