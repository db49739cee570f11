/* NAME, NAME@PROVIDER, or the name in front of an instance's number: which machines a command
 * means. */
#include "lab/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "node" selects node-1 and node-2 of count: 2. */
static bool is_instance_of(const struct machine_spec *spec, const char *name)
{
	char suffix[16];
	size_t n = strlen(name);

	snprintf(suffix, sizeof(suffix), "-%d", spec->index);
	return spec->count && strncmp(spec->name, name, n) == 0 && str_eq(spec->name + n, suffix);
}

static bool matches(const struct machine_spec *spec, const char *pattern)
{
	const char *at = strchr(pattern, '@');
	AUTO_FREE char *name = at ? xstrndup(pattern, (size_t)(at - pattern)) : xstrdup(pattern);

	if (at && !str_eq(spec->provider, at + 1))
		return false;
	return str_eq(spec->name, name) || is_instance_of(spec, name);
}

/* web@kvm of a machine that has other kinds only: those. */
static bool other_kinds(const struct lab *lab, const char *pattern, struct str *out)
{
	const char *at = strchr(pattern, '@');
	AUTO_FREE char *name = at ? xstrndup(pattern, (size_t)(at - pattern)) : NULL;
	size_t n = 0;

	for (size_t i = 0; name && i < lab->n; i++)
		if (matches(&lab->machines[i].spec, name) && ++n <= 3)
			str_addf(out, "%s%s", n > 1 ? ", " : "", lab->machines[i].spec.selector);
	if (n > 3)
		str_add(out, ", …");
	return n > 0;
}

static int no_match(const struct lab *lab, const char *pattern, struct err *err)
{
	AUTO_STR escaped = {0}, kinds = {0};
	AUTO_FREE const char **names = xcalloc(lab->n + 1, 2 * sizeof(char *));
	size_t n = 0;

	for (size_t i = 0; i < lab->n; i++) {
		names[n++] = lab->machines[i].spec.name;
		names[n++] = lab->machines[i].spec.selector;
	}
	str_add_escaped(&escaped, pattern, strlen(pattern));
	err_set(err, ERR_USAGE, "there is no machine '%s' in lab '%s'", str_text(&escaped),
	        lab->name);
	if (other_kinds(lab, pattern, &kinds))
		return err_hint(err, "it is of another kind: %s", str_text(&kinds));
	const char *near = str_nearest(pattern, names, n);
	return near ? err_hint(err, "did you mean '%s'?", near)
	            : err_hint(err, "prov status lists its machines");
}

int lab_select(struct lab *lab, const struct strv *patterns, struct machine ***out, size_t *n,
        struct err *err)
{
	struct machine **chosen = xcalloc(lab->n + 1, sizeof(*chosen));
	AUTO_FREE bool *picked = xcalloc(lab->n + 1, sizeof(bool));
	size_t count = 0;

	for (size_t p = 0; p < patterns->n; p++) {
		bool any = false;
		for (size_t i = 0; i < lab->n; i++)
			if (matches(&lab->machines[i].spec, patterns->v[p]))
				any = picked[i] = true;
		if (!any) {
			free(chosen);
			return no_match(lab, patterns->v[p], err);
		}
	}
	for (size_t i = 0; i < lab->n; i++) {
		struct machine *m = &lab->machines[i];
		if (patterns->n ? picked[i] : m->spec.autostart || m->state.exists)
			chosen[count++] = m;
	}
	*out = chosen;
	*n = count;
	return 0;
}

int lab_select_one(struct lab *lab, const char *pattern, struct machine **out, struct err *err)
{
	AUTO_STRV patterns = {0};
	AUTO_FREE struct machine **chosen = NULL;
	size_t n;

	if (pattern)
		strv_add(&patterns, pattern);
	if (lab_select(lab, &patterns, &chosen, &n, err) < 0)
		return -1;
	if (n == 1) {
		*out = chosen[0];
		return 0;
	}
	if (n == 0)
		return err_set(err, ERR_USAGE, "lab '%s' has no machine", lab->name);
	AUTO_STR names = {0};
	for (size_t i = 0; i < n; i++)
		str_addf(&names, "%s%s", i ? ", " : "", chosen[i]->spec.selector);
	err_set(err, ERR_USAGE, "%s%s%s", pattern ? "'" : "name one machine",
	        pattern ? pattern : "", pattern ? "' selects several machines" : "");
	return err_hint(err, "one of: %s", str_text(&names));
}
