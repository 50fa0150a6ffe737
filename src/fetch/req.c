/* req.c: one request: attempts, deadlines, redirects, retries, and what the caller
 * hears of it.
 *
 * Each attempt starts from a timer of the loop, never from inside fetch_start or
 * libcurl. An answer that will be followed (redirect) or repeated (503 ...) is
 * swallowed; any other is delivered as it comes, and from its first delivered byte on
 * nothing is repeated. Three deadlines are ours: first byte and stall share one timer,
 * the total has another; the connect deadline is libcurl's. Owner: struct fetch, until
 * on_end or cancel. Thread: the loop's.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "fetch_int.h"

static void attempt(void *arg);

void fetch_req_free(struct fetch_req *r)
{
	struct fetch *f = r->f;
	ASSERT(f->depth == 0);
	fetch_remove(r);
	loop_timer_stop(&r->step);
	loop_timer_stop(&r->total);
	if (r->prev)
		r->prev->next = r->next;
	else
		f->all = r->next;
	if (r->next)
		r->next->prev = r->prev;
	f->n--;
	curl_easy_cleanup(r->easy);
	curl_slist_free_all(r->headers);
	sb_done(&r->head);
	xfree(r->url);
	xfree(r->method);
	xfree(r->ca_file);
	xfree(r->no_proxy);
	xfree(r->body);
	xfree(r);
}

void fetch_cancel(struct fetch_req *r)
{
	if (!r)
		return;
	if (r->f->depth == 0) {
		fetch_req_free(r);
		return;
	}
	r->canceled = true;     /* inside libcurl: freed when it returns */
	loop_timer_stop(&r->step);
	loop_timer_stop(&r->total);
}

static void end(struct fetch_req *r, int err)
{
	fetch_remove(r);
	loop_timer_stop(&r->step);
	loop_timer_stop(&r->total);
	int status = r->status;
	if (r->o.on_end && !r->canceled) {
		void (*fn)(void *, int, int) = r->o.on_end;
		r->o.on_end = NULL;
		fn(r->o.arg, err, status);
	}
	fetch_req_free(r);
}

static void say(struct fetch_req *r, const char *what)
{
	size_t n = strlen(what);
	if (n >= sizeof r->error)
		n = sizeof r->error - 1;
	memcpy(r->error, what, n);
	r->error[n] = 0;
}

static void total_over(void *arg)
{
	struct fetch_req *r = arg;
	say(r, "the request took too long");
	end(r, ERR_TIMEOUT);
}

/* First byte and stall: a byte only notes the time; the timer looks whether it was long ago. */
static void step_over(void *arg)
{
	struct fetch_req *r = arg;
	int64_t now = loop_now_ms(r->f->loop);
	int allowed = r->headed ? r->o.stall_ms : r->o.first_byte_ms;
	int64_t due = r->seen_ms + allowed;
	if (now < due) {
		loop_after(r->f->loop, &r->step, due - now, step_over, r);
		return;
	}
	say(r, r->headed ? "the answer stalled" : "no answer in time");
	end(r, ERR_TIMEOUT);
}

/* --- callbacks of libcurl --- */

static bool will_follow(const struct fetch_req *r)
{
	return r->hops < r->o.redirects &&
	       (r->status == 301 || r->status == 302 || r->status == 303 || r->status == 307 ||
		r->status == 308);
}

static bool repeatable(const struct fetch_req *r)
{
	return r->o.retry_unsafe || sv_eq(sv_of(r->method), SV("GET")) ||
	       sv_eq(sv_of(r->method), SV("HEAD")) || sv_eq(sv_of(r->method), SV("PUT")) ||
	       sv_eq(sv_of(r->method), SV("DELETE")) || sv_eq(sv_of(r->method), SV("OPTIONS"));
}

bool fetch_retryable(int err, int status)
{
	if (err)
		return err == ERR_NET;
	return status == 408 || status == 429 || status == 502 || status == 503 || status == 504;
}

static bool will_retry(const struct fetch_req *r, int err)
{
	if (r->attempt >= r->o.retries || r->delivered || !fetch_retryable(err, r->status))
		return false;
	return repeatable(r) || (err && !r->sent);
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct fetch_req *r = arg;
	sv line = sv_n(p, size * n);
	int64_t st;
	if (r->canceled)
		return 0;
	r->seen_ms = loop_now_ms(r->f->loop);
	r->sent = true;
	if (sv_starts(line, SV("HTTP/"))) {
		sb_reset(&r->head);
		ptrdiff_t sp = sv_find_ch(line, ' ');
		r->status = sp > 0 && sv_i64(sv_slice(line, (size_t)sp + 1, (size_t)sp + 4),
					     &st) == 0 ?
				    (int)st :
				    0;
	}
	sb_put(&r->head, line);
	if (sb_err(&r->head)) {
		r->err = ERR_TOOBIG;
		return 0;
	}
	if (sv_trim(line).n || r->status < 200 || r->headed)
		return line.n;
	r->swallow = will_follow(r) || will_retry(r, 0);
	if (r->swallow)
		return line.n;
	r->headed = true;
	loop_after(r->f->loop, &r->step, r->o.stall_ms, step_over, r);
	if (r->o.on_head)
		r->o.on_head(r->o.arg, r->status, r);
	return r->canceled ? 0 : line.n;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct fetch_req *r = arg;
	sv piece = sv_n(p, size * n);
	if (r->canceled)
		return 0;
	r->seen_ms = loop_now_ms(r->f->loop);
	r->bytes += piece.n;
	if (r->bytes > r->o.max_bytes) {
		r->err = ERR_TOOBIG;
		return 0;
	}
	if (r->swallow)
		return piece.n;
	r->delivered = true;
	if (r->o.on_data && r->o.on_data(r->o.arg, piece) != 0) {
		r->err = ERR_CANCELED;
		return 0;
	}
	return r->canceled ? 0 : piece.n;
}

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct fetch_req *r = arg;
	char text[64] = "";
	int port = 0;
	if (a->family == AF_INET) {
		struct sockaddr_in *a4 = (struct sockaddr_in *)(void *)&a->addr;
		inet_ntop(AF_INET, &a4->sin_addr, text, sizeof text);
		port = ntohs(a4->sin_port);
	} else if (a->family == AF_INET6) {
		struct sockaddr_in6 *a6 = (struct sockaddr_in6 *)(void *)&a->addr;
		inet_ntop(AF_INET6, &a6->sin6_addr, text, sizeof text);
		port = ntohs(a6->sin6_port);
	}
	if (r->o.allow_addr && (!text[0] || !r->o.allow_addr(r->o.arg, text, port))) {
		r->denied = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* --- the end of an attempt --- */

static int code_of(struct fetch_req *r, CURLcode c)
{
	if (c == CURLE_OK)
		return 0;
	if (r->err)
		return r->err;
	if (r->denied) {
		say(r, "the address is not allowed");
		return ERR_DENIED;
	}
	if (!r->error[0])
		say(r, curl_easy_strerror(c));
	switch (c) {
	case CURLE_OPERATION_TIMEDOUT:
		return ERR_TIMEOUT;
	case CURLE_OUT_OF_MEMORY:
		return ERR_NOMEM;
	default:
		return ERR_NET;
	}
}

static char *url_part(CURLU *u, CURLUPart part, unsigned flags)
{
	char *s = NULL;
	return curl_url_get(u, part, &s, flags) == CURLUE_OK ? s : NULL;
}

/* Scheme, host and port the same? */
static bool same_place(const char *a, const char *b)
{
	static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };
	CURLU *ua = curl_url(), *ub = curl_url();
	bool same = ua && ub && curl_url_set(ua, CURLUPART_URL, a, 0) == CURLUE_OK &&
		    curl_url_set(ub, CURLUPART_URL, b, 0) == CURLUE_OK;
	for (size_t i = 0; same && i < 3; i++) {
		char *pa = url_part(ua, parts[i], CURLU_DEFAULT_PORT);
		char *pb = url_part(ub, parts[i], CURLU_DEFAULT_PORT);
		same = pa && pb && sv_eq_nocase(sv_of(pa), sv_of(pb));
		curl_free(pa);
		curl_free(pb);
	}
	curl_url_cleanup(ua);
	curl_url_cleanup(ub);
	return same;
}

/* To another host, with any_host: http or https, and never from https to http. */
static bool no_worse(const char *from, const char *to)
{
	return sv_starts(sv_of(to), SV("https:")) ||
	       (sv_starts(sv_of(to), SV("http:")) && sv_starts(sv_of(from), SV("http:")));
}

static void next_attempt(struct fetch_req *r, int64_t wait_ms)
{
	fetch_remove(r);
	r->status = 0;
	r->err = 0;
	r->error[0] = 0;
	r->headed = r->swallow = r->sent = false;
	r->bytes = 0;
	sb_reset(&r->head);
	loop_after(r->f->loop, &r->step, wait_ms, attempt, r);
}

static void follow(struct fetch_req *r)
{
	char *to = NULL;
	curl_easy_getinfo(r->easy, CURLINFO_REDIRECT_URL, &to);
	bool fine = to && (same_place(r->url, to) || (r->o.any_host && no_worse(r->url, to)));
	if (!fine) {
		say(r, "redirected to another place");
		end(r, ERR_DENIED);
		return;
	}
	xfree(r->url);
	r->url = xstrdup(sv_of(to));
	if (r->status != 307 && r->status != 308 && !sv_eq(sv_of(r->method), SV("HEAD"))) {
		xfree(r->method);
		r->method = xstrdup(SV("GET"));
		xfree(r->body);
		r->body = NULL;
		r->body_n = 0;
	}
	r->hops++;
	next_attempt(r, 0);
}

void fetch_req_done(struct fetch_req *r, CURLcode c)
{
	if (r->canceled) {
		fetch_req_free(r);
		return;
	}
	int err = code_of(r, c);
	if (!err && will_follow(r)) {
		follow(r);
	} else if (will_retry(r, err)) {
		r->attempt++;
		sv after = fetch_header(r, "retry-after");
		next_attempt(r, fetch_retry_wait_ms(r->attempt, after, &r->f->rng));
	} else {
		end(r, err);
	}
}

int fetch_retry_wait_ms(int attempt_no, sv retry_after, struct rng *rng)
{
	int64_t s;
	if (retry_after.p && sv_i64(sv_trim(retry_after), &s) == 0 && s >= 0)
		return s > 10 ? 10000 : (int)s * 1000;
	int base = 200 << (attempt_no > 1 ? attempt_no - 1 : 0);
	return (int)(base * (0.5 + rng_unit(rng)));
}

/* --- the start --- */

static void set_request(struct fetch_req *r)
{
	CURL *c = r->easy;
	bool get = sv_eq(sv_of(r->method), SV("GET"));
	curl_easy_setopt(c, CURLOPT_URL, r->url);
	curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, NULL);
	curl_easy_setopt(c, CURLOPT_NOBODY, sv_eq(sv_of(r->method), SV("HEAD")) ? 1L : 0L);
	if (r->body || sv_eq(sv_of(r->method), SV("POST"))) {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, r->body ? r->body : "");
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_n);
	}
	if ((!get || r->body) && !sv_eq(sv_of(r->method), SV("HEAD")))
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
}

static void attempt(void *arg)
{
	struct fetch_req *r = arg;
	set_request(r);
	r->seen_ms = loop_now_ms(r->f->loop);
	loop_after(r->f->loop, &r->step, r->o.first_byte_ms, step_over, r);
	if (fetch_add(r) != 0) {
		say(r, "libcurl has no memory");
		end(r, ERR_NOMEM);
	}
}

static void set_handle(struct fetch_req *r)
{
	CURL *c = r->easy;
	curl_easy_setopt(c, CURLOPT_PRIVATE, r);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)r->o.connect_ms);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, r);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, r->error);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, r->headers);
	curl_easy_setopt(c, CURLOPT_NOPROXY, r->no_proxy);
	curl_easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L);
	if (r->ca_file)
		curl_easy_setopt(c, CURLOPT_CAINFO, r->ca_file);
}

/* "Name: value\r\n" lines into libcurl's list; false when one is malformed. */
static bool add_headers(struct fetch_req *r, const char *block)
{
	sv rest = sv_of(block), line;
	r->headers = curl_slist_append(r->headers, "Expect:");
	while (rest.n) {
		ptrdiff_t nl = sv_find(rest, SV("\r\n"));
		line = sv_slice(rest, 0, nl < 0 ? rest.n : (size_t)nl);
		rest = nl < 0 ? SV_NULL : sv_slice(rest, (size_t)nl + 2, rest.n);
		ptrdiff_t colon = sv_find_ch(line, ':');
		if (colon <= 0 || sv_find_ch(line, '\r') >= 0 || sv_find_ch(line, '\n') >= 0 ||
		    sv_find_ch(sv_slice(line, 0, (size_t)colon), ' ') >= 0)
			return false;
		char *z = xstrdup(line);
		r->headers = curl_slist_append(r->headers, z);
		xfree(z);
	}
	return true;
}

static bool token_ok(const char *s)
{
	size_t n = strlen(s);
	return n > 0 && n < 20 && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == n;
}

static int url_ok(const char *url)
{
	sv u = sv_of(url);
	if (u.n > 8192 || (!sv_starts(u, SV("http://")) && !sv_starts(u, SV("https://"))))
		return false;
	for (size_t i = 0; i < u.n; i++)
		if ((unsigned char)u.p[i] <= ' ' || u.p[i] == 127)
			return false;
	CURLU *p = curl_url();
	bool ok = p && curl_url_set(p, CURLUPART_URL, url, 0) == CURLUE_OK;
	curl_url_cleanup(p);
	return ok;
}

static void set_defaults(struct fetch_opts *o)
{
	o->connect_ms = o->connect_ms > 0 ? o->connect_ms : 5000;
	o->first_byte_ms = o->first_byte_ms > 0 ? o->first_byte_ms : 30000;
	o->stall_ms = o->stall_ms > 0 ? o->stall_ms : 30000;
	o->total_ms = o->total_ms > 0 ? o->total_ms : 300000;
	o->max_bytes = o->max_bytes ? o->max_bytes : 8u << 20;
	o->retries = o->retries < 0 ? 0 : o->retries > 2 ? 2 : o->retries;
	o->redirects = o->redirects < 0 ? 0 : o->redirects > 3 ? 3 : o->redirects;
}

/* Never a proxy for this machine, and none at all when addresses are guarded (it would
 * hide them). */
static char *no_proxy_list(const struct fetch_opts *o)
{
	const char *env = getenv("no_proxy");
	struct sb b;
	if (o->allow_addr)
		return xstrdup(SV("*"));
	sb_init(&b, 8192);
	sb_fmt(&b, "localhost,127.0.0.1,::1%s%s", env ? "," : "", env ? env : "");
	char *s = xstrdup(sb_sv(&b));
	sb_done(&b);
	return s;
}

static struct fetch_req *make(struct fetch *f, const struct fetch_opts *o)
{
	struct fetch_req *r = xalloc(sizeof *r);
	r->f = f;
	r->o = *o;
	set_defaults(&r->o);
	sb_init(&r->head, FETCH_HEAD_MAX);
	r->url = xstrdup(sv_of(o->url));
	r->method = xstrdup(sv_of(o->method ? o->method : o->body.n ? "POST" : "GET"));
	r->ca_file = o->ca_file ? xstrdup(sv_of(o->ca_file)) : NULL;
	r->no_proxy = no_proxy_list(o);
	if (o->body.n)
		r->body = xstrdup(o->body);
	r->body_n = o->body.n;
	r->easy = curl_easy_init();
	ASSERT(r->easy);
	r->next = f->all;
	if (f->all)
		f->all->prev = r;
	f->all = r;
	f->n++;
	return r;
}

int fetch_start(struct fetch_req **ret, struct fetch *f, const struct fetch_opts *o, struct err *e)
{
	if (f->n >= FETCH_MAX)
		return err_set(e, ERR_FULL, "%d requests run already", FETCH_MAX);
	if (!o->url || !url_ok(o->url))
		return err_set(e, ERR_INVAL, "the URL is not like https://host/path");
	if (o->method && !token_ok(o->method))
		return err_set(e, ERR_INVAL, "bad method");
	struct fetch_req *r = make(f, o);
	if (!add_headers(r, o->headers ? o->headers : "")) {
		r->canceled = true;
		if (f->depth == 0)
			fetch_req_free(r);
		return err_set(e, ERR_INVAL, "headers must be lines of Name: value");
	}
	set_handle(r);
	loop_after(f->loop, &r->total, r->o.total_ms, total_over, r);
	loop_after(f->loop, &r->step, 0, attempt, r);
	*ret = r;
	return 0;
}

sv fetch_header(const struct fetch_req *r, const char *name)
{
	sv rest = sb_sv(&r->head), line, found = SV_NULL;
	while (sv_line(&rest, &line)) {
		ptrdiff_t colon = sv_find_ch(line, ':');
		if (colon > 0 && sv_eq_nocase(sv_slice(line, 0, (size_t)colon), sv_of(name)))
			found = sv_trim(sv_slice(line, (size_t)colon + 1, line.n));
	}
	return found;
}

const char *fetch_error(const struct fetch_req *r)
{
	return r->error;
}

int fetch_url_join(const char *base, const char *ref, struct sb *out)
{
	CURLU *u = curl_url();
	char *whole = NULL;
	bool ok = u && curl_url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK &&
		  curl_url_set(u, CURLUPART_URL, ref, 0) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_URL, &whole, 0) == CURLUE_OK;
	if (ok)
		sb_cstr(out, whole);
	curl_free(whole);
	curl_url_cleanup(u);
	return ok ? sb_err(out) : ERR_INVAL;
}
