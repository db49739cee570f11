#include "tests/fake/http_server.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUTES_MAX 16

struct service {
	const struct http_route *routes;
	size_t n;
	bool was_cut[ROUTES_MAX];
	int log;
};

/* A header's value up to its line's end, or "". */
static void header(const char *request, const char *name, char *out, size_t max)
{
	const char *at = strcasestr(request, name);

	out[0] = '\0';
	if (at) {
		at += strlen(name);
		snprintf(out, max, "%.*s", (int)strcspn(at, "\r\n"), at);
	}
}

static bool read_request(int fd, char *buf, size_t size)
{
	size_t n = 0;

	while (n + 1 < size) {
		ssize_t k = read(fd, buf + n, size - 1 - n);
		if (k <= 0)
			return false;
		n += (size_t)k;
		buf[n] = '\0';
		if (strstr(buf, "\r\n\r\n"))
			return true;
	}
	return false;
}

static void send_all(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t k = send(fd, bytes, n, MSG_NOSIGNAL);
		if (k <= 0)
			return;
		bytes += k;
		n -= (size_t)k;
	}
}

static void answer(struct service *s, int fd, const char *request, size_t route)
{
	const struct http_route *r = &s->routes[route];
	char range[64], condition[128];
	AUTO_STR head = {0};
	size_t from = 0;

	header(request, "\r\nRange: bytes=", range, sizeof(range));
	header(request, "\r\nIf-Range: ", condition, sizeof(condition));
	dprintf(s->log, "GET %s range=%s if-range=%s\n", r->path, range, condition);
	bool part = range[0] && r->ranges && (!condition[0] || str_eq(condition, r->etag));
	if (part)
		from = strtoul(range, NULL, 10) + r->lie;
	if (part && from >= r->n) {
		str_addf(&head,
		        "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */%zu\r\n",
		        r->n);
		from = r->n;
	} else {
		str_addf(&head, "HTTP/1.1 %d X\r\n",
		        part                  ? 206
		                : r->location ? 302
		                : r->status   ? r->status
		                              : 200);
	}
	if (part && from < r->n)
		str_addf(&head, "Content-Range: bytes %zu-%zu/%zu\r\n", from, r->n - 1, r->n);
	if (r->etag)
		str_addf(&head, "ETag: %s\r\n", r->etag);
	if (r->location)
		str_addf(&head, "Location: %s\r\n", r->location);
	str_addf(&head, "Content-Length: %zu\r\nConnection: close\r\n\r\n", r->n - from);
	send_all(fd, head.buf, head.len);
	size_t n = r->n - from;
	if (r->cut && n > r->cut && (r->cut_always || !s->was_cut[route])) {
		n = r->cut;
		s->was_cut[route] = true;
	}
	if (n)
		send_all(fd, (const char *)r->body + from, n);
}

static void serve(struct service *s, int listening)
{
	char request[8192], path[256];

	for (;;) {
		AUTO_FD int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
		size_t i = 0;
		if (fd < 0 || !read_request(fd, request, sizeof(request)) ||
		        sscanf(request, "GET %255s", path) != 1)
			continue;
		while (i < s->n && !str_eq(s->routes[i].path, path))
			i++;
		if (i < s->n)
			answer(s, fd, request, i);
		else
			send_all(fd,
			        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: "
			        "close\r\n\r\n",
			        69);
		shutdown(fd, SHUT_WR);
		/* Until the other side is done: closing early would throw away what it has not
		 * read. */
		while (read(fd, request, sizeof(request)) > 0)
			;
	}
}

int http_server_start(struct http_server *s, const struct http_route *routes, size_t n,
        const char *log, struct err *err)
{
	struct sockaddr_in addr = {
	        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	AUTO_FD int log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (n > ROUTES_MAX)
		return err_set(err, ERR_FAILED, "at most %d routes", ROUTES_MAX);
	if (fd < 0 || log_fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	        listen(fd, 8) < 0 || getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		return err_sys(err, "listen on 127.0.0.1");
	s->port = ntohs(addr.sin_port);
	s->log = xstrdup(log);
	s->pid = fork();
	if (s->pid < 0)
		return err_sys(err, "fork");
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(&(struct service){.routes = routes, .n = n, .log = log_fd}, fd);
	}
	return 0;
}

void http_server_stop(struct http_server *s)
{
	if (s->pid > 0) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	free(s->log);
	*s = (struct http_server){0};
}

char *http_server_url(const struct http_server *s, const char *path)
{
	return xasprintf("http://127.0.0.1:%d%s", s->port, path);
}
