/* Requests and answers of the real server over loopback. */
#include "web_help.h"

struct world {
	struct loop *l;
	struct web_srv *s;
	struct web_req *held;
	int calls, gone;
};

static void h_hello(struct web_req *r, void *arg)
{
	struct world *w = arg;
	w->calls++;
	web_reply(r, 200, "text/plain", SV("hello"), NULL);
}

static void h_echo(struct web_req *r, void *arg)
{
	struct world *w = arg;
	w->calls++;
	web_reply(r, 200, "application/octet-stream", web_req_body(r), NULL);
}

static void h_show(struct web_req *r, void *arg)
{
	jv *o = jv_obj();
	jv_set_str(o, "method", web_req_method(r));
	jv_set_str(o, "path", web_req_path(r));
	jv_set_str(o, "id", web_req_param(r, "id"));
	jv_set_str(o, "rest", web_req_param(r, "rest"));
	jv_set_str(o, "q", web_req_arg(r, "q"));
	jv_set_str(o, "empty", web_req_arg(r, "empty"));
	jv_set_str(o, "token", web_req_bearer(r));
	jv_set_str(o, "x", web_req_header(r, "x-own"));
	jv_set_str(o, "host", web_req_header(r, "host"));
	jv_set_str(o, "peer", web_req_peer(r));
	web_reply_json(r, 200, o);
}

static void on_gone(struct web_req *r, void *arg)
{
	((struct world *)arg)->gone++;
}

static void h_hold(struct web_req *r, void *arg)
{
	struct world *w = arg;
	w->calls++;
	w->held = r;
	web_req_on_gone(r, on_gone, w);
}

static void h_bad_header(struct web_req *r, void *arg)
{
	web_reply(r, 200, "text/plain", SV("x"), "X-A: 1\r\nSet-Cookie\r\n");
}

static void h_err(struct web_req *r, void *arg)
{
	web_reply_problem(r, ERR_CONFLICT, NULL);
}

static void h_big(struct web_req *r, void *arg)
{
	size_t n = 3u << 20;
	char *p = xalloc(n);
	memset(p, 'b', n);
	web_reply(r, 200, "text/plain", sv_n(p, n), NULL);
	xfree(p);
}

static const struct web_route routes[] = {
	{ "GET", "/hello", h_hello },
	{ "POST", "/echo", h_echo },
	{ "PUT", "/echo", h_echo },
	{ "GET", "/show/{id}", h_show },
	{ "GET", "/show/{id}/x/{rest*}", h_show },
	{ "GET", "/show/fixed", h_hello },
	{ "GET", "/hold", h_hold },
	{ "POST", "/hold", h_hold },
	{ "GET", "/bad", h_bad_header },
	{ "GET", "/err", h_err },
	{ "GET", "/big", h_big },
};

static bool up_with(struct world *w, struct web_srv_opts *o)
{
	struct err e = { 0 };
	memset(w, 0, sizeof *w);
	w->l = loop_new();
	o->routes = routes;
	o->n_routes = sizeof routes / sizeof *routes;
	o->arg = w;
	return web_srv_open(&w->s, w->l, o, &e) == 0;
}

static bool up(struct world *w)
{
	struct web_srv_opts o = { 0 };
	return up_with(w, &o);
}

static void down(struct world *w)
{
	web_srv_close(w->s);
	if (w->held)
		web_reply(w->held, 200, NULL, SV_NULL, NULL);
	loop_free(w->l);
}

/* One request on a new connection; the answer in r. */
static void ask(struct world *w, struct raw *r, sv req)
{
	raw_open(r, web_srv_port(w->s));
	raw_send(r, w->l, req);
	raw_wait(r, w->l, 1, 3000);
}

#define GET(path) SV("GET " path " HTTP/1.1\r\nHost: t\r\n\r\n")

TEST(web_get_answers_with_security_headers)
{
	struct world w;
	struct raw r;
	CHECK(up(&w));
	ask(&w, &r, GET("/hello"));
	EQ(raw_status(&r), 200);
	HAS(sb_sv(&r.got), "Content-Length: 5\r\n");
	HAS(sb_sv(&r.got), "Content-Security-Policy: default-src 'self'\r\n");
	HAS(sb_sv(&r.got), "X-Content-Type-Options: nosniff\r\n");
	HAS(sb_sv(&r.got), "Referrer-Policy: no-referrer\r\n");
	HAS(sb_sv(&r.got), "Cross-Origin-Opener-Policy: same-origin\r\n");
	CHECK(sv_ends(sb_sv(&r.got), SV("\r\n\r\nhello")));
	CHECK(!r.closed);
	raw_close(&r);
	down(&w);
}

TEST(web_head_has_length_but_no_body)
{
	struct world w;
	struct raw r;
	CHECK(up(&w));
	raw_open(&r, web_srv_port(w.s));
	raw_send(&r, w.l, SV("HEAD /hello HTTP/1.1\r\nHost: t\r\n\r\n"));
	CHECK(raw_wait_text(&r, w.l, "\r\n\r\n", 2000));
	HAS(sb_sv(&r.got), "Content-Length: 5\r\n");
	CHECK(sv_ends(sb_sv(&r.got), SV("\r\n\r\n")));
	raw_close(&r);
	down(&w);
}

TEST(web_request_parts_are_decoded)
{
	struct world w;
	struct raw r;
	CHECK(up(&w));
	ask(&w, &r, SV("GET /show/%e4%bd%a0%20a?q=a%26b+c&empty=&z HTTP/1.1\r\nHost: h.example\r\n"
		       "Authorization: Bearer tok123\r\nX-Own:  mine \r\n\r\n"));
	EQ(raw_status(&r), 200);
	HAS(sb_sv(&r.got), "\"id\":\"\xe4\xbd\xa0 a\"");
	HAS(sb_sv(&r.got), "\"q\":\"a&b c\"");
	HAS(sb_sv(&r.got), "\"token\":\"tok123\"");
	HAS(sb_sv(&r.got), "\"x\":\"mine\"");
	HAS(sb_sv(&r.got), "\"host\":\"h.example\"");
	HAS(sb_sv(&r.got), "\"peer\":\"127.0.0.1\"");
	raw_close(&r);
	ask(&w, &r, GET("/show/7/x/a/b/c"));
	HAS(sb_sv(&r.got), "\"rest\":\"a/b/c\"");
	raw_close(&r);
	ask(&w, &r, GET("/show/fixed"));
	CHECK(sv_ends(sb_sv(&r.got), SV("hello")));
	raw_close(&r);
	down(&w);
}

TEST(web_unknown_things_get_problem_json)
{
	struct world w;
	struct raw r;
	CHECK(up(&w));
	ask(&w, &r, GET("/nowhere"));
	EQ(raw_status(&r), 404);
	HAS(sb_sv(&r.got), "Content-Type: application/problem+json\r\n");
	HAS(sb_sv(&r.got), "\"title\":\"Not Found\",\"status\":404");
	raw_close(&r);
	ask(&w, &r, SV("DELETE /echo HTTP/1.1\r\nHost: t\r\n\r\n"));
	EQ(raw_status(&r), 405);
	HAS(sb_sv(&r.got), "Allow: POST, PUT\r\n");
	raw_close(&r);
	ask(&w, &r, GET("/err"));
	EQ(raw_status(&r), 412);
	raw_close(&r);
	ask(&w, &r, GET("/bad"));
	EQ(raw_status(&r), 500);
	raw_close(&r);
	down(&w);
}

TEST(web_bodies_arrive_whole_and_bounded)
{
	struct world w;
	struct raw r;
	struct web_srv_opts o = { .max_body = 300000 };
	CHECK(up_with(&w, &o));
	size_t n = 200000;
	char *body = xalloc(n);
	for (size_t i = 0; i < n; i++)
		body[i] = (char)('a' + i % 26);
	raw_open(&r, web_srv_port(w.s));
	raw_send(&r, w.l, SV("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 200000\r\n\r\n"));
	spin(w.l, 3);
	raw_send(&r, w.l, sv_n(body, n));
	CHECK(raw_wait(&r, w.l, 1, 3000));
	EQ(raw_status(&r), 200);
	CHECK(sv_ends(sb_sv(&r.got), sv_n(body, n)));
	raw_close(&r);
	xfree(body);
	down(&w);
}

TEST(web_too_large_bodies_get_413_even_while_they_come)
{
	struct world w;
	struct raw r;
	struct web_srv_opts o = { .max_body = 1000 };
	CHECK(up_with(&w, &o));
	size_t n = 1u << 20;
	char *body = xalloc(n);
	raw_open(&r, web_srv_port(w.s));
	raw_send(&r, w.l, SV("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1048576\r\n\r\n"));
	raw_send(&r, w.l, sv_n(body, n));
	CHECK(raw_wait(&r, w.l, 1, 3000));
	EQ(raw_status(&r), 413);
	HAS(sb_sv(&r.got), "Connection: close\r\n");
	CHECK(raw_wait_closed(&r, w.l, 5000));
	EQ(w.calls, 0);
	raw_close(&r);
	xfree(body);
	down(&w);
}

TEST(web_posts_without_length_get_411)
{
	struct world w;
	struct raw r;
	CHECK(up(&w));
	ask(&w, &r, SV("POST /echo HTTP/1.1\r\nHost: t\r\n\r\n"));
	EQ(raw_status(&r), 411);
	raw_close(&r);
	ask(&w, &r, SV("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "5\r\nhello\r\n0\r\n\r\n"));
	EQ(raw_status(&r), 411);
	raw_close(&r);
	EQ(w.calls, 0);
	ask(&w, &r, SV("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n"));
	EQ(raw_status(&r), 200);
	EQ(w.calls, 1);
	raw_close(&r);
	down(&w);
}

TEST(web_keep_alive_and_pipelining_keep_order)
{
	struct world w;
	struct raw r;
	CHECK(up(&w));
	raw_open(&r, web_srv_port(w.s));
	raw_send(&r, w.l, SV("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc"
			     "GET /show/1 HTTP/1.1\r\nHost: t\r\n\r\n"
			     "GET /show/2 HTTP/1.1\r\nHost: t\r\n\r\n"
			     "GET /nowhere HTTP/1.1\r\nHost: t\r\n\r\n"
			     "GET /show/3 HTTP/1.1\r\nHost: t\r\n\r\n"));
	CHECK(raw_wait(&r, w.l, 5, 3000));
	sv s = sb_sv(&r.got);
	ptrdiff_t a = sv_find(s, SV("\r\n\r\nabc")), b = sv_find(s, SV("\"id\":\"1\"")),
		  c = sv_find(s, SV("\"id\":\"2\"")), d = sv_find(s, SV("404")),
		  e = sv_find(s, SV("\"id\":\"3\""));
	CHECK(a > 0 && a < b && b < c && c < d && d < e);
	/* one after the other, bodies too */
	for (int i = 0; i < 5; i++) {
		sb_reset(&r.got);
		raw_send(&r, w.l,
			 SV("PUT /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc"));
		CHECK(raw_wait(&r, w.l, 1, 2000));
		EQ(raw_status(&r), 200);
	}
	CHECK(!r.closed);
	raw_close(&r);
	down(&w);
}

/* The library would feed the head to the handler as body and then spin for ever. */
TEST(web_a_body_sent_ahead_closes_the_connection)
{
	static const char *const tails[] = {
		"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc",
		"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabcGET /hello "
		"HTTP/1.1\r\n",
		"POST /echo HTTP/1.1\r\nHost: t\r\n\r\nabc",
		"POST /nowhere HTTP/1.1\r\nHost: t\r\nContent-Length: 300\r\n\r\nabc",
		"DELETE /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nabcd",
	};
	struct world w;
	struct raw r;
	CHECK(up(&w));
	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		raw_open(&r, web_srv_port(w.s));
		raw_send(&r, w.l, GET("/hello"));
		raw_send(&r, w.l, GET("/hello"));
		raw_send(&r, w.l, sv_of(tails[i]));
		CHECK(raw_wait_closed(&r, w.l, 3000));
		CHECK(sv_find(sb_sv(&r.got), SV("POST")) < 0);
		EQ(raw_status(&r), 200);
		raw_close(&r);
	}
	EQ(w.calls, 10);
	down(&w);
}

TEST(web_answers_may_come_later_with_more_requests_waiting)
{
	struct world w;
	struct raw r;
	CHECK(up(&w));
	raw_open(&r, web_srv_port(w.s));
	raw_send(&r, w.l,
		 SV("GET /hold HTTP/1.1\r\nHost: t\r\n\r\nGET /hello HTTP/1.1\r\nHost: "
		    "t\r\n\r\n"));
	spin(w.l, 20);
	CHECK(w.held);
	EQ(w.calls, 1);
	EQ(web_srv_pending(w.s), 1);
	struct web_req *held = w.held;
	w.held = NULL;
	web_reply(held, 200, "text/plain", SV("late"), NULL);
	CHECK(raw_wait(&r, w.l, 2, 3000));
	HAS(sb_sv(&r.got), "late");
	CHECK(sv_ends(sb_sv(&r.got), SV("hello")));
	/* and with a body, twice on the same connection */
	for (int i = 0; i < 2; i++) {
		sb_reset(&r.got);
		raw_send(&r, w.l, SV("POST /hold HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nhi"
				     "GET /hello HTTP/1.1\r\nHost: t\r\n\r\n"));
		spin(w.l, 20);
		CHECK(w.held);
		SV_EQ(web_req_body(w.held), "hi");
		held = w.held;
		w.held = NULL;
		web_reply(held, 200, "text/plain", SV("late"), NULL);
		CHECK(raw_wait(&r, w.l, 2, 3000));
		CHECK(sv_ends(sb_sv(&r.got), SV("hello")));
	}
	EQ(w.gone, 0);
	raw_close(&r);
	down(&w);
}

static bool is_gone(void *arg)
{
	return ((struct world *)arg)->gone == 1;
}

TEST(web_a_client_that_leaves_is_noticed_and_the_answer_is_harmless)
{
	struct world w;
	struct raw r;
	CHECK(up(&w));
	raw_open(&r, web_srv_port(w.s));
	raw_send(&r, w.l, GET("/hold"));
	spin(w.l, 10);
	CHECK(w.held);
	raw_close(&r);
	CHECK(t_wait(w.l, is_gone, &w, 3000));
	CHECK(web_req_gone(w.held));
	SV_EQ(web_req_path(w.held), "/hold");
	CHECK(web_req_header(w.held, "host").p == NULL);
	web_reply(w.held, 200, NULL, SV_NULL, NULL);
	w.held = NULL;
	EQ(web_srv_pending(w.s), 0);
	down(&w);
}

TEST(web_closing_the_server_leaves_held_requests_valid)
{
	struct world w;
	struct raw r;
	CHECK(up(&w));
	raw_open(&r, web_srv_port(w.s));
	raw_send(&r, w.l, GET("/hold"));
	spin(w.l, 10);
	CHECK(w.held);
	web_srv_close(w.s);
	w.s = NULL;
	EQ(w.gone, 1);
	web_reply_problem(w.held, 503, "too late");
	w.held = NULL;
	raw_close(&r);
	down(&w);
}

TEST(web_big_answers_go_out_in_pieces_to_slow_readers)
{
	struct world w;
	struct raw r;
	CHECK(up(&w));
	raw_open(&r, web_srv_port(w.s));
	raw_send(&r, w.l,
		 SV("GET /big HTTP/1.1\r\nHost: t\r\n\r\nGET /hello HTTP/1.1\r\nHost: "
		    "t\r\n\r\n"));
	spin(w.l, 30);
	CHECK(raw_wait(&r, w.l, 2, 5000));
	CHECK(sv_ends(sb_sv(&r.got), SV("hello")));
	CHECK(r.got.n > (3u << 20));
	raw_close(&r);
	/* one that leaves in the middle */
	raw_open(&r, web_srv_port(w.s));
	raw_send(&r, w.l, GET("/big"));
	spin(w.l, 5);
	raw_close(&r);
	spin(w.l, 20);
	down(&w);
}

TEST(web_http10_and_connection_close_are_closed)
{
	struct world w;
	struct raw r;
	CHECK(up(&w));
	ask(&w, &r, SV("GET /hello HTTP/1.0\r\n\r\n"));
	EQ(raw_status(&r), 200);
	CHECK(raw_wait_closed(&r, w.l, 1000));
	raw_close(&r);
	ask(&w, &r, SV("GET /hello HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"));
	EQ(raw_status(&r), 200);
	CHECK(raw_wait_closed(&r, w.l, 1000));
	raw_close(&r);
	down(&w);
}

TEST(web_expect_100_is_answered)
{
	struct world w;
	struct raw r;
	CHECK(up(&w));
	raw_open(&r, web_srv_port(w.s));
	raw_send(&r, w.l, SV("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n"
			     "Expect: 100-continue\r\n\r\n"));
	CHECK(raw_wait_text(&r, w.l, "100 Continue\r\n\r\n", 2000));
	sb_reset(&r.got);
	raw_send(&r, w.l, SV("ok"));
	CHECK(raw_wait(&r, w.l, 1, 2000));
	CHECK(sv_ends(sb_sv(&r.got), SV("ok")));
	raw_close(&r);
	down(&w);
}

TEST(web_rate_limit_says_429_with_retry_after)
{
	struct world w;
	struct raw r;
	struct web_srv_opts o = { .rate_per_s = 0.5, .rate_burst = 3 };
	CHECK(up_with(&w, &o));
	for (int i = 0; i < 4; i++) {
		ask(&w, &r, GET("/hello"));
		EQ(raw_status(&r), i < 3 ? 200 : 429);
		if (i == 3)
			HAS(sb_sv(&r.got), "Retry-After: ");
		raw_close(&r);
	}
	down(&w);
}

TEST(web_slow_heads_and_bodies_are_closed)
{
	struct world w;
	struct raw r, b, k;
	struct web_srv_opts o = { .head_ms = 300, .body_ms = 300, .idle_ms = 300 };
	CHECK(up_with(&w, &o));
	raw_open(&r, web_srv_port(w.s));
	raw_open(&b, web_srv_port(w.s));
	raw_open(&k, web_srv_port(w.s));
	raw_send(&r, w.l, SV("GET /hello HTTP/1.1\r\nHost:"));
	raw_send(&b, w.l, SV("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc"));
	raw_send(&k, w.l, GET("/hello"));
	CHECK(raw_wait_closed(&r, w.l, 3000));
	CHECK(raw_wait_closed(&b, w.l, 3000));
	CHECK(raw_wait_closed(&k, w.l, 3000));
	EQ(raw_status(&k), 200);
	raw_close(&r);
	raw_close(&b);
	raw_close(&k);
	spin(w.l, 3);
	EQ(web_srv_conns(w.s), 0);
	down(&w);
}

TEST(web_connections_are_limited_in_all_and_by_address)
{
	struct world w;
	struct raw r[4];
	struct web_srv_opts o = { .max_conns_per_addr = 3 };
	CHECK(up_with(&w, &o));
	for (int i = 0; i < 4; i++) {
		raw_open(&r[i], web_srv_port(w.s));
		raw_send(&r[i], w.l, GET("/hello"));
		raw_wait(&r[i], w.l, 1, 2000);
	}
	EQ(raw_status(&r[2]), 200);
	CHECK(raw_wait_closed(&r[3], w.l, 1000));
	EQ(r[3].got.n, 0);
	for (int i = 0; i < 4; i++)
		raw_close(&r[i]);
	down(&w);
}

TEST(web_two_servers_share_a_loop_and_ports_conflict)
{
	struct world w, v;
	struct raw r;
	struct err e = { 0 };
	CHECK(up(&w));
	memset(&v, 0, sizeof v);
	struct web_srv_opts o = { .routes = routes, .n_routes = 1, .arg = &v };
	OK(web_srv_open(&v.s, w.l, &o, &e));
	CHECK(web_srv_port(v.s) != web_srv_port(w.s));
	struct web_srv *third = NULL;
	o.port = web_srv_port(w.s);
	EQ(web_srv_open(&third, w.l, &o, &e), ERR_EXISTS);
	CHECK(third == NULL);
	raw_open(&r, web_srv_port(v.s));
	raw_send(&r, w.l, GET("/hello"));
	raw_wait(&r, w.l, 1, 2000);
	EQ(v.calls, 1);
	EQ(w.calls, 0);
	raw_close(&r);
	web_srv_close(v.s);
	down(&w);
}

TEST(web_bad_options_are_refused)
{
	struct loop *l = loop_new();
	struct web_srv *s = NULL;
	struct err e = { 0 };
	struct web_route bad = { "GET", "no-slash", h_hello };
	struct web_srv_opts o = { .routes = &bad, .n_routes = 1 };
	EQ(web_srv_open(&s, l, &o, &e), ERR_INVAL);
	bad.path = "/a/{rest*}/b";
	EQ(web_srv_open(&s, l, &o, &e), ERR_INVAL);
	o = (struct web_srv_opts){ .tls_cert = "/nonexistent", .tls_key = "/nonexistent" };
	EQ(web_srv_open(&s, l, &o, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "/nonexistent");
	o = (struct web_srv_opts){ .host = "203.0.113.77" };
	CHECK(web_srv_open(&s, l, &o, &e) < 0);
	loop_free(l);
}
