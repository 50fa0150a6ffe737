/* learn_int.h: what the files of this room share. */
#ifndef CALLM_LEARN_INT_H
#define CALLM_LEARN_INT_H

#include "learn.h"
#include "feel.h"
#include "guard.h"

#define LEARN_ROWS_MAX 2000000u  /* of a window */
#define LEARN_ITEMS_MAX 60000u   /* questions that went wrong; the newest */
#define LEARN_GAPS_MAX 3000u
#define LEARN_ANSWERS_MAX 20u    /* of one question */
#define LEARN_TEXT 1200u         /* bytes of a question or an answer that are looked at */
#define LEARN_DAY_MS 86400000LL
#define LEARN_ALIASES 30         /* of a draft */
#define LEARN_LANGS 8

struct learn_line {              /* a sentence of an answer */
	struct kb_mark *m;
	uint32_t n;
	uint64_t id;             /* of its words */
	sv text;
};
struct learn_mind {              /* what is compared of an item */
	struct kb_mark *q, *a;   /* of the question; of the answers */
	size_t n_q, n_a;
	struct kb_sense_vec vec;
	struct learn_line *line;
	size_t n_line;
};
struct learn_lang {
	char lang[12];
	struct kb_sense *sense;
	struct kb_rarity *rare_q, *rare_a;
	struct kb_facts *facts;  /* of the published articles */
};
struct learn_work {
	struct arena *a;         /* the run's */
	struct store_db *db;
	const struct learn_opts *o;
	int agents;
	VEC(struct learn_item *) all;    /* every question, by conversation */
	VEC(struct learn_item *) item;   /* those that went wrong */
	VEC(struct learn_mind) mind;     /* of item */
	struct map *talk;        /* sentences (by id) that answer nothing */
	struct map *open;        /* numbers and addresses that the company publishes */
	struct learn_lang lang[LEARN_LANGS];
	size_t n_lang;
	VEC(struct kb_article) article;  /* published */
	VEC(struct learn_gap) gap;
	VEC(struct learn_conflict) conflict;
	size_t rows;
};
/* The language's senses, made at first use; NULL beyond LEARN_LANGS. */
struct learn_lang *learn_lang_of(struct learn_work *w, sv lang);

/* learn_text.c */
/* Without personal data: what a mask is in goes, a clause or a sentence at a time. In a. */
sv learn_clean(struct arena *a, sv text);
/* Of an answer that may become an article: what the company publishes itself stays (learn_open.c),
 * sentences that lost their beginning go. */
sv learn_clean_evidence(const struct learn_work *w, struct arena *a, sv text);
/* Also without these n names and identities. */
sv learn_clean_of(struct arena *a, sv text, const sv *hide, size_t n);
/* learn_hide.c: appends text with "[name]" for each of these n (a word or the family name of one
 * is enough), and for codes, passwords and messenger ids behind the words for them. */
void learn_hide(sv text, const sv *hide, size_t n, struct sb *out);
/* A question as a name: without greeting, masks, white space; may be empty. */
sv learn_name(struct arena *a, sv text);
/* Sentences of an agent's text. */
void learn_sentences(sv text, void (*fn)(void *arg, sv sentence), void *arg);
struct kb_mark *learn_marks_keep(struct arena *a, const struct kb_mark *m, size_t n);

/* learn_open.c: w->open, from the published articles */
int learn_open_find(struct learn_work *w);
/* in.masked but for what is open. */
sv learn_open_kept(const struct learn_work *w, struct arena *a, const struct guard_in *in);

/* learn_mine.c: rows to questions; all and item. */
int learn_mine(struct learn_work *w, int64_t since_ms);

/* learn_group.c: questions to gaps, without draft; item of a gap lives in the arena. */
int learn_group(struct learn_work *w);

/* learn_answer.c: what people agree on. NULL when not enough of them do. */
struct learn_said {
	sv text;
	size_t agents;           /* who say so */
	double place;            /* 0 = first thing they say */
};
struct learn_consensus {
	struct learn_said *said; /* in order */
	size_t n, agents;
	size_t disputed;         /* sentences left out because people differ */
	sv dispute;              /* one of them */
};
/* False: not enough of them agree on anything. */
bool learn_consensus(struct learn_work *w, const struct learn_gap *g, struct learn_consensus *ret);

/* Of which topic each of the gap's items is, by what people agree on: what nobody says in one
 * answer is of two. How many topics; ret, where there are more than one: g->n numbers from 0, or
 * LEARN_NO_TOPIC. */
#define LEARN_NO_TOPIC UINT32_MAX
#define LEARN_TOPICS 8
size_t learn_topics(struct learn_work *w, const struct learn_gap *g, uint32_t *ret);

/* learn_mind.c: what is compared: minds of all items, talk left out of the answers. */
int learn_minds(struct learn_work *w);
/* Who answers for a topic, or empty; learn_run.c. */
sv learn_owner(struct learn_work *w, sv category);
bool learn_is_talk(const struct learn_work *w, uint64_t id);
uint64_t learn_sentence_id(const struct kb_mark *m, size_t n);

/* learn_draft.c: consensus to draft; learn_gate.c: what stands against it. */
void learn_draft(struct learn_work *w, struct learn_gap *g, const struct learn_consensus *c);
/* Takes the draft off the gap when an article has all of it. */
void learn_gates(struct learn_work *w, struct learn_gap *g, const struct learn_consensus *c,
		 struct learn_draft *d);
/* Tags of a text that need a second look: "legal", "health", "money". Static names. */
size_t learn_tags(sv text, const char *ret[4]);
/* Checks a text alone: contradictions, tags. Appends to gates (a JSON array of {gate, ok, why,..});
 * true: something stands against it. */
bool learn_check_text(struct learn_lang *l, const struct kb_article *a, jv *gates);
/* Facts of the published articles of a language. */
int learn_facts_load(struct store_db *db, sv lang, struct kb_sense *sense, struct arena *a,
		     struct kb_facts **ret);

/* "learned-01abc...zh": the article that comes of a gap; learn_decide.c. */
void learn_article_id(const char *gap, sv lang, char out[128]);

/* learn_conflict.c */
int learn_conflicts(struct learn_work *w);

/* learn_set_keep.c: which runs are kept. On the scribe: of this set and of all sets, after run was
 * saved. What is too much is marked gone. */
int learn_set_forget(struct store_db *db, sv set, sv run);
/* Takes away what is gone, in small writes; on a worker. 0, ERR_CANCELED, ERR_DB. */
int learn_set_sweep(struct store *st, bool (*stopped)(void *arg), void *arg);
/* learn_set_json.c: a run of a test set as an object; ERR_NOTFOUND */
int learn_set_put_run(struct store_db *db, sv run, struct sb *out);
/* learn_decide.c: a draft as the article that a yes would write, with its next version; texts in
 * a. ret_version: of the draft. ERR_NOTFOUND, ERR_STATE (decided), ERR_CONFLICT (the article it
 * edits is gone, or has changed); ret_why: in words, static. */
int learn_draft_article(struct store_db *db, sv draft, struct arena *a, struct kb_article *ret,
			int64_t *ret_version, const char **ret_why);

/* learn_row.c: rows of a statement as JSON */
void learn_put_str(struct sb *b, const char *key, sv v);
void learn_put_ms(struct sb *b, const char *key, int64_t ms);

#endif
