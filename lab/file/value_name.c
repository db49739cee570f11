/* Values that are names: which characters they may have, and what to write instead. */
#include "lab/file/value.h"

#include "boxes/store.h"
#include "lab/file/problem.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

static int refuse(struct err *err, const char *text, const char *why, const char *hint)
{
	AUTO_FREE char *safe = shown(text);

	err_set(err, ERR_CONFIG, "'%s' %s", safe, why);
	return err_hint(err, "%s", hint);
}

static bool only(const char *text, size_t n, const char *first, const char *rest)
{
	return n > 0 && strchr(first, text[0]) && strspn(text, rest) >= n;
}

static bool is_label(const char *text, size_t n)
{
	return n <= 63 && only(text, n, LOWER DIGIT, LOWER DIGIT "-") && text[n - 1] != '-';
}

int value_label(const char *text, struct err *err)
{
	size_t n = strlen(text);
	char lower[64] = "";

	if (is_label(text, n) && !str_eq(text, "localhost"))
		return 0;
	for (size_t i = 0; i < n && n < sizeof(lower); i++)
		lower[i] = text[i] == '_' || text[i] == ' ' ? '-' : (char)tolower(text[i]);
	if (*lower && is_label(lower, n) && !str_eq(lower, "localhost")) {
		refuse(err, text, "is not a DNS label", "");
		return err_hint(err, "write '%s'", lower);
	}
	return refuse(err, text, "is not a DNS label",
	        "names are of a-z, 0-9 and '-', begin and end with a letter or digit, and have at "
	        "most 63 characters");
}

int value_domain(const char *text, struct err *err)
{
	const char *p = text;

	while (strlen(text) <= 253) {
		size_t n = strcspn(p, ".");
		if (!is_label(p, n))
			break;
		if (!p[n])
			return 0;
		p += n + 1;
	}
	return refuse(err, text, "is not a domain", "domains are written shop.test, in lower case");
}

static bool is_user(const char *text, size_t n)
{
	return n <= 32 && only(text, n, LOWER UPPER "_", LOWER UPPER DIGIT "_.-");
}

int value_user(const char *text, struct err *err)
{
	if (is_user(text, strlen(text)))
		return 0;
	return refuse(err, text, "is not a user's name", "");
}

int value_owner(const char *text, struct err *err)
{
	size_t n = strcspn(text, ":");

	if (is_user(text, n) && (!text[n] || is_user(text + n + 1, strlen(text + n + 1))))
		return 0;
	return refuse(err, text, "is not an owner", "owners are written user or user:group");
}

int value_variable(const char *text, struct err *err)
{
	if (only(text, strlen(text), LOWER UPPER "_", LOWER UPPER DIGIT "_"))
		return 0;
	return refuse(err, text, "is not the name of a variable",
	        "names are of letters, digits and '_', and begin with no digit");
}

int value_box(const char *text, struct err *err)
{
	if (strstr(text, "://")) {
		refuse(err, text, "is not supported yet", "");
		if (str_starts(text, "http"))
			return err_hint(
			        err, "fetch it with 'prov box add URL', then write its name");
		return -1;
	}
	if (*text == '/' || str_starts(text, "./") || str_starts(text, "../") ||
	        str_starts(text, "~/"))
		return 0;
	if (box_check_name(text, NULL) == 0)
		return 0;
	return refuse(err, text, "is not a box",
	        "boxes are written debian/12; a path begins with /, ./, ../ or ~/");
}

/* "0-3,7": numbers and rising ranges. */
int value_cpuset(const char *text, struct err *err)
{
	const char *p = text;

	for (;;) {
		int from = 0, to = 0, used = 0;
		size_t n = strspn(p, DIGIT);
		if (n == 0 || n > 4 || sscanf(p, "%d%n", &from, &used) != 1)
			break;
		p += used;
		to = from;
		if (*p == '-') {
			n = strspn(++p, DIGIT);
			if (n == 0 || n > 4 || sscanf(p, "%d%n", &to, &used) != 1)
				break;
			p += used;
		}
		if (to < from)
			break;
		if (!*p)
			return 0;
		if (*p++ != ',')
			break;
	}
	return refuse(err, text, "is not a set of CPUs", "sets are written 0-3,7");
}
