/* api_handover.c: hand-overs from outside: list and one. Orders about them are
 * api_agent_op.c's. An agent sees what concerns them: their own and what waits in their queues.
 * Door's thread; reading runs on workers. */
#include "api_people.h"

#include "acd.h"

#include <stdio.h>

static void failed(struct api_query *q, int rc)
{
	q->status = err_http(rc);
	q->detail = rc == ERR_NOTFOUND ? "There is no such hand-over." :
		    rc == ERR_INVAL    ? "cursor must be the next of an earlier answer." :
					 "The database could not be read.";
}

/* ---- list: p is a struct acd_query in the arena ---- */

static void list_run(struct api_query *q, struct store_db *db)
{
	int rc = acd_list(db, q->p, &q->out);
	if (rc)
		failed(q, rc);
}

void api_handovers(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	int64_t limit;
	if (!api_may(a, r, "handover.read", &u))
		return;
	struct api_query *q = api_query_new(a, r);
	struct acd_query *x = arena_new(&q->arena, struct acd_query, 1);
	const struct { const char *name; sv *to; } args[] = {
		{ "state", &x->state }, { "queue", &x->queue },	{ "agent", &x->agent },
		{ "conversation", &x->conversation },		{ "cursor", &x->after },
	};
	for (size_t i = 0; i < sizeof(args) / sizeof(*args); i++)
		*args[i].to = arena_sv(&q->arena, web_req_arg(r, args[i].name));
	if (sv_i64(web_req_arg(r, "limit"), &limit) || limit < 1 || limit > 200)
		limit = 50;
	x->limit = (int)limit;
	bool own = !api_role_may(a, sv_of(u.role), "handover.read_all");
	if (own || sv_eq(x->agent, SV("me")))
		x->agent = arena_sv(&q->arena, sv_of(u.login));
	q->p = x;
	q->run = list_run;
	q->settled = true;
	api_query_start(q);
}

/* ---- one: s1 id, s2 login that may see it, empty = anybody; s3 their queues ---- */

static void get_run(struct api_query *q, struct store_db *db)
{
	int rc = acd_get(db, q->s1, q->a->o.acd_key, &q->out);
	if (rc) {
		failed(q, rc);
		return;
	}
	jv *v = jv_parse(sb_sv(&q->out), NULL);
	if (q->s2.n && !api_handover_theirs(v, q->s2, q->s3)) {
		q->status = 403;
		q->detail = "This hand-over is somebody else's.";
	}
	jv_free(v);
}

void api_handover(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	char queues[API_QUEUES_MAX];
	if (!api_may(a, r, "handover.read", &u))
		return;
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	q->s2 = api_role_may(a, sv_of(u.role), "handover.read_all") ?
			SV_NULL : arena_sv(&q->arena, sv_of(u.login));
	api_queues_of(a, u.login, queues);
	q->s3 = arena_sv(&q->arena, sv_of(queues));
	q->run = get_run;
	q->settled = true;
	q->etag = true;
	api_query_start(q);
}
