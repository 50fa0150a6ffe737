/* ins_cast_svd.c: days as sums of a few shapes, on square roots, where the chance of counts is the
 * same everywhere; the weight of a shape is an AR(1) around the mean of its weekday (Shen & Huang,
 * Manuf. Serv. Oper. Manag. 10, 2008). A challenger, and a part of the model. Pure. */
#include "ins_cast_int.h"

#include <math.h>
#include <string.h>

#include "arena.h"

/* Power iterations: from nothing, and from the vectors of a day before. */
enum { FIRST_TURNS = 15, NEXT_TURNS = 2 };

/* In four sums at once, as a processor can. */
static double dot(const double *a, const double *b, size_t n)
{
	double s[4] = { 0 };
	size_t t = 0;
	for (; t + 4 <= n; t += 4)
		for (size_t k = 0; k < 4; k++)
			s[k] += a[t + k] * b[t + k];
	for (; t < n; t++)
		s[0] += a[t] * b[t];
	return (s[0] + s[1]) + (s[2] + s[3]);
}

/* The right singular vector of z (n x w) with the largest value, by power iteration. */
static void vector_of(const double *z, size_t n, size_t w, int turns,
		      double *v)
{
	double *u = xalloc(w * sizeof(*u));
	for (int turn = 0; turn < turns; turn++) {
		double norm = 0;
		memset(u, 0, w * sizeof(*u));
		for (size_t i = 0; i < n; i++) {
			double s = dot(&z[i * w], v, w);
			for (size_t t = 0; t < w; t++)
				u[t] += s * z[i * w + t];
		}
		for (size_t t = 0; t < w; t++)
			norm += u[t] * u[t];
		for (size_t t = 0; t < w; t++)
			v[t] = norm > 0 ? u[t] / sqrt(norm) : 0;
	}
	xfree(u);
}

/* AR(1) of the scores around the mean of their weekday. */
static void series_of(const struct ins_cast *c, size_t n, const double *score, double usual[7],
		      double *keep, double *last)
{
	double count[7] = { 0 }, xy = 0, xx = 0, mean = 0;
	for (size_t i = 0; i < n; i++)
		mean += score[i] / (double)n;
	for (int d = 0; d < 7; d++)
		usual[d] = 0;
	for (size_t i = 0; i < n; i++) {
		usual[c->dow[c->day[i]]] += score[i];
		count[c->dow[c->day[i]]]++;
	}
	for (int d = 0; d < 7; d++)
		usual[d] = count[d] > 0 ? usual[d] / count[d] : mean;
	for (size_t i = 1; i < n; i++) {
		double a = score[i - 1] - usual[c->dow[c->day[i - 1]]];
		xy += a * (score[i] - usual[c->dow[c->day[i]]]);
		xx += a * a;
	}
	*keep = xx > 0 ? xy / xx : 0;
	*keep = *keep < 0 ? 0 : *keep > 0.98 ? 0.98 : *keep;
	*last = score[n - 1] - usual[c->dow[c->day[n - 1]]];
}

void cast_svd_fit(const struct ins_cast *c, const double *root, size_t w, size_t n,
		  struct cast_shape *f)
{
	double *z = xalloc(n * w * sizeof(*z)), *score = xalloc(n * sizeof(*score));
	memcpy(z, root, n * w * sizeof(*z));
	for (int k = 0; k < CAST_PARTS; k++) {
		double *v = f->parts + (size_t)k * w;
		for (size_t t = 0; t < w && !f->tuned; t++)
			v[t] = 1 + 0.3 * sin(0.7 * (double)t);
		vector_of(z, n, w, f->tuned ? NEXT_TURNS : FIRST_TURNS, v);
		for (size_t i = 0; i < n; i++) {
			score[i] = dot(&z[i * w], v, w);
			for (size_t t = 0; t < w; t++)
				z[i * w + t] -= score[i] * v[t];
		}
		series_of(c, n, score, f->usual[k], &f->keep[k], &f->score[k]);
	}
	f->tuned = true;
	xfree(z);
	xfree(score);
}

double cast_svd_at(const struct cast_shape *f, size_t w, size_t t, int weekday, size_t step)
{
	double z = 0;
	for (int k = 0; k < CAST_PARTS; k++)
		z += f->parts[(size_t)k * w + t] *
		     (f->usual[k][weekday] + f->score[k] * pow(f->keep[k], (double)step));
	return z > 0 ? z * z - 0.25 : 0;
}

void cast_root(struct ins_cast *c, size_t block)
{
	size_t w = (size_t)c->width, b = (w + block - 1) / block;
	double *mean = xalloc(7 * w * sizeof(*mean));
	cast_weekday_means(c, c->rows, c->rows, mean);
	c->blocks = b;
	c->root = xalloc((c->rows * b + 1) * sizeof(*c->root));
	for (size_t i = 0; i < c->rows; i++)
		for (size_t t = 0; t < w; t++) {
			double v = c->val[i * w + t], m = mean[c->dow[c->day[i]] * w + t];
			c->root[i * b + t / block] += isnan(v) ? m : v;
		}
	for (size_t i = 0; i < c->rows * b; i++)
		c->root[i] = sqrt(c->root[i] + 0.25);
	xfree(mean);
}
