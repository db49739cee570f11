#include "boxes/layout.h"

#include "base/digest.h"
#include "base/fs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANIFEST_MAX (64 * 1024)

static bool is_name_part(const char *part, size_t n)
{
	if (n == 0 || n > 40 || part[0] == '.' || part[0] == '-' || part[n - 1] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789.-_+", part[i]))
			return false;
	return true;
}

int box_check_name(const char *name, struct err *err)
{
	const char *slash = strchr(name, '/');
	size_t first = slash ? (size_t)(slash - name) : strlen(name);
	AUTO_STR shown = {0};

	if (is_name_part(name, first) && (!slash || is_name_part(slash + 1, strlen(slash + 1))))
		return 0;
	str_add_escaped(&shown, name, strnlen(name, 100));
	err_set(err, ERR_USAGE, "'%s' is not a box name", str_text(&shown));
	return err_hint(err,
	        "one or two parts of lower-case letters, digits, '.', '-', '_', '+': debian/12");
}

static int load(const char *home, const char *name, struct box *out, struct err *err)
{
	AUTO_FREE char *path = layout_manifest(home, name);
	AUTO_STR text = {0};

	if (fs_read(path, MANIFEST_MAX, &text, err) < 0)
		return -1;
	if (manifest_read(str_text(&text), text.len, out, err) < 0) {
		err_wrap(err, "'%s'", path);
		return err_hint(err, "prov box remove %s, then build or add it again", name);
	}
	if (str_eq(out->name, name))
		return 0;
	err_set(err, ERR_FAILED, "'%s' belongs to the box '%s', not to '%s'", path, out->name,
	        name);
	box_clear(out);
	return -1;
}

/* The names below HOME/boxes, "a" and "a/b", sorted. */
static int names(const char *home, struct strv *out, struct err *err)
{
	AUTO_FREE char *top = xasprintf("%s/boxes", home);
	AUTO_STRV first = {0};

	if (fs_list(top, &first, err) < 0)
		return -1;
	for (size_t i = 0; i < first.n; i++) {
		AUTO_FREE char *dir = xasprintf("%s/%s", top, first.v[i]);
		AUTO_STRV second = {0};
		if (fs_is_dir(dir) && fs_list(dir, &second, err) < 0)
			return -1;
		if (strv_has(&second, "box.json"))
			strv_add(out, first.v[i]);
		for (size_t k = 0; k < second.n; k++) {
			AUTO_FREE char *name = xasprintf("%s/%s", first.v[i], second.v[k]);
			AUTO_FREE char *manifest = layout_manifest(home, name);
			if (fs_exists(manifest))
				strv_add(out, name);
		}
	}
	return 0;
}

/* Who wants to use the box is told how to get it; who wants to remove it, what there is. */
static int missing(const char *home, const char *name, bool for_use, struct err *err)
{
	AUTO_STRV known = {0};
	const char *near = NULL;

	if (names(home, &known, NULL) == 0 && known.n)
		near = str_nearest(name, (const char *const *)known.v, known.n);
	err_set(err, ERR_MISSING, "there is no box '%s'", name);
	if (near)
		return err_hint(err, "did you mean '%s'? prov box list shows what is there", near);
	if (!for_use)
		return err_hint(err,
		        known.n ? "prov box list shows what is there" : "there is no box at all");
	return err_hint(
	        err, "build it with 'prov box build %s', or 'prov box add' a file or URL", name);
}

int store_find(const char *home, const char *name, struct box *out, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (box_check_name(name, err) < 0)
		return -1;
	path = layout_manifest(home, name);
	if (!fs_exists(path))
		return missing(home, name, true, err);
	return load(home, name, out, err);
}

int store_list(const char *home, struct box **out, size_t *n, struct strv *bad, struct err *err)
{
	AUTO_STRV found = {0};

	if (names(home, &found, err) < 0)
		return -1;
	struct box *boxes = xcalloc(found.n, sizeof(*boxes));
	size_t good = 0;
	for (size_t i = 0; i < found.n; i++) {
		struct err why;
		if (load(home, found.v[i], &boxes[good], &why) == 0)
			good++;
		else
			strv_addf(bad, "%s%s%s", why.message, why.hint[0] ? "; " : "", why.hint);
	}
	*out = boxes;
	*n = good;
	return 0;
}

int store_use(const char *home, const struct box *box, struct box_use *out, struct err *err)
{
	const struct {
		const char *kind;
		char **path;
	} places[] = {{"rootfs", &out->rootfs}, {"disk", &out->disk}, {"kernel", &out->kernel},
	        {"initrd", &out->initrd}};
	char *paths[ARRAY_SIZE(places)] = {NULL};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const struct artefact *a = box_artefact(box, places[i].kind);
		paths[i] = a ? layout_artefact(home, a) : NULL;
		if (!a || fs_exists(paths[i]))
			continue;
		err_set(err, ERR_FAILED, "the %s of the box '%s' is missing from the store: '%s'",
		        a->kind, box->name, paths[i]);
		err_hint(err, "remove the box and build or add it again");
		for (size_t k = 0; k <= i; k++)
			free(paths[k]);
		return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		*places[i].path = paths[i];
	out->name = xstrdup(box->name);
	out->digest = xstrdup(box->digest);
	out->cmdline = xstrdup(box->cmdline);
	out->user = xstrdup(box->user);
	return 0;
}

/* Adds the paths of all artefacts that one manifest file refers to. */
static int add_artefacts(const char *home, const char *manifest, struct strv *out, struct err *err)
{
	AUTO_STR text = {0};
	struct box box = {0};

	if (fs_read(manifest, MANIFEST_MAX, &text, err) < 0)
		return -1;
	if (manifest_read(str_text(&text), text.len, &box, err) < 0)
		return err_wrap(err, "'%s'", manifest);
	for (size_t i = 0; i < box.n_artefacts; i++)
		strv_take(out, layout_artefact(home, &box.artefacts[i]));
	box_clear(&box);
	return 0;
}

/* The manifest of a name and those that it replaced. */
static int manifests_of(const char *home, const char *name, struct strv *out, struct err *err)
{
	AUTO_FREE char *dir = xasprintf("%s/boxes/%s", home, name);
	AUTO_STRV entries = {0};

	if (fs_list(dir, &entries, err) < 0)
		return -1;
	for (size_t i = 0; i < entries.n; i++) {
		const char *entry = entries.v[i];
		AUTO_FREE char *path = xasprintf("%s/%s", dir, entry);
		if (!fs_is_dir(path) &&
		        (str_eq(entry, "box.json") ||
		                (str_starts(entry, "old-") && str_ends(entry, ".json"))))
			strv_add(out, path);
	}
	return 0;
}

/* The artefacts of every name but one. */
static int used_by_others(const char *home, const char *except, struct strv *out, struct err *err)
{
	AUTO_STRV all = {0};

	if (names(home, &all, err) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		AUTO_STRV manifests = {0};
		if (str_eq(all.v[i], except))
			continue;
		if (manifests_of(home, all.v[i], &manifests, err) < 0)
			return -1;
		for (size_t k = 0; k < manifests.n; k++)
			if (add_artefacts(home, manifests.v[k], out, err) < 0)
				return -1;
	}
	return 0;
}

/* The name's folders go if nothing else is in them: "debian" stays while "debian/11" is there. */
static int remove_folders(const char *home, const char *name, struct err *err)
{
	AUTO_FREE char *path = xasprintf("%s/boxes/%s", home, name);

	for (int level = 0; level < (strchr(name, '/') ? 2 : 1); level++) {
		if (rmdir(path) < 0 && errno != ENOTEMPTY && errno != EEXIST)
			return err_sys(err, "remove folder '%s'", path);
		*strrchr(path, '/') = '\0';
	}
	return 0;
}

/* Manifests first: an interruption leaves artefacts that nothing refers to, never a box without
 * them. */
static int remove_locked(const char *home, const char *name, struct err *err)
{
	AUTO_STRV manifests = {0}, used = {0}, own = {0};

	if (used_by_others(home, name, &used, err) < 0 ||
	        manifests_of(home, name, &manifests, err) < 0)
		return -1;
	for (size_t i = 0; i < manifests.n; i++) {
		/* A damaged manifest says nothing about its artefacts; the name can be removed all
		 * the same. */
		if (add_artefacts(home, manifests.v[i], &own, NULL) < 0)
			continue;
	}
	for (size_t i = 0; i < manifests.n; i++)
		if (fs_unlink(manifests.v[i], err) < 0)
			return -1;
	if (remove_folders(home, name, err) < 0)
		return -1;
	for (size_t i = 0; i < own.n; i++)
		if (!strv_has(&used, own.v[i]) && fs_remove_tree(own.v[i], err) < 0)
			return -1;
	return 0;
}

int store_remove(const char *home, const char *name, struct err *err)
{
	AUTO_FREE char *manifest = NULL;
	AUTO_FD int lock = -1;

	if (box_check_name(name, err) < 0)
		return -1;
	manifest = layout_manifest(home, name);
	if (!fs_exists(manifest))
		return missing(home, name, false, err);
	if (layout_lock(home, &lock, err) < 0)
		return -1;
	return remove_locked(home, name, err);
}
