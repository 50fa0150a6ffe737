/* policy_q.h: what a way to act is worth over the turns that follow, from logs (fitted Q iteration;
 * Ernst, Geurts, Wehenkel 2005), with linear features.
 *
 *	policy_q_fit(&(struct policy_q_opt){ .dim = 15, .gamma = 0.95 }, step, n, &q);
 *	policy_q_best(q, choices, n_choices);       the row of choices worth most
 *
 * A step is one decision of the log: the features of state and action together, what it earned, and
 * the features of each choice that was open at the next decision (none: it was the last). Choices
 * that hard rules forbid are simply not among them. Pure; any thread; owns nothing of a log.
 */
#ifndef CALLM_POLICY_Q_H
#define CALLM_POLICY_Q_H

#include "base.h"

enum { POLICY_Q_DIM = 512 };
struct policy_q_opt {
	int dim;
	double gamma;            /* worth of the next decision, 0..1 */
	double ridge;            /* 0 = 1e-3 */
	int rounds;              /* 0 = until nothing changes, at most 1000 */
};
struct policy_q_step {
	const double *x;         /* dim */
	double reward;
	const double *next;      /* n_next x dim */
	int n_next;
};
struct policy_q { int dim; double *w; };
/* ERR_INVAL: a number is out of range, or there is no step. q->w is the caller's (xfree). */
int policy_q_fit(const struct policy_q_opt *o, const struct policy_q_step *step, size_t n,
		 struct policy_q *ret);
double policy_q_value(const struct policy_q *q, const double *x);
int policy_q_best(const struct policy_q *q, const double *choices, int n);

#endif
