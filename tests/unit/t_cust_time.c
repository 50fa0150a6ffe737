/* t_cust_time.c: timeline, consent, where a conversation stood, numbers, and the card a
 * conversation gets at its start; all over joined ids. */
#include "t_cust_help.h"

static int put_conv(struct cw *w, const char *id, const char *customer, const char *channel,
		    int64_t at)
{
	struct store_stmt *q;
	int rc = store_prep(
		w->db, &q,
		"INSERT INTO conversation (id, interaction_id, channel, language, "
		"customer_id, started_ms, last_ms, turns, last_text, last_actor) VALUES "
		"(?1,'i',?2,'zh',?3,?4,?4,2,'[masked]','bot')");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(id));
	store_bind_sv(q, 2, sv_of(channel));
	store_bind_sv(q, 3, sv_of(customer));
	store_bind_int(q, 4, at);
	return store_run(q);
}

static int put_row(struct cw *w, const char *conv, int seq, const char *kind, const char *body)
{
	struct store_event ev = { .ts_ms = w->now, .conversation = sv_of(conv), .seq = seq,
				  .kind = sv_of(kind), .actor = SV("bot"), .body = sv_of(body) };
	return store_event_put(w->db, &ev);
}

static jv *timeline(struct cw *w, const char *id, sv cursor, int limit)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	int rc = cust_timeline(w->db, sv_of(id), cursor, limit, &b);
	jv *v = rc ? NULL : jv_parse(sb_sv(&b), NULL);
	sb_done(&b);
	return v;
}

static void lives(struct cw *w)
{
	if (cw_person(w, "c1", "吴建华", "+8615400001037", NULL) ||
	    cw_person(w, "c2", "建华", "+8613900000001", NULL) ||
	    cw_person(w, "c3", "other", NULL, NULL) ||
	    put_conv(w, "v1", "c1", "webchat", w->now - 3 * DAY) ||
	    put_conv(w, "v2", "c2", "phone", w->now - 2 * DAY) ||
	    put_conv(w, "v3", "c3", "phone", w->now - DAY) ||
	    put_conv(w, "v4", "c1", "webchat", w->now - 30 * DAY) ||
	    put_row(w, "v2", 1, "turn.customer", "{\"text\":\"where is [order_number]\"}") ||
	    put_row(w, "v2", 2, "turn.bot",
		    "{\"text\":\"on its way\",\"intent\":\"order_status\"}") ||
	    put_row(w, "v2", 3, "flow.saved", "{\"flow\":\"return\",\"at\":\"reason\"}") ||
	    store_exec(w->db,
		       "INSERT INTO order_ref (id, customer_id, state, placed_ms, updated_ms) "
		       "VALUES ('HH1','c1','delivered',10,1), ('HH2','c2','shipped',20,1), "
		       "('HH3','c3','paid',30,1)"))
		t_fail(__FILE__, __LINE__, "lives");
}

static void pages(struct cw *w)
{
	lives(w);
	OK(cust_join(w->db, SV("c1"), SV("c2"), SV("said so"), 0.9, SV("user:ann"), w->now));
	jv *all = timeline(w, "c2", SV_NULL, 100);
	/* 3 conversations; both made; joined, twice */
	EQ(jv_len(jv_get(all, "items")), 3 + 2 + 2);
	SV_EQ(jv_as_str(jv_path(all, "items.0.kind")), "customer.joined");
	CHECK(jv_is_null(jv_get(all, "next")));
	size_t n = 0;
	char cursor[80] = "";
	for (int page = 0; page < 20; page++) {
		jv *one = timeline(w, "c1", sv_of(cursor), 2);
		CHECK(one);
		for (size_t i = 0; i < jv_len(jv_get(one, "items")); i++, n++) {
			const jv *x = jv_at(jv_get(one, "items"), i),
				 * y = jv_at(jv_get(all, "items"), n);
			CHECK(sv_eq(jv_get_str(x, "ref"), jv_get_str(y, "ref")));
			CHECK(sv_eq(jv_get_str(x, "at"), jv_get_str(y, "at")));
		}
		snprintf(cursor, sizeof(cursor), SV_FMT, SV_ARG(jv_get_str(one, "next")));
		jv_free(one);
		if (!cursor[0])
			break;
	}
	EQ(n, jv_len(jv_get(all, "items")));
	jv_free(all);
	CHECK(!timeline(w, "c1", SV("nonsense"), 2));
	CHECK(!timeline(w, "c1", SV("12."), 2));
	OK(cust_unjoin(w->db, SV("c1"), SV("c2"), SV("user:ann"), w->now));
	all = timeline(w, "c2", SV_NULL, 100);
	EQ(jv_len(jv_get(all, "items")), 1 + 1 + 2);
	jv_free(all);
}

TEST(cust_timeline_is_of_all_joined_ids)
{
	cw_run(pages);
}

static void standing(struct cw *w)
{
	struct sb b;
	lives(w);
	sb_init(&b, LIM_SB);
	OK(cust_where(w->db, SV("c1"), w->now, &b));
	HAS(sb_sv(&b), "\"conversation\":\"v1\"");
	OK(cust_join(w->db, SV("c1"), SV("c2"), SV("x"), 0.9, SV("t"), w->now));
	sb_reset(&b);
	OK(cust_where(w->db, SV("c1"), w->now, &b));
	HAS(sb_sv(&b), "\"conversation\":\"v2\",\"channel\":\"phone\"");
	HAS(sb_sv(&b), "\"open\":true,\"last_question\":\"where is [order_number]\",\"last_reply\":"
		       "\"on its way\",\"intent\":\"order_status\",\"flow\":{\"flow\":\"return\"");
	sb_reset(&b);
	OK(cust_where_but(w->db, SV("c1"), SV("v2"), w->now, &b));
	HAS(sb_sv(&b), "\"conversation\":\"v1\"");
	OK(put_row(w, "v2", 4, "flow.ended", "{}"));
	sb_reset(&b);
	OK(cust_where(w->db, SV("c1"), w->now, &b));
	EQ(sv_find(sb_sv(&b), SV("flow")), -1);
	sb_reset(&b);
	OK(cust_where(w->db, SV("c1"), w->now + 8 * DAY, &b));
	SV_EQ(sb_sv(&b), "{}");
	sb_reset(&b);
	OK(cust_stats(w->db, SV("c2"), w->now, &b));
	SV_EQ(sb_sv(&b), "{\"orders\":2,\"last_order\":\"HH2\",\"last_status\":\"shipped\","
			 "\"contacts_7d\":2,\"open_tickets\":0}");
	sb_reset(&b);
	OK(cust_stats(w->db, SV("nobody"), w->now, &b));
	HAS(sb_sv(&b), "{\"orders\":0,\"last_order\":null");
	sb_done(&b);
}

TEST(cust_where_and_numbers)
{
	cw_run(standing);
}

static void allows(struct cw *w)
{
	struct sb b;
	lives(w);
	EQ(cust_consent(w->db, SV("c1"), SV("sms"), SV("marketing")), -1);
	OK(cust_consent_put(w->db, SV("c1"), SV("sms"), SV("marketing"), true, SV("web form"),
			    SV("user:ann"), w->now));
	EQ(cust_consent(w->db, SV("c1"), SV("sms"), SV("marketing")), 1);
	EQ(cust_consent(w->db, SV("c1"), SV("email"), SV("marketing")), -1);
	OK(cust_join(w->db, SV("c1"), SV("c2"), SV("x"), 0.9, SV("t"), w->now));
	OK(cust_consent_put(w->db, SV("c2"), SV("sms"), SV("marketing"), false, SV("call"),
			    SV("bot"), w->now + 5));
	EQ(cust_consent(w->db, SV("c1"), SV("sms"), SV("marketing")), 0);   /* the newest word */
	sb_init(&b, LIM_SB);
	OK(cust_consents(w->db, SV("c1"), &b));
	HAS(sb_sv(&b), "[{\"channel\":\"sms\",\"purpose\":\"marketing\",\"yes\":false,");
	EQ(sv_find(sb_sv(&b), SV("web form")), -1);
	sb_done(&b);
	OK(cust_unjoin(w->db, SV("c1"), SV("c2"), SV("t"), w->now));
	EQ(cust_consent(w->db, SV("c1"), SV("sms"), SV("marketing")), 1);
	EQ(cust_consent_put(w->db, SV("c1"), SV("fax"), SV("marketing"), true, SV(""), SV("t"), 1),
	   ERR_INVAL);
	EQ(cust_consent_put(w->db, SV("c1"), SV("sms"), SV("fun"), true, SV(""), SV("t"), 1),
	   ERR_INVAL);
	EQ(cust_consent_put(w->db, SV("c9"), SV("sms"), SV("service"), true, SV(""), SV("t"), 1),
	   ERR_NOTFOUND);
	EQ(cw_num(w, "SELECT count(*) FROM event WHERE kind LIKE 'consent.%'"), 2);
}

TEST(cust_consent_newest_word_counts)
{
	cw_run(allows);
}

/* ---- the card ---- */

struct caller {
	struct cust_card *card;
	int n;
};

static void on_card(void *arg, struct cust_card *card)
{
	struct caller *c = arg;
	obj_unref(c->card);
	c->card = card;
	c->n++;
}

static bool came(void *arg)
{
	return ((struct caller *)arg)->n > 0;
}

static void links(struct cw *w)
{
	EQ(cw_num(w, "SELECT count(*) FROM conversation WHERE id='v3' AND customer_id='c1' AND "
		     "customer_level=1"),
	   1);
	OK(store_exec(w->db, "UPDATE conversation SET customer_id='c3', customer_level=2 WHERE "
			     "id='v3'"));
}

static void kept(struct cw *w)
{
	EQ(cw_num(w, "SELECT count(*) FROM conversation WHERE id='v3' AND customer_id='c3'"), 1);
}

static void free_v3(struct cw *w)
{
	OK(store_exec(w->db, "UPDATE conversation SET customer_id=NULL WHERE id='v3'"));
}

TEST(cust_card_at_the_start_of_a_conversation)
{
	struct cw w;
	struct caller c = { 0 };
	struct loop *l = loop_new();
	struct mbox *m = mbox_new(l);
	struct pool *p = pool_new(1, 0);
	CHECK(cw_open(&w, ""));
	cw_do(&w, lives);
	cw_do(&w, free_v3);
	struct cust_look look = { .kind = cust_kind_of_channel(SV("phone")),
				  .address = SV("sip:015400001037@trunk"), .conversation = SV("v3"),
				  .default_cc = SV("86"), .now_ms = w.now };
	OK(cust_look_start(w.st, p, w.k, &look, m, on_card, &c));
	CHECK(t_wait(l, came, &c, 10000));
	STR_EQ(c.card->id, "c1");
	EQ(c.card->level, TOOL_CLAIMED);
	SV_EQ(c.card->name, "吴建华");
	SV_EQ(c.card->last_order, "HH1");
	SV_EQ(c.card->last_status, "delivered");
	EQ(c.card->contacts_7d, 1);
	HAS(c.card->where, "\"conversation\":\"v1\"");
	cw_do(&w, links);
	/* what a check has settled stays */
	c.n = 0;
	OK(cust_look_start(w.st, p, w.k, &look, m, on_card, &c));
	CHECK(t_wait(l, came, &c, 10000));
	cw_do(&w, kept);
	look.address = SV("anonymous");
	c.n = 0;
	OK(cust_look_start(w.st, p, w.k, &look, m, on_card, &c));
	CHECK(t_wait(l, came, &c, 10000));
	STR_EQ(c.card->id, "");
	EQ(c.card->level, TOOL_NOBODY);
	look.customer = SV("c2");
	c.n = 0;
	OK(cust_look_start(w.st, p, w.k, &look, m, on_card, &c));
	CHECK(t_wait(l, came, &c, 10000));
	STR_EQ(c.card->id, "c2");
	EQ(c.card->level, TOOL_PROVEN);
	look.customer = SV("c99");
	c.n = 0;
	OK(cust_look_start(w.st, p, w.k, &look, m, on_card, &c));
	CHECK(t_wait(l, came, &c, 10000));
	STR_EQ(c.card->id, "");
	obj_unref(c.card);
	pool_free(p);
	cw_close(&w);
	mbox_free(m);
	loop_free(l);
}
