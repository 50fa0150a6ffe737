/* t_kb_token.c: the tokenizer against a naive twin, stems, numbers, quotes, terms. */
#include <stdio.h>
#include "kb_int.h"
#include "t.h"

struct got {
	struct sb out;           /* tokens joined by | */
	int last_end;
	bool order_ok;
};

static int take(void *ctx, int flags, sv token, int start, int end)
{
	struct got *g = ctx;

	g->order_ok = g->order_ok && flags == 0 && start < end && end >= g->last_end;
	g->last_end = end;
	if (g->out.n)
		sb_ch(&g->out, '|');
	sb_put(&g->out, token);
	return 0;
}

static const char *tokens(struct got *g, sv text, int for_query)
{
	sb_init(&g->out, LIM_SB);
	g->last_end = 0;
	g->order_ok = true;
	kb_tokenize(text, for_query, take, g);
	return sb_str(&g->out);
}

static bool tokens_are(const char *text, int for_query, const char *want)
{
	struct got g;
	bool ok = strcmp(tokens(&g, sv_of(text), for_query), want) == 0 && g.order_ok;

	if (!ok)
		fprintf(stderr, "# \"%s\" -> \"%s\", want \"%s\"\n", text, sb_str(&g.out), want);
	sb_done(&g.out);
	return ok;
}

TEST(kb_tokens_of_english)
{
	CHECK(tokens_are("Returns, returned & RETURNING!", 0, "return|return|return"));
	CHECK(tokens_are("deliveries delivery", 0, "delivery|delivery"));
	CHECK(tokens_are("don't the customer\xE2\x80\x99s order", 0, "dont|the|customer|order"));
	CHECK(tokens_are("changing changes changed change", 0, "chang|chang|chang|chang"));
	CHECK(tokens_are("saved saving save", 0, "save|save|save"));
	CHECK(tokens_are("Caf\xC3\xA9 \xEF\xBC\xA1\xEF\xBC\xA2", 0, "cafe|ab"));
	CHECK(tokens_are("", 0, ""));
	CHECK(tokens_are(" \t--- ... ", 0, ""));
}

TEST(kb_tokens_of_numbers)
{
	CHECK(tokens_are("CNY 1,500.50 and 3.5", 0, "cny|1500.50|and|3.5"));
	CHECK(tokens_are("400-810-6600", 0, "400|810|6600"));
	CHECK(tokens_are("HH1234", 0, "hh1234"));
	CHECK(tokens_are("end 5.", 0, "end|5"));
}

TEST(kb_tokens_of_chinese)
{
	CHECK(tokens_are("退货流程", 0, "退货|货流|流程|程"));
	CHECK(tokens_are("退货流程", 1, "退货|货流|流程"));
	CHECK(tokens_are("退", 1, "退"));
	CHECK(tokens_are("退货，流程", 1, "退货|流程"));
	CHECK(tokens_are("用wifi密码", 0, "用|wifi|密码|码"));
	CHECK(tokens_are("１２天", 0, "12|天"));
}

/* The twin: code points in an array, runs found by looking at neighbours. */
static void naive(const uint32_t *r, size_t n, int for_query, struct sb *out)
{
	for (size_t i = 0; i < n; i++) {
		char w[KB_WORD_MAX + 8];
		size_t k = 0;

		if (sv_is_cjk(r[i])) {
			bool next = i + 1 < n && sv_is_cjk(r[i + 1]);
			bool before = i && sv_is_cjk(r[i - 1]);

			if (!next && for_query && before)
				continue;
			if (out->n)
				sb_ch(out, '|');
			sb_rune(out, r[i]);
			if (next)
				sb_rune(out, r[i + 1]);
			continue;
		}
		if (r[i] >= 0x80 || r[i] == ' ')
			continue;
		for (; i < n && r[i] < 0x80 && r[i] != ' '; i++)
			if (k < KB_WORD_MAX)
				w[k++] = (char)r[i];
		i--;
		if (!memchr(w, '1', k))
			k = kb_stem(w, k);
		if (out->n)
			sb_ch(out, '|');
		sb_put(out, sv_n(w, k));
	}
}

TEST(kb_tokens_agree_with_the_naive_twin)
{
	static const uint32_t alphabet[] = { 'a', 'b', 's', 'e', 'd', '1', ' ', 0xFF0C, 0x9000,
					     0x8D27, 0x3042, 0xAC00 };
	struct sb text, want;

	sb_init(&text, 4096);
	sb_init(&want, 65536);
	for (int round = 0; round < 3000; round++) {
		uint32_t r[40];
		size_t n = rng_below(t_rng(), 40);
		struct got g;

		sb_reset(&text);
		sb_reset(&want);
		for (size_t i = 0; i < n; i++) {
			r[i] = alphabet[rng_below(t_rng(), sizeof(alphabet) / sizeof(*alphabet))];
			sb_rune(&text, r[i]);
		}
		naive(r, n, round & 1, &want);
		STR_EQ(tokens(&g, sb_sv(&text), round & 1), sb_str(&want));
		CHECK(g.order_ok);
		sb_done(&g.out);
	}
	sb_done(&text);
	sb_done(&want);
}

TEST(kb_tokenize_survives_any_bytes)
{
	for (int round = 0; round < 2000; round++) {
		char buf[64];
		size_t n = rng_below(t_rng(), sizeof(buf));
		struct got g;

		for (size_t i = 0; i < n; i++)
			buf[i] = (char)rng_below(t_rng(), 256);
		tokens(&g, sv_n(buf, n), round & 1);
		CHECK(g.order_ok && g.last_end <= (int)n);
		sb_done(&g.out);
	}
}

TEST(kb_a_stem_is_its_own_stem)
{
	static const char *const words[] = { "glasses",   "business", "addresses", "bedding",
					     "used",      "missing",  "boxes",     "queries",
					     "assembled", "running",  "agreed",    "process",
					     "sizes" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		char a[KB_WORD_MAX + 8], b[KB_WORD_MAX + 8];
		size_t n = strlen(words[i]), m;

		memcpy(a, words[i], n);
		n = kb_stem(a, n);
		memcpy(b, a, n);
		m = kb_stem(b, n);
		CHECK(m == n && memcmp(a, b, n) == 0);
	}
}

static int stop_at_two(void *ctx, int flags, sv token, int start, int end)
{
	return ++*(int *)ctx == 2 ? ERR_CANCELED : 0;
}

TEST(kb_tokenize_stops_when_told)
{
	int n = 0;

	EQ(kb_tokenize(SV("one two three 四五六"), 0, stop_at_two, &n), ERR_CANCELED);
	EQ(n, 2);
	n = 0;
	EQ(kb_tokenize(SV("退货流程"), 0, stop_at_two, &n), ERR_CANCELED);
	EQ(n, 2);
}

TEST(kb_quote_in_folds_white_space_only)
{
	CHECK(kb_quote_in(SV("30 days from"), SV("You have 30\n  days from delivery.")));
	CHECK(kb_quote_in(SV("30  days"), SV("30 days")));
	CHECK(!kb_quote_in(SV("31 days"), SV("You have 30 days")));
	CHECK(!kb_quote_in(SV("30days"), SV("30 days")));
	CHECK(!kb_quote_in(SV(""), SV("text")));
	CHECK(!kb_quote_in(SV("  "), SV("text")));
	CHECK(!kb_quote_in(SV("longer than the text"), SV("longer")));
	CHECK(kb_quote_in(SV("七天内"), SV("收货后七天内可以退。")));
}

TEST(kb_norm_ignores_case_and_punctuation)
{
	EQ(kb_norm_hash(SV("How do I return?")), kb_norm_hash(SV("how do i RETURN")));
	EQ(kb_norm_hash(SV("怎么退货？")), kb_norm_hash(SV("怎么退货")));
	CHECK(kb_norm_hash(SV("return how")) != kb_norm_hash(SV("how return")));
	CHECK(kb_norm_hash(SV("ab c")) != kb_norm_hash(SV("a bc")));
}

static bool has_term(const struct kb_term *t, size_t n, const char *want)
{
	for (size_t i = 0; i < n; i++)
		if (sv_eq(sv_n(t[i].s, t[i].n), sv_of(want)))
			return true;
	return false;
}

TEST(kb_terms_find_concepts_and_drop_stop_phrases)
{
	struct arena a = { 0 };
	struct kb_lex *x;
	struct kb_term t[KB_TERMS_MAX];
	struct err e = { 0 };
	size_t n;

	arena_init(&a, LIM_ARENA_BIG);
	x = kb_lex_new(&a);
	OK(kb_lex_add(x, SV("# c\n-\thow do i; the\nreturn\tsend back; return\n-\t怎么\n"
			    "return\t寄回\n"), "l", &e));
	n = kb_terms(x, SV("How do I SEND the lamp?"), t, KB_TERMS_MAX);
	CHECK(!has_term(t, n, "#return") && has_term(t, n, "send") && !has_term(t, n, "the"));
	n = kb_terms(x, SV("how do I send back"), t, KB_TERMS_MAX);
	CHECK(has_term(t, n, "#return") && has_term(t, n, "back") && !has_term(t, n, "how"));
	n = kb_terms(x, SV("怎么寄回去"), t, KB_TERMS_MAX);
	CHECK(has_term(t, n, "#return") && has_term(t, n, "寄回") && !has_term(t, n, "怎么"));
	EQ(kb_terms(x, SV("how do I"), t, KB_TERMS_MAX), 0);
	EQ(kb_terms(x, SV("a b c d e f"), t, 3), 3);
	kb_lex_done(x);
	arena_done(&a);
}

TEST(kb_lex_says_which_line_is_wrong)
{
	struct arena a = { 0 };
	struct kb_lex *x;
	struct err e = { 0 };

	arena_init(&a, LIM_ARENA_BIG);
	x = kb_lex_new(&a);
	EQ(kb_lex_add(x, SV("a\tone\nno tab here\n"), "s.tsv", &e), ERR_PARSE);
	HAS(sv_of(e.msg), "s.tsv:2");
	EQ(kb_lex_add(x, SV("b\ttwo; one\n"), "s.tsv", &e), ERR_PARSE);
	HAS(sv_of(e.msg), "two concepts");
	EQ(kb_lex_add(x, SV("c\ta b c d e f g h i j\n"), "s.tsv", &e), ERR_PARSE);
	HAS(sv_of(e.msg), "longer than 8");
	kb_lex_done(x);
	arena_done(&a);
}

TEST(kb_built_in_synonyms_are_consistent)
{
	static const char *const langs[] = { "en", "zh" };

	for (int i = 0; i < 2; i++) {
		struct arena a = { 0 };
		struct kb_lex *x;
		struct err e = { 0 };

		arena_init(&a, LIM_ARENA_BIG);
		x = kb_lex_new(&a);
		CHECK(kb_lex_builtin(sv_of(langs[i])).n > 1000);
		OK(kb_lex_add(x, kb_lex_builtin(sv_of(langs[i])), langs[i], &e));
		kb_lex_done(x);
		arena_done(&a);
	}
	EQ(kb_lex_builtin(SV("xx")).n, 0);
}
