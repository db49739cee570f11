#include "cli/ssh_host.h"

#include "base/proc.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void ssh_host_spec(const struct machine *m, struct machine_spec *out)
{
	if (!m->state.spec || spec_read(m->state.spec, out, NULL) < 0)
		spec_copy(out, &m->spec);
}

bool ssh_host_is_only(const struct lab *lab, const struct machine *m)
{
	for (size_t i = 0; i < lab->n; i++)
		if (&lab->machines[i] != m && str_eq(lab->machines[i].spec.name, m->spec.name))
			return false;
	return true;
}

/* text is name, or name.domain. */
static bool is_called(const char *text, const char *name, const char *domain)
{
	size_t n = name ? strlen(name) : 0;

	if (!name || strncasecmp(text, name, n) != 0)
		return false;
	return !text[n] || (text[n] == '.' && domain && strcasecmp(text + n + 1, domain) == 0);
}

static bool has_address(const struct machine *m, const char *text)
{
	struct machine_spec spec;
	bool found = false;

	if (!m->state.exists || (!isdigit((unsigned char)*text) && !strchr(text, ':')))
		return false;
	ssh_host_spec(m, &spec);
	for (size_t i = 0; i < spec.n_nics; i++)
		found = found || str_eq(spec.nics[i].address, text) ||
		        str_eq(spec.nics[i].address6, text);
	spec_clear(&spec);
	return found;
}

static struct machine *find_one(struct lab *lab, const char *text)
{
	for (size_t i = 0; i < lab->n; i++) {
		struct machine *m = &lab->machines[i];
		if (is_called(text, m->spec.hostname, m->spec.domain) ||
		        is_called(text, m->spec.selector, m->spec.domain) || has_address(m, text) ||
		        (is_called(text, m->spec.name, m->spec.domain) && ssh_host_is_only(lab, m)))
			return m;
	}
	return NULL;
}

static int no_such(const struct lab *lab, const char *text, struct err *err)
{
	AUTO_STR escaped = {0}, several = {0};

	str_add_escaped(&escaped, text, strlen(text));
	for (size_t i = 0; i < lab->n; i++)
		if (is_called(text, lab->machines[i].spec.name, lab->machines[i].spec.domain))
			str_addf(&several, "%s%s", several.len ? ", " : "",
			        lab->machines[i].spec.hostname);
	if (several.len) {
		err_set(err, ERR_USAGE, "'%s' is several machines", str_text(&escaped));
		return err_hint(err, "one of: %s", str_text(&several));
	}
	err_set(err, ERR_USAGE, "lab '%s' has no machine '%s'", lab->name, str_text(&escaped));
	return err_hint(err, "prov status lists its machines");
}

int ssh_host_find(
        struct lab *lab, const char *text, struct machine **out, char **user, struct err *err)
{
	/* web@kvm is no user; in root@web@kvm, the first @ ends one. */
	struct machine *m = find_one(lab, text);
	const char *at = strchr(text, '@');
	const char *host = text;

	for (; !m && at; at = strchr(at + 1, '@')) {
		host = at + 1;
		if ((m = find_one(lab, host))) {
			free(*user);
			*user = xstrndup(text, (size_t)(at - text));
		}
	}
	if (!m)
		return no_such(lab, host, err);
	*out = m;
	return 0;
}

void ssh_host_prov(const struct lab *lab, struct str *out)
{
	const char *home = getenv("PROV_HOME");
	AUTO_FREE char *self = module_self();

	if (home && *home) {
		str_add(out, "env PROV_HOME=");
		str_add_shell(out, lab->home);
		str_add(out, " ");
	}
	str_add_shell(out, self ? self : "prov");
	str_addf(out, " --lab %s", lab->id);
}
