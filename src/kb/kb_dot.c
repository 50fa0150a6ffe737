/* kb_dot.c: products of one vector with many: rows of signed bytes against 16-bit numbers.
 *
 * Brute force is right here: ten thousand rows of 384 bytes are 3.7 MB, read once a question.
 * Bytes are widened to 16 bits and summed in pairs (pmaddwd), with AVX-512 or AVX2 where the
 * processor has them. The question is scaled so that no sum leaves 32 bits (kb_dense.c).
 * Pure functions. */
#include <math.h>
#include "kb_int.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

void kd_quantise(const float *v, int dim, int8_t *q, float *scale)
{
	float top = 0;

	for (int i = 0; i < dim; i++)
		top = fabsf(v[i]) > top ? fabsf(v[i]) : top;
	*scale = top / 127;
	for (int i = 0; i < kd_stride(dim); i++)
		q[i] = i < dim && top > 0 ? (int8_t)lrintf(v[i] * (127 / top)) : 0;
}

void kd_dots_plain(const int8_t *rows, size_t n, int stride, const int16_t *q, int32_t *out)
{
	for (size_t i = 0; i < n; i++, rows += stride) {
		int32_t s = 0;

		for (int k = 0; k < stride; k++)
			s += rows[k] * q[k];
		out[i] = s;
	}
}

#if defined(__x86_64__)
__attribute__((target("avx2")))
static void dots_avx2(const int8_t *rows, size_t n, int stride, const int16_t *q, int32_t *out)
{
	for (size_t i = 0; i < n; i++, rows += stride) {
		__m256i s = _mm256_setzero_si256(), t = s;
		__m128i h;

		for (int k = 0; k < stride; k += 32) {
			__m128i a = _mm_loadu_si128((const __m128i *)(rows + k));
			__m128i b = _mm_loadu_si128((const __m128i *)(rows + k + 16));
			__m256i x = _mm256_loadu_si256((const __m256i *)(q + k));
			__m256i y = _mm256_loadu_si256((const __m256i *)(q + k + 16));

			s = _mm256_add_epi32(s, _mm256_madd_epi16(_mm256_cvtepi8_epi16(a), x));
			t = _mm256_add_epi32(t, _mm256_madd_epi16(_mm256_cvtepi8_epi16(b), y));
		}
		s = _mm256_add_epi32(s, t);
		h = _mm_add_epi32(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));
		h = _mm_add_epi32(h, _mm_shuffle_epi32(h, 0x4e));
		h = _mm_add_epi32(h, _mm_shuffle_epi32(h, 0xb1));
		out[i] = _mm_cvtsi128_si32(h);
	}
}

__attribute__((target("avx512f,avx512bw")))
static void dots_avx512(const int8_t *rows, size_t n, int stride, const int16_t *q, int32_t *out)
{
	for (size_t i = 0; i < n; i++, rows += stride) {
		__m512i s = _mm512_setzero_si512(), t = s;

		for (int k = 0; k < stride; k += 64) {
			__m256i a = _mm256_loadu_si256((const __m256i *)(rows + k));
			__m256i b = _mm256_loadu_si256((const __m256i *)(rows + k + 32));
			__m512i x = _mm512_loadu_si512(q + k), y = _mm512_loadu_si512(q + k + 32);

			s = _mm512_add_epi32(s, _mm512_madd_epi16(_mm512_cvtepi8_epi16(a), x));
			t = _mm512_add_epi32(t, _mm512_madd_epi16(_mm512_cvtepi8_epi16(b), y));
		}
		out[i] = _mm512_reduce_add_epi32(_mm512_add_epi32(s, t));
	}
}
#endif

bool kd_dots_by(int way, const int8_t *rows, size_t n, int stride, const int16_t *q, int32_t *out)
{
#if defined(__x86_64__)
	if (way == 0 && __builtin_cpu_supports("avx512bw"))
		return dots_avx512(rows, n, stride, q, out), true;
	if (way == 1 && __builtin_cpu_supports("avx2"))
		return dots_avx2(rows, n, stride, q, out), true;
#endif
	return way == 2 && (kd_dots_plain(rows, n, stride, q, out), true);
}

void kd_dots(const int8_t *rows, size_t n, int stride, const int16_t *q, int32_t *out)
{
	for (int way = 0; way < 3; way++)
		if (kd_dots_by(way, rows, n, stride, q, out))
			return;
}
