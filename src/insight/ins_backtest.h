/* ins_backtest.h: forecasts tried on the past: from one origin after another, what would have been
 * forecast, and what came. Pure. docs/forecast.md. */
#ifndef CALLM_INS_BACKTEST_H
#define CALLM_INS_BACKTEST_H

#include "ins_cast.h"
#include "ins_score.h"

struct ins_backtest_opts {
	/* first origin and step, in days with data; 0: see below. */
	size_t from, step;
	size_t horizon;              /* days with data ahead */
	size_t until;                /* days of the series that are looked at; 0: all */
	bool means_only;             /* no intervals, many times quicker; the same wape */
};
struct ins_backtest {
	enum ins_model model;
	size_t origins;
	double wape;                 /* mean over origins */
	/* by the weekly naive within the days before the first origin. */
	double mase;
	double ms;                   /* of a processor, for one fit with its intervals */
	struct ins_tally all;
};
/* Tries one model. from 0: as late as leaves 40 days, but not before half of the days; step 0: the
 * horizon. Days of the series are taken as open or closed as they were: calendars are known
 * beforehand, counts are not. ERR_INVAL: too few days. */
int ins_backtest_run(const struct ins_series *s, const struct ins_plan *p,
		 const struct ins_backtest_opts *o, enum ins_model model, struct ins_backtest *ret,
		 struct err *e);
/* The model of the least WAPE of a run over all; of equal ones the first. */
int ins_backtest_choose(const struct ins_series *s, const struct ins_plan *p,
		    const struct ins_backtest_opts *o, struct ins_backtest ret[INS_MODELS],
		    enum ins_model *best, struct err *e);

struct ins_pick {
	enum ins_model model;
	double wape, week;           /* its error and that of last week again; NAN: not tried */
	size_t origins;              /* on which that was measured; 0: not tried */
};
enum { INS_PICK_DAYS = 21 };         /* open ones; with fewer nothing is tried */
/* The model for `horizon` open days after the first `until` days of the series; how far it is off
 * is measured on later days than those it was chosen on. The calendar's, untried, where there are
 * too few days, or so little comes that the least error is to say 0. */
void ins_backtest_pick(const struct ins_series *s, const struct ins_plan *p, size_t until,
		       size_t horizon, struct ins_pick *ret);

struct ins_morning {
	size_t origins;
	struct ins_tally before, after;      /* of the rest of the day, by the evening before; by
					      * what came until then */
};
/* Days ahead from each origin, when the first `seen` slots in use are known. o->horizon is not
 * looked at. ERR_INVAL: too few days, or nothing is left of the day. */
int ins_backtest_morning(const struct ins_series *s, const struct ins_plan *p,
			 const struct ins_backtest_opts *o, int seen, struct ins_morning *ret,
			 struct err *e);

#endif
