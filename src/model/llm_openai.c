/* llm_openai.c: any server that speaks OpenAI's /v1/chat/completions, streamed.
 *
 * One fetch client a model, one request a run, in the words of its dialect. Chunks go
 * through fetch's SSE splitter into llm_reader.c. As long as nothing was passed on, a
 * failure that may pass (connection, 408, 409, 429, 5xx, an error inside a 200) is tried
 * again at most twice, after the server's retry-after-ms or Retry-After or a random wait
 * below 200 ms * 2^n, if that ends before the deadline of the first token does. A plain
 * JSON answer instead of a stream is read too. An answer is over with [DONE] or soon after
 * its finish_reason, even when the server keeps the connection open. The key only goes
 * into the request's head. */
#include <stdio.h>

#include "fetch.h"
#include "llm_int.h"
#include "remote.h"

enum {
	BODY_MAX = 2 << 20,
	ANSWER_MAX = 4 << 20,
	RETRY_MS = 200,
	RETRY_AFTER_MAX_MS = 10000,
	LINGER_MS = 500,      /* from finish_reason: the chunk with the usage may follow */
	LINGER_DONE_MS = 50, /* from [DONE]: the connection can be used again if it ends now */
};

struct remote {
	struct fetch *fetch;
	char *url, *headers;
	struct llm_dialect d;
	struct rng rng;
};
struct call { /* an obj: it outlives a cancel from inside its own callbacks */
	struct llm_run *run;
	struct fetch_req *req;
	struct loop_timer again, linger;
	struct llm_reader reader;
	struct fetch_sse sse;
	struct sb body;  /* the request */
	struct sb whole; /* the answer when it is no stream */
	bool stream;
	int tries, status;
	int wait_ms; /* as the server asked for; -1 = it did not */
};

static char *make_headers(const struct llm *m, const struct llm_dialect *d)
{
	struct sb b;
	sb_init(&b, 8192);
	sb_cstr(&b, "Content-Type: application/json\r\nAccept: text/event-stream, "
		    "application/json\r\n");
	if (m->key && m->key[0] && d->auth.n)
		sb_fmt(&b, SV_FMT "%s\r\n", SV_ARG(d->auth), m->key);
	char *ret = xstrdup(sb_sv(&b));
	sb_done(&b);
	return ret;
}

static int check_spec(const struct llm *m, sv url, struct err *e)
{
	if (!sv_starts(url, SV("http://")) && !sv_starts(url, SV("https://")))
		return err_set(
			e, ERR_INVAL,
			"a language model's url begins with http:// or https://, like "
			"http://127.0.0.1:8000/v1");
	if (m->key && (strchr(m->key, '\n') || strchr(m->key, '\r')))
		return err_set(e, ERR_INVAL, "the key of %s contains a line break",
			       m->name);
	return 0;
}

static int openai_open(struct llm *m, const struct model_spec *s, struct err *e)
{
	struct llm_dialect d;
	sv url = sv_of(s->url);
	int rc = check_spec(m, url, e);
	rc = rc ? rc : llm_dialect_load(&d, s->dialect, e);
	if (rc)
		return rc;
	char *full = llm_dialect_url(&d, url, sv_of(s->model));
	if (!full) {
		llm_dialect_done(&d);
		return err_set(e, ERR_TOOBIG, "the url of %s is too long", m->name);
	}
	struct remote *x = xalloc(sizeof(*x));
	*x = (struct remote){ .fetch = fetch_new(m->loop),
			      .url = full,
			      .headers = make_headers(m, &d),
			      .d = d };
	uint64_t seed;
	rng_secure(&seed, sizeof(seed));
	rng_seed(&x->rng, seed);
	m->priv = x;
	return 0;
}

/* ---- the answer ---- */

static void on_linger(void *arg);

static bool on_text(void *arg, sv text)
{
	struct call *c = arg;
	if (!text.n && c->run)
		llm_emit_life(c->run);
	return c->run && llm_emit_delta(c->run, text) && c->run;
}

static int on_event(void *arg, sv event, sv data, sv id)
{
	struct call *c = arg;
	struct llm_reader *r = &c->reader;
	(void)id;
	if (sv_eq(event, SV("error")) && !r->err) {
		(void)llm_reader_whole(r, data);
		r->err = r->err ? r->err : ERR_UPSTREAM;
	}
	int rc = r->err ? r->err : llm_reader_event(r, data);
	if (!rc && c->run && r->done)
		loop_after(c->run->m->loop, &c->linger, LINGER_DONE_MS, on_linger, c);
	else if (!rc && c->run && r->finished)
		loop_after(c->run->m->loop, &c->linger, LINGER_MS, on_linger, c);
	return rc;
}

static int asked_wait(struct fetch_req *r)
{
	int64_t ms = -1, s;
	if (sv_i64(fetch_header(r, "retry-after-ms"), &ms) || ms < 0)
		ms = sv_i64(fetch_header(r, "retry-after"), &s) == 0 && s >= 0 && s < 86400 ?
			     s * 1000 :
			     -1;
	return ms > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : (int)ms;
}

static void on_head(void *arg, int status, struct fetch_req *r)
{
	struct call *c = arg;
	sv type = fetch_header(r, "content-type");
	c->status = status;
	c->stream = status == 200 && !sv_starts(type, SV("application/json"));
	c->wait_ms = asked_wait(r);
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

/* What the answer amounts to: 0 or an error, and a line for people. */
static int verdict(struct call *c, int err, int status, const char *why)
{
	struct llm *m = c->run->m;
	if (status && status != 200) {
		char line[200];
		if (c->whole.n)
			(void)llm_reader_whole(&c->reader, sb_sv(&c->whole));
		(void)snprintf(line, sizeof(line), "HTTP %d: %s", status,
			       c->reader.error);
		llm_set_error(m, sv_of(line));
		return remote_status(status);
	}
	if (c->reader.err) {
		llm_set_error(m, sv_of(c->reader.error));
		return c->reader.err;
	}
	if (err && !c->reader.finished) {
		llm_set_error(m, sv_of(why));
		return c->sse.err == ERR_TOOBIG ? ERR_TOOBIG : err;
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

/* Full jitter: anything below 200 ms * 2^n, unless the server says how long. False when the
 * deadline comes first. */
static bool try_again(struct call *c)
{
	struct llm_run *r = c->run;
	struct remote *x = r->m->priv;
	int wait = c->wait_ms >= 0 ?
			   c->wait_ms :
			   (int)rng_below(&x->rng, (uint64_t)RETRY_MS << (c->tries - 1));
	if (wait >= llm_left_ms(r))
		return false;
	loop_after(r->m->loop, &c->again, wait, on_again, c);
	return true;
}

/* Calls go over only from an answer that came to its end. */
static bool emit_calls(struct call *c)
{
	const struct llm_parts *p = c->reader.parts;
	for (size_t i = 0; p && i < p->n; i++) {
		const struct llm_part *x = &p->v[i];
		struct llm_call call = { sb_sv(&x->id), sb_sv(&x->name), sb_sv(&x->args) };
		if (!llm_emit_call(c->run, &call) || !c->run)
			return false;
	}
	return true;
}

static void finish(struct call *c, int err, int status, const char *why)
{
	struct llm_run *r = c->run;
	loop_timer_stop(&c->linger);
	int rc = verdict(c, err, status, why);
	if (!c->run) /* cancelled by the last delta */
		return;
	if (rc && !llm_started(r) && c->tries <= r->retries && may_pass(rc, status) &&
	    try_again(c))
		return;
	r->usage.prompt_tokens = c->reader.prompt_tokens;
	r->usage.cached_tokens = c->reader.cached_tokens;
	r->usage.completion_tokens = c->reader.completion_tokens;
	if (rc || emit_calls(c))
		llm_emit_end(r, rc);
}

static void on_end(void *arg, int err, int status)
{
	struct call *c = obj_ref(arg);
	char why[160];
	(void)snprintf(why, sizeof(why), "%s",
		       err && fetch_error(c->req) ? fetch_error(c->req) : "");
	c->req = NULL; /* it ends itself */
	finish(c, err, status, why);
	obj_unref(c);
}

/* All was said, but the server keeps the connection open. */
static void on_linger(void *arg)
{
	struct call *c = obj_ref(arg);
	fetch_cancel(c->req);
	c->req = NULL;
	finish(c, 0, c->status, "");
	obj_unref(c);
}

static int send_it(struct call *c)
{
	struct llm *m = c->run->m;
	struct remote *x = m->priv;
	int total = m->wait.total[c->run->cls];
	llm_reader_done(&c->reader);
	llm_reader_init(&c->reader, on_text, c);
	c->reader.d = &x->d;
	fetch_sse_done(&c->sse);
	fetch_sse_init(&c->sse, ANSWER_MAX, on_event, c);
	sb_reset(&c->whole);
	c->status = 0;
	c->stream = false;
	c->wait_ms = -1;
	c->tries++;
	struct fetch_opts o = { .method = "POST",
				.url = x->url,
				.headers = x->headers,
				.body = sb_sv(&c->body),
				.connect_ms = m->connect_ms,
				.first_byte_ms = total,
				.stall_ms = total,
				.total_ms = total + 1000,
				.max_bytes = 4 * ANSWER_MAX,
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
	llm_reader_done(&c->reader);
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
	loop_timer_stop(&c->linger);
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
	struct remote *x = m->priv;
	struct call *c = obj_new(sizeof(*c), call_free);
	c->run = r;
	sb_init(&c->body, BODY_MAX);
	sb_init(&c->whole, ANSWER_MAX + 1);
	fetch_sse_init(&c->sse, ANSWER_MAX, on_event, c);
	llm_body(&x->d, sv_of(m->model), p, &c->body);
	r->priv = c;
	int rc = sb_err(&c->body);
	if (rc)
		llm_set_error(m, SV("the request is too long"));
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
	llm_dialect_done(&x->d);
	xfree(x->url);
	xfree(x->headers);
	xfree(x);
}

const struct llm_ops llm_openai = { "openai", openai_open, openai_start, openai_cancel,
				    openai_close };
