#include "tests/fake/screen.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "screen: %s\n", what);
	abort();
}

void screen_open(struct screen *screen, int rows, int columns)
{
	*screen = (struct screen){.rows = rows, .columns = columns};
	screen->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (screen->master < 0 || grantpt(screen->master) < 0 || unlockpt(screen->master) < 0)
		fail("no pseudo-terminal");
	screen->slave = open(ptsname(screen->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (screen->slave < 0)
		fail("cannot open the pseudo-terminal");
	screen->lines = xcalloc((size_t)rows, sizeof(*screen->lines));
	screen_resize(screen, columns);
}

void screen_resize(struct screen *screen, int columns)
{
	struct winsize size = {
	        .ws_row = (unsigned short)screen->rows, .ws_col = (unsigned short)columns};

	screen->columns = columns;
	if (ioctl(screen->slave, TIOCSWINSZ, &size) < 0)
		fail("cannot set the window's size");
}

static void next_row(struct screen *screen)
{
	if (screen->row + 1 < screen->rows) {
		screen->row++;
		return;
	}
	str_clear(&screen->lines[0]);
	memmove(screen->lines, screen->lines + 1,
	        (size_t)(screen->rows - 1) * sizeof(*screen->lines));
	screen->lines[screen->rows - 1] = (struct str){0};
}

/* The byte at which a column of the line begins; columns that are not there yet become blank. */
static size_t offset_of(struct str *line, int column)
{
	size_t at = 0;

	for (int i = 0; i < column; i++) {
		if (at == line->len)
			str_add(line, " ");
		at++;
		while (at < line->len && (line->buf[at] & 0xc0) == 0x80)
			at++;
	}
	return at;
}

static void put(struct screen *screen, const char *text, size_t n)
{
	if (screen->column == screen->columns) {
		screen->column = 0;
		next_row(screen);
	}
	struct str *line = &screen->lines[screen->row];
	size_t at = offset_of(line, screen->column), end = offset_of(line, screen->column + 1);
	AUTO_STR whole = {0};
	str_addn(&whole, line->buf, at);
	str_addn(&whole, text, n);
	str_addn(&whole, line->buf + end, line->len - end);
	str_reset(line);
	str_addn(line, whole.buf, whole.len);
	screen->column++;
}

static void clear_to_end(struct screen *screen)
{
	struct str *line = &screen->lines[screen->row];
	size_t at = offset_of(line, screen->column);

	line->len = at;
	if (line->buf)
		line->buf[at] = '\0';
	for (int i = screen->row + 1; i < screen->rows; i++)
		str_reset(&screen->lines[i]);
}

/* CSI parameters final; returns its length behind ESC [. */
static size_t control(struct screen *screen, const char *p)
{
	size_t n = strspn(p, "0123456789;");
	int count = atoi(p);

	switch (p[n]) {
	case 'A':
		screen->row -= count ? count : 1;
		if (screen->row < 0)
			fail("the cursor went above the screen");
		break;
	case 'J':
		clear_to_end(screen);
		break;
	case 'm':
		break;
	default:
		fail("an unknown control sequence");
	}
	return n + 1;
}

static void feed(struct screen *screen)
{
	const char *text = screen->raw.buf;

	while (screen->parsed < screen->raw.len) {
		const char *p = text + screen->parsed;
		size_t n = 1;
		if (*p == '\033' && p[1] == '[') {
			n = 2 + control(screen, p + 2);
		} else if (*p == '\r') {
			screen->column = 0;
		} else if (*p == '\n') {
			next_row(screen);
		} else if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			fail("a control character");
		} else {
			while ((p[n] & 0xc0) == 0x80)
				n++;
			put(screen, p, n);
		}
		screen->parsed += n;
	}
}

char *screen_text(struct screen *screen)
{
	struct pollfd fd = {screen->master, POLLIN, 0};
	AUTO_STR out = {0};
	char buf[4096];

	/* The line discipline hands over what was written before poll is called. */
	while (poll(&fd, 1, 0) == 1) {
		ssize_t n = read(screen->master, buf, sizeof(buf));
		if (n <= 0)
			break;
		str_addn(&screen->raw, buf, (size_t)n);
	}
	feed(screen);
	int last = screen->rows;
	while (last && screen->lines[last - 1].len == 0)
		last--;
	for (int i = 0; i < last; i++)
		str_addf(&out, "%s\n", str_text(&screen->lines[i]));
	return str_steal(&out);
}

void screen_close(struct screen *screen)
{
	for (int i = 0; i < screen->rows; i++)
		str_clear(&screen->lines[i]);
	free(screen->lines);
	str_clear(&screen->raw);
	close(screen->master);
	close(screen->slave);
}
