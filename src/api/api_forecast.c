/* api_forecast.c: calls that will come and the people they need, from the facts of the river; and
 * staffing of numbers that are given. Computed on a worker. Door's thread. */
#include "api_forecast.h"
#include "acd.h"
#include "acd_plan.h"
#include "ins_staffing.h"

/* A number of the query within bounds; def when it is not there. false: answered 400. */
static bool number_arg(struct web_req *r, const char *name, double def, double most, double *ret)
{
	sv text = web_req_arg(r, name);
	*ret = def;
	if (!text.n)
		return true;
	if (sv_f64(text, ret) == 0 && *ret >= 0 && *ret <= most)
		return true;
	struct sb b;
	sb_init(&b, 400);
	sb_fmt(&b, "%s is a number from 0 to %g.", name, most);
	api_problem(r, 400, sb_str(&b));
	sb_done(&b);
	return false;
}

/* The same of a whole number. */
static bool whole_arg(struct web_req *r, const char *name, int def, int least, int most, int *ret)
{
	double v;
	if (!number_arg(r, name, def, most, &v))
		return false;
	*ret = (int)v;
	if (*ret >= least && *ret == v)
		return true;
	struct sb b;
	sb_init(&b, 400);
	sb_fmt(&b, "%s is %d to %d, a whole number.", name, least, most);
	api_problem(r, 400, sb_str(&b));
	sb_done(&b);
	return false;
}

static void answer_error(struct api_query *q, int rc, const struct err *e)
{
	q->status = rc == ERR_INVAL || rc == ERR_TOOBIG ? 400 : rc == ERR_NOTFOUND ? 404 :
		    rc == ERR_RANGE ? 422 : 500;
	q->detail = e->msg[0] ? arena_cstr(&q->arena, sv_of(e->msg)) : "It could not be computed.";
}

void api_forecast_of_queue(struct api *a, struct ins_forecast_ask *f)
{
	struct acd_plan *p = f->queue.n && a->o.acd ? acd_plan_now(a->o.acd) : NULL;
	int at = p ? acd_plan_queue_of(p, f->queue) : -1;
	if (at >= 0) {
		const struct acd_queue *q = acd_plan_queue(p, at);
		f->hours = obj_ref((void *)q->hours);
		f->goal = f->goal > 0 ? f->goal : q->sl_pct / 100.0;
		f->within_s = f->within_s >= 0 ? f->within_s : q->sl_s;
	}
	obj_unref(p);
	f->goal = f->goal > 0 ? f->goal : 0.8;
	f->within_s = f->within_s >= 0 ? f->within_s : 20;
}

static void forecast_run(struct api_query *q, struct store_db *db)
{
	struct err e = { 0 };
	struct ins_forecast_ask *f = q->p;
	int rc = ins_forecast_json(db, f, &q->out, &e);
	if (rc)
		answer_error(q, rc, &e);
}

/* Whether it ran or not. */
static void forecast_done(struct api_query *q)
{
	struct ins_forecast_ask *f = q->p;
	f->hours = obj_unref((void *)f->hours);
	api_query_answer(q);
}

void api_forecast(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct ins_forecast_ask f = { .now_ms = clk_wall_ms() };
	sv zone = jv_get_str(a->o.company, "timezone"), by = web_req_arg(r, "metric");
	if (!api_may(a, r, "forecast.read", NULL))
		return;
	if (!whole_arg(r, "period", 30, 1, 60, &f.period_min) ||
	    !whole_arg(r, "days", 7, 1, 28, &f.days) ||
	    !number_arg(r, "aht_s", 0, 86400, &f.aht_s) ||
	    !number_arg(r, "within_s", -1, 86400, &f.within_s) ||
	    !number_arg(r, "goal", 0, 0.99, &f.goal) ||
	    !number_arg(r, "patience_s", 0, 86400, &f.patience_s) ||
	    !number_arg(r, "shrinkage", 0, 0.9, &f.shrinkage) ||
	    !number_arg(r, "occupancy_max", 0, 1, &f.occupancy_max) ||
	    !whole_arg(r, "concurrency", 1, 1, 20, &f.concurrency))
		return;
	if (by.n && !sv_eq(by, SV("entered")) && !sv_eq(by, SV("interactions"))) {
		api_problem(r, 400, "metric is entered or interactions.");
		return;
	}
	struct api_query *q = api_query_new(a, r);
	struct ins_forecast_ask *mine = arena_new(&q->arena, struct ins_forecast_ask, 1);
	f.metric = sv_eq(by, SV("interactions")) ? "interactions" : "entered";
	f.queue = arena_sv(&q->arena, web_req_arg(r, "queue"));
	f.channel = arena_sv(&q->arena, web_req_arg(r, "channel"));
	f.zone = zone.n ? arena_cstr(&q->arena, zone) : "UTC";
	api_forecast_of_queue(a, &f);
	*mine = f;
	q->p = mine;
	q->run = forecast_run;
	q->done = forecast_done;
	api_query_start(q);
}

static void staffing_run(struct api_query *q, struct store_db *db)
{
	struct err e = { 0 };
	jv *out = NULL;
	(void)db;
	int rc = ins_plan_json(q->p, &out, &e);
	if (rc)
		answer_error(q, rc, &e);
	else
		jv_dump(out, &q->out);
	jv_free(out);
}

static void staffing_done(struct api_query *q)
{
	jv_free(q->p);
	api_query_answer(q);
}

void api_staffing(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "staffing.plan", NULL))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	struct api_query *q = api_query_new(a, r);
	q->p = body;
	q->run = staffing_run;
	q->done = staffing_done;
	api_query_start(q);
}
