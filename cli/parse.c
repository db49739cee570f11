/* Command line to struct cli, by getopt_long over the tables of the common and the command's own
 * options. */
#include "cli/cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct option_row common_options[] = {
        {'C', NULL, "DIR", "work as if started in DIR"},
        {0, "file", "FILE", "the lab's file instead of the nearest prov.yaml"},
        {0, "lab", "ID", "a lab by its id, wherever its folder is"},
        {0, "json", NULL, "print the result as JSON"},
        {0, "events", NULL, "print what happens as JSON lines"},
        {'q', "quiet", NULL, "print no progress"},
        {'h', "help", NULL, "print this help"},
        {0, "version", NULL, "print prov's version"},
};
const size_t n_common_options = ARRAY_SIZE(common_options);

static const struct option_row *option_at(const struct cli *cli, size_t i)
{
	return i < n_common_options ? &common_options[i]
	                            : &cli->command->options[i - n_common_options];
}

const struct command *cli_find_command(const char *name)
{
	for (size_t i = 0; i < n_commands; i++)
		if (str_eq(commands[i]->name, name) ||
		        (commands[i]->alias && str_eq(commands[i]->alias, name)))
			return commands[i];
	return NULL;
}

static const char *suggestion(const char *name)
{
	static const char *const other_tools[][2] = {
	        {"rm", "destroy"},
	        {"remove", "destroy"},
	        {"delete", "destroy"},
	        {"down", "destroy"},
	        {"kill", "halt"},
	        {"shutdown", "halt"},
	        {"poweroff", "halt"},
	        {"reboot", "reload"},
	        {"create", "up"},
	        {"apply", "up"},
	        {"launch", "up"},
	        {"ls", "status"},
	        {"list", "status"},
	        {"attach", "ssh"},
	        {"enter", "ssh"},
	        {"login", "ssh"},
	        {"connect", "ssh"},
	        {"build", "box build"},
	        {"pull", "box add"},
	        {"image", "box list"},
	        {"images", "box list"},
	        {"rsync", "sync"},
	};
	AUTO_FREE const char **names = xcalloc(n_commands, sizeof(char *));

	for (size_t i = 0; i < ARRAY_SIZE(other_tools); i++)
		if (str_eq(name, other_tools[i][0]))
			return other_tools[i][1];
	for (size_t i = 0; i < n_commands; i++)
		names[i] = commands[i]->name;
	return str_nearest(name, names, n_commands);
}

/* Commands that prov will have: named, never taken for a slip. */
static bool comes_later(const char *name)
{
	static const char *const names[] = {
	        "completion", "console", "info", "package", "prune", "run", "schema", "snapshot"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(name, names[i]))
			return true;
	return false;
}

int cli_unknown_command(const struct cli *cli, const char *name)
{
	AUTO_STR escaped = {0};
	struct err err;
	const char *near = suggestion(name);

	if (comes_later(name)) {
		err_set(&err, ERR_USAGE, "the command '%s' is not supported yet", name);
		return cli_fail(cli, &err);
	}
	str_add_escaped(&escaped, name, strlen(name));
	err_set(&err, ERR_USAGE, "there is no command '%s'", str_text(&escaped));
	if (near)
		err_hint(&err, "did you mean 'prov %s'?", near);
	else
		err_hint(&err, "prov help lists the commands");
	return cli_fail(cli, &err);
}

/* What the name may be short for, or a slip for; NULL: nothing known. */
static const char *nearest_option(const char *name, const char *const *names, size_t n)
{
	const char *longer = NULL;
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		if (*name && str_starts(names[i], name)) {
			longer = names[i];
			found++;
		}
	return found == 1 ? longer : str_nearest(name, names, n);
}

static int unknown_option(const struct cli *cli, const char *word)
{
	size_t n = n_common_options + cli->command->n_options, k = 0;
	AUTO_FREE const char **names = xcalloc(n, sizeof(char *));
	AUTO_FREE char *name = xstrndup(word, strcspn(word, "="));
	AUTO_STR escaped = {0};
	struct err err;

	str_add_escaped(&escaped, name, strlen(name));
	for (size_t i = 0; i < n; i++) {
		const char *known = option_at(cli, i)->name;
		if (known)
			names[k++] = known;
		if (known && str_eq(name + 2, known))
			return cli_fail_usage(cli, "option '%s' takes no value", name);
	}
	const char *near = nearest_option(name + 2, names, k);
	if (!near)
		return cli_fail_usage(cli, "there is no option '%s'", name);
	err_set(&err, ERR_USAGE, "there is no option '%s'", str_text(&escaped));
	err_hint(&err, "did you mean '--%s'?", near);
	return cli_fail(cli, &err);
}

static void add_value(struct cli *cli, const struct option_row *row, const char *value)
{
	cli->values = xrealloc(cli->values, cli->n_values + 1, sizeof(*cli->values));
	cli->values[cli->n_values++] = (struct option_value){row, value};
}

/*
 * getopt_long takes any beginning of a long name for the whole. prov does not: what means
 * --recreate today may mean another option tomorrow. word: as it was written.
 */
static bool is_whole(const struct cli *cli, int code, const char *word)
{
	const char *name = option_at(cli, (size_t)code - 256)->name;
	size_t n = strlen(name);

	return strncmp(word + 2, name, n) == 0 && (!word[2 + n] || word[2 + n] == '=');
}

/* Options in front of the command's name are the common ones. */
static const struct command only_common = {.name = "", .flags = COMMAND_STOP_AT_OPERAND};

/* Long options carry their row's index + 256, short ones their letter. */
static int parse_options(struct cli *cli, int argc, char **argv)
{
	size_t n = n_common_options + cli->command->n_options;
	AUTO_FREE struct option *longs = xcalloc(n + 1, sizeof(*longs));
	AUTO_STR shorts = {0};
	size_t n_longs = 0;
	int c;

	str_add(&shorts, cli->command->flags & COMMAND_STOP_AT_OPERAND ? "+:" : ":");
	for (size_t i = 0; i < n; i++) {
		const struct option_row *row = option_at(cli, i);
		if (row->letter)
			str_addf(&shorts, "%c%s", row->letter, row->arg ? ":" : "");
		if (row->name)
			longs[n_longs++] = (struct option){row->name,
			        row->arg ? required_argument : no_argument, NULL, 256 + (int)i};
	}
	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, str_text(&shorts), longs, NULL)) != -1) {
		const char *word = argv[optind - (optarg && optarg == argv[optind - 1] ? 2 : 1)];
		int code = c == ':' ? optopt : c;
		if (code >= 256 && !is_whole(cli, code, word))
			return unknown_option(cli, word);
		if (c == ':')
			return cli_fail_usage(cli, "option '%s' needs a value", word);
		if (c == '?' && optopt > 0 && optopt < 256)
			return cli_fail_usage(cli, "there is no option '-%c'", optopt);
		if (c == '?')
			return unknown_option(cli, argv[optind - 1]);
		for (size_t i = 0; i < n; i++)
			if (c >= 256 ? (size_t)c == i + 256 : option_at(cli, i)->letter == c)
				add_value(cli, option_at(cli, i), optarg);
	}
	return 0;
}

static int change_folder(const struct cli *cli)
{
	struct err err;

	for (size_t i = 0; i < cli->n_values; i++) {
		if (cli->values[i].row->letter != 'C' || !cli->values[i].row->arg)
			continue;
		if (chdir(cli->values[i].value) < 0) {
			err_sys(&err, "work in '%s'", cli->values[i].value);
			err.kind = ERR_USAGE;
			return cli_fail(cli, &err);
		}
	}
	return 0;
}

static int print_help(const struct command *command)
{
	AUTO_STR text = {0};

	if (command == &only_common)
		cli_overview(&text);
	else
		cli_usage(command, &text);
	cli_print(&text);
	return 0;
}

/* The words behind it belong to another program's command line. */
static bool stands_for_ssh(struct cli *cli, const char *word)
{
	const struct command *c = cli->command;

	if (!(c->flags & COMMAND_AS_OTHER) || !str_eq(word, "--as-ssh"))
		return false;
	for (size_t i = 0; i < c->n_options; i++)
		if (str_eq(c->options[i].name, "as-ssh"))
			add_value(cli, &c->options[i], NULL);
	return true;
}

int cli_parse(struct cli *cli, int argc, char **argv, int *code)
{
	cli->command = &only_common;
	if ((*code = parse_options(cli, argc, argv)) != 0)
		return -1;
	if (cli_has(cli, "version")) {
		*code = cli_find_command("version")->run(cli);
		return -1;
	}
	int first = optind;
	if (first >= argc || cli_has(cli, "help")) {
		*code = print_help(&only_common);
		return -1;
	}
	cli->command = cli_find_command(argv[first]);
	if (!cli->command) {
		cli->command = &only_common;
		*code = cli_unknown_command(cli, argv[first]);
		return -1;
	}
	if (stands_for_ssh(cli, argv[first + 1])) {
		for (int i = first + 2; i < argc; i++)
			strv_add(&cli->operands, argv[i]);
		*code = change_folder(cli);
		return *code ? -1 : 0;
	}
	if ((*code = parse_options(cli, argc - first, argv + first)) != 0)
		return -1;
	for (int i = first + optind; i < argc; i++)
		strv_add(&cli->operands, argv[i]);
	if (cli_has(cli, "help")) {
		*code = print_help(cli->command);
		return -1;
	}
	*code = change_folder(cli);
	return *code ? -1 : 0;
}

void cli_clear(struct cli *cli)
{
	free(cli->values);
	strv_clear(&cli->operands);
}

bool cli_has(const struct cli *cli, const char *option)
{
	for (size_t i = 0; i < cli->n_values; i++)
		if (cli->values[i].row->name && str_eq(cli->values[i].row->name, option))
			return true;
	return false;
}

const char *cli_value(const struct cli *cli, const char *option)
{
	const char *value = NULL;

	for (size_t i = 0; i < cli->n_values; i++)
		if (cli->values[i].row->name && str_eq(cli->values[i].row->name, option))
			value = cli->values[i].value;
	return value;
}

int cli_number(
        const struct cli *cli, const char *option, int min, int fallback, int *out, struct err *err)
{
	const char *text = cli_value(cli, option);
	char *end;

	*out = fallback;
	if (!text)
		return 0;
	long n = strtol(text, &end, 10);
	if (!*text || *end || n < min || n > 100000)
		return err_set(err, ERR_USAGE, "--%s takes a whole number from %d on, not '%s'",
		        option, min, text);
	*out = (int)n;
	return 0;
}
