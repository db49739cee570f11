/* A prov.yaml written into a folder of its own and loaded, for the suites of lab/. */
#pragma once

#include "base/fs.h"
#include "lab/file/config.h"
#include "tests/fake/check_util.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOAD_HEAD "prov: 1\nlab: shop\n"

struct loaded {
	char folder[64];
	struct lab_decl lab;
	struct problems problems;
	struct err err;
	int rc;
};

static inline void load_begin(struct loaded *l)
{
	memset(l, 0, sizeof(*l));
	snprintf(l->folder, sizeof(l->folder), "/tmp/prov-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(l->folder));
}

static inline void load_file(struct loaded *l, const char *name, const char *bytes, size_t n)
{
	AUTO_FREE char *path = xasprintf("%s/%s", l->folder, name);

	ck_assert_msg(fs_replace(path, bytes, n, 0644, &l->err) == 0, "%s", l->err.message);
}

static inline void load_now(struct loaded *l, const char *provider)
{
	struct config_options options = {.provider = provider};
	AUTO_FREE char *path = xasprintf("%s/prov.yaml", l->folder);

	memset(&l->err, 0, sizeof(l->err));
	l->rc = config_load(path, &options, &l->lab, &l->problems, &l->err);
}

static inline void load_end(struct loaded *l)
{
	struct err err = {0};

	lab_decl_clear(&l->lab);
	problems_clear(&l->problems);
	ck_assert_msg(fs_remove_tree(l->folder, &err) == 0, "%s", err.message);
}

/* One line a problem: "LINE:COLUMN: TEXT | HINT". The caller frees. */
static inline char *load_problems(const struct loaded *l)
{
	struct str out = {0};

	for (size_t i = 0; i < l->problems.n; i++) {
		const struct problem *p = &l->problems.rows[i];
		str_addf(&out, "%s%d:%d: %s%s%s", i ? "\n" : "", p->line, p->column, p->text,
		        p->hint ? " | " : "", p->hint ? p->hint : "");
	}
	return str_steal(&out);
}

/* Loads text beside a file "script.sh" and fails the test with the problems if there are any. */
static inline void load_good(struct loaded *l, const char *text, const char *provider)
{
	load_begin(l);
	load_file(l, "prov.yaml", text, strlen(text));
	load_file(l, "script.sh", "#!/bin/sh\n", 10);
	load_now(l, provider);
	AUTO_FREE char *problems = load_problems(l);
	ck_assert_msg(l->rc == 0 && l->problems.n == 0, "%s %s", l->err.message, problems);
}

static inline const struct machine_spec *load_machine(const struct loaded *l, const char *selector)
{
	for (size_t i = 0; i < l->lab.n; i++)
		if (str_eq(l->lab.machines[i].selector, selector))
			return &l->lab.machines[i];
	ck_abort_msg("there is no %s", selector);
}

/* The texts with a space between them. */
static inline void load_expect(const struct strv *list, const char *joined)
{
	AUTO_STR out = {0};

	for (size_t i = 0; i < list->n; i++)
		str_addf(&out, "%s%s", i ? " " : "", list->v[i]);
	ck_assert_str_eq(str_text(&out), joined);
}
