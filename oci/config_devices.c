/* linux.devices, and what every container has in /dev (config-linux.md, "Default Devices"). */
#include "oci/config.h"

#include "engine/dev.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static bool is_taken(const struct container_plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->n_rows; i++)
		if ((plan->rows[i].op == FS_NODE || plan->rows[i].op == FS_BIND) &&
		        str_eq(plan->rows[i].path, path))
			return true;
	return false;
}

static void add_link(struct container_plan *plan, const char *path, const char *to)
{
	if (!is_taken(plan, path))
		plan_add(plan, FS_LINK, path)->source = xstrdup(to);
}

static void add_defaults(struct container_plan *plan)
{
	for (const struct dev_node *node = dev_nodes; node->path; node++) {
		if (is_taken(plan, node->path))
			continue;
		struct fs_row *row = plan_add(plan, FS_NODE, node->path);
		row->mode = S_IFCHR | DEV_MODE;
		row->device = makedev(node->major, node->minor);
	}
	for (const struct dev_link *link = dev_links; link->path; link++)
		add_link(plan, link->path, link->to);
	add_link(plan, "/dev/core", "/proc/kcore");
}

static int read_type(const struct node *n, mode_t *out, struct err *err)
{
	static const struct {
		const char *letter;
		mode_t mode;
	} types[] = {{"c", S_IFCHR}, {"u", S_IFCHR}, {"b", S_IFBLK}, {"p", S_IFIFO}};
	const char *text = NULL;

	if (node_need(n, err) < 0 || node_text(n, &text, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_eq(types[i].letter, text)) {
			*out = types[i].mode;
			return 0;
		}
	return node_fail(n, err, "'%s' is none of c, u, b and p", text);
}

static int read_device(const struct node *n, struct oci_config *c, struct err *err)
{
	struct node path_n = node_get(n, "path"), type_n = node_get(n, "type");
	struct node major_n = node_get(n, "major"), minor_n = node_get(n, "minor");
	struct node mode_n = node_get(n, "fileMode"), uid_n = node_get(n, "uid");
	struct node gid_n = node_get(n, "gid");
	const char *path = NULL;
	uint32_t major_no = 0, minor_no = 0, mode = DEV_MODE, uid = 0, gid = 0;
	mode_t type = 0;

	if (node_need(n, err) < 0 || node_object(n, err) < 0 || node_need(&path_n, err) < 0 ||
	        node_text(&path_n, &path, err) < 0 || read_type(&type_n, &type, err) < 0 ||
	        node_u32(&major_n, &major_no, err) < 0 || node_u32(&minor_n, &minor_no, err) < 0 ||
	        node_u32(&mode_n, &mode, err) < 0 || node_u32(&uid_n, &uid, err) < 0 ||
	        node_u32(&gid_n, &gid, err) < 0)
		return -1;
	if (type != S_IFIFO && (node_need(&major_n, err) < 0 || node_need(&minor_n, err) < 0))
		return -1;
	if (path[0] != '/')
		return node_fail(&path_n, err, "'%s' is no absolute path", path);
	struct fs_row *row = plan_add(&c->plan, FS_NODE, path);
	row->mode = type | (mode & 07777);
	row->device = type == S_IFIFO ? 0 : makedev(major_no, minor_no);
	row->uid = uid;
	row->gid = gid;
	return 0;
}

/* The host's own /dev is left as it is. */
static bool own_dev(const struct container_plan *plan)
{
	for (size_t i = 0; i < plan->n_rows; i++)
		if (plan->rows[i].op == FS_BIND &&
		        (str_eq(plan->rows[i].path, "/dev") || str_eq(plan->rows[i].path, "/dev/")))
			return false;
	return true;
}

int config_devices(const struct node *linux_n, struct oci_config *c, struct err *err)
{
	struct node list = node_get(linux_n, "devices");

	if (node_array(&list, err) < 0)
		return -1;
	if (!own_dev(&c->plan)) {
		config_defer_readonly(&c->plan);
		return 0;
	}
	for (size_t i = 0; i < node_size(&list); i++) {
		struct node item = node_at(&list, i);
		if (read_device(&item, c, err) < 0)
			return -1;
	}
	add_defaults(&c->plan);
	config_defer_readonly(&c->plan);
	return 0;
}
