/* Picking from offered titles: by number, by words that only one of them has, none of them; and
 * what is a question of its own. */
#include <stdio.h>
#include "t_talk_help.h"
#include "talk_pick.h"

static char *en[] = { "How long does delivery take?", "How do I return a gift?",
		      "What does assembly cost?" };
static char *zh[] = { "快递一般几天能到？", "礼品怎么退货？", "安装要多少钱？" };

#define NOT PICK_NOT
#define NONE PICK_NONE

TEST(talk_pick_by_number_and_by_words)
{
	static const struct { const char *text; int is; } rows[] = {
		{ "1", 0 }, { "2", 1 }, { "3.", 2 }, { "4", NOT }, { "one", 0 }, { "Two", 1 },
		{ "the second one please", 1 }, { "second", 1 }, { "Number two.", 1 },
		{ "the last one", 2 }, { "the third", 2 }, { "option 1, thanks", 0 },
		{ "I'd like the first", 0 }, { "no, the second one", 1 }, { "yes", 0 },
		{ "I mean the delivery one", 0 }, { "the gift one", 1 }, { "assembly", 2 },
		{ "the one about returning", 1 }, { "returns", 1 }, { "delivery time one", 0 },
		{ "none of these", NONE }, { "no", NONE }, { "neither", NONE }, { "Nope.", NONE },
		{ "no, none of those", NONE }, { "something else", NONE }, { "not these", NONE },
		{ "not the second one", NOT }, { "how", NOT }, { "1 or 2", NOT },
		{ "Where is my order HH2026-100384?", NOT }, { "can I cancel it?", NOT },
		{ "no, I want to cancel my order", NOT }, { "is it 2 or 3 days", NOT },
		{ "how long does a refund take", NOT }, { "this one", NOT },
		{ "is the sofa in the second picture in stock", NOT }, { "", NOT },
		{ "第二个", 1 }, { "第二个吧", 1 }, { "选2", 1 }, { "我要第三个", 2 },
		{ "最后一个", 2 }, { "一", 0 }, { "是的", 0 }, { "第一个，谢谢", 0 },
	};
	bool sure;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int k = talk_pick(sv_of(rows[i].text), en, 3, &sure);
		if (k != rows[i].is)
			t_fail(__FILE__, __LINE__, rows[i].text);
	}
}

TEST(talk_pick_chinese_titles)
{
	static const struct { const char *text; int is; } rows[] = {
		{ "第二个吧", 1 }, { "就第三个", 2 }, { "第2个", 1 }, { "二", 1 }, { "头一个", 0 },
		{ "最后那个", 2 }, { "我说的是退货的那个", 1 }, { "快递", 0 }, { "安装的", 2 },
		{ "我想问安装", 2 }, { "礼品那条", 1 }, { "都不是", NONE }, { "都不对啊", NONE },
		{ "不是", NONE }, { "没有一个是", NONE }, { "别的", NONE }, { "以上都不是", NONE },
		{ "不是第二个", NOT }, { "我要退款", NOT }, { "怎么还没到", NOT },
		{ "沙发能送货上门吗", NOT }, { "我的订单HH2026-100384到哪了", NOT },
		{ "三件一起买能便宜吗", NOT }, { "不要了，取消订单", NOT },
	};
	bool sure;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int k = talk_pick(sv_of(rows[i].text), zh, 3, &sure);
		if (k != rows[i].is)
			t_fail(__FILE__, __LINE__, rows[i].text);
	}
}

TEST(talk_pick_is_sure_or_gives_way)
{
	char *two[] = { "Cancel an order", "Change an address" }, longer[400];
	bool sure;
	EQ(talk_pick(SV("cancel"), two, 2, &sure), 0);
	CHECK(!sure);                /* it may be the wish itself */
	EQ(talk_pick(SV("the cancel one"), two, 2, &sure), 0);
	CHECK(sure);
	EQ(talk_pick(SV("the latter"), two, 2, &sure), 1);
	EQ(talk_pick(SV("后者"), two, 2, &sure), 1);
	EQ(talk_pick(SV("the latter"), en, 3, &sure), NOT);
	EQ(talk_pick(SV("that one"), two, 1, &sure), 0);
	EQ(talk_pick(SV("yes please"), two, 2, &sure), 0);
	CHECK(!sure);
	EQ(talk_pick(SV("no"), two, 2, &sure), NONE);
	CHECK(!sure);
	EQ(talk_pick(SV("none of them"), two, 2, &sure), NONE);
	CHECK(sure);
	EQ(talk_pick(SV("an order"), two, 2, &sure), 0);
	EQ(talk_pick(SV("2"), two, 0, &sure), NOT);
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	EQ(talk_pick(sv_of(longer), two, 2, &sure), NOT);
	two[1] = longer;
	EQ(talk_pick(SV("cancel"), two, 2, &sure), NOT);
}

/* ---- in a conversation ---- */

static sv said(const struct bench *b)
{
	const struct talk_act *x = bench_act(b, TACT_SAY);
	return x ? x->text : SV("");
}

static void offered(struct bench *b, bool people)
{
	bench_open(b, 0, 0);
	b->c.person.there = people;
	bench_feed(b, (struct talk_ev){ .kind = TEV_OPEN });
	b->found.answerable = false;
	b->found.unsure = true;
	bench_feed(b, ev_text("points or delivery"));
	bench_feed(b, ev_found(b));
	HAS(said(b), "How do I use points?");
	ASSERT(b->c.n_offered == 3);
}

TEST(talk_pick_belongs_to_the_question_before)
{
	struct bench b;
	offered(&b, true);
	bench_feed(&b, ev_text("the delivery one please"));
	const struct talk_act *x = bench_act(&b, TACT_ARTICLE);
	ASSERT(x);
	SV_EQ(x->text, "delivery-cost.en");
	b.found = (struct kb_result){ b.hits + 1, 1, true, false };
	struct talk_ev ev = ev_found(&b);
	ev.exact = true;
	bench_feed(&b, ev);
	HAS(said(&b), "CNY 99");
	HAS(bench_rec(&b, "turn.bot")->text, "\"picked\":true");
	STR_EQ(b.c.topic, "points or delivery");
	STR_EQ(b.c.topic_article, "delivery-cost.en");
	STR_EQ(b.c.last_question, "points or delivery");
	STR_EQ(b.c.past[b.c.n_past - 2].text, "What does delivery cost?");
	bench_feed(&b, ev_text("how do I pay"));
	bench_feed(&b, ev_found(&b));
	CHECK(sv_find(bench_rec(&b, "turn.bot")->text, SV("picked")) < 0);
	bench_close(&b);
}

TEST(talk_pick_none_offers_a_person)
{
	struct bench b;
	offered(&b, true);
	bench_feed(&b, ev_text("none of these"));
	HAS(said(&b), "Shall I get a colleague");
	EQ(b.c.n_offered, 0);
	bench_feed(&b, ev_text("yes please"));
	EQ(b.c.move, MOVE_ASKED);
	bench_close(&b);
	offered(&b, true);
	bench_feed(&b, ev_text("都不是"));
	HAS(said(&b), "需要我请同事");
	bench_feed(&b, ev_text("不用"));
	HAS(said(&b), "还有什么可以帮您");
	EQ(b.c.move, MOVE_NONE);
	bench_close(&b);
	offered(&b, false);
	bench_feed(&b, ev_text("neither"));
	HAS(said(&b), "400-810-6600");
	bench_feed(&b, ev_text("my kettle leaks"));
	CHECK(bench_act(&b, TACT_SEARCH));
	bench_close(&b);
}

/* No answer: a colleague is offered where one can come, and a yes brings one. */
TEST(talk_decline_offers_a_person)
{
	for (int people = 0; people < 2; people++) {
		struct bench b;
		bench_open(&b, 0, 0);
		b.c.person.there = people;
		bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN });
		b.found = (struct kb_result){ b.hits, 0, false, false };
		bench_feed(&b, ev_text("do you sell elephants"));
		bench_feed(&b, ev_found(&b));
		HAS(bench_rec(&b, "turn.bot")->text, "\"action\":\"decline\"");
		EQ(sv_find(said(&b), SV("colleague")) >= 0, people);
		EQ(sv_find(said(&b), SV("400-810-6600")) >= 0, !people);
		bench_feed(&b, ev_text("do you sell giraffes"));     /* no answer to it */
		CHECK(bench_act(&b, TACT_SEARCH));
		bench_feed(&b, ev_found(&b));
		bench_feed(&b, ev_text("ok, yes"));
		EQ(b.c.move, people ? MOVE_ASKED : MOVE_NONE);
		bench_close(&b);
	}
}

static void heard_out(struct bench *b)
{
	bench_feed(b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = b->c.say_id });
}

/* The same on the telephone; a goodbye is no yes. */
TEST(talk_decline_offers_a_person_on_the_phone)
{
	static const struct { const char *asks, *offer, *yes, *bye; } in[] = {
		{ "do you sell elephants", "colleague", "yes please", "okay goodbye" },
		{ "你们卖大象吗", "同事", "好的", "好的，再见" },
	};
	for (int i = 0; i < 4; i++) {
		struct bench b;
		bool bye = i & 1;
		bench_open(&b, CHAN_VOICE | CHAN_DTMF | CHAN_ASR | CHAN_PARTIES, 0);
		b.c.person.there = true;
		memcpy(b.c.lang, i < 2 ? "en" : "zh", 3);
		bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN });
		heard_out(&b);
		b.found = (struct kb_result){ b.hits, 0, false, false };
		bench_feed(&b, ev_text(in[i / 2].asks));
		bench_feed(&b, ev_found(&b));
		HAS(said(&b), in[i / 2].offer);
		CHECK(sv_find(said(&b), SV("400-810-6600")) < 0);
		heard_out(&b);
		bench_feed(&b, ev_text(bye ? in[i / 2].bye : in[i / 2].yes));
		EQ(b.c.move == MOVE_ASKED || b.c.move == MOVE_WANTED, !bye);
		EQ(b.c.goodbye, bye);
		bench_close(&b);
	}
}

/* ---- what is shown ---- */

TEST(talk_quotes_without_marks)
{
	struct bench b;
	bench_open(&b, 0, 0);
	SV_EQ(talk_unmarked(&b.a, SV("**If you suspect it:** call `us`.\n## Then\nwait * 2")),
	      "If you suspect it: call us.\nThen\nwait * 2");
	SV_EQ(talk_unmarked(&b.a, SV("# Heading")), "Heading");
	SV_EQ(talk_unmarked(&b.a, SV("plain text, 2 < 3")), "plain text, 2 < 3");
	SV_EQ(talk_unmarked(&b.a, SV("*Only* this, and *that one*.")), "Only this, and that one.");
	SV_EQ(talk_unmarked(&b.a, SV("2*3 is 6, 2 * 3, too")), "2*3 is 6, 2 * 3, too");
	SV_EQ(talk_unmarked(&b.a, SV("**")), "");
	b.hits[0].quote = SV("**Call us:** at once.");
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN });
	bench_feed(&b, ev_text("how do I pay"));
	bench_feed(&b, ev_found(&b));
	SV_EQ(said(&b), "Call us: at once.");
	HAS(bench_rec(&b, "turn.bot")->text, "\"quote\":\"**Call us:**");  /* as it stands there */
	bench_close(&b);
}

TEST(talk_goes_on_in_the_language_wished_for)
{
	static const struct { const char *text; bool zh, wish; } rows[] = {
		{ "中文回答", true, true }, { "can you speak Chinese please?", true, true },
		{ "说英文可以吗", false, true }, { "can you speak English please?", false, true },
		{ "do you have an English manual", false, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;
		bench_open(&b, 0, 0);
		bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN });
		bench_feed(&b, ev_text(rows[i].text));
		EQ(bench_act(&b, TACT_SEARCH) != NULL, !rows[i].wish);
		STR_EQ(b.c.lang, rows[i].zh ? "zh" : "en");
		if (rows[i].wish)
			HAS(said(&b), rows[i].zh ? "用中文继续" : "go on in English");
		bench_close(&b);
	}
}

/* No answer in a language that nobody here speaks: what we do speak, in that language. */
TEST(talk_declines_in_their_tongue)
{
	static const struct { const char *text, *says; } rows[] = {
		{ "Hola, quiero devolver un producto que compré", "Puedo ayudarle" },
		{ "Bonjour, où est ma commande s'il vous plaît?", "Je peux vous aider" },
		{ "注文した商品はいつ届きますか", "ご案内できます" },
		{ "Where is my elephant, please?", NULL },
		{ "我的大象在哪里", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;
		bench_open(&b, 0, 0);
		bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN });
		b.found = (struct kb_result){ b.hits, 0, false, false };
		bench_feed(&b, ev_text(rows[i].text));
		bench_feed(&b, ev_found(&b));
		if (rows[i].says)
			CHECK(sv_starts(said(&b), sv_of(rows[i].says)) ||
			      sv_find(said(&b), sv_of(rows[i].says)) > 0);
		else
			CHECK(sv_starts(said(&b), SV("I ")) || sv_starts(said(&b), SV("That")) ||
			      sv_starts(said(&b), SV("很")) || sv_starts(said(&b), SV("我")) ||
			      sv_starts(said(&b), SV("这")));
		bench_close(&b);
	}
}
