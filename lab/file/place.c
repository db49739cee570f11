#include "lab/file/place.h"

#include <stdlib.h>
#include <string.h>

/* The next name of a path, cut at '.' or '['; false at its end. *item: the number in brackets
 * behind it, else -1. */
static bool next_part(const char **at, char *name, size_t size, long *item)
{
	size_t n = strcspn(*at, ".[");

	if (!n || n >= size)
		return false;
	memcpy(name, *at, n);
	name[n] = '\0';
	*at += n;
	*item = -1;
	if (**at == '[') {
		*item = strtol(*at + 1, NULL, 10);
		*at += strcspn(*at, "]");
		*at += **at == ']';
	}
	*at += **at == '.';
	return true;
}

/* As deep as the path leads from map on; NULL: not even its first name is there. *whole: to its
 * end. */
static const struct yaml_node *walk(const struct yaml_node *map, const char *path, bool *whole)
{
	const struct yaml_node *found = NULL;
	char name[64];
	long item;

	*whole = false;
	while (map && next_part(&path, name, sizeof(name), &item)) {
		const struct yaml_node *node = yaml_get(map, name);
		if (!node)
			return found;
		found = map = node;
		if (item < 0)
			continue;
		const struct yaml_node *e = node->kind == YAML_LIST ? node->first : NULL;
		for (; e && item > 0; item--)
			e = e->next;
		if (!e)
			return found;
		found = map = e;
	}
	*whole = !*path;
	return found;
}

/* The entry of machines: that it is, or is an instance of. */
static const struct yaml_node *entry_of(
        const struct yaml_node *root, const struct machine_spec *spec)
{
	const struct yaml_node *machines = yaml_get(root, "machines");
	AUTO_FREE char *name = xstrdup(spec->name);
	char *dash = spec->count ? strrchr(name, '-') : NULL;

	if (dash)
		*dash = '\0';
	return machines ? yaml_get(machines, name) : NULL;
}

struct yaml_mark place_find(
        const struct yaml_node *root, const struct machine_spec *spec, const char *key)
{
	const struct yaml_node *machine = entry_of(root, spec);
	const struct yaml_node *defaults = yaml_get(root, "defaults"), *best = NULL;
	const struct yaml_node *maps[] = {machine ? yaml_get(machine, spec->provider) : NULL,
	        machine, defaults ? yaml_get(defaults, spec->provider) : NULL, defaults};
	bool whole = false;

	if (!machine)
		return (struct yaml_mark){0};
	for (size_t i = 0; !whole && i < ARRAY_SIZE(maps); i++) {
		const struct yaml_node *node = maps[i] ? walk(maps[i], key, &whole) : NULL;
		if (whole || !best)
			best = node;
	}
	if (!best)
		return machine->key->mark;
	return yaml_is_empty(best) && best->key ? best->key->mark : best->mark;
}

int place_wrap(const struct config_source *source, const struct machine_spec *spec, struct err *err)
{
	if (!source || !err || !err->key[0])
		return -1;
	struct yaml_mark mark = place_find(source->doc.root, spec, err->key);
	if (!mark.line)
		return -1;
	return err_wrap(err, "%s:%d:%d", strrchr(source->file, '/') + 1, mark.line, mark.column);
}
