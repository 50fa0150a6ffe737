/* t_hook_send.c: events to their webhook: signed, tried again, given up, once more, after a
 * stop. */
#include "t_hook_help.h"

static const char *const ok[] = { ANSWER("200") };
static const char *const bad[] = { ANSWER("500") };
static const char *const once_bad[] = { ANSWER("500"), ANSWER("204") };

/* The value of a header of the n-th request. */
static sv header(struct hw *w, const char *name, int n)
{
	sv s = sb_sv(&w->http.seen), line;
	while (sv_line(&s, &line))
		if (sv_starts(line, sv_of(name)) && n-- == 0)
			return sv_trim(sv_slice(line, strlen(name), line.n));
	return SV("");
}

static sv body_of(struct hw *w)
{
	sv s = sb_sv(&w->http.seen);
	ptrdiff_t at = sv_find(s, SV("\r\n\r\n"));
	return at < 0 ? SV("") : sv_slice(s, (size_t)at + 4, s.n);
}

TEST(hook_signs_as_the_standard_says)
{
	char out[HOOK_SIGN];
	/* the example of the Standard Webhooks libraries */
	OK(hook_sign(SV("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
		     SV("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330, SV("{\"test\": 2432232314}"),
		     out));
	STR_EQ(out, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	EQ(hook_sign(SV("whsec_%%"), SV("a"), 1, SV("{}"), out), ERR_INVAL);
}

TEST(hook_kinds_and_addresses)
{
	CHECK(hook_wants(SV("handover.* interaction.ended"), SV("handover.queued")));
	CHECK(hook_wants(SV("handover.* interaction.ended"), SV("interaction.ended")));
	CHECK(!hook_wants(SV("handover.* interaction.ended"), SV("handover")));
	CHECK(!hook_wants(SV("handover.queued"), SV("handover.queued2")));
	CHECK(hook_wants(SV("*"), SV("anything.at_all")));

	struct hook_edit x = { .url = SV("https://example.com/in"), .events = SV("a.b c.*") };
	CHECK(!hook_bad(&x, false));
	x.url = SV("http://example.com/in");
	CHECK(hook_bad(&x, false) && !hook_bad(&x, true));
	x.url = SV("https://me:secret@example.com/in");
	CHECK(hook_bad(&x, true));
	x.url = SV("file:///etc/passwd");
	CHECK(hook_bad(&x, true));
	x.url = SV("https://example.com/in\r\nX: y");
	CHECK(hook_bad(&x, true));
	x.url = SV_NULL;
	x.events = SV("");
	CHECK(hook_bad(&x, true));
	x.events = SV("hand*.over");
	CHECK(hook_bad(&x, true));
	x.events = SV("Handover.*");
	CHECK(hook_bad(&x, true));
}

TEST(hook_sends_what_is_wanted_signed_and_masked)
{
	struct hw w = { .o = { .allow_private = true } };
	char sign[HOOK_SIGN];
	int64_t when = 0;

	CHECK(http_open(&w.http, ok, 1) && hw_up(&w) && hw_make(&w, "handover.*", false));
	CHECK(hw_event(&w, "turn.customer", 1, "{\"text\":\"hello\"}"));
	CHECK(hw_event(&w, "handover.accepted", 2,
		       "{\"agent\":\"mei\",\"customer_name\":\"Ann Lee\",\"note\":\"call "
		       "13800138000\"}"));
	CHECK(hw_wait(&w, "SELECT count(*) FROM webhook_delivery WHERE state='sent'", 1));
	EQ(hw_asked(&w), 1);
	jv *o = jv_parse(body_of(&w), NULL);
	CHECK(o);
	SV_EQ(jv_get_str(o, "type"), "handover.accepted");
	SV_EQ(jv_get_str(o, "conversation"), CONV);
	EQ(jv_get_int(o, "seq", 0), 2);
	SV_EQ(jv_as_str(jv_path(o, "data.agent")), "mei");
	SV_EQ(jv_as_str(jv_path(o, "data.customer_name")), "[name]");
	SV_EQ(jv_as_str(jv_path(o, "data.note")), "call [phone]");
	CHECK(sv_eq(header(&w, "webhook-id:", 0), jv_get_str(o, "id")));
	OK(sv_i64(header(&w, "webhook-timestamp:", 0), &when));
	OK(hook_sign(sv_of(w.x.secret), jv_get_str(o, "id"), when, body_of(&w), sign));
	CHECK(sv_eq(header(&w, "webhook-signature:", 0), sv_of(sign)));
	jv_free(o);
	EQ(hw_number(&w, "SELECT count(*) FROM webhook WHERE secret LIKE '%whsec%'"), 0);
	EQ(hw_number(&w, "SELECT count(*) FROM event WHERE body LIKE '%whsec%'"), 0);
	hw_down(&w);
	http_close(&w.http);
}

/* What a role that sees nothing would not see does not go out either. */
TEST(hook_masks_whatever_key_it_stands_under)
{
	static const char *const bare[] = { "13912345678", "139 1234", "zhao.lei@", "白鹭里",
					    "11010519491231002X", "4111 1111", "66554433",
					    "Elm Street" };
	static const char marks[] =
		"{\"note\":\"Tel 139 1234 5678, +86-139-1234-5678, mail zhao.lei@marks.example, "
		"住址是南京市鼓楼区白鹭里55号7栋1201室, 身份证 11010519491231002X, card 4111 1111 "
		"1111 1111\",\"mobile\":\"13912345678\",\"telephone\":13912345678,"
		"\"phones\":[\"66554433\"],\"id_card\":\"11010519491231002X\","
		"\"bank_card\":\"4111 1111 1111 1111\",\"address\":{\"line\":\"9 Elm Street\","
		"\"street\":\"白鹭里\"},\"other\":{\"deep\":[\"call 13912345678 now\"]}}";
	struct hw w = { .o = { .allow_private = true } };

	CHECK(http_open(&w.http, ok, 1) && hw_up(&w) && hw_make(&w, "a.*", false));
	CHECK(hw_event(&w, "a.marks", 1, marks));
	CHECK(hw_wait(&w, "SELECT count(*) FROM webhook_delivery WHERE state='sent'", 1));
	for (size_t i = 0; i < sizeof(bare) / sizeof(*bare); i++)
		CHECK(sv_find(body_of(&w), sv_of(bare[i])) < 0);
	jv *o = jv_parse(body_of(&w), NULL);
	SV_EQ(jv_as_str(jv_path(o, "data.mobile")), "[phone]");
	jv_free(o);
	hw_down(&w);
	http_close(&w.http);
}

/* One receiver never answers and has a long backlog: the other one's event goes at once. */
TEST(hook_one_slow_receiver_does_not_stop_the_others)
{
	static const char *const silent[] = { NULL };
	struct hw w = { .o = { .allow_private = true } };
	struct http slow;

	CHECK(http_open(&slow, silent, 1) && http_open(&w.http, ok, 1) && hw_up(&w));
	int port = w.http.port;
	w.http.port = slow.port;
	CHECK(hw_make(&w, "a.*", false));
	CHECK(hw_exec(&w, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE "
			  "i<300) INSERT INTO webhook_delivery (webhook, id, pos, kind, next_ms, "
			  "made_ms, body) SELECT w.id, 'x' || i, 0, 'a.b', 1, 1, '{}' FROM n, "
			  "webhook w"));
	w.http.port = port;
	CHECK(hw_make(&w, "b.*", false));
	CHECK(hw_event(&w, "b.one", 0, "{}"));
	CHECK(hw_wait(&w, "SELECT count(*) FROM webhook_delivery WHERE kind='b.one' AND "
			  "state='sent'", 1));
	CHECK(hw_number(&w, "SELECT max(tried_ms-made_ms) FROM webhook_delivery WHERE "
			    "kind='b.one'") < 2000);
	hw_down(&w);
	http_close(&slow);
	http_close(&w.http);
}

TEST(hook_unmasked_where_it_was_said)
{
	struct hw w = { .o = { .allow_private = true } };

	CHECK(http_open(&w.http, ok, 1) && hw_up(&w) && hw_make(&w, "handover.accepted", true));
	CHECK(hw_event(&w, "handover.accepted", 1, "{\"customer_name\":\"Ann Lee\"}"));
	CHECK(hw_wait(&w, "SELECT count(*) FROM webhook_delivery WHERE state='sent'", 1));
	HAS(body_of(&w), "\"masked\":false");
	HAS(body_of(&w), "Ann Lee");
	hw_down(&w);
	http_close(&w.http);
}

struct change {
	struct hook_edit x;
	int64_t got;
};

static int change_write(void *arg, struct store_db *db)
{
	struct change *c = arg;
	c->got = hook_change(db, hw_key, &c->x);
	return c->got < 0 ? (int)c->got : 0;
}

static int64_t change(struct hw *w, struct hook_edit x)
{
	struct change c = { .x = x };
	memcpy(c.x.id, w->x.id, sizeof(c.x.id));
	c.x.by = SV("root");
	return store_write(w->store, change_write, &c, NULL, NULL) || store_flush(w->store) ?
		       ERR_FAIL : c.got;
}

/* Who may not see a person sends what is unmasked nowhere else, and no more of it. */
TEST(hook_unmasked_is_changed_by_who_may_see)
{
	static const struct hook_edit more[] = {
		{ .url = { "https://b.example/in", 20 }, .active = -1, .unmasked = -1 },
		{ .events = { "*", 1 }, .active = -1, .unmasked = -1 },
		{ .new_secret = true, .active = -1, .unmasked = -1 },
		{ .active = -1, .unmasked = 1 },
	};
	struct hw w = { .o = { .allow_private = true } };

	CHECK(hw_up(&w) && hw_make(&w, "a.*", true));
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
		EQ(change(&w, more[i]), ERR_DENIED);
	EQ(hw_number(&w, "SELECT count(*) FROM webhook WHERE version=1 AND events='a.*'"), 1);
	EQ(change(&w, (struct hook_edit){ .note = SV("x"), .active = 0, .unmasked = -1 }), 2);
	EQ(change(&w, (struct hook_edit){ .events = SV("b.*"), .active = -1, .unmasked = -1,
					  .may_unmask = true }), 3);
	EQ(change(&w, (struct hook_edit){ .events = SV("*"), .active = -1, .unmasked = 0 }), 4);
	EQ(hw_number(&w, "SELECT count(*) FROM webhook WHERE unmasked=0 AND events='*'"), 1);
	EQ(change(&w, more[0]), 5);
	EQ(change(&w, more[3]), ERR_DENIED);
	hw_down(&w);
}

/* The first of a conversation is late: the second waits for it, and both keep their ids. */
TEST(hook_tries_again_and_keeps_the_order)
{
	struct hw w = { .o = { .allow_private = true } };

	CHECK(http_open(&w.http, once_bad, 2) && hw_up(&w) && hw_make(&w, "a.*", false));
	CHECK(hw_event(&w, "a.first", 1, "{}") && hw_event(&w, "a.second", 2, "{}"));
	CHECK(hw_wait(&w, "SELECT count(*) FROM webhook_delivery WHERE state='sent'", 2));
	EQ(hw_asked(&w), 3);
	CHECK(sv_eq(header(&w, "webhook-id:", 0), header(&w, "webhook-id:", 1)));
	CHECK(!sv_eq(header(&w, "webhook-id:", 1), header(&w, "webhook-id:", 2)));
	sv seen = sb_sv(&w.http.seen);
	ptrdiff_t second = sv_find(seen, SV("a.second"));
	CHECK(second > 0 && sv_find(sv_slice(seen, (size_t)second, seen.n), SV("a.first")) < 0);
	EQ(hw_number(&w, "SELECT tries FROM webhook_delivery WHERE kind='a.first'"), 2);
	EQ(hw_number(&w, "SELECT status FROM webhook_delivery WHERE kind='a.first'"), 204);
	hw_down(&w);
	http_close(&w.http);
}

TEST(hook_waits_grow_to_three_days)
{
	struct hook h = { .o = { .second_ms = 1000 } };
	int64_t sum = 0, last = 0;
	int n = 1;
	for (; hook_wait_ms(&h, n); n++) {
		CHECK(hook_wait_ms(&h, n) > last);
		last = hook_wait_ms(&h, n);
		sum += last;
	}
	EQ(n, 12);
	CHECK(sum > 3 * HOOK_DAY_MS && sum < 4 * HOOK_DAY_MS);
	EQ(hook_wait_ms(&h, 0), 0);
}

/* Two hours asked for are an hour. */
TEST(hook_waits_as_long_as_it_is_asked_to)
{
	static const char *const later[] = { "HTTP/1.1 503 x\r\nRetry-After: 7200\r\n"
					     "Content-Length: 0\r\nConnection: close\r\n\r\n" };
	struct hw w = { .o = { .allow_private = true } };

	CHECK(http_open(&w.http, later, 1) && hw_up(&w) && hw_make(&w, "a.*", false));
	CHECK(hw_event(&w, "a.b", 0, "{}"));
	CHECK(hw_wait(&w, "SELECT tries FROM webhook_delivery", 1));
	EQ(hw_number(&w, "SELECT next_ms-tried_ms FROM webhook_delivery"), 3600 * w.o.second_ms);
	hw_down(&w);
	http_close(&w.http);
}

static int again_write(void *arg, struct store_db *db)
{
	struct hw *w = arg;
	struct store_stmt *q;
	char id[27] = "";
	if (store_prep(db, &q, "SELECT id FROM webhook_delivery WHERE state='dead'"))
		return ERR_FAIL;
	if (store_step(q) == 1)
		memcpy(id, store_col_sv(q, 0).p, 26);
	store_reset(q);
	int rc = hook_again(db, sv_of(w->x.id), sv_of(id));
	return rc ? rc : hook_again(db, sv_of(w->x.id), sv_of(id)) == ERR_STATE ? 0 : ERR_FAIL;
}

TEST(hook_gives_up_and_sends_once_more_by_hand)
{
	static const char *const answers[] = { ANSWER("500"), ANSWER("500"), ANSWER("200") };
	struct hw w = { .o = { .allow_private = true, .second_ms = 40 } };

	CHECK(http_open(&w.http, answers, 3) && hw_up(&w) && hw_make(&w, "a.b", false));
	CHECK(hw_event(&w, "a.b", 0, "{}"));
	CHECK(hw_wait(&w, "SELECT tries FROM webhook_delivery", 1));
	CHECK(hw_exec(&w, "UPDATE webhook_delivery SET tries=11, next_ms=0"));
	CHECK(hw_wait(&w, "SELECT count(*) FROM webhook_delivery WHERE state='dead'", 1));
	EQ(hw_number(&w, "SELECT count(*) FROM webhook WHERE failing_ms IS NOT NULL AND active=1"),
	   1);
	OK(store_write(w.store, again_write, &w, NULL, NULL));
	OK(store_flush(w.store));
	CHECK(hw_wait(&w, "SELECT count(*) FROM webhook_delivery WHERE state='sent'", 1));
	EQ(hw_number(&w, "SELECT count(*) FROM webhook WHERE failing_ms IS NULL"), 1);
	EQ(hw_asked(&w), 3);
	hw_down(&w);
	http_close(&w.http);
}

TEST(hook_that_fails_for_days_is_put_out_of_use)
{
	struct hw w = { .o = { .allow_private = true } };

	CHECK(http_open(&w.http, bad, 1) && hw_up(&w) && hw_make(&w, "a.*", false));
	CHECK(hw_exec(&w, "UPDATE webhook SET failing_ms=1000"));
	CHECK(hw_event(&w, "a.b", 0, "{}"));
	CHECK(hw_wait(&w, "SELECT count(*) FROM webhook WHERE active=0 AND off_why='failing'", 1));
	EQ(hw_number(&w, "SELECT count(*) FROM event WHERE kind='webhook.disabled'"), 1);
	/* what comes now waits in the river */
	CHECK(hw_event(&w, "a.c", 0, "{}"));
	int n = hw_asked(&w);
	CHECK(hw_exec(&w, "UPDATE webhook SET active=1, failing_ms=NULL"));
	CHECK(hw_wait(&w, "SELECT count(*) FROM webhook_delivery WHERE kind='a.c' AND tries>0", 1));
	CHECK(hw_asked(&w) > n);
	hw_down(&w);
	EQ(w.alerts, 1);
	http_close(&w.http);
}

TEST(hook_that_is_gone_is_put_out_of_use_at_once)
{
	static const char *const gone[] = { ANSWER("410") };
	struct hw w = { .o = { .allow_private = true } };

	CHECK(http_open(&w.http, gone, 1) && hw_up(&w) && hw_make(&w, "a.*", false));
	CHECK(hw_event(&w, "a.b", 0, "{}"));
	CHECK(hw_wait(&w, "SELECT count(*) FROM webhook WHERE active=0 AND off_why='gone'", 1));
	hw_down(&w);
	http_close(&w.http);
}

TEST(hook_never_to_private_networks_unless_allowed)
{
	struct hw w = { 0 };

	CHECK(http_open(&w.http, ok, 1) && hw_up(&w) && hw_make(&w, "a.*", false));
	CHECK(hw_event(&w, "a.b", 0, "{}"));
	CHECK(hw_wait(&w, "SELECT count(*) FROM webhook_delivery WHERE why LIKE '%private%'", 1));
	EQ(hw_asked(&w), 0);
	hw_down(&w);
	http_close(&w.http);
}

/* Under way when it stopped: sent again with the same id, by another process's hook. */
TEST(hook_after_a_stop_the_same_event_again)
{
	static const char *const silent[] = { NULL, ANSWER("200") };
	struct hw w = { .o = { .allow_private = true } };

	CHECK(http_open(&w.http, silent, 2) && hw_up(&w) && hw_make(&w, "a.*", false));
	CHECK(hw_event(&w, "a.b", 0, "{}"));
	CHECK(hw_wait_asked(&w, 1));
	hw_down(&w);
	CHECK(hw_up(&w));
	CHECK(hw_wait(&w, "SELECT count(*) FROM webhook_delivery WHERE state='sent'", 1));
	EQ(hw_asked(&w), 2);
	CHECK(header(&w, "webhook-id:", 0).n == 26);
	CHECK(sv_eq(header(&w, "webhook-id:", 0), header(&w, "webhook-id:", 1)));
	hw_down(&w);
	http_close(&w.http);
}

static int test_write(void *arg, struct store_db *db)
{
	struct hw *w = arg;
	char id[27];
	return hook_test(db, sv_of(w->x.id), id);
}

/* Other webhooks get the row: it says where to, and not with which key. */
TEST(hook_rows_hold_no_key_of_an_address)
{
	struct hw w = { .o = { .allow_private = true } };

	CHECK(hw_up(&w) && hw_make(&w, "a.*", false));
	EQ(change(&w, (struct hook_edit){ .url = SV("https://me:pw@b.example:444?key=s3cret"),
					  .active = -1, .unmasked = -1 }), 2);
	EQ(hw_number(&w, "SELECT count(*) FROM event WHERE kind='webhook.changed' AND "
			 "json_extract(body,'$.host')='b.example:444'"), 1);
	EQ(hw_number(&w, "SELECT count(*) FROM event WHERE kind LIKE 'webhook.%' AND (body LIKE "
			 "'%s3cret%' OR body LIKE '%/in%' OR body LIKE '%pw@%')"), 0);
	EQ(hw_number(&w, "SELECT count(*) FROM event WHERE kind LIKE 'webhook.%' AND body LIKE "
			 "'%\"host\":\"127.0.0.1:%'"), 1);
	hw_down(&w);
}

/* A test goes out also while it is off, and its failing counts for nothing. */
TEST(hook_test_event)
{
	struct hw w = { .o = { .allow_private = true } };
	struct sb b;
	struct store_db *db;

	CHECK(http_open(&w.http, bad, 1) && hw_up(&w) && hw_make(&w, "a.*", false));
	CHECK(hw_exec(&w, "UPDATE webhook SET active=0"));
	OK(store_write(w.store, test_write, &w, NULL, NULL));
	CHECK(hw_wait(&w, "SELECT count(*) FROM webhook_delivery WHERE state='dead'", 1));
	EQ(hw_asked(&w), 1);
	EQ(hw_number(&w, "SELECT count(*) FROM webhook WHERE failing_ms IS NULL"), 1);
	HAS(body_of(&w), "\"type\":\"webhook.test\"");
	sb_init(&b, LIM_SB);
	OK(store_reader(w.store, &db));
	OK(hook_deliveries(db, sv_of(w.x.id), SV("dead"), SV_NULL, 10, &b));
	HAS(sb_sv(&b), "\"status\":500");
	sb_done(&b);
	hw_down(&w);
	http_close(&w.http);
}

/* Page by page, each is shown once; tests have the place of the last row. */
TEST(hook_deliveries_in_pages)
{
	struct hw w = { 0 };
	struct store_db *db;
	struct sb b, seen;
	char cursor[80] = "";
	int n = 0;

	CHECK(hw_up(&w) && hw_make(&w, "a.*", false));
	for (int i = 0; i < 4; i++)
		OK(store_write(w.store, test_write, &w, NULL, NULL));
	OK(store_flush(w.store));
	EQ(hw_number(&w, "SELECT count(DISTINCT pos) FROM webhook_delivery"), 1);
	OK(store_reader(w.store, &db));
	sb_init(&b, LIM_SB);
	sb_init(&seen, LIM_SB);
	do {
		sb_reset(&b);
		OK(hook_deliveries(db, sv_of(w.x.id), SV(""), sv_of(cursor), 1, &b));
		jv *o = jv_parse(sb_sv(&b), NULL);
		sv id = jv_as_str(jv_path(o, "items.0.id"));
		CHECK(id.n == 26 && sv_find(sb_sv(&seen), id) < 0);
		sb_put(&seen, id);
		(void)snprintf(cursor, sizeof(cursor), SV_FMT, SV_ARG(jv_get_str(o, "next")));
		jv_free(o);
	} while (++n < 9 && cursor[0]);
	EQ(n, 4);
	EQ(hook_deliveries(db, sv_of(w.x.id), SV(""), SV("x-y"), 1, &b), ERR_INVAL);
	sb_done(&seen);
	sb_done(&b);
	hw_down(&w);
}
