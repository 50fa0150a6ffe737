/* ins_cast_day.c: what the calendar says about days: open or closed, events, and the row of facts
 * that the level is regressed on. A fact of a day is known before the day comes. Pure. */
#include "ins_cast_int.h"

#include <math.h>
#include <stdio.h>

#include "arena.h"
#include "clk.h"

/* ---- plans ---- */

/* Days since 1970 to Monday 0 .. Sunday 6. */
static int weekday_of(int64_t date)
{
	return (int)(((date + 3) % 7 + 7) % 7);
}

/* Is this weekday usually open? Of its dates among the last eight weeks before `until`, from the
 * first open day on: who began a month ago was not closed before that. */
static bool usually(const uint8_t *open, int64_t first, size_t until, int weekday)
{
	int dates = 0, with = 0;
	size_t from = until > 56 ? until - 56 : 0;
	while (from < until && !open[from])
		from++;
	for (size_t d = from; d < until; d++)
		if (weekday_of(first + (int64_t)d) == weekday) {
			dates++;
			with += open[d];
		}
	return with * 2 > dates;
}

struct ins_plan *ins_plan_new(const struct ins_series *s, size_t ahead)
{
	struct ins_plan *p = xalloc(sizeof(*p));
	bool week[7];
	p->days = s->days + ahead;
	p->open = xalloc(p->days + 1);
	p->event = xalloc(p->days + 1);
	for (size_t d = 0; d < s->days; d++)
		p->open[d] = ins_series_open(s, d);
	for (int w = 0; w < 7; w++)
		week[w] = usually(p->open, s->first, s->days, w);
	for (size_t d = s->days; d < p->days; d++)
		p->open[d] = week[weekday_of(s->first + (int64_t)d)];
	return p;
}

void ins_plan_today(struct ins_plan *p, const struct ins_series *s)
{
	size_t today = s->days - 1;
	bool came = false;
	for (int t = 0; t < s->slots; t++)
		came |= ins_series_at(s, today, t) > 0;
	p->open[today] = came || usually(p->open, s->first, today,
					 weekday_of(s->first + (int64_t)today));
}

void ins_plan_free(struct ins_plan *p)
{
	if (!p)
		return;
	xfree(p->open);
	xfree(p->event);
	xfree(p);
}

/* Number of an event by its name; -1: no room. */
static int event_of(struct ins_plan *p, sv name)
{
	for (int k = 0; k < p->events; k++)
		if (sv_eq_nocase(sv_of(p->name[k]), name))
			return k;
	if (p->events == INS_EVENTS)
		return -1;
	snprintf(p->name[p->events], sizeof(p->name[0]), SV_FMT, SV_ARG(name));
	return p->events++;
}

static int plan_line(struct ins_plan *p, int64_t first, sv line, int number, struct err *e)
{
	sv date, what = line;
	int64_t ms;
	(void)sv_cut(&what, ',', &date);
	date = sv_trim(date);
	what = sv_trim(what);
	if (date.n != 10 || clk_parse_rfc3339(date, &ms))
		return err_set(e, ERR_PARSE,
			       "calendar line %d: \"%.*s\" is no date like 2026-10-01", number,
			       (int)(date.n < 40 ? date.n : 40), date.p ? date.p : "");
	if (!what.n)
		what = SV("closed");
	if (what.n >= sizeof(p->name[0]))
		return err_set(e, ERR_PARSE,
			       "calendar line %d: the name of an event has at most 31 "
			       "bytes",
			       number);
	int64_t day = ms / 86400000 - first;
	bool here = day >= 0 && day < (int64_t)p->days;
	if (sv_eq_nocase(what, SV("closed")) || sv_eq_nocase(what, SV("open"))) {
		if (here)
			p->open[day] = sv_eq_nocase(what, SV("open"));
		return 0;
	}
	int k = event_of(p, what);
	if (k < 0)
		return err_set(e, ERR_PARSE, "calendar line %d: more than %d kinds of events",
			       number, (int)INS_EVENTS);
	if (here)
		p->event[day] |= (uint8_t)(1 << k);
	return 0;
}

int ins_plan_read(struct ins_plan *p, const struct ins_series *s, sv text, struct err *e)
{
	struct ins_plan old = *p;
	uint8_t *open = xalloc(p->days + 1), *event = xalloc(p->days + 1);
	sv line;
	int number = 0, rc = 0;
	memcpy(open, p->open, p->days);
	memcpy(event, p->event, p->days);
	while (rc == 0 && sv_line(&text, &line)) {
		number++;
		sv head = line;
		if (sv_cut(&line, '#', &head))
			head = sv_trim(head);
		if (head.n)
			rc = plan_line(p, s->first, head, number, e);
	}
	if (rc) {
		*p = old;
		memcpy(p->open, open, p->days);
		memcpy(p->event, event, p->days);
	}
	xfree(open);
	xfree(event);
	return rc;
}

/* ---- facts ---- */

struct week {
	bool open[7];
};

/* The last day before d whose weekday is usually open was closed: work has piled up. */
static bool after_closed(const struct ins_cast *c, const struct week *w, size_t d)
{
	while (d-- > 0)
		if (w->open[c->dow[d]])
			return !c->open[d];
	return false;
}

static bool first_of_month(const struct ins_cast *c, const struct week *w, size_t d, int dom)
{
	for (int k = 1; k < dom; k++) {
		size_t back = (size_t)k;
		bool open = back <= d ? c->open[d - back] : w->open[(c->dow[d] + 35 - k) % 7];
		if (open)
			return false;
	}
	return true;
}

static int month_days(int year, int month)
{
	return (int)(cal_days(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) -
		     cal_days(year, month, 1));
}

static bool last_of_month(const struct ins_cast *c, const struct week *w, size_t d, int left)
{
	for (int k = 1; k <= left; k++)
		if (w->open[(c->dow[d] + k) % 7])
			return false;
	return true;
}

static void waves(double *x, int *n, double turn, int count)
{
	for (int k = 1; k <= count; k++) {
		x[(*n)++] = cos(2 * M_PI * k * turn);
		x[(*n)++] = sin(2 * M_PI * k * turn);
	}
}

static int facts_of(const struct ins_cast *c, const struct week *w, const struct ins_series *s,
		    const struct ins_plan *p, size_t d, double *x)
{
	struct cal_time t = { 0 };
	int n = 0;
	cal_date(s->first + (int64_t)d, &t);
	x[n++] = 1;
	for (int k = 0; k < 7; k++)
		x[n++] = c->dow[d] == k;
	x[n++] = after_closed(c, w, d);
	x[n++] = first_of_month(c, w, d, t.day);
	x[n++] = last_of_month(c, w, d, month_days(t.year, t.month) - t.day);
	waves(x, &n, (t.day - 1) / 30.4, 2);
	if (c->until >= 730)
		waves(x, &n, (double)(s->first + (int64_t)d) / 365.2425, 2);
	for (int k = 0; k < p->events; k++)
		x[n++] = p->event[d] >> k & 1;
	return n;
}

void cast_facts(struct ins_cast *c, const struct ins_series *s, const struct ins_plan *p)
{
	struct week w = { 0 };
	size_t all = c->until + c->ahead;
	double row[CAST_FACTS];
	c->dow = xalloc(all + 1);
	c->open = xalloc(all + 1);
	for (size_t d = 0; d < all; d++) {
		c->dow[d] = (uint8_t)weekday_of(s->first + (int64_t)d);
		c->open[d] = d < p->days && p->open[d];
	}
	for (int k = 0; k < 7; k++)
		w.open[k] = usually(c->open, s->first, c->until, k);
	c->facts = facts_of(c, &w, s, p, 0, row);
	c->x = xalloc(all * (size_t)c->facts * sizeof(double));
	for (size_t d = 0; d < all; d++)
		(void)facts_of(c, &w, s, p, d, &c->x[d * (size_t)c->facts]);
}
