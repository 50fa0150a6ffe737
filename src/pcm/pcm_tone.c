/* pcm_tone.c: tones with cadence, sample-exact over any split into frames. Embedded
 * value, one thread. */
#include "pcm.h"

#include <math.h>

enum { RAMP_MS = 2 }; /* a tone that starts at full level clicks */

static const struct pcm_tone kinds[] = {
	[PCM_TONE_RINGBACK] = { 425, 0, -13, 1000, 4000, 0, 0 }, /* ETSI TR 101 041-2 */
	[PCM_TONE_RINGBACK_CN] = { 450, 0, -13, 1000, 4000, 0, 0 }, /* GB 3380 */
	[PCM_TONE_BUSY] = { 425, 0, -13, 500, 500, 0, 0 },
	[PCM_TONE_BEEP] = { 1000, 0, -10, 200, -1, 0, 0 },
};

void pcm_tone_init(struct pcm_tone *t, enum pcm_tone_kind kind, int rate)
{
	*t = kinds[kind];
	t->rate = rate;
}

static double ramp(uint64_t at, uint64_t on, uint64_t len)
{
	uint64_t end = on - at;

	if (at < len)
		return (double)at / (double)len;
	return end < len ? (double)end / (double)len : 1;
}

bool pcm_tone_pull(struct pcm_tone *t, int16_t *out, size_t n)
{
	uint64_t on = (uint64_t)t->on_ms * (uint64_t)t->rate / 1000;
	uint64_t off =
		t->off_ms > 0 ? (uint64_t)t->off_ms * (uint64_t)t->rate / 1000 : 0;
	uint64_t len = (uint64_t)RAMP_MS * (uint64_t)t->rate / 1000;
	double amp = 32767 * pow(10, t->level_db / 20);
	bool once = t->off_ms < 0;

	for (size_t i = 0; i < n; i++, t->pos++) {
		uint64_t at = once ? t->pos : t->pos % (on + off);

		if (at >= on) {
			out[i] = 0;
			continue;
		}
		double w = 2 * M_PI * (double)t->pos / t->rate;
		double v = sin(w * t->f1_hz) + (t->f2_hz > 0 ? sin(w * t->f2_hz) : 0);

		v *= amp * ramp(at, on, off || once ? len : 0);
		out[i] = (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : lrint(v));
	}
	return !once || t->pos < on;
}
