/* Growing strings and lists of strings. A zeroed struct is empty and valid; _clear frees. */
#pragma once

#include "base/util.h"

struct str {
	char *buf; /* NUL-terminated once anything was added; NULL before */
	size_t len, cap;
};
#define AUTO_STR __attribute__((cleanup(str_clear))) struct str

void str_add(struct str *s, const char *text);
void str_addn(struct str *s, const void *bytes, size_t n);
void str_addf(struct str *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A number of bytes as people read it, in the units that prov.yaml takes: "95.4 MiB". */
void str_add_size(struct str *s, int64_t bytes);
void str_add_shell(struct str *s, const char *word); /* quoted for sh where it needs it */
void str_reset(struct str *s);                       /* empty, memory kept */
void str_clear(struct str *s);
char *str_steal(struct str *s);            /* never NULL; the caller frees */
const char *str_text(const struct str *s); /* never NULL */

/* A NULL-terminated list; v is NULL while it is empty. */
struct strv {
	char **v;
	size_t n;
};
#define AUTO_STRV __attribute__((cleanup(strv_clear))) struct strv

void strv_add(struct strv *list, const char *text); /* copies */
void strv_take(struct strv *list, char *text);      /* takes ownership */
void strv_addf(struct strv *list, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool strv_has(const struct strv *list, const char *text);
void strv_sort(struct strv *list);                        /* by bytes */
void strv_copy(struct strv *dst, const struct strv *src); /* dst must be empty */
void strv_clear(struct strv *list);

/* The candidate nearest to word (edit distance at most 1 + strlen/3), or NULL: for "did you mean".
 */
const char *str_nearest(const char *word, const char *const *candidates, size_t n);

/* Copies text with control characters, invalid UTF-8 and DEL written as \xNN: nothing of a guest's
 * reaches a terminal raw. */
void str_add_escaped(struct str *s, const char *text, size_t n);

/* Text for XML and HTML, in elements and quoted attributes: the five characters that mean something
 * there become entities that both know. */
void str_add_markup(struct str *s, const char *text);

/* Text with every % doubled: in the settings of SSH, as in those of ssh and libssh, %x stands for
 * something else. */
void str_add_ssh(struct str *s, const char *text);

/* A path that somebody else wrote, as in an archive, below a folder: without "./", doubled and
 * trailing slashes; "" is the folder itself. NULL: absolute, has "..", or NULL was given. The
 * caller frees. */
char *str_path_beneath(const char *path);
