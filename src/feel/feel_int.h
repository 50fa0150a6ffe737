/* feel_int.h: what the files of feel share; private. */
#ifndef CALLM_FEEL_INT_H
#define CALLM_FEEL_INT_H

#include "feel.h"

#define FEEL_TEXT 6000      /* bytes of folded text that are looked at */

/* A text prepared for matching: folded, apostrophes out, every other sign a space, one space at
 * both ends; clause ends are kept as '|'. The bitmap of letter pairs rejects most words without
 * a search. */
struct feel_text {
	char p[FEEL_TEXT + 16];
	size_t n;
	uint8_t pairs[8192];
	int marks, asks;         /* exclamation and question marks */
	int shouted;             /* words of four or more capitals */
	int letters;
};
void feel_prepare(sv text, struct feel_text *t);
/* A word or phrase of a table. */
struct feel_alt {
	sv word;
	uint16_t pair;           /* its first two bytes; 0 when it has one */
	bool open;               /* '~' was at its end: a Latin word may go on */
};
struct feel_alt feel_alt_of(sv word);
/* Where alt stands at or after from, or -1. Latin words match whole or, open, as a beginning. */
ptrdiff_t feel_find(const struct feel_text *t, size_t from, const struct feel_alt *alt,
		    size_t *ret_end);
/* Terms joined by " + " must all stand in t, those with '!' must not; a term is "a|b|c". */
bool feel_match(const struct feel_text *t, sv pattern);

/* ---- feel_table.c: the tables of feel/data ---- */
enum feel_table_no {
	FEEL_T_EMOTION, FEEL_T_HUMAN, FEEL_T_INTENT, FEEL_T_LANG, FEEL_T_SMALL, FEEL_TABLES
};
struct feel_term {
	uint32_t from, to;       /* its words in alt */
	bool not;
};
struct feel_table_row {
	sv name;
	int number;              /* of the column between; 0: there is none */
	bool letters;            /* "L" in front of it: words as written, anywhere */
	uint32_t term, terms;
};
struct feel_table {
	struct feel_table_row *row;
	struct feel_term *term;
	struct feel_alt *alt;
	size_t n, n_term, n_alt;
};
const struct feel_table *feel_table(enum feel_table_no no);
/* Do all terms of the row hold in t? */
bool feel_row_stands(const struct feel_text *t, const struct feel_table *table,
		     const struct feel_table_row *row);
/* The next term of a pattern: its words, '|' between, and whether they must not stand. */
bool feel_term(sv *pattern, sv *ret_words, bool *ret_not);

/* ---- feel_net.c: the nets in the program ---- */
enum { FEEL_NET_LANG, FEEL_NET_INTENT, FEEL_NET_EMOTION, FEEL_NETS, FEEL_NET_LABELS = 64 };
struct feel_net {
	sv name[FEEL_NET_LABELS];        /* of the ear's net, while the ear is taken */
	double p[FEEL_NET_LABELS];       /* sum about 1 */
	size_t n;
	double valence, arousal;         /* of an emotion */
};
/* What a net says to text; false, and no labels, when the program has none. About 40 us. */
bool feel_net(int net, sv text, struct feel_net *out);
/* The same in steps, for several nets and one text: the intent and the emotion net read what
 * either of them was given to read. Give every ear back; one thread at a time has it. */
struct feel_ear;
struct feel_ear *feel_ear_take(void);
void feel_ear_give(struct feel_ear *x);
void feel_ear_read(struct feel_ear *x, int net, sv text);
bool feel_ear_say(struct feel_ear *x, int net, struct feel_net *out);
double feel_net_p(const struct feel_net *x, sv name);    /* 0: it has no such label */

/* net: what the intent net says; no labels: the patterns alone. */
void feel_intent(const struct feel_text *t, const struct feel_net *net, struct feel_state *f);
/* net: what the emotion net says; no labels, or NULL: the words of the table alone. */
void feel_mood(const struct feel_text *t, const struct feel_net *net, struct feel_state *f);
void feel_small(const struct feel_text *t, struct feel_state *f);
bool feel_wants_human(const struct feel_text *t);

#endif
