/* chan_voice.c: one spoken conversation: the engine's verbs on one side, frames of 20 ms on the
 * other.
 *
 * Hearing is chan_ear, speaking chan_playout, the recording and its clock chan_tape, persons
 * who are brought in chan_parties; here they meet the engine: what was heard becomes messages,
 * what is to be said goes to the playout, the end waits for what is being said. A counted
 * object: callbacks hold a reference, so the far side may free the voice from within any of
 * them. Shard's thread; owns everything in it. */
#include "chan_voice.h"
#include "chan_ear.h"
#include "chan_move.h"
#include "chan_playout.h"
#include "chan_tape.h"

enum {
	GRACE_MS = 80,               /* after the last sample of a say: it is still on its way */
	BYE_EXTRA_MS = 2000,
	BYE_MAX_MS = 30000,
};

struct played {                      /* a say that was sent whole and is told after the grace */
	uint32_t say_id;
	size_t bytes;
	int64_t due_us, start_ms, end_ms;
};
struct say_began {
	uint32_t say_id;
	int64_t ms;
};
struct chan_voice {
	struct chan_peer peer;       /* first */
	struct chan_voice_opts o;
	struct playout play;
	struct ear ear;
	struct tape tape;
	struct parties *parties;     /* a reference; NULL = nobody can be brought in */
	struct move move;
	int16_t sent[320];           /* the last frame sent: the echo to expect */
	bool sounds;                 /* there was something in it */
	/* end of the customer's words that are being answered, 0 = none; when we had them; when
	 * the answer's first text came, 0 = not yet */
	int64_t silent_from_us, words_us, text_us;
	int line_ms;                 /* sound is so old when it comes to us */
	struct say_began
		began[4]; /* the last ones: a frame may hold the end of one and another */
	unsigned n_began;
	struct played played[PLAYOUT_PIECES];
	int n_played;
	struct loop_timer played_timer, bye;
	int64_t bye_us;              /* not later than this */
	bool held, open, ending;
	bool opening;                /* within on_open: the opener is told by chan_voice_open */
	enum chan_close_by end_by;
};

static struct chan_voice *of(struct chan_peer *p)
{
	return (struct chan_voice *)(void *)p;
}

static void tell(struct chan_voice *v, const struct chan_msg *m)
{
	struct chan_msg x = *m;
	if (v->open && !tape_hides(&v->tape, &x))
		v->peer.sink->on_msg(v->peer.user, &x);
}

/* The recording is over, or cannot go on. */
static void tell_tape(struct chan_voice *v)
{
	struct sb b;
	sb_init(&b, 16384);
	tape_json(&v->tape, &b);
	if (v->tape.name[0])
		tell(v, &(struct chan_msg){ .kind = CHAN_RECORDED, .text = sb_sv(&b) });
	sb_done(&b);
}

/* ---- what was heard ---- */

static void on_start(void *arg)
{
	tell(arg, &(struct chan_msg){ .kind = CHAN_SPEECH_START });
}

static void on_words(void *arg, const struct ear_words *w)
{
	struct chan_voice *v = arg;
	int64_t now = loop_now_us(v->o.loop);
	v->silent_from_us = w->silence_from_us - v->line_ms * 1000;
	v->words_us = now;
	v->text_us = 0;
	if (w->text.n) {
		metric_observe_us(M_EAR_WAIT_US, w->decided_us - v->silent_from_us);
		metric_observe_us(M_EAR_WORDS_US, now - w->decided_us);
	}
	tell(v, &(struct chan_msg){ .kind = CHAN_SPEECH_FINAL,
				    .text = w->text,
				    .confidence = w->confidence,
				    .start_ms = w->start_ms,
				    .end_ms = w->end_ms,
				    .tone = w->tone });
}

static void on_partial(void *arg, sv text)
{
	struct chan_voice *v = arg;
	if (v->o.partial && !tape_secret(&v->tape))
		v->o.partial(v->o.arg, text);
	tell(v, &(struct chan_msg){ .kind = CHAN_SPEECH_PARTIAL, .text = text });
}

static void on_likely(void *arg, sv text, int64_t start_ms)
{
	struct chan_voice *v = arg;
	tell(v, &(struct chan_msg){ .kind = CHAN_SPEECH_LIKELY, .text = text, .confidence = 1,
				    .start_ms = start_ms, .end_ms = v->tape.ms });
}

static void on_lost(void *arg)
{
	tell(arg, &(struct chan_msg){ .kind = CHAN_ASR_LOST });
}

static void on_over(void *arg, bool on)
{
	tell(arg, &(struct chan_msg){ .kind = on ? CHAN_HALTED : CHAN_GOES_ON });
}

/* ---- the 20 ms ---- */

void chan_voice_rx(struct chan_voice *v, const int16_t *s, size_t n, int64_t now_ms)
{
	static const int16_t silence[320];
	if (!v->open || n != (size_t)v->o.rate / 50)
		return;
	obj_ref(v);
	if (!tape_heard(&v->tape, s, now_ms))
		tell_tape(v);
	if (v->parties)
		parties_hear(v->parties, v->held ? silence : s, v->tape.ms);
	if (!v->held)
		ear_hear(&v->ear, s, n, v->sounds ? v->sent : NULL);
	obj_unref(v);
}

int chan_voice_tx(struct chan_voice *v, int16_t *out)
{
	size_t want = (size_t)v->o.rate / 50;
	if (!v->open || v->held) {
		memset(out, 0, want * sizeof(*out));
		v->sounds = false;
		return 0;
	}
	int n = playout_pull(&v->play, out);
	if (v->parties)
		n = parties_under(v->parties, out, n);
	v->sounds = n > 0;
	memcpy(v->sent, out, want * sizeof(*out));
	tape_sent(&v->tape, out);
	return n;
}

/* ---- the playout's news ---- */

static void tell_played(void *arg)
{
	struct chan_voice *v = obj_ref(arg);
	struct played p = v->played[0];
	memmove(&v->played[0], &v->played[1], sizeof(p) * (size_t)--v->n_played);
	tell(v, &(struct chan_msg){ .kind = CHAN_PLAYED, .say_id = p.say_id, .start_ms = p.start_ms,
				    .end_ms = p.end_ms });
	if (v->open && v->n_played)
		loop_at_us(v->o.loop, &v->played_timer, v->played[0].due_us, tell_played, v);
	obj_unref(v);
}

static int64_t say_start(const struct chan_voice *v, uint32_t say_id)
{
	for (int i = 0; i < 4; i++)
		if (v->began[i].say_id == say_id && say_id)
			return v->began[i].ms;
	return v->tape.ms;           /* not a sample of it went out */
}

static void on_played(void *arg, uint32_t say_id, size_t bytes)
{
	struct chan_voice *v = arg;
	int64_t now = loop_now_us(v->o.loop), start = say_start(v, say_id);
	if (v->n_played == PLAYOUT_PIECES)
		return;
	v->played[v->n_played++] =
		(struct played){ say_id, bytes, now + GRACE_MS * 1000, start, v->tape.ms };
	if (v->n_played == 1)
		loop_at_us(v->o.loop, &v->played_timer, v->played[0].due_us, tell_played, v);
}

static void on_first(void *arg, uint32_t say_id)
{
	struct chan_voice *v = arg;
	v->began[v->n_began++ % 4] = (struct say_began){ say_id, v->tape.ms };
	ear_say_began(&v->ear);
}

static void on_sound(void *arg, uint32_t say_id)
{
	struct chan_voice *v = arg;
	int64_t now = loop_now_us(v->o.loop);
	if (!v->silent_from_us || !v->text_us)
		return;
	metric_observe_us(M_VOICE_GAP_US, now - v->silent_from_us);
	metric_observe_us(M_ENGINE_US, v->text_us - v->words_us);
	metric_observe_us(M_SPEAK_US, now - v->text_us);
	v->silent_from_us = 0;
}

/* ---- the engine's verbs ---- */

static int voice_say(struct chan_peer *p, const struct chan_out *o)
{
	struct chan_voice *v = of(p);
	if (!v->open)
		return ERR_CLOSED;
	if (o->event_json.n && v->o.event)
		v->o.event(v->o.arg, o->event_json);
	if (!v->text_us && o->text.n)
		v->text_us = loop_now_us(v->o.loop);
	ear_lang(&v->ear, o->lang);
	ear_say(&v->ear, o->say_id, o->expect);
	return playout_say(&v->play, o);
}

/* The last say is out but its grace still runs: all of it was heard, and nobody needs to be
 * told again. */
static void take_back_played(struct chan_voice *v, struct chan_heard *ret)
{
	if (v->n_played == 0)
		return;
	ret->say_id = v->played[--v->n_played].say_id;
	ret->bytes = v->played[v->n_played].bytes;
	if (v->n_played == 0)
		loop_timer_stop(&v->played_timer);
}

static void voice_hush(struct chan_peer *p, struct chan_heard *ret)
{
	struct chan_voice *v = of(p);
	bool busy = playout_busy(&v->play);
	playout_hush(&v->play, ret);
	if (ret->say_id == 0)
		take_back_played(v, ret);
	ret->start_ms = say_start(v, ret->say_id);
	ret->end_ms = v->ear.paused_ms ? v->ear.paused_ms : v->tape.ms;
	if (busy && v->ear.speaking)
		metric_observe_us(M_BARGE_US, (ret->end_ms - v->ear.start_ms) * 1000);
	if (v->o.flush)
		v->o.flush(v->o.arg);
}

static void voice_event(struct chan_peer *p, sv event_json)
{
	struct chan_voice *v = of(p);
	if (v->o.event)
		v->o.event(v->o.arg, event_json);
}

/* ---- persons ---- */

static void on_moved(void *arg, const char *step, const char *why, int status)
{
	struct chan_voice *v = obj_ref(arg);
	tell(v, &(struct chan_msg){ .kind = CHAN_MOVED, .text = sv_of(step),
				    .client_id = sv_of(why), .status = status });
	obj_unref(v);
}

static void voice_close(struct chan_voice *v, enum chan_close_by by);

/* The customer is with the person elsewhere, or the person has ended it: our part is over. */
static void on_left(void *arg)
{
	struct chan_voice *v = obj_ref(arg);
	on_moved(v, "left", "", 0);
	bool open = v->open;
	voice_close(v, CHAN_BY_AGENT);
	if (open)
		v->o.hangup(v->o.arg, CHAN_BY_AGENT);
	obj_unref(v);
}

/* Words that a person says while something secret is entered are as secret. */
static void on_news(void *arg, const struct chan_msg *m, bool own)
{
	struct chan_voice *v = obj_ref(arg);
	struct chan_msg x = *m;
	if (m->kind == CHAN_PARTY_WORDS && tape_secret(&v->tape))
		x.text = SV(CHAN_MASKED);
	if (!(own && move_news(&v->move, m)) && !(x.partial && tape_secret(&v->tape)))
		tell(v, &x);
	obj_unref(v);
}

static int voice_transfer(struct chan_peer *p, const struct chan_move *m)
{
	struct chan_voice *v = of(p);
	if (!v->open || v->ending)
		return ERR_CLOSED;
	if (v->o.transfer)
		return v->o.transfer(v->o.arg, m);
	if (!(v->peer.caps & CHAN_MOVES))
		return ERR_UNSUPPORTED;
	struct move_place place = { .parties = v->parties, .refer = v->o.refer,
				    .refer_arg = v->o.arg, .told = on_moved, .left = on_left,
				    .arg = v };
	return move_start(&v->move, &place, m);
}

void chan_voice_moved(struct chan_voice *v, const char *step, const char *why, int status)
{
	on_moved(v, step, why, status);
}

static int voice_party(struct chan_peer *p, const struct chan_party *x)
{
	struct chan_voice *v = of(p);
	if (!v->open || v->ending)
		return ERR_CLOSED;
	return v->parties ? parties_order(v->parties, x, false) : ERR_UNSUPPORTED;
}

void chan_voice_referred(struct chan_voice *v, int status)
{
	obj_ref(v);
	move_referred(&v->move, status);
	obj_unref(v);
}

static unsigned parties_open(struct chan_voice *v, const struct chan_voice_opts *o)
{
	struct parties_opts po = { .loop = o->loop, .box = o->box, .speech = o->speech,
				   .people = o->people, .rate = o->rate };
	if (!o->people || !o->box)
		return 0;
	v->parties = o->parties ? o->parties : parties_new(&po);
	v->parties->o.news = on_news;
	v->parties->o.arg = v;
	parties_again(v->parties);
	return CHAN_PARTIES | (chan_dial_any(&o->people->dial) ? CHAN_MOVES : 0u);
}

static void parties_shut(struct chan_voice *v)
{
	move_stop(&v->move);
	if (v->parties)
		parties_stop(v->parties);
	v->parties = obj_unref(v->parties);
}

static void voice_record(struct chan_peer *p, enum chan_record how)
{
	tape_mode(&of(p)->tape, how);
}

static void voice_blank(struct chan_peer *p, int64_t from_ms, int64_t to_ms)
{
	tape_blank(&of(p)->tape, from_ms, to_ms);
}

static void voice_close(struct chan_voice *v, enum chan_close_by by)
{
	if (!v->open)
		return;
	if (v->tape.wav) {
		tape_close(&v->tape);
		tell_tape(v);
	}
	v->open = false;
	loop_timer_stop(&v->played_timer);
	loop_timer_stop(&v->bye);
	parties_shut(v);
	ear_done(&v->ear);
	playout_done(&v->play);
	v->peer.sink->on_close(v->peer.user, by);
}

static void bye_check(void *arg)
{
	struct chan_voice *v = obj_ref(arg);
	bool saying = playout_busy(&v->play) || v->n_played;
	if (saying && loop_now_us(v->o.loop) < v->bye_us) {
		loop_after(v->o.loop, &v->bye, PCM_FRAME_MS, bye_check, v);
	} else {
		voice_close(v, v->end_by);
		v->o.hangup(v->o.arg, v->end_by);
	}
	obj_unref(v);
}

static void voice_hangup(struct chan_peer *p, enum chan_close_by by)
{
	struct chan_voice *v = of(p);
	if (!v->open)
		return;
	if (by == CHAN_BY_SYSTEM) {
		obj_ref(v);
		voice_close(v, by);
		if (!v->opening)
			v->o.hangup(v->o.arg, by);
		obj_unref(v);
		return;
	}
	if (v->ending)
		return;
	v->ending = true;
	v->end_by = by;
	int64_t ms = playout_owed_ms(&v->play) + BYE_EXTRA_MS;
	v->bye_us = loop_now_us(v->o.loop) + (ms < BYE_MAX_MS ? ms : BYE_MAX_MS) * 1000;
	loop_after(v->o.loop, &v->bye, 0, bye_check, v);
}

/* ---- from the far side ---- */

void chan_voice_key(struct chan_voice *v, char digit)
{
	if (!v->open)
		return;
	if (v->parties)
		parties_key(v->parties, digit);
	ear_key(&v->ear);
	tell(v, &(struct chan_msg){ .kind = CHAN_KEY, .text = sv_n(&digit, 1) });
}

void chan_voice_hold(struct chan_voice *v, bool held)
{
	if (!v->open || v->held == held)
		return;
	obj_ref(v);
	v->held = held;
	ear_hold(&v->ear, held);
	tell(v, &(struct chan_msg){ .kind = held ? CHAN_HOLD : CHAN_RESUME });
	obj_unref(v);
}

void chan_voice_line_ms(struct chan_voice *v, int ms)
{
	v->line_ms = ms;
}

void chan_voice_manual(struct chan_voice *v, bool on)
{
	if (v->open)
		ear_manual(&v->ear, on);
}

void chan_voice_commit(struct chan_voice *v)
{
	if (!v->open)
		return;
	obj_ref(v);
	ear_commit(&v->ear);
	obj_unref(v);
}

void chan_voice_clear(struct chan_voice *v)
{
	if (v->open)
		ear_clear(&v->ear);
}

struct chan_voice *chan_voice_of(struct chan_peer *p)
{
	return of(p);
}

void chan_voice_gone(struct chan_voice *v, enum chan_close_by by)
{
	voice_close(v, by);
}

static void parts_open(struct chan_voice *v)
{
	const struct chan_voice_opts *o = &v->o;
	playout_init(&v->play, o->speech, o->rate);
	v->play.on_played = on_played;
	v->play.on_first = on_first;
	v->play.on_sound = on_sound;
	v->play.arg = v;
	tape_open(&v->tape, o->data_dir, o->info.interaction_id, o->rate, o->speech->producer);
	struct ear_opts eo = { .loop = o->loop,
			       .speech = o->speech,
			       .play = &v->play,
			       .tape = &v->tape,
			       .rate = o->rate,
			       .on_start = on_start,
			       .on_words = on_words,
			       .on_partial = on_partial,
			       .on_likely = on_likely,
			       .on_lost = on_lost,
			       .on_over = on_over,
			       .arg = v };
	bool resumed = o->info.resume && o->info.resume->language.n;
	ear_init(&v->ear, &eo, resumed ? o->info.resume->language : o->info.language);
	ear_listen(&v->ear);
}

/* The engine took it not: there is no on_close, and no recording. */
static void refused(struct chan_voice *v)
{
	v->open = false;
	loop_timer_stop(&v->played_timer);
	loop_timer_stop(&v->bye);
	parties_shut(v);
	ear_done(&v->ear);
	playout_done(&v->play);
	tape_discard(&v->tape);
}

int chan_voice_open(struct chan_voice **ret, const struct chan_voice_opts *o)
{
	static const struct chan_ops ops = { .name = "voice", .say = voice_say, .hush = voice_hush,
					     .event = voice_event, .hangup = voice_hangup,
					     .record = voice_record, .blank = voice_blank,
					     .transfer = voice_transfer, .party = voice_party };
	ASSERT(o->rate == 8000 || o->rate == 16000);
	struct chan_voice *v = obj_new(sizeof(*v), NULL);
	v->o = *o;
	v->open = true;
	parts_open(v);
	unsigned caps = CHAN_VOICE | CHAN_DTMF | (v->ear.asr ? CHAN_ASR : 0u) |
			(o->transfer ? CHAN_MOVES : 0u) | parties_open(v, o);
	v->peer = (struct chan_peer){ .ops = &ops, .sink = o->sink, .loop = o->loop, .caps = caps };
	struct chan_info info = o->info;
	info.caps = caps;
	info.recording = sv_of(v->tape.name);
	*ret = v;                    /* the engine may speak from within on_open */
	v->opening = true;
	int rc = o->sink->on_open(o->sink_arg, &v->peer, &info, &v->peer.user);
	v->opening = false;
	v->o.info = (struct chan_info){ 0 };   /* its views end here */
	if (rc == 0 && v->open)
		return 0;
	*ret = NULL;
	if (rc)
		refused(v);
	obj_unref(v);
	return rc ? rc : ERR_CLOSED;
}

void chan_voice_free(struct chan_voice *v)
{
	if (!v)
		return;
	voice_close(v, CHAN_BY_SYSTEM);
	obj_unref(v);
}
