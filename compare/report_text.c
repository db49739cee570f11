#include "compare/report_text.h"

#include <string.h>

const char *const text_reading[] = {
        "Figures are medians with [least–greatest] of all runs, disturbed ones included; p95 is "
        "given from 20 runs on.",
        "Ratios are of medians, with the 95 % interval of a percentile bootstrap (2,000 resamples, "
        "fixed seed). Where the interval holds 1 there is no clear difference; below 3 runs there "
        "is no interval.",
        "A run is disturbed if the host's load or steal time was high while it was measured: it is "
        "shown, counted and marked.",
};
const size_t text_n_reading = ARRAY_SIZE(text_reading);

size_t methods_number(struct methods *methods, const char *text)
{
	if (!text || !*text)
		return 0;
	for (size_t i = 0; i < methods->texts.n; i++)
		if (str_eq(methods->texts.v[i], text))
			return i + 1;
	strv_add(&methods->texts, text);
	return methods->texts.n;
}

void methods_clear(struct methods *methods)
{
	strv_clear(&methods->texts);
}

size_t text_columns(const char *utf8)
{
	size_t n = 0;

	for (; *utf8; utf8++)
		n += (*utf8 & 0xc0) != 0x80;
	return n;
}

void text_pad(struct str *out, const char *text, size_t columns, bool right)
{
	size_t n = text_columns(text);
	int space = n < columns ? (int)(columns - n) : 0;

	if (right)
		str_addf(out, "%*s%s", space, "", text);
	else
		str_addf(out, "%s%*s", text, space, "");
}

void text_escaped(struct str *out, const char *text)
{
	if (text)
		str_add_escaped(out, text, strlen(text));
	else
		str_add(out, "–");
}

void text_wrap(struct str *out, const char *text, size_t indent, size_t width)
{
	AUTO_STR safe = {0};
	size_t column = indent;

	text_escaped(&safe, text);
	for (const char *p = str_text(&safe); *p;) {
		size_t n = strcspn(p, " ");
		AUTO_FREE char *word = xstrndup(p, n);
		size_t columns = text_columns(word);
		if (column > indent && column + 1 + columns > width) {
			str_addf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			str_add(out, " ");
			column++;
		}
		str_add(out, word);
		column += columns;
		p += n;
		p += strspn(p, " ");
	}
	str_add(out, "\n");
}

void text_experiment(struct str *out, const struct result *result)
{
	if (result->box) {
		str_add(out, result->box);
		str_add(out, result->machine ? " as " : ": ");
	}
	if (result->machine)
		str_addf(out, "%s: ", result->machine);
	str_addf(out, "%d run%s", result->runs, result->runs == 1 ? "" : "s");
	if (result->parallel > 1)
		str_addf(out, ", %d at once", result->parallel);
	str_add(out, result->cold ? ", cold page cache" : ", warm page cache");
	if (!result->complete)
		str_add(out, "; interrupted: what is here is complete");
}

void text_host(struct str *out, const struct result *result)
{
	const struct host_info *host = &result->host;

	str_addf(out, "Linux %s", host->kernel ? host->kernel : "?");
	if (host->distribution)
		str_addf(out, ", %s", host->distribution);
	str_addf(out, ", %d CPU%s", host->cpus, host->cpus == 1 ? "" : "s");
	if (host->cpu)
		str_addf(out, " (%s)", host->cpu);
	if (host->memory_mib > 0) {
		str_add(out, ", ");
		figure_add(out, host->memory_mib, "MiB");
	}
	if (host->accelerator)
		str_addf(out, ", virtual machines by %s", host->accelerator);
}
