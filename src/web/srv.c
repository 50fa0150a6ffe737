/* srv.c: the server: one libwebsockets context on our loop, its sockets, and the way of
 * a request through them.
 *
 * accept -> web_conn -> head parsed -> web_http_start: checks, route -> (body) ->
 * handler -> answer. While a handler thinks, reading from that socket is off, so
 * pipelined requests wait their turn and the library never sees two at once; a request
 * with a body that was sent ahead closes (see fresh). A sweep twice a second enforces
 * all deadlines and notices clients that hung up meanwhile. An answer given before the
 * body was read makes the socket "lame": the rest is dropped for a while, so that the
 * client reads the answer instead of a reset, then it is closed. Owner: the caller of
 * web_srv_open. Thread: the loop's.
 */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "web_int.h"

/* TCP_CLOSE_WAIT and TCP_CLOSE of <netinet/tcp.h>, which does not go with <linux/tcp.h>. */
enum { SWEEP_MS = 500, TCP_HUNG_UP = 8, TCP_ENDED = 7 };

static void conn_open(struct web_srv *s, struct lws *wsi)
{
	struct web_conn *c = xalloc(sizeof *c);
	char addr[46] = "";
	lws_get_peer_simple(wsi, addr, sizeof addr);
	c->wsi = wsi;
	c->srv = s;
	c->peer = web_peer_get(s, addr);
	if (c->peer)
		c->peer->conns++;
	c->due_ms = loop_now_ms(s->loop) + s->o.head_ms;
	c->next = s->conns;
	if (s->conns)
		s->conns->prev = c;
	s->conns = c;
	s->n_conns++;
	lws_set_opaque_user_data(wsi, c);
}

static void conn_gone(struct web_conn *c)
{
	struct web_srv *s = c->srv;
	lws_set_opaque_user_data(c->wsi, NULL);
	if (c->prev)
		c->prev->next = c->next;
	else
		s->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->n_conns--;
	if (c->peer)
		c->peer->conns--;
	if (c->req)
		web_req_lost(c->req);
	if (c->ws)
		web_ws_gone(c->ws);
	xfree(c);
}

static int refuse(struct web_conn *c, int status, const char *why, const char *headers)
{
	struct web_req *r = c->req;
	r->keep = r->keep && !r->unread;
	web_reply_problem_with(r, status, why, headers);
	return web_pump(c);
}

static bool tcp_state(struct lws *wsi, struct tcp_info *ti)
{
	socklen_t n = sizeof *ti;
	int fd = lws_get_socket_fd(wsi);
	return fd >= 0 && getsockopt(fd, IPPROTO_TCP, TCP_INFO, ti, &n) == 0;
}

/* Bytes of this connection that the library has read. What still waits in the socket is asked
 * before and after the total: only when nothing came in between do they belong together. -1 when
 * they cannot be told. */
static int64_t bytes_read(struct web_conn *c)
{
	struct tcp_info ti;
	int fd = lws_get_socket_fd(c->wsi), before = 0, after = 0;
	for (int i = 0; i < 8; i++) {
		if (ioctl(fd, FIONREAD, &before) || !tcp_state(c->wsi, &ti) ||
		    ioctl(fd, FIONREAD, &after))
			return -1;
		if (before == after)
			return (int64_t)ti.tcpi_bytes_received - after;
	}
	return -1;
}

/* What had been read when an answer was complete: what waits in the socket is the next request
 * of a quick client and not sent ahead. */
void web_conn_mark(struct web_conn *c)
{
	int64_t n = bytes_read(c);
	c->served = true;
	c->mark = n < 0 ? INT64_MAX : n;
}

/* Was this head read from the socket after the last answer? If not it was sent ahead
 * and lies in the library's buffer, from where libwebsockets 4.1 reads bodies wrongly:
 * it takes the head again as body and then spins for ever (lws_http_action, its loop
 * over the buffer list). While that buffer has something the library reads nothing, so
 * a byte read since then proves the opposite. */
static bool fresh(struct web_conn *c)
{
	return !c->served || bytes_read(c) > c->mark;
}

/* With reading off the library does not write either, so it is on from wake to written. */
void web_conn_rx(struct web_conn *c, bool on)
{
	if (c->rx_off == !on)
		return;
	c->rx_off = !on;
	lws_rx_flow_control(c->wsi, on);
}

/* Runs the handler; it may answer at once or keep r. */
static int run(struct web_conn *c)
{
	struct web_req *r = c->req;
	c->due_ms = 0;
	r->handed = true;
	r->route->fn(r, r->route->arg ? r->route->arg : c->srv->o.arg);
	if (c->req->phase != WEB_WAIT && !c->req->held)
		return web_pump(c);
	web_conn_rx(c, false);
	return 0;
}

static int find_handler(struct web_conn *c)
{
	struct web_srv *s = c->srv;
	struct web_req *r = c->req;
	sv allow;
	r->route = web_route_find(s, r, &allow);
	if (r->route)
		return 0;
	if (allow.p) {
		char h[300];
		lws_snprintf(h, sizeof h, "Allow: %s\r\n", allow.p);
		return refuse(c, 405, "this address does not know the method", h) ? -1 : 1;
	}
	const struct web_asset *a = web_asset_find(s, r->path);
	if (a && (r->head || sv_eq(r->method, SV("GET")))) {
		r->keep = r->keep && !r->unread;
		web_reply_asset(r, a);
		return web_pump(c) ? -1 : 1;
	}
	if (a)
		return refuse(c, 405, "only GET and HEAD here", "Allow: GET, HEAD\r\n") ? -1 : 1;
	if (web_ws_route_find(s, r))
		return refuse(c, 426, "open this address as a WebSocket",
			      "Upgrade: websocket\r\n") ?
			       -1 :
			       1;
	return refuse(c, 404, "there is nothing at this address", NULL) ? -1 : 1;
}

static void say_continue(struct web_conn *c)
{
	unsigned char buf[LWS_PRE + 32];
	static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
	if (lws_hdr_total_length(c->wsi, WSI_TOKEN_HTTP_EXPECT) <= 0)
		return;
	memcpy(buf + LWS_PRE, line, sizeof line - 1);
	(void)!lws_write(c->wsi, buf + LWS_PRE, sizeof line - 1, LWS_WRITE_HTTP);
}

static int start(struct web_conn *c)
{
	struct web_srv *s = c->srv;
	struct web_req *r = web_req_new(c);
	const char *why = NULL;
	int wait_s = 0;
	lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0);
	int st = web_req_head(r, &why);
	r->unread = r->content_length > 0 || st == 411;
	if (st == 411 && lws_hdr_total_length(c->wsi, WSI_TOKEN_POST_URI) <= 0 &&
	    lws_hdr_total_length(c->wsi, WSI_TOKEN_PUT_URI) <= 0 &&
	    lws_hdr_total_length(c->wsi, WSI_TOKEN_PATCH_URI) <= 0)
		r->unread = false;    /* the library expects no body then: close instead */
	if (r->unread && !fresh(c)) {
		/* closed without an answer: clients repeat it on a new one */
		web_req_free(r);
		return -1;
	}
	if (st) {
		r->keep = false;
		return refuse(c, st, why, NULL);
	}
	if (!web_peer_take(s, c->peer, &wait_s)) {
		char h[64];
		lws_snprintf(h, sizeof h, "Retry-After: %d\r\n", wait_s);
		return refuse(c, 429, "too many requests from this address", h);
	}
	if (s->o.before && s->o.before(r, s->o.arg) != 0) {
		ASSERT(r->phase != WEB_WAIT);
		r->keep = r->keep && !r->unread;
		return web_pump(c);
	}
	st = find_handler(c);
	if (st)
		return st < 0 ? -1 : 0;
	if (r->content_length <= 0)
		return run(c);
	c->body_ms = loop_now_ms(s->loop);
	c->due_ms = c->body_ms + s->o.body_ms;
	say_continue(c);
	return 0;
}

int web_http_start(struct web_conn *c)
{
	if (c->req || c->lame)
		return -1;
	c->in_cb = true;
	int e = start(c);
	c->in_cb = false;
	return e;
}

int web_http_body(struct web_conn *c, const void *p, size_t n)
{
	struct web_srv *s = c->srv;
	struct web_req *r = c->req;
	int64_t now = loop_now_ms(s->loop);
	if (c->lame) {
		c->lame_bytes += n;
		return c->lame_bytes > WEB_LAME_BYTES || now > c->due_ms ? -1 : 0;
	}
	if (!r || !r->unread || r->phase != WEB_WAIT)
		return 0;
	sb_put(&r->body, sv_n(p, n));
	c->due_ms = now + s->o.body_ms;
	return sb_err(&r->body) || now - c->body_ms > 10 * (int64_t)s->o.body_ms ? -1 : 0;
}

int web_http_end_of_body(struct web_conn *c)
{
	struct web_req *r = c->req;
	if (c->lame)
		return -1;
	if (!r || !r->unread)
		return 0;
	r->unread = false;
	if (r->phase != WEB_WAIT)
		return 0;
	c->in_cb = true;
	int e = run(c);
	c->in_cb = false;
	return e;
}

static int pump_in_cb(struct web_conn *c)
{
	c->in_cb = true;
	int e = web_pump(c);
	c->in_cb = false;
	return e;
}

static int on_http(struct web_conn *c, enum lws_callback_reasons why, void *in, size_t len)
{
	switch (why) {
	case LWS_CALLBACK_HTTP:
		return web_http_start(c);
	case LWS_CALLBACK_HTTP_BODY:
		return web_http_body(c, in, len);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return web_http_end_of_body(c);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return pump_in_cb(c);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return web_ws_upgrade(c, in);
	case LWS_CALLBACK_WSI_DESTROY:
		conn_gone(c);
		return 0;
	default:
		return c->ws ? web_ws_event(c->ws, why, in, len) : 0;
	}
}

static bool full(const struct web_srv *s)
{
	return s->closing || s->draining || s->n_conns >= s->o.max_conns;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons why, void *user, void *in,
		    size_t len)
{
	(void)user;
	struct web_srv *s = wsi ? lws_context_user(lws_get_context(wsi)) : NULL;
	if (why == LWS_CALLBACK_FILTER_NETWORK_CONNECTION)
		return s && full(s) ? 1 : 0;
	if (why == LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED && s) {
		conn_open(s, wsi);
		const struct web_conn *c = s->conns;
		size_t most = s->o.max_conns_per_addr;
		return most && c->peer && c->peer->conns > most ? -1 : 0;
	}
	if (why == LWS_CALLBACK_RAW_ADOPT || why == LWS_CALLBACK_RAW_RX)
		return -1;      /* CONNECT makes the library fall back to raw */
	if (!s)
		return 0;
	switch (why) {
	case LWS_CALLBACK_HTTP:
	case LWS_CALLBACK_HTTP_BODY:
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
	case LWS_CALLBACK_HTTP_WRITEABLE:
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
	case LWS_CALLBACK_WSI_DESTROY:
	case LWS_CALLBACK_ESTABLISHED:
	case LWS_CALLBACK_RECEIVE:
	case LWS_CALLBACK_RECEIVE_PONG:
	case LWS_CALLBACK_SERVER_WRITEABLE:
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
	case LWS_CALLBACK_CLOSED: {
		struct web_conn *c = lws_get_opaque_user_data(wsi);
		return c ? on_http(c, why, in, len) : 0;
	}
	default:
		return 0;
	}
}

static bool hung_up(struct lws *wsi)
{
	struct tcp_info ti;
	return tcp_state(wsi, &ti) && (ti.tcpi_state == TCP_HUNG_UP || ti.tcpi_state == TCP_ENDED);
}

/* A client that sends more while it gets a long answer would keep the loop awake, since
 * the library does not read it yet: throw it away and close after the answer. */
static bool drop_ahead(struct web_conn *c)
{
	char buf[16384];
	if (c->rx_off)
		return true;
	ssize_t n = recv(lws_get_socket_fd(c->wsi), buf, sizeof buf, MSG_DONTWAIT);
	if (n > 0)
		c->req->keep = false;
	return n != 0;
}

static void sweep(void *arg)
{
	struct web_srv *s = arg;
	int64_t now = loop_now_ms(s->loop);
	struct web_conn *next;
	for (struct web_conn *c = s->conns; c; c = next) {
		next = c->next;
		bool dead = c->due_ms && now > c->due_ms;
		if (!dead && c->req && c->req->handed)
			dead = hung_up(c->wsi) || !drop_ahead(c);
		if (dead)
			lws_set_timeout(c->wsi, PENDING_TIMEOUT_HTTP_CONTENT, LWS_TO_KILL_SYNC);
		else if (c->ws)
			web_ws_tick(c->ws, now);
	}
	web_peers_sweep(s);
	int every = s->o.ping_ms / 4 < s->o.gone_ms ? s->o.ping_ms / 4 : s->o.gone_ms;
	loop_after(s->loop, &s->sweep, every > 10 ? every : 10, sweep, s);
}

static const struct lws_protocols protocols[] = {
	{ .name = "callm", .callback = on_event, .per_session_data_size = sizeof(void *),
	  .rx_buffer_size = 2048 },
	{ .name = "realtime", .callback = on_event, .per_session_data_size = sizeof(void *),
	  .rx_buffer_size = 2048 },
	{ .name = "media", .callback = on_event, .per_session_data_size = sizeof(void *),
	  .rx_buffer_size = 2048 },
	{ .name = "audio.twilio.com", .callback = on_event,
	  .per_session_data_size = sizeof(void *), .rx_buffer_size = 2048 },
	{ .name = NULL },
};

static void set_defaults(struct web_srv_opts *o)
{
	o->host = o->host ? o->host : "127.0.0.1";
	o->max_body = o->max_body ? o->max_body : LIM_HTTP_BODY;
	o->max_conns = o->max_conns ? o->max_conns : 10000;
	o->head_ms = o->head_ms > 0 ? o->head_ms : 10000;
	o->body_ms = o->body_ms > 0 ? o->body_ms : 20000;
	o->idle_ms = o->idle_ms > 0 ? o->idle_ms : 30000;
	o->ping_ms = o->ping_ms > 0 ? o->ping_ms : 20000;
	o->gone_ms = o->gone_ms > 0 ? o->gone_ms : SWEEP_MS;
}

static int check_opts(const struct web_srv_opts *o, struct err *e)
{
	if (o->port < 0 || o->port > 65535)
		return err_set(e, ERR_INVAL, "port %d is not between 0 and 65535", o->port);
	for (size_t i = 0; i < o->n_routes; i++)
		if (web_path_check(o->routes[i].path) != 0)
			return err_set(e, ERR_INVAL, "route %s: bad pattern", o->routes[i].path);
	for (size_t i = 0; i < o->n_ws_routes; i++)
		if (web_path_check(o->ws_routes[i].path) != 0)
			return err_set(e, ERR_INVAL, "route %s: bad pattern", o->ws_routes[i].path);
	if (!o->tls_cert != !o->tls_key)
		return err_set(e, ERR_INVAL, "TLS needs both a certificate and a key file");
	if (o->tls_cert && (!file_exists(o->tls_cert) || !file_exists(o->tls_key)))
		return err_set(e, ERR_INVAL, "cannot read %s",
			       file_exists(o->tls_cert) ? o->tls_key : o->tls_cert);
	return web_listen_check(o->host, o->port, e);
}

static struct lws_context *make_context(struct web_srv *s)
{
	static const lws_retry_bo_t no_pings;   /* we ping ourselves, see web_ws_tick */
	struct lws_context_creation_info i = { 0 };
	void *loops[1] = { loop_ev(s->loop) };
	bool any = strcmp(s->o.host, "::") == 0 || strcmp(s->o.host, "0.0.0.0") == 0;
	i.port = s->o.port;
	i.iface = any ? NULL : s->o.host;
	i.vhost_name = "default";
	i.protocols = protocols;
	i.user = s;
	i.foreign_loops = loops;
	i.options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND;
	if (!strchr(s->o.host, ':'))
		i.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
	if (s->o.tls_cert) {
		i.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
		i.ssl_cert_filepath = s->o.tls_cert;
		i.ssl_private_key_filepath = s->o.tls_key;
		i.alpn = "http/1.1";
	}
	i.max_http_header_data2 = 3 * LIM_HTTP_HEAD;
	i.timeout_secs = 600;                   /* ours are shorter, see sweep */
	i.keepalive_timeout = 600;
	i.timeout_secs_ah_idle = 600;
	i.retry_and_idle_policy = &no_pings;
	size_t was = web_fd_cap();
	struct lws_context *ctx = lws_create_context(&i);
	web_fd_uncap(was);
	return ctx;
}

int web_srv_open(struct web_srv **ret, struct loop *l, const struct web_srv_opts *o, struct err *e)
{
	struct web_srv *s = xalloc(sizeof *s);
	s->loop = l;
	s->o = *o;
	set_defaults(&s->o);
	int err = check_opts(&s->o, e);
	if (err) {
		xfree(s);
		return err;
	}
	web_log_init();
	web_defaults_init(s);
	s->peers = map_new(WEB_PEERS + 1);
	s->ctx = make_context(s);
	s->vh = s->ctx ? lws_get_vhost_by_name(s->ctx, "default") : NULL;
	if (!s->vh || lws_get_vhost_listen_port(s->vh) <= 0) {
		err = err_set(e, ERR_IO, "cannot serve on %s port %d%s", s->o.host, s->o.port,
			      o->tls_cert ? ": do certificate and key fit?" : "");
		if (s->ctx)
			lws_context_destroy(s->ctx);
		web_peers_done(s);
		web_defaults_done(s);
		xfree(s);
		return err;
	}
	loop_after(l, &s->sweep, SWEEP_MS, sweep, s);
	if (s->o.ping_ms / 4 < SWEEP_MS)
		loop_after(l, &s->sweep, s->o.ping_ms / 4 + 1, sweep, s);
	*ret = s;
	return 0;
}

int web_srv_port(const struct web_srv *s)
{
	return lws_get_vhost_listen_port(s->vh);
}

void web_srv_close(struct web_srv *s)
{
	if (!s)
		return;
	s->closing = true;
	loop_timer_stop(&s->sweep);
	lws_context_destroy(s->ctx);
	while (s->conns)
		conn_gone(s->conns);
	for (struct web_req *r = s->reqs, *next; r; r = next) {
		next = r->next;
		r->srv = NULL;
		r->prev = r->next = NULL;
	}
	web_peers_done(s);
	web_defaults_done(s);
	xfree(s);
}

void web_srv_drain(struct web_srv *s)
{
	s->draining = true;
}

size_t web_srv_conns(const struct web_srv *s)
{
	return s->n_conns;
}

size_t web_srv_pending(const struct web_srv *s)
{
	return s->n_reqs;
}
