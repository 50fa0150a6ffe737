/* acd_serve.c: who serves a hand-over: accepted, given on, taken over, over.
 *
 * A stint is the time one agent serves it; each has its queue.accepted and its queue.ended in the
 * river, and between two of them stands a queue.entered, so the river alone tells every figure.
 * Owner's thread, inside a turn.
 */
#include "acd_int.h"

void acd_accepted(struct acd *a, struct ho *h, sv login, sv party, const char *how)
{
	struct acd_say s = { .kind = WORD_JOINED };
	jv *o;
	h->state = HO_ACCEPTED;
	h->accepted = a->now->now;
	h->hold_ms = h->held = h->until = 0;
	h->rung[0] = 0;
	sv_copy(h->agent, sizeof(h->agent), login);
	o = acd_body(h);
	jv_set_str(o, "agent", login);
	jv_set_str(o, "how", sv_of(how));
	jv_set_int(o, "waited_ms", a->now->now - h->entered);
	acd_event(a, "queue.accepted", sv_of(h->customer), login, o);
	acd_touch(a, h);
	acd_tell(a, "handover.accepted", login, h, NULL);
	if (h->media == ACD_VOICE) {         /* a call knows who has joined */
		if (party.n)
			sv_copy(h->party, sizeof(h->party), party);
		else
			acd_party_of(login, h->party);
		return;
	}
	acd_line(a, login, s.to, s.name);
	s.to[0] = 0;
	sv_copy(s.agent, sizeof(s.agent), login);
	acd_say(a, h, s);
}

/* Service is over for this agent: talk and hold of this stint into the row. */
void acd_stint_over(struct acd *a, struct ho *h, sv how, sv by)
{
	int64_t now = a->now->now;
	jv *o = acd_body(h);
	if (h->held)
		h->hold_ms += now - h->held;
	h->held = 0;
	jv_set_str(o, "agent", sv_of(h->agent));
	jv_set_str(o, "how", how);
	jv_set_int(o, "talk_ms", now - h->accepted - h->hold_ms);
	jv_set_int(o, "hold_ms", h->hold_ms);
	acd_match_note(a, h, how);
	acd_event(a, "queue.ended", sv_of(h->customer), by, o);
}

int acd_service_over(struct acd *a, struct ho *h, sv how, sv by)
{
	char id[ACD_ID];
	sv_copy(id, sizeof(id), sv_of(h->id));
	acd_stint_over(a, h, how, by);
	h->in_wrap = true;
	acd_over(a, h, HO_ENDED, how);
	acd_tell(a, "handover.ended", sv_of(h->agent), h, NULL);
	return acd_core_end(a->core, sv_of(id), how, a->now->now);
}

/* On to a queue or one agent, with its place, from whoever has it. */
int acd_give_on(struct acd *a, struct ho *h, const struct acd_give *g, sv how, sv by)
{
	struct acd_give give = *g;
	char former[ACD_NAME];
	bool served = h->state == HO_ACCEPTED;
	if (served) {
		acd_stint_over(a, h, how, by);
		acd_hang_up(a, h, sv_of(h->party));
		h->party[0] = 0;
	} else if (give.queue.n && !sv_eq(give.queue, sv_of(h->queue))) {
		acd_moved(a, h, give.queue, SV("given"), by);
	}
	if (give.queue.n)
		sv_copy(h->queue, sizeof(h->queue), give.queue);
	sv_copy(former, sizeof(former), served ? sv_of(h->agent) : SV(""));
	h->state = HO_QUEUED;
	h->agent[0] = 0;
	h->accepted = h->until = h->hold_ms = 0;
	acd_touch(a, h);
	if (served) {
		h->queued = h->entered = a->now->now;
		acd_entered(a, h, how, by);
	}
	acd_tell(a, "handover.queued", sv_of(former), h, NULL);
	a->given = served ? h : NULL;
	a->given_why = sv_eq(how, SV("agent_gone")) ? "lost" : "transfer";
	int rc = acd_core_give(a->core, sv_of(h->id), &give, a->now->now);
	if (a->given)                        /* offered at once: no place was told */
		acd_say_place(a, h, &(struct acd_out){ .wait_ms = -1 });
	return rc;
}

int acd_take_over(struct acd *a, struct ho *h, sv login, sv party, sv by)
{
	struct acd_item_now x;
	int rc = acd_core_item_now(a->core, sv_of(h->id), &x);
	if (rc)
		return rc;
	bool served = h->state == HO_ACCEPTED;
	if (served) {
		acd_stint_over(a, h, SV("taken_over"), by);
		acd_tell(a, "handover.queued", sv_of(h->agent), h, NULL);    /* it is gone */
	}
	rc = acd_core_take(a->core, sv_of(h->id), login, a->now->now);
	if (rc == 0)
		acd_accepted(a, h, login, party, served ? "taken_over" : "taken");
	return rc;
}

/* What the agent chose in the wrap-up; null when nothing. */
jv *acd_disposition(const struct ho *h)
{
	jv *wrap = h->more.wrap ? jv_parse(sv_of(h->more.wrap), NULL) : NULL;
	jv *d = jv_get(wrap, "disposition");
	d = d ? jv_copy(d) : jv_null();
	jv_free(wrap);
	return d;
}
