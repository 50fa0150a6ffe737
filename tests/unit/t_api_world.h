/* t_api_world.h: the whole door in one process: store on disk, knowledge base, shards on their
 * own threads, the api on its thread; and clients: blocking HTTP over plain sockets, WebSockets
 * on the test's loop. */
#ifndef CALLM_T_API_WORLD_H
#define CALLM_T_API_WORLD_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "acd.h"
#include "api_int.h"
#include "t.h"
#include "talk_people.h"

#define UNUSED __attribute__((unused))

struct aw {
	struct loop *loop;           /* of the WebSocket clients */
	struct store *store;
	struct pool *pool;
	struct snap *kb;
	struct talk_texts *texts;
	struct talk_hub *hub;
	struct api *api;
	jv *company;
	struct api_opts o;           /* set limits before aw_up */
	int group_ms;                /* of the store */
	const char *script;          /* JSON of a scripted model, NULL = none */
	jv *rules;
	struct talk_limits limits;
	int port;
	const struct chan_profile *profile;  /* the only customer known */
	const char *queues;          /* YAML: agents behind the bot (acd.h); NULL = none */
	struct acd *acd;
	struct talk_people people;
};

struct resp {
	int status;
	struct sb head, body;
	jv *json;
};

/* ---- the house ---- */

/* SV as an initialiser of a constant. */
#define L(lit) { "" lit, sizeof(lit) - 1 }
static const struct kb_article aw_articles[] = {
	{ .id = L("returns.en"),
	  .group_id = L("returns"),
	  .lang = L("en"),
	  .title = L("How long may I return goods"),
	  .category = L("returns"),
	  .aliases = L("return window\ncan I send it back"),
	  .source = L("test"),
	  .body_md = L("You may return unused goods within 30 days of delivery. The refund "
		       "arrives in 5 days.") },
	{ .id = L("delivery.en"),
	  .group_id = L("delivery"),
	  .lang = L("en"),
	  .title = L("How long does delivery take"),
	  .category = L("delivery"),
	  .aliases = L("when does my parcel arrive\nshipping time"),
	  .source = L("test"),
	  .body_md = L("Delivery takes two to four working days within the country.") },
	{ .id = L("returns.zh"),
	  .group_id = L("returns"),
	  .lang = L("zh"),
	  .title = L("退货期限是多久"),
	  .category = L("returns"),
	  .source = L("test"),
	  .aliases = L("多久可以退货"),
	  .body_md = L("签收后30天内可以退货。退款在5天内到账。") },
};

static int aw_write(void *arg, struct store_db *db)
{
	bool changed;
	int rc = 0;
	for (size_t i = 0; i < sizeof(aw_articles) / sizeof(*aw_articles) && rc == 0; i++)
		rc = kb_put(db, &aw_articles[i], 1, &changed);
	return *(int *)arg = rc;
}

static void aw_feed(void *arg, sv id, sv event, sv conv)
{
	struct aw *w = arg;
	struct api *a = __atomic_load_n(&w->api, __ATOMIC_ACQUIRE);
	if (a)
		api_feed(a, id, event, conv);
}

static int aw_store(struct aw *w, struct err *e)
{
	struct store_db *db;
	struct kb_index *ix;
	int put = 0;
	struct store_opts so = { .dir = t_tmpdir(), .group_ms = w->group_ms ? w->group_ms : -1 };
	int rc = store_open(&w->store, &so, e);
	if (rc == 0)
		rc = store_write(w->store, aw_write, &put, NULL, NULL);
	if (rc == 0)
		rc = store_flush(w->store);
	if (rc == 0)
		rc = put ? put : store_reader(w->store, &db);
	if (rc == 0)
		rc = kb_build(&ix, db, &(struct kb_opts){ 0 }, e);
	if (rc == 0)
		w->kb = snap_new(ix);
	return rc;
}

static int aw_word(void *arg, const struct talk_word *x)
{
	struct aw *w = arg;
	struct api *a = __atomic_load_n(&w->api, __ATOMIC_ACQUIRE);
	return a ? api_word(a, x) : ERR_AGAIN;
}

static void aw_told(void *arg, const char *type, sv agent, sv json)
{
	struct aw *w = arg;
	struct api *a = __atomic_load_n(&w->api, __ATOMIC_ACQUIRE);
	if (a)
		api_people_feed(a, type, agent, json);
}

static int aw_acd(struct aw *w, struct err *e)
{
	const struct acd_opts o = { .store = w->store,
				    .yaml = sv_of(w->queues),
				    .yaml_name = "queues.yaml",
				    .word = aw_word,
				    .word_arg = w,
				    .feed = aw_told,
				    .feed_arg = w,
				    .realtime_ms = 100 };
	int rc = acd_open(&w->acd, &o, e);
	if (rc == 0)
		acd_people(w->acd, &w->people);
	return rc;
}

static int aw_hub(struct aw *w, struct err *e)
{
	w->rules = w->script ? jv_parse(sv_of(w->script), NULL) : NULL;
	struct model_spec llm = { .kind = "scripted", .model = "test", .script = w->rules };
	struct talk_opts to = { .shards = 2,
				.store = w->store,
				.kb = w->kb,
				.pool = w->pool,
				.feed = { aw_feed, w },
				.limits = w->limits,
				.pii_key = w->o.pii_key,
				.llm = &llm,
				.n_llm = w->script ? 1 : 0,
				.people = w->acd ? &w->people : NULL };
	int rc = talk_texts_new(&w->texts, w->company, e);
	to.texts = w->texts;
	return rc ? rc : talk_hub_open(&w->hub, &to, e);
}

static const struct chan_profile *aw_profile(void *arg, sv id)
{
	const struct aw *w = arg;
	return w->profile && sv_eq(id, w->profile->id) ? w->profile : NULL;
}

UNUSED static bool aw_up(struct aw *w)
{
	struct err e = { 0 };
	w->company = jv_parse(SV("{\"name\":{\"en\":\"Test Ltd\",\"zh\":\"测试公司\"}}"), NULL);
	w->pool = pool_new(2, 0);
	int rc = aw_store(w, &e);
	if (rc == 0 && w->queues)
		rc = aw_acd(w, &e);
	if (rc == 0)
		rc = aw_hub(w, &e);
	struct api_opts o = w->o;
	o.store = w->store;
	o.pool = w->pool;
	o.hub = w->hub;
	o.kb = w->kb;
	o.company = w->company;
	o.profile = aw_profile;
	o.profile_arg = w;
	o.acd = w->acd;
	o.data_dir = t_tmpdir();
	struct api *a = NULL;
	if (rc == 0)
		rc = api_open(&a, &o, &e);
	if (rc) {
		t_fail(__FILE__, __LINE__, e.msg);
		return false;
	}
	__atomic_store_n(&w->api, a, __ATOMIC_RELEASE);
	w->port = api_port(a);
	if (!w->loop)
		w->loop = loop_new();
	return true;
}

/* The order of app_server_close. */
static void aw_stop(struct aw *w)
{
	api_stop(w->api);
	talk_hub_close(w->hub);
	acd_close(w->acd);
	w->acd = NULL;
	pool_free(w->pool);
	store_close(w->store);
	api_close(w->api);
	snap_free(w->kb);
	obj_unref(w->texts);
	jv_free(w->company);
	jv_free(w->rules);
}

UNUSED static void aw_down(struct aw *w)
{
	aw_stop(w);
	web_client_done(w->loop);
	loop_free(w->loop);
}

UNUSED static bool aw_restart(struct aw *w)
{
	aw_stop(w);
	w->api = NULL;
	return aw_up(w);
}

/* A signed-in user's token without the cost of a password; the last eight are good. */
UNUSED static const char *aw_token_of(struct aw *w, const char *role, const char *login)
{
	static char out[8][API_TOKEN_MAX];
	static int i;
	char subject[128];
	char *p = out[i++ % 8];
	snprintf(subject, sizeof(subject), "%s:%s", role, login);
	return api_token_make(w->api, "user", sv_of(subject), clk_wall_ms() + 60000, p,
			      API_TOKEN_MAX) ?
		       p :
		       "";
}

UNUSED static const char *aw_token(struct aw *w, const char *role)
{
	return aw_token_of(w, role, "tester");
}

/* ---- HTTP ---- */

static int dial(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct timeval tv = { .tv_sec = 20 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Sends a request and leaves the answer to be read. headers: whole lines or NULL. */
static int http_send(struct aw *w, const char *line, const char *token, const char *headers,
		     sv body)
{
	struct sb b;
	int fd = dial(w->port);
	sb_init(&b, 8u << 20);
	sb_fmt(&b, "%s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n", line);
	if (token && token[0])
		sb_fmt(&b, "Authorization: Bearer %s\r\n", token);
	if (headers)
		sb_cstr(&b, headers);
	if (!sv_starts(sv_of(line), SV("GET")))
		sb_fmt(&b, "Content-Length: %zu\r\n", body.n);
	sb_cstr(&b, "\r\n");
	sb_put(&b, body);
	for (size_t off = 0; fd >= 0 && off < b.n;) {
		ssize_t n = send(fd, b.p + off, b.n - off, MSG_NOSIGNAL);
		if (n <= 0)
			break;
		off += (size_t)n;
	}
	sb_done(&b);
	return fd;
}

static void http_read(int fd, struct resp *r)
{
	char buf[65536];
	struct sb all;
	ssize_t n;
	sb_init(&all, 32u << 20);
	while (fd >= 0 && (n = recv(fd, buf, sizeof(buf), 0)) > 0)
		sb_put(&all, sv_n(buf, (size_t)n));
	if (fd >= 0)
		close(fd);
	jv_free(r->json);
	sb_done(&r->head);
	sb_done(&r->body);
	memset(r, 0, sizeof(*r));
	sb_init(&r->head, 1u << 20);
	sb_init(&r->body, 32u << 20);
	sv s = sb_sv(&all);
	ptrdiff_t end = sv_find(s, SV("\r\n\r\n"));
	int64_t status = 0;
	if (end > 12 && sv_i64(sv_slice(s, 9, 12), &status) == 0) {
		sb_put(&r->head, sv_slice(s, 0, (size_t)end + 2));
		sb_put(&r->body, sv_slice(s, (size_t)end + 4, s.n));
	}
	r->status = (int)status;
	r->json = jv_parse(sb_sv(&r->body), NULL);
	sb_done(&all);
}

UNUSED static int http_with(struct aw *w, const char *line, const char *token,
			    const char *headers, const char *body, struct resp *r)
{
	http_read(http_send(w, line, token, headers, body ? sv_of(body) : SV_NULL), r);
	return r->status;
}

UNUSED static int http(struct aw *w, const char *line, const char *token, const char *body,
		       struct resp *r)
{
	return http_with(w, line, token, NULL, body, r);
}

UNUSED static void resp_done(struct resp *r)
{
	jv_free(r->json);
	sb_done(&r->head);
	sb_done(&r->body);
	memset(r, 0, sizeof(*r));
}

/* RFC 9457: the type, and a status that is the answer's. */
UNUSED static bool is_problem(const struct resp *r)
{
	return sv_find(sb_sv(&r->head), SV("Content-Type: application/problem+json")) >= 0 &&
	       jv_get_int(r->json, "status", 0) == r->status && jv_get_str(r->json, "title").n &&
	       jv_get_str(r->json, "detail").n && jv_get_str(r->json, "type").n;
}

/* A conversation over REST; its token and id in buffers of the caller. */
UNUSED static bool begin(struct aw *w, char id[27], char token[API_TOKEN_MAX])
{
	struct resp r = { 0 };
	bool ok = http(w, "POST /api/v1/conversations", NULL,
		       "{\"channel\":\"webchat\",\"language\":\"en\"}", &r) == 201;
	snprintf(id, 27, SV_FMT, SV_ARG(jv_get_str(r.json, "id")));
	snprintf(token, API_TOKEN_MAX, SV_FMT, SV_ARG(jv_get_str(r.json, "token")));
	resp_done(&r);
	return ok && id[0] && token[0];
}

UNUSED static int say(struct aw *w, const char *id, const char *token, const char *body,
		      struct resp *r)
{
	char line[128];
	snprintf(line, sizeof(line), "POST /api/v1/conversations/%s/messages", id);
	return http(w, line, token, body, r);
}

UNUSED static int events(struct aw *w, const char *id, const char *token, int64_t after,
			 struct resp *r)
{
	char line[160];
	snprintf(line, sizeof(line), "GET /api/v1/conversations/%s/events?after=%lld", id,
		 (long long)after);
	return http(w, line, token, NULL, r);
}

/* Number of events of that kind in an answer of events(). */
UNUSED static int kinds(const struct resp *r, const char *kind)
{
	const jv *items = jv_get(r->json, "items");
	int n = 0;
	for (size_t i = 0; i < jv_len(items); i++)
		n += sv_eq(jv_get_str(jv_at(items, i), "kind"), sv_of(kind));
	return n;
}

/* ---- WebSocket ---- */

struct wsc {
	struct web_ws *ws;
	bool open, closed;
	int code;
	VEC(jv *) frames;
	const char *want;            /* what wsc_wait waits for */
	size_t from;                 /* frames before this one do not count */
	/* takes text frames instead of keeping them; NULL = they are kept */
	void (*raw)(struct wsc *c, sv msg);
	void *raw_arg;
};

static int wsc_on_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	((struct wsc *)arg)->open = true;
	return 0;
}

static void wsc_on_msg(struct web_ws *ws, sv msg, bool binary)
{
	struct wsc *c = web_ws_arg(ws);
	if (c->raw) {
		c->raw(c, msg);
		return;
	}
	jv *v = jv_parse(msg, NULL);
	jv **slot = VEC_PUSH(&c->frames, 100000);
	if (slot)
		*slot = v;
	else
		jv_free(v);
}

static void wsc_on_close(struct web_ws *ws, int code, sv reason)
{
	struct wsc *c = web_ws_arg(ws);
	c->closed = true;
	c->code = code;
	c->ws = NULL;
}

static bool wsc_opened(void *arg)
{
	const struct wsc *c = arg;
	return c->open || c->closed;
}

UNUSED static bool wsc_open(struct aw *w, struct wsc *c, const char *path)
{
	static const struct web_ws_ops ops = { wsc_on_open, wsc_on_msg, wsc_on_close, NULL };
	char url[API_TOKEN_MAX + 128];
	snprintf(url, sizeof(url), "ws://127.0.0.1:%d%s", w->port, path);
	memset(c, 0, sizeof(*c));
	struct web_ws_client_opts o = { .url = url, .ops = &ops, .arg = c };
	return web_ws_connect(&c->ws, w->loop, &o, NULL) == 0 &&
	       t_wait(w->loop, wsc_opened, c, 10000) && c->open;
}

UNUSED static void wsc_send(struct wsc *c, const char *text)
{
	if (c->ws)
		web_ws_send(c->ws, sv_of(text), false);
}

/* The frame number `from` or later of that type ("event:turn.bot" also looks at the row's
 * kind); NULL = none. */
UNUSED static const jv *wsc_find(const struct wsc *c, const char *type, size_t from)
{
	sv kind = sv_of(type), want;
	sv_cut(&kind, ':', &want);
	for (size_t i = from; i < c->frames.n; i++) {
		const jv *f = c->frames.v[i];
		if (sv_eq(jv_get_str(f, "type"), want) &&
		    (!kind.n || sv_eq(jv_as_str(jv_path(f, "data.kind")), kind)))
			return f;
	}
	return NULL;
}

static bool wsc_has(void *arg)
{
	const struct wsc *c = arg;
	return c->closed || wsc_find(c, c->want, c->from);
}

/* The first frame of that type from number c->from on, once it is there. */
UNUSED static const jv *wsc_wait(struct aw *w, struct wsc *c, const char *type)
{
	c->want = type;
	t_wait(w->loop, wsc_has, c, 15000);
	return wsc_find(c, type, c->from);
}

static bool wsc_is_closed(void *arg)
{
	return ((const struct wsc *)arg)->closed;
}

UNUSED static bool wsc_gone(struct aw *w, struct wsc *c)
{
	return t_wait(w->loop, wsc_is_closed, c, 15000);
}

UNUSED static void wsc_close(struct aw *w, struct wsc *c)
{
	if (c->ws)
		web_ws_close(c->ws, 1000, SV_NULL);
	wsc_gone(w, c);
	for (size_t i = 0; i < c->frames.n; i++)
		jv_free(c->frames.v[i]);
	VEC_FREE(&c->frames);
}

/* Sequence numbers of the event frames from number c->from on: each one more than the last,
 * beginning after `after`; the last one, or -1. */
UNUSED static int64_t wsc_in_order(const struct wsc *c, int64_t after)
{
	for (size_t i = c->from; i < c->frames.n; i++) {
		if (!sv_eq(jv_get_str(c->frames.v[i], "type"), SV("event")))
			continue;
		int64_t seq = jv_as_int(jv_path(c->frames.v[i], "data.seq"), 0);
		if (seq != after + 1)
			return -1;
		after = seq;
	}
	return after;
}

#endif
