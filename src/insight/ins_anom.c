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
	int64_t from_ms, judged_ms, to_ms;
	size_t hours, days, n, found;
	struct series v[CHANNELS];
	struct sb *out;
};

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
	struct ins_ask_opts opts = { .now_ms = w->to_ms };
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

static void take_rows(struct work *w, const struct ins_table *t, bool daily)
{
	for (size_t r = 0; r < ins_table_rows(t); r++) {
		double n, mood;
		int64_t ms;
		struct series *s = series_of(w, ins_table_key(t, r, 1));
		if (!s || clk_parse_rfc3339(ins_table_key(t, r, 0), &ms) || ms < w->from_ms ||
		    !ins_table_value(t, r, 0, &n))
			continue;
		size_t at = (size_t)((ms - w->from_ms) / (daily ? INS_DAY_MS : 3600000));
		if (!daily && at < w->hours)
			s->count[at] = n;
		if (daily && at < w->days && ins_table_value(t, r, 1, &mood) && n >= DAY_LEAST)
			s->mood[at] = mood;
	}
}

/* Week by week: all hours of many channels would be more rows than a report may have. */
static int read_all(struct work *w, struct store_db *db, bool daily)
{
	int64_t week = 7 * INS_DAY_MS;
	int rc = 0;
	for (int64_t from = w->from_ms; from < w->to_ms && rc == 0; from += week) {
		struct ins_table *t = NULL;
		int64_t to = from + week < w->to_ms ? from + week : w->to_ms;
		rc = read_table(w, db, daily ? "day" : "hour", from, to, &t);
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
	size_t first = (size_t)((w->judged_ms - w->from_ms) / 3600000), began = 0;
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
		put_item(w, s, "volume", w->judged_ms + (int64_t)runs[i].from * 3600000,
			 w->judged_ms + (int64_t)runs[i].to * 3600000, v,
			 v[2] > 0 ? "more" : "less");
	}
	xfree(z);
	xfree(expected);
}

static void judge_moods(struct work *w, const struct series *s)
{
	double *v = xalloc((w->days + 1) * sizeof(*v)), median;
	for (size_t d = 0; d < w->days; d++) {
		int64_t begin = w->from_ms + (int64_t)d * INS_DAY_MS;
		size_t n = 0;
		for (size_t k = d > 28 ? d - 28 : 0; k < d; k++)
			if (!isnan(s->mood[k]))
				v[n++] = s->mood[k];
		if (begin < w->judged_ms || isnan(s->mood[d]) || n < DAYS_LEAST)
			continue;
		double sd = spread(v, n, &median), z;
		z = (s->mood[d] - median) / (sd > MOOD_SD ? sd : MOOD_SD);
		if (fabs(z) >= INS_ANOM_LIMIT)
			put_item(w, s, "mood", begin, begin + INS_DAY_MS,
				 (double[3]){ s->mood[d], median, z }, z > 0 ? "better" : "worse");
	}
	xfree(v);
}

int ins_anomalies_json(struct store_db *db, const struct ins_anom_opts *o, struct sb *out)
{
	struct work w = { .o = o, .out = out, .days = HOURS_BACK / 24, .hours = HOURS_BACK };
	char a[32], b[32];
	int judged = o->days > 0 && o->days <= 14 ? o->days : 7;
	w.to_ms = o->now_ms - o->now_ms % 3600000;   /* whole hours only */
	w.from_ms = w.to_ms - w.to_ms % INS_DAY_MS - ((int64_t)w.days - 1) * INS_DAY_MS;
	w.judged_ms = w.to_ms - w.to_ms % INS_DAY_MS - judged * INS_DAY_MS;
	w.hours = (size_t)((w.to_ms - w.from_ms) / 3600000);
	int rc = read_all(&w, db, false);
	if (rc == 0)
		rc = read_all(&w, db, true);
	clk_rfc3339(w.judged_ms, a);
	clk_rfc3339(w.to_ms, b);
	sb_fmt(out, "{\"from\":\"%s\",\"to\":\"%s\",\"items\":[", a, b);
	for (size_t i = 0; i < w.n && rc == 0; i++) {
		judge_counts(&w, &w.v[i]);
		judge_moods(&w, &w.v[i]);
	}
	sb_cstr(out, "],\"next\":null}");
	for (size_t i = 0; i < w.n; i++) {
		xfree(w.v[i].count);
		xfree(w.v[i].mood);
	}
	return rc;
}
