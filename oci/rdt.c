#include "oci/rdt.h"

#include "base/fs.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define RESCTRL "/sys/fs/resctrl"

static int write_line(const char *group, const char *file, const char *line, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s", group, file);
	AUTO_FREE char *text = xasprintf("%s\n", line);

	return fs_write_attr(path, text, err);
}

int rdt_join(const struct oci_rdt *rdt, const char *id, pid_t pid, struct err *err)
{
	struct statfs fs;
	char number[16];

	if (!rdt->wanted)
		return 0;
	if (statfs(RESCTRL, &fs) < 0 || fs.f_type != RDTGROUP_SUPER_MAGIC)
		return err_set(err, ERR_HOST, "linux.intelRdt: " RESCTRL " is not mounted");
	AUTO_FREE char *group = xasprintf(RESCTRL "/%s", rdt->group ? rdt->group : id);
	if (mkdir(group, 0755) < 0 && errno != EEXIST)
		return err_sys(err, "linux.intelRdt: make '%s'", group);
	if ((rdt->l3 && write_line(group, "schemata", rdt->l3, err) < 0) ||
	        (rdt->memory && write_line(group, "schemata", rdt->memory, err) < 0))
		return err_wrap(err, "linux.intelRdt");
	snprintf(number, sizeof(number), "%d", pid);
	return write_line(group, "tasks", number, err);
}
