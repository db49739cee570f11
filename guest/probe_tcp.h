/*
 * Probes of the network, and the server that they talk to. A connection begins with one byte that
 * says what it is for. The server is bound to one address, serves one client after the other and
 * ends by itself when nobody has come for a while, so that none is left behind.
 */
#pragma once

#include "guest/probe_measure.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#define TCP_ECHO 'E' /* each byte comes back */
#define TCP_SINK \
	'S' /* all is read; then the number of bytes comes back, 8 bytes, little end first */
#define TCP_QUIT 'Q' /* the server ends */

#define TCP_WAIT_S 10 /* for the other end */
#define TCP_CHUNK  65536
#define TCP_BLOCK  262144

static bool tcp_address(const char *host, int port, struct sockaddr_in *to)
{
	*to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	return inet_pton(AF_INET, host, &to->sin_addr) == 1;
}

/* Neither end waits for ever for the other, and small messages are sent at once. */
static void tcp_options(int fd)
{
	struct timeval wait = {.tv_sec = TCP_WAIT_S};
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* --- server --- */

static void serve_echo(int fd, char *buf)
{
	ssize_t n;

	while ((n = read(fd, buf, TCP_CHUNK)) > 0)
		if (write(fd, buf, (size_t)n) != n)
			return;
}

static void serve_sink(int fd, char *buf)
{
	uint64_t total = 0;
	uint8_t answer[8];
	ssize_t n;

	while ((n = read(fd, buf, TCP_CHUNK)) > 0)
		total += (uint64_t)n;
	for (int i = 0; i < 8; i++)
		answer[i] = (uint8_t)(total >> 8 * i);
	if (write(fd, answer, sizeof(answer)) < 0)
		return; /* the client went: its business */
}

/* False: the server is to end. */
static bool serve_client(int fd)
{
	static char buf[TCP_CHUNK];
	char what = 0;

	tcp_options(fd);
	if (read(fd, &what, 1) != 1)
		return true;
	if (what == TCP_ECHO)
		serve_echo(fd, buf);
	else if (what == TCP_SINK)
		serve_sink(fd, buf);
	return what != TCP_QUIT;
}

static void __attribute__((noreturn)) serve_clients(int listener, int idle_s)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};
	bool more = true;

	signal(SIGPIPE, SIG_IGN);
	while (more && poll(&p, 1, idle_s * 1000) > 0) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			break;
		more = serve_client(fd);
		close(fd);
	}
	_exit(0);
}

/* Prints "SERVE PORT" once it listens, and goes on in the background. */
static int tcp_serve(const char *host, int port, int idle_s)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (!tcp_address(host, port, &at)) {
		errno = EINVAL;
		return failed("serve", "'%s' is no IPv4 address", host);
	}
	if (fd < 0)
		return failed("serve", "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 16) < 0 ||
	        getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		return failed("serve", "%s:%d", host, port);
	printf("SERVE %d\n", ntohs(at.sin_port));
	fflush(stdout);
	pid_t child = fork();
	if (child < 0)
		return failed("serve", "fork");
	if (child > 0)
		return 0;
	/* Whoever waits for the end of the output must not wait for the server. */
	int null = open("/dev/null", O_RDWR);
	for (int i = 0; i < 3; i++)
		if (null < 0 || dup2(null, i) < 0)
			close(i);
	setsid();
	serve_clients(fd, idle_s);
}

/* --- client --- */

/* A connection for this purpose; -1: errno says why. */
static int tcp_open(const struct probe_env *env, char what)
{
	struct sockaddr_in to;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	tcp_options(fd); /* SO_SNDTIMEO bounds connect too */
	if (!tcp_address(env->host, env->port, &to))
		errno = EINVAL;
	else if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 && write(fd, &what, 1) == 1)
		return fd;
	int why = errno == EINPROGRESS ? ETIMEDOUT : errno;
	close(fd);
	errno = why;
	return -1;
}

static int tcp_quit(const struct probe_env *env)
{
	int fd = tcp_open(env, TCP_QUIT);

	if (fd < 0)
		return failed("quit", "%s:%d", env->host, env->port);
	close(fd);
	return 0;
}

static int batch_latency(void *ctx, long n, int64_t *ns)
{
	int fd = *(int *)ctx;
	int64_t begun = now_ns();
	char byte = 0;

	for (long i = 0; i < n; i++) {
		ssize_t got = write(fd, &byte, 1) == 1 ? read(fd, &byte, 1) : -1;
		if (got == 0)
			errno = ECONNRESET;
		if (got != 1)
			return -1;
	}
	*ns = now_ns() - begun;
	return 0;
}

static int probe_tcp_latency(const struct probe_env *env)
{
	int fd = tcp_open(env, TCP_ECHO);
	struct measure m = {
	        .id = "probe.tcp_latency", .unit = "ns", .batch = batch_latency, .ctx = &fd};

	if (fd < 0)
		return failed(m.id, "%s:%d", env->host, env->port);
	int status = measure(env, &m);
	close(fd);
	return status;
}

static int send_blocks(int fd, long n)
{
	static char buf[TCP_BLOCK]; /* zero, and not in the program's file */

	for (long i = 0; i < n; i++)
		for (size_t sent = 0; sent < sizeof(buf);) {
			ssize_t put = write(fd, buf + sent, sizeof(buf) - sent);
			if (put < 0)
				return -1;
			sent += (size_t)put;
		}
	return 0;
}

/* A connection each: the time ends when the other side says that it has every byte. */
static int batch_throughput(void *ctx, long n, int64_t *ns)
{
	uint8_t answer[8];
	uint64_t total = 0;
	size_t got = 0;
	int fd = tcp_open(ctx, TCP_SINK);

	if (fd < 0)
		return -1;
	int64_t begun = now_ns();
	if (send_blocks(fd, n) == 0 && shutdown(fd, SHUT_WR) == 0)
		for (ssize_t r; got < sizeof(answer); got += (size_t)r)
			if ((r = read(fd, answer + got, sizeof(answer) - got)) <= 0)
				break;
	*ns = now_ns() - begun;
	int why = errno;
	close(fd);
	for (size_t i = 0; i < got; i++)
		total |= (uint64_t)answer[i] << 8 * i;
	errno = got < sizeof(answer) ? why : EPROTO;
	return got == sizeof(answer) && total == (uint64_t)n * TCP_BLOCK ? 0 : -1;
}

static int probe_tcp_throughput(const struct probe_env *env)
{
	struct probe_env copy = *env;
	struct measure m = {.id = "probe.tcp_throughput",
	        .unit = "MiB/s",
	        .per_op = TCP_BLOCK / 1048576.0,
	        .max_batch = 4096,
	        .batch = batch_throughput,
	        .ctx = &copy};

	signal(SIGPIPE, SIG_IGN);
	return measure(env, &m);
}
