/* app_engines.c: the speech engines of every shard.
 *
 * Engines belong to their shard and live on its loop. Which ones is app_models' business; when
 * something was installed, each shard opens the new ones beside the old and puts them in their
 * place: later calls and sentences use them, what is under way ends with what it began with. A
 * set that does not open leaves the old one and a note for /readyz. */
#include "app_engines.h"
#include "app_int.h"
#include "chan_cache.h"
#include "chan_vad.h"

#include <stdio.h>

#define CACHE_BYTES (6u << 20) /* of spoken company texts, over all shards */
#define WARM_MAX 8
#define RETIRED_MAX 16
#define NOTES_MAX 64

struct shard_voice { /* a shard's engines; its thread */
	struct chan_speech speech;
	const struct app_specs *tts_specs, *asr_specs, *turn_specs;
	struct loop_timer sweep;
	/* replaced ones; a call keeps its recogniser, so those close with the shard */
	struct tts *old_tts[RETIRED_MAX];
	struct asr *old_asr[RETIRED_MAX];
	int n_old_tts, n_old_asr;
	struct chan_warm *warm[WARM_MAX];
	int n_warm;
	struct app_engines *all;
	struct talk_hub *hub;
	const struct talk_texts *texts;
};

struct app_engines {
	const jv *cfg;
	struct app_models *models;
	/* read by shards; change whole, and are kept until the end */
	_Atomic(const struct app_specs *) asr, tts, turn;
	struct snap *vad; /* of struct pcm_silero, for all shards */
	const struct app_specs *vad_specs;
	/* what is wrong, "" = nothing: written by the main thread and the first shard, read by
	 * the door; strings are kept until the end */
	_Atomic(const char *) asr_note, tts_note, turn_note;
	_Atomic(const char *) lm_note; /* of the English recogniser's language model */
	_Atomic(int) n_notes;
	char *notes[NOTES_MAX];
};

static void set_note(struct app_engines *g, _Atomic(const char *) *note, const char *text)
{
	if (strcmp(*note, text) == 0)
		return;
	if (!*text) {
		*note = "";
		return;
	}
	int at = g->n_notes++;
	if (at < NOTES_MAX)
		*note = g->notes[at] = xstrdup(sv_of(text));
}

/* ---- one shard ---- */

/* An utterance lasts minutes at most: by then nothing comes from the old voices. */
#define OLD_VOICES_MS (5 * 60 * 1000)

static void close_old_voices(void *arg)
{
	struct shard_voice *own = arg;
	while (own->n_old_tts)
		tts_close(own->old_tts[--own->n_old_tts]);
}

/* The voices in the order of the list, each standing in for the one before it. */
static void set_voices(struct app_engines *g, struct shard_voice *own, struct talk_shard *s)
{
	const struct app_specs *want = g->tts;
	struct chan_speech *sp = &own->speech;
	struct loop *l = talk_shard_loop(s);
	struct err e = { 0 };
	struct tts *t;
	sp->producer = jv_get_str(jv_get(g->cfg, "recording"), "producer").p;
	sp->no_tone = !jv_get_bool(jv_get(g->cfg, "feel"), "voice", true);
	if (!want->n || own->tts_specs == want || own->n_old_tts == RETIRED_MAX)
		return;
	int rc = tts_open_list(&t, want->v, want->n, l, &e);
	if (talk_shard_index(s) == 0)
		set_note(g, &g->tts_note, rc ? e.msg : tts_error(t));
	if (rc)
		return;
	if (sp->n_tts) {
		own->old_tts[own->n_old_tts++] = sp->tts[0];
		loop_after(l, &own->sweep, OLD_VOICES_MS, close_old_voices, own);
	}
	sp->tts[0] = t;
	sp->n_tts = 1;
	own->tts_specs = want;
}

/* All shards find the same; the first one says it. */
static void set_ears(struct app_engines *g, struct shard_voice *own, struct talk_shard *s)
{
	const jv *speech = jv_get(g->cfg, "speech");
	const struct app_specs *want = g->asr;
	struct err e = { 0 };
	struct asr *a;
	if (!jv_get_bool(speech, "recognise", true) || !want->n || own->asr_specs == want ||
	    own->n_old_asr == RETIRED_MAX)
		return;
	int workers = (int)(jv_get_int(speech, "workers", 4) / (int64_t)talk_hub_shards(own->hub));
	struct model_spec spec[APP_SPECS];
	for (size_t i = 0; i < want->n; i++) {
		spec[i] = want->v[i];
		spec[i].max_workers = workers > 0 ? workers : 1;
	}
	int rc = asr_open_list(&a, spec, want->n, talk_shard_loop(s), &e);
	if (talk_shard_index(s) == 0)
		set_note(g, &g->asr_note, rc ? e.msg : "");
	if (rc)
		return;
	if (own->speech.asr)
		own->old_asr[own->n_old_asr++] = own->speech.asr;
	own->speech.asr = a;
	own->asr_specs = want;
}

/* Once: another model of this kind waits for the next start. */
static void set_turn(struct app_engines *g, struct shard_voice *own, struct talk_shard *s)
{
	const struct app_specs *want = g->turn;
	struct err e = { 0 };
	if (!want->n || own->speech.turn || own->turn_specs == want)
		return;
	int rc = turn_open(&own->speech.turn, &want->v[0], talk_shard_loop(s), &e);
	if (rc)
		own->speech.turn = NULL;
	if (talk_shard_index(s) == 0)
		set_note(g, &g->turn_note, rc ? e.msg : "");
	own->turn_specs = want;
}

/* Greetings and menus are what every call hears first: made before the first call. */
static void warm_up(struct shard_voice *own, const struct talk_texts *texts)
{
	static const char *const keys[] = { "greeting_voice", "greeting_keypad", "disclosure",
					    "outbound_hello" };
	static const char *const langs[] = { "en", "zh" };
	for (int i = 0; i < own->n_warm; i++)
		chan_warm_free(own->warm[i]);
	own->n_warm = 0;
	chan_cache_clear(own->speech.cache);
	for (int k = 0; k < 4; k++)
		for (int l = 0; l < 2; l++) {
			sv lang = sv_of(langs[l]);
			bool speech = own->speech.asr && asr_serves(own->speech.asr, lang);
			if (k >= 2 || speech == (k == 0))
				own->warm[own->n_warm++] =
					chan_warm_start(&own->speech,
							talk_text(texts, lang, keys[k], 0),
							lang, PCM_HZ);
		}
}

static void set_all(struct app_engines *g, struct shard_voice *own, struct talk_shard *s)
{
	set_voices(g, own, s);
	set_ears(g, own, s);
	set_turn(g, own, s);
	warm_up(own, own->texts);
}

static void shard_down(struct talk_shard *s, struct shard_voice *own)
{
	for (int i = 0; i < own->n_warm; i++)
		chan_warm_free(own->warm[i]);
	loop_timer_stop(&own->sweep);
	close_old_voices(own);
	for (int i = 0; i < own->n_old_asr; i++)
		asr_close(own->old_asr[i]);
	asr_close(own->speech.asr);
	for (int i = 0; i < own->speech.n_tts; i++)
		tts_close(own->speech.tts[i]);
	turn_close(own->speech.turn);
	chan_vad_free(own->speech.vad);
	chan_cache_free(own->speech.cache);
	xfree(own);
	talk_shard_set_user(s, NULL);
}

void app_engines_shard(struct app_engines *g, struct talk_hub *hub,
		       const struct talk_texts *texts, struct talk_shard *s, bool up)
{
	struct shard_voice *own = talk_shard_user(s);
	if (!up) {
		if (own)
			shard_down(s, own);
		return;
	}
	own = xalloc(sizeof(*own));
	own->all = g;
	own->hub = hub;
	own->texts = texts;
	own->speech.ops = &chan_speech_model;
	own->speech.cache = chan_cache_new(CACHE_BYTES / talk_hub_shards(hub));
	own->speech.vad = chan_vad_new(talk_shard_loop(s), g->vad);
	set_all(g, own, s);
	talk_shard_set_user(s, own);
}

const struct chan_speech *app_engines_speech(struct talk_shard *s)
{
	struct shard_voice *own = talk_shard_user(s);
	return own ? &own->speech : NULL;
}

/* ---- all shards ---- */

static void look_vad(struct app_engines *g)
{
	const struct app_specs *want = app_models_of(g->models, APP_VAD);
	struct pcm_silero *w;
	struct err e = { 0 };
	if (want == g->vad_specs)
		return;
	g->vad_specs = want;
	if (!want->n)
		return;
	if (pcm_silero_open(&w, want->v[0].file, &e))
		LOG(WARN, "models.failed", "voice detection stays as it was: %s", e.msg);
	else
		snap_publish(g->vad, w);
}

static void look(struct app_engines *g)
{
	g->asr = app_models_of(g->models, APP_ASR);
	g->tts = app_models_of(g->models, APP_TTS);
	g->turn = app_models_of(g->models, APP_TURN);
	look_vad(g);
}

static void renew_here(void *arg)
{
	struct talk_shard *s = arg;
	struct shard_voice *own = talk_shard_user(s);
	if (own) /* else the shard is on its way down */
		set_all(own->all, own, s);
}

void app_engines_renew(struct app_engines *g, struct talk_hub *hub)
{
	look(g);
	for (size_t i = 0; i < talk_hub_shards(hub); i++) {
		struct talk_shard *s = talk_hub_shard(hub, i);
		if (mbox_post(talk_shard_mbox(s), renew_here, s))
			LOG(WARN, "models.failed", "shard %zu is too busy: its engines stay", i);
	}
}

int app_engines_open(struct app_engines **ret, const jv *cfg, struct app_models *m)
{
	struct app_engines *g = xalloc(sizeof(*g));
	g->cfg = cfg;
	g->models = m;
	g->asr_note = g->tts_note = g->turn_note = g->lm_note = "";
	g->vad = snap_new(NULL);
	look(g);
	*ret = g;
	return 0;
}

void app_engines_close(struct app_engines *g)
{
	if (!g)
		return;
	snap_free(g->vad);
	for (int i = 0; i < NOTES_MAX; i++)
		xfree(g->notes[i]);
	xfree(g);
}

/* ---- health ---- */

void app_engines_complain(struct app_engines *g, const char *why)
{
	set_note(g, &g->lm_note, why);
}

/* "whisper, pocketsphinx", or what is wrong. */
static void component(jv *components, const char *name, const struct app_specs *specs,
		      const char *note, const char *none)
{
	struct sb b;
	jv *c = jv_obj();
	sb_init(&b, 1024);
	for (size_t i = 0; i < specs->n; i++)
		sb_fmt(&b, "%s%s", i ? ", " : "", specs->v[i].kind);
	jv_set_str(c, "name", sv_of(name));
	jv_set_str(c, "status", note[0] ? SV("degraded") : SV("ok"));
	jv_set_str(c, "detail", note[0] ? sv_of(note) : specs->n ? sb_sv(&b) : sv_of(none));
	jv_push(components, c);
	sb_done(&b);
}

void app_engines_health(struct app_engines *g, jv *components)
{
	bool deaf = !jv_get_bool(jv_get(g->cfg, "speech"), "recognise", true);
	static const struct app_specs nothing;
	const char *asr = g->asr_note;
	component(components, "asr", deaf ? &nothing : g->asr, asr[0] ? asr : g->lm_note,
		  "switched off: keypad menu");
	component(components, "tts", g->tts, g->tts_note, "none");
	component(components, "turn", g->turn, g->turn_note, "the length of pauses");
}
