#include "lab/file/value.h"

#include "lab/file/problem.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int refuse(struct err *err, const char *text, const char *why)
{
	AUTO_FREE char *safe = shown(text);

	return err_set(err, ERR_CONFIG, "'%s' %s", safe, why);
}

/* Digits at *text, moving it behind them. False: there are none, or too many. */
static bool read_digits(const char **text, int64_t *out)
{
	char *end = NULL;

	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	*out = strtoll(*text, &end, 10);
	*text = end;
	return errno == 0;
}

/* The likely meaning of a unit that is not written as it should be: the first letter decides. */
static const char *size_unit(const char *text)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};

	if (strcasecmp(text, "b") == 0 || strcasecmp(text, "bytes") == 0)
		return "B";
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (toupper((unsigned char)*text) == units[i][0])
			return units[i];
	return *text ? NULL : "MiB";
}

/* "512M", "512 mb", "1.5GiB", "512" in the only spelling there is. */
static void hint_size(const char *text, struct err *err)
{
	char *end = NULL;
	double n = strtod(text, &end);

	if (end == text || n <= 0 || n > 1e6 || strspn(text, "0123456789.") != (size_t)(end - text))
		goto plain;
	while (*end == ' ')
		end++;
	const char *unit = size_unit(end);
	if (!unit)
		goto plain;
	if (n == (double)(int64_t)n)
		err_hint(err, "write %" PRId64 "%s", (int64_t)n, unit);
	else if (*unit == 'G' || *unit == 'M')
		err_hint(err, "write %.0f%s", n * 1024, *unit == 'G' ? "MiB" : "KiB");
	else
		goto plain;
	return;
plain:
	err_hint(err, "sizes are whole numbers of B, KiB, MiB, GiB or TiB: 512MiB");
}

int value_size(const char *text, int64_t *bytes, struct err *err)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	const char *p = text;
	int64_t n = 0;

	if (read_digits(&p, &n) && n > 0) {
		for (int i = 0; i < (int)ARRAY_SIZE(units); i++) {
			if (!str_eq(p, units[i]))
				continue;
			if (n > (INT64_MAX >> (10 * i)))
				return refuse(err, text, "is too large");
			*bytes = n << (10 * i);
			return 0;
		}
	}
	refuse(err, text, "is not a size");
	hint_size(text, err);
	return -1;
}

static const struct unit {
	const char *name;
	int64_t ns;
} units[] = {{"h", 3600000000000}, {"m", 60000000000}, {"s", 1000000000}, {"ms", 1000000}};

#define YEAR_NS (INT64_C(31536000) * 1000000000)

static void hint_duration(const char *text, struct err *err)
{
	size_t n = strspn(text, "0123456789");
	const char *unit = text + n;

	while (*unit == ' ')
		unit++;
	if (n == 0 || n > 9 || atoi(text) == 0)
		err_hint(err, "durations are written 90s, 1m30s, 2h or 500ms");
	else if (!*unit || strncasecmp(unit, "sec", 3) == 0 || strcasecmp(unit, "s") == 0)
		err_hint(err, "write %.*ss", (int)n, text);
	else if (strncasecmp(unit, "min", 3) == 0 || str_eq(unit, "M"))
		err_hint(err, "write %.*sm", (int)n, text);
	else if (strncasecmp(unit, "hour", 4) == 0 || str_eq(unit, "H"))
		err_hint(err, "write %.*sh", (int)n, text);
	else
		err_hint(err, "durations are written 90s, 1m30s, 2h or 500ms");
}

/* Units in falling order, each once. */
static bool read_duration(const char *p, int64_t *out)
{
	int64_t total = 0;
	size_t next = 0;

	while (*p) {
		int64_t n = 0;
		if (!read_digits(&p, &n) || n > YEAR_NS / 1000000)
			return false;
		size_t len = strspn(p, "hms"), i = next;
		while (i < ARRAY_SIZE(units) &&
		        !(strlen(units[i].name) == len && strncmp(p, units[i].name, len) == 0))
			i++;
		if (i == ARRAY_SIZE(units) || n > YEAR_NS / units[i].ns)
			return false;
		total += n * units[i].ns;
		next = i + 1;
		p += len;
	}
	*out = total;
	return total > 0 && total <= YEAR_NS;
}

int value_duration(const char *text, int64_t *ns, struct err *err)
{
	int64_t out = 0;

	if (!read_duration(text, &out)) {
		refuse(err, text, "is not a duration");
		hint_duration(text, err);
		return -1;
	}
	*ns = out;
	return 0;
}

int value_bool(const char *text, bool *out, struct err *err)
{
	static const char *const yes[] = {"true", "yes", "on", "y", "1"};
	static const char *const no[] = {"false", "no", "off", "n", "0"};

	if (str_eq(text, "true") || str_eq(text, "false")) {
		*out = str_eq(text, "true");
		return 0;
	}
	refuse(err, text, "is neither true nor false");
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcasecmp(text, yes[i]) == 0)
			err_hint(err, "write true");
		if (strcasecmp(text, no[i]) == 0)
			err_hint(err, "write false");
	}
	return -1;
}

int value_int(const char *text, int64_t min, int64_t max, int64_t *out, struct err *err)
{
	const char *p = text;
	int64_t n = 0;

	if (!read_digits(&p, &n) || *p)
		return refuse(err, text, "is not a whole number");
	if (n < min || n > max) {
		AUTO_FREE char *safe = shown(text);
		return err_set(err, ERR_CONFIG, "'%s' is not between %" PRId64 " and %" PRId64,
		        safe, min, max);
	}
	*out = n;
	return 0;
}

int value_cpus(const char *text, double *out, struct err *err)
{
	size_t whole = strspn(text, "0123456789"), part = 0;
	double n = 0;

	if (text[whole] == '.')
		part = 1 + strspn(text + whole + 1, "0123456789");
	if (whole == 0 || part == 1 || part > 4 || text[whole + part]) {
		refuse(err, text, "is not a number of CPUs");
		return err_hint(err, "write 1, 2 or 1.5");
	}
	n = strtod(text, NULL);
	if (n > 1024)
		return refuse(err, text, "is too many: 1024 CPUs at most");
	if (n < 0.01)
		return refuse(err, text, "is too few: 0.01 CPUs at least");
	*out = n;
	return 0;
}

int value_mode(const char *text, int *out, struct err *err)
{
	size_t n = strspn(text, "01234567");

	if ((n == 3 || n == 4) && !text[n]) {
		*out = (int)strtol(text, NULL, 8);
		return 0;
	}
	refuse(err, text, "is not an octal mode");
	if (str_starts(text, "0o") && strspn(text + 2, "01234567") == 3 && strlen(text) == 5)
		return err_hint(err, "write 0%s", text + 2);
	return err_hint(err, "modes are written 0644");
}

static int signal_by_name(const char *name)
{
	char *end = NULL;
	long n;

	for (int i = 1; i < 32; i++)
		if (str_eq(name, sigabbrev_np(i)))
			return i;
	if (str_starts(name, "RTMIN+") && isdigit((unsigned char)name[6])) {
		n = strtol(name + 6, &end, 10);
		if (!*end && n <= SIGRTMAX - SIGRTMIN)
			return SIGRTMIN + (int)n;
	}
	return 0;
}

int value_signal(const char *text, int *out, struct err *err)
{
	const char *p = text;
	int64_t n = 0;
	int sig = signal_by_name(str_starts(text, "SIG") ? text + 3 : text);

	if (!sig && read_digits(&p, &n) && !*p && n >= 1 && n <= SIGRTMAX)
		sig = (int)n;
	if (!sig) {
		refuse(err, text, "is not a signal");
		return err_hint(err, "signals are written SIGTERM, SIGINT or SIGRTMIN+3");
	}
	*out = sig;
	return 0;
}

int value_choice(const char *text, const char *const *choices, struct err *err)
{
	AUTO_STR all = {0};
	size_t n = 0;

	for (; choices[n]; n++) {
		if (str_eq(text, choices[n]))
			return 0;
		str_addf(&all, "%s%s", n == 0 ? "" : choices[n + 1] ? ", " : " or ", choices[n]);
	}
	refuse(err, text, "is not one of the choices");
	const char *near = str_nearest(text, choices, n);
	if (near)
		return err_hint(err, "did you mean '%s'?", near);
	return err_hint(err, "it is %s", str_text(&all));
}

int value_regex(const char *text, struct err *err)
{
	regex_t re;
	char why[128];

	if (!*text || strlen(text) > 1000)
		return refuse(err, text, "is not an expression of 1 to 1000 characters");
	if (strchr(text, '{'))
		return 0; /* nested counts can cost any amount of memory: not tried here */
	int rc = regcomp(&re, text, REG_EXTENDED | REG_NOSUB);
	if (rc == 0) {
		regfree(&re);
		return 0;
	}
	regerror(rc, &re, why, sizeof(why));
	AUTO_FREE char *safe = shown(text);
	return err_set(err, ERR_CONFIG, "'%s' is not a regular expression: %s", safe, why);
}

char *value_path(const char *text, const char *folder)
{
	const char *home = getenv("HOME");

	if (str_starts(text, "~/") && home)
		return xasprintf("%s/%s", home, text + 2);
	if (*text == '/')
		return xstrdup(text);
	while (str_starts(text, "./"))
		text += 2;
	return xasprintf("%s/%s", str_eq(folder, "/") ? "" : folder, text);
}
