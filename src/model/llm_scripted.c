/* llm_scripted.c: a language model that reads from a script: for tests, on the loop's
 *timers only, so that it works in the simulated loop.
 *
 *	[{"match": "return", "say": ["You ", "can."], "delay_ms": 20, "fail": "close",
 *	  "call": {"name": "handoff", "args": {}}, "after": 1}, ...]
 *
 * The first rule whose match is part of the last user message (or that has none), with after
 * tools' results behind that message (or any number), speaks, one piece each delay_ms, then
 * calls. fail: "http500" before any piece; "stall" says the pieces and then nothing; "garbage",
 * "close" break off after the pieces. No rule: ERR_NOTFOUND at the end. With dialect "base" it
 * counts as a base model (llm_base), and the rules look at the whole text. */
#include "llm_int.h"

struct script_run {
	struct loop_timer timer;
	const jv *rule; /* in the model's copy; NULL = none fits */
	size_t next;
	int delay_ms;
};

static int scripted_open(struct llm *m, const struct model_spec *s, struct err *e)
{
	if (!jv_is_arr(s->script))
		return err_set(e, ERR_INVAL,
			       "a scripted model needs script: a list of rules");
	m->priv = jv_copy(s->script);
	m->base = s->dialect && sv_eq(sv_of(s->dialect), SV("base"));
	return 0;
}

static bool call_out(struct llm_run *r, const jv *call)
{
	if (!call)
		return true;
	struct sb args;
	sb_init(&args, LIM_SB);
	jv_dump(jv_get(call, "args"), &args);
	struct llm_call c = { SV("call_1"), jv_get_str(call, "name"), sb_sv(&args) };
	bool go_on = llm_emit_call(r, &c);
	sb_done(&args);
	return go_on;
}

static void step(void *arg)
{
	struct llm_run *r = arg;
	struct script_run *x = r->priv;
	const jv *say = jv_get(x->rule, "say");
	sv fail = jv_get_str(x->rule, "fail");
	if (!x->rule) {
		llm_emit_end(r, ERR_NOTFOUND);
		return;
	}
	if (sv_eq(fail, SV("http500"))) {
		llm_set_error(r->m, SV("HTTP 500"));
		llm_emit_end(r, ERR_UPSTREAM);
		return;
	}
	if (x->next < jv_len(say)) {
		int64_t wait = x->delay_ms;
		loop_after(r->m->loop, &x->timer, wait, step, r);
		(void)llm_emit_delta(r, jv_as_str(jv_at(say, x->next++)));
		return;
	}
	if (sv_eq(fail, SV("stall")))
		return;
	r->usage.completion_tokens = (int)x->next;
	if (!call_out(r, jv_get(x->rule, "call")))
		return;
	int err = sv_eq(fail, SV("garbage")) ? ERR_UPSTREAM :
		  sv_eq(fail, SV("close"))   ? ERR_NET :
					       0;
	llm_emit_end(r, err);
}

static int scripted_start(struct llm *m, const struct llm_prompt *p, struct llm_run *r)
{
	sv said = SV_NULL;
	int after = 0;
	for (size_t i = 0; i < p->n; i++) {
		after = p->msgs[i].role == LLM_TOOL ? after + 1 : after;
		if (p->msgs[i].role == LLM_USER || p->n == 1) {
			said = p->msgs[i].text;
			after = 0;
		}
	}
	struct script_run *x = xalloc(sizeof(*x));
	for (size_t i = 0; i < jv_len(m->priv) && !x->rule; i++) {
		const jv *rule = jv_at(m->priv, i);
		sv match = jv_get_str(rule, "match");
		bool now = jv_get_int(rule, "after", after) == after;
		if (now && (!match.n || sv_find(said, match) >= 0))
			x->rule = rule;
	}
	x->delay_ms = (int)jv_get_int(x->rule, "delay_ms", 1);
	r->priv = x;
	loop_after(m->loop, &x->timer, x->delay_ms, step, r);
	return 0;
}

static void scripted_cancel(struct llm_run *r)
{
	struct script_run *x = r->priv;
	if (!x)
		return;
	loop_timer_stop(&x->timer);
	r->priv = NULL;
	xfree(x);
}

static void scripted_close(struct llm *m)
{
	jv_free(m->priv);
}

const struct llm_ops llm_scripted = { "scripted", scripted_open, scripted_start,
				      scripted_cancel, scripted_close };
