/* norm_int.h: what the files of the speech normaliser share; private to model. */
#ifndef CALLM_NORM_INT_H
#define CALLM_NORM_INT_H

#include "base.h"

enum {
	NORM_IN_MAX = 64 << 10, /* bytes of one text */
	NORM_GROW =
		48, /* output is at most this many times the input, plus NORM_SLACK */
	NORM_SLACK = 256,
	NORM_FRAC_MAX = 12,
};

/* One conversion. in[at..] is still to do; everything put maps to the source offset
 * src. */
struct norm {
	sv in;
	size_t at, src, skip_from, skip_to; /* skip_*: the tail of a Markdown link */
	struct sb *out;
	size_t base; /* bytes in out before us */
	uint32_t *map;
	size_t map_cap;
	bool zh;
	sv word;   /* the last ASCII word that was copied */
	bool glue; /* a rule ended here: the next letter needs a space */
};

/* A written number: "1,299.50". */
struct norm_num {
	uint64_t v;
	sv digits; /* the whole part, as written, no commas inside when !comma */
	int n_digits;
	bool comma, neg;
	char frac[NORM_FRAC_MAX + 1]; /* decimals as written */
	size_t len;                   /* bytes in the source */
};

struct norm_unit {
	const char *s, *one, *many, *zh;
	bool tight; /* only directly after the number */
};
struct norm_cur {
	const char *s, *one, *many, *cent, *cents, *zh;
};

/* ---- norm.c: reading and putting ---- */
sv norm_rest(const struct norm *n);
int norm_ch(const struct norm *n, size_t i);  /* byte at i, 0 past the end */
void norm_put(struct norm *n, const char *s); /* as it is */
void norm_put_sv(struct norm *n, sv s);
void norm_word(struct norm *n,
	       const char *w);   /* with a space before it where one is needed */
void norm_trim(struct norm *n);  /* no space at the end */
void norm_pause(struct norm *n); /* a short pause */
bool norm_alpha(int c);
bool norm_digit(int c);
bool norm_alnum(int c);
bool norm_before(const struct norm *n,
		 const char *const *list); /* does the text before at end so? */

/* ---- norm_num.c: numbers ---- */
bool norm_num_parse(sv s, struct norm_num *ret);
void norm_int(struct norm *n, uint64_t v);
void norm_num(struct norm *n, const struct norm_num *x);
void norm_digits(struct norm *n, sv digits,
		 bool phone); /* one by one; phone: 1 is yao in Chinese */
void norm_ordinal(struct norm *n, uint64_t v);
void norm_year(struct norm *n, int y);
void norm_count(struct norm *n, const struct norm_num *x,
		sv after); /* two before a measure word */

/* ---- norm_rule.c, norm_when.c: each takes what it knows at n->at and says it; bytes
 * taken, 0 = not mine ---- */
size_t norm_rule_link(struct norm *n);
size_t norm_rule_abbr(struct norm *n);
size_t norm_rule_money(struct norm *n);
size_t norm_rule_id(struct norm *n);
size_t norm_rule_phone(struct norm *n);
size_t norm_rule_number(struct norm *n);
size_t norm_rule_acronym(struct norm *n);
size_t norm_rule_symbol(struct norm *n);
size_t norm_rule_date(struct norm *n);
size_t norm_rule_month(struct norm *n);
size_t norm_rule_time(struct norm *n);
size_t norm_dash(sv s); /* length of a range mark at the start of s */
void norm_spell(struct norm *n, sv s, bool phone); /* letters and digits one by one */

#endif
