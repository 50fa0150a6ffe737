/* eval_fact.c: does a text say a fact? Both are cut into tokens that compare by value: words
 * (Chinese by the character), numbers with a unit, times of day, dates.
 *
 * The text is folded first (case, full width, accents), so the lexer sees one spelling. A number
 * of the fact without a unit matches one with any unit; a date without a year any year. What is
 * neither letter nor digit separates and is dropped. Any thread; memory dies with the call. */
#include "eval_int.h"

#include <math.h>

enum unit { U_NONE, U_DAY, U_WORKDAY, U_HOUR, U_MINUTE, U_WEEK, U_MONTH, U_YEAR, U_CALMONTH,
	    U_CALDAY, U_MONEY, U_PERCENT, U_CLOCK, U_KG, U_CM, U_METRE, U_LITRE, U_WATT, U_MBPS };
enum kind { T_WORD, T_NUM, T_MONTHNAME, T_DATE };
struct tok {
	enum kind kind;
	enum unit unit;
	double v;                    /* NUM; MONTHNAME 1..12; DATE y*10000+m*100+d */
	sv word;
};
#define TOKENS 6000
struct toks {
	VEC(struct tok) list;
	sv rest;
	bool money;                  /* a currency stood before the next number */
	bool percent;                /* 百分之 */
};

/* Longer names before their beginnings. */
static const struct {
	const char *name;
	enum unit unit;
} units[] = {
	{ "working days", U_WORKDAY },
	{ "working day", U_WORKDAY },
	{ "business days", U_WORKDAY },
	{ "business day", U_WORKDAY },
	{ "个工作日", U_WORKDAY },
	{ "工作日", U_WORKDAY },
	{ "days", U_DAY },
	{ "day", U_DAY },
	{ "天", U_DAY },
	{ "日", U_CALDAY },
	{ "号", U_CALDAY },
	{ "hours", U_HOUR },
	{ "hour", U_HOUR },
	{ "个小时", U_HOUR },
	{ "小时", U_HOUR },
	{ "minutes", U_MINUTE },
	{ "minute", U_MINUTE },
	{ "mins", U_MINUTE },
	{ "min", U_MINUTE },
	{ "分钟", U_MINUTE },
	{ "weeks", U_WEEK },
	{ "week", U_WEEK },
	{ "个星期", U_WEEK },
	{ "星期", U_WEEK },
	{ "周", U_WEEK },
	{ "months", U_MONTH },
	{ "month", U_MONTH },
	{ "个月", U_MONTH },
	{ "月", U_CALMONTH },
	{ "years", U_YEAR },
	{ "year", U_YEAR },
	{ "年", U_YEAR },
	{ "yuan", U_MONEY },
	{ "cny", U_MONEY },
	{ "rmb", U_MONEY },
	{ "元", U_MONEY },
	{ "块钱", U_MONEY },
	{ "块", U_MONEY },
	{ "%", U_PERCENT },
	{ "percent", U_PERCENT },
	{ "per cent", U_PERCENT },
	{ "o'clock", U_CLOCK },
	{ "点", U_CLOCK },
	{ "kilograms", U_KG },
	{ "kg", U_KG },
	{ "公斤", U_KG },
	{ "千克", U_KG },
	{ "centimetres", U_CM },
	{ "cm", U_CM },
	{ "厘米", U_CM },
	{ "metres", U_METRE },
	{ "metre", U_METRE },
	{ "m", U_METRE },
	{ "米", U_METRE },
	{ "litres", U_LITRE },
	{ "litre", U_LITRE },
	{ "l", U_LITRE },
	{ "升", U_LITRE },
	{ "watts", U_WATT },
	{ "w", U_WATT },
	{ "瓦", U_WATT },
	{ "mbps", U_MBPS },
	{ "mbit/s", U_MBPS },
	{ "兆", U_MBPS },
};
static const char *const months[] = { "january", "february", "march", "april", "may", "june",
				      "july", "august", "september", "october", "november",
				      "december" };
static const struct {
	const char *name;
	int v;
} numbers[] = {
	{ "zero", 0 }, { "one", 1 }, { "two", 2 }, { "three", 3 }, { "four", 4 }, { "five", 5 },
	{ "six", 6 }, { "seven", 7 }, { "eight", 8 }, { "nine", 9 }, { "ten", 10 },
	{ "eleven", 11 }, { "twelve", 12 }, { "thirteen", 13 }, { "fourteen", 14 },
	{ "fifteen", 15 }, { "sixteen", 16 }, { "seventeen", 17 }, { "eighteen", 18 },
	{ "nineteen", 19 }, { "twenty", 20 }, { "thirty", 30 }, { "forty", 40 }, { "fifty", 50 },
	{ "sixty", 60 }, { "seventy", 70 }, { "eighty", 80 }, { "ninety", 90 },
};

static bool is_digit(sv s, size_t i)
{
	return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

static bool is_alpha(sv s, size_t i)
{
	return i < s.n && s.p[i] >= 'a' && s.p[i] <= 'z';
}

static struct tok *put(struct toks *t, enum kind kind, double v)
{
	struct tok *x = VEC_PUSH(&t->list, TOKENS);
	if (x)
		*x = (struct tok){ .kind = kind, .v = v };
	return x;
}

static void skip(struct toks *t, size_t n)
{
	t->rest = sv_slice(t->rest, n, t->rest.n);
}

static sv past_gap(sv s)
{
	while (s.n && (*s.p == ' ' || *s.p == '-'))
		s = sv_slice(s, 1, s.n);
	return s;
}

/* ---- numbers ---- */

static void take_unit(struct toks *t, struct tok *x)
{
	sv s = past_gap(t->rest);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		sv name = sv_of(units[i].name);
		bool letters = is_alpha(name, name.n - 1);
		if (!sv_starts(s, name) ||
		    (letters && (is_alpha(s, name.n) || is_digit(s, name.n))))
			continue;
		x->unit = units[i].unit;
		t->rest = sv_slice(s, name.n, s.n);
		return;
	}
}

/* am, pm behind a number; 下午, 晚上 before it. */
static void take_half_day(struct toks *t, struct tok *x)
{
	sv s = past_gap(t->rest);
	bool pm = sv_starts(s, SV("pm")) || sv_starts(s, SV("p.m"));
	bool am = sv_starts(s, SV("am")) || sv_starts(s, SV("a.m"));
	size_t at = (size_t)(x - t->list.v);
	if ((pm || am) && !is_alpha(s, 2)) {
		if (x->unit != U_CLOCK)
			x->v *= 60;
		x->unit = U_CLOCK;
		t->rest = sv_slice(s, s.p[1] == '.' ? 3 : 2, s.n);
	} else if (at >= 2 && x->unit == U_CLOCK) {
		sv a = t->list.v[at - 2].word, b = t->list.v[at - 1].word;
		pm = (sv_eq(a, SV("下")) && sv_eq(b, SV("午"))) ||
		     (sv_eq(a, SV("晚")) && sv_eq(b, SV("上")));
		am = (sv_eq(a, SV("上")) && sv_eq(b, SV("午"))) ||
		     (sv_eq(a, SV("早")) && sv_eq(b, SV("上")));
		if (pm || am) {
			t->list.v[at - 2] = *x;
			x = &t->list.v[at - 2];
			t->list.n -= 2;
		}
	}
	if (pm && x->v < 12 * 60)
		x->v += 12 * 60;
}

static void finish_number(struct toks *t, struct tok *x)
{
	if (!x)
		return;
	if (sv_starts(past_gap(t->rest), SV("万"))) {
		x->v *= 10000;
		t->rest = past_gap(t->rest);
		skip(t, strlen("万"));
	}
	if (x->unit == U_NONE)
		take_unit(t, x);
	if (x->unit == U_CLOCK && x->v <= 24 && t->rest.p[-1] != ':')
		x->v *= 60;
	if (t->money)
		x->unit = U_MONEY;
	if (t->percent)
		x->unit = U_PERCENT;
	t->money = t->percent = false;
	take_half_day(t, x);
}

/* "1,899.50"; a comma only before three digits. */
static size_t number_length(sv s, double *ret)
{
	double v = 0, place = 1;
	size_t i = 0;
	for (; is_digit(s, i); i++) {
		v = v * 10 + (s.p[i] - '0');
		if (i + 1 < s.n && s.p[i + 1] == ',' && is_digit(s, i + 2) &&
		    is_digit(s, i + 3) && is_digit(s, i + 4) && !is_digit(s, i + 5))
			i++;
	}
	if (i < s.n && s.p[i] == '.' && is_digit(s, i + 1))
		for (i++; is_digit(s, i); i++)
			v += (s.p[i] - '0') * (place /= 10);
	*ret = v;
	return i;
}

/* 2026-11-25, 2026/11/25 are dates; 400-810-6600 is one word; else nothing is taken. */
static bool take_dashed(struct toks *t)
{
	sv s = t->rest;
	int part[3] = { 0 }, n = 0;
	size_t i = 0, first = 0;
	char sep = 0;
	for (; i < s.n && n < 3; i++) {
		if (is_digit(s, i)) {
			part[n] = part[n] < 1000000 ? part[n] * 10 + (s.p[i] - '0') : part[n];
		} else if ((s.p[i] == '-' || s.p[i] == '/') && is_digit(s, i + 1) &&
			   (!sep || sep == s.p[i])) {
			first = first ? first : i;
			sep = s.p[i];
			n++;
		} else {
			break;
		}
	}
	if (n != 2)
		return false;
	if (first == 4 && part[1] <= 12 && part[2] <= 31) {
		put(t, T_DATE, part[0] * 10000.0 + part[1] * 100 + part[2]);
	} else if (sep == '-') {
		struct tok *x = put(t, T_WORD, 0);
		if (x)
			x->word = sv_slice(s, 0, i);
	} else {
		return false;
	}
	skip(t, i);
	return true;
}

static void take_digits(struct toks *t)
{
	double v;
	if (take_dashed(t))
		return;
	size_t n = number_length(t->rest, &v);
	struct tok *x = put(t, T_NUM, v);
	sv after = sv_slice(t->rest, n, t->rest.n);
	skip(t, n);
	if (after.n >= 3 && *after.p == ':' && is_digit(after, 1) && is_digit(after, 2) && x) {
		x->v = v * 60 + (after.p[1] - '0') * 10 + (after.p[2] - '0');
		x->unit = U_CLOCK;
		skip(t, 3);
		t->money = t->percent = false;
		take_half_day(t, x);
		return;
	}
	if (after.n >= 2 && is_alpha(after, 0) && !is_alpha(after, 2)) {
		sv two = sv_slice(after, 0, 2);
		if (sv_eq(two, SV("st")) || sv_eq(two, SV("nd")) || sv_eq(two, SV("rd")) ||
		    sv_eq(two, SV("th")))
			skip(t, 2);
	}
	finish_number(t, x);
}

/* Value of a Chinese digit or -1; ten, hundred, thousand as -10, -100, -1000. */
static int zh_digit(uint32_t r)
{
	static const uint32_t digits[] = { 0x96F6, 0x4E00, 0x4E8C, 0x4E09, 0x56DB, 0x4E94,
					   0x516D, 0x4E03, 0x516B, 0x4E5D };
	for (int i = 0; i < 10; i++)
		if (digits[i] == r)
			return i;
	return r == 0x4E24 ? 2 : r == 0x5341 ? -10 : r == 0x767E ? -100 : r == 0x5343 ? -1000 : -1;
}

static bool take_zh_number(struct toks *t)
{
	sv s = t->rest, next = s;
	int total = 0, digit = -1, d, taken = 0;
	for (; (d = zh_digit(sv_rune(&next))) != -1 && taken < 9; s = next, taken++) {
		if (d >= 0) {
			digit = digit > 0 && total == 0 ? digit * 10 + d : d; /* 二零二六 */
			continue;
		}
		total += (digit > 0 ? digit : 1) * -d;
		digit = -1;
	}
	if (!taken)
		return false;
	t->rest = s;
	finish_number(t, put(t, T_NUM, total + (digit > 0 ? digit : 0)));
	return true;
}

static int en_number(sv w)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (sv_eq(w, sv_of(numbers[i].name)))
			return numbers[i].v;
	return -1;
}

/* ---- words ---- */

static bool take_en_number(struct toks *t, sv w)
{
	int v = en_number(w);
	if (v < 0)
		return false;
	skip(t, w.n);
	sv s = past_gap(t->rest);
	size_t n = 0;
	while (is_alpha(s, n))
		n++;
	int one = en_number(sv_slice(s, 0, n));
	if (v >= 20 && one > 0 && one < 10) {
		v += one;
		t->rest = sv_slice(s, n, s.n);
	}
	finish_number(t, put(t, T_NUM, v));
	return true;
}

static bool take_month(struct toks *t, sv w)
{
	for (int m = 0; m < 12; m++) {
		sv name = sv_of(months[m]);
		if (!sv_eq(w, name) && !(w.n == 3 && sv_starts(name, w)))
			continue;
		struct tok *x = put(t, T_MONTHNAME, m + 1);
		if (x)
			x->word = w;
		skip(t, w.n);
		return true;
	}
	return false;
}

static void take_word(struct toks *t)
{
	size_t n = 0;
	while (is_alpha(t->rest, n))
		n++;
	sv w = sv_slice(t->rest, 0, n);
	bool currency = sv_eq(w, SV("cny")) || sv_eq(w, SV("rmb"));
	if (currency && is_digit(past_gap(sv_slice(t->rest, n, t->rest.n)), 0)) {
		t->money = true;
		skip(t, n);
		return;
	}
	if (take_en_number(t, w) || take_month(t, w))
		return;
	while (is_alpha(t->rest, n) || is_digit(t->rest, n) ||
	       (n < t->rest.n && (t->rest.p[n] == '-' || t->rest.p[n] == '\'') &&
		(is_alpha(t->rest, n + 1) || is_digit(t->rest, n + 1))))
		n++;
	struct tok *x = put(t, T_WORD, 0);
	if (x)
		x->word = sv_slice(t->rest, 0, n);
	skip(t, n);
}

static void take_rune(struct toks *t)
{
	sv s = t->rest, next = s;
	uint32_t r = sv_rune(&next);
	size_t n = s.n - next.n;
	t->money = t->money || r == 0xA5 || r == 0xFFE5;
	if (sv_starts(s, SV("百分之"))) {
		t->percent = true;
		skip(t, strlen("百分之"));
		return;
	}
	if (take_zh_number(t))
		return;
	if (r >= 0x80 && (sv_is_cjk(r) || (r >= 0xC0 && r < 0x2000))) {
		struct tok *x = put(t, T_WORD, 0);
		if (x)
			x->word = sv_slice(s, 0, n);
	}
	t->rest = next;
}

/* ---- dates ---- */

static bool plain(const struct toks *t, size_t i, double lo, double hi)
{
	const struct tok *x = i < t->list.n ? &t->list.v[i] : NULL;
	return x && x->kind == T_NUM && x->unit == U_NONE && x->v >= lo && x->v <= hi;
}

static bool has_unit(const struct toks *t, size_t i, enum unit u)
{
	return i < t->list.n && t->list.v[i].kind == T_NUM && t->list.v[i].unit == u;
}

/* A date beginning at token i: how many tokens it is made of, 0 = none. */
static size_t date_at(const struct toks *t, size_t i, double *ret)
{
	const struct tok *v = t->list.v;
	size_t zh = i + (has_unit(t, i, U_YEAR) && has_unit(t, i + 1, U_CALMONTH));
	if (has_unit(t, zh, U_CALMONTH) && has_unit(t, zh + 1, U_CALDAY)) {
		*ret = (zh > i ? v[i].v * 10000 : 0) + v[zh].v * 100 + v[zh + 1].v;
		return zh - i + 2;
	}
	size_t m, d, n;
	size_t of = i + 1 < t->list.n && sv_eq(v[i + 1].word, SV("of"));
	if (v[i].kind == T_MONTHNAME && plain(t, i + 1, 1, 31)) {
		m = i, d = i + 1, n = 2;
	} else if (plain(t, i, 1, 31) && i + 1 + of < t->list.n &&
		   v[i + 1 + of].kind == T_MONTHNAME) {
		m = i + 1 + of, d = i, n = 2 + of;
	} else {
		return 0;
	}
	bool year = plain(t, i + n, 1900, 2200);
	*ret = (year ? v[i + n].v * 10000 : 0) + v[m].v * 100 + v[d].v;
	return n + year;
}

static void join_dates(struct toks *t)
{
	size_t to = 0;
	for (size_t i = 0; i < t->list.n;) {
		double v;
		size_t n = date_at(t, i, &v);
		struct tok x = n ? (struct tok){ .kind = T_DATE, .v = v } : t->list.v[i];
		if (x.unit == U_CALDAY)
			x.unit = U_DAY;
		if (x.unit == U_CALMONTH)
			x.unit = U_MONTH;
		if (x.kind == T_MONTHNAME)
			x.kind = T_WORD;
		t->list.v[to++] = x;
		i += n ? n : 1;
	}
	t->list.n = to;
}

static void lex(struct toks *t, sv folded)
{
	*t = (struct toks){ .rest = folded };
	while (t->rest.n && t->list.n < TOKENS) {
		if (is_digit(t->rest, 0))
			take_digits(t);
		else if (is_alpha(t->rest, 0))
			take_word(t);
		else
			take_rune(t);
	}
	join_dates(t);
}

static void fold(sv s, struct sb *out)
{
	sb_init(out, LIM_SB);
	while (s.n)
		sb_rune(out, sv_fold(sv_rune(&s)));
}

static bool same(const struct tok *want, const struct tok *got)
{
	if (want->kind != got->kind)
		return false;
	if (want->kind == T_WORD)
		return sv_eq(want->word, got->word);
	if (want->kind == T_DATE)
		return fmod(want->v, 10000) == fmod(got->v, 10000) &&
		       (want->v < 10000 || got->v < 10000 || want->v == got->v);
	return fabs(want->v - got->v) < 1e-6 && (!want->unit || want->unit == got->unit);
}

static bool says_one(const struct toks *text, sv fact)
{
	struct sb f;
	struct toks want;
	fold(fact, &f);
	lex(&want, sb_sv(&f));
	bool found = false;
	for (size_t i = 0; want.list.n && i + want.list.n <= text->list.n && !found; i++) {
		size_t k = 0;
		while (k < want.list.n && same(&want.list.v[k], &text->list.v[i + k]))
			k++;
		found = k == want.list.n;
	}
	VEC_FREE(&want.list);
	sb_done(&f);
	return found;
}

bool eval_says(sv text, sv fact)
{
	struct sb folded;
	struct toks t;
	sv one;
	bool found = false;
	fold(text, &folded);
	lex(&t, sb_sv(&folded));
	while (!found && sv_cut(&fact, '|', &one))
		found = says_one(&t, one);
	VEC_FREE(&t.list);
	sb_done(&folded);
	return found;
}
