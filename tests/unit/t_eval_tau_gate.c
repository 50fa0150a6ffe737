/* t_eval_tau_gate.c: the shop's tools behind the gate: who may see what, what a bad call gets, one
 * effect for a key, the rows that are left; the gold agent once and with every call twice. */
#include "t_eval_tau.h"

struct desk {
	struct eval_tau *t;
	struct eval_visit v;
	struct tool_req req;
	struct tool_res *res;
	char text[400];                  /* the answer to the last call */
};

static void desk_open(struct desk *d)
{
	*d = (struct desk){ .t = bench() };
	eval_visit_begin(&d->v, d->t->gate, SV("task 0"));
}

static void desk_close(struct desk *d)
{
	obj_unref(d->res);
	eval_tau_close(d->t);
}

/* Makes d->req; the outcome, its answer in text. */
static int again(struct desk *d)
{
	struct sb out;
	obj_unref(d->res);
	d->res = NULL;
	ASSERT(tool_call(eval_gate_kit(d->t->gate), &d->req, &d->res) == 0);
	sb_init(&out, LIM_SB);
	eval_visit_answer(d->res, &out);
	snprintf(d->text, sizeof(d->text), "%.390s", sb_str(&out));
	sb_done(&out);
	return (int)d->res->outcome;
}

static int say(struct desk *d, const char *name, const char *args)
{
	eval_visit_req(&d->v, sv_of(name), sv_of(args), &d->req);
	int o = again(d);
	eval_visit_took(&d->v, d->res);
	return o;
}

static const char *const cancel_w1 = "{\"order_id\":\"#W1\",\"reason\":\"no longer needed\"}";

static void find_ann(struct desk *d)
{
	EQ(say(d, "find_user_id_by_email", "{\"email\":\"ann@example.com\"}"), TOOL_DONE);
	STR_EQ(d->text, "ann_lee_1");
	STR_EQ(d->v.customer, "ann_lee_1");
	EQ(d->v.level, TOOL_KNOWN);
}

/* The order of this visit has this status, read from the rows. */
static bool w1_is(struct desk *d, const char *status)
{
	jv *db = eval_visit_state(&d->v);
	ASSERT(db);
	bool is = sv_eq(jv_get_str(jv_path(db, "orders.#W1"), "status"), sv_of(status));
	jv_free(db);
	return is;
}

static int64_t rows(struct desk *d, const char *sql)
{
	struct store_db *db;
	struct store_stmt *q;
	int64_t n = -1;
	ASSERT(store_flush(eval_gate_store(d->t->gate)) == 0);
	ASSERT(store_reader(eval_gate_store(d->t->gate), &db) == 0);
	ASSERT(store_prep(db, &q, sql) == 0);
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

TEST(eval_gate_declares_all_tools)
{
	struct desk d;
	struct sb out;
	desk_open(&d);
	const struct tool_box *box = eval_gate_box(d.t->gate);
	EQ(tool_box_count(box), 16);
	sb_init(&out, LIM_SB);
	for (size_t i = 0; i < tool_box_count(box); i++) {
		const struct tool_decl *decl = tool_box_at(box, i);
		jv *db = state(), *none = jv_obj();
		(void)eval_retail_call(db, sv_of(decl->op), none, &out);
		CHECK(sv_find(sb_sv(&out), SV("Unknown tool")) < 0);
		EQ(decl->effect, eval_retail_changes(sv_of(decl->name)));
		CHECK(!decl->effect || decl->level == TOOL_KNOWN);
		jv_free(db);
		jv_free(none);
	}
	sb_done(&out);
	desk_close(&d);
}

TEST(eval_gate_wants_to_know_who)
{
	static const char *const ask[][2] = {
		{ "get_order_details", "{\"order_id\":\"#W1\"}" },
		{ "get_user_details", "{\"user_id\":\"ann_lee_1\"}" },
		{ "cancel_pending_order",
		  "{\"order_id\":\"#W1\",\"reason\":\"no longer needed\"}" },
		{ "return_delivered_order_items",
		  "{\"order_id\":\"#W2\",\"item_ids\":[\"i2\"],\"payment_method_id\":\"gift_1\"}" },
	};
	struct desk d;
	desk_open(&d);
	for (int i = 0; i < 4; i++) {
		EQ(say(&d, ask[i][0], ask[i][1]), TOOL_VERIFY);
		EQ(d.res->need_level, TOOL_KNOWN);
		CHECK(!strstr(d.text, "ann"));
	}
	EQ(say(&d, "list_all_product_types", "{}"), TOOL_DONE);
	EQ(say(&d, "find_user_id_by_email", "{\"email\":\"x@example.com\"}"), TOOL_NOT_FOUND);
	STR_EQ(d.v.customer, "");
	EQ(say(&d, "find_user_id_by_name_zip",
	       "{\"first_name\":\"Ann\",\"last_name\":\"Lee\",\"zip\":\"10001\"}"), TOOL_DONE);
	EQ(d.v.level, TOOL_KNOWN);
	for (int i = 0; i < 4; i++)
		EQ(say(&d, ask[i][0], ask[i][1]), TOOL_DONE);
	CHECK(w1_is(&d, "cancelled"));
	desk_close(&d);
}

/* Another's order and account are told of in the words of what is not there, and stay as they are,
 * though the model names them rightly. */
TEST(eval_gate_keeps_others_apart)
{
	struct desk d;
	char there[400];
	desk_open(&d);
	EQ(say(&d, "find_user_id_by_email", "{\"email\":\"bob@example.com\"}"), TOOL_DONE);
	STR_EQ(d.v.customer, "bob_ray_2");
	EQ(say(&d, "get_order_details", "{\"order_id\":\"#W1\"}"), TOOL_NOT_FOUND);
	memcpy(there, d.text, sizeof(there));
	EQ(say(&d, "get_order_details", "{\"order_id\":\"#W404\"}"), TOOL_NOT_FOUND);
	STR_EQ(d.text, there);
	EQ(say(&d, "get_user_details", "{\"user_id\":\"ann_lee_1\"}"), TOOL_NOT_FOUND);
	EQ(say(&d, "cancel_pending_order", cancel_w1), TOOL_NOT_FOUND);
	EQ(say(&d, "modify_user_address",
	       "{\"user_id\":\"ann_lee_1\",\"address1\":\"a\",\"address2\":\"\",\"city\":\"c\","
	       "\"state\":\"s\",\"country\":\"x\",\"zip\":\"1\"}"), TOOL_NOT_FOUND);
	jv *db = eval_visit_state(&d.v);
	CHECK(eval_same(db, d.t->db));
	jv_free(db);
	EQ(rows(&d, "SELECT count(*) FROM tool_call"), 0);
	desk_close(&d);
}

TEST(eval_gate_refuses_bad_calls)
{
	static const struct {
		const char *name, *args;
		enum tool_outcome outcome;
	} bad[] = {
		{ "drop_table", "{}", TOOL_DENIED },
		{ "cancel_pending_order", "not json", TOOL_INVALID },
		{ "cancel_pending_order", "[]", TOOL_INVALID },
		{ "cancel_pending_order", "{\"order_id\":\"#W1\"}", TOOL_INVALID },
		{ "cancel_pending_order", "{\"order_id\":\"#W1\",\"reason\":\"bored\"}",
		  TOOL_INVALID },
		{ "cancel_pending_order",
		  "{\"order_id\":7,\"reason\":\"no longer needed\"}", TOOL_INVALID },
		{ "cancel_pending_order",
		  "{\"order_id\":\"#W1\",\"reason\":\"no longer needed\",\"user_id\":\"x\"}",
		  TOOL_INVALID },
		{ "cancel_pending_order",
		  "{\"order_id\":\"#W2\",\"reason\":\"no longer needed\"}", TOOL_REFUSED },
		{ "modify_pending_order_items",
		  "{\"order_id\":\"#W1\",\"item_ids\":[\"i1\"],\"new_item_ids\":[\"i4\"],"
		  "\"payment_method_id\":\"gift_1\"}", TOOL_REFUSED },
		{ "calculate", "{\"expression\":\"1 / 0\"}", TOOL_REFUSED },
	};
	struct desk d;
	desk_open(&d);
	find_ann(&d);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int o = say(&d, bad[i].name, bad[i].args);
		if (o != (int)bad[i].outcome || strncmp(d.text, "Error: ", 7) != 0)
			t_fail(bad[i].args, (int)i, d.text);
	}
	jv *db = eval_visit_state(&d.v);
	CHECK(eval_same(db, d.t->db));
	jv_free(db);
	desk_close(&d);
}

TEST(eval_gate_one_effect_for_a_key)
{
	struct desk d;
	desk_open(&d);
	find_ann(&d);
	EQ(say(&d, "cancel_pending_order", cancel_w1), TOOL_DONE);
	CHECK(d.res->effect);
	CHECK(!d.res->again);
	EQ(again(&d), TOOL_DONE);
	CHECK(d.res->again);
	CHECK(strstr(d.text, "cancelled"));
	/* The same key for another call; a new key for the same call. */
	d.req.args = SV("{\"order_id\":\"#W2\",\"reason\":\"no longer needed\"}");
	EQ(again(&d), TOOL_INVALID);
	EQ(say(&d, "cancel_pending_order", cancel_w1), TOOL_REFUSED);
	EQ(rows(&d, "SELECT count(*) FROM tool_call WHERE name = 'cancel_pending_order'"), 1);
	EQ(rows(&d, "SELECT count(*) FROM event WHERE kind = 'tool.done' AND "
		    "body LIKE '%cancel_pending_order%'"), 1);
	EQ(rows(&d, "SELECT count(*) FROM event WHERE kind = 'tool.again'"), 1);
	EQ(rows(&d, "SELECT count(*) FROM event WHERE body LIKE '%ann@example.com%'"), 0);
	jv *db = eval_visit_state(&d.v);
	EQ(jv_len(jv_path(db, "orders.#W1.payment_history")), 2);
	jv_free(db);
	desk_close(&d);
}

TEST(eval_gate_visits_are_apart)
{
	struct desk d;
	struct eval_visit first;
	desk_open(&d);
	find_ann(&d);
	EQ(say(&d, "cancel_pending_order", cancel_w1), TOOL_DONE);
	first = d.v;
	eval_visit_begin(&d.v, d.t->gate, SV("task 0"));
	CHECK(strcmp(first.id, d.v.id) != 0);
	CHECK(w1_is(&d, "pending"));
	EQ(say(&d, "cancel_pending_order", cancel_w1), TOOL_VERIFY);
	find_ann(&d);
	EQ(say(&d, "cancel_pending_order", cancel_w1), TOOL_DONE);
	CHECK(!d.res->again);
	d.v = first;
	CHECK(w1_is(&d, "cancelled"));
	desk_close(&d);
}

TEST(eval_gate_walks_gold)
{
	struct desk d;
	struct eval_walk once = { 0 }, twice = { .twice = true };
	desk_open(&d);
	const jv *task = jv_at(d.t->tasks, 0);
	OK(eval_gold_walk(d.t, task, &d.v, &once, NULL));
	CHECK(w1_is(&d, "cancelled"));
	EQ(once.calls, 3);               /* asked who it is, looked up, done */
	EQ(once.identified, 1);
	EQ(once.effects, 1);
	EQ(once.refused, 0);
	eval_visit_begin(&d.v, d.t->gate, SV("task 0"));
	OK(eval_gold_walk(d.t, task, &d.v, &twice, NULL));
	EQ(twice.effects, 1);
	EQ(twice.again, 1);
	EQ(twice.odd, 0);
	jv *db = eval_visit_state(&d.v), *gold = eval_tau_gold(d.t, task);
	CHECK(eval_same(db, gold));
	CHECK(!eval_same(db, d.t->db));
	jv_free(db);
	jv_free(gold);
	desk_close(&d);
}

/* What cannot be done is noted, a change counts, and the state stays. */
TEST(eval_gate_notes_refusals)
{
	struct desk d;
	struct eval_walk w = { .twice = true };
	desk_open(&d);
	jv *errors = jv_arr();
	jv *task = jv_parse(
		SV("{\"name\":\"x\",\"actions\":["
		   "{\"name\":\"get_order_details\",\"arguments\":{\"order_id\":\"#W9\"}},"
		   "{\"name\":\"cancel_pending_order\",\"arguments\":{\"order_id\":\"#W2\","
		   "\"reason\":\"no longer needed\"}}]}"),
		NULL);
	ASSERT(task);
	OK(eval_gold_walk(d.t, task, &d.v, &w, errors));
	EQ(w.refused, 1);
	EQ(w.effects, 0);
	EQ(w.again, 0);
	EQ(w.odd, 0);
	EQ(jv_len(errors), 2);
	CHECK(!jv_get_bool(jv_at(errors, 0), "change", true));
	CHECK(jv_get_bool(jv_at(errors, 1), "change", false));
	HAS(jv_get_str(jv_at(errors, 1), "error"), "Non-pending");
	jv_free(task);
	jv_free(errors);
	desk_close(&d);
}
