/* ins_anom.c: what is not as usual, from counts and moods. */
#include "ins_anom.h"
#include "ins_stat.h"

#include <math.h>
#include <stdio.h>

enum { HOURS_BACK = (INS_ANOM_BACK + 3) * 168, CHANNELS = 16, RUNS = 50, WEEK = 168, WIDTH = 3,
       DAY_LEAST = 20, DAYS_LEAST = 7 };
#define MAD_TO_SD 1.4826             /* of a normal distribution */
#define MOOD_SD 0.05                 /* the least spread of a day's mean mood */

/* ---- scores ---- */

static double anscombe(double x)
{
	return 2 * sqrt((x > 0 ? x : 0) + 0.375);
}

/* The median and the robust spread of v; v is sorted. */
static double spread(double *v, size_t n, double *median)
{
	double *far = xalloc((n + 1) * sizeof(*far));
	*median = ins_median(v, n);
	for (size_t i = 0; i < n; i++)
		far[i] = fabs(v[i] - *median);
	double mad = ins_median(far, n);
	xfree(far);
	return MAD_TO_SD * mad;
}

void ins_anom_scores(const double *x, size_t n, size_t season, size_t back, double *z,
		     double *expected)
{
	double *v = xalloc((3 * back + 1) * sizeof(*v)), median;
	for (size_t i = 0; i < n; i++) {
		size_t m = 0, seasons = 0;
		for (size_t k = 1; k <= back && k * season <= i; k++) {
			size_t at = i - k * season;
			seasons++;
			v[m++] = anscombe(x[at]);
			if (at > 0)
				v[m++] = anscombe(x[at - 1]);
			if (season > 1)
				v[m++] = anscombe(x[at + 1]);
		}
		z[i] = expected[i] = NAN;
		if (seasons < 3)
			continue;
		double sd = spread(v, m, &median);
		z[i] = (anscombe(x[i]) - median) / (sd > 1 ? sd : 1);
		expected[i] = median * median / 4 - 0.375;
		expected[i] = expected[i] > 0 ? expected[i] : 0;
	}
	xfree(v);
}

/* The scores of the last width places as one. */
static double together(const double *z, size_t i, size_t width)
{
	double sum = 0;
	size_t n = 0;
	for (size_t k = 0; k < width && k <= i && !isnan(z[i - k]); k++, n++)
		sum += z[i - k];
	return n ? sum / sqrt((double)n) : 0;
}

size_t ins_anom_runs(const double *z, size_t n, size_t width, double limit, struct ins_anom_run *v,
		     size_t most)
{
	size_t found = 0;
	for (size_t i = 0; i < n; i++) {
		double s = together(z, i, width);
		struct ins_anom_run *last = found ? &v[found - 1] : NULL;
		if (fabs(s) < limit)
			continue;
		if (last && i < last->to + width && (s > 0) == (last->z > 0)) {
			last->to = i + 1;
			last->z = fabs(s) > fabs(last->z) ? s : last->z;
		} else if (found < most) {
			v[found++] = (struct ins_anom_run){ i + 1 >= width ? i + 1 - width : 0,
							    i + 1, s };
		}
	}
	return found;
}

/* ---- of the facts ---- */

struct series {
	char name[64];
	double *count, *mood;        /* by hour; by day, NaN where too few */
};
struct work {
	const struct ins_anom_opts *o;
	struct cal_zone *zone;
	int64_t first;               /* the first day, since 1970 */
	size_t judged, hours, days, n, found;        /* judged: the first day that is */
	struct series v[CHANNELS];
	struct sb *out;
};

/* The moment at which the zone's clock begins hour h of those looked at. */
static int64_t at_ms(const struct work *w, size_t h)
{
	struct cal_time t = { 0 };
	cal_date(w->first + (int64_t)(h / 24), &t);
	t.hour = (int)(h % 24);
	return cal_instant(w->zone, &t);
}

static struct series *series_of(struct work *w, sv name)
{
	for (size_t i = 0; i < w->n; i++)
		if (sv_eq(sv_of(w->v[i].name), name))
			return &w->v[i];
	if (w->n == CHANNELS)
		return NULL;
	struct series *s = &w->v[w->n++];
	(void)snprintf(s->name, sizeof(s->name), SV_FMT, SV_ARG(sv_slice(name, 0, 63)));
	s->count = xalloc(w->hours * sizeof(double));
	s->mood = xalloc((w->days + 1) * sizeof(double));
	for (size_t d = 0; d <= w->days; d++)
		s->mood[d] = NAN;
	return s;
}

static int read_table(struct work *w, struct store_db *db, const char *interval, int64_t from_ms,
		      int64_t to_ms, struct ins_table **ret)
{
	struct ins_ask_opts opts = { .now_ms = to_ms, .zone = cal_zone_name(w->zone) };
	struct ins_ask *a = NULL;
	char json[300], from[32], to[32];
	clk_rfc3339(from_ms, from);
	clk_rfc3339(to_ms, to);
	(void)snprintf(json, sizeof(json),
		       "{\"metrics\":[\"interactions\",\"mood\"],\"rows\":[\"time\","
		       "\"channel\"],\"interval\":\"%s\",\"from\":\"%s\",\"to\":\"%s\","
		       "\"limit\":20000}",
		       interval, from, to);
	jv *body = jv_parse(sv_of(json), NULL);
	int rc = ins_ask_new(&a, body, &opts, NULL);
	if (rc == 0)
		rc = ins_table_new(ret, db, a, NULL);
	ins_ask_free(a);
	jv_free(body);
	return rc;
}

/* Of an hour that comes twice the first one that has any. */
static void take_rows(struct work *w, const struct ins_table *t, bool daily)
{
	for (size_t r = 0; r < ins_table_rows(t); r++) {
		double n, mood;
		int64_t ms;
		struct cal_time on;
		struct series *s = series_of(w, ins_table_key(t, r, 1));
		if (!s || clk_parse_rfc3339(ins_table_key(t, r, 0), &ms) ||
		    !ins_table_value(t, r, 0, &n))
			continue;
		cal_local(w->zone, ms, &on);
		size_t day = (size_t)(cal_days(on.year, on.month, on.day) - w->first);
		size_t hour = day * 24 + (size_t)on.hour;
		if (!daily && hour < w->hours && s->count[hour] <= 0)
			s->count[hour] = n;
		if (daily && day < w->days && ins_table_value(t, r, 1, &mood) && n >= DAY_LEAST)
			s->mood[day] = mood;
	}
}

/* An hour that the clocks leave out is as the one after it. */
static void fill_left_out(struct work *w)
{
	for (size_t h = w->hours - 1; h-- > 0;)
		if (at_ms(w, h) == at_ms(w, h + 1))
			for (size_t i = 0; i < w->n; i++)
				w->v[i].count[h] = w->v[i].count[h + 1];
}

/* Week by week: all hours of many channels would be more rows than a report may have. */
static int read_all(struct work *w, struct store_db *db, bool daily)
{
	int rc = 0;
	for (size_t from = 0; from < w->hours && rc == 0; from += WEEK) {
		struct ins_table *t = NULL;
		size_t to = from + WEEK < w->hours ? from + WEEK : w->hours;
		rc = read_table(w, db, daily ? "day" : "hour", at_ms(w, from), at_ms(w, to), &t);
		if (rc == 0)
			take_rows(w, t, daily);
		ins_table_free(t);
	}
	return rc;
}

static void put_item(struct work *w, const struct series *s, const char *kind, int64_t from,
		     int64_t to, const double values[3], const char *says)
{
	char a[32], b[32];
	clk_rfc3339(from, a);
	clk_rfc3339(to, b);
	sb_fmt(w->out, "%s{\"kind\":\"%s\",\"channel\":", w->found++ ? "," : "", kind);
	sb_json(w->out, sv_of(s->name));
	sb_fmt(w->out,
	       ",\"from\":\"%s\",\"to\":\"%s\",\"value\":%.9g,\"expected\":%.9g,\"z\":%.3g,"
	       "\"says\":\"%s\",\"question\":{\"metrics\":[\"interactions\"],\"rows\":[],"
	       "\"from\":"
	       "\"%s\",\"to\":\"%s\",\"filters\":{\"channel\":[",
	       a, b, values[0], values[1], values[2], says, a, b);
	sb_json(w->out, sv_of(s->name));
	sb_cstr(w->out, "]}}}");
}

static void judge_counts(struct work *w, const struct series *s)
{
	double *z = xalloc(w->hours * sizeof(*z)), *expected = xalloc(w->hours * sizeof(*z));
	struct ins_anom_run runs[RUNS];
	size_t first = w->judged * 24, began = 0;
	while (began < w->hours && s->count[began] <= 0)
		z[began++] = NAN;            /* before the channel was there nothing was usual */
	ins_anom_scores(s->count + began, w->hours - began, WEEK, INS_ANOM_BACK, z + began,
			expected + began);
	size_t n = ins_anom_runs(z + first, w->hours - first, WIDTH, INS_ANOM_LIMIT, runs, RUNS);
	for (size_t i = 0; i < n; i++) {
		double v[3] = { 0, 0, runs[i].z };
		for (size_t h = runs[i].from + first; h < runs[i].to + first; h++) {
			v[0] += s->count[h];
			v[1] += isnan(expected[h]) ? 0 : expected[h];
		}
		put_item(w, s, "volume", at_ms(w, first + runs[i].from),
			 at_ms(w, first + runs[i].to), v, v[2] > 0 ? "more" : "less");
	}
	xfree(z);
	xfree(expected);
}

static void judge_moods(struct work *w, const struct series *s)
{
	double *v = xalloc((w->days + 1) * sizeof(*v)), median;
	for (size_t d = 0; d < w->days; d++) {
		size_t n = 0;
		for (size_t k = d > 28 ? d - 28 : 0; k < d; k++)
			if (!isnan(s->mood[k]))
				v[n++] = s->mood[k];
		if (d < w->judged || isnan(s->mood[d]) || n < DAYS_LEAST)
			continue;
		double sd = spread(v, n, &median), z;
		z = (s->mood[d] - median) / (sd > MOOD_SD ? sd : MOOD_SD);
		if (fabs(z) >= INS_ANOM_LIMIT)
			put_item(w, s, "mood", at_ms(w, d * 24), at_ms(w, d * 24 + 24),
				 (double[3]){ s->mood[d], median, z }, z > 0 ? "better" : "worse");
	}
	xfree(v);
}

int ins_anomalies_json(struct store_db *db, const struct ins_anom_opts *o, struct sb *out)
{
	struct work w = { .out = out, .days = HOURS_BACK / 24 };
	char a[32], b[32];
	struct cal_time now;
	int rc = cal_zone_open(&w.zone, sv_of(o->zone ? o->zone : "UTC"), NULL);
	if (rc)
		return rc;
	cal_local(w.zone, o->now_ms, &now);
	w.first = cal_days(now.year, now.month, now.day) - (int64_t)(w.days - 1);
	w.judged = w.days - 1 - (size_t)(o->days > 0 && o->days <= 14 ? o->days : 7);
	w.hours = (w.days - 1) * 24 + (size_t)now.hour;      /* whole hours only */
	rc = read_all(&w, db, false);
	if (rc == 0)
		rc = read_all(&w, db, true);
	fill_left_out(&w);
	clk_rfc3339(at_ms(&w, w.judged * 24), a);
	clk_rfc3339(at_ms(&w, w.hours), b);
	sb_fmt(out, "{\"zone\":\"%s\",\"from\":\"%s\",\"to\":\"%s\",\"items\":[",
	       cal_zone_name(w.zone), a, b);
	for (size_t i = 0; i < w.n && rc == 0; i++) {
		judge_counts(&w, &w.v[i]);
		judge_moods(&w, &w.v[i]);
	}
	sb_cstr(out, "],\"next\":null}");
	for (size_t i = 0; i < w.n; i++) {
		xfree(w.v[i].count);
		xfree(w.v[i].mood);
	}
	obj_unref(w.zone);
	return rc;
}
