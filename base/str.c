#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(struct str *s, size_t extra)
{
	if (s->cap - s->len > extra)
		return;
	s->cap = (s->len + extra + 1) * 2;
	s->buf = xrealloc(s->buf, s->cap, 1);
}

void str_addn(struct str *s, const void *bytes, size_t n)
{
	reserve(s, n);
	if (n)
		memcpy(s->buf + s->len, bytes, n);
	s->len += n;
	s->buf[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_addn(s, text, strlen(text));
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	AUTO_FREE char *text = xvasprintf(fmt, ap);
	va_end(ap);
	str_add(s, text);
}

void str_add_size(struct str *s, int64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t u = 0;

	for (; value >= 1024 && u + 1 < ARRAY_SIZE(units); u++)
		value /= 1024;
	str_addf(s, u ? "%.1f %s" : "%.0f %s", value, units[u]);
}

void str_add_shell(struct str *s, const char *word)
{
	static const char safe[] =
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";

	if (*word && strspn(word, safe) == strlen(word)) {
		str_add(s, word);
		return;
	}
	str_add(s, "'");
	for (; *word; word++) {
		if (*word == '\'')
			str_add(s, "'\\''");
		else
			str_addn(s, word, 1);
	}
	str_add(s, "'");
}

void str_add_ssh(struct str *s, const char *text)
{
	for (; *text; text++)
		str_addn(s, *text == '%' ? "%%" : text, *text == '%' ? 2 : 1);
}

void str_reset(struct str *s)
{
	s->len = 0;
	if (s->buf)
		s->buf[0] = '\0';
}

void str_clear(struct str *s)
{
	free(s->buf);
	*s = (struct str){0};
}

char *str_steal(struct str *s)
{
	reserve(s, 0);
	s->buf[s->len] = '\0';
	char *out = s->buf;
	*s = (struct str){0};
	return out;
}

const char *str_text(const struct str *s)
{
	return s->buf ? s->buf : "";
}

void strv_take(struct strv *list, char *text)
{
	list->v = xrealloc(list->v, list->n + 2, sizeof(char *));
	list->v[list->n++] = text;
	list->v[list->n] = NULL;
}

void strv_add(struct strv *list, const char *text)
{
	strv_take(list, xstrdup(text));
}

void strv_addf(struct strv *list, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strv_take(list, xvasprintf(fmt, ap));
	va_end(ap);
}

bool strv_has(const struct strv *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i], text))
			return true;
	return false;
}

char *str_path_beneath(const char *path)
{
	AUTO_STR out = {0};

	if (!path || *path == '/')
		return NULL;
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");
		if (n == 2 && strncmp(p, "..", 2) == 0)
			return NULL;
		if (n > 0 && !(n == 1 && *p == '.')) {
			str_add(&out, out.len ? "/" : "");
			str_addn(&out, p, n);
		}
		p += n + (p[n] == '/');
	}
	return str_steal(&out);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(struct strv *list)
{
	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), compare_texts);
}

void strv_copy(struct strv *dst, const struct strv *src)
{
	for (size_t i = 0; i < src->n; i++)
		strv_add(dst, src->v[i]);
}

void strv_clear(struct strv *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	*list = (struct strv){0};
}

/* Optimal string alignment: a swap of neighbours, the commonest slip, counts as one edit. */
static size_t edit_distance(const char *a, const char *b)
{
	enum { MAX = 64 };
	size_t n = strlen(a), m = strlen(b);
	size_t row[3][MAX + 1];

	if (n > MAX || m > MAX)
		return SIZE_MAX; /* nobody meant that */
	for (size_t j = 0; j <= m; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *cur = row[i % 3], *prev = row[(i + 2) % 3], *prev2 = row[(i + 1) % 3];
		cur[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = prev[j - 1] + (a[i - 1] != b[j - 1]);
			if (prev[j] + 1 < best)
				best = prev[j] + 1;
			if (cur[j - 1] + 1 < best)
				best = cur[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			        prev2[j - 2] + 1 < best)
				best = prev2[j - 2] + 1;
			cur[j] = best;
		}
	}
	return row[n % 3][m];
}

const char *str_nearest(const char *word, const char *const *candidates, size_t n)
{
	const char *best = NULL;
	size_t limit = 1 + strlen(word) / 3, best_distance = limit + 1;

	for (size_t i = 0; i < n; i++) {
		size_t d = edit_distance(word, candidates[i]);
		if (d < best_distance) {
			best = candidates[i];
			best_distance = d;
		}
	}
	return best;
}

/* Length of a valid UTF-8 sequence (RFC 3629) at p, 0 if there is none. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
	size_t len = p[0] < 0x80 ? 1
	        : p[0] < 0xc2    ? 0
	        : p[0] < 0xe0    ? 2
	        : p[0] < 0xf0    ? 3
	        : p[0] < 0xf5    ? 4
	                         : 0;

	if (len == 0 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f))
		return 0;
	if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

void str_add_escaped(struct str *s, const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;

	for (size_t i = 0; i < n;) {
		size_t len = utf8_length(p + i, n - i);
		bool c1 = len == 2 && p[i] == 0xc2 && p[i + 1] < 0xa0;
		if (len == 0 || c1 || (p[i] < 0x20 && p[i] != '\t') || p[i] == 0x7f) {
			str_addf(s, "\\x%02x", p[i]);
			i++;
			continue;
		}
		str_addn(s, p + i, len);
		i += len;
	}
}

void str_add_markup(struct str *s, const char *text)
{
	static const char special[] = "&<>\"'";
	static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};

	while (*text) {
		size_t plain = strcspn(text, special);
		str_addn(s, text, plain);
		text += plain;
		if (*text)
			str_add(s, entities[strchr(special, *text++) - special]);
	}
}
