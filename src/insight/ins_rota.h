/* ins_rota.h: who works when: the kept roster of a day, shifts given to people, and who kept to it.
 *
 *	struct ins_rota_edit x = { .day = cal_days(2026, 11, 26), .body = json, .version = 3,
 *				   .by = SV("lin"), .now_ms = clk_wall_ms() };
 *	rc = ins_rota_put(db, &x);           ERR_INVAL: x.faults says all that is wrong
 *
 * A day is the date on the company's wall, its minutes those of the clock there. The plan is what
 * planners see and change; publishing copies it to what agents see and are measured by. Writing on
 * the scribe, reading on a reader, the rest is pure. docs/forecast.md.
 */
#ifndef CALLM_INS_ROTA_H
#define CALLM_INS_ROTA_H

#include "cal.h"
#include "cfg.h"
#include "ins_staffing.h"
#include "store.h"

enum { INS_DAY_MIN = 1440, INS_PAUSES = 4, INS_STINTS = 1000, INS_ROTA_DAYS = 62,
/* between two days' work: Directive 2003/88/EC, article 3. */
       INS_REST_MIN = 660 };

struct ins_span { int from_min, to_min; };   /* to: the first after */
/* One shift of one person. */
struct ins_stint {
	char agent[64];
	struct ins_span at, pause[INS_PAUSES];
	int pauses;
};
typedef VEC(struct ins_stint) ins_stints;
int ins_stint_work(const struct ins_stint *s);       /* minutes without the pauses */
/* {shifts: [{agent, from_min, to_min, pauses: [{from_min, to_min}]}]} into ret, by agent and time;
 * ERR_INVAL: each fault is in faults. The caller frees ret in both cases. */
int ins_stints_read(const jv *body, ins_stints *ret, struct cfg_report *faults);
void ins_stint_json(const struct ins_stint *s, struct sb *out);
/* "2026-11-26" into days since 1970; false: no such date. */
bool ins_rota_date(sv text, int64_t *ret);

struct ins_rota_edit {
	int64_t day;
	const jv *body;              /* as above; NULL: publish */
	int64_t version;             /* it was made on; 0 = of a day without one; -1 = any */
	sv by;                       /* login */
	int64_t now_ms;
	struct cfg_report faults;    /* the caller ends it */
	int64_t made;                /* the version it has now */
};
/* The plan of a whole day, on the scribe; the river gets roster.planned. ERR_INVAL with faults
 * (also: a user who is not there, or out of use and not in the plan before); ERR_CONFLICT. */
int ins_rota_put(struct store_db *db, struct ins_rota_edit *x);
/* Agents see the plan as it is now: roster.published. ERR_NOTFOUND: there is none; ERR_CONFLICT. */
int ins_rota_publish(struct store_db *db, struct ins_rota_edit *x);

struct ins_rota_ask {
	int64_t from, to;            /* days, both ends */
	/* empty: everybody's plan; else what is published of theirs. */
	sv agent;
	const char *zone;
	int64_t now_ms;
};
/* {zone, items: [{day, version, state, updated_at, updated_by, published_at, published_by,
 * shifts: [..], warnings: [{agent, kind: "rest", day, rest_min}]}], next: null}: days with a plan.
 * Warnings: less rest than INS_REST_MIN to the day before or after. */
int ins_rota_json(struct store_db *db, const struct ins_rota_ask *q, struct sb *out);
/* The version of a day's plan, 0 = none; its shifts by agent, published or planned, into ret. */
int ins_rota_day(struct store_db *db, int64_t day, bool published, int64_t *version,
		 ins_stints *ret);

/* ---- shifts to people ---- */

struct ins_taker {                   /* somebody who could work that day */
	int minutes;                 /* of work in the four weeks before */
	int earliest, latest;        /* what rest leaves of the day */
	bool able;                   /* has the skills, and a free day in seven */
};
struct ins_post { int from_min, to_min, work_min; }; /* a shift nobody has yet */
/* Whose shift it is: who[i] an index of p, or -1. As many as possible are given, earlier ones
 * of the list first, at most one a person; then so that minutes are spread as evenly as swaps
 * make them. Returns how many. */
size_t ins_give(const struct ins_post *post, size_t n, const struct ins_taker *p, size_t m,
		int *who);
/* Minutes, rest and free days of login as the plans around day have them; able is left alone. */
int ins_taker_load(struct store_db *db, int64_t day, const sv *login, size_t n,
		   struct ins_taker *ret);

struct ins_propose {
	struct ins_forecast_ask ask; /* period and days are set here */
	int64_t day;
	/* rules as of ins_roster_json in half hours; NULL: usual ones. */
	const jv *shifts;
	/* who has the skills; NULL, of a replan: all of the plan. */
	const sv *login;
	size_t n;
	const bool *others;          /* of login: who serves other queues, too; NULL: nobody */
	/* Of ins_rota_propose, a list of shifts: they stand. NULL: with a queue those of the plan
	 * kept for the day, else none. */
	const jv *keep;
	/* of ins_rota_replan: how much longer a shift may get; may people be sent home? */
	int longer_max_min;
	bool leave;
	const jv *absent;            /* logins that do not count as there; NULL: none */
};
/* A plan for a day from today to 27 days ahead, nothing is kept: {day, need: [{from_min,
 * agents, scheduled}], shifts: [..], open: [{from_min, to_min, pauses}], cost_min, proven};
 * open: nobody could take them. Of shifts that stand those of login cover need, whose they are
 * get no other, and all are in the answer; cost_min is that of the rest. ERR_RANGE: no such day
 * ahead; ERR_NOTFOUND: no forecast, or closed; ERR_INVAL: of keep. */
int ins_rota_propose(struct store_db *db, struct ins_propose *q, struct sb *out, struct err *e);
/* The running day anew, from its plan and the forecast of now; nothing is kept: {day, version,
 * moves:
 * [{move: pause | longer | leave, agent, from_min | to_min}], short_min, need, shifts: as they
 * would be}. Who is not in login stays as planned and covers nothing; others are not sent home.
 * ERR_RANGE: not today; ERR_NOTFOUND: no plan, no forecast. */
int ins_rota_replan(struct store_db *db, struct ins_propose *q, struct sb *out, struct err *e);

/* ---- who kept to it ---- */

/* Minutes of a day (0 not at work, 1 work, 2 pause) up to `until`: what came after is not
 * judged. */
struct ins_kept {
	int planned, kept, work_planned, work_done;
	int late, early;             /* early: only of a shift that is over */
	int away;                    /* planned work not done between coming and going */
};
void ins_kept_of(const unsigned char *planned, const unsigned char *done, int until,
		 struct ins_kept *ret);
/* {day, basis: published | planned, until_min, items: [{agent, now, planned_min, ..., adherence,
 * conformance}]} by login; now: off, work, pause, away, late. agent empty: all; else only
 * theirs, and only of what is published. */
int ins_rota_kept_json(struct store_db *db, const struct ins_rota_ask *q, struct sb *out);

#endif
