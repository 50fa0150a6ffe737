/* learn_roll.h: second ways of the strategy table are let in by what became of the conversations:
 * read from the river, decided by policy_roll.h, written down with every change.
 *
 *	learn_roll_look(db, trials, n, &opts, &look);     a worker; only reads
 *	store_write(st, ...)  ->  learn_roll_save(db, look);         the scribe
 *	learn_roll_free(look);
 *	learn_roll_shares(db, table, &shared);            what the shards get now
 *
 * A conversation counts once, when it is closed: for the way it had first. Its reward is 1, or 0
 * when it was handed over or got a thumb down after that; these two are the guards. Rows of kv:
 * "rollout/ROW". Every change of stage is a row of the river, "policy.stage".
 */
#ifndef CALLM_LEARN_ROLL_H
#define CALLM_LEARN_ROLL_H

#include "base.h"
#include "store.h"
#include "policy_roll.h"
#include "policy_table.h"

struct learn_roll;
struct learn_roll_opts {
	int64_t now_ms;
	int64_t settle_ms;       /* closed so long ago, at least: a thumb may still come */
	struct roll_opt roll;
};
/* The table's trials (policy_trial_at) against what was closed since the last look. *ret NULL:
 * nothing to write. ERR_DB. */
int learn_roll_look(struct store_db *db, const struct policy_table *t,
		    const struct learn_roll_opts *o, struct learn_roll **ret);
void learn_roll_free(struct learn_roll *r);              /* accepts NULL */
/* On the scribe. ERR_CONFLICT: somebody has changed one meanwhile; look again. */
int learn_roll_save(struct store_db *db, const struct learn_roll *r);
size_t learn_roll_changes(const struct learn_roll *r);   /* of stages */

/* The table with the shares of now, and the models of rows that learn (learn_choice.h): an obj, the
 * caller's; t itself (one more reference) when it has none or has them already. */
int learn_roll_shares(struct store_db *db, struct policy_table *t, struct policy_table **ret);

enum learn_roll_verb { LEARN_ROLL_STOP, LEARN_ROLL_RESTART };
/* By a person, on the scribe: ended at once (the way before for all), or from the shadow again; a
 * restart of one that is let in and held only ends the holding.
 * Personal data in the reason is masked. ERR_NOTFOUND: no such trial; ERR_STATE: it is over
 * already; ERR_INVAL: no reason. */
int learn_roll_order(struct store_db *db, sv row, enum learn_roll_verb verb, sv by, sv reason,
		     int64_t now_ms);
/* On the scribe: a person took the model of a row that learns back. m serves now, let in to the end
 * (serves), or is what was taken back. The row is held from now on. */
int learn_roll_back(struct store_db *db, sv row, const struct policy_model *m, bool serves, sv by,
		    int64_t now_ms);
/* Of a row's state: may the night put no model forward? A person stopped the last one or took one
 * back, or it was worse or without gain; until a person restarts it or the row has other ways.
 * m: the live model, NULL: none. */
bool learn_roll_held(const jv *state, uint64_t ways, const struct policy_model *m);
/* {"items":[{"row","stage","share","why","since_ms","arms":[..],"history":[..]}]}, those of the
 * table t first (may be NULL), and what
 * learn_choice_list tells of it. */
int learn_roll_json(struct store_db *db, const struct policy_table *t, struct sb *out);
/* A closed conversation in which a trial's row spoke and both ways could be: the way, how likely it
 * was, and 1 or 0 (handed over, thumb down). */
struct learn_decision { int arm; double p, reward; };
typedef void learn_decision_fn(void *arg, sv row, const struct learn_decision *d);
/* fn once for each, for a row's trial as its text is now; all trials when row is empty. One pass
 * over the river, on the caller's thread. */
int learn_roll_decisions(struct store_db *db, sv row, learn_decision_fn *fn, void *arg);
/* Those of a row as rows that `callm ope` reads: action,reward,pscore,pi_0,pi_1 of "always the new
 * way". Appended. ERR_NOTFOUND: there is none. */
int learn_roll_csv(struct store_db *db, sv row, struct sb *out);

#endif
