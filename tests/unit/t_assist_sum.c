/* t_assist_sum.c: what a conversation came to: from rows that the engine wrote
 * (t_assist_talks.jsonl: a return in English, a complaint in Chinese) and from conversations
 * with a person. */
#include <stdio.h>
#include "assist_int.h"
#include "t.h"

#define NOW 1795692180000LL          /* Thursday 2026-11-26 19:23 in Shanghai */

static const struct assist_tool tools[] = {
	{ .name = { "return_create", 13 },
	  .title = { { "登记退货", 12 }, { "Register a return", 17 } } },
};
static const struct assist_with with = { .tool = tools, .n_tool = 1, .tz_min = 480,
					 .country = "CN" };

/* ---- conversations ---- */

static struct assist_case *recorded(const char *id)
{
	struct assist_case *c = assist_case_new();
	struct sb b;
	struct err e = { 0 };
	char path[600];
	sv rest, line;
	sb_init(&b, 4u << 20);
	(void)snprintf(path, sizeof(path), "%s/tests/unit/t_assist_talks.jsonl", t_srcdir());
	if (file_read(path, 4u << 20, &b, &e))
		t_fail(__FILE__, __LINE__, e.msg);
	rest = sb_sv(&b);
	while (sv_line(&rest, &line)) {
		jv *row = jv_parse(line, NULL);
		if (sv_eq(jv_get_str(row, "conversation"), sv_of(id)))
			assist_case_row(c, row);
		jv_free(row);
	}
	sb_done(&b);
	return c;
}

struct told {
	struct assist_case *c;
	int64_t seq;
	int turn;
};

static void put(struct told *t, const char *kind, const char *body)
{
	jv *row = jv_obj();
	struct err e = { 0 };
	jv *b = jv_parse(sv_of(body), &e);
	if (!b)
		t_fail(__FILE__, __LINE__, e.msg);
	jv_set_int(row, "seq", ++t->seq);
	jv_set_int(row, "ts_ms", NOW + t->seq * 1000);
	jv_set_int(row, "turn", t->turn);
	jv_set_str(row, "kind", sv_of(kind));
	jv_set(row, "body", b);
	assist_case_row(t->c, row);
	jv_free(row);
}

static void says(struct told *t, const char *who, const char *text, const char *more)
{
	char body[2000], kind[40];
	t->turn += strcmp(who, "customer") == 0;
	(void)snprintf(kind, sizeof(kind), "turn.%s", who);
	(void)snprintf(body, sizeof(body), "{\"text\":\"%s\"%s}", text, more);
	put(t, kind, body);
}

static bool any(const jv *list, const char *key, const char *want)
{
	for (size_t i = 0; i < jv_len(list); i++)
		if (sv_find(jv_get_str(jv_at(list, i), key), sv_of(want)) >= 0)
			return true;
	return false;
}

static sv fact(const jv *s, const char *type, const char *key)
{
	const jv *v = jv_get(s, "facts");
	for (size_t i = 0; i < jv_len(v); i++)
		if (sv_eq(jv_get_str(jv_at(v, i), "type"), sv_of(type)))
			return jv_get_str(jv_at(v, i), key);
	return SV("");
}

/* ---- the bot's ---- */

TEST(a_return_with_all_that_was_learned_done_and_promised)
{
	struct assist_case *c = recorded("c0");
	jv *s = assist_summary(c, &with);
	STR_EQ(assist_case_lang(c), "en");
	SV_EQ(jv_as_str(jv_path(s, "issue.text")),
	      "I would like to return the frying pan of order HH2026-100364");
	SV_EQ(jv_as_str(jv_path(s, "issue.flow")), "return_goods");
	SV_EQ(fact(s, "order", "value"), "HH2026-100364");
	SV_EQ(fact(s, "order", "label"), "");
	SV_EQ(fact(s, "item", "value"), "HH-1206");
	SV_EQ(fact(s, "item", "label"), "Glide Non-Stick Frying Pan 28 cm");
	SV_EQ(fact(s, "reason", "value"), "no_longer_wanted");
	SV_EQ(fact(s, "reason", "label"), "I changed my mind");
	EQ(jv_len(jv_get(s, "done")), 1);
	SV_EQ(jv_as_str(jv_path(s, "done.0.title.en")), "Register a return");
	HAS(jv_as_str(jv_path(s, "done.0.text")), "R10241275");
	CHECK(any(jv_get(s, "promises"), "text", "the courier collects it on Friday 27 November"));
	SV_EQ(sv_slice(jv_as_str(jv_path(s, "promises.0.when")), 0, 10), "2026-11-27");
	CHECK(any(jv_get(s, "citations"), "article_id", "refund-time.en"));
	SV_EQ(jv_as_str(jv_path(s, "mood.start")), "neutral");
	SV_EQ(jv_as_str(jv_path(s, "mood.end")), "angry");
	SV_EQ(jv_get_str(s, "outcome"), "person_wanted");
	HAS(jv_get_str(s, "text"), "Done: ");
	jv_free(s);
	assist_case_free(c);
}

TEST(what_an_article_says_is_no_promise)
{
	struct assist_case *c = recorded("c0");
	jv *s = assist_summary(c, &with);
	CHECK(!any(jv_get(s, "promises"), "text", "3 working days"));
	CHECK(!any(jv_get(s, "promises"), "text", "Shall I"));
	CHECK(!any(jv_get(s, "promises"), "text", "I would arrange"));
	EQ(jv_len(jv_get(s, "promises")), 1);
	jv_free(s);
	assist_case_free(c);
}

TEST(a_chinese_complaint_with_two_wishes_and_moods)
{
	struct assist_case *c = recorded("c1");
	jv *s = assist_summary(c, &with);
	STR_EQ(assist_case_lang(c), "zh");
	SV_EQ(jv_as_str(jv_path(s, "issue.text")), "我的订单HH2026-100102到哪了");
	CHECK(any(jv_get(s, "more"), "text", "我要投诉"));
	SV_EQ(fact(s, "order", "value"), "HH2026-100102");
	CHECK(any(jv_get(s, "looked"), "text", "已经在8月7日签收"));
	CHECK(any(jv_get(s, "tried"), "tool", "complaint_status"));
	SV_EQ(jv_as_str(jv_path(s, "mood.worst")), "frustrated");
	EQ(jv_len(jv_path(s, "mood.turning")), 2);
	SV_EQ(jv_get_str(s, "outcome"), "person_wanted");
	CHECK(any(jv_get(s, "follow_ups"), "kind", "callback"));
	HAS(jv_get_str(s, "text"), "诉求：");
	jv_free(s);
	assist_case_free(c);
}

TEST(both_are_grounded_and_a_second_reading_changes_nothing)
{
	static const char *const ids[] = { "c0", "c1" };
	for (int i = 0; i < 2; i++) {
		struct assist_case *c = recorded(ids[i]);
		struct sb a, b, why;
		sb_init(&a, LIM_SB);
		sb_init(&b, LIM_SB);
		sb_init(&why, LIM_SB);
		jv *s = assist_summary(c, &with), *again = assist_summary(c, &with);
		size_t bad = assist_invented(c, &with, s, &why);
		jv_dump(s, &a);
		jv_dump(again, &b);
		if (bad)
			fprintf(stderr, "# %s", sb_str(&why));
		bool same = sv_eq(sb_sv(&a), sb_sv(&b));
		jv_free(s);
		jv_free(again);
		assist_case_free(c);
		sb_done(&a);
		sb_done(&b);
		sb_done(&why);
		EQ(bad, 0);
		CHECK(same);
	}
}

/* ---- the check itself ---- */

/* Of the recorded return, changed at path key: is it found out? */
static size_t found_out(const char *list, const char *key, jv *value)
{
	struct assist_case *c = recorded("c0");
	jv *s = assist_summary(c, &with);
	jv *x = list ? jv_at(jv_get(s, list), 0) : s;
	jv_set(x, key, value);
	size_t n = assist_invented(c, &with, s, NULL);
	jv_free(s);
	assist_case_free(c);
	return n;
}

TEST(inventions_are_found)
{
	CHECK(found_out("facts", "value", jv_str(SV("HH2026-999999"))) > 0);
	CHECK(found_out("facts", "label", jv_str(SV("Blue Lamp"))) > 0);
	CHECK(found_out("promises", "text", jv_str(SV("We will pay you 500 yuan."))) > 0);
	CHECK(found_out("promises", "by", jv_str(SV("agent"))) > 0);
	CHECK(found_out("promises", "when", jv_str(SV("2026-12-24"))) > 0);
	CHECK(found_out("done", "tool", jv_str(SV("order_cancel"))) > 0);
	CHECK(found_out("done", "text", jv_str(SV("Your order is cancelled."))) > 0);
	CHECK(found_out("looked", "tool", jv_str(SV("stock_check"))) > 0);
	CHECK(found_out(NULL, "text", jv_str(SV("Refund of 999 yuan"))) > 0);
	EQ(found_out(NULL, "text", jv_str(SV("Refund of 162.24 yuan"))), 0);
	EQ(found_out(NULL, "text", jv_str(SV("nothing with figures"))), 0);
}

TEST(a_sentence_is_checked_against_the_rows)
{
	struct assist_case *c = recorded("c0");
	CHECK(assist_grounded(
		c, SV("The return of the frying pan is registered under R10241275.")));
	CHECK(!assist_grounded(c, SV("The return is registered under R10241276.")));
	CHECK(!assist_grounded(c, SV("The refund will be 262.24 yuan.")));
	CHECK(!assist_grounded(c, SV("The customer gets a lifetime guarantee on all vacuum "
				     "cleaners of the Berlin shop.")));
	assist_case_free(c);
}

/* ---- with a person ---- */

static struct assist_case *with_person(void)
{
	struct told t = { .c = assist_case_new() };
	put(&t, "conversation.opened", "{\"channel\":\"webchat\",\"language\":\"en\"}");
	says(&t, "customer", "My lamp arrived broken, two pieces of glass are missing",
	     ",\"language\":\"en\",\"intent\":\"complaint\",\"intent_p\":0.9,\"emotion\":"
	     "\"frustrated\"");
	says(&t, "bot", "I am sorry. I put you through.",
	     ",\"action\":\"handoff\",\"citations\":[]");
	put(&t, "handover", "{\"why\":\"complaint\",\"attempts\":1}");
	put(&t, "handover.accepted", "{\"agent\":\"mei\",\"name\":\"Mei\"}");
	says(&t, "agent", "Hello, I'm Mei. I'll send you a new lamp, it will arrive within 3 days. "
			  "Would you like a voucher?", ",\"by\":\"mei\"");
	says(&t, "customer", "No, thanks", ",\"language\":\"en\",\"emotion\":\"relieved\"");
	says(&t, "agent", "I'll call you on Monday at 10:00 to hear whether all is well.",
	     ",\"by\":\"mei\"");
	put(&t, "conversation.closed", "{\"by\":\"agent\"}");
	return t.c;
}

TEST(a_persons_promises_have_days_and_become_follow_ups)
{
	struct assist_case *c = with_person();
	jv *s = assist_summary(c, &with);
	EQ(jv_len(jv_get(s, "promises")), 2);
	SV_EQ(jv_as_str(jv_path(s, "promises.0.by")), "agent");
	SV_EQ(jv_as_str(jv_path(s, "promises.0.who")), "mei");
	SV_EQ(jv_as_str(jv_path(s, "promises.0.when")), "2026-11-29");
	SV_EQ(jv_as_str(jv_path(s, "promises.1.when")), "2026-11-30T10:00");
	CHECK(any(jv_get(s, "follow_ups"), "kind", "callback"));
	SV_EQ(jv_as_str(jv_path(s, "mood.end")), "relieved");
	SV_EQ(jv_get_str(s, "outcome"), "answered");
	EQ(jv_len(jv_get(s, "open")), 0);
	EQ(assist_invented(c, &with, s, NULL), 0);
	jv_free(s);
	assist_case_free(c);
}

TEST(what_nobody_answered_is_open)
{
	struct told t = { .c = assist_case_new() };
	says(&t, "customer", "Do you repair pianos?", ",\"language\":\"en\",\"intent\":\"\"");
	says(&t, "bot", "That is not in our information.",
	     ",\"action\":\"decline\",\"citations\":[]");
	says(&t, "customer", "And violins, please?", ",\"language\":\"en\"");
	jv *s = assist_summary(t.c, &with);
	SV_EQ(jv_get_str(s, "outcome"), "open");
	CHECK(any(jv_get(s, "open"), "text", "pianos"));
	CHECK(any(jv_get(s, "open"), "kind", "unanswered"));
	jv_free(s);
	assist_case_free(t.c);
}

TEST(rows_that_came_before_or_are_nonsense_say_nothing)
{
	struct told t = { .c = assist_case_new() };
	says(&t, "customer", "hello there friend", ",\"language\":\"en\"");
	t.seq = 0;
	says(&t, "customer", "hello there friend", ",\"language\":\"en\"");
	put(&t, "turn.customer", "{\"text\":7}");
	put(&t, "flow.saved", "{\"state\":\"{not json\"}");
	put(&t, "tool.result", "{\"tool\":\"never_called\",\"outcome\":\"done\",\"effect\":true}");
	put(&t, "mood.turn", "{}");
	put(&t, "something.else", "{\"a\":[1,2]}");
	jv *bad = jv_parse(SV("{\"seq\":99,\"kind\":\"turn.bot\",\"body\":\"text\"}"), NULL);
	assist_case_row(t.c, bad);
	jv_free(bad);
	jv *s = assist_summary(t.c, &with);
	EQ(t.c->said.n, 2);
	EQ(jv_len(jv_get(s, "done")), 0);
	EQ(assist_invented(t.c, &with, s, NULL), 0);
	jv_free(s);
	assist_case_free(t.c);
	struct assist_case *none = assist_case_new();
	s = assist_summary(none, &with);
	SV_EQ(jv_get_str(s, "outcome"), "none");
	CHECK(jv_is_null(jv_get(s, "issue")));
	jv_free(s);
	assist_case_free(none);
}

/* ---- sentences ---- */

TEST(sentences_questions_and_promises)
{
	static const struct {
		const char *text;
		bool promise;
		int follow;
	} of[] = {
		{ "I'll call you back tomorrow.", true, FOLLOW_CALLBACK },
		{ "我明天上午给您回电。", true, FOLLOW_CALLBACK },
		{ "We will send you an e-mail with the label.", true, FOLLOW_MESSAGE },
		{ "我们会发短信通知您。", true, FOLLOW_MESSAGE },
		{ "I’ll look into it and follow up.", true, FOLLOW_TICKET },
		{ "我会跟进这件事。", true, FOLLOW_TICKET },
		{ "I'll get a person.", false, FOLLOW_NONE },
		{ "I will put you through to a colleague.", false, FOLLOW_NONE },
		{ "I will refund it within 3 days and put you through to a colleague.", true,
		  FOLLOW_TICKET },
		{ "已为您登记退款，3 个工作日内到账，现在为您转接人工。", true, FOLLOW_TICKET },
		{ "好的，现在为您转接人工，请稍等。", false, FOLLOW_NONE },
		{ "我马上为您转接人工客服。", false, FOLLOW_NONE },
		{ "My colleague will call you.", true, FOLLOW_CALLBACK },
		{ "Shall I send it?", false, FOLLOW_NONE },
		{ "If you like, I will call you.", false, FOLLOW_CALLBACK },
		{ "The lamp is blue.", false, FOLLOW_NONE },
		{ "这款台灯是蓝色的。", false, FOLLOW_NONE },
		{ "需要我给您回电吗？", false, FOLLOW_CALLBACK },
	};
	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
		EQ(assist_is_promise(sv_of(of[i].text)) * 100 + (int)i,
		   of[i].promise * 100 + (int)i);
		EQ((int)assist_follow_of(sv_of(of[i].text)) * 100 + (int)i,
		   of[i].follow * 100 + (int)i);
	}
	sv rest = SV("It costs 3.50 yuan. Really? 好的。 Yes!"), one;
	static const char *const want[] = { "It costs 3.50 yuan.", "Really?", "好的。", "Yes!" };
	for (int i = 0; i < 4; i++) {
		CHECK(assist_sentence(&rest, &one));
		SV_EQ(one, want[i]);
	}
	CHECK(!assist_sentence(&rest, &one));
}

TEST(when_something_will_be)
{
	static const struct {
		const char *text, *when;
	} of[] = {
		{ "We will refund it within 3 working days.", "2026-12-01" },
		{ "三个工作日内给您退款。", "2026-12-01" },
		{ "I will call you tomorrow at 15:00.", "2026-11-27T15:00" },
		{ "明天下午三点给您回电。", "2026-11-27T15:00" },
		{ "我会在两小时内给您回复。", "2026-11-26T21:23" },
		{ "I will call you.", "" },
	};
	struct arena a;
	arena_init(&a, 1u << 20);
	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++)
		SV_EQ(assist_when(sv_of(of[i].text), NOW, &with, &a), of[i].when);
	arena_done(&a);
}

TEST(when_is_told_by_the_clock_of_that_season)
{
	struct arena a;
	struct cal_zone *z = NULL;
	struct err e = { 0 };
	int64_t summer = 0, winter = 0;
	OK(cal_zone_open(&z, SV("Europe/Berlin"), &e));
	const struct assist_with there = { .zone = z };
	OK(clk_parse_rfc3339(SV("2026-07-15T10:00:00Z"), &summer));
	OK(clk_parse_rfc3339(SV("2026-12-15T10:00:00Z"), &winter));
	arena_init(&a, 1u << 20);
	const sv s = SV("I will answer within two hours.");
	SV_EQ(assist_when(s, summer, &there, &a), "2026-07-15T14:00");
	SV_EQ(assist_when(s, winter, &there, &a), "2026-12-15T13:00");
	arena_done(&a);
	obj_unref(z);
}

TEST(edits_are_measured)
{
	NEAR(assist_edit_share(SV("abcd"), SV("abcd")), 0, 1e-9);
	NEAR(assist_edit_share(SV("abcd"), SV("abxd")), 0.25, 1e-9);
	NEAR(assist_edit_share(SV("退货已登记"), SV("退货登记")), 0.2, 1e-9);
	NEAR(assist_edit_share(SV(""), SV("ab")), 1, 1e-9);
	NEAR(assist_edit_share(SV(""), SV("")), 0, 1e-9);
	NEAR(assist_edit_share(SV("kitten"), SV("sitting")), 3.0 / 7, 1e-9);
}

/* A day that is far ahead was one of the past year, and a day that there was. */
TEST(assist_a_past_day_is_one_of_the_calendar)
{
	static const struct {
		const char *value, *said, *want;
	} v[] = { { "2028-02-29", "on 29 February", "2027-02-28" },
		  { "2028-02-29", "on 29 February 2028", "2028-02-29" },
		  { "2028-03-01", "on 1 March", "2027-03-01" },
		  { "2027-06-10", "on 10 June", "2027-06-10" } };
	struct arena a;
	int64_t at = 0;
	arena_init(&a, LIM_ARENA_TURN);
	EQ(clk_parse_rfc3339(SV("2027-06-01"), &at), 0);
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++)
		SV_EQ(assist_past_day(sv_of(v[i].value), sv_of(v[i].said), at, &a), v[i].want);
	arena_done(&a);
}

/* Beside an order that is known already the new number counts. */
TEST(a_parcels_number_is_kept_beside_its_order)
{
	struct told t = { .c = assist_case_new() };
	says(&t, "customer", "我的订单HH2026-100447到哪了", ",\"language\":\"zh\"");
	says(&t, "bot", "订单HH2026-100447的运单号是SF123456789。", ",\"action\":\"reply\"");
	jv *s = assist_summary(t.c, &with);
	CHECK(any(jv_get(s, "facts"), "value", "SF123456789"));
	jv_free(s);
	assist_case_free(t.c);
}

/* Names of ours, masks, a router's model and a list that was looked through are no facts. */
TEST(a_summary_has_no_inner_names)
{
	struct told t = { .c = assist_case_new() };
	says(&t, "customer", "有哪些宽带套餐", ",\"language\":\"zh\"");
	says(&t, "bot", "三款，配 AX3000 路由器。", ",\"action\":\"reply\"");
	says(&t, "customer", "我没有订单号", ",\"language\":\"zh\"");
	says(&t, "bot", "您最近的订单：HH2026-100447，HH2026-100414", ",\"action\":\"reply\"");
	says(&t, "bot", "退货单号是R10240344。", ",\"action\":\"reply\"");
	jv *s = assist_summary(t.c, &with);
	sv text = jv_get_str(s, "text");
	CHECK(!any(jv_get(s, "facts"), "value", "AX3000"));
	CHECK(!any(jv_get(s, "facts"), "value", "100414"));
	CHECK(any(jv_get(s, "facts"), "value", "R10240344"));
	CHECK(sv_find(text, SV("AX3000")) < 0 && sv_find(text, SV("[")) < 0);
	jv_free(s);
	assist_case_free(t.c);
}
