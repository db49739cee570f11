#include "oci/call.h"

#include <stdlib.h>
#include <string.h>

enum option_kind { FLAG, TEXT, LIST, LIMIT_VALUE };

struct option_row {
	const char *name;
	char letter; /* 0: none */
	enum option_kind kind;
	size_t offset;
	unsigned commands;
	const char *help; /* of LIMIT_VALUE: the name below linux.resources */
};

#define OPTION(field) offsetof(struct oci_options, field)
#define MAKES         (CMD_CREATE | CMD_RUN)
#define PROCESSES     (MAKES | CMD_EXEC)

static const struct option_row options[] = {
        {"root", 0, TEXT, OPTION(root), CMD_GLOBAL, "folder of the containers' state"},
        {"log", 0, TEXT, OPTION(log), CMD_GLOBAL, "file to which errors are added"},
        {"log-format", 0, TEXT, OPTION(log_format), CMD_GLOBAL, "text (default) or json"},
        {"log-level", 0, TEXT, OPTION(log_level), CMD_GLOBAL, "debug, info, warn or error"},
        {"debug", 0, FLAG, OPTION(debug), CMD_GLOBAL, "same as --log-level debug"},
        {"cgroup-manager", 0, TEXT, OPTION(cgroup_manager), CMD_GLOBAL, "cgroupfs or disabled"},
        {"systemd-cgroup", 0, FLAG, OPTION(systemd_cgroup), CMD_GLOBAL, "refused"},
        {"rootless", 0, TEXT, OPTION(rootless), CMD_GLOBAL, "auto, true or false; ignored"},
        {"version", 'v', FLAG, OPTION(version), CMD_GLOBAL, "print the version"},
        {"help", 'h', FLAG, OPTION(help), ~0u, "print this"},
        {"bundle", 'b', TEXT, OPTION(bundle), MAKES | CMD_SPEC, "folder of config.json"},
        {"config", 'f', TEXT, OPTION(config), MAKES, "another file than BUNDLE/config.json"},
        {"pid-file", 0, TEXT, OPTION(pid_file), PROCESSES, "file that gets the process id"},
        {"console-socket", 0, TEXT, OPTION(console_socket), PROCESSES,
                "socket that gets the terminal's master"},
        {"preserve-fds", 0, TEXT, OPTION(preserve_fds), PROCESSES,
                "so many descriptors from 3 on are handed over"},
        {"no-pivot", 0, FLAG, OPTION(no_pivot), MAKES, "ignored: the root is always pivoted"},
        {"no-new-keyring", 0, FLAG, OPTION(no_new_keyring), MAKES, "keep the session keyring"},
        {"no-subreaper", 0, FLAG, OPTION(no_subreaper), PROCESSES, "ignored"},
        {"detach", 'd', FLAG, OPTION(detach), CMD_RUN | CMD_EXEC, "do not wait for the end"},
        {"keep", 0, FLAG, OPTION(keep), CMD_RUN, "do not delete the container at its end"},
        {"process", 'p', TEXT, OPTION(process), CMD_EXEC, "file with the process as JSON"},
        {"cwd", 0, TEXT, OPTION(cwd), CMD_EXEC, "working folder"},
        {"user", 'u', TEXT, OPTION(user), CMD_EXEC, "UID[:GID]"},
        {"apparmor", 0, TEXT, OPTION(apparmor), CMD_EXEC, "AppArmor profile"},
        {"process-label", 0, TEXT, OPTION(process_label), CMD_EXEC, "SELinux label"},
        {"cgroup", 0, TEXT, OPTION(cgroup), CMD_EXEC, "group below the container's"},
        {"env", 'e', LIST, OPTION(env), CMD_EXEC, "NAME=VALUE"},
        {"cap", 'c', LIST, OPTION(caps), CMD_EXEC, "one capability more"},
        {"tty", 't', FLAG, OPTION(tty), CMD_EXEC, "with a terminal"},
        {"no-new-privs", 0, FLAG, OPTION(no_new_privs), CMD_EXEC, "no_new_privs is set"},
        {"ignore-paused", 0, FLAG, OPTION(ignore_paused), CMD_EXEC, "also in a paused container"},
        {"all", 'a', FLAG, OPTION(all), CMD_KILL, "all its processes"},
        {"force", 'f', FLAG, OPTION(force), CMD_DELETE, "kill it first, absent is fine"},
        {"regex", 0, TEXT, OPTION(regex), CMD_KILL | CMD_DELETE, "all containers that match"},
        {"quiet", 'q', FLAG, OPTION(quiet), CMD_LIST, "ids alone"},
        {"format", 'f', TEXT, OPTION(format), CMD_PS | CMD_LIST, "table or json"},
        {"rootless", 0, FLAG, OPTION(rootless_spec), CMD_SPEC, "for a user namespace"},
        {"stats", 0, FLAG, OPTION(stats), CMD_EVENTS, "once"},
        {"interval", 0, TEXT, OPTION(interval), CMD_EVENTS, "such as 5s"},
        {"resources", 'r', TEXT, OPTION(resources), CMD_UPDATE, "file of linux.resources, - stdin"},
        {"memory", 0, LIMIT_VALUE, 0, CMD_UPDATE, "memory.limit"},
        {"memory-reservation", 0, LIMIT_VALUE, 0, CMD_UPDATE, "memory.reservation"},
        {"memory-swap", 0, LIMIT_VALUE, 0, CMD_UPDATE, "memory.swap"},
        {"kernel-memory", 0, LIMIT_VALUE, 0, CMD_UPDATE, "memory.kernel"},
        {"kernel-memory-tcp", 0, LIMIT_VALUE, 0, CMD_UPDATE, "memory.kernelTCP"},
        {"cpu-share", 0, LIMIT_VALUE, 0, CMD_UPDATE, "cpu.shares"},
        {"cpu-shares", 0, LIMIT_VALUE, 0, CMD_UPDATE, "cpu.shares"},
        {"cpu-quota", 0, LIMIT_VALUE, 0, CMD_UPDATE, "cpu.quota"},
        {"cpu-period", 0, LIMIT_VALUE, 0, CMD_UPDATE, "cpu.period"},
        {"cpu-burst", 0, LIMIT_VALUE, 0, CMD_UPDATE, "cpu.burst"},
        {"cpu-idle", 0, LIMIT_VALUE, 0, CMD_UPDATE, "cpu.idle"},
        {"cpu-rt-period", 0, LIMIT_VALUE, 0, CMD_UPDATE, "cpu.realtimePeriod"},
        {"cpu-rt-runtime", 0, LIMIT_VALUE, 0, CMD_UPDATE, "cpu.realtimeRuntime"},
        {"cpuset-cpus", 0, LIMIT_VALUE, 0, CMD_UPDATE, "cpu.cpus"},
        {"cpuset-mems", 0, LIMIT_VALUE, 0, CMD_UPDATE, "cpu.mems"},
        {"pids-limit", 0, LIMIT_VALUE, 0, CMD_UPDATE, "pids.limit"},
        {"blkio-weight", 0, LIMIT_VALUE, 0, CMD_UPDATE, "blockIO.weight"},
};

struct command_row {
	const char *name;
	enum oci_command command;
	size_t min, max; /* operands */
	const char *operands, *help;
};

static const struct command_row commands[] = {
        {"create", CMD_CREATE, 1, 1, "ID", "make a container; it waits for start"},
        {"start", CMD_START, 1, 1, "ID", "run the program of a created container"},
        {"state", CMD_STATE, 1, 1, "ID", "print the state as JSON"},
        {"kill", CMD_KILL, 1, 2, "ID [SIGNAL]", "send a signal, SIGTERM without one"},
        {"delete", CMD_DELETE, 1, 1, "ID", "remove a stopped container"},
        {"run", CMD_RUN, 1, 1, "ID", "create, start, wait and delete"},
        {"exec", CMD_EXEC, 1, SIZE_MAX, "ID [COMMAND...]", "run one more process in it"},
        {"ps", CMD_PS, 1, SIZE_MAX, "ID [OPTIONS OF ps]", "list its processes"},
        {"list", CMD_LIST, 0, 0, "", "list the containers"},
        {"spec", CMD_SPEC, 0, 0, "", "write a config.json to begin with"},
        {"features", CMD_FEATURES, 0, 0, "", "print what is supported, as JSON"},
        {"pause", CMD_PAUSE, 1, 1, "ID", "stop all its processes for a while"},
        {"resume", CMD_RESUME, 1, 1, "ID", "let them run again"},
        {"update", CMD_UPDATE, 1, 1, "ID", "change the limits of a container"},
        {"events", CMD_EVENTS, 1, 1, "ID", "print what it uses, as JSON lines"},
};

void oci_call_clear(struct oci_call *call)
{
	strv_clear(&call->o.env);
	strv_clear(&call->o.caps);
	strv_clear(&call->o.limits);
	strv_clear(&call->operands);
}

static const struct option_row *find_name(const char *name, size_t n, unsigned command)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].commands & command && strlen(options[i].name) == n &&
		        !strncmp(options[i].name, name, n))
			return &options[i];
	return NULL;
}

static const struct option_row *find_letter(char letter, unsigned command)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].commands & command && options[i].letter == letter)
			return &options[i];
	return NULL;
}

static void store(struct oci_options *o, const struct option_row *row, const char *value)
{
	void *at = (char *)o + row->offset;

	switch (row->kind) {
	case FLAG:
		*(bool *)at = !value || !str_eq(value, "false");
		break;
	case TEXT:
		*(const char **)at = value;
		break;
	case LIST:
		strv_add(at, value);
		break;
	case LIMIT_VALUE:
		strv_addf(&o->limits, "%s=%s", row->help, value);
		break;
	}
}

/* Where the parser is: the option's own value, or the next word, is its value. */
struct cursor {
	char **argv;
	int argc, at;
	unsigned command;
	const char *where;
};

static int take_value(struct cursor *c, const struct option_row *row, const char *own,
        struct oci_options *o, struct err *err)
{
	if (row->kind != FLAG && !own) {
		if (c->at + 1 >= c->argc)
			return err_set(err, ERR_USAGE, "option --%s needs a value", row->name);
		own = c->argv[++c->at];
	}
	store(o, row, own);
	return 0;
}

static int take_long(struct cursor *c, struct oci_options *o, struct err *err)
{
	const char *name = c->argv[c->at] + 2;
	size_t n = strcspn(name, "=");
	const struct option_row *row = find_name(name, n, c->command);

	if (!row)
		return err_set(err, ERR_USAGE, "there is no option --%.*s%s%s", (int)n, name,
		        c->command == CMD_GLOBAL ? "" : " of ", c->where);
	return take_value(c, row, name[n] ? name + n + 1 : NULL, o, err);
}

static int take_letters(struct cursor *c, struct oci_options *o, struct err *err)
{
	for (const char *p = c->argv[c->at] + 1; *p; p++) {
		const struct option_row *row = find_letter(*p, c->command);
		if (!row)
			return err_set(err, ERR_USAGE, "there is no option -%c%s%s", *p,
			        c->command == CMD_GLOBAL ? "" : " of ", c->where);
		if (row->kind == FLAG)
			store(o, row, NULL);
		else
			return take_value(c, row, p[1] ? p + 1 : NULL, o, err);
	}
	return 0;
}

/* The words behind the first operand of exec and ps belong to another program. */
static bool ends_options(const struct oci_call *call)
{
	return call->operands.n == 1 && call->command & (CMD_EXEC | CMD_PS);
}

static int parse_words(struct cursor *c, struct oci_call *call, bool command, struct err *err)
{
	for (; c->at < c->argc; c->at++) {
		const char *word = c->argv[c->at];
		if (command && ends_options(call))
			break;
		if (str_eq(word, "--")) {
			c->at++;
			break;
		}
		if (word[0] != '-' || !word[1]) {
			if (!command)
				return 0;
			strv_add(&call->operands, word);
			continue;
		}
		if ((word[1] == '-' ? take_long : take_letters)(c, &call->o, err) < 0)
			return -1;
	}
	for (; command && c->at < c->argc; c->at++)
		strv_add(&call->operands, c->argv[c->at]);
	return 0;
}

static int find_command(struct cursor *c, const struct command_row **out, struct err *err)
{
	if (c->at >= c->argc)
		return err_set(err, ERR_USAGE, "a command is missing: see prov-oci --help");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (str_eq(commands[i].name, c->argv[c->at])) {
			*out = &commands[i];
			return 0;
		}
	return err_set(
	        err, ERR_USAGE, "there is no command '%s': see prov-oci --help", c->argv[c->at]);
}

static int parse_command(struct cursor *c, struct oci_call *call, struct err *err)
{
	const struct command_row *row = NULL;

	if (find_command(c, &row, err) < 0)
		return -1;
	c->at++;
	c->command = row->command;
	c->where = row->name;
	call->command = row->command;
	call->name = row->name;
	if (parse_words(c, call, true, err) < 0)
		return -1;
	if (call->o.help)
		return 0;
	if (call->operands.n < row->min)
		return err_set(err, ERR_USAGE, "%s needs a container: prov-oci %s %s", row->name,
		        row->name, row->operands);
	if (call->operands.n > row->max)
		return err_set(err, ERR_USAGE, "%s does not take '%s'", row->name,
		        call->operands.v[row->max]);
	return 0;
}

int oci_call_parse(int argc, char **argv, struct oci_call *out, struct err *err)
{
	struct oci_call call = {0};
	struct cursor c = {argv, argc, 1, CMD_GLOBAL, ""};
	int rc = parse_words(&c, &call, false, err);

	if (rc == 0 && !call.o.version && !call.o.help)
		rc = parse_command(&c, &call, err);
	if (rc < 0) {
		oci_call_clear(&call);
		return -1;
	}
	*out = call;
	return 0;
}

static void help_options(unsigned command, struct str *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option_row *row = &options[i];
		if (!(row->commands & command))
			continue;
		AUTO_FREE char *name =
		        xasprintf("--%s%s", row->name, row->kind == FLAG ? "" : " VALUE");
		str_addf(out, "  %c%c%c %-28s %s\n", row->letter ? '-' : ' ',
		        row->letter ? row->letter : ' ', row->letter ? ',' : ' ', name, row->help);
	}
}

void oci_call_help(const struct oci_call *call, struct str *out)
{
	if (call->command) {
		for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
			if (commands[i].command == call->command)
				str_addf(out, "usage: prov-oci [OPTIONS] %s [OPTIONS] %s\n%s\n\n",
				        commands[i].name, commands[i].operands, commands[i].help);
		help_options(call->command, out);
		return;
	}
	str_add(out,
	        "usage: prov-oci [OPTIONS] COMMAND [OPTIONS] [OPERANDS]\n"
	        "The OCI runtime command line on prov's container engine.\n\ncommands:\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		str_addf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	str_add(out, "\noptions:\n");
	help_options(CMD_GLOBAL, out);
}
