/* One value of each type: what it is called and what it must look like. */
#include "lab/file/reading.h"

#include "lab/file/value.h"
#include "lab/file/value_net.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct given {
	const struct reading *r;
	const struct key *key;
	const char *text;
};

static int check_any(const struct given *g, struct err *err)
{
	(void)g, (void)err;
	return 0;
}

static int check_text_value(const struct given *g, struct err *err)
{
	if (*g->text)
		return 0;
	return err_set(err, ERR_CONFIG, "the text is empty");
}

static int check_int(const struct given *g, struct err *err)
{
	int64_t n;

	return value_int(g->text, g->key->min, g->key->max, &n, err);
}

static int check_choice(const struct given *g, struct err *err)
{
	return value_choice(g->text, g->key->choices, err);
}

/* Types whose parser has an output that is not wanted here, and those that only check. */
#define CHECK_OUT(name, type)                                           \
	static int check_##name(const struct given *g, struct err *err) \
	{                                                               \
		type unused;                                            \
		return value_##name(g->text, &unused, err);             \
	}
#define CHECK(name)                                                     \
	static int check_##name(const struct given *g, struct err *err) \
	{                                                               \
		return value_##name(g->text, err);                      \
	}
CHECK_OUT(bool, bool)
CHECK_OUT(cpus, double)
CHECK_OUT(size, int64_t)
CHECK_OUT(duration, int64_t)
CHECK_OUT(mode, int)
CHECK_OUT(signal, int)
CHECK_OUT(ipv4, uint32_t)
CHECK_OUT(subnet, struct subnet)
CHECK_OUT(port, struct port_map)
CHECK(label)
CHECK(domain)
CHECK(user)
CHECK(owner)
CHECK(box)
CHECK(cpuset)
CHECK(regex)

static int check_guest_path(const struct given *g, struct err *err)
{
	AUTO_FREE char *safe = shown(g->text);

	if (*g->text == '/')
		return 0;
	return err_set(err, ERR_CONFIG, "'%s' is not an absolute path", safe);
}

static int check_init(const struct given *g, struct err *err)
{
	static const char *const choices[] = {"auto", "none", "systemd", "/path", NULL};

	if (*g->text == '/')
		return 0;
	if (str_eq(g->text, "/path"))
		return 0;
	return value_choice(g->text, choices, err);
}

static int check_mark(const struct given *g, struct err *err)
{
	AUTO_FREE char *safe = shown(g->text);
	size_t n = strlen(g->text);
	AUTO_STR escaped = {0};

	str_add_escaped(&escaped, g->text, n);
	if (n >= 1 && n <= 100 && escaped.len == n && !strpbrk(g->text, ",\t") &&
	        g->text[0] != ' ' && g->text[n - 1] != ' ')
		return 0;
	err_set(err, ERR_CONFIG, "'%s' is not a name", safe);
	return err_hint(err, "up to 100 printable characters, no comma");
}

static int check_host_file(const struct given *g, bool folder_too, struct err *err)
{
	AUTO_FREE char *path = value_path(g->text, g->r->folder);
	AUTO_FREE char *safe = shown(g->text);
	struct stat st;

	if (!*g->text || stat(path, &st) < 0) {
		err_set(err, ERR_CONFIG, "there is no file '%s'", safe);
		return err_hint(err, "paths are relative to the folder of prov.yaml");
	}
	if (!S_ISREG(st.st_mode) && !(folder_too && S_ISDIR(st.st_mode)))
		return err_set(err, ERR_CONFIG, "'%s' is not a %s", safe,
		        folder_too ? "file or folder" : "file");
	if (access(path, R_OK) < 0)
		return err_set(err, ERR_CONFIG, "'%s' cannot be read", safe);
	return 0;
}

static int check_script(const struct given *g, struct err *err)
{
	return check_host_file(g, false, err);
}

static int check_source(const struct given *g, struct err *err)
{
	return check_host_file(g, true, err);
}

static const struct type {
	const char *noun;
	int (*check)(const struct given *g, struct err *err); /* NULL: more than one value */
} types[N_TYPES] = {
        [TYPE_TEXT] = {"text", check_text_value},
        [TYPE_BOOL] = {"true or false", check_bool},
        [TYPE_INT] = {"a number", check_int},
        [TYPE_CPUS] = {"a number of CPUs", check_cpus},
        [TYPE_SIZE] = {"a size", check_size},
        [TYPE_DURATION] = {"a duration", check_duration},
        [TYPE_MODE] = {"an octal mode", check_mode},
        [TYPE_SIGNAL] = {"a signal", check_signal},
        [TYPE_CHOICE] = {"a word", check_choice},
        [TYPE_LABEL] = {"a DNS label", check_label},
        [TYPE_DOMAIN] = {"a DNS domain", check_domain},
        [TYPE_USER] = {"a user's name", check_user},
        [TYPE_OWNER] = {"user or user:group", check_owner},
        [TYPE_BOX] = {"a box", check_box},
        [TYPE_CPUSET] = {"a set of CPUs", check_cpuset},
        [TYPE_REGEX] = {"a regular expression", check_regex},
        [TYPE_IP] = {"an IPv4 address", check_ipv4},
        [TYPE_SUBNET] = {"a subnet", check_subnet},
        [TYPE_INIT] = {"auto, none, systemd or a path", check_init},
        [TYPE_SCRIPT] = {"a file on the host", check_script},
        [TYPE_SOURCE] = {"a file or folder on the host", check_source},
        [TYPE_GUEST_PATH] = {"an absolute path", check_guest_path},
        [TYPE_MARK] = {"a name", check_mark},
        [TYPE_ANY] = {"anything", NULL},
        [TYPE_MAP] = {"a map", NULL},
        [TYPE_NAMED] = {"a map by name", NULL},
        [TYPE_ENV] = {"a map of NAME: text", NULL},
        [TYPE_TEXTS] = {"a list of texts", NULL},
        [TYPE_PROVIDERS] = {"a kind, a list of kinds, or both", NULL},
        [TYPE_NETWORKS] = {"a network, none, host, or a list of networks", NULL},
        [TYPE_PORTS] = {"a list of ports", check_port},
        [TYPE_MOUNTS] = {"a list of volumes", check_any},
        [TYPE_FOLDERS] = {"a list of folders", check_any},
        [TYPE_ITEMS] = {"a list of maps", NULL},
        [TYPE_SHELL] = {"a script's text, or a map", NULL},
        [TYPE_ANSIBLE] = {"a playbook's path, or a map", NULL},
};

const char *schema_type_name(enum value_type type)
{
	return types[type].noun;
}

int check_text(const struct reading *r, const struct key *key, const char *text, struct err *err)
{
	struct given given = {r, key, text};

	return types[key->type].check ? types[key->type].check(&given, err) : 0;
}

bool type_is_scalar(enum value_type type)
{
	return type < TYPE_ANY;
}
