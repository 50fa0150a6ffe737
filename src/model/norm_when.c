/* norm_when.c: dates and times of day, in the orders people write them, said as people
 * say them. */
#include "norm_int.h"

static const char *const months[] = { "January",   "February", "March",    "April",
				      "May",       "June",     "July",     "August",
				      "September", "October",  "November", "December" };

size_t norm_dash(sv s)
{
	static const char *const marks[] = { "-",  "–",  "—", "~", "～",
					     "至", "到", "−", NULL };
	size_t sp = 0;
	while (sp < s.n && sp < 1 && s.p[sp] == ' ')
		sp++;
	for (int i = 0; marks[i]; i++)
		if (sv_starts(sv_slice(s, sp, s.n), sv_of(marks[i]))) {
			size_t len = sp + strlen(marks[i]);
			return len + (len < s.n && s.p[len] == ' ');
		}
	return 0;
}

/* Up to max digits at s; -1 when there are none or more than max. */
static int small(sv s, size_t max, size_t *len)
{
	int v = 0;
	size_t i = 0;
	while (i < s.n && norm_digit(s.p[i]) && i <= max)
		v = v * 10 + (s.p[i++] - '0');
	*len = i;
	return i == 0 || i > max ? -1 : v;
}

static bool date_ok(int y, int m, int d)
{
	return y >= 1900 && y <= 2099 && m >= 1 && m <= 12 && d >= 0 && d <= 31;
}

static void say_date(struct norm *n, int y, int m, int d)
{
	if (n->zh) {
		if (y) {
			norm_year(n, y);
			norm_put(n, "年");
		}
		norm_int(n, (uint64_t)m);
		norm_put(n, "月");
		if (d) {
			norm_int(n, (uint64_t)d);
			norm_put(n, "日");
		}
		return;
	}
	norm_word(n, months[m - 1]);
	if (d)
		norm_ordinal(n, (uint64_t)d);
	if (y) {
		if (d)
			norm_pause(n);
		norm_year(n, y);
	}
}

/* Day, optional "th", then a month's name and perhaps a year: "3 March 2026". */
static int month_at(sv s, size_t *len)
{
	for (int m = 0; m < 12; m++) {
		sv full = sv_of(months[m]);
		if (sv_starts(s, full) && (s.n == full.n || !norm_alnum(s.p[full.n]))) {
			*len = full.n;
			return m + 1;
		}
		size_t k = m == 8 && sv_starts(s, SV("Sept")) ? 4 : 3;
		if (!sv_starts(s, sv_slice(full, 0, 3)) ||
		    (s.n > k && norm_alnum(s.p[k])))
			continue;
		*len = k + (s.n > k && s.p[k] == '.');
		return m + 1;
	}
	return 0;
}

static size_t year_after(sv s, int *y)
{
	size_t i = 0, len;
	if (i < s.n && s.p[i] == ',')
		i++;
	if (i < s.n && s.p[i] == ' ')
		i++;
	*y = small(sv_slice(s, i, s.n), 4, &len);
	if (i == 0 || len != 4 || *y < 1900 || *y > 2099)
		return *y = 0, 0;
	return i + len;
}

static size_t th_after(sv s)
{
	static const char *const th[] = { "st", "nd", "rd", "th" };
	for (int i = 0; i < 4; i++)
		if (sv_starts(s, sv_of(th[i])) && (s.n == 2 || !norm_alnum(s.p[2])))
			return 2;
	return 0;
}

static size_t day_month(struct norm *n, sv s)
{
	size_t i, len;
	int y, d = small(s, 2, &i);
	if (d < 1 || d > 31)
		return 0;
	i += th_after(sv_slice(s, i, s.n));
	if (i >= s.n || s.p[i] != ' ')
		return 0;
	i++;
	if (sv_starts(sv_slice(s, i, s.n), SV("of ")))
		i += 3;
	int m = month_at(sv_slice(s, i, s.n), &len);
	if (!m)
		return 0;
	i += len;
	i += year_after(sv_slice(s, i, s.n), &y);
	static const char *const the[] = { "the", NULL };
	if (!norm_before(n, the)) {
		say_date(n, y, m, d);
		return i;
	}
	norm_ordinal(n, (uint64_t)d);
	norm_word(n, "of");
	say_date(n, y, m, 0);
	return i;
}

size_t norm_rule_month(struct norm *n)
{
	sv s = norm_rest(n);
	size_t i, len;
	int y, m = n->zh ? 0 : month_at(s, &i);
	if (!m)
		return 0;
	if (i >= s.n || s.p[i] != ' ')
		return s.p[i - 1] == '.' ? (norm_word(n, months[m - 1]), i) : 0;
	size_t day = i + 1;
	int d = small(sv_slice(s, day, s.n), 2, &len);
	if (d < 1 || d > 31) {
		size_t k = year_after(sv_slice(s, i, s.n), &y);
		if (!k && s.p[i - 1] != '.')
			return 0;
		say_date(n, y, m, 0);
		return i + k;
	}
	i = day + len;
	if (i < s.n && (s.p[i] == ':' || s.p[i] == '%'))
		return 0;
	i += th_after(sv_slice(s, i, s.n));
	i += year_after(sv_slice(s, i, s.n), &y);
	say_date(n, y, m, d);
	return i;
}

size_t norm_rule_date(struct norm *n)
{
	sv s = norm_rest(n);
	size_t i, len;
	int y = small(s, 4, &i);
	if (i == 4 && i < s.n && (s.p[i] == '-' || s.p[i] == '/' || s.p[i] == '.')) {
		char sep = s.p[i++];
		int m = small(sv_slice(s, i, s.n), 2, &len), d = 0;
		i += len;
		if (m < 0)
			return 0;
		if (i + 1 < s.n && s.p[i] == sep && norm_digit(s.p[i + 1])) {
			d = small(sv_slice(s, i + 1, s.n), 2, &len);
			i += 1 + len;
		} else if (sep == '.' || len != 2) {
			return 0;
		}
		if (d < 0 || !date_ok(y, m, d) || (i < s.n && norm_alnum(s.p[i])))
			return 0;
		say_date(n, y, m, d);
		return i;
	}
	if (n->zh && i == 4 && sv_starts(sv_slice(s, i, s.n), SV("年")) && y >= 1000) {
		norm_year(n, y);
		return i;
	}
	return n->zh ? 0 : day_month(n, s);
}

/* ---- time of day ---- */

struct tod {
	int h, m, s; /* s -1 = none */
	char half;   /* 'a', 'p', 0 */
};

static size_t half_at(sv s, char *half)
{
	static const struct {
		const char *s;
		char half;
	} forms[] = { { "a.m.", 'a' }, { "p.m.", 'p' }, { "A.M.", 'a' },
		      { "P.M.", 'p' }, { "am", 'a' },   { "pm", 'p' },
		      { "AM", 'a' },   { "PM", 'p' } };
	size_t sp = s.n && s.p[0] == ' ';
	sv t = sv_slice(s, sp, s.n);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t k = strlen(forms[i].s);
		if (sv_starts(t, sv_of(forms[i].s)) &&
		    (t.n == k || !norm_alnum(t.p[k]))) {
			*half = forms[i].half;
			return sp + k;
		}
	}
	return 0;
}

static size_t tod_at(sv s, struct tod *t)
{
	size_t i, len;
	*t = (struct tod){ .s = -1 };
	t->h = small(s, 2, &i);
	if (t->h < 0 || t->h > 24)
		return 0;
	bool colon = i + 2 < s.n && s.p[i] == ':';
	bool wide = sv_starts(sv_slice(s, i, s.n), SV("：")) && i + 4 < s.n;
	if (colon || wide) {
		size_t k = i + (colon ? 1 : 3);
		t->m = small(sv_slice(s, k, s.n), 2, &len);
		if (len != 2 || t->m < 0 || t->m > 59)
			return 0;
		i = k + 2;
		if (i + 2 < s.n && s.p[i] == ':') {
			t->s = small(sv_slice(s, i + 1, s.n), 2, &len);
			if (len != 2 || t->s < 0 || t->s > 59)
				return 0;
			i += 3;
		}
	}
	size_t h = half_at(sv_slice(s, i, s.n), &t->half);
	if (h && t->h > 12)
		return 0;
	if (!h && !colon && !wide)
		return 0;
	i += h;
	return i < s.n && norm_digit(s.p[i]) ? 0 : i;
}

static void say_time_zh(struct norm *n, const struct tod *t)
{
	if (t->half)
		norm_put(n, t->half == 'a' ? "上午" : "下午");
	if (t->h == 2)
		norm_put(n, "两");
	else
		norm_int(n, (uint64_t)t->h);
	norm_put(n, "点");
	if (t->m || t->s > 0) {
		if (t->m < 10)
			norm_put(n, "零");
		if (t->m)
			norm_int(n, (uint64_t)t->m);
		norm_put(n, "分");
	}
	if (t->s > 0) {
		norm_int(n, (uint64_t)t->s);
		norm_put(n, "秒");
	}
}

static void say_time_en(struct norm *n, const struct tod *t)
{
	if (t->m == 0 && t->s <= 0 && !t->half && t->h % 12 == 0) {
		norm_word(n, t->h == 12 ? "noon" : "midnight");
		return;
	}
	int h = t->h % 12 ? t->h % 12 : 12;
	norm_int(n, (uint64_t)h);
	if (t->m) {
		if (t->m < 10)
			norm_word(n, "oh");
		norm_int(n, (uint64_t)t->m);
	}
	if (t->s > 0) {
		norm_word(n, "and");
		norm_int(n, (uint64_t)t->s);
		norm_word(n, "seconds");
	}
	bool pm = t->half ? t->half == 'p' : t->h >= 12 && t->h < 24;
	norm_word(n, pm ? "P M" : "A M");
}

static void say_time(struct norm *n, const struct tod *t)
{
	if (n->zh)
		say_time_zh(n, t);
	else
		say_time_en(n, t);
}

/* "a.m." may end the sentence with its own dot: give the dot back when a new sentence
 * follows. */
static size_t keep_dot(sv s, size_t i)
{
	bool dot = i && s.p[i - 1] == '.';
	bool ends = i == s.n || (i + 1 < s.n && s.p[i] == ' ' && s.p[i + 1] >= 'A' &&
				 s.p[i + 1] <= 'Z');
	return dot && ends ? i - 1 : i;
}

size_t norm_rule_time(struct norm *n)
{
	sv s = norm_rest(n);
	struct tod a, b;
	size_t i = tod_at(s, &a), hours;
	int bare = small(s, 2, &hours);
	size_t dash = norm_dash(sv_slice(s, i ? i : hours, s.n));
	if (!i && dash && bare >= 0 &&
	    bare <= 12) { /* "9-5 pm": only with am or pm after the second */
		size_t k = tod_at(sv_slice(s, hours + dash, s.n), &b);
		if (!k || !b.half)
			return 0;
		a = (struct tod){ .h = bare, .s = -1 };
		i = hours;
		norm_int(n, (uint64_t)bare);
	} else if (i) {
		say_time(n, &a);
	} else {
		return 0;
	}
	size_t k = dash ? tod_at(sv_slice(s, i + dash, s.n), &b) : 0;
	if (!k)
		return keep_dot(s, i);
	norm_word(n, n->zh ? "到" : "to");
	n->src = n->at + i + dash;
	say_time(n, &b);
	return keep_dot(s, i + dash + k);
}
