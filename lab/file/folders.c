/* synced_folders: both forms read and checked, and the project's own folder at /vagrant. */
#include "lab/file/check.h"

#include "core/folder.h"
#include "lab/file/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_FOLDERS 64 /* of one machine */
#define VAGRANT     "/vagrant"

/* "HOST:GUEST[:ro]". */
static bool split(const char *text, char **host, char **guest, bool *read_only)
{
	const char *colon = strchr(text, ':');
	size_t n = colon ? strlen(colon + 1) : 0;

	if (!colon || colon == text || colon[1] != '/')
		return false;
	*read_only = str_ends(colon, ":ro");
	if (*read_only)
		n -= 3;
	if (memchr(colon + 1, ':', n))
		return false;
	*host = xstrndup(text, (size_t)(colon - text));
	*guest = xstrndup(colon + 1, n);
	return true;
}

static void go_up(struct str *path)
{
	while (path->len && path->buf[path->len - 1] != '/')
		path->buf[--path->len] = '\0';
	if (path->len)
		path->buf[--path->len] = '\0';
}

/* Without "//", "/./", "/../" and a '/' at the end. The caller frees. */
static char *tidy(const char *path)
{
	struct str out = {0};

	str_add(&out, "");
	for (const char *p = path; *p; p += strcspn(p, "/")) {
		p += strspn(p, "/");
		size_t n = strcspn(p, "/");
		if (n == 2 && p[0] == '.' && p[1] == '.')
			go_up(&out);
		else if (n && !(n == 1 && *p == '.'))
			str_addf(&out, "/%.*s", (int)n, p);
	}
	if (!out.len)
		str_add(&out, "/");
	return str_steal(&out);
}

static char *host_path(const struct reading *r, const char *text)
{
	AUTO_FREE char *path = value_path(text, r->folder);

	return tidy(path);
}

static bool has_dots(const char *path)
{
	for (const char *p = strstr(path, "/.."); p; p = strstr(p + 1, "/.."))
		if (p[3] == '\0' || p[3] == '/')
			return true;
	return false;
}

/* Lists of folders have one a line. */
static bool has_control(const char *path)
{
	for (; *path; path++)
		if ((unsigned char)*path < ' ' || *path == 127)
			return true;
	return false;
}

static const struct yaml_node *scalar(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = yaml_get(map, key);

	return node && is_text(node) ? node : NULL;
}

static bool says(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = scalar(map, key);
	bool value = false;

	return node && value_bool(node->text, &value, NULL) == 0 && value;
}

static void check_guest(struct reading *r, const struct key *key, const struct yaml_node *at,
        const char *guest, struct strv *seen)
{
	static const char *const kernel[] = {"/proc", "/sys", "/dev"};
	AUTO_FREE char *path = tidy(guest), *safe = shown(guest);
	bool bad = has_control(guest) || has_dots(guest) || str_eq(path, "/");

	for (size_t i = 0; i < ARRAY_SIZE(kernel); i++)
		bad = bad || folder_beneath(kernel[i], path);
	if (*guest != '/')
		return; /* reported as no absolute path */
	if (bad)
		problem_add(r->problems, at->mark, "",
		        "'%s': nothing can be mounted on '%s' of a machine", key->name, safe);
	else if (strv_has(seen, path))
		problem_add(r->problems, at->mark, "", "'%s': '%s' stands there twice", key->name,
		        safe);
	strv_add(seen, path);
}

static void check_host(struct reading *r, const struct key *key, const struct yaml_node *at,
        const char *host, bool create)
{
	AUTO_FREE char *path = host_path(r, host), *safe = shown(host);
	struct stat st;

	if (stat(path, &st) < 0 && !(create && errno == ENOENT))
		problem_add(r->problems, at->mark,
		        "make it, or write a map with create: true; paths are relative to the "
		        "folder of prov.yaml",
		        "'%s': there is no folder '%s'", key->name, safe);
	else if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		problem_add(
		        r->problems, at->mark, "", "'%s': '%s' is not a folder", key->name, safe);
}

static void check_text_form(
        struct reading *r, const struct key *key, const struct yaml_node *e, struct strv *seen)
{
	AUTO_FREE char *safe = is_text(e) ? shown(e->text) : xstrdup("");
	AUTO_FREE char *host = NULL, *guest = NULL;
	bool read_only;

	if (!is_text(e) || !split(e->text, &host, &guest, &read_only)) {
		problem_add(r->problems, e->mark, "folders are written \"./site:/srv/site:ro\"",
		        "'%s': '%s' is not a synced folder", key->name, safe);
		return;
	}
	check_host(r, key, e, host, false);
	check_guest(r, key, e, guest, seen);
}

static void check_map_form(
        struct reading *r, const struct key *key, const struct yaml_node *e, struct strv *seen)
{
	struct scope scope = {key->sub, false};
	const struct yaml_node *host = scalar(e, "host"), *guest = scalar(e, "guest");

	check_map(r, &scope, key->name, e);
	if (host && !says(e, "disabled"))
		check_host(r, key, host, host->text, says(e, "create"));
	if (guest)
		check_guest(r, key, guest, guest->text, seen);
}

void check_folders(struct reading *r, const struct key *key, const struct yaml_node *node)
{
	AUTO_STRV seen = {0};

	if (yaml_is_empty(node) || (is_text(node) && str_eq(node->text, "none")))
		return;
	if (node->kind != YAML_LIST || node->n > MAX_FOLDERS) {
		wrong_shape(r, node, key,
		        node->kind == YAML_LIST ? "at most 64 folders"
		                                : "write [\"./site:/srv/site\"], or none");
		return;
	}
	for (const struct yaml_node *e = node->first; e; e = e->next)
		(e->kind == YAML_MAP ? check_map_form : check_text_form)(r, key, e, &seen);
}

static enum folder_type type_of(const char *name)
{
	for (enum folder_type type = FOLDER_AUTO; type <= FOLDER_RSYNC; type++)
		if (str_eq(folder_type_name(type), name))
			return type;
	return FOLDER_AUTO;
}

/* Each kind has its own ways; auto is settled where the box is known, for containers at once. */
static void fill_type(struct reading *r, const struct yaml_node *node,
        const struct machine_spec *spec, struct folder_use *folder)
{
	bool kvm = str_eq(spec->provider, "kvm");
	enum folder_type type = node ? type_of(node->text) : FOLDER_AUTO;

	folder->type = type == FOLDER_AUTO && !kvm ? FOLDER_BIND : type;
	if (!node || (kvm ? type != FOLDER_BIND : type != FOLDER_VIRTIOFS && type != FOLDER_9P))
		return;
	problem_add(r->problems, node->mark, "write auto, or put it under container: or kvm:",
	        "'synced_folders': '%s' is for %s only", node->text,
	        kvm ? "containers" : "virtual machines");
}

/* What the type that was asked for by name cannot do. Where prov chooses it, up says so. */
static void check_options(struct reading *r, const struct yaml_node *map)
{
	const struct yaml_node *type = scalar(map, "type"), *exclude = yaml_get(map, "exclude");
	const struct yaml_node *owner = scalar(map, "owner"), *group = scalar(map, "group");
	enum folder_type is = type ? type_of(type->text) : FOLDER_AUTO;

	if (is == FOLDER_AUTO)
		return;
	if (is != FOLDER_RSYNC && exclude && exclude->kind == YAML_LIST && exclude->n)
		problem_add(r->problems, exclude->mark, "type: rsync leaves out what is excluded",
		        "'synced_folders': 'exclude' is not for type %s, which mounts all of the "
		        "folder",
		        type->text);
	if (is == FOLDER_RSYNC && says(map, "read_only"))
		problem_add(r->problems, scalar(map, "read_only")->mark,
		        "the host's folder is out of its reach; or write another type",
		        "'synced_folders': 'read_only' is not for type rsync: a copy is the "
		        "machine's own");
	if (is == FOLDER_9P && (owner || group))
		problem_add(r->problems, (owner ? owner : group)->mark,
		        "write virtiofs or rsync, or leave it out",
		        "'synced_folders': '%s' is not for type 9p: inside, all belongs to the "
		        "number that QEMU has on the host",
		        owner ? "owner" : "group");
}

static void fill_map(struct reading *r, const struct yaml_node *map,
        const struct machine_spec *spec, struct folder_use *folder)
{
	const struct yaml_node *owner = scalar(map, "owner"), *group = scalar(map, "group");
	const struct yaml_node *mode = scalar(map, "mode"), *exclude = yaml_get(map, "exclude");

	folder->host = host_path(r, scalar(map, "host")->text);
	folder->guest = tidy(scalar(map, "guest")->text);
	folder->read_only = says(map, "read_only");
	folder->create = says(map, "create");
	folder->owner = owner ? xstrdup(owner->text) : NULL;
	folder->group = group ? xstrdup(group->text) : NULL;
	if (mode && value_mode(mode->text, &folder->mode, NULL) < 0)
		folder->mode = -1; /* reported by the first pass */
	for (const struct yaml_node *e = exclude ? exclude->first : NULL; e; e = e->next)
		if (is_text(e))
			strv_add(&folder->exclude, e->text);
	fill_type(r, scalar(map, "type"), spec, folder);
	check_options(r, map);
}

/* The guest's path of an item that is good so far; NULL: it is not. The caller frees. */
static char *guest_of(const struct yaml_node *e)
{
	AUTO_FREE char *host = NULL, *guest = NULL;
	bool read_only;

	if (e->kind == YAML_MAP)
		return scalar(e, "host") && scalar(e, "guest") ? tidy(scalar(e, "guest")->text)
		                                               : NULL;
	return is_text(e) && split(e->text, &host, &guest, &read_only) ? tidy(guest) : NULL;
}

static void fill_item(struct reading *r, const struct yaml_node *e, struct machine_spec *spec)
{
	if (e->kind == YAML_MAP && says(e, "disabled"))
		return;
	struct folder_use *folder = spec_add_folder(spec);
	if (e->kind == YAML_MAP) {
		fill_map(r, e, spec, folder);
		return;
	}
	AUTO_FREE char *host = NULL, *guest = NULL;
	if (split(e->text, &host, &guest, &folder->read_only)) {
		folder->host = host_path(r, host);
		folder->guest = tidy(guest);
	}
	fill_type(r, NULL, spec, folder);
}

static int by_guest(const void *a, const void *b)
{
	return strcmp(((const struct folder_use *)a)->guest, ((const struct folder_use *)b)->guest);
}

/* Where it is cheap. A whole host is nobody's project. */
static void add_project(const struct reading *r, struct machine_spec *spec)
{
	if (str_eq(r->folder, "/"))
		return;
	struct folder_use *folder = spec_add_folder(spec);
	folder->host = xstrdup(r->folder);
	folder->guest = xstrdup(VAGRANT);
	folder->type = str_eq(spec->provider, "kvm") ? FOLDER_AUTO : FOLDER_BIND;
	folder->implicit = true;
}

void fill_folders(struct reading *r, const struct layers *l, struct machine_spec *spec)
{
	const struct yaml_node *node = layers_get(l, IN_MACHINE, "synced_folders");
	bool vagrant = node && is_text(node); /* none */

	if (node && node->kind == YAML_LIST && node->n <= MAX_FOLDERS)
		for (const struct yaml_node *e = node->first; e; e = e->next) {
			AUTO_FREE char *guest = guest_of(e);
			if (!guest)
				continue;
			vagrant = vagrant || str_eq(guest, VAGRANT);
			fill_item(r, e, spec);
		}
	if (!vagrant)
		add_project(r, spec);
	if (spec->n_folders > 1)
		qsort(spec->folders, spec->n_folders, sizeof(*spec->folders), by_guest);
}

/* The outermost shared folder above path; NULL: there is none. */
static const char *top_of(const struct reading *r, const struct strv *shared, const char *path)
{
	const char *top = folder_beneath(r->folder, path) ? r->folder : NULL;

	for (size_t i = 0; i < shared->n; i++) {
		const char *rest = folder_beneath(shared->v[i], path);
		if (rest && *rest && (!top || strlen(shared->v[i]) < strlen(top)))
			top = shared->v[i];
	}
	return top;
}

void relate_folders(struct reading *r)
{
	AUTO_STRV shared = {0};

	for (size_t i = 0; i < r->lab->n; i++)
		for (size_t k = 0; k < r->lab->machines[i].n_folders; k++) {
			const struct folder_use *folder = &r->lab->machines[i].folders[k];
			if (!folder->read_only && !folder->implicit && shared.n < MAX_NAMED &&
			        !strv_has(&shared, folder->host))
				strv_add(&shared, folder->host);
		}
	for (size_t i = 0; i < r->lab->n; i++)
		for (size_t k = 0; k < r->lab->machines[i].n_folders; k++) {
			struct folder_use *folder = &r->lab->machines[i].folders[k];
			const char *top = top_of(r, &shared, folder->host);
			folder->top = top ? xstrdup(top) : NULL;
		}
}
