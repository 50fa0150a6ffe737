/* chan_voice.c: hears and speaks for one conversation: turn taking on sound.
 *
 * Hearing: a voice detector with our own sound as echo reference. While we speak, a caller's voice first only ducks
 * us; 200 ms of it (or a recognised word) is an interruption. An utterance ends after a silence that follows this
 * caller's own pauses. Speech goes to the recogniser with 300 ms from before its onset.
 * Speaking: chan_playout. Recording: left what came, right what was really sent, frame by frame.
 * Shard's thread; owns its recogniser stream, playout and recording file. */
#include "chan_voice.h"
#include "chan_playout.h"

#include <stdio.h>

#define BARGE_MS 200                 /* speech over ours that counts as an interruption */
#define DUCK_DB (-12.0)
#define PREROLL_MS 300
#define END_MS 600                   /* silence that ends an utterance, before adaptation */
#define END_MIN_MS 400
#define END_MAX_MS 1000
#define UTTERANCE_MS 20000
#define FINAL_WAIT_MS 4000           /* a recogniser that does not answer by then is lost */
#define GRACE_MS 80                  /* after the last sample of a say */
#define BYE_MAX_MS 30000

const struct chan_speech_ops chan_speech_model = {
	asr_serves, asr_start, asr_feed, asr_flush, asr_cancel, tts_serves, tts_start, tts_cancel,
};

struct chan_voice {
	struct chan_peer peer;       /* first */
	struct chan_voice_opts o;
	char lang[4];
	struct playout play;
	/* hearing */
	struct pcm_vad vad;
	struct asr_run *asr;
	int16_t pre[16 * PREROLL_MS];
	size_t pre_n;
	double tx_db;
	bool speaking;               /* the caller is in an utterance */
	bool told;                   /* SPEECH_START went to the engine */
	bool ended_wait;             /* silence runs, the utterance may end */
	bool awaiting_final;
	int ignore_finals;           /* flushed coughs whose words do not count */
	int64_t now_ms, utter_start_ms, voiced_ms, silence_ms, end_ms;
	double pause_ms;             /* moving mean of this caller's pauses */
	struct loop_timer final_wait;
	int64_t speech_end_us, flushed_us;
	bool gap_open;               /* a reply's first sample closes the gap */
	/* recording */
	struct pcm_wavw *wav;
	struct pcm_rs *rs_rx, *rs_tx;
	char recording[96];
	int16_t tx_q[4][320];        /* frames sent and not yet recorded */
	int tx_n;
	int64_t rec_ms;
	int64_t say_start_ms;        /* of the say that sounds now */
	/* ending */
	struct loop_timer played_timer, bye;
	uint32_t played_id;
	bool held, open, ending;
	enum chan_close_by end_by;
};

static struct chan_voice *of(struct chan_peer *p)
{
	return (struct chan_voice *)(void *)p;
}

static void tell(struct chan_voice *v, const struct chan_msg *m)
{
	if (v->open)
		v->peer.sink->on_msg(v->peer.user, m);
}

static void tell_kind(struct chan_voice *v, enum chan_msg_kind kind)
{
	tell(v, &(struct chan_msg){ .kind = kind });
}

/* ---- recogniser ---- */

static void asr_gone(struct chan_voice *v)
{
	v->o.speech->ops->asr_cancel(v->asr);
	v->asr = NULL;
	v->awaiting_final = false;
	loop_timer_stop(&v->final_wait);
	tell_kind(v, CHAN_ASR_LOST);
}

static void tell_start(struct chan_voice *v)
{
	if (v->told)
		return;
	v->told = true;
	v->play.gain_db = 0;
	tell_kind(v, CHAN_SPEECH_START);
}

static void on_partial(void *arg, sv text)
{
	struct chan_voice *v = arg;
	if (v->ignore_finals || !sv_trim(text).n)
		return;
	if (v->speaking && playout_busy(&v->play) && playout_may_cut(&v->play) &&
	    v->now_ms - v->utter_start_ms >= BARGE_MS / 2)
		tell_start(v);
	if (v->o.partial)
		v->o.partial(v->o.arg, text);
}

static void on_final(void *arg, sv text, double confidence)
{
	struct chan_voice *v = arg;
	if (v->ignore_finals > 0) {
		v->ignore_finals--;
		return;
	}
	if (!v->awaiting_final)
		return;
	v->awaiting_final = false;
	loop_timer_stop(&v->final_wait);
	metric_observe_us(M_ASR_US, loop_now_us(v->o.loop) - v->flushed_us);
	v->gap_open = true;
	struct chan_msg m = { .kind = CHAN_SPEECH_FINAL, .text = text, .confidence = confidence,
			      .start_ms = v->utter_start_ms, .end_ms = v->end_ms };
	tell(v, &m);
}

static void on_error(void *arg, int err)
{
	struct chan_voice *v = arg;
	v->asr = NULL;
	v->awaiting_final = false;
	loop_timer_stop(&v->final_wait);
	tell_kind(v, CHAN_ASR_LOST);
}

static void on_final_wait(void *arg)
{
	asr_gone(arg);
}

static void asr_begin(struct chan_voice *v)
{
	static const struct asr_cb cb = { on_partial, on_final, on_error };
	const struct chan_speech *sp = v->o.speech;
	if (!sp->asr || !sp->ops->asr_serves(sp->asr, sv_of(v->lang)))
		return;
	if (sp->ops->asr_start(sp->asr, sv_of(v->lang), &cb, v, &v->asr))
		v->asr = NULL;
}

static void feed(struct chan_voice *v, const int16_t *s, size_t n)
{
	if (v->asr)
		v->o.speech->ops->asr_feed(v->asr, s, n, v->o.rate);
}

/* ---- utterances ---- */

static void keep_preroll(struct chan_voice *v, const int16_t *s, size_t n)
{
	size_t cap = (size_t)v->o.rate / 1000 * PREROLL_MS;
	if (v->pre_n + n > cap) {
		size_t drop = v->pre_n + n - cap;
		memmove(v->pre, v->pre + drop, (v->pre_n - drop) * sizeof(*s));
		v->pre_n -= drop;
	}
	memcpy(v->pre + v->pre_n, s, n * sizeof(*s));
	v->pre_n += n;
}

static void utterance_begin(struct chan_voice *v)
{
	if (v->speaking) {           /* a pause within the utterance: learn from it */
		if (v->ended_wait)
			v->pause_ms += 0.25 * ((double)v->silence_ms - v->pause_ms);
		v->ended_wait = false;
		return;
	}
	v->speaking = true;
	v->told = v->ended_wait = false;
	v->utter_start_ms = v->rec_ms;
	v->voiced_ms = 0;
	feed(v, v->pre, v->pre_n);
	if (!playout_busy(&v->play))
		tell_start(v);
	else if (playout_may_cut(&v->play))
		v->play.gain_db = DUCK_DB;
}

static void utterance_end(struct chan_voice *v)
{
	v->speaking = v->ended_wait = false;
	v->play.gain_db = 0;
	if (!v->told) {              /* a cough: nothing happened */
		if (v->asr) {
			v->ignore_finals++;
			v->o.speech->ops->asr_flush(v->asr);
		}
		return;
	}
	v->end_ms = v->rec_ms - v->silence_ms;
	v->flushed_us = loop_now_us(v->o.loop);
	v->speech_end_us = v->flushed_us - v->silence_ms * 1000;
	if (!v->asr)
		return;
	v->awaiting_final = true;
	loop_after(v->o.loop, &v->final_wait, FINAL_WAIT_MS, on_final_wait, v);
	v->o.speech->ops->asr_flush(v->asr);
}

/* How long this caller may pause: a little longer than the pauses made so far. */
static int64_t end_silence(const struct chan_voice *v)
{
	double ms = END_MS + (v->pause_ms > 300 ? v->pause_ms - 300 : 0);
	return ms < END_MIN_MS ? END_MIN_MS : ms > END_MAX_MS ? END_MAX_MS : (int64_t)ms;
}

static void hear(struct chan_voice *v, const int16_t *s, size_t n)
{
	enum pcm_vad_ev ev = pcm_vad_push(&v->vad, s, n, v->tx_db);
	if (ev == PCM_VAD_START)
		utterance_begin(v);
	if (!v->speaking) {
		keep_preroll(v, s, n);
		return;
	}
	feed(v, s, n);
	v->pre_n = 0;
	if (v->vad.voiced) {
		v->voiced_ms += PCM_FRAME_MS;
		v->silence_ms = 0;
	} else {
		v->silence_ms += PCM_FRAME_MS;
	}
	if (ev == PCM_VAD_END)
		v->ended_wait = true;
	if (!v->told && v->voiced_ms >= BARGE_MS && playout_may_cut(&v->play))
		tell_start(v);
	bool over = v->ended_wait && v->silence_ms >= end_silence(v);
	bool cough = v->ended_wait && !v->told;
	if (over || cough || v->rec_ms - v->utter_start_ms > UTTERANCE_MS)
		utterance_end(v);
}

/* ---- recording ---- */

static void record(struct chan_voice *v, const int16_t *s, size_t n)
{
	static const int16_t silence[320];
	const int16_t *right = v->tx_n ? v->tx_q[0] : silence;
	v->rec_ms += PCM_FRAME_MS;
	if (v->wav && v->o.rate == PCM_HZ) {
		pcm_wavw_put(v->wav, s, right, n);
	} else if (v->wav) {
		int16_t l[400], r[400];
		size_t ln = pcm_rs_run(v->rs_rx, s, n, l, 400), rn = pcm_rs_run(v->rs_tx, right, n, r, 400);
		pcm_wavw_put(v->wav, l, r, ln < rn ? ln : rn);
	}
	if (v->tx_n) {
		v->tx_n--;
		memmove(v->tx_q[0], v->tx_q[1], sizeof(v->tx_q[0]) * (size_t)v->tx_n);
	}
}

static void record_open(struct chan_voice *v)
{
	char path[4300];
	if (!v->o.data_dir || v->o.info.interaction_id.n != 26)
		return;
	snprintf(path, sizeof(path), "%s/recordings", v->o.data_dir);
	if (file_mkdirs(path, NULL))
		return;
	snprintf(v->recording, sizeof(v->recording), "recordings/" SV_FMT ".wav",
		 SV_ARG(v->o.info.interaction_id));
	snprintf(path, sizeof(path), "%s/%s", v->o.data_dir, v->recording);
	int rc = pcm_wavw_open(&v->wav, path, PCM_HZ, 2, NULL);
	if (rc == 0 && v->o.rate != PCM_HZ)
		rc = pcm_rs_open(&v->rs_rx, v->o.rate, PCM_HZ, 3) | pcm_rs_open(&v->rs_tx, v->o.rate, PCM_HZ, 3);
	if (rc == 0)
		return;
	pcm_wavw_close(v->wav);
	v->wav = NULL;
	v->recording[0] = '\0';
}

/* ---- the 20 ms ---- */

void chan_voice_rx(struct chan_voice *v, const int16_t *s, size_t n, int64_t now_ms)
{
	if (!v->open || n == 0 || n > 320)
		return;
	v->now_ms = now_ms;
	record(v, s, n);
	if (!v->held)
		hear(v, s, n);
}

int chan_voice_tx(struct chan_voice *v, int16_t *out)
{
	size_t want = (size_t)v->o.rate / 50;
	if (!v->open || v->held) {
		memset(out, 0, want * sizeof(*out));
		return 0;
	}
	int n = playout_pull(&v->play, out);
	v->tx_db = n ? pcm_dbfs(out, (size_t)n) : PCM_NO_ECHO;
	if (v->tx_n < 4)
		memcpy(v->tx_q[v->tx_n++], out, want * sizeof(*out));
	return n;
}

/* ---- playout's news ---- */

static void played_later(void *arg)
{
	struct chan_voice *v = arg;
	struct chan_msg m = { .kind = CHAN_PLAYED, .say_id = v->played_id, .start_ms = v->say_start_ms,
			      .end_ms = v->rec_ms };
	tell(v, &m);
}

static void on_played(void *arg, uint32_t say_id)
{
	struct chan_voice *v = arg;
	v->played_id = say_id;
	loop_after(v->o.loop, &v->played_timer, GRACE_MS, played_later, v);
}

static void on_first(void *arg)
{
	struct chan_voice *v = arg;
	v->say_start_ms = v->rec_ms;
	if (v->play.n)
		metric_observe_us(M_TTS_US, loop_now_us(v->o.loop) - v->play.pieces[0]->asked_us);
	if (v->gap_open && v->speech_end_us)
		metric_observe_us(M_VOICE_GAP_US, loop_now_us(v->o.loop) - v->speech_end_us);
	v->gap_open = false;
}

/* ---- the engine's verbs ---- */

static int voice_say(struct chan_peer *p, const struct chan_out *o)
{
	struct chan_voice *v = of(p);
	if (o->event_json.n && v->o.event)
		v->o.event(v->o.arg, o->event_json);
	size_t n = o->lang.n < 3 ? o->lang.n : 3;
	if (n && strncmp(v->lang, o->lang.p, n) != 0) {   /* the conversation changed its language */
		memset(v->lang, 0, sizeof(v->lang));
		memcpy(v->lang, o->lang.p, n);
		v->o.speech->ops->asr_cancel(v->asr);
		v->asr = NULL;
		asr_begin(v);
	}
	return playout_say(&v->play, o);
}

static void voice_hush(struct chan_peer *p, struct chan_heard *ret)
{
	struct chan_voice *v = of(p);
	bool waits = loop_timer_on(&v->played_timer);
	bool busy = playout_busy(&v->play);
	loop_timer_stop(&v->played_timer);
	playout_hush(&v->play, ret);
	if (waits && !busy) {        /* its last sample was out already: all of it was heard */
		ret->say_id = v->played_id;
		ret->bytes = SIZE_MAX;
	}
	ret->start_ms = v->say_start_ms;
	ret->end_ms = v->rec_ms;
	if (busy && v->speaking)
		metric_observe_us(M_BARGE_US, (v->rec_ms - v->utter_start_ms) * 1000);
	if (v->o.flush)
		v->o.flush(v->o.arg);
}

static void voice_event(struct chan_peer *p, sv event_json)
{
	struct chan_voice *v = of(p);
	if (v->o.event)
		v->o.event(v->o.arg, event_json);
}

static void voice_close(struct chan_voice *v, enum chan_close_by by)
{
	if (!v->open)
		return;
	loop_timer_stop(&v->played_timer);
	loop_timer_stop(&v->bye);
	loop_timer_stop(&v->final_wait);
	v->o.speech->ops->asr_cancel(v->asr);
	v->asr = NULL;
	playout_done(&v->play);
	pcm_wavw_close(v->wav);
	v->wav = NULL;
	v->open = false;
	v->peer.sink->on_close(v->peer.user, by);
}

static void bye_check(void *arg)
{
	struct chan_voice *v = arg;
	bool waits = playout_busy(&v->play) && v->rec_ms < v->end_ms;
	if (waits) {
		loop_after(v->o.loop, &v->bye, PCM_FRAME_MS, bye_check, v);
		return;
	}
	voice_close(v, v->end_by);
	v->o.hangup(v->o.arg, v->end_by);
}

static void voice_hangup(struct chan_peer *p, enum chan_close_by by)
{
	struct chan_voice *v = of(p);
	if (!v->open)
		return;
	if (by == CHAN_BY_SYSTEM) {
		voice_close(v, by);
		v->o.hangup(v->o.arg, by);
		return;
	}
	if (v->ending)
		return;
	v->ending = true;
	v->end_by = by;
	int64_t left = playout_left_ms(&v->play) + 2000;
	v->end_ms = v->rec_ms + (left < BYE_MAX_MS ? left : BYE_MAX_MS);
	loop_after(v->o.loop, &v->bye, 0, bye_check, v);
}

/* ---- from the far side ---- */

void chan_voice_key(struct chan_voice *v, char digit)
{
	tell(v, &(struct chan_msg){ .kind = CHAN_KEY, .text = sv_n(&digit, 1) });
}

void chan_voice_hold(struct chan_voice *v, bool held)
{
	if (!v->open || v->held == held)
		return;
	v->held = held;
	if (held)
		v->speaking = v->ended_wait = false;
	tell_kind(v, held ? CHAN_HOLD : CHAN_RESUME);
}

void chan_voice_gone(struct chan_voice *v, enum chan_close_by by)
{
	voice_close(v, by);
}

static unsigned caps_of(const struct chan_voice *v)
{
	return CHAN_VOICE | CHAN_DTMF | (v->asr ? CHAN_ASR : 0);
}

int chan_voice_open(struct chan_voice **ret, const struct chan_voice_opts *o)
{
	static const struct chan_ops ops = { .name = "voice", .say = voice_say, .hush = voice_hush,
					     .event = voice_event, .hangup = voice_hangup };
	struct pcm_vad_opts vo;
	struct chan_voice *v = xalloc(sizeof(*v));
	v->o = *o;
	size_t n = o->info.language.n < 3 ? o->info.language.n : 3;
	memcpy(v->lang, n ? o->info.language.p : "en", n ? n : 2);
	playout_init(&v->play, o->speech, o->loop, o->rate);
	v->play.on_played = on_played;
	v->play.on_first = on_first;
	v->play.arg = v;
	v->tx_db = PCM_NO_ECHO;
	pcm_vad_defaults(&vo);
	vo.hang_ms = 200;
	pcm_vad_init(&v->vad, &vo);
	v->open = true;
	asr_begin(v);
	record_open(v);
	v->peer = (struct chan_peer){ .ops = &ops, .sink = o->sink, .loop = o->loop, .caps = caps_of(v) };
	struct chan_info info = o->info;
	info.caps = v->peer.caps;
	info.language = sv_of(v->lang);
	info.recording = sv_of(v->recording);
	*ret = v;                    /* the engine may speak from within on_open */
	int rc = o->sink->on_open(o->sink_arg, &v->peer, &info, &v->peer.user);
	if (rc == 0)
		return 0;
	v->o.speech->ops->asr_cancel(v->asr);
	pcm_wavw_close(v->wav);
	v->open = false;
	chan_voice_free(v);
	*ret = NULL;
	return rc;
}

void chan_voice_free(struct chan_voice *v)
{
	if (!v)
		return;
	voice_close(v, CHAN_BY_SYSTEM);
	playout_done(&v->play);
	pcm_rs_close(v->rs_rx);
	pcm_rs_close(v->rs_tx);
	xfree(v);
}
