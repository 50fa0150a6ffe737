/* t_feel_task_sense.c: tasks that hear sentence vectors beside the words. The embedder is a
 * script: a vector tells the label, whatever the words are. */
#include <math.h>
#include <stdio.h>

#include "feel_task_int.h"
#include "t.h"

enum { DIM = 6, LABELS = 3, ROWS = 240 };
static const char *const label[LABELS] = { "delivery", "invoice", "refund" };
static const char *const known[LABELS] = { "parcel late", "tax receipt", "money back" };
static const char *const foreign[LABELS] = { "包裹", "发票", "退款" };

struct made {
	struct sb text, file;
	struct feel_rows rows;
	float *v;
	struct feel_vecs vecs;
	char path[256];
};

/* Vectors of one language lie close together, as those of e5 do: a common part and a small one. */
static void vector(float *v, int k, struct rng *r)
{
	for (int i = 0; i < DIM; i++)
		v[i] = 0.4f + (i % LABELS == k ? 0.1f : 0) + 0.02f * (float)rng_normal(r);
}

static void make(struct made *m, const char *const *words, int rows, int kind, uint64_t seed)
{
	struct err e = { 0 };
	struct rng r;

	*m = (struct made){ 0 };
	sb_init(&m->text, LIM_SB);
	sb_init(&m->file, 64u << 20);
	rng_seed(&r, seed);
	m->v = xalloc((size_t)rows * DIM * sizeof(float));
	for (int i = 0; i < rows; i++) {
		int k = (int)rng_below(&r, LABELS);
		sb_fmt(&m->text, "%s\t%s %d\n", label[k], words[k], (int)rng_below(&r, 90) + 10);
		vector(m->v + (size_t)i * DIM, k, &r);
	}
	OK(feel_rows_parse(&m->rows, sb_sv(&m->text), "made", kind, &e));
	m->vecs = (struct feel_vecs){ "e5:script", m->v, DIM };
}

static void done(struct made *m)
{
	feel_rows_done(&m->rows);
	sb_done(&m->text);
	sb_done(&m->file);
	xfree(m->v);
}

/* Trains on known words into m->file. */
static void train(struct made *m, int rows, int kind, int threads, bool meaning)
{
	struct err e = { 0 };
	struct feel_train how = { .kind = kind, .seed = 3, .threads = threads, .epochs = 5 };

	make(m, known, rows, kind, 1);
	(void)snprintf(m->path, sizeof(m->path), "%s/sense.bin", t_tmpdir());
	how.vecs = meaning ? &m->vecs : NULL;
	OK(feel_train(&m->rows, &how, m->path, NULL, &e));
	OK(file_read(m->path, 64u << 20, &m->file, &e));
}

static double right(struct feel_task *t, const struct made *m, bool meaning)
{
	struct feel_tally *tally = xalloc(sizeof(*tally));
	struct feel_figures f;
	sv name[FEEL_LABELS_MAX];

	feel_task_test(t, &m->rows, meaning ? m->v : NULL, tally, name);
	feel_tally_figures(tally, &f);
	xfree(tally);
	return f.accuracy;
}

TEST(feel_sense_carries_over_to_words_never_seen)
{
	struct made m, far, near;
	struct err e = { 0 };
	size_t dim = 0;

	train(&m, ROWS, FEEL_INTENT, 2, true);
	make(&near, known, 100, FEEL_INTENT, 2);
	make(&far, foreign, 100, FEEL_INTENT, 3);
	struct feel_task *t = feel_task_load(m.path, NULL, &e);
	ASSERT(t);
	SV_EQ(feel_task_sense(t, &dim), "e5:script");
	EQ(dim, DIM);
	HAS(feel_task_card(t), "\"embedding\":\"e5:script\"");
	CHECK(right(t, &far, true) > 0.95);
	CHECK(right(t, &far, false) < 0.6);
	/* and without a vector it still knows its words */
	CHECK(right(t, &near, true) > 0.95);
	CHECK(right(t, &near, false) > 0.95);
	feel_task_unref(t);
	done(&m);
	done(&near);
	done(&far);
}

TEST(feel_sense_is_for_one_guess)
{
	struct made m;
	struct err e = { 0 };
	struct feel_guess g;
	struct rng rng;
	float v[DIM];

	train(&m, ROWS, FEEL_EMOTION, 1, true);
	struct feel_task *t = feel_task_load_mem(sb_sv(&m.file), NULL, &e);
	ASSERT(t);
	struct feel_reader *r = feel_reader_new(t);
	rng_seed(&rng, 8);
	feel_guess(r, SV("xyz"), SV_NULL, &g);
	float before = g.p[2];
	vector(v, 2, &rng);
	feel_sense(r, v);
	feel_guess(r, SV("xyz"), SV_NULL, &g);
	CHECK(g.p[2] > 0.8f && g.p[2] > before);
	feel_guess(r, SV("xyz"), SV_NULL, &g);
	NEAR(g.p[2], before, 1e-9);
	for (int i = 0; i < DIM; i++)
		v[i] = i % 2 ? NAN : INFINITY;
	feel_sense(r, v);
	feel_guess(r, SV("xyz"), SV_NULL, &g);
	CHECK(g.p[2] >= 0 && g.p[2] <= 1);
	feel_reader_free(r);
	feel_task_unref(t);
	done(&m);
}

TEST(feel_sense_plain_tasks_take_no_notice)
{
	struct made m;
	struct err e = { 0 };
	struct feel_guess g;
	float v[DIM] = { 1, 2, 3 };
	size_t dim = 9;

	train(&m, 60, FEEL_INTENT, 1, false);
	EQ(m.file.p[16], 1); /* its file is as it always was */
	struct feel_task *t = feel_task_load_mem(sb_sv(&m.file), NULL, &e);
	ASSERT(t);
	EQ(feel_task_sense(t, &dim).n, 0);
	EQ(dim, 0);
	CHECK(sv_find(feel_task_card(t), SV("embedding")) < 0);
	struct feel_reader *r = feel_reader_new(t);
	feel_guess(r, SV("money"), SV_NULL, &g);
	float before = g.p[2];
	feel_sense(r, v);
	feel_guess(r, SV("money"), SV_NULL, &g);
	NEAR(g.p[2], before, 1e-9);
	feel_reader_free(r);
	feel_task_unref(t);
	done(&m);
}

TEST(feel_sense_same_bytes_with_any_number_of_threads)
{
	struct made a, b;

	train(&a, 60, FEEL_INTENT, 1, true);
	train(&b, 60, FEEL_INTENT, 3, true);
	CHECK(sv_eq(sb_sv(&a.file), sb_sv(&b.file)));
	done(&a);
	done(&b);
}

static void sum_again(struct sb *file)
{
	uint64_t sum = sv_hash(sv_n(file->p + 16, file->n - 16));

	memcpy(file->p + 8, &sum, sizeof(sum));
}

TEST(feel_sense_file_tempered_and_of_other_versions)
{
	struct made m;
	struct err e = { 0 };
	size_t dim;

	train(&m, 60, FEEL_INTENT, 1, true);
	EQ(m.file.p[16], 2);
	OK(feel_task_temper(sb_sv(&m.file), 3, m.path, &e));
	struct feel_task *t = feel_task_load(m.path, NULL, &e);
	ASSERT(t);
	NEAR(feel_task_temperature(t), 3, 1e-6);
	SV_EQ(feel_task_sense(t, &dim), "e5:script");
	CHECK(right(t, &m, true) > 0.9);
	feel_task_unref(t);
	m.file.p[16] = 3;
	sum_again(&m.file);
	CHECK(!feel_task_load_mem(sb_sv(&m.file), NULL, &e));
	EQ(e.code, ERR_VERSION);
	for (int was = 0; was < 2; was++) { /* no sense, or one as of a version without */
		m.file.p[16] = (char)(2 - was);
		m.file.p[52] = (char)(was ? DIM : 0);
		sum_again(&m.file);
		CHECK(!feel_task_load_mem(sb_sv(&m.file), NULL, &e));
		EQ(e.code, ERR_CORRUPT);
	}
	done(&m);
}

/* With a checksum that fits, what stands in the file is still not believed. */
TEST(feel_sense_file_hostile)
{
	struct made m;
	struct err e = { 0 };
	struct feel_guess g;
	float v[FEEL_SENSE_MAX] = { 0 };

	train(&m, 60, FEEL_INTENT, 1, true);
	char *was = xalloc(m.file.n);
	memcpy(was, m.file.p, m.file.n);
	for (int i = 0; i < 120; i++) {
		for (int k = 0; k < 3; k++)
			m.file.p[16 + rng_below(t_rng(), i < 60 ? 48 : m.file.n - 16)] =
				(char)rng_u64(t_rng());
		sum_again(&m.file);
		struct feel_task *t = feel_task_load_mem(sb_sv(&m.file), NULL, &e);
		if (t) {
			struct feel_reader *r = feel_reader_new(t);
			feel_sense(r, v);
			feel_guess(r, SV("money back"), SV("x"), &g);
			feel_reader_free(r);
			feel_task_unref(t);
		}
		memcpy(m.file.p, was, m.file.n);
	}
	xfree(was);
	done(&m);
}

TEST(feel_sense_is_of_the_last_turn)
{
	SV_EQ(feel_text_last(SV("where is it? ||| on its way ||| but when?")), "but when?");
	SV_EQ(feel_text_last(SV("hello")), "hello");
	EQ(feel_text_last(SV("hello |||")).n, 0);
	EQ(feel_text_last(SV_NULL).n, 0);
}
