#include "boxes/transfer/fetch.h"

#include "base/digest.h"
#include "base/fs.h"
#include "base/io.h"
#include "boxes/layout.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define REDIRECTS_MAX 5L
#define TRIES         5
#define TAG_MAX       512

struct transfer {
	const struct box_job *job;
	const char *url;
	CURL *curl;
	int fd;
	int64_t have;      /* bytes in the file before this try */
	bool started;      /* the first bytes of the body came, and the answer was looked at */
	char tag[TAG_MAX]; /* validator of the answer: ETag, else Last-Modified */
	char range[64];    /* Content-Range of the answer */
	const char *tag_path;
	struct job_meter meter;
	struct err *err; /* what the write function found */
	bool failed;
};

char *fetch_shown(const char *url)
{
	const char *scheme = strstr(url, "://"), *host = scheme ? scheme + 3 : url;
	const char *at = memchr(host, '@', strcspn(host, "/?#"));

	return at ? xasprintf("%.*s%s", (int)(host - url), url, at + 1) : xstrdup(url);
}

static void keep_value(const char *line, size_t n, const char *name, char *out, size_t max)
{
	size_t k = strlen(name);

	if (n <= k || strncasecmp(line, name, k) != 0)
		return;
	while (k < n && line[k] == ' ')
		k++;
	while (n > k && strchr("\r\n ", line[n - 1]))
		n--;
	if (n - k < max)
		snprintf(out, max, "%.*s", (int)(n - k), line + k);
}

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	char modified[TAG_MAX] = "";

	/* A redirect brings a new set of headers. */
	if (n > 5 && strncmp(line, "HTTP/", 5) == 0)
		t->tag[0] = t->range[0] = '\0';
	/* A weak ETag does not promise equal bytes. */
	keep_value(line, n, "etag:", t->tag, sizeof(t->tag));
	if (str_starts(t->tag, "W/"))
		t->tag[0] = '\0';
	keep_value(line, n, "last-modified:", modified, sizeof(modified));
	if (!t->tag[0])
		snprintf(t->tag, sizeof(t->tag), "%s", modified);
	keep_value(line, n, "content-range:", t->range, sizeof(t->range));
	return size * n;
}

/* Where the body belongs: 206 goes behind what is there, everything else replaces it. */
static int start_body(struct transfer *t, struct err *err)
{
	long status = 0;
	int64_t from = -1;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 206 &&
	        (sscanf(t->range, "bytes %" SCNd64 "-", &from) != 1 || from != t->have))
		return err_set(err, ERR_FAILED, "the server sent another part than asked for: '%s'",
		        t->range);
	if (status != 206) {
		t->have = 0;
		if (ftruncate(t->fd, 0) < 0)
			return err_sys(err, "truncate the download");
	}
	if (lseek(t->fd, t->have, SEEK_SET) < 0)
		return err_sys(err, "seek in the download");
	if (t->tag[0] && fs_replace(t->tag_path, t->tag, strlen(t->tag), 0600, err) < 0)
		return -1;
	t->started = true;
	return t->tag[0] ? 0 : fs_unlink(t->tag_path, err);
}

static size_t on_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	if ((!t->started && start_body(t, t->err) < 0) ||
	        io_write_all(t->fd, bytes, n, t->err) < 0) {
		t->failed = true;
		return 0;
	}
	return size * n;
}

static int on_progress(
        void *ctx, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up)
{
	struct transfer *t = ctx;
	struct err ignored;

	(void)up_total;
	(void)up;
	t->meter.total = total ? t->have + total : 0;
	job_advance(t->job, &t->meter, t->have + now - t->meter.done);
	return job_go_on(t->job, &ignored) < 0; /* 1 ends the transfer */
}

static void set_options(struct transfer *t, char error[CURL_ERROR_SIZE])
{
	bool tls = strncasecmp(t->url, "https:", 6) == 0;
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {{CURLOPT_NOSIGNAL, 1}, {CURLOPT_FAILONERROR, 1}, {CURLOPT_FOLLOWLOCATION, 1},
	        {CURLOPT_MAXREDIRS, REDIRECTS_MAX}, {CURLOPT_SSL_VERIFYPEER, 1},
	        {CURLOPT_SSL_VERIFYHOST, 2}, {CURLOPT_CONNECTTIMEOUT, 30},
	        {CURLOPT_LOW_SPEED_LIMIT, 1}, {CURLOPT_LOW_SPEED_TIME, 60},
	        {CURLOPT_NOPROGRESS, 0}};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		curl_easy_setopt(t->curl, numbers[i].option, numbers[i].value);
	curl_easy_setopt(t->curl, CURLOPT_URL, t->url);
	curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(t->curl, CURLOPT_REDIR_PROTOCOLS_STR, tls ? "https" : "http,https");
	curl_easy_setopt(t->curl, CURLOPT_USERAGENT, "prov/" VERSION);
	curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(t->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(t->curl, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(t->curl, CURLOPT_XFERINFODATA, t);
}

/* Asks for the rest only if the server still has the same file. */
static struct curl_slist *ask_for_rest(struct transfer *t)
{
	AUTO_STR tag = {0};
	struct stat st;

	t->have = fstat(t->fd, &st) == 0 ? st.st_size : 0;
	if (t->have == 0 || fs_read(t->tag_path, TAG_MAX, &tag, NULL) < 0 || tag.len == 0) {
		t->have = 0;
		return NULL;
	}
	AUTO_FREE char *condition = xasprintf("If-Range: %s", str_text(&tag));
	AUTO_FREE char *range = xasprintf("%" PRId64 "-", t->have);
	curl_easy_setopt(t->curl, CURLOPT_RANGE, range);
	return curl_slist_append(NULL, condition);
}

/* One try. Returns curl's verdict; *status is that of HTTP. */
static CURLcode try_once(struct transfer *t, long *status, char error[CURL_ERROR_SIZE])
{
	t->curl = curl_easy_init();
	if (!t->curl)
		return CURLE_FAILED_INIT;
	set_options(t, error);
	struct curl_slist *headers = ask_for_rest(t);
	curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, headers);
	t->started = false;
	t->meter.done = 0;
	CURLcode rc = curl_easy_perform(t->curl);
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, status);
	/* An empty file has no body that would have emptied the old one. */
	if (rc == CURLE_OK && !t->started && *status == 200 && ftruncate(t->fd, 0) < 0)
		rc = CURLE_WRITE_ERROR;
	curl_slist_free_all(headers);
	curl_easy_cleanup(t->curl);
	return rc;
}

static bool is_worth_another(CURLcode rc)
{
	return rc == CURLE_PARTIAL_FILE || rc == CURLE_RECV_ERROR || rc == CURLE_GOT_NOTHING ||
	        rc == CURLE_HTTP2_STREAM || rc == CURLE_OPERATION_TIMEDOUT;
}

static int explain(const struct transfer *t, CURLcode rc, const char *error, struct err *err)
{
	AUTO_FREE char *shown = fetch_shown(t->url);

	if (job_go_on(t->job, err) < 0)
		return -1;
	if (t->failed)
		return err_wrap(err, "download '%s'", shown);
	err_set(err, ERR_FAILED, "download '%s': %s", shown,
	        *error ? error : curl_easy_strerror(rc));
	return is_worth_another(rc)
	        ? err_hint(err, "what arrived is kept: the same command goes on from there")
	        : -1;
}

static int transfer_all(struct transfer *t, struct err *err)
{
	int64_t before = -1;

	for (int i = 0;; i++) {
		char error[CURL_ERROR_SIZE] = "";
		struct stat st;
		long status = 0;
		CURLcode rc = try_once(t, &status, error);
		if (rc == CURLE_OK)
			return 0;
		/* 416: the file behind the URL is shorter than what is here, so it is another one.
		 */
		bool restart = status == 416 && t->have > 0;
		if (restart && ftruncate(t->fd, 0) < 0)
			return err_sys(err, "truncate the download");
		bool grew = fstat(t->fd, &st) == 0 && st.st_size > before;
		before = st.st_size;
		if (i + 1 == TRIES || t->failed || (t->job->stop && *t->job->stop) ||
		        !(restart || (is_worth_another(rc) && grew)))
			return explain(t, rc, error, err);
	}
}

static int open_partial(
        const struct box_job *job, const char *url, struct fetched *f, struct err *err)
{
	char key[DIGEST_HEX_LEN + 1];

	digest_bytes(url, strlen(url), key);
	f->path = xasprintf("%s/store/partial/%s", job->home, key);
	f->tag = xasprintf("%s.tag", f->path);
	f->lock = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (f->lock < 0)
		return err_sys(err, "open '%s'", f->path);
	if (flock(f->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return err_sys(err, "lock '%s'", f->path);
	AUTO_FREE char *shown = fetch_shown(url);
	return err_set(err, ERR_BUSY, "another prov is downloading '%s'", shown);
}

int fetch_url(const struct box_job *job, const char *url, struct fetched *out, struct err *err)
{
	struct fetched f = {.lock = -1};

	if (layout_make(job->home, err) < 0)
		return -1;
	if (open_partial(job, url, &f, err) < 0) {
		fetch_close(&f);
		return -1;
	}
	struct transfer t = {.job = job,
	        .url = url,
	        .fd = f.lock,
	        .tag_path = f.tag,
	        .err = err,
	        .meter = {.what = "download"}};
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || transfer_all(&t, err) < 0) {
		/* Another try goes on only behind bytes whose file can be recognised. */
		struct stat st;
		if (fstat(f.lock, &st) == 0 && (st.st_size == 0 || !fs_exists(f.tag)))
			fetch_discard(&f);
		else
			fetch_close(&f);
		return -1;
	}
	*out = f;
	return 0;
}

void fetch_discard(struct fetched *f)
{
	if (f->path) {
		unlink(f->path);
		unlink(f->tag);
	}
	fetch_close(f);
}

void fetch_close(struct fetched *f)
{
	util_close_fd(&f->lock);
	free(f->path);
	free(f->tag);
	*f = (struct fetched){.lock = -1};
}
