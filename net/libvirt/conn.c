#include "net/libvirt/conn.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <time.h>

#define OPEN_TIMEOUT_S       30
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_COUNT      6

static void quiet(void *ctx, virErrorPtr error)
{
	(void)ctx;
	(void)error; /* every caller reads virGetLastError itself */
}

static void set_up(void)
{
	virInitialize();
	virSetErrorFunc(NULL, quiet);
	virEventRegisterDefaultImpl();
}

/* One attempt. Shared by the caller and its thread; the last of them frees it. */
struct attempt {
	pthread_mutex_t lock;
	pthread_cond_t done_cond;
	bool done, abandoned;
	char *uri;
	virConnectPtr conn;
	char *message;
};

static void attempt_free(struct attempt *a)
{
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->done_cond);
	free(a->uri);
	free(a->message);
	free(a);
}

static void *attempt_run(void *arg)
{
	struct attempt *a = arg;
	virConnectPtr conn = virConnectOpen(a->uri);
	char *message = conn ? NULL : xstrdup(virGetLastErrorMessage());

	pthread_mutex_lock(&a->lock);
	a->conn = conn;
	a->message = message;
	a->done = true;
	bool mine = a->abandoned;
	pthread_cond_signal(&a->done_cond);
	pthread_mutex_unlock(&a->lock);
	if (mine) {
		if (conn)
			virConnectClose(conn);
		attempt_free(a);
	}
	return NULL;
}

static struct attempt *attempt_new(const char *uri)
{
	struct attempt *a = xcalloc(1, sizeof(*a));
	pthread_condattr_t attr;

	a->uri = xstrdup(uri);
	pthread_mutex_init(&a->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&a->done_cond, &attr);
	pthread_condattr_destroy(&attr);
	return a;
}

static int unreachable(struct err *err, const char *uri, const char *why)
{
	err_set(err, ERR_HOST, "cannot reach libvirt at '%s': %s", uri, why);
	if (geteuid() != 0)
		return err_hint(err, "run prov as root, or as a member of the group libvirt");
	return err_hint(err,
	        "run tools/setup (it starts libvirt), or use 'networks: none' with "
	        "containers");
}

/* True when the attempt ended in time; otherwise its thread is left to free it. */
static bool attempt_wait(struct attempt *a)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += OPEN_TIMEOUT_S;
	pthread_mutex_lock(&a->lock);
	while (!a->done && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&a->done_cond, &a->lock, &until);
	bool done = a->done;
	a->abandoned = !done;
	pthread_mutex_unlock(&a->lock);
	return done;
}

int libvirt_open(const char *uri, virConnectPtr *out, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_t thread;

	/* A daemon that was stopped accepts connections and never answers: only a thread can be
	 * left behind. */
	pthread_once(&once, set_up);
	struct attempt *a = attempt_new(uri);
	int rc = pthread_create(&thread, NULL, attempt_run, a);
	if (rc != 0) {
		attempt_free(a);
		errno = rc;
		return err_sys(err, "start a thread for libvirt");
	}
	if (!attempt_wait(a)) {
		pthread_detach(thread);
		return unreachable(err, uri, "no answer within 30 s");
	}
	pthread_join(thread, NULL);
	virConnectPtr conn = a->conn;
	if (!conn)
		unreachable(err, uri, a->message);
	attempt_free(a);
	if (!conn)
		return -1;
	/* Not every driver has it (test, embed): they need none. */
	virConnectSetKeepAlive(conn, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT);
	*out = conn;
	return 0;
}

void libvirt_close(virConnectPtr *conn)
{
	if (*conn)
		virConnectClose(*conn);
	*conn = NULL;
}

int libvirt_err(struct err *err, const char *fmt, ...)
{
	AUTO_FREE char *why = xstrdup(virGetLastErrorMessage());
	va_list ap;

	va_start(ap, fmt);
	AUTO_FREE char *context = xvasprintf(fmt, ap);
	va_end(ap);
	return err_set(err, ERR_FAILED, "%s: %s", context, why);
}

int libvirt_code(void)
{
	const virError *error = virGetLastError();

	return error ? error->code : VIR_ERR_OK;
}

bool libvirt_is_local(const char *uri)
{
	const char *authority = strstr(uri, "://");

	return authority && authority[3] == '/';
}

bool libvirt_is_local_system(const char *uri)
{
	const char *authority = strstr(uri, "://");

	if (!libvirt_is_local(uri))
		return false;
	return str_starts(uri, "qemu") && str_starts(authority + 3, "/system");
}
