/* From provision items to steps. */
#include "provisioners/folders.h"
#include "provisioners/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX   "provision:"
#define MARK_HEX 12

static const struct {
	const char *name;
	int (*apply)(struct run *run, struct err *err);
	void (*explain)(const struct run *run, struct str *out);
} types[] = {
        [PROVISION_SHELL] = {"shell", provision_shell, provision_shell_explain},
        [PROVISION_FILE] = {"file", provision_file, provision_file_explain},
        [PROVISION_ANSIBLE] = {"ansible", provision_ansible, provision_ansible_explain},
};

char *provision_mark(const struct provision_item *item)
{
	struct digest digest;
	char hex[DIGEST_HEX_LEN + 1];

	if (item->name)
		return xstrdup(item->name);
	digest_init(&digest);
	provision_item_declared(item, &digest);
	digest_hex(&digest, hex);
	return xasprintf("%s-%.*s", types[item->type].name, MARK_HEX, hex);
}

const char *provision_item_mark(const struct run *run)
{
	return run->step->name + strlen(PREFIX);
}

char *provision_item_title(const struct run *run, const char *what)
{
	const struct provision_item *item = run->step->data;

	if (!item->name && item->place)
		return xasprintf("the %s at %s", what, item->place);
	return xasprintf("%s '%s'", what, provision_item_mark(run));
}

const char *provision_item_user(const struct run *run)
{
	const struct provision_item *item = run->step->data;

	return item->user && !*item->user ? run->spec->user : item->user;
}

void provision_item_env(
        const struct machine_spec *spec, const struct provision_item *item, struct strv *out)
{
	strv_copy(out, &spec->env);
	for (size_t i = 0; i < item->env.n; i++)
		strv_add(out, item->env.v[i]);
	strv_addf(out, "PROV_LAB=%s", spec->lab);
	strv_addf(out, "PROV_MACHINE=%s", spec->name);
	strv_addf(out, "PROV_PROVIDER=%s", spec->provider);
	strv_addf(out, "PROV_INDEX=%d", spec->index);
	strv_addf(out, "PROV_COUNT=%d", spec->count ? spec->count : 1);
}

static bool wanted(const struct provision_item *item, const char *mark, const struct strv *with)
{
	return item->run != RUN_NEVER || (with && strv_has(with, mark));
}

/* Two items that say the same have the same mark; each still is a step of its own. */
static char *step_name(const struct step *steps, size_t n, const char *mark)
{
	char *name = xasprintf(PREFIX "%s", mark);

	for (size_t again = 2, i = 0; i < n; i++) {
		if (strcmp(steps[i].name, name) != 0)
			continue;
		free(name);
		name = xasprintf(PREFIX "%s-%zu", mark, again++);
		i = (size_t)-1; /* from the first one again */
	}
	return name;
}

static struct step make_step(const struct provision_item *item, char *name)
{
	return (struct step){.name = name,
	        .phase = PHASE_PROVISION,
	        /* A "never" is there because it was asked for, whether or not it ran before. */
	        .flags = item->run == RUN_ONCE ? 0 : STEP_ALWAYS,
	        .stale = CHANGE_MANUAL,
	        .inputs = provision_item_inputs,
	        .apply = types[item->type].apply,
	        .explain = types[item->type].explain,
	        .data = item};
}

static void ready_inputs(const struct run *run, struct digest *digest)
{
	const struct ready_probe *probe = run->step->data;

	digest_number(digest, "type", probe->type);
	digest_number(digest, "port", probe->port);
	digest_field(digest, "text", probe->text);
}

/* Void when the machine stops: a machine that is down is not ready. */
static struct step make_ready(const struct ready_probe *probe)
{
	return (struct step){.name = xstrdup("ready"),
	        .phase = PHASE_PROVISION,
	        .flags = STEP_ALWAYS | STEP_QUIET | STEP_PROBE | STEP_VOLATILE,
	        .stale = CHANGE_LIVE,
	        .inputs = ready_inputs,
	        .apply = provision_ready,
	        .explain = provision_ready_explain,
	        .data = probe};
}

/* Before any script, which may use it. Again with each boot: what is there already stays. */
static struct step make_mesh(void)
{
	return (struct step){.name = xstrdup("ssh.mesh"),
	        .phase = PHASE_PROVISION,
	        .flags = STEP_QUIET | STEP_VOLATILE,
	        .stale = CHANGE_LIVE,
	        .inputs = provision_mesh_inputs,
	        .apply = provision_mesh,
	        .explain = provision_mesh_explain};
}

void provision_steps(
        const struct machine_spec *spec, const struct strv *with, struct step **out, size_t *n)
{
	struct step *steps = xcalloc(spec->n_provision + 3, sizeof(*steps));
	size_t k = 0;

	if (folders_need_step(spec))
		steps[k++] = folders_step();
	if (spec->ssh_mesh && spec->n_nics && !spec->container.read_only)
		steps[k++] = make_mesh();
	for (size_t i = 0; i < spec->n_provision; i++) {
		const struct provision_item *item = &spec->provision[i];
		AUTO_FREE char *mark = provision_mark(item);
		if (!wanted(item, mark, with))
			continue;
		steps[k] = make_step(item, step_name(steps, k, mark));
		k++;
	}
	if (spec->ready.type != READY_NONE)
		steps[k++] = make_ready(&spec->ready);
	*out = steps;
	*n = k;
}

void provision_steps_free(struct step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)steps[i].name);
	free(steps);
}
