/* eval_agent.c: one trial of a tau task: an agent with the shop's tools serves a played
 * customer, then the state and what was said are judged.
 *
 * The agent's model gets the policy as its instructions and the tools as tools; what it calls goes
 * through the gate (eval_tau_gate.c) one after the other and is answered, until it speaks; then it
 * is the customer's turn. It ends when the customer leaves, after a transfer to a person, or at
 * the limits. Every step is taken from a timer of 0 ms or from the gate's result, none inside a
 * model's callback. The gold agent has no model: its calls are made at the begin. Owned by itself
 * until on_done; the loop's thread. */
#include "eval_tau.h"

#include <stdio.h>

#define STEPS 100                    /* requests to the agent's model */
#define TURNS 40                     /* of the customer */
#define MSGS 400
#define TOOLS 32
#define CALLS 16                     /* in one answer of the model */

struct trial {
	const struct eval_tau *t;
	const jv *task;
	const struct eval_opts *o;
	struct eval_visit visit, second;     /* second: the gold agent's, each call twice */
	struct mbox *box;
	jv *run, *turns, *user;
	struct arena a;
	VEC(struct llm_msg) msgs;
	struct llm_tool tools[TOOLS];
	size_t n_tools;
	struct llm_call calls[CALLS];
	size_t n_calls, at;          /* calls of the model's answer; the one at the gate */
	const struct llm_call *kept;
	struct llm_run *asked;
	struct eval_mind *mind;
	struct sb text;
	struct loop_timer step;
	int steps;
	int64_t tokens, cost, began_us;
	bool transferred, failed;
	void (*on_done)(void *arg, jv *run);
	void *arg;
};

static void customer(void *arg);
static void agent(void *arg);

static void later(struct trial *x, loop_fn *fn)
{
	loop_after(x->o->loop, &x->step, 0, fn, x);
}

/* ---- the verdict ---- */

/* As tau-bench compares: without regard to case, commas of numbers left out. */
static void plain(sv s, struct sb *out)
{
	sb_init(out, LIM_SB);
	while (s.n) {
		uint32_t r = sv_fold(sv_rune(&s));
		if (r != ',')
			sb_rune(out, r);
	}
}

static bool said(const struct trial *x, sv output)
{
	struct sb want, got;
	bool found = false;
	plain(output, &want);
	for (size_t i = 0; i < jv_len(x->turns) && !found; i++) {
		plain(jv_get_str(jv_at(x->turns, i), "reply"), &got);
		found = sv_find(sb_sv(&got), sb_sv(&want)) >= 0;
		sb_done(&got);
	}
	sb_done(&want);
	return found;
}

static bool judge_state(const struct eval_visit *v, const jv *gold, const char *what, jv *checks)
{
	jv *db = eval_visit_state(v);
	bool same = db && eval_same(gold, db);
	jv_free(db);
	return eval_note(checks, what, SV("as after the gold actions"),
			 same ? SV("the same") : SV("another"), same);
}

static void judge(struct trial *x)
{
	jv *checks = jv_arr();
	const jv *outputs = jv_get(x->task, "outputs");
	jv *gold = eval_tau_gold(x->t, x->task);
	bool ok = judge_state(&x->visit, gold, "state", checks);
	jv *gate = jv_get(x->run, "gate");
	if (gate) {
		bool twice = judge_state(&x->second, gold, "state, each call twice", checks);
		jv_set_int(gate, "same", ok);
		jv_set_int(gate, "same_twice", twice);
		ok &= twice;
	}
	for (size_t i = 0; i < jv_len(outputs); i++) {
		sv want = jv_as_str(jv_at(outputs, i));
		bool there = said(x, want);
		ok &= eval_note(checks, "contains", want, there ? want : SV("-"), there);
	}
	jv_free(gold);
	jv_set(x->run, "checks", checks);
	x->failed = x->failed || !ok;
}

static void deliver(void *arg)
{
	struct trial *x = arg;
	jv *run = x->run;
	judge(x);
	jv_set_bool(run, "ok", !x->failed);
	jv_set_num(run, "ms", (double)(loop_now_us(x->o->loop) - x->began_us) / 1000);
	jv_set_int(run, "steps", x->steps);
	jv_set_int(run, "tokens", x->tokens);
	jv_set_num(run, "cost", (double)x->cost / 1e6);
	mbox_free(x->box);
	jv_free(x->user);
	VEC_FREE(&x->msgs);
	arena_done(&x->a);
	sb_done(&x->text);
	x->on_done(x->arg, run);
	xfree(x);
}

static void fail(struct trial *x, const char *why)
{
	x->failed = true;
	jv_set_str(x->run, "error", sv_of(why));
	later(x, deliver);
}

/* ---- the agent ---- */

static struct llm_msg *add(struct trial *x, enum llm_role role, sv text)
{
	struct llm_msg *m = VEC_PUSH(&x->msgs, MSGS);
	sv kept = arena_sv(&x->a, text);
	if (!m || (!kept.p && text.n))
		return NULL;
	*m = (struct llm_msg){ .role = role, .text = kept };
	return m;
}

static void on_delta(void *arg, sv text)
{
	struct trial *x = arg;
	sb_put(&x->text, text);
}

static void on_call(void *arg, const struct llm_call *call)
{
	struct trial *x = arg;
	if (x->n_calls < CALLS)
		x->calls[x->n_calls++] = (struct llm_call){ arena_sv(&x->a, call->id),
							    arena_sv(&x->a, call->name),
							    arena_sv(&x->a, call->args) };
}

static void note_tool(struct trial *x, const struct llm_call *c, const jv *args, sv result)
{
	jv *turn = jv_at(x->turns, jv_len(x->turns) - 1), *list = jv_get(turn, "tools");
	jv *n = jv_obj();
	jv_set_str(n, "name", c->name);
	jv_set(n, "args", args ? jv_copy(args) : jv_null());
	jv_set_str(n, "result", sv_slice(result, 0, sv_rune_offset(result, 300)));
	if (!list) {
		list = jv_arr();
		jv_set(turn, "tools", list);
	}
	jv_push(list, n);
}

static void at_gate(void *arg);

static void answer_call(struct trial *x, sv text)
{
	const struct llm_call *c = &x->kept[x->at++];
	jv *args = jv_parse(c->args, NULL);
	note_tool(x, c, args, text);
	jv_free(args);
	struct llm_msg *m = add(x, LLM_TOOL, text);
	if (m)
		m->call_id = c->id;
	later(x, x->at < x->n_calls ? at_gate : agent);
}

static void on_result(void *arg, struct tool_res *res)
{
	struct trial *x = arg;
	struct sb out;
	sb_init(&out, LIM_SB);
	eval_visit_took(&x->visit, res);
	eval_visit_answer(res, &out);
	x->transferred = x->transferred || (res->outcome == TOOL_DONE &&
			 sv_eq(sv_of(res->name), SV("transfer_to_human_agents")));
	answer_call(x, sb_sv(&out));
	sb_done(&out);
	obj_unref(res);
}

/* The next call of the model's answer. */
static void at_gate(void *arg)
{
	struct trial *x = arg;
	struct tool_req r;
	eval_visit_req(&x->visit, x->kept[x->at].name, x->kept[x->at].args, &r);
	if (tool_start(eval_gate_kit(x->t->gate), &r, x->box, on_result, x))
		answer_call(x, SV("Error: the call is too large"));
}

static void call_tools(struct trial *x)
{
	struct llm_call *kept = arena_new(&x->a, struct llm_call, x->n_calls);
	struct llm_msg *m = add(x, LLM_ASSISTANT, sb_sv(&x->text));
	if (!kept || !m) {
		fail(x, "the conversation grew too long");
		return;
	}
	memcpy(kept, x->calls, sizeof(*kept) * x->n_calls);
	m->calls = kept;
	m->n_calls = x->n_calls;
	x->kept = kept;
	x->at = 0;
	later(x, at_gate);
}

static void speak(struct trial *x)
{
	jv *turn = jv_at(x->turns, jv_len(x->turns) - 1);
	sv text = sv_trim(sb_sv(&x->text));
	jv_set_str(turn, "reply", text);
	if (!text.n)
		fail(x, "the agent's model said nothing");
	else if (!add(x, LLM_ASSISTANT, text))
		fail(x, "the conversation grew too long");
	else
		later(x, x->transferred ? deliver : customer);
}

static void on_end(void *arg, int err, const struct llm_usage *u)
{
	struct trial *x = arg;
	char why[120];
	x->asked = NULL;
	x->tokens += u ? u->prompt_tokens + u->completion_tokens : 0;
	x->cost += u ? u->cost : 0;
	if (err) {
		snprintf(why, sizeof(why), "the agent's model failed: %s", err_text(err));
		fail(x, why);
	} else if (x->n_calls) {
		call_tools(x);
	} else {
		speak(x);
	}
}

static void agent(void *arg)
{
	static const struct llm_cb cb = { on_delta, on_call, on_end };
	struct trial *x = arg;
	struct llm_prompt p = { .msgs = x->msgs.v,
				.n = x->msgs.n,
				.max_tokens = 800,
				.cls = LLM_BATCH,
				.tools = x->tools,
				.n_tools = x->n_tools };
	sb_reset(&x->text);
	x->n_calls = 0;
	if (++x->steps > STEPS)
		fail(x, "the agent took too many steps");
	else if (llm_start(x->o->agent, &p, &cb, x, &x->asked))
		fail(x, "the agent's model takes no request");
}

/* ---- the customer ---- */

static void on_words(void *arg, int err, sv text, bool leaves)
{
	struct trial *x = arg;
	x->mind = NULL;
	if (err) {
		fail(x, "the model that plays the customer failed");
		return;
	}
	if (leaves) {
		later(x, deliver);
		return;
	}
	jv *turn = jv_obj();
	jv_set_str(turn, "user", text);
	jv_push(x->turns, turn);
	if (add(x, LLM_USER, text))
		later(x, agent);
	else
		fail(x, "the conversation grew too long");
}

static void customer(void *arg)
{
	struct trial *x = arg;
	if (jv_len(x->turns) >= TURNS) {
		fail(x, "the customer took too many turns");
		return;
	}
	x->mind = eval_mind_speak(x->o->helper, x->user, x->turns, SV("en"), on_words, x);
}

/* ---- the begin ---- */

static void set_tools(struct trial *x)
{
	const struct tool_box *box = eval_gate_box(x->t->gate);
	for (size_t i = 0; i < tool_box_count(box) && i < TOOLS; i++) {
		const struct tool_decl *d = tool_box_at(box, i);
		x->tools[x->n_tools++] = (struct llm_tool){ sv_of(d->name), d->about[1],
							    d->schema };
	}
}

/* A turn without models: what the gold agent must have said, or nothing of use. */
static void put_turn(struct trial *x, bool gold)
{
	jv *turn = jv_obj();
	const jv *outputs = jv_get(x->task, "outputs");
	struct sb b;
	sb_init(&b, LIM_SB);
	for (size_t i = 0; gold && i < jv_len(outputs); i++)
		sb_fmt(&b, "%s" SV_FMT, i ? "; " : "", SV_ARG(jv_as_str(jv_at(outputs, i))));
	jv_set_str(turn, "user", jv_get_str(x->task, "instructions"));
	jv_set_str(turn, "reply", sb_sv(&b));
	jv_push(x->turns, turn);
	sb_done(&b);
}

/* The gold actions, then in another trial the same with every call delivered twice. */
static void walk_gold(struct trial *x)
{
	struct eval_walk once = { 0 }, twice = { .twice = true };
	jv *gate = jv_obj();
	eval_visit_begin(&x->second, x->t->gate, jv_get_str(x->task, "name"));
	int rc = eval_gold_walk(x->t, x->task, &x->visit, &once, NULL);
	rc = rc ? rc : eval_gold_walk(x->t, x->task, &x->second, &twice, NULL);
	x->failed = rc != 0 || twice.odd || once.effects != twice.effects;
	jv_set_int(gate, "calls", once.calls);
	jv_set_int(gate, "effects", once.effects);
	jv_set_int(gate, "identified", once.identified);
	jv_set_int(gate, "refused", once.refused);
	jv_set_int(gate, "again", twice.again);
	jv_set_int(gate, "odd", twice.odd);
	jv_set(x->run, "gate", gate);
}

void eval_agent_start(void *ctx, const jv *kase, const struct eval_opts *o, sv language,
		      void (*on_done)(void *arg, jv *run), void *arg)
{
	struct trial *x = xalloc(sizeof(*x));
	x->t = ctx;
	x->task = kase;
	x->o = o;
	x->on_done = on_done;
	x->arg = arg;
	x->run = jv_obj();
	x->turns = jv_arr();
	jv_set(x->run, "turns", x->turns);
	x->user = jv_obj();
	jv_set_str(x->user, "goal", jv_get_str(kase, "instructions"));
	arena_init(&x->a, LIM_ARENA_TURN);
	sb_init(&x->text, LIM_SB);
	x->began_us = loop_now_us(o->loop);
	x->box = mbox_new(o->loop);
	eval_visit_begin(&x->visit, x->t->gate, jv_get_str(kase, "name"));
	if (x->t->agent == EVAL_AGENT_GOLD)
		walk_gold(x);
	if (x->t->agent != EVAL_AGENT_MODEL) {
		put_turn(x, x->t->agent == EVAL_AGENT_GOLD);
		later(x, deliver);
	} else if (!o->agent || !o->helper) {
		fail(x, "no language model is there");
	} else {
		set_tools(x);
		(void)add(x, LLM_SYSTEM, sb_sv(&x->t->policy));
		later(x, customer);
	}
}
