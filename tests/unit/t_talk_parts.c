/* Several matters in one message: what is cut, what is answered first, what comes after it, and
 * what is told as open. */
#include "t_talk_flow.h"

static void plain_open(struct served *s, const char *lang)
{
	served_open(s, CHAT, 0);
	memcpy(s->b.c.lang, lang, 3);
	memcpy(s->b.c.feel.lang, lang, 3);
}

static void parts_open(struct served *s, const char *lang)
{
	plain_open(s, lang);
	s->b.c.flows = flows_made();
}

static void parts_close(struct served *s)
{
	const struct flow_set *set = s->b.c.flows;
	served_close(s);
	obj_unref((void *)set);
}

/* The search under way finds the bench's article k alone; -1: nothing. */
static void finds(struct served *s, int k, double p)
{
	struct kb_result r = { &s->b.hits[k < 0 ? 0 : k], 1, k >= 0, false };
	r.hits->p = p;
	bench_feed(&s->b, (struct talk_ev){ .kind = TEV_FOUND, .found = &r, .gen = s->b.c.gen });
}

static sv asked_for(struct served *s)
{
	const struct talk_act *x = bench_act(&s->b, TACT_SEARCH);
	return x ? x->text : SV("(nothing)");
}

TEST(talk_parts_two_questions_are_looked_up_and_answered)
{
	static const struct {
		const char *text, *first, *second;
	} rows[] = {
		{ "how long can I return an article and also what does delivery cost?",
		  "how long can I return an article", "what does delivery cost?" },
		{ "What does delivery cost? How do I use my points?", "What does delivery cost?",
		  "How do I use my points?" },
		{ "运费要多少钱，还有积分怎么用？", "运费要多少钱", "积分怎么用？" },
		{ "怎么退货，另外我想知道运费是多少", "怎么退货", "运费是多少" },
		{ "hi, two things: what are your opening hours and do you deliver to Tibet?",
		  "what are your opening hours", "do you deliver to Tibet?" },
		{ "您好，两个问题：怎么退货，还有运费是多少？", "怎么退货", "运费是多少？" },
		{ "where are your shops. And I'd like to know when you open",
		  "where are your shops.", "when you open" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct served s;
		plain_open(&s, (unsigned char)rows[i].text[0] >= 0x80 ? "zh" : "en");
		hear(&s, rows[i].text);
		SV_EQ(asked_for(&s), rows[i].first);
		finds(&s, 0, 0.9);
		SV_EQ(asked_for(&s), rows[i].second);
		CHECK(!bench_rec(&s.b, "turn.bot"));
		finds(&s, 1, 0.9);
		HAS(reply_text(&s), "You have 30 days");
		HAS(reply_text(&s), "free from CNY 99");
		HAS(bench_rec(&s.b, "turn.bot")->text, "return-window.en");
		HAS(bench_rec(&s.b, "turn.bot")->text, "delivery-cost.en");
		CHECK(!s.b.c.in_turn);
		parts_close(&s);
	}
}

TEST(talk_parts_of_one_matter_are_one)
{
	static const char *const rows[] = {
		"how long can I return an article", "my lamp is broken, what can I do?",
		"when it arrived, it was broken. how do I get a new one?",
		"Hello! How are you? What does delivery cost?", "Is that so? What does it cost?",
		"I bought a sofa, a lamp and a chair. What does delivery cost?",
		"沙发坏了，怎么办？", "你好，运费要多少钱？", "我不知道怎么回事，积分怎么用？",
		"It costs 1,000 and what is the fee, please?",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct served s;
		plain_open(&s, (unsigned char)rows[i][0] >= 0x80 ? "zh" : "en");
		CHECK(!talk_parts_many(&s.b.c, sv_of(rows[i])));
		hear(&s, rows[i]);
		SV_EQ(asked_for(&s), rows[i]);
		parts_close(&s);
	}
}

/* Both parts lead to one article, or one is nothing: the whole is asked as ever. */
TEST(talk_parts_that_find_one_article_are_asked_as_a_whole)
{
	static const char text[] = "what does delivery cost? what is the fee for delivery?";
	struct served s;
	plain_open(&s, "en");
	hear(&s, text);
	finds(&s, 1, 0.9);
	finds(&s, 1, 0.9);
	SV_EQ(asked_for(&s), text);
	finds(&s, 1, 0.9);
	SV_EQ(reply_text(&s), "Delivery is free from CNY 99 per order.");
	hear(&s, text);
	finds(&s, -1, 0.1);
	finds(&s, -1, 0.1);
	SV_EQ(asked_for(&s), text);
	finds(&s, 1, 0.9);
	SV_EQ(reply_text(&s), "Delivery is free from CNY 99 per order.");
	parts_close(&s);
}

TEST(talk_parts_without_an_answer_are_told)
{
	struct served s;
	plain_open(&s, "en");
	hear(&s, "what does delivery cost? who painted the picture in your hall?");
	finds(&s, 1, 0.9);
	finds(&s, -1, 0.1);
	HAS(reply_text(&s), "free from CNY 99");
	HAS(reply_text(&s), "\"who painted the picture in your hall\"");
	parts_close(&s);
	plain_open(&s, "zh");
	hear(&s, "运费要多少钱？大厅里的画是谁画的？");
	finds(&s, -1, 0.1);
	finds(&s, 1, 0.9);
	HAS(reply_text(&s), "“运费要多少钱”");
	parts_close(&s);
}

/* What is quoted back is ours: on the record, before the model. Nothing personal stands in it. */
TEST(talk_parts_that_are_told_are_masked)
{
	struct served s;
	plain_open(&s, "en");
	hear(&s, "what does delivery cost? who called me from 13912345678 yesterday?");
	finds(&s, 1, 0.9);
	finds(&s, -1, 0.1);
	HAS(reply_text(&s), "who called me from [phone] yesterday");
	CHECK(sv_find(bench_rec(&s.b, "turn.bot")->text, SV("13912345678")) < 0);
	parts_close(&s);
}

/* What is asked beside the number that is due is looked up by itself: nothing of the questions
 * before it is said again as its answer. */
TEST(talk_parts_a_search_after_them_is_its_own)
{
	struct served s;
	parts_open(&s, "en");
	hear(&s, "I want to return my lamp");
	hear(&s, "What does delivery cost? How do I use my points? And do you have the lamp "
		 "HB-2000?");
	finds(&s, 1, 0.9);
	finds(&s, 2, 0.9);
	HAS(asked_for(&s), "HB-2000");
	finds(&s, 0, 0.9);
	sv said = reply_text(&s);
	ptrdiff_t at = sv_find(said, SV("free from CNY 99"));
	CHECK(at >= 0);
	CHECK(sv_find(sv_slice(said, (size_t)at + 4, said.n), SV("free from CNY 99")) < 0);
	HAS(said, "30 days");
	parts_close(&s);
}

/* What is short or points to something is answered only by an article that is sure. */
TEST(talk_parts_that_are_brief_need_a_sure_article)
{
	for (int sure = 0; sure < 2; sure++) {
		struct served s;
		plain_open(&s, "en");
		hear(&s, "what does delivery cost? who pays return postage? how many points?");
		finds(&s, 1, 0.9);
		finds(&s, 0, 0.6);
		finds(&s, 2, sure ? 0.9 : 0.6);
		EQ(sv_find(reply_text(&s), SV("100 points")) >= 0, sure);
		HAS(reply_text(&s), "30 days");
		parts_close(&s);
	}
}

TEST(talk_parts_the_question_is_answered_then_the_flow_begins)
{
	static const struct {
		const char *text, *ask, *said;
	} rows[] = {
		{ "I want to return my lamp, and what does delivery cost?",
		  "what does delivery cost?", "Which order?" },
		{ "What does delivery cost? I want to return my lamp.",
		  "What does delivery cost?", "Which order?" },
		{ "我要退货，另外问下门店几点关门", "门店几点关门", "请告诉我订单号。" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct served s;
		parts_open(&s, (unsigned char)rows[i].text[0] >= 0x80 ? "zh" : "en");
		hear(&s, rows[i].text);
		SV_EQ(asked_for(&s), rows[i].ask);
		CHECK(!s.b.c.flow);
		finds(&s, 1, 0.9);
		CHECK(s.b.c.flow && strcmp(flow_id(s.b.c.flow), "give_back") == 0);
		HAS(reply_text(&s), "free from CNY 99");
		CHECK(sv_ends(reply_text(&s), sv_of(rows[i].said)));
		HAS(bench_rec(&s.b, "turn.bot")->text, "delivery-cost.en");
		EQ(s.b.c.expect, CHAN_EXPECT_DIGITS);
		parts_close(&s);
	}
}

/* A question that found nothing is told before the flow's own. */
TEST(talk_parts_an_open_question_beside_a_flow)
{
	struct served s;
	parts_open(&s, "en");
	hear(&s, "I want to return my lamp, and who painted the picture in your hall?");
	finds(&s, -1, 0.1);
	HAS(reply_text(&s), "\"who painted the picture in your hall\"");
	HAS(reply_text(&s), "Which order?");
	parts_close(&s);
	parts_open(&s, "en");        /* about the wish: the flow's */
	hear(&s, "I want to return my lamp, is that too late?");
	SV_EQ(asked_for(&s), "(nothing)");
	SV_EQ(reply_text(&s), "Which order?");
	parts_close(&s);
}

/* The number that was asked for, and a question beside it. */
TEST(talk_parts_a_question_beside_the_number)
{
	struct served s;
	parts_open(&s, "en");
	hear(&s, "I want to return my lamp");
	SV_EQ(reply_text(&s), "Which order?");
	hear_order(&s, "HH2026-100367, and what does delivery cost?", "HH2026-100367");
	SV_EQ(asked_for(&s), "what does delivery cost?");
	finds(&s, 1, 0.9);
	CHECK(tool_act(&s));
	got(&s, res_body("order_status", ORDER_BODY));
	HAS(reply_text(&s), "free from CNY 99");
	HAS(reply_text(&s), "Why?");
	/* what is no number stays with the flow */
	hear(&s, "It is broken. What does delivery cost?");
	SV_EQ(asked_for(&s), "(nothing)");
	parts_close(&s);
}

TEST(talk_parts_a_question_then_a_person)
{
	for (int zh = 0; zh < 2; zh++) {
		struct served s;
		parts_open(&s, zh ? "zh" : "en");
		s.b.c.person.there = true;
		hear(&s, zh ? "转人工，另外门店几点开门" :
			      "I want to talk to a person. And what does delivery cost?");
		CHECK(bench_act(&s.b, TACT_SEARCH) && s.b.c.move == MOVE_NONE);
		finds(&s, 1, 0.9);
		HAS(reply_text(&s), "free from CNY 99");
		CHECK(s.b.c.move == MOVE_ASKED);
		parts_close(&s);
	}
}

/* Two wishes: the first begins, the second is told to be open while the first asks. */
TEST(talk_parts_two_wishes)
{
	static const char *const rows[][4] = {
		{ "Can I return my lamp? And could I exchange my chair?",
		  "\"could I exchange my chair\"", "Which order?", "give_back" },
		{ "能帮我退货吗？另外能帮我换货吗？", "“能帮我换货吗”", "请告诉我订单号。",
		  "give_back" },
	};
	for (int i = 0; i < 2; i++) {
		struct served s;
		parts_open(&s, i ? "zh" : "en");
		hear(&s, rows[i][0]);
		CHECK(s.b.c.flow && strcmp(flow_id(s.b.c.flow), rows[i][3]) == 0);
		CHECK(!bench_act(&s.b, TACT_SEARCH));
		HAS(reply_text(&s), rows[i][1]);
		CHECK(sv_ends(reply_text(&s), sv_of(rows[i][2])));
		parts_close(&s);
	}
}

/* Words that steer begin nothing. */
TEST(talk_parts_that_are_left_alone)
{
	struct served s;
	parts_open(&s, "en");        /* told, not asked: it belongs together */
	hear(&s, "I want to exchange my chair, I want to return it as it is broken");
	CHECK(s.b.c.flow && sv_find(reply_text(&s), SV("other wish")) < 0);
	parts_close(&s);
	parts_open(&s, "en");
	struct talk_ev ev = ev_text("What does delivery cost? How do I use my points?");
	ev.suspicious = true;
	bench_feed(&s.b, ev);
	SV_EQ(asked_for(&s), "What does delivery cost? How do I use my points?");
	parts_close(&s);
}

/* Who goes on speaking while a part is looked up: the whole message comes up again. */
TEST(talk_parts_are_not_lost_when_somebody_cuts_in)
{
	static const char text[] = "What does delivery cost? How do I use my points?";
	struct served s;
	served_open(&s, PHONE, 0);
	hear(&s, text);
	finds(&s, 1, 0.9);
	bench_feed(&s.b, (struct talk_ev){ .kind = TEV_SPEECH_START });
	CHECK(!s.b.c.in_turn && s.b.c.n_queue == 1);
	bench_feed(&s.b, (struct talk_ev){ .kind = TEV_SPEECH_NOTHING });
	SV_EQ(asked_for(&s), "What does delivery cost?");
	finds(&s, 1, 0.9);
	finds(&s, 2, 0.9);
	HAS(reply_text(&s), "free from CNY 99");
	HAS(reply_text(&s), "100 points");
	served_close(&s);
}

TEST(talk_parts_weight)
{
	EQ(talk_weight(SV("who pays?")), 4);
	EQ(talk_weight(SV("多久能收到")), 5);
	EQ(talk_weight(SV("where's my TV 55")), 6);
	EQ(talk_weight(SV("где заказ")), 4);
	EQ(talk_weight(SV("?! 12")), 0);
}
