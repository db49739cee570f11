#include "transports/ssh/link.h"

#include "base/clock.h"
#include "base/str.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STOP_POLL_MS       100
#define SILENCE_MS         12000 /* after which the machine is taken for dead */
#define DEFAULT_TIMEOUT_NS (30 * INT64_C(1000000000))

/* Cheapest first: under TCG the guest's processor has no cryptographic instructions worth the
 * name. */
#define KEX                                                                  \
	"curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256," \
	"diffie-hellman-group14-sha256,diffie-hellman-group16-sha512"
#define CIPHERS "chacha20-poly1305@openssh.com,aes128-ctr,aes128-gcm@openssh.com,aes256-ctr"

static int stopped(const struct link *link, struct err *err)
{
	if (link->stop && *link->stop)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	if (link->deadline_ns && clock_mono_ns() >= link->deadline_ns)
		return err_set(err, ERR_BUSY, "%s did not answer in time", link->name);
	return 0;
}

/* The longest that a poll may last. */
static int poll_ms(const struct link *link, int wait_ms)
{
	int64_t ms = STOP_POLL_MS;

	if (link->deadline_ns) {
		int64_t left = (link->deadline_ns - clock_mono_ns()) / 1000000 + 1;
		ms = left < 0 ? 0 : left < ms ? left : ms;
	}
	return ms < wait_ms ? (int)ms : wait_ms;
}

int ssh_link_failed(struct link *link, struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	AUTO_FREE char *what = xvasprintf(fmt, ap);
	va_end(ap);
	if (!ssh_is_connected(link->session))
		return err_set(
		        err, ERR_FAILED, "%s: the connection to %s was lost", what, link->name);
	return err_set(err, ERR_FAILED, "%s: %s", what, ssh_get_error(link->session));
}

int ssh_link_wait(
        struct link *link, int wake_fd, int in_fd, bool *in_ready, int wait_ms, struct err *err)
{
	short events = POLLIN;

	if (stopped(link, err) < 0)
		return -1;
	if (ssh_get_poll_flags(link->session) & SSH_WRITE_PENDING)
		events |= POLLOUT;
	struct pollfd fds[3] = {{link->fd, events, 0}, {in_fd, POLLIN, 0}, {wake_fd, POLLIN, 0}};
	int n = poll(fds, 3, poll_ms(link, wait_ms));
	if (n < 0 && errno != EINTR)
		return err_sys(err, "wait for %s", link->name);
	if (in_ready)
		*in_ready = n > 0 && fds[1].revents;
	if (n > 0 && fds[0].revents && link->event &&
	        (ssh_event_dopoll(link->event, 0) == SSH_ERROR || !ssh_is_connected(link->session)))
		return err_set(err, ERR_FAILED, "the connection to %s was lost", link->name);
	return 0;
}

/* For the calls that say SSH_AGAIN before the session is in the event loop. */
static int wait_again(struct link *link, struct err *err)
{
	return ssh_link_wait(link, -1, -1, NULL, STOP_POLL_MS, err);
}

/*
 * A machine whose power was cut says nothing any more: tcp(7). The kernel of a living one answers
 * whatever its processes do.
 */
static void expect_life(int fd)
{
	const struct {
		int level, name, value;
	} options[] = {
	        {IPPROTO_TCP, TCP_NODELAY, 1},
	        {SOL_SOCKET, SO_KEEPALIVE, 1},
	        {IPPROTO_TCP, TCP_KEEPIDLE, SILENCE_MS / 3000},
	        {IPPROTO_TCP, TCP_KEEPINTVL, SILENCE_MS / 6000},
	        {IPPROTO_TCP, TCP_USER_TIMEOUT, SILENCE_MS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
}

static int dial(struct link *link, const struct addrinfo *to, struct err *err)
{
	int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int cause = 0;
	socklen_t n = sizeof(cause);

	if (fd < 0)
		return err_sys(err, "make a socket");
	link->fd = fd;
	expect_life(fd);
	if (connect(fd, to->ai_addr, to->ai_addrlen) < 0 && errno != EINPROGRESS) {
		cause = errno;
	} else {
		struct pollfd pfd = {fd, POLLOUT, 0};
		do
			if (stopped(link, err) < 0)
				return -1;
		while (poll(&pfd, 1, poll_ms(link, STOP_POLL_MS)) <= 0);
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &n);
	}
	if (!cause)
		return 0;
	err_set(err, ERR_BUSY, "nobody answers at %s yet: %s", link->name, strerror(cause));
	if (err)
		err->sys_errno = cause;
	return -1;
}

static int dial_host(struct link *link, const struct ssh_target *target, struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *to;
	char port[16];

	snprintf(port, sizeof(port), "%d", target->port);
	int rc = getaddrinfo(target->host, port, &hints, &to);
	if (rc != 0)
		return err_set(err, ERR_FAILED, "'%s' is not an address: %s", target->host,
		        gai_strerror(rc));
	rc = dial(link, to, err);
	freeaddrinfo(to);
	return rc;
}

static int configure(
        struct link *link, const struct ssh_target *target, const char *user, struct err *err)
{
	int no = 0, yes = 1, log = SSH_LOG_NOLOG;
	unsigned port = (unsigned)target->port;
	AUTO_STR known_hosts = {0};
	str_add_ssh(&known_hosts, target->known_hosts);
	const struct {
		enum ssh_options_e option;
		const void *value;
	} options[] = {
	        {SSH_OPTIONS_PROCESS_CONFIG, &no},
	        {SSH_OPTIONS_LOG_VERBOSITY, &log},
	        /* The connection is there already: this is only looked up in the known hosts. */
	        {SSH_OPTIONS_HOST, target->known_as ? target->known_as : target->host},
	        {SSH_OPTIONS_PORT, &port},
	        {SSH_OPTIONS_USER, user},
	        {SSH_OPTIONS_FD, &link->fd},
	        {SSH_OPTIONS_KNOWNHOSTS, str_text(&known_hosts)},
	        {SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null"},
	        {SSH_OPTIONS_STRICTHOSTKEYCHECK, &yes},
	        {SSH_OPTIONS_KEY_EXCHANGE, KEX},
	        {SSH_OPTIONS_CIPHERS_C_S, CIPHERS},
	        {SSH_OPTIONS_CIPHERS_S_C, CIPHERS},
	        {SSH_OPTIONS_COMPRESSION, "no"},
	};

	link->session = ssh_new();
	if (!link->session)
		return err_set(err, ERR_FAILED, "libssh cannot make a session");
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (ssh_options_set(link->session, options[i].option, options[i].value) < 0)
			return ssh_link_failed(
			        link, err, "prepare the connection to %s", link->name);
	ssh_set_blocking(link->session, 0);
	return 0;
}

/* Banner, key exchange. What fails before the keys were exchanged may be a server that is still
 * starting. */
static int handshake(struct link *link, struct err *err)
{
	int rc;

	while ((rc = ssh_connect(link->session)) == SSH_AGAIN)
		if (wait_again(link, err) < 0)
			return -1;
	if (rc == SSH_OK)
		return 0;
	const char *why = ssh_get_error(link->session);
	return err_set(err, strstr(why, "kex error") ? ERR_FAILED : ERR_BUSY,
	        "nobody answers at %s yet: %s", link->name, why);
}

static int check_host_key(struct link *link, const struct ssh_target *target, struct err *err)
{
	enum ssh_known_hosts_e known = ssh_session_is_known_server(link->session);

	if (known == SSH_KNOWN_HOSTS_OK)
		return 0;
	if (known == SSH_KNOWN_HOSTS_CHANGED || known == SSH_KNOWN_HOSTS_OTHER) {
		err_set(err, ERR_FAILED,
		        "the host key of %s is not the one in '%s': this is another machine",
		        link->name, target->known_hosts);
		return err_hint(err,
		        "the machine's key was replaced, or another machine has its "
		        "address; destroy it and bring it up again");
	}
	return err_set(
	        err, ERR_FAILED, "'%s' has no host key for %s", target->known_hosts, link->name);
}

static int log_in(struct link *link, const struct ssh_target *target, struct err *err)
{
	ssh_key key = NULL;
	int rc;

	if (ssh_pki_import_privkey_file(target->key, NULL, NULL, NULL, &key) != SSH_OK)
		return err_set(err, ERR_FAILED, "cannot read the private key '%s'", target->key);
	while ((rc = ssh_userauth_publickey(link->session, NULL, key)) == SSH_AUTH_AGAIN)
		if (wait_again(link, err) < 0)
			break;
	ssh_key_free(key);
	if (rc == SSH_AUTH_SUCCESS)
		return 0;
	if (rc == SSH_AUTH_AGAIN)
		return -1;
	if (rc == SSH_AUTH_ERROR && !ssh_is_connected(link->session))
		return err_set(
		        err, ERR_BUSY, "%s closed the connection during the login", link->name);
	err_set(err, ERR_FAILED, "%s refused the key '%s'", link->name, target->key);
	return err_hint(
	        err, "its authorized_keys must have the public half, '%s.pub'", target->key);
}

static int establish(
        struct link *link, const struct ssh_target *target, const char *user, struct err *err)
{
	if (dial_host(link, target, err) < 0 || configure(link, target, user, err) < 0 ||
	        handshake(link, err) < 0 || check_host_key(link, target, err) < 0 ||
	        log_in(link, target, err) < 0)
		return -1;
	link->event = ssh_event_new();
	if (!link->event || ssh_event_add_session(link->event, link->session) != SSH_OK)
		return ssh_link_failed(link, err, "watch the connection to %s", link->name);
	return 0;
}

int ssh_link_open(struct link *link, const struct ssh_target *target, const char *user,
        int64_t timeout_ns, const volatile int *stop, struct err *err)
{
	*link = (struct link){.fd = -1, .stop = stop};
	/* libssh writes to its socket without MSG_NOSIGNAL: a machine that goes away is an error,
	 * not the end of this process. */
	signal(SIGPIPE, SIG_IGN);
	link->deadline_ns = clock_mono_ns() + (timeout_ns > 0 ? timeout_ns : DEFAULT_TIMEOUT_NS);
	link->name = xasprintf("%s@%s:%d", user, target->host, target->port);
	int rc = establish(link, target, user, err);
	link->deadline_ns = 0;
	if (rc < 0)
		ssh_link_close(link);
	return rc;
}

void ssh_link_close(struct link *link)
{
	if (link->event) {
		ssh_event_remove_session(link->event, link->session);
		ssh_event_free(link->event);
	}
	if (link->session) {
		ssh_disconnect(link->session);
		ssh_free(link->session);
	}
	/* libssh leaves a descriptor open that it was given. */
	if (link->name && link->fd >= 0)
		close(link->fd);
	free(link->name);
	*link = (struct link){.fd = -1};
}

int ssh_link_channel(struct link *link, ssh_channel *out, struct err *err)
{
	ssh_channel channel = ssh_channel_new(link->session);
	int rc;

	if (!channel)
		return ssh_link_failed(link, err, "open a channel to %s", link->name);
	while ((rc = ssh_channel_open_session(channel)) == SSH_AGAIN)
		if (ssh_link_wait(link, -1, -1, NULL, STOP_POLL_MS, err) < 0)
			break;
	if (rc == SSH_OK) {
		*out = channel;
		return 0;
	}
	ssh_channel_free(channel);
	return rc == SSH_AGAIN ? -1
	                       : ssh_link_failed(link, err, "open a channel to %s", link->name);
}

void ssh_link_channel_close(ssh_channel channel)
{
	if (!channel)
		return;
	if (!ssh_channel_is_closed(channel))
		ssh_channel_close(channel);
	ssh_channel_free(channel);
}
