/* The telephone's keys: a number that was asked for, a menu, zero; and what the record keeps. */
#include <stdio.h>
#include "t_talk_help.h"

#define PHONE (CHAN_VOICE | CHAN_DTMF | CHAN_ASR)

/* A call in which question was asked, and is still being said. */
static void ask_for(struct bench *b, const char *question)
{
	bench_open(b, PHONE, 1);
	bench_feed(b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone" });
	b->c.expect = talk_expect(sv_of(question), &b->c.order_asked);
	EQ(b->c.expect, CHAN_EXPECT_DIGITS);
}

static void press(struct bench *b, const char *keys)
{
	for (; *keys; keys++)
		bench_feed(b, (struct talk_ev){ .kind = TEV_KEY, .text = sv_n(keys, 1),
						.now_us = b->c.now_us + 300000 });
}

static void pause_keys(struct bench *b)
{
	bench_feed(b, (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_KEYS,
					.now_us = b->c.now_us + 3000000 });
}

TEST(talk_keys_a_number_is_one_text)
{
	static const struct {
		const char *keys, *becomes;
		bool pause;
	} rows[] = {
		{ "20260117#", "20260117", false },
		{ "20260117", "20260117", true },
		{ "99*20260117#", "20260117", false },
		{ "10#", "10", false },
		{ "00#", "00", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;
		ask_for(&b, "What is your order number?");
		press(&b, rows[i].keys);
		EQ(!bench_rec(&b, "turn.customer"), rows[i].pause);
		if (rows[i].pause)
			pause_keys(&b);
		const struct talk_act *r = bench_rec(&b, "turn.customer");
		CHECK(r);
		HAS(r->text, "\"via\":\"dtmf\"");
		SV_EQ(b.c.t.text, rows[i].becomes);
		CHECK(bench_act(&b, TACT_SEARCH));
		EQ(b.c.n_digits, 0);
		EQ(b.c.turn, 1);
		bench_close(&b);
	}
}

/* Speech of ours stops at the first key. */
TEST(talk_keys_stop_what_is_said)
{
	struct bench b;
	ask_for(&b, "What is your order number?");
	CHECK(talk_core_hushes(&b.c, TEV_KEY));
	press(&b, "2");
	CHECK(bench_rec(&b, "turn.cut"));
	EQ(b.c.sm.now, TS_LISTENING);
	EQ(b.c.speaking, 0);
	bench_close(&b);
}

TEST(talk_keys_zero_alone_is_a_person_also_here)
{
	struct bench b;
	ask_for(&b, "What is your order number?");
	press(&b, "0");
	CHECK(!bench_act(&b, TACT_SAY));
	pause_keys(&b);
	HAS(bench_rec(&b, "turn.bot")->text, "\"action\":\"handoff\"");
	bench_close(&b);
}

/* Nobody asked for a number: a menu, at once. */
TEST(talk_keys_without_a_question_are_the_menu)
{
	struct bench b;
	bench_open(&b, PHONE, 0);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone" });
	press(&b, "6");
	SV_EQ(bench_act(&b, TACT_ARTICLE)->text, "store-hours");
	press(&b, "0");
	HAS(bench_rec(&b, "turn.bot")->text, "\"action\":\"handoff\"");
	bench_close(&b);
}

/* No row holds a long number in clear, and no model sees what was not asked for. */
TEST(talk_keys_records_keep_no_long_number)
{
	static const struct {
		const char *question, *keys, *gone, *model;
	} rows[] = {
		{ "What is your card number?", "4111111111111111#", "41111111", "[bank_card]" },
		{ "What is your phone number?", "13800138000#", "13800138", "[phone]" },
		{ "What is your PIN code?", "4711#", "4711", "[digits]" },
		{ "What is your customer number?", "88123456#", "88123456", "[digits]" },
		{ "What is your order number?", "20260117#", "20260117", "20260117" },
		{ "How many digits does it have?", "12#", "!", "12" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;
		ask_for(&b, rows[i].question);
		press(&b, rows[i].keys);
		for (size_t k = 0; k < b.acts.n; k++)
			if (b.acts.v[k].kind == TACT_RECORD)
				CHECK(sv_find(b.acts.v[k].text, sv_of(rows[i].gone)) < 0);
		SV_EQ(b.c.t.model_text, rows[i].model);
		bench_close(&b);
	}
}

/* A card typed in unasked: the first keys are a menu, the rest is not kept. */
TEST(talk_keys_a_row_nobody_asked_for_is_not_recorded)
{
	struct bench b;
	char kept[20] = "";
	size_t n = 0;
	bench_open(&b, PHONE, 0);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone", .now_us = 1 });
	for (const char *k = "4111111111111111"; *k; k++) {
		char one[2] = { *k, 0 };
		press(&b, one);
		const struct talk_act *r = bench_rec(&b, "call.dtmf");
		CHECK(r);
		kept[n++] = r->text.p[10];
	}
	STR_EQ(kept, "411xxxxxxxxxxxxx");
	bench_feed(&b, (struct talk_ev){ .kind = TEV_KEY, .text = SV("0"),
					 .now_us = b.c.now_us + 9000000 });
	HAS(bench_rec(&b, "call.dtmf")->text, "\"digit\":\"0\"");
	bench_close(&b);
}

/* Words, hold or the end drop a number that was not finished. */
TEST(talk_keys_an_unfinished_number_does_not_stay)
{
	for (int how = 0; how < 3; how++) {
		struct bench b;
		ask_for(&b, "What is your order number?");
		press(&b, "123");
		EQ(b.c.n_digits, 3);
		if (how == 0)
			bench_feed(&b, ev_text("how long can I return an article"));
		else
			bench_feed(&b, (struct talk_ev){ .kind = how == 1 ? TEV_HOLD : TEV_CLOSE });
		EQ(b.c.n_digits, 0);
		const struct talk_act *stop = NULL;
		for (size_t i = 0; i < b.acts.n; i++)
			if (b.acts.v[i].kind == TACT_TIMER && b.acts.v[i].timer == TT_KEYS)
				stop = &b.acts.v[i];
		CHECK(stop && stop->ms == 0);
		bench_close(&b);
	}
}

TEST(talk_keys_more_digits_than_a_number_has)
{
	struct bench b;
	ask_for(&b, "What is your order number?");
	for (int i = 0; i < 100; i++)
		press(&b, "7");
	EQ(b.c.n_digits, TALK_DIGITS);
	press(&b, "#");
	EQ(b.c.t.text.n, TALK_DIGITS);
	bench_close(&b);
}

/* The tones of keys are taken for speech now and then: nothing is said over a number. */
TEST(talk_keys_nothing_is_said_over_a_number)
{
	struct bench b;
	ask_for(&b, "What is your order number?");
	press(&b, "2026");
	bench_feed(&b, (struct talk_ev){ .kind = TEV_SPEECH_START });
	bench_feed(&b, (struct talk_ev){ .kind = TEV_SPEECH_NOTHING });
	CHECK(!bench_act(&b, TACT_SAY));
	bench_feed(&b, (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_SILENCE });
	CHECK(!bench_act(&b, TACT_SAY));
	bench_feed(&b, (struct talk_ev){ .kind = TEV_ASR_LOST });
	CHECK(!bench_act(&b, TACT_SAY));
	press(&b, "0117#");
	SV_EQ(b.c.t.text, "20260117");
	bench_close(&b);
}

/* Keyed in while the model still speaks: what it asked for, not the menu. */
TEST(talk_keys_before_the_question_is_over)
{
	struct bench b;
	bench_open(&b, PHONE, 1);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "phone" });
	b.hits[0].body_md = SV("To return an article please tell us your phone number.");
	bench_feed(&b, ev_text("how long can I return an article"));
	bench_feed(&b, ev_found(&b));
	bench_feed(&b, ev_delta(&b, "Please tell me your phone number. A"));
	CHECK(bench_act(&b, TACT_SAY));
	press(&b, "2");
	EQ(b.c.n_digits, 1);
	CHECK(!bench_act(&b, TACT_ARTICLE));
	bench_close(&b);
}
