/* Orders: looking them up, cancelling, another address, price protection, warranty; whose they
 * are. */
#include "t_shop_world.h"

TEST(shop_order_is_told_with_its_parcel)
{
	struct world w;
	CHECK(world_open(&w));
	w.customer = "c012";
	STR_EQ(shop_do(&w, "order_status", "{\"order\":\"HH2026-100386\"}"), "done");
	HAS(w.r->say, "has been shipped with 海鸥速运");
	SV_EQ(jv_get_str(w.r->body, "delivery"), "parcel");
	HAS(w.r->say, "23 November, 07:09: it reached a sorting centre, 成都转运中心");
	HAS(w.r->say, "2 pieces of Lantern Paper Pendant 60 cm");
	EQ(jv_len(jv_get(w.r->body, "events")), 3);
	EQ(fen_of(&w, "total"), 119952);
	w.lang = "zh";
	STR_EQ(shop_do(&w, "order_status", "{\"order\":\"100386\"}"), "done");
	HAS(w.r->say, "11月23日7点09分，已到达中转站，成都转运中心");
	STR_EQ(shop_do(&w, "order_status", "{\"order\":\"hh 2026 100386\"}"), "done");
	world_close(&w);
}

/* Carriers, places and reasons in the customer's language, where the company has both names. */
TEST(shop_names_are_in_the_language_of_the_customer)
{
	static const char *const wrong[] = { "{\"shop\":{\"names\":{\"zh\":\"a\"}}}",
					     "{\"shop\":{\"names\":[{\"zh\":\"a\"}]}}" };
	struct world w;
	struct err e;
	CHECK(world_open(&w));
	w.shop->names = jv_parse(SV("[{\"zh\":\"海鸥速运\",\"en\":\"Seagull Express\"},"
				    "{\"zh\":\"成都转运中心\",\"en\":\"Chengdu hub\"},"
				    "{\"zh\":\"30 分钟内未付款，自动取消\",\"en\":\"not paid\"}]"),
				 NULL);
	w.customer = "c012";
	STR_EQ(shop_do(&w, "order_status", "{\"order\":\"HH2026-100386\"}"), "done");
	HAS(w.r->say, "with Seagull Express");
	HAS(w.r->say, "sorting centre, Chengdu hub");
	w.customer = "c037";
	STR_EQ(shop_do(&w, "order_status", "{\"order\":\"HH2026-100111\"}"), "done");
	SV_EQ(jv_get_str(w.r->body, "cancel_reason"), "not paid");
	w.lang = "zh";
	STR_EQ(shop_do(&w, "order_status", "{\"order\":\"HH2026-100111\"}"), "done");
	SV_EQ(jv_get_str(w.r->body, "cancel_reason"), "30 分钟内未付款，自动取消");
	world_close(&w);
	for (size_t i = 0; i < 2; i++) {
		struct shop *s = NULL;
		jv *company = jv_parse(sv_of(wrong[i]), NULL);
		EQ(shop_open(&s, company, NULL, &e), ERR_INVAL);
		CHECK(strstr(e.msg, "shop.names"));
		jv_free(company);
	}
}

/* A sofa comes by truck; with a curtain made to measure beside it no one date fits both. */
TEST(shop_order_comes_as_its_slowest_part)
{
	struct world w;
	CHECK(world_open(&w));
	w.customer = "c024";
	STR_EQ(shop_do(&w, "order_status", "{\"order\":\"HH2026-100384\"}"), "done");
	SV_EQ(jv_get_str(w.r->body, "delivery"), "truck");
	CHECK(world_exec(&w, "INSERT INTO shop_item (order_id, line, sku, qty, price_fen) VALUES "
			     "('HH2026-100384', 7, 'HH-1133', 1, 20000)"));
	STR_EQ(shop_do(&w, "order_status", "{\"order\":\"HH2026-100384\"}"), "done");
	SV_EQ(jv_get_str(w.r->body, "delivery"), "made");
	CHECK(world_exec(&w, "UPDATE shop_item SET back=qty WHERE line=7"));  /* it went back */
	STR_EQ(shop_do(&w, "order_status", "{\"order\":\"HH2026-100384\"}"), "done");
	SV_EQ(jv_get_str(w.r->body, "delivery"), "truck");
	world_close(&w);
}

TEST(shop_states_have_words_in_both_languages)
{
	static const struct {
		const char *customer, *order, *zh, *en;
	} rows[] = {
		{ "c021", "HH2026-100450", "还没有付款", "has not been paid yet" },
		{ "c008", "HH2026-100428", "排队等待配货", "in the queue" },
		{ "c021", "HH2026-100414", "正在仓库配货", "is being packed" },
		{ "c027", "HH2026-100102", "已经在8月7日签收", "was delivered on 7 August" },
		{ "c024", "HH2026-100101", "已经全部退回", "has come back to us" },
		{ "c037", "HH2026-100111", "已经取消", "was cancelled" },
	};
	struct world w;
	char args[80];
	CHECK(world_open(&w));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(args, sizeof(args), "{\"order\":\"%s\"}", rows[i].order);
		w.customer = rows[i].customer;
		w.lang = "zh";
		STR_EQ(shop_do(&w, "order_status", args), "done");
		HAS(w.r->say, rows[i].zh);
		w.lang = "en";
		STR_EQ(shop_do(&w, "order_status", args), "done");
		HAS(w.r->say, rows[i].en);
	}
	world_close(&w);
}

TEST(shop_order_list_newest_first)
{
	struct world w;
	CHECK(world_open(&w));
	w.customer = "c021";
	STR_EQ(shop_do(&w, "order_list", "{}"), "done");
	HAS(w.r->say, "Your latest three orders are: HH2026-100450");
	SV_EQ(jv_as_str(jv_path(w.r->body, "items.0.order")), "HH2026-100450");
	STR_EQ(shop_do(&w, "order_status", "{}"), "done");
	SV_EQ(jv_get_str(w.r->body, "order"), "HH2026-100450");
	w.customer = "c999";
	STR_EQ(shop_do(&w, "order_list", "{}"), "not_found");
	STR_EQ(shop_do(&w, "order_status", "{}"), "not_found");
	w.customer = "";
	STR_EQ(shop_do(&w, "order_status", "{\"order\":\"HH2026-100450\"}"), "verify");
	world_close(&w);
}

/* The same words and the same result for somebody else's order and for none at all. */
TEST(shop_other_orders_do_not_exist)
{
	static const char *const tools[] = { "order_status",  "order_cancel",   "price_protect",
					     "warranty_check", "return_check",  "return_create",
					     "exchange_create", "return_status", "refund_status",
					     "return_cancel",  "appointment_create",
					     "appointment_cancel" };
	struct world w;
	struct sb theirs, none;
	CHECK(world_open(&w));
	sb_init(&theirs, LIM_SB);
	sb_init(&none, LIM_SB);
	for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++) {
		bool slot = strncmp(tools[i], "appointment_create", 18) == 0;
		bool back = strncmp(tools[i], "return_c", 8) == 0 &&
			    strcmp(tools[i], "return_cancel");
		const char *more = slot ? ",\"slot\":\"2026-11-27\"" :
				   back || !strncmp(tools[i], "exch", 4) ?
					  ",\"reason\":\"faulty\"" :
					  "";
		char a[120], b[120];
		snprintf(a, sizeof(a), "{\"order\":\"HH2026-100102\"%s}", more);
		snprintf(b, sizeof(b), "{\"order\":\"HH2026-999999\"%s}", more);
		STR_EQ(shop_do(&w, tools[i], a), "not_found");
		sb_reset(&theirs);
		sb_put(&theirs, w.r->say);
		sb_put(&theirs, w.r->why);
		jv_dump(w.r->body, &theirs);
		STR_EQ(shop_do(&w, tools[i], b), "not_found");
		sb_reset(&none);
		sb_put(&none, w.r->say);
		sb_put(&none, w.r->why);
		jv_dump(w.r->body, &none);
		STR_EQ(sb_str(&theirs), sb_str(&none));
	}
	sb_done(&theirs);
	sb_done(&none);
	STR_EQ(shop_do(&w, "return_status", "{\"return\":\"R10240408\"}"), "not_found");
	STR_EQ(shop_do(&w, "return_status", "{\"return\":\"nonsense\"}"), "not_found");
	w.level = TOOL_CLAIMED;
	STR_EQ(shop_do(&w, "order_status", "{\"order\":\"HH2026-100101\"}"), "verify");
	EQ(w.r->need_level, TOOL_KNOWN);
	world_close(&w);
}

TEST(shop_an_agent_may_name_any_order)
{
	struct world w;
	CHECK(world_open(&w));
	w.customer = "";
	w.role = TOOL_AGENT;
	STR_EQ(shop_do(&w, "order_status", "{\"order\":\"HH2026-100102\"}"), "done");
	STR_EQ(shop_do(&w, "order_status", "{\"order\":\"HH2026100102\"}"), "done");
	STR_EQ(shop_do(&w, "order_status", "{\"order\":\"100102\"}"), "not_found");
	STR_EQ(shop_do(&w, "return_status", "{\"return\":\"R10240408\"}"), "done");
	STR_EQ(shop_do(&w, "return_status", "{}"), "not_found");
	/* Who names a customer too gets that customer's alone: a slip is not carried out. */
	w.customer = "c998";
	STR_EQ(shop_do(&w, "order_status", "{\"order\":\"HH2026-100102\"}"), "not_found");
	STR_EQ(shop_do(&w, "return_status", "{\"return\":\"R10240408\"}"), "not_found");
	world_close(&w);
}

/* A joined id sees the orders of both. */
TEST(shop_joined_customers_share_orders)
{
	struct world w;
	CHECK(world_open(&w));
	w.customer = "c998";
	STR_EQ(shop_do(&w, "order_status", "{\"order\":\"HH2026-100102\"}"), "not_found");
	CHECK(world_exec(&w, "INSERT INTO cust_edge (a, b, reason, score, by_actor, at_ms) VALUES "
			     "('c998','c027','test',1,'t',0),('c027','c998','test',1,'t',0)"));
	STR_EQ(shop_do(&w, "order_status", "{\"order\":\"HH2026-100102\"}"), "done");
	world_close(&w);
}

TEST(shop_cancel_asks_first_and_pays_back)
{
	struct world w;
	CHECK(world_open(&w));
	w.customer = "c008";
	int64_t stock = world_sql(&w, "SELECT stock FROM product WHERE id='HH-1604'");
	STR_EQ(shop_do(&w, "order_cancel", "{\"order\":\"HH2026-100428\"}"), "confirm");
	HAS(w.r->say, "1,375 yuan goes back to");
	HAS(w.r->say, "Shall I cancel it?");
	EQ(world_sql(
		   &w,
		   "SELECT count(*) FROM order_ref WHERE id='HH2026-100428' AND state='paid'"),
	   1);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_refund WHERE order_id='HH2026-100428'"), 0);
	STR_EQ(shop_yes(&w, "order_cancel", "{\"order\":\"HH2026-100428\"}"), "done");
	CHECK(w.r->effect);
	HAS(w.r->say, "is cancelled");
	EQ(world_sql(&w, "SELECT amount_fen FROM shop_refund WHERE order_id='HH2026-100428' AND "
			 "state='released'"), 137500);
	EQ(world_sql(&w, "SELECT stock FROM product WHERE id='HH-1604'"), stock + 2);
	EQ(world_sql(&w, "SELECT count(*) FROM tool_outbox WHERE kind='sms'"), 1);
	STR_EQ(shop_yes(&w, "order_cancel", "{\"order\":\"HH2026-100428\"}"), "refused");
	HAS(w.r->say, "was cancelled before");
	EQ(world_sql(&w, "SELECT count(*) FROM shop_refund WHERE order_id='HH2026-100428'"), 1);
	STR_EQ(shop_do(&w, "refund_status", "{\"order\":\"HH2026-100428\"}"), "done");
	HAS(w.r->say, "The refund of 1,375 yuan");
	world_close(&w);
}

/* ---- money that goes back: due, released, paid ---- */

struct bank {
	struct world *w;
	int asked, rc;
	char id[40];
};

static int bank_paid(void *arg, struct store_db *db)
{
	return shop_refund_paid(db, arg, T_NOON);
}

/* The company's payment system; what else goes out is taken too. */
static int bank_take(void *arg, sv id, sv kind, const jv *body)
{
	struct bank *b = arg;
	if (!sv_eq(kind, SV("pay")))
		return 0;
	b->asked++;
	snprintf(b->id, sizeof(b->id), SV_FMT, SV_ARG(jv_get_str(body, "refund")));
	if (b->rc)
		return b->rc;
	return world_write(b->w, bank_paid, (void *)(uintptr_t)body) ||
	       world_write(b->w, bank_paid, (void *)(uintptr_t)body);
}

static size_t outbox(struct world *w, struct bank *b)
{
	size_t n = 0;
	return store_flush(w->st) || tool_outbox_run(w->kit, bank_take, b, &n) ? 99 : n;
}

TEST(shop_refund_of_a_cancelled_order_is_paid)
{
	struct world w;
	struct bank b = { &w, 0, 0, "" };
	CHECK(world_open(&w));
	w.customer = "c008";
	STR_EQ(shop_yes(&w, "order_cancel", "{\"order\":\"HH2026-100428\"}"), "done");
	EQ(world_sql(&w, "SELECT count(*) FROM tool_outbox WHERE kind='pay' AND customer='c008'"),
	   1);
	b.rc = ERR_IO;                       /* it does not answer: later, not lost */
	EQ(outbox(&w, &b), 1);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_refund WHERE order_id='HH2026-100428' AND "
			 "state='released'"), 1);
	b.rc = 0;
	clk_pin_wall(clk_wall_ms() + 60000);
	size_t sent = outbox(&w, &b);
	clk_pin_wall(0);
	EQ(sent, 2);                         /* the payment, then the message about it */
	EQ(b.asked, 2);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_refund WHERE order_id='HH2026-100428' AND "
			 "state='paid'"), 1);
	EQ(world_sql(&w, "SELECT count(*) FROM event WHERE kind='refund.paid' AND customer='c008'"),
	   1);
	EQ(world_sql(&w, "SELECT count(*) FROM tool_outbox WHERE kind='sms'"), 2);
	EQ(world_sql(&w, "SELECT count(*) FROM tool_outbox WHERE state<>'sent'"), 0);
	STR_EQ(shop_do(&w, "refund_status", "{\"order\":\"HH2026-100428\"}"), "done");
	HAS(w.r->say, "The refund of 1,375 yuan");
	world_close(&w);
}

TEST(shop_refund_beyond_the_authority_waits_for_a_person)
{
	struct world w;
	struct bank b = { &w, 0, 0, "" };
	struct tool_res *res = NULL;
	CHECK(world_open(&w));
	CHECK(world_exec(&w, "UPDATE order_ref SET total_fen=300000 WHERE id='HH2026-100428'"));
	w.customer = "c008";
	STR_EQ(shop_do(&w, "order_cancel", "{\"order\":\"HH2026-100428\"}"), "confirm");
	HAS(w.r->say, "once a supervisor has approved it");
	EQ(world_sql(&w, "SELECT count(*) FROM tool_approval"), 0);
	STR_EQ(shop_yes(&w, "order_cancel", "{\"order\":\"HH2026-100428\"}"), "done");
	/* the order is cancelled at once, so nothing is shipped; the money alone waits */
	EQ(world_sql(&w, "SELECT count(*) FROM order_ref WHERE id='HH2026-100428' AND "
			 "state='cancelled'"), 1);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_refund WHERE order_id='HH2026-100428' AND "
			 "state='due' AND amount_fen=300000"), 1);
	EQ(world_sql(&w, "SELECT count(*) FROM tool_approval WHERE name='refund_release' AND "
			 "amount=3000 AND customer='c008' AND state='waiting'"), 1);
	EQ(outbox(&w, &b), 1);               /* the message, no payment */
	EQ(b.asked, 0);
	sv id = arena_sv(&w.a, jv_get_str(w.r->body, "approval"));
	STR_EQ(shop_do(&w, "refund_status", "{\"order\":\"HH2026-100428\"}"), "done");
	HAS(w.r->say, "waits for a supervisor's approval");
	STR_EQ(shop_do(&w, "refund_release", "{\"refund\":\"500001\"}"), "denied");
	OK(tool_approve(w.kit, id, true, TOOL_SUPERVISOR, SV("boss"), SV("fine"), w.now, &res));
	EQ(res->outcome, TOOL_DONE);
	obj_unref(res);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_refund WHERE order_id='HH2026-100428' AND "
			 "state='released'"), 1);
	EQ(outbox(&w, &b), 2);
	EQ(b.asked, 1);
	STR_EQ(b.id, "500001");
	EQ(world_sql(&w, "SELECT count(*) FROM shop_refund WHERE order_id='HH2026-100428' AND "
			 "state='paid'"), 1);
	w.role = TOOL_SUPERVISOR;
	STR_EQ(shop_do(&w, "refund_release", "{\"refund\":\"500001\"}"), "refused");
	STR_EQ(shop_do(&w, "refund_release", "{\"refund\":\"999999\"}"), "not_found");
	EQ(world_sql(&w, "SELECT count(*) FROM tool_outbox WHERE kind='pay'"), 1);
	world_close(&w);
}

/* A supervisor's no holds the money back, and the customer who asks hears so. */
TEST(shop_refund_that_was_not_approved_is_held)
{
	struct world w;
	struct tool_res *res = NULL;
	CHECK(world_open(&w));
	CHECK(world_exec(&w, "UPDATE order_ref SET total_fen=300000 WHERE id='HH2026-100428'"));
	w.customer = "c008";
	STR_EQ(shop_yes(&w, "order_cancel", "{\"order\":\"HH2026-100428\"}"), "done");
	sv id = arena_sv(&w.a, jv_get_str(w.r->body, "approval"));
	OK(tool_approve(w.kit, id, false, TOOL_SUPERVISOR, SV("boss"), SV("not yet"), w.now, &res));
	EQ(res->outcome, TOOL_REFUSED);
	obj_unref(res);
	STR_EQ(shop_do(&w, "refund_status", "{\"order\":\"HH2026-100428\"}"), "done");
	HAS(w.r->say, "was not approved");
	SV_EQ(jv_as_str(jv_path(w.r->body, "items.0.state")), "held");
	/* beside money that is on its way it is not promised either */
	CHECK(world_exec(&w, "INSERT INTO shop_refund (id, order_id, source, kind, state, "
			     "amount_fen, payment, made_ms) VALUES ('500099','HH2026-100428',"
			     "'R1','return','due',5000,'alipay',1)"));
	STR_EQ(shop_do(&w, "refund_status", "{\"order\":\"HH2026-100428\"}"), "done");
	HAS(w.r->say, ", 50 yuan is still to be refunded");
	CHECK(world_exec(&w, "DELETE FROM shop_refund WHERE id='500099'"));
	w.role = TOOL_SUPERVISOR;            /* who thinks better of it */
	STR_EQ(shop_do(&w, "refund_release", "{\"refund\":\"500001\"}"), "done");
	STR_EQ(shop_do(&w, "refund_status", "{\"order\":\"HH2026-100428\"}"), "done");
	HAS(w.r->say, "The refund of 3,000 yuan");
	world_close(&w);
}

TEST(shop_refund_beyond_a_supervisor_is_not_released)
{
	struct world w;
	struct tool_res *res = NULL;
	CHECK(world_open(&w));
	CHECK(world_exec(&w, "UPDATE order_ref SET total_fen=5000001 WHERE id='HH2026-100428'"));
	w.customer = "c008";
	STR_EQ(shop_yes(&w, "order_cancel", "{\"order\":\"HH2026-100428\"}"), "done");
	sv id = arena_sv(&w.a, jv_get_str(w.r->body, "approval"));
	OK(tool_approve(w.kit, id, true, TOOL_SUPERVISOR, SV("boss"), SV(""), w.now, &res));
	EQ(res->outcome, TOOL_REFUSED);
	HAS(res->say, "a manager has to approve it");
	obj_unref(res);
	EQ(world_sql(&w, "SELECT count(*) FROM tool_approval WHERE state='waiting'"), 1);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_refund WHERE order_id='HH2026-100428' AND "
			 "state='due'"), 1);
	EQ(world_sql(&w, "SELECT count(*) FROM tool_outbox WHERE kind='pay'"), 0);
	world_close(&w);
}

/* Who took the order may have a clock that is a little ahead of ours. */
TEST(shop_cancel_of_an_order_from_the_future)
{
	struct world w;
	CHECK(world_open(&w));
	w.customer = "c008";
	CHECK(world_exec(&w, "UPDATE order_ref SET placed_ms=1795665600000+7200000 WHERE "
			     "id='HH2026-100428'"));
	STR_EQ(shop_yes(&w, "order_cancel", "{\"order\":\"HH2026-100428\"}"), "done");
	world_close(&w);
}

TEST(shop_cancel_by_state)
{
	struct world w;
	CHECK(world_open(&w));
	w.lang = "zh";
	w.customer = "c021";
	STR_EQ(shop_do(&w, "order_cancel", "{\"order\":\"HH2026-100450\"}"), "confirm");
	HAS(w.r->say, "不会产生任何费用");
	STR_EQ(shop_yes(&w, "order_cancel", "{\"order\":\"HH2026-100450\"}"), "done");
	EQ(world_sql(&w, "SELECT count(*) FROM shop_refund WHERE order_id='HH2026-100450'"), 0);
	STR_EQ(shop_do(&w, "order_cancel", "{\"order\":\"HH2026-100391\"}"), "refused");
	HAS(jv_as_str(jv_path(w.r->body, "rule.rule")), "shipped");
	CHECK(w.r->say.n > 0);
	w.customer = "c027";
	STR_EQ(shop_do(&w, "order_cancel", "{\"order\":\"HH2026-100102\"}"), "refused");
	HAS(w.r->say, "可以申请退货");
	w.customer = "c037";
	STR_EQ(shop_do(&w, "order_cancel", "{\"order\":\"HH2026-100111\"}"), "refused");
	world_close(&w);
}

#define ADDRESS(order) \
	"{\"order\":\"" order \
	"\",\"city\":\"上海市\",\"district\":\"浦东新区\",\"line\":\"银城路9号501\"}"

TEST(shop_address_is_sealed_and_counted)
{
	struct world w;
	struct store_db *db;
	struct store_stmt *q;
	struct sb plain;
	CHECK(world_open(&w));
	w.lang = "zh";
	w.customer = "c021";
	STR_EQ(shop_do(&w, "address_change", ADDRESS("HH2026-100414")), "verify");
	w.level = TOOL_PROVEN;
	STR_EQ(shop_do(&w, "address_change", ADDRESS("HH2026-100414")), "confirm");
	SV_EQ(w.r->say, "把订单HH2026-100414改送到上海市浦东新区银城路9号501，对吗？");
	STR_EQ(shop_yes(&w, "address_change", ADDRESS("HH2026-100414")), "done");
	OK(store_flush(w.st));
	OK(store_reader(w.st, &db));
	OK(store_prep(db, &q, "SELECT address, city FROM order_ref WHERE id='HH2026-100414'"));
	EQ(store_step(q), 1);
	CHECK(sv_find(store_col_sv(q, 0), SV("银城路")) < 0);
	SV_EQ(store_col_sv(q, 1), "上海市");
	sb_init(&plain, LIM_SB);
	OK(guard_unseal(w.shop->key, store_col_sv(q, 0), SV("HH2026-100414"), &plain));
	HAS(sb_sv(&plain), "银城路9号501");
	sb_done(&plain);
	store_reset(q);
	EQ(world_sql(&w, "SELECT count(*) FROM event WHERE body LIKE '%银城路%'"), 0);
	STR_EQ(shop_yes(&w, "address_change", ADDRESS("HH2026-100414")), "done");
	STR_EQ(shop_yes(&w, "address_change", ADDRESS("HH2026-100414")), "refused");
	HAS(jv_as_str(jv_path(w.r->body, "rule.rule")), "too-often");
	world_close(&w);
}

TEST(shop_address_on_the_way_by_city)
{
	struct world w;
	CHECK(world_open(&w));
	w.customer = "c021";
	w.level = TOOL_PROVEN;
	STR_EQ(shop_yes(&w, "address_change", ADDRESS("HH2026-100391")), "refused");
	HAS(jv_as_str(jv_path(w.r->body, "rule.rule")), "shipped-other-city");
	CHECK(world_exec(&w, "UPDATE order_ref SET city='上海' WHERE id='HH2026-100391'"));
	STR_EQ(shop_yes(&w, "address_change", ADDRESS("HH2026-100391")), "done");
	EQ(fen_of(&w, "fee"), 800);
	HAS(w.r->say, "8 yuan");
	CHECK(world_exec(&w, "UPDATE order_ref SET city='北京市' WHERE id='HH2026-100395'"));
	STR_EQ(shop_yes(&w, "address_change", ADDRESS("HH2026-100395")), "refused");
	w.customer = "c024";
	STR_EQ(shop_yes(&w, "address_change", ADDRESS("HH2026-100101")), "refused");
	world_close(&w);
}

TEST(shop_price_protection_to_the_fen)
{
	struct world w;
	CHECK(world_open(&w));
	w.customer = "c011";
	const char *args = "{\"order\":\"HH2026-100373\"}";
	STR_EQ(shop_do(&w, "price_protect", args), "refused"); /* its piece is in a return */
	CHECK(world_exec(&w, "UPDATE shop_item SET back=0 WHERE order_id='HH2026-100373'"));
	STR_EQ(shop_do(&w, "price_protect", args), "refused");
	HAS(w.r->say, "no difference to refund");
	CHECK(world_exec(&w, "UPDATE product SET price_fen=17999 WHERE id='HH-1413'"));
	STR_EQ(shop_do(&w, "price_protect", args), "confirm");
	HAS(w.r->say, "15.03 yuan");
	STR_EQ(shop_yes(&w, "price_protect", args), "done");
	EQ(fen_of(&w, "amount"), 1503);
	EQ(world_sql(&w, "SELECT amount_fen FROM shop_refund WHERE kind='price' AND "
			 "state='released'"), 1503);
	EQ(world_sql(&w, "SELECT count(*) FROM tool_outbox WHERE kind='pay'"), 1);
	STR_EQ(shop_yes(&w, "price_protect", args), "refused");
	HAS(w.r->say, "used for");
	EQ(world_sql(&w, "SELECT count(*) FROM shop_claim"), 1);
	world_close(&w);
}

TEST(shop_price_protection_late_or_large)
{
	struct world w;
	CHECK(world_open(&w));
	w.customer = "c027";
	CHECK(world_exec(&w, "UPDATE product SET price_fen=10000 WHERE id='HH-1214'"));
	STR_EQ(shop_do(&w, "price_protect", "{\"order\":\"HH2026-100102\"}"), "refused");
	HAS(jv_as_str(jv_path(w.r->body, "rule.rule")), "late");
	w.customer = "c024";
	CHECK(world_exec(
		&w, "UPDATE order_ref SET state='delivered', delivered_ms=1795400000000 WHERE "
		    "id='HH2026-100384'"));
	CHECK(world_exec(&w, "UPDATE shop_item SET qty=2 WHERE order_id='HH2026-100384'"));
	CHECK(world_exec(&w, "UPDATE product SET price_fen=50000 WHERE id='HH-1014'"));
	STR_EQ(shop_yes(&w, "price_protect", "{\"order\":\"HH2026-100384\"}"), "approve");
	EQ(world_sql(&w, "SELECT count(*) FROM shop_claim"), 0);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_refund WHERE kind='price'"), 0);
	sv id = jv_get_str(w.r->body, "approval");
	struct tool_res *res = NULL;
	OK(tool_approve(w.kit, arena_sv(&w.a, id), true, TOOL_SUPERVISOR, SV("boss"),
			SV("fine"), w.now, &res));
	EQ(res->outcome, TOOL_DONE);
	obj_unref(res);
	EQ(world_sql(&w, "SELECT amount_fen FROM shop_refund WHERE kind='price' AND "
			 "state='released'"), 226208);
	world_close(&w);
}

TEST(shop_warranty_by_months)
{
	struct world w;
	CHECK(world_open(&w));
	w.customer = "c027";
	const char *args = "{\"order\":\"HH2026-100102\"}";
	STR_EQ(shop_do(&w, "warranty_check", args), "done");
	HAS(w.r->say, "the repair is free");
	w.now = 1817812800000LL;     /* 2027-08-09: past 12 months from 7 August 2026 */
	STR_EQ(shop_do(&w, "warranty_check", args), "refused");
	w.now = T_NOON;
	STR_EQ(shop_do(&w, "warranty_check", "{\"order\":\"HH2026-100102\",\"cause\":\"water\"}"),
	       "refused");
	w.customer = "c021";
	STR_EQ(shop_do(&w, "warranty_check",
		       "{\"order\":\"HH2026-100414\",\"item\":\"shoe cabinet\"}"),
	       "refused");
	HAS(w.r->say, "has not been delivered");
	world_close(&w);
}

TEST(shop_without_tables_a_person_decides)
{
	struct world w;
	CHECK(world_open(&w));
	w.customer = "c008";
	tool_kit_rules(w.kit, NULL);
	STR_EQ(shop_yes(&w, "order_cancel", "{\"order\":\"HH2026-100428\"}"), "approve");
	EQ(world_sql(
		   &w,
		   "SELECT count(*) FROM order_ref WHERE id='HH2026-100428' AND state='paid'"),
	   1);
	world_close(&w);
}
