/* kb_emb.c: a text as one small vector: a sum of learned rows, one per word, concept and n-gram.
 *
 * Each feature of a text is hashed to a row of an embedded table (one per language, written by
 * train/kb_embed.c). Latin words give the word, pairs of words and the 3- to 5-grams of its
 * letters; CJK runs give characters, pairs and triples; the lexicon gives concepts. The sum is
 * brought to length KE_ONE, so that the product of two texts is their cosine times KE_ONE squared.
 * Pure functions over constant data; any thread.
 */
#include <math.h>
#include "kb_embed.h"
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include "kb_int.h"

struct hashes {
	uint32_t *h;
	size_t n, max;
};

static uint32_t fnv(uint32_t h, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 16777619u;
	return h;
}

/* kind keeps a word, a pair and an n-gram with the same letters apart. */
static void put(struct hashes *o, char kind, const char *p, size_t n)
{
	uint32_t h = fnv(fnv(2166136261u, &kind, 1), p, n);

	h ^= h >> 16;
	h *= 0x85ebca6bu;
	h ^= h >> 13;
	if (o->n < o->max)
		o->h[o->n++] = h & (KE_ROWS - 1);
}

static void letters(struct hashes *o, const char *w, size_t n)
{
	char b[KB_WORD_MAX + 10];

	b[0] = '<';
	memcpy(b + 1, w, n);
	b[n + 1] = '>';
	for (size_t len = 3; len <= 5; len++)
		for (size_t i = 0; i + len <= n + 2; i++)
			put(o, 'g', b + i, len);
}

static void concepts(const struct kb_lex *lex, sv text, struct hashes *o)
{
	struct kb_term t[KB_TERMS_MAX];
	size_t n = lex ? kb_terms(lex, text, t, KB_TERMS_MAX) : 0;

	for (size_t i = 0; i < n; i++)
		if (t[i].s[0] == '#')
			put(o, 'c', t[i].s, t[i].n);
}

size_t kb_emb_hashes(const struct kb_lex *lex, sv text, uint32_t *h, size_t max)
{
	struct hashes o = { h, 0, max };
	char run[3 * KB_WORD_MAX]; /* the last two words or characters, then this one */
	size_t a = 0, b = 0;       /* bytes of the last but one, of the last */
	size_t end = 0;
	bool was_cjk = false;
	struct kb_scan s;

	text = sv_slice(text, 0, KE_BYTES);
	kb_scan_init(&s, text);
	while (kb_scan_next(&s)) {
		size_t n = s.n < KB_WORD_MAX ? s.n : KB_WORD_MAX;

		if (s.cjk != was_cjk || (s.cjk && s.start != end))
			a = b = 0;
		memcpy(run + a + b, s.buf, n);
		put(&o, 'w', s.buf, n);
		if (b)
			put(&o, 'b', run + a, b + n);
		if (s.cjk && a)
			put(&o, 't', run, a + b + n);
		if (!s.cjk && !s.number)
			letters(&o, s.buf, n);
		memmove(run, run + a, b + n);
		a = b;
		b = n;
		was_cjk = s.cjk;
		end = s.end;
	}
	concepts(lex, text, &o);
	return o.n;
}

void kb_emb_text(const int8_t *rows, const struct kb_lex *lex, sv text, int16_t out[KE_DIM])
{
	uint32_t h[KE_MAX];
	size_t n = rows ? kb_emb_hashes(lex, text, h, KE_MAX) : 0;
	int32_t sum[KE_DIM] = { 0 };
	float len = 0;

	for (size_t i = 0; i < n; i++) {
		const int8_t *r = rows + (size_t)h[i] * KE_DIM;

		for (int k = 0; k < KE_DIM; k++)
			sum[k] += r[k];
	}
	for (int k = 0; k < KE_DIM; k++)
		len += (float)sum[k] * (float)sum[k];
	len = len > 0 ? KE_ONE / sqrtf(len) : 0;
	for (int k = 0; k < KE_DIM; k++)
		out[k] = (int16_t)lrintf((float)sum[k] * len);
}

float kb_emb_cos(const int16_t *a, const int16_t *b)
{
	int32_t sum = 0;

	for (int k = 0; k < KE_DIM; k++)
		sum += (int32_t)a[k] * b[k];
	return (float)sum / (float)(KE_ONE * KE_ONE);
}

float kb_emb_centre(int16_t (*v)[KE_DIM], size_t n, int16_t out[KE_DIM])
{
	float sum[KE_DIM] = { 0 }, len = 0, tight = 0;

	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < KE_DIM; k++)
			sum[k] += (float)v[i][k];
	for (int k = 0; k < KE_DIM; k++)
		len += sum[k] * sum[k];
	len = len > 0 ? KE_ONE / sqrtf(len) : 0;
	for (int k = 0; k < KE_DIM; k++)
		out[k] = (int16_t)lrintf(sum[k] * len);
	for (size_t i = 0; i < n; i++)
		tight += kb_emb_cos(v[i], out);
	return n ? tight / (float)n : 0;
}

float kb_emb_back(const int8_t *rows, const int16_t *v)
{
	int32_t best = 0;

	for (size_t i = KE_ROWS; rows && i < KE_ROWS + KE_BACK; i++) {
		const int8_t *r = rows + i * KE_DIM;
		int32_t sum = 0;

		for (int k = 0; k < KE_DIM; k++)
			sum += (int32_t)(int16_t)r[k] * v[k];
		best = sum > best ? sum : best;
	}
	return (float)best / (127.0f * KE_ONE);
}

const int8_t *kb_emb_builtin(sv lang)
{
	if (sv_eq(lang, SV("en")) && kb_embed_emb_en_n == KE_TABLE)
		return (const int8_t *)kb_embed_emb_en;
	if (sv_eq(lang, SV("zh")) && kb_embed_emb_zh_n == KE_TABLE)
		return (const int8_t *)kb_embed_emb_zh;
	return NULL;
}

/* Whole pages of the program's own file, read-only: they come again from it when they are read. */
static void let_go(const char *p, size_t n)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)p + page - 1) & ~(page - 1);
	uintptr_t to = ((uintptr_t)p + n) & ~(page - 1);

	if (to > from)
		(void)madvise((void *)from, to - from, MADV_DONTNEED);
}

void kb_rest(void)
{
	let_go(kb_embed_emb_en, kb_embed_emb_en_n);
	let_go(kb_embed_emb_zh, kb_embed_emb_zh_n);
}
