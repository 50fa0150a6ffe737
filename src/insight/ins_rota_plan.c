/* ins_rota_plan.c: from the forecast to named people: a plan for a day ahead, and the running
 * day anew.
 *
 * The need by slot is that of ins_forecast_json. A plan: shifts that cover it
 * (ins_roster_json), those that cover most first, given to people (ins_give). The running day:
 * ins_shift_replan on the kept roster, of a queue on those who serve it; a person who is in a
 * pause that cannot be moved counts as one more who is needed. Nothing is kept here. A reader's
 * thread. */
#include "ins_rota.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "clk.h"
#include "ins_shift.h"
#include "obj.h"

enum { HALF = 30, QUARTER = 15, HALVES = INS_DAY_MIN / HALF, QUARTERS = INS_DAY_MIN / QUARTER,
       FULL = 17, FULL_PAUSE = 1, FULL_MARGIN = 5, SHORT = 8, /* usual shifts, in half hours */
       EDGE = 4,                     /* quarters of work before and after a pause */
       AHEAD = 28, MOVES = 1000 };

/* ---- the need ---- */

struct need {
	int slots, period_min;
	int agents[QUARTERS], scheduled[QUARTERS];
	int first, last;             /* slots in which somebody is needed; last < first: none */
};

static int of_forecast(const jv *f, const char *zone, int64_t day, struct need *n)
{
	const jv *items = jv_get(f, "items");
	struct cal_zone *z = NULL;
	int rc = cal_zone_open(&z, sv_of(zone), NULL);
	for (size_t i = 0; rc == 0 && i < jv_len(items); i++) {
		const jv *o = jv_at(items, i);
		struct cal_time t;
		int64_t ms;
		if (clk_parse_rfc3339(jv_get_str(o, "ts"), &ms))
			continue;
		cal_local(z, ms, &t);
		int slot = (t.hour * 60 + t.minute) / n->period_min;
		if (cal_days(t.year, t.month, t.day) != day || slot >= n->slots)
			continue;
		n->agents[slot] = (int)jv_get_int(o, "agents", 0);
		n->scheduled[slot] = (int)jv_get_int(o, "scheduled", 0);
		if (n->scheduled[slot] <= 0)
			continue;
		n->first = slot < n->first ? slot : n->first;
		n->last = slot > n->last ? slot : n->last;
	}
	obj_unref(z);
	return rc;
}

static int64_t today_of(const struct ins_forecast_ask *a)
{
	struct cal_zone *z = NULL;
	struct cal_time t;
	if (cal_zone_open(&z, sv_of(a->zone), NULL))
		return 0;
	cal_local(z, a->now_ms, &t);
	obj_unref(z);
	return cal_days(t.year, t.month, t.day);
}

static int need_of(struct store_db *db, struct ins_propose *q, int period_min, struct need *n,
		   struct err *e)
{
	struct sb text;
	int64_t ahead = q->day - today_of(&q->ask);
	*n = (struct need){ .slots = INS_DAY_MIN / period_min, .period_min = period_min,
			    .first = QUARTERS, .last = -1 };
	if (ahead < 0 || ahead >= AHEAD)
		return err_set(e, ERR_RANGE, "A plan is made for today or one of the next %d days.",
			       AHEAD - 1);
	q->ask.period_min = period_min;
	q->ask.days = (int)ahead + 1;
	sb_init(&text, LIM_JSON_BYTES);
	int rc = ins_forecast_json(db, &q->ask, &text, e);
	jv *f = rc ? NULL : jv_parse(sb_sv(&text), e);
	sb_done(&text);
	if (rc == 0)
		rc = f ? of_forecast(f, q->ask.zone, q->day, n) : ERR_FAIL;
	jv_free(f);
	if (rc == 0 && n->last < n->first)
		rc = err_set(e, ERR_NOTFOUND, "Nobody is needed that day: it is closed, or nothing "
			     "is expected.");
	return rc;
}

static void put_need(const struct need *n, struct sb *out)
{
	bool first = true;
	sb_cstr(out, ",\"need\":[");
	for (int t = n->first; t <= n->last; t++, first = false)
		sb_fmt(out, "%s{\"from_min\":%d,\"agents\":%d,\"scheduled\":%d}", first ? "" : ",",
		       t * n->period_min, n->agents[t], n->scheduled[t]);
	sb_ch(out, ']');
}

static void put_day(int64_t day, struct sb *out)
{
	struct cal_time t;
	cal_date(day, &t);
	sb_fmt(out, "{\"day\":\"%04d-%02d-%02d\"", t.year, t.month, t.day);
}

/* ---- a day ahead ---- */

/* Those that fit the hours in which somebody is needed, or begin with them. */
static jv *usual(const struct need *n)
{
	static const int len[] = { FULL, SHORT };
	jv *list = jv_arr();
	for (int i = 0; i < 2; i++) {
		int most = HALVES - len[i], first = n->first < most ? n->first : most;
		int last = n->last + 1 - len[i];
		jv *o = jv_obj();
		jv_set_str(o, "name", i ? SV("short") : SV("full"));
		jv_set_int(o, "length", len[i]);
		jv_set_int(o, "first", first);
		jv_set_int(o, "last", last < first ? first : last);
		jv_set_int(o, "pause", i ? 0 : FULL_PAUSE);
		jv_set_int(o, "margin", FULL_MARGIN);
		jv_push(list, o);
	}
	return list;
}

static int solve(const struct need *n, const jv *shifts, jv **ret, struct err *e)
{
	jv *body = jv_obj(), *need = jv_arr();
	for (int t = 0; t < n->slots; t++)
		jv_push(need, jv_int(n->scheduled[t]));
	jv_set(body, "need", need);
	jv_set(body, "shifts", shifts ? jv_copy(shifts) : usual(n));
	int rc = ins_roster_json(body, ret, e);
	jv_free(body);
	return rc;
}

struct kind { int from, to, pause_from, pause_to, left; };

static bool works(const struct kind *k, int t)
{
	return t >= k->from && t < k->to && !(t >= k->pause_from && t < k->pause_to);
}

/* The shift that covers most of what lacks still. */
static int best_kind(const struct kind *k, size_t n, const struct need *need, const int *cover)
{
	int best = -1, most = -1;
	for (size_t i = 0; i < n; i++) {
		int gain = 0;
		for (int t = k[i].from; k[i].left && t < k[i].to; t++)
			gain += works(&k[i], t) && need->scheduled[t] > cover[t];
		if (k[i].left && gain > most) {
			most = gain;
			best = (int)i;
		}
	}
	return best;
}

static size_t expand(const jv *roster, const struct need *need, ins_stints *ret)
{
	const jv *list = jv_get(roster, "roster");
	size_t n = jv_len(list);
	int cover[HALVES] = { 0 }, at;
	struct kind *k = xalloc((n + 1) * sizeof(*k));
	for (size_t i = 0; i < n; i++) {
		const jv *o = jv_at(list, i);
		k[i] = (struct kind){ (int)jv_get_int(o, "from", 0), (int)jv_get_int(o, "to", 0),
				      (int)jv_get_int(o, "pause_from", 0),
				      (int)jv_get_int(o, "pause_to", 0),
				      (int)jv_get_int(o, "count", 0) };
	}
	while ((at = best_kind(k, n, need, cover)) >= 0) {
		struct ins_stint *s = VEC_PUSH(ret, INS_STINTS);
		if (!s)
			break;
		k[at].left--;
		for (int t = k[at].from; t < k[at].to; t++)
			cover[t] += works(&k[at], t);
		s->at = (struct ins_span){ k[at].from * HALF, k[at].to * HALF };
		s->pauses = k[at].pause_to > 0;
		s->pause[0] = (struct ins_span){ k[at].pause_from * HALF, k[at].pause_to * HALF };
	}
	xfree(k);
	return ret->n;
}

/* ---- shifts that stand ---- */

static int among(const struct ins_propose *q, sv login)
{
	for (size_t i = 0; i < q->n; i++)
		if (sv_eq(q->login[i], login))
			return (int)i;
	return -1;
}

static bool has(const ins_stints *v, sv login)
{
	for (size_t i = 0; i < v->n; i++)
		if (sv_eq(sv_of(v->v[i].agent), login))
			return true;
	return false;
}

static int standing(struct store_db *db, const struct ins_propose *q, ins_stints *ret,
		    struct err *e)
{
	struct cfg_report faults = { 0 };
	int64_t version;
	if (!q->keep)
		return q->ask.queue.n ? ins_rota_day(db, q->day, false, &version, ret) : 0;
	jv *body = jv_obj();
	jv_set(body, "shifts", jv_copy(q->keep));
	int rc = ins_stints_read(body, ret, &faults);
	if (rc && faults.n)
		rc = err_set(e, rc, "keep: %s", faults.v[0].what);
	cfg_report_done(&faults);
	jv_free(body);
	return rc;
}

static bool all_half(const struct ins_stint *s, int t)
{
	int from = t * HALF, to = from + HALF;
	bool in = s->at.from_min <= from && s->at.to_min >= to;
	for (int i = 0; i < s->pauses; i++)
		in = in && (s->pause[i].to_min <= from || s->pause[i].from_min >= to);
	return in;
}

/* What those of login leave of the need; a half hour counts when they work all of it. */
static void rest_of(const struct ins_propose *q, const ins_stints *stand, struct need *n)
{
	for (size_t i = 0; i < stand->n; i++)
		for (int t = 0; among(q, sv_of(stand->v[i].agent)) >= 0 && t < n->slots; t++)
			n->scheduled[t] -= n->scheduled[t] > 0 && all_half(&stand->v[i], t);
	n->first = QUARTERS;
	n->last = -1;
	for (int t = 0; t < n->slots; t++) {
		if (n->scheduled[t] <= 0)
			continue;
		n->first = t < n->first ? t : n->first;
		n->last = t;
	}
}

static int give(struct store_db *db, const struct ins_propose *q, const ins_stints *stand,
		ins_stints *v)
{
	struct ins_taker *p = xalloc((q->n + 1) * sizeof(*p));
	struct ins_post *post = xalloc((v->n + 1) * sizeof(*post));
	int *who = xalloc((v->n + 1) * sizeof(*who));
	for (size_t k = 0; k < q->n; k++)
		p[k].able = !has(stand, q->login[k]);
	int rc = ins_taker_load(db, q->day, q->login, q->n, p);
	for (size_t i = 0; i < v->n; i++)
		post[i] = (struct ins_post){ v->v[i].at.from_min, v->v[i].at.to_min,
					     ins_stint_work(&v->v[i]) };
	if (rc == 0)
		ins_give(post, v->n, p, q->n, who);
	for (size_t i = 0; rc == 0 && i < v->n; i++)
		if (who[i] >= 0)
			(void)snprintf(v->v[i].agent, sizeof(v->v[i].agent), SV_FMT,
				       SV_ARG(q->login[who[i]]));
	xfree(p);
	xfree(post);
	xfree(who);
	return rc;
}

static void put_stints(const ins_stints *v, const char *key, bool named, struct sb *out)
{
	bool first = true;
	sb_fmt(out, ",\"%s\":[", key);
	for (size_t i = 0; i < v->n; i++) {
		if ((v->v[i].agent[0] != 0) != named)
			continue;
		sb_cstr(out, first ? "" : ",");
		ins_stint_json(&v->v[i], out);
		first = false;
	}
	sb_ch(out, ']');
}

int ins_rota_propose(struct store_db *db, struct ins_propose *q, struct sb *out, struct err *e)
{
	struct need n, rest;
	ins_stints v = { 0 }, stand = { 0 };
	jv *roster = NULL;
	int rc = need_of(db, q, HALF, &n, e);
	if (rc == 0)
		rc = standing(db, q, &stand, e);
	rest = n;
	if (rc == 0)
		rest_of(q, &stand, &rest);
	if (rc == 0 && rest.last >= rest.first)
		rc = solve(&rest, q->shifts, &roster, e);
	if (rc == 0) {
		expand(roster, &rest, &v);
		rc = give(db, q, &stand, &v);
	}
	for (size_t i = 0; rc == 0 && i < stand.n; i++) {
		struct ins_stint *s = VEC_PUSH(&v, 2 * INS_STINTS);
		if (s)
			*s = stand.v[i];
	}
	if (rc == 0) {
		put_day(q->day, out);
		put_need(&n, out);
		put_stints(&v, "shifts", true, out);
		put_stints(&v, "open", false, out);
		sb_fmt(out, ",\"cost_min\":%lld,\"proven\":%s}",
		       (long long)jv_get_int(roster, "cost", 0) * HALF,
		       jv_get_bool(roster, "proven", !roster) ? "true" : "false");
	}
	jv_free(roster);
	VEC_FREE(&v);
	VEC_FREE(&stand);
	return rc ? rc : sb_err(out);
}

/* ---- the running day ---- */

/* What may be moved of a shift, and what of it stands. */
struct turn {
	size_t stint;
	int pause;                   /* the one that may be moved; -1 */
	bool last;                   /* their last of the day */
};

static void stands(const struct ins_span *p, int *need)
{
	for (int t = p->from_min / QUARTER; t * QUARTER < p->to_min && t < QUARTERS; t++)
		need[t]++;
}

static void pause_of(const struct ins_stint *s, const struct turn *x, struct ins_duty *d)
{
	const struct ins_span *p = &s->pause[x->pause];
	struct ins_shift *k = &d->shift;
	int after = k->length;
	k->pause_at = p->from_min / QUARTER - k->from;
	k->pause = (p->to_min + QUARTER - 1) / QUARTER - p->from_min / QUARTER;
	d->pause_first = EDGE < k->pause_at ? EDGE : k->pause_at;
	if (x->pause > 0) {
		int before = (s->pause[x->pause - 1].to_min + QUARTER - 1) / QUARTER - k->from + 1;
		d->pause_first = before > d->pause_first ? before : d->pause_first;
	}
	if (x->pause + 1 < s->pauses)
		after = s->pause[x->pause + 1].from_min / QUARTER - k->from;
	after -= k->pause + (x->pause + 1 < s->pauses ? 1 : EDGE);
	d->pause_last = after > k->pause_at ? after : k->pause_at;
}

static void duty_of(const struct ins_propose *q, const struct ins_stint *s,
		    const struct ins_taker *who, int now_min, struct turn *x, struct ins_duty *d,
		    int *need)
{
	int from = (s->at.from_min + QUARTER - 1) / QUARTER, to = s->at.to_min / QUARTER;
	int latest = who->latest < INS_DAY_MIN ? who->latest : INS_DAY_MIN;
	*d = (struct ins_duty){ .shift = { .from = from, .length = to - from } };
	x->pause = -1;
	for (int i = 0; i < s->pauses; i++)
		if (x->pause < 0 && s->pause[i].from_min >= now_min &&
		    s->pause[i].from_min / QUARTER > from)
			x->pause = i;
		else
			stands(&s->pause[i], need);
	if (x->pause >= 0)
		pause_of(s, x, d);
	if (!x->last || s->at.to_min <= now_min)
		return;
	d->longer_max = (latest - s->at.to_min < q->longer_max_min ? latest - s->at.to_min :
								     q->longer_max_min) / QUARTER;
	d->longer_max = d->longer_max < 0 ? 0 : d->longer_max;
	d->may_leave = q->leave && s->at.from_min <= now_min;
}

/* The shift as the moves leave it; what changed is told. */
static void take(struct ins_stint *s, const struct turn *x, const struct ins_duty *before,
		 const struct ins_duty *d, bool *first, struct sb *out)
{
	int end = (d->shift.from + d->shift.length) * QUARTER;
	bool pause = d->shift.pause_at != before->shift.pause_at;
	int by = d->shift.length - before->shift.length, n = 0;
	const char *word[2] = { pause ? "pause" : NULL,
				by > 0 ? "longer" : by < 0 ? "leave" : NULL };
	if (pause) {
		struct ins_span *p = &s->pause[x->pause];
		int len = p->to_min - p->from_min;
		p->from_min = (d->shift.from + d->shift.pause_at) * QUARTER;
		p->to_min = p->from_min + len;
	}
	s->at.to_min = by ? end : s->at.to_min;
	while (n < s->pauses && s->pause[n].to_min <= s->at.to_min)
		n++;
	s->pauses = n;               /* of who leaves before */
	for (int i = 0; i < 2; i++) {
		if (!word[i])
			continue;
		sb_fmt(out, "%s{\"move\":\"%s\",\"agent\":", *first ? "" : ",", word[i]);
		sb_json(out, sv_of(s->agent));
		sb_fmt(out, ",\"%s\":%d}", i ? "to_min" : "from_min",
		       i ? s->at.to_min : s->pause[x->pause].from_min);
		*first = false;
	}
}

struct again {
	struct ins_propose *q;
	ins_stints v;
	int64_t version;
	struct need need;
	struct turn *turn;
	struct ins_duty *duty, *before;
	size_t n;
	int want[QUARTERS], now_min;
};

static bool absent(const jv *list, sv login)
{
	for (size_t i = 0; i < jv_len(list); i++)
		if (sv_eq(jv_as_str(jv_at(list, i)), login))
			return true;
	return false;
}

static int duties(struct again *g, struct store_db *db)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < g->v.n; i++) {
		const struct ins_stint *s = &g->v.v[i];
		const sv login = sv_of(s->agent);
		struct ins_taker who = { .able = true };
		struct turn *x = &g->turn[g->n];
		int at = among(g->q, login);
		if (absent(g->q->absent, login) || (g->q->login && at < 0))
			continue;
		rc = ins_taker_load(db, g->q->day, &login, 1, &who);
		*x = (struct turn){ .stint = i, .last = i + 1 == g->v.n ||
				    strcmp(g->v.v[i + 1].agent, s->agent) != 0 };
		if (s->at.to_min / QUARTER <= (s->at.from_min + QUARTER - 1) / QUARTER)
			continue;
		duty_of(g->q, s, &who, g->now_min, x, &g->duty[g->n], g->want);
		if (at >= 0 && g->q->others && g->q->others[at])
			g->duty[g->n].may_leave = false;
		g->n++;
	}
	memcpy(g->before, g->duty, g->n * sizeof(*g->duty));
	return rc;
}

static void put_again(struct again *g, int lack, struct sb *out)
{
	bool first = true;
	put_day(g->q->day, out);
	sb_fmt(out, ",\"version\":%lld,\"short_min\":%d,\"moves\":[", (long long)g->version,
	       lack * QUARTER);
	for (size_t i = 0; i < g->n; i++)
		take(&g->v.v[g->turn[i].stint], &g->turn[i], &g->before[i], &g->duty[i], &first,
		     out);
	sb_ch(out, ']');
	put_need(&g->need, out);
	put_stints(&g->v, "shifts", true, out);
	sb_ch(out, '}');
}

static int replan(struct again *g, struct store_db *db, struct sb *out)
{
	struct ins_move *move = xalloc(MOVES * sizeof(*move));
	int lack = 0;
	g->turn = xalloc(g->v.n * sizeof(*g->turn));
	g->duty = xalloc(g->v.n * sizeof(*g->duty));
	g->before = xalloc(g->v.n * sizeof(*g->before));
	memcpy(g->want, g->need.scheduled, sizeof(g->want));
	int rc = duties(g, db);
	if (rc == 0) {
		ins_shift_replan(g->duty, g->n, g->want, QUARTERS,
				 (g->now_min + QUARTER - 1) / QUARTER, move, MOVES, &lack);
		put_again(g, lack, out);
	}
	xfree(move);
	xfree(g->turn);
	xfree(g->duty);
	xfree(g->before);
	return rc;
}

int ins_rota_replan(struct store_db *db, struct ins_propose *q, struct sb *out, struct err *e)
{
	struct again g = { .q = q };
	struct cal_zone *z = NULL;
	struct cal_time t;
	int rc = cal_zone_open(&z, sv_of(q->ask.zone), e);
	if (rc)
		return rc;
	cal_local(z, q->ask.now_ms, &t);
	obj_unref(z);
	g.now_min = t.hour * 60 + t.minute;
	if (q->day != cal_days(t.year, t.month, t.day))
		return err_set(e, ERR_RANGE, "Only the running day is planned anew.");
	rc = ins_rota_day(db, q->day, false, &g.version, &g.v);
	if (rc == 0 && !g.v.n)
		rc = err_set(e, ERR_NOTFOUND, "There is no plan of that day.");
	if (rc == 0)
		rc = need_of(db, q, QUARTER, &g.need, e);
	if (rc == 0)
		rc = replan(&g, db, out);
	VEC_FREE(&g.v);
	return rc ? rc : sb_err(out);
}
