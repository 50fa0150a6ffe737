/* ws.c: WebSockets of both sides: handshake on the server, messages, queue, closing.
 *
 * What is sent waits in a list of frames (each with the room that libwebsockets wants
 * before it) and leaves when the socket is writable, many frames in one turn. More than
 * LIM_WS_QUEUE waiting means the peer does not read: the queue is dropped and the
 * socket closed with 1013. Pings are ours (see tick), because the library keeps its
 * timers in a sorted list, which costs too much with thousands of sockets. Owner: the
 * wsi; the caller's handle is valid until on_close or web_ws_free. Thread: the loop's.
 */
#include <stdlib.h>
#include "ws_int.h"

enum { FRAMES_A_TURN = 32, CLOSE_MS = 3000, FAIL_MS = 500, BIG = 16 * (int)LIM_WS_MSG };

static struct loop *ws_loop(const struct web_ws *ws)
{
	return ws->c ? ws->c->srv->loop : ws->cl->loop;
}

void web_ws_init(struct web_ws *ws, int ping_ms, int64_t now_ms)
{
	ws->rx_max = LIM_WS_MSG;
	sb_init(&ws->rx, ws->rx_max);
	ws->ping_ms = ping_ms;
	ws->rx_ms = now_ms;
	ws->ping_at_ms = now_ms + ping_ms;
	ws->code = 1006;
}

static void drop_queue(struct web_ws *ws)
{
	while (ws->first) {
		struct web_frame *f = ws->first;
		ws->first = f->next;
		xfree(f);
	}
	ws->last = NULL;
	ws->queued = 0;
}

void web_ws_tell_close(struct web_ws *ws)
{
	const struct web_ws_ops *ops = ws->ops;
	if (ws->told || !ops || !ws->accepted)
		return;
	ws->told = true;
	ws->ops = NULL;
	if (ops->on_close)
		ops->on_close(ws, ws->code, sv_n(ws->reason, ws->reason_n));
}

void web_ws_gone(struct web_ws *ws)
{
	ws->wsi = NULL;
	ws->open = false;
	web_ws_tell_close(ws);
	drop_queue(ws);
	sb_done(&ws->rx);
	xfree(ws->headers);
	xfree(ws);
}

static void set_reason(struct web_ws *ws, int code, sv reason)
{
	ws->code = code;
	ws->reason_n = reason.n < 120 ? reason.n : 120;
	if (ws->reason_n)
		memcpy(ws->reason, reason.p, ws->reason_n);
}

void web_ws_close(struct web_ws *ws, int code, sv reason)
{
	if (ws->closing)
		return;
	ws->closing = true;
	set_reason(ws, code, reason);
	ws->kill_ms = loop_now_ms(ws_loop(ws)) + CLOSE_MS;
	if (ws->open && ws->wsi)
		lws_callback_on_writable(ws->wsi);
	else if (ws->cl)
		web_client_abort(ws);
}

void web_ws_free(struct web_ws *ws)
{
	if (!ws)
		return;
	ws->ops = NULL;
	web_ws_close(ws, 1001, SV_NULL);
}

int web_ws_send(struct web_ws *ws, sv msg, bool binary)
{
	if (ws->closing || ws->told)
		return ERR_CLOSED;
	if (msg.n > BIG)
		return ERR_TOOBIG;
	if (!binary && !sv_utf8_ok(msg))
		return ERR_UTF8;
	if (ws->queued + msg.n > LIM_WS_QUEUE) {
		drop_queue(ws);
		web_ws_close(ws, 1013, SV("the peer reads too slowly"));
		return ERR_FULL;
	}
	struct web_frame *f = xalloc(sizeof *f + LWS_PRE + msg.n);
	f->n = msg.n;
	f->binary = binary;
	if (msg.n)
		memcpy((char *)(f + 1) + LWS_PRE, msg.p, msg.n);
	if (ws->last)
		ws->last->next = f;
	else
		ws->first = f;
	ws->last = f;
	ws->queued += msg.n + 1;
	if (ws->open)
		lws_callback_on_writable(ws->wsi);
	return 0;
}

int web_ws_send_json(struct web_ws *ws, jv *v)
{
	struct sb b;
	sb_init(&b, BIG);
	jv_dump(v, &b);
	jv_free(v);
	int e = sb_err(&b) ? ERR_TOOBIG : web_ws_send(ws, sb_sv(&b), false);
	sb_done(&b);
	return e;
}

size_t web_ws_queued(const struct web_ws *ws)
{
	return ws->queued;
}

void web_ws_set_max(struct web_ws *ws, size_t bytes)
{
	ws->rx_max = bytes;
	ws->rx.max = bytes;
}

void *web_ws_arg(const struct web_ws *ws)
{
	return ws->arg;
}

void *web_ws_user(const struct web_ws *ws)
{
	return ws->user;
}

void web_ws_set_user(struct web_ws *ws, void *user)
{
	ws->user = user;
}

sv web_ws_peer(const struct web_ws *ws)
{
	return sv_of(ws->peer);
}

/* --- events of the library --- */

static int fail(struct web_ws *ws, int code, const char *why)
{
	ws->closing = true;
	set_reason(ws, code, sv_of(why));
	ws->kill_ms = loop_now_ms(ws_loop(ws)) + FAIL_MS;
	drop_queue(ws);
	lws_close_reason(ws->wsi, (enum lws_close_status)code, (unsigned char *)ws->reason,
			 ws->reason_n);
	return -1;
}

static int deliver(struct web_ws *ws)
{
	if (!ws->rx_binary && !sv_utf8_ok(sb_sv(&ws->rx)))
		return fail(ws, 1007, "text is not UTF-8");
	if (ws->ops && ws->ops->on_msg)
		ws->ops->on_msg(ws, sb_sv(&ws->rx), ws->rx_binary);
	if (ws->rx.cap > 8192)
		sb_done(&ws->rx), sb_init(&ws->rx, ws->rx_max);
	return 0;
}

static int receive(struct web_ws *ws, const void *p, size_t n)
{
	ws->rx_ms = loop_now_ms(ws_loop(ws));
	if (ws->closing)
		return 0;
	if (lws_is_first_fragment(ws->wsi)) {
		sb_reset(&ws->rx);
		ws->rx_binary = lws_frame_is_binary(ws->wsi);
	}
	if (n)
		sb_put(&ws->rx, sv_n(p, n));
	if (sb_err(&ws->rx))
		return fail(ws, 1009, "message too big");
	if (!lws_is_final_fragment(ws->wsi) || lws_remaining_packet_payload(ws->wsi) > 0)
		return 0;
	return deliver(ws);
}

static int send_ping(struct web_ws *ws)
{
	/* Not empty: the library tells of no pong without payload. */
	unsigned char buf[LWS_PRE + 4] = { 0 };
	ws->want_ping = false;
	if (lws_write(ws->wsi, buf + LWS_PRE, 4, LWS_WRITE_PING) < 0)
		return -1;
	if (ws->first || ws->closing)
		lws_callback_on_writable(ws->wsi);
	return 0;
}

static int send_first(struct web_ws *ws)
{
	struct web_frame *f = ws->first;
	ws->first = f->next;
	if (!ws->first)
		ws->last = NULL;
	ws->queued -= f->n + 1;
	unsigned char *p = (unsigned char *)(f + 1) + LWS_PRE;
	int n = lws_write(ws->wsi, p, f->n, f->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
	xfree(f);
	return n < 0 ? -1 : 0;
}

static int writeable(struct web_ws *ws)
{
	bool had = ws->first != NULL;
	if (ws->want_ping)
		return send_ping(ws);
	for (int i = 0; ws->first && i < FRAMES_A_TURN && !lws_partial_buffered(ws->wsi); i++)
		if (send_first(ws) != 0)
			return -1;
	if (ws->first || lws_partial_buffered(ws->wsi)) {
		lws_callback_on_writable(ws->wsi);
		return 0;
	}
	if (ws->closing) {
		lws_close_reason(ws->wsi, (enum lws_close_status)ws->code,
				 (unsigned char *)ws->reason, ws->reason_n);
		return -1;
	}
	if (had && ws->ops && ws->ops->on_drain)
		ws->ops->on_drain(ws);
	return 0;
}

static int peer_closes(struct web_ws *ws, const unsigned char *p, size_t n)
{
	if (!ws->closing) {
		int code = n >= 2 ? p[0] << 8 | p[1] : 1005;
		set_reason(ws, code, n > 2 ? sv_n((const char *)p + 2, n - 2) : SV_NULL);
	}
	ws->closing = true;
	ws->kill_ms = loop_now_ms(ws_loop(ws)) + CLOSE_MS;
	return 0;
}

static int established(struct web_ws *ws)
{
	ws->open = true;
	if (ws->cl)
		web_client_open(ws);
	else
		ws->c->due_ms = 0;
	lws_set_timeout(ws->wsi, NO_PENDING_TIMEOUT, 0);
	if (ws->first || ws->closing)
		lws_callback_on_writable(ws->wsi);
	return 0;
}

int web_ws_event(struct web_ws *ws, enum lws_callback_reasons why, void *in, size_t len)
{
	switch (why) {
	case LWS_CALLBACK_ESTABLISHED:
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		return established(ws);
	case LWS_CALLBACK_RECEIVE:
	case LWS_CALLBACK_CLIENT_RECEIVE:
		return receive(ws, in, len);
	case LWS_CALLBACK_RECEIVE_PONG:
	case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
		ws->rx_ms = loop_now_ms(ws_loop(ws));
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return writeable(ws);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		return peer_closes(ws, in, len);
	case LWS_CALLBACK_CLOSED:
	case LWS_CALLBACK_CLIENT_CLOSED:
		ws->open = false;
		web_ws_tell_close(ws);
		return 0;
	default:
		return 0;
	}
}

/* From the sweep, outside of the library. May free ws. */
void web_ws_tick(struct web_ws *ws, int64_t now_ms)
{
	if (!ws->wsi)
		return;
	bool silent = ws->open && now_ms - ws->rx_ms > 2 * (int64_t)ws->ping_ms + ws->ping_ms / 2;
	if (silent && !ws->closing)
		set_reason(ws, 1006, SV("no answer to pings"));
	if (silent || (ws->closing && now_ms > ws->kill_ms)) {
		lws_set_timeout(ws->wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_SYNC);
		return;
	}
	if (ws->open && now_ms >= ws->ping_at_ms) {
		ws->ping_at_ms = now_ms + ws->ping_ms;
		if (now_ms - ws->rx_ms < ws->ping_ms / 2)
			return;
		ws->want_ping = true;
		lws_callback_on_writable(ws->wsi);
	}
}

/* --- the server's side of the handshake --- */

static bool says_upgrade(sv list)
{
	sv one;
	while (sv_cut(&list, ',', &one))
		if (sv_eq_nocase(sv_trim(one), SV("upgrade")))
			return true;
	return false;
}

static int check_handshake(struct web_req *r, const char **why)
{
	struct web_srv *s = r->srv;
	int wait_s = 0, st = web_req_head(r, why);
	if (st)
		return st;
	if (s->draining)
		return 503;
	if (!web_peer_take(s, r->c->peer, &wait_s))
		return 429;
	if (!sv_eq(r->method, SV("GET")) || r->http10 || r->content_length > 0) {
		*why = "a WebSocket starts with GET in HTTP/1.1";
		return 400;
	}
	if (!sv_eq(web_req_header(r, "sec-websocket-version"), SV("13"))) {
		*why = "WebSocket version 13 is spoken here";
		return 426;
	}
	if (web_req_header(r, "sec-websocket-key").n != 24 ||
	    !says_upgrade(web_req_header(r, "connection"))) {
		*why = "bad WebSocket handshake";
		return 400;
	}
	return 0;
}

/* Asks the route's on_open; 0 = accepted, c->ws is set. */
static int offer(struct web_conn *c, struct web_req *r)
{
	struct web_srv *s = c->srv;
	const struct web_ws_route *rt = web_ws_route_find(s, r);
	if (!rt)
		return 404;
	struct web_ws *ws = xalloc(sizeof *ws);
	web_ws_init(ws, s->o.ping_ms, loop_now_ms(s->loop));
	ws->wsi = c->wsi;
	ws->c = c;
	ws->ops = rt->ops;
	ws->arg = rt->arg ? rt->arg : s->o.arg;
	memcpy(ws->peer, r->peer, sizeof ws->peer);
	c->ws = ws;
	int st = ws->ops->on_open ? ws->ops->on_open(ws, r, ws->arg) : 0;
	if (st) {
		c->ws = NULL;
		web_ws_gone(ws);
		return st;
	}
	ws->accepted = true;
	metric_inc(M_HTTP_REQ);
	return 0;
}

int web_ws_upgrade(struct web_conn *c, char *up)
{
	const char *why = NULL;
	/* After an unknown Upgrade the library has answered and dropped its table; up
	 * points nowhere. */
	if (lws_hdr_total_length(c->wsi, WSI_TOKEN_UPGRADE) <= 0 || c->req || c->ws)
		return -1;
	if (strcasecmp(up, "websocket") != 0) {
		up[0] = '-';    /* h2c: not taken up, the request goes on as HTTP/1.1 */
		return 0;
	}
	c->in_cb = true;
	struct web_req *r = web_req_new(c);
	int st = check_handshake(r, &why);
	if (st == 0)
		st = offer(c, r);
	if (st == 0) {
		web_req_free(r);
	} else {
		r->keep = false;
		web_reply_problem_with(r, st, why,
				       st == 426 ? "Sec-WebSocket-Version: 13\r\n" : NULL);
		web_pump(c);
	}
	c->in_cb = false;
	return st ? -1 : 0;
}
