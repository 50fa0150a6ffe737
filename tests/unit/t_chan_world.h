/* t_chan_world.h: a conversation on a simulated loop: scripted speech engines, an engine that
 * writes down what it is told, and a line of 20 ms frames with the customer's voice and, if
 * wanted, our own echo.
 *
 * The scripted voice speaks a byte of text in 10 ms, a tone of -12 dBFS, ten times faster than
 * real time, with a mark at each word. The scripted recogniser answers each flush with the next
 * text of its list. */
#ifndef CALLM_T_CHAN_WORLD_H
#define CALLM_T_CHAN_WORLD_H

#include <math.h>
#include <stdio.h>
#include "t.h"
#include "chan_voice.h"
#include "pcm.h"
#include "pcm_prosody.h"

#define ABOUT(a, b, eps) NEAR((double)(a), (double)(b), eps)
#define W_MSGS 256
#define W_ECHO 64

/* ---- scripted engines */

struct asr {
	struct loop *loop;
	const char *lang;          /* the one it serves */
	int start_rc;              /* of asr_start */
	const char *says[16];      /* answers, one a flush; after the last: "" */
	int n_says;
	int answer_ms;             /* < 0: never */
	/* told once 200 ms of speech were fed, and when it changes. */
	const char *partial;
	int starts, flushes, live;
	size_t fed_ms;             /* since the last flush */
	size_t had_ms;             /* at the last flush */
	struct asr_run *last;
};
struct asr_run {
	struct asr *a;
	struct asr_cb cb;
	void *arg;
	struct loop_timer t;
	int waiting;               /* flushes not answered */
	const char *told;          /* the partial, since the last flush */
};
struct tts {
	struct loop *loop;
	const char *lang;
	int hz, start_rc;
	int fail_after;            /* bytes; -1 = never */
	bool stuck, no_marks;
	int first_ms;              /* before the first sound */
	int step_ms;               /* for each 50 ms of it; 0 = 5 */
	int starts, live;
};
struct tts_run {
	struct tts *t;
	struct tts_cb cb;
	void *arg;
	struct loop_timer timer;
	char *text;
	size_t at, samples;
};

static inline bool f_asr_serves(const struct asr *a, sv lang)
{
	return sv_eq(lang, sv_of(a->lang));
}

static inline int f_asr_start(struct asr *a, sv lang, const struct asr_cb *cb, void *arg,
			      struct asr_run **ret)
{
	if (a->start_rc)
		return a->start_rc;
	struct asr_run *r = xalloc(sizeof(*r));
	*r = (struct asr_run){ .a = a, .cb = *cb, .arg = arg };
	a->starts++;
	a->live++;
	a->last = *ret = r;
	return 0;
}

static inline void f_asr_feed(struct asr_run *r, const int16_t *s, size_t n, int rate_hz)
{
	struct asr *a = r->a;
	a->fed_ms += n * 1000 / (size_t)rate_hz;
	if (a->partial && r->told != a->partial && a->fed_ms >= 500) {  /* 300 of it is pre-roll */
		r->told = a->partial;
		r->cb.on_partial(r->arg, sv_of(a->partial));
	}
}

static inline void f_asr_answer(void *arg)
{
	struct asr_run *r = arg;
	struct asr *a = r->a;
	const char *text = "";
	if (a->n_says) {
		text = a->says[0];
		memmove(&a->says[0], &a->says[1], sizeof(a->says[0]) * (size_t)--a->n_says);
	}
	if (--r->waiting)
		loop_after(a->loop, &r->t, a->answer_ms, f_asr_answer, r);
	r->cb.on_final(r->arg, sv_of(text), 0.9);
}

static inline void f_asr_flush(struct asr_run *r)
{
	struct asr *a = r->a;
	a->flushes++;
	a->had_ms = a->fed_ms;
	a->fed_ms = 0;
	r->told = NULL;
	if (r->waiting)
		t_fail(__FILE__, __LINE__, "a flush while one is under way is lost");
	if (a->answer_ms >= 0 && r->waiting++ == 0)
		loop_after(a->loop, &r->t, a->answer_ms, f_asr_answer, r);
}

static inline void f_asr_cancel(struct asr_run *r)
{
	if (!r)
		return;
	loop_timer_stop(&r->t);
	r->a->live--;
	r->a->last = NULL;
	xfree(r);
}

/* The recogniser breaks: its stream is gone. */
static inline void f_asr_break(struct asr *a)
{
	struct asr_run *r = a->last;
	struct asr_cb cb = r->cb;
	void *arg = r->arg;
	f_asr_cancel(r);
	cb.on_error(arg, ERR_UPSTREAM);
}

static inline bool f_tts_serves(const struct tts *t, sv lang)
{
	return sv_eq(lang, sv_of(t->lang));
}

static inline void f_tts_end(struct tts_run *r, int err)
{
	struct tts_cb cb = r->cb;
	void *arg = r->arg;
	r->t->live--;
	xfree(r->text);
	xfree(r);
	cb.on_end(arg, err);
}

static inline void f_tts_step(void *arg)
{
	struct tts_run *r = arg;
	struct tts *t = r->t;
	size_t len = strlen(r->text), n = (size_t)t->hz / 100;
	int16_t s[4096];
	for (int i = 0; i < 5 && r->at < len; i++, r->at++, r->samples += n) {
		if (t->fail_after >= 0 && r->at >= (size_t)t->fail_after) {
			f_tts_end(r, ERR_UPSTREAM);
			return;
		}
		if (!t->no_marks && (r->at == 0 || r->text[r->at - 1] == ' '))
			r->cb.on_mark(r->arg, r->at, r->samples);
		for (size_t k = 0; k < n; k++)
			s[k] = (int16_t)lrint(
				11600 * sin(2 * M_PI * 500 * (double)(r->samples + k) / t->hz));
		r->cb.on_pcm(r->arg, s, n, t->hz);
	}
	if (r->at == len)
		f_tts_end(r, 0);
	else
		loop_after(t->loop, &r->timer, t->step_ms ? t->step_ms : 5, f_tts_step, r);
}

static inline int f_tts_start(struct tts *t, sv text, sv lang, const struct tts_cb *cb, void *arg,
			      struct tts_run **ret)
{
	if (t->start_rc)
		return t->start_rc;
	struct tts_run *r = xalloc(sizeof(*r));
	*r = (struct tts_run){ .t = t, .cb = *cb, .arg = arg, .text = xstrdup(text) };
	t->starts++;
	t->live++;
	if (!t->stuck)
		loop_after(t->loop, &r->timer, t->first_ms, f_tts_step, r);
	*ret = r;
	return 0;
}

static inline void f_tts_cancel(struct tts_run *r)
{
	if (!r)
		return;
	loop_timer_stop(&r->timer);
	r->t->live--;
	xfree(r->text);
	xfree(r);
}

static const struct chan_speech_ops f_speech_ops = { f_asr_serves, f_asr_start, f_asr_feed,
						     f_asr_flush, f_asr_cancel, f_tts_serves,
						     f_tts_start, f_tts_cancel };

/* ---- the engine: notes what it is told */

struct w_msg {
	enum chan_msg_kind kind;
	char text[200];
	double confidence;
	int64_t start_ms, end_ms, at_ms;
	uint32_t say_id;
	bool toned;                /* it was told how it was said */
	struct pcm_prosody_sum tone;
};
struct world {
	struct loop *loop;
	struct asr asr;
	struct tts tts[2];
	struct chan_speech speech;
	struct chan_voice *v;
	struct chan_voice_opts o;
	struct chan_peer *peer;
	unsigned caps;
	char recording[128];
	/* told */
	struct w_msg msgs[W_MSGS];
	int n_msgs, closes, hangups, flushes, refuse, halts, goes_on;
	enum chan_close_by by;
	struct chan_heard heard;   /* of the last hush */
	bool no_hush;              /* leave our speech alone at SPEECH_START */
	bool free_on_hangup;
	bool end_on_open;          /* hang up by the system from within on_open */
	const char *greeting;
	enum chan_msg_kind end_on; /* hang up by the system when told this */
	bool ends;
	/* the line */
	int64_t frames;
	double voice_db;           /* of the customer, PCM_SILENT_DB = silent */
	int64_t voice_from, voice_frames;
	double echo_db;            /* our own sound comes back so much lower; 0 = not */
	int16_t sent[W_ECHO][320]; /* ring of the last frames sent */
	int16_t out[320];          /* the last one */
	int n_out;
	int64_t samples;           /* of ours sent */
	uint64_t phase;
};

static inline int w_on_open(void *arg, struct chan_peer *p, const struct chan_info *info,
			    void **user)
{
	struct world *w = arg;
	if (w->refuse)
		return w->refuse;
	w->peer = p;
	w->caps = info->caps;
	snprintf(w->recording, sizeof(w->recording), SV_FMT, SV_ARG(info->recording));
	*user = w;
	if (w->greeting)
		chan_say(p, &(struct chan_out){ .say_id = 1, .text = sv_of(w->greeting),
						.lang = SV("en"), .final = true });
	if (w->end_on_open)
		chan_hangup(p, CHAN_BY_SYSTEM);
	return 0;
}

static inline void w_on_msg(void *user, const struct chan_msg *m)
{
	struct world *w = user;
	w->halts += m->kind == CHAN_HALTED;
	w->goes_on += m->kind == CHAN_GOES_ON;
	bool aside = m->kind == CHAN_HALTED || m->kind == CHAN_GOES_ON;
	if (m->kind == CHAN_SPEECH_PARTIAL || aside || w->n_msgs == W_MSGS)
		return;
	struct w_msg *x = &w->msgs[w->n_msgs++];
	*x = (struct w_msg){ .kind = m->kind,
			     .confidence = m->confidence,
			     .start_ms = m->start_ms,
			     .end_ms = m->end_ms,
			     .at_ms = loop_now_ms(w->loop),
			     .say_id = m->say_id };
	snprintf(x->text, sizeof(x->text), SV_FMT, SV_ARG(m->text));
	x->toned = m->tone != NULL;
	if (m->tone)
		x->tone = *m->tone;
	if (m->kind == CHAN_SPEECH_START && !w->no_hush)
		chan_hush(w->peer, &w->heard);
	if (w->ends && m->kind == w->end_on)
		chan_hangup(w->peer, CHAN_BY_SYSTEM);
}

static inline void w_on_close(void *user, enum chan_close_by by)
{
	struct world *w = user;
	w->closes++;
	w->by = by;
}

static const struct chan_sink w_sink = { w_on_open, w_on_msg, w_on_close };

static inline void w_hangup(void *arg, enum chan_close_by by)
{
	struct world *w = arg;
	w->hangups++;
	if (!w->free_on_hangup)
		return;
	chan_voice_free(w->v);
	w->v = NULL;
}

static inline void w_flush(void *arg)
{
	((struct world *)arg)->flushes++;
}

/* ---- up, down, steps */

static inline void w_init(struct world *w, int rate)
{
	*w = (struct world){ .loop = loop_new_sim(1800000000000), .voice_db = PCM_SILENT_DB };
	w->asr = (struct asr){ .loop = w->loop, .lang = "en", .answer_ms = 150 };
	for (int i = 0; i < 2; i++)
		w->tts[i] = (struct tts){ .loop = w->loop,
					  .lang = "en",
					  .hz = rate,
					  .fail_after = -1,
					  .first_ms = 20 };
	w->speech = (struct chan_speech){ &f_speech_ops, &w->asr, { &w->tts[0], &w->tts[1] }, 2 };
	w->o = (struct chan_voice_opts){ .loop = w->loop, .sink = &w_sink, .sink_arg = w,
					 .speech = &w->speech, .rate = rate, .hangup = w_hangup,
					 .flush = w_flush, .arg = w };
	w->o.info = (struct chan_info){ .channel = "phone", .language = SV("en") };
}

static inline int w_open(struct world *w)
{
	return chan_voice_open(&w->v, &w->o);
}

/* Everything is given back: engines have no run left, the loop no timer (loop_free checks that). */
static inline void w_done(struct world *w)
{
	chan_voice_free(w->v);
	w->v = NULL;
	if (w->asr.live || w->tts[0].live || w->tts[1].live)
		t_fail(__FILE__, __LINE__, "a run of an engine is left");
	loop_free(w->loop);
}

static inline void w_frame_in(struct world *w, int16_t *in)
{
	int n = w->o.rate / 50;
	for (int i = 0; i < n; i++)       /* a quiet room, -65 dBFS */
		in[i] = (int16_t)(rng_below(t_rng(), 64) - 32);
	int64_t at = w->frames - w->voice_from;
	double db = at % 25 == 24 ? w->voice_db - 30 : w->voice_db;  /* speech dips */
	if (at >= 0 && at < w->voice_frames)
		for (int i = 0; i < n; i++, w->phase++)
			in[i] = (int16_t)lrint(32767 * sqrt(2) * pow(10, db / 20) *
					       sin(2 * M_PI * 300 * (double)w->phase / w->o.rate));
	if (w->echo_db < 0 && w->frames >= 6) {
		int16_t back[320];
		memcpy(back, w->sent[(w->frames - 6) % W_ECHO], sizeof(back));
		pcm_gain(back, (size_t)n, w->echo_db);
		pcm_mix(in, back, (size_t)n);
	}
}

/* 20 ms pass: heard, then said, as on a telephone line. */
static inline void w_step(struct world *w)
{
	int16_t in[320];
	loop_sim_advance(w->loop, 20);
	if (!w->v)
		return;
	w_frame_in(w, in);
	chan_voice_rx(w->v, in, (size_t)w->o.rate / 50, loop_now_ms(w->loop));
	w->n_out = w->v ? chan_voice_tx(w->v, w->out) : 0;
	memcpy(w->sent[w->frames % W_ECHO], w->out, sizeof(w->out));
	w->samples += w->n_out;
	w->frames++;
}

static inline void w_run(struct world *w, int ms)
{
	for (int i = 0; i < ms / 20; i++)
		w_step(w);
}

/* The customer speaks from now on for ms, at -20 dBFS. */
static inline void w_speak(struct world *w, int ms)
{
	w->voice_db = -20;
	w->voice_from = w->frames;
	w->voice_frames = ms / 20;
}

static inline int w_say(struct world *w, uint32_t id, const char *text, bool final)
{
	return chan_say(w->peer, &(struct chan_out){ .say_id = id,
						     .text = sv_of(text),
						     .lang = SV("en"),
						     .delta = !final,
						     .final = final });
}

static inline int w_count(const struct world *w, enum chan_msg_kind kind)
{
	int n = 0;
	for (int i = 0; i < w->n_msgs; i++)
		n += w->msgs[i].kind == kind;
	return n;
}

/* The k-th message of that kind (0 = first); a zeroed one when there is none. */
static inline const struct w_msg *w_msg(const struct world *w, enum chan_msg_kind kind, int k)
{
	static const struct w_msg none;
	for (int i = 0; i < w->n_msgs; i++)
		if (w->msgs[i].kind == kind && k-- == 0)
			return &w->msgs[i];
	return &none;
}

static inline bool w_until(struct world *w, enum chan_msg_kind kind, int n, int ms)
{
	for (; ms > 0 && w_count(w, kind) < n; ms -= 20)
		w_step(w);
	return w_count(w, kind) >= n;
}

#endif
