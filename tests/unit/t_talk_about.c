/* Unit tests of what is being talked of, and of results that are made to fit. */
#include "t_talk_flow.h"

static void hear_product(struct served *s, const char *text, const char *sku)
{
	char slots[200];
	struct talk_ev ev = ev_text(text);
	(void)snprintf(slots, sizeof(slots),
		       "[{\"type\":\"product\",\"value\":\"%s\",\"text\":\"x\"}]", sku);
	ev.slots = sv_of(slots);
	bench_feed(&s->b, ev);
	if (bench_act(&s->b, TACT_SEARCH))
		bench_feed(&s->b, ev_found(&s->b));
}

static void hear_on(struct served *s, const char *text)
{
	hear(s, text);
	if (bench_act(&s->b, TACT_SEARCH))
		bench_feed(&s->b, ev_found(&s->b));
}

TEST(talk_about_the_article_named_last)
{
	struct served s;
	served_open(&s, CHAT, 0);
	CHECK(!talk_about_product(&s.b.c));
	hear_product(&s, "do you have the 4K monitor?", "M4");
	STR_EQ(talk_about_product(&s.b.c), "M4");
	hear_on(&s, "is it in stock?");
	STR_EQ(talk_about_product(&s.b.c), "M4");
	hear_product(&s, "and the lamp?", "L1");
	STR_EQ(talk_about_product(&s.b.c), "L1");
	for (int i = 0; i < 9; i++)
		hear_on(&s, "what does delivery cost?");
	CHECK(!talk_about_product(&s.b.c));   /* long ago */
	served_close(&s);
}

TEST(talk_about_another_order_ends_the_article)
{
	struct served s;
	served_open(&s, CHAT, 0);
	hear_product(&s, "do you have the lamp?", "L1");
	hear_order(&s, "HH2026-100367 please", "HH2026-100367");
	bench_feed(&s.b, ev_found(&s.b));
	STR_EQ(talk_about_product(&s.b.c), "L1");     /* the first order: it may be in it */
	hear_order(&s, "and HH2026-100186", "HH2026-100186");
	CHECK(!talk_about_product(&s.b.c));
	STR_EQ(s.b.c.svc.about, "HH2026-100186");
	served_close(&s);
}

TEST(talk_about_it_is_the_later_one)
{
	struct served s;
	served_open(&s, CHAT, 0);
	CHECK(!talk_about_it(&s.b.c));
	hear_product(&s, "do you have the lamp?", "L1");
	STR_EQ(talk_about_it(&s.b.c), "product");
	hear_order(&s, "HH2026-100367 please", "HH2026-100367");
	bench_feed(&s.b, ev_found(&s.b));
	STR_EQ(talk_about_it(&s.b.c), "order");
	hear_product(&s, "and the 4K monitor?", "M4");
	STR_EQ(talk_about_it(&s.b.c), "product");
	hear_order(&s, "back to HH2026-100367", "HH2026-100367");
	bench_feed(&s.b, ev_found(&s.b));
	STR_EQ(talk_about_it(&s.b.c), "order");
	for (int i = 0; i < 9; i++)
		hear_on(&s, "what does delivery cost?");
	CHECK(!talk_about_it(&s.b.c));       /* long ago */
	served_close(&s);
}

TEST(talk_about_results_tell_it_too)
{
	struct served s;
	served_open(&s, CHAT, 1);
	known(&s);
	wish(&s, "where is my order", "order_status", "{\"order\":\"HH2026-100367\"}");
	got(&s, res_body("order_status", ORDER_BODY));
	STR_EQ(talk_about_product(&s.b.c), "L1");
	STR_EQ(s.b.c.svc.about, "HH2026-100367");
	bench_feed(&s.b, ev_delta(&s.b, "It is on its way."));
	bench_feed(&s.b, ev_end(&s.b, 0));
	wish(&s, "is it in stock", "stock", "{\"sku\":\"L1\"}");
	got(&s, res("stock", TOOL_NOT_FOUND, "No such article."));
	CHECK(!talk_about_product(&s.b.c));
	CHECK(!s.b.c.svc.about);
	served_close(&s);
}

/* ---- results ---- */

static jv *fitted(sv body, size_t max)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	talk_fit_result(body, max, &b);
	ASSERT(b.n <= (max > 20 ? max : 20));
	jv *o = jv_parse(sb_sv(&b), NULL);
	ASSERT(o);
	sb_done(&b);
	return o;
}

static void put_rows(struct sb *b, int n)
{
	sb_cstr(b, "{\"total\":\"12.00\",\"items\":[");
	for (int i = 0; i < n; i++)
		sb_fmt(b, "%s{\"sku\":\"A%03d\",\"name\":\"Article number %d\"}", i ? "," : "", i,
		       i);
	sb_cstr(b, "],\"note\":\"end\"}");
}

TEST(talk_result_lists_are_cut_by_rows)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	put_rows(&b, 3);
	jv *o = fitted(sb_sv(&b), 3000);     /* it fits: as it is */
	EQ(jv_len(jv_get(o, "items")), 3);
	CHECK(jv_is_null(jv_get(o, "items_of")));
	jv_free(o);
	sb_reset(&b);
	put_rows(&b, 400);
	o = fitted(sb_sv(&b), 3000);
	int64_t shown = jv_get_int(o, "items_shown", 0);
	CHECK(shown > 40 && shown < 100);
	EQ(jv_len(jv_get(o, "items")), (size_t)shown);
	EQ(jv_get_int(o, "items_of", 0), 400);
	SV_EQ(jv_get_str(jv_at(jv_get(o, "items"), 0), "sku"), "A000");
	SV_EQ(jv_get_str(o, "total"), "12.00");
	SV_EQ(jv_get_str(o, "note"), "end");
	jv_free(o);
	sb_done(&b);
}

TEST(talk_result_of_any_form_fits)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"a\":{\"events\":[");
	for (int i = 0; i < 50; i++)
		sb_fmt(&b, "%s{\"text\":\"一件包裹到了杭州的分拨中心 %d\"}", i ? "," : "", i);
	sb_cstr(&b, "]},\"why\":\"");
	for (int i = 0; i < 600; i++)
		sb_cstr(&b, "很长");
	sb_cstr(&b, "\"}");
	for (size_t max = 60; max < 6000; max += 397)
		jv_free(fitted(sb_sv(&b), max));
	jv *o = fitted(sb_sv(&b), 2500);
	EQ(jv_get_int(jv_get(o, "a"), "events_of", 0), 50);
	jv_free(o);
	o = fitted(SV("[1,2"), 3);           /* not JSON: it does not go on */
	CHECK(jv_get_bool(o, "too_long", false));
	jv_free(o);
	sb_done(&b);
}
