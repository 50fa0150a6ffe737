/* talk_flow.c: the company's service flows in the conversation: begun by the customer's words, led
 * step by step, left for a question and entered again.
 *
 * flow.h decides what comes next; here its words become replies, its calls business actions, its
 * results what they say. Who asks for a person or is angry gets one before any step. A call that
 * needs the customer's yes or identity waits for it here, the flow only sees its end. Pure like
 * the rest of the core; the run is the core's. */
#include "talk_core.h"

#include <stdio.h>

#define CALLS_A_TURN 12
#define LIST_MOST 5                  /* choices shown in a chat */

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
	c->resumed = false;
	c->svc.old_key[0] = '\0';
}

static char *state_of(const struct talk_core *c)
{
	struct sb b;
	if (!c->flow)
		return NULL;
	sb_init(&b, LIM_SB);
	flow_save(c->flow, &b);
	char *s = sb_err(&b) ? NULL : xstrdup(sb_sv(&b));
	sb_done(&b);
	return s;
}

/* A flow that waits for a yes or a proof is not gone back to: what waited is gone with the
 * answer. */
void talk_flow_mark(struct talk_core *c, int turn)
{
	bool waits = c->svc.waits != WAITS_NOTHING || c->svc.call;
	xfree(c->flow_was.state);
	c->flow_was.state = state_of(c);
	c->flow_was.turn = waits || (c->flow && !c->flow_was.state) ? 0 : turn;
	c->flow_was.resumed = c->resumed;
}

/* The same words come up again: to what they were said to, not to the question that was never
 * heard. */
void talk_flow_back(struct talk_core *c, int turn)
{
	struct flow_run *run = NULL;
	char *now = state_of(c);
	sv was = sv_of(c->flow_was.state);
	bool moved = c->flow_was.turn == turn && turn && !sv_eq(sv_of(now), was);
	xfree(now);
	if (!moved || (was.n && flow_load(c->flows, was, &run)))
		return;              /* nothing to take back; or other flows are published */
	if (c->svc.waits != WAITS_NOTHING && c->svc.whose == FOR_FLOW)
		talk_service_drop(c);
	talk_flow_drop(c);
	c->flow = run;
	c->resumed = run && c->flow_was.resumed;
}

static jv *known(const struct talk_core *c)
{
	const struct chan_profile *p = c->profile;
	jv *o = jv_obj(), *who = jv_obj();
	jv_set_str(o, "channel", c->voice ? SV("voice") : SV("chat"));
	jv_set_int(o, "level", (int64_t)c->svc.level);
	if (c->day)
		jv_set_int(o, "day", c->day);
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
	if (talk_about_product(c))
		jv_set_str(o, "product", sv_of(talk_about_product(c)));
	if (talk_about_it(c))
		jv_set_str(o, "it", sv_of(talk_about_it(c)));
	jv_set(o, "customer", who);
	return o;
}

static size_t slots_of(jv *list, struct arena *a, struct flow_slot **ret)
{
	size_t n = jv_len(list);
	*ret = n ? arena_new(a, struct flow_slot, n + 1) : NULL;
	for (size_t i = 0; *ret && i < n; i++) {
		const jv *s = jv_at(list, i);
		(*ret)[i] = (struct flow_slot){ arena_sv(a, jv_get_str(s, "type")),
						arena_sv(a, jv_get_str(s, "value")),
						arena_sv(a, jv_get_str(s, "text")) };
	}
	return *ret ? n : 0;
}

static void add(struct talk_core *c, struct sb *b, sv text)
{
	if (text.n)
		sb_fmt(b, "%s" SV_FMT, b->n ? talk_gap(c) : "", SV_ARG(text));
}

/* The longest word of a name: "faulty" of "It is faulty"; of a Chinese one its first two signs. */
static sv main_word(sv name)
{
	sv best = SV_NULL, word = SV_NULL;
	if (name.n && (unsigned char)name.p[0] >= 0xE0)
		return sv_slice(name, 0, sv_rune_offset(name, 2));
	for (size_t i = 0; i <= name.n; i++) {
		bool letter = i < name.n && (((name.p[i] | 32) >= 'a' && (name.p[i] | 32) <= 'z') ||
					     (unsigned char)name.p[i] >= 0x80 ||
					     (name.p[i] >= '0' && name.p[i] <= '9'));
		if (letter && !word.n)
			word = sv_n(name.p + i, 0);
		word.n = letter ? word.n + 1 : 0;
		best = word.n > best.n ? word : best;
	}
	return best;
}

static bool names(sv text, sv choice)
{
	sv word = main_word(choice);
	for (size_t k = 0; k + word.n <= text.n && word.n; k++)
		if (sv_eq_nocase(sv_n(text.p + k, word.n), word))
			return true;
	return false;
}

/* Does the question name its choices itself? Most of them: then no list is shown. */
static bool names_choices(const struct flow_act *x)
{
	size_t named = 0;
	for (size_t i = 0; i < x->n_choices; i++)
		named += names(x->text, x->choices[i]);
	return named * 3 >= x->n_choices * 2;
}

/* Of many choices the first ones that the words before name ("your latest three orders are ..."),
 * else LIST_MOST; any may still be named by the customer. */
static size_t shown(sv said, const struct flow_act *x)
{
	size_t n = 0;
	if (x->n_choices <= LIST_MOST)
		return x->n_choices;
	while (n < LIST_MOST && names(said, x->choices[n]))
		n++;
	return n ? n : LIST_MOST;
}

/* In a chat choices are shown, a line each, where the question does not name them; on the phone
 * it always does. */
static void add_choices(struct talk_core *c, struct sb *b, const struct flow_act *x,
			struct arena *a)
{
	if (c->voice || names_choices(x))
		return;
	size_t n = shown(arena_sv(a, sb_sv(b)), x);
	for (size_t i = 0; i < n; i++)
		sb_fmt(b, "\n%zu. " SV_FMT, i + 1, SV_ARG(x->choices[i]));
}

static void look(struct talk_core *c, const struct flow_out *out, struct told *t,
		 struct arena *a)
{
	for (size_t i = 0; i < out->n; i++) {
		const struct flow_act *x = &out->v[i];
		if (x->kind == FLOW_SAY || x->kind == FLOW_ASK)
			add(c, &t->say, x->text);
		if (x->kind == FLOW_ASK) {
			add_choices(c, &t->say, x, a);
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
static void record(struct talk_core *c, const struct flow_out *out, bool calls, struct arena *a,
		   struct talk_acts *acts)
{
	struct sb state, b;
	char key[72] = "";
	sb_init(&state, LIM_SB);
	sb_init(&b, LIM_SB);
	flow_save(c->flow, &state);
	if (calls)
		talk_tool_key(c, key);
	sb_cstr(&b, "{\"flow\":");
	sb_json(&b, sv_of(flow_id(c->flow)));
	sb_cstr(&b, ",\"step\":");
	(void)snprintf(c->person.step, sizeof(c->person.step), "%s",
		       out->n ? out->v[out->n - 1].step : "");
	sb_json(&b, sv_of(out->n ? out->v[out->n - 1].step : ""));
	sb_fmt(&b, ",\"key\":\"%s\",\"state\":", key);
	sb_json(&b, talk_masked_state(sb_sv(&state), a));
	sb_ch(&b, '}');
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
	if (t->person)
		talk_case_keep(c);
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
	if (said.n && talk_parts_later(c, said, true, a, acts))
		return;
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
	(void)talk_parts_later(c, said, false, a, acts);
	c->declined = c->clarified = 0;
	talk_reply(c, &r, a, acts);
}

/* Another wish took its place: that is said, nobody shall think that it was done. */
sv talk_flow_left(struct talk_core *c, const char *id, struct arena *a)
{
	sv pairs[] = { SV("title"), flow_title(c->flows, sv_of(id), sv_of(c->lang)) };
	return talk_fill(a, talk_own(c, "service_left"), pairs, 2);
}

/* One step. False: the words do not belong to the flow. now: a reply may be made; else what it
 * says is told with the next one. */
static bool step(struct talk_core *c, struct flow_in *in, bool now, struct arena *a,
		 struct talk_acts *acts)
{
	struct flow_out out;
	struct told t = { 0 };
	const char *was = flow_id(c->flow);
	sv stood = c->resumed ? talk_flow_stood(c, "where_goes", a) : SV_NULL;
	jv *k = known(c);
	in->lang = sv_of(c->lang);
	in->known = k;
	flow_step(c->flow, in, a, &out);
	jv_free(k);
	if (out.n == 0)
		return false;
	sb_init(&t.say, LIM_SB);
	look(c, &out, &t, a);
	sv said = arena_sv(a, sb_sv(&t.say));
	sb_done(&t.say);
	if (out.left && c->svc.waits == WAITS_NOTHING)
		talk_news(c, talk_flow_left(c, out.left, a), false);
	if (t.call && c->svc.turn == c->t.number && c->svc.nth >= CALLS_A_TURN) {
		t.call = NULL;       /* it goes in a circle */
		t.person = t.over = true;
		t.how = SV("too many calls");
	}
	if (t.aside) {
		c->t.back = true;
		return false;
	}
	if (in->kind == FLOW_IN_TEXT && c->svc.waits != WAITS_NOTHING) {
		talk_tool_dropped(c, a, acts);
		talk_service_drop(c);
	}
	if (in->kind != FLOW_IN_RESUME)
		c->svc.old_key[0] = '\0';
	c->resumed = false;
	if (strcmp(was, flow_id(c->flow)) == 0)
		talk_news(c, stood, false);
	if (t.over)
		end(c, &t, a, acts);
	else
		record(c, &out, t.call != NULL, a, acts);
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

static struct flow_in words_in(struct talk_core *c, sv text, struct arena *a)
{
	struct flow_in in = { .kind = FLOW_IN_TEXT, .text = text, .intent = c->feel.intent,
			      .yes = talk_yes(text), .question = talk_is_question(text) };
	struct flow_slot *slots;
	jv *list = jv_parse(c->t.slots, NULL);
	in.n_slots = slots_of(list, a, &slots);
	in.slots = slots;
	jv_free(list);
	return in;
}

enum { FOR_THE_FLOW, DEALT_WITH, IN_BETWEEN };

/* The first words after a break, where the flow waits for a call, or they only greet: does the
 * customer still want it? */
static int resumed_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	const char *expect = NULL, *other = flow_for(c->flows, c->feel.intent, text);
	bool calls = !talk_flow_question(c, a, &expect).n;
	bool greets = c->feel.small_talk && strcmp(c->feel.small, "hello") == 0;
	if (!calls && !greets)
		return FOR_THE_FLOW;
	if (other && strcmp(other, flow_id(c->flow)) != 0) {
		talk_flow_drop(c);
		return FOR_THE_FLOW;
	}
	if (calls && !greets && talk_yes(text) == FLOW_NO) {
		talk_service_quit(c);
		talk_canned(c, "service_dropped", POL_REPLY, a, acts);
		return DEALT_WITH;
	}
	if (calls && !greets && talk_is_question(text)) {
		c->t.back = true;
		return IN_BETWEEN;
	}
	return talk_flow_go_on(c, a, acts) ? DEALT_WITH : FOR_THE_FLOW;
}

/* Words that try to steer a model begin nothing, and go on with nothing, but where they hold the
 * number of an order or a return. */
static bool steers(struct talk_core *c, sv text)
{
	if (!c->t.steers || flow_names_one(text))
		return false;
	c->t.back = c->flow != NULL;
	return true;
}

bool talk_flow_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	if (!c->flows || steers(c, text))
		return false;
	talk_check_overhear(c, text);
	int how = c->flow && c->resumed ? resumed_words(c, text, a, acts) : FOR_THE_FLOW;
	if (how != FOR_THE_FLOW)
		return how == DEALT_WITH;
	const char *it = talk_about_it(c), *id = NULL;
	if (!c->flow)
		id = flow_for_it(c->flows, c->feel.intent, text, it);
	if (!c->flow && (!id || flow_start(c->flows, sv_of(id), &c->flow)))
		return false;
	struct flow_in in = words_in(c, text, a);
	if (id)
		in.kind = FLOW_IN_START;
	c->t.first_us = c->now_us;
	return step(c, &in, true, a, acts);
}

bool talk_flow_corrects(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	bool proof = c->svc.waits == WAITS_WHO && !c->t.slots.n;
	if (!c->flow || c->svc.whose != FOR_FLOW || c->svc.call || proof)
		return false;
	struct flow_in in = words_in(c, text, a);
	return step(c, &in, true, a, acts);
}

bool talk_flow_go_on(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	struct flow_in in = { .kind = FLOW_IN_RESUME, .intent = "" };
	c->resumed = true;
	if (step(c, &in, true, a, acts))
		return true;
	talk_flow_drop(c);
	return false;
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
	bool goes = step(c, &in, now, a, acts);
	if (!now && g && g->effect && c->svc.news)
		c->svc.news_acted = true;
	jv_free(body);
	if (!goes)
		talk_flow_drop(c);
	return goes;
}

bool talk_flow_load(struct talk_core *c, sv state)
{
	return !c->flow && !flow_load(c->flows, state, &c->flow);
}

static sv name_of(const jv *item, const char *lang)
{
	const jv *name = jv_get(item, "name");
	return jv_is_obj(name) ? jv_get_str(name, lang) : jv_as_str(name);
}

/* The row of a list whose article is sku; with sku empty the only row. */
static const jv *row_of(const jv *items, sv sku)
{
	if (!sku.n)
		return jv_len(items) == 1 ? jv_at(items, 0) : NULL;
	for (size_t i = 0; i < jv_len(items); i++)
		if (sv_eq(jv_get_str(jv_at(items, i), "sku"), sku))
			return jv_at(items, i);
	return NULL;
}

/* What a result calls that article. */
static sv named(const jv *vars, sv sku, const char *lang)
{
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(vars, &it, &key, &v)) {
		const jv *row = row_of(jv_get(v, "items"), sku);
		if (jv_get_str(row, "sku").n)
			return name_of(row, lang);
	}
	return SV_NULL;
}

/* The thing it is about: the article of a slot, else the only one of the order. */
static sv subject(const struct talk_core *c)
{
	const jv *vars = flow_slots(c->flow);
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(vars, &it, &key, &v)) {
		sv name = jv_is_str(v) ? named(vars, jv_as_str(v), c->lang) : SV_NULL;
		if (name.n)
			return name;
	}
	return named(vars, SV_NULL, c->lang);
}

sv talk_flow_stood(struct talk_core *c, const char *key, struct arena *a)
{
	sv title = c->flow && c->flows ?
			   flow_title(c->flows, sv_of(flow_id(c->flow)), sv_of(c->lang)) :
			   SV_NULL;
	sv what = c->flow ? subject(c) : SV_NULL;
	const char *mark = strcmp(c->lang, "zh") == 0 ? "，" : ", ";
	sv pairs[] = { SV("title"), sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT, SV_ARG(title),
						    what.n ? mark : "", SV_ARG(what))) };
	return talk_fill(a, talk_text(c->cfg->texts, sv_of(c->lang), key, 0), pairs, 2);
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
