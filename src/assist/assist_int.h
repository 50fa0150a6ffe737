/* assist_int.h: what the files of assist share. Private to assist. */
#ifndef CALLM_ASSIST_INT_H
#define CALLM_ASSIST_INT_H

#include "assist.h"
#include "feel.h"
#include "qa.h"

#define ASSIST_ROWS 4000             /* of one conversation; the rest is not read */
#define ASSIST_ARENA (8u << 20)
#define ASSIST_SLOTS 64
#define ASSIST_WISHES 24
#define ASSIST_LIST 12               /* entries of one list of a summary */

/* ---- assist_case.c: a conversation as its rows ---- */

struct assist_cite {
	sv article, title, quote;
};
struct assist_said {             /* a turn */
	enum assist_who who;
	int turn;
	int64_t seq, ts_ms;
	sv text, lang, intent, action, by;   /* by: an agent's login */
	double intent_p;
	struct assist_cite *cite;
	size_t n_cite;
	bool small, wants_human;
};
struct assist_slot {             /* what a service flow learned */
	sv flow, name, value, label;
	int turn;
};
struct assist_call {             /* a business action */
	sv tool, key, whose, outcome, why;
	int turn;
	int64_t seq;
	bool effect, over;       /* over: its result is there */
};
struct assist_wish {
	sv flow, intent, text;
	int turn;
	size_t said;             /* index of the customer's turn */
};
struct assist_mood {
	sv from, to, words;
	int turn;
};
struct assist_tick {             /* by the agent's hand */
	sv item;
	bool done;
};
struct assist_case {
	struct arena a;
	VEC(struct assist_said) said;
	VEC(struct assist_slot) slot;
	VEC(struct assist_call) call;
	VEC(struct assist_wish) wish;
	VEC(struct assist_mood) mood;
	VEC(struct assist_tick) tick;
	/* texts that rows hold beside what was said: for grounding. */
	VEC(sv) facts;
	sv channel, flow;            /* flow: under way, or empty */
	sv first_mood, last_mood;
	struct feel_track track;     /* as far as rows tell it */
	int64_t seq, last_ms;
	int zh, en, turn, level, attempts, handovers;
	bool was_person, closed, callback, withdrawn, truncated;
	size_t wish_from;            /* a customer's turn that may be a wish: index + 1 */
};
sv assist_keep(struct assist_case *c, sv s);
bool assist_zh(const struct assist_case *c);
/* What flows learned last under this name, or NULL. */
const struct assist_slot *assist_slot_of(const struct assist_case *c, sv name);

/* ---- assist_say.c: sentences ---- */

/* The next sentence of *text, with its mark; false at the end. Views into text. */
bool assist_sentence(sv *text, sv *ret);
bool assist_is_question(sv sentence);
bool assist_is_sorry(sv sentence);       /* apologies and other politeness */
/* Somebody binds himself, or the company, to do something. */
bool assist_is_promise(sv sentence);
/* Of the company at that moment, minutes east of UTC. */
int assist_tz(const struct assist_with *w, int64_t at_ms);
enum assist_follow { FOLLOW_NONE, FOLLOW_TICKET, FOLLOW_CALLBACK, FOLLOW_MESSAGE };
const char *assist_follow_name(enum assist_follow f);
enum assist_follow assist_follow_of(sv sentence);
/* When the sentence says it will be, said at that moment: "2026-11-27", "2026-11-27T09:00";
 * empty when it does not. In a. */
sv assist_when(sv sentence, int64_t at_ms, const struct assist_with *w, struct arena *a);

/* What feel read of a day without a year is the next one to come; what customers speak of is
 * rather the last one: half a year ahead and more is taken back by one. In a. */
sv assist_past_day(sv value, sv said, int64_t at_ms, struct arena *a);

/* ---- assist_plan.c ---- */

struct assist_entry {            /* of any list */
	sv id, title[2], text[2], words[2], tool, kind;
	sv intents, outcomes, tools, moods;  /* "a|b", empty = any */
	enum assist_who by;
	int level;               /* a rule holds while the customer is known less than this */
	bool first;              /* a check that is due at the beginning */
	sv item;                 /* a check: the item of the quality form that it ticks */
};
enum assist_listing { LIST_DISPOSITIONS, LIST_CANNED, LIST_ACTIONS, LIST_CHECKS, LIST_RULES,
		      LISTS };
struct assist_plan {
	struct arena a;
	struct { struct assist_entry *v; size_t n, cap; } list[LISTS];
};
/* Is word one of "a|b"? An empty list has them all. */
bool assist_one_of(sv list, sv word);
/* The text's language decides which words are looked for: both, as people mix them. */
bool assist_words_in(const struct assist_entry *x, sv text);
/* The disposition of this id, or NULL. */
const struct assist_entry *assist_disposition_of(const struct assist_plan *p, sv id);
const struct assist_tool *assist_tool_of(const struct assist_with *w, sv name);

/* ---- assist_sum.c, assist_end.c, assist_text.c ---- */

struct assist_sum {              /* a summary being made */
	const struct assist_case *c;
	const struct assist_with *w;
	struct arena a;
	jv *o;
	const char *outcome;
	bool any_done, any_open, refused, answered, cut;
};
jv *assist_pair(const sv v[2]);  /* {zh, en}; the caller's */
/* Outcome, what is open, disposition and follow-ups: after what was done is there. */
void assist_sum_end(struct assist_sum *s);
/* The readable text of a summary, in its language. */
void assist_sum_words(const struct assist_case *c, const struct assist_with *w, const jv *s,
		      struct sb *out);

/* ---- assist_help.c: live help about the last turn ---- */

/* {articles...}: at most 3 suggestions as events' data; each json is the caller's. n of them. */
#define ASSIST_SUGGESTIONS 3
size_t assist_suggest(const struct assist_case *c, const struct assist_with *w,
		      struct kb_index *ix, sv query, jv *ret[ASSIST_SUGGESTIONS]);
jv *assist_next(const struct assist_case *c, const struct assist_with *w,
		const struct policy_table *strategy);
/* [{id, title, state: due|done|missed, hand}]; form: of the company for such a conversation, or
 * NULL: its items with its titles, ticked by the plan's checks that name them or, people's items,
 * by hand. */
jv *assist_checks(const struct assist_case *c, const struct assist_plan *p,
		  const struct qa_form *form);

/* ---- assist_translate.c ---- */

/* Does the text have one of the forms "a|b"? */
bool assist_any_form(sv forms, sv text);

/* ---- assist_mind.c: what a model is asked; on assist's thread ---- */

struct assist_ask {
	struct assist_ask *next;
	struct assist *as;
	char *text, *extra;      /* reword: extra is the summary as JSON, text its lines */
	char from[4], to[4];
	bool translates;
	struct assist_case *c;   /* reword: of the conversation, owned */
	struct llm_run *run;
	struct sb out;
	struct mbox *back;
	assist_done_fn *done;
	void *arg;
	int err;
};
/* Begins; assist_ask_over(q) follows, maybe at once. */
void assist_mind_start(struct assist_ask *q, struct llm *m);
/* Of a summary: each line of the model's that holds takes the place of ours. */
void assist_mind_lines(const struct assist_case *c, sv ours, sv theirs, struct sb *out);
void assist_ask_over(struct assist_ask *q, int err);     /* assist.c */
const struct assist_words *assist_names(const struct assist *as);

#endif
