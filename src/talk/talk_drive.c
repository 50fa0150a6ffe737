/* talk_drive.c: carries out what the core asks for: searches, models, timers, rows, speech.
 *
 * One talk_feed_event is one step of the core and everything that follows from it at once (a
 * search is done on the spot: an index lookup takes a fraction of the 2 ms a shard may spend;
 * with an embedding model it waits a moment for the question's vector, talk_seek.c).
 * What takes longer answers with another event. Memory of a turn goes back as soon as the core
 * says that no turn is under way. All of it on the shard's thread. */
#include "talk_int.h"
#include "guard.h"

#include <time.h>

static void on_clock(void *arg)
{
	struct talk_clock *k = arg;
	talk_feed_event(k->talk, &(struct talk_ev){ .kind = TEV_TIMER, .timer = k->which });
}

void talk_silence_after(struct talk *t, int ms)
{
	struct talk_clock *k = &t->clocks[TT_SILENCE];
	if (!t->closed)
		loop_after(t->shard->loop, &k->t, ms, on_clock, k);
}

/* ---- models ---- */

static const char *run_name(const struct talk *t)
{
	struct llm_usage u = { 0 };
	if (t->run)
		llm_spent(t->run, &u);
	return u.model ? u.model : t->run_of && t->run_of->m ? llm_name(t->run_of->m) : "model";
}

static void end_run(struct talk *t)
{
	struct llm_usage u = { 0 };
	if (t->run) {
		llm_spent(t->run, &u); /* a cancel tells nothing, and is paid for too */
		t->core.cost += u.cost;
		talk_log_cost(t->log, u.cost);
	}
	llm_cancel(t->run);
	t->run = NULL;
	talk_models_done(t->shard, t->run_of);
	t->run_of = NULL;
}

static void on_delta(void *arg, sv text)
{
	struct talk *t = arg;
	struct talk_ev ev = { .kind = TEV_DELTA, .text = text, .gen = t->run_gen,
			      .model = run_name(t) };
	talk_feed_event(t, &ev);
}

static void on_call(void *arg, const struct llm_call *call)
{
	struct talk *t = arg;
	struct talk_ev ev = { .kind = TEV_CALL, .text = call->name, .args = call->args,
			      .gen = t->run_gen, .model = run_name(t) };
	talk_feed_event(t, &ev);
}

static void on_end(void *arg, int err, const struct llm_usage *u)
{
	struct talk *t = arg;
	struct talk_ev ev = { .kind = TEV_MODEL_END, .err = err, .gen = t->run_gen,
			      .model = run_name(t) };
	struct talk_models *of = t->run_of; /* the event names it: not before that is fed */
	t->run = NULL;
	t->run_of = NULL;
	if (u) {
		ev.usage = *u;
		ev.model = u->model ? u->model : ev.model;
	}
	talk_feed_event(t, &ev);
	talk_models_done(t->shard, of);
}

static void model_failed_later(void *arg)
{
	struct talk_clock *k = arg;
	struct talk *t = k->talk;
	struct talk_ev ev = { .kind = TEV_MODEL_END, .err = ERR_UPSTREAM, .gen = t->run_gen,
			      .model = run_name(t) };
	talk_feed_event(t, &ev);
}

static void start_model(struct talk *t, const struct talk_act *x)
{
	static const struct llm_cb cb = { .on_delta = on_delta, .on_call = on_call,
					  .on_end = on_end };
	struct llm_prompt p = { .msgs = x->msgs,
				.n = x->n_msgs,
				.tools = x->tools,
				.n_tools = x->n_tools,
				.cache_key = sv_of(t->id),
				.max_tokens = x->max_tokens ? x->max_tokens : 400,
				.temperature = x->grammar.n ? 0 : 0.2,
				.grammar = x->grammar,
				.cls = t->core.voice ? LLM_VOICE : LLM_CHAT };
	end_run(t);
	t->run_of = talk_models_use(t->shard);
	t->run_gen = x->gen;
	if (t->run_of->m && llm_start(t->run_of->m, &p, &cb, t, &t->run) == 0)
		return;
	t->run = NULL;  /* answered through the timer, so that a step never nests in a step */
	loop_after(t->shard->loop, &t->clocks[TT_MODEL].t, 0, model_failed_later,
		   &t->clocks[TT_MODEL]);
}

/* ---- knowledge ---- */

/* An article asked for by name: its own title is the best question for it. */
static void fetch_article(struct talk *t, const struct talk_act *x)
{
	t->found = (struct kb_result){ 0 };
	t->found_ready = t->found_exact = true;
	t->found_gen = x->gen;
	talk_want_index(t);
	if (!t->ix)
		return;
	struct kb_article art;
	sv id = x->text;
	if (kb_get(t->ix, id, &art))
		id = sv_of(arena_fmt(&t->turn, SV_FMT "." SV_FMT, SV_ARG(x->text),
				     SV_ARG(x->lang)));
	struct kb_result r = { 0 };
	if (kb_get(t->ix, id, &art))
		return;
	struct kb_query q = { .text = art.title, .lang = art.lang, .k = 20,
			      .now_ms = loop_wall_ms(t->shard->loop),
			      .cohort = talk_cohort(t) };
	if (kb_search(t->ix, &q, &t->turn, &r))
		return;
	for (size_t i = 0; i < r.n; i++)
		if (sv_eq(r.hits[i].article_id, art.id))
			t->found = (struct kb_result){ &r.hits[i], 1, true, false };
}

/* ---- actions ---- */

static void say(struct talk *t, const struct talk_act *x)
{
	if (!t->peer)
		return;
	struct chan_out o = { .say_id = x->say_id,
			      .text = x->text,
			      .lang = x->lang,
			      .delta = x->delta,
			      .final = x->final,
			      .shared = !x->delta,
			      .uninterruptible = x->uninterruptible,
			      .expect = x->expect,
			      .rate = x->rate };
	if (x->final && !x->aside) {
		o.event_json = t->reply_json;
		t->reply_json = SV_NULL;
	}
	chan_say(t->peer, &o);
}

static void set_clock(struct talk *t, const struct talk_act *x)
{
	struct talk_clock *k = &t->clocks[x->timer];
	if (x->ms > 0)
		loop_after(t->shard->loop, &k->t, x->ms, on_clock, k);
	else
		loop_timer_stop(&k->t);
}

static void carry_out(struct talk *t, const struct talk_act *x)
{
	switch (x->kind) {
	case TACT_RECORD:
		talk_record(t, x);
		break;
	case TACT_SAY:
		say(t, x);
		break;
	case TACT_TYPING:
		if (t->peer)
			chan_typing(t->peer);
		break;
	case TACT_SEARCH:
		talk_seek(t, x);
		break;
	case TACT_ARTICLE:
		fetch_article(t, x);
		break;
	case TACT_MODEL:
		start_model(t, x);
		break;
	case TACT_MODEL_CANCEL:
		end_run(t);
		break;
	case TACT_TIMER:
		set_clock(t, x);
		break;
	case TACT_HANGUP:
		t->hangup_wanted = true;
		break;
	case TACT_TOOL:
		talk_serve(t, x);
		break;
	case TACT_TRANSFER:
		xfree(t->move.briefing);
		t->move.briefing = xstrdup(x->context);
		t->move.to = x->text;
		t->move.lang = sv_of(sv_starts(x->lang, SV("zh")) ? "zh" : "en");
		t->move.wanted = true;
		break;
	default:
		talk_people_act(t, x);
	}
}

static void step(struct talk *t, struct talk_ev *ev)
{
	struct talk_acts acts;
	ev->now_us = loop_now_us(t->shard->loop);
	talk_log_in(t->log, ev);
	talk_step(&t->core, ev, &t->turn, &acts);
	talk_log_out(t->log, &acts);
	for (size_t i = 0; i < acts.n; i++)
		carry_out(t, &acts.v[i]);
}

/* Answers under way from a remote model beside which one may be for nothing: half of those that a
 * list of models runs at a time. */
#define SPARE_USERS 32

/* For the model's instructions and flows: "2026-11-25". */
static sv today(struct talk *t)
{
	time_t now = (time_t)(loop_wall_ms(t->shard->loop) / 1000);
	struct tm tm;
	char text[16];
	localtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d", &tm);
	return arena_sv(&t->turn, sv_of(text));
}

struct talk_ev talk_found_event(struct talk *t)
{
	struct talk_models *m = t->shard->models;
	t->found_ready = false;
	return (struct talk_ev){ .kind = TEV_FOUND, .found = &t->found, .gen = t->found_gen,
				 .exact = t->found_exact, .models = m->m != NULL,
				 .base = llm_base(m->m),
				 .spare = m->users < (m->local ? 1 : SPARE_USERS),
				 .down = m->m && !llm_healthy(m->m),
				 .date = today(t) };
}

static void step_until_quiet(struct talk *t, struct talk_ev *ev)
{
	step(t, ev);
	for (int guard = 0; guard < 64; guard++) {
		struct talk_ev next = { .kind = TEV_NEXT };
		if (t->found_ready) {
			next = talk_found_event(t);
		} else if (t->core.in_turn || t->core.voice || t->core.n_queue == 0) {
			return;
		}
		step(t, &next);
	}
}

static void forget_turn(struct talk *t)
{
	if (talk_core_busy(&t->core))
		return;
	talk_seek_cancel(t);
	arena_reset(&t->turn);
	t->ix = obj_unref(t->ix);
}

static void count_tally(struct talk *t)
{
	struct talk_tally *is = &t->core.tally, *was = &t->seen;
	metric_add(M_TALK_GUESSES, is->tries - was->tries);
	metric_add(M_TALK_GUESS_HITS, is->hits - was->hits);
	metric_add(M_TALK_GUESS_DISCARDS, is->discards - was->discards);
	metric_add(M_TALK_FILLERS, is->fillers - was->fillers);
	metric_add(M_TALK_TRANSFERS, is->transfers - was->transfers);
	*was = *is;
}

/* Outside of a step: the channel may tell the first step of it at once. */
static void start_move(struct talk *t)
{
	if (!t->move.wanted)
		return;
	t->move.wanted = false;
	char *briefing = t->move.briefing;
	struct chan_move m = { .to = t->move.to, .warm = true, .briefing = sv_of(briefing),
			       .lang = t->move.lang };
	t->move.briefing = NULL;
	int rc = t->peer ? chan_transfer(t->peer, &m) : ERR_CLOSED;
	xfree(briefing);
	if (rc && t->peer)
		talk_feed_event(t, &(struct talk_ev){ .kind = TEV_BACK,
						      .client_id = SV("unreachable") });
}

void talk_feed_event(struct talk *t, struct talk_ev *ev)
{
	ASSERT(!t->stepping);
	if (t->closed)
		return;
	t->stepping = true;
	if (ev->kind == TEV_TEXT || ev->kind == TEV_KEY)
		t->began_us = loop_now_us(t->shard->loop);
	if (t->peer && talk_core_hushes(&t->core, ev->kind))
		chan_hush(t->peer, &ev->heard);
	step_until_quiet(t, ev);
	talk_row_flush(t);
	forget_turn(t);
	t->stepping = false;
	count_tally(t);
	start_move(t);
	talk_people_after(t);
	if (t->hangup_wanted && t->peer) {
		t->hangup_wanted = false;
		chan_hangup(t->peer, t->core.silences ? CHAN_BY_TIMEOUT : CHAN_BY_BOT);
	}
}

/* ---- the sink ---- */

static void feed_text(struct talk *t, const struct chan_msg *m, const char *via)
{
	struct guard_in in;
	if (guard_inbound(m->text, &t->turn, &in)) {
		if (m->ticket)
			chan_ack(t->peer, m->ticket, 0, ERR_INVAL);
		return;
	}
	talk_tape_guard(t, m, &in);
	t->ticket = m->ticket;
	sv slots = talk_slots(t, &in);
	struct talk_ev ev = { .kind = TEV_TEXT,
			      .text = in.clean,
			      .masked = in.masked,
			      .model_text = in.model,
			      .confidence = m->confidence,
			      .tone = m->tone,
			      .via = via,
			      .start_ms = m->start_ms,
			      .end_ms = m->end_ms,
			      .client_id = m->client_id,
			      .suspicious = in.suspicious,
			      .slots = slots,
			      .date = today(t) };
	talk_feed_event(t, &ev);
	t->ticket = NULL;
}

/* Digits: perhaps a part of a card number, which is kept nowhere and is only told by the whole. */
#define DIGITS_MOST 3

static bool dictates(const struct talk *t, sv text)
{
	int n = 0;
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] >= '0' && text.p[i] <= '9';
	return n > DIGITS_MOST || t->core.expect == CHAN_EXPECT_DIGITS;
}

/* The customer pauses: an answer may be prepared, but not for a number that is being dictated. */
static void feed_likely(struct talk *t, const struct chan_msg *m)
{
	struct guard_in in;
	if (dictates(t, m->text) || guard_inbound(m->text, &t->turn, &in))
		return;
	struct talk_ev ev = { .kind = TEV_LIKELY,
			      .text = in.clean,
			      .masked = in.masked,
			      .model_text = in.model,
			      .confidence = m->confidence };
	talk_feed_event(t, &ev);
}

static void feed_moved(struct talk *t, const struct chan_msg *m)
{
	struct talk_ev ev = { .kind = TEV_MOVED, .text = m->text, .client_id = m->client_id,
			      .err = m->status };
	if (sv_eq(m->text, SV("joined")))
		ev.kind = TEV_JOINED;
	else if (sv_eq(m->text, SV("failed")))
		ev.kind = TEV_BACK;
	talk_feed_event(t, &ev);
}

static void feed_words(struct talk *t, const struct chan_msg *m)
{
	if (sv_trim(m->text).n)
		feed_text(t, m, "speech");
	else
		talk_feed_event(t, &(struct talk_ev){ .kind = TEV_SPEECH_NOTHING });
}

static void feed_plain(struct talk *t, const struct chan_msg *m, enum talk_ev_kind kind)
{
	struct talk_ev ev = { .kind = kind, .text = m->text, .say_id = m->say_id,
			      .start_ms = m->start_ms, .end_ms = m->end_ms };
	talk_feed_event(t, &ev);
}

/* A legal text takes so long at most, from the start of the call: a voice that tells no end does
 * not keep the keys. */
#define LEGAL_US INT64_C(15000000)

static void feed_kept_keys(struct talk *t)
{
	int n = t->n_keys;
	t->n_keys = 0;
	for (int i = 0; i < n && !t->closed; i++)
		talk_feed_event(t, &(struct talk_ev){ .kind = TEV_KEY, .via = "kept",
						      .text = sv_n(&t->keys[i], 1) });
}

/* Over a legal text keys wait, as words do. */
static void feed_key(struct talk *t, const struct chan_msg *m)
{
	bool early = loop_now_us(t->shard->loop) - t->opened_us < LEGAL_US;
	if (early && talk_core_must_end(&t->core) && m->text.n == 1) {
		if (t->n_keys < (int)sizeof(t->keys))
			t->keys[t->n_keys++] = m->text.p[0];
		feed_plain(t, m, TEV_KEY_EARLY);
		return;
	}
	feed_kept_keys(t);
	feed_plain(t, m, TEV_KEY);
}

static void feed_played(struct talk *t, const struct chan_msg *m)
{
	bool waiting = t->n_keys > 0;
	feed_plain(t, m, TEV_PLAYED);
	if (waiting && !talk_core_must_end(&t->core))
		feed_kept_keys(t);
}

static void on_msg(void *user, const struct chan_msg *m)
{
	static const enum talk_ev_kind plain[] = {
		[CHAN_SPEECH_START] = TEV_SPEECH_START,
		[CHAN_SPEECH_PARTIAL] = TEV_PARTIAL,
		[CHAN_HOLD] = TEV_HOLD,
		[CHAN_RESUME] = TEV_RESUME,
		[CHAN_ASR_LOST] = TEV_ASR_LOST,
	};
	struct talk *t = user;
	if (talk_tape_msg(t, m))
		return;
	switch (m->kind) {
	case CHAN_TEXT:
		feed_text(t, m, "text");
		break;
	case CHAN_SPEECH_FINAL:
		feed_words(t, m);
		break;
	case CHAN_SPEECH_LIKELY:
		feed_likely(t, m);
		break;
	case CHAN_MOVED:
		feed_moved(t, m);
		break;
	case CHAN_KEY:
		feed_key(t, m);
		break;
	case CHAN_PLAYED:
		feed_played(t, m);
		break;
	case CHAN_PARTY:
		talk_people_party(t, m);
		break;
	case CHAN_PARTY_WORDS:
		talk_people_words(t, m);
		break;
	case CHAN_SPEECH_PARTIAL:
		if (!dictates(t, m->text))
			talk_partial(t, SV("customer"), m->text);
		if (t->core.guess.on)
			feed_plain(t, m, TEV_PARTIAL);
		break;
	case CHAN_HALTED:
	case CHAN_GOES_ON:
		if (t->core.in_turn)
			feed_plain(t, m, m->kind == CHAN_HALTED ? TEV_HALTED : TEV_GOES_ON);
		break;
	default:
		if (m->kind < sizeof(plain) / sizeof(*plain) && plain[m->kind])
			feed_plain(t, m, plain[m->kind]);
	}
}

void talk_release(struct talk *t)
{
	if (!t->closed || t->waiting > 0)
		return;
	talk_core_done(&t->core);
	obj_unref(t->table);
	talk_serve_free(t);
	arena_done(&t->turn);
	talk_row_done(&t->row);
	obj_unref(t->profile_keep);
	obj_unref(t->music);
	xfree(t->move.briefing);
	xfree(t);
}

static void unlink_talk(struct talk *t)
{
	if (t->prev)
		t->prev->next = t->next;
	else
		t->shard->first = t->next;
	if (t->next)
		t->next->prev = t->prev;
}

static void on_close(void *user, enum chan_close_by by)
{
	struct talk *t = user;
	t->peer = NULL;
	if (!t->row.ended_ms && !talk_core_pauses(&t->core, by))
		t->row.ended_ms = loop_wall_ms(t->shard->loop);
	talk_feed_event(t, &(struct talk_ev){ .kind = TEV_CLOSE, .by = by });
	end_run(t);
	talk_log_end(t->log);
	t->log = NULL;
	talk_seek_cancel(t);
	talk_serve_close(t);
	for (int i = 0; i < TT_COUNT; i++)
		loop_timer_stop(&t->clocks[i].t);
	t->closed = true;
	t->ix = obj_unref(t->ix);
	unlink_talk(t);
	if (t->recorded)
		metric_add(M_CONV_LIVE, -1);
	talk_release(t);
}

static char *own(sv s)
{
	return s.n ? xstrdup(s) : NULL;
}

static void name_talk(struct talk *t, const struct chan_info *info)
{
	if (info->id.n == 26)
		memcpy(t->id, info->id.p, 26);
	else
		id_new(t->id);
	if (info->interaction_id.n == 26)
		memcpy(t->interaction, info->interaction_id.p, 26);
	else
		id_new(t->interaction);
}

static void fill_row(struct talk *t, const struct chan_info *info)
{
	struct talk_row *r = &t->row;
	int64_t now = loop_wall_ms(t->shard->loop);
	r->channel = info->channel;
	r->address = info->address.n ? xstrdup(sv_of(pii(info->address))) : NULL;
	r->customer = own(info->customer_name);
	r->recording = own(info->recording);
	r->token_hash = own(info->token_hash);
	r->started_ms = info->resume && info->resume->started_ms ? info->resume->started_ms : now;
	r->last_ms = now;
}

struct talk *talk_open_on(struct talk_shard *s, struct chan_peer *p,
			  const struct chan_info *info, bool recorded)
{
	struct talk *t = xalloc(sizeof(*t));
	t->shard = s;
	t->peer = p;
	t->recorded = recorded;
	t->profile_keep = info->profile ? obj_ref(info->profile->keep) : NULL;
	arena_init(&t->turn, LIM_ARENA_TURN);
	name_talk(t, info);
	fill_row(t, info);
	sv lang = info->resume && info->resume->language.n ? info->resume->language :
							     info->language;
	if (!lang.n && s->hub->cfg.voice_lang)
		lang = sv_of(s->hub->cfg.voice_lang);
	talk_core_init(&t->core, &s->hub->cfg, p ? p->caps : 0, lang);
	t->core.person.there = recorded && s->hub->o.people;
	t->core.table = t->table = snap_get(s->hub->strategy);
	talk_serve_open(t, info);
	for (int i = 0; i < TT_COUNT; i++)
		t->clocks[i] = (struct talk_clock){ .talk = t, .which = (enum talk_timer)i };
	t->next = s->first;
	if (s->first)
		s->first->prev = t;
	s->first = t;
	t->seq = info->resume ? info->resume->seq : 0;
	return t;
}

static int on_open(void *arg, struct chan_peer *p, const struct chan_info *info, void **ret_user)
{
	struct talk_shard *s = arg;
	if (metric_get(M_CONV_LIVE) >= LIM_CONVERSATIONS)
		return ERR_FULL;
	struct talk *t = talk_open_on(s, p, info, true);
	metric_add(M_CONV_LIVE, 1);
	metric_inc(M_CONV_TOTAL);
	*ret_user = t;
	t->opened_us = loop_now_us(s->loop);
	t->log = talk_log_begin(s->hub->logs,
				&(struct talk_log_of){ t->id, t->interaction, &t->core,
						       s->mbox, &s->logs });
	struct talk_ev ev = { .kind = TEV_OPEN, .via = info->channel, .resume = info->resume,
			      .who = info->customer_name, .text = info->way,
			      .client_id = info->ref, .model_text = info->opening,
			      .profile = info->profile,
			      .number = info->address.n && (p->caps & CHAN_VOICE),
			      .seed = (int64_t)(sv_hash(sv_of(t->id)) >> 1) };
	talk_feed_event(t, &ev);
	talk_serve_who(t, info);
	return 0;
}

const struct chan_sink *talk_sink(void)
{
	static const struct chan_sink sink = { on_open, on_msg, on_close };
	return &sink;
}

const char *talk_id(const struct talk *t)
{
	return t->id;
}

const char *talk_interaction_id(const struct talk *t)
{
	return t->interaction;
}
