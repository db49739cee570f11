/* prov network connect and disconnect: networks of a running machine. */
#include "cli/network_plug.h"

#include "lab/network/plug.h"
#include "lab/prepare.h"

/* The network stands, then the machine joins it; or it leaves. The exit code. */
static int plug_it(const struct cli *cli, struct lab *lab, struct machine *m,
        const struct plug *plug, struct event_sink *sink)
{
	const struct verb *verb = plug->in ? &verb_connect : &verb_disconnect;
	struct verb_options options = {.named = true, .plug = plug};
	struct err err = {0};

	if (plug->in && lab_steps_up(lab, &m, 1, sink, cli->stop, &err) < 0)
		return cli_failed(cli, &err);
	return cli_run_verb(cli, lab, verb, &m, 1, &options, sink);
}

/* It is not there, or no more: its names lead nowhere, and an address that nobody has is given
 * back. */
static int leave(const struct cli *cli, struct lab *lab, struct machine *m, const struct plug *plug,
        struct event_sink *sink)
{
	struct err err = {0};

	if (plug_forget(lab, m, plug, &err) < 0 ||
	        lab_steps_up(lab, &m, 1, sink, cli->stop, &err) < 0)
		return cli_failed(cli, &err);
	return 0;
}

/* Published ports lead to a machine by a network that it is in now. */
static int lead_ports(
        const struct cli *cli, struct lab *lab, struct machine *m, struct event_sink *sink)
{
	struct err err = {0};

	if (lab_ports_up(lab, (struct ports_who){0}, sink, cli->stop, &err) < 0)
		return cli_failed(cli, &err);
	lab_ports_hairpin(lab, &m, 1);
	return 0;
}

/* Of a locked lab. */
static int plug(const struct cli *cli, struct lab *lab, struct machine *m, struct plug *plug)
{
	struct err err = {0};

	if (plug_find(lab, m, plug, &err) < 0 ||
	        (plug->in && plug_note(lab, m, plug, true, &err) < 0))
		return cli_fail(cli, &err);
	struct event_sink *sink = cli_sink(cli);
	int code = plug_it(cli, lab, m, plug, sink);
	if ((code != 0) == plug->in) {
		int left = leave(cli, lab, m, plug, sink);
		code = code ? code : left;
	}
	if (code == 0)
		code = lead_ports(cli, lab, m, sink);
	sink->close(sink);
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
