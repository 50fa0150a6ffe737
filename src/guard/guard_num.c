/* guard_num.c: finds what is written in digits: phones, identity numbers, bank cards, order
 * numbers.
 *
 * The text becomes tokens (rows of digits, also spoken: "one three eight", 幺三八);
 * neighbouring tokens are joined and each joined window is asked what it can be. The nearest
 * cue word before it ("call me", 订单号, "card") settles what digits alone leave open; without
 * a cue only strong forms count, so that prices, dates and stock numbers stay readable. Pure
 * functions, any thread.
 */
#include "guard_int.h"

#define TOK_DIGITS 40
#define TOK_MAX 1400
#define WINDOW_MAX 9    /* tokens joined at most: +86 138 0013 8000, cards of four groups, pairs */
#define CUE_BACK 28     /* code points a cue word may stand before */

enum cue { CUE_NONE, CUE_PHONE, CUE_ORDER, CUE_CARD, CUE_ID, CUE_MONEY };

struct tok {
	size_t s, e;
	char d[TOK_DIGITS + 1];
	size_t n;
	bool spoken;
};
struct toks {
	struct tok v[WINDOW_MAX];
	size_t n;
};
struct window {
	size_t s, e;
	char d[TOK_DIGITS * 2];
	size_t n, toks;
	const struct tok *tok;
	bool spoken, dotted, spaced, parens, plus;
};

static const struct {
	enum cue cue;
	const char *words;
} cues[] = {
	{ CUE_ORDER,
	  "order|order number|order number is|order no|tracking number is|ticket number is|"
	  "invoice number is|order no is|order "
	  "id|ticket|tracking|invoice|reference|ref|parcel|case|"
	  "item|article|sku|单号|订单|订单号|订单编号|工单|快递单|运单|发票|编号|"
	  "货号|流水号|退货号|发票号码|订单号码|单号码|运单号码|快递单号码" },
	{ CUE_ID,
	  "id card|id number|id number is|passport number is|identity|identity card|identity "
	  "number|passport|ssn|social security|"
	  "身份证|身份证号|证件号|证件号码|身份号码" },
	{ CUE_CARD, "card|card number|card number is|account number is|credit card|debit "
		    "card|visa|mastercard|amex|account "
		    "number|account|bank|"
		    "银行卡|信用卡|储蓄卡|借记卡|卡号|账号|尾号|工行卡|建行卡|招行卡" },
	{ CUE_PHONE, "phone|phones|telephone|tel|mobile|cell|cellphone|call|called|ring|dial|"
		     "text|sms|whatsapp|fax|"
		     "reach me|reach us|contact|contact number|number is|my "
		     "number|callback|telefon|telefono|numero|"
		     "extension|desk:|office:|home:|work:|"
		     "电话|手机|手机号|号码|座机|联系|联系方式|致电|拨打|打给|回电|短信发|传真|"
		     "微信|热线|来电|拨" },
	{ CUE_MONEY, "price|cost|costs|pay|paid|total|amount|worth|cny|usd|eur|rmb|价格|金额|"
		     "一共|总共|付了|花了|"
		     "共计|余额" },
};

/* The last cue word seen while the text is gone through once. */
struct cue_scan {
	size_t next, start, end;
	enum cue kind;
};

static void cue_try(const struct guard_text *t, struct cue_scan *c, size_t i, size_t upto)
{
	for (size_t k = 0; k < sizeof(cues) / sizeof(cues[0]); k++) {
		size_t n = guard_any_at(t, i, cues[k].words);
		if (n && i + n <= upto && i + n > c->end)
			*c = (struct cue_scan){ c->next, i, i + n, cues[k].cue };
	}
}

/* The nearest cue on the same line, at most CUE_BACK before i; i never goes back. */
static enum cue cue_of(const struct guard_text *t, struct cue_scan *c, size_t i)
{
	for (; c->next < i; c->next++) {
		bool below = c->next > 0 &&
			     t->fold[c->next - 1] == ':'; /* "Phone:" on the line above */
		if (t->fold[c->next] == '\n' && !below)
			c->kind = CUE_NONE;
		else
			cue_try(t, c, c->next, i);
	}
	return c->kind != CUE_NONE && i - c->start <= CUE_BACK ? c->kind : CUE_NONE;
}

/* ---- tokens ---- */

static int zh_digit(uint32_t r)
{
	static const char *const digits = "零一二三四五六七八九";
	sv s = sv_of(digits);

	if (r == 0x3007)
		return 0;
	if (r == 0x5E7A)
		return 1; /* 幺 */
	for (int v = 0; s.n; v++)
		if (sv_rune(&s) == r)
			return v;
	return -1;
}

static size_t word_digit(const struct guard_text *t, size_t i, int *ret)
{
	static const char *const words[] = { "zero|oh|o", "one", "two", "three", "four",
					     "five", "six", "seven", "eight", "nine" };

	for (int v = 0; v < 10; v++) {
		size_t n = guard_any_at(t, i, words[v]);
		if (n) {
			*ret = v;
			return n;
		}
	}
	return 0;
}

static void tok_push(struct tok *k, int v)
{
	if (k->n < TOK_DIGITS)
		k->d[k->n++] = (char)('0' + v);
}

/* "one three double eight": at least three digits. */
static bool tok_words(const struct guard_text *t, size_t i, struct tok *k)
{
	*k = (struct tok){ .s = i, .e = i, .spoken = true };
	while (i < t->n) {
		int v, times = 1;
		size_t n = guard_any_at(t, i, "double|triple");
		if (n) {
			times = t->fold[i] == 'd' ? 2 : 3;
			i += n;
			i += t->fold[i] == ' ';
		}
		n = word_digit(t, i, &v);
		if (!n)
			break;
		while (times-- > 0)
			tok_push(k, v);
		i += n;
		k->e = i;
		while (t->fold[i] == ' ' || t->fold[i] == '-' || t->fold[i] == ',')
			i++;
	}
	return k->n >= 3;
}

static bool tok_han(const struct guard_text *t, size_t i, struct tok *k)
{
	*k = (struct tok){ .s = i, .spoken = true };
	while (i < t->n && zh_digit(t->fold[i]) >= 0)
		tok_push(k, zh_digit(t->fold[i++]));
	k->e = i;
	return k->n >= 3;
}

/* The next token at or after i. */
static bool tok_next(const struct guard_text *t, size_t i, struct tok *k)
{
	for (; i < t->n; i++) {
		uint32_t r = t->fold[i];
		if (guard_digit(r)) {
			*k = (struct tok){ .s = i };
			while (guard_digit(t->fold[i]))
				tok_push(k, (int)(t->fold[i++] - '0'));
			k->e = i;
			return true;
		}
		if (zh_digit(r) >= 0 && tok_han(t, i, k))
			return true;
		bool starts = guard_alpha(r) && (i == 0 || !guard_word(t->fold[i - 1]));
		if (starts && guard_in_set(r, "zotfsendo") && tok_words(t, i, k))
			return true;
	}
	return false;
}

/* What stands between two tokens of one number: at most three of space - . ( ) and one kind of
 * dash. */
static bool joins(const struct guard_text *t, size_t from, size_t to)
{
	if (to - from > 3)
		return false;
	for (size_t i = from; i < to; i++)
		if (!guard_in_set(t->fold[i], " -.()/‐‑–—"))
			return false;
	return true;
}

static void window_grow(const struct guard_text *t, struct window *w, const struct tok *k)
{
	for (size_t i = w->e; w->toks && i < k->s; i++) {
		w->dotted = w->dotted || t->fold[i] == '.' || t->fold[i] == '/';
		w->spaced = w->spaced || t->fold[i] == ' ';
	}
	if (w->n + k->n < sizeof(w->d)) {
		memcpy(w->d + w->n, k->d, k->n);
		w->n += k->n;
	}
	w->d[w->n] = 0;
	w->e = k->e;
	w->spoken = w->spoken || k->spoken;
	w->toks++;
}

/* ---- what a window is ---- */

static bool money_before(const struct guard_text *t, size_t s)
{
	while (s > 0 && t->fold[s - 1] == ' ')
		s--;
	return s > 0 && guard_in_set(t->fold[s - 1], "$€£¥₩₹");
}

static bool unit_after(const struct guard_text *t, size_t e)
{
	if (guard_digit(t->fold[e + 1]) && guard_in_set(t->fold[e], ".,:/%"))
		return true;
	while (t->fold[e] == ' ')
		e++;
	return guard_in_set(t->fold[e], "%°元块角分个件天年月台套瓶米克斤吨") ||
	       guard_any_at(
		       t, e,
		       "yuan|cny|rmb|usd|dollars|euros|pounds|kg|km|mm|cm|ml|mbps|points|积分");
}

static bool shape(const struct window *w, const char *lens)
{
	if (strlen(lens) != w->toks)
		return false;
	for (size_t i = 0; i < w->toks; i++)
		if (w->tok[i].n != (size_t)(lens[i] - '0'))
			return false;
	return true;
}

static bool date_shaped(const struct window *w)
{
	return shape(w, "422") || shape(w, "421") || shape(w, "412") || shape(w, "411") ||
	       shape(w, "224") || shape(w, "114") || shape(w, "124") || shape(w, "214") ||
	       shape(w, "4222") || shape(w, "42222");
}

static bool is_us(const struct window *w)
{
	return shape(w, "334") || (shape(w, "1334") && w->d[0] == '1');
}

static bool mobile_split(const struct window *w)
{
	return w->toks == 1 || shape(w, "344") || shape(w, "335") || shape(w, "434") ||
	       shape(w, "443") || shape(w, "3422") || shape(w, "353") || w->spoken;
}

/* 86 before a mobile or a land line without its 0. */
static bool is_cn_abroad(const struct window *w)
{
	const char *d = w->d;
	size_t n = w->n, skip = strncmp(d, "0086", 4) == 0 ? 4 : strncmp(d, "86", 2) == 0 ? 2 : 0;

	return skip && (guard_cn_mobile(d + skip, n - skip) ||
			(w->plus && n - skip >= 10 && n - skip <= 11));
}

static bool phone_alone(const struct window *w)
{
	if (w->dotted && !is_us(w))
		return false;
	if (w->spoken && w->n >= 7 && w->n <= 12)
		return true;
	if (w->plus && w->n >= 8 && w->n <= 15)
		return true;
	if (is_cn_abroad(w))
		return true;
	if (guard_cn_mobile(w->d, w->n) && mobile_split(w))
		return true;
	if (guard_cn_landline(w->d, w->n) && w->toks <= 4)
		return true;
	if (w->n == 10 && (strncmp(w->d, "400", 3) == 0 || strncmp(w->d, "800", 3) == 0))
		return w->toks == 1 || shape(w, "334") || shape(w, "343") || shape(w, "3322") ||
		       shape(w, "37") || shape(w, "46");
	if (is_us(w) && w->toks > 1)
		return true;
	if (strncmp(w->d, "00", 2) == 0 && w->n >= 10 && w->n <= 16 && w->tok[0].n <= 6)
		return w->toks > 1 || w->n >= 12;
	if (w->parens && w->n >= 7 && w->n <= 12)
		return true;
	return w->d[0] == '0' && w->toks >= 2 && w->n >= 9 && w->n <= 12 && w->tok[0].n >= 2;
}

static bool phone_cued(const struct window *w)
{
	if (w->dotted && w->toks < 3)
		return false;
	return w->n >= 7 && w->n <= 14 && !date_shaped(w) && w->tok[0].n <= 14;
}

static bool card_alone(const struct window *w)
{
	if (w->n < 13 || w->n > 19 || w->d[w->n - 1] == 'x' || w->dotted || !guard_luhn(w->d, w->n))
		return false;
	if (w->toks > 5 && !w->spoken)
		return false;
	return w->d[0] >= '2' && w->d[0] <= '6';
}

struct guess {
	enum guard_pii type;
	int rank;
};

static bool id_guess(const struct window *w, enum cue cue)
{
	if (w->n == 18 && (guard_id18(w->d, true) || (cue == CUE_ID && guard_id18(w->d, false))))
		return true;
	if (w->n == 15 && w->toks <= 3 && guard_id15(w->d))
		return cue == CUE_ID || !guard_luhn(w->d, 15) || (w->d[0] != '3');
	if (shape(w, "324") && !w->dotted)
		return true; /* US social security number */
	return cue == CUE_ID && w->n >= 8 && w->n <= 18 && !date_shaped(w);
}

/* The kind of a window, or false. */
static bool classify(const struct window *w, enum cue cue, struct guess *g)
{
	if (id_guess(w, cue)) {
		*g = (struct guess){ PII_ID_CARD, 8 };
		return true;
	}
	if (card_alone(w) || (cue == CUE_CARD && w->n >= 12 && w->n <= 19 && !w->dotted)) {
		*g = (struct guess){ PII_BANK_CARD, 7 };
		return true;
	}
	if (cue == CUE_ORDER && w->n >= 6 && !w->plus && !guard_cn_mobile(w->d, w->n) &&
	    !date_shaped(w) && w->toks == 1) {
		*g = (struct guess){ PII_ORDER_NUMBER, 5 };
		return true;
	}
	if (phone_alone(w) || (cue == CUE_PHONE && phone_cued(w))) {
		*g = (struct guess){ PII_PHONE, 5 };
		return true;
	}
	if (cue == CUE_CARD && w->toks == 1 && w->n >= 8 && w->n <= 19) {
		*g = (struct guess){ PII_BANK_CARD, 4 };
		return true;
	}
	return false;
}

/* "转123", "ext. 45" behind a phone. */
static size_t with_extension(const struct guard_text *t, size_t e)
{
	size_t k = e;

	while (t->fold[k] == ' ' || t->fold[k] == ',')
		k++;
	size_t n = guard_any_at(t, k, "ext|extension|x|转|分机");
	if (!n && !(t->fold[k] == 'x' && guard_digit(t->fold[k + 1])))
		return e;
	k += n ? n : 1;
	while (t->fold[k] == ' ' || t->fold[k] == '.')
		k++;
	size_t from = k;
	while (k < from + 6 && guard_digit(t->fold[k]))
		k++;
	return k > from ? k : e;
}

static size_t start_of(const struct guard_text *t, struct window *w, size_t s)
{
	if (s > 0 && t->fold[s - 1] == '(') {
		w->parens = true;
		s--;
		if (s > 0 && t->fold[s - 1] == ' ' && s > 1 && guard_digit(t->fold[s - 2]))
			return s;
	}
	if (s > 0 && t->fold[s - 1] == '+') {
		w->plus = true;
		s--;
	}
	return s;
}

/* An 'x' as the eighteenth sign of an identity number. */
static void take_x(const struct guard_text *t, struct window *w)
{
	if (w->n == 17 && t->fold[w->e] == 'x' && !guard_word(t->fold[w->e + 1])) {
		w->d[w->n++] = 'x';
		w->d[w->n] = 0;
		w->e++;
	}
}

static bool has_vowel(const struct guard_text *t, size_t s, size_t e)
{
	for (size_t k = s; k < e; k++)
		if (guard_in_set(t->fold[k], "aeiouy"))
			return true;
	return false;
}

/* Letters before a number as they are said or spelt, "h h ", "HH ", HH before spoken digits: where
 * they begin, else s. spelt: one by one, or before spoken digits, so that it is no word. */
static size_t letters_before(const struct guard_text *t, size_t s, bool *spelt)
{
	bool gap = s > 0 && (t->fold[s - 1] == ' ' || t->fold[s - 1] == '-');
	bool said = !guard_digit(t->fold[s]);
	size_t e = gap ? s - 1 : s, k = e, n = 1;

	while (k > 0 && guard_alpha(t->fold[k - 1]) && e - k < 4)
		k--;
	if (k == e || (!gap && !said) || (k > 0 && guard_word(t->fold[k - 1])))
		return s;
	*spelt = said && !has_vowel(t, k, e);
	if (e - k == 2 || e - k == 3)
		return *spelt || (t->raw[k] != t->fold[k] && t->raw[e - 1] != t->fold[e - 1]) ?
			       k :
			       s;
	for (; e - k == 2 * n - 1 && n < 3 && k >= 2 && t->fold[k - 1] == ' ' &&
	       guard_alpha(t->fold[k - 2]) && (k == 2 || !guard_word(t->fold[k - 3])); n++)
		k -= 2;
	*spelt = true;
	return n >= 2 ? k : s;
}

/* Letters from..s before a number, and what they name. */
struct letters {
	size_t from;
	bool there, spelt, apart;    /* apart: "h h", "HH", no word as "nr" is */
	enum cue cue;
};

/* What the number is when its letters are the short name of something: "i d", "s s n", "cc". */
static enum cue short_name(const struct guard_text *t, size_t from, size_t s)
{
	static const struct {
		const char *name;
		enum cue cue;
	} names[] = {
		{ "id", CUE_ID }, { "ssn", CUE_ID }, { "cc", CUE_CARD }, { "ph", CUE_PHONE }
	};
	char name[8];
	size_t n = 0;

	for (size_t k = from; k < s && n + 1 < sizeof(name); k++)
		if (guard_alpha(t->fold[k]))
			name[n++] = (char)t->fold[k];
	name[n] = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].cue;
	return CUE_NONE;
}

static struct letters read_letters(const struct guard_text *t, size_t s)
{
	struct letters l = { .cue = CUE_NONE };

	l.from = letters_before(t, s, &l.spelt);
	l.there = l.from < s;
	l.spelt = l.spelt && l.there;
	l.apart = l.spelt && (t->fold[l.from + 1] == ' ' || t->raw[l.from] != t->fold[l.from]);
	if (l.there)
		l.cue = short_name(t, l.from, s);
	if (l.cue == CUE_ID && !l.spelt)
		l.cue = CUE_NONE;    /* "customer ID", "booking ID" */
	return l;
}

/* A number behind such letters is an order's: long when they were spelt, else one that begins with
 * a year, "HH 2026 100384". Not when it is an identity number or a card by itself, or the words
 * call it one, or a phone; letters that are no word, or a year, are nearer than "my number is". */
static bool order_behind_letters(const struct window *w, const struct letters *l, enum cue cue)
{
	bool year = w->tok[0].n == 4 && w->d[0] == '2' && w->d[1] == '0' && w->toks <= 4;
	bool other = cue == CUE_ID || cue == CUE_CARD ||
		     (cue == CUE_PHONE && (l->cue == CUE_PHONE || (l->spelt && !l->apart)));

	return l->there && !other && w->n >= 8 && w->n <= 20 && (l->spelt || year) &&
	       !guard_cn_mobile(w->d, w->n) && !w->plus && !w->parens && !date_shaped(w) &&
	       !id_guess(w, cue) && !card_alone(w);
}

/* Tries the windows that begin with tok[0], longest first; the number of tokens used, 0 when
 * none fits. */
static size_t try_windows(const struct guard_text *t, const struct tok *tok, size_t n,
			  struct cue_scan *c, struct guard_hits *h)
{
	enum cue cue = cue_of(t, c, tok[0].s);
	struct window first = { 0 };
	size_t s = start_of(t, &first, tok[0].s);
	const struct letters l = read_letters(t, s);
	bool glued = !l.there && s > 0 && (guard_alpha(t->fold[s - 1]) || t->fold[s - 1] == '_');
	bool money = money_before(t, s) || cue == CUE_MONEY;
	bool order_id = cue == CUE_ORDER && c->end + 1 >= l.from; /* "order i d ..." */
	if (l.cue != CUE_NONE && !order_id)
		cue = l.cue;

	for (size_t k = n; k > 0; k--) {
		struct window w = {
			.s = s, .tok = tok, .plus = first.plus, .parens = first.parens
		};
		struct guess g;
		for (size_t i = 0; i < k; i++)
			window_grow(t, &w, &tok[i]);
		take_x(t, &w);
		bool extended = t->fold[w.e] == 'x' && guard_digit(t->fold[w.e + 1]);
		if (glued || (money && w.n < 11) || w.n < 7 ||
		    (guard_alpha(t->fold[w.e]) && !extended))
			continue;
		if (unit_after(t, w.e) && w.n < 13)
			continue;
		if (order_behind_letters(&w, &l, cue)) {
			g = (struct guess){ PII_ORDER_NUMBER, 9 };
			w.s = l.from;
		} else if (!classify(&w, cue, &g)) {
			continue;
		}
		guard_hit_add(h, w.s, g.type == PII_PHONE ? with_extension(t, w.e) : w.e,
			      g.type, g.rank);
		return k;
	}
	return 0;
}

static void find_digits(const struct guard_text *t, struct guard_hits *h)
{
	struct toks q = { 0 };
	struct cue_scan cue = { 0 };
	size_t i = 0;

	for (int guard = 0; guard < LIM_TEXT_MSG * 2; guard++) {
		struct tok k;
		while (q.n < WINDOW_MAX && tok_next(t, q.n ? q.v[q.n - 1].e : i, &k)) {
			if (q.n && !joins(t, q.v[q.n - 1].e, k.s))
				break;
			q.v[q.n++] = k;
		}
		if (!q.n)
			return;
		size_t used = try_windows(t, q.v, q.n, &cue, h);
		used = used ? used : 1;
		i = q.v[used - 1].e;
		memmove(q.v, q.v + used, (q.n - used) * sizeof(q.v[0]));
		q.n -= used;
	}
}

/* ---- order numbers: letters then digits ---- */

/* 2018-02-24, 2018-2-4 at i. */
static bool day_at(const struct guard_text *t, size_t i)
{
	size_t n = 0, k = i;

	while (guard_digit(t->fold[k + n]))
		n++;
	if (n != 4 || t->fold[k + 4] != '-' || !guard_digit(t->fold[k + 5]))
		return false;
	k += 6 + guard_digit(t->fold[k + 6]);
	return t->fold[k] == '-' && guard_digit(t->fold[k + 1]) && !guard_digit(t->fold[k + 3]);
}

/* "driver's license number is F1628235", "passport: EA1234567": letters and digits, at least five
 * of these, behind the name of a document. */
static void find_papers(const struct guard_text *t, struct guard_hits *h)
{
	static const char *const papers =
		"license|licence|license number|licence number|license no|licence no|"
		"license number is|licence number is|license is|licence is|passport|passport "
		"number|"
		"passport no|passport number is|passport "
		"is|护照|护照号|护照号码|护照号是|驾驶证|驾照|"
		"驾驶证号|驾照号|驾驶证号码|军官证|军官证号|港澳通行证|通行证|通行证号|"
		"社保卡号|社保号";

	for (size_t i = 0; i < t->n; i++) {
		size_t n = guard_any_at(t, i, papers), k = i + n, digits = 0, s;
		if (!n)
			continue;
		while (k < i + n + 4 && guard_in_set(t->fold[k], " :：#是,，"))
			k++;
		for (s = k; k < s + 24 && (guard_digit(t->fold[k]) || guard_alpha(t->fold[k]) ||
					   (t->fold[k] == '-' && k > s)); k++)
			digits += guard_digit(t->fold[k]);
		if (digits >= 5 && !guard_word(t->fold[k]))
			guard_hit_add(h, s, k, PII_ID_CARD, 8);
	}
}

/* "tracking 1Z999AA10123456784": letters and digits mixed behind the name of a number. */
static void find_mixed(const struct guard_text *t, struct guard_hits *h)
{
	static const char *const words =
		"tracking|tracking number|tracking number is|tracking no|"
		"order|order number|order number is|order no|reference|"
		"reference number|ticket|invoice|快递单号|运单号|单号|订单号|运单";

	for (size_t i = 0; i < t->n; i++) {
		size_t n = guard_any_at(t, i, words), k = i + n, digits = 0, letters = 0, s;
		if (!n)
			continue;
		while (k < i + n + 3 && guard_in_set(t->fold[k], " :：#是"))
			k++;
		for (s = k; k < s + 32 && (guard_digit(t->fold[k]) || guard_alpha(t->fold[k]));
		     k++) {
			digits += guard_digit(t->fold[k]);
			letters += guard_alpha(t->fold[k]);
		}
		if (digits >= 6 && letters && !guard_word(t->fold[k]))
			guard_hit_add(h, s, k, PII_ORDER_NUMBER, 5);
	}
}

/* HH2026-100123, R10240344, SG341286637144. */
static void find_orders(const struct guard_text *t, struct guard_hits *h)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t s = i, digits = 0;
		if (!guard_alpha(t->fold[i]) || (i > 0 && guard_word(t->fold[i - 1])))
			continue;
		while (guard_alpha(t->fold[i]) && i - s < 4)
			i++;
		size_t letters = i - s;
		if (letters > 3)
			continue;
		bool capitals = t->raw[s] != t->fold[s] && t->raw[i - 1] != t->fold[i - 1];
		if ((t->fold[i] == '-' || t->fold[i] == ' ') && guard_digit(t->fold[i + 1]) &&
		    letters >= 2 && !day_at(t, i + 1))
			i += capitals || t->fold[i] == '-';
		size_t d = i;
		while (guard_digit(t->fold[i]) ||
		       (t->fold[i] == '-' && i > d && guard_digit(t->fold[i + 1]) &&
			guard_digit(t->fold[i - 1]))) {
			digits += guard_digit(t->fold[i]);
			i++;
		}
		if (digits >= 6 && digits <= 20 && !guard_word(t->fold[i]))
			guard_hit_add(h, s, i, PII_ORDER_NUMBER, 6);
		else
			i = d > s ? d - 1 : s;
	}
}

/* ISO 13616: country, two check digits, up to 30 letters and digits, remainder 1 by 97. */
static bool iban_ok(const char *s, size_t n)
{
	unsigned m = 0;

	for (size_t i = 0; i < n; i++) {
		char c = s[(i + 4) % n];
		m = c <= '9' ? m * 10 + (unsigned)(c - '0') : m * 100 + (unsigned)(c - 'a' + 10);
		m %= 97;
	}
	return m == 1;
}

static void find_iban(const struct guard_text *t, struct guard_hits *h)
{
	for (size_t i = 0; i + 15 <= t->n; i++) {
		char s[36];
		size_t n = 0, k = i;
		bool head = guard_alpha(t->fold[i]) && guard_alpha(t->fold[i + 1]) &&
			    guard_digit(t->fold[i + 2]) && guard_digit(t->fold[i + 3]);
		if (!head || (i > 0 && guard_word(t->fold[i - 1])))
			continue;
		for (; n < 34; k++) {
			if (t->fold[k] == ' ' &&
			    (guard_alpha(t->fold[k + 1]) || guard_digit(t->fold[k + 1])))
				continue;
			if (!guard_alpha(t->fold[k]) && !guard_digit(t->fold[k]))
				break;
			s[n++] = (char)t->fold[k];
			if (n >= 15 && !guard_word(t->fold[k + 1]) && iban_ok(s, n)) {
				guard_hit_add(h, i, k + 1, PII_BANK_CARD, 9);
				i = k;
				break;
			}
		}
	}
}

void guard_find_numbers(const struct guard_text *t, struct guard_hits *h)
{
	find_digits(t, h);
	find_papers(t, h);
	find_mixed(t, h);
	find_orders(t, h);
	find_iban(t, h);
}
