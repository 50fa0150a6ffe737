/* policy_match.h: which agent is good for which kind of customer, learned from what became of
 * earlier ones, without wearing out the good ones.
 *
 *	int a = policy_match_agent(m, login), k = policy_match_kind(m, queue);
 *	policy_match_outcome(m, a, k, true);             it was resolved
 *	policy_match_stint(m, a, idle_s, busy_s);        how much the agent has to do
 *	policy_match_score(m, a, k, &rng);               higher is better
 *
 * A score is a draw of the chance that this agent resolves it (Thompson sampling; shares are shrunk
 * towards that of the kind, by as much as agents really differ), less a price for being busier than
 * the others. So who is best at everything is kept for what the others are worst at (comparative
 * advantage), and load stays even. One thread.
 */
#ifndef CALLM_POLICY_MATCH_H
#define CALLM_POLICY_MATCH_H

#include "base.h"

enum { MATCH_AGENTS = 10000, MATCH_KINDS = 128 };
struct policy_match;
/* price: of one time the mean load; 0 = 0.5. plain: no draws, the shrunk shares themselves. */
struct policy_match *policy_match_new(double price, bool plain);
void policy_match_free(struct policy_match *m);          /* accepts NULL */
/* Their numbers, made at first use; -1: too many. */
int policy_match_agent(struct policy_match *m, sv login);
int policy_match_kind(struct policy_match *m, sv name);
void policy_match_outcome(struct policy_match *m, int agent, int kind, bool good);
/* What was taken for resolved was not: the customer came again. */
void policy_match_undo(struct policy_match *m, int agent, int kind);
void policy_match_stint(struct policy_match *m, int agent, double idle_s, double busy_s);
double policy_match_score(struct policy_match *m, int agent, int kind, struct rng *r);
/* How much better than agents usually are this one is for that kind: for an agent who becomes free,
 * which of the waiting. Only among those that wait at least MATCH_WAITED as long as the one that
 * waits longest: nobody waits for a better match. */
#define MATCH_WAITED 0.5
double policy_match_fit(struct policy_match *m, int agent, int kind);
/* The shrunk share of resolved ones, and of how many; for boards. */
double policy_match_share(struct policy_match *m, int agent, int kind, int64_t *n);
/* Occupancy against the mean of all; 1 when nothing is known. */
double policy_match_load(const struct policy_match *m, int agent);

#endif
