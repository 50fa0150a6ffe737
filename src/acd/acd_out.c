/* acd_out.c: what the machine says becomes rows, words and events of the batch in hand.
 *
 * The machine must not be called from here: what it decided is noted, and acd_sync() afterwards
 * asks it where each hand-over that was touched stands. Owner's thread.
 */
#include "acd_int.h"
#include "chan.h"

#include <stdio.h>

void acd_party_of(sv login, char party[ACD_TEXT])
{
	(void)snprintf(party, ACD_TEXT, "agent:" SV_FMT, SV_ARG(login));
}

bool acd_rings(const struct ho *h, sv login)
{
	sv rest = sv_of(h->rung), one;
	while (sv_cut(&rest, ',', &one))
		if (sv_eq(one, login))
			return true;
	return false;
}

void acd_ring(struct acd *a, struct ho *h, sv login, sv to)
{
	struct acd_say s = { .kind = WORD_CONNECT,
			     .ring_ms = ACD_RING_MS - ACD_RING_SPARE_MS,
			     .act = CHAN_PARTY_ADD,
			     .mode = CHAN_TALKS };
	if (h->kind != HO_LIVE || h->media != ACD_VOICE)
		return;
	acd_line(a, login, s.to, s.name);
	if (to.n)
		sv_copy(s.to, sizeof(s.to), to);
	sv_copy(s.agent, sizeof(s.agent), login);
	acd_party_of(login, s.party);
	struct sb rung;
	sb_init(&rung, sizeof(h->rung));
	sb_fmt(&rung, "%s" SV_FMT ",", h->rung, SV_ARG(login));
	if (sb_err(&rung) == 0)
		sv_copy(h->rung, sizeof(h->rung), sb_sv(&rung));
	sb_done(&rung);
	h->until = a->now->now + ACD_RING_MS;
	acd_touch(a, h);
	acd_say(a, h, s);
}

void acd_hang_up(struct acd *a, struct ho *h, sv party)
{
	struct acd_say s = { .kind = WORD_PARTY, .act = CHAN_PARTY_DROP };
	if (!party.n || h->media != ACD_VOICE)
		return;
	sv_copy(s.party, sizeof(s.party), party);
	acd_say(a, h, s);
}

void acd_unring(struct acd *a, struct ho *h, sv login)
{
	char party[ACD_TEXT];
	struct sb rest;
	sv all = sv_of(h->rung), one;
	if (!acd_rings(h, login))
		return;
	sb_init(&rest, sizeof(h->rung));
	while (sv_cut(&all, ',', &one))
		if (!sv_eq(one, login))
			sb_fmt(&rest, SV_FMT ",", SV_ARG(one));
	sv_copy(h->rung, sizeof(h->rung), sb_sv(&rest));
	sb_done(&rest);
	acd_party_of(login, party);
	acd_hang_up(a, h, sv_of(party));
}

void acd_not_taken(struct acd *a, struct ho *h, sv login, sv why)
{
	jv *o = acd_body(h);
	jv_set_str(o, "agent", login);
	jv_set_str(o, "why", why);
	acd_event(a, "queue.rejected", sv_of(h->customer), login, o);
}

/* Offered at once: no place was told, and with it no music. */
static void play(struct acd *a, struct ho *h)
{
	const struct acd_queue *q = acd_queue_of(a, h);
	if (h->media == ACD_VOICE && h->offers == 1 && !h->position && a->given != h && q &&
	    q->tune)
		acd_say_place(a, h, &(struct acd_out){ .quiet = true, .wait_ms = -1 });
}

static void on_offer(struct acd *a, struct ho *h, const struct acd_out *x)
{
	struct ag *g = acd_agent_of(a, x->login, false);
	jv *o = acd_body(h);
	jv_set_str(o, "agent", x->login);
	jv_set_int(o, "offer", ++h->offers);
	jv_set_int(o, "until_ms", x->until_ms);
	acd_event(a, "queue.offered", sv_of(h->customer), SV("system"), o);
	h->state = HO_OFFERED;
	h->offered = a->now->now;
	h->until = x->until_ms;
	sv_copy(h->agent, sizeof(h->agent), x->login);
	acd_touch(a, h);
	acd_tell(a, "handover.offered", x->login, h, NULL);
	play(a, h);
	if (g && acd_sockets(a, g) == 0 && g->extension[0])
		acd_ring(a, h, x->login,
			 SV_NULL); /* without a console the telephone is the offer */
}

/* The machine paused one who did not answer. While that one serves, the state stays as it is. */
static void paused(struct acd *a, sv login, sv why)
{
	struct ag *g = acd_agent_of(a, login, false);
	if (!g || g->presence != ACD_READY)
		return;
	g->presence = ACD_PAUSED;
	sv_copy(g->reason, sizeof(g->reason), why);
	acd_changed(a, g);
	acd_tell_agent(a, g);
}

static void on_revoke(struct acd *a, struct ho *h, const struct acd_out *x)
{
	jv *o = acd_body(h);
	jv_set_str(o, "agent", x->login);
	jv_set_str(o, "why", x->why);
	if (a->phone.n)              /* the agent can mend it */
		jv_set_str(o, "phone", a->phone);
	acd_tell(a, "handover.revoked", x->login, NULL, o);
	acd_unring(a, h, x->login);
	if (sv_eq(x->why, SV("paused")) && !a->choosing)
		paused(a, x->login, a->why.n ? a->why : SV("no_answer"));
	if (sv_eq(x->why, SV("timeout")) || sv_eq(x->why, SV("rejected")) ||
	    (sv_eq(x->why, SV("paused")) && !a->choosing))
		acd_not_taken(a, h, x->login, a->why.n ? a->why : SV("no_answer"));
	acd_touch(a, h);
}

void acd_moved(struct acd *a, struct ho *h, sv queue, sv why, sv by)
{
	char from[ACD_NAME];
	jv *o;
	sv_copy(from, sizeof(from), sv_of(h->queue));
	sv_copy(h->queue, sizeof(h->queue), queue);
	o = acd_body(h);
	jv_set_str(o, "from", sv_of(from));
	jv_set_str(o, "why", why);
	jv_set_int(o, "waited_ms", a->now->now - h->entered);
	acd_event(a, "queue.moved", sv_of(h->customer), by, o);
	h->entered = a->now->now;
	acd_touch(a, h);
}

void acd_say_place(struct acd *a, struct ho *h, const struct acd_out *x)
{
	const struct acd_queue *q = acd_queue_of(a, h);
	struct acd_say s = { .kind = WORD_QUEUED, .position = x->position,
			     .wait_ms = x->wait_ms, .quiet = x->quiet,
			     .nobody = x->nobody };
	if (x->own && q)             /* zh and en are what a company writes */
		s.text = (char *)(uintptr_t)q->say[!sv_starts(sv_of(h->language), SV("zh"))];
	if (a->given == h) {                 /* it was served: why it waits again */
		sv_copy(s.why, sizeof(s.why), sv_of(a->given_why));
		a->given = NULL;
	}
	if (a->returned == h) {
		sv_copy(s.why, sizeof(s.why), SV("back"));
		a->returned = NULL;
	}
	h->position = x->position;
	h->wait_ms = x->wait_ms;
	acd_say(a, h, s);
}

/* What the customer hears when the queue does not keep the wish. */
static const char *nobody_why(const struct acd_out *x, const struct acd_queue *q)
{
	if (x->how == ACD_TO_VOICEMAIL)
		return "voicemail";
	if (sv_eq(x->why, SV("full")) || sv_eq(x->why, SV("closed")))
		return sv_eq(x->why, SV("full")) ? "full" : "closed";
	return x->how == ACD_TO_CALLBACK && (!q || q->callback) ? "callback_offer" : "timeout";
}

static void on_out_of_queue(struct acd *a, struct ho *h, const struct acd_out *x)
{
	struct acd_say s = { .kind = WORD_NOBODY };
	jv *o = acd_body(h);
	const char *why = nobody_why(x, acd_queue_of(a, h));
	jv_set_str(o, "why", x->why);
	jv_set_str(o, "how", sv_of(acd_where_name(x->how)));
	jv_set_int(o, "waited_ms", a->now->now - h->entered);
	acd_event(a, "queue.left", sv_of(h->customer), SV("system"), o);
	if (h->kind != HO_LIVE || sv_eq(sv_of(why), SV("callback_offer"))) {
		/* a task is done some time; who is offered a callback may wait on */
		acd_task_back(a, h, h->kind == HO_LIVE ? ACD_THINK_MS : ACD_TRY_MS);
		sv_copy(s.why, sizeof(s.why), sv_of(why));
		acd_say(a, h, s);
		return;
	}
	acd_over(a, h, HO_FAILED, sv_of(why));
	sv_copy(s.why, sizeof(s.why), sv_of(why));
	acd_say(a, h, s);
	acd_tell(a, "handover.failed", SV_NULL, h, NULL);
}

static void on_wrap_over(struct acd *a, const struct acd_out *x)
{
	struct ho *h = acd_find(a, x->item);
	jv *o = h ? acd_body(h) : jv_obj();
	if (!h)
		jv_set_str(o, "handover", x->item);
	jv_set_str(o, "queue", x->queue.n || !h ? x->queue : sv_of(h->queue));
	jv_set_str(o, "agent", x->login);
	jv_set_int(o, "acw_ms", x->wait_ms);
	jv_set_str(o, "why", x->why);
	if (h && sv_eq(sv_of(h->agent), x->login)) /* not another's choice */
		jv_set(o, "disposition", acd_disposition(h));
	acd_event(a, "queue.wrapped", h ? sv_of(h->customer) : SV_NULL, x->login, o);
	if (!h)
		return;
	if (!ho_is_live(h) && h->in_wrap && sv_eq(sv_of(h->agent), x->login)) {
		h->in_wrap = false;
		h->wrapped = a->now->now;
		acd_touch(a, h);
		acd_tell(a, "handover.wrapup", x->login, h, NULL);
	}                            /* else it is another's: their agent.state says it */
}

void acd_tell_agent(struct acd *a, const struct ag *g)
{
	jv *o = jv_obj();
	char when[32];
	clk_rfc3339(g->since ? g->since : a->now->now, when);
	jv_set_str(o, "login", sv_of(g->login));
	jv_set_str(o, "agent", sv_of(g->login));
	jv_set_str(o, "state", sv_of(g->state));
	jv_set_str(o, "presence", sv_of(acd_presence_name(g->presence)));
	jv_set_str(o, "reason", sv_of(g->reason));
	jv_set_str(o, "since", sv_of(when));
	acd_tell(a, "agent.state", sv_of(g->login), NULL, o);
}

static void on_agent(struct acd *a, const struct acd_out *x)
{
	struct ag *g = acd_agent_of(a, x->login, false);
	jv *o;
	if (a->quiet || !g)
		return;                      /* acd_recover compares afterwards */
	o = jv_obj();
	jv_set_str(o, "agent", x->login);
	jv_set_str(o, "from", sv_of(acd_state_name(x->from_state)));
	jv_set_str(o, "to", sv_of(acd_state_name(x->state)));
	jv_set_str(o, "reason", x->why);
	jv_set_int(o, "ms", g->since ? a->now->now - g->since : 0);
	if (a->by.n && !sv_eq(a->by, x->login))
		jv_set_str(o, "by", a->by);
	acd_event(a, "agent.state", SV_NULL, x->login, o);
	sv_copy(g->state, sizeof(g->state), sv_of(acd_state_name(x->state)));
	if (x->state == ACD_IS_PAUSED || x->state == ACD_IS_OFFLINE)
		sv_copy(g->reason, sizeof(g->reason), x->why);
	g->since = a->now->now;
	acd_changed(a, g);
	acd_tell_agent(a, g);
}

void acd_on_out(void *arg, const struct acd_out *x)
{
	struct acd *a = arg;
	struct ho *h;
	ASSERT(a->now != NULL);
	if (x->kind == ACD_AGENT_IS) {
		on_agent(a, x);
		return;
	}
	if (x->kind == ACD_WRAP_OVER) {
		on_wrap_over(a, x);
		return;
	}
	h = acd_find(a, x->item);
	if (!h)
		return;
	switch (x->kind) {
	case ACD_OFFER: on_offer(a, h, x); break;
	case ACD_REVOKE: on_revoke(a, h, x); break;
	case ACD_MOVED: acd_moved(a, h, x->queue, x->why, SV("system")); break;
	case ACD_PLACE: acd_say_place(a, h, x); break;
	case ACD_OUT_OF_QUEUE: on_out_of_queue(a, h, x); break;
	default: break;              /* a relaxation is nobody's business outside */
	}
}

void acd_sync(struct acd *a)
{
	struct acd_item_now x;
	for (size_t i = 0; i < a->touched.n; i++) {
		struct ho *h = a->touched.v[i];
		if (!h->in_core || !ho_is_live(h) || h->state == HO_ACCEPTED)
			continue;
		if (acd_core_item_now(a->core, sv_of(h->id), &x))
			continue;
		if (x.stage == ACD_WAITING && h->state == HO_OFFERED) {
			h->state = HO_QUEUED;
			h->agent[0] = 0;
			h->until = 0;
		} else if (x.stage == ACD_OFFERED) {
			h->state = HO_OFFERED;
			if (x.login.n)
				sv_copy(h->agent, sizeof(h->agent), x.login);
		}
	}
}
