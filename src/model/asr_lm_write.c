/* asr_lm_write.c: counts to an ARPA file: interpolated Witten-Bell smoothing (Witten
 *and Bell 1991), which needs no held-out text and is exact in back-off form:
 *
 *	P(w|h) = (c(hw) + T(h) P(w|h')) / (N(h) + T(h)),   bow(h) = T(h) / (N(h) + T(h))
 *
 * with N(h) the count of h as a history and T(h) how many different words followed it.
*/
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "asr_lm_int.h"
#include "model.h"

struct writer {
	const struct asr_lm *lm;
	const bool *ok;                 /* may be written: has a pronunciation */
	struct lm_grams h_n[3], h_t[3]; /* per length of history: N and T */
	struct sb out;
	double *p1; /* unigram probabilities by id */
};

enum { BITS = 21, MASK = (1 << BITS) - 1 };

static void bump(struct lm_grams *g, uint64_t key, uint32_t by)
{
	/* Histories are never more than grams, so the table is sized once. */
	size_t i = (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 20) & (g->cap - 1);
	while (g->v[i].key && g->v[i].key != key)
		i = (i + 1) & (g->cap - 1);
	g->v[i].key = key;
	g->v[i].count += by;
}

static uint32_t read_of(const struct lm_grams *g, uint64_t key)
{
	if (!g->cap)
		return 0;
	size_t i = (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 20) & (g->cap - 1);
	while (g->v[i].key && g->v[i].key != key)
		i = (i + 1) & (g->cap - 1);
	return g->v[i].count;
}

static bool usable(const struct writer *w, uint64_t key)
{
	for (int k = 0; k < 3; k++, key >>= BITS) {
		uint32_t id = (uint32_t)(key & MASK);
		if (id && !w->ok[id - 1])
			return false;
	}
	return true;
}

static void histories(struct writer *w)
{
	for (int k = 1; k < 3; k++) {
		const struct lm_grams *g = &w->lm->grams[k];
		size_t cap = 4096;
		while (cap < g->n * 2)
			cap *= 2;
		w->h_n[k].cap = w->h_t[k].cap = cap;
		w->h_n[k].v = xalloc(cap * sizeof(struct lm_gram));
		w->h_t[k].v = xalloc(cap * sizeof(struct lm_gram));
		for (size_t i = 0; i < g->cap; i++) {
			if (!g->v[i].key || !usable(w, g->v[i].key))
				continue;
			bump(&w->h_n[k], g->v[i].key >> BITS, g->v[i].count);
			bump(&w->h_t[k], g->v[i].key >> BITS, 1);
		}
	}
}

static void unigrams(struct writer *w)
{
	size_t v = w->lm->words.n;
	double n = 0, types = 0, vocab = 0;
	w->p1 = xalloc((v + 1) * sizeof(double));
	for (size_t id = 1; id <= v; id++) {
		const struct lm_gram *g = lm_find(&w->lm->grams[0], id);
		vocab += id != LM_BEGIN && w->ok[id - 1];
		if (g && w->ok[id - 1]) {
			n += g->count;
			types++;
		}
	}
	for (size_t id = 1; id <= v; id++) {
		const struct lm_gram *g = lm_find(&w->lm->grams[0], id);
		if (id != LM_BEGIN && w->ok[id - 1])
			w->p1[id] = ((g ? g->count : 0) + types / vocab) / (n + types);
	}
}

static double bow(const struct writer *w, int len, uint64_t h)
{
	double n = read_of(&w->h_n[len], h), t = read_of(&w->h_t[len], h);
	return n > 0 ? t / (n + t) : 1.0;
}

/* Probability of the last word of key after the others; len = words in key. */
static double prob(const struct writer *w, int len, uint64_t key)
{
	if (len == 1)
		return w->p1[key & MASK];
	uint64_t h = key >> BITS;
	const struct lm_gram *g = lm_find(&w->lm->grams[len - 1], key);
	double n = read_of(&w->h_n[len - 1], h), t = read_of(&w->h_t[len - 1], h);
	double lower =
		prob(w, len - 1, key & ((UINT64_C(1) << (BITS * (len - 1))) - 1));
	return n > 0 ? ((g ? g->count : 0) + t * lower) / (n + t) : lower;
}

static int by_key(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static uint64_t *sorted(const struct writer *w, int len, size_t *ret_n)
{
	const struct lm_grams *g = &w->lm->grams[len - 1];
	uint64_t *keys = xalloc((g->n + 1) * sizeof(*keys));
	size_t n = 0;
	for (size_t i = 0; i < g->cap; i++)
		if (g->v[i].key && usable(w, g->v[i].key))
			keys[n++] = g->v[i].key;
	qsort(keys, n, sizeof(*keys), by_key);
	*ret_n = n;
	return keys;
}

static void put_words(struct writer *w, int len, uint64_t key)
{
	for (int k = len - 1; k >= 0; k--) {
		sb_ch(&w->out, k == len - 1 ? '\t' : ' ');
		sb_cstr(&w->out, w->lm->words.v[((key >> (BITS * k)) & MASK) - 1]);
	}
}

static void put_section(struct writer *w, int len, const uint64_t *keys, size_t n)
{
	sb_fmt(&w->out, "\n\\%d-grams:\n", len);
	for (size_t i = 0; i < n; i++) {
		double p = prob(w, len, keys[i]);
		sb_fmt(&w->out, "%.4f",
		       keys[i] == LM_BEGIN ? -99.0 : log10(p > 1e-9 ? p : 1e-9));
		put_words(w, len, keys[i]);
		if (len < 3)
			sb_fmt(&w->out, "\t%.4f", log10(bow(w, len, keys[i])));
		sb_ch(&w->out, '\n');
	}
}

static void put_arpa(struct writer *w)
{
	size_t n[3] = { 0 };
	uint64_t *keys[3];
	keys[0] = xalloc((w->lm->words.n + 1) * sizeof(uint64_t));
	for (size_t id = 1; id <= w->lm->words.n; id++)
		if (w->ok[id - 1])
			keys[0][n[0]++] = id;
	keys[1] = sorted(w, 2, &n[1]);
	keys[2] = sorted(w, 3, &n[2]);
	sb_cstr(&w->out, "\\data\\\n");
	for (int k = 0; k < 3; k++)
		sb_fmt(&w->out, "ngram %d=%zu\n", k + 1, n[k]);
	for (int k = 0; k < 3; k++) {
		put_section(w, k + 1, keys[k], n[k]);
		xfree(keys[k]);
	}
	sb_cstr(&w->out, "\n\\end\\\n");
}

int asr_lm_write(struct asr_lm *lm, const char *path, const char *dict_path,
		 struct err *e)
{
	bool *ok = xalloc(lm->words.n + 1);
	struct writer w = { .lm = lm, .ok = ok };
	int rc = lm_write_dict(lm, dict_path, ok, e);
	sb_init(&w.out, 256u << 20);
	if (!rc) {
		histories(&w);
		unigrams(&w);
		put_arpa(&w);
		rc = sb_err(&w.out) ?
			     err_set(e, ERR_TOOBIG, "the language model is too large") :
			     file_write(path, sb_sv(&w.out), e);
	}
	for (int k = 0; k < 3; k++) {
		xfree(w.h_n[k].v);
		xfree(w.h_t[k].v);
	}
	xfree(w.p1);
	xfree(ok);
	sb_done(&w.out);
	return rc;
}
