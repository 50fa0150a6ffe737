/* ins_aht.h: handling time by slot of the day, from the facts. docs/forecast.md. */
#ifndef CALLM_INS_AHT_H
#define CALLM_INS_AHT_H

#include "ins_series.h"

#define INS_AHT_USUAL 180.0          /* seconds, where nothing was handled yet */

/* Seconds for each slot of 24 hours and, as the result, of all: means over what was handled in the
 * last eight weeks, weights halving in 14 days; a slot is drawn to all with the weight of 30
 * services. o: as for ins_series_facts, metric and days are not looked at. Reads on the calling
 * thread. */
double ins_aht_slots(struct store_db *db, const struct ins_facts_opts *o, double *ret);

/* The same from two series of the same grid, times in ms and numbers of services. Pure. */
double ins_aht_of(const struct ins_series *time_ms, const struct ins_series *handled, double *ret);

#endif
