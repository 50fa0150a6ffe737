/* Unit tests of G.722 and Opus: what goes in comes out, loss is made up, bad packets harm
 * nothing. */
#include <math.h>
#include <opus.h>
#include <spandsp.h>
#include "t.h"
#include "pcm.h"

static void tone(int16_t *s, int n, double hz, int rate, int at)
{
	for (int i = 0; i < n; i++)
		s[i] = (int16_t)lrint(9000 * sin(2 * M_PI * hz * (at + i) / rate));
}

/* A second of 700 Hz through one codec; the level of what comes out and how much of it is 700
 * Hz. */
static void there_and_back(enum pcm_line_kind kind, size_t *bytes)
{
	struct pcm_line *enc, *dec;
	int16_t in[PCM_FRAME], out[50 * PCM_FRAME];
	uint8_t pkt[400];
	size_t got = 0;

	OK(pcm_line_open(&enc, kind));
	OK(pcm_line_open(&dec, kind));
	*bytes = 0;
	for (int f = 0; f < 50; f++) {
		tone(in, PCM_FRAME, 700, PCM_HZ, f * PCM_FRAME);
		int n = pcm_line_encode(enc, in, pkt, sizeof(pkt));

		CHECK(n > 0);
		*bytes += (size_t)n;
		n = pcm_line_decode(dec, pkt, (size_t)n, out + got, PCM_FRAME);
		EQ(n, PCM_FRAME);
		got += (size_t)n;
	}
	NEAR(pcm_dbfs(out + 4000, 4000), 20 * log10(9000 / 32768.0 / sqrt(2)), 1.5);
	NEAR(pcm_goertzel_db(out + 4000, 4000, 700, PCM_HZ), 20 * log10(9000 / 32768.0), 1.5);
	CHECK(pcm_goertzel_db(out + 4000, 4000, 1900, PCM_HZ) < -45);
	pcm_line_close(enc);
	pcm_line_close(dec);
}

TEST(pcm_line_g722_there_and_back)
{
	size_t bytes;

	there_and_back(PCM_LINE_G722, &bytes);
	EQ(bytes, 50 * 160); /* 64 kbit/s */
}

TEST(pcm_line_opus_there_and_back)
{
	size_t bytes;

	there_and_back(PCM_LINE_OPUS, &bytes);
	CHECK(bytes > 500 && bytes < 50 * 80);
}

/* A wide-band phone: its 16 kHz G.722 is heard at 8 kHz, ours is heard there. */
TEST(pcm_line_g722_with_a_wide_band_phone)
{
	g722_encode_state_t *far_enc = g722_encode_init(NULL, 64000, 0);
	g722_decode_state_t *far_dec = g722_decode_init(NULL, 64000, 0);
	struct pcm_line *enc, *dec;
	int16_t wide[320], near[50 * PCM_FRAME], far[50 * 320], in[PCM_FRAME];
	uint8_t pkt[160];

	OK(pcm_line_open(&enc, PCM_LINE_G722));
	OK(pcm_line_open(&dec, PCM_LINE_G722));
	for (int f = 0; f < 50; f++) {
		tone(wide, 320, 900, 16000, f * 320);
		EQ(g722_encode(far_enc, pkt, wide, 320), 160);
		EQ(pcm_line_decode(dec, pkt, 160, near + f * PCM_FRAME, PCM_FRAME), PCM_FRAME);
		tone(in, PCM_FRAME, 1100, PCM_HZ, f * PCM_FRAME);
		EQ(pcm_line_encode(enc, in, pkt, sizeof(pkt)), 160);
		EQ(g722_decode(far_dec, far + f * 320, pkt, 160), 320);
	}
	NEAR(pcm_goertzel_db(near + 4000, 4000, 900, PCM_HZ), 20 * log10(9000 / 32768.0), 2);
	NEAR(pcm_goertzel_db(far + 8000, 8000, 1100, 16000), 20 * log10(9000 / 32768.0), 2);
	g722_encode_free(far_enc);
	g722_decode_free(far_dec);
	pcm_line_close(enc);
	pcm_line_close(dec);
}

/* A browser's packets: 48 kHz stereo, 20 ms. */
TEST(pcm_line_opus_hears_a_wider_sender)
{
	int e = 0;
	OpusEncoder *far = opus_encoder_create(48000, 2, OPUS_APPLICATION_VOIP, &e);
	struct pcm_line *dec;
	int16_t in[960 * 2], out[50 * PCM_FRAME];
	uint8_t pkt[1000];

	OK(pcm_line_open(&dec, PCM_LINE_OPUS));
	for (int f = 0; f < 50; f++) {
		for (int i = 0; i < 960; i++)
			in[2 * i] = in[2 * i + 1] = (int16_t)lrint(
				9000 * sin(2 * M_PI * 800 * (f * 960 + i) / 48000.0));
		int n = opus_encode(far, in, 960, pkt, sizeof(pkt));

		CHECK(n > 0);
		EQ(pcm_line_decode(dec, pkt, (size_t)n, out + f * PCM_FRAME, PCM_FRAME), PCM_FRAME);
	}
	NEAR(pcm_goertzel_db(out + 4000, 4000, 800, PCM_HZ), 20 * log10(9000 / 32768.0), 2);
	opus_encoder_destroy(far);
	pcm_line_close(dec);
}

TEST(pcm_line_lost_packets_are_made_up)
{
	struct pcm_line *enc, *dec;
	int16_t in[PCM_FRAME], out[PCM_FRAME];
	uint8_t pkt[60][400];
	int len[60], made = 0;

	OK(pcm_line_open(&enc, PCM_LINE_OPUS));
	OK(pcm_line_open(&dec, PCM_LINE_OPUS));
	EQ(pcm_line_lost(dec, NULL, 0, out), 0); /* nothing to go on from */
	for (int f = 0; f < 60; f++) {
		tone(in, PCM_FRAME, 500, PCM_HZ, f * PCM_FRAME);
		len[f] = pcm_line_encode(enc, in, pkt[f], sizeof(pkt[f]));
		CHECK(len[f] > 0);
	}
	for (int f = 0; f < 60; f++) {
		if (f % 10 == 9)
			continue; /* lost */
		if (f && f % 10 == 0) {
			EQ(pcm_line_lost(dec, pkt[f], (size_t)len[f], out), PCM_FRAME);
			CHECK(pcm_dbfs(out, PCM_FRAME) > -25);
			made++;
		}
		EQ(pcm_line_decode(dec, pkt[f], (size_t)len[f], out, PCM_FRAME), PCM_FRAME);
	}
	EQ(made, 5);
	EQ(pcm_line_lost(dec, NULL, 0, out), PCM_FRAME);
	pcm_line_close(enc);
	pcm_line_close(dec);
}

TEST(pcm_line_bad_packets_harm_nothing)
{
	struct pcm_line *g, *o;
	int16_t out[960], in[PCM_FRAME] = { 0 };
	uint8_t p[1600];

	EQ(pcm_line_open(&g, (enum pcm_line_kind)7), ERR_INVAL);
	OK(pcm_line_open(&g, PCM_LINE_G722));
	OK(pcm_line_open(&o, PCM_LINE_OPUS));
	memset(p, 0, sizeof(p));
	EQ(pcm_line_decode(g, p, 0, out, 960), ERR_PARSE);
	EQ(pcm_line_decode(o, p, 0, out, 960), ERR_PARSE);
	EQ(pcm_line_decode(g, p, 961, out, 960), ERR_TOOBIG);
	EQ(pcm_line_decode(o, p, 1501, out, 960), ERR_TOOBIG);
	EQ(pcm_line_encode(g, in, p, 100), ERR_TOOBIG);
	EQ(pcm_line_lost(g, NULL, 0, out), 0);
	for (int i = 0; i < 3000; i++) {
		size_t n = 1 + (size_t)rng_below(t_rng(), 400);

		for (size_t k = 0; k < n; k++)
			p[k] = (uint8_t)rng_u64(t_rng());
		int got = pcm_line_decode(o, p, n, out, 960);

		CHECK(got <= 960 && got != 0);
		got = pcm_line_lost(o, p, n, out);
		CHECK(got == 0 || got == PCM_FRAME);
		EQ(pcm_line_decode(g, p, n, out, 960), n);
	}
	pcm_line_close(g);
	pcm_line_close(o);
	pcm_line_close(NULL);
}
