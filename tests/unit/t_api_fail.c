/* When things go wrong: rows that cannot be written, models that stall, conversations that end
 * in the middle. */
#include "t_api_world.h"

static const char STALL[] = "[{\"say\":[\"Let me \"],\"fail\":\"stall\",\"delay_ms\":5}]";
static const char PIECES[] = "[{\"say\":[\"You may return unused goods \",\"within 30 days of "
			     "delivery [1].\"],\"delay_ms\":10}]";

static int take_seq(void *arg, struct store_db *db)
{
	struct store_event *ev = arg;
	return store_event_put(db, ev);
}

/* The row's number is taken already, so the scribe refuses it: no acknowledgement, and the
 * client's next try with the same id is a first one. */
TEST(api_fail_row_that_is_refused_can_be_sent_again)
{
	struct aw w = { 0 };
	struct resp r = { 0 };
	struct wsc c;
	char id[27], token[API_TOKEN_MAX], text[API_TOKEN_MAX + 160];
	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token));
	struct store_event ev = {
		.conversation = sv_of(id), .seq = 3, .kind = SV("test"), .ts_ms = 1
	};
	OK(store_write(w.store, take_seq, &ev, NULL, NULL));
	OK(store_flush(w.store));
	CHECK(wsc_open(&w, &c, "/ws/chat"));
	snprintf(text, sizeof(text),
		 "{\"op\":\"session.resume\",\"data\":{\"id\":\"%s\",\"token\":\"%s\","
		 "\"after\":3}}",
		 id, token);
	wsc_send(&c, text);
	CHECK(wsc_wait(&w, &c, "session") != NULL);
	EQ(say(&w, id, token,
	       "{\"text\":\"How long may I return goods?\",\"client_id\":\"f1\"}", &r),
	   503);
	CHECK(is_problem(&r));
	const jv *f = wsc_wait(&w, &c, "error");
	CHECK(f && sv_eq(jv_as_str(jv_path(f, "data.client_id")), SV("f1")));
	SV_EQ(jv_as_str(jv_path(f, "data.code")), "not_saved");
	CHECK(!wsc_find(&c, "ack", 0));
	EQ(say(&w, id, token,
	       "{\"text\":\"How long may I return goods?\",\"client_id\":\"f1\"}", &r),
	   200);
	CHECK(!jv_get_bool(r.json, "duplicate", false));
	CHECK(wsc_wait(&w, &c, "ack") != NULL);
	wsc_close(&w, &c);
	resp_done(&r);
	aw_down(&w);
}

/* A reply that takes too long: 202, the message is on disk, the reply follows among the events. */
TEST(api_fail_slow_reply_is_202_and_comes_later)
{
	struct aw w = { .script = STALL, .o = { .reply_ms = 300 },
			.limits = { .model_first_ms = 1200, .model_total_ms = 1500 } };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX];
	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token));
	EQ(say(&w, id, token,
	       "{\"text\":\"How long may I return goods?\",\"client_id\":\"s1\"}", &r),
	   202);
	CHECK(jv_get_bool(r.json, "pending", false));
	int64_t seq = jv_get_int(r.json, "message_seq", 0);
	CHECK(seq > 0);
	while (say(&w, id, token,
		   "{\"text\":\"How long may I return goods?\",\"client_id\":\"s1\"}",
		   &r) == 202)
		EQ(jv_get_int(r.json, "message_seq", 0), seq);
	EQ(r.status, 200);
	CHECK(jv_get_bool(r.json, "duplicate", false));
	HAS(jv_get_str(r.json, "reply"), "30 days");
	EQ(events(&w, id, token, 0, &r), 200);
	EQ(kinds(&r, "turn.customer"), 1);
	EQ(http(&w, "POST /api/v1/bot/turn", aw_token(&w, "admin"),
		"{\"text\":\"How long may I return goods?\"}", &r),
	   504);
	CHECK(is_problem(&r));
	resp_done(&r);
	aw_down(&w);
}

TEST(api_fail_not_on_disk_in_time_is_504)
{
	struct aw w = { .o = { .reply_ms = 200 }, .group_ms = 1500 };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX];
	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token));
	EQ(say(&w, id, token,
	       "{\"text\":\"How long may I return goods?\",\"client_id\":\"d1\"}", &r),
	   504);
	CHECK(is_problem(&r));
	store_flush(w.store);
	EQ(http(&w, "GET /healthz", NULL, NULL, &r),
	   200); /* the door has its acknowledgement now */
	EQ(say(&w, id, token,
	       "{\"text\":\"How long may I return goods?\",\"client_id\":\"d1\"}", &r),
	   202);
	CHECK(jv_get_bool(r.json, "duplicate", false));
	CHECK(jv_get_int(r.json, "message_seq", 0) > 0);
	EQ(events(&w, id, token, 0, &r), 200);
	EQ(kinds(&r, "turn.customer"), 1);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_fail_conversation_ends_while_a_reply_is_made)
{
	struct aw w = { .script = STALL };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], line[128];
	int fd[3];
	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token));
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/messages", id);
	for (int i = 0; i < 3; i++)
		fd[i] = http_send(&w, line, token, NULL,
				  SV("{\"text\":\"How long may I return goods?\"}"));
	do                               /* all three are under way when three rows are there */
		EQ(events(&w, id, token, 0, &r), 200);
	while (kinds(&r, "turn.customer") < 3);
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/close", id);
	EQ(http(&w, line, token, "", &r), 200);
	for (int i = 0; i < 3; i++) {
		http_read(fd[i], &r);
		EQ(r.status, 410);
		CHECK(is_problem(&r));
	}
	resp_done(&r);
	aw_down(&w);
}

TEST(api_fail_stop_while_models_write)
{
	struct aw w = { .script = STALL };
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], line[128];
	int fd[6];
	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token));
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/messages", id);
	for (int i = 0; i < 6; i++)
		fd[i] = i % 2 ? http_send(&w, line, token, NULL,
					  SV("{\"text\":\"How long may I return goods?\"}")) :
				http_send(&w, "POST /api/v1/bot/turn", aw_token(&w, "admin"),
					  NULL,
					  SV("{\"text\":\"How long may I return goods?\"}"));
	do
		EQ(events(&w, id, token, 0, &r), 200);
	while (kinds(&r, "turn.customer") < 3);
	aw_down(&w);
	for (int i = 0; i < 6; i++) {
		http_read(fd[i], &r);
		CHECK(r.status == 0 || r.status == 503);
	}
	resp_done(&r);
}

TEST(api_fail_pieces_come_before_their_row)
{
	struct aw w = { .script = PIECES };
	struct wsc c;
	CHECK(aw_up(&w) && wsc_open(&w, &c, "/ws/chat"));
	wsc_send(&c, "{\"op\":\"session.start\",\"data\":{\"language\":\"en\"}}");
	wsc_send(&c, "{\"op\":\"message.send\",\"data\":{\"text\":\"How long may I return "
		     "goods?\",\"client_id\":\"p\"}}");
	const jv *delta = wsc_wait(&w, &c, "delta");
	CHECK(delta && jv_as_str(jv_path(delta, "data.text")).n > 0);
	CHECK(!jv_is_null(wsc_wait(&w, &c, "ack")));
	size_t at = 0;
	while (c.frames.v[at] != delta)
		at++;
	c.from = at;
	const jv *row = wsc_wait(&w, &c, "event:turn.bot");
	HAS(jv_as_str(jv_path(row, "data.body.text")), "30 days");
	wsc_close(&w, &c);
	aw_down(&w);
}

/* The second try comes between reply and acknowledgement: it must not wait for a reply that has
 * passed. */
TEST(api_fail_second_try_between_reply_and_ack)
{
	struct aw w = { .group_ms = 400 };
	struct resp r = { 0 };
	struct wsc c;
	char id[27], token[API_TOKEN_MAX], line[128], text[API_TOKEN_MAX + 160];
	static const char body[] =
		"{\"text\":\"How long may I return goods?\",\"client_id\":\"b1\"}";
	int fd[2];
	CHECK(aw_up(&w));
	CHECK(begin(&w, id, token));
	CHECK(wsc_open(&w, &c, "/ws/chat"));
	snprintf(text, sizeof(text),
		 "{\"op\":\"session.resume\",\"data\":{\"id\":\"%s\",\"token\":\"%s\"}}", id,
		 token);
	wsc_send(&c, text);
	CHECK(wsc_wait(&w, &c, "event:turn.bot") !=
	      NULL); /* the greeting: the replay is through */
	c.from = c.frames.n;
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/messages", id);
	fd[0] = http_send(&w, line, token, NULL, sv_of(body));
	CHECK(wsc_wait(&w, &c, "event:turn.bot") != NULL);
	CHECK(!wsc_find(&c, "ack", 0));                   /* not on disk yet */
	fd[1] = http_send(&w, line, token, NULL, sv_of(body));
	for (int i = 0; i < 2; i++) {
		http_read(fd[i], &r);
		EQ(r.status, 200);
		EQ(jv_get_bool(r.json, "duplicate", false), i == 1);
		HAS(jv_get_str(r.json, "reply"), "30 days");
	}
	wsc_close(&w, &c);
	resp_done(&r);
	aw_down(&w);
}
