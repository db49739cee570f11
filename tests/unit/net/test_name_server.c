/* The question to a network's name server, against one that says what the test wants. */
#include "net/libvirt/name_server.h"
#include "base/clock.h"
#include "base/util.h"
#include "tests/fake/check_util.h"

#include <arpa/inet.h>
#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_NS INT64_C(60000000000)
#define HANGS_NS    INT64_C(86400000000000) /* beyond the limit of any test */
#define QUESTION_N  25                      /* to web.lab: header, 3web3lab0, type, class */
#define MESSAGE_MAX 512

static const char silent[] = "-";

/* Records behind the question; a name is a pointer to that of the question, but for the alias. */
static const char none[] = "";
static const char here[] = "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x0a\1\2\3";
static const char elsewhere[] = "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x0a\1\2\4";
static const char here6[] = "\xc0\x0c\0\x1c\0\1\0\0\0\0\0\x10\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\7";
static const char behind_alias[] = "\3www\xc0\x10\0\5\0\1\0\0\0\0\0\2\xc0\x0c"
                                   "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x0a\1\2\3";
static const char cut_off[] = "\xc0\x0c\0\1\0\1\0\0\0\0\0\xff\x0a\1\2\3";

struct reply {
	const char *records;
	size_t n;
	int count;
};
#define REPLY(records, count)                       \
	{                                           \
		records, sizeof(records) - 1, count \
	}

static int port;
static pid_t server;

/* Answers the first questions by the replies, each later one by the last. */
static void serve(int fd, const struct reply *replies, size_t n)
{
	unsigned char m[MESSAGE_MAX];
	struct sockaddr_in from;
	size_t at = 0;

	for (;;) {
		socklen_t from_n = sizeof(from);
		ssize_t got = recvfrom(fd, m, sizeof(m), 0, (struct sockaddr *)&from, &from_n);
		const struct reply *r = &replies[at < n ? at : n - 1];
		at++;
		if (r->records == silent)
			continue;
		if (got != QUESTION_N || memcmp(m + 12, "\3web\3lab\0", 9) != 0)
			_exit(1);
		m[2] |= 0x80;
		m[7] = (unsigned char)r->count;
		memcpy(m + got, r->records, r->n);
		sendto(fd, m, (size_t)got + r->n, 0, (struct sockaddr *)&from, from_n);
	}
}

static void begin(const struct reply *replies, size_t n)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	port = ntohs(at.sin_port);
	server = fork();
	if (server == 0)
		serve(fd, replies, n);
}

static void end(void)
{
	int status;

	ck_assert_int_eq(kill(server, SIGKILL), 0);
	ck_assert_int_eq(waitpid(server, &status, 0), server);
	ck_assert_msg(WIFSIGNALED(status), "the question was not the one that was expected");
}

static bool comes(const char *address, bool gone, int64_t limit_ns)
{
	const struct name_answer wanted = {"web.lab", address, gone};

	return name_server_await("127.0.0.1", port, &wanted, limit_ns);
}

static const struct wait_case {
	const char *address;
	bool gone;
	struct reply replies[3];
} cases[] = {
        {"10.1.2.3", false, {REPLY(here, 1), REPLY(here, 1), REPLY(here, 1)}},
        {"10.1.2.3", false, {REPLY(none, 0), REPLY(elsewhere, 1), REPLY(here, 1)}},
        {"10.1.2.3", false, {REPLY(silent, 0), REPLY(cut_off, 1), REPLY(behind_alias, 2)}},
        {"fd00::7", false, {REPLY(here, 1), REPLY(none, 0), REPLY(here6, 1)}},
        {"10.1.2.3", true, {REPLY(here, 1), REPLY(here, 1), REPLY(none, 0)}},
        {"10.1.2.3", true, {REPLY(here, 1), REPLY(silent, 0), REPLY(elsewhere, 1)}},
};

START_TEST(it_is_asked_until_it_answers_so)
{
	const struct wait_case *c = &cases[_i];

	begin(c->replies, ARRAY_SIZE(c->replies));
	ck_assert(comes(c->address, c->gone, PATIENCE_NS));
	end();
}
END_TEST

START_TEST(what_never_comes_has_a_limit)
{
	const struct reply never[] = {REPLY(elsewhere, 1)}, always[] = {REPLY(here, 1)};

	begin(never, 1);
	ck_assert(!comes("10.1.2.3", false, 1));
	end();
	begin(always, 1);
	ck_assert(!comes("10.1.2.3", true, 1));
	end();
}
END_TEST

START_TEST(nobody_is_not_waited_for)
{
	const struct reply never[] = {REPLY(elsewhere, 1)};

	begin(never, 1);
	end();
	ck_assert(!comes("10.1.2.3", false, HANGS_NS));
	ck_assert(!comes("10.1.2.3", true, HANGS_NS));
}
END_TEST

START_TEST(what_cannot_be_asked)
{
	static const char *const names[] = {"", ".lab", "web..lab",
	        "a123456789012345678901234567890123456789012345678901234567890123.lab"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct name_answer wanted = {names[i], "10.1.2.3", false};
		ck_assert(!name_server_await("127.0.0.1", 9, &wanted, PATIENCE_NS));
	}
	ck_assert(!comes("no address", false, PATIENCE_NS));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("name server");
	TCase *t = tcase_create("name server");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, it_is_asked_until_it_answers_so, 0, ARRAY_SIZE(cases));
	tcase_add_test(t, what_never_comes_has_a_limit);
	tcase_add_test(t, nobody_is_not_waited_for);
	tcase_add_test(t, what_cannot_be_asked);
	suite_add_tcase(s, t);
	return suite_finish(s);
}
