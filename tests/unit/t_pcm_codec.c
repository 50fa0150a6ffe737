/* Unit tests of pcm: G.711, resampling, levels, tones, DTMF. */
#include <math.h>
#include <stdlib.h>
#include "t.h"
#include "pcm.h"

static void sine(int16_t *s, size_t n, double hz, int rate, double amp)
{
	for (size_t i = 0; i < n; i++)
		s[i] = (int16_t)lrint(amp * sin(2 * M_PI * hz * (double)i / rate));
}

TEST(pcm_ulaw_known_values)
{
	/* ITU-T G.191 reference values */
	static const int16_t in[] = { 0, 8, -8, 1000, -1000, 32767, -32768 };
	static const uint8_t want[] = { 0xff, 0xfe, 0x7e, 0xce, 0x4e, 0x80, 0x00 };
	uint8_t out[7];

	pcm_ulaw_encode(in, 7, out);
	for (int i = 0; i < 7; i++)
		EQ(out[i], want[i]);
}

TEST(pcm_alaw_known_values)
{
	static const int16_t in[] = { 0, -1, 1000, -1000, 32767, -32768 };
	static const uint8_t want[] = { 0xd5, 0x55, 0xfa, 0x7a, 0xaa, 0x2a };
	uint8_t out[6];

	pcm_alaw_encode(in, 6, out);
	for (int i = 0; i < 6; i++)
		EQ(out[i], want[i]);
}

TEST(pcm_g711_every_code_survives)
{
	for (int i = 0; i < 256; i++) {
		uint8_t c = (uint8_t)i, back;
		int16_t s;

		pcm_ulaw_decode(&c, 1, &s);
		pcm_ulaw_encode(&s, 1, &back);
		if (c != 0x7f) /* negative zero becomes zero */
			EQ(back, c);
		pcm_alaw_decode(&c, 1, &s);
		pcm_alaw_encode(&s, 1, &back);
		EQ(back, c);
	}
}

TEST(pcm_g711_error_is_bounded)
{
	for (int v = -32768; v < 32768; v += 7) {
		int16_t s = (int16_t)v, u, a;
		uint8_t c;
		int lim = abs(v) / 16 + 16;

		pcm_ulaw_encode(&s, 1, &c);
		pcm_ulaw_decode(&c, 1, &u);
		if (v > -32000 && v < 32000)
			CHECK(abs(u - v) <= lim);
		pcm_alaw_encode(&s, 1, &c);
		pcm_alaw_decode(&c, 1, &a);
		CHECK(abs(a - v) <= lim + 8);
	}
}

TEST(pcm_resample_keeps_the_tone)
{
	static const int rates[] = { 8000, 16000, 22050, 24000, 48000 };
	static int16_t in[48000];

	for (size_t i = 0; i < 5; i++) {
		for (size_t j = 0; j < 5; j++) {
			int16_t *out;
			size_t n;

			sine(in, (size_t)rates[i], 1000, rates[i], 16384);
			OK(pcm_resample(in, (size_t)rates[i], rates[i], rates[j], &out,
					&n));
			EQ(n, rates[j]);
			NEAR(pcm_goertzel_db(out + n / 4, n / 2, 1000, rates[j]), -6,
			     0.3);
			CHECK(pcm_goertzel_db(out + n / 4, n / 2, 2500, rates[j]) <
			      -60);
			xfree(out);
		}
	}
}

TEST(pcm_resample_down_removes_what_would_fold)
{
	static int16_t in[24000];
	int16_t *out;
	size_t n;

	sine(in, 24000, 7000, 24000, 16384);
	OK(pcm_resample(in, 24000, 24000, 8000, &out, &n));
	CHECK(pcm_dbfs(out + 1000, n - 2000) < -50);
	xfree(out);
}

TEST(pcm_rs_streams_in_pieces)
{
	static int16_t in[8000], out[16100];
	struct pcm_rs *rs;
	size_t n = 0;

	sine(in, 8000, 440, 8000, 10000);
	OK(pcm_rs_open(&rs, 8000, 16000, 3));
	for (size_t i = 0; i < 8000; i += 160)
		n += pcm_rs_run(rs, in + i, 160, out + n, pcm_rs_cap(rs, 160));
	pcm_rs_close(rs);
	CHECK(n >= 15900 && n <= 16000);
	NEAR(pcm_goertzel_db(out + 4000, 8000, 440, 16000), 20 * log10(10000 / 32768.0),
	     0.3);
}

TEST(pcm_rs_refuses_nonsense)
{
	struct pcm_rs *rs;
	int16_t *out;
	size_t n;

	EQ(pcm_rs_open(&rs, 0, 8000, 3), ERR_INVAL);
	EQ(pcm_rs_open(&rs, 8000, 8000000, 3), ERR_INVAL);
	EQ(pcm_rs_open(&rs, 8000, 16000, 11), ERR_INVAL);
	EQ(pcm_resample(NULL, 0, 8000, 1, &out, &n), ERR_INVAL);
}

TEST(pcm_levels)
{
	int16_t s[800];

	for (int i = 0; i < 800; i++)
		s[i] = i & 1 ? 16384 : -16384;
	NEAR(pcm_dbfs(s, 800), -6.02, 0.01);
	EQ(pcm_peak(s, 800), 16384);
	pcm_gain(s, 800, 20);
	EQ(pcm_peak(s, 800), 32768);
	memset(s, 0, sizeof(s));
	NEAR(pcm_dbfs(s, 800), PCM_SILENT_DB, 1e-9);
	NEAR(pcm_dbfs(s, 0), PCM_SILENT_DB, 1e-9);
}

TEST(pcm_fade_and_mix)
{
	int16_t a[100], b[100];

	for (int i = 0; i < 100; i++)
		a[i] = b[i] = 20000;
	pcm_fade(a, 100, 1, 0);
	EQ(a[0], 20000);
	CHECK(a[50] > 9900 && a[50] < 10100 && a[99] < 300);
	pcm_mix(b, b, 100);
	EQ(b[7], 32767);
}

TEST(pcm_tone_cadence)
{
	static int16_t s[8000];
	struct pcm_tone t;

	pcm_tone_init(&t, PCM_TONE_RINGBACK, 8000);
	CHECK(pcm_tone_pull(&t, s, 8000));
	NEAR(pcm_goertzel_db(s + 400, 7200, 425, 8000), -13, 0.5);
	for (int i = 0; i < 4; i++) {
		CHECK(pcm_tone_pull(&t, s, 8000));
		EQ(pcm_peak(s, 8000), 0);
	}
	CHECK(pcm_tone_pull(&t, s, 8000));
	CHECK(pcm_peak(s, 8000) > 5000);
}

TEST(pcm_tone_once_ends_and_does_not_depend_on_pieces)
{
	int16_t a[3200], b[3200];
	struct pcm_tone t, u;
	bool more = true;

	pcm_tone_init(&t, PCM_TONE_BEEP, 8000);
	pcm_tone_init(&u, PCM_TONE_BEEP, 8000);
	CHECK(!pcm_tone_pull(&t, a, 3200));
	for (int i = 0; i < 3200; i += 160)
		more = pcm_tone_pull(&u, b + i, 160);
	CHECK(!more);
	CHECK(!memcmp(a, b, sizeof(a)));
	EQ(a[1700], 0);
	CHECK(abs(a[0]) < 100);
}

TEST(pcm_dtmf_hears_every_key_it_makes)
{
	static const char keys[] = "0123456789*#ABCD";
	struct pcm_dtmf *d;
	int16_t s[1600];

	OK(pcm_dtmf_open(&d));
	for (size_t i = 0; i < sizeof(keys) - 1; i++) {
		memset(s, 0, sizeof(s));
		EQ(pcm_dtmf_gen(keys[i], 80, s, 1600), 640);
		for (int at = 0; at < 1600; at += 160)
			pcm_dtmf_push(d, s + at, 160);
		EQ(pcm_dtmf_next(d), keys[i]);
		EQ(pcm_dtmf_next(d), 0);
	}
	EQ(pcm_dtmf_gen('x', 80, s, 1600), 0);
	EQ(pcm_dtmf_gen(0, 80, s, 1600), 0);
	pcm_dtmf_close(d);
}

TEST(pcm_dtmf_survives_g711_and_noise)
{
	struct pcm_dtmf *d;
	int16_t s[1600];
	uint8_t u[1600];
	int heard = 0;

	OK(pcm_dtmf_open(&d));
	for (int k = 0; k < 50; k++) {
		memset(s, 0, sizeof(s));
		pcm_dtmf_gen((char)('0' + k % 10), 80, s, 1600);
		for (int i = 0; i < 1600; i++)
			s[i] = (int16_t)(s[i] + (int)(300 * rng_normal(t_rng())));
		pcm_ulaw_encode(s, 1600, u);
		pcm_ulaw_decode(u, 1600, s);
		pcm_dtmf_push(d, s, 1600);
		heard += pcm_dtmf_next(d) == '0' + k % 10;
		EQ(pcm_dtmf_next(d), 0);
	}
	EQ(heard, 50);
	pcm_dtmf_close(d);
}

TEST(pcm_dtmf_does_not_hear_speech_like_sound)
{
	struct pcm_dtmf *d;
	int16_t s[160];
	double f0 = 120, w = 0;

	OK(pcm_dtmf_open(&d));
	for (int f = 0; f < 1500; f++) { /* 30 s of a gliding harmonic voice */
		for (int i = 0; i < 160; i++) {
			double v = 0;

			w += 2 * M_PI * f0 / 8000;
			for (int h = 1; h < 20; h++)
				v += sin(w * h) / h;
			s[i] = (int16_t)(v * 6000);
		}
		f0 = 90 + 120 * rng_unit(t_rng());
		pcm_dtmf_push(d, s, 160);
	}
	EQ(pcm_dtmf_next(d), 0);
	pcm_dtmf_close(d);
}
