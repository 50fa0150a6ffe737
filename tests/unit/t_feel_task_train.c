/* t_feel_task_train.c: training, the file, and answers of a trained task, on made-up rows. */
#include <stdio.h>

#include "feel_task_int.h"
#include "t.h"

/* Four intents of random words around a few telling ones, a little out of scope. */
static void make_rows(struct sb *b, int n, bool several, uint64_t seed)
{
	static const char *const tell[4][3] = { { "refund", "money", "back" },
						{ "lost", "stolen", "card" },
						{ "parcel", "late", "courier" },
						{ "invoice", "tax", "receipt" } };
	static const char *const label[4] = { "refund", "lost_card", "delivery", "invoice" };
	static const char *const fill[] = { "please", "i", "want", "the", "now", "help", "my",
					    "about", "hello", "can" };
	struct rng r;

	rng_seed(&r, seed);
	for (int i = 0; i < n; i++) {
		int k = (int)rng_below(&r, 4), other = (int)rng_below(&r, 4);
		bool two = several && other != k && rng_below(&r, 3) == 0;
		if (!several && i % 10 == 0)
			sb_fmt(b, "oos\tsing %d songs of the sea and the sky", i);
		else if (two)
			sb_fmt(b, "%s,%s\t", label[k], label[other]);
		else
			sb_fmt(b, "%s\t", label[k]);
		for (int w = 0; w < 6; w++)
			sb_fmt(b, "%s ", w == 2 && (several || i % 10) ?
				       tell[k][rng_below(&r, 3)] : fill[rng_below(&r, 10)]);
		if (two)
			sb_fmt(b, "and %s", tell[other][rng_below(&r, 3)]);
		sb_cstr(b, "\n");
	}
}

static int train(const char *path, int kind, struct sb *rows, struct feel_figures *f, struct err *e)
{
	struct feel_rows r;
	struct feel_train how = { .kind = kind, .seed = 3, .threads = 2, .epochs = 20 };
	int rc = feel_rows_parse(&r, sb_sv(rows), "made", kind, e);

	if (rc == 0)
		rc = feel_train(&r, &how, path, f, e);
	feel_rows_done(&r);
	return rc;
}

static void path_in(char out[256], const char *name)
{
	snprintf(out, 256, "%s/%s", t_tmpdir(), name);
}

TEST(feel_train_learns_intents_and_scope)
{
	struct sb rows, held;
	struct err e = { 0 };
	struct feel_figures f;
	struct feel_rows r;
	struct feel_tally *tally = xalloc(sizeof(*tally));
	sv name[FEEL_LABELS_MAX];
	char path[256];

	sb_init(&rows, LIM_SB);
	sb_init(&held, LIM_SB);
	make_rows(&rows, 500, false, 1);
	make_rows(&held, 200, false, 2);
	path_in(path, "intent.bin");
	OK(train(path, FEEL_INTENT, &rows, &f, &e));
	CHECK(f.accuracy > 0.9);
	struct feel_task *t = feel_task_load(path, NULL, &e);
	CHECK(t && feel_task_kind(t) == FEEL_INTENT);
	EQ(feel_task_labels(t), 5);
	SV_EQ(feel_task_label(t, 3), "oos");
	HAS(feel_task_card(t), "\"data_hash\":\"fnv1a:");
	HAS(feel_task_card(t), "\"rows\":500");
	OK(feel_rows_parse(&r, sb_sv(&held), "held", FEEL_INTENT, &e));
	feel_task_test(t, &r, NULL, tally, name);
	feel_tally_figures(tally, &f);
	CHECK(f.accuracy > 0.9 && f.oos_recall > 0.9 && f.false_alarms < 0.1);
	feel_rows_done(&r);
	/* a label the task has never heard of can only be missed */
	OK(feel_rows_parse(&r, SV("weather\tlate parcel\n"), "held", FEEL_INTENT, &e));
	feel_task_test(t, &r, NULL, tally, name);
	feel_tally_figures(tally, &f);
	NEAR(f.accuracy, 0, 1e-9);
	EQ(tally->n_label, 6);
	feel_rows_done(&r);
	feel_task_unref(t);
	xfree(tally);
	sb_done(&rows);
	sb_done(&held);
}

TEST(feel_train_same_seed_same_bytes)
{
	struct sb rows, a, b;
	struct err e = { 0 };
	char one[256], two[256];

	sb_init(&rows, LIM_SB);
	sb_init(&a, 64u << 20);
	sb_init(&b, 64u << 20);
	make_rows(&rows, 120, false, 1);
	path_in(one, "one.bin");
	path_in(two, "two.bin");
	OK(train(one, FEEL_INTENT, &rows, NULL, &e));
	OK(train(two, FEEL_INTENT, &rows, NULL, &e));
	OK(file_read(one, 64u << 20, &a, &e));
	OK(file_read(two, 64u << 20, &b, &e));
	CHECK(sv_eq(sb_sv(&a), sb_sv(&b)));
	sb_done(&rows);
	sb_done(&a);
	sb_done(&b);
}

/* Words that one row alone has: with fold_features they are unknown where the row is held out, so
 * the temperature found is another; the finished task knows the same features. */
TEST(feel_train_fold_features)
{
	double heat[2] = { 0 }, features[2] = { 0 };
	struct err e = { 0 };

	for (int k = 0; k < 3; k++) { /* the last with another number of threads */
		struct feel_train how = { .kind = FEEL_INTENT, .seed = 3, .threads = k ? k : 1,
					  .epochs = 3, .fold_features = k > 0 };
		struct feel_rows r;
		struct sb rows;
		char path[256];
		sb_init(&rows, LIM_SB);
		make_rows(&rows, 120, false, 5);
		path_in(path, "fold.bin");
		OK(feel_rows_parse(&r, sb_sv(&rows), "made", FEEL_INTENT, &e));
		OK(feel_train(&r, &how, path, NULL, &e));
		struct feel_task *t = feel_task_load(path, NULL, &e);
		jv *card = jv_parse(feel_task_card(t), NULL);
		EQ(jv_get_bool(card, "fold_features", false), k > 0);
		if (k < 2) {
			heat[k] = jv_get_num(card, "temperature", 0);
			features[k] = jv_get_num(card, "features", 0);
		} else {
			NEAR(jv_get_num(card, "temperature", 0), heat[1], 1e-9);
		}
		jv_free(card);
		feel_task_unref(t);
		feel_rows_done(&r);
		sb_done(&rows);
	}
	CHECK(heat[0] != heat[1]);
	NEAR(features[0], features[1], 0);
}

TEST(feel_train_several_labels_of_one_text)
{
	struct sb rows;
	struct err e = { 0 };
	struct feel_figures f;
	struct feel_guess g;
	char path[256];

	sb_init(&rows, LIM_SB);
	make_rows(&rows, 600, true, 1);
	path_in(path, "several.bin");
	OK(train(path, FEEL_INTENT, &rows, &f, &e));
	CHECK(f.macro_f1 > 0.85);
	struct feel_task *t = feel_task_load(path, NULL, &e);
	struct feel_reader *r = feel_reader_new(t);
	feel_guess(r, SV("i want my money back and the parcel is late"), SV_NULL, &g);
	EQ(g.n, 2);
	CHECK(g.said[0].p >= g.said[1].p && g.said[1].p > 0.1f);
	feel_guess(r, SV("can i want help about my invoice"), SV_NULL, &g);
	EQ(g.n, 1);
	SV_EQ(feel_task_label(t, g.said[0].label), "invoice");
	feel_reader_free(r);
	feel_task_unref(t);
	sb_done(&rows);
}

TEST(feel_train_pairs_and_values)
{
	struct sb rows;
	struct err e = { 0 };
	struct feel_figures f;
	struct feel_guess g;
	char path[256];

	sb_init(&rows, LIM_SB);
	for (int i = 0; i < 400; i++)
		sb_fmt(&rows, "%s\tword%d is here\t%s%d is here\n", i % 2 ? "same" : "other",
		       i % 37, i % 2 ? "word" : "thing", i % 37);
	path_in(path, "pairs.bin");
	OK(train(path, FEEL_PAIRS, &rows, &f, &e));
	CHECK(f.accuracy > 0.95);
	sb_reset(&rows);
	for (int i = 0; i < 300; i++)
		sb_fmt(&rows, i % 2 ? "angry\thello ||| terrible %d\t-0.9\t0.8\n" :
				      "satisfied\thello ||| wonderful %d\t0.8\t0.1\n", i % 11);
	path_in(path, "emotion.bin");
	OK(train(path, FEEL_EMOTION, &rows, &f, &e));
	struct feel_task *t = feel_task_load(path, NULL, &e);
	struct feel_reader *r = feel_reader_new(t);
	feel_guess(r, SV("hello ||| terrible"), SV_NULL, &g);
	SV_EQ(feel_task_label(t, g.said[0].label), "angry");
	CHECK(g.has_value && g.value[0] < -0.5f && g.value[1] > 0.4f);
	feel_reader_free(r);
	feel_task_unref(t);
	sb_done(&rows);
}

static bool stop_at_once(void *arg, const struct feel_progress *p)
{
	*(int *)arg += p->epoch == 1 && p->share > 0 && p->share < 1;
	return false;
}

TEST(feel_train_refuses_too_little_and_stops_when_told)
{
	struct sb rows;
	struct err e = { 0 };
	struct feel_rows r;
	char path[256];
	int calls = 0;

	path_in(path, "no.bin");
	sb_init(&rows, LIM_SB);
	sb_cstr(&rows, "a\tx\nb\ty\n");
	EQ(train(path, FEEL_INTENT, &rows, NULL, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "too little");
	make_rows(&rows, 50, false, 1);
	OK(feel_rows_parse(&r, sb_sv(&rows), "made", FEEL_INTENT, &e));
	struct feel_train how = { .kind = FEEL_INTENT, .seed = 3, .progress = stop_at_once,
				  .arg = &calls };
	EQ(feel_train(&r, &how, path, NULL, &e), ERR_CANCELED);
	EQ(calls, 1);
	CHECK(!file_exists(path));
	how.progress = NULL;
	EQ(feel_train(&r, &how, "/nonexistent/x.bin", NULL, &e) < 0, 1);
	feel_rows_done(&r);
	sb_done(&rows);
}

/* What was damaged in a file is found; nothing crashes. */
TEST(feel_task_file_damaged)
{
	struct sb rows, file;
	struct err e = { 0 };
	char path[256];

	sb_init(&rows, LIM_SB);
	sb_init(&file, 64u << 20);
	make_rows(&rows, 60, false, 1);
	path_in(path, "task.bin");
	OK(train(path, FEEL_INTENT, &rows, NULL, &e));
	OK(file_read(path, 64u << 20, &file, &e));
	for (int i = 0; i < 200; i++) {
		size_t at = rng_below(t_rng(), i < 100 ? 200 : file.n);
		char was = file.p[at];
		file.p[at] ^= (char)(1 << rng_below(t_rng(), 8));
		struct feel_task *t = feel_task_load_mem(sb_sv(&file), NULL, &e);
		CHECK(!t);
		file.p[at] = was;
	}
	for (size_t n = 0; n < file.n; n += n < 300 ? 7 : file.n / 9)
		CHECK(!feel_task_load_mem(sv_n(file.p, n), NULL, &e));
	CHECK(!feel_task_load("/nonexistent/x.bin", NULL, &e));
	EQ(e.code, ERR_NOTFOUND);
	sb_done(&rows);
	sb_done(&file);
}

/* With a checksum that fits, the sizes and numbers inside are still not believed. */
TEST(feel_task_file_hostile)
{
	struct sb rows, file;
	struct err e = { 0 };
	struct feel_guess g;
	char path[256];

	sb_init(&rows, LIM_SB);
	sb_init(&file, 64u << 20);
	make_rows(&rows, 60, false, 1);
	path_in(path, "task.bin");
	OK(train(path, FEEL_INTENT, &rows, NULL, &e));
	OK(file_read(path, 64u << 20, &file, &e));
	char *was = xalloc(file.n);
	memcpy(was, file.p, file.n);
	for (int i = 0; i < 400; i++) {
		for (int k = 0; k < 3; k++)
			file.p[16 + rng_below(t_rng(), i < 200 ? 48 : file.n - 16)] =
				(char)rng_u64(t_rng());
		uint64_t sum = sv_hash(sv_n(file.p + 16, file.n - 16));
		memcpy(file.p + 8, &sum, sizeof(sum));
		struct feel_task *t = feel_task_load_mem(sb_sv(&file), NULL, &e);
		if (t) {
			struct feel_reader *r = feel_reader_new(t);
			feel_guess(r, SV("hello refund"), SV("x"), &g);
			feel_reader_free(r);
			feel_task_unref(t);
		}
		memcpy(file.p, was, file.n);
	}
	xfree(was);
	sb_done(&rows);
	sb_done(&file);
}

TEST(feel_guess_takes_any_bytes)
{
	struct sb rows, big;
	struct err e = { 0 };
	struct feel_guess g;
	char path[256], raw[80];

	sb_init(&rows, LIM_SB);
	sb_init(&big, 4u << 20);
	make_rows(&rows, 60, false, 1);
	path_in(path, "task.bin");
	OK(train(path, FEEL_INTENT, &rows, NULL, &e));
	struct feel_task *t = feel_task_load(path, NULL, &e);
	struct feel_reader *r = feel_reader_new(t);
	while (big.n < 1u << 20)
		sb_cstr(&big, "\xF0\x9F\x98\xA1 refund \xFF\xC0 \xD8\xA7\xD9\x84 |||");
	feel_guess(r, sb_sv(&big), SV_NULL, &g);
	EQ(g.n, 1);
	feel_guess(r, SV_NULL, SV_NULL, &g);
	EQ(g.n, 1);
	for (int i = 0; i < 1000; i++) {
		size_t n = rng_below(t_rng(), sizeof(raw));
		for (size_t k = 0; k < n; k++)
			raw[k] = (char)rng_u64(t_rng());
		feel_guess(r, sv_n(raw, n), SV_NULL, &g);
		CHECK(g.said[0].p > 0 && g.said[0].p <= 1);
	}
	feel_reader_free(r);
	feel_task_unref(t);
	sb_done(&rows);
	sb_done(&big);
}
