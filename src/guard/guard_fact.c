/* guard_fact.c: reads numbers as people write them: 1,299.00, 30-day, 8%, 三十天, twenty-one, 4
 * pm, 下午四点.
 *
 * A number and its unit become a value in one unit of its kind, so that the same fact in other
 * words is equal. Small words that only sound like numbers ("one of", 一下, 第一次) are left
 * out. Pure functions, any thread; owns nothing.
 */
#include "guard_fact.h"

#include <math.h>

static const struct {
	const char *words;
	enum fact_unit unit;
	double factor;
} units[] = {
	{ "%|percent|per cent|个百分点", FACT_PERCENT, 1 },
	{ "cny|yuan|rmb|dollars|usd|euros|eur|pounds|元|块钱|块|人民币", FACT_MONEY, 1 },
	{ "minutes|minute|mins|min|分钟", FACT_DURATION, 1 },
	{ "hours|hour|hrs|h|小时|个小时|个钟头", FACT_DURATION, 60 },
	{ "working days|working day|business days|business day|工作日|个工作日", FACT_DURATION,
	  1440 },
	{ "days|day|nights|night|天|日内|晚|个晚上", FACT_DURATION, 1440 },
	{ "weeks|week|周|星期|个星期|礼拜", FACT_DURATION, 10080 },
	{ "months|month|个月", FACT_MONTHS, 1 },
	{ "years|year|周年|年", FACT_MONTHS, 12 },
	{ "kg|kilos|kilograms|kilogram|公斤|千克", FACT_WEIGHT, 1 },
	{ "km|公里", FACT_LENGTH, 100000 },
	{ "cm|centimetres|厘米|公分", FACT_LENGTH, 1 },
	{ "mm|毫米", FACT_LENGTH, 0.1 },
	{ "metres|meters|米", FACT_LENGTH, 100 },
	{ "mbps|mbit|兆", FACT_SPEED, 1 },
	{ "折", FACT_DISCOUNT, 1 },
};

/* ---- digits ---- */

static size_t read_digits(const struct guard_text *t, size_t i, double *ret)
{
	size_t k = i;
	double v = 0, place = 1;

	for (; guard_digit(t->fold[k]); k++) {
		v = v * 10 + (t->fold[k] - '0');
		if (t->fold[k + 1] == ',' && guard_digit(t->fold[k + 2]) &&
		    guard_digit(t->fold[k + 3]) && guard_digit(t->fold[k + 4]) &&
		    !guard_digit(t->fold[k + 5]))
			k++;
	}
	if (t->fold[k] == '.' && guard_digit(t->fold[k + 1]))
		for (k++; guard_digit(t->fold[k]); k++)
			v += (place /= 10) * (t->fold[k] - '0');
	*ret = v;
	return k - i;
}

/* ---- Chinese ---- */

static int han_digit(uint32_t r)
{
	static const uint32_t d[] = { 0x96F6, 0x4E00, 0x4E8C, 0x4E09, 0x56DB,
				      0x4E94, 0x516D, 0x4E03, 0x516B, 0x4E5D };

	if (r == 0x4E24)
		return 2; /* 两 */
	if (r == 0x3007)
		return 0;
	for (int i = 0; i < 10; i++)
		if (d[i] == r)
			return i;
	return -1;
}

static double han_scale(uint32_t r)
{
	return r == 0x5341 ? 10 : r == 0x767E ? 100 : r == 0x5343 ? 1000 : r == 0x4E07 ? 10000 : 0;
}

/* 三十, 一百二十, 两千零五, 一万, 二〇二六. */
static size_t read_han(const struct guard_text *t, size_t i, double *ret)
{
	double total = 0, section = 0, digit = -1, row = 0;
	size_t k = i;
	bool scaled = false;

	for (; k < t->n; k++) {
		int d = han_digit(t->fold[k]);
		double s = han_scale(t->fold[k]);
		if (d < 0 && s == 0)
			break;
		if (d >= 0) {
			row = row * 10 + d;
			digit = d;
			continue;
		}
		scaled = true;
		if (s == 10000) {
			total += (section + (digit > 0 ? digit : 0)) * s;
			section = 0;
		} else {
			section += (digit < 0 ? 1 : digit) * s;
		}
		digit = -1;
	}
	*ret = scaled ? total + section + (digit > 0 ? digit : 0) : row;
	return k - i;
}

/* ---- English ---- */

static const char *const ones[] = { "zero",    "one",     "two",       "three",    "four",
				    "five",    "six",     "seven",     "eight",    "nine",
				    "ten",     "eleven",  "twelve",    "thirteen", "fourteen",
				    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen" };
static const char *const tens[] = { "twenty", "thirty",  "forty",  "fifty",
				    "sixty",  "seventy", "eighty", "ninety" };

static size_t word_value(const struct guard_text *t, size_t i, int *ret)
{
	for (int v = 0; v < 20; v++) {
		size_t n = guard_at(t, i, ones[v]);
		if (n) {
			*ret = v;
			return n;
		}
	}
	for (int v = 0; v < 8; v++) {
		size_t n = guard_at(t, i, tens[v]);
		if (n) {
			*ret = (v + 2) * 10;
			return n;
		}
	}
	return 0;
}

/* "twenty-one", "one hundred and five", "two thousand". */
static size_t read_words(const struct guard_text *t, size_t i, double *ret)
{
	size_t k = i, end = i;
	double v = 0, part = 0;

	for (int words = 0; words < 8; words++) {
		int x = 0;
		size_t n = word_value(t, k, &x);
		if (n) {
			part += x;
		} else if ((n = guard_at(t, k, "hundred")) && end > i) {
			part *= 100;
		} else if ((n = guard_at(t, k, "thousand")) && end > i) {
			v += part * 1000;
			part = 0;
		} else if (!((n = guard_at(t, k, "and")) && end > i && part >= 100)) {
			break;
		}
		k += n;
		if (t->fold[k - 1] != 'd' || guard_any_at(t, k - n, "hundred|thousand"))
			end = k;
		if (t->fold[k] != ' ' && t->fold[k] != '-')
			break;
		k++;
	}
	*ret = v + part;
	return end - i;
}

/* ---- units and clock ---- */

static size_t unit_at(const struct guard_text *t, size_t i, struct fact *f)
{
	size_t k = i, best = 0;

	while (t->fold[k] == ' ' || (t->fold[k] == '-' && guard_alpha(t->fold[k + 1])))
		k++;
	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
		size_t n = guard_any_at(t, k, units[u].words);
		if (n <= best)
			continue;
		best = n;
		f->unit = units[u].unit;
		f->value *= 1;
		f->e = (size_t)(u + 1); /* row, resolved by the caller */
	}
	if (!best)
		return 0;
	f->value *= units[f->e - 1].factor;
	return k + best - i;
}

static bool before_money(const struct guard_text *t, size_t i)
{
	if (i > 0 && t->fold[i - 1] == ' ')
		i--;
	return (i > 0 && guard_in_set(t->fold[i - 1], "$€£¥")) ||
	       (i >= 3 && guard_any_at(t, i - 3, "cny|rmb|usd|eur"));
}

static size_t before_clock(const struct guard_text *t, size_t i, double *ret_add)
{
	static const char *const later = "下午|晚上|傍晚|晚间",
				 * const same = "上午|早上|凌晨|中午|早晨";

	*ret_add = 0;
	if (i >= 2 && guard_any_at(t, i - 2, later))
		*ret_add = 720;
	return i >= 2 && (*ret_add > 0 || guard_any_at(t, i - 2, same));
}

/* 16:00, 4 pm, 4:30 p.m., 下午四点半, 16点; false when it is not a clock time. */
static bool clock_at(const struct guard_text *t, struct fact *f)
{
	size_t k = f->e;
	double v = f->value * 60, add;
	bool is = false;

	if (f->value > 24 || f->value != floor(f->value))
		return false;
	if (t->fold[k] == ':' && guard_digit(t->fold[k + 1]) && guard_digit(t->fold[k + 2]) &&
	    !guard_digit(t->fold[k + 3])) {
		v += (t->fold[k + 1] - '0') * 10 + (t->fold[k + 2] - '0');
		k += 3;
		is = true;
	} else if (t->fold[k] == 0x70B9 && t->fold[k + 1] != 0x51FB) { /* 点, not 点击 */
		k++;
		is = true;
		double m;
		size_t n = t->fold[k] == 0x534A ? 1 : read_han(t, k, &m);
		v += t->fold[k] == 0x534A ? 30 : n ? m : 0;
		k += n;
	}
	size_t gap = t->fold[k] == ' ', n = guard_any_at(t, k + gap, "pm|p.m.|am|a.m.|o'clock");
	if (n) {
		bool pm = t->fold[k + gap] == 'p';
		v += pm && v < 720 ? 720 : 0;
		v -= t->fold[k + gap] == 'a' && v >= 720 ? 720 : 0;
		k += gap + n;
		is = true;
	}
	before_clock(t, f->s, &add);
	if (!is)
		return false;
	*f = (struct fact){ v < 720 ? v + add : v, FACT_CLOCK, f->s, k };
	return true;
}

/* ---- facts ---- */

static bool list_mark(const struct guard_text *t, size_t s, size_t e)
{
	while (s > 0 && t->fold[s - 1] == ' ')
		s--;
	return (s == 0 || t->fold[s - 1] == '\n') &&
	       (t->fold[e] == '.' || t->fold[e] == ')' || t->fold[e] == 0x3001) &&
	       !guard_digit(t->fold[e + 1]);
}

/* 一下, 一起, "one of": words, unless a unit of measure follows. */
static bool only_a_word(const struct guard_text *t, const struct fact *f, bool han, bool word,
			size_t unit)
{
	if (unit)
		return false;
	if (f->s > 0 && t->fold[f->s - 1] == 0x7B2C)
		return true; /* 第 */
	if (han)
		return f->e - f->s == 1 &&
		       (f->value <= 1 || f->value >= 10 || guard_han(t->fold[f->e])) &&
		       !guard_in_set(t->fold[f->e], "次件层楼个台张份位家户种档级");
	return word && f->value <= 1;
}

/* The fact that begins at i; its end, or i. */
static size_t fact_at(const struct guard_text *t, size_t i, struct fact *f)
{
	bool digits = guard_digit(t->fold[i]),
	     han = han_digit(t->fold[i]) >= 0 || han_scale(t->fold[i]) > 0;
	bool edge = i == 0 || !guard_word(t->fold[i - 1]);
	size_t n = 0;

	*f = (struct fact){ .s = i };
	if (digits && (edge || guard_han(t->fold[i - 1])))
		n = read_digits(t, i, &f->value);
	else if (han)
		n = read_han(t, i, &f->value);
	else if (edge && guard_alpha(t->fold[i]))
		n = read_words(t, i, &f->value);
	if (!n)
		return i;
	f->e = i + n;
	if (guard_in_set(t->fold[f->e], "万千") && digits)
		f->value *= han_scale(t->fold[f->e++]);
	if (digits && list_mark(t, i, f->e))
		return f->e | (SIZE_MAX / 2 + 1);
	if (clock_at(t, f))
		return f->e;
	size_t end = f->e, half = t->fold[end] == 0x534A; /* 半 */
	size_t u = unit_at(t, end + half, f);
	f->e = end + (u ? half + u : 0);
	if (!u && before_money(t, i))
		f->unit = FACT_MONEY;
	if (only_a_word(t, f, han && !digits, !digits && !han, u))
		return f->e | (SIZE_MAX / 2 + 1);
	return f->e;
}

/* "2 to 4 days", 2-4天: the first takes the unit of the second. */
static void share_units(const struct guard_text *t, struct fact *v, size_t n)
{
	for (size_t i = n; i-- > 1;) {
		struct fact *a = &v[i - 1], *b = &v[i];
		size_t k = a->e, gap = b->s - a->e;
		if (a->unit != FACT_PLAIN || b->unit == FACT_PLAIN || gap > 5 ||
		    b->unit == FACT_CLOCK)
			continue;
		while (t->fold[k] == ' ')
			k++;
		if (!guard_any_at(t, k, "to|-|~|至|到|–|—|or|或"))
			continue;
		for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
			size_t j = b->e;
			for (size_t back = 1; back <= 14 && back <= j - b->s; back++)
				if (units[u].unit == b->unit &&
				    guard_any_at(t, j - back, units[u].words) == back &&
				    a->unit == FACT_PLAIN) {
					a->unit = b->unit;
					a->value *= units[u].factor;
				}
		}
	}
}

size_t guard_facts(const struct guard_text *t, size_t from, size_t to, struct fact *ret, size_t max)
{
	static const size_t not_a_fact = SIZE_MAX / 2 + 1;
	size_t n = 0;

	for (size_t i = from; i < to;) {
		struct fact f;
		size_t e = fact_at(t, i, &f);
		if (e == i) {
			i++;
			continue;
		}
		i = e & ~not_a_fact;
		if (e & not_a_fact)
			continue;
		if (n == max)
			return max + 1;
		ret[n++] = f;
	}
	share_units(t, ret, n);
	return n;
}

bool guard_fact_same(const struct fact *a, const struct fact *b)
{
	bool unit = a->unit == b->unit || a->unit == FACT_PLAIN || b->unit == FACT_PLAIN;

	return unit && fabs(a->value - b->value) < 1e-6 * (1 + fabs(a->value));
}
