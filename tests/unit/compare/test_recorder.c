#include "compare/recorder.h"

#include "tests/fake/check_util.h"

static struct compare_recorder recorder;
static int handed_on;
static char *folder;
static struct err err;

static void count(struct event_sink *sink, const struct event *event)
{
	(void)sink;
	(void)event;
	handed_on++;
}
static struct event_sink other = {.emit = count};

static void begin(void)
{
	handed_on = 0;
	folder = tmp_begin();
	recorder_init(&recorder, &other);
}

static void end(void)
{
	recorder_clear(&recorder);
	tmp_end(folder);
}

static void say(struct event event)
{
	event.machine = event.machine ? event.machine : "web@kvm";
	event_emit(&recorder.sink, &event);
}

START_TEST(stamps_by_phase)
{
	say((struct event){.kind = EVENT_VERB_BEGIN, .t_ns = 100, .text = "up"});
	say((struct event){.kind = EVENT_PHASE, .phase = PHASE_CREATE, .t_ns = 150});
	/* The last of several steps of a phase is the one that reaches it. */
	say((struct event){.kind = EVENT_PHASE, .phase = PHASE_CREATE, .t_ns = 200});
	say((struct event){.kind = EVENT_PHASE, .phase = PHASE_KERNEL, .t_ns = 250});
	say((struct event){
	        .kind = EVENT_STEP_END, .phase = PHASE_PROVISION, .t_ns = 300, .duration_ns = 7});
	say((struct event){
	        .kind = EVENT_STEP_END, .phase = PHASE_PROVISION, .t_ns = 310, .duration_ns = 5});
	say((struct event){
	        .kind = EVENT_STEP_END, .phase = PHASE_INIT, .t_ns = 310, .duration_ns = 1000});
	say((struct event){.kind = EVENT_VERB_END, .t_ns = 400, .text = "done"});
	const struct timeline *t = recorder_of(&recorder, "web@kvm");
	ck_assert_ptr_nonnull(t);
	ck_assert_int_eq(t->begin_ns, 100);
	ck_assert_int_eq(t->end_ns, 400);
	ck_assert_int_eq(t->phase_ns[PHASE_CREATE], 200);
	ck_assert_int_eq(t->phase_ns[PHASE_KERNEL], 250);
	ck_assert_int_eq(t->phase_ns[PHASE_TRANSPORT], 0);
	ck_assert_int_eq(t->provision_ns, 12);
	ck_assert(!t->failed);
	ck_assert_ptr_null(t->error);
	ck_assert_int_eq(handed_on, 0);
	ck_assert_ptr_null(recorder_of(&recorder, "db@kvm"));
}
END_TEST

START_TEST(machines_are_apart)
{
	say((struct event){.kind = EVENT_PHASE, .phase = PHASE_INIT, .t_ns = 5});
	say((struct event){
	        .kind = EVENT_PHASE, .phase = PHASE_INIT, .t_ns = 6, .machine = "db@container"});
	say((struct event){.kind = EVENT_NOTE, .machine = "", .text = "of the lab"});
	ck_assert_uint_eq(recorder.n, 2);
	ck_assert_int_eq(recorder_of(&recorder, "web@kvm")->phase_ns[PHASE_INIT], 5);
	ck_assert_int_eq(recorder_of(&recorder, "db@container")->phase_ns[PHASE_INIT], 6);
	recorder_reset(&recorder);
	ck_assert_ptr_null(recorder_of(&recorder, "web@kvm"));
}
END_TEST

START_TEST(failures)
{
	say((struct event){.kind = EVENT_ERROR, .step = "kvm.start", .text = "no space"});
	say((struct event){.kind = EVENT_ERROR, .step = "", .text = "second"});
	say((struct event){.kind = EVENT_WARNING, .text = "slow"});
	say((struct event){.kind = EVENT_VERB_END, .text = "failed", .code = 1});
	const struct timeline *t = recorder_of(&recorder, "web@kvm");
	ck_assert(t->failed);
	ck_assert_str_eq(t->error, "kvm.start: no space");
	ck_assert_int_eq(handed_on, 3);
}
END_TEST

START_TEST(accelerator)
{
	say((struct event){.kind = EVENT_NOTE, .text = "something else"});
	ck_assert_ptr_null(recorder.accelerator);
	say((struct event){.kind = EVENT_NOTE, .text = "accelerator tcg: measured"});
	ck_assert_str_eq(recorder.accelerator, "tcg: measured");
}
END_TEST

static void write_phases(const char *path, const char *text)
{
	ck_ok(fs_replace(path, text, strlen(text), 0600, &err));
	recorder.sink.tick(&recorder.sink);
}

START_TEST(last_line_of_the_channel)
{
	AUTO_FREE char *path = xasprintf("%s/phases", folder);

	ck_assert_int_eq(recorder.sink.tick_ms, 0);
	recorder_watch(&recorder, "web@kvm", path);
	ck_assert_int_eq(recorder.sink.tick_ms, RECORDER_TICK_MS);
	const struct timeline *t = recorder_of(&recorder, "web@kvm");
	recorder.sink.tick(&recorder.sink); /* not there yet */
	write_phases(path, "initrd\nnetwork\ninit\n");
	write_phases(path, "initrd\nnetwork\ninit\nss");
	write_phases(path, "initrd\nnetwork\ninit\nnossh\n");
	ck_assert_int_eq(t->channel_ns, 0);
	write_phases(path, "initrd\nnetwork\ninit\nssh\n");
	int64_t first = t->channel_ns;
	ck_assert_int_gt(first, 0);
	recorder.sink.tick(&recorder.sink);
	ck_assert_int_eq(t->channel_ns, first);
}
END_TEST

START_TEST(load_at_the_answer)
{
	ck_assert_int_eq(recorder.answered.t_ns, 0);
	say((struct event){.kind = EVENT_PHASE, .phase = PHASE_TRANSPORT, .t_ns = 9});
	ck_assert_int_gt(recorder.answered.t_ns, 0);
	ck_assert(recorder.answered.busy_s > 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {stamps_by_phase, machines_are_apart, failures, accelerator,
	        last_line_of_the_channel, load_at_the_answer};

	return suite_run("recorder", tests, ARRAY_SIZE(tests), begin, end);
}
