/* api_tool_call.c: business actions by hand: the tools there are, a call of one by a signed-in
 * person, the decisions that wait for a supervisor, and messages that were given up.
 *
 * A person passes the same gate as a model (docs/tool.md), with an agent's or a supervisor's role.
 * How sure it is who the customer is counts as proven only when the person says how it was checked;
 * that is a row of the river of its own, before the call. Calls answer on the door's mailbox;
 * approvals are carried out on a worker, which waits for them. */
#include "api_int.h"
#include "guard.h"
#include "tool.h"

#include <stdio.h>

enum { HOW_MAX = 200, NOTE_MAX = 1000, ID_MAX = 64, LIST_MAX = 100 };

static bool have_kit(struct api *a, struct web_req *r)
{
	if (!a->o.kit)
		api_problem(r, 503, "There are no business actions here.");
	return a->o.kit != NULL;
}

void api_tools_get(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "tool.read", NULL) || !have_kit(a, r))
		return;
	struct tool_box *box = tool_kit_box_now(a->o.kit);
	struct sb out;
	sb_init(&out, 4u << 20);
	tool_box_json(box, &out);
	if (sb_err(&out))
		api_problem(r, 500, "The list is too large.");
	else
		web_reply(r, 200, "application/json", sb_sv(&out), NULL);
	sb_done(&out);
	obj_unref(box);
}

/* ---- one call ---- */

static void put_result(jv *o, const struct tool_res *res)
{
	static const char *const levels[] = { "nobody", "claimed", "known", "proven" };
	char print[20];
	jv_set_str(o, "outcome", sv_of(tool_outcome_name(res->outcome)));
	jv_set_str(o, "say", res->say);
	jv_set_str(o, "why", res->why);
	jv_set(o, "body", jv_copy(res->body));
	jv_set_bool(o, "effect", res->effect);
	jv_set_bool(o, "again", res->again);
	if (res->outcome == TOOL_VERIFY)
		jv_set_str(o, "need_level", sv_of(levels[res->need_level & 3]));
	if (res->grant_customer.n)
		jv_set_str(o, "grant_customer", res->grant_customer);
	if (res->print) {
		(void)snprintf(print, sizeof(print), "%016llx", (unsigned long long)res->print);
		jv_set_str(o, "print", sv_of(print));
	}
}

static void called(void *arg, struct tool_res *res)          /* on the door */
{
	struct web_req *r = arg;
	jv *o = jv_obj();
	put_result(o, res);
	web_reply_json(r, 200, o);
	obj_unref(res);
}

static bool print_of(sv s, uint64_t *ret)
{
	uint64_t v = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
		if (d < 0)
			return false;
		v = v << 4 | (uint64_t)d;
	}
	*ret = v;
	return s.n == 0 || s.n == 16;
}

/* How the customer was checked: who, for whom, in which conversation. */
static int note_check(struct api *a, const struct tool_who *who, sv how)
{
	struct arena ar;
	struct guard_in in;
	struct sb b;
	arena_init(&ar, LIM_ARENA_TURN);
	sb_init(&b, 16u << 10);
	sb_cstr(&b, "{\"how\":");
	sb_json(&b, guard_inbound(how, &ar, &in) ? SV("") : in.masked);
	sb_cstr(&b, ",\"conversation\":");
	sb_json(&b, who->conversation);
	sb_ch(&b, '}');
	struct store_event ev = { .customer = who->customer,
				  .kind = SV("customer.checked"),
				  .actor = who->actor,
				  .body = sb_sv(&b) };
	int rc = sb_err(&b) ? sb_err(&b) : store_append(a->o.store, &ev, NULL, NULL, NULL);
	sb_done(&b);
	arena_done(&ar);
	return rc;
}

/* What is wrong with the body, or NULL. */
static const char *check_body(const jv *body, uint64_t *print)
{
	const jv *args = jv_get(body, "args");
	sv how = jv_get_str(body, "checked");
	if (args && !jv_is_obj(args))
		return "args must be an object: the arguments of the tool.";
	if (jv_get_str(body, "customer").n > ID_MAX || jv_get_str(body, "conversation").n > ID_MAX)
		return "customer and conversation are ids.";
	if (how.n && !jv_get_str(body, "customer").n)
		return "checked tells how the customer was checked: name the customer.";
	if (sv_runes(how) > HOW_MAX)
		return "checked may have 200 characters.";
	if (!print_of(jv_get_str(body, "confirmed"), print))
		return "confirmed is the print that the answer before gave.";
	return NULL;
}

/* A key is its user's own: two users may choose the same. */
static bool key_of(struct web_req *r, const struct api_user *u, char out[40])
{
	sv key = web_req_header(r, "idempotency-key");
	struct sb b;
	bool ok = key.n <= 255;
	for (size_t i = 0; i < key.n; i++)
		ok &= key.p[i] > 0x20 && key.p[i] < 0x7f;
	if (!ok)
		api_problem(r, 400, "Idempotency-Key must be 1 to 255 visible characters.");
	out[0] = 0;
	if (!ok || !key.n)
		return ok;
	sb_init(&b, 512);
	sb_fmt(&b, "%s\n" SV_FMT, u->login, SV_ARG(key));
	(void)snprintf(out, 40, "api:%016llx", (unsigned long long)sv_hash(sb_sv(&b)));
	sb_done(&b);
	return true;
}

static void start(struct api *a, struct web_req *r, const struct api_user *u, const jv *body)
{
	struct sb args;
	char key[40], actor[80];
	uint64_t print = 0;
	sv how = jv_get_str(body, "checked"), lang = jv_get_str(body, "lang");
	const char *bad = check_body(body, &print);
	if (bad) {
		api_problem(r, 400, bad);
		return;
	}
	if (!key_of(r, u, key))
		return;
	(void)snprintf(actor, sizeof(actor), "user:%s", u->login);
	sb_init(&args, LIM_HTTP_BODY);
	if (jv_get(body, "args"))
		jv_dump(jv_get(body, "args"), &args);
	struct tool_req q = {
		.name = web_req_param(r, "name"),
		.args = sb_sv(&args),
		.key = sv_of(key),
		.confirmed = print,
		.dry = jv_get_bool(body, "dry", false),
		.now_ms = clk_wall_ms(),
		.who = { .customer = jv_get_str(body, "customer"),
			 .conversation = jv_get_str(body, "conversation"),
			 .role = api_tool_role(a, u),
			 .actor = sv_of(actor),
			 .channel = SV("console"),
			 .lang = lang.n ? lang : SV("zh") },
	};
	q.who.level = !q.who.customer.n ? TOOL_NOBODY : how.n ? TOOL_PROVEN : TOOL_CLAIMED;
	int rc = how.n ? note_check(a, &q.who, how) : 0;
	if (!rc)
		rc = tool_start(a->o.kit, &q, a->mbox, called, r);
	if (rc)
		api_problem(r, rc, rc == ERR_TOOBIG ? "args may have 16 KiB." :
						      "Too much happens; try again.");
	sb_done(&args);
}

void api_tool_call(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!api_may(a, r, "tool.call", &u) || !have_kit(a, r))
		return;
	jv *body = api_body(r);
	if (body)
		start(a, r, &u, body);
	jv_free(body);
}

/* ---- approvals ---- */

/* s1 state, s2 cursor */
static void list_run(struct api_query *q, struct store_db *db)
{
	struct tool_box *box = tool_kit_box_now(q->a->o.kit);
	int rc = tool_approvals(db, box, q->s1, q->s2, LIST_MAX, &q->out);
	obj_unref(box);
	/* what could not be delivered waits for a person too: with the first page */
	if (!rc && !q->s2.n && q->out.n) {
		sb_truncate(&q->out, q->out.n - 1);
		sb_cstr(&q->out, ",\"undelivered\":");
		rc = tool_undelivered(db, LIST_MAX, &q->out);
		sb_ch(&q->out, '}');
	}
	if (rc) {
		q->status = rc == ERR_INVAL ? 400 : 500;
		q->detail = rc == ERR_INVAL ? "cursor is the next of the page before." :
					      "The database could not be read.";
	}
}

void api_approvals_get(struct web_req *r, void *arg)
{
	struct api *a = arg;
	sv state = web_req_arg(r, "state");
	if (!api_may(a, r, "approval.read", NULL) || !have_kit(a, r))
		return;
	if (state.n && !sv_eq(state, SV("waiting")) && !sv_eq(state, SV("yes")) &&
	    !sv_eq(state, SV("no"))) {
		api_problem(r, 400, "state is waiting, yes or no.");
		return;
	}
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, state);
	q->s2 = arena_sv(&q->arena, web_req_arg(r, "cursor"));
	q->run = list_run;
	q->settled = true;
	api_query_start(q);
}

/* s1 id, s2 login, s3 note, i1 yes, i2 now, i3 role */
static void decide_run(struct api_query *q, struct store_db *db)
{
	struct tool_res *res = NULL;
	(void)db;
	int rc = tool_approve(q->a->o.kit, q->s1, q->i1 != 0, (enum tool_role)q->i3, q->s2, q->s3,
			      q->i2, &res);
	if (rc) {
		q->status = err_http(rc);
		q->detail = rc == ERR_NOTFOUND ? "There is no such request." :
			    rc == ERR_STATE    ? "It has been decided already." :
						 "It could not be carried out; try again.";
		return;
	}
	if (res->outcome == TOOL_APPROVE) {
		q->status = 403;
		q->detail = "This is above your authority too; it waits for somebody whose role "
			    "has approval.above.";
	} else {
		jv *o = jv_obj();
		put_result(o, res);
		jv_dump(o, &q->out);
		jv_free(o);
	}
	obj_unref(res);
}

void api_approval_post(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!api_may(a, r, "approval.decide", &u) || !have_kit(a, r))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	sv note = jv_get_str(body, "note");
	if (!jv_is_bool(jv_get(body, "yes")) || sv_runes(note) > NOTE_MAX) {
		api_problem(r, 400, "Give yes (true or false); note may have 1000 characters.");
	} else {
		struct api_query *q = api_query_new(a, r);
		q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
		q->s2 = sv_of(arena_fmt(&q->arena, "user:%s", u.login));
		q->s3 = arena_sv(&q->arena, note);
		q->i1 = jv_get_bool(body, "yes", false);
		q->i2 = clk_wall_ms();
		q->i3 = api_tool_role(a, &u);
		q->run = decide_run;
		api_query_start(q);
	}
	jv_free(body);
}

/* ---- what could not be delivered ---- */

/* s1 id, s2 login, i1 again, i2 now */
static void outbox_run(struct api_query *q, struct store_db *db)
{
	(void)db;
	int rc = tool_outbox_again(q->a->o.kit, q->s1, q->i1 != 0, q->s2, q->i2);
	if (rc) {
		q->status = err_http(rc);
		q->detail = rc == ERR_NOTFOUND ? "There is no such message." :
			    rc == ERR_STATE    ? "It was not given up, or its text is gone." :
						 "It could not be changed; try again.";
		return;
	}
	sb_cstr(&q->out, "{\"id\":");
	sb_json(&q->out, q->s1);
	sb_cstr(&q->out, q->i1 ? ",\"state\":\"waiting\"}" : ",\"state\":\"seen\"}");
}

void api_outbox_post(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!api_may(a, r, "approval.decide", &u) || !have_kit(a, r))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	bool again = jv_get_bool(body, "again", false), seen = jv_get_bool(body, "seen", false);
	if (again == seen) {
		api_problem(r, 400, "Give again: true (it is sent once more) or seen: true.");
	} else {
		struct api_query *q = api_query_new(a, r);
		q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
		q->s2 = sv_of(arena_fmt(&q->arena, "user:%s", u.login));
		q->i1 = again;
		q->i2 = clk_wall_ms();
		q->run = outbox_run;
		api_query_start(q);
	}
	jv_free(body);
}
