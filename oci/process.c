/* The `process` of config.json. */
#include "oci/process.h"

#include "oci/rights.h"

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
	strv_clear(&p->unknown_caps);
	confine_clear(&p->confine);
	*p = (struct oci_process){0};
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

	if (rights_read(n, out, err) < 0 ||
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
