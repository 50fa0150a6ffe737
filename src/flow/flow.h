/* flow.h: service flows: what a company does step by step (return an item, change an address,
 * take down a complaint), drawn as data: steps, slots, branches, tool calls, texts in zh and en.
 *
 *	struct flow_set *set;
 *	flow_set_new(&set, files, n, &rep);                       an obj
 *	struct flow_run *run;
 *	flow_start(set, SV("return_goods"), &run);
 *	struct flow_in in = { .kind = FLOW_IN_START, .slots = slots, .lang = SV("zh"), ... };
 *	flow_step(run, &in, &arena, &out);                        out.v[]: say, ask, call, ...
 *
 * Words may hold several wishes ("cancel 100385 and where is 100186?"): the flow takes the
 * first, keeps the others and goes on with them by itself when it is over. A flow that only
 * looks something up never takes the place of one that does something: that one waits and goes
 * on behind it.
 *
 * Pure: no clock, no database, no allocation but the run's own and the arena. The engine above
 * carries out what comes out: a call goes through the gate of tool.h, whose outcome comes back
 * as FLOW_IN_RESULT. Verification and confirmation are the engine's (they are the same for a
 * language model's calls); a flow only sees their end. docs/flow.md has the language.
 */
#ifndef CALLM_FLOW_H
#define CALLM_FLOW_H

#include "base.h"

struct cfg_report;
struct flow_set;                     /* an obj, immutable, any thread */
struct flow_file {
	const char *name;        /* "flows/return.yaml" */
	sv yaml;
};
enum { FLOW_MAX = 200, FLOW_STEPS = 200, FLOW_SLOTS = 32 };
/* 0, or ERR_INVAL with all faults in rep (unknown step, step never reached, slot never filled, a
 * text without zh or en, unknown tool when tool_known is given). */
/* tool_known NULL: the text is looked at alone; parts and flows of other files are not missed. */
int flow_set_new(struct flow_set **ret, const struct flow_file *files, size_t n,
		 bool (*tool_known)(void *arg, sv name), void *arg, struct cfg_report *rep);
size_t flow_set_count(const struct flow_set *s);
const char *flow_set_id(const struct flow_set *s, size_t i);
/* Its title in zh or en, as lang begins; the set's string, empty = no such flow. */
sv flow_title(const struct flow_set *s, sv id, sv lang);
/* The flow that serves an intent and the words (a flow may ask for words beside the intent), else
 * the one whose `wish` words are said with a number of the customer's own or without any intent;
 * or NULL. None that is `about` something. */
const char *flow_for(const struct flow_set *s, const char *intent, sv text);
/* The same while `it` is talked of, "order" or "product"; NULL: neither. */
const char *flow_for_it(const struct flow_set *s, const char *intent, sv text, const char *it);
/* The one row of exactly so many digits (< 32) in the words, written or said in zh or en ("it's
 * 100387", "尾号一七七七"), that is no sum and no part of a longer number. False: none, or two. */
bool flow_row(sv text, size_t digits, char ret[32]);
/* Does a flow that begins with these words keep a second wish by itself? */
bool flow_sees_two(const struct flow_set *s, sv text);
/* Has it a number of something of the customer's own, six digits or more? */
bool flow_names_one(sv text);
/* The digit at the head of s as written, in full width, as a Han sign or an English word: its
 * bytes, or 0. head: no letter stands before it; words stand alone. */
size_t flow_digit_at(sv s, bool head, char *ret);
/* {"id","version","title","intents","slots":[..],"steps":[{id,kind,next:[..],...}]} for a
 * drawing */
int flow_json(const struct flow_set *s, sv id, struct sb *out);

enum flow_in_kind {
	FLOW_IN_START,   /* slots: what the words that began it held already */
	/* The customer answered. While a call waits for a yes or for proof: words that may mend a
	 * value. Nothing comes out when they do not; else the call is void, what comes out is
	 * carried out in its place. */
	FLOW_IN_TEXT,
	FLOW_IN_RESULT,  /* of the call asked for */
	FLOW_IN_RESUME   /* the customer digressed and is back: ask again */
};
struct flow_slot { sv type, value, text; };  /* types of `callm understand`; value normalised */
enum flow_yes { FLOW_UNSURE, FLOW_YES, FLOW_NO };
struct flow_in {
	enum flow_in_kind kind;
	sv lang;
	sv text;                 /* TEXT, START: the customer's words, cleaned */
	const char *intent;      /* of the words; "" = none */
	const struct flow_slot *slots;
	size_t n_slots;
	enum flow_yes yes;       /* the engine's reading of the words */
	bool question;           /* the words ask something */
	/* what is known: {"customer":{..},"orders":[..],"channel":..} or NULL. */
	const jv *known;
	/* RESULT: tool_outcome_name(), "declined" (the customer did not confirm) or "unverified" */
	const char *outcome;
	const jv *body;          /* RESULT */
	sv say;                  /* RESULT: the tool's own words */
};
enum flow_out_kind {
	FLOW_SAY,        /* text, not a question */
	FLOW_ASK,        /* text; expect tells what will be answered */
	FLOW_CALL,       /* text = tool, args = JSON; FLOW_IN_RESULT comes next */
	FLOW_HANDOFF,    /* text = why; to a person */
	FLOW_ASIDE,      /* these words do not belong here: answer them, then FLOW_IN_RESUME */
	FLOW_END         /* over; text = "done", "cancelled", "failed" */
};
struct flow_act {
	enum flow_out_kind kind;
	sv text, args;
	const char *step;        /* for the record */
	/* ASK: "yes_no", "order_number", "phone", "digits", "choice", "open". */
	const char *expect;
	const sv *choices;       /* ASK: shown as buttons where there are any */
	size_t n_choices;
};
#define FLOW_ACTS_MAX 8
struct flow_out {
	struct flow_act v[FLOW_ACTS_MAX];
	size_t n;
	/* a flow that another wish ended, with nothing done; or NULL. */
	const char *left;
};
struct flow_run;
int flow_start(const struct flow_set *s, sv id, struct flow_run **ret);  /* takes a reference */
void flow_free(struct flow_run *r);                                      /* accepts NULL */
void flow_step(struct flow_run *r, const struct flow_in *in, struct arena *a, struct flow_out *ret);
/* The flow it is in; it changes when the customer wishes another one. */
const char *flow_id(const struct flow_run *r);
/* Its state as JSON and back (a conversation that goes on after a restart or on another channel);
 * ERR_VERSION: the flow has changed since, begin again. A value that a record masked ("[phone]") is
 * none: it is asked for again. */
void flow_save(const struct flow_run *r, struct sb *out);
int flow_load(const struct flow_set *s, sv json, struct flow_run **ret);
/* A value that was lost on the way (masked in a record) is none: where the flow is past the
 * question for it, and did nothing with it since, it waits for that answer once more. */
void flow_forget(struct flow_run *r, const char *name);
/* Wishes that wait until this one is over: [{"flow","text","slots"}]; never NULL. */
const jv *flow_more(const struct flow_run *r);
/* What is asked just now: the customer's own words, a figure (money, a time, digits), another
 * thing. */
enum flow_asks { FLOW_ASKS_NOTHING, FLOW_ASKS_WORDS, FLOW_ASKS_FIGURE, FLOW_ASKS_OTHER };
enum flow_asks flow_asks_for(const struct flow_run *r);
/* Was something done already (a step with an effect)? */
bool flow_did(const struct flow_run *r);
/* Is a name or a place asked, and text one? It may be of any language. */
bool flow_takes_name(const struct flow_run *r, sv text);
/* What was learned so far, {"order":"HH..."}: for a hand-over, a ticket, a record. */
const jv *flow_slots(const struct flow_run *r);

#endif
