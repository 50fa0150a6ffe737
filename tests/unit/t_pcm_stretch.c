/* t_pcm_stretch.c: length by the percent, pitch as it was, no clicks, any cutting of the input
 * gives the same, and nothing is lost at the ends. */
#include "pcm_stretch.h"
#include "t.h"

#include <math.h>
#include <stdlib.h>

struct heard {
	VEC(int16_t) v;
};

static void put(void *arg, const int16_t *s, size_t n)
{
	struct heard *h = arg;
	for (size_t i = 0; i < n; i++)
		*VEC_PUSH(&h->v, 1u << 22) = s[i];
}

/* A voice of some harmonics, f0 in Hz, with a slow swell. */
static void voice(int16_t *s, size_t n, int rate, double f0)
{
	for (size_t i = 0; i < n; i++) {
		double t = (double)i / rate, x = 0;
		for (int k = 1; k <= 6; k++)
			x += sin(2 * M_PI * f0 * k * t + k) / k;
		s[i] = (int16_t)(5000 * x * (0.6 + 0.4 * sin(2 * M_PI * 3 * t)));
	}
}

static double likeness(const int16_t *s, size_t n, size_t lag)
{
	double c = 0, a = 1, b = 1;
	for (size_t i = 0; i + lag < n; i++) {
		c += (double)s[i] * s[i + lag];
		a += (double)s[i] * s[i];
		b += (double)s[i + lag] * s[i + lag];
	}
	return c / sqrt(a * b);
}

/* The first lag that is nearly as good as the best, as Hz. */
static double pitch(const int16_t *s, size_t n, int rate)
{
	size_t lo = (size_t)rate / 400, hi = (size_t)rate / 60;
	double best = 0;
	for (size_t lag = lo; lag <= hi; lag++)
		best = fmax(best, likeness(s, n, lag));
	while (likeness(s, n, lo) < 0.9 * best)
		lo++;
	while (likeness(s, n, lo + 1) > likeness(s, n, lo))
		lo++;
	return (double)rate / (double)lo;
}

static void stretch(const int16_t *s, size_t n, int rate, int percent, size_t piece,
		    struct heard *h)
{
	struct pcm_stretch *x = pcm_stretch_new(rate, percent);
	for (size_t i = 0; i < n; i += piece)
		pcm_stretch_run(x, s + i, n - i < piece ? n - i : piece, put, h);
	pcm_stretch_end(x, put, h);
	pcm_stretch_free(x);
}

TEST(pcm_stretch_length_and_pitch)
{
	static const int percents[] = { 70, 85, 90, 100, 110, 130 };
	static const int rates[] = { 8000, 16000 };
	static int16_t s[48000];
	for (size_t r = 0; r < 2; r++) {
		size_t n = (size_t)rates[r] * 3;
		for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
			struct heard h = { 0 };
			voice(s, n, rates[r], 140);
			stretch(s, n, rates[r], percents[i], 320, &h);
			NEAR((double)h.v.n / (double)n, 100.0 / percents[i], 0.03);
			size_t mid = h.v.n / 2;
			NEAR(pitch(&h.v.v[mid], (size_t)rates[r] / 4, rates[r]), 140, 4);
			VEC_FREE(&h.v);
		}
	}
}

TEST(pcm_stretch_whole_speed_is_the_same_sound)
{
	static int16_t s[16000];
	struct heard h = { 0 };
	voice(s, 16000, 8000, 180);
	stretch(s, 16000, 8000, 100, 160, &h);
	EQ(h.v.n, 16000);
	int worst = 0;
	for (size_t i = 0; i < h.v.n; i++) {
		int d = abs(h.v.v[i] - s[i]);
		worst = d > worst ? d : worst;
	}
	CHECK(worst <= 1);
	VEC_FREE(&h.v);
}

TEST(pcm_stretch_no_clicks)
{
	static int16_t s[24000];
	struct heard h = { 0 };
	int in = 0, out = 0;
	voice(s, 24000, 8000, 120);
	stretch(s, 24000, 8000, 85, 160, &h);
	for (size_t i = 1; i < 24000; i++)
		in = abs(s[i] - s[i - 1]) > in ? abs(s[i] - s[i - 1]) : in;
	for (size_t i = 1; i < h.v.n; i++)
		out = abs(h.v.v[i] - h.v.v[i - 1]) > out ? abs(h.v.v[i] - h.v.v[i - 1]) : out;
	CHECK(out <= in + in / 4);
	VEC_FREE(&h.v);
}

TEST(pcm_stretch_pieces_do_not_matter)
{
	static int16_t s[8000];
	struct heard a = { 0 }, b = { 0 };
	voice(s, 8000, 8000, 200);
	stretch(s, 8000, 8000, 88, 8000, &a);
	stretch(s, 8000, 8000, 88, 37, &b);
	EQ(a.v.n, b.v.n);
	CHECK(memcmp(a.v.v, b.v.v, a.v.n * sizeof(int16_t)) == 0);
	VEC_FREE(&a.v);
	VEC_FREE(&b.v);
}

TEST(pcm_stretch_short_and_hostile)
{
	static int16_t s[4000];
	for (size_t n = 0; n < 400; n += 7) {
		struct heard h = { 0 };
		stretch(s, n, 8000, 80, 50, &h);
		CHECK(h.v.n >= n && h.v.n <= n * 2 + 200);
		VEC_FREE(&h.v);
	}
	for (size_t i = 0; i < 4000; i++)
		s[i] = i % 2 ? INT16_MAX : INT16_MIN;
	struct heard h = { 0 };
	stretch(s, 4000, 8000, 1000, 160, &h);
	CHECK(h.v.n > 1800 && h.v.n < 2400);
	VEC_FREE(&h.v);
	pcm_stretch_free(NULL);
}
