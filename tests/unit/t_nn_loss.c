/* t_nn_loss.c: losses against differences and known values; calibration; early stop. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "nn_train.h"
#include "t.h"

enum { N = 7, B = 5 };

/* A loss of B rows of N numbers. */
typedef double loss_fn(float x[B][N], float g[B][N]);

static bool slopes_fit(loss_fn *f, bool unit)
{
	static float x[B][N], g[B][N], none[B][N];
	const float eps = 2e-3f;

	memset(g, 0, sizeof(g));
	for (int i = 0; i < B; i++) {
		float sq = 0;

		for (int k = 0; k < N; k++) {
			x[i][k] = (float)rng_normal(t_rng());
			sq += x[i][k] * x[i][k];
		}
		for (int k = 0; k < N && unit; k++)
			x[i][k] /= sqrtf(sq);
	}
	(void)f(x, g);
	for (int i = 0; i < B * N; i++) {
		float *at = &x[i / N][i % N], keep = *at, got = g[i / N][i % N];
		double up, down, d;

		*at = keep + eps;
		up = f(x, none);
		*at = keep - eps;
		down = f(x, none);
		*at = keep;
		d = (up - down) / (2 * (double)eps);
		if (fabs(d - (double)got) > 0.01 * fabs(d) + 2e-3) {
			printf("# %d: by difference %.6f, computed %.6f\n", i, d, (double)got);
			return false;
		}
	}
	return true;
}

static double rows_ce(float x[B][N], float g[B][N], const struct nn_ce *o)
{
	double sum = 0;

	for (int i = 0; i < B; i++) {
		struct nn_ce one = *o;

		one.label = i;
		sum += nn_ce(x[i], N, &one, g[i]);
	}
	return sum;
}

static double ce_plain(float x[B][N], float g[B][N])
{
	return rows_ce(x, g, &(struct nn_ce){ 0 });
}

static double ce_smooth(float x[B][N], float g[B][N])
{
	static const float cw[N] = { 1, 2, 0.5f, 1, 3, 1, 1 };

	return rows_ce(x, g, &(struct nn_ce){ .smooth = 0.2f, .class_w = cw, .weight = 1.5f,
					      .temperature = 0.5f });
}

static double ce_soft(float x[B][N], float g[B][N])
{
	static const float soft[N] = { 0.5f, 0.2f, 0.1f, 0.1f, 0.05f, 0.05f, 0 };

	return rows_ce(x, g, &(struct nn_ce){ .soft = soft, .temperature = 2 });
}

static double ce_focal(float x[B][N], float g[B][N])
{
	return rows_ce(x, g, &(struct nn_ce){ .focal = 2 });
}

static const float some[N] = { 1, 0, 0.3f, -1, 1, 0, 0 };

static double bce(float x[B][N], float g[B][N])
{
	static const float pw[N] = { 1, 2, 3, 1, 5, 1, 1 };
	double sum = 0;

	for (int i = 0; i < B; i++)
		sum += nn_bce(x[i], N, some, pw, 0.7f, g[i]);
	return sum;
}

static double mse(float x[B][N], float g[B][N])
{
	double sum = 0;

	for (int i = 0; i < B; i++)
		sum += nn_mse(x[i], N, some, 2, g[i]);
	return sum;
}

static double cosine(float x[B][N], float g[B][N])
{
	double sum = 0;

	for (int i = 0; i < B; i++)
		sum += nn_cosine_loss(x[i], N, some, 3, g[i]);
	return sum;
}

static double infonce_grouped(float x[B][N], float g[B][N], const int *group)
{
	const float *const a[] = { x[0], x[1] }, *const b[] = { x[2], x[3] };
	float *const ga[] = { g[0], g[1] }, *const gb[] = { g[2], g[3] };

	return nn_infonce(a, b, 2, N, group, 0.3f, 2, ga, gb);
}

static double infonce(float x[B][N], float g[B][N])
{
	return infonce_grouped(x, g, NULL);
}

static double supcon(float x[B][N], float g[B][N])
{
	const float *const v[] = { x[0], x[1], x[2], x[3], x[4] };
	float *const gv[] = { g[0], g[1], g[2], g[3], g[4] };
	static const int label[] = { 1, 2, 1, -1, 1 };

	return nn_supcon(v, B, N, label, 0.5f, 1, gv);
}

TEST(nn_loss_slopes)
{
	CHECK(slopes_fit(ce_plain, false));
	CHECK(slopes_fit(ce_smooth, false));
	CHECK(slopes_fit(ce_soft, false));
	CHECK(slopes_fit(ce_focal, false));
	CHECK(slopes_fit(bce, false));
	CHECK(slopes_fit(mse, false));
	CHECK(slopes_fit(cosine, false));
	CHECK(slopes_fit(infonce, true));
	CHECK(slopes_fit(supcon, true));
}

TEST(nn_loss_known_values)
{
	const float zero[4] = { 0 }, one[2] = { 1, 0 }, far[2] = { 0, 1 };
	float g[4] = { 0 };

	NEAR(nn_ce(zero, 4, &(struct nn_ce){ .label = 2 }, g), log(4), 1e-6);
	NEAR(g[2], -0.75, 1e-6);
	NEAR(g[0], 0.25, 1e-6);
	NEAR(nn_ce(zero, 4, &(struct nn_ce){ .label = -1 }, g), 0, 1e-9);
	NEAR(nn_ce(zero, 4, &(struct nn_ce){ .label = 4 }, g), 0, 1e-9);
	NEAR(nn_bce(zero, 2, one, NULL, 1, NULL), 2 * log(2), 1e-6);
	NEAR(nn_mse(zero, 2, one, 1, NULL), 0.5, 1e-6);
	NEAR(nn_cosine_loss(one, 2, far, 1, NULL), 1, 1e-6);
	NEAR(nn_cosine_loss(one, 2, one, 1, NULL), 0, 1e-6);
	NEAR(nn_cosine_loss(zero, 2, one, 1, g), 1, 1e-6);
}

/* Pairs of one group do not push each other away: then nothing is left to tell apart. */
TEST(nn_loss_infonce_spares_its_group)
{
	float x[B][N] = { { 1 }, { 0, 1 }, { 0, 1 }, { 1 } }, g[B][N] = { 0 };
	static const int group[] = { 4, 4 };

	CHECK(infonce(x, g) > 5);
	NEAR(infonce_grouped(x, g, group), 0, 1e-5);
}

TEST(nn_loss_extreme_logits_stay_numbers)
{
	float x[3] = { 1e5f, -1e5f, 0 }, g[3] = { 0 }, y[3] = { 0, 1, 0 }, p[3];

	CHECK(isfinite(nn_ce(x, 3, &(struct nn_ce){ .label = 1, .focal = 1 }, g)));
	CHECK(isfinite(nn_bce(x, 3, y, NULL, 1, g)));
	for (int i = 0; i < 3; i++)
		CHECK(isfinite(g[i]));
	nn_softmax(x, 3, 1, p);
	NEAR(p[0], 1, 1e-6);
	NEAR(nn_sigmoid(-1e5f) + nn_sigmoid(1e5f), 1, 1e-6);
}

/* Labels are drawn from softmax(z / 2.5): that is the temperature to be found. */
TEST(nn_temperature_is_found_and_calibrates)
{
	enum { ROWS = 20000, K = 4 };
	static float z[ROWS * K], conf[ROWS], p[K];
	static int label[ROWS];
	static bool right[ROWS];
	struct rng r;
	float t;

	rng_seed(&r, 3);
	for (int i = 0; i < ROWS; i++) {
		double u = rng_unit(&r);

		for (int k = 0; k < K; k++)
			z[i * K + k] = 5 * (float)rng_normal(&r);
		nn_softmax(z + i * K, K, 2.5f, p);
		for (int k = 0; k < K && u >= 0; k++) {
			label[i] = k;
			u -= (double)p[k];
		}
	}
	t = nn_fit_temperature(z, label, ROWS, K);
	NEAR(t, 2.5, 0.1);
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < ROWS; i++) {
			int best = 0;

			nn_softmax(z + i * K, K, pass ? t : 1, p);
			for (int k = 1; k < K; k++)
				best = p[k] > p[best] ? k : best;
			conf[i] = p[best];
			right[i] = best == label[i];
		}
		CHECK(pass ? nn_ece(conf, right, ROWS, 15) < 0.015 :
			     nn_ece(conf, right, ROWS, 15) > 0.08);
	}
	NEAR(nn_fit_temperature(z, label, 0, K), 1, 1e-6);
	NEAR(nn_ece(conf, right, 0, 15), 0, 1e-9);
}

TEST(nn_ece_of_four)
{
	const float conf[] = { 0.95f, 0.85f, 0.05f, 1 };
	const bool right[] = { true, false, false, true };

	/* bins of a tenth: |.95 - 1 + 1 - 1| + |.85 - 0| + |.05|, over 4 */
	NEAR(nn_ece(conf, right, 4, 10), (0.05 + 0.85 + 0.05) / 4, 1e-6);
}

TEST(nn_stop_after_patience)
{
	struct nn_stop s = { .patience = 2 };

	CHECK(nn_stop_best(&s, -3) && !nn_stop_now(&s));
	CHECK(nn_stop_best(&s, 1) && !nn_stop_now(&s));
	CHECK(!nn_stop_best(&s, 0.5) && !nn_stop_now(&s));
	CHECK(!nn_stop_best(&s, 1) && nn_stop_now(&s));
	EQ(s.at, 1);
	s = (struct nn_stop){ 0 };
	for (int i = 0; i < 100; i++)
		(void)nn_stop_best(&s, -i);
	CHECK(!nn_stop_now(&s));
}

TEST(nn_shuffle_keeps_all)
{
	uint32_t v[100];
	uint64_t seen[2] = { 0 };
	struct rng r;
	int moved = 0;

	rng_seed(&r, 1);
	for (uint32_t i = 0; i < 100; i++)
		v[i] = i;
	nn_shuffle(v, 100, &r);
	for (uint32_t i = 0; i < 100; i++) {
		seen[v[i] / 64] |= 1ull << v[i] % 64;
		moved += v[i] != i;
	}
	CHECK(moved > 80 && seen[0] == ~0ull && seen[1] == (1ull << 36) - 1);
}
