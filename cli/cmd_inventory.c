/*
 * inventory: the lab as Ansible's dynamic inventory (Ansible's "Developing dynamic inventory": the
 * JSON of --list and --host). Every machine is reached by prov in the place of ssh, started by a
 * script in the lab's folder, since Ansible takes one path: containers need no sshd then, and
 * nothing of this takes a lock, so that a playbook may run while `up` holds them.
 */
#include "cli/commands.h"

#include "base/fs.h"
#include "cli/remote.h"
#include "cli/ssh_host.h"
#include "net/near.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Called ssh, so that git and rsync take it for what it stands for, too. */
static int write_program(const struct lab *lab, char **path, struct err *err)
{
	AUTO_STR text = {0}, old = {0};
	AUTO_FREE char *file = xasprintf("%s/ssh", lab->dir);

	str_add(&text, "#!/bin/sh\nexec ");
	ssh_host_prov(lab, &text);
	str_add(&text, " ssh --as-ssh \"$@\"\n");
	bool same = fs_exists(file) && fs_read(file, 1 << 16, &old, NULL) == 0 &&
	        str_eq(str_text(&old), str_text(&text));
	if (!same && fs_replace(file, text.buf, text.len, 0755, err) < 0)
		return -1;
	*path = STEAL(file);
	return 0;
}

/* Names of groups are variables of Jinja: letters, digits, '_'. */
static char *group_name(const char *prefix, const char *name)
{
	char *group = xasprintf("%s%s", prefix, name);

	for (char *p = group; *p; p++)
		if (*p == '-' || *p == '.')
			*p = '_';
	return group;
}

static void add_to_group(json_t *root, const char *prefix, const char *name, const char *host)
{
	AUTO_FREE char *group = group_name(prefix, name);
	json_t *map = json_object_get(root, group);

	if (!map) {
		map = json_pack("{s:[]}", "hosts");
		json_object_set_new(root, group, map);
	}
	json_t *hosts = json_object_get(map, "hosts");
	for (size_t i = 0; i < json_array_size(hosts); i++)
		if (str_eq(json_string_value(json_array_get(hosts, i)), host))
			return;
	json_array_append_new(hosts, json_string(host));
}

/* "node" of node-2. */
static char *declared_name(const struct machine_spec *spec)
{
	const char *dash = strrchr(spec->name, '-');

	return spec->count && dash ? xstrndup(spec->name, (size_t)(dash - spec->name))
	                           : xstrdup(spec->name);
}

/* A machine's group has its plain name; the lab and the kinds give way to it. */
static bool is_taken(const struct lab *lab, const char *name)
{
	static const char *const reserved[] = {"all", "ungrouped", "_meta"};

	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (str_eq(reserved[i], name))
			return true;
	for (size_t i = 0; i < lab->n; i++) {
		AUTO_FREE char *declared = declared_name(&lab->machines[i].spec);
		if (str_eq(declared, name) || str_eq(lab->machines[i].spec.name, name))
			return true;
	}
	return false;
}

static void add_groups(const struct lab *lab, const struct machine_spec *spec, json_t *root)
{
	AUTO_FREE char *declared = declared_name(spec);
	const char *host = spec->hostname, *kind = spec->provider;

	add_to_group(root, is_taken(lab, lab->name) ? "lab_" : "", lab->name, host);
	add_to_group(root, is_taken(lab, kind) ? "kind_" : "", kind, host);
	const char *names[] = {declared, spec->name};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		bool reserved = str_eq(names[i], "all") || str_eq(names[i], "ungrouped");
		add_to_group(root, reserved ? "machine_" : "", names[i], host);
	}
}

static json_t *host_vars(const struct lab *lab, const struct machine *m, const char *program)
{
	struct machine_spec spec;

	ssh_host_spec(m, &spec);
	const char *address = net_near_address(&spec);
	json_t *vars = json_pack("{s:s, s:s?, s:s*, s:s, s:s, s:b, s:s, s:s, s:s, s:s, s:i, s:i}",
	        "ansible_host", m->spec.hostname, "ansible_user", spec.user,
	        "ansible_ssh_executable", program, "ansible_ssh_transfer_method", "piped",
	        "ansible_connection", "ssh", "ansible_ssh_pipelining", 1,
	        "ansible_python_interpreter", "auto_silent", "prov_lab", lab->name, "prov_machine",
	        spec.name, "prov_provider", spec.provider, "prov_index", spec.index, "prov_count",
	        spec.count ? spec.count : 1);
	if (address)
		json_object_set_new(vars, "prov_address", json_string(address));
	if (!spec.user)
		json_object_del(vars, "ansible_user");
	spec_clear(&spec);
	return vars;
}

static json_t *list_all(
        const struct lab *lab, struct machine *const *chosen, size_t n, const char *program)
{
	json_t *root = json_object(), *vars = json_object();

	for (size_t i = 0; i < n; i++) {
		add_groups(lab, &chosen[i]->spec, root);
		json_object_set_new(
		        vars, chosen[i]->spec.hostname, host_vars(lab, chosen[i], program));
	}
	json_object_set_new(root, "_meta", json_pack("{s:o}", "hostvars", vars));
	return root;
}

static json_t *one_host(struct lab *lab, const char *name, const char *program, struct err *err)
{
	AUTO_FREE char *user = NULL;
	struct machine *m;

	return ssh_host_find(lab, name, &m, &user, err) < 0 ? NULL : host_vars(lab, m, program);
}

static int answer(const struct cli *cli, struct lab *lab, struct err *err)
{
	AUTO_FREE struct machine **chosen = NULL;
	AUTO_FREE char *program = NULL;
	const char *host = cli_value(cli, "host");
	size_t n;

	if (lab_select(lab, &cli->operands, &chosen, &n, err) < 0)
		return -1;
	/* Nothing of it ever came up: there is no folder to write to, and nothing to reach. */
	if (lab->dir && fs_is_dir(lab->dir) && write_program(lab, &program, err) < 0)
		return -1;
	json_t *json = host ? one_host(lab, host, program, err) : list_all(lab, chosen, n, program);
	return json ? cli_print_json(json) : -1;
}

static int run(struct cli *cli)
{
	struct lab lab = {0};
	struct err err = {0};
	int code = cli_check_operands(cli, 0, 0);

	if (code)
		return code;
	if (cli_has(cli, "list") && cli_has(cli, "host"))
		return cli_fail_usage(cli, "--list and --host exclude each other");
	if ((code = cli_open_lab_anyhow(cli, &lab)))
		return code;
	if (answer(cli, &lab, &err) < 0)
		code = cli_fail(cli, &err);
	lab_clear(&lab);
	return code;
}

static const struct option_row options[] = {
        {0, "list", NULL, "all hosts, groups and variables (the default)"},
        {0, "host", "NAME", "the variables of one host"},
};

const struct command cmd_inventory = {
        .name = "inventory",
        .usage = "[--list | --host NAME]",
        .summary = "print the lab as a dynamic inventory for Ansible",
        .options = options,
        .n_options = ARRAY_SIZE(options),
        .run = run,
};
