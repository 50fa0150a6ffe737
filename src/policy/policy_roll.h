/* policy_roll.h: a new way of service is let in step by step, and taken back when it is worse.
 *
 *	struct policy_roll r = { 0 };                        in the shadow
 *	policy_roll_see(&r, &o, arm, reward, guard);         each conversation, as it ends
 *	if (policy_roll_judge(&r, &o, &why)) ...             r.stage is another
 *	policy_roll_share(r.stage, &o)                       of conversations that get it now
 *
 * shadow -> 5 -> 25 -> 100 % (less a share that always stays as it was, so that it can be told
 * later, too, what the new way does). Bounds hold at every moment, however often one looks (but
 * not the check of the shares asked for, a fixed 4 deviations): they are confidence sequences
 * for means of numbers between 0 and 1 (predictable plug-in, empirical Bernstein; Waudby-Smith
 * and Ramdas, JRSS-B 2024). Each stage counts anew: shares differ between stages, so sums over
 * them would mix times. To 100 % only goes what is better for certain. Pure.
 */
#ifndef CALLM_POLICY_ROLL_H
#define CALLM_POLICY_ROLL_H

#include "base.h"

enum roll_stage { ROLL_SHADOW, ROLL_5, ROLL_25, ROLL_100, ROLL_BACK, ROLL_NO_GAIN, ROLL_STAGES };
enum { ROLL_GUARDS = 2 };        /* hand-overs, thumbs down */
const char *policy_roll_name(enum roll_stage s);         /* "shadow", "5", ... */
int policy_roll_of(sv name);                             /* -1 */

struct roll_opt {                /* zeros: the defaults */
	/* 0.05: that something no better is promoted, all looks together. */
	double alpha;
	double control;          /* 0.05: always served as before */
	double margin;           /* 0.05: a guard may be so much worse at most */
	int64_t shadow;          /* 100 decisions in the shadow first */
	/* 1000 conversations of the new way before 100 %; a tenth before 25 %. */
	int64_t least;
	int64_t most;            /* 50000 in a stage: no gain, it ends */
};
void policy_roll_defaults(struct roll_opt *o);

struct roll_seq { double n, mean, sq, weight, weighted, width; };
void roll_seq_add(struct roll_seq *s, double x, double alpha);   /* x in 0..1 */
/* One-sided bounds with the alpha it was added with; 0 and 1 without rows. */
double roll_seq_lo(const struct roll_seq *s, double alpha);
double roll_seq_hi(const struct roll_seq *s, double alpha);

struct policy_roll {
	enum roll_stage stage;
	int64_t seen[2];         /* conversations of the stage: as before, the new way */
	struct roll_seq reward[2], guard[2][ROLL_GUARDS];
};
/* arm 1 = the new way; in the shadow arm 0 with what it would have done. Numbers are brought
 * into 0..1. Nothing when it is over. */
void policy_roll_see(struct policy_roll *r, const struct roll_opt *o, int arm, double reward,
		     const double guard[ROLL_GUARDS]);
/* True: another stage, *why says why: shadow_done, not_worse, better, worse, guard_worse,
 * shares_differ, no_gain. */
bool policy_roll_judge(struct policy_roll *r, const struct roll_opt *o, const char **why);
double policy_roll_share(enum roll_stage s, const struct roll_opt *o);
bool policy_roll_over(enum roll_stage s);
void policy_roll_json(const struct policy_roll *r, const struct roll_opt *o, jv *out);
/* What policy_roll_json wrote; false: it is not that. */
bool policy_roll_load(const jv *tree, struct policy_roll *ret);

#endif
