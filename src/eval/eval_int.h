/* eval_int.h: what the files of eval share. Private to eval. */
#ifndef CALLM_EVAL_INT_H
#define CALLM_EVAL_INT_H

#include "eval.h"

#define EVAL_CASES 2000
#define EVAL_TRIALS 64
#define EVAL_TURN_MS 60000           /* no reply for so long: the case fails */

struct eval_suite {
	jv *tree;
	char *name;
};

/* ---- eval_check.c: one expectation after the other, into an array of {what, want, got, ok}
 * ---- */
/* want: the `expect` of a turn; got: the object of `ask --json`, events: what else was recorded
 * in this turn. NULL reply: there was none. Returns whether all held. */
bool eval_check_turn(const jv *want, const jv *got, const jv *events, jv *ret_checks);
/* want: the `end` of a case; state: {turns, language, emotion, action, closed, by, events}. */
bool eval_check_end(const jv *want, const jv *state, jv *ret_checks);
/* One of "a | b" equals s; with by_base also up to ".lang" ("returns" = "returns.en"). */
bool eval_one_of(sv alternatives, sv s, bool by_base);
/* Notes a check; want and got are copied. Returns ok. */
bool eval_note(jv *checks, const char *what, sv want, sv got, bool ok);

/* ---- eval_run.c: cases of any kind, trial by trial ---- */
/* Plays one trial; on_done once, from the loop, with the run (moved). */
typedef void eval_start_fn(void *ctx, const jv *kase, const struct eval_opts *o, sv language,
			   void (*on_done)(void *arg, jv *run), void *arg);
struct eval_set {
	sv name, file, language;
	const jv *cases;             /* objects with name, tags, channel, maybe language */
	eval_start_fn *start;
	void *ctx;
};
jv *eval_run_set(const struct eval_set *s, const struct eval_opts *o);

/* ---- eval_play.c: one conversation of a suite; ctx is not used ---- */
eval_start_fn eval_play_start;

/* ---- eval_mind.c: a language model that plays the customer or judges ---- */
struct eval_mind;
/* The customer's next words, given what was said ([{user, reply}]); on_text once, from the
 * loop: err, or text and whether the customer leaves after it. */
struct eval_mind *eval_mind_speak(struct llm *m, const jv *user, const jv *turns, sv language,
				  void (*on_text)(void *arg, int err, sv text, bool leaves),
				  void *arg);
/* A verdict on a whole conversation by a rubric; on_verdict once, from the loop. */
struct eval_mind *eval_mind_judge(struct llm *m, sv rubric, const jv *turns,
				  void (*on_verdict)(void *arg, int err, bool pass, sv reason),
				  void *arg);
void eval_mind_cancel(struct eval_mind *m); /* accepts NULL */

#endif
