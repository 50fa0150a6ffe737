/* cal.c: business calendars.
 *
 * Time is walked in stretches of one offset (cal_zone.c): inside one, local time is a straight
 * line, so a day's intervals are looked up by the local day and cut to the stretch. Gaps and
 * double hours of daylight saving need no case of their own. A calendar is immutable; any thread.
 */
#include "cal.h"

#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "cal_int.h"
#include "obj.h"
#include "vec.h"

enum { NAME_LEN = 64, SEARCH_DAYS = 3660 };

struct hours {
	int n;
	int32_t from[CAL_INTERVALS], to[CAL_INTERVALS];  /* ms of the local day */
};
struct special {
	int64_t day;
	int rank;                    /* 0 closed, 1 make_up, 2 special: the highest holds */
	struct hours hours;
};
struct cal {
	char name[NAME_LEN];
	struct cal_zone *zone;
	struct hours week[7];        /* from Monday */
	VEC(struct special) days;    /* sorted */
	int64_t day_ms;
};

static void cal_free(void *obj)
{
	struct cal *c = obj;

	obj_unref(c->zone);
	VEC_FREE(&c->days);
}

/* ---- reading ---- */

static const char *const weekdays[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

static int weekday_of(sv s)
{
	for (int i = 0; i < 7; i++)
		if (sv_eq(s, sv_of(weekdays[i])))
			return i;
	return -1;
}

static bool two(sv s, int max, int *ret)
{
	int64_t v;

	if (s.n != 2 || sv_i64(s, &v) || v < 0 || v > max)
		return false;
	*ret = (int)v;
	return true;
}

/* "09:00", "24:00" */
static bool hhmm(sv s, int32_t *ret)
{
	int h, m;

	if (s.n != 5 || s.p[2] != ':' || !two(sv_slice(s, 0, 2), 24, &h) ||
	    !two(sv_slice(s, 3, 5), 59, &m) || (h == 24 && m))
		return false;
	*ret = (h * 60 + m) * (int32_t)CAL_MINUTE;
	return true;
}

static int hours_of(const jv *list, const char *where, struct hours *h, struct err *e)
{
	memset(h, 0, sizeof(*h));
	if (!jv_is_arr(list) || jv_len(list) > CAL_INTERVALS)
		return err_set(
			e, ERR_INVAL,
			"%s: a list of at most %d times is wanted, like [\"09:00-18:00\"]; [] "
			"is closed",
			where, CAL_INTERVALS);
	for (size_t i = 0; i < jv_len(list); i++) {
		sv s = jv_as_str(jv_at(list, i));
		int32_t a, b;
		if (s.n != 11 || s.p[5] != '-' || !hhmm(sv_slice(s, 0, 5), &a) ||
		    !hhmm(sv_slice(s, 6, 11), &b))
			return err_set(e, ERR_INVAL,
				       "%s[%zu]: write it like \"09:00-18:00\", in quotes",
				       where, i);
		if (a >= b || (h->n && a < h->to[h->n - 1]))
			return err_set(e, ERR_INVAL,
				       "%s[%zu]: \"" SV_FMT
				       "\" does not come after the one before, "
				       "or ends before it begins; over midnight write two",
				       where, i, SV_ARG(s));
		if (h->n && a == h->to[h->n - 1]) {
			h->to[h->n - 1] = b;
			continue;
		}
		h->from[h->n] = a;
		h->to[h->n++] = b;
	}
	return 0;
}

/* "mon-fri", "sat", "sun,wed" as bits; 0 = it is none. */
static unsigned days_of_key(sv key)
{
	unsigned bits = 0;
	sv part, from;

	while (sv_cut(&key, ',', &part)) {
		part = sv_trim(part);
		bool range = sv_find_ch(part, '-') >= 0;
		(void)sv_cut(&part, '-', &from);
		int a = weekday_of(sv_trim(from)), b = range ? weekday_of(sv_trim(part)) : a;
		if (a < 0 || b < 0)
			return 0;
		for (int d = a;; d = (d + 1) % 7) {
			bits |= 1u << d;
			if (d == b)
				break;
		}
	}
	return bits;
}

static int read_week(struct cal *c, const jv *week, struct err *e)
{
	void *it = NULL;
	sv key;
	jv *v;
	unsigned seen = 0;

	while (jv_next(week, &it, &key, &v)) {
		char where[60];
		struct hours h;
		unsigned bits = days_of_key(key);
		(void)snprintf(where, sizeof(where), "week.%.40s", key.p);
		if (!bits || (bits & seen))
			return err_set(e, ERR_INVAL, "%s: %s; use mon tue wed thu fri sat sun, "
						     "mon-fri, or sat,sun",
				       where, bits ? "a day is named twice" : "no day of the week");
		int rc = hours_of(v, where, &h, e);
		if (rc)
			return rc;
		seen |= bits;
		for (int d = 0; d < 7; d++)
			if (bits & 1u << d)
				c->week[d] = h;
	}
	return seen ? 0 : err_set(e, ERR_INVAL, "week: the hours of at least one day are wanted, "
						"like mon-fri: [\"09:00-18:00\"]");
}

static bool date_of(sv s, int64_t *ret_day)
{
	int64_t y;
	int m, d;
	struct cal_time t = { 0 };

	if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' || sv_i64(sv_slice(s, 0, 4), &y) ||
	    y < 1970 || !two(sv_slice(s, 5, 7), 12, &m) || !two(sv_slice(s, 8, 10), 31, &d) || !m ||
	    !d)
		return false;
	*ret_day = cal_days((int)y, m, d);
	cal_date(*ret_day, &t);
	return t.month == m && t.day == d;
}

static int add_day(struct cal *c, int64_t day, int rank, const struct hours *h, const char *where,
		   struct err *e)
{
	struct special *s = VEC_PUSH(&c->days, CAL_SPECIAL_DAYS);

	if (!s)
		return err_set(e, ERR_INVAL, "%s: more than %d special days; leave old ones out",
			       where, CAL_SPECIAL_DAYS);
	*s = (struct special){ day, rank, *h };
	return 0;
}

/* closed and make_up: dates and ranges of dates. */
static int read_dates(struct cal *c, const jv *list, const char *key, int rank, struct err *e)
{
	const struct hours none = { 0 };

	if (list && !jv_is_arr(list))
		return err_set(e, ERR_INVAL, "%s: a list of dates is wanted", key);
	for (size_t i = 0; i < jv_len(list); i++) {
		sv s = jv_as_str(jv_at(list, i)), from = s, to = s;
		ptrdiff_t dots = sv_find(s, SV(".."));
		int64_t a, b;
		if (dots >= 0) {
			from = sv_slice(s, 0, (size_t)dots);
			to = sv_slice(s, (size_t)dots + 2, s.n);
		}
		if (!date_of(from, &a) || !date_of(to, &b) || b < a || b - a > 400)
			return err_set(e, ERR_INVAL, "%s[%zu]: write a date in quotes, like "
						     "\"2026-10-01\" or \"2026-10-01..2026-10-07\"",
				       key, i);
		for (int64_t d = a; d <= b; d++) {
			int rc = add_day(c, d, rank, rank ? &c->week[0] : &none, key, e);
			if (rc)
				return rc;
		}
	}
	return 0;
}

static int read_special(struct cal *c, const jv *o, struct err *e)
{
	void *it = NULL;
	sv key;
	jv *v;

	while (jv_next(o, &it, &key, &v)) {
		char where[60];
		struct hours h;
		int64_t day;
		(void)snprintf(where, sizeof(where), "special.%.40s", key.p);
		if (!date_of(key, &day))
			return err_set(e, ERR_INVAL, "%s: a date is wanted, like \"2026-12-24\"",
				       where);
		int rc = hours_of(v, where, &h, e);
		if (rc == 0)
			rc = add_day(c, day, 2, &h, where, e);
		if (rc)
			return rc;
	}
	return 0;
}

static int by_day(const void *a, const void *b)
{
	const struct special *x = a, *y = b;

	return x->day != y->day ? (x->day < y->day ? -1 : 1) : y->rank - x->rank;
}

/* Sorted by day; of several for one day the one of the highest rank stays. */
static void settle_days(struct cal *c)
{
	size_t n = 0;

	if (c->days.n)
		qsort(c->days.v, c->days.n, sizeof(*c->days.v), by_day);
	for (size_t i = 0; i < c->days.n; i++)
		if (!n || c->days.v[n - 1].day != c->days.v[i].day)
			c->days.v[n++] = c->days.v[i];
	c->days.n = n;
}

static int64_t length(const struct hours *h)
{
	int64_t sum = 0;

	for (int i = 0; i < h->n; i++)
		sum += h->to[i] - h->from[i];
	return sum;
}

static int read_spec(struct cal *c, const jv *spec, struct err *e)
{
	static const char *const keys[] = { "zone", "week", "closed", "make_up", "special", "day",
					    "title" };
	void *it = NULL;
	sv key, day = jv_get_str(spec, "day");
	jv *v;

	while (jv_next(spec, &it, &key, &v)) {
		size_t i = 0;
		while (i < sizeof(keys) / sizeof(*keys) && !sv_eq(key, sv_of(keys[i])))
			i++;
		if (i == sizeof(keys) / sizeof(*keys))
			return err_set(e, ERR_INVAL, "unknown key \"%.40s\"; a calendar has zone, "
						     "week, closed, make_up, special, day, title",
				       key.p);
	}
	int rc = cal_zone_open(&c->zone, jv_get_str(spec, "zone"), e);
	if (rc == 0)
		rc = read_week(c, jv_get(spec, "week"), e);
	if (rc == 0)
		rc = read_dates(c, jv_get(spec, "closed"), "closed", 0, e);
	if (rc == 0)
		rc = read_dates(c, jv_get(spec, "make_up"), "make_up", 1, e);
	if (rc == 0)
		rc = read_special(c, jv_get(spec, "special"), e);
	if (rc)
		return rc;
	settle_days(c);
	for (int d = 0; d < 7; d++)
		if (length(&c->week[d]) > c->day_ms)
			c->day_ms = length(&c->week[d]);
	if (jv_get(spec, "day") && (cal_span(NULL, day, &c->day_ms) || c->day_ms > CAL_DAY))
		return err_set(e, ERR_INVAL, "day: a length up to 24 hours is wanted, like \"8h\"");
	return 0;
}

int cal_new(struct cal **ret, sv name, const jv *spec, struct err *e)
{
	struct cal *c = obj_new(sizeof(*c), cal_free);

	(void)snprintf(c->name, sizeof(c->name), SV_FMT, SV_ARG(name));
	int rc = jv_is_obj(spec) ? read_spec(c, spec, e) :
				   err_set(e, ERR_INVAL, "a calendar has zone and week");
	if (rc) {
		obj_unref(c);
		return rc;
	}
	*ret = c;
	return 0;
}

struct cal *cal_always(void)
{
	struct cal *c = obj_new(sizeof(*c), cal_free);

	(void)snprintf(c->name, sizeof(c->name), "always");
	ASSERT(cal_zone_open(&c->zone, SV("UTC"), NULL) == 0);
	for (int d = 0; d < 7; d++)
		c->week[d] = (struct hours){ .n = 1, .from = { 0 }, .to = { (int32_t)CAL_DAY } };
	c->day_ms = CAL_DAY;
	return c;
}

const char *cal_name(const struct cal *c)
{
	return c->name;
}

const struct cal_zone *cal_zone_of(const struct cal *c)
{
	return c->zone;
}

int64_t cal_day_ms(const struct cal *c)
{
	return c->day_ms;
}

int cal_span(const struct cal *c, sv text, int64_t *ret_ms)
{
	static const struct { char unit; int64_t ms; } units[] = {
		{ 'm', CAL_MINUTE }, { 'h', CAL_HOUR }, { 'd', 0 }
	};
	int64_t v;

	if (text.n < 2 || sv_i64(sv_slice(text, 0, text.n - 1), &v) || v < 0 || v > 100000)
		return ERR_PARSE;
	for (size_t i = 0; i < 3; i++) {
		if (units[i].unit != text.p[text.n - 1])
			continue;
		*ret_ms = v * (units[i].ms ? units[i].ms : c ? c->day_ms : CAL_DAY);
		return 0;
	}
	return ERR_PARSE;
}

/* ---- walking ---- */

static const struct hours *hours_on(const struct cal *c, int64_t day)
{
	size_t lo = 0, hi = c->days.n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (c->days.v[mid].day < day)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < c->days.n && c->days.v[lo].day == day)
		return &c->days.v[lo].hours;
	return &c->week[cal_mod(day + 3, 7)];
}

/* One local day inside one stretch of one offset, in UTC. */
struct piece {
	int64_t from, to;
	int64_t midnight;            /* where local 00:00 would be in this offset */
	const struct hours *hours;
};

static void piece_at(const struct cal *c, int64_t ms, struct piece *p)
{
	int64_t from, to, off = cal_offset(c->zone, ms, &from, &to) * INT64_C(1000);
	int64_t day = cal_div(ms + off, CAL_DAY);

	p->midnight = day * CAL_DAY - off;
	p->from = ms;
	p->to = p->midnight + CAL_DAY < to ? p->midnight + CAL_DAY : to;
	p->hours = hours_on(c, day);
}

/* The i-th interval of the piece cut to it; false when nothing is left. */
static bool cut(const struct piece *p, int i, int64_t *a, int64_t *b)
{
	*a = p->midnight + p->hours->from[i];
	*b = p->midnight + p->hours->to[i];
	if (*a < p->from)
		*a = p->from;
	if (*b > p->to)
		*b = p->to;
	return *a < *b;
}

int64_t cal_add(const struct cal *c, int64_t ms, int64_t business_ms)
{
	int64_t a, b, closed = 0;

	if (business_ms <= 0)
		return ms;
	for (struct piece p;; ms = p.to) {
		piece_at(c, ms, &p);
		closed += p.to - p.from;
		for (int i = 0; i < p.hours->n; i++) {
			if (!cut(&p, i, &a, &b))
				continue;
			if (b - a >= business_ms)
				return a + business_ms;
			business_ms -= b - a;
			closed = 0;
		}
		if (closed > SEARCH_DAYS * CAL_DAY)
			return CAL_NEVER;
	}
}

int64_t cal_between(const struct cal *c, int64_t a, int64_t b)
{
	int64_t sum = 0, x, y;

	while (a < b) {
		struct piece p;
		piece_at(c, a, &p);
		if (p.to > b)
			p.to = b;
		for (int i = 0; i < p.hours->n; i++)
			if (cut(&p, i, &x, &y))
				sum += y - x;
		a = p.to;
	}
	return sum;
}

int64_t cal_next(const struct cal *c, int64_t ms)
{
	int64_t a, b, until = ms + SEARCH_DAYS * CAL_DAY;

	for (struct piece p; ms < until; ms = p.to) {
		piece_at(c, ms, &p);
		for (int i = 0; i < p.hours->n; i++)
			if (cut(&p, i, &a, &b))
				return a;
	}
	return CAL_NEVER;
}

bool cal_open(const struct cal *c, int64_t ms)
{
	return cal_next(c, ms) == ms;
}
