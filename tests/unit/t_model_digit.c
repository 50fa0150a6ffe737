/* t_model_digit.c: spoken words by a small net: reading rows, training, calibration, files, and
 * sounds that are no words. The words are made here: a voice whose formants move in three ways. */
#include <flite/flite.h>
#include <math.h>
#include <stdio.h>
#include "t.h"
#include "digit_int.h"

cst_voice *register_cmu_us_slt(const char *voxdir);
cst_voice *register_cmu_us_rms(const char *voxdir);

enum { WORD = 3200, WORDS = 3 };
static const struct {
	const char *label;
	double from, to;         /* of a formant, Hz */
} words[WORDS] = { { "down", 2400, 600 }, { "low", 500, 500 }, { "up", 600, 2400 } };

/* 400 ms of a word by another speaker each time. */
static void speak(struct rng *r, int word, int16_t *s)
{
	double f0 = 90 + 120 * rng_unit(r), tract = 0.9 + 0.2 * rng_unit(r), ring[2] = { 0 };
	double next = 0, gain = 3000 + 9000 * rng_unit(r);
	for (int i = 0; i < WORD; i++) {
		double at = i / (double)WORD;
		double hz = tract * (words[word].from + at * (words[word].to - words[word].from));
		double pole = exp(-M_PI * 120 / PCM_HZ), w = 2 * M_PI * hz / PCM_HZ;
		double in = i >= next ? 1 : 0;
		next += in > 0 ? PCM_HZ / f0 : 0;
		double out = in + 2 * pole * cos(w) * ring[0] - pole * pole * ring[1];
		ring[1] = ring[0];
		ring[0] = out;
		double v = gain * out * sin(M_PI * at) + 20 * rng_normal(r);
		s[i] = (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : v);
	}
}

static const char *rows_of(int n, const char *more)
{
	static char path[600];
	char wav[700], name[32];
	struct sb b;
	struct rng r;
	int16_t s[WORD];
	rng_seed(&r, 11);
	sb_init(&b, 1 << 20);
	sb_cstr(&b, "# made-up words\n\n");
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "w%d.wav", i);
		snprintf(wav, sizeof(wav), "%s/%s", t_tmpdir(), name);
		speak(&r, i % WORDS, s);
		if (pcm_wav_write(wav, s, WORD, PCM_HZ, NULL))
			return NULL;
		sb_fmt(&b, "%s\t%s\n", words[i % WORDS].label, name);
	}
	sb_cstr(&b, more);
	snprintf(path, sizeof(path), "%s/rows.tsv", t_tmpdir());
	int rc = file_write(path, sb_sv(&b), NULL);
	sb_done(&b);
	return rc ? NULL : path;
}

static int learn(const char *rows, const char *out, int epochs, struct err *e)
{
	struct digit_set set;
	int rc = digit_set_read(&set, rows, e);
	if (rc == 0)
		rc = digit_train(&set, &(struct digit_opt){ .seed = 3, .epochs = epochs,
							    .licence = "CC0-1.0" },
				 out, e);
	digit_set_done(&set);
	return rc;
}

static const char *out_file(const char *name)
{
	static char path[2][600];
	static int turn;
	turn = !turn;
	snprintf(path[turn], sizeof(path[0]), "%s/%s", t_tmpdir(), name);
	return path[turn];
}

TEST(digit_learns_words_and_keeps_them_in_a_file)
{
	struct err e = { 0 };
	struct rng r;
	int16_t s[3 * WORD] = { 0 };
	int right = 0;
	const char *out = out_file("words.nn"), *rows = rows_of(90, "");
	CHECK(rows);
	EQ(learn(rows, out, 8, &e), 0);
	struct digit *d = digit_load(out, &e);
	CHECK(d);
	EQ(digit_labels(d), WORDS);
	SV_EQ(digit_label(d, 0), "down");
	SV_EQ(digit_label(d, 2), "up");
	CHECK(!digit_label(d, 3).p && !digit_label(d, -1).p);
	struct digit_ear *x = digit_ear_new(d);
	rng_seed(&r, 99);
	for (int i = 0; i < 30; i++) {
		float p;
		speak(&r, i % WORDS, s + WORD);      /* silence before and after it */
		int k = digit_hear(x, s, 3 * WORD, &p);
		right += k == i % WORDS;
		CHECK(p > 1.0F / WORDS - 0.01F && p <= 1);
	}
	CHECK(right >= 27);
	digit_ear_free(x);
	digit_unref(d);
}

/* What a recogniser would make of a word: little but which one it is. */
static void sense(struct rng *r, int word, float *v)
{
	for (int i = 0; i < ASR_VEC_DIM; i++)
		v[i] = (float)(0.3 * rng_normal(r) + (i % WORDS == word));
}

/* Trains on noise that sounds alike for all words: only the vectors tell them apart. The first row
 * has none. */
static int learn_by_vector(const char *out, struct err *e)
{
	struct digit_set set;
	struct rng r;
	int rc = digit_set_read(&set, rows_of(60, ""), e);
	rng_seed(&r, 5);
	if (rc == 0) {
		set.vec = xalloc(set.n * ASR_VEC_DIM * sizeof(float));
		memset(set.vec, 0, ASR_VEC_DIM * sizeof(float));
		for (size_t i = 0; i < set.n; i++) {
			for (size_t k = 0; k < set.v[i].n; k++)
				set.v[i].s[k] = (int16_t)(3000 * rng_normal(&r));
			if (i)
				sense(&r, set.v[i].label, set.vec + i * ASR_VEC_DIM);
		}
		sv_copy(set.sense, sizeof(set.sense), SV("whisper:small.bin"));
		sv_copy(set.lang, sizeof(set.lang), SV("en"));
		rc = digit_train(&set, &(struct digit_opt){ .seed = 3, .epochs = 6 }, out, e);
	}
	digit_set_done(&set);
	return rc;
}

TEST(digit_also_learns_what_a_recogniser_makes_of_it)
{
	struct err e = { 0 };
	struct rng r;
	int16_t s[WORD];
	float v[ASR_VEC_DIM], sure = 0, p;
	int right = 0, alone = 0;
	OK(learn_by_vector(out_file("by.nn"), &e));
	struct digit *d = digit_load(out_file("by.nn"), &e);
	CHECK(d);
	SV_EQ(digit_sense(d), "whisper:small.bin");
	SV_EQ(digit_sense_lang(d), "en");
	struct digit_ear *x = digit_ear_new(d);
	rng_seed(&r, 99);
	for (int i = 0; i < 30; i++) {
		for (int k = 0; k < WORD; k++)
			s[k] = (int16_t)(3000 * rng_normal(&r));
		sense(&r, i % WORDS, v);
		right += digit_hear_by(x, s, WORD, v, &p) == i % WORDS;
		sure += p / 30;
		alone += digit_hear(x, s, WORD, &p) == i % WORDS;
		CHECK(p < 0.9F);                     /* by sound alone it knows nothing */
	}
	EQ(right, 30);
	CHECK(sure > 0.9F);
	CHECK(alone < 20);
	memset(s, 0, sizeof(s));
	EQ(digit_hear_by(x, s, WORD, v, &p), -1);    /* no sound: a vector says nothing */
	digit_ear_free(x);
	digit_unref(d);
}

/* A net without a second head takes no vector, and says so. */
TEST(digit_by_sound_alone_passes_over_a_vector)
{
	struct err e = { 0 };
	struct rng r;
	int16_t s[WORD];
	float v[ASR_VEC_DIM], a, b;
	OK(learn(rows_of(30, ""), out_file("s.nn"), 1, &e));
	struct digit *d = digit_load(out_file("s.nn"), &e);
	CHECK(d);
	EQ(digit_sense(d).n, 0);
	struct digit_ear *x = digit_ear_new(d);
	rng_seed(&r, 7);
	speak(&r, 1, s);
	sense(&r, 2, v);
	EQ(digit_hear_by(x, s, WORD, v, &a), digit_hear(x, s, WORD, &b));
	NEAR(a, b, 1e-6);
	digit_ear_free(x);
	digit_unref(d);
}

TEST(digit_same_rows_and_seed_give_the_same_file)
{
	struct err e = { 0 };
	struct sb a, b;
	const char *rows = rows_of(30, "");
	CHECK(rows);
	sb_init(&a, 8 << 20);
	sb_init(&b, 8 << 20);
	EQ(learn(rows, out_file("a.nn"), 1, &e), 0);
	EQ(learn(rows, out_file("b.nn"), 1, &e), 0);
	EQ(file_read(out_file("a.nn"), 8 << 20, &a, &e), 0);
	EQ(file_read(out_file("b.nn"), 8 << 20, &b, &e), 0);
	CHECK(a.n > 1000 && sv_eq(sb_sv(&a), sb_sv(&b)));
	/* damaged, cut off, or another thing: told, and nothing is loaded */
	b.p[b.n / 2] ^= 1;
	CHECK(!digit_load_mem(sb_sv(&b), &e));
	CHECK(!digit_load_mem(sv_slice(sb_sv(&a), 0, a.n / 2), &e));
	CHECK(!digit_load_mem(SV("no net at all"), &e));
	CHECK(!digit_load("/nonexistent/x.nn", &e));
	EQ(e.code, ERR_NOTFOUND);
	sb_done(&a);
	sb_done(&b);
}

/* A net of something else has a card that says so. */
TEST(digit_other_nets_are_refused)
{
	static const struct nn_layer layers[] = { { "in", .kind = NN_INPUT, .dim = 4 },
						  { "word", .kind = NN_DENSE, .dim = 2 } };
	struct err e = { 0 };
	struct sb b;
	struct nn_net *net = nn_new(layers, 2, 1, &e);
	CHECK(net);
	sb_init(&b, 1 << 20);
	EQ(nn_save_mem(net, &b, &(struct nn_save){ .card = SV("{\"labels\":[\"a\",\"b\"]}") }, &e),
	   0);
	CHECK(!digit_load_mem(sb_sv(&b), &e));
	EQ(e.code, ERR_CORRUPT);
	sb_reset(&b);
	EQ(nn_save_mem(net, &b,
		       &(struct nn_save){ .card = SV("{\"format\":\"callm digits 2\",\"labels\":"
						     "[\"a\",\"b\"],\"temperature\":1}") },
		       &e),
	   0);
	CHECK(!digit_load_mem(sb_sv(&b), &e));       /* it does not listen to mel */
	EQ(e.code, ERR_CORRUPT);
	sb_reset(&b);
	EQ(nn_save_mem(net, &b, &(struct nn_save){ .card = SV("{\"format\":\"callm digits 1\"}") },
		       &e),
	   0);
	CHECK(!digit_load_mem(sb_sv(&b), &e));
	EQ(e.code, ERR_VERSION);
	nn_unref(net);
	sb_done(&b);
}

/* rows windows of which [from, to) are loud, each a little more so than the one before. */
static int cut_of(size_t rows, size_t from, size_t to, const struct digit_cut *cut, float *out)
{
	static float mel[200 * PCM_MEL_BANDS];
	for (size_t i = 0; i < rows; i++)
		for (int b = 0; b < PCM_MEL_BANDS; b++)
			mel[i * PCM_MEL_BANDS + (size_t)b] =
				i >= from && i < to ? 20 + 0.01F * (float)i : 4;
	return digit_steps(mel, rows, cut, out);
}

TEST(digit_steps_are_the_windows_of_the_word)
{
	static const struct digit_cut cut = { 7.5F, 3, { 0 } };
	static const struct digit_cut lean = { 7.5F, 3, { 0.35F, -0.3F } };
	float a[DIGIT_STEPS * PCM_MEL_BANDS], b[DIGIT_STEPS * PCM_MEL_BANDS];
	EQ(cut_of(2, 0, 2, &cut, a), 0);
	EQ(cut_of(3, 0, 3, &cut, a), DIGIT_STEPS_MIN);
	EQ(cut_of(200, 40, 190, &cut, a), DIGIT_STEPS);   /* squeezed */
	EQ(cut_of(60, 20, 40, &cut, a), 26);              /* three more at both ends */
	EQ(cut_of(60, 0, 60, &cut, a), 60);
	/* what is in the middle of it is as loud, whenever and however loud it was */
	EQ(cut_of(60, 20, 40, &cut, a), 26);
	NEAR(a[0], -2.25, 1e-5);                          /* the deepest there is */
	NEAR(a[22 * PCM_MEL_BANDS], 2.25, 1e-4);          /* the loudest */
	NEAR(a[3 * PCM_MEL_BANDS], 2.25 - 0.19 / 2, 1e-4);
	/* with another pace inside, time still goes on, and ends at the end */
	EQ(cut_of(60, 0, 60, &lean, b), 60);
	for (int i = 1; i < 60; i++)
		CHECK(b[i * PCM_MEL_BANDS] >= b[(i - 1) * PCM_MEL_BANDS]);
	CHECK(b[0] < 2.25 - 0.28 && b[59 * PCM_MEL_BANDS] > 2.25 - 0.02);
}

TEST(digit_sounds_that_are_no_words)
{
	struct err e = { 0 };
	float p = 1;
	static int16_t s[10 * PCM_HZ];
	const char *rows = rows_of(30, "");
	CHECK(rows);
	EQ(learn(rows, out_file("n.nn"), 1, &e), 0);
	struct digit *d = digit_load(out_file("n.nn"), &e);
	CHECK(d);
	struct digit_ear *x = digit_ear_new(d);
	EQ(digit_hear(x, s, PCM_HZ, &p), -1);
	EQ(p, 0);
	EQ(digit_hear(x, s, 0, &p), -1);
	for (size_t i = 0; i < 10 * PCM_HZ; i++)
		s[i] = (int16_t)rng_u64(t_rng());
	EQ(digit_hear(x, s, 100, &p), -1);           /* shorter than a window */
	for (size_t n = 250; n <= 10 * PCM_HZ; n *= 3) {
		int k = digit_hear(x, s, n, &p);
		CHECK(k >= -1 && k < WORDS && p >= 0 && p <= 1);
	}
	digit_ear_free(x);
	digit_unref(d);
}

/* Says a word into a WAV and reads it at the rate of a telephone. */
static int flite_says(cst_voice *voice, const char *word, struct pcm_clip *ret)
{
	char wav[600];
	snprintf(wav, sizeof(wav), "%s/said.wav", t_tmpdir());
	cst_wave *w = flite_text_to_wave(word, voice);
	int rc = pcm_wav_write(wav, w->samples, (size_t)w->num_samples, w->sample_rate, NULL);
	delete_wave(w);
	return rc ? rc : pcm_wav_read(wav, PCM_HZ, ret, NULL);
}

TEST(digit_shipped_net_hears_a_woman_and_a_man)
{
	static const char *const word[10] = { "zero", "one", "two",   "three", "four",
					      "five", "six", "seven", "eight", "nine" };
	static cst_voice *voice[2];
	struct err e = { 0 };
	int right = 0;
	flite_init();
	voice[0] = register_cmu_us_slt(NULL);
	voice[1] = register_cmu_us_rms(NULL);
	struct digit *d = digit_load(T_SRCDIR "/models/digits.nn", &e);
	CHECK(d);
	EQ(digit_labels(d), 10);
	struct digit_ear *x = digit_ear_new(d);
	for (int i = 0; i < 20; i++) {
		struct pcm_clip c = { 0 };
		float p;
		OK(flite_says(voice[i % 2], word[i / 2], &c));
		int k = digit_hear(x, c.s, c.n, &p);
		right += k == i / 2;
		pcm_clip_done(&c);
	}
	CHECK(right >= 19);
	digit_ear_free(x);
	digit_unref(d);
}

static bool says(const char *more, const char *want)
{
	struct err e = { 0 };
	struct digit_set set;
	const char *rows = rows_of(3, more);
	int rc = rows ? digit_set_read(&set, rows, &e) : 0;
	if (rows)
		digit_set_done(&set);
	bool ok = rc < 0 && sv_find(sv_of(e.msg), sv_of(want)) >= 0;
	if (!ok)
		printf("# %d \"%s\", not \"%s\"\n", rc, e.msg, want);
	return ok;
}

TEST(digit_rows_that_are_wrong_are_told_by_line)
{
	struct err e = { 0 };
	struct digit_set set;

	CHECK(says("seven\n", "rows.tsv:6: not a word, a tab and a WAV file"));
	CHECK(says("seven\t\n", "rows.tsv:6: not a word, a tab"));
	CHECK(says("seven\tmissing.wav\n", "rows.tsv:6: "));
	CHECK(says("seven\trows.tsv\n", "rows.tsv:6: "));
	CHECK(says("a word that is far too long for a label of this kind\tw0.wav\n",
		   "rows.tsv:6: a word of more than 31 bytes"));
	EQ(digit_set_read(&set, "/nonexistent/rows.tsv", &e), ERR_NOTFOUND);
	digit_set_done(&set);
}

static bool stop(void *arg, int epoch, int epochs, double loss)
{
	return ++*(int *)arg < 2;
}

TEST(digit_training_that_cannot_be_leaves_no_file)
{
	struct err e = { 0 };
	struct digit_set set;
	int seen = 0;
	const char *out = out_file("x.nn"), *rows = rows_of(6, "");
	CHECK(rows);
	EQ(learn(rows, out, 1, &e), ERR_INVAL);
	CHECK(sv_find(sv_of(e.msg), SV("too few")) >= 0);
	CHECK(!file_exists(out));
	rows = rows_of(30, "");
	EQ(digit_set_read(&set, rows, &e), 0);
	EQ(digit_train(&set, &(struct digit_opt){ .seed = 1, .epochs = 9, .progress = stop,
						  .arg = &seen },
		       out, &e),
	   ERR_CANCELED);
	EQ(seen, 2);
	CHECK(!file_exists(out));
	digit_set_done(&set);
}
