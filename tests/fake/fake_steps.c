/* The steps of the pretended machine: each makes a file of the world, with what it was made from.
 */
#include "tests/fake/fake_steps.h"

#include "base/fs.h"
#include "base/io.h"
#include "core/run_internal.h"
#include "tests/fake/fake_world.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Called before the effect and after it; the fault says at which it is meant. */
static int fail_if_told(struct run *run, const char *what, bool after, struct err *err)
{
	AUTO_FREE char *fault = fake_fault(what, run->spec->selector, run->step->name);
	bool late = fault && str_eq(fault, "late");
	const volatile int *stop = run_stop(run);

	if (!fault || late != after)
		return 0;
	if (!str_eq(fault, "hang"))
		return err_set(err, ERR_FAILED, "%s", late ? "it failed late" : fault);
	while (stop && !*stop)
		poll(NULL, 0, 5);
	return err_set(err, ERR_INTERRUPTED, "interrupted");
}

/* An effect file that says what it was made from. */
static int make(struct run *run, const char *effect, const char *text, struct err *err)
{
	AUTO_FREE char *path = fake_path("world/%s/%s", run->spec->selector, effect);
	AUTO_FD int fd = -1;

	runner_point(run->runner, "within apply", run->step->name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return fd < 0 ? err_sys(err, "open '%s'", path) : io_write_all(fd, text, strlen(text), err);
}

static int unmake(struct run *run, const char *effect, struct err *err)
{
	AUTO_FREE char *path = fake_path("world/%s/%s", run->spec->selector, effect);

	runner_point(run->runner, "within revert", run->step->name);
	return fs_unlink(path, err);
}

/* "fake.disk" makes "disk" */
static const char *effect_of(const struct run *run)
{
	return strchr(run->step->name, '.') + 1;
}

static int apply_text(struct run *run, const char *text, struct err *err)
{
	fake_logf("apply %s %s", run->spec->selector, run->step->name);
	if (fail_if_told(run, "apply", false, err) < 0 || make(run, effect_of(run), text, err) < 0)
		return -1;
	return fail_if_told(run, "apply", true, err);
}

static int revert_simple(struct run *run, struct err *err)
{
	fake_logf("revert %s %s", run->spec->selector, run->step->name);
	if (fail_if_told(run, "revert", false, err) < 0 || unmake(run, effect_of(run), err) < 0)
		return -1;
	return fail_if_told(run, "revert", true, err);
}

static const char *or_none(const char *text)
{
	return text ? text : "none";
}

static void inputs_box(const struct run *run, struct digest *digest)
{
	digest_field(digest, "box", run->spec->box.digest);
}

static int apply_folder(struct run *run, struct err *err)
{
	AUTO_FREE char *path = fake_path("world/%s", run->spec->selector);

	if (fs_mkdirs(path, 0755, err) < 0)
		return -1;
	return apply_text(run, or_none(run->spec->box.digest), err);
}

static int revert_folder(struct run *run, struct err *err)
{
	AUTO_FREE char *path = fake_path("world/%s", run->spec->selector);

	if (revert_simple(run, err) < 0)
		return -1;
	runner_point(run->runner, "within revert", run->step->name);
	if (rmdir(path) < 0 && errno != ENOENT)
		return err_sys(err, "remove folder '%s'", path);
	return 0;
}

static void inputs_disk(const struct run *run, struct digest *digest)
{
	inputs_box(run, digest);
	digest_number(digest, "disk", run->spec->disk_bytes);
}

static int apply_disk(struct run *run, struct err *err)
{
	AUTO_FREE char *size = xasprintf("%" PRId64, run->spec->disk_bytes);

	if (apply_text(run, or_none(run->spec->box.digest), err) < 0)
		return -1;
	return make(run, "disk.size", size, err);
}

static int revert_disk(struct run *run, struct err *err)
{
	if (revert_simple(run, err) < 0)
		return -1;
	return unmake(run, "disk.size", err);
}

static void inputs_define(const struct run *run, struct digest *digest)
{
	digest_number(digest, "memory", run->spec->memory_bytes);
}

static int apply_define(struct run *run, struct err *err)
{
	AUTO_FREE char *text = xasprintf("%" PRId64, run->spec->memory_bytes);

	return apply_text(run, text, err);
}

static void inputs_limits(const struct run *run, struct digest *digest)
{
	digest_number(digest, "cpus", (int64_t)(run->spec->cpus * 1000));
}

static int apply_limits(struct run *run, struct err *err)
{
	AUTO_FREE char *text = xasprintf("%.3f", run->spec->cpus);

	return apply_text(run, text, err);
}

static void inputs_network(const struct run *run, struct digest *digest)
{
	for (size_t i = 0; i < run->spec->n_nics; i++)
		digest_field(digest, "address", run->spec->nics[i].address);
}

static int apply_network(struct run *run, struct err *err)
{
	AUTO_STR text = {0};

	for (size_t i = 0; i < run->spec->n_nics; i++)
		str_addf(&text, "%s ", or_none(run->spec->nics[i].address));
	return apply_text(run, str_text(&text), err);
}

static int apply_start(struct run *run, struct err *err)
{
	AUTO_FREE char *text = xasprintf("%d", getpid());

	if (apply_text(run, text, err) < 0 || run_record(run, "pid", text, err) < 0)
		return -1;
	run_phase(run, PHASE_KERNEL, 0);
	run_phase(run, PHASE_INIT, 0);
	return 0;
}

static int revert_start(struct run *run, struct err *err)
{
	AUTO_FREE char *frozen = fake_path("frozen-%s", run->spec->selector);

	if (revert_simple(run, err) < 0 || fs_unlink(frozen, err) < 0)
		return -1;
	return run_record(run, "pid", NULL, err);
}

static int apply_answer(struct run *run, struct err *err)
{
	struct transport *transport;

	run_progress(run, "waiting for an answer", 1, 2);
	if (run_transport(run, &transport, err) < 0)
		return -1;
	return apply_text(run, "answers", err);
}

static void explain_folder(const struct run *run, struct str *out)
{
	str_addf(out, "Makes a folder.\nmkdir %s\n", run->spec->selector);
}

const struct step fake_steps[FAKE_STEPS] = {
        {.name = "fake.folder",
                .phase = PHASE_CREATE,
                .stale = CHANGE_RECREATE,
                .inputs = inputs_box,
                .apply = apply_folder,
                .revert = revert_folder,
                .explain = explain_folder},
        {.name = "fake.disk",
                .phase = PHASE_CREATE,
                .stale = CHANGE_RECREATE,
                .inputs = inputs_disk,
                .apply = apply_disk,
                .revert = revert_disk},
        {.name = "fake.define",
                .phase = PHASE_CREATE,
                .stale = CHANGE_RESTART,
                .inputs = inputs_define,
                .apply = apply_define,
                .revert = revert_simple},
        {.name = "fake.limits",
                .stale = CHANGE_LIVE,
                .inputs = inputs_limits,
                .apply = apply_limits,
                .revert = revert_simple},
        {.name = "fake.network",
                .phase = PHASE_NETWORK,
                .flags = STEP_VOLATILE,
                .stale = CHANGE_RESTART,
                .inputs = inputs_network,
                .apply = apply_network,
                .revert = revert_simple},
        {.name = "fake.start",
                .phase = PHASE_INIT,
                .flags = STEP_VOLATILE,
                .stale = CHANGE_RESTART,
                .apply = apply_start,
                .revert = revert_start},
        {.name = "fake.answer",
                .phase = PHASE_TRANSPORT,
                .flags = STEP_VOLATILE | STEP_QUIET,
                .stale = CHANGE_RESTART,
                .apply = apply_answer,
                .revert = revert_simple},
};
