/* turn_mel.c: what the end-of-turn network hears: the mel spectrum of Whisper (Radford et al.
 * 2022, as in transformers' WhisperFeatureExtractor with chunk_length 8 and do_normalize).
 *
 * The sound is brought to mean 0 and variance 1 over all 8 s (with the silence before it),
 * mirrored by 200 samples at both ends, cut into windows of 400 (periodic Hann, hop 160), and
 * the power of 201 bins is summed under 80 triangles of Slaney's mel scale. Then log10, nothing
 * lower than 8 under the loudest, (x + 4) / 4. The transform is a table of sines over sums and
 * differences of mirrored samples, a quarter of the work of a plain one; windows of a constant,
 * as before a short utterance, are computed once. Owned by one thread. */
#include "turn_int.h"

#include <math.h>

enum {
	WIN = 400,
	HOP = 160,
	PAD = WIN / 2,
	BINS = WIN / 2 + 1,
	QUARTER = WIN / 4,
	ROW = 104,           /* bins of one parity, up to a multiple of 8 */
	PARTS = 4,
};

struct turn_mel {
	float window[WIN];
	float table[PARTS][QUARTER + 1][ROW]; /* cos even, cos odd, sin even, sin odd bins */
	float weight[TURN_MELS][BINS];
	int from[TURN_MELS], to[TURN_MELS];   /* bins under a triangle */
	float x[TURN_SAMPLES + 2 * PAD];
	float power[BINS];
	float flat; /* the constant whose window is in power, NAN = none */
};

/* ---- tables */

static double mel_to_hz(double mel)
{
	return mel < 15 ? mel * 200 / 3 : 1000 * exp((mel - 15) * log(6.4) / 27);
}

static double hz_to_mel(double hz)
{
	return hz < 1000 ? hz * 3 / 200 : 15 + log(hz / 1000) * 27 / log(6.4);
}

static void make_triangles(struct turn_mel *m)
{
	double top = hz_to_mel(TURN_HZ / 2.0), hz[TURN_MELS + 2];
	for (int i = 0; i < TURN_MELS + 2; i++)
		hz[i] = mel_to_hz(top * i / (TURN_MELS + 1));
	for (int i = 0; i < TURN_MELS; i++) {
		m->from[i] = BINS;
		for (int b = 0; b < BINS; b++) {
			double f = (double)b * TURN_HZ / WIN;
			double up = (f - hz[i]) / (hz[i + 1] - hz[i]);
			double down = (hz[i + 2] - f) / (hz[i + 2] - hz[i + 1]);
			double w = fmin(up, down) * 2 / (hz[i + 2] - hz[i]);
			if (w <= 0)
				continue;
			m->weight[i][b] = (float)w;
			m->from[i] = b < m->from[i] ? b : m->from[i];
			m->to[i] = b + 1;
		}
	}
}

struct turn_mel *turn_mel_new(void)
{
	struct turn_mel *m = xalloc(sizeof(*m));
	for (int i = 0; i < WIN; i++)
		m->window[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * i / WIN));
	for (int p = 0; p < PARTS; p++)
		for (int i = 0; i <= QUARTER; i++)
			for (int j = 0; j <= QUARTER; j++) {
				double a = 2 * M_PI * i * (2 * j + p % 2) / WIN;
				m->table[p][i][j] = (float)(p < 2 ? cos(a) : sin(a));
			}
	make_triangles(m);
	return m;
}

void turn_mel_free(struct turn_mel *m)
{
	xfree(m);
}

/* ---- one window */

static void fold(const struct turn_mel *m, const float *x, float to[PARTS][QUARTER + 1])
{
	float u[WIN], e[PAD + 1], o[PAD + 1];
	for (int i = 0; i < WIN; i++)
		u[i] = m->window[i] * x[i];
	e[0] = u[0];
	e[PAD] = u[PAD];
	o[0] = o[PAD] = 0;
	for (int i = 1; i < PAD; i++) {
		e[i] = u[i] + u[WIN - i];
		o[i] = u[i] - u[WIN - i];
	}
	for (int i = 0; i < QUARTER; i++) {
		to[0][i] = e[i] + e[PAD - i];
		to[1][i] = e[i] - e[PAD - i];
		to[2][i] = o[i] - o[PAD - i];
		to[3][i] = o[i] + o[PAD - i];
	}
	to[0][QUARTER] = e[QUARTER];
	to[1][QUARTER] = to[2][QUARTER] = 0;
	to[3][QUARTER] = o[QUARTER];
}

static void transform(struct turn_mel *m, const float *x)
{
	float in[PARTS][QUARTER + 1], sum[PARTS][ROW] = { 0 };
	fold(m, x, in);
	for (int p = 0; p < PARTS; p++)
		for (int i = 0; i <= QUARTER; i++)
			for (int j = 0; j < ROW; j++)
				sum[p][j] += in[p][i] * m->table[p][i][j];
	for (int b = 0; b < BINS; b++) {
		float re = sum[b % 2][b / 2], im = sum[2 + b % 2][b / 2];
		m->power[b] = re * re + im * im;
	}
}

static void hear(struct turn_mel *m, const float *x)
{
	bool flat = true;
	for (int i = 1; i < WIN && flat; i++)
		flat = x[i] == x[0];
	if (flat && m->flat == x[0])
		return;
	transform(m, x);
	m->flat = flat ? x[0] : NAN;
}

/* ---- all of it */

static void normalize(struct turn_mel *m, const int16_t *s, size_t n)
{
	float *x = m->x + PAD;
	size_t before = TURN_SAMPLES - n;
	double sum = 0, squares = 0;
	for (size_t i = 0; i < n; i++)
		sum += s[i] / 32768.0;
	double mean = sum / TURN_SAMPLES;
	for (size_t i = 0; i < n; i++)
		squares += (s[i] / 32768.0 - mean) * (s[i] / 32768.0 - mean);
	squares += (double)before * mean * mean;
	double scale = 1 / sqrt(squares / TURN_SAMPLES + 1e-7);
	for (size_t i = 0; i < before; i++)
		x[i] = (float)(-mean * scale);
	for (size_t i = 0; i < n; i++)
		x[before + i] = (float)((s[i] / 32768.0 - mean) * scale);
	for (int i = 1; i <= PAD; i++) {
		x[-i] = x[i];
		x[TURN_SAMPLES - 1 + i] = x[TURN_SAMPLES - 1 - i];
	}
}

void turn_mel_run(struct turn_mel *m, const int16_t *s, size_t n, float *out)
{
	float most = -100;
	ASSERT(n <= TURN_SAMPLES);
	normalize(m, s, n);
	m->flat = NAN;
	for (int t = 0; t < TURN_TIMES; t++) {
		hear(m, m->x + (size_t)t * HOP);
		for (int i = 0; i < TURN_MELS; i++) {
			float sum = 0;
			for (int b = m->from[i]; b < m->to[i]; b++)
				sum += m->weight[i][b] * m->power[b];
			float v = log10f(sum > 1e-10f ? sum : 1e-10f);
			out[i * TURN_TIMES + t] = v;
			most = v > most ? v : most;
		}
	}
	for (int i = 0; i < TURN_MELS * TURN_TIMES; i++)
		out[i] = ((out[i] < most - 8 ? most - 8 : out[i]) + 4) / 4;
}
