/* prov network connect and disconnect: networks of a running machine. */
#include "cli/network_plug.h"

#include "lab/plug.h"

/* The network stands, then the machine joins it; or it leaves. The exit code. */
static int plug_it(
        const struct cli *cli, struct lab *lab, struct machine *m, const struct plug *plug)
{
	const struct verb *verb = plug->in ? &verb_connect : &verb_disconnect;
	struct verb_options options = {.named = true, .plug = plug};
	struct event_sink *sink = cli_sink(cli);
	struct err err = {0};
	int code;

	if (plug->in && lab_steps_up(lab, &m, 1, sink, cli->stop, &err) < 0)
		code = cli_failed(cli, &err);
	else
		code = cli_run_verb(cli, lab, verb, &m, 1, &options, sink);
	sink->close(sink);
	return code;
}

/* Of a locked lab. An address that nobody has is given back. */
static int plug(const struct cli *cli, struct lab *lab, struct machine *m, struct plug *plug)
{
	struct err err = {0};
	int code = plug_find(lab, m, plug, &err) < 0 ? cli_fail(cli, &err)
	                                             : plug_it(cli, lab, m, plug);

	if ((code != 0) == plug->in && plug_forget(lab, m, plug, &err) < 0)
		return cli_fail(cli, &err);
	return code;
}

int cli_network_plug(struct cli *cli, bool in)
{
	struct plug what = {
	        .network = cli->operands.v[1], .address = cli_value(cli, "ip"), .in = in};
	struct lab lab = {0};
	struct machine *m;
	struct err err = {0};
	int code;

	if (what.address && !in)
		return cli_fail_usage(cli, "'--ip' is for 'network connect'");
	code = cli_open_lab(cli, &lab);
	if (code)
		return code;
	if (lab_select_one(&lab, cli->operands.v[2], &m, &err) < 0 ||
	        plug_check(&lab, m, &what, &err) < 0 || lab_lock(&lab, &err) < 0)
		code = cli_fail(cli, &err);
	else
		code = plug(cli, &lab, m, &what);
	lab_clear(&lab);
	return code;
}
