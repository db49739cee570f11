#include "compare/probes.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void probe_answer_clear(struct probe_answer *answer)
{
	strv_clear(&answer->notes);
	*answer = (struct probe_answer){0};
}

/* The next word of a line; empty at its end. */
static const char *next_word(char **line)
{
	char *word = *line + strspn(*line, " ");
	size_t n = strcspn(word, " ");

	*line = word + n + (word[n] != '\0');
	word[n] = '\0';
	return word;
}

/* A figure is positive, and neither infinite nor absurd. */
static bool read_figure(const char *word, double *out)
{
	char *end;
	double value;

	/* strtod would take "inf", "nan" and hexadecimal too. */
	if (!*word || word[strspn(word, "0123456789.")])
		return false;
	errno = 0;
	value = strtod(word, &end);
	if (*end || errno || !isfinite(value) || value <= 0 || value > 1e15)
		return false;
	*out = value;
	return true;
}

static bool read_answer(const struct probe *probe, char *line, struct probe_answer *out)
{
	double n;

	if (!read_figure(next_word(&line), &out->value) ||
	        strcmp(next_word(&line), probe->unit) != 0 || !read_figure(next_word(&line), &n) ||
	        n > 1e6 || n != floor(n) || !read_figure(next_word(&line), &out->min) ||
	        !read_figure(next_word(&line), &out->max) || *next_word(&line))
		return false;
	out->n = (long)n;
	return out->min <= out->value && out->value <= out->max;
}

static int not_understood(const struct probe *probe, const char *line, struct err *err)
{
	AUTO_STR shown = {0};

	str_add_escaped(&shown, line, strnlen(line, 80));
	return err_set(err, ERR_FAILED, "%s: the answer '%s' is not understood", probe->title,
	        str_text(&shown));
}

static void keep_note(struct probe_answer *out, const char *text)
{
	AUTO_STR shown = {0};

	if (out->notes.n >= 4)
		return;
	str_add_escaped(&shown, text, strnlen(text, 200));
	strv_add(&out->notes, str_text(&shown));
}

/* One line; 1: it is the figure. */
static int parse_line(
        const struct probe *probe, char *line, struct probe_answer *out, struct err *err)
{
	AUTO_FREE char *whole = xstrdup(line);
	AUTO_FREE char *id = xasprintf("probe.%s", probe->name);
	char *rest = line;
	const char *first = next_word(&rest);

	if (strcmp(first, id) == 0)
		return read_answer(probe, rest, out) ? 1 : not_understood(probe, whole, err);
	if (strcmp(first, "NOTE") != 0 && strcmp(first, "FAIL") != 0)
		return not_understood(probe, whole, err);
	if (strcmp(next_word(&rest), id) != 0)
		return not_understood(probe, whole, err);
	if (*first == 'N') {
		keep_note(out, rest);
		return 0;
	}
	AUTO_STR shown = {0};
	str_add_escaped(&shown, rest, strnlen(rest, 200));
	return err_set(err, ERR_FAILED, "%s: %s", probe->title, str_text(&shown));
}

static int parse_lines(
        const struct probe *probe, char *text, struct probe_answer *out, struct err *err)
{
	int figures = 0;
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		int rc = parse_line(probe, line, out, err);
		if (rc < 0)
			return -1;
		figures += rc;
	}
	if (figures != 1)
		return err_set(err, ERR_FAILED, "%s: the probe gave %s", probe->title,
		        figures ? "more than one answer" : "no answer");
	return 0;
}

int probe_parse(const struct probe *probe, const char *text, size_t n, struct probe_answer *out,
        struct err *err)
{
	AUTO_FREE char *copy = NULL;
	struct probe_answer answer = {0};

	if (memchr(text, '\0', n))
		return err_set(err, ERR_FAILED, "%s: the answer holds a NUL byte", probe->title);
	copy = xstrndup(text, n);
	if (parse_lines(probe, copy, &answer, err) < 0) {
		probe_answer_clear(&answer);
		return -1;
	}
	*out = answer;
	return 0;
}
