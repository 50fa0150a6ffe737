/* bench_noise.c: sounds that are nobody's words: a cough, keys of a keyboard, people talking in
 * the background.
 *
 * Synthetic, by a fixed seed, so that a figure can be repeated: a cough is two bursts of noise,
 * 180 and 120 ms, with a hard onset and an exponential fall, low-passed at about 2 kHz; the
 * keyboard is nine clicks of 8 ms in 1.2 s; babble is six sentences of both voices one over the
 * other, 15 dB below a caller's speech. */
#include "bench_int.h"

#include <math.h>

#define BABBLE_DB (-35.0)
#define COUGH_DB (-18.0)
#define KEYS_DB (-30.0)

static void burst(int16_t *s, size_t n, double decay, double smooth, struct rng *r)
{
	double low = 0;
	for (size_t i = 0; i < n; i++) {
		double rise = i < 40 ? (double)i / 40 : 1;
		low += smooth * (rng_normal(r) - low);
		double v = low * rise * exp(-(double)i / decay) * 9000;
		s[i] = (int16_t)(v > 32000 ? 32000 : v < -32000 ? -32000 : v);
	}
}

static struct bench_clip *cough(struct bench_clips *c, struct rng *r)
{
	size_t n = PCM_HZ * 45 / 100;
	int16_t *s = xalloc(n * sizeof(*s));
	burst(s, PCM_HZ * 18 / 100, 500, 0.6, r);
	burst(s + PCM_HZ * 27 / 100, PCM_HZ * 12 / 100, 350, 0.5, r);
	bench_clip_level(s, n, COUGH_DB);
	return bench_clip_add(c, "", s, n);
}

static struct bench_clip *keys(struct bench_clips *c, struct rng *r)
{
	size_t n = PCM_HZ * 12 / 10;
	int16_t *s = xalloc(n * sizeof(*s));
	for (int i = 0; i < 9; i++) {
		size_t at = (size_t)i * 1000 + rng_below(r, 500);
		burst(s + at, PCM_HZ * 8 / 1000, 20, 0.9, r);
	}
	bench_clip_level(s, n, KEYS_DB);
	return bench_clip_add(c, "", s, n);
}

static struct bench_clip *babble(struct bench_clips *c, struct rng *r)
{
	size_t n = PCM_HZ * 2;
	int16_t *s = xalloc(n * sizeof(*s));
	for (int i = 0; i < 6; i++) {
		const char *text = bench_topics[i].say[2 + i % 4];
		enum bench_voice_kind who = i % 2 ? BENCH_AGENT : BENCH_CALLER;
		struct bench_clip *k = bench_clip_get(c, who, sv_of(text));
		size_t from = rng_below(r, 8000);
		for (size_t j = 0; k && j < n && from + j < k->n; j++)
			s[j] = (int16_t)(s[j] + k->s[from + j] / 6);
	}
	bench_clip_level(s, n, BABBLE_DB);
	return bench_clip_add(c, "", s, n);
}

struct bench_clip *bench_noise_get(struct bench_clips *c, enum bench_noise kind)
{
	struct rng r;
	rng_seed(&r, 77 + (uint64_t)kind);
	return kind == BENCH_COUGH ? cough(c, &r) : kind == BENCH_KEYS ? keys(c, &r) :
									babble(c, &r);
}
