/* Whom a process runs as, with which capabilities and limits, and what of that the host refuses. */
#include "oci/rights.h"

#include "oci/log.h"

#include <stdlib.h>
#include <unistd.h>

static const struct {
	const char *name;
	int number;
} rlimits[] = {
        {"RLIMIT_AS", RLIMIT_AS},
        {"RLIMIT_CORE", RLIMIT_CORE},
        {"RLIMIT_CPU", RLIMIT_CPU},
        {"RLIMIT_DATA", RLIMIT_DATA},
        {"RLIMIT_FSIZE", RLIMIT_FSIZE},
        {"RLIMIT_LOCKS", RLIMIT_LOCKS},
        {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
        {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
        {"RLIMIT_NICE", RLIMIT_NICE},
        {"RLIMIT_NOFILE", RLIMIT_NOFILE},
        {"RLIMIT_NPROC", RLIMIT_NPROC},
        {"RLIMIT_RSS", RLIMIT_RSS},
        {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
        {"RLIMIT_RTTIME", RLIMIT_RTTIME},
        {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
        {"RLIMIT_STACK", RLIMIT_STACK},
};

/* -1: there is none of that name. */
static int rlimit_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rlimits); i++)
		if (str_eq(rlimits[i].name, name))
			return rlimits[i].number;
	return -1;
}

static int read_rlimit(const struct node *n, struct confine *c, struct err *err)
{
	struct node type = node_get(n, "type"), soft = node_get(n, "soft");
	struct node hard = node_get(n, "hard");
	const char *name = NULL;
	uint64_t soft_v = 0, hard_v = 0;

	if (node_need(n, err) < 0 || node_object(n, err) < 0 || node_need(&type, err) < 0 ||
	        node_text(&type, &name, err) < 0 || node_need(&soft, err) < 0 ||
	        node_u64(&soft, &soft_v, err) < 0 || node_need(&hard, err) < 0 ||
	        node_u64(&hard, &hard_v, err) < 0)
		return -1;
	int number = rlimit_number(name);
	if (number < 0)
		return node_fail(&type, err, "there is no resource limit '%s'", name);
	for (size_t i = 0; i < c->n_rlimits; i++)
		if (c->rlimits[i].resource == number)
			return node_fail(&type, err, "'%s' is there twice", name);
	c->rlimits = xrealloc(c->rlimits, c->n_rlimits + 1, sizeof(*c->rlimits));
	c->rlimits[c->n_rlimits++] = (struct rlimit_row){number, {soft_v, hard_v}};
	return 0;
}

static int read_rlimits(const struct node *n, struct confine *c, struct err *err)
{
	struct node list = node_get(n, "rlimits");

	if (node_array(&list, err) < 0)
		return -1;
	for (size_t i = 0; i < node_size(&list); i++) {
		struct node item = node_at(&list, i);
		if (read_rlimit(&item, c, err) < 0)
			return -1;
	}
	return 0;
}

/* A capability of a newer kernel, or of none, is a warning and no error (config.md). */
static int read_set(const struct node *caps, const char *key, uint64_t *out, struct strv *unknown,
        struct err *err)
{
	struct node list = node_get(caps, key);

	if (node_array(&list, err) < 0)
		return -1;
	for (size_t i = 0; i < node_size(&list); i++) {
		struct node item = node_at(&list, i);
		const char *name = NULL;
		struct err why = {0};
		uint64_t bit = 0;
		if (node_need(&item, err) < 0 || node_text(&item, &name, err) < 0)
			return -1;
		if (str_starts(name, "CAP_") && caps_parse(name, &bit, &why) == 0)
			*out |= bit;
		else if (node_fail(&item, &why, "there is no capability '%s'", name) < 0)
			strv_add(unknown, why.message);
	}
	return 0;
}

static int read_caps(const struct node *n, struct caps *out, struct strv *unknown, struct err *err)
{
	struct node caps = node_get(n, "capabilities");
	const struct {
		const char *key;
		uint64_t *set;
	} sets[] = {
	        {"bounding", &out->bounding},
	        {"effective", &out->effective},
	        {"permitted", &out->permitted},
	        {"inheritable", &out->inheritable},
	        {"ambient", &out->ambient},
	};

	if (node_object(&caps, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		if (read_set(&caps, sets[i].key, sets[i].set, unknown, err) < 0)
			return -1;
	return 0;
}

static int read_user(const struct node *n, struct confine *c, struct err *err)
{
	struct node user = node_get(n, "user"), gids = node_get(&user, "additionalGids");
	struct node uid = node_get(&user, "uid"), gid = node_get(&user, "gid");
	struct node mask = node_get(&user, "umask");
	uint32_t umask_v = 022;

	if (node_object(&user, err) < 0 || node_u32(&uid, &c->uid, err) < 0 ||
	        node_u32(&gid, &c->gid, err) < 0 || node_u32(&mask, &umask_v, err) < 0 ||
	        node_array(&gids, err) < 0)
		return -1;
	if (umask_v > 0777)
		return node_fail(&mask, err, "%o has more than permissions", umask_v);
	c->umask = umask_v;
	c->groups = node_size(&gids) ? xcalloc(node_size(&gids), sizeof(gid_t)) : NULL;
	for (size_t i = 0; i < node_size(&gids); i++) {
		struct node item = node_at(&gids, i);
		if (node_need(&item, err) < 0 || node_u32(&item, &c->groups[i], err) < 0)
			return -1;
		c->n_groups = i + 1;
	}
	return 0;
}

int rights_read(const struct node *n, struct oci_process *out, struct err *err)
{
	if (read_user(n, &out->confine, err) < 0 ||
	        read_caps(n, &out->confine.caps, &out->unknown_caps, err) < 0)
		return -1;
	return read_rlimits(n, &out->confine, err);
}

int process_add_cap(struct oci_process *p, const char *name, struct err *err)
{
	struct caps *c = &p->confine.caps;
	uint64_t bit;

	if (caps_parse(name, &bit, err) < 0)
		return -1;
	c->bounding |= bit;
	c->effective |= bit;
	c->permitted |= bit;
	c->inheritable |= bit;
	c->ambient |= bit;
	return 0;
}

static void warn(const struct oci_call *call, const struct err *why)
{
	oci_log_warning((void *)(uintptr_t)call, why);
}

/* Also where prov-oci itself lacks one. */
static int judge_caps(
        const struct oci_call *call, const struct caps *caps, bool strict, struct err *err)
{
	uint64_t have = 0;
	AUTO_STRV names = {0};
	struct err why = {0};

	if (caps_permitted(&have) < 0)
		return 0;
	caps_names((caps->bounding | caps->permitted) & ~have, &names);
	for (size_t i = 0; i < names.n; i++) {
		err_set(&why, ERR_HOST, "process.capabilities: %s cannot be granted here",
		        names.v[i]);
		if (!strict) {
			warn(call, &why);
			continue;
		}
		*err = why;
		return err_hint(err,
		        "grep Cap /proc/self/status; from ociVersion 1.1.0 on it is "
		        "left out with a warning");
	}
	return 0;
}

static void judge_label(
        const struct oci_call *call, const char *file, const char *module, char **label)
{
	struct err why = {0};

	if (!*label || access(file, F_OK) == 0)
		return;
	err_set(&why, ERR_HOST, "process: this host has no %s: '%s' is left out", module, *label);
	warn(call, &why);
	free(*label);
	*label = NULL;
}

int rights_judge(const struct oci_call *call, struct oci_process *p, bool strict, struct err *err)
{
	struct err why = {0};

	for (size_t i = 0; i < p->unknown_caps.n; i++) {
		err_set(&why, ERR_CONFIG, "%s", p->unknown_caps.v[i]);
		warn(call, &why);
	}
	judge_label(call, "/proc/thread-self/attr/apparmor/exec", "AppArmor", &p->apparmor);
	judge_label(call, "/sys/fs/selinux/enforce", "SELinux", &p->selinux);
	return judge_caps(call, &p->confine.caps, strict, err);
}
