/* app_history.c: writes the made-up history: a day a transaction with the mark of how far it is,
 * then the facts that reports are made of. The days come from app_history_day.c. */
#include "app_history.h"
#include "app_history_int.h"
#include "ins_fact.h"
#include "ins_report.h"
#include "ins_rota.h"

#include <stdio.h>

#define MARK "demo.history"
#define ROSTERS "demo.rosters"
/* Quality and call records look at the last days only: each of theirs is a write of its own. */
enum { RECENT_DAYS = 5, ROSTERS_BACK = 14, ROSTERS_AHEAD = 7 };

struct mark {
	struct hist_plan p;
	int64_t done;                /* days; p.days + 1 = whole */
};

/* ---- the mark ---- */

static int mark_get(struct store_db *db, struct mark *m, bool *there)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT v FROM kv WHERE k='" MARK "'");
	*there = false;
	if (rc)
		return rc;
	rc = store_step(q);
	if (rc == 1) {
		jv *o = jv_parse(store_col_sv(q, 0), NULL);
		*m = (struct mark){ .p = { .first_day = jv_get_int(o, "first_day", 0),
					   .days = jv_get_int(o, "days", 0),
					   .end_ms = jv_get_int(o, "end_ms", 0),
					   .seed = (uint64_t)jv_get_int(o, "seed", 1) },
				    .done = jv_get_int(o, "done", 0) };
		*there = m->p.days > 0;
		jv_free(o);
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

static int kv_put(struct store_db *db, const char *key, sv v)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "INSERT INTO kv (k, v, updated_ms) VALUES (?1,?2,?3) ON CONFLICT (k) "
			    "DO UPDATE SET v=excluded.v, updated_ms=excluded.updated_ms");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(key));
	store_bind_sv(q, 2, v);
	store_bind_int(q, 3, clk_wall_ms());
	return store_run(q);
}

static int mark_put(struct store_db *db, const struct mark *m)
{
	char text[200];
	(void)snprintf(text, sizeof(text),
		       "{\"made_up\":true,\"first_day\":%lld,\"days\":%lld,\"end_ms\":%lld,"
		       "\"seed\":%llu,\"done\":%lld}",
		       (long long)m->p.first_day, (long long)m->p.days, (long long)m->p.end_ms,
		       (unsigned long long)m->p.seed, (long long)m->done);
	return kv_put(db, MARK, sv_of(text));
}

bool app_history_there(struct store *st)
{
	struct store_db *db;
	struct mark m;
	bool there = false;
	return store_reader(st, &db) == 0 && mark_get(db, &m, &there) == 0 && there;
}

int app_history_days(const char *text, int64_t *ret, struct err *e)
{
	sv s = sv_of(text);
	int64_t n;
	if (sv_ends(s, SV("d")))
		s.n--;
	if (sv_i64(s, &n) || n < 1 || n > APP_HISTORY_DAYS)
		return err_set(
			e, ERR_RANGE,
			"\"%s\" is no length of a history; give days, 1d to %dd, such as 90d",
			text, APP_HISTORY_DAYS);
	*ret = n;
	return 0;
}

/* ---- a day on disk ---- */

struct day_write {
	const struct hist_day *d;
	struct mark m;               /* with this day */
	bool before_recent;
};

static int put_talk(struct store_db *db, const struct hist_talk *t)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"INSERT INTO conversation (id, interaction_id, channel, state, language, "
		"customer_id, started_ms, last_ms, ended_ms, end_by, turns, last_seq, last_text, "
		"last_actor, last_action, emotion) VALUES (?1,?2,?3,'closed',?4,?5,?6,?7,?7,?8,"
		"?9,?10,?11,?12,?13,?14)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(t->id));
	store_bind_sv(q, 2, sv_of(t->interaction));
	store_bind_sv(q, 3, sv_of(t->channel));
	store_bind_sv(q, 4, sv_of(t->lang));
	store_bind_sv(q, 5, t->customer.n ? t->customer : SV_NULL);
	store_bind_int(q, 6, t->started_ms);
	store_bind_int(q, 7, t->ended_ms);
	store_bind_sv(q, 8, sv_of(t->end_by));
	store_bind_int(q, 9, t->turns);
	store_bind_int(q, 10, t->seq);
	store_bind_sv(q, 11, sv_slice(t->last_text, 0, sv_rune_offset(t->last_text, 120)));
	store_bind_sv(q, 12, sv_of(t->last_actor));
	store_bind_sv(q, 13, sv_of(t->last_action));
	store_bind_sv(q, 14, sv_of(t->emotion));
	return store_run(q);
}

static int put_row(struct store_db *db, const struct hist_row *r)
{
	const struct store_event ev = { .ts_ms = r->ts_ms,
					.conversation = r->conversation,
					.customer = r->customer,
					.seq = r->seq,
					.turn = r->turn,
					.kind = sv_of(r->kind),
					.actor = sv_of(r->actor),
					.body = r->body };
	return store_event_put(db, &ev);
}

static int day_write(void *arg, struct store_db *db)
{
	struct day_write *w = arg;
	const struct hist_day *d = w->d;
	int rc = 0;
	for (size_t i = 0; i < d->rows.n && rc == 0; i++)
		rc = put_row(db, &d->rows.v[i]);
	for (size_t i = 0; i < d->talks.n && rc == 0; i++)
		if (d->talks.v[i].seq)   /* it was over before the end */
			rc = put_talk(db, &d->talks.v[i]);
	if (rc == 0 && w->before_recent) {
		char pos[32];
		(void)snprintf(pos, sizeof(pos), "%lld", (long long)store_event_pos(db));
		rc = kv_put(db, "qa.mark", sv_of(pos));
		if (rc == 0)
			rc = kv_put(db, "hook/cdr", sv_of(pos));
	}
	return rc ? rc : mark_put(db, &w->m);
}

static int one_day(struct store *st, const struct hist_book *b, struct mark *m,
		   struct app_history_did *ret)
{
	struct hist_day d;
	struct day_write w = { .d = &d, .m = *m };
	int rc = hist_day_make(&d, b, &m->p, m->p.first_day + m->done);
	w.m.done++;
	w.before_recent = w.m.done == m->p.days + 1 - RECENT_DAYS;
	if (rc == 0)
		rc = store_write_now(st, day_write, &w);
	if (rc == 0) {
		m->done++;
		ret->days++;
		ret->rows += (int64_t)d.rows.n;
		for (size_t i = 0; i < d.talks.n; i++)
			ret->talks += d.talks.v[i].seq > 0;
	}
	hist_day_done(&d);
	return rc;
}

/* ---- all of it ---- */

static int empty(struct store_db *db, struct err *e)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT 1 FROM conversation UNION ALL SELECT 1 FROM event WHERE "
			    "conversation IS NOT NULL LIMIT 1");
	if (rc == 0) {
		rc = store_step(q);
		store_reset(q);
	}
	if (rc < 0)
		return err_set(e, rc, "%s", store_error(db));
	return rc == 0 ? 0 :
			 err_set(e, ERR_EXISTS,
				 "this data folder has conversations of its own, and a made-up "
				 "history goes "
				 "only into an empty one: give another folder (--data) or "
				 "leave out --history");
}

static int plan(struct mark *m, const struct app_history_opts *o, const struct hist_book *b,
		struct err *e)
{
	struct cal_time on;
	int64_t now = o->now_ms ? o->now_ms : clk_wall_ms();
	if (o->days < 1 || o->days > APP_HISTORY_DAYS)
		return err_set(e, ERR_RANGE, "a history has 1 to %d days", APP_HISTORY_DAYS);
	cal_local(b->zone, now, &on);
	*m = (struct mark){ .p = { .first_day = cal_days(on.year, on.month, on.day) - o->days,
				   .days = o->days, .end_ms = now,
				   .seed = o->seed ? o->seed : 1 } };
	return 0;
}

/* Reports at once, not when the server has followed the river. */
static int count(struct store *st, int64_t now_ms)
{
	struct ins_did did = { 0 };
	struct ins_packed p = { 0 };
	int rc;
	do
		rc = ins_fact_step(st, &did);
	while (rc == 0 && did.more);
	do
		rc = rc ? rc : ins_pack(st, now_ms, &p);
	while (rc == 0 && p.more);
	return rc;
}

static int days(struct store *st, const struct app_history_opts *o, const struct hist_book *b,
		struct mark *m, struct app_history_did *ret, struct err *e)
{
	int64_t total = m->p.days + 1;
	int rc = 0;
	while (rc == 0 && m->done < total) {
		rc = one_day(st, b, m, ret);
		if (rc == 0 && o->progress && !o->progress(o->arg, m->done, total))
			return err_set(e, ERR_CANCELED, "the made-up history was broken off");
	}
	return rc ? err_set(e, rc, "the made-up history cannot be written: %s", err_text(rc)) : 0;
}

int app_history_write(struct store *st, const struct app_history_opts *o,
		      struct app_history_did *ret, struct err *e)
{
	struct hist_book *b;
	struct store_db *db;
	struct mark m;
	bool begun;
	*ret = (struct app_history_did){ 0 };
	int rc = store_reader(st, &db);
	if (rc == 0)
		rc = mark_get(db, &m, &begun);
	if (rc)
		return err_set(e, rc, "the database cannot be read");
	if (begun && m.done > m.p.days)
		return ret->there = true, 0;
	b = xalloc(sizeof(*b));
	rc = hist_book_open(b, db, o->zone, e);
	if (rc == 0 && !begun)
		rc = empty(db, e);
	if (rc == 0 && !begun)
		rc = plan(&m, o, b, e);
	if (rc == 0)
		rc = days(st, o, b, &m, ret, e);
	if (rc == 0 && (rc = count(st, m.p.end_ms)) != 0)
		err_set(e, rc, "the made-up history cannot be counted: %s", err_text(rc));
	hist_book_done(b);
	xfree(b);
	return rc;
}

/* ---- rosters ---- */

struct rosters {
	int64_t today, now_ms;
	struct err *e;
};

static int one_roster(struct store_db *db, const struct rosters *r, int64_t day)
{
	struct cal_time on = { 0 };
	cal_date(day, &on);
	jv *body = hist_roster(on.weekday);
	struct ins_rota_edit x = { .day = day, .body = body, .version = 0, .by = SV("lin"),
				   .now_ms = r->now_ms };
	int rc = ins_rota_put(db, &x);
	if (rc == 0) {
		x.body = NULL;
		x.version = x.made;
		rc = ins_rota_publish(db, &x);
	} else if (rc == ERR_CONFLICT) {
		rc = 0;              /* somebody has planned that day */
	}
	if (rc)
		err_set(r->e, rc, "the roster cannot be written: %s",
			x.faults.n ? x.faults.v[0].what : err_text(rc));
	cfg_report_done(&x.faults);
	jv_free(body);
	return rc;
}

static int rosters_write(void *arg, struct store_db *db)
{
	const struct rosters *r = arg;
	int rc = 0;
	for (int64_t d = -ROSTERS_BACK; d <= ROSTERS_AHEAD && rc == 0; d++)
		rc = one_roster(db, r, r->today + d);
	return rc ? rc : kv_put(db, ROSTERS, SV("1"));
}

static int rosters_there(struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT 1 FROM kv WHERE k='" ROSTERS "'");
	if (rc)
		return rc;
	rc = store_step(q);
	store_reset(q);
	return rc;
}

int app_history_rosters(struct store *st, const char *zone, struct err *e)
{
	struct rosters r = { .now_ms = clk_wall_ms(), .e = e };
	struct cal_zone *z = NULL;
	struct store_db *db;
	struct cal_time on;
	int rc = store_reader(st, &db);
	if (rc == 0 && !app_history_there(st))
		return 0;
	rc = rc ? rc : rosters_there(db);
	if (rc)
		return rc < 0 ? err_set(e, rc, "the database cannot be read") : 0;
	rc = cal_zone_open(&z, sv_of(zone && *zone ? zone : "UTC"), e);
	if (rc)
		return rc;
	cal_local(z, r.now_ms, &on);
	r.today = cal_days(on.year, on.month, on.day);
	obj_unref(z);
	return store_write_now(st, rosters_write, &r);
}
