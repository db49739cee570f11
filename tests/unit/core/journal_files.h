/* A journal in a folder of its own, for the suites of the journal. */
#pragma once

#include "core/journal.h"
#include "core/journal_internal.h"
#include "tests/fake/check_util.h"

static struct err err;
static char *root, *path;
static struct journal *j;
static struct journal_state state;

static inline void set_up(void)
{
	root = tmp_begin();
	path = xasprintf("%s/a/b/journal", root);
	ck_ok(journal_open(path, &j, &err));
}

static inline void tear_down(void)
{
	journal_close(j);
	journal_state_clear(&state);
	free(path);
	tmp_end(root);
}

static inline void reread(void)
{
	journal_state_clear(&state);
	ck_ok(journal_read(path, &state, &err));
}

static inline void reopen(void)
{
	journal_close(j);
	j = NULL;
	ck_ok(journal_open(path, &j, &err));
}

static inline void write_some(void)
{
	ck_ok(journal_header(j, "machine", "kvm", "{\"name\":\"web\"}", &err));
	ck_ok(journal_begun(j, "kvm.disk", &err));
	ck_ok(journal_done(j, "kvm.disk", "d1g3st", false, &err));
	ck_ok(journal_begun(j, "kvm.start", &err));
	ck_ok(journal_set(j, "pid", "4711", &err));
	ck_ok(journal_done(j, "kvm.start", "", true, &err));
}

static inline void check_same(const struct journal_state *a, const struct journal_state *b)
{
	ck_assert_pstr_eq(a->kind, b->kind);
	ck_assert_pstr_eq(a->provider, b->provider);
	ck_assert_pstr_eq(a->spec, b->spec);
	ck_assert_pstr_eq(a->boot_id, b->boot_id);
	ck_assert_pstr_eq(a->failed_step, b->failed_step);
	ck_assert_pstr_eq(a->failed_message, b->failed_message);
	ck_assert_int_eq(a->failed_code, b->failed_code);
	ck_assert_uint_eq(a->n_steps, b->n_steps);
	for (size_t i = 0; i < a->n_steps; i++) {
		ck_assert_str_eq(a->steps[i].name, b->steps[i].name);
		ck_assert_str_eq(a->steps[i].digest, b->steps[i].digest);
		ck_assert_str_eq(a->steps[i].boot_id, b->steps[i].boot_id);
		ck_assert_int_eq(a->steps[i].state, b->steps[i].state);
		ck_assert_int_eq(a->steps[i].is_volatile, b->steps[i].is_volatile);
		ck_assert_int_eq(a->steps[i].begun_ns, b->steps[i].begun_ns);
		ck_assert_int_eq(a->steps[i].done_ns, b->steps[i].done_ns);
	}
	ck_assert_uint_eq(a->n_facts, b->n_facts);
	for (size_t i = 0; i < a->n_facts; i++) {
		ck_assert_str_eq(a->facts[i].key, b->facts[i].key);
		ck_assert_str_eq(a->facts[i].value, b->facts[i].value);
	}
}
