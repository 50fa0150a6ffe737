/* t_nn_kern.c: each vector form of the arithmetic against plain C, at odd sizes and extremes. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "nn_kern.h"
#include "t.h"

enum { MOST = 20000 };

static float a[MOST], b[MOST], out[2][MOST], add[2][MOST], m[2][MOST], v[2][MOST];
static int8_t qa[512], qb[512];

static void fill(float *x, size_t n, struct rng *r)
{
	for (size_t i = 0; i < n; i++)
		x[i] = (float)rng_normal(r);
}

/* plain gave x, the other y */
static bool same(const float *x, const float *y, size_t n, float eps, const char *what)
{
	for (size_t i = 0; i < n; i++)
		if (!(fabsf(x[i] - y[i]) <= eps * (1 + fabsf(x[i])))) {
			printf("# %s, %s: %zu of %zu is %.7g, not %.7g\n", nn_k->name, what, i, n,
			       (double)y[i], (double)x[i]);
			return false;
		}
	return true;
}

/* Runs body with nn_k plain (w = 0), then each of the others (w = 1). */
#define EACH_KERN(...)                                          \
	do {                                                    \
		const char *const *k = nn_kerns();              \
		const char *best = k[0];                        \
		for (; *k && strcmp(*k, "plain"); k++)          \
			for (int w = 0; w < 2; w++) {           \
				OK(nn_kern_use(w ? *k : "plain")); \
				__VA_ARGS__                     \
			}                                       \
		OK(nn_kern_use(best));                          \
	} while (0)

TEST(nn_kern_names)
{
	const char *const *k = nn_kerns();
	size_t n = 0;

	while (k[n])
		n++;
	CHECK(n >= 2);
	STR_EQ(k[n - 1], "plain");
	EQ(nn_kern_use("abacus"), ERR_NOTFOUND);
	STR_EQ(nn_k->name, k[0]);
}

TEST(nn_kern_dot_and_axpy)
{
	float dot[2];

	fill(a, MOST, t_rng());
	fill(b, MOST, t_rng());
	for (int n = 0; n < 150; n++)
		EACH_KERN({
			dot[w] = nn_k->dot(a + n, b, n);
			memcpy(out[w], b, sizeof(out[0]));
			nn_k->axpy(out[w], 1.7f, a + 1, n);
			if (w) {
				CHECK(same(&dot[0], &dot[1], 1, 1e-5f, "dot"));
				CHECK(same(out[0], out[1], (size_t)n + 16, 1e-6f, "axpy"));
			}
		});
}

TEST(nn_kern_bytes_are_exact)
{
	int32_t dot[2];

	for (int i = 0; i < 512; i++) {
		qa[i] = (int8_t)((int)rng_below(t_rng(), 255) - 127);
		qb[i] = (int8_t)((int)rng_below(t_rng(), 255) - 127);
	}
	memset(qa, -127, 128);
	memset(qb, 127, 128);
	for (int n = 0; n < 300; n++)
		EACH_KERN({
			dot[w] = nn_k->dot_q(qa, qb + n / 2, n);
			memcpy(out[w], b, sizeof(out[0]));
			nn_k->axpy_q(out[w], 0.3f, qa + 1, n);
			if (w) {
				EQ(dot[1], dot[0]);
				CHECK(same(out[0], out[1], (size_t)n + 16, 1e-6f, "axpy_q"));
			}
		});
}

static struct nn_prod shape(int t, int n, int k, int gap)
{
	return (struct nn_prod){ .t = t, .n = n, .k = k, .ldx = k + gap, .ldw = k + 2 * gap,
				 .ldy = n + gap };
}

static bool product_fits(int t, int n, int k, int gap)
{
	struct nn_prod p = shape(t, n, k, gap);
	const char *const *kern = nn_kerns();
	const char *best = kern[0];
	bool good = true;

	for (; *kern && good; kern++)
		for (int w = 0; w < 2; w++) {
			memcpy(out[w], b, sizeof(out[0]));
			memcpy(add[w], b, sizeof(add[0]));
			memset(m[w], 0, sizeof(m[w]));
			(void)nn_kern_use(w ? *kern : "plain");
			p.x = a;
			p.w = a + 7000;
			p.b = gap ? a + 50 : NULL;
			p.y = m[w];
			nn_k->mul(&p);
			p.y = a + 300;
			p.x = out[w];
			nn_k->mul_t(&p);
			p.x = a;
			p.w = add[w];
			nn_k->outer(&p);
			good &= !w || (same(m[0], m[1], MOST, 2e-5f, "mul") &&
				       same(out[0], out[1], MOST, 2e-5f, "mul_t") &&
				       same(add[0], add[1], MOST, 2e-5f, "outer"));
		}
	(void)nn_kern_use(best);
	return good;
}

TEST(nn_kern_products)
{
	static const int sizes[] = { 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 64, 65, 77 };
	enum { N = sizeof(sizes) / sizeof(sizes[0]) };

	fill(a, MOST, t_rng());
	fill(b, MOST, t_rng());
	for (size_t i = 0; i < 150; i++) {
		int t = sizes[rng_below(t_rng(), N)], n = sizes[rng_below(t_rng(), N)];
		int k = sizes[rng_below(t_rng(), N)];

		CHECK(product_fits(t, n, k, i % 2 ? 3 : 0));
	}
	CHECK(product_fits(0, 5, 5, 0));
	CHECK(product_fits(5, 3, 130, 1));
}

TEST(nn_kern_activations)
{
	static const enum nn_act all[] = { NN_LINEAR, NN_RELU, NN_GELU, NN_TANH, NN_SIGMOID };

	for (int i = 0; i < 2000; i++)
		a[i] = (float)(i - 1000) / 60;
	a[3] = 1e4f; /* no overflow to what is no number */
	a[4] = -1e4f;
	a[5] = 90;
	a[6] = -90;
	fill(b, MOST, t_rng());
	for (size_t i = 0; i < 5; i++)
		for (int n = 1970; n < 1987; n++)
			EACH_KERN({
				memcpy(add[w], b, sizeof(add[0]));
				nn_k->act(all[i], a, out[w], n);
				nn_k->act_back(all[i], a, b, add[w], n);
				if (w) {
					CHECK(same(out[0], out[1], (size_t)n, 3e-6f, "act"));
					CHECK(same(add[0], add[1], (size_t)n, 1e-5f, "act_back"));
				}
			});
}

TEST(nn_kern_softmax)
{
	float sum[2];

	for (int n = 1; n < 70; n++) {
		fill(b, 100, t_rng());
		b[n / 2] += 200; /* far above the rest */
		EACH_KERN({
			memcpy(out[w], b, 100 * sizeof(float));
			sum[w] = nn_k->soft(out[w], n);
			if (w) {
				CHECK(same(&sum[0], &sum[1], 1, 1e-6f, "sum"));
				CHECK(same(out[0], out[1], 100, 1e-6f, "soft"));
			}
		});
	}
}

TEST(nn_kern_adam)
{
	struct nn_adam o = { .rate = 0.01f, .beta1 = 0.9f, .beta2 = 0.99f, .eps = 1e-8f,
			     .decay = 0.1f, .scale = 0.5f, .fix1 = 2, .fix2 = 3 };

	fill(a, 100, t_rng());
	fill(b, 100, t_rng());
	for (int n = 0; n < 70; n++)
		EACH_KERN({
			memcpy(out[w], a, 100 * sizeof(float));
			for (int i = 0; i < 100; i++) {
				m[w][i] = a[i] * 0.1f;
				v[w][i] = a[i] * a[i];
			}
			nn_k->adam(&o, out[w], (float *const[2]){ m[w], v[w] }, b, n);
			if (w) {
				CHECK(same(out[0], out[1], 100, 1e-6f, "weights"));
				CHECK(same(m[0], m[1], 100, 1e-6f, "first"));
				CHECK(same(v[0], v[1], 100, 1e-6f, "second"));
			}
		});
}

TEST(nn_quantise_is_within_half_a_step)
{
	float x[100], s;
	int8_t q[100];

	fill(x, 100, t_rng());
	s = nn_quantise(x, 100, q);
	for (int i = 0; i < 100; i++) {
		CHECK(fabsf(x[i] - s * (float)q[i]) <= s * 0.501f);
		CHECK(q[i] >= -127);
	}
	x[5] = NAN;
	CHECK(nn_quantise(x, 100, q) <= 0 && !q[0]);
	x[5] = INFINITY;
	CHECK(nn_quantise(x, 100, q) <= 0 && !q[0]);
	memset(x, 0, sizeof(x));
	CHECK(nn_quantise(x, 100, q) <= 0 && !q[99]);
}
