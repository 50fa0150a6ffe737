/* Unit tests of prosody, on voices made here: pulses at known times that excite two resonances,
 * so pitch, jitter, shimmer and tilt are known. */
#include <math.h>
#include "t.h"
#include "pcm_prosody.h"

enum { SEC = PCM_HZ, MAX = 40 * SEC };
static int16_t wave[2 * MAX];

struct voice {
	double f0, f0_to;            /* Hz, from and to */
	double jitter, shimmer;      /* mean difference of neighbours, share of the mean */
	double hard;                 /* strength of the upper resonance */
	double noise, gain;
	double syllables;            /* a second: the level rises and falls so often; 0 = not */
	int rate;
};

static int16_t clip(double v)
{
	return (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : v);
}

/* One pulse at t seconds, as it rings in two formants. */
static void pulse(double *out, int n, int rate, double t, double amp, double hard)
{
	for (int i = (int)ceil(t * rate); i < n && i < t * rate + rate * 0.03; i++) {
		double d = i / (double)rate - t;
		out[i] += amp * exp(-d * 300) * sin(2 * M_PI * 650 * d);
		out[i] += amp * hard * exp(-d * 400) * sin(2 * M_PI * 1900 * d);
	}
}

static void speak(const struct voice *v, double seconds, int16_t *out)
{
	static double x[2 * MAX];
	int rate = v->rate ? v->rate : PCM_HZ, n = (int)(seconds * rate), k = 0;
	memset(x, 0, sizeof(*x) * (size_t)n);
	for (double t = 0.001; t < seconds; k++) {
		double at = t / seconds, f0 = v->f0 + (v->f0_to > 0 ? at * (v->f0_to - v->f0) : 0);
		double sign = k % 2 ? 1 : -1;
		pulse(x, n, rate, t, 1 + sign * v->shimmer / 2, v->hard);
		/* neighbours of a normal spread of 1 differ by 2 / sqrt(pi) */
		t += 1 / f0 * (1 + v->jitter * sqrt(M_PI) / 2 * rng_normal(t_rng()));
	}
	double gain = v->gain > 0 ? v->gain : 6000;
	for (int i = 0; i < n; i++) {
		double beat = v->syllables > 0 ?
				      0.55 - 0.45 * cos(2 * M_PI * v->syllables * i / rate) :
				      1;
		out[i] = clip(gain * beat * (x[i] + v->noise * rng_normal(t_rng())));
	}
}

static void push(struct pcm_prosody *p, const int16_t *s, double seconds, int rate, bool voice,
		 bool over)
{
	size_t n = (size_t)rate / 50;
	for (size_t at = 0; at + n <= (size_t)(seconds * rate); at += n)
		(void)pcm_prosody_push(p, s + at, n, voice, over);
}

static bool hear(const struct voice *v, double seconds, struct pcm_prosody_sum *ret)
{
	struct pcm_prosody *p = NULL;
	int rate = v->rate ? v->rate : PCM_HZ;
	if (pcm_prosody_open(&p, rate))
		return false;
	speak(v, seconds, wave);
	push(p, wave, seconds, rate, true, false);
	bool ok = pcm_prosody_sum(p, ret);
	pcm_prosody_close(p);
	return ok;
}

static double hz_of(float st)
{
	return 55 * pow(2, st / 12);
}

TEST(prosody_pitch_of_known_pulses)
{
	static const double f0[] = { 75, 90, 118.3, 150, 205, 260, 333, 420, 480 };
	struct pcm_prosody_sum s;

	for (size_t i = 0; i < sizeof(f0) / sizeof(*f0); i++) {
		CHECK(hear(&(struct voice){ .f0 = f0[i], .hard = 0.3 }, 1, &s));
		NEAR(hz_of(s.f0_mean), f0[i], f0[i] * 0.012);
		NEAR(s.f0_sd, 0, 0.3);
		CHECK(s.voiced > 0.9);
		CHECK(s.hnr_mean > 12);
		NEAR(s.speech_s, 1, 1e-6);
	}
}

/* What a telephone leaves of a man's voice: nothing below 300 Hz. */
TEST(prosody_pitch_without_its_fundamental)
{
	struct pcm_prosody *p = NULL;
	struct pcm_prosody_sum s;

	for (int i = 0; i < SEC; i++) {
		double v = 0;
		for (int k = 3; k * 110 < 3400; k++)
			v += cos(2 * M_PI * k * 110.0 * i / SEC + k * k) / k;
		wave[i] = clip(6000 * v);
	}
	EQ(pcm_prosody_open(&p, PCM_HZ), 0);
	push(p, wave, 1, PCM_HZ, true, false);
	CHECK(pcm_prosody_sum(p, &s));
	pcm_prosody_close(p);
	NEAR(hz_of(s.f0_mean), 110, 1.5);
	CHECK(s.voiced > 0.9);
}

TEST(prosody_mu_law_and_wide_band_tell_the_same)
{
	struct voice v = { .f0 = 140, .f0_to = 180, .hard = 0.5, .syllables = 4, .noise = 0.01 };
	struct pcm_prosody_sum narrow, wide, mu;
	struct pcm_prosody *p = NULL;
	static uint8_t bytes[3 * SEC];

	CHECK(hear(&v, 3, &narrow));
	pcm_ulaw_encode(wave, sizeof(bytes), bytes);
	pcm_ulaw_decode(bytes, sizeof(bytes), wave);
	EQ(pcm_prosody_open(&p, PCM_HZ), 0);
	push(p, wave, 3, PCM_HZ, true, false);
	CHECK(pcm_prosody_sum(p, &mu));
	pcm_prosody_close(p);
	v.rate = 16000;
	CHECK(hear(&v, 3, &wide));
	NEAR(mu.f0_mean, narrow.f0_mean, 0.1);
	NEAR(mu.tilt_mean, narrow.tilt_mean, 0.5);
	NEAR(mu.db_mean, narrow.db_mean, 0.5);
	NEAR(wide.f0_mean, narrow.f0_mean, 0.1);
	NEAR(wide.tilt_mean, narrow.tilt_mean, 1);
	NEAR(wide.db_mean, narrow.db_mean, 1);
	for (int c = 0; c < 4; c++)
		NEAR(wide.mfcc_mean[c], narrow.mfcc_mean[c], 1.0);
}

TEST(prosody_pitch_that_moves)
{
	struct pcm_prosody_sum flat, up, down;

	CHECK(hear(&(struct voice){ .f0 = 150, .hard = 0.3 }, 1, &flat));
	CHECK(hear(&(struct voice){ .f0 = 120, .f0_to = 240, .hard = 0.3 }, 1, &up));
	CHECK(hear(&(struct voice){ .f0 = 240, .f0_to = 120, .hard = 0.3 }, 1, &down));
	NEAR(flat.f0_slope, 0, 0.3);
	NEAR(up.f0_slope, 12, 1.5);
	NEAR(down.f0_slope, -12, 1.5);
	NEAR(up.f0_move, 12, 2.5);
	CHECK(up.f0_hi - up.f0_lo > 7 && up.f0_hi - up.f0_lo < 12);
	CHECK(up.f0_sd > flat.f0_sd + 2);
}

/* A window of 40 ms holds few periods, so it sees a little less than all of the jitter. */
TEST(prosody_jitter_and_shimmer)
{
	struct pcm_prosody_sum even, rough, rougher, beating;

	CHECK(hear(&(struct voice){ .f0 = 150, .hard = 0.3 }, 1, &even));
	CHECK(hear(&(struct voice){ .f0 = 150, .hard = 0.3, .jitter = 0.01 }, 8, &rough));
	CHECK(hear(&(struct voice){ .f0 = 150, .hard = 0.3, .jitter = 0.03 }, 8, &rougher));
	CHECK(hear(&(struct voice){ .f0 = 150, .hard = 0.3, .shimmer = 0.2 }, 1, &beating));
	CHECK(even.jitter < 0.003);
	NEAR(rough.jitter, 0.01, 0.004);
	NEAR(rougher.jitter, 0.03, 0.012);
	CHECK(even.shimmer < 0.02);
	NEAR(beating.shimmer, 0.2, 0.05);
	CHECK(beating.jitter < 0.005);
}

TEST(prosody_tilt_and_noise)
{
	struct pcm_prosody_sum soft, hard, noisy;

	CHECK(hear(&(struct voice){ .f0 = 150, .hard = 0.2 }, 1, &soft));
	CHECK(hear(&(struct voice){ .f0 = 150, .hard = 0.8 }, 1, &hard));
	CHECK(hear(&(struct voice){ .f0 = 150, .hard = 0.2, .noise = 0.1 }, 1, &noisy));
	/* four times the upper formant is 12 dB, less what the lower one has up there */
	CHECK(hard.tilt_mean > soft.tilt_mean + 8 && hard.tilt_mean < soft.tilt_mean + 13);
	CHECK(noisy.hnr_mean < soft.hnr_mean - 5);
	NEAR(noisy.f0_mean, soft.f0_mean, 0.2);
}

TEST(prosody_level_is_told_in_db)
{
	struct pcm_prosody_sum a, b;

	CHECK(hear(&(struct voice){ .f0 = 150, .hard = 0.3, .gain = 8000 }, 1, &a));
	CHECK(hear(&(struct voice){ .f0 = 150, .hard = 0.3, .gain = 800 }, 1, &b));
	NEAR(a.db_mean - b.db_mean, 20, 0.6);
	NEAR(a.tilt_mean, b.tilt_mean, 0.3);
	NEAR(a.f0_mean, b.f0_mean, 0.1);
	NEAR(a.db_mean, pcm_dbfs(wave, SEC) + 20, 2);
}

TEST(prosody_counts_syllables_and_pauses)
{
	static const double rates[] = { 2.5, 4, 6 };
	struct pcm_prosody *p = NULL;
	struct pcm_prosody_sum s;

	for (int i = 0; i < 3; i++) {
		CHECK(hear(&(struct voice){ .f0 = 160, .hard = 0.3, .syllables = rates[i] }, 4,
			   &s));
		NEAR(s.rate, rates[i], 0.4);
	}
	CHECK(hear(&(struct voice){ .f0 = 160, .hard = 0.3, .noise = 0.003 }, 4, &s));
	CHECK(s.rate < 0.6);
	speak(&(struct voice){ .f0 = 160, .hard = 0.3, .syllables = 4 }, 1, wave);
	EQ(pcm_prosody_open(&p, PCM_HZ), 0);
	push(p, wave, 1, PCM_HZ, true, false);
	push(p, wave, 1, PCM_HZ, false, false);
	push(p, wave, 1, PCM_HZ, true, true);
	push(p, wave, 0.1, PCM_HZ, false, false);            /* a consonant's closure */
	push(p, wave, 0.9, PCM_HZ, true, false);
	push(p, wave, 0.5, PCM_HZ, false, false);            /* the end is no pause */
	CHECK(pcm_prosody_sum(p, &s));
	pcm_prosody_close(p);
	NEAR(s.pause, 0.25, 0.01);
	NEAR(s.speech_s, 3, 0.05);
	NEAR(s.over, 1.0 / 3, 0.02);
	NEAR(s.rate, 4, 0.7);
}

static float voiced_share(const int16_t *s, double seconds)
{
	struct pcm_prosody *p = NULL;
	struct pcm_prosody_sum sum;
	int n = 0, voiced = 0;

	if (pcm_prosody_open(&p, PCM_HZ))
		return -1;
	for (int at = 0; at + PCM_FRAME <= seconds * PCM_HZ; at += PCM_FRAME) {
		const struct pcm_prosody_frame *f =
			pcm_prosody_push(p, s + at, PCM_FRAME, true, false);
		voiced += f && f->f0_hz > 0;
		n++;
	}
	if (voiced < 10 && pcm_prosody_sum(p, &sum))
		voiced = n;                  /* too little voice must give nothing */
	pcm_prosody_close(p);
	return (float)voiced / (float)n;
}

TEST(prosody_what_is_no_voice_has_no_pitch)
{
	static const char keys[] = "0123456789*#";

	memset(wave, 0, sizeof(wave));
	EQ(voiced_share(wave, 1), 0);
	for (int i = 0; i < SEC; i++)
		wave[i] = clip(3000 * rng_normal(t_rng()));
	CHECK(voiced_share(wave, 1) < 0.1F);
	for (const char *k = keys; *k; k++) {
		size_t n = pcm_dtmf_gen(*k, 400, wave, SEC);
		EQ(n, 3200);
		CHECK(voiced_share(wave, 0.4) < 0.13F);      /* the first window may see its edge */
	}
	for (int i = 0; i < SEC; i++)
		wave[i] = clip(8000 * sin(2 * M_PI * 425 * i / SEC));
	CHECK(voiced_share(wave, 1) < 0.05F);
	for (int i = 0; i < SEC; i++)
		wave[i] = (int16_t)(i % 2 ? 32767 : -32768);
	CHECK(voiced_share(wave, 1) < 0.05F);
}

TEST(prosody_of_a_clipped_voice)
{
	struct pcm_prosody_sum s;

	CHECK(hear(&(struct voice){ .f0 = 170, .hard = 0.5, .gain = 90000 }, 1, &s));
	NEAR(hz_of(s.f0_mean), 170, 3);
	CHECK(isfinite(s.tilt_mean) && isfinite(s.hnr_mean) && s.db_mean <= 0.5F);
}

TEST(prosody_bad_input_and_bounds)
{
	struct pcm_prosody *p = NULL;
	struct pcm_prosody_sum s = { .rate = 1 };
	static const struct pcm_prosody_sum none;

	EQ(pcm_prosody_open(&p, 44100), ERR_INVAL);
	CHECK(!p);
	pcm_prosody_close(NULL);
	EQ(pcm_prosody_open(&p, 16000), 0);
	speak(&(struct voice){ .f0 = 150, .hard = 0.3, .rate = 16000 }, 1, wave);
	CHECK(!pcm_prosody_push(p, wave, 160, true, false));  /* a frame of the other rate */
	CHECK(!pcm_prosody_push(p, wave, 0, true, false));
	CHECK(!pcm_prosody_sum(p, &s));
	CHECK(memcmp(&s, &none, sizeof(s)) == 0);
	push(p, wave, 0.18, 16000, true, false);
	CHECK(!pcm_prosody_sum(p, &s));                       /* too short to tell */
	push(p, wave, 1, 16000, true, false);
	CHECK(pcm_prosody_sum(p, &s));
	for (int i = 0; i < 80; i++)
		push(p, wave, 1, 16000, i % 2, false);
	CHECK(pcm_prosody_sum(p, &s));
	CHECK(s.speech_s <= PCM_PROSODY_MAX_MS / 1000);
	CHECK(!pcm_prosody_push(p, wave, 320, true, false));  /* an utterance has an end */
	pcm_prosody_close(p);
}

TEST(prosody_survives_any_samples)
{
	struct pcm_prosody *p = NULL;
	struct pcm_prosody_sum s;

	EQ(pcm_prosody_open(&p, PCM_HZ), 0);
	for (int i = 0; i < 400; i++) {
		for (int k = 0; k < PCM_FRAME; k++)
			wave[k] = (int16_t)rng_u64(t_rng());
		if (i % 7 == 0)
			memset(wave, i % 2 ? 0x7F : 0x80, PCM_FRAME * sizeof(*wave));
		const struct pcm_prosody_frame *f =
			pcm_prosody_push(p, wave, PCM_FRAME, i % 5, i % 3 == 0);
		CHECK(!f || (isfinite(f->db) && isfinite(f->tilt_db) && isfinite(f->hnr_db)));
		CHECK(!f || f->f0_hz == 0 || (f->f0_hz > 65 && f->f0_hz < 540));
		for (int c = 0; f && c < PCM_PROSODY_MFCC; c++)
			CHECK(isfinite(f->mfcc[c]));
	}
	(void)pcm_prosody_sum(p, &s);
	pcm_prosody_close(p);
}
