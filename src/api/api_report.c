/* api_report.c: reports from outside: the metrics, a report as JSON, CSV or XLSX, the
 * interactions behind a number, saved reports.
 *
 * Everything is read on workers; a saved report is written on the scribe and answered from the
 * disk. The interactions behind a number need conversation.read and .read_all too. Door's thread.
 * docs/reports.md. */
#include "api_int.h"
#include "acd.h"
#include "acd_plan.h"
#include "ins_anom.h"
#include "ins_driver.h"
#include "ins_report.h"
#include "ins_report_save.h"

#include <stdio.h>

void api_report_metrics(struct web_req *r, void *arg)
{
	struct sb b;
	if (!api_may(arg, r, "report.read", NULL))
		return;
	sb_init(&b, LIM_SB);
	ins_metrics_json(&b);
	web_reply(r, 200, "application/json", sb_sv(&b), NULL);
	sb_done(&b);
}

/* ---- a report: p the body, p2 the plan of queues or NULL, s1 format, s2 cursor, i1 chinese
 * ---- */

static int ask_of(struct api_query *q, struct ins_ask **ret, struct err *e)
{
	const struct ins_ask_opts o = {
		.now_ms = clk_wall_ms(),
		.zone = jv_get_str(q->a->o.company, "timezone").p,
		.rates = { q->a->o.agent_hour, q->a->o.voice_minute },
		.sl_ms = q->p2 ? acd_promise : NULL,
		.arg = q->p2,
	};
	return ins_ask_new(ret, q->p, &o, e);
}

static void fail(struct api_query *q, int rc, const struct err *e)
{
	q->status = rc == ERR_TOOBIG ? 422 : err_http(rc);
	sv why = arena_sv(&q->arena, sv_of(e->msg[0] ? e->msg : err_text(rc)));
	q->detail = why.p;
}

static int put_table(struct api_query *q, const struct ins_table *t)
{
	if (sv_eq(q->s1, SV("csv")))
		ins_table_csv(t, q->i1 != 0, &q->out);
	else if (sv_eq(q->s1, SV("xlsx")))
		return q->a->o.sheet(t, q->i1 != 0, &q->out);
	else
		ins_table_json(t, &q->out);
	return 0;
}

static void run_run(struct api_query *q, struct store_db *db)
{
	struct ins_ask *ask = NULL;
	struct ins_table *t = NULL;
	struct err e = { 0 };
	int rc = ask_of(q, &ask, &e);
	if (rc == 0)
		rc = ins_table_new(&t, db, ask, &e);
	if (rc == 0)
		rc = put_table(q, t);
	if (rc == 0 && sb_err(&q->out))
		rc = err_set(&e, ERR_TOOBIG, "The answer is too large; narrow the report.");
	if (rc)
		fail(q, rc, &e);
	ins_table_free(t);
	ins_ask_free(ask);
}

static void drill_run(struct api_query *q, struct store_db *db)
{
	struct ins_ask *ask = NULL;
	struct err e = { 0 };
	int rc = ask_of(q, &ask, &e);
	if (rc == 0)
		rc = ins_drill_json(db, ask, q->s2, &q->out);
	if (rc == ERR_INVAL && !e.msg[0])
		err_set(&e, rc, "cursor must be the next of an earlier answer.");
	if (rc)
		fail(q, rc, &e);
	ins_ask_free(ask);
}

static void run_done(struct api_query *q)
{
	jv_free(q->p);
	obj_unref(q->p2);
	if (sv_eq(q->s1, SV("csv"))) {
		api_csv_reply(q, "report", "");
	} else if (q->status >= 400 || !sv_eq(q->s1, SV("xlsx"))) {
		api_query_answer(q);
	} else {
		web_reply(q->r, 200,
			  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
			  sb_sv(&q->out),
			  "Content-Disposition: attachment; filename=\"report.xlsx\"\r\n");
		api_query_free(q);
	}
}

static void start(struct api *a, struct web_req *r, jv *body,
		  void (*run)(struct api_query *q, struct store_db *db))
{
	struct api_query *q = api_query_new(a, r);
	q->p = body;
	q->p2 = a->o.acd && !a->ending ? acd_plan_now(a->o.acd) : NULL;
	q->s1 = arena_sv(&q->arena, web_req_arg(r, "format"));
	q->s2 = arena_sv(&q->arena, jv_get_str(body, "cursor"));
	q->i1 = sv_eq(web_req_arg(r, "lang"), SV("zh"));
	q->run = run;
	q->done = run_done;
	api_query_start(q);
}

void api_report_run(struct web_req *r, void *arg)
{
	struct api *a = arg;
	sv format = web_req_arg(r, "format");
	if (!api_may(a, r, "report.read", NULL))
		return;
	bool xlsx = sv_eq(format, SV("xlsx"));
	if (format.n && !xlsx && !sv_eq(format, SV("csv")) && !sv_eq(format, SV("json"))) {
		api_problem(r, 400, "format must be json, csv or xlsx.");
		return;
	}
	if (xlsx && !a->o.sheet) {
		api_problem(r, 501, "This program was built without spreadsheets; take csv.");
		return;
	}
	jv *body = api_body(r);
	if (body)
		start(a, r, body, run_run);
}

/* ---- topics ---- */

static void topics_run(struct api_query *q, struct store_db *db)
{
	struct err e = { 0 };
	int rc = ins_drivers_json(db, &q->out);
	if (rc)
		fail(q, rc, &e);
}

/* Quotes are customers' words: who may not read all conversations may not read them. */
static bool may_read(struct api *a, struct web_req *r)
{
	struct api_user u;
	if (!api_may(a, r, "report.read", &u))
		return false;
	if (api_role_may(a, sv_of(u.role), "conversation.read") &&
	    api_role_may(a, sv_of(u.role), "conversation.read_all"))
		return true;
	api_problem(r, 403, "Your role does not allow this.");
	return false;
}

void api_report_drill(struct web_req *r, void *arg)
{
	jv *body = may_read(arg, r) ? api_body(r) : NULL;
	if (body)
		start(arg, r, body, drill_run);
}

void api_topics(struct web_req *r, void *arg)
{
	if (!may_read(arg, r))
		return;
	struct api_query *q = api_query_new(arg, r);
	q->run = topics_run;
	api_query_start(q);
}

static void anomalies_run(struct api_query *q, struct store_db *db)
{
	const struct ins_anom_opts o = { .now_ms = clk_wall_ms(),
					 .zone = jv_get_str(q->a->o.company, "timezone").p,
					 .days = (int)q->i1 };
	struct err e = { 0 };
	int rc = ins_anomalies_json(db, &o, &q->out);
	if (rc)
		fail(q, rc, &e);
}

void api_anomalies(struct web_req *r, void *arg)
{
	int64_t days = 7;
	if (!api_may(arg, r, "report.read", NULL) || !api_arg_number(r, "days", 14, &days))
		return;
	struct api_query *q = api_query_new(arg, r);
	q->i1 = days;
	q->run = anomalies_run;
	api_query_start(q);
}

/* ---- saved ones: s1 id, s2 login, i1 whoever owns it, i2 version, i3 status of the answer
 * ---- */

static void list_run(struct api_query *q, struct store_db *db)
{
	struct err e = { 0 };
	int rc = ins_saved_list(db, q->s2, &q->out);
	if (rc)
		fail(q, rc, &e);
}

static void get_run(struct api_query *q, struct store_db *db)
{
	struct err e = { 0 };
	int rc = ins_saved_get(db, q->s1, q->s2, q->i1, &q->i2, &q->out);
	if (rc == ERR_NOTFOUND)
		err_set(&e, rc, "There is no such report.");
	if (rc)
		fail(q, rc, &e);
}

static void get_done(struct api_query *q)
{
	if (q->status >= 400)
		api_problem(q->r, q->status, q->detail);
	else
		api_reply_version(q->r, (int)q->i3, sb_sv(&q->out), q->i2);
	api_query_free(q);
}

static void get_start(struct api *a, struct web_req *r, sv id, sv login, bool all, int status)
{
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, id);
	q->s2 = arena_sv(&q->arena, login);
	q->i1 = all;
	q->i3 = status;
	q->run = get_run;
	q->done = get_done;
	q->settled = true;
	api_query_start(q);
}

void api_reports(struct web_req *r, void *arg)
{
	struct api_user u;
	if (!api_may(arg, r, "report.read", &u))
		return;
	struct api_query *q = api_query_new(arg, r);
	q->s2 = arena_sv(&q->arena, sv_of(u.login));
	q->run = list_run;
	q->settled = true;
	api_query_start(q);
}

void api_report(struct web_req *r, void *arg)
{
	struct api_user u;
	if (api_may(arg, r, "report.read", &u))
		get_start(arg, r, web_req_param(r, "id"), sv_of(u.login), false, 200);
}

struct save {
	struct api *a;
	struct web_req *r;
	jv *body;                    /* NULL: it is taken out */
	char id[40], made[27], login[64];
	bool fresh, all;
	int64_t version;
	struct err e;
	int rc;
};

static int save_write(void *arg, struct store_db *db)
{
	struct save *s = arg;
	const struct ins_saver by = { sv_of(s->login), s->all, clk_wall_ms() };
	s->rc = s->body ? ins_saved_put(db, sv_of(s->id), s->body, s->version, &by,
					jv_get_str(s->a->o.company, "timezone").p, s->made, &s->e) :
			  ins_saved_drop(db, sv_of(s->id), s->version, &by);
	return s->rc;
}

static void save_done(void *arg, int rc)
{
	struct save *s = arg;
	const char *why = rc == ERR_NOTFOUND ? "There is no such report of yours." :
			  rc == ERR_CONFLICT ? "The report has changed since you looked." :
			  rc == ERR_FULL     ? "There is no room for another report." :
					       err_text(rc);
	if (rc)
		api_problem(s->r, err_http(rc), s->e.msg[0] ? s->e.msg : why);
	else if (!s->body)
		web_reply(s->r, 204, NULL, SV_NULL, NULL);
	else
		get_start(s->a, s->r, sv_of(s->made), sv_of(s->login), s->all,
			  s->fresh ? 201 : 200);
	jv_free(s->body);
	xfree(s);
}

static void save_start(struct api *a, struct web_req *r, bool drop)
{
	struct api_user u;
	int64_t version = 0;
	if (!api_may(a, r, "report.write", &u))
		return;
	if (api_if_match(r, &version) < 0) {
		api_problem(r, 412, "If-Match is not the ETag of this report; read it again.");
		return;
	}
	jv *body = drop ? NULL : api_body(r);
	if (!drop && !body)
		return;
	sv id = web_req_param(r, "id");
	struct save *s = xalloc(sizeof(*s));
	*s = (struct save){ .a = a, .r = r, .body = body, .fresh = !id.n, .version = version,
			    .all = api_role_may(a, sv_of(u.role), "user.manage") };
	(void)snprintf(s->id, sizeof(s->id), SV_FMT, SV_ARG(sv_slice(id, 0, 39)));
	(void)snprintf(s->login, sizeof(s->login), "%s", u.login);
	int rc = store_write(a->o.store, save_write, s, a->mbox, save_done);
	if (rc)
		save_done(s, rc);
}

void api_report_put(struct web_req *r, void *arg)
{
	save_start(arg, r, false);
}

void api_report_delete(struct web_req *r, void *arg)
{
	save_start(arg, r, true);
}
