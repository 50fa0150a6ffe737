/* chan_pipe.c: a short queue of sound with a cushion.
 *
 * Two telephones on one loop have the same rate but another phase, and a loop that is a little late
 * may turn their order round once: one frame of cushion hides that. A browser brings its sound in
 * bursts and by its own clock, so its cushion is larger, and what stays over it for a second is
 * cut out. No edge is heard: an empty queue fades the last sample away, what comes after begins
 * softly, and a cut is a cross-fade. */
#include "chan_pipe.h"

enum { EDGE = 40, TICKS = 50 };      /* samples of a fade; frames of a second */

void pipe_init(struct chan_pipe *p, int rate, int cushion_ms)
{
	ASSERT(rate <= 16000);
	p->rate = rate;
	p->frame = (size_t)rate / 50;
	p->cushion = (size_t)(rate / 1000 * cushion_ms);
	p->n = p->least = 0;
	p->ticks = 0;
	p->filling = true;
	p->last = 0;
	p->gaps = p->drops = 0;
}

/* k samples from the front, the cut smoothed: what is left of them fades into what follows. */
static void cut(struct chan_pipe *p, size_t k)
{
	size_t edge = p->n - k < EDGE ? p->n - k : EDGE;
	for (size_t i = 0; i < edge && i < k; i++) {
		int was = p->s[i], is = p->s[k + i];
		p->s[k + i] = (int16_t)(was + (is - was) * (int)(i + 1) / (int)edge);
	}
	p->n -= k;
	memmove(p->s, p->s + k, p->n * sizeof(*p->s));
	p->drops++;
}

void pipe_put(struct chan_pipe *p, const int16_t *s, size_t n)
{
	size_t max = (size_t)p->rate / 1000 * CHAN_PIPE_MS;
	if (n > max) {
		s += n - max;
		n = max;
	}
	if (p->n + n > max)
		cut(p, p->n + n - max);
	memcpy(p->s + p->n, s, n * sizeof(*s));
	p->n += n;
}

/* Ran empty: what is left, then the last sample fades away. */
static bool drain(struct chan_pipe *p, int16_t *out)
{
	size_t n = p->n;
	bool any = n || p->last;
	memcpy(out, p->s, n * sizeof(*out));
	int last = n ? out[n - 1] : p->last;
	for (size_t i = n; i < p->frame; i++)
		out[i] = (int16_t)(i - n < EDGE ? last * (int)(EDGE - (i - n)) / EDGE : 0);
	p->last = out[p->frame - 1];
	p->gaps += !p->filling;
	p->n = 0;
	p->filling = true;
	return any;
}

static void rise(const struct chan_pipe *p, int16_t *out)
{
	for (int i = 0; i < EDGE; i++)
		out[i] = (int16_t)(out[i] * i / EDGE + p->last * (EDGE - i) / EDGE);
}

static void trim(struct chan_pipe *p)
{
	size_t old = (size_t)p->rate / 1000 * CHAN_PIPE_OLD_MS;
	if (p->ticks == 0 || p->n < p->least)
		p->least = p->n;
	if (++p->ticks < TICKS)
		return;
	p->ticks = 0;
	if (p->least > p->frame + p->cushion + old)
		cut(p, p->least - p->frame - p->cushion);
}

bool pipe_get(struct chan_pipe *p, int16_t *out)
{
	bool waits = p->filling;
	trim(p);
	if (waits && p->n < p->frame + p->cushion) {
		size_t n = p->n;
		p->n = 0;            /* it stays where it is: only the old sound fades */
		bool any = drain(p, out);
		p->n = n;
		return any;
	}
	if (p->n < p->frame)
		return drain(p, out);
	memcpy(out, p->s, p->frame * sizeof(*out));
	if (waits)
		rise(p, out);
	p->filling = false;
	p->n -= p->frame;
	memmove(p->s, p->s + p->frame, p->n * sizeof(*p->s));
	p->last = out[p->frame - 1];
	return true;
}
