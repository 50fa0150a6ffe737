/* ins_staffing.h: staffing as others ask for it: JSON in, JSON out. Pure but for the database of
 * ins_forecast_json. docs/forecast.md.
 */
#ifndef CALLM_INS_STAFFING_H
#define CALLM_INS_STAFFING_H

#include "jv.h"
#include "err.h"
#include "sb.h"

struct cal;
struct store_db;

/* {calls: [..] or a number, interval_s, aht_s (a number or one a slot), within_s, goal,
 * patience_s, occupancy_max, shrinkage, concurrency, shifts: [..], nodes} to {slots: [{calls,
 * agents, scheduled, service_level, ..}], agent_slots, roster}. roster is there when shifts are
 * given and is that of ins_roster_json for the scheduled. ERR_INVAL: e says what is wrong
 * where; ERR_TOOBIG: more than 3,000,000 erlangs in all.
 * *ret is the caller's. */
int ins_staffing_json(const jv *body, jv **ret, struct err *e);

/* {need: [people a slot], shifts: [{name, length, first, last, pause, margin, cost}], nodes} to
 * {cost, bound, proven, cover: [..], roster: [{shift, from, to, pause_from, pause_to, count}]};
 * all in slots; to and pause_to are the first after. length and first are needed; last is
 * first,
 * pause 0, margin (of work before and after the pause) 1, cost the slots at work. */
int ins_roster_json(const jv *body, jv **ret, struct err *e);

/* By what body has: calls and need as above; duty:
 * {need: [..], now, duty: [{who, from, to, pause_from, pause_to, pause_first, pause_last,
 * longer_max, may_leave}]} in slots to {moves: [{move: pause | longer | leave, duty, who,
 * pause_from | to}], short_by}: pauses lie in [pause_first, pause_last] (where they begin);
 * planned: {planned: [{from, to, what: work | pause}], done: [..]} in minutes of the day to
 * {planned_min, kept_min, adherence, conformance, late_min, early_min}. */
int ins_plan_json(const jv *body, jv **ret, struct err *e);

struct ins_forecast_ask {
	sv queue, channel;           /* empty: all */
	const char *metric, *zone;   /* "entered" or "interactions" */
	const struct cal *hours;     /* which days are open; NULL: as usual on that weekday */
	int period_min, days;        /* ahead, calendar days from today on */
	int64_t now_ms;
	double aht_s;                /* 0: as it was lately, by slot (ins_aht.h) */
	double within_s, goal, patience_s, shrinkage, occupancy_max;
	int concurrency;
};
/* Forecast from the facts, with the need of agents, and what was: {zone, period_min, model,
 * wape, baseline_wape, aht_s, goal, within_s, history: [{ts, value}], items: [{ts, mean,
 * p025, p10, p90, p975,
 * aht_s, agents, scheduled, actual}]}. Reads and computes on the calling thread, tenths of a
 * second. ERR_NOTFOUND: nothing to forecast from; ERR_INVAL. */
int ins_forecast_json(struct store_db *db, const struct ins_forecast_ask *q, struct sb *out,
		      struct err *e);

#endif
