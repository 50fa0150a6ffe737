/* talk_people.c: the driver's part of the people's side: wishes go out to the queues, words
 * come in, and the channel's persons (parties of a call) are told to both.
 *
 * What changes the conversation is an event of the core, which never nests: a wish that nobody
 * takes is answered after the step. Notes and "is typing" are no business of the core. Rows of
 * parties are written here: they say who was in the call and when. Shard's thread. */
#include "talk_int.h"
#include "guard.h"

#include <stdio.h>

static const struct talk_people *people(const struct talk *t)
{
	return t->shard->hub->o.people;
}

static void row(struct talk *t, const char *rec, const char *actor, sv body, bool inner)
{
	struct talk_act x = { .kind = TACT_RECORD, .rec = rec, .actor = actor,
			      .n = t->core.turn, .text = body, .inner = inner };
	talk_record(t, &x);
	talk_row_flush(t);
}

/* ---- out ---- */

static void ask(struct talk *t, const struct talk_act *x)
{
	const struct talk_people *p = people(t);
	const struct chan_profile *who = t->core.profile ? t->core.profile : t->core.claimed;
	struct talk_ask wish = {
		.conversation = sv_of(t->id), .interaction = sv_of(t->interaction),
		.channel = sv_of(t->row.channel), .language = x->lang, .customer = sv_of(x->did),
		.customer_name = who && who->name.n ? who->name : sv_of(t->core.who),
		.reason = x->text, .topic = x->safe, .packet = x->context, .priority = x->n,
		.voice = t->core.voice, .again = x->delta,
		.agent = x->delta || sv_eq(x->text, SV("taken")) ? sv_of(t->core.person.agent) :
								   SV_NULL,
	};
	t->nobody = !p || p->ask(p->arg, &wish) != 0;
}

static void ring(struct talk *t, const struct talk_act *x)
{
	const struct talk_people *p = people(t);
	struct chan_party how = { .act = (enum chan_party_do)x->n, .mode = CHAN_TALKS,
				  .id = x->safe, .to = x->text, .briefing = x->context,
				  .lang = x->lang, .ring_ms = x->ms };
	int rc = t->peer ? chan_party(t->peer, &how) : ERR_CLOSED;
	if (rc && how.act == CHAN_PARTY_ADD && p)
		p->phone(p->arg, sv_of(t->id), x->safe, "failed", err_name(rc), 0);
}

static void tell_wait(struct talk *t)
{
	if (t->peer)
		(void)chan_party(t->peer, &(struct chan_party){ .act = CHAN_PARTY_WAIT,
								.mute = t->waits,
								.music = t->music });
}

/* What the queue plays comes with its words. */
static void take_music(struct talk *t, const struct talk_word *w)
{
	if ((w->kind != WORD_QUEUED && w->kind != WORD_CONNECT) || w->music == t->music)
		return;
	obj_unref(t->music);
	t->music = obj_ref(w->music);
	if (t->waits)
		tell_wait(t);
}

void talk_people_act(struct talk *t, const struct talk_act *x)
{
	const struct talk_people *p = people(t);
	char why[32];
	switch (x->kind) {
	case TACT_PERSON:
		ask(t, x);
		break;
	case TACT_LEAVE:
		snprintf(why, sizeof(why), SV_FMT, SV_ARG(x->text));
		if (p)
			p->gone(p->arg, sv_of(t->id), why);
		break;
	case TACT_CALLBACK:
		if (p)
			p->callback(p->arg, sv_of(t->id), x->text);
		break;
	case TACT_PARTY:
		ring(t, x);
		break;
	case TACT_WAIT:
		t->waits = x->n != 0;
		tell_wait(t);
		break;
	default:
		break;
	}
}

void talk_people_after(struct talk *t)
{
	if (!t->nobody)
		return;
	t->nobody = false;
	struct talk_word w = { .kind = WORD_NOBODY, .why = SV("full") };
	talk_feed_event(t, &(struct talk_ev){ .kind = TEV_WORD, .word = &w });
}

/* ---- who is in the call ---- */

static const char *mode_name(int mode)
{
	static const char *const names[] = { "talks", "listens", "whispers", "consults", "on_hold",
					     "takes_over" };
	return mode >= 0 && mode <= CHAN_TAKES_OVER ? names[mode] : "";
}

static void record_party(struct talk *t, const struct chan_msg *m)
{
	struct sb b;
	sb_init(&b, 4096);
	sb_cstr(&b, "{\"id\":");
	sb_json(&b, m->client_id);
	sb_cstr(&b, ",\"step\":");
	sb_json(&b, m->text);
	sb_fmt(&b, ",\"mode\":\"%s\"", mode_name(m->mode));
	if (m->why.n) {
		sb_cstr(&b, ",\"why\":");
		sb_json(&b, m->why);
	}
	if (m->status)
		sb_fmt(&b, ",\"status\":%d", m->status);
	sb_ch(&b, '}');
	/* who listens is nobody's business on the customer's side */
	row(t, "call.party", "agent", sb_sv(&b), true);
	sb_done(&b);
}

void talk_people_party(struct talk *t, const struct chan_msg *m)
{
	const struct talk_people *p = people(t);
	char step[24], why[64];
	snprintf(step, sizeof(step), SV_FMT, SV_ARG(m->text));
	snprintf(why, sizeof(why), SV_FMT, SV_ARG(m->why));
	struct talk_ev ev = { .kind = strcmp(step, "joined") == 0 ? TEV_PARTY_IN : TEV_PARTY,
			      .text = sv_of(step), .client_id = arena_sv(&t->turn, m->client_id),
			      .mode = m->mode, .args = sv_of(why), .err = m->status };
	record_party(t, m);
	if (p)
		p->phone(p->arg, sv_of(t->id), ev.client_id, step, why, m->status);
	talk_feed_event(t, &ev);
}

static int mode_of(const struct talk *t, sv id)
{
	const struct talk_person *p = &t->core.person;
	for (int i = 0; i < p->lines; i++)
		if (sv_eq(sv_of(p->line[i].id), id))
			return p->line[i].mode;
	return -1;
}

/* Only what the customer heard is a row. */
void talk_people_words(struct talk *t, const struct chan_msg *m)
{
	int mode = mode_of(t, m->client_id);
	ptrdiff_t at = sv_find_ch(m->client_id, ':');
	sv who = at < 0 ? m->client_id : sv_slice(m->client_id, (size_t)at + 1, m->client_id.n);
	if (t->record == CHAN_RECORD_SECRET || !m->text.n)
		return;
	if (m->partial) {
		talk_partial(t, m->client_id, m->text);
		return;
	}
	if (mode != CHAN_TALKS && mode != CHAN_TAKES_OVER)
		return;
	struct talk_word w = { .kind = WORD_SAYS, .agent = who, .text = m->text };
	talk_feed_event(t, &(struct talk_ev){ .kind = TEV_WORD, .word = &w,
					      .start_ms = m->start_ms, .end_ms = m->end_ms });
}

void talk_partial(struct talk *t, sv who, sv text)
{
	const struct talk_feed *f = &t->shard->hub->o.feed;
	if (f->on_partial && t->recorded && text.n)
		f->on_partial(f->arg, sv_of(t->id), who, text);
}

/* ---- in ---- */

/* Colleagues read it; the customer's channel never gets it. */
static int note(struct talk *t, const struct talk_word *w)
{
	struct sb b;
	if (!w->text.n)
		return ERR_INVAL;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"text\":");
	sb_json(&b, talk_masked(w->text, &t->turn));
	sb_cstr(&b, ",\"by\":");
	sb_json(&b, w->agent);
	sb_ch(&b, '}');
	row(t, "note.agent", "agent", sb_sv(&b), true);
	sb_done(&b);
	return 0;
}

/* What an agent or the customer made of an answer, what an agent searched: learned from later. */
static int put_row(struct talk *t, const struct talk_word *w)
{
	static const char *const kinds[] = { "feedback", "agent.search",
					     "agent.check" };
	const char *kind = NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (sv_eq(w->why, sv_of(kinds[i])))
			kind = kinds[i];
	jv *o = jv_parse(w->text, NULL);
	bool fit = kind && jv_is_obj(o);
	jv_free(o);
	if (!fit)
		return ERR_INVAL;
	row(t, kind, w->agent.n ? "agent" : "customer", w->text, true);
	return 0;
}

static int order_party(struct talk *t, const struct talk_word *w)
{
	struct chan_party how = { .act = (enum chan_party_do)w->act,
				  .mode = (enum chan_party_mode)w->mode,
				  .id = w->party, .to = w->to, .briefing = w->text,
				  .lang = w->lang, .ring_ms = w->ring_ms, .mute = w->mute,
				  .keys = w->keys };
	if (w->act < 0 || w->act > CHAN_PARTY_WAIT || w->mode < 0 || w->mode > CHAN_TAKES_OVER)
		return ERR_INVAL;
	return t->peer ? chan_party(t->peer, &how) : ERR_CLOSED;
}

/* The instruction is read as words are: cleaned, masked, its order number a value. */
static int back(struct talk *t, const struct talk_word *w)
{
	struct guard_in in = { 0 };
	struct talk_ev ev = { .kind = TEV_WORD, .word = w };
	if (w->text.n && guard_inbound(w->text, &t->turn, &in))
		return ERR_INVAL;
	ev.text = in.clean;
	ev.masked = in.masked;
	ev.model_text = in.model;
	ev.slots = w->text.n ? talk_slots(t, &in) : SV_NULL;
	talk_feed_event(t, &ev);
	return 0;
}

int talk_take_word(struct talk *t, const struct talk_word *w)
{
	if (!talk_word_fits(&t->core, w))
		return ERR_STATE;
	take_music(t, w);
	switch (w->kind) {
	case WORD_NOTE:
		return note(t, w);
	case WORD_TYPING:
		if (t->peer && t->core.sm.now == TS_AWAY)
			chan_typing(t->peer);
		return 0;
	case WORD_PARTY:
		return order_party(t, w);
	case WORD_ROW:
		return put_row(t, w);
	case WORD_BACK:
		return back(t, w);
	default:
		talk_feed_event(t, &(struct talk_ev){ .kind = TEV_WORD, .word = w });
		return 0;
	}
}
