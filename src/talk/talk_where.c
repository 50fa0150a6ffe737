/* talk_where.c: a customer who was here before: found by the channel's address after the greeting
 * (TEV_WHO), asked once whether to go on where an earlier conversation stood.
 *
 * An address is only a claim: until the customer is known nothing of what was talked about is said,
 * a yes leads to the identity check first, and only then the flow goes on or the question is
 * told. Whoever says something else instead is simply served. Who is known already hears what it
 * was about. A conversation that itself goes on after a restart needs no question: its flow and
 * what was known of the customer are there again. Pure like the rest of the core. */
#include "talk_core.h"

#include <stdio.h>

void talk_where_free(struct talk_core *c)
{
	struct talk_where *w = &c->where;
	xfree(w->flow);
	xfree(w->question);
	xfree(w->reply);
	*w = (struct talk_where){ 0 };
}

/* Something stands open: a flow on its way, or a conversation that was never closed. */
static bool stands(struct talk_core *c, const jv *o)
{
	struct talk_where *w = &c->where;
	talk_set(&w->flow, jv_get_str(jv_get(o, "flow"), "state"));
	sv id = jv_get_str(o, "conversation"), key = jv_get_str(jv_get(o, "flow"), "key");
	if (id.n && key.n)
		(void)snprintf(w->key, sizeof(w->key), SV_FMT "/" SV_FMT, SV_ARG(id), SV_ARG(key));
	(void)snprintf(w->channel, sizeof(w->channel), SV_FMT, SV_ARG(jv_get_str(o, "channel")));
	talk_set(&w->question, jv_get_str(o, "last_question"));
	talk_set(&w->reply, jv_get_str(o, "last_reply"));
	return (w->flow && c->flows) || (jv_get_bool(o, "open", false) && w->question);
}

static const char *channel_key(sv channel)
{
	return sv_eq(channel, SV("phone")) ? "channel_phone" :
	       sv_eq(channel, SV("email")) ? "channel_email" :
					     "channel_chat";
}

/* Who is sure to be the one hears what it was; others only that there was something. */
static sv offer(struct talk_core *c, struct arena *a)
{
	sv pairs[] = { SV("channel"), talk_own(c, channel_key(sv_of(c->where.channel))) };
	bool flow = c->svc.level >= TOOL_KNOWN && c->where.flow && c->flows &&
		    talk_flow_load(c, sv_of(c->where.flow));
	if (!flow)
		return talk_fill(a, talk_own(c, "where_offer"), pairs, 2);
	sv text = talk_flow_stood(c, "where_ask", a);
	talk_flow_drop(c);
	return text;
}

void talk_where_language(struct talk_core *c, struct arena *a)
{
	if (c->svc.waits != WAITS_PAST || !c->notice)
		return;
	sv text = offer(c, a);
	xfree(c->notice);
	c->notice = xstrdup(text);
}

void talk_on_who(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		 struct talk_acts *acts)
{
	struct talk_service *s = &c->svc;
	const struct chan_profile *p = ev->profile;
	bool sure = s->level >= TOOL_KNOWN;
	if (!p || (sure && (!s->customer || !sv_eq(p->id, sv_of(s->customer)))))
		return;
	c->claimed = p;
	c->contacts = p->contacts_7d;
	if (sure && !c->profile)
		c->profile = p;
	if (!s->customer && p->id.n) {
		talk_set(&s->customer, p->id);
		s->level = ev->level;
		talk_act_record(c, acts, "customer.known", "system",
				sv_of(arena_fmt(a, "{\"level\":%d}", (int)s->level)));
	}
	jv *o = ev->text.n ? jv_parse(ev->text, NULL) : NULL;
	bool early = c->turn == 0 && s->waits == WAITS_NOTHING && !c->flow && !c->in_turn;
	if (o && early && stands(c, o)) {
		sv ask = offer(c, a);
		s->waits = WAITS_PAST;
		talk_notice(c, ask, false, a, acts);
	}
	jv_free(o);
}

/* The customer is known: what stood there goes on. */
void talk_where_go(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	struct talk_where *w = &c->where;
	c->svc.waits = WAITS_NOTHING;
	if (c->claimed && c->svc.customer && !sv_eq(c->claimed->id, sv_of(c->svc.customer))) {
		talk_where_free(c);  /* it was another's */
		talk_canned(c, "where_anew", POL_REPLY, a, acts);
		return;
	}
	talk_act_record(c, acts, "conversation.continued", "system", SV("{}"));
	bool flow = w->flow && c->flows && talk_flow_load(c, sv_of(w->flow));
	if (flow)
		memcpy(c->svc.old_key, w->key, sizeof(w->key));
	if (flow && talk_flow_go_on(c, a, acts)) {
		talk_where_free(c);
		return;
	}
	if (w->question) {
		sv pairs[] = { SV("question"), sv_of(w->question), SV("answer"),
			       w->reply ? sv_of(w->reply) : SV("-") };
		sv text = talk_fill(a, talk_own(c, "where_was"), pairs, 4);
		talk_remember(c, false, sv_of(w->question));
		talk_set(&c->topic, sv_of(w->question));
		talk_reply(c, &(struct talk_reply){ .text = text, .action = POL_REPLY }, a, acts);
	} else {
		talk_canned(c, "where_go", POL_REPLY, a, acts);
	}
	talk_where_free(c);
}

bool talk_where_words(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	struct talk_service *s = &c->svc;
	enum flow_yes yes = talk_yes(text);
	s->waits = WAITS_NOTHING;
	if (yes == FLOW_UNSURE) {    /* served as anybody */
		talk_where_free(c);
		return false;
	}
	if (yes == FLOW_NO) {
		talk_where_free(c);
		talk_canned(c, "where_anew", POL_REPLY, a, acts);
		return true;
	}
	if (s->level >= TOOL_KNOWN) {
		talk_where_go(c, a, acts);
		return true;
	}
	s->whose = FOR_PAST;
	xfree(s->args);
	s->args = NULL;
	talk_check_begin(c, TOOL_KNOWN, a, acts);
	return true;
}

void talk_where_resume(struct talk_core *c, const struct chan_resume *r)
{
	struct talk_service *s = &c->svc;
	if (r->customer.n && r->level > (int)s->level) {
		talk_set(&s->customer, r->customer);
		s->level = (enum tool_level)r->level;
	}
	if (!r->flow.n || !c->flows || !talk_flow_load(c, r->flow))
		return;
	c->resumed = true;
	(void)snprintf(s->old_key, sizeof(s->old_key), SV_FMT, SV_ARG(r->flow_key));
}
