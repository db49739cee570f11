/* What a container is made of, as the kernel shows it: the table of sections. */
#include "providers/container/describe.h"

#include "base/procfs.h"

static const struct {
	const char *name;
	json_t *(*running)(const struct look *look);
	json_t *(*always)(const struct session *s);
} sections[] = {
        {"process", describe_process, NULL},
        {"namespaces", describe_namespaces, NULL},
        {"ids", describe_ids, NULL},
        {"capabilities", describe_capabilities, NULL},
        {"seccomp", describe_seccomp, NULL},
        {"cgroup", NULL, describe_cgroup},
        {"devices", NULL, describe_devices},
        {"layers", NULL, describe_layers},
        {"mounts", describe_mounts, NULL},
        {"network", describe_interfaces, NULL},
        {"rlimits", describe_rlimits, NULL},
};

json_t *container_describe(void *session, struct err *err)
{
	const struct session *s = session;
	struct look look = {.session = s, .pid = container_pid(s)};
	AUTO_FD int proc = look.pid ? procfs_open(look.pid) : -1;
	AUTO_STR status = {0};
	json_t *out = json_object();

	(void)err;
	/* The second look: a number that became somebody else's in between is not described. */
	if (proc >= 0 && container_pid(s) == look.pid &&
	        procfs_read(proc, "status", 65536, &status) == 0)
		look.status = str_text(&status);
	look.proc = proc;
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		json_t *section = sections[i].always ? sections[i].always(s)
		        : look.status                ? sections[i].running(&look)
		                                     : NULL;
		if (section)
			json_object_set_new(out, sections[i].name, section);
	}
	return out;
}
