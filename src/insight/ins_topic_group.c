/* ins_topic_group.c: vectors of unit length into groups: spherical k-means (Dhillon and Modha
 * 2001), begun by k-means++ (Arthur and Vassilvitskii 2007). Pure. */
#include "ins_topic_int.h"

#include <math.h>

enum { ROUNDS = 30 };

static float dot(const float *a, const float *b, int dim)
{
	float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
	int i = 0;
	for (; i + 4 <= dim; i += 4) {
		s0 += a[i] * b[i];
		s1 += a[i + 1] * b[i + 1];
		s2 += a[i + 2] * b[i + 2];
		s3 += a[i + 3] * b[i + 3];
	}
	for (; i < dim; i++)
		s0 += a[i] * b[i];
	return s0 + s1 + s2 + s3;
}

static void begin(const float *x, size_t n, int dim, size_t k, struct rng *r, float *mid)
{
	double *far = xalloc(n * sizeof(*far));
	size_t pick = (size_t)rng_below(r, n);
	for (size_t i = 0; i < n; i++)
		far[i] = 4;
	for (size_t g = 0; g < k; g++) {
		double all = 0, at;
		memcpy(mid + g * (size_t)dim, x + pick * (size_t)dim, (size_t)dim * sizeof(*mid));
		for (size_t i = 0; i < n; i++) {
			double d = 1 - (double)dot(x + i * (size_t)dim, mid + g * (size_t)dim, dim);
			d = d < 0 ? 0 : d;
			far[i] = d < far[i] ? d : far[i];
			all += far[i];
		}
		at = rng_unit(r) * all;
		for (pick = 0; pick + 1 < n && at > far[pick]; pick++)
			at -= far[pick];
	}
	xfree(far);
}

static double assign(const float *x, size_t n, int dim, size_t k, const float *mid, size_t *group,
		     bool *changed)
{
	double sum = 0;
	*changed = false;
	for (size_t i = 0; i < n; i++) {
		size_t best = 0;
		float most = -2;
		for (size_t g = 0; g < k; g++) {
			float c = dot(x + i * (size_t)dim, mid + g * (size_t)dim, dim);
			if (c > most)
				most = c, best = g;
		}
		*changed |= group[i] != best;
		group[i] = best;
		sum += (double)most;
	}
	return sum;
}

static void middles(const float *x, size_t n, int dim, size_t k, const size_t *group, float *mid)
{
	float *old = xalloc((size_t)dim * sizeof(*old));
	for (size_t g = 0; g < k; g++) {
		float *m = mid + g * (size_t)dim;
		double len = 0;
		memcpy(old, m, (size_t)dim * sizeof(*m));
		memset(m, 0, (size_t)dim * sizeof(*m));
		for (size_t i = 0; i < n; i++)
			for (int d = 0; group[i] == g && d < dim; d++)
				m[d] += x[i * (size_t)dim + (size_t)d];
		for (int d = 0; d < dim; d++)
			len += (double)m[d] * (double)m[d];
		if (len <= 0)                /* an empty one stays where it was */
			memcpy(m, old, (size_t)dim * sizeof(*m));
		for (int d = 0; d < dim && len > 0; d++)
			m[d] = (float)((double)m[d] / sqrt(len));
	}
	xfree(old);
}

double ins_groups(const float *x, size_t n, int dim, size_t k, struct rng *r, size_t *group,
		  float *mid)
{
	bool changed = true;
	double sum = 0;
	begin(x, n, dim, k, r, mid);
	memset(group, 0, n * sizeof(*group));
	for (int i = 0; i < ROUNDS && changed; i++) {
		sum = assign(x, n, dim, k, mid, group, &changed);
		middles(x, n, dim, k, group, mid);
	}
	return sum;
}

/* ---- agreement ---- */

static double plogp(double p)
{
	return p > 0 ? -p * log(p) : 0;
}

struct ins_agree ins_v_measure(const size_t *group, const size_t *label, size_t n)
{
	size_t k = 0, c = 0;
	double hk = 0, hc = 0, joint = 0;
	struct ins_agree a = { 1, 1, 1 };
	for (size_t i = 0; i < n; i++) {
		k = group[i] >= k ? group[i] + 1 : k;
		c = label[i] >= c ? label[i] + 1 : c;
	}
	double *cell = xalloc((k * c + 1) * sizeof(*cell)), *row = xalloc((k + 1) * sizeof(*row));
	double *col = xalloc((c + 1) * sizeof(*col));
	for (size_t i = 0; i < n; i++) {
		cell[group[i] * c + label[i]] += 1 / (double)n;
		row[group[i]] += 1 / (double)n;
		col[label[i]] += 1 / (double)n;
	}
	for (size_t i = 0; i < k; i++)
		hk += plogp(row[i]);
	for (size_t i = 0; i < c; i++)
		hc += plogp(col[i]);
	for (size_t i = 0; i < k * c; i++)
		joint += plogp(cell[i]);
	if (hc > 0)
		a.homogeneity = 1 - (joint - hk) / hc;
	if (hk > 0)
		a.completeness = 1 - (joint - hc) / hk;
	a.v = a.homogeneity + a.completeness > 0 ?
		      2 * a.homogeneity * a.completeness / (a.homogeneity + a.completeness) : 0;
	xfree(cell);
	xfree(row);
	xfree(col);
	return a;
}
