/* The composition: which providers there are, and the signals. */
#include "cli/cli.h"

#include "base/proc.h"
#include "providers/container/container.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* The one piece of mutable state outside a function: how often the user asked to stop, and how. */
static volatile int stop_count;
static volatile int stop_signal;

static void on_stop(int sig)
{
	stop_signal = sig;
	stop_count++;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_stop};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* What the caller closed would be given to the next file that is opened. */
static bool hold_standard_fds(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return false;
	return true;
}

static int load_container(const struct provider **out, struct err *err)
{
	(void)err;
	*out = &container_provider;
	return 0;
}

static int load_kvm(const struct provider **out, struct err *err)
{
	void *symbol;

	if (module_symbol("prov-kvm", "prov_kvm_provider", &symbol, err) < 0)
		return -1;
	*out = symbol;
	return 0;
}

static const struct provider_entry entries[] = {
        {"container", load_container, true},
        {"kvm", load_kvm, false},
};
static const struct providers providers = {entries, ARRAY_SIZE(entries)};

int main(int argc, char **argv)
{
	struct cli cli = {
	        .providers = &providers, .stop = &stop_count, .stop_signal = &stop_signal};
	int code;

	if (!hold_standard_fds())
		return 1;
	catch_signals();
	if (cli_parse(&cli, argc, argv, &code) == 0)
		code = cli.command->run(&cli);
	cli_clear(&cli);
	return code;
}
