/* ins_report_save.c: saved reports and their schedule as rows.
 *
 * next_ms is worked out when a report is written and each time it went out: the next moment at
 * which the clock of the company's zone reads `at`, of the weekday for weekly ones. One that
 * was missed goes out once, late. */
#include "ins_report_save.h"

#include <stdio.h>

enum { NAME_MAX_BYTES = 200, MAIL_MAX = 254 };

struct saved {
	sv name, every, mail;
	bool shared;
	int64_t at_min, weekday, next_ms;    /* next_ms 0 = never */
	struct sb body;
};

/* ---- when ---- */

static int read_at(sv text, int64_t *ret)
{
	int64_t h, m;
	sv head;
	if (!text.n) {
		*ret = 8 * 60;
		return 0;
	}
	if (!sv_cut(&text, ':', &head) || sv_i64(head, &h) || sv_i64(text, &m) || h < 0 || h > 23 ||
	    m < 0 || m > 59)
		return ERR_INVAL;
	*ret = h * 60 + m;
	return 0;
}

static int64_t next_of(sv every, int64_t at_min, int64_t weekday, const char *zone, int64_t now_ms)
{
	struct cal_zone *z = NULL;
	struct cal_time t;
	int64_t day, ms = 0;
	if (!every.n || cal_zone_open(&z, sv_of(zone ? zone : "UTC"), NULL))
		return 0;
	cal_local(z, now_ms, &t);
	day = cal_days(t.year, t.month, t.day);
	for (int i = 0; i < 9 && !ms; i++) {
		cal_date(day + i, &t);
		t.hour = (int)(at_min / 60);
		t.minute = (int)(at_min % 60);
		t.second = t.ms = 0;
		int64_t at = cal_instant(z, &t);
		if (at > now_ms && (sv_eq(every, SV("day")) || t.weekday == weekday))
			ms = at;
	}
	obj_unref(z);
	return ms;
}

/* ---- what is written ---- */

/* No list, and none that was masked on its way out. */
static bool address(sv s)
{
	ptrdiff_t at = sv_find_ch(s, '@');
	if (at < 1 || (size_t)at + 3 > s.n || s.n > MAIL_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || strchr(",;<>\"\\*[]", s.p[i]))
			return false;
	return true;
}

static int check_body(const jv *body, const char *zone, int64_t now_ms, struct sb *out,
		      struct err *e)
{
	struct ins_ask_opts o = { .now_ms = now_ms, .zone = zone };
	struct ins_ask *a = NULL;
	int rc = ins_ask_new(&a, body, &o, e);
	ins_ask_free(a);
	if (rc)
		return rc;
	jv_dump(body, out);
	return out->n > INS_SAVED_BODY || sb_err(out) ?
		       err_set(e, ERR_INVAL, "The report is too long.") : 0;
}

static int read_saved(struct saved *s, const jv *o, const char *zone, int64_t now_ms, struct err *e)
{
	s->name = sv_trim(jv_get_str(o, "name"));
	s->every = jv_get_str(o, "every");
	s->mail = sv_trim(jv_get_str(o, "mail"));
	s->shared = jv_get_bool(o, "shared", false);
	s->weekday = jv_get_int(o, "weekday", 1);
	if (!s->name.n || s->name.n > NAME_MAX_BYTES)
		return err_set(e, ERR_INVAL, "name must be there, up to %d bytes.", NAME_MAX_BYTES);
	if (s->every.n && !sv_eq(s->every, SV("day")) && !sv_eq(s->every, SV("week")))
		return err_set(e, ERR_INVAL, "every is day or week, or empty for never.");
	if (read_at(jv_get_str(o, "at"), &s->at_min))
		return err_set(e, ERR_INVAL, "at is a time like 08:00.");
	if (s->weekday < 1 || s->weekday > 7)
		return err_set(e, ERR_INVAL, "weekday is 1 (Monday) to 7.");
	if (s->every.n && !address(s->mail))
		return err_set(e, ERR_INVAL, "mail must be one e-mail address.");
	if (!s->every.n)
		s->mail = SV("");
	s->next_ms = next_of(s->every, s->at_min, s->weekday, zone, now_ms);
	return check_body(jv_get(o, "body"), zone, now_ms, &s->body, e);
}

static void bind_saved(struct store_stmt *q, sv id, const struct saved *s,
		       const struct ins_saver *by)
{
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, s->name);
	store_bind_int(q, 3, s->shared);
	store_bind_sv(q, 4, sb_sv(&s->body));
	store_bind_sv(q, 5, s->every.p ? s->every : SV(""));
	store_bind_int(q, 6, s->at_min);
	store_bind_int(q, 7, s->weekday);
	store_bind_sv(q, 8, s->mail.p ? s->mail : SV(""));
	if (s->next_ms)
		store_bind_int(q, 9, s->next_ms);
	else
		store_bind_sv(q, 9, SV_NULL);
	store_bind_int(q, 10, by->now_ms);
	store_bind_sv(q, 11, by->login);
}

/* The version of one that by may change. */
static int version_of(struct store_db *db, sv id, const struct ins_saver *by, int64_t *ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT version FROM ins_report WHERE id=?1 AND (owner=?2 OR ?3=1)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, by->login);
	store_bind_int(q, 3, by->all);
	rc = store_step(q);
	if (rc == 1)
		*ret = store_col_int(q, 0);
	store_reset(q);
	return rc < 0 ? rc : rc == 1 ? 0 : ERR_NOTFOUND;
}

static int room(struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT count(*) FROM ins_report");
	if (rc)
		return rc;
	rc = store_step(q);
	int64_t n = rc == 1 ? store_col_int(q, 0) : 0;
	store_reset(q);
	return rc < 0 ? rc : n >= INS_SAVED_MAX ? ERR_FULL : 0;
}

static int write_saved(struct store_db *db, sv id, bool fresh, const struct saved *s,
		       const struct ins_saver *by)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		fresh ? "INSERT INTO ins_report (id, name, shared, body, every, at_min, "
			"weekday, mail, next_ms, updated_ms, owner) VALUES "
			"(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)" :
			"UPDATE ins_report SET name=?2, shared=?3, body=?4, every=?5, "
			"at_min=?6, weekday=?7, mail=?8, next_ms=?9, updated_ms=?10, "
			"version=version+1 WHERE id=?1 AND ?11<>''");
	if (rc)
		return rc;
	bind_saved(q, id, s, by);
	return store_run(q);
}

int ins_saved_put(struct store_db *db, sv id, const jv *o, int64_t version,
		  const struct ins_saver *by, const char *zone, char ret_id[27], struct err *e)
{
	struct saved s = { .shared = false };
	int64_t now = 0;
	sb_init(&s.body, 2 * INS_SAVED_BODY);
	int rc = id.n ? version_of(db, id, by, &now) : room(db);
	if (rc == 0 && id.n && version && version != now)
		rc = ERR_CONFLICT;
	if (rc == 0)
		rc = read_saved(&s, o, zone, by->now_ms, e);
	if (rc == 0 && id.n)
		(void)snprintf(ret_id, 27, SV_FMT, SV_ARG(id));
	else if (rc == 0)
		id_new(ret_id);
	if (rc == 0)
		rc = write_saved(db, sv_of(ret_id), !id.n, &s, by);
	sb_done(&s.body);
	return rc;
}

int ins_saved_drop(struct store_db *db, sv id, int64_t version, const struct ins_saver *by)
{
	struct store_stmt *q;
	int64_t now = 0;
	int rc = version_of(db, id, by, &now);
	if (rc == 0 && version && version != now)
		rc = ERR_CONFLICT;
	if (rc == 0)
		rc = store_prep(db, &q, "DELETE FROM ins_report WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	return store_run(q);
}

/* ---- reading ---- */

#define COLUMNS \
	"id, owner, name, shared, body, every, at_min, weekday, mail, next_ms, sent_ms, version, " \
	"updated_ms"

static void put_time(struct sb *out, const char *key, struct store_stmt *q, int i)
{
	char when[32];
	if (store_col_null(q, i)) {
		sb_fmt(out, ",\"%s\":null", key);
		return;
	}
	clk_rfc3339(store_col_int(q, i), when);
	sb_fmt(out, ",\"%s\":\"%s\"", key, when);
}

static void put_saved(struct store_stmt *q, struct sb *out)
{
	sv body = store_col_sv(q, 4);
	sb_cstr(out, "{\"id\":");
	sb_json(out, store_col_sv(q, 0));
	sb_cstr(out, ",\"owner\":");
	sb_json(out, store_col_sv(q, 1));
	sb_cstr(out, ",\"name\":");
	sb_json(out, store_col_sv(q, 2));
	sb_fmt(out, ",\"shared\":%s,\"body\":" SV_FMT ",\"every\":",
	       store_col_int(q, 3) ? "true" : "false", SV_ARG(body));
	sb_json(out, store_col_sv(q, 5));
	sb_fmt(out, ",\"at\":\"%02d:%02d\",\"weekday\":%d,\"mail\":", (int)store_col_int(q, 6) / 60,
	       (int)store_col_int(q, 6) % 60, (int)store_col_int(q, 7));
	sb_json(out, store_col_sv(q, 8));
	put_time(out, "next_at", q, 9);
	put_time(out, "sent_at", q, 10);
	sb_fmt(out, ",\"version\":%lld", (long long)store_col_int(q, 11));
	put_time(out, "updated_at", q, 12);
	sb_ch(out, '}');
}

int ins_saved_list(struct store_db *db, sv login, struct sb *out)
{
	struct store_stmt *q;
	int n = 0, rc = store_prep(db, &q, "SELECT " COLUMNS " FROM ins_report WHERE owner=?1 OR "
				   "shared=1 ORDER BY name, id");
	if (rc)
		return rc;
	store_bind_sv(q, 1, login);
	sb_cstr(out, "{\"items\":[");
	while ((rc = store_step(q)) == 1) {
		sb_cstr(out, n++ ? "," : "");
		put_saved(q, out);
	}
	store_reset(q);
	sb_cstr(out, "],\"next\":null}");
	return rc;
}

int ins_saved_get(struct store_db *db, sv id, sv login, bool all, int64_t *ret_version,
		  struct sb *out)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT " COLUMNS " FROM ins_report WHERE id=?1 AND (owner=?2 OR "
			    "shared=1 OR ?3=1)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, login);
	store_bind_int(q, 3, all);
	rc = store_step(q);
	if (rc == 1) {
		*ret_version = store_col_int(q, 11);
		put_saved(q, out);
	}
	store_reset(q);
	return rc < 0 ? rc : rc == 1 ? 0 : ERR_NOTFOUND;
}

/* ---- going out ---- */

int ins_saved_due(struct store_db *db, int64_t now_ms, struct arena *a, struct ins_due *ret)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"SELECT id, name, mail, body, next_ms FROM ins_report WHERE next_ms IS NOT "
		"NULL AND next_ms<=?1 AND NOT EXISTS (SELECT 1 FROM users WHERE login=owner AND "
		"disabled=1) ORDER BY next_ms, id LIMIT 1");
	if (rc)
		return rc;
	store_bind_int(q, 1, now_ms);
	rc = store_step(q);
	if (rc == 1)
		*ret = (struct ins_due){ arena_sv(a, store_col_sv(q, 0)),
					 arena_sv(a, store_col_sv(q, 1)),
					 arena_sv(a, store_col_sv(q, 2)),
					 arena_sv(a, store_col_sv(q, 3)), store_col_int(q, 4) };
	store_reset(q);
	return rc;
}

int ins_saved_sent(struct store_db *db, const struct ins_due *d, int64_t now_ms, const char *zone,
		   bool *ret_sent)
{
	struct store_stmt *q;
	int64_t next = 0;
	int rc = store_prep(
		db, &q,
		"SELECT every, at_min, weekday FROM ins_report WHERE id=?1 AND next_ms=?2");
	*ret_sent = false;
	if (rc)
		return rc;
	store_bind_sv(q, 1, d->id);
	store_bind_int(q, 2, d->next_ms);
	rc = store_step(q);
	if (rc == 1)
		next = next_of(store_col_sv(q, 0), store_col_int(q, 1), store_col_int(q, 2),
			       zone, now_ms);
	store_reset(q);
	if (rc != 1)
		return rc;
	rc = store_prep(db, &q, "UPDATE ins_report SET next_ms=?2, sent_ms=?3 WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, d->id);
	if (next)
		store_bind_int(q, 2, next);
	else
		store_bind_sv(q, 2, SV_NULL);
	store_bind_int(q, 3, now_ms);
	rc = store_run(q);
	*ret_sent = rc == 0;
	return rc;
}
