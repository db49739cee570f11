#include "compare/view.h"

#include <math.h>
#include <stdlib.h>

static const char *const kind_order[] = {
        "host", "process", "container", "container+init", "kvm", "kvm-warm"};
static const struct {
	const char *group, *title;
} group_order[] = {
        {"start", "Start-up"},
        {"storm", "Many at once"},
        {"memory", "Memory the host pays"},
        {"density", "Density"},
        {"probe", "Cost of running"},
        {"provision", "Provisioning"},
        {"disk", "Disk"},
        {"peers", "Beside other tools"},
        {"isolation", "Isolation"},
        {"identity", "Identity"},
        {"difference", "What one kind cannot honour"},
        {"claim", "What was tried for the claims"},
        {"load", "What else the host did"},
};

const char *view_group_title(const char *group)
{
	for (size_t i = 0; i < ARRAY_SIZE(group_order); i++)
		if (str_eq(group_order[i].group, group))
			return group_order[i].title;
	return group;
}

static bool has(const char *const *list, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i], text))
			return true;
	return false;
}

/* The known ones first and in their order, then the others as they come. */
struct names {
	const char **v;
	size_t n;
};

static void names_add(struct names *names, const char *text)
{
	if (!text || has(names->v, names->n, text))
		return;
	names->v = xrealloc(names->v, names->n + 1, sizeof(names->v[0]));
	names->v[names->n++] = text;
}

static struct names ordered(const struct names *found, const char *const *order, size_t n)
{
	struct names out = {0};

	for (size_t i = 0; i < n; i++)
		if (has(found->v, found->n, order[i]))
			names_add(&out, order[i]);
	for (size_t i = 0; i < found->n; i++)
		names_add(&out, found->v[i]);
	return out;
}

static bool is_curve(const struct series *s)
{
	double first = NAN;

	for (size_t i = 0; s->x && i < s->n; i++) {
		if (isfinite(s->x[i]) && isfinite(first) && s->x[i] != first)
			return true;
		if (isfinite(s->x[i]))
			first = s->x[i];
	}
	return false;
}

static const struct series *base_of(const struct view *view, const struct view_row *row)
{
	static const char *const probe_base[] = {"host", "process", "container"};
	static const char *const other_base[] = {"container", "container+init", "process", "host"};
	bool probe = str_eq(row->group, "probe");
	const char *const *order = probe ? probe_base : other_base;
	size_t n = probe ? ARRAY_SIZE(probe_base) : ARRAY_SIZE(other_base);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < view->n_kinds; k++)
			if (row->cells[k] && str_eq(view->kinds[k], order[i]))
				return row->cells[k];
	return NULL;
}

static void add_row(const struct result *result, struct view *view, const struct series *s)
{
	view->rows = xrealloc(view->rows, view->n_rows + 1, sizeof(view->rows[0]));
	struct view_row *row = &view->rows[view->n_rows++];

	*row = (struct view_row){.id = s->id,
	        .title = s->title ? s->title : s->id,
	        .group = s->group,
	        .unit = s->unit ? s->unit : "",
	        .method = s->method ? s->method : "",
	        .higher_is_better = s->higher_is_better,
	        .cells = xcalloc(view->n_kinds, sizeof(row->cells[0]))};
	for (size_t k = 0; k < view->n_kinds; k++) {
		row->cells[k] = result_find(result, s->id, view->kinds[k]);
		if (row->cells[k])
			row->curve |= is_curve(row->cells[k]);
	}
	row->base = base_of(view, row);
}

void view_make(const struct result *result, struct view *out)
{
	struct names kinds = {0}, groups = {0}, group_names = {0};

	*out = (struct view){0};
	for (size_t i = 0; i < result->n_series; i++) {
		names_add(&kinds, result->series[i].kind);
		names_add(&groups, result->series[i].group);
	}
	for (size_t i = 0; i < ARRAY_SIZE(group_order); i++)
		names_add(&group_names, group_order[i].group);
	struct names k = ordered(&kinds, kind_order, ARRAY_SIZE(kind_order));
	struct names g = ordered(&groups, group_names.v, group_names.n);
	out->kinds = k.v, out->n_kinds = k.n;
	out->groups = g.v, out->n_groups = g.n;
	free(kinds.v);
	free(groups.v);
	free(group_names.v);
	for (size_t i = 0; i < out->n_groups; i++)
		for (size_t s = 0; s < result->n_series; s++)
			if (str_eq(result->series[s].group, out->groups[i]) &&
			        !view_row(out, result->series[s].id))
				add_row(result, out, &result->series[s]);
}

void view_clear(struct view *view)
{
	for (size_t i = 0; i < view->n_rows; i++)
		free(view->rows[i].cells);
	free(view->rows);
	free(view->kinds);
	free(view->groups);
	*view = (struct view){0};
}

const struct view_row *view_row(const struct view *view, const char *id)
{
	for (size_t i = 0; i < view->n_rows; i++)
		if (str_eq(view->rows[i].id, id))
			return &view->rows[i];
	return NULL;
}

size_t view_fact_kinds(const struct result *result, const char *group, const char ***out)
{
	struct names found = {0};

	for (size_t i = 0; i < result->n_facts; i++)
		if (str_eq(result->facts[i].group, group))
			names_add(&found, result->facts[i].kind);
	struct names sorted = ordered(&found, kind_order, ARRAY_SIZE(kind_order));
	free(found.v);
	*out = sorted.v;
	return sorted.n;
}

void view_ratio(const struct series *of, const struct series *base, struct ratio *out)
{
	struct fit a, b;

	*out = (struct ratio){0};
	if (!of || !base || of == base)
		return;
	if (!is_curve(of) || !is_curve(base)) {
		stats_ratio(of->values, of->n, base->values, base->n, out);
		return;
	}
	/* Of slopes: the widest ratio that both intervals allow. */
	stats_fit(of->x, of->values, of->n, &a);
	stats_fit(base->x, base->values, base->n, &b);
	if (b.slope_low <= 0 || a.slope_low < 0)
		return;
	*out = (struct ratio){.value = a.slope / b.slope,
	        .low = a.slope_low / b.slope_high,
	        .high = a.slope_high / b.slope_low,
	        .valid = true,
	        .has_interval = a.n >= STATS_INTERVAL_RUNS && b.n >= STATS_INTERVAL_RUNS};
	out->clear = out->has_interval && (out->low > 1 || out->high < 1);
}

void view_summary(const struct series *series, struct summary *out)
{
	stats_summary(series->values, series->n, out);
}

void view_figure(const struct view_row *row, const struct series *series, struct str *out)
{
	struct summary summary;
	struct fit fit;

	if (row->curve && is_curve(series)) {
		stats_fit(series->x, series->values, series->n, &fit);
		figure_fit(out, &fit, row->unit);
		return;
	}
	view_summary(series, &summary);
	figure_summary(out, &summary, row->unit);
}

void view_verdict(const struct view_row *row, const struct series *series, struct str *out)
{
	struct ratio ratio;

	view_ratio(series, row->base, &ratio);
	figure_verdict(out, NULL, &ratio);
}

size_t view_disturbed(const struct series *series)
{
	size_t n = 0;

	for (size_t i = 0; i < series->n; i++)
		n += series->disturbed[i];
	return n;
}

void view_runs(const struct series *series, struct str *out)
{
	size_t disturbed = view_disturbed(series);

	str_addf(out, "%zu run%s", series->n, series->n == 1 ? "" : "s");
	if (disturbed)
		str_addf(out, ", %zu disturbed", disturbed);
}

size_t view_all_disturbed(const struct result *result)
{
	size_t n = 0;

	for (size_t i = 0; i < result->n_series; i++)
		n += view_disturbed(&result->series[i]);
	return n;
}

const char *view_emulated(const struct result *result)
{
	if (!result->host.emulated)
		return NULL;
	return result->host.emulated_note && *result->host.emulated_note
	        ? result->host.emulated_note
	        : "virtual machines are emulated on this host: their times are not those "
	          "of hardware virtualisation";
}
