/* api_roster.c: rosters from outside: the plans of days, publishing, a proposal, the running
 * day anew, who kept to it; agents see what is theirs.
 *
 * Reading and planning run on workers, a change on the scribe and is answered from the disk.
 * Who can take a shift is who serves the queue and has what it needs (acd_plan.h) and may sign
 * in. Door's thread. docs/forecast.md. */
#include "api_roster.h"
#include "acd.h"
#include "acd_plan.h"
#include "api_forecast.h"
#include "api_doc.h"
#include "api_people.h"
#include "ins_rota.h"

#include <stdio.h>

enum { LONGER_MIN = 60, PEOPLE = 5000 };

static const char *zone_of(const struct api *a, struct arena *at)
{
	sv zone = jv_get_str(a->o.company, "timezone");
	return zone.n ? arena_cstr(at, zone) : "UTC";
}

static int64_t today_of(const char *zone)
{
	struct cal_zone *z = NULL;
	struct cal_time t;
	if (cal_zone_open(&z, sv_of(zone), NULL))
		return 0;
	cal_local(z, clk_wall_ms(), &t);
	obj_unref(z);
	return cal_days(t.year, t.month, t.day);
}

/* A date of the query, or def; false: answered 400. */
static bool date_arg(struct web_req *r, const char *name, int64_t def, int64_t *ret)
{
	sv text = web_req_arg(r, name);
	struct sb b;
	*ret = def;
	if (!text.n || ins_rota_date(text, ret))
		return true;
	sb_init(&b, 100);
	sb_fmt(&b, "%s is a date like 2026-11-26.", name);
	api_problem(r, 400, sb_str(&b));
	sb_done(&b);
	return false;
}

static bool day_of(struct web_req *r, int64_t *ret)
{
	if (ins_rota_date(web_req_param(r, "day"), ret))
		return true;
	api_problem(r, 400, "The day is a date like 2026-11-26.");
	return false;
}

static void fail(struct api_query *q, int rc, const struct err *e)
{
	q->status = rc == ERR_RANGE || rc == ERR_TOOBIG ? 422 : err_http(rc);
	q->detail = arena_cstr(&q->arena, sv_of(e->msg[0] ? e->msg : err_text(rc)));
}

/* ---- reading: p the question, i1 of whom kept to it ---- */

static void read_run(struct api_query *q, struct store_db *db)
{
	const struct ins_rota_ask *ask = q->p;
	struct err none = { 0 };
	int rc = q->i1 ? ins_rota_kept_json(db, ask, &q->out) : ins_rota_json(db, ask, &q->out);
	if (rc)
		fail(q, rc, &none);
}

static void read_start(struct api *a, struct web_req *r, const struct ins_rota_ask *ask, bool kept)
{
	struct api_query *q = api_query_new(a, r);
	struct ins_rota_ask *mine = arena_new(&q->arena, struct ins_rota_ask, 1);
	*mine = *ask;
	mine->agent = arena_sv(&q->arena, ask->agent);
	mine->zone = zone_of(a, &q->arena);
	mine->now_ms = clk_wall_ms();
	q->p = mine;
	q->i1 = kept;
	q->run = read_run;
	q->settled = true;
	api_query_start(q);
}

static void range(struct api *a, struct web_req *r, sv agent)
{
	struct ins_rota_ask ask = { .agent = agent };
	char zone[80];
	sv z = jv_get_str(a->o.company, "timezone");
	(void)snprintf(zone, sizeof(zone), SV_FMT, SV_ARG(z.n ? z : SV("UTC")));
	int64_t today = today_of(zone);
	if (!date_arg(r, "from", today, &ask.from) || !date_arg(r, "to", ask.from + 6, &ask.to))
		return;
	if (ask.to < ask.from || ask.to - ask.from >= INS_ROTA_DAYS)
		api_problem(r, 400, "to is from or one of the 61 days after it.");
	else
		read_start(a, r, &ask, false);
}

void api_rosters(struct web_req *r, void *arg)
{
	if (api_may(arg, r, "forecast.read", NULL))
		range(arg, r, SV(""));
}

void api_my_roster(struct web_req *r, void *arg)
{
	struct api_user u;
	if (api_may(arg, r, "desk.open", &u))
		range(arg, r, sv_of(u.login));
}

void api_roster_adherence(struct web_req *r, void *arg)
{
	struct ins_rota_ask ask = { .agent = SV("") };
	struct api *a = arg;
	struct api_user u;
	if (!api_may(a, r, "forecast.read", &u) || !day_of(r, &ask.from))
		return;
	sv role = sv_of(u.role);
	bool all = api_role_may(a, role, "agent.read") && !api_own_only(a, &u);
	if (all || api_role_may(a, role, "staffing.plan"))
		read_start(a, r, &ask, true);
	else
		api_problem(r, 403, "Who kept to it is for who plans, or sees all agents.");
}

void api_my_adherence(struct web_req *r, void *arg)
{
	struct ins_rota_ask ask = { 0 };
	struct api *a = arg;
	struct api_user u;
	char zone[80];
	sv z = jv_get_str(a->o.company, "timezone");
	(void)snprintf(zone, sizeof(zone), SV_FMT, SV_ARG(z.n ? z : SV("UTC")));
	if (!api_may(a, r, "desk.open", &u) || !date_arg(r, "day", today_of(zone), &ask.from))
		return;
	ask.agent = sv_of(u.login);
	read_start(a, r, &ask, true);
}

/* ---- changes ---- */

struct save {
	struct api *a;
	struct web_req *r;
	jv *body;                    /* NULL: it is published */
	char login[64];
	struct ins_rota_edit x;
};

static int save_write(void *arg, struct store_db *db)
{
	struct save *s = arg;
	return s->x.body ? ins_rota_put(db, &s->x) : ins_rota_publish(db, &s->x);
}

/* The one day out of the list. */
static void saved_done(struct api_query *q)
{
	jv *o = q->status < 400 ? jv_parse(sb_sv(&q->out), NULL) : NULL;
	struct sb b;
	sb_init(&b, LIM_JSON_BYTES);
	if (o)
		jv_dump(jv_at(jv_get(o, "items"), 0), &b);
	if (o)
		api_reply_version(q->r, 200, sb_sv(&b),
				  jv_get_int(jv_at(jv_get(o, "items"), 0), "version", 0));
	else
		api_problem(q->r, q->status < 400 ? 500 : q->status, q->detail);
	sb_done(&b);
	jv_free(o);
	api_query_free(q);
}

static void answer_day(struct api *a, struct web_req *r, int64_t day)
{
	struct api_query *q = api_query_new(a, r);
	struct ins_rota_ask *ask = arena_new(&q->arena, struct ins_rota_ask, 1);
	*ask = (struct ins_rota_ask){ .from = day, .to = day, .agent = SV(""),
				      .zone = zone_of(a, &q->arena), .now_ms = clk_wall_ms() };
	q->p = ask;
	q->run = read_run;
	q->done = saved_done;
	q->settled = true;
	api_query_start(q);
}

static void save_done(void *arg, int rc)
{
	struct save *s = arg;
	const char *why = rc == ERR_CONFLICT ? "The roster has changed since you looked." :
			  rc == ERR_NOTFOUND ? "There is no plan of that day." : err_text(rc);
	if (rc == ERR_INVAL && s->x.faults.n)
		doc_refuse(s->r, &s->x.faults);
	else if (rc)
		api_problem(s->r, err_http(rc), why);
	else
		answer_day(s->a, s->r, s->x.day);
	cfg_report_done(&s->x.faults);
	jv_free(s->body);
	xfree(s);
}

static void save_start(struct api *a, struct web_req *r, bool publish)
{
	struct api_user u;
	int64_t version = 0, day;
	if (!api_may(a, r, "staffing.plan", &u) || !day_of(r, &day))
		return;
	int asked = api_if_match(r, &version);
	if (asked < 0) {
		api_problem(r, 412, "If-Match is not the version of this roster; read it again.");
		return;
	}
	jv *body = publish ? NULL : api_body(r);
	if (!publish && !body)
		return;
	struct save *s = xalloc(sizeof(*s));
	*s = (struct save){ .a = a, .r = r, .body = body };
	(void)snprintf(s->login, sizeof(s->login), "%s", u.login);
	s->x = (struct ins_rota_edit){ .day = day, .body = body, .version = asked ? version : -1,
				       .by = sv_of(s->login), .now_ms = clk_wall_ms() };
	int rc = store_write(a->o.store, save_write, s, a->mbox, save_done);
	if (rc)
		save_done(s, rc);
}

void api_roster_put(struct web_req *r, void *arg)
{
	save_start(arg, r, false);
}

void api_roster_publish(struct web_req *r, void *arg)
{
	save_start(arg, r, true);
}

/* ---- planning ---- */

struct planning {
	struct ins_propose q;
	jv *body;
	struct acd_plan *plan;       /* NULL: no queues; then nobody can take a shift */
	int queue;                   /* -1: any */
	bool again;
};

static bool skilled(const struct planning *p, const struct acd_person *x)
{
	const struct acd_queue *q = acd_plan_queue(p->plan, p->queue);
	bool seat = false;
	for (int i = 0; i < x->n_seats; i++)
		seat = seat || x->seats[i].queue == p->queue;
	for (int i = 0; seat && i < q->n_need; i++) {
		int level = 0;
		for (int k = 0; k < x->n_skills; k++)
			if (x->skills[k].skill == q->need[i].skill)
				level = x->skills[k].level;
		seat = q->need[i].preferred || level >= q->need[i].level;
	}
	return seat;
}

/* Those of the plan of queues who can sign in; texts in the arena. */
static int takers(struct api_query *q, struct planning *p, struct store_db *db)
{
	struct store_stmt *st;
	sv *login = arena_new(&q->arena, sv, PEOPLE);
	bool *others = arena_new(&q->arena, bool, PEOPLE);
	int rc = store_prep(db, &st, "SELECT login FROM users WHERE disabled=0 ORDER BY login");
	if (rc)
		return rc;
	while (api_row(q, st) && p->q.n < PEOPLE) {
		int at = p->plan ? acd_plan_person_of(p->plan, store_col_sv(st, 0)) : -1;
		const struct acd_person *x = at < 0 ? NULL : acd_plan_person(p->plan, at);
		if (!x || (p->queue >= 0 && !skilled(p, x)))
			continue;
		others[p->q.n] = p->queue >= 0 && x->n_seats > 1;
		login[p->q.n++] = arena_sv(&q->arena, store_col_sv(st, 0));
	}
	store_reset(st);
	p->q.login = login;
	p->q.others = others;
	return 0;
}

static void plan_run(struct api_query *q, struct store_db *db)
{
	struct planning *p = q->p;
	struct err e = { 0 };
	int rc = p->again && p->queue < 0 ? 0 : takers(q, p, db);
	if (rc == 0)
		rc = p->again ? ins_rota_replan(db, &p->q, &q->out, &e) :
				ins_rota_propose(db, &p->q, &q->out, &e);
	if (rc)
		fail(q, rc, &e);
}

static void plan_done(struct api_query *q)
{
	struct planning *p = q->p;
	p->q.ask.hours = obj_unref((void *)p->q.ask.hours);
	obj_unref(p->plan);
	jv_free(p->body);
	api_query_answer(q);
}

/* What the body says of the need, within bounds; e names what is wrong. */
static int read_ask(const jv *b, struct ins_propose *x, struct err *e)
{
	const struct { const char *key; double *dst, def, least, most; } f[] = {
		{ "aht_s", &x->ask.aht_s, 0, 0, 86400 },
		{ "within_s", &x->ask.within_s, -1, 0, 86400 },
		{ "goal", &x->ask.goal, 0, 0, 0.99 },
		{ "patience_s", &x->ask.patience_s, 0, 0, 86400 },
		{ "shrinkage", &x->ask.shrinkage, 0, 0, 0.9 },
		{ "occupancy_max", &x->ask.occupancy_max, 0, 0, 1 },
	};
	for (size_t i = 0; i < sizeof(f) / sizeof(*f); i++) {
		const jv *v = jv_get(b, f[i].key);
		double d = jv_as_num(v, -1);
		*f[i].dst = v ? d : f[i].def;
		if (v && !(d >= f[i].least && d <= f[i].most))
			return err_set(e, ERR_INVAL, "%s is a number from %g to %g.", f[i].key,
				       f[i].least, f[i].most);
	}
	const jv *most = jv_get(b, "longer_max_min"), *chats = jv_get(b, "concurrency");
	double longer = most ? jv_as_num(most, -1) : LONGER_MIN;
	double at_once = chats ? jv_as_num(chats, 0) : 1;
	if (!(longer >= 0 && longer <= INS_DAY_MIN))
		return err_set(e, ERR_INVAL, "longer_max_min is a number of minutes.");
	if (!(at_once >= 1 && at_once <= 20 && at_once == (int)at_once))
		return err_set(e, ERR_INVAL, "concurrency is 1 to 20, a whole number.");
	x->longer_max_min = (int)longer;
	x->ask.concurrency = (int)at_once;
	x->leave = jv_get_bool(b, "leave", true);
	x->absent = jv_get(b, "absent");
	if (x->absent && !jv_is_arr(x->absent))
		return err_set(e, ERR_INVAL, "absent is a list of logins.");
	x->keep = jv_get(b, "keep");
	if (x->keep && !jv_is_arr(x->keep))
		return err_set(e, ERR_INVAL, "keep is a list of shifts.");
	return 0;
}

static void plan_start(struct api *a, struct web_req *r, bool again)
{
	int64_t day;
	struct err e = { 0 };
	if (!api_may(a, r, "staffing.plan", NULL) || !day_of(r, &day))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	struct api_query *q = api_query_new(a, r);
	struct planning *p = arena_new(&q->arena, struct planning, 1);
	*p = (struct planning){ .body = body, .queue = -1, .again = again };
	p->plan = a->o.acd ? acd_plan_now(a->o.acd) : NULL;
	p->q.day = day;
	p->q.shifts = jv_get(body, "shifts");
	p->q.ask = (struct ins_forecast_ask){ .queue = jv_get_str(body, "queue"),
					      .metric = "entered",
					      .zone = zone_of(a, &q->arena),
					      .now_ms = clk_wall_ms() };
	q->p = p;
	q->run = plan_run;
	q->done = plan_done;
	q->settled = true;
	int rc = read_ask(body, &p->q, &e);
	if (rc == 0 && p->q.ask.queue.n) {
		p->queue = p->plan ? acd_plan_queue_of(p->plan, p->q.ask.queue) : -1;
		rc = p->queue < 0 ? err_set(&e, ERR_INVAL, "There is no such queue.") : 0;
	}
	if (rc) {
		fail(q, rc, &e);
		plan_done(q);
		return;
	}
	api_forecast_of_queue(a, &p->q.ask);
	api_query_start(q);
}

void api_roster_propose(struct web_req *r, void *arg)
{
	plan_start(arg, r, false);
}

void api_roster_replan(struct web_req *r, void *arg)
{
	plan_start(arg, r, true);
}
