/* Returns and exchanges: what may go back, for how much, on which day; withdrawing, moving on;
 * two at once; random ones against the sums. */
#include "t_shop_world.h"

#include <pthread.h>

struct make {
	struct world *w;
	const char *id, *customer, *state, *skus[4];
	int64_t qty[4], fen[4], days;        /* since delivery */
};

static int make_item(struct store_db *db, const struct make *m, int i)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"INSERT INTO shop_item (order_id, line, sku, qty, price_fen) VALUES (?1, ?2, "
		"?3, ?4, ?5)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(m->id));
	store_bind_int(q, 2, i + 1);
	store_bind_sv(q, 3, sv_of(m->skus[i]));
	store_bind_int(q, 4, m->qty[i]);
	store_bind_int(q, 5, m->fen[i]);
	return store_run(q);
}

static int make_run(void *arg, struct store_db *db)
{
	const struct make *m = arg;
	struct store_stmt *q;
	int64_t total = 0, at = m->w->now - m->days * SHOP_DAY_MS;
	int rc = 0;
	for (int i = 0; i < 4 && m->skus[i] && rc == 0; i++) {
		total += m->qty[i] * m->fen[i];
		rc = make_item(db, m, i);
	}
	if (rc == 0)
		rc = store_prep(
			db, &q,
			"INSERT INTO order_ref (id, customer_id, state, updated_ms, total_fen, "
			"payment, placed_ms, shipped_ms, delivered_ms) VALUES (?1, ?2, ?3, ?5, "
			"?4, "
			"'alipay', ?5, ?5, ?5)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(m->id));
	store_bind_sv(q, 2, sv_of(m->customer));
	store_bind_sv(q, 3, sv_of(m->state ? m->state : "delivered"));
	store_bind_int(q, 4, total);
	store_bind_int(q, 5, at);
	return store_run(q);
}

/* A delivered order of one line. */
static bool made(struct world *w, const char *id, const char *sku, int64_t qty, int64_t fen,
		 int64_t days)
{
	struct make m = { .w = w, .id = id, .customer = w->customer, .skus = { sku },
			  .qty = { qty }, .fen = { fen }, .days = days };
	return world_write(w, make_run, &m) == 0;
}

#define ASK(order, more) "{\"order\":\"" order "\",\"reason\":\"no_longer_wanted\"" more "}"
#define UNUSED ",\"condition\":\"unused\""

/* c015 is standard, c002 silver, c009 gold: see world(). */
static bool world(struct world *w)
{
	if (!world_open(w) ||
	    !world_exec(w, "UPDATE customer SET tier='standard' WHERE id='c015'") ||
	    !world_exec(w, "UPDATE customer SET tier='silver' WHERE id='c002'") ||
	    !world_exec(w, "UPDATE customer SET tier='gold' WHERE id='c009'"))
		return false;
	w->customer = "c015";
	return true;
}

TEST(shop_return_fee_by_rule)
{
	static const struct {
		const char *customer, *sku, *more;
		int64_t fen, days;
		const char *outcome, *rule;
		int64_t fee, refund;
	} rows[] = {
		{ "c015", "HH-1504", UNUSED, 49900, 12, "done", "return/parcel", 1000, 48900 },
		{ "c015", "HH-1504", UNUSED, 49900, 30, "done", "return/parcel", 1000, 48900 },
		{ "c015", "HH-1504", UNUSED, 49900, 31, "refused", "late", 0, 0 },
		{ "c002", "HH-1504", UNUSED, 49900, 30, "done", "return/member", 0, 49900 },
		{ "c009", "HH-1504", UNUSED, 49900, 60, "done", "return/member", 0, 49900 },
		{ "c009", "HH-1504", UNUSED, 49900, 61, "refused", "late-gold", 0, 0 },
		{ "c015", "HH-1010", UNUSED, 289900, 5, "done", "return/furniture", 6000,
		  283900 },
		{ "c015", "HH-1504", UNUSED ",\"way\":\"store\"", 49900, 5, "done",
		  "return/in-store", 0, 49900 },
		{ "c015", "HH-1110", UNUSED, 19900, 5, "done", "return/parcel", 1000, 18900 },
		{ "c015", "HH-1110", ",\"condition\":\"opened\"", 19900, 5, "refused",
		  "opened-hygiene", 0, 0 },
		{ "c015", "HH-1133", UNUSED, 16800, 5, "refused", "made-to-measure", 0, 0 },
		{ "c015", "HH-1102", UNUSED, 219900, 20, "refused", "mattress-early", 0, 0 },
		{ "c015", "HH-1102", UNUSED, 219900, 21, "done", "return/mattress-trial", 0,
		  219900 },
		{ "c015", "HH-1102", ",\"condition\":\"used\"", 219900, 100, "done",
		  "return/mattress-trial", 0, 219900 },
		{ "c015", "HH-1102", UNUSED, 219900, 101, "refused", "mattress-late", 0, 0 },
		{ "c015", "HH-1318", ",\"condition\":\"used\"", 2900, 5, "refused", "used-bulb",
		  0, 0 },
		{ "c015", "HH-1801", UNUSED, 7900, 5, "refused", "broadband", 0, 0 },
		{ "c015", "HH-1711", UNUSED, 500, 5, "done", "return/parcel", 500, 0 },
	};
	struct world w;
	char id[40], args[200];
	CHECK(world(&w));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(id, sizeof(id), "HH2026-2%05zu", i);
		w.customer = rows[i].customer;
		CHECK(made(&w, id, rows[i].sku, 1, rows[i].fen, rows[i].days));
		snprintf(args, sizeof(args),
			 "{\"order\":\"%s\",\"reason\":\"no_longer_wanted\"%s}", id,
			 rows[i].more);
		STR_EQ(shop_do(&w, "return_check", args), rows[i].outcome);
		bool ok = strcmp(rows[i].outcome, "done") == 0;
		sv rule = ok ? jv_get_str(w.r->body, "rule") :
			       jv_as_str(jv_path(w.r->body, "rule.rule"));
		SV_EQ(rule, rows[i].rule);
		CHECK(w.r->say.n > 0);
		if (ok) {
			EQ(fen_of(&w, "fee"), rows[i].fee);
			EQ(fen_of(&w, "refund"), rows[i].refund);
			EQ(fen_of(&w, "paid"), rows[i].fen);
		}
	}
	world_close(&w);
}

TEST(shop_return_used_is_a_range)
{
	struct world w;
	CHECK(world(&w));
	CHECK(made(&w, "HH2026-300001", "HH-1504", 1, 49999, 3));
	STR_EQ(shop_do(&w, "return_check", ASK("HH2026-300001", ",\"condition\":\"used\"")),
	       "done");
	EQ(fen_of(&w, "deduct"), 5000);      /* 4999.9 */
	EQ(fen_of(&w, "refund"), 43999);
	EQ(fen_of(&w, "refund_from"), 23999);
	HAS(w.r->say, "between 239.99 yuan and 439.99 yuan");
	STR_EQ(shop_do(&w, "return_check", ASK("HH2026-300001", "")), "invalid");
	HAS(w.r->say, "sealed, opened, or has it been used?");
	world_close(&w);
}

TEST(shop_return_our_fault_is_free)
{
	struct world w;
	CHECK(world(&w));
	CHECK(made(&w, "HH2026-300002", "HH-1010", 1, 289900, 25));
	STR_EQ(shop_do(&w, "return_check",
		       "{\"order\":\"HH2026-300002\",\"reason\":\"faulty\"}"),
	       "done");
	EQ(fen_of(&w, "fee"), 0);
	HAS(w.r->say, "collection is free");
	STR_EQ(shop_do(&w, "return_check", "{\"order\":\"HH2026-300002\",\"reason\":\"damaged\"}"),
	       "refused");
	HAS(jv_as_str(jv_path(w.r->body, "rule.rule")), "damaged-late");
	world_close(&w);
}

TEST(shop_return_is_made_once)
{
	struct world w;
	CHECK(world(&w));
	CHECK(made(&w, "HH2026-300003", "HH-1504", 2, 49900, 3));
	const char *args = ASK("HH2026-300003", UNUSED ",\"qty\":1");
	STR_EQ(shop_do(&w, "return_create", args), "confirm");
	HAS(w.r->say, "the courier collects it on Friday 27 November, 09:00 to 14:00");
	HAS(w.r->say, "the collection fee of 10 yuan is taken off");
	EQ(world_sql(&w, "SELECT count(*) FROM shop_return WHERE order_id='HH2026-300003'"), 0);
	STR_EQ(shop_yes(&w, "return_create", args), "done");
	sv id = arena_sv(&w.a, jv_get_str(w.r->body, "return_id"));
	SV_EQ(id, "R10241275");
	HAS(w.r->say, "registered under R10241275");
	EQ(world_sql(&w, "SELECT fee_fen+deduct_fen+refund_fen-gross_fen FROM shop_return WHERE "
			 "id='R10241275'"), 0);
	EQ(world_sql(&w, "SELECT amount_fen FROM shop_refund WHERE source='R10241275' AND "
			 "state='due'"),
	   48900);
	EQ(world_sql(&w,
		     "SELECT count(*) FROM shop_visit WHERE ref='R10241275' AND kind='pickup'"),
	   1);
	EQ(world_sql(&w, "SELECT count(*) FROM tool_outbox WHERE kind='sms' AND body LIKE "
			 "'%R10241275%'"), 1);
	STR_EQ(shop_yes(&w, "return_create", ASK("HH2026-300003", UNUSED)), "done");
	STR_EQ(shop_yes(&w, "return_create", ASK("HH2026-300003", UNUSED)), "refused");
	HAS(w.r->say, "is already in a return");
	world_close(&w);
}

/* What price protection gave back for a piece is not given back again with the piece. */
TEST(shop_return_after_price_protection)
{
	struct world w;
	CHECK(world(&w));
	CHECK(made(&w, "HH2026-300013", "HH-1504", 3, 49900, 3));
	const char *one = ASK("HH2026-300013", UNUSED ",\"qty\":1,\"way\":\"store\"");
	STR_EQ(shop_yes(&w, "return_create", one), "done");
	EQ(fen_of(&w, "refund"), 49900);
	CHECK(world_exec(&w, "UPDATE product SET price_fen=48900 WHERE id='HH-1504'"));
	STR_EQ(shop_yes(&w, "price_protect", "{\"order\":\"HH2026-300013\"}"), "done");
	EQ(fen_of(&w, "amount"), 2000);      /* of the two that are left */
	STR_EQ(shop_yes(&w, "return_create", one), "done");
	EQ(fen_of(&w, "paid"), 48900);
	EQ(fen_of(&w, "refund"), 48900);
	STR_EQ(shop_yes(&w, "return_create", one), "done");
	EQ(fen_of(&w, "refund"), 48900);
	EQ(world_sql(&w, "SELECT sum(amount_fen) FROM shop_refund WHERE order_id='HH2026-300013'"),
	   3 * 49900);
	EQ(world_sql(&w, "SELECT sum(fee_fen+deduct_fen+refund_fen-gross_fen) FROM shop_return "
			 "WHERE order_id='HH2026-300013'"), 0);
	world_close(&w);
}

TEST(shop_cancel_after_price_protection)
{
	struct world w;
	CHECK(world(&w));
	CHECK(made(&w, "HH2026-300014", "HH-1504", 2, 49900, 0));
	CHECK(world_exec(&w, "UPDATE order_ref SET state='paid' WHERE id='HH2026-300014'"));
	CHECK(world_exec(&w, "INSERT INTO shop_claim (order_id, line, paid_fen, now_fen, "
			     "amount_fen, at_ms) VALUES ('HH2026-300014', 1, 49900, 48900, 2000, "
			     "1)"));
	STR_EQ(shop_yes(&w, "order_cancel", "{\"order\":\"HH2026-300014\"}"), "done");
	EQ(fen_of(&w, "refund"), 2 * 48900);
	EQ(fen_of(&w, "fee"), 0);
	world_close(&w);
}

TEST(shop_return_asks_which_article)
{
	struct world w;
	CHECK(world(&w));
	struct make m = { .w = &w, .id = "HH2026-300004", .customer = "c015",
			  .skus = { "HH-1010", "HH-1018", "HH-1225" }, .qty = { 1, 1, 3 },
			  .fen = { 289900, 129900, 11662 }, .days = 3 };
	OK(world_write(&w, make_run, &m));
	STR_EQ(shop_do(&w, "return_check", ASK("HH2026-300004", UNUSED)), "invalid");
	HAS(w.r->say, "Haven Three-Seat Fabric Sofa, Oakline Dining Table 140 and End-Grain");
	STR_EQ(shop_do(&w, "return_check", ASK("HH2026-300004", UNUSED ",\"item\":\"沙发\"")),
	       "done");
	EQ(fen_of(&w, "paid"), 289900);
	STR_EQ(shop_do(&w, "return_check",
		       ASK("HH2026-300004", UNUSED ",\"item\":\"cutting board\"")),
	       "done");
	EQ(fen_of(&w, "paid"), 34986);
	STR_EQ(shop_do(&w, "return_check",
		       ASK("HH2026-300004", UNUSED ",\"item\":\"cutting board\",\"qty\":4")),
	       "invalid");
	HAS(w.r->say, "There are 3 of");
	STR_EQ(shop_do(&w, "return_check", ASK("HH2026-300004", UNUSED ",\"item\":\"bicycle\"")),
	       "invalid");
	STR_EQ(shop_do(&w, "return_check", ASK("HH2026-300004", UNUSED ",\"item\":\"all\"")),
	       "done");
	EQ(fen_of(&w, "paid"), 289900 + 129900 + 34986);
	EQ(fen_of(&w, "fee"), 6000);         /* once for the order */
	EQ(fen_of(&w, "refund"), 289900 + 129900 + 34986 - 6000);
	world_close(&w);
}

TEST(shop_return_by_state)
{
	struct world w;
	CHECK(world(&w));
	w.customer = "c021";
	STR_EQ(shop_do(&w, "return_check", ASK("HH2026-100450", UNUSED)), "refused");
	HAS(w.r->say, "can simply be cancelled");
	STR_EQ(shop_do(&w, "return_check", ASK("HH2026-100391", UNUSED)), "refused");
	HAS(w.r->say, "refuse it at the door");
	w.customer = "c037";
	STR_EQ(shop_do(&w, "return_check", ASK("HH2026-100111", UNUSED)), "refused");
	world_close(&w);
}

TEST(shop_return_withdrawn_gives_everything_back)
{
	struct world w;
	CHECK(world(&w));
	CHECK(made(&w, "HH2026-300005", "HH-1504", 1, 49900, 3));
	STR_EQ(shop_yes(&w, "return_create", ASK("HH2026-300005", UNUSED)), "done");
	STR_EQ(shop_do(&w, "return_status", "{}"), "done");
	HAS(w.r->say, "it is collected on Friday 27 November");
	STR_EQ(shop_do(&w, "refund_status", "{\"order\":\"HH2026-300005\"}"), "done");
	HAS(w.r->say, "489 yuan is still to be refunded");
	STR_EQ(shop_yes(&w, "return_cancel", "{\"return\":\"r 10241275\"}"), "done");
	EQ(world_sql(&w, "SELECT back FROM shop_item WHERE order_id='HH2026-300005'"), 0);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_refund WHERE source='R10241275' AND "
			 "state='void'"),
	   1);
	EQ(world_sql(
		   &w,
		   "SELECT count(*) FROM shop_visit WHERE ref='R10241275' AND state='booked'"),
	   0);
	STR_EQ(shop_yes(&w, "return_cancel", "{\"return\":\"R10241275\"}"), "refused");
	STR_EQ(shop_do(&w, "refund_status", "{\"order\":\"HH2026-300005\"}"), "not_found");
	STR_EQ(shop_yes(&w, "return_create", ASK("HH2026-300005", UNUSED)), "done");
	world_close(&w);
}

#define MOVE(id, state, more) "{\"return\":\"" id "\",\"state\":\"" state "\"" more "}"

TEST(shop_return_goes_to_the_refund)
{
	struct world w;
	CHECK(world(&w));
	CHECK(made(&w, "HH2026-300006", "HH-1504", 1, 49900, 3));
	STR_EQ(shop_yes(&w, "return_create", ASK("HH2026-300006", ",\"condition\":\"used\"")),
	       "done");
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241275", "collected", "")), "denied");
	w.role = TOOL_AGENT;
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241275", "refunded", "")), "refused");
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241275", "collected", "")), "done");
	STR_EQ(shop_do(&w, "return_cancel", "{\"return\":\"R10241275\"}"), "refused");
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241275", "checked", ",\"deduct_pct\":60")),
	       "refused");
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241275", "checked", ",\"deduct_pct\":20")),
	       "done");
	EQ(fen_of(&w, "refund"), 49900 - 1000 - 9980);
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241275", "refunded", "")), "done");
	EQ(world_sql(&w, "SELECT gross_fen-fee_fen-deduct_fen-refund_fen FROM shop_return WHERE "
			 "id='R10241275'"), 0);
	EQ(world_sql(&w, "SELECT amount_fen FROM shop_refund WHERE source='R10241275' AND "
			 "state='released'"), 38920);
	EQ(world_sql(&w, "SELECT count(*) FROM order_ref WHERE id='HH2026-300006' AND "
			 "state='returned'"),
	   1);
	w.role = TOOL_CUSTOMER;
	STR_EQ(shop_do(&w, "return_status", "{}"), "done");
	HAS(w.r->say, "389.20 yuan of R10241275 was refunded to Alipay");
	EQ(world_sql(&w, "SELECT count(*) FROM tool_outbox WHERE kind='sms'"), 3);
	world_close(&w);
}

TEST(shop_return_refused_at_the_check)
{
	struct world w;
	CHECK(world(&w));
	CHECK(made(&w, "HH2026-300007", "HH-1504", 1, 49900, 3));
	STR_EQ(shop_yes(&w, "return_create", ASK("HH2026-300007", UNUSED)), "done");
	w.role = TOOL_AGENT;
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241275", "collected", "")), "done");
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241275", "refused", "")), "done");
	EQ(world_sql(&w, "SELECT back FROM shop_item WHERE order_id='HH2026-300007'"), 0);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_refund WHERE source='R10241275' AND "
			 "state='void'"),
	   1);
	world_close(&w);
}

/* Above an agent's limit (5,000 yuan) a supervisor releases the money. */
TEST(shop_large_refund_needs_a_supervisor)
{
	struct world w;
	struct tool_res *res = NULL;
	CHECK(world(&w));
	CHECK(made(&w, "HH2026-300008", "HH-1010", 2, 289900, 3));
	STR_EQ(shop_yes(&w, "return_create",
			"{\"order\":\"HH2026-300008\",\"reason\":\"faulty\"}"),
	       "done");
	w.role = TOOL_AGENT;
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241275", "collected", "")), "done");
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241275", "checked", "")), "done");
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241275", "refunded", "")), "approve");
	EQ(world_sql(
		   &w,
		   "SELECT count(*) FROM shop_return WHERE id='R10241275' AND state='checked'"),
	   1);
	sv id = arena_sv(&w.a, jv_get_str(w.r->body, "approval"));
	OK(tool_approve(w.kit, id, true, TOOL_SUPERVISOR, SV("boss"), SV(""), w.now, &res));
	EQ(res->outcome, TOOL_DONE);
	obj_unref(res);
	EQ(world_sql(&w, "SELECT amount_fen FROM shop_refund WHERE source='R10241275' AND "
			 "state='released'"), 579800);
	world_close(&w);
}

static const char *release(struct world *w, const char *of)
{
	char sql[120], args[60];
	snprintf(sql, sizeof(sql), "SELECT CAST(id AS INTEGER) FROM shop_refund WHERE source='%s'",
		 of);
	snprintf(args, sizeof(args), "{\"refund\":\"%06lld\"}", (long long)world_sql(w, sql));
	return shop_do(w, "refund_release", args);
}

/* Nobody is paid for goods that are still with the customer. */
TEST(shop_refund_is_not_released_before_the_goods_are_back)
{
	struct world w;
	CHECK(world(&w));
	CHECK(made(&w, "HH2026-300009", "HH-1504", 1, 49900, 3));
	STR_EQ(shop_yes(&w, "return_create", ASK("HH2026-300009", UNUSED)), "done");
	w.role = TOOL_SUPERVISOR;
	STR_EQ(release(&w, "R10241275"), "refused");
	HAS(w.r->why, "not back");
	STR_EQ(shop_yes(&w, "return_cancel", "{\"return\":\"R10241275\"}"), "done");
	EQ(world_sql(&w, "SELECT count(*) FROM shop_refund WHERE source='R10241275' AND "
			 "state='void'"), 1);
	STR_EQ(release(&w, "R10241275"), "refused");
	STR_EQ(shop_yes(&w, "return_create", ASK("HH2026-300009", UNUSED)), "done");
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241276", "collected", "")), "done");
	STR_EQ(release(&w, "R10241276"), "refused");
	EQ(world_sql(&w, "SELECT count(*) FROM tool_outbox WHERE kind='pay'"), 0);
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241276", "checked", "")), "done");
	STR_EQ(release(&w, "R10241276"), "done");
	STR_EQ(release(&w, "R10241276"), "refused");
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241276", "refunded", "")), "done");
	EQ(world_sql(&w, "SELECT count(*) FROM tool_outbox WHERE kind='pay'"), 1);
	EQ(world_sql(&w, "SELECT count(*) FROM order_ref WHERE id='HH2026-300009' AND "
			 "state='returned'"), 1);
	world_close(&w);
}

/* What was released before the return went on is not asked for again. */
TEST(shop_released_refund_asks_nobody_twice)
{
	struct world w;
	CHECK(world(&w));
	CHECK(made(&w, "HH2026-300008", "HH-1010", 2, 289900, 3));
	STR_EQ(shop_yes(&w, "return_create",
			"{\"order\":\"HH2026-300008\",\"reason\":\"faulty\"}"),
	       "done");
	w.role = TOOL_AGENT;
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241275", "collected", "")), "done");
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241275", "checked", "")), "done");
	w.role = TOOL_SUPERVISOR;
	STR_EQ(release(&w, "R10241275"), "done");
	w.role = TOOL_AGENT;
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241275", "refunded", "")), "done");
	EQ(world_sql(&w, "SELECT count(*) FROM tool_approval"), 0);
	EQ(world_sql(&w, "SELECT count(*) FROM tool_outbox WHERE kind='pay'"), 1);
	world_close(&w);
}

/* ---- exchanges ---- */

TEST(shop_exchange_same_article)
{
	struct world w;
	CHECK(world(&w));
	CHECK(made(&w, "HH2026-300010", "HH-1406", 1, 58702, 10));
	int64_t stock = world_sql(&w, "SELECT stock FROM product WHERE id='HH-1406'");
	const char *args = "{\"order\":\"HH2026-300010\",\"reason\":\"faulty\"}";
	STR_EQ(shop_do(&w, "exchange_create", args), "confirm");
	HAS(w.r->say, "there is nothing to pay");
	EQ(world_sql(&w, "SELECT stock FROM product WHERE id='HH-1406'"), stock);
	STR_EQ(shop_yes(&w, "exchange_create", args), "done");
	EQ(world_sql(&w, "SELECT stock FROM product WHERE id='HH-1406'"), stock - 1);
	STR_EQ(shop_do(&w, "return_status", "{\"order\":\"HH2026-300010\"}"), "done");
	HAS(w.r->say, "Exchange R10241275");
	STR_EQ(shop_yes(&w, "return_cancel", "{\"return\":\"R10241275\"}"), "done");
	EQ(world_sql(&w, "SELECT stock FROM product WHERE id='HH-1406'"), stock);
	EQ(world_sql(&w, "SELECT exchanges+back FROM shop_item WHERE order_id='HH2026-300010'"), 0);
	world_close(&w);
}

TEST(shop_exchange_price_difference)
{
	struct world w;
	CHECK(world(&w));
	CHECK(made(&w, "HH2026-300011", "HH-1701", 1, 38302, 10));
	CHECK(made(&w, "HH2026-300012", "HH-1708", 1, 159900, 10));
	STR_EQ(shop_yes(&w, "exchange_create",
			ASK("HH2026-300011", UNUSED ",\"new\":\"HH-1704\"")), "done");
	EQ(fen_of(&w, "difference"), 89900 - 38302);
	HAS(w.r->say, "you pay 515.98 yuan by a link");
	EQ(world_sql(&w, "SELECT count(*) FROM tool_outbox WHERE kind='notify'"), 1);
	STR_EQ(shop_yes(&w, "exchange_create",
			ASK("HH2026-300012", UNUSED ",\"new\":\"HH-1701\"")), "done");
	EQ(fen_of(&w, "refund"), 159900 - 39900);
	EQ(world_sql(&w, "SELECT amount_fen FROM shop_refund WHERE kind='exchange' AND "
			 "state='due'"), 120000);
	sv id = arena_sv(&w.a, jv_get_str(w.r->body, "return_id"));
	char args[80];
	w.role = TOOL_AGENT;
	w.customer = "";
	snprintf(args, sizeof(args), "{\"return\":\"" SV_FMT "\",\"state\":\"sent\"}", SV_ARG(id));
	STR_EQ(shop_do(&w, "return_move", args), "done");
	EQ(world_sql(&w, "SELECT count(*) FROM tool_outbox WHERE kind='pay'"), 0);
	snprintf(args, sizeof(args), "{\"return\":\"" SV_FMT "\",\"state\":\"done\"}", SV_ARG(id));
	STR_EQ(shop_do(&w, "return_move", args), "done");        /* exchanged: the rest goes back */
	EQ(world_sql(&w, "SELECT amount_fen FROM shop_refund WHERE kind='exchange' AND "
			 "state='released'"), 120000);
	EQ(world_sql(&w, "SELECT count(*) FROM tool_outbox WHERE kind='pay'"), 1);
	world_close(&w);
}

/* What an exchange gives back waits until it is done, then for whoever may pay so much; the
 * customer hears which. */
TEST(shop_exchange_refund_waits)
{
	struct world w;
	struct tool_res *res = NULL;
	CHECK(world(&w));
	CHECK(made(&w, "HH2026-300012", "HH-1708", 1, 159900, 10));
	STR_EQ(shop_yes(&w, "exchange_create",
			ASK("HH2026-300012", UNUSED ",\"new\":\"HH-1701\"")), "done");
	CHECK(world_exec(&w, "UPDATE shop_refund SET amount_fen=600000 WHERE kind='exchange'"));
	STR_EQ(shop_do(&w, "refund_status", "{\"order\":\"HH2026-300012\"}"), "done");
	HAS(w.r->say, "is still to be refunded");
	w.role = TOOL_AGENT;
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241275", "sent", "")), "done");
	w.role = TOOL_SUPERVISOR;
	STR_EQ(release(&w, "R10241275"), "refused");
	w.role = TOOL_AGENT;
	STR_EQ(shop_do(&w, "return_move", MOVE("R10241275", "done", "")), "done");
	sv id = arena_sv(&w.a, jv_get_str(w.r->body, "approval"));
	w.role = TOOL_CUSTOMER;
	STR_EQ(shop_do(&w, "refund_status", "{\"order\":\"HH2026-300012\"}"), "done");
	HAS(w.r->say, "waits for a supervisor's approval");
	OK(tool_approve(w.kit, id, true, TOOL_SUPERVISOR, SV("boss"), SV(""), w.now, &res));
	EQ(res->outcome, TOOL_DONE);
	obj_unref(res);
	world_close(&w);
}

TEST(shop_exchange_again_costs)
{
	struct world w;
	CHECK(world(&w));
	CHECK(made(&w, "HH2026-300013", "HH-1504", 1, 49900, 5));
	CHECK(world_exec(&w, "UPDATE shop_item SET exchanges=1 WHERE order_id='HH2026-300013'"));
	STR_EQ(shop_yes(&w, "exchange_create", ASK("HH2026-300013", UNUSED)), "done");
	EQ(fen_of(&w, "fee"), 1000);
	EQ(fen_of(&w, "difference"), 1000);
	world_close(&w);
}

TEST(shop_exchange_out_of_stock_changes_nothing)
{
	struct world w;
	CHECK(world(&w));
	w.lang = "zh";
	CHECK(made(&w, "HH2026-300014", "HH-1406", 1, 59900, 10));
	CHECK(world_exec(&w, "UPDATE product SET stock=0 WHERE id='HH-1406'"));
	STR_EQ(shop_yes(&w, "exchange_create",
			"{\"order\":\"HH2026-300014\",\"reason\":\"faulty\"}"),
	       "refused");
	HAS(w.r->say, "现在没有货。您可以等到货，也可以退款，或者看看");
	EQ(jv_len(jv_get(w.r->body, "alternatives")), 3);
	EQ(jv_len(jv_get(w.r->body, "items")), 3);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_return WHERE order_id='HH2026-300014'"), 0);
	CHECK(world_exec(&w, "UPDATE product SET stock=0 WHERE category='appliances'"));
	STR_EQ(shop_yes(&w, "exchange_create",
			"{\"order\":\"HH2026-300014\",\"reason\":\"faulty\"}"),
	       "refused");
	SV_EQ(w.r->say, "酥脆空气炸锅 5.5 升现在没有货。您可以等到货，也可以退款。您想怎么办？");
	STR_EQ(shop_yes(&w, "exchange_create",
			"{\"order\":\"HH2026-300014\",\"reason\":\"faulty\",\"new\":\"飞船\"}"),
	       "not_found");
	world_close(&w);
}

/* ---- two at once ---- */

struct rush {
	struct world *w;
	const char *args, *key;
	uint64_t print;
	enum tool_outcome got;
};

static void *rush_run(void *arg)
{
	struct rush *r = arg;
	struct tool_res *res = NULL;
	struct tool_req q = {
		.name = SV("return_create"),
		.args = sv_of(r->args),
		.key = sv_of(r->key),
		.confirmed = r->print,
		.now_ms = r->w->now,
		.who = { .customer = SV("c015"), .level = TOOL_KNOWN, .lang = SV("en") }
	};
	r->got = tool_call(r->w->kit, &q, &res) ? TOOL_FAILED : res->outcome;
	obj_unref(res);
	return NULL;
}

TEST(shop_two_returns_of_one_piece)
{
	struct world w;
	CHECK(world(&w));
	for (int round = 0; round < 20; round++) {
		char id[20], args[160], keys[2][24];
		struct rush r[2];
		pthread_t t[2];
		snprintf(id, sizeof(id), "HH2026-31%04d", round);
		CHECK(made(&w, id, "HH-1504", 1, 49900, 3));
		snprintf(args, sizeof(args),
			 "{\"order\":\"%s\",\"reason\":\"other\",\"condition\":\"unused\","
			 "\"way\":\"store\"}",
			 id);
		STR_EQ(shop_do(&w, "return_create", args), "confirm");
		for (int i = 0; i < 2; i++) {
			snprintf(keys[i], sizeof(keys[i]), "rush/%d/%d", round, i);
			r[i] = (struct rush){
				.w = &w, .args = args, .key = keys[i], .print = w.r->print
			};
			EQ(pthread_create(&t[i], NULL, rush_run, &r[i]), 0);
		}
		for (int i = 0; i < 2; i++)
			EQ(pthread_join(t[i], NULL), 0);
		EQ((r[0].got == TOOL_DONE) + (r[1].got == TOOL_DONE), 1);
		EQ((r[0].got == TOOL_REFUSED) + (r[1].got == TOOL_REFUSED), 1);
	}
	EQ(world_sql(&w, "SELECT count(*) FROM shop_return WHERE order_id LIKE 'HH2026-31%'"), 20);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_item WHERE back>qty"), 0);
	world_close(&w);
}

/* ---- random orders, returns, moves: the sums hold ---- */

static const char *pick(struct rng *g, const char *const *v, size_t n)
{
	return v[rng_below(g, n)];
}

static bool random_order(struct world *w, struct rng *g, int n)
{
	static const char *const skus[] = { "HH-1504", "HH-1010", "HH-1225", "HH-1110",
					    "HH-1318", "HH-1102", "HH-1406" };
	char id[24];
	struct make m = { .w = w, .id = id, .customer = "c015", .days = (int64_t)rng_below(g, 40) };
	snprintf(id, sizeof(id), "HH2026-5%05d", n);
	for (size_t i = 0, lines = 1 + rng_below(g, 3); i < lines; i++) {
		m.skus[i] = skus[(rng_below(g, 2) + i * 2) % 7];
		m.qty[i] = 1 + (int64_t)rng_below(g, 4);
		m.fen[i] = 1 + (int64_t)rng_below(g, 300000);
	}
	return world_write(w, make_run, &m) == 0;
}

static void random_step(struct world *w, struct rng *g, int orders)
{
	static const char *const reasons[] = { "no_longer_wanted", "faulty", "wrong_item",
					       "damaged", "size" };
	static const char *const conds[] = { "unused", "opened", "used" };
	static const char *const items[] = { "all", "HH-1504", "HH-1225", "HH-1110", "HH-1010" };
	static const char *const states[] = { "collected", "checked", "refused", "refunded" };
	char args[256];
	unsigned what = (unsigned)rng_below(g, 10);
	long long order = 500000 + (long long)rng_below(g, (uint64_t)orders);
	w->role = what < 6 ? TOOL_CUSTOMER : TOOL_SUPERVISOR;
	if (what < 5) {
		snprintf(args, sizeof(args),
			 "{\"order\":\"HH2026-%lld\",\"reason\":\"%s\",\"condition\":\"%s\","
			 "\"item\":\"%s\","
			 "\"way\":\"store\"%s}",
			 order, pick(g, reasons, 5), pick(g, conds, 3), pick(g, items, 5),
			 rng_below(g, 3) ? "" : ",\"qty\":1");
		(void)shop_yes(w, "return_create", args);
	} else if (what == 5) {
		snprintf(args, sizeof(args), "{\"order\":\"HH2026-%lld\"}", order);
		(void)shop_yes(w, "return_cancel", args);
	}
	/* a few steps on; one that does not fit is refused */
	for (int i = 0; what > 5 && i < 4; i++) {
		const char *off = rng_below(g, 3) ? "" : ",\"deduct_pct\":33.3";
		if (rng_below(g, 4) == 0)
			continue;
		snprintf(args, sizeof(args), "{\"order\":\"HH2026-%lld\",\"state\":\"%s\"%s}",
			 order, states[i], off);
		(void)shop_do(w, "return_move", args);
	}
}

TEST(shop_random_returns_add_up)
{
	static const char *const zero[] = {
		"SELECT count(*) FROM shop_return WHERE kind='return' AND "
		"gross_fen<>fee_fen+deduct_fen+refund_fen",
		"SELECT count(*) FROM shop_return WHERE refund_fen<0 OR fee_fen<0 OR "
		"deduct_fen<0",
		"SELECT count(*) FROM shop_item WHERE back<0 OR back>qty",
		"SELECT count(*) FROM shop_item i WHERE i.order_id LIKE 'HH2026-5%' AND "
		"i.back<>(SELECT "
		"coalesce(sum(x.qty),0) FROM shop_return_item x JOIN shop_return r ON "
		"r.id=x.return_id WHERE "
		"r.order_id=i.order_id AND x.line=i.line AND r.state NOT IN "
		"('cancelled','refused'))",
		"SELECT count(*) FROM shop_return r JOIN shop_refund f ON f.source=r.id WHERE "
		"f.state='due' "
		"AND (f.amount_fen<>r.refund_fen OR r.state IN "
		"('cancelled','refused','refunded'))",
		"SELECT count(*) FROM shop_return r WHERE r.state='refunded' AND r.order_id "
		"LIKE 'HH2026-5%' "
		"AND (SELECT sum(f.amount_fen) FROM shop_refund f WHERE f.source=r.id AND "
		"f.state='released')<>r.refund_fen",
		"SELECT count(*) FROM order_ref o WHERE o.total_fen<(SELECT "
		"coalesce(sum(f.amount_fen),0) FROM "
		"shop_refund f WHERE f.order_id=o.id AND f.state<>'void')",
		"SELECT count(*) FROM shop_return r WHERE r.gross_fen<>(SELECT "
		"sum(x.qty*x.price_fen) FROM "
		"shop_return_item x WHERE x.return_id=r.id)",
	};
	struct world w;
	struct rng *g = t_rng();
	CHECK(world(&w));
	for (int i = 0; i < 30; i++)
		CHECK(random_order(&w, g, i));
	for (int i = 0; i < 400; i++)
		random_step(&w, g, 30);
	CHECK(world_sql(&w,
			"SELECT count(*) FROM shop_return WHERE order_id LIKE 'HH2026-5%'") >
	      10);
	CHECK(world_sql(&w, "SELECT count(*) FROM shop_return WHERE order_id LIKE 'HH2026-5%' AND "
			    "state='refunded'") > 0);
	for (size_t i = 0; i < sizeof(zero) / sizeof(*zero); i++)
		EQ(world_sql(&w, zero[i]), 0);
	world_close(&w);
}
