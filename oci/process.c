#include "oci/process.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define IOPRIO_LEVELS 8

void process_clear(struct oci_process *p)
{
	strv_clear(&p->argv);
	strv_clear(&p->env);
	free(p->cwd);
	free(p->apparmor);
	free(p->selinux);
	free(p->initial_cpus);
	free(p->final_cpus);
	confine_clear(&p->confine);
	*p = (struct oci_process){0};
}

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

int rlimit_number(const char *name)
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

static int read_set(const struct node *caps, const char *key, uint64_t *out, struct err *err)
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
		if (!str_starts(name, "CAP_") || caps_parse(name, &bit, &why) < 0)
			return node_fail(&item, err, "there is no capability '%s'", name);
		*out |= bit;
	}
	return 0;
}

static int read_caps(const struct node *n, struct caps *out, struct err *err)
{
	struct node caps = node_get(n, "capabilities");

	if (node_object(&caps, err) < 0 || read_set(&caps, "bounding", &out->bounding, err) < 0 ||
	        read_set(&caps, "effective", &out->effective, err) < 0 ||
	        read_set(&caps, "permitted", &out->permitted, err) < 0 ||
	        read_set(&caps, "inheritable", &out->inheritable, err) < 0)
		return -1;
	return read_set(&caps, "ambient", &out->ambient, err);
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

/* A word and the kernel's number for it. */
struct word {
	const char *text;
	uint64_t number;
};

static int read_word(const struct node *n, const struct word *words, size_t n_words, uint64_t *out,
        struct err *err)
{
	const char *text = NULL;

	if (node_text(n, &text, err) < 0)
		return -1;
	for (size_t i = 0; text && i < n_words; i++)
		if (str_eq(words[i].text, text)) {
			*out = words[i].number;
			return 1;
		}
	return text ? node_fail(n, err, "'%s' is not known", text) : 0;
}

static int read_io_priority(const struct node *n, struct io_priority *out, struct err *err)
{
	static const struct word classes[] = {
	        {"IOPRIO_CLASS_RT", 1}, {"IOPRIO_CLASS_BE", 2}, {"IOPRIO_CLASS_IDLE", 3}};
	struct node io = node_get(n, "ioPriority"), class = node_get(&io, "class");
	struct node priority = node_get(&io, "priority");
	uint64_t class_no = 0;
	int64_t level = 0;

	if (node_object(&io, err) < 0 || !io.v)
		return io.v ? -1 : 0;
	if (node_need(&class, err) < 0 ||
	        read_word(&class, classes, ARRAY_SIZE(classes), &class_no, err) < 0 ||
	        node_int(&priority, 0, IOPRIO_LEVELS - 1, &level, err) < 0)
		return -1;
	*out = (struct io_priority){true, (int)class_no, (int)level};
	return 0;
}

static int read_sched_flags(const struct node *n, uint64_t *out, struct err *err)
{
	static const struct word flags[] = {{"SCHED_FLAG_RESET_ON_FORK", 0x01},
	        {"SCHED_FLAG_RECLAIM", 0x02}, {"SCHED_FLAG_DL_OVERRUN", 0x04},
	        {"SCHED_FLAG_KEEP_POLICY", 0x08}, {"SCHED_FLAG_KEEP_PARAMS", 0x10},
	        {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20}, {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40}};

	if (node_array(n, err) < 0)
		return -1;
	for (size_t i = 0; i < node_size(n); i++) {
		struct node item = node_at(n, i);
		uint64_t bit = 0;
		if (read_word(&item, flags, ARRAY_SIZE(flags), &bit, err) < 0)
			return -1;
		*out |= bit;
	}
	return 0;
}

static int read_scheduler(const struct node *n, struct scheduling *out, struct err *err)
{
	static const struct word policies[] = {{"SCHED_OTHER", 0}, {"SCHED_FIFO", 1},
	        {"SCHED_RR", 2}, {"SCHED_BATCH", 3}, {"SCHED_ISO", 4}, {"SCHED_IDLE", 5},
	        {"SCHED_DEADLINE", 6}};
	struct node s = node_get(n, "scheduler"), policy = node_get(&s, "policy");
	struct node nice = node_get(&s, "nice"), priority = node_get(&s, "priority");
	struct node flags = node_get(&s, "flags"), runtime = node_get(&s, "runtime");
	struct node deadline = node_get(&s, "deadline"), period = node_get(&s, "period");
	uint64_t policy_no = 0;
	int64_t nice_v = 0, priority_v = 0;

	if (node_object(&s, err) < 0 || !s.v)
		return s.v ? -1 : 0;
	if (node_need(&policy, err) < 0 ||
	        read_word(&policy, policies, ARRAY_SIZE(policies), &policy_no, err) < 0 ||
	        node_int(&nice, -20, 19, &nice_v, err) < 0 ||
	        node_int(&priority, 0, 99, &priority_v, err) < 0 ||
	        read_sched_flags(&flags, &out->flags, err) < 0 ||
	        node_u64(&runtime, &out->runtime, err) < 0 ||
	        node_u64(&deadline, &out->deadline, err) < 0 ||
	        node_u64(&period, &out->period, err) < 0)
		return -1;
	out->policy = (int)policy_no;
	out->nice = (int)nice_v;
	out->priority = (int)priority_v;
	out->set = true;
	return 0;
}

static int take_text(const struct node *n, char **out, struct err *err)
{
	const char *text = NULL;

	if (node_text(n, &text, err) < 0)
		return -1;
	if (text && text[0])
		*out = xstrdup(text);
	return 0;
}

static int read_rights(const struct node *n, struct oci_process *out, struct err *err)
{
	struct node no_new = node_get(n, "noNewPrivileges"), oom = node_get(n, "oomScoreAdj");
	struct node apparmor = node_get(n, "apparmorProfile");
	struct node selinux = node_get(n, "selinuxLabel"), cpus = node_get(n, "execCPUAffinity");
	struct node initial = node_get(&cpus, "initial"), final = node_get(&cpus, "final");
	int64_t score = 0;

	if (read_user(n, &out->confine, err) < 0 || read_caps(n, &out->confine.caps, err) < 0 ||
	        read_rlimits(n, &out->confine, err) < 0 ||
	        node_bool(&no_new, &out->confine.no_new_privileges, err) < 0 ||
	        node_int(&oom, -1000, 1000, &score, err) < 0 ||
	        take_text(&apparmor, &out->apparmor, err) < 0 ||
	        take_text(&selinux, &out->selinux, err) < 0 || node_object(&cpus, err) < 0 ||
	        take_text(&initial, &out->initial_cpus, err) < 0 ||
	        take_text(&final, &out->final_cpus, err) < 0)
		return -1;
	out->confine.has_oom_score_adj = oom.v;
	out->confine.oom_score_adj = (int)score;
	return 0;
}

/* The variable must have a name; the value may be anything. */
static int check_env(const struct node *env, const struct strv *list, struct err *err)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strchr(list->v[i], '=') || list->v[i][0] == '=') {
			struct node item = node_at(env, i);
			return node_fail(&item, err, "'%s' is not NAME=VALUE", list->v[i]);
		}
	return 0;
}

static int read_command(const struct node *n, struct oci_process *out, struct err *err)
{
	struct node args = node_get(n, "args"), env = node_get(n, "env");
	struct node cwd = node_get(n, "cwd");

	if (node_texts(&args, &out->argv, err) < 0 || node_texts(&env, &out->env, err) < 0 ||
	        check_env(&env, &out->env, err) < 0 || node_need(&args, err) < 0 ||
	        node_need(&cwd, err) < 0 || take_text(&cwd, &out->cwd, err) < 0)
		return -1;
	if (!out->argv.n)
		return node_fail(&args, err, "is empty");
	if (!out->cwd || out->cwd[0] != '/')
		return node_fail(&cwd, err, "'%s' is no absolute path", out->cwd ? out->cwd : "");
	return 0;
}

int process_read(const struct node *n, struct oci_process *out, struct err *err)
{
	struct node terminal = node_get(n, "terminal"), size = node_get(n, "consoleSize");
	struct node height = node_get(&size, "height"), width = node_get(&size, "width");
	uint32_t rows = 0, columns = 0;

	if (node_object(n, err) < 0 || !n->v)
		return n->v ? -1 : 0;
	if (read_command(n, out, err) < 0 || read_rights(n, out, err) < 0 ||
	        node_bool(&terminal, &out->terminal, err) < 0 || node_object(&size, err) < 0 ||
	        node_u32(&height, &rows, err) < 0 || node_u32(&width, &columns, err) < 0 ||
	        read_io_priority(n, &out->io, err) < 0)
		return -1;
	out->rows = rows;
	out->columns = columns;
	out->confine.new_keyring = true;
	return read_scheduler(n, &out->scheduling, err);
}

static int parse_id(const char **p, uint32_t *out)
{
	char *end;

	if (!isdigit((unsigned char)**p))
		return -1;
	errno = 0;
	unsigned long v = strtoul(*p, &end, 10);
	if (errno || v >= UINT32_MAX)
		return -1;
	*p = end;
	*out = (uint32_t)v;
	return 0;
}

int process_user(struct oci_process *p, const char *text, struct err *err)
{
	const char *at = text;
	uint32_t uid, gid = p->confine.gid;

	if (parse_id(&at, &uid) < 0 || (*at == ':' && (at++, parse_id(&at, &gid) < 0)) || *at)
		return err_set(err, ERR_USAGE, "'%s' is not UID or UID:GID, in numbers", text);
	p->confine.uid = uid;
	p->confine.gid = gid;
	return 0;
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
