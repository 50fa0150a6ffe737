/* bench_match.c: which words were heard: finds received sound again in the sentences that the
 * fake synthesis made.
 *
 * Received sound is the same waveform after resampling, G.711 and perhaps a lower level, so
 * normalised correlation tells it: a place that is followed is checked every 20 ms; when it is
 * lost, 80 ms are looked for everywhere, first at a quarter of the rate, then exactly. Soft
 * frames prove nothing and go with the place. Deterministic, no state. */
#include "bench_int.h"

#include <math.h>

enum { STEP = PCM_FRAME, WINDOW = 640, DOWN = 4, FINE = 6 };
#define KEEP_RHO 0.75
#define FIND_RHO 0.82
#define SOFT_DB (-45.0)
#define LEAST 4000.0           /* energy of a sample of the lower rate: below is silence */

struct ref {
	const struct bench_clip *clip;
	float *low;            /* a quarter of the rate */
	size_t n_low;
};

double bench_rho(const int16_t *a, const int16_t *b, size_t n)
{
	double ab = 0, aa = 1, bb = 1;
	for (size_t i = 0; i < n; i++) {
		ab += (double)a[i] * b[i];
		aa += (double)a[i] * a[i];
		bb += (double)b[i] * b[i];
	}
	return ab / sqrt(aa * bb);
}

static float *lower(const int16_t *s, size_t n, size_t *ret_n)
{
	size_t k = n / DOWN;
	float *out = xalloc((k + 1) * sizeof(*out));
	for (size_t i = 0; i < k; i++)
		for (int j = 0; j < DOWN; j++)
			out[i] += s[i * DOWN + j];
	*ret_n = k;
	return out;
}

typedef float four __attribute__((vector_size(16)));

/* n is a multiple of 8. */
static float dot(const float *a, const float *b, size_t n)
{
	four s = { 0 }, t = { 0 }, x, y;
	for (size_t i = 0; i + 8 <= n; i += 8) {
		memcpy(&x, a + i, sizeof(x));
		memcpy(&y, b + i, sizeof(y));
		s += x * y;
		memcpy(&x, a + i + 4, sizeof(x));
		memcpy(&y, b + i + 4, sizeof(y));
		t += x * y;
	}
	s += t;
	return s[0] + s[1] + s[2] + s[3];
}

/* Best place of x (n) in one reference; -1 when it is too short. */
static ptrdiff_t scan(const struct ref *r, const float *x, size_t n, float *best)
{
	ptrdiff_t at = -1;
	float xx = 1;
	double rr = 0; /* the sum is carried on: single precision would drift */
	if (r->n_low < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		xx += x[i] * x[i];
		rr += (double)r->low[i] * r->low[i];
	}
	for (size_t o = 0; o + n <= r->n_low; o++) {
		float rho = rr < LEAST * (double)n ?
				    0 :
				    dot(x, r->low + o, n) / sqrtf(xx * (float)rr);
		if (rho > *best) {
			*best = rho;
			at = (ptrdiff_t)o;
		}
		if (o + n < r->n_low)
			rr += (double)r->low[o + n] * r->low[o + n] -
			      (double)r->low[o] * r->low[o];
	}
	return at;
}

static double refine(const struct bench_clip *c, const int16_t *s, size_t n, ptrdiff_t near,
		     size_t *ret)
{
	double best = -1;
	for (ptrdiff_t o = near - FINE; o <= near + FINE; o++) {
		if (o < 0 || (size_t)o + n > c->n)
			continue;
		double rho = bench_rho(s, c->s + o, n);
		if (rho > best) {
			best = rho;
			*ret = (size_t)o;
		}
	}
	return best;
}

static const struct bench_clip *find(const struct ref *refs, size_t n_refs, const int16_t *s,
				     size_t n, size_t *ret_at)
{
	size_t n_low;
	float *x = lower(s, n, &n_low), best = 0;
	const struct bench_clip *in = NULL;
	ptrdiff_t at = -1;
	for (size_t i = 0; i < n_refs; i++) {
		ptrdiff_t o = scan(&refs[i], x, n_low, &best);
		if (o >= 0) {
			at = o;
			in = refs[i].clip;
		}
	}
	xfree(x);
	if (!in || best < 0.6f || refine(in, s, n, at * DOWN, ret_at) < FIND_RHO)
		return NULL;
	return in;
}

/* The segment that is followed still fits the frame at i. */
static bool follows(const struct bench_seg *g, const int16_t *s, size_t i)
{
	size_t o = g->from + (i - g->at);
	if (o + STEP > g->clip->n)
		return false;
	if (pcm_dbfs(s + i, STEP) < SOFT_DB)
		return pcm_dbfs(g->clip->s + o, STEP) < SOFT_DB + 12;
	return bench_rho(s + i, g->clip->s + o, STEP) >= KEEP_RHO;
}

void bench_match(const int16_t *s, size_t n, const struct bench_clip *const *clips,
		 size_t n_clips, struct bench_segs *out)
{
	struct ref *refs = xalloc((n_clips + 1) * sizeof(*refs));
	struct bench_seg *g = NULL;
	for (size_t i = 0; i < n_clips; i++) {
		refs[i].clip = clips[i];
		refs[i].low = lower(clips[i]->s, clips[i]->n, &refs[i].n_low);
	}
	for (size_t i = 0; i + WINDOW <= n; i += STEP) {
		if (g && follows(g, s, i)) {
			g->n = i + STEP - g->at;
			continue;
		}
		g = NULL;
		size_t at = 0;
		if (pcm_dbfs(s + i, WINDOW) < SOFT_DB)
			continue;
		const struct bench_clip *in = find(refs, n_clips, s + i, WINDOW, &at);
		i += in ? 0 : STEP; /* what is not known is looked at half as often */
		g = in ? VEC_PUSH(out, 100000) : NULL;
		if (g)
			*g = (struct bench_seg){ in, i, STEP, at };
	}
	for (size_t i = 0; i < n_clips; i++)
		xfree(refs[i].low);
	xfree(refs);
}

size_t bench_words_at(const struct bench_clip *c, size_t sample)
{
	size_t k = 0;
	while (k < c->words.n && c->words.v[k].at < sample)
		k++;
	return k;
}
