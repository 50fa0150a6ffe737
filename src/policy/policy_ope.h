/* policy_ope.h: what another policy would have earned, from a log of decisions that recorded how
 * likely each choice was (off-policy evaluation).
 *
 *	struct ope_log log = { .n = n, .actions = 10, .action = a, .reward = r, .pscore = p,
 *			       .pi = pi, .q = q };
 *	ope_run(&log, &(struct ope_opt){ 0 }, &res, &e);
 *	res.est[OPE_DR].value, .lo, .hi
 *
 * Estimators: Horvitz-Thompson (IPS), self-normalised IPS, the direct method, doubly robust
 * (Dudik, Langford, Li 2011), self-normalised DR, switch-DR (Wang, Agarwal, Dudik 2017) and DR
 * with optimistic shrinkage (Su et al. 2020). Pure; any thread; owns nothing.
 */
#ifndef CALLM_POLICY_OPE_H
#define CALLM_POLICY_OPE_H

#include "base.h"

enum ope_kind { OPE_IPS, OPE_SNIPS, OPE_DM, OPE_DR, OPE_SNDR, OPE_SWITCH, OPE_DROS, OPE_KINDS };
enum { OPE_ACTIONS = 256, OPE_ROWS = 5000000 };
const char *ope_name(enum ope_kind k);   /* "ips" ... as `callm ope` prints it */

struct ope_log {                 /* arrays are the caller's, read only */
	size_t n;
	int actions;
	const int *action;       /* n: what was done, 0..actions-1 */
	const double *reward;    /* n */
	const double *pscore;    /* n: how likely that was, in (0, 1] */
	const double *pi;        /* n x actions: the policy that is judged */
	const double *q;         /* n x actions: expected reward; NULL: only IPS and SNIPS */
};
struct ope_opt {
	double tau;              /* switch-DR: weights above are dropped; 0 = 10 */
	double lambda;           /* DRos; 0 = 100 */
	double level;            /* of the intervals; 0 = 0.95 */
	int boots;               /* bootstrap samples; 0 = intervals by the normal law */
	uint64_t seed;           /* of the bootstrap */
};
struct ope_est { double value, lo, hi; bool known; };
struct ope_result {
	struct ope_est est[OPE_KINDS];
	double ess;              /* (sum of weights)^2 / sum of squares */
	double mean_weight;      /* near 1 when the recorded propensities are true */
	double max_weight;
};
/* ERR_INVAL: e says which row and what is wrong with it; *ret is not touched. */
int ope_run(const struct ope_log *log, const struct ope_opt *opt, struct ope_result *ret,
	    struct err *e);

/* Rows of CSV: action,reward,pscore,pi_0..pi_{k-1}[,q_0..q_{k-1}]; lines that begin with '#' are
 * comments, a first line without numbers is a header. *ret points into memory that
 * ope_file_done gives back. ERR_PARSE: e names line and column. */
struct ope_file { struct ope_log log; double *num; int *action; };
int ope_read(sv csv, int actions, struct ope_file *ret, struct err *e);
void ope_file_done(struct ope_file *f);

#endif
