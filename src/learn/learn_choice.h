/* learn_choice.h: rows of the strategy table that learn which of their ways fits (policy_ways.c):
 * what is known of them on disk, their choices in the river, their models in the registry.
 *
 * Each is a row of kv, "choice/ROW": {row, print, explore, ways: [..], night: {..}}: written by the
 * look at the roll-outs when the table has it otherwise, read and added to by the night
 * (learn_night_choice.c). Its model is the live one of the registry, "choice/ROW"; who gets it is a
 * roll-out's to say (learn_roll.h). */
#ifndef CALLM_LEARN_CHOICE_H
#define CALLM_LEARN_CHOICE_H

#include "base.h"
#include "store.h"
#include "policy_learn.h"

/* States to write: of rows that learn and that the disk has otherwise, and to remove: of rows that
 * learn no more. *ret: a list, the caller's. */
int learn_choice_changes(struct store_db *db, const struct policy_table *t, jv **ret);
/* On the scribe. states may be NULL. */
int learn_choice_put(struct store_db *db, const jv *states, int64_t now_ms);
/* The model in the registry, if it is for these ways. *version may be NULL. ERR_NOTFOUND. */
int learn_choice_model(struct store_db *db, const struct policy_learn *l, struct policy_model *ret,
		       int64_t *version);
/* On the scribe, before the live model of a name "choice/ROW" is retired: *to is the version that
 * was in use before it, having been let in to the end, or 0, the row's own way. Its roll-out stands
 * where that one was; nothing new is put forward until a person lets it (learn_roll_held).
 * ERR_NOTFOUND: none is live. */
int learn_choice_back(struct store_db *db, sv name, sv by, int64_t now_ms, int64_t *to);
/* "learned": [{row, explore, ways: ["own", ..], night}] of the table's rows into o. */
int learn_choice_list(struct store_db *db, const struct policy_table *t, jv *o);

/* The choice of each closed conversation by a row that learns, the first that no hard rule
 * kept: k is the state's number. A reward is 1, or 0 when it was handed over in its turn or
 * after, or got a thumb down after. states: those of kv. One pass over the river, conversations
 * closed since, oldest first. */
typedef void learn_sample_fn(void *arg, size_t k, const struct policy_sample *s, int64_t closed_ms);
int learn_choice_samples(struct store_db *db, const jv *states, int64_t since_ms,
			 learn_sample_fn *fn, void *arg);
/* All states, a list; the caller's. */
int learn_choice_states(struct store_db *db, jv **ret);

#endif
