/*
 * What the options of OpenSSH's ssh(1) and ssh_config(5) mean to a machine of prov's: two tables,
 * of the letters and of the names behind -o.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What an option means to prov. */
enum ssh_meaning {
	SSH_UNKNOWN,
	SSH_IGNORED, /* of the connection, its keys and its ciphers, or for the server to refuse */
	SSH_ONLY_SSH,
	SSH_USER,
	SSH_QUIET,
	SSH_NO_STDIN,
	SSH_TTY,
	SSH_NO_TTY,
	SSH_SUBSYSTEM,
	SSH_SHOW,
	SSH_SHOW_VERSION,
	SSH_CONTROL,
	SSH_CONFIG,
	SSH_OPTION,
	SSH_SEND_ENV,
	SSH_SET_ENV,
	SSH_REQUEST_TTY,
	SSH_SESSION_TYPE,
	SSH_STDIN_NULL,
	SSH_SHARED,
};

struct ssh_letter {
	char letter;
	bool value; /* one follows */
	enum ssh_meaning meaning;
};

/* NULL: ssh has no such letter. */
const struct ssh_letter *ssh_letter_find(char letter);
/* Of the first n characters of name, in any case; SSH_UNKNOWN: ssh has no such option. */
enum ssh_meaning ssh_option_meaning(const char *name, size_t n);
