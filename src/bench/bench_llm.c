/* bench_llm.c: the fake language model: OpenAI's chat completions, streamed; the first word after
 * llm_first_ms, further ones llm_word_ms apart. What it answers goes by the customer's last
 * words: sentences of the subject they name, each marked with its source. */
#include "bench_int.h"

#include <stdio.h>

struct answer {
	struct bench *b;
	struct web_req *r;     /* NULL: over */
	struct loop_timer next;
	struct bench_asked *asked;
	char *text;
	sv tool;               /* of text; empty = none */
	size_t at;
	bool begun;
};

static const jv *last_of(const jv *messages, const char *role)
{
	for (size_t i = jv_len(messages); i-- > 0;)
		if (sv_eq(jv_get_str(jv_at(messages, i), "role"), sv_of(role)))
			return jv_at(messages, i);
	return NULL;
}

static void answer_free(struct answer *a)
{
	loop_timer_stop(&a->next);
	xfree(a->text);
	xfree(a);
}

static void on_gone(struct web_req *r, void *arg)
{
	struct answer *a = arg;
	a->asked->gone_us = bench_now_us();
	if (a->begun)
		web_stream_end(r);
	else
		web_reply(r, 503, NULL, SV_NULL, NULL);
	answer_free(a);
}

static void chunk(struct answer *a, sv text, bool last)
{
	struct sb b;
	sb_init(&b, 8192);
	sb_cstr(&b, "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1764000000,"
		    "\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{");
	if (text.n) {
		sb_cstr(&b, "\"content\":");
		sb_json(&b, text);
	}
	const char *end = a->tool.n ? "\"tool_calls\"" : "\"stop\"";
	sb_fmt(&b, "},\"finish_reason\":%s}]}", last ? end : "null");
	(void)web_stream_event(a->r, NULL, sb_sv(&b));
	sb_done(&b);
}

/* "[tool end]" becomes a call of that function. */
static void send_tool(struct answer *a, sv name)
{
	struct sb b;
	sb_init(&b, 8192);
	sb_fmt(&b, "{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1764000000,"
		   "\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{"
		   "\"index\":0,\"id\":\"call_%p\",\"type\":\"function\",\"function\":{\"name\":"
		   "\"" SV_FMT "\",\"arguments\":\"{}\"}}]},\"finish_reason\":null}]}",
	       (void *)a, SV_ARG(name));
	(void)web_stream_event(a->r, NULL, sb_sv(&b));
	sb_done(&b);
}

static void finish(struct answer *a)
{
	if (a->tool.n)
		send_tool(a, a->tool);
	chunk(a, SV_NULL, true);
	(void)web_stream_event(a->r, NULL, SV("[DONE]"));
	a->asked->done_us = bench_now_us();
	web_req_on_gone(a->r, NULL, NULL);
	web_stream_end(a->r);
	answer_free(a);
}

static void on_next(void *arg)
{
	struct answer *a = arg;
	struct bench *b = a->b;
	if (!a->begun) {
		a->begun = true;
		(void)web_stream_begin(a->r, 200, "text/event-stream", NULL);
	}
	if (a->asked->fault == FAULT_KEEPALIVE || a->asked->fault == FAULT_STALL) {
		if (a->asked->fault == FAULT_KEEPALIVE)
			(void)web_stream_send(a->r, SV(": keep-alive\n\n"));
		loop_after(b->loop, &a->next, 100, on_next, a);
		return;
	}
	sv rest = sv_slice(sv_of(a->text), a->at, strlen(a->text));
	ptrdiff_t space = sv_find_ch(sv_slice(rest, 1, rest.n), ' ');
	sv word = space < 0 ? rest : sv_slice(rest, 0, (size_t)space + 1);
	if (!rest.n) {
		finish(a);
		return;
	}
	chunk(a, word, false);
	a->at += word.n;
	if (a->asked->fault == FAULT_DIE && a->at > strlen(a->text) / 2) {
		a->asked->done_us = bench_now_us();
		web_req_on_gone(a->r, NULL, NULL);
		web_stream_end(a->r); /* no finish_reason, no [DONE] */
		answer_free(a);
		return;
	}
	bool later = b->f.llm_later_ms && memchr(a->text, ']', a->at);
	loop_after(b->loop, &a->next, later ? b->f.llm_later_ms : b->f.llm_word_ms, on_next, a);
}

/* What is answered: the words, or "[tool NAME]" and the words before it. */
static char *words_of(struct bench *b, int topic, sv user)
{
	struct sb s;
	sb_init(&s, 8192);
	for (int i = 0; bench_scripts[i][0]; i++)
		if (sv_find(user, sv_of(bench_scripts[i][0])) >= 0) {
			sb_done(&s);
			return xstrdup(sv_of(bench_scripts[i][1]));
		}
	if (topic < 0)
		sb_cstr(&s, "Sorry, how can I help?");
	for (int i = 0; topic >= 0 && i < b->f.sentences && i < BENCH_SENTENCES; i++)
		sb_fmt(&s, "%s%s [1]", i ? " " : "", bench_topics[topic].say[i]);
	char *ret = xstrdup(sb_sv(&s));
	sb_done(&s);
	return ret;
}

static enum bench_fault take_fault(struct bench *b, bool second)
{
	struct bench_fakes *f = &b->f;
	if (second)
		return f->llm2;
	enum bench_fault x = f->llm;
	if (x && f->llm_left && --f->llm_left == 0)
		f->llm = FAULT_NONE;
	return x;
}

void bench_llm_post(struct web_req *r, void *arg)
{
	struct bench *b = arg;
	struct err e;
	jv *o = jv_parse(web_req_body(r), &e);
	const jv *messages = jv_get(o, "messages");
	struct bench_asked **slot = o ? VEC_PUSH(&b->f.asked, 1000000) : NULL;
	if (!slot) {
		jv_free(o);
		web_reply_problem(r, 400, "not JSON");
		return;
	}
	struct bench_asked *q = *slot = xalloc(sizeof(*q));
	q->at_us = bench_now_us();
	q->user = xstrdup(jv_get_str(last_of(messages, "user"), "content"));
	q->assistant = xstrdup(jv_get_str(last_of(messages, "assistant"), "content"));
	q->topic = bench_topic_of(sv_of(q->user));
	q->second = sv_starts(web_req_path(r), SV("/second"));
	q->fault = take_fault(b, q->second);
	jv_free(o);
	if (q->fault == FAULT_503) {
		q->done_us = q->at_us;
		web_reply(r, 503, "application/json",
			  SV("{\"error\":{\"message\":\"overloaded\"}}"), NULL);
		return;
	}
	struct answer *a = xalloc(sizeof(*a));
	*a = (struct answer){
		.b = b, .r = r, .asked = q, .text = words_of(b, q->topic, sv_of(q->user))
	};
	if (strncmp(a->text, "[tool ", 6) == 0) {
		sv rest = sv_slice(sv_of(a->text), 6, strlen(a->text));
		(void)sv_cut(&rest, ']', &a->tool);
		a->at = strlen(a->text) - rest.n;
	}
	web_req_on_gone(r, on_gone, a);
	loop_after(b->loop, &a->next, b->f.llm_first_ms, on_next, a);
}
