/* api_calls.c: calls that the company places: asked for here, and how they went.
 *
 * The request is a row of the river first (who asked, for whom, what for), so that no call
 * leaves without one; the steps of the call follow under the same id (the app writes them as
 * they happen), and the conversation, once a person is there, has its own. Of the address only
 * the last three letters of its user part stay in the row, and its texts are masked. Who is to
 * be called is a number, or a customer or hand-over whose number is found here and told nobody.
 * Door's thread; rows and numbers are read on a worker. */
#include "api_people.h"
#include "acd.h"
#include "cust.h"
#include "guard.h"

#include <stdio.h>

enum { TO_MAX = 200, NAME_MAX_BYTES = 200, TEXT_MAX = 2000 };

struct out_call {
	struct api *a;
	struct web_req *r;           /* NULL: an agent's order */
	struct api_op *op;
	struct api_caller by;        /* the agent; party empty = the bot calls */
	char id[27];
	char *to, *name, *language, *opening, *message, *purpose;    /* owned */
	char *customer, *handover;   /* owned; instead of to */
	char login[64];              /* of who asks */
	bool test;                   /* their own line alone is rung */
	bool own;                    /* hand-overs of others are not theirs to call */
	char queues[API_QUEUES_MAX]; /* those they serve */
};

static void out_call_free(struct out_call *c)
{
	xfree(c->to);
	xfree(c->name);
	xfree(c->language);
	xfree(c->opening);
	xfree(c->message);
	xfree(c->purpose);
	xfree(c->customer);
	xfree(c->handover);
	xfree(c);
}

static int dial(struct out_call *c)
{
	const struct api_opts *o = &c->a->o;
	struct api_call x = { .id = sv_of(c->id),
			      .to = sv_of(c->to),
			      .customer = sv_of(c->customer),
			      .name = sv_of(c->name),
			      .test = c->test,
			      .language = sv_of(c->language),
			      .opening = sv_of(c->opening),
			      .message = sv_of(c->message),
			      .purpose = sv_of(c->purpose),
			      .agent_party = sv_of(c->by.party),
			      .agent_to = sv_of(c->by.to),
			      .agent = sv_of(c->by.login),
			      .agent_name = sv_of(c->by.name) };
	return o->call ? o->call(o->call_arg, &x) : ERR_STATE;
}

/* What could not even be tried is told in its row too. */
static void refused(struct out_call *c, const char *why)
{
	char body[96];
	snprintf(body, sizeof(body), "{\"state\":\"failed\",\"reason\":\"%s\"}", why);
	struct store_event ev = { .conversation = sv_of(c->id),
				  .seq = 2,
				  .kind = SV("outbound.failed"),
				  .actor = SV("system"),
				  .body = sv_of(body) };
	if (store_append(c->a->o.store, &ev, NULL, NULL, NULL))
		metric_inc(M_SCRIBE_FAILED);
}

static void fail(struct out_call *c, int status, const char *detail)
{
	if (c->op)
		api_op_fail(c->op, status, detail);
	else
		api_problem(c->r, status, detail);
}

static void dialling(struct out_call *c)
{
	struct sb b;
	sb_init(&b, 128);
	sb_fmt(&b, "{\"id\":\"%s\",\"state\":\"dialling\"}", c->id);
	if (c->op)
		api_op_done(c->op, sb_sv(&b));
	else
		web_reply(c->r, 202, "application/json", sb_sv(&b), NULL);
	sb_done(&b);
}

/* The request is on disk: now it may be dialled. */
static void requested(void *arg, int err)
{
	struct out_call *c = arg;
	int rc = err ? err : dial(c);
	if (rc == 0) {
		dialling(c);
	} else if (err) {
		fail(c, err, "The call could not be recorded, so it is not placed.");
	} else if (rc == ERR_INVAL) {
		refused(c, "not allowed");
		fail(c, 403, "This address is not in outbound.allow, or is none.");
	} else {
		refused(c, rc == ERR_STATE ? "no telephone" : "no room");
		fail(c, 503, rc == ERR_STATE ? "The telephone is switched off." :
					       "Too much happens; try again.");
	}
	out_call_free(c);
}

/* "sip:+4961550123@trunk" -> "...123" */
static void masked(sv to, struct sb *out)
{
	sv user = sv_starts(to, SV("sip:")) ? sv_slice(to, 4, to.n) : to;
	ptrdiff_t at = sv_find_ch(user, '@');
	user = at < 0 ? user : sv_slice(user, 0, (size_t)at);
	sb_cstr(out, "...");
	sb_put(out, user.n > 5 ? sv_slice(user, user.n - 3, user.n) : SV(""));
}

/* What an employee wrote for one customer may hold personal data, as a customer's words may. */
static void put_masked(struct sb *b, const char *text)
{
	struct arena a;
	struct guard_in in;
	arena_init(&a, LIM_ARENA_TURN);
	sb_json(b, guard_inbound(sv_of(text), &a, &in) ? SV("") : in.masked);
	arena_done(&a);
}

static void request(struct out_call *c)
{
	struct sb to, body;
	char actor[80];
	sb_init(&to, 256);
	sb_init(&body, LIM_SB);
	masked(sv_of(c->to), &to);
	sb_cstr(&body, "{\"state\":\"requested\",\"to\":");
	sb_json(&body, sb_sv(&to));
	sb_cstr(&body, ",\"purpose\":");
	put_masked(&body, c->purpose);
	sb_cstr(&body, ",\"text\":");
	put_masked(&body, c->opening);
	sb_ch(&body, '}');
	snprintf(actor, sizeof(actor), "user:%s", c->login);
	struct store_event ev = { .conversation = sv_of(c->id),
				  .seq = 1,
				  .kind = SV("outbound.requested"),
				  .actor = sv_of(actor),
				  .body = sb_sv(&body) };
	int rc = store_append(c->a->o.store, &ev, c->a->mbox, requested, c);
	sb_done(&to);
	sb_done(&body);
	if (rc)
		requested(c, rc);
}

/* ---- whom: a customer, or who a hand-over is about ---- */

/* The customer's phone (s1): the primary one, else the first; their id, name and language (s2 to
 * s4). */
static int phone_of(struct api_query *q, struct store_db *db, sv customer)
{
	struct cust who = { 0 };
	struct arena *m = &q->arena;
	const struct cust_keys *keys = q->a->o.cust;
	int rc = keys && customer.n ? cust_get(db, keys, customer, m, &who) : ERR_NOTFOUND;
	const struct cust_ident *found = NULL;
	for (size_t i = 0; rc == 0 && i < who.n_idents; i++)
		if (who.idents[i].kind == CUST_PHONE &&
		    (!found || (who.idents[i].primary && !found->primary)))
			found = &who.idents[i];
	if (rc == 0 && found) {
		q->s1 = arena_sv(m, found->value);
		q->s2 = arena_sv(m, who.id);
		q->s3 = arena_sv(m, who.name);
		q->s4 = arena_sv(m, who.language);
	}
	cust_done(&who);
	return rc ? rc : found ? 0 : ERR_STATE;
}

/* The number a callback was asked for at, else the customer's. */
static int phone_of_handover(struct api_query *q, struct store_db *db, const struct out_call *c)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	int rc = acd_get(db, sv_of(c->handover), q->a->o.acd_key, &b);
	jv *v = rc == 0 ? jv_parse(sb_sv(&b), NULL) : NULL;
	sv number = jv_get_str(v, "number");
	if (rc == 0 && c->own && !api_handover_theirs(v, sv_of(c->login), sv_of(c->queues)))
		rc = ERR_DENIED;
	else if (rc == 0)
		rc = phone_of(q, db, jv_as_str(jv_path(v, "customer.id")));
	if (number.n && rc != ERR_DENIED) {
		q->s1 = arena_sv(&q->arena, number);
		rc = 0;
	}
	jv_free(v);
	sb_done(&b);
	return rc;
}

static void whom_run(struct api_query *q, struct store_db *db)
{
	const struct out_call *c = q->p;
	q->i1 = c->handover[0] ? phone_of_handover(q, db, c) :
				 phone_of(q, db, sv_of(c->customer));
}

/* What was given goes before what is known. */
static void known(char **text, sv value)
{
	if ((*text)[0] || !value.n)
		return;
	xfree(*text);
	*text = xstrdup(value);
}

static sv language_of(sv s)
{
	return sv_starts(s, SV("zh")) ? SV("zh") : sv_starts(s, SV("en")) ? SV("en") : SV("");
}

static void whom_done(struct api_query *q)
{
	struct out_call *c = q->p;
	int rc = q->status >= 400 ? ERR_AGAIN : (int)q->i1;
	if (rc == 0) {
		xfree(c->to);
		c->to = xstrdup(q->s1);
		xfree(c->customer);
		c->customer = xstrdup(q->s2);
		known(&c->name, q->s3);
		known(&c->language, language_of(q->s4));
		request(c);
	} else {
		fail(c, rc == ERR_STATE ? 409 : rc, rc == ERR_STATE ?
		     "No phone number of this customer is known." :
		     rc == ERR_NOTFOUND ? "There is no such customer or hand-over." :
		     rc == ERR_DENIED ? "This hand-over is somebody else's." : NULL);
		out_call_free(c);
	}
	api_query_free(q);
}

static void start(struct out_call *c)
{
	if (c->to[0] || c->test) {
		request(c);
		return;
	}
	struct api_query *q = api_query_new(c->a, NULL);
	q->p = c;
	q->run = whom_run;
	q->done = whom_done;
	q->settled = true;
	api_query_start(q);
}

/* A text member of at most max bytes, without control characters; NULL: *bad says which. */
static char *take(const jv *body, const char *key, size_t max, const char **bad)
{
	const jv *v = jv_get(body, key);
	sv s = jv_get_str(body, key);
	bool ok = jv_is_null(v) || (jv_is_str(v) && s.n <= max);
	for (size_t i = 0; ok && i < s.n; i++)
		ok = (unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f;
	if (!ok)
		*bad = *bad ? *bad : key;
	return xstrdup(ok ? s : SV(""));
}

static struct out_call *read_body(const jv *body, bool speaks, const char **bad)
{
	struct out_call *c = xalloc(sizeof(*c));
	c->to = take(body, "to", TO_MAX, bad);
	c->name = take(body, "name", NAME_MAX_BYTES, bad);
	c->language = take(body, "language", 7, bad);
	c->opening = take(body, "text", TEXT_MAX, bad);
	c->message = take(body, "message", TEXT_MAX, bad);
	c->purpose = take(body, "purpose", TEXT_MAX, bad);
	c->customer = take(body, "customer", CUST_ID_MAX - 1, bad);
	c->handover = take(body, "handover", 26, bad);
	sv lang = sv_of(c->language);
	if (lang.n && !sv_eq(lang, SV("en")) && !sv_eq(lang, SV("zh")))
		*bad = *bad ? *bad : "language";
	c->test = !speaks && jv_get_bool(body, "test", false);
	if ((c->to[0] != 0) + (c->customer[0] != 0) + (c->handover[0] != 0) + c->test != 1)
		*bad = *bad ? *bad : "to";
	if (speaks && !c->opening[0])
		*bad = *bad ? *bad : "text";
	return c;
}

static void asked_by(struct out_call *c, const struct api_user *u)
{
	id_new(c->id);
	snprintf(c->login, sizeof(c->login), "%s", u->login);
	api_queues_of(c->a, u->login, c->queues);
	c->own = !api_role_may(c->a, sv_of(u->role), "handover.read_all");
}

static bool may_have_called(struct api *a, struct web_req *r)
{
	if (!api_may(a, r, "call.outbound", NULL))
		return false;
	if (a->draining)
		api_problem(r, 503, "The server is about to stop; no new calls.");
	return !a->draining;
}

void api_call_make(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user who;
	const char *bad = NULL;
	char why[200];
	if (!api_need_user(a, r, &who))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	/* nothing to be said: they speak themselves, at their own line */
	if (!jv_get(body, "text") && !jv_get(body, "message")) {
		if (api_may(a, r, "call.place", NULL))
			api_op_rest(a, r, &who, SV("call"), body);
		else
			jv_free(body);
		return;
	}
	if (!may_have_called(a, r)) {
		jv_free(body);
		return;
	}
	struct out_call *c = read_body(body, true, &bad);
	jv_free(body);
	if (bad) {
		snprintf(why, sizeof(why),
			 "%s is missing or wrong: text and one of to, customer and handover are "
			 "needed (one line, 2000 bytes at most); language is en or zh.",
			 bad);
		api_problem(r, 400, why);
		out_call_free(c);
		return;
	}
	c->a = a;
	c->r = r;
	asked_by(c, &who);
	start(c);
}

/* The agent's own line is rung first; no word of ours is said. */
void api_call_by(struct api_op *op, const struct api_caller *by)
{
	const char *bad = NULL;
	if (op->a->draining) {
		api_op_fail(op, 503, "The server is about to stop; no new calls.");
		return;
	}
	struct out_call *c = read_body(op->data, false, &bad);
	c->a = op->a;
	c->op = op;
	c->by = *by;
	asked_by(c, &op->u);
	if (!bad) {
		start(c);
		return;
	}
	api_op_fail(op, 400,
		    "One of customer, handover and to is needed, to a number or SIP address of "
		    "200 bytes at most; language is en or zh.");
	out_call_free(c);
}

/* ---- how it went ---- */

static void put_last(struct sb *out, const jv *last, sv conversation)
{
	static const char *const keys[] = { "state", "reason" };
	for (int i = 0; i < 2; i++) {
		sv v = jv_get_str(last, keys[i]);
		sb_fmt(out, ",\"%s\":", keys[i]);
		if (v.n)
			sb_json(out, v);
		else
			sb_cstr(out, "null");
	}
	sb_fmt(out, ",\"sip_status\":%lld", (long long)jv_get_int(last, "sip_status", 0));
	sb_cstr(out, ",\"conversation_id\":");
	if (conversation.n)
		sb_json(out, conversation);
	else
		sb_cstr(out, "null");
}

static void get_run(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	if (store_prep(db, &st,
		       "SELECT " API_EVENT_COLS " FROM event WHERE conversation=?1 "
		       "AND kind>='outbound.' AND kind<'outbound/' ORDER BY seq LIMIT 64")) {
		q->status = 500;
		return;
	}
	store_bind_sv(st, 1, q->s1);
	sv conversation = SV("");
	jv *last = NULL;
	int n = 0;
	sb_cstr(&q->out, "{\"events\":[");
	for (; api_row(q, st); n++) {
		if (n)
			sb_ch(&q->out, ',');
		api_event_row(st, &q->out);
		jv_free(last);
		last = jv_parse(store_col_sv(st, 5), NULL);
		if (jv_get_str(last, "conversation_id").n)
			conversation = arena_sv(&q->arena, jv_get_str(last, "conversation_id"));
	}
	store_reset(st);
	sb_cstr(&q->out, "],\"id\":");
	sb_json(&q->out, q->s1);
	put_last(&q->out, last, conversation);
	sb_ch(&q->out, '}');
	jv_free(last);
	if (n == 0 && q->status == 200) {
		q->status = 404;
		q->detail = "There is no call of that id.";
	}
}

void api_call_get(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "call.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	q->settled = true;
	q->run = get_run;
	api_query_start(q);
}
