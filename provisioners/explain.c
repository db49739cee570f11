/* What a provisioning step does, and how it is done by hand: with prov's own commands, because
 * what they do differs between the kinds, and the steps before show how each is entered. */
#include "provisioners/internal.h"

static void add_exec(const struct run *run, const char *user, struct str *out)
{
	str_add(out, "prov exec ");
	if (user) {
		str_add(out, "-u ");
		str_add_shell(out, user);
		str_add(out, " ");
	}
	str_addf(out, "%s -- ", run->spec->selector);
}

static void add_env(const struct provision_item *item, struct str *out)
{
	if (!item->env.n)
		return;
	str_add(out, "env ");
	for (size_t i = 0; i < item->env.n; i++) {
		str_add_shell(out, item->env.v[i]);
		str_add(out, " ");
	}
}

void provision_shell_explain(const struct run *run, struct str *out)
{
	const struct provision_item *item = run->step->data;
	const char *user = provision_item_user(run);

	str_addf(out,
	        "the script is copied into the machine's /tmp and executed as %s; what it prints "
	        "is kept (prov logs --provision)\n",
	        user ? user : "root");
	if (item->path) {
		str_add(out, "prov cp --owner ");
		str_add_shell(out, user ? user : "root");
		str_add(out, " ");
		str_add_shell(out, item->path);
		str_addf(out, " %s:/tmp/script && ", run->spec->selector);
	}
	add_exec(run, user, out);
	add_env(item, out);
	str_add(out, "sh ");
	str_add(out, item->path ? "/tmp/script" : "-ec ");
	if (!item->path)
		str_add_shell(out, item->script ? item->script : "");
	for (size_t i = 0; i < item->args.n; i++) {
		str_add(out, !item->path && i == 0 ? " sh " : " ");
		str_add_shell(out, item->args.v[i]);
	}
	str_add(out, "\n");
}

void provision_file_explain(const struct run *run, struct str *out)
{
	const struct provision_item *item = run->step->data;
	const char *owner = item->owner ? item->owner : provision_item_user(run);

	str_add(out,
	        "the file or folder is copied beside its place and renamed, so that nobody "
	        "sees half of it\nprov cp -L --owner ");
	str_add_shell(out, owner ? owner : "root");
	str_add(out, " ");
	str_add_shell(out, item->source);
	str_addf(out, " %s:", run->spec->selector);
	str_add_shell(out, item->destination);
	str_add(out, "\n");
	if (item->mode < 0)
		return;
	add_exec(run, NULL, out);
	str_addf(out, "chmod %04o ", (unsigned)item->mode);
	str_add_shell(out, item->destination);
	str_add(out, "\n");
}

void provision_ready_explain(const struct run *run, struct str *out)
{
	const struct ready_probe *probe = run->step->data;
	const struct machine_spec *spec = run->spec;

	str_addf(out,
	        "the machine is ready once this worked %d time%s in a row, tried every "
	        "%.3g s for at most %.3g s\n",
	        probe->successes, probe->successes == 1 ? "" : "s",
	        (double)probe->interval_ns / 1e9, (double)probe->timeout_ns / 1e9);
	if (probe->type == READY_TCP) {
		str_addf(out, "nc -z %s %d\n",
		        spec->n_nics && spec->nics[0].address ? spec->nics[0].address : "127.0.0.1",
		        probe->port);
	} else if (probe->type == READY_LOG) {
		str_addf(out, "prov logs %s | grep -E ", spec->selector);
		str_add_shell(out, probe->text ? probe->text : "");
		str_add(out, "\n");
	} else {
		add_exec(run, NULL, out);
		str_add(out, "sh -c ");
		str_add_shell(out, probe->text ? probe->text : "");
		str_add(out, "\n");
	}
}
