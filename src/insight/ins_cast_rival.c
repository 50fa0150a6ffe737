/* ins_cast_rival.c: the challengers, from the same rows and with the same intervals as the model.
 *
 * Means of weekdays are kept as counts in prof. Holt-Winters has two multiplicative seasons: the
 * day in parts, the week in prof (J. W. Taylor, J. Oper. Res. Soc. 54, 2003), no trend, and an
 * AR(1) of the last error. Pure. */
#include "ins_cast_int.h"

#include <math.h>
#include <string.h>

#include "arena.h"

/* ---- means of the weekday ---- */

void cast_weekday_means(const struct ins_cast *c, size_t n, size_t weeks, double *ret)
{
	size_t w = (size_t)c->width;
	double *count = xalloc(8 * w * sizeof(*count)), *all = xalloc(w * sizeof(*all));
	memset(ret, 0, 7 * w * sizeof(*ret));
	for (size_t i = n; i-- > 0;) {
		size_t at = c->dow[c->day[i]] * w;
		for (size_t t = 0; t < w; t++) {
			double v = c->val[i * w + t];
			if (isnan(v))
				continue;
			all[t] += v;
			count[7 * w + t]++;
			if (count[at + t] < (double)weeks) {
				ret[at + t] += v;
				count[at + t]++;
			}
		}
	}
	for (size_t k = 0; k < 7 * w; k++) {
		double total = count[7 * w + k % w];
		ret[k] = count[k] > 0 ? ret[k] / count[k] : total > 0 ? all[k % w] / total : 0;
	}
	xfree(count);
	xfree(all);
}

/* ---- Holt-Winters ---- */

static double above_zero(double v)
{
	return v > 1e-3 ? v : 1e-3;
}

/* Runs over the first n rows; the mean square of the errors of one slot ahead. */
static double winters_run(const struct ins_cast *c, size_t n, struct cast_shape *f, double *level)
{
	size_t w = (size_t)c->width, scored = 0;
	double sum = 0, err = 0, mean = 0, l;
	cast_weekday_means(c, n < 14 ? n : 14, 99, f->prof);
	for (size_t t = 0; t < w; t++) {
		double s = 0;
		for (size_t d = 0; d < 7; d++)
			s += f->prof[d * w + t] / 7;
		f->parts[t] = above_zero(s);
		mean += f->parts[t] / (double)w;
	}
	for (size_t k = 0; k < 7 * w; k++)
		f->prof[k] = above_zero(f->prof[k]) / f->parts[k % w];
	for (size_t t = 0; t < w; t++)
		f->parts[t] = above_zero(f->parts[t] / mean);
	l = mean;
	for (size_t i = 0; i < n; i++) {
		double *week = &f->prof[c->dow[c->day[i]] * w];
		for (size_t t = 0; t < w; t++) {
			double y = c->val[i * w + t], *day = &f->parts[t];
			if (isnan(y))
				continue;
			double fit = l * *day * week[t], e = y - fit - f->tune[3] * err;
			if (i >= n / 4) {
				sum += e * e;
				scored++;
			}
			err = y - fit;
			l += f->tune[0] * (y / (*day * week[t]) - l);
			l = above_zero(l);
			*day = above_zero(*day + f->tune[1] * (y / (l * week[t]) - *day));
			week[t] = above_zero(week[t] + f->tune[2] * (y / (l * *day) - week[t]));
		}
	}
	f->last = err;
	*level = l;
	return scored ? sum / (double)scored : 0;
}

/* Steps along each parameter in turn, halved when none helps. */
static void winters_search(const struct ins_cast *c, size_t n, struct cast_shape *f)
{
	static const double begin[4] = { 0.02, 0.1, 0.1, 0.4 };
	double step = 0.1, level, best;
	memcpy(f->tune, begin, sizeof(begin));
	best = winters_run(c, n, f, &level);
	while (step > 0.01) {
		bool better = false;
		for (int k = 0; k < 8; k++) {
			double old = f->tune[k / 2], v = old + (k % 2 ? -step : step), mse;
			f->tune[k / 2] = v < 0 ? 0 : v > 0.95 ? 0.95 : v;
			mse = winters_run(c, n, f, &level);
			if (mse < best)
				best = mse, better = true;
			else
				f->tune[k / 2] = old;
		}
		if (!better)
			step /= 2;
	}
	f->tuned = true;
}

/* ---- all ---- */

void cast_rival_fit(const struct ins_cast *c, size_t n, struct cast_shape *ret)
{
	size_t w = (size_t)c->width;
	switch (c->model) {
	case INS_MODEL_WEEK:
		cast_weekday_means(c, n, 1, ret->prof);
		break;
	case INS_MODEL_WEEKS4:
		cast_weekday_means(c, n, 4, ret->prof);
		break;
	case INS_MODEL_WINTERS:
		if (!ret->tuned)
			winters_search(c, n, ret);
		(void)winters_run(c, n, ret, &ret->shift);
		break;
	case INS_MODEL_SVD:
		cast_svd_fit(c, c->root, w, n, ret);
		break;
	default:
		cast_weekday_means(c, n, n, ret->prof);
	}
}

void cast_rival_means(const struct ins_cast *c, const struct cast_shape *f, size_t day,
		      size_t step, double *ret)
{
	size_t w = (size_t)c->width;
	const double *own = &f->prof[c->dow[day] * w];
	for (size_t t = 0; t < w; t++) {
		if (c->model == INS_MODEL_WINTERS) {
			double k = (double)((step - 1) * w + t + 1);
			ret[t] = f->shift * f->parts[t] * own[t] + f->last * pow(f->tune[3], k);
		} else if (c->model == INS_MODEL_SVD) {
			ret[t] = cast_svd_at(f, w, t, c->dow[day], step);
		} else {
			ret[t] = own[t];
		}
		ret[t] = ret[t] > 0 ? ret[t] : 0;
	}
}
