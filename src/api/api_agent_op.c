/* api_agent_op.c: what agents and supervisors order, as frames or as requests: one table, one way
 * through it.
 *
 * An order is checked (permission, shape), given to the hand-overs (acd_do) or to the
 * conversation (api_word), and answered when that is done. Door's thread. */
#include "api_audit.h"
#include "api_people.h"
#include "api_agent_op.h"
#include "assist.h"

#include <stdio.h>

/* ---- ends ---- */

static void op_free(struct api_op *op)
{
	if (op->sock)
		desk_sock_unref(op->sock);
	jv_free(op->data);
	xfree(op);
}

void api_op_done(struct api_op *op, sv json)
{
	json = json.n ? json : SV("{}");
	if (op->sock)
		api_audit_op_done(op, 200, json, NULL);
	else
		web_reply(op->r, 200, "application/json", json, NULL);
	op_free(op);
}

void api_op_fail(struct api_op *op, int status, const char *detail)
{
	if (status < 0) {
		detail = detail ? detail : err_text(status);
		status = err_http(status);
	}
	if (op->sock)
		api_audit_op_done(op, status, SV_NULL, detail);
	else
		api_problem(op->r, status, detail);
	op_free(op);
}

/* ---- shapes ---- */

sv api_op_id(const struct api_op *op, const char *key)
{
	sv id = jv_get_str(op->data, key);
	return id_ok(id) ? id : SV_NULL;
}

/* Orders about a hand-over may name the conversation instead. */
bool api_op_about(struct api_op *op, struct acd_order *o)
{
	o->handover = api_op_id(op, "handover");
	o->conversation = o->handover.n ? SV_NULL : api_op_id(op, "conversation");
	if (o->handover.n || o->conversation.n)
		return true;
	api_op_fail(op, 400, "Say which: handover or conversation, 26 characters.");
	return false;
}

bool api_op_text(struct api_op *op, const char *key, size_t most, bool needed, sv *ret)
{
	const jv *v = jv_get(op->data, key);
	char why[120];
	*ret = jv_as_str(v);
	bool ok = (jv_is_null(v) && !needed) ||
		  (jv_is_str(v) && ret->n <= most && (!needed || sv_trim(*ret).n));
	if (ok)
		return true;
	snprintf(why, sizeof(why), "%s must be a text of %s%zu bytes at most.", key,
		 needed ? "1 to " : "", most);
	api_op_fail(op, 400, why);
	return false;
}

/* ---- to the hand-overs ---- */

void api_op_answered(void *arg, int err, sv json)
{
	struct api_op *op = arg;
	if (err)
		api_op_fail(op, err, err == ERR_STATE ?
			    "This is not possible now: the hand-over is somebody else's, or over." :
			    err == ERR_NOTFOUND ? "There is no such hand-over, agent or queue." :
			    NULL);
	else
		api_op_done(op, json);
}

void api_op_acd(struct api_op *op, struct acd_order *o)
{
	o->agent = o->agent.n ? o->agent : sv_of(op->u.login);
	o->by = sv_of(op->u.login);
	o->back = op->a->mbox;
	o->done = o->done ? o->done : api_op_answered;
	o->arg = op;
	int rc = op->a->o.acd ? acd_do(op->a->o.acd, o) : ERR_STATE;
	if (rc)
		api_op_fail(op, rc, rc == ERR_STATE ? "No queues are set up here." : NULL);
}

static void run_state(struct api_op *op)
{
	static const struct {
		const char *name;
		int presence;
	} known[] = { { "ready", ACD_READY },
		      { "paused", ACD_PAUSED },
		      { "offline", ACD_OFFLINE } };
	struct acd_order o = { .act = ACD_DO_PRESENCE, .presence = -1 };
	sv state = jv_get_str(op->data, "state"), login = jv_get_str(op->data, "login");
	if (!api_op_text(op, "reason", 64, false, &o.why))
		return;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (sv_eq(state, sv_of(known[i].name)))
			o.presence = known[i].presence;
	bool other = login.n && !sv_eq(login, sv_of(op->u.login));
	if (o.presence < 0) {
		api_op_fail(op, 400, "state must be ready, paused or offline.");
	} else if (other && !api_role_may(op->a, sv_of(op->u.role), "agent.force")) {
		api_op_fail(op, 403, "Only a supervisor sets the state of others.");
	} else if (other && !api_is_agent(op->a, login)) {
		api_op_fail(op, 404, "There is no such agent.");
	} else {
		o.act = other ? ACD_DO_FORCE : ACD_DO_PRESENCE;
		o.agent = other ? login : sv_of(op->u.login);
		api_op_acd(op, &o);
	}
}

/* A call rings the agent's telephone: the extension, another number (to), or the browser. */
static void run_accept(struct api_op *op)
{
	struct acd_order o = { .act = ACD_DO_ACCEPT };
	char web[80];
	if (!api_op_text(op, "to", 95, false, &o.to) || !api_op_about(op, &o))
		return;
	snprintf(web, sizeof(web), "web:%s", op->u.login);
	if (sv_starts(o.to, SV("web:")) || sv_eq(jv_get_str(op->data, "line"), SV("web")))
		o.to = sv_of(web);
	api_op_acd(op, &o);
}

static void run_reject(struct api_op *op)
{
	struct acd_order o = { .act = ACD_DO_REJECT, .why = SV("reject") };
	if (api_op_about(op, &o))
		api_op_acd(op, &o);
}

static void run_return(struct api_op *op)
{
	struct acd_order o = { .act = ACD_DO_BACK };
	if (api_op_text(op, "instruction", 2000, false, &o.note) && api_op_about(op, &o))
		api_op_acd(op, &o);
}

static void run_end(struct api_op *op)
{
	struct acd_order o = { .act = ACD_DO_END };
	o.survey = jv_get_bool(op->data, "survey", true);
	if (api_op_text(op, "why", 32, false, &o.why) && api_op_about(op, &o))
		api_op_acd(op, &o);
}

static void run_wrap(struct api_op *op)
{
	struct acd_order o = { .act = ACD_DO_WRAPPED };
	struct sb b;
	sv text;
	if (!api_op_text(op, "disposition", 64, false, &text) ||
	    !api_op_text(op, "summary", 8000, false, &text) || !api_op_about(op, &o))
		return;
	jv *x = jv_obj();
	jv_set_str(x, "disposition", jv_get_str(op->data, "disposition"));
	jv_set_str(x, "summary", jv_get_str(op->data, "summary"));
	if (jv_is_arr(jv_get(op->data, "follow_ups")))
		jv_set(x, "follow_ups", jv_copy(jv_get(op->data, "follow_ups")));
	sb_init(&b, LIM_SB);
	jv_dump(x, &b);
	jv_free(x);
	o.json = sb_sv(&b);
	if (sb_err(&b))
		api_op_fail(op, 413, "This is too long for a wrap-up.");
	else
		api_op_acd(op, &o);
	sb_done(&b);
}

/* To a queue, or to one agent; what the next one should know goes along. */
static void run_transfer(struct api_op *op)
{
	struct acd_order o = { .act = ACD_DO_GIVE };
	if (!api_op_text(op, "queue", 64, false, &o.queue) ||
	    !api_op_text(op, "agent", 64, false, &o.to) ||
	    !api_op_text(op, "note", 2000, false, &o.note))
		return;
	if (jv_get_str(op->data, "to").n || jv_get_bool(op->data, "warm", false)) {
		api_op_warm(op);
		return;
	}
	if (!o.queue.n == !o.to.n) {
		api_op_fail(op, 400, "Say where to: queue, agent or to, one of them.");
		return;
	}
	o.own = !api_role_may(op->a, sv_of(op->u.role), "handover.take");
	if (api_op_about(op, &o))
		api_op_acd(op, &o);
}

/* What fits comes as events assist.suggestion. */
static void run_suggest(struct api_op *op)
{
	sv id = api_op_id(op, "conversation"), query;
	if (!api_op_text(op, "query", 500, false, &query))
		return;
	if (!op->a->o.assist) {
		api_op_fail(op, 503, "There are no suggestions here.");
	} else if (!api_serves(op->a, id, sv_of(op->u.login))) {
		api_op_fail(op, 403, "You do not serve this conversation.");
	} else {
		assist_find(op->a->o.assist, id, sv_of(op->u.login), query);
		api_op_done(op, SV_NULL);
	}
}

/* ---- the table ---- */

static const struct api_op_kind kinds[] = {
	{ "state", "agent.state", run_state },
	{ "accept", "handover.accept", run_accept },
	{ "reject", "handover.accept", run_reject },
	{ "transfer", "handover.move", run_transfer },
	{ "return", "handover.move", run_return },
	{ "end", "handover.end", run_end },
	{ "wrap", "handover.end", run_wrap },
	{ "suggest", "conversation.say", run_suggest },
	{ "hold", "call.parties", api_op_hold },
	{ "unhold", "call.parties", api_op_hold },
	{ "mute", "call.parties", api_op_mute },
	{ "unmute", "call.parties", api_op_mute },
	{ "record_pause", "call.record", api_op_record },
	{ "record_resume", "call.record", api_op_record },
	{ "consult", "call.parties", api_op_consult },
	{ "merge", "call.parties", api_op_merge },
	{ "drop", "call.parties", api_op_drop },
	{ "keys", "call.parties", api_op_keys },
	{ "say", "conversation.say", api_op_say },
	{ "note", "conversation.note", api_op_note },
	{ "check", "conversation.note", api_op_check },
	{ "typing", "conversation.say", api_op_typing },
	{ "call", "call.place", api_op_call },
	{ "monitor", "call.monitor", api_op_listen },
	{ "whisper", "call.monitor", api_op_listen },
	{ "barge", "call.monitor", api_op_listen },
	{ "takeover", "handover.take", api_op_takeover },
};

static const struct api_op_kind *op_find(sv name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (sv_eq(name, sv_of(kinds[i].name)))
			return &kinds[i];
	return NULL;
}

/* ---- in ---- */

static void op_run(struct api_op *op)
{
	bool may = op->kind && api_role_may(op->a, sv_of(op->u.role), op->kind->may);
	if (!op->kind)
		api_op_fail(op, 404, "There is no such order.");
	else if (!api_audit_op(op))
		api_op_fail(op, 503, "This could not be written down, so it is not done.");
	else if (!may)
		api_op_fail(op, 403, "Your role does not allow this.");
	else
		op->kind->run(op);
}

void api_op_frame(struct desk_sock *s, const struct api_user *u, sv re, sv name, jv *data)
{
	struct api_op *op = xalloc(sizeof(*op));
	*op = (struct api_op){ .a = desk_sock_api(s), .u = *u, .sock = s, .data = data,
			       .kind = op_find(name) };
	snprintf(op->re, sizeof(op->re), SV_FMT, SV_ARG(re));
	desk_sock_ref(s);
	op_run(op);
}

/* .../{id}/accept: the last segment is the order's name. */
static sv last_of(sv path)
{
	for (ptrdiff_t i; (i = sv_find_ch(path, '/')) >= 0;)
		path = sv_slice(path, (size_t)i + 1, path.n);
	return path;
}

void api_op_rest(struct api *a, struct web_req *r, const struct api_user *u, sv name, jv *data)
{
	struct api_op *op = xalloc(sizeof(*op));
	*op = (struct api_op){ .a = a, .u = *u, .r = r, .data = data, .kind = op_find(name) };
	op_run(op);
}

void api_op_request(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	const struct api_op_kind *kind = op_find(last_of(web_req_path(r)));
	sv path = web_req_path(r), id = web_req_param(r, "id");
	if (!api_may(a, r, kind ? kind->may : "", &u))
		return;
	jv *data = api_body(r);
	if (!data)
		return;
	jv_set_str(data, sv_starts(path, SV("/api/v1/handovers/")) ? "handover" :
			 sv_starts(path, SV("/api/v1/agents/"))    ? "login" :
								     "conversation", id);
	api_op_rest(a, r, &u, last_of(path), data);
}
