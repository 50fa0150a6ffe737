/* tool_gate.c: the checks that need no database, in this order: is there such a tool for this
 * caller, do the arguments fit its schema, is it sure enough who the customer is.
 *
 * What a caller may not use is DENIED in the same words as what is not there. Runs on the thread
 * that asks; nothing is looked up and nothing is changed. */
#include "tool_int.h"
#include "mcp.h"

#include <stdio.h>

static bool stop(struct tool_work *w, enum tool_outcome o, const char *why)
{
	w->put.outcome = o;
	w->put.why = arena_sv(&w->a, sv_of(why));
	return false;
}

static bool known(struct tool_work *w)
{
	const struct tool_decl *d = tool_box_find(w->box, w->req.name);
	if (!d || w->req.who.role < d->role)
		return stop(w, TOOL_DENIED, "no such tool for this caller");
	w->item = tool_item_of(d);
	w->src = tool_source_find(w->kit, d->source);
	if (!w->src)
		return stop(w, TOOL_FAILED, "the tool's source is not there");
	return true;
}

/* The arguments as a tree and their print; e tells why there are none. */
static int take_args(struct tool_work *w, struct err *e)
{
	struct sb canon;
	w->args = jv_parse(w->req.args.n ? w->req.args : SV("{}"), e);
	if (!w->args || !jv_is_obj(w->args)) {
		jv_free(w->args);
		w->args = jv_obj();
		return err_set(e, ERR_INVAL, "%s",
			       e->code ? e->msg : "the arguments must be an object");
	}
	sb_init(&canon, 8 * TOOL_ARGS_MAX);
	mcp_canonical(w->args, &canon);
	int err = sb_err(&canon);
	w->args_print = sv_hash(sb_sv(&canon));
	sb_done(&canon);
	return err ? err_set(e, ERR_INVAL, "the arguments are too large") : 0;
}

static bool args_fit(struct tool_work *w)
{
	struct err e = { 0 };
	if (take_args(w, &e) || jv_schema_check(w->item->d.schema, w->args, &e))
		return stop(w, TOOL_INVALID, e.msg);
	return true;
}

/* A level without a customer is none; the system is always sure. */
static bool sure(struct tool_work *w)
{
	const struct tool_who *who = &w->req.who;
	enum tool_level has = who->level;
	if (who->role == TOOL_CUSTOMER && !who->customer.n)
		has = TOOL_NOBODY;
	if (who->role == TOOL_SYSTEM || has >= w->item->d.level)
		return true;
	w->put.need_level = w->item->d.level;
	return stop(w, TOOL_VERIFY, "the customer must be verified first");
}

bool tool_gate(struct tool_work *w)
{
	return known(w) && args_fit(w) && sure(w);
}

void tool_gate_look(struct tool_work *w)
{
	struct err e = { 0 };
	if (!known(w))
		(void)take_args(w, &e);
	else
		(void)args_fit(w);
}

uint64_t tool_print(sv name, const jv *args, const jv *body)
{
	struct sb b;
	sb_init(&b, LIM_JSON_BYTES);
	sb_put(&b, name);
	sb_ch(&b, '\n');
	mcp_canonical(args, &b);
	sb_ch(&b, '\n');
	if (body)
		mcp_canonical(body, &b);
	uint64_t h = sv_hash(sb_sv(&b));
	sb_done(&b);
	return h ? h : 1;
}
