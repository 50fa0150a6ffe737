/* ins_cast.c: a forecast from its parts: rows of the days with data, one fit, means of the days
 * ahead, calibration. Owns everything it points to but `like`. */
#include "ins_cast_int.h"

#include <math.h>

#include "arena.h"

enum { LEAST_DAYS = 3 };

/* Shares of the slots by what is known, for days with holes. */
static void rough_profile(const struct ins_cast *c, const struct ins_series *s, double *share)
{
	double sum = 0;
	for (int t = 0; t < c->width; t++) {
		double v = 0;
		size_t n = 0;
		for (size_t d = 0; d < c->until; d++) {
			double x = ins_series_at(s, d, c->lo + t);
			if (!isnan(x))
				v += x, n++;
		}
		share[t] = n ? v / (double)n : 0;
		sum += share[t];
	}
	for (int t = 0; t < c->width; t++)
		share[t] = sum > 0 ? share[t] / sum : 1.0 / c->width;
}

/* The day as a row, unless less than half of its usual work is known. */
static void take(struct ins_cast *c, const struct ins_series *s, size_t day, const double *share)
{
	double sum = 0, known = 0;
	double *v = &c->val[c->rows * (size_t)c->width];
	bool whole = true;
	for (int t = 0; t < c->width; t++) {
		v[t] = ins_series_at(s, day, c->lo + t);
		if (isnan(v[t])) {
			whole = false;
		} else {
			sum += v[t];
			known += share[t];
		}
	}
	if (known < 0.5)
		return;
	c->level[c->rows] = log(sum / known + 0.5);
	c->part[c->rows] = 1 / exp(c->level[c->rows]);
	c->whole[c->rows] = whole;
	c->day[c->rows++] = day;
}

static void rows_of(struct ins_cast *c, const struct ins_series *s)
{
	double *share = xalloc((size_t)c->width * sizeof(*share));
	size_t n = c->until + 1;
	c->val = xalloc(n * (size_t)c->width * sizeof(double));
	c->level = xalloc(n * sizeof(double));
	c->part = xalloc(n * sizeof(double));
	c->whole = xalloc(n * sizeof(bool));
	c->day = xalloc(n * sizeof(*c->day));
	rough_profile(c, s, share);
	for (size_t d = 0; d < c->until; d++)
		if (ins_series_open(s, d))
			take(c, s, d, share);
	c->work = xalloc((c->rows + 1) * 4 * sizeof(double));
	xfree(share);
}

static size_t steps_to(const struct ins_cast *c, size_t ahead)
{
	size_t n = 0;
	for (size_t d = c->until; d <= c->until + ahead; d++)
		n += c->open[d];
	return n;
}

static void means_of(struct ins_cast *c)
{
	for (size_t d = 0; d < c->ahead; d++)
		if (c->open[c->until + d])
			cast_shape_means(c, &c->now, c->until + d, steps_to(c, d),
					 &c->mean[d * (size_t)c->width]);
}

int ins_cast_fit(struct ins_cast **ret, const struct ins_series *s, const struct ins_plan *p,
		 const struct ins_cast_opts *o, struct err *e)
{
	size_t until = o->until, ahead = o->ahead;
	if (until > s->days || !ahead || ahead > INS_AHEAD_MAX || p->days < until + ahead)
		return err_set(e, ERR_INVAL, "1 to %d days ahead can be forecast",
			       (int)INS_AHEAD_MAX);
	int lo, hi;
	ins_series_bounds_until(s, until, &lo, &hi);
	if (o->like)                 /* the same slots, to lean on it */
		lo = o->like->lo, hi = lo + o->like->width;
	if (hi <= lo || hi > s->slots)
		return err_set(e, ERR_INVAL, "there are no numbers to forecast from");
	struct ins_cast *c = xalloc(sizeof(*c));
	*c = (struct ins_cast){ .until = until, .ahead = ahead, .width = hi - lo,
				.slots = s->slots, .lo = lo, .like = o->like,
				.model = o->model };
	cast_facts(c, s, p);
	rows_of(c, s);
	if (c->rows < LEAST_DAYS) {
		err_set(e, ERR_INVAL, "%zu days have enough numbers; a forecast needs %d", c->rows,
			(int)LEAST_DAYS);
		ins_cast_free(c);
		return ERR_INVAL;
	}
	cast_shape_init(c, &c->now);
	c->mean = xalloc(ahead * (size_t)c->width * sizeof(double));
	c->share = 1;
	if (c->like && cast_sparse_wanted(c)) {
		cast_sparse_fit(c);
	} else {
		c->like = NULL;
		cast_root(c, c->model == INS_MODEL_CALENDAR ? ((size_t)c->width + 31) / 32 : 1);
		cast_shape_fit(c, c->rows, &c->now);
		means_of(c);
	}
	if (!o->means_only)
		cast_calibrate(c);
	*ret = c;
	return 0;
}

void ins_cast_free(struct ins_cast *c)
{
	if (!c)
		return;
	xfree(c->day);
	xfree(c->val);
	xfree(c->level);
	xfree(c->part);
	xfree(c->whole);
	xfree(c->x);
	xfree(c->dow);
	xfree(c->open);
	xfree(c->work);
	xfree(c->root);
	cast_shape_done(&c->now);
	xfree(c->mean);
	xfree(c->past);
	xfree(c->tilt);
	xfree(c);
}

static const char *const names[INS_MODELS] = { "calendar", "week",    "weeks4",
					       "mean",	   "winters", "svd" };

const char *ins_model_name(enum ins_model m)
{
	return names[m];
}

int ins_model_parse(sv name, enum ins_model *ret)
{
	for (int k = 0; k < INS_MODELS; k++)
		if (sv_eq(name, sv_of(names[k]))) {
			*ret = (enum ins_model)k;
			return 0;
		}
	return ERR_NOTFOUND;
}

bool ins_cast_sparse(const struct ins_cast *c)
{
	return c->like != NULL;
}

bool ins_cast_means(const struct ins_cast *c, size_t ahead, double *ret)
{
	bool open = ahead < c->ahead && c->open[c->until + ahead];
	for (int t = 0; t < c->slots; t++) {
		int k = t - c->lo;
		ret[t] = k < 0 || k >= c->width ? NAN :
			 open ? c->mean[ahead * (size_t)c->width + (size_t)k] : 0;
	}
	return open;
}

bool ins_cast_day(const struct ins_cast *c, size_t ahead, struct ins_point *ret)
{
	const struct ins_point none = { NAN, NAN, NAN, NAN, NAN }, closed = { 0 };
	bool open = ahead < c->ahead && c->open[c->until + ahead];
	for (int t = 0; t < c->slots; t++)
		ret[t] = t < c->lo || t >= c->lo + c->width ? none : closed;
	if (!open)
		return false;
	size_t step = steps_to(c, ahead) - 1;
	cast_points(c, &c->band[step < CAST_BANDS ? step : CAST_BANDS - 1],
		    &c->mean[ahead * (size_t)c->width], ret + c->lo);
	return true;
}
