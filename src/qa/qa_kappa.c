/* qa_kappa.c: how far raters agree beyond chance: Cohen for two, Fleiss for several. Pure. */
#include "qa.h"

#include <math.h>

enum { KINDS = 16 };

double qa_kappa_cohen(const int *a, const int *b, size_t n, int k, double *agree)
{
	double of_a[KINDS] = { 0 }, of_b[KINDS] = { 0 }, same = 0, chance = 0;
	if (agree)
		*agree = NAN;
	if (!n || k < 1 || k > KINDS)
		return NAN;
	for (size_t i = 0; i < n; i++) {
		if (a[i] < 0 || a[i] >= k || b[i] < 0 || b[i] >= k)
			return NAN;
		of_a[a[i]]++;
		of_b[b[i]]++;
		same += a[i] == b[i];
	}
	for (int j = 0; j < k; j++)
		chance += of_a[j] / (double)n * (of_b[j] / (double)n);
	same /= (double)n;
	if (agree)
		*agree = same;
	return chance >= 1 - 1e-12 ? NAN : (same - chance) / (1 - chance);
}

double qa_kappa_fleiss(const int *count, size_t n, int k)
{
	double kinds[KINDS] = { 0 }, same = 0, chance = 0, raters = 0;
	if (!n || k < 1 || k > KINDS)
		return NAN;
	for (size_t i = 0; i < n; i++) {
		double here = 0, pairs = 0;
		for (int j = 0; j < k; j++) {
			double c = count[i * (size_t)k + (size_t)j];
			here += c;
			pairs += c * (c - 1);
			kinds[j] += c;
		}
		if (here < 2 || (i && here != raters))
			return NAN;
		raters = here;
		same += pairs / (here * (here - 1));
	}
	same /= (double)n;
	for (int j = 0; j < k; j++) {
		double p = kinds[j] / ((double)n * raters);
		chance += p * p;
	}
	return chance >= 1 - 1e-12 ? NAN : (same - chance) / (1 - chance);
}
