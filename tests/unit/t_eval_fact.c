/* t_eval_fact.c: facts in both languages, by value, and what is not one. */
#include "t.h"
#include "eval.h"

#include <stdio.h>

struct row {
	const char *text, *fact;
	bool says;
};

static void table(const struct row *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (eval_says(sv_of(r[i].text), sv_of(r[i].fact)) != r[i].says)
			t_fail(r[i].text, (int)i, r[i].fact);
}
#define TABLE(rows) table(rows, sizeof(rows) / sizeof(*rows))

TEST(eval_fact_numbers_by_value)
{
	static const struct row rows[] = {
		{ "You have 30 days from delivery.", "30 days", true },
		{ "You have 30 days from delivery.", "thirty days", true },
		{ "You have thirty days.", "30 days", true },
		{ "You have 30 days.", "30", true },
		{ "You have 30 days.", "30 weeks", false },
		{ "You have 130 days.", "30 days", false },
		{ "You have 30.5 days.", "30 days", false },
		{ "a 30-day trial", "30 days", true },
		{ "twenty-four hours", "24 hours", true },
		{ "within 3 working days", "3 working days", true },
		{ "within 3 working days", "3 days", false },
		{ "costs 1,899 yuan", "CNY 1899", true },
		{ "CNY 1899.00 each", "1,899 yuan", true },
		{ "costs CNY 1899", "1898 yuan", false },
		{ "5 % off", "5 percent", true },
		{ "the 2nd try", "2", true },
		{ "call 400-810-6600", "400-810-6600", true },
		{ "call 400-810-6601", "400-810-6600", false },
		{ "call 400-810-6600", "810", false },
		{ "", "30 days", false },
		{ "anything", "", false },
	};
	TABLE(rows);
}

TEST(eval_fact_chinese)
{
	static const struct row rows[] = {
		{ "从签收当天算起30天内", "三十天", true },
		{ "三十天之内", "30 天", true },
		{ "三十五天", "35 days", true },
		{ "三十五天", "30 天", false },
		{ "质保3年", "three years", true },
		{ "七个工作日", "7 working days", true },
		{ "七个工作日", "7 天", false },
		{ "售价￥1,699.00", "1699 元", true },
		{ "一千六百九十九元", "CNY 1699", true },
		{ "1.5万元", "15000 元", true },
		{ "百分之二十", "20%", true },
		{ "两分钟", "2 minutes", true },
		{ "３０天", "30 天", true },
		{ "不能退货", "可以退货", false },
		{ "未使用的商品可以退货", "可以退货", true },
	};
	TABLE(rows);
}

TEST(eval_fact_times_and_dates)
{
	static const struct row rows[] = {
		{ "open from 10:00 to 21:00", "10 am", true },
		{ "open from 10:00 to 21:00", "9 pm", true },
		{ "open from 10:00 to 21:00", "9 am", false },
		{ "每天 8:00 到 22:00", "晚上十点", true },
		{ "上午10点开门", "10:00", true },
		{ "下午3点", "15:00", true },
		{ "on 25 November 2026", "2026-11-25", true },
		{ "on November 25th", "25 November 2026", true },
		{ "2026年11月25日", "25 Nov 2026", true },
		{ "11月25日到货", "November 25", true },
		{ "2026-11-25", "2025-11-25", false },
		{ "2026-11-25", "11月26日", false },
		{ "in March", "march", true },
	};
	TABLE(rows);
}

TEST(eval_fact_words_and_alternatives)
{
	static const struct row rows[] = {
		{ "Free delivery from CNY 99", "free delivery", true },
		{ "Free express delivery", "free delivery", false },
		{ "in three days", "30 days | 3 days", true },
		{ "三天", "30 days | 3 days", true },
		{ "in five days", "30 days | 3 days", false },
		{ "CAFÉ", "cafe", true },
	};
	TABLE(rows);
}

TEST(eval_fact_survives_anything)
{
	struct rng g;
	char text[200], fact[40];
	static const char *const parts[] = { "30", "天",   "百分之", ":",    "-", "年",
					     "pm", "十",   "¥",      "nov",  ",", ".",
					     "|",  "\xff", "万",     "25th", " ", "00" };
	rng_seed(&g, 11);
	for (int round = 0; round < 3000; round++) {
		size_t n = 0, m = 0;
		while (n < sizeof(text) - 16)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s",
					      parts[rng_below(&g, 18)]);
		while (m < sizeof(fact) - 16)
			m += (size_t)snprintf(fact + m, sizeof(fact) - m, "%s",
					      parts[rng_below(&g, 18)]);
		(void)eval_says(sv_of(text), sv_of(fact));
	}
	CHECK(eval_says(SV("30 天"), SV("30 天")));
}
