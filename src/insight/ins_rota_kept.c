/* ins_rota_kept.c: who kept to the roster of a day: the plan against the agents' states in the
 * river.
 *
 * A row agent.state says how long the state before lasted, so a state is known when it is over
 * (of before a stop of the server: when it began, too); the one that lasts is in
 * acd_agent_state. Minutes are those of the clock on the company's wall. A reader's thread;
 * ins_kept_of is pure. */
#include "ins_rota.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "clk.h"
#include "ins_shift.h"
#include "map.h"
#include "obj.h"

enum { OFF, WORK, PAUSE, PEOPLE = 5000,
       DOWN_DAYS = 7 };              /* how long the server may have been off, to be seen */

/* ---- pure ---- */

void ins_kept_of(const unsigned char *planned, const unsigned char *done, int until,
		 struct ins_kept *ret)
{
	struct ins_adherence a;
	int first = 0, last = INS_DAY_MIN - 1, came = 0, gone;
	unsigned char none[INS_DAY_MIN] = { 0 };
	until = until < 0 ? 0 : until < INS_DAY_MIN ? until : INS_DAY_MIN;
	ins_adherence(planned, done, until, &a);
	*ret = (struct ins_kept){ a.planned, a.kept, a.work_planned, a.work_done, a.late,
				  a.early,   0 };
	if (!a.planned || memcmp(done, none, (size_t)until) == 0)
		return;
	while (!planned[first])
		first++;
	while (!planned[last])
		last--;
	while (!done[came])
		came++;
	gone = until - 1;
	if (last < until)
		while (!done[gone])
			gone--;
	else
		ret->early = 0;              /* they may come back */
	for (int i = came > first ? came : first; i <= gone; i++)
		ret->away += planned[i] == WORK && done[i] != WORK;
}

/* ---- states of the river ---- */

struct person {
	char login[64];
	int is;                      /* now */
	unsigned char planned[INS_DAY_MIN], done[INS_DAY_MIN];
};
struct kept {
	const struct ins_rota_ask *q;
	struct map *people;          /* login -> struct person, owned */
	VEC(struct person *) list;   /* by login */
	int64_t at[INS_DAY_MIN + 1]; /* when the clock reads a minute; the next day's first */
	int until;
};

static int value_of(sv state)
{
	return sv_eq(state, SV("paused")) ? PAUSE :
	       sv_eq(state, SV("offline")) || !state.n ? OFF : WORK;
}

static int minute_of(const struct kept *k, int64_t ms)
{
	int lo = 0, hi = INS_DAY_MIN;
	while (lo < hi) {
		int mid = (lo + hi) / 2;
		if (k->at[mid] + CAL_MINUTE / 2 < ms)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Minutes whose middle lies in [a, b). */
static void paint(const struct kept *k, sv login, sv state, int64_t a, int64_t b)
{
	struct person *p = map_get(k->people, login);
	int v = value_of(state);
	if (!p || v == OFF || b <= a || b <= k->at[0])
		return;
	int from = minute_of(k, a), to = minute_of(k, b);
	if (to > from)
		memset(p->done + from, v, (size_t)(to - from));
}

static int past_states(const struct kept *k, struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT ts_ms, body FROM event WHERE kind='agent.state' AND ts_ms>=?1 "
			    "AND (ts_ms<?2 OR (ts_ms<?3 AND instr(body,'\"since_ms\"')>0)) "
			    "ORDER BY ts_ms, pos");
	if (rc)
		return rc;
	store_bind_int(q, 1, k->at[0]);
	store_bind_int(q, 2, k->at[INS_DAY_MIN] + CAL_DAY); /* the one that lasted over midnight */
	store_bind_int(q, 3, k->at[INS_DAY_MIN] + DOWN_DAYS * CAL_DAY);
	while ((rc = store_step(q)) == 1) {
		jv *o = jv_parse(store_col_sv(q, 1), NULL);
		int64_t ms = jv_get_int(o, "ms", 0);
		int64_t since = jv_get_int(o, "since_ms", store_col_int(q, 0) - ms);
		paint(k, jv_get_str(o, "agent"), jv_get_str(o, "from"), since, since + ms);
		jv_free(o);
	}
	store_reset(q);
	return rc;
}

static int states_now(const struct kept *k, struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT login, state, since_ms FROM acd_agent_state");
	if (rc)
		return rc;
	while ((rc = store_step(q)) == 1) {
		struct person *p = map_get(k->people, store_col_sv(q, 0));
		if (p)
			p->is = value_of(store_col_sv(q, 1));
		paint(k, store_col_sv(q, 0), store_col_sv(q, 1), store_col_int(q, 2),
		      k->q->now_ms);
	}
	store_reset(q);
	return rc;
}

/* ---- the plan ---- */

static struct person *person(struct kept *k, const char *login)
{
	struct person *p = map_get(k->people, sv_of(login)), **slot;
	if (p)
		return p;
	p = xalloc(sizeof(*p));
	(void)snprintf(p->login, sizeof(p->login), "%s", login);
	slot = map_put(k->people, sv_of(p->login), p) ? NULL : VEC_PUSH(&k->list, PEOPLE);
	if (!slot) {
		xfree(p);
		return NULL;
	}
	*slot = p;
	return p;
}

static void lay(struct kept *k, const ins_stints *v)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct ins_stint *s = &v->v[i];
		struct person *p = k->q->agent.n && !sv_eq(k->q->agent, sv_of(s->agent)) ? NULL :
				   person(k, s->agent);
		if (!p)
			continue;
		memset(p->planned + s->at.from_min, WORK, (size_t)(s->at.to_min - s->at.from_min));
		for (int j = 0; j < s->pauses; j++)
			memset(p->planned + s->pause[j].from_min, PAUSE,
			       (size_t)(s->pause[j].to_min - s->pause[j].from_min));
	}
}

static int clock_of(struct kept *k)
{
	struct cal_zone *z = NULL;
	struct cal_time t;
	int rc = cal_zone_open(&z, sv_of(k->q->zone), NULL);
	if (rc)
		return rc;
	for (int m = 0; m <= INS_DAY_MIN; m++) {
		cal_date(k->q->from + m / INS_DAY_MIN, &t);
		t.hour = m % INS_DAY_MIN / 60;
		t.minute = m % 60;
		t.second = t.ms = 0;
		k->at[m] = cal_instant(z, &t);
	}
	obj_unref(z);
	k->until = k->q->now_ms <= k->at[0] ? 0 : minute_of(k, k->q->now_ms);
	return 0;
}

/* ---- JSON ---- */

static const char *now_of(const struct kept *k, const struct person *p)
{
	unsigned char none[INS_DAY_MIN] = { 0 };
	int plan = p->planned[k->until];
	if (plan != WORK)
		return p->is == WORK ? "work" : plan == PAUSE || p->is == PAUSE ? "pause" : "off";
	if (p->is != OFF)
		return p->is == WORK ? "work" : "pause";
	return memcmp(p->done, none, (size_t)k->until) == 0 ? "late" : "away";
}

static void put_person(const struct kept *k, const struct person *p, struct sb *out)
{
	struct ins_kept x;
	ins_kept_of(p->planned, p->done, k->until, &x);
	sb_cstr(out, "{\"agent\":");
	sb_json(out, sv_of(p->login));
	if (k->until > 0 && k->until < INS_DAY_MIN)
		sb_fmt(out, ",\"now\":\"%s\",\"as_planned\":%s", now_of(k, p),
		       p->planned[k->until] == p->is ? "true" : "false");
	sb_fmt(out, ",\"planned_min\":%d,\"kept_min\":%d,\"work_planned_min\":%d,\"work_min\":%d,"
		    "\"late_min\":%d,\"early_min\":%d,\"away_min\":%d",
	       x.planned, x.kept, x.work_planned, x.work_done, x.late, x.early, x.away);
	if (x.planned)
		sb_fmt(out, ",\"adherence\":%.4f", (double)x.kept / x.planned);
	if (x.work_planned)
		sb_fmt(out, ",\"conformance\":%.4f", (double)x.work_done / x.work_planned);
	sb_ch(out, '}');
}

static void put_all(const struct kept *k, bool published, struct sb *out)
{
	struct cal_time t;
	cal_date(k->q->from, &t);
	sb_fmt(out, "{\"day\":\"%04d-%02d-%02d\",\"basis\":\"%s\",\"until_min\":%d,\"items\":[",
	       t.year, t.month, t.day, published ? "published" : "planned", k->until);
	for (size_t i = 0; i < k->list.n; i++) {
		sb_cstr(out, i ? "," : "");
		put_person(k, k->list.v[i], out);
	}
	sb_cstr(out, "],\"next\":null}");
}

int ins_rota_kept_json(struct store_db *db, const struct ins_rota_ask *q, struct sb *out)
{
	struct kept *k = xalloc(sizeof(*k));
	ins_stints v = { 0 };
	int64_t version = 0;
	bool published = true;
	k->q = q;
	k->people = map_new(PEOPLE);
	int rc = ins_rota_day(db, q->from, true, &version, &v);
	if (rc == 0 && !version && !q->agent.n) {
		published = false;
		rc = ins_rota_day(db, q->from, false, &version, &v);
	}
	if (rc == 0)
		rc = clock_of(k);
	lay(k, &v);
	if (rc == 0)
		rc = past_states(k, db);
	if (rc == 0)
		rc = states_now(k, db);
	if (rc == 0)
		put_all(k, published, out);
	for (size_t i = 0; i < k->list.n; i++)
		xfree(k->list.v[i]);
	VEC_FREE(&k->list);
	VEC_FREE(&v);
	map_free(k->people);
	xfree(k);
	return rc ? rc : sb_err(out);
}
