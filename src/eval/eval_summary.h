/* eval_summary.h: are summaries of conversations whole, and do they invent nothing?
 * Conversations with known facts are played against the demo company's real engine and tools, a
 * person's part is added from the script, and what assist makes of the rows is compared with
 * what the script says (docs/assist.md).
 *
 *	eval_sums_new(&s); eval_sums_add(s, jsonl, "summaries.en.jsonl", &e);
 *	jv *r = eval_sums_run(s, &opts);      {total, slots, slots_ok, promises, ...}
 *	eval_sums_free(s);
 *
 * A line: {"name","lang","channel","turns":["words of the customer" | {"agent":"words"} ..],
 * "slots":[..],"promises":[..],"done":[..],"undone":[..],"disposition":ID}. After the first
 * words of an agent the engine is silent. A value may have alternatives: "a | b".
 */
#ifndef CALLM_EVAL_SUMMARY_H
#define CALLM_EVAL_SUMMARY_H

#include "assist.h"
#include "base.h"
#include "talk.h"

struct eval_sums;
void eval_sums_new(struct eval_sums **ret);
void eval_sums_free(struct eval_sums *s);        /* accepts NULL */
/* JSON lines; name is for messages. ERR_PARSE, ERR_FULL. */
int eval_sums_add(struct eval_sums *s, sv jsonl, const char *name, struct err *e);

struct eval_sums_opts {
	/* Of the shards of hub, a simulated one: the script's days are those of its clock. */
	struct loop *loop;
	struct talk_hub *hub;
	const struct assist_with *with;
	sv only;                     /* names with this in them; empty = all */
};
/* {total, slots, slots_ok, promises, promises_ok, done, done_ok, undone_wrong, dispositions,
 * dispositions_ok, invented, silent, languages: {zh, en}, cases: [{name, turns, missing: [..],
 * invented, summary}]}; the caller's. */
jv *eval_sums_run(struct eval_sums *s, const struct eval_sums_opts *o);

#endif
