/* learn_slots.c: the values of a sentence as kb's facts compare them, read by feel's slots.
 *
 * Each kind becomes numbers: money its amount, durations minutes ("P3D/P5D" a range), dates days,
 * times minutes after midnight. "In three days" is read as said at a fixed moment, so that it is
 * a duration wherever it stands. Numbers that feel does not name are quantities; rows of nine
 * digits and more, and e-mail addresses, are contacts, compared as a whole. Pure, any thread.
 */
#include "learn_int.h"

#include <math.h>
#include <stdlib.h>

#define SAID_MS 978508800000LL   /* 2001-01-03T08:00Z, a Wednesday */
#define DAY_MS 86400000LL
#define DAY_MIN 1440.0
#define MONTH_MIN (30.4375 * DAY_MIN)
#define CONTACT_DIGITS 9

/* ---- values as text to numbers ---- */

static bool take_num(sv *s, double *ret)
{
	size_t n = 0;
	while (n < s->n && (strchr("0123456789.", s->p[n]) != NULL))
		n++;
	if (!n || sv_f64(sv_slice(*s, 0, n), ret))
		return false;
	*s = sv_slice(*s, n, s->n);
	return true;
}

/* "P1Y2M3DT4H5M", "P2W": minutes. */
static bool iso_duration(sv s, double *ret)
{
	static const struct {
		char unit;
		double date, time;
	} units[] = { { 'Y', 12 * MONTH_MIN, 0 }, { 'M', MONTH_MIN, 1 }, { 'W', 7 * DAY_MIN, 0 },
		      { 'D', DAY_MIN, 0 }, { 'H', 0, 60 }, { 'S', 0, 1.0 / 60 } };
	bool time = false;
	double sum = 0, v;
	if (!sv_starts(s, SV("P")))
		return false;
	s = sv_slice(s, 1, s.n);
	while (s.n) {
		if (s.p[0] == 'T') {
			time = true;
			s = sv_slice(s, 1, s.n);
			continue;
		}
		if (!take_num(&s, &v) || !s.n)
			return false;
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
			if (units[i].unit == s.p[0])
				sum += v * (time ? units[i].time : units[i].date);
		s = sv_slice(s, 1, s.n);
	}
	*ret = sum;
	return true;
}

static bool iso_day(sv s, double *ret)
{
	char full[16] = "0000-01-01";
	int64_t ms;
	if (s.n > 10 || s.n < 4)
		return false;
	memcpy(full, s.p, s.n);
	if (clk_parse_rfc3339(sv_of(full), &ms))
		return false;
	*ret = (double)(ms / DAY_MS);
	return true;
}

static bool clock_time(sv s, double *ret)
{
	double h = 0, m = 0;
	if (!take_num(&s, &h) || !sv_starts(s, SV(":")))
		return false;
	s = sv_slice(s, 1, s.n);
	if (!take_num(&s, &m))
		return false;
	*ret = 60 * h + m;
	return true;
}

static bool number_of(sv s, double *ret)
{
	sv bottom = s;
	double v;
	if (!take_num(&bottom, ret))
		return false;
	if (sv_starts(bottom, SV("/"))) {
		bottom = sv_slice(bottom, 1, bottom.n);
		if (take_num(&bottom, &v) && v > 0)
			*ret /= v;
	}
	return true;
}

/* ---- kinds ---- */

static bool relative(sv said)
{
	static const char *const words[] = { "后",  "前",       "later", "in ",
					     "ago", "from now", "within" };
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (sv_find(said, sv_of(words[i])) >= 0)
			return true;
	return false;
}

static void from_said(struct kb_slot *x)
{
	double said = (double)(SAID_MS / DAY_MS);
	x->kind = KB_SLOT_DURATION;
	x->lo = fabs(x->lo - said) * DAY_MIN;
	x->hi = fabs(x->hi - said) * DAY_MIN;
}

static bool moment(sv v, double *ret)
{
	struct sb b;
	int64_t ms;
	sb_init(&b, 64);
	sb_put(&b, v);
	sb_cstr(&b, v.n == 16 ? ":00Z" : "Z");
	bool ok = clk_parse_rfc3339(sb_sv(&b), &ms) == 0;
	sb_done(&b);
	*ret = fabs((double)(ms - SAID_MS)) / 60000.0;
	return ok;
}

/* "16 years old", 16周岁: a number, not a time. */
static bool is_age(sv text, size_t end)
{
	sv after = sv_slice(text, end, text.n);
	return sv_starts(after, SV("岁")) || sv_starts(after, SV(" old"));
}

static void as_age(sv said, struct kb_slot *x)
{
	while (said.n && (said.p[0] < '0' || said.p[0] > '9'))
		said = sv_slice(said, 1, said.n);
	if (take_num(&said, &x->lo)) {
		x->kind = KB_SLOT_QUANTITY;
		x->hi = x->lo;
	}
}

/* "CNY 15 a month", 15元一个月, as "per month" and 每月: what the one before is counted by, no time
 * that passes. */
static bool is_rate(sv text, const struct feel_slot *before, const struct feel_slot *s)
{
	sv said = sv_slice(text, s->start, s->end);
	if (!before || strcmp(s->type, "duration") != 0 ||
	    (strcmp(before->type, "money") != 0 && strcmp(before->type, "percent") != 0) ||
	    before->end > s->start || sv_trim(sv_slice(text, before->end, s->start)).n)
		return false;
	return sv_starts(said, SV("a ")) || sv_starts(said, SV("an ")) ||
	       sv_starts(said, SV("一"));
}

typedef bool value_fn(sv text, double *ret);

static const struct {
	const char *type;
	enum kb_slot_kind kind;
	value_fn *value;
} kinds[] = {
	{ "money", KB_SLOT_MONEY, number_of },
	{ "duration", KB_SLOT_DURATION, iso_duration },
	{ "date", KB_SLOT_DATE, iso_day },
	{ "time", KB_SLOT_TIME, clock_time },
	{ "datetime", KB_SLOT_DURATION, moment },
	{ "percent", KB_SLOT_PERCENT, number_of },
	{ "quantity", KB_SLOT_QUANTITY, number_of },
};

/* "a/b" is a range but for quantities, where it is a fraction. */
static bool slot_of(const struct feel_slot *s, sv text, struct kb_slot *x)
{
	sv said = sv_slice(text, s->start, s->end), hi = s->value, lo;
	*x = (struct kb_slot){ .start = s->start, .end = s->end };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kinds[i].type, s->type) != 0)
			continue;
		bool range = kinds[i].kind != KB_SLOT_QUANTITY;
		x->kind = kinds[i].kind;
		if (!range || !sv_cut(&hi, '/', &lo) || !hi.n)
			lo = hi = s->value;
		if (!kinds[i].value(lo, &x->lo) || !kinds[i].value(hi, &x->hi))
			return false;
		if (x->kind == KB_SLOT_DATE && relative(said))
			from_said(x);
		if (x->kind == KB_SLOT_DURATION && is_age(text, s->end))
			as_age(said, x);
		return true;
	}
	x->kind = KB_SLOT_CONTACT;
	x->lo = x->hi = (double)(sv_hash(s->value) >> 12);
	return true;
}

/* ---- what feel is told, and what it leaves over ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Long rows of digits with single dashes or blanks; e-mail addresses. */
static size_t contacts(sv t, struct feel_seen *out, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < t.n && n < max;) {
		size_t k = i, digits = 0;
		bool at = false;
		while (k < t.n && (is_digit(t.p[k]) || (digits && strchr("-+ ", t.p[k]))))
			digits += is_digit(t.p[k++]);
		while (k > i && !is_digit(t.p[k - 1]))
			k--;
		if (digits < CONTACT_DIGITS) {
			k = i;
			while (k < t.n && (is_word(t.p[k]) || strchr("@._-+", t.p[k])))
				at |= t.p[k++] == '@';
		}
		if (digits >= CONTACT_DIGITS || at)
			out[n++] = (struct feel_seen){ at ? "email" : "phone", i, k };
		i = k > i ? k : i + 1;
	}
	return n;
}

/* Numbers between what was found, that are not part of a word. */
static size_t numbers(sv t, size_t from, size_t to, struct kb_slot *out, size_t n)
{
	for (size_t i = from; i < to && n < KB_SLOTS;) {
		sv rest = sv_slice(t, i, to);
		double v;
		bool whole = i == 0 || (!is_word(t.p[i - 1]) && t.p[i - 1] != '-');
		if (!is_digit(t.p[i]) || !take_num(&rest, &v)) {
			i++;
			continue;
		}
		size_t end = to - rest.n;
		if (whole && (end == t.n || !is_word(t.p[end])))
			out[n++] = (struct kb_slot){ .kind = KB_SLOT_QUANTITY, .lo = v, .hi = v,
						     .start = i, .end = end };
		i = end > i ? end : i + 1;
	}
	return n;
}

size_t learn_slots(void *arg, sv text, struct kb_slot out[KB_SLOTS])
{
	struct feel_seen seen[8];
	struct feel_slot *s;
	struct arena a;
	size_t n = 0, k = 0, at = 0;
	struct feel_slot_ctx c = { .now_ms = SAID_MS, .tz_min = 0, .country = "CN", .seen = seen };
	(void)arg;
	c.n_seen = contacts(text, seen, sizeof(seen) / sizeof(*seen));
	arena_init(&a, LIM_ARENA_TURN);
	if (feel_slots(text, &c, &a, &s, &n))
		n = 0;
	for (size_t i = 0; i < n && k < KB_SLOTS; i++) {
		k = numbers(text, at, s[i].start, out, k);
		if (k < KB_SLOTS && !is_rate(text, i ? &s[i - 1] : NULL, &s[i]) &&
		    slot_of(&s[i], text, &out[k]))
			k++;
		at = s[i].end;
	}
	k = numbers(text, at, text.n, out, k);
	arena_done(&a);
	return k;
}
