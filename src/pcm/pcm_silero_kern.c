/* pcm_silero_kern.c: the arithmetic of the detector, once in plain C and once for each vector
 * width.
 *
 * All of the network's work is one operation, a matrix times some columns, and the LSTM cell.
 * The vector form is written once (pcm_silero_vec.inc) with the compiler's vector types and
 * instantiated for AVX-512, AVX2 and four floats (SSE2, NEON). Which one runs is decided when
 * weights are loaded, by what the processor has. Pure functions. */
#include "pcm_silero_int.h"

#include <math.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* ---- plain C: says what the others must give */

static bool always(void)
{
	return true;
}

static void plain_mul(const struct silero_mat *m, const float *const *x, float *const *y,
		      size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (int r = 0; r < m->rows; r++) {
			const float *w = m->w + r % SILERO_PANEL +
					 (size_t)(r / SILERO_PANEL) * (size_t)m->cols *
						 SILERO_PANEL;
			float sum = m->bias ? m->bias[r] : 0;
			for (int k = 0; k < m->cols; k++)
				sum += w[(size_t)k * SILERO_PANEL] * x[i][k];
			y[i][r] = m->relu && sum < 0 ? 0 : sum;
		}
}

static void plain_magnitude(const float *re, const float *im, float *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = sqrtf(re[i] * re[i] + im[i] * im[i]);
}

static float sigmoid(float x)
{
	return 1 / (1 + expf(-x));
}

static float plain_cell(const float *gates, float *c, float *h, const float *out_w)
{
	enum { N = PCM_SILERO_UNITS };
	float sum = 0;
	for (int i = 0; i < N; i++) {
		c[i] = sigmoid(gates[N + i]) * c[i] + sigmoid(gates[i]) * tanhf(gates[2 * N + i]);
		h[i] = sigmoid(gates[3 * N + i]) * tanhf(c[i]);
		sum += h[i] > 0 ? h[i] * out_w[i] : 0;
	}
	return sum;
}

static const struct silero_kern plain = { "plain", always, plain_mul, plain_magnitude,
					  plain_cell };

/* ---- four floats: what every 64-bit processor has */

#define VEC_ID(name) name##_4
#define VEC_W 4
#define VEC_COLS 4
#define VEC_FN
#define VEC_SQRT(v) ((v_4){ sqrtf((v)[0]), sqrtf((v)[1]), sqrtf((v)[2]), sqrtf((v)[3]) })
#include "pcm_silero_vec.inc"

static const struct silero_kern vec4 = { "vec4", always, mul_4, magnitude_4, cell_4 };

#if defined(__x86_64__)
#define VEC_ID(name) name##_8
#define VEC_W 8
#define VEC_COLS 4
#define VEC_FN __attribute__((target("avx2,fma")))
#define VEC_SQRT(v) ((v_8)_mm256_sqrt_ps((__m256)(v)))
#include "pcm_silero_vec.inc"

#define VEC_ID(name) name##_16
#define VEC_W 16
#define VEC_COLS 8
#define VEC_FN __attribute__((target("avx512f,avx512dq,avx512vl,avx2,fma")))
#define VEC_SQRT(v) ((v_16)_mm512_sqrt_ps((__m512)(v)))
#include "pcm_silero_vec.inc"

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
	return has_avx2() && __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

static const struct silero_kern avx2 = { "avx2", has_avx2, mul_8, magnitude_8, cell_8 };
static const struct silero_kern avx512 = { "avx512", has_avx512, mul_16, magnitude_16, cell_16 };
#endif

const struct silero_kern *const silero_kerns[] = {
#if defined(__x86_64__)
	&avx512, &avx2,
#endif
	&vec4,	 &plain,
};
const size_t silero_kerns_n = sizeof(silero_kerns) / sizeof(silero_kerns[0]);
