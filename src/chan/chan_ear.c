/* chan_ear.c: turn taking on sound.
 *
 * A voice detector with our own sound as echo reference cuts the line into utterances, by the
 * shard's network (chan_vad.h) when there is one, else by energy. While we speak, a caller's
 * voice first only ducks us; 200 ms of it, or a recognised word, is an interruption. An
 * utterance ends after a silence that follows this caller's own pauses, and what the
 * end-of-turn model says of the pause when there is one (chan_turn.c). Speech goes to the
 * recogniser with 300 ms from before its onset. The recogniser takes one flush at a time and
 * answers it with one final: `flying`; what ends meanwhile is `due`. Words that come while the
 * caller speaks on are kept and told with the rest, so one question in two breaths is one
 * question. Without a recogniser our speech is not cut; what is said into silence is told as
 * not understood. on_start is always followed by on_words, but for what a key or a hold drops,
 * which are news of their own. Owned by its chan_voice; shard's thread. A callback may end in
 * ear_done. */
#include "chan_ear.h"

enum {
	BARGE_MS = 200,              /* speech over ours that counts as an interruption */
	WORD_MS = 100,               /* a recognised word counts from here */
	PREROLL_MS = 300,
	ONSET_MS = 60,
	HANG_MS = 200,
	END_MS = 600,                /* silence that ends an utterance, before adaptation */
	END_WHOLE_MS = 350,          /* of one that looks complete */
	END_MAX_MS = 1000,
	PAUSE_FREE_MS = 300,         /* pauses up to this need no extra patience */
	AGAIN_MS = 1200,             /* who goes on within this was cut off by us */
	UTTERANCE_MS = 20000,
	FINAL_WAIT_MS = 4000,        /* longer than this nobody waits for words */
	FINAL_LOST_MS = 10000,       /* and a recogniser silent for so much more is lost */
	KEY_TONE_MS = 600,           /* an utterance this young may be the tone of the key */
	WORDS_MAX = 16 << 10,
};
#define DUCK_DB (-12.0)

static int64_t now(const struct ear *e)
{
	return e->o.tape->ms;
}

void ear_init(struct ear *e, const struct ear_opts *o, sv lang)
{
	struct pcm_vad_opts vo;
	*e = (struct ear){ .o = *o };
	size_t n = lang.n < 3 ? lang.n : 3;
	memcpy(e->lang, n ? lang.p : "en", n ? n : 2);
	pcm_vad_defaults(&vo);
	vo.onset_ms = ONSET_MS;
	vo.hang_ms = HANG_MS;
	pcm_vad_init(&e->vad, &vo);
	chan_vad_join(&e->line, o->speech->vad, o->rate);
	ear_turn_init(&e->turn, o->speech, o->rate);
	sb_init(&e->words, WORDS_MAX);
}

static void stop_asr(struct ear *e)
{
	struct asr_run *r = e->asr;
	e->asr = NULL;
	e->flying.is = e->due.is = false;
	loop_timer_stop(&e->wait);
	if (r)
		e->o.speech->ops->asr_cancel(r);
}

void ear_done(struct ear *e)
{
	e->o.on_start = NULL;
	e->speaking = false;
	stop_asr(e);
	chan_vad_leave(&e->line);
	ear_turn_done(&e->turn);
	loop_timer_stop(&e->lost_timer);
	sb_done(&e->words);
	e->words_held = false;
}

static bool over(const struct ear *e)
{
	return !e->o.on_start;
}

/* ---- words ---- */

static void tell_words(struct ear *e, int64_t end_ms, int64_t silence_from_us)
{
	struct sb b = e->words;
	struct ear_words w = { .text = sv_trim(sb_sv(&b)), .confidence = e->words_confidence,
			       .start_ms = e->words_start_ms, .end_ms = end_ms,
			       .silence_from_us = silence_from_us };
	sb_init(&e->words, WORDS_MAX);
	e->words_held = false;
	e->o.on_words(e->o.arg, &w);
	sb_done(&b);
}

static void add_words(struct ear *e, sv text, double confidence, int64_t start_ms)
{
	if (!e->words_held) {
		e->words_start_ms = start_ms;
		e->words_confidence = confidence;
	}
	if (text.n && e->words.n)
		sb_ch(&e->words, ' ');
	sb_put(&e->words, text);
	if (text.n && confidence < e->words_confidence)
		e->words_confidence = confidence;
	e->words_held = true;
}

static void forget_words(struct ear *e)
{
	sb_reset(&e->words);
	e->words_held = false;
}

static void tell_lost(void *arg)
{
	struct ear *e = arg;
	e->o.on_lost(e->o.arg);
}

/* Whoever was told that the customer speaks is owed an answer, be it empty. */
static void owe_nothing(struct ear *e)
{
	struct ear_pending *const both[] = { &e->flying, &e->due };
	for (int i = 0; i < 2; i++) {
		if (both[i]->is && both[i]->counts)
			add_words(e, SV_NULL, 0, both[i]->start_ms);
		both[i]->counts = both[i]->maybe = false;
	}
}

static void lose(struct ear *e)
{
	void *owner = obj_ref(e->o.arg);
	bool first = !e->lost;
	owe_nothing(e);
	stop_asr(e);
	e->lost = true;
	if (first)
		tell_lost(e);
	if (!over(e) && e->words_held)
		tell_words(e, e->last_end_ms, loop_now_us(e->o.loop));
	obj_unref(owner);
}

static void tell_start(struct ear *e)
{
	e->told = e->barged = true;
	e->o.play->gain_db = 0;
	e->o.on_start(e->o.arg);
}

/* ---- the recogniser ---- */

static void on_partial(void *arg, sv text)
{
	struct ear *e = arg;
	if (e->flying.is || !e->speaking || !sv_trim(text).n)
		return;
	void *owner = obj_ref(e->o.arg);
	e->complete = ear_whole(text, sv_of(e->lang));
	if (!e->barged && !e->manual && playout_may_cut(e->o.play) &&
	    now(e) - e->start_ms >= WORD_MS)
		tell_start(e);
	if (!over(e) && e->o.on_partial)
		e->o.on_partial(e->o.arg, text);
	obj_unref(owner);
}

static void send_due(struct ear *e);

static void count_final(struct ear *e, const struct ear_pending *p, sv text, double confidence)
{
	add_words(e, text, confidence, p->start_ms);
	bool speaks_on = e->speaking && e->told && p->end_ms - e->words_start_ms < UTTERANCE_MS;
	bool more = e->flying.is && e->flying.counts;
	if (!speaks_on && !more)
		tell_words(e, p->end_ms, p->ended_us - p->silence_ms * 1000);
}

static void on_final(void *arg, sv text, double confidence)
{
	struct ear *e = arg;
	if (!e->flying.is)
		return;
	struct ear_pending p = e->flying;
	e->flying.is = false;
	loop_timer_stop(&e->wait);
	if (!e->speaking || e->manual)
		send_due(e);         /* else it ends together with what is being said */
	text = sv_trim(text);
	bool late_yes = p.maybe && text.n && !e->speaking && !playout_busy(e->o.play);
	if (!p.counts && !late_yes)
		return;
	void *owner = obj_ref(e->o.arg);
	if (!p.counts)
		e->o.on_start(e->o.arg);
	if (!over(e))
		count_final(e, &p, text, confidence);
	obj_unref(owner);
}

static void on_error(void *arg, int err)
{
	struct ear *e = arg;
	e->asr = NULL;               /* gone already */
	lose(e);
}

/* The customer gets an answer now; the recogniser some more time. */
static void on_wait(void *arg)
{
	struct ear *e = arg;
	if (!e->flying.counts) {
		lose(e);
		return;
	}
	void *owner = obj_ref(e->o.arg);
	loop_after(e->o.loop, &e->wait, FINAL_LOST_MS, on_wait, e);
	int64_t end_ms = e->flying.end_ms;
	owe_nothing(e);
	tell_words(e, end_ms, loop_now_us(e->o.loop));
	obj_unref(owner);
}

void ear_listen(struct ear *e)
{
	static const struct asr_cb cb = { on_partial, on_final, on_error };
	const struct chan_speech *sp = e->o.speech;
	if (!sp->asr || !sp->ops->asr_serves(sp->asr, sv_of(e->lang)))
		return;
	if (sp->ops->asr_start(sp->asr, sv_of(e->lang), &cb, e, &e->asr))
		e->asr = NULL;
}

void ear_lang(struct ear *e, sv lang)
{
	size_t n = lang.n < 3 ? lang.n : 3;
	if (n == 0 || (strncmp(e->lang, lang.p, n) == 0 && e->lang[n] == '\0'))
		return;
	bool had = e->asr != NULL;
	memset(e->lang, 0, sizeof(e->lang));
	memcpy(e->lang, lang.p, n);
	stop_asr(e);
	forget_words(e);
	ear_listen(e);
	if (!had || e->asr || e->lost)
		return;
	e->lost = true;              /* told later: the engine is speaking just now */
	loop_after(e->o.loop, &e->lost_timer, 0, tell_lost, e);
}

static void feed(struct ear *e, const int16_t *s, size_t n)
{
	if (e->asr && n)
		e->o.speech->ops->asr_feed(e->asr, s, n, e->o.rate);
}

static void send_due(struct ear *e)
{
	if (e->flying.is || !e->due.is || !e->asr)
		return;
	e->flying = e->due;
	e->due.is = false;
	loop_after(e->o.loop, &e->wait, FINAL_WAIT_MS, on_wait, e);
	e->o.speech->ops->asr_flush(e->asr);
}

static void flush(struct ear *e, struct ear_pending p)
{
	if (!e->asr)
		return;
	p.is = true;
	if (e->due.is) {             /* its sound is in the same stretch */
		p.counts |= e->due.counts;
		p.maybe &= e->due.maybe;
		p.start_ms = e->due.start_ms;
	}
	e->due = p;
	send_due(e);
}

/* ---- utterances ---- */

static void keep_preroll(struct ear *e, const int16_t *s, size_t n)
{
	size_t cap = (size_t)e->o.rate / 1000 * PREROLL_MS;
	if (e->pre_n + n > cap) {
		size_t drop = e->pre_n + n - cap;
		memmove(e->pre, e->pre + drop, (e->pre_n - drop) * sizeof(*s));
		e->pre_n -= drop;
	}
	memcpy(e->pre + e->pre_n, s, n * sizeof(*s));
	e->pre_n += n;
}

static void learn_pause(struct ear *e, double weight, int64_t ms)
{
	e->pause_ms += weight * ((double)ms - e->pause_ms);
}

static void begin(struct ear *e, int64_t ago_ms)
{
	e->speaking = true;
	e->told = e->barged = e->ended_wait = e->complete = false;
	e->start_ms = now(e) > ago_ms ? now(e) - ago_ms : 0;
	e->voiced_ms = ago_ms > PCM_FRAME_MS ? ago_ms - PCM_FRAME_MS :
					       0; /* this frame is counted below */
	e->silence_ms = 0;
	ear_turn_begin(&e->turn);
}

static void on_voice(struct ear *e)
{
	ear_turn_forget(&e->turn);
	if (e->speaking) {           /* a pause within the utterance */
		if (e->ended_wait)
			learn_pause(e, 0.25, e->gap_ms);
		e->ended_wait = false;
		return;
	}
	begin(e, ONSET_MS);
	if (e->last_end_ms && e->start_ms - e->last_end_ms < AGAIN_MS)
		learn_pause(e, 0.5, e->start_ms - e->last_end_ms);
	feed(e, e->pre, e->pre_n);
	ear_turn_add(&e->turn, e->pre, e->pre_n);
	if (e->asr && playout_busy(e->o.play) && playout_may_cut(e->o.play))
		e->o.play->gain_db = DUCK_DB;
}

static void end(struct ear *e, bool cough)
{
	struct ear_pending p = { .counts = e->told, .maybe = cough, .start_ms = e->start_ms,
				 .end_ms = now(e) - e->silence_ms, .silence_ms = e->silence_ms,
				 .ended_us = loop_now_us(e->o.loop) };
	e->speaking = e->ended_wait = false;
	ear_turn_forget(&e->turn);
	e->o.play->gain_db = 0;
	if (!cough)
		e->last_end_ms = p.end_ms;
	if (e->asr) {
		flush(e, p);
	} else if (p.counts) {
		add_words(e, SV_NULL, 0, p.start_ms);
		tell_words(e, p.end_ms, p.ended_us - p.silence_ms * 1000);
	}
}

/* How long this caller may pause: a little longer than the pauses made so far. */
static int64_t end_silence(const struct ear *e)
{
	double ms = e->complete ? END_WHOLE_MS : END_MS;
	double slow = e->pause_ms > PAUSE_FREE_MS ? e->pause_ms - PAUSE_FREE_MS : 0;
	ms = ms + slow > END_MAX_MS ? END_MAX_MS : ms + slow;
	return ear_turn_silence(&e->turn, (int64_t)ms, e->complete, slow);
}

static void judge(struct ear *e)
{
	if (e->barged || !playout_may_cut(e->o.play))
		return;
	bool quiet = !playout_busy(e->o.play);
	if (quiet ? e->vad.voiced : e->asr && e->voiced_ms >= BARGE_MS)
		tell_start(e);
}

static void judge_end(struct ear *e)
{
	bool cough = e->ended_wait && !e->told;
	if (cough || (e->ended_wait && e->silence_ms >= end_silence(e))) {
		end(e, cough);
	} else if (now(e) - e->start_ms > UTTERANCE_MS) {
		end(e, !e->told);
		if (!over(e) && e->vad.speech)   /* the same breath goes on */
			begin(e, 0);
	}
}

static void count(struct ear *e)
{
	int64_t lull = pcm_vad_lull(&e->vad, (int)e->silence_ms);
	if (lull) {
		e->silence_ms = lull;
		return;
	}
	if (e->silence_ms > PCM_FRAME_MS)
		e->gap_ms = e->silence_ms;   /* the pause that may just have ended */
	e->voiced_ms += PCM_FRAME_MS;
	e->silence_ms = 0;
}

/* Before the first sound of an utterance silence is nothing; within it, it counts. */
static void hear_manual(struct ear *e, const int16_t *s, size_t n)
{
	if (!e->speaking && pcm_peak(s, n) == 0)
		return;
	if (!e->speaking)
		begin(e, 0);
	feed(e, s, n);
}

void ear_hear(struct ear *e, const int16_t *s, size_t n, double tx_db)
{
	if (e->manual) {
		hear_manual(e, s, n);
		return;
	}
	enum pcm_vad_ev ev = pcm_vad_push_p(&e->vad, s, n, tx_db, chan_vad_p(&e->line));
	chan_vad_hear(&e->line, s, n, e->vad.level_db, e->vad.floor_db);
	if (ev == PCM_VAD_START)
		on_voice(e);
	if (over(e))
		return;
	if (!e->speaking) {
		keep_preroll(e, s, n);
		return;
	}
	feed(e, s, n);
	ear_turn_add(&e->turn, s, n);
	e->pre_n = 0;
	count(e);
	if (ev == PCM_VAD_END) {
		e->ended_wait = true;
		if (e->told)
			ear_turn_ask(&e->turn);
	}
	if (!over(e))
		judge(e);
	if (!over(e))
		judge_end(e);
}

void ear_say_began(struct ear *e)
{
	if (!e->speaking || e->manual)
		return;
	e->barged = false;           /* over this one the customer has not spoken yet */
	e->voiced_ms = 0;
	if (e->asr && playout_may_cut(e->o.play))
		e->o.play->gain_db = DUCK_DB;
}

static void drop(struct ear *e)
{
	if (!e->speaking)
		return;
	e->speaking = e->ended_wait = false;
	ear_turn_forget(&e->turn);
	e->o.play->gain_db = 0;
	flush(e, (struct ear_pending){ .ended_us = loop_now_us(e->o.loop) });
}

void ear_key(struct ear *e)
{
	if (now(e) - e->start_ms >= KEY_TONE_MS)
		return;
	if (e->speaking)
		forget_words(e);
	drop(e);
}

static void vad_again(struct ear *e)
{
	e->vad.speech = e->vad.voiced = false;
	e->vad.run_ms = e->vad.quiet_ms = 0;
	chan_vad_leave(&e->line);    /* what it remembers is over */
	chan_vad_join(&e->line, e->o.speech->vad, e->o.rate);
	e->pre_n = 0;
}

void ear_hold(struct ear *e, bool held)
{
	drop(e);
	vad_again(e);
	if (held && e->words_held)
		tell_words(e, e->last_end_ms, loop_now_us(e->o.loop));
}

void ear_manual(struct ear *e, bool on)
{
	if (e->manual == on)
		return;
	drop(e);
	vad_again(e);
	e->manual = on;
}

void ear_commit(struct ear *e)
{
	if (!e->manual)
		return;
	if (e->speaking) {
		e->told = true;
		end(e, false);
		return;
	}
	add_words(e, SV_NULL, 0, now(e));
	tell_words(e, now(e), loop_now_us(e->o.loop));
}

void ear_clear(struct ear *e)
{
	if (e->manual)
		drop(e);
}
