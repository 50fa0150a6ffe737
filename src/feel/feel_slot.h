/* feel_slot.h: what the files of the slot reader share; private to feel.
 *
 * They work on bytes of folded UTF-8 (lower case, full width and accents off), so that a word is
 * compared with memcmp; at[] leads back to the text as it was given.
 */
#ifndef CALLM_FEEL_SLOT_H
#define CALLM_FEEL_SLOT_H

#include "feel.h"

#define SLOT_PAD 16             /* zeros behind p */

struct slot_text {
	char *p;                /* folded */
	size_t n;
	uint32_t *cp;           /* code point each byte belongs to, n + 1 */
	size_t *at;             /* byte of text of each code point, runes + 1 */
	size_t *fold_at;        /* byte of p of each code point, runes + 1 */
	size_t runes;
};

enum slot_type { SLOT_DATE, SLOT_TIME, SLOT_DATETIME, SLOT_DURATION, SLOT_MONEY, SLOT_QUANTITY,
		 SLOT_PERCENT, SLOT_PRODUCT, SLOT_SEEN };

struct slot_hit {
	enum slot_type type;
	const char *name;       /* of SLOT_SEEN; else by type */
	int rank;               /* greater wins where two overlap, then longer, then first */
	size_t s, e;            /* bytes of p */
	sv value;
};
#define SLOT_HITS_MAX (FEEL_SLOTS_MAX * 4)

struct slot_run {
	struct slot_text t;
	const struct feel_slot_ctx *c;
	struct arena *a;
	struct slot_hit *v;
	size_t n;
	int64_t today;          /* days since 1970-01-01 in the given zone */
	int now_min;            /* minutes since midnight there */
};

/* ---- feel_slot_text.c ---- */
int slot_decode(sv text, struct arena *a, struct slot_text *ret);
bool slot_digit(char c);
bool slot_alpha(char c);
/* The byte before i, or 0 at the start. */
char slot_before(const struct slot_text *t, size_t i);
/* Length of lit at i, else 0. What begins or ends with a letter is a whole word there. */
size_t slot_at(const struct slot_text *t, size_t i, const char *lit);
/* Longest of "a|b|c" at i and its place in the list; 0 when none stands there. */
size_t slot_any(const struct slot_text *t, size_t i, const char *list, int *ret_which);
/* Does one of the list end right before i? Returns its start, or i. */
size_t slot_any_before(const struct slot_text *t, size_t i, const char *list);
size_t slot_spaces(const struct slot_text *t, size_t i); /* i moved over blanks */
void slot_add(struct slot_run *r, enum slot_type type, int rank, size_t s, size_t e, sv value);

/* ---- feel_slot_num.c ---- */
struct slot_num {
	int64_t milli;          /* thousandths */
	int64_t hi;             /* upper end of "two or three", 3-5; milli when there is none */
	size_t e;
	size_t digits;          /* of a row of single digits (幺三八, 007), else 0 */
	bool words;             /* not written in ciphers */
	bool decimal;           /* had a decimal point */
};
#define SLOT_NUM_MAX INT64_C(1000000000000000)
/* A number at i: ciphers, Han or English words. False when there is none. */
bool slot_number(const struct slot_text *t, size_t i, struct slot_num *ret);
/* The same without a decimal 点 (三点五十 is a time) and without "k", 万 behind ciphers. */
bool slot_whole(const struct slot_text *t, size_t i, struct slot_num *ret);
/* slot_number and an upper end: 3-5, 三到五, two or three. */
bool slot_range(const struct slot_text *t, size_t i, struct slot_num *ret);
/* "12.5", "3": thousandths as decimal text, at least places behind the point. */
void slot_put_milli(struct sb *b, int64_t milli, int places);
/* Decimal digits of what stands in s..e, spoken ones too; at most max. */
size_t slot_digits(const struct slot_text *t, size_t s, size_t e, char *out, size_t max);

/* ---- feel_slot_cal.c: the calendar ---- */
int64_t slot_days(int y, int m, int d);       /* since 1970-01-01, proleptic Gregorian */
void slot_civil(int64_t days, int *y, int *m, int *d);
int slot_month_len(int y, int m);
int slot_weekday(int64_t days);               /* 0 = Monday */
/* Day of a month of the Chinese calendar (no leap month); -1 outside 2000..2059. */
int64_t slot_lunar(int year, int month, int day);
/* Last day of the Chinese year that begins in year. */
int64_t slot_lunar_eve(int year);
/* The n-th feast of the table in that year, or -1. */
struct slot_feast {
	const char *names;      /* "a|b" */
	char kind;              /* 'g' month day, 'l' lunar month day, 'e' eve, 'n' n-th weekday,
				   's' days after Easter, 'c' 清明 */
	int8_t a, b, c;
};
extern const struct slot_feast slot_feasts[];
int64_t slot_feast_day(const struct slot_feast *f, int year);

/* ---- feel_slot_date.c, _when.c, _time.c, _amount.c, _seen.c: each looks at one place ---- */
struct slot_date {
	size_t e;
	int64_t from, to;       /* to > from: a range of days */
	char grain;             /* 'd', 'm' or 'y': how it is written */
};
/* A date at i in any form. */
bool slot_date_at(const struct slot_run *r, size_t i, struct slot_date *ret);
bool slot_date_zh(const struct slot_run *r, size_t i, struct slot_date *ret);
bool slot_date_en(const struct slot_run *r, size_t i, struct slot_date *ret);
bool slot_date_digits(const struct slot_run *r, size_t i, struct slot_date *ret);
sv slot_date_text(const struct slot_run *r, const struct slot_date *d);
void slot_find_time(struct slot_run *r, size_t i);
void slot_find_duration(struct slot_run *r, size_t i);
void slot_find_amount(struct slot_run *r, size_t i);
void slot_find_products(struct slot_run *r);
void slot_find_seen(struct slot_run *r, sv text);
sv slot_dup(const struct slot_run *r, const char *text);

#endif
