/* tool_keep.c: what is kept of calls: the result of an effect under its key, and a row of the
 * river for every call.
 *
 * A key belongs to one call: the same tool and arguments, of the same conversation and customer
 * (or of one who was found by that call). Anything else under it is refused and told nothing.
 * Rows of the river hold no personal data: an argument that its schema calls personal is masked,
 * what is found in other texts too; one that it does not know, and arguments that did not fit,
 * are left out. The conversation is named in the row's body, its numbers belong to the
 * conversation's own thread.
 */
#include "guard.h"
#include "tool_int.h"

#include <stdio.h>

#define MASK "***"
#define ROW_TEXT 200                 /* bytes of an argument */

/* ---- the result under its key ---- */

static bool same_call(const struct tool_work *w, struct store_stmt *q, const jv *result)
{
	const struct tool_who *who = &w->req.who;
	sv customer = store_col_sv(q, 3);
	return sv_eq(store_col_sv(q, 0), w->req.name) &&
	       (uint64_t)store_col_int(q, 1) == w->args_print &&
	       (sv_eq(store_col_sv(q, 2), who->conversation) ||
		(customer.n && who->level >= TOOL_KNOWN)) && /* who goes on in another one */
	       (sv_eq(customer, who->customer) ||
		(!customer.n && sv_eq(jv_get_str(result, "grant_customer"), who->customer)));
}

static enum tool_outcome outcome_of(sv name)
{
	for (int o = 0; o < TOOL_OUTCOMES; o++)
		if (sv_eq(name, sv_of(tool_outcome_name((enum tool_outcome)o))))
			return (enum tool_outcome)o;
	return TOOL_FAILED;
}

static void take_result(struct tool_work *w, struct store_stmt *q, const jv *o)
{
	jv *body = jv_copy(jv_get(o, "body"));
	tool_run_begin(w, false);
	if (jv_is_obj(body)) {
		jv_free(w->run.body);
		w->run.body = body;
	} else {
		jv_free(body);
	}
	w->put.outcome = outcome_of(store_col_sv(q, 4));
	w->put.why = arena_sv(&w->a, jv_get_str(o, "why"));
	w->put.say_text = arena_sv(&w->a, jv_get_str(o, "say"));
	w->put.grant_customer = arena_sv(&w->a, jv_get_str(o, "grant_customer"));
	w->put.grant_level = (enum tool_level)jv_get_int(o, "grant_level", 0);
	/* of a result that was forgotten, or erased, this much is known */
	w->effect = jv_get_bool(o, "effect", w->put.outcome == TOOL_DONE);
	w->again = true;
}

int tool_keep_find(struct tool_work *w, struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT name, args_print, conversation, customer, outcome, result "
			    "FROM tool_call WHERE k = ?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, w->req.key);
	rc = store_step(q);
	if (rc == 1) {
		jv *o = jv_parse(store_col_sv(q, 5), NULL);
		if (o && same_call(w, q, o)) {
			take_result(w, q, o);
		} else {
			tool_run_begin(w, false);
			w->put.outcome = TOOL_INVALID;
			w->put.why = SV("the key belongs to another call");
		}
		jv_free(o);
	}
	store_reset(q);
	return rc;
}

static void result_json(const struct tool_work *w, struct sb *out)
{
	jv *o = jv_obj();
	struct sb say;
	sb_init(&say, 64u << 10);
	jv_set_str(o, "say", tool_say_of(w, &say));
	jv_set_str(o, "why", w->put.why);
	jv_set_bool(o, "effect", w->effect);
	if (w->put.grant_customer.n) {
		jv_set_str(o, "grant_customer", w->put.grant_customer);
		jv_set_int(o, "grant_level", w->put.grant_level);
	}
	jv_set(o, "body", jv_copy(w->run.body));
	jv_dump(o, out);
	jv_free(o);
	sb_done(&say);
}

int tool_keep_put(struct tool_work *w, struct store_db *db)
{
	const struct tool_who *who = &w->req.who;
	struct store_stmt *q;
	struct sb out;
	int rc = store_prep(db, &q,
			    "INSERT INTO tool_call (k, name, args_print, conversation, customer, "
			    "outcome, result, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
			    "ON CONFLICT (k) DO UPDATE SET outcome = excluded.outcome, "
			    "result = excluded.result, at_ms = excluded.at_ms");
	if (rc)
		return rc;
	sb_init(&out, LIM_JSON_BYTES);
	result_json(w, &out);
	store_bind_sv(q, 1, w->req.key);
	store_bind_sv(q, 2, w->req.name);
	store_bind_int(q, 3, (int64_t)w->args_print);
	store_bind_sv(q, 4, who->conversation.p ? who->conversation : SV(""));
	store_bind_sv(q, 5, who->customer.p ? who->customer : SV(""));
	store_bind_sv(q, 6, sv_of(tool_outcome_name(w->put.outcome)));
	store_bind_sv(q, 7, sb_sv(&out));
	store_bind_int(q, 8, w->req.now_ms);
	rc = sb_err(&out);
	if (rc)
		store_reset(q);
	else
		rc = store_run(q);
	sb_done(&out);
	return rc;
}

int tool_keep_drop(struct tool_work *w, struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "DELETE FROM tool_call WHERE k = ?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, w->req.key);
	return store_run(q);
}

/* ---- the river ---- */

/* What a customer says in their own words may hold a phone number or an address. Numbers of orders
 * stay. */
static jv *masked_text(sv text)
{
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	jv *ret = jv_str(sv_head(guard_model_text(text, &a), ROW_TEXT));
	arena_done(&a);
	return ret;
}

static jv *masked(const jv *schema, const jv *v, int depth);

static jv *masked_obj(const jv *schema, const jv *v, int depth)
{
	jv *o = jv_obj(), *child;
	char name[80];
	void *it = NULL;
	sv key;
	while (jv_next(v, &it, &key, &child)) {
		const jv *s = jv_member(jv_get(schema, "properties"), key);
		if (!s || key.n >= sizeof(name))
			continue;            /* a name that nobody declared is a stranger's text */
		(void)snprintf(name, sizeof(name), SV_FMT, SV_ARG(key));
		jv_set(o, name, masked(s, child, depth + 1));
	}
	return o;
}

static jv *masked(const jv *schema, const jv *v, int depth)
{
	if (depth > 16 || !jv_is_obj(schema) || jv_get_bool(schema, "personal", false))
		return jv_str(SV(MASK));
	if (jv_is_obj(v))
		return masked_obj(schema, v, depth);
	if (jv_is_arr(v)) {
		jv *a = jv_arr();
		for (size_t i = 0; i < jv_len(v) && i < 20; i++)
			jv_push(a, masked(jv_get(schema, "items"), jv_at(v, i), depth + 1));
		return a;
	}
	return jv_is_str(v) ? masked_text(jv_as_str(v)) : jv_copy(v);
}

jv *tool_masked(const jv *schema, const jv *args)
{
	return masked(schema, args, 0);
}

static sv row_kind(const struct tool_work *w)
{
	if (w->again)
		return SV("tool.again");
	switch (w->put.outcome) {
	case TOOL_DONE: return SV("tool.done");
	case TOOL_FAILED: return SV("tool.failed");
	case TOOL_LATER: return SV("tool.later");
	case TOOL_VERIFY:
	case TOOL_CONFIRM:
	case TOOL_APPROVE: return SV("tool.asked");
	default: return SV("tool.refused");
	}
}

static void row_what(const struct tool_work *w, jv *o)
{
	const struct tool_who *who = &w->req.who;
	bool bad = w->put.outcome == TOOL_INVALID;
	jv_set_str(o, "tool", w->item ? w->req.name : SV("unknown"));
	jv_set_str(o, "outcome", sv_of(tool_outcome_name(w->put.outcome)));
	jv_set_str(o, "role", sv_of(tool_role_name(who->role)));
	jv_set_int(o, "level", who->level);
	if (w->item && w->args && !bad)
		jv_set(o, "args", tool_masked(w->item->d.schema, w->args));
	if (who->conversation.n)
		jv_set_str(o, "conversation", who->conversation);
	if (who->channel.n)
		jv_set_str(o, "channel", who->channel);
	if (w->item && w->item->d.effect)
		jv_set_str(o, "key", w->req.key);
	if (w->req.dry)
		jv_set_bool(o, "dry", true);
	if (w->put.why.n && !bad)
		jv_set(o, "why", masked_text(w->put.why));
	if (w->put.audit.n)
		jv_set(o, "there", masked_text(w->put.audit));  /* another system's words */
	if (jv_get(w->run.body, "rule"))
		jv_set(o, "rule", jv_copy(jv_get(w->run.body, "rule")));
	if (w->approval.n) {
		jv_set_str(o, "approval", w->approval);
		jv_set_str(o, "by", w->by);
	} else if (w->put.outcome == TOOL_APPROVE) {
		jv_set_str(o, "approval", jv_get_str(w->run.body, "approval"));
	}
}

void tool_row(const struct tool_work *w, struct store_event *ev, struct sb *body)
{
	const struct tool_who *who = &w->req.who;
	jv *o = jv_obj();
	row_what(w, o);
	jv_dump(o, body);
	jv_free(o);
	*ev = (struct store_event){
		.ts_ms = w->req.now_ms,
		.customer = who->customer.n ? who->customer : w->put.grant_customer,
		.turn = who->turn,
		.kind = row_kind(w),
		.actor = who->actor.n ? who->actor : SV("bot"),
		.body = sb_sv(body),
	};
}
