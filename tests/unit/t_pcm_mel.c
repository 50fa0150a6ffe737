/* Unit tests of the mel spectrum: tones in their bands, warping, levels, bounds. */
#include <math.h>
#include <stdlib.h>
#include "t.h"
#include "pcm_mel.h"

enum { N = 1600 };
static int16_t s[N];
static float out[40 * PCM_MEL_BANDS];

static void tone(double hz, double amp)
{
	for (int i = 0; i < N; i++)
		s[i] = (int16_t)(amp * sin(2 * M_PI * hz * i / PCM_HZ));
}

/* The loudest band of row 5. */
static int loudest(struct pcm_mel *m)
{
	int best = 0;
	if (pcm_mel_frames(m, s, N, 80, out, 40) < 6)
		return -1;
	const float *row = out + 5 * PCM_MEL_BANDS;
	for (int b = 1; b < PCM_MEL_BANDS; b++)
		best = row[b] > row[best] ? b : best;
	return best;
}

static double mel(double hz)
{
	return 1127 * log(1 + hz / 700);
}

TEST(mel_a_tone_is_in_its_band)
{
	struct pcm_mel *m = pcm_mel_new(1);
	double step = (mel(3800) - mel(150)) / (PCM_MEL_BANDS + 1);

	for (int b = 0; b < PCM_MEL_BANDS; b++) {
		double centre = 700 * (exp((mel(150) + (b + 1) * step) / 1127) - 1);
		tone(centre, 8000);
		EQ(loudest(m), b);
	}
	pcm_mel_free(m);
	pcm_mel_free(NULL);
}

/* With bands a fifth higher, a tone a fifth higher is in the same one. */
TEST(mel_warp_moves_the_bands)
{
	struct pcm_mel *m = pcm_mel_new(1), *w = pcm_mel_new(1.2);

	for (double hz = 400; hz < 2500; hz += 330) {
		tone(hz, 8000);
		int b = loudest(m);
		tone(hz * 1.2, 8000);
		int moved = loudest(w);
		CHECK(abs(moved - b) <= 1);
		CHECK(loudest(m) >= b);
	}
	pcm_mel_free(m);
	pcm_mel_free(w);
}

TEST(mel_levels_are_natural_logarithms)
{
	struct pcm_mel *m = pcm_mel_new(1);

	tone(1000, 10000);
	int b = loudest(m);
	float loud = out[5 * PCM_MEL_BANDS + b];
	tone(1000, 1000);
	EQ(loudest(m), b);
	NEAR(loud - out[5 * PCM_MEL_BANDS + b], log(100), 0.05);
	memset(s, 0, sizeof(s));
	CHECK(loudest(m) >= 0);
	for (int i = 0; i < PCM_MEL_BANDS; i++)
		CHECK(isfinite(out[5 * PCM_MEL_BANDS + i]) && out[5 * PCM_MEL_BANDS + i] > 0);
	pcm_mel_free(m);
}

TEST(mel_counts_windows)
{
	struct pcm_mel *m = pcm_mel_new(1);

	tone(500, 1000);
	EQ(pcm_mel_frames(m, s, 0, 80, out, 40), 0);
	EQ(pcm_mel_frames(m, s, PCM_MEL_WIN - 1, 80, out, 40), 0);
	EQ(pcm_mel_frames(m, s, PCM_MEL_WIN, 80, out, 40), 1);
	EQ(pcm_mel_frames(m, s, PCM_MEL_WIN + 80, 80, out, 40), 2);
	EQ(pcm_mel_frames(m, s, PCM_MEL_WIN + 160, 66.7, out, 40), 3);   /* another pace */
	EQ(pcm_mel_frames(m, s, N, 80, out, 7), 7); /* no more than there is room */
	pcm_mel_free(m);
}
