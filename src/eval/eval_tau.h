/* eval_tau.h: the benchmark's parts inside the room: its tools, its tasks. Private to eval. */
#ifndef CALLM_EVAL_TAU_H
#define CALLM_EVAL_TAU_H

#include "eval_int.h"

/* One tool on the shop's state {users, orders, products}. out is reset; it gets the result, or
 * "Error: ..." with a negative code: then nothing has changed. An unknown name is an error. */
int eval_retail_call(jv *db, sv name, const jv *args, struct sb *out);

bool eval_retail_changes(sv name);   /* a tool that may change the state */

struct eval_tau {
	jv *db, *tools, *tasks;      /* tasks: [{name, tags, instructions, actions, outputs}] */
	struct sb policy;
	enum eval_agent agent;
};
/* Same contents: members in any order, numbers by value. */
bool eval_same(const jv *a, const jv *b);
/* The state after the task's gold actions; *ret_errors counts the changes that were refused. */
jv *eval_tau_gold(const struct eval_tau *t, const jv *task, size_t *ret_errors);
/* Plays one task; an eval_start_fn with the eval_tau as ctx (eval_agent.c). */
eval_start_fn eval_agent_start;

#endif
