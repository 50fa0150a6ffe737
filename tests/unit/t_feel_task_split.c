/* t_feel_task_split.c: which rows are held out, and the numbers found by them: temperature and
 * bias, lift, rows of a file of their own. */
#include <math.h>
#include <stdio.h>

#include "feel_task_fit.h"
#include "t.h"

static void parse(struct feel_rows *r, const struct sb *b, int kind)
{
	struct err e = { 0 };

	OK(feel_rows_parse(r, sb_sv(b), "made", kind, &e));
}

static void labels_and_words(struct sb *b, int n, const char *of)
{
	sb_init(b, LIM_SB);
	for (int i = 0; i < n; i++)
		sb_fmt(b, "%c\t%s word %d\n", 'a' + i % 3, of, i);
}

TEST(feel_split_folds_hold_each_row_out_once)
{
	struct feel_rows r;
	struct feel_split s;
	struct rng rng;
	struct sb b;
	int held[300] = { 0 };

	labels_and_words(&b, 300, "some");
	parse(&r, &b, FEEL_INTENT);
	rng_seed(&rng, 1);
	feel_split_begin(&s, &r, &rng);
	EQ(s.folds, 10);
	for (int fold = 0; fold < s.folds; fold++) {
		bool seen[300] = { false };
		int of_label[3] = { 0 };
		feel_split_fold(&s, fold);
		EQ(s.n_dev, 30);
		EQ(s.n_left, 0);
		for (size_t i = 0; i < r.n; i++) {
			CHECK(!seen[s.order[i]]);
			seen[s.order[i]] = true;
			held[s.order[i]] += i < s.n_dev;
			of_label[r.v[s.order[i]].label[0]] += i < s.n_dev;
		}
		for (int k = 0; k < 3; k++)
			EQ(of_label[k], 10);
	}
	for (int i = 0; i < 300; i++)
		EQ(held[i], 1);
	feel_split_done(&s);
	feel_rows_done(&r);
	sb_done(&b);
}

TEST(feel_split_pairs_that_share_a_text_are_left_out)
{
	struct feel_rows r;
	struct feel_split s;
	struct rng rng;
	struct sb b;

	sb_init(&b, LIM_SB);
	for (int i = 0; i < 400; i++) /* each text is in two pairs */
		sb_fmt(&b, "%s\ttext %d\ttext %d\n", i % 3 ? "same" : "other", i, (i + 1) % 400);
	parse(&r, &b, FEEL_PAIRS);
	rng_seed(&rng, 2);
	feel_split_begin(&s, &r, &rng);
	EQ(s.folds, 1);
	feel_split_fold(&s, 0);
	EQ(s.n_dev, 40);
	CHECK(s.n_left > 40 && s.n_left <= 80);
	for (size_t d = 0; d < s.n_dev; d++)
		for (size_t i = s.n_dev + s.n_left; i < r.n; i++) {
			int gap = (int)s.order[d] - (int)s.order[i];
			CHECK(gap != 1 && gap != -1 && gap != 399 && gap != -399);
		}
	feel_split_done(&s);
	feel_rows_done(&r);
	sb_done(&b);
}

TEST(feel_split_dialogues_go_in_one_run)
{
	struct feel_rows r;
	struct feel_split s;
	struct rng rng;
	struct sb b;

	sb_init(&b, LIM_SB);
	for (int i = 0; i < 1000; i++)
		sb_fmt(&b, "%s\tbefore %d ||| now %d\n", i % 2 ? "sad" : "calm", i, i);
	parse(&r, &b, FEEL_EMOTION);
	rng_seed(&rng, 3);
	feel_split_begin(&s, &r, &rng);
	feel_split_fold(&s, 0);
	EQ(s.folds, 1);
	EQ(s.n_dev, 100);
	for (size_t i = 0; i < s.n_dev; i++)
		EQ(s.order[i], 450 + i);
	feel_split_done(&s);
	feel_rows_done(&r);
	sb_done(&b);
}

TEST(feel_split_a_file_of_their_own)
{
	struct feel_rows r, tune, odd;
	struct feel_split s;
	struct rng rng;
	struct err e = { 0 };
	struct sb b, more, wrong;

	labels_and_words(&b, 60, "learned");
	sb_init(&more, LIM_SB);
	sb_init(&wrong, LIM_SB);
	sb_cstr(&more, "c\tkept 1\na\tkept 2\nc\tkept 3\n");
	sb_cstr(&wrong, "d\tnobody knows\n");
	parse(&r, &b, FEEL_INTENT);
	parse(&tune, &more, FEEL_INTENT);
	parse(&odd, &wrong, FEEL_INTENT);
	EQ(feel_rows_tune(&r, &odd, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "label d");
	EQ(r.n, 60);
	feel_rows_done(&odd);
	OK(feel_rows_tune(&r, &tune, &e));
	EQ(r.n, 63);
	EQ(r.tune_from, 60);
	SV_EQ(r.name[r.v[60].label[0]], "c");
	SV_EQ(r.name[r.v[61].label[0]], "a");
	SV_EQ(r.v[62].text, "kept 3");
	parse(&odd, &more, FEEL_INTENT);
	EQ(feel_rows_tune(&r, &odd, &e), ERR_INVAL); /* once */
	feel_rows_done(&odd);
	feel_rows_done(&tune);
	rng_seed(&rng, 4);
	feel_split_begin(&s, &r, &rng);
	feel_split_fold(&s, 0);
	EQ(s.folds, 1);
	EQ(s.n_dev, 3);
	EQ(s.order[0], 60);
	feel_split_done(&s);
	feel_rows_done(&r);
	sb_done(&b);
	sb_done(&more);
	sb_done(&wrong);
}

static bool knows(const struct feel_task *t, const char *text)
{
	struct feel_feats f = { 0 };
	bool all = true;

	feel_feats_text(&f, FEEL_INTENT, sv_of(text));
	for (size_t i = 0; i < f.end[FEEL_WORDS]; i++)
		all &= feel_vocab_find(&t->vocab, f.id[i]) >= 0;
	feel_feats_done(&f);
	return all;
}

TEST(feel_set_counts_no_features_of_rows_held)
{
	struct feel_train how = { .kind = FEEL_INTENT, .threads = 2 };
	struct feel_rows r;
	struct feel_set s;
	struct sb b;
	bool held[4] = { false, true, false, false };

	sb_init(&b, LIM_SB);
	sb_cstr(&b, "a\tcommon alpha\nb\tcommon bravo\na\tcommon\nb\tdelta\n");
	parse(&r, &b, FEEL_INTENT);
	for (int k = 0; k < 2; k++) {
		struct feel_task *t = xalloc(sizeof(*t));
		t->kind = FEEL_INTENT;
		feel_set_make(&s, t, &r, &how, k ? held : NULL);
		CHECK(knows(t, "common"));
		CHECK(knows(t, "alpha"));
		CHECK(knows(t, "delta"));
		EQ(knows(t, "bravo"), !k);
		EQ(s.n, 4);              /* the row is there all the same */
		CHECK(s.in[1].slot[0].n > 0);
		feel_set_done(&s);
		feel_vocab_done(&t->vocab);
		xfree(t);
	}
	feel_rows_done(&r);
	sb_done(&b);
}

/* Logits that are twice too large and one too high: the truth has odds of e^((z - 1) / 2). */
TEST(feel_tune_finds_temperature_and_bias)
{
	enum { N = 4000, LABELS = 2 };
	struct feel_task *t = xalloc(sizeof(*t));
	struct feel_row *row = xalloc(N * sizeof(*row));
	struct feel_rows rows = { .v = row, .n = N, .n_name = LABELS, .oos = -1, .multi = true };
	float *logit = xalloc((size_t)N * LABELS * sizeof(*logit));
	uint32_t *dev = xalloc(N * sizeof(*dev));
	struct rng rng;

	*t = (struct feel_task){ .kind = FEEL_INTENT, .n_label = LABELS, .oos = -1, .multi = true,
				 .temperature = 1 };
	rng_seed(&rng, 5);
	for (int i = 0; i < N; i++) {
		dev[i] = (uint32_t)i;
		for (int k = 0; k < LABELS; k++) {
			double z = 3 * rng_normal(&rng);
			logit[i * LABELS + k] = (float)z;
			if (rng_unit(&rng) < 1 / (1 + exp(-(z - 1) / 2)))
				row[i].label[row[i].n_label++] = (uint16_t)k;
		}
	}
	feel_tune(t, &rows, dev, N, logit, &(struct feel_train){ .kind = FEEL_INTENT });
	NEAR(t->temperature, 2, 0.15);
	NEAR(t->bias, -0.5, 0.1);
	float p[LABELS];
	feel_task_p(t, (const float[]){ 1, 3 }, p);
	NEAR(p[0], 0.5, 0.03);
	NEAR(p[1], 0.73, 0.03);
	xfree(t);
	xfree(row);
	xfree(logit);
	xfree(dev);
}

/* Texts to come are by others: the temperature is raised, and what is said stays. */
TEST(feel_tune_heat_is_of_the_temperature_found)
{
	enum { N = 60 };
	struct feel_task *t = xalloc(sizeof(*t));
	struct feel_row *row = xalloc(N * sizeof(*row));
	struct feel_rows rows = { .v = row, .n = N, .n_name = 2, .oos = -1 };
	float logit[2 * N], at[3];
	uint32_t dev[N];
	static const double heat[3] = { 0, 1, 1.25 };

	for (int i = 0; i < N; i++) {
		dev[i] = (uint32_t)i;
		row[i].n_label = 1;
		row[i].label[0] = (uint16_t)(i % 2);
		logit[2 * i + i % 2] = i % 5 ? 2 : 0;
		logit[2 * i + 1 - i % 2] = i % 5 ? 0 : 2;
	}
	for (int k = 0; k < 3; k++) {
		*t = (struct feel_task){ .kind = FEEL_EMOTION, .n_label = 2, .oos = -1,
					 .temperature = 1, .lift = { 1, 1 } };
		feel_tune(t, &rows, dev, N, logit,
			  &(struct feel_train){ .kind = FEEL_EMOTION, .heat = heat[k] });
		at[k] = t->temperature;
	}
	NEAR(at[0], 2 / log(4), 0.02);   /* four of five are right */
	NEAR(at[1], at[0], 1e-6);
	NEAR(at[2], 1.25 * at[0], 1e-5);
	xfree(t);
	xfree(row);
}

/* Of ten rows nine are calm; the net says so of all but is less sure of the sad one. */
TEST(feel_tune_lifts_rare_labels_unless_told_not_to)
{
	enum { N = 200 };
	struct feel_task *t = xalloc(sizeof(*t));
	struct feel_row *row = xalloc(N * sizeof(*row));
	struct feel_rows rows = { .v = row, .n = N, .n_name = 2, .oos = -1 };
	float *logit = xalloc((size_t)N * 2 * sizeof(*logit));
	uint32_t *dev = xalloc(N * sizeof(*dev));
	struct feel_guess g;
	float p[2];

	for (int i = 0; i < N; i++) {
		bool sad = i % 10 == 0;
		dev[i] = (uint32_t)i;
		row[i].n_label = 1;
		row[i].label[0] = sad;
		logit[2 * i] = sad ? 0.4f : i % 9 == 0 ? 0.5f : 3;
	}
	for (int by = 0; by < 2; by++) {
		*t = (struct feel_task){ .kind = FEEL_EMOTION, .n_label = 2, .oos = -1,
					 .temperature = 1, .lift = { 1, 1 } };
		feel_tune(t, &rows, dev, N, logit,
			  &(struct feel_train){ .kind = FEEL_EMOTION, .by_accuracy = by });
		feel_task_p(t, (const float[]){ 0.4f, 0 }, p);
		feel_task_say(t, p, &g);
		EQ(g.said[0].label, by ? 0 : 1);
	}
	xfree(t);
	xfree(row);
	xfree(logit);
	xfree(dev);
}
