/* bench_clip.c: what callers and the fake synthesis say: sentences spoken by flite (two voices),
 * with the times of their words, at 8 and 24 kHz.
 *
 * Each sentence is spoken once and kept by its text until the end. Silence at both ends is cut
 * off, so that the first sample sent is the first that can be heard, and the level is the same
 * for all, so that thresholds mean something. One loop, one thread. */
#include "bench_int.h"

#include <math.h>

enum { VOICES = 2, RATE = 16000, WIDE = 24000, CLIPS_MAX = 20000, BLOCK = 40, TAIL = 320 };
#define LOUD_DB (-45.0)
#define SPEECH_DB (-20.0)

struct wish {
	bench_clip_fn *fn;
	void *arg;
};
struct job {
	struct bench_clips *c;
	struct job *next;
	struct tts_run *run;
	enum bench_voice_kind who;
	char *text;
	struct bench_clip *clip;
	VEC(int16_t) pcm;
	VEC(struct wish) wishes;
};
struct bench_clips {
	struct loop *loop;
	struct tts *tts[VOICES];
	struct map *known;           /* "0text" -> clip */
	struct map *jobs;            /* the same -> job */
	VEC(struct bench_clip *) all;
};

/* ---- levels ---- */

void bench_clip_bounds(struct bench_clip *c)
{
	c->loud_from = c->n;
	c->loud_to = 0;
	for (size_t i = 0; i + BLOCK <= c->n; i += BLOCK) {
		if (pcm_dbfs(c->s + i, BLOCK) < LOUD_DB)
			continue;
		if (c->loud_from == c->n)
			c->loud_from = i;
		c->loud_to = i + BLOCK;
	}
}

void bench_clip_level(int16_t *s, size_t n, double db)
{
	double sum = 0;
	size_t k = 0;
	for (size_t i = 0; i + BLOCK <= n; i += BLOCK) {
		double level = pcm_dbfs(s + i, BLOCK);
		if (level < LOUD_DB)
			continue;
		sum += pow(10, level / 10);
		k++;
	}
	if (k)
		pcm_gain(s, n, db - 10 * log10(sum / (double)k));
}

/* ---- making one ---- */

static struct bench_clip *clip_new(struct bench_clips *c, sv text)
{
	struct bench_clip **slot = VEC_PUSH(&c->all, CLIPS_MAX);
	ASSERT(slot);
	*slot = xalloc(sizeof(**slot));
	(*slot)->text = xstrdup(text);
	return *slot;
}

struct bench_clip *bench_clip_add(struct bench_clips *c, const char *text, int16_t *s, size_t n)
{
	struct bench_clip *k = clip_new(c, sv_of(text));
	k->s = s;
	k->n = n;
	bench_clip_bounds(k);
	return k;
}

/* Several one after the other, with so much silence behind each. */
struct bench_clip *bench_clip_join(struct bench_clips *c, struct bench_clip *const *v,
				   const int *gap_ms, size_t n)
{
	struct sb text;
	size_t all = 0, at = 0;
	sb_init(&text, LIM_SB);
	for (size_t i = 0; i < n; i++)
		all += v[i]->n + (size_t)gap_ms[i] * 8;
	struct bench_clip *k = clip_new(c, SV(""));
	k->s = xalloc((all + 1) * sizeof(*k->s));
	k->n = all;
	for (size_t i = 0; i < n; i++) {
		for (size_t w = 0; w < v[i]->words.n; w++) {
			struct bench_word *x = VEC_PUSH(&k->words, 4096);
			if (x)
				*x = (struct bench_word){ text.n + v[i]->words.v[w].byte,
							  at + v[i]->words.v[w].at };
		}
		sb_fmt(&text, "%s ", v[i]->text);
		memcpy(k->s + at, v[i]->s, v[i]->n * sizeof(*k->s));
		at += v[i]->n + (size_t)gap_ms[i] * 8;
	}
	xfree(k->text);
	k->text = xstrdup(sv_trim(sb_sv(&text)));
	sb_done(&text);
	bench_clip_bounds(k);
	return k;
}

/* What was spoken at 16 kHz becomes the clip: trimmed, levelled, at both rates. */
static void finish(struct job *j)
{
	struct bench_clip *k = j->clip;
	struct bench_clip raw = { .s = j->pcm.v, .n = j->pcm.n };
	bench_clip_level(raw.s, raw.n, SPEECH_DB);
	bench_clip_bounds(&raw);
	if (raw.loud_to <= raw.loud_from)
		return;
	size_t to = raw.loud_to + TAIL < raw.n ? raw.loud_to + TAIL : raw.n;
	int16_t *s = raw.s + raw.loud_from;
	size_t n = to - raw.loud_from;
	if (pcm_resample(s, n, RATE, PCM_HZ, &k->s, &k->n) ||
	    pcm_resample(s, n, RATE, WIDE, &k->wide, &k->n_wide))
		return;
	for (size_t i = 0; i < k->words.n; i++) {
		size_t at = k->words.v[i].at;
		at = at > raw.loud_from ? at - raw.loud_from : 0;
		k->words.v[i].at = at * PCM_HZ / RATE;
	}
	bench_clip_bounds(k);
}

static void job_free(struct job *j)
{
	tts_cancel(j->run);
	VEC_FREE(&j->pcm);
	VEC_FREE(&j->wishes);
	xfree(j->text);
	xfree(j);
}

static void on_pcm(void *arg, const int16_t *s, size_t n, int rate_hz)
{
	struct job *j = arg;
	for (size_t i = 0; i < n && rate_hz == RATE; i++) {
		int16_t *slot = VEC_PUSH(&j->pcm, (size_t)RATE * 120);
		if (slot)
			*slot = s[i];
	}
}

static void on_mark(void *arg, size_t text_offset, size_t samples)
{
	struct job *j = arg;
	struct bench_word *w = VEC_PUSH(&j->clip->words, 4096);
	if (w)
		*w = (struct bench_word){ text_offset, samples };
}

static char *key_of(enum bench_voice_kind who, sv text, struct sb *b)
{
	sb_init(b, LIM_SB);
	sb_ch(b, who == BENCH_CALLER ? '0' : '1');
	sb_put(b, text);
	return b->p;
}

static void on_end(void *arg, int err)
{
	struct job *j = arg;
	struct bench_clips *c = j->c;
	struct sb key;
	j->run = NULL;
	(void)key_of(j->who, sv_of(j->text), &key);
	map_del(c->jobs, sb_sv(&key));
	if (!err)
		finish(j);
	bool good = !err && j->clip->n > 0;
	if (good)
		map_put(c->known, sb_sv(&key), j->clip);
	sb_done(&key);
	for (size_t i = 0; i < j->wishes.n; i++)
		if (j->wishes.v[i].fn)
			j->wishes.v[i].fn(j->wishes.v[i].arg, good ? j->clip : NULL);
	job_free(j);
}

static struct job *job_start(struct bench_clips *c, enum bench_voice_kind who, sv text, sv key)
{
	static const struct tts_cb cb = { .on_pcm = on_pcm, .on_mark = on_mark, .on_end = on_end };
	struct job *j = xalloc(sizeof(*j));
	j->c = c;
	j->who = who;
	j->text = xstrdup(text);
	j->clip = clip_new(c, text);
	if (tts_start(c->tts[who], text, SV("en"), &cb, j, &j->run)) {
		j->run = NULL;
		job_free(j);
		return NULL;
	}
	map_put(c->jobs, key, j);
	return j;
}

void bench_clip_want(struct bench_clips *c, enum bench_voice_kind who, sv text, bench_clip_fn *fn,
		     void *arg)
{
	struct sb key;
	(void)key_of(who, text, &key);
	struct bench_clip *k = map_get(c->known, sb_sv(&key));
	struct job *j = k ? NULL : map_get(c->jobs, sb_sv(&key));
	if (!k && !j)
		j = job_start(c, who, text, sb_sv(&key));
	sb_done(&key);
	struct wish *w = j ? VEC_PUSH(&j->wishes, 10000) : NULL;
	if (w)
		*w = (struct wish){ fn, arg };
	else
		fn(arg, k);
}

void bench_clip_forget(struct bench_clips *c, void *arg)
{
	size_t it = 0;
	sv key;
	void *val;
	while (map_next(c->jobs, &it, &key, &val)) {
		struct job *j = val;
		for (size_t i = 0; i < j->wishes.n; i++)
			if (j->wishes.v[i].arg == arg)
				j->wishes.v[i].fn = NULL;
	}
}

struct got {
	struct bench_clip *clip;
	bool done;
};

static void on_got(void *arg, struct bench_clip *k)
{
	struct got *g = arg;
	g->clip = k;
	g->done = true;
}

struct bench_clip *bench_clip_get(struct bench_clips *c, enum bench_voice_kind who, sv text)
{
	struct got g = { 0 };
	bench_clip_want(c, who, text, on_got, &g);
	int64_t end = bench_now_us() + 20000000;
	while (!g.done && bench_now_us() < end)
		loop_run_once(c->loop, 20);
	if (!g.done)
		bench_clip_forget(c, &g);
	return g.clip;
}

/* ---- all of them ---- */

int bench_clips_open(struct bench_clips **ret, struct loop *l, const char *exe, struct err *e)
{
	static const char *const voices[VOICES] = { "slt", "rms" };
	struct bench_clips *c = xalloc(sizeof(*c));
	int rc = 0;
	c->loop = l;
	c->known = map_new(CLIPS_MAX);
	c->jobs = map_new(CLIPS_MAX);
	for (int i = 0; i < VOICES && !rc; i++) {
		struct model_spec s = { .kind = "flite", .voice = voices[i], .exe = exe };
		rc = tts_open(&c->tts[i], &s, l, e);
	}
	if (rc)
		bench_clips_close(c);
	else
		*ret = c;
	return rc;
}

void bench_clips_close(struct bench_clips *c)
{
	size_t it = 0;
	sv key;
	void *val;
	if (!c)
		return;
	while (map_next(c->jobs, &it, &key, &val))
		job_free(val);
	for (int i = 0; i < VOICES; i++)
		tts_close(c->tts[i]);
	for (size_t i = 0; i < c->all.n; i++) {
		struct bench_clip *k = c->all.v[i];
		VEC_FREE(&k->words);
		xfree(k->text);
		xfree(k->s);
		xfree(k->wide);
		xfree(k);
	}
	VEC_FREE(&c->all);
	map_free(c->known);
	map_free(c->jobs);
	xfree(c);
}
