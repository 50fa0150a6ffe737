/* eval.h: suites of conversations played against the real engine, checked and reported.
 *
 *	eval_suite_load(&s, "demo/evals/en/returns.yaml", &rep);      issues say file:line:key
 *	jv *result = eval_run(s, &(struct eval_opts){ .loop = l, .shard = shard });
 *	eval_junit(result, &xml);  eval_html(result, &page);
 *	eval_suite_free(s);
 *
 * A case is what a customer says and what must be true of each reply and of the end. It is
 * played through the same sink as every channel's conversations, so what passes here is what a
 * customer gets. One thread: that of the loop the shard lives on.
 *
 * A result is one JSON object: {suite, file, language, total, passed, failed, ms, pass_k: [..],
 * tags: {tag: {total, passed}}, cases: [{name, tags, channel, language, trials, passed, runs:
 * [{ok, ms, error, turns: [{user, reply, action, citations, model, latency_ms, checks}], checks,
 * judge}]}]}; a check is {what, want, got, ok}.
 */
#ifndef CALLM_EVAL_H
#define CALLM_EVAL_H

#include "base.h"
#include "model.h"
#include "talk.h"

struct eval_suite;
/* A YAML file. 0 or ERR_*; every problem is in rep, with the way to mend it. */
int eval_suite_load(struct eval_suite **ret, const char *path, struct cfg_report *rep);
/* The same from text; name is for messages. */
int eval_suite_parse(struct eval_suite **ret, sv text, const char *name, struct cfg_report *rep);
void eval_suite_free(struct eval_suite *s); /* accepts NULL */
size_t eval_suite_cases(const struct eval_suite *s, sv only);
bool eval_suite_needs_model(const struct eval_suite *s); /* a customer played, a judge asked */

struct eval_opts {
	struct loop *loop;           /* the shard's; run inside eval_run */
	struct talk_shard *shard;
	sv only;                     /* cases whose name or tag has this in it; empty = all */
	int trials, jobs;            /* 0 = 1; jobs = conversations at once, at most 64 */
	struct llm *agent;           /* tau: the one that is tested */
	struct llm *helper;          /* plays customers and judges; NULL = such cases fail */
	/* a case is over, all its trials; c is its part of the result. */
	void (*on_case)(void *arg, const jv *c, size_t done, size_t total);
	void *arg;
};
/* Plays all cases; the result is the caller's. Never NULL. */
jv *eval_run(const struct eval_suite *s, const struct eval_opts *o);

/* ---- tau-bench and tau2-bench, retail ---- */
/* Who serves the customers: a model with the tools; or for a look at the benchmark itself, one
 * that carries out the gold actions and says what must be said, one that does nothing. */
enum eval_agent { EVAL_AGENT_MODEL, EVAL_AGENT_GOLD, EVAL_AGENT_IDLE };
struct eval_tau;
/* dir: the unpacked data: policy.md, db.json (or db/users.json, orders.json, products.json) and
 * tasks, there or in retail/. split: which tasks ("train", "dev", ...). ERR_NOTFOUND, ERR_PARSE. */
int eval_tau_open(struct eval_tau **ret, const char *dir, sv split, struct err *e);
void eval_tau_close(struct eval_tau *t);     /* accepts NULL */
/* The first `most` tasks (0 = all) as one result, each a case; a run has tools (what was called),
 * steps, tokens, cost. Passed = the end state is that after the gold actions, and the required
 * outputs were said. Every call of an agent goes through the gate of tool.h. With the gold agent
 * the result has gate: {trials, calls, effects, identified, refused, same (end states that are the
 * gold one), and of a second trial with each call delivered twice: again, odd, same_twice}. Uses
 * o's loop, agent, helper, trials, jobs, only. */
jv *eval_tau_run(struct eval_tau *t, enum eval_agent agent, size_t most,
		 const struct eval_opts *o);
/* Carries out every task's gold actions through the gate, each on a fresh state; waits: {tasks,
 * clean (no change refused), changed (the state is another), actions, identified (the customer was
 * looked up first), errors: [{task, action, error, change}]}. */
jv *eval_tau_replay(struct eval_tau *t);

/* ---- reports over an array of results ---- */
/* JUnit XML: a testsuite a suite, a testcase a case, the failed checks as its failure. */
void eval_junit(const jv *results, struct sb *out);
/* One self-contained page, zh and en. ERR_TOOBIG, ERR_CORRUPT. */
int eval_html(const jv *results, struct sb *out);
/* Of c successes in n trials, the chance that k drawn without return all succeed (tau-bench,
 * arXiv 2406.12045, pass^k): C(c,k) / C(n,k). 0 when k > n. */
double eval_pass_k(int n, int c, int k);

/* ---- statements of fact ---- */
/* Does text say fact? Numbers, money, times, dates and units are compared by value, words
 * without regard to case and width; "30 days | 30 天" holds when one of them does. Numerals of
 * both languages count ("thirty days" = "三十天" = "30 天"). The words must follow each other
 * in the text as they do in the fact. */
bool eval_says(sv text, sv fact);

#endif
