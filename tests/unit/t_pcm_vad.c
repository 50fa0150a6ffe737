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

/* ---- by a probability */

static void feed_p(struct pcm_vad *v, int ms, double db, double p, double tx_db, struct count *c)
{
	int16_t s[160];

	for (int t = 0; t < ms; t += 20) {
		noise(s, db);
		enum pcm_vad_ev e = pcm_vad_push_p(v, s, 160, tx_db, p);

		c->starts += e == PCM_VAD_START;
		c->ends += e == PCM_VAD_END;
	}
}

TEST(pcm_vad_probability_decides_not_level)
{
	struct pcm_vad v;
	struct count c = { 0 };

	pcm_vad_init(&v, NULL);
	feed_p(&v, 1000, -65, 0, PCM_NO_ECHO, &c);
	feed_p(&v, 1000, -15, 0.3, PCM_NO_ECHO, &c);   /* a loud lorry */
	EQ(c.starts, 0);
	feed_p(&v, 1000, -65, 0.2, PCM_NO_ECHO, &c);
	feed_p(&v, 400, -58, 0.9, PCM_NO_ECHO, &c);    /* a soft voice */
	EQ(c.starts, 1);
	CHECK(v.loud);
}

TEST(pcm_vad_probability_has_hysteresis)
{
	struct pcm_vad v;
	struct count c = { 0 };

	pcm_vad_init(&v, NULL);
	feed_p(&v, 500, -65, 0.4, PCM_NO_ECHO, &c);
	EQ(c.starts, 0);
	feed_p(&v, 60, -25, 0.6, PCM_NO_ECHO, &c);
	EQ(c.starts, 1);
	feed_p(&v, 2000, -25, 0.4, PCM_NO_ECHO, &c);
	CHECK(v.voiced && v.speech);
	feed_p(&v, 300, -25, 0.3, PCM_NO_ECHO, &c);
	EQ(c.ends, 1);
}

TEST(pcm_vad_probability_lags_and_is_forgiven)
{
	struct pcm_vad v;
	struct count c = { 0 };

	pcm_vad_init(&v, NULL);
	feed_p(&v, 1000, -65, 0, PCM_NO_ECHO, &c);
	feed_p(&v, 1000, -25, 0.9, PCM_NO_ECHO, &c);
	feed_p(&v, 100, -65, 0.9, PCM_NO_ECHO, &c);    /* silent, and still called speech */
	EQ(v.quiet_ms, PCM_VAD_LAG_MS);
	feed_p(&v, 120, -65, 0.1, PCM_NO_ECHO, &c);
	EQ(c.ends, 0);
	feed_p(&v, 20, -65, 0.1, PCM_NO_ECHO, &c);     /* hang_ms since the sound ended */
	EQ(c.ends, 1);
	EQ(v.end_ms, 2000);
}

TEST(pcm_vad_probability_no_more_than_the_lag_is_forgiven)
{
	struct pcm_vad v;
	struct count c = { 0 };

	pcm_vad_init(&v, NULL);
	feed_p(&v, 1000, -65, 0, PCM_NO_ECHO, &c);
	feed_p(&v, 500, -25, 0.9, PCM_NO_ECHO, &c);
	feed_p(&v, 3000, -65, 0.9, PCM_NO_ECHO, &c);   /* whispered on */
	EQ(c.ends, 0);
	EQ(v.quiet_ms, PCM_VAD_LAG_MS);
	feed_p(&v, 20, -25, 0.9, PCM_NO_ECHO, &c);
	EQ(v.quiet_ms, 0);
}

TEST(pcm_vad_probability_of_our_echo_is_no_speech)
{
	struct pcm_vad v;
	struct count c = { 0 };

	pcm_vad_init(&v, NULL);
	feed_p(&v, 1000, -65, 0, PCM_NO_ECHO, &c);
	feed_p(&v, 2000, -32, 0.99, -20, &c);          /* ours, 12 dB lower */
	EQ(c.starts, 0);
	feed_p(&v, 200, -22, 0.99, -20, &c);           /* somebody over it */
	EQ(c.starts, 1);
}

TEST(pcm_vad_without_a_probability_is_as_ever)
{
	struct pcm_vad a, b;
	int16_t s[160];

	pcm_vad_init(&a, NULL);
	pcm_vad_init(&b, NULL);
	for (int i = 0; i < 3000; i++) {
		noise(s, i / 40 % 3 ? -60 + (double)rng_below(t_rng(), 5) : -25);
		EQ(pcm_vad_push(&a, s, 160, PCM_NO_ECHO),
		   pcm_vad_push_p(&b, s, 160, PCM_NO_ECHO, -1));
		EQ(a.quiet_ms, b.quiet_ms);
		EQ(a.quiet_ms && a.speech, a.speech && !a.voiced);
	}
}

/* The far side stopped sending: whatever the probability remembers, nobody speaks. */
TEST(pcm_vad_probability_on_a_dead_line_is_no_voice)
{
	struct pcm_vad v;
	struct count c = { 0 };
	int16_t zero[160] = { 0 };

	pcm_vad_init(&v, NULL);
	feed_p(&v, 1000, -65, 0, PCM_NO_ECHO, &c);
	feed_p(&v, 600, -25, 0.9, PCM_NO_ECHO, &c);
	for (int i = 0; i < 13; i++)
		c.ends += pcm_vad_push_p(&v, zero, 160, PCM_NO_ECHO, 0.9) == PCM_VAD_END;
	EQ(c.starts, 1);
	EQ(c.ends, 1);
}

/* The loudest of 400 ms counts, not the last frame, and not for longer. */
TEST(pcm_vad_echo_is_told_by_the_loudest_of_400_ms)
{
	struct pcm_vad v;
	struct count c = { 0 };

	pcm_vad_init(&v, NULL);
	feed(&v, 500, -65, PCM_NO_ECHO, &c);
	feed(&v, 40, -65, -15, &c);
	feed(&v, 360, -26, -40, &c);
	EQ(c.starts, 0);
	feed(&v, 120, -26, -40, &c);
	EQ(c.starts, 1);
}

/* A probability is late: how long the sound before it was heard is known at the start. */
TEST(pcm_vad_sound_before_the_voice)
{
	struct pcm_vad v;
	int16_t s[160], quiet[160];

	for (int i = 0; i < 160; i++) {
		s[i] = (int16_t)(i % 16 < 8 ? 3000 : -3000);
		quiet[i] = (int16_t)(i % 2 * 8);
	}
	pcm_vad_init(&v, NULL);
	for (int i = 0; i < 100; i++)
		(void)pcm_vad_push_p(&v, quiet, 160, PCM_NO_ECHO, 0.01);
	EQ(v.sound_ms, 0);
	for (int i = 0; i < 5; i++)
		EQ(pcm_vad_push_p(&v, s, 160, PCM_NO_ECHO, 0.2), PCM_VAD_NONE);
	EQ(v.sound_ms, 100);
	for (int i = 0; i < 2; i++)
		EQ(pcm_vad_push_p(&v, s, 160, PCM_NO_ECHO, 0.9), PCM_VAD_NONE);
	EQ(pcm_vad_push_p(&v, s, 160, PCM_NO_ECHO, 0.9), PCM_VAD_START);
	EQ(v.sound_ms, 160);
	(void)pcm_vad_push_p(&v, quiet, 160, PCM_NO_ECHO, 0.9);
	EQ(v.sound_ms, 0);
	(void)pcm_vad_push_p(&v, s, 160, -10, 0.9);  /* as loud as our own echo may be */
	EQ(v.sound_ms, 0);
}

/* How much of our voice comes back is learned from what is softer; a customer who cuts in for a
 * moment does not undo it, our own voice turned loud does. */
TEST(pcm_vad_who_cuts_in_is_no_echo)
{
	struct pcm_vad v;
	struct count c = { 0 };

	pcm_vad_init(&v, NULL);
	feed(&v, 8000, -65, -20, &c);
	CHECK(v.loss_db > 30);
	for (int i = 0; i < 6; i++) {
		feed(&v, 140, -18, -20, &c);
		feed(&v, 4000, -65, -20, &c);
		CHECK(v.loss_db > 30);
	}
	for (int i = 0; i < 8; i++) {             /* a loudspeaker: it stops us again and again */
		feed(&v, 140, -29, -20, &c);
		feed(&v, 300, -65, PCM_NO_ECHO, &c);
		feed(&v, 200, -65, -20, &c);
	}
	CHECK(v.loss_db < 13);
	int starts = c.starts;
	feed(&v, 3000, -30, -20, &c);
	EQ(c.starts, starts);
}
