/* client.c: WebSocket client: connecting and its failures; after that ws.c does the
 * work.
 *
 * All clients of a loop (with the same CA file) share one libwebsockets context, found
 * in a list of the thread. Names are resolved by the library, which blocks: give
 * addresses on a loop that must not wait. Owner: the context's wsi; the caller's handle
 * is valid until on_close or web_ws_free. Thread: the loop's.
 */
#include <stdlib.h>
#include "ws_int.h"

enum { SWEEP_MS = 250, MAX_CLIENTS = 20000 };

static _Thread_local struct web_client *clients;

static void unlink_ws(struct web_ws *ws)
{
	struct web_client *cl = ws->cl;
	loop_timer_stop(&ws->kill);
	if (ws->prev)
		ws->prev->next = ws->next;
	else
		cl->all = ws->next;
	if (ws->next)
		ws->next->prev = ws->prev;
}

static void gone(struct web_ws *ws)
{
	unlink_ws(ws);
	web_ws_gone(ws);
}

/* Ends a handle from the loop, never from inside the library. */
static void kill_now(void *arg)
{
	struct web_ws *ws = arg;
	if (ws->wsi)
		lws_set_timeout(ws->wsi, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_SYNC);
	else
		gone(ws);
}

void web_client_abort(struct web_ws *ws)
{
	if (ws->cl->closing)
		return;
	loop_after(ws->cl->loop, &ws->kill, 0, kill_now, ws);
}

static void connect_late(void *arg)
{
	struct web_ws *ws = arg;
	static const char why[] = "connecting took too long";
	memcpy(ws->reason, why, sizeof why - 1);
	ws->reason_n = sizeof why - 1;
	kill_now(ws);
}

void web_client_open(struct web_ws *ws)
{
	loop_timer_stop(&ws->kill);
	ws->rx_ms = loop_now_ms(ws->cl->loop);
	ws->ping_at_ms = ws->rx_ms + ws->ping_ms;
	lws_get_peer_simple(ws->wsi, ws->peer, sizeof ws->peer);
	if (ws->ops && ws->ops->on_open)
		ws->ops->on_open(ws, NULL, ws->arg);
}

static int add_headers(struct web_ws *ws, char **p, size_t room)
{
	size_t n = ws->headers ? strlen(ws->headers) : 0;
	if (n > room)
		return -1;
	if (n)
		memcpy(*p, ws->headers, n);
	*p += n;
	return 0;
}

static void conn_error(struct web_ws *ws, const char *text, size_t n)
{
	if (!text || ws->reason_n || ws->open)
		return;
	sv why = sv_n(text, strnlen(text, n));
	ws->reason_n = why.n < 120 ? why.n : 120;
	memcpy(ws->reason, why.p, ws->reason_n);
}

/* The wsi ends. Outside of web_ws_connect and of the sweep the handle may go at once. */
static void wsi_destroyed(struct web_ws *ws)
{
	lws_set_opaque_user_data(ws->wsi, NULL);
	ws->wsi = NULL;
	ws->open = false;
	if (ws->cl->closing)
		gone(ws);
	else
		web_client_abort(ws);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons why, void *user, void *in,
		    size_t len)
{
	(void)user;
	switch (why) {
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
	case LWS_CALLBACK_CLIENT_RECEIVE:
	case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
	case LWS_CALLBACK_CLIENT_WRITEABLE:
	case LWS_CALLBACK_CLIENT_CLOSED:
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
	case LWS_CALLBACK_WSI_DESTROY:
		break;
	default:
		return 0;
	}
	struct web_ws *ws = lws_get_opaque_user_data(wsi);
	if (!ws)
		return 0;
	if (why == LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER)
		return add_headers(ws, in, len);
	if (why == LWS_CALLBACK_CLIENT_CONNECTION_ERROR)
		conn_error(ws, in, len);
	else if (why == LWS_CALLBACK_WSI_DESTROY)
		wsi_destroyed(ws);
	else if (ws->wsi)
		return web_ws_event(ws, why, in, len);
	return 0;
}

static const struct lws_protocols protocols[] = {
	{ .name = "callm-client", .callback = on_event, .per_session_data_size = sizeof(void *),
	  .rx_buffer_size = 4096 },
	{ .name = NULL },
};

static void sweep(void *arg)
{
	struct web_client *cl = arg;
	int64_t now = loop_now_ms(cl->loop);
	int every = SWEEP_MS;
	struct web_ws *next;
	for (struct web_ws *ws = cl->all; ws; ws = next) {
		next = ws->next;
		if (ws->ping_ms / 4 < every)
			every = ws->ping_ms / 4;
		web_ws_tick(ws, now);
	}
	loop_after(cl->loop, &cl->sweep, every > 10 ? every : 10, sweep, cl);
}

static struct web_client *client_get(struct loop *l, const char *ca_file, struct err *e)
{
	static const lws_retry_bo_t no_pings;
	struct lws_context_creation_info i = { 0 };
	void *loops[1] = { loop_ev(l) };
	for (struct web_client *cl = clients; cl; cl = cl->next)
		if (cl->loop == l && sv_eq(sv_of(cl->ca_file), sv_of(ca_file)))
			return cl;
	struct web_client *cl = xalloc(sizeof *cl);
	web_log_init();
	cl->loop = l;
	cl->ca_file = ca_file ? xstrdup(sv_of(ca_file)) : NULL;
	i.port = CONTEXT_PORT_NO_LISTEN;
	i.protocols = protocols;
	i.foreign_loops = loops;
	i.options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
	i.client_ssl_ca_filepath = cl->ca_file;
	i.max_http_header_data2 = LIM_HTTP_HEAD;
	i.timeout_secs = 600;
	i.retry_and_idle_policy = &no_pings;
	i.user = cl;
	size_t was = web_fd_cap();
	cl->ctx = lws_create_context(&i);
	web_fd_uncap(was);
	if (!cl->ctx) {
		err_set(e, ERR_IO, "cannot set up a WebSocket client%s",
			ca_file ? ": is the CA file readable?" : "");
		xfree(cl->ca_file);
		xfree(cl);
		return NULL;
	}
	cl->next = clients;
	clients = cl;
	loop_after(l, &cl->sweep, SWEEP_MS, sweep, cl);
	return cl;
}

static int headers_ok(const char *h)
{
	for (const char *p = h ? h : ""; *p;) {
		size_t n = strcspn(p, "\r\n"), colon = strcspn(p, ": \t\r\n");
		if (colon == 0 || p[colon] != ':' || p[n] != '\r' || p[n + 1] != '\n')
			return false;
		p += n + 2;
	}
	return true;
}

struct target {
	char url[2048];
	const char *proto, *host, *path;
	char full[2048];
	int port;
};

static int parse_url(struct target *t, const char *url, struct err *e)
{
	sv u = sv_of(url);
	if (u.n == 0 || u.n >= sizeof t->url)
		return err_set(e, ERR_INVAL, "the URL is empty or longer than 2047 bytes");
	for (size_t i = 0; i < u.n; i++)
		if ((unsigned char)u.p[i] <= ' ' || u.p[i] == 127)
			return err_set(e, ERR_INVAL, "the URL has a space or a control character");
	memcpy(t->url, u.p, u.n + 1);
	if ((!sv_starts(u, SV("ws://")) && !sv_starts(u, SV("wss://"))) ||
	    lws_parse_uri(t->url, &t->proto, &t->host, &t->port, &t->path) || !*t->host)
		return err_set(e, ERR_INVAL, "the URL is not like ws://host:port/path");
	lws_snprintf(t->full, sizeof t->full, "/%s", t->path);
	return 0;
}

static struct web_ws *client_ws(struct web_client *cl, const struct web_ws_client_opts *o)
{
	struct web_ws *ws = xalloc(sizeof *ws);
	web_ws_init(ws, o->ping_ms > 0 ? o->ping_ms : 20000, loop_now_ms(cl->loop));
	ws->cl = cl;
	ws->ops = o->ops;
	ws->arg = o->arg;
	ws->accepted = true;
	ws->headers = o->headers ? xstrdup(sv_of(o->headers)) : NULL;
	ws->next = cl->all;
	if (cl->all)
		cl->all->prev = ws;
	cl->all = ws;
	return ws;
}

int web_ws_connect(struct web_ws **ret, struct loop *l, const struct web_ws_client_opts *o,
		   struct err *e)
{
	struct lws_client_connect_info i = { 0 };
	struct target t;
	char host[300];
	int err = parse_url(&t, o->url, e);
	if (err)
		return err;
	if (!headers_ok(o->headers))
		return err_set(e, ERR_INVAL, "headers must be lines of Name: value");
	struct web_client *cl = client_get(l, o->ca_file, e);
	if (!cl)
		return ERR_IO;
	struct web_ws *ws = client_ws(cl, o);
	lws_snprintf(host, sizeof host, strchr(t.host, ':') ? "[%s]:%d" : "%s:%d", t.host, t.port);
	i.context = cl->ctx;
	i.address = t.host;
	i.port = t.port;
	i.path = t.full;
	i.host = host;
	i.origin = NULL;
	i.protocol = o->subprotocol;
	i.local_protocol_name = "callm-client";
	i.ssl_connection = strcmp(t.proto, "wss") == 0 ? LCCSCF_USE_SSL : 0;
	i.alpn = "http/1.1";
	i.opaque_user_data = ws;
	i.pwsi = &ws->wsi;
	loop_after(l, &ws->kill, o->connect_ms > 0 ? o->connect_ms : 10000, connect_late, ws);
	if (!lws_client_connect_via_info(&i)) {
		ws->wsi = NULL;
		web_client_abort(ws);      /* on_close comes from the loop, not from here */
	}
	*ret = ws;
	return 0;
}

void web_client_done(struct loop *l)
{
	struct web_client **at = &clients;
	while (*at) {
		struct web_client *cl = *at;
		if (cl->loop != l) {
			at = &cl->next;
			continue;
		}
		*at = cl->next;
		cl->closing = true;
		loop_timer_stop(&cl->sweep);
		lws_context_destroy(cl->ctx);
		while (cl->all)
			gone(cl->all);
		xfree(cl->ca_file);
		xfree(cl);
	}
}
