/* llm_openai.c: any server that speaks OpenAI's /v1/chat/completions, streamed.
 *
 * One fetch client a model, one request a run. Chunks go through fetch's SSE splitter
 * into llm_reader.c. As long as no text was passed on, a failure that may pass
 * (connection, 408, 409, 429, 5xx, an error inside a 200) is tried again at most twice,
 * after the server's Retry-After or a jittered back-off; the deadline of the first
 * token (llm.c) covers all tries. A plain JSON answer instead of a stream is read too.
 * The key only goes into the request's head. */
#include <stdio.h>

#include "fetch.h"
#include "llm_int.h"

enum { BODY_MAX = 256 << 10, ANSWER_MAX = 4 << 20 };

struct remote {
	struct fetch *fetch;
	char *url, *headers;
	const struct llm_dialect *d;
	struct rng rng;
};
struct call { /* an obj: it outlives a cancel from inside its own callbacks */
	struct llm_run *run;
	struct fetch_req *req;
	struct loop_timer again;
	struct llm_reader reader;
	struct fetch_sse sse;
	struct sb body;  /* the request */
	struct sb whole; /* the answer when it is no stream */
	bool stream;
	int tries, status;
	char retry_after[32];
	bool has_retry_after;
};

static char *full_url(sv url)
{
	struct sb b;
	sb_init(&b, 2048);
	while (sv_ends(url, SV("/")))
		url.n--;
	sb_put(&b, url);
	ptrdiff_t scheme = sv_find(url, SV("://"));
	sv rest = scheme < 0 ? url : sv_slice(url, (size_t)scheme + 3, url.n);
	if (!sv_ends(url, SV("/chat/completions")) && sv_find(url, SV("?")) < 0)
		sb_cstr(&b, sv_find_ch(rest, '/') < 0 ? "/v1/chat/completions" :
							"/chat/completions");
	char *ret = sb_err(&b) ? NULL : xstrdup(sb_sv(&b));
	sb_done(&b);
	return ret;
}

static char *make_headers(const struct llm *m, const struct llm_dialect *d)
{
	struct sb b;
	sb_init(&b, 8192);
	sb_cstr(&b, "Content-Type: application/json\r\nAccept: text/event-stream, "
		    "application/json\r\n");
	if (m->key && m->key[0])
		sb_fmt(&b, "%s%s\r\n", d->auth, m->key);
	char *ret = xstrdup(sb_sv(&b));
	sb_done(&b);
	return ret;
}

static int openai_open(struct llm *m, const struct model_spec *s, struct err *e)
{
	const struct llm_dialect *d = llm_dialect_find(s->dialect);
	sv url = sv_of(s->url);
	if (!d)
		return err_set(e, ERR_INVAL,
			       "unknown dialect \"%s\": use openai, vllm, llama.cpp, "
			       "ollama, deepseek, "
			       "qwen, azure, openai-new or plain",
			       s->dialect);
	if (!sv_starts(url, SV("http://")) && !sv_starts(url, SV("https://")))
		return err_set(
			e, ERR_INVAL,
			"a language model's url begins with http:// or https://, like "
			"http://127.0.0.1:8000/v1");
	if (m->key && (strchr(m->key, '\n') || strchr(m->key, '\r')))
		return err_set(e, ERR_INVAL, "the key of %s contains a line break",
			       m->name);
	char *full = full_url(url);
	if (!full)
		return err_set(e, ERR_TOOBIG, "the url of %s is too long", m->name);
	struct remote *x = xalloc(sizeof(*x));
	*x = (struct remote){ .fetch = fetch_new(m->loop),
			      .url = full,
			      .headers = make_headers(m, d),
			      .d = d };
	uint64_t seed;
	rng_secure(&seed, sizeof(seed));
	rng_seed(&x->rng, seed);
	m->priv = x;
	return 0;
}

/* ---- the request ---- */

static void merge_extra(jv *o, const char *extra)
{
	struct err e;
	jv *x = extra ? jv_parse(sv_of(extra), &e) : NULL;
	void *it = NULL;
	sv key;
	jv *val;
	while (x && jv_next(x, &it, &key, &val)) {
		char name[64];
		(void)snprintf(name, sizeof(name), SV_FMT, SV_ARG(key));
		jv_set(o, name, jv_copy(val));
	}
	jv_free(x);
}

static void make_body(const struct llm *m, const struct llm_prompt *p, struct sb *out)
{
	static const char *const roles[] = { "system", "user", "assistant" };
	const struct llm_dialect *d = ((const struct remote *)m->priv)->d;
	jv *o = jv_obj(), *msgs = jv_arr();
	if (m->model)
		jv_set_str(o, "model", sv_of(m->model));
	for (size_t i = 0; i < p->n; i++) {
		jv *x = jv_obj();
		jv_set_str(x, "role", sv_of(roles[p->msgs[i].role]));
		jv_set_str(x, "content", p->msgs[i].text);
		jv_push(msgs, x);
	}
	jv_set(o, "messages", msgs);
	jv_set_bool(o, "stream", true);
	jv_set_int(o, d->max_key, p->max_tokens > 0 ? p->max_tokens : LLM_MAX_TOKENS);
	jv_set_num(o, "temperature", p->temperature);
	if (d->usage) {
		jv *x = jv_obj();
		jv_set_bool(x, "include_usage", true);
		jv_set(o, "stream_options", x);
	}
	merge_extra(o, d->extra);
	jv_dump(o, out);
	jv_free(o);
}

/* ---- the answer ---- */

static bool on_text(void *arg, sv text)
{
	struct call *c = arg;
	return c->run && llm_emit_delta(c->run, text) && c->run;
}

static int on_event(void *arg, sv event, sv data, sv id)
{
	struct call *c = arg;
	(void)id;
	if (sv_eq(event, SV("error")) && !c->reader.err) {
		(void)llm_reader_whole(&c->reader, data);
		c->reader.err = c->reader.err ? c->reader.err : ERR_UPSTREAM;
	}
	return c->reader.err ? c->reader.err : llm_reader_event(&c->reader, data);
}

static void on_head(void *arg, int status, struct fetch_req *r)
{
	struct call *c = arg;
	sv type = fetch_header(r, "content-type"),
	   ms = fetch_header(r, "retry-after-ms");
	sv after = fetch_header(r, "retry-after");
	int64_t v;
	c->status = status;
	c->stream = status == 200 && !sv_starts(type, SV("application/json"));
	c->has_retry_after = true;
	if (ms.n && sv_i64(ms, &v) == 0 && v >= 0 && v <= 10000)
		(void)snprintf(c->retry_after, sizeof(c->retry_after), "%lld",
			       (long long)(v + 999) / 1000);
	else if (after.n && after.n < sizeof(c->retry_after))
		(void)snprintf(c->retry_after, sizeof(c->retry_after), SV_FMT,
			       SV_ARG(after));
	else
		c->has_retry_after = false;
}

static int on_data(void *arg, sv piece)
{
	struct call *c = obj_ref(arg);
	int rc = 0;
	if (c->stream)
		rc = fetch_sse_feed(&c->sse, piece);
	else if (c->whole.n + piece.n <= ANSWER_MAX)
		sb_put(&c->whole, piece);
	rc = c->run ? rc : ERR_CANCELED;
	obj_unref(c);
	return rc;
}

static int status_error(int status)
{
	static const struct {
		int status, code;
	} known[] = { { 400, ERR_INVAL },    { 401, ERR_AUTH },    { 403, ERR_AUTH },
		      { 404, ERR_NOTFOUND }, { 408, ERR_TIMEOUT }, { 413, ERR_TOOBIG },
		      { 422, ERR_INVAL },    { 429, ERR_RATE } };
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].status == status)
			return known[i].code;
	return ERR_UPSTREAM;
}

/* What the answer amounts to: 0 or an error, and a line for people. */
static int verdict(struct call *c, int err, int status, const char *why)
{
	if (status && status != 200) {
		char line[200];
		(void)llm_reader_whole(&c->reader, sb_sv(&c->whole));
		(void)snprintf(line, sizeof(line), "HTTP %d: %s", status,
			       c->reader.error);
		llm_set_error(c->run->m, sv_of(line));
		return status_error(status);
	}
	if (c->reader.err) {
		llm_set_error(c->run->m, sv_of(c->reader.error));
		return c->reader.err;
	}
	if (err) {
		llm_set_error(c->run->m, sv_of(why));
		return err;
	}
	int rc = 0;
	if (c->stream)
		(void)fetch_sse_end(&c->sse);
	else
		rc = llm_reader_whole(&c->reader, sb_sv(&c->whole));
	rc = rc ? rc : llm_reader_end(&c->reader);
	if (rc && c->run)
		llm_set_error(c->run->m, sv_of(c->reader.error));
	return rc;
}

static int send_it(struct call *c);

static void on_again(void *arg)
{
	struct call *c = arg;
	if (send_it(c))
		llm_emit_end(c->run, ERR_UPSTREAM);
}

static bool may_pass(int err, int status)
{
	return status == 409 || status == 500 ||
	       (status && status != 200 && fetch_retryable(0, status)) ||
	       (status == 0 && err == ERR_NET) ||
	       (status == 200 && (err == ERR_NET || err == ERR_UPSTREAM ||
				  err == ERR_RATE || err == ERR_CLOSED));
}

static void on_end(void *arg, int err, int status)
{
	struct call *c = obj_ref(arg);
	struct llm_run *r = c->run;
	char why[160];
	(void)snprintf(why, sizeof(why), "%s",
		       err && fetch_error(c->req) ? fetch_error(c->req) : "");
	c->req = NULL; /* it ends itself */
	int rc = verdict(c, err, status, why);
	if (!c->run) { /* cancelled by the last delta */
		obj_unref(c);
		return;
	}
	if (rc && !llm_started(r) && c->tries <= LLM_RETRIES && may_pass(rc, status)) {
		struct remote *x = r->m->priv;
		sv after = c->has_retry_after ? sv_of(c->retry_after) : SV_NULL;
		loop_after(r->m->loop, &c->again,
			   fetch_retry_wait_ms(c->tries, after, &x->rng), on_again, c);
	} else {
		r->usage.prompt_tokens = c->reader.prompt_tokens;
		r->usage.completion_tokens = c->reader.completion_tokens;
		llm_emit_end(r, rc);
	}
	obj_unref(c);
}

static int send_it(struct call *c)
{
	struct llm *m = c->run->m;
	struct remote *x = m->priv;
	llm_reader_init(&c->reader, on_text, c);
	fetch_sse_done(&c->sse);
	fetch_sse_init(&c->sse, ANSWER_MAX, on_event, c);
	sb_reset(&c->whole);
	c->status = 0;
	c->stream = c->has_retry_after = false;
	c->tries++;
	struct fetch_opts o = { .method = "POST",
				.url = x->url,
				.headers = x->headers,
				.body = sb_sv(&c->body),
				.connect_ms = m->connect_ms,
				.first_byte_ms = m->total_ms,
				.stall_ms = m->total_ms,
				.total_ms = m->total_ms + 1000,
				.max_bytes = ANSWER_MAX,
				.on_head = on_head,
				.on_data = on_data,
				.on_end = on_end,
				.arg = c };
	struct err e = { 0 };
	int rc = fetch_start(&c->req, x->fetch, &o, &e);
	if (rc)
		llm_set_error(m, sv_of(e.msg));
	return rc;
}

static void call_free(void *obj)
{
	struct call *c = obj;
	fetch_sse_done(&c->sse);
	sb_done(&c->body);
	sb_done(&c->whole);
}

static void drop_call(struct call *c)
{
	c->run = NULL;
	fetch_cancel(c->req);
	c->req = NULL;
	loop_timer_stop(&c->again);
	obj_unref(c);
}

static void openai_cancel(struct llm_run *r)
{
	struct call *c = r->priv;
	r->priv = NULL;
	if (c)
		drop_call(c);
}

static int openai_start(struct llm *m, const struct llm_prompt *p, struct llm_run *r)
{
	struct call *c = obj_new(sizeof(*c), call_free);
	c->run = r;
	sb_init(&c->body, BODY_MAX);
	sb_init(&c->whole, ANSWER_MAX + 1);
	fetch_sse_init(&c->sse, ANSWER_MAX, on_event, c);
	make_body(m, p, &c->body);
	r->priv = c;
	int rc = sb_err(&c->body);
	rc = rc ? rc : send_it(c);
	if (rc) {
		r->priv = NULL;
		drop_call(c);
	}
	return rc;
}

static void openai_close(struct llm *m)
{
	struct remote *x = m->priv;
	fetch_free(x->fetch);
	xfree(x->url);
	xfree(x->headers);
	xfree(x);
}

const struct llm_ops llm_openai = { "openai", openai_open, openai_start, openai_cancel,
				    openai_close };
