/* ins_cast_band.c: intervals by split conformal prediction in blocks of a day.
 *
 * The model is fitted again at each of the last days and forecasts what followed; how far off it
 * was, in units of what is usual for a count of that size, is the score. An interval reaches to
 * the quantiles of the scores of its distance ahead. Slots of a day are not independent, so a day
 * is the block: quantiles are of the distribution pooled over days (CDF pooling, Dunn, Wasserman,
 * Ramdas 2022), and each day was forecast without itself. Pure. */
#include "ins_cast_int.h"

#include <math.h>

#include "arena.h"

enum { BINS = 1024 };

double cast_score(double n, double f)
{
	return (n - f) / sqrt(f + 0.25);
}

/* The k-th smallest (from 0); reorders v. */
static double kth(double *v, size_t n, size_t k)
{
	size_t lo = 0, hi = n - 1;
	while (lo < hi) {
		double pivot = v[lo + (hi - lo) / 2];
		size_t i = lo, j = hi;
		for (;;) {
			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i >= j)
				break;
			double x = v[i];
			v[i++] = v[j];
			v[j--] = x;
		}
		if (k <= j)
			hi = j;
		else
			lo = j + 1;
	}
	return v[k];
}

/* Many numbers, sorted by their size into equal bins: a rank is in one of them. */
struct bins {
	double lo, scale;
	size_t n[BINS];
};

static size_t bin_of(const struct bins *b, double x)
{
	double at = (x - b->lo) * b->scale;
	return at >= 0 && at < BINS ? (size_t)at : 0;
}

static void bins_fill(struct bins *b, const double *v, size_t n)
{
	double lo = v[0], hi = v[0];
	for (size_t i = 1; i < n; i++) {
		lo = v[i] < lo ? v[i] : lo;
		hi = v[i] > hi ? v[i] : hi;
	}
	*b = (struct bins){ .lo = lo, .scale = hi > lo ? (BINS - 1) / (hi - lo) : 0 };
	for (size_t i = 0; i < n; i++)
		b->n[bin_of(b, v[i])]++;
}

/* room: n numbers. */
static double ranked(const struct bins *b, const double *v, size_t n, size_t k, double *room)
{
	size_t bin = 0, m = 0;
	while (k >= b->n[bin])
		k -= b->n[bin++];
	for (size_t i = 0; i < n; i++)
		if (bin_of(b, v[i]) == bin)
			room[m++] = v[i];
	return kth(room, m, k);
}

void cast_band_of(const double *score, size_t n, double *room, struct cast_band *ret)
{
	static const double at[4] = { 0.025, 0.1, 0.9, 0.975 };
	struct bins b;
	bins_fill(&b, score, n);
	for (int i = 0; i < 4; i++) {
		double k = at[i] * (double)n - 0.5;
		k = k < 0 ? 0 : k > (double)(n - 1) ? (double)(n - 1) : k;
		ret->q[i] = ranked(&b, score, n, (size_t)(k + 0.5), room);
	}
}

/* Forecasts of the last days, each from what was known before it. */
static void look_back(struct ins_cast *c)
{
	struct cast_shape f;
	size_t least = c->rows / 3 > 10 ? c->rows / 3 : 10, w = (size_t)c->width;
	cast_shape_init(c, &f);
	c->first_origin = c->rows > least + CAST_CALIBRATE ? c->rows - CAST_CALIBRATE : least;
	c->origins = c->rows > c->first_origin ? c->rows - c->first_origin : 0;
	c->steps = c->ahead < CAST_BANDS ? c->ahead : CAST_BANDS;
	c->past = xalloc((c->origins * c->steps * w + 1) * sizeof(double));
	for (size_t o = 0; o < c->origins; o++) {
		cast_shape_fit(c, c->first_origin + o, &f);
		for (size_t h = 0; h < c->steps && c->first_origin + o + h < c->rows; h++)
			cast_shape_means(c, &f, c->day[c->first_origin + o + h], h + 1,
					 &c->past[(o * c->steps + h) * w]);
	}
	cast_shape_done(&f);
}

/* Row whose day a look back at `step` from origin o was of; SIZE_MAX: none. */
size_t cast_row_then(const struct ins_cast *c, size_t o, size_t step)
{
	const struct ins_cast *k = c->like ? c->like : c;
	size_t r = c->first_origin + o + step;
	if (r >= k->rows)
		return SIZE_MAX;
	if (!c->like)
		return r;
	for (size_t i = 0; i < c->rows; i++)
		if (c->day[i] == k->day[r])
			return i;
	return SIZE_MAX;
}

/* Of each origin and distance: the scores of the slots, NaN where nothing is known. */
static void score_all(const struct ins_cast *c, double *score, bool *is)
{
	size_t w = (size_t)c->width;
	for (size_t o = 0; o < c->origins; o++)
		for (size_t h = 0; h < c->steps; h++) {
			size_t at = o * c->steps + h, r = cast_row_then(c, o, h);
			is[at] = r != SIZE_MAX;
			const double *f = &c->past[at * w], *v = &c->val[is[at] ? r * w : 0];
			for (size_t t = 0; is[at] && t < w; t++)
				score[at * w + t] = cast_score(v[t], f[t]);
		}
}

/* Scores at one distance, of one more and one less too: they differ little and are few. */
static size_t scores_of(const struct ins_cast *c, size_t step, const double *all, const bool *is,
			double *score, size_t *blocks)
{
	size_t n = 0, w = (size_t)c->width;
	*blocks = 0;
	for (size_t o = 0; o < c->origins; o++)
		for (size_t h = step ? step - 1 : 0; h <= step + 1 && h < c->steps; h++) {
			size_t at = o * c->steps + h;
			*blocks += is[at] && h == step;
			for (size_t t = 0; is[at] && t < w; t++) {
				score[n] = all[at * w + t];
				n += !isnan(score[n]);
			}
		}
	return n;
}

void cast_calibrate(struct ins_cast *c)
{
	if (!c->like)
		look_back(c);
	size_t pairs = c->origins * c->steps, w = (size_t)c->width;
	double *all = xalloc((pairs * w + 1) * sizeof(*all));
	size_t most = c->origins * 3 * w + 1;
	double *score = xalloc(2 * most * sizeof(*score));
	bool *is = xalloc(pairs + 1);
	score_all(c, all, is);
	for (size_t h = 0; h < CAST_BANDS; h++) {
		size_t blocks, n = h < c->steps ? scores_of(c, h, all, is, score, &blocks) : 0;
		if (n && blocks >= 5)
			cast_band_of(score, n, score + most, &c->band[h]);
		else if (h && h >= c->steps)
			c->band[h] = c->band[h - 1];
		else        /* too few days to learn from: twice the chance of counts */
			c->band[h] = (struct cast_band){ { -3.92, -2.56, 2.56, 3.92 } };
	}
	xfree(all);
	xfree(score);
	xfree(is);
}

/* The count whose score is q. */
static double count_at(double f, double q)
{
	double v = f + q * sqrt(f + 0.25);
	return v > 0 ? v : 0;
}

void cast_points(const struct ins_cast *c, const struct cast_band *b, const double *mean,
		 struct ins_point *ret)
{
	for (int t = 0; t < c->width; t++) {
		double f = mean[t];
		ret[t] = (struct ins_point){ f, count_at(f, b->q[0]), count_at(f, b->q[1]),
					     count_at(f, b->q[2]), count_at(f, b->q[3]) };
	}
}
