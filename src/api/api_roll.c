/* api_roll.c: roll-outs from outside: how each stands, its decisions as a table for off-policy
 * estimates, and a person's stop or restart. Lists are read on workers, an order is written by the
 * scribe; then whoever looks at the roll-outs (api_opts.roll) is told to look at once. The table
 * that shards use changes on the door's thread only (api_strategy_swap), so that a table saved
 * meanwhile is never lost. */
#include "api_int.h"
#include "api_roll.h"
#include "learn_roll.h"

#include <stdio.h>

#define CSV_MOST (64u << 20)

/* ---- the table in use ---- */

struct swap { struct api *a; struct policy_table *old, *next; };

static void swap_here(void *arg)
{
	struct swap *s = arg;
	struct policy_table *now = talk_hub_strategy_now(s->a->o.hub);
	if (now == s->old)
		talk_hub_strategy(s->a->o.hub, s->next);
	else
		obj_unref(s->next);          /* another was saved: the next look sees it */
	obj_unref(now);
	obj_unref(s->old);
	xfree(s);
}

int api_strategy_swap(struct api *a, struct policy_table *old, struct policy_table *moved)
{
	struct swap *s = xalloc(sizeof(*s));
	*s = (struct swap){ .a = a, .old = obj_ref(old), .next = moved };
	int rc = mbox_post(a->mbox, swap_here, s);
	if (rc) {
		obj_unref(s->old);
		obj_unref(moved);
		xfree(s);
	}
	return rc;
}

/* ---- reading ---- */

static void list_run(struct api_query *q, struct store_db *db)
{
	if (learn_roll_json(db, q->p2, &q->out)) {
		q->status = 500;
		q->detail = "The roll-outs could not be read.";
	}
}

static void listed(struct api_query *q)
{
	obj_unref(q->p2);
	api_query_answer(q);
}

void api_rollouts(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "strategy.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	q->p2 = talk_hub_strategy_now(a->o.hub);
	q->run = list_run;
	q->done = listed;
	q->settled = true;
	api_query_start(q);
}

static void decisions_run(struct api_query *q, struct store_db *db)
{
	q->out.max = CSV_MOST;
	int rc = learn_roll_csv(db, q->s1, &q->out);
	if (rc) {
		q->status = err_http(rc);
		q->detail = rc == ERR_NOTFOUND ? "No conversation had a choice by this row yet." :
						 "The decisions could not be read.";
	}
}

static void decisions_done(struct api_query *q)
{
	api_csv_reply(q, "decisions", "");
}

void api_rollout_decisions(struct web_req *r, void *arg)
{
	if (!api_may(arg, r, "strategy.read", NULL))
		return;
	struct api_query *q = api_query_new(arg, r);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "row"));
	q->run = decisions_run;
	q->done = decisions_done;
	q->settled = true;
	api_query_start(q);
}

/* ---- an order ---- */

struct order {
	struct api *a;
	struct web_req *r;
	char *row, *reason, by[64];
	enum learn_roll_verb verb;
};

static int order_write(void *arg, struct store_db *db)
{
	struct order *o = arg;
	return learn_roll_order(db, sv_of(o->row), o->verb, sv_of(o->by), sv_of(o->reason),
				clk_wall_ms());
}

static const char *refusal(int rc)
{
	return rc == ERR_NOTFOUND ? "There is no roll-out of this row." :
	       rc == ERR_STATE	  ? "It is over already; restart lets it begin again." :
	       rc == ERR_INVAL	  ? "Give a reason: it is shown with the change." :
				    "It could not be saved; try again.";
}

static void ordered(void *arg, int rc)
{
	struct order *o = arg;
	if (rc) {
		api_problem(o->r, err_http(rc), refusal(rc));
	} else {
		jv *x = jv_obj();
		jv_set_str(x, "row", sv_of(o->row));
		jv_set_str(x, "stage", o->verb == LEARN_ROLL_STOP ? SV("back") : SV("shadow"));
		if (o->a->o.roll && !o->a->ending)
			o->a->o.roll(o->a->o.roll_arg);
		web_reply_json(o->r, 200, x);
	}
	xfree(o->row);
	xfree(o->reason);
	xfree(o);
}

void api_rollout_order(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!api_may(a, r, "strategy.write", &u))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	sv action = jv_get_str(body, "action"), reason = jv_get_str(body, "reason");
	bool stop = sv_eq(action, SV("stop"));
	if ((!stop && !sv_eq(action, SV("restart"))) || sv_runes(reason) > 200) {
		api_problem(r, 400,
			    "action is stop or restart; reason has 200 characters at most.");
		jv_free(body);
		return;
	}
	struct order *o = xalloc(sizeof(*o));
	*o = (struct order){ .a = a, .r = r, .row = xstrdup(web_req_param(r, "row")),
			     .reason = xstrdup(reason),
			     .verb = stop ? LEARN_ROLL_STOP : LEARN_ROLL_RESTART };
	(void)snprintf(o->by, sizeof(o->by), "%s", u.login);
	jv_free(body);
	int rc = store_write(a->o.store, order_write, o, a->mbox, ordered);
	if (rc)
		ordered(o, rc);
}
