/* learn.h: learns from the river what the company's knowledge lacks, and proposes it
 * (docs/flywheel.md).
 *
 *	struct learn_run *r;
 *	learn_run(&r, db, &(struct learn_opts){ .kb = ix }, &e);     a worker; only reads
 *	store_write(st, save, r, ...)  ->  learn_save(db, r);        the scribe
 *	learn_run_free(r);
 *
 *	learn_decide(db, &(struct learn_decision){ .draft = id, ... });      somebody's yes or no
 *
 * A run reads the window's rows, takes the questions that went badly, puts like ones together,
 * looks whether people answered them, and writes a draft of what they agree on. Nothing is
 * published without a person's yes; what the bot said is never evidence.
 */
#ifndef CALLM_LEARN_H
#define CALLM_LEARN_H

#include "base.h"
#include "store.h"
#include "kb_facts.h"

/* kb_slot_fn: the values of a sentence by feel's slots; arg is not used. Any thread. */
size_t learn_slots(void *arg, sv text, struct kb_slot out[KB_SLOTS]);

/* Calls fn for each published article (lang "": of all languages), with text in a; stops at the
 * first non-zero, which comes out. */
int learn_articles_each(struct store_db *db, sv lang, struct arena *a,
			int (*fn)(void *arg, const struct kb_article *a), void *arg);

/* Why a question counts as not well answered; a set. */
enum learn_signal {
	LEARN_NO_ANSWER = 1,     /* declined, or handed over without an answer */
	LEARN_LOW = 2,           /* asked back, or answered with little certainty */
	LEARN_DOWN = 4,          /* a thumb down */
	LEARN_ESCALATED = 8,     /* a person was needed */
	LEARN_REPEAT = 16,       /* asked again within seven days */
	LEARN_TYPED = 32,        /* an agent searched, and typed the answer */
};
#define LEARN_SIGNALS 6
const char *learn_signal_name(int bit);  /* 0..LEARN_SIGNALS - 1: "no_answer" */

struct learn_answer {            /* of a person */
	sv by, text;             /* text without personal data */
	int64_t at_ms;
	bool refused;            /* the customer marked it down */
};
struct learn_item {              /* a customer's question */
	sv conversation, customer, lang, text;
	int64_t at_ms, seq;
	int turn;
	unsigned signals;
	double cost;
	sv article;              /* what the bot cited, or empty */
	int version;
	struct learn_answer *answer;
	size_t n_answer;
	bool resolved;           /* the answer helped, as far as anybody can tell */
	/* the bot answered from the article, and nobody complained or needed a person */
	bool content;
	bool picked;             /* the customer chose the article among the titles offered */
};

struct learn_draft {
	sv title, body_md, aliases, category;
	bool edit;               /* of article_id, base_version; else a new article */
	sv article_id;
	int base_version;
	/* a gate stands against it: nobody can approve it as it is. */
	bool blocked;
	sv gates, evidence;      /* JSON arrays */
	size_t agents;           /* that say so */
};
struct learn_gap {
	char id[27];             /* that of an earlier run when it is the same gap */
	sv lang, question, category;
	const struct learn_item **item;
	size_t n, customers, answers;
	double cost, trend, coverage, priority;
	int64_t first_ms, last_ms;
	struct learn_draft *draft;       /* NULL: not enough people agree yet */
};
struct learn_conflict {          /* between published articles */
	sv lang, id, other, value, other_value, sentence, other_sentence;
	const char *kind;
	double likeness;
	bool translation;        /* other is the same article in another language */
};
struct learn_run {
	struct arena arena;
	int64_t now_ms, since_ms;
	struct learn_gap *gap;   /* by priority */
	size_t n_gap;
	struct learn_conflict *conflict;
	size_t n_conflict;
	size_t rows, questions, gone_wrong;      /* read, found, with a signal */
	struct learn_work *work; /* private */
};

struct learn_opts {
	int64_t now_ms;          /* 0 = the wall clock */
	int days;                /* of the window; 0 = 30 */
	/* answers of people that must agree, of two different people at least; 0 = 3. One of
	 * the topic's owner is enough. */
	int agents;
	struct kb_index *kb;     /* as customers have it now */
};
/* On a worker: seconds for a month. ERR_DB, ERR_FULL; *ret only on success. */
int learn_run(struct learn_run **ret, struct store_db *db, const struct learn_opts *o,
	      struct err *e);
void learn_run_free(struct learn_run *r);        /* accepts NULL */
/* Writes gaps, drafts and conflicts; on the scribe. A draft that somebody has decided stays. */
int learn_save(struct store_db *db, const struct learn_run *r);

/* ---- people decide: on the scribe ---- */
enum learn_verb { LEARN_APPROVE, LEARN_EDIT, LEARN_REJECT };
#define LEARN_TEXT_MAX (64u << 10)
struct learn_decision {
	sv draft, by, reason;
	enum learn_verb verb;
	/* what was looked at; 0 = whatever is there. ERR_CONFLICT when it is another. */
	int64_t version;
	/* LEARN_EDIT: the new text, empty = as it was; it is checked again. Of aliases only a null
	 * view is: empty ones are no more. */
	sv title, body_md, aliases, category;
	/* LEARN_APPROVE: 1..99 = only for this share of conversations at first; 0 = for all. */
	int canary;
	int64_t now_ms;
	/* LEARN_EDIT: what learn_recheck found of the new text. */
	sv gates;
	bool blocked;
	/* filled: */
	char article_id[128];    /* published as, with lang */
	char lang[12];
	int article_version;
	const char *why;         /* of a refusal; static */
};
/* 0; ERR_NOTFOUND, ERR_CONFLICT, ERR_STATE (decided already, or a gate stands against it),
 * ERR_DENIED (a yes of who proposed it), ERR_INVAL (no reason, no text). Every decision leaves
 * a row of the river. */
int learn_decide(struct store_db *db, struct learn_decision *d);
/* Before a LEARN_EDIT, on a worker: fills gates (in a) and blocked. ERR_NOTFOUND. */
int learn_recheck(struct store_db *db, struct learn_decision *d, struct arena *a);

/* ---- an article out of what a person typed: learn_propose.c ---- */
struct learn_propose {
	sv conversation;
	int64_t seq;             /* of the person's turn: the answer */
	sv by;                   /* who proposes it */
	/* Names and identities of the customer; that of the conversation's row is known. */
	const sv *hide;
	size_t n_hide;
	struct kb_index *kb;     /* as customers have it; may be NULL */
	int64_t now_ms;
	/* filled by learn_propose_look, without personal data: */
	sv lang, question, title, body, gates, evidence;
	int64_t question_seq, question_ms;
	unsigned signals;
	bool blocked;
	/* filled by learn_propose_put: */
	char gap[27], draft[27];
	bool there;              /* the turn has a draft already: this one */
	const char *why;         /* of a refusal; static */
};
/* On a worker; texts in a. 0, ERR_NOTFOUND (no such turn of a person), ERR_STATE (nothing was
 * asked, the bot's own words, or nothing is left without personal data). */
int learn_propose_look(struct store_db *db, struct learn_propose *p, struct arena *a);
/* On the scribe: a draft that waits, with its gap; one a turn, unless that was refused. */
int learn_propose_put(struct store_db *db, struct learn_propose *p);

/* ---- what a published version did ---- */
struct learn_effect {
	sv article_id, lang, gap;
	int version, canary;
	int64_t since_ms;
	int64_t n, bad, n_before, bad_before;    /* conversations: with this version, without */
	double worse;            /* lower bound of the difference of the bad shares */
};
/* Below this many conversations nothing is judged. */
#define LEARN_EFFECT_MIN 30
/* How each canary does: conversations in which it was cited against those that got the version
 * before, or met the same gap; bad = a thumb down or a hand-over afterwards. On a worker; in a. */
int learn_effects(struct store_db *db, int64_t now_ms, struct arena *a, struct learn_effect **ret,
		  size_t *ret_n);
/* Takes back what is worse for certain (one-sided 95 %), gives to all what had its share for a
 * week and is not. On the scribe; rows of the river tell. */
int learn_judge(struct store_db *db, const struct learn_effect *v, size_t n, int64_t now_ms,
		size_t *ret_taken_back, size_t *ret_kept);
/* One-sided 95 % lower bound of bad / n - bad_before / n_before (Newcombe's method over Wilson
 * intervals, Statistics in Medicine 17 (1998) 873). */
double learn_worse(int64_t bad, int64_t n, int64_t bad_before, int64_t n_before);

/* ---- lists as JSON; on a worker ---- */
struct learn_query {
	sv lang, state, category, cursor;
	int limit;
	int64_t now_ms;
};
/* {"items":[...],"next":..}. ERR_INVAL: cursor. */
int learn_gaps_json(struct store_db *db, const struct learn_query *q, struct sb *out);
int learn_gap_json(struct store_db *db, sv id, struct sb *out);          /* ERR_NOTFOUND */
int learn_drafts_json(struct store_db *db, const struct learn_query *q, struct sb *out);
int learn_draft_json(struct store_db *db, sv id, int64_t *ret_version, struct sb *out);
int learn_conflicts_json(struct store_db *db, const struct learn_query *q, struct sb *out);
/* The map by topic: {"items":[{"category", "lang", "articles", "traffic", "answered", "gaps", ...
 */
int learn_coverage_json(struct store_db *db, const struct learn_query *q, struct sb *out);
/* Who answers for a topic, and how often its articles are looked at again; on the scribe. */
int learn_topic_put(struct store_db *db, sv category, sv owner, int review_days, int64_t now_ms);

#endif
