/* feel_slot_when.c: dates in English words and feasts of both languages: tomorrow, next
 * Tuesday, the 5th of March, in three days, end of the month, Christmas, 中秋节. Which year and
 * week is meant: see feel_slot_date.c. Pure functions, any thread.
 */
#include "feel_slot.h"

#include <stdio.h>

static const char *const weekdays =
	"monday|tuesday|wednesday|thursday|friday|saturday|sunday|mon|tue|wed|thu|fri|sat|sun|"
	"tues|weds|thur|thurs|mondays|tuesdays|wednesdays|thursdays|fridays|saturdays|sundays";
static const int8_t weekday_of[] = { 0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 1, 2, 3, 3,
				     0, 1, 2, 3, 4, 5, 6 };
static const char *const months =
	"january|february|march|april|may|june|july|august|september|october|november|december|"
	"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sept";

static bool set_days(struct slot_date *d, size_t e, int64_t from, int64_t to)
{
	*d = (struct slot_date){ e, from, to, 'd' };
	return true;
}

static void month_of(int64_t day, int step, struct slot_date *ret)
{
	int y, m, d;

	slot_civil(day, &y, &m, &d);
	int64_t at = (int64_t)y * 12 + m - 1 + step;
	y = (int)(at / 12);
	m = (int)(at % 12) + 1;
	*ret = (struct slot_date){ ret->e, slot_days(y, m, 1),
				   slot_days(y, m, slot_month_len(y, m)), 'm' };
}

static bool en_plain(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	static const char *const words =
		"the day after tomorrow|day after tomorrow|the day before yesterday|"
		"day before yesterday|today|tonight|tomorrow|yesterday|tmrw|tmr|last night";
	static const int8_t off[] = { 2, 2, -2, -2, 0, 0, 1, -1, 1, 1, -1 };
	int which = 0;
	size_t n = slot_any(&r->t, i, words, &which);

	return n && set_days(ret, i + n, r->today + off[which], r->today + off[which]);
}

/* next/this/last: its step; the end, or i. */
static size_t en_step(const struct slot_text *t, size_t i, int *ret, bool *ret_coming)
{
	static const char *const words =
		"next|this|last|coming|this coming|following|previous|"
		"this past|past|the following|the coming|the next|the last";
	static const int8_t off[] = { 1, 0, -1, 0, 0, 1, -1, -1, -1, 1, 0, 1, -1 };
	int which = 0;
	size_t n = slot_any(t, i, words, &which);

	*ret = n ? off[which] : 0;
	*ret_coming = n && (which == 3 || which == 4 || which == 10);
	return n && t->p[i + n] == ' ' ? slot_spaces(t, i + n) : i;
}

/* [next|last|this] Tuesday, next week, this weekend, last month, next year. */
static bool en_week(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	const struct slot_text *t = &r->t;
	int step = 0, which = 0, y, m, d;
	bool coming = false;
	size_t k = en_step(t, i, &step, &coming), n;
	int64_t monday = r->today - slot_weekday(r->today);

	n = slot_any(t, k, weekdays, &which);
	if (n) {
		int day = weekday_of[which], ahead = (day - slot_weekday(r->today) + 7) % 7;
		bool brief = which == 12 || which == 13; /* sat, sun */
		int64_t at = r->today + (ahead ? ahead : 7);
		if (k == i && brief && slot_any_before(t, i, "on |by |until |till ") == i)
			return false;
		if (k > i && !coming)
			at = monday + 7 * step + day;
		if (k > i && step < 0 && !coming)
			at = r->today - (7 - ahead); /* the last one that was */
		if ((k > i && step == 0 && !coming && at < r->today))
			at = r->today + (ahead ? ahead : 7);
		if (slot_at(t, k + n, " week"))
			return set_days(ret, k + n + 5, at + 7, at + 7);
		return set_days(ret, k + n, at, at);
	}
	if ((n = slot_any(t, k, "weekend", NULL)) && (k > i || slot_any_before(t, i, "the ") < i))
		return set_days(ret, k + n, monday + 7 * step + 5, monday + 7 * step + 6);
	if (k == i || coming)
		return false;
	if ((n = slot_at(t, k, "week")))
		return set_days(ret, k + n, monday + 7 * step, monday + 7 * step + 6);
	if ((n = slot_at(t, k, "month"))) {
		month_of(r->today, step, ret);
		ret->e = k + n;
		return true;
	}
	if (!(n = slot_at(t, k, "year")))
		return false;
	slot_civil(r->today, &y, &m, &d);
	*ret = (struct slot_date){ k + n, slot_days(y + step, 1, 1),
				   slot_days(y + step, 12, 31), 'y' };
	return true;
}

/* 3rd, 21st, third, twenty-first at i: the number and its end; 0 when none. */
static int ordinal(const struct slot_text *t, size_t i, size_t *ret_e, bool *ret_plain)
{
	static const char *const words =
		"first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|"
		"thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|"
		"twentieth|thirtieth";
	int which = 0, v = 0;
	size_t k = i, n;

	*ret_plain = false;
	if (slot_digit(t->p[i]) && !slot_digit(slot_before(t, i))) {
		while (slot_digit(t->p[k]) && k - i < 3)
			v = v * 10 + (t->p[k++] - '0');
		n = slot_any(t, k, "st|nd|rd|th", NULL);
		n = n ? n : !memcmp(t->p + k, "st", 2) || !memcmp(t->p + k, "nd", 2) ||
			    !memcmp(t->p + k, "rd", 2) || !memcmp(t->p + k, "th", 2) ? 2 : 0;
		*ret_plain = !n;
		*ret_e = k + n;
		return v >= 1 && v <= 31 && !slot_alpha(t->p[k + n]) && !slot_digit(t->p[k]) ?
			       v :
			       0;
	}
	if (slot_any(t, i, "twenty|thirty", NULL) && (t->p[i + 6] == ' ' || t->p[i + 6] == '-') &&
	    (n = slot_any(t, i + 7, words, &which)) && which < 9) {
		*ret_e = i + 7 + n;
		v = (t->p[i + 1] == 'w' ? 20 : 30) + which + 1;
		return v <= 31 ? v : 0;
	}
	n = slot_any(t, i, words, &which);
	*ret_e = i + n;
	return n ? which + 1 + (which == 20) * 9 : 0;
}

/* ", 2026" or " 2026" behind k; 0 when none. */
static int en_year(const struct slot_text *t, size_t k, size_t *ret_e)
{
	struct slot_num n;

	k += t->p[k] == ',';
	k = slot_spaces(t, k);
	if (!slot_whole(t, k, &n) || n.milli < 1900000 || n.milli > 2199000 || n.decimal)
		return 0;
	*ret_e = n.e;
	return (int)(n.milli / 1000);
}

static bool month_day(const struct slot_run *r, int m, int d, size_t e, struct slot_date *ret)
{
	int y, tm, td, year = en_year(&r->t, e, &e);

	slot_civil(r->today, &y, &tm, &td);
	if (d > slot_month_len(year ? year : 2024, m))
		return false;
	if (!year)
		year = y + (m < tm || (m == tm && d < td));
	if (d > slot_month_len(year, m))
		return false; /* 29 February of a year that has none */
	int64_t at = slot_days(year, m, d);
	return set_days(ret, e, at, at);
}

/* March 5th, 2026 · March 2026 · in March. */
static bool en_month_first(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	const struct slot_text *t = &r->t;
	int which = 0, d, y, tm, td;
	size_t n = slot_any(t, i, months, &which), k, e = 0;
	bool plain = false;

	if (!n)
		return false;
	int m = which == 24 ? 9 : which % 12 + 1;
	k = i + n;
	k += t->p[k] == '.';
	k = slot_spaces(t, k);
	k += slot_at(t, k, "the ");
	d = ordinal(t, k, &e, &plain);
	if (d && k > i + n && !(plain && t->p[e] == ':'))
		return month_day(r, m, d, e, ret);
	y = en_year(t, i + n, &e);
	bool sure = which != 2 && which < 12 && which != 4;
	if (!y && !sure &&
	    slot_any_before(t, i,
			    "in |by |until |since |of |from |before |after |end of |mid-") == i)
		return false;
	if (!y && which >= 12)
		return false;
	slot_civil(r->today, &y, &tm, &td);
	int given = en_year(t, i + n, &e);
	y = given ? given : y + (m < tm);
	*ret = (struct slot_date){ given ? e : i + n, slot_days(y, m, 1),
				   slot_days(y, m, slot_month_len(y, m)), 'm' };
	return true;
}

/* 5 March, the 5th of March 2026, the fifth, on the 21st. */
static bool en_day_first(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	const struct slot_text *t = &r->t;
	int which = 0, d, y, m, td;
	size_t k = i + slot_at(t, i, "the "), e = 0, n;
	bool plain = false, article = k > i;

	d = ordinal(t, k, &e, &plain);
	if (!d)
		return false;
	k = slot_spaces(t, e);
	n = slot_at(t, k, "of");
	k = n ? slot_spaces(t, k + n) : k;
	n = slot_any(t, k, months, &which);
	if (n) {
		k += n + (t->p[k + n] == '.' && which >= 12);
		return month_day(r, which == 24 ? 9 : which % 12 + 1, d, k, ret);
	}
	int step = 0;
	bool coming, word = !plain && !slot_digit(t->p[e - 3]);
	size_t s = en_step(t, k, &step, &coming);
	bool this_month = s > k && slot_at(t, s, "month");
	bool on = slot_any_before(t, i, "on |by |until |before |after |since |from |till ") < i;
	if (plain || (!this_month && !(article && on)) || (word && !this_month && d < 3))
		return false;
	if (!this_month && slot_alpha(t->p[k]) &&
	    !slot_any(t, k, "at|and|or|but|please|if|in|because|so|by|instead|is|would|for|to",
		      NULL))
		return false; /* on the 5th floor */
	slot_civil(r->today, &y, &m, &td);
	ret->e = this_month ? s + 5 : e;
	month_of(r->today, this_month ? step : d < td, ret);
	if (d > ret->to - ret->from + 1)
		month_of(ret->to + 1, 0, ret);
	return set_days(ret, ret->e, ret->from + d - 1, ret->from + d - 1);
}

/* in three days, 2 weeks ago, three days from now, a month later, in a fortnight. */
static bool en_away(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	const struct slot_text *t = &r->t;
	static const char *const units = "day|days|week|weeks|month|months|year|years|fortnight|"
					 "days'|weeks'|business day|business days|working days";
	static const int8_t size[] = { 1, 1, 7, 7, 0, 0, -1, -1, 14, 1, 7, 1, 1, 1 };
	int unit = 0, side = 0, y, m, d;
	struct slot_num n = { 0 };
	size_t in = slot_any(t, i, "in |within ", NULL), k = i + in, u, w;

	size_t one = slot_any(t, k, "a|an|one", NULL);
	if (one && slot_any(t, slot_spaces(t, k + one), "day|week|month|year|fortnight", NULL))
		n = (struct slot_num){ 1000, 1000, k + one, 0, true, false };
	else if (!slot_number(t, k, &n) || n.hi != n.milli || n.milli > 400000 || n.milli % 1000)
		return false;
	k = slot_spaces(t, n.e);
	u = slot_any(t, k, units, &unit);
	if (!u || unit > 10)
		return false;
	w = slot_any(t, slot_spaces(t, k + u), "ago|from now|later|from today|time|back|before",
		     &side);
	if ((!w && !in) || side == 6)
		return false;
	size_t e = w ? slot_spaces(t, k + u) + w : k + u;
	int64_t v = n.milli / 1000 * (w && (side == 0 || side == 5) ? -1 : 1);
	if (size[unit] > 0)
		return set_days(ret, e, r->today + size[unit] * v, r->today + size[unit] * v);
	slot_civil(r->today, &y, &m, &d);
	month_of(r->today, (int)v * (size[unit] ? 12 : 1), ret);
	int64_t len = ret->to - ret->from + 1, at = ret->from + (d < len ? d : len) - 1;
	return set_days(ret, e, at, at);
}

/* end of (the|this|next) month, beginning of March, mid-March, the end of the year. */
static bool en_part(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	const struct slot_text *t = &r->t;
	int which = 0, y, m, d;
	size_t n = slot_any(
		t, i,
		"end of|the end of|late|by end of|beginning of|the beginning of|start of|"
		"the start of|early|middle of|the middle of|mid-|mid",
		&which);
	size_t k = slot_spaces(t, i + n), a;

	if (!n)
		return false;
	a = slot_at(t, k, "the ");
	k += a;
	if (!en_week(r, k, ret) && !en_month_first(r, k, ret)) {
		slot_civil(r->today, &y, &m, &d);
		int64_t monday = r->today - slot_weekday(r->today);
		if (slot_at(t, k, "month"))
			month_of(r->today, 0, ret);
		else if (slot_at(t, k, "year"))
			*ret = (struct slot_date){ 0, slot_days(y, 1, 1), slot_days(y, 12, 31),
						   'y' };
		else if (slot_at(t, k, "week"))
			set_days(ret, 0, monday, monday + 6);
		else
			return false;
		ret->e = k + (slot_at(t, k, "month") ? 5 : 4);
	}
	int64_t len = ret->to - ret->from + 1;
	if (len < 5)
		return false;
	bool exact = strncmp(t->p + i, "late", 4) != 0;
	if (len < 10 && which < 4)
		ret->from = ret->to = ret->from + 4; /* the end of a week is its Friday */
	else if (which < 4)
		ret->from = exact ? ret->to : ret->to - 9;
	else if (which < 9)
		ret->to = ret->from + (len < 10 ? 1 : len > 40 ? 30 : 9);
	else {
		ret->to = ret->from + (len < 10 ? 3 : len > 40 ? 212 : 19);
		ret->from += len < 10 ? 2 : len > 40 ? 150 : 10;
	}
	ret->grain = 'd';
	return true;
}

/* A feast and the year it is meant in. */
static bool feast(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	const struct slot_text *t = &r->t;
	int y, m, d;
	size_t best = 0, lead;
	int which = -1;
	const struct slot_feast *f = NULL;

	lead = slot_any(t, i, "去年|明年|今年|last|next year's|next", &which);
	lead = lead ? slot_spaces(t, i + lead) - i : 0;
	lead += lead ? slot_at(t, i + lead, "的") : 0;
	for (const struct slot_feast *k = slot_feasts; k->names; k++) {
		size_t n = slot_any(t, i + lead, k->names, NULL);
		if (n > best) {
			best = n;
			f = k;
		}
	}
	if (!f || slot_any(t, i + lead + best,
			   "路|街|大道|广场|村|镇|区|新村|小区|桥|店|公园|card|cards", NULL))
		return false; /* 五一路 */
	slot_civil(r->today, &y, &m, &d);
	int first = which < 0 ? 0 : which == 0 || which == 3 ? -1 : which == 1 || which == 4;
	bool fixed = which >= 0 && which != 5;
	for (int step = fixed ? first : -1; step < 3; step++) {
		int64_t at = slot_feast_day(f, y + step);
		if (at >= 0 && first < 0) { /* last Christmas: the latest before today */
			int64_t now = which == 3 ? slot_feast_day(f, y) : -1;
			at = now >= 0 && now < r->today ? now : at;
		}
		if (at >= 0 && (fixed || at >= r->today))
			return set_days(ret, i + lead + best, at, at);
	}
	return false;
}

bool slot_date_en(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	return en_part(r, i, ret) || en_away(r, i, ret) || en_plain(r, i, ret) ||
	       en_week(r, i, ret) || en_day_first(r, i, ret) || en_month_first(r, i, ret);
}

bool slot_date_at(const struct slot_run *r, size_t i, struct slot_date *ret)
{
	const struct slot_text *t = &r->t;
	bool ok;

	if (slot_digit(t->p[i]))
		ok = slot_date_digits(r, i, ret) || slot_date_zh(r, i, ret) ||
		     slot_date_en(r, i, ret);
	else if (slot_alpha(t->p[i]))
		ok = !slot_alpha(slot_before(t, i)) &&
		     (slot_date_en(r, i, ret) || feast(r, i, ret));
	else
		ok = feast(r, i, ret) || slot_date_zh(r, i, ret);
	return ok && ret->e > i;
}

static void put_day(char *out, size_t room, int64_t day, char grain)
{
	int y, m, d;

	slot_civil(day, &y, &m, &d);
	if (grain == 'y')
		(void)snprintf(out, room, "%04d", y);
	else if (grain == 'm')
		(void)snprintf(out, room, "%04d-%02d", y, m);
	else
		(void)snprintf(out, room, "%04d-%02d-%02d", y, m, d);
}

sv slot_date_text(const struct slot_run *r, const struct slot_date *d)
{
	char a[24], b[24];
	char *out;

	put_day(a, sizeof(a), d->from, d->grain);
	if (d->grain != 'd' || d->from == d->to)
		return slot_dup(r, a);
	put_day(b, sizeof(b), d->to, 'd');
	out = arena_fmt(r->a, "%s/%s", a, b);
	return sv_of(out);
}
