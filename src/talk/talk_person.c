/* talk_person.c: a person is asked for, waited for, takes the customer over and gives them
 * back.
 *
 * One wish is one hand-over: whoever asks again meanwhile hears where it stands. While they
 * wait the bot goes on answering; with a person it only writes down. Words of the people's side
 * move it (TEV_WORD), on the telephone also who is in the call (TEV_PARTY_IN, TEV_PARTY). What
 * comes back with an instruction goes on with it: as a flow where its words begin one, and as a
 * line of a model's instructions in any case. Pure like the rest of the core; owns its strings.
 */
#include "talk_core.h"
#include "guard.h"

#include <stdio.h>

#define PLACE_US INT64_C(15000000)   /* a place that did not change is not told sooner */
#define LOST_MS 5000                 /* the last person left the call: a word must come */

enum { URGENT_COMPLAINT = 5, URGENT_ANGRY = 6 };

bool talk_people_there(const struct talk_core *c)
{
	return c->person.there && (!c->voice || (!talk_moves(c) && (c->caps & CHAN_PARTIES)));
}

/* ---- rows ---- */

static void put(struct sb *b, const char *key, sv text)
{
	sb_fmt(b, "%s\"%s\":", b->n > 1 ? "," : "", key);
	sb_json(b, text);
}

static void record(struct talk_core *c, const char *rec, const char *actor, struct sb *b,
		   struct arena *a, struct talk_acts *acts)
{
	sb_ch(b, '}');
	talk_act_record(c, acts, rec, actor, arena_sv(a, sb_sv(b)));
	sb_done(b);
}

static void begin(struct sb *b)
{
	sb_init(b, LIM_SB);
	sb_ch(b, '{');
}

/* ---- asking ---- */

static int priority(const struct talk_core *c, const char *reason)
{
	int p = c->plans ? c->plan.act.priority : 0;
	if (strcmp(reason, "complaint") == 0 && p < URGENT_COMPLAINT)
		p = URGENT_COMPLAINT;
	if (c->track.mood == FEEL_ANGRY && p < URGENT_ANGRY)
		p = URGENT_ANGRY;
	return p;
}

static const char *reason_of(const struct talk_core *c)
{
	const char *r = c->person.reason ? c->person.reason : "customer_asked";
	bool ours = strcmp(r, "policy") == 0 || strcmp(r, "no_answer") == 0;
	return ours && strcmp(c->person.intent, "complaint") == 0 ? "complaint" : r;
}

static void wish(struct talk_core *c, const char *reason, bool again, struct arena *a,
		 struct talk_acts *acts)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	talk_packet(c, reason, true, a, &b);
	struct talk_act *x = talk_act_add(acts, TACT_PERSON);
	x->text = sv_of(reason);
	x->context = arena_sv(a, sb_sv(&b));
	x->safe = arena_sv(a, talk_topic(c));
	x->did = c->svc.customer ? arena_cstr(a, sv_of(c->svc.customer)) : NULL;
	x->n = priority(c, reason);
	x->lang = sv_of(c->lang);
	x->delta = again;
	sb_done(&b);
}

static void wait_tune(struct talk_core *c, bool on, struct talk_acts *acts)
{
	if (c->voice)
		talk_act_add(acts, TACT_WAIT)->n = on;
}

void talk_person_ask(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	struct talk_person *p = &c->person;
	const char *reason = reason_of(c);
	struct sb b;
	c->move = MOVE_ASKED;
	c->tally.transfers++;
	p->told = false;
	p->offer = OFFER_NOTHING;
	p->no_callback = false;
	p->position = 0;
	p->nobody = false;
	p->minutes = -1;
	p->wished_in = c->say_id;
	sb_init(&b, LIM_SB);
	talk_packet(c, reason, false, a, &b);
	talk_record_handover(c, priority(c, reason), arena_sv(a, sb_sv(&b)), a, acts);
	sb_done(&b);
	wish(c, reason, false, a, acts);
	wait_tune(c, true, acts);
	if (c->voice && c->sm.now == TS_LISTENING && !c->mouth)
		talk_act_timer(acts, TT_SILENCE, TALK_PERSON_WAIT_MS);
	p->reason = NULL;
}

void talk_person_leave(struct talk_core *c, const char *why, struct talk_acts *acts)
{
	if (!c->person.there || (c->move != MOVE_ASKED && c->move != MOVE_JOINED))
		return;
	c->move = MOVE_NONE;
	wait_tune(c, false, acts);
	talk_act_add(acts, TACT_LEAVE)->text = sv_of(why);
}

/* ---- waiting ---- */

/* Nothing is being said, thought about, keyed in or asked for: an answer to a survey is one. */
static bool can_be_asked(const struct talk_core *c)
{
	return c->sm.now == TS_LISTENING && !c->in_turn && !c->mouth && !c->n_digits &&
	       !c->person.offer && !c->person.rating;
}

sv talk_person_place(struct talk_core *c, struct arena *a)
{
	const struct talk_person *p = &c->person;
	sv at = SV_NULL, wait = SV_NULL;
	sv n = sv_of(arena_fmt(a, "%d", p->position));
	sv m = sv_of(arena_fmt(a, "%d", p->minutes));
	sv pairs[] = { SV("n"), n, SV("minutes"), m };
	if (p->nobody)
		return talk_own(c, "queue_nobody");
	if (p->position > 0)
		at = talk_fill(a, talk_own(c, p->position == 1 ? "queue_next" : "queue_at"), pairs,
			       4);
	if (p->minutes >= 0)
		wait = talk_fill(a, talk_own(c, p->minutes > 1 ? "queue_minutes" : "queue_minute"),
				 pairs, 4);
	return talk_two(c, at, wait, a);
}

sv talk_two(const struct talk_core *c, sv first, sv second, struct arena *a)
{
	bool both = first.n && second.n;
	return sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT, SV_ARG(first), both ? talk_gap(c) : "",
			       SV_ARG(second)));
}

/* A word of comfort, with the queue's own text or else the place. */
static sv still_waits(struct talk_core *c, sv own, struct arena *a)
{
	sv still = talk_text(c->cfg->texts, sv_of(c->lang), "queue_still", c->variety++);
	if (!own.n && c->person.nobody)
		return talk_person_place(c, a);
	return own.n ? own : talk_two(c, still, talk_person_place(c, a), a);
}

void talk_person_waits(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	if (c->voice && !c->person.paced)
		talk_aside_text(c, still_waits(c, SV_NULL, a), "progress", a, acts);
	int next = c->voice ? TALK_PERSON_WAIT_MS : c->cfg->limits.idle_chat_ms;
	talk_act_timer(acts, TT_SILENCE, next);
}

/* With a person no more: the call's persons go, the customer is ours again. */
static void ours_again(struct talk_core *c, struct talk_acts *acts)
{
	struct talk_person *p = &c->person;
	if (p->lines && (c->caps & CHAN_PARTIES))
		talk_act_add(acts, TACT_PARTY)->n = CHAN_PARTY_DROP;
	for (int i = 0; i < p->lines; i++)
		xfree(p->line[i].id);
	p->lines = 0;
	p->moved = false;
	if (c->sm.now == TS_AWAY) {
		sm_move(&c->sm, TS_LISTENING);
		talk_await_customer(c, acts);
	}
}

static void queued(struct talk_core *c, const struct talk_word *w, struct arena *a,
		   struct talk_acts *acts)
{
	struct talk_person *p = &c->person;
	int was = p->position, minutes = p->minutes;
	bool lost = c->sm.now == TS_AWAY, had = p->nobody;
	struct sb b;
	if (sv_eq(w->why, SV("away"))) {     /* read when they are back */
		p->told = false;
		p->position = 0;
		p->minutes = -1;
		talk_notice(c, talk_own(c, "person_away"), false, a, acts);
		return;
	}
	begin(&b);
	sb_fmt(&b, "\"position\":%d,\"wait_ms\":%lld", w->position, (long long)w->wait_ms);
	record(c, "handover.queued", "system", &b, a, acts);
	p->position = w->position;
	p->no_callback = w->no_callback;
	p->minutes = w->wait_ms < 0 ? -1 : (int)((w->wait_ms + 30000) / 60000);
	p->paced = w->paced;
	p->nobody = w->nobody;
	if (lost) {
		ours_again(c, acts);
		c->move = MOVE_ASKED;
		wait_tune(c, true, acts);
	}
	if (w->quiet && !lost)
		return;
	bool same = p->told && was == p->position && !lost && had == p->nobody;
	sv text = talk_person_place(c, a);
	if (c->voice && w->paced && !lost && (w->text.n || same || !text.n)) {
		if (can_be_asked(c) && !c->speaking && !c->aside)    /* nothing new */
			talk_aside_text(c, still_waits(c, w->text, a), "progress", a, acts);
		return;
	}
	if (same && (minutes == p->minutes || c->now_us - p->told_us < PLACE_US))
		return;
	bool passed = sv_eq(w->why, SV("transfer"));
	if (lost)
		text = talk_two(c, talk_own(c, passed ? "person_passed" : "person_lost"), text, a);
	else if (sv_eq(w->why, SV("back")))
		text = talk_two(c, talk_own(c, "person_returned"), text, a);
	p->told = true;
	p->told_us = c->now_us;
	if (text.n && p->nobody && !had)
		talk_offer_meanwhile(c, text, a, acts);
	else if (text.n)
		talk_notice(c, text, false, a, acts);
}

/* ---- with a person ---- */

/* What was being thought about is the person's now. A business action goes on and is told on the
 * record. */
static void leave_turn(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	if (!c->in_turn)
		return;
	talk_model_stop(c, acts);
	if (c->t.sentences)
		talk_model_finish(c, POL_REPLY, a, acts);
	else
		talk_end_turn(c, acts);
}

static void say_joined(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	const char *name = c->person.name;
	sv pairs[] = { SV("who"), sv_of(name) };
	sv text = talk_fill(a, talk_own(c, name ? "person_joined" : "person_joined_any"), pairs, 2);
	talk_reply(c, &(struct talk_reply){ .text = text, .action = POL_REPLY, .expect = "open" },
		   a, acts);
}

static void accepted(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	struct talk_person *p = &c->person;
	struct sb b;
	begin(&b);
	put(&b, "agent", sv_of(p->agent));
	put(&b, "name", sv_of(p->name));
	record(c, "handover.accepted", "agent", &b, a, acts);
	talk_set(&p->rates, sv_of(p->agent));
	if (!c->voice)
		say_joined(c, a, acts);
	talk_act_timer(acts, TT_SILENCE, 0);
	sm_move(&c->sm, TS_AWAY);
}

static void joined(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		   struct talk_acts *acts)
{
	struct talk_person *p = &c->person;
	talk_cut_in(c, ev, a, acts);
	leave_turn(c, a, acts);
	talk_queue_clear(c);
	talk_set(&c->notice, SV_NULL);
	c->goodbye = c->mouth = false;
	talk_keys_clear(c, acts);
	p->offer = OFFER_NOTHING;
	p->rating = SURVEY_NONE;
	c->move = MOVE_JOINED;
	wait_tune(c, false, acts);
	accepted(c, a, acts);
}

static void set_agent(struct talk_core *c, const struct talk_word *w)
{
	talk_set(&c->person.agent, w->agent);
	talk_set(&c->person.name, w->name);
}

static void on_joined(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		      struct talk_acts *acts)
{
	const struct talk_word *w = ev->word;
	bool same = c->person.agent && sv_eq(sv_of(c->person.agent), w->agent);
	set_agent(c, w);
	if (c->sm.now != TS_AWAY)
		joined(c, ev, a, acts);
	else if (!same)              /* another one has taken over */
		sm_move(&c->sm, TS_LISTENING), accepted(c, a, acts);
}

/* What a person says is theirs; a card or identity number is kept nowhere all the same. */
static sv seen(sv text, struct arena *a)
{
	struct guard_in in;
	if (guard_inbound(text, a, &in))
		return SV("[text]");
	for (size_t i = 0; i < in.n; i++)
		if (in.spans[i].type == PII_BANK_CARD || in.spans[i].type == PII_ID_CARD)
			return in.masked;
	return in.clean;
}

static void says(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		 struct talk_acts *acts)
{
	const struct talk_word *w = ev->word;
	sv text = seen(w->text, a), name = w->name;
	struct sb b;
	if (!name.n && sv_eq(w->agent, sv_of(c->person.agent)))
		name = sv_of(c->person.name);
	begin(&b);
	put(&b, "text", text);
	put(&b, "by", w->agent);
	put(&b, "name", name);
	if (w->client_id.n)
		put(&b, "client_id", w->client_id);
	if (w->lang.n)
		put(&b, "language", w->lang);
	if (w->suggested)
		sb_cstr(&b, ",\"suggested\":true");
	if (w->original.n)
		put(&b, "original", seen(w->original, a));
	if (ev->end_ms > 0)
		sb_fmt(&b, ",\"via\":\"speech\",\"start_ms\":%lld,\"end_ms\":%lld",
		       (long long)ev->start_ms, (long long)ev->end_ms);
	record(c, "turn.agent", "agent", &b, a, acts);
	acts->v[acts->n - 1].said = text;
	talk_remember(c, true, talk_masked(text, a));
}

/* ---- who is in the call ---- */

static int line_of(const struct talk_person *p, sv id)
{
	for (int i = 0; i < p->lines; i++)
		if (sv_eq(sv_of(p->line[i].id), id))
			return i;
	return -1;
}

static bool talks(int mode)
{
	return mode == CHAN_TALKS || mode == CHAN_TAKES_OVER || mode == CHAN_CONSULTS ||
	       mode == CHAN_ON_HOLD;
}

static bool anybody(const struct talk_person *p)
{
	for (int i = 0; i < p->lines; i++)
		if (talks(p->line[i].mode))
			return true;
	return p->moved;
}

static void note_line(struct talk_person *p, sv id, int mode)
{
	int i = line_of(p, id);
	if (i < 0 && p->lines < TALK_LINES)
		p->line[i = p->lines++].id = xstrdup(id);
	if (i >= 0)
		p->line[i].mode = mode;
}

static void drop_line(struct talk_person *p, sv id)
{
	int i = line_of(p, id);
	if (i < 0)
		return;
	xfree(p->line[i].id);
	p->line[i] = p->line[--p->lines];
}

static bool was_rung(const struct talk_person *p, sv id)
{
	return p->party && sv_eq(id, sv_of(p->party));
}

static sv login_of(const struct talk_person *p, sv id)
{
	ptrdiff_t at = sv_find_ch(id, ':');
	if (was_rung(p, id))
		return sv_of(p->agent);
	return at < 0 ? id : sv_slice(id, (size_t)at + 1, id.n);
}

/* Somebody whom nobody rang for the queue: a supervisor takes over, "super:lin". */
static void name_by_party(struct talk_core *c, sv id)
{
	if (was_rung(&c->person, id))
		return;
	talk_set(&c->person.agent, login_of(&c->person, id));
	talk_set(&c->person.name, SV_NULL);
}

/* Who is left alone with the customer serves them: a colleague who was asked, a supervisor. */
static void left_with(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	const struct talk_person *p = &c->person;
	int n = p->moved, one = -1;
	for (int i = 0; i < p->lines; i++)
		if (talks(p->line[i].mode)) {
			n++;
			one = i;
		}
	if (n != 1 || one < 0 || p->line[one].mode != CHAN_TALKS)
		return;
	sv id = sv_of(p->line[one].id);
	if (sv_eq(login_of(p, id), sv_of(p->rates)))
		return;
	name_by_party(c, id);
	accepted(c, a, acts);
}

void talk_on_party(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		   struct talk_acts *acts)
{
	struct talk_person *p = &c->person;
	bool in = ev->kind == TEV_PARTY_IN, away = c->sm.now == TS_AWAY, had = anybody(p);
	if (!p->there || !c->voice)
		return;
	if (in || sv_eq(ev->text, SV("mode")))
		note_line(p, ev->client_id, ev->mode);
	if (sv_eq(ev->text, SV("left")) || sv_eq(ev->text, SV("failed")))
		drop_line(p, ev->client_id);
	bool with = ev->mode == CHAN_TALKS || ev->mode == CHAN_TAKES_OVER;
	if (in && ev->mode == CHAN_TAKES_OVER)
		p->moved = false;
	if (in && with && !away && sm_can(&c->sm, TS_AWAY)) {
		name_by_party(c, ev->client_id);
		joined(c, ev, a, acts);
	} else if (in && ev->mode == CHAN_TAKES_OVER) {
		name_by_party(c, ev->client_id);
		accepted(c, a, acts);
	}
	if (away)
		left_with(c, a, acts);
	if (away && had && !anybody(p))
		talk_act_timer(acts, TT_SILENCE, LOST_MS);
}

/* ---- the way back ---- */

static void returned(struct talk_core *c, sv by, sv instruction, sv why, struct arena *a,
		     struct talk_acts *acts)
{
	struct sb b;
	begin(&b);
	put(&b, "by", by);
	put(&b, "instruction", instruction);
	if (why.n)
		put(&b, "why", why);
	record(c, "handover.returned", by.n ? "agent" : "system", &b, a, acts);
}

/* The instruction's own words begin a flow, as if the customer had wished it. */
static bool begins_flow(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
			struct talk_acts *acts)
{
	struct feel_state f = c->feel;
	if (!ev->text.n || !c->flows || c->flow || c->in_turn || c->sm.now != TS_LISTENING)
		return false;
	feel_turn(&f, ev->text, sv_of(c->lang));
	if (!flow_for(c->flows, f.intent, ev->text))
		return false;
	memcpy(c->feel.intent, f.intent, sizeof(f.intent));
	c->feel.wants_human = c->feel.small_talk = false;
	talk_start_turn(c, arena_sv(a, ev->text), arena_sv(a, ev->model_text), c->turn);
	c->t.slots = arena_sv(a, ev->slots);
	c->t.began_us = c->t.first_us = c->now_us;
	sm_move(&c->sm, TS_THINKING);
	bool goes = talk_flow_words(c, c->t.text, a, acts);
	if (!goes)
		talk_end_turn(c, acts);
	c->answers = false;          /* no words of the customer: never asked again */
	return goes;
}

static void on_back(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		    struct talk_acts *acts)
{
	const struct talk_word *w = ev->word;
	struct talk_person *p = &c->person;
	bool with = c->sm.now == TS_AWAY;
	sv pairs[] = { SV("who"), p->name ? sv_of(p->name) : talk_own(c, "person_someone") };
	bool gone = sv_eq(w->why, SV("gone")) || sv_eq(w->why, SV("lost")) ||
		    sv_eq(w->why, SV("over"));
	sv text = talk_fill(a, talk_own(c, gone ? "person_gone" : "person_back"), pairs, 2);
	returned(c, w->agent, ev->masked, w->why, a, acts);
	c->move = MOVE_NONE;
	wait_tune(c, false, acts);
	ours_again(c, acts);
	talk_set(&p->instruction, ev->model_text);
	if (!with && !gone)          /* never joined: nobody hands anybody back */
		text = talk_own(c, "person_none");
	talk_news(c, text, false);
	if (!begins_flow(c, ev, a, acts))
		talk_notice(c, ev->text.n ? SV_NULL : talk_own(c, "person_ask_on"), true, a, acts);
}

void talk_person_lost(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	if (!c->voice || anybody(&c->person))
		return;
	returned(c, SV_NULL, SV_NULL, SV("gone"), a, acts);
	talk_person_leave(c, "bot", acts);
	ours_again(c, acts);
	talk_news(c, talk_own(c, "person_gone"), false);
	talk_notice(c, talk_own(c, "person_ask_on"), true, a, acts);
}

static void nobody(struct talk_core *c, const struct talk_word *w, struct arena *a,
		   struct talk_acts *acts)
{
	bool keeps = sv_eq(w->why, SV("callback_offer"));
	struct sb b;
	c->move = MOVE_ASKED;        /* who was with one and keeps a place waits again */
	if (!keeps) {
		begin(&b);
		put(&b, "why", w->why);
		record(c, "handover.failed", "system", &b, a, acts);
		c->move = MOVE_NONE;
		wait_tune(c, false, acts);
	}
	ours_again(c, acts);
	talk_offer_nobody(c, w, a, acts);
}

static void ended(struct talk_core *c, const struct talk_word *w, struct arena *a,
		  struct talk_acts *acts)
{
	sv pairs[] = { SV("who"), c->person.name ? sv_of(c->person.name) :
						   talk_own(c, "person_someone") };
	sv text = talk_fill(a, talk_own(c, "person_ended"), pairs, 2);
	struct sb b;
	begin(&b);
	put(&b, "by", w->agent);
	put(&b, "survey", sv_of(talk_survey_name(w->survey)));
	record(c, "handover.ended", "agent", &b, a, acts);
	if (w->agent.n)              /* who served, whoever is left in the call */
		talk_set(&c->person.rates, w->agent);
	leave_turn(c, a, acts);
	talk_queue_clear(c);
	c->move = MOVE_NONE;
	wait_tune(c, false, acts);
	ours_again(c, acts);
	if (c->sm.now == TS_HELD)
		sm_move(&c->sm, TS_LISTENING);
	if (talk_rating_ask(c, w->survey, true, text, a, acts))
		return;
	c->goodbye = true;
	text = talk_two(c, text, talk_own(c, "closing"), a);
	talk_reply(c, &(struct talk_reply){ .text = text, .action = POL_END }, a, acts);
}

/* ---- words ---- */

bool talk_word_fits(const struct talk_core *c, const struct talk_word *w)
{
	bool with = c->sm.now == TS_AWAY, waits = c->move == MOVE_ASKED;
	if (c->sm.now == TS_CLOSED || c->sm.now == TS_OPENING)
		return false;
	if (!c->person.there)
		return w && w->kind == WORD_ROW; /* a thumb needs nobody */
	switch (w->kind) {
	case WORD_QUEUED:
	case WORD_NOBODY:
	case WORD_BACK:
		return waits || with;
	case WORD_CONNECT:
		return c->voice && (waits || with) && w->party.n && w->to.n;
	case WORD_JOINED:
		return with || (waits && !c->voice && c->sm.now != TS_WRAPPING);
	case WORD_TAKE:
		return !with && !waits && !c->voice && c->sm.now != TS_WRAPPING && w->agent.n;
	case WORD_SAYS:
		return with && w->text.n;
	case WORD_END:
		return with || waits;
	case WORD_SURVEY:
		return can_be_asked(c);
	default:
		return true;
	}
}

static void connect(struct talk_core *c, const struct talk_word *w, struct arena *a,
		    struct talk_acts *acts)
{
	set_agent(c, w);
	talk_set(&c->person.party, w->party);
	struct talk_act *x = talk_act_add(acts, TACT_PARTY);
	x->n = CHAN_PARTY_ADD;
	x->text = arena_sv(a, w->to);
	x->safe = arena_sv(a, w->party);
	x->ms = w->ring_ms;
	x->lang = sv_of(c->lang);
	if (!sv_starts(w->to, SV("web:")))   /* a browser shows it */
		x->context = talk_briefing(c, a);
}

void talk_on_word(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		  struct talk_acts *acts)
{
	const struct talk_word *w = ev->word;
	if (!w || !talk_word_fits(c, w))
		return;
	switch (w->kind) {
	case WORD_QUEUED:
		queued(c, w, a, acts);
		break;
	case WORD_CONNECT:
		connect(c, w, a, acts);
		break;
	case WORD_JOINED:
		on_joined(c, ev, a, acts);
		break;
	case WORD_TAKE:
		set_agent(c, w);
		c->person.reason = "taken";
		talk_person_ask(c, a, acts);
		break;
	case WORD_SAYS:
		says(c, ev, a, acts);
		break;
	case WORD_BACK:
		on_back(c, ev, a, acts);
		break;
	case WORD_NOBODY:
		nobody(c, w, a, acts);
		break;
	case WORD_END:
		ended(c, w, a, acts);
		break;
	case WORD_SURVEY:
		(void)talk_rating_ask(c, w->survey, false, SV_NULL, a, acts);
		break;
	default:
		break;
	}
}

/* ---- after a restart ---- */

void talk_person_resume(struct talk_core *c, const struct chan_resume *r, struct arena *a,
			struct talk_acts *acts)
{
	struct talk_person *p = &c->person;
	if (!talk_people_there(c) || r->person == CHAN_PERSON_NONE)
		return;
	talk_set(&p->agent, r->agent);
	talk_set(&p->name, r->agent_name);
	talk_set(&p->rates, r->agent);
	c->move = r->person == CHAN_PERSON_WITH ? MOVE_JOINED : MOVE_ASKED;
	p->minutes = -1;
	bool placed = r->person == CHAN_PERSON_WITH && r->seq == 0;    /* we called */
	wish(c, placed ? "placed" : "customer_asked", true, a, acts);
	if (c->move != MOVE_JOINED)
		return;
	talk_queue_clear(c);         /* what is owed, the person owes */
	talk_act_timer(acts, TT_SILENCE, 0);
	sm_move(&c->sm, TS_AWAY);
}

void talk_person_cites(struct talk_core *c, uint64_t cited)
{
	struct talk_person *p = &c->person;
	for (size_t i = 0; i < c->t.found.n && i < 64; i++) {
		const struct kb_hit *h = &c->t.found.hits[i];
		bool known = !(cited >> i & 1);
		for (int k = 0; k < p->n_cited && !known; k++)
			known = sv_eq(sv_of(p->cited[k].id), h->article_id);
		if (known)
			continue;
		if (p->n_cited == TALK_CITED) {
			xfree(p->cited[0].id);
			xfree(p->cited[0].title);
			memmove(&p->cited[0], &p->cited[1],
				sizeof(p->cited[0]) * (size_t)--p->n_cited);
		}
		p->cited[p->n_cited].id = xstrdup(h->article_id);
		p->cited[p->n_cited++].title = xstrdup(h->title);
	}
}

void talk_person_free(struct talk_core *c)
{
	struct talk_person *p = &c->person;
	xfree(p->agent);
	xfree(p->name);
	xfree(p->party);
	xfree(p->instruction);
	xfree(p->digits);
	xfree(p->rates);
	for (int i = 0; i < p->lines; i++)
		xfree(p->line[i].id);
	for (int i = 0; i < p->n_cited; i++) {
		xfree(p->cited[i].id);
		xfree(p->cited[i].title);
	}
	*p = (struct talk_person){ 0 };
}
