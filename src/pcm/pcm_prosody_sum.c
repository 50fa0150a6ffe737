/* pcm_prosody_sum.c: what an utterance's frames come to.
 *
 * Memory does not grow with the utterance: pitch and level go into histograms (a quarter
 * semitone, one dB), the rest into sums. Means of pitch leave out the outer twentieths, where
 * the octave errors are. A syllable is a peak of the level with pitch that stands 2 dB over the
 * valleys beside it and no more than 25 dB under the loudest one (de Jong & Wempe, "Praat script
 * to detect syllable nuclei and measure speech rate automatically", Behavior Research Methods
 * 41, 2009). Silence of less than 200 ms within speech is no pause, but the closure of a
 * consonant. Pure functions. */
#include "pcm_prosody_int.h"

#include <math.h>
#include <string.h>

#define ST_PER_BIN 0.25
#define DIP_DB 2
#define SYLLABLE_DB 25
enum {
	ST_FLOOR = 4,            /* semitones over 55 Hz of the first bin: 69 Hz */
	VOICED_MIN = 10,         /* frames with pitch */
	CLOSURE = 10,            /* frames of silence that are no pause */
};

void pros_sums_init(struct pros_sums *s)
{
	memset(s, 0, sizeof(*s));
	s->first = s->last = -1;
	s->prev_st = -1;
	s->valley_db = s->peak_db = s->top_db = -100;
}

static bool is_syllable(const struct pros_sums *s)
{
	return s->rising && s->peak_voiced && s->peak_db > s->top_db - SYLLABLE_DB;
}

static void end_syllable(struct pros_sums *s)
{
	s->nuclei += is_syllable(s);
	s->rising = false;
}

static void follow_level(struct pros_sums *s, float db, bool pitch)
{
	if (s->rising && db > s->peak_db) {
		s->peak_db = db;
		s->peak_voiced |= pitch;
	} else if (s->rising && db < s->peak_db - DIP_DB) {
		end_syllable(s);
		s->valley_db = db;
	} else if (!s->rising && db < s->valley_db) {
		s->valley_db = db;
	} else if (!s->rising && db > s->valley_db + DIP_DB) {
		s->rising = true;
		s->peak_db = db;
		s->peak_voiced = pitch;
	}
	s->top_db = db > s->top_db ? db : s->top_db;
}

static void add_pitch(struct pros_sums *s, const struct pcm_prosody_frame *f)
{
	double st = 12 * log2(f->f0_hz / 55), t = s->frames * 0.02;
	int bin = (int)((st - ST_FLOOR) / ST_PER_BIN);
	s->st[bin < 0 ? 0 : bin >= PROS_ST_BINS ? PROS_ST_BINS - 1 : bin]++;
	s->voiced++;
	s->t += t;
	s->t2 += t * t;
	s->s += st;
	s->ts += t * st;
	if (s->prev_st >= 0 && fabs(st - s->prev_st) < 4) {   /* more is an error */
		s->move += fabs(st - s->prev_st) / 0.02;
		s->moves++;
	}
	s->prev_st = (float)st;
	s->hnr += f->hnr_db;
	s->tilt += f->tilt_db;
	s->tilt2 += (double)f->tilt_db * f->tilt_db;
	if (f->jitter >= 0) {
		s->jitter += f->jitter;
		s->shimmer += f->shimmer;
		s->n_jitter++;
	}
	for (int c = 0; c < PCM_PROSODY_MFCC; c++) {
		s->mfcc[c] += f->mfcc[c];
		s->mfcc2[c] += (double)f->mfcc[c] * f->mfcc[c];
	}
}

void pros_sums_add(struct pros_sums *s, const struct pcm_prosody_frame *f, bool over)
{
	int bin = (int)f->db + PROS_DB_BINS - 1;
	/* the window reaches back: the first frame of voice still is half silence */
	if (s->first < 0)
		s->first = s->frames;
	if (s->last >= 0 && s->frames - s->last <= CLOSURE)
		s->voice += s->frames - s->last - 1;
	s->last = s->frames;
	s->voice++;
	s->over += over;
	s->db[bin < 0 ? 0 : bin >= PROS_DB_BINS ? PROS_DB_BINS - 1 : bin]++;
	follow_level(s, f->db, f->f0_hz > 0);
	if (f->f0_hz > 0)
		add_pitch(s, f);
	else
		s->prev_st = -1;
	s->frames++;
}

void pros_sums_silence(struct pros_sums *s)
{
	s->frames++;
	s->prev_st = -1;
	end_syllable(s);
	s->valley_db = -100;
}

/* ---- functionals */

static unsigned count(const uint16_t *bins, int n)
{
	unsigned sum = 0;
	for (int i = 0; i < n; i++)
		sum += bins[i];
	return sum;
}

/* Where share of all is below, in bins. */
static double quantile(const uint16_t *bins, int n, double share)
{
	double want = share * count(bins, n), seen = 0;
	for (int i = 0; i < n; i++) {
		if (seen + bins[i] >= want && bins[i])
			return i + (want - seen) / bins[i];
		seen += bins[i];
	}
	return n;
}

struct moments {
	double mean, sd;
};

/* Between two quantiles; the middle of each bin counts. */
static struct moments moments(const uint16_t *bins, int n, double from, double to)
{
	double low = quantile(bins, n, from), high = quantile(bins, n, to), k = 0, x = 0, x2 = 0;
	for (int i = 0; i < n; i++) {
		double a = fmax(low, i), b = fmin(high, i + 1), w = b > a ? bins[i] * (b - a) : 0;
		double mid = (a + b) / 2;
		k += w;
		x += w * mid;
		x2 += w * mid * mid;
	}
	if (k <= 0)
		return (struct moments){ low, 0 };
	return (struct moments){ x / k, sqrt(fmax(0, x2 / k - x / k * (x / k))) };
}

static float spread(double sum, double sum2, int n)
{
	double mean = sum / n;
	return (float)sqrt(fmax(0, sum2 / n - mean * mean));
}

static void tell_pitch(const struct pros_sums *s, struct pcm_prosody_sum *ret)
{
	struct moments m = moments(s->st, PROS_ST_BINS, 0.05, 0.95);
	double n = s->voiced, var = s->t2 - s->t * s->t / n;
	ret->f0_mean = (float)(ST_FLOOR + ST_PER_BIN * m.mean);
	ret->f0_sd = (float)(ST_PER_BIN * m.sd);
	ret->f0_lo = (float)(ST_FLOOR + ST_PER_BIN * quantile(s->st, PROS_ST_BINS, 0.1));
	ret->f0_hi = (float)(ST_FLOOR + ST_PER_BIN * quantile(s->st, PROS_ST_BINS, 0.9));
	ret->f0_slope = (float)(var > 1e-9 ? (s->ts - s->t * s->s / n) / var : 0);
	ret->f0_move = (float)(s->moves ? s->move / s->moves : 0);
}

bool pros_sums_tell(const struct pros_sums *s, struct pcm_prosody_sum *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (s->voiced < VOICED_MIN)
		return false;
	struct moments m = moments(s->db, PROS_DB_BINS, 0, 1);
	int span = s->last - s->first + 1, n = s->voiced;
	tell_pitch(s, ret);
	ret->db_mean = (float)(m.mean - PROS_DB_BINS + 1);
	ret->db_sd = (float)m.sd;
	ret->db_hi = (float)(quantile(s->db, PROS_DB_BINS, 0.9) - PROS_DB_BINS + 1);
	ret->tilt_mean = (float)(s->tilt / n);
	ret->tilt_sd = spread(s->tilt, s->tilt2, n);
	ret->hnr_mean = (float)(s->hnr / n);
	ret->jitter = (float)(s->n_jitter ? s->jitter / s->n_jitter : 0);
	ret->shimmer = (float)(s->n_jitter ? s->shimmer / s->n_jitter : 0);
	ret->speech_s = (float)(s->voice * 0.02);
	ret->rate = (float)(s->nuclei + is_syllable(s)) / ret->speech_s;
	ret->pause = 1 - (float)s->voice / (float)span;
	ret->over = (float)s->over / (float)s->voice;
	ret->voiced = (float)s->voiced / (float)s->voice;
	for (int c = 0; c < PCM_PROSODY_MFCC; c++) {
		ret->mfcc_mean[c] = (float)(s->mfcc[c] / n);
		ret->mfcc_sd[c] = spread(s->mfcc[c], s->mfcc2[c], n);
	}
	return true;
}
