#include "cli/look.h"

#include "lab/network/plug.h"

#include <stdlib.h>
#include <string.h>

static void open_machine(
        const struct cli *cli, const struct lab *lab, struct machine *m, struct looked_at *out)
{
	*out = (struct looked_at){.machine = m};
	if (!m->state.exists)
		return;
	out->opened =
	        access_open(cli->providers, m, ACCESS_STORED, NULL, &out->access, &out->err) == 0;
	if (out->opened && out->access.spec == &out->access.stored)
		plug_look(&lab->state, &out->access, &out->access.stored);
}

static int nothing_up(const struct look *look, struct err *err)
{
	err_set(err, ERR_FAILED, "nothing of lab '%s' is up", look->lab.name);
	return err_hint(err, "prov up");
}

int look_open(struct cli *cli, struct look *look)
{
	AUTO_FREE struct machine **chosen = NULL;
	struct err err = {0};
	size_t n = 0;

	*look = (struct look){0};
	int code = cli_open_lab_anyhow(cli, &look->lab);
	if (code)
		return code;
	if (lab_select(&look->lab, &cli->operands, &chosen, &n, &err) < 0)
		return cli_fail(cli, &err);
	look->v = xcalloc(n + 1, sizeof(*look->v));
	for (size_t i = 0; i < n; i++)
		if (cli->operands.n || chosen[i]->state.exists)
			open_machine(cli, &look->lab, chosen[i], &look->v[look->n++]);
	return look->n || nothing_up(look, &err) == 0 ? 0 : cli_fail(cli, &err);
}

void look_close(struct look *look)
{
	for (size_t i = 0; i < look->n; i++)
		access_close(&look->v[i].access);
	free(look->v);
	lab_clear(&look->lab);
	*look = (struct look){0};
}

int look_running(const struct looked_at *m, bool suspended_too, struct err *err)
{
	const char *name = m->machine->spec.selector;
	enum machine_state state = m->access.world.state;

	if (m->err.kind) {
		if (err)
			*err = m->err;
		return -1;
	}
	if (m->opened &&
	        (state == MACHINE_RUNNING || (suspended_too && state == MACHINE_SUSPENDED)))
		return 0;
	err_set(err, ERR_FAILED, "'%s' is %s", name,
	        m->opened && state != MACHINE_ABSENT ? machine_state_name(state) : "not up");
	return err_hint(err, "prov %s %s", state == MACHINE_SUSPENDED ? "resume" : "up", name);
}
