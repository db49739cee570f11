#include "lab/file/config.h"

#include "base/fs.h"
#include "lab/file/reading.h"
#include "lab/file/value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const file_names[] = {"prov.yaml", "prov.yml"};

/* 1: *path is the file; 0: the folder has none. */
static int find_in(const char *folder, char **path, struct err *err)
{
	const char *base = str_eq(folder, "/") ? "" : folder;
	AUTO_FREE char *yaml = xasprintf("%s/%s", base, file_names[0]);
	AUTO_FREE char *yml = xasprintf("%s/%s", base, file_names[1]);
	bool has_yaml = fs_exists(yaml), has_yml = fs_exists(yml);

	if (has_yaml && has_yml) {
		err_set(err, ERR_CONFIG, "both prov.yaml and prov.yml are in '%s'", folder);
		return err_hint(err, "remove one of them, or name one with --file");
	}
	if (!has_yaml && !has_yml)
		return 0;
	*path = has_yaml ? STEAL(yaml) : STEAL(yml);
	return 1;
}

int config_find(const char *from, char **path, struct err *err)
{
	AUTO_FREE char *start = realpath(from, NULL);
	AUTO_FREE char *folder = xstrdup(start);

	if (!start) {
		err_sys(err, "look at '%s'", from);
		err->kind = ERR_CONFIG;
		return -1;
	}
	for (;;) {
		int rc = find_in(folder, path, err);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
		char *slash = strrchr(folder, '/');
		if (str_eq(folder, "/"))
			break;
		slash[slash == folder] = '\0';
	}
	err_set(err, ERR_CONFIG, "no prov.yaml found in '%s' or above", start);
	return err_hint(err, "write one with 'prov init', or name one with --file");
}

static int read_file(const char *path, struct str *text, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		err_sys(err, "open '%s'", path);
		return err_hint(err, "write one with 'prov init'");
	}
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, "'%s' is not a file", path);
	if (st.st_size > YAML_MAX_BYTES)
		return err_set(
		        err, ERR_CONFIG, "'%s' is larger than %d bytes", path, YAML_MAX_BYTES);
	return fs_read(path, YAML_MAX_BYTES, text, err);
}

char *config_lab_name(const char *folder)
{
	const char *name = strrchr(folder, '/');
	struct str out = {0};

	for (name = name ? name + 1 : folder; *name && out.len < 63; name++) {
		char c = (char)tolower((unsigned char)*name);
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			str_addn(&out, &c, 1);
		else if (out.len && out.buf[out.len - 1] != '-')
			str_add(&out, "-");
	}
	while (out.len && out.buf[out.len - 1] == '-')
		out.buf[--out.len] = '\0';
	if (!out.len)
		str_add(&out, "lab");
	return str_steal(&out);
}

static char *top_text(const struct reading *r, const char *name, const char *otherwise)
{
	const struct yaml_node *node = yaml_get(r->root, name);
	bool given = node && node->kind == YAML_SCALAR && !yaml_is_empty(node);

	return given ? xstrdup(node->text) : xstrdup(otherwise);
}

static void report_duplicates(struct reading *r, const struct yaml_doc *doc)
{
	for (size_t i = 0; i < doc->n_duplicates; i++) {
		const struct yaml_duplicate *d = &doc->duplicates[i];
		AUTO_FREE char *safe = shown(d->key->text);
		problem_add(r->problems, d->key->mark, "",
		        "'%s' stands there twice, first on line %d", safe, d->first.line);
	}
}

static void read_mesh(struct reading *r)
{
	const struct yaml_node *node = yaml_get(r->root, "ssh_mesh");
	bool mesh = false;

	if (!node || node->kind != YAML_SCALAR || value_bool(node->text, &mesh, NULL) < 0)
		return; /* reported by the first pass */
	for (size_t i = 0; i < r->lab->n; i++)
		r->lab->machines[i].ssh_mesh = mesh;
}

static void read_lab(struct reading *r, const struct yaml_doc *doc)
{
	AUTO_FREE char *label = config_lab_name(r->folder);

	if (!check_format(r))
		return;
	report_duplicates(r, doc);
	check_file(r);
	r->lab->lab = top_text(r, "lab", label);
	r->lab->domain = top_text(r, "domain", r->lab->lab);
	read_networks(r);
	read_volumes(r);
	expand_machines(r);
	read_mesh(r);
	check_names(r);
	resolve_depends(r);
	check_sharing(r);
	relate_folders(r);
	free(r->decls);
}

static int check_options(const struct config_options *options, struct err *err)
{
	const char *p = options ? options->provider : NULL;
	static const char *const choices[] = {"container", "kvm", "both", NULL};

	if (!p || str_eq(p, "container,kvm") || str_eq(p, "kvm,container"))
		return 0;
	if (value_choice(p, choices, err) < 0) {
		err_wrap(err, "provider");
		err->kind = ERR_USAGE;
		return -1;
	}
	return 0;
}

/* The folder is where the path says, also where the file itself is a link to one elsewhere. */
static int absolute(const char *path, struct lab_decl *out, struct err *err)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *folder = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");

	out->folder = realpath(folder, NULL);
	if (!out->folder) {
		err_sys(err, "open '%s'", path);
		err->kind = ERR_CONFIG;
		return -1;
	}
	out->file = value_path(slash ? slash + 1 : path, out->folder);
	return 0;
}

int config_load(const char *path, const struct config_options *options, struct lab_decl *out,
        struct problems *problems, struct err *err)
{
	AUTO_STR text = {0};
	struct yaml_doc doc = {0};
	struct yaml_mark where;
	struct err why = {0};

	*out = (struct lab_decl){0};
	*problems = (struct problems){0};
	if (check_options(options, err) < 0 || absolute(path, out, err) < 0)
		return -1;
	if (read_file(out->file, &text, err) < 0) {
		err->kind = ERR_CONFIG;
		return -1;
	}
	if (yaml_parse(str_text(&text), text.len, &doc, &where, &why) < 0) {
		problem_add(problems, where, why.hint, "%s", why.message);
	} else {
		struct reading r = {.folder = out->folder,
		        .root = doc.root,
		        .options = options,
		        .problems = problems,
		        .lab = out};
		read_lab(&r, &doc);
		out->source = xcalloc(1, sizeof(*out->source));
		*out->source = (struct config_source){xstrdup(out->file), doc};
	}
	return problems_judge(problems, out->file, err);
}

static void source_free(struct config_source *source)
{
	if (!source)
		return;
	yaml_clear(&source->doc);
	free(source->file);
	free(source);
}

void lab_decl_clear(struct lab_decl *lab)
{
	for (size_t i = 0; i < lab->n; i++)
		spec_clear(&lab->machines[i]);
	free(lab->machines);
	for (size_t i = 0; i < lab->n_networks; i++) {
		free(lab->networks[i].name);
		free(lab->networks[i].subnet);
		free(lab->networks[i].bridge);
	}
	free(lab->networks);
	for (size_t i = 0; i < lab->n_volumes; i++)
		free(lab->volumes[i].name);
	free(lab->volumes);
	source_free(lab->source);
	free(lab->file);
	free(lab->folder);
	free(lab->lab);
	free(lab->domain);
	*lab = (struct lab_decl){0};
}
