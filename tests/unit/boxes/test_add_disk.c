/* Disks that are not prov's: what boots by itself arrives as a box, anything else leaves nothing.
 */
#include "base/fs.h"
#include "boxes/transfer/artefacts.h"
#include "boxes/transfer/firmware.h"
#include "tests/unit/boxes/box_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RAW_SIZE (1024 * 1024)

static struct fixture f;

static void begin(void)
{
	fixture_begin(&f);
}

static void end(void)
{
	fixture_end(&f);
}

static void put_qcow2(unsigned char h[512])
{
	memset(h, 0, 512);
	memcpy(h, "QFI\xfb", 4);
	h[7] = 3;
}

static char *write_raw(const char *name)
{
	char *path = fixture_path(&f, name);
	AUTO_FREE char *bytes = xcalloc(1, RAW_SIZE);

	memcpy(bytes + 510, "\x55\xaa", 2);
	memcpy(bytes + 600 * 1024, "system", 6);
	file_write(path, bytes, RAW_SIZE);
	return path;
}

static void check_box(const struct box *box, const char *name, const char *user)
{
	ck_assert_str_eq(box->name, name);
	ck_assert_str_eq(box->user, user);
	ck_assert_uint_eq(box->n_artefacts, 1);
	ck_assert_str_eq(box->artefacts[0].kind, "disk");
	ck_assert_str_eq(box->artefacts[0].format, "qcow2");
}

START_TEST(qcow2)
{
	AUTO_FREE char *path = fixture_path(&f, "Alien-12.qcow2");
	unsigned char h[512];
	struct box box, found;
	struct err err;

	put_qcow2(h);
	file_write(path, h, sizeof(h));
	ck_ok(box_add(&f.job, path, NULL, NULL, &box, &err));
	check_box(&box, "alien-12", "root");
	ck_assert_str_eq(box.description, "disk from Alien-12.qcow2");
	ck_ok(store_find(f.home, "alien-12", &found, &err));
	struct box_use use = {0};
	ck_ok(store_use(f.home, &found, &use, &err));
	ck_assert_ptr_nonnull(use.disk);
	ck_assert_ptr_null(use.kernel);
	ck_assert_ptr_null(use.rootfs);
	free(use.name);
	free(use.digest);
	free(use.disk);
	free(use.user);
	free(use.cmdline);
	box_clear(&found);
	box_clear(&box);
}
END_TEST

/* An image that leads to the host's files is refused. */
START_TEST(backing_file_is_refused)
{
	AUTO_FREE char *path = fixture_path(&f, "evil.qcow2");
	unsigned char h[512];
	struct box box;
	struct err err;

	put_qcow2(h);
	h[15] = 200; /* where the backing file's name stands */
	file_write(path, h, sizeof(h));
	ck_assert_int_eq(box_add(&f.job, path, NULL, NULL, &box, &err), -1);
	ck_has(err.message, "refused: the disk has a backing file");
	store_is_empty(&f);
}
END_TEST

START_TEST(raw)
{
	AUTO_FREE char *path = write_raw("alien.img");
	struct box box;
	struct err err;

	if (system("command -v qemu-img >/dev/null") != 0) {
		skip("qemu-img is not installed");
		return;
	}
	ck_ok(box_add(&f.job, path, NULL, NULL, &box, &err));
	check_box(&box, "alien", "root");
	ck_assert_int_lt(box.artefacts[0].size, RAW_SIZE);
	box_clear(&box);
}
END_TEST

/* Its second partition is one that UEFI starts. */
static void put_gpt(unsigned char *head)
{
	static const unsigned char efi[] = "\x28\x73\x2a\xc1\x1f\xf8\xd2\x11\xba\x4b\x00\xa0"
	                                   "\xc9\x3e\xc9\x3b";

	memcpy(head + 510, "\x55\xaa", 2);
	head[446 + 4] = 0xee;
	memcpy(head + 512, "EFI PART", 8);
	head[512 + 72] = 2;
	head[512 + 80] = 128;
	head[512 + 84] = 128;
	memset(head + 1024, 0x11, 16);
	memcpy(head + 1024 + 128, efi, 16);
}

START_TEST(uefi_alone)
{
	unsigned char head[FIRMWARE_SECTORS * FIRMWARE_SECTOR] = {0};

	ck_assert(!firmware_is_uefi_alone(head, sizeof(head)));
	put_gpt(head);
	ck_assert(firmware_is_uefi_alone(head, sizeof(head)));
	ck_assert(!firmware_is_uefi_alone(head, 512));
	ck_assert(!firmware_is_uefi_alone(head, 1024));
	/* A loader for the BIOS: such a disk starts by either. */
	head[0] = 0xeb;
	ck_assert(!firmware_is_uefi_alone(head, sizeof(head)));
	head[0] = 0;
	/* Tables that cannot be: too far, entries of nothing, of too much; fewer than it says. */
	head[512 + 72] = 200;
	ck_assert(!firmware_is_uefi_alone(head, sizeof(head)));
	head[512 + 72] = 2;
	head[512 + 84] = 0;
	ck_assert(!firmware_is_uefi_alone(head, sizeof(head)));
	head[512 + 87] = 0xff;
	ck_assert(!firmware_is_uefi_alone(head, sizeof(head)));
	head[512 + 87] = 0;
	head[512 + 84] = 128;
	head[512 + 83] = 0xff;
	ck_assert(firmware_is_uefi_alone(head, sizeof(head)));
	head[1024 + 128] = 0;
	ck_assert(!firmware_is_uefi_alone(head, sizeof(head)));
	/* Without a GPT. */
	head[446 + 16 + 4] = 0xef;
	ck_assert(firmware_is_uefi_alone(head, 512));
}
END_TEST

START_TEST(uefi_alone_is_refused)
{
	static const char message[] =
	        "it starts by UEFI alone: it has an EFI system partition, and no boot loader for "
	        "the BIOS that prov starts such disks by";
	AUTO_FREE char *source = fixture_path(&f, "modern.raw");
	AUTO_FREE char *image = fixture_path(&f, "modern.qcow2");
	AUTO_FREE char *command =
	        xasprintf("qemu-img convert -O qcow2 -f raw '%s' '%s'", source, image);
	AUTO_FREE unsigned char *bytes = xcalloc(1, RAW_SIZE);
	struct box box;
	struct err err;

	put_gpt(bytes);
	file_write(source, bytes, RAW_SIZE);
	ck_assert_int_eq(box_add(&f.job, source, NULL, NULL, &box, &err), -1);
	ck_has(err.message, message);
	ck_has(err.hint, "grub-install --target=i386-pc");
	store_is_empty(&f);
	if (system("command -v qemu-img >/dev/null") != 0) {
		skip("qemu-img is not installed");
		return;
	}
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(box_add(&f.job, image, NULL, NULL, &box, &err), -1);
	ck_has(err.message, message);
	store_is_empty(&f);
	/* With a loader for the BIOS as well it is a box. */
	bytes[0] = 0xeb;
	file_write(source, bytes, RAW_SIZE);
	ck_ok(box_add(&f.job, source, NULL, NULL, &box, &err));
	box_clear(&box);
}
END_TEST

START_TEST(no_loader_no_disk)
{
	AUTO_FREE char *path = fixture_path(&f, "zeros.img");
	AUTO_FREE char *bytes = xcalloc(1, RAW_SIZE);
	struct box box;
	struct err err;

	file_write(path, bytes, RAW_SIZE);
	ck_assert_int_eq(box_add(&f.job, path, NULL, NULL, &box, &err), -1);
	ck_has(err.message, "zeros.img': the archive");
	store_is_empty(&f);
}
END_TEST

START_TEST(vagrant)
{
	AUTO_FREE char *path = fixture_path(&f, "generic.box");
	unsigned char h[512];
	struct box box;
	struct err err;

	/* The fixture's contents are text: the image's header has zeros, so it comes raw. */
	AUTO_FREE char *dir = fixture_path(&f, "box");
	ck_ok(fs_mkdirs(dir, 0755, &err));
	AUTO_FREE char *image = xasprintf("%s/box.img", dir);
	AUTO_FREE char *words = xasprintf("%s/metadata.json", dir);
	const char *json = "{\"provider\": \"libvirt\", \"format\": \"qcow2\"}";
	put_qcow2(h);
	file_write(image, h, sizeof(h));
	file_write(words, json, strlen(json));
	AUTO_FREE char *pack =
	        xasprintf("tar -C '%s' -czf '%s' ./metadata.json ./box.img", dir, path);
	ck_assert_int_eq(system(pack), 0);
	ck_ok(box_add(&f.job, path, "generic/alpine", NULL, &box, &err));
	check_box(&box, "generic/alpine", "vagrant");
	box_clear(&box);
}
END_TEST

static const struct {
	const char *json, *image, *message;
} bad_boxes[] = {
        {"{\"provider\": \"virtualbox\"}", "x", "it is a box for Vagrant's provider 'virtualbox'"},
        {"{\"provider\": \"libvirt\"}", NULL, "there is no box.img in it"},
        {"{}", "no disk", "its box.img is neither qcow2 nor a disk that can boot"},
};

START_TEST(bad_vagrant_box)
{
	AUTO_FREE char *path = fixture_path(&f, "bad.box");
	struct box box;
	struct err err;

	tar_write(path,
	        (struct tar_entry[]){
	                {.path = "metadata.json", .type = S_IFREG, .content = bad_boxes[_i].json},
	                {.path = "box.img", .type = S_IFREG, .content = bad_boxes[_i].image}},
	        bad_boxes[_i].image ? 2 : 1);
	ck_assert_int_eq(box_add(&f.job, path, NULL, NULL, &box, &err), -1);
	ck_has(err.message, bad_boxes[_i].message);
	store_is_empty(&f);
}
END_TEST

/* It must not fill the disk first. */
START_TEST(vagrant_bomb)
{
	AUTO_FREE char *path = fixture_path(&f, "bomb.tar.gz");
	struct box box;
	struct err err;

	tar_write(path,
	        (struct tar_entry[]){{.path = "metadata.json", .type = S_IFREG, .content = "{}"},
	                {.path = "box.img", .type = S_IFREG, .content = "0", .size = 96 * 1048576}},
	        2);
	ck_assert_int_eq(box_add(&f.job, path, NULL, NULL, &box, &err), -1);
	ck_has(err.message, "refused: 'box.img' unpacks to so much more than the archive holds");
	store_is_empty(&f);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {qcow2, backing_file_is_refused, raw, uefi_alone,
	        uefi_alone_is_refused, no_loader_no_disk, vagrant, vagrant_bomb};
	Suite *suite = suite_create("add disk");
	TCase *tc = tcase_create("add disk");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, bad_vagrant_box, 0, (int)ARRAY_SIZE(bad_boxes));
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
