/* Unit tests of small readings: yes and no, questions, digits, claims. */
#include <stdio.h>

#include "t_talk_help.h"

static const struct {
	const char *text;
	enum flow_yes is;
} answers[] = {
	{ "yes", FLOW_YES },
	{ "Yes please.", FLOW_YES },
	{ "yeah, go ahead", FLOW_YES },
	{ "OK", FLOW_YES },
	{ "Sure, do it", FLOW_YES },
	{ "that's right", FLOW_YES },
	{ "Yes, I confirm", FLOW_YES },
	{ "yes yes", FLOW_YES },
	{ "please go ahead then, thank you", FLOW_YES },
	{ "sounds good", FLOW_YES },
	{ "是的", FLOW_YES },
	{ "好", FLOW_YES },
	{ "好的，谢谢", FLOW_YES },
	{ "可以", FLOW_YES },
	{ "对，就这样", FLOW_YES },
	{ "嗯嗯好的", FLOW_YES },
	{ "没问题，帮我办理吧", FLOW_YES },
	{ "确认", FLOW_YES },
	{ "行吧", FLOW_YES },
	{ "那就取消吧", FLOW_YES },
	{ "是的，麻烦您了", FLOW_YES },
	{ "同意！", FLOW_YES },
	{ "好的，申请吧", FLOW_YES },
	{ "好的，帮我办吧", FLOW_YES },
	{ "行，就这样办", FLOW_YES },
	{ "yes, go ahead and do that", FLOW_YES },
	{ "I would like to keep the lamp", FLOW_NO },
	{ "我还是留着吧", FLOW_NO },
	{ "I'll keep my order", FLOW_NO },
	{ "I'd rather keep this", FLOW_NO },
	{ "You keep my money and send nothing", FLOW_UNSURE },
	{ "you will keep the money", FLOW_UNSURE },
	{ "they still keep my parcel", FLOW_UNSURE },
	{ "I no longer want to keep the lamp", FLOW_UNSURE },
	{ "great, thank you", FLOW_YES },
	{ "perfect", FLOW_YES },
	{ "oh great, yes please", FLOW_YES },
	{ "oh great", FLOW_UNSURE },
	{ "just perfect", FLOW_UNSURE },
	{ "oh that is just great, thanks", FLOW_UNSURE },
	{ "yes, keep the same address", FLOW_UNSURE },
	{ "how do I keep the receipt?", FLOW_UNSURE },
	{ "no", FLOW_NO },
	{ "No thanks", FLOW_NO },
	{ "not that one", FLOW_NO },
	{ "no no, stop", FLOW_NO },
	{ "never mind", FLOW_NO },
	{ "forget it", FLOW_NO },
	{ "I don't want that", FLOW_NO },
	{ "please don't", FLOW_NO },
	{ "no, not that one, ok", FLOW_NO },
	{ "not yet", FLOW_NO },
	{ "不用了", FLOW_NO },
	{ "算了", FLOW_NO },
	{ "不是", FLOW_NO },
	{ "不行", FLOW_NO },
	{ "先不要", FLOW_NO },
	{ "不用了谢谢", FLOW_NO },
	{ "还是算了吧", FLOW_NO },
	{ "我再想想", FLOW_NO },
	{ "不，不是这个", FLOW_NO },
	{ "不取消了", FLOW_NO },
	{ "别", FLOW_NO },
	{ "不好", FLOW_NO },
	{ "不可以", FLOW_NO },
	{ "不确定", FLOW_NO },
	{ "actually no, keep it please", FLOW_NO },
	{ "no wait, keep it", FLOW_NO },
	{ "don't cancel it", FLOW_NO },
	{ "等一下，先别取消", FLOW_NO },
	{ "actually yes", FLOW_YES },
	{ "ok, wait", FLOW_UNSURE },
	{ "好的，等一下", FLOW_UNSURE },
	{ "", FLOW_UNSURE },
	{ "?", FLOW_UNSURE },
	{ "please", FLOW_UNSURE },
	{ "yes, but how much is the fee", FLOW_UNSURE },
	{ "is that ok?", FLOW_UNSURE },
	{ "可以吗？", FLOW_UNSURE },
	{ "好贵", FLOW_UNSURE },
	{ "对了，多少钱", FLOW_UNSURE },
	{ "where is my order", FLOW_UNSURE },
	{ "我要投诉", FLOW_UNSURE },
	{ "可以便宜点吗", FLOW_UNSURE },
	{ "notebook", FLOW_UNSURE },
	{ "是不是要收费", FLOW_UNSURE },
	{ "1234", FLOW_UNSURE },
	{ "好的，但是运费谁出", FLOW_UNSURE },
	{ "the yes button", FLOW_UNSURE },
};

TEST(talk_yes_or_no_is_read_from_whole_utterances)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		enum flow_yes got = talk_yes(sv_of(answers[i].text));
		if (got != answers[i].is)
			printf("# \"%s\": %d, not %d\n", answers[i].text, got, answers[i].is);
		EQ(got, answers[i].is);
	}
}

TEST(talk_yes_survives_any_bytes)
{
	struct rng r;
	rng_seed(&r, 3);
	for (int i = 0; i < 20000; i++) {
		char s[600], d[8];
		size_t n = rng_below(&r, sizeof(s));
		for (size_t k = 0; k < n; k++)
			s[k] = (char)rng_below(&r, 256);
		(void)talk_yes(sv_n(s, n));
		(void)talk_is_question(sv_n(s, n));
		CHECK(talk_digits(sv_n(s, n), d, 8) <= 8);
	}
}

TEST(talk_yes_knows_a_question)
{
	static const char *const yes[] = { "How much is it", "is it free?", "要收费吗",
					   "那多久能到", "what about the lamp", "Can I keep it",
					   "运费呢", "能不能快点" };
	static const char *const no[] = { "1037", "HH2026-100108", "I want to return it", "好的",
					  "取消订单", "the lamp is broken", "" };
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		CHECK(talk_is_question(sv_of(yes[i])));
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		CHECK(!talk_is_question(sv_of(no[i])));
}

TEST(talk_yes_digits_typed_and_spoken)
{
	static const struct {
		const char *text, *is;
	} rows[] = {
		{ "1037", "1037" }, { "it's 10 37.", "1037" }, { "one zero three seven", "1037" },
		{ "oh five oh five", "0505" }, { "幺零三七", "1037" }, { "后四位是 1037", "1037" },
		{ "someone", "" }, { "一〇三七", "1037" }, { "12345678901234", "12345678901234" },
		{ "none of it", "" }, { "the last four digits are 1037", "1037" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char d[24];
		int n = talk_digits(sv_of(rows[i].text), d, sizeof(d));
		SV_EQ(sv_n(d, (size_t)n), rows[i].is);
	}
}

TEST(talk_yes_a_claim_that_something_was_done)
{
	static const char *const claims[] = {
		"I have cancelled your order.",
		"Your order HH2026-100108 has been cancelled.",
		"We've refunded your money.",
		"Your address was changed.",
		"已为您取消订单。",
		"退款已经提交，请您等待。",
		"已经帮您登记好了。",
		"订单取消成功。",
		"Your return has been created.",
		"You are verified, your level is now 3.",
		"身份已确认，我来帮您查。",
	};
	static const char *const plain[] = {
		"Shall I cancel it?", "You can cancel an order before it ships.",
		"Your order is on its way.", "可以在发货前取消。", "要为您取消吗？",
		"Refunds take 3 days.", "您的订单正在配送途中。",
	};
	for (size_t i = 0; i < sizeof(claims) / sizeof(*claims); i++) {
		if (!talk_claims_effect(sv_of(claims[i])))
			printf("# claim %zu\n", i);
		CHECK(talk_claims_effect(sv_of(claims[i])));
	}
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		if (talk_claims_effect(sv_of(plain[i])))
			printf("# plain %zu\n", i);
		CHECK(!talk_claims_effect(sv_of(plain[i])));
	}
}
