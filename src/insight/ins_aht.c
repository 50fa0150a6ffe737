/* ins_aht.c: handling times: ratios of sums, late days weigh more. Pure but for the reading. */
#include "ins_aht.h"

#include <math.h>

#include "obj.h"

#define HALF_DAYS 14.0
#define DRAWN_BY 30.0                /* services */
enum { WEEKS8 = 56 };

/* Day and slot of b that are those of a; NAN outside. */
static double same(const struct ins_series *a, const struct ins_series *b, size_t day, int slot)
{
	int64_t d = a->first + (int64_t)day - b->first;
	return d < 0 || d >= (int64_t)b->days ? NAN : ins_series_at(b, (size_t)d, slot);
}

double ins_aht_of(const struct ins_series *time_ms, const struct ins_series *handled, double *ret)
{
	double sum[INS_SLOTS_MAX] = { 0 }, n[INS_SLOTS_MAX] = { 0 }, all = 0, count = 0;
	for (size_t d = 0; d < time_ms->days; d++) {
		double w = pow(2, -(double)(time_ms->days - 1 - d) / HALF_DAYS);
		for (int t = 0; t < time_ms->slots; t++) {
			double v = ins_series_at(time_ms, d, t), k = same(time_ms, handled, d, t);
			if (isnan(v) || !(v > 0) || !(k > 0))
				continue;
			sum[t] += w * k * v / 1000;
			n[t] += w * k;
			all += w * k * v / 1000;
			count += w * k;
		}
	}
	all = count > 0 ? all / count : INS_AHT_USUAL;
	for (int t = 0; t < time_ms->slots; t++)
		ret[t] = (sum[t] + DRAWN_BY * all) / (n[t] + DRAWN_BY);
	return all;
}

double ins_aht_slots(struct store_db *db, const struct ins_facts_opts *o, double *ret)
{
	struct ins_facts_opts q = *o;
	struct ins_series *time_ms = NULL, *handled = NULL;
	double all = INS_AHT_USUAL;
	int seen;
	q.days = WEEKS8;
	q.metric = "aht";
	int rc = ins_series_facts(&time_ms, &seen, db, &q, NULL);
	q.metric = "handled";
	if (rc == 0)
		rc = ins_series_facts(&handled, &seen, db, &q, NULL);
	if (rc == 0)
		all = ins_aht_of(time_ms, handled, ret);
	else
		for (int t = 0; t < INS_SLOTS_MAX; t++)
			ret[t] = all;
	obj_unref(time_ms);
	obj_unref(handled);
	return all;
}
