/* One line per single run, RFC 4180: for spreadsheets and other programs. */
#include "compare/report.h"

#include <math.h>
#include <string.h>

static void field(struct str *out, const char *text)
{
	text = text ? text : "";
	if (!strpbrk(text, ",\"\r\n")) {
		str_add(out, text);
		return;
	}
	str_add(out, "\"");
	for (; *text; text++)
		str_addn(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
	str_add(out, "\"");
}

void report_csv(const struct result *result, struct str *out)
{
	str_add(out, "id,kind,unit,run,x,value,disturbed\r\n");
	for (size_t i = 0; i < result->n_series; i++)
		for (size_t run = 0; run < result->series[i].n; run++) {
			const struct series *s = &result->series[i];
			field(out, s->id);
			str_add(out, ",");
			field(out, s->kind);
			str_add(out, ",");
			field(out, s->unit);
			str_addf(out, ",%zu,", run + 1);
			if (s->x && isfinite(s->x[run]))
				str_addf(out, "%.17g", s->x[run]);
			str_addf(out, ",%.17g,%d\r\n", s->values[run], s->disturbed[run]);
		}
}
