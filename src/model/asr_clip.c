/* asr_clip.c: the sound of one utterance, bounded: kept until its words are known, so that it
 * can be heard again by another.
 *
 * Telephone sound is kept as it comes (8 kHz), wide-band sound at 16 kHz at most. Loudness is
 * measured in blocks of 20 ms as they fill: a block QUIET_DB below the loudest so far, or below
 * FLOOR, is quiet. */
#include "asr_int.h"
#include "pcm.h"

enum {
	BLOCK_MS = 20,
	GROW = 8000,
	CUT_SECONDS = 6,       /* where a cut is looked for */
	CUT_BLOCKS = 10,       /* length of the pause that is looked for */
	RS_CHUNK = 1024
};
#define QUIET_RATIO 0.0025 /* of mean squares: 26 dB */
#define FLOOR 1000.0       /* mean square of -60 dBFS */

static size_t block(const struct asr_clip *c)
{
	return (size_t)(c->rate * BLOCK_MS / 1000);
}

static double power(const int16_t *s, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += (double)s[i] * s[i];
	return n ? sum / (double)n : 0;
}

static bool is_quiet(const struct asr_clip *c, double p)
{
	return p < FLOOR || p < c->loudest * QUIET_RATIO;
}

static void measure(struct asr_clip *c)
{
	size_t b = block(c);
	while (c->measured + b <= c->n) {
		double p = power(c->s + c->measured, b);
		c->measured += b;
		c->loudest = p > c->loudest ? p : c->loudest;
		c->quiet = is_quiet(c, p) ? c->quiet + b : 0;
	}
}

static size_t room(const struct asr_clip *c)
{
	return (size_t)c->rate * CLIP_SECONDS;
}

static void append(struct asr_clip *c, const int16_t *s, size_t n)
{
	size_t left = room(c) - c->n;
	n = n < left ? n : left;
	if (c->n + n > c->cap) {
		size_t cap = c->n + n + GROW;
		c->cap = cap < room(c) ? cap : room(c);
		c->s = xrealloc(c->s, c->cap * sizeof(*s));
	}
	if (n)
		memcpy(c->s + c->n, s, n * sizeof(*s));
	c->n += n;
	measure(c);
}

static void resampled(struct asr_clip *c, const int16_t *s, size_t n)
{
	int16_t out[RS_CHUNK * 4 + 64];
	for (size_t i = 0; i < n; i += RS_CHUNK) {
		size_t k = n - i < RS_CHUNK ? n - i : RS_CHUNK;
		append(c, out, pcm_rs_run(c->rs, s + i, k, out, sizeof(out) / sizeof(out[0])));
	}
}

void clip_add(struct asr_clip *c, const int16_t *s, size_t n, int rate_hz)
{
	if (rate_hz < 4000 || rate_hz > 192000)
		return;
	if (c->n == 0 && c->in_rate != rate_hz) { /* an empty clip takes the new rate */
		clip_done(c);
		c->rate = rate_hz < CLIP_HZ_MAX ? rate_hz : CLIP_HZ_MAX;
	}
	if (c->in_rate != rate_hz) {
		pcm_rs_close(c->rs);
		c->rs = NULL;
		c->in_rate = rate_hz;
		if (rate_hz != c->rate && pcm_rs_open(&c->rs, rate_hz, c->rate, 5))
			c->rs = NULL;
	}
	if (rate_hz == c->rate)
		append(c, s, n);
	else if (c->rs)
		resampled(c, s, n);
}

int64_t clip_ms(const struct asr_clip *c, size_t samples)
{
	return c->rate ? (int64_t)samples * 1000 / c->rate : 0;
}

static void from_start(struct asr_clip *c)
{
	c->n = c->quiet = c->measured = 0;
	c->loudest = 0;
}

/* Between two utterances a call holds no sound. */
void clip_clear(struct asr_clip *c)
{
	from_start(c);
	xfree(c->s);
	c->s = NULL;
	c->cap = 0;
}

void clip_done(struct asr_clip *c)
{
	pcm_rs_close(c->rs);
	xfree(c->s);
	*c = (struct asr_clip){ 0 };
}

void clip_swap(struct asr_clip *a, struct asr_clip *b)
{
	struct asr_clip t = *a;
	*a = *b;
	*b = t;
}

bool clip_loud_since(const struct asr_clip *c, size_t from)
{
	size_t b = c->rate ? block(c) : 0;
	for (from -= b ? from % b : 0; b && from + b <= c->n; from += b)
		if (!is_quiet(c, power(c->s + from, b)))
			return true;
	return false;
}

/* Start of the quietest `span` samples within [from, to). */
static size_t least(const struct asr_clip *c, size_t from, size_t to, size_t span)
{
	size_t best = from;
	double low = -1;
	for (size_t at = from; at + span <= to; at += block(c)) {
		double p = power(c->s + at, span);
		if (low < 0 || p <= low) {
			low = p;
			best = at;
		}
	}
	return best;
}

/* The middle of the quietest moment in the quietest stretch: between words, if not sentences. */
static size_t cut_at(const struct asr_clip *c)
{
	size_t b = block(c), tail = (size_t)(c->rate * CUT_SECONDS), stretch = b * CUT_BLOCKS;
	if (c->n < tail)
		return c->n;
	size_t from = least(c, c->n - tail, c->n, stretch);
	return least(c, from, from + stretch, b * 2) + b;
}

void clip_split(struct asr_clip *c, struct asr_clip *head)
{
	size_t at = c->rate ? cut_at(c) : 0;
	clip_done(head);
	head->rate = head->in_rate = c->rate;
	append(head, c->s, at);
	size_t left = c->n - at;
	if (left)
		memmove(c->s, c->s + at, left * sizeof(*c->s));
	from_start(c);
	c->n = left;
	measure(c);
}
