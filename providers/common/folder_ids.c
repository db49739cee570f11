#include "providers/common/folder_ids.h"

#include "providers/common/accounts.h"

#include <stdlib.h>
#include <sys/vfs.h>

#define IDS 65536

static void map_ids(
        struct id_maps *maps, const struct folder_ids *ids, uint32_t owner, uint32_t inside)
{
	if (owner >= ids->disk && owner < ids->disk + IDS) {
		id_maps_add(maps, ids->disk, ids->base, IDS);
		return;
	}
	id_maps_add(maps, owner, ids->base + inside, 1);
	if (inside)
		id_maps_add(maps, ids->disk, ids->base, inside);
	if (inside + 1 < IDS)
		id_maps_add(maps, ids->disk + inside + 1, ids->base + inside + 1, IDS - 1 - inside);
}

int folder_ids_map(const struct folder_ids *ids, const struct machine_spec *spec,
        const struct folder_use *f, const struct stat *st, struct fs_row *row, struct err *err)
{
	const char *owner = f->owner ? f->owner : st->st_uid == 0 ? "root" : spec->user;
	struct account_ids who;

	if (account_ids(ids->roots, ids->n_roots, owner, f->group, &who, err) < 0)
		return err_wrap(err, "synced_folders: '%s'", f->guest);
	if (!f->group && !f->owner && st->st_gid == 0)
		who.gid = 0;
	if (who.uid >= IDS || who.gid >= IDS)
		return err_set(err, ERR_CONFIG, "synced_folders: '%s': ids end at %d in a machine",
		        f->guest, IDS - 1);
	map_ids(&row->uids, ids, st->st_uid, who.uid);
	map_ids(&row->gids, ids, st->st_gid, who.gid);
	return 0;
}

void folder_ids_map_as(const struct folder_ids *ids, uint32_t uid, uint32_t gid,
        const struct stat *st, struct fs_row *row)
{
	map_ids(&row->uids, ids, st->st_uid, uid);
	map_ids(&row->gids, ids, st->st_gid, gid);
}

/* What has no owners of its own, or keeps them elsewhere, cannot map them. */
bool folder_ids_can(int fd)
{
	static const long without[] = {0x6969 /* nfs */, 0x65735546 /* fuse */, 0x01021997 /* 9p */,
	        0xff534d42 /* cifs */, 0xfe534d42 /* smb2 */, 0x794c7630 /* overlay */};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(without); i++)
		if ((long)fs.f_type == without[i])
			return false;
	return true;
}

void folder_ids_say(struct run *run, const struct folder_use *f)
{
	if (f->exclude.n)
		run_note(run, "exclude of '%s' has no effect: the folder is mounted, not copied",
		        f->guest);
}

int folder_ids_check_mode(const struct folder_use *f, struct err *err)
{
	AUTO_STR path = {0};

	if (f->mode < 0 || f->create)
		return 0;
	str_add_shell(&path, f->host);
	err_of_key(err, "synced_folders", "mode of '%s': a mounted folder has the host's own",
	        f->guest);
	return err_hint(
	        err, "chmod %o %s, or write type: rsync", (unsigned)f->mode, str_text(&path));
}
