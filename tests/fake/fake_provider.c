#include "tests/fake/fake_provider.h"

#include "base/fs.h"
#include "tests/fake/fake_steps.h"
#include "tests/fake/fake_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct session {
	char *selector;
};

static int fail_call(const char *what, const char *selector, struct err *err)
{
	AUTO_FREE char *fault = fake_fault(what, selector, NULL);

	return fault ? err_set(err, ERR_FAILED, "%s", fault) : 0;
}

static void check_host(struct checklist *list)
{
	checklist_add(list, CHECK_OK, "fake", NULL, "nothing is needed");
}

static int check_spec(const struct machine_spec *spec, struct err *err)
{
	AUTO_FREE char *fault = fake_fault("check", spec->selector, NULL);

	return fault ? err_set(err, ERR_CONFIG, "%s", fault) : 0;
}

static int open_session(
        const struct machine_spec *spec, const struct names *names, void **out, struct err *err)
{
	(void)names;
	if (fail_call("open", spec->selector, err) < 0)
		return -1;
	struct session *session = xcalloc(1, sizeof(*session));
	session->selector = xstrdup(spec->selector);
	*out = session;
	return 0;
}

static void close_session(void *opaque)
{
	struct session *session = opaque;

	free(session->selector);
	free(session);
}

static int inspect(void *opaque, struct status *out, struct err *err)
{
	struct session *session = opaque;
	AUTO_FREE char *folder = fake_path("world/%s", session->selector);
	AUTO_FREE char *start = fake_path("world/%s/start", session->selector);
	AUTO_FREE char *define = fake_path("world/%s/define", session->selector);
	AUTO_FREE char *frozen = fake_path("frozen-%s", session->selector);

	if (fail_call("inspect", session->selector, err) < 0)
		return -1;
	out->state = fs_exists(start) && fs_exists(frozen) ? MACHINE_SUSPENDED
	        : fs_exists(start)                         ? MACHINE_RUNNING
	        : fs_exists(define)                        ? MACHINE_HALTED
	        : fs_exists(folder)                        ? MACHINE_CREATED
	                                                   : MACHINE_ABSENT;
	out->pid = fs_exists(start) ? 1 : 0;
	out->exit_status = -1;
	snprintf(out->detail, sizeof(out->detail), "fake");
	return 0;
}

static int connect_to(void *opaque, int64_t timeout_ns, const volatile int *stop,
        struct transport **out, struct err *err)
{
	struct session *session = opaque;

	(void)timeout_ns;
	(void)stop;
	fake_logf("connect %s", session->selector);
	if (fail_call("connect", session->selector, err) < 0)
		return -1;
	*out = fake_transport(session->selector);
	return 0;
}

static int usage(void *opaque, struct usage *out, struct err *err)
{
	struct session *session = opaque;

	if (fail_call("usage", session->selector, err) < 0)
		return -1;
	out->memory_bytes = 1 << 20;
	out->cpu_ns = 1000000;
	snprintf(out->method, sizeof(out->method), "made up");
	return 0;
}

static int64_t oom_kills(void *opaque)
{
	struct session *session = opaque;
	AUTO_FREE char *path = fake_path("oom-%s", session->selector);
	AUTO_STR text = {0};

	return fs_read(path, 64, &text, NULL) < 0 ? -1 : strtoll(str_text(&text), NULL, 10);
}

static int freeze(void *opaque, bool frozen, struct err *err)
{
	struct session *session = opaque;
	AUTO_FREE char *path = fake_path("frozen-%s", session->selector);

	fake_logf("%s %s", frozen ? "freeze" : "thaw", session->selector);
	return frozen ? fs_replace(path, "", 0, 0644, err) : fs_unlink(path, err);
}

#define FAKE(provider_name)                                                                      \
	{                                                                                        \
		.name = provider_name, .steps = fake_steps, .n_steps = FAKE_STEPS,               \
		.inside = "a folder", .check_host = check_host, .check_spec = check_spec,        \
		.open = open_session, .inspect = inspect, .connect = connect_to, .usage = usage, \
		.oom_kills = oom_kills, .freeze = freeze, .close = close_session,                \
	}

const struct provider fake_container = FAKE("container");
static const struct provider fake_kvm = FAKE("kvm");

static int load_container(const struct provider **out, struct err *err)
{
	(void)err;
	*out = &fake_container;
	return 0;
}

static int load_kvm(const struct provider **out, struct err *err)
{
	(void)err;
	*out = &fake_kvm;
	return 0;
}

static const struct provider_entry entries[] = {
        {"container", load_container, true}, {"kvm", load_kvm, false}};
const struct providers fake_providers = {entries, ARRAY_SIZE(entries)};
