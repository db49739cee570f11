/* prov-oci: the command line of an OCI runtime (runtime-spec's runtime.md, and what runc and crun
 * made usual) on prov's container engine. */
#include "oci/commands.h"
#include "oci/log.h"
#include "oci/reexec.h"
#include "oci/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int (*find(enum oci_command command))(const struct oci_call *, struct err *)
{
	static const struct {
		enum oci_command command;
		int (*run)(const struct oci_call *, struct err *);
	} table[] = {
	        {CMD_CREATE, cmd_create},
	        {CMD_START, cmd_start},
	        {CMD_STATE, cmd_state},
	        {CMD_KILL, cmd_kill},
	        {CMD_DELETE, cmd_delete},
	        {CMD_RUN, cmd_run},
	        {CMD_EXEC, cmd_exec},
	        {CMD_PS, cmd_ps},
	        {CMD_LIST, cmd_list},
	        {CMD_SPEC, cmd_spec},
	        {CMD_FEATURES, cmd_features},
	        {CMD_PAUSE, cmd_pause},
	        {CMD_RESUME, cmd_resume},
	        {CMD_UPDATE, cmd_update},
	        {CMD_EVENTS, cmd_events},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].command == command)
			return table[i].run;
	return NULL;
}

static int check_global(const struct oci_options *o, struct err *err)
{
	if (o->systemd_cgroup || str_eq(o->cgroup_manager, "systemd")) {
		err_set(err, ERR_USAGE, "cgroups by way of systemd are not supported");
		return err_hint(err, "use --cgroup-manager=cgroupfs, of podman as well");
	}
	if (o->cgroup_manager && !str_eq(o->cgroup_manager, "cgroupfs") &&
	        !str_eq(o->cgroup_manager, "disabled"))
		return err_set(
		        err, ERR_USAGE, "there is no cgroup manager '%s'", o->cgroup_manager);
	if (o->log_format && !str_eq(o->log_format, "json") && !str_eq(o->log_format, "text"))
		return err_set(err, ERR_USAGE, "there is no log format '%s'", o->log_format);
	return 0;
}

static int run(struct oci_call *call, char **argv, struct err *err)
{
	AUTO_STR text = {0};

	if (call->o.version) {
		printf("prov-oci version " VERSION "\nspec: " OCI_VERSION "\n");
		return 0;
	}
	if (call->o.help) {
		oci_call_help(call, &text);
		fputs(str_text(&text), stdout);
		return 0;
	}
	if (!call->o.root)
		call->o.root = OCI_ROOT;
	if (check_global(&call->o, err) < 0)
		return -1;
	/* These wait inside a container as this program before they are another. */
	if (call->command & (CMD_CREATE | CMD_RUN | CMD_EXEC) && reexec_readonly(argv, err) < 0)
		return -1;
	return find(call->command)(call, err);
}

int main(int argc, char **argv)
{
	struct oci_call call = {0};
	struct err err = {0};
	int rc = oci_call_parse(argc, argv, &call, &err);

	if (rc == 0)
		rc = run(&call, argv, &err);
	if (rc < 0)
		oci_log_error(&call, &err);
	if (rc == 0 && fflush(stdout) != 0)
		rc = 1;
	oci_call_clear(&call);
	return rc < 0 ? 1 : rc;
}
