/* tts_openai.c: any server that speaks OpenAI's POST /v1/audio/speech, streamed.
 *
 * The request asks for "pcm": 24 kHz, 16 bit, mono, little-endian (API reference,
 * audio/speech); a server that sends WAV is understood too, by its head. Sound is passed on as
 * it comes. Such a server tells no times of words: their marks are estimated from the length of
 * the text and the pace of what this voice said before; when all sound has come its length is
 * known, and they are told anew. Deadlines: connect 1 s, first sound 2 s, all 60 s; in between
 * 1.5 s without sound once what came must have been heard, else 5 s. A failure before the first
 * byte is tried once more. After 3 failures in a row nothing is asked for 2 s (4, 8),
 * then one probe. The key only goes into the head. */
#include <stdio.h>

#include "fetch.h"
#include "breaker.h"
#include "tts_int.h"
#include "remote.h"

enum {
	RATE = 24000,
	CONNECT_MS = 1000,
	FIRST_MS = 2000,
	STALL_MS = 5000,
	OWED_MS = 1500, /* the listener hears nothing meanwhile */
	WATCH_MS = 250,
	TOTAL_MS = 60000,
	SOUND_MAX = 64 << 20,
	BODY_MAX = 128 << 10,
	WAV_HEAD_MAX = 4096,
	LETTER_MS = 65, /* of speech, about */
	HAN_MS = 210,
};

struct remote {
	struct fetch *fetch;
	char *url, *headers, *model, *voice, *key;
	int connect_ms, first_ms, total_ms;
	struct breaker breaker;
	double pace; /* length of its speech over the estimate, 0 = not known */
};
struct call { /* run->priv; an obj */
	struct tts_run *r; /* NULL: let go */
	struct fetch_req *req;
	struct sb text; /* spoken form */
	struct sb head; /* of a WAV file, until it is whole; or an error's text */
	int rate, status;
	bool wav, bad, begun, probe;
	char odd; /* half a sample */
	bool has_odd;
	size_t mark; /* byte of text whose mark comes next */
	double mark_ms, pace;
	int64_t first_ms, last_ms; /* the loop's time of the first sound, the newest */
	struct loop_timer watch;
};

/* ---- breaker ---- */

static bool lets_pass(const struct tts *t)
{
	const struct remote *x = t->priv;
	return breaker_passes(&x->breaker, loop_now_ms(t->loop));
}

static void judge(const struct call *c, bool ok)
{
	struct tts *t = c->r->t;
	struct remote *x = t->priv;
	breaker_told(&x->breaker, loop_now_ms(t->loop), c->probe, ok);
}

/* The server may say anything, even repeat the key. */
static void explain(struct tts *t, int status, sv text)
{
	const struct remote *x = t->priv;
	char line[240];
	if (x->key && x->key[0] && sv_find(text, sv_of(x->key)) >= 0)
		text = SV("the server repeated the key");
	if (status)
		(void)snprintf(line, sizeof(line), "HTTP %d: %.*s", status,
			       (int)(text.n < 180 ? text.n : 180), text.p ? text.p : "");
	else
		(void)snprintf(line, sizeof(line), "%.*s", (int)(text.n < 200 ? text.n : 200),
			       text.p ? text.p : "");
	tts_set_error(t, sv_of(line));
}

/* ---- sound ---- */

/* Moves on to the next word's mark. */
static void next_mark(struct call *c)
{
	sv all = sb_sv(&c->text), rest = sv_slice(all, c->mark, all.n);
	while (rest.n) {
		uint32_t r = sv_rune(&rest);
		c->mark_ms += c->pace * (sv_is_cjk(r) ? HAN_MS : LETTER_MS);
		sv at = rest;
		uint32_t next = at.n ? sv_rune(&at) : 0;
		if ((r == ' ' && next != ' ') || sv_is_cjk(next))
			break;
	}
	c->mark = (size_t)(rest.p - all.p);
}

/* Marks of the words that are spoken until ms, by estimate. */
static bool pass_marks(struct call *c, double ms)
{
	while (c->r && c->mark < c->text.n && c->mark_ms <= ms) {
		if (!tts_emit_mark(c->r, c->mark, (size_t)(c->mark_ms * c->rate / 1000)))
			return false;
		next_mark(c);
	}
	return c->r != NULL;
}

/* All sound has come: the pace was another than thought. */
static bool tell_marks_anew(struct call *c)
{
	struct remote *x = c->r->t->priv;
	double ms = (double)c->r->samples * 1000 / c->rate;
	while (c->mark < c->text.n)
		next_mark(c);
	if (c->mark_ms <= 0 || ms <= 0)
		return true;
	double pace = c->pace * ms / c->mark_ms;
	x->pace = x->pace ? x->pace + (pace - x->pace) / 4 : pace;
	c->pace = pace;
	c->mark = 0;
	c->mark_ms = 0;
	return pass_marks(c, ms);
}

static void on_watch(void *arg);

/* Sound came: whoever listens has it now. */
static void sound_came(struct call *c)
{
	struct loop *l = c->r->t->loop;
	c->last_ms = loop_now_ms(l);
	if (!c->first_ms) {
		c->first_ms = c->last_ms;
		loop_after(l, &c->watch, WATCH_MS, on_watch, c);
	}
}

static bool pass_samples(struct call *c, sv p)
{
	int16_t s[2048];
	if (c->r)
		sound_came(c);
	while (c->r && p.n + (c->has_odd ? 1 : 0) >= 2) {
		char *to = (char *)s;
		size_t have = 0;
		if (c->has_odd)
			to[have++] = c->odd;
		c->has_odd = false;
		size_t n = sizeof(s) - have < p.n ? sizeof(s) - have : p.n;
		n -= (n + have) % 2;
		memcpy(to + have, p.p, n);
		p = sv_slice(p, n, p.n);
		n = (n + have) / 2;
		double until = (double)(c->r->samples + n) * 1000 / c->rate;
		if (!pass_marks(c, until) || !tts_emit_pcm(c->r, s, n, c->rate))
			return false;
	}
	if (p.n) {
		c->odd = *p.p;
		c->has_odd = true;
	}
	return c->r != NULL;
}

static uint32_t le32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;
	return (uint32_t)u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

/* Looks for the data of a WAV file (RIFF: chunks of name, size, bytes). Bytes before the sound, 0 =
 * more is needed; c->bad when it is none we can play. */
static size_t wav_head(struct call *c)
{
	sv h = sb_sv(&c->head);
	size_t at = 12;
	if (h.n < 12)
		return 0;
	if (memcmp(h.p + 8, "WAVE", 4) != 0)
		return c->bad = true, (size_t)0;
	while (at + 8 <= h.n) {
		uint32_t size = le32(h.p + at + 4);
		if (!memcmp(h.p + at, "data", 4))
			return at + 8;
		if (!memcmp(h.p + at, "fmt ", 4) && at + 24 <= h.n) {
			c->rate = (int)le32(h.p + at + 12);
			uint32_t kind = le32(h.p + at + 8), bits = le32(h.p + at + 20) >> 16;
			if (kind != (1 | 1 << 16) || bits != 16 || c->rate < 8000 ||
			    c->rate > 48000)
				return c->bad = true, (size_t)0;
		}
		if (size > WAV_HEAD_MAX)
			return c->bad = true, (size_t)0;
		at += 8 + size + (size & 1);
	}
	return 0;
}

static int on_data(void *arg, sv piece)
{
	struct call *c = obj_ref(arg);
	bool on = c->r != NULL;
	if (c->status != 200 || (!c->begun && c->wav)) {
		if (c->head.n < WAV_HEAD_MAX)
			sb_put(&c->head, sv_slice(piece, 0, WAV_HEAD_MAX));
	}
	if (on && c->status == 200 && !c->wav) {
		on = pass_samples(c, piece);
	} else if (on && c->status == 200 && c->begun) {
		on = pass_samples(c, piece);
	} else if (on && c->status == 200) {
		size_t before = c->head.n - (piece.n < WAV_HEAD_MAX ? piece.n : WAV_HEAD_MAX);
		size_t at = wav_head(c);
		if (at && at >= before) {
			c->begun = true;
			on = pass_samples(c, sv_slice(piece, at - before, piece.n));
		}
		on = on && !c->bad && (c->begun || c->head.n < WAV_HEAD_MAX);
	}
	obj_unref(c);
	return on ? 0 : ERR_CANCELED;
}

/* "audio/pcm;rate=16000" */
static int rate_of(sv type)
{
	int64_t v;
	ptrdiff_t at = sv_find(type, SV("rate="));
	if (at < 0)
		return RATE;
	sv number = sv_slice(type, (size_t)at + 5, type.n), head;
	(void)sv_cut(&number, ';', &head);
	return sv_i64(sv_trim(head), &v) == 0 && v >= 8000 && v <= 48000 ? (int)v : RATE;
}

static void on_head(void *arg, int status, struct fetch_req *req)
{
	struct call *c = arg;
	sv type = fetch_header(req, "content-type");
	c->status = status;
	c->wav = sv_starts(type, SV("audio/wav")) || sv_starts(type, SV("audio/x-wav")) ||
		 sv_starts(type, SV("audio/wave"));
	c->rate = rate_of(type);
	c->bad = status == 200 && type.n && !c->wav && !sv_starts(type, SV("audio/pcm")) &&
		 !sv_starts(type, SV("audio/L16")) &&
		 !sv_starts(type, SV("application/octet-stream")) &&
		 !sv_starts(type, SV("binary/octet-stream"));
	if (c->bad)
		c->status = 0; /* its body is kept as text, not played */
}

/* ---- the end ---- */

static int verdict(struct call *c, int err, int status)
{
	struct tts *t = c->r->t;
	if (status && status != 200) {
		explain(t, status, sb_sv(&c->head));
		return remote_status(status);
	}
	if (c->bad) {
		explain(t, 0, SV("the server sent no sound of 16 bit (pcm or wav)"));
		return ERR_UNSUPPORTED;
	}
	if (err) {
		const char *why = c->req ? fetch_error(c->req) : NULL;
		explain(t, 0, sv_of(why ? why : err_text(err)));
		return err;
	}
	if (!c->r->heard) {
		explain(t, 0, SV("the server sent an empty answer"));
		return ERR_UPSTREAM;
	}
	return 0;
}

static void on_end(void *arg, int err, int status)
{
	struct call *c = obj_ref(arg);
	loop_timer_stop(&c->watch);
	if (c->r) {
		struct tts_run *r = c->r;
		int rc = verdict(c, err, status);
		c->req = NULL; /* it ends itself */
		judge(c, !rc);
		if (rc || tell_marks_anew(c))
			tts_emit_end(r, rc);
	}
	obj_unref(c);
}

/* A server that keeps the line open and sends no more: noticed when its sound is used up. */
static void on_watch(void *arg)
{
	struct call *c = obj_ref(arg);
	struct tts_run *r = c->r;
	int64_t now = loop_now_ms(r->t->loop);
	int64_t heard_until = c->first_ms + (int64_t)r->samples * 1000 / c->rate;
	if (now - c->last_ms < OWED_MS || now < heard_until) {
		loop_after(r->t->loop, &c->watch, WATCH_MS, on_watch, c);
	} else {
		explain(r->t, 0, SV("the server stopped in the middle of a sentence"));
		fetch_cancel(c->req);
		c->req = NULL;
		judge(c, false);
		tts_emit_end(r, ERR_TIMEOUT);
	}
	obj_unref(c);
}

/* ---- the request ---- */

static void call_free(void *obj)
{
	struct call *c = obj;
	sb_done(&c->text);
	sb_done(&c->head);
}

static void make_body(const struct remote *x, sv spoken, struct sb *out)
{
	sb_cstr(out, "{\"model\":");
	sb_json(out, sv_of(x->model));
	sb_cstr(out, ",\"voice\":");
	sb_json(out, sv_of(x->voice));
	sb_cstr(out, ",\"input\":");
	sb_json(out, spoken);
	sb_cstr(out, ",\"response_format\":\"pcm\"}");
}

static int send_it(struct call *c, struct tts *t, sv body)
{
	struct remote *x = t->priv;
	struct err e = { 0 };
	struct fetch_opts o = { .method = "POST",
				.url = x->url,
				.headers = x->headers,
				.body = body,
				.connect_ms = x->connect_ms,
				.first_byte_ms = x->first_ms,
				.stall_ms = STALL_MS,
				.total_ms = x->total_ms,
				.max_bytes = SOUND_MAX,
				.retries = 1,
				.retry_unsafe = true,
				.on_head = on_head,
				.on_data = on_data,
				.on_end = on_end,
				.arg = c };
	int rc = fetch_start(&c->req, x->fetch, &o, &e);
	if (rc)
		explain(t, 0, sv_of(e.msg));
	return rc;
}

static int start(struct tts_run *r, sv text, sv lang)
{
	struct remote *x = r->t->priv;
	struct sb body;
	if (!lets_pass(r->t))
		return ERR_BUSY;
	struct call *c = obj_new(sizeof(*c), call_free);
	c->r = r;
	c->rate = RATE;
	c->pace = x->pace ? x->pace : 1;
	sb_init(&c->text, BODY_MAX / 2);
	sb_init(&c->head, 2 * WAV_HEAD_MAX);
	sb_init(&body, BODY_MAX);
	r->priv = c;
	int rc = tts_spoken(r, text, lang, &c->text);
	if (!rc && sv_trim(sb_sv(&c->text)).n == 0)
		rc = ERR_INVAL; /* nothing to say */
	make_body(x, sb_sv(&c->text), &body);
	rc = rc ? rc : sb_err(&body);
	rc = rc ? rc : send_it(c, r->t, sb_sv(&body));
	sb_done(&body);
	if (!rc)
		c->probe = breaker_take(&x->breaker);
	return rc;
}

static void cancel(struct tts_run *r)
{
	struct call *c = r->priv;
	if (!c)
		return;
	struct remote *x = r->t->priv;
	r->priv = NULL;
	c->r = NULL;
	loop_timer_stop(&c->watch);
	if (c->req) {
		breaker_let_go(&x->breaker, c->probe); /* the next one probes */
		fetch_cancel(c->req);
	}
	c->req = NULL;
	obj_unref(c);
}

/* ---- opening ---- */

static char *make_headers(const char *key)
{
	struct sb b;
	sb_init(&b, 8192);
	sb_cstr(&b, "Content-Type: application/json\r\nAccept: audio/pcm, audio/wav\r\n");
	if (key && key[0])
		sb_fmt(&b, "Authorization: Bearer %s\r\n", key);
	char *ret = xstrdup(sb_sv(&b));
	sb_done(&b);
	return ret;
}

static int open_remote(struct tts *t, const struct model_spec *s, struct err *e)
{
	sv url = sv_of(s->url);
	if (!sv_starts(url, SV("http://")) && !sv_starts(url, SV("https://")))
		return err_set(e, ERR_INVAL,
			       "a speech server's url begins with http:// or https://, like "
			       "http://127.0.0.1:8880/v1");
	if (s->key && (strchr(s->key, '\n') || strchr(s->key, '\r')))
		return err_set(e, ERR_INVAL, "the key of %s contains a line break", t->name);
	char *full = remote_url(url, "/audio/speech");
	if (!full)
		return err_set(e, ERR_TOOBIG, "the url of %s is too long", t->name);
	struct remote *x = xalloc(sizeof(*x));
	*x = (struct remote){ .fetch = fetch_new(t->loop),
			      .url = full,
			      .headers = make_headers(s->key),
			      .model = xstrdup(sv_of(s->model ? s->model : "tts-1")),
			      .voice = xstrdup(sv_of(s->voice ? s->voice : "alloy")),
			      .key = xstrdup(sv_of(s->key)),
			      .connect_ms = s->connect_ms > 0 ? s->connect_ms : CONNECT_MS,
			      .first_ms = s->first_ms > 0 ? s->first_ms : FIRST_MS,
			      .total_ms = s->total_ms > 0 ? s->total_ms : TOTAL_MS };
	t->priv = x;
	return 0;
}

static void close_remote(struct tts *t)
{
	struct remote *x = t->priv;
	fetch_free(x->fetch);
	xfree(x->url);
	xfree(x->headers);
	xfree(x->model);
	xfree(x->voice);
	xfree(x->key);
	xfree(x);
}

/* All languages; those of the spec are tts.c's business. */
static bool serves(const struct tts *t, sv lang)
{
	(void)t;
	(void)lang;
	return true;
}

const struct tts_ops tts_openai = { "openai",	  open_remote, start,	  cancel,
				    close_remote, serves,      lets_pass, NULL };
