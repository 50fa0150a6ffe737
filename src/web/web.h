/* web.h: HTTP/1.1 and WebSocket server, WebSocket client (libwebsockets on our loop).
 *
 *	static void hello(struct web_req *r, void *arg)
 *	{
 *		web_reply(r, 200, "text/plain", SV("hello"), NULL);
 *	}
 *	static const struct web_route routes[] = { { "GET", "/hello/{name}", hello } };
 *	struct web_srv_opts o = { .host = "127.0.0.1", .routes = routes, .n_routes = 1 };
 *	struct web_srv *s;
 *	if (web_srv_open(&s, loop, &o, &e) == 0)
 *		loop_run(loop);
 *	web_srv_close(s);
 *
 * Everything here belongs to the thread of the loop. Several servers and clients may
 * share a loop. The answer to a request may come later: keep the handle, call web_reply
 * when ready.
 */
#ifndef CALLM_WEB_H
#define CALLM_WEB_H

#include "base.h"

struct web_srv;
struct web_req;
struct web_ws;

/* --- server --- */

typedef void web_fn(struct web_req *r, void *arg);

/* path: literal segments, {name} for one segment, a last segment {name*} for the rest
 * (may be empty). Literal beats {name} beats {name*}, whatever the order. GET routes
 * answer HEAD too. */
struct web_route {
	const char *method;    /* "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" */
	const char *path;
	web_fn *fn;
	void *arg;             /* NULL: web_srv_opts.arg */
};

/* WebSocket callbacks. on_open sees the handshake (path, query, headers of r, valid
 * during the call) and returns 0 to accept or an HTTP status (401, 404, ...) to refuse;
 * web_ws_send is allowed in it. on_msg gets whole messages; text is checked UTF-8.
 * on_close comes exactly once after a successful on_open (not when web_ws_free was
 * called); code as in RFC 6455, 1006 when none; ws is gone after it. */
struct web_ws_ops {
	int (*on_open)(struct web_ws *ws, struct web_req *r, void *arg);
	void (*on_msg)(struct web_ws *ws, sv msg, bool binary);
	void (*on_close)(struct web_ws *ws, int code, sv reason);
	void (*on_drain)(struct web_ws *ws);   /* may be NULL: the send queue became empty */
};
struct web_ws_route {
	const char *path;      /* pattern as above */
	const struct web_ws_ops *ops;
	void *arg;             /* NULL: web_srv_opts.arg */
};

/* A file compiled into the program (made by scripts/embed). path is absolute
 * ("/assets/app-1a2b.js"); "/chat" and "/chat/" both find "/chat/index.html", "/" finds
 * "/index.html". */
struct web_asset {
	const char *path, *mime;
	const unsigned char *gz;   /* gzip stream */
	size_t gz_len, raw_len;
	const char *etag;          /* with the quotes: "\"1a2b3c\"" */
	const char *headers;       /* extra lines or NULL */
};

struct web_srv_opts {
	/* NULL = 127.0.0.1; an address of this machine; "0.0.0.0" or "::" = all */
	const char *host;
	int port;                  /* 0 = any free one, see web_srv_port */
	size_t max_body;           /* 0 = LIM_HTTP_BODY */
	size_t max_conns;          /* 0 = 10000; further connections are closed at once */
	size_t max_conns_per_addr; /* 0 = no limit */
	const struct web_route *routes;        /* tables must outlive the server */
	size_t n_routes;
	const struct web_ws_route *ws_routes;
	size_t n_ws_routes;
	const struct web_asset *assets;
	size_t n_assets;
	void *arg;                 /* for all handlers */
	const char *tls_cert, *tls_key;        /* PEM files; both NULL = plain */
	const char *csp;           /* Content-Security-Policy; NULL = "default-src 'self'" */
	const char *server_name;   /* Server: header; NULL = none */
	double rate_per_s;         /* requests a second and address; 0 = no limit */
	double rate_burst;         /* bucket size; 0 = 2 * rate_per_s */
	/* time for the whole head of a new connection; 0 = 10 s */
	int head_ms;
	int body_ms;               /* longest silence while a body comes; 0 = 20 s */
	int idle_ms;               /* keep-alive; 0 = 30 s */
	/* WebSocket ping; 0 = 20 s; silent for two of them = closed */
	int ping_ms;
	int gone_ms;               /* a client that hung up is noticed within; 0 = 500 ms */
	/* Called before routing; 0 to go on, else it has answered r. NULL = none. */
	int (*before)(struct web_req *r, void *arg);
	/* Called with each text or JSON that answers a route: true = what it put into out goes
	 * instead. NULL = none. Files, streams and assets are not asked for. */
	bool (*mask)(struct web_req *r, sv body, struct sb *out, void *arg);
	/* Called when a handler's answer is ready and nothing of it has left (streams excepted);
	 * non-zero: it waits for web_release. NULL = none. */
	int (*hold)(struct web_req *r, int status, void *arg);
	/* Called when an answer was handed to the socket (access log); NULL = none. */
	void (*after)(const struct web_req *r, int status, int64_t us, void *arg);
};

/* 0; ERR_INVAL (bad host, route, key file), ERR_EXISTS (port taken), ERR_IO. */
int web_srv_open(struct web_srv **ret, struct loop *l, const struct web_srv_opts *o, struct err *e);
int web_srv_port(const struct web_srv *s);
/* Closes the listener and all sockets. on_close and on_gone fire before it returns;
 * requests that were not answered stay valid until they are. Not from inside a callback
 * of this server. Accepts NULL. */
void web_srv_close(struct web_srv *s);
/* Stop accepting, answer what runs with Connection: close; sockets stay. For drain. */
void web_srv_drain(struct web_srv *s);
size_t web_srv_conns(const struct web_srv *s);
/* requests not answered yet, streams not ended */
size_t web_srv_pending(const struct web_srv *s);

/* --- request --- */
/* Views live until the request is answered. SV_NULL = absent. Path and query are
 * percent-decoded and valid UTF-8 without NUL (else the client got 400 and no handler
 * ran). */
sv web_req_method(const struct web_req *r);
sv web_req_path(const struct web_req *r);
/* without '?', decoded, for logs */
sv web_req_query(const struct web_req *r);
/* first query parameter of that name */
sv web_req_arg(const struct web_req *r, const char *name);
sv web_req_param(const struct web_req *r, const char *name);   /* {name} of the route */
/* lower case; trimmed; SV_NULL once the client has gone */
sv web_req_header(struct web_req *r, const char *name);
/* token of Authorization: Bearer, else SV_NULL */
sv web_req_bearer(struct web_req *r);
/* the pattern that was found for it; NULL before that, and for assets */
const char *web_req_route(const struct web_req *r);
sv web_req_body(const struct web_req *r);
sv web_req_peer(const struct web_req *r);                      /* numeric address */
/* scratch that dies with the request */
struct arena *web_req_arena(struct web_req *r);
struct web_srv *web_req_srv(const struct web_req *r);
void *web_req_user(const struct web_req *r);
/* free for `before` and handlers */
void web_req_set_user(struct web_req *r, void *user);
/* the same, for whoever `hold`s */
void *web_req_note(const struct web_req *r);
void web_req_set_note(struct web_req *r, void *note);
/* fn(r, arg) once when the client goes before the answer; answering stays necessary (it
 * frees r). */
void web_req_on_gone(struct web_req *r, void (*fn)(struct web_req *r, void *arg), void *arg);
bool web_req_gone(const struct web_req *r);

/* --- answers: each request exactly one, at once or later; r is dead afterwards --- */
/* headers: NULL or extra lines "Name: value\r\nName: value\r\n" (no CR LF inside
 * values: such a value turns the answer into a 500). body is copied. type NULL = no
 * Content-Type. */
void web_reply(struct web_req *r, int status, const char *type, sv body, const char *headers);
void web_reply_json(struct web_req *r, int status, jv *v);     /* moves v */
/* Lets an answer go that hold kept back; with a detail 503 and that text go instead. */
void web_release(struct web_req *r, const char *instead);
/* RFC 9457: {type,title,status,detail}. status < 0 is an error code (err_http). detail
 * may be NULL. */
void web_reply_problem(struct web_req *r, int status, const char *detail);
/* The same with header lines, e.g. "WWW-Authenticate: Bearer\r\n". */
void web_reply_problem_with(struct web_req *r, int status, const char *detail,
			    const char *headers);
/* A regular file with Range, ETag, Last-Modified, If-None-Match; read in pieces. 404
 * when not there. */
void web_reply_file(struct web_req *r, const char *path, const char *type, const char *headers);
void web_reply_asset(struct web_req *r, const struct web_asset *a);

/* Streamed answer (SSE: type "text/event-stream"). After begin, r lives until end. send
 * copies; ERR_FULL when LIM_WS_QUEUE bytes wait, ERR_CLOSED when the client went (end
 * is still necessary). */
int web_stream_begin(struct web_req *r, int status, const char *type, const char *headers);
int web_stream_send(struct web_req *r, sv data);
/* one SSE event; event may be NULL */
int web_stream_event(struct web_req *r, const char *event, sv data);
void web_stream_end(struct web_req *r);

/* --- WebSocket --- */
/* Copies. 0, ERR_CLOSED, ERR_TOOBIG (message over LIM_WS_MSG * 16), ERR_FULL: the peer
 * reads too slowly, the socket is being closed with 1013. Bad UTF-8 in text: ERR_UTF8. */
int web_ws_send(struct web_ws *ws, sv msg, bool binary);
int web_ws_send_json(struct web_ws *ws, jv *v);                /* moves v */
/* The greatest message taken from the peer, instead of LIM_WS_MSG; in on_open. */
void web_ws_set_max(struct web_ws *ws, size_t bytes);
/* Starts the closing handshake; on_close follows. Reason at most 120 bytes. Idempotent. */
void web_ws_close(struct web_ws *ws, int code, sv reason);
/* Like close, and no callback fires any more; ws is dead to the caller. Accepts NULL. */
void web_ws_free(struct web_ws *ws);
size_t web_ws_queued(const struct web_ws *ws);                 /* bytes waiting to be sent */
/* arg of the route or of connect */
void *web_ws_arg(const struct web_ws *ws);
void *web_ws_user(const struct web_ws *ws);
void web_ws_set_user(struct web_ws *ws, void *user);
sv web_ws_peer(const struct web_ws *ws);

/* --- WebSocket client --- */
struct web_ws_client_opts {
	const char *url;           /* ws:// or wss:// (certificate checked) */
	const char *headers;       /* extra lines "Name: value\r\n" or NULL */
	const char *subprotocol;   /* or NULL */
	const char *ca_file;       /* PEM for wss; NULL = the system's */
	int connect_ms;            /* 0 = 10 s */
	int ping_ms;               /* 0 = 20 s */
	/* on_open(ws, NULL, arg): connected; its result is not used */
	const struct web_ws_ops *ops;
	void *arg;
};
/* Starts connecting; on_open, or on_close (code 1006, reason says why) when that
 * failed. 0, ERR_INVAL, ERR_FULL. web_ws_send before on_open queues. End with
 * web_ws_close or web_ws_free before the loop goes. */
int web_ws_connect(struct web_ws **ret, struct loop *l, const struct web_ws_client_opts *o,
		   struct err *e);
/* Frees what the clients of this loop share; call before loop_free when web_ws_connect
 * was used. */
void web_client_done(struct loop *l);

/* --- small things --- */
/* libwebsockets' own messages (errors and warnings); NULL = silent, the default.
 * Process wide. */
void web_log_to(void (*fn)(int level, const char *line));
/* "Not Found"; "Status" when unknown */
const char *web_status_text(int status);
/* SV_NULL on bad escapes, NUL or bad UTF-8 */
sv web_url_decode(struct arena *a, sv s, bool plus);

#endif
