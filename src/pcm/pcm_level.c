/* pcm_level.c: levels, gain, fade, mix, and the power of one frequency. Pure, any
 * thread. */
#include "pcm.h"

#include <math.h>

static int16_t clip16(double v)
{
	if (v > 32767)
		return 32767;
	if (v < -32768)
		return -32768;
	return (int16_t)lrint(v);
}

double pcm_dbfs(const int16_t *s, size_t n)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (int32_t)s[i] * s[i];
	if (!n || !sum)
		return PCM_SILENT_DB;
	double db = 10 * log10((double)sum / (double)n / (32768.0 * 32768.0));

	return db < PCM_SILENT_DB ? PCM_SILENT_DB : db;
}

int pcm_peak(const int16_t *s, size_t n)
{
	int top = 0;

	for (size_t i = 0; i < n; i++) {
		int v = s[i] < 0 ? -(int)s[i] : s[i];

		top = v > top ? v : top;
	}
	return top;
}

void pcm_gain(int16_t *s, size_t n, double db)
{
	double g = pow(10, db / 20);

	for (size_t i = 0; i < n; i++)
		s[i] = clip16(s[i] * g);
}

void pcm_fade(int16_t *s, size_t n, double from, double to)
{
	for (size_t i = 0; i < n; i++)
		s[i] = clip16(s[i] * (from + (to - from) * (double)i / (double)n));
}

void pcm_mix(int16_t *dst, const int16_t *add, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int v = dst[i] + add[i];

		dst[i] = (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : v);
	}
}

double pcm_goertzel_db(const int16_t *s, size_t n, double hz, int rate)
{
	double c = 2 * cos(2 * M_PI * hz / rate), a = 0, b = 0;

	if (!n)
		return PCM_SILENT_DB;
	for (size_t i = 0; i < n; i++) {
		double t = s[i] / 32768.0 + c * a - b;

		b = a;
		a = t;
	}
	double amp = sqrt(fabs(a * a + b * b - c * a * b)) * 2 / (double)n;

	return amp < 1e-5 ? PCM_SILENT_DB : 20 * log10(amp);
}
