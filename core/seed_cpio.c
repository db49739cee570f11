/* The seed as a "newc" cpio archive, which the kernel unpacks into the initramfs. */
#include "core/seed.h"

#include <string.h>
#include <sys/stat.h>

static void pad4(struct str *out)
{
	while (out->len % 4)
		str_addn(out, "\0", 1);
}

struct entry {
	const char *name;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	const void *bytes;
	size_t n;
};

static void add_entry(struct str *out, unsigned ino, const struct entry *e)
{
	size_t name_n = strlen(e->name) + 1;

	/* magic ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor
	 * namesize check */
	str_addf(out, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", ino, e->mode,
	        e->uid, e->gid, S_ISDIR(e->mode) ? 2u : 1u, 0u, (unsigned)e->n, 0u, 0u, 0u, 0u,
	        (unsigned)name_n, 0u);
	str_addn(out, e->name, name_n);
	pad4(out);
	str_addn(out, e->bytes, e->n);
	pad4(out);
}

/* The kernel makes no parents: every folder on the way is an entry of its own, once. */
static void add_parents(struct str *out, unsigned *ino, struct strv *seen, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		AUTO_FREE char *folder = xstrndup(path, (size_t)(slash - path));
		if (strv_has(seen, folder))
			continue;
		strv_add(seen, folder);
		add_entry(out, ++*ino, &(struct entry){.name = folder, .mode = S_IFDIR | 0700});
	}
}

void seed_cpio(const struct seed *seed, struct str *out)
{
	AUTO_STR list = {0};
	AUTO_STRV seen = {0};
	unsigned ino = 0;

	for (size_t i = 0; i < seed->n; i++) {
		const struct seed_file *f = &seed->files[i];
		AUTO_FREE char *path = xasprintf("prov-seed%s", f->path);
		add_parents(out, &ino, &seen, path);
		add_entry(out, ++ino,
		        &(struct entry){path, S_IFREG | f->mode, f->uid, f->gid, f->bytes, f->n});
		str_addf(&list, "%s %o %u %u %s\n",
		        f->append               ? "a"
		                : f->first_boot ? "f"
		                                : "-",
		        f->mode, f->uid, f->gid, f->path);
	}
	add_parents(out, &ino, &seen, "prov-seed/list");
	add_entry(out, ++ino,
	        &(struct entry){"prov-seed/list", S_IFREG | 0600, 0, 0, str_text(&list), list.len});
	add_entry(out, 0, &(struct entry){.name = "TRAILER!!!"});
}

void seed_cpio_program(const char *name, const void *bytes, size_t n, struct str *out)
{
	pad4(out);
	add_entry(out, 1, &(struct entry){name, S_IFREG | 0755, 0, 0, bytes, n});
	add_entry(out, 0, &(struct entry){.name = "TRAILER!!!"});
}
