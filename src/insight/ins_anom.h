/* ins_anom.h: what is not as usual: counts by the hour and moods by the day of each channel,
 * against the same hour of the weeks before.
 *
 *	ins_anom_scores(x, n, 168, 8, z, expected);      pure
 *	rc = ins_anomalies_json(db, &opts, out);         of the facts, with what leads to the
 * interactions
 */
#ifndef CALLM_INS_ANOM_H
#define CALLM_INS_ANOM_H

#include "ins_report.h"

enum { INS_ANOM_BACK = 8 };          /* seasons looked back */
#define INS_ANOM_LIMIT 5.0

/* Robust seasonal scores of counts: on the scale 2 sqrt(x + 3/8) (Anscombe 1948), where Poisson
 * noise has deviation 1, x[i] against the median of the same place and its neighbours in up to
 * back seasons before, over their MAD or 1, whichever is larger. NaN with fewer than 3 seasons.
 * Looks at nothing after i. */
void ins_anom_scores(const double *x, size_t n, size_t season, size_t back, double *z,
		     double *expected);
/* Stretches in which the scores of width places together pass limit: [from, to) of each and the
 * strongest score; at most most, in order. */
struct ins_anom_run {
	size_t from, to;
	double z;
};
size_t ins_anom_runs(const double *z, size_t n, size_t width, double limit, struct ins_anom_run *v,
		     size_t most);

struct ins_anom_opts {
	int64_t now_ms;
	const char *zone;            /* days and hours are of its clock; NULL = UTC */
	int days;                    /* so many back are judged; 0 = 7 */
};
/* {zone, from, to, items: [{kind, channel, from, to, value, expected, z, says, question}]}:
 * question is what ins_drill_json takes. A reader. */
int ins_anomalies_json(struct store_db *db, const struct ins_anom_opts *o, struct sb *out);

#endif
