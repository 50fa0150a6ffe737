/* Nobody comes: a call back, its number, a message; and how it was: the questions and the
 * answers in numbers, keys and words. */
#include <stdio.h>
#include "t_talk_help.h"

#define PHONE (CHAN_VOICE | CHAN_DTMF | CHAN_ASR | CHAN_PARTIES)

static void start(struct bench *b, unsigned caps, const char *lang, bool number)
{
	bench_open(b, caps, 0);
	memcpy(b->c.lang, lang, 3);
	memcpy(b->c.feel.lang, lang, 3);
	b->c.person.there = true;
	bench_feed(b, (struct talk_ev){ .kind = TEV_OPEN, .number = number });
	if (caps & CHAN_VOICE)
		bench_feed(b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b->c.say_id });
}

static void played(struct bench *b)
{
	if (b->c.voice && b->c.speaking)
		bench_feed(b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b->c.say_id });
}

static void waiting(struct bench *b, unsigned caps, const char *lang, bool number)
{
	start(b, caps, lang, number);
	bench_feed(b, ev_text(strcmp(lang, "zh") == 0 ? "转人工" : "I want to talk to a person"));
	played(b);
	ASSERT(b->c.move == MOVE_ASKED);
}

static void word(struct bench *b, struct talk_word w)
{
	bench_feed(b, (struct talk_ev){ .kind = TEV_WORD, .word = &w });
}

static void nobody(struct bench *b, const char *why)
{
	word(b, (struct talk_word){ .kind = WORD_NOBODY, .why = sv_of(why) });
}

static sv said(struct bench *b)
{
	const struct talk_act *x = bench_act(b, TACT_SAY);
	return x ? x->text : SV("");
}

static void say(struct bench *b, const char *text)
{
	played(b);
	bench_feed(b, ev_text(text));
}

TEST(talk_offer_by_the_reason)
{
	static const struct {
		const char *why, *en, *zh;
		bool over;
	} rows[] = {
		{ "closed", "not in just now", "不是人工服务时间", true },
		{ "full", "queue is full", "排队的人也满了", true },
		{ "timeout", "takes so long", "久等", true },
		{ "voicemail", "one message", "一条消息", true },
		{ "callback_offer", "longer than we would like", "等待的时间", false },
		{ "what", "takes so long", "久等", true },
	};
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;
		bool zh = i & 1;
		waiting(&b, 0, zh ? "zh" : "en", false);
		nobody(&b, rows[i / 2].why);
		HAS(said(&b), zh ? rows[i / 2].zh : rows[i / 2].en);
		EQ(bench_rec(&b, "handover.failed") != NULL, rows[i / 2].over);
		EQ(b.c.move, rows[i / 2].over ? MOVE_NONE : MOVE_ASKED);
		bench_close(&b);
	}
}

/* No call back: a message where the queue takes one, else the sentence alone. */
TEST(talk_offer_what_the_queue_offers)
{
	static const char *const whys[] = { "closed", "full", "timeout" };
	for (int i = 0; i < 12; i++) {
		struct bench b;
		bool zh = i & 1, message = i & 2;
		waiting(&b, i % 3 ? PHONE : 0, zh ? "zh" : "en", false);
		word(&b, (struct talk_word){ .kind = WORD_NOBODY, .why = sv_of(whys[i % 3]),
					     .no_callback = true, .voicemail = message });
		EQ(b.c.move, MOVE_NONE);
		EQ(b.c.person.offer, message ? OFFER_MESSAGE : OFFER_NOTHING);
		EQ(sv_find(said(&b), zh ? SV("回电") : SV("call you back")), -1);
		EQ(sv_find(said(&b), zh ? SV("联系") : SV("get back to you")) >= 0, message);
		say(&b, zh ? "我的洗衣机漏水了，告诉同事" : "My washing machine leaks");
		EQ(bench_rec(&b, "voicemail") != NULL, message);
		EQ(bench_act(&b, TACT_LEAVE) != NULL, message);
		bench_close(&b);
	}
}

TEST(talk_offer_no_call_back_while_waiting)
{
	for (int zh = 0; zh < 2; zh++) {
		struct bench b;
		const char *call = zh ? "你们给我回个电话吧" : "call me back instead";
		struct talk_word at = { .kind = WORD_QUEUED, .position = 2, .wait_ms = -1 };
		waiting(&b, PHONE, zh ? "zh" : "en", true);
		at.no_callback = true;
		word(&b, at);
		say(&b, call);
		HAS(said(&b), zh ? "不提供回电" : "cannot offer you a call back");
		EQ(b.c.person.offer, OFFER_NOTHING);
		EQ(b.c.move, MOVE_ASKED);
		say(&b, zh ? "好的" : "yes");
		CHECK(!bench_act(&b, TACT_CALLBACK) && !bench_act(&b, TACT_LEAVE));
		/* the queue it is moved to calls back */
		at.no_callback = false;
		played(&b);
		word(&b, at);
		say(&b, call);
		say(&b, zh ? "可以" : "yes");
		CHECK(bench_act(&b, TACT_CALLBACK));
		bench_close(&b);
	}
}

/* A chat: yes, a number, read back by its end, yes. */
TEST(talk_offer_a_call_back_from_a_chat)
{
	for (int zh = 0; zh < 2; zh++) {
		struct bench b;
		waiting(&b, 0, zh ? "zh" : "en", false);
		nobody(&b, "closed");
		say(&b, zh ? "需要" : "yes please");
		HAS(said(&b), zh ? "哪个号码" : "which number");
		say(&b, "13800138000");
		HAS(said(&b), "8000");
		CHECK(sv_find(said(&b), SV("138")) < 0);
		CHECK(!bench_act(&b, TACT_CALLBACK));
		say(&b, zh ? "不对" : "no");
		HAS(said(&b), zh ? "哪个号码" : "which number");
		say(&b, "13900139001");
		say(&b, zh ? "对的" : "yes");
		SV_EQ(bench_act(&b, TACT_CALLBACK)->text, "13900139001");
		HAS(bench_rec(&b, "callback.asked")->text, "[phone]");
		CHECK(!bench_act(&b, TACT_LEAVE));   /* the wish was over already */
		HAS(said(&b), zh ? "回电" : "call you back");
		EQ(b.c.person.offer, OFFER_NOTHING);
		bench_close(&b);
	}
}

/* A call: on the number they call from; keys answer; the place ends with the agreement. */
TEST(talk_offer_a_call_back_by_key_gives_up_the_place)
{
	struct bench b;
	waiting(&b, PHONE, "en", true);
	nobody(&b, "callback_offer");
	HAS(said(&b), "the number you are calling from");
	played(&b);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_KEY, .text = SV("1") });
	SV_EQ(bench_act(&b, TACT_CALLBACK)->text, "");
	SV_EQ(bench_act(&b, TACT_LEAVE)->text, "callback");
	HAS(bench_rec(&b, "handover.failed")->text, "callback");
	EQ(b.c.move, MOVE_NONE);
	bench_close(&b);
	waiting(&b, PHONE, "en", true);
	nobody(&b, "callback_offer");
	say(&b, "no thanks");
	HAS(said(&b), "keep your place");
	EQ(b.c.move, MOVE_ASKED);
	bench_close(&b);
}

/* Read back to the ear whole, on the record not. */
TEST(talk_offer_the_number_is_not_on_the_record)
{
	struct bench b;
	waiting(&b, PHONE, "en", false);
	nobody(&b, "full");
	say(&b, "yes");
	EQ(b.c.expect, CHAN_EXPECT_DIGITS);
	say(&b, "one three eight zero zero one three eight zero zero zero");
	SV_EQ(said(&b), "That is 1 3 8 0, 0 1 3 8, 0 0 0. Is that right?");
	HAS(bench_rec(&b, "turn.bot")->text, "[phone]");
	CHECK(sv_find(bench_rec(&b, "turn.bot")->text, SV("1 3 8 0")) < 0);
	CHECK(!strstr(b.c.past[b.c.n_past - 1].text, "1 3 8 0"));
	EQ(b.c.expect, CHAN_EXPECT_YESNO);
	CHECK(bench_act(&b, TACT_SAY)->hidden);
	played(&b);
	HAS(bench_rec(&b, "turn.played")->text, "\"heard_text\":\"[phone]\"");
	bench_close(&b);
}

TEST(talk_offer_another_wish_is_served)
{
	static const char *const texts[] = { "how long can I return an article", "mumble",
					     "I want a real person" };
	for (size_t i = 0; i < 3; i++) {
		struct bench b;
		waiting(&b, 0, "en", false);
		nobody(&b, "closed");
		say(&b, texts[i]);
		if (i == 0)
			CHECK(bench_act(&b, TACT_SEARCH));
		if (i == 1)
			HAS(said(&b), "yes or no");
		if (i == 2)
			CHECK(bench_act(&b, TACT_PERSON));
		EQ(b.c.person.offer != OFFER_NOTHING, i == 1);
		bench_close(&b);
	}
}

/* The digits of an order are no number to call. */
TEST(talk_offer_an_order_is_no_telephone)
{
	static const char *const texts[] = { "where is my order HH2026-100186?",
					     "我的订单HH2026-100186到哪了？" };
	for (int i = 0; i < 4; i++) {
		struct bench b;
		waiting(&b, 0, i & 1 ? "zh" : "en", false);
		nobody(&b, "closed");
		if (i > 1)
			say(&b, i & 1 ? "好的" : "yes");
		say(&b, texts[i & 1]);
		EQ(b.c.person.offer, OFFER_NOTHING);
		CHECK(bench_act(&b, TACT_SEARCH));
		bench_close(&b);
	}
}

TEST(talk_offer_call_me_back_while_waiting)
{
	struct bench b;
	waiting(&b, PHONE, "zh", true);
	say(&b, "别等了，你们给我回个电话吧");
	HAS(said(&b), "回电");
	say(&b, "可以");
	CHECK(bench_act(&b, TACT_CALLBACK));
	SV_EQ(bench_act(&b, TACT_LEAVE)->text, "callback");
	bench_close(&b);
}

TEST(talk_offer_a_message)
{
	struct bench b;
	waiting(&b, PHONE, "en", false);
	nobody(&b, "voicemail");
	HAS(said(&b), "leave a message");
	say(&b, "Tell a person that my washing machine leaks, my number is 13800138000");
	const struct talk_act *x = bench_rec(&b, "voicemail");
	HAS(x->text, "washing machine leaks");
	HAS(x->text, "[phone]");
	SV_EQ(bench_act(&b, TACT_LEAVE)->text, "voicemail");
	CHECK(!bench_act(&b, TACT_PERSON));
	HAS(said(&b), "passed that on");
	bench_close(&b);
	for (int zh = 0; zh < 2; zh++) {
		waiting(&b, 0, zh ? "zh" : "en", false);
		nobody(&b, "voicemail");
		say(&b, zh ? "不用了" : "no");
		CHECK(!bench_rec(&b, "voicemail"));
		SV_EQ(said(&b), zh ? "好的。请问还有什么可以帮您？" :
				     "All right. What can I do for you?");
		EQ(b.c.person.offer, OFFER_NOTHING);
		bench_close(&b);
	}
}

/* ---- how it was ---- */

TEST(talk_rating_reads_numbers_and_words)
{
	static const struct {
		enum talk_survey kind;
		const char *text;
		int value;
	} rows[] = {
		{ SURVEY_CSAT, "5", 5 }, { SURVEY_CSAT, "4 stars", 4 }, { SURVEY_CSAT, "3分", 3 },
		{ SURVEY_CSAT, "五分", 5 }, { SURVEY_CSAT, "two", 2 }, { SURVEY_CSAT, "6", -1 },
		{ SURVEY_CSAT, "4 out of 5", 4 }, { SURVEY_CSAT, "very satisfied", 5 },
		{ SURVEY_CSAT, "I am satisfied", 4 }, { SURVEY_CSAT, "not satisfied", 2 },
		{ SURVEY_CSAT, "very dissatisfied", 1 }, { SURVEY_CSAT, "unhappy", 2 },
		{ SURVEY_CSAT, "so so", 3 }, { SURVEY_CSAT, "not bad", 3 },
		{ SURVEY_CSAT, "not very good", 2 }, { SURVEY_CSAT, "great", 5 },
		{ SURVEY_CSAT, "非常满意", 5 }, { SURVEY_CSAT, "满意", 4 },
		{ SURVEY_CSAT, "不满意", 2 }, { SURVEY_CSAT, "很不满意", 1 },
		{ SURVEY_CSAT, "一般吧", 3 }, { SURVEY_CSAT, "不太满意", 2 },
		{ SURVEY_CSAT, "还可以", 3 }, { SURVEY_CSAT, "挺好的", 4 },
		{ SURVEY_CSAT, "where is my order", -1 }, { SURVEY_CSAT, "goodbye", -1 },
		{ SURVEY_CSAT, "1 or 4", -1 }, { SURVEY_NPS, "10", 10 }, { SURVEY_NPS, "0", 0 },
		{ SURVEY_NPS, "ten", 10 }, { SURVEY_NPS, "十分", 10 }, { SURVEY_NPS, "八分", 8 },
		{ SURVEY_NPS, "definitely", 10 }, { SURVEY_NPS, "不会推荐", 0 },
		{ SURVEY_NPS, "11", -1 }, { SURVEY_CES, "7", 7 }, { SURVEY_CES, "very easy", 7 },
		{ SURVEY_CES, "easy", 6 }, { SURVEY_CES, "很麻烦", 1 },
		{ SURVEY_CES, "方便", 6 }, { SURVEY_CES, "不方便", 2 }, { SURVEY_CES, "8", -1 },
		{ SURVEY_NONE, "5", -1 }, { SURVEY_CSAT, "I waited 5 days", -1 },
		{ SURVEY_CSAT, "等了5天", -1 }, { SURVEY_CSAT, "等了三天", -1 },
		{ SURVEY_CSAT, "I had to call 3 times", -1 }, { SURVEY_CSAT, "打了4次电话", -1 },
		{ SURVEY_NPS, "it took 10 minutes", -1 }, { SURVEY_CSAT, "5颗星", 5 },
		{ SURVEY_CSAT, "给4分", 4 }, { SURVEY_CSAT, "after three days", -1 },
	};
	struct bench b;
	bench_open(&b, 0, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int v = talk_rating_value(&b.c, rows[i].kind, sv_of(rows[i].text));
		if (v != rows[i].value)
			printf("# \"%s\"\n", rows[i].text);
		EQ(v, rows[i].value);
	}
	bench_close(&b);
	EQ(talk_survey_of(SV("nps")), SURVEY_NPS);
	EQ(talk_survey_of(SV("x")), SURVEY_NONE);
}

static void with_agent(struct bench *b)
{
	waiting(b, 0, "en", false);
	word(b, (struct talk_word){ .kind = WORD_JOINED, .agent = SV("mei"), .name = SV("Mei") });
}

TEST(talk_rating_after_the_agent)
{
	struct bench b;
	with_agent(&b);
	word(&b, (struct talk_word){ .kind = WORD_END, .agent = SV("mei"),
				     .survey = SURVEY_CSAT });
	HAS(said(&b), "The conversation with Mei is over. How satisfied");
	HAS(bench_rec(&b, "survey")->text, "\"of\":\"agent\",\"agent\":\"mei\"");
	CHECK(!bench_act(&b, TACT_HANGUP));
	say(&b, "hm, hard to say");
	HAS(said(&b), "I need a number");
	say(&b, "2");
	HAS(bench_rec(&b, "survey.answer")->text,
	    "\"kind\":\"csat\",\"value\":2,\"text\":\"2\",\"of\":\"agent\",\"agent\":\"mei\"");
	HAS(said(&b), "being frank");
	CHECK(bench_act(&b, TACT_HANGUP));
	bench_close(&b);
}

TEST(talk_rating_another_wish_is_served)
{
	struct bench b;
	with_agent(&b);
	word(&b, (struct talk_word){ .kind = WORD_END, .survey = SURVEY_CSAT });
	say(&b, "how long can I return an article?");
	CHECK(bench_act(&b, TACT_SEARCH));
	EQ(b.c.person.rating, SURVEY_NONE);
	bench_close(&b);
}

/* A number in a wish for a person is no mark. */
TEST(talk_rating_a_wish_with_a_number)
{
	struct bench b;
	with_agent(&b);
	word(&b, (struct talk_word){ .kind = WORD_END, .survey = SURVEY_CSAT });
	say(&b, "get me 1 real person please");
	CHECK(!bench_rec(&b, "survey.answer"));
	CHECK(bench_act(&b, TACT_PERSON));
	bench_close(&b);
}

TEST(talk_rating_who_is_upset_is_not_asked)
{
	struct bench b;
	with_agent(&b);
	bench_feed(&b, ev_text("this is terrible, I am furious with you!"));
	word(&b, (struct talk_word){ .kind = WORD_END, .survey = SURVEY_CSAT });
	CHECK(!bench_rec(&b, "survey"));
	CHECK(bench_act(&b, TACT_HANGUP));
	bench_close(&b);
}

/* The bot's own goodbye; a key is enough on the telephone, silence is an answer too. */
TEST(talk_rating_at_the_bots_goodbye)
{
	for (int i = 0; i < 4; i++) {
		struct bench b;
		start(&b, PHONE, i == 3 ? "zh" : "en", false);
		b.cfg.survey = i == 2 ? SURVEY_NPS : SURVEY_CSAT;
		say(&b, i == 3 ? "再见" : "goodbye");
		HAS(bench_rec(&b, "survey")->text, "\"of\":\"bot\"");
		CHECK(b.c.sm.now != TS_WRAPPING);
		played(&b);
		if (i == 1) {
			bench_feed(&b, (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_SILENCE });
			played(&b);
			bench_feed(&b, (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_SILENCE });
		} else if (i == 2) {
			bench_feed(&b, (struct talk_ev){ .kind = TEV_KEY, .text = SV("0") });
			bench_feed(&b, (struct talk_ev){ .kind = TEV_KEY, .text = SV("#") });
		} else {
			bench_feed(&b, (struct talk_ev){ .kind = TEV_KEY, .text = SV("4") });
		}
		EQ(bench_rec(&b, "survey.answer") != NULL, i != 1);
		if (i == 2)
			HAS(bench_rec(&b, "survey.answer")->text, "\"kind\":\"nps\",\"value\":0");
		EQ(b.c.sm.now, TS_WRAPPING);
		bench_close(&b);
	}
}

TEST(talk_rating_once_of_each_kind)
{
	struct bench b;
	start(&b, 0, "en", false);
	for (int i = 0; i < 4; i++) {
		enum talk_survey kind = i & 1 ? SURVEY_CES : SURVEY_CSAT;
		word(&b, (struct talk_word){ .kind = WORD_SURVEY, .survey = kind });
		EQ(bench_rec(&b, "survey") != NULL, i < 2);
		if (i < 2)
			say(&b, "5");
		EQ(b.c.sm.now, TS_LISTENING);
		CHECK(!bench_act(&b, TACT_HANGUP));
	}
	bench_close(&b);
}
