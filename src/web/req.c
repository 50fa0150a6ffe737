/* req.c: one request: made from the head that libwebsockets parsed, asked by handlers,
 * freed after the answer.
 *
 * Everything copied from the head goes into the request's arena at once, except
 * headers, which are copied when asked for: the library keeps its table until the
 * answer is complete. What the library's parser lets pass and should not (two methods,
 * several or odd Content-Length, Transfer-Encoding, bad UTF-8, odd versions) is refused
 * here. Owner: srv->reqs until answered. Thread: the loop's.
 */
#include <stdlib.h>
#include <unistd.h>
#include "web_int.h"

static const struct {
	const char *name;
	enum lws_token_indexes token;
} methods[] = {
	{ "GET", WSI_TOKEN_GET_URI },     { "POST", WSI_TOKEN_POST_URI },
	{ "HEAD", WSI_TOKEN_HEAD_URI },   { "PUT", WSI_TOKEN_PUT_URI },
	{ "PATCH", WSI_TOKEN_PATCH_URI }, { "DELETE", WSI_TOKEN_DELETE_URI },
	{ "OPTIONS", WSI_TOKEN_OPTIONS_URI },
};

struct web_req *web_req_new(struct web_conn *c)
{
	struct web_srv *s = c->srv;
	struct web_req *r = xalloc(sizeof *r);
	arena_init(&r->a, LIM_ARENA_CONV);
	sb_init(&r->body, s->o.max_body);
	sb_init(&r->queue, LIM_WS_QUEUE + 64);
	r->c = c;
	r->srv = s;
	r->fd = -1;
	r->content_length = -1;
	r->t0_us = loop_now_us(s->loop);
	if (c->peer)
		memcpy(r->peer, c->peer->addr, sizeof r->peer);
	r->next = s->reqs;
	if (s->reqs)
		s->reqs->prev = r;
	s->reqs = r;
	s->n_reqs++;
	c->req = r;
	return r;
}

void web_req_free(struct web_req *r)
{
	if (r->c)
		r->c->req = NULL;
	if (r->srv) {
		if (r->prev)
			r->prev->next = r->next;
		else
			r->srv->reqs = r->next;
		if (r->next)
			r->next->prev = r->prev;
		r->srv->n_reqs--;
	}
	if (r->fd >= 0)
		close(r->fd);
	free(r->out);
	sb_done(&r->queue);
	sb_done(&r->body);
	arena_done(&r->a);
	xfree(r);
}

/* The client went. Answered already: nobody waits, free. Else the handler still holds r. */
void web_req_lost(struct web_req *r)
{
	r->c->req = NULL;
	r->c = NULL;
	if (r->held)
		return;
	if (r->phase == WEB_HAVE || r->phase == WEB_STREAM_END || !r->handed) {
		web_req_free(r);
		return;
	}
	if (r->gone_fn) {
		void (*fn)(struct web_req *, void *) = r->gone_fn;
		r->gone_fn = NULL;
		fn(r, r->gone_arg);
	}
}

static sv copy_token(struct web_req *r, enum lws_token_indexes t)
{
	int n = lws_hdr_total_length(r->c->wsi, t);
	if (n <= 0)
		return SV_NULL;
	char *p = arena_alloc(&r->a, (size_t)n + WEB_ARGS);
	if (!p)
		return SV_NULL;
	n = lws_hdr_copy(r->c->wsi, p, n + WEB_ARGS, t);
	return n < 0 ? SV_NULL : sv_trim(sv_n(p, (size_t)n));
}

static bool twice(struct web_req *r, enum lws_token_indexes t)
{
	return lws_hdr_fragment_length(r->c->wsi, t, 1) > 0;
}

static int read_method(struct web_req *r, const char **why)
{
	struct lws *wsi = r->c->wsi;
	int found = -1;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		if (lws_hdr_total_length(wsi, methods[i].token) <= 0)
			continue;
		if (found >= 0) {
			*why = "two request lines";
			return 400;
		}
		found = (int)i;
	}
	if (found < 0) {
		*why = "unknown method";
		return 501;
	}
	r->method = sv_of(methods[found].name);
	r->head = methods[found].token == WSI_TOKEN_HEAD_URI;
	r->path = copy_token(r, methods[found].token);
	return 0;
}

static int read_args(struct web_req *r, const char **why)
{
	struct lws *wsi = r->c->wsi;
	int total = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS);
	if (total <= 0)
		return 0;
	if (total + (int)r->path.n > WEB_URI_MAX) {
		*why = "the address is longer than 8192 bytes";
		return 414;
	}
	char *buf = arena_alloc(&r->a, (size_t)total + WEB_ARGS * 2);
	r->args = arena_new(&r->a, struct web_kv, WEB_ARGS);
	if (!buf || !r->args)
		return 503;
	for (int i = 0;; i++) {
		int n = lws_hdr_copy_fragment(wsi, buf, total + 1, WSI_TOKEN_HTTP_URI_ARGS, i);
		if (n < 0)
			return 0;
		if (r->n_args == WEB_ARGS) {
			*why = "more than 64 query parameters";
			return 400;
		}
		sv all = sv_n(buf, (size_t)n);
		ptrdiff_t eq = sv_find_ch(all, '=');
		struct web_kv *kv = &r->args[r->n_args++];
		kv->name = eq < 0 ? all : sv_slice(all, 0, (size_t)eq);
		kv->val = eq < 0 ? sv_n(buf + n, 0) : sv_slice(all, (size_t)eq + 1, all.n);
		if (!sv_utf8_ok(all) || memchr(buf, 0, (size_t)n)) {
			*why = "the query is not valid UTF-8";
			return 400;
		}
		buf += n + 1;
		total -= n;
	}
}

/* Content-Length: digits only, once, and no Transfer-Encoding (request smuggling). */
static int read_length(struct web_req *r, const char **why)
{
	struct lws *wsi = r->c->wsi;
	bool te = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
	sv len = copy_token(r, WSI_TOKEN_HTTP_CONTENT_LENGTH);
	bool may_body = sv_eq(r->method, SV("POST")) || sv_eq(r->method, SV("PUT")) ||
			sv_eq(r->method, SV("PATCH"));
	if ((te && len.p) || twice(r, WSI_TOKEN_HTTP_CONTENT_LENGTH)) {
		*why = "the length of the body is given twice";
		return 400;
	}
	if (lws_hdr_custom_length(wsi, "content-length :", 16) >= 0 ||
	    lws_hdr_custom_length(wsi, "transfer-encoding :", 19) >= 0) {
		*why = "space before the colon of a header";
		return 400;
	}
	if (te || (may_body && !len.p)) {
		*why = "send the body with Content-Length";
		return 411;
	}
	if (!len.p)
		return 0;
	for (size_t i = 0; i < len.n; i++)
		if (len.p[i] < '0' || len.p[i] > '9' || len.n > 15) {
			*why = "bad Content-Length";
			return 400;
		}
	if (sv_i64(len, &r->content_length) != 0)
		return 400;
	if ((uint64_t)r->content_length > r->srv->o.max_body) {
		*why = "the body is larger than this server takes";
		return 413;
	}
	return 0;
}

static bool has_word(sv list, sv word)
{
	sv item;
	while (sv_cut(&list, ',', &item)) {
		ptrdiff_t semi = sv_find_ch(item, ';');
		sv params = semi < 0 ? SV_NULL : sv_trim(sv_slice(item, (size_t)semi + 1, item.n));
		sv name = sv_trim(semi < 0 ? item : sv_slice(item, 0, (size_t)semi));
		if (sv_eq_nocase(name, word))
			return !sv_eq(params, SV("q=0")) && !sv_eq(params, SV("q=0.0"));
	}
	return false;
}

static int read_version(struct web_req *r, const char **why)
{
	struct lws *wsi = r->c->wsi;
	sv v = copy_token(r, WSI_TOKEN_HTTP);
	bool v11 = sv_eq(v, SV("HTTP/1.1"));
	if (!v11 && !sv_eq(v, SV("HTTP/1.0"))) {
		*why = "HTTP/1.1 is spoken here";
		return 505;
	}
	r->http10 = !v11;
	r->keep = v11 && !has_word(copy_token(r, WSI_TOKEN_CONNECTION), SV("close")) &&
		  !r->srv->draining;
	if (v11 && (lws_hdr_total_length(wsi, WSI_TOKEN_HOST) <= 0 || twice(r, WSI_TOKEN_HOST))) {
		*why = "exactly one Host header is needed";
		return 400;
	}
	return 0;
}

static int check_head_size(struct web_req *r, const char **why)
{
	int sum = 0;
	for (int t = 0; t < WSI_TOKEN_COUNT; t++)
		sum += lws_hdr_total_length(r->c->wsi, (enum lws_token_indexes)t);
	if (sum <= (int)LIM_HTTP_HEAD)
		return 0;
	*why = "the head is larger than 16384 bytes";
	return 431;
}

int web_req_head(struct web_req *r, const char **why)
{
	int st = read_method(r, why);
	if (st)
		return st;
	if (r->path.n > WEB_URI_MAX / 2) {
		*why = "the path is longer than 4096 bytes";
		return 414;
	}
	if ((st = read_version(r, why)) || (st = read_length(r, why)) ||
	    (st = check_head_size(r, why)) || (st = read_args(r, why)))
		return st;
	if (r->path.n == 0 || r->path.p[0] != '/' || !sv_utf8_ok(r->path) ||
	    memchr(r->path.p, 0, r->path.n)) {
		*why = "the path is not valid";
		return 400;
	}
	r->gzip_ok = has_word(copy_token(r, WSI_TOKEN_HTTP_ACCEPT_ENCODING), SV("gzip"));
	return 0;
}

sv web_req_method(const struct web_req *r)
{
	return r->method;
}

sv web_req_path(const struct web_req *r)
{
	return r->path;
}

sv web_req_query(const struct web_req *r)
{
	struct sb b;
	sb_init(&b, WEB_URI_MAX * 2);
	for (size_t i = 0; i < r->n_args; i++)
		sb_fmt(&b, "%s" SV_FMT "=" SV_FMT, i ? "&" : "", SV_ARG(r->args[i].name),
		       SV_ARG(r->args[i].val));
	sv q = b.n ? arena_sv((struct arena *)&r->a, sb_sv(&b)) : SV_NULL;
	sb_done(&b);
	return q;
}

sv web_req_arg(const struct web_req *r, const char *name)
{
	for (size_t i = 0; i < r->n_args; i++)
		if (sv_eq(r->args[i].name, sv_of(name)))
			return r->args[i].val;
	return SV_NULL;
}

sv web_req_param(const struct web_req *r, const char *name)
{
	for (size_t i = 0; i < r->n_params; i++)
		if (sv_eq(r->params[i].name, sv_of(name)))
			return r->params[i].val;
	return SV_NULL;
}

sv web_req_header(struct web_req *r, const char *name)
{
	if (!r->c || r->phase != WEB_WAIT)
		return SV_NULL;
	struct lws *wsi = r->c->wsi;
	size_t n = strlen(name);
	char key[66];
	if (n + 2 > sizeof key)
		return SV_NULL;
	memcpy(key, name, n);
	key[n] = ':';
	key[n + 1] = 0;
	for (int t = 0; t < WSI_TOKEN_COUNT; t++) {
		if (lws_hdr_total_length(wsi, (enum lws_token_indexes)t) <= 0)
			continue;
		const char *known = (const char *)lws_token_to_string((enum lws_token_indexes)t);
		if (known && strcmp(known, key) == 0)
			return copy_token(r, (enum lws_token_indexes)t);
	}
	int len = lws_hdr_custom_length(wsi, key, (int)n + 1);
	char *p = len < 0 ? NULL : arena_alloc(&r->a, (size_t)len + 1);
	if (!p || lws_hdr_custom_copy(wsi, p, len + 1, key, (int)n + 1) < 0)
		return SV_NULL;
	return sv_trim(sv_n(p, (size_t)len));
}

sv web_req_bearer(struct web_req *r)
{
	sv h = web_req_header(r, "authorization");
	if (h.n < 8 || !sv_eq_nocase(sv_slice(h, 0, 7), SV("bearer ")))
		return SV_NULL;
	return sv_trim(sv_slice(h, 7, h.n));
}

sv web_req_body(const struct web_req *r)
{
	return sb_sv(&r->body);
}

sv web_req_peer(const struct web_req *r)
{
	return sv_of(r->peer);
}

struct arena *web_req_arena(struct web_req *r)
{
	return &r->a;
}

struct web_srv *web_req_srv(const struct web_req *r)
{
	return r->srv;
}

const char *web_req_route(const struct web_req *r)
{
	return r->route ? r->route->path : NULL;
}

void *web_req_user(const struct web_req *r)
{
	return r->user;
}

void web_req_set_user(struct web_req *r, void *user)
{
	r->user = user;
}

void *web_req_note(const struct web_req *r)
{
	return r->note;
}

void web_req_set_note(struct web_req *r, void *note)
{
	r->note = note;
}

void web_req_on_gone(struct web_req *r, void (*fn)(struct web_req *r, void *arg), void *arg)
{
	r->gone_fn = fn;
	r->gone_arg = arg;
}

bool web_req_gone(const struct web_req *r)
{
	return !r->c;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

sv web_url_decode(struct arena *a, sv s, bool plus)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;
	if (!p)
		return SV_NULL;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '%') {
			if (i + 2 >= s.n || hex(s.p[i + 1]) < 0 || hex(s.p[i + 2]) < 0)
				return SV_NULL;
			c = (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]));
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (c == 0)
			return SV_NULL;
		p[n++] = c;
	}
	return sv_utf8_ok(sv_n(p, n)) ? sv_n(p, n) : SV_NULL;
}
