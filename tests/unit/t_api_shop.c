/* t_api_shop.c: orders, returns and products over HTTP: who may, pages, filters, one each. */
#include "t_api_world.h"
#include "shop.h"

static const char catalogue[] = "{\"sku\":\"S-1\",\"name\":{\"zh\":\"台灯\",\"en\":\"Desk "
				"lamp\"},\"category\":\"lighting\","
				"\"price_cny\":269.00,\"stock\":3,\"warranty_months\":24}\n"
				"{\"sku\":\"S-2\",\"name\":{\"zh\":\"书架\",\"en\":"
				"\"Bookshelf\"},\"category\":\"storage\","
				"\"price_cny\":499.00,\"stock\":0}\n";
static const char sold[] =
	"{\"number\":\"A2026-000001\",\"customer_id\":\"c1\",\"status\":\"delivered\","
	"\"items\":[{"
	"\"sku\":\"S-1\",\"qty\":2,\"price_cny\":260.5}],\"total_cny\":521,\"placed_at\":"
	"\"2026-11-01T10:00:00+08:00\",\"delivered_at\":\"2026-11-03T10:00:00+08:00\","
	"\"return\":{"
	"\"number\":\"R00000007\",\"status\":\"requested\",\"kind\":\"fault\",\"reason\":"
	"\"dark\","
	"\"items\":[{\"sku\":\"S-1\",\"qty\":1}],\"requested_at\":\"2026-11-04T10:00:00+08:"
	"00\"}}\n"
	"{\"number\":\"A2026-000002\",\"customer_id\":\"c2\",\"status\":\"paid\",\"items\":[{"
	"\"sku\":"
	"\"S-2\",\"qty\":1,\"price_cny\":499}],\"total_cny\":499,\"placed_at\":"
	"\"2026-11-02T10:00:00+08:00\"}\n"
	"{\"number\":\"A2026-000003\",\"customer_id\":\"c1\",\"status\":\"paid\",\"items\":[{"
	"\"sku\":"
	"\"S-9\",\"qty\":1,\"price_cny\":1}],\"total_cny\":1,\"placed_at\":"
	"\"2026-11-02T10:00:00+08:00\"}\n";

struct sh {
	struct aw w;
	struct resp r;
	int rc;
};

static int fill(void *arg, struct store_db *db)
{
	struct sh *u = arg;
	u->rc = shop_import(db, SHOP_PRODUCTS, sv_of(catalogue), "catalogue", NULL, NULL);
	if (u->rc == 0)
		u->rc = shop_import(db, SHOP_ORDERS, sv_of(sold), "orders", NULL, NULL);
	return u->rc;
}

static bool up(struct sh *u)
{
	*u = (struct sh){ .rc = -1 };
	return aw_up(&u->w) && store_write(u->w.store, fill, u, NULL, NULL) == 0 &&
	       store_flush(u->w.store) == 0 && u->rc == 0;
}

static void down(struct sh *u)
{
	resp_done(&u->r);
	aw_down(&u->w);
}

static int get(struct sh *u, const char *path)
{
	char line[300];
	snprintf(line, sizeof(line), "GET /api/v1%s", path);
	return http(&u->w, line, aw_token(&u->w, "agent"), NULL, &u->r);
}

static sv at(const struct sh *u, const char *path)
{
	return jv_as_str(jv_path(u->r.json, path));
}

TEST(api_shop_is_for_staff)
{
	static const char *const lines[] = { "GET /api/v1/orders",
					     "GET /api/v1/returns",
					     "GET /api/v1/products",
					     "GET /api/v1/products/S-1",
					     "GET /api/v1/orders/A2026-000001",
					     "GET /api/v1/returns/R00000007" };
	struct sh u;
	CHECK(up(&u));
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		EQ(http(&u.w, lines[i], NULL, NULL, &u.r), 401);
	down(&u);
}

TEST(api_shop_orders_by_page_and_filter)
{
	struct sh u;
	char path[200];
	CHECK(up(&u));
	EQ(get(&u, "/orders?limit=1"), 200);
	SV_EQ(at(&u, "items.0.number"), "A2026-000003");
	EQ(jv_len(jv_get(u.r.json, "items")), 1);
	snprintf(path, sizeof(path), "/orders?limit=2&cursor=" SV_FMT, SV_ARG(at(&u, "next")));
	EQ(get(&u, path), 200);
	SV_EQ(at(&u, "items.0.number"), "A2026-000002");
	SV_EQ(at(&u, "items.1.number"), "A2026-000001");
	CHECK(jv_is_null(jv_get(u.r.json, "next")));
	EQ(get(&u, "/orders?customer=c1&state=delivered"), 200);
	EQ(jv_len(jv_get(u.r.json, "items")), 1);
	NEAR(jv_get_num(jv_path(u.r.json, "items.0"), "total", 0), 521.0, 1e-9);
	EQ(get(&u, "/orders?q=000002"), 200);
	EQ(jv_len(jv_get(u.r.json, "items")), 1);
	EQ(get(&u, "/orders?q=%25"), 200);
	EQ(jv_len(jv_get(u.r.json, "items")), 0);
	EQ(get(&u, "/orders?cursor=nonsense"), 400);
	down(&u);
}

TEST(api_shop_one_order_in_full)
{
	struct sh u;
	CHECK(up(&u));
	EQ(get(&u, "/orders/A2026-000001?lang=en"), 200);
	SV_EQ(at(&u, "items.0.name"), "Desk lamp");
	SV_EQ(at(&u, "state"), "delivered");
	SV_EQ(at(&u, "placed_at"), "2026-11-01T02:00:00.000Z");
	SV_EQ(at(&u, "events.1.kind"), "delivered");
	SV_EQ(at(&u, "events.1.text"), "it was delivered");
	SV_EQ(at(&u, "returns.0.id"), "R00000007");
	SV_EQ(at(&u, "refunds.0.state"), "due");
	EQ(get(&u, "/orders/A2026-000001"), 200);
	SV_EQ(at(&u, "items.0.name"), "台灯");
	EQ(get(&u, "/orders/A2026-000003"), 200);
	SV_EQ(at(&u, "items.0.name"), "S-9"); /* no longer in the catalogue */
	EQ(get(&u, "/orders/A2026-000009"), 404);
	down(&u);
}

TEST(api_shop_returns_and_products)
{
	struct sh u;
	CHECK(up(&u));
	EQ(get(&u, "/returns?state=requested"), 200);
	SV_EQ(at(&u, "items.0.order"), "A2026-000001");
	NEAR(jv_get_num(jv_path(u.r.json, "items.0"), "refund", 0), 260.5, 1e-9);
	EQ(get(&u, "/returns?state=refunded"), 200);
	EQ(jv_len(jv_get(u.r.json, "items")), 0);
	EQ(get(&u, "/returns/R00000007?lang=en"), 200);
	SV_EQ(at(&u, "items.0.name"), "Desk lamp");
	SV_EQ(at(&u, "note"), "dark");
	EQ(get(&u, "/returns/R1"), 404);
	EQ(get(&u, "/products?limit=1"), 200);
	SV_EQ(at(&u, "items.0.sku"), "S-1");
	SV_EQ(at(&u, "next"), "S-1");
	EQ(get(&u, "/products?cursor=S-1"), 200);
	SV_EQ(at(&u, "items.0.sku"), "S-2");
	EQ(get(&u, "/products?q=LAMP"), 200);
	EQ(jv_len(jv_get(u.r.json, "items")), 1);
	EQ(get(&u, "/products?category=storage&lang=en"), 200);
	SV_EQ(at(&u, "items.0.name"), "Bookshelf");
	EQ(get(&u, "/products/S-1"), 200);
	EQ(jv_get_int(u.r.json, "warranty_months", 0), 24);
	EQ(get(&u, "/products/S-7"), 404);
	down(&u);
}
