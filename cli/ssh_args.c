#include "cli/ssh_args.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What an option means to prov. */
enum meaning {
	UNKNOWN,
	IGNORED, /* of the connection, its keys and its ciphers, or for the server to refuse */
	ONLY_SSH,
	USER,
	QUIET,
	NO_STDIN,
	TTY,
	NO_TTY,
	SUBSYSTEM,
	SHOW,
	SHOW_VERSION,
	CONTROL,
	CONFIG,
	OPTION,
	SEND_ENV,
	SET_ENV,
	REQUEST_TTY,
	SESSION_TYPE,
	STDIN_NULL,
	SHARED,
};

/* ssh(1): the letters in the order of its synopsis. */
static const struct letter {
	char letter;
	bool value;
	enum meaning meaning;
} letters[] = {
        {'4', false, IGNORED},
        {'6', false, IGNORED},
        {'A', false, IGNORED},
        {'a', false, IGNORED},
        {'C', false, IGNORED},
        {'f', false, ONLY_SSH},
        {'G', false, SHOW},
        {'g', false, IGNORED},
        {'K', false, IGNORED},
        {'k', false, IGNORED},
        {'M', false, IGNORED},
        {'N', false, ONLY_SSH},
        {'n', false, NO_STDIN},
        {'q', false, QUIET},
        {'s', false, SUBSYSTEM},
        {'T', false, NO_TTY},
        {'t', false, TTY},
        {'V', false, SHOW_VERSION},
        {'v', false, IGNORED},
        {'X', false, IGNORED},
        {'x', false, IGNORED},
        {'Y', false, IGNORED},
        {'y', false, IGNORED},
        {'B', true, IGNORED},
        {'b', true, IGNORED},
        {'c', true, IGNORED},
        {'D', true, ONLY_SSH},
        {'E', true, IGNORED},
        {'e', true, IGNORED},
        {'F', true, CONFIG},
        {'I', true, IGNORED},
        {'i', true, IGNORED},
        {'J', true, IGNORED},
        {'L', true, ONLY_SSH},
        {'l', true, USER},
        {'m', true, IGNORED},
        {'O', true, CONTROL},
        {'o', true, OPTION},
        {'p', true, IGNORED},
        {'R', true, ONLY_SSH},
        {'S', true, SHARED},
        {'W', true, ONLY_SSH},
        {'w', true, ONLY_SSH},
};

/* ssh_config(5). What is not here is a slip. */
static const struct {
	const char *name;
	enum meaning meaning;
} options[] = {
        {"user", USER},
        {"sendenv", SEND_ENV},
        {"setenv", SET_ENV},
        {"requesttty", REQUEST_TTY},
        {"sessiontype", SESSION_TYPE},
        {"stdinnull", STDIN_NULL},
        {"dynamicforward", ONLY_SSH},
        {"localforward", ONLY_SSH},
        {"remoteforward", ONLY_SSH},
        {"proxyjump", IGNORED},
        {"proxycommand", IGNORED},
        {"remotecommand", ONLY_SSH},
        {"addkeystoagent", IGNORED},
        {"addressfamily", IGNORED},
        {"batchmode", IGNORED},
        {"bindaddress", IGNORED},
        {"bindinterface", IGNORED},
        {"canonicaldomains", IGNORED},
        {"canonicalizefallbacklocal", IGNORED},
        {"canonicalizehostname", IGNORED},
        {"canonicalizemaxdots", IGNORED},
        {"canonicalizepermittedcnames", IGNORED},
        {"casignaturealgorithms", IGNORED},
        {"certificatefile", IGNORED},
        {"challengeresponseauthentication", IGNORED},
        {"checkhostip", IGNORED},
        {"ciphers", IGNORED},
        {"clearallforwardings", IGNORED},
        {"compression", IGNORED},
        {"connectionattempts", IGNORED},
        {"connecttimeout", IGNORED},
        {"controlmaster", IGNORED},
        {"controlpath", SHARED},
        {"controlpersist", IGNORED},
        {"enableescapecommandline", IGNORED},
        {"enablesshkeysign", IGNORED},
        {"escapechar", IGNORED},
        {"exitonforwardfailure", IGNORED},
        {"fingerprinthash", IGNORED},
        {"forkafterauthentication", ONLY_SSH},
        {"forwardagent", IGNORED},
        {"forwardx11", IGNORED},
        {"forwardx11timeout", IGNORED},
        {"forwardx11trusted", IGNORED},
        {"gatewayports", IGNORED},
        {"globalknownhostsfile", IGNORED},
        {"gssapiauthentication", IGNORED},
        {"gssapidelegatecredentials", IGNORED},
        {"hashknownhosts", IGNORED},
        {"hostbasedacceptedalgorithms", IGNORED},
        {"hostbasedauthentication", IGNORED},
        {"hostkeyalgorithms", IGNORED},
        {"hostkeyalias", IGNORED},
        {"hostname", IGNORED},
        {"identitiesonly", IGNORED},
        {"identityagent", IGNORED},
        {"identityfile", IGNORED},
        {"ignoreunknown", IGNORED},
        {"ipqos", IGNORED},
        {"kbdinteractiveauthentication", IGNORED},
        {"kbdinteractivedevices", IGNORED},
        {"kexalgorithms", IGNORED},
        {"knownhostscommand", IGNORED},
        {"localcommand", IGNORED},
        {"loglevel", IGNORED},
        {"logverbose", IGNORED},
        {"macs", IGNORED},
        {"nohostauthenticationforlocalhost", IGNORED},
        {"numberofpasswordprompts", IGNORED},
        {"passwordauthentication", IGNORED},
        {"permitlocalcommand", IGNORED},
        {"permitremoteopen", IGNORED},
        {"pkcs11provider", IGNORED},
        {"port", IGNORED},
        {"preferredauthentications", IGNORED},
        {"proxyusefdpass", IGNORED},
        {"pubkeyacceptedalgorithms", IGNORED},
        {"pubkeyacceptedkeytypes", IGNORED},
        {"pubkeyauthentication", IGNORED},
        {"rekeylimit", IGNORED},
        {"requiredrsasize", IGNORED},
        {"revokedhostkeys", IGNORED},
        {"securitykeyprovider", IGNORED},
        {"serveralivecountmax", IGNORED},
        {"serveraliveinterval", IGNORED},
        {"streamlocalbindmask", IGNORED},
        {"streamlocalbindunlink", IGNORED},
        {"stricthostkeychecking", IGNORED},
        {"syslogfacility", IGNORED},
        {"tcpkeepalive", IGNORED},
        {"tunnel", IGNORED},
        {"tunneldevice", IGNORED},
        {"updatehostkeys", IGNORED},
        {"userknownhostsfile", IGNORED},
        {"verifyhostkeydns", IGNORED},
        {"visualhostkey", IGNORED},
        {"xauthlocation", IGNORED},
};

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

static enum meaning option_meaning(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (strlen(options[i].name) == n && strncasecmp(options[i].name, name, n) == 0)
			return options[i].meaning;
	return UNKNOWN;
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
	enum meaning meaning = option_meaning(text, n);

	switch ((int)meaning) {
	case UNKNOWN:
		return err_set(err, ERR_USAGE, "ssh has no configuration option '%s'", name);
	case USER:
		set_user(a, value);
		return 0; /* given to ssh with what it means */
	case SHARED:
		a->shared = strcasecmp(value, "none") != 0;
		return 0;
	case SEND_ENV:
		add_words(value, &a->send_env);
		break;
	case SET_ENV:
		add_words(value, &a->set);
		break;
	case REQUEST_TTY:
		request_tty(a, value);
		break;
	case STDIN_NULL:
		a->no_stdin = a->no_stdin || strcasecmp(value, "yes") == 0;
		break;
	case SESSION_TYPE:
		if (strcasecmp(value, "none") == 0)
			only_ssh(a, name);
		a->subsystem = a->subsystem || strcasecmp(value, "subsystem") == 0;
		break;
	case ONLY_SSH:
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

static int take_letter(
        struct ssh_args *a, const struct letter *l, const char *value, struct err *err)
{
	const char text[] = {'-', l->letter, '\0'};

	switch ((int)l->meaning) {
	case OPTION:
		return take_option(a, value, err);
	case USER:
		set_user(a, value);
		return 0;
	case SHARED:
		a->shared = strcasecmp(value, "none") != 0;
		return 0;
	case ONLY_SSH:
		only_ssh(a, text);
		break;
	case TTY:
		a->tty = a->tty == 1 ? 2 : 1;
		break;
	case NO_TTY:
		a->tty = -1;
		break;
	case QUIET:
		a->quiet = true;
		break;
	case NO_STDIN:
		a->no_stdin = true;
		break;
	case SUBSYSTEM:
		a->subsystem = true;
		break;
	case SHOW:
		a->show = true;
		break;
	case SHOW_VERSION:
		a->version = true;
		break;
	case CONTROL:
		a->control = true;
		break;
	case CONFIG:
		a->has_file = true;
		break;
	default:
		break;
	}
	strv_add(&a->passed, text);
	if (l->value)
		strv_add(&a->passed, value);
	return 0;
}

static const struct letter *find_letter(char c)
{
	for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
		if (letters[i].letter == c)
			return &letters[i];
	return NULL;
}

/* One word of options, "-tt" or "-p22" or "-p" with the next word. *i stays at the last one used.
 */
static int take_word(struct ssh_args *a, char *const words[], size_t *i, struct err *err)
{
	for (const char *p = words[*i] + 1; *p; p++) {
		const struct letter *l = find_letter(*p);
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
