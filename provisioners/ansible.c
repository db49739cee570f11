/*
 * A playbook: ansible-playbook runs on the host, with prov's inventory of the whole lab, limited to
 * this machine. The inventory and every connection are further processes of prov, which take no
 * lock: the one that this command holds is not in their way.
 */
#include "provisioners/internal.h"

#include "base/io.h"
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Long enough for the next task of a playbook, short enough to be gone with the machine. */
#define SHARED_CONNECTION "-C -o ControlMaster=auto -o ControlPersist=10s"

/* Ansible takes a program for a dynamic inventory, without arguments. It goes with the machine
 * should this process be killed. */
static int write_inventory(const struct run *run, char **path, struct err *err)
{
	AUTO_FREE char *self = module_self();
	AUTO_FREE char *file = xasprintf("%s/inventory.XXXXXX", run->names->dir);
	AUTO_STR text = {0};
	AUTO_FD int fd = mkostemp(file, O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "create '%s'", file);
	str_add(&text, "#!/bin/sh\nexec ");
	str_add_shell(&text, self ? self : "prov");
	str_addf(&text, " --lab %s inventory \"$@\"\n", run->spec->lab_id);
	int rc = io_write_all(fd, text.buf, text.len, err);
	if (rc == 0 && fchmod(fd, 0700) < 0)
		rc = err_sys(err, "make '%s' executable", file);
	if (rc < 0)
		unlink(file);
	else
		*path = STEAL(file);
	return rc;
}

/* As JSON, so that values may hold anything. */
static char *variables(const struct run *run)
{
	const struct provision_item *item = run->step->data;
	const char *user = provision_item_user(run);
	json_t *map = json_pack("{s:s}", "ansible_user", user ? user : "root");

	for (size_t i = 0; i < item->vars.n; i++) {
		const char *setting = item->vars.v[i];
		AUTO_FREE char *name = xstrndup(setting, strcspn(setting, "="));
		json_object_set_new(map, name, json_string(setting + strlen(name) + 1));
	}
	char *text = json_dumps(map, JSON_COMPACT);
	json_decref(map);
	return text;
}

static void build_argv(const struct run *run, const char *inventory, struct strv *argv)
{
	const struct provision_item *item = run->step->data;
	AUTO_FREE char *vars = variables(run);

	strv_add(argv, "ansible-playbook");
	strv_add(argv, "-i");
	strv_add(argv, inventory);
	strv_add(argv, "--limit");
	strv_add(argv, run->spec->hostname);
	strv_add(argv, "--extra-vars");
	strv_add(argv, vars ? vars : "{}");
	for (size_t i = 0; i < item->args.n; i++)
		strv_add(argv, item->args.v[i]);
	strv_add(argv, item->path);
}

static void set_variable(struct strv *env, const char *setting)
{
	size_t n = strcspn(setting, "=") + 1;

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->v[i], setting, n) != 0)
			continue;
		free(env->v[i]);
		env->v[i] = xstrdup(setting);
		return;
	}
	strv_add(env, setting);
}

/* Ansible refuses any encoding but this one. */
static void set_locale(struct strv *env)
{
	const char *all = getenv("LC_ALL");

	if (all && *all && !strcasestr(all, "utf-8") && !strcasestr(all, "utf8"))
		set_variable(env, "LC_ALL=C.UTF-8");
}

/* This process's own, then what the item says; the machine's reaches it by the connection. */
static void build_env(const struct run *run, struct strv *env)
{
	const struct provision_item *item = run->step->data;
	struct machine_spec bare = *run->spec;
	AUTO_STRV own = {0};

	for (char **e = environ; *e; e++)
		strv_add(env, *e);
	set_locale(env);
	set_variable(env, "PYTHONUNBUFFERED=1");
	if (!getenv("ANSIBLE_SSH_ARGS"))
		set_variable(env, "ANSIBLE_SSH_ARGS=" SHARED_CONNECTION);
	bare.env = (struct strv){0};
	provision_item_env(&bare, item, &own);
	for (size_t i = 0; i < own.n; i++)
		set_variable(env, own.v[i]);
}

static int not_installed(struct err *err)
{
	err_set(err, ERR_HOST, "ansible-playbook is not installed on this host");
	return err_hint(
	        err, "install the package ansible-core (or ansible), then run prov up again");
}

static int play(
        struct run *run, const char *inventory, struct output *output, int *status, struct err *err)
{
	const struct provision_item *item = run->step->data;
	AUTO_STRV argv = {0}, env = {0};
	struct err why = {0};

	build_argv(run, inventory, &argv);
	build_env(run, &env);
	const struct proc_cmd cmd = {
	        .argv = (const char *const *)argv.v,
	        .env = (const char *const *)env.v,
	        .cwd = run->spec->project, /* where its ansible.cfg is */
	        .in_fd = -1,
	        .output = provision_output_write,
	        .ctx = output,
	        .timeout_ns = item->timeout_ns,
	        .stop = run_stop(run),
	};
	if (proc_run(&cmd, status, &why) == 0)
		return 0;
	if (why.sys_errno == ENOENT)
		return not_installed(err);
	AUTO_FREE char *title = provision_item_title(run, "playbook");
	err_wrap(&why, "%s", title);
	if (err)
		*err = why;
	return -1;
}

int provision_ansible(struct run *run, struct err *err)
{
	AUTO_FREE char *inventory = NULL;
	struct output output;
	int status = 0;

	if (write_inventory(run, &inventory, err) < 0)
		return -1;
	int rc = provision_output_open(&output, run, err);
	if (rc == 0) {
		rc = play(run, inventory, &output, &status, err);
		provision_output_close(&output);
	}
	unlink(inventory);
	if (rc < 0 || status == 0)
		return rc;
	AUTO_FREE char *title = provision_item_title(run, "playbook");
	err_set(err, ERR_FAILED, "%s: ansible-playbook exited with %d", title, status);
	if (err)
		err->code = status;
	return err_hint(err,
	        "what it printed is in '%s'; prov up goes on with this playbook, prov provision "
	        "runs all items again",
	        run->names->logs);
}

void provision_ansible_explain(const struct run *run, struct str *out)
{
	const struct provision_item *item = run->step->data;
	AUTO_FREE char *vars = variables(run);

	str_add(out,
	        "ansible-playbook runs on this host; the machine is reached by prov in the place "
	        "of "
	        "ssh\nansible-playbook -i inventory.sh --limit ");
	str_add_shell(out, run->spec->hostname);
	str_add(out, " --extra-vars ");
	str_add_shell(out, vars ? vars : "{}");
	for (size_t i = 0; i < item->args.n; i++) {
		str_add(out, " ");
		str_add_shell(out, item->args.v[i]);
	}
	str_add(out, " ");
	str_add_shell(out, item->path);
	str_add(out, "\n");
}
