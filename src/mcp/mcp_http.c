/* mcp_http.c: a server behind an address (Streamable HTTP): every message is a POST of its own;
 * the answer is one JSON object, or a stream of events that ends with it.
 *
 * What libcurl brings is only kept inside its callbacks; a timer (pump) looks at it right
 * after, when nothing of fetch is on the stack and callers may do what they like, close the
 * client too. An exchange (struct mcp_post) is freed by its pump, or with the question it was
 * for; dropping a question hangs up, which cancels it in the newer generation. Sessions of the
 * older one are kept, repeated in every message, and begun anew when the server has forgotten
 * them. Loop's thread.
 */
#include <stdio.h>

#include "mcp_int.h"

struct mcp_post {
	struct mcp_post *next;
	struct mcp *m;
	struct mcp_req *r;           /* NULL = a notification, or nobody waits */
	struct fetch_req *fetch;     /* NULL once over */
	struct loop_timer pump;
	struct sb in;                /* came and was not looked at */
	struct fetch_sse sse;
	bool inside;                 /* the pump is on the stack */
	bool stream, json, garbled, over;
	int err, status;
	char error[200];
	char session[128];           /* it was sent in */
};

static void pump(void *arg);

static void post_free(struct mcp_post *p)
{
	for (struct mcp_post **q = &p->m->posts; *q; q = &(*q)->next)
		if (*q == p) {
			*q = p->next;
			break;
		}
	if (p->r)
		p->r->post = NULL;
	loop_timer_stop(&p->pump);
	fetch_cancel(p->fetch);
	sb_done(&p->in);
	fetch_sse_done(&p->sse);
	xfree(p);
}

/* ---- inside fetch ---- */

static void on_head(void *arg, int status, struct fetch_req *f)
{
	struct mcp_post *p = arg;
	sv type = fetch_header(f, "content-type"), session = fetch_header(f, "mcp-session-id");

	p->stream = status < 300 && sv_starts(type, SV("text/event-stream"));
	p->json = sv_starts(type, SV("application/json"));
	if (p->r && sv_eq(sv_of(p->r->method), SV("initialize")) && status < 300 && session.n &&
	    session.n < sizeof(p->m->session))
		(void)snprintf(p->m->session, sizeof(p->m->session), SV_FMT, SV_ARG(session));
}

static int on_data(void *arg, sv piece)
{
	struct mcp_post *p = arg;

	sb_put(&p->in, piece);
	if (p->stream)
		loop_after(p->m->loop, &p->pump, 0, pump, p);
	return sb_err(&p->in) != 0;
}

static void on_end(void *arg, int err, int status)
{
	struct mcp_post *p = arg;

	p->over = true;
	p->err = sb_err(&p->in) ? ERR_TOOBIG : err;
	p->status = status;
	(void)snprintf(p->error, sizeof(p->error), "%s", err ? fetch_error(p->fetch) : "");
	p->fetch = NULL;
	loop_after(p->m->loop, &p->pump, 0, pump, p);
}

/* ---- outside ---- */

static int on_event(void *arg, sv event, sv data, sv id)
{
	struct mcp_post *p = arg;

	(void)id;
	if (p->r && data.n && (!event.n || sv_eq(event, SV("message"))) &&
	    !mcp_take(p->m, p->r, data))
		p->garbled = true;
	return p->m->dead || !p->r || p->garbled;    /* answered: the rest is not for us */
}

/* A 404 in a session says that the server has forgotten it: nothing was done. */
static void session_over(struct mcp_post *p)
{
	struct mcp *m = p->m;
	struct mcp_req *r = p->r;

	if (sv_eq(sv_of(m->session), sv_of(p->session))) {
		m->session[0] = '\0';
		m->state = MCP_DOWN;
		m->listed = m->init_sent = false;
	}
	mcp_req_fail(r, ERR_CLOSED, "the session has ended");
}

static void refused(struct mcp_post *p, int status)
{
	struct mcp *m = p->m;
	struct mcp_req *r = p->r;
	bool probe = sv_eq(sv_of(r->method), SV("server/discover"));
	char why[200];

	if (status == 401 || status == 403) {
		(void)snprintf(why, sizeof(why), "%.100s refuses the key or needs one (HTTP %d)",
			       m->name, status);
		mcp_req_fail(r, ERR_AUTH, why);
	} else if (status == 404 && p->session[0]) {
		session_over(p);
	} else {
		(void)snprintf(why, sizeof(why), "%.100s answered %s with HTTP %d", m->name,
			       r->method, status);
		/* An older server refuses what it does not know: the handshake comes next. */
		mcp_req_fail(r, probe && status >= 400 && status < 500 ? ERR_UNSUPPORTED :
							   ERR_UPSTREAM, why);
	}
}

/* It is over and its question is still open. */
static void unanswered(struct mcp_post *p)
{
	struct mcp_req *r = p->r;
	struct mcp *m = p->m;
	char why[300];
	int err = ERR_UPSTREAM;

	if (!p->err && !p->garbled && p->status >= 300) {
		refused(p, p->status);
		return;
	}
	if (p->garbled) {
		(void)snprintf(why, sizeof(why), "%.100s wrote what is no JSON-RPC message",
			       m->name);
	} else if (!p->err) {
		(void)snprintf(why, sizeof(why), "%.100s ended its answer to %s too soon", m->name,
			       r->method);
	} else {
		err = p->err;
		(void)snprintf(why, sizeof(why), "%.60s: %.200s", m->name,
			       err == ERR_TOOBIG ? "the answer is too large" : p->error);
	}
	mcp_req_fail(r, err, why);
}

static void look(struct mcp_post *p)
{
	if (p->stream) {
		sv bytes = sb_sv(&p->in);
		int rc = p->r ? fetch_sse_feed(&p->sse, bytes) : 0;

		if (!rc && p->over && p->r)
			rc = fetch_sse_end(&p->sse);
		if (rc == ERR_TOOBIG) {
			p->over = true;
			p->err = ERR_TOOBIG;
		}
		sb_reset(&p->in);
	} else if (p->over && p->r && !p->err && p->in.n && (p->json || p->status < 300)) {
		p->garbled = !mcp_take(p->m, p->r, sb_sv(&p->in)) && p->status < 300;
	}
	if (p->r && (p->over || p->garbled))
		unanswered(p);
}

static void pump(void *arg)
{
	struct mcp_post *p = arg;
	struct mcp *m = p->m;

	mcp_enter(m);
	p->inside = true;
	if (p->r)
		look(p);
	p->inside = false;
	if (!p->r || p->over)
		post_free(p);
	(void)mcp_leave(m);
}

static void put_headers(struct mcp *m, const struct mcp_req *r, struct sb *b)
{
	bool hello = r && sv_eq(sv_of(r->method), SV("initialize"));

	sb_cstr(b, "Content-Type: application/json\r\n"
		   "Accept: application/json, text/event-stream\r\n");
	if (m->headers)
		sb_cstr(b, m->headers);
	if (m->modern)
		sb_cstr(b, "MCP-Protocol-Version: " MCP_MODERN "\r\n");
	else if (!hello && m->version[0])
		sb_fmt(b, "MCP-Protocol-Version: %s\r\n", m->version);
	if (m->modern && r)
		sb_fmt(b, "Mcp-Method: %s\r\n", r->method);
	if (r && r->headers)
		sb_cstr(b, r->headers);
	if (m->session[0] && !hello)
		sb_fmt(b, "Mcp-Session-Id: %s\r\n", m->session);
}

static int http_send(struct mcp *m, struct mcp_req *r, sv json)
{
	struct mcp_post *p = xalloc(sizeof(*p));
	struct err e = { 0 };
	struct sb head;

	p->m = m;
	p->r = r;
	(void)snprintf(p->session, sizeof(p->session), "%s", m->session);
	sb_init(&p->in, MCP_MSG);
	p->next = m->posts;
	m->posts = p;
	fetch_sse_init(&p->sse, MCP_MSG, on_event, p);
	sb_init(&head, 128u << 10);
	put_headers(m, r, &head);
	/* Deadlines are the question's; a stream may be silent as long as that. */
	struct fetch_opts o = { .method = "POST", .url = m->url, .headers = sb_str(&head),
				.body = json, .first_byte_ms = 3600000, .stall_ms = 3600000,
				.total_ms = r ? 3600000 : 10000, .max_bytes = 64u << 20,
				.allow_addr = m->o.allow_addr, .on_head = on_head,
				.on_data = on_data, .on_end = on_end, .arg = p };
	int rc = sb_err(&head) ? ERR_TOOBIG : fetch_start(&p->fetch, m->fetch, &o, &e);
	sb_done(&head);
	if (rc) {
		p->r = NULL;
		post_free(p);
		mcp_say_why(m, "%s: %s", m->name, e.msg);
		return rc;
	}
	if (r)
		r->post = p;
	return 0;
}

static void http_drop(struct mcp *m, struct mcp_req *r)
{
	struct mcp_post *p = r->post;

	(void)m;
	if (!p)
		return;
	r->post = NULL;
	p->r = NULL;
	if (!p->inside)
		post_free(p);
}

int mcp_http_open(struct mcp *m, struct err *e)
{
	sv url = sv_of(m->url);

	if (!sv_starts(url, SV("http://")) && !sv_starts(url, SV("https://")))
		return err_set(e, ERR_INVAL, "%s: the url must begin with http:// or https://",
			       m->name);
	m->fetch = fetch_new(m->loop);
	return 0;
}

static void http_close(struct mcp *m)
{
	for (struct mcp_post *p = m->posts, *next; p; p = next) {
		next = p->next;
		fetch_cancel(p->fetch);
		p->fetch = NULL;
		p->r = NULL;
		if (!p->inside)
			post_free(p);
	}
	fetch_free(m->fetch);
	m->fetch = NULL;
}

const struct mcp_link mcp_http = { http_send, http_drop, http_close };
