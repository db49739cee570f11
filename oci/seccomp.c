#include "oci/seccomp.h"

#include <stdlib.h>
#include <string.h>

#define ERRNO_MAX 4095
#define ARGS_MAX  6

static int take_text(const struct node *n, char **out, struct err *err)
{
	const char *text = NULL;

	if (node_text(n, &text, err) < 0)
		return -1;
	if (text)
		*out = xstrdup(text);
	return 0;
}

static int read_errno(const struct node *n, int *out, struct err *err)
{
	int64_t v = -1;

	if (node_int(n, 0, ERRNO_MAX, &v, err) < 0)
		return -1;
	*out = (int)v;
	return 0;
}

static int read_arg(const struct node *n, struct seccomp_arg *out, struct err *err)
{
	struct node index = node_get(n, "index"), value = node_get(n, "value");
	struct node two = node_get(n, "valueTwo"), op = node_get(n, "op");
	int64_t i = 0;

	if (node_need(n, err) < 0 || node_object(n, err) < 0 || node_need(&index, err) < 0 ||
	        node_int(&index, 0, ARGS_MAX - 1, &i, err) < 0 || node_need(&value, err) < 0 ||
	        node_u64(&value, &out->value, err) < 0 ||
	        node_u64(&two, &out->value_two, err) < 0 || node_need(&op, err) < 0)
		return -1;
	out->index = (unsigned)i;
	return take_text(&op, &out->op, err);
}

static int read_rule(const struct node *n, struct seccomp_rule *out, struct err *err)
{
	struct node names = node_get(n, "names"), action = node_get(n, "action");
	struct node errno_ret = node_get(n, "errnoRet"), args = node_get(n, "args");

	if (node_need(n, err) < 0 || node_object(n, err) < 0 || node_need(&names, err) < 0 ||
	        node_texts(&names, &out->names, err) < 0 || node_need(&action, err) < 0 ||
	        take_text(&action, &out->action, err) < 0 ||
	        read_errno(&errno_ret, &out->errno_ret, err) < 0 || node_array(&args, err) < 0)
		return -1;
	if (!out->names.n)
		return node_fail(&names, err, "is empty");
	out->args = node_size(&args) ? xcalloc(node_size(&args), sizeof(*out->args)) : NULL;
	for (size_t i = 0; i < node_size(&args); i++) {
		struct node item = node_at(&args, i);
		out->n_args = i + 1;
		if (read_arg(&item, &out->args[i], err) < 0)
			return -1;
	}
	return 0;
}

static int read_rules(const struct node *n, struct seccomp_profile *out, struct err *err)
{
	struct node list = node_get(n, "syscalls");

	if (node_array(&list, err) < 0)
		return -1;
	out->rules = node_size(&list) ? xcalloc(node_size(&list), sizeof(*out->rules)) : NULL;
	for (size_t i = 0; i < node_size(&list); i++) {
		struct node item = node_at(&list, i);
		out->n_rules = i + 1;
		if (read_rule(&item, &out->rules[i], err) < 0)
			return -1;
	}
	return 0;
}

int seccomp_read(const struct node *n, struct seccomp_profile *out, bool *has, char **listener,
        char **metadata, struct err *err)
{
	struct node action = node_get(n, "defaultAction");
	struct node errno_ret = node_get(n, "defaultErrnoRet");
	struct node arches = node_get(n, "architectures"), flags = node_get(n, "flags");
	struct node path = node_get(n, "listenerPath"), meta = node_get(n, "listenerMetadata");

	*has = n->v;
	if (node_object(n, err) < 0 || !n->v)
		return n->v ? -1 : 0;
	if (node_need(&action, err) < 0 || take_text(&action, &out->default_action, err) < 0 ||
	        read_errno(&errno_ret, &out->default_errno, err) < 0 ||
	        node_texts(&arches, &out->architectures, err) < 0 ||
	        node_texts(&flags, &out->flags, err) < 0 || take_text(&path, listener, err) < 0 ||
	        take_text(&meta, metadata, err) < 0)
		return -1;
	return read_rules(n, out, err);
}
