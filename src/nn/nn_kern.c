/* nn_kern.c: the arithmetic of the nets, once in plain C and once for each vector width.
 *
 * The vector form is written once (nn_vec.inc) with the compiler's vector types and instantiated
 * for AVX-512, AVX2 and four floats (SSE2, NEON). Products of bytes have their own form where the
 * processor has an instruction for them; they are exact, so all forms agree to the bit. Which set
 * runs is decided when the program starts. Pure functions. */
#include "nn_kern.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* GELU by its usual approximation, x * sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)) (Hendrycks and
 * Gimpel 2016). */
#define GELU_A 1.59576912f
#define GELU_B 0.0713548163f

/* ---- plain C: says what the others must give ---- */

static bool always(void)
{
	return true;
}

static float plain_dot(const float *a, const float *b, int n)
{
	double s = 0;

	for (int i = 0; i < n; i++)
		s += (double)a[i] * (double)b[i];
	return (float)s;
}

static void plain_axpy(float *y, float a, const float *x, int n)
{
	for (int i = 0; i < n; i++)
		y[i] += a * x[i];
}

static void plain_axpy_q(float *y, float a, const int8_t *q, int n)
{
	for (int i = 0; i < n; i++)
		y[i] += a * (float)q[i];
}

static int32_t plain_dot_q(const int8_t *a, const int8_t *b, int n)
{
	int32_t s = 0;

	for (int i = 0; i < n; i++)
		s += a[i] * b[i];
	return s;
}

static void plain_mul(const struct nn_prod *p)
{
	for (int t = 0; t < p->t; t++)
		for (int r = 0; r < p->n; r++)
			p->y[(size_t)t * p->ldy + r] =
				plain_dot(p->x + (size_t)t * p->ldx, p->w + (size_t)r * p->ldw,
					  p->k) +
				(p->b ? p->b[r] : 0);
}

static void plain_mul_t(const struct nn_prod *p)
{
	for (int t = 0; t < p->t; t++)
		for (int r = 0; r < p->n; r++)
			plain_axpy((float *)p->x + (size_t)t * p->ldx,
				   p->y[(size_t)t * p->ldy + r], p->w + (size_t)r * p->ldw, p->k);
}

static void plain_outer(const struct nn_prod *p)
{
	for (int t = 0; t < p->t; t++)
		for (int r = 0; r < p->n; r++)
			plain_axpy((float *)p->w + (size_t)r * p->ldw,
				   p->y[(size_t)t * p->ldy + r], p->x + (size_t)t * p->ldx, p->k);
}

static float sigm(float x)
{
	return 1 / (1 + expf(-x));
}

static void plain_act(enum nn_act a, const float *x, float *y, int n)
{
	for (int i = 0; i < n; i++)
		switch (a) {
		case NN_RELU: y[i] = x[i] > 0 ? x[i] : 0; break;
		case NN_SIGMOID: y[i] = sigm(x[i]); break;
		case NN_TANH: y[i] = tanhf(x[i]); break;
		case NN_GELU: y[i] = x[i] * sigm(x[i] * (GELU_A + GELU_B * x[i] * x[i])); break;
		default: y[i] = x[i];
		}
}

static float slope(enum nn_act a, float x)
{
	float s;

	switch (a) {
	case NN_RELU: return x > 0 ? 1 : 0;
	case NN_SIGMOID: s = sigm(x); return s * (1 - s);
	case NN_TANH: s = tanhf(x); return 1 - s * s;
	case NN_GELU:
		s = sigm(x * (GELU_A + GELU_B * x * x));
		return s + x * s * (1 - s) * (GELU_A + 3 * GELU_B * x * x);
	default: return 1;
	}
}

static void plain_act_back(enum nn_act a, const float *x, const float *dy, float *dx, int n)
{
	for (int i = 0; i < n; i++)
		dx[i] += dy[i] * slope(a, x[i]);
}

static float plain_soft(float *x, int n)
{
	float top = x[0], sum = 0;

	for (int i = 1; i < n; i++)
		top = x[i] > top ? x[i] : top;
	for (int i = 0; i < n; i++)
		sum += x[i] = expf(x[i] - top);
	return sum;
}

static void plain_adam(const struct nn_adam *a, float *w, float *const mv[2], const float *g,
		       int n)
{
	float *m = mv[0], *v = mv[1];

	for (int i = 0; i < n; i++) {
		float gi = g[i] * a->scale;

		m[i] = m[i] * a->beta1 + gi * (1 - a->beta1);
		v[i] = v[i] * a->beta2 + gi * gi * (1 - a->beta2);
		w[i] -= a->rate *
			(m[i] * a->fix1 / (sqrtf(v[i] * a->fix2) + a->eps) + a->decay * w[i]);
	}
}

#define SET(id, label, has_fn, dot_q_fn)                                                      \
	static const struct nn_kern id = {                                                    \
		label,	     has_fn,	  id##_dot,   id##_axpy,     id##_axpy_q, dot_q_fn,       \
		id##_mul,    id##_mul_t,  id##_outer, id##_act,	     id##_act_back,               \
		id##_soft,   id##_adam,                                                       \
	}

SET(plain, "plain", always, plain_dot_q);

/* ---- four floats: what every 64-bit processor has ---- */

typedef float quad __attribute__((vector_size(16)));
#define SMALL static inline __attribute__((always_inline))

SMALL quad load4(const float *p)
{
	quad q;
	memcpy(&q, p, sizeof(q));
	return q;
}

/* The sums of four, side by side. */
SMALL quad sum4(quad a, quad b, quad c, quad d)
{
	quad ab = __builtin_shufflevector(a, b, 0, 4, 1, 5) +
		  __builtin_shufflevector(a, b, 2, 6, 3, 7);
	quad cd = __builtin_shufflevector(c, d, 0, 4, 1, 5) +
		  __builtin_shufflevector(c, d, 2, 6, 3, 7);

	return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) +
	       __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}

SMALL quad vec4_part(const float *p, int n)
{
	return (quad){ p[0], n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, 0 };
}

SMALL void vec4_put(float *p, int n, quad v)
{
	for (int i = 0; i < n; i++)
		p[i] = v[i];
}

#define ID(name) vec4_##name
#define W 4
#define FN
#define SQRT(v) ((vec4_v){ sqrtf((v)[0]), sqrtf((v)[1]), sqrtf((v)[2]), sqrtf((v)[3]) })
#define PART(p, n) vec4_part(p, n)
#define PUT(p, n, v) vec4_put(p, n, v)
#define FOLD(v) (v)
#define TALL 2
#define WIDE 2
#include "nn_vec.inc"
SET(vec4, "vec4", always, plain_dot_q);

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")))
#define VNNI \
	__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512vnni,avx2,fma")))

AVX2 SMALL __m256i avx2_first(int n)
{
	return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

#define ID(name) avx2_##name
#define W 8
#define FN AVX2
#define SQRT(v) ((avx2_v)_mm256_sqrt_ps((__m256)(v)))
#define PART(p, n) ((avx2_v)_mm256_maskload_ps(p, avx2_first(n)))
#define PUT(p, n, v) _mm256_maskstore_ps(p, avx2_first(n), (__m256)(v))
#define FOLD(v)                                              \
	(__builtin_shufflevector((v), (v), 0, 1, 2, 3) +     \
	 __builtin_shufflevector((v), (v), 4, 5, 6, 7))
#define TALL 2
#define WIDE 2
#include "nn_vec.inc"

#define ID(name) avx512_##name
#define W 16
#define FN AVX512
#define SQRT(v) ((avx512_v)_mm512_sqrt_ps((__m512)(v)))
#define PART(p, n) ((avx512_v)_mm512_maskz_loadu_ps((__mmask16)((1u << (n)) - 1), p))
#define PUT(p, n, v) _mm512_mask_storeu_ps(p, (__mmask16)((1u << (n)) - 1), (__m512)(v))
#define FOLD(v)                                              \
	(__builtin_shufflevector((v), (v), 0, 1, 2, 3) +     \
	 __builtin_shufflevector((v), (v), 4, 5, 6, 7) +     \
	 __builtin_shufflevector((v), (v), 8, 9, 10, 11) +   \
	 __builtin_shufflevector((v), (v), 12, 13, 14, 15))
#define TALL 4
#define WIDE 4
#include "nn_vec.inc"

/* Sixteen products at a time, widened to 16 bits: 2 * 127 * 127 fits the sums of 32. */
AVX2 static int32_t avx2_dot_q(const int8_t *a, const int8_t *b, int n)
{
	__m256i s = _mm256_setzero_si256();
	int32_t sum = 0, lane[8];
	int i = 0;

	for (; i + 16 <= n; i += 16) {
		__m256i x = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(a + i)));
		__m256i y = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(b + i)));

		s = _mm256_add_epi32(s, _mm256_madd_epi16(x, y));
	}
	_mm256_storeu_si256((__m256i *)lane, s);
	for (int k = 0; k < 8; k++)
		sum += lane[k];
	return sum + plain_dot_q(a + i, b + i, n - i);
}

/* The instruction takes unsigned by signed bytes: |a| by b with a's sign. */
VNNI static int32_t vnni_dot_q(const int8_t *a, const int8_t *b, int n)
{
	__m512i s = _mm512_setzero_si512();

	for (int i = 0; i < n; i += 64) {
		__mmask64 in = n - i >= 64 ? ~0ull : (1ull << (n - i)) - 1;
		__m512i x = _mm512_maskz_loadu_epi8(in, a + i);
		__m512i y = _mm512_maskz_loadu_epi8(in, b + i);

		y = _mm512_mask_sub_epi8(y, _mm512_movepi8_mask(x), _mm512_setzero_si512(), y);
		s = _mm512_dpbusd_epi32(s, _mm512_abs_epi8(x), y);
	}
	return _mm512_reduce_add_epi32(s);
}

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
	return has_avx2() && __builtin_cpu_supports("avx512f") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vl");
}

static bool has_vnni(void)
{
	return has_avx512() && __builtin_cpu_supports("avx512vnni");
}

SET(avx2, "avx2", has_avx2, avx2_dot_q);
SET(avx512, "avx512", has_avx512, avx2_dot_q);
#define vnni_dot avx512_dot
#define vnni_axpy avx512_axpy
#define vnni_axpy_q avx512_axpy_q
#define vnni_mul avx512_mul
#define vnni_mul_t avx512_mul_t
#define vnni_outer avx512_outer
#define vnni_act avx512_act
#define vnni_act_back avx512_act_back
#define vnni_soft avx512_soft
#define vnni_adam avx512_adam
SET(vnni, "avx512-vnni", has_vnni, vnni_dot_q);
#endif

/* ---- which one ---- */

static const struct nn_kern *const all[] = {
#if defined(__x86_64__)
	&vnni, &avx512, &avx2,
#endif
	&vec4, &plain,
};
enum { ALL = sizeof(all) / sizeof(all[0]) };

const struct nn_kern *nn_k = &plain;
static const char *names[ALL + 1];

/* Before main, so that there is one thread. */
__attribute__((constructor)) static void choose(void)
{
	size_t n = 0;

#if defined(__x86_64__)
	__builtin_cpu_init();
#endif
	for (size_t i = ALL; i-- > 0;)
		if (all[i]->has())
			nn_k = all[i];
	for (size_t i = 0; i < ALL; i++)
		if (all[i]->has())
			names[n++] = all[i]->name;
}

const char *const *nn_kerns(void)
{
	return names;
}

int nn_kern_use(const char *name)
{
	for (size_t i = 0; i < ALL; i++)
		if (!strcmp(all[i]->name, name) && all[i]->has())
			return nn_k = all[i], 0;
	return ERR_NOTFOUND;
}

float nn_quantise(const float *x, int n, int8_t *q)
{
	float top = 0, inv;
	bool numbers = true;

	for (int i = 0; i < n; i++) {
		top = fabsf(x[i]) > top ? fabsf(x[i]) : top;
		numbers &= fabsf(x[i]) < 1e30f;
	}
	if (!numbers || top < 1e-30f)
		return memset(q, 0, (size_t)n), 0;
	inv = 127 / top;
	for (int i = 0; i < n; i++) {
		float v = x[i] * inv;

		q[i] = (int8_t)(v + (v < 0 ? -0.5f : 0.5f));
	}
	return top / 127;
}
