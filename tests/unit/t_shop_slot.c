/* Visits: which windows there are, room that is given away once, moving and cancelling; and words
 * for days and money. */
#include "t_shop_world.h"

TEST(shop_slots_of_parcels_and_furniture)
{
	struct world w;
	CHECK(world_open(&w));
	STR_EQ(shop_do(&w, "pickup_slots", "{}"), "done");
	EQ(jv_len(jv_get(w.r->body, "slots")), 4);   /* two days, two windows */
	SV_EQ(jv_as_str(jv_path(w.r->body, "slots.0.id")), "2026-11-27T09:00");
	HAS(w.r->say, "Friday 27 November, 09:00 to 14:00");
	STR_EQ(shop_do(&w, "pickup_slots", "{\"kind\":\"truck\"}"), "done");
	EQ(jv_len(jv_get(w.r->body, "slots")), 21);
	EQ(jv_len(jv_get(w.r->body, "items")), 4);
	STR_EQ(shop_do(&w, "pickup_slots", "{\"order\":\"HH2026-100384\"}"), "done");
	SV_EQ(jv_get_str(w.r->body, "kind"), "truck");
	w.customer = "c008";         /* parcels only */
	STR_EQ(shop_do(&w, "pickup_slots", "{\"order\":\"HH2026-100428\"}"), "done");
	SV_EQ(jv_get_str(w.r->body, "kind"), "pickup");
	CHECK(world_exec(
		&w, "UPDATE shop_item SET sku='HH-1010' WHERE order_id='HH2026-100428' AND "
		    "line=1"));
	STR_EQ(shop_do(&w, "pickup_slots", "{\"order\":\"HH2026-100428\"}"), "done");
	SV_EQ(jv_get_str(w.r->body, "kind"), "truck");
	STR_EQ(shop_do(&w, "pickup_slots", "{\"order\":\"HH2026-100428\",\"item\":\"HH-1401\"}"),
	       "done");
	SV_EQ(jv_get_str(w.r->body, "kind"), "pickup");
	w.lang = "zh";
	w.now = 1795708800000LL;     /* 27 November, midnight in the shop's zone */
	STR_EQ(shop_do(&w, "pickup_slots", "{}"), "done");
	HAS(w.r->say, "11月28日星期六，9点到14点");
	w.now -= 1;
	STR_EQ(shop_do(&w, "pickup_slots", "{}"), "done");
	HAS(w.r->say, "11月27日星期五，9点到14点");
	world_close(&w);
}

TEST(shop_delivery_is_moved_twice_at_most)
{
	struct world w;
	CHECK(world_open(&w));
	const char *to[] = { "2026-12-01T09:00", "2026-12-02 12:00", "2026-12-03", "2026-12-04" };
	char args[120];
	for (int i = 0; i < 4; i++) {
		snprintf(args, sizeof(args),
			 "{\"order\":\"HH2026-100384\",\"kind\":\"delivery\",\"slot\":\"%s\"}",
			 to[i]);
		STR_EQ(shop_yes(&w, "appointment_create", args), i < 3 ? "done" : "refused");
	}
	HAS(w.r->say, "moved twice");
	EQ(world_sql(
		   &w,
		   "SELECT count(*) FROM shop_visit WHERE kind='delivery' AND state='booked'"),
	   1);
	w.now = 1796205600000LL;     /* 2 December, 18:00: too late for the 3rd */
	STR_EQ(shop_yes(&w, "appointment_cancel",
			"{\"order\":\"HH2026-100384\",\"kind\":\"delivery\"}"),
	       "refused");
	HAS(w.r->say, "until 18:00");
	w.now -= 1;
	STR_EQ(shop_yes(&w, "appointment_cancel",
			"{\"order\":\"HH2026-100384\",\"kind\":\"delivery\"}"),
	       "done");
	STR_EQ(shop_yes(&w, "appointment_cancel",
			"{\"order\":\"HH2026-100384\",\"kind\":\"delivery\"}"),
	       "not_found");
	world_close(&w);
}

/* An order may have two visits: calling off one leaves the other. */
TEST(shop_visit_called_off_is_the_named_one)
{
	struct world w;
	CHECK(world_open(&w));
	w.customer = "c024";
	STR_EQ(shop_yes(&w, "appointment_create", "{\"order\":\"HH2026-100384\",\"kind\":"
						  "\"delivery\",\"slot\":\"2026-12-03\"}"),
	       "done");
	CHECK(world_exec(
		&w, "INSERT INTO shop_visit (id, kind, ref, order_id, from_ms, to_ms, "
		    "updated_ms) SELECT 'V99', 'assembly', ref, order_id, from_ms+90000000, "
		    "to_ms+90000000, 1 FROM shop_visit"));
	STR_EQ(shop_yes(&w, "appointment_cancel",
			"{\"order\":\"HH2026-100384\",\"kind\":\"delivery\"}"),
	       "done");
	EQ(world_sql(&w, "SELECT count(*) FROM shop_visit WHERE state='cancelled' AND "
			 "kind='delivery'"), 1);
	EQ(world_sql(&w, "SELECT count(*) FROM shop_visit WHERE state='booked' AND id='V99'"), 1);
	world_close(&w);
}

TEST(shop_visits_that_are_not_possible)
{
	static const struct {
		const char *customer, *order, *kind, *slot, *words;
	} rows[] = {
		{ "c024", "HH2026-100384", "assembly", "2026-11-28",
		  "once the furniture has been" },
		{ "c027", "HH2026-100102", "delivery", "2026-11-28", "no furniture" },
		{ "c027", "HH2026-100102", "pickup", "2026-11-28", "no return that waits" },
		{ "c024", "HH2026-100384", "delivery", "2027-11-28", "That time is not free" },
		{ "c024", "HH2026-100384", "delivery", "soon", "That time is not free" },
	};
	struct world w;
	char args[160];
	CHECK(world_open(&w));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		w.customer = rows[i].customer;
		snprintf(args, sizeof(args), "{\"order\":\"%s\",\"kind\":\"%s\",\"slot\":\"%s\"}",
			 rows[i].order, rows[i].kind, rows[i].slot);
		STR_EQ(shop_yes(&w, "appointment_create", args), "refused");
		HAS(w.r->say, rows[i].words);
	}
	EQ(world_sql(&w, "SELECT count(*) FROM shop_visit"), 0);
	world_close(&w);
}

TEST(shop_a_full_window_is_not_given_away)
{
	struct world w;
	char sql[300];
	CHECK(world_open(&w));
	for (int i = 0; i < 6; i++) {
		snprintf(sql, sizeof(sql),
			 "INSERT INTO shop_visit (id, kind, ref, order_id, from_ms, to_ms, "
			 "updated_ms) VALUES "
			 "('X%d','delivery','o%d','o%d',1795741200000,1795752000000,0)",
			 i, i, i);
		CHECK(world_exec(&w, sql));  /* 27 November, 9 o'clock */
	}
	const char *args =
		"{\"order\":\"HH2026-100384\",\"kind\":\"delivery\",\"slot\":\"2026-11-27T09:00\"}";
	STR_EQ(shop_yes(&w, "appointment_create", args), "refused");
	HAS(w.r->say, "You could have Friday 27 November, 12:00 to 15:00");
	CHECK(world_exec(&w, "UPDATE shop_visit SET state='cancelled' WHERE id='X3'"));
	STR_EQ(shop_yes(&w, "appointment_create", args), "done");
	world_close(&w);
}

TEST(shop_words_for_days_and_money)
{
	struct world w;
	CHECK(world_open(&w));
	struct shop_call c = { .s = w.shop, .a = &w.a, .lang = 1 };
	SV_EQ(shop_money(&c, 278304), "2,783.04 yuan");
	SV_EQ(shop_money(&c, 123456700), "1,234,567 yuan");
	SV_EQ(shop_money(&c, 5), "0.05 yuan");
	SV_EQ(shop_money(&c, -100), "-1 yuan");
	SV_EQ(shop_day(&c, 1709164800000LL), "29 February");  /* 2024 */
	SV_EQ(shop_time(&c, 1735660799000LL), "31 December, 23:59");
	EQ(shop_days(&c, 1735660799000LL, 1735660800000LL), 1);
	EQ(shop_months(&c, 1706630400000LL, 1709136000000LL), 0);    /* 31 January, 29 February */
	EQ(shop_months(&c, 1706630400000LL, 1709222400000LL), 1);    /* 1 March */
	c.lang = 0;
	SV_EQ(shop_money(&c, 278304), "2783.04元");
	EQ(shop_fen(863.04), 86304);
	EQ(shop_fen(1.15), 115);
	SV_EQ(shop_fold(&w.a, SV("Wi-Fi６ 路由器，AX3000!")), "wi fi6 路由器 ax3000");
	world_close(&w);
}

TEST(shop_settings_are_checked)
{
	static const struct {
		const char *json, *msg;
	} bad[] = {
		{ "{\"timezone\":\"Nowhere/City\"}", "Nowhere/City" },
		{ "{\"shop\":7}", "shop: write slots" },
		{ "{\"currency\":\"yuan\"}", "currency: use three letters" },
		{ "{\"shop\":{\"slots\":{\"truck\":{\"room\":-1}}}}", "shop.slots.truck.room" },
		{ "{\"shop\":{\"slots\":{\"pickup\":{\"open\":20}}}}",
		  "shop.slots.pickup: it ends before" },
	};
	struct shop *s = NULL;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err e = { 0 };
		jv *cfg = jv_parse(sv_of(bad[i].json), NULL);
		CHECK(shop_open(&s, cfg, NULL, &e) < 0);
		HAS(sv_of(e.msg), bad[i].msg);
		jv_free(cfg);
	}
	jv *cfg = jv_parse(SV("{\"currency\":\"EUR\",\"timezone\":\"Europe/Berlin\",\"shop\":{"
			      "\"slots\":{\"pickup\":{\"room\":1}}}}"), NULL);
	OK(shop_open(&s, cfg, NULL, NULL));
	jv_free(cfg);
	struct arena a;
	arena_init(&a, LIM_ARENA_CONV);
	struct shop_call c = { .s = s, .a = &a, .lang = 1 };
	SV_EQ(shop_money(&c, 1250), "12.50 EUR");
	/* summer time ended in the night to 25 October 2026: 9 o'clock is an hour later in UTC */
	int64_t day = shop_day_of(s, 1792836000000LL);
	EQ(shop_at(s, day, 9), 1792825200000LL);
	EQ(shop_at(s, day + 1, 9), 1792825200000LL + 25 * 3600000LL);
	SV_EQ(shop_window(&c, shop_at(s, day + 1, 9), shop_at(s, day + 1, 14)),
	      "Sunday 25 October, 09:00 to 14:00");
	arena_done(&a);
	shop_close(s);
}
