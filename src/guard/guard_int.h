/* guard_int.h: what the files of guard share; private.
 *
 * Detectors work on code points: raw as written, fold in lower case, full width and accents
 * off. Both arrays have n entries, so an offset found in one is an offset in the other. A 0
 * stands after the end.
 */
#ifndef CALLM_GUARD_INT_H
#define CALLM_GUARD_INT_H

#include "guard.h"

#define GUARD_HITS_MAX 4096

struct guard_text {
	uint32_t *raw, *fold;   /* n + GUARD_PAD, zeros behind */
	size_t *at;             /* byte offset of each code point in clean, at[n] = bytes */
	size_t n;
};
#define GUARD_PAD 8

struct guard_hit {
	size_t s, e;            /* code points */
	enum guard_pii type;
	int rank;               /* greater wins where two overlap */
};
struct guard_hits {
	struct guard_hit *v;
	size_t n;
};

/* ---- cleaning and decoding (guard_text.c) ---- */
/* Fills clean, from and truncated: at most LIM_TEXT_MSG code points; hidden counts invisible
 * letters that were dropped. */
int guard_clean(sv text, struct arena *a, struct guard_in *ret, size_t *ret_hidden);
int guard_decode(sv clean, struct arena *a, struct guard_text *ret);

/* ---- shared small things (guard_text.c) ---- */
bool guard_digit(uint32_t r);
bool guard_alpha(uint32_t r);              /* folded a-z */
/* a-z 0-9 _ or a letter outside ASCII that is not Han. */
bool guard_word(uint32_t r);
bool guard_han(uint32_t r);
/* Does lit (UTF-8, folded) stand at i? Returns its length in code points or 0. ASCII words must
 * end there. */
size_t guard_at(const struct guard_text *t, size_t i, const char *lit);
/* Longest of a '|' list at i, 0 when none. */
size_t guard_any_at(const struct guard_text *t, size_t i, const char *list);
bool guard_in_set(uint32_t r, const char *set_utf8);
bool guard_surname(uint32_t r);            /* of one sign, guard_name.c */
/* What stands at i..e is no name: a common Chinese word that begins like one or the end of such a
 * word, a place, an English word (one_word: it is but one) of the cues, a bare title. */
bool guard_not_name(const struct guard_text *t, size_t i, size_t e, bool one_word);
void guard_hit_add(struct guard_hits *h, size_t s, size_t e, enum guard_pii type, int rank);

/* ---- detectors ---- */
/* phone, id, card, order. */
void guard_find_numbers(const struct guard_text *t, struct guard_hits *h);
void guard_find_mail(const struct guard_text *t, struct guard_hits *h);
void guard_find_plate(const struct guard_text *t, struct guard_hits *h);
void guard_find_birth(const struct guard_text *t, struct guard_hits *h);
void guard_find_address(const struct guard_text *t, struct guard_hits *h);
void guard_find_name(const struct guard_text *t, struct guard_hits *h);

/* ---- guard_kind.c: is this row of digits one of these? d has n digits ('x' allowed last) ---- */
bool guard_luhn(const char *d, size_t n);
bool guard_id18(const char *d, bool strict);
bool guard_id15(const char *d);
bool guard_cn_mobile(const char *d, size_t n);
bool guard_cn_landline(const char *d, size_t n);

/* ---- guard_steer.c ---- */
bool guard_steering(const struct guard_text *t, size_t hidden);

#endif
