/* t_mcp_http.c: the client over Streamable HTTP against a socket server on the same loop that says
 * what the test's script tells it. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mcp_int.h"
#include "t.h"

enum { CONNS = 32 };

struct peer {
	struct loop_io io;
	struct sb got, out;
	size_t sent;
	int fd;
};
struct web {
	struct loop *l;
	struct loop_io io;
	struct peer peers[CONNS];
	int fd, port, n_peers, requests, closed;
	/* Writes a whole HTTP answer, or nothing to stay silent. */
	void (*script)(struct web *w, sv method, sv request, const jv *msg, struct sb *out);
	char last[4000];             /* the last tools/call, head and body */
	bool dead_session;
	int sessions;
	struct mcp *m;
	int done, err;
	char why[300], text[300], list[300], structured[200];
	bool close_inside;
	struct mcp_call *call;
};

static sv header(sv request, const char *name)
{
	sv line;

	while (sv_line(&request, &line) && line.n) {
		ptrdiff_t at = sv_find_ch(line, ':');
		if (at > 0 && sv_eq_nocase(sv_slice(line, 0, (size_t)at), sv_of(name)))
			return sv_trim(sv_slice(line, (size_t)at + 1, line.n));
	}
	return SV_NULL;
}

static void peer_close(struct web *w, struct peer *p)
{
	if (p->fd < 0)
		return;
	loop_io_stop(&p->io);
	close(p->fd);
	p->fd = -1;
	sb_done(&p->got);
	sb_done(&p->out);
	w->closed++;
}

static struct web *W;

static void on_peer(void *arg, int fd, unsigned ev);

static void flush(struct peer *p)
{
	ssize_t n = 1;

	while (p->sent < p->out.n && n > 0) {
		n = send(p->fd, p->out.p + p->sent, p->out.n - p->sent,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		p->sent += n > 0 ? (size_t)n : 0;
	}
	loop_io_start(W->l, &p->io, p->fd, LOOP_READ | (p->sent < p->out.n ? LOOP_WRITE : 0),
		      on_peer, p);
}

/* A whole request came. */
static void serve(struct peer *p, sv all, sv body)
{
	jv *msg = jv_parse(body, NULL);
	sv method = jv_get_str(msg, "method");

	W->requests++;
	if (sv_eq(method, SV("tools/call")))
		snprintf(W->last, sizeof(W->last), SV_FMT, SV_ARG(all));
	sb_done(&p->out);
	sb_init(&p->out, 6 << 20);
	p->sent = 0;
	W->script(W, method, all, msg, &p->out);
	jv_free(msg);
	sb_reset(&p->got);
	flush(p);
}

static void on_peer(void *arg, int fd, unsigned ev)
{
	struct peer *p = arg;
	char buf[8192];
	int64_t len = 0;

	if (ev & LOOP_WRITE)
		flush(p);
	if (!(ev & LOOP_READ))
		return;
	ssize_t n = recv(fd, buf, sizeof(buf), 0);
	if (n <= 0) {
		peer_close(W, p);
		return;
	}
	sb_put(&p->got, sv_n(buf, (size_t)n));
	sv all = sb_sv(&p->got);
	ptrdiff_t end = sv_find(all, SV("\r\n\r\n"));
	if (end >= 0 && sv_i64(header(all, "Content-Length"), &len) == 0 &&
	    all.n >= (size_t)end + 4 + (size_t)len)
		serve(p, all, sv_slice(all, (size_t)end + 4, all.n));
}

static void on_accept(void *arg, int fd, unsigned ev)
{
	struct web *w = arg;
	int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	(void)ev;
	if (c < 0 || w->n_peers == CONNS) {
		close(c);
		return;
	}
	struct peer *p = &w->peers[w->n_peers++];
	p->fd = c;
	sb_init(&p->got, 1u << 20);
	loop_io_start(w->l, &p->io, c, LOOP_READ, on_peer, p);
}

/* ---- answers ---- */

static void reply(struct sb *out, int status, const char *extra, const char *type, sv body)
{
	sb_fmt(out, "HTTP/1.1 %d X\r\n%sContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
	       status, extra, type, body.n);
	sb_put(out, body);
}

static void result(struct sb *out, const jv *msg, const char *extra, const char *rest, bool sse)
{
	struct sb b;

	sb_init(&b, 5 << 20);
	sb_cstr(&b, sse ? "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":" :
			  "{\"jsonrpc\":\"2.0\",\"id\":");
	jv_dump(jv_get(msg, "id"), &b);
	sb_fmt(&b, ",%s}%s", rest, sse ? "\n\n" : "");
	reply(out, 200, extra, sse ? "text/event-stream" : "application/json", sb_sv(&b));
	sb_done(&b);
}

#define TOOLS \
	"\"result\":{\"resultType\":\"complete\",\"tools\":[{\"name\":\"find\"," \
	"\"inputSchema\":" \
	"{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\",\"x-mcp-header\":" \
	"\"City\"}}}}," \
	"{\"name\":\"bad\",\"inputSchema\":{\"type\":\"object\",\"properties\":{\"a\":{" \
	"\"type\":" \
	"\"number\",\"x-mcp-header\":\"A\"}}}}],\"ttlMs\":60000,\"cacheScope\":\"private\"}"
#define FOUND \
	"\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"found\"}]," \
	"\"structuredContent\":{\"n\":1}}"

static void modern(struct web *w, sv method, sv request, const jv *msg, struct sb *out)
{
	const jv *meta = jv_path(msg, "params._meta");

	(void)w;
	if (!sv_eq(header(request, "MCP-Protocol-Version"), SV(MCP_MODERN)) ||
	    !sv_eq(header(request, "Mcp-Method"), method) ||
	    !jv_get(meta, "io.modelcontextprotocol/clientCapabilities"))
		reply(out, 400, "", "application/json",
		      SV("{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32020,\"message\":"
			 "\"headers\"}}"));
	else if (sv_eq(method, SV("server/discover")))
		result(out, msg, "", "\"result\":{\"supportedVersions\":[\"2026-07-28\"]}", false);
	else if (sv_eq(method, SV("tools/list")))
		result(out, msg, "", TOOLS, false);
	else if (sv_eq(method, SV("tools/call")))
		result(out, msg, "", FOUND, true);
}

static void legacy(struct web *w, sv method, sv request, const jv *msg, struct sb *out)
{
	char id[40], extra[80];
	bool known;

	snprintf(id, sizeof(id), "s%d", w->sessions);
	known = sv_eq(header(request, "Mcp-Session-Id"), sv_of(id)) && !w->dead_session;
	snprintf(extra, sizeof(extra), "Mcp-Session-Id: s%d\r\n", w->sessions + 1);
	if (sv_eq(method, SV("initialize"))) {
		w->sessions++;
		w->dead_session = false;
		result(out, msg, extra, "\"result\":{\"protocolVersion\":\"2025-06-18\"}", true);
	} else if (sv_eq(method, SV("server/discover"))) {
		reply(out, 400, "", "text/plain", SV("no session"));
	} else if (!known) {
		reply(out, 404, "", "text/plain", SV("gone"));
	} else if (!jv_get(msg, "id")) {
		reply(out, 202, "", "text/plain", SV(""));
	} else if (!sv_eq(header(request, "MCP-Protocol-Version"), SV("2025-06-18")) ||
		   jv_path(msg, "params._meta.io")) {
		reply(out, 400, "", "text/plain", SV("version"));
	} else if (sv_eq(method, SV("tools/list"))) {
		result(out, msg, "", TOOLS, true);
	} else {
		result(out, msg, "", FOUND, false);
	}
}

/* ---- the client ---- */

static bool start(struct web *w, void (*script)(struct web *, sv, sv, const jv *, struct sb *))
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	struct err e = { 0 };
	char url[60];

	*w = (struct web){ .l = loop_new(), .script = script };
	W = w;
	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(w->fd, (struct sockaddr *)&a, sizeof(a)) || listen(w->fd, 32) ||
	    getsockname(w->fd, (struct sockaddr *)&a, &n))
		return false;
	w->port = ntohs(a.sin_port);
	loop_io_start(w->l, &w->io, w->fd, LOOP_READ, on_accept, w);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/mcp", w->port);
	return mcp_open(&w->m, w->l, &(struct mcp_opts){ .name = "web", .url = url,
			.headers = "Authorization: Bearer k\r\n" }, &e) == 0;
}

static void stop(struct web *w)
{
	mcp_close(w->m);
	for (int i = 0; i < w->n_peers; i++)
		peer_close(w, &w->peers[i]);
	loop_io_stop(&w->io);
	close(w->fd);
	loop_free(w->l);
}

static void on_done(void *arg, const struct mcp_result *r)
{
	struct web *w = arg;
	struct sb b;

	w->done++;
	w->err = r->err;
	snprintf(w->why, sizeof(w->why), "%s", r->why);
	snprintf(w->text, sizeof(w->text), SV_FMT, SV_ARG(r->text));
	sb_init(&b, 1000);
	if (r->structured)
		jv_dump(r->structured, &b);
	snprintf(w->structured, sizeof(w->structured), "%s", sb_str(&b));
	sb_done(&b);
	if (w->close_inside) {
		mcp_close(w->m);
		w->m = NULL;
	}
}

static bool is_done(void *arg)
{
	return ((struct web *)arg)->done > 0;
}

static void begin(struct web *w, const char *tool, const char *args, int ms)
{
	jv *v = jv_parse(sv_of(args), NULL);

	w->done = 0;
	ASSERT(mcp_call(&w->call, w->m, &(struct mcp_call_opts){ .tool = sv_of(tool), .args = v,
			.deadline_ms = ms, .on_done = on_done, .arg = w }) == 0);
	jv_free(v);
}

static int call(struct web *w, const char *tool, const char *args)
{
	begin(w, tool, args, 15000);
	return t_wait(w->l, is_done, w, 20000) ? w->err : ERR_AGAIN;
}

TEST(http_of_the_stateless_generation)
{
	struct web w;

	CHECK(start(&w, modern));
	OK(call(&w, "find", "{\"city\":\"北京\"}"));
	STR_EQ(w.text, "found");
	STR_EQ(w.structured, "{\"n\":1}");
	STR_EQ(mcp_version(w.m), MCP_MODERN);
	SV_EQ(header(sv_of(w.last), "Mcp-Name"), "find");
	SV_EQ(header(sv_of(w.last), "Mcp-Param-City"), "=?base64?5YyX5Lqs?=");
	SV_EQ(header(sv_of(w.last), "Authorization"), "Bearer k");
	SV_EQ(header(sv_of(w.last), "Accept"), "application/json, text/event-stream");
	CHECK(!header(sv_of(w.last), "Mcp-Session-Id").p);
	int before = w.requests;
	OK(call(&w, "find", "{}"));
	EQ(w.requests, before + 1);                  /* the list is known for a minute */
	CHECK(!header(sv_of(w.last), "Mcp-Param-City").p);
	EQ(call(&w, "bad", "{}"), ERR_DENIED);       /* a mark where none may be */
	HAS(sv_of(w.why), "x-mcp-header");
	stop(&w);
}

TEST(http_of_the_older_generation_with_sessions)
{
	struct web w;

	CHECK(start(&w, legacy));
	OK(call(&w, "find", "{\"city\":\"x\"}"));
	STR_EQ(mcp_version(w.m), "2025-06-18");
	SV_EQ(header(sv_of(w.last), "Mcp-Session-Id"), "s1");
	CHECK(!header(sv_of(w.last), "Mcp-Method").p);
	OK(call(&w, "bad", "{}"));                   /* marks mean nothing here */
	w.dead_session = true;                       /* the server was started again */
	OK(call(&w, "find", "{}"));
	SV_EQ(header(sv_of(w.last), "Mcp-Session-Id"), "s2");
	EQ(w.sessions, 2);
	stop(&w);
}

static void forgetful(struct web *w, sv method, sv request, const jv *msg, struct sb *out)
{
	w->dead_session |= !sv_eq(method, SV("initialize")) && jv_get(msg, "id");
	legacy(w, method, request, msg, out);
}

TEST(http_a_server_without_memory_is_not_asked_for_ever)
{
	struct web w;

	CHECK(start(&w, forgetful));
	CHECK(call(&w, "find", "{}") != 0);
	CHECK(w.requests < 20);
	stop(&w);
}

static const char *raw;

static void says_raw(struct web *w, sv method, sv request, const jv *msg, struct sb *out)
{
	if (sv_eq(method, SV("tools/call")))
		sb_cstr(out, raw);
	else
		modern(w, method, request, msg, out);
}

TEST(http_bad_answers_are_told_in_words)
{
	static const struct {
		const char *raw;
		int err;
		const char *why;
	} cases[] = {
		{ "HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n", ERR_AUTH, "refuses the key" },
		{ "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", ERR_UPSTREAM, "HTTP 500" },
		{ "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: "
		  "4\r\n\r\n{{{{",
		  ERR_UPSTREAM, "no JSON-RPC" },
		{ "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: "
		  "2\r\n\r\n[]",
		  ERR_UPSTREAM, "no JSON-RPC" },
		{ "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nContent-Length: "
		  "9\r\n\r\n"
		  "data: {\n\n",
		  ERR_UPSTREAM, "no JSON-RPC" },
		{ "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nContent-Length: "
		  "4\r\n\r\n:hi\n",
		  ERR_UPSTREAM, "too soon" },
		{ "HTTP/1.1 202 X\r\nContent-Length: 0\r\n\r\n", ERR_UPSTREAM, "too soon" },
		{ "HTTP/1.1 400 X\r\nContent-Type: application/json\r\nContent-Length: "
		  "59\r\n\r\n"
		  "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32020,\"message\":\"hm hm\"}}",
		  ERR_UPSTREAM, "hm hm" },
		{ "nonsense\r\n\r\n", ERR_NET, "web" },
	};
	struct web w;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		raw = cases[i].raw;
		CHECK(start(&w, says_raw));
		EQ(call(&w, "find", "{}"), cases[i].err);
		HAS(sv_of(w.why), cases[i].why);
		stop(&w);
	}
}

static void mute(struct web *w, sv method, sv request, const jv *msg, struct sb *out)
{
	if (!sv_eq(method, SV("tools/call")))
		modern(w, method, request, msg, out);
	else
		sb_cstr(out, "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\n\r\n: wait\n\n");
}

static bool hung_up(void *arg)
{
	return ((struct web *)arg)->closed > 0;
}

static bool asked(void *arg)
{
	return ((struct web *)arg)->last[0];
}

TEST(http_deadline_and_cancel_hang_up)
{
	struct web w;

	CHECK(start(&w, mute));
	EQ((begin(&w, "find", "{}", 400), t_wait(w.l, is_done, &w, 15000)), true);
	EQ(w.err, ERR_TIMEOUT);
	CHECK(t_wait(w.l, hung_up, &w, 15000));
	stop(&w);
	CHECK(start(&w, mute));
	begin(&w, "find", "{}", 15000);
	CHECK(t_wait(w.l, asked, &w, 15000));
	mcp_call_cancel(w.call);
	CHECK(t_wait(w.l, hung_up, &w, 15000));
	EQ(w.done, 0);
	stop(&w);
}

static void flood(struct web *w, sv method, sv request, const jv *msg, struct sb *out)
{
	if (!sv_eq(method, SV("tools/call"))) {
		modern(w, method, request, msg, out);
		return;
	}
	sb_cstr(out, "HTTP/1.1 200 X\r\nContent-Type: application/json\r\n\r\n");
	for (int i = 0; i < 4 << 20; i += 64)
		sb_cstr(out, "                                                                ");
	sb_cstr(out, "and more");
}

TEST(http_an_endless_answer_is_cut_off)
{
	struct web w;

	CHECK(start(&w, flood));
	EQ(call(&w, "find", "{}"), ERR_TOOBIG);
	stop(&w);
}

TEST(http_the_client_may_be_closed_in_its_callbacks)
{
	struct web w;

	CHECK(start(&w, modern));
	w.close_inside = true;
	OK(call(&w, "find", "{}"));
	CHECK(!w.m);
	stop(&w);
}

TEST(http_nobody_there_is_not_asked_again_at_once)
{
	struct web w;

	CHECK(start(&w, modern));
	loop_io_stop(&w.io);
	close(w.fd);
	w.fd = -1;
	EQ(call(&w, "find", "{}"), ERR_NET);
	HAS(sv_of(w.why), "web: ");
	EQ(call(&w, "find", "{}"), ERR_UPSTREAM);    /* within the pause */
	stop(&w);
}

static bool nowhere(void *arg, const char *addr, int port)
{
	(void)arg;
	(void)addr;
	(void)port;
	return false;
}

TEST(http_addresses_can_be_forbidden)
{
	struct web w;
	char url[60];
	struct err e = { 0 };

	CHECK(start(&w, modern));
	mcp_close(w.m);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/mcp", w.port);
	OK(mcp_open(&w.m, w.l,
		    &(struct mcp_opts){ .name = "web", .url = url, .allow_addr = nowhere },
		    &e));
	EQ(call(&w, "find", "{}"), ERR_DENIED);
	EQ(w.requests, 0);
	stop(&w);
}
