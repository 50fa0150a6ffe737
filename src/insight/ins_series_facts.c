/* ins_series_facts.c: a series from the facts: a report by time, laid on the grid. The report
 * does the zone's days; an hour that comes twice is added up, of times the mean is taken. A
 * reader's thread. */
#include "ins_series.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "ins_report.h"
#include "obj.h"

enum { SLOTS_ASKED = 17000 };        /* rows of a report, below INS_GROUPS */

static void put_filter(jv *filters, const char *name, sv value)
{
	if (!value.n)
		return;
	jv *one = jv_arr();
	jv_push(one, jv_str(value));
	jv_set(filters, name, one);
}

static jv *list_of(const char *word)
{
	jv *a = jv_arr();
	jv_push(a, jv_str(sv_of(word)));
	return a;
}

static jv *question(const struct ins_facts_opts *o, int64_t today)
{
	static const struct { int min; const char *name; } step[] = { { 15, "15min" },
								      { 30, "30min" },
								      { 60, "hour" } };
	jv *q = jv_obj(), *filters = jv_obj();
	const int64_t date[2] = { today - o->days + 1, today + 1 };
	const char *name = NULL;
	for (size_t i = 0; i < sizeof(step) / sizeof(*step); i++)
		if (step[i].min == o->period_min)
			name = step[i].name;
	jv_set(q, "metrics", list_of(o->metric));
	jv_set(q, "rows", list_of("time"));
	if (name)
		jv_set_str(q, "interval", sv_of(name));
	jv_set_str(q, "zone", sv_of(o->zone));
	jv_set_int(q, "limit", SLOTS_ASKED + 500);
	for (int i = 0; i < 2; i++) {
		struct cal_time t = { 0 };
		char text[40];
		cal_date(date[i], &t);
		(void)snprintf(text, sizeof(text), "%04d-%02d-%02d", t.year, t.month, t.day);
		jv_set_str(q, i ? "to" : "from", sv_of(text));
	}
	put_filter(filters, "queue", o->queue);
	put_filter(filters, "channel", o->channel);
	jv_set(q, "filters", filters);
	return q;
}

/* "2026-11-02T09:30:00+08:00" to day and slot. */
static bool place(const struct ins_series *s, sv key, size_t *day, int *slot)
{
	int64_t y, mo, d, h, mi;
	if (sv_i64(sv_slice(key, 0, 4), &y) || sv_i64(sv_slice(key, 5, 7), &mo) ||
	    sv_i64(sv_slice(key, 8, 10), &d) || sv_i64(sv_slice(key, 11, 13), &h) ||
	    sv_i64(sv_slice(key, 14, 16), &mi))
		return false;
	int64_t at = cal_days((int)y, (int)mo, (int)d) - s->first;
	*day = (size_t)at;
	*slot = (int)(h * 60 + mi) / s->period_min;
	return at >= 0 && at < (int64_t)s->days && *slot < s->slots;
}

static size_t fill(struct ins_series *s, const struct ins_table *t, bool count)
{
	size_t n = 0;
	for (size_t r = 0; r < ins_table_rows(t); r++) {
		double v;
		size_t day;
		int slot;
		if (!ins_table_value(t, r, 0, &v) || !place(s, ins_table_key(t, r, 0), &day, &slot))
			continue;
		double *at = &s->v[day * (size_t)s->slots + (size_t)slot];
		*at = isnan(*at) ? v : count ? *at + v : (*at + v) / 2;
		n += v > 0;
	}
	return n;
}

bool ins_day_open(const struct cal *hours, const struct cal_zone *z, int64_t date)
{
	struct cal_time t = { 0 };
	cal_date(date, &t);
	int64_t from = cal_instant(z, &t);
	cal_date(date + 1, &t);
	return cal_between(hours, from, cal_instant(z, &t)) > 0;
}

/* Slots that are seldom used count as well, as on a line that is open by night. */
static void bounds(struct ins_series *s)
{
	size_t used[INS_SLOTS_MAX] = { 0 }, most = 0;
	for (size_t i = 0; i < s->days * (size_t)s->slots; i++)
		used[i % (size_t)s->slots] += s->v[i] > 0;
	for (int t = 0; t < s->slots; t++)
		most = used[t] > most ? used[t] : most;
	s->lo = 0;
	s->hi = s->slots;
	while (s->hi > s->lo && !(used[s->hi - 1] * 10 > most || (used[s->hi - 1] > 2 &&
		used[s->hi - 1] * 50 > most)))
		s->hi--;
	while (s->lo < s->hi && !(used[s->lo] * 10 > most || (used[s->lo] > 2 &&
		used[s->lo] * 50 > most)))
		s->lo++;
}

/* And those of the hours, in the week from today on. */
static void bounds_of_hours(struct ins_series *s, const struct cal *hours, const struct cal_zone *z)
{
	for (int64_t d = 0; d < 7; d++)
		for (int t = 0; t < s->slots; t++) {
			struct cal_time at = { 0 };
			cal_date(s->first + (int64_t)s->days - 1 + d, &at);
			at.hour = t * s->period_min / 60;
			at.minute = t * s->period_min % 60;
			if (!cal_open(hours, cal_instant(z, &at)))
				continue;
			s->lo = t < s->lo ? t : s->lo;
			s->hi = t >= s->hi ? t + 1 : s->hi;
		}
}

/* Days on which there was work, and where there is little of it the others of such a weekday. */
static void days_at_work(const struct ins_series *s, uint8_t *open)
{
	size_t dates[7] = { 0 }, with[7] = { 0 };
	for (size_t d = 0; d < s->days; d++) {
		open[d] = ins_series_open(s, d);
		dates[(s->first + (int64_t)d) % 7]++;
		with[(s->first + (int64_t)d) % 7] += open[d];
	}
	bool few = ins_series_rare(s);
	for (size_t d = 0; few && d < s->days; d++) {
		int64_t w = (s->first + (int64_t)d) % 7;
		open[d] |= with[w] * 20 >= dates[w];
	}
}

/* Nothing came where something might have: that is a count too. Today up to `seen`; before the
 * first number nothing is known. */
static void zeros(struct ins_series *s, int seen, const uint8_t *open)
{
	bool begun = false;
	for (size_t d = 0; d < s->days; d++) {
		bool today = d + 1 == s->days;
		begun |= ins_series_open(s, d);
		if (!today && (!begun || !open[d]))
			continue;
		for (int t = s->lo; t < s->hi && (!today || t < seen); t++)
			if (isnan(ins_series_at(s, d, t)))
				s->v[d * (size_t)s->slots + (size_t)t] = 0;
	}
}

static int ask(struct ins_series *s, struct store_db *db, const struct ins_facts_opts *o,
	       int64_t today, struct err *e)
{
	const struct ins_ask_opts io = { .now_ms = o->now_ms, .zone = o->zone };
	struct ins_ask *a = NULL;
	struct ins_table *t = NULL;
	jv *q = question(o, today);
	int rc = ins_ask_new(&a, q, &io, e);
	if (rc == 0)
		rc = ins_table_new(&t, db, a, e);
	bool count = rc == 0 && ins_metric_unit(ins_table_metric(t, 0)) == INS_COUNT;
	if (rc == 0 && !fill(s, t, count))
		rc = err_set(e, ERR_NOTFOUND, "there is nothing to forecast from yet");
	ins_table_free(t);
	ins_ask_free(a);
	jv_free(q);
	return rc ? rc : count;
}

/* A busy queue without a number was closed (or nothing was written down). A rare one was open when
 * its hours say so, else when the company was at work. */
static void fill_up(struct ins_series *s, int seen, struct store_db *db,
		    const struct ins_facts_opts *o, const struct cal_zone *z)
{
	uint8_t *open = xalloc(s->days + 1);
	struct ins_facts_opts all = *o;
	struct ins_series *company = NULL;
	bool few = ins_series_rare(s);
	bounds(s);
	if (o->hours)
		bounds_of_hours(s, o->hours, z);
	all.queue = all.channel = SV("");
	all.period_min = 60;
	if (few && !o->hours && (o->queue.n || o->channel.n)) {
		company = ins_series_new(s->first, s->days, 60);
		if (ask(company, db, &all, s->first + (int64_t)s->days - 1, NULL) < 0)
			company = obj_unref(company);
		else
			ins_series_bounds(company);
	}
	if (few)
		days_at_work(company ? company : s, open);
	for (size_t d = 0; d < s->days; d++)
		open[d] = ins_series_open(s, d) ||
			  (few && o->hours ? ins_day_open(o->hours, z, s->first + (int64_t)d) :
						 open[d]);
	zeros(s, seen, open);
	obj_unref(company);
	xfree(open);
}

int ins_series_facts(struct ins_series **ret, int *seen, struct store_db *db,
		     const struct ins_facts_opts *o, struct err *e)
{
	struct cal_zone *z = NULL;
	struct cal_time now;
	struct ins_facts_opts my = *o;
	if (o->period_min != 15 && o->period_min != 30 && o->period_min != 60)
		return err_set(e, ERR_INVAL, "period is 15, 30 or 60 minutes");
	int rc = cal_zone_open(&z, sv_of(o->zone), e);
	if (rc)
		return rc;
	cal_local(z, o->now_ms, &now);
	int64_t today = cal_days(now.year, now.month, now.day);
	int most = SLOTS_ASKED / (1440 / o->period_min);
	my.days = my.days < 1 ? 1 : my.days > most ? most : my.days;
	struct ins_series *s = ins_series_new(today - my.days + 1, (size_t)my.days, o->period_min);
	*seen = (now.hour * 60 + now.minute) / o->period_min;
	rc = ask(s, db, &my, today, e);
	if (rc < 0) {
		obj_unref(z);
		obj_unref(s);
		return rc;
	}
	for (int t = *seen; t < s->slots; t++)       /* what has only begun is not known */
		s->v[(s->days - 1) * (size_t)s->slots + (size_t)t] = NAN;
	ins_series_bounds(s);
	if (rc == 1)
		fill_up(s, *seen, db, &my, z);
	obj_unref(z);
	*ret = s;
	return 0;
}
