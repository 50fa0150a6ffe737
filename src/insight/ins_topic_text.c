/* ins_topic_text.c: texts as words: numbers for them, vectors of them, and those that name a
 * group. */
#include "ins_topic_int.h"

#include <math.h>
#include <stdlib.h>

enum { WORDS = 400000, PER_TEXT = 400, WORD_MAX = 40 };

static const char *const stop_words[] = {
	"a",    "about",  "am",     "an",   "and",  "any",   "are",   "as",     "at",
	"be",   "been",   "but",    "by",   "can",  "could", "did",   "do",     "does",
	"for",  "from",   "get",    "got",  "had",  "has",   "have",  "hello",  "hi",
	"how",  "i",      "if",     "im",   "in",   "is",    "it",    "its",    "just",
	"like", "me",     "my",     "need", "no",   "not",   "of",    "ok",     "on",
	"or",   "please", "should", "so",   "some", "tell",  "thank", "thanks", "that",
	"the",  "there",  "they",   "this", "to",   "want",  "was",   "we",     "what",
	"when", "where",  "which",  "who",  "why",  "will",  "with",  "would",  "you",
	"your", "yours",  "ve",     "ll",   "don",  "t",     "s",     "m",      "re",
	"u",    "up",     "out",
};
/* Letters that carry little alone in Chinese; a pair with one of them names nothing. */
static const char stop_letters[] =
	"的了吗呢吧啊我你您他她它们是在有和就都也要想请问怎么什这那个一不很么可以能给把被到";

static bool stop_word(sv word)
{
	sv rest = word;
	for (size_t i = 0; i < sizeof(stop_words) / sizeof(*stop_words); i++)
		if (sv_eq(word, sv_of(stop_words[i])))
			return true;
	while (rest.n) {
		sv before = rest;
		uint32_t r = sv_rune(&rest);
		if (sv_is_cjk(r) &&
		    sv_find(sv_of(stop_letters), sv_n(before.p, before.n - rest.n)) >= 0)
			return true;
	}
	return false;
}

static bool number_of(struct ins_lex *x, sv word, uint32_t *ret)
{
	void *p = map_get(x->at, word);
	sv *slot;
	if (p)
		return *ret = (uint32_t)(uintptr_t)p - 1, true;
	slot = VEC_PUSH(&x->word, WORDS);
	if (!slot || map_put(x->at, word, (void *)(uintptr_t)x->word.n))
		return false;
	*slot = arena_sv(&x->a, word);
	return *ret = (uint32_t)x->word.n - 1, true;
}

static void take(struct ins_lex *x, struct ins_bag *b, const char *p, size_t n)
{
	uint32_t k;
	if (n && b->n < PER_TEXT && number_of(x, sv_n(p, n), &k))
		b->v[b->n++] = k;
}

/* Latin words and numbers whole, CJK in pairs; masks like [phone] are words of their own. */
static void read_text(struct ins_lex *x, struct ins_bag *b, sv s)
{
	char word[WORD_MAX], pair[16];
	size_t n = 0, last = 0;      /* of the word; of the letter before in pair */
	uint32_t v[PER_TEXT];
	*b = (struct ins_bag){ v, 0 };
	while (s.n) {
		uint32_t r = sv_fold(sv_rune(&s));
		bool cjk = sv_is_cjk(r), letter = (r >= 'a' && r <= 'z') ||
						  (r >= '0' && r <= '9') ||
						  (r > 0xbf && r < 0x2000);
		if (!letter || n + 4 > sizeof(word)) {
			take(x, b, word, n);
			n = 0;
		}
		if (letter)
			n += sv_encode(r, word + n);
		if (cjk) {
			size_t len = sv_encode(r, pair + last);
			take(x, b, pair, last ? last + len : 0);
			memmove(pair, pair + last, len);
			last = len;
		} else {
			last = 0;
		}
	}
	take(x, b, word, n);
	b->v = arena_new(&x->a, uint32_t, b->n + 1);
	if (b->v)
		memcpy(b->v, v, b->n * sizeof(*v));
	else
		b->n = 0;
}

int ins_lex_new(struct ins_lex *x, const struct ins_said *v, size_t n)
{
	*x = (struct ins_lex){ .at = map_new(WORDS), .n = n };
	arena_init(&x->a, LIM_ARENA_BIG);
	x->bag = arena_new(&x->a, struct ins_bag, n + 1);
	for (size_t i = 0; i < n; i++)
		read_text(x, &x->bag[i], v[i].text);
	x->df = arena_new(&x->a, uint32_t, x->word.n + 1);
	uint32_t *seen = arena_new(&x->a, uint32_t, x->word.n + 1);
	if (!x->df || !seen)
		return ERR_TOOBIG;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < x->bag[i].n; k++) {
			uint32_t w = x->bag[i].v[k];
			x->df[w] += seen[w] != i + 1;
			seen[w] = (uint32_t)i + 1;
		}
	return 0;
}

void ins_lex_done(struct ins_lex *x)
{
	VEC_FREE(&x->word);
	map_free(x->at);
	arena_done(&x->a);
}

void ins_lex_vectors(const struct ins_lex *x, int dim, uint64_t seed, float *out)
{
	memset(out, 0, x->n * (size_t)dim * sizeof(*out));
	for (size_t i = 0; i < x->n; i++) {
		float *row = out + i * (size_t)dim;
		double len = 0;
		for (size_t k = 0; k < x->bag[i].n; k++) {
			uint32_t w = x->bag[i].v[k];
			float idf = (float)(log((1.0 + (double)x->n) / (1.0 + x->df[w])) + 1);
			struct rng r;
			rng_seed(&r, seed ^ sv_hash(x->word.v[w]));
			for (int d = 0; d < dim; d += 64) {
				uint64_t bits = rng_u64(&r);
				for (int b = 0; b < 64 && d + b < dim; b++, bits >>= 1)
					row[d + b] += bits & 1 ? idf : -idf;
			}
		}
		for (int d = 0; d < dim; d++)
			len += (double)row[d] * (double)row[d];
		for (int d = 0; d < dim && len > 0; d++)
			row[d] = (float)((double)row[d] / sqrt(len));
	}
}

void ins_lex_weights(const struct ins_lex *x, float *out)
{
	size_t dim = x->word.n;
	memset(out, 0, x->n * dim * sizeof(*out));
	for (size_t i = 0; i < x->n; i++) {
		float *row = out + i * dim;
		double len = 0;
		for (size_t k = 0; k < x->bag[i].n; k++) {
			uint32_t w = x->bag[i].v[k];
			row[w] += (float)(log((1.0 + (double)x->n) / (1.0 + x->df[w])) + 1);
		}
		for (size_t d = 0; d < dim; d++)
			len += (double)row[d] * (double)row[d];
		for (size_t d = 0; d < dim && len > 0; d++)
			row[d] = (float)((double)row[d] / sqrt(len));
	}
}

/* ---- names ---- */

double *ins_lex_totals(const struct ins_lex *x)
{
	double *total = xalloc((x->word.n + 1) * sizeof(*total));
	for (size_t i = 0; i < x->n; i++)
		for (size_t k = 0; k < x->bag[i].n; k++)
			total[x->bag[i].v[k]]++;
	return total;
}

/* Pairs of Chinese letters that hang together are one word: "退货" + "货运" in most texts. */
static bool joins(sv a, sv b)
{
	sv ra = a, rb = b;
	if (a.n < 6 || b.n < 6)
		return false;
	(void)sv_rune(&ra);
	uint32_t second = sv_rune(&ra), first = sv_rune(&rb);
	return second == first && sv_is_cjk(first);
}

static sv join_pairs(struct ins_lex *x, sv a, sv b)
{
	sv rest = b;
	(void)sv_rune(&rest);
	return sv_of(arena_fmt(&x->a, SV_FMT SV_FMT, SV_ARG(a), SV_ARG(rest)));
}

static void add_name(struct ins_lex *x, struct ins_topic *t, sv word)
{
	for (size_t i = 0; i < t->n_words; i++) {
		sv *have = &t->word[i];
		if (sv_find(*have, word) >= 0)
			return;
		if (have->n <= 9 && (joins(*have, word) || joins(word, *have))) {
			*have = joins(*have, word) ? join_pairs(x, *have, word) :
						     join_pairs(x, word, *have);
			return;
		}
	}
	if (t->n_words < INS_TOPIC_WORDS)
		t->word[t->n_words++] = word;
}

void ins_lex_names(struct ins_lex *x, const struct ins_said *v, const size_t *group, size_t g,
		   size_t groups, const double *total, struct ins_topic *t)
{
	double *tf = xalloc((x->word.n + 1) * sizeof(*tf)), all = 0, mine = 0;
	for (size_t i = 0; i < x->n; i++)
		for (size_t k = 0; k < x->bag[i].n; k++) {
			tf[x->bag[i].v[k]] += group[i] == g;
			mine += group[i] == g;
			all++;
		}
	double mean = all / (double)groups;
	t->n_words = 0;
	for (int tries = 0; tries < 12 && t->n_words < INS_TOPIC_WORDS; tries++) {
		size_t best = 0;
		double most = 0;
		for (size_t w = 0; w < x->word.n; w++) {
			double s = tf[w] < 2 && t->n_words ? 0 :
				   tf[w] / mine * log(1 + mean / total[w]);
			if (s > most)
				most = s, best = w;
		}
		if (most <= 0)
			break;
		tf[best] = 0;
		if (!stop_word(x->word.v[best]))
			add_name(x, t, x->word.v[best]);
		else
			tries--;
	}
	xfree(tf);
}
