/*
 * What the attack programs share: each prints one line for each try, "got NAME" and what it got, or
 * "no NAME" and why not. They stand alone: static, and nothing of prov's.
 */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static inline void got(const char *name, const char *fmt, ...)
{
	va_list args;

	printf("got %s ", name);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static inline void no(const char *name)
{
	printf("no %s %s\n", name, strerror(errno));
	fflush(stdout);
}

/* The usual judgement: -1 and errno is a failed try. */
static inline int tried(const char *name, long result)
{
	if (result < 0)
		no(name);
	else
		got(name, "%ld", result);
	return result >= 0;
}
