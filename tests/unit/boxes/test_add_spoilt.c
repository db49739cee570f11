/* Boxes as files that are not as their manifest says, or that hold what no box may: nothing of them
 * stays. */
#include "tests/unit/boxes/parcel.h"

#include <sys/utsname.h>

/* Each bit of gzip's data and of its sums counts; what is before them says nothing of the content.
 */
START_TEST(test_flipped)
{
	static const struct tar_entry entries[] = {{.path = "etc", .type = S_IFDIR},
	        {.path = "etc/motd", .type = S_IFREG, .content = "hello, this is text"}};
	AUTO_FREE char *gz = fixture_path(&f, "flip.tar.gz"), *bad = fixture_path(&f, "bad.tar.gz");
	AUTO_STR bytes = {0};
	struct box box;
	struct err err;
	size_t by_sum = 0;

	tar_write(gz, entries, ARRAY_SIZE(entries));
	file_text(gz, &bytes);
	ck_ok(box_add(&f.job, gz, NULL, NULL, &box, &err));
	AUTO_FREE char *digest = xstrdup(box_artefact(&box, "rootfs")->digest);
	box_clear(&box);
	ck_ok(store_remove(f.home, "flip", &err));
	size_t content = bytes.len;
	while (content && !bytes.buf[content - 1]) /* padding */
		content--;
	ck_assert_uint_gt(content, 60);
	for (size_t i = 10; i < content; i += 3) {
		bytes.buf[i] ^= 0x10;
		file_write(bad, bytes.buf, bytes.len);
		bytes.buf[i] ^= 0x10;
		if (box_add(&f.job, bad, NULL, NULL, &box, &err) == 0) {
			/* Another way to write the same bytes. */
			ck_assert_str_eq(box_artefact(&box, "rootfs")->digest, digest);
			box_clear(&box);
			ck_ok(store_remove(f.home, "bad", &err));
			continue;
		}
		by_sum += strstr(err.message, "cannot be read: gzip's check sum") != NULL;
	}
	ck_assert_uint_gt(by_sum, 0);
	store_is_empty(&f);
}
END_TEST

static void spoil_kernel(struct parcel *p)
{
	p->parts[2].bytes.buf[0] ^= 1;
}

static void shorten_kernel(struct parcel *p)
{
	p->parts[2].bytes.len = 3;
}

static void lengthen_kernel(struct parcel *p)
{
	str_add(&p->parts[2].bytes, "more");
}

static void drop_initrd(struct parcel *p)
{
	p->n--;
}

static void add_stranger(struct parcel *p)
{
	add_part(p, "../../evil", "x", 1);
}

static void kernel_twice(struct parcel *p)
{
	add_part(p, "kernel", "KERNEL", 6);
}

static void another_tree(struct parcel *p)
{
	AUTO_FREE char *path = fixture_path(&f, "else.tar.zst");
	AUTO_STR bytes = {0};

	tar_write(path, (struct tar_entry[]){{.path = "x", .type = S_IFREG, .content = "x"}}, 1);
	file_text(path, &bytes);
	str_reset(&p->parts[0].bytes);
	str_addn(&p->parts[0].bytes, bytes.buf, bytes.len);
}

static void cut_tree(struct parcel *p)
{
	p->parts[0].bytes.len /= 2;
}

static void evil_tree(struct parcel *p)
{
	AUTO_FREE char *path = fixture_path(&f, "evil.tar.zst");
	AUTO_STR bytes = {0};

	tar_write(path, (struct tar_entry[]){{.path = "../x", .type = S_IFREG, .content = "x"}}, 1);
	file_text(path, &bytes);
	str_reset(&p->parts[0].bytes);
	str_addn(&p->parts[0].bytes, bytes.buf, bytes.len);
}

static const struct {
	void (*spoil)(struct parcel *p);
	const char *part;
} spoilt[] = {
        {spoil_kernel, "the kernel has the sha256 "},
        {shorten_kernel, "the kernel: it has 3 bytes, but its manifest says 6"},
        {lengthen_kernel, "the kernel: it is larger than the 6 bytes of its manifest"},
        {drop_initrd, "the initrd is missing from the box"},
        {add_stranger, "'../../evil' is not what the box's manifest lists"},
        {kernel_twice, "'kernel' is in the box twice"},
        {another_tree, "the rootfs has the digest "},
        {cut_tree, "the archive cannot be read: "},
        {evil_tree, "refused: '../x' is a path to the outside"},
};

START_TEST(test_spoilt)
{
	struct parcel p = {.n = 0};
	AUTO_FREE char *path = fixture_path(&f, "toy.box");
	AUTO_STR manifest = {0};
	struct box box;
	struct err err = {0};

	fill(&p);
	describe(&p, &manifest);
	spoilt[_i].spoil(&p);
	pack(&p, str_text(&manifest), path);
	ck_assert_int_eq(box_add(&f.job, path, NULL, NULL, &box, &err), -1);
	ck_has(err.message, spoilt[_i].part);
	ck_has(err.message, "toy.box': ");
	store_is_empty(&f);
	empty(&p);
}
END_TEST

START_TEST(test_another_machine)
{
	struct parcel p = {.n = 0};
	AUTO_FREE char *path = fixture_path(&f, "toy.box");
	static const char manifest[] =
	        "{\"schema\":1,\"name\":\"toy\",\"version\":\"1\",\"architecture\":\"pdp11\","
	        "\"user\":\"root\","
	        "\"artefacts\":[{\"kind\":\"rootfs\",\"format\":\"tree\",\"size\":1,\"sha256\":"
	        "\"0000000000000000000000000000000000000000000000000000000000000007\"}]}";
	struct box box;
	struct err err;

	pack(&p, manifest, path);
	ck_assert_int_eq(box_add(&f.job, path, NULL, NULL, &box, &err), -1);
	ck_has(err.message, "the box is for pdp11, this machine is ");
	store_is_empty(&f);
}
END_TEST

/* A disk from elsewhere must not make QEMU read files of the host. */
static const struct {
	size_t at;
	unsigned char value;
	const char *message;
} bad_disks[] = {
        {0, 'X', "refused: the disk is not a qcow2 image"},
        {7, 9, "refused: the disk is not a qcow2 image"},
        {15, 112, "refused: the disk has a backing file"},
        {79, 4, "refused: the disk has external data, is damaged or too new"},
        {79, 2, "refused: the disk has external data, is damaged or too new"},
};

START_TEST(test_disks)
{
	AUTO_FREE char *path = fixture_path(&f, "disk");
	unsigned char h[104];
	struct err err;

	qcow2_header(h);
	file_write(path, h, sizeof(h));
	ck_ok(qcow2_check(path, &err));
	h[bad_disks[_i].at] = bad_disks[_i].value;
	file_write(path, h, sizeof(h));
	ck_fails(qcow2_check(path, &err), ERR_FAILED, bad_disks[_i].message);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {test_flipped, test_another_machine};
	Suite *suite = suite_create("add_spoilt");
	TCase *tc = tcase_create("add");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, test_spoilt, 0, (int)ARRAY_SIZE(spoilt));
	tcase_add_loop_test(tc, test_disks, 0, (int)ARRAY_SIZE(bad_disks));
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
