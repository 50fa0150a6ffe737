/* api_queue.c: queues, skills and agents as they are set up: read, changed, taken out; their
 * hours and their numbers now.
 *
 * What is read is the plan in use. A change is checked as a whole (would the plan still hold?),
 * written on the scribe with its version, then the hand-overs read their plan again, and the
 * answer is what holds now. The ETag is the version of what people changed, 0 = the company's
 * file alone; If-Match refuses a change made on another. Door's thread; writing on the scribe. */
#include "api_people.h"

#include "acd.h"
#include "acd_plan.h"

#include <stdio.h>

static const struct {
	const char *path, *none;
} conf[] = {
	[ACD_CONF_QUEUE] = { "/api/v1/queues", "There is no such queue." },
	[ACD_CONF_SKILL] = { "/api/v1/skills", "There is no such skill." },
	[ACD_CONF_AGENT] = { "/api/v1/agents", "There is no such agent." },
};

static enum acd_conf conf_of(struct web_req *r)
{
	sv path = web_req_path(r);
	return sv_starts(path, sv_of(conf[ACD_CONF_QUEUE].path)) ? ACD_CONF_QUEUE :
	       sv_starts(path, sv_of(conf[ACD_CONF_SKILL].path)) ? ACD_CONF_SKILL :
								   ACD_CONF_AGENT;
}

/* NULL: answered. A reference for the caller. */
static struct acd_plan *plan_for(struct api *a, struct web_req *r, const char *may)
{
	if (!api_may(a, r, may, NULL))
		return NULL;
	struct acd_plan *p = a->o.acd ? acd_plan_now(a->o.acd) : NULL;
	if (!p)
		api_problem(r, 503, "No queues are set up here.");
	return p;
}

static int place_of(const struct acd_plan *p, enum acd_conf kind, sv id)
{
	return kind == ACD_CONF_QUEUE ? acd_plan_queue_of(p, id) :
	       kind == ACD_CONF_SKILL ? acd_plan_skill_of(p, id) : acd_plan_person_of(p, id);
}

static void put_one(const struct acd_plan *p, enum acd_conf kind, int i, struct sb *out)
{
	if (kind == ACD_CONF_QUEUE) {
		acd_plan_queue_json(p, i, out);
	} else if (kind == ACD_CONF_AGENT) {
		acd_plan_person_json(p, acd_plan_person(p, i), out);
	} else {
		sb_cstr(out, "{\"id\":");
		sb_json(out, sv_of(acd_plan_skill(p, i)));
		sb_cstr(out, ",\"title\":{\"zh\":");
		sb_json(out, sv_of(acd_plan_skill_title(p, i, 0)));
		sb_cstr(out, ",\"en\":");
		sb_json(out, sv_of(acd_plan_skill_title(p, i, 1)));
		sb_cstr(out, "}}");
	}
}

static void list(struct web_req *r, struct api *a, const char *may)
{
	enum acd_conf kind = conf_of(r);
	struct acd_plan *p = plan_for(a, r, may);
	struct sb b;
	if (!p)
		return;
	int n = kind == ACD_CONF_QUEUE ? acd_plan_queues(p) :
		kind == ACD_CONF_SKILL ? acd_plan_skills(p) : acd_plan_people(p);
	sb_init(&b, 16u << 20);
	sb_cstr(&b, "{\"items\":[");
	for (int i = 0; i < n; i++) {
		if (i)
			sb_ch(&b, ',');
		put_one(p, kind, i, &b);
	}
	sb_cstr(&b, "],\"next\":null}");
	if (sb_err(&b))
		api_problem(r, 500, "The answer is too large.");
	else
		web_reply(r, 200, "application/json", sb_sv(&b), NULL);
	sb_done(&b);
	obj_unref(p);
}

void api_queues(struct web_req *r, void *arg)
{
	list(r, arg, "queue.read");
}

void api_skills(struct web_req *r, void *arg)
{
	list(r, arg, "queue.read");
}

void api_agents(struct web_req *r, void *arg)
{
	list(r, arg, "agent.read");
}

/* ---- one, with its version: s1 id, i1 kind, i2 version ---- */

static void version_run(struct api_query *q, struct store_db *db)
{
	struct sb body;
	sb_init(&body, LIM_JSON_BYTES);
	int rc = acd_conf_get(db, (enum acd_conf)q->i1, q->s1, &body, &q->i2);
	sb_done(&body);
	if (rc && rc != ERR_NOTFOUND)
		q->status = 500;
	if (rc)
		q->i2 = 0;
}

static void one_done(struct api_query *q)
{
	enum acd_conf kind = (enum acd_conf)q->i1;
	struct acd_plan *p = q->a->ending ? NULL : acd_plan_now(q->a->o.acd);
	int i = p ? place_of(p, kind, q->s1) : -1;
	if (q->status != 200) {
		api_problem(q->r, q->status, q->detail);
	} else if (i < 0) {
		api_problem(q->r, 404, conf[kind].none);
	} else {
		put_one(p, kind, i, &q->out);
		api_reply_version(q->r, 200, sb_sv(&q->out), q->i2);
	}
	obj_unref(p);
	api_query_free(q);
}

static void one(struct api *a, struct web_req *r, enum acd_conf kind, sv id)
{
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, id);
	q->i1 = kind;
	q->run = version_run;
	q->done = one_done;
	q->settled = true;
	api_query_start(q);
}

static void get(struct web_req *r, struct api *a, const char *may)
{
	struct acd_plan *p = plan_for(a, r, may);
	if (p)
		one(a, r, conf_of(r), web_req_param(r, "id"));
	obj_unref(p);
}

void api_queue(struct web_req *r, void *arg)
{
	get(r, arg, "queue.read");
}

void api_agent(struct web_req *r, void *arg)
{
	get(r, arg, "agent.read");
}

/* ---- changes ---- */

struct change {
	struct api *a;
	struct web_req *r;
	enum acd_conf kind;
	char id[64], by[80];
	char *body;                  /* NULL: it is taken out */
	int64_t version;             /* 0 = any, -1 = nobody changed it yet */
	bool none_yet;               /* and the company's file has none */
	char why[420];
	int rc;
};

static void change_free(struct change *c)
{
	xfree(c->body);
	xfree(c);
}

static void plan_read(void *arg, int err, sv json)
{
	struct change *c = arg;
	if (err)
		api_problem(c->r, err, "It is saved, but the queues could not be read again.");
	else if (!c->body)
		web_reply(c->r, 204, NULL, SV_NULL, NULL);
	else
		one(c->a, c->r, c->kind, sv_of(c->id));
	change_free(c);
}

static void changed(void *arg, int err)
{
	struct change *c = arg;
	struct acd_order o = { .act = ACD_DO_PLAN, .by = sv_of(c->by), .back = c->a->mbox,
			       .done = plan_read, .arg = c };
	int rc = err ? err : c->a->ending ? ERR_CLOSED : acd_do(c->a->o.acd, &o);
	if (!rc)
		return;
	if (rc == ERR_CONFLICT || rc == ERR_EXISTS)
		api_problem(c->r, 412, "Somebody changed it meanwhile; read it again.");
	else if (rc == ERR_INVAL && c->why[0])
		api_problem(c->r, 400, c->why);
	else if (rc == ERR_NOTFOUND)
		api_problem(c->r, 404, conf[c->kind].none);
	else
		api_problem(c->r, rc, NULL);
	change_free(c);
}

static int check(struct change *c)
{
	struct cfg_report rep = { 0 };
	int rc = acd_conf_check(c->a->o.acd, c->kind, sv_of(c->id),
				c->body ? sv_of(c->body) : SV_NULL, &rep);
	if (rc && rep.n)
		snprintf(c->why, sizeof(c->why), "%.80s: %.160s; %.160s", rep.v[0].where,
			 rep.v[0].what, rep.v[0].mend);
	cfg_report_done(&rep);
	return rc;
}

static bool is_there(const struct change *c)
{
	struct acd_plan *p = acd_plan_now(c->a->o.acd);
	bool there = place_of(p, c->kind, sv_of(c->id)) >= 0;
	obj_unref(p);
	return there;
}

static int change_write(void *arg, struct store_db *db)
{
	struct change *c = arg;
	int rc = c->none_yet && is_there(c) ? ERR_EXISTS : check(c);
	if (rc)
		return rc;
	return c->body ? acd_conf_put(db, c->kind, sv_of(c->id), sv_of(c->body), c->version,
				      sv_of(c->by), clk_wall_ms()) :
			 acd_conf_delete(db, c->kind, sv_of(c->id), c->version, sv_of(c->by),
					 clk_wall_ms());
}

static bool wants_none(struct web_req *r)
{
	return sv_eq(web_req_header(r, "if-none-match"), SV("*"));
}

/* "3": that version; "0": nobody changed it yet; If-None-Match: *: nor has the file one; neither:
 * whatever is there. */
static int64_t version_of(struct web_req *r)
{
	int64_t v = 0;
	if (wants_none(r))
		return -1;
	int asked = api_if_match(r, &v);
	return asked == 0 ? 0 : asked < 0 ? INT64_MAX : v ? v : -1;
}

static char *body_text(struct api *a, struct web_req *r, enum acd_conf kind, sv id)
{
	jv *v = api_body(r);
	struct sb b;
	char *ret = NULL;
	if (!v)
		return NULL;
	const char *key = kind == ACD_CONF_AGENT ? "login" : "id";
	sv said = jv_get_str(v, key);
	if (said.n && !sv_eq(said, id)) {
		api_problem(r, 400, "The path and the body name different things.");
	} else {
		jv_set_str(v, key, id);
		sb_init(&b, LIM_JSON_BYTES);
		jv_dump(v, &b);
		ret = xstrdup(sb_sv(&b));
		sb_done(&b);
	}
	jv_free(v);
	return ret;
}

static void change_start(struct api *a, struct web_req *r, const char *may, bool put)
{
	struct api_user u;
	sv id = web_req_param(r, "id");
	enum acd_conf kind = conf_of(r);
	if (!api_may(a, r, may, &u))
		return;
	if (!a->o.acd || !id.n || id.n >= 64) {
		api_problem(r, a->o.acd ? 400 : 503, a->o.acd ? "A name has 1 to 63 bytes." :
							       "No queues are set up here.");
		return;
	}
	char *body = put ? body_text(a, r, kind, id) : NULL;
	if (put && !body)
		return;
	struct change *c = xalloc(sizeof(*c));
	c->a = a;
	c->r = r;
	c->kind = kind;
	c->body = body;
	c->version = version_of(r);
	c->none_yet = wants_none(r);
	snprintf(c->id, sizeof(c->id), SV_FMT, SV_ARG(id));
	snprintf(c->by, sizeof(c->by), "user:%s", u.login);
	int rc = store_write(a->o.store, change_write, c, a->mbox, changed);
	if (rc)
		changed(c, rc);
}

void api_queue_put(struct web_req *r, void *arg)
{
	change_start(arg, r, "queue.write", true);
}

void api_queue_delete(struct web_req *r, void *arg)
{
	change_start(arg, r, "queue.write", false);
}

void api_skill_put(struct web_req *r, void *arg)
{
	change_start(arg, r, "queue.write", true);
}

void api_skill_delete(struct web_req *r, void *arg)
{
	change_start(arg, r, "queue.write", false);
}

void api_agent_put(struct web_req *r, void *arg)
{
	change_start(arg, r, "agent.write", true);
}

void api_agent_delete(struct web_req *r, void *arg)
{
	change_start(arg, r, "agent.write", false);
}

/* ---- now ---- */

static void board_done(void *arg, int err, sv json)
{
	if (err)
		api_problem(arg, err, NULL);
	else
		web_reply(arg, 200, "application/json", json, NULL);
}

void api_queues_realtime(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct acd_order o = { .act = ACD_DO_BOARD, .back = a->mbox, .done = board_done, .arg = r };
	if (!api_may(a, r, "queue.read", NULL))
		return;
	int rc = a->o.acd ? acd_do(a->o.acd, &o) : ERR_STATE;
	if (rc)
		api_problem(r, a->o.acd ? rc : 503, a->o.acd ? NULL : "No queues are set up here.");
}

/* Which queues are open, and when those that are not open again. */
void api_hours(struct web_req *r, void *arg)
{
	int64_t now = clk_wall_ms();
	struct acd_plan *p = plan_for(arg, r, "queue.read");
	struct sb b;
	if (!p)
		return;
	sb_init(&b, 1u << 20);
	sb_cstr(&b, "{\"items\":[");
	for (int i = 0; i < acd_plan_queues(p); i++) {
		const struct acd_queue *q = acd_plan_queue(p, i);
		sb_fmt(&b, "%s{\"queue\":", i ? "," : "");
		sb_json(&b, sv_of(q->id));
		sb_cstr(&b, ",\"hours\":");
		sb_json(&b, sv_of(q->hours ? cal_name(q->hours) : "always"));
		bool open = !q->hours || cal_open(q->hours, now);
		sb_fmt(&b, ",\"open\":%s", open ? "true" : "false");
		int64_t next = open ? CAL_NEVER : cal_next(q->hours, now);
		api_put_ms(&b, "opens_at", next == CAL_NEVER ? 0 : next);
		sb_ch(&b, '}');
	}
	sb_cstr(&b, "],\"next\":null}");
	web_reply(r, 200, "application/json", sb_sv(&b), NULL);
	sb_done(&b);
	obj_unref(p);
}
