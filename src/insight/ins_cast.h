/* ins_cast.h: forecasts of counts: level of the day times profile of the day, with intervals that
 * were calibrated on whole days.
 *
 *	struct ins_plan *p = ins_plan_new(series, 14);
 *	struct ins_cast *c;
 *	struct ins_cast_opts o = { .until = series->days, .ahead = 14 };
 *	if (ins_cast_fit(&c, series, p, &o, &e) == 0)
 *		ins_cast_day(c, 0, &slots[0]);          the first day after the data
 *	ins_cast_free(c);
 *
 * The logarithm of a day's total is a ridge regression on the calendar with decaying weights
 * (Huber) plus the decaying mean of its last residuals; the profile of a weekday is shrunk to
 * that of all days. Nothing is drawn by chance: the same data give the same bits. Pure: any
 * thread, one at a time per handle. docs/forecast.md.
 */
#ifndef CALLM_INS_CAST_H
#define CALLM_INS_CAST_H

#include "ins_series.h"

enum { INS_AHEAD_MAX = 60, INS_EVENTS = 8 };

/* What is known of days beforehand: closed or open, and events. */
struct ins_plan {
	size_t days;                 /* those of the series and those ahead */
	uint8_t *open, *event;       /* event: bit k for event k */
	char name[INS_EVENTS][32];
	int events;
};
/* Days with data are open; days ahead are open when their weekday usually is (as of the days
 * before `until`). The caller's, ins_plan_free. */
struct ins_plan *ins_plan_new(const struct ins_series *s, size_t ahead);
/* The last day of the series has only begun: it is open when its weekday usually is, or when
 * something came already. */
void ins_plan_today(struct ins_plan *p, const struct ins_series *s);
/* Lines "date" or "date,closed", "date,open", "date,NAME OF AN EVENT"; '#' begins a comment.
 * ERR_PARSE: e names the line; the plan is as it was. Days outside of the plan are passed over.
 */
int ins_plan_read(struct ins_plan *p, const struct ins_series *s, sv text, struct err *e);
void ins_plan_free(struct ins_plan *p);      /* accepts NULL */

struct ins_point {
	double mean, p025, p10, p90, p975;   /* NAN where the slot is never in use */
};

/* The model and its challengers. */
enum ins_model {
	INS_MODEL_CALENDAR,          /* level by the calendar x profile */
	INS_MODEL_WEEK,              /* the same weekday of last week again */
	INS_MODEL_WEEKS4,            /* mean of its last four */
	INS_MODEL_MEAN,              /* mean of all of them */
	INS_MODEL_WINTERS,           /* Holt-Winters, two seasons, AR(1) (Taylor 2003) */
	INS_MODEL_SVD,               /* singular vectors and AR(1) (Shen & Huang 2008) */
	INS_MODELS
};
const char *ins_model_name(enum ins_model m);      /* "calendar", "week", ... */
int ins_model_parse(sv name, enum ins_model *ret); /* ERR_NOTFOUND */

struct ins_cast_opts {
	size_t until;                /* days [0, until) are learned from; later ones never */
	size_t ahead;                /* days from there, 1..INS_AHEAD_MAX */
	enum ins_model model;
	/* The forecast of all queues together, for a queue with so few counts that its own shape
	 * cannot be seen. May be NULL; of the same days; must outlive the fit. */
	const struct ins_cast *like;
	bool means_only;             /* no intervals: quicker */
};

struct ins_cast;
/* ERR_INVAL: less than 3 days with enough numbers, or days out of range. *ret is the caller's,
 * ins_cast_free. */
int ins_cast_fit(struct ins_cast **ret, const struct ins_series *s, const struct ins_plan *p,
		 const struct ins_cast_opts *o, struct err *e);
void ins_cast_free(struct ins_cast *c);      /* accepts NULL */
/* Points of day until + ahead (ahead from 0), slots of them; false: the day is closed (all 0). */
bool ins_cast_day(const struct ins_cast *c, size_t ahead, struct ins_point *ret);
/* Only the means; as fast as can be. */
bool ins_cast_means(const struct ins_cast *c, size_t ahead, double *ret);
bool ins_cast_sparse(const struct ins_cast *c);      /* was `like` used? */
/* Is it so little on the first days that `like` would be? */
bool ins_cast_thin(const struct ins_series *s, size_t until);

/* The first day again, when its slots before `seen` are known (so_far, NAN where not): what the
 * morning says about the rest, as much as it said on earlier days. */
void ins_cast_now(const struct ins_cast *c, const double *so_far, int seen, struct ins_point *ret);

#endif
