/* api_hello.c: the first frame of /ws/agent: who they are, what state they are in, what they
 * have in hand, the queues, and the words their console offers.
 *
 * Read on a worker, after all that was written before it was asked for. */
#include "api_hello.h"

#include "acd.h"
#include "acd_plan.h"

#include <stdio.h>

#define WORK_MAX 64

struct hello {
	struct api_user u;
	const jv *dispositions;
	const unsigned char *key;
	struct acd_plan *plan;       /* a reference until api_hello_over; NULL = none */
	sv queues, agents;           /* {"items":[..]}, the numbers last fed; empty = none yet */
	struct { sv id, lang; bool voice; } conv[WORK_MAX];
	int n;
};

void api_hello_of(struct api_query *q, const struct api_user *u)
{
	struct hello *h = arena_new(&q->arena, struct hello, 1);
	const struct api_opts *o = &q->a->o;
	const char *queues = q->a->people->queues_now, *agents = q->a->people->agents_now;
	h->u = *u;
	h->key = o->acd_key;
	h->dispositions = o->dispositions;
	h->plan = o->acd ? acd_plan_now(o->acd) : NULL;
	h->queues = queues ? arena_sv(&q->arena, sv_of(queues)) : SV_NULL;
	h->agents = agents ? arena_sv(&q->arena, sv_of(agents)) : SV_NULL;
	q->p = h;
}

static int put_me(struct api_query *q, const struct hello *h, struct store_db *db)
{
	struct store_stmt *st;
	int rc = store_prep(db, &st, "SELECT name FROM users WHERE login=?1");
	if (rc)
		return rc;
	store_bind_sv(st, 1, sv_of(h->u.login));
	sb_cstr(&q->out, ",\"me\":{\"login\":");
	sb_json(&q->out, sv_of(h->u.login));
	sb_cstr(&q->out, ",\"role\":");
	sb_json(&q->out, sv_of(h->u.role));
	sb_cstr(&q->out, ",\"name\":");
	sb_json(&q->out, api_row(q, st) ? store_col_sv(st, 0) : sv_of(h->u.login));
	store_reset(st);
	return 0;
}

/* What the plan says of this agent: telephone, queues, skills. */
static void put_plan(struct sb *out, const struct hello *h)
{
	int i = h->plan ? acd_plan_person_of(h->plan, sv_of(h->u.login)) : -1;
	if (i >= 0) {
		const struct acd_person *x = acd_plan_person(h->plan, i);
		sb_cstr(out, ",\"extension\":");
		sb_json(out, sv_of(x->extension ? x->extension : ""));
		sb_cstr(out, ",\"plan\":");
		acd_plan_person_json(h->plan, x, out);
	}
	sb_ch(out, '}');
}

/* The conversations in hand are remembered for api_hello_over. */
static int put_work(struct api_query *q, struct hello *h, struct store_db *db)
{
	struct sb work;
	sb_init(&work, 8u << 20);
	int rc = acd_work(db, sv_of(h->u.login), h->key, &work);
	jv *list = rc == 0 ? jv_parse(sb_sv(&work), NULL) : NULL;
	for (size_t i = 0; i < jv_len(list) && h->n < WORK_MAX; i++) {
		const jv *x = jv_at(list, i);
		if (!sv_eq(jv_get_str(x, "state"), SV("ACCEPTED")))
			continue;
		h->conv[h->n].id = arena_sv(&q->arena, jv_get_str(x, "conversation"));
		h->conv[h->n].lang = arena_sv(&q->arena, jv_get_str(x, "language"));
		h->conv[h->n++].voice = sv_eq(jv_get_str(x, "media"), SV("voice"));
	}
	jv_free(list);
	sb_cstr(&q->out, ",\"work\":");
	sb_put(&q->out, rc == 0 ? sb_sv(&work) : SV("[]"));
	sb_done(&work);
	return rc;
}

static bool put_items(struct sb *out, sv fed)
{
	jv *now = fed.n ? jv_parse(fed, NULL) : NULL;
	const jv *items = jv_get(now, "items");
	if (items)
		jv_dump(items, out);
	jv_free(now);
	return items != NULL;
}

/* Before the first numbers there are the queues' names alone. */
static void put_boards(struct sb *out, const struct hello *h)
{
	sb_cstr(out, ",\"queues\":");
	if (!put_items(out, h->queues)) {
		sb_ch(out, '[');
		for (int i = 0; h->plan && i < acd_plan_queues(h->plan); i++) {
			if (i)
				sb_ch(out, ',');
			acd_plan_queue_json(h->plan, i, out);
		}
		sb_ch(out, ']');
	}
	sb_cstr(out, ",\"agents\":");
	if (!put_items(out, h->agents))
		sb_cstr(out, "[]");
}

static void put_words(struct sb *out, const struct hello *h)
{
	const char *const *reason = h->plan ? acd_plan_reasons(h->plan) : NULL;
	sb_cstr(out, ",\"reasons\":[");
	for (int i = 0; reason && reason[i]; i++) {
		if (i)
			sb_ch(out, ',');
		sb_json(out, sv_of(reason[i]));
	}
	sb_cstr(out, "],\"dispositions\":");
	if (h->dispositions)
		jv_dump(h->dispositions, out);
	else
		sb_cstr(out, "[]");
}

void api_hello_run(struct api_query *q, struct store_db *db)
{
	struct hello *h = q->p;
	int rc = put_me(q, h, db);
	put_plan(&q->out, h);
	sb_cstr(&q->out, ",\"state\":");
	if (rc == 0)
		rc = acd_agent_state(db, sv_of(h->u.login), &q->out);
	if (rc == 0)
		rc = put_work(q, h, db);
	put_boards(&q->out, h);
	put_words(&q->out, h);
	if (rc)
		q->status = 500;
}

void api_hello_over(struct api_query *q, const struct api_agent *g, int64_t asked)
{
	struct hello *h = q->p;
	for (int i = 0; g && i < h->n; i++) {
		if (api_agent_lost(g, asked, h->conv[i].id))
			continue;    /* it went on since the disk was read */
		api_serve(q->a, h->conv[i].id, sv_of(h->u.login), true);
		struct api_served *x = api_served(q->a, h->conv[i].id);
		if (!x)
			continue;
		x->voice = h->conv[i].voice;
		snprintf(x->lang, sizeof(x->lang), SV_FMT, SV_ARG(h->conv[i].lang));
	}
	obj_unref(h->plan);
}
