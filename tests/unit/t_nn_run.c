/* t_nn_run.c: what layers compute, by hand; dropout; one loaded net run by many threads. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "nn_int.h"
#include "t.h"

/* Table rows are r, 10 r + 1; matrices count up from 1; biases too. */
static void fill(struct nn_net *net)
{
	for (int k = 0; k < net->mats; k++) {
		struct nn_mat *m = &net->mat[k];

		for (int r = 0; r < m->rows; r++) {
			float *row = m->f + (size_t)r * (size_t)m->cols;

			if (m->table)
				nn_mat_birth(net, k, (uint32_t)r);
			for (int i = 0; i < m->cols; i++)
				row[i] = m->table ? (float)(i ? 10 * r + i : r) :
						    (float)(r * m->cols + i + 1);
		}
	}
}

/* Runs the layers on one example and compares the last one's values with n numbers. */
static bool gives(const struct nn_layer *l, size_t n_layers, const struct nn_in *in,
		  const float *want, int n)
{
	struct err e = { 0 };
	struct nn_net *net = nn_new(l, n_layers, 1, &e);
	struct nn_pass *p;
	int steps;
	const float *y;
	bool good;

	if (!net)
		return printf("# %s\n", e.msg), false;
	fill(net);
	p = nn_pass_new(net);
	nn_run(p, in);
	y = nn_out(p, net->n - 1, &steps);
	good = steps * nn_dim(net, net->n - 1) == n;
	for (int i = 0; i < n && good; i++)
		if (fabsf(y[i] - want[i]) > 1e-4f * (1 + fabsf(want[i]))) {
			printf("# value %d is %.6f, not %.6f\n", i, (double)y[i], (double)want[i]);
			good = false;
		}
	nn_pass_free(p);
	nn_unref(net);
	return good;
}

#define LAYERS(...) (const struct nn_layer[]){ __VA_ARGS__ }, \
		    sizeof((const struct nn_layer[]){ __VA_ARGS__ }) / sizeof(struct nn_layer)
#define GIVES(n, in, want, ...) CHECK(gives(LAYERS(__VA_ARGS__), in, want, n))
#define NUMBERS(...) (const float[]){ __VA_ARGS__ }

static const uint32_t ids[] = { 2, 3, 7 }, cuts[] = { 2, 2, 3 };
static const float weights[] = { 1, 2, -1 };
static const struct nn_in three = { .slot = { { .id = ids, .w = weights, .n = 3 } } };
static const struct nn_in plain = { .slot = { { .id = ids, .n = 3 } } };
static const struct nn_in cut = { .slot = { { .id = ids, .n = 3, .end = cuts, .steps = 3 } } };
static const float xs[] = { 3, -4, 0, 1, 2, 5 };
static const struct nn_in floats = { .slot = { { .x = xs, .steps = 3 } } };

#define TABLE(...) { "t", .kind = NN_BAG, .rows = 5, .dim = 2, __VA_ARGS__ }
#define FLOATS { "x", .kind = NN_INPUT, .dim = 2 }

/* Rows 2, 3 and 7 % 5 = 2: (2, 21), (3, 31), (2, 21). */
TEST(nn_bag_adds_rows)
{
	const float a = 2 + 6 - 2, b = 21 + 62 - 21, len = sqrtf(a * a + b * b);

	GIVES(2, &three, NUMBERS(a, b), TABLE(0));
	GIVES(2, &plain, NUMBERS(7, 73), TABLE(0));
	GIVES(2, &three, NUMBERS(a / 4, b / 4), TABLE(.how = NN_BAGMEAN));
	GIVES(2, &three, NUMBERS(a / sqrtf(6), b / sqrtf(6)), TABLE(.how = NN_SQRTN));
	GIVES(2, &three, NUMBERS(a / len, b / len), TABLE(.how = NN_UNITSUM));
	GIVES(2, &three, NUMBERS(3 * a, 3 * b), TABLE(.scale = 3));
	GIVES(2, &three, NUMBERS(a, b), TABLE(.drop = 0.5f)); /* not in training */
	GIVES(2, &(struct nn_in){ 0 }, NUMBERS(0, 0), TABLE(.how = NN_UNITSUM));
}

TEST(nn_seq_adds_rows_step_by_step)
{
	GIVES(6, &cut, NUMBERS(5, 52, 0, 0, 2, 21), { "s", .kind = NN_SEQ, .rows = 5, .dim = 2 });
	GIVES(6, &plain, NUMBERS(2, 21, 3, 31, 2, 21),
	      { "s", .kind = NN_SEQ, .rows = 5, .dim = 2 });
	GIVES(4, &cut, NUMBERS(5, 52, 0, 0),
	      { "s", .kind = NN_SEQ, .rows = 5, .dim = 2, .steps = 2 });
	GIVES(2, &(struct nn_in){ 0 }, NUMBERS(0, 0), { "s", .kind = NN_SEQ, .rows = 5, .dim = 2 });
}

/* W = 1 2 / 3 4 / 5 6, b = 1 2 3 */
TEST(nn_dense_multiplies)
{
	GIVES(9, &floats, NUMBERS(-4, -5, -6, 3, 6, 9, 13, 28, 43), FLOATS,
	      { .kind = NN_DENSE, .dim = 3 });
	GIVES(9, &floats, NUMBERS(0, 0, 0, 3, 6, 9, 13, 28, 43), FLOATS,
	      { .kind = NN_DENSE, .dim = 3, .act = NN_RELU });
	GIVES(6, &floats, NUMBERS(0.952574f, 0.5f, 0.5f, 0.731059f, 0.880797f, 0.993307f), FLOATS,
	      { .kind = NN_ACT, .act = NN_RELU }, { .kind = NN_ACT, .act = NN_SIGMOID });
}

TEST(nn_activations_are_what_they_are_called)
{
	GIVES(6, &floats, NUMBERS(0.995055f, -0.999329f, 0, 0.761594f, 0.964028f, 0.999909f),
	      FLOATS, { .kind = NN_ACT, .act = NN_TANH });
	/* x Phi(x), by its approximation to three places */
	GIVES(6, &floats, NUMBERS(2.99636f, -0.00007f, 0, 0.84119f, 1.95460f, 5), FLOATS,
	      { .kind = NN_ACT, .act = NN_GELU });
}

/* Prototypes (1, 2), (3, 4). */
TEST(nn_cosine_and_unit_measure_angles)
{
	static const float two[] = { 3, -4, 0, 0 };
	static const struct nn_in in = { .slot = { { .x = two, .steps = 2 } } };

	GIVES(4, &in, NUMBERS(10 * -5 / (5 * sqrtf(5)), 10 * -7 / 25.f, 0, 0), FLOATS,
	      { .kind = NN_COSINE, .dim = 2, .scale = 10 });
	GIVES(6, &floats, NUMBERS(0.6f, -0.8f, 0, 1, 2 / sqrtf(29), 5 / sqrtf(29)), FLOATS,
	      { .kind = NN_UNIT });
}

/* Of two numbers the norm is -1 and 1; gain 1 + (1, 2), bias (1, 2). */
TEST(nn_norm_and_positions)
{
	GIVES(6, &floats, NUMBERS(3, -1, -1, 5, -1, 5), FLOATS, { .kind = NN_NORM });
	GIVES(6, &floats, NUMBERS(4, -2, 3, 5, 5, 9), FLOATS, { .kind = NN_POS, .steps = 2 });
}

/* Three steps of two bands; weights 1 to 9, row by row of the neighbours, bias 1. */
TEST(nn_maps)
{
	struct err e = { 0 };
	GIVES(6, &floats, NUMBERS(1, 1, 62, 55, 44, 36), FLOATS,
	      { .kind = NN_CONV, .rows = 2, .dim = 1 });
	GIVES(2, &floats, NUMBERS(3, 5), FLOATS, { .kind = NN_HALVE, .rows = 2 });
	/* two channels of one band: side by side, nothing is at its sides */
	GIVES(4, &floats, NUMBERS(3, 1, 2, 5), FLOATS, { .kind = NN_HALVE, .rows = 1 });
	/* one channel: mean 7/6, mean square 55/6; gain 2, bias 1 */
	float dev = sqrtf(55 / 6.F - 49 / 36.F), up = 1 - 2 * 7 / 6.F / dev, by = 2 / dev;
	GIVES(6, &floats,
	      NUMBERS(up + 3 * by, up - 4 * by, up, up + by, up + 2 * by, up + 5 * by), FLOATS,
	      { .kind = NN_EVEN, .rows = 2 });
	CHECK(!nn_new(LAYERS(FLOATS, { .kind = NN_CONV, .dim = 1 }), 1, &e));
	CHECK(!nn_new(LAYERS(FLOATS, { .kind = NN_CONV, .rows = 2 }), 1, &e));
	CHECK(!nn_new(LAYERS(FLOATS, { .kind = NN_CONV, .rows = 2, .dim = 8000 }), 1, &e));
	CHECK(!nn_new(LAYERS(FLOATS, { .kind = NN_HALVE, .rows = 3 }), 1, &e));
	CHECK(!nn_new(LAYERS(FLOATS, { .kind = NN_EVEN, .rows = 3 }), 1, &e));
	EQ(e.code, ERR_INVAL);
}

TEST(nn_pool_brings_steps_to_one)
{
	GIVES(2, &floats, NUMBERS(5 / 3.f, 2 / 3.f), FLOATS, { .kind = NN_POOL });
	GIVES(2, &floats, NUMBERS(3, 5), FLOATS, { .kind = NN_POOL, .how = NN_GREATEST });
	GIVES(2, &floats, NUMBERS(3, -4), FLOATS, { .kind = NN_POOL, .how = NN_FIRST });
	GIVES(2, &floats, NUMBERS(2, 5), FLOATS, { .kind = NN_POOL, .how = NN_LAST });
	/* query (1, 2): scores -5, 2, 12 over root 2: all but the last are far off */
	GIVES(2, &floats, NUMBERS(1.99830f, 4.99660f), FLOATS,
	      { .kind = NN_POOL, .how = NN_ATTEND });
}

TEST(nn_several_layers_meet)
{
	GIVES(6, &floats, NUMBERS(6, -8, 0, 2, 4, 10), FLOATS, { .from = "x x", .kind = NN_SUM });
	GIVES(6, &floats, NUMBERS(3, -4, 0, 1, 2, 5), FLOATS, { .from = "x x", .kind = NN_MEAN });
	GIVES(6, &floats, NUMBERS(9, 16, 0, 1, 4, 25), FLOATS, { .from = "x x", .kind = NN_MUL });
	GIVES(6, &floats, NUMBERS(0, 0, 3, 5, 1, 9), FLOATS,
	      { "f", .from = "x", .kind = NN_POOL, .how = NN_FIRST },
	      { .from = "x f", .kind = NN_DIFF });
	GIVES(12, &floats, NUMBERS(3, -4, 2, 5, 0, 1, 2, 5, 2, 5, 2, 5), FLOATS,
	      { "l", .from = "x", .kind = NN_POOL, .how = NN_LAST },
	      { .from = "x l", .kind = NN_CAT });
}

/* One unit, all weights as `fill` has them, by the formulas of nn_gru.c. */
static void gru_by_hand(const float *x, int n, float *h)
{
	float before = 0;

	for (int t = 0; t < n; t++) {
		float r = nn_sigmoid(x[t] * 1 + 1 + before * 1 + 1);
		float z = nn_sigmoid(x[t] * 2 + 2 + before * 2 + 2);
		float c = tanhf(x[t] * 3 + 3 + r * (before * 3 + 3));

		before = h[t] = (1 - z) * c + z * before;
	}
}

TEST(nn_gru_follows_its_formulas)
{
	static const float x[] = { -1, -0.7f, -1.2f, -0.9f };
	float back[4] = { x[3], x[2], x[1], x[0] }, h[4], b[4];
	const struct nn_in in = { .slot = { { .x = x, .steps = 4 } } };

	gru_by_hand(x, 4, h);
	GIVES(4, &in, h, { .kind = NN_INPUT, .dim = 1 }, { .kind = NN_GRU, .dim = 1 });
	gru_by_hand(back, 4, b);
	GIVES(4, &in, NUMBERS(b[3], b[2], b[1], b[0]), { .kind = NN_INPUT, .dim = 1 },
	      { .kind = NN_GRU, .dim = 1, .reverse = true });
}

/* Width 1: q = x + 1, k = x + 1, v = x + 1, y = mix + 1. */
TEST(nn_attention_follows_its_formula)
{
	static const float x[] = { 0.5f, -1, 0.2f };
	static const struct nn_in in = { .slot = { { .x = x, .steps = 3 } } };
	float y[3];

	for (int t = 0; t < 3; t++) {
		float sum = 0, mix = 0;

		for (int u = 0; u < 3; u++) {
			float e = expf((x[t] + 1) * (x[u] + 1));

			sum += e;
			mix += e * (x[u] + 1);
		}
		y[t] = mix / sum + 1;
	}
	GIVES(3, &in, y, { .kind = NN_INPUT, .dim = 1 }, { .kind = NN_ATTN });
}

/* ---- dropout ---- */

TEST(nn_dropout_leaves_out_its_share_and_keeps_the_mean)
{
	static const struct nn_layer l[] = {
		{ .kind = NN_INPUT, .dim = 1000 },
		{ .kind = NN_DROP, .drop = 0.3f },
		{ "bag", .kind = NN_BAG, .slot = 1, .rows = 1000, .dim = 1, .drop = 0.8f },
	};
	static float x[1000];
	static uint32_t id[1000];
	struct nn_net *net = nn_new(l, 3, 1, NULL);
	struct nn_pass *p = nn_pass_train(net);
	struct nn_in in = { .slot = { { .x = x }, { .id = id, .n = 1000 } } };
	double zeros = 0, mean = 0, bag = 0;

	for (uint32_t i = 0; i < 1000; i++) {
		x[i] = 1;
		id[i] = i;
		nn_mat_birth(net, net->node[2].mat, i);
		net->mat[net->node[2].mat].f[i] = 1;
	}
	for (uint64_t seed = 0; seed < 100; seed++) {
		const float *y;

		nn_run_train(p, &in, seed);
		y = nn_out(p, 1, NULL);
		for (int i = 0; i < 1000; i++) {
			zeros += fabsf(y[i]) < 1e-6f;
			mean += (double)y[i];
		}
		bag += (double)nn_out(p, 2, NULL)[0];
	}
	NEAR(zeros / 1e5, 0.3, 0.01);
	NEAR(mean / 1e5, 1, 0.02);
	NEAR(bag / 1e5, 1, 0.03);
	nn_pass_free(p);
	nn_unref(net);
}

/* ---- threads ---- */

enum { RUNNERS = 8, EACH = 200 };
struct runners {
	struct nn_net *net;
	float out[RUNNERS][EACH];
};

static void runner(void *arg, int part)
{
	struct runners *r = arg;
	struct nn_pass *p = nn_pass_new(r->net);
	uint32_t id[7];

	for (int i = 0; i < EACH; i++) {
		for (uint32_t k = 0; k < 7; k++)
			id[k] = (uint32_t)i * 31 + k * 7;
		nn_run(p, &(struct nn_in){ .slot[0] = { .id = id, .n = (uint32_t)(i % 8) } });
		r->out[part][i] = nn_out(p, nn_find(r->net, "out"), NULL)[1];
	}
	nn_pass_free(p);
}

TEST(nn_loaded_net_serves_many_threads)
{
	static const struct nn_layer l[] = {
		{ .kind = NN_SEQ, .rows = 300, .dim = 16, .init = 1 },
		{ .kind = NN_POS, .steps = 8 },
		{ .kind = NN_BLOCK, .heads = 2 },
		{ .kind = NN_GRU, .dim = 12 },
		{ .kind = NN_POOL },
		{ "out", .kind = NN_DENSE, .dim = 3 },
	};
	static struct runners r;
	struct nn_net *net = nn_new(l, 6, 9, NULL);
	struct team *team = team_new(4);
	char path[300];

	for (uint32_t i = 0; i < 300; i++)
		nn_mat_birth(net, 0, i);
	(void)snprintf(path, sizeof(path), "%s/n.nn", t_tmpdir());
	OK(nn_save(net, path, &(struct nn_save){ .int8 = true }, NULL));
	r.net = nn_load(path, NULL);
	CHECK(r.net);
	team_run(team, runner, &r, RUNNERS);
	for (int k = 1; k < RUNNERS; k++)
		EQ(memcmp(r.out[0], r.out[k], sizeof(r.out[0])), 0);
	CHECK(fabsf(r.out[0][3] - r.out[0][5]) > 1e-6f);
	team_free(team);
	nn_unref(r.net);
	nn_unref(net);
}
