/* asr_realtime.c: transcription over a WebSocket by OpenAI's Realtime protocol (GA event names).
 *
 * A run is one connection with a session of type "transcription"; turn detection is off, since the
 * ear decides what an utterance is: its end is a commit. Telephone sound goes as G.711 mu-law at
 * 8 kHz, other sound as 24 kHz PCM, in pieces of SEND_MS. Deltas become partial results, the
 * completed transcription the final one. What the connection cannot do any more ends the run;
 * asr_list.c keeps the sound and goes on elsewhere or with a new connection. */
#include <math.h>
#include <stdio.h>

#include "asr_int.h"
#include "remote.h"
#include "pcm.h"
#include "web.h"
#include "whisper_int.h"

enum {
	FINAL_MS = 6000,
	CONNECT_MS = 3000,
	SEND_MS = 40,
	LEAST_MS = 100, /* of sound in a commit; the server refuses less */
	WIDE_HZ = 24000,
	TEXT_MAX = 64 << 10,
	RUNS_MAX = 256
};
#define UNTOLD 0.7

struct remote {
	char *url, *headers, *model, *key, *langs, *zh, *en;
	int connect_ms, final_ms, max;
};
struct line { /* run->priv; an obj */
	struct asr_run *r; /* NULL: let go */
	struct web_ws *ws;
	struct loop_timer late, soon;
	struct sb out;     /* sound that waits to be sent, as it is encoded */
	struct sb text;    /* deltas of the item so far */
	struct sb item;    /* its id */
	struct pcm_rs *rs;
	int in_rate, rate; /* rate 0: nothing was told to the server yet */
	int64_t sent;      /* samples since the last commit */
};
/* The WebSocket client of a thread is given back with its last recogniser. */
static _Thread_local int open_here;

/* ---- to the server ---- */

static void send_text(struct line *l, const struct sb *b)
{
	if (l->ws && !sb_err(b) && web_ws_send(l->ws, sb_sv(b), false) && l->r)
		asr_set_error(l->r->a, SV("the connection takes no more sound"));
}

static void send_session(struct line *l)
{
	const struct remote *x = l->r->a->priv;
	bool zh = lang_is(sv_of(l->r->lang), SV("zh")), en = lang_is(sv_of(l->r->lang), SV("en"));
	const char *prompt = zh ? x->zh : en ? x->en : NULL;
	struct sb b;
	sb_init(&b, 16 << 10);
	sb_cstr(&b, "{\"type\":\"session.update\",\"session\":{\"type\":\"transcription\","
		    "\"audio\":"
		    "{\"input\":{\"format\":");
	if (l->rate == PCM_HZ)
		sb_cstr(&b, "{\"type\":\"audio/pcmu\"}");
	else
		sb_fmt(&b, "{\"type\":\"audio/pcm\",\"rate\":%d}", WIDE_HZ);
	sb_cstr(&b, ",\"transcription\":{\"model\":");
	sb_json(&b, sv_of(x->model));
	if (!x->langs) {
		sb_cstr(&b, ",\"language\":");
		sb_json(&b, sv_slice(sv_of(l->r->lang), 0, 2));
	}
	if (prompt) {
		sb_cstr(&b, ",\"prompt\":");
		sb_json(&b, sv_of(prompt));
	}
	sb_cstr(&b, "},\"turn_detection\":null}},"
		    "\"include\":[\"item.input_audio_transcription.logprobs\"]}}");
	send_text(l, &b);
	sb_done(&b);
}

static void send_sound(struct line *l)
{
	struct sb b;
	if (!l->out.n)
		return;
	sb_init(&b, l->out.n * 2 + 256);
	sb_cstr(&b, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"");
	sb_base64(&b, l->out.p, l->out.n);
	sb_cstr(&b, "\"}");
	send_text(l, &b);
	sb_reset(&l->out);
	sb_done(&b);
}

static void put_samples(struct line *l, const int16_t *s, size_t n)
{
	uint8_t law[1024];
	l->sent += (int64_t)n;
	if (l->rate != PCM_HZ) {
		sb_put(&l->out, sv_n((const char *)s, n * sizeof(*s)));
	} else {
		for (size_t i = 0; i < n; i += sizeof(law)) {
			size_t k = n - i < sizeof(law) ? n - i : sizeof(law);
			pcm_ulaw_encode(s + i, k, law);
			sb_put(&l->out, sv_n((const char *)law, k));
		}
	}
	size_t bytes = (size_t)(l->rate == PCM_HZ ? l->rate : l->rate * 2) * SEND_MS / 1000;
	if (l->out.n >= bytes)
		send_sound(l);
}

static void feed(struct asr_run *r, const int16_t *s, size_t n, int rate_hz)
{
	struct line *l = r->priv;
	int16_t out[1024 * 6 + 64];
	if (rate_hz < 4000 || rate_hz > 192000)
		return;
	if (!l->rate) {
		l->rate = rate_hz <= PCM_HZ ? PCM_HZ : WIDE_HZ;
		send_session(l);
	}
	if (l->in_rate != rate_hz) {
		pcm_rs_close(l->rs);
		l->rs = NULL;
		l->in_rate = rate_hz;
		if (rate_hz != l->rate && pcm_rs_open(&l->rs, rate_hz, l->rate, 5))
			l->rs = NULL;
	}
	for (size_t i = 0; i < n; i += 1024) {
		size_t k = n - i < 1024 ? n - i : 1024;
		if (rate_hz == l->rate)
			put_samples(l, s + i, k);
		else if (l->rs)
			put_samples(l, out,
				    pcm_rs_run(l->rs, s + i, k, out,
					       sizeof(out) / sizeof(out[0])));
	}
}

static void give_final(struct line *l, sv text, double confidence)
{
	struct sb clean;
	struct asr_run *r = l->r;
	loop_timer_stop(&l->late);
	loop_timer_stop(&l->soon);
	sb_init(&clean, TEXT_MAX);
	wh_text_clean(text, sv_of(r->lang), &clean);
	bool noise = wh_text_is_noise(sb_sv(&clean), 60);
	sb_reset(&l->text);
	sb_reset(&l->item);
	(void)asr_emit_final(r, noise ? SV_NULL : sb_sv(&clean), noise ? 0 : confidence);
	sb_done(&clean);
}

static void on_nothing(void *arg)
{
	give_final(arg, SV_NULL, 0);
}

static void on_late(void *arg)
{
	struct line *l = arg;
	asr_set_error(l->r->a, SV("a final result took too long"));
	asr_emit_error(l->r, ERR_TIMEOUT);
}

static void flush(struct asr_run *r)
{
	const struct remote *x = r->a->priv;
	struct line *l = r->priv;
	struct sb b;
	bool enough = l->rate && l->sent * 1000 / l->rate >= LEAST_MS;
	sb_init(&b, 256);
	send_sound(l);
	sb_fmt(&b, "{\"type\":\"input_audio_buffer.%s\"}", enough ? "commit" : "clear");
	if (l->sent)
		send_text(l, &b);
	sb_done(&b);
	l->sent = 0;
	sb_reset(&l->text);
	sb_reset(&l->item);
	if (enough)
		loop_after(r->a->loop, &l->late, x->final_ms, on_late, l);
	else
		loop_after(r->a->loop, &l->soon, 0, on_nothing, l);
}

/* ---- from the server ---- */

static double mean_logprob(const jv *tokens)
{
	double sum = 0;
	size_t n = jv_len(tokens);
	for (size_t i = 0; i < n; i++)
		sum += jv_get_num(jv_at(tokens, i), "logprob", 0);
	return n ? exp(sum / (double)n) : UNTOLD;
}

static bool of_our_item(const struct line *l, const jv *o)
{
	sv id = jv_get_str(o, "item_id");
	return !l->item.n || !id.n || sv_eq(id, sb_sv(&l->item));
}

static void on_delta(struct line *l, const jv *o)
{
	if (!of_our_item(l, o))
		return;
	sb_put(&l->text, jv_get_str(o, "delta"));
	(void)asr_emit_partial(l->r, sb_sv(&l->text));
}

static void on_committed(struct line *l, const jv *o)
{
	if (!l->item.n && l->r->flushing)
		sb_put(&l->item, jv_get_str(o, "item_id"));
}

static void on_completed(struct line *l, const jv *o)
{
	if (l->r->flushing && of_our_item(l, o))
		give_final(l, jv_get_str(o, "transcript"), mean_logprob(jv_get(o, "logprobs")));
}

/* The server may say anything, even repeat the key. */
static void explain(struct asr *a, sv why)
{
	const struct remote *x = a->priv;
	bool told = x->key && sv_find(why, sv_of(x->key)) >= 0;
	asr_set_error(a, told ? SV("the server repeated the key") : why);
}

static void on_failed(struct line *l, const jv *o)
{
	sv why = jv_as_str(jv_path(o, "error.message")), code = jv_as_str(jv_path(o, "error.code"));
	if (sv_eq(code, SV("input_audio_buffer_commit_empty")) && l->r->flushing) {
		give_final(l, SV_NULL, 0);
		return;
	}
	explain(l->r->a, why.n ? why : SV("the server refused without a reason"));
	asr_emit_error(l->r, ERR_UPSTREAM);
}

static const struct {
	const char *type;
	void (*fn)(struct line *l, const jv *o);
} events[] = {
	{ "conversation.item.input_audio_transcription.delta", on_delta },
	{ "conversation.item.input_audio_transcription.completed", on_completed },
	{ "conversation.item.input_audio_transcription.failed", on_failed },
	{ "input_audio_buffer.committed", on_committed },
	{ "error", on_failed },
};

static void on_msg(struct web_ws *ws, sv msg, bool binary)
{
	struct line *l = obj_ref(web_ws_arg(ws));
	struct err e;
	jv *o = binary ? NULL : jv_parse(msg, &e);
	sv type = jv_get_str(o, "type");
	for (size_t i = 0; l->r && i < sizeof(events) / sizeof(events[0]); i++)
		if (sv_eq(type, sv_of(events[i].type))) {
			struct asr_run *r = obj_ref(l->r);
			events[i].fn(l, o);
			obj_unref(r);
			break;
		}
	jv_free(o);
	obj_unref(l);
}

static int on_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	(void)ws;
	(void)r;
	(void)arg;
	return 0;
}

static void on_close(struct web_ws *ws, int code, sv reason)
{
	struct line *l = obj_ref(web_ws_arg(ws));
	char line[200];
	l->ws = NULL;
	if (l->r) {
		(void)snprintf(line, sizeof(line), "the connection closed (%d) %.*s", code,
			       (int)(reason.n < 120 ? reason.n : 120), reason.p ? reason.p : "");
		explain(l->r->a, sv_of(line));
		asr_emit_error(l->r, code == 1008 || code == 3000 ? ERR_AUTH : ERR_UPSTREAM);
	}
	obj_unref(l);
}

/* ---- runs ---- */

static void line_free(void *obj)
{
	struct line *l = obj;
	sb_done(&l->out);
	sb_done(&l->text);
	sb_done(&l->item);
	pcm_rs_close(l->rs);
}

static int start(struct asr_run *r)
{
	static const struct web_ws_ops ops = { .on_open = on_open, .on_msg = on_msg,
					       .on_close = on_close };
	const struct remote *x = r->a->priv;
	struct err e = { 0 };
	if (r->a->n_runs >= (size_t)x->max)
		return ERR_BUSY;
	struct line *l = obj_new(sizeof(*l), line_free);
	struct web_ws_client_opts o = { .url = x->url, .headers = x->headers,
					.connect_ms = x->connect_ms, .ops = &ops, .arg = l };
	l->r = r;
	sb_init(&l->out, LIM_SB);
	sb_init(&l->text, TEXT_MAX);
	sb_init(&l->item, 256);
	int rc = web_ws_connect(&l->ws, r->a->loop, &o, &e);
	if (rc) {
		asr_set_error(r->a, sv_of(e.msg));
		obj_unref(l);
		return rc;
	}
	r->priv = l;
	return 0;
}

static void leave(struct asr_run *r)
{
	struct line *l = r->priv;
	struct web_ws *ws = l->ws;
	r->priv = NULL;
	l->r = NULL;
	l->ws = NULL;
	loop_timer_stop(&l->late);
	loop_timer_stop(&l->soon);
	web_ws_free(ws);
	obj_unref(l);
}

/* ---- open, close ---- */

static bool serves(const struct asr *a, sv lang)
{
	(void)a;
	return lang.n >= 2;
}

static void close_remote(struct asr *a)
{
	struct remote *x = a->priv;
	char *const texts[] = { x->url, x->headers, x->model, x->key, x->langs, x->zh, x->en };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		xfree(texts[i]);
	xfree(x);
	if (--open_here == 0)
		web_client_done(a->loop);
}

/* ws:// or wss:// from http(s)://; the protocol's path and purpose where they lack. */
static char *full_url(sv url)
{
	struct sb b;
	sb_init(&b, 2048);
	if (sv_starts(url, SV("http")))
		sb_cstr(&b, "ws");
	sb_put(&b, sv_starts(url, SV("http")) ? sv_slice(url, 4, url.n) : url);
	while (b.n && b.p[b.n - 1] == '/')
		sb_truncate(&b, b.n - 1);
	ptrdiff_t scheme = sv_find(sb_sv(&b), SV("://"));
	sv rest = sv_slice(sb_sv(&b), (size_t)scheme + 3, b.n);
	if (sv_find_ch(rest, '?') < 0) {
		if (sv_find_ch(rest, '/') < 0)
			sb_cstr(&b, "/v1");
		if (!sv_ends(sb_sv(&b), SV("/realtime")))
			sb_cstr(&b, "/realtime");
		sb_cstr(&b, "?intent=transcription");
	}
	char *ret = sb_err(&b) ? NULL : xstrdup(sb_sv(&b));
	sb_done(&b);
	return ret;
}

static int open_remote(struct asr *a, const struct model_spec *s, struct err *e)
{
	sv url = sv_of(s->url);
	bool ok = sv_starts(url, SV("ws://")) || sv_starts(url, SV("wss://")) ||
		  sv_starts(url, SV("http://")) || sv_starts(url, SV("https://"));
	if (!ok)
		return err_set(e, ERR_INVAL, "a realtime server's url begins with wss:// or ws://, "
			       "like wss://api.openai.com/v1/realtime");
	if (s->key && strpbrk(s->key, "\r\n"))
		return err_set(e, ERR_INVAL, "the key of %s contains a line break", a->name);
	struct remote *x = xalloc(sizeof(*x));
	struct sb h;
	sb_init(&h, 8192);
	if (s->key && s->key[0])
		sb_fmt(&h, "Authorization: Bearer %s\r\n", s->key);
	*x = (struct remote){
		.url = full_url(url),
		.headers = xstrdup(sb_sv(&h)),
		.model = xstrdup(sv_of(s->model ? s->model : "gpt-4o-transcribe")),
		.key = s->key && s->key[0] ? xstrdup(sv_of(s->key)) : NULL,
		.langs = s->lang && strchr(s->lang, ',') ? xstrdup(sv_of(s->lang)) : NULL,
		.zh = asr_prompt(s->data, "zh", ""),
		.en = asr_prompt(s->data, "en", ""),
		.connect_ms = s->connect_ms > 0 ? s->connect_ms : CONNECT_MS,
		.final_ms = s->total_ms > 0 ? s->total_ms : FINAL_MS,
		.max = RUNS_MAX
	};
	sb_done(&h);
	a->priv = x;
	open_here++;
	if (x->url)
		return 0;
	close_remote(a);
	return err_set(e, ERR_TOOBIG, "the url of %s is too long", a->name);
}

const struct asr_ops asr_realtime = { "realtime", open_remote, close_remote, serves, start, feed,
				      flush,	  leave,       NULL };
