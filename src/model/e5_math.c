/* e5_math.c: the arithmetic of the embedding network, three times: portable, AVX2 and
 * AVX-512 VNNI. Which one runs is asked of the processor at run time.
 *
 * The heavy part is 4-bit weights times 8-bit activations. A panel of 16 rows is laid out so
 * that one 32-bit lane belongs to one row: four bytes of weights meet the same four bytes of the
 * activations in every lane, a block of 32 columns needs no sum across lanes, and its scale is
 * applied once. Weights count from 0 to 15; the 8 they are too large is taken off by starting
 * each block at -8 times the sum of its activations. With AVX2 the eight products of a block
 * fit 16 bits: 8 * 2 * 15 * 127 = 30,480.
 *
 * What is not a product of matrices is written once with GCC's vectors of eight floats and
 * compiled for each set. Pure functions. */
#include <math.h>

#include "e5.h"
#include "half.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,fma")))
#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma")))
#endif
enum { KEYS = 32 }; /* that one row meets at a time */
#define ALWAYS static inline __attribute__((always_inline))

typedef float v8 __attribute__((vector_size(32)));
typedef int32_t i8 __attribute__((vector_size(32)));
#define V8(x) ((v8){ (x), (x), (x), (x), (x), (x), (x), (x) })
#define I8(x) ((i8){ (x), (x), (x), (x), (x), (x), (x), (x) })

/* ---- packing ---- */

void e5_unpack_row(const uint8_t *q4, int n, float *out)
{
	for (int b = 0; b < n / E5_BLOCK; b++, q4 += E5_Q4) {
		float d = half_float_at(q4);
		for (int i = 0; i < 16; i++) {
			out[b * E5_BLOCK + i] = (float)((q4[2 + i] & 15) - 8) * d;
			out[b * E5_BLOCK + 16 + i] = (float)((q4[2 + i] >> 4) - 8) * d;
		}
	}
}

/* Column i and column i + 16 share a byte in the file and in the panel. */
void e5_pack(const uint8_t *q4, struct e5_mat *m)
{
	int blocks = m->cols / E5_BLOCK;
	for (int r = 0; r < m->rows; r++)
		for (int b = 0; b < blocks; b++, q4 += E5_Q4) {
			size_t at = (size_t)(r / E5_ROWS) * blocks + b;
			int lane = r % E5_ROWS;
			uint8_t *q = m->q + at * 256;
			m->d[at * E5_ROWS + lane] = half_float_at(q4);
			for (int i = 0; i < 16; i++)
				q[i / 4 * 64 + lane * 4 + i % 4] = q4[2 + i];
		}
}

/* ---- the portable product ---- */

static void mul_panel(const struct e5_mat *m, int panel, const struct e5_act *x, int t, float *y)
{
	int blocks = m->cols / E5_BLOCK;
	float sum[E5_ROWS] = { 0 };
	for (int b = 0; b < blocks; b++) {
		size_t at = (size_t)panel * blocks + b, xa = (size_t)t * blocks + b;
		const uint8_t *q = m->q + at * 256;
		const int8_t *a = x->q + xa * E5_BLOCK;
		for (int r = 0; r < E5_ROWS; r++) {
			int32_t s = x->less[xa];
			for (int i = 0; i < 16; i++) {
				int w = q[i / 4 * 64 + r * 4 + i % 4];
				s += (w & 15) * a[i] + (w >> 4) * a[16 + i];
			}
			sum[r] += (float)s * (m->d[at * E5_ROWS + r] * x->d[xa]);
		}
	}
	for (int r = 0; r < E5_ROWS; r++)
		y[r] = sum[r] + m->bias[panel * E5_ROWS + r];
}

static void mul_plain(const struct e5_mat *m, const struct e5_act *x, int n, float *y, int ld)
{
	for (int t = 0; t < n; t++)
		for (int p = 0; p < m->rows / E5_ROWS; p++)
			mul_panel(m, p, x, t, y + (size_t)t * ld + p * E5_ROWS);
}

/* ---- what is no product of matrices ---- */

ALWAYS void larger8(v8 *a, const v8 *b)
{
	i8 m = *a > *b;
	*a = (v8)(((i8)*a & m) | ((i8)*b & ~m));
}

ALWAYS void abs8(v8 *a)
{
	*a = (v8)((i8)*a & I8(INT32_MAX));
}

/* e^x for x <= 0 (below -87: about zero): 2^n times a polynomial of the rest (Cephes expf). */
ALWAYS void exp8(v8 *x)
{
	const v8 magic = V8(12582912.f); /* 1.5 * 2^23: adding it rounds to a whole number */
	v8 low = V8(-87.f), v = *x;
	larger8(&v, &low);
	v8 z = v * V8(1.44269504f) + magic;
	i8 n = (i8)z - (i8)magic;
	z -= magic;
	v8 r = v - z * V8(0.693359375f) + z * V8(2.12194440e-4f);
	v8 p = V8(1.9875691500e-4f);
	p = p * r + V8(1.3981999507e-3f);
	p = p * r + V8(8.3334519073e-3f);
	p = p * r + V8(4.1665795894e-2f);
	p = p * r + V8(1.6666665459e-1f);
	p = p * r + V8(5.0000001201e-1f);
	p = p * r * r + r + V8(1.f);
	*x = (v8)((i8)p + (n << 23));
}

ALWAYS float sum8(const v8 *v)
{
	float s = 0;
	for (int i = 0; i < 8; i++)
		s += (*v)[i];
	return s;
}

ALWAYS void load8(v8 *v, const float *p)
{
	memcpy(v, p, sizeof(*v));
}

ALWAYS void store8(float *p, const v8 *v)
{
	memcpy(p, v, sizeof(*v));
}

/* x / 2 * (1 + erf(x / sqrt 2)), erf by Abramowitz and Stegun 7.1.26 (error below 1.5e-7). n is a
 * multiple of 8. */
ALWAYS void gelu_body(float *x, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		v8 v, a, t, e, one = V8(1.f);
		load8(&v, x + i);
		a = v * V8(0.70710678f);
		abs8(&a);
		t = one / (one + V8(0.3275911f) * a);
		e = -a * a;
		exp8(&e);
		a = t * (V8(0.254829592f) +
			 t * (V8(-0.284496736f) +
			      t * (V8(1.421413741f) +
				   t * (V8(-1.453152027f) + t * V8(1.061405429f)))));
		e = one - a * e;
		e = (v8)((i8)e | ((i8)v & I8(INT32_MIN))); /* erf(-x) = -erf(x) */
		v = v * V8(0.5f) * (one + e);
		store8(x + i, &v);
	}
}

ALWAYS void norm_body(float *x, const float *add, const float *w, const float *b, int n, int cols,
		      float eps)
{
	for (int t = 0; t < n; t++, x += cols) {
		v8 s = V8(0.f), q = V8(0.f), v, y, mean;
		for (int i = 0; i < cols; i += 8) {
			load8(&v, x + i);
			if (add) {
				load8(&y, add + (size_t)t * cols + i);
				v += y;
				store8(x + i, &v);
			}
			s += v;
		}
		mean = V8(sum8(&s) / (float)cols);
		for (int i = 0; i < cols; i += 8) {
			load8(&v, x + i);
			v -= mean;
			q += v * v;
		}
		float inv = 1 / sqrtf(sum8(&q) / (float)cols + eps);
		for (int i = 0; i < cols; i += 8) {
			v8 g, o;
			load8(&v, x + i);
			load8(&g, w + i);
			load8(&o, b + i);
			v = (v - mean) * V8(inv) * g + o;
			store8(x + i, &v);
		}
	}
}

ALWAYS float quantise_scale(const float *x)
{
	v8 top = V8(0.f), v;
	float m = 0;
	for (int i = 0; i < E5_BLOCK; i += 8) {
		load8(&v, x + i);
		abs8(&v);
		larger8(&top, &v);
	}
	for (int i = 0; i < 8; i++)
		m = top[i] > m ? top[i] : m;
	return m / 127;
}

ALWAYS void quantise_body(const float *x, int n, int cols, struct e5_act *out)
{
	size_t blocks = (size_t)n * (size_t)cols / E5_BLOCK;
	const v8 magic = V8(12582912.f);
	for (size_t b = 0; b < blocks; b++, x += E5_BLOCK) {
		float d = quantise_scale(x), inv = d > 0 ? 1 / d : 0;
		int8_t *q = out->q + b * E5_BLOCK;
		i8 sum = { 0 };
		int32_t total = 0;
		for (int i = 0; i < E5_BLOCK; i += 8) {
			v8 v;
			load8(&v, x + i);
			v = v * V8(inv) + magic;
			i8 k = (i8)v - (i8)magic;
			sum += k;
			for (int j = 0; j < 8; j++)
				q[i + j] = (int8_t)k[j];
		}
		for (int i = 0; i < 8; i++)
			total += sum[i];
		out->d[b] = d;
		out->less[b] = -8 * total;
	}
}

/* p = q k^T * scale over `pad` keys, 32 at a time; kt is [hd][pad]. */
ALWAYS void products(const float *q, const float *kt, int pad, int hd, float *p)
{
	float scale = 1 / sqrtf((float)hd);
	for (int s = 0; s < pad; s += KEYS) {
		v8 a[4] = { V8(0.f), V8(0.f), V8(0.f), V8(0.f) }, v;
		for (int e = 0; e < hd; e++) {
			const float *k = kt + (size_t)e * pad + s;
			for (int i = 0; i < 4; i++) {
				load8(&v, k + 8 * i);
				a[i] += V8(q[e]) * v;
			}
		}
		for (int i = 0; i < 4; i++) {
			a[i] *= V8(scale);
			store8(p + s + 8 * i, &a[i]);
		}
	}
}

/* The products of n keys to e^(p - greatest), the rest to 0; returns the sum. */
ALWAYS float shares(float *p, int n, int pad)
{
	v8 sum = V8(0.f), top = V8(-1e30f), v;
	float most = -1e30f;
	for (int s = n; s < pad; s++)
		p[s] = -1e30f;
	for (int s = 0; s < pad; s += 8) {
		load8(&v, p + s);
		larger8(&top, &v);
	}
	for (int i = 0; i < 8; i++)
		most = top[i] > most ? top[i] : most;
	for (int s = 0; s < pad; s += 8) {
		load8(&v, p + s);
		v -= V8(most);
		exp8(&v);
		store8(p + s, &v);
	}
	for (int s = n; s < pad; s++)
		p[s] = 0;
	for (int s = 0; s < pad; s += 8) {
		load8(&v, p + s);
		sum += v;
	}
	return sum8(&sum);
}

/* out[0 .. 8 * lanes) = sum of p[s] * v[s], times inv. */
ALWAYS void mix(const float *p, const float *v, int n, int ld, float inv, int lanes, float *out)
{
	v8 a[4] = { V8(0.f), V8(0.f), V8(0.f), V8(0.f) }, x;
	for (int s = 0; s < n; s++) {
		const float *row = v + (size_t)s * ld;
		for (int i = 0; i < lanes; i++) {
			load8(&x, row + 8 * i);
			a[i] += V8(p[s]) * x;
		}
	}
	for (int i = 0; i < lanes; i++) {
		a[i] *= V8(inv);
		store8(out + 8 * i, &a[i]);
	}
}

ALWAYS void attend_body(const float *q, const float *k, const float *v, int n, int hd, int ld,
			float *out, int out_ld, float *scratch)
{
	int pad = (n + KEYS - 1) / KEYS * KEYS;
	float *p = scratch, *kt = scratch + pad;
	for (int e = 0; e < hd; e++)
		for (int s = 0; s < pad; s++)
			kt[(size_t)e * pad + s] = s < n ? k[(size_t)s * ld + e] : 0;
	for (int t = 0; t < n; t++) {
		float *o = out + (size_t)t * out_ld;
		products(q + (size_t)t * ld, kt, pad, hd, p);
		float inv = 1 / shares(p, n, pad);
		int e = 0;
		for (; e + 32 <= hd; e += 32)
			mix(p, v + e, n, ld, inv, 4, o + e);
		for (; e < hd; e += 8)
			mix(p, v + e, n, ld, inv, 1, o + e);
	}
}

#define SET(name, how)                                                                        \
	how static void quantise_##name(const float *x, int n, int cols, struct e5_act *out)  \
	{                                                                                     \
		quantise_body(x, n, cols, out);                                               \
	}                                                                                     \
	how static void norm_##name(float *x, const float *add, const float *w,               \
				    const float *b, int n, int cols, float eps)               \
	{                                                                                     \
		norm_body(x, add, w, b, n, cols, eps);                                        \
	}                                                                                     \
	how static void gelu_##name(float *x, size_t n)                                       \
	{                                                                                     \
		gelu_body(x, n);                                                              \
	}                                                                                     \
	how static void attend_##name(const float *q, const float *k, const float *v, int n,  \
				      int hd, int ld, float *out, int out_ld, float *scratch) \
	{                                                                                     \
		attend_body(q, k, v, n, hd, ld, out, out_ld, scratch);                        \
	}

SET(plain, )
const struct e5_kern e5_plain = { "plain",    mul_plain,  quantise_plain,
				  norm_plain, gelu_plain, attend_plain };

#if defined(__x86_64__)
SET(avx2, AVX2)

static inline int32_t word(const int8_t *p)
{
	int32_t w;
	memcpy(&w, p, 4);
	return w;
}

/* Tokens that share one unpacking of the weights. */
enum { TILE2 = 4, TILE5 = 8 };

/* ---- AVX2: eight rows at a time ---- */

AVX2 static inline __attribute__((always_inline)) __m256i dot2(const __m256i w[8], const int8_t *a)
{
	__m256i s = _mm256_maddubs_epi16(w[0], _mm256_set1_epi32(word(a)));
#pragma GCC unroll 8
	for (int j = 1; j < 8; j++)
		s = _mm256_add_epi16(
			s, _mm256_maddubs_epi16(w[j], _mm256_set1_epi32(word(a + 4 * j))));
	return _mm256_madd_epi16(s, _mm256_set1_epi16(1));
}

AVX2 static inline __attribute__((always_inline)) void tile2(const struct e5_mat *m,
							     const uint8_t *q, const float *d,
							     const struct e5_act *x, size_t t,
							     int tokens, __m256 *sum)
{
	int blocks = m->cols / E5_BLOCK;
	const __m256i low = _mm256_set1_epi8(15);
	for (int b = 0; b < blocks; b++, q += 256, d += E5_ROWS) {
		__m256i w[8];
		__m256 dw = _mm256_load_ps(d);
#pragma GCC unroll 4
		for (int j = 0; j < 4; j++) {
			__m256i both = _mm256_load_si256((const __m256i *)(q + 64 * j));
			w[j] = _mm256_and_si256(both, low);
			w[j + 4] = _mm256_and_si256(_mm256_srli_epi16(both, 4), low);
		}
		for (int k = 0; k < tokens; k++) {
			size_t at = (t + (size_t)k) * (size_t)blocks + (size_t)b;
			__m256i s = _mm256_add_epi32(dot2(w, x->q + at * E5_BLOCK),
						     _mm256_set1_epi32(x->less[at]));
			sum[k] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(s),
						 _mm256_mul_ps(dw, _mm256_set1_ps(x->d[at])),
						 sum[k]);
		}
	}
}

AVX2 static void mul_avx2(const struct e5_mat *m, const struct e5_act *x, int n, float *y, int ld)
{
	size_t step = (size_t)m->cols / E5_BLOCK;
	for (int p = 0; p < m->rows / 8; p++) {
		const uint8_t *q = m->q + (size_t)(p / 2) * step * 256 + p % 2 * 32;
		const float *d = m->d + (size_t)(p / 2) * step * E5_ROWS + p % 2 * 8;
		__m256 bias = _mm256_loadu_ps(m->bias + p * 8);
		for (int t = 0, k; t < n; t += k) {
			__m256 sum[TILE2] = { bias, bias, bias, bias };
			k = n - t >= TILE2 ? TILE2 : 1;
			if (k == TILE2)
				tile2(m, q, d, x, (size_t)t, TILE2, sum);
			else
				tile2(m, q, d, x, (size_t)t, 1, sum);
			for (int i = 0; i < k; i++)
				_mm256_storeu_ps(y + (size_t)(t + i) * ld + p * 8, sum[i]);
		}
	}
}

static const struct e5_kern avx2 = { "avx2",    mul_avx2,  quantise_avx2,
				     norm_avx2, gelu_avx2, attend_avx2 };

/* ---- AVX-512 VNNI: sixteen rows at a time ---- */

VNNI static inline __attribute__((always_inline)) void tile5(const struct e5_mat *m,
							     const uint8_t *q, const float *d,
							     const struct e5_act *x, size_t t,
							     int tokens, __m512 *sum)
{
	int blocks = m->cols / E5_BLOCK;
	const __m512i low = _mm512_set1_epi8(15);
	for (int b = 0; b < blocks; b++, q += 256, d += E5_ROWS) {
		__m512i w[8];
		__m512 dw = _mm512_load_ps(d);
#pragma GCC unroll 4
		for (int j = 0; j < 4; j++) {
			__m512i both = _mm512_load_si512(q + 64 * j);
			w[j] = _mm512_and_si512(both, low);
			w[j + 4] = _mm512_and_si512(_mm512_srli_epi16(both, 4), low);
		}
#pragma GCC unroll 8
		for (int k = 0; k < tokens; k++) {
			size_t at = (t + (size_t)k) * (size_t)blocks + (size_t)b;
			const int8_t *a = x->q + at * E5_BLOCK;
			__m512i s = _mm512_set1_epi32(x->less[at]);
#pragma GCC unroll 8
			for (int j = 0; j < 8; j++)
				s = _mm512_dpbusd_epi32(s, w[j],
							_mm512_set1_epi32(word(a + 4 * j)));
			sum[k] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(s),
						 _mm512_mul_ps(dw, _mm512_set1_ps(x->d[at])),
						 sum[k]);
		}
	}
}

VNNI static void mul_vnni(const struct e5_mat *m, const struct e5_act *x, int n, float *y, int ld)
{
	size_t step = (size_t)m->cols / E5_BLOCK;
	for (int p = 0; p < m->rows / E5_ROWS; p++) {
		const uint8_t *q = m->q + (size_t)p * step * 256;
		const float *d = m->d + (size_t)p * step * E5_ROWS;
		__m512 bias = _mm512_loadu_ps(m->bias + p * E5_ROWS);
		for (int t = 0, k; t < n; t += k) {
			__m512 sum[TILE5];
			k = n - t >= TILE5 ? TILE5 : n - t >= TILE5 / 2 ? TILE5 / 2 : 1;
			for (int i = 0; i < TILE5; i++)
				sum[i] = bias;
			if (k == TILE5)
				tile5(m, q, d, x, (size_t)t, TILE5, sum);
			else if (k > 1)
				tile5(m, q, d, x, (size_t)t, TILE5 / 2, sum);
			else
				tile5(m, q, d, x, (size_t)t, 1, sum);
			for (int i = 0; i < k; i++)
				_mm512_storeu_ps(y + (size_t)(t + i) * ld + p * E5_ROWS,
						 sum[i]);
		}
	}
}

static const struct e5_kern vnni = { "avx512-vnni", mul_vnni,  quantise_avx2,
				     norm_avx2,	    gelu_avx2, attend_avx2 };

const struct e5_kern *e5_kern_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &avx2 : NULL;
}

const struct e5_kern *e5_kern_vnni(void)
{
	return e5_kern_avx2() && __builtin_cpu_supports("avx512bw") &&
			       __builtin_cpu_supports("avx512vl") &&
			       __builtin_cpu_supports("avx512vnni") ?
		       &vnni :
		       NULL;
}
#else
const struct e5_kern *e5_kern_avx2(void)
{
	return NULL;
}

const struct e5_kern *e5_kern_vnni(void)
{
	return NULL;
}
#endif

const struct e5_kern *e5_kern_best(void)
{
	const struct e5_kern *k = e5_kern_vnni();
	if (!k)
		k = e5_kern_avx2();
	return k ? k : &e5_plain;
}
