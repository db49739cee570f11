/* Memory, cleanup attributes and small macros used everywhere. Out of memory aborts: the journal
 * makes that safe. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define ARRAY_SIZE(a)          (sizeof(a) / sizeof((a)[0]))

/* Scope-owned memory and descriptors. AUTO_FD variables start at -1. */
#define AUTO_FREE __attribute__((cleanup(util_free_ptr)))
#define AUTO_FD   __attribute__((cleanup(util_close_fd)))

void util_free_ptr(void *ptr_to_ptr);
void util_close_fd(int *fd); /* keeps errno */

/* Never return NULL. The caller frees. xstrdup(NULL) is NULL. */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *ptr, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);
char *xvasprintf(const char *fmt, va_list ap) PRINTF_LIKE(1, 0);

/* Both NULL, or the same text. */
bool str_eq(const char *a, const char *b);
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* Move a pointer or descriptor out of a cleanup scope. */
void *util_steal_ptr(void *ptr_to_ptr);
int util_steal_fd(int *fd);
#define STEAL(p) ((__typeof__(p))util_steal_ptr(&(p)))
