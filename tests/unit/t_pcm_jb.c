/* Unit tests of the jitter buffer: loss, reordering, duplicates, jitter, drift, pauses,
 * odd packet lengths. */
#include <math.h>
#include <stdlib.h>
#include "t.h"
#include "pcm.h"

enum { N = 50 * 20 }; /* frames of 20 s */

static void tone_at(int16_t *s, uint32_t ts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s[i] = (int16_t)lrint(10000 *
				      sin(2 * M_PI * 440 * (double)(ts + i) / 8000));
}

static void put(struct pcm_jb *jb, uint32_t ts, size_t n)
{
	int16_t s[1000];

	tone_at(s, ts, n);
	pcm_jb_put(jb, ts, s, n);
}

TEST(pcm_jb_silent_before_the_first_packet)
{
	struct pcm_jb *jb;
	int16_t out[160];

	EQ(pcm_jb_open(&jb, 10, 60), ERR_INVAL);
	EQ(pcm_jb_open(&jb, 60, 20), ERR_INVAL);
	OK(pcm_jb_open(&jb, 20, 60));
	EQ(pcm_jb_get(jb, out), 0);
	EQ(pcm_peak(out, 160), 0);
	pcm_jb_close(jb);
	pcm_jb_close(NULL);
}

TEST(pcm_jb_passes_a_clean_stream_untouched)
{
	struct pcm_jb *jb;
	int16_t out[160], want[160];

	OK(pcm_jb_open(&jb, 20, 60));
	for (uint32_t k = 0; k < 500; k++) {
		put(jb, 0xffffff00u + k * 160,
		    160); /* the timestamp wraps on the way */
		EQ(pcm_jb_get(jb, out), 160);
		tone_at(want, 0xffffff00u + k * 160, 160);
		if (k)
			CHECK(!memcmp(out, want, sizeof(out)));
	}
	EQ(pcm_jb_stats(jb).concealed, 0);
	EQ(pcm_jb_stats(jb).late, 0);
	pcm_jb_close(jb);
}

TEST(pcm_jb_reorders_and_drops_duplicates)
{
	struct pcm_jb *jb;
	int16_t out[160], want[160];
	uint32_t bad = 0;

	OK(pcm_jb_open(&jb, 60, 60));
	for (uint32_t k = 0; k < 300; k += 2) {
		put(jb, (k + 1) * 160, 160);
		put(jb, k * 160, 160);
		put(jb, k * 160, 160);
		for (uint32_t j = 0; j < 2; j++)
			pcm_jb_get(jb, out);
	}
	tone_at(want, 0, 160);
	for (uint32_t i = 0; i < 160; i++)
		bad += abs(out[i]) > 10100;
	EQ(bad, 0);
	EQ(pcm_jb_stats(jb).dup, 150);
	EQ(pcm_jb_stats(jb).late, 0);
	CHECK(pcm_jb_stats(jb).concealed <= 1);
	pcm_jb_close(jb);
}

TEST(pcm_jb_takes_any_packet_length)
{
	static const size_t lens[] = { 80, 240, 320, 480, 160, 37, 960 };
	struct pcm_jb *jb;
	int16_t out[160], want[160];
	uint32_t ts = 0;
	size_t gets = 0;

	OK(pcm_jb_open(&jb, 60, 200));
	for (size_t k = 0; k < 700; k++) {
		put(jb, ts, lens[k % 7]);
		ts += (uint32_t)lens[k % 7];
		while ((gets + 1) * 160 + 1600 <= ts) {
			EQ(pcm_jb_get(jb, out), 160);
			gets++;
		}
	}
	CHECK(gets > 1000);
	CHECK(pcm_dbfs(out, 160) > -16);
	tone_at(want, 0, 160);
	EQ(pcm_jb_stats(jb).late, 0);
	pcm_jb_close(jb);
}

/* A network: packet k arrives at 20k + delay(k) ms; the reader ticks each 20 ms. */
struct net {
	struct pcm_jb *jb;
	int frames, real; /* frames got, of them wholly real */
};

static void run(struct net *w, double loss, int jitter_ms, double ppm)
{
	struct rng *r = t_rng();
	static double at[N];
	static bool gone[N];
	int16_t out[160];

	for (int k = 0; k < N; k++) {
		at[k] = 20.0 * k * (1 + ppm * 1e-6) + 7 +
			(jitter_ms ? rng_unit(r) * jitter_ms : 0);
		gone[k] = rng_unit(r) < loss;
	}
	for (int t = 0; t < N; t++) {
		for (int k = t > 20 ? t - 20 : 0; k < N && k < t + 20; k++)
			if (at[k] >= 20.0 * t && at[k] < 20.0 * (t + 1) && !gone[k])
				put(w->jb, (uint32_t)k * 160, 160);
		w->frames++;
		w->real += pcm_jb_get(w->jb, out) == 160;
	}
}

TEST(pcm_jb_adapts_to_jitter)
{
	struct net w = { 0 };

	OK(pcm_jb_open(&w.jb, 20, 60));
	run(&w, 0, 55, 0);
	EQ(w.frames, N);
	CHECK(w.real > N * 95 / 100);
	CHECK(pcm_jb_stats(w.jb).stretched >=
	      2); /* it waited for late ones instead of losing them */
	pcm_jb_close(w.jb);
}

TEST(pcm_jb_conceals_loss_and_keeps_time)
{
	struct net w = { 0 };
	struct pcm_jb_stats st;

	OK(pcm_jb_open(&w.jb, 20, 60));
	run(&w, 0.05, 0, 0);
	st = pcm_jb_stats(w.jb);
	CHECK(w.real > N * 90 / 100);
	CHECK(w.real < N * 98 / 100);
	CHECK(st.depth_ms <= 120);
	CHECK(st.late <= 10);
	pcm_jb_close(w.jb);
}

TEST(pcm_jb_follows_clock_drift_both_ways)
{
	static const double ppm[] = { 3000, -3000 };

	for (int i = 0; i < 2; i++) {
		struct net w = { 0 };
		struct pcm_jb_stats st;

		OK(pcm_jb_open(&w.jb, 20, 60));
		run(&w, 0, 5, ppm[i]);
		st = pcm_jb_stats(w.jb);
		CHECK(w.real > N * 97 / 100);
		CHECK(st.depth_ms <= 100);
		pcm_jb_close(w.jb);
	}
}

TEST(pcm_jb_delay_is_bounded_after_a_burst)
{
	struct pcm_jb *jb;
	int16_t out[160];

	OK(pcm_jb_open(&jb, 20, 60));
	for (uint32_t k = 0; k < 30; k++)
		put(jb, k * 160, 160);
	for (uint32_t k = 30; k < 130; k++) {
		put(jb, k * 160, 160);
		pcm_jb_get(jb, out);
	}
	CHECK(pcm_jb_stats(jb).depth_ms <= 160);
	CHECK(pcm_jb_stats(jb).dropped >= 20);
	pcm_jb_close(jb);
}

TEST(pcm_jb_recovers_after_pauses_of_both_kinds)
{
	for (int moved = 0; moved < 2; moved++) {
		struct pcm_jb *jb;
		int16_t out[160];
		uint32_t ts = 1000;
		int real = 0;

		OK(pcm_jb_open(&jb, 20, 60));
		for (int k = 0; k < 100; k++, ts += 160) {
			put(jb, ts, 160);
			pcm_jb_get(jb, out);
		}
		for (int k = 0; k < 20; k++) /* 0.4 s without packets */
			pcm_jb_get(jb, out);
		ts += moved ? 20 * 160 : 0;
		for (int k = 0; k < 100; k++, ts += 160) {
			put(jb, ts, 160);
			real += pcm_jb_get(jb, out) == 160;
		}
		CHECK(real >= 85);
		CHECK(pcm_jb_stats(jb).depth_ms <= 120);
		pcm_jb_close(jb);
	}
}

TEST(pcm_jb_survives_wild_timestamps)
{
	struct pcm_jb *jb;
	int16_t out[160];

	OK(pcm_jb_open(&jb, 20, 200));
	for (int k = 0; k < 20000; k++) {
		put(jb, (uint32_t)rng_u64(t_rng()), (size_t)rng_below(t_rng(), 1000));
		if (k & 1)
			CHECK(pcm_jb_get(jb, out) <= 160);
	}
	CHECK(pcm_jb_stats(jb).resets > 0);
	pcm_jb_reset(jb);
	for (uint32_t k = 0; k < 20; k++) {
		put(jb, k * 160, 160);
		pcm_jb_get(jb, out);
	}
	CHECK(pcm_dbfs(out, 160) > -15);
	pcm_jb_close(jb);
}

/* A pause that the sender tells of: nothing is concealed, the delay stays, and what comes then is
 * played whole. */
TEST(pcm_jb_pause_is_no_loss)
{
	struct pcm_jb *jb;
	int16_t out[160], want[160];
	uint32_t ts = 1000;
	int target;

	OK(pcm_jb_open(&jb, 20, 60));
	for (int k = 0; k < 50; k++, ts += 160) {
		put(jb, ts, 160);
		EQ(pcm_jb_get(jb, out), 160);
	}
	target = pcm_jb_stats(jb).target_ms;
	pcm_jb_pause(jb);
	for (int k = 0; k < 15; k++, ts += 160) {
		EQ(pcm_jb_get(jb, out), 0);
		EQ(pcm_peak(out, 160), 0);
	}
	EQ(pcm_jb_stats(jb).concealed, 0);
	EQ(pcm_jb_stats(jb).stretched, 0);
	EQ(pcm_jb_stats(jb).target_ms, target);
	put(jb, ts, 160);
	EQ(pcm_jb_get(jb, out), 160);
	tone_at(want, ts, 160);
	CHECK(!memcmp(out, want, sizeof(out)));
	for (int k = 0; k < 40; k++) { /* without a word: concealed, as before */
		(void)pcm_jb_get(jb, out);
		CHECK(pcm_jb_stats(jb).stretched > 0);
	}
	pcm_jb_pause(jb);
	for (int k = 0; k < 200; k++) /* a long one ends as a fresh start */
		EQ(pcm_jb_get(jb, out), 0);
	for (uint32_t k = 0; k < 3; k++)
		put(jb, 77777 + k * 160, 160);
	EQ(pcm_jb_get(jb, out), 160);
	pcm_jb_close(jb);
}
