/* kb_facts.h: what whoever compares passages needs: likeness, facts, contradictions
 * (docs/flywheel.md). */
#ifndef CALLM_KB_FACTS_H
#define CALLM_KB_FACTS_H

#include "kb.h"

/* ---- likeness of texts: kb_alike.c ----
 *
 *	struct kb_sense *s = kb_sense_new(SV("en"));
 *	n = kb_sense_marks(s, text, a); m = kb_sense_marks(s, other, b);
 *	kb_marks_cos(a, n, b, m);        0..1 by words and synonyms
 */
struct kb_sense;                 /* a language's words and learned vectors; any thread */
struct kb_sense *kb_sense_new(sv lang);          /* any language; without lists by its words */
void kb_sense_free(struct kb_sense *s);          /* accepts NULL */
sv kb_sense_lang(const struct kb_sense *s);
#define KB_MARKS 192             /* of one text; what follows is not looked at */
struct kb_mark {
	uint64_t id;             /* of a word, pair of characters or concept */
	float w;                 /* how much it says */
};
/* Terms of a text, ascending, each once; out has room for KB_MARKS. Returns how many. */
size_t kb_sense_marks(const struct kb_sense *s, sv text, struct kb_mark *out);
float kb_marks_cos(const struct kb_mark *a, size_t na, const struct kb_mark *b, size_t nb);
/* Sum of products over what both have. */
float kb_marks_shared(const struct kb_mark *a, size_t na, const struct kb_mark *b, size_t nb);
/* Share of a's weight that b has too. */
float kb_marks_covered(const struct kb_mark *a, size_t na, const struct kb_mark *b, size_t nb);
#define KB_SENSE_DIM 128
struct kb_sense_vec {
	int n;                   /* 0: no vectors in this language */
	int16_t v[KB_SENSE_DIM];
};
void kb_sense_vec(const struct kb_sense *s, sv text, struct kb_sense_vec *out);
float kb_sense_cos(const struct kb_sense_vec *a, const struct kb_sense_vec *b);  /* -1..1 */
/* In how many of the texts added so far a term stands; one thread at a time. */
struct kb_rarity;
#define KB_RARITY_MAX 1000000u
struct kb_rarity *kb_rarity_new(void);
void kb_rarity_free(struct kb_rarity *r);        /* accepts NULL */
void kb_rarity_add(struct kb_rarity *r, const struct kb_mark *m, size_t n);
size_t kb_rarity_of(const struct kb_rarity *r, uint64_t id);
void kb_rarity_scale(const struct kb_rarity *r, struct kb_mark *m, size_t n);

/* ---- facts and contradictions: kb_facts.c (docs/flywheel.md) ----
 *
 *	struct kb_facts *f = kb_facts_new(sense, reader, NULL);
 *	kb_facts_add(f, &article); ... kb_facts_ready(f);
 *	kb_facts_scan(f, on_conflict, arg);              among themselves
 *	kb_facts_check(f, &draft, on_conflict, arg);     a text against all of them
 *
 * A fact is a value with its topic: the words of its clause, of its sentence and of its title. Two
 * facts contradict each other when topic and kind are the same, the values differ, and neither
 * text has the other's value there, while both are valid.
 */
enum kb_slot_kind { KB_SLOT_MONEY, KB_SLOT_DURATION, KB_SLOT_DATE, KB_SLOT_TIME, KB_SLOT_PERCENT,
		    KB_SLOT_QUANTITY, KB_SLOT_CONTACT, KB_SLOT_KINDS };
const char *kb_slot_kind_name(enum kb_slot_kind k);
struct kb_slot {
	enum kb_slot_kind kind;
	/* Money in its unit, durations in minutes, dates in days, times in minutes after
	 * midnight; contacts a hash. hi > lo: a range. */
	double lo, hi;
	size_t start, end;       /* bytes of the text */
};
#define KB_SLOTS 48              /* of one sentence */
/* Reads the values of one sentence, in order, none overlapping; returns how many (feel_slots by
 * learn.h's learn_slots). */
typedef size_t kb_slot_fn(void *arg, sv text, struct kb_slot out[KB_SLOTS]);
struct kb_facts;                 /* of one language; one thread at a time */
struct kb_facts *kb_facts_new(const struct kb_sense *s, kb_slot_fn *read, void *arg);
void kb_facts_free(struct kb_facts *f);          /* accepts NULL */
/* Text is copied. ERR_FULL beyond KB_FACTS_MAX facts. */
#define KB_FACTS_MAX 2000000u
int kb_facts_add(struct kb_facts *f, const struct kb_article *a);
void kb_facts_ready(struct kb_facts *f);         /* after the last kb_facts_add */
size_t kb_facts_count(const struct kb_facts *f);
struct kb_conflict {             /* views as long as f and the text checked live */
	sv id, other;            /* articles */
	enum kb_slot_kind kind;
	sv value, other_value;   /* as they are written */
	sv sentence, other_sentence;
	double likeness;         /* of the topics, 0..1 */
};
typedef void kb_conflict_fn(void *arg, const struct kb_conflict *c);
/* How often fn was called (may be NULL: only counts). Each pair of articles and kind once. */
size_t kb_facts_scan(struct kb_facts *f, kb_conflict_fn *fn, void *arg);
/* The same for an article that is not (yet) among them; another article of its id is skipped. */
size_t kb_facts_check(struct kb_facts *f, const struct kb_article *a, kb_conflict_fn *fn,
		      void *arg);
/* Values of one kind that each of two texts which should say the same (translations, versions)
 * has alone. At most max; returns how many. value or other_value may be empty. */
size_t kb_facts_differ(kb_slot_fn *read, void *arg, sv body, sv other, struct kb_conflict *out,
		       size_t max);
bool kb_slot_same(const struct kb_slot *a, const struct kb_slot *b);
/* Sentences of a Markdown body, in order; headings left out. Views into body. */
void kb_each_sentence(sv body, void (*fn)(void *arg, sv sentence), void *arg);

#endif
