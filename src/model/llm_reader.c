/* llm_reader.c: reads the chunks of a chat completion, tolerant of what servers really
 * send: empty choices, chunks that are not JSON, bytes that are not UTF-8, no [DONE], an
 * error object inside a 200 in several shapes, a whole answer where a stream was asked
 * for, reasoning between <think> and </think> (also when a tag is split across chunks) or
 * in fields of its own, calls in any of the ways of llm_parts.c. Pure; no I/O. */
#include <stdio.h>

#include "llm_int.h"
#include "remote.h"

static const sv OPEN_TAG = { "<think>", 7 }, CLOSE_TAG = { "</think>", 8 };

void llm_reader_init(struct llm_reader *r, bool (*on_text)(void *, sv), void *arg)
{
	*r = (struct llm_reader){ .on_text = on_text, .arg = arg };
}

void llm_reader_done(struct llm_reader *r)
{
	if (r->parts)
		llm_parts_done(r->parts);
	xfree(r->parts);
	r->parts = NULL;
}

static void put(struct llm_reader *r, sv s)
{
	if (r->think == LLM_TH_AFTER) { /* the blank lines after </think> */
		while (s.n && (s.p[0] == '\n' || s.p[0] == ' ' || s.p[0] == '\r'))
			s = sv_slice(s, 1, s.n);
		if (!s.n)
			return;
		r->think = LLM_TH_TEXT;
	}
	if (!s.n || r->stopped)
		return;
	r->any = true;
	r->stopped = !r->on_text(r->arg, s);
}

/* How many bytes at the end of s could be the beginning of tag. */
static size_t partial(sv s, sv tag)
{
	size_t k = s.n < tag.n - 1 ? s.n : tag.n - 1;
	while (k && !sv_starts(tag, sv_slice(s, s.n - k, s.n)))
		k--;
	return k;
}

/* Text with what was held in front; strips reasoning. */
static void think(struct llm_reader *r, sv s)
{
	while (s.n && !r->stopped) {
		bool in = r->think == LLM_TH_IN;
		sv tag = in ? CLOSE_TAG : OPEN_TAG;
		ptrdiff_t at = sv_find(s, tag);
		if (at >= 0) {
			if (!in)
				put(r, sv_slice(s, 0, (size_t)at));
			s = sv_slice(s, (size_t)at + tag.n, s.n);
			r->think = in ? LLM_TH_AFTER : LLM_TH_IN;
			continue;
		}
		size_t hold = partial(s, tag);
		if (!in)
			put(r, sv_slice(s, 0, s.n - hold));
		memcpy(r->held, s.p + s.n - hold, hold);
		r->n_held = hold;
		return;
	}
}

static void text(struct llm_reader *r, sv s)
{
	if (r->n_held == 0) {
		think(r, s);
		return;
	}
	struct sb b;
	sb_init(&b, LIM_JSON_BYTES);
	sb_put(&b, sv_n(r->held, r->n_held));
	sb_put(&b, s);
	r->n_held = 0;
	think(r, sb_sv(&b));
	sb_done(&b);
}

static int fail(struct llm_reader *r, int code, sv why)
{
	r->err = code;
	(void)snprintf(r->error, sizeof(r->error), SV_FMT,
		       (int)(why.n < 150 ? why.n : 150), why.p ? why.p : "");
	return code;
}

/* {"error":{"message","code"}}, {"error":"text"}, {"object":"error","message","code"} */
static int error_object(struct llm_reader *r, const jv *o)
{
	const jv *x = jv_get(o, "error");
	if (sv_eq(jv_get_str(o, "object"), SV("error")))
		x = o;
	if (!jv_is_obj(x) && !jv_as_str(x).n)
		return 0;
	sv msg = jv_is_str(x) ? jv_as_str(x) : jv_get_str(x, "message");
	sv type = jv_get_str(x, "type"), name = jv_get_str(x, "code");
	bool rate = sv_find(type, SV("rate_limit")) >= 0 || sv_find(name, SV("rate_limit")) >= 0;
	return fail(r, rate ? ERR_RATE : remote_status(jv_get_int(x, "code", 0)),
		    msg.n ? msg : SV("the model server reported an error"));
}

/* A refusal without "error": {"message": ..} or {"detail": ..}; only of whole answers. */
static void plain_message(struct llm_reader *r, const jv *o)
{
	sv msg = jv_get_str(o, "message");
	msg = msg.n ? msg : jv_get_str(o, "detail");
	if (msg.n && !jv_get(o, "choices"))
		(void)fail(r, ERR_UPSTREAM, msg);
}

static void cached(struct llm_reader *r, const jv *o)
{
	const jv *paths = r->d ? r->d->cached_tokens : NULL;
	for (size_t i = 0; i < jv_len(paths); i++) {
		char path[128];
		(void)snprintf(path, sizeof(path), SV_FMT, SV_ARG(jv_as_str(jv_at(paths, i))));
		int64_t n = jv_as_int(jv_path(o, path), -1);
		if (n < 0)
			continue;
		r->cached_tokens = n < INT32_MAX ? (int)n : INT32_MAX;
		return;
	}
}

static int tokens(const jv *u, const char *name, int before)
{
	int64_t n = jv_get_int(u, name, before);
	return n < 0 ? 0 : n < INT32_MAX ? (int)n : INT32_MAX;
}

static void usage(struct llm_reader *r, const jv *o)
{
	const jv *u = jv_get(o, "usage");
	if (jv_is_obj(u)) {
		r->prompt_tokens = tokens(u, "prompt_tokens", r->prompt_tokens);
		r->completion_tokens = tokens(u, "completion_tokens", r->completion_tokens);
	}
	if (jv_is_obj(u) || jv_get(o, "timings"))
		cached(r, o);
}

static int add_call(struct llm_reader *r, const jv *delta)
{
	if (!r->parts)
		r->parts = xalloc(sizeof(*r->parts));
	if (llm_parts_add(r->parts, delta))
		return fail(r, ERR_TOOBIG, SV("the model's calls are too long or too many"));
	if (!r->stopped)
		r->stopped = !r->on_text(r->arg, SV_NULL);
	return 0;
}

static int add_calls(struct llm_reader *r, const jv *d)
{
	const jv *list = jv_get(d, "tool_calls"), *old = jv_get(d, "function_call");
	int rc = 0;
	for (size_t i = 0; !rc && i < jv_len(list); i++)
		rc = add_call(r, jv_at(list, i));
	if (rc || !jv_is_obj(old))
		return rc;
	jv *x = jv_obj(); /* the older form: one call without a list */
	jv_set(x, "function", jv_copy(old));
	rc = add_call(r, x);
	jv_free(x);
	return rc;
}

/* Content as text, or as a list of parts with text. */
static void content(struct llm_reader *r, const jv *c)
{
	if (jv_is_str(c))
		text(r, jv_as_str(c));
	for (size_t i = 0; jv_is_arr(c) && i < jv_len(c); i++)
		text(r, jv_get_str(jv_at(c, i), "text"));
}

static void note_thoughts(struct llm_reader *r, const jv *d)
{
	const jv *names = r->d ? r->d->reasoning : NULL;
	for (size_t i = 0; !r->thought && i < jv_len(names); i++)
		r->thought = jv_as_str(jv_member(d, jv_as_str(jv_at(names, i)))).n > 0;
	r->refused = r->refused || jv_get_str(d, "refusal").n > 0;
}

static int choice(struct llm_reader *r, const jv *c)
{
	const jv *d = jv_get(c, "delta");
	if (!jv_is_obj(d))
		d = jv_get(c, "message");
	const jv *s = jv_get(d, "content");
	content(r, jv_is_null(s) ? jv_get(c, "text") : s);
	note_thoughts(r, d);
	int rc = add_calls(r, d);
	sv why = jv_get_str(c, "finish_reason");
	if (why.n)
		r->finished = true;
	if (!rc && sv_eq(why, SV("content_filter")) && !r->any)
		rc = fail(r, ERR_DENIED, SV("the model's content filter refused"));
	return rc ? rc : r->stopped ? ERR_CANCELED : 0;
}

static int object(struct llm_reader *r, const jv *o)
{
	if (jv_is_arr(o)) /* Gemini wraps its errors */
		o = jv_at(o, 0);
	int rc = error_object(r, o);
	if (rc)
		return rc;
	usage(r, o);
	const jv *choices = jv_get(o, "choices");
	return jv_len(choices) ? choice(r, jv_at(choices, 0)) : 0;
}

static int hex4(sv s)
{
	int v = 0;
	for (size_t i = 0; i < 4; i++) {
		char c = i < s.n ? s.p[i] : 'x';
		int d = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ?
							 (c | 32) - 'a' + 10 :
							 -1;
		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

/* An escape at the front of s; how many bytes it took. NUL and halves of pairs, which are
 * no characters, become U+FFFD. */
static size_t mend_escape(sv s, struct sb *out)
{
	size_t n = s.n < 2 || s.p[1] != 'u' ? 2 : 6;
	int v = n == 6 ? hex4(sv_slice(s, 2, 6)) : 1;
	bool high = v >= 0xD800 && v < 0xDC00, low = v >= 0xDC00 && v < 0xE000;
	int next = high && sv_starts(sv_slice(s, 6, 8), SV("\\u")) ? hex4(sv_slice(s, 8, 12)) : 0;
	if (high && next >= 0xDC00 && next < 0xE000) {
		sb_put(out, sv_slice(s, 0, 12));
		return 12;
	}
	if (high || low || v == 0)
		sb_cstr(out, "\\ufffd");
	else
		sb_put(out, sv_slice(s, 0, n));
	return n;
}

/* JSON as it may have been meant: bytes that are not UTF-8 become U+FFFD, control
 * characters blanks. */
static jv *parse_mended(sv data)
{
	struct sb b;
	struct err e;
	sb_init(&b, LIM_JSON_BYTES);
	while (data.n) {
		if (data.p[0] == '\\') {
			size_t n = mend_escape(data, &b);
			data = sv_slice(data, n, data.n);
			continue;
		}
		uint32_t c = sv_rune(&data);
		sb_rune(&b, c < 0x20 ? ' ' : c);
	}
	jv *o = sb_err(&b) ? NULL : jv_parse(sb_sv(&b), &e);
	sb_done(&b);
	return o;
}

static jv *parse(sv data)
{
	struct err e;
	jv *o = jv_parse(data, &e);
	bool broken = !o && data.n && (data.p[0] == '{' || data.p[0] == '[');
	return broken && e.code != ERR_TOOBIG ? parse_mended(data) : o;
}

int llm_reader_event(struct llm_reader *r, sv data)
{
	data = sv_trim(data);
	if (r->done || !data.n)
		return 0;
	if (sv_eq(data, SV("[DONE]"))) {
		r->done = true;
		return 0;
	}
	jv *o = parse(data);
	int rc = o ? object(r, o) : 0;
	jv_free(o);
	return rc;
}

int llm_reader_whole(struct llm_reader *r, sv body)
{
	jv *o = parse(sv_trim(body));
	if (!o)
		return fail(r, ERR_UPSTREAM,
			    SV("the model server's answer is not JSON"));
	int rc = object(r, o);
	if (!rc)
		plain_message(r, o);
	r->finished = r->finished || jv_len(jv_get(o, "choices")) > 0;
	jv_free(o);
	return rc ? rc : r->err;
}

int llm_reader_end(struct llm_reader *r)
{
	if (r->n_held && r->think != LLM_TH_IN && !r->stopped) {
		size_t n = r->n_held;
		r->n_held = 0;
		put(r, sv_n(r->held, n));
	}
	if (r->err)
		return r->err;
	if (r->stopped)
		return ERR_CANCELED;
	bool calls = r->parts && r->parts->n, empty = !r->any && !calls;
	if (calls && !r->finished && !r->done) /* text may end like this, an action not */
		return fail(r, ERR_UPSTREAM, SV("the answer broke off in the middle of a call"));
	if (empty && r->refused)
		return fail(r, ERR_DENIED, SV("the model refused"));
	if (empty && r->thought)
		return fail(r, ERR_UPSTREAM, SV("the model only thought and said nothing"));
	if (empty && !r->finished)
		return fail(r, ERR_UPSTREAM, SV("the model server sent no answer"));
	return 0;
}
