/*
 * The command line of OpenSSH's ssh(1), as rsync, git and Ansible write it: what of it a machine of
 * prov's needs, and what has no meaning where prov itself is the connection.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

struct ssh_args {
	const char *host;   /* borrowed; with the user in front of @, if that was there */
	char *user;         /* -l, or the option User; NULL: not given */
	char *command;      /* the words behind the host, joined; NULL: none */
	char *only_ssh;     /* an option that only OpenSSH itself honours: "-L"; NULL: none */
	struct strv passed; /* all options for OpenSSH, without the user */
	struct strv send_env, set; /* patterns of names; NAME=VALUE */
	bool quiet, no_stdin, subsystem, has_file, show, version, control;
	bool shared; /* a ControlPath was given, which is not passed on */
	int tty;     /* 1: wanted where there is one, 2: in any case, -1: none; 0: not said */
};

/* words: without the program's name, NULL-terminated. ERR_USAGE names an option that ssh has not.
 */
MUST_CHECK int ssh_args_read(char *const words[], struct ssh_args *out, struct err *err);
void ssh_args_clear(struct ssh_args *args);
/* The variables of this process that SendEnv names, and those of SetEnv, as "K=V". */
void ssh_args_env(const struct ssh_args *args, char *const env[], struct strv *out);
