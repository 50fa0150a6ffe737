/* Conversations over REST: begin, say, read, close; second tries; what tokens may do; limits. */
#include "t_api_world.h"

#include <time.h>

static const char QUESTION[] = "{\"text\":\"How long may I return goods?\",\"client_id\":\"c-1\"}";

TEST(api_rest_conversation_from_begin_to_close)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], line[128];
	CHECK(aw_up(&w));
	EQ(http(&w, "POST /api/v1/conversations", NULL,
		"{\"channel\":\"webchat\",\"language\":\"en\",\"customer\":{\"name\":\"Li "
		"\\\"Q\\\" <b>\",\"phone\":"
		"\"13800138000\"},\"text\":\"How long may I return goods?\"}",
		&r),
	   201);
	CHECK(jv_get_str(r.json, "greeting").n > 0);
	HAS(jv_as_str(jv_path(r.json, "reply.reply")), "30 days");
	CHECK(jv_get_bool(jv_get(r.json, "reply"), "grounded", false));
	SV_EQ(jv_as_str(jv_path(r.json, "reply.citations.0.article_id")), "returns.en");
	snprintf(id, sizeof(id), SV_FMT, SV_ARG(jv_get_str(r.json, "id")));
	snprintf(token, sizeof(token), SV_FMT, SV_ARG(jv_get_str(r.json, "token")));
	EQ(say(&w, id, token, "{\"text\":\"How long does delivery take?\"}", &r), 200);
	HAS(jv_get_str(r.json, "reply"), "two to four");
	CHECK(jv_get_int(r.json, "seq", 0) > jv_get_int(r.json, "message_seq", 0));
	CHECK(jv_get_int(r.json, "message_seq", 0) > 0);
	EQ(events(&w, id, token, 0, &r), 200);
	EQ(kinds(&r, "conversation.opened"), 1);
	EQ(kinds(&r, "turn.customer"), 2);
	EQ(kinds(&r, "turn.bot"), 3);
	const jv *items = jv_get(r.json, "items");
	for (size_t i = 0; i < jv_len(items); i++)
		EQ(jv_get_int(jv_at(items, i), "seq", 0), (long long)i + 1);
	EQ(jv_get_int(r.json, "last_seq", 0), jv_len(items));
	EQ(events(&w, id, token, 4, &r), 200);
	EQ(jv_get_int(jv_at(jv_get(r.json, "items"), 0), "seq", 0), 5);
	snprintf(line, sizeof(line), "GET /api/v1/conversations/%s", id);
	EQ(http(&w, line, token, NULL, &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "customer.name")), "Li \"Q\" <b>");
	CHECK(sv_find(jv_get_str(r.json, "address"), SV("13800138000")) < 0);
	SV_EQ(jv_get_str(r.json, "state"), "open");
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/close", id);
	EQ(http(&w, line, token, "", &r), 200);
	SV_EQ(jv_get_str(r.json, "state"), "closed");
	SV_EQ(jv_get_str(r.json, "id"), id);
	EQ(http(&w, line, token, "", &r), 200);           /* twice is fine */
	EQ(say(&w, id, token, "{\"text\":\"hello?\"}", &r), 410);
	CHECK(is_problem(&r));
	store_flush(w.store);
	EQ(events(&w, id, token, 0, &r), 200);
	EQ(kinds(&r, "conversation.closed"), 1);
	resp_done(&r);
	aw_down(&w);
}

static int exec_write(void *arg, struct store_db *db)
{
	return store_exec(db, arg);
}

static bool is_closed(struct aw *w, const char *id)
{
	struct store_db *db;
	struct store_stmt *q;
	bool closed = false;
	if (store_reader(w->store, &db) ||
	    store_prep(db, &q, "SELECT 1 FROM conversation WHERE id=?1 AND state='closed'"))
		return false;
	store_bind_sv(q, 1, sv_of(id));
	closed = store_step(q) == 1;
	store_reset(q);
	return closed;
}

/* A close that is acknowledged is on disk; one that could not be saved is not acknowledged. */
TEST(api_rest_close_is_on_disk_when_answered)
{
	static char refuse[] = "CREATE TRIGGER no_end BEFORE UPDATE ON conversation WHEN "
			       "NEW.state='closed' BEGIN SELECT RAISE(ABORT,'no'); END";
	struct aw w = { .group_ms = 200 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], line[128];

	CHECK(aw_up(&w) && begin(&w, id, token));
	EQ(say(&w, id, token, "{\"text\":\"hello\"}", &r), 200);
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/close", id);
	EQ(http(&w, line, token, "", &r), 200);
	CHECK(is_closed(&w, id));
	CHECK(begin(&w, id, token));
	OK(store_write(w.store, exec_write, refuse, NULL, NULL));
	OK(store_flush(w.store));
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/close", id);
	EQ(http(&w, line, token, "", &r), 503);
	CHECK(is_problem(&r));
	CHECK(!is_closed(&w, id));
	resp_done(&r);
	aw_down(&w);
}

TEST(api_rest_same_client_id_is_one_message)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX];
	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token));
	EQ(say(&w, id, token, QUESTION, &r), 200);
	int64_t seq = jv_get_int(r.json, "message_seq", 0);
	CHECK(!jv_get_bool(r.json, "duplicate", false));
	EQ(say(&w, id, token, QUESTION, &r), 200);
	CHECK(jv_get_bool(r.json, "duplicate", false));
	EQ(jv_get_int(r.json, "message_seq", 0), seq);
	HAS(jv_get_str(r.json, "reply"), "30 days");
	CHECK(aw_restart(&w));                           /* and after a restart */
	EQ(say(&w, id, token, QUESTION, &r), 200);
	CHECK(jv_get_bool(r.json, "duplicate", false));
	EQ(jv_get_int(r.json, "message_seq", 0), seq);
	HAS(jv_get_str(r.json, "reply"), "30 days");
	EQ(say(&w, id, token,
	       "{\"text\":\"How long does delivery take?\",\"client_id\":\"c-2\"}", &r),
	   200);
	HAS(jv_get_str(r.json, "reply"), "two to four");
	EQ(events(&w, id, token, 0, &r), 200);
	EQ(kinds(&r, "turn.customer"), 2);
	EQ(kinds(&r, "conversation.resumed"), 1);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_rest_same_message_from_many_at_once_is_one)
{
	struct aw w = { .group_ms = 30 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], line[128];
	int fd[8], fresh = 0;
	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token));
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/messages", id);
	for (int i = 0; i < 8; i++)
		fd[i] = http_send(&w, line, token, NULL, sv_of(QUESTION));
	for (int i = 0; i < 8; i++) {
		http_read(fd[i], &r);
		EQ(r.status, 200);
		HAS(jv_get_str(r.json, "reply"), "30 days");
		fresh += !jv_get_bool(r.json, "duplicate", false);
	}
	EQ(fresh, 1);
	EQ(events(&w, id, token, 0, &r), 200);
	EQ(kinds(&r, "turn.customer"), 1);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_rest_idempotency_key_of_a_message)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], line[128];
	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token));
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/messages", id);
	const char *ask = "{\"text\":\"How long may I return goods?\"}",
		   *other = "{\"text\":\"Where is my parcel?\"}";
	for (int again = 0; again < 3; again++) {
		EQ(http_with(&w, line, token, "Idempotency-Key: k1\r\n", ask, &r), 200);
		EQ(jv_get_bool(r.json, "duplicate", false), again > 0);
		HAS(jv_get_str(r.json, "reply"), "30 days");
		EQ(http_with(&w, line, token, "Idempotency-Key: k1\r\n", other, &r), 422);
		CHECK(is_problem(&r));
		if (again == 1)
			CHECK(aw_restart(&w));
	}
	EQ(http_with(&w, line, token, "Idempotency-Key: k2\r\n", other, &r), 200);
	CHECK(!jv_get_bool(r.json, "duplicate", false));
	EQ(http_with(&w, line, token, "Idempotency-Key: k\x01\r\n", other, &r), 400);
	EQ(events(&w, id, token, 0, &r), 200);
	EQ(kinds(&r, "turn.customer"), 2);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_rest_idempotency_key_of_a_beginning)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[27] = "", key[] = "Idempotency-Key: 5b1f0c1e-7d1c-4a3c-9a55\r\n";
	const char *body = "{\"language\":\"en\",\"text\":\"How long may I return goods?\"}";
	CHECK(aw_up(&w));
	for (int again = 0; again < 3; again++) {
		EQ(http_with(&w, "POST /api/v1/conversations", NULL, key, body, &r), 201);
		HAS(jv_as_str(jv_path(r.json, "reply.reply")), "30 days");
		CHECK(jv_get_str(r.json, "greeting").n > 0);
		if (!again)
			snprintf(id, sizeof(id), SV_FMT, SV_ARG(jv_get_str(r.json, "id")));
		SV_EQ(jv_get_str(r.json, "id"), id);
		EQ(jv_get_bool(r.json, "duplicate", false), again > 0);
		EQ(http_with(&w, "POST /api/v1/conversations", NULL, key,
			     "{\"language\":\"zh\"}", &r),
		   422);
		if (again == 1)
			CHECK(aw_restart(&w));
	}
	EQ(http_with(&w, "POST /api/v1/conversations", NULL, "Idempotency-Key: short\r\n", body,
		     &r),
	   400);
	CHECK(is_problem(&r));
	EQ(http(&w, "GET /api/v1/conversations", aw_token(&w, "supervisor"), NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_rest_tokens_open_only_their_own_door)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char a[27], b[27], ta[API_TOKEN_MAX], tb[API_TOKEN_MAX], line[160], bent[API_TOKEN_MAX];
	CHECK(aw_up(&w));
	CHECK(begin(&w, a, ta) && begin(&w, b, tb));
	EQ(events(&w, a, tb, 0, &r), 403);
	CHECK(is_problem(&r));
	EQ(say(&w, a, tb, "{\"text\":\"x\"}", &r), 403);
	EQ(events(&w, a, NULL, 0, &r), 401);
	HAS(sb_sv(&r.head), "WWW-Authenticate: Bearer");
	EQ(say(&w, a, NULL, "{\"text\":\"x\"}", &r), 401);
	EQ(say(&w, a, aw_token(&w, "admin"), "{\"text\":\"x\"}", &r),
	   403); /* nobody speaks for the customer */
	EQ(events(&w, a, aw_token(&w, "supervisor"), 0, &r), 200);
	EQ(events(&w, a, aw_token(&w, "visitor"), 0, &r), 403);
	snprintf(bent, sizeof(bent), "%s", ta);
	bent[10] = bent[10] == 'A' ? 'B' : 'A';
	EQ(events(&w, a, bent, 0, &r), 401);
	static const char *const staff[] = { "GET /api/v1/conversations",
					     "GET /api/v1/health",
					     "GET /api/v1/articles",
					     "GET /api/v1/me",
					     "GET /api/v1/articles/returns.en",
					     "POST /api/v1/kb/search",
					     "POST /api/v1/bot/turn" };
	for (size_t i = 0; i < sizeof(staff) / sizeof(*staff); i++) {
		EQ(http(&w, staff[i], NULL, "{}", &r), 401);
		CHECK(is_problem(&r));
		EQ(http(&w, staff[i], ta, "{}", &r), 401);   /* a customer is no user */
		EQ(http(&w, staff[i], aw_token(&w, "visitor"), "{}", &r), 403);
	}
	snprintf(line, sizeof(line), "GET /api/v1/conversations/%s/recording", a);
	EQ(http(&w, line, ta, NULL, &r), 401);
	EQ(http(&w, line, aw_token(&w, "supervisor"), NULL, &r), 404);
	CHECK(is_problem(&r));
	char old[API_TOKEN_MAX];
	CHECK(api_token_make(w.api, "user", SV("admin:x"), clk_wall_ms() - 1, old, sizeof(old)));
	EQ(http(&w, "GET /api/v1/me", old, NULL, &r), 401);
	resp_done(&r);
	aw_down(&w);
}

static bool has_word(const jv *list, const char *what)
{
	for (size_t i = 0; i < jv_len(list); i++)
		if (sv_eq(jv_as_str(jv_at(list, i)), sv_of(what)))
			return true;
	return false;
}

TEST(api_rest_login_and_its_brake)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char token[API_TOKEN_MAX];
	CHECK(aw_up(&w));
	OK(api_user_put(w.store, SV("ada"), SV("Ada"), SV("supervisor"), SV("correct horse"),
			false, NULL));
	EQ(api_user_put(w.store, SV("ada"), SV("Ada"), SV("admin"), SV("another one"), false,
			NULL),
	   ERR_EXISTS);
	EQ(api_user_put(w.store, SV("a:b"), SV("x"), SV("admin"), SV("another one"), false,
			NULL),
	   ERR_INVAL);
	EQ(http(&w, "POST /api/v1/auth/login", NULL,
		"{\"login\":\"ada\",\"password\":\"correct horse\"}", &r),
	   200);
	snprintf(token, sizeof(token), SV_FMT, SV_ARG(jv_get_str(r.json, "token")));
	SV_EQ(jv_as_str(jv_path(r.json, "user.role")), "supervisor");
	CHECK(has_word(jv_get(jv_get(r.json, "user"), "may"), "report.read"));
	CHECK(!has_word(jv_get(jv_get(r.json, "user"), "may"), "user.manage"));
	EQ(http(&w, "GET /api/v1/me", token, NULL, &r), 200);
	SV_EQ(jv_get_str(r.json, "login"), "ada");
	SV_EQ(jv_get_str(r.json, "name"), "Ada");
	CHECK(has_word(jv_get(r.json, "may"), "desk.open"));
	CHECK(!has_word(jv_get(r.json, "may"), "user.manage"));
	EQ(http(&w, "POST /api/v1/auth/login", NULL, "{\"login\":\"ada\"}", &r), 400);
	EQ(http(&w, "POST /api/v1/auth/login", NULL, "[1]", &r), 400);
	CHECK(is_problem(&r));
	int wrong = 0;
	while (wrong < 20 && http(&w, "POST /api/v1/auth/login", NULL,
				  wrong % 2 ? "{\"login\":\"ada\",\"password\":\"wrong\"}" :
				  "{\"login\":\"nobody\",\"password\":\"wrong\"}", &r) == 401)
		wrong++;
	EQ(r.status, 429);
	CHECK(wrong >= 5 && wrong < 10);
	CHECK(is_problem(&r));
	HAS(sb_sv(&r.head), "Retry-After: ");
	EQ(http(&w, "POST /api/v1/auth/login", NULL,
		"{\"login\":\"ada\",\"password\":\"correct horse\"}", &r),
	   429);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_rest_bad_bodies_are_problems)
{
	static const struct {
		const char *body;
		int status;
	} begins[] = {
		{ "{", 400 },
		{ "[]", 400 },
		{ "{\"channel\":\"fax\"}", 400 },
		{ "{\"channel\":7}", 400 },
		{ "{\"text\":7}", 400 },
		{ "{\"customer\":\"Li\"}", 400 },
		{ "{\"customer\":{\"name\":7}}", 400 },
		{ "{\"language\":\"0123456789012345678901234567890123456789\"}", 400 },
		{ "{\"a\":1,\"a\":2}", 400 },
		{ "{\"text\":\"\xff\"}", 400 },
	};
	static const char *const texts[] = { "{}", "{\"text\":\"\"}", "{\"text\":\"  \"}",
					     "{\"text\":[]}",
					     "{\"text\":\"x\",\"client_id\":7}" };
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct sb long_text;
	char id[27], token[API_TOKEN_MAX];
	CHECK(aw_up(&w));
	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++) {
		EQ(http(&w, "POST /api/v1/conversations", NULL, begins[i].body, &r),
		   begins[i].status);
		CHECK(is_problem(&r));
	}
	CHECK(begin(&w, id, token));
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		EQ(say(&w, id, token, texts[i], &r), 400);
		CHECK(is_problem(&r));
	}
	sb_init(&long_text, LIM_SB);
	sb_cstr(&long_text, "{\"text\":\"");
	for (int i = 0; i < LIM_TEXT_MSG + 1; i++)
		sb_cstr(&long_text, "长");
	sb_cstr(&long_text, "\"}");
	EQ(say(&w, id, token, sb_str(&long_text), &r), 413);
	EQ(http(&w, "POST /api/v1/conversations", NULL, sb_str(&long_text), &r), 413);
	EQ(http(&w, "POST /api/v1/bot/turn", aw_token(&w, "admin"), sb_str(&long_text), &r), 413);
	sb_done(&long_text);
	EQ(say(&w, "01ARZ3NDEKTSV4RRFFQ69G5FAV", token, "{\"text\":\"x\"}", &r), 403);
	char nowhere[API_TOKEN_MAX];
	CHECK(api_token_make(w.api, "conv", SV("01ARZ3NDEKTSV4RRFFQ69G5FAV"), 0, nowhere,
			     sizeof(nowhere)));
	EQ(say(&w, "01ARZ3NDEKTSV4RRFFQ69G5FAV", nowhere, "{\"text\":\"x\"}", &r), 404);
	CHECK(is_problem(&r));
	resp_done(&r);
	aw_down(&w);
}

TEST(api_rest_caps_on_open_conversations)
{
	struct aw w = { .o = { .chats_per_addr = 3, .chats_max = 5 } };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], line[128];
	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token) && begin(&w, id, token) && begin(&w, id, token));
	EQ(http(&w, "POST /api/v1/conversations", NULL, "{}", &r), 429);
	CHECK(is_problem(&r));
	HAS(sb_sv(&r.head), "Retry-After: ");
	const char *user = aw_token(&w, "agent");
	EQ(http(&w, "POST /api/v1/conversations", user, "{}", &r), 201);
	EQ(http(&w, "POST /api/v1/conversations", user, "{}", &r), 201);
	EQ(http(&w, "POST /api/v1/conversations", user, "{}", &r), 503);
	CHECK(is_problem(&r));
	HAS(sb_sv(&r.head), "Retry-After: ");
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/close", id);
	EQ(http(&w, line, token, "", &r), 200);
	EQ(http(&w, "POST /api/v1/conversations", NULL, "{}", &r), 201);
	EQ(http(&w, "POST /api/v1/conversations", NULL, "{}", &r), 503);
	resp_done(&r);
	aw_down(&w);
}

/* Chats that were walked away from do not shut out whoever comes from the same address later. */
TEST(api_rest_left_conversations_hold_no_place)
{
	const struct timespec pause = { 0, 50 * 1000000 };
	struct aw w = { .o = { .chats_per_addr = 2, .chat_held_ms = 2000 } };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX];
	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token) && begin(&w, id, token));
	EQ(http(&w, "POST /api/v1/conversations", NULL, "{}", &r), 429);
	int status = 429;
	for (int i = 0; i < 600 && status == 429; i++) {
		nanosleep(&pause, NULL);
		EQ(say(&w, id, token, "{\"text\":\"hello\"}", &r), 200); /* one is still there */
		status = http(&w, "POST /api/v1/conversations", NULL, "{}", &r);
	}
	EQ(status, 201);
	EQ(http(&w, "POST /api/v1/conversations", NULL, "{}", &r), 429);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_rest_texts_have_a_rate)
{
	struct aw w = { .o = { .msgs_per_s = 1 } };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX];
	int refused = 0;
	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token));
	for (int i = 0; i < 4; i++) {
		int status = say(&w, id, token, "{\"text\":\"hello\"}", &r);
		CHECK(status == 200 || status == 429);
		refused += status == 429;
	}
	CHECK(refused >= 1);
	CHECK(refused <= 2);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_rest_lists_go_by_pages)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], line[160], seen[8][27];
	int n = 0;
	CHECK(aw_up(&w));
	for (int i = 0; i < 5; i++)
		CHECK(begin(&w, id, token));
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/close", id);
	EQ(http(&w, line, token, "", &r), 200);
	store_flush(w.store);
	const char *user = aw_token(&w, "supervisor");
	snprintf(line, sizeof(line), "GET /api/v1/conversations?limit=2");
	for (int page = 0; page < 3; page++) {
		EQ(http(&w, line, user, NULL, &r), 200);
		const jv *items = jv_get(r.json, "items");
		EQ(jv_len(items), page < 2 ? 2 : 1);
		for (size_t i = 0; i < jv_len(items); i++) {
			for (int k = 0; k < n; k++)
				CHECK(!sv_eq(sv_of(seen[k]), jv_get_str(jv_at(items, i), "id")));
			snprintf(seen[n++], 27, SV_FMT, SV_ARG(jv_get_str(jv_at(items, i), "id")));
		}
		EQ(jv_is_null(jv_get(r.json, "next_cursor")), page == 2);
		snprintf(line, sizeof(line), "GET /api/v1/conversations?limit=2&cursor=" SV_FMT,
			 SV_ARG(jv_get_str(r.json, "next_cursor")));
	}
	EQ(http(&w, "GET /api/v1/conversations?state=live", user, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 4);
	EQ(http(&w, "GET /api/v1/conversations?state=closed", user, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	EQ(http(&w, "GET /api/v1/conversations?channel=phone", user, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 0);
	EQ(http(&w, "GET /api/v1/conversations?state=odd", user, NULL, &r), 400);
	EQ(http(&w, "GET /api/v1/conversations?cursor=1.2.3", user, NULL, &r), 400);
	CHECK(is_problem(&r));
	resp_done(&r);
	aw_down(&w);
}

TEST(api_rest_known_state_is_304)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	char line[160], tag[64];
	CHECK(aw_up(&w));
	const char *user = aw_token(&w, "agent");
	EQ(http(&w, "GET /api/v1/articles/returns.en", user, NULL, &r), 200);
	ptrdiff_t at = sv_find(sb_sv(&r.head), SV("ETag: "));
	CHECK(at > 0);
	sv rest = sv_slice(sb_sv(&r.head), (size_t)at + 6, r.head.n), one;
	CHECK(sv_line(&rest, &one));
	snprintf(tag, sizeof(tag), "If-None-Match: \"x\", " SV_FMT "\r\n", SV_ARG(one));
	EQ(http_with(&w, "GET /api/v1/articles/returns.en", user, tag, NULL, &r), 304);
	EQ(r.body.n, 0);
	EQ(http_with(&w, "GET /api/v1/articles/delivery.en", user, tag, NULL, &r), 200);
	char id[27], token[API_TOKEN_MAX];
	CHECK(begin(&w, id, token));
	store_flush(w.store);
	snprintf(line, sizeof(line), "GET /api/v1/conversations/%s", id);
	EQ(http(&w, line, token, NULL, &r), 200);
	HAS(sb_sv(&r.head), "ETag: \"");
	resp_done(&r);
	aw_down(&w);
}

TEST(api_rest_knowledge_from_outside)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	CHECK(aw_up(&w));
	const char *user = aw_token(&w, "agent");
	EQ(http(&w, "POST /api/v1/kb/search", user,
		"{\"query\":\"how long may I return goods\",\"k\":2}", &r),
	   200);
	SV_EQ(jv_as_str(jv_path(r.json, "hits.0.article_id")), "returns.en");
	CHECK(jv_is_num(jv_path(r.json, "hits.0.why.bm25")));
	SV_EQ(jv_as_str(jv_path(r.json, "hits.0.audience")), "public");
	CHECK(jv_get_bool(r.json, "answerable", false));
	EQ(http(&w, "POST /api/v1/kb/search", user, "{\"query\":\"\"}", &r), 400);
	EQ(http(&w, "POST /api/v1/bot/turn", user, "{\"text\":\"退货期限是多久？\"}", &r), 200);
	HAS(jv_get_str(r.json, "reply"), "30");
	SV_EQ(jv_get_str(r.json, "language"), "zh");
	EQ(http(&w, "POST /api/v1/bot/turn", user, "{\"text\":\" \"}", &r), 400);
	EQ(http(&w, "GET /api/v1/articles?limit=2", user, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 2);
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.id")), "delivery.en");
	char line[128];
	snprintf(line, sizeof(line), "GET /api/v1/articles?limit=2&cursor=" SV_FMT,
		 SV_ARG(jv_get_str(r.json, "next_cursor")));
	EQ(http(&w, line, user, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.id")), "returns.zh");
	CHECK(jv_is_null(jv_get(r.json, "next_cursor")));
	EQ(http(&w, "GET /api/v1/articles?q=DELIVERY", user, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	EQ(http(&w, "GET /api/v1/articles?q=%25", user, NULL, &r), 200);    /* no wild card */
	EQ(jv_len(jv_get(r.json, "items")), 0);
	EQ(http(&w, "GET /api/v1/articles?lang=zh", user, NULL, &r), 200);
	EQ(jv_len(jv_get(r.json, "items")), 1);
	EQ(http(&w, "GET /api/v1/articles/returns.en", user, NULL, &r), 200);
	HAS(jv_get_str(r.json, "body_md"), "30 days");
	EQ(http(&w, "GET /api/v1/articles/nothing", user, NULL, &r), 404);
	CHECK(is_problem(&r));
	resp_done(&r);
	aw_down(&w);
}
