/* ins_staff.h: how many people an interval needs: Erlang B, C and A, exactly.
 *
 *	struct ins_load l = { .calls = 100, .interval_s = 1800, .aht_s = 180, .within_s = 20,
 *			      .goal = 0.8 };
 *	struct ins_staffing s;
 *	if (ins_staff_need(&l, &s, &e) == 0) use(s.agents, s.service_level);
 *
 * Steady state of an interval: Poisson arrivals, exponential handling times, one queue. Pure: any
 * thread. Times are seconds. Where several interactions are served at once (chats), aht_s is the
 * time of one of them while concurrency of them run, and an agent counts as that many servers.
 * docs/forecast.md.
 */
#ifndef CALLM_INS_STAFF_H
#define CALLM_INS_STAFF_H

#include <stdint.h>
#include "err.h"

enum { INS_AGENTS_MAX = 100000 };

struct ins_load {
	double calls, interval_s;    /* offered in an interval of that length */
	double aht_s;                /* talk, hold and wrap-up */
	/* mean time until a caller gives up; 0: nobody does (Erlang C). */
	double patience_s;
	double within_s, goal;       /* goal, 0..1 of the offered, answered within within_s */
	double occupancy_max;        /* 0: no limit */
	double shrinkage;            /* share of the paid time that is not at work, 0..<1 */
	int concurrency;             /* 0 reads as 1 */
};

struct ins_staffing {
	int agents;                  /* at work */
	int scheduled;               /* agents / (1 - shrinkage), rounded up */
	/* of all offered; who gave up before counts as not answered. */
	double service_level;
	double occupancy, p_wait, p_abandon;
	double asa_s;                /* mean wait of all offered; INFINITY past the capacity */
	double queue;                /* mean number waiting */
};

/* Probability that all n servers are busy when a erlangs are offered and nobody waits. */
double ins_erlang_b(double a, int n);
/* Probability of waiting when all wait until served; 1 when a >= n. */
double ins_erlang_c(double a, int n);
/* Regularized incomplete beta function I_x(a, b), a, b > 0, relative error about 1e-14
 * (continued fraction, DLMF 8.17.22). */
double ins_beta_inc(double a, double b, double x);

/* Figures of the load served by this many agents. ERR_INVAL: e says which member is wrong. */
int ins_staff_at(const struct ins_load *l, int agents, struct ins_staffing *ret, struct err *e);
/* The least agents that reach the goal within the limit of occupancy. ERR_INVAL; ERR_RANGE: not
 * reached with INS_AGENTS_MAX. */
int ins_staff_need(const struct ins_load *l, struct ins_staffing *ret, struct err *e);

#endif
