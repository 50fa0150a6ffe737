/* ins_stat.c: tests of shares, means, changes; many at once. Pure. */
#include "ins_stat.h"
#include "base.h"

#include <math.h>
#include <stdlib.h>

static double two_sided(double z)
{
	return erfc(fabs(z) / sqrt(2));
}

double ins_two_shares(double x1, double n1, double x2, double n2)
{
	double p = n1 + n2 > 0 ? (x1 + x2) / (n1 + n2) : 0, var;
	if (n1 <= 0 || n2 <= 0)
		return 1;
	var = p * (1 - p) * (1 / n1 + 1 / n2);
	return var > 0 ? two_sided((x1 / n1 - x2 / n2) / sqrt(var)) : 1;
}

void ins_moments_add(struct ins_moments *m, double v)
{
	m->n++;
	m->sum += v;
	m->squares += v * v;
}

static double variance(const struct ins_moments *m)
{
	double mean = m->sum / m->n, v = (m->squares - m->n * mean * mean) / (m->n - 1);
	return v > 0 ? v : 0;
}

double ins_two_means(const struct ins_moments *a, const struct ins_moments *b)
{
	if (a->n < 2 || b->n < 2)
		return 1;
	double se = variance(a) / a->n + variance(b) / b->n;
	return se > 0 ? two_sided((a->sum / a->n - b->sum / b->n) / sqrt(se)) : 1;
}

static double xlogp(double x, double p)
{
	return x > 0 ? x * log(p) : 0;
}

static double likelihood(double x, double n)
{
	double p = n > 0 ? x / n : 0;
	return n > 0 ? xlogp(x, p) + xlogp(n - x, 1 - p) : 0;
}

size_t ins_change_day(const double *x, const double *n, size_t days, double *ret_p)
{
	double all_x = 0, all_n = 0, before_x = 0, before_n = 0, most = 0;
	size_t at = 0;
	for (size_t d = 0; d < days; d++) {
		all_x += x[d];
		all_n += n[d];
	}
	for (size_t d = 1; d < days; d++) {
		before_x += x[d - 1];
		before_n += n[d - 1];
		double lr = 2 * (likelihood(before_x, before_n) +
				 likelihood(all_x - before_x, all_n - before_n) -
				 likelihood(all_x, all_n));
		if (lr > most)
			most = lr, at = d;
	}
	double p = at ? two_sided(sqrt(most)) * (double)(days - 1) : 1;
	*ret_p = p < 1 ? p : 1;
	return at;
}

struct ranked {
	double p;
	size_t i;
};

static int by_p(const void *a, const void *b)
{
	double x = ((const struct ranked *)a)->p, y = ((const struct ranked *)b)->p;
	return x < y ? -1 : x > y;
}

void ins_false_rates(const double *p, size_t n, double *q)
{
	struct ranked *r = xalloc((n + 1) * sizeof(*r));
	double least = 1;
	for (size_t i = 0; i < n; i++)
		r[i] = (struct ranked){ p[i], i };
	qsort(r, n, sizeof(*r), by_p);
	for (size_t k = n; k-- > 0;) {
		double v = r[k].p * (double)n / (double)(k + 1);
		least = v < least ? v : least;
		q[r[k].i] = least;
	}
	xfree(r);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

double ins_median(double *v, size_t n)
{
	if (!n)
		return 0;
	qsort(v, n, sizeof(*v), by_value);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}
