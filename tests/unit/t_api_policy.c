/* t_api_policy.c: the strategy table over REST: read, replaced, refused with its faults, tried, and
 * in use for the next conversation and after a restart. */
#include "t_api_world.h"
#include "api_policy.h"
#include "policy_table.h"

#define PATH "/api/v1/policies/strategy"

/* {"text":TEXT,"base":N,...} */
static const char *with_text(struct sb *b, const char *text, int base, const char *more)
{
	sb_reset(b);
	sb_cstr(b, "{\"text\":");
	sb_json(b, sv_of(text));
	sb_fmt(b, ",\"base\":%d%s}", base, more);
	return sb_str(b);
}

static const char WARM[] = "version: 1\nrows:\n- {id: all, do: {style: warm, priority: 2}}\n";
static const char CALM[] = "version: 1\nrows:\n"
			   "- {id: hot, priority: 9, when: {mood: angry}, do: {style: calm}}\n"
			   "- {id: all, do: {style: plain}}\n";

TEST(api_strategy_read_and_replaced)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct sb b;
	sb_init(&b, 1 << 20);
	CHECK(aw_up(&w));
	const char *t = aw_token(&w, "supervisor");
	EQ(http(&w, "GET " PATH, t, NULL, &r), 200);
	EQ(jv_get_int(r.json, "version", -1), 0);
	HAS(jv_get_str(r.json, "text"), "anger_sustained");
	EQ(jv_len(jv_get(r.json, "history")), 0);
	EQ(http(&w, "PUT " PATH, t, with_text(&b, WARM, 0, ",\"note\":\"warmer\""), &r), 200);
	EQ(jv_get_int(r.json, "version", 0), 1);
	EQ(jv_get_int(r.json, "rows", 0), 1);
	EQ(http(&w, "PUT " PATH, t, with_text(&b, CALM, 0, ""), &r), 409);   /* of an old one */
	EQ(http(&w, "PUT " PATH, t, with_text(&b, CALM, 1, ""), &r), 200);
	EQ(http(&w, "GET " PATH, t, NULL, &r), 200);
	EQ(jv_get_int(r.json, "version", 0), 2);
	SV_EQ(jv_get_str(r.json, "text"), CALM);
	EQ(jv_len(jv_get(r.json, "history")), 2);
	SV_EQ(jv_as_str(jv_path(r.json, "history.1.note")), "warmer");
	CHECK(jv_as_str(jv_path(r.json, "history.0.by")).n > 0);
	CHECK(jv_as_str(jv_path(r.json, "history.0.at")).n > 0);
	EQ(http(&w, "GET " PATH "?version=1", t, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "text"), WARM);
	EQ(http(&w, "GET " PATH "?version=7", t, NULL, &r), 404);
	EQ(http(&w, "GET " PATH "?version=x", t, NULL, &r), 400);
	sb_done(&b);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_strategy_faults_change_nothing)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct sb b;
	sb_init(&b, 1 << 20);
	CHECK(aw_up(&w));
	const char *t = aw_token(&w, "admin");
	const char *bad = "version: 1\nrows:\n- {id: a, when: {mood: furious}, do: {style: x}}\n";
	EQ(http(&w, "PUT " PATH, t, with_text(&b, bad, 0, ""), &r), 422);
	EQ(jv_len(jv_get(r.json, "issues")), 3);
	HAS(jv_as_str(jv_path(r.json, "issues.0.where")), "strategy:3:rows[0].when.mood");
	HAS(jv_as_str(jv_path(r.json, "issues.0.mend")), "angry");
	EQ(http(&w, "PUT " PATH, t, "{\"text\":\"\"}", &r), 400);
	EQ(http(&w, "PUT " PATH, t, "[]", &r), 400);
	EQ(http(&w, "GET " PATH, t, NULL, &r), 200);
	EQ(jv_get_int(r.json, "version", -1), 0);
	sb_done(&b);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_strategy_is_for_supervisors)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	const char *agent = aw_token(&w, "agent");
	EQ(http(&w, "GET " PATH, agent, NULL, &r), 403);
	EQ(http(&w, "PUT " PATH, agent, "{}", &r), 403);
	EQ(http(&w, "POST " PATH "/try", agent, "{}", &r), 403);
	EQ(http(&w, "GET " PATH, NULL, NULL, &r), 401);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_strategy_tried_by_messages)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	const char *t = aw_token(&w, "supervisor");
	EQ(http(&w, "POST " PATH "/try", t,
		"{\"messages\":[\"What does delivery cost?\",\"This is outrageous!\","
		"\"You are liars and thieves!\"],\"language\":\"en\"}", &r), 200);
	EQ(jv_len(jv_get(r.json, "turns")), 3);
	SV_EQ(jv_as_str(jv_path(r.json, "turns.0.strategy.row")), "everyone");
	SV_EQ(jv_as_str(jv_path(r.json, "turns.1.strategy.row")), "angry");
	SV_EQ(jv_as_str(jv_path(r.json, "turns.2.strategy.row")), "anger_sustained");
	SV_EQ(jv_as_str(jv_path(r.json, "turns.2.strategy.human")), "now");
	SV_EQ(jv_as_str(jv_path(r.json, "turns.2.mood.class")), "angry");
	CHECK(jv_as_str(jv_path(r.json, "turns.2.why.zh")).n > 0);
	EQ(http(&w, "POST " PATH "/try", t, "{\"messages\":[]}", &r), 400);
	EQ(http(&w, "POST " PATH "/try", t, "{\"messages\":[7]}", &r), 400);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_strategy_tried_by_a_case_and_an_unsaved_text)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct sb b;
	sb_init(&b, 1 << 20);
	CHECK(aw_up(&w));
	const char *t = aw_token(&w, "supervisor");
	EQ(http(&w, "POST " PATH "/try", t,
		"{\"mood\":\"angry\",\"tier\":\"gold\",\"channel\":\"voice\"}", &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "turns.0.strategy.row")), "angry_vip");
	SV_EQ(jv_as_str(jv_path(r.json, "turns.0.strategy.offer")), "voucher_50");
	HAS(jv_as_str(jv_path(r.json, "turns.0.offer_text.en")), "50");
	EQ(http(&w, "POST " PATH "/try", t, with_text(&b, CALM, 0, ",\"mood\":\"angry\""), &r),
	   200);
	SV_EQ(jv_as_str(jv_path(r.json, "turns.0.strategy.row")), "hot");
	EQ(http(&w, "POST " PATH "/try", t, "{\"mood\":\"angry\",\"intent\":\"a\\\"b\"}", &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "turns.0.intent")), "a\"b");
	EQ(http(&w, "POST " PATH "/try", t, with_text(&b, "version: 9\n", 0, ""), &r), 200);
	EQ(jv_len(jv_get(r.json, "turns")), 0);
	CHECK(jv_len(jv_get(r.json, "issues")) > 0);
	sb_done(&b);
	resp_done(&r);
	aw_down(&w);
}

/* customer.id: believed of somebody who has signed in, refused of anybody else. */
TEST(api_conversation_of_an_identified_customer)
{
	static const struct chan_profile li = { .id = SV("c1"), .name = SV("Li Wei"),
						.tier = SV("gold"), .language = SV("en"),
						.last_order = SV("HH2026-100777"),
						.last_status = SV("shipped"), .orders = 1 };
	static const char body[] = "{\"channel\":\"webchat\",\"customer\":{\"id\":\"c1\"},"
				   "\"text\":\"Where is my order?\"}";
	struct aw w = { .profile = &li };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	EQ(http(&w, "POST /api/v1/conversations", NULL, body, &r), 403);
	const char *t = aw_token(&w, "supervisor");
	EQ(http(&w, "POST /api/v1/conversations", t,
		"{\"channel\":\"webchat\",\"customer\":{\"id\":\"c2\"}}", &r), 404);
	EQ(http(&w, "POST /api/v1/conversations", t, body, &r), 201);
	HAS(jv_get_str(r.json, "greeting"), "Welcome back, Li Wei");
	HAS(jv_as_str(jv_path(r.json, "reply.reply")), "HH2026-100777, is on its way");
	char id[27], line[80];
	snprintf(id, sizeof(id), SV_FMT, SV_ARG(jv_get_str(r.json, "id")));
	store_flush(w.store);
	snprintf(line, sizeof(line), "GET /api/v1/conversations/%s/events", id);
	EQ(http(&w, line, t, NULL, &r), 200);
	CHECK(kinds(&r, "profile.use") >= 3);
	resp_done(&r);
	aw_down(&w);
}

/* Saved: the next conversation is served by it, and so is one after a new start. */
TEST(api_strategy_in_use_and_kept)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct sb b;
	char id[27], token[API_TOKEN_MAX];
	sb_init(&b, 1 << 20);
	CHECK(aw_up(&w));
	const char *t = aw_token(&w, "supervisor");
	EQ(http(&w, "PUT " PATH, t, with_text(&b, WARM, 0, ""), &r), 200);
	CHECK(begin(&w, id, token));
	EQ(say(&w, id, token, "{\"text\":\"How long may I return goods?\"}", &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "strategy.row")), "all");
	SV_EQ(jv_as_str(jv_path(r.json, "strategy.style")), "warm");
	struct policy_table *table = NULL;
	struct cfg_report rep = { 0 };
	store_flush(w.store);
	EQ(api_strategy_load(w.store, NULL, &table, &rep), 0);
	EQ(policy_table_rows(table), 1);
	obj_unref(table);
	cfg_report_done(&rep);
	sb_done(&b);
	resp_done(&r);
	aw_down(&w);
}
