/* Advice before buying: search, one product, comparison, fit, stock, price; nobody is known. */
#include "t_shop_world.h"

static bool world(struct world *w)
{
	bool ok = world_open(w);
	w->customer = "";
	w->level = TOOL_NOBODY;
	return ok;
}

static sv first(const struct world *w)
{
	return jv_as_str(jv_path(w->r->body, "items.0.sku"));
}

TEST(shop_search_by_words_of_both_languages)
{
	static const struct {
		const char *words, *sku;
	} rows[] = {
		{ "三人沙发", "HH-1010" },          { "我想看看三人沙发多少钱", "HH-1010" },
		{ "big couch", "HH-1010" },       { "do you have any air fryers", "HH-1406" },
		{ "空气炸锅", "HH-1406" },          { "电饭锅", "HH-1401" },
		{ "HH-1708", "HH-1708" },         { "hh1708", "HH-1708" },
		{ "wifi 7 router", "HH-1708" },   { "Wi-Fi7路由器", "HH-1708" },
		{ "一米八的床", "HH-1024" },        { "worktop cutting board", "HH-1225" },
		{ "purifier filter", "HH-1413" }, { "滤芯", "HH-1413" },
		{ "床", "HH-1023" },
		{ "E27 bulb", "HH-1318" },        { "暖水壶", "HH-1221" },
	};
	struct world w;
	struct sb args;
	CHECK(world(&w));
	sb_init(&args, 1000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		sb_reset(&args);
		sb_fmt(&args, "{\"words\":\"%s\"}", rows[i].words);
		STR_EQ(shop_do(&w, "product_search", sb_str(&args)), "done");
		SV_EQ(first(&w), rows[i].sku);
	}
	sb_done(&args);
	STR_EQ(shop_do(&w, "product_search", "{\"words\":\"submarine\"}"), "not_found");
	STR_EQ(shop_do(&w, "product_search", "{\"words\":\"潜水艇\"}"), "not_found");
	HAS(w.r->say, "I could not find such a product");
	world_close(&w);
}

TEST(shop_search_within_limits)
{
	struct world w;
	CHECK(world(&w));
	STR_EQ(shop_do(&w, "product_search", "{\"category\":\"灯具\",\"price_max\":100}"), "done");
	EQ(jv_len(jv_get(w.r->body, "items")), 2);
	for (size_t i = 0; i < 2; i++)
		CHECK(jv_get_num(jv_at(jv_get(w.r->body, "items"), i), "price", 1e9) <= 100);
	STR_EQ(shop_do(&w, "product_search", "{\"words\":\"家具\",\"price_min\":3000}"), "done");
	SV_EQ(first(&w), "HH-1024");
	/* three are named, and that there are more */
	STR_EQ(shop_do(&w, "product_search", "{\"words\":\"家具\"}"), "done");
	CHECK(jv_len(jv_get(w.r->body, "items")) > 3);
	HAS(w.r->say, "We have several, for example ");
	STR_EQ(shop_do(&w, "product_search", "{\"words\":\"家具\",\"price_min\":3000}"), "done");
	HAS(w.r->say, "There is one: Tideway Lift-Up Storage Bed 180 × 200 at 3,299 yuan.");
	CHECK(world_exec(&w, "UPDATE product SET stock=0 WHERE id='HH-1010'"));
	STR_EQ(shop_do(&w, "product_search", "{\"words\":\"三人沙发\",\"in_stock\":true}"),
	       "done");
	CHECK(!sv_eq(first(&w), SV("HH-1010")));
	STR_EQ(shop_do(&w, "product_search", "{\"words\":\"lamp\",\"price_min\":-1}"), "invalid");
	world_close(&w);
}

/* "desk lamp" is a lamp and no desk; a cable for the router is no router. */
TEST(shop_the_cheapest_of_a_kind)
{
	static const struct {
		const char *words, *sku, *say;
	} rows[] = {
		{ "what's the cheapest rice cooker", "HH-1401",
		  "There is only one: Grain IH Rice Cooker 4 L at 399 yuan." },
		{ "cheapest pillows do you have", "HH-1112",
		  "The cheapest is Buckwheat Pillow at" },
		{ "lamp", "HH-1301", "The cheapest is Beacon LED Desk Lamp" },
		{ "the cheapest bed", "HH-1023", "The cheapest is Tideway Bed Frame" },
		{ "cheapest desk", "HH-1042", "only one" },
		{ "哪个枕头最便宜", "HH-1112", "The cheapest is" },
		{ "最便宜的路由器是哪款", "HH-1701", "The cheapest is" },
		{ "最便宜的家具", "HH-1019", "The cheapest is" },
	};
	struct world w;
	struct sb args;
	CHECK(world(&w));
	sb_init(&args, 1000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		sb_reset(&args);
		sb_fmt(&args, "{\"words\":\"%s\",\"cheapest\":true}", rows[i].words);
		STR_EQ(shop_do(&w, "product_search", sb_str(&args)), "done");
		SV_EQ(jv_get_str(w.r->body, "sku"), rows[i].sku);
		HAS(w.r->say, rows[i].say);
	}
	sb_done(&args);
	STR_EQ(shop_do(&w, "product_search",
		       "{\"words\":\"cheapest submarine\",\"cheapest\":true}"),
	       "not_found");
	STR_EQ(shop_do(&w, "product_search", "{\"words\":\"哪个最便宜\",\"cheapest\":true}"),
	       "not_found");
	/* what is there goes before what is sold out */
	CHECK(world_exec(&w, "UPDATE product SET stock=0 WHERE id IN ('HH-1112','HH-1401')"));
	STR_EQ(shop_do(&w, "product_search", "{\"words\":\"pillow\",\"cheapest\":true}"), "done");
	SV_EQ(jv_get_str(w.r->body, "sku"), "HH-1110");
	STR_EQ(shop_do(&w, "product_search", "{\"words\":\"rice cooker\",\"cheapest\":true}"),
	       "done");
	HAS(w.r->say, "out of stock");
	world_close(&w);
}

/* "Which sofa do you recommend for a small flat": all of the kind, what is in stock, by price. */
TEST(shop_all_of_a_kind)
{
	struct world w;
	CHECK(world(&w));
	STR_EQ(shop_do(&w, "product_search",
		       "{\"words\":\"which pillow do you recommend for a small "
		       "flat\",\"kind\":true}"),
	       "done");
	CHECK(jv_get_int(w.r->body, "n", 0) >= 2);
	SV_EQ(first(&w), "HH-1112");
	HAS(w.r->say, "We have Buckwheat Pillow at");
	int64_t n = jv_get_int(w.r->body, "n", 0);
	CHECK(world_exec(&w, "UPDATE product SET stock=0 WHERE id IN ('HH-1112','HH-1401')"));
	STR_EQ(shop_do(&w, "product_search", "{\"words\":\"pillow\",\"kind\":true}"), "done");
	EQ(jv_get_int(w.r->body, "n", 0), n - 1);
	SV_EQ(first(&w), "HH-1110");
	/* all sold out: they are told with that */
	w.lang = "zh";
	STR_EQ(shop_do(&w, "product_search", "{\"words\":\"推荐一款电饭煲\",\"kind\":true}"),
	       "done");
	HAS(w.r->say, "电饭煲");
	HAS(w.r->say, "目前没有货");
	STR_EQ(shop_do(&w, "product_search", "{\"words\":\"推荐潜水艇\",\"kind\":true}"),
	       "not_found");
	world_close(&w);
}

TEST(shop_product_is_told_and_asked_for)
{
	struct world w;
	CHECK(world(&w));
	w.lang = "zh";
	STR_EQ(shop_do(&w, "product_info", "{\"product\":\"升降桌\"}"), "done");
	SV_EQ(jv_get_str(w.r->body, "sku"), "HH-1042");
	SV_EQ(jv_get_str(w.r->body, "delivery"), "truck");
	HAS(w.r->say, "舵手电动升降桌，1099元，有货");
	STR_EQ(shop_do(&w, "product_info", "{\"product\":\"沙发\"}"), "invalid");
	HAS(w.r->say, "您说的是栖湾三人位布艺沙发");
	CHECK(jv_len(jv_get(w.r->body, "candidates")) >= 2);
	CHECK(world_exec(&w, "UPDATE product SET stock=0 WHERE id='HH-1042'"));
	STR_EQ(shop_do(&w, "product_info", "{\"product\":\"HH-1042\"}"), "done");
	HAS(w.r->say, "目前没有货");
	STR_EQ(shop_do(&w, "product_info", "{}"), "invalid");
	world_close(&w);
}

TEST(shop_compare_two)
{
	struct world w;
	CHECK(world(&w));
	STR_EQ(shop_do(&w, "product_compare",
		       "{\"product\":\"HH-1701\",\"other\":\"HH-1708\"}"),
	       "done");
	HAS(w.r->say, "a difference of 1,200 yuan");
	EQ(fen_of(&w, "difference"), 120000);
	STR_EQ(shop_do(&w, "product_compare",
		       "{\"product\":\"HH-1701\",\"other\":\"HH-1401\"}"),
	       "done");
	HAS(w.r->say, "both cost 399 yuan");
	STR_EQ(shop_do(&w, "product_compare",
		       "{\"product\":\"HH-1701\",\"other\":\"AX3000 router\"}"),
	       "invalid");
	world_close(&w);
}

TEST(shop_fits_by_the_catalogue_alone)
{
	static const struct {
		const char *args, *is;
	} rows[] = {
		{ "{\"product\":\"HH-1413\",\"other\":\"HH-1412\"}", "yes" },
		{ "{\"product\":\"HH-1412\",\"other\":\"HH-1413\"}", "yes" },
		{ "{\"product\":\"HH-1413\",\"other\":\"HH-1422\"}", "no" },
		{ "{\"product\":\"HH-1705\",\"other\":\"HH-1704\"}", "yes" },
		{ "{\"product\":\"HH-1705\",\"other\":\"HH-1701\"}", "no" },
		{ "{\"product\":\"HH-1304\",\"other\":\"HH-1318\"}", "yes" },
		{ "{\"product\":\"HH-1102\",\"other\":\"HH-1023\"}", "yes" },
		{ "{\"product\":\"HH-1102\",\"other\":\"HH-1024\"}", "no" },
		{ "{\"product\":\"HH-1120\",\"other\":\"HH-1115\"}", "yes" },
		{ "{\"product\":\"HH-1010\",\"other\":\"HH-1401\"}", "unknown" },
		{ "{\"product\":\"炒锅\",\"attribute\":\"hob\",\"value\":\"induction\"}", "yes" },
		{ "{\"product\":\"HH-1203\",\"attribute\":\"hob\",\"value\":\"ceramic\"}", "no" },
		{ "{\"product\":\"HH-1010\",\"attribute\":\"door_cm\",\"value\":\"80\"}", "yes" },
		{ "{\"product\":\"HH-1010\",\"attribute\":\"door_cm\",\"value\":\"70\"}", "no" },
		{ "{\"product\":\"HH-1010\",\"attribute\":\"door_cm\",\"value\":\"wide\"}", "no" },
		{ "{\"product\":\"HH-1010\",\"attribute\":\"door_cm\",\"value\":\"0.8 m\"}",
		  "yes" },
		{ "{\"product\":\"HH-1010\",\"attribute\":\"door_cm\",\"value\":\"70 cm\"}", "no" },
		{ "{\"product\":\"HH-1010\",\"attribute\":\"door_cm\",\"value\":\"780 mm\"}",
		  "yes" },
		{ "{\"product\":\"HH-1010\",\"attribute\":\"door_cm\",\"value\":\"7 ft\"}", "yes" },
		{ "{\"product\":\"HH-1010\",\"attribute\":\"door_cm\",\"value\":\"2 ft\"}", "no" },
		{ "{\"product\":\"HH-1010\",\"attribute\":\"door_cm\",\"value\":\"80/85 cm\"}",
		  "yes" },
		{ "{\"product\":\"HH-1010\",\"attribute\":\"door_cm\",\"value\":\"70/85 cm\"}",
		  "no" },
		{ "{\"product\":\"HH-1010\",\"attribute\":\"hob\",\"value\":\"gas\"}", "unknown" },
		{ "{\"product\":\"HH-1412\",\"attribute\":\"room_m2\",\"value\":\"60\"}", "no" },
		{ "{\"product\":\"HH-1516\",\"attribute\":\"door_mm\",\"value\":\"40\"}", "yes" },
	};
	struct world w;
	CHECK(world(&w));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		STR_EQ(shop_do(&w, "product_compatible", rows[i].args), "done");
		SV_EQ(jv_get_str(w.r->body, "compatible"), rows[i].is);
		CHECK(w.r->say.n > 0);
	}
	w.lang = "zh";
	STR_EQ(shop_do(&w, "product_compatible", rows[7].args), "done");
	HAS(w.r->say, "床垫尺寸：需要180 x 200，这里是150 x 200");
	w.lang = "en";
	STR_EQ(shop_do(&w, "product_compatible", rows[13].args), "done");
	HAS(w.r->say, "width of the door in cm: needs at least 73, here it is 70");
	STR_EQ(shop_do(&w, "product_compatible", "{\"product\":\"HH-1010\"}"), "not_found");
	/* what was asked for is said again, but no sign that our texts have a meaning for */
	STR_EQ(shop_do(&w, "product_compatible",
		       "{\"product\":\"HH-1010\",\"attribute\":\"hob\",\"value\":\"1e3{order}\"}"),
	       "done");
	HAS(w.r->say, "1e3order");
	world_close(&w);
}

TEST(shop_stock_and_what_else)
{
	struct world w;
	CHECK(world(&w));
	STR_EQ(shop_do(&w, "stock_check", "{\"product\":\"HH-1601\"}"), "done");
	HAS(w.r->say, "is in stock");
	STR_EQ(shop_do(&w, "stock_check", "{\"product\":\"HH-1601\",\"qty\":9}"), "done");
	HAS(w.r->say, "only 8 of");
	CHECK(world_exec(&w, "UPDATE product SET stock=0 WHERE id='HH-1601'"));
	STR_EQ(shop_do(&w, "stock_check", "{\"product\":\"HH-1601\"}"), "done");
	HAS(w.r->say, "Similar ones are Canopy Parasol 2.7 m at 599 yuan");
	CHECK(world_exec(&w, "UPDATE product SET stock=0 WHERE category='garden'"));
	STR_EQ(shop_do(&w, "stock_check", "{\"product\":\"HH-1601\"}"), "done");
	HAS(w.r->say, "out of stock at the moment");
	world_close(&w);
}

/* What is said is the catalogue's price, for every product and language. */
TEST(shop_price_is_the_catalogues)
{
	struct world w;
	char args[80], want[64];
	sv lines, line;
	CHECK(world(&w));
	lines = demo_text(&w, "products.jsonl");
	while (sv_line(&lines, &line)) {
		jv *o = jv_parse(line, NULL);
		int64_t fen = shop_fen(jv_get_num(o, "price_cny", 0));
		snprintf(args, sizeof(args), "{\"product\":\"" SV_FMT "\",\"qty\":3}",
			 SV_ARG(jv_get_str(o, "sku")));
		jv_free(o);
		w.lang = "zh";
		STR_EQ(shop_do(&w, "price_quote", args), "done");
		EQ(fen_of(&w, "price"), fen);
		EQ(fen_of(&w, "total"), 3 * fen);
		snprintf(want, sizeof(want), "%lld元", (long long)fen / 100);
		HAS(w.r->say, want);
	}
	w.lang = "en";
	STR_EQ(shop_do(&w, "price_quote", "{\"product\":\"oak chair\",\"qty\":4}"), "done");
	SV_EQ(w.r->say, "Oakline Dining Chair costs 299 yuan each, so 4 come to 1,196 yuan.");
	STR_EQ(shop_do(&w, "price_quote", "{\"product\":\"gigabit plan\"}"), "done");
	SV_EQ(w.r->say, "Harbour 1000 Fibre Broadband costs 139 yuan a month.");
	world_close(&w);
}
