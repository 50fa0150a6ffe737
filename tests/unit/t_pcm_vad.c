/* Unit tests of the energy VAD. */
#include <math.h>
#include "t.h"
#include "pcm.h"

static void noise(int16_t *s, double db)
{
	double amp = 32768 * pow(10, db / 20);

	for (int i = 0; i < 160; i++) {
		double v = amp * rng_normal(t_rng());

		s[i] = (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : v);
	}
}

struct count {
	int starts, ends;
};

static void feed(struct pcm_vad *v, int ms, double db, double tx_db, struct count *c)
{
	int16_t s[160];

	for (int t = 0; t < ms; t += 20) {
		noise(s, db);
		enum pcm_vad_ev e = pcm_vad_push(v, s, 160, tx_db);

		c->starts += e == PCM_VAD_START;
		c->ends += e == PCM_VAD_END;
	}
}

TEST(pcm_vad_start_and_end)
{
	struct pcm_vad v;
	struct count c = { 0 };

	pcm_vad_init(&v, NULL);
	feed(&v, 1000, -65, PCM_NO_ECHO, &c);
	EQ(c.starts, 0);
	feed(&v, 60, -25, PCM_NO_ECHO, &c);
	EQ(c.starts, 1);
	EQ(v.start_ms, 1000);
	feed(&v, 940, -25, PCM_NO_ECHO, &c);
	EQ(c.ends, 0);
	feed(&v, 220, -65, PCM_NO_ECHO, &c);
	EQ(c.ends, 0);
	feed(&v, 20, -65, PCM_NO_ECHO, &c);
	EQ(c.ends, 1);
	EQ(v.end_ms, 2000);
}

TEST(pcm_vad_ignores_clicks_and_short_gaps)
{
	struct pcm_vad v;
	struct count c = { 0 };

	pcm_vad_init(&v, NULL);
	feed(&v, 500, -65, PCM_NO_ECHO, &c);
	for (int i = 0; i < 20; i++) {
		feed(&v, 20, -20, PCM_NO_ECHO, &c);
		feed(&v, 100, -65, PCM_NO_ECHO, &c);
	}
	EQ(c.starts, 0);
	for (int i = 0; i < 20; i++) {
		feed(&v, 200, -25, PCM_NO_ECHO, &c);
		feed(&v, 120, -65, PCM_NO_ECHO, &c);
	}
	EQ(c.starts, 1);
	EQ(c.ends, 0);
}

TEST(pcm_vad_floor_follows_a_noisy_room)
{
	struct pcm_vad v;
	struct count c = { 0 };

	pcm_vad_init(&v, NULL);
	feed(&v, 20000, -42, PCM_NO_ECHO,
	     &c); /* a fan: counted as speech at first, then learnt */
	NEAR(v.floor_db, -42, 4);
	EQ(v.speech, false);
	c = (struct count){ 0 };
	feed(&v, 500, -24, PCM_NO_ECHO, &c);
	EQ(c.starts, 1);
	feed(&v, 500, -42, PCM_NO_ECHO, &c);
	EQ(c.ends, 1);
}

TEST(pcm_vad_long_speech_is_not_learnt_as_noise)
{
	struct pcm_vad v;
	struct count c = { 0 };

	pcm_vad_init(&v, NULL);
	feed(&v, 1000, -60, PCM_NO_ECHO, &c);
	for (int i = 0; i < 25; i++) { /* 15 s with breaths */
		feed(&v, 500, -25, PCM_NO_ECHO, &c);
		feed(&v, 100, -60, PCM_NO_ECHO, &c);
	}
	EQ(c.starts, 1);
	EQ(c.ends, 0);
}

TEST(pcm_vad_own_echo_starts_nothing)
{
	static const double loss[] = { 12, 20, 30 };
	struct pcm_vad v;

	for (int i = 0; i < 3; i++) {
		struct count c = { 0 };

		pcm_vad_init(&v, NULL);
		feed(&v, 500, -62, PCM_NO_ECHO, &c);
		for (int k = 0; k < 10; k++) {
			feed(&v, 600, -18 - loss[i], -18,
			     &c); /* we speak, it comes back */
			feed(&v, 240, -18 - loss[i], PCM_NO_ECHO,
			     &c); /* the tail of the echo */
			feed(&v, 200, -62, PCM_NO_ECHO, &c);
		}
		EQ(c.starts, 0);
		CHECK(v.floor_db < -50);
	}
}

TEST(pcm_vad_customer_over_echo_is_heard)
{
	struct pcm_vad v;
	struct count c = { 0 };

	pcm_vad_init(&v, NULL);
	feed(&v, 500, -62, PCM_NO_ECHO, &c);
	feed(&v, 1000, -32, -18, &c);
	EQ(c.starts, 0);
	feed(&v, 300, -22, -18, &c);
	EQ(c.starts, 1);
}

TEST(pcm_vad_digital_silence_is_quiet)
{
	struct pcm_vad v;
	int16_t s[160] = { 0 };
	struct count c = { 0 };

	pcm_vad_init(&v, NULL);
	for (int i = 0; i < 500; i++)
		EQ(pcm_vad_push(&v, s, 160, PCM_NO_ECHO), PCM_VAD_NONE);
	feed(&v, 100, -30, PCM_NO_ECHO, &c);
	EQ(c.starts, 1);
}
