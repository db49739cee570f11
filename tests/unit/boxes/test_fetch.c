/* Downloads that break off, change, lie and loop. */
#include "base/digest.h"
#include "boxes/layout.h"
#include "boxes/transfer/fetch.h"
#include "tests/fake/http_server.h"
#include "tests/unit/boxes/box_fixture.h"

#include <sys/file.h>
#include <fcntl.h>
#include <unistd.h>

#define SIZE 300000

static struct fixture f;
static char body[SIZE], other[SIZE];
static struct http_server server;
static char *log_path;

static void begin(void)
{
	fixture_begin(&f);
	log_path = fixture_path(&f, "log");
	for (size_t i = 0; i < SIZE; i++) {
		body[i] = (char)(i * 7 + i / 251);
		other[i] = (char)(i * 11 + i / 241);
	}
}

static void end(void)
{
	http_server_stop(&server);
	free(log_path);
	fixture_end(&f);
}

static char *serve(const struct http_route *routes, size_t n)
{
	struct err err;

	ck_ok(http_server_start(&server, routes, n, log_path, &err));
	return http_server_url(&server, routes[0].path);
}

/* What curl gave up on at the first break, in one process, kept for the next. */
static void fetch_is(const char *url, const char *want)
{
	struct fetched got;
	AUTO_STR text = {0};
	struct err err;

	ck_ok(fetch_url(&f.job, url, &got, &err));
	file_text(got.path, &text);
	ck_assert_uint_eq(text.len, SIZE);
	ck_assert_int_eq(memcmp(text.buf, want, SIZE), 0);
	fetch_discard(&got);
	ck_ok(layout_make(f.home, &err));
	store_is_empty(&f);
}

/* Leaves the first n bytes of from as an interrupted download of url would. */
static void leave_partial(const char *url, const char *from, size_t n, const char *tag)
{
	char key[DIGEST_HEX_LEN + 1];
	struct err err;

	ck_ok(layout_make(f.home, &err));
	digest_bytes(url, strlen(url), key);
	AUTO_FREE char *path = xasprintf("%s/store/partial/%s", f.home, key);
	AUTO_FREE char *tag_path = xasprintf("%s.tag", path);
	file_write(path, from, n);
	if (tag)
		file_write(tag_path, tag, strlen(tag));
}

static void log_is(const char *want)
{
	AUTO_STR text = {0};

	file_text(log_path, &text);
	ck_assert_str_eq(str_text(&text), want);
}

START_TEST(test_whole)
{
	const struct http_route routes[] = {{.path = "/b", .body = body, .n = SIZE}};
	AUTO_FREE char *url = serve(routes, 1);

	fetch_is(url, body);
	log_is("GET /b range= if-range=\n");
}
END_TEST

START_TEST(test_goes_on_after_a_break)
{
	const struct http_route routes[] = {{.path = "/b",
	        .body = body,
	        .n = SIZE,
	        .etag = "\"1\"",
	        .ranges = true,
	        .cut = 100000}};
	AUTO_FREE char *url = serve(routes, 1);

	fetch_is(url, body);
	log_is("GET /b range= if-range=\nGET /b range=100000- if-range=\"1\"\n");
}
END_TEST

START_TEST(test_goes_on_in_another_run)
{
	const struct http_route routes[] = {
	        {.path = "/b", .body = body, .n = SIZE, .etag = "\"1\"", .ranges = true}};
	AUTO_FREE char *url = serve(routes, 1);

	leave_partial(url, body, 1234, "\"1\"");
	fetch_is(url, body);
	log_is("GET /b range=1234- if-range=\"1\"\n");
}
END_TEST

/* The server has another file by now: nothing of the old one may stay. */
START_TEST(test_changed_meanwhile)
{
	const struct http_route routes[] = {
	        {.path = "/b", .body = body, .n = SIZE, .etag = "\"2\"", .ranges = true}};
	AUTO_FREE char *url = serve(routes, 1);

	leave_partial(url, other, 5000, "\"1\"");
	fetch_is(url, body);
	log_is("GET /b range=5000- if-range=\"1\"\n");
}
END_TEST

/* Without a validator nobody knows whether the rest belongs to it. */
START_TEST(test_no_validator)
{
	const struct http_route routes[] = {
	        {.path = "/b", .body = body, .n = SIZE, .ranges = true}};
	AUTO_FREE char *url = serve(routes, 1);

	leave_partial(url, other, 5000, NULL);
	fetch_is(url, body);
	log_is("GET /b range= if-range=\n");
}
END_TEST

START_TEST(test_no_ranges)
{
	const struct http_route routes[] = {
	        {.path = "/b", .body = body, .n = SIZE, .etag = "\"1\"", .cut = 70000}};
	AUTO_FREE char *url = serve(routes, 1);

	fetch_is(url, body);
}
END_TEST

START_TEST(test_longer_than_the_file)
{
	const struct http_route routes[] = {
	        {.path = "/b", .body = body, .n = SIZE, .etag = "\"1\"", .ranges = true}};
	AUTO_FREE char *url = serve(routes, 1);
	AUTO_FREE char *longer = xmalloc(SIZE + 10);

	memset(longer, 'x', SIZE + 10);
	leave_partial(url, longer, SIZE + 10, "\"1\"");
	fetch_is(url, body);
}
END_TEST

START_TEST(test_lying_range)
{
	const struct http_route routes[] = {{.path = "/b",
	        .body = body,
	        .n = SIZE,
	        .etag = "\"1\"",
	        .ranges = true,
	        .lie = 10}};
	AUTO_FREE char *url = serve(routes, 1);
	AUTO_FREE char *message = xasprintf("download '%s': the server sent another part than "
	                                    "asked for: 'bytes 1010-299999/300000'",
	        url);
	struct fetched got;
	struct err err;

	leave_partial(url, body, 1000, "\"1\"");
	ck_fails(fetch_url(&f.job, url, &got, &err), ERR_FAILED, message);
}
END_TEST

START_TEST(test_breaks_off_always)
{
	const struct http_route routes[] = {
	        {.path = "/b", .body = body, .n = SIZE, .cut = 1000, .cut_always = true}};
	AUTO_FREE char *url = serve(routes, 1);
	struct fetched got;
	struct err err;

	ck_assert_int_eq(fetch_url(&f.job, url, &got, &err), -1);
	ck_has(err.message, "download 'http://127.0.0.1:");
	ck_has(err.message, "bytes remaining to read");
	ck_has(err.hint, "goes on from there");
}
END_TEST

START_TEST(test_refused)
{
	const struct http_route routes[] = {{.path = "/b", .body = body, .n = SIZE}};
	AUTO_FREE char *url = serve(routes, 1);
	struct fetched got;
	struct err err;

	http_server_stop(&server);
	ck_assert_int_eq(fetch_url(&f.job, url, &got, &err), -1);
	ck_has(err.message, "download 'http://127.0.0.1:");
	store_is_empty(&f);
}
END_TEST

START_TEST(test_not_found)
{
	const struct http_route routes[] = {{.path = "/b", .status = 404}};
	AUTO_FREE char *url = serve(routes, 1);
	AUTO_FREE char *message =
	        xasprintf("download '%s': The requested URL returned error: 404", url);
	struct fetched got;
	struct err err;

	ck_fails(fetch_url(&f.job, url, &got, &err), ERR_FAILED, message);
	ck_assert_str_eq(err.hint, "");
	store_is_empty(&f);
}
END_TEST

START_TEST(test_redirects)
{
	const struct http_route routes[] = {
	        {.path = "/a", .location = "/b"}, {.path = "/b", .body = body, .n = SIZE}};
	AUTO_FREE char *url = serve(routes, 2);

	fetch_is(url, body);
}
END_TEST

START_TEST(test_redirected_for_ever)
{
	const struct http_route routes[] = {{.path = "/a", .location = "/a"}};
	AUTO_FREE char *url = serve(routes, 1);
	AUTO_FREE char *message = xasprintf("download '%s': Maximum (5) redirects followed", url);
	struct fetched got;
	struct err err;

	ck_fails(fetch_url(&f.job, url, &got, &err), ERR_FAILED, message);
}
END_TEST

/* A server cannot make prov read the host's own files. */
START_TEST(test_redirected_to_a_file)
{
	const struct http_route routes[] = {{.path = "/a", .location = "file:///etc/passwd"}};
	AUTO_FREE char *url = serve(routes, 1);
	struct fetched got;
	struct err err;

	ck_assert_int_eq(fetch_url(&f.job, url, &got, &err), -1);
	ck_has(err.message, "Protocol \"file\" not supported or disabled");
}
END_TEST

START_TEST(test_two_at_once)
{
	const struct http_route routes[] = {{.path = "/b", .body = body, .n = SIZE}};
	AUTO_FREE char *url = serve(routes, 1);
	AUTO_FREE char *message = xasprintf("another prov is downloading '%s'", url);
	struct fetched first, second;
	struct err err;

	ck_ok(fetch_url(&f.job, url, &first, &err));
	ck_fails(fetch_url(&f.job, url, &second, &err), ERR_BUSY, message);
	fetch_discard(&first);
}
END_TEST

START_TEST(test_interrupted)
{
	const struct http_route routes[] = {{.path = "/b", .body = body, .n = SIZE}};
	AUTO_FREE char *url = serve(routes, 1);
	struct fetched got;
	struct err err;

	f.stop = 1;
	ck_fails(fetch_url(&f.job, url, &got, &err), ERR_INTERRUPTED, "interrupted");
}
END_TEST

START_TEST(test_password_is_not_shown)
{
	AUTO_FREE char *shown = fetch_shown("https://me:secret@host/a@b");
	AUTO_FREE char *plain = fetch_shown("https://host/a@b");

	ck_assert_str_eq(shown, "https://host/a@b");
	ck_assert_str_eq(plain, "https://host/a@b");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {test_whole, test_goes_on_after_a_break,
	        test_goes_on_in_another_run, test_changed_meanwhile, test_no_validator,
	        test_no_ranges, test_longer_than_the_file, test_lying_range, test_breaks_off_always,
	        test_not_found, test_refused, test_redirects, test_redirected_for_ever,
	        test_redirected_to_a_file, test_two_at_once, test_interrupted,
	        test_password_is_not_shown};

	return suite_run("fetch", tests, ARRAY_SIZE(tests), begin, end);
}
