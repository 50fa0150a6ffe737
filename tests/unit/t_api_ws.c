/* Sockets: a customer's chat with replay and restarts, the consoles' feed, the door of spoken
 * conversations. */
#include "t_api_world.h"

static void start(struct aw *w, struct wsc *c, char id[27], char token[API_TOKEN_MAX])
{
	wsc_send(c, "{\"op\":\"session.start\",\"data\":{\"language\":\"en\"}}");
	const jv *f = wsc_wait(w, c, "session");
	snprintf(id, 27, SV_FMT, SV_ARG(jv_as_str(jv_path(f, "data.id"))));
	snprintf(token, API_TOKEN_MAX, SV_FMT, SV_ARG(jv_as_str(jv_path(f, "data.token"))));
}

static void resume(struct wsc *c, const char *id, const char *token, int64_t after)
{
	char text[API_TOKEN_MAX + 160];
	snprintf(text, sizeof(text),
		 "{\"op\":\"session.resume\",\"data\":{\"id\":\"%s\",\"token\":\"%s\","
		 "\"after\":%lld}}",
		 id, token, (long long)after);
	wsc_send(c, text);
}

static void send_text(struct wsc *c, const char *client_id, const char *text)
{
	char frame[512];
	snprintf(frame, sizeof(frame),
		 "{\"op\":\"message.send\",\"data\":{\"client_id\":\"%s\",\"text\":\"%s\"}}",
		 client_id, text);
	wsc_send(c, frame);
}

static bool says(const jv *f, const char *path, const char *want)
{
	return f && sv_eq(jv_as_str(jv_path(f, path)), sv_of(want));
}

TEST(api_ws_start_ask_and_ack_after_commit)
{
	struct aw w = { .group_ms = 20 };
	struct wsc c;
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX];
	CHECK(aw_up(&w) && wsc_open(&w, &c, "/ws/chat"));
	start(&w, &c, id, token);
	CHECK(id_ok(sv_of(id)));
	CHECK(wsc_wait(&w, &c, "event:turn.bot") != NULL);
	send_text(&c, "m1", "How long may I return goods?");
	const jv *ack = wsc_wait(&w, &c, "ack");
	CHECK(says(ack, "data.client_id", "m1"));
	/* the row is in the database when its ack arrives, without any flush */
	int64_t seq = jv_as_int(jv_path(ack, "data.seq"), 0);
	EQ(events(&w, id, token, seq - 1, &r), 200);
	SV_EQ(jv_as_str(jv_path(r.json, "items.0.body.client_id")), "m1");
	EQ(jv_as_int(jv_path(r.json, "items.0.seq"), 0), seq);
	c.from = 2;
	const jv *reply = wsc_wait(&w, &c, "event:turn.customer");
	CHECK(reply != NULL);
	size_t before = c.frames.n;
	send_text(&c, "m1",
		  "How long may I return goods?"); /* again: the same ack, no second turn */
	c.from = before;
	CHECK(says(wsc_wait(&w, &c, "ack"), "data.client_id", "m1"));
	wsc_send(&c, "{\"op\":\"ping\"}");
	CHECK(wsc_wait(&w, &c, "pong") != NULL);
	CHECK(!wsc_find(&c, "event", before));
	c.from = 0;
	EQ(wsc_in_order(&c, 0), 4);
	wsc_close(&w, &c);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_ws_two_resume_at_once_after_a_restart)
{
	struct aw w = { .group_ms = 10 };
	struct wsc c, d, e;
	char id[27], token[API_TOKEN_MAX];
	CHECK(aw_up(&w) && wsc_open(&w, &c, "/ws/chat"));
	start(&w, &c, id, token);
	send_text(&c, "m1", "How long may I return goods?");
	CHECK(wsc_wait(&w, &c, "ack") != NULL);
	aw_stop(&w);
	w.api = NULL;
	CHECK(wsc_gone(&w, &c));
	wsc_close(&w, &c);
	CHECK(aw_up(&w));
	CHECK(wsc_open(&w, &d, "/ws/chat") && wsc_open(&w, &e, "/ws/chat"));
	resume(&d, id, token, 0);
	resume(&e, id, token, 2);
	send_text(&d, "m2", "How long does delivery take?");    /* while it is loading */
	send_text(&e, "m1", "How long may I return goods?");    /* not a second time */
	CHECK(says(wsc_wait(&w, &d, "session"), "data.id", id));
	CHECK(wsc_wait(&w, &e, "session") != NULL);
	CHECK(wsc_wait(&w, &d, "event:conversation.resumed") != NULL);
	const jv *ack = wsc_wait(&w, &e, "ack");
	CHECK(ack != NULL);
	CHECK(says(ack, "data.client_id", "m1") || says(ack, "data.client_id", "m2"));
	struct resp r = { 0 };
	EQ(events(&w, id, token, 0, &r), 200);
	EQ(kinds(&r, "turn.customer"), 2);
	resp_done(&r);
	char line[128];
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/close", id);
	EQ(http(&w, line, token, "", &r), 200);
	CHECK(says(wsc_wait(&w, &d, "closed"), "data.reason", "closed"));
	CHECK(says(wsc_wait(&w, &e, "closed"), "data.reason", "closed"));
	send_text(&e, "m3", "still there?");
	CHECK(says(wsc_wait(&w, &e, "error"), "data.code", "closed"));
	/* every row once, in order, the last one included */
	CHECK(wsc_find(&d, "event:conversation.closed", 0) != NULL);
	int64_t last = wsc_in_order(&d, 0);
	CHECK(last >= 8);
	EQ(wsc_in_order(&e, 2), last);
	resp_done(&r);
	wsc_close(&w, &d);
	wsc_close(&w, &e);
	aw_down(&w);
}

TEST(api_ws_resume_of_an_open_chat_while_rows_come)
{
	struct aw w = { .group_ms = 10 };
	struct wsc c, late[4];
	char id[27], token[API_TOKEN_MAX], text[32], cid[16];
	CHECK(aw_up(&w) && wsc_open(&w, &c, "/ws/chat"));
	start(&w, &c, id, token);
	for (int i = 0; i < 4; i++) {
		CHECK(wsc_open(&w, &late[i], "/ws/chat"));
		resume(&late[i], id, token, i);
		for (int k = 0; k < 5; k++) {
			snprintf(cid, sizeof(cid), "x%d-%d", i, k);
			snprintf(text, sizeof(text), "question %d", i * 5 + k);
			send_text(&c, cid, text);
		}
	}
	int64_t last = 3 + 2 * 20; /* opened, greeting, twenty turns, a person offered */
	for (int i = 0; i < 4; i++) {
		while (wsc_in_order(&late[i], i) >= 0 && wsc_in_order(&late[i], i) < last &&
		       !late[i].closed) {
			late[i].from = 0;
			loop_run_once(w.loop, 20);
		}
		EQ(wsc_in_order(&late[i], i), last);
	}
	EQ(wsc_in_order(&c, 0), last);
	wsc_close(&w, &c);
	for (int i = 0; i < 4; i++)
		wsc_close(&w, &late[i]);
	aw_down(&w);
}

TEST(api_ws_long_replays_go_in_pages)
{
	struct aw w = { .o = { .msgs_per_s = 1000 }, .group_ms = 5 };
	struct wsc c, d;
	char id[27], token[API_TOKEN_MAX], cid[16];
	CHECK(aw_up(&w) && wsc_open(&w, &c, "/ws/chat"));
	start(&w, &c, id, token);
	for (int i = 0; i < 190; i++) {
		snprintf(cid, sizeof(cid), "n%d", i);
		send_text(&c, cid, "How long may I return goods?");
		c.from = c.frames.n;
		CHECK(wsc_wait(&w, &c, "ack") != NULL);
	}
	CHECK(wsc_open(&w, &d, "/ws/chat"));
	resume(&d, id, token, 0);
	while (wsc_in_order(&d, 0) < 382 && !d.closed)
		loop_run_once(w.loop, 20);
	EQ(wsc_in_order(&d, 0), 382);
	wsc_close(&w, &c);
	wsc_close(&w, &d);
	aw_down(&w);
}

TEST(api_ws_refusals_have_codes)
{
	static const struct {
		const char *frame, *code;
	} bad[] = {
		{ "hello", "bad_frame" },
		{ "[]", "bad_frame" },
		{ "{\"op\":\"session.end\"}", "bad_frame" },
		{ "{\"op\":7}", "bad_frame" },
		{ "{\"op\":\"message.send\",\"data\":{\"text\":\"x\"}}", "no_session" },
		{ "{\"op\":\"session.resume\",\"data\":{\"id\":\"x\",\"token\":\"y\"}}",
		  "denied" },
		{ "{\"op\":\"session.resume\"}", "denied" },
		{ "{\"op\":\"session.start\",\"data\":{\"customer\":7}}", "bad_frame" },
	};
	struct aw w = { 0 };
	struct wsc c;
	char id[27], token[API_TOKEN_MAX], other[API_TOKEN_MAX];
	CHECK(aw_up(&w) && wsc_open(&w, &c, "/ws/chat"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		c.from = c.frames.n;
		wsc_send(&c, bad[i].frame);
		CHECK(says(wsc_wait(&w, &c, "error"), "data.code", bad[i].code));
	}
	CHECK(api_token_make(w.api, "conv", SV("01ARZ3NDEKTSV4RRFFQ69G5FAV"), 0, other,
			     sizeof(other)));
	c.from = c.frames.n;
	resume(&c, "01ARZ3NDEKTSV4RRFFQ69G5FAV", other, 0);
	CHECK(says(wsc_wait(&w, &c, "closed"), "data.reason", "not_found"));
	start(&w, &c, id, token);        /* the socket is good for another one */
	CHECK(id[0]);
	c.from = c.frames.n;
	wsc_send(&c, "{\"op\":\"session.start\"}");
	CHECK(says(wsc_wait(&w, &c, "error"), "data.code", "already_started"));
	c.from = c.frames.n;
	send_text(&c, "e1", " ");
	const jv *f = wsc_wait(&w, &c, "error");
	CHECK(says(f, "data.code", "bad_message") && says(f, "data.client_id", "e1"));
	wsc_close(&w, &c);
	aw_down(&w);
}

TEST(api_ws_caps_hold_for_sockets_too)
{
	struct aw w = { .o = { .chats_per_addr = 2 } };
	struct resp r = { 0 };
	struct wsc c[3];
	char id[27], token[API_TOKEN_MAX];
	CHECK(aw_up(&w));
	for (int i = 0; i < 3; i++)
		CHECK(wsc_open(&w, &c[i], "/ws/chat"));
	start(&w, &c[0], id, token);
	start(&w, &c[1], id, token);
	wsc_send(&c[2], "{\"op\":\"session.start\"}");
	CHECK(says(wsc_wait(&w, &c[2], "error"), "data.code", "full"));
	api_drain(w.api);               /* no place becomes free here: not full, but closing */
	while (http(&w, "GET /readyz", NULL, NULL, &r) == 200)
		;
	c[2].from = c[2].frames.n;
	wsc_send(&c[2], "{\"op\":\"session.start\"}");
	CHECK(says(wsc_wait(&w, &c[2], "error"), "data.code", "busy"));
	resp_done(&r);
	for (int i = 0; i < 3; i++)
		wsc_close(&w, &c[i]);
	aw_down(&w);
}

/* ---- consoles ---- */

TEST(api_ws_console_gets_snapshot_then_rows)
{
	struct aw w = { .group_ms = 20 };
	struct wsc c, d;
	struct resp r = { 0 };
	char id[27], token[API_TOKEN_MAX], path[API_TOKEN_MAX + 32];
	CHECK(aw_up(&w));
	CHECK(!wsc_open(&w, &c, "/ws/supervisor"));
	wsc_close(&w, &c);
	CHECK(begin(&w, id, token));
	snprintf(path, sizeof(path), "/ws/supervisor?token=%s", token);
	CHECK(!wsc_open(&w, &c, path));                 /* a customer sees no console */
	wsc_close(&w, &c);
	snprintf(path, sizeof(path), "/ws/supervisor?token=%s", aw_token(&w, "supervisor"));
	CHECK(wsc_open(&w, &c, path) && wsc_open(&w, &d, path));
	EQ(say(&w, id, token, "{\"text\":\"How long may I return goods?\"}", &r), 200);
	const jv *snap = wsc_wait(&w, &c, "snapshot");
	CHECK(c.frames.n > 0 && c.frames.v[0] == snap);        /* nothing before it */
	CHECK(says(snap, "data.items.0.id", id));
	CHECK(says(wsc_wait(&w, &c, "event:turn.customer"), "data.conversation_id", id));
	CHECK(says(wsc_wait(&w, &c, "event:turn.bot"), "data.actor", "bot"));
	const jv *conv = wsc_wait(&w, &c, "conversation");
	CHECK(says(conv, "data.id", id) && says(conv, "data.state", "open"));
	const jv *stats = wsc_wait(&w, &c, "stats");
	CHECK(jv_as_int(jv_path(stats, "data.live_conversations"), -1) >= 1);
	CHECK(wsc_wait(&w, &d, "snapshot") != NULL);
	wsc_close(&w, &d);
	c.from = c.frames.n;
	snprintf(path, sizeof(path), "POST /api/v1/conversations/%s/close", id);
	EQ(http(&w, path, token, "", &r), 200);
	CHECK(says(wsc_wait(&w, &c, "event:conversation.closed"), "data.conversation_id", id));
	wsc_close(&w, &c);
	resp_done(&r);
	aw_down(&w);
}

TEST(api_ws_console_that_does_not_read_is_let_go)
{
	struct aw w = { .o = { .msgs_per_s = 100000 } };
	struct resp r = { 0 };
	struct sb b;
	int one = 4096;
	CHECK(aw_up(&w));
	int fd = dial(w.port);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &one, sizeof(one));
	sb_init(&b, 8192);
	sb_fmt(&b,
	       "GET /ws/supervisor?token=%s HTTP/1.1\r\nHost: t\r\nUpgrade: "
	       "websocket\r\nConnection: Upgrade\r\n"
	       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
	       "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
	       aw_token(&w, "agent"));
	CHECK(send(fd, b.p, b.n, 0) == (ssize_t)b.n);
	sb_done(&b);
	char big[3000], conv[3100], event[3100];
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	snprintf(conv, sizeof(conv), "{\"id\":\"%s\"}", big);
	snprintf(event, sizeof(event), "{\"seq\":1,\"t\":\"%s\"}", big);
	for (int i = 0; i < 4000; i++) {
		api_feed(w.api, SV("01ARZ3NDEKTSV4RRFFQ69G5FAV"), sv_of(event), sv_of(conv));
		if (i % 500 == 499)      /* the door has taken them when it answers */
			EQ(http(&w, "GET /healthz", NULL, NULL, &r), 200);
	}
	char buf[65536];
	size_t got = 0;
	ssize_t n;
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		got += (size_t)n;
	CHECK(got < 12u << 20);          /* 24 MB were offered */
	EQ(n, 0);
	close(fd);
	resp_done(&r);
	aw_down(&w);
}

/* ---- spoken conversations: the door only; the voice is a double that counts ---- */

struct api_media {
	const struct api_media_cb *cb;
	void *arg;
};
static int opened, heard, keys;
static char spoken[27];

static int m_open(void *arg, struct mbox *door, const struct api_media_who *who,
		  const struct api_media_cb *cb, void *cb_arg, struct api_media **ret)
{
	struct api_media *m = xalloc(sizeof(*m));
	*m = (struct api_media){ cb, cb_arg };
	snprintf(spoken, sizeof(spoken), SV_FMT, SV_ARG(who->id));
	__atomic_add_fetch(&opened, 1, __ATOMIC_SEQ_CST);
	*ret = m;
	return 0;
}

static void m_rx(struct api_media *m, sv pcm)
{
	heard++;
	m->cb->on_text(m->arg, SV("{\"type\":\"partial\",\"data\":{\"text\":\"yes\"}}"));
}

static void m_key(struct api_media *m, char digit)
{
	keys++;
	m->cb->on_closed(m->arg);
}

static void m_close(struct api_media *m)
{
	if (m)
		__atomic_sub_fetch(&opened, 1, __ATOMIC_SEQ_CST);
	xfree(m);
}

TEST(api_ws_media_only_with_its_token_and_once)
{
	static const struct api_media_ops ops = { m_open, m_rx, m_key, m_close };
	struct aw w = { .o = { .media = &ops } };
	struct wsc c;
	struct resp r = { 0 };
	char good[API_TOKEN_MAX + 96], bad[API_TOKEN_MAX + 96], token[API_TOKEN_MAX], id[27],
		line[128];
	opened = heard = keys = 0;
	CHECK(aw_up(&w));
	EQ(http(&w, "POST /api/v1/conversations", NULL,
		"{\"channel\":\"talk\",\"language\":\"e~n:\"}", &r),
	   201);
	snprintf(token, sizeof(token), SV_FMT, SV_ARG(jv_get_str(r.json, "token")));
	snprintf(id, sizeof(id), SV_FMT, SV_ARG(jv_get_str(r.json, "id")));
	snprintf(good, sizeof(good), "/ws/media/" SV_FMT "?token=%s",
		 SV_ARG(jv_get_str(r.json, "interaction_id")), token);
	snprintf(bad, sizeof(bad), "/ws/media/" SV_FMT,
		 SV_ARG(jv_get_str(r.json, "interaction_id")));
	CHECK(!wsc_open(&w, &c, bad));
	wsc_close(&w, &c);
	snprintf(bad, sizeof(bad), "/ws/media/%s?token=%s", id, token);
	CHECK(!wsc_open(&w, &c, bad));
	wsc_close(&w, &c);
	EQ(opened, 0);
	CHECK(wsc_open(&w, &c, good));
	EQ(__atomic_load_n(&opened, __ATOMIC_SEQ_CST), 1);
	STR_EQ(spoken, id);
	struct wsc second;
	CHECK(!wsc_open(&w, &second, good));            /* one token, one conversation */
	wsc_close(&w, &second);
	web_ws_send(c.ws, SV("\0\0\0\0"), true);
	CHECK(wsc_wait(&w, &c, "partial") != NULL);
	wsc_send(&c, "{\"op\":\"dtmf\",\"data\":{\"digit\":\"x\"}}");
	wsc_send(&c, "{\"op\":\"dtmf\",\"data\":{\"digit\":\"5\"}}");
	CHECK(wsc_wait(&w, &c, "closed") != NULL);
	CHECK(wsc_gone(&w, &c));
	EQ(keys, 1);
	EQ(__atomic_load_n(&opened, __ATOMIC_SEQ_CST), 0);
	wsc_close(&w, &c);
	CHECK(!wsc_open(&w, &second, good));            /* nor afterwards */
	wsc_close(&w, &second);
	EQ(say(&w, id, token, "{\"text\":\"x\"}", &r), 409);
	CHECK(is_problem(&r));
	EQ(events(&w, id, token, 0, &r), 200);
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/close", id);
	EQ(http(&w, line, token, "", &r), 409);
	resp_done(&r);
	aw_down(&w);
}
