/* t_feel_task_feat.c: features of texts and the vocabulary of a task; hostile texts. */
#include <math.h>

#include "feel_task.h"
#include "t.h"

static size_t shared(const struct feel_feats *a, const struct feel_feats *b, int block)
{
	size_t n = 0;

	for (size_t i = block ? a->end[block - 1] : 0; i < a->end[block]; i++)
		for (size_t k = block ? b->end[block - 1] : 0; k < b->end[block]; k++)
			n += a->id[i] == b->id[k];
	return n;
}

static size_t block_n(const struct feel_feats *f, int block)
{
	return f->end[block] - (block ? f->end[block - 1] : 0);
}

TEST(feel_feats_words_pairs_and_pieces)
{
	struct feel_feats f = { 0 };

	feel_feats_text(&f, FEEL_INTENT, SV("lost my card"));
	EQ(block_n(&f, FEEL_WORDS), 5);
	EQ(block_n(&f, FEEL_SKIPS), 3);
	EQ(block_n(&f, FEEL_CONTEXT), 0);
	feel_feats_text(&f, FEEL_INTENT, SV("go"));
	/* " g" " go" " go " "go" "go " "o " */
	EQ(block_n(&f, FEEL_CHARS), 6);
	feel_feats_text(&f, FEEL_INTENT, SV("退货"));
	EQ(block_n(&f, FEEL_WORDS), 3);
	feel_feats_text(&f, FEEL_INTENT, SV("no no no"));
	EQ(block_n(&f, FEEL_WORDS), 2);
	NEAR(f.w[0] + f.w[1], 5, 1e-6);
	feel_feats_done(&f);
}

TEST(feel_feats_fold_case_width_and_long_numbers)
{
	struct feel_feats a = { 0 }, b = { 0 };

	feel_feats_text(&a, FEEL_INTENT, SV("Where IS  it"));
	feel_feats_text(&b, FEEL_INTENT, SV("where is it "));
	EQ(a.n, b.n);
	EQ(shared(&a, &b, FEEL_CHARS), block_n(&a, FEEL_CHARS));
	feel_feats_text(&a, FEEL_INTENT, SV("order 12345"));
	feel_feats_text(&b, FEEL_INTENT, SV("order 99887"));
	EQ(shared(&a, &b, FEEL_WORDS), block_n(&a, FEEL_WORDS));
	feel_feats_text(&b, FEEL_INTENT, SV("order 998"));
	EQ(shared(&a, &b, FEEL_WORDS), 1);
	/* accents tell languages apart, and only them */
	feel_feats_text(&a, FEEL_INTENT, SV("café"));
	feel_feats_text(&b, FEEL_INTENT, SV("cafe"));
	EQ(shared(&a, &b, FEEL_WORDS), 1);
	feel_feats_text(&a, FEEL_LANGUAGE, SV("café"));
	feel_feats_text(&b, FEEL_LANGUAGE, SV("cafe"));
	EQ(shared(&a, &b, FEEL_WORDS), 0);
	feel_feats_done(&a);
	feel_feats_done(&b);
}

TEST(feel_feats_turns_before_are_another_block)
{
	struct feel_feats a = { 0 }, b = { 0 };

	feel_feats_text(&a, FEEL_EMOTION, SV("i am fine"));
	feel_feats_text(&b, FEEL_EMOTION, SV("how are you ||| i am fine"));
	EQ(shared(&a, &b, FEEL_CHARS), block_n(&a, FEEL_CHARS));
	EQ(block_n(&b, FEEL_CONTEXT), 5);
	/* the last turn counts apart from those before it */
	feel_feats_text(&a, FEEL_EMOTION, SV("x ||| how are you ||| i am fine"));
	EQ(shared(&a, &b, FEEL_CONTEXT), 5);
	EQ(block_n(&a, FEEL_CONTEXT), 6);
	feel_feats_text(&a, FEEL_EMOTION, SV("how are you ||| x ||| i am fine"));
	EQ(shared(&a, &b, FEEL_CONTEXT), 0);
	feel_feats_text(&a, FEEL_EMOTION, SV("||||||"));
	feel_feats_text(&a, FEEL_EMOTION, SV("|||a||||||"));
	CHECK(a.n < 100);
	feel_feats_done(&a);
	feel_feats_done(&b);
}

TEST(feel_vocab_keeps_what_is_common_enough)
{
	static const char *const texts[] = { "red card", "blue card", "red phone" };
	struct feel_feats f = { 0 };
	struct feel_counts c = { 0 };
	struct feel_feats w = { 0 };
	struct feel_vocab v, again, few;

	for (int i = 0; i < 3; i++) {
		feel_feats_text(&f, FEEL_INTENT, sv_of(texts[i]));
		feel_counts_add(&c, &f);
	}
	feel_vocab_take(&v, &c, 2, 1000);
	CHECK(v.n > 10 && v.n < c.used);
	feel_feats_text(&f, FEEL_INTENT, SV("red car"));
	feel_feats_weigh(&f, &v, ~0u, &w);
	double sum = 0;
	for (size_t i = 0; i < w.n; i++) {
		CHECK(w.id[i] < v.n);
		sum += w.w[i] * w.w[i];
	}
	NEAR(sum, 1, 1e-5);
	EQ(block_n(&w, FEEL_WORDS), 1);
	EQ(block_n(&w, FEEL_SKIPS), 0);
	CHECK(block_n(&w, FEEL_CHARS) > 0);
	feel_feats_weigh(&f, &v, 1u << FEEL_WORDS, &w);
	EQ(w.n, 1);
	NEAR(w.w[0], 1, 1e-6);
	feel_vocab_take(&few, &c, 1, 10);
	CHECK(few.n <= 10);
	uint32_t *key = xalloc(v.n * sizeof(*key));
	float *idf = xalloc(v.n * sizeof(*idf));
	memcpy(key, v.key, v.n * sizeof(*key));
	memcpy(idf, v.idf, v.n * sizeof(*idf));
	OK(feel_vocab_put(&again, key, idf, v.n));
	for (size_t i = 0; i < v.n; i++) {
		EQ(feel_vocab_find(&again, key[i]), (ptrdiff_t)i);
		EQ(feel_vocab_find(&v, key[i]), (ptrdiff_t)i);
		if (key[i] < UINT32_MAX && (i + 1 == v.n || key[i + 1] > key[i] + 1))
			EQ(feel_vocab_find(&again, key[i] + 1), -1);
	}
	feel_vocab_hint(&again, key[5]);
	EQ(feel_vocab_find(&again, 0), -1);
	EQ(feel_vocab_find(&again, 1), -1);
	EQ(feel_vocab_find(&again, UINT32_MAX), -1);
	feel_vocab_done(&again);
	key[3] = key[2];
	EQ(feel_vocab_put(&again, key, idf, v.n), ERR_CORRUPT);
	xfree(key);
	xfree(idf);
	feel_vocab_done(&v);
	feel_vocab_done(&few);
	feel_counts_done(&c);
	feel_feats_done(&w);
	feel_feats_done(&f);
}

TEST(feel_feats_rare_words_weigh_more)
{
	struct feel_feats f = { 0 };
	struct feel_feats w = { 0 };
	struct feel_counts c = { 0 };
	struct feel_vocab v;

	for (int i = 0; i < 20; i++) {
		feel_feats_text(&f, FEEL_LANGUAGE, i ? SV("the") : SV("zq the"));
		feel_counts_add(&c, &f);
	}
	feel_vocab_take(&v, &c, 1, 1000);
	feel_feats_text(&f, FEEL_LANGUAGE, SV("the zq"));
	feel_feats_weigh(&f, &v, ~0u, &w);
	EQ(block_n(&w, FEEL_WORDS), 2);   /* "the zq" was never seen */
	float low = w.w[0] < w.w[1] ? w.w[0] : w.w[1], high = w.w[0] + w.w[1] - low;
	NEAR(high / low, 1 + logf(21.0f / 2), 0.01);
	feel_vocab_done(&v);
	feel_counts_done(&c);
	feel_feats_done(&w);
	feel_feats_done(&f);
}

TEST(feel_feats_stand_in_order_and_once)
{
	struct feel_feats f = { 0 };
	struct rng r;
	char text[600];

	rng_seed(&r, 9);
	for (int round = 0; round < 200; round++) {
		size_t n = rng_below(&r, sizeof(text));
		for (size_t i = 0; i < n; i++)
			text[i] = "abcde    "[rng_below(&r, 9)];
		feel_feats_text(&f, round % 2 ? FEEL_INTENT : FEEL_LANGUAGE, sv_n(text, n));
		for (int b = 0; b < FEEL_BLOCKS; b++)
			for (size_t i = (b ? f.end[b - 1] : 0) + 1; i < f.end[b]; i++)
				CHECK(f.id[i - 1] < f.id[i] && f.w[i] >= 1);
	}
	feel_feats_done(&f);
}

TEST(feel_feats_hostile_texts)
{
	struct feel_feats f = { 0 };
	struct sb b;

	sb_init(&b, 4u << 20);
	while (b.n < 1u << 20)
		sb_cstr(&b, "a \xFF\xC3 \xF0\x9F\x98\xA1 ||| 退");
	feel_feats_text(&f, FEEL_EMOTION, sb_sv(&b));
	CHECK(f.n > 10 && f.n < 100000);
	feel_feats_text(&f, FEEL_PAIRS, SV_NULL);
	EQ(f.n, 0);
	feel_feats_text(&f, FEEL_INTENT, SV(" \t\n"));
	EQ(f.n, 0);
	for (int round = 0; round < 2000; round++) {
		char raw[64];
		size_t n = rng_below(t_rng(), sizeof(raw));
		for (size_t i = 0; i < n; i++)
			raw[i] = (char)rng_u64(t_rng());
		feel_feats_text(&f, (int)rng_below(t_rng(), FEEL_KINDS), sv_n(raw, n));
	}
	sb_done(&b);
	feel_feats_done(&f);
}
