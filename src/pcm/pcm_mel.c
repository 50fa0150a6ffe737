/* pcm_mel.c: windows through the transform of prosody, then triangles on the mel scale
 * (Davis & Mermelstein 1980). A little power is added, about the noise of mu-law's finest
 * steps, so that digital silence is no cliff. Owned by its opener. */
#include "pcm_mel.h"
#include "pcm_prosody_int.h"

#include <math.h>

#define LOW_HZ 150.0
#define HIGH_HZ 3800.0
#define NOISE 3e3F               /* power a band */
#define RISE 0.97F /* high tones are raised, so that an s is not lost beside a vowel */

struct pcm_mel {
	struct pros_fft fft;
	float window[PCM_MEL_WIN];
	uint8_t left[PROS_HALF + 1];  /* the band left of a bin, from 1; 0 and BANDS + 1: outside */
	float share[PROS_HALF + 1];   /* of it; the next has the rest */
};

struct pcm_mel *pcm_mel_new(double warp)
{
	struct pcm_mel *m = xalloc(sizeof(*m));
	double low = pros_mel(LOW_HZ), high = pros_mel(HIGH_HZ);
	ASSERT(warp >= 0.5 && warp <= 2);
	pros_fft_init(&m->fft);
	for (int i = 0; i < PCM_MEL_WIN; i++)
		m->window[i] = (float)(0.54 - 0.46 * cos(2 * M_PI * (i + 0.5) / PCM_MEL_WIN));
	for (int k = 0; k <= PROS_HALF; k++) {
		double hz = k * (double)PCM_HZ / PROS_N / warp;
		double at = (pros_mel(hz) - low) / (high - low) * (PCM_MEL_BANDS + 1);
		bool in = at >= 0 && at < PCM_MEL_BANDS + 1;
		m->left[k] = in ? (uint8_t)at : PCM_MEL_BANDS + 1;
		m->share[k] = in ? (float)(1 - (at - (int)at)) : 1;
	}
	return m;
}

void pcm_mel_free(struct pcm_mel *m)
{
	xfree(m);
}

static void one(const struct pcm_mel *m, const int16_t *s, float *out)
{
	float x[PROS_N] = { 0 }, power[PROS_HALF + 1], band[PCM_MEL_BANDS + 3] = { 0 };
	for (int i = 0; i < PCM_MEL_WIN; i++)
		x[i] = ((float)s[i] - RISE * (float)s[i ? i - 1 : 0]) * m->window[i];
	pros_power(&m->fft, x, power);
	for (int k = 0; k <= PROS_HALF; k++) {
		float part = power[k] * m->share[k];
		band[m->left[k]] += part;
		band[m->left[k] + 1] += power[k] - part;
	}
	for (int b = 0; b < PCM_MEL_BANDS; b++)
		out[b] = logf(band[b + 1] + NOISE);
}

size_t pcm_mel_frames(struct pcm_mel *m, const int16_t *s, size_t n, double hop, float *out,
		      size_t max)
{
	size_t rows = 0;
	for (double at = 0; rows < max && at + PCM_MEL_WIN <= (double)n; at += hop)
		one(m, s + (size_t)at, out + PCM_MEL_BANDS * rows++);
	return rows;
}
