/* tool_http.c: the source "http": a tool as one request to a system of the configuration.
 *
 *	with:
 *	  system: erp
 *	  method: POST                    GET by default
 *	  path: /orders/{order}/cancel    a name is percent-encoded and fills one part of the
 * path query: {lang: "{who.lang}"}     left out when its name has no value body: {why:
 * "{reason}"}         "{x}" alone keeps its type take: {state: data.state}       members of the
 * result from paths of the answer result: {type: object, ...}     the result must fit status:
 * {410: not_found}        outcomes of answers other than 2xx
 *
 * An effect carries its key as Idempotency-Key, which the system must honour: it may be asked
 * again. 2xx is success; 404 not_found, 409 and 422 refused by default; 408, 429 and 5xx, no
 * answer and an answer that does not fit: the system failed. Redirects are not followed. On a
 * far thread.
 */
#include "tool_far.h"

#include <stdio.h>

struct ask {
	struct tool_far *f;
	struct fetch_opts o;
	struct sb url, headers, body, in;
	char why[200];
	int err, status;
	bool over;
};

static int put_url(const struct tool_run *r, const char *base, struct sb *out)
{
	const jv *with = r->decl->with, *query = jv_get(with, "query");
	void *it = NULL;
	sv key;
	jv *v;
	char sep = '?';
	sb_cstr(out, base);
	if (!far_text(r, jv_get_str(with, "path"), true, out))
		return ERR_INVAL;
	while (jv_next(query, &it, &key, &v)) {
		size_t had = out->n;
		sb_ch(out, sep);
		sb_url(out, key);
		sb_ch(out, '=');
		if (far_text(r, jv_as_str(v), true, out))
			sep = '&';
		else
			sb_truncate(out, had);
	}
	return sb_err(out);
}

static int put_headers(const struct tool_run *r, const struct far_system *s, struct sb *out)
{
	struct err e = { 0 };
	int rc = 0;
	sb_cstr(out, s->headers);
	sb_cstr(out, "Accept: application/json\r\n");
	if (r->decl->effect)
		sb_fmt(out, "Idempotency-Key: " SV_FMT "\r\n", SV_ARG(r->key));
	if (s->key)
		rc = far_key_line(sv_of(s->key), sv_of(s->key_header),
				  out, &e);
	return rc ? rc : sb_err(out);
}

/* ---- the request: on the loop's thread ---- */

static int on_data(void *arg, sv piece)
{
	struct ask *a = arg;
	sb_put(&a->in, piece);
	return sb_err(&a->in) ? 1 : 0;
}

static void on_end(void *arg, int err, int status)
{
	struct ask *a = arg;
	a->err = sb_err(&a->in) ? ERR_TOOBIG : err;
	a->status = status;
	far_over(a->f, &a->over);
}

static void begin(void *arg)
{
	struct ask *a = arg;
	struct fetch_req *req;
	struct err e = { 0 };
	int rc = fetch_start(&req, a->f->fetch, &a->o, &e);
	if (!rc)
		return;
	a->err = rc;
	far_over(a->f, &a->over);
}

/* ---- the answer ---- */

static bool failed(int err, int status)
{
	return err ? err != ERR_TOOBIG : status == 408 || status == 429 || status >= 500;
}

static int other_status(struct tool_run *r, int status)
{
	char key[16];
	(void)snprintf(key, sizeof(key), "%d", status);
	sv name = jv_get_str(jv_get(r->decl->with, "status"), key);
	const char *why = arena_fmt(r->arena, "the other system answered %d", status);
	for (int o = 0; o < TOOL_OUTCOMES; o++) {
		if (name.n && sv_eq(name, sv_of(tool_outcome_name((enum tool_outcome)o)))) {
			tool_outcome(r, (enum tool_outcome)o, why);
			return 0;
		}
	}
	enum tool_outcome own = status == 404			 ? TOOL_NOT_FOUND :
				status == 409 || status == 422 ? TOOL_REFUSED :
								 TOOL_FAILED;
	tool_outcome(r, own, why);
	if (own != TOOL_FAILED)
		return 0;
	return status == 401 || status == 403 ? ERR_AUTH : failed(0, status) ? ERR_UPSTREAM :
									       ERR_INVAL;
}

static int answer(struct tool_run *r, struct ask *a)
{
	struct err e = { 0 };
	if (a->err) {
		tool_outcome(r, TOOL_FAILED, a->err == ERR_TIMEOUT ?
				   "the other system did not answer in time" :
				   a->err == ERR_TOOBIG ? "the other system's answer is too large" :
							  "the other system cannot be reached");
		/* Too large: what it did is done, so it is asked again with its key. */
		return a->err == ERR_TOOBIG ? ERR_UPSTREAM : a->err;
	}
	if (a->status < 200 || a->status > 299)
		return other_status(r, a->status);
	sv text = sv_trim(sb_sv(&a->in));
	jv *v = text.n ? jv_parse(text, &e) : jv_obj();
	if (v)
		return far_take(r, v);
	tool_outcome(r, TOOL_FAILED, "the other system's answer is not JSON");
	return ERR_UPSTREAM;
}

static int prepare(struct tool_run *r, const struct far_system *s, struct ask *a)
{
	const jv *with = r->decl->with;
	sv method = jv_get_str(with, "method");
	jv *body = jv_get(with, "body") ? far_fill(r, jv_get(with, "body")) : NULL;
	int rc = put_url(r, s->url, &a->url);
	if (rc)
		tool_outcome(r, TOOL_FAILED, "an argument of the path is missing");
	else if ((rc = put_headers(r, s, &a->headers)) != 0)
		tool_outcome(r, TOOL_FAILED, "our credentials for the system cannot be read");
	if (!rc && body) {
		jv_dump(body, &a->body);
		sb_cstr(&a->headers, "Content-Type: application/json\r\n");
	}
	jv_free(body);
	a->o = (struct fetch_opts){
		.method = method.n ? arena_cstr(r->arena, method) : "GET",
		.url = sb_str(&a->url),
		.headers = sb_str(&a->headers),
		.body = sb_sv(&a->body),
		.connect_ms = r->decl->timeout_ms,
		.first_byte_ms = r->decl->timeout_ms,
		.stall_ms = r->decl->timeout_ms,
		.total_ms = r->decl->timeout_ms,
		.max_bytes = s->max_bytes,
		.retries = (int)jv_get_int(with, "retries", 1),
		.retry_unsafe = r->decl->effect,
		.ca_file = s->ca_file,
		.on_data = on_data,
		.on_end = on_end,
		.arg = a,
	};
	return rc;
}

static int http_remote(void *arg, struct tool_run *r)
{
	struct tool_far *f = arg;
	struct far_system *s;
	struct ask a = { .f = f };
	int rc = far_begin(f, r, FAR_HTTP, &s);
	if (rc)
		return rc;
	sb_init(&a.url, 8192);
	sb_init(&a.headers, 80u << 10);
	sb_init(&a.body, LIM_JSON_BYTES);
	sb_init(&a.in, s->max_bytes);
	rc = prepare(r, s, &a);
	if (!rc)
		far_ask(f, begin, &a, &a.over);
	far_end(f, s, rc || !failed(a.err, a.status));
	if (!rc)
		rc = answer(r, &a);
	sb_done(&a.url);
	sb_done(&a.headers);
	sb_done(&a.body);
	sb_done(&a.in);
	return rc;
}

const struct tool_ops tool_http = { .name = "http", .remote = http_remote };
