/* api_openai_out.c: answers in OpenAI's shapes: chat.completion, its chunks, errors, usage.
 *
 * What callm knows beyond that (conversation, action, sources) stands in an object `callm`
 * beside the choices, and the sources also as url_citation annotations, which clients know how
 * to show. A stream sends sentences as the engine releases them; its last chunk holds whatever
 * was not sent yet, so that the pieces together are the answer. Door's thread. */
#include "api_openai.h"

#include <stdio.h>

static const char *error_type(int status)
{
	return status == 429	? "rate_limit_error" :
	       status >= 500	? "server_error" :
	       status == 401	? "authentication_error" :
				  "invalid_request_error";
}

static jv *str_or_null(const char *s)
{
	return s ? jv_str(sv_of(s)) : jv_null();
}

static jv *error_body(const struct oai_problem *p)
{
	jv *e = jv_obj(), *o = jv_obj();
	jv_set_str(e, "message", sv_of(p->msg));
	jv_set_str(e, "type", sv_of(error_type(p->status)));
	jv_set(e, "param", str_or_null(p->param));
	jv_set(e, "code", str_or_null(p->code));
	jv_set(o, "error", e);
	return o;
}

static void put_json(struct sb *b, jv *v)
{
	jv_dump(v, b);
	jv_free(v);
}

void oai_error(struct web_req *r, const struct oai_problem *p)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	put_json(&b, error_body(p));
	const char *head = p->status == 401 ? "WWW-Authenticate: Bearer\r\n" :
			   p->status == 429 || p->status == 503 ? "Retry-After: 2\r\n" : NULL;
	web_reply(r, p->status, "application/json", sb_sv(&b), head);
	sb_done(&b);
}

/* ---- usage ---- */

int oai_tokens(sv text)
{
	int quarters = 0;
	while (text.n) {
		uint32_t u = sv_rune(&text);
		quarters += sv_is_cjk(u) ? 4 : 1;
	}
	return (quarters + 3) / 4;
}

static jv *usage_json(const struct oai_call *x, const struct oai_answer *y)
{
	int in = y->used.prompt_tokens, out = y->used.completion_tokens;
	bool counted = in > 0;
	for (size_t i = 0; !counted && i < x->q.n; i++)
		in += oai_tokens(x->q.msgs[i].text) + 4;   /* and its role */
	if (!counted)
		out = oai_tokens(y->text);
	for (size_t i = 0; !counted && i < y->n_calls; i++)
		out += oai_tokens(y->calls[i].name) + oai_tokens(y->calls[i].args);
	jv *u = jv_obj(), *d = jv_obj();
	jv_set_int(u, "prompt_tokens", in);
	jv_set_int(u, "completion_tokens", out);
	jv_set_int(u, "total_tokens", in + out);
	jv_set_int(d, "cached_tokens", y->used.cached_tokens);
	jv_set(u, "prompt_tokens_details", d);
	return u;
}

/* ---- what callm knows beyond ---- */

static void copy(jv *to, const jv *from, const char *key)
{
	const jv *v = jv_get(from, key);
	if (!jv_is_null(v))
		jv_set(to, key, jv_copy(v));
}

static jv *extension(const struct oai_call *x, const struct oai_answer *y)
{
	static const char *const keys[] = { "action", "language", "intent", "emotion", "grounded",
					    "citations", "model", "fallback", "latency_us" };
	const jv *body = jv_get(y->row, "body");
	jv *o = jv_obj();
	if (x->c)
		jv_set_str(o, "conversation_id", sv_of(oai_conv_id(x->c)));
	copy(o, y->row, "turn");
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		copy(o, body, keys[i]);
	if (y->n_calls || jv_is_null(body))
		jv_set_str(o, "action", y->n_calls ? SV("tool") : SV("reply"));
	jv_set_bool(o, "usage_estimated", y->used.prompt_tokens == 0);
	return o;
}

/* Code points before byte n. */
static int64_t letters(sv s, size_t n)
{
	return (int64_t)sv_runes(sv_slice(s, 0, n));
}

static void annotation(jv *list, const struct oai_call *x, sv text, const jv *citation)
{
	sv quote = jv_get_str(citation, "quote"), host = web_req_header(x->r, "host");
	ptrdiff_t at = quote.n ? sv_find(text, quote) : -1;
	size_t from = at < 0 ? 0 : (size_t)at, to = at < 0 ? text.n : from + quote.n;
	struct sb url;
	sb_init(&url, 4096);
	if (host.n)
		sb_fmt(&url, "%s://" SV_FMT, x->a->o.tls_cert ? "https" : "http", SV_ARG(host));
	sb_cstr(&url, "/api/v1/articles/");
	sb_url(&url, jv_get_str(citation, "article_id"));
	jv *c = jv_obj(), *o = jv_obj();
	jv_set_int(c, "start_index", letters(text, from));
	jv_set_int(c, "end_index", letters(text, to));
	jv_set_str(c, "title", jv_get_str(citation, "title"));
	jv_set_str(c, "url", sb_sv(&url));
	jv_set_str(o, "type", SV("url_citation"));
	jv_set(o, "url_citation", c);
	jv_push(list, o);
	sb_done(&url);
}

static jv *annotations(const struct oai_call *x, const struct oai_answer *y)
{
	const jv *cited = jv_path(y->row, "body.citations");
	jv *list = jv_arr();
	for (size_t i = 0; i < jv_len(cited); i++)
		annotation(list, x, y->text, jv_at(cited, i));
	return list;
}

void oai_call_id(const struct oai_call *x, size_t i, char out[OAI_CALL_ID])
{
	snprintf(out, OAI_CALL_ID, "call_%.26s%zu", x->id + 9, i);
}

static jv *calls_json(const struct oai_call *x, const struct oai_answer *y, bool index)
{
	jv *list = jv_arr();
	for (size_t i = 0; i < y->n_calls; i++) {
		char id[OAI_CALL_ID];
		jv *f = jv_obj(), *o = jv_obj();
		oai_call_id(x, i, id);
		jv_set_str(f, "name", y->calls[i].name);
		jv_set_str(f, "arguments", y->calls[i].args);
		if (index)
			jv_set_int(o, "index", (int64_t)i);
		jv_set_str(o, "id", sv_of(id));
		jv_set_str(o, "type", SV("function"));
		jv_set(o, "function", f);
		jv_push(list, o);
	}
	return list;
}

/* ---- whole answers and chunks ---- */

static jv *head(const struct oai_call *x, const char *object)
{
	jv *o = jv_obj();
	jv_set_str(o, "id", sv_of(x->id));
	jv_set_str(o, "object", sv_of(object));
	jv_set_int(o, "created", x->created_s);
	jv_set_str(o, "model", SV(OAI_MODEL));
	jv_set_str(o, "system_fingerprint", SV("callm-" CALLM_VERSION));
	return o;
}

static void send_whole(struct oai_call *x, const struct oai_answer *y)
{
	jv *m = jv_obj(), *c = jv_obj(), *list = jv_arr(), *o = head(x, "chat.completion");
	jv_set_str(m, "role", SV("assistant"));
	jv_set(m, "content", y->text.n || (!y->n_calls && !y->refusal) ? jv_str(y->text) :
									  jv_null());
	jv_set(m, "refusal", str_or_null(y->refusal));
	jv_set(m, "annotations", annotations(x, y));
	if (y->n_calls)
		jv_set(m, "tool_calls", calls_json(x, y, false));
	jv_set_int(c, "index", 0);
	jv_set(c, "message", m);
	jv_set(c, "logprobs", jv_null());
	jv_set_str(c, "finish_reason", sv_of(y->finish));
	jv_push(list, c);
	jv_set(o, "choices", list);
	jv_set(o, "usage", usage_json(x, y));
	jv_set(o, "callm", extension(x, y));
	web_reply_json(x->r, 200, o);
}

/* One chunk; delta is moved. */
static void chunk(struct oai_call *x, jv *delta, const char *finish, jv *ext)
{
	jv *c = jv_obj(), *list = jv_arr(), *o = head(x, "chat.completion.chunk");
	jv_set_int(c, "index", 0);
	jv_set(c, "delta", delta);
	jv_set(c, "logprobs", jv_null());
	jv_set(c, "finish_reason", str_or_null(finish));
	jv_push(list, c);
	jv_set(o, "choices", list);
	if (x->q.usage)
		jv_set(o, "usage", jv_null());
	if (ext)
		jv_set(o, "callm", ext);
	struct sb b;
	sb_init(&b, 4u << 20);
	put_json(&b, o);
	web_stream_event(x->r, NULL, sb_sv(&b));
	sb_done(&b);
}

static void begin(struct oai_call *x)
{
	if (x->begun)
		return;
	x->begun = true;
	web_stream_begin(x->r, 200, "text/event-stream", "Cache-Control: no-cache\r\n");
	jv *d = jv_obj();
	jv_set_str(d, "role", SV("assistant"));
	jv_set_str(d, "content", SV(""));
	jv_set(d, "refusal", jv_null());
	chunk(x, d, NULL, NULL);
}

void oai_delta(struct oai_call *x, sv text)
{
	if (!x->r || !x->q.stream || !text.n)
		return;
	begin(x);
	jv *d = jv_obj();
	jv_set_str(d, "content", text);
	chunk(x, d, NULL, NULL);
	sb_put(&x->sent, text);
}

static void usage_chunk(struct oai_call *x, const struct oai_answer *y)
{
	jv *o = head(x, "chat.completion.chunk");
	jv_set(o, "choices", jv_arr());
	jv_set(o, "usage", usage_json(x, y));
	struct sb b;
	sb_init(&b, LIM_SB);
	put_json(&b, o);
	web_stream_event(x->r, NULL, sb_sv(&b));
	sb_done(&b);
}

static void send_rest(struct oai_call *x, const struct oai_answer *y)
{
	begin(x);
	if (sv_starts(y->text, sb_sv(&x->sent)))
		oai_delta(x, sv_slice(y->text, x->sent.n, y->text.n));
	if (y->n_calls) {
		jv *d = jv_obj();
		jv_set(d, "tool_calls", calls_json(x, y, true));
		chunk(x, d, NULL, NULL);
	}
	jv *last = jv_obj(), *notes = annotations(x, y);
	if (y->refusal)
		jv_set_str(last, "refusal", sv_of(y->refusal));
	if (jv_len(notes))
		jv_set(last, "annotations", notes);
	else
		jv_free(notes);
	chunk(x, last, y->finish, extension(x, y));
	if (x->q.usage)
		usage_chunk(x, y);
	web_stream_event(x->r, NULL, SV("[DONE]"));
	web_stream_end(x->r);
}

void oai_send(struct oai_call *x, const struct oai_answer *y)
{
	if (x->q.stream)
		send_rest(x, y);
	else
		send_whole(x, y);
	x->r = NULL;
}

void oai_send_error(struct oai_call *x, const struct oai_problem *p)
{
	if (!x->begun) {
		oai_error(x->r, p);
		x->r = NULL;
		return;
	}
	struct sb b;
	sb_init(&b, LIM_SB);
	put_json(&b, error_body(p));
	web_stream_event(x->r, NULL, sb_sv(&b));
	web_stream_end(x->r);
	sb_done(&b);
	x->r = NULL;
}
