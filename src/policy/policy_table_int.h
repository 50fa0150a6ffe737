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
struct policy_row {
	sv id, why[2];                   /* en, zh */
	int priority, n;
	struct policy_cond cond[F_COUNT];
	struct policy_do act, other;     /* other: with probability share */
	double share;
	bool rollout;                    /* share is what policy_trial_share said */
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
