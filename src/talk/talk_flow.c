/* talk_flow.c: the company's service flows in the conversation: begun by the customer's words, led
 * step by step, left for a question and entered again.
 *
 * flow.h decides what comes next; here its words become replies, its calls business actions, its
 * results what they say. Who asks for a person or is angry gets one before any step. A call that
 * needs the customer's yes or identity waits for it here, the flow only sees its end. Pure like
 * the rest of the core; the run is the core's. */
#include "talk_core.h"
#include "guard.h"

#define GUARD_ARENA (32u << 20)
#define CALLS_A_TURN 12

struct told {                        /* what one step of a flow wants */
	struct sb say;
	const struct flow_act *call, *ask;
	bool aside, person, over;
	sv how;
};

void talk_flow_drop(struct talk_core *c)
{
	flow_free(c->flow);
	c->flow = NULL;
}

static jv *known(const struct talk_core *c)
{
	const struct chan_profile *p = c->profile;
	jv *o = jv_obj(), *who = jv_obj();
	jv_set_str(o, "channel", c->voice ? SV("voice") : SV("chat"));
	jv_set_int(o, "level", (int64_t)c->svc.level);
	if (c->svc.customer)
		jv_set_str(who, "id", sv_of(c->svc.customer));
	if (p && p->name.n)
		jv_set_str(who, "name", p->name);
	if (p && p->tier.n)
		jv_set_str(who, "tier", p->tier);
	if (c->svc.about)
		jv_set_str(o, "order", sv_of(c->svc.about));
	else if (p && p->orders == 1 && p->last_order.n && c->svc.level >= TOOL_KNOWN)
		jv_set_str(o, "order", p->last_order);
	jv_set(o, "customer", who);
	return o;
}

static size_t slots_of(const struct talk_core *c, jv *list, struct arena *a,
		       struct flow_slot **ret)
{
	size_t n = jv_len(list);
	*ret = n ? arena_new(a, struct flow_slot, n + 1) : NULL;
	for (size_t i = 0; *ret && i < n; i++) {
		const jv *s = jv_at(list, i);
		(*ret)[i] = (struct flow_slot){ arena_sv(a, jv_get_str(s, "type")),
						arena_sv(a, jv_get_str(s, "value")),
						arena_sv(a, jv_get_str(s, "text")) };
	}
	(void)c;
	return *ret ? n : 0;
}

static void add(struct talk_core *c, struct sb *b, sv text)
{
	if (text.n)
		sb_fmt(b, "%s" SV_FMT, b->n ? talk_gap(c) : "", SV_ARG(text));
}

/* In a chat choices are shown, a line each; on the phone the question names them. */
static void add_choices(struct talk_core *c, struct sb *b, const struct flow_act *x)
{
	for (size_t i = 0; !c->voice && i < x->n_choices; i++)
		sb_fmt(b, "\n%zu. " SV_FMT, i + 1, SV_ARG(x->choices[i]));
}

static void look(struct talk_core *c, const struct flow_out *out, struct told *t)
{
	for (size_t i = 0; i < out->n; i++) {
		const struct flow_act *x = &out->v[i];
		if (x->kind == FLOW_SAY || x->kind == FLOW_ASK)
			add(c, &t->say, x->text);
		if (x->kind == FLOW_ASK) {
			add_choices(c, &t->say, x);
			t->ask = x;
		}
		if (x->kind == FLOW_CALL)
			t->call = x;
		t->aside |= x->kind == FLOW_ASIDE;
		t->person |= x->kind == FLOW_HANDOFF;
		t->over |= x->kind == FLOW_HANDOFF || x->kind == FLOW_END;
		if (x->kind == FLOW_HANDOFF || x->kind == FLOW_END)
			t->how = x->text;
	}
}

/* Its state without what is personal, so that it can go on after a restart. */
static void record(struct talk_core *c, const struct flow_out *out, struct arena *a,
		   struct talk_acts *acts)
{
	struct sb state, b;
	struct arena mem;            /* long texts take much of it */
	struct guard_in in;
	sb_init(&state, LIM_SB);
	sb_init(&b, LIM_SB);
	flow_save(c->flow, &state);
	arena_init(&mem, GUARD_ARENA);
	if (guard_inbound(sb_sv(&state), &mem, &in) || in.truncated)
		in.model = SV("");
	sb_cstr(&b, "{\"flow\":");
	sb_json(&b, sv_of(flow_id(c->flow)));
	sb_cstr(&b, ",\"step\":");
	sb_json(&b, sv_of(out->n ? out->v[out->n - 1].step : ""));
	sb_cstr(&b, ",\"state\":");
	sb_json(&b, in.model);
	sb_ch(&b, '}');
	arena_done(&mem);
	talk_act_record(c, acts, "flow.saved", "bot", arena_sv(a, sb_sv(&b)));
	sb_done(&state);
	sb_done(&b);
}

static void end(struct talk_core *c, const struct told *t, struct arena *a,
		struct talk_acts *acts)
{
	struct sb b;
	sb_init(&b, 1024);
	sb_cstr(&b, "{\"flow\":");
	sb_json(&b, sv_of(flow_id(c->flow)));
	sb_fmt(&b, ",\"end\":\"%s\",\"how\":", t->person ? "handoff" : "end");
	sb_json(&b, t->how);
	sb_ch(&b, '}');
	talk_act_record(c, acts, "flow.ended", "bot", arena_sv(a, sb_sv(&b)));
	sb_done(&b);
	talk_flow_drop(c);
}

/* ---- saying ---- */

static void say_person(struct talk_core *c, sv said, struct arena *a, struct talk_acts *acts)
{
	char buf[TALK_KEY];
	sv where = talk_vary(c, talk_key(c, talk_hand_over(c, "handoff_offer"), buf));
	if (said.n)
		where = sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT, SV_ARG(said), talk_gap(c),
					SV_ARG(where)));
	talk_reply(c, &(struct talk_reply){ .text = where, .action = POL_HANDOFF }, a, acts);
}

static void say_end(struct talk_core *c, sv said, sv how, struct arena *a,
		    struct talk_acts *acts)
{
	if (said.n)
		talk_service_reply(c, said, POL_REPLY, a, acts);
	else if (sv_eq(how, SV("cancelled")))
		talk_canned(c, "service_dropped", POL_REPLY, a, acts);
	else
		talk_canned(c, sv_eq(how, SV("done")) ? "service_done" : "service_failed",
			    POL_REPLY, a, acts);
}

static void say_ask(struct talk_core *c, sv said, const char *expect, struct arena *a,
		    struct talk_acts *acts)
{
	struct talk_reply r = { .text = talk_with_empathy(c, said, a), .action = POL_CLARIFY,
				.grounded = true, .expect = expect };
	c->declined = c->clarified = 0;
	talk_reply(c, &r, a, acts);
}

/* One step. False: the words do not belong to the flow. now: a reply may be made; else what it
 * says is told with the next one. */
static bool step(struct talk_core *c, struct flow_in *in, bool now, struct arena *a,
		 struct talk_acts *acts)
{
	struct flow_out out;
	struct told t = { 0 };
	jv *k = known(c);
	sb_init(&t.say, LIM_SB);
	in->lang = sv_of(c->lang);
	in->known = k;
	flow_step(c->flow, in, a, &out);
	jv_free(k);
	look(c, &out, &t);
	sv said = arena_sv(a, sb_sv(&t.say));
	sb_done(&t.say);
	if (t.call && c->svc.turn == c->t.number && c->svc.nth >= CALLS_A_TURN) {
		t.call = NULL;       /* it goes in a circle */
		t.person = t.over = true;
		t.how = SV("too many calls");
	}
	if (t.aside) {
		c->t.back = true;
		return false;
	}
	if (t.over)
		end(c, &t, a, acts);
	else
		record(c, &out, a, acts);
	if (t.call || !now)
		talk_news(c, t.ask && !t.call ? SV_NULL : said, false);
	if (t.call)
		talk_tool_ask(c, FOR_FLOW, t.call->text, t.call->args, a, acts);
	else if (now && t.person)
		say_person(c, said, a, acts);
	else if (now && t.over)
		say_end(c, said, t.how, a, acts);
	else if (now)
		say_ask(c, said, t.ask ? t.ask->expect : NULL, a, acts);
	return true;
}

/* ---- the customer's words ---- */

bool talk_flow_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	const char *id = c->flow || !c->flows ? NULL : flow_for(c->flows, c->feel.intent, text);
	struct flow_in in = { .kind = FLOW_IN_TEXT, .text = text, .intent = c->feel.intent,
			      .yes = talk_yes(text), .question = talk_is_question(text) };
	struct flow_slot *slots;
	if (!c->flow && (!id || flow_start(c->flows, sv_of(id), &c->flow)))
		return false;
	if (id)
		in.kind = FLOW_IN_START;
	jv *list = jv_parse(c->t.slots, NULL);
	in.n_slots = slots_of(c, list, a, &slots);
	in.slots = slots;
	jv_free(list);
	c->t.first_us = c->now_us;
	return step(c, &in, true, a, acts);
}

bool talk_flow_got(struct talk_core *c, const char *outcome, const struct talk_got *g, bool now,
		   struct arena *a, struct talk_acts *acts)
{
	if (!c->flow)
		return false;
	jv *body = g ? jv_parse(g->body, NULL) : NULL;
	struct flow_in in = { .kind = FLOW_IN_RESULT, .intent = "", .outcome = outcome,
			      .body = body, .say = g ? g->say : SV_NULL };
	c->t.acted |= g && g->effect;
	(void)step(c, &in, now, a, acts);
	if (!now && g && g->effect && c->svc.news)
		c->svc.news_acted = true;
	jv_free(body);
	return true;
}

/* Strings that hold a mask were personal: asked for again. */
static void unmask(jv *v)
{
	static const char *const places[] = { "vars", "slots" };
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		jv *o = jv_get(v, places[i]), *x;
		void *it = NULL;
		sv key;
		char names[32][64];
		size_t n = 0;
		while (jv_next(o, &it, &key, &x))
			if (n < 32 && key.n < 64 && sv_starts(jv_as_str(x), SV("[")) &&
			    sv_ends(jv_as_str(x), SV("]")))
				memcpy(names[n], key.p, key.n), names[n++][key.n] = '\0';
		for (size_t k = 0; k < n; k++)
			jv_del(o, names[k]);
	}
}

bool talk_flow_load(struct talk_core *c, sv state)
{
	struct sb b;
	jv *v = jv_parse(state, NULL);
	if (!v || c->flow) {
		jv_free(v);
		return false;
	}
	unmask(v);
	sb_init(&b, LIM_SB);
	jv_dump(v, &b);
	int rc = flow_load(c->flows, sb_sv(&b), &c->flow);
	sb_done(&b);
	jv_free(v);
	return rc == 0;
}

sv talk_flow_question(struct talk_core *c, struct arena *a, const char **ret_expect)
{
	struct flow_in in = { .kind = FLOW_IN_RESUME, .lang = sv_of(c->lang), .intent = "" };
	struct flow_out out;
	if (!c->flow)
		return SV_NULL;
	flow_step(c->flow, &in, a, &out);
	for (size_t i = 0; i < out.n; i++)
		if (out.v[i].kind == FLOW_ASK)
			return *ret_expect = out.v[i].expect, out.v[i].text;
	return SV_NULL;
}
