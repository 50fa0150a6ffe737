/* api_audit_list.c: reading what was written down: GET /api/v1/audit as JSON or CSV, and
 * whether it is all there. The table finds the rows, the river says what is in them. Door's
 * thread, *_run on a worker. */
#include "api_audit.h"

#include <stdio.h>
#include <string.h>

#define LIMIT 50
#define LIMIT_MAX 1000

/* What a request asks for; views of the query's arena. */
struct filter {
	sv who, what, subject;
	int64_t from, to, before;    /* ms; before: a pos */
	int limit;
	bool csv, prefix;            /* what is the beginning only */
};

void api_csv(struct sb *b, sv field)
{
	bool formula = field.n && strchr("=+-@\t\r", field.p[0]);
	bool quote = formula || sv_find_ch(field, ',') >= 0 || sv_find_ch(field, '"') >= 0 ||
		     sv_find_ch(field, '\n') >= 0 || sv_find_ch(field, '\r') >= 0;
	if (!quote) {
		sb_put(b, field);
		return;
	}
	sb_cstr(b, formula ? "\"'" : "\"");
	for (size_t i = 0; i < field.n; i++) {
		if (field.p[i] == '"')
			sb_ch(b, '"');
		sb_ch(b, field.p[i]);
	}
	sb_ch(b, '"');
}

/* ---- reading ---- */

static void where(const struct filter *f, struct sb *sql)
{
	sb_cstr(sql,
		"SELECT a.pos, a.request, a.ts_ms, a.who, a.what, a.subject, a.outcome, e.body "
		"FROM audit a JOIN event e ON e.pos=a.pos WHERE a.pos<?1 AND a.ts_ms>=?2 AND "
		"a.ts_ms<?3");
	if (f->who.n)
		sb_cstr(sql, " AND a.who=?4");
	if (f->what.n)
		sb_cstr(sql, f->prefix ? " AND substr(a.what,1,?8)=?5" : " AND a.what=?5");
	if (f->subject.n)
		sb_cstr(sql, " AND a.subject=?6");
	sb_cstr(sql, " ORDER BY a.pos DESC LIMIT ?7");
}

static const char *const columns[] = { "role", "from", "route", "group" };

static void put_json(struct store_stmt *st, struct sb *out)
{
	char when[32];
	jv *body = jv_parse(store_col_sv(st, 7), NULL);
	clk_rfc3339(store_col_int(st, 2), when);
	sb_cstr(out, "{\"id\":");
	sb_json(out, store_col_sv(st, 1));
	sb_fmt(out, ",\"at\":\"%s\"", when);
	api_put(out, "who", store_col_sv(st, 3));
	api_put(out, "what", store_col_sv(st, 4));
	api_put(out, "subject", store_col_sv(st, 5));
	for (size_t i = 0; i < 4; i++)
		api_put(out, columns[i], jv_get_str(body, columns[i]));
	if (store_col_int(st, 6))
		sb_fmt(out, ",\"outcome\":%lld}", (long long)store_col_int(st, 6));
	else
		sb_cstr(out, ",\"outcome\":null}");
	jv_free(body);
}

static void put_csv(struct store_stmt *st, struct sb *out)
{
	char when[32];
	jv *body = jv_parse(store_col_sv(st, 7), NULL);
	clk_rfc3339(store_col_int(st, 2), when);
	sb_cstr(out, when);
	for (int i = 3; i < 6; i++) {
		sb_ch(out, ',');
		api_csv(out, store_col_sv(st, i));
	}
	for (size_t i = 0; i < 4; i++) {
		sb_ch(out, ',');
		api_csv(out, jv_get_str(body, columns[i]));
	}
	sb_fmt(out, ",%lld,", (long long)store_col_int(st, 6));
	api_csv(out, store_col_sv(st, 1));
	sb_cstr(out, "\r\n");
	jv_free(body);
}

static int bound(struct store_db *db, const struct filter *f, struct store_stmt **ret)
{
	struct sb sql;
	sb_init(&sql, LIM_SB);
	where(f, &sql);
	int rc = store_prep(db, ret, sb_str(&sql));
	sb_done(&sql);
	if (rc)
		return rc;
	store_bind_int(*ret, 1, f->before);
	store_bind_int(*ret, 2, f->from);
	store_bind_int(*ret, 3, f->to);
	if (f->who.n)
		store_bind_sv(*ret, 4, f->who);
	if (f->what.n)
		store_bind_sv(*ret, 5, f->what);
	if (f->subject.n)
		store_bind_sv(*ret, 6, f->subject);
	store_bind_int(*ret, 7, f->limit + 1);
	if (f->what.n && f->prefix)
		store_bind_int(*ret, 8, (int64_t)f->what.n);
	return 0;
}

static void list_run(struct api_query *q, struct store_db *db)
{
	const struct filter *f = q->p;
	struct store_stmt *st;
	int n = 0;
	if (bound(db, f, &st)) {
		q->status = 500;
		q->detail = "The database could not be read.";
		return;
	}
	sb_cstr(&q->out, f->csv ? "at,who,what,subject,role,from,route,group,outcome,id\r\n" :
				  "{\"items\":[");
	while (api_row(q, st) && n++ < f->limit) {
		if (!f->csv && n > 1)
			sb_ch(&q->out, ',');
		(f->csv ? put_csv : put_json)(st, &q->out);
		q->i1 = store_col_int(st, 0);
	}
	store_reset(st);
	q->i2 = n > f->limit;
	if (!f->csv && q->i2)
		sb_fmt(&q->out, "],\"next\":\"%lld\"}", (long long)q->i1);
	else if (!f->csv)
		sb_cstr(&q->out, "],\"next\":null}");
}

void api_csv_reply(struct api_query *q, const char *name, const char *cursor)
{
	char head[200];
	if (q->status >= 400) {
		api_problem(q->r, q->status, q->detail);
	} else if (sb_err(&q->out)) {
		api_problem(q->r, 500, "The answer is too large; ask for less with limit.");
	} else {
		int n = snprintf(head, sizeof(head),
				 "Content-Disposition: attachment; filename=\"%s.csv\"\r\n", name);
		if (q->i2)
			snprintf(head + n, sizeof(head) - (size_t)n, "X-Next-Cursor: %s\r\n",
				 cursor);
		web_reply(q->r, 200, "text/csv; charset=utf-8", sb_sv(&q->out), head);
	}
	api_query_free(q);
}

static void csv_done(struct api_query *q)
{
	char cursor[24];
	(void)snprintf(cursor, sizeof(cursor), "%lld", (long long)q->i1);
	api_csv_reply(q, "audit", cursor);
}

/* ---- asking ---- */

bool api_arg_time(struct web_req *r, const char *name, int64_t def, int64_t *ret)
{
	sv text = web_req_arg(r, name);
	char why[96];
	*ret = def;
	if (!text.n || clk_parse_rfc3339(text, ret) == 0)
		return true;
	snprintf(why, sizeof(why), "%s is a time such as 2026-01-31T09:00:00Z, or a date.", name);
	api_problem(r, 400, why);
	return false;
}

bool api_arg_number(struct web_req *r, const char *name, int64_t most, int64_t *ret)
{
	sv text = web_req_arg(r, name);
	char why[96];
	if (!text.n || (sv_i64(text, ret) == 0 && *ret >= 1 && *ret <= most))
		return true;
	snprintf(why, sizeof(why), "%s is a number from 1 to %lld.", name, (long long)most);
	api_problem(r, 400, why);
	return false;
}

/* "mei" is a user, "key:shop" a key. */
static sv who_of(struct arena *a, sv who)
{
	if (!who.n || sv_find_ch(who, ':') >= 0)
		return arena_sv(a, who);
	return sv_of(arena_fmt(a, "user:" SV_FMT, SV_ARG(who)));
}

static bool filter_of(struct web_req *r, struct arena *a, struct filter *f)
{
	int64_t limit = LIMIT;
	sv what = web_req_arg(r, "what");
	*f = (struct filter){ .before = INT64_MAX };
	if (!api_arg_time(r, "from", 0, &f->from) || !api_arg_time(r, "to", INT64_MAX, &f->to) ||
	    !api_arg_number(r, "limit", LIMIT_MAX, &limit) ||
	    !api_arg_number(r, "cursor", INT64_MAX, &f->before))
		return false;
	f->limit = (int)limit;
	f->csv = sv_eq(web_req_arg(r, "format"), SV("csv"));
	f->who = who_of(a, sv_slice(web_req_arg(r, "who"), 0, 80));
	f->prefix = sv_ends(what, SV("*"));
	f->what = arena_sv(a, f->prefix ? sv_slice(what, 0, what.n - 1) : what);
	f->subject = arena_sv(a, sv_slice(web_req_arg(r, "subject"), 0, 80));
	return true;
}

void api_audit_list(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "audit.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	struct filter *f = arena_alloc(&q->arena, sizeof(*f));
	if (!filter_of(r, &q->arena, f)) {
		api_query_free(q);
		return;
	}
	q->p = f;
	q->settled = true;           /* what was answered is there to be read */
	q->run = list_run;
	q->done = f->csv ? csv_done : NULL;
	api_query_start(q);
}

/* ---- is it all there? ---- */

/* Rows of the table without their row of the river, and the other way round. */
static const char check_sql[] =
	"SELECT a.pos FROM audit a LEFT JOIN event e ON e.pos=a.pos WHERE e.pos IS NULL OR "
	"e.kind NOT IN ('audit.look','audit.asked') OR e.actor<>a.who OR e.ts_ms<>a.ts_ms OR "
	"e.body NOT LIKE '%\"' || a.request || '\"%' OR e.body NOT LIKE '%\"' || a.what || '\"%' "
	"UNION ALL "
	"SELECT e.pos FROM event e LEFT JOIN audit a ON a.pos=e.pos WHERE e.kind IN "
	"('audit.look','audit.asked') AND a.pos IS NULL ORDER BY 1 LIMIT 1";

int api_audit_verify(struct store *st, struct api_audit_verdict *v)
{
	struct store_verdict river;
	struct store_stmt *q;
	struct store_db *db;
	*v = (struct api_audit_verdict){ 0 };
	int rc = store_verify(st, &river);
	v->rows = river.rows;
	v->bad_pos = river.bad_pos;
	memcpy(v->head, river.head, sizeof(v->head));
	if (rc == 0)
		rc = store_reader(st, &db);
	if (rc == 0)
		rc = store_prep(db, &q, "SELECT count(*) FROM audit");
	if (rc)
		return rc;
	if (store_step(q) == 1)
		v->audits = store_col_int(q, 0);
	store_reset(q);
	rc = store_prep(db, &q, check_sql);
	if (rc)
		return rc;
	rc = store_step(q);
	if (rc == 1) {
		v->bad_pos = store_col_int(q, 0);
		v->view = true;
	}
	store_reset(q);
	return rc == 1 ? ERR_CORRUPT : rc;
}

void api_audit_verdict_json(const struct api_audit_verdict *v, int rc, struct sb *out)
{
	sb_fmt(out, "{\"ok\":%s,\"rows\":%lld,\"audit_rows\":%lld,\"head\":\"",
	       rc ? "false" : "true", (long long)v->rows, (long long)v->audits);
	for (size_t i = 0; i < sizeof(v->head); i++)
		sb_fmt(out, "%02x", v->head[i]);
	sb_ch(out, '"');
	if (v->bad_pos)
		sb_fmt(out, ",\"bad_pos\":%lld,\"in\":\"%s\"", (long long)v->bad_pos,
		       v->view ? "audit" : "event");
	sb_ch(out, '}');
}

static void verify_run(struct api_query *q, struct store_db *db)
{
	struct api_audit_verdict v;
	int rc = api_audit_verify(q->a->o.store, &v);
	if (rc && rc != ERR_CORRUPT) {
		q->status = 500;
		q->detail = "The database could not be read.";
		return;
	}
	api_audit_verdict_json(&v, rc, &q->out);
}

void api_audit_verify_post(struct web_req *r, void *arg)
{
	if (!api_may(arg, r, "audit.read", NULL))
		return;
	struct api_query *q = api_query_new(arg, r);
	q->settled = true;
	q->run = verify_run;
	api_query_start(q);
}
