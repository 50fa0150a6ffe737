/* talk_core.c: the conversation as a state machine: one event in, a few actions out.
 *
 * A row of `handlers` answers each kind of event; the states say which moves are legal. The
 * core knows neither sockets nor clocks: searches, models and speech are asked for with actions
 * and answered with events that carry the generation they belong to; whatever is stale falls
 * away here. So barge-in and a customer's second thought are one line each: raise gen. Owned by
 * its conversation's shard; memory of a turn lies in the arena that the driver passes in. */
#include "talk_core.h"

#define LISTENS \
	(SM_TO(TS_LISTENING) | SM_TO(TS_AWAY) | SM_TO(TS_SPEAKING) | SM_TO(TS_THINKING) | \
	 SM_TO(TS_HELD) | SM_TO(TS_WRAPPING) | SM_TO(TS_CLOSED))
static const struct sm_state states[TS_COUNT] = {
	[TS_OPENING] = { "opening", LISTENS },
	[TS_LISTENING] = { "listening", LISTENS },
	[TS_THINKING] = { "thinking", LISTENS },
	[TS_SPEAKING] = { "speaking", LISTENS },
	[TS_HELD] = { "held", SM_TO(TS_LISTENING) | SM_TO(TS_AWAY) | SM_TO(TS_CLOSED) },
	[TS_WRAPPING] = { "wrapping",
			  SM_TO(TS_THINKING) | SM_TO(TS_AWAY) | SM_TO(TS_CLOSED) },
	[TS_AWAY] = { "away", SM_TO(TS_LISTENING) | SM_TO(TS_CLOSED) },
	[TS_CLOSED] = { "closed", 0 },
};

struct talk_act *talk_act_add(struct talk_acts *acts, enum talk_act_kind kind)
{
	ASSERT(acts->n < TALK_ACTS_MAX);
	struct talk_act *x = &acts->v[acts->n++];
	*x = (struct talk_act){ .kind = kind };
	return x;
}

void talk_act_timer(struct talk_acts *acts, enum talk_timer t, int ms)
{
	struct talk_act *x = talk_act_add(acts, TACT_TIMER);
	x->timer = t;
	x->ms = ms;
}

void talk_act_record(struct talk_core *c, struct talk_acts *acts, const char *rec,
		     const char *actor, sv body)
{
	struct talk_act *x = talk_act_add(acts, TACT_RECORD);
	x->rec = rec;
	x->actor = actor;
	x->n = c->in_turn ? c->t.number : c->turn;
	x->text = body;
}

void talk_await_customer(struct talk_core *c, struct talk_acts *acts)
{
	const struct talk_limits *l = &c->cfg->limits;
	bool soon = c->voice && !(c->caps & CHAN_PATIENT);
	bool waits = c->voice && c->move == MOVE_ASKED && talk_people_there(c);
	talk_act_timer(acts, TT_SILENCE, waits ? TALK_PERSON_WAIT_MS :
					 soon  ? l->silence_ms : l->idle_chat_ms);
}

void talk_start_turn(struct talk_core *c, sv text, sv model_text, int number)
{
	c->in_turn = true;
	c->t = (struct talk_turn){
		.number = number, .text = text, .model_text = model_text
	};
	sb_init(&c->t.draft, LIM_SB);
	sb_init(&c->t.reply, LIM_SB);
	sb_init(&c->t.written, LIM_SB);
	sb_init(&c->t.again, LIM_SB);
	if (c->voice)
		talk_flow_mark(c, number);
}

void talk_next_queued(struct talk_core *c, int64_t now_us, struct arena *a, struct talk_acts *acts)
{
	if (c->n_queue == 0 || c->in_turn || !sm_can(&c->sm, TS_THINKING))
		return;
	struct talk_queued q = c->queue[0];
	memmove(&c->queue[0], &c->queue[1], sizeof(q) * (size_t)--c->n_queue);
	talk_start_turn(c, arena_sv(a, sv_of(q.text)), arena_sv(a, sv_of(q.model_text)), q.turn);
	c->feel = q.feel;
	c->t.slots = arena_sv(a, sv_of(q.slots));
	c->t.steers = q.steers;
	xfree(q.text);
	xfree(q.model_text);
	xfree(q.slots);
	talk_think(c, c->t.text, c->t.model_text, now_us, a, acts);
}

/* ---- handlers, one an event ---- */

static void record_opened(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
			  struct talk_acts *acts)
{
	struct sb b;
	sb_init(&b, 4096);
	sb_fmt(&b, "{\"channel\":\"%s\",\"language\":\"%s\"", ev->via ? ev->via : "", c->lang);
	if (ev->text.n) {
		sb_cstr(&b, ",\"way\":");
		sb_json(&b, ev->text);
		sb_cstr(&b, ",\"ref\":");
		sb_json(&b, ev->client_id);
	}
	sb_ch(&b, '}');
	talk_act_record(c, acts, "conversation.opened", "system", arena_sv(a, sb_sv(&b)));
	sb_done(&b);
}

static void greet(struct talk_core *c, const char *key, struct arena *a, struct talk_acts *acts)
{
	sv text = talk_profile_greeting(c, talk_vary(c, key), a, acts);
	talk_reply(c, &(struct talk_reply){ .text = text, .action = POL_REPLY, .key = key }, a,
		   acts);
}

static void on_open(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		    struct talk_acts *acts)
{
	c->who = ev->who.n ? xstrdup(ev->who) : NULL;
	c->seed = (uint64_t)ev->seed;
	c->profile = ev->profile;
	c->person.number = ev->number;
	talk_service_signed_in(c);
	talk_profile_language(c, a, acts);
	if (!ev->resume || !ev->resume->seq)
		record_opened(c, ev, a, acts);
	if (!ev->resume) {
		const char *key = !c->voice   ? "greeting" :
				  c->asr_lost ? "greeting_keypad" :
						"greeting_voice";
		bool called = ev->model_text.n > 0; /* who is called by a machine must know */
		if ((c->cfg->disclosure || called) && c->voice && !(c->caps & CHAN_PATIENT))
			talk_aside(c, "disclosure", "disclosure", a, acts);
		if (called)
			talk_reply(c,
				   &(struct talk_reply){ .text = arena_sv(a, ev->model_text),
							 .action = POL_REPLY },
				   a, acts);
		else
			greet(c, key, a, acts);
		return;
	}
	c->turn = ev->resume->turn;
	if (ev->resume->last_question.n) {
		c->topic = xstrdup(ev->resume->last_question);
		talk_remember(c, false, ev->resume->last_question);
	}
	if (ev->resume->last_reply.n)
		talk_remember(c, true, ev->resume->last_reply);
	if (ev->resume->owed.n)
		talk_enqueue(c, ev->resume->owed, ev->resume->owed, SV_NULL, false,
			     ev->resume->owed_turn);
	talk_where_resume(c, ev->resume);
	sm_move(&c->sm, TS_LISTENING);
	if (ev->resume->seq)
		talk_act_record(c, acts, "conversation.resumed", "system", SV("{}"));
	talk_await_customer(c, acts);
	talk_person_resume(c, ev->resume, a, acts);
}

void talk_record_customer(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
			  struct talk_acts *acts)
{
	struct sb b;
	sv masked = talk_check_masked(c, ev->masked, a);
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"text\":");
	sb_json(&b, masked);
	sb_fmt(&b, ",\"language\":\"%s\",\"via\":\"%s\"", c->feel.lang, ev->via ? ev->via : "text");
	if (c->feel.intent[0])
		sb_fmt(&b, ",\"intent\":\"%s\",\"intent_p\":%.2f", c->feel.intent,
		       c->feel.intent_p);
	sb_fmt(&b, ",\"emotion\":\"%s\",\"emotion_p\":%.2f,\"sentiment\":%.2f,\"mood\":",
	       c->feel.emotion, c->feel.emotion_p, c->feel.sentiment);
	talk_put_mood(c, &b);
	if (c->voice && strcmp(ev->via ? ev->via : "", "speech") == 0)
		sb_fmt(&b, ",\"asr_confidence\":%.2f", ev->confidence);
	talk_tone_json(c, &b);
	if (ev->end_ms > 0)
		sb_fmt(&b, ",\"start_ms\":%lld,\"end_ms\":%lld", (long long)ev->start_ms,
		       (long long)ev->end_ms);
	if (ev->client_id.n) {
		sb_cstr(&b, ",\"client_id\":");
		sb_json(&b, ev->client_id);
	}
	if (ev->suspicious)
		sb_cstr(&b, ",\"suspicious\":true");
	sb_ch(&b, '}');
	talk_act_record(c, acts, "turn.customer", "customer", arena_sv(a, sb_sv(&b)));
	acts->v[acts->n - 1].said = masked;
	sb_done(&b);
}

/* Half a word for a letter of two or more bytes (a Chinese one), one for a word of ASCII. */
static int half_words(sv text)
{
	int n = 0;
	bool in = false;
	for (size_t i = 0; i < text.n; i++) {
		unsigned char ch = (unsigned char)text.p[i];
		bool word = (ch | 32) >= 'a' && (ch | 32) <= 'z';
		n += ch >= 0xE4 && ch <= 0xE9; /* first byte of U+4000 to U+9FFF */
		n += word && !in ? 2 : 0;
		in = word;
	}
	return n;
}

/* "HH2026-100357" is of no language, a name that was asked for is not the customer's own. */
static bool only_a_number(sv text)
{
	int digits = 0;
	for (size_t i = 0; i < text.n; i++)
		digits += text.p[i] >= '0' && text.p[i] <= '9';
	return digits >= 4 && half_words(text) < 4;
}

/* A chat follows at once. On the telephone a courtesy in another language ("thank you", "谢谢")
 * and a word that was misheard change nothing: it takes a sentence of at least three words. */
static void follow_language(struct talk_core *c, sv text)
{
	bool known = strcmp(c->feel.lang, "zh") == 0 || strcmp(c->feel.lang, "en") == 0;
	if (!known || c->feel.lang_p < 0.6 || strcmp(c->lang, c->feel.lang) == 0)
		return;
	if (c->voice && (c->feel.small_talk || c->feel.lang_p < 0.8 || half_words(text) < 5))
		return;
	if (only_a_number(text) || (c->flow && flow_takes_name(c->flow, text)))
		return;
	memcpy(c->lang, c->feel.lang, sizeof(c->lang));
	c->asr_lost = c->voice ? false : c->asr_lost; /* the channel tells when it has none */
}

void talk_record_heard(struct talk_core *c, const char *rec, const char *text,
		       const struct chan_heard *h, struct arena *a, struct talk_acts *acts)
{
	sv heard = sv_slice(sv_of(text), 0, talk_whole_runes(text, h->bytes));
	struct sb b;
	if (h->say_id && h->say_id == c->person.read_in)
		heard = SV("[phone]");
	sb_init(&b, LIM_SB);
	sb_fmt(&b, "{\"say_id\":%u,\"heard_chars\":%zu,\"heard_text\":", h->say_id,
	       sv_runes(heard));
	sb_json(&b, heard);
	sb_fmt(&b, ",\"start_ms\":%lld,\"end_ms\":%lld}", (long long)h->start_ms,
	       (long long)h->end_ms);
	talk_act_record(c, acts, rec, "bot", arena_sv(a, sb_sv(&b)));
	sb_done(&b);
}

/* The turn never happened: its words wait at the head and will be remembered when they are
 * thought about. */
static void unthink(struct talk_core *c)
{
	talk_enqueue(c, c->t.text, c->t.model_text, c->t.slots, c->t.steers, c->t.number);
	if (c->n_past && !c->past[c->n_past - 1].bot)
		talk_forget_last(c);
	talk_flow_back(c, c->t.number);
}

/* Nothing of a reply was heard: it never was, and its question waits for the rest of it (or is
 * answered again). */
static void unanswer(struct talk_core *c)
{
	talk_enqueue(c, sv_of(c->last_question), sv_of(c->last_model), SV_NULL, false,
		     c->last_turn);
	if (c->n_past && !c->past[c->n_past - 1].bot)
		talk_forget_last(c);
	talk_flow_back(c, c->last_turn);
}

/* The question whether something may be done stands at the end: most of it must have been heard. */
static void note_question_heard(struct talk_core *c, const struct chan_heard *h)
{
	struct talk_service *s = &c->svc;
	if (s->waits != WAITS_YES || !s->asked_in || h->say_id != s->asked_in || !s->say)
		return;
	s->heard = h->bytes + strlen(s->say) * 4 / 10 >= strlen(c->saying);
	if (talk_whole_runes(c->saying, h->bytes) == 0)
		talk_service_drop(c);        /* never asked: the words come up again */
}

/* Of what was being said only the heard part counts. A filler may sound before the reply: then
 * nothing of that was heard. */
static void cut_speech(struct talk_core *c, const struct chan_heard *heard, struct arena *a,
		       struct talk_acts *acts)
{
	struct chan_heard h = *heard;
	if (c->aside && h.say_id == c->aside) {
		talk_record_heard(c, "turn.cut", c->aside_text, &h, a, acts);
		h = (struct chan_heard){ c->speaking, 0, h.end_ms, h.end_ms };
	} else if (c->aside && h.say_id > c->aside) {   /* over, its end was not told yet */
		struct chan_heard all = { c->aside, strlen(c->aside_text), h.start_ms,
					  h.start_ms };
		talk_record_heard(c, "turn.played", c->aside_text, &all, a, acts);
	}
	c->aside = 0;
	if (!c->speaking || h.say_id != c->speaking)
		return;
	talk_record_heard(c, "turn.cut", c->saying, &h, a, acts);
	talk_forget_unheard(c, h.bytes);
	note_question_heard(c, &h);
	bool nothing = talk_whole_runes(c->saying, h.bytes) == 0;
	if (nothing && c->acted)     /* done is done: told again, not done again */
		talk_news(c, sv_of(c->saying), true);
	else if (nothing && c->answers && c->move != MOVE_WANTED)
		unanswer(c);
	c->acted = false;
	c->answers = false;
	c->speaking = 0;
}

/* A business action is under way: it is never cancelled, its turn waits for it. */
static void keep_turn(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	if (!c->t.sentences)
		return;
	talk_record_partial(c, a, acts);
	c->t.sentences = 0;
	sb_reset(&c->t.reply);
	c->answers = false;
}

/* The customer cuts in. Work that was not said yet is thrown away and its words go back to the
 * head of what comes next. */
void talk_cut_in(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		 struct talk_acts *acts)
{
	if (c->in_turn && c->voice && c->svc.call) {
		keep_turn(c, a, acts);
	} else if (c->in_turn && c->voice) {
		talk_model_stop(c, acts);
		if (c->t.asked == TALK_ASKED_HANDOFF && c->t.sentences)
			talk_hand_over(c, "");   /* asked for already: it will be done */
		if (c->t.sentences)
			talk_record_partial(c, a, acts);
		else if (c->t.acted)
			talk_news(c, c->t.told, true);
		else if (c->t.text.n)
			unthink(c);
		c->answers = c->t.sentences && c->t.text.n;
		c->acted = c->t.acted;
		talk_end_turn(c, acts);
	}
	cut_speech(c, &ev->heard, a, acts);
}

bool talk_core_hushes(const struct talk_core *c, enum talk_ev_kind kind)
{
	if (c->sm.now == TS_WRAPPING && kind == TEV_SPEECH_START)
		return false;
	return (c->speaking || c->aside) &&
	       (kind == TEV_TEXT || kind == TEV_KEY || kind == TEV_SPEECH_START ||
		kind == TEV_HOLD || kind == TEV_JOINED || kind == TEV_PARTY_IN);
}

bool talk_core_must_end(const struct talk_core *c)
{
	return c->aside && c->legal;
}

sv talk_joined(struct arena *a, const char *before, sv text)
{
	return before ? sv_of(arena_fmt(a, "%s " SV_FMT, before, SV_ARG(text))) : arena_sv(a, text);
}

void talk_feel_joined(const struct talk_core *c, sv joined, struct feel_state *f)
{
	if (!c->voice || c->n_queue == 0)
		return;
	const struct feel_state *head = &c->queue[0].feel;
	struct feel_state all = *f;
	feel_turn(&all, joined, sv_of(c->lang));
	const struct feel_state *wish = all.intent[0] ? &all : f->intent[0] ? f : head;
	memcpy(f->intent, wish->intent, sizeof(f->intent));
	f->intent_p = wish->intent_p;
	f->out_of_scope = wish->out_of_scope;
	f->small_talk &= head->small_talk;
	f->wants_human |= head->wants_human;
}

/* Words are complete: a turn. What was prepared for the same words is used: they are then asked
 * as they were when it was prepared. */
static void answer(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		   struct talk_acts *acts)
{
	const char *head = c->voice && c->n_queue ? c->queue[0].text : NULL;
	const char *head_m = c->voice && c->n_queue ? c->queue[0].model_text : NULL;
	sv text = talk_joined(a, head, ev->text), model = talk_joined(a, head_m, ev->model_text);
	talk_feel_joined(c, text, &c->feel);
	if (c->guess.on && talk_guess_same(c, text)) {
		c->guess.sure = true;
		text = c->guess.text;
		model = c->guess.model_text;
	} else {
		talk_guess_drop(c, acts);
	}
	talk_start_turn(c, text, model, c->turn);
	c->t.slots = arena_sv(a, ev->slots);
	c->t.steers = ev->suspicious;
	if (head)
		talk_queue_clear(c);
	talk_think(c, c->t.text, c->t.model_text, ev->now_us, a, acts);
	talk_guess_drop(c, acts);    /* not used after all */
}

/* 1125 of "2026-11-25"; 0 = no date. */
static int day_of(sv date)
{
	int64_t month, day;
	bool ok = date.n >= 10 && sv_i64(sv_slice(date, 5, 7), &month) == 0 &&
		  sv_i64(sv_slice(date, 8, 10), &day) == 0;
	return ok ? (int)(month * 100 + day) : 0;
}

void talk_on_text(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		  struct talk_acts *acts)
{
	c->day = day_of(ev->date);
	talk_act_timer(acts, TT_SILENCE, 0);
	c->silences = c->misheard = c->tries = 0;
	c->goodbye = c->mouth = false;
	talk_keys_clear(c, acts);
	if (c->voice && strcmp(ev->via ? ev->via : "", "speech") == 0)
		c->asr_lost = false; /* it is understood again */
	talk_cut_in(c, ev, a, acts);
	feel_turn(&c->feel, ev->text, sv_of(c->lang));
	talk_hear_tone(c, ev);
	talk_follow(c, ev->text);
	follow_language(c, ev->text);
	c->turn++;
	bool was_in_turn = c->in_turn;
	c->in_turn = false;
	talk_record_customer(c, ev, a, acts);
	talk_record_turning(c, a, acts);
	talk_meta_card(c, ev->masked);
	c->in_turn = was_in_turn;
	if (c->in_turn) {
		talk_enqueue(c, ev->text, ev->model_text, ev->slots, ev->suspicious, c->turn);
		if (c->svc.call && !c->filling)
			talk_filler_arm(c, acts);
		return;
	}
	if (c->move == MOVE_WANTED && strcmp(c->feel.small, "no") == 0)
		c->move = MOVE_NONE;
	talk_move_due(c, a, acts);
	answer(c, ev, a, acts);
}

static void on_speech_start(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
			    struct talk_acts *acts)
{
	talk_act_timer(acts, TT_SILENCE, 0);
	if (c->sm.now == TS_HELD || c->sm.now == TS_WRAPPING)
		return;
	c->mouth = true;
	talk_cut_in(c, ev, a, acts);
	if (!c->in_turn)
		sm_move(&c->sm, TS_LISTENING);
}

static void on_speech_nothing(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
			      struct talk_acts *acts)
{
	c->mouth = false;
	c->tries = 0;
	if (c->in_turn && c->svc.call && !c->filling)
		talk_filler_arm(c, acts);
	if (c->sm.now != TS_LISTENING || c->n_digits) /* a key's own tone is no speech */
		return;
	if (c->move == MOVE_WANTED) {
		talk_move_due(c, a, acts);
		return;
	}
	if (talk_notice_due(c, a, acts))
		return;
	if (c->n_queue) {       /* a cough while we were thinking: go on with what was asked */
		talk_next_queued(c, ev->now_us, a, acts);
		return;
	}
	c->misheard++;
	bool menu = c->misheard >= 2 || c->asr_lost;
	talk_canned(c, menu ? "misheard_menu" : "misheard", POL_CLARIFY, a, acts);
}

static void on_timer(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		     struct talk_acts *acts)
{
	if (ev->timer == TT_MODEL) {
		if (c->in_turn && c->t.asks)
			talk_model_failed(c, "too slow", a, acts);
		return;
	}
	if (ev->timer == TT_FILLER) {
		talk_on_filler(c, a, acts);
		return;
	}
	if (ev->timer == TT_KEYS) {
		talk_on_keys_over(c, ev, a, acts);
		return;
	}
	if (c->sm.now != TS_LISTENING || c->n_digits || talk_notice_due(c, a, acts) ||
	    talk_move_waits(c, a, acts) || talk_rating_silence(c, a, acts))
		return;
	c->silences++;
	if (c->voice && c->silences < 3 && !(c->caps & CHAN_PATIENT)) {
		talk_canned(c, c->asr_lost ? "menu" : "still_there", POL_CLARIFY, a, acts);
		return;
	}
	c->goodbye = true;
	talk_canned(c, c->voice ? "goodbye_silence" : "goodbye_idle", POL_END, a, acts);
}

static void on_played(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		      struct talk_acts *acts)
{
	if (talk_aside_played(c, ev, a, acts) || ev->say_id != c->speaking)
		return;
	struct chan_heard h = { ev->say_id, c->saying ? strlen(c->saying) : 0, ev->start_ms,
				ev->end_ms };
	talk_record_heard(c, "turn.played", c->saying, &h, a, acts);
	note_question_heard(c, &h);
	c->speaking = 0;
	if (c->sm.now == TS_WRAPPING) {
		talk_act_add(acts, TACT_HANGUP);
	} else if (c->sm.now == TS_SPEAKING) {
		sm_move(&c->sm, TS_LISTENING);
		talk_await_customer(c, acts);
		talk_move_due(c, a, acts);
		talk_notice_due(c, a, acts);
	}
}

static void on_hold(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		    struct talk_acts *acts)
{
	if (!sm_can(&c->sm, TS_HELD) || c->sm.now == TS_HELD)
		return;
	talk_cut_in(c, ev, a, acts);
	talk_act_timer(acts, TT_SILENCE, 0);
	c->mouth = false;
	talk_keys_clear(c, acts);
	talk_act_record(c, acts, "call.hold", "customer", SV("{}"));
	sm_move(&c->sm, TS_HELD);
}

static void on_resume(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		      struct talk_acts *acts)
{
	if (c->sm.now != TS_HELD)
		return;
	talk_act_record(c, acts, "call.resume", "customer", SV("{}"));
	sm_move(&c->sm, TS_LISTENING);
	if (c->in_turn && c->svc.call) {
		sm_move(&c->sm, TS_THINKING);
		return;
	}
	talk_move_due(c, a, acts);
	if (talk_notice_due(c, a, acts))
		return;
	talk_next_queued(c, ev->now_us, a, acts);
	if (!c->in_turn && c->sm.now == TS_LISTENING)
		talk_await_customer(c, acts);
}

static void on_asr_lost(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
			struct talk_acts *acts)
{
	if (c->asr_lost)
		return;
	c->asr_lost = true;
	talk_act_record(c, acts, "model.fallback", "system",
			SV("{\"from\":\"speech\",\"to\":\"keypad\",\"reason\":\"no recogniser\"}"));
	if (c->n_queue && c->sm.now == TS_LISTENING)
		talk_next_queued(c, ev->now_us, a,
				 acts); /* what was understood before is still answered */
	talk_notice(c, talk_text(c->cfg->texts, sv_of(c->lang), "ears_lost", 0), true, a, acts);
}

/* What is written outlives the server; a call does not. */
bool talk_core_pauses(const struct talk_core *c, enum chan_close_by by)
{
	return by == CHAN_BY_SYSTEM && !c->voice && c->sm.now != TS_WRAPPING;
}

void talk_on_close(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		   struct talk_acts *acts)
{
	static const char *const by[] = { "customer", "bot", "agent", "system", "timeout" };
	talk_model_stop(c, acts);
	if (!talk_core_pauses(c, ev->by))
		talk_person_leave(c, "left", acts);
	talk_act_timer(acts, TT_SILENCE, 0);
	talk_filler_stop(c, acts);
	talk_keys_clear(c, acts);
	if (c->in_turn)
		talk_end_turn(c, acts);
	talk_queue_clear(c);
	struct sb b;
	sb_init(&b, 256);
	sb_fmt(&b, "{\"by\":\"%s\",\"state\":\"%s\",\"turns\":%d}", by[ev->by], sm_name(&c->sm),
	       c->turn);
	const char *rec =
		talk_core_pauses(c, ev->by) ? "conversation.paused" : "conversation.closed";
	talk_act_record(c, acts, rec, "system", arena_sv(a, sb_sv(&b)));
	sb_done(&b);
	sm_move(&c->sm, TS_CLOSED);
}

static void on_next(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		    struct talk_acts *acts)
{
	talk_next_queued(c, ev->now_us, a, acts);
}

typedef void handler(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		     struct talk_acts *acts);
static handler *const handlers[] = {
	[TEV_OPEN] = on_open,
	[TEV_TEXT] = talk_on_text,
	[TEV_KEY] = talk_on_key,
	[TEV_KEY_EARLY] = talk_on_key_early,
	[TEV_SPEECH_START] = on_speech_start,
	[TEV_SPEECH_NOTHING] = on_speech_nothing,
	[TEV_FOUND] = talk_on_found,
	[TEV_DELTA] = talk_on_delta,
	[TEV_CALL] = talk_on_call,
	[TEV_MODEL_END] = talk_on_model_end,
	[TEV_TIMER] = on_timer,
	[TEV_PLAYED] = on_played,
	[TEV_HOLD] = on_hold,
	[TEV_RESUME] = on_resume,
	[TEV_ASR_LOST] = on_asr_lost,
	[TEV_NEXT] = on_next,
	[TEV_LIKELY] = talk_on_likely,
	[TEV_PARTIAL] = talk_on_partial,
	[TEV_MOVED] = talk_on_moved,
	[TEV_JOINED] = talk_on_joined,
	[TEV_BACK] = talk_on_back,
	[TEV_HALTED] = talk_on_halted,
	[TEV_GOES_ON] = talk_on_goes_on,
	[TEV_WHO] = talk_on_who,
	[TEV_WORD] = talk_on_word,
	[TEV_PARTY_IN] = talk_on_party,
	[TEV_PARTY] = talk_on_party,
	[TEV_TOOL] = talk_on_tool,
	[TEV_CLOSE] = talk_on_close,
};

static bool stale(const struct talk_core *c, const struct talk_ev *ev)
{
	switch (ev->kind) {
	case TEV_FOUND:
	case TEV_DELTA:
	case TEV_CALL:
	case TEV_MODEL_END:
		return !c->in_turn || ev->gen != c->gen;
	case TEV_TOOL:
		return !c->svc.call || ev->gen != c->svc.call;
	default:
		return false;
	}
}

/* The customer went another way: nothing that was prepared counts. */
static bool ends_guess(enum talk_ev_kind kind)
{
	return kind == TEV_KEY || kind == TEV_SPEECH_START || kind == TEV_SPEECH_NOTHING ||
	       kind == TEV_HOLD || kind == TEV_RESUME || kind == TEV_ASR_LOST ||
	       kind == TEV_TIMER || kind == TEV_NEXT || kind == TEV_JOINED ||
	       kind == TEV_BACK || kind == TEV_CLOSE || kind == TEV_WORD ||
	       kind == TEV_PARTY_IN;
}

void talk_step(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
	       struct talk_acts *ret)
{
	ret->n = 0;
	c->now_us = ev->now_us;
	if (c->sm.now == TS_CLOSED || talk_guess_event(c, ev, a, ret) || stale(c, ev))
		return;
	if (ends_guess(ev->kind))
		talk_guess_drop(c, ret);
	if (c->sm.now == TS_AWAY && ev->kind != TEV_ASR_LOST) {
		talk_away(c, ev, a, ret);
		return;
	}
	if (c->sm.now == TS_HELD && (ev->kind == TEV_TEXT || ev->kind == TEV_KEY))
		sm_move(&c->sm, TS_LISTENING);
	handlers[ev->kind](c, ev, a, ret);
}

void talk_core_init(struct talk_core *c, const struct talk_cfg *cfg, unsigned caps, sv lang)
{
	*c = (struct talk_core){ .cfg = cfg, .caps = caps, .voice = (caps & CHAN_VOICE) != 0 };
	c->asr_lost = c->voice && !(caps & CHAN_ASR);
	bool zh = sv_starts(lang, SV("zh"));
	memcpy(c->lang, zh ? "zh" : "en", 3);
	memcpy(c->feel.lang, c->lang, sizeof(c->lang));
	memcpy(c->feel.emotion, "neutral", 8);
	sm_init(&c->sm, "talk", states, TS_COUNT, TS_OPENING);
}

void talk_core_done(struct talk_core *c)
{
	if (c->in_turn) {
		sb_done(&c->t.draft);
		sb_done(&c->t.reply);
		sb_done(&c->t.written);
		sb_done(&c->t.again);
	}
	for (int i = 0; i < c->n_past; i++)
		xfree(c->past[i].text);
	talk_offers_forget(c);
	talk_queue_clear(c);
	if (c->guess.on)
		sb_done(&c->guess.draft);
	xfree(c->aside_text);
	xfree(c->notice);
	xfree(c->who);
	xfree(c->saying);
	xfree(c->last_question);
	xfree(c->last_model);
	xfree(c->topic);
	xfree(c->topic_article);
	xfree(c->flow_was.state);
	talk_service_free(c);
	talk_where_free(c);
	talk_person_free(c);
	*c = (struct talk_core){ 0 };
}

bool talk_core_busy(const struct talk_core *c)
{
	return c->in_turn || c->guess.on;
}

const char *talk_core_state(const struct talk_core *c)
{
	return sm_name(&c->sm);
}
