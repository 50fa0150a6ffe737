/* Unit tests of music for who waits: level, joints without a click, both rates, what is refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "t.h"
#include "pcm_music.h"

static char path[4][300];

/* seconds of a sine at this level and rate. */
static const char *file(int i, double hz, int rate, double seconds, double level)
{
	size_t n = (size_t)(seconds * rate);
	int16_t *s = xalloc(n * sizeof(*s));
	for (size_t k = 0; k < n; k++)
		s[k] = (int16_t)lrint(level * sin(2 * M_PI * hz * (double)k / rate));
	(void)snprintf(path[i], sizeof(path[i]), "%s/%d.wav", t_tmpdir(), i);
	int rc = pcm_wav_write(path[i], s, n, rate, NULL);
	xfree(s);
	return rc ? "" : path[i];
}

/* The biggest step between two neighbours over two rounds, and the level. */
static int step(const struct pcm_music *m, int rate, double *db)
{
	size_t n = (size_t)rate * (size_t)pcm_music_seconds(m) * 2;
	int16_t *s = xalloc(n * sizeof(*s));
	int most = 0;
	pcm_music_get(m, rate, 0, s, n);
	for (size_t i = 1; i < n; i++)
		most = abs(s[i] - s[i - 1]) > most ? abs(s[i] - s[i - 1]) : most;
	*db = pcm_dbfs(s, n);
	xfree(s);
	return most;
}

TEST(pcm_music_is_level_and_closes)
{
	struct pcm_music *m = NULL;
	struct err e = { 0 };
	double db;
	/* 439.7 Hz: no whole number of waves fits, so a hard joint would be a jump */
	const char *const one[] = { file(0, 439.7, 44100, 2.03, 20000) };
	OK(pcm_music_new(&m, one, 1, 60, &e));
	EQ(pcm_music_seconds(m), 2);
	for (int rate = 8000; rate <= 16000; rate += 8000) {
		/* a sine of -24 dBFS (RMS) has a top of 2923 */
		int most = (int)(2 * M_PI * 439.7 / rate * 2923 * 1.1) + 2;
		CHECK(step(m, rate, &db) <= most);
		NEAR(db, -24, 0.5);
	}
	m = obj_unref(m);
	const char *const soft[] = { file(0, 500, 8000, 1.5, 150) };
	OK(pcm_music_new(&m, soft, 1, 60, &e));
	(void)step(m, 16000, &db);
	NEAR(db, -24, 0.5);
	obj_unref(m);
}

TEST(pcm_music_plays_files_in_their_order)
{
	struct pcm_music *m = NULL;
	struct err e = { 0 };
	int16_t s[1600];
	double db;
	const char *const two[] = { file(0, 500, 16000, 1.5, 9000),
				    file(1, 1500, 48000, 1.5, 400) };
	OK(pcm_music_new(&m, two, 2, 60, &e));
	EQ(pcm_music_seconds(m), 3);
	CHECK(step(m, 16000, &db) <= (int)(2 * M_PI * 1500 / 16000 * 2923 * 1.5));
	NEAR(db, -24, 0.5);
	for (int rate = 8000; rate <= 16000; rate += 8000) {
		size_t n = (size_t)rate / 10;
		pcm_music_get(m, rate, (uint64_t)rate * 7 / 10, s, n);
		CHECK(pcm_goertzel_db(s, n, 500, rate) > -23 &&
		      pcm_goertzel_db(s, n, 1500, rate) < -60);
		pcm_music_get(m, rate, (uint64_t)rate * 22 / 10, s, n);
		CHECK(pcm_goertzel_db(s, n, 1500, rate) > -23 &&
		      pcm_goertzel_db(s, n, 500, rate) < -60);
	}
	obj_unref(m);
}

TEST(pcm_music_goes_on_where_its_loop_stands)
{
	struct pcm_music *m = NULL;
	struct err e = { 0 };
	int16_t a[320], b[320];
	const char *const one[] = { file(0, 700, 16000, 1.05, 9000) };
	OK(pcm_music_new(&m, one, 1, 60, &e));           /* a round of one second */
	EQ(pcm_music_at(m, 16000, INT64_C(7250000)), 4000);
	EQ(pcm_music_at(m, 8000, INT64_C(7250000)), 2000);
	EQ(pcm_music_at(m, 8000, -1), 0);
	pcm_music_get(m, 16000, 15900, a, 320);          /* over the end of a round */
	pcm_music_get(m, 16000, 15900 + 16000 * 5, b, 320);
	EQ(memcmp(a, b, sizeof(a)), 0);
	pcm_music_get(m, 16000, 0, b, 220);
	EQ(memcmp(a + 100, b, 220 * sizeof(*a)), 0);
	obj_unref(m);
}

TEST(pcm_music_of_nothing_is_silence)
{
	struct pcm_music *m = NULL;
	int16_t s[160] = { 7 };
	OK(pcm_music_new(&m, NULL, 0, 0, NULL));
	EQ(pcm_music_seconds(m), 0);
	EQ(pcm_music_at(m, 8000, 123456), 0);
	pcm_music_get(m, 8000, 99, s, 160);
	EQ(pcm_peak(s, 160), 0);
	obj_unref(m);
}

TEST(pcm_music_refuses)
{
	struct pcm_music *m = NULL;
	struct err e = { 0 };
	const char *v[] = { file(0, 500, 8000, 0.5, 9000), file(1, 500, 8000, 2, 0),
			    file(2, 500, 8000, 3, 9000), file(3, 500, 8000, 3, 9000) };
	EQ(pcm_music_new(&m, v, 1, 60, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "0.wav: shorter than a second");
	EQ(pcm_music_new(&m, v + 1, 1, 60, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "1.wav: it is silent");
	EQ(pcm_music_new(&m, v + 2, 2, 4, &e), ERR_TOOBIG);
	HAS(sv_of(e.msg), "3.wav: longer than the 1 s");
	OK(pcm_music_new(&m, v + 2, 2, 6, &e));
	m = obj_unref(m);
	v[0] = "/nonexistent.wav";
	EQ(pcm_music_new(&m, v, 1, 60, &e), ERR_NOTFOUND);
	CHECK(m == NULL);
}
