/* A whole box as a file, and what it is made of, for the suites that add one. */
#pragma once

#include "base/digest.h"
#include "boxes/layout.h"
#include "boxes/transfer/artefacts.h"
#include "tests/fake/http_server.h"
#include "tests/unit/boxes/box_fixture.h"

#include <sys/utsname.h>

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

static inline void begin(void)
{
	fixture_begin(&f);
	tar = fixture_path(&f, "Small-1.0.tar.gz");
	tar_write(tar,
	        (struct tar_entry[]){{.path = "etc", .type = S_IFDIR},
	                {.path = "etc/motd", .type = S_IFREG, .content = "hello"}},
	        2);
}

static inline void end(void)
{
	free(tar);
	fixture_end(&f);
}

static inline void add_part(struct parcel *p, const char *name, const void *bytes, size_t n)
{
	p->parts[p->n].name = name;
	str_reset(&p->parts[p->n].bytes);
	str_addn(&p->parts[p->n++].bytes, bytes, n);
}

static char digest_of_tree[DIGEST_HEX_LEN + 1];

/* The manifest of what is in the parcel, as an honest sender writes it. */
static inline void describe(const struct parcel *p, struct str *out)
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

static inline void pack(const struct parcel *p, const char *manifest, const char *path)
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

static inline void qcow2_header(unsigned char h[104])
{
	memset(h, 0, 104);
	memcpy(h, "QFI\xfb", 4);
	h[7] = 3;
}

/* rootfs, disk, kernel and initrd. */
static inline void fill(struct parcel *p)
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

static inline void empty(struct parcel *p)
{
	for (size_t i = 0; i < PARTS; i++)
		str_clear(&p->parts[i].bytes);
}
