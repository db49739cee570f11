#include "compare/probes.h"

#include "base/fs.h"
#include "base/proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM        "prov-probe"
#define PROGRAM_INSIDE "/var/lib/prov-probe/prov-probe"
#define OUTPUT_MAX     65536
#define LIMIT_NS       120000000000 /* for one run; an emulated machine under load is slow */
#define IDLE_S         "120"

int probe_place_open(struct probe_place *place, const char *kind, struct transport *transport,
        const char *dir, struct err *err)
{
	AUTO_FREE char *program = module_file(PROGRAM);

	*place = (struct probe_place){.kind = xstrdup(kind), .transport = transport};
	if (!fs_exists(program)) {
		err_set(err, ERR_HOST, "there is no '%s'", program);
		return err_hint(err, "build prov again with make, or install it again");
	}
	if (!transport) {
		place->program = STEAL(program);
		place->dir = xstrdup(dir ? dir : ".");
		return 0;
	}
	struct transport_file file = {
	        .source = program, .destination = PROGRAM_INSIDE, .mode = 0755};
	if (transport->ops->put(transport, &file, err) < 0)
		return err_wrap(err, "put the probe into the machine");
	place->program = xstrdup(PROGRAM_INSIDE);
	place->dir = dir ? xstrdup(dir)
	                 : xstrndup(PROGRAM_INSIDE, sizeof(PROGRAM_INSIDE) - sizeof(PROGRAM) - 1);
	return 0;
}

int probe_place_close(struct probe_place *place, struct err *err)
{
	AUTO_STR out = {0};
	int rc = 0, status = 0;

	/* By itself: a machine need not have an rm. */
	if (place->transport && place->program) {
		place->stop = NULL;
		rc = probe_place_run(
		        place, (const char *const[]){"remove", NULL}, &out, &status, err);
		if (rc == 0 && status != 0)
			rc = err_set(err, ERR_FAILED,
			        "the probe could not remove itself (status %d)", status);
	}
	free(place->kind);
	free(place->program);
	free(place->dir);
	*place = (struct probe_place){0};
	return rc;
}

struct caught {
	struct str *out;
	bool too_much;
};

static void on_output(void *ctx, int stream, const char *data, size_t n)
{
	struct caught *caught = ctx;
	size_t left = OUTPUT_MAX - caught->out->len;

	if (stream != 1)
		return;
	caught->too_much |= n > left;
	str_addn(caught->out, data, n > left ? left : n);
}

static int run_here(const struct probe_place *place, const char *const *argv, struct caught *caught,
        int *status, struct err *err)
{
	struct proc_cmd cmd = {.argv = argv,
	        .in_fd = -1,
	        .out_fd = -1,
	        .err_fd = -1,
	        .output = on_output,
	        .ctx = caught,
	        .timeout_ns = LIMIT_NS,
	        .stop = place->stop};

	return proc_run(&cmd, status, err);
}

static int run_there(const struct probe_place *place, const char *const *argv,
        struct caught *caught, int *status, struct err *err)
{
	struct transport_cmd cmd = {.argv = argv,
	        .cwd = "/",
	        .in_fd = -1,
	        .out_fd = -1,
	        .err_fd = -1,
	        .output = on_output,
	        .ctx = caught,
	        .timeout_ns = LIMIT_NS,
	        .stop = place->stop};

	return place->transport->ops->run(place->transport, &cmd, status, err);
}

int probe_place_run(const struct probe_place *place, const char *const *words, struct str *out,
        int *status, struct err *err)
{
	AUTO_STRV argv = {0};
	struct caught caught = {.out = out};

	str_reset(out);
	strv_add(&argv, place->program);
	for (; *words; words++)
		strv_add(&argv, *words);
	const char *const *v = (const char *const *)argv.v;
	if ((place->transport ? run_there : run_here)(place, v, &caught, status, err) < 0)
		return -1;
	if (caught.too_much)
		return err_set(err, ERR_FAILED, "the probe wrote more than %d bytes", OUTPUT_MAX);
	return 0;
}

/* --- the server --- */

int probe_serve(const struct probe_place *place, const char *address, int *port, struct err *err)
{
	AUTO_STR out = {0};
	int status = -1, found = 0, end = 0;

	if (probe_place_run(place, (const char *const[]){"serve", address, "0", IDLE_S, NULL}, &out,
	            &status, err) < 0)
		return -1;
	if (status != 0 || sscanf(str_text(&out), "SERVE %5d%n", &found, &end) != 1 || found < 1 ||
	        found > 65535 || strcmp(str_text(&out) + end, "\n") != 0) {
		AUTO_STR shown = {0};
		str_add_escaped(&shown, str_text(&out), out.len < 200 ? out.len : 200);
		return err_set(err, ERR_FAILED, "the probe's server at %s does not start: %s",
		        address, str_text(&shown));
	}
	*port = found;
	return 0;
}

int probe_quit(const struct probe_place *place, const char *address, int port, struct err *err)
{
	AUTO_FREE char *number = xasprintf("%d", port);
	AUTO_STR out = {0};
	int status = -1;

	if (probe_place_run(place, (const char *const[]){"quit", address, number, NULL}, &out,
	            &status, err) < 0)
		return -1;
	if (status != 0)
		return err_set(err, ERR_FAILED, "the probe's server at %s:%d does not answer",
		        address, port);
	return 0;
}
