/* level.c: brings what a neural voice gave to the level of the other voices and cleans its edges,
 * see voice.h.
 *
 * Speech is told from silence by the energy of 5 ms windows against the loudest of them. The level
 * is measured over all clauses of a voice so far, so that it settles and a quiet clause
 * stays quiet. */
#include <math.h>

#include "voice.h"

enum { WINDOW_MS = 5, BEFORE_MS = 20, AFTER_MS = 40, FADE_MS = 5 };
static const float silence = 0.025f;  /* of the loudest window: -32 dB */
static const float floor_rms = 5e-4f; /* -66 dBFS: nothing at all */

static float window_rms(const float *s, size_t n)
{
	double e = 0;
	for (size_t i = 0; i < n; i++)
		e += (double)s[i] * s[i];
	return n ? (float)sqrt(e / (double)n) : 0;
}

static float loudest(const float *s, size_t n, size_t w)
{
	float max = 0;
	for (size_t i = 0; i + w <= n; i += w) {
		float r = window_rms(s + i, w);
		max = r > max ? r : max;
	}
	return max;
}

bool level_trim(const float *s, size_t n, int rate, size_t *from, size_t *to)
{
	size_t w = (size_t)rate * WINDOW_MS / 1000, first = n, last = 0;
	float max = loudest(s, n, w);
	if (max < floor_rms)
		return false;
	for (size_t i = 0; i + w <= n; i += w)
		if (window_rms(s + i, w) >= max * silence) {
			first = i < first ? i : first;
			last = i + w;
		}
	size_t before = (size_t)rate * BEFORE_MS / 1000, after = (size_t)rate * AFTER_MS / 1000;
	*from = first > before ? first - before : 0;
	*to = last + after < n ? last + after : n;
	return true;
}

float level_gain(struct level *l, const float *s, size_t n, int rate)
{
	size_t w = (size_t)rate * WINDOW_MS / 1000;
	float limit = loudest(s, n, w) * 0.1f, peak = 0;
	for (size_t i = 0; i + w <= n; i += w) {
		float r = window_rms(s + i, w);
		if (r < limit)
			continue;
		l->energy += (double)r * r * (double)w;
		l->n += (double)w;
	}
	for (size_t i = 0; i < n; i++)
		peak = fabsf(s[i]) > peak ? fabsf(s[i]) : peak;
	if (l->n < 1 || l->energy <= 0 || peak <= 0)
		return 1;
	float gain = (float)(LEVEL_RMS / 32768.0 / sqrt(l->energy / l->n));
	float most = LEVEL_PEAK / 32768.0f / peak;
	return gain < most ? gain : most;
}

void level_write(const float *s, size_t n, int rate, float gain, int16_t *out)
{
	size_t fade = (size_t)rate * FADE_MS / 1000;
	fade = fade * 2 > n ? n / 2 : fade;
	for (size_t i = 0; i < n; i++) {
		size_t edge = i < n - 1 - i ? i : n - 1 - i;
		float v = s[i] * gain * 32768.0f;
		if (edge < fade)
			v *= (float)edge / (float)fade;
		v = v > 32767 ? 32767 : v < -32768 ? -32768 : v;
		out[i] = (int16_t)lrintf(v);
	}
}
