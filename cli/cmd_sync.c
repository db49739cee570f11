/* sync: what has changed on the host into the machines' copies of its folders, once or for as long
 * as it is watched. */
#include "cli/look.h"

#include "provisioners/folders.h"

#include <stdio.h>
#include <stdlib.h>

#define CONNECT_NS INT64_C(30000000000)

struct target {
	const struct looked_at *m;
	struct transport *transport;
};

struct sync {
	struct cli *cli;
	struct look look;
	struct target *v; /* machines that have copies */
	size_t n;
};

static bool has_copies(const struct machine_spec *spec)
{
	for (size_t i = 0; i < spec->n_folders; i++)
		if (folder_is_copied(&spec->folders[i]))
			return true;
	return false;
}

static int sync_folder(const struct sync *s, const struct target *t, const struct folder_use *f,
        bool quiet, struct err *err)
{
	const struct folder_copy copy = {.spec = t->m->access.spec,
	        .names = t->m->access.names,
	        .folder = f,
	        .transport = t->transport,
	        .stop = s->cli->stop};
	struct folder_copied done;

	if (folder_copy(&copy, &done, err) < 0)
		return err_wrap(err, "%s", copy.spec->selector);
	if (!quiet || done.sent || done.deleted)
		fprintf(stderr, "%s: %s: %zu sent, %zu deleted\n", copy.spec->selector, f->guest,
		        done.sent, done.deleted);
	return 0;
}

static int sync_all(const struct sync *s, bool quiet, struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct machine_spec *spec = s->v[i].m->access.spec;
		for (size_t k = 0; k < spec->n_folders; k++)
			if (folder_is_copied(&spec->folders[k]) &&
			        sync_folder(s, &s->v[i], &spec->folders[k], quiet, err) < 0)
				return -1;
	}
	return 0;
}

static int open_targets(struct sync *s, struct err *err)
{
	s->v = xcalloc(s->look.n + 1, sizeof(*s->v));
	for (size_t i = 0; i < s->look.n; i++) {
		const struct looked_at *m = &s->look.v[i];
		if (look_running(m, false, err) < 0) {
			if (s->cli->operands.n)
				return -1;
			continue;
		}
		if (!has_copies(m->access.spec)) {
			fprintf(stderr,
			        "%s: nothing to do: it has no folders of type rsync; what is "
			        "mounted is the host's own\n",
			        m->access.spec->selector);
			continue;
		}
		struct target *t = &s->v[s->n];
		t->m = m;
		if (m->access.provider->connect(
		            m->access.session, CONNECT_NS, s->cli->stop, &t->transport, err) < 0)
			return -1;
		s->n++;
	}
	return 0;
}

static int watch_all(const struct sync *s, struct folder_watch *watch, struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct machine_spec *spec = s->v[i].m->access.spec;
		for (size_t k = 0; k < spec->n_folders; k++)
			if (folder_is_copied(&spec->folders[k]) &&
			        folder_watch_add(watch, spec, &spec->folders[k], err) < 0)
				return -1;
	}
	return 0;
}

/* Watched before it is looked at: what changes in between is an event. */
static int follow(const struct sync *s, struct err *err)
{
	struct folder_watch watch = {.fd = -1};
	bool quiet = false;
	int rc = folder_watch_open(&watch, err);

	while (rc == 0) {
		rc = watch_all(s, &watch, err);
		if (rc == 0)
			rc = sync_all(s, quiet, err);
		if (rc == 0 && !quiet)
			fprintf(stderr, "watching for changes; Ctrl-C ends it\n");
		quiet = true;
		if (rc < 0)
			break;
		int again = folder_watch_wait(&watch, s->cli->stop, err);
		if (again <= 0) {
			rc = again;
			break;
		}
	}
	util_close_fd(&watch.fd);
	return rc;
}

static void close_all(struct sync *s)
{
	for (size_t i = 0; i < s->n; i++)
		s->v[i].transport->ops->close(s->v[i].transport);
	free(s->v);
	look_close(&s->look);
}

static int run(struct cli *cli)
{
	struct sync s = {.cli = cli};
	struct err err = {0};
	int code = look_open(cli, &s.look);

	if (code == 0) {
		int rc = open_targets(&s, &err);
		if (rc == 0 && s.n)
			rc = cli_has(cli, "watch") ? follow(&s, &err) : sync_all(&s, false, &err);
		code = rc < 0 ? cli_fail(cli, &err) : 0;
	}
	close_all(&s);
	return code;
}

static const struct option_row options[] = {
        {'w', "watch", NULL, "go on, and copy whatever changes, until Ctrl-C"},
};

const struct command cmd_sync = {
        .name = "sync",
        .usage = "[MACHINE…] [--watch]",
        .summary = "copy what has changed in synced folders of type rsync",
        .options = options,
        .n_options = ARRAY_SIZE(options),
        .run = run,
};
