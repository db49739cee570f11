#include "core/event.h"

#include "base/clock.h"
#include "tests/fake/check_util.h"

#include <stdio.h>
#include <unistd.h>

static struct err err;

static void check_same(const struct event *a, const struct event *b)
{
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_int_eq(a->t_ns, b->t_ns);
	ck_assert_int_eq(a->wall_ns, b->wall_ns);
	ck_assert_str_eq(a->machine, b->machine);
	ck_assert_str_eq(a->step, b->step);
	ck_assert_uint_eq(a->text_n, b->text_n);
	ck_assert_mem_eq(a->text, b->text, a->text_n);
	ck_assert_pstr_eq(a->hint, b->hint);
	ck_assert_int_eq(a->phase, b->phase);
	ck_assert_int_eq(a->stream, b->stream);
	ck_assert_int_eq(a->code, b->code);
	ck_assert_int_eq(a->duration_ns, b->duration_ns);
	ck_assert_int_eq(a->done, b->done);
	ck_assert_int_eq(a->total, b->total);
	ck_assert_int_eq(a->quiet, b->quiet);
}

static void round_trip(const struct event *event)
{
	AUTO_STR line = {0};
	struct event_text holder;
	struct event back;

	event_write(event, &line);
	ck_assert_uint_lt(line.len, 65536);
	ck_assert_ptr_null(memchr(line.buf, '\n', line.len));
	ck_ok(event_read(line.buf, line.len, &back, &holder, &err));
	check_same(event, &back);
	event_text_clear(&holder);
}

START_TEST(every_field_makes_the_trip)
{
	struct event event = {.t_ns = 123456789012345,
	        .wall_ns = 1700000000000000001,
	        .machine = "web@kvm",
	        .step = "provision:caf\351",
	        .text = "a \"b\" \033[31m \xff",
	        .text_n = 13,
	        .hint = "try \\ again",
	        .phase = PHASE_TRANSPORT,
	        .stream = 2,
	        .code = 130,
	        .duration_ns = 5,
	        .done = 1,
	        .total = INT64_MAX,
	        .quiet = true};

	for (int kind = 0; kind < N_EVENT_KINDS; kind++) {
		event.kind = (enum event_kind)kind;
		round_trip(&event);
	}
	for (int phase = 0; phase < N_PHASES; phase++) {
		event.phase = (enum phase)phase;
		round_trip(&event);
	}
	round_trip(&(struct event){.machine = "", .step = "", .text = ""});
}
END_TEST

START_TEST(output_keeps_every_byte)
{
	char text[EVENT_OUTPUT_MAX];

	/* The longest form in JSON: six characters for each. */
	memset(text, 1, sizeof(text));
	round_trip(&(struct event){.kind = EVENT_OUTPUT,
	        .machine = "m",
	        .step = "",
	        .text = text,
	        .text_n = sizeof(text)});
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)i;
	round_trip(&(struct event){.kind = EVENT_OUTPUT,
	        .machine = "m",
	        .step = "",
	        .text = text,
	        .text_n = sizeof(text)});
}
END_TEST

START_TEST(the_format)
{
	AUTO_STR line = {0};
	struct event event = {.kind = EVENT_STEP_END,
	        .t_ns = 5,
	        .machine = "web@kvm",
	        .step = "kvm.start",
	        .text = "done",
	        .phase = PHASE_INIT,
	        .duration_ns = 7};

	event_write(&event, &line);
	ck_assert_str_eq(line.buf,
	        "{\"event\":\"step-end\",\"t_ns\":5,\"machine\":\"web@kvm\","
	        "\"step\":\"kvm.start\",\"duration_ns\":7,\"phase\":\"init\","
	        "\"text\":\"done\"}");
}
END_TEST

START_TEST(what_is_no_event)
{
	static const struct {
		const char *line, *message;
	} rows[] = {
	        {"[]", "not an event: no object"},
	        {"{}", "unknown event ''"},
	        {"{\"event\":1}", "unknown event ''"},
	        {"{\"event\":\"boom\"}", "unknown event 'boom'"},
	        {"{\"event\":\"note\",\"phase\":\"lunch\"}", "unknown phase 'lunch'"},
	};
	struct event event;
	struct event_text holder;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ck_fails(event_read(rows[i].line, strlen(rows[i].line), &event, &holder, &err),
		        ERR_FAILED, rows[i].message);
	ck_assert_int_eq(event_read("{\"eve", 5, &event, &holder, &err), -1);
	ck_has(err.message, "not an event: ");
}
END_TEST

struct count {
	struct event_sink sink;
	struct str text;
	size_t n, longest;
	int64_t t_ns;
};

static void count(struct event_sink *sink, const struct event *event)
{
	struct count *self = (struct count *)sink;

	str_addn(&self->text, event->text, event->text_n);
	self->n++;
	self->longest = event->text_n > self->longest ? event->text_n : self->longest;
	self->t_ns = event->t_ns;
}

START_TEST(long_output_arrives_in_parts)
{
	enum { BYTES = 100001 };
	AUTO_FREE char *text = xmalloc(BYTES);
	struct count sink = {.sink.emit = count};
	struct event event = {.kind = EVENT_OUTPUT, .text = text, .text_n = BYTES};

	for (size_t i = 0; i + 2 < BYTES; i += 3)
		memcpy(text + i, "\342\202\254", 3); /* no character is cut */
	memcpy(text + BYTES - 2, "\303\251", 2);
	event_emit(&sink.sink, &event);
	ck_assert_uint_eq(sink.n, BYTES / EVENT_OUTPUT_MAX + 1);
	ck_assert_uint_eq(sink.longest, EVENT_OUTPUT_MAX - EVENT_OUTPUT_MAX % 3);
	ck_assert_uint_eq(sink.text.len, BYTES);
	ck_assert_mem_eq(sink.text.buf, text, BYTES);
	str_clear(&sink.text);
	/* Bytes that are no text are cut anywhere. */
	memset(text, 0x80, BYTES);
	event_emit(&sink.sink, &event);
	ck_assert_uint_eq(sink.text.len, BYTES);
	ck_assert_uint_eq(sink.longest, EVENT_OUTPUT_MAX);
	str_clear(&sink.text);
}
END_TEST

START_TEST(emit_fills_the_times)
{
	struct count sink = {.sink.emit = count};
	struct event event = {.kind = EVENT_NOTE, .text = ""};
	int64_t before = clock_mono_ns();

	event_emit(&sink.sink, &event);
	ck_assert_int_ge(sink.t_ns, before);
	ck_assert_int_gt(event.wall_ns, 1600000000000000000);
	event.t_ns = 5;
	event_emit(&sink.sink, &event);
	ck_assert_int_eq(sink.t_ns, 5);
	event_emit(NULL, &event);
	ck_assert_uint_eq(sink.n, 2);
	str_clear(&sink.text);
}
END_TEST

START_TEST(lines_through_a_pipe)
{
	int fds[2];
	char buf[4096];

	ck_assert_int_eq(pipe(fds), 0);
	struct event_sink *sink = event_sink_fd(fds[1]);
	event_emit(sink, &(struct event){.kind = EVENT_NOTE, .machine = "m", .text = "1"});
	event_emit(sink, &(struct event){.kind = EVENT_NOTE, .machine = "m", .text = "2"});
	sink->close(sink);
	ck_assert_int_eq(write(fds[1], "", 0), 0); /* still open */
	close(fds[1]);
	ssize_t n = read(fds[0], buf, sizeof(buf) - 1);
	ck_assert_int_gt(n, 0);
	buf[n] = '\0';
	char *second = strchr(buf, '\n') + 1;
	ck_assert(str_starts(buf, "{\"event\":\"note\"") &&
	        str_starts(second, "{\"event\":\"note\""));
	ck_has(second, "\"text\":\"2\"}\n");
	close(fds[0]);
}
END_TEST

START_TEST(names_are_there)
{
	for (int i = 0; i < N_EVENT_KINDS; i++)
		ck_assert_ptr_nonnull(event_name((enum event_kind)i));
	for (int i = 0; i < N_PHASES; i++)
		ck_assert_ptr_nonnull(phase_name((enum phase)i));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {every_field_makes_the_trip, output_keeps_every_byte,
	        the_format, what_is_no_event, long_output_arrives_in_parts, emit_fills_the_times,
	        lines_through_a_pipe, names_are_there};

	return suite_run("event", tests, ARRAY_SIZE(tests), NULL, NULL);
}
