/* ins_score.c: measures of forecasts, and the two benchmarks they are checked with. Pure. */
#include "ins_score.h"

#include <math.h>
#include <stdbool.h>

#include "arena.h"

void ins_tally_add(struct ins_tally *t, double actual, double forecast)
{
	double e = forecast - actual;
	t->n++;
	t->error += fabs(e);
	t->square += e * e;
	t->bias += e;
	t->actual += actual;
}

void ins_tally_band(struct ins_tally *t, double actual, const double q[4])
{
	double below = q[0] - actual, above = actual - q[3];
	t->banded++;
	t->in95 += below <= 0 && above <= 0;
	t->in80 += actual >= q[1] && actual <= q[2];
	/* Winkler 1972: the width, and 2/alpha for each unit outside */
	t->winkler95 += q[3] - q[0] + 40 * ((below > 0 ? below : 0) + (above > 0 ? above : 0));
}

double ins_tally_wape(const struct ins_tally *t)
{
	return t->actual > 0 ? t->error / t->actual : NAN;
}

double ins_tally_rmse(const struct ins_tally *t)
{
	return t->n > 0 ? sqrt(t->square / t->n) : NAN;
}

double ins_smape(const double *actual, const double *forecast, size_t h)
{
	double s = 0;
	for (size_t i = 0; i < h; i++) {
		double size = fabs(actual[i]) + fabs(forecast[i]);
		s += size > 0 ? 2 * fabs(actual[i] - forecast[i]) / size : 0;
	}
	return 100 * s / (double)h;
}

double ins_mase(const double *train, size_t n, size_t m, const double *actual,
		const double *forecast, size_t h)
{
	double scale = 0, e = 0;
	for (size_t i = m; i < n; i++)
		scale += fabs(train[i] - train[i - m]);
	for (size_t i = 0; i < h; i++)
		e += fabs(actual[i] - forecast[i]);
	return e / (double)h / (scale / (double)(n - m));
}

void ins_snaive(const double *train, size_t n, size_t m, double *ret, size_t h)
{
	for (size_t i = 0; i < h; i++)
		ret[i] = train[n - m + i % m];
}

static double autocorrelation(const double *x, size_t n, size_t lag)
{
	double mean = 0, all = 0, both = 0;
	for (size_t i = 0; i < n; i++)
		mean += x[i] / (double)n;
	for (size_t i = 0; i < n; i++) {
		all += (x[i] - mean) * (x[i] - mean);
		if (i >= lag)
			both += (x[i] - mean) * (x[i - lag] - mean);
	}
	return all > 0 ? both / all : 0;
}

static bool seasonal(const double *x, size_t n, size_t m)
{
	double s = 1;
	if (n < 3 * m)
		return false;
	for (size_t k = 1; k < m; k++) {
		double r = autocorrelation(x, n, k);
		s += 2 * r * r;
	}
	return fabs(autocorrelation(x, n, m)) > 1.645 * sqrt(s / (double)n);
}

/* Seasonal factors by the ratio to the centred moving average; their mean is 1. */
static void factors(const double *x, size_t n, size_t m, double *ret)
{
	double mean = 0, *count = xalloc(m * sizeof(*count));
	size_t half = m / 2;
	for (size_t k = 0; k < m; k++)
		ret[k] = 0;
	for (size_t i = half; i + half < n; i++) {
		double s = m % 2 ? 0 : (x[i - half] + x[i + half]) / 2;
		size_t from = m % 2 ? i - half : i - half + 1;
		for (size_t j = from; j < from + (m % 2 ? m : m - 1); j++)
			s += x[j];
		ret[i % m] += x[i] / (s / (double)m);
		count[i % m]++;
	}
	for (size_t k = 0; k < m; k++) {
		ret[k] = count[k] > 0 ? ret[k] / count[k] : 1;
		mean += ret[k] / (double)m;
	}
	for (size_t k = 0; k < m; k++)
		ret[k] /= mean;
	xfree(count);
}

void ins_naive2(const double *train, size_t n, size_t m, double *ret, size_t h)
{
	double *f = xalloc(m * sizeof(*f));
	bool season = seasonal(train, n, m);
	if (season)
		factors(train, n, m, f);
	for (size_t i = 0; i < h; i++)
		ret[i] = season ? train[n - 1] / f[(n - 1) % m] * f[(n + i) % m] : train[n - 1];
	xfree(f);
}
