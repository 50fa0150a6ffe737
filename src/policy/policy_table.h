/* policy_table.h: the strategy table: a company's rules of service as data, and the choice by
 * it.
 *
 *	struct policy_table *t;
 *	policy_table_new(&t, SV_NULL, "strategy.yaml", company, &rep);   0, or rep tells why
 *	struct policy_case k = { .track = &mood, .intent = "refund_status", .found = ... };
 *	k.topics = policy_topics(t, text, k.intent, p, SV_NULL);
 *	policy_plan(t, &k, &plan);
 *	policy_plan_json(t, &k, &plan, &sb);       what was chosen, why, and instead of what
 *
 * A row holds when all its conditions do; of the rows that hold the one of the highest priority
 * is taken, of equal ones that with more conditions, then the first. What no table can change
 * (policy_bound) comes after the choice and is told with it. A table is immutable (an obj): any
 * thread. docs/policy.md has the language.
 */
#ifndef CALLM_POLICY_TABLE_H
#define CALLM_POLICY_TABLE_H

#include "policy.h"

enum { POLICY_ROWS = 200, POLICY_TOPICS = 48, POLICY_OFFERS = 48, POLICY_TIERS = 16 };
enum policy_apology { APOLOGY_NONE, APOLOGY_SHORT, APOLOGY_FULL };
enum policy_human { HUMAN_NO, HUMAN_OFFER, HUMAN_NOW };
enum policy_found { FOUND_UNKNOWN, FOUND_ANSWER, FOUND_UNSURE, FOUND_NOTHING };
#define POLICY_PACE_LEAST 70         /* percent of the voice's own speed */
#define POLICY_PACE_MOST 130
#define POLICY_EXPLORE_MOST 0.2      /* share of turns that may be served otherwise */

struct policy_table;
/* yaml SV_NULL: the table inside the program. company: a tree whose "strategy" member replaces or
 * adds to it, or NULL. 0 (what it returns is an obj), or ERR_INVAL: rep holds one issue a fault,
 * with file:line:place, what is wrong and how to mend it; the caller ends rep in both cases. */
struct cfg_report;
int policy_table_new(struct policy_table **ret, sv yaml, const char *name, const jv *company,
		     struct cfg_report *rep);
/* Of the table inside the program, appended. */
int policy_table_text(struct sb *out);
uint64_t policy_table_print(const struct policy_table *t); /* a hash of all that decides */
size_t policy_table_rows(const struct policy_table *t);

/* What is known of one turn. All zero: a customer of whom nothing is known. */
struct policy_case {
	const struct feel_track *track;  /* NULL: neutral */
	const char *intent;              /* CONTRACT's; NULL or "" = out of scope */
	sv tier;                         /* empty: the customer is not identified */
	sv lang;                         /* ISO 639-1; may be empty */
	int attempts;                    /* answers in this conversation that did not help */
	uint64_t topics;
	enum policy_found found;
	bool voice, wants_human, small_talk, identified;
	bool repeat;                     /* came with the same before; a topic tells it too */
	uint64_t seed;                   /* of the conversation, for exploration */
	int turn;
	/* what rows that learn chose in it before (policy_choice_keep) */
	const struct policy_choice *held;
	int n_held;
};
/* An intent that is rather another one gives no topic: an angry customer who asks for what we do
 * not sell is not one whose refund is late. */
#define POLICY_TOPIC_SURE 0.4
/* Bits of the topics that text, intent (p: how likely it is, 0 to 1) and the article (may be empty)
 * belong to. */
uint64_t policy_topics(const struct policy_table *t, sv text, const char *intent, double p,
		       sv article);
/* Those of them that a conversation keeps once they came up. */
uint64_t policy_topics_kept(const struct policy_table *t, uint64_t topics);

struct policy_do {
	enum policy_tone style;
	int pace;                        /* percent */
	enum policy_apology apology;
	bool simplify;
	int offer;                       /* number, -1 = none */
	double max;                      /* of its worth, in the company's currency */
	int priority;                    /* in a queue, 0..9 */
	enum policy_human human;
	bool alert;                      /* a supervisor is told */
	int sentences;                   /* at most; 0 = no limit of its own */
};
/* What no table decides. */
enum policy_bound {
	BOUND_PERSON = 1,        /* who asks for a person gets one */
	BOUND_OFFER = 2,         /* a forbidden offer, or one for nobody known, is not made */
	BOUND_ANGER = 4,         /* anger that lasts is brought to a person */
	BOUND_REFUSAL = 8,       /* an angry customer is never just refused */
};
/* ---- second ways that are let in step by step (policy_roll.h) ----
 *
 * A row with "try: {rollout: true, do: ..}" is a trial: which of its conversations get the second
 * way is set from outside; a conversation keeps its way. Never where a hard rule speaks: high or
 * medium risk, a wish for a person, a vulnerable or lastingly angry customer. */
struct policy_model;
struct policy_trial {
	const char *row;
	uint64_t print;          /* of both ways: another text is another trial */
	double share;            /* 0..1 */
	const struct policy_model *model;    /* of a row that learns: its new way; else NULL */
};
/* The i-th trial; false: there are no more. */
bool policy_trial_at(const struct policy_table *t, size_t i, struct policy_trial *ret);
/* The same table with these shares (rows that are no trial are passed over; those not named
 * get nothing): an obj, the caller's; t stays. */
struct policy_table *policy_trial_share(struct policy_table *t, const struct policy_trial *v,
					size_t n);
bool policy_trial_allowed(const struct policy_table *t, const struct policy_case *k);

/* ---- rows with several ways, the choice among them learned (policy_ways.c) ----
 *
 * "try: {learn: true, explore: 0.1, ways: [{id: calm, do: {..}}, ..]}": a share of its
 * conversations gets a way drawn evenly, the row's own among them; the record holds what was
 * known of the turn (features: numbers about the turn, nothing of a person), the ways and how
 * likely the one taken was. A model made from such records is let in as a trial whose new arm
 * is "as the model says". One choice a conversation and row; hard rules as for trials. Way 0 is
 * the row's own. */
enum { POLICY_WAYS = 5, POLICY_FEATURES = 19, POLICY_HELD = 4 };
const char *policy_feature_name(int i);  /* NULL past the last; the first is always 1 */
void policy_features(const struct policy_table *t, const struct policy_case *k,
		     double ret[POLICY_FEATURES]);
struct policy_scores { double w[POLICY_WAYS][POLICY_FEATURES]; }; /* expected reward = w x */
int policy_scores_best(const struct policy_scores *s, int ways, const double x[POLICY_FEATURES]);
struct policy_model {
	uint64_t print;                      /* of the ways that it is for */
	int ways;                            /* with the row's own */
	bool has_before;                     /* else the row's own way was in use before it */
	struct policy_scores now, before;
};
uint64_t policy_model_print(const struct policy_model *m); /* of its trial */
void policy_model_json(const struct policy_model *m, struct sb *out); /* one object */
/* false: it is not that. */
bool policy_model_load(const jv *tree, struct policy_model *ret);

struct policy_learn {                        /* a row that learns */
	const char *row;
	uint64_t print;                      /* of all its ways: other ways learn anew */
	double explore;
	int ways;
	const char *way[POLICY_WAYS];        /* way[0] is "own" */
	const struct policy_model *model;    /* attached (policy_trial_share), or NULL */
};
bool policy_learn_at(const struct policy_table *t, size_t i, struct policy_learn *ret);

struct policy_choice {
	uint64_t print;                      /* policy_learn.print */
	int way, arm;                        /* arm 1: as the newer model says */
	bool explored;                       /* drawn evenly */
	double p;                            /* how likely the way was */
};
struct policy_plan;
/* Remembers what p chose, for the turns that follow: v has room for POLICY_HELD. */
void policy_choice_keep(struct policy_choice *v, int *n, const struct policy_plan *p);

#define POLICY_OTHERS 4
struct policy_plan {
	struct policy_do act;
	int row;
	int others[POLICY_OTHERS], n_others; /* rows that held too, best first */
	double propensity;
	bool explored;                       /* the row's "try" was taken */
	bool trial;                          /* by a roll-out */
	bool kept;                           /* a trial, but a hard rule keeps the first way */
	int arm;                             /* of the trial: 1 = the new way */
	bool chooses, held;                  /* a row that learns; as chosen in a turn before */
	struct policy_choice choice;
	double x[POLICY_FEATURES];           /* what it was chosen by */
	unsigned bounds;                     /* enum policy_bound */
};
void policy_plan(const struct policy_table *t, const struct policy_case *k,
		 struct policy_plan *ret);
const char *policy_row_id(const struct policy_table *t, int row);
/* Does the row ask for this ("tier"), as a condition, by its offer or to choose a way? */
bool policy_row_asks(const struct policy_table *t, int row, const char *what);
sv policy_row_why(const struct policy_table *t, int row, sv lang);   /* may be empty */
sv policy_offer_text(const struct policy_table *t, int offer, sv lang);
const char *policy_offer_id(const struct policy_table *t, int offer); /* "" = none */
int policy_offer_find(const struct policy_table *t, sv id);          /* -1 = none */
const char *policy_style_name(enum policy_tone tone);
/* {"row":..,"style":..,...,"because":[{"what","want","is"}],"instead":[...],"bounds":[...]} */
void policy_plan_json(const struct policy_table *t, const struct policy_case *k,
		      const struct policy_plan *p, struct sb *out);

#endif
