/* A machine whose verbs are killed at any point: what each suite of crashes begins with, and what
 * must hold after each of its runs. */
#pragma once

#include "tests/fake/check_util.h"
#include "tests/fake/rig.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define WEB "web@container"

static struct rig rig;
static struct err err;
static bool changed;
static char *root;

/* Counts points; at the one numbered `at` the process is gone. */
struct killer {
	struct run_hooks hooks;
	long at, seen; /* at -1: never */
};

static inline void reach(void *ctx, const char *where, const char *step)
{
	struct killer *killer = ctx;

	(void)where;
	(void)step;
	if (killer->seen++ == killer->at)
		kill(getpid(), SIGKILL);
}

static inline int apply_nothing(struct run *run, struct err *e)
{
	run_output(run, 1, "hello\n", 6);
	(void)e;
	return 0;
}

static inline void set_up(void)
{
	/* Memory is enough: a kill does not ask the disk, and thousands of runs would. */
	if (access("/dev/shm", W_OK) == 0 && !getenv("TMPDIR"))
		setenv("TMPDIR", "/dev/shm", 1);
	root = tmp_begin();
	rig_begin(&rig, root);
	rig_add_step(&rig,
	        &(struct step){.name = "provision:a",
	                .phase = PHASE_PROVISION,
	                .stale = CHANGE_MANUAL,
	                .apply = apply_nothing});
}

static inline void tear_down(void)
{
	rig_end(&rig);
	free(root);
}

/* A tree of small files in memory: restoring it is faster than making it again. */
struct snapshot {
	struct strv paths; /* folders end with a slash */
	struct str *texts;
};

static inline void take(struct snapshot *s, const char *folder)
{
	AUTO_STRV names = {0};

	ck_ok(fs_list(folder, &names, &err));
	for (size_t i = 0; i < names.n; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", folder, names.v[i]);
		bool is_dir = fs_is_dir(path);
		strv_addf(&s->paths, "%s%s", path, is_dir ? "/" : "");
		s->texts = xrealloc(s->texts, s->paths.n, sizeof(*s->texts));
		s->texts[s->paths.n - 1] = (struct str){0};
		if (is_dir)
			take(s, path);
		else
			ck_ok(fs_read(path, 1 << 20, &s->texts[s->paths.n - 1], &err));
	}
}

static inline void write_file(const char *path, const char *bytes, size_t n)
{
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

static inline void restore(const struct snapshot *s)
{
	AUTO_STRV names = {0};

	ck_ok(fs_list(root, &names, &err));
	for (size_t i = 0; i < names.n; i++) {
		AUTO_FREE char *path = xasprintf("%s/%s", root, names.v[i]);
		ck_ok(fs_remove_tree(path, &err));
	}
	for (size_t i = 0; i < s->paths.n; i++) {
		if (str_ends(s->paths.v[i], "/"))
			ck_ok(fs_mkdirs(s->paths.v[i], 0755, &err));
		else
			write_file(s->paths.v[i], str_text(&s->texts[i]), s->texts[i].len);
	}
}

static inline void snapshot_clear(struct snapshot *s)
{
	for (size_t i = 0; i < s->paths.n; i++)
		str_clear(&s->texts[i]);
	free(s->texts);
	strv_clear(&s->paths);
}

static inline void check_world(const char *where, long at)
{
	const struct {
		const char *effect;
		char *text;
	} expected[] = {
	        {"folder", xstrdup(rig.spec.box.digest)},
	        {"disk", xstrdup(rig.spec.box.digest)},
	        {"disk.size", xstrdup("4096")},
	        {"define", xasprintf("%d", (int)rig.spec.memory_bytes)},
	        {"limits", xstrdup("1.000")},
	        {"network", xstrdup("")},
	        {"start", NULL},
	        {"answer", xstrdup("answers")},
	};

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		AUTO_FREE char *found = fake_effect(WEB, expected[i].effect);
		ck_assert_msg(found != NULL, "%s %ld: no '%s'", where, at, expected[i].effect);
		ck_assert_msg(!expected[i].text || str_eq(found, expected[i].text),
		        "%s %ld: '%s' is '%s'", where, at, expected[i].effect, found);
		free(expected[i].text);
	}
}

static inline void up_finishes(const struct up_options *options, const char *where, long at)
{
	err_clear(&err);
	int rc = rig_up(&rig, options, &changed, &err);
	ck_assert_msg(rc == 0, "%s %ld: up: %s", where, at, err.message);
	check_world(where, at);
	ck_ok(rig_up(&rig, options, &changed, &err));
	ck_assert_msg(!changed, "%s %ld: a second up changes something", where, at);
}

static inline void destroy_leaves_nothing(const char *where, long at)
{
	err_clear(&err);
	int rc = rig_destroy(&rig, &err);
	ck_assert_msg(rc == 0, "%s %ld: destroy: %s", where, at, err.message);
	ck_assert_msg(fake_empty(), "%s %ld: something stands after destroy", where, at);
	ck_assert_msg(!fs_exists(rig.names.dir), "%s %ld: the folder stands", where, at);
}

/* Runs the verb in a child that dies at the point; returns the points met if it did not. */
static inline long run_killed(int (*verb)(void), long at)
{
	struct killer killer = {.at = at};
	int status, pipe_fds[2];
	long seen = -1;

	ck_assert_int_eq(pipe(pipe_fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		killer.hooks = (struct run_hooks){reach, &killer};
		rig.runner.hooks = &killer.hooks;
		int rc = verb();
		reach(&killer, "at the end", "");
		if (write(pipe_fds[1], &killer.seen, sizeof(killer.seen)) < 0)
			_exit(2);
		_exit(rc != 0);
	}
	close(pipe_fds[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (at < 0) {
		ck_assert_int_eq(read(pipe_fds[0], &seen, sizeof(seen)), sizeof(seen));
		ck_assert_int_eq(status, 0);
	} else {
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	close(pipe_fds[0]);
	return seen;
}

static const struct up_options *options;

static inline int verb_up(void)
{
	return rig_up(&rig, options, &changed, &err);
}
