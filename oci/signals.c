#include "oci/signals.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Of the kernel, beside the names that the C library gives. */
static const struct {
	const char *name;
	int number;
} aliases[] = {{"CLD", SIGCHLD}, {"IOT", SIGABRT}, {"POLL", SIGPOLL}, {"UNUSED", SIGSYS}};

static int by_number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return *end || n < 1 || n > SIGRTMAX ? -1 : (int)n;
}

static int realtime(const char *name)
{
	int base = !strncasecmp(name, "RTMIN", 5) ? SIGRTMIN
	        : !strncasecmp(name, "RTMAX", 5)  ? SIGRTMAX
	                                          : 0;
	char *end;

	if (!base)
		return -1;
	if (!name[5])
		return base;
	if (name[5] != '+' && name[5] != '-')
		return -1;
	long n = base + strtol(name + 5, &end, 10);
	return *end || n < SIGRTMIN || n > SIGRTMAX ? -1 : (int)n;
}

static int by_name(const char *name)
{
	for (int n = 1; n < SIGRTMIN; n++) {
		const char *known = sigabbrev_np(n);
		if (known && !strcasecmp(known, name))
			return n;
	}
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (!strcasecmp(aliases[i].name, name))
			return aliases[i].number;
	return realtime(name);
}

int signal_parse(const char *text, int *out, struct err *err)
{
	const char *name = strncasecmp(text, "SIG", 3) ? text : text + 3;
	int n = isdigit((unsigned char)text[0]) ? by_number(text) : by_name(name);

	if (n < 1)
		return err_set(err, ERR_USAGE, "there is no signal '%s'", text);
	*out = n;
	return 0;
}
