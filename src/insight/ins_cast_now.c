/* ins_cast_now.c: the rest of a day by its beginning. On earlier days the same part of the day was
 * so far off, and the rest then was; the slope between the two says how much to follow. Pure. */
#include "ins_cast_int.h"

#include <math.h>

#include "arena.h"

/* Logarithm of what came over what was forecast, of the known slots [from, to). */
static double off_by(const double *v, const double *f, int from, int to)
{
	double came = 0, fore = 0;
	for (int t = from; t < to; t++)
		if (!isnan(v[t])) {
			came += v[t];
			fore += f[t];
		}
	return log((came + 1) / (fore + 1));
}

/* How much of the morning's error the rest keeps, 0..1. */
static double slope(const struct ins_cast *c, int seen)
{
	double xy = 0, xx = 0, n = 0;
	size_t w = (size_t)c->width;
	for (size_t o = 0; o < c->origins; o++) {
		size_t r = cast_row_then(c, o, 0);
		const double *f = &c->past[o * c->steps * w];
		if (r == SIZE_MAX)
			continue;
		double x = off_by(&c->val[r * w], f, 0, seen);
		xy += x * off_by(&c->val[r * w], f, seen, c->width);
		xx += x * x;
		n++;
	}
	/* five days' worth of no connection */
	double b = n > 0 && xx > 0 ? xy / (xx + 5 * xx / n) : 0;
	return b < 0 ? 0 : b > 1 ? 1 : b;
}

static void band_of_rest(const struct ins_cast *c, int seen, double b, struct cast_band *ret)
{
	size_t w = (size_t)c->width, n = 0;
	double *score = xalloc((2 * c->origins * w + 1) * sizeof(*score));
	for (size_t o = 0; o < c->origins; o++) {
		size_t r = cast_row_then(c, o, 0);
		const double *f = &c->past[o * c->steps * w];
		if (r == SIZE_MAX)
			continue;
		double by = exp(b * off_by(&c->val[r * w], f, 0, seen));
		for (size_t t = (size_t)seen; t < w; t++)
			if (!isnan(c->val[r * w + t]))
				score[n++] = cast_score(c->val[r * w + t], f[t] * by);
	}
	if (n > 0 && n >= 5 * (w - (size_t)seen))      /* nothing is left of a day that is over */
		cast_band_of(score, n, score + n, ret);
	xfree(score);
}

void ins_cast_now(const struct ins_cast *c, const double *so_far, int seen, struct ins_point *ret)
{
	int to = seen - c->lo;
	struct cast_band band = c->band[0];
	if (!ins_cast_day(c, 0, ret) || to <= 0 || !c->past)
		return;
	to = to < c->width ? to : c->width;
	double b = slope(c, to), by = exp(b * off_by(so_far + c->lo, c->mean, 0, to));
	double *mean = xalloc((size_t)c->width * sizeof(*mean));
	band_of_rest(c, to, b, &band);
	for (int t = 0; t < c->width; t++)
		mean[t] = c->mean[t] * by;
	struct ins_point *all = xalloc((size_t)c->width * sizeof(*all));
	cast_points(c, &band, mean, all);
	for (int t = to; t < c->width; t++)
		ret[c->lo + t] = all[t];
	xfree(all);
	xfree(mean);
}
