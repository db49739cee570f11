/* Boxes from elsewhere: what is right arrives whole, what is wrong leaves nothing. */
#include "base/digest.h"
#include "boxes/layout.h"
#include "boxes/transfer/artefacts.h"
#include "tests/fake/http_server.h"
#include "tests/unit/boxes/box_fixture.h"

#include <sys/utsname.h>
#include <unistd.h>

#define PARTS 8

static struct fixture f;
static char *tar;

/* A box to be exported, member by member, so that a test can spoil one of them. */
struct part {
	const char *name;
	struct str bytes;
};
struct parcel {
	struct part parts[PARTS];
	size_t n;
};

static void begin(void)
{
	fixture_begin(&f);
	tar = fixture_path(&f, "Small-1.0.tar.gz");
	tar_write(tar,
	        (struct tar_entry[]){{.path = "etc", .type = S_IFDIR},
	                {.path = "etc/motd", .type = S_IFREG, .content = "hello"}},
	        2);
}

static void end(void)
{
	free(tar);
	fixture_end(&f);
}

static void add_part(struct parcel *p, const char *name, const void *bytes, size_t n)
{
	p->parts[p->n].name = name;
	str_reset(&p->parts[p->n].bytes);
	str_addn(&p->parts[p->n++].bytes, bytes, n);
}

static char digest_of_tree[DIGEST_HEX_LEN + 1];

/* The manifest of what is in the parcel, as an honest sender writes it. */
static void describe(const struct parcel *p, struct str *out)
{
	struct utsname host;
	struct box box = {0};

	uname(&host);
	str_addf(out,
	        "{\"schema\":1,\"name\":\"toy\",\"version\":\"1\",\"architecture\":\"%s\",\"user\":"
	        "\"root\","
	        "\"created\":7,\"artefacts\":[{\"kind\":\"rootfs\",\"format\":\"tree\",\"sha256\":"
	        "\"%s\",\"size\":5}",
	        host.machine, digest_of_tree);
	for (size_t i = 1; i < p->n; i++) {
		char hex[DIGEST_HEX_LEN + 1];
		const char *kind =
		        str_eq(p->parts[i].name, "disk.qcow2") ? "disk" : p->parts[i].name;
		digest_bytes(p->parts[i].bytes.buf, p->parts[i].bytes.len, hex);
		str_addf(out, ",{\"kind\":\"%s\",\"format\":\"%s\",\"sha256\":\"%s\",\"size\":%zu}",
		        kind, str_eq(kind, "disk") ? "qcow2" : "raw", hex, p->parts[i].bytes.len);
	}
	str_add(out, "]}");
	box_clear(&box);
}

static void pack(const struct parcel *p, const char *manifest, const char *path)
{
	struct archive *a = archive_write_new();

	archive_write_set_format_pax(a);
	ck_assert_int_eq(archive_write_open_filename(a, path), ARCHIVE_OK);
	for (size_t i = 0; i <= p->n; i++) {
		const char *name = i ? p->parts[i - 1].name : "box.json";
		const char *bytes = i ? str_text(&p->parts[i - 1].bytes) : manifest;
		size_t n = i ? p->parts[i - 1].bytes.len : strlen(manifest);
		struct archive_entry *entry = archive_entry_new();
		archive_entry_set_pathname(entry, name);
		archive_entry_set_mode(entry, S_IFREG | 0644);
		archive_entry_set_size(entry, (int64_t)n);
		ck_assert_int_eq(archive_write_header(a, entry), ARCHIVE_OK);
		ck_assert_int_eq(archive_write_data(a, bytes, n), (la_ssize_t)n);
		archive_entry_free(entry);
	}
	ck_assert_int_eq(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
}

static void qcow2_header(unsigned char h[104])
{
	memset(h, 0, 104);
	memcpy(h, "QFI\xfb", 4);
	h[7] = 3;
}

/* rootfs, disk, kernel and initrd. */
static void fill(struct parcel *p)
{
	AUTO_FREE char *rootfs = fixture_path(&f, "rootfs.tar.zst");
	unsigned char disk[104];
	struct box box;
	struct err err;
	AUTO_STR bytes = {0};

	tar_write(rootfs,
	        (struct tar_entry[]){{.path = "etc", .type = S_IFDIR},
	                {.path = "etc/motd", .type = S_IFREG, .content = "hello"}},
	        2);
	ck_ok(box_add(&f.job, rootfs, "probe", NULL, &box, &err));
	memcpy(digest_of_tree, box.artefacts[0].digest, sizeof(digest_of_tree));
	box_clear(&box);
	ck_ok(store_remove(f.home, "probe", &err));
	file_text(rootfs, &bytes);
	add_part(p, "rootfs.tar.zst", bytes.buf, bytes.len);
	qcow2_header(disk);
	add_part(p, "disk.qcow2", disk, sizeof(disk));
	add_part(p, "kernel", "KERNEL", 6);
	add_part(p, "initrd", "INITRD", 6);
}

static void empty(struct parcel *p)
{
	for (size_t i = 0; i < PARTS; i++)
		str_clear(&p->parts[i].bytes);
}

START_TEST(test_bare)
{
	struct box box;
	struct err err;

	ck_ok(box_add(&f.job, tar, NULL, NULL, &box, &err));
	ck_assert_str_eq(box.name, "small-1.0");
	ck_assert_str_eq(box.user, "root");
	ck_assert_uint_eq(box.n_artefacts, 1);
	ck_has(str_text(&f.notes), "sha256 ");
	AUTO_FREE char *tree = layout_artefact(f.home, &box.artefacts[0]);
	AUTO_FREE char *motd = xasprintf("%s/etc/motd", tree);
	ck_assert(fs_exists(motd));
	ck_ok(box_verify(&f.job, "small-1.0", &err));
	box_clear(&box);
	AUTO_FREE char *url = xasprintf("file://%s", tar);
	ck_ok(box_add(&f.job, url, "other/name", NULL, &box, &err));
	ck_assert_str_eq(box.name, "other/name");
	box_clear(&box);
	ck_ok(store_remove(f.home, "small-1.0", &err));
	ck_assert(fs_exists(motd));
	ck_ok(store_remove(f.home, "other/name", &err));
	store_is_empty(&f);
}
END_TEST

START_TEST(test_digest)
{
	static const char wrong[] =
	        "0000000000000000000000000000000000000000000000000000000000000007";
	char right[DIGEST_HEX_LEN + 1];
	struct box box;
	struct err err;

	ck_ok(digest_file(tar, right, &err));
	AUTO_FREE char *message = xasprintf(
	        "'%s': wrong digest: the file has the sha256 %s, wanted is %s", tar, right, wrong);
	ck_fails(box_add(&f.job, tar, NULL, wrong, &box, &err), ERR_FAILED, message);
	ck_fails(box_add(&f.job, tar, NULL, "abc", &box, &err), ERR_USAGE,
	        "'abc' is not a sha256: 64 hexadecimal digits");
	ck_ok(box_add(&f.job, tar, NULL, right, &box, &err));
	ck_lacks(str_text(&f.notes), "sha256 ");
	box_clear(&box);
}
END_TEST

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

START_TEST(test_sources)
{
	AUTO_FREE char *odd = fixture_path(&f, "_ .tar"), *absent = fixture_path(&f, "absent.tar");
	AUTO_FREE char *message = xasprintf("open '%s': No such file or directory", absent);
	AUTO_FREE char *folder = xasprintf("'%s' is not a file", f.dir);
	struct box box;
	struct err err;

	ck_fails(box_add(&f.job, "ftp://x/y.tar", NULL, NULL, &box, &err), ERR_USAGE,
	        "'ftp' is not supported: http, https, file or a path");
	ck_fails(box_add(&f.job, absent, NULL, NULL, &box, &err), ERR_FAILED, message);
	ck_fails(box_add(&f.job, f.dir, NULL, NULL, &box, &err), ERR_FAILED, folder);
	ck_fails(box_add(&f.job, tar, "A/../b", NULL, &box, &err), ERR_USAGE,
	        "'A/../b' is not a box name");
	ck_assert_int_eq(rename(tar, odd), 0);
	ck_assert_int_eq(box_add(&f.job, odd, NULL, NULL, &box, &err), -1);
	ck_has(err.message, "the file's name gives no box name: '_ ' is not a box name");
	ck_assert_str_eq(err.hint, "give one with --name");
	store_is_empty(&f);
}
END_TEST

START_TEST(test_exported)
{
	struct parcel p = {.n = 0};
	AUTO_FREE char *path = fixture_path(&f, "toy.box");
	AUTO_FREE char *out = fixture_path(&f, "out.tar"),
	               *again = fixture_path(&f, "again.tar.zst");
	AUTO_FREE char *message = xasprintf("'%s' exists already", out);
	struct box box, back;
	struct err err;
	AUTO_STR manifest = {0};

	fill(&p);
	describe(&p, &manifest);
	pack(&p, str_text(&manifest), path);
	ck_ok(box_add(&f.job, path, NULL, NULL, &box, &err));
	ck_assert_str_eq(box.name, "toy");
	ck_assert_int_eq(box.created, 7);
	ck_assert_uint_eq(box.n_artefacts, 4);
	ck_assert_str_eq(box_artefact(&box, "rootfs")->digest, digest_of_tree);
	ck_ok(box_export(&f.job, "toy", out, &err));
	ck_fails(box_export(&f.job, "toy", out, &err), ERR_FAILED, message);
	ck_ok(box_export(&f.job, "toy", again, &err));
	const char *const made[] = {out, again};
	for (size_t i = 0; i < 2; i++) {
		ck_ok(store_remove(f.home, "toy", &err));
		ck_ok(box_add(&f.job, made[i], NULL, NULL, &back, &err));
		ck_assert_str_eq(back.digest, box.digest);
		box_clear(&back);
	}
	ck_ok(store_remove(f.home, "toy", &err));
	store_is_empty(&f);
	box_clear(&box);
	empty(&p);
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

/* A wrong digest on the fresh and on the resumed path: nothing stays that a later try would go on
 * with. */
START_TEST(test_url)
{
	static const char wrong[] =
	        "0000000000000000000000000000000000000000000000000000000000000007";
	AUTO_STR bytes = {0};
	AUTO_FREE char *log = fixture_path(&f, "log");
	struct http_server server;
	struct box box;
	struct err err;

	file_text(tar, &bytes);
	const struct http_route routes[] = {
	        {.path = "/Toy-2.tar.gz?x=1", .body = bytes.buf, .n = bytes.len},
	        {.path = "/cut.tar.gz",
	                .body = bytes.buf,
	                .n = bytes.len,
	                .etag = "\"1\"",
	                .ranges = true,
	                .cut = 50},
	};
	ck_ok(http_server_start(&server, routes, 2, log, &err));
	AUTO_FREE char *url = http_server_url(&server, routes[0].path);
	AUTO_FREE char *cut = http_server_url(&server, routes[1].path);
	const char *const both[] = {url, cut};
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(box_add(&f.job, both[i], NULL, wrong, &box, &err), -1);
		ck_has(err.message, "wrong digest: the file has the sha256 ");
		ck_has(err.message, wrong);
		store_is_empty(&f);
	}
	ck_ok(box_add(&f.job, url, NULL, NULL, &box, &err));
	ck_assert_str_eq(box.name, "toy-2");
	box_clear(&box);
	http_server_stop(&server);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {test_bare, test_digest, test_flipped, test_sources,
	        test_exported, test_another_machine, test_url};
	Suite *suite = suite_create("add");
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
