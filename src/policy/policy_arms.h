/* policy_arms.h: contextual bandits over a few ways to act: linear models of the reward of each
 * arm, and a choice that says how likely it was.
 *
 *	policy_arms_new(&(struct policy_arms_opt){ .arms = 3, .dim = 8, .kind = ARMS_LINUCB });
 *	policy_arms_choose(b, x, may, &rng, &pick);      pick.arm, pick.p
 *	policy_arms_learn(b, pick.arm, x, 1.0);
 *
 * LinUCB (Li, Chu, Langford, Schapire 2010), linear Thompson sampling (Agrawal, Goyal 2013),
 * epsilon-greedy. x may be the last layer of a net (neural-linear). Every arm that may be taken
 * has at least floor / K: what was chosen can be judged later. One thread; no I/O; randomness only
 * from the rng that is given.
 */
#ifndef CALLM_POLICY_ARMS_H
#define CALLM_POLICY_ARMS_H

#include "base.h"

enum { ARMS_MOST = 32, ARMS_DIM = 1024 };
enum policy_arms_kind { ARMS_LINUCB, ARMS_THOMPSON, ARMS_GREEDY };
struct policy_arms_opt {
	int arms, dim;
	enum policy_arms_kind kind;
	/* LinUCB: width of the bound; Thompson: deviation of the draws; 0 = 0.3. */
	double alpha;
	double ridge;            /* 0 = 1 */
	double floor;            /* share that is spread over all arms; greedy's epsilon */
	double keep;             /* what is known fades to this share a step; 0 or 1 = never */
	bool optimist;           /* an arm is worth 1 until it was tried */
};
struct policy_arms;
/* NULL: a number is out of range. */
struct policy_arms *policy_arms_new(const struct policy_arms_opt *o);
void policy_arms_free(struct policy_arms *b);            /* accepts NULL */

struct policy_pick {
	int arm;
	double p[ARMS_MOST];     /* of each arm; 0 where it may not be taken */
};
/* x: dim numbers. may: bits of the arms that may be taken, at least one: hard rules are decided
 * before, never here. */
void policy_arms_choose(struct policy_arms *b, const double *x, uint32_t may, struct rng *r,
			struct policy_pick *ret);
/* Reward of an arm that was taken with x, whenever it comes; only finite numbers count. */
void policy_arms_learn(struct policy_arms *b, int arm, const double *x, double reward);
/* Expected reward of each arm (arms numbers). */
void policy_arms_value(struct policy_arms *b, const double *x, double *ret);
int64_t policy_arms_seen(const struct policy_arms *b, int arm);
/* What is known, as one JSON object; appended. ERR_TOOBIG. */
int policy_arms_json(const struct policy_arms *b, struct sb *out);
/* ERR_INVAL: it is not that; *ret is the caller's. */
int policy_arms_load(const jv *tree, struct policy_arms **ret);

#endif
