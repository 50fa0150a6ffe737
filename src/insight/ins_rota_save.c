/* ins_rota_save.c: rosters as rows. A change of a day replaces its planned rows and raises its
 * version; publishing replaces the published ones by them. Each is a row of the river with the
 * shifts in it. Writing on the scribe, reading on a reader. */
#include "ins_rota.h"

#include <stdio.h>
#include <string.h>

#include "clk.h"
#include "obj.h"

static const char *state_name(bool published)
{
	return published ? "published" : "planned";
}

/* ---- reading ---- */

/* "[[720,750]]" */
static void read_pauses(sv text, struct ins_stint *s)
{
	jv *list = jv_parse(text, NULL);
	for (size_t i = 0; i < jv_len(list) && i < INS_PAUSES; i++) {
		const jv *p = jv_at(list, i);
		s->pause[s->pauses++] = (struct ins_span){ (int)jv_as_int(jv_at(p, 0), 0),
							   (int)jv_as_int(jv_at(p, 1), 0) };
	}
	jv_free(list);
}

/* Columns agent, from_min, to_min, pauses. */
static void read_row(struct store_stmt *q, struct ins_stint *s)
{
	*s = (struct ins_stint){ .at = { (int)store_col_int(q, 1), (int)store_col_int(q, 2) } };
	(void)snprintf(s->agent, sizeof(s->agent), SV_FMT, SV_ARG(store_col_sv(q, 0)));
	read_pauses(store_col_sv(q, 3), s);
}

static int head(struct store_db *db, int64_t day, int64_t *version, int64_t *published)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT version, published FROM roster_day WHERE day=?1");
	*version = *published = 0;
	if (rc)
		return rc;
	store_bind_int(q, 1, day);
	rc = store_step(q);
	if (rc == 1) {
		*version = store_col_int(q, 0);
		*published = store_col_int(q, 1);
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

static int read_day(struct store_db *db, int64_t day, bool published, ins_stints *ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT agent, from_min, to_min, pauses FROM roster WHERE day=?1 AND "
			    "state=?2 ORDER BY agent, from_min");
	if (rc)
		return rc;
	store_bind_int(q, 1, day);
	store_bind_sv(q, 2, sv_of(state_name(published)));
	while ((rc = store_step(q)) == 1) {
		struct ins_stint *s = VEC_PUSH(ret, INS_STINTS);
		if (s)
			read_row(q, s);
	}
	store_reset(q);
	return rc;
}

int ins_rota_day(struct store_db *db, int64_t day, bool published, int64_t *version,
		 ins_stints *ret)
{
	int64_t plan, out;
	*ret = (ins_stints){ 0 };
	int rc = head(db, day, &plan, &out);
	*version = published ? out : plan;
	return rc || !*version ? rc : read_day(db, day, published, ret);
}

/* ---- writing ---- */

/* 1: they may have a shift; 0: there is no such user; 2: out of use, and not in the plan before. */
static int user_state(struct store_db *db, int64_t day, sv login)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT disabled, (SELECT count(*) FROM roster WHERE day=?2 AND "
			    "state='planned' AND agent=?1) FROM users WHERE login=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, login);
	store_bind_int(q, 2, day);
	rc = store_step(q);
	if (rc == 1 && store_col_int(q, 0) && !store_col_int(q, 1))
		rc = 2;
	store_reset(q);
	return rc;
}

static int check_users(struct store_db *db, const ins_stints *v, struct ins_rota_edit *x)
{
	for (size_t i = 0; i < v->n; i++) {
		const char *who = v->v[i].agent;
		int st = user_state(db, x->day, sv_of(who));
		struct cfg_issue *f = st == 0 || st == 2 ? VEC_PUSH(&x->faults, 100) : NULL;
		if (st < 0)
			return st;
		if (!f)
			continue;
		(void)snprintf(f->where, sizeof(f->where), "%s", who);
		(void)snprintf(f->what, sizeof(f->what), st ? "the user %s is disabled" :
			       "there is no user %s", who);
		(void)snprintf(f->mend, sizeof(f->mend),
			       "Take the shift out or give it to somebody "
			       "else.");
	}
	return x->faults.n ? ERR_INVAL : 0;
}

static int put_stint(struct store_db *db, int64_t day, const struct ins_stint *s)
{
	struct store_stmt *q;
	struct sb p;
	int rc = store_prep(db, &q,
			    "INSERT INTO roster (day, state, agent, from_min, to_min, work_min, "
			    "pauses) VALUES (?1,'planned',?2,?3,?4,?5,?6)");
	if (rc)
		return rc;
	sb_init(&p, 400);
	sb_ch(&p, '[');
	for (int i = 0; i < s->pauses; i++)
		sb_fmt(&p, "%s[%d,%d]", i ? "," : "", s->pause[i].from_min, s->pause[i].to_min);
	sb_ch(&p, ']');
	store_bind_int(q, 1, day);
	store_bind_sv(q, 2, sv_of(s->agent));
	store_bind_int(q, 3, s->at.from_min);
	store_bind_int(q, 4, s->at.to_min);
	store_bind_int(q, 5, ins_stint_work(s));
	store_bind_sv(q, 6, sb_sv(&p));
	sb_done(&p);
	return store_run(q);
}

static int empty(struct store_db *db, int64_t day, bool published)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "DELETE FROM roster WHERE day=?1 AND state=?2");
	if (rc)
		return rc;
	store_bind_int(q, 1, day);
	store_bind_sv(q, 2, sv_of(state_name(published)));
	return store_run(q);
}

static void put_date(struct sb *out, const char *key, int64_t day)
{
	struct cal_time t;
	cal_date(day, &t);
	sb_fmt(out, "\"%s\":\"%04d-%02d-%02d\"", key, t.year, t.month, t.day);
}

static int note(struct store_db *db, const struct ins_rota_edit *x, const ins_stints *v)
{
	struct sb body;
	char actor[80];
	sb_init(&body, LIM_SB);
	sb_ch(&body, '{');
	put_date(&body, "day", x->day);
	sb_fmt(&body, ",\"version\":%lld,\"shifts\":[", (long long)x->made);
	for (size_t i = 0; i < v->n; i++) {
		sb_cstr(&body, i ? "," : "");
		ins_stint_json(&v->v[i], &body);
	}
	sb_cstr(&body, "]}");
	(void)snprintf(actor, sizeof(actor), "user:" SV_FMT, SV_ARG(x->by));
	const struct store_event ev = { .ts_ms = x->now_ms,
					.kind = x->body ? SV("roster.planned") :
							  SV("roster.published"),
					.actor = sv_of(actor),
					.body = sb_sv(&body) };
	int rc = sb_err(&body) ? ERR_TOOBIG : store_event_put(db, &ev);
	sb_done(&body);
	return rc;
}

static int put_head(struct store_db *db, const struct ins_rota_edit *x)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "INSERT INTO roster_day (day, version, updated_ms, updated_by) VALUES "
			    "(?1,?2,?3,?4) ON CONFLICT (day) DO UPDATE SET "
			    "version=excluded.version, updated_ms=excluded.updated_ms, "
			    "updated_by=excluded.updated_by");
	if (rc)
		return rc;
	store_bind_int(q, 1, x->day);
	store_bind_int(q, 2, x->made);
	store_bind_int(q, 3, x->now_ms);
	store_bind_sv(q, 4, x->by);
	return store_run(q);
}

int ins_rota_put(struct store_db *db, struct ins_rota_edit *x)
{
	int64_t version, published;
	ins_stints v = { 0 };
	int rc = head(db, x->day, &version, &published);
	if (rc == 0 && x->version >= 0 && x->version != version)
		rc = ERR_CONFLICT;
	if (rc == 0)
		rc = ins_stints_read(x->body, &v, &x->faults);
	if (rc == 0)
		rc = check_users(db, &v, x);
	x->made = version + 1;
	if (rc == 0)
		rc = empty(db, x->day, false);
	for (size_t i = 0; rc == 0 && i < v.n; i++)
		rc = put_stint(db, x->day, &v.v[i]);
	if (rc == 0)
		rc = put_head(db, x);
	if (rc == 0)
		rc = note(db, x, &v);
	VEC_FREE(&v);
	return rc;
}

static int publish(struct store_db *db, const struct ins_rota_edit *x)
{
	struct store_stmt *q;
	int rc = empty(db, x->day, true);
	if (rc == 0)
		rc = store_prep(
			db, &q,
			"INSERT INTO roster (day, state, agent, from_min, to_min, work_min, "
			"pauses) SELECT day, 'published', agent, from_min, to_min, work_min, "
			"pauses FROM roster WHERE day=?1 AND state='planned'");
	if (rc)
		return rc;
	store_bind_int(q, 1, x->day);
	rc = store_run(q);
	if (rc == 0)
		rc = store_prep(db, &q,
				"UPDATE roster_day SET published=version, published_ms=?2, "
				"published_by=?3 WHERE day=?1");
	if (rc)
		return rc;
	store_bind_int(q, 1, x->day);
	store_bind_int(q, 2, x->now_ms);
	store_bind_sv(q, 3, x->by);
	return store_run(q);
}

int ins_rota_publish(struct store_db *db, struct ins_rota_edit *x)
{
	int64_t version, published;
	ins_stints v = { 0 };
	int rc = head(db, x->day, &version, &published);
	if (rc == 0 && !version)
		rc = ERR_NOTFOUND;
	if (rc == 0 && x->version >= 0 && x->version != version)
		rc = ERR_CONFLICT;
	x->made = version;
	if (rc || version == published)      /* nothing new */
		return rc;
	rc = publish(db, x);
	if (rc == 0)
		rc = read_day(db, x->day, false, &v);
	if (rc == 0)
		rc = note(db, x, &v);
	VEC_FREE(&v);
	return rc;
}

/* ---- JSON ---- */

/* Contiguous over midnight is one shift, not a short rest. */
static int warnings(struct store_db *db, int64_t day, struct sb *out)
{
	struct store_stmt *q;
	int n = 0, rc = store_prep(db, &q,
			"SELECT a.agent, b.day, min(a.from_min), max(a.to_min), min(b.from_min), "
			"max(b.to_min) FROM roster a JOIN roster b ON b.agent=a.agent AND "
			"b.state='planned' AND b.day IN (?1-1,?1+1) WHERE a.state='planned' AND "
			"a.day=?1 GROUP BY a.agent, b.day ORDER BY a.agent, b.day");
	if (rc)
		return rc;
	store_bind_int(q, 1, day);
	while ((rc = store_step(q)) == 1) {
		int64_t other = store_col_int(q, 1);
		int64_t rest = other < day ?
			store_col_int(q, 2) + INS_DAY_MIN - store_col_int(q, 5) :
			store_col_int(q, 4) + INS_DAY_MIN - store_col_int(q, 3);
		if (rest >= INS_REST_MIN || rest == 0)
			continue;
		sb_cstr(out, n++ ? ",{\"agent\":" : "{\"agent\":");
		sb_json(out, store_col_sv(q, 0));
		sb_cstr(out, ",\"kind\":\"rest\",");
		put_date(out, "day", other);
		sb_fmt(out, ",\"rest_min\":%lld}", (long long)rest);
	}
	store_reset(q);
	return rc;
}

static int put_shifts(struct store_db *db, int64_t day, const struct ins_rota_ask *a,
		      struct sb *out)
{
	ins_stints v = { 0 };
	bool first = true;
	int rc = read_day(db, day, a->agent.n != 0, &v);
	sb_cstr(out, ",\"shifts\":[");
	for (size_t i = 0; i < v.n; i++) {
		if (a->agent.n && !sv_eq(sv_of(v.v[i].agent), a->agent))
			continue;
		sb_cstr(out, first ? "" : ",");
		ins_stint_json(&v.v[i], out);
		first = false;
	}
	VEC_FREE(&v);
	sb_ch(out, ']');
	if (rc || a->agent.n)
		return rc;
	sb_cstr(out, ",\"warnings\":[");
	rc = warnings(db, day, out);
	sb_ch(out, ']');
	return rc;
}

static void put_time(struct sb *out, const char *key, int64_t ms)
{
	char when[32];
	clk_rfc3339(ms, when);
	sb_fmt(out, ",\"%s\":\"%s\"", key, when);
}

struct top {
	int64_t day, version, published, updated_ms, published_ms;
	char updated_by[64], published_by[64];
};

static int put_day(struct store_db *db, const struct top *t, const struct ins_rota_ask *a,
		   struct sb *out)
{
	sb_ch(out, '{');
	put_date(out, "day", t->day);
	sb_fmt(out, ",\"version\":%lld,\"state\":\"%s\"",
	       (long long)(a->agent.n ? t->published : t->version),
	       state_name(t->version == t->published || a->agent.n));
	if (!a->agent.n) {
		put_time(out, "updated_at", t->updated_ms);
		sb_cstr(out, ",\"updated_by\":");
		sb_json(out, sv_of(t->updated_by));
	}
	if (t->published) {
		put_time(out, "published_at", t->published_ms);
		sb_cstr(out, ",\"published_by\":");
		sb_json(out, sv_of(t->published_by));
	}
	int rc = put_shifts(db, t->day, a, out);
	sb_ch(out, '}');
	return rc;
}

/* Of a person: the days on which they work. */
static int days_of(struct store_db *db, const struct ins_rota_ask *a, struct top *ret, size_t *n)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"SELECT day, version, published, updated_ms, coalesce(published_ms,0), "
		"updated_by, published_by FROM roster_day d WHERE day>=?1 AND day<=?2 AND "
		"(?3='' OR (published>0 AND EXISTS (SELECT 1 FROM roster r WHERE "
		"r.agent=?3 AND r.state='published' AND r.day=d.day))) ORDER BY day");
	*n = 0;
	if (rc)
		return rc;
	store_bind_int(q, 1, a->from);
	store_bind_int(q, 2, a->to);
	store_bind_sv(q, 3, a->agent.n ? a->agent : SV(""));
	while ((rc = store_step(q)) == 1 && *n < INS_ROTA_DAYS) {
		struct top *t = &ret[(*n)++];
		*t = (struct top){ store_col_int(q, 0), store_col_int(q, 1), store_col_int(q, 2),
				   store_col_int(q, 3), store_col_int(q, 4), "", "" };
		(void)snprintf(t->updated_by, 64, SV_FMT, SV_ARG(store_col_sv(q, 5)));
		(void)snprintf(t->published_by, 64, SV_FMT, SV_ARG(store_col_sv(q, 6)));
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

int ins_rota_json(struct store_db *db, const struct ins_rota_ask *a, struct sb *out)
{
	struct top days[INS_ROTA_DAYS];
	size_t n;
	int rc = days_of(db, a, days, &n);
	sb_cstr(out, "{\"zone\":");
	sb_json(out, sv_of(a->zone));
	sb_cstr(out, ",\"items\":[");
	for (size_t i = 0; rc == 0 && i < n; i++) {
		sb_cstr(out, i ? "," : "");
		rc = put_day(db, &days[i], a, out);
	}
	sb_cstr(out, "],\"next\":null}");
	return rc ? rc : sb_err(out);
}

/* ---- who could work ---- */

enum { WEEK = 6 };                   /* the other days of seven */

struct load {
	struct ins_taker *t;
	unsigned days;               /* bit k: works k days after the sixth before */
};

/* Columns agent, day, from_min, to_min, work_min. */
static void count_in(struct store_stmt *q, int64_t day, struct load *x)
{
	int64_t at = store_col_int(q, 1);
	int from = (int)store_col_int(q, 2), to = (int)store_col_int(q, 3);
	if (at < day)
		x->t->minutes += (int)store_col_int(q, 4);
	if (at >= day - WEEK)
		x->days |= 1u << (at - day + WEEK);
	if (at == day - 1 && to + INS_REST_MIN - INS_DAY_MIN > x->t->earliest)
		x->t->earliest = to + INS_REST_MIN - INS_DAY_MIN;
	if (at == day + 1 && from + INS_DAY_MIN - INS_REST_MIN < x->t->latest)
		x->t->latest = from + INS_DAY_MIN - INS_REST_MIN;
}

/* Would the day be the seventh in a row? The others of seven days may lie before and after it. */
static bool seventh(unsigned days)
{
	for (int i = 0; i <= WEEK; i++) {
		unsigned others = (0x7fu << i) & ~(1u << WEEK);
		if ((days & others) == others)
			return true;
	}
	return false;
}

int ins_taker_load(struct store_db *db, int64_t day, const sv *login, size_t n,
		   struct ins_taker *ret)
{
	struct store_stmt *q;
	int rc = 0;
	for (size_t i = 0; i < n && rc >= 0; i++) {
		struct load x = { &ret[i], 0 };
		ret[i].minutes = ret[i].earliest = 0;
		ret[i].latest = INS_DAY_MIN;
		rc = store_prep(db, &q,
				"SELECT agent, day, from_min, to_min, work_min FROM roster WHERE "
				"agent=?1 AND state='planned' AND day>=?2-28 AND day<=?2+6 AND "
				"day<>?2");
		if (rc)
			return rc;
		store_bind_sv(q, 1, login[i]);
		store_bind_int(q, 2, day);
		while ((rc = store_step(q)) == 1)
			count_in(q, day, &x);
		store_reset(q);
		ret[i].able = ret[i].able && !seventh(x.days);
	}
	return rc;
}
