#include "oci/config.h"

#include "base/fs.h"
#include "oci/mount_options.h"
#include "oci/resources.h"
#include "oci/seccomp.h"

#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>

#define CONFIG_MAX (16 << 20)

void config_clear(struct oci_config *c)
{
	free(c->text);
	json_decref(c->tree);
	free(c->bundle);
	container_plan_clear(&c->plan);
	process_clear(&c->process);
	cgroup_limits_clear(&c->limits);
	free(c->cgroups_path);
	hooks_clear(&c->hooks);
	seccomp_profile_clear(&c->seccomp);
	free(c->listener);
	free(c->listener_metadata);
	free(c->rdt.group);
	free(c->rdt.l3);
	free(c->rdt.memory);
	*c = (struct oci_config){0};
}

/* Any 1.x, with what may follow ("1.0.2-dev", "1.1.0+build"). */
static int read_version(const struct node *top, struct oci_config *c, struct err *err)
{
	struct node n = node_get(top, "ociVersion");
	const char *text = NULL;

	if (node_need(&n, err) < 0 || node_text(&n, &text, err) < 0)
		return -1;
	char *end;
	unsigned long parts[3];
	const char *p = text;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		parts[i] = strtoul(p, &end, 10);
		if (end == p || (i < 2 && *end != '.'))
			return node_fail(&n, err, "'%s' is no version", text);
		p = end + 1;
	}
	if (*end && *end != '-' && *end != '+')
		return node_fail(&n, err, "'%s' is no version", text);
	if (parts[0] != 1)
		return node_fail(
		        &n, err, "version %s of runtime-spec is not supported, 1.x is", text);
	c->before_1_1 = parts[1] == 0;
	return 0;
}

static int take_text(const struct node *up, const char *key, char **out, struct err *err)
{
	struct node n = node_get(up, key);
	const char *text = NULL;

	if (node_text(&n, &text, err) < 0)
		return -1;
	if (text && text[0])
		*out = xstrdup(text);
	return 0;
}

static int read_names(const struct node *top, struct oci_config *c, struct err *err)
{
	struct node host = node_get(top, "hostname");

	if (take_text(top, "hostname", &c->plan.hostname, err) < 0 ||
	        take_text(top, "domainname", &c->plan.domainname, err) < 0)
		return -1;
	if ((c->plan.hostname || c->plan.domainname) && !(config_namespaces(c) & CLONE_NEWUTS))
		return node_fail(&host, err, "needs a uts namespace of its own");
	return 0;
}

static int accept_text(void *ctx, const struct node *pair, const char *value, struct err *err)
{
	(void)ctx;
	(void)value;
	return pair->key[0] ? 0 : node_fail(pair->up, err, "a key is empty");
}

static int read_annotations(const struct node *top, struct oci_config *c, struct err *err)
{
	struct node n = node_get(top, "annotations");

	if (node_pairs(&n, accept_text, NULL, err) < 0)
		return -1;
	c->annotations = node_size(&n) ? n.v : NULL;
	return 0;
}

static int read_propagation(const struct node *linux_n, struct oci_config *c, struct err *err)
{
	struct node n = node_get(linux_n, "rootfsPropagation");
	const char *word = "";

	if (node_text(&n, &word, err) < 0)
		return -1;
	if (!word[0])
		return 0;
	c->plan.root_propagation = propagation_flags(word);
	return c->plan.root_propagation ? 0 : node_fail(&n, err, "'%s' is not known", word);
}

static int read_personality(const struct node *linux_n, struct oci_config *c, struct err *err)
{
	struct node n = node_get(linux_n, "personality"), domain = node_get(&n, "domain");
	struct node flags = node_get(&n, "flags");
	const char *word = NULL;

	if (node_object(&n, err) < 0 || !n.v)
		return n.v ? -1 : 0;
	if (node_need(&domain, err) < 0 || node_text(&domain, &word, err) < 0)
		return -1;
	if (node_size(&flags))
		return node_fail(&flags, err, "no flags are supported");
	if (str_eq(word, "LINUX"))
		c->personality = PER_LINUX;
	else if (str_eq(word, "LINUX32"))
		c->personality = PER_LINUX32;
	else
		return node_fail(&domain, err, "'%s' is neither LINUX nor LINUX32", word);
	c->has_personality = true;
	return 0;
}

static int read_rdt(const struct node *linux_n, struct oci_config *c, struct err *err)
{
	struct node n = node_get(linux_n, "intelRdt");

	c->rdt.wanted = n.v;
	if (node_object(&n, err) < 0 || take_text(&n, "closID", &c->rdt.group, err) < 0 ||
	        take_text(&n, "l3CacheSchema", &c->rdt.l3, err) < 0)
		return -1;
	if (c->rdt.group && (strchr(c->rdt.group, '/') || c->rdt.group[0] == '.'))
		return node_fail(&n, err, "closID '%s' is no name of a folder", c->rdt.group);
	return take_text(&n, "memBwSchema", &c->rdt.memory, err);
}

/* Nothing but what is listed may be used, and what every container needs. */
static int read_resources(const struct node *linux_n, struct oci_config *c, struct err *err)
{
	struct node n = node_get(linux_n, "resources");

	if (resources_read(&n, &c->limits, err) < 0)
		return -1;
	device_rules_default(&c->limits);
	return 0;
}

static int read_linux(const struct node *linux_n, struct oci_config *c, struct err *err)
{
	struct node seccomp = node_get(linux_n, "seccomp");

	if (config_sysctl(linux_n, c, err) < 0 || config_devices(linux_n, c, err) < 0 ||
	        config_masks(linux_n, c, err) < 0 || read_propagation(linux_n, c, err) < 0 ||
	        read_personality(linux_n, c, err) < 0 || read_resources(linux_n, c, err) < 0 ||
	        read_rdt(linux_n, c, err) < 0 ||
	        take_text(linux_n, "cgroupsPath", &c->cgroups_path, err) < 0)
		return -1;
	return seccomp_read(
	        &seccomp, &c->seccomp, &c->has_seccomp, &c->listener, &c->listener_metadata, err);
}

static void fill_process(struct oci_config *c)
{
	struct container_plan *plan = &c->plan;

	if (!c->has_process)
		return;
	strv_copy(&plan->argv, &c->process.argv);
	strv_copy(&plan->env, &c->process.env);
	plan->cwd = xstrdup(c->process.cwd);
	plan->terminal = c->process.terminal;
	plan->terminal_size = (struct terminal_size){
	        (unsigned short)c->process.rows, (unsigned short)c->process.columns};
	confine_copy(&plan->confine, &c->process.confine);
}

static int read_all(struct oci_config *c, struct err *err)
{
	struct node top = {NULL, NULL, 0, c->tree};
	struct node linux_n = node_get(&top, "linux"), process = node_get(&top, "process");

	if (read_version(&top, c, err) < 0 || node_object(&linux_n, err) < 0 ||
	        config_namespaces_read(&linux_n, c, err) < 0 || read_names(&top, c, err) < 0 ||
	        read_annotations(&top, c, err) < 0 || hooks_read(&top, &c->hooks, err) < 0 ||
	        process_read(&process, &c->process, err) < 0 || config_mounts(&top, c, err) < 0 ||
	        read_linux(&linux_n, c, err) < 0)
		return -1;
	c->has_process = process.v;
	fill_process(c);
	return 0;
}

int config_parse(const char *bundle, const char *name, const char *text, struct oci_config *out,
        struct err *err)
{
	struct oci_config c = {.text = xstrdup(text), .bundle = xstrdup(bundle)};

	if (json_load(name, text, &c.tree, err) < 0 || read_all(&c, err) < 0) {
		config_clear(&c);
		return -1;
	}
	*out = c;
	return 0;
}

int oci_config_load(const char *bundle, const char *config, struct oci_config *out, struct err *err)
{
	char absolute[PATH_MAX];
	AUTO_STR text = {0};

	if (!realpath(bundle, absolute))
		return err_sys(err, "find the bundle '%s'", bundle);
	AUTO_FREE char *path = config ? xstrdup(config) : xasprintf("%s/config.json", absolute);
	if (fs_read(path, CONFIG_MAX, &text, err) < 0)
		return -1;
	return config_parse(absolute, path, str_text(&text), out, err);
}
