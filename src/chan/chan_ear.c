/* chan_ear.c: turn taking on sound.
 *
 * A voice detector cuts the line into utterances, by the shard's network (chan_vad.h) when there
 * is one, else by energy; what of the line is our own voice coming back is told to it
 * (pcm_echo.c). Speech goes to the recogniser with 300 ms from before its onset, its words come
 * while the silence that ends it still runs (chan_ear_asr.c). How much silence that is follows
 * what was asked, the words so far, this caller's own pauses and the end-of-turn model
 * (chan_ear_slot.c, chan_turn.c). What is said over our voice first makes us pause; whether it
 * is an interruption is decided later (chan_ear_cut.c). Without a recogniser what is said into
 * silence is told as not understood. on_start is always followed by on_words, but for what a key
 * or a hold drops, which are news of their own. Owned by its chan_voice; shard's thread. A
 * callback may end in ear_done. */
#include "chan_ear.h"

enum {
	PREROLL_MS = 300,
	ONSET_MS = 60,
	HANG_MS = 200,
	PAUSE_FREE_MS = 300,         /* pauses up to this need no extra patience */
	PAUSE_MAX_MS = 800,          /* longer ones are for thinking, and not learned in full */
	AGAIN_MS = 1200,             /* who goes on within this was cut off by us */
	UTTERANCE_MS = 20000,
	KEY_TONE_MS = 600,           /* a voice this young may be the tone of the key */
	FLUSH_EARLY_MS = 40,
	LIKELY_MS = 140,             /* of silence, after words that look whole */
	PARTIAL_MS = 260,            /* of silence, for the last word of a partial result */
	WHOLE_FLUSH_MS = 220,        /* the same where the words look whole already */
};
#define LOUD_DB (-45.0)

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
	(void)pcm_echo_open(&e->echo, o->rate);
	chan_vad_join(&e->line, o->speech->vad, o->rate);
	ear_turn_init(&e->turn, o->speech, o->rate);
	sb_init(&e->words, EAR_WORDS_MAX);
	sb_init(&e->partial, EAR_WORDS_MAX);
	sb_init(&e->likely, EAR_WORDS_MAX);
	sb_init(&e->kept, EAR_WORDS_MAX);
}

void ear_done(struct ear *e)
{
	e->o.on_start = NULL;
	e->speaking = false;
	ear_stop_asr(e);
	chan_vad_leave(&e->line);
	ear_turn_done(&e->turn);
	ear_tone_drop(e);
	loop_timer_stop(&e->lost_timer);
	pcm_echo_close(e->echo);
	e->echo = NULL;
	sb_done(&e->words);
	sb_done(&e->partial);
	sb_done(&e->likely);
	sb_done(&e->kept);
	e->words_held = false;
}

/* ---- utterances */

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
	if (ms > PAUSE_MAX_MS)
		ms = PAUSE_MAX_MS;
	if (e->shape < EAR_ANSWER)   /* in dictation they tell nothing */
		e->pause_ms += weight * ((double)ms - e->pause_ms);
}

static void begin(struct ear *e, int64_t ago_ms)
{
	e->speaking = true;
	e->utterance++;
	e->told = e->barged = e->ended_wait = e->flushed = e->kept_on = false;
	if (!e->words_held)
		e->shape = EAR_UNKNOWN;
	e->start_ms = now(e) > ago_ms ? now(e) - ago_ms : 0;
	e->voiced_ms = ago_ms > PCM_FRAME_MS ? ago_ms - PCM_FRAME_MS :
					       0; /* this frame is counted below */
	e->spoken_ms = e->voiced_ms;
	e->silence_ms = e->lead_ms = 0;
	e->loud_sum = 0;
	e->loud_n = 0;
	sb_reset(&e->partial);
	ear_turn_begin(&e->turn);
}

/* All that came since the flush is the recogniser's, too. */
static void go_on(struct ear *e)
{
	if (e->flushed)
		ear_feed(e, e->pre, e->pre_n);
	e->flushed = false;
	e->pre_n = 0;
}

static void on_voice(struct ear *e)
{
	ear_turn_forget(&e->turn);
	e->onset_ms = now(e) - ONSET_MS;
	if (e->speaking) {           /* a pause within the utterance */
		if (e->ended_wait)
			learn_pause(e, 0.25, e->gap_ms);
		e->ended_wait = false;
		go_on(e);
		return;
	}
	begin(e, ONSET_MS);
	e->lead_ms = e->vad.sound_ms > ONSET_MS ? e->vad.sound_ms - ONSET_MS : 0;
	ear_tone_begin(e);
	if (e->last_end_ms && e->start_ms - e->last_end_ms < AGAIN_MS)
		learn_pause(e, 0.5, e->start_ms - e->last_end_ms);
	ear_feed(e, e->pre, e->pre_n);
	ear_turn_add(&e->turn, e->pre, e->pre_n);
	ear_duck(e);
}

static void leave(struct ear *e)
{
	e->speaking = e->ended_wait = false;
	ear_turn_forget(&e->turn);
	ear_let_on(e);
}

void ear_close(struct ear *e)
{
	e->decided_us = loop_now_us(e->o.loop);
	if (!e->flushed)
		ear_flush(e);
	leave(e);
}

static void end(struct ear *e)
{
	int64_t us = loop_now_us(e->o.loop), end_ms = now(e) - e->silence_ms;
	e->decided_us = us;
	if (!e->flushed)
		ear_flush(e);
	leave(e);
	e->last_end_ms = end_ms;
	if (!e->asr)
		ear_add_words(e, SV_NULL, 0, e->start_ms);
	if (!ear_waits(e))
		ear_tell_words(e, end_ms, us - e->silence_ms * 1000);
}

static int64_t end_silence(const struct ear *e)
{
	return ear_silence(e->shape, e->expect, &e->turn, e->pause_ms);
}

/* Said over what must not be cut: nothing hangs on its end, so it is heard as a whole. */
static bool is_kept(const struct ear *e)
{
	return !e->told && !playout_may_cut(e->o.play);
}

/* Early enough for the words to be there when the silence is long enough. Where the recogniser
 * tells partial results its last word is given time to come as one: an answer can be prepared on
 * it. Where it tells none, at once - unless the end-of-turn model may say that it is no end. */
static int64_t flush_silence(const struct ear *e)
{
	bool doubt = e->turn.run || (e->turn.p >= 0 && e->turn.p < 0.5);
	if (is_kept(e))
		return end_silence(e);
	if (!e->told || (!doubt && !e->partial.n))
		return HANG_MS;
	if (!doubt && e->shape < EAR_ANSWER)
		return e->shape == EAR_WHOLE ? WHOLE_FLUSH_MS : PARTIAL_MS;
	int64_t ms = end_silence(e) - (int64_t)e->asr_ms - FLUSH_EARLY_MS;
	return ms < HANG_MS ? HANG_MS : ms;
}

/* A soft last word is no voice while we speak, for it may be our own coming back; where nothing
 * hangs on the end, the line is heard until it is still. */
static bool may_go_on(const struct ear *e)
{
	return e->kept_on && !e->told && e->still_ms < HANG_MS &&
	       now(e) - e->start_ms <= UTTERANCE_MS;
}

static void judge_end(struct ear *e)
{
	e->kept_on |= is_kept(e);
	if (may_go_on(e))
		return;
	if (e->ended_wait && !e->flushed && e->silence_ms >= flush_silence(e))
		ear_flush(e);
	if (e->told && e->ended_wait && e->silence_ms >= end_silence(e)) {
		end(e);
	} else if (!e->told && e->ended_wait && !ear_undecided(e) &&
		   (!is_kept(e) || e->silence_ms >= end_silence(e))) {
		ear_close(e);
	} else if (now(e) - e->start_ms > UTTERANCE_MS && !ear_undecided(e)) {
		if (e->told)
			end(e);
		else
			ear_close(e);
		if (!ear_over(e) && e->vad.speech)   /* the same breath goes on */
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
	if (e->flushed && e->vad.speech)     /* it was hardly a pause */
		go_on(e);
	e->voiced_ms += PCM_FRAME_MS;
	e->spoken_ms += PCM_FRAME_MS;
	e->silence_ms = 0;
	e->loud_sum += e->vad.level_db;
	e->loud_n++;
}

/* Before the first sound of an utterance silence is nothing; within it, it counts. */
static void hear_manual(struct ear *e, const int16_t *s, size_t n)
{
	if (!e->speaking && pcm_peak(s, n) == 0)
		return;
	if (!e->speaking)
		begin(e, 0);
	ear_feed(e, s, n);
}

/* What the customer may have said in this frame: not what we did. */
static enum pcm_vad_ev detect(struct ear *e, const int16_t *s, size_t n, const int16_t *sent)
{
	pcm_echo_sent(e->echo, sent, n);
	const struct pcm_echo_part *part =
		pcm_echo_heard(e->echo, s, n, e->vad.floor_db, e->vad.doubt);
	double tx_db = sent ? pcm_dbfs(sent, n) : PCM_NO_ECHO;
	enum pcm_vad_ev ev =
		pcm_vad_push_e(&e->vad, s, n, tx_db, chan_vad_p(&e->line), part);
	double level = part->known ? part->rest_db : e->vad.level_db;
	chan_vad_hear(&e->line, s, n, level, e->vad.floor_db);
	return ev;
}

static void hear_on(struct ear *e, const int16_t *s, size_t n, enum pcm_vad_ev ev)
{
	if (e->flushed) {
		keep_preroll(e, s, n);
	} else {
		ear_feed(e, s, n);
		e->pre_n = 0;
	}
	ear_turn_add(&e->turn, s, n);
	e->still_ms = pcm_vad_sounds(&e->vad) ? 0 : e->still_ms + PCM_FRAME_MS;
	if (e->vad.level_db > LOUD_DB)
		e->loud_us = loop_now_us(e->o.loop);
	count(e);
	if (ev == PCM_VAD_END) {
		e->ended_wait = true;
		if (e->told)
			ear_turn_ask(&e->turn);
		if (!ear_over(e))
			ear_tell_likely(e);
	} else if (e->silence_ms == LIKELY_MS && e->partial.n) {
		ear_tell_likely(e);  /* whole, and nothing was added for some time */
	}
	if (!ear_over(e))
		ear_judge(e);
	if (!ear_over(e))
		judge_end(e);
}

void ear_hear(struct ear *e, const int16_t *s, size_t n, const int16_t *sent)
{
	if (e->manual) {
		hear_manual(e, s, n);
		return;
	}
	enum pcm_vad_ev ev = detect(e, s, n, sent);
	if (ev == PCM_VAD_START)
		on_voice(e);
	if (!ear_over(e))
		ear_tell_kept(e);
	if (ear_over(e))
		return;
	if (e->speaking) {
		ear_tone_hear(e, s, n, sent != NULL);
		hear_on(e, s, n, ev);
	} else {
		keep_preroll(e, s, n);
	}
}

/* ---- what else happens */

void ear_say(struct ear *e, uint32_t say_id, enum chan_expect expect)
{
	if (say_id != e->expect_say || expect != CHAN_EXPECT_OPEN)
		e->expect = expect;
	e->expect_say = say_id;
}

void ear_say_began(struct ear *e)
{
	if (!e->speaking || e->manual)
		return;
	e->barged = false;           /* over this one the customer has not spoken yet */
	e->voiced_ms = e->lead_ms = 0;
	ear_duck(e);
	e->over_ms = now(e);
}

static void drop(struct ear *e)
{
	if (!e->speaking)
		return;
	struct ear_pending *const both[] = { &e->flying, &e->due };
	e->told = false;
	ear_tone_drop(e);
	if (!e->flushed)
		ear_flush(e);
	for (int i = 0; i < 2; i++)
		if (both[i]->utterance == e->utterance)
			both[i]->counts = both[i]->maybe = false;
	leave(e);
}

void ear_key(struct ear *e)
{
	if (now(e) - e->onset_ms >= KEY_TONE_MS)
		return;
	if (e->speaking)
		ear_drop_words(e);
	drop(e);
}

static void vad_again(struct ear *e)
{
	e->vad.speech = e->vad.voiced = false;
	e->vad.run_ms = e->vad.quiet_ms = 0;
	chan_vad_leave(&e->line);    /* what it remembers is over */
	chan_vad_join(&e->line, e->o.speech->vad, e->o.rate);
	pcm_echo_reset(e->echo);
	e->pre_n = 0;
}

void ear_hold(struct ear *e, bool held)
{
	drop(e);
	vad_again(e);
	if (held && e->words_held)
		ear_tell_words(e, e->last_end_ms, loop_now_us(e->o.loop));
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
		end(e);
		return;
	}
	ear_add_words(e, SV_NULL, 0, now(e));
	ear_tell_words(e, now(e), loop_now_us(e->o.loop));
}

void ear_clear(struct ear *e)
{
	if (e->manual)
		drop(e);
}
