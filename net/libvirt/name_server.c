/* A question of DNS (RFC 1035) and what its answer says about one address. */
#include "net/libvirt/name_server.h"

#include "base/clock.h"
#include "base/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_MAX   512 /* over UDP */
#define HEADER_BYTES  12
#define LABEL_MAX     63
#define NAME_MAX_LEN  253
#define POINTER       0xc0 /* the rest of the name stands earlier in the message */
#define RECORD_BYTES  10   /* type, class, time to live, length */
#define QUESTION_TAIL 4    /* type, class */

enum record_type { TYPE_A = 1, TYPE_AAAA = 28 };

#define MS_NS     INT64_C(1000000)
#define ANSWER_MS 200 /* before it is asked again */
#define AGAIN_MS  2   /* after an answer of before */

struct question {
	unsigned char message[MESSAGE_MAX];
	size_t n;
	enum record_type type;
	unsigned char address[sizeof(struct in6_addr)];
	size_t address_n;
};

static unsigned number(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* Labels with their lengths before them, and an empty one. */
static bool add_name(struct question *q, const char *name)
{
	if (strlen(name) > NAME_MAX_LEN)
		return false;
	for (;;) {
		size_t n = strcspn(name, ".");
		if (n == 0 || n > LABEL_MAX)
			return false;
		q->message[q->n++] = (unsigned char)n;
		memcpy(q->message + q->n, name, n);
		q->n += n;
		if (!name[n])
			break;
		name += n + 1;
	}
	q->message[q->n++] = 0;
	return true;
}

static bool make_question(struct question *q, const struct name_answer *wanted)
{
	/* An id, "recursion desired", one question. */
	static const unsigned char header[HEADER_BYTES] = {'p', 'v', 1, 0, 0, 1};
	bool ipv6 = strchr(wanted->address, ':') != NULL;

	q->type = ipv6 ? TYPE_AAAA : TYPE_A;
	q->address_n = ipv6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
	memcpy(q->message, header, sizeof(header));
	q->n = sizeof(header);
	if (inet_pton(ipv6 ? AF_INET6 : AF_INET, wanted->address, q->address) != 1 ||
	        !add_name(q, wanted->name))
		return false;
	const unsigned char tail[QUESTION_TAIL] = {0, (unsigned char)q->type, 0, 1};
	memcpy(q->message + q->n, tail, sizeof(tail));
	q->n += sizeof(tail);
	return true;
}

/* Where the name at `at` ends; n: nowhere. */
static size_t skip_name(const unsigned char *m, size_t n, size_t at)
{
	while (at < n && m[at] && (m[at] & POINTER) != POINTER)
		at += 1 + (size_t)m[at];
	if (at >= n)
		return n;
	return at + (m[at] ? 2 : 1);
}

/* The answer to q leads to its address. */
static bool leads_there(const struct question *q, const unsigned char *m, size_t n)
{
	size_t at = skip_name(m, n, HEADER_BYTES) + QUESTION_TAIL;

	for (unsigned left = number(m + 6); left > 0; left--) {
		at = skip_name(m, n, at);
		if (at + RECORD_BYTES > n)
			return false;
		const unsigned char *record = m + at;
		size_t length = number(record + 8);
		at += RECORD_BYTES + length;
		if (at > n)
			return false;
		if (number(record) == q->type && length == q->address_n &&
		        memcmp(record + RECORD_BYTES, q->address, length) == 0)
			return true;
	}
	return false;
}

/* 1: the answer is as wanted. 0: it is not, or none came. -1: nobody is there. */
static int ask(int fd, const struct question *q, bool gone)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	unsigned char m[MESSAGE_MAX];

	if (send(fd, q->message, q->n, 0) < 0)
		return errno == ECONNREFUSED ? -1 : 0;
	if (poll(&p, 1, ANSWER_MS) <= 0)
		return 0;
	ssize_t n = recv(fd, m, sizeof(m), 0);
	if (n < 0)
		return errno == ECONNREFUSED ? -1 : 0;
	bool is_answer = n >= HEADER_BYTES && memcmp(m, q->message, 2) == 0 && (m[2] & 0x80);
	return is_answer && leads_there(q, m, (size_t)n) == !gone;
}

bool name_server_await(
        const char *server, int port, const struct name_answer *wanted, int64_t limit_ns)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int64_t deadline = clock_mono_ns() + limit_ns;
	struct question q;

	if (fd < 0 || inet_pton(AF_INET, server, &to.sin_addr) != 1 ||
	        connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 || !make_question(&q, wanted))
		return false;
	for (;;) {
		int said = ask(fd, &q, wanted->gone);
		if (said || clock_mono_ns() >= deadline)
			return said > 0;
		poll(NULL, 0, AGAIN_MS);
	}
}
