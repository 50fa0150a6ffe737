/* pcm_mel.h: the logarithmic mel spectrum of telephone sound: what small networks listen to.
 *
 *	struct pcm_mel *m = pcm_mel_new(1.0);
 *	size_t n = pcm_mel_frames(m, s, samples, 80, out, 300);      out[n][PCM_MEL_BANDS]
 *	pcm_mel_free(m);
 *
 * 32 bands from 150 to 3800 Hz at 8 kHz, high tones raised, windows of 25 ms (Hamming). One
 * thread at a time.
 */
#ifndef CALLM_PCM_MEL_H
#define CALLM_PCM_MEL_H

#include "pcm.h"

enum { PCM_MEL_BANDS = 32, PCM_MEL_WIN = 200 };
struct pcm_mel;
/* warp multiplies the frequencies of the bands, 0.5..2: another length of vocal tract, for
 * training (Jaitly & Hinton 2013); 1 = as it is. */
struct pcm_mel *pcm_mel_new(double warp);
void pcm_mel_free(struct pcm_mel *m);                    /* accepts NULL */
/* Natural logarithms of power, a row a window; a window begins every hop samples (may be broken).
 * At most max rows; returns how many. */
size_t pcm_mel_frames(struct pcm_mel *m, const int16_t *s, size_t n, double hop, float *out,
		      size_t max);

#endif
