/* tool.c: the words for outcomes, and a result as an object.
 *
 * A result is made once, on the thread that finished the call, and never changes: its strings are
 * in its own arena, its body is its own. */
#include "tool_int.h"

static const char *const names[TOOL_OUTCOMES] = { "done",      "verify",  "confirm", "approve",
						  "refused",   "not_found", "invalid", "denied",
						  "later",     "failed" };

const char *tool_outcome_name(enum tool_outcome o)
{
	return (unsigned)o < TOOL_OUTCOMES ? names[o] : "failed";
}

struct res_box {
	struct tool_res r;               /* first */
	struct arena a;
	jv *body;
};

static void res_free(void *obj)
{
	struct res_box *x = obj;
	jv_free(x->body);
	arena_done(&x->a);
}

/* Of a finished call; its body is moved. */
struct tool_res *tool_res_new(struct tool_work *w)
{
	struct res_box *x = obj_new(sizeof(*x), res_free);
	struct sb say;
	arena_init(&x->a, LIM_ARENA_CONV);
	sb_init(&say, 64u << 10);
	x->body = w->run.body ? w->run.body : jv_obj();
	x->r = (struct tool_res){
		.outcome = w->put.outcome,
		.name = arena_cstr(&x->a, w->req.name),
		.body = x->body,
		.say = arena_sv(&x->a, tool_say_of(w, &say)),
		.why = arena_sv(&x->a, w->put.why),
		.need_level = w->put.need_level,
		.print = w->put.outcome == TOOL_CONFIRM || w->req.dry ? w->print : 0,
		.grant_customer = arena_sv(&x->a, w->put.grant_customer),
		.grant_level = w->put.grant_level,
		.effect = w->effect,
		.again = w->again,
	};
	if (!x->r.name)
		x->r.name = "";
	w->run.body = NULL;
	sb_done(&say);
	return &x->r;
}
