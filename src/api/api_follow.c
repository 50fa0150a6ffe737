/* api_follow.c: what must follow a conversation becomes a ticket or a booked call when an agent
 * says so: POST /conversations/{id}/follow_ups.
 *
 * Each goes through the gate of business actions like any call of an agent's (docs/tool.md),
 * one after the other, with a key made of what it says: the same follow-up twice is one ticket.
 * A call that cannot be booked as wished becomes a ticket, so nothing is lost. Door's thread;
 * the customer is read on a worker first. */
#include "api_assist.h"
#include "api_int.h"
#include "tool.h"

#include <stdio.h>

#define FOLLOW_MOST 12

struct follow {
	struct api *a;
	struct web_req *r;
	jv *items, *results;
	size_t i;
	char conversation[64], customer[64], actor[80], lang[4];
	enum tool_role role;
	bool known;                  /* the customer was identified */
	bool called_back;            /* this one is tried as a call first */
	uint64_t print;
};

static void follow_free(struct follow *f)
{
	jv_free(f->items);
	jv_free(f->results);
	xfree(f);
}

static void next(struct follow *f);

static void keep_result(struct follow *f, const struct tool_res *res)
{
	jv *o = jv_obj();
	jv_set_str(o, "kind", f->called_back ? SV("callback") : SV("ticket"));
	jv_set_str(o, "outcome", sv_of(tool_outcome_name(res->outcome)));
	jv_set_str(o, "number", jv_get_str(res->body, "number"));
	jv_set_str(o, "say", res->say);
	jv_set_str(o, "why", res->why);
	jv_push(f->results, o);
}

/* The agent has said yes by asking; what cannot be booked becomes a ticket. */
static void called(void *arg, struct tool_res *res)
{
	struct follow *f = arg;
	if (res->outcome == TOOL_CONFIRM && !f->print && res->print) {
		f->print = res->print;
	} else if (f->called_back && res->outcome != TOOL_DONE) {
		f->called_back = false;
		f->print = 0;
	} else {
		keep_result(f, res);
		f->i++;
		f->print = 0;
		f->called_back = sv_eq(jv_get_str(jv_at(f->items, f->i), "kind"), SV("callback"));
	}
	obj_unref(res);
	next(f);
}

static void put_args(const struct follow *f, const jv *x, struct sb *b)
{
	sv text = jv_get_str(x, "text"), when = jv_get_str(x, "when");
	jv *o = jv_obj();
	if (f->called_back) {
		jv_set_str(o, "at", when);
		jv_set_str(o, "about", sv_slice(text, 0, sv_rune_offset(text, 100)));
	} else {
		jv_set_str(o, "what", text);
		if (when.n)
			jv_set_str(o, "when", when);
	}
	jv_dump(o, b);
	jv_free(o);
}

static int start(struct follow *f, const jv *x)
{
	struct sb args, print;
	char key[48];
	sb_init(&args, LIM_HTTP_BODY);
	sb_init(&print, LIM_HTTP_BODY);
	put_args(f, x, &args);
	sb_fmt(&print, "%s\n" SV_FMT, f->conversation, SV_ARG(sb_sv(&args)));
	(void)snprintf(key, sizeof(key), "follow:%016llx",
		       (unsigned long long)sv_hash(sb_sv(&print)));
	struct tool_req q = {
		.name = f->called_back ? SV("callback_request") : SV("ticket_open"),
		.args = sb_sv(&args),
		.key = sv_of(key),
		.confirmed = f->print,
		.now_ms = clk_wall_ms(),
		.who = { .customer = sv_of(f->customer),
			 .level = !f->customer[0] ? TOOL_NOBODY : f->known ? TOOL_KNOWN :
									     TOOL_CLAIMED,
			 .conversation = sv_of(f->conversation),
			 .role = f->role,
			 .actor = sv_of(f->actor),
			 .channel = SV("console"),
			 .lang = sv_of(f->lang) },
	};
	int rc = tool_start(f->a->o.kit, &q, f->a->mbox, called, f);
	sb_done(&args);
	sb_done(&print);
	return rc;
}

static void next(struct follow *f)
{
	if (f->i < jv_len(f->items)) {
		int rc = start(f, jv_at(f->items, f->i));
		if (rc) {
			api_problem(f->r, err_http(rc), "Too much happens; try again: what was "
							"done already is not done twice.");
			follow_free(f);
		}
		return;
	}
	jv *o = jv_obj();
	jv_set(o, "items", f->results);
	f->results = NULL;
	web_reply_json(f->r, 200, o);
	follow_free(f);
}

/* ---- whose conversation it is ---- */

static void customer_run(struct api_query *q, struct store_db *db)
{
	struct follow *f = q->p;
	struct store_stmt *st;
	q->status = 404;
	q->detail = "There is no such conversation.";
	if (store_prep(db, &st,
		       "SELECT customer_id, customer_level, language FROM conversation WHERE "
		       "id=?1")) {
		q->status = 500;
		q->detail = "The database could not be read.";
		return;
	}
	store_bind_sv(st, 1, sv_of(f->conversation));
	if (store_step(st) == 1) {
		q->status = 200;
		(void)snprintf(f->customer, sizeof(f->customer), SV_FMT,
			       SV_ARG(store_col_sv(st, 0)));
		f->known = store_col_int(st, 1) >= TOOL_KNOWN;
		(void)snprintf(f->lang, sizeof(f->lang), "%.2s",
			       sv_eq(store_col_sv(st, 2), SV("en")) ? "en" : "zh");
	}
	store_reset(st);
}

static void customer_read(struct api_query *q)
{
	struct follow *f = q->p;
	int status = q->status;
	const char *detail = q->detail;
	api_query_free(q);
	if (status >= 400) {
		api_problem(f->r, status, detail);
		follow_free(f);
		return;
	}
	f->called_back = sv_eq(jv_get_str(jv_at(f->items, 0), "kind"), SV("callback"));
	next(f);
}

static const char *wrong_with(const jv *items)
{
	if (!jv_is_arr(items) || !jv_len(items) || jv_len(items) > FOLLOW_MOST)
		return "items must be a list of 1 to 12 follow-ups.";
	for (size_t i = 0; i < jv_len(items); i++) {
		const jv *x = jv_at(items, i);
		sv kind = jv_get_str(x, "kind"), text = sv_trim(jv_get_str(x, "text"));
		bool known = sv_eq(kind, SV("ticket")) || sv_eq(kind, SV("callback")) ||
			     sv_eq(kind, SV("message"));
		if (!known || sv_runes(text) < 2 || sv_runes(text) > 2000 ||
		    jv_get_str(x, "when").n > 40)
			return "A follow-up needs kind (ticket, callback, message) and text (2 to "
			       "2000 characters); when is a time such as 2026-11-27T14:00.";
	}
	return NULL;
}

void api_follow_ups(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!api_may(a, r, "summary.write", &u))
		return;
	if (!a->o.kit) {
		api_problem(r, 503, "There are no business actions here.");
		return;
	}
	jv *body = api_body(r);
	if (!body)
		return;
	const char *bad = wrong_with(jv_get(body, "items"));
	if (bad) {
		api_problem(r, 400, bad);
		jv_free(body);
		return;
	}
	struct follow *f = xalloc(sizeof(*f));
	*f = (struct follow){ .a = a, .r = r, .items = jv_copy(jv_get(body, "items")),
			      .results = jv_arr(),
			      .role = api_tool_role(a, &u) };
	jv_free(body);
	(void)snprintf(f->conversation, sizeof(f->conversation), SV_FMT,
		       SV_ARG(web_req_param(r, "id")));
	(void)snprintf(f->actor, sizeof(f->actor), "user:%s", u.login);
	struct api_query *q = api_query_new(a, r);
	q->p = f;
	q->s1 = arena_sv(&q->arena, sv_of(f->conversation));
	api_scope_of(a, &u, q->s1, &q->scope);
	q->run = customer_run;
	q->done = customer_read;
	q->settled = true;
	api_query_start(q);
}
