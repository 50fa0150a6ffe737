/* pcm_prosody.c: the figures of one frame.
 *
 * A window of 40 ms (this frame and the one before, at 8 kHz; 16 kHz is halved first) goes
 * through one Fourier transform. Its power spectrum gives the level, the tilt and the mel
 * cepstrum, and, transformed back, the autocorrelation: divided by the window's own (Boersma,
 * "Accurate short-term analysis of the fundamental frequency", IFA Proceedings 17, 1993) its
 * highest peak is the period, and the height of the peak the share of harmonics in the sound.
 * Peaks are weighed: a short period is preferred a little, and one near the last frame's. Bins
 * below 60 Hz are left out (hum). Jitter and shimmer follow the periods through the waveform:
 * each is the shift at which a stretch of one period best matches what follows; three periods
 * must fit into the window, so voices below 80 Hz have none.
 *
 * Silence is only counted. What the frames come to is pcm_prosody_sum.c's. Owned by its opener;
 * some 8 KB and no pointers, so it is cheap to have one an utterance. One thread. */
#include "pcm_prosody_int.h"

#include <math.h>
#include <string.h>

#define HZ_PER_BIN ((double)PCM_HZ / PROS_N)
#define VOICED_FROM 0.5F         /* Boersma's threshold is 0.45, for clean recordings */
#define OCTAVE_COST 0.02F        /* of a peak's height, an octave longer */
#define JUMP_COST 0.12F          /* an octave from the frame before */
#define TONE_SHARE 0.95F         /* of the power in two lines: no voice */
#define JITTER_REACH 0.1F        /* a period differs by no more from the one found */
enum {
	HUM_BIN = 4,             /* 62 Hz */
	LOW_BIN = 19,            /* 297 Hz */
	MID_BIN = 64,            /* 1000 Hz */
	HIGH_BIN = 218,          /* 3406 Hz */
	TONE_BIN = 40,           /* 625 Hz: below every key's lower tone */
	PERIODS = 8,             /* followed in one window */
	FIR = 31,                /* taps, half band */
};

struct pcm_prosody {
	int rate;
	struct pros_fft fft;
	float window[PROS_WIN], own[PROS_LAG_MAX + 2]; /* its autocorrelation, 1 at 0 */
	uint8_t mel[PROS_HALF + 1];                   /* the filter left of a bin, from 1 */
	float mel_w[PROS_HALF + 1];                   /* its share, the next has the rest */
	float dct[PCM_PROSODY_MFCC][PROS_MELS];
	float fir[FIR], tail[FIR - 1];                /* the last samples at 16 kHz */
	float x[PROS_WIN];
	float last_lag;                               /* of a voiced frame just before, else 0 */
	struct pcm_prosody_frame f;
	struct pros_sums sums;
};

/* ---- tables */

static void init_mel(struct pcm_prosody *p)
{
	double low = pros_mel(LOW_BIN * HZ_PER_BIN), high = pros_mel(HIGH_BIN * HZ_PER_BIN);
	for (int k = LOW_BIN; k <= HIGH_BIN; k++) {
		double at = (pros_mel(k * HZ_PER_BIN) - low) / (high - low) * (PROS_MELS + 1);
		int left = (int)at > PROS_MELS ? PROS_MELS : (int)at;
		p->mel[k] = (uint8_t)left;
		p->mel_w[k] = (float)(1 - (at - left));
	}
	for (int c = 0; c < PCM_PROSODY_MFCC; c++)
		for (int m = 0; m < PROS_MELS; m++)
			p->dct[c][m] = (float)(sqrt(2.0 / PROS_MELS) *
					       cos(M_PI * (c + 1) * (m + 0.5) / PROS_MELS));
}

static void init_window(struct pcm_prosody *p)
{
	float x[PROS_N] = { 0 }, power[PROS_HALF + 1], r[PROS_HALF + 1];
	for (int i = 0; i < PROS_WIN; i++)
		x[i] = p->window[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * (i + 0.5) / PROS_WIN));
	pros_power(&p->fft, x, power);
	pros_autocor(&p->fft, power, r);
	for (int lag = 0; lag < PROS_LAG_MAX + 2; lag++)
		p->own[lag] = r[lag] / r[0];
}

/* A half-band low pass: every second tap but the middle one is zero. */
static void init_fir(struct pcm_prosody *p)
{
	float sum = 0;
	for (int i = 0; i < FIR; i++) {
		double t = i - FIR / 2, w = 0.54 + 0.46 * cos(2 * M_PI * t / (FIR + 1));
		p->fir[i] = (float)(t == 0 ? 0.5 : sin(M_PI * t / 2) / (M_PI * t) * w);
		sum += p->fir[i];
	}
	for (int i = 0; i < FIR; i++)
		p->fir[i] /= sum;
}

int pcm_prosody_open(struct pcm_prosody **ret, int rate)
{
	if (rate != PCM_HZ && rate != 2 * PCM_HZ)
		return ERR_INVAL;
	struct pcm_prosody *p = xalloc(sizeof(*p));
	p->rate = rate;
	pros_fft_init(&p->fft);
	init_window(p);
	init_mel(p);
	init_fir(p);
	pros_sums_init(&p->sums);
	*ret = p;
	return 0;
}

void pcm_prosody_close(struct pcm_prosody *p)
{
	xfree(p);
}

/* ---- samples in */

static void halve(struct pcm_prosody *p, const int16_t *s, float *out)
{
	float x[FIR - 1 + 2 * PCM_FRAME];
	memcpy(x, p->tail, sizeof(p->tail));
	for (int i = 0; i < 2 * PCM_FRAME; i++)
		x[FIR - 1 + i] = s[i];
	memcpy(p->tail, x + 2 * PCM_FRAME, sizeof(p->tail));
	for (int i = 0; i < PCM_FRAME; i++) {
		float sum = 0;
		for (int k = 0; k < FIR; k++)
			sum += p->fir[k] * x[2 * i + 1 + k];
		out[i] = sum;
	}
}

static void take(struct pcm_prosody *p, const int16_t *s)
{
	memmove(p->x, p->x + PCM_FRAME, PCM_FRAME * sizeof(*p->x));
	if (p->rate != PCM_HZ) {
		halve(p, s, p->x + PCM_FRAME);
		return;
	}
	for (int i = 0; i < PCM_FRAME; i++)
		p->x[PCM_FRAME + i] = s[i];
}

/* ---- from the spectrum */

static float db_of(float power)
{
	return 10 * log10f(power + 1e-3F);
}

static void spectrum(struct pcm_prosody *p, const float *power, struct pcm_prosody_frame *f)
{
	float mel[PROS_MELS + 2] = { 0 }, low = 0, high = 0;
	/* Parseval: of a full-scale square wave through the window (mean square 3/8), 0 dB */
	const float full = 32768.0F * 32768.0F * 0.375F * PROS_WIN * PROS_HALF;
	for (int k = LOW_BIN; k <= HIGH_BIN; k++) {
		float *m = &mel[p->mel[k]], share = power[k] * p->mel_w[k];
		m[0] += share;
		m[1] += power[k] - share;
		if (k < MID_BIN)
			low += power[k];
		else
			high += power[k];
	}
	f->db = 10 * log10f((low + high) / full + 1e-10F);
	f->tilt_db = db_of(high) - db_of(low);
	for (int m = 1; m <= PROS_MELS; m++)
		mel[m] = logf(mel[m] + 1e4F);   /* about the noise of 16 bits */
	for (int c = 0; c < PCM_PROSODY_MFCC; c++) {
		float sum = 0;
		for (int m = 0; m < PROS_MELS; m++)
			sum += p->dct[c][m] * mel[m + 1];
		f->mfcc[c] = sum;
	}
}

/* A line is its bin and three on each side: the window's main lobe. */
static float take_line(float *power, int *ret_at)
{
	int at = HUM_BIN;
	float sum = 0;
	for (int k = HUM_BIN; k < PROS_HALF; k++)
		at = power[k] > power[at] ? k : at;
	for (int k = at - 3; k <= at + 3; k++) {
		sum += k <= PROS_HALF ? power[k] : 0;
		if (k <= PROS_HALF)
			power[k] = 0;
	}
	*ret_at = at;
	return sum;
}

/* Only what is harmonic of nothing in a voice's range may be taken for it: the lines of a key
 * or of a beep, not the two loudest overtones of a voice. */
static bool is_tone(const float *power)
{
	float x[PROS_HALF + 1], all = 0;
	int a, b;
	memcpy(x, power, sizeof(x));
	for (int k = HUM_BIN; k <= PROS_HALF; k++)
		all += x[k];
	float one = take_line(x, &a), two = take_line(x, &b);
	if (one > TONE_SHARE * all)
		return a >= 24;              /* 375 Hz: a dial tone */
	return one + two > TONE_SHARE * all && a >= TONE_BIN && b >= TONE_BIN && two > 0.05F * one;
}

/* ---- pitch */

struct peak {
	float lag, height;
};

/* The parabola through three points. */
static struct peak top_of(float a, float b, float c, float at)
{
	float d = a - 2 * b + c, shift = d < 0 ? 0.5F * (a - c) / d : 0;
	return (struct peak){ at + shift, b - 0.25F * (a - c) * shift };
}

static struct peak best_peak(const float *r, float last_lag)
{
	struct peak best = { 0, 0 };
	float best_score = 0;
	for (int k = PROS_LAG_MIN; k <= PROS_LAG_MAX; k++) {
		if (r[k] < VOICED_FROM * 0.8F || r[k] < r[k - 1] || r[k] < r[k + 1])
			continue;
		struct peak x = top_of(r[k - 1], r[k], r[k + 1], (float)k);
		float score = x.height - OCTAVE_COST * log2f(x.lag / PROS_LAG_MIN);
		if (last_lag > 0)
			score -= JUMP_COST * fminf(1, fabsf(log2f(x.lag / last_lag)));
		if (score > best_score) {
			best_score = score;
			best = x;
		}
	}
	return best;
}

static void pitch(struct pcm_prosody *p, float *power, struct pcm_prosody_frame *f)
{
	float r[PROS_HALF + 1];
	for (int k = 0; k < HUM_BIN; k++)
		power[k] = 0;
	pros_autocor(&p->fft, power, r);
	float scale = r[0] > 0 ? 1 / r[0] : 0;
	for (int k = PROS_LAG_MIN - 1; k <= PROS_LAG_MAX + 1; k++)
		r[k] *= scale / p->own[k];
	struct peak best = best_peak(r, p->last_lag);
	float h = fminf(best.height, 0.999F);
	f->periodic = fmaxf(h, 0);
	f->hnr_db = h > 0 ? fmaxf(-10, 10 * log10f(h / (1 - h))) : -10;
	bool voiced = h >= VOICED_FROM && !f->tone;
	f->f0_hz = voiced ? PCM_HZ / best.lag : 0;
	p->last_lag = voiced ? best.lag : 0;
}

/* ---- from period to period */

static float match(const float *a, const float *b, int n)
{
	float ab = 0, bb = 0, aa = 0;
	for (int i = 0; i < n; i++) {
		ab += a[i] * b[i];
		aa += a[i] * a[i];
		bb += b[i] * b[i];
	}
	return ab > 0 ? ab / sqrtf(aa * bb + 1) : 0;
}

/* The shift near lag at which one period from x on comes again; 0 = does not. */
static float next_period(const float *x, float lag)
{
	int n = (int)(lag + 0.5F), reach = (int)ceilf(lag * JITTER_REACH) + 1, best = 0;
	float c[2 * 16 + 1] = { 0 };
	for (int d = -reach; d <= reach; d++) {
		c[d + reach] = match(x, x + n + d, n);
		best = c[d + reach] > c[best + reach] ? d : best;
	}
	if (best == -reach || best == reach || c[best + reach] < VOICED_FROM)
		return 0;
	const float *t = &c[best + reach];
	return top_of(t[-1], t[0], t[1], (float)(n + best)).lag;
}

static float rms(const float *x, int n)
{
	float sum = 0;
	for (int i = 0; i < n; i++)
		sum += x[i] * x[i];
	return sqrtf(sum / (float)n);
}

static void perturbation(const float *x, struct pcm_prosody_frame *f)
{
	float lag = PCM_HZ / f->f0_hz, t[PERIODS], amp[PERIODS], dt = 0, da = 0, st = 0, sa = 0;
	int n = 0, at = 0, len = (int)(lag + 0.5F),
	    need = len + len + (int)(lag * JITTER_REACH) + 3;
	while (n < PERIODS && at + need <= PROS_WIN) {
		t[n] = next_period(x + at, lag);
		if (t[n] <= 0)
			break;
		amp[n] = rms(x + at, len);
		at += (int)(t[n++] + 0.5F);
	}
	if (n < 2)
		return;
	for (int i = 0; i < n; i++) {
		st += t[i];
		sa += amp[i];
		dt += i ? fabsf(t[i] - t[i - 1]) : 0;
		da += i ? fabsf(amp[i] - amp[i - 1]) : 0;
	}
	f->jitter = dt / (float)(n - 1) / (st / (float)n);
	f->shimmer = da / (float)(n - 1) / (sa / (float)n + 1e-3F);
}

/* ---- public */

static void analyse(struct pcm_prosody *p)
{
	struct pcm_prosody_frame *f = &p->f;
	float x[PROS_N] = { 0 }, power[PROS_HALF + 1];
	*f = (struct pcm_prosody_frame){ .jitter = -1, .shimmer = -1 };
	for (int i = 0; i < PROS_WIN; i++)
		x[i] = p->x[i] * p->window[i];
	pros_power(&p->fft, x, power);
	spectrum(p, power, f);
	f->tone = is_tone(power);
	pitch(p, power, f);
	if (f->f0_hz > 0)
		perturbation(p->x, f);
}

const struct pcm_prosody_frame *pcm_prosody_push(struct pcm_prosody *p, const int16_t *s, size_t n,
						 bool voice, bool over)
{
	if (n != (size_t)p->rate / 50 || p->sums.frames >= PCM_PROSODY_MAX_MS / PCM_FRAME_MS)
		return NULL;
	take(p, s);
	if (!voice) {
		p->last_lag = 0;
		pros_sums_silence(&p->sums);
		return NULL;
	}
	analyse(p);
	pros_sums_add(&p->sums, &p->f, over);
	return &p->f;
}

bool pcm_prosody_sum(const struct pcm_prosody *p, struct pcm_prosody_sum *ret)
{
	return pros_sums_tell(&p->sums, ret);
}
