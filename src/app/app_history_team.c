/* app_history_team.c: who serves in the made-up history: shifts by weekday, a lunch, one contact at
 * a time. Their states go into the rows as they change. */
#include "app_history_int.h"

#define MIN INT64_C(60000)
#define SHORT_MIN 300                /* shifts up to here have no lunch */
#define LUNCH_MIN 210                /* after the begin, or a little later */

static const struct {
	const char *login, *name;
	bool speaks[HIST_LANGS];     /* zh, en */
} people[HIST_PEOPLE] = {
	{ "mei", "Mei", { true, true } },  { "tom", "Tom", { false, true } },
	{ "xia", "Xia", { true, false } }, { "lin", "Lin", { true, true } },
	{ "qin", "Qin", { true, true } },
};
/* who: of people; days: bit 1 Monday .. bit 7 Sunday. */
static const struct {
	int who;
	unsigned days;
	int from_min, to_min;
} shifts[] = {
	{ 0, 0x3e, 480, 990 },  { 1, 0x3c, 570, 1080 }, { 1, 0x40, 480, 990 },
	{ 2, 0xce, 810, 1320 }, { 3, 0x3e, 600, 840 },	{ 4, 0x42, 570, 1080 },
	{ 4, 0x30, 810, 1320 }, { 4, 0x80, 480, 990 },
};

jv *hist_roster(int weekday)
{
	jv *o = jv_obj(), *list = jv_arr();
	for (size_t i = 0; i < sizeof(shifts) / sizeof(*shifts); i++) {
		jv *s = jv_obj(), *pauses = jv_arr(), *p = jv_obj();
		int at = shifts[i].from_min + LUNCH_MIN + 20;
		jv_set_int(p, "from_min", at);
		jv_set_int(p, "to_min", at + 30);
		if (shifts[i].to_min - shifts[i].from_min > SHORT_MIN)
			jv_push(pauses, p);
		else
			jv_free(p);
		jv_set_str(s, "agent", sv_of(people[shifts[i].who].login));
		jv_set_int(s, "from_min", shifts[i].from_min);
		jv_set_int(s, "to_min", shifts[i].to_min);
		jv_set(s, "pauses", pauses);
		if (shifts[i].days >> weekday & 1)
			jv_push(list, s);
		else
			jv_free(s);
	}
	jv_set(o, "shifts", list);
	return o;
}

const char *hist_login(int who)
{
	return people[who].login;
}

const char *hist_name(int who)
{
	return people[who].name;
}

/* What lies after the end did not happen: the state stays as it was. */
static void change(struct hist_day *d, struct hist_agent *g, int who, int64_t ts, const char *to,
		   const char *reason)
{
	if (ts > d->p->end_ms)
		return;
	jv *o = jv_obj();
	jv_set_str(o, "agent", sv_of(people[who].login));
	jv_set_str(o, "from", sv_of(g->state));
	jv_set_str(o, "to", sv_of(to));
	jv_set_str(o, "reason", sv_of(reason));
	jv_set_int(o, "ms", g->since ? ts - g->since : 0);
	hist_row(d, -1, ts, "agent.state", people[who].login, o);
	g->state = to;
	g->since = ts;
}

void hist_team_open(struct hist_team *t, struct hist_day *d)
{
	struct cal_time on = { 0 };
	cal_date(d->day, &on);
	for (int i = 0; i < HIST_PEOPLE; i++)
		t->v[i] = (struct hist_agent){ .state = "offline" };
	for (size_t i = 0; i < sizeof(shifts) / sizeof(*shifts); i++) {
		struct hist_agent *g = &t->v[shifts[i].who];
		if (!(shifts[i].days >> on.weekday & 1))
			continue;
		g->from = hist_at(d, shifts[i].from_min) +
			  (int64_t)(rng_normal(&d->rng) * 3 * 60000);
		g->to = hist_at(d, shifts[i].to_min);
		g->lunched = shifts[i].to_min - shifts[i].from_min <= SHORT_MIN;
		g->lunch = g->from + LUNCH_MIN * MIN + (int64_t)rng_below(&d->rng, 40) * MIN;
		g->free = g->from;
		change(d, g, shifts[i].who, g->from, "ready", "");
	}
}

static void lunch(struct hist_team *t, struct hist_day *d, int who)
{
	struct hist_agent *g = &t->v[who];
	int64_t at = g->free > g->lunch ? g->free : g->lunch;
	g->lunched = true;
	change(d, g, who, at, "paused", "lunch");
	g->free = at + 28 * MIN + (int64_t)rng_below(&d->rng, 6) * MIN;
	change(d, g, who, g->free, "ready", "");
}

/* Lunch is due, and somebody else is there: else it waits a while. Alone in the evening one does
 * without. */
static void perhaps_lunch(struct hist_team *t, struct hist_day *d, int who, int64_t ts)
{
	struct hist_agent *g = &t->v[who];
	bool other = false;
	if (!g->from || g->lunched || ts < g->lunch)
		return;
	for (int i = 0; i < HIST_PEOPLE; i++)
		other = other || (i != who && t->v[i].from && t->v[i].from <= ts &&
				  t->v[i].free <= ts + 5 * MIN && t->v[i].to > ts + 35 * MIN);
	if (other)
		lunch(t, d, who);
	else if (g->to < ts + 150 * MIN)
		g->lunched = true;   /* it fell through */
	else
		g->lunch = ts + 10 * MIN;
}

/* The one who is free first, of equals the one who has been longest. */
static int first_free(const struct hist_team *t, int64_t ts, int lang, bool any)
{
	int best = -1;
	for (int i = 0; i < HIST_PEOPLE; i++) {
		const struct hist_agent *g = &t->v[i];
		int64_t at = g->free > ts ? g->free : ts;
		if (!g->from || at + MIN > g->to || (!any && !people[i].speaks[lang]))
			continue;
		if (best < 0 || (g->free > ts ? g->free < t->v[best].free :
						t->v[best].free > ts || g->free < t->v[best].free))
			best = i;
	}
	return best;
}

int hist_team_find(struct hist_team *t, struct hist_day *d, int64_t ts, int lang, int64_t *ret)
{
	for (int i = 0; i < HIST_PEOPLE; i++)
		perhaps_lunch(t, d, i, ts);
	int who = first_free(t, ts, lang, false);
	who = who < 0 ? first_free(t, ts, lang, true) : who;
	if (who < 0)
		return -1;
	*ret = (t->v[who].free > ts ? t->v[who].free : ts) + 2000 +
	       (int64_t)rng_below(&d->rng, 9000);
	return who;
}

void hist_team_serve(struct hist_team *t, struct hist_day *d, int who, const int64_t at[3])
{
	struct hist_agent *g = &t->v[who];
	change(d, g, who, at[0], "talking", "");
	change(d, g, who, at[1], "wrapup", "");
	change(d, g, who, at[2], "ready", "");
	g->free = at[2];
}

/* Home at the end of the shift, or when the last one is served; who works at the end of it all
 * leaves then: the server was not there before. */
void hist_team_close(struct hist_team *t, struct hist_day *d)
{
	for (int i = 0; i < HIST_PEOPLE; i++) {
		struct hist_agent *g = &t->v[i];
		int64_t home = g->free > g->to ? g->free : g->to;
		if (!g->from)
			continue;
		if (!g->lunched && g->lunch < g->to)
			lunch(t, d, i);
		home = g->free > home ? g->free : home;
		home = home < d->p->end_ms ? home : d->p->end_ms;
		if (g->since)
			change(d, g, i, home, "offline", "");
	}
}
