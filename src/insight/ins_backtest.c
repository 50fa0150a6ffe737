/* ins_backtest.c: rolling origins. Pure but for the clock that times a fit. */
#include "ins_backtest.h"

#include <math.h>

#include "arena.h"
#include "clk.h"

struct days {
	size_t *v, n;                /* days with data */
};

static void days_of(const struct ins_series *s, size_t until, struct days *d)
{
	d->v = xalloc((s->days + 1) * sizeof(*d->v));
	d->n = 0;
	for (size_t i = 0; i < (until ? until : s->days); i++)
		if (ins_series_open(s, i))
			d->v[d->n++] = i;
}

/* Mean error of the weekly naive among the days before until. */
static double naive_error(const struct ins_series *s, size_t until)
{
	double e = 0, n = 0;
	for (size_t d = 7; d < until; d++)
		for (int t = s->lo; t < s->hi; t++) {
			double a = ins_series_at(s, d, t), b = ins_series_at(s, d - 7, t);
			if (!isnan(a) && !isnan(b)) {
				e += fabs(a - b);
				n++;
			}
		}
	return n > 0 ? e / n : NAN;
}

/* Slots from `from` on of a day against their points. */
static void score_points(const struct ins_series *s, size_t day, int from,
			 const struct ins_point *p, struct ins_tally *t)
{
	for (int k = from; k < s->hi; k++) {
		double v = ins_series_at(s, day, k);
		if (isnan(v) || isnan(p[k].mean))
			continue;    /* a slot that was never in use before */
		ins_tally_add(t, v, p[k].mean);
		ins_tally_band(t, v,
			       (const double[]){ p[k].p025, p[k].p10, p[k].p90, p[k].p975 });
	}
}

static void score(const struct ins_series *s, const struct ins_cast *c, size_t day, size_t ahead,
		  struct ins_tally *t)
{
	struct ins_point p[INS_SLOTS_MAX];
	if (ins_cast_day(c, ahead, p))
		score_points(s, day, s->lo, p, t);
}

static void score_means(const struct ins_series *s, const struct ins_cast *c, size_t day,
			size_t ahead, struct ins_tally *t)
{
	double mean[INS_SLOTS_MAX];
	bool open = ins_cast_means(c, ahead, mean);
	for (int k = s->lo; open && k < s->hi; k++) {
		double v = ins_series_at(s, day, k);
		if (!isnan(v) && !isnan(mean[k]))
			ins_tally_add(t, v, mean[k]);
	}
}

static void merge(struct ins_tally *all, const struct ins_tally *t)
{
	all->n += t->n;
	all->error += t->error;
	all->square += t->square;
	all->bias += t->bias;
	all->actual += t->actual;
	all->banded += t->banded;
	all->in80 += t->in80;
	all->in95 += t->in95;
	all->winkler95 += t->winkler95;
}

static int from_origin(const struct ins_series *s, const struct ins_plan *p, const struct days *d,
		       size_t origin, const struct ins_backtest_opts *how, struct ins_backtest *ret,
		       struct err *e)
{
	struct ins_cast *c = NULL;
	struct ins_tally t = { 0 };
	size_t until = d->v[origin - 1] + 1, horizon = how->horizon;
	const struct ins_cast_opts o = { .until = until, .model = ret->model,
					 .ahead = d->v[origin + horizon - 1] + 1 - until,
					 .means_only = how->means_only };
	if (o.ahead > INS_AHEAD_MAX) /* a gap too long to look across */
		return 0;
	int64_t began = clk_cpu_us();
	int rc = ins_cast_fit(&c, s, p, &o, e);
	if (rc)
		return rc;
	ret->ms += (double)(clk_cpu_us() - began) / 1000;
	for (size_t h = 0; h < horizon; h++)
		(how->means_only ? score_means : score)(s, c, d->v[origin + h],
							d->v[origin + h] - until, &t);
	ins_cast_free(c);
	if (!(t.actual > 0))
		return 0;
	ret->wape += ins_tally_wape(&t);
	ret->origins++;
	merge(&ret->all, &t);
	return 0;
}

int ins_backtest_run(const struct ins_series *s, const struct ins_plan *p,
		 const struct ins_backtest_opts *o, enum ins_model model, struct ins_backtest *ret,
		 struct err *e)
{
	struct days d;
	size_t from = o->from, step = o->step ? o->step : o->horizon;
	int rc = 0;
	*ret = (struct ins_backtest){ .model = model };
	days_of(s, o->until, &d);
	if (!from)
		from = d.n >= 80 ? d.n - 40 : (d.n + 1) / 2;
	if (!o->horizon || from < 3 || from + o->horizon > d.n)
		rc = err_set(e, ERR_INVAL, "%zu days with data are too few to try %zu days ahead "
			     "from day %zu", d.n, o->horizon, from);
	for (size_t at = from; rc == 0 && at + o->horizon <= d.n; at += step)
		rc = from_origin(s, p, &d, at, o, ret, e);
	if (rc == 0 && !ret->origins)
		rc = err_set(e, ERR_INVAL,
			     "nothing but zeros on the days that were to be forecast");
	if (rc == 0) {
		ret->wape /= (double)ret->origins;
		ret->ms /= (double)ret->origins;
		ret->mase = ret->all.error / ret->all.n / naive_error(s, d.v[from - 1] + 1);
	}
	xfree(d.v);
	return rc;
}

int ins_backtest_choose(const struct ins_series *s, const struct ins_plan *p,
		    const struct ins_backtest_opts *o, struct ins_backtest ret[INS_MODELS],
		    enum ins_model *best, struct err *e)
{
	int rc = 0;
	*best = INS_MODEL_CALENDAR;
	for (int m = 0; rc == 0 && m < INS_MODELS; m++) {
		rc = ins_backtest_run(s, p, o, (enum ins_model)m, &ret[m], e);
		if (rc == 0 && ret[m].wape < ret[*best].wape)
			*best = (enum ins_model)m;
	}
	return rc;
}

/* Day of the series after so many open ones. */
static size_t day_after(const struct ins_series *s, size_t open)
{
	size_t d = 0;
	for (; d + 1 < s->days && open; d++)
		open -= ins_series_open(s, d);
	return d;
}

void ins_backtest_pick(const struct ins_series *s, const struct ins_plan *p, size_t until,
		       size_t horizon, struct ins_pick *ret)
{
	struct ins_backtest t[INS_MODELS], own, week;
	size_t open = 0;
	*ret = (struct ins_pick){ .model = INS_MODEL_CALENDAR, .wape = NAN, .week = NAN };
	for (size_t d = 0; d < until; d++)
		open += ins_series_open(s, d);
	size_t tried = open > 80 ? 20 : open / 4, then = open - tried;
	struct ins_backtest_opts o = { .from = open > 80 ? open - 40 : open / 2,
				       .step = open > 80 ? 4 : 2,
				       .horizon = horizon < tried ? horizon : tried,
				       .until = day_after(s, then), .means_only = true };
	if (open < INS_PICK_DAYS || ins_series_rare(s) ||
	    ins_backtest_choose(s, p, &o, t, &ret->model, NULL))
		return;
	o.from = then;
	o.until = until;
	if (ins_backtest_run(s, p, &o, ret->model, &own, NULL) == 0 &&
	    ins_backtest_run(s, p, &o, INS_MODEL_WEEK, &week, NULL) == 0) {
		ret->wape = own.wape;
		ret->week = week.wape;
		ret->origins = own.origins;
	}
}

static int morning_of(const struct ins_series *s, const struct ins_plan *p, size_t day, int seen,
		      struct ins_morning *ret, struct err *e)
{
	const struct ins_cast_opts o = { .until = day, .ahead = 1 };
	struct ins_point q[INS_SLOTS_MAX];
	struct ins_cast *c = NULL;
	int rc = ins_cast_fit(&c, s, p, &o, e);
	if (rc)
		return rc;
	if (ins_cast_day(c, 0, q)) {
		score_points(s, day, s->lo + seen, q, &ret->before);
		ins_cast_now(c, s->v + day * (size_t)s->slots, s->lo + seen, q);
		score_points(s, day, s->lo + seen, q, &ret->after);
		ret->origins++;
	}
	ins_cast_free(c);
	return 0;
}

int ins_backtest_morning(const struct ins_series *s, const struct ins_plan *p,
			 const struct ins_backtest_opts *o, int seen, struct ins_morning *ret,
			 struct err *e)
{
	struct days d;
	int rc = 0;
	*ret = (struct ins_morning){ 0 };
	days_of(s, o->until, &d);
	size_t from = o->from ? o->from : d.n >= 80 ? d.n - 40 : (d.n + 1) / 2;
	if (from < 3 || from >= d.n || seen < 1 || s->lo + seen >= s->hi)
		rc = err_set(e, ERR_INVAL, "%zu days with data, of %d slots, are too few", d.n,
			     s->hi - s->lo);
	for (size_t at = from; rc == 0 && at < d.n; at += o->step ? o->step : 1)
		rc = morning_of(s, p, d.v[at], seen, ret, e);
	xfree(d.v);
	return rc;
}
