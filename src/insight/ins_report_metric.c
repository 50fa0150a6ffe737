/* ins_report_metric.c: the metrics as a table: what is summed over what, and how it is told. */
#include "ins_report_int.h"

#define T0(a) { INS_##a, INS_none }
#define T1(a, b) { INS_##a, INS_##b, INS_none }
#define T2(a, b, c) { INS_##a, INS_##b, INS_##c, INS_none }
#define T3(a, b, c, d) { INS_##a, INS_##b, INS_##c, INS_##d, INS_none }
#define TERMS(a, b, c, d, which, ...) which
#define S(...) TERMS(__VA_ARGS__, T3, T2, T1, T0)(__VA_ARGS__)

const struct ins_formula ins_formulas[INS_METRICS] = {
#define X(name_, unit_, num_, den_, zh, en, what_zh, what_en)                                 \
	{ .name = #name_, .title = { zh, en }, .what = { what_zh, what_en }, .unit = INS_##unit_, \
	  .num = num_, .den = den_ },
#include "ins_metric.def"
#undef X
};

static const char *const units[] = { "count", "percent", "ms", "money", "number", "mood" };
static const char *const worked[] = {
#define X(name, told, ...) told,
#include "ins_worked.def"
#undef X
};

const char *ins_metric_name(int k)
{
	return ins_formulas[k].name;
}

const char *ins_metric_title(int k, bool zh)
{
	return ins_formulas[k].title[zh ? 0 : 1];
}

enum ins_unit ins_metric_unit(int k)
{
	return ins_formulas[k].unit;
}

double ins_scale(enum ins_unit unit)
{
	return unit == INS_PERCENT ? 100 : unit == INS_MOOD ? 0.01 : 1;
}

static void put_terms(struct sb *out, const char *key, const int *terms)
{
	sb_fmt(out, ",\"%s\":[", key);
	for (int i = 0; terms[i] != INS_none; i++)
		sb_fmt(out, "%s\"%s\"", i ? "," : "",
		       terms[i] < INS_MEASURES ? ins_measure_name(terms[i]) :
						 worked[terms[i] - INS_none - 1]);
	sb_ch(out, ']');
}

static void put_two(struct sb *out, const char *key, const char *const two[2])
{
	sb_fmt(out, ",\"%s\":{\"zh\":", key);
	sb_json(out, sv_of(two[0]));
	sb_cstr(out, ",\"en\":");
	sb_json(out, sv_of(two[1]));
	sb_ch(out, '}');
}

void ins_metrics_json(struct sb *out)
{
	sb_cstr(out, "{\"items\":[");
	for (int k = 0; k < INS_METRICS; k++) {
		const struct ins_formula *f = &ins_formulas[k];
		sb_fmt(out, "%s{\"name\":\"%s\",\"unit\":\"%s\"", k ? "," : "", f->name,
		       units[f->unit]);
		put_two(out, "title", f->title);
		put_two(out, "definition", f->what);
		put_terms(out, "sum_of", f->num);
		put_terms(out, "over_sum_of", f->den);
		sb_ch(out, '}');
	}
	sb_cstr(out, "]}");
}
