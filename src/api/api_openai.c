/* api_openai.c: /v1/models and /v1/chat/completions: requests under way and the conversations
 * they belong to.
 *
 * A request is one turn of a written conversation of channel "api", recorded like any other. A
 * client sends the whole conversation each time; the next request belongs to the conversation
 * whose messages and answer stand before its new part (a stable hash of them, the key's owner
 * and `user`), or to the one it names (metadata.conversation_id). If there is none any more, a
 * new one begins with the last question and answer as its context. Conversations wait for a
 * next request for five minutes, the least used goes first when there are too many. One request
 * at a time is in a conversation. Door's thread; freed there. */
#include "api_openai.h"
#include "guard.h"

#include <stdio.h>

#define KEEP_MS (5 * 60 * 1000)

struct oai_conv {
	struct api *a;
	struct chan_web *w;
	struct oai_conv *next, *prev;    /* least used first */
	struct oai_call *call;           /* its request under way */
	uint64_t key;                    /* of the request that goes on with it; 0 = none */
	int64_t used_ms;
	char owner[96], id[27], interaction[27];
	bool closed;
};
struct oai {
	struct oai_conv *first, *last;
	struct oai_call *calls;
	int n_convs, n_calls;
};

const char *oai_conv_id(const struct oai_conv *c)
{
	return c->id;
}

/* ---- conversations ---- */

static void conv_unlink(struct oai_conv *c)
{
	struct oai *o = c->a->oai;
	*(c->prev ? &c->prev->next : &o->first) = c->next;
	*(c->next ? &c->next->prev : &o->last) = c->prev;
	c->next = c->prev = NULL;
	o->n_convs--;
}

static void conv_link(struct oai_conv *c)
{
	struct oai *o = c->a->oai;
	c->prev = o->last;
	c->next = NULL;
	*(o->last ? &o->last->next : &o->first) = c;
	o->last = c;
	o->n_convs++;
}

static void conv_free(struct oai_conv *c)
{
	conv_unlink(c);
	chan_web_unref(c->w);
	xfree(c);
}

/* By the customer: a program that asks no more has gone. */
static void conv_end(struct oai_conv *c)
{
	if (c->call)
		c->call->c = NULL;
	chan_web_close(c->w);
	conv_free(c);
}

static void conv_used(struct oai_conv *c)
{
	conv_unlink(c);
	conv_link(c);
	c->used_ms = loop_now_ms(c->a->loop);
}

static struct oai_conv *conv_find(struct api *a, const struct oai_req *q)
{
	for (struct oai_conv *c = a->oai->last; c; c = c->prev) {
		bool fits = q->conversation.n ? sv_eq(q->conversation, sv_of(c->id)) :
						q->prefix && c->key == q->prefix && !c->call;
		if (fits && !c->closed && sv_eq(sv_of(c->owner), sv_of(q->owner)))
			return c;
	}
	return NULL;
}

/* ---- what the conversation tells ---- */

static void ready(struct oai_call *x)
{
	if (x->reply && x->acked)
		oai_turn_over(x);
}

static void on_event(void *arg, struct chan_web *w, sv json)
{
	struct oai_conv *c = arg;
	struct oai_call *x = c->call;
	jv *ev = x && !x->reply ? jv_parse(json, NULL) : NULL;
	sv kind = jv_get_str(ev, "kind");
	int turn = (int)jv_get_int(ev, "turn", -1);
	bool ours = sv_eq(kind, SV("turn.customer")) &&
		    sv_eq(jv_as_str(jv_path(ev, "body.client_id")), sv_of(x->cid));
	if (ours)
		x->turn = turn;
	if (x && sv_eq(kind, SV("turn.bot")) && x->turn > 0 && turn >= x->turn) {
		x->reply = ev;
		ready(x);
		return;
	}
	jv_free(ev);
}

static void on_delta(void *arg, struct chan_web *w, sv text)
{
	struct oai_conv *c = arg;
	if (c->call && c->call->turn > 0)
		oai_delta(c->call, text);
}

static void on_ack(void *arg, struct chan_web *w, sv client_id, int64_t seq, int err)
{
	struct oai_conv *c = arg;
	struct oai_call *x = c->call;
	if (!x || !sv_eq(client_id, sv_of(x->cid)))
		return;
	if (err == ERR_INVAL || err == ERR_TOOBIG)
		oai_call_fail(x, 400, "invalid_value", "Nothing of the message is text.");
	else if (err)
		oai_call_fail(x, 503, "not_saved", "The message could not be saved; try again.");
	else
		x->acked = true, ready(x);
}

static void on_closed(void *arg, struct chan_web *w, int err)
{
	struct oai_conv *c = arg;
	struct oai_call *x = c->call;
	c->closed = true;
	if (x) {
		x->c = NULL;
		c->call = NULL;
		oai_call_fail(x, 503, "conversation_closed",
			      "The conversation ended meanwhile; send the request again.");
	}
	conv_free(c);
}

/* ---- opening ---- */

static bool make_room(struct api *a)
{
	struct oai_conv *c = a->oai->first;
	while (c && c->call)
		c = c->next;
	if (a->oai->n_convs < OAI_CONVS)
		return true;
	if (c)
		conv_end(c);
	return c != NULL;
}

/* The last question and its answer before the new part, masked as the river would hold them. */
static bool context(struct oai_req *q, struct chan_resume *ret)
{
	struct guard_in in;
	for (size_t i = q->first_new; i-- > 0;) {
		const struct llm_msg *m = &q->msgs[i];
		bool bot = m->role == LLM_ASSISTANT;
		sv *to = bot ? &ret->last_reply : &ret->last_question;
		if (m->role == LLM_USER)
			ret->turn++;
		if ((bot || m->role == LLM_USER) && !to->n && sv_trim(m->text).n &&
		    (!bot || !ret->last_question.n) && guard_inbound(m->text, &q->arena, &in) == 0)
			*to = in.masked;
	}
	ret->language = q->lang;
	ret->started_ms = clk_wall_ms();
	return ret->turn > 0;
}

static struct oai_conv *conv_open(struct api *a, struct oai_req *q)
{
	struct talk_shard *s = make_room(a) ? talk_hub_pick(a->o.hub, a->next++) : NULL;
	if (!s)
		return NULL;
	struct oai_conv *c = xalloc(sizeof(*c));
	struct chan_resume resume = { 0 };
	c->a = a;
	snprintf(c->owner, sizeof(c->owner), "%s", q->owner);
	id_new(c->id);
	id_new(c->interaction);
	struct chan_web_opts o = {
		.door = a->mbox, .shard = talk_shard_mbox(s), .shard_loop = talk_shard_loop(s),
		.sink = talk_sink(), .sink_arg = s, .arg = c,
		.cb = { on_event, on_delta, NULL, on_ack, on_closed },
		.info = { .channel = "api", .language = q->lang, .address = q->user,
			  .customer_name = sv_of(c->owner), .id = sv_of(c->id),
			  .interaction_id = sv_of(c->interaction) },
	};
	if (context(q, &resume))
		o.info.resume = &resume;
	if (chan_web_open(&c->w, &o)) {
		xfree(c);
		return NULL;
	}
	conv_link(c);
	c->used_ms = loop_now_ms(a->loop);
	return c;
}

/* ---- requests ---- */

static void call_free(struct oai_call *x)
{
	struct oai *o = x->a->oai;
	api_due_cut(x->a, &x->due);
	oai_job_drop(x);
	if (x->c && x->c->call == x)
		x->c->call = NULL;
	*(x->prev ? &x->prev->next : &o->calls) = x->next;
	if (x->next)
		x->next->prev = x->prev;
	o->n_calls--;
	jv_free(x->reply);
	sb_done(&x->sent);
	oai_req_done(&x->q);
	xfree(x);
}

void oai_call_refuse(struct oai_call *x, const struct oai_problem *p)
{
	oai_send_error(x, p);
	call_free(x);
}

void oai_call_fail(struct oai_call *x, int status, const char *code, const char *why)
{
	struct oai_problem p;
	oai_problem(&p, status, NULL, code, "%s", why);
	oai_call_refuse(x, &p);
}

/* Whoever asked has gone. A turn goes on, as after a hang-up, and ends the call; a model asked
 * beside it does not work for nobody. */
static void client_gone(struct web_req *r, void *arg)
{
	struct oai_call *x = arg;
	if (!x->job)
		return;
	oai_job_drop(x);
	oai_call_fail(x, 503, "client_gone", "The client has gone.");
}

/* What a client will send back of this answer: by it the conversation is found again. */
static uint64_t next_key(const struct oai_call *x, const struct oai_answer *y)
{
	struct llm_call calls[OAI_CALLS];
	char ids[OAI_CALLS][OAI_CALL_ID];
	uint64_t h = x->q.prefix ? x->q.prefix : oai_hash_start(&x->q);
	for (size_t i = x->q.first_new; i < x->q.n; i++)
		h = oai_hash_msg(h, &x->q.msgs[i]);
	for (size_t i = 0; i < y->n_calls; i++) {
		oai_call_id(x, i, ids[i]);
		calls[i] = (struct llm_call){ sv_of(ids[i]), y->calls[i].name, y->calls[i].args };
	}
	struct llm_msg m = { .role = LLM_ASSISTANT, .text = y->text, .calls = calls,
			     .n_calls = y->n_calls };
	return oai_hash_msg(h, &m);
}

void oai_call_answer(struct oai_call *x, struct oai_answer *y)
{
	if (x->c) {
		x->c->key = next_key(x, y);
		conv_used(x->c);
	}
	oai_send(x, y);
	call_free(x);
}

static void too_late(struct api_due *d)
{
	struct oai_call *x = (struct oai_call *)(void *)d;
	oai_call_fail(x, 504, "timeout", "The turn was not answered in time.");
}

void oai_turn_start(struct oai_call *x)
{
	struct api *a = x->a;
	if (!x->c)
		x->c = conv_open(a, &x->q);
	if (!x->c) {
		oai_call_fail(x, 503, "too_many_conversations",
			      "Too many conversations are open; try again soon.");
		return;
	}
	x->c->call = x;
	conv_used(x->c);
	id_new(x->cid);
	int rc = chan_web_send(x->c->w, x->q.text, sv_of(x->cid));
	if (rc)
		oai_call_fail(x, 503, "not_taken", "The message could not be taken; try again.");
}

/* ---- the routes ---- */

/* The owner of the request's key; answers 401 otherwise. */
static bool need_key(struct api *a, struct web_req *r, char *owner, size_t cap)
{
	struct oai_problem p;
	if (api_owner_of(a, web_req_bearer(r), owner, cap))
		return true;
	oai_problem(&p, 401, NULL, "invalid_api_key",
		    web_req_bearer(r).n ?
			    "This API key is not known. An administrator makes one: POST "
			    "/api/v1/keys." :
			    "Send an API key: Authorization: Bearer KEY. An administrator makes "
			    "one: POST /api/v1/keys.");
	oai_error(r, &p);
	return false;
}

static jv *model_json(struct api *a)
{
	jv *o = jv_obj();
	jv_set_str(o, "id", SV(OAI_MODEL));
	jv_set_str(o, "object", SV("model"));
	jv_set_int(o, "created", a->started_ms / 1000);
	jv_set_str(o, "owned_by", SV("callm"));
	return o;
}

void api_openai_models(struct web_req *r, void *arg)
{
	struct api *a = arg;
	char owner[96];
	if (!need_key(a, r, owner, sizeof(owner)))
		return;
	jv *o = jv_obj(), *list = jv_arr();
	jv_push(list, model_json(a));
	jv_set_str(o, "object", SV("list"));
	jv_set(o, "data", list);
	web_reply_json(r, 200, o);
}

void api_openai_model(struct web_req *r, void *arg)
{
	struct api *a = arg;
	char owner[96];
	struct oai_problem p;
	if (!need_key(a, r, owner, sizeof(owner)))
		return;
	if (sv_eq(web_req_param(r, "id"), SV(OAI_MODEL))) {
		web_reply_json(r, 200, model_json(a));
		return;
	}
	oai_problem(&p, 404, "model", "model_not_found", "There is one model: " OAI_MODEL ".");
	oai_error(r, &p);
}

static struct oai_call *call_new(struct api *a, struct web_req *r, struct oai_req *q)
{
	struct oai *o = a->oai;
	struct oai_call *x = xalloc(sizeof(*x));
	char ulid[27];
	x->a = a;
	x->r = r;
	x->q = *q;
	x->turn = -1;
	id_new(ulid);
	snprintf(x->id, sizeof(x->id), "chatcmpl-%s", ulid);
	x->created_s = clk_wall_ms() / 1000;
	sb_init(&x->sent, LIM_SB);
	x->next = o->calls;
	if (o->calls)
		o->calls->prev = x;
	o->calls = x;
	o->n_calls++;
	api_due_add(a, &x->due, too_late);
	return x;
}

static bool may_run(struct api *a, struct oai_req *q, struct oai_conv **ret, struct oai_problem *p)
{
	if (a->draining || a->oai->n_calls >= OAI_RUNNING)
		return oai_problem(p, 503, NULL, "overloaded",
				   a->draining ? "The server is closing." :
						 "Too many requests are under way; try again.");
	*ret = conv_find(a, q);
	if (*ret && (*ret)->call)
		return oai_problem(p, 409, "metadata.conversation_id", "conversation_busy",
				   "This conversation answers another request just now.");
	if (!*ret && q->conversation.n)
		return oai_problem(p, 404, "metadata.conversation_id", "conversation_not_found",
				   "There is no such conversation of yours any more; leave "
				   "conversation_id out, the messages are enough.");
	return true;
}

void api_openai_chat(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct oai_problem p;
	struct oai_req q;
	struct oai_conv *c = NULL;
	struct err e = { 0 };
	char owner[96];
	if (!need_key(a, r, owner, sizeof(owner)))
		return;
	jv *body = jv_parse(web_req_body(r), &e);
	if (!body || !jv_is_obj(body)) {
		jv_free(body);
		oai_problem(&p, 400, NULL, "invalid_json", "The body must be one JSON object. %s",
			    e.msg);
		oai_error(r, &p);
		return;
	}
	if (!oai_req_read(&q, body, owner, &p) || !may_run(a, &q, &c, &p)) {
		oai_error(r, &p);
		oai_req_done(&q);
		return;
	}
	struct oai_call *x = call_new(a, r, &q);
	x->c = c;
	if (c)
		c->call = x;
	web_req_on_gone(r, client_gone, x);
	oai_route(x);
}

/* ---- up and down ---- */

void api_openai_open(struct api *a)
{
	a->oai = xalloc(sizeof(*a->oai));
}

void api_openai_tick(struct api *a)
{
	int64_t now = loop_now_ms(a->loop);
	struct oai_conv *c = a->oai->first;
	if (c && !c->call && now - c->used_ms > KEEP_MS)
		conv_end(c);
}

void api_openai_stop(struct api *a)
{
	while (a->oai->calls)
		oai_call_fail(a->oai->calls, 503, "overloaded", "The server is closing.");
	while (a->oai->first)
		conv_free(a->oai->first);
}

void api_openai_done(struct api *a)
{
	xfree(a->oai);
	a->oai = NULL;
}
