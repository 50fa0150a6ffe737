/* ins_cast_sparse.c: queues with so few counts that their own shape cannot be seen: a share of all
 * queues together, with the shape of all, tilted by what little is known. Pure. */
#include "ins_cast_int.h"

#include <math.h>

#include "arena.h"

#define SPARSE 5.0                   /* counts of a slot, below which the shape is chance */
#define SHARE_HALF 30.0              /* days */
#define TILT 200.0                   /* counts that weigh as much as the shape of all */

bool cast_sparse_wanted(const struct ins_cast *c)
{
	double sum = 0, n = 0;
	for (size_t i = 0; i < c->rows * (size_t)c->width; i++)
		if (!isnan(c->val[i])) {
			sum += c->val[i];
			n++;
		}
	return c->like->width == c->width && c->like->lo == c->lo &&
	       c->like->until == c->until && c->like->ahead >= c->ahead && sum < SPARSE * n;
}

bool ins_cast_thin(const struct ins_series *s, size_t until)
{
	double sum = 0, n = 0;
	for (size_t d = 0; d < until; d++)
		for (int t = s->lo; t < s->hi; t++)
			if (!isnan(ins_series_at(s, d, t))) {
				sum += ins_series_at(s, d, t);
				n++;
			}
	return sum < SPARSE * n;
}

/* Row of like for a day; SIZE_MAX: none. Rows are in the order of days; *at goes on from before. */
static size_t row_of(const struct ins_cast *like, size_t day, size_t *at)
{
	while (*at < like->rows && like->day[*at] < day)
		(*at)++;
	return *at < like->rows && like->day[*at] == day ? *at : SIZE_MAX;
}

/* Share of like's counts in the first n rows. */
static double share_of(const struct ins_cast *c, size_t n)
{
	double own = 0, all = 0, decay = pow(2, -1 / SHARE_HALF);
	size_t at = 0, w = (size_t)c->width;
	for (size_t i = 0; i < n; i++) {
		size_t r = row_of(c->like, c->day[i], &at);
		if (r == SIZE_MAX)
			continue;
		own *= decay;
		all *= decay;
		for (size_t t = 0; t < w; t++)
			if (!isnan(c->val[i * w + t]) && !isnan(c->like->val[r * w + t])) {
				own += c->val[i * w + t];
				all += c->like->val[r * w + t];
			}
	}
	return all > 0 ? own / all : 0;
}

static void tilt_of(struct ins_cast *c, size_t n, double *ret)
{
	size_t at = 0, w = (size_t)c->width;
	double *all = xalloc(w * sizeof(*all)), sum = 0, total = 0;
	for (size_t t = 0; t < w; t++)
		ret[t] = 0;
	for (size_t i = 0; i < n; i++) {
		size_t r = row_of(c->like, c->day[i], &at);
		for (size_t t = 0; r != SIZE_MAX && t < w; t++)
			if (!isnan(c->val[i * w + t]) && !isnan(c->like->val[r * w + t])) {
				ret[t] += c->val[i * w + t];
				all[t] += c->like->val[r * w + t];
				sum += c->val[i * w + t];
				total += c->like->val[r * w + t];
			}
	}
	for (size_t t = 0; t < w; t++) {
		double p = total > 0 ? all[t] / total : 0;
		/* never both in use: share is of the other slots, so nothing is given here */
		ret[t] = p > 0 ? (ret[t] + TILT * p) / ((sum + TILT) * p) : !(total > 0);
	}
	xfree(all);
}

/* What like forecast on earlier days, made this queue's. Only of days that both have. */
static void past_of(struct ins_cast *c)
{
	const struct ins_cast *k = c->like;
	size_t n = k->steps * (size_t)c->width, at = 0;
	double *tilt = xalloc((size_t)c->width * sizeof(*tilt));
	c->steps = k->steps;
	c->past = xalloc((k->origins + 1) * n * sizeof(double));
	for (size_t o = 0; o < k->origins; o++) {
		while (at < c->rows && c->day[at] < k->day[k->first_origin + o])
			at++;
		double share = share_of(c, at);
		tilt_of(c, at, tilt);
		for (size_t i = 0; i < n; i++)
			c->past[o * n + i] =
				k->past[o * n + i] * share * tilt[i % (size_t)c->width];
	}
	c->origins = k->origins;
	c->first_origin = k->first_origin;
	xfree(tilt);
}

void cast_sparse_fit(struct ins_cast *c)
{
	c->tilt = xalloc((size_t)c->width * sizeof(*c->tilt));
	c->share = share_of(c, c->rows);
	tilt_of(c, c->rows, c->tilt);
	for (size_t d = 0; d < c->ahead; d++)
		for (int t = 0; t < c->width && c->open[c->until + d]; t++) {
			size_t i = d * (size_t)c->width + (size_t)t;
			c->mean[i] = c->like->mean[i] * c->share * c->tilt[t];
		}
	past_of(c);
}
