/* spec: a config.json to begin with; features: what this runtime understands (features.md). */
#include "oci/commands.h"

#include "base/fs.h"
#include "engine/caps.h"
#include "oci/hooks.h"
#include "oci/mount_options.h"
#include "oci/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char template[] =
        "{'ociVersion': '" OCI_VERSION "',"
        " 'process': {'terminal': true, 'user': {'uid': 0, 'gid': 0}, 'args': ['sh'],"
        "  'env': ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',"
        "   'TERM=xterm'],"
        "  'cwd': '/',"
        "  'rlimits': [{'type': 'RLIMIT_NOFILE', 'hard': 1024, 'soft': 1024}],"
        "  'noNewPrivileges': true},"
        " 'root': {'path': 'rootfs', 'readonly': true},"
        " 'hostname': 'prov',"
        " 'mounts': ["
        "  {'destination': '/proc', 'type': 'proc', 'source': 'proc'},"
        "  {'destination': '/dev', 'type': 'tmpfs', 'source': 'tmpfs',"
        "   'options': ['nosuid', 'strictatime', 'mode=755', 'size=65536k']},"
        "  {'destination': '/dev/pts', 'type': 'devpts', 'source': 'devpts', 'options':"
        "   ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']},"
        "  {'destination': '/dev/shm', 'type': 'tmpfs', 'source': 'shm', 'options':"
        "   ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k']},"
        "  {'destination': '/dev/mqueue', 'type': 'mqueue', 'source': 'mqueue',"
        "   'options': ['nosuid', 'noexec', 'nodev']},"
        "  {'destination': '/sys', 'type': 'sysfs', 'source': 'sysfs',"
        "   'options': ['nosuid', 'noexec', 'nodev', 'ro']},"
        "  {'destination': '/sys/fs/cgroup', 'type': 'cgroup', 'source': 'cgroup',"
        "   'options': ['nosuid', 'noexec', 'nodev', 'relatime', 'ro']}],"
        " 'linux': {"
        "  'namespaces': [{'type': 'pid'}, {'type': 'network'}, {'type': 'ipc'},"
        "   {'type': 'uts'}, {'type': 'cgroup'}, {'type': 'mount'}],"
        "  'maskedPaths': ['/proc/acpi', '/proc/asound', '/proc/kcore', '/proc/keys',"
        "   '/proc/latency_stats', '/proc/timer_list', '/proc/timer_stats',"
        "   '/proc/sched_debug', '/sys/firmware', '/sys/devices/virtual/powercap',"
        "   '/proc/scsi'],"
        "  'readonlyPaths': ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys',"
        "   '/proc/sysrq-trigger']}}";

/* The template is written with ' for ". */
static json_t *load_template(void)
{
	char text[sizeof(template)];

	memcpy(text, template, sizeof(text));
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	return json_loads(text, 0, NULL);
}

static void add_caps(json_t *process)
{
	static const char *const sets[] = {"bounding", "effective", "permitted"};
	const char *const names[] = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"};
	json_t *caps = json_object();

	for (size_t s = 0; s < ARRAY_SIZE(sets); s++) {
		json_t *list = json_array();
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			json_array_append_new(list, json_string(names[i]));
		json_object_set_new(caps, sets[s], list);
	}
	json_object_set_new(process, "capabilities", caps);
}

/* A user namespace of the caller's one id; no network of its own to set up. */
static void make_rootless(json_t *spec)
{
	json_t *linux_o = json_object_get(spec, "linux");
	json_t *list = json_object_get(linux_o, "namespaces");

	json_array_remove(list, 1);
	json_array_append_new(list, json_pack("{s:s}", "type", "user"));
	json_object_set_new(linux_o, "uidMappings",
	        json_pack("[{s:i, s:i, s:i}]", "containerID", 0, "hostID", (int)geteuid(), "size",
	                1));
	json_object_set_new(linux_o, "gidMappings",
	        json_pack("[{s:i, s:i, s:i}]", "containerID", 0, "hostID", (int)getegid(), "size",
	                1));
}

int cmd_spec(const struct oci_call *call, struct err *err)
{
	const char *bundle = call->o.bundle ? call->o.bundle : ".";
	AUTO_FREE char *path = xasprintf("%s/config.json", bundle);

	if (fs_exists(path))
		return err_set(err, ERR_FAILED, "'%s' exists already", path);
	json_t *spec = load_template();
	add_caps(json_object_get(spec, "process"));
	if (call->o.rootless_spec)
		make_rootless(spec);
	AUTO_FREE char *json = json_dumps(spec, JSON_INDENT(2));
	json_decref(spec);
	AUTO_FREE char *text = xasprintf("%s\n", json);
	return fs_replace(path, text, strlen(text), 0644, err);
}

static json_t *texts(const struct strv *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, json_string(list->v[i]));
	return array;
}

static json_t *words(const char *text)
{
	AUTO_FREE char *copy = xstrdup(text);
	json_t *array = json_array();
	char *save = NULL;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		json_array_append_new(array, json_string(w));
	return array;
}

static json_t *linux_features(void)
{
	AUTO_STRV caps = {0};

	caps_names(caps_all(), &caps);
	json_t *on = json_pack("{s:b}", "enabled", 1), *off = json_pack("{s:b}", "enabled", 0);
	json_t *seccomp = json_pack("{s:b, s:o, s:o, s:o, s:o}", "enabled", 1, "actions",
	        words("SCMP_ACT_ALLOW SCMP_ACT_ERRNO SCMP_ACT_KILL SCMP_ACT_KILL_PROCESS "
	              "SCMP_ACT_KILL_THREAD SCMP_ACT_LOG SCMP_ACT_NOTIFY SCMP_ACT_TRACE "
	              "SCMP_ACT_TRAP"),
	        "operators",
	        words("SCMP_CMP_NE SCMP_CMP_LT SCMP_CMP_LE SCMP_CMP_EQ SCMP_CMP_GE "
	              "SCMP_CMP_GT SCMP_CMP_MASKED_EQ"),
	        "archs", words("SCMP_ARCH_X86 SCMP_ARCH_X86_64 SCMP_ARCH_X32"), "knownFlags",
	        words("SECCOMP_FILTER_FLAG_LOG SECCOMP_FILTER_FLAG_SPEC_ALLOW "
	              "SECCOMP_FILTER_FLAG_TSYNC SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"));
	json_t *linux_o = json_pack("{s:o, s:o, s:o, s:o, s:O, s:o, s:o, s:o, s:o}", "namespaces",
	        words("cgroup ipc mount network pid time user uts"), "capabilities", texts(&caps),
	        "cgroup",
	        json_pack("{s:b, s:b, s:b, s:b, s:b}", "v1", 1, "v2", 1, "systemd", 0,
	                "systemdUser", 0, "rdma", 1),
	        "seccomp", seccomp, "apparmor", on, "selinux", on, "intelRdt",
	        json_pack("{s:b}", "enabled", 1), "mountExtensions",
	        json_pack("{s:{s:b}}", "idmap", "enabled", 1), "netDevices", off);
	return linux_o;
}

int cmd_features(const struct oci_call *call, struct err *err)
{
	AUTO_STRV options = {0};
	json_t *hooks = json_array();

	(void)call;
	mount_option_names(&options);
	for (enum hook_kind kind = 0; kind < HOOK_KINDS; kind++)
		json_array_append_new(hooks, json_string(hook_kind_name(kind)));
	json_t *tree = json_pack("{s:s, s:s, s:o, s:o, s:o, s:{s:s}}", "ociVersionMin", "1.0.0",
	        "ociVersionMax", OCI_VERSION, "hooks", hooks, "mountOptions", texts(&options),
	        "linux", linux_features(), "annotations", "org.opencontainers.prov-oci.version",
	        VERSION);
	AUTO_FREE char *text = json_dumps(tree, JSON_INDENT(2));
	json_decref(tree);
	if (!text || printf("%s\n", text) < 0)
		return err_set(err, ERR_FAILED, "cannot print the result");
	return 0;
}
