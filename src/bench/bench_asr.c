/* bench_asr.c: the fake recogniser: OpenAI's Realtime transcription over a WebSocket. It hears
 * what is really in the sound it is sent.
 *
 * The background of a caller's silence tells whose sound it is and which sample of the caller's
 * stream (bench_mark_find); counting on from there gives the words of the clips that were put on
 * the line, each once its end has been received, asr_lag_ms later as a delta, and all of them
 * asr_final_ms after a commit. Loud sound that is no clip of the caller's (an echo of the agent)
 * is heard as words too, since a recogniser would. A sender of 24 kHz PCM loses the marks: then
 * the only call there is is meant, and wall clock time tells the place. It does so too when the
 * server left sound out and no mark has come since (an echo covers them): counting on would put
 * the words where they are not. */
#include "bench_int.h"

#include <stdio.h>

enum {
	SOUND_MAX = 1 << 20,
	ECHO_WORD = PCM_HZ * 3 / 10,
	BLOCK = 40,
	LAG_MAX = PCM_HZ * 3 / 10,
	LATE_MAX = PCM_HZ / 2,
	LONG = PCM_HZ * 5,
	BEHIND = PCM_FRAME * 3
}; /* the line: what lies in pieces and on the way */
#define LOUD_DB (-45.0)

struct bench_ear {
	struct bench *b;
	struct web_ws *ws;
	struct bench_ear *next;
	struct loop_timer partial, final;
	struct bench_mark mark;
	bool wide, known, committed, cut;
	bool guess;            /* sound was left out, and no mark since */
	int64_t lag;           /* behind the line at the last mark */
	size_t behind;         /* samples that came while it was much further behind */
	int phone;
	uint64_t n;            /* samples received (8 kHz) */
	uint64_t marked;       /* n at the last mark */
	int64_t base;          /* sample of the caller's stream = base + n */
	uint64_t told;         /* words end before it were told in an earlier item */
	uint64_t upto;         /* of this item, when committed */
	unsigned item, given;  /* words told as deltas */
	size_t echo_loud, echo_words;
	int phase;
};

static struct bench_phone *phone_of(struct bench_ear *x)
{
	struct bench *b = x->b;
	if (x->known)
		return bench_phone_find(b, x->phone);
	struct bench_phone *only = NULL;
	for (size_t i = 0; i < b->phones.n; i++) {
		if (b->phones.v[i]->state != PH_UP || b->phones.v[i]->incoming)
			continue;
		if (only)
			return NULL;
		only = b->phones.v[i];
	}
	return only;
}

static int64_t heard_to(const struct bench_ear *x, const struct bench_phone *p)
{
	return x->known ? x->base + (int64_t)x->n : (int64_t)p->sent;
}

/* Words of the clips in [from, to) of the caller's stream, one after the other. */
static size_t words_in(struct bench_ear *x, uint64_t from, int64_t to, bool begun, struct sb *out)
{
	struct bench_phone *p = phone_of(x);
	size_t k = 0;
	for (size_t i = 0; p && i < p->said.n; i++) {
		const struct bench_said *s = &p->said.v[i];
		const struct bench_clip *c = s->clip;
		for (size_t w = 0; w < c->words.n && c->text[0]; w++) {
			bool last = w + 1 == c->words.n;
			uint64_t starts = s->at + c->words.v[w].at;
			uint64_t ends = s->at + (last ? c->loud_to : c->words.v[w + 1].at);
			uint64_t at = begun ? (starts + ends) / 2 : ends;
			if (ends <= from || (int64_t)at > to)
				continue;
			size_t a = c->words.v[w].byte;
			size_t z = last ? strlen(c->text) : c->words.v[w + 1].byte;
			sb_fmt(out, "%s" SV_FMT, k++ ? " " : "",
			       SV_ARG(sv_trim(sv_slice(sv_of(c->text), a, z))));
		}
	}
	for (size_t i = 0; i < x->echo_words; i++)
		sb_fmt(out, "%secho", k++ ? " " : "");
	return k;
}

static void event(struct bench_ear *x, const char *type, const char *key, sv text)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_fmt(&b, "{\"type\":\"%s\",\"item_id\":\"i%p-%u\",\"content_index\":0", type, (void *)x,
	       x->item);
	if (key) {
		sb_fmt(&b, ",\"%s\":", key);
		sb_json(&b, text);
	}
	sb_ch(&b, '}');
	(void)web_ws_send(x->ws, sb_sv(&b), false);
	sb_done(&b);
}

/* Deltas for what was heard until asr_lag_ms ago. */
static void on_partial(void *arg)
{
	struct bench_ear *x = arg;
	struct bench_phone *p = phone_of(x);
	struct sb all;
	if (!p || x->committed)
		return;
	sb_init(&all, LIM_SB);
	(void)words_in(x, x->told, heard_to(x, p) - x->b->f.asr_lag_ms * 8, false, &all);
	if (all.n > x->given) {
		event(x, "conversation.item.input_audio_transcription.delta", "delta",
		      sv_slice(sb_sv(&all), x->given, all.n));
		x->given = (unsigned)all.n;
	}
	sb_done(&all);
}

static void on_final(void *arg)
{
	struct bench_ear *x = arg;
	struct sb all;
	sb_init(&all, LIM_SB);
	(void)words_in(x, x->told, (int64_t)x->upto, true, &all);
	event(x, "conversation.item.input_audio_transcription.completed", "transcript",
	      sb_sv(&all));
	sb_done(&all);
	x->told = x->upto;
	x->committed = false;
	x->given = 0;
	x->echo_words = 0;
	x->item++;
}

static void commit(struct bench_ear *x)
{
	struct bench_phone *p = phone_of(x);
	if (x->committed)
		return;
	x->committed = true;
	x->upto = p ? (uint64_t)(heard_to(x, p) > 0 ? heard_to(x, p) : 0) : 0;
	event(x, "input_audio_buffer.committed", NULL, SV_NULL);
	loop_after(x->b->loop, &x->final, x->b->f.asr_final_ms, on_final, x);
}

/* ---- sound ---- */

static bool is_clip(const struct bench_phone *p, int64_t at)
{
	for (size_t i = p->said.n; i-- > 0;) {
		const struct bench_said *s = &p->said.v[i];
		if (at + 800 >= (int64_t)s->at && at <= (int64_t)(s->at + s->clip->n) + 800)
			return true;
	}
	return false;
}

/* An echo, loud enough for words, counts one for each 300 ms. */
static void hear_echo(struct bench_ear *x, const int16_t *s, size_t n)
{
	struct bench_phone *p = phone_of(x);
	if (!p || !p->echo || is_clip(p, heard_to(x, p)))
		return;
	for (size_t i = 0; i + BLOCK <= n; i += BLOCK)
		if (pcm_dbfs(s + i, BLOCK) > LOUD_DB)
			x->echo_loud += BLOCK;
	if (x->echo_loud >= ECHO_WORD) {
		x->echo_loud -= ECHO_WORD;
		x->echo_words++;
	}
}

/* Between two marks far apart: what came against what the line sent, in per cent of it. A mark
 * after a gap in which nothing was meant to come lies near the one before it, counted so. */
static void count_feed(struct bench_ear *x, int64_t base)
{
	uint64_t n = x->n - x->marked;
	int64_t off = base - x->base;
	if (x->known && !x->guess && n >= LONG)
		bench_num(&x->b->f.feed_off, 100.0 * (double)(off < 0 ? -off : off) / (double)n);
	x->marked = x->n;
}

static void hear(struct bench_ear *x, const int16_t *s, size_t n)
{
	unsigned id, frame;
	x->b->f.asr_samples += n;
	for (size_t i = 0; i < n; i++) {
		x->n++;
		if (!bench_mark_find(&x->mark, s[i], &id, &frame))
			continue;
		struct bench_phone *p = bench_phone_find(x->b, (int)id);
		if (!p)
			continue;
		/* the counter has 16 bits: the one nearest to what was sent is meant */
		int64_t now = (int64_t)(p->sent / PCM_FRAME);
		int64_t f = now - (int64_t)(uint16_t)((uint64_t)now - frame);
		int64_t base = f * PCM_FRAME + 64 - (int64_t)x->n;
		count_feed(x, base);
		x->base = base;
		/* it knows nothing of what was said before it was there */
		if (!x->known && !x->told && x->base > 0)
			x->told = (uint64_t)x->base;
		x->known = true;
		x->guess = false;
		x->behind = 0;
		x->lag = (int64_t)p->sent - x->base - (int64_t)x->n;
		x->phone = (int)id;
	}
	struct bench_phone *p = phone_of(x);
	bool far = x->known && p && (int64_t)p->sent - x->base - (int64_t)x->n > x->lag + LAG_MAX;
	x->behind = far ? x->behind + n : 0;
	/* sound that was only late would have caught up by now */
	x->guess |= x->behind > LATE_MAX;
	if (x->guess && p)
		x->base = (int64_t)p->sent - BEHIND - (int64_t)x->n;
	hear_echo(x, s, n);
	if (x->b->f.asr_cut > 0 && p && p->clip && p->clip_at > p->clip->n / 2 && !x->cut) {
		x->b->f.asr_cut--;
		x->cut = true;
		web_ws_close(x->ws, 1011, SV("bench"));
		return;
	}
	if (!loop_timer_on(&x->partial) && !x->committed)
		loop_after(x->b->loop, &x->partial, 20, on_partial, x);
}

static int b64(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' :
	       c >= 'a' && c <= 'z' ? c - 'a' + 26 :
	       c >= '0' && c <= '9' ? c - '0' + 52 :
	       c == '+'             ? 62 :
	       c == '/'             ? 63 :
				      -1;
}

static size_t decode(sv in, uint8_t *out, size_t cap)
{
	uint32_t acc = 0;
	int bits = 0;
	size_t n = 0;
	for (size_t i = 0; i < in.n && n < cap; i++) {
		int v = b64(in.p[i]);
		if (v < 0)
			break;
		acc = acc << 6 | (uint32_t)v;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (uint8_t)(acc >> bits);
		}
	}
	return n;
}

static void append(struct bench_ear *x, sv text)
{
	size_t cap = text.n * 3 / 4 + 4;
	uint8_t *raw = xalloc(cap);
	size_t n = decode(text, raw, cap);
	int16_t *s = xalloc((n + 1) * sizeof(*s));
	size_t k = n;
	if (!x->wide) {
		pcm_ulaw_decode(raw, n, s);
	} else {
		k = 0;
		for (size_t i = 0; i + 2 <= n; i += 2, x->phase = (x->phase + 1) % 3)
			if (x->phase == 0)
				s[k++] = (int16_t)(raw[i] | raw[i + 1] << 8);
	}
	hear(x, s, k);
	xfree(s);
	xfree(raw);
}

/* ---- the connection ---- */

static int on_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	struct bench *b = arg;
	if (b->f.asr_down)
		return 503;
	struct bench_ear *x = xalloc(sizeof(*x));
	x->b = b;
	x->ws = ws;
	x->next = b->ears;
	b->ears = x;
	web_ws_set_user(ws, x);
	web_ws_set_max(ws, SOUND_MAX);
	(void)web_ws_send(ws, SV("{\"type\":\"session.created\",\"session\":{}}"), false);
	return 0;
}

static void on_msg(struct web_ws *ws, sv msg, bool binary)
{
	struct bench_ear *x = web_ws_user(ws);
	struct err e;
	jv *o = binary ? NULL : jv_parse(msg, &e);
	sv type = jv_get_str(o, "type");
	if (sv_eq(type, SV("input_audio_buffer.append"))) {
		append(x, jv_get_str(o, "audio"));
	} else if (sv_eq(type, SV("input_audio_buffer.commit"))) {
		commit(x);
	} else if (sv_eq(type, SV("input_audio_buffer.clear"))) {
		struct bench_phone *p = phone_of(x);
		x->told = p && heard_to(x, p) > 0 ? (uint64_t)heard_to(x, p) : x->told;
		x->given = 0;
	} else if (sv_eq(type, SV("session.update"))) {
		sv format = jv_as_str(jv_path(o, "session.audio.input.format.type"));
		x->wide = !sv_eq(format, SV("audio/pcmu"));
	}
	jv_free(o);
}

static void ear_free(struct bench_ear *x)
{
	struct bench_ear **at = &x->b->ears;
	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	loop_timer_stop(&x->partial);
	loop_timer_stop(&x->final);
	xfree(x);
}

static void on_close(struct web_ws *ws, int code, sv reason)
{
	ear_free(web_ws_user(ws));
}

void bench_asr_close_all(struct bench *b)
{
	while (b->ears) {
		web_ws_free(b->ears->ws);
		ear_free(b->ears);
	}
}

const struct web_ws_ops bench_asr_ops = { .on_open = on_open, .on_msg = on_msg,
					  .on_close = on_close };
