/* ins_score.h: how good forecasts were. Sums first, ratios last. Pure. docs/forecast.md. */
#ifndef CALLM_INS_SCORE_H
#define CALLM_INS_SCORE_H

#include <stddef.h>

struct ins_tally {
	double n, error, square, bias, actual;  /* sums */
	double banded, in80, in95, winkler95;
};
void ins_tally_add(struct ins_tally *t, double actual, double forecast);
/* The intervals of the same point. */
void ins_tally_band(struct ins_tally *t, double actual, const double q[4]);
double ins_tally_wape(const struct ins_tally *t);
double ins_tally_rmse(const struct ins_tally *t);

/* Of one series, as the M4 competition has them: sMAPE in percent (2|e| / (|a| + |f|)); MASE by
 * the mean in-sample error of the naive forecast of season m. n, h > 0; n > m. */
double ins_smape(const double *actual, const double *forecast, size_t h);
double ins_mase(const double *train, size_t n, size_t m, const double *actual,
		const double *forecast, size_t h);
/* The last season again. */
void ins_snaive(const double *train, size_t n, size_t m, double *ret, size_t h);
/* Classical multiplicative decomposition where the season is seen (autocorrelation test at 90 %),
 * then the last value: the competition's Naive2. */
void ins_naive2(const double *train, size_t n, size_t m, double *ret, size_t h);

#endif
