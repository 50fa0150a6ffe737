/* bench_tts.c: the fake synthesis: OpenAI's /v1/audio/speech, streamed as 24 kHz PCM; the first
 * byte after tts_first_ms, the rest at tts_pace times real time. It says what it is given with
 * flite's voice, so that received sound can be found again (bench_match.c). */
#include "bench_int.h"

enum { PIECE_MS = 20, BYTES_MS = 48 }; /* 24 kHz, 16 bit */

struct speech {
	struct bench *b;
	struct web_req *r;
	struct loop_timer next;
	struct bench_spoke *spoke;
	size_t at;             /* bytes sent */
	bool begun, waiting;   /* for the clip */
};

static void speech_free(struct speech *s)
{
	loop_timer_stop(&s->next);
	bench_clip_forget(s->b->clips, s);
	xfree(s);
}

static void on_gone(struct web_req *r, void *arg)
{
	struct speech *s = arg;
	s->spoke->gone_us = bench_now_us();
	if (s->begun)
		web_stream_end(r);
	else
		web_reply(r, 503, NULL, SV_NULL, NULL);
	speech_free(s);
}

static void on_next(void *arg);

static void send_piece(struct speech *s)
{
	const struct bench_clip *k = s->spoke->clip;
	size_t all = k->n_wide * 2;
	size_t n = (size_t)(PIECE_MS * BYTES_MS * s->b->f.tts_pace) & ~(size_t)1;
	n = n < all - s->at ? n : all - s->at;
	if (s->spoke->fault == FAULT_STALL && s->at * 2 > all)
		return; /* half-open: nothing comes any more, nobody closes */
	if (web_stream_send(s->r, sv_n((const char *)k->wide + s->at, n)) == 0)
		s->at += n;
	if (s->at < all) {
		loop_after(s->b->loop, &s->next, PIECE_MS, on_next, s);
		return;
	}
	s->spoke->done_us = bench_now_us();
	web_req_on_gone(s->r, NULL, NULL);
	web_stream_end(s->r);
	speech_free(s);
}

static void on_next(void *arg)
{
	struct speech *s = arg;
	if (s->waiting)
		return; /* on_clip goes on */
	if (!s->begun) {
		s->begun = true;
		(void)web_stream_begin(s->r, 200, "audio/pcm", NULL);
	}
	send_piece(s);
}

static void on_clip(void *arg, struct bench_clip *k)
{
	struct speech *s = arg;
	bool late = s->waiting && !loop_timer_on(&s->next);
	s->waiting = false;
	s->spoke->clip = k;
	if (!k) {
		s->spoke->done_us = bench_now_us();
		web_req_on_gone(s->r, NULL, NULL);
		web_reply(s->r, 400, NULL, SV("cannot be said"), NULL);
		speech_free(s);
	} else if (late) {
		on_next(s);
	}
}

/* Within the last half minute. */
static bool said_before(const struct bench *b, const struct bench_spoke *q)
{
	for (size_t i = 0; i < b->f.spoke.n; i++) {
		const struct bench_spoke *x = b->f.spoke.v[i];
		if (x != q && x->text && q->at_us - x->at_us < 30000000 &&
		    strcmp(x->text, q->text) == 0)
			return true;
	}
	return false;
}

void bench_tts_post(struct web_req *r, void *arg)
{
	struct bench *b = arg;
	struct err e;
	jv *o = jv_parse(web_req_body(r), &e);
	sv text = jv_get_str(o, "input");
	struct bench_spoke **slot = text.n ? VEC_PUSH(&b->f.spoke, 1000000) : NULL;
	if (!slot) {
		jv_free(o);
		web_reply_problem(r, 400, "no input");
		return;
	}
	struct bench_spoke *q = *slot = xalloc(sizeof(*q));
	q->at_us = bench_now_us();
	q->text = xstrdup(text);
	q->topic = bench_topic_of(text);
	q->fault = b->f.tts;
	if (q->fault && b->f.tts_once && (q->topic < 0 || said_before(b, q)))
		q->fault = FAULT_NONE;
	if (q->fault && b->f.tts_left && --b->f.tts_left == 0)
		b->f.tts = FAULT_NONE;
	jv_free(o);
	if (q->fault == FAULT_503) {
		q->done_us = q->at_us;
		web_reply(r, 503, NULL, SV("overloaded"), NULL);
		return;
	}
	struct speech *s = xalloc(sizeof(*s));
	*s = (struct speech){ .b = b, .r = r, .spoke = q, .waiting = true };
	web_req_on_gone(r, on_gone, s);
	loop_after(b->loop, &s->next, b->f.tts_first_ms, on_next, s);
	/* there is no Chinese voice: a sentence stands for it */
	bool other = (unsigned char)q->text[0] >= 0x80;
	bench_clip_want(b->clips, BENCH_AGENT,
			other ? SV("This answer is in another language.") : sv_of(q->text),
			on_clip, s);
}
