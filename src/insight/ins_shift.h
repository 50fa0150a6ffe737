/* ins_shift.h: which shifts cover a need at the least cost, with breaks; what to do when the day
 * turns out otherwise; who keeps to the plan.
 *
 *	struct ins_shift_set s = { .slots = 28, .need = need };
 *	ins_shift_add(&s, &(struct ins_shift){ .from = 0, .length = 16, .pause_at = 7,
 *					       .pause = 1 });
 *	struct ins_roster r;
 *	if (ins_shift_solve(&s, 20000, &r, &e) == 0) use(r.count[k] people in shift k);
 *	ins_roster_done(&r);
 *
 * A set-covering program (Dantzig 1954): the least sum of cost x people such that each slot has as
 * many at work as it needs. Solved by branch and bound over its linear program, whose bound comes
 * along, so that the answer says how good it is. Pure: any thread. docs/forecast.md.
 */
#ifndef CALLM_INS_SHIFT_H
#define CALLM_INS_SHIFT_H

#include <stdbool.h>
#include <stddef.h>
#include "err.h"
#include "sb.h"

enum { INS_SHIFT_KINDS = 2000, INS_SHIFT_SLOTS = 336 };

/* A shift that can be given: paid for length - pause slots. */
struct ins_shift {
	int from, length;            /* slots */
	int pause_at, pause;         /* from the shift's first slot; pause 0: none */
	int cost;                    /* 0: its slots at work */
};

struct ins_shift_set {
	int slots;
	const int *need;             /* people, of a slot; the caller's */
	struct ins_shift *kind;      /* owned */
	size_t kinds, cap;
	size_t work;                 /* cells that a search may touch; 0: a few seconds' */
};
/* ERR_INVAL: the shift does not fit its slots; ERR_TOOBIG. */
int ins_shift_add(struct ins_shift_set *s, const struct ins_shift *k, struct err *e);
/* Shifts of a length at each start in [first, last], its pause at each slot that leaves at least
 * `margin` of work before and after. */
int ins_shift_add_all(struct ins_shift_set *s, const struct ins_shift *k, int first, int last,
		      int margin, struct err *e);
void ins_shift_set_done(struct ins_shift_set *s);
bool ins_shift_works(const struct ins_shift *k, int slot);

struct ins_roster {
	int *count;                  /* of each kind */
	long cost;
	double bound;                /* no roster costs less than this */
	bool proven;                 /* cost is the least there is */
	size_t nodes;                /* of the search */
};
/* nodes: how long to search for a better one; what was stopped early is not proven.
 * ERR_INVAL: bad sizes; ERR_NOTFOUND: a slot has a
 * need that no shift covers, e names it. */
int ins_shift_solve(const struct ins_shift_set *s, size_t nodes, struct ins_roster *ret,
		    struct err *e);
void ins_roster_done(struct ins_roster *r);
/* People at work by slot. */
void ins_roster_cover(const struct ins_shift_set *s, const struct ins_roster *r, int *ret);
/* The program in the LP format of CPLEX, for other solvers. */
void ins_shift_lp(const struct ins_shift_set *s, struct sb *out);

/* ---- the day itself ---- */

/* Somebody on duty: pauses may still be moved within [pause_first, pause_last]. */
struct ins_duty {
	struct ins_shift shift;
	int pause_first, pause_last;
	int longer_max;              /* slots that may be added at the end */
	bool may_leave;              /* may go home early */
};
struct ins_move {
	enum ins_move_kind { INS_MOVE_PAUSE, INS_MOVE_LONGER, INS_MOVE_LEAVE } kind;
	size_t duty;
	int slot;                    /* new start of the pause; new last slot + 1 */
};
/* What helps from slot now on: pauses first, as they cost nothing, then longer shifts where people
 * still lack, then leave where more are there than needed. Slots past the day need nobody. Changes
 * duty; at most max moves, their number is returned; pauses are no more looked for after a hundred
 * million steps. short_by (may be NULL): slots x people that lack in the end. */
size_t ins_shift_replan(struct ins_duty *duty, size_t n, const int *need, int slots, int now,
			struct ins_move *ret, size_t max, int *short_by);

/* Minutes of a day: what was planned and what was done, of one person, as bytes: 0 not at work,
 * 1 work, 2 pause (others as the caller likes). */
struct ins_adherence {
	/* minutes that were planned as something, done as planned. */
	int planned, kept;
	int work_planned, work_done;
	/* minutes from the planned begin; before the planned end. */
	int late, early;
};
void ins_adherence(const unsigned char *planned, const unsigned char *done, int minutes,
		   struct ins_adherence *ret);

#endif
