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
/* Where alt stands at or after from, or -1. Latin words match whole, with '~' at the end as a
 * beginning. */
ptrdiff_t feel_find(const struct feel_text *t, size_t from, sv alt, size_t *ret_end);
/* Terms joined by " + " must all stand in t, those with '!' must not; a term is "a|b|c". */
bool feel_match(const struct feel_text *t, sv pattern);

/* Embedded tables; rows of tab-separated fields, '#' comments. */
sv feel_table(const char *name);
bool feel_row(sv *rest, sv *fields, size_t n);
int feel_number(sv s);

/* ---- feel_net.c: the nets in the program ---- */
enum { FEEL_NET_LANG, FEEL_NET_INTENT, FEEL_NET_EMOTION, FEEL_NETS, FEEL_NET_LABELS = 64 };
struct feel_net {
	sv name[FEEL_NET_LABELS];        /* of the net, for good */
	double p[FEEL_NET_LABELS];       /* sum about 1 */
	size_t n;
	double valence, arousal;         /* of an emotion */
};
/* What a net says to text; false, and no labels, when the program has none. About 60 us. */
bool feel_net(int net, sv text, struct feel_net *out);
double feel_net_p(const struct feel_net *x, sv name);    /* 0: it has no such label */

/* net: what the intent net says; no labels: the patterns alone. */
void feel_intent(const struct feel_text *t, const struct feel_net *net, struct feel_state *f);
/* net: what the emotion net says; no labels, or NULL: the words of the table alone. */
void feel_mood(const struct feel_text *t, const struct feel_net *net, struct feel_state *f);
void feel_small(const struct feel_text *t, struct feel_state *f);
bool feel_wants_human(const struct feel_text *t);

#endif
