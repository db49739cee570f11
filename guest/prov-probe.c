/*
 * Measures what running costs and looks at what isolates, from inside: the same bytes run on the
 * host, in a container and in a virtual machine, so that nothing but the place differs. Static and
 * small, needs nothing of the machine but a kernel.
 *
 *   prov-probe [-q] [-d DIR] NAME…      measure, e.g. "syscall"; "all" is all without a network
 *   prov-probe [-q] tcp HOST PORT       measure latency and throughput against a server
 *   prov-probe serve HOST PORT SECONDS  be that server, in the background; PORT 0: a free one
 *   prov-probe quit HOST PORT           end it
 *   prov-probe [-d DIR] facts           what isolates
 *   prov-probe remove                   take this program and its folder out of the machine
 *   prov-probe exit                     nothing: what fork and exec start
 *
 * Lines of output: "ID MEDIAN UNIT N MIN MAX" (N batches), "NOTE ID TEXT", "FAIL ID TEXT",
 * "FACT ID VALUE", "SERVE PORT". -q: tens of milliseconds a probe. The exit status is 1 if a probe
 * failed, 2 for a wrong command line.
 */
#include "guest/probe_cpu.h"
#include "guest/probe_disk.h"
#include "guest/probe_facts.h"
#include "guest/probe_tcp.h"

#define BUDGET_NS       300000000LL
#define QUICK_BUDGET_NS 30000000LL

static const struct probe {
	const char *name;
	int (*run)(const struct probe_env *env);
} probes[] = {
        {"syscall", probe_syscall}, {"forkexec", probe_forkexec}, {"pagefault", probe_pagefault},
        {"membw", probe_membw}, {"membw_cache", probe_membw_cache}, {"cpu", probe_cpu},
        {"float", probe_float}, {"fsync", probe_fsync}, {"seqwrite", probe_seqwrite},
        {"seqread", probe_seqread}, {"randread", probe_randread},
        {"switch", probe_switch}, /* last: it stays on one CPU */
};
#define N_PROBES (sizeof(probes) / sizeof(*probes))

static int usage(void)
{
	fputs("usage: prov-probe [-q] [-d DIR] NAME...|all|facts|remove|tcp HOST PORT|serve HOST "
	      "PORT "
	      "SECONDS|quit HOST PORT\n",
	        stderr);
	return 2;
}

static bool number(const char *text, int max, int *out)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (!*text || *end || value < 0 || value > max)
		return false;
	*out = (int)value;
	return true;
}

static int run_tcp(struct probe_env *env, char **arg, int n)
{
	bool quit = strcmp(arg[0], "quit") == 0, serve = strcmp(arg[0], "serve") == 0;
	int idle_s = 0;

	if (n != (serve ? 4 : 3) || !number(arg[2], 65535, &env->port) ||
	        (serve && !number(arg[3], 3600, &idle_s)))
		return usage();
	env->host = arg[1];
	if (serve)
		return tcp_serve(env->host, env->port, idle_s);
	if (quit)
		return tcp_quit(env);
	if (strcmp(arg[0], "tcp_latency") == 0)
		return probe_tcp_latency(env);
	if (strcmp(arg[0], "tcp_throughput") == 0)
		return probe_tcp_throughput(env);
	return probe_tcp_latency(env) | probe_tcp_throughput(env);
}

static int run_named(const struct probe_env *env, const char *name)
{
	int status = 0;
	bool all = strcmp(name, "all") == 0, known = all;

	for (size_t i = 0; i < N_PROBES; i++) {
		if (!all && strcmp(name, probes[i].name) != 0)
			continue;
		known = true;
		status |= probes[i].run(env);
		fflush(stdout);
	}
	return known ? status : usage();
}

/* Its own name, which the machine need not have an rm for; the folder goes if it is empty. */
static int remove_self(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return usage();
	if (unlink(path) < 0)
		return failed("remove", "%s", path);
	*slash = '\0';
	rmdir(path);
	return 0;
}

int main(int argc, char **argv)
{
	struct probe_env env = {.budget_ns = BUDGET_NS, .dir = "."};
	char *self = argv[0];
	int status = 0, opt;

	/* Before anything else, as its cost is that of fork and exec. */
	if (argc == 2 && strcmp(argv[1], "exit") == 0)
		return 0;
	while ((opt = getopt(argc, argv, "+qd:")) != -1) {
		if (opt == 'q') {
			env.quick = true;
			env.budget_ns = QUICK_BUDGET_NS;
		} else if (opt == 'd') {
			env.dir = optarg;
		} else {
			return usage();
		}
	}
	argv += optind;
	argc -= optind;
	if (argc < 1)
		return usage();
	if (strcmp(argv[0], "remove") == 0)
		return argc == 1 ? remove_self(self) : usage();
	if (strcmp(argv[0], "facts") == 0)
		return argc == 1 ? probe_facts(&env) : usage();
	if (strncmp(argv[0], "tcp", 3) == 0 || strcmp(argv[0], "serve") == 0 ||
	        strcmp(argv[0], "quit") == 0)
		return run_tcp(&env, argv, argc);
	for (int i = 0; i < argc; i++)
		status |= run_named(&env, argv[i]);
	return status;
}
