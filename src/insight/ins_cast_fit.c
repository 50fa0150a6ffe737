/* ins_cast_fit.c: level and profile of one fit. The level: ridge regression by Cholesky with
 * decaying weights, made robust by Huber's (Holland & Welsch 1977), plus the decaying mean of the
 * last residuals. The profile: decaying shares of a weekday, shrunk to those of all days.
 *
 * The constants were chosen on the first 120 days of bank_calls (docs/MODELS.md). Pure. */
#include "ins_cast_int.h"

#include <math.h>
#include <string.h>

#include "arena.h"
#include "err.h"

/* Half-lives in days with data. */
#define LEVEL_HALF 120.0
#define SHIFT_HALF 3.0
#define ALL_HALF 20.0
#define WEEKDAY_HALF 60.0
#define SHIFT_KEPT 0.95              /* a day ahead */
#define RIDGE_WEEKDAY 0.1
#define RIDGE 0.05
#define HUBER 2.5                    /* standard deviations */
#define PROFILE_SHRINK 8.0           /* days of the weekday that weigh as much as all days */
#define MIX 0.4                      /* weight of the SVD's forecast a day ahead ... */
#define MIX_KEPT 0.7                 /* ... and what is left of it with each day more */
#define MIX_LEAST 20                 /* days, before it is asked */

/* Solves A x = b in place: the lower half of A (n x n) positive definite; b becomes x. */
static void solve(double *a, double *b, int n)
{
	for (int j = 0; j < n; j++) {
		for (int i = j; i < n; i++) {
			double s = a[i * n + j];
			for (int k = 0; k < j; k++)
				s -= a[i * n + k] * a[j * n + k];
			a[i * n + j] = i == j ? sqrt(s > 1e-12 ? s : 1e-12) : s / a[j * n + j];
		}
	}
	for (int i = 0; i < n; i++) {
		for (int k = 0; k < i; k++)
			b[i] -= a[i * n + k] * b[k];
		b[i] /= a[i * n + i];
	}
	for (int i = n - 1; i >= 0; i--) {
		for (int k = i + 1; k < n; k++)
			b[i] -= a[k * n + i] * b[k];
		b[i] /= a[i * n + i];
	}
}

static double level_of(const struct ins_cast *c, const double *beta, size_t day)
{
	const double *x = &c->x[day * (size_t)c->facts];
	double s = 0;
	for (int k = 0; k < c->facts; k++)
		s += beta[k] * x[k];
	return s;
}

static void regress(const struct ins_cast *c, size_t from, size_t n, const double *w, double *beta)
{
	double a[CAST_FACTS * CAST_FACTS] = { 0 };
	int f = c->facts;
	memset(beta, 0, CAST_FACTS * sizeof(*beta));
	for (size_t i = from; i < n; i++) {
		const double *x = &c->x[c->day[i] * (size_t)f];
		for (int j = 0; j < f; j++) {
			double wx = w[i] * x[j];
			if (wx == 0)
				continue;
			beta[j] += wx * c->level[i];
			for (int k = 0; k <= j; k++)
				a[j * f + k] += wx * x[k];
		}
	}
	a[0] += 1e-9;
	for (int j = 1; j < f; j++)
		a[j * f + j] += j < 8 ? RIDGE_WEEKDAY : RIDGE;
	solve(a, beta, f);
}

static size_t window(const struct ins_cast *c, size_t n)
{
	size_t w = c->until >= 730 ? CAST_YEARS : CAST_WINDOW;
	return n > w ? n - w : 0;
}

/* huber (of a row) is filled: 1, or less for days out of line. */
static void level_fit(const struct ins_cast *c, size_t n, struct cast_shape *ret, double *huber)
{
	double *w = c->work, *r = c->work + c->rows, decay = pow(2, -1 / LEVEL_HALF);
	size_t from = window(c, n);
	double spread = 0, half = pow(2, -1 / SHIFT_HALF), sum = 0, all = 0;
	for (size_t i = from; i < n; i++)
		huber[i] = 1;
	for (int turn = 0; turn < 3; turn++) {
		double age = 1, ss = 0, sw = 0;
		for (size_t i = n; i-- > from; age *= decay)
			w[i] = age * huber[i];
		regress(c, from, n, w, ret->beta);
		for (size_t i = from; i < n; i++) {
			r[i] = c->level[i] - level_of(c, ret->beta, c->day[i]);
			ss += w[i] * r[i] * r[i];
			sw += w[i];
		}
		spread = sqrt(ss / sw) * HUBER;
		for (size_t i = from; i < n; i++)
			huber[i] = fabs(r[i]) > spread ? spread / fabs(r[i]) : 1;
	}
	double age = 1;
	for (size_t i = n; i-- > from && age > 1e-4; age *= half) {
		double v = r[i] > spread ? spread : r[i] < -spread ? -spread : r[i];
		sum += age * v;
		all += age;
	}
	ret->shift = all > 0 ? sum / all : 0;
}

/* The mean of logarithms is not that of counts when these are 0, 1 and 2: the fit is scaled to what
 * came, and what the last days were over it is chance. False: there are enough. */
static bool rare_fit(const struct ins_cast *c, size_t n, struct cast_shape *ret)
{
	double came = 0, fitted = 0, days = 0, age = 1, decay = pow(2, -1 / LEVEL_HALF);
	for (size_t i = n; i-- > window(c, n); age *= decay) {
		came += age * (exp(c->level[i]) - 0.5);
		fitted += age * exp(level_of(c, ret->beta, c->day[i]));
		days += age;
	}
	ret->scale = 1;
	if (came >= INS_RARE_DAY * days)
		return false;
	ret->scale = came / fitted;
	ret->shift = 0;
	return true;
}

/* 7-point triangle, for slots so short that chance is seen in them. */
static void smooth(double *p, int n)
{
	static const double tri[7] = { 1, 2, 3, 4, 3, 2, 1 };
	double old[INS_SLOTS_MAX];
	memcpy(old, p, (size_t)n * sizeof(*p));
	for (int t = 3; t < n - 3; t++) {
		double s = 0;
		for (int k = 0; k < 7; k++)
			s += tri[k] * old[t + k - 3];
		p[t] = s / 16;
	}
}

static void mix(const struct ins_cast *c, const double *share, const double *seen, double days,
		const double *all, double *ret)
{
	double own = days / (days + PROFILE_SHRINK), sum = 0;
	for (int t = 0; t < c->width; t++) {
		double p = seen[t] > 0 ? share[t] / seen[t] : all[t];
		ret[t] = own * p + (1 - own) * all[t];
		if (!(seen[t] > 0) && days > 2)
			ret[t] = 0;     /* the slot is closed on this weekday */
	}
	if (c->width >= 96)
		smooth(ret, c->width);
	for (int t = 0; t < c->width; t++)
		sum += ret[t];
	for (int t = 0; t < c->width; t++)
		ret[t] = sum > 0 ? ret[t] / sum : 1.0 / c->width;
}

/* sum[t] += weight * share of the day; seen[t] += weight, or once for all in *whole. */
static void add_day(const struct ins_cast *c, size_t row, double weight, double *sum, double *seen,
		    double *whole)
{
	const double *v = &c->val[row * (size_t)c->width];
	double per = weight * c->part[row];
	if (c->whole[row]) {
		*whole += weight;
		for (int t = 0; t < c->width; t++)
			sum[t] += per * v[t];
		return;
	}
	for (int t = 0; t < c->width; t++)
		if (!isnan(v[t])) {
			sum[t] += per * v[t];
			seen[t] += weight;
		}
}

static void profile_fit(const struct ins_cast *c, size_t n, struct cast_shape *ret,
			const double *huber)
{
	size_t w = (size_t)c->width, from = window(c, n);
	double *sum = xalloc(16 * w * sizeof(double)), *all = sum + 14 * w, *seen = all + w;
	double days[7] = { 0 }, whole[8] = { 0 }, a = 1, b = 1, da = pow(2, -1 / ALL_HALF);
	double db = pow(2, -1 / WEEKDAY_HALF);
	for (size_t i = n; i-- > from; a *= da, b *= db) {
		int d = c->dow[c->day[i]];
		if (a > 1e-4)
			add_day(c, i, a * huber[i], all, seen, &whole[7]);
		add_day(c, i, b * huber[i], sum + (size_t)d * w, sum + (size_t)(7 + d) * w,
			&whole[d]);
		days[d] += b * huber[i];
	}
	for (int t = 0; t < c->width; t++) {
		seen[t] += whole[7];
		all[t] = seen[t] > 0 ? all[t] / seen[t] : 0;
		for (int d = 0; d < 7; d++)
			sum[(size_t)(7 + d) * w + (size_t)t] += whole[d];
	}
	for (size_t d = 0; d < 7; d++)
		mix(c, sum + d * w, sum + (7 + d) * w, days[d], all, ret->prof + d * w);
	xfree(sum);
}

void cast_shape_init(const struct ins_cast *c, struct cast_shape *f)
{
	*f = (struct cast_shape){ .prof = xalloc((7 + CAST_PARTS) * (size_t)c->width *
						 sizeof(double)) };
	f->parts = f->prof + 7 * (size_t)c->width;
}

void cast_shape_done(struct cast_shape *f)
{
	xfree(f->prof);
	*f = (struct cast_shape){ 0 };
}

void cast_shape_fit(const struct ins_cast *c, size_t n, struct cast_shape *ret)
{
	double *huber = c->work + 2 * c->rows;
	if (c->model != INS_MODEL_CALENDAR) {
		cast_rival_fit(c, n, ret);
		return;
	}
	level_fit(c, n, ret, huber);
	profile_fit(c, n, ret, huber);
	ret->mixed = !rare_fit(c, n, ret) && n >= MIX_LEAST;
	if (ret->mixed)
		cast_svd_fit(c, c->root, c->blocks, n, ret);
}

/* Draws the means towards what the SVD expects: it sees the last days' shape. */
static void mix_in(const struct ins_cast *c, const struct cast_shape *f, size_t day, size_t step,
		   double *ret)
{
	size_t b = c->blocks, w = (size_t)c->width, per = (w + b - 1) / b;
	double weight = MIX * pow(MIX_KEPT, (double)(step - 1));
	for (size_t k = 0; k < b && weight > 0.01; k++) {
		double own = 0, ratio, to = cast_svd_at(f, b, k, c->dow[day], step);
		for (size_t t = k * per; t < (k + 1) * per && t < w; t++)
			own += ret[t];
		ratio = own > 0 ? to / own : 1;
		ratio = ratio < 0.5 ? 0.5 : ratio > 2 ? 2 : ratio;
		for (size_t t = k * per; t < (k + 1) * per && t < w; t++)
			ret[t] *= 1 + weight * (ratio - 1);
	}
}

void cast_shape_means(const struct ins_cast *c, const struct cast_shape *f, size_t day,
		      size_t step, double *ret)
{
	if (c->model != INS_MODEL_CALENDAR) {
		cast_rival_means(c, f, day, step, ret);
		return;
	}
	double shift = f->shift * pow(SHIFT_KEPT, (double)step);
	double total = f->scale * exp(level_of(c, f->beta, day) + shift);
	const double *p = f->prof + (size_t)c->dow[day] * (size_t)c->width;
	for (int t = 0; t < c->width; t++)
		ret[t] = total * p[t];
	if (f->mixed)
		mix_in(c, f, day, step, ret);
}
