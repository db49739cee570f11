/*
 * A web server for tests, in a child of the test on a free port of 127.0.0.1: serves bytes, honours
 * Range and If-Range where it is told to, breaks off, redirects, and writes down what it was asked.
 */
#pragma once

#include "base/err.h"

#include <sys/types.h>

struct http_route {
	const char *path;
	const void *body;
	size_t n;
	const char *etag;     /* NULL: none */
	const char *location; /* redirects (302) */
	int status;           /* 0: 200 */
	bool ranges;          /* answers Range with 206 */
	size_t cut;           /* the first answer breaks off after so many bytes; 0: never */
	bool cut_always;      /* every answer does */
	size_t lie; /* a 206 begins so many bytes later than it was asked to, and says so */
};

struct http_server {
	pid_t pid;
	int port;
	char *log; /* file: a line a request, "GET /path range=… if-range=…" */
};

/* Routes are copied with the fork. log: a file to be made. */
MUST_CHECK int http_server_start(struct http_server *s, const struct http_route *routes, size_t n,
        const char *log, struct err *err);
void http_server_stop(struct http_server *s);
/* "http://127.0.0.1:PORT" + path. The caller frees. */
char *http_server_url(const struct http_server *s, const char *path);
