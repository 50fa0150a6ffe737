/* feel_slot_num.c: numbers as people write and say them: 1,299.50, 1.2k, 3万, 两百零五, 三千五,
 * 幺三八, "two hundred and five", "one three eight", "a dozen", "one and a half".
 *
 * Values are thousandths in 64 bits, at most SLOT_NUM_MAX; what is larger is no number. Pure
 * functions, any thread.
 */
#include "feel_slot.h"

#include <stdio.h>

/* ---- Han ---- */

struct han {
	const char *s;
	int64_t v;              /* 0-9 a digit, else a unit */
};
static const struct han hans[] = {
	{ "零", 0 }, { "〇", 0 }, { "一", 1 }, { "幺", 1 }, { "壹", 1 }, { "二", 2 },
	{ "两", 2 }, { "俩", 2 }, { "贰", 2 }, { "三", 3 }, { "仨", 3 }, { "叁", 3 },
	{ "四", 4 }, { "肆", 4 }, { "五", 5 }, { "伍", 5 }, { "六", 6 }, { "陆", 6 },
	{ "七", 7 }, { "柒", 7 }, { "八", 8 }, { "捌", 8 }, { "九", 9 }, { "玖", 9 },
	{ "十", 10 }, { "拾", 10 }, { "百", 100 }, { "佰", 100 }, { "千", 1000 },
	{ "仟", 1000 }, { "万", 10000 }, { "亿", 100000000 }, { "廿", 20 }, { "卅", 30 },
};

/* Value of the Han numeral at i, or -1. All have three bytes. */
static int64_t han_at(const struct slot_text *t, size_t i)
{
	if ((unsigned char)t->p[i] < 0xE3)
		return -1;
	for (size_t k = 0; k < sizeof(hans) / sizeof(hans[0]); k++)
		if (memcmp(t->p + i, hans[k].s, 3) == 0)
			return hans[k].v;
	return -1;
}

struct han_sum {
	int64_t total, section, cur, unit; /* unit: the last one read */
	bool zero;              /* 零 since the last unit */
	size_t row;             /* digits one after the other */
	int64_t first;          /* of that row */
};

static bool han_unit(struct han_sum *s, int64_t u)
{
	if (s->row > 1)
		return false;
	if (u == 20 || u == 30) {
		s->section += u;
		s->unit = 10;
		s->cur = -1;
	} else if (u >= 10000) {
		int64_t part = s->section + (s->cur > 0 ? s->cur : 0);
		s->total = (s->total + (part ? part : 1)) * u;
		s->section = 0;
		s->unit = u;
	} else {
		s->section += (s->cur > 0 ? s->cur : 1) * u;
		s->unit = u;
	}
	s->cur = -1;
	s->row = 0;
	s->zero = false;
	return s->total < SLOT_NUM_MAX / 1000000;
}

/* The digit that ends the number: 三千五 is 3500, 三千零五 is 3005. */
static int64_t han_tail(const struct han_sum *s)
{
	if (s->cur < 0)
		return 0;
	return s->unit >= 100 && !s->zero && s->cur > 0 ? s->cur * (s->unit / 10) : s->cur;
}

static bool han_number(const struct slot_text *t, size_t i, struct slot_num *ret)
{
	struct han_sum s = { .cur = -1, .unit = 1 };
	int64_t row = 0, v, last = -1;
	size_t k = i, digits = 0;
	bool units = false;

	for (; (v = han_at(t, k)) >= 0 && k - i < 3 * 24; k += 3) {
		if (v >= 10) {
			if (!han_unit(&s, v))
				break;
			units = true;
			continue;
		}
		if (units && s.cur > 0)
			break; /* 三十五六 */
		if (v == 0 && units)
			s.zero = true;
		last = s.cur;
		s.cur = v == 0 && units ? -1 : v;
		row = row * 10 + v;
		s.row += v > 0 || !units;
		digits++;
		if (row > SLOT_NUM_MAX / 10000)
			row = 0; /* a long row is only its digits */
	}
	if (k == i)
		return false;
	*ret = (struct slot_num){ .e = k, .words = true };
	if (!units && digits > 1) {
		bool near = digits == 2 && last > 0 && s.cur == last + 1; /* 两三 */
		ret->digits = near ? 0 : digits;
		ret->milli = (near ? last : row) * 1000;
		ret->hi = near ? s.cur * 1000 : ret->milli;
		return true;
	}
	int64_t all = s.total + s.section + han_tail(&s);
	if (all < 0 || all > SLOT_NUM_MAX / 1000)
		return false;
	ret->milli = ret->hi = all * 1000;
	return true;
}

/* 三点五, 3点5 is left alone. */
static void han_decimal(const struct slot_text *t, struct slot_num *n)
{
	int64_t scale = 100, v;
	size_t k = n->e;

	if (memcmp(t->p + k, "点", 3) != 0 || n->hi != n->milli)
		return;
	for (k += 3; (v = han_at(t, k)) >= 0 && v < 10 && scale > 0; k += 3, scale /= 10)
		n->milli += v * scale;
	if (k == n->e + 3 || han_at(t, k) == 10) /* 三点五十: a time */
		return;
	n->e = k;
	n->hi = n->milli;
	n->decimal = true;
}

/* ---- ciphers ---- */

static bool group_of_three(const char *p)
{
	return p[0] == ',' && slot_digit(p[1]) && slot_digit(p[2]) && slot_digit(p[3]) &&
	       !slot_digit(p[4]);
}

static bool ciphers(const struct slot_text *t, size_t i, struct slot_num *ret)
{
	int64_t v = 0, scale = 100;
	size_t k = i, n = 0;

	for (; slot_digit(t->p[k]); k++, n++) {
		if (v > SLOT_NUM_MAX / 20000)
			return false;
		v = v * 10 + (t->p[k] - '0');
	}
	if (!n)
		return false;
	*ret = (struct slot_num){ .digits = n > 1 && t->p[i] == '0' ? n : 0 };
	while (n <= 3 && group_of_three(t->p + k) && v < SLOT_NUM_MAX / 20000000) {
		v = v * 1000 + (t->p[k + 1] - '0') * 100 + (t->p[k + 2] - '0') * 10 +
		    (t->p[k + 3] - '0');
		k += 4;
	}
	ret->milli = v * 1000;
	if (t->p[k] == '.' && slot_digit(t->p[k + 1])) {
		for (k++; slot_digit(t->p[k]); k++, scale /= 10)
			ret->milli += (t->p[k] - '0') * scale;
		ret->decimal = true;
	}
	ret->e = k;
	ret->hi = ret->milli;
	return true;
}

/* 3万, 1.2k, 3千5, 1万2, 20 million behind ciphers. */
static void cipher_unit(const struct slot_text *t, struct slot_num *n)
{
	static const int64_t each[] = { 100, 1000, 10000, 100000000, 1000, 10000, 1000000,
					1000, 1000000 };
	int which = 0;
	size_t k = n->e, m;

	m = slot_any(t, k, "百|千|万|亿", &which);
	if (!m && (t->p[k] == 'k' || t->p[k] == 'w') && !slot_alpha(t->p[k + 1])) {
		which = t->p[k] == 'k' ? 4 : 5;
		m = 1;
	}
	if (!m && t->p[k] == ' ') {
		m = slot_any(t, k + 1, "thousand|million", &which);
		which += 7;
		m += m > 0;
	}
	if (!m || n->milli > SLOT_NUM_MAX / each[which])
		return;
	n->milli *= each[which];
	n->e = k + m;
	if (which < 4 && (m = (size_t)slot_digit(t->p[n->e])) && !slot_digit(t->p[n->e + 1])) {
		n->milli += (t->p[n->e] - '0') * (each[which] / 10) * 1000;
		n->e++;
	} else if (which == 2 && !n->decimal && han_at(t, n->e) > 0 && han_at(t, n->e) < 10) {
		n->milli += han_at(t, n->e) * 1000 * 1000; /* 1万二 */
		n->e += 3;
	}
	n->hi = n->milli;
}

/* ---- English words ---- */

static const char *const small_words =
	"zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|"
	"fifteen|sixteen|seventeen|eighteen|nineteen";
static const char *const tens_words = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety";

/* twenty, twenty-five, five: the value below 100, or -1. */
static int below_hundred(const struct slot_text *t, size_t i, size_t *ret_e)
{
	int which = 0, ones = 0;
	size_t n = slot_any(t, i, small_words, &which);

	if (n) {
		*ret_e = i + n;
		return which;
	}
	n = slot_any(t, i, tens_words, &which);
	if (!n && slot_at(t, i, "fourty")) {
		n = 6;
		which = 2;
	}
	if (!n)
		return -1;
	*ret_e = i + n;
	if (t->p[i + n] == ' ' || t->p[i + n] == '-') {
		size_t m = slot_any(t, i + n + 1, small_words, &ones);
		if (m && ones > 0 && ones < 10)
			*ret_e = i + n + 1 + m;
		else
			ones = 0;
	}
	return (which + 2) * 10 + ones;
}

/* " and" before a further part of a number. */
static size_t and_then(const struct slot_text *t, size_t i)
{
	size_t k = slot_spaces(t, i);

	if (k == i)
		return i;
	size_t n = slot_at(t, k, "and");
	return n ? slot_spaces(t, k + n) : k;
}

/* "one three double eight", three or more digits: only the row counts. */
static bool en_row(const struct slot_text *t, size_t i, struct slot_num *ret)
{
	size_t k = i, e = i;
	int v = 0;

	*ret = (struct slot_num){ .words = true };
	while (ret->digits < 32) {
		int times = slot_at(t, k, "double") ? 2 : slot_at(t, k, "triple") ? 3 : 1;
		k = times > 1 ? slot_spaces(t, k + 6) : k;
		size_t n = slot_any(t, k, "zero|one|two|three|four|five|six|seven|eight|nine|oh",
				    &v);
		if (!n)
			break;
		for (; times > 0; times--, ret->digits++)
			if (ret->milli < SLOT_NUM_MAX / 20)
				ret->milli = ret->milli * 10 + (v % 10) * 1000;
		e = k + n;
		k = slot_spaces(t, e);
	}
	ret->e = e;
	ret->hi = ret->milli;
	return ret->digits >= 3;
}

/* "and a half", "point five" behind a number. */
static void en_fraction(const struct slot_text *t, struct slot_num *n)
{
	static const int64_t tenth[] = { 100, 10, 1 };
	size_t k = slot_spaces(t, n->e), m;
	int v = 0;

	if ((m = slot_at(t, k, "and a half"))) {
		n->milli += 500;
		n->e = k + m;
		n->decimal = true;
	} else if ((m = slot_at(t, k, "point"))) {
		for (int d = 0; d < 3; d++) {
			k = slot_spaces(t, k + m);
			m = slot_any(t, k, small_words, &v);
			if (!m || v > 9)
				break;
			n->milli += v * tenth[d];
			n->e = k + m;
			n->decimal = true;
		}
	}
	n->hi = n->milli;
}

/* The hundreds of one group: "two hundred and five", "fifteen hundred", "a hundred". */
static int64_t en_group(const struct slot_text *t, size_t i, size_t *ret_e)
{
	size_t e = i, n;
	int more, v = below_hundred(t, i, &e);

	if (v < 0) {
		if (!(n = slot_any(t, i, "a hundred|a thousand|a million|a dozen", NULL)))
			return -1;
		v = 1;
		e = i + 1;
	}
	size_t k = slot_spaces(t, e);
	*ret_e = e;
	if (!(n = slot_at(t, k, "hundred")) && !(n = slot_at(t, k, "hundreds")))
		return v;
	*ret_e = k + n;
	k = and_then(t, k + n);
	more = below_hundred(t, k, &e);
	if (more > 0)
		*ret_e = e;
	return v * 100 + (more > 0 ? more : 0);
}

/* "nineteen eighty four", "twenty twenty six" at i. */
static int en_year(const struct slot_text *t, size_t i, size_t *ret_e)
{
	size_t e = i, f;
	int hi = below_hundred(t, i, &e), lo;

	if ((hi != 19 && hi != 20) || t->p[e] != ' ')
		return 0;
	lo = below_hundred(t, e + 1, &f);
	if (lo < 10 || lo > 99)
		return 0;
	*ret_e = f;
	return hi * 100 + lo;
}

static bool en_number(const struct slot_text *t, size_t i, struct slot_num *ret)
{
	static const int64_t each[] = { 1000, 1000000, 1000, 12 };
	int64_t total = 0;
	size_t e = i, k = i;
	int which = 0, year;

	if (!slot_alpha(t->p[i]) || slot_alpha(slot_before(t, i)))
		return false;
	if (en_row(t, i, ret))
		return true;
	if ((year = en_year(t, i, &e))) {
		*ret = (struct slot_num){ year * 1000, year * 1000, e, 0, true, false };
		return true;
	}
	for (int part = 0; part < 4; part++) {
		int64_t g = en_group(t, k, &e);
		if (g < 0)
			break;
		size_t u = slot_spaces(t, e);
		size_t n = slot_any(t, u, "thousand|million|grand|dozen", &which);
		total += n ? g * each[which] : g;
		e = n ? u + n : e;
		*ret = (struct slot_num){ total * 1000, total * 1000, e, 0, true, false };
		if (!n)
			break;
		k = and_then(t, e);
	}
	if (e == i && slot_at(t, i, "half a dozen"))
		*ret = (struct slot_num){ 6000, 6000, i + 12, 0, true, false };
	else if (e == i && slot_at(t, i, "a couple of"))
		*ret = (struct slot_num){ 2000, 2000, i + 11, 0, true, false };
	else if (e == i)
		return false;
	en_fraction(t, ret);
	return true;
}

/* ---- together ---- */

bool slot_whole(const struct slot_text *t, size_t i, struct slot_num *ret)
{
	return ciphers(t, i, ret) || han_number(t, i, ret) || en_number(t, i, ret);
}

bool slot_number(const struct slot_text *t, size_t i, struct slot_num *ret)
{
	if (ciphers(t, i, ret)) {
		cipher_unit(t, ret);
		return true;
	}
	if (han_number(t, i, ret)) {
		han_decimal(t, ret);
		return true;
	}
	return en_number(t, i, ret);
}

bool slot_range(const struct slot_text *t, size_t i, struct slot_num *ret)
{
	struct slot_num up;
	size_t k, n;

	if (!slot_number(t, i, ret))
		return false;
	k = slot_spaces(t, ret->e);
	n = slot_any(t, k, "-|~|–|—|到|至|或|to|or", NULL);
	if (n && slot_number(t, slot_spaces(t, k + n), &up) && up.milli > ret->milli) {
		ret->hi = up.milli;
		ret->e = up.e;
	}
	return true;
}

void slot_put_milli(struct sb *b, int64_t milli, int places)
{
	int64_t frac = milli % 1000;

	sb_fmt(b, "%lld", (long long)(milli / 1000));
	if (frac % 10)
		sb_fmt(b, ".%03d", (int)frac);
	else if (frac % 100 || (frac && places == 2) || places == 2)
		sb_fmt(b, ".%02d", (int)(frac / 10));
	else if (frac)
		sb_fmt(b, ".%d", (int)(frac / 100));
}

size_t slot_digits(const struct slot_text *t, size_t s, size_t e, char *out, size_t max)
{
	size_t n = 0;
	int times = 1, v = 0;

	for (size_t i = s; i < e && n < max;) {
		size_t m = 1;
		int64_t han = han_at(t, i);
		int d = -1;
		if (slot_digit(t->p[i])) {
			d = t->p[i] - '0';
		} else if (han >= 0 && han < 10) {
			d = (int)han;
			m = 3;
		} else if ((m = slot_any(t, i, "double|triple", &v))) {
			times = v + 2;
		} else if ((m = slot_any(t, i,
					 "zero|one|two|three|four|five|six|seven|eight|nine|oh|o",
					 &v))) {
			d = v % 10 * (v < 10);
		} else {
			m = 1;
		}
		for (; d >= 0 && times > 0 && n < max; times--)
			out[n++] = (char)('0' + d);
		times = d >= 0 ? 1 : times;
		i += m;
	}
	return n;
}
