/* Help is made from the tables that parse. */
#include "cli/cli.h"

static void add_options(struct str *out, const struct option_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		AUTO_STR left = {0};
		if (rows[i].letter)
			str_addf(&left, "-%c%s", rows[i].letter, rows[i].name ? ", " : "");
		if (rows[i].name)
			str_addf(&left, "--%s", rows[i].name);
		if (rows[i].arg)
			str_addf(&left, " %s", rows[i].arg);
		str_addf(out, "  %-26s %s\n", str_text(&left), rows[i].help);
	}
}

void cli_usage(const struct command *c, struct str *out)
{
	str_addf(out, "usage: prov %s%s%s\n%s\n", c->name, *c->usage ? " " : "", c->usage,
	        c->summary);
	if (c->alias)
		str_addf(out, "also: prov %s\n", c->alias);
	if (c->n_options) {
		str_add(out, "\noptions:\n");
		add_options(out, c->options, c->n_options);
	}
	str_add(out, "\ncommon options:\n");
	add_options(out, common_options, n_common_options);
}

void cli_overview(struct str *out)
{
	str_add(out,
	        "prov: labs of virtual machines and containers from one prov.yaml\n\n"
	        "usage: prov [-C DIR] COMMAND [OPTIONS] [MACHINE…]\n\ncommands:\n");
	for (size_t i = 0; i < n_commands; i++)
		if (!(commands[i]->flags & COMMAND_HIDDEN))
			str_addf(out, "  %-14s %s\n", commands[i]->name, commands[i]->summary);
	str_add(out,
	        "\nprov help COMMAND explains one; the manual is prov(1), the file prov.yaml(5)\n");
}
