/* Programs as they are kept, and how they are made where none is. */
#include "engine/seccomp.h"

#include "base/digest.h"
#include "base/fs.h"
#include "base/io.h"
#include "base/proc.h"
#include "engine/seccomp/module.h"
#include "engine/seccomp_default.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE "x86_64"
#elif defined(__aarch64__)
#define MACHINE "aarch64"
#else
#define MACHINE "another"
#endif

/* Part of every name: a program that was made in another way is another one. */
#define KEPT_AS "prov seccomp 2 " MACHINE

enum { NAME_LEN = 32 };

void seccomp_profile_clear(struct seccomp_profile *profile)
{
	for (size_t i = 0; i < profile->n_rules; i++) {
		struct seccomp_rule *rule = &profile->rules[i];
		for (size_t k = 0; k < rule->n_args; k++)
			free(rule->args[k].op);
		free(rule->args);
		free(rule->action);
		strv_clear(&rule->names);
	}
	free(profile->rules);
	free(profile->default_action);
	strv_clear(&profile->architectures);
	strv_clear(&profile->flags);
	*profile = (struct seccomp_profile){0};
}

struct seccomp_rule *seccomp_rule_add_to(struct seccomp_profile *profile, const char *action)
{
	profile->rules = xrealloc(profile->rules, profile->n_rules + 1, sizeof(*profile->rules));
	struct seccomp_rule *rule = &profile->rules[profile->n_rules++];
	*rule = (struct seccomp_rule){.action = xstrdup(action), .errno_ret = -1};
	return rule;
}

void seccomp_arg_add_to(struct seccomp_rule *rule, unsigned index, const char *op, uint64_t value,
        uint64_t value_two)
{
	rule->args = xrealloc(rule->args, rule->n_args + 1, sizeof(*rule->args));
	rule->args[rule->n_args++] = (struct seccomp_arg){index, value, value_two, xstrdup(op)};
}

void seccomp_clear(struct seccomp_program *program)
{
	free(program->code);
	*program = (struct seccomp_program){0};
}

/* seccomp(2). Who wants a listener has one in struct confine. */
static int find_flags(const struct strv *names, unsigned *out, struct err *err)
{
	static const struct {
		const char *name;
		unsigned value;
	} flags[] = {
	        {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
	        {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
	        {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	        {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
	};
	unsigned all = 0;

	for (size_t i = 0; i < names->n; i++) {
		size_t k = 0;
		while (k < ARRAY_SIZE(flags) && !str_eq(flags[k].name, names->v[i]))
			k++;
		if (k == ARRAY_SIZE(flags))
			return err_set(err, ERR_CONFIG, "the seccomp flag '%s' is not supported",
			        names->v[i]);
		all |= flags[k].value;
	}
	*out = all;
	return 0;
}

/* ---- what is kept: a head, then the code ---- */

struct head {
	char magic[8];
	uint64_t n, sum;
};
static const char magic[8] = "provBPF";

/* FNV-1a, an instruction a step. Against accidents: who could write the file needs no forgery. */
static uint64_t checksum(const struct sock_filter *code, size_t n)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325), one;

	for (size_t i = 0; i < n; i++) {
		memcpy(&one, &code[i], sizeof(one));
		sum = (sum ^ one) * UINT64_C(0x100000001b3);
	}
	return sum;
}

static bool is_ours(const struct stat *st)
{
	size_t size = (size_t)st->st_size - sizeof(struct head);

	return S_ISREG(st->st_mode) && st->st_uid == geteuid() && !(st->st_mode & 022) &&
	        st->st_size > (off_t)sizeof(struct head) &&
	        size % sizeof(struct sock_filter) == 0 &&
	        size / sizeof(struct sock_filter) <= BPF_MAXINSNS;
}

static bool load(const char *path, struct seccomp_program *out)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct head head;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !is_ours(&st) ||
	        io_read_full(fd, &head, sizeof(head)) != sizeof(head))
		return false;
	size_t size = (size_t)st.st_size - sizeof(head);
	AUTO_FREE struct sock_filter *code = xmalloc(size);
	if (io_read_full(fd, code, size) != (ssize_t)size ||
	        memcmp(head.magic, magic, sizeof(magic)) != 0 || head.n * sizeof(*code) != size ||
	        head.sum != checksum(code, head.n))
		return false;
	*out = (struct seccomp_program){STEAL(code), head.n, 0};
	return true;
}

/* That it cannot be kept costs the next one time, and nothing else. */
static void keep(const char *folder, const char *path, const struct seccomp_program *program)
{
	struct head head = {.n = program->n, .sum = checksum(program->code, program->n)};
	AUTO_STR bytes = {0};

	memcpy(head.magic, magic, sizeof(magic));
	str_addn(&bytes, &head, sizeof(head));
	str_addn(&bytes, program->code, program->n * sizeof(*program->code));
	if (fs_mkdirs(folder, 0711, NULL) == 0)
		(void)!fs_replace(path, bytes.buf, bytes.len, 0600, NULL);
}

/* ---- its name ---- */

static void digest_begin(struct digest *d)
{
	digest_init(d);
	digest_field(d, "kept", KEPT_AS);
}

static void digest_strv(struct digest *d, const char *name, const struct strv *list)
{
	digest_number(d, name, (int64_t)list->n);
	for (size_t i = 0; i < list->n; i++)
		digest_field(d, name, list->v[i]);
}

static void digest_denials(struct digest *d, const struct seccomp_denial *denials, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		digest_field(d, "denied", denials[i].name);
		digest_number(d, "index", denials[i].index);
		digest_number(d, "value", denials[i].value);
	}
}

static void digest_rule(struct digest *d, const struct seccomp_rule *rule)
{
	digest_field(d, "action", rule->action);
	digest_number(d, "errno", rule->errno_ret);
	digest_strv(d, "names", &rule->names);
	for (size_t i = 0; i < rule->n_args; i++) {
		digest_number(d, "index", rule->args[i].index);
		digest_field(d, "op", rule->args[i].op);
		digest_number(d, "value", (int64_t)rule->args[i].value);
		digest_number(d, "two", (int64_t)rule->args[i].value_two);
	}
}

static void name_profile(const struct seccomp_profile *p, char out[DIGEST_HEX_LEN + 1])
{
	struct digest d;

	digest_begin(&d);
	digest_field(&d, "default", p->default_action);
	digest_number(&d, "default errno", p->default_errno);
	digest_strv(&d, "architectures", &p->architectures);
	digest_number(&d, "rules", (int64_t)p->n_rules);
	for (size_t i = 0; i < p->n_rules; i++)
		digest_rule(&d, &p->rules[i]);
	digest_number(&d, "unknown", p->unknown_enosys);
	digest_denials(&d, p->denials, p->n_denials);
	digest_hex(&d, out);
}

/* FNV-1a once more: a tenth of the time of SHA-256, which would be felt at every start. */
static uint64_t mix(uint64_t sum, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++)
		sum = (sum ^ p[i]) * UINT64_C(0x100000001b3);
	return sum;
}
#define MIX(sum, lvalue) mix((sum), &(lvalue), sizeof(lvalue))

/* Capabilities that change nothing in it do not make it another one. */
static void name_default(uint64_t caps, char out[NAME_LEN])
{
	uint64_t asked = 0, sum = mix(UINT64_C(0xcbf29ce484222325), KEPT_AS, sizeof(KEPT_AS));

	for (size_t i = 0; i < seccomp_n_calls; i++) {
		const struct call_row *row = &seccomp_calls[i];
		asked |= row->caps;
		sum = mix(sum, row->names, strlen(row->names));
		sum = MIX(MIX(MIX(sum, row->caps), row->when), row->values);
	}
	for (size_t i = 0; i < seccomp_n_denials; i++) {
		const struct seccomp_denial *d = &seccomp_denials[i];
		sum = mix(sum, d->name, strlen(d->name));
		sum = MIX(MIX(sum, d->index), d->value);
	}
	asked &= caps;
	snprintf(out, NAME_LEN, "default-%016" PRIx64, MIX(sum, asked));
}

/* ---- */

static int compile(
        const struct seccomp_profile *profile, struct seccomp_program *out, struct err *err)
{
	void *found;

	if (module_symbol("prov-seccomp", "prov_seccomp", &found, err) < 0)
		return -1;
	return ((const struct seccomp_ops *)found)->compile(profile, out, err);
}

/* profile NULL: the default one for caps. */
static int get(const struct seccomp_profile *profile, uint64_t caps, const char *cache,
        const char *name, struct seccomp_program *out, struct err *err)
{
	AUTO_FREE char *path = cache ? xasprintf("%s/%s.bpf", cache, name) : NULL;
	struct seccomp_program program = {0};
	struct seccomp_profile own = {0};

	if (path && load(path, out))
		return 0;
	if (!profile)
		seccomp_default(caps, &own);
	int rc = compile(profile ? profile : &own, &program, err);
	seccomp_profile_clear(&own);
	if (rc < 0)
		return -1;
	if (path)
		keep(cache, path, &program);
	*out = (struct seccomp_program){program.code, program.n, 0};
	return 0;
}

int seccomp_compile(const struct seccomp_profile *profile, const char *cache,
        struct seccomp_program *out, struct err *err)
{
	char name[DIGEST_HEX_LEN + 1];
	unsigned flags = 0;

	if (find_flags(&profile->flags, &flags, err) < 0)
		return -1;
	name_profile(profile, name);
	if (get(profile, 0, cache, name, out, err) < 0)
		return -1;
	out->flags = flags;
	return 0;
}

int seccomp_compile_default(
        uint64_t caps, const char *cache, struct seccomp_program *out, struct err *err)
{
	char name[NAME_LEN];

	name_default(caps, name);
	return get(NULL, caps, cache, name, out, err);
}
