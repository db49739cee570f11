#include "tests/fake/fake_world.h"

#include "base/fs.h"
#include "base/io.h"
#include "tests/fake/fake_provider.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The fake is used by tests alone: what it cannot do ends the test. */
static void must(int rc, const struct err *err)
{
	if (rc == 0)
		return;
	fprintf(stderr, "fake: %s\n", err->message);
	abort();
}

static void append(const char *path, const char *text)
{
	struct err err;
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0)
		must(err_sys(&err, "open '%s'", path), &err);
	must(io_write_all(fd, text, strlen(text), &err), &err);
}

/* The whole file, or NULL if there is none. */
static char *text_of(const char *path)
{
	AUTO_STR text = {0};

	return fs_read(path, 1u << 26, &text, NULL) < 0 ? NULL : str_steal(&text);
}

char *fake_path(const char *fmt, ...)
{
	const char *root = getenv("PROV_FAKE");
	va_list ap;

	if (!root) {
		fprintf(stderr, "fake: PROV_FAKE is not set: call fake_begin first\n");
		abort();
	}
	va_start(ap, fmt);
	AUTO_FREE char *rest = xvasprintf(fmt, ap);
	va_end(ap);
	return xasprintf("%s/%s", root, rest);
}

void fake_logf(const char *fmt, ...)
{
	AUTO_FREE char *path = fake_path("log");
	va_list ap;

	va_start(ap, fmt);
	AUTO_FREE char *text = xvasprintf(fmt, ap);
	va_end(ap);
	AUTO_FREE char *line = xasprintf("%s\n", text);
	append(path, line);
}

void fake_begin(const char *folder)
{
	static const char *const below[] = {"world", "faults"};
	struct err err;

	setenv("PROV_FAKE", folder, 1);
	for (size_t i = 0; i < ARRAY_SIZE(below); i++) {
		AUTO_FREE char *path = fake_path("%s", below[i]);
		must(fs_mkdirs(path, 0755, &err), &err);
	}
	fake_log_clear();
}

void fake_end(void)
{
	AUTO_FREE char *root = xstrdup(getenv("PROV_FAKE"));
	struct err err;

	must(fs_remove_tree(root, &err), &err);
	unsetenv("PROV_FAKE");
}

static char *fault_path(const char *what, const char *selector, const char *step)
{
	return fake_path(
	        "faults/%s %s %s", what, selector ? selector : "any", step ? step : "none");
}

void fake_fail(const char *what, const char *selector, const char *step, const char *message)
{
	AUTO_FREE char *path = fault_path(what, selector, step);

	append(path, message);
}

char *fake_fault(const char *what, const char *selector, const char *step)
{
	AUTO_FREE char *own = fault_path(what, selector, step);
	AUTO_FREE char *any = fault_path(what, NULL, step);
	char *message = text_of(own);

	return message ? message : text_of(any);
}

void fake_heal(void)
{
	AUTO_FREE char *path = fake_path("faults");
	struct err err;

	must(fs_remove_tree(path, &err), &err);
	must(fs_mkdirs(path, 0755, &err), &err);
}

char *fake_effect(const char *selector, const char *effect)
{
	AUTO_FREE char *path = fake_path("world/%s/%s", selector, effect);

	return text_of(path);
}

bool fake_empty(void)
{
	AUTO_FREE char *path = fake_path("world");
	AUTO_STRV names = {0};
	struct err err;

	must(fs_list(path, &names, &err), &err);
	return names.n == 0;
}

void fake_crash(const char *selector)
{
	static const char *const effects[] = {"network", "start", "answer"};
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(effects); i++) {
		AUTO_FREE char *path = fake_path("world/%s/%s", selector, effects[i]);
		must(fs_unlink(path, &err), &err);
	}
}

void fake_vanish(const char *selector)
{
	AUTO_FREE char *path = fake_path("world/%s", selector);
	struct err err;

	must(fs_remove_tree(path, &err), &err);
}

char *fake_log(void)
{
	AUTO_FREE char *path = fake_path("log");
	char *text = text_of(path);

	return text ? text : xstrdup("");
}

void fake_log_clear(void)
{
	AUTO_FREE char *path = fake_path("log");
	struct err err;

	must(fs_unlink(path, &err), &err);
}

size_t fake_log_count(const char *prefix)
{
	AUTO_FREE char *log = fake_log();
	size_t n = 0;

	for (char *line = log; line && *line;) {
		n += str_starts(line, prefix);
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return n;
}
