/* eval_tau.h: the benchmark's parts inside the room: its tools, its tasks. Private to eval. */
#ifndef CALLM_EVAL_TAU_H
#define CALLM_EVAL_TAU_H

#include "eval_int.h"
#include "tool.h"

/* One tool on the shop's state {users, orders, products}. out is reset; it gets the result, or
 * "Error: ..." with a negative code: then nothing has changed. An unknown name is an error. */
int eval_retail_call(jv *db, sv name, const jv *args, struct sb *out);

bool eval_retail_changes(sv name);   /* a tool that may change the state */

struct eval_gate;
struct eval_tau {
	jv *db, *tasks;              /* tasks: [{name, tags, instructions, actions, outputs}] */
	struct eval_gate *gate;      /* the tools, over db's rows */
	struct sb policy;
	enum eval_agent agent;
};
/* Same contents: members in any order, numbers by value. */
bool eval_same(const jv *a, const jv *b);
/* The state after the task's gold actions, by the functions alone: what the gate's is measured
 * against. */
jv *eval_tau_gold(const struct eval_tau *t, const jv *task);

/* ---- eval_tau_gate.c: the tools behind the gate of tool.h ---- */
/* Over a copy of the state in a store in memory; a thread of its own. */
int eval_gate_open(struct eval_gate **ret, const jv *base, struct err *e);
void eval_gate_close(struct eval_gate *g);   /* waits for calls under way; accepts NULL */
const struct tool_box *eval_gate_box(const struct eval_gate *g);
struct tool_kit *eval_gate_kit(struct eval_gate *g);
struct store *eval_gate_store(struct eval_gate *g);

/* One trial of a task: a conversation with a state of its own. */
struct eval_visit {
	struct eval_gate *gate;
	char id[64], key[80], customer[80];
	enum tool_level level;
	int n;                       /* calls so far */
};
void eval_visit_begin(struct eval_visit *v, struct eval_gate *g, sv task);
/* The next call; its key is TASK.TRIAL/N. r borrows from v until the call after it. */
void eval_visit_req(struct eval_visit *v, sv name, sv args, struct tool_req *r);
/* The customer from now on, when the result grants one. */
void eval_visit_took(struct eval_visit *v, const struct tool_res *res);
/* The result in the benchmark's words: JSON, a text, or "Error: ..."; out is reset. */
void eval_visit_answer(const struct tool_res *res, struct sb *out);
/* The whole state as this trial left it, the caller's; NULL: it cannot be read. */
jv *eval_visit_state(const struct eval_visit *v);

/* ---- eval_tau_gold.c: the gold actions through the gate ---- */
struct eval_walk {
	bool twice;                  /* every call is delivered twice with its key */
	int calls, effects;          /* that were made; that changed something */
	/* second deliveries told again; that were another result. */
	int again, odd;
	/* the customer was looked up because the gate asked for it. */
	int identified;
	int refused;                 /* changes that were not done */
};
/* errors: gets {task, action, error, change} for each that was not done; may be NULL. Blocks. */
int eval_gold_walk(const struct eval_tau *t, const jv *task, struct eval_visit *v,
		   struct eval_walk *w, jv *errors);

/* ---- eval_agent.c ---- */
/* Plays one task; an eval_start_fn with the eval_tau as ctx (eval_agent.c). */
eval_start_fn eval_agent_start;

#endif
