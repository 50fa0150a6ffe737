/* pcm_stretch.c: time scale by overlapping similar waves (WSOLA; Verhelst and Roelands, ICASSP
 * 1993).
 *
 * Output is made in hops of 15 ms. Each is the natural continuation of the last one fading into
 * the piece of the input where we should be by now, moved by up to 7 ms to where the waves fit
 * best, so that pitch periods are kept whole. Input that is no longer needed is dropped: what is
 * held is some 50 ms. Owns its buffer; one thread.
 */
#include "pcm_stretch.h"

#include <math.h>

#define HOP_US 15000
#define SEEK_US 7000
#define HELD_MAX (1u << 20)          /* samples; callers give some thousand at a time */

struct pcm_stretch {
	int percent;
	size_t hop, seek;
	VEC(int16_t) in;             /* from the first sample still needed */
	size_t at100;                /* where we should be, in hundredths of a sample */
	size_t next;                 /* the natural continuation of what went out */
	bool begun;
	int16_t out[48000 / 1000 * (HOP_US / 1000)];
};

struct pcm_stretch *pcm_stretch_new(int rate, int percent)
{
	struct pcm_stretch *s = xalloc(sizeof(*s));
	ASSERT(rate >= 8000 && rate <= 48000);
	percent = percent < PCM_STRETCH_LEAST ? PCM_STRETCH_LEAST : percent;
	percent = percent > PCM_STRETCH_MOST ? PCM_STRETCH_MOST : percent;
	*s = (struct pcm_stretch){ .percent = percent,
				   .hop = (size_t)rate * HOP_US / 1000000,
				   .seek = (size_t)rate * SEEK_US / 1000000 };
	return s;
}

void pcm_stretch_free(struct pcm_stretch *s)
{
	if (!s)
		return;
	VEC_FREE(&s->in);
	xfree(s);
}

/* How alike two pieces are: their product over the second's strength. */
static double likeness(const int16_t *a, const int16_t *b, size_t n)
{
	double ab = 0, bb = 1;
	for (size_t i = 0; i < n; i++) {
		ab += (double)a[i] * b[i];
		bb += (double)b[i] * b[i];
	}
	return ab / sqrt(bb);
}

static size_t best_fit(const struct pcm_stretch *s)
{
	size_t mid = s->at100 / 100, from = mid > s->seek ? mid - s->seek : 0, best = mid;
	double top = likeness(&s->in.v[s->next], &s->in.v[mid], s->hop);
	for (size_t p = from; p <= mid + s->seek; p++) {
		double is = likeness(&s->in.v[s->next], &s->in.v[p], s->hop);
		if (is > top) {
			top = is;
			best = p;
		}
	}
	return best;
}

static void cross_fade(struct pcm_stretch *s, size_t to)
{
	const int16_t *a = &s->in.v[s->next], *b = &s->in.v[to];
	for (size_t i = 0; i < s->hop; i++) {
		double w = ((double)i + 0.5) / (double)s->hop;
		s->out[i] = (int16_t)lrint((1 - w) * a[i] + w * b[i]);
	}
}

static void drop_used(struct pcm_stretch *s)
{
	size_t at = s->at100 / 100, low = at > s->seek ? at - s->seek : 0;
	size_t n = s->next < low ? s->next : low;
	if (n == 0)
		return;
	memmove(s->in.v, s->in.v + n, (s->in.n - n) * sizeof(*s->in.v));
	s->in.n -= n;
	s->at100 -= n * 100;
	s->next -= n;
}

static bool one_hop(struct pcm_stretch *s, pcm_put_fn *put, void *arg)
{
	size_t need = s->at100 / 100 + s->seek + s->hop + 1;
	if (s->in.n < need || s->in.n < s->next + s->hop)
		return false;
	if (!s->begun) {
		put(arg, s->in.v, s->hop);
		s->next = s->hop;
		s->begun = true;
	} else {
		size_t to = best_fit(s);
		cross_fade(s, to);
		put(arg, s->out, s->hop);
		s->next = to + s->hop;
	}
	s->at100 += s->hop * (size_t)s->percent;
	return true;
}

void pcm_stretch_run(struct pcm_stretch *s, const int16_t *in, size_t n, pcm_put_fn *put, void *arg)
{
	for (size_t i = 0; i < n; i++) {
		int16_t *slot = VEC_PUSH(&s->in, HELD_MAX);
		if (!slot)
			break;
		*slot = in[i];
	}
	while (one_hop(s, put, arg))
		;
	drop_used(s);
}

void pcm_stretch_end(struct pcm_stretch *s, pcm_put_fn *put, void *arg)
{
	if (s->in.n > s->next)
		put(arg, &s->in.v[s->next], s->in.n - s->next);
	s->in.n = s->next = 0;
	s->at100 = 0;
	s->begun = false;
}
