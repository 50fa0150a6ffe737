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

void feel_intent(const struct feel_text *t, struct feel_state *f);
void feel_mood(const struct feel_text *t, struct feel_state *f);
void feel_small(const struct feel_text *t, struct feel_state *f);
bool feel_wants_human(const struct feel_text *t);

#endif
