/* A script: copied into the machine, run there with an empty standard input, and removed again. */
#include "provisioners/internal.h"

#include "base/io.h"
#include "base/proc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define CLEAN_TIMEOUT_NS (30 * INT64_C(1000000000))
#define HEAD_BYTES       256
#define MARK             "PROV_SCRIPT" /* in the environment of whatever a script starts */

struct script {
	char *host;   /* where its bytes are here */
	bool is_temp; /* and whether it goes again */
	char *inside; /* and in the machine */
	char head[HEAD_BYTES + 1];
};

/* The first bytes say who reads the rest. */
static int read_head(struct script *script, struct err *err)
{
	AUTO_FD int fd = open(script->host, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : io_read_full(fd, script->head, HEAD_BYTES);

	if (n < 0)
		return err_sys(err, "read '%s'", script->host);
	script->head[n] = '\0';
	char *end = strchr(script->head, '\n');
	if (str_starts(script->head, "#!") && end && end[-1] == '\r') {
		err_set(err, ERR_CONFIG,
		        "its first line ends as on Windows (CR LF), so that no "
		        "interpreter is found");
		return err_hint(err, "save it with Unix line ends");
	}
	return 0;
}

/* The machine's folder stands, and goes with the machine should this process be killed here. */
static int write_inline(
        const struct run *run, const char *text, struct script *script, struct err *err)
{
	script->host = xasprintf("%s/script.XXXXXX", run->names->dir);
	AUTO_FD int fd = mkostemp(script->host, O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "create '%s'", script->host);
	script->is_temp = true;
	return io_write_all(fd, text, strlen(text), err);
}

/* In /tmp, because /run is mounted without exec in many systems. The name cannot be guessed: others
 * in the machine may write there too. */
static int choose_name(struct script *script, struct err *err)
{
	uint64_t random[2];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_sys(err, "get random bytes");
	script->inside = xasprintf("/tmp/prov-%016" PRIx64 "%016" PRIx64, random[0], random[1]);
	return 0;
}

static int prepare(
        const struct run *run, struct transport *t, struct script *script, struct err *err)
{
	const struct provision_item *item = run->step->data;

	if (item->path)
		script->host = xstrdup(item->path);
	else if (write_inline(run, item->script ? item->script : "", script, err) < 0)
		return -1;
	if (read_head(script, err) < 0 || choose_name(script, err) < 0)
		return -1;
	const struct transport_file file = {.source = script->host,
	        .destination = script->inside,
	        .mode = 0700,
	        .owner = provision_item_user(run)};
	return t->ops->put(t, &file, err);
}

/* What the kernel can execute is executed; any other text is the shell's, inline text with -e. */
static void build_argv(
        const struct provision_item *item, const struct script *script, struct strv *argv)
{
	bool executable = str_starts(script->head, "#!") || str_starts(script->head, "\177ELF");

	if (!executable) {
		strv_add(argv, "/bin/sh");
		if (!item->path)
			strv_add(argv, "-e");
	}
	strv_add(argv, script->inside);
	for (size_t i = 0; i < item->args.n; i++)
		strv_add(argv, item->args.v[i]);
}

/* MARK=VALUE, the same for every run of this script in this machine. */
static void mark_of(const struct run *run, struct str *out)
{
	struct digest digest;
	char hex[DIGEST_HEX_LEN + 1];

	digest_init(&digest);
	digest_field(&digest, "machine", run->names->dir);
	digest_field(&digest, "step", run->step->name);
	digest_hex(&digest, hex);
	str_addf(out, MARK "=%.32s", hex);
}

/*
 * A prov that was killed left its script running in the machine, and a second one beside it would
 * get into its way. Found by its environment, since it may be in any session; what was forked
 * between reading and killing is found in the next round, and on a busy machine it takes a while to
 * die.
 */
static int end_leftovers(struct run *run, struct transport *t, const char *mark, struct err *err)
{
	static const char line[] =
	        "round=0; while [ $round -lt 100 ]; do round=$((round + 1)); "
	        "pids=$(grep -lzxF \"$0\" /proc/[0-9]*/environ 2>/dev/null | "
	        "sed 's,^/proc/,,;s,/environ$,,'); "
	        "[ -n \"$pids\" ] || exit 0; kill -KILL $pids 2>/dev/null; "
	        "[ $round -lt 4 ] || sleep 0.1 2>/dev/null || sleep 1; done; exit 1";
	const char *const argv[] = {"/bin/sh", "-c", line, mark, NULL};
	const struct transport_cmd cmd = {.argv = argv,
	        .cwd = "/",
	        .in_fd = -1,
	        .timeout_ns = CLEAN_TIMEOUT_NS,
	        .stop = run_stop(run)};

	if (!run->resumed)
		return 0;
	int status = transport_ask(t, &cmd, NULL, NULL, err);
	if (status <= 0)
		return status;
	return err_set(err, ERR_FAILED, "what an earlier run of it left does not end");
}

static int execute(struct run *run, struct transport *t, const struct script *script,
        struct output *output, int *status, struct err *err)
{
	const struct provision_item *item = run->step->data;
	AUTO_STRV argv = {0}, env = {0};
	AUTO_STR mark = {0};

	mark_of(run, &mark);
	if (end_leftovers(run, t, str_text(&mark), err) < 0)
		return -1;
	build_argv(item, script, &argv);
	provision_item_env(run->spec, item, &env);
	strv_add(&env, str_text(&mark));
	struct transport_cmd cmd = {
	        .argv = (const char *const *)argv.v,
	        .env = (const char *const *)env.v,
	        .user = provision_item_user(run),
	        .in_fd = -1,
	        .out_fd = -1,
	        .err_fd = -1,
	        .output = provision_output_write,
	        .ctx = output,
	        .timeout_ns = item->timeout_ns,
	        .stop = run_stop(run),
	};
	return t->ops->run(t, &cmd, status, err);
}

/* Also after a failure or an interruption, and never the reason for one. */
static void clean_up(struct transport *t, struct script *script)
{
	const char *const argv[] = {"rm", "-f", script->inside, NULL};
	const struct transport_cmd cmd = {
	        .argv = argv, .cwd = "/", .in_fd = -1, .timeout_ns = CLEAN_TIMEOUT_NS};
	struct err ignored;

	if (script->inside)
		(void)!transport_ask(t, &cmd, NULL, NULL, &ignored);
	if (script->is_temp)
		unlink(script->host);
	free(script->host);
	free(script->inside);
}

static int judge(const struct run *run, int status, struct err *err)
{
	if (status == 0)
		return 0;
	AUTO_FREE char *code = proc_code_text(status);
	AUTO_FREE char *title = provision_item_title(run, "script");
	err_set(err, ERR_FAILED, "%s exited with %s", title, code);
	if (err)
		err->code = status;
	return err_hint(err,
	        "what it printed is in '%s'; prov up goes on with this script, prov provision "
	        "runs all of them again",
	        run->names->logs);
}

int provision_shell(struct run *run, struct err *err)
{
	struct script script = {0};
	struct output output;
	struct transport *t;
	int status = 0;

	if (run_transport(run, &t, err) < 0 || provision_output_open(&output, run, err) < 0)
		return -1;
	int rc = prepare(run, t, &script, err);
	if (rc == 0)
		rc = execute(run, t, &script, &output, &status, err);
	clean_up(t, &script);
	provision_output_close(&output);
	if (rc < 0) {
		AUTO_FREE char *title = provision_item_title(run, "script");
		return err_wrap(err, "%s", title);
	}
	return judge(run, status, err);
}
