/*
 * What the attack programs share: each prints one line for each try, "got NAME" and what it got, or
 * "no NAME" and why not. They stand alone: static, and nothing of prov's.
 */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

/* What succeeds would be felt by a whole host: only in a process namespace of its own, or where the
 * caller says that he has set it apart. */
static inline void not_on_a_host(void)
{
	struct stat pid;

	if (getenv("ATTACK_APART") ||
	        (stat("/proc/self/ns/pid", &pid) == 0 && pid.st_ino != 0xEFFFFFFC))
		return;
	fputs("this attack is for the inside of a container\n", stderr);
	exit(2);
}
