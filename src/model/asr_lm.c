/* asr_lm.c: counts for a recogniser's language model: sentences in, word 1-, 2- and
 * 3-grams out.
 *
 * A sentence is put into spoken form first ("3-5 days" -> "three to five days"),
 * lower-cased and cut into words of letters and apostrophes. N-grams are keys of 3 x 21
 * bits in an open-addressing table; memory is bounded by GRAMS_MAX and WORDS_MAX: past
 * them, what is new is dropped. asr_lm_write.c makes files of it. Used by one thread.
 */
#include <stdio.h>

#include "asr_lm_int.h"
#include "model.h"

static const char *const carriers[] = {
#define S(text) text,
#include "data/carriers.en.def"
#undef S
};

static uint64_t mix(uint64_t x)
{
	x ^= x >> 31;
	x *= UINT64_C(0x9E3779B97F4A7C15);
	return x ^ (x >> 29);
}

static struct lm_gram *slot(struct lm_grams *g, uint64_t key)
{
	size_t i = (size_t)mix(key) & (g->cap - 1);
	while (g->v[i].key && g->v[i].key != key)
		i = (i + 1) & (g->cap - 1);
	return &g->v[i];
}

static void grow(struct lm_grams *g)
{
	struct lm_grams old = *g;
	g->cap = old.cap ? old.cap * 2 : 4096;
	g->v = xalloc(g->cap * sizeof(*g->v));
	for (size_t i = 0; i < old.cap; i++)
		if (old.v[i].key)
			*slot(g, old.v[i].key) = old.v[i];
	xfree(old.v);
}

struct lm_gram *lm_find(const struct lm_grams *g, uint64_t key)
{
	if (!g->cap)
		return NULL;
	struct lm_gram *x = slot((struct lm_grams *)g, key);
	return x->key ? x : NULL;
}

static void count(struct lm_grams *g, uint64_t key, uint32_t by)
{
	if (g->n * 10 >= g->cap * 7) {
		if (g->n >= LM_GRAMS_MAX)
			return;
		grow(g);
	}
	struct lm_gram *x = slot(g, key);
	if (!x->key) {
		x->key = key;
		g->n++;
	}
	x->count += by;
}

uint32_t lm_word(struct asr_lm *lm, sv w)
{
	void *known = map_get(lm->ids, w);
	if (known)
		return (uint32_t)(uintptr_t)known;
	char **word = VEC_PUSH(&lm->words, LM_WORDS_MAX);
	if (!word)
		return 0;
	*word = xstrdup(w);
	uint32_t id = (uint32_t)lm->words.n;
	if (map_put(lm->ids, w, (void *)(uintptr_t)id)) {
		xfree(*word);
		lm->words.n--;
		return 0;
	}
	return id;
}

struct asr_lm *asr_lm_new(void)
{
	struct asr_lm *lm = xalloc(sizeof(*lm));
	lm->ids = map_new(LM_WORDS_MAX);
	(void)lm_word(lm, SV("<s>"));
	(void)lm_word(lm, SV("</s>"));
	for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++)
		asr_lm_add(lm, sv_of(carriers[i]));
	return lm;
}

void asr_lm_free(struct asr_lm *lm)
{
	if (!lm)
		return;
	for (size_t i = 0; i < lm->words.n; i++)
		xfree(lm->words.v[i]);
	VEC_FREE(&lm->words);
	for (int k = 0; k < 3; k++)
		xfree(lm->grams[k].v);
	map_free(lm->ids);
	xfree(lm);
}

static void count_sentence(struct asr_lm *lm, const uint32_t *w, size_t n)
{
	for (size_t i = 1; i < n; i++)
		count(&lm->grams[0], lm_key(0, 0, w[i]), 1);
	for (size_t i = 1; i < n; i++)
		count(&lm->grams[1], lm_key(0, w[i - 1], w[i]), 1);
	for (size_t i = 2; i < n; i++)
		count(&lm->grams[2], lm_key(w[i - 2], w[i - 1], w[i]), 1);
}

/* The next word of s in lower case; breaks at sentence ends are told by *stop. */
static bool next_word(sv *s, char *buf, size_t cap, size_t *len, bool *stop)
{
	*len = 0;
	*stop = false;
	while (s->n) {
		sv was = *s;
		uint32_t r = sv_fold(sv_rune(s));
		bool letter =
			(r >= 'a' && r <= 'z') || ((r == '\'' || r == 0x2019) && *len);
		if (letter && *len < cap) {
			buf[(*len)++] = r == 0x2019 ? '\'' : (char)r;
			continue;
		}
		bool end = r == '.' || r == '?' || r == '!' || r == ';' || r == ':' ||
			   r == '\n';
		if (*len && !letter) {
			if (end)
				*s = was; /* told at the next call */
			break;
		}
		if (end) {
			*stop = true;
			return true;
		}
	}
	while (*len && buf[*len - 1] == '\'')
		(*len)--;
	return *len > 0;
}

void asr_lm_add(struct asr_lm *lm, sv sentence)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	uint32_t w[LM_SENTENCE_MAX + 2];
	size_t n = 0, len;
	char buf[48];
	bool stop;
	(void)tts_normalize(sentence, SV("en"), &b, NULL, NULL);
	w[n++] = LM_BEGIN;
	for (sv s = sb_sv(&b); next_word(&s, buf, sizeof(buf), &len, &stop) || n > 1;) {
		bool end = stop || len == 0;
		if (!end) {
			uint32_t id = lm_word(lm, sv_n(buf, len));
			if (id)
				w[n++] = id;
		}
		if (n > 1 && (end || n > LM_SENTENCE_MAX)) {
			w[n++] = LM_END;
			count_sentence(lm, w, n);
			n = 1;
			if (len == 0 && !stop)
				break;
		}
	}
	sb_done(&b);
}
