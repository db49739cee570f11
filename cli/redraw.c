#include "cli/redraw.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)

void redraw_begin(struct redraw *r)
{
	const char *term = getenv("TERM");

	*r = (struct redraw){.terminal = isatty(STDOUT_FILENO) && term && !str_eq(term, "dumb")};
}

static int screen_height(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 ? size.ws_row : 24;
}

/* Bytes of the line that the screen has room for: what goes beyond it would be written over its
 * last column. */
static size_t visible(const char *line, size_t columns)
{
	size_t n = 0;

	for (; line[n] && line[n] != '\n'; n++)
		if ((line[n] & 0xc0) != 0x80 && columns-- == 0)
			break;
	return n;
}

/* Lines do not wrap meanwhile, so that as many are on the screen as were written. */
void redraw_show(struct redraw *r, const struct str *text)
{
	AUTO_STR out = {0};
	int room = screen_height() - 1, lines = 0;
	size_t columns = cli_screen_width();

	if (!r->terminal) {
		cli_print(text);
		return;
	}
	str_add(&out, "\033[?7l");
	if (r->lines)
		str_addf(&out, "\033[%dA", r->lines);
	str_add(&out, "\r\033[J");
	for (const char *p = str_text(text); *p && lines < room; lines++) {
		size_t n = strcspn(p, "\n");
		str_addn(&out, p, columns ? visible(p, columns) : n);
		str_add(&out, "\n");
		p += n + (p[n] == '\n');
	}
	str_add(&out, "\033[?7h");
	cli_print(&out);
	r->lines = lines;
}

/* Signals that stop prov arrive only while it waits, so that none is overlooked. */
bool redraw_pause(const struct cli *cli, int64_t ns)
{
	struct timespec limit = {ns / SECOND_NS, ns % SECOND_NS};
	sigset_t before;

	cli_hold_signals(&before);
	if (!*cli->stop)
		ppoll(NULL, 0, &limit, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return *cli->stop != 0;
}

int redraw_interval(const struct cli *cli, const char *option, int64_t fallback_ns, int64_t *ns,
        struct err *err)
{
	const char *text = cli_value(cli, option);
	char *end;

	*ns = fallback_ns;
	if (!text)
		return 0;
	double seconds = strtod(text, &end);
	if (!*text || (*end && !str_eq(end, "s")) || !(seconds >= 0.1) || seconds > 3600)
		return err_set(err, ERR_USAGE, "--%s takes seconds from 0.1 to 3600, not '%s'",
		        option, text);
	*ns = (int64_t)(seconds * (double)SECOND_NS);
	return 0;
}

int redraw_stopped(const struct cli *cli)
{
	return 128 + (cli->stop_signal && *cli->stop_signal ? *cli->stop_signal : SIGINT);
}
