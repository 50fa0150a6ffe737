/* What the customer will probably answer: a table of last sentences, English and Chinese. */
#include <stdio.h>
#include "t_talk_help.h"

TEST(talk_expect_by_the_last_sentence)
{
	static const struct {
		const char *text;
		enum chan_expect want;
		bool order;
	} rows[] = {
		{ "What can I do for you?", CHAN_EXPECT_OPEN, false },
		{ "You have 30 days.", CHAN_EXPECT_OPEN, false },
		{ "", CHAN_EXPECT_OPEN, false },
		{ "Is that right?", CHAN_EXPECT_YESNO, false },
		{ "I found it. Do you want to return it?", CHAN_EXPECT_YESNO, false },
		{ "If it is broken, shall I send a new one?", CHAN_EXPECT_YESNO, false },
		{ "Your parcel is in Xi'an, is that correct?", CHAN_EXPECT_YESNO, false },
		{ "Do you want a refund or a new one?", CHAN_EXPECT_OPEN, false },
		{ "You are welcome! Is there anything else I can help with?", CHAN_EXPECT_OPEN,
		  false },
		{ "Please tell me your order number.", CHAN_EXPECT_DIGITS, true },
		{ "What is your phone number?", CHAN_EXPECT_DIGITS, false },
		{ "Do you have the order number at hand?", CHAN_EXPECT_DIGITS, true },
		{ "Please enter the last four digits of your card number.", CHAN_EXPECT_DIGITS,
		  false },
		{ "The order number is on the parcel. Anything else?", CHAN_EXPECT_OPEN, false },
		{ "Your order number stands in the e-mail.", CHAN_EXPECT_OPEN, false },
		{ "What is your e-mail address?", CHAN_EXPECT_SPELLING, false },
		{ "Could you spell your last name for me?", CHAN_EXPECT_SPELLING, false },
		{ "您的订单号是多少？", CHAN_EXPECT_DIGITS, true },
		{ "请提供您的手机号。", CHAN_EXPECT_DIGITS, false },
		{ "请输入验证码，以井号键结束。", CHAN_EXPECT_DIGITS, false },
		{ "您要退货吗？", CHAN_EXPECT_YESNO, false },
		{ "地址没有变，对吗", CHAN_EXPECT_YESNO, false },
		{ "不客气！还有别的可以帮您吗？", CHAN_EXPECT_OPEN, false },
		{ "请问有什么可以帮您？", CHAN_EXPECT_OPEN, false },
		{ "请告诉我您的邮箱。", CHAN_EXPECT_SPELLING, false },
		{ "订单号在包裹单上。", CHAN_EXPECT_OPEN, false },
		{ "您想退款还是换货吗？", CHAN_EXPECT_OPEN, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool order = true;
		enum chan_expect is = talk_expect(sv_of(rows[i].text), &order);
		if (is != rows[i].want || order != rows[i].order)
			printf("# \"%s\": %d, order %d\n", rows[i].text, (int)is, order);
		EQ(is, rows[i].want);
		EQ(order, rows[i].order);
	}
}

/* Long texts are judged by their end, at whole letters. */
TEST(talk_expect_of_a_long_text)
{
	struct sb b;
	bool order;
	sb_init(&b, LIM_SB);
	for (int i = 0; i < 200; i++)
		sb_cstr(&b, "您好，");
	sb_cstr(&b, "。您要退货吗？");
	for (size_t cut = 0; cut < 12; cut++)
		EQ(talk_expect(sv_slice(sb_sv(&b), cut, b.n), &order), CHAN_EXPECT_YESNO);
	sb_done(&b);
}

/* Our own texts: marked ones by their marks, and in both languages the same. */
TEST(talk_expect_of_our_own_texts)
{
	struct talk_texts *x = bench_texts();
	bool order;
	static const char *const langs[] = { "en", "zh" };
	for (int l = 0; l < 2; l++) {
		sv lang = sv_of(langs[l]);
		CHECK(talk_text_legal(x, lang, "disclosure"));
		CHECK(!talk_text_legal(x, lang, "greeting_voice"));
		static const char *const open[] = { "still_there", "greeting_voice", "clarify",
						    "small_thanks", "transfer_failed" };
		for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++)
			EQ(talk_text_expect(x, lang, open[i], talk_text(x, lang, open[i], 0),
					    &order),
			   CHAN_EXPECT_OPEN);
	}
	obj_unref(x);
}

static enum chan_expect said(struct bench *b)
{
	const struct talk_act *s = NULL;
	for (size_t i = 0; i < b->acts.n; i++)
		if (b->acts.v[i].kind == TACT_SAY)
			s = &b->acts.v[i];
	ASSERT(s);
	return s->expect;
}

/* A reply, whole or in pieces, tells it with its last piece. */
TEST(talk_expect_goes_with_the_say)
{
	struct bench b;
	bench_open(&b, CHAN_VOICE | CHAN_DTMF | CHAN_ASR, 1);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone" });
	EQ(said(&b), CHAN_EXPECT_OPEN);
	bench_feed(&b, ev_text("where is my order"));
	bench_feed(&b, ev_found(&b));
	bench_feed(&b, ev_call(&b, "clarify", "{\"question\":\"What is your order number?\"}"));
	bench_feed(&b, ev_end(&b, 0));
	EQ(said(&b), CHAN_EXPECT_DIGITS);
	EQ(b.c.expect, CHAN_EXPECT_DIGITS);
	CHECK(b.c.order_asked);
	bench_feed(&b, ev_text("how long can I return an article"));
	bench_feed(&b, ev_found(&b));
	bench_feed(&b, ev_delta(&b, "You have 30 days to return an article. [1] Are "));
	EQ(said(&b), CHAN_EXPECT_OPEN);
	bench_feed(&b, ev_delta(&b, "unused articles only? [1]"));
	bench_feed(&b, ev_end(&b, 0));
	EQ(said(&b), CHAN_EXPECT_YESNO);
	bench_close(&b);
}
