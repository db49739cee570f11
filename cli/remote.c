#include "cli/remote.h"

#include "lab/network/plug.h"

#include <stdio.h>
#include <unistd.h>

#define CONNECT_NS (30 * INT64_C(1000000000))

static int not_running(const struct machine *m, const struct access *a, struct err *err)
{
	err_set(err, ERR_FAILED, "'%s' is %s", m->spec.selector,
	        m->state.exists ? machine_state_name(a->world.state) : "not up");
	return err_hint(err, "prov %s %s", a->world.state == MACHINE_SUSPENDED ? "resume" : "up",
	        m->spec.selector);
}

int remote_made(const struct machine *m, struct err *err)
{
	const struct access none = {0};

	return m->state.exists ? 0 : not_running(m, &none, err);
}

/* A virtual machine is entered by a network that it is in now: out of all of them it would be
 * knocked at in vain. */
static int find_way_in(struct remote *r, const struct machine *m, struct err *err)
{
	struct machine_spec *spec = &r->access.stored;

	if (r->access.spec != spec || !str_eq(spec->provider, "kvm") || !spec->n_nics ||
	        !plug_any(&r->lab.state, m->spec.selector))
		return 0;
	AUTO_FREE char *first = xstrdup(spec->nics[0].network);
	plug_look(&r->lab.state, &r->access, spec);
	if (spec->n_nics)
		return 0;
	err_set(err, ERR_FAILED, "'%s' cannot be reached: it was disconnected from all networks",
	        m->spec.selector);
	return err_hint(err, "prov network connect %s %s, or prov up %s", first, m->spec.selector,
	        m->spec.selector);
}

int remote_look(const struct cli *cli, struct remote *r, const struct machine *m,
        struct machine_spec *out, struct err *err)
{
	if (!plug_any(&r->lab.state, m->spec.selector))
		return 0;
	int rc = access_open(cli->providers, m, ACCESS_STORED, NULL, &r->access, err);
	if (rc == 0 && r->access.world.state != MACHINE_RUNNING)
		rc = not_running(m, &r->access, err);
	if (rc == 0)
		rc = find_way_in(r, m, err);
	if (rc == 0) {
		spec_clear(out);
		spec_copy(out, r->access.spec);
	}
	access_close(&r->access);
	return rc;
}

int remote_open_machine(
        const struct cli *cli, struct remote *r, const struct machine *m, struct err *err)
{
	if (remote_made(m, err) < 0)
		return -1;
	if (access_open(cli->providers, m, ACCESS_STORED, NULL, &r->access, err) < 0)
		return -1;
	if (r->access.world.state != MACHINE_RUNNING)
		return not_running(m, &r->access, err);
	if (find_way_in(r, m, err) < 0)
		return -1;
	return r->access.provider->connect(
	        r->access.session, CONNECT_NS, cli->stop, &r->transport, err);
}

int remote_open(const struct cli *cli, struct remote *r, const char *name, struct err *err)
{
	struct machine *m;

	return lab_select_one(&r->lab, name, &m, err) < 0 ? -1
	                                                  : remote_open_machine(cli, r, m, err);
}

void remote_close(struct remote *r)
{
	if (r->transport)
		r->transport->ops->close(r->transport);
	r->transport = NULL;
	access_close(&r->access);
	lab_clear(&r->lab);
}

static int64_t oom_kills(const struct access *a)
{
	return a->provider->oom_kills ? a->provider->oom_kills(a->session) : -1;
}

/* What the kernel killed does not know why, and its shell says "Killed" at most. */
static void say_oom(const struct access *a, int64_t before)
{
	int64_t killed = oom_kills(a) - (before > 0 ? before : 0);
	AUTO_STR limit = {0};

	if (before < 0 || killed <= 0)
		return;
	str_add_size(&limit, a->spec->memory_bytes);
	fprintf(stderr,
	        "prov: the kernel killed %d process%s of '%s' for lack of memory ('memory' is "
	        "%s)\n",
	        (int)killed, killed == 1 ? "" : "es", a->spec->selector, str_text(&limit));
}

int remote_run(const struct cli *cli, struct remote *r, struct transport_cmd *cmd, bool tty,
        int *status, struct err *err)
{
	int64_t killed = oom_kills(&r->access);

	if (cmd->in_fd < 0)
		cmd->in_fd = STDIN_FILENO;
	cmd->out_fd = STDOUT_FILENO;
	cmd->err_fd = STDERR_FILENO;
	cmd->stop = cli->stop;
	int rc = tty ? r->transport->ops->shell(r->transport, cmd, status, err)
	             : r->transport->ops->run(r->transport, cmd, status, err);
	if (rc == 0 && *status != 0)
		say_oom(&r->access, killed);
	return rc;
}

int remote_fail(const struct cli *cli, const struct err *err, int code)
{
	int own = cli_fail(cli, err);

	return err->kind == ERR_INTERRUPTED ? own : code;
}
