/* Import: twice the same, newer lines, lines that are not right, lines at random. */
#include "t_shop_world.h"

struct imp {
	enum shop_kind kind;
	sv text;
	struct shop_counts n;
	struct err e;
	int rc;
};

static int imp_run(void *arg, struct store_db *db)
{
	struct imp *i = arg;
	i->rc = shop_import(db, i->kind, i->text, "file.jsonl", &i->n, &i->e);
	return i->rc;
}

static struct imp import(struct world *w, enum shop_kind kind, const char *text)
{
	struct imp i = { .kind = kind, .text = sv_of(text) };
	(void)world_write(w, imp_run, &i);
	return i;
}

TEST(shop_import_again_changes_nothing)
{
	struct world w;
	CHECK(world_open(&w));
	CHECK(world_exec(&w, "UPDATE product SET stock=1 WHERE id='HH-1010'"));
	CHECK(world_exec(&w, "UPDATE order_ref SET state='cancelled' WHERE id='HH2026-100414'"));
	struct imp i = { .kind = SHOP_ORDERS, .text = demo_text(&w, "orders.jsonl") };
	OK(world_write(&w, imp_run, &i));
	EQ(i.n.same, 150);
	i = (struct imp){ .kind = SHOP_PRODUCTS, .text = demo_text(&w, "products.jsonl") };
	OK(world_write(&w, imp_run, &i));
	EQ(i.n.same, 69);
	EQ(i.n.added + i.n.changed, 0);
	EQ(world_sql(&w, "SELECT stock FROM product WHERE id='HH-1010'"), 1);
	EQ(world_sql(&w, "SELECT count(*) FROM order_ref WHERE state='cancelled' AND "
			 "id='HH2026-100414'"), 1);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_item"), world_sql(&w, "SELECT count(*) FROM "
			 "shop_item i JOIN order_ref o ON o.id=i.order_id"));
	EQ(world_sql(&w, "SELECT count(*) FROM order_ref o WHERE o.total_fen<>(SELECT "
			 "sum(qty*price_fen) "
			 "FROM shop_item i WHERE i.order_id=o.id)"),
	   0);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_return WHERE gross_fen<>fee_fen+deduct_fen+"
			 "refund_fen"), 0);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_return"), 19);
	world_close(&w);
}

#define ORDER(state, more) \
	"{\"number\":\"A2026-1\",\"customer_id\":\"c1\",\"status\":\"" state "\",\"items\":[{" \
	"\"sku\":\"HH-1010\",\"qty\":1,\"price_cny\":10}],\"total_cny\":10,\"placed_at\":" \
	"\"2026-11-01T10:00:00+08:00\",\"address\":{\"city\":\"上海市\",\"line\":" \
	"\"银城路9号\"}" more "}"

TEST(shop_import_moves_an_order_forward)
{
	struct world w;
	CHECK(world_open(&w));
	struct imp i = import(&w, SHOP_ORDERS, ORDER("paid", ""));
	OK(i.rc);
	EQ(i.n.added, 1);
	EQ(world_sql(&w, "SELECT count(*) FROM order_ref WHERE id='A2026-1' AND city='上海市' "
			 "AND body "
			 "NOT LIKE '%银城路%'"),
	   1);
	i = import(&w, SHOP_ORDERS,
		   ORDER("shipped", ",\"shipped_at\":\"2026-11-02T10:00:00+08:00\","
				    "\"carrier\":\"X\",\"tracking\":\"T1\""));
	OK(i.rc);
	EQ(i.n.changed, 1);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_event WHERE order_id='A2026-1'"), 2);
	i = import(&w, SHOP_ORDERS, ORDER("packed", ""));
	EQ(i.n.same, 1);
	EQ(world_sql(&w,
		     "SELECT count(*) FROM order_ref WHERE id='A2026-1' AND state='shipped'"),
	   1);
	i = import(&w, SHOP_PRODUCTS,
		   "{\"sku\":\"HH-1010\",\"name\":{\"en\":\"Sofa\"},\"category\":"
		   "\"furniture\",\"price_cny\":2500,\"stock\":4}");
	EQ(i.n.changed, 1);
	EQ(world_sql(&w, "SELECT price_fen FROM product WHERE id='HH-1010'"), 250000);
	world_close(&w);
}

TEST(shop_import_names_the_line)
{
	static const struct {
		enum shop_kind kind;
		const char *text, *msg;
	} bad[] = {
		{ SHOP_PRODUCTS, "\n{\"sku\":}", "file.jsonl:2: not a JSON object" },
		{ SHOP_PRODUCTS, "[1]", "file.jsonl:1: not a JSON object" },
		{ SHOP_PRODUCTS, "{\"name\":{\"en\":\"x\"}}", "a product needs \"sku\"" },
		{ SHOP_PRODUCTS, "{\"sku\":\"Q\"}", "Q: give \"name\"" },
		{ SHOP_PRODUCTS, "{\"sku\":\"Q\",\"name\":{\"en\":\"x\"}}",
		  "\"category\" is missing" },
		{ SHOP_PRODUCTS,
		  "{\"sku\":\"Q\",\"name\":{\"en\":\"x\"},\"category\":\"c\",\"price_cny\":"
		  "\"9\"}",
		  "\"price_cny\" must be a number" },
		{ SHOP_PRODUCTS,
		  "{\"sku\":\"Q\",\"name\":{\"en\":\"x\"},\"category\":\"c\",\"price_cny\":9,"
		  "\"stock\":-1}",
		  "cannot be negative" },
		{ SHOP_ORDERS, "{}", "an order needs \"number\"" },
		{ SHOP_ORDERS, ORDER("lost", ""), "\"status\" must be" },
		{ SHOP_ORDERS, ORDER("shipped", ",\"shipped_at\":\"yesterday\""),
		  "a time must be like" },
		{ SHOP_ORDERS, ORDER("paid", ",\"events\":[{\"kind\":\"transit\"}]"),
		  "each event needs" },
		{ SHOP_ORDERS, ORDER("delivered", ",\"return\":{\"status\":\"x\"}"),
		  "the return needs \"number\"" },
		{ SHOP_ORDERS,
		  ORDER("delivered",
			",\"return\":{\"number\":\"R1\",\"status\":\"requested\","
			"\"requested_at\":\"2026-11-05T10:00:00+08:00\",\"items\":[{\"sku\":"
			"\"HH-1010\",\"qty\":2}]}"),
		  "more pieces are returned" },
		{ SHOP_ORDERS,
		  ORDER("delivered",
			",\"return\":{\"number\":\"R1\",\"status\":\"requested\","
			"\"requested_at\":\"2026-11-05T10:00:00+08:00\",\"items\":[{\"sku\":"
			"\"HH-1010\"}],\"refund_cny\":11}"),
		  "more goes back than was paid" },
		{ SHOP_ORDERS,
		  "{\"number\":\"N\",\"status\":\"paid\",\"items\":[{\"sku\":\"a\",\"qty\":1,"
		  "\"price_cny\":5}],\"total_cny\":4}",
		  "less than its items" },
	};
	struct world w;
	CHECK(world_open(&w));
	int64_t products = world_sql(&w, "SELECT count(*) FROM product");
	for (size_t k = 0; k < sizeof(bad) / sizeof(*bad); k++) {
		struct imp i = import(&w, bad[k].kind, bad[k].text);
		CHECK(i.rc < 0);
		HAS(sv_of(i.e.msg), bad[k].msg);
		CHECK(i.e.line > 0);
	}
	EQ(world_sql(&w, "SELECT count(*) FROM product"), products);
	EQ(world_sql(&w, "SELECT count(*) FROM order_ref WHERE id='A2026-1'"), 0);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_return WHERE id='R1'"), 0);
	world_close(&w);
}

TEST(shop_import_no_sum_overflows)
{
	struct world w;
	CHECK(world_open(&w));
	struct imp i = import(
		&w, SHOP_ORDERS,
		ORDER("delivered",
		      ",\"return\":{\"number\":\"R1\",\"status\":\"requested\","
		      "\"requested_at\":\"2026-11-05T10:00:00+08:00\",\"items\":[{\"sku\":"
		      "\"HH-1010\",\"qty\":9223372036854775807}]}"));
	CHECK(i.rc < 0);
	HAS(sv_of(i.e.msg), "more pieces are returned");
	world_close(&w);
}

/* Bytes changed at random: an error or a good row, never anything else. */
TEST(shop_import_of_broken_lines)
{
	static const char line[] =
		ORDER("delivered", ",\"delivered_at\":\"2026-11-05T10:00:00+08:00\"");
	struct world w;
	char copy[sizeof(line)];
	struct rng *g = t_rng();
	CHECK(world_open(&w));
	for (int n = 0; n < 300; n++) {
		memcpy(copy, line, sizeof(line));
		for (uint64_t k = 0; k < 1 + rng_below(g, 3); k++)
			copy[rng_below(g, sizeof(line) - 1)] = (char)(1 + rng_below(g, 255));
		struct imp i = import(&w, rng_below(g, 4) ? SHOP_ORDERS : SHOP_PRODUCTS, copy);
		if (i.rc)
			CHECK(i.e.msg[0] != 0);
	}
	EQ(world_sql(&w, "SELECT count(*) FROM order_ref WHERE total_fen<0 OR placed_ms<=0"), 0);
	world_close(&w);
}
