/* What type: auto becomes, by what the box's kernel has. */
#include "base/fs.h"
#include "core/folder.h"
#include "tests/fake/check_util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KERNEL "/usr/lib/modules/6.1/kernel/"

static char *root;
static struct folder_use folders[3];

static void begin(void)
{
	root = tmp_begin();
	folders[0] = (struct folder_use){.implicit = true};
	folders[1] = (struct folder_use){0};
	folders[2] = (struct folder_use){.owner = root};
}

static void end(void)
{
	tmp_end(root);
}

static void put_module(const char *path)
{
	AUTO_FREE char *file = xasprintf("%s" KERNEL "%s", root, path);
	AUTO_FREE char *dir = xstrndup(file, (size_t)(strrchr(file, '/') - file));
	struct err err;

	ck_ok(fs_mkdirs(dir, 0755, &err));
	ck_ok(fs_replace(file, "", 0, 0644, &err));
}

/* A box of prov's own, or a disk alone. */
static void settle(bool own)
{
	static char provider[] = "kvm", uri[] = "qemu:///system", text[] = "x";
	struct machine_spec spec = {.provider = provider,
	        .network_mode = NET_LAB,
	        .kvm.uri = uri,
	        .folders = folders,
	        .n_folders = ARRAY_SIZE(folders),
	        .box = {.digest = text, .disk = text}};

	if (own) {
		spec.box.rootfs = root;
		spec.box.kernel = text;
	}
	folders_settle(&spec);
}

static void check(enum folder_type project, enum folder_type asked, enum folder_type owned)
{
	ck_assert_str_eq(folder_type_name(folders[0].type), folder_type_name(project));
	ck_assert_str_eq(folder_type_name(folders[1].type), folder_type_name(asked));
	ck_assert_str_eq(folder_type_name(folders[2].type), folder_type_name(owned));
}

/* Only root shows folders. */
static bool can_share(void)
{
	if (geteuid() == 0)
		return true;
	printf("SKIP folders: only root can map ids\n");
	return false;
}

START_TEST(neither)
{
	settle(true);
	check(FOLDER_AUTO, FOLDER_RSYNC, FOLDER_RSYNC);
}
END_TEST

/* 9p knows no owner. */
START_TEST(nine)
{
	if (!can_share())
		return;
	put_module("fs/9p/9p.ko");
	put_module("net/9p/9pnet_virtio.ko");
	settle(true);
	check(FOLDER_9P, FOLDER_9P, FOLDER_RSYNC);
}
END_TEST

/* Nobody can look into such a disk: up would fail where its kernel has no virtiofs. */
START_TEST(a_disk_alone)
{
	settle(false);
	check(FOLDER_AUTO, FOLDER_RSYNC, FOLDER_RSYNC);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {neither, nine, a_disk_alone};

	return suite_run("folder", tests, ARRAY_SIZE(tests), begin, end);
}
