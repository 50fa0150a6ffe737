/* eval_strategy.h: the strategy scenes: conversations with the row of the strategy table and the
 * escalation that are right for each turn, played through the engine and counted.
 *
 *	struct eval_strategy s = { 0 };
 *	eval_strategy(shard, tsv, "zh", &s, on_wrong, arg, &e);      the shard's thread
 *
 * Lines: scene TAB text TAB rows (a|b) TAB person (no|offer|now, with |); "=scene TAB setup" before
 * them: voice, move, tier=NAME. '#' begins a remark.
 */
#ifndef CALLM_EVAL_STRATEGY_H
#define CALLM_EVAL_STRATEGY_H

#include "talk.h"

struct eval_strategy {
	size_t scenes, turns;
	size_t right;            /* turns served by a right row, with a right person */
	size_t due, brought;     /* turns at which a person is due (now); where one came */
	size_t calm, escalated;  /* turns where none is right; where one came */
	/* scenes of lasting anger; a person within two turns of anger. */
	size_t sustained, in_time;
	/* offers made on a topic that forbids them, or to nobody known. */
	size_t forbidden;
	size_t repeated;         /* an opening sentence that was the last reply's too */
};
/* A wrong turn, for the report; strings end with the call. */
typedef void eval_wrong_fn(void *arg, sv scene, sv text, sv want, sv got);
/* Adds to *s. ERR_PARSE: e names the line. on_wrong may be NULL. */
int eval_strategy(struct talk_shard *shard, sv tsv, const char *lang, struct eval_strategy *s,
		  eval_wrong_fn *on_wrong, void *arg, struct err *e);

#endif
