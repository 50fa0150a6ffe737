/* t_cust_erase.c: lists and cards show masks; a copy for the customer has everything that is
 * theirs; erasing leaves no token of twenty in the database, and everybody else's data as it
 * was. */
#include "t_cust_help.h"
#include "guard.h"

static const unsigned char pii_key[GUARD_KEY] = { 5, 5 };

static jv *listed(struct cw *w, const char *q, const char *cursor, int limit)
{
	struct sb b;
	struct cust_query cq = { .q = sv_of(q), .cursor = sv_of(cursor), .default_cc = SV("86"),
				 .limit = limit };
	sb_init(&b, LIM_SB);
	int rc = cust_list(w->db, w->k, &cq, &b);
	jv *v = rc ? NULL : jv_parse(sb_sv(&b), NULL);
	sb_done(&b);
	return v;
}

static void search(struct cw *w)
{
	static const struct {
		const char *q;
		size_t n;
	} rows[] = {
		{ "c1", 1 },         { "154 0000 1037", 1 }, { "WU@example.cn", 1 },
		{ "吴建华", 1 },     { "吴", 2 },            { "建华", 1 },
		{ "Dubois", 1 },     { "dubois CHLOE", 1 },  { "Chloe Martin", 0 },
		{ "15400009999", 0 }, { "nobody", 0 },       { "' OR 1=1 --", 0 },
	};
	OK(cw_person(w, "c1", "吴建华", "+8615400001037", "wu@example.cn"));
	OK(cw_person(w, "c2", "吴敏", "+8615400001074", NULL));
	OK(cw_person(w, "c3", "Chloe Dubois", NULL, NULL));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		jv *v = listed(w, rows[i].q, "", 0);
		size_t n = jv_len(jv_get(v, "items"));
		if (n != rows[i].n)
			printf("# q=%s\n", rows[i].q);
		jv_free(v);
		EQ(n, rows[i].n);
	}
	jv *v = listed(w, "c1", "", 0);
	SV_EQ(jv_as_str(jv_path(v, "items.0.phone_masked")), "+86 154 **** 1037");
	SV_EQ(jv_as_str(jv_path(v, "items.0.email_masked")), "w***@example.cn");
	SV_EQ(jv_as_str(jv_path(v, "items.0.lead")), "c1");
	jv_free(v);
	size_t n = 0;
	char cursor[80] = "";
	for (int page = 0; page < 9; page++) {
		v = listed(w, "", cursor, 2);
		n += jv_len(jv_get(v, "items"));
		snprintf(cursor, sizeof(cursor), SV_FMT, SV_ARG(jv_get_str(v, "next")));
		jv_free(v);
		if (!cursor[0])
			break;
	}
	EQ(n, 3);
	CHECK(!listed(w, "", "junk", 2));
}

TEST(cust_lists_and_finds)
{
	cw_run(search);
}

static void card(struct cw *w)
{
	struct sb b;
	OK(cw_person(w, "c1", "吴建华", "+8615400001037", NULL));
	OK(cw_person(w, "c2", "吴敏", "+8615400001074", NULL));
	OK(cust_join(w->db, SV("c1"), SV("c2"), SV("said so"), 0.9, SV("user:ann"), w->now));
	sb_init(&b, LIM_SB);
	OK(cust_json(w->db, w->k, SV("c1"), false, w->now, &b));
	jv *v = jv_parse(sb_sv(&b), NULL);
	CHECK(v);
	EQ(jv_len(jv_get(v, "identities")), 2);
	EQ(sv_find(sb_sv(&b), SV("15400001037")), -1);
	SV_EQ(jv_as_str(jv_path(v, "joined.0.b")), "c2");
	CHECK(jv_is_obj(jv_get(v, "stats")) && jv_is_arr(jv_get(v, "consent")));
	jv_free(v);
	sb_reset(&b);
	OK(cust_json(w->db, w->k, SV("c1"), true, w->now, &b));
	HAS(sb_sv(&b), "\"value\":\"+8615400001037\"");
	EQ(cust_json(w->db, w->k, SV("c9"), true, w->now, &b), ERR_NOTFOUND);
	sb_done(&b);
}

TEST(cust_card_is_masked)
{
	cw_run(card);
}

/* ---- a life with tokens nobody else has ---- */

static int say_to(struct cw *w, const char *conv, int seq, const char *text)
{
	struct guard_in in;
	struct sb context, sealed, body, sql;
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	sb_init(&context, LIM_SB);
	sb_init(&sealed, LIM_SB);
	sb_init(&body, LIM_SB);
	sb_init(&sql, LIM_SB);
	int rc = guard_inbound(sv_of(text), &a, &in);
	guard_seal_context(sv_of(conv), in.masked, &context);
	if (rc == 0)
		rc = guard_seal_masks(pii_key, &in, sb_sv(&context), &sealed);
	sb_cstr(&body, "{\"text\":");
	sb_json(&body, in.masked);
	sb_ch(&body, '}');
	struct store_event ev = { .ts_ms = w->now, .conversation = sv_of(conv), .seq = seq,
				  .kind = SV("turn.customer"), .actor = SV("customer"),
				  .body = sb_sv(&body) };
	if (rc == 0)
		rc = store_event_put(w->db, &ev);
	sb_fmt(&sql, "INSERT INTO kv (k, v, updated_ms) VALUES ('sealed/%s/%d','%s',1)", conv, seq,
	       sb_str(&sealed));
	if (rc == 0)
		rc = store_exec(w->db, sb_str(&sql));
	sb_done(&context);
	sb_done(&sealed);
	sb_done(&body);
	sb_done(&sql);
	arena_done(&a);
	return rc;
}

/* A refund that goes out; tickets that are nobody's, of a conversation of theirs, of one that was
 * only claimed, of another's. */
static const char nobodys[] =
	"INSERT INTO tool_outbox (pos, id, k, lane, kind, body, customer, made_ms) VALUES "
	"(3,'y','k','pay:c1','pay','{\"refund\":\"500007\"}','c1',1);"
	"INSERT INTO ticket (seq, number, type, severity, state, title, body, customer, "
	"opened_ms, changed_ms) VALUES "
	"(2,'T2','complaint','low','new','zzqtoken23','{\"contact\":\"zzqtoken24\"}','',1,1),"
	"(3,'T3','complaint','low','new','zzqtoken25','{}','',1,1),"
	"(4,'T4','complaint','low','new','keep the ticket','{}','',1,1);"
	"INSERT INTO ticket_event (ticket, n, at_ms, kind, by_whom, shown, text) VALUES "
	"(2,1,1,'note','ann',1,'zzqtoken26');"
	"INSERT INTO ticket_word (word, ticket) VALUES ('zzqtoken23',2);"
	"INSERT INTO summary (conversation, version, lang, body, built, share, by_login, "
	"made_ms, "
	"updated_ms) VALUES ('v1',1,'en','{\"text\":\"zzqtoken27\"}','zzqtoken28',0,'mei',1,1);"
	"INSERT INTO handover (id, conversation, customer, queue, media, state, live, "
	"since_ms, "
	"packet, note, wrap, recording, number_sealed) VALUES "
	"('h1','v1','','general','voice','ENDED',0,1,'{\"summary\":\"zzqtoken29\"}',"
	"'zzqtoken30','{\"summary\":\"zzqtoken31\"}','recordings/zzqtoken32.wav','zzqtoken33'),"
	"('h2','v2','','general','chat','ENDED',0,2,'{\"summary\":\"zzqtoken34\"}','','{}','','"
	"'),"
	"('h3','v3','c3','general','chat','ENDED',0,3,'{\"summary\":\"keep "
	"it\"}','','{}','','');"
	"INSERT INTO survey (conversation, kind, asked_ms, answered_ms, value, text) VALUES "
	"('v1','csat',1,2,1,'zzqtoken35'),('v2','csat',1,2,1,'zzqtoken39'),"
	"('v3','csat',1,2,5,'keep the answer');"
	"INSERT INTO qa_review (id, conversation, agent, form, form_version, state, marks, "
	"ended_ms, "
	"created_ms, changed_ms, score) VALUES "
	"('r1','v1','mei','chat',1,'done','[\"zzqtoken36\"]',1,1,1,80),"
	"('r3','v3','mei','chat',1,'done','[\"keep the mark\"]',1,1,1,80);"
	"INSERT INTO qa_mark (review, by_whom, round, items, comment, at_ms) VALUES "
	"('r1','qin','review','{}','zzqtoken37',1);"
	"INSERT INTO qa_event (review, n, at_ms, by_whom, to_state, text) VALUES "
	"('r1',1,1,'qin','done','zzqtoken38');"
	"INSERT INTO ticket_link (ticket, kind, ref, at_ms, by_whom) VALUES "
	"(2,'conversation','v1',1,'bot'),(3,'conversation','v2',1,'bot'),"
	"(4,'conversation','v3',1,'bot')";

static void life(struct cw *w)
{
	struct cust_ident more = { .kind = CUST_WECHAT, .value = SV("wx_zzqtoken11") };
	struct cust c = { .id = SV("c1"), .name = SV("Zzqtoken01"), .since = SV("2020-01-01") };
	c.address = jv_parse(SV("{\"line\":\"Zzqtoken02 Road 5\"}"), NULL);
	c.body = jv_parse(SV("{\"note\":\"zzqtoken03\"}"), NULL);
	c.preferences = jv_parse(SV("{\"call\":\"zzqtoken04\"}"), NULL);
	int rc = cw_person(w, "c2", "Zzqtoken05", "+8615498765432", "zzqtoken06@example.cn");
	rc = rc ? rc : cw_person(w, "c3", "Someone Else", "+8615400000000", NULL);
	rc = rc ? rc : cust_put(w->db, w->k, &c, SV("test"), w->now);
	rc = rc ? rc : cust_ident_add(w->db, w->k, SV("c1"), &more, SV("test"), w->now);
	rc = rc ? rc : cust_join(w->db, SV("c1"), SV("c2"), SV("said so"), 1, SV("t"), w->now);
	rc = rc ? rc : cust_consent_put(w->db, SV("c1"), SV("sms"), SV("service"), true,
					SV("zzqtoken07"), SV("t"), w->now);
	rc = rc ? rc :
		  store_exec(w->db,
			     "INSERT INTO conversation (id, interaction_id, channel, "
			     "customer_id, customer_level, "
			     "started_ms, last_ms, customer_name, address_masked, last_text, "
			     "recording) VALUES "
			     "('v1','i1','phone','c2',2,1,1,'Zzqtoken08','zzqtoken09','"
			     "zzqtoken10','recordings/v1.wav'),"
			     "('v2','i2','phone','c1',1,2,2,NULL,NULL,'',NULL),"
			     "('v3','i3','phone','c3',2,3,3,'Someone Else',NULL,'keep "
			     "me','recordings/v3.wav');"
			     "INSERT INTO order_ref (id, customer_id, state, address, city, "
			     "updated_ms) VALUES "
			     "('HH1','c1','paid','zzqtoken12','zzqtoken13',1);"
			     "INSERT INTO ticket (seq, number, type, severity, state, title, "
			     "body, customer, "
			     "opened_ms, changed_ms) VALUES "
			     "(1,'T1','complaint','low','new','zzqtoken14',"
			     "'{\"what\":\"zzqtoken15\"}','c2',1,1);"
			     "INSERT INTO ticket_event (ticket, n, at_ms, kind, by_whom, "
			     "shown, text) VALUES "
			     "(1,1,1,'note','ann',1,'zzqtoken16');"
			     "INSERT INTO ticket_word (word, ticket) VALUES ('zzqtoken14',1);"
			     "INSERT INTO tool_call (k, name, args_print, customer, outcome, "
			     "result, at_ms) VALUES "
			     "('k','t',1,'c1','done','{\"x\":\"zzqtoken17\"}',1);"
			     "INSERT INTO tool_outbox (pos, id, k, lane, kind, body, customer, "
			     "made_ms) VALUES "
			     "(1,'o','k','sms:c1','sms','{\"text\":\"zzqtoken18\"}','c1',1);"
			     "INSERT INTO tool_outbox (pos, id, k, lane, kind, body, customer, "
			     "made_ms, state) VALUES "
			     "(2,'p','k','sms:c1','sms','{\"text\":\"zzqtoken21\"}','c1',1,'dead'"
			     ");"
			     "INSERT INTO tool_approval (id, name, what, k, request, customer, "
			     "made_ms) VALUES "
			     "('a','t','zzqtoken19','k','{\"args\":\"zzqtoken20\"}','c1',1),"
			     "('b','refund_release','refund of order HH1 (cancel)','b','{\"args\":"
			     "{\"refund\":\"500008\"},\"address\":\"zzqtoken22\"}','c1',1)");
	rc = rc ? rc : store_exec(w->db, nobodys);
	rc = rc ? rc : say_to(w, "v1", 1, "my name is Bob Zzqtoken, call 13987654321");
	rc = rc ? rc : say_to(w, "v2", 1, "call me at 13987651111");
	rc = rc ? rc : say_to(w, "v3", 1, "call me at 13900001111");
	jv_free((jv *)(uintptr_t)c.address);
	jv_free((jv *)(uintptr_t)c.body);
	jv_free((jv *)(uintptr_t)c.preferences);
	if (rc)
		t_fail(__FILE__, __LINE__, store_error(w->db));
}

static void exported(struct cw *w)
{
	struct sb b;
	life(w);
	sb_init(&b, 16u << 20);
	OK(cust_export(w->db, w->k, pii_key, SV("c2"), false, w->now, &b));
	jv *v = jv_parse(sb_sv(&b), NULL);
	CHECK(v);
	EQ(jv_len(jv_get(v, "customers")), 2);
	EQ(jv_len(jv_get(v, "conversations")), 2);
	jv_free(v);
	HAS(sb_sv(&b), "Zzqtoken01");
	HAS(sb_sv(&b), "Zzqtoken02 Road 5");
	HAS(sb_sv(&b), "zzqtoken06@example.cn");
	HAS(sb_sv(&b), "zzqtoken14");
	HAS(sb_sv(&b), "zzqtoken16");
	HAS(sb_sv(&b), "call 13987654321");  /* the masks are off */
	HAS(sb_sv(&b), "zzqtoken23");                   /* nobody's, in their conversation */
	HAS(sb_sv(&b), "zzqtoken26");
	HAS(sb_sv(&b), "zzqtoken27");                   /* an agent's summary */
	HAS(sb_sv(&b), "zzqtoken29");                   /* what an agent was told */
	HAS(sb_sv(&b), "zzqtoken30");
	HAS(sb_sv(&b), "zzqtoken35");                   /* what they said of it */
	EQ(sv_find(sb_sv(&b), SV("zzqtoken34")), -1);   /* in one that was only claimed */
	EQ(sv_find(sb_sv(&b), SV("zzqtoken39")), -1);
	EQ(sv_find(sb_sv(&b), SV("keep it")), -1);
	EQ(sv_find(sb_sv(&b), SV("zzqtoken25")), -1);   /* in one that was only claimed */
	EQ(sv_find(sb_sv(&b), SV("13987651111")), -1);  /* only claimed */
	EQ(sv_find(sb_sv(&b), SV("keep the ticket")), -1);
	EQ(sv_find(sb_sv(&b), SV("13900001111")), -1);  /* another's */
	EQ(sv_find(sb_sv(&b), SV("Someone Else")), -1);
	sb_reset(&b);
	OK(cust_export(w->db, w->k, NULL, SV("c1"), true, w->now, &b));
	HAS(sb_sv(&b), "call me at [phone]");
	EQ(cust_export(w->db, w->k, NULL, SV("c9"), true, w->now, &b), ERR_NOTFOUND);
	sb_done(&b);
}

TEST(cust_export_has_everything_of_one)
{
	cw_run(exported);
}

static void gone(struct cw *w)
{
	struct sb files;
	struct cust c = { 0 };
	struct err e = { 0 };
	sb_init(&files, LIM_SB);
	EQ(cust_erase(w->db, SV("c1"), false, SV("user:ann"), w->now, &files), ERR_STATE);
	OK(cust_erase(w->db, SV("c1"), true, SV("user:ann"), w->now, &files));
	HAS(sb_sv(&files), "recordings/v1.wav\n");
	HAS(sb_sv(&files), "recordings/i2.jsonl\n");
	HAS(sb_sv(&files), "recordings/zzqtoken32.wav\n");
	EQ(sv_find(sb_sv(&files), SV("v3")), -1);
	OK(cust_erase(w->db, SV("c2"), false, SV("user:ann"), w->now, &files));      /* again */
	sb_done(&files);
	OK(cust_get(w->db, w->k, SV("c2"), &w->a, &c));
	CHECK(c.erased);
	EQ(c.name.n, 0);
	EQ(c.n_idents, 0);
	cust_done(&c);
	EQ(cw_find(w, CUST_PHONE, "+8615498765432").matches, 0);
	EQ(cw_person(w, "c1", "back", NULL, NULL), ERR_STATE);
	/* the company's file still names them: they stay erased */
	OK(cust_import(w->db, w->k, SV("{\"id\":\"c1\",\"name\":\"back\"}"), SV("86"), w->now, NULL,
		       &e));
	EQ(cw_num(w, "SELECT count(*) FROM customer WHERE erased_ms IS NOT NULL"), 2);
	EQ(cw_num(w, "SELECT count(*) FROM kv WHERE k LIKE 'sealed/%'"), 1);
	EQ(cw_num(w, "SELECT count(*) FROM tool_outbox WHERE state='waiting' AND kind<>'pay'"), 0);
	/* what is owed is paid still: what goes out, and what waits for a person's yes */
	EQ(cw_num(w, "SELECT count(*) FROM tool_outbox WHERE state='waiting' AND kind='pay' AND "
		     "body LIKE '%500007%'"), 1);
	EQ(cw_num(w, "SELECT count(*) FROM tool_approval WHERE id='b' AND state='waiting' AND "
		     "what<>'' AND request LIKE '%500008%'"), 1);
	EQ(cw_num(w, "SELECT count(*) FROM tool_approval WHERE id='a' AND state='no' AND "
		     "request='{}'"), 1);
	EQ(cw_num(w, "SELECT count(*) FROM ticket WHERE title='keep the ticket'"), 1);
	EQ(cw_num(w, "SELECT count(*) FROM handover WHERE packet LIKE '%keep it%'"), 1);
	EQ(cw_num(w, "SELECT count(*) FROM handover WHERE state='ENDED' AND queue='general'"), 3);
	EQ(cw_num(w, "SELECT count(*) FROM survey WHERE value IS NOT NULL"), 3);
	EQ(cw_num(w, "SELECT count(*) FROM survey WHERE text='keep the answer'"), 1);
	EQ(cw_num(w, "SELECT count(*) FROM qa_review WHERE score=80"), 2);
	EQ(cw_num(w, "SELECT count(*) FROM qa_review WHERE marks LIKE '%keep the mark%'"), 1);
	EQ(cw_num(w, "SELECT count(*) FROM cust_edge WHERE reason<>''"), 0);
	EQ(cw_num(w, "SELECT count(*) FROM event WHERE kind='customer.erased'"), 2);
	EQ(cw_num(w, "SELECT count(*) FROM order_ref WHERE customer_id='c1'"), 1);
	/* others have what they had */
	OK(cust_get(w->db, w->k, SV("c3"), &w->a, &c));
	SV_EQ(c.name, "Someone Else");
	EQ(c.n_idents, 1);
	cust_done(&c);
	EQ(cw_num(w, "SELECT count(*) FROM conversation WHERE last_text='keep me' AND "
		     "recording IS NOT "
		     "NULL"),
	   1);
}

/* Somebody is to ring them, or talks with them: not while that lasts. */
static void still_served(struct cw *w)
{
	struct sb files;
	sb_init(&files, LIM_SB);
	OK(cw_person(w, "c1", "Ann", "+8615498765432", NULL));
	OK(store_exec(w->db,
		      "INSERT INTO handover (id, kind, conversation, customer, queue, media, "
		      "state, live, since_ms, number_sealed) VALUES ('h1','callback','v1',"
		      "'c1','general','task','QUEUED',1,1,'sealed')"));
	EQ(cust_erase(w->db, SV("c1"), false, SV("user:ann"), w->now, &files), ERR_STATE);
	EQ(cw_num(w, "SELECT count(*) FROM handover WHERE number_sealed='sealed'"), 1);
	EQ(cw_num(w, "SELECT count(*) FROM customer WHERE erased_ms IS NOT NULL"), 0);
	OK(store_exec(w->db, "UPDATE handover SET state='ENDED', live=0"));
	OK(cust_erase(w->db, SV("c1"), false, SV("user:ann"), w->now, &files));
	EQ(cw_num(w, "SELECT count(*) FROM handover WHERE number_sealed=''"), 1);
	sb_done(&files);
}

TEST(cust_erase_waits_for_a_hand_over)
{
	cw_run(still_served);
}

static int64_t tokens(const char *path)
{
	struct sb all;
	int64_t n = 0;
	sb_init(&all, 64u << 20);
	if (file_read(path, 64u << 20, &all, NULL))
		n = 0;
	sv rest = sb_sv(&all);
	for (ptrdiff_t at; (at = sv_find(rest, SV("zqtoken"))) >= 0; n++)
		rest = sv_slice(rest, (size_t)at + 1, rest.n);
	sb_done(&all);
	return n;
}

TEST(cust_erase_leaves_no_token)
{
	char path[4200];
	struct cw w;
	struct store_opts o = { .dir = t_tmpdir(), .group_ms = -1 };
	struct store_verdict v;
	CHECK(cw_open(&w, o.dir));
	cw_do(&w, life);
	snprintf(path, sizeof(path), "%s", store_path(w.st));
	store_close(w.st);
	CHECK(tokens(path) > 10);            /* the scan finds what is there */
	OK(store_open(&w.st, &o, NULL));
	cw_do(&w, gone);
	OK(store_verify(w.st, &v));          /* the river is whole */
	cw_close(&w);
	EQ(tokens(path), 0);
}
