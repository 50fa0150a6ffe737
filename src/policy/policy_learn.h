/* policy_learn.h: from choices that recorded how likely they were, a model of a row's ways, and
 * whether it would do better than what is in use.
 *
 *	policy_learn_fit(v, n_old, ways, &scores);                the older days
 *	policy_learn_judge(v + n_old, n - n_old, &with, &verdict);  the newest, held back
 *
 * A ridge regression of the reward a way (the statistics of LinUCB, policy_arms.h); the candidate
 * takes the way of the highest expected reward. Judged by the doubly robust estimate of the
 * difference and by the self-normalised one of the rows that differ, on rows that it was not made
 * from. Pure.
 */
#ifndef CALLM_POLICY_LEARN_H
#define CALLM_POLICY_LEARN_H

#include "policy_table.h"

enum { POLICY_LEARN_SEEN = 20 };     /* a way taken less often is not proposed */

struct policy_sample {               /* a conversation */
	float x[POLICY_FEATURES];
	int way;
	double p, reward;            /* how likely the way was, in (0, 1] */
	int64_t day;
};
void policy_learn_fit(const struct policy_sample *v, size_t n, int ways, struct policy_scores *ret);

struct policy_with {
	int ways;
	const struct policy_scores *now, *was;   /* was NULL: the row's own way for all */
};
struct policy_verdict {
	const char *why;             /* "choice_better", or why not; static */
	size_t n, differ;            /* rows; those where both would take another way */
	double was, now;             /* doubly robust values */
	double lo, hi;               /* of now, 95 % */
	double gain, lower;          /* of both estimates the lesser one's */
	/* effective rows among those that differ: of both the fewer. */
	double ess;
};
/* Rewards are 0 or 1. "choice_better": both one-sided 99 % lower bounds of the gain are above
 * zero (a night comes every day, so less would often be luck), both have 30 effective rows at
 * least among those that differ, and the weights are one on average, as true propensities make
 * them. */
void policy_learn_judge(const struct policy_sample *v, size_t n, const struct policy_with *w,
			struct policy_verdict *ret);

#endif
