#include "cli/ssh_args.h"

#include "cli/ssh_options.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void only_ssh(struct ssh_args *a, const char *what)
{
	if (!a->only_ssh)
		a->only_ssh = xstrdup(what);
}

/* As in ssh, the first one given holds. */
static void set_user(struct ssh_args *a, const char *user)
{
	if (!a->user)
		a->user = xstrdup(user);
}

static void add_words(const char *text, struct strv *list)
{
	while (*(text += strspn(text, " \t"))) {
		size_t n = strcspn(text, " \t");
		strv_take(list, xstrndup(text, n));
		text += n;
	}
}

/* "Name=value" or "Name value", quoted or not. */
static char *value_of(const char *text)
{
	text += strspn(text, " \t");
	text += *text == '=';
	text += strspn(text, " \t");
	size_t n = strlen(text);
	if (n >= 2 && *text == '"' && text[n - 1] == '"')
		return xstrndup(text + 1, n - 2);
	return xstrndup(text, n);
}

static void request_tty(struct ssh_args *a, const char *value)
{
	if (a->tty == 0)
		a->tty = strcasecmp(value, "no") == 0     ? -1
		        : strcasecmp(value, "auto") == 0  ? 0
		        : strcasecmp(value, "force") == 0 ? 2
		                                          : 1;
}

static int take_option(struct ssh_args *a, const char *text, struct err *err)
{
	text += strspn(text, " \t");
	size_t n = strcspn(text, " \t=");
	AUTO_FREE char *name = xstrndup(text, n), *value = value_of(text + n);
	enum ssh_meaning meaning = ssh_option_meaning(text, n);

	switch ((int)meaning) {
	case SSH_UNKNOWN:
		return err_set(err, ERR_USAGE, "ssh has no configuration option '%s'", name);
	case SSH_USER:
		set_user(a, value);
		return 0; /* given to ssh with what it means */
	case SSH_SHARED:
		a->shared = strcasecmp(value, "none") != 0;
		return 0;
	case SSH_SEND_ENV:
		add_words(value, &a->send_env);
		break;
	case SSH_SET_ENV:
		add_words(value, &a->set);
		break;
	case SSH_REQUEST_TTY:
		request_tty(a, value);
		break;
	case SSH_STDIN_NULL:
		a->no_stdin = a->no_stdin || strcasecmp(value, "yes") == 0;
		break;
	case SSH_SESSION_TYPE:
		if (strcasecmp(value, "none") == 0)
			only_ssh(a, name);
		a->subsystem = a->subsystem || strcasecmp(value, "subsystem") == 0;
		break;
	case SSH_ONLY_SSH:
		if (strcasecmp(value, "none") != 0 && strcasecmp(value, "no") != 0)
			only_ssh(a, name);
		break;
	default:
		break;
	}
	strv_add(&a->passed, "-o");
	strv_add(&a->passed, text);
	return 0;
}

/* The member that a letter without a value sets; NULL: it does more. */
static bool *flag_of(struct ssh_args *a, enum ssh_meaning meaning)
{
	const struct {
		enum ssh_meaning meaning;
		bool *flag;
	} flags[] = {
	        {SSH_QUIET, &a->quiet},
	        {SSH_NO_STDIN, &a->no_stdin},
	        {SSH_SUBSYSTEM, &a->subsystem},
	        {SSH_SHOW, &a->show},
	        {SSH_SHOW_VERSION, &a->version},
	        {SSH_CONTROL, &a->control},
	        {SSH_CONFIG, &a->has_file},
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].meaning == meaning)
			return flags[i].flag;
	return NULL;
}

static int take_letter(
        struct ssh_args *a, const struct ssh_letter *l, const char *value, struct err *err)
{
	const char text[] = {'-', l->letter, '\0'};
	bool *flag = flag_of(a, l->meaning);

	if (flag)
		*flag = true;
	switch ((int)l->meaning) {
	case SSH_OPTION:
		return take_option(a, value, err);
	case SSH_USER:
		set_user(a, value);
		return 0;
	case SSH_SHARED:
		a->shared = strcasecmp(value, "none") != 0;
		return 0;
	case SSH_ONLY_SSH:
		only_ssh(a, text);
		break;
	case SSH_TTY:
		a->tty = a->tty == 1 ? 2 : 1;
		break;
	case SSH_NO_TTY:
		a->tty = -1;
		break;
	default:
		break;
	}
	strv_add(&a->passed, text);
	if (l->value)
		strv_add(&a->passed, value);
	return 0;
}

/* One word of options, "-tt" or "-p22" or "-p" with the next word. *i stays at the last one used.
 */
static int take_word(struct ssh_args *a, char *const words[], size_t *i, struct err *err)
{
	for (const char *p = words[*i] + 1; *p; p++) {
		const struct ssh_letter *l = ssh_letter_find(*p);
		const char *value = p + 1;
		if (!l)
			return err_set(err, ERR_USAGE, "ssh has no option '-%c'", *p);
		if (l->value && !*value) {
			if (!words[*i + 1])
				return err_set(
				        err, ERR_USAGE, "ssh's option '-%c' needs a value", *p);
			value = words[++*i];
		}
		if (take_letter(a, l, value, err) < 0)
			return -1;
		if (l->value)
			return 0;
	}
	return 0;
}

/* Options may stand behind the host as well; the first word that is none begins the command. */
int ssh_args_read(char *const words[], struct ssh_args *a, struct err *err)
{
	AUTO_STR command = {0};
	bool ended = false;
	size_t i = 0;

	*a = (struct ssh_args){0};
	for (; words[i]; i++) {
		if (!ended && str_eq(words[i], "--")) {
			ended = true;
		} else if (!ended && words[i][0] == '-' && words[i][1]) {
			if (take_word(a, words, &i, err) < 0)
				return -1;
		} else if (!a->host) {
			a->host = words[i];
		} else {
			break;
		}
	}
	for (; words[i]; i++)
		str_addf(&command, "%s%s", command.len ? " " : "", words[i]);
	if (command.len)
		a->command = str_steal(&command);
	if (!a->host && !a->version)
		return err_set(err, ERR_USAGE, "ssh needs a host");
	if (a->subsystem && !a->command)
		return err_set(err, ERR_USAGE, "ssh -s needs the name of a subsystem");
	return 0;
}

void ssh_args_clear(struct ssh_args *a)
{
	free(a->user);
	free(a->command);
	free(a->only_ssh);
	strv_clear(&a->passed);
	strv_clear(&a->send_env);
	strv_clear(&a->set);
}

static bool is_sent(const struct ssh_args *a, const char *name)
{
	bool sent = false;

	for (size_t i = 0; i < a->send_env.n; i++) {
		const char *pattern = a->send_env.v[i];
		if (fnmatch(pattern + (*pattern == '-'), name, 0) == 0)
			sent = *pattern != '-';
	}
	return sent;
}

void ssh_args_env(const struct ssh_args *a, char *const env[], struct strv *out)
{
	for (size_t i = 0; env[i]; i++) {
		AUTO_FREE char *name = xstrndup(env[i], strcspn(env[i], "="));
		if (is_sent(a, name))
			strv_add(out, env[i]);
	}
	for (size_t i = 0; i < a->set.n; i++)
		if (strchr(a->set.v[i], '='))
			strv_add(out, a->set.v[i]);
}
