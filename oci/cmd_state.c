/* state, list and ps: what there is. */
#include "oci/commands.h"

#include "oci/container.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int print_json(json_t *tree, struct err *err)
{
	AUTO_FREE char *text = json_dumps(tree, JSON_INDENT(2));

	json_decref(tree);
	if (!text || printf("%s\n", text) < 0)
		return err_set(err, ERR_FAILED, "cannot print the result");
	return 0;
}

int cmd_state(const struct oci_call *call, struct err *err)
{
	AUTO_CONTAINER c = {.home.fd = -1};

	if (oci_container_open(call, call->operands.v[0], false, &c, err) < 0)
		return -1;
	json_t *tree = oci_state_json(&c.state, c.status);
	if (c.state.rootfs)
		json_object_set_new(tree, "rootfs", json_string(c.state.rootfs));
	if (c.state.created)
		json_object_set_new(tree, "created", json_string(c.state.created));
	return print_json(tree, err);
}

static void add_owner(const struct oci_container *c, json_t *tree)
{
	struct passwd entry, *user = NULL;
	char names[1024];
	struct stat st;

	if (fstat(c->home.fd, &st) < 0)
		return;
	if (getpwuid_r(st.st_uid, &entry, names, sizeof(names), &user) != 0)
		user = NULL;
	AUTO_FREE char *number = xasprintf("#%u", st.st_uid);
	json_object_set_new(tree, "owner", json_string(user ? user->pw_name : number));
}

static void print_row(const json_t *item)
{
	static const char *const keys[] = {"id", "pid", "status", "bundle", "created", "owner"};
	static const int widths[] = {20, 8, 10, 30, 31, 0};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		json_t *v = json_object_get(item, keys[i]);
		AUTO_FREE char *number =
		        json_is_integer(v) ? xasprintf("%d", (int)json_integer_value(v)) : NULL;
		const char *text = number ? number : json_string_value(v);
		printf("%-*s%s", widths[i], text ? text : "-",
		        i + 1 < ARRAY_SIZE(keys) ? " " : "\n");
	}
}

static void print_list(const struct oci_call *call, json_t *list)
{
	json_t *item;
	size_t i;

	if (!call->o.quiet)
		printf("%-20s %-8s %-10s %-30s %-31s %s\n", "ID", "PID", "STATUS", "BUNDLE",
		        "CREATED", "OWNER");
	json_array_foreach(list, i, item)
	{
		if (call->o.quiet)
			printf("%s\n", json_string_value(json_object_get(item, "id")));
		else
			print_row(item);
	}
	json_decref(list);
}

int cmd_list(const struct oci_call *call, struct err *err)
{
	AUTO_STRV ids = {0};
	json_t *list = json_array();

	if (oci_state_ids(call->o.root, &ids, err) < 0) {
		json_decref(list);
		return -1;
	}
	for (size_t i = 0; i < ids.n; i++) {
		AUTO_CONTAINER c = {.home.fd = -1};
		if (oci_container_open(call, ids.v[i], false, &c, NULL) < 0)
			continue; /* deleted meanwhile */
		json_t *tree = oci_state_json(&c.state, c.status);
		if (c.state.created)
			json_object_set_new(tree, "created", json_string(c.state.created));
		add_owner(&c, tree);
		json_array_append_new(list, tree);
	}
	if (str_eq(call->o.format, "json"))
		return print_json(list, err);
	print_list(call, list);
	return 0;
}

static bool is_among(pid_t pid, const pid_t *pids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* Lines of ps(1) whose PID is among them, and its head line. */
static int filter_ps(FILE *ps, const pid_t *pids, size_t n, struct err *err)
{
	AUTO_FREE char *line = NULL;
	size_t size = 0;
	int column = -1; /* of the PID; -1: the head line comes */

	while (getline(&line, &size, ps) > 0) {
		AUTO_FREE char *words = xstrdup(line);
		char *save = NULL, *word = strtok_r(words, " \t\n", &save);
		bool shown = column < 0;
		for (int i = 0; word; word = strtok_r(NULL, " \t\n", &save), i++) {
			if (column < 0 && str_eq(word, "PID"))
				column = i;
			else if (i == column)
				shown |= is_among(atoi(word), pids, n);
		}
		if (column < 0)
			return err_set(err, ERR_FAILED, "the output of ps has no column PID");
		if (shown)
			fputs(line, stdout);
	}
	return 0;
}

static int run_ps(const struct oci_call *call, const pid_t *pids, size_t n, struct err *err)
{
	AUTO_STR command = {0};

	str_add(&command, "exec ps");
	if (call->operands.n == 1)
		str_add(&command, " -ef");
	for (size_t i = 1; i < call->operands.n; i++) {
		str_add(&command, " ");
		str_add_shell(&command, call->operands.v[i]);
	}
	FILE *ps = popen(str_text(&command), "re");
	if (!ps)
		return err_sys(err, "run ps");
	int rc = filter_ps(ps, pids, n, err);
	if (pclose(ps) != 0 && rc == 0)
		rc = err_set(err, ERR_FAILED, "ps failed");
	return rc;
}

static int pids_of(const struct oci_container *c, pid_t **pids, size_t *n, struct err *err)
{
	if (c->status != OCI_STOPPED && c->has_tree && c->state.cgroup)
		return cgroup_pids(&c->tree, c->state.cgroup, pids, n, err);
	*n = c->status != OCI_STOPPED && c->state.pid;
	*pids = xcalloc(1, sizeof(**pids));
	**pids = c->state.pid;
	return 0;
}

int cmd_ps(const struct oci_call *call, struct err *err)
{
	AUTO_CONTAINER c = {.home.fd = -1};
	AUTO_FREE pid_t *pids = NULL;
	size_t n = 0;

	if (oci_container_open(call, call->operands.v[0], false, &c, err) < 0 ||
	        pids_of(&c, &pids, &n, err) < 0)
		return -1;
	if (!str_eq(call->o.format, "json"))
		return run_ps(call, pids, n, err);
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_integer(pids[i]));
	return print_json(list, err);
}
