/* web_int.h: what the files of this room share. Everything belongs to the loop's thread. */
#ifndef CALLM_WEB_INT_H
#define CALLM_WEB_INT_H

/* <limits.h> is hidden by base/limits.h, and OpenSSL's headers want this of it. */
#ifndef INT_MAX
#define INT_MAX __INT_MAX__
#endif
#define ERR_STATE ossl_ERR_STATE   /* a type of OpenSSL with the name of one of our codes */
#include <libwebsockets.h>
#undef ERR_STATE
#include "web.h"

enum {
	WEB_PARAMS = 8,            /* {name} segments in one pattern */
	WEB_ARGS = 64,             /* query parameters of one request */
	WEB_URI_MAX = 8192,
	WEB_PIECE = 65536,         /* most that goes to the socket in one write */
	/* read and dropped after an early answer, so that it arrives */
	WEB_LAME_BYTES = 8 << 20,
	WEB_LAME_MS = 3000,
	WEB_SEND_MS = 30000,       /* no progress while sending */
	WEB_PEERS = 65536,         /* addresses remembered for the rate limit */
};

struct web_kv {
	sv name, val;
};

/* One address: connections and token bucket. Owned by the server's map. */
struct web_peer {
	char addr[46];
	size_t conns;
	double tokens;
	int64_t at_ms;
};

/* One accepted socket; owned by libwebsockets' wsi (freed in WSI_DESTROY). */
struct web_conn {
	struct lws *wsi;
	struct web_srv *srv;
	struct web_conn *prev, *next;
	struct web_req *req;       /* running, or NULL */
	struct web_ws *ws;         /* after the upgrade, or NULL */
	struct web_peer *peer;
	int64_t due_ms;            /* closed at this time; 0 = never */
	int64_t body_ms;           /* when the body began */
	size_t lame_bytes;
	/* inside a callback for this socket: write there, not later */
	bool in_cb;
	bool lame;                 /* answered early: drop what still comes, then close */
	int64_t mark;              /* see web_conn_mark */
	bool rx_off, served;
};

enum web_phase { WEB_WAIT, WEB_HAVE, WEB_STREAM, WEB_STREAM_END };

struct web_req {
	struct web_conn *c;        /* NULL when the client has gone */
	struct web_srv *srv;       /* NULL when the server was closed */
	struct web_req *prev, *next;
	const struct web_route *route;
	struct arena a;
	sv method, path;
	struct web_kv params[WEB_PARAMS];
	struct web_kv *args;
	size_t n_params, n_args;
	struct sb body;
	int64_t content_length;    /* -1 = none */
	int64_t t0_us;
	void *user, *note;
	void (*gone_fn)(struct web_req *r, void *arg);
	void *gone_arg;
	char peer[46];
	bool head, keep, http10, gzip_ok, unread;
	bool handed;               /* a handler holds it */
	bool held;                 /* answered, and waits for web_release */
	enum web_phase phase;
	int status;
	char *out;                 /* LWS_PRE bytes, then head and body */
	size_t out_n, out_off;     /* without LWS_PRE */
	int fd;                    /* file being sent, -1 = none */
	int64_t fd_off, fd_left;
	struct sb queue;           /* stream pieces waiting */
	bool begun;                /* the stream's head is in the queue or out */
};

struct web_frame {
	struct web_frame *next;
	size_t n;
	bool binary;
	/* LWS_PRE bytes, then n bytes */
};

/* A WebSocket of either side. Owned by its wsi; the caller's handle dies with on_close
 * or free. */
struct web_ws {
	struct lws *wsi;
	struct web_conn *c;        /* server side */
	struct web_client *cl;     /* client side */
	struct web_ws *prev, *next;
	const struct web_ws_ops *ops;   /* NULL once freed by the caller */
	void *arg, *user;
	struct web_frame *first, *last;
	size_t queued, queued_n;
	struct sb rx;
	size_t rx_max;
	int64_t rx_ms, ping_at_ms, kill_ms;
	int ping_ms;
	bool open, accepted, rx_binary, closing, want_ping, told;
	int code;                  /* ours to send, or the peer's */
	char reason[124];
	size_t reason_n;
	char peer[46];
	char *headers;             /* client: extra handshake lines */
	struct loop_timer kill;    /* client: connect deadline and deferred frees */
};

struct web_srv {
	struct loop *loop;
	struct lws_context *ctx;
	struct lws_vhost *vh;
	struct web_srv_opts o;
	char *defaults[6];         /* header lines every answer gets unless it brings its own */
	struct web_conn *conns;
	struct web_req *reqs;      /* not answered yet */
	size_t n_conns, n_reqs;
	struct map *peers;
	struct loop_timer sweep;
	bool draining, closing;
	int64_t date_s;
	char date[40];
};

/* route.c */
bool web_path_match(const char *pattern, sv path, struct web_req *r);
int web_path_check(const char *pattern);
const struct web_route *web_route_find(const struct web_srv *s, struct web_req *r, sv *allow);
const struct web_ws_route *web_ws_route_find(const struct web_srv *s, struct web_req *r);

/* req.c */
struct web_req *web_req_new(struct web_conn *c);
/* 0 or the HTTP status that refuses it. Fills method, path, args from the socket's
 * parsed head. */
int web_req_head(struct web_req *r, const char **why);
void web_req_free(struct web_req *r);
void web_req_lost(struct web_req *r);   /* the client went */

/* reply.c */
int web_pump(struct web_conn *c);       /* write one piece; -1 = close the socket */
void web_reply_out(struct web_req *r, int status, const char *type, sv body, const char *headers);
/* An answer is set up: it goes, or waits for web_release. */
void web_answered(struct web_req *r);
void web_reply_head(struct web_req *r, struct sb *b, int status, const char *type, int64_t len,
		    const char *headers);
void web_defaults_init(struct web_srv *s);
void web_defaults_done(struct web_srv *s);
void web_wake(struct web_req *r);       /* something to write: now or when writable */

/* asset.c */
const struct web_asset *web_asset_find(const struct web_srv *s, sv path);
int web_range_parse(sv h, int64_t size, int64_t *from, int64_t *to);

/* peer.c */
struct web_peer *web_peer_get(struct web_srv *s, const char *addr);
bool web_peer_take(struct web_srv *s, struct web_peer *p, int *ret_wait_s);
void web_peers_sweep(struct web_srv *s);
void web_peers_done(struct web_srv *s);

/* srv.c */
int web_http_start(struct web_conn *c);
int web_http_body(struct web_conn *c, const void *p, size_t n);
int web_http_end_of_body(struct web_conn *c);
void web_conn_mark(struct web_conn *c);
void web_conn_rx(struct web_conn *c, bool on);

/* ws.c */
int web_ws_upgrade(struct web_conn *c, char *up);   /* as LWS_CALLBACK_HTTP_CONFIRM_UPGRADE */
int web_ws_event(struct web_ws *ws, enum lws_callback_reasons why, void *in, size_t len);
void web_ws_gone(struct web_ws *ws);                /* tells on_close if not told, frees */
void web_ws_tick(struct web_ws *ws, int64_t now_ms);
void web_ws_init(struct web_ws *ws, int ping_ms, int64_t now_ms);

/* listen.c */
int web_listen_check(const char *host, int port, struct err *e);

/* log.c */
void web_log_init(void);
size_t web_fd_cap(void);                            /* see log.c */
void web_fd_uncap(size_t was);

#endif
