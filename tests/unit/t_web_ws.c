/* WebSockets: our client against our server, and raw frames against our server. */
#include <stdio.h>
#include "web_help.h"

struct world {
	struct loop *l;
	struct web_srv *s;
	struct web_ws *srv_ws, *cli;
	int opened, closed, cli_opened, cli_closed, code, cli_code, msgs, cli_msgs, drains;
	char reason[128];
	struct sb last;
	bool last_binary;
	int refuse;
	bool greet;
	size_t got_bytes;
};

static int s_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	struct world *w = arg;
	if (w->refuse)
		return w->refuse;
	if (sv_eq(web_req_arg(r, "token"), SV("bad")))
		return 401;
	w->srv_ws = ws;
	w->opened++;
	web_ws_set_user(ws, w);
	if (w->greet)
		web_ws_send(ws, SV("welcome"), false);
	return 0;
}

static void s_msg(struct web_ws *ws, sv msg, bool binary)
{
	struct world *w = web_ws_user(ws);
	w->msgs++;
	if (sv_eq(msg, SV("close me"))) {
		web_ws_close(ws, 4001, SV("as you like"));
		return;
	}
	if (sv_eq(msg, SV("free me"))) {
		web_ws_free(ws);
		w->srv_ws = NULL;
		return;
	}
	web_ws_send(ws, msg, binary);
}

static void s_close(struct web_ws *ws, int code, sv reason)
{
	struct world *w = web_ws_user(ws);
	w->closed++;
	w->code = code;
	w->srv_ws = NULL;
}

static void s_drain(struct web_ws *ws)
{
	((struct world *)web_ws_user(ws))->drains++;
}

static int c_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	struct world *w = arg;
	w->cli_opened++;
	return 0;
}

static void c_msg(struct web_ws *ws, sv msg, bool binary)
{
	struct world *w = web_ws_arg(ws);
	w->cli_msgs++;
	w->got_bytes += msg.n;
	sb_reset(&w->last);
	sb_put(&w->last, msg);
	w->last_binary = binary;
}

static void c_close(struct web_ws *ws, int code, sv reason)
{
	struct world *w = web_ws_arg(ws);
	w->cli_closed++;
	w->cli_code = code;
	memcpy(w->reason, reason.p ? reason.p : "", reason.n);
	w->reason[reason.n] = 0;
	w->cli = NULL;
}

static const struct web_ws_ops s_ops = { s_open, s_msg, s_close, s_drain };
static const struct web_ws_ops c_ops = { c_open, c_msg, c_close, NULL };
static const struct web_ws_route ws_routes[] = { { "/ws/{room}", &s_ops, NULL } };

static bool up(struct world *w, int ping_ms)
{
	struct err e = { 0 };
	memset(w, 0, sizeof *w);
	sb_init(&w->last, 16u << 20);
	w->l = loop_new();
	struct web_srv_opts o = { .ws_routes = ws_routes, .n_ws_routes = 1, .arg = w,
				  .ping_ms = ping_ms };
	return web_srv_open(&w->s, w->l, &o, &e) == 0;
}

static void down(struct world *w)
{
	web_client_done(w->l);
	web_srv_close(w->s);
	sb_done(&w->last);
	loop_free(w->l);
}

static int dial(struct world *w, const char *path, int ping_ms)
{
	char url[200];
	struct err e = { 0 };
	snprintf(url, sizeof url, "ws://127.0.0.1:%d%s", web_srv_port(w->s), path);
	struct web_ws_client_opts o = { .url = url, .ops = &c_ops, .arg = w, .ping_ms = ping_ms,
					.headers = "X-Test: 1\r\n" };
	return web_ws_connect(&w->cli, w->l, &o, &e);
}

static bool c_is_open(void *arg)
{
	struct world *w = arg;
	return w->cli_opened == 1 && w->opened == 1;
}

static bool both_closed(void *arg)
{
	struct world *w = arg;
	return w->closed == 1 && w->cli_closed == 1;
}

static bool c_is_closed(void *arg)
{
	return ((struct world *)arg)->cli_closed == 1;
}

static bool s_is_closed(void *arg)
{
	return ((struct world *)arg)->closed == 1;
}

static bool c_has_msg(void *arg)
{
	return ((struct world *)arg)->cli_msgs >= 1;
}

TEST(ws_text_and_binary_come_back_and_closing_is_clean)
{
	struct world w;
	CHECK(up(&w, 0));
	w.greet = true;
	OK(dial(&w, "/ws/a?token=ok", 0));
	EQ(w.cli_opened, 0);
	CHECK(t_wait(w.l, c_has_msg, &w, 3000));
	SV_EQ(sb_sv(&w.last), "welcome");
	w.cli_msgs = 0;
	OK(web_ws_send(w.cli, SV("\xe4\xbd\xa0\xe5\xa5\xbd"), false));
	CHECK(t_wait(w.l, c_has_msg, &w, 3000));
	SV_EQ(sb_sv(&w.last), "\xe4\xbd\xa0\xe5\xa5\xbd");
	CHECK(!w.last_binary);
	w.cli_msgs = 0;
	OK(web_ws_send(w.cli, sv_n("\0\xff\0", 3), true));
	CHECK(t_wait(w.l, c_has_msg, &w, 3000));
	CHECK(w.last_binary && w.last.n == 3);
	EQ(web_ws_send(w.cli, SV("\xff"), false), ERR_UTF8);
	CHECK(w.drains > 0);
	web_ws_close(w.cli, 1000, SV("bye"));
	EQ(web_ws_send(w.cli, SV("x"), false), ERR_CLOSED);
	CHECK(t_wait(w.l, both_closed, &w, 3000));
	EQ(w.code, 1000);
	EQ(w.cli_code, 1000);
	down(&w);
}

TEST(ws_refusals_carry_their_status)
{
	struct world w;
	struct raw r;
	CHECK(up(&w, 0));
	OK(dial(&w, "/ws/a?token=bad", 0));
	CHECK(t_wait(w.l, c_is_closed, &w, 3000));
	EQ(w.cli_code, 1006);
	EQ(w.opened, 0);
	raw_open(&r, web_srv_port(w.s));
	raw_send(&r, w.l, SV("GET /ws/a?token=bad HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\n"
			     "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
			     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
	CHECK(raw_wait(&r, w.l, 1, 2000));
	EQ(raw_status(&r), 401);
	HAS(sb_sv(&r.got), "application/problem+json");
	raw_close(&r);
	w.cli_closed = 0;
	OK(dial(&w, "/elsewhere", 0));
	CHECK(t_wait(w.l, c_is_closed, &w, 3000));
	EQ(w.closed, 0);
	down(&w);
}

TEST(ws_plain_get_is_told_to_upgrade_and_odd_upgrades_are_ignored)
{
	static const char *const heads[] = {
		"GET /ws/a HTTP/1.1\r\nHost: t\r\n\r\n",
		"GET /ws/a HTTP/1.1\r\nHost: t\r\nUpgrade: h2c\r\nConnection: Upgrade, "
		"HTTP2-Settings\r\n"
		"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
		"GET /ws/a HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: "
		"dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
	};
	struct world w;
	struct raw r;
	CHECK(up(&w, 0));
	for (int i = 0; i < 3; i++) {
		raw_open(&r, web_srv_port(w.s));
		raw_send(&r, w.l, sv_of(heads[i]));
		CHECK(raw_wait(&r, w.l, 1, 2000));
		EQ(raw_status(&r), 426);
		raw_close(&r);
	}
	EQ(w.opened, 0);
	down(&w);
}

TEST(ws_the_server_may_close_and_free_inside_on_msg)
{
	struct world w;
	CHECK(up(&w, 0));
	OK(dial(&w, "/ws/a", 0));
	CHECK(t_wait(w.l, c_is_open, &w, 3000));
	OK(web_ws_send(w.cli, SV("close me"), false));
	CHECK(t_wait(w.l, both_closed, &w, 3000));
	EQ(w.cli_code, 4001);
	STR_EQ(w.reason, "as you like");
	EQ(w.code, 4001);
	w.opened = w.closed = w.cli_closed = w.cli_opened = 0;
	OK(dial(&w, "/ws/a", 0));
	CHECK(t_wait(w.l, c_is_open, &w, 3000));
	OK(web_ws_send(w.cli, SV("free me"), false));
	CHECK(t_wait(w.l, c_is_closed, &w, 3000));
	EQ(w.cli_code, 1001);
	EQ(w.closed, 0);
	down(&w);
}

TEST(ws_big_messages_pass_and_too_big_ones_close_with_1009)
{
	struct world w;
	CHECK(up(&w, 0));
	char *p = xalloc(LIM_WS_MSG + 1);
	memset(p, 'a', LIM_WS_MSG + 1);
	OK(dial(&w, "/ws/a", 0));
	CHECK(t_wait(w.l, c_is_open, &w, 3000));
	OK(web_ws_send(w.cli, sv_n(p, LIM_WS_MSG), false));
	CHECK(t_wait(w.l, c_has_msg, &w, 3000));
	EQ(w.last.n, LIM_WS_MSG);
	OK(web_ws_send(w.cli, sv_n(p, LIM_WS_MSG + 1), false));
	CHECK(t_wait(w.l, both_closed, &w, 5000));
	EQ(w.cli_code, 1009);
	EQ(w.code, 1009);
	xfree(p);
	down(&w);
}

/* Masked client frame. */
static void frame(struct sb *b, int first, const void *p, size_t n)
{
	const unsigned char *s = p;
	sb_ch(b, (char)first);
	if (n < 126) {
		sb_ch(b, (char)(0x80 | n));
	} else {
		sb_ch(b, (char)(0x80 | 126));
		sb_ch(b, (char)(n >> 8));
		sb_ch(b, (char)n);
	}
	sb_put(b, sv_n("\x11\x22\x33\x44", 4));
	for (size_t i = 0; i < n; i++)
		sb_ch(b, (char)(s[i] ^ (unsigned char)"\x11\x22\x33\x44"[i % 4]));
}

static bool shake(struct world *w, struct raw *r)
{
	raw_open(r, web_srv_port(w->s));
	raw_send(r, w->l, SV("GET /ws/a HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\n"
			     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
			     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
	bool ok = raw_wait_text(r, w->l, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", 3000);
	sb_reset(&r->got);
	return ok;
}

TEST(ws_fragments_are_joined_and_control_frames_may_come_between)
{
	struct world w;
	struct raw r;
	struct sb b;
	CHECK(up(&w, 0));
	CHECK(shake(&w, &r));
	sb_init(&b, 65536);
	frame(&b, 0x01, "one ", 4);
	frame(&b, 0x89, "ping", 4);
	frame(&b, 0x00, "two ", 4);
	frame(&b, 0x80, "three", 5);
	frame(&b, 0x81, "", 0);
	raw_send(&r, w.l, sb_sv(&b));
	CHECK(raw_wait_text(&r, w.l, "one two three", 3000));
	CHECK(raw_wait_text(&r, w.l, "ping", 3000));
	spin(w.l, 10);
	EQ(w.msgs, 2);
	sb_done(&b);
	raw_close(&r);
	CHECK(t_wait(w.l, s_is_closed, &w, 3000));
	EQ(w.code, 1006);
	down(&w);
}

TEST(ws_bad_frames_close_with_the_right_code)
{
	static const struct {
		int first;
		const char *data;
		size_t n;
		int code;   /* 0: any way of closing */
	} cases[] = {
		{ 0x81, "\xff\xfe", 2, 1007 },      /* not UTF-8 */
		{ 0x81, "\xed\xa0\x80", 3, 1007 },  /* a surrogate */
		{ 0x83, "x", 1, 0 },                /* reserved opcode */
		{ 0xc1, "x", 1, 0 },                /* RSV1 without an extension */
		{ 0x80, "x", 1, 0 },                /* continuation of nothing */
		{ 0x09, "x", 1, 0 },                /* fragmented ping */
		{ 0x88, "\x03", 1, 0 },             /* close with half a code */
		{ 0x88, "\x03\xed", 2, 0 },         /* 1005 must not be sent */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct world w;
		struct raw r;
		struct sb b;
		CHECK(up(&w, 0));
		CHECK(shake(&w, &r));
		sb_init(&b, 65536);
		frame(&b, cases[i].first, cases[i].data, cases[i].n);
		raw_send(&r, w.l, sb_sv(&b));
		if (raw_wait_text(&r, w.l, "\x88", 2000)) {
			sb_reset(&b);
			frame(&b, 0x88, "\x03\xe8", 2);
			raw_send(&r, w.l, sb_sv(&b));
		}
		sb_done(&b);
		CHECK(raw_wait_closed(&r, w.l, 6000));
		EQ(w.msgs, 0);
		if (cases[i].code) {
			CHECK(r.got.n >= 4 && (unsigned char)r.got.p[0] == 0x88);
			EQ((unsigned char)r.got.p[2] << 8 | (unsigned char)r.got.p[3],
			   cases[i].code);
		}
		raw_close(&r);
		CHECK(t_wait(w.l, s_is_closed, &w, 3000));
		down(&w);
	}
}

TEST(ws_a_peer_that_does_not_read_is_closed_with_1013)
{
	struct world w;
	struct raw r;
	int e = 0;
	CHECK(up(&w, 0));
	CHECK(shake(&w, &r));
	char *p = xalloc(LIM_WS_MSG);
	memset(p, 'a', LIM_WS_MSG);
	for (int i = 0; i < 1000 && e == 0; i++) {
		e = web_ws_send(w.srv_ws, sv_n(p, LIM_WS_MSG), true);
		if (i % 8 == 0)
			loop_run_once(w.l, 0);
	}
	EQ(e, ERR_FULL);
	EQ(web_ws_queued(w.srv_ws), 0);
	EQ(web_ws_send(w.srv_ws, SV("x"), false), ERR_CLOSED);
	CHECK(t_wait(w.l, s_is_closed, &w, 6000));
	EQ(w.code, 1013);
	xfree(p);
	raw_close(&r);
	down(&w);
}

TEST(ws_silent_peers_are_pinged_then_dropped)
{
	struct world w;
	struct raw r;
	CHECK(up(&w, 120));
	CHECK(shake(&w, &r));
	CHECK(raw_wait_text(&r, w.l, "\x89", 3000));
	CHECK(t_wait(w.l, s_is_closed, &w, 4000));
	EQ(w.code, 1006);
	raw_close(&r);
	/* our client answers the pings and stays */
	w.closed = w.opened = 0;
	OK(dial(&w, "/ws/a", 100));
	CHECK(t_wait(w.l, c_is_open, &w, 3000));
	int64_t until = loop_now_us(w.l) + 1000000;
	while (loop_now_us(w.l) < until)
		loop_run_once(w.l, 20);
	EQ(w.closed, 0);
	EQ(w.cli_closed, 0);
	down(&w);
}

TEST(ws_client_failures_come_from_the_loop_with_a_reason)
{
	struct world w;
	struct err e = { 0 };
	CHECK(up(&w, 0));
	struct web_ws_client_opts o = { .url = "http://127.0.0.1/", .ops = &c_ops, .arg = &w };
	EQ(web_ws_connect(&w.cli, w.l, &o, &e), ERR_INVAL);
	o.url = "ws://127.0.0.1:1/a b";
	EQ(web_ws_connect(&w.cli, w.l, &o, &e), ERR_INVAL);
	o.url = "ws://127.0.0.1:1/";
	o.headers = "no colon\r\n";
	EQ(web_ws_connect(&w.cli, w.l, &o, &e), ERR_INVAL);
	o.headers = NULL;
	OK(web_ws_connect(&w.cli, w.l, &o, &e));
	EQ(w.cli_closed, 0);
	CHECK(t_wait(w.l, c_is_closed, &w, 5000));
	EQ(w.cli_code, 1006);
	CHECK(w.reason[0]);
	/* free while connecting, free when open, and leave one open at the end */
	OK(dial(&w, "/ws/a", 0));
	web_ws_free(w.cli);
	spin(w.l, 20);
	EQ(w.cli_opened, 0);
	w.cli_closed = w.opened = w.closed = 0;
	OK(dial(&w, "/ws/a", 0));
	CHECK(t_wait(w.l, c_is_open, &w, 3000));
	web_ws_free(w.cli);
	CHECK(t_wait(w.l, s_is_closed, &w, 3000));
	EQ(w.cli_closed, 0);
	w.cli_opened = w.opened = 0;
	OK(dial(&w, "/ws/a", 0));
	CHECK(t_wait(w.l, c_is_open, &w, 3000));
	down(&w);
	EQ(w.cli_closed, 1);
}

TEST(ws_many_idle_sockets)
{
	enum { N = 300 };
	struct world w;
	struct raw *r = xalloc(N * sizeof *r);
	CHECK(up(&w, 0));
	for (int i = 0; i < N; i++)
		CHECK(shake(&w, &r[i]));
	EQ(w.opened, N);
	EQ(web_srv_conns(w.s), N);
	for (int i = 0; i < N; i++)
		raw_close(&r[i]);
	spin(w.l, 30);
	down(&w);
	EQ(w.closed, N);
	xfree(r);
}
