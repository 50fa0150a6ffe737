/* t_nn_grad.c: the derivative of every kind of layer against differences of the loss, with each
 * kernel. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "nn_int.h"
#include "t.h"

/* The loss is the sum of the last layer's values times fixed numbers. */
struct probe {
	struct nn_net *net;
	struct nn_pass *p;
	struct nn_in in;
	float by[4096];
	float *grad[NN_MATS_MAX];
};

static double loss(struct probe *b)
{
	int steps, last = b->net->n - 1;
	const float *y;
	double sum = 0;

	nn_run_train(b->p, &b->in, 77);
	y = nn_out(b->p, last, &steps);
	for (int i = 0; i < steps * b->net->node[last].dim; i++)
		sum += (double)y[i] * (double)b->by[i % 4096];
	return sum;
}

static size_t mat_size(const struct nn_mat *m)
{
	return (size_t)m->rows * (size_t)m->cols;
}

/* Derivatives of the tables of bags, from what the trainer would read. */
static void table_grad(struct probe *b)
{
	for (int k = 0; k < b->net->n; k++) {
		const struct nn_node *node = &b->net->node[k];
		struct nn_used u;
		int step = 0;

		if (!nn_is_bag(node->l.kind))
			continue;
		u = nn_bag_used(b->p, k);
		for (uint32_t i = 0; i < u.n; i++) {
			uint32_t row = u.id[i] % (uint32_t)b->net->mat[node->mat].rows;

			while (u.end && step + 1 < u.steps && i >= u.end[step])
				step++;
			for (int j = 0; j < u.dim && u.w[i] != 0; j++)
				b->grad[node->mat][row * (uint32_t)u.dim + (uint32_t)j] +=
					u.w[i] * u.dy[(u.each ? (int)i : step) * u.dim + j];
		}
	}
}

static void all_grads(struct probe *b)
{
	int steps, last = b->net->n - 1;
	float *dy;

	(void)loss(b);
	(void)nn_out(b->p, last, &steps);
	dy = nn_grad(b->p, last);
	for (int i = 0; i < steps * b->net->node[last].dim; i++)
		dy[i] = b->by[i % 4096];
	nn_back(b->p, b->grad);
	table_grad(b);
}

/* One weight: the largest allowed difference is 2 % of what is there, or of the typical size. */
static bool weight_fits(struct probe *b, struct nn_mat *m, size_t i, float g, float typical)
{
	const float eps = 4e-3f;
	float keep = m->f[i];
	double up, down, d;

	m->f[i] = keep + eps;
	up = loss(b);
	m->f[i] = keep - eps;
	down = loss(b);
	m->f[i] = keep;
	d = (up - down) / (2 * (double)eps);
	if (fabs(d - (double)g) <= 0.02 * fmax(fabs(d), (double)typical) + 2e-3)
		return true;
	printf("# weight %zu: by difference %.6f, computed %.6f\n", i, d, (double)g);
	return false;
}

static bool grads_fit(struct probe *b)
{
	for (int k = 0; k < b->net->mats; k++) {
		struct nn_mat *m = &b->net->mat[k];
		size_t n = mat_size(m), by = n > 60 ? n / 60 : 1;
		double sq = 0;

		for (size_t i = 0; i < n; i++)
			sq += (double)b->grad[k][i] * (double)b->grad[k][i];
		for (size_t i = 0; i < n; i += by)
			if (!weight_fits(b, m, i, b->grad[k][i], (float)sqrt(sq / (double)n))) {
				printf("# table %d\n", k);
				return false;
			}
	}
	return true;
}

static const uint32_t ids[] = { 3, 9, 3, 1, 12, 7, 5 }, ends[] = { 2, 3, 7 };
static const float ws[] = { 1, 0.5f, 2, -1, 0.25f, 1, 0.7f };
static float xs[5 * 6];

static bool check_with(const struct nn_layer *l, size_t n, const char *kern)
{
	struct err e = { 0 };
	struct probe b = { .net = nn_new(l, n, 5, &e) };
	struct rng r;
	bool good;

	if (!b.net) {
		printf("# %s\n", e.msg);
		return false;
	}
	if (nn_kern_use(kern))
		return nn_unref(b.net), true;
	rng_seed(&r, 9);
	for (size_t i = 0; i < 30; i++)
		xs[i] = (float)rng_normal(&r);
	for (size_t i = 0; i < 4096; i++)
		b.by[i] = (float)rng_normal(&r);
	b.in.slot[0] = (struct nn_slot){ .id = ids, .w = ws, .n = 7, .end = ends, .steps = 3 };
	b.in.slot[1] = (struct nn_slot){ .x = xs, .steps = 5 };
	b.in.slot[2] = (struct nn_slot){ .id = ids, .n = 4 };
	for (int k = 0; k < b.net->mats; k++) {
		struct nn_mat *m = &b.net->mat[k];

		b.grad[k] = xalloc(mat_size(m) * sizeof(float));
		for (int row = 0; row < m->rows && m->table; row++)
			nn_mat_birth(b.net, k, (uint32_t)row);
		for (size_t i = 0; i < mat_size(m) && m->rows == 1; i++)
			m->f[i] = 0.3f * (float)rng_normal(&r); /* biases are not always 0 */
	}
	b.p = nn_pass_train(b.net);
	all_grads(&b);
	good = grads_fit(&b);
	for (int k = 0; k < b.net->mats; k++)
		xfree(b.grad[k]);
	nn_pass_free(b.p);
	nn_unref(b.net);
	return good;
}

static bool check(const struct nn_layer *l, size_t n)
{
	const char *const *kern = nn_kerns();
	const char *best = kern[0];
	bool good = true;

	for (; *kern && good; kern++)
		if (!(good = check_with(l, n, *kern)))
			printf("# kernel %s\n", *kern);
	return !nn_kern_use(best) && good;
}

#define FITS(...)                                                             \
	do {                                                                  \
		static const struct nn_layer l[] = { __VA_ARGS__ };           \
		CHECK(check(l, sizeof(l) / sizeof(l[0])));                    \
	} while (0)
#define BAG(...) { "bag", .kind = NN_BAG, .rows = 16, .dim = 6, __VA_ARGS__ }
#define FLOATS { "x", .kind = NN_INPUT, .slot = 1, .dim = 6 }

TEST(nn_grad_bags)
{
	FITS(BAG(.how = NN_PLAINSUM));
	FITS(BAG(.how = NN_BAGMEAN));
	FITS(BAG(.how = NN_SQRTN));
	FITS(BAG(.how = NN_UNITSUM));
	FITS(BAG(.how = NN_SQRTN, .drop = 0.4f));
	FITS(BAG(.how = NN_UNITSUM, .drop = 0.4f, .scale = 3));
}

TEST(nn_grad_sequences_of_bags)
{
	FITS({ "s", .kind = NN_SEQ, .rows = 16, .dim = 6, .how = NN_UNITSUM });
	FITS({ "s", .kind = NN_SEQ, .rows = 16, .dim = 6, .drop = 0.3f });
	FITS({ "s", .kind = NN_SEQ, .slot = 2, .rows = 5, .dim = 6 });
	FITS({ "s", .kind = NN_SEQ, .slot = 2, .rows = 5, .dim = 6, .steps = 2 });
	FITS({ "s", .kind = NN_SEQ, .rows = 16, .dim = 6, .steps = 2 });
}

TEST(nn_grad_dense)
{
	FITS(FLOATS, { .kind = NN_DENSE, .dim = 7 });
	FITS(FLOATS, { .kind = NN_DENSE, .dim = 21, .act = NN_GELU },
	     { .kind = NN_DENSE, .dim = 3 });
	FITS(BAG(.init = 1), { .kind = NN_DENSE, .dim = 19, .act = NN_TANH, .drop = 0.2f },
	     { .kind = NN_DENSE, .dim = 5, .act = NN_SIGMOID, .scale = 2 });
	FITS(BAG(.init = 1), { .kind = NN_DENSE, .dim = 70, .act = NN_GELU },
	     { .kind = NN_ACT, .act = NN_TANH }, { .kind = NN_DENSE, .dim = 9 });
}

TEST(nn_grad_rectifier_away_from_its_corner)
{
	FITS(FLOATS, { .kind = NN_DENSE, .dim = 5, .init = 3, .act = NN_RELU });
}

TEST(nn_grad_prototypes_and_unit_length)
{
	FITS(BAG(.init = 1), { .kind = NN_COSINE, .dim = 5, .scale = 2 });
	FITS(FLOATS, { .kind = NN_DENSE, .dim = 8 }, { .kind = NN_COSINE, .dim = 5 });
	FITS(BAG(.init = 1), { .kind = NN_UNIT }, { .kind = NN_DENSE, .dim = 4 });
}

TEST(nn_grad_norm_drop_and_positions)
{
	FITS(FLOATS, { .kind = NN_DENSE, .dim = 8 }, { .kind = NN_NORM });
	FITS(FLOATS, { .kind = NN_DENSE, .dim = 8 }, { .kind = NN_DROP, .drop = 0.5f, .scale = 2 });
	FITS(FLOATS, { .kind = NN_DENSE, .dim = 8 }, { .kind = NN_POS, .steps = 8 },
	     { .kind = NN_NORM });
	FITS(FLOATS, { .kind = NN_DENSE, .dim = 8 }, { .kind = NN_POS, .steps = 3 });
}

TEST(nn_grad_gru)
{
	FITS(FLOATS, { .kind = NN_GRU, .dim = 5 });
	FITS(FLOATS, { .kind = NN_GRU, .dim = 9, .reverse = true, .drop = 0.2f });
	FITS({ "s", .kind = NN_SEQ, .rows = 16, .dim = 6, .init = 1 },
	     { .kind = NN_GRU, .dim = 20 }, { .kind = NN_POOL, .how = NN_LAST });
}

TEST(nn_grad_attention)
{
	FITS(FLOATS, { .kind = NN_ATTN, .heads = 2 });
	FITS({ "s", .kind = NN_SEQ, .rows = 16, .dim = 6, .init = 1 },
	     { .kind = NN_ATTN, .heads = 3 });
	FITS(FLOATS, { .kind = NN_DENSE, .dim = 32 }, { .kind = NN_ATTN, .heads = 2 },
	     { .kind = NN_POOL });
}

TEST(nn_grad_block)
{
	FITS({ "s", .kind = NN_SEQ, .rows = 16, .dim = 8, .init = 1 },
	     { .kind = NN_POS, .steps = 8 },
	     { .kind = NN_BLOCK, .heads = 2, .hidden = 12, .drop = 0.1f },
	     { .kind = NN_POOL, .how = NN_FIRST });
}

/* 5 steps of 6 bands of one channel, of 3 of two; odd edges too. */
TEST(nn_grad_maps)
{
	FITS(FLOATS, { .kind = NN_CONV, .rows = 6, .dim = 5 });
	FITS(FLOATS, { .kind = NN_CONV, .rows = 3, .dim = 4, .act = NN_GELU },
	     { .kind = NN_EVEN, .rows = 3 }, { .kind = NN_CONV, .rows = 3, .dim = 19 });
	FITS(FLOATS, { .kind = NN_CONV, .rows = 6, .dim = 3, .act = NN_TANH, .drop = 0.2f },
	     { .kind = NN_HALVE, .rows = 6 }, { .kind = NN_HALVE, .rows = 3 },
	     { .kind = NN_CONV, .rows = 2, .dim = 2 });
	FITS(FLOATS, { .kind = NN_CONV, .rows = 1, .dim = 4 }, { .kind = NN_EVEN, .rows = 1 });
}

TEST(nn_grad_pooling)
{
	FITS(FLOATS, { .kind = NN_DENSE, .dim = 8 }, { .kind = NN_POOL });
	FITS(FLOATS, { .kind = NN_DENSE, .dim = 8 }, { .kind = NN_POOL, .how = NN_GREATEST });
	FITS(FLOATS, { .kind = NN_DENSE, .dim = 8 },
	     { .kind = NN_POOL, .how = NN_ATTEND, .heads = 3 });
	FITS({ "s", .kind = NN_SEQ, .rows = 16, .dim = 6, .init = 1 },
	     { .kind = NN_POOL, .how = NN_ATTEND });
}

TEST(nn_grad_several_layers_at_once)
{
	FITS(FLOATS, { "a", .kind = NN_DENSE, .dim = 8 },
	     { "b", .from = "x", .kind = NN_DENSE, .dim = 8, .act = NN_TANH },
	     { .from = "a b", .kind = NN_SUM });
	FITS(FLOATS, { "a", .kind = NN_DENSE, .dim = 8 },
	     { "b", .from = "x", .kind = NN_DENSE, .dim = 8 },
	     { .from = "a b a", .kind = NN_MUL, .scale = 0.5f });
	FITS(FLOATS, { "a", .kind = NN_DENSE, .dim = 8 },
	     { "b", .from = "x", .kind = NN_DENSE, .dim = 8 }, { .from = "a b", .kind = NN_DIFF });
	/* one step beside five */
	FITS(FLOATS, { "a", .kind = NN_DENSE, .dim = 8 }, BAG(.init = 1),
	     { "b", .kind = NN_DENSE, .dim = 8 }, { .from = "a b", .kind = NN_MEAN });
	FITS(FLOATS, { "a", .kind = NN_DENSE, .dim = 3 }, BAG(.init = 1),
	     { .from = "a bag", .kind = NN_CAT }, { .kind = NN_DENSE, .dim = 4 });
}

TEST(nn_grad_tied_layers_share_their_weights)
{
	FITS(BAG(.init = 1), { "one", .kind = NN_DENSE, .dim = 5, .act = NN_TANH },
	     { "bag2", .kind = NN_BAG, .slot = 2, .rows = 16, .dim = 6, .init = 1, .tie = "bag" },
	     { "two", .kind = NN_DENSE, .dim = 5, .act = NN_TANH, .tie = "one" },
	     { .from = "one two", .kind = NN_DIFF });
}
