/*
 * lab.mesh: what the machines need to reach each other by SSH, known before the first of them is
 * made: host keys for all, in LAB/keys until a machine takes its own, and two files about all,
 * which each machine's step "ssh.mesh" carries inside.
 */
#include "lab/lab_session.h"

#include "base/fs.h"
#include "core/host_keys.h"
#include "lab/network/plug.h"

#include <stdlib.h>
#include <string.h>

bool lab_mesh_wanted(const struct lab *lab)
{
	for (size_t i = 0; i < lab->n; i++)
		if (lab->machines[i].in_file && lab->machines[i].spec.ssh_mesh)
			return true;
	return false;
}

/* What `network connect` and `disconnect` do lasts until the next up: the others need not be told
 * twice for it. Names lead to the machine all the same. */
static const struct machine_spec *by_file(
        const struct lab *lab, const struct machine *m, struct machine_spec *copy)
{
	const struct journal_state *state = journal_state(lab->journal);

	if (!plug_any(state, m->spec.selector))
		return &m->spec;
	spec_copy(copy, &m->spec);
	plug_undone(state, copy);
	return copy;
}

static bool takes_part(const struct lab *lab, const struct machine *m)
{
	struct machine_spec copy = {0};

	if (!m->spec.ssh_mesh || !m->names.dir)
		return false;
	bool joined = by_file(lab, m, &copy)->n_nics > 0;
	spec_clear(&copy);
	return joined;
}

/* Host names and addresses, with this between them. */
static void add_names(const struct lab *lab, const struct machine *m, char between, struct str *out)
{
	struct machine_spec copy = {0};
	const struct machine_spec *spec = by_file(lab, m, &copy);
	AUTO_FREE char *names = spec_host_names(spec, spec->alias);

	for (char *p = names; *p; p++)
		*p = *p == ' ' ? between : *p;
	str_add(out, names);
	for (size_t i = 0; i < spec->n_nics; i++) {
		const char *const addresses[] = {spec->nics[i].address, spec->nics[i].address6};
		for (size_t a = 0; a < ARRAY_SIZE(addresses); a++)
			if (addresses[a])
				str_addf(out, "%c%s", between, addresses[a]);
	}
	spec_clear(&copy);
}

/* The login user follows from the box, which is looked up for the chosen machines alone: of others
 * it is known once they were made. */
static void add_user(const struct machine *m, struct str *out)
{
	struct machine_spec stored = {0};
	bool known = !m->spec.user && m->state.spec && spec_read(m->state.spec, &stored, NULL) == 0;
	const char *user = known ? stored.user : m->spec.user;

	if (user)
		str_addf(out, "  User %s\n", user);
	if (known)
		spec_clear(&stored);
}

static void add_config(const struct lab *lab, struct str *out)
{
	str_add(out, "# Written by prov for ssh_mesh; edits are lost.\n");
	for (size_t i = 0; i < lab->n; i++) {
		const struct machine *m = &lab->machines[i];
		if (!takes_part(lab, m))
			continue;
		str_add(out, "Host ");
		add_names(lab, m, ' ', out);
		str_add(out, "\n");
		add_user(m, out);
		str_add(out,
		        "  IdentityFile ~/.ssh/id_ed25519\n  IdentityFile ~/.ssh/id_prov\n"
		        "  StrictHostKeyChecking yes\n");
	}
}

static int add_known(const struct lab *lab, struct str *out, struct err *err)
{
	for (size_t i = 0; i < lab->n; i++) {
		const struct machine *m = &lab->machines[i];
		AUTO_STR line = {0};
		if (!takes_part(lab, m))
			continue;
		if (host_keys_public(&m->names, &line, err) < 0)
			return -1;
		/* "TYPE KEY COMMENT": the comment becomes the mark of what is prov's. */
		const char *text = str_text(&line);
		size_t n = strcspn(text, " ");
		n += strspn(text + n, " ");
		n += strcspn(text + n, " \n");
		add_names(lab, m, ',', out);
		str_addf(out, " %.*s prov-lab\n", (int)n, text);
	}
	return 0;
}

static void inputs(const struct run *run, struct digest *d)
{
	AUTO_STR config = {0};

	add_config(((struct lab_session *)run->session)->lab, &config);
	digest_field(d, "config", str_text(&config));
}

static int make_keys(const void *arg, void *result, struct err *err)
{
	const struct lab *lab = arg;

	(void)result;
	for (size_t i = 0; i < lab->n; i++) {
		const struct machine *m = &lab->machines[i];
		if (takes_part(lab, m) && host_keys_stock(&m->names, m->spec.hostname, err) < 0)
			return -1;
	}
	return 0;
}

static int apply(struct run *run, struct err *err)
{
	struct lab *lab = ((struct lab_session *)run->session)->lab;
	AUTO_FREE char *known_path = xasprintf("%s/mesh.known_hosts", lab->dir);
	AUTO_FREE char *config_path = xasprintf("%s/mesh.config", lab->dir);
	AUTO_STR known = {0}, config = {0};

	if (helper_call(lab, make_keys, lab, NULL, 0, err) < 0 || add_known(lab, &known, err) < 0)
		return -1;
	add_config(lab, &config);
	if (fs_replace(known_path, str_text(&known), known.len, 0644, err) < 0)
		return -1;
	return fs_replace(config_path, str_text(&config), config.len, 0644, err);
}

static int revert(struct run *run, struct err *err)
{
	static const char *const names[] = {"keys", "mesh.known_hosts", "mesh.config"};
	const struct lab *lab = ((struct lab_session *)run->session)->lab;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", lab->dir, names[i]);
		if (fs_remove_tree(path, err) < 0)
			return -1;
	}
	return 0;
}

const struct step lab_mesh_step = {
        .name = "lab.mesh",
        .flags = STEP_QUIET,
        .stale = CHANGE_LIVE,
        .inputs = inputs,
        .apply = apply,
        .revert = revert,
};
