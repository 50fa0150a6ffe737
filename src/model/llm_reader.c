/* llm_reader.c: reads the chunks of a chat completion, tolerant of what servers really
 * send: empty choices, chunks that are not JSON, no [DONE], an error object inside a
 * 200, a whole answer where a stream was asked for, reasoning between <think> and
 * </think> (also when a tag is split across chunks). Pure; no I/O. */
#include <stdio.h>

#include "llm_int.h"

static const sv OPEN_TAG = { "<think>", 7 }, CLOSE_TAG = { "</think>", 8 };

void llm_reader_init(struct llm_reader *r, bool (*on_text)(void *, sv), void *arg)
{
	*r = (struct llm_reader){ .on_text = on_text, .arg = arg };
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

static int error_object(struct llm_reader *r, const jv *o)
{
	const jv *x = jv_get(o, "error");
	if (jv_is_null(x))
		return 0;
	sv msg = jv_is_str(x) ? jv_as_str(x) : jv_get_str(x, "message");
	int64_t code = jv_get_int(x, "code", 0);
	return fail(r, code == 429 ? ERR_RATE : ERR_UPSTREAM,
		    msg.n ? msg : SV("the model server reported an error"));
}

static void usage(struct llm_reader *r, const jv *o)
{
	const jv *u = jv_get(o, "usage");
	if (!jv_is_obj(u))
		return;
	r->prompt_tokens = (int)jv_get_int(u, "prompt_tokens", r->prompt_tokens);
	r->completion_tokens =
		(int)jv_get_int(u, "completion_tokens", r->completion_tokens);
}

static int choice(struct llm_reader *r, const jv *c)
{
	const jv *d = jv_get(c, "delta");
	if (!jv_is_obj(d))
		d = jv_get(c, "message");
	sv s = jv_get_str(d, "content");
	if (!s.p)
		s = jv_get_str(c, "text");
	if (s.n)
		text(r, s);
	sv why = jv_get_str(c, "finish_reason");
	if (why.n)
		r->finished = true;
	if (sv_eq(why, SV("content_filter")) && !r->any)
		return fail(r, ERR_DENIED, SV("the model's content filter refused"));
	return r->stopped ? ERR_CANCELED : 0;
}

static int object(struct llm_reader *r, const jv *o)
{
	int rc = error_object(r, o);
	if (rc)
		return rc;
	usage(r, o);
	const jv *choices = jv_get(o, "choices");
	return jv_len(choices) ? choice(r, jv_at(choices, 0)) : 0;
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
	struct err e;
	jv *o = jv_parse(data, &e);
	int rc = o ? object(r, o) : 0;
	jv_free(o);
	return rc;
}

int llm_reader_whole(struct llm_reader *r, sv body)
{
	struct err e = { 0 };
	jv *o = jv_parse(sv_trim(body), &e);
	if (!o)
		return fail(r, ERR_UPSTREAM,
			    SV("the model server's answer is not JSON"));
	int rc = object(r, o);
	jv_free(o);
	return rc;
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
	if (!r->any && !r->finished)
		return fail(r, ERR_UPSTREAM, SV("the model server sent no answer"));
	return 0;
}
