/* The spec survives the journal byte by byte, and a spec it cannot read is refused by the field's
 * name. */
#include "core/spec_changes.h"
#include "tests/fake/check_util.h"

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static void add_item(struct machine_spec *s, const struct provision_item *item)
{
	s->provision = xrealloc(s->provision, s->n_provision + 1, sizeof(*item));
	s->provision[s->n_provision++] = *item;
}

/* Every field gets a value that is not its default. */
static void fill(struct machine_spec *s)
{
	struct provision_item item;
	char **texts[] = {&s->lab, &s->lab_id, &s->domain, &s->project, &s->name, &s->provider,
	        &s->selector, &s->hostname, &s->alias, &s->box.name, &s->box.digest, &s->box.rootfs,
	        &s->box.disk, &s->box.kernel, &s->box.initrd, &s->box.cmdline, &s->box.user,
	        &s->user, &s->ready.text, &s->container.init, &s->kvm.accelerator, &s->kvm.uri};

	spec_init(s);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		free(*texts[i]);
		*texts[i] = xasprintf("text %zu", i);
	}
	s->index = 2, s->count = 3;
	s->cpus = 0.1, s->memory_bytes = INT64_MAX, s->disk_bytes = 1;
	strv_add(&s->env, "A=1\n2\t\x01 \"q\" \\ $HOME");
	strv_add(&s->env, "B=");
	strv_add(&s->depends_on, "db@kvm");
	strv_add(&s->hosts, "10.0.0.1 db");
	strv_add(&s->container.command, "sleep");
	s->autostart = false;
	s->network_mode = NET_HOST;
	s->ready.type = READY_LOG, s->ready.port = 80, s->ready.successes = 7;
	s->ready.timeout_ns = 5, s->ready.interval_ns = 6;
	s->container.pids = 9, s->container.stop_signal = SIGINT, s->container.stop_timeout_ns = 8;
	s->kvm.boot_timeout_ns = 10, s->kvm.stop_timeout_ns = 11;
	s->nics = xcalloc(1, sizeof(*s->nics));
	s->n_nics = 1;
	s->nics[0] = (struct nic){.network = xstrdup("n"),
	        .libvirt = xstrdup("l"),
	        .mac = xstrdup("m"),
	        .address = xstrdup("a"),
	        .prefix = 24,
	        .gateway = xstrdup("g"),
	        .dns = xstrdup("d"),
	        .default_route = true};
	provision_item_init(&item);
	item.script = xstrdup("#!/bin/sh\necho h\xc3\xa9\n");
	item.run = RUN_ALWAYS, item.timeout_ns = 12;
	item.name = xstrdup("n"), item.user = xstrdup("");
	strv_add(&item.env, "K=V");
	strv_add(&item.args, "");
	strv_add(&item.vars, "V=1");
	add_item(s, &item);
	provision_item_init(&item);
	item.type = PROVISION_FILE, item.mode = 0644;
	item.path = xstrdup("p"), item.source = xstrdup("s");
	item.destination = xstrdup("d"), item.owner = xstrdup("o:g"),
	item.place = xstrdup("prov.yaml:7");
	add_item(s, &item);
}

START_TEST(names_for_dns)
{
	struct machine_spec spec;

	spec_init(&spec);
	spec.hostname = xstrdup("web-kvm");
	spec.domain = xstrdup("shop.test");
	AUTO_FREE char *both = spec_host_names(&spec, "web");
	AUTO_FREE char *one = spec_host_names(&spec, NULL);
	ck_assert_str_eq(both, "web-kvm.shop.test web-kvm web.shop.test web");
	ck_assert_str_eq(one, "web-kvm.shop.test web-kvm");
	spec_clear(&spec);
}
END_TEST

START_TEST(every_field_survives)
{
	struct machine_spec a, b;
	AUTO_STR first = {0}, second = {0}, fresh = {0};
	struct err err = {0};

	fill(&a);
	spec_write(&a, &first);
	ck_assert_msg(spec_read(first.buf, &b, &err) == 0, "%s", err.message);
	spec_write(&b, &second);
	ck_assert_str_eq(first.buf, second.buf);
	ck_assert_str_eq(b.env.v[0], "A=1\n2\t\x01 \"q\" \\ $HOME");
	ck_assert_str_eq(b.env.v[1], "B=");
	ck_assert_double_eq(b.cpus, 0.1);
	ck_assert(b.memory_bytes == INT64_MAX && !b.autostart && b.network_mode == NET_HOST);
	ck_assert_int_eq(b.n_provision, 2);
	ck_assert_str_eq(b.provision[0].user, "");
	ck_assert_str_eq(b.provision[0].args.v[0], "");
	ck_assert_int_eq(b.provision[0].mode, -1);
	ck_assert_int_eq(b.provision[1].mode, 0644);
	ck_assert_ptr_null(b.provision[1].script);
	ck_assert(b.nics[0].default_route && b.nics[0].prefix == 24);
	spec_clear(&b);
	spec_init(&b);
	spec_write(&b, &fresh);
	ck_assert_str_ne(first.buf, fresh.buf);
	spec_clear(&a);
	spec_clear(&b);
}
END_TEST

START_TEST(a_copy_is_equal_and_its_own)
{
	struct machine_spec a, b;
	AUTO_STR first = {0}, second = {0};

	fill(&a);
	spec_write(&a, &first);
	spec_copy(&b, &a);
	spec_clear(&a);
	spec_write(&b, &second);
	ck_assert_str_eq(first.buf, second.buf);
	spec_clear(&b);
	spec_init(&a);
	a.provision = xcalloc(4, sizeof(*a.provision)); /* room, but nothing in it */
	spec_copy(&b, &a);
	ck_assert_ptr_ne(a.provision, b.provision);
	spec_clear(&a);
	spec_clear(&b);
}
END_TEST

START_TEST(defaults)
{
	struct machine_spec s;

	spec_init(&s);
	ck_assert(s.index == 1 && s.count == 0 && s.autostart && s.cpus == 1);
	ck_assert(s.memory_bytes == 512 << 20 && s.disk_bytes == 0);
	ck_assert(s.ready.type == READY_NONE && s.ready.timeout_ns == 60000000000);
	ck_assert(s.ready.interval_ns == 1000000000 && s.ready.successes == 1);
	ck_assert_str_eq(s.container.init, "auto");
	ck_assert(s.container.pids == 1024 && s.container.stop_signal == 0);
	ck_assert(s.container.stop_timeout_ns == 10000000000);
	ck_assert_str_eq(s.kvm.accelerator, "auto");
	ck_assert_str_eq(s.kvm.uri, "qemu:///system");
	ck_assert(s.kvm.boot_timeout_ns == 300000000000 && s.kvm.stop_timeout_ns == 60000000000);
	spec_clear(&s);
}
END_TEST

START_TEST(text_that_is_not_utf8_survives)
{
	struct machine_spec a, b;
	AUTO_STR json = {0};
	struct err err = {0};

	spec_init(&a);
	a.project = xstrdup("/home/caf\xe9/\xff");
	strv_add(&a.env, "X=\xfe\n");
	spec_write(&a, &json);
	ck_assert_msg(spec_read(json.buf, &b, &err) == 0, "%s", err.message);
	ck_assert_str_eq(b.project, a.project);
	ck_assert_str_eq(b.env.v[0], "X=\xfe\n");
	spec_clear(&a);
	spec_clear(&b);
}
END_TEST

START_TEST(absent_fields_keep_their_defaults)
{
	struct machine_spec s;
	struct err err = {0};

	ck_assert_msg(
	        spec_read("{\"name\":\"web\",\"of_tomorrow\":1,\"container\":{}}", &s, &err) == 0,
	        "%s", err.message);
	ck_assert_str_eq(s.name, "web");
	ck_assert(s.container.pids == 1024 && s.memory_bytes == 512 << 20);
	spec_clear(&s);
}
END_TEST

static const struct {
	const char *json, *message;
} wrong[] = {
        {"[]", "read a machine's spec: it is not an object"},
        {"{\"name\":1}", "read a machine's spec: 'name' has an unexpected value"},
        {"{\"name\":{\"hex\":\"f\"}}", "read a machine's spec: 'name' has an unexpected value"},
        {"{\"index\":3000000000}", "read a machine's spec: 'index' has an unexpected value"},
        {"{\"autostart\":\"yes\"}", "read a machine's spec: 'autostart' has an unexpected value"},
        {"{\"network_mode\":\"x\"}",
                "read a machine's spec: 'network_mode' has an unexpected value"},
        {"{\"env\":[\"a\",2]}", "read a machine's spec: 'env' has an unexpected value"},
        {"{\"kvm\":{\"uri\":[]}}", "read a machine's spec: 'kvm': 'uri' has an unexpected value"},
        {"{\"provision\":[{},{\"run\":\"never\"},{\"run\":\"x\"}]}",
                "read a machine's spec: 'provision': 'run' has an unexpected value"},
        {"{\"nics\":[7]}", "read a machine's spec: 'nics': it is not an object"},
};

START_TEST(a_wrong_spec_is_refused_by_name)
{
	struct machine_spec s = {.index = 77};
	struct err err = {0};

	ck_assert_int_eq(spec_read(wrong[_i].json, &s, &err), -1);
	ck_assert_str_eq(err.message, wrong[_i].message);
	ck_assert_int_eq(s.index, 77); /* untouched */
}
END_TEST

START_TEST(a_torn_spec_is_refused)
{
	struct machine_spec a, b;
	AUTO_STR json = {0};
	struct err err = {0};

	fill(&a);
	spec_write(&a, &json);
	for (size_t n = json.len - 1; n < json.len; n--) {
		json.buf[n] = '\0';
		ck_assert_int_eq(spec_read(json.buf, &b, &err), -1);
		ck_assert(str_starts(err.message, "read a machine's spec: "));
	}
	spec_clear(&a);
}
END_TEST

START_TEST(changes_are_told_with_both_values)
{
	struct machine_spec was, is;
	AUTO_STR text = {0};

	spec_init(&was);
	spec_init(&is);
	was.box.name = xstrdup("tiny"), is.box.name = xstrdup("tiny");
	was.memory_bytes = INT64_C(512) << 20, is.memory_bytes = INT64_C(300) << 20;
	was.cpus = is.cpus = 1.5;
	spec_add_nic(&was, "lan");
	spec_add_nic(&is, "lan");
	spec_changes(&was, &was, &text);
	ck_assert_str_eq(str_text(&text), "");
	spec_add_nic(&is, "back");
	is.cpuset = xstrdup("0-1");
	spec_changes(&was, &is, &text);
	ck_assert_str_eq(str_text(&text),
	        "memory 512.0 MiB -> 300.0 MiB, cpuset none -> 0-1, networks lan -> lan back");
	spec_clear(&was);
	spec_init(&was);
	was.network_mode = NET_HOST;
	str_reset(&text);
	spec_changes(&was, &is, &text);
	ck_has(str_text(&text), "networks host -> lan back");
	spec_clear(&was);
	spec_clear(&is);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spec");
	TCase *tc = tcase_create("spec");

	tcase_add_test(tc, names_for_dns);
	tcase_add_test(tc, every_field_survives);
	tcase_add_test(tc, a_copy_is_equal_and_its_own);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, text_that_is_not_utf8_survives);
	tcase_add_test(tc, absent_fields_keep_their_defaults);
	tcase_add_loop_test(tc, a_wrong_spec_is_refused_by_name, 0, ARRAY_SIZE(wrong));
	tcase_add_test(tc, a_torn_spec_is_refused);
	tcase_add_test(tc, changes_are_told_with_both_values);
	suite_add_tcase(suite, tc);
	return suite_finish(suite);
}
