/* cal_zone.c: time zones from TZif files (RFC 8536): moments to local time and back.
 *
 * A file holds the moments at which the offset changed, and in its footer a POSIX rule for the
 * time after the last of them. A zone keeps both: the question is always "which stretch of one
 * offset holds this moment", by binary search in the table or by the rule. Libc's time zone is
 * never used, so any number of zones can be in use at once. A zone is immutable; any thread.
 */
#include "cal.h"

#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "cal_int.h"
#include "file.h"
#include "obj.h"

enum { ZONE_BYTES = 1 << 20, MOVES_MAX = 8192, TYPES_MAX = 256, NAME_MAX_ = 64, HEADER = 44 };

struct kind {
	int32_t offset_s;
	bool dst;
	char abbr[12];
};
/* When a rule changes the clocks: POSIX TZ, section 8.3. */
struct turn {
	char form;                   /* 'M' month.week.day, 'J' 1..365 without 29 Feb, 'N' 0..365 */
	int month, week, day;
	int32_t at_s;                /* local seconds from midnight, may be negative */
};
struct cal_zone {
	char name[NAME_MAX_];
	int64_t *moves;              /* seconds, rising */
	uint8_t *kind_of;            /* after each */
	size_t n;
	struct kind *kinds;
	size_t n_kinds;
	bool ruled, twice;           /* has a rule; it has daylight saving */
	struct kind std, dst;
	struct turn to_dst, to_std;
};

/* ---- dates (days_from_civil after Howard Hinnant, as in clk.c) ---- */

int64_t cal_days(int year, int month, int day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void cal_date(int64_t days, struct cal_time *ret)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

	ret->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	ret->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	ret->year = (int)(yoe + era * 400 + (ret->month <= 2));
	ret->weekday = (int)cal_mod(days + 3, 7) + 1;    /* 1970-01-01 was a Thursday */
}

static bool leap(int y)
{
	return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

/* ---- the footer's rule ---- */

static bool number(sv *s, int max, int *ret)
{
	int v = 0;
	size_t n = 0;

	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9' && v <= max)
		v = v * 10 + (s->p[n++] - '0');
	*s = sv_slice(*s, n, s->n);
	*ret = v;
	return n > 0 && v <= max;
}

static bool take(sv *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	*s = sv_slice(*s, 1, s->n);
	return true;
}

/* [+-]hh[:mm[:ss]] in seconds; the hours of a turn may reach 167 (RFC 8536 3.3.1). */
static bool clock_time(sv *s, int max_hours, int32_t *ret)
{
	bool minus = take(s, '-');
	int h, m = 0, sec = 0;

	if (!minus)
		(void)take(s, '+');
	if (!number(s, max_hours, &h))
		return false;
	if (take(s, ':') && !number(s, 59, &m))
		return false;
	if (take(s, ':') && !number(s, 59, &sec))
		return false;
	*ret = (h * 60 + m) * 60 + sec;
	*ret = minus ? -*ret : *ret;
	return true;
}

static bool abbr(sv *s, char out[12])
{
	bool quoted = take(s, '<');
	size_t n = 0;

	while (n < s->n && (quoted ? s->p[n] != '>' :
				     ((s->p[n] | 32) >= 'a' && (s->p[n] | 32) <= 'z')))
		n++;
	if (n < 3 || n > 11)
		return false;
	(void)snprintf(out, 12, "%.*s", (int)n, s->p);
	*s = sv_slice(*s, n, s->n);
	return !quoted || take(s, '>');
}

static bool turn(sv *s, struct turn *t)
{
	t->at_s = 7200;
	t->form = take(s, 'J') ? 'J' : take(s, 'M') ? 'M' : 'N';
	if (t->form == 'M') {
		if (!number(s, 12, &t->month) || !take(s, '.') || !number(s, 5, &t->week) ||
		    !take(s, '.') || !number(s, 6, &t->day) || !t->month || !t->week)
			return false;
	} else if (!number(s, 365, &t->day) || (t->form == 'J' && !t->day)) {
		return false;
	}
	return !take(s, '/') || clock_time(s, 167, &t->at_s);
}

/* "CET-1CEST,M3.5.0,M10.5.0/3". The sign is west-positive there. */
static bool rule(struct cal_zone *z, sv s)
{
	int32_t west;

	if (!abbr(&s, z->std.abbr) || !clock_time(&s, 24, &west))
		return false;
	z->std.offset_s = -west;
	z->ruled = true;
	if (!s.n)
		return true;
	z->twice = z->dst.dst = true;
	if (!abbr(&s, z->dst.abbr))
		return false;
	z->dst.offset_s = z->std.offset_s + 3600;
	if (s.n && s.p[0] != ',') {
		if (!clock_time(&s, 24, &west))
			return false;
		z->dst.offset_s = -west;
	}
	return take(&s, ',') && turn(&s, &z->to_dst) && take(&s, ',') && turn(&s, &z->to_std) &&
	       !s.n;
}

/* The UTC second of a turn in a year, by the offset that holds before it. */
static int64_t turn_at(const struct turn *t, int year, int32_t offset_s)
{
	int64_t days;

	if (t->form == 'J') {
		days = cal_days(year, 1, 1) + t->day - 1 + (leap(year) && t->day >= 60);
	} else if (t->form == 'N') {
		days = cal_days(year, 1, 1) + t->day;
	} else {
		int64_t first = cal_days(year, t->month, 1);
		int64_t next = t->month == 12 ? cal_days(year + 1, 1, 1) :
						cal_days(year, t->month + 1, 1);
		int64_t wday = cal_mod(first + 4, 7);    /* 0 Sunday, as the rule counts */
		days = first + cal_mod(t->day - wday, 7) + 7 * (t->week - 1);
		while (days >= next)
			days -= 7;
	}
	return days * 86400 + t->at_s - offset_s;
}

/* ---- reading ---- */

struct bytes {
	const unsigned char *p;
	size_t n;
};

static int64_t big(const unsigned char *p, int width)
{
	uint64_t v = p[0] & 0x80 ? UINT64_MAX : 0;

	for (int i = 0; i < width; i++)
		v = v << 8 | p[i];
	return (int64_t)v;
}

struct counts {
	size_t isut, isstd, leap, time, type, chars;
};

static bool header(struct bytes b, struct counts *c)
{
	if (b.n < HEADER || memcmp(b.p, "TZif", 4) != 0)
		return false;
	c->isut = (size_t)big(b.p + 20, 4);
	c->isstd = (size_t)big(b.p + 24, 4);
	c->leap = (size_t)big(b.p + 28, 4);
	c->time = (size_t)big(b.p + 32, 4);
	c->type = (size_t)big(b.p + 36, 4);
	c->chars = (size_t)big(b.p + 40, 4);
	return c->time <= MOVES_MAX && c->type && c->type <= TYPES_MAX && c->chars <= 4096 &&
	       c->isut <= TYPES_MAX && c->isstd <= TYPES_MAX && c->leap <= 4096;
}

static size_t block_size(const struct counts *c, size_t width)
{
	return HEADER + c->time * (width + 1) + c->type * 6 + c->chars + c->leap * (width + 4) +
	       c->isstd + c->isut;
}

static bool kinds(struct cal_zone *z, const unsigned char *p, const struct counts *c)
{
	const unsigned char *names = p + c->type * 6;

	z->n_kinds = c->type;
	z->kinds = xalloc(c->type * sizeof(*z->kinds));
	for (size_t i = 0; i < c->type; i++, p += 6) {
		struct kind *k = &z->kinds[i];
		size_t at = p[5], n = 0;
		k->offset_s = (int32_t)big(p, 4);
		k->dst = p[4] != 0;
		if (at >= c->chars || k->offset_s < -93600 || k->offset_s > 93600)
			return false;
		while (at + n < c->chars && names[at + n] && n < sizeof(k->abbr) - 1)
			k->abbr[n] = (char)names[at + n], n++;
	}
	return true;
}

static bool block(struct cal_zone *z, const unsigned char *p, const struct counts *c, int width)
{
	p += HEADER;
	z->n = c->time;
	z->moves = xalloc((c->time + 1) * sizeof(*z->moves));
	z->kind_of = xalloc(c->time + 1);
	for (size_t i = 0; i < c->time; i++, p += width) {
		z->moves[i] = big(p, width);
		if (i && z->moves[i] <= z->moves[i - 1])
			return false;
	}
	memcpy(z->kind_of, p, c->time);
	for (size_t i = 0; i < c->time; i++)
		if (z->kind_of[i] >= c->type)
			return false;
	return kinds(z, p + c->time, c);
}

static int damaged(struct err *e, sv name)
{
	return err_set(
		e, ERR_CORRUPT,
		"the file of time zone \"%.60s\" is damaged; install the package tzdata again",
		name.n ? name.p : "");
}

static int read_all(struct cal_zone *z, struct bytes b, sv name, struct err *e)
{
	struct counts c;
	int width = 4;

	if (!header(b, &c) || block_size(&c, 4) > b.n)
		return damaged(e, name);
	if (b.p[4] >= '2') {
		size_t skip = block_size(&c, 4);
		b = (struct bytes){ b.p + skip, b.n - skip };
		width = 8;
		if (!header(b, &c) || block_size(&c, 8) > b.n)
			return damaged(e, name);
	}
	if (c.leap)
		return err_set(e, ERR_UNSUPPORTED,
			       "time zone \"%.60s\" counts leap seconds; use the one without "
			       "\"right/\"",
			       z->name);
	if (!block(z, b.p, &c, width))
		return damaged(e, name);
	size_t at = block_size(&c, (size_t)width);
	sv foot = sv_n((const char *)b.p + at, b.n - at), line;
	if (width == 4)
		return 0;
	if (!take(&foot, '\n') || sv_find_ch(foot, '\n') < 0 || !sv_cut(&foot, '\n', &line) ||
	    (line.n && !rule(z, line)))
		return damaged(e, name);
	return 0;
}

static void zone_free(void *obj)
{
	struct cal_zone *z = obj;

	xfree(z->moves);
	xfree(z->kind_of);
	xfree(z->kinds);
}

int cal_zone_parse(struct cal_zone **ret, sv name, sv tzif, struct err *e)
{
	struct cal_zone *z = obj_new(sizeof(*z), zone_free);

	(void)snprintf(z->name, sizeof(z->name), SV_FMT, SV_ARG(name));
	int rc = read_all(z, (struct bytes){ (const unsigned char *)tzif.p, tzif.n }, name, e);
	if (rc) {
		obj_unref(z);
		return rc;
	}
	*ret = z;
	return 0;
}

static bool name_ok(sv name)
{
	if (!name.n || name.n >= NAME_MAX_ || name.p[0] == '/' || sv_find(name, SV("..")) >= 0)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!((c | 32) >= 'a' && (c | 32) <= 'z') && !(c >= '0' && c <= '9') &&
		    !(c && strchr("/_+-", c)))
			return false;
	}
	return true;
}

int cal_zone_open(struct cal_zone **ret, sv name, struct err *e)
{
	const char *dir = getenv("TZDIR");
	char path[512];
	struct sb b;

	if (!name_ok(name))
		return err_set(e, ERR_INVAL,
			       "\"%.*s\" is no name of a time zone; write it like Asia/Shanghai",
			       (int)(name.n < 60 ? name.n : 60), name.n ? name.p : "");
	if (sv_eq(name, SV("UTC"))) {
		struct cal_zone *z = obj_new(sizeof(*z), zone_free);
		(void)snprintf(z->name, sizeof(z->name), "UTC");
		z->ruled = rule(z, SV("UTC0"));
		*ret = z;
		return 0;
	}
	(void)snprintf(path, sizeof(path), "%.400s/" SV_FMT,
		       dir && dir[0] ? dir : "/usr/share/zoneinfo", SV_ARG(name));
	sb_init(&b, ZONE_BYTES);
	int rc = file_read(path, ZONE_BYTES, &b, NULL);
	if (rc)
		rc = err_set(e, ERR_NOTFOUND,
			     "there is no time zone \"" SV_FMT "\" on this machine (%.200s); mend "
			     "the name, or install the package tzdata",
			     SV_ARG(name), path);
	else
		rc = cal_zone_parse(ret, name, sb_sv(&b), e);
	sb_done(&b);
	return rc;
}

const char *cal_zone_name(const struct cal_zone *z)
{
	return z->name;
}

/* ---- which stretch ---- */

struct stretch {
	const struct kind *kind;
	int64_t from_s, to_s;
};

static int year_of(int64_t s)
{
	struct cal_time t;

	cal_date(cal_div(s, 86400), &t);
	return t.year;
}

/* After the table: the last turn of the rule at or before s, and the next one. */
static void by_rule(const struct cal_zone *z, int64_t s, int64_t from_s, struct stretch *r)
{
	*r = (struct stretch){ &z->std, from_s, INT64_MAX };
	if (!z->twice)
		return;
	int year = year_of(s);
	int64_t last = INT64_MIN;
	for (int y = year - 1; y <= year + 1; y++) {
		int64_t at[2] = { turn_at(&z->to_dst, y, z->std.offset_s),
				  turn_at(&z->to_std, y, z->dst.offset_s) };
		for (int i = 0; i < 2; i++) {
			if (at[i] <= s && at[i] > last) {
				last = at[i];
				r->kind = i ? &z->std : &z->dst;
			} else if (at[i] > s && at[i] < r->to_s) {
				r->to_s = at[i];
			}
		}
	}
	r->from_s = last > from_s ? last : from_s;
}

static void find(const struct cal_zone *z, int64_t s, struct stretch *r)
{
	static const struct kind utc = { 0, false, "UTC" };
	size_t lo = 0, hi = z->n;

	while (lo < hi) {                /* the number of moves at or before s */
		size_t mid = (lo + hi) / 2;
		if (z->moves[mid] <= s)
			lo = mid + 1;
		else
			hi = mid;
	}
	int64_t from = lo ? z->moves[lo - 1] : INT64_MIN;
	if (lo == z->n && z->ruled) {
		by_rule(z, s, from, r);
		return;
	}
	r->kind = lo ? &z->kinds[z->kind_of[lo - 1]] : z->n_kinds ? &z->kinds[0] : &utc;
	r->from_s = from;
	r->to_s = lo < z->n ? z->moves[lo] : INT64_MAX;
}

/* The years 1..9999 are what can be asked for; outside the nearest of them answers. */
static int64_t clamped(int64_t ms)
{
	const int64_t lo = INT64_C(-62135596800000), hi = INT64_C(253402300799999);

	return ms < lo ? lo : ms > hi ? hi : ms;
}

int32_t cal_offset(const struct cal_zone *z, int64_t ms, int64_t *from_ms, int64_t *to_ms)
{
	struct stretch r;

	find(z, cal_div(clamped(ms), 1000), &r);
	*from_ms = r.from_s < INT64_MIN / 1000 ? INT64_MIN : r.from_s * 1000;
	*to_ms = r.to_s > INT64_MAX / 1000 ? INT64_MAX : r.to_s * 1000;
	return r.kind->offset_s;
}

void cal_local(const struct cal_zone *z, int64_t ms, struct cal_time *ret)
{
	struct stretch r;

	ms = clamped(ms);
	find(z, cal_div(ms, 1000), &r);
	int64_t local = ms + r.kind->offset_s * INT64_C(1000), day = cal_div(local, CAL_DAY);
	int64_t rest = local - day * CAL_DAY;
	memset(ret, 0, sizeof(*ret));
	cal_date(day, ret);
	ret->hour = (int)(rest / CAL_HOUR);
	ret->minute = (int)(rest / CAL_MINUTE % 60);
	ret->second = (int)(rest / 1000 % 60);
	ret->ms = (int)(rest % 1000);
	ret->offset_s = r.kind->offset_s;
	ret->dst = r.kind->dst;
	memcpy(ret->abbr, r.kind->abbr, sizeof(ret->abbr));
}

int64_t cal_instant(const struct cal_zone *z, const struct cal_time *t)
{
	int64_t local = clamped(cal_days(t->year, t->month, t->day) * CAL_DAY +
				t->hour * CAL_HOUR + t->minute * CAL_MINUTE + t->second * 1000 +
				t->ms);
	int64_t at = local - 2 * CAL_DAY, from, to;

	for (;;) {                       /* offsets are within 26 hours of UTC */
		int64_t utc = local - cal_offset(z, at, &from, &to) * INT64_C(1000);
		if (utc < from)
			return from;     /* left out: the clocks jumped over it */
		if (utc < to)
			return utc;
		at = to;
	}
}
