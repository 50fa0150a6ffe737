/* norm_num.c: numbers as they are spoken, in English words and Chinese characters.
 *
 * English: short scale, no "and", no hyphens ("one hundred twenty nine"), so that each
 * word is a word of the pronunciation dictionary. Chinese: two is liang before qian,
 * wan, yi and measure words, er elsewhere. */
#include <stdio.h>

#include "norm_int.h"

static const char *const ones[] = { "zero",    "one",       "two",      "three",
				    "four",    "five",      "six",      "seven",
				    "eight",   "nine",      "ten",      "eleven",
				    "twelve",  "thirteen",  "fourteen", "fifteen",
				    "sixteen", "seventeen", "eighteen", "nineteen" };
static const char *const tens[] = { "",      "",      "twenty",  "thirty", "forty",
				    "fifty", "sixty", "seventy", "eighty", "ninety" };
static const char *const ones_th[] = {
	"zeroth",    "first",     "second",      "third",      "fourth",
	"fifth",     "sixth",     "seventh",     "eighth",     "ninth",
	"tenth",     "eleventh",  "twelfth",     "thirteenth", "fourteenth",
	"fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"
};
static const char *const tens_th[] = { "",          "",           "twentieth",
				       "thirtieth", "fortieth",   "fiftieth",
				       "sixtieth",  "seventieth", "eightieth",
				       "ninetieth" };
static const char *const han[] = { "零", "一", "二", "三", "四",
				   "五", "六", "七", "八", "九" };

#define SPOKEN_MAX UINT64_C(1000000000000) /* larger ones are read digit by digit */

bool norm_num_parse(sv s, struct norm_num *ret)
{
	struct norm_num x = { 0 };
	size_t i = 0;
	while (i < s.n && norm_digit(s.p[i])) {
		x.v = x.v > SPOKEN_MAX ? x.v : x.v * 10 + (uint64_t)(s.p[i] - '0');
		i++;
	}
	if (i == 0)
		return false;
	x.n_digits = (int)i;
	while (x.n_digits <= 3 + 4 * 3 && i + 3 < s.n && s.p[i] == ',' &&
	       norm_digit(s.p[i + 1]) && norm_digit(s.p[i + 2]) &&
	       norm_digit(s.p[i + 3]) && !(i + 4 < s.n && norm_digit(s.p[i + 4])) &&
	       (x.comma || i <= 3)) {
		for (int k = 1; k <= 3; k++)
			x.v = x.v * 10 + (uint64_t)(s.p[i + (size_t)k] - '0');
		x.comma = true;
		x.n_digits += 3;
		i += 4;
	}
	x.digits = sv_n(s.p, i);
	size_t f = 0;
	if (i + 1 < s.n && s.p[i] == '.' && norm_digit(s.p[i + 1])) {
		size_t k = i + 1;
		while (k < s.n && norm_digit(s.p[k]) && f < NORM_FRAC_MAX)
			x.frac[f++] = s.p[k++];
		i = k;
	}
	x.len = i;
	*ret = x;
	return true;
}

static void en_below_1000(struct norm *n, unsigned v)
{
	if (v >= 100) {
		norm_word(n, ones[v / 100]);
		norm_word(n, "hundred");
		v %= 100;
		if (v == 0)
			return;
	}
	if (v < 20) {
		norm_word(n, ones[v]);
		return;
	}
	norm_word(n, tens[v / 10]);
	if (v % 10)
		norm_word(n, ones[v % 10]);
}

static void en_int(struct norm *n, uint64_t v)
{
	static const struct {
		uint64_t unit;
		const char *name;
	} scale[] = { { 1000000000, "billion" },
		      { 1000000, "million" },
		      { 1000, "thousand" } };
	if (v < 1000) {
		en_below_1000(n, (unsigned)v);
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		if (v < scale[i].unit)
			continue;
		en_below_1000(n, (unsigned)(v / scale[i].unit));
		norm_word(n, scale[i].name);
		v %= scale[i].unit;
	}
	if (v)
		en_below_1000(n, (unsigned)v);
}

/* Four digits; lead: something stands before, so a missing thousand is said as zero. */
static void zh_below_10000(struct norm *n, unsigned v, bool lead)
{
	static const char *const place[] = { "千", "百", "十", "" };
	unsigned div = 1000;
	bool zero = false, any = lead;
	for (int i = 0; i < 4; i++, div /= 10) {
		unsigned d = v / div % 10;
		if (d == 0) {
			zero = any;
			continue;
		}
		if (zero)
			norm_put(n, han[0]);
		zero = false;
		bool bare_ten = i == 2 && d == 1 && !any;
		if (!bare_ten)
			norm_put(n, d == 2 && i == 0 ? "两" : han[d]);
		norm_put(n, place[i]);
		any = true;
	}
}

static void zh_int(struct norm *n, uint64_t v)
{
	static const struct {
		uint64_t unit;
		const char *name;
	} scale[] = { { 100000000, "亿" }, { 10000, "万" } };
	bool lead = false;
	if (v == 0)
		norm_put(n, han[0]);
	for (size_t i = 0; i < 2; i++) {
		uint64_t q = v / scale[i].unit;
		if (q == 0)
			continue;
		if (q == 2 && !lead)
			norm_put(n, "两");
		else
			zh_below_10000(n, (unsigned)q, lead);
		norm_put(n, scale[i].name);
		v %= scale[i].unit;
		lead = true;
	}
	if (v)
		zh_below_10000(n, (unsigned)v, lead);
}

void norm_int(struct norm *n, uint64_t v)
{
	if (n->zh)
		zh_int(n, v);
	else
		en_int(n, v);
}

void norm_digits(struct norm *n, sv digits, bool phone)
{
	for (size_t i = 0; i < digits.n; i++) {
		if (!norm_digit(digits.p[i]))
			continue;
		if (digits.p >= n->in.p && digits.p < n->in.p + n->in.n)
			n->src = (size_t)(digits.p - n->in.p) + i;
		int d = digits.p[i] - '0';
		if (n->zh)
			norm_put(n, phone && d == 1 ? "幺" : han[d]);
		else
			norm_word(n, ones[d]);
	}
}

void norm_num(struct norm *n, const struct norm_num *x)
{
	if (x->neg)
		norm_word(n, n->zh ? "负" : "minus");
	if (x->v >= SPOKEN_MAX ||
	    (!x->comma && x->n_digits > 1 && x->digits.p[0] == '0'))
		norm_digits(n, x->digits, false);
	else
		norm_int(n, x->v);
	if (!x->frac[0])
		return;
	norm_word(n, n->zh ? "点" : "point");
	norm_digits(n, sv_of(x->frac), false);
}

void norm_ordinal(struct norm *n, uint64_t v)
{
	if (n->zh) {
		norm_put(n, "第");
		zh_int(n, v);
		return;
	}
	uint64_t low = v % 100, high = v - low;
	if (low == 0 && v) {
		en_int(n, v);
		norm_put(n, "th");
		return;
	}
	if (high)
		en_int(n, high);
	if (low < 20) {
		norm_word(n, ones_th[low]);
	} else if (low % 10 == 0) {
		norm_word(n, tens_th[low / 10]);
	} else {
		norm_word(n, tens[low / 10]);
		norm_word(n, ones_th[low % 10]);
	}
}

void norm_year(struct norm *n, int y)
{
	if (n->zh) {
		char d[8];
		(void)snprintf(d, sizeof(d), "%d", y);
		norm_digits(n, sv_of(d), false);
		return;
	}
	if (y % 1000 < 10) {
		en_int(n, (uint64_t)y);
		return;
	}
	en_below_1000(n, (unsigned)y / 100);
	if (y % 100 == 0) {
		norm_word(n, "hundred");
		return;
	}
	if (y % 100 < 10)
		norm_word(n, "oh");
	en_below_1000(n, (unsigned)y % 100);
}

/* Measure words after which a bare 2 is liang. Month, day-of-month and "number" are not
 * among them. */
static bool measure(sv after)
{
	static const char *const words[] = {
		"天",     "个",   "小时", "年", "位", "件",     "次",   "元", "块",
		"周",     "分钟", "秒",   "台", "张", "份",     "条",   "米", "公斤",
		"斤",     "箱",   "种",   "页", "遍", "步",     "套",   "部", "名",
		"人",     "项",   "包",   "瓶", "双", "岁",     "倍",   "家", "款",
		"颗",     "只",   "支",   "本", "点", "平方米", "厘米", "升", "星期",
		"工作日", "公里", "毫米", "克", "吨", "层",     "轮",   "寸", "英寸",
		"万",     "亿",   "千",   "晚", "道", "期",     "场",   "瓦", "伏",
		"毫升",   "磅",   "度"
	};
	while (after.n && after.p[0] == ' ')
		after = sv_slice(after, 1, after.n);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (sv_starts(after, sv_of(words[i])))
			return true;
	return false;
}

void norm_count(struct norm *n, const struct norm_num *x, sv after)
{
	bool nth = sv_ends(sv_slice(n->in, 0, n->at), SV("第"));
	if (n->zh && x->v == 2 && x->n_digits == 1 && !x->frac[0] && !nth &&
	    measure(after)) {
		if (x->neg)
			norm_put(n, "负");
		norm_put(n, "两");
		return;
	}
	norm_num(n, x);
}
