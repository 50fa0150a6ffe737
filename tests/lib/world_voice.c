/* world_voice.c: callers of the simulated world: the real spoken channel (chan_voice) in 20 ms
 * steps of the virtual clock, between a mouth that makes noise like speech, a recogniser that
 * hears what the story says, and a synthesiser whose sound has a length by its letters with a
 * mark at each word.
 *
 * Speech and room are Gaussian noise from the world's seeded generator, speech with syllables
 * and gaps: the voice detector under test decides what they are. One engine set for each
 * caller, so that a recogniser stream knows whose it is. */
#include "world.h"

#include <math.h>
#include <stdio.h>

#define ROOM_DB (-66.0)
#define SPEECH_DB (-24.0)
#define EN_MS 65                     /* of sound for a byte of English */
#define ZH_MS 220                    /* for a Chinese character */
#define TTS_HZ 16000
#define TTS_FIRST_MS 80
#define TTS_CHUNK_MS 200
#define PARTIAL_MS 250               /* half of the words are known */
#define WHOLE_MS 150                 /* after the last one all are, unless it is asked before */

/* ---- the recogniser ---- */

struct asr_run {
	struct actor *a;
	const struct asr_cb *cb;
	void *arg;
	struct loop_timer partial, whole, final;
	char *heard;                 /* in the utterance so far, owned */
	VEC(char *) finals;          /* flushed, to be told, owned */
	double confidence;
};

static bool ears_serve(const struct asr *x, sv lang)
{
	const struct actor *a = (const struct actor *)(const void *)x;
	return a->ears.on && (!a->ears.lang[0] || sv_eq(lang, sv_of(a->ears.lang)));
}

static int ears_start(struct asr *x, sv lang, const struct asr_cb *cb, void *arg,
		      struct asr_run **ret)
{
	struct actor *a = (struct actor *)(void *)x;
	struct asr_run *r = xalloc(sizeof(*r));
	*r = (struct asr_run){ .a = a, .cb = cb, .arg = arg, .confidence = 1 };
	a->ears.run = r;
	*ret = r;
	return 0;
}

static void ears_free(struct asr_run *r)
{
	loop_timer_stop(&r->partial);
	loop_timer_stop(&r->whole);
	loop_timer_stop(&r->final);
	for (size_t i = 0; i < r->finals.n; i++)
		xfree(r->finals.v[i]);
	VEC_FREE(&r->finals);
	xfree(r->heard);
	if (r->a->ears.run == r)
		r->a->ears.run = NULL;
	xfree(r);
}

static void ears_cancel(struct asr_run *r)
{
	if (r)
		ears_free(r);
}

static void tell_partial(void *arg)
{
	struct asr_run *r = arg;
	sv words = sv_of(r->heard);
	if (words.n)
		r->cb->on_partial(r->arg,
				  sv_slice(words, 0,
					   sv_rune_offset(words, (sv_runes(words) + 1) / 2)));
}

static void tell_whole(void *arg)
{
	struct asr_run *r = arg;
	if (r->heard)
		r->cb->on_partial(r->arg, sv_of(r->heard));
}

static void ears_feed(struct asr_run *r, const int16_t *s, size_t n, int hz)
{
	struct mouth *m = &r->a->mouth;
	if (!m->words || m->taken || m->left_ms <= 0)
		return;
	m->taken = true;
	struct sb b;
	sb_init(&b, LIM_SB);
	if (r->heard)
		sb_fmt(&b, "%s ", r->heard);
	sb_cstr(&b, m->words);
	xfree(r->heard);
	r->heard = xstrdup(sb_sv(&b));
	r->confidence = m->confidence;
	sb_done(&b);
	loop_after(r->a->w->loop, &r->partial, PARTIAL_MS, tell_partial, r);
	loop_after(r->a->w->loop, &r->whole, (int)m->left_ms + WHOLE_MS, tell_whole, r);
}

static void tell_final(void *arg)
{
	struct asr_run *r = arg;
	char *words = r->finals.v[0];
	r->finals.n--;
	memmove(&r->finals.v[0], &r->finals.v[1], r->finals.n * sizeof(words));
	if (r->finals.n)
		loop_after(r->a->w->loop, &r->final, 1, tell_final, r);
	world_note(r->a->w, "%s: recognised \"%s\"", r->a->name, words);
	r->cb->on_final(r->arg, sv_of(words), r->confidence);   /* r may be gone afterwards */
	xfree(words);
}

static void ears_flush(struct asr_run *r)
{
	char **slot = VEC_PUSH(&r->finals, 16);
	ASSERT(slot);
	*slot = r->heard ? r->heard : xstrdup(SV(""));
	r->heard = NULL;
	loop_timer_stop(&r->partial);
	loop_timer_stop(&r->whole);
	if (!loop_timer_on(&r->final))
		loop_after(r->a->w->loop, &r->final, r->a->ears.delay_ms, tell_final, r);
}

void actor_lose_ears(struct actor *a)
{
	struct asr_run *r = a->ears.run;
	world_note(a->w, "%s: the recogniser breaks down", a->name);
	a->ears.on = false;
	if (!r)
		return;
	const struct asr_cb *cb = r->cb;
	void *arg = r->arg;
	ears_free(r);
	cb->on_error(arg, ERR_CLOSED);
}

/* ---- the synthesiser ---- */

struct tts_run {
	struct actor *a;
	const struct tts_cb *cb;
	void *arg;
	struct loop_timer timer;
	char *text;                  /* owned */
	bool zh;
	size_t at, made;             /* next byte to be spoken, samples so far */
};

static bool mouth_serves(const struct tts *x, sv lang)
{
	return true;
}

static bool word_begins(const struct tts_run *r, size_t at)
{
	return r->zh || at == 0 || r->text[at - 1] == ' ';
}

/* Speaks one rune, more quietly on spaces: sound with gaps as real speech has. */
static size_t speak_rune(struct tts_run *r, sv rune, int16_t *out)
{
	size_t n = (size_t)(r->zh ? ZH_MS : EN_MS) * TTS_HZ / 1000;
	double amp = *rune.p == ' ' ? 1000 : 3300;
	for (size_t i = 0; i < n; i++)
		out[i] = (int16_t)(amp * sin(2 * M_PI * 220 * (double)(r->made + i) / TTS_HZ));
	return n;
}

static void speak_on(void *arg)
{
	struct tts_run *r = arg;
	int16_t pcm[ZH_MS * TTS_HZ / 1000];
	sv rest = sv_of(r->text + r->at);
	for (size_t ms = 0; rest.n && ms < TTS_CHUNK_MS; ms += r->zh ? ZH_MS : EN_MS) {
		sv rune = rest;
		(void)sv_rune(&rest);
		size_t n = speak_rune(r, rune, pcm), mark = r->made, at = r->at;
		r->at = (size_t)(rest.p - r->text);
		r->made += n;
		r->cb->on_pcm(r->arg, pcm, n, TTS_HZ);
		if (word_begins(r, at))
			r->cb->on_mark(r->arg, at, mark);
	}
	if (rest.n) {
		loop_after(r->a->w->loop, &r->timer, 5, speak_on, r);
		return;
	}
	r->cb->on_end(r->arg, 0);
	xfree(r->text);
	xfree(r);
}

static int mouth_start(struct tts *x, sv text, sv lang, const struct tts_cb *cb, void *arg,
		       struct tts_run **ret)
{
	struct actor *a = (struct actor *)(void *)x;
	struct tts_run *r = xalloc(sizeof(*r));
	*r = (struct tts_run){ .a = a, .cb = cb, .arg = arg, .text = xstrdup(text),
			       .zh = sv_starts(lang, SV("zh")) };
	loop_after(a->w->loop, &r->timer, TTS_FIRST_MS, speak_on, r);
	world_note(a->w, "%s: synthesis of \"" SV_FMT "\"", a->name, SV_ARG(text));
	*ret = r;
	return 0;
}

static void mouth_cancel(struct tts_run *r)
{
	if (!r)
		return;
	loop_timer_stop(&r->timer);
	xfree(r->text);
	xfree(r);
}

static const struct chan_speech_ops ops = {
	ears_serve,  ears_start,   ears_feed,   ears_flush,
	ears_cancel, mouth_serves, mouth_start, mouth_cancel,
};

/* ---- the line, 20 ms at a time ---- */

static void noise(struct actor *a, double db, int16_t *s)
{
	double amp = 32768 * pow(10, db / 20);
	for (int i = 0; i < PCM_FRAME; i++) {
		double v = amp * rng_normal(&a->w->rng);
		s[i] = (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : v);
	}
}

/* Syllables: 140 ms loud, 40 ms soft, and between words 60 ms of nothing, as speech has it. */
static double speech_db(const struct mouth *m)
{
	int64_t at = m->left_ms % 600;
	if (at < 60 && m->left_ms > 60)
		return ROOM_DB;
	return at % 180 < 40 ? m->level_db - 8 : m->level_db;
}

static void say_frame(struct actor *a, int16_t *s)
{
	struct mouth *m = &a->mouth;
	bool speaking = m->left_ms > 0;
	noise(a, speaking ? speech_db(m) : ROOM_DB, s);
	if (a->echo_db < 0)
		pcm_mix(s, a->echo[a->echo_at], PCM_FRAME);
	if (!speaking)
		return;
	m->left_ms -= PCM_FRAME_MS;
	if (m->left_ms <= 0)
		a->spoke_ms = world_ms(a->w) + PCM_FRAME_MS;
}

static void hear_frame(struct actor *a, int16_t *s, int n)
{
	int64_t now = world_ms(a->w);
	bool loud = n > 0 && pcm_dbfs(s, PCM_FRAME) > -50;
	if (loud)
		a->sound_total_ms += PCM_FRAME_MS;
	if (loud && !a->sounding) {
		a->sounding = true;
		a->sound_since_ms = now;
		world_note(a->w, "%s: we are heard", a->name);
	}
	a->quiet_ms = loud ? 0 : a->quiet_ms + PCM_FRAME_MS;
	if (a->sounding && a->quiet_ms >= 100) {
		a->sounding = false;
		a->silent_since_ms = now - a->quiet_ms + PCM_FRAME_MS;
		world_note(a->w, "%s: we have been silent since %.3f", a->name,
			   (double)a->silent_since_ms / 1000);
	}
	memcpy(a->echo[a->echo_at], s, sizeof(a->echo[0]));
	if (a->echo_db < 0)
		pcm_gain(a->echo[a->echo_at], PCM_FRAME, a->echo_db);
	a->echo_at = (a->echo_at + 1) % 6;
}

static void on_tick(void *arg)
{
	struct actor *a = arg;
	int16_t in[PCM_FRAME], out[PCM_FRAME];
	if (a->over)
		return;
	loop_after(a->w->loop, &a->tick, PCM_FRAME_MS, on_tick, a);
	say_frame(a, in);
	chan_voice_rx(a->voice, in, PCM_FRAME, loop_now_ms(a->w->loop));
	if (a->over)
		return;
	int n = chan_voice_tx(a->voice, out);
	hear_frame(a, out, n);
}

static void on_event(void *arg, sv json)
{
	actor_got_row(arg, json);
}

static void on_hangup(void *arg, enum chan_close_by by)
{
	struct actor *a = arg;
	a->over = true;
	a->by = by;
	loop_timer_stop(&a->tick);
	world_note(a->w, "%s: the call is ended by us", a->name);
}

static int on_transfer(void *arg, const struct chan_move *m)
{
	struct actor *a = arg;
	a->transfers++;
	world_note(a->w, "%s: transfer to " SV_FMT ", briefing: " SV_FMT, a->name, SV_ARG(m->to),
		   SV_ARG(m->briefing));
	return sv_starts(m->to, SV("sip:")) ? 0 : ERR_INVAL;
}

void actor_moved(struct actor *a, const char *step, const char *why)
{
	world_note(a->w, "%s: transfer %s %s", a->name, step, why);
	a->acted_ms = a->spoke_ms = world_ms(a->w);
	chan_voice_moved(a->voice, step, why, *why ? 486 : 0);
}

/* ---- callers ---- */

struct actor *world_call_from(struct world *w, sv name, sv lang, sv recogniser, sv from)
{
	struct talk_shard *s = talk_hub_pick(w->hub, 0);
	ASSERT(w->n_actors < WORLD_ACTORS && name.n < 16 && lang.n < 4 && !world_find(w, name));
	struct actor *a = w->actors[w->n_actors++] = xalloc(sizeof(*a));
	a->w = w;
	a->phone = true;
	memcpy(a->name, name.p, name.n);
	memcpy(a->lang, lang.p, lang.n);
	id_new(a->id);
	id_new(a->interaction);
	a->ears = (struct ears){ .on = !sv_eq(recogniser, SV("off")), .delay_ms = 150 };
	if (a->ears.on && !sv_eq(recogniser, SV("on")))
		memcpy(a->ears.lang, recogniser.p, 2);
	a->speech = (struct chan_speech){ .ops = &ops, .asr = (struct asr *)(void *)a, .n_tts = 1,
					  .tts = { (struct tts *)(void *)a } };
	struct chan_voice_opts o = {
		.loop = w->loop,
		.sink = world_people_sink(w),
		.sink_arg = s,
		.speech = &a->speech,
		.rate = PCM_HZ,
		.hangup = on_hangup,
		.event = on_event,
		.transfer = w->o.transfer_to ? on_transfer : NULL,
		.arg = a,
		.data_dir = w->o.dir,
		.info = { .channel = "phone",
			  .language = sv_of(a->lang),
			  .address = from.n ? from : SV("+8613800138000"),
			  .id = sv_of(a->id),
			  .interaction_id = sv_of(a->interaction) },
	};
	world_note(w, "%s calls", a->name);
	ASSERT(chan_voice_open(&a->voice, &o) == 0);
	loop_after(w->loop, &a->tick, PCM_FRAME_MS, on_tick, a);
	return a;
}

void actor_speak(struct actor *a, sv words, int64_t ms, double level_db, double confidence)
{
	world_note(a->w, "%s speaks for %d ms: \"" SV_FMT "\"", a->name, (int)ms, SV_ARG(words));
	a->acted_ms = world_ms(a->w);
	xfree(a->mouth.words);
	a->mouth = (struct mouth){ .left_ms = ms,
				   .level_db = level_db < 0 ? level_db : SPEECH_DB,
				   .words = words.n ? xstrdup(words) : NULL,
				   .confidence = confidence };
}

void actor_press(struct actor *a, char key)
{
	world_note(a->w, "%s presses %c", a->name, key);
	a->acted_ms = a->spoke_ms = world_ms(a->w);
	chan_voice_key(a->voice, key);
}

void actor_hold(struct actor *a, bool held)
{
	world_note(a->w, "%s %s", a->name, held ? "puts us on hold" : "is back from hold");
	a->acted_ms = a->spoke_ms = world_ms(a->w);
	a->held = held;
	chan_voice_hold(a->voice, held);
}

void actor_detach(struct actor *a)
{
	if (a->web) {
		chan_web_unref(a->web);
		a->web = NULL;
	}
	if (!a->voice)
		return;
	loop_timer_stop(&a->tick);
	if (!a->over)
		chan_voice_gone(a->voice, CHAN_BY_CUSTOMER);
	chan_voice_free(a->voice);
	a->voice = NULL;
	a->over = true;
}
