/* t_nn_train.c: small problems learned to the end; the same weights from the same seed with any
 * number of threads; averages, keeping, frozen layers, nets made of others. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "nn_int.h"
#include "t.h"

/* A set of examples with a class each, for one head. */
struct set {
	struct nn_in in[256];
	const struct nn_in *at[256];
	int label[256];
	size_t n;
	int head, classes;
	uint8_t right[256];
};

static double each(void *arg, struct nn_pass *p, size_t i)
{
	struct set *s = arg;

	return nn_ce(nn_out(p, s->head, NULL), s->classes, &(struct nn_ce){ .label = s->label[i] },
		     nn_grad(p, s->head));
}

static double judge(void *arg, struct nn_pass *p, size_t i)
{
	struct set *s = arg;
	const float *z = nn_out(p, s->head, NULL);
	int best = 0;

	for (int k = 1; k < s->classes; k++)
		best = z[k] > z[best] ? k : best;
	s->right[i] = best == s->label[i];
	return 0;
}

/* Steps on the whole set until all is right; the share that is right at the end. */
static double learn(struct nn_net *net, struct set *s, const struct nn_opt *opt, int most)
{
	struct nn_trainer *t = nn_trainer_new(net, opt);
	const struct nn_loss loss = { .each = each, .arg = s };
	size_t good = 0;

	for (size_t i = 0; i < s->n; i++)
		s->at[i] = &s->in[i];
	for (int k = 0; k < most && good < s->n; k++) {
		for (int j = 0; j < 20; j++)
			(void)nn_step(t, s->at, s->n, &loss);
		nn_eval(t, s->at, s->n, judge, s);
		good = 0;
		for (size_t i = 0; i < s->n; i++)
			good += s->right[i];
	}
	nn_trainer_free(t);
	return (double)good / (double)s->n;
}

static void xor_set(struct set *s, float x[4][2])
{
	*s = (struct set){ .n = 4, .classes = 2 };
	for (int i = 0; i < 4; i++) {
		x[i][0] = (float)(i & 1);
		x[i][1] = (float)(i >> 1);
		s->in[i].slot[0].x = x[i];
		s->label[i] = (i & 1) ^ (i >> 1);
	}
}

TEST(nn_learns_xor)
{
	static const enum nn_act acts[] = { NN_RELU, NN_GELU, NN_TANH, NN_SIGMOID };
	static struct set s;
	float x[4][2];

	xor_set(&s, x);
	for (size_t a = 0; a < 4; a++) {
		const struct nn_layer l[] = {
			{ .kind = NN_INPUT, .dim = 2 },
			{ .kind = NN_DENSE, .dim = 12, .act = acts[a] },
			{ .kind = NN_DENSE, .dim = 2 },
		};
		struct nn_net *net = nn_new(l, 3, 4, NULL);

		s.head = 2;
		NEAR(learn(net, &s, &(struct nn_opt){ .rate = 0.02f }, 100), 1, 1e-9);
		nn_unref(net);
	}
}

/* Whether the number of ones is odd: only a state can know. */
TEST(nn_gru_learns_parity)
{
	static const struct nn_layer l[] = {
		{ .kind = NN_SEQ, .rows = 2, .dim = 4, .init = 1 },
		{ .kind = NN_GRU, .dim = 12 },
		{ .kind = NN_POOL, .how = NN_LAST },
		{ "odd", .kind = NN_DENSE, .dim = 2 },
	};
	static struct set s;
	static uint32_t bits[128][7];
	struct nn_net *net = nn_new(l, 4, 4, NULL);

	s = (struct set){ .n = 128, .head = 3, .classes = 2 };
	for (uint32_t i = 0; i < 128; i++) {
		for (uint32_t k = 0; k < 7; k++)
			bits[i][k] = i >> k & 1;
		s.in[i].slot[0] = (struct nn_slot){ .id = bits[i], .n = 7 };
		s.label[i] = __builtin_parity(i);
	}
	CHECK(learn(net, &s, &(struct nn_opt){ .rate = 0.02f, .clip = 1, .threads = 2 }, 60) >
	      0.999);
	nn_unref(net);
}

/* The first token names the place whose token is the answer: attention must go and look. */
TEST(nn_block_learns_to_look_up)
{
	static const struct nn_layer l[] = {
		{ .kind = NN_SEQ, .rows = 16, .dim = 16, .init = 0.5f },
		{ .kind = NN_POS, .steps = 8, .init = 0.5f },
		{ .kind = NN_BLOCK, .heads = 2, .hidden = 32 },
		{ .kind = NN_BLOCK, .heads = 2, .hidden = 32 },
		{ .kind = NN_POOL, .how = NN_FIRST },
		{ "what", .kind = NN_DENSE, .dim = 4 },
	};
	static struct set s;
	static uint32_t tok[256][5];
	struct nn_net *net = nn_new(l, 6, 4, NULL);
	struct rng r;

	rng_seed(&r, 8);
	s = (struct set){ .n = 256, .head = nn_find(net, "what"), .classes = 4 };
	for (int i = 0; i < 256; i++) {
		for (int k = 1; k < 5; k++)
			tok[i][k] = (uint32_t)rng_below(&r, 4);
		tok[i][0] = 4 + (uint32_t)rng_below(&r, 4);
		s.in[i].slot[0] = (struct nn_slot){ .id = tok[i], .n = 5 };
		s.label[i] = (int)tok[i][tok[i][0] - 3];
	}
	CHECK(learn(net, &s, &(struct nn_opt){ .rate = 0.005f, .clip = 1, .threads = 2 }, 40) >
	      0.99);
	nn_unref(net);
}

/* Texts as bags: classes by words, with noise words around. */
static uint32_t word[256][6];

static void bag_set(struct set *s)
{
	struct rng r;

	rng_seed(&r, 2);
	*s = (struct set){ .n = 256, .classes = 8 };
	for (int i = 0; i < 256; i++) {
		s->label[i] = i % 8;
		word[i][0] = (uint32_t)(100 * (i % 8)) + (uint32_t)rng_below(&r, 3);
		for (int k = 1; k < 6; k++)
			word[i][k] = (uint32_t)rng_u64(&r);
		s->in[i].slot[0] = (struct nn_slot){ .id = word[i], .n = 6 };
		s->at[i] = &s->in[i];
	}
}

static const struct nn_layer text[] = {
	{ "wide", .kind = NN_BAG, .rows = 1 << 14, .dim = 8, .zero = true, .row_rule = true,
	  .rate = 30 },
	{ "words", .kind = NN_BAG, .rows = 1 << 12, .dim = 16, .how = NN_SQRTN, .drop = 0.2f },
	{ "mid", .kind = NN_DENSE, .dim = 16, .act = NN_GELU, .drop = 0.1f },
	{ "deep", .kind = NN_DENSE, .dim = 8 },
	{ "class", .from = "wide deep", .kind = NN_SUM },
};

static void steps(struct nn_trainer *t, struct set *s, int from, int to)
{
	for (int k = from; k < to; k++)
		(void)nn_step(t, s->at + 32 * (k % 8), 32,
			      &(struct nn_loss){ .each = each, .arg = s });
}

/* All weights as bytes. */
static void weights(const struct nn_net *net, struct sb *out)
{
	sb_init(out, 1u << 28);
	if (nn_save_mem(net, out, &(struct nn_save){ 0 }, NULL))
		t_fail(__FILE__, __LINE__, "saving");
}

TEST(nn_threads_change_nothing)
{
	static struct set s;
	struct sb w[4];

	bag_set(&s);
	s.head = 5; /* words, mid.raw, mid, deep */
	for (int k = 0; k < 4; k++) {
		struct nn_net *net = nn_new(text, 5, k == 3 ? 8 : 7, NULL);
		struct nn_trainer *t = nn_trainer_new(
			net, &(struct nn_opt){ .threads = 1 + k % 3, .rate = 0.01f, .ema = 0.9f,
					       .decay = 0.01f, .clip = 1, .seed = 5 });

		EQ(nn_find(net, "class"), 5);
		steps(t, &s, 0, 40);
		nn_ema_swap(t);
		weights(net, &w[k]);
		nn_trainer_free(t);
		nn_unref(net);
	}
	CHECK(sv_eq(sb_sv(&w[0]), sb_sv(&w[1])));
	CHECK(sv_eq(sb_sv(&w[0]), sb_sv(&w[2])));
	CHECK(!sv_eq(sb_sv(&w[0]), sb_sv(&w[3])));
	for (int k = 0; k < 4; k++)
		sb_done(&w[k]);
}

TEST(nn_wide_and_deep_learns_and_unseen_words_count_nothing)
{
	static struct set s;
	struct nn_net *net = nn_new(text, 5, 7, NULL);
	struct nn_pass *p;
	static const uint32_t never[] = { 5000, 5001 };

	bag_set(&s);
	s.head = 5;
	NEAR(learn(net, &s, &(struct nn_opt){ .rate = 0.01f, .threads = 2 }, 20), 1, 1e-9);
	p = nn_pass_new(net);
	nn_run(p, &(struct nn_in){ .slot[0] = { .id = never, .n = 2 } });
	for (int k = 0; k < 8; k++) {
		/* by chance another word may share its row in the small table */
		NEAR(nn_out(p, nn_find(net, "wide"), NULL)[k], 0, 1e-9);
	}
	nn_pass_free(p);
	nn_unref(net);
}

/* Many tables, one step each: the lazy average is what an eager one would be. */
TEST(nn_average_of_rows_is_exact)
{
	static const struct nn_layer l[] = { { .kind = NN_BAG, .rows = 4, .dim = 2, .init = 1 } };
	static struct set s;
	static uint32_t row[4] = { 0, 1, 2, 3 };
	struct nn_net *net = nn_new(l, 1, 7, NULL);
	struct nn_trainer *t =
		nn_trainer_new(net, &(struct nn_opt){ .ema = 0.8f, .rate = 0.1f });
	float ema[4][2], w[2];
	bool seen[4] = { false };

	s = (struct set){ .classes = 2 };
	for (int i = 0; i < 4; i++) {
		s.in[i].slot[0] = (struct nn_slot){ .id = &row[i], .n = 1 };
		s.at[i] = &s.in[i];
	}
	for (int k = 0; k < 30; k++) {
		int i = k % 7 < 4 ? k % 3 : 3, one = i;

		s.label[0] = k % 2;
		if (!seen[i]) {
			nn_mat_birth(net, 0, (uint32_t)i);
			OK(nn_row(net, 0, i, ema[i]));
			seen[i] = true;
		}
		(void)nn_step(t, &s.at[one], 1, &(struct nn_loss){ .each = each, .arg = &s });
		for (int j = 0; j < 4; j++) {
			OK(nn_row(net, 0, j, w));
			for (int c = 0; c < 2 && seen[j]; c++)
				ema[j][c] = 0.8f * ema[j][c] + 0.2f * w[c];
		}
	}
	nn_ema_swap(t);
	for (int j = 0; j < 4; j++) {
		OK(nn_row(net, 0, j, w));
		NEAR(w[0], ema[j][0], 1e-5);
		NEAR(w[1], ema[j][1], 1e-5);
	}
	nn_ema_swap(t);
	nn_trainer_free(t);
	nn_unref(net);
}

TEST(nn_keep_puts_all_back)
{
	static struct set s;
	struct nn_net *net = nn_new(text, 5, 7, NULL);
	struct nn_trainer *t = nn_trainer_new(net, &(struct nn_opt){ .rate = 0.05f });
	float *keep = NULL;
	struct sb w[3];

	bag_set(&s);
	s.head = 5;
	steps(t, &s, 0, 2);
	weights(net, &w[0]);
	nn_keep(net, &keep);
	steps(t, &s, 2, 8); /* new words come in */
	weights(net, &w[1]);
	nn_restore(net, keep);
	weights(net, &w[2]);
	CHECK(sv_eq(sb_sv(&w[0]), sb_sv(&w[2])) && !sv_eq(sb_sv(&w[0]), sb_sv(&w[1])));
	nn_keep(net, &keep);
	xfree(keep);
	for (int k = 0; k < 3; k++)
		sb_done(&w[k]);
	nn_trainer_free(t);
	nn_unref(net);
}

TEST(nn_frozen_layers_stay)
{
	struct nn_layer l[5];
	static struct set s;
	struct nn_net *net;
	struct nn_trainer *t;
	float before[16], after[16];

	memcpy(l, text, sizeof(l));
	l[1].frozen = true;
	net = nn_new(l, 5, 7, NULL);
	bag_set(&s);
	s.head = 5;
	nn_mat_birth(net, net->node[1].mat, 100);
	OK(nn_row(net, 1, 100, before));
	t = nn_trainer_new(net, &(struct nn_opt){ .rate = 0.05f });
	steps(t, &s, 0, 16);
	OK(nn_row(net, 1, 100, after));
	EQ(memcmp(before, after, sizeof(before)), 0);
	nn_trainer_free(t);
	nn_unref(net);
}

/* Two nets trained apart run side by side in one and give the sum of their logits. */
TEST(nn_take_makes_one_of_two)
{
	static const struct nn_layer both[] = {
		{ "a", .kind = NN_BAG, .rows = 64, .dim = 4, .init = 1 },
		{ "b", .kind = NN_BAG, .rows = 64, .dim = 4, .init = 1 },
		{ "sum", .from = "a b", .kind = NN_SUM },
	};
	struct nn_net *x = nn_new(both, 1, 1, NULL), *y = nn_new(both, 1, 2, NULL);
	struct nn_net *z = nn_new(both, 3, 3, NULL);
	float p[4], q[4], r[4];
	struct err e = { 0 };

	nn_mat_birth(x, 0, 9);
	nn_mat_birth(y, 0, 9);
	OK(nn_take(z, "a", x, "a", &e));
	OK(nn_take(z, "b", y, "a", &e));
	OK(nn_row(x, 0, 9, p));
	OK(nn_row(y, 0, 9, q));
	OK(nn_row(z, 1, 9, r));
	EQ(memcmp(q, r, sizeof(q)), 0);
	CHECK(memcmp(p, q, sizeof(p)) != 0);
	EQ(nn_take(z, "a", x, "none", &e), ERR_NOTFOUND);
	EQ(nn_take(z, "sum", x, "a", &e), ERR_INVAL);
	OK(nn_row_set(z, 0, 5, q));
	OK(nn_row(z, 0, 5, r));
	EQ(memcmp(q, r, sizeof(q)), 0);
	nn_unref(x);
	nn_unref(y);
	nn_unref(z);
}

/* ---- contrastive: two views of the same thing find each other ---- */

static double pairs(void *arg, struct nn_pass *const *p, size_t n)
{
	const float *a[32], *b[32];
	float *ga[32], *gb[32];
	int head = *(int *)arg;

	for (size_t i = 0; i < n / 2; i++) {
		a[i] = nn_out(p[2 * i], head, NULL);
		b[i] = nn_out(p[2 * i + 1], head, NULL);
		ga[i] = nn_grad(p[2 * i], head);
		gb[i] = nn_grad(p[2 * i + 1], head);
	}
	return nn_infonce(a, b, n / 2, 8, NULL, 0.1f, 1, ga, gb);
}

TEST(nn_contrastive_brings_pairs_together)
{
	static const struct nn_layer l[] = {
		{ .kind = NN_BAG, .rows = 64, .dim = 8, .init = 1 },
		{ "e", .kind = NN_UNIT },
	};
	static const uint32_t row[64] = { 0,  1,  2,  3,  4,	5,  6,	7,  8,	9,  10, 11, 12,
					  13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
					  26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38,
					  39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,
					  52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63 };
	struct nn_net *net = nn_new(l, 2, 7, NULL);
	struct nn_trainer *t =
		nn_trainer_new(net, &(struct nn_opt){ .rate = 0.05f, .threads = 2 });
	static struct set s;
	int head = 1;
	double first = 0, last = 0;

	s = (struct set){ .n = 64 };
	for (int i = 0; i < 64; i++) {
		s.in[i].slot[0] = (struct nn_slot){ .id = &row[i], .n = 1 };
		s.at[i] = &s.in[i];
	}
	for (int k = 0; k < 200; k++) {
		last = nn_step(t, s.at, 64, &(struct nn_loss){ .all = pairs, .arg = &head });
		first = k ? first : last;
	}
	CHECK(first > 1 && last < 0.05 * first);
	nn_trainer_free(t);
	nn_unref(net);
}

/* ---- the rate, and derivatives that are no numbers ---- */

TEST(nn_rate_warms_up_and_decays)
{
	static const struct nn_layer l[] = { { .kind = NN_INPUT, .dim = 2 },
					     { .kind = NN_DENSE, .dim = 2 } };
	static struct set s;
	float x[4][2];

	xor_set(&s, x);
	s.head = 1;
	for (int i = 0; i < 4; i++)
		s.at[i] = &s.in[i];
	for (int sched = 0; sched < 3; sched++) {
		static const float half[] = { 0.55f, 0.55f, 1 }, end[] = { 0.1f, 0.1f, 1 };
		struct nn_net *net = nn_new(l, 2, 1, NULL);
		struct nn_trainer *t = nn_trainer_new(
			net, &(struct nn_opt){ .rate = 1, .warm = 10, .steps = 110, .floor = 0.1f,
					       .sched = (enum nn_sched)sched });

		for (int k = 0; k < 130; k++) {
			if (k < 10)
				NEAR(nn_rate(t), 0.1 * (k + 1), 1e-6);
			if (k == 60)
				NEAR(nn_rate(t), half[sched], 1e-5);
			if (k >= 110)
				NEAR(nn_rate(t), end[sched], 1e-5);
			(void)nn_step(t, s.at, 4, &(struct nn_loss){ .each = each, .arg = &s });
		}
		nn_trainer_free(t);
		nn_unref(net);
	}
}

static double broken(void *arg, struct nn_pass *p, size_t i)
{
	nn_grad(p, *(int *)arg)[0] = i == 2 ? NAN : 1;
	return 0;
}

TEST(nn_step_refuses_what_is_no_number)
{
	static struct set s;
	struct nn_net *net = nn_new(text, 5, 7, NULL);
	struct nn_trainer *t = nn_trainer_new(net, &(struct nn_opt){ .threads = 2 });
	int head = 5;
	struct sb w[2];

	bag_set(&s);
	s.head = head;
	steps(t, &s, 0, 8); /* all words are known after that */
	weights(net, &w[0]);
	CHECK(isnan(nn_step(t, s.at, 8, &(struct nn_loss){ .each = broken, .arg = &head })));
	weights(net, &w[1]);
	CHECK(sv_eq(sb_sv(&w[0]), sb_sv(&w[1])));
	CHECK(nn_step(t, s.at, 8, &(struct nn_loss){ .each = each, .arg = &s }) > 0);
	NEAR(nn_step(t, s.at, 0, &(struct nn_loss){ .each = each, .arg = &s }), 0, 1e-9);
	nn_trainer_free(t);
	nn_unref(net);
	sb_done(&w[0]);
	sb_done(&w[1]);
}
