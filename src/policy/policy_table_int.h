/* policy_table_int.h: the parts of a strategy table; private to the room. */
#ifndef CALLM_POLICY_TABLE_INT_H
#define CALLM_POLICY_TABLE_INT_H

#include "policy_table.h"

enum { POLICY_WORDS = 8 };           /* patterns of one topic */
enum policy_field {
	F_MOOD, F_SUSTAINED, F_UPSET, F_VALENCE, F_AROUSAL, F_TREND, F_INTENT, F_TIER, F_ATTEMPTS,
	F_TOPIC, F_RISK, F_CHANNEL, F_REPEAT, F_VULNERABLE, F_WANTS_HUMAN, F_ANSWER,
	F_SMALL_TALK, F_IDENTIFIED, F_COUNT
};
enum policy_kind { K_ONE_OF, K_AT_LEAST, K_AT_MOST, K_YES_NO };
struct policy_field_def {
	const char *name;
	enum policy_kind kind;
	double min, max;
	const char *const *words;        /* K_ONE_OF: by number; NULL: the table's own */
	size_t n_words;
};
extern const struct policy_field_def policy_fields[F_COUNT];

struct policy_cond {
	enum policy_field field;
	uint64_t any;                    /* K_ONE_OF: bits */
	double num;                      /* the others; K_YES_NO: 0 or 1 */
};
struct policy_way { sv id; struct policy_do act; };
struct policy_row {
	sv id, why[2];                   /* en, zh */
	int priority, n;
	struct policy_cond cond[F_COUNT];
	struct policy_do act, other;     /* other: with probability share */
	double share;
	bool rollout;                    /* share is what policy_trial_share said */
	/* a row that learns: share is that of its model, set by policy_trial_share, too */
	const struct policy_way *ways;   /* beside act */
	int n_ways;
	double explore;
	const struct policy_model *model;
};
struct policy_offer {
	sv id, text[2];
	double max;
	uint64_t tiers;                  /* 0 = all */
};
struct policy_topic {
	sv id, words[POLICY_WORDS];
	int n_words, risk;
	uint64_t intents;
	sv articles[16];
	int n_articles;
	uint64_t forbid;                 /* offers */
	bool keeps;
};
struct policy_table {                /* an obj */
	struct arena a;
	struct policy_table *base;       /* owns the texts, where shares were set; else NULL */
	struct policy_row *rows;
	size_t n_rows;
	struct policy_offer offers[POLICY_OFFERS];
	struct policy_topic topics[POLICY_TOPICS];
	sv tiers[POLICY_TIERS];
	int n_offers, n_topics, n_tiers;
	sv words[POLICY_TOPICS * POLICY_WORDS];     /* of all topics */
	int word_topic[POLICY_TOPICS * POLICY_WORDS], n_words;
	int repeat, vulnerable;          /* numbers of these two topics, -1 = none */
	double explore;
	uint64_t print;
};

uint64_t policy_trial_print(const struct policy_row *r);
uint64_t policy_do_mix(uint64_t h, const struct policy_do *a);
/* 0..1 from the conversation's seed, the row and a number. */
double policy_chance(const struct policy_case *k, sv row, int turn);
/* ---- policy_ways.c ---- */
uint64_t policy_ways_print(const struct policy_row *r);
/* For a row that learns: the way, how likely it was. */
void policy_ways_pick(const struct policy_table *t, const struct policy_case *k,
		      struct policy_plan *p);
void policy_ways_json(const struct policy_table *t, const struct policy_plan *p, struct sb *out);
const char *policy_intent_name(int i);       /* of CONTRACT, "out_of_scope" the last */
int policy_intent_find(const char *name);    /* unknown and empty: out_of_scope's */
/* One of the field's words (the table's topics and tiers too), NULL past the last. */
sv policy_word(const struct policy_table *t, enum policy_field f, int i);
/* The case's value: K_ONE_OF: bits; else a number. */
uint64_t policy_bits(const struct policy_table *t, const struct policy_case *k,
		     enum policy_field f);
double policy_number(const struct policy_table *t, const struct policy_case *k,
		     enum policy_field f);
bool policy_cond_holds(const struct policy_table *t, const struct policy_case *k,
		       const struct policy_cond *c);
bool policy_row_holds(const struct policy_table *t, const struct policy_case *k,
		      const struct policy_row *r);
extern const char *const policy_apologies[3], *const policy_humans[3], *const policy_styles[5];

#endif
