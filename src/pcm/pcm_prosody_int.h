/* pcm_prosody_int.h: what the files of prosody share; private. */
#ifndef CALLM_PCM_PROSODY_INT_H
#define CALLM_PCM_PROSODY_INT_H

#include "pcm_prosody.h"

#include <math.h>

enum {
	PROS_N = 512,            /* points of the transform at 8 kHz */
	PROS_HALF = PROS_N / 2,
	PROS_WIN = 2 * PCM_FRAME,
	PROS_LAG_MIN = 16,       /* 500 Hz */
	PROS_LAG_MAX = 114,      /* 70 Hz */
	PROS_MELS = 20,
	PROS_ST_BINS = 160,      /* a quarter semitone each */
	PROS_DB_BINS = 101,
};

static inline double pros_mel(double hz)
{
	return 1127 * log(1 + hz / 700);
}

struct pros_fft {                /* twiddles: exp(-2 pi i k / PROS_N), k < PROS_HALF */
	float cos[PROS_HALF], sin[PROS_HALF];
};
void pros_fft_init(struct pros_fft *f);
/* |X|^2 of PROS_N real samples, PROS_HALF + 1 bins. */
void pros_power(const struct pros_fft *f, const float *x, float *power);
/* The autocorrelation that belongs to a power spectrum: lags 0..PROS_HALF, times PROS_N. */
void pros_autocor(const struct pros_fft *f, const float *power, float *r);

/* Sums over an utterance. */
struct pros_sums {
	/* frames pushed, with voice, with pitch, over ours. */
	int frames, voice, voiced, over;
	int first, last;                     /* with voice, -1 = none yet */
	uint16_t st[PROS_ST_BINS];           /* of pitch */
	uint16_t db[PROS_DB_BINS];           /* of levels: -100..0 */
	double t, t2, s, ts;                 /* time and pitch, for the line */
	float prev_st;                       /* of the frame before, < 0 = had none */
	double move;
	int moves, n_jitter;
	double jitter, shimmer, hnr, tilt, tilt2;
	double mfcc[PCM_PROSODY_MFCC], mfcc2[PCM_PROSODY_MFCC];
	/* syllables: the valley before, the peak so far and whether it has pitch */
	float valley_db, peak_db, top_db;
	bool rising, peak_voiced;
	int nuclei;
};
void pros_sums_init(struct pros_sums *s);
void pros_sums_add(struct pros_sums *s, const struct pcm_prosody_frame *f, bool over);
void pros_sums_silence(struct pros_sums *s);
bool pros_sums_tell(const struct pros_sums *s, struct pcm_prosody_sum *ret);

#endif
