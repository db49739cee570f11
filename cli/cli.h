/*
 * The command line: one table of commands, one file and one row each. Results go to standard
 * output, progress and errors to standard error. Only cli/ prints.
 */
#pragma once

#include "lab/lab.h"
#include "lab/verbs.h"

#include <signal.h>

struct option_row {
	char letter;      /* 0: long form only */
	const char *name; /* without the dashes */
	const char *arg;  /* its placeholder; NULL: a flag */
	const char *help;
};

struct cli;

#define COMMAND_STOP_AT_OPERAND 1u /* options behind the first operand belong to somebody else */
#define COMMAND_HIDDEN          2u
#define COMMAND_AS_OTHER        4u /* behind its option as-ssh, nothing is prov's */

struct command {
	const char *name;
	const char *alias; /* NULL: none */
	const char *usage; /* what follows the name: "[MACHINE…]" */
	const char *summary;
	const struct option_row *options;
	size_t n_options;
	unsigned flags;
	int (*run)(struct cli *cli); /* the exit code */
};

struct option_value {
	const struct option_row *row;
	const char *value;
};

struct cli {
	const struct providers *providers;
	const volatile int *stop; /* how often the user asked to stop, and by which signal */
	const volatile int *stop_signal;
	const struct command *command;
	struct option_value *values;
	size_t n_values;
	struct strv operands;
};

extern const struct command *const commands[];
extern const size_t n_commands;
extern const struct option_row common_options[];
extern const size_t n_common_options;

/* cli/parse.c. Reads argv into cli; -1: *code is the exit code (help was printed, or an error). */
int cli_parse(struct cli *cli, int argc, char **argv, int *code);
void cli_clear(struct cli *cli);
void cli_usage(const struct command *command, struct str *out);
void cli_overview(struct str *out);
const struct command *cli_find_command(const char *name);

bool cli_has(const struct cli *cli, const char *option);
const char *cli_value(
        const struct cli *cli, const char *option); /* the last one given; NULL: none */
/* A whole number from min on; absent: fallback. */
MUST_CHECK int cli_number(const struct cli *cli, const char *option, int min, int fallback,
        int *out, struct err *err);

/* cli/common.c: what most commands begin and end with. */
int cli_fail(const struct cli *cli, const struct err *err); /* prints; returns the exit code */
/* Of an error that was emitted as an event already: prints only that it was interrupted. */
int cli_failed(const struct cli *cli, const struct err *err);
int cli_fail_usage(const struct cli *cli, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Likewise: there is no such command, with the name that may be meant. */
int cli_unknown_command(const struct cli *cli, const char *name);
void cli_print(const struct str *text); /* to standard output */
int cli_print_json(void *json);         /* a json_t, consumed; returns 0 */
/* Columns of the terminal that standard output is; 0: it is none, or does not tell. */
size_t cli_screen_width(void);
/* As people read it; "-" for less than 0, which is not known. The caller frees. */
char *cli_size_text(int64_t bytes);
/* Every problem of the file with its place. */
void cli_print_problems(const struct lab *lab, const struct problems *problems);
/* Opens the lab, printing every problem of its file; 0, or the exit code. */
int cli_open_lab(const struct cli *cli, struct lab *lab);
/* Likewise, but prov.yaml alone: nothing of the home is read. */
int cli_open_file(const struct cli *cli, struct lab *lab);
/* prov.yaml as far as it can be read, else the journals alone: halt and destroy work without a
 * valid file. */
int cli_open_lab_anyhow(const struct cli *cli, struct lab *lab);
/* Likewise, for a command on one machine: of all others is known only that they exist. NULL: all.
 */
int cli_open_lab_for(const struct cli *cli, const char *machine, struct lab *lab);
/* --provider, else PROV_PROVIDER; NULL: as the file says. */
const char *cli_provider(const struct cli *cli);
/* ERR_CONFIG: the lab has no file (any more), which the command needs. */
int cli_no_file(const struct lab *lab, struct err *err);
struct event_sink *cli_sink(const struct cli *cli);
/* What the file has otherwise than at the machine's last up, as spec_changes tells it. */
void cli_edited(const struct machine *m, struct str *out);
/* Says where a container may have more memory than there is. */
void cli_note_memory(struct machine *const *machines, size_t n);
/* Locks the lab, runs the verb on the chosen machines, says how it went; the exit code. */
int cli_run_verb(const struct cli *cli, struct lab *lab, const struct verb *verb,
        struct machine *const *chosen, size_t n, const struct verb_options *options,
        struct event_sink *sink);
/* The whole of a command that goes by the journals, on the machines that the operands name, with
 * the option --parallel; the exit code. */
int cli_verb_by_journals(const struct cli *cli, const struct verb *verb);
/* At most this many operands. */
int cli_check_operands(const struct cli *cli, size_t min, size_t max);
/* Signals that stop prov are held back until *before is the mask again: as long as ppoll(2) waits
 * with it they arrive, so that none is overlooked. */
void cli_hold_signals(sigset_t *before);
