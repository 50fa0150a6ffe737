/* t_kb_emb.c: learned vectors: features, length, cosine, likeness, hostile text, the gate. */
#include <math.h>
#include <stdlib.h>
#include "kb_int.h"
#include "t.h"

static float likeness(const char *lang, const char *x, const char *y)
{
	const int8_t *rows = kb_emb_builtin(sv_of(lang));
	int16_t a[KE_DIM], b[KE_DIM];

	kb_emb_text(rows, NULL, sv_of(x), a);
	kb_emb_text(rows, NULL, sv_of(y), b);
	return kb_emb_cos(a, b);
}

TEST(kb_emb_features_are_words_pairs_and_letters)
{
	uint32_t h[KE_MAX], g[KE_MAX];

	/* "sofa": the word, <so sof ofa fa> <sof sofa ofa> <sofa sofa> */
	EQ(kb_emb_hashes(NULL, SV("sofa"), h, KE_MAX), 1 + 4 + 3 + 2);
	EQ(kb_emb_hashes(NULL, SV("SOFA!"), g, KE_MAX), 10);
	EQ(memcmp(h, g, 10 * sizeof(*h)), 0);
	EQ(kb_emb_hashes(NULL, SV("12"), h, KE_MAX), 1);
	/* three characters, two pairs, one triple */
	EQ(kb_emb_hashes(NULL, SV("退货吗"), h, KE_MAX), 6);
	/* a gap parts a run: no pair across it */
	EQ(kb_emb_hashes(NULL, SV("退。货"), h, KE_MAX), 2);
	/* a change of script too */
	EQ(kb_emb_hashes(NULL, SV("退5货"), h, KE_MAX), 3);
	EQ(kb_emb_hashes(NULL, SV(" ?!"), h, KE_MAX), 0);
	for (size_t i = 0; i < 6; i++)
		CHECK(h[i] < KE_ROWS);
}

TEST(kb_emb_features_are_bounded)
{
	uint32_t h[8];
	struct sb b;

	sb_init(&b, LIM_SB);
	for (int i = 0; i < 20000; i++)
		sb_cstr(&b, "word ");
	EQ(kb_emb_hashes(NULL, sb_sv(&b), h, 8), 8);
	EQ(kb_emb_hashes(NULL, sb_sv(&b), h, 0), 0);
	sb_done(&b);
}

TEST(kb_emb_vectors_have_length_one)
{
	static const char *const texts[] = { "how do i return a sofa", "a", "怎么退货", "7" };
	int16_t v[KE_DIM];

	for (int l = 0; l < 2; l++)
		for (size_t i = 0; i < 4; i++) {
			const int8_t *rows = kb_emb_builtin(l ? SV("zh") : SV("en"));

			CHECK(rows);
			kb_emb_text(rows, NULL, sv_of(texts[i]), v);
			CHECK(fabsf(kb_emb_cos(v, v) - 1) < 0.01f);
		}
	kb_emb_text(kb_emb_builtin(SV("en")), NULL, SV("..."), v);
	CHECK(fabsf(kb_emb_cos(v, v)) < 1e-6f);
	CHECK(!kb_emb_builtin(SV("fr")));
	kb_emb_text(NULL, NULL, SV("bonjour"), v);
	CHECK(fabsf(kb_emb_cos(v, v)) < 1e-6f);
}

TEST(kb_emb_likes_the_same_meaning)
{
	CHECK(likeness("en", "how long does a refund take", "when do I get my money back") >
	      likeness("en", "how long does a refund take", "what size is the sofa"));
	CHECK(likeness("en", "the wifi is slow", "my internet connection is slow") >
	      likeness("en", "the wifi is slow", "cancel my order"));
	CHECK(likeness("zh", "退款多久到账", "钱什么时候退给我") >
	      likeness("zh", "退款多久到账", "门店几点开门"));
	CHECK(likeness("zh", "我想找人工", "转人工客服") >
	      likeness("zh", "我想找人工", "怎么开发票"));
	/* a slip of the finger stays near */
	CHECK(likeness("en", "verification code", "verifcation code") > 0.6f);
}

TEST(kb_emb_centre_is_the_mean_direction)
{
	int16_t v[2][KE_DIM] = { { KE_ONE }, { 0, KE_ONE } }, c[KE_DIM];

	CHECK(fabsf(kb_emb_centre(v, 2, c) - 0.7071f) < 0.01f);
	CHECK(abs(c[0] - c[1]) <= 1 && abs(c[0] - 2896) <= 2 && c[2] == 0);
	CHECK(fabsf(kb_emb_centre(v, 0, c)) < 1e-6f);
	EQ(c[0], 0);
}

TEST(kb_emb_background_knows_small_talk)
{
	const int8_t *rows = kb_emb_builtin(SV("en"));
	int16_t far[KE_DIM], near[KE_DIM];

	kb_emb_text(rows, NULL, SV("set an alarm for seven tomorrow"), far);
	kb_emb_text(rows, NULL, SV("how do I return a parcel"), near);
	CHECK(kb_emb_back(rows, far) > kb_emb_back(rows, near));
	CHECK(fabsf(kb_emb_back(NULL, far)) < 1e-6f);
}

TEST(kb_emb_survives_any_bytes)
{
	struct rng r;
	char buf[600];
	int16_t v[KE_DIM];

	rng_seed(&r, 5);
	for (int round = 0; round < 400; round++) {
		size_t n = (size_t)rng_below(&r, sizeof(buf));

		for (size_t i = 0; i < n; i++)
			buf[i] = (char)rng_u64(&r);
		kb_emb_text(kb_emb_builtin(round & 1 ? SV("en") : SV("zh")), NULL, sv_n(buf, n), v);
		CHECK(kb_emb_cos(v, v) < 1.01f);
	}
}

/* A winner in every likeness comes first, and a name word for word before that. */
TEST(kb_rank_puts_likeness_first_and_exact_names_above)
{
	static const char *const langs[] = { "en", "zh" };

	for (int l = 0; l < 2; l++) {
		struct kb_cand c[2] = { { .art = 0 }, { .art = 1 } };

		for (int k = 0; k <= KF_CENTRE; k++)
			c[1].f[k] = k == KF_UNKNOWN || k == KF_EXACT ? 0 : 0.8;
		c[1].f[KF_EMB] = c[1].f[KF_EMB3] = c[1].f[KF_EMB_C] = c[1].f[KF_EMB_PART] = 0.9;
		kb_rank(sv_of(langs[l]), NULL, c, 2, 2);
		EQ(c[0].art, 1);
		CHECK(c[0].p >= 0 && c[0].p <= 1 && c[1].p >= 0 && c[1].p <= 1);
		c[1].f[KF_EXACT] = 1;
		kb_rank(sv_of(langs[l]), NULL, c, 2, 2);
		EQ(c[0].art, 0);
		CHECK(c[0].p > 0.95);
	}
}
