/* ins_stat.h: the tests behind statements: how likely chance alone would say the same. Pure. */
#ifndef CALLM_INS_STAT_H
#define CALLM_INS_STAT_H

#include <stddef.h>
#include <stdint.h>

/* Are x1 of n1 and x2 of n2 shares of one size? Two-sided p of the pooled z; 1 where it cannot
 * be told. */
double ins_two_shares(double x1, double n1, double x2, double n2);
/* Do two samples have one mean? Two-sided p of Welch's z, for samples of some size; 1 where it
 * cannot be told. */
struct ins_moments {
	double n, sum, squares;
};
void ins_moments_add(struct ins_moments *m, double v);
double ins_two_means(const struct ins_moments *a, const struct ins_moments *b);
/* The day at which the share x[d] of n[d] changed most (the first of the new ones), 1 to
 * days-1, 0 = none; *ret_p: of the likelihood ratio over all days (Bonferroni). */
size_t ins_change_day(const double *x, const double *n, size_t days, double *ret_p);
/* Benjamini and Hochberg (1995): q[i], the least rate of false discoveries at which p[i] counts. */
void ins_false_rates(const double *p, size_t n, double *q);
/* Of n numbers, which are sorted; 0 for none. */
double ins_median(double *v, size_t n);

#endif
