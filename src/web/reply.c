/* reply.c: answers: head, body, streams, and the pump that hands them to the socket.
 *
 * Head and body are built in one buffer and leave in one write (half the cost of two).
 * Bigger things go in pieces of WEB_PIECE, one for each time the socket is writable. An
 * answer given inside the request's own callback is written there; any other waits for
 * the socket to be writable. Owner: the request owns the buffer. Thread: the loop's.
 */
#include <unistd.h>
#include <time.h>
#include "web_int.h"

static const struct {
	int status;
	const char *text;
} texts[] = {
	{ 100, "Continue" },
	{ 101, "Switching Protocols" },
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 206, "Partial Content" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Range Not Satisfiable" },
	{ 422, "Unprocessable Content" },
	{ 426, "Upgrade Required" },
	{ 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 499, "Client Closed Request" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
};

const char *web_status_text(int status)
{
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].status == status)
			return texts[i].text;
	return "Status";
}

void web_defaults_init(struct web_srv *s)
{
	struct sb b;
	sb_init(&b, 4096);
	sb_fmt(&b, "Content-Security-Policy: %s\r\n", s->o.csp ? s->o.csp : "default-src 'self'");
	s->defaults[0] = xstrdup(sb_sv(&b));
	s->defaults[1] = xstrdup(SV("X-Content-Type-Options: nosniff\r\n"));
	s->defaults[2] = xstrdup(SV("Referrer-Policy: no-referrer\r\n"));
	s->defaults[3] = xstrdup(SV("Cross-Origin-Opener-Policy: same-origin\r\n"));
	s->defaults[4] = xstrdup(SV("Cross-Origin-Resource-Policy: same-origin\r\n"));
	s->defaults[5] = xstrdup(SV("Cache-Control: no-store\r\n"));
	sb_done(&b);
}

void web_defaults_done(struct web_srv *s)
{
	for (size_t i = 0; i < sizeof s->defaults / sizeof *s->defaults; i++) {
		xfree(s->defaults[i]);
		s->defaults[i] = NULL;
	}
}

/* Does the block of lines have a line with the name of `line`? */
static bool brings(const char *block, const char *line)
{
	sv rest = sv_of(block), one;
	size_t n = strcspn(line, ":") + 1;
	while (sv_line(&rest, &one))
		if (sv_eq_nocase(sv_slice(one, 0, n), sv_n(line, n)))
			return true;
	return false;
}

/* Every line "Name: value\r\n" and nothing else: a stray CR or LF would split the answer. */
static bool lines_ok(const char *block)
{
	for (const char *p = block; *p;) {
		size_t n = strcspn(p, "\r\n");
		size_t colon = strcspn(p, ": \t\r\n");
		if (colon == 0 || p[colon] != ':' || p[n] != '\r' || p[n + 1] != '\n')
			return false;
		p += n + 2;
	}
	return true;
}

static const char *date_now(struct web_srv *s)
{
	time_t t = (time_t)(loop_wall_ms(s->loop) / 1000);
	struct tm tm;
	if (s->date_s != (int64_t)t) {
		s->date_s = (int64_t)t;
		gmtime_r(&t, &tm);
		strftime(s->date, sizeof s->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	}
	return s->date;
}

/* len < 0: no Content-Length (a stream, or a status without a body). */
void web_reply_head(struct web_req *r, struct sb *b, int status, const char *type, int64_t len,
		    const char *headers)
{
	struct web_srv *s = r->srv;
	sb_fmt(b, "HTTP/1.1 %d %s\r\nDate: %s\r\n", status, web_status_text(status), date_now(s));
	if (s->o.server_name)
		sb_fmt(b, "Server: %s\r\n", s->o.server_name);
	if (type)
		sb_fmt(b, "Content-Type: %s\r\n", type);
	if (len >= 0)
		sb_fmt(b, "Content-Length: %lld\r\n", (long long)len);
	for (size_t i = 0; i < sizeof s->defaults / sizeof *s->defaults; i++)
		if (!headers || !brings(headers, s->defaults[i]))
			sb_cstr(b, s->defaults[i]);
	if (headers)
		sb_cstr(b, headers);
	sb_cstr(b, r->keep ? "\r\n" : "Connection: close\r\n\r\n");
}

void web_wake(struct web_req *r)
{
	if (r->c && !r->c->in_cb) {
		r->c->due_ms = loop_now_ms(r->srv->loop) + WEB_SEND_MS;
		web_conn_rx(r->c, true);
		lws_callback_on_writable(r->c->wsi);
	}
}

/* Sets the answer up; r is not freed while its connection lives, the pump does that. */
void web_reply_out(struct web_req *r, int status, const char *type, sv body,
		   const char *headers)
{
	static const char pre[LWS_PRE];
	struct sb b;
	if (headers && !lines_ok(headers)) {
		status = 500;
		headers = NULL;
		type = NULL;
		body = SV_NULL;
	}
	bool no_body = status == 204 || status == 304;
	sb_init(&b, LWS_PRE + body.n + 2 * LIM_HTTP_HEAD);
	sb_put(&b, sv_n(pre, LWS_PRE));
	web_reply_head(r, &b, status, type, no_body ? -1 : (int64_t)body.n, headers);
	if (!r->head && !no_body)
		sb_put(&b, body);
	r->status = status;
	r->out_off = 0;
	r->out_n = b.n - LWS_PRE;
	if (sb_err(&b)) {
		r->keep = false;
		r->out_n = 0;
	}
	r->out = sb_take(&b);
	r->phase = WEB_HAVE;
}

/* Text that a route answers with, as whoever asked may see it. */
static bool masked(struct web_req *r, const char *type, sv body, struct sb *out)
{
	const struct web_srv_opts *o = &r->srv->o;
	bool text = type && (sv_starts(sv_of(type), SV("application/json")) ||
			     sv_starts(sv_of(type), SV("application/problem+json")) ||
			     sv_starts(sv_of(type), SV("text/")));
	sb_init(out, 4 * body.n + LIM_SB);
	return o->mask && text && r->route && body.n && o->mask(r, body, out, o->arg);
}

void web_reply(struct web_req *r, int status, const char *type, sv body, const char *headers)
{
	ASSERT(r->phase == WEB_WAIT);
	if (!r->c || !r->srv) {
		web_req_free(r);
		return;
	}
	struct sb out;
	bool other = masked(r, type, body, &out);
	if (other && sb_err(&out))
		web_reply_out(r, 500, NULL, SV_NULL, NULL);
	else
		web_reply_out(r, status, type, other ? sb_sv(&out) : body, headers);
	sb_done(&out);
	web_answered(r);
}

void web_answered(struct web_req *r)
{
	const struct web_srv_opts *o = &r->srv->o;
	r->held = r->handed && o->hold;
	if (r->held && o->hold(r, r->status, o->arg))
		return;
	r->held = false;
	web_wake(r);
}

void web_release(struct web_req *r, const char *instead)
{
	ASSERT(r->held);
	r->held = false;
	if (!r->c || !r->srv) {
		web_req_free(r);
		return;
	}
	if (instead) {
		if (r->fd >= 0)
			close(r->fd);
		r->fd = -1;
		r->fd_left = 0;
		free(r->out);
		r->out = NULL;
		r->handed = false;   /* asked already */
		r->phase = WEB_WAIT;
		web_reply_problem_with(r, 503, instead, "Retry-After: 2\r\n");
	} else {
		web_wake(r);
	}
}

void web_reply_json(struct web_req *r, int status, jv *v)
{
	struct sb b;
	sb_init(&b, 4 * LIM_JSON_BYTES);
	jv_dump(v, &b);
	jv_free(v);
	if (sb_err(&b))
		web_reply_problem(r, 500, "the answer is too large");
	else
		web_reply(r, status, "application/json", sb_sv(&b), NULL);
	sb_done(&b);
}

static void problem(struct web_req *r, int status, const char *detail, const char *headers)
{
	struct sb b;
	const char *title = web_status_text(status);
	sb_init(&b, 8192);
	sb_cstr(&b, "{\"type\":\"about:blank\",\"title\":");
	sb_json(&b, sv_of(title));
	sb_fmt(&b, ",\"status\":%d,\"detail\":", status);
	sb_json(&b, detail ? sv_of(detail) : sv_of(title));
	sb_ch(&b, '}');
	sv body = sb_err(&b) ? SV("{}") : sb_sv(&b);
	web_reply(r, status, "application/problem+json", body, headers);
	sb_done(&b);
}

void web_reply_problem_with(struct web_req *r, int status, const char *detail,
			    const char *headers)
{
	if (status < 0) {
		if (!detail)
			detail = err_text(status);
		status = err_http(status);
	}
	problem(r, status, detail, headers);
}

void web_reply_problem(struct web_req *r, int status, const char *detail)
{
	web_reply_problem_with(r, status, detail, NULL);
}

int web_stream_begin(struct web_req *r, int status, const char *type, const char *headers)
{
	ASSERT(r->phase == WEB_WAIT);
	r->phase = WEB_STREAM;
	if (!r->c || !r->srv)
		return ERR_CLOSED;
	struct sb h, b;
	sb_init(&h, LIM_HTTP_HEAD);
	sb_cstr(&h, headers && lines_ok(headers) ? headers : "");
	if (r->http10)
		r->keep = false;
	else
		sb_cstr(&h, "Transfer-Encoding: chunked\r\n");
	sb_init(&b, 2 * LIM_HTTP_HEAD);
	web_reply_head(r, &b, status, type, -1, sb_str(&h));
	r->status = status;
	r->out = sb_take(&b);
	r->out_n = strlen(r->out);
	sb_done(&h);
	web_wake(r);
	return 0;
}

int web_stream_send(struct web_req *r, sv data)
{
	ASSERT(r->phase == WEB_STREAM);
	if (!r->c)
		return ERR_CLOSED;
	if (r->queue.n + data.n > LIM_WS_QUEUE)
		return ERR_FULL;
	if (!r->head)
		sb_put(&r->queue, data);
	web_wake(r);
	return 0;
}

int web_stream_event(struct web_req *r, const char *event, sv data)
{
	struct sb b;
	sv line;
	sb_init(&b, LIM_WS_QUEUE);
	if (event)
		sb_fmt(&b, "event: %s\n", event);
	if (data.n == 0)
		sb_cstr(&b, "data:\n");
	while (sv_line(&data, &line))
		sb_fmt(&b, "data: " SV_FMT "\n", SV_ARG(line));
	sb_ch(&b, '\n');
	int e = sb_err(&b) ? ERR_FULL : web_stream_send(r, sb_sv(&b));
	sb_done(&b);
	return e;
}

void web_stream_end(struct web_req *r)
{
	ASSERT(r->phase == WEB_STREAM);
	r->phase = WEB_STREAM_END;
	if (!r->c || !r->srv) {
		web_req_free(r);
		return;
	}
	web_wake(r);
}

/* The answer is with the socket: report, free, and get ready for the next request or close. */
static int finish(struct web_conn *c)
{
	struct web_req *r = c->req;
	struct web_srv *s = c->srv;
	bool keep = r->keep && !s->draining, unread = r->unread;
	metric_inc(M_HTTP_REQ);
	if (r->status >= 400)
		metric_inc(M_HTTP_ERR);
	if (s->o.after)
		s->o.after(r, r->status, loop_now_us(s->loop) - r->t0_us, s->o.arg);
	web_req_free(r);
	if (unread) {
		c->lame = true;
		c->due_ms = loop_now_ms(s->loop) + WEB_LAME_MS;
		return 0;
	}
	if (!keep)
		return -1;
	web_conn_mark(c);
	c->due_ms = loop_now_ms(s->loop) + s->o.idle_ms;
	return lws_http_transaction_completed(c->wsi) ? -1 : 0;
}

static int write_some(struct web_conn *c, char *p, size_t n)
{
	c->due_ms = loop_now_ms(c->srv->loop) + WEB_SEND_MS;
	return lws_write(c->wsi, (unsigned char *)p, n, LWS_WRITE_HTTP) < (int)n ? -1 : 0;
}

/* Next piece of the file into r->out. 0, or -1 when it shrank meanwhile. */
static int load_piece(struct web_req *r)
{
	size_t want = r->fd_left < WEB_PIECE ? (size_t)r->fd_left : WEB_PIECE;
	ssize_t got = pread(r->fd, r->out + LWS_PRE, want, (off_t)r->fd_off);
	if (got <= 0)
		return -1;
	r->fd_off += got;
	r->fd_left -= got;
	r->out_off = 0;
	r->out_n = (size_t)got;
	return 0;
}

static int pump_have(struct web_conn *c)
{
	struct web_req *r = c->req;
	if (r->out_off == r->out_n && r->fd_left > 0 && load_piece(r) != 0)
		return -1;
	size_t n = r->out_n - r->out_off;
	if (n > WEB_PIECE)
		n = WEB_PIECE;
	if (n == 0)
		return -1;
	if (write_some(c, r->out + LWS_PRE + r->out_off, n) != 0)
		return -1;
	r->out_off += n;
	if (r->out_off < r->out_n || r->fd_left > 0) {
		lws_callback_on_writable(c->wsi);
		return 0;
	}
	return finish(c);
}

/* Head, then what waits as one chunk, then the last chunk: as many as fit in one write. */
static int pump_stream(struct web_conn *c)
{
	static const char pre[LWS_PRE];
	struct web_req *r = c->req;
	struct sb b;
	bool chunked = !r->http10 && !r->head;
	size_t n = r->queue.n < WEB_PIECE ? r->queue.n : WEB_PIECE;
	sb_init(&b, LWS_PRE + 2 * LIM_HTTP_HEAD + WEB_PIECE + 64);
	sb_put(&b, sv_n(pre, LWS_PRE));
	if (!r->begun)
		sb_put(&b, sv_n(r->out, r->out_n));
	r->begun = true;
	if (n && chunked)
		sb_fmt(&b, "%zx\r\n", n);
	sb_put(&b, sv_n(r->queue.p, n));
	if (n && chunked)
		sb_cstr(&b, "\r\n");
	if (n)
		memmove(r->queue.p, r->queue.p + n, r->queue.n - n);
	sb_truncate(&r->queue, r->queue.n - n);
	bool last = r->phase == WEB_STREAM_END && r->queue.n == 0;
	if (last && chunked)
		sb_cstr(&b, "0\r\n\r\n");
	int e = b.n > LWS_PRE ? write_some(c, b.p + LWS_PRE, b.n - LWS_PRE) : 0;
	sb_done(&b);
	if (e)
		return -1;
	if (last)
		return finish(c);
	if (r->queue.n || lws_partial_buffered(c->wsi)) {
		lws_callback_on_writable(c->wsi);
	} else {
		c->due_ms = 0;
		web_conn_rx(c, false);
	}
	return 0;
}

int web_pump(struct web_conn *c)
{
	struct web_req *r = c->req;
	if (!r || r->phase == WEB_WAIT || r->held)
		return 0;
	return r->phase == WEB_HAVE ? pump_have(c) : pump_stream(c);
}
