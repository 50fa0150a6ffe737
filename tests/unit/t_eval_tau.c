/* t_eval_tau.c: the shop's tools on a small state of our own, refusals leave it as it was; gold
 * and idle agents; a scripted model as agent. */
#include "t.h"
#include "t_eval_tau.h"

/* The tool's answer; *same tells whether the state is as before. */
static int call(jv *db, const char *name, const char *args, struct sb *out, bool *same)
{
	jv *before = jv_copy(db), *a = jv_parse(sv_of(args), NULL);
	ASSERT(a);
	int rc = eval_retail_call(db, sv_of(name), a, out);
	*same = eval_same(before, db);
	jv_free(before);
	jv_free(a);
	return rc;
}

TEST(eval_retail_looks_up)
{
	static const struct {
		const char *name, *args, *answer;
	} rows[] = {
		{ "find_user_id_by_email", "{\"email\":\"ANN@example.com\"}", "ann_lee_1" },
		{ "find_user_id_by_email", "{\"email\":\"x@example.com\"}",
		  "Error: User not found" },
		{ "find_user_id_by_name_zip",
		  "{\"first_name\":\"ann\",\"last_name\":\"LEE\",\"zip\":\"10001\"}",
		  "ann_lee_1" },
		{ "find_user_id_by_name_zip",
		  "{\"first_name\":\"ann\",\"last_name\":\"lee\",\"zip\":\"10002\"}", "Error" },
		{ "get_order_details", "{\"order_id\":\"#W1\"}", "\"status\":\"pending\"" },
		{ "get_order_details", "{\"order_id\":\"W1\"}", "Error: Order not found" },
		{ "get_user_details", "{\"user_id\":\"ann_lee_1\"}", "gift_1" },
		{ "get_user_details", "{}", "Error" },
		{ "get_product_details", "{\"product_id\":\"p1\"}", "\"variants\"" },
		{ "get_product_details", "{\"product_id\":\"i1\"}", "Error" },
		{ "get_item_details", "{\"item_id\":\"i2\"}", "12.25" },
		{ "get_item_details", "{\"item_id\":\"p1\"}", "Error" },
		{ "list_all_product_types", "{}", "{\"Bowl\":\"p2\",\"Cup\":\"p1\"}" },
		{ "calculate", "{\"expression\":\"3131.1 + 4777.75 + 367.38\"}", "8276.23" },
		{ "calculate", "{\"expression\":\"-(2 + 3) * 4 / 8\"}", "-2.5" },
		{ "calculate", "{\"expression\":\"2 - 2\"}", "0.0" },
		{ "calculate", "{\"expression\":\"1 / 0\"}", "Error" },
		{ "calculate", "{\"expression\":\"import os\"}", "Error" },
		{ "calculate", "{\"expression\":\"(1\"}", "Error" },
		{ "calculate", "{\"expression\":\"1 2\"}", "Error" },
		{ "calculate",
		  "{\"expression\":\"(((((((((((((((((((((((((((((((((((((((((((((((((((((("
		  "1\"}",
		  "Error" },
		{ "transfer_to_human_agents", "{\"summary\":\"x\"}", "Transfer successful" },
		{ "drop_table", "{}", "Error: Unknown tool" },
	};
	jv *db = state();
	struct sb out;
	bool same;
	sb_init(&out, LIM_SB);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int rc = call(db, rows[i].name, rows[i].args, &out, &same);
		bool error = sv_starts(sb_sv(&out), SV("Error"));
		if (sv_find(sb_sv(&out), sv_of(rows[i].answer)) < 0 || !same ||
		    (rc == 0) == error)
			t_fail(rows[i].args, (int)i, sb_str(&out));
	}
	sb_done(&out);
	jv_free(db);
}

TEST(eval_retail_refuses_and_changes_nothing)
{
	static const struct {
		const char *name, *args;
	} rows[] = {
		{ "cancel_pending_order", "{\"order_id\":\"#W1\",\"reason\":\"bored\"}" },
		{ "cancel_pending_order",
		  "{\"order_id\":\"#W2\",\"reason\":\"no longer needed\"}" },
		{ "cancel_pending_order",
		  "{\"order_id\":\"#W9\",\"reason\":\"no longer needed\"}" },
		{ "modify_pending_order_items", /* not available */
		  "{\"order_id\":\"#W1\",\"item_ids\":[\"i1\"],\"new_item_ids\":[\"i3\"],"
		  "\"payment_method_id\":\"card_1\"}" },
		{ "modify_pending_order_items", /* more than there are */
		  "{\"order_id\":\"#W1\",\"item_ids\":[\"i1\",\"i1\",\"i1\"],"
		  "\"new_item_ids\":[\"i2\",\"i2\",\"i2\"],\"payment_method_id\":\"card_1\"}" },
		{ "modify_pending_order_items", /* too few new ones */
		  "{\"order_id\":\"#W1\",\"item_ids\":[\"i1\",\"i1\"],\"new_item_ids\":[\"i2\"]"
		  ","
		  "\"payment_method_id\":\"card_1\"}" },
		{ "modify_pending_order_items", /* the gift card is too small */
		  "{\"order_id\":\"#W1\",\"item_ids\":[\"i1\"],\"new_item_ids\":[\"i4\"],"
		  "\"payment_method_id\":\"gift_1\"}" },
		{ "modify_pending_order_items",
		  "{\"order_id\":\"#W1\",\"item_ids\":[\"i1\"],\"new_item_ids\":[\"i2\"],"
		  "\"payment_method_id\":\"card_9\"}" },
		{ "modify_pending_order_items",
		  "{\"order_id\":\"#W1\",\"item_ids\":[],\"new_item_ids\":[],"
		  "\"payment_method_id\":\"card_1\"}" },
		{ "modify_pending_order_address", "{\"order_id\":\"#W2\",\"zip\":\"1\"}" },
		{ "modify_pending_order_payment",
		  "{\"order_id\":\"#W1\",\"payment_method_id\":\"card_1\"}" },
		{ "modify_pending_order_payment",
		  "{\"order_id\":\"#W2\",\"payment_method_id\":\"card_1\"}" },
		{ "modify_user_address", "{\"user_id\":\"bob\"}" },
		{ "return_delivered_order_items", /* neither the original nor a gift card */
		  "{\"order_id\":\"#W2\",\"item_ids\":[\"i2\"],\"payment_method_id\":\"card_"
		  "1\"}" },
		{ "return_delivered_order_items", "{\"order_id\":\"#W1\",\"item_ids\":[\"i1\"],"
						  "\"payment_method_id\":\"card_1\"}" },
		{ "return_delivered_order_items", "{\"order_id\":\"#W2\",\"item_ids\":[\"i4\"],"
						  "\"payment_method_id\":\"gift_1\"}" },
		{ "exchange_delivered_order_items",
		  "{\"order_id\":\"#W1\",\"item_ids\":[\"i1\"],\"new_item_ids\":[\"i2\"],"
		  "\"payment_method_id\":\"card_1\"}" },
	};
	jv *db = state();
	struct sb out;
	bool same;
	sb_init(&out, LIM_SB);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (call(db, rows[i].name, rows[i].args, &out, &same) == 0 || !same ||
		    !sv_starts(sb_sv(&out), SV("Error: ")))
			t_fail(rows[i].args, (int)i, sb_str(&out));
	sb_done(&out);
	jv_free(db);
}

static double balance(const jv *db)
{
	return jv_get_num(jv_path(db, "users.ann_lee_1.payment_methods.gift_1"), "balance", -1);
}

TEST(eval_retail_changes)
{
	jv *db = state();
	const jv *w1 = jv_path(db, "orders.#W1"), *w2 = jv_path(db, "orders.#W2");
	struct sb out;
	bool same;
	sb_init(&out, LIM_SB);
	OK(call(db, "modify_pending_order_payment",
		"{\"order_id\":\"#W1\",\"payment_method_id\":\"gift_1\"}", &out, &same));
	NEAR(balance(db), 0.5, 1e-9);
	EQ(jv_len(jv_get(w1, "payment_history")), 3);
	SV_EQ(jv_get_str(jv_path(w1, "payment_history.2"), "payment_method_id"), "card_1");
	OK(call(db, "modify_pending_order_address",
		"{\"order_id\":\"#W1\",\"address1\":\"a\",\"city\":\"c\",\"zip\":\"2\"}", &out,
		&same));
	SV_EQ(jv_get_str(jv_get(w1, "address"), "zip"), "2");
	OK(call(db, "modify_pending_order_items",
		"{\"order_id\":\"#W1\",\"item_ids\":[\"i1\",\"i1\"],\"new_item_ids\":[\"i2\","
		"\"i2\"],"
		"\"payment_method_id\":\"card_1\"}",
		&out, &same));
	SV_EQ(jv_get_str(w1, "status"), "pending (item modified)");
	SV_EQ(jv_get_str(jv_path(w1, "items.1"), "item_id"), "i2");
	NEAR(jv_get_num(jv_path(w1, "payment_history.3"), "amount", 0), 4.5, 1e-9);
	CHECK(call(db, "modify_pending_order_items",
		   "{\"order_id\":\"#W1\",\"item_ids\":[\"i2\"],\"new_item_ids\":[\"i1\"],"
		   "\"payment_method_id\":\"card_1\"}", &out, &same) != 0);   /* once an order */
	OK(call(db, "exchange_delivered_order_items",
		"{\"order_id\":\"#W2\",\"item_ids\":[\"i2\",\"i1\"],\"new_item_ids\":[\"i1\","
		"\"i2\"],"
		"\"payment_method_id\":\"gift_1\"}",
		&out, &same));
	SV_EQ(jv_as_str(jv_path(w2, "exchange_items.0")), "i1");          /* sorted */
	NEAR(jv_get_num(w2, "exchange_price_difference", 9), 0, 1e-9);
	CHECK(call(db, "return_delivered_order_items",
		   "{\"order_id\":\"#W2\",\"item_ids\":[\"i2\"],\"payment_method_id\":\"gift_1\"}",
		   &out, &same) != 0);
	OK(call(db, "modify_user_address", "{\"user_id\":\"ann_lee_1\",\"zip\":\"7\"}", &out,
		&same));
	CHECK(!same);
	sb_done(&out);
	jv_free(db);
}

TEST(eval_retail_cancel_and_return)
{
	jv *db = state();
	struct sb out;
	bool same;
	sb_init(&out, LIM_SB);
	OK(call(db, "cancel_pending_order",
		"{\"order_id\":\"#W1\",\"reason\":\"ordered by mistake\"}", &out, &same));
	SV_EQ(jv_get_str(jv_path(db, "orders.#W1"), "status"), "cancelled");
	SV_EQ(jv_get_str(jv_path(db, "orders.#W1.payment_history.1"), "transaction_type"),
	      "refund");
	NEAR(balance(db), 20.5, 1e-9);       /* a credit card has none */
	OK(call(db, "return_delivered_order_items",
		"{\"order_id\":\"#W2\",\"item_ids\":[\"i2\"],\"payment_method_id\":\"gift_1\"}",
		&out, &same));
	SV_EQ(jv_get_str(jv_path(db, "orders.#W2"), "status"), "return requested");
	sb_done(&out);
	jv_free(db);
}

TEST(eval_same_by_value)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "{\"a\":1,\"b\":[2,\"x\"]}", "{\"b\":[2.0,\"x\"],\"a\":1.0}", true },
		{ "{\"a\":1}", "{\"a\":1,\"b\":2}", false },
		{ "{\"a\":1,\"c\":2}", "{\"a\":1,\"b\":2}", false },
		{ "[1,2]", "[2,1]", false },
		{ "[1]", "[1,1]", false },
		{ "{\"a\":null}", "{\"a\":null}", true },
		{ "{\"a\":null}", "{\"a\":0}", false },
		{ "{\"a\":\"1\"}", "{\"a\":1}", false },
		{ "{\"a\":true}", "{\"a\":false}", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		jv *a = jv_parse(sv_of(rows[i].a), NULL), *b = jv_parse(sv_of(rows[i].b), NULL);
		bool same = eval_same(a, b);
		jv_free(a);
		jv_free(b);
		EQ(same, rows[i].same);
	}
}

/* ---- whole trials ---- */

static int64_t passed(struct eval_tau *t, enum eval_agent agent, const struct eval_opts *o)
{
	jv *r = eval_tau_run(t, agent, 0, o);
	int64_t n = jv_get_int(r, "passed", -1);
	jv_free(r);
	return n;
}

TEST(eval_tau_gold_and_idle)
{
	struct eval_tau *t = bench();
	struct eval_opts o = { .loop = loop_new() };
	jv *r = eval_tau_run(t, EVAL_AGENT_GOLD, 0, &o), *gate = jv_get(r, "gate");
	EQ(jv_get_int(r, "passed", 0), 2);
	EQ(jv_get_int(gate, "trials", 0), 2);
	EQ(jv_get_int(gate, "same", 0), 2);
	EQ(jv_get_int(gate, "same_twice", 0), 2);
	EQ(jv_get_int(gate, "effects", 0), 1);
	EQ(jv_get_int(gate, "again", 0), 1);
	EQ(jv_get_int(gate, "odd", 1), 0);
	jv_free(r);
	EQ(passed(t, EVAL_AGENT_IDLE, &o), 1);
	EQ(passed(t, EVAL_AGENT_MODEL, &o), 0);      /* without a model nothing passes */
	r = eval_tau_replay(t);
	EQ(jv_get_int(r, "identified", 0), 1);
	EQ(jv_get_int(r, "clean", 0), 2);
	EQ(jv_get_int(r, "changed", 0), 1);
	jv_free(r);
	loop_free(o.loop);
	eval_tau_close(t);
}

static struct llm *scripted(struct loop *l, const char *text, jv **script)
{
	struct err e = { 0 };
	struct llm *m = NULL;
	*script = jv_parse(sv_of(text), &e);
	struct model_spec s = { .kind = "scripted", .model = "m", .script = *script };
	ASSERT(*script && llm_open(&m, &s, l, &e) == 0);
	return m;
}

struct served {
	bool ok, state;
	char tool[40], answer[80], error[80];
	size_t turns, tools;
};

static struct served serve(const char *only, const char *player, const char *agent)
{
	struct eval_tau *t = bench();
	struct eval_opts o = { .loop = loop_new(), .only = sv_of(only) };
	jv *s1, *s2;
	struct served out = { 0 };
	o.helper = scripted(o.loop, player, &s1);
	o.agent = scripted(o.loop, agent, &s2);
	jv *r = eval_tau_run(t, EVAL_AGENT_MODEL, 0, &o), *run = jv_path(r, "cases.0.runs.0");
	out.ok = jv_get_bool(run, "ok", false);
	out.state = jv_get_bool(jv_path(run, "checks.0"), "ok", false);
	out.turns = jv_len(jv_get(run, "turns"));
	snprintf(out.tool, sizeof(out.tool), SV_FMT,
		 SV_ARG(jv_get_str(jv_path(run, "turns.0.tools.0"), "name")));
	snprintf(out.answer, sizeof(out.answer), SV_FMT,
		 SV_ARG(jv_get_str(jv_path(run, "turns.0.tools.0"), "result")));
	out.tools = jv_len(jv_path(run, "turns.0.tools"));
	snprintf(out.error, sizeof(out.error), SV_FMT, SV_ARG(jv_get_str(run, "error")));
	jv_free(r);
	llm_close(o.agent);
	llm_close(o.helper);
	jv_free(s1);
	jv_free(s2);
	loop_free(o.loop);
	eval_tau_close(t);
	return out;
}

TEST(eval_tau_a_model_talks)
{
	struct served x = serve("task 1",
				"[{\"match\":\"welcome\",\"say\":[\"[END]\"]},"
				"{\"say\":[\"Good day\"]}]",
				"[{\"say\":[\"You are \",\"welcome\"]}]");
	CHECK(x.ok);
	EQ(x.turns, 1);
	STR_EQ(x.error, "");
}

/* It asks who the customer is, changes the order, tells the amount; then the customer leaves. */
TEST(eval_tau_a_model_calls)
{
	struct served x = serve("task 0",
				"[{\"match\":\"1020.50\",\"say\":[\"[END]\"]},"
				"{\"say\":[\"Please cancel\"]}]",
				"[{\"after\":0,\"call\":{\"name\":\"find_user_id_by_email\","
				"\"args\":{\"email\":\"ann@example.com\"}}},"
				"{\"after\":1,\"call\":{\"name\":\"cancel_pending_order\","
				"\"args\":{\"order_id\":\"#W1\",\"reason\":"
				"\"no longer needed\"}}},"
				"{\"say\":[\"You get 1020.50\"]}]");
	STR_EQ(x.tool, "find_user_id_by_email");
	STR_EQ(x.answer, "ann_lee_1");
	STR_EQ(x.error, "");
	EQ(x.tools, 2);
	CHECK(x.state);
	CHECK(x.ok);
}

/* One that does not ask who it is gets nothing done, and its steps have an end. */
TEST(eval_tau_a_model_must_identify)
{
	struct served x = serve("task 0", "[{\"say\":[\"Please cancel\"]}]",
				"[{\"call\":{\"name\":\"cancel_pending_order\",\"args\":"
				"{\"order_id\":\"#W1\",\"reason\":\"no longer needed\"}}}]");
	STR_EQ(x.tool, "cancel_pending_order");
	HAS(sv_of(x.answer), "verified");
	CHECK(!x.state);
	CHECK(!x.ok);
	HAS(sv_of(x.error), "too many steps");
}

TEST(eval_tau_a_model_fails)
{
	struct served x = serve("task 1", "[{\"say\":[\"Good day\"]}]",
				"[{\"say\":[],\"fail\":\"http500\"}]");
	CHECK(!x.ok);
	HAS(sv_of(x.error), "model failed");
	x = serve("task 1", "[{\"say\":[],\"fail\":\"http500\"}]", "[{\"say\":[\"a\"]}]");
	CHECK(!x.ok);
	HAS(sv_of(x.error), "plays the customer");
	x = serve("task 1", "[{\"say\":[\"More\"]}]", "[{\"say\":[\"a\"]}]");
	CHECK(!x.ok);
	HAS(sv_of(x.error), "too many turns");
}

TEST(eval_tau_bad_data)
{
	struct eval_tau *t = NULL;
	struct err e = { 0 };
	EQ(eval_tau_open(&t, t_tmpdir(), SV("train"), &e), ERR_NOTFOUND);
	put_file("policy.md", "x");
	put_file("db.json", "{");
	CHECK(eval_tau_open(&t, t_tmpdir(), SV("train"), &e) < 0);
	put_file("db.json", shop);
	EQ(eval_tau_open(&t, t_tmpdir(), SV("train"), &e), ERR_NOTFOUND);
	HAS(sv_of(e.msg), "--split");
	put_file("tasks_train.jsonl", "{\"id\":1}\nnot json\n");
	EQ(eval_tau_open(&t, t_tmpdir(), SV("train"), &e), ERR_PARSE);
}
