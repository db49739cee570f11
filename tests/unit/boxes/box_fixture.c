#include "tests/unit/boxes/box_fixture.h"

#include <stdio.h>
#include <unistd.h>

static void remember(struct event_sink *sink, const struct event *event)
{
	struct fixture *f = (struct fixture *)((char *)sink - offsetof(struct fixture, sink));

	if (event->kind == EVENT_NOTE)
		str_addf(&f->notes, "%s\n", event->text);
	if (event->kind == EVENT_STEP_END)
		str_addf(&f->notes, "%s %s\n", event->step, event->text);
	if (event->kind == EVENT_OUTPUT)
		str_addn(&f->notes, event->text, event->text_n);
}

void fixture_begin(struct fixture *f)
{
	*f = (struct fixture){.dir = tmp_begin(), .sink = {.emit = remember}};
	f->home = fixture_path(f, "home");
	f->job = (struct box_job){.home = f->home, .sink = &f->sink, .stop = &f->stop};
}

void fixture_end(struct fixture *f)
{
	str_clear(&f->notes);
	free(f->home);
	tmp_end(f->dir);
}

char *fixture_path(const struct fixture *f, const char *name)
{
	return xasprintf("%s/%s", f->dir, name);
}

static struct archive_entry *entry_of(const struct tar_entry *e)
{
	struct archive_entry *entry = archive_entry_new();
	mode_t mode = e->mode ? e->mode : e->type == S_IFDIR ? 0755 : 0644;
	int64_t size = e->size                     ? e->size
	        : e->type == S_IFREG && e->content ? (int64_t)strlen(e->content)
	                                           : 0;

	archive_entry_set_pathname(entry, e->path);
	archive_entry_set_filetype(entry, e->type);
	archive_entry_set_perm(entry, mode);
	archive_entry_set_uid(entry, getuid());
	archive_entry_set_gid(entry, getgid());
	archive_entry_set_mtime(entry, 1000000000, 0);
	archive_entry_set_size(entry, e->hard ? 0 : size);
	if (e->type == S_IFLNK)
		archive_entry_set_symlink(entry, e->content);
	if (e->type == S_IFCHR)
		archive_entry_set_rdev(entry, 259);
	if (e->hard)
		archive_entry_set_hardlink(entry, e->hard);
	if (e->xattr)
		archive_entry_xattr_add_entry(entry, e->xattr, "v", 1);
	if (e->size && !e->content)
		archive_entry_sparse_add_entry(entry, e->size - 1, 1);
	return entry;
}

static void write_entry(struct archive *a, const struct tar_entry *e)
{
	struct archive_entry *entry = entry_of(e);

	ck_assert_msg(
	        archive_write_header(a, entry) >= ARCHIVE_WARN, "%s", archive_error_string(a));
	if (e->type == S_IFREG && !e->hard) {
		static const char zeros[65536];
		size_t n = e->content ? strlen(e->content) : 0;
		if (n)
			ck_assert_int_eq(archive_write_data(a, e->content, n), (la_ssize_t)n);
		for (int64_t left = e->size - (int64_t)n; left > 0; left -= (int64_t)sizeof(zeros))
			archive_write_data(a, zeros,
			        left < (int64_t)sizeof(zeros) ? (size_t)left : sizeof(zeros));
	}
	archive_entry_free(entry);
}

void tar_write(const char *path, const struct tar_entry *entries, size_t n)
{
	struct archive *a = archive_write_new();

	archive_write_set_format_pax(a);
	if (str_ends(path, ".gz"))
		archive_write_add_filter_gzip(a);
	if (str_ends(path, ".zst"))
		archive_write_add_filter_zstd(a);
	ck_assert_int_eq(archive_write_open_filename(a, path), ARCHIVE_OK);
	for (size_t i = 0; i < n; i++)
		write_entry(a, &entries[i]);
	ck_assert_int_eq(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
}

void file_text(const char *path, struct str *out)
{
	struct err err;

	ck_ok(fs_read(path, 64 * 1048576, out, &err));
}

void file_write(const char *path, const void *bytes, size_t n)
{
	struct err err;

	ck_ok(fs_replace(path, bytes, n, 0600, &err));
}

void store_is_empty(const struct fixture *f)
{
	static const char *const folders[] = {
	        "boxes", "store/blobs", "store/trees", "store/partial"};
	AUTO_FREE char *store = xasprintf("%s/store", f->home);
	AUTO_STRV top = {0};
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", f->home, folders[i]);
		AUTO_STRV found = {0};
		ck_ok(fs_list(path, &found, &err));
		ck_assert_msg(found.n == 0, "'%s' is left in %s", found.v[0], folders[i]);
	}
	ck_ok(fs_list(store, &top, &err));
	for (size_t i = 0; i < top.n; i++)
		ck_assert_msg(!str_starts(top.v[i], "tmp-"), "'%s' is left", top.v[i]);
}

void skip(const char *why)
{
	printf("SKIP %s\n", why);
	fflush(stdout);
	ck_assert_msg(!getenv("PROV_TEST_MUST_RUN"), "must run, but %s", why);
}
