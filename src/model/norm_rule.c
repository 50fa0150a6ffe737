/* norm_rule.c: amounts: money, percentages, measures, ranges, sizes, ordinals, plain
 * numbers. */
#include "norm_int.h"

static const struct norm_cur currencies[] = {
	{ "CNY", "yuan", "yuan", "fen", "fen", "元" },
	{ "RMB", "yuan", "yuan", "fen", "fen", "元" },
	{ "￥", "yuan", "yuan", "fen", "fen", "元" },
	{ "¥", "yuan", "yuan", "fen", "fen", "元" },
	{ "USD", "dollar", "dollars", "cent", "cents", "美元" },
	{ "US$", "dollar", "dollars", "cent", "cents", "美元" },
	{ "HK$", "Hong Kong dollar", "Hong Kong dollars", "cent", "cents", "港元" },
	{ "HKD", "Hong Kong dollar", "Hong Kong dollars", "cent", "cents", "港元" },
	{ "$", "dollar", "dollars", "cent", "cents", "美元" },
	{ "€", "euro", "euros", "cent", "cents", "欧元" },
	{ "EUR", "euro", "euros", "cent", "cents", "欧元" },
	{ "£", "pound", "pounds", "penny", "pence", "英镑" },
	{ "GBP", "pound", "pounds", "penny", "pence", "英镑" },
	{ "JPY", "yen", "yen", "sen", "sen", "日元" },
};
static const struct norm_unit units[] = {
	{ "km/h", "kilometer per hour", "kilometers per hour", "公里每小时" },
	{ "kWh", "kilowatt hour", "kilowatt hours", "千瓦时" },
	{ "mAh", "milliamp hour", "milliamp hours", "毫安时" },
	{ "Mbps", "megabit per second", "megabits per second", "兆比特每秒" },
	{ "Gbps", "gigabit per second", "gigabits per second", "吉比特每秒" },
	{ "kbps", "kilobit per second", "kilobits per second", "千比特每秒" },
	{ "Mbit/s", "megabit per second", "megabits per second", "兆比特每秒" },
	{ "cm", "centimeter", "centimeters", "厘米" },
	{ "mm", "millimeter", "millimeters", "毫米" },
	{ "km", "kilometer", "kilometers", "公里" },
	{ "kg", "kilogram", "kilograms", "公斤" },
	{ "mg", "milligram", "milligrams", "毫克" },
	{ "ml", "milliliter", "milliliters", "毫升" },
	{ "mL", "milliliter", "milliliters", "毫升" },
	{ "kW", "kilowatt", "kilowatts", "千瓦" },
	{ "GHz", "gigahertz", "gigahertz", "吉赫兹" },
	{ "MHz", "megahertz", "megahertz", "兆赫兹" },
	{ "kHz", "kilohertz", "kilohertz", "千赫兹" },
	{ "Hz", "hertz", "hertz", "赫兹" },
	{ "GB", "gigabyte", "gigabytes", "G B" },
	{ "MB", "megabyte", "megabytes", "M B" },
	{ "TB", "terabyte", "terabytes", "T B" },
	{ "KB", "kilobyte", "kilobytes", "K B" },
	{ "dB", "decibel", "decibels", "分贝" },
	{ "ms", "millisecond", "milliseconds", "毫秒" },
	{ "cm²", "square centimeter", "square centimeters", "平方厘米" },
	{ "m²", "square meter", "square meters", "平方米" },
	{ "km²", "square kilometer", "square kilometers", "平方公里" },
	{ "m³", "cubic meter", "cubic meters", "立方米" },
	{ "㎡", "square meter", "square meters", "平方米" },
	{ "°C", "degree Celsius", "degrees Celsius", "摄氏度" },
	{ "℃", "degree Celsius", "degrees Celsius", "摄氏度" },
	{ "°F", "degree Fahrenheit", "degrees Fahrenheit", "华氏度" },
	{ "°", "degree", "degrees", "度" },
	{ "min", "minute", "minutes", "分钟" },
	{ "hrs", "hour", "hours", "小时" },
	{ "hr", "hour", "hours", "小时" },
	{ "lbs", "pound", "pounds", "磅" },
	{ "lb", "pound", "pounds", "磅" },
	{ "oz", "ounce", "ounces", "盎司" },
	{ "ft", "foot", "feet", "英尺" },
	{ "px", "pixel", "pixels", "像素" },
	{ "W", "watt", "watts", "瓦" },
	{ "V", "volt", "volts", "伏" },
	{ "A", "amp", "amps", "安", true },
	{ "L", "liter", "liters", "升" },
	{ "m", "meter", "meters", "米" },
	{ "g", "gram", "grams", "克" },
	{ "h", "hour", "hours", "小时", true },
	{ "s", "second", "seconds", "秒", true },
	{ "x", "times", "times", "倍", true },
	{ "M", "million", "million", "兆", true },
};

static bool is_one(const struct norm_num *x)
{
	return x->v == 1 && !x->frac[0];
}

/* The longest unit at s (one space may stand before it); *len with the space. */
static const struct norm_unit *unit_at(sv s, size_t *len)
{
	const struct norm_unit *best = NULL;
	size_t sp = s.n && s.p[0] == ' ', best_n = 0;
	sv t = sv_slice(s, sp, s.n);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t k = strlen(units[i].s);
		if (k <= best_n || !sv_starts(t, sv_of(units[i].s)) ||
		    (sp && units[i].tight))
			continue;
		bool word = norm_alnum(units[i].s[k - 1]);
		if (word && t.n > k &&
		    (norm_alnum(t.p[k]) || t.p[k] == '\'' || t.p[k] == '-'))
			continue;
		best = &units[i];
		best_n = k;
	}
	*len = sp + best_n;
	return best;
}

static const struct norm_cur *cur_at(sv s, size_t *len)
{
	for (size_t i = 0; i < sizeof(currencies) / sizeof(currencies[0]); i++) {
		size_t k = strlen(currencies[i].s);
		if (!sv_starts(s, sv_of(currencies[i].s)))
			continue;
		*len = k;
		return &currencies[i];
	}
	return NULL;
}

static void trim_zeros(struct norm_num *x)
{
	size_t k = strlen(x->frac);
	while (k && x->frac[k - 1] == '0')
		x->frac[--k] = '\0';
}

static void say_money(struct norm *n, struct norm_num x, const struct norm_cur *c)
{
	bool cents = strlen(x.frac) == 2;
	int part = cents ? (x.frac[0] - '0') * 10 + x.frac[1] - '0' : 0;
	if (cents && part == 0)
		x.frac[0] = '\0';
	if (n->zh) {
		trim_zeros(&x);
		norm_count(n, &x, SV("元"));
		norm_put(n, c->zh);
		return;
	}
	char frac[NORM_FRAC_MAX + 1];
	memcpy(frac, x.frac, sizeof(frac));
	if (cents)
		x.frac[0] = '\0';
	if (x.v || !part || !cents) {
		norm_num(n, &x);
		norm_word(n, is_one(&x) ? c->one : c->many);
		if (!part)
			return;
		norm_word(n, "and");
	}
	norm_int(n, (uint64_t)part);
	norm_word(n, part == 1 ? c->cent : c->cents);
}

/* "million", "k", "万": the number's scale between number and currency. */
static size_t scale_at(struct norm *n, sv s, bool say)
{
	static const struct {
		const char *s, *en, *zh;
	} scales[] = { { " million", "million", "百万" },
		       { " billion", "billion", "十亿" },
		       { "万", "", "万" },
		       { "亿", "", "亿" },
		       { "k", "thousand", "千" },
		       { "M", "million", "百万" } };
	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		size_t k = strlen(scales[i].s);
		if (!sv_starts(s, sv_of(scales[i].s)) ||
		    (k < 3 && s.n > k && norm_alnum(s.p[k])))
			continue;
		if (say)
			norm_word(n, n->zh ? scales[i].zh : scales[i].en);
		return k;
	}
	return 0;
}

static size_t per_after(struct norm *n, sv s)
{
	if (s.n < 2 || s.p[0] != '/' || !(norm_alpha(s.p[1]) || (s.p[1] & 0x80)))
		return 0;
	norm_word(n, n->zh ? "每" : "per");
	return 1;
}

/* A currency sign before a number (and perhaps a second amount), or a code after it: "5
 * CNY". */
static size_t money_after(struct norm *n, sv s)
{
	struct norm_num x;
	size_t len;
	if (!norm_num_parse(s, &x))
		return 0;
	size_t i = x.len;
	i += i < s.n && s.p[i] == ' ';
	const struct norm_cur *c = cur_at(sv_slice(s, i, s.n), &len);
	if (!c || (i + len < s.n && (norm_alnum(s.p[i + len]) ||
				     (len == 1 && norm_digit(s.p[i + len])))))
		return 0;
	size_t next = i + len + (i + len < s.n && s.p[i + len] == ' ');
	bool prefix = norm_digit(norm_ch(n, n->at + next)) && i > x.len; /* "3 $5" */
	if (prefix)
		return 0;
	say_money(n, x, c);
	return i + len + per_after(n, sv_slice(s, i + len, s.n));
}

size_t norm_rule_money(struct norm *n)
{
	sv s = norm_rest(n);
	size_t len, i;
	struct norm_num x, y;
	if (s.n && norm_digit(s.p[0]))
		return money_after(n, s);
	const struct norm_cur *c = cur_at(s, &len);
	if (!c)
		return 0;
	i = len + (len < s.n && s.p[len] == ' ');
	bool neg = i < s.n && s.p[i] == '-';
	if (!norm_num_parse(sv_slice(s, i + neg, s.n), &x))
		return 0;
	x.neg = neg;
	i += neg + x.len;
	size_t scale = scale_at(n, sv_slice(s, i, s.n), false);
	if (scale) {
		norm_num(n, &x);
		(void)scale_at(n, sv_slice(s, i, s.n), true);
		norm_word(n, n->zh ? c->zh : c->many);
		return i + scale;
	}
	size_t dash = norm_dash(sv_slice(s, i, s.n));
	size_t again =
		dash && sv_starts(sv_slice(s, i + dash, s.n), sv_slice(s, 0, len)) ?
			len :
			0;
	if (dash && norm_num_parse(sv_slice(s, i + dash + again, s.n), &y)) {
		trim_zeros(&x);
		norm_num(n, &x);
		norm_word(n, n->zh ? "到" : "to");
		n->src = n->at + i + dash;
		say_money(n, y, c);
		return i + dash + again + y.len;
	}
	say_money(n, x, c);
	i += per_after(n, sv_slice(s, i, s.n));
	return i;
}

/* ---- measures and plain numbers ---- */

static size_t percent_at(sv s)
{
	size_t sp = s.n > 1 && s.p[0] == ' ';
	sv t = sv_slice(s, sp, s.n);
	if (sv_starts(t, SV("%")))
		return sp + 1;
	return sv_starts(t, SV("％")) ? sp + 3 : 0;
}

/* The number and what it measures; bytes after the number that were taken. */
static size_t say_amount(struct norm *n, const struct norm_num *x, sv after)
{
	size_t len = percent_at(after);
	if (len) {
		if (n->zh && x->neg)
			norm_put(n, "负");
		struct norm_num y = *x;
		if (n->zh)
			norm_put(n, "百分之"), y.neg = false;
		if (n->zh && y.v == 100 && !y.frac[0])
			norm_put(n, "百");
		else
			norm_num(n, &y);
		if (!n->zh)
			norm_word(n, "percent");
		return len;
	}
	const struct norm_unit *u = unit_at(after, &len);
	if (!u) {
		struct norm_num y = *x;
		if (sv_starts(after, SV("元")) || sv_starts(after, SV(" yuan")))
			trim_zeros(&y);
		norm_count(n, &y, after);
		return 0;
	}
	struct norm_num y = *x;
	if (n->zh)
		norm_count(n, &y, sv_of(u->zh));
	else
		norm_num(n, &y);
	norm_word(n, n->zh ? u->zh : is_one(x) ? u->one : u->many);
	return len + per_after(n, sv_slice(after, len, after.n));
}

/* "60 x 40 x 20 cm", "1920×1080": by. */
static size_t times_at(sv s)
{
	static const char *const marks[] = { "x", "X", "*", "×", NULL };
	size_t sp = s.n && s.p[0] == ' ';
	for (int i = 0; marks[i]; i++) {
		size_t k = sp + strlen(marks[i]);
		if (!sv_starts(sv_slice(s, sp, s.n), sv_of(marks[i])))
			continue;
		k += k < s.n && s.p[k] == ' ';
		return k < s.n && norm_digit(s.p[k]) ? k : 0;
	}
	return 0;
}

static size_t say_sizes(struct norm *n, sv s, struct norm_num x)
{
	size_t i = x.len, t = times_at(sv_slice(s, i, s.n));
	for (int k = 0; t && k < 4; k++) {
		norm_num(n, &x);
		norm_word(n, n->zh ? "乘" : "by");
		n->src = n->at + i + t;
		(void)norm_num_parse(sv_slice(s, i + t, s.n), &x);
		i += t + x.len;
		t = times_at(sv_slice(s, i, s.n));
	}
	return i + say_amount(n, &x, sv_slice(s, i, s.n));
}

static bool spelled_context(const struct norm *n)
{
	static const char *const en[] = {
		"order",     "order number",    "ticket", "code", "no.",
		"ending in", "extension",       "ext.",   "ext",  "ending with",
		"account",   "tracking number", "room",   "pin",  "dial",
		"call",      "hotline",         "press",  NULL
	};
	static const char *const zh[] = { "订单号", "单号", "验证码", "尾号",   "工号",
					  "账号",   "编号", "拨打",   "致电",   "热线",
					  "电话",   "分机", "订单",   "取件码", "密码",
					  "房间",   "转",   NULL };
	return norm_before(n, n->zh ? zh : en);
}

static bool year_context(const struct norm *n)
{
	static const char *const en[] = { "in",     "since",  "from",         "until",
					  "by",     "of",     "year",         "before",
					  "after",  "during", "for the year", "spring",
					  "summer", "autumn", "winter",       NULL };
	return !n->zh && norm_before(n, en);
}

static size_t say_range(struct norm *n, sv s, const struct norm_num *x)
{
	size_t i = x->len, pct = percent_at(sv_slice(s, i, s.n)), len = 0;
	const struct norm_unit *u = pct ? NULL : unit_at(sv_slice(s, i, s.n), &len);
	size_t dash = norm_dash(sv_slice(s, i + pct + len, s.n));
	struct norm_num y;
	if (!dash || !norm_num_parse(sv_slice(s, i + pct + len + dash, s.n), &y))
		return 0;
	size_t end = i + pct + len + dash + y.len;
	if (end < s.n && s.p[end] == '-' && end + 1 < s.n && norm_digit(s.p[end + 1]))
		return 0;
	if (pct || u)
		(void)say_amount(n, x, sv_slice(s, i, s.n));
	else if (n->zh && percent_at(sv_slice(s, end, s.n)))
		(void)say_amount(n, x, SV("%"));
	else
		norm_count(n, x, sv_slice(s, end, s.n));
	norm_word(n, n->zh ? "到" : "to");
	n->src = n->at + i + pct + len + dash;
	return end + say_amount(n, &y, sv_slice(s, end, s.n));
}

static size_t th_len(sv s)
{
	bool th = sv_starts(s, SV("st")) || sv_starts(s, SV("nd")) ||
		  sv_starts(s, SV("rd")) || sv_starts(s, SV("th"));
	return th && (s.n == 2 || !norm_alnum(s.p[2])) ? 2 : 0;
}

static size_t fraction(struct norm *n, sv s, const struct norm_num *x)
{
	struct norm_num y;
	if (x->frac[0] || x->len >= s.n || s.p[x->len] != '/' ||
	    !norm_num_parse(sv_slice(s, x->len + 1, s.n), &y))
		return 0;
	size_t end = x->len + 1 + y.len;
	if (y.frac[0] || y.v == 0 || x->v >= y.v || y.v > 100) {
		if (y.v != 7 || x->v != 24)
			return 0;
	}
	if (n->zh && x->v < y.v) {
		norm_int(n, y.v);
		norm_put(n, "分之");
		norm_int(n, x->v);
		return end;
	}
	if (n->zh) {
		norm_put(n, "全天候");
		return end;
	}
	norm_int(n, x->v);
	if (x->v == 24)
		norm_word(n, "seven");
	else if (y.v == 2)
		norm_word(n, "half");
	else
		norm_word(n, y.v == 4 ? (x->v == 1 ? "quarter" : "quarters") : "over");
	if (y.v != 2 && y.v != 4 && x->v != 24)
		norm_int(n, y.v);
	return end;
}

size_t norm_rule_number(struct norm *n)
{
	sv s = norm_rest(n);
	struct norm_num x;
	if (!norm_num_parse(s, &x))
		return 0;
	sv after = sv_slice(s, x.len, s.n);
	size_t took = 0, i = x.len, len;
	if (!n->zh && th_len(after)) {
		norm_ordinal(n, x.v);
		return x.len + 2;
	}
	if (times_at(after))
		return say_sizes(n, s, x);
	took = fraction(n, s, &x);
	if (!took)
		took = say_range(n, s, &x);
	if (took)
		return took;
	while (after.n > 1 && after.p[0] == '.' &&
	       norm_digit(after.p[1])) { /* a version: 1.2.3 */
		struct norm_num y;
		norm_num(n, &x);
		norm_word(n, n->zh ? "点" : "point");
		(void)norm_num_parse(sv_slice(after, 1, after.n), &y);
		i += 1 + y.len;
		x = y;
		after = sv_slice(s, i, s.n);
	}
	bool letters = after.n && norm_alpha(after.p[0]) && !unit_at(after, &len) &&
		       !scale_at(n, after, false);
	bool id_context =
		spelled_context(n) && !x.frac[0] && !x.comma && x.n_digits >= 3;
	bool lead_zero =
		x.n_digits > 1 && x.digits.n && x.digits.p[0] == '0' && !x.frac[0];
	if (lead_zero || id_context ||
	    (x.n_digits >= 8 && !x.comma && !x.frac[0] && x.v % 100)) {
		norm_digits(n, x.digits, n->zh && id_context);
		return i;
	}
	if (x.n_digits == 4 && !x.comma && !x.frac[0] && x.v >= 1900 && x.v <= 2099 &&
	    year_context(n)) {
		norm_year(n, (int)x.v);
		return i;
	}
	if (letters && !x.frac[0] && x.n_digits <= 2 && norm_alpha(after.p[0]) &&
	    (after.n == 1 || !norm_alnum(after.p[1]))) { /* 5G, 4K */
		norm_num(n, &x);
		norm_spell(n, sv_slice(after, 0, 1), false);
		return i + 1;
	}
	return i + say_amount(n, &x, after);
}
