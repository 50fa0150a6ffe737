/* talk_service.c: business actions in the conversation: asked for, confirmed, told.
 *
 * One action at a time: TACT_TOOL goes out with a key made of the turn, TEV_TOOL brings what came
 * of it. Nothing that the customer does meanwhile cancels it: who cuts in is listened to, and the
 * result is told before the next reply (news), or leads back to its question after it. A yes only
 * counts for a question that was heard, an effect that was not heard is told again and never done
 * again: the same intent keeps its key. What an action may do is decided by the gate of tool.h,
 * never here and never by a model. Pure like the rest of the core; owns its strings. */
#include "talk_core.h"

#include <stdio.h>

#define UNCLEAR_MAX 3

static const struct tool_decl *decl_of(const struct talk_core *c)
{
	return c->box && c->svc.name ? tool_box_find(c->box, sv_of(c->svc.name)) : NULL;
}

static int lang_index(const struct talk_core *c)
{
	return strcmp(c->lang, "zh") == 0 ? 0 : 1;
}

/* ---- rows ---- */

static const char *whose_name(enum talk_for f)
{
	static const char *const names[] = { "", "model", "flow", "check", "past" };
	return names[f];
}

static void record_call(struct talk_core *c, sv name, const char *key, int64_t print,
			struct arena *a, struct talk_acts *acts)
{
	static const char *const levels[] = { "nobody", "claimed", "known", "proven" };
	const struct talk_service *s = &c->svc;
	struct sb b;
	sb_init(&b, 1024);
	sb_fmt(&b, "{\"call\":%u,\"tool\":", s->call);
	sb_json(&b, name);
	sb_fmt(&b, ",\"key\":\"%s\",\"for\":\"%s\",\"level\":\"%s\",\"confirmed\":%s}", key,
	       whose_name(s->calling), levels[s->level], print ? "true" : "false");
	talk_act_record(c, acts, "tool.call", "bot", arena_sv(a, sb_sv(&b)));
	sb_done(&b);
}

static void record_result(struct talk_core *c, uint32_t call, const struct talk_got *g,
			  struct arena *a, struct talk_acts *acts)
{
	struct sb b;
	sb_init(&b, 4096);
	sb_fmt(&b, "{\"call\":%u,\"tool\":", call);
	sb_json(&b, g->name);
	sb_fmt(&b, ",\"outcome\":\"%s\",\"effect\":%s,\"again\":%s,\"why\":",
	       tool_outcome_name(g->outcome), g->effect ? "true" : "false",
	       g->again ? "true" : "false");
	sb_json(&b, sv_slice(g->why, 0, talk_whole_runes(arena_cstr(a, g->why), 500)));
	sb_ch(&b, '}');
	talk_act_record(c, acts, "tool.result", "system", arena_sv(a, sb_sv(&b)));
	sb_done(&b);
}

/* ---- asking ---- */

static void start(struct talk_core *c, enum talk_for whose, sv name, sv args, const char *key,
		  int64_t print, struct arena *a, struct talk_acts *acts)
{
	struct talk_service *s = &c->svc;
	s->call = ++s->calls;
	s->calling = whose;
	s->slow = false;
	record_call(c, name, key, print, a, acts);
	talk_act_timer(acts, TT_MODEL, 0);
	if (!c->filling)
		talk_filler_arm(c, acts);
	if (!c->voice)
		talk_act_add(acts, TACT_TYPING);
	struct talk_act *x = talk_act_add(acts, TACT_TOOL);
	x->text = arena_sv(a, name);
	x->context = arena_sv(a, args);
	x->safe = arena_sv(a, sv_of(key));
	x->did = s->customer ? arena_cstr(a, sv_of(s->customer)) : NULL;
	x->level = (int)s->level;
	x->print = print;
	x->gen = s->call;
	x->n = c->t.number;
	x->lang = sv_of(c->lang);
}

void talk_tool_key(const struct talk_core *c, char key[72])
{
	const struct talk_service *s = &c->svc;
	if (s->old_key[0])
		(void)snprintf(key, 72, "%s", s->old_key);
	else
		(void)snprintf(key, 72, "%d/%d", c->t.number, s->turn == c->t.number ? s->nth : 0);
}

/* An old key is for one call: the one that waited. */
static void next_key(struct talk_core *c, char key[72])
{
	struct talk_service *s = &c->svc;
	talk_tool_key(c, key);
	if (s->old_key[0]) {
		s->old_key[0] = '\0';
		return;
	}
	s->nth = s->turn == c->t.number ? s->nth + 1 : 1;
	s->turn = c->t.number;
}

void talk_tool_ask(struct talk_core *c, enum talk_for whose, sv name, sv args, struct arena *a,
		   struct talk_acts *acts)
{
	struct talk_service *s = &c->svc;
	talk_service_drop(c);
	s->whose = whose;
	s->unclear = 0;
	talk_set(&s->name, name);
	talk_set(&s->args, args);
	jv *o = jv_parse(args, NULL);
	talk_about_order(c, jv_get_str(o, "order"));
	jv_free(o);
	next_key(c, s->key);
	start(c, whose, name, args, s->key, 0, a, acts);
}

void talk_tool_again(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	struct talk_service *s = &c->svc;
	int64_t print = s->print;
	s->waits = WAITS_NOTHING;
	start(c, s->whose, sv_of(s->name), sv_of(s->args), s->key, print, a, acts);
}

void talk_tool_check(struct talk_core *c, sv name, sv args, struct arena *a,
		     struct talk_acts *acts)
{
	char key[72], old[72];
	memcpy(old, c->svc.old_key, sizeof(old));
	c->svc.old_key[0] = '\0';    /* it is not a check's */
	next_key(c, key);
	memcpy(c->svc.old_key, old, sizeof(old));
	start(c, FOR_CHECK, name, args, key, 0, a, acts);
}

sv talk_slow_phrase(struct talk_core *c)
{
	const struct tool_decl *d = c->svc.call && !c->svc.slow ? decl_of(c) : NULL;
	if (!d || c->svc.calling == FOR_CHECK)
		return SV_NULL;
	c->svc.slow = true;
	return d->slow[lang_index(c)];
}

/* ---- what is kept and told later ---- */

static void forget_fact(struct talk_fact *f)
{
	xfree(f->name);
	xfree(f->body);
	xfree(f->say);
	*f = (struct talk_fact){ 0 };
}

static void keep_fact(struct talk_core *c, const struct talk_got *g)
{
	struct talk_service *s = &c->svc;
	if (s->n_fact == TALK_FACTS) {
		forget_fact(&s->fact[0]);
		memmove(&s->fact[0], &s->fact[1], sizeof(s->fact[0]) * (TALK_FACTS - 1));
		s->n_fact--;
	}
	s->fact[s->n_fact++] = (struct talk_fact){ xstrdup(g->name), xstrdup(g->body),
						   xstrdup(g->say), g->effect };
}

void talk_news(struct talk_core *c, sv text, bool acted)
{
	struct talk_service *s = &c->svc;
	struct sb b;
	if (!text.n)
		return;
	sb_init(&b, LIM_SB);
	if (s->news)
		sb_fmt(&b, "%s%s", s->news, talk_gap(c));
	sb_put(&b, text);
	talk_set(&s->news, sb_sv(&b));
	s->news_acted |= acted;
	sb_done(&b);
}

sv talk_with_news(struct talk_core *c, sv text, struct arena *a)
{
	struct talk_service *s = &c->svc;
	if (!s->news)
		return text;
	const char *both = arena_fmt(a, "%s%s" SV_FMT, s->news, text.n ? talk_gap(c) : "",
				     SV_ARG(text));
	c->t.acted |= s->news_acted;
	c->acted |= s->news_acted;
	talk_set(&s->news, SV_NULL);
	s->news_acted = false;
	return sv_of(both);
}

sv talk_lead_back(struct talk_core *c, struct arena *a, const char **ret_expect)
{
	struct talk_service *s = &c->svc;
	sv q = SV_NULL;
	if (!c->in_turn || !c->t.back)
		return q;
	c->t.back = false;
	if (s->waits == WAITS_YES) {
		q = sv_of(s->say);
		*ret_expect = "yes_no";
	} else if (s->waits == WAITS_WHO) {
		q = talk_check_question(c);
		*ret_expect = s->asks == ASKS_ORDER ? "order_number" : "digits";
	} else {
		q = talk_flow_question(c, a, ret_expect);
		if (!q.n && c->flow && c->resumed) {
			*ret_expect = "yes_no";
			return talk_flow_stood(c, "where_ask", a);
		}
	}
	if (!q.n)
		return q;
	sv back = talk_vary(c, "service_back");
	return sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT, SV_ARG(back), talk_gap(c), SV_ARG(q)));
}

void talk_service_signed_in(struct talk_core *c)
{
	if (!c->profile || !c->profile->id.n)
		return;
	talk_set(&c->svc.customer, c->profile->id);
	c->svc.level = TOOL_PROVEN;
}

void talk_service_drop(struct talk_core *c)
{
	struct talk_service *s = &c->svc;
	s->waits = WAITS_NOTHING;
	s->print = 0;
	s->unclear = 0;
	s->asked_in = 0;
	talk_set(&s->say, SV_NULL);
	talk_set(&s->order, SV_NULL);
}

void talk_service_quit(struct talk_core *c)
{
	talk_case_keep(c);
	talk_service_drop(c);
	talk_flow_drop(c);
}

void talk_service_free(struct talk_core *c)
{
	talk_flow_drop(c);
	struct talk_service *s = &c->svc;
	talk_service_drop(c);
	talk_set(&s->name, SV_NULL);
	talk_set(&s->args, SV_NULL);
	talk_set(&s->news, SV_NULL);
	talk_set(&s->customer, SV_NULL);
	talk_set(&s->about, SV_NULL);
	talk_set(&s->product, SV_NULL);
	talk_set(&s->left, SV_NULL);
	for (int i = 0; i < s->n_fact; i++)
		forget_fact(&s->fact[i]);
	s->n_fact = 0;
}

/* ---- saying ---- */

void talk_service_reply(struct talk_core *c, sv text, enum policy_action action, struct arena *a,
			struct talk_acts *acts)
{
	struct talk_reply r = { .text = talk_with_empathy(c, text, a), .action = action,
				.grounded = true };
	c->declined = c->clarified = 0;
	if (c->svc.waits == WAITS_YES) {
		r.expect = "yes_no";
		r.asks = true;
	} else if (c->svc.waits == WAITS_WHO) {
		r.expect = c->svc.asks == ASKS_ORDER ? "order_number" : "digits";
	}
	talk_reply(c, &r, a, acts);
}

static sv words_of(struct talk_core *c, const struct talk_got *g, struct arena *a)
{
	char key[40];
	if (g->say.n)
		return arena_sv(a, g->say);
	(void)snprintf(key, sizeof(key), "service_%s", tool_outcome_name(g->outcome));
	sv text = talk_own(c, key);
	return text.n ? text : talk_own(c, "service_failed");
}

/* A question: may it be done? */
static void ask_yes(struct talk_core *c, const struct talk_got *g)
{
	struct talk_service *s = &c->svc;
	s->waits = WAITS_YES;
	s->print = g->print;
	s->heard = false;
	s->asked_in = 0;
	talk_set(&s->say, g->say.n ? g->say : talk_own(c, "service_confirm"));
}

/* ---- what came back ---- */

/* Nobody speaks or has spoken since: the result is this turn's. */
bool talk_at_once(const struct talk_core *c)
{
	return c->in_turn && c->sm.now == TS_THINKING && !c->mouth && c->n_queue == 0;
}

/* The customer went on: the turn ends without a reply, what there is to say is said with the next
 * one. */
static void next_turn(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	if (c->in_turn)
		talk_end_turn(c, acts);
	if (c->sm.now != TS_THINKING && c->sm.now != TS_LISTENING)
		return;
	sm_move(&c->sm, TS_LISTENING);
	if (c->mouth)
		return;
	talk_next_queued(c, c->now_us, a, acts);
	if (!c->in_turn && !talk_notice_due(c, a, acts))
		talk_await_customer(c, acts);
}

static void later(struct talk_core *c, const struct talk_got *g, struct arena *a,
		  struct talk_acts *acts)
{
	if (g->outcome == TOOL_CONFIRM)
		ask_yes(c, g);
	else if (c->svc.whose != FOR_FLOW ||
		 !talk_flow_got(c, tool_outcome_name(g->outcome), g, false, a, acts))
		talk_news(c, words_of(c, g, a), g->effect);
	if (c->svc.call == 0)
		next_turn(c, a, acts);
}

static void got_outcome(struct talk_core *c, const struct talk_got *g, struct arena *a,
			struct talk_acts *acts)
{
	struct talk_service *s = &c->svc;
	if (g->outcome == TOOL_VERIFY && s->whose != FOR_NOBODY) {
		talk_check_begin(c, g->need, a, acts);
		if (s->call == 0 && c->in_turn && !talk_at_once(c))
			next_turn(c, a, acts);
		return;
	}
	if (!talk_at_once(c)) {
		later(c, g, a, acts);
		return;
	}
	if (g->outcome == TOOL_CONFIRM) {
		ask_yes(c, g);
		talk_service_reply(c, sv_of(s->say), POL_CLARIFY, a, acts);
		return;
	}
	c->t.acted |= g->effect;
	if (s->whose == FOR_MODEL && c->t.n_wish > 0) {
		talk_wish_got(c, g, a, acts);
		return;
	}
	if (s->whose == FOR_FLOW &&
	    talk_flow_got(c, tool_outcome_name(g->outcome), g, true, a, acts))
		return;
	talk_service_reply(c, words_of(c, g, a), POL_REPLY, a, acts);
}

static void take_grant(struct talk_core *c, const struct talk_got *g, struct arena *a,
		       struct talk_acts *acts)
{
	struct talk_service *s = &c->svc;
	if (!g->grant_customer.n || (s->customer && sv_eq(g->grant_customer, sv_of(s->customer)) &&
				     g->grant <= s->level))
		return;
	talk_set(&s->customer, g->grant_customer);
	s->level = g->grant;
	if (c->claimed && !c->profile && sv_eq(c->claimed->id, g->grant_customer))
		c->profile = c->claimed;
	talk_act_record(c, acts, "customer.known", "system",
			sv_of(arena_fmt(a, "{\"level\":%d}", (int)s->level)));
}

/* An action that was asked for again (after a yes, a check) counts once, with its end. */
static void note_tried(struct talk_service *s, const struct talk_got *g)
{
	if (s->n_tried == TALK_TRIED) {
		memmove(&s->tried[0], &s->tried[1], sizeof(s->tried[0]) * (TALK_TRIED - 1));
		s->n_tried--;
	}
	struct talk_tried *last = s->n_tried ? &s->tried[s->n_tried - 1] : NULL;
	bool again = last && sv_eq(g->name, sv_of(last->name)) &&
		     (last->outcome == TOOL_VERIFY || last->outcome == TOOL_CONFIRM);
	struct talk_tried *x = again ? last : &s->tried[s->n_tried++];
	(void)snprintf(x->name, sizeof(x->name), SV_FMT, SV_ARG(g->name));
	x->outcome = g->outcome;
}

void talk_on_tool(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		  struct talk_acts *acts)
{
	struct talk_service *s = &c->svc;
	const struct talk_got *g = ev->tool;
	uint32_t call = s->call;
	s->call = 0;
	talk_filler_stop(c, acts);
	record_result(c, call, g, a, acts);
	take_grant(c, g, a, acts);
	if (c->sm.now == TS_AWAY || c->sm.now == TS_WRAPPING) {
		note_tried(s, g);
		talk_service_drop(c);
		return;
	}
	if (s->calling == FOR_CHECK) {
		talk_check_got(c, g, a, acts);
		if (s->call == 0 && c->in_turn && !talk_at_once(c))
			next_turn(c, a, acts);
		return;
	}
	note_tried(s, g);
	if (g->outcome == TOOL_DONE)
		keep_fact(c, g);
	talk_about_result(c, g);
	got_outcome(c, g, a, acts);
}

/* ---- the customer's words ---- */

void talk_tool_dropped(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	talk_act_record(c, acts, "tool.dropped", "customer",
			sv_of(arena_fmt(a, "{\"key\":\"%s\"}", c->svc.key)));
}

void talk_service_give_up(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	talk_service_drop(c);
	talk_tool_dropped(c, a, acts);
	c->t.acted = c->in_turn; /* refused is refused: told again where nobody heard it */
	if (c->svc.whose == FOR_FLOW && talk_flow_got(c, "declined", NULL, true, a, acts))
		return;
	talk_canned(c, "service_dropped", POL_REPLY, a, acts);
}

/* A flow that waits for a yes is left only for another flow: an intent alone may be a
 * misreading. */
static bool other_wish(const struct talk_core *c, sv text)
{
	if (c->svc.whose != FOR_FLOW || !c->flow)
		return true;
	const char *id = flow_for(c->flows, c->feel.intent, text);
	return id && strcmp(id, flow_id(c->flow)) != 0;
}

/* The words name another order than the action that waits is about. */
static bool names_another(const struct talk_core *c)
{
	jv *slots = jv_parse(c->t.slots, NULL), *args = jv_parse(sv_of(c->svc.args), NULL);
	sv has = jv_get_str(args, "order");
	bool another = false;
	for (size_t i = 0; i < jv_len(slots) && has.n; i++)
		another |= sv_eq(jv_get_str(jv_at(slots, i), "type"), SV("order_number")) &&
			   !sv_eq(jv_get_str(jv_at(slots, i), "value"), has);
	jv_free(slots);
	jv_free(args);
	return another;
}

/* Neither yes nor no: a question is answered and leads back; another wish takes the place of this
 * one; else the question is put once more. */
static bool unclear(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	struct talk_service *s = &c->svc;
	if (s->whose == FOR_MODEL && names_another(c)) {
		talk_service_drop(c);
		return false;
	}
	if (++s->unclear > UNCLEAR_MAX) {
		talk_service_give_up(c, a, acts);
		return true;
	}
	if (talk_is_question(text)) {
		c->t.back = true;
		return false;
	}
	if (c->feel.intent[0] && !c->feel.small_talk && other_wish(c, text)) {
		talk_service_drop(c);
		if (s->whose == FOR_FLOW && c->flow && !flow_did(c->flow))
			talk_news(c, talk_flow_left(c, flow_id(c->flow), a), false);
		if (s->whose == FOR_FLOW)
			talk_flow_drop(c);
		return false;
	}
	sv pairs[] = { SV("question"), sv_of(s->say) };
	talk_service_reply(c, talk_fill(a, talk_vary(c, "service_yes_or_no"), pairs, 2),
			   POL_CLARIFY, a, acts);
	return true;
}

bool talk_service_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	struct talk_service *s = &c->svc;
	if (s->waits == WAITS_WHO)
		return talk_check_words(c, text, a, acts);
	if (s->waits == WAITS_PAST)
		return talk_where_words(c, text, a, acts);
	if (s->waits != WAITS_YES)
		return false;
	enum flow_yes yes = talk_yes(text);
	if (yes == FLOW_UNSURE)
		return talk_flow_corrects(c, text, a, acts) || unclear(c, text, a, acts);
	if (yes == FLOW_NO) {
		talk_service_give_up(c, a, acts);
		return true;
	}
	if (!s->heard)               /* a yes to something else: it was not asked to the end */
		talk_service_reply(c, sv_of(s->say), POL_CLARIFY, a, acts);
	else
		talk_tool_again(c, a, acts);
	return true;
}
