/* t_kb_asked.c: words that only say who or which are no part of a question. */
#include "kb_int.h"
#include "t.h"

#include <math.h>
#include <stdio.h>

static const char *asked(const char *text, char buf[300])
{
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	sv s = kb_asked(sv_of(text), &a);
	(void)snprintf(buf, 300, SV_FMT, SV_ARG(s));
	arena_done(&a);
	return buf;
}

TEST(numbers_that_only_name_go)
{
	static const char *const cases[][2] = {
		{ "join membership My order is HH2026-100357", "join membership" },
		{ "Can I change my address? My order number is HH2026-100357.",
		  "Can I change my address?" },
		{ "My order: HH2026-100357, can it be that I get no invoice for these",
		  "My order: HH2026-100357, can it be that I get no invoice for these" },
		{ "Order HH2026-100357. I want to send the sofa back",
		  "I want to send the sofa back" },
		{ "lost gift card, my phone is 13812345678 and my e-mail is li@example.com",
		  "lost gift card," },
		{ "can I order without logging in? my order is [order_number_1], thanks",
		  "can I order without logging in? thanks" },
		{ "开卡 我的电话是13812345678", "开卡" },
		{ "怎么开发票，订单号：HH2026100357，谢谢", "怎么开发票， 谢谢" },
		{ "我的手机号是[phone]，想取消宽带安装预约", "想取消宽带安装预约" },
	};
	char b[300];
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		STR_EQ(asked(cases[i][0], b), cases[i][1]);
}

/* Four articles with so many names and features made of a seed, ranked; from: without the first
 * so many. */
static void ranked(uint64_t seed, double own, double others, const struct kb_art *art,
		   struct kb_cand c[4], size_t from)
{
	struct rng r;
	memset(c, 0, 4 * sizeof(*c));
	rng_seed(&r, seed);
	for (int i = 0; i < 4; i++) {
		for (int k = KF_TITLE; k < KF_N; k++)
			c[i].f[k] = rng_unit(&r);
		c[i].f[KF_EXACT] = 0;
		c[i].f[KF_NAMES] = log(i ? others : own) / 3;
		c[i].art = (uint32_t)i;
		c[i].a = art;
	}
	kb_rank(SV("en"), NULL, c + from, 4 - from, 4);
}

/* The probability of the one with its own number of names. */
static double p_of(uint64_t seed, double own, double others, bool product)
{
	const struct kb_art art = { .product = product };
	struct kb_cand c[4];
	ranked(seed, own, others, &art, c, 0);
	for (int i = 0; i < 4; i++)
		if (c[i].art == 0)
			return c[i].p;
	return -1;
}

TEST(an_article_with_few_names_among_grown_ones_is_judged_by_its_own)
{
	size_t other = 0;
	for (uint64_t s = 1; s <= 40; s++) {
		double few = p_of(s, 6, 30, false), product = p_of(s, 6, 30, true);
		CHECK(few >= 0 && few <= 1);
		other += fabs(few - product) > 0.02;
		/* all have few names, or it has many itself */
		NEAR(p_of(s, 6, 8, false), p_of(s, 6, 8, true), 1e-12);
		NEAR(p_of(s, 25, 30, false), p_of(s, 25, 30, true), 1e-12);
	}
	CHECK(other > 20);
}

/* The order is that of the scores, but that of the first ones the likeliest goes first. */
TEST(the_likeliest_comes_first)
{
	const struct kb_art art = { 0 };
	struct kb_cand c[4];
	size_t moved = 0;
	for (uint64_t s = 1; s <= 300; s++) {
		ranked(s, 6, 30, &art, c, 0);
		for (int i = 2; i < 4; i++)
			CHECK(c[i].score <= c[i - 1].score);
		moved += c[0].score < c[1].score;
		for (int i = 1; i < 3; i++)
			CHECK(c[i].art || c[i].p <= c[0].p);
		/* all of one age: by score alone */
		ranked(s, 30, 30, &art, c, 0);
		for (int i = 1; i < 4; i++)
			CHECK(c[i].score <= c[i - 1].score);
	}
	CHECK(moved > 0);
}

/* A new article takes nothing from what is answered or offered but what is likelier its own. */
TEST(an_article_with_few_names_leaves_the_others_as_they_were)
{
	const struct kb_art art = { 0 };
	struct kb_cand with[4], alone[4];
	size_t kept = 0, taken = 0;
	for (uint64_t s = 1; s <= 300; s++) {
		ranked(s, 6, 30, &art, with, 0);
		ranked(s, 6, 30, &art, alone, 1);
		if (!with[0].art) {
			taken++;
			CHECK(with[0].p >= alone[1].p);
			continue;
		}
		kept++;
		EQ(with[0].art, alone[1].art);
		NEAR(with[0].p, alone[1].p, 1e-12);
	}
	CHECK(kept > 0);
	CHECK(taken > 0);
}

/* However sure the new ones are: a name said word for word goes first, and they cannot hide who
 * answers by their number. */
TEST(articles_with_few_names_do_not_hide_the_others)
{
	const struct kb_art art = { 0 };
	struct kb_cand c[8];
	for (uint64_t s = 1; s <= 100; s++) {
		struct rng r;
		rng_seed(&r, s);
		memset(c, 0, sizeof(c));
		for (int i = 0; i < 8; i++) {
			for (int k = KF_TITLE; k < KF_N; k++)
				c[i].f[k] = rng_unit(&r);
			c[i].f[KF_EXACT] = i == 7;
			c[i].f[KF_NAMES] = log(i < 3 ? 5 : 30) / 3;
			c[i].art = (uint32_t)i;
			c[i].a = &art;
		}
		kb_rank(SV("en"), NULL, c, 8, 3);
		EQ(c[0].art, 7);
		for (int i = 0; i < 8; i++)
			c[i].f[KF_EXACT] = 0;
		kb_rank(SV("en"), NULL, c, 8, 3);
		struct kb_cand alone[5];
		size_t n = 0;
		for (int i = 0; i < 8; i++)
			if (c[i].art > 2)
				alone[n++] = c[i];
		kb_rank(SV("en"), NULL, alone, n, 3);
		CHECK(c[0].p >= alone[0].p - 1e-12);
	}
}

TEST(what_it_is_about_stays)
{
	static const char *const same[] = {
		"where is my order HH2026-100357",
		"My order is HH2026-100357, where is it",
		"My order is HH2026-100357. When does this arrive?",
		"my order is HH2026-100357",
		"hi, my order is HH2026-100357",
		"account 13812345678 is locked",
		"订单HH2026-100357到哪了",
		"我的订单号是HH2026100357，它到哪里了",
		"你好，我的订单是HH2026-100357",
		"do you have the desk 1042",
		"is 10000 the most I can pay by card",
		"call 10086",
		"[",
		"my order is [",
		"",
	};
	char b[300];
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		STR_EQ(asked(same[i], b), same[i]);
}
