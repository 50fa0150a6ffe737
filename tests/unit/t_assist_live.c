/* t_assist_live.c: help while somebody serves: the company's lists, suggestions from the knowledge
 * base, actions, checks, warnings, translations and the thread that tells of them. */
#include <stdio.h>
#include "assist_int.h"
#include "kb.h"
#include "model.h"
#include "policy_table.h"
#include "t.h"

#define NOW 1795692180000LL

/* ---- the company's lists ---- */

static struct assist_plan *demo_plan(void)
{
	static const char *const names[] = { "dispositions.yaml", "canned.yaml", "assist.yaml" };
	struct assist_file f[3];
	struct cfg_report rep = { 0 };
	struct assist_plan *p = NULL;
	struct sb b[3];
	struct err e = { 0 };
	for (int i = 0; i < 3; i++) {
		char path[600];
		(void)snprintf(path, sizeof(path), "%s/demo/%s", t_srcdir(), names[i]);
		sb_init(&b[i], 1u << 20);
		if (file_read(path, 1u << 20, &b[i], &e))
			t_fail(__FILE__, __LINE__, e.msg);
		f[i] = (struct assist_file){ names[i], sb_sv(&b[i]) };
	}
	if (assist_plan_new(&p, f, 3, &rep))
		t_fail(__FILE__, __LINE__, rep.n ? rep.v[0].what : "no plan");
	for (int i = 0; i < 3; i++)
		sb_done(&b[i]);
	cfg_report_done(&rep);
	return p;
}

static const char *fault_of(const char *yaml, struct cfg_report *rep)
{
	struct assist_plan *p = NULL;
	struct assist_file f = { "own.yaml", sv_of(yaml) };
	int rc = assist_plan_new(&p, &f, 1, rep);
	obj_unref(p);
	return rc == 0 ? "none" : rep->n ? rep->v[0].what : "untold";
}

TEST(faults_of_the_lists_are_told_with_their_place)
{
	static const struct {
		const char *yaml, *what;
	} of[] = {
		{ "checks: []", "none" },
		{ "dispositions:\n  - {id: a, title: {zh: 甲}}", "\"title\" has no en" },
		{ "dispositions:\n  - {title: {zh: 甲, en: A}}", "no id" },
		{ "canned:\n  - {id: Big, title: {zh: 甲, en: A}}", "no id" },
		{ "canned: yes please", "canned is no list" },
		{ "actions:\n  - {id: a, title: {zh: 甲, en: A}, moods: [cross]}",
		  "there is no mood \"cross\"" },
		{ "rules:\n  - {id: a, text: {zh: 甲, en: A}, words: {zh: 乙, en: b}, by: boss}",
		  "by is \"boss\"" },
		{ "colours: []", "unknown key \"colours\"" },
		{ "checks:\n  - {id: a, title: {zh: 甲, en: A}, words: {zh: 乙, en: b}, hue: 1}",
		  "unknown key \"hue\"" },
	};
	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
		struct cfg_report rep = { 0 };
		const char *got = fault_of(of[i].yaml, &rep);
		STR_EQ(got, of[i].what);
		if (rep.n)
			HAS(sv_of(rep.v[0].where), "own.yaml");
		cfg_report_done(&rep);
	}
}

TEST(a_later_entry_of_the_same_id_counts)
{
	struct assist_file f[2] = {
		{ "a.yaml", SV("dispositions:\n  - {id: x, title: {zh: 甲, en: First}}\n"
			       "  - {id: y, title: {zh: 乙, en: Other}}") },
		{ "b.yaml", SV("dispositions:\n  - {id: x, title: {zh: 丙, en: Second}}") },
	};
	struct cfg_report rep = { 0 };
	struct assist_plan *p = NULL;
	struct sb b;
	OK(assist_plan_new(&p, f, 2, &rep));
	sb_init(&b, 4096);
	OK(assist_plan_json(p, "dispositions", &b));
	HAS(sb_sv(&b), "Second");
	CHECK(sv_find(sb_sv(&b), SV("First")) < 0);
	CHECK(assist_disposition_of(p, SV("y")) && !assist_disposition_of(p, SV("z")));
	EQ(assist_plan_json(p, "colours", &b), ERR_NOTFOUND);
	sb_done(&b);
	obj_unref(p);
}

/* ---- a conversation ---- */

struct told {
	struct assist_case *c;
	int64_t seq;
	int turn;
};

static jv *row_of(struct told *t, const char *kind, const char *body)
{
	jv *row = jv_obj(), *b = jv_parse(sv_of(body), NULL);
	if (!b)
		t_fail(__FILE__, __LINE__, body);
	jv_set_int(row, "seq", ++t->seq);
	jv_set_int(row, "ts_ms", NOW + t->seq * 1000);
	jv_set_int(row, "turn", t->turn);
	jv_set_str(row, "kind", sv_of(kind));
	jv_set(row, "body", b);
	return row;
}

static void put(struct told *t, const char *kind, const char *body)
{
	jv *row = row_of(t, kind, body);
	assist_case_row(t->c, row);
	jv_free(row);
}

static void customer(struct told *t, const char *text, const char *more)
{
	char body[1000];
	t->turn++;
	(void)snprintf(body, sizeof(body), "{\"text\":\"%s\"%s}", text, more);
	put(t, "turn.customer", body);
}

static const jv *of_id(const jv *list, const char *id)
{
	for (size_t i = 0; i < jv_len(list); i++)
		if (sv_eq(jv_get_str(jv_at(list, i), "id"), sv_of(id)))
			return jv_at(list, i);
	return NULL;
}

/* ---- actions ---- */

TEST(actions_are_proposed_with_what_is_known)
{
	struct told t = { .c = assist_case_new() };
	jv *schema = jv_parse(SV("{\"type\":\"object\",\"required\":[\"order\",\"reason\"],"
				 "\"properties\":{\"order\":{\"type\":\"string\"},\"reason\":"
				 "{\"type\":\"string\"},\"amount\":{\"type\":\"number\"}}}"), NULL);
	const struct assist_tool tool = { .name = SV("return_create"), .schema = schema };
	struct assist_plan *p = demo_plan();
	struct assist_with w = { .plan = p, .tool = &tool, .n_tool = 1 };
	customer(&t, "I want to return my lamp",
		 ",\"language\":\"en\",\"intent\":\"return_goods\",\"intent_p\":0.9");
	put(&t, "flow.saved", "{\"flow\":\"return_goods\",\"state\":\"{\\\"vars\\\":{\\\"order\\\":"
			      "\\\"HH2026-100364\\\",\\\"amount\\\":12.5}}\"}");
	jv *list = assist_next(t.c, &w, NULL);
	const jv *x = of_id(list, "register_return");
	CHECK(x);
	SV_EQ(jv_as_str(jv_path(x, "call.args.order")), "HH2026-100364");
	NEAR(jv_as_num(jv_path(x, "call.args.amount"), 0), 12.5, 1e-9);
	SV_EQ(jv_as_str(jv_path(x, "call.missing.0")), "reason");
	EQ(jv_len(jv_path(x, "call.missing")), 1);
	/* A tool that this company does not have is not proposed. */
	CHECK(!of_id(list, "check_return"));
	CHECK(!of_id(list, "cancel_order"));
	jv_free(list);
	put(&t, "tool.call", "{\"tool\":\"return_create\",\"key\":\"1/0\"}");
	list = assist_next(t.c, &w, NULL);
	CHECK(!of_id(list, "register_return"));
	jv_free(list);
	jv_free(schema);
	obj_unref(p);
	assist_case_free(t.c);
}

TEST(an_angry_customer_is_met_by_the_strategy)
{
	struct told t = { .c = assist_case_new() };
	struct policy_table *s = NULL;
	struct cfg_report rep = { 0 };
	struct assist_with w = { 0 };
	OK(policy_table_new(&s, SV_NULL, "strategy.yaml", NULL, &rep));
	cfg_report_done(&rep);
	customer(&t, "This is a scandal, I am furious!",
		 ",\"language\":\"en\",\"intent\":\"complaint\",\"intent_p\":0.9,\"emotion\":"
		 "\"angry\","
		 "\"mood\":{\"class\":\"angry\",\"valence\":-0.8,\"arousal\":0.7,\"trend\":-0."
		 "4}");
	jv *list = assist_next(t.c, &w, s);
	const jv *x = of_id(list, "apologise");
	CHECK(x);
	CHECK(jv_as_str(jv_path(x, "why.en")).n > 0 && jv_as_str(jv_path(x, "why.zh")).n > 0);
	jv_free(list);
	put(&t, "turn.agent", "{\"text\":\"I am very sorry about this.\",\"by\":\"mei\"}");
	list = assist_next(t.c, &w, s);
	CHECK(!of_id(list, "apologise"));
	jv_free(list);
	obj_unref(s);
	assist_case_free(t.c);
}

/* ---- checks and warnings ---- */

TEST(checks_are_due_done_or_missed)
{
	struct told t = { .c = assist_case_new() };
	struct assist_plan *p = demo_plan();
	customer(&t, "where is my parcel", ",\"language\":\"en\",\"intent\":\"order_status\","
					   "\"intent_p\":0.9");
	put(&t, "turn.bot", "{\"text\":\"One moment.\",\"action\":\"handoff\"}");
	jv *list = assist_checks(t.c, p, NULL);
	SV_EQ(jv_get_str(of_id(list, "greeted"), "state"), "due");
	SV_EQ(jv_get_str(of_id(list, "verified"), "state"), "due");
	CHECK(!of_id(list, "sorry_said"));
	jv_free(list);
	put(&t, "turn.agent", "{\"text\":\"What is it?\",\"by\":\"mei\"}");
	put(&t, "turn.agent", "{\"text\":\"Tell me more.\",\"by\":\"mei\"}");
	put(&t, "customer.known", "{\"level\":2}");
	list = assist_checks(t.c, p, NULL);
	SV_EQ(jv_get_str(of_id(list, "greeted"), "state"), "missed");
	SV_EQ(jv_get_str(of_id(list, "verified"), "state"), "done");
	SV_EQ(jv_get_str(of_id(list, "asked_more"), "state"), "due");
	jv_free(list);
	put(&t, "turn.agent", "{\"text\":\"Is there anything else?\",\"by\":\"mei\"}");
	list = assist_checks(t.c, p, NULL);
	SV_EQ(jv_get_str(of_id(list, "asked_more"), "state"), "done");
	jv_free(list);
	obj_unref(p);
	assist_case_free(t.c);
}

static const char form_yaml[] =
	"id: chat\nversion: 1\ntitle: {zh: 检查, en: Check}\npass: 60\n"
	"for: {who: [agent], channels: [webchat]}\n"
	"sections:\n  - id: s\n    title: {zh: 节, en: S}\n    items:\n"
	"      - {id: greeting, title: {zh: 问候客户, en: Greets the customer}, type: plus,\n"
	"         weight: 5, rule: said_early, within: 2, words: {zh: [您好], en: [hello]}}\n"
	"      - {id: grounded, title: {zh: 有据, en: Grounded}, type: plus, weight: 5,\n"
	"         rule: grounded}\n"
	"      - {id: extra, title: {zh: 多做一步, en: One thing more}, type: plus, weight: 2,\n"
	"         person: true}\n";

/* The form's items under the form's titles: what a check of the plan looks at, and what people
 * judge, by hand; what rules alone can see is not there, and a check without an item stays. */
TEST(checks_are_the_quality_forms)
{
	static const char plan_yaml[] =
		"checks:\n"
		"  - {id: greeted, item: greeting, title: {zh: 甲, en: A}, words: {zh: 您好, en: "
		"hello}}\n"
		"  - {id: left_out, item: gone, title: {zh: 乙, en: B}, words: {zh: 乙, en: b}}\n"
		"  - {id: own, title: {zh: 丙, en: C}, words: {zh: 丙, en: c}}\n";
	const struct assist_file file = { "x.yaml", { plan_yaml, sizeof(plan_yaml) - 1 } };
	struct cfg_report rep = { 0 };
	struct told t = { .c = assist_case_new() };
	struct assist_plan *p;
	struct qa_form *f;
	CHECK(assist_plan_new(&p, &file, 1, &rep) == 0);
	CHECK(qa_form_new(&f, sv_of(form_yaml), "form.yaml", &rep) == 0);
	jv *list = assist_checks(t.c, p, f);
	EQ(jv_len(list), 3);
	SV_EQ(jv_as_str(jv_path(of_id(list, "greeting"), "title.en")), "Greets the customer");
	SV_EQ(jv_get_str(of_id(list, "greeting"), "state"), "due");
	CHECK(!jv_get_bool(of_id(list, "greeting"), "hand", true));
	SV_EQ(jv_get_str(of_id(list, "extra"), "state"), "due");
	CHECK(jv_get_bool(of_id(list, "extra"), "hand", false));
	CHECK(of_id(list, "own") && !of_id(list, "grounded") && !of_id(list, "left_out"));
	jv_free(list);
	put(&t, "turn.agent", "{\"text\":\"Hello!\",\"by\":\"mei\"}");
	put(&t, "agent.check", "{\"item\":\"extra\",\"done\":true}");
	list = assist_checks(t.c, p, f);
	SV_EQ(jv_get_str(of_id(list, "greeting"), "state"), "done");
	SV_EQ(jv_get_str(of_id(list, "extra"), "state"), "done");
	jv_free(list);
	put(&t, "agent.check", "{\"item\":\"extra\",\"done\":false}");      /* taken back */
	put(&t, "conversation.closed", "{}");
	list = assist_checks(t.c, p, f);
	SV_EQ(jv_get_str(of_id(list, "extra"), "state"), "missed");
	jv_free(list);
	obj_unref(f);
	obj_unref(p);
	assist_case_free(t.c);
}

static const char *warned(const struct assist_plan *p, enum assist_who by, const char *text,
			  int level, char out[64])
{
	jv *list = assist_warnings(p, by, sv_of(text), level);
	(void)snprintf(out, 64, SV_FMT, SV_ARG(jv_get_str(jv_at(list, 0), "kind")));
	jv_free(list);
	return out;
}

TEST(warnings_by_who_speaks_and_how_well_the_customer_is_known)
{
	static const struct {
		enum assist_who by;
		const char *text;
		int level;
		const char *kind;
	} of[] = {
		{ ASSIST_CUSTOMER, "my card is [bank_card]", 0, "card_number" },
		{ ASSIST_CUSTOMER, "it is 4111 1111 1111 1111", 0, "card_number" },
		{ ASSIST_CUSTOMER, "I paid by card", 0, "" },
		{ ASSIST_AGENT, "What is your card number?", 0, "card_number" },
		{ ASSIST_AGENT, "请您告诉我卡号", 0, "card_number" },
		{ ASSIST_AGENT, "I guarantee you a refund", 0, "forbidden_promise" },
		{ ASSIST_AGENT, "我保证退款", 3, "forbidden_promise" },
		{ ASSIST_AGENT, "Your address is 5 Mill Lane", 1, "verify_first" },
		{ ASSIST_AGENT, "Your address is 5 Mill Lane", 2, "" },
		{ ASSIST_AGENT, "The refund takes three days", 0, "" },
		{ ASSIST_BOT, "I guarantee you a refund", 0, "" },
	};
	struct assist_plan *p = demo_plan();
	char kind[64];
	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++)
		STR_EQ(warned(p, of[i].by, of[i].text, of[i].level, kind), of[i].kind);
	jv *list = assist_warnings(NULL, ASSIST_AGENT, SV("I guarantee you a refund"), 0);
	EQ(jv_len(list), 0);
	jv_free(list);
	obj_unref(p);
}

/* ---- translations ---- */

TEST(translations_keep_numbers_codes_masks_and_names)
{
	static const sv names[] = { { "潮池|Tidepool", 15 } };
	const struct assist_words w = { names, 1 };
	static const struct {
		const char *text, *translation;
		bool ok;
	} of[] = {
		{ "订单HH2026-100102明天到", "Order HH2026-100102 arrives tomorrow", true },
		{ "订单HH2026-100102明天到", "Order HH2026-100120 arrives tomorrow", false },
		{ "订单HH2026-100102明天到", "Your order arrives tomorrow", false },
		{ "退款3天到账", "The refund takes 3 days", true },
		{ "退款3天到账", "The refund takes 5 days", false },
		{ "退款三天到账", "The refund takes 3 days", true },
		{ "退款三天到账", "The refund takes 9 days", false },
		{ "退款三元", "You get 900 yuan", false },
		{ "下午三点来", "Come at 15:00", true },
		{ "The refund is 1,200 yuan", "退款是1200元", true },
		{ "It is 28cm wide", "宽28厘米", true },
		{ "请拨打400-810-6600", "Please call 400-810-6600", true },
		{ "请拨打400-810-6600", "Please call 400-810-6601", false },
		{ "退款到账", "The refund takes 7 days", false },
		{ "电话是[phone]", "The number is [phone]", true },
		{ "电话是[phone]", "The number is on file", false },
		{ "潮池餐具", "Tidepool tableware", true },
		{ "潮池餐具", "Rock pool tableware", false },
		{ "好的", "", false },
		{ "２０元", "20 yuan", true },
	};
	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
		const char *why = NULL;
		bool ok = assist_translated_ok(sv_of(of[i].text), sv_of(of[i].translation), &w,
					       &why);
		EQ(ok * 100 + (int)i, of[i].ok * 100 + (int)i);
		CHECK(ok == !why);
	}
}

TEST(of_a_reworded_summary_only_lines_that_hold_are_taken)
{
	struct told t = { .c = assist_case_new() };
	struct sb b;
	customer(&t, "I would like to return the lamp", ",\"language\":\"en\"");
	put(&t, "turn.bot", "{\"text\":\"Your return is registered under R10241275, the courier "
			    "comes on Friday.\",\"action\":\"reply\"}");
	const sv ours = SV("Request: I would like to return the lamp\n"
			   "Done: Your return is registered under R10241275, the courier comes on "
			   "Friday.\nOutcome: resolved");
	sb_init(&b, 4096);
	assist_mind_lines(t.c, ours, SV("Request: wants something\nDone: Return registered under "
					"R10241275; courier comes Friday.\nOutcome: resolved"), &b);
	HAS(sb_sv(&b), "Request: I would like to return the lamp\n");
	HAS(sb_sv(&b), "Done: Return registered under R10241275; courier comes Friday.");
	sb_reset(&b);
	assist_mind_lines(t.c, ours, SV("Request: x\nDone: Return R10241275 and 50 yuan paid.\n"
					"Outcome: resolved"), &b);
	CHECK(sv_eq(sb_sv(&b), ours));
	sb_reset(&b);
	assist_mind_lines(t.c, ours, SV("It went well."), &b);
	CHECK(sv_eq(sb_sv(&b), ours));
	sb_done(&b);
	assist_case_free(t.c);
}
