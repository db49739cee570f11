/* Volumes of the file, and which of them a machine has where. */
#include "lab/file/check.h"

#include "core/folder.h"
#include "core/volume.h"
#include "lab/file/value.h"
#include "lab/file/value_net.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* virtio disks beside the machine's own, vdb to vdz */
#define MOST_OF_A_MACHINE 24

static void check_mount(struct reading *r, const struct key *key, const struct yaml_node *e)
{
	struct mount_text mount;
	struct err err = {0};

	if (value_mount(e->text, &mount, &err) < 0) {
		problem_of_key(r->problems, e->mark, key->name, &err);
		return;
	}
	if (!declared(r, "volumes", mount.name)) {
		AUTO_FREE char *safe = shown(mount.name);
		problem_add(r->problems, e->mark,
		        "declare it under volumes:", "'%s': there is no volume '%s'", key->name,
		        safe);
	}
	mount_text_clear(&mount);
}

void check_mounts(struct reading *r, const struct key *key, const struct yaml_node *node)
{
	if (!check_list(r, key, node))
		return;
	if (node->n > MOST_OF_A_MACHINE)
		problem_add(r->problems, node->mark, "", "'%s': more than %d", key->name,
		        MOST_OF_A_MACHINE);
	for (const struct yaml_node *e = node->first; e; e = e->next)
		check_mount(r, key, e);
}

static int64_t read_size(struct reading *r, const struct yaml_node *volume)
{
	const struct yaml_node *size = volume->kind == YAML_MAP ? yaml_get(volume, "size") : NULL;
	int64_t bytes = VOLUME_SIZE;

	if (size && size->kind == YAML_SCALAR && value_size(size->text, &bytes, NULL) == 0 &&
	        bytes < VOLUME_SMALLEST)
		problem_add(r->problems, size->mark, "",
		        "'size': a volume has %" PRId64 "MiB at least", VOLUME_SMALLEST >> 20);
	/* Of whole file system blocks. */
	return bytes & ~INT64_C(4095);
}

void read_volumes(struct reading *r)
{
	const struct yaml_node *map = yaml_get(r->root, "volumes");
	struct lab_decl *lab = r->lab;

	if (!map || map->kind != YAML_MAP || map->n > MAX_NAMED)
		return;
	lab->volumes = xcalloc(map->n + 1, sizeof(*lab->volumes));
	for (const struct yaml_node *e = map->first; e; e = e->next)
		lab->volumes[lab->n_volumes++] =
		        (struct volume_decl){xstrdup(e->key->text), read_size(r, e)};
}

static int64_t size_of(const struct reading *r, const char *name)
{
	for (size_t i = 0; i < r->lab->n_volumes; i++)
		if (str_eq(r->lab->volumes[i].name, name))
			return r->lab->volumes[i].size_bytes;
	return VOLUME_SIZE;
}

/* Below the ones that they lie in, so that none hides another. */
static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct volume_use *)a)->guest, ((const struct volume_use *)b)->guest);
}

static void report_twice(struct reading *r, const struct yaml_node *e, const char *text)
{
	AUTO_FREE char *safe = shown(text);

	problem_add(r->problems, e->mark, "", "'volumes': '%s' stands there twice", safe);
}

/* Of two mounts one would hide the other, or leave its place in the host's folder. What is copied
 * into a volume is no mount. */
static void report_overlap(struct reading *r, const struct yaml_node *e, const char *volume,
        const struct folder_use *f)
{
	AUTO_FREE char *safe = shown(volume), *folder = shown(f->guest);
	const char *relation = str_eq(volume, f->guest) ? "is also"
	        : folder_beneath(f->guest, volume)      ? "lies in"
	                                                : "holds";

	problem_add(r->problems, e->mark,
	        f->implicit ? "mount it elsewhere, or leave the project out: synced_folders: [{ "
	                      "host: ., guest: /vagrant, disabled: true }]"
	                    : "mount one of them elsewhere, or copy the folder: type: rsync",
	        "'volumes': '%s' %s the synced folder '%s'", safe, relation, folder);
}

/* Who mounts a volume at /vagrant wants no project there. */
static void relate_to_folders(
        struct reading *r, const struct yaml_node *e, const char *volume, struct machine_spec *spec)
{
	for (size_t i = 0; i < spec->n_folders; i++) {
		const struct folder_use *f = &spec->folders[i];
		if (f->type == FOLDER_RSYNC ||
		        (!folder_beneath(f->guest, volume) && !folder_beneath(volume, f->guest)))
			continue;
		if (f->implicit && str_eq(f->guest, volume)) {
			spec_drop_implicit_folders(spec);
			return;
		}
		report_overlap(r, e, volume, f);
	}
}

static void add_volume(struct reading *r, const struct yaml_node *e, struct machine_spec *spec)
{
	struct mount_text mount;

	if (e->kind != YAML_SCALAR || value_mount(e->text, &mount, NULL) < 0)
		return;
	for (size_t i = 0; i < spec->n_volumes; i++) {
		if (str_eq(spec->volumes[i].guest, mount.guest))
			report_twice(r, e, mount.guest);
		else if (str_eq(spec->volumes[i].name, mount.name))
			report_twice(r, e, mount.name);
	}
	relate_to_folders(r, e, mount.guest, spec);
	spec->volumes = xrealloc(spec->volumes, spec->n_volumes + 1, sizeof(*spec->volumes));
	spec->volumes[spec->n_volumes++] = (struct volume_use){.name = mount.name,
	        .guest = mount.guest,
	        .size_bytes = size_of(r, mount.name),
	        .read_only = mount.read_only};
}

void fill_volumes(struct reading *r, const struct layers *l, struct machine_spec *spec)
{
	const struct yaml_node *node = layers_get(l, IN_MACHINE, "volumes");

	if (!node || node->kind != YAML_LIST || node->n > MOST_OF_A_MACHINE)
		return;
	for (const struct yaml_node *e = node->first; e; e = e->next)
		add_volume(r, e, spec);
	if (spec->n_volumes)
		qsort(spec->volumes, spec->n_volumes, sizeof(*spec->volumes), by_path);
}
