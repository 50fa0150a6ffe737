/* ins_csv.c: counts from CSV. First every line is read and judged, then the grid is filled; a line
 * that cannot be used is named, and nothing is put in its place. Pure. */
#include "ins_series.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "vec.h"

enum { LINES_MAX = 6000000, NO_OFFSET = INT32_MAX, DAY_S = 86400 };
#define FAR_S ((int64_t)(INS_DAYS_MAX / 2) * DAY_S)

struct point {
	int64_t local_s, utc_s;      /* of the wall clock; the moment, where an offset is there */
	double value;
	int line;
};

struct reader {
	const struct ins_csv_opts *o;
	struct ins_csv_report *rep;
	VEC(struct point) p;
	int column;                  /* from 0; time is column 0 */
	int32_t offset;              /* of the first line; NO_OFFSET: a wall clock */
	bool begun;
	int64_t period_s;
	double most;
};

__attribute__((format(printf, 3, 4)))
static void fault(struct reader *r, int line, const char *fmt, ...)
{
	size_t k = r->rep->faults++;
	if (k >= INS_CSV_NAMED)
		return;
	va_list ap;
	va_start(ap, fmt);
	r->rep->fault[k].line = line;
	vsnprintf(r->rep->fault[k].what, sizeof(r->rep->fault[k].what), fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 3, 4)))
static void note(struct reader *r, int line, const char *fmt, ...)
{
	size_t k = r->rep->notes++;
	if (k >= INS_CSV_NAMED)
		return;
	va_list ap;
	va_start(ap, fmt);
	r->rep->note[k].line = line;
	vsnprintf(r->rep->note[k].what, sizeof(r->rep->note[k].what), fmt, ap);
	va_end(ap);
}

static sv unquoted(sv s)
{
	s = sv_trim(s);
	return s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"' ? sv_slice(s, 1, s.n - 1) : s;
}

/* A quoted field may hold commas (RFC 4180), no ends of lines. */
static bool cut_field(sv *line, sv *head)
{
	size_t n = 0;
	while (n < line->n && line->p[n] == ' ')
		n++;
	bool quoted = n < line->n && line->p[n] == '"', in = quoted;
	for (n += quoted; n < line->n && (in || line->p[n] != ','); n++)
		in ^= quoted && line->p[n] == '"';
	if (!line->n || in)
		return false;
	*head = sv_slice(*line, 0, n);
	*line = sv_slice(*line, n < line->n ? n + 1 : n, line->n);
	return true;
}

static sv field(sv line, int k)
{
	sv head = SV_NULL;
	for (int i = 0; i <= k; i++)
		if (!cut_field(&line, &head))
			return SV_NULL;
	return unquoted(head);
}

/* ---- times ---- */

static bool number(sv s, size_t at, size_t n, int *ret)
{
	int v = 0;
	if (at + n > s.n)
		return false;
	for (size_t i = at; i < at + n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (s.p[i] - '0');
	}
	*ret = v;
	return true;
}

/* "", "Z", "+08:00", "+0800"; false: something else. */
static bool offset_of(sv s, int32_t *ret)
{
	int h, m;
	*ret = NO_OFFSET;
	if (!s.n)
		return true;
	if (sv_eq_nocase(s, SV("Z"))) {
		*ret = 0;
		return true;
	}
	size_t colon = s.n == 6 && s.p[3] == ':';
	if ((s.p[0] != '+' && s.p[0] != '-') || s.n != 5 + colon || !number(s, 1, 2, &h) ||
	    !number(s, 3 + colon, 2, &m) || h > 14 || m > 59)
		return false;
	*ret = (h * 60 + m) * (s.p[0] == '-' ? -60 : 60);
	return true;
}

/* The wall clock's reading as seconds; what follows it stays in *rest. */
static bool clock_of(sv s, int64_t *ret, sv *rest)
{
	int y, mo, d, h = 0, mi = 0, sec = 0;
	size_t at = 10;
	if (!number(s, 0, 4, &y) || !number(s, 5, 2, &mo) || !number(s, 8, 2, &d) ||
	    s.p[4] != '-' || s.p[7] != '-' || mo < 1 || mo > 12 || d < 1 || y < 1971 || y > 2200)
		return false;
	struct cal_time back = { 0 };
	cal_date(cal_days(y, mo, d), &back);
	if (back.day != d)
		return false;
	if (s.n > 10) {
		if ((s.p[10] != ' ' && s.p[10] != 'T') || !number(s, 11, 2, &h) ||
		    !number(s, 14, 2, &mi) || s.p[13] != ':' || h > 23 || mi > 59)
			return false;
		at = 16;
	}
	if (s.n > 16 && s.p[16] == ':') {
		if (!number(s, 17, 2, &sec) || sec > 59)
			return false;
		at = 19;
		while (at < s.n && at < 30 &&
		       (s.p[at] == '.' || (s.p[at] >= '0' && s.p[at] <= '9')))
			at++;
	}
	*ret = cal_days(y, mo, d) * DAY_S + h * 3600 + mi * 60 + sec;
	*rest = sv_slice(s, at, s.n);
	return true;
}

/* Does the zone's clock ever read this? */
static bool exists(const struct cal_zone *z, int64_t local_s)
{
	struct cal_time t = { 0 }, back;
	int64_t day = local_s / DAY_S, s = local_s % DAY_S;
	cal_date(day, &t);
	t.hour = (int)(s / 3600);
	t.minute = (int)(s / 60 % 60);
	t.second = (int)(s % 60);
	cal_local(z, cal_instant(z, &t), &back);
	return back.hour == t.hour && back.minute == t.minute && back.day == t.day;
}

/* Sets the moment and, in a zone, the wall clock's reading there. false: named. */
static bool placed(struct reader *r, int line, int32_t offset, struct point *p)
{
	const struct cal_zone *z = r->o->zone;
	p->utc_s = offset == NO_OFFSET ? INT64_MIN : p->local_s - offset;
	if (z && offset == NO_OFFSET && !exists(z, p->local_s)) {
		fault(r, line, "the clocks of %s leave this time out", cal_zone_name(z));
		return false;
	}
	if (z && offset != NO_OFFSET) {
		int32_t there = cal_offset(z, p->utc_s * 1000, &(int64_t){ 0 }, &(int64_t){ 0 });
		if (offset && offset != there) {
			fault(r, line, "the offset is not that of %s then (%+d min)",
			      cal_zone_name(z), (int)(there / 60));
			return false;
		}
		p->local_s = p->utc_s + there;
	} else if (offset != NO_OFFSET && offset != r->offset) {
		fault(r, line, "another offset than the first line's; name the zone (--zone)");
		return false;
	}
	return true;
}

static bool take_time(struct reader *r, int line, sv s, struct point *p)
{
	int32_t offset;
	sv rest;
	if (!clock_of(s, &p->local_s, &rest) || !offset_of(sv_trim(rest), &offset)) {
		fault(r, line, "\"%.*s\" is no time like 2026-11-02 09:30",
		      (int)(s.n < 40 ? s.n : 40), s.p ? s.p : "");
		return false;
	}
	if (!r->begun) {
		r->begun = true;
		r->offset = offset;
	}
	if ((offset == NO_OFFSET) != (r->offset == NO_OFFSET)) {
		fault(r, line, offset == NO_OFFSET ? "no offset, other than the first line" :
						     "an offset, other than the first line");
		return false;
	}
	return placed(r, line, offset, p);
}

/* ---- lines ---- */

static void take_line(struct reader *r, int line, sv text)
{
	struct point p = { .line = line };
	r->rep->lines++;
	if (!take_time(r, line, field(text, 0), &p))
		return;
	sv value = field(text, r->column);
	if (sv_f64(value, &p.value) || !isfinite(p.value)) {
		fault(r, line, "\"%.*s\" is no number", (int)(value.n < 40 ? value.n : 40),
		      value.p ? value.p : "");
		return;
	}
	if (p.value < 0) {
		fault(r, line, "%g is negative", p.value);
		return;
	}
	struct point *slot = VEC_PUSH(&r->p, LINES_MAX);
	if (slot)
		*slot = p;
	else
		fault(r, line, "more than %d lines", (int)LINES_MAX);
}

static int header(struct reader *r, sv line, struct err *e)
{
	r->column = 1;
	for (int k = 1; r->o->column; k++) {
		sv name = field(line, k);
		if (!name.p)
			return err_set(e, ERR_INVAL, "there is no column \"%s\"", r->o->column);
		if (sv_eq_nocase(name, sv_of(r->o->column))) {
			r->column = k;
			break;
		}
	}
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct point *x = a, *y = b;
	if (x->local_s != y->local_s)
		return x->local_s < y->local_s ? -1 : 1;
	if (x->utc_s != y->utc_s)
		return x->utc_s < y->utc_s ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

/* The step that most neighbours lie apart; 0: no two lines. */
static int64_t rhythm(const struct reader *r)
{
	static const int minutes[] = { 1, 2, 3, 5, 6, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720,
				       1440 };
	size_t best = 0, count[sizeof(minutes) / sizeof(*minutes)] = { 0 };
	for (size_t i = 1; i < r->p.n; i++)
		for (size_t k = 0; k < sizeof(minutes) / sizeof(*minutes); k++)
			count[k] += r->p.v[i].local_s - r->p.v[i - 1].local_s == minutes[k] * 60;
	for (size_t k = 0; k < sizeof(minutes) / sizeof(*minutes); k++)
		best = count[k] > count[best] ? k : best;
	return count[best] ? minutes[best] * 60 : 0;
}

/* A hundred times the value that one in a hundred exceeds. */
static double bound_of(const struct reader *r)
{
	double *v = xalloc((r->p.n + 1) * sizeof(*v)), top;
	for (size_t i = 0; i < r->p.n; i++)
		v[i] = r->p.v[i].value;
	qsort(v, r->p.n, sizeof(*v), by_value);
	top = r->p.n >= 20 ? v[r->p.n - 1 - r->p.n / 100 - 1] : 1e9;
	xfree(v);
	return 100 * (top > 10 ? top : 10);
}

/* A time on the rhythm: one that the next follows by a period. */
static int64_t beat_of(const struct reader *r)
{
	for (size_t i = 1; i < r->p.n; i++)
		if (r->p.v[i].local_s - r->p.v[i - 1].local_s == r->period_s)
			return r->p.v[i].local_s;
	return r->p.v[0].local_s;
}

/* Takes doubles, strays and absurd values out of the sorted points. */
static void judge(struct reader *r)
{
	size_t n = 0;
	int64_t mid = r->p.v[r->p.n / 2].local_s, beat = beat_of(r);
	for (size_t i = 0; i < r->p.n; i++) {
		struct point p = r->p.v[i], *last = n ? &r->p.v[n - 1] : NULL;
		if (p.local_s > mid + FAR_S || p.local_s < mid - FAR_S)
			fault(r, p.line, "years away from the other lines");
		else if (p.value > r->most)
			fault(r, p.line, "%g is over a hundred times what is usual", p.value);
		else if ((p.local_s - beat) % r->period_s)
			fault(r, p.line, "not on the file's rhythm of %d minutes",
			      (int)(r->period_s / 60));
		else if (last && last->local_s == p.local_s && last->utc_s == p.utc_s)
			fault(r, p.line, "the time of line %d again", last->line);
		else if (last && last->local_s == p.local_s) {
			note(r, p.line, "the clocks go back: with line %d, the mean is used",
			     last->line);
			last->value = (last->value + p.value) / 2;
		} else
			r->p.v[n++] = p;
	}
	for (size_t i = 1; i < n; i++) {
		int64_t gap = r->p.v[i].local_s - r->p.v[i - 1].local_s;
		int days = (int)(r->p.v[i].local_s / DAY_S - r->p.v[i - 1].local_s / DAY_S) - 1;
		if (gap > r->period_s && gap < DAY_S / 4)
			note(r, r->p.v[i].line, "%d slots are missing before it",
			     (int)(gap / r->period_s - 1));
		else if (days > 0)
			note(r, r->p.v[i].line, "%d days are missing before it", days);
	}
	r->p.n = n;
}

/* ---- the grid ---- */

static struct ins_series *grid(struct reader *r, int period_min)
{
	int64_t first = r->p.v[0].local_s / DAY_S, last = r->p.v[r->p.n - 1].local_s / DAY_S;
	struct ins_series *s = ins_series_new(first, (size_t)(last - first + 1), period_min);
	if (!s)
		return NULL;
	size_t all = s->days * (size_t)s->slots;
	int parts = (int)(period_min * 60 / r->period_s), *seen = xalloc(all * sizeof(*seen));
	for (size_t i = 0; i < r->p.n; i++) {
		size_t k = (size_t)((r->p.v[i].local_s - first * DAY_S) / (period_min * 60));
		s->v[k] = seen[k]++ ? s->v[k] + r->p.v[i].value : r->p.v[i].value;
	}
	for (size_t k = 0; k < all; k++)
		if (r->o->mean && seen[k])
			s->v[k] /= seen[k];
		else if (seen[k] < parts)
			s->v[k] = NAN;   /* a part is missing: the sum is not known */
	xfree(seen);
	ins_series_bounds(s);
	r->rep->used = r->p.n;
	return s;
}

static int build(struct reader *r, struct ins_series **ret, struct err *e)
{
	int period = r->o->period_min;
	if (r->p.n)
		qsort(r->p.v, r->p.n, sizeof(*r->p.v), by_time);
	r->period_s = r->p.n ? rhythm(r) : 0;
	if (!r->period_s && !r->rep->faults)
		return err_set(e, ERR_PARSE, "there are no two lines one interval apart");
	if (r->period_s) {
		r->most = bound_of(r);
		judge(r);
	}
	if (r->rep->faults && (!r->o->skip || !r->period_s))
		return err_set(e, ERR_PARSE, "line %d: %s (%zu lines of %zu cannot be used)",
			       r->rep->fault[0].line, r->rep->fault[0].what, r->rep->faults,
			       r->rep->lines);
	r->rep->file_period_min = (int)(r->period_s / 60);
	if (!period)
		period = r->rep->file_period_min;
	if (period * 60 % r->period_s || period < 1 || 1440 % period)
		return err_set(e, ERR_INVAL, "a period of %d minutes does not fit a file of %d "
			       "minutes and a day", period, r->rep->file_period_min);
	*ret = grid(r, period);
	return *ret ? 0 : err_set(e, ERR_INVAL, "the file spans more than %d days",
				  (int)INS_DAYS_MAX);
}

int ins_series_read(struct ins_series **ret, sv text, const struct ins_csv_opts *o,
		    struct ins_csv_report *rep, struct err *e)
{
	struct reader r = { .o = o, .rep = rep, .offset = NO_OFFSET };
	struct ins_series *s = NULL;
	sv line, rest;
	int number = 1, rc;
	int64_t at;
	*rep = (struct ins_csv_report){ 0 };
	if (sv_starts(text, SV("\xef\xbb\xbf")))
		text = sv_slice(text, 3, text.n);
	if (!sv_line(&text, &line))
		return err_set(e, ERR_PARSE, "the file is empty");
	rc = header(&r, line, e);
	if (rc == 0 && clock_of(field(line, 0), &at, &rest))
		take_line(&r, number, line);
	while (rc == 0 && sv_line(&text, &line)) {
		number++;
		if (sv_trim(line).n)
			take_line(&r, number, line);
	}
	if (rc == 0)
		rc = build(&r, &s, e);
	VEC_FREE(&r.p);
	if (rc == 0)
		*ret = s;
	return rc;
}
