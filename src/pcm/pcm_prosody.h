/* pcm_prosody.h: how something is said: pitch, loudness, voice quality, pace, pauses.
 *
 *	struct pcm_prosody *p;
 *	struct pcm_prosody_sum sum;
 *	pcm_prosody_open(&p, 8000);                    an utterance begins
 *	pcm_prosody_push(p, frame, PCM_FRAME, true, false);    each 20 ms of it
 *	if (pcm_prosody_sum(p, &sum)) ...              true: there was enough voice
 *	pcm_prosody_close(p);
 *
 * Everything is measured in the telephone's band (300 to 3400 Hz), whatever the rate, so that
 * figures of a telephone and of a browser compare. No telephone passes the fundamental of a
 * low voice: pitch comes from the distance of its overtones. An object is one thread's.
 */
#ifndef CALLM_PCM_PROSODY_H
#define CALLM_PCM_PROSODY_H

#include "pcm.h"

enum { PCM_PROSODY_MFCC = 12, PCM_PROSODY_MAX_MS = 60000 };

/* One frame: the 20 ms and those before. */
struct pcm_prosody_frame {
	float f0_hz;             /* 70 to 500; 0 = no voice in it */
	float periodic;          /* 0..1, how much like itself a period later */
	float hnr_db;            /* harmonics to noise, -10..30 */
	float db;                /* level in the band, dBFS */
	float tilt_db;           /* 1000-3400 Hz against 300-1000 Hz: higher = harder voice */
	float jitter, shimmer;   /* period to period, share of the mean; < 0 = not known */
	float mfcc[PCM_PROSODY_MFCC];
	bool tone;               /* one or two sines (a key, a dial tone): no voice */
};

/* What an utterance's frames come to. X(name): every member is a float. Pitch in semitones over
 * 55 Hz, levels in dB, times in seconds, the rest shares. */
#define PCM_PROSODY_SUM(X) \
	X(f0_mean)   /* of the voiced frames, without the outer twentieths */ \
	X(f0_sd) \
	X(f0_lo)     /* a tenth is below */ \
	X(f0_hi)     /* a tenth is above */ \
	X(f0_slope)  /* of the straight line through all, per second */ \
	X(f0_move)   /* mean change within voiced runs, per second */ \
	X(db_mean) \
	X(db_sd) \
	X(db_hi) \
	X(tilt_mean) \
	X(tilt_sd) \
	X(hnr_mean) \
	X(jitter) \
	X(shimmer) \
	X(rate)      /* syllables a second, pauses left out */ \
	X(pause)     /* share of silence between its first and last voice */ \
	X(over)      /* share of the voice that was over ours */ \
	X(voiced)    /* share of the voice that has a pitch */ \
	X(speech_s)  /* voice in all */
struct pcm_prosody_sum {
#define PCM_PROSODY_MEMBER(name) float name;
	PCM_PROSODY_SUM(PCM_PROSODY_MEMBER)
#undef PCM_PROSODY_MEMBER
	float mfcc_mean[PCM_PROSODY_MFCC], mfcc_sd[PCM_PROSODY_MFCC];
};

struct pcm_prosody;
int pcm_prosody_open(struct pcm_prosody **ret, int rate);   /* 8000 or 16000; ERR_INVAL */
void pcm_prosody_close(struct pcm_prosody *p);              /* accepts NULL */
/* 20 ms of rate / 50 samples (others are ignored). voice: the detector hears somebody; over: our
 * own voice sounds. The frame's figures, valid until the next push; NULL: not looked at (silence,
 * or past PCM_PROSODY_MAX_MS). */
const struct pcm_prosody_frame *pcm_prosody_push(struct pcm_prosody *p, const int16_t *s, size_t n,
						 bool voice, bool over);
/* Of all that was pushed. False, and *ret zero: less than 200 ms with a pitch. */
bool pcm_prosody_sum(const struct pcm_prosody *p, struct pcm_prosody_sum *ret);

#endif
