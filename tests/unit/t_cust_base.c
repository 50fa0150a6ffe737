/* t_cust_base.c: addresses have one spelling, masks tell little, customers are found by what they
 * are reached at, and a copy of the database tells nothing without its key. */
#include "t_cust_help.h"

TEST(cust_normal_phones)
{
	static const struct {
		const char *raw, *cc, *want;
	} rows[] = {
		{ "+8615400001037", "86", "+8615400001037" },
		{ "15400001037", "86", "+8615400001037" },
		{ " 154-0000-1037 ", "86", "+8615400001037" },
		{ "86 154 0000 1037", "86", "+8615400001037" },
		{ "0086 154 0000 1037", "44", "+8615400001037" },
		{ "１５４００００１０３７", "86", "+8615400001037" },
		{ "＋８６　１５４ ００００ １０３７", "86", "+8615400001037" },
		{ "sip:+8615400001037@pbx.example.com", "86", "+8615400001037" },
		{ "tel:+86-154-0000-1037;ext=3", "86", "+8615400001037" },
		{ "(010) 6552 9988", "86", "+861065529988" },
		{ "400-820-8820", "86", "+864008208820" },
		{ "+44 20 7946 0958", "86", "+442079460958" },
		{ "020 7946 0958", "44", "+442079460958" },
		{ "(212) 555-0187", "1", "+12125550187" },
		{ "1 212 555 0187", "1", "+12125550187" },
		{ "06 1234 5678", "39", "+390612345678" },
		{ "95588", "86", "+8695588" },
		{ "110", "86", NULL },
		{ "anonymous", "86", NULL },
		{ "", "86", NULL },
		{ "+", "86", NULL },
		{ "++8615400001037", "86", NULL },
		{ "+0015400001037", "86", NULL },
		{ "1540000103715400001037", "86", NULL },
		{ "+86154000010371540000", "86", NULL },
		{ "15400001037", "", NULL },
		{ "154x0000", "86", NULL },
	};
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		sv got = SV("none");
		int rc = cust_normal(CUST_PHONE, sv_of(rows[i].raw), sv_of(rows[i].cc), &a, &got);
		if (!rows[i].want) {
			EQ(rc, ERR_INVAL);
			continue;
		}
		SV_EQ(got, rows[i].want);
		EQ(rc, 0);
	}
	arena_done(&a);
}

TEST(cust_normal_mails_and_others)
{
	static const struct {
		enum cust_kind kind;
		const char *raw, *want;
	} rows[] = {
		{ CUST_EMAIL, " Wu.Jianhua@Example.CN ", "wu.jianhua@example.cn" },
		{ CUST_EMAIL, "Ｗｕ＠ｅｘａｍｐｌｅ．ｃｎ", "wu@example.cn" },
		{ CUST_EMAIL, "Chloe Dubois <Chloe@example.com>", "chloe@example.com" },
		{ CUST_EMAIL, "müller@example.de", "müller@example.de" },
		{ CUST_EMAIL, "a@b", NULL },
		{ CUST_EMAIL, "a@b@c.de", NULL },
		{ CUST_EMAIL, "@example.com", NULL },
		{ CUST_EMAIL, "a b@example.com", NULL },
		{ CUST_EMAIL, "a@example..com", NULL },
		{ CUST_EMAIL, "a@.com", NULL },
		{ CUST_EMAIL, "a,b@example.com", NULL },
		{ CUST_WHATSAPP, "+86 154 0000 1037", "+8615400001037" },
		{ CUST_WECHAT, " oAbC_12 ", "oAbC_12" },
		{ CUST_COOKIE, "", NULL },
		{ CUST_COOKIE, "a\nb", NULL },
		{ CUST_KINDS, "x", NULL },
	};
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		sv got = SV("none");
		int rc = cust_normal(rows[i].kind, sv_of(rows[i].raw), SV("86"), &a, &got);
		if (!rows[i].want) {
			EQ(rc, ERR_INVAL);
			continue;
		}
		SV_EQ(got, rows[i].want);
	}
	arena_done(&a);
}

TEST(cust_masks_tell_little)
{
	static const struct {
		enum cust_kind kind;
		const char *value, *want;
	} rows[] = {
		{ CUST_PHONE, "+8615400001037", "+86 154 **** 1037" },
		{ CUST_PHONE, "+12125550187", "+1 **** 0187" },
		{ CUST_PHONE, "+442079460958", "+44 **** 0958" },
		{ CUST_PHONE, "+12345", "****" },
		{ CUST_WHATSAPP, "+8615400001037", "+86 154 **** 1037" },
		{ CUST_EMAIL, "wu.jianhua@example.cn", "w***a@example.cn" },
		{ CUST_EMAIL, "ab@example.cn", "a***@example.cn" },
		{ CUST_EMAIL, "a@example.cn", "***@example.cn" },
		{ CUST_EMAIL, "吴建华@example.cn", "吴***华@example.cn" },
		{ CUST_WECHAT, "oAbC_12345", "oA***45" },
		{ CUST_COOKIE, "short", "***" },
	};
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		SV_EQ(cust_masked(rows[i].kind, sv_of(rows[i].value), &a), rows[i].want);
	arena_done(&a);
}

TEST(cust_number_of_a_complaint_or_ticket)
{
	static const char *const rows[][2] = {
		{ "C26000123", "C26000123" },	      { "c 2600 0123", "C26000123" },
		{ "C-26-000123", "C26000123" },	      { "T2026-000123", "T2026-000123" },
		{ "t2026000123", "T2026-000123" },    { "Ｃ２６０００１２３", "C26000123" },
		{ "C261000000", "C261000000" },	      { "投诉C26000123", "C26000123" },
		{ "T2026-1000000", "T2026-1000000" }, { "t2026 00123", "T2026-00123" },
		/* numbers of orders and other things */
		{ "C1234", NULL },		      { "C2600012", NULL },
		{ "T-99", NULL },		      { "T2026000", NULL },
		{ "CT26000123", NULL },		      { "26000123", NULL },
		{ "HH2026-100123", NULL },	      { "C26000123X", NULL },
		{ "2C6000123", NULL },		      { "", NULL },
		{ "C260001230000000000000000000", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char kept[CUST_CASE_MAX];

		EQ(cust_case_number(sv_of(rows[i][0]), kept), rows[i][1] != NULL);
		if (rows[i][1])
			SV_EQ(sv_of(kept), rows[i][1]);
	}
}

TEST(cust_last_four_digits)
{
	char d[5];
	CHECK(cust_last4(SV("１０３７"), d));
	STR_EQ(d, "1037");
	CHECK(cust_last4(SV("+86 154 0000 1037"), d));
	STR_EQ(d, "1037");
	CHECK(!cust_last4(SV("037"), d));
	CHECK(!cust_last4(SV("none"), d));
}

static void put_and_get(struct cw *w)
{
	struct cust c = { 0 }, d = { 0 };
	struct cust_found f;
	OK(cw_person(w, "c1", "吴建华", "+8615400001037", "wu@example.cn"));
	OK(cw_person(w, "c2", "Chloe Dubois", "+8615400001074", NULL));
	OK(cust_get(w->db, w->k, SV("c1"), &w->a, &c));
	SV_EQ(c.name, "吴建华");
	SV_EQ(c.tier, "gold");
	SV_EQ(c.since, "2020-01-01");
	STR_EQ(c.lead, "c1");
	EQ(c.n_idents, 2);
	EQ(c.idents[0].kind, CUST_PHONE);
	SV_EQ(c.idents[0].value, "+8615400001037");
	SV_EQ(c.idents[0].customer, "c1");
	EQ(c.version, 1);
	EQ(cust_get(w->db, w->k, SV("nobody"), &w->a, &d), ERR_NOTFOUND);
	f = cw_find(w, CUST_PHONE, "+8615400001037");
	EQ(f.matches, 1);
	STR_EQ(f.id, "c1");
	EQ(cw_find(w, CUST_PHONE, "+8615400009999").matches, 0);
	EQ(cw_find(w, CUST_EMAIL, "+8615400001037").matches, 0);
	struct cust_ident both[2] = { { .kind = CUST_PHONE, .value = SV("+8615400001037") },
				      { .kind = CUST_EMAIL, .value = SV("wu@example.cn") } };
	OK(cust_find(w->db, w->k, both, 2, &f));
	EQ(f.matches, 1);
	both[0].value = SV("+8615400001074");
	OK(cust_find(w->db, w->k, both, 2, &f));
	EQ(f.matches, 0);
	cust_done(&c);
}

TEST(cust_is_put_got_and_found)
{
	cw_run(put_and_get);
}

static void changes(struct cw *w)
{
	struct cust c = { 0 };
	OK(cw_person(w, "c1", "吴建华", "+8615400001037", "wu@example.cn"));
	EQ(cw_num(w, "SELECT count(*) FROM event"), 1);
	OK(cw_person(w, "c1", "吴建华", "+8615400001037", "wu@example.cn"));
	EQ(cw_num(w, "SELECT count(*) FROM event"), 1);     /* nothing differs */
	OK(cw_person(w, "c1", "吴剑华", "+8615400001037", "wu@example.cn"));
	EQ(cw_num(w, "SELECT count(*) FROM event WHERE kind='customer.changed' AND body="
		     "'{\"fields\":[\"name\"]}'"),
	   1);
	struct cust_ident p = { .kind = CUST_PHONE, .value = SV("+8613900000000"),
				.primary = true };
	OK(cust_ident_add(w->db, w->k, SV("c1"), &p, SV("test"), w->now));
	OK(cust_get(w->db, w->k, SV("c1"), &w->a, &c));
	EQ(c.n_idents, 3);
	EQ(cw_num(w, "SELECT count(*) FROM cust_ident WHERE is_primary=1"), 2);
	cust_done(&c);
	p.verified = TOOL_PROVEN;
	p.primary = false;
	OK(cust_ident_add(w->db, w->k, SV("c1"), &p, SV("test"), w->now));
	EQ(cw_num(w, "SELECT count(*) FROM cust_ident WHERE verified=3 AND is_primary=1"), 1);
	p.verified = TOOL_CLAIMED;
	OK(cust_ident_add(w->db, w->k, SV("c1"), &p, SV("test"), w->now));  /* never less sure */
	EQ(cw_num(w, "SELECT count(*) FROM cust_ident WHERE verified=3"), 1);
	OK(cust_ident_remove(w->db, w->k, SV("c1"), &p, SV("test"), w->now));
	EQ(cust_ident_remove(w->db, w->k, SV("c1"), &p, SV("test"), w->now), ERR_NOTFOUND);
	EQ(cw_find(w, CUST_PHONE, "+8613900000000").matches, 0);
	EQ(cust_ident_add(w->db, w->k, SV("c9"), &p, SV("test"), w->now), ERR_NOTFOUND);
	EQ(cw_person(w, "no such id!", "x", NULL, NULL), ERR_INVAL);
	EQ(cw_person(w, "", "x", NULL, NULL), ERR_INVAL);
}

TEST(cust_changes_are_named_in_the_river)
{
	cw_run(changes);
}

static void many(struct cw *w)
{
	char number[32];
	struct cust_ident i = { .kind = CUST_PHONE };
	int rc = 0, n = 0;
	OK(cw_person(w, "c1", "x", NULL, NULL));
	for (; rc == 0 && n < 100; n++) {
		snprintf(number, sizeof(number), "+861540000%04d", n);
		i.value = sv_of(number);
		rc = cust_ident_add(w->db, w->k, SV("c1"), &i, SV("test"), w->now);
	}
	EQ(rc, ERR_FULL);
	EQ(n, CUST_IDENTS_MAX + 1);
}

TEST(cust_identities_have_a_limit)
{
	cw_run(many);
}

static void import(struct cw *w)
{
	static const char file[] =
		"{\"id\":\"c001\",\"name\":\"吴建华\",\"language\":\"zh\",\"phone\":\"154 0000 "
		"1037\","
		"\"email\":\"Wu@Example.cn\",\"tier\":\"standard\",\"address\":{\"city\":"
		"\"南京\"},"
		"\"created_at\":\"2022-08-31T05:16:00+08:00\",\"shoe\":42}\n\n"
		"{\"id\":\"c002\",\"name\":\"Chloe Dubois\",\"language\":\"en\"}\n";
	struct cust c = { 0 };
	struct err e = { 0 };
	size_t n = 0;
	OK(cust_import(w->db, w->k, sv_of(file), SV("86"), w->now, &n, &e));
	EQ(n, 2);
	OK(cust_get(w->db, w->k, SV("c001"), &w->a, &c));
	SV_EQ(c.since, "2022-08-30");        /* UTC */
	SV_EQ(c.idents[0].value, "+8615400001037");
	EQ(c.idents[0].verified, TOOL_CLAIMED);
	CHECK(c.idents[0].since_ms < w->now - 365 * DAY);
	EQ(jv_get_int(c.body, "shoe", 0), 42);
	SV_EQ(jv_get_str(c.address, "city"), "南京");
	cust_done(&c);
	/* what was chosen here stays when the other system's line changes */
	OK(store_exec(w->db, "UPDATE customer SET preferences='{\"call\":\"late\"}'"));
	OK(cust_import(w->db, w->k, SV("{\"id\":\"c002\",\"name\":\"Chloe Martin\"}"), SV("86"),
		       w->now, &n, &e));
	OK(cust_get(w->db, w->k, SV("c002"), &w->a, &c));
	SV_EQ(c.name, "Chloe Martin");
	SV_EQ(jv_get_str(c.preferences, "call"), "late");
	cust_done(&c);
	OK(cust_import(w->db, w->k, sv_of(file), SV("86"), w->now, &n, &e));
	int64_t rows = cw_num(w, "SELECT count(*) FROM event");
	OK(cust_import(w->db, w->k, sv_of(file), SV("86"), w->now + 1, &n, &e));
	EQ(cw_num(w, "SELECT count(*) FROM event"), rows);
	EQ(cust_import(w->db, w->k, SV("{\"id\":\"x\"}\nnot json\n"), SV("86"), w->now, &n, &e),
	   ERR_PARSE);
	HAS(sv_of(e.msg), "line 2");
	EQ(cust_import(w->db, w->k, SV("{\"id\":\"x\",\"phone\":\"call me\"}"), SV("86"), w->now,
		       &n, &e),
	   ERR_INVAL);
	HAS(sv_of(e.msg), "phone");
	EQ(cust_import(w->db, w->k, SV("{\"id\":\"../x\"}"), SV("86"), w->now, &n, &e), ERR_INVAL);
	EQ(cust_import(w->db, w->k, SV("{\"id\":\"x\",\"created_at\":\"long ago\"}"), SV("86"),
		       w->now, &n, &e),
	   ERR_INVAL);
}

TEST(cust_import_again_changes_nothing)
{
	cw_run(import);
}

static void two_people(struct cw *w)
{
	cw_person(w, "c1", "Qwertzius", "+8615498765432", "asdfgh@example.cn");
	cw_person(w, "c2", "Someone", "+8615400000000", NULL);
}

static void under_other_key(struct cw *w)
{
	static const unsigned char other[32] = { 1 };
	struct cust_keys *k, *mine = w->k;
	struct cust c = { 0 };
	OK(cust_keys_new(&k, other));
	EQ(cust_get(w->db, k, SV("c1"), &w->a, &c), ERR_DENIED);
	w->k = k;
	EQ(cw_find(w, CUST_PHONE, "+8615498765432").matches, 0);
	w->k = mine;
	obj_unref(k);
	/* a sealed value moved to another row does not open */
	OK(store_exec(w->db, "UPDATE customer SET sealed=(SELECT sealed FROM customer WHERE "
			     "id='c2') WHERE id='c1'"));
	EQ(cust_get(w->db, w->k, SV("c1"), &w->a, &c), ERR_DENIED);
}

TEST(cust_database_alone_tells_nothing)
{
	static const char *const secret[] = { "Qwertzius", "qwertzius", "15498765432",
					      "asdfgh" };
	char path[4200];
	struct sb all;
	struct cw w;
	CHECK(cw_open(&w, t_tmpdir()));
	cw_do(&w, two_people);
	cw_do(&w, under_other_key);
	snprintf(path, sizeof(path), "%s", store_path(w.st));
	cw_close(&w);
	sb_init(&all, 64u << 20);
	OK(file_read(path, 64u << 20, &all, NULL));
	CHECK(sv_find(sb_sv(&all), SV("customer.created")) > 0);
	for (size_t i = 0; i < sizeof(secret) / sizeof(*secret); i++)
		EQ(sv_find(sb_sv(&all), sv_of(secret[i])), -1);
	sb_done(&all);
}
